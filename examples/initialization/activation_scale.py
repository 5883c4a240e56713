# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "torch>=2.11",
#     "numpy>=2.4",
#     "opt_einsum>=3.4",
#     "matplotlib>=3.11",
#     "scikit-learn>=1.7",
# ]
# ///
"""
What is the downside of having activations with a standard deviation far from 1?
================================================================================

People ask this because courses tell them to keep it close to 1, often without saying
what goes wrong elsewhere.

Short answer
------------

Being somewhat away from 1 does little harm by itself. What ruins deep networks is
*moving*. Call the outputs of a layer the signal, and its root mean square its size:
that is the standard deviation, if the mean is 0. Each layer multiplies the size by some
factor, and L layers multiply it by that factor to the power of L. Unless the factor is
close to 1, numbers soon overflow to inf and nan, or vanish into zeros, or drive
functions such as tanh into their flat parts. You see a loss of nan, or training that is
stuck. The same goes for the gradients on their way back, and they have factors of their
own. A size that is constant but extreme does harm, too: it saturates tanh, overflows
float16, or needs another learning rate. The cures: weights of the right scale
(:doc:`weight_initialization`), normalization, and scaled residuals (exercise 2).
"""

import torch
import torch.nn.functional as F
from tensorglass import default_device

device = default_device()  # a GPU if there is one
torch.set_num_threads(1)  # in small products, more would wait for each other


def after_50_layers(x, std):
    torch.manual_seed(0)
    for _ in range(50):
        x = x @ (torch.randn(100, 100) * std).to(device)
    return x


torch.manual_seed(1)
x = torch.randn(200, 100).to(device)
signals = {std: after_50_layers(x, std) for std in (1, 0.1, 0.01)}
for std, signal in signals.items():
    print(f"weights with std {std:4}: the signal has std {signal.std():.2g}")
assert signals[1].isnan().all()
assert not signals[0.01].any()
torch.testing.assert_close(signals[0.1].std().item(), 0.75, rtol=0.01, atol=0)
far_away = after_50_layers(1024 * x, 0.1)
assert torch.equal(far_away, 1024 * signals[0.1])  # exact, as 1024 is a power of 2
weight = torch.ones(100, 1, device=device, requires_grad=True)
(signals[0.01] @ weight).sum().backward()
assert not weight.grad.any()  # stuck: the next layer learns nothing from zeros

# %%
# What is often said
# ------------------
#
# It is said that a standard deviation far from 1
#
# - makes gradients explode if it is high, and vanish if it is low,
# - saturates tanh, whose inputs are then "too large or too small",
# - limits the capacity of the network,
# - makes training slow, or fail,
# - makes the network generalize badly.
#
# Training is the topic of :doc:`weight_initialization`. Generalization is not examined
# on these pages. The first three, one by one:
#
# *Gradients.* The signal and the gradients have factors of their own. We take 30 linear
# layers with 256 units, and tanh after each but the last. The weights have the standard
# deviation sigma/√256. Medians of five draws:
#
# - At sigma = 0.5, both vanish, as the claim says.
# - sigma = 1 is the healthy one: both shrink slowly, the gradient to 0.15 in all, and
#   the standard deviation to 0.13, which is far from 1.
# - At sigma = 5, the activations look fine. Their standard deviation is 0.91. Most are
#   saturated (the output is above 0.98, or below its negative), which is said to make
#   gradients vanish. But the gradients *grow*, by a factor of millions.
# - At sigma = 1000, no unit is left near 0, and the gradients do vanish: to 0.

import math
from functools import partial
from statistics import median

from tensorglass import activation_stats, signal_propagation
from torch import nn
from torch.testing import assert_close


def network(activation, std, depth=30, width=256, norm=None):
    layers = []
    for _ in range(depth):
        linear = nn.Linear(width, width, bias=False)
        nn.init.normal_(linear.weight, std=std)
        layers += [linear, *([norm(width)] if norm else []), activation()]
    return nn.Sequential(*layers[:-1]).to(device)  # the last layer is linear


def statistics(make):
    for seed in range(5):
        torch.manual_seed(seed)
        model = make()
        batch, direction = torch.randn(2, 64, 256).to(device)
        yield activation_stats(model, batch, lambda y, d=direction: (y * d).sum())


def backwards(stats):  # the gradient at the first layer, relative to the last
    return stats.layers[0].gradient_rms / stats.layers[-1].gradient_rms


measured_at, theory, paths = {}, {}, {}
std, saturated, gradients = {}, {}, {}
print("sigma  std   saturated  gradient  predicted")
for sigma in (0.5, 1, 5):
    runs = list(statistics(partial(network, nn.Tanh, sigma / 256**0.5)))
    measured_at[sigma] = runs
    std[sigma] = median(stats.layers[-2].std for stats in runs)
    saturated[sigma] = median(stats.layers[-2].saturated for stats in runs)
    gradients[sigma] = median(map(backwards, runs))
    theory[sigma] = signal_propagation(torch.tanh, sigma)
    paths[sigma] = theory[sigma].through(30).layers
    predicted = paths[sigma][0].gradient ** 0.5
    print(f"{sigma:<5}{std[sigma]:8.2g} {saturated[sigma]:8.0%}", end=" ")
    print(f"{gradients[sigma]:10.2g} {predicted:10.2g}")
    assert_close(gradients[sigma], predicted, rtol=0.2, atol=0)
exponents = {sigma: math.floor(math.log10(size)) for sigma, size in gradients.items()}
assert exponents == {0.5: -9, 1: -1, 5: 6}
assert [round(size, 1) for size in std.values()] == [0, 0.1, 0.9]
assert round(saturated[5], 1) == 0.6
too_large = list(statistics(partial(network, nn.Tanh, 1000 / 256**0.5)))
assert median(map(backwards, too_large)) == 0
edges = (0.98 + torch.tensor([-0.001, 0.001])).atanh().to(device)
assert activation_stats(nn.Tanh(), edges).layers[0].saturated == 0.5  # one of the two

# %%
# *Tanh saturates when its inputs are too large or too small.* It does if "too small"
# means far below 0. It cannot mean close to 0, where the slope is largest.

points = torch.tensor([-5.0, 0, 5], device=device, requires_grad=True)
(slopes,) = torch.autograd.grad(points.tanh().sum(), points)
print("slopes at -5, 0 and 5:", [round(slope, 5) for slope in slopes.tolist()])
assert slopes.argmax() == 1

# %%
# *Capacity.* Scale decides where training *begins*. Small weights use tanh close to 0,
# where it is nearly linear: at 0.1 it is off by 0.3%. But training moves them. Three
# layers of 64 units learn 192 random labels by heart, more than a linear function of 64
# inputs can: from weights of a hundredth of the healthy size, of this size, and of five
# times that. Three networks each, with Adam, the rate 0.02 and 360 steps. (That deep
# networks may not get there is a matter of training, not of capacity.)

point = torch.tensor(0.1, device=device)
assert round((1 - point.tanh() / point).item(), 3) == 0.003
print(f"tanh(0.1) is off by {1 - point.tanh() / point:.1%}")

torch.manual_seed(0)
scales = torch.tensor([0.01, 1, 5]).repeat_interleave(3)[:, None, None]
weights = [scales * torch.randn(9, 64, 64) / 64**0.5 for _ in range(3)]
weights = [weight.to(device).requires_grad_() for weight in weights]
x, labels = torch.randn(192, 64).to(device), torch.randn(192).sign().to(device)
optimizer = torch.optim.Adam(weights, lr=0.02, fused=True)
for _ in range(360):
    h = x @ weights[0]  # of nine networks at once
    for weight in weights[1:]:
        h = h.tanh() @ weight
    optimizer.zero_grad()
    (h[..., 0] - labels).square().mean(1).sum().backward()
    optimizer.step()
by_heart = (h[..., 0].sign() == labels).all(1).tolist()
print("learned by heart:", by_heart)
assert by_heart == 9 * [True]

# %%
# The rule
# --------
#
# Let the weights of n inputs be independent, with mean 0 and standard deviation s. Then
# the mean square of an output is s²n times the mean square of the inputs, on average
# over the weights:
#
# .. math:: \mathbb{E}[y^2] = s^2 n \cdot \frac{1}{n} \sum_{i=1}^{n} x_i^2
#
# So L layers multiply the mean square by :math:`(s^2 n)^L` on average, and the size by
# about :math:`(s \sqrt{n})^L`, as long as L is far below n. (He et al., 2015, section
# 2.2.) The reason: in the square of a sum, the mixed products of two different weights
# cancel. Here are all choices of four weights ±s.

import itertools

inputs = torch.tensor([3.0, -1.0, 2.0, 0.5], device=device)
s, n = 0.5, 4
choices = torch.tensor(list(itertools.product((-s, s), repeat=n)), device=device)
assert len(choices) == 2**n
assert (choices @ inputs).square().mean() == s**2 * n * inputs.square().mean()

# %%
# With an activation function f there are two recursions. All layers have n units. Let
# sigma, in the formula :math:`\sigma`, be s√n, let q be the mean square of the inputs
# of f, and z a normally distributed number with this mean square.
#
# - Forward, q becomes sigma² times the mean of f(z)².
# - Back, the mean square of the gradient is multiplied by chi: sigma² times the mean of
#   the slope's square, f'(z)².
#
# .. math::
#
#    q \to \sigma^2 \, \mathbb{E}[f(z)^2]
#    \qquad \chi = \sigma^2 \, \mathbb{E}[f'(z)^2]
#
# (Poole et al., 2016; Schoenholz et al., 2017.) For a linear network and for ReLU the
# two factors are equal, which hides that there are two. For tanh at sigma = 5, the
# signal stays where it is. Most units are saturated, but some lie near 0, where the
# slope is 1. So the mean square of the slope is 0.116, and 25 times that is 2.9.

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
assert_close(factors[torch.tanh], 25 * 0.116, rtol=0.01, atol=0)
assert round(factors[torch.tanh], 1) == 2.9

# %%
# Proof
# -----
#
# First, the law itself: 50 layers with 100 units, without activation function, and
# weights with std 0.09, 0.1 and 0.11. These are the factors 0.9, 1 and 1.1. The median
# of 15 draws is within a quarter of the law. Single draws differ more: with the factor
# 1, the smallest of these has a std of 0.6, and the largest of 1.3.

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
# Second, overflow and underflow. Weights with std 1 and 100 units make the factor 10.
# The 200 x 100 inputs are 20,000 normal numbers, and the largest is about 4.1. So the
# first inf comes in the first layer whose 4.1 · 10^L is beyond the largest number of
# the dtype, one layer before the nan: inf minus inf. With std 0.01 the factor is 0.1.
# All is 0 once 4.1 · 0.1^L is below half the smallest number of the dtype.


def first_layer(dtype, std, found):  # where it is found, in the median of 3 draws
    layers = []
    for seed in range(3):
        torch.manual_seed(seed)
        signal, layer = torch.randn(200, 100).to(device, dtype), 0
        while not found(signal):
            signal = signal @ (torch.randn(100, 100) * std).to(device, dtype)
            layer += 1
        layers.append(layer)
    return median(layers)


tests = {
    "inf": lambda signal: not signal.isfinite().all(),
    "nan": lambda signal: signal.isnan().any(),
    "zero": lambda signal: not signal.any(),
}
largest_of_batch = -torch.special.ndtri(torch.tensor(0.5 / 20_000)).item()
assert round(largest_of_batch, 1) == 4.1
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    limits = torch.finfo(dtype)
    predicted = math.ceil(math.log10(limits.max / largest_of_batch))
    inf, nan = (first_layer(dtype, 1, tests[name]) for name in ("inf", "nan"))
    print(f"{dtype}: inf in layer {inf}, nan in layer {nan}")
    assert (inf, nan) == (predicted, predicted + 1)
for dtype in (torch.float16, torch.float32):
    limits = torch.finfo(dtype)
    smallest = limits.smallest_normal * limits.eps
    predicted = math.ceil(math.log10(largest_of_batch / (smallest / 2)))
    zero = first_layer(dtype, 0.01, tests["zero"])
    print(f"{dtype}: with std 0.01 all is zero in layer {zero}")
    assert zero == predicted

# %%
# Third, tanh, layer by layer: 3 scales, 30 layers, both ways. Each median is within a
# fifth of the prediction.

dots = {}
for sigma, runs in measured_at.items():
    for i, expected in enumerate(paths[sigma]):
        linear = [stats.layers[2 * i] for stats in runs]  # every other layer is tanh
        last = [stats.layers[-1] for stats in runs]
        rms = median(layer.rms for layer in linear)
        ratios = map(lambda a, b: a.gradient_rms / b.gradient_rms, linear, last)
        dots[sigma, i + 1] = rms, median(ratios)
        predicted = expected.second_moment**0.5, expected.gradient**0.5
        assert_close(dots[sigma, i + 1], predicted, rtol=0.2, atol=0)
print(2 * len(dots), "medians agree with the prediction")
assert len(dots) == 3 * 30

# %%
# Fourth, 1 is not special. The initialization of He et al. gives weights the standard
# deviation √(2/n). With ReLU, this keeps the mean square, on average. But outputs that
# are never negative have a mean: their standard deviation is √(1 - 1/π) = 0.826 of
# their size.
#
# Fifth, a good size says nothing about what is in the signal. The cosine between the
# signals of two different inputs goes to 1 with depth: in the end, all inputs look
# alike. A known formula predicts it, from one layer to the next (Cho and Saul, 2009):
#
# .. math:: c \to \frac{1}{\pi} \left( \sqrt{1 - c^2} + (\pi - \arccos c) \, c \right)


def next_cosine(c):
    return ((1 - c**2) ** 0.5 + (math.pi - math.acos(c)) * c) / math.pi


def he_network():
    return network(nn.ReLU, (2 / 256) ** 0.5, depth=51)  # 50 times ReLU


runs = list(statistics(he_network))
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
# Does a cosine near 1 keep 50 layers from learning? No. Here are three times 50 layers
# of 64 units with orthogonal weights of the same size. At the start the cosines of
# their outputs are above 0.95. Adam, with the rate 0.0003, brings each of them to more
# than a quarter of the digits in 6 epochs. Guessing gives a tenth.

from sklearn.datasets import load_digits

torch.manual_seed(0)
order = torch.randperm(1797)
images, labels = (torch.tensor(each)[order] for each in load_digits(return_X_y=True))
images = ((images - images.mean()) / images.std()).float().to(device)
labels = labels.to(device)


def share_right(model, optimizer, epochs):  # trains on 1000 images, tests on the others
    for _ in range(epochs):
        for batch in torch.randperm(1000).to(device).split(50):
            scores = model(images[batch])  # by network, if there are several, and image
            targets = labels[batch].expand(scores.shape[:-1])
            optimizer.zero_grad()
            F.cross_entropy(scores.movedim(-1, 1), targets).backward()
            optimizer.step()
    right = model(images[1000:]).argmax(-1) == labels[1000:]
    return right.float().mean(-1).tolist()


weights = torch.empty(51, 3, 64, 64)
for weight in weights.flatten(0, 1):
    nn.init.orthogonal_(weight, gain=2**0.5)
weights = [weight.to(device).requires_grad_() for weight in weights]


def deep(h):
    for weight in weights[:-1]:
        h = (h @ weight).relu()
    return h @ weights[-1]


starts = [activation_stats(nn.Identity(), each).layers[0] for each in deep(images[:64])]
print("cosines:", [f"{start.similarity:.2f}" for start in starts])
shares = share_right(deep, torch.optim.Adam(weights, lr=0.0003, fused=True), epochs=6)
print("right after 6 epochs:", [f"{share:.0%}" for share in shares])
all_alike = min(start.similarity for start in starts) > 0.95
all_learn = min(shares) > 1 / 4  # guessing is right in a tenth, and varies by 0.01
assert all_alike
assert all_learn

# %%
# Picture
# -------
#
# The three networks of tanh, at the outputs of their linear layers. Lines are
# predictions, dots are medians of five draws. In each picture, follow the signal from
# left to right, and the gradient back, from right to left. At 5 the signal is flat, and
# the gradient grows all the same.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.8), layout="constrained", sharey=True)
places = {  # of the labels: at which layer, how many points to the right and upwards
    0.5: ((4, 6, 3), (28, -68, 2)),
    1: ((19, -22, -16), (19, -30, 9)),
    5: ((10, -22, -16), (13, 6, 4)),
}
for ax, (sigma, path) in zip(axes, paths.items(), strict=True):
    signal = [layer.second_moment**0.5 for layer in path]
    gradient = [layer.gradient**0.5 for layer in path]
    drawn = ("signal →", signal, "#0072b2"), ("← gradient", gradient, "#d55e00")
    for which, (label, line, color) in enumerate(drawn):
        ax.plot(range(1, 31), line, color=color)
        heights = [dots[sigma, layer][which] for layer in range(1, 31, 2)]
        ax.plot(range(1, 31, 2), heights, "o", markersize=4, color=color)
        layer, *shift = places[sigma][which]
        place = (layer, line[layer - 1])
        ax.annotate(label, place, shift, textcoords="offset points", color=color)
    ax.set(yscale="log", xlabel="layer", title=f"sigma = {sigma}")
    ax.set_label(
        f"Thirty linear layers with tanh, sigma {sigma}, on a logarithmic axis. The "
        f"signal goes from {signal[0]:.1g} to {signal[-1]:.1g}. The gradient goes from "
        f"1 at the last layer back to {gradient[0]:.1g} at the first one. The measured "
        "dots lie on the predicted lines."
    )
axes[0].set_ylabel("root mean square")
figure.suptitle(
    "At 0.5 both vanish; at 5 the gradient explodes and the signal does not"
)
sizes = [layer.second_moment**0.5 for layer in paths[5]]
assert round(min(sizes) / max(sizes), 1) == 0.9
largest = max(layer.gradient**0.5 for layer in paths[5])
assert math.floor(math.log10(largest)) == 6

# %%
# And a signal without activation function, computed in float64, on its way through the
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
# Traps
# -----
#
# The loss is nan: where does it begin?
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The loss is the last place where it shows. Find the first module whose output is not
# finite. In this network that is inf, in module '74': linear layer 38, since a module
# follows each, and 38 is the layer predicted above. After one step with such a loss
# there is inf or nan in the weights of every layer. Then it is the first module,
# whatever went wrong before.


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
exploding = network(nn.Identity, 1, depth=50, width=100)
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
# It is nan in float16 only
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# float16 ends at 65504. bfloat16 has the range of float32, with fewer digits. If a
# network is fine in these two, and not in float16, then some number is too large for
# it, or too small: an epsilon of 1e-8 is 0 there, and 0 / (0 + 1e-8) is nan.

dtypes = torch.float16, torch.bfloat16, torch.float32
numbers = [2 * torch.tensor(60000.0, device=device).to(dtype) for dtype in dtypes]
assert torch.finfo(torch.float16).max == 65504
assert [number.isinf().item() for number in numbers] == [True, False, False]
zeros = [torch.zeros(2, dtype=dtype, device=device) for dtype in dtypes]
ratios = [zero / (zero + 1e-8) for zero in zeros]
assert [ratio.isnan().any().item() for ratio in ratios] == [True, False, False]

# %%
# Batch norm makes the forward scale right, and not the gradients
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With it the scale of the weights no longer matters for the signal, unless they are so
# small that the variance is near the epsilon of batch norm, 1e-5. And yet the gradient
# grows on its way back, more than a hundredfold through 30 linear layers with batch
# norm and ReLU, at both scales below: here batch norm itself makes it explode (Yang et
# al., 2019).

epsilon = nn.BatchNorm1d(256).eps
assert epsilon == 1e-5
for weight_std in (0.01, 1):
    make = partial(network, nn.ReLU, weight_std, norm=nn.BatchNorm1d)
    sizes, growth = [], []
    for stats in statistics(make):
        norms = [layer for layer in stats if layer.kind == "BatchNorm1d"]
        sizes.append(stats.layers[-3].rms)  # the last ReLU
        growth.append(norms[0].gradient_rms / norms[-1].gradient_rms)
    print(f"std {weight_std}: rms {median(sizes):.2f}", end=", ")
    print(f"gradient grows {median(growth):.0f} times")
    assert round(median(sizes), 1) == 0.7
    assert math.floor(math.log10(median(growth))) == 2

# %%
# Dead units
# ~~~~~~~~~~
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
# A size that is constant but extreme
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Let all inputs be 1024 times as large. Tanh of them is flat: the median of its slopes
# is 0. Most of their squares are inf in float16. And if the targets are in the same
# unit, the gradients of this network are 1024² times as large. With SGD and the same
# learning rate the loss is nan. With the rate divided by 1024² it learns as before.

large = 1024 * torch.randn(200, 100).to(device)
assert (1 - large.tanh().square()).median() == 0
share = large.half().square().isinf().double().mean().item()
assert_close(share, 0.8, rtol=0, atol=0.02)


def loss_left(seed, unit, rate):  # after 100 steps, as a share of the first loss
    torch.manual_seed(seed)
    model = network(nn.ReLU, 0.1, depth=2, width=64)
    x = unit * torch.randn(128, 64).to(device)
    weights, losses = list(model.parameters()), []
    for _ in range(100):
        losses.append(F.mse_loss(model(x), x.abs()))
        gradients = torch.autograd.grad(losses[-1], weights)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.data -= rate * gradient
    return (losses[-1] / losses[0]).item()


trials = (1, 0.5), (1024, 0.5), (1024, 0.5 / 1024**2)
for seed in range(3):
    before, same, divided = (loss_left(seed, *trial) for trial in trials)
    print(f"left of the loss: {before:.1%}; then {same}, or {divided:.1%}")
    assert round(before, 1) == 0.2
    assert math.isnan(same)
    assert_close(divided, before, rtol=1e-4, atol=0)

# %%
# On a GPU
# --------
#
# The dtypes have the same ranges on all devices. Where this page ran, a product of
# float16 matrices is rounded at the end: a sum that passes 65504 on its way does no
# harm if its end is below, as in 40000 + 40000 - 40000 - 40000. By PyTorch's notes on
# numerical accuracy, some GPUs may round partial sums to float16, unless you turn off
# ``torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction``, which is True.

print("this page ran on", device.type)
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
# The standard deviation of the activations of tanh is 0.91 at sigma = 5, and gradients
# explode. Find a network of tanh with activations as large whose gradients vanish.
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


runs = list(statistics(biased_network))
std = median(stats.layers[-2].std for stats in runs)
gradient = median(map(backwards, runs))
print(f"std {std:.2f}, gradient {gradient:.1g}")
assert round(std, 1) == round(0.91, 1)
assert math.floor(math.log10(gradient)) == -15

# %%
# Exercise 2
# ~~~~~~~~~~
#
# A residual network ``h = h + linear(h)`` has weights with std 1/√n. By which factor
# does the size grow in a layer? What if ``linear(h)`` is divided by √L, for L layers?
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
# Take it home
# ------------
#
# Look at your own model before you train it. Give ``activation_stats`` a batch and your
# loss. Read it by columns: the rms and the gradient should change little from layer to
# layer. The similarity is the mean cosine between the outputs of two different inputs,
# and should not go to 1. Few units should be dead. This model, as torch initializes it,
# shows the opposite in all four: from one ReLU to the next the rms falls, the
# similarity rises, up to 0.92, and so does the share of dead units in the end. On its
# way back, the gradient falls, too. At four layers these are warnings, no verdict: SGD
# with the rate 0.05 and momentum 0.9 teaches it more than 90% of the digits in 15
# epochs.


def made(seed):
    torch.manual_seed(seed)
    layers = [each for _ in range(4) for each in (nn.Linear(64, 64), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(64, 10)).to(device)


model = made(0)
batch, target = torch.randn(128, 64).to(device), torch.randint(10, (128,)).to(device)


def look_at(model):
    stats = activation_stats(model, batch, lambda y: F.cross_entropy(y, target))
    names = "rms", "gradient_rms", "similarity", "dead"
    relus = [layer for layer in stats if layer.kind == "ReLU"]
    return stats, [[getattr(layer, name) for layer in relus] for name in names]


stats, (sizes, gradients, cosines, dead) = look_at(model)
assert sizes == sorted(sizes, reverse=True)
assert gradients == sorted(gradients)
assert cosines == sorted(cosines)
assert round(cosines[-1], 1) == 0.9
assert any(dead)
assert max(dead) == dead[-1]

shares = []
for other in map(made, range(3)):
    optimizer = torch.optim.SGD(other.parameters(), lr=0.05, momentum=0.9)
    shares.append(100 * share_right(other, optimizer, epochs=15))
print("right after 15 epochs:", [f"{each:.1f} %" for each in shares])
learns_as_it_is = min(shares) > 90
assert learns_as_it_is
stats

# %%
# One line cures all but one. Now the rms and the gradient stay, and hardly any unit is
# dead. The similarity still rises, but only to about 0.7.

from tensorglass import initialize_

initialize_(model, torch.relu)
stats, (sizes, gradients, cosines, dead) = look_at(model)
drifts = [max(column) / min(column) for column in (sizes, gradients)]
assert [round(drift) for drift in drifts] == [1, 1]
assert_close(cosines[-1], 0.7, rtol=0, atol=0.1)
assert_close(max(dead), 0.0, rtol=0, atol=0.08)
stats

# %%
# References
# ----------
#
# - K. He et al., `Delving Deep into Rectifiers <https://arxiv.org/abs/1502.01852>`__
#   (2015), section 2.2.
# - B. Poole et al., `Exponential expressivity in deep neural networks through transient
#   chaos <https://arxiv.org/abs/1606.05340>`__ (2016).
# - S. Schoenholz et al., `Deep Information Propagation
#   <https://arxiv.org/abs/1611.01232>`__ (2017).
# - Y. Cho and L. Saul, `Kernel Methods for Deep Learning
#   <https://papers.nips.cc/paper/3628-kernel-methods-for-deep-learning>`__ (2009).
# - G. Yang et al., `A Mean Field Theory of Batch Normalization
#   <https://arxiv.org/abs/1902.08129>`__ (2019).
# - PyTorch: `Numerical accuracy
#   <https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html>`__.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
