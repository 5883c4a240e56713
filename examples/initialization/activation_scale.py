# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy>=2.4", "opt_einsum>=3.4", "matplotlib>=3.11"]
# ///
"""
What is the downside of having activations with a standard deviation far from 1?
================================================================================

People ask this because courses tell them to keep it at 1, and their network then fails
at 1, or works far away from it.

Short answer
------------

Being away from 1 does no harm by itself. The harm comes from *moving*. Each layer
multiplies the size of the signal by some factor, and L layers multiply it by that
factor to the power of L. Unless the factor is close to 1, numbers soon overflow to inf
and nan, or vanish into zeros, or drive functions such as tanh into their flat parts. So
the size has to stay about constant from layer to layer, at 1 or elsewhere. The same
goes for the gradients on their way back, and they have factors of their own.
"""

import torch
from tensorglass import default_device

device = default_device()  # a GPU if there is one


def after_50_layers(x, std):
    torch.manual_seed(0)
    for _ in range(50):
        x = x @ (torch.randn(100, 100) * std).to(device)
    return x


torch.manual_seed(1)
x = torch.randn(200, 100).to(device)
signals = {std: after_50_layers(x, std) for std in (1, 0.1, 0.01)}
for std, signal in signals.items():
    print(f"weights {std:4}: the signal has std {signal.std():.2g}")
assert signals[1].isnan().all()
assert not signals[0.01].any()
assert round(signals[0.1].std().item()) == 1
far_away = after_50_layers(1024 * x, 0.1)
assert torch.equal(far_away, 1024 * signals[0.1])  # and nothing is lost

# %%
# What is often said
# ------------------
#
# "A high standard deviation of the activations means exploding gradients, a low one
# vanishing gradients." That mixes up two things. We take 30 layers of tanh with 256
# units. Their weights have the standard deviation sigma/√256. Medians of five draws:
#
# - At 0.5, both vanish, as the claim says.
# - At 5, the activations look fine. Their standard deviation is 0.91. Most are
#   saturated (within a hundredth of the range from 1 or -1), which is said to make
#   gradients vanish. But the gradients *grow*, by a factor of millions.

import math
from statistics import median

from tensorglass import activation_stats, shows_error, signal_propagation
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


measured_at, theory, paths, exponents = {}, {}, {}, {}
print("sigma  std   saturated  gradient  predicted")
for sigma in (0.5, 1, 5):
    runs = list(statistics(lambda sigma=sigma: network(nn.Tanh, sigma / 256**0.5)))
    measured_at[sigma] = runs
    std = median(stats.layers[-2].std for stats in runs)
    saturated = median(stats.layers[-2].saturated for stats in runs)
    gradient = median(map(backwards, runs))
    theory[sigma] = signal_propagation(torch.tanh, sigma)
    paths[sigma] = theory[sigma].through(30).layers
    predicted = paths[sigma][0].gradient ** 0.5
    print(f"{sigma:<5}{std:8.2g} {saturated:8.0%} {gradient:10.2g} {predicted:10.2g}")
    assert_close(gradient, predicted, rtol=0.2, atol=0)
    exponents[sigma] = math.floor(math.log10(gradient))
assert exponents == {0.5: -9, 1: -1, 5: 6}
assert f"{std:.2f}" == "0.91"
assert round(saturated, 1) == 0.6

# %%
# "Tanh saturates when its inputs are too large or too small." It does if "too small"
# means far below 0. It cannot mean close to 0, where the slope is largest.

points = torch.tensor([-5.0, 0, 5], device=device, requires_grad=True)
(slopes,) = torch.autograd.grad(points.tanh().sum(), points)
print("slopes at -5, 0 and 5:", [round(slope, 5) for slope in slopes.tolist()])
assert slopes.argmax() == 1

# %%
# "The capacity of the network is limited." What scale decides is where training
# *begins*. With small weights, tanh is used close to 0, where it is nearly linear. We
# fit a linear function to the network's output: at 0.5 it leaves 2% unexplained, at 5
# nearly all. But what a network can become depends on its architecture. The small one
# has room for every weight of the large one. As for the remaining claims: training is
# slow or fails, that is right, and shown in :doc:`weight_initialization`. Overfitting
# cannot be judged before training, so this page says nothing about it.


def not_linear(model):  # the share of the output that no linear function explains
    x = torch.randn(2048, 64).to(device).double()
    with torch.no_grad():
        y = model.double()(x)
    rest = y - x @ torch.linalg.lstsq(x, y).solution
    return (rest.square().sum() / y.square().sum()).item()


shares = []
for sigma in (0.5, 1, 5):
    torch.manual_seed(0)
    draws = [not_linear(network(nn.Tanh, sigma / 8, width=64)) for _ in range(3)]
    shares.append(median(draws))
    print(f"sigma {sigma}: {shares[-1]:.0%} of the output is not linear")
assert [round(share, 1) for share in shares] == [0, 0.2, 1]
assert round(shares[0], 2) == 0.02

small, large = network(nn.Tanh, 0.1), network(nn.Tanh, 1)
small.load_state_dict(large.state_dict())
assert torch.equal(small(torch.ones(256).to(device)), large(torch.ones(256).to(device)))

# %%
# The rule
# --------
#
# Let the weights of n inputs be independent, with mean 0 and standard deviation s. Then
# the mean square of an output is s²n times the mean square of the inputs, on average
# over the weights. So a layer multiplies the size by s√n, and L layers multiply it by
# (s√n)^L. (He et al., 2015, section 2.2.) The reason: in the square of a sum, the mixed
# products of two different weights cancel. Here are all choices of four weights ±s.

import itertools

inputs = torch.tensor([3.0, -1.0, 2.0, 0.5], device=device)
s, n = 0.5, 4
choices = torch.tensor(list(itertools.product((-s, s), repeat=n)), device=device)
assert len(choices) == 2**n
assert (choices @ inputs).square().mean() == s**2 * n * inputs.square().mean()

# %%
# With an activation function f there are two recursions. Let sigma be s√n, let q be the
# mean square of the inputs of f, and z a normal number with this mean square.
#
# - Forward, q becomes sigma² times the mean of f(z)².
# - Back, the mean square of the gradient is multiplied by sigma² times the mean of the
#   slope's square, f'(z)².
#
# (Poole et al., 2016; Schoenholz et al., 2017.) For a linear network and for ReLU the
# two factors are equal, which hides that there are two. For tanh at sigma = 5, the
# signal stays where it is. Most units are saturated, but some lie near 0, where the
# slope is 1. So its mean square is 0.12, and 25 times that is 2.9, more than 1.

torch.manual_seed(0)
normal = torch.randn(1_000_000).to(device)
for function, sigma, q, factors in (  # q is where the signal settles
    (torch.relu, 2**0.5, 1, (1.0, 1.0)),
    (torch.tanh, 5, theory[5].fixed_point, (1.0, theory[5].chi)),
):
    z = (q**0.5 * normal).requires_grad_()
    y = function(z)
    (slope,) = torch.autograd.grad(y.sum(), z)
    forward = sigma**2 * y.square().mean().item() / q
    flat = slope.square().mean().item()
    print(f"{function.__name__}: forward {forward:.2f}, backward", end=" ")
    print(f"{sigma**2:.0f} * {flat:.2f} = {sigma**2 * flat:.2f}")
    assert_close((forward, sigma**2 * flat), factors, rtol=0.02, atol=0)
assert round(flat, 2) == 0.12
assert f"{theory[5].chi:.1f}" == "2.9"

# %%
# Proof
# -----
#
# First, the law itself. 50 layers with 100 units, without activation function, and
# weights of 0.09, 0.1 and 0.11: the factors 0.9, 1 and 1.1. Medians of 15 draws.

for std in (0.09, 0.10, 0.11):
    sizes = []
    for seed in range(15):
        torch.manual_seed(seed)
        signal = torch.randn(200, 100).to(device)
        for _ in range(50):
            signal = signal @ (torch.randn(100, 100) * std).to(device)
        sizes.append(signal.std().item())
    factor = std * 100**0.5
    law = factor**50
    print(f"factor {factor:.1f}: {median(sizes):.2g}, predicted {law:.2g}")
    assert_close(median(sizes), law, rtol=0.15, atol=0)

# %%
# Second, overflow and underflow. Weights of 1 and 100 units make the factor 10. Of
# 20,000 normal numbers the largest is about 4.1. So the first inf comes in the first
# layer whose 4.1 · 10^L is beyond the largest number of the dtype, one layer before
# the nan: inf minus inf. With weights of 0.01 the factor is 0.1. All is 0 once 4.1 ·
# 0.1^L is below half the smallest number of the dtype.


def first_layer(dtype, std, found):  # where it is found, in the median of 5 draws
    layers = []
    for seed in range(5):
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
    print(f"{dtype}: with weights of 0.01 all zero in layer {zero}")
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
# Fourth, 1 is not special. ReLU with weights √(2/n), the initialization of He et al.,
# keeps the mean square, on average. Part of that is the mean of the outputs, which are
# never negative. Their standard deviation is √(1 - 1/π) = 0.826 of the root mean
# square. And a good size says nothing about what is in the signal. The cosine between
# two different inputs goes to 1 with depth: in the end, all inputs look alike. A known
# formula predicts it (Cho and Saul, 2009).


def next_cosine(c):
    return ((1 - c**2) ** 0.5 + (math.pi - math.acos(c)) * c) / math.pi


def he_network():
    return network(nn.ReLU, (2 / 256) ** 0.5, depth=51)


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
# Picture
# -------
#
# The three networks of tanh, at the outputs of their linear layers. Lines are
# predictions, dots are medians of five draws. In each picture, follow the signal from
# left to right, and the gradient from right to left. At 5 the signal is flat, and the
# gradient grows all the same.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.8), layout="constrained", sharey=True)
for ax, (sigma, path) in zip(axes, paths.items(), strict=True):
    signal = [layer.second_moment**0.5 for layer in path]
    gradient = [layer.gradient**0.5 for layer in path]
    for which, line, color in ((0, signal, "#0072b2"), (1, gradient, "#d55e00")):
        ax.plot(range(1, 31), line, color=color)
        heights = [dots[sigma, layer][which] for layer in range(1, 31, 2)]
        ax.plot(range(1, 31, 2), heights, "o", markersize=4, color=color)
    ax.set(yscale="log", xlabel="layer", title=f"sigma = {sigma}")
    ax.set_label(
        f"Thirty layers of tanh with sigma {sigma}, on a logarithmic axis. The size of "
        f"the signal goes from {signal[0]:.1g} to {signal[-1]:.1g}, and that of the "
        f"gradient from 1 at the last layer to {gradient[0]:.1g} at the first one. The "
        "measured dots lie on the predicted lines."
    )
axes[0].set_ylabel("root mean square")
axes[2].annotate("signal", (18, 5), (0, -13), textcoords="offset points")
axes[2].annotate("gradient", (12, 2e4), (6, 4), textcoords="offset points")
figure.suptitle(
    "At 0.5 both vanish; at 5 the gradient explodes and the signal does not"
)
assert round(min(signal) / max(signal), 1) == 0.9
assert math.floor(math.log10(max(gradient))) == 6

# %%
# And a signal without activation function on its way through the range of the dtypes.
# Factors of 0.9 or 1.1 are survived for 50 layers. Factors of 0.1 or 10 are not.

figure, ax = plt.subplots(figsize=(7.2, 4.6), layout="constrained")
colors = ("#d55e00", "#cc79a7", "#009e73", "#56b4e9", "#0072b2")
ends = []
heights = (-3, 8, -3, -14, -3)  # of the labels
lines = zip((1, 0.11, 0.1, 0.09, 0.01), colors, heights, strict=True)
for std, color, up in lines:
    torch.manual_seed(0)
    signal, sizes = torch.randn(200, 100).to(device).double(), []
    for _ in range(50):
        signal = signal @ (torch.randn(100, 100) * std).to(device).double()
        sizes.append(signal.std().item())
    ends.append(sizes[-1])
    ax.plot(range(1, 51), sizes, color=color)
    ax.annotate(f"weights {std}", (50, ends[-1]), (5, up), textcoords="offset points")
for dtype in (torch.float16, torch.float32):
    ax.axhline(torch.finfo(dtype).max, color="#808080", linestyle="--", linewidth=1)
    text = f"largest {dtype}".replace("torch.", "")
    place = (17, torch.finfo(dtype).max)
    ax.annotate(text, place, (0, 3), textcoords="offset points")
ax.set(yscale="log", xlim=(0, 61), xlabel="layer", ylabel="standard deviation")
ax.set_xticks(range(0, 51, 10))
ax.set_title("Only factors close to 1 stay within the range of the numbers")
ax.set_label(
    "Five lines over 50 layers on a logarithmic axis. With weights of 1 the signal "
    "rises steadily, past the largest numbers of float16 and, at the end, of float32. "
    "With 0.01 it falls as steadily. With 0.09, 0.1 and 0.11 it stays between a "
    "thousandth and a thousand."
)
assert ends == sorted(ends, reverse=True)
for dtype in (torch.float16, torch.float32):
    assert torch.tensor(ends).to(dtype).isinf().tolist() == [True] + 4 * [False]

# %%
# Traps
# -----
#
# The loss is nan: where does it begin?
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The loss is the last place where it shows. Stop at the first module whose output is
# not finite. In most cases that is inf, and the nan comes one layer later.


def stop_where_not_finite(model):
    for name, module in model.named_modules():

        def check(module, inputs, output, name=name):
            if not output.isfinite().all():
                kind = "nan" if output.isnan().any() else "inf"
                raise FloatingPointError(f"{kind} in module {name!r}")

        module.register_forward_hook(check)


torch.manual_seed(0)
exploding = network(nn.Identity, 1, depth=50, width=100)
x = torch.randn(200, 100).to(device)
assert exploding(x).sum().isnan()
stop_where_not_finite(exploding)
with shows_error(FloatingPointError, match="inf in module"):
    exploding(x)

# %%
# It is nan in float16 only
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# float16 ends at 65504. bfloat16 has the range of float32, with fewer digits. If a
# network is fine in these two, and not in float16, its activations are too large.
# ``GradScaler`` does not help there. It multiplies the loss, and so the gradients, to
# keep them from *vanishing* in float16. The forward pass knows nothing of it.

dtypes = torch.float16, torch.bfloat16, torch.float32
numbers = [2 * torch.tensor(60000.0, device=device).to(dtype) for dtype in dtypes]
assert torch.finfo(torch.float16).max == 65504
assert [number.isinf().item() for number in numbers] == [True, False, False]

half = torch.ones((), dtype=torch.float16, device=device, requires_grad=True)
for factor in (1, torch.amp.GradScaler(device.type).get_scale()):
    (gradient,) = torch.autograd.grad(half.float() * 1e-8 * factor, half)
    print(f"a gradient of 1e-8, times {factor:g}, in float16: {gradient:.2g}")
    assert (gradient == 0) == (factor == 1)

# %%
# Batch norm makes the forward scale right, and not the gradients
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With it the scale of the weights no longer matters for the signal. And yet the
# gradient grows on its way back, more than a hundredfold in 30 layers of ReLU, whatever
# the scale: here batch norm itself makes it explode (Yang et al., 2019).

for std in (0.01, 1):
    sizes, growth = [], []
    for stats in statistics(lambda s=std: network(nn.ReLU, s, norm=nn.BatchNorm1d)):
        norms = [layer for layer in stats if layer.kind == "BatchNorm1d"]
        sizes.append(stats.layers[-3].rms)  # the last ReLU
        growth.append(norms[0].gradient_rms / norms[-1].gradient_rms)
    print(
        f"weights {std}: rms {median(sizes):.2f}, gradient grows {median(growth):.0f}"
    )
    assert round(median(sizes), 1) == 0.7
    assert math.floor(math.log10(median(growth))) == 2

# %%
# A layer that is dead
# ~~~~~~~~~~~~~~~~~~~~
#
# After a step that was too large, a unit of ReLU can be 0 for every example. Then no
# gradient passes it, and the weights before it never change again. The standard
# deviation of the layer does not tell; the share of dead units does.

torch.manual_seed(0)
relu = nn.Sequential(nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 1)).to(device)
with torch.no_grad():
    relu[0].bias[:25] = -100.0
x = torch.randn(200, 100).to(device)
layer = activation_stats(relu, x).layers[1]
print(f"std {layer.std:.2f}, and {layer.dead:.0%} of the units are dead")
assert layer.dead == 0.25
(gradient,) = torch.autograd.grad(relu(x).sum(), relu[0].weight)
assert gradient.any(dim=1).tolist() == [False] * 25 + [True] * 75

# %%
# The standard deviation of what?
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# 30 layers of ReLU as torch initializes them. Over the whole tensor the standard
# deviation is 0.02, and it stays there: the biases keep the signal alive. But for each
# unit, over the examples, it is 0 to eight digits: every input gives the same output.
# And the gradients vanish. One number for the whole tensor shows none of this.

torch.manual_seed(0)
layers = [each for _ in range(30) for each in (nn.Linear(256, 256), nn.ReLU())]
default = nn.Sequential(*layers).to(device)
x = torch.randn(64, 256).to(device)
with torch.no_grad():
    output = default(x)
    halfway = default[:30](x)
print(f"whole tensor {output.std():.3f}, halfway {halfway.std():.3f}")
print(f"each unit, over the examples: {output.std(dim=0).mean():.1g}")
stats = activation_stats(default, x, torch.sum)
print(f"gradient at the first layer, relative to the last: {backwards(stats):.1g}")
assert round(output.std().item(), 2) == round(halfway.std().item(), 2) == 0.02
assert round(output.std(dim=0).mean().item(), 8) == 0
assert_close(stats.layers[-1].similarity, 1.0, rtol=0, atol=1e-6)
assert math.floor(math.log10(backwards(stats))) == -12
for layer in default[::2]:
    nn.init.zeros_(layer.bias)
assert math.floor(math.log10(default(x).std().item())) == -12

# %%
# On a GPU
# --------
#
# The law is the same: all devices share the ranges of the dtypes. Products of float16
# matrices are summed in float32 and rounded at the end. A sum that passes 65504 on its
# way does no harm if its end is below: here 40000 + 40000 - 40000 - 40000.

print("this page ran on", device.type)
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
# A residual network ``h = h + linear(h)``, with weights of 1/√n. By which factor does
# the size grow in a layer? What does dividing ``linear(h)`` by √L do, for L layers?
#
# Solution
# ^^^^^^^^
#
# The two parts are independent, so their mean squares add up: the factor is √2. Divided
# by √L, the mean square gains 1 + 1/L, which makes e after many layers, and √e in size.


def residual(depth, scale, width=256):
    h = torch.randn(64, width).to(device)
    for _ in range(depth):
        h = h + scale * h @ (torch.randn(width, width) / width**0.5).to(device)
    return h.square().mean().item() ** 0.5


torch.manual_seed(0)
plain = median(residual(50, 1) for _ in range(5))
divided = median(residual(50, 50**-0.5) for _ in range(5))
print(f"{plain:.2g} after 50 layers, and {divided:.2f} when divided")
assert_close(plain, 2.0 ** (50 / 2), rtol=0.2, atol=0)
assert_close(divided, math.e**0.5, rtol=0.1, atol=0)

# %%
# Take it home
# ------------
#
# Look at your own model before you train it. Give ``activation_stats`` a batch and your
# loss. Read it by columns: the rms and the gradient should change little from layer to
# layer, the similarity should not go to 1, and few units should be dead.

torch.manual_seed(0)
layers = [each for _ in range(4) for each in (nn.Linear(64, 64), nn.ReLU())]
model = nn.Sequential(*layers, nn.Linear(64, 10)).to(device)
batch, target = torch.randn(128, 64).to(device), torch.randint(10, (128,)).to(device)
stats = activation_stats(model, batch, lambda y: nn.functional.cross_entropy(y, target))
seen = [layer for layer in stats if layer.kind == "ReLU"]
sizes = [layer.rms for layer in seen]
cosines = [layer.similarity for layer in seen]
assert sizes == sorted(sizes, reverse=True)
assert cosines == sorted(cosines)
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
# - PyTorch: `Automatic mixed precision
#   <https://docs.pytorch.org/docs/stable/amp.html#gradient-scaling>`__.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
