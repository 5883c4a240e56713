# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "torch>=2.4",
#     "numpy>=1.26",
#     "opt_einsum>=3.4",
#     "matplotlib>=3.8",
#     "scikit-learn>=1.7",
# ]
# ///
"""
What is the downside of having activations with a standard deviation far from 1?
================================================================================

Courses tell people to keep it close to 1, often without saying why.

:Level: intermediate

Short answer
------------

A standard deviation of a half or two does little harm, if all layers keep it. Deep
networks fail if each layer multiplies the signal by a factor far from 1: it overflows
to inf and nan, vanishes to zeros, or saturates tanh. Gradients have factors of their
own. Weights of the right scale mostly keep both near 1.
"""

import torch

torch.manual_seed(0)
small, right, large = torch.randn(3, 200, 100)
for _ in range(50):  # layers of 100 units; each network has weights of another scale
    w = torch.randn(100, 100)
    small, right, large = small @ (0.01 * w), right @ (0.1 * w), large @ w
print(small.std(), right.std(), large.std())
assert [f"{x.std():.2g}" for x in (small, right, large)] == ["0", "0.74", "nan"]

# %%
# First, these signals by layer. Then 30 layers of tanh with weights five times too
# large: the signal stays, and the gradient grows millionfold on its way back.

# More: draws both, and defines the networks and what measures them
import math
from functools import partial
from statistics import median

import matplotlib.pyplot as plt
from tensorglass import activation_stats, default_device, signal_propagation
from torch import nn
from torch.testing import assert_close

device = default_device()  # a GPU if there is one
torch.set_num_threads(1)  # in small products, more would wait for each other


def network(activation, std, depth=30, width=256, norm=None):
    layers = []
    for _ in range(depth):
        linear = nn.Linear(width, width, bias=False)
        nn.init.normal_(linear.weight, std=std)
        layers += [linear, *([norm(width)] if norm else []), activation()]
    return nn.Sequential(*layers[:-1]).to(device)  # the last layer is linear


def statistics(make, draws):
    for seed in range(draws):
        torch.manual_seed(seed)
        model = make()
        batch, direction = torch.randn(2, 32, 256).to(device)
        yield activation_stats(model, batch, lambda y, d=direction: (y * d).sum())


def backwards(stats, layer=0):  # the gradient there, relative to the last layer
    return stats.layers[layer].gradient_rms / stats.layers[-1].gradient_rms


measured_at, theory, paths, dots = {}, {}, {}, {}


def measure(sigma, draws):  # 30 layers of tanh, weights of std sigma / sqrt(256)
    make = partial(network, nn.Tanh, sigma / 256**0.5)
    measured_at[sigma] = list(statistics(make, draws))
    theory[sigma] = signal_propagation(torch.tanh, sigma)
    paths[sigma] = theory[sigma].through(30).layers
    for layer in range(30):  # medians, at every other layer: the linear ones
        rms = median(stats.layers[2 * layer].rms for stats in measured_at[sigma])
        gradient = median(backwards(each, 2 * layer) for each in measured_at[sigma])
        dots[sigma, layer + 1] = rms, gradient


def draw_tanh(ax, sigma, places):  # of each label: its layer, and its shift in points
    signal = [layer.second_moment**0.5 for layer in paths[sigma]]
    gradient = [layer.gradient**0.5 for layer in paths[sigma]]
    drawn = ("signal →", signal, "#0072b2"), ("← gradient", gradient, "#d55e00")
    for which, (label, line, color) in enumerate(drawn):
        ax.plot(range(1, 31), line, color=color)
        heights = [dots[sigma, layer][which] for layer in range(1, 31, 2)]
        ax.plot(range(1, 31, 2), heights, "o", markersize=4, color=color)
        layer, *shift = places[which]
        place = (layer, line[layer - 1])
        ax.annotate(label, place, shift, textcoords="offset points", color=color)
    ax.set(yscale="log", xlabel="layer")
    ax.set_label(
        f"Thirty linear layers with tanh, sigma {sigma}, on a logarithmic axis. The "
        f"signal goes from {signal[0]:.1g} to {signal[-1]:.1g}. The gradient goes from "
        f"1 at the last layer back to {gradient[0]:.1g} at the first one. The measured "
        "dots lie on the predicted lines."
    )


def through_50_layers(std):
    torch.manual_seed(0)
    signal, sizes = torch.randn(3, 200, 100)[(0.01, 0.1, 1).index(std)], []
    for _ in range(50):
        signal = signal @ (std * torch.randn(100, 100))
        sizes.append(signal.double().std().item())
    return sizes


figure, (left, by_tanh) = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
lines = {std: through_50_layers(std) for std in (0.01, 0.1, 1)}
drawn = (1, "#0072b2", 1e33), (0.1, "#009e73", 1e3), (0.01, "#d55e00", 1e-38)
for std, color, height in drawn:
    shown = [size for size in lines[std] if 0 < size < math.inf]
    left.plot(range(1, len(shown) + 1), shown, color=color)
    end = {1: ", then nan", 0.01: ", then 0"}.get(std, "")
    left.text(20 if std == 0.1 else 2, height, f"weights of {std}{end}", color=color)
left.set(yscale="log", xlabel="layer", ylabel="standard deviation")
left.set_title("No activation function")
left.set_label(
    "Three lines over 50 layers on a logarithmic axis. With weights of 1 the signal "
    "rises by a factor of 10 in each layer, until it overflows. With 0.01 it falls by "
    "as much, to zeros. With 0.1 it stays close to 1."
)
measure(5, draws=7)  # chaos: single draws differ more
draw_tanh(by_tanh, 5, ((10, -22, -16), (13, 6, 4)))
by_tanh.set(title="Tanh, weights 5 times too large", ylabel="root mean square")

ends = [lines[std][-1] for std in lines]
assert [f"{end:.2g}" for end in ends] == ["0", "0.74", "nan"]
kept = [layer.second_moment**0.5 for layer in paths[5]]
assert round(min(kept) / max(kept), 1) == 0.9
assert_close(dots[5, 1][1], paths[5][0].gradient ** 0.5, rtol=1 / 3, atol=0)
assert f"{paths[5][0].gradient ** 0.5:.1e}" == "4.8e+06"

# %%
# Take it home
# ------------
#
# Print the size of the signal. Where it drifts, scale the weights, here for ReLU:

import torch.nn.functional as F

layers = [nn.Linear(784, 256), nn.ReLU()]
for _ in range(3):
    layers += [nn.Linear(256, 256), nn.ReLU()]
torch.manual_seed(0)
model = nn.Sequential(*layers, nn.Linear(256, 10)).to(device)
batch, target = torch.randn(128, 784).to(device), torch.randint(10, (128,)).to(device)
made_by_torch = {name: each.clone() for name, each in model.state_dict().items()}


def sizes(signal):  # the root mean square after each layer
    for layer in model:
        signal = layer(signal)
        yield signal.square().mean().sqrt().item()


print("as torch makes it:  ", *[f"{size:.2f}" for size in sizes(batch)])
assert_close(list(sizes(batch))[-2], 0.04, rtol=0.2, atol=0)  # the last ReLU
for layer in model[::2]:
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
print("with scaled weights:", *[f"{size:.2f}" for size in sizes(batch)])
assert_close(list(sizes(batch))[-2], 1.0, rtol=0.25, atol=0)

# %%
# ``activation_stats`` measures more. By layer, the rms and the gradient should change
# little, and the similarity of different inputs should not go to 1. Few units should be
# dead. Here all four go wrong.

model.load_state_dict(made_by_torch)
stats = activation_stats(model, batch, lambda y: F.cross_entropy(y, target))

relus = [layer for layer in stats if layer.kind == "ReLU"]
by_rms = sorted(relus, key=lambda layer: layer.rms, reverse=True)
by_gradient = sorted(relus, key=lambda layer: layer.gradient_rms)
by_similarity = sorted(relus, key=lambda layer: layer.similarity)
assert by_rms == by_gradient == by_similarity == relus
assert max(relus, key=lambda layer: layer.dead) is relus[-1]
assert_close(relus[-1].similarity, 0.8, rtol=0, atol=0.1)
stats

# %%
# More: after ``initialize_``, and after training
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# (The similarity is the mean cosine between the outputs of two inputs.) One line cures
# all but one. Now the rms and the gradient stay, and hardly any unit is dead. The
# similarity still rises, but only to about 0.7.

from tensorglass import initialize_

initialize_(model, torch.relu)
stats = activation_stats(model, batch, lambda y: F.cross_entropy(y, target))
relus = [layer for layer in stats if layer.kind == "ReLU"]
for name in ("rms", "gradient_rms"):
    column = [getattr(layer, name) for layer in relus]
    assert round(max(column) / min(column)) == 1
assert_close(relus[-1].similarity, 0.7, rtol=0, atol=0.1)
assert_close(max(layer.dead for layer in relus), 0.0, rtol=0, atol=0.06)
stats

# %%
# At four layers such a table is a warning, no verdict. SGD with the rate 0.05 and
# momentum 0.9 teaches networks of four layers, as torch initializes them, more than 80%
# of the digits in 8 epochs. Nor does a standard deviation of one half or of two do
# harm, if all layers keep it: with scaled weights and the rate 0.01 it takes 5 epochs
# for as much, whichever of the three.

from sklearn.datasets import load_digits

torch.manual_seed(0)
order = torch.randperm(1797)
images, labels = (torch.tensor(each)[order] for each in load_digits(return_X_y=True))
images = ((images - images.mean()) / images.std()).float().to(device)
labels = labels.to(device)


def share_right(model, optimizer, epochs, unit=1):
    # Trains on 1000 images, and tests on the others.
    for _ in range(epochs):
        for batch in torch.randperm(1000).to(device).split(50):
            scores = model(unit * images[batch])  # by network, if several, and image
            targets = labels[batch].expand(scores.shape[:-1])
            optimizer.zero_grad()
            F.cross_entropy(scores.movedim(-1, 1), targets).backward()
            optimizer.step()
    right = model(unit * images[1000:]).argmax(-1) == labels[1000:]
    return right.float().mean(-1).tolist()


def taught(rate, epochs, unit=1, scaled=True):
    layers = [each for _ in range(4) for each in (nn.Linear(64, 64), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(64, 10)).to(device)
    if scaled:
        initialize_(model, torch.relu)
        kept = activation_stats(model, unit * images[:64]).layers[::2]
        assert_close(kept[-2].rms / kept[0].rms, 1.0, rtol=0, atol=0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    return share_right(model, optimizer, epochs, unit)


by_torch = [taught(0.05, epochs=8, scaled=False) for _ in range(2)]
print("as torch makes them:", [f"{share:.0%}" for share in by_torch])
by_unit = {unit: taught(0.01, epochs=5, unit=unit) for unit in (1 / 2, 1, 2)}
print("scaled, by size:", {unit: f"{share:.0%}" for unit, share in by_unit.items()})
all_taught = min(*by_torch, *by_unit.values()) > 80 / 100
assert all_taught

# %%
# Why
# ---
#
# Call the root mean square of a layer's outputs their size; with mean 0 it is their
# standard deviation. Let n inputs have independent weights with mean 0 and standard
# deviation s. Then, on average over the weights, the mean square of the output is
#
# .. math:: \mathbb{E}[y^2] = s^2 n \cdot \frac{1}{n} \sum_{i=1}^{n} x_i^2
#
# So L layers multiply the size by about :math:`(s \sqrt{n})^L`, for L far below n. (He
# et al., 2015, section 2.2.) All choices of four weights ±s:

import itertools

inputs = torch.tensor([3.0, -1.0, 2.0, 0.5], device=device)
s, n = 0.5, 4
choices = torch.tensor(list(itertools.product((-s, s), repeat=n)), device=device)
assert len(choices) == 2**n
assert (choices @ inputs).square().mean() == s**2 * n * inputs.square().mean()

# %%
# With an activation function f there are two factors, with :math:`\sigma = s \sqrt{n}`
# and normally distributed z. The mean square q of the signal goes by the first formula.
# That of the gradient is multiplied by the second:
#
# .. math::
#
#    q \to \sigma^2 \, \mathbb{E}[f(z)^2]
#    \qquad \chi = \sigma^2 \, \mathbb{E}[f'(z)^2]
#
# (Poole et al., 2016; Schoenholz et al., 2017.) For ReLU they are equal. For tanh at 5
# most units are saturated, but the few near 0 have the slope 1.

# More: simulates both factors with a million normal numbers
torch.manual_seed(0)
normal = torch.randn(1_000_000).to(device)
factors = {}
# fixed_point: the q that a layer hands on as it is; chi: the gradient's factor there
for function, sigma, q, expected in (
    (torch.relu, 2**0.5, 1, (1.0, 1.0)),
    (torch.tanh, 5, theory[5].fixed_point, (1.0, theory[5].chi)),
):
    z = (q**0.5 * normal).requires_grad_()
    y = function(z)
    (slope,) = torch.autograd.grad(y.sum(), z)
    forward = sigma**2 * y.square().mean().item() / q
    slope_square = slope.square().mean().item()
    factors[function] = sigma**2 * slope_square
    print(f"{function.__name__}: forward {forward:.1f}, back", end=" ")
    print(f"{sigma**2:.0f} * {slope_square:.3f} = {factors[function]:.1f}")
    assert_close((forward, factors[function]), expected, rtol=0.02, atol=0)

# %%
# More: both laws, measured
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In the simulation above the signal of tanh stays where it is. The mean square of the
# slope is 0.116, and 25 times that is 2.9. Without an activation function the two
# factors are equal, too.

assert round(factors[torch.tanh], 1) == 2.9
assert_close(factors[torch.tanh], 25 * 0.116, rtol=0.01, atol=0)
linear = signal_propagation(nn.Identity(), 1.1)
one, after = linear.through(3).layers[:2]
factor = after.second_moment / one.second_moment
assert_close((factor, one.gradient / after.gradient), (1.1**2, 1.1**2))

# %%
# 50 layers with 100 units have no activation function, and weights with std 0.09, 0.1
# and 0.11: the factors 0.9, 1 and 1.1. The median of 15 draws is within a quarter of
# the law. Single draws differ more: with the factor 1, the smallest of these has a std
# of 0.6, and the largest of 1.3.

spread = {}
for weight_std in (0.09, 0.10, 0.11):
    sizes = []
    for seed in range(15):
        torch.manual_seed(seed)
        signal = torch.randn(200, 100).to(device)
        for _ in range(50):
            signal = signal @ (torch.randn(100, 100) * weight_std).to(device)
        sizes.append(signal.std().item())
    factor = weight_std * 100**0.5
    law = factor**50
    spread[weight_std] = [round(size, 1) for size in (min(sizes), max(sizes))]
    print(f"factor {factor:.1f}: {median(sizes):.2g}, predicted {law:.2g}", end="")
    print(f"; the draws lie from {min(sizes):.2g} to {max(sizes):.2g}")
    assert_close(median(sizes), law, rtol=0.25, atol=0)
assert spread[0.10] == [0.6, 1.3]

# %%
# In which layer do inf, nan and zeros appear? Weights with std 1 and 100 units make the
# factor 10. The 200 x 100 inputs are 20,000 normal numbers, the largest of which is
# about 4.1. So the first inf comes in the first layer whose 4.1 · 10^L is beyond the
# largest number of the dtype, one layer before the nan: inf minus inf. With std 0.01
# the factor is 0.1. All is 0, in float16 and float32, once 4.1 · 0.1^L is below half
# the smallest number of the dtype. These are medians of three draws. With others the
# inf can come a layer earlier or later, above all in float64, after some hundred
# layers.


def first_layers(dtype, std, tests):  # where each is found, in the median of 3 draws
    layers = []
    for seed in range(3):
        torch.manual_seed(seed)
        signal, layer, first = torch.randn(200, 100).to(device, dtype), 0, {}
        while len(first) < len(tests):
            signal = signal @ (torch.randn(100, 100) * std).to(device, dtype)
            layer += 1
            first |= {t: layer for t in tests if t not in first and t(signal)}
        layers.append([first[test] for test in tests])
    return [median(each) for each in zip(*layers, strict=True)]


def has_inf(signal):
    return not signal.isfinite().all()


def has_nan(signal):
    return signal.isnan().any()


def all_zero(signal):
    return not signal.any()


largest_of_batch = -torch.special.ndtri(torch.tensor(0.5 / 20_000)).item()
assert round(largest_of_batch, 1) == 4.1
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    limits = torch.finfo(dtype)
    predicted = math.ceil(math.log10(limits.max / largest_of_batch))
    inf, nan = first_layers(dtype, 1, (has_inf, has_nan))
    print(f"{dtype}: inf in layer {inf}, nan in layer {nan}")
    assert (inf, nan) == (predicted, predicted + 1)
for dtype in (torch.float16, torch.float32):
    limits = torch.finfo(dtype)
    smallest = limits.smallest_normal * limits.eps
    predicted = math.ceil(math.log10(largest_of_batch / (smallest / 2)))
    (zero,) = first_layers(dtype, 0.01, (all_zero,))
    print(f"{dtype}: with std 0.01 all is zero in layer {zero}")
    assert zero == predicted

# %%
# A signal without activation function, computed in float64, on its way through the
# range of the dtypes. Factors of 0.9 or 1.1 are survived for 50 layers. Factors of 0.1
# or 10 are not.

figure, ax = plt.subplots(figsize=(7.2, 4.6), layout="constrained")
colors = ("#d55e00", "#cc79a7", "#009e73", "#0072b2", "#d55e00")
ends = []
heights = (-3, 7, -4, -15, -3)  # of the labels
lines = zip((10, 1.1, 1, 0.9, 0.1), colors, heights, strict=True)
for factor, color, up in lines:
    torch.manual_seed(0)
    signal, sizes = torch.randn(200, 100).to(device).double(), []
    for _ in range(50):
        weights = torch.randn(100, 100) * factor / 100**0.5
        signal = signal @ weights.to(device).double()
        sizes.append(signal.std().item())
    ends.append(sizes[-1])
    ax.plot(range(1, 51), sizes, color=color)
    place = {"xy": (50, ends[-1]), "xytext": (5, up), "textcoords": "offset points"}
    ax.annotate(f"factor {factor}", color=color, **place)
for dtype in (torch.float16, torch.float32):
    limits = torch.finfo(dtype)
    smallest = limits.smallest_normal * limits.eps
    for name, limit, up in (("largest", limits.max, 3), ("smallest", smallest, -12)):
        ax.plot((0, 50), (limit, limit), color="#808080", linestyle="--", linewidth=1)
        text = f"{name} {dtype}".replace("torch.", "")
        ax.annotate(text, (18, limit), (0, up), textcoords="offset points")
ax.set(yscale="log", xlim=(0, 59), xlabel="layer", ylabel="standard deviation")
ax.set_xticks(range(0, 51, 10))
ax.set_title("Only factors close to 1 stay within the range of the numbers")
ax.set_label(
    "Five lines over 50 layers on a logarithmic axis. With the factor 10 the signal "
    "rises past the largest numbers of float16 and of float32. With 0.1 it falls past "
    "their smallest ones. With 0.9, 1 and 1.1 it stays close to 1."
)
assert ends == sorted(ends, reverse=True)
for dtype in (torch.float16, torch.float32):
    rounded = torch.tensor(ends, dtype=torch.float64).to(dtype)
    assert rounded.isinf().tolist() == [True] + 4 * [False]
    assert rounded.ne(0).tolist() == 4 * [True] + [False]

# %%
# More: all inputs can look alike
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# 1 is not special. The initialization of He et al. gives weights the standard deviation
# √(2/n). With ReLU, this keeps the mean square, on average. But ReLU's outputs have a
# mean: of normal sums, their standard deviation is √(1 - 1/π) = 0.826 of their size.
#
# And a size can be kept while the content is lost. The cosine between the signals of
# two different inputs goes to 1 with depth: in the end, all inputs look alike. A known
# formula predicts it, from one layer to the next (`Cho and Saul, 2009
# <https://papers.nips.cc/paper/3628-kernel-methods-for-deep-learning>`__):
#
# .. math:: c \to \frac{1}{\pi} \left( \sqrt{1 - c^2} + (\pi - \arccos c) \, c \right)


def next_cosine(c):
    return ((1 - c**2) ** 0.5 + (math.pi - math.acos(c)) * c) / math.pi


def he_network():
    return network(nn.ReLU, (2 / 256) ** 0.5, depth=51)  # 50 times ReLU


runs = list(statistics(he_network, draws=3))
cosine = 0.0
for i in range(50):
    cosine = next_cosine(cosine)
    layers = [stats.layers[2 * i + 1] for stats in runs]
    similarity = median(layer.similarity for layer in layers)
    share = median(layer.std / layer.rms for layer in layers)
    assert_close(similarity, cosine, rtol=0, atol=0.05)
    assert_close(share, (1 - 1 / math.pi) ** 0.5, rtol=0.05, atol=0)
    if i in (0, 4, 49):
        print(f"layer {i + 1}: cosine {similarity:.2f}, predicted {cosine:.2f}", end="")
        print(f"; std / rms {share:.3f}")
assert round((1 - 1 / math.pi) ** 0.5, 3) == 0.826

# %%
# Does a cosine near 1 keep 40 layers from learning? No. Here are twice 40 layers of 64
# units with orthogonal weights of the same size. At the start the cosines of their
# outputs are above 0.9. Adam, with the rate 0.0005, brings each of them to more than a
# quarter of the digits in 6 epochs. Guessing gives a tenth.

torch.manual_seed(0)
weights = torch.empty(40 + 1, 2, 64, 64)
for weight in weights.flatten(0, 1):
    nn.init.orthogonal_(weight, gain=2**0.5)
weights = [weight.to(device).requires_grad_() for weight in weights]


def deep(h):
    for weight in weights[:-1]:
        h = (h @ weight).relu()
    return h @ weights[-1]


starts = [activation_stats(nn.Identity(), each).layers[0] for each in deep(images[:64])]
print("cosines:", [f"{start.similarity:.2f}" for start in starts])
shares = share_right(deep, torch.optim.Adam(weights, lr=0.0005, fused=True), epochs=6)
print("right after 6 epochs:", [f"{share:.0%}" for share in shares])
all_alike = min(start.similarity for start in starts) > 0.9
all_learn = min(shares) > 1 / 4  # guessing is right in a tenth, and varies by 0.01
assert all_alike
assert all_learn

# %%
# What is often said
# ------------------
#
# *"High ones make gradients explode, low ones make them vanish."* At sigma = 0.5 both
# vanish. But at sigma = 5 most activations are saturated, and gradients grow
# millionfold. At the healthy sigma = 1 the standard deviation ends at 0.13.

# More: medians of three draws for small sigmas, of seven for 5
std, saturated, gradients = {}, {}, {}
print("sigma  std   saturated  gradient  predicted")
measure(0.5, draws=3)
measure(1, draws=3)
for sigma in (0.5, 1, 5):
    runs = measured_at[sigma]
    std[sigma] = median(stats.layers[-2].std for stats in runs)
    saturated[sigma] = median(stats.layers[-2].saturated for stats in runs)
    gradients[sigma] = median(map(backwards, runs))
    predicted = paths[sigma][0].gradient ** 0.5
    print(f"{sigma:<5}{std[sigma]:8.2g} {saturated[sigma]:8.0%}", end=" ")
    print(f"{gradients[sigma]:10.2g} {predicted:10.2g}")
    assert_close(gradients[sigma], predicted, rtol=1 / 3, atol=0)
exponents = {sigma: math.floor(math.log10(size)) for sigma, size in gradients.items()}
assert exponents == {0.5: -9, 1: -1, 5: 6}
assert [round(size, 1) for size in std.values()] == [0, 0.1, 0.9]
assert round(saturated[5], 1) == 0.6

# %%
# *"Tanh saturates when its inputs are too large or too small."* Far below 0 it does.
# Close to 0 its slope is largest.

points = torch.tensor([-5.0, 0, 5], device=device, requires_grad=True)
(slopes,) = torch.autograd.grad(points.tanh().sum(), points)
print("slopes at -5, 0 and 5:", [round(slope, 5) for slope in slopes.tolist()])
assert slopes.argmax() == 1

# %%
# More: scale does not limit capacity
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It is also said that the wrong scale limits the capacity of a network. Scale decides
# where training *begins*. Small weights use tanh close to 0, where it is nearly linear:
# at 0.1 it is off by 0.3%. But training moves them. Three layers of 64 units learn 192
# random labels by heart, more than a linear function of 64 inputs can: from weights of
# a hundredth of the healthy size, of this size, and of five times that. (That deep
# networks may not get there is a matter of training, the topic of
# :doc:`weight_initialization`. It is also said that they generalize badly. That is not
# examined on these pages.)

# More: trains two networks of each scale with Adam, the rate 0.02 and 300 steps
point = torch.tensor(0.1, device=device)
assert round((1 - point.tanh() / point).item(), 3) == 0.003
print(f"tanh(0.1) is off by {1 - point.tanh() / point:.1%}")

torch.manual_seed(0)
scales = torch.tensor([0.01, 1, 5]).repeat_interleave(2)[:, None, None]
weights = [scales * torch.randn(6, 64, 64) / 64**0.5 for _ in range(3)]
weights = [weight.to(device).requires_grad_() for weight in weights]
x, signs = torch.randn(192, 64).to(device), torch.randn(192).sign().to(device)
optimizer = torch.optim.Adam(weights, lr=0.02, fused=True)
for _ in range(300):
    h = x @ weights[0]  # of six networks at once
    for weight in weights[1:]:
        h = h.tanh() @ weight
    optimizer.zero_grad()
    (h[..., 0] - signs).square().mean(1).sum().backward()
    optimizer.step()
by_heart = (h[..., 0].sign() == signs).all(1).tolist()
print("learned by heart:", by_heart)
assert by_heart == 6 * [True]

# %%
# More: layer by layer
# ~~~~~~~~~~~~~~~~~~~~
#
# At sigma = 1 both shrink slowly, the gradient to 0.15 in all. *Saturated* means above
# 0.98, or below its negative. At sigma = 3000 hardly any unit is left near 0, and the
# gradients do vanish: to 0.
#
# Each median is within a third of the prediction. In each picture, follow the signal
# from left to right, and the gradient back, from right to left.

too_large = list(statistics(partial(network, nn.Tanh, 3000 / 256**0.5), draws=2))
assert median(map(backwards, too_large)) == 0
edges = (0.98 + torch.tensor([-0.001, 0.001])).atanh().to(device)
assert activation_stats(nn.Tanh(), edges).layers[0].saturated == 0.5  # one of the two
assert_close(gradients[1], 0.15, rtol=0.25, atol=0)
for (sigma, layer), found in dots.items():
    expected = paths[sigma][layer - 1]
    predicted = expected.second_moment**0.5, expected.gradient**0.5
    assert_close(found, predicted, rtol=1 / 3, atol=0)
print(2 * len(dots), "medians agree with the prediction")
assert len(dots) == 3 * 30

figure, axes = plt.subplots(1, 3, figsize=(8, 3.8), layout="constrained", sharey=True)
places = {  # of the labels: at which layer, how many points to the right and upwards
    0.5: ((4, 6, 3), (28, -68, 2)),
    1: ((19, -22, -16), (19, -30, 9)),
    5: ((10, -22, -16), (13, 6, 4)),
}
for ax, sigma in zip(axes, places, strict=True):
    draw_tanh(ax, sigma, places[sigma])
    ax.set_title(f"sigma = {sigma}")
axes[0].set_ylabel("root mean square")
figure.suptitle(
    "At 0.5 both vanish; at 5 the gradient explodes and the signal does not"
)

# %%
# Traps
# -----
#
# The loss is nan
# ~~~~~~~~~~~~~~~
#
# Find the first module whose output is not finite. In a network like the first it is
# layer 38, with inf. Look before the optimizer steps: after that no layer is finite.


def first_not_finite(model, x):
    found = []

    def look(module, inputs, output):  # here all outputs are tensors
        if not output.isfinite().all():
            found.append((module, "nan" if output.isnan().any() else "inf"))

    handles = [module.register_forward_hook(look) for module in model.modules()]
    model(x)
    for handle in handles:
        handle.remove()
    names = {module: name for name, module in model.named_modules()}
    return next(((names[module], kind) for module, kind in found), None)


torch.manual_seed(0)
exploding = network(nn.Identity, 1, depth=50, width=100)  # a module after each layer
x = torch.randn(200, 100).to(device)
print("first not finite:", first_not_finite(exploding, x))
assert first_not_finite(exploding, x) == (str(2 * (38 - 1)), "inf")
loss = exploding(x).sum()
assert loss.isnan()
loss.backward()
for weight in exploding.parameters():
    weight.data -= 0.1 * weight.grad
    assert not weight.isfinite().all()
assert first_not_finite(exploding, x)[0] == "0"

# %%
# Clipping bounds a step, and mends no layer
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``clip_grad_norm_`` scales all gradients by one number. So training survives a batch
# that is a hundred times too large. But the first gradient stays millions of times as
# large as the last, vanishing ones stay short, and an inf becomes nan.

# More: trains with and without the large batch, and clips what explodes
clip = nn.utils.clip_grad_norm_


def loss_left(seed, unit=1, rate=0.5, large_batch=False, clipped=False):
    torch.manual_seed(seed)  # the loss after 100 steps, as a share of the first one
    model = network(nn.ReLU, 0.1, depth=2, width=64)
    x = unit * torch.randn(128, 64).to(device)
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=rate), []
    for step in range(100):
        batch = 100 * x if large_batch and step == 50 else x
        losses.append(F.mse_loss(model(batch), batch.abs()))
        optimizer.zero_grad()
        losses[-1].backward()
        if clipped:
            clip(model.parameters(), max_norm=1.0)
        optimizer.step()
    return (losses[-1] / losses[0]).item()


kinds = (False, False), (True, False), (True, True)
for seed in range(2):
    usual, nan, clipped = (loss_left(seed, 1, 0.5, *kind) for kind in kinds)
    print(f"left of the loss: {usual:.0%}; with the large batch {nan}", end=", ")
    print(f"clipped {clipped:.0%}")
    assert math.isnan(nan)
    assert_close(clipped, usual, rtol=0.2, atol=0)


def first_to_last(model):
    lengths = [weight.grad.norm().item() for weight in model.parameters()]
    return lengths[0] / lengths[-1]


torch.manual_seed(0)
exploding = network(nn.Tanh, 5 / 256**0.5)
x, direction = torch.randn(2, 64, 256).to(device)
(exploding(x) * direction).sum().backward()
ratios = [first_to_last(exploding)]
clip(exploding.parameters(), max_norm=1.0)
ratios.append(first_to_last(exploding))
print(f"first gradient / last one: {ratios[0]:.1e}, clipped {ratios[1]:.1e}")
assert [math.floor(math.log10(ratio)) for ratio in ratios] == [6, 6]
assert_close(ratios[1], ratios[0], rtol=1e-3, atol=0)

weight = nn.Parameter(torch.zeros(3, device=device))
weight.grad = torch.tensor([1, math.inf, 2], device=device)
clip([weight], max_norm=1.0)
print("1, inf and 2, clipped:", weight.grad.tolist())
assert [str(each) for each in weight.grad.tolist()] == ["0.0", "nan", "0.0"]
weight.grad = torch.full((3,), 1e-9, device=device)
clip([weight], max_norm=1.0)
assert torch.equal(weight.grad, torch.full((3,), 1e-9, device=device))

# %%
# Batch norm keeps the signal, not the gradient
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With a normalization after each linear layer, the scale of the weights no longer
# changes the signal (but SGD's steps), unless the variance is near the epsilon, 1e-5.
# With layer norm and ReLU the gradient stays, too. With batch norm and batches of 32 it
# grows by hundreds through 30 layers (Yang et al., 2019).

# More: measures 30 layers without and with normalization
epsilons = {norm(256).eps for norm in (nn.LayerNorm, nn.BatchNorm1d)}
assert epsilons == {1e-5}
powers = {}
for norm in (None, nn.LayerNorm, nn.BatchNorm1d):
    for weight_std in (0.01, 1):
        make = partial(network, nn.ReLU, weight_std, norm=norm)
        runs = list(statistics(make, draws=2 if norm else 1))
        relus = [[each for each in run if each.kind == "ReLU"] for run in runs]
        signal = median(each[-1].rms for each in relus)
        growth = median(each[0].gradient_rms / each[-1].gradient_rms for each in relus)
        name = norm.__name__ if norm else "no norm"
        print(f"{name:11} weights {weight_std:4}: signal {signal:.2g}", end=", ")
        print(f"gradient times {growth:.2g}")
        powers[name, weight_std] = math.log10(signal), math.log10(growth)
for weight_std in (0.01, 1):
    for name in ("LayerNorm", "BatchNorm1d"):  # ReLU halves the mean square 1
        assert_close(10 ** powers[name, weight_std][0], 0.5**0.5, rtol=0.1, atol=0)
    assert_close(powers["LayerNorm", weight_std][1], 0.0, rtol=0, atol=0.6)
    assert math.floor(powers["BatchNorm1d", weight_std][1]) == 2
assert [math.floor(each) for each in powers["no norm", 1]] == [30, 29]

# %%
# More: constant, extreme sizes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Let all inputs be 1024 times as large. Tanh of them is flat: the median of its slopes
# is 0. Most of their squares are inf in float16. And if the targets are in the same
# unit, the gradients of the weights of a ReLU network without biases are 1024² times as
# large. With SGD and the same learning rate the loss is nan. With the rate divided by
# 1024² it learns as before.

large = 1024 * torch.randn(200, 100).to(device)
assert (1 - large.tanh().square()).median() == 0
share = large.half().square().isinf().double().mean().item()
assert_close(share, 0.8, rtol=0, atol=0.02)

trials = (1, 0.5), (1024, 0.5), (1024, 0.5 / 1024**2)
for seed in range(2):
    before, same, divided = (loss_left(seed, *trial) for trial in trials)
    print(f"left of the loss: {before:.1%}; then {same}, or {divided:.1%}")
    assert round(before, 1) == 0.2
    assert math.isnan(same)
    assert_close(divided, before, rtol=1e-3, atol=0)

# %%
# More: it is nan in float16 only
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# float16 ends at 65504. bfloat16 has nearly the range of float32, with fewer digits. If
# a network is fine in these two, and not in float16, then some number is too large for
# it, or too small: an epsilon of 1e-8 is 0 there, and 0 / (0 + 1e-8) is nan. Small
# gradients become 0 as well. ``torch.amp.GradScaler`` multiplies the loss, at first by
# 65536, and so keeps them.

dtypes = torch.float16, torch.bfloat16, torch.float32
numbers = [2 * torch.tensor(60000.0, device=device).to(dtype) for dtype in dtypes]
assert torch.finfo(torch.float16).max == 65504
assert [number.isinf().item() for number in numbers] == [True, False, False]
zeros = [torch.zeros(2, dtype=dtype, device=device) for dtype in dtypes]
ratios = [zero / (zero + 1e-8) for zero in zeros]
assert [ratio.isnan().any().item() for ratio in ratios] == [True, False, False]

gradient = torch.tensor(1e-8, device=device)
scale = torch.amp.GradScaler(device.type).get_scale()
assert scale == 65536
kept = [(factor * gradient).half().item() != 0 for factor in (1, scale)]
assert kept == [False, True]

# %%
# More: dead units
# ~~~~~~~~~~~~~~~~
#
# After a step that was too large, a unit of ReLU can be 0 for every example. Then no
# gradient passes it, and plain SGD leaves the weights before it as they are. Momentum
# and Adam still move them by older gradients, and weight decay shrinks them. The
# standard deviation hardly tells: it is 0.34 in the healthy layer, and 0.31 with a
# quarter of the units dead. The share of dead units does.

torch.manual_seed(0)
relu = nn.Sequential(nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 1))
relu, x = relu.to(device), torch.randn(200, 100).to(device)
healthy = activation_stats(relu, x).layers[1]
with torch.no_grad():
    relu[0].bias[:25] = -100.0
sick = activation_stats(relu, x).layers[1]
print(f"std {healthy.std:.2f}, and with {sick.dead:.0%} dead units {sick.std:.2f}")
assert (healthy.dead, sick.dead) == (0, 0.25)
assert round(healthy.std, 1) == round(sick.std, 1) == 0.3
(gradient,) = torch.autograd.grad(relu(x).sum(), relu[0].weight)
assert gradient.any(dim=1).tolist() == [False] * 25 + [True] * 75

moved = {}
kinds = ("SGD", "lr"), ("SGD", "momentum"), ("SGD", "weight_decay"), ("Adam", "lr")
for method, name in kinds:
    weight = relu[0].weight.detach().clone().requires_grad_()
    optimizer = getattr(torch.optim, method)([weight], **{"lr": 0.1, name: 0.1})
    for each in (torch.ones_like(weight), gradient):  # too large, and then dead
        before, weight.grad = weight.detach().clone(), each
        optimizer.step()
    moved[method, name] = not torch.equal(weight[:25], before[:25])
assert list(moved.values()) == [False, True, True, True]

# %%
# On a GPU
# --------
#
# The dtypes have the same ranges on all devices.

print("this page ran on", device.type)
numbers = torch.tensor([65504.0, 65520.0], device=device)
assert numbers.half().isinf().tolist() == [False, True]

# %%
# More: sums in float16
# ~~~~~~~~~~~~~~~~~~~~~
#
# Where this page ran, a product of float16 matrices is rounded at the end: a sum that
# passes 65504 on its way does no harm if its end is below, as in 40000 + 40000 - 40000
# - 40000. By PyTorch's `notes on numerical accuracy
# <https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html>`__, some GPUs may
# round partial sums to float16, unless you turn off
# ``torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction``, which is True.

assert torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction
numbers = torch.full((16, 4), 40000.0, dtype=torch.float16, device=device)
signs = torch.tensor([[1], [1], [-1], [-1]], device=device).half().expand(4, 16)
assert not (numbers @ signs).any()
assert (numbers @ signs.abs()).isinf().all()

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# At sigma = 5 tanh has activations of 0.91, and gradients explode. Find a network with
# activations as large whose gradients vanish.
#
# Solution
# ^^^^^^^^
#
# Large biases saturate the units as well, and small weights then multiply nothing up.


def biased_network():
    model = network(nn.Tanh, 1 / 256**0.5)
    for layer in model[::2]:
        layer.bias = nn.Parameter(5 * torch.randn(256).to(device))
    return model


runs = list(statistics(biased_network, draws=3))
std = median(stats.layers[-2].std for stats in runs)
gradient = median(map(backwards, runs))
print(f"std {std:.2f}, gradient {gradient:.1g}")
assert round(std, 1) == round(0.91, 1)
assert math.floor(math.log10(gradient)) == -15

# %%
# Exercise 2
# ~~~~~~~~~~
#
# A residual layer is ``h = h + linear(h)``, with weights of std 1/√n. By which factor
# does the size grow? And with ``linear(h) / L**0.5``, for L layers?
#
# Solution
# ^^^^^^^^
#
# The two parts are uncorrelated, so their mean squares add up: the factor is √2. With
# ``linear(h)`` divided by √L, the mean square is multiplied by 1 + 1/L in each layer.
# After many layers that makes e, and √e in size.


def residual(scale):  # the size after 50 layers
    h = torch.randn(64, 256).to(device)
    for _ in range(50):
        h = h + scale * h @ (torch.randn(256, 256) / 256**0.5).to(device)
    return h.square().mean().sqrt().item()


torch.manual_seed(0)
plain = median(residual(1) for _ in range(5))
divided = median(residual(50**-0.5) for _ in range(5))
print(f"{plain:.2g} after 50 layers, and {divided:.2f} when divided")
assert_close(plain, 2.0 ** (50 / 2), rtol=0.2, atol=0)
assert_close(divided, math.e**0.5, rtol=0.1, atol=0)

# %%
# References
# ----------
#
# - K. He et al., `Delving Deep into Rectifiers <https://arxiv.org/abs/1502.01852>`__
#   (2015).
# - B. Poole et al., `Exponential expressivity in deep neural networks through transient
#   chaos <https://arxiv.org/abs/1606.05340>`__ (2016).
# - S. Schoenholz et al., `Deep Information Propagation
#   <https://arxiv.org/abs/1611.01232>`__ (2017).
# - G. Yang et al., `A Mean Field Theory of Batch Normalization
#   <https://arxiv.org/abs/1902.08129>`__ (2019).
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
