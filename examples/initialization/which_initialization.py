# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Which initialization for which activation and layer?
====================================================

People ask this when a model has GELU, convolutions, embeddings or attention, and the
rule they remember, "Kaiming for ReLU, Xavier for tanh", names none of them.

:Level: intermediate

Short answer
------------

Draw weights with mean 0 and standard deviation gain / √fan_in; set biases to 0. fan_in
counts the products in one output: inputs, times the kernel's size in a
convolution. The gain is that of the function whose outputs the layer reads: 1 without
one, √2 for ReLU, others below. Embeddings, residual branches and last layers have rules
of their own.
"""

import torch
from tensorglass import gain
from torch import nn

z, w = torch.randn(2, 1000, 1000, generator=torch.manual_seed(0))
for f in (nn.Identity(), nn.ReLU(), nn.GELU(), nn.SiLU(), nn.Tanh(), nn.SELU()):
    y = f(z) @ (w * gain(f) / 1000**0.5)  # a layer that reads f
    print(f"{type(f).__name__:8} gain {gain(f):.3f}")
    assert f"{y.square().mean().sqrt():.1f}" == "1.0"

# %%
# Ten equal layers, with each gain: a dot is the median of five draws, a bar the theory.
# With its own gain each function ends between 1/7 and 7. GELU and SiLU drift upwards
# (:doc:`weight_initialization`). If the first layer, which reads the input, has gain 1,
# both end within a factor of 1.5 of 1.

# More: measures ten layers, and draws them
from statistics import median

import matplotlib.pyplot as plt
import torch.nn.functional as F
from tensorglass import default_device, signal_propagation
from torch.testing import assert_close

device = default_device()  # a GPU if there is one
FUNCTIONS = {
    "none": nn.Identity(),
    "ReLU": torch.relu,
    "tanh": torch.tanh,
    "GELU": F.gelu,
    "SiLU": F.silu,
    "SELU": F.selu,
}


def rms_of(tensor):
    return tensor.double().square().mean().sqrt().item()


def after_ten(function, factor, seed, first=None):
    torch.manual_seed(seed)
    h = torch.randn(64, 256).to(device)
    for of_layer in [first or factor] + 9 * [factor]:
        sums = h @ (torch.randn(256, 256) * of_layer / 256**0.5).to(device)
        h = function(sums)
    return rms_of(sums)


left = {}  # the sums in layer 10, by function and gain
figure, ax = plt.subplots(figsize=(5.6, 4.0), layout="constrained")
kinds = {
    "gain 1": ("#0072b2", 0.25),
    "√2": ("#d55e00", 0),
    "its own": ("#009e73", -0.25),
}
for row, (name, function) in enumerate(FUNCTIONS.items()):
    gains = dict(zip(kinds, (1, 2**0.5, gain(function)), strict=True))
    for kind, (color, up) in kinds.items():
        theory = signal_propagation(function, gains[kind]).through(10).layers[-1]
        predicted = theory.second_moment**0.5
        measured_rms = [after_ten(function, gains[kind], seed) for seed in range(5)]
        left[name, kind] = median(measured_rms)
        ax.plot(predicted, up - row, "|", color=color, markersize=13)
        ax.plot(left[name, kind], up - row, "o", color=color, markersize=5)
        assert_close(left[name, kind], predicted, rtol=0.3, atol=0)
for height, (kind, (color, _)) in zip((0.4, 0, -0.4), kinds.items(), strict=True):
    ax.text(60, height - 2, kind, color=color, va="center")
ax.axvline(1, color="#808080", linewidth=0.8, zorder=0)
ax.set(xscale="log", xlim=(1e-3, 1500), xlabel="root mean square of the sums, layer 10")
ax.set_yticks(range(0, -6, -1), FUNCTIONS)
ax.set_title("Each function has its own gain")
ax.set_label(
    "Six rows of three dots on a logarithmic axis. With gain 1, no activation and SELU "
    "are at 1, tanh at 0.2, ReLU at 0.04, GELU and SiLU near 0.003. With the root of "
    "2, ReLU and tanh are near 1, no activation is near 30. With its own gain each is "
    "between 1 and 7. A bar near each dot is the prediction."
)
assert [round(left[name, "gain 1"], 1) for name in ("none", "SELU")] == [1, 1]
assert_close(left["ReLU", "√2"], 2**0.5, rtol=0.3, atol=0)
assert_close(left["none", "√2"], 32.0, rtol=0.1, atol=0)
own = {name: left[name, "its own"] for name in FUNCTIONS}
within_seven = max(max(each, 1 / each) for each in own.values()) < 7
assert within_seven
assert sorted(own, key=own.get)[-2:] == ["GELU", "SiLU"]
for function in (F.gelu, F.silu):
    drawn = [after_ten(function, gain(function), seed, first=1) for seed in range(5)]
    first_is_one = median(drawn)
    print(f"{function.__name__} with gain 1 in the first layer: {first_is_one:.2f}")
    within = 1 / 1.5 < first_is_one < 1.5
    assert within

# %%
# Take it home
# ------------
#
# In torch. (Its own gain for tanh, 1.667, lets sums settle at a mean square of 1.18,
# not 1.)

conv, first, after_gelu = nn.Conv2d(64, 128, 3), nn.Linear(9, 512), nn.Linear(512, 9)
nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")  # reads ReLU: gain √2
nn.init.kaiming_normal_(first.weight, nonlinearity="linear")  # none or SELU: gain 1
nn.init.normal_(after_gelu.weight, std=1.534 / 512**0.5)  # reads GELU: gain 1.534

assert_close(rms_of(conv.weight), (2 / (64 * 3 * 3)) ** 0.5, rtol=0.02, atol=0)
assert round(gain(F.gelu), 3) == 1.534

# %%
# ``initialize_`` does a whole model. Its first layer reads no GELU, so gain 1:

from tensorglass import initialize_

layers = [nn.Conv2d(3, 64, 3), nn.GELU(), nn.Conv2d(64, 128, 3), nn.GELU()]
model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 36, 10)).to(device)
done = initialize_(model, F.gelu, gains={"0.weight": 1})
stds = [each.std for each in done.parameters if each.std]
for each in done.parameters:
    print(f"{each.name}: {each.how}" + (f", std {each.std:.3f}" if each.std else ""))
assert_close(stds, [27**-0.5, gain(F.gelu) / (64 * 9) ** 0.5, (128 * 36) ** -0.5])

# %%
# Layers that differ, measured below:
#
# - Convolutions: a group counts its own inputs alone.
# - Embeddings: standard deviation 1. Shared with the output layer: 0.02 or 1 / √width.
# - Transformers: 0.02, and 0.02 / √(2 layers) where a residual branch ends.
# - Last layers: gain 1; behind normalization layers 0 or 0.2 (0.2 / √64 = 0.025).

# More: the library's choices are these
tower = nn.Sequential(nn.Embedding(100, 64), nn.LayerNorm(64), nn.Linear(64, 100))
head = initialize_(tower, F.gelu).parameters
found = {each.name: each.std for each in head if each.std}
print("embedding:", found["0.weight"])
print(f"last layer, behind a layer norm: {found['2.weight']:.3f}")
assert found["0.weight"] == 1
assert_close(found["2.weight"], 0.2 / 64**0.5)

# %%
# More: gains for gradients
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Gradients have a gain of their own, *backward*, which is divided by √fan_out. It keeps
# their size through one layer whose sums have mean square 1. Through many layers it
# does so only without a function and with ReLU. With the *critical* gain neither sums
# nor gradients vanish or explode exponentially. With biases of 0, GELU and SiLU have
# none. For tanh, 1.593 keeps sums at a mean square of 1, and torch's 1.667 at 1.18. For
# SELU torch has 0.750, and says that this is for stable gradients.

from tensorglass import critical_sigma_w

print("      gain backward critical torch")
for name, function in FUNCTIONS.items():
    try:
        torch_says = f"{nn.init.calculate_gain(name.lower()):.3f}"
    except ValueError:
        torch_says = "1.000" if name == "none" else "-"
    found = critical_sigma_w(function).sigma_w
    critical = "-" if found is None else f"{found:.3f}"
    backward = gain(function, "backward")
    both = f"{gain(function):.3f} {backward:8.3f}"
    print(f"{name:4} {both} {critical:>8} {torch_says:>5}")

points = [critical_sigma_w(function).sigma_w for function in FUNCTIONS.values()]
assert [each and round(each, 2) for each in points] == [1, 1.41, 1, None, None, 0.69]
assert nn.init.calculate_gain("linear") == 1
of_tanh = gain(torch.tanh), nn.init.calculate_gain("tanh")
assert [f"{each:.3f}" for each in of_tanh] == ["1.593", "1.667"]
ends = [signal_propagation(torch.tanh, g).through(50).layers[-1] for g in of_tanh]
print("tanh, mean square of the sums in layer 50:")
print(
    *[
        f"gain {g:.3f}: {end.second_moment:.2f}"
        for g, end in zip(of_tanh, ends, strict=True)
    ]
)
assert [f"{end.second_moment:.2f}" for end in ends] == ["1.00", "1.18"]
with_biases = [critical_sigma_w(f, 1.0).sigma_w for f in (F.gelu, F.silu)]
assert [round(each, 2) for each in with_biases] == [1.41, 1.40]

torch.manual_seed(0)
sums, weight, of_outputs = torch.randn(3, 512, 512)
sums.requires_grad_()
through_many = {}
for name, function in FUNCTIONS.items():
    backward = gain(function, "backward")
    outputs = function(sums) @ (weight * backward / 512**0.5)
    (of_sums,) = torch.autograd.grad(outputs, sums, of_outputs)
    assert_close(rms_of(of_sums), 1.0, rtol=0.02, atol=0)
    path = signal_propagation(function, backward).through(20).layers
    through_many[name] = path[0].gradient ** 0.5
print("gradients after 20 layers:", {k: round(v, 1) for k, v in through_many.items()})
kept = [name for name, factor in through_many.items() if factor < 1.1]
assert kept == ["none", "ReLU"]

# %%
# Why
# ---
#
# An output y sums n = fan_in products of a weight and an input x. If the weights have
# mean 0 and depend neither on the inputs nor on each other, the mean of y² is n Var(w)
# times that of x². ReLU drops half of it, if y is symmetric around 0. For another f the
# inputs are f(z), where z are the sums of the layer before. Take z as standard normal,
# since long sums nearly are: the mean of x² is E[f(z)²]. So the mean square stays, by
# the third formula where that of the sums is 1, with
#
# .. math::
#
#    \operatorname{Var}(w) = \frac{1}{n} \text{ (plain)}, \quad
#    \frac{2}{n} \text{ (ReLU)}, \quad
#    \frac{1}{n \, \mathbb{E}[f(z)^2]} \text{ (any f)}
#
# (He et al., 2015, section 2.2.) On average over the draws the first two are exact, for
# each n, each input and symmetric weights: here are all signs of up to 10 weights.

import itertools

torch.manual_seed(0)
for n in range(1, 11):
    signs = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=n))).double()
    signs, x = signs.to(device), torch.randn(n).double().to(device)
    y = signs @ x / n**0.5  # variance 1 / n: all 2^n units that there are
    assert_close(rms_of(y), rms_of(x))
    assert_close(rms_of((2**0.5 * y).relu()), rms_of(x))

# %%
# More: the third formula
# ~~~~~~~~~~~~~~~~~~~~~~~
#
# Here is a layer that reads 2048 sums of mean square 1, for each function, and ``gain``
# against an integral over a fine grid. In **front** of f the same gain does something
# else: of inputs of mean square 1 it makes sums of gain², and tanh, GELU and SiLU make
# of these another mean square than 1.

z = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
density = torch.exp(-z * z / 2) / (2 * torch.pi) ** 0.5
x = torch.randn(64, 512)
sums = x / rms_of(x) @ torch.randn(512, 2048) / 512**0.5
weight = torch.randn(2048, 2048) / 2048**0.5
in_front = {}
for name, function in FUNCTIONS.items():
    mean_square = torch.trapezoid(density * function(z) ** 2, z).item()
    assert_close(gain(function), mean_square**-0.5, rtol=1e-6, atol=0)
    kept = rms_of(function(sums) @ weight * gain(function))
    in_front[name] = rms_of(function(gain(function) * sums)) ** 2
    print(f"{name:5} mean square behind {kept**2:.2f}, in front {in_front[name]:.2f}")
    assert_close(kept, 1.0, rtol=0.05, atol=0)
off = [name for name, left in in_front.items() if abs(left - 1) > 0.05]
assert off == ["tanh", "GELU", "SiLU"]

# %%
# More: convolutions, and what torch reads off a shape
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Inside an image, an output of a convolution is the sum of (inputs of its group) times
# (kernel size) products: 576 for 64 channels and a 3 by 3 kernel, 9 for a depthwise
# one. A transposed convolution with stride 2 spreads each input over more outputs, so
# an output gets a quarter of inputs times kernel size: here 256 · 16 / 4 = 1024. (For
# odd kernels on average: with 3 by 3, one output in four gets 4 of the 9 products of
# each input, two get 2, and one gets 1.) ``nn.init`` takes the wrong axis there, and
# reads 128 · 16 = 2048. Its fan_out ignores groups: 2304 for the depthwise one, where 9
# is right.


def left_by(layer, draw):  # of the signal, away from the borders
    draw(layer)
    torch.manual_seed(1)
    x = torch.randn(4, layer.in_channels, 18, 18).to(device)
    return rms_of(layer(x)[..., 4:-4, 4:-4])


def by_torch(layer):
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")


def by_library(layer):
    return initialize_(layer, nn.Identity(), last_gain=1.0).parameters[0]


kernels = {
    "convolution": nn.Conv2d(64, 128, 3, bias=False),
    "depthwise": nn.Conv2d(256, 256, 3, groups=256, bias=False),
    "transposed": nn.ConvTranspose2d(256, 128, 4, stride=2, bias=False),
}
for name, layer in kernels.items():
    layer.to(device)
    both = [left_by(layer, draw) for draw in (by_torch, by_library)]
    how = by_library(layer).how
    print(f"{name:12} torch keeps {both[0]:.2f}, the library {both[1]:.2f} ({how})")
    expected = 0.5**0.5 if name == "transposed" else 1.0
    assert_close(both, [expected, 1.0], rtol=0.1, atol=0)

odd = nn.ConvTranspose2d(256, 128, 3, stride=2, bias=False).to(device)
by_library(odd)
torch.manual_seed(1)
inside = odd(torch.randn(4, 256, 18, 18).to(device))[..., 4:-5, 4:-5]
quarters = [rms_of(inside[..., i::2, j::2]) for i in (0, 1) for j in (0, 1)]
print("a kernel of 3 by 3, every second row and column:", quarters)
by_products = [(count / (9 / 4)) ** 0.5 for count in (4, 2, 2, 1)]
assert_close(quarters, by_products, rtol=0.1, atol=0)

variances = [by_library(layer).std ** -2 for layer in kernels.values()]
assert_close(variances, [64 * 9.0, 9.0, 256 * 16 / 4])
depthwise = kernels["depthwise"]
nn.init.kaiming_normal_(depthwise.weight, mode="fan_out", nonlinearity="linear")
too_small = depthwise.weight.std().item()
right = initialize_(depthwise, nn.Identity(), last_gain=1.0, direction="backward")
assert_close(too_small, 2304**-0.5, rtol=0.1, atol=0)
assert_close(right.parameters[0].std, 9**-0.5)

# %%
# More: transformers
# ~~~~~~~~~~~~~~~~~~
#
# GPT-2 draws with 0.02, embeddings of words too, and those of positions with 0.01. By
# its paper, the weights of N residual layers are divided by √N. (The code that was
# published does not show it.) Read as branches, of which each layer has two, that is
# √(2 layers) where a branch ends. The branches add up. If each adds v to the mean
# square of the stream, N of them add N v; divided by √N they add v, however deep the
# model is. We measure this without attention: 12 and 48 branches of width 256, each
# with a layer norm in front. (0.02 is for wide models: 1 / √2500 is 0.02.)
# ``initialize_`` has this factor, too.


def stream(branches, factor):  # its mean square at the end
    torch.manual_seed(0)
    h = 0.02 * torch.randn(64, 256) + 0.01 * torch.randn(64, 256)  # words, positions
    for _ in range(branches):
        inner = F.gelu(F.layer_norm(h, (256,)) @ (0.02 * torch.randn(256, 1024)))
        h = h + factor * inner @ (0.02 * torch.randn(1024, 256))
    return rms_of(h) ** 2


start, first = stream(0, 1), stream(1, 1)
v = first - start
for branches in (12, 48):
    plain, scaled = stream(branches, 1), stream(branches, branches**-0.5)
    print(f"{branches} branches: mean square {plain:.3f}, divided {scaled:.4f}")
    assert_close([plain, scaled], [start + branches * v, start + v], rtol=0.1, atol=0)
assert 2500**-0.5 == 0.02

one = nn.TransformerEncoderLayer(64, 4, norm_first=True)
encoder = nn.TransformerEncoder(one, 8, enable_nested_tensor=False)
drawn = [each.how for each in initialize_(encoder, torch.relu).parameters]
factors = [float(how.split()[-1]) for how in drawn if "times" in how]
print(len(factors), "weights close a branch of this encoder:", set(factors))
assert factors == 16 * [0.25]  # 1 / √(2 · 8), by the library

# %%
# More: embeddings and last layers
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A lookup adds nothing up: its fan_in is 1, and its rows have the rms with which they
# are drawn. As an output layer the same table sums over its width, so its logits have
# √width times that rms. With independent normal logits of standard deviation s and C
# classes, a classifier starts on average with a loss of at most
#
# .. math:: \ln C + s^2 / 2
#
# and near it for s up to 1 and many classes. So small logits start at guessing. With
# few classes or a large s the loss is lower: a table of standard deviation 1 and width
# 384 has logits of 19.6. A last layer of zeros starts at guessing exactly. In the first
# step no gradient passes it, and in the second it does.

classes, width = 1000, 384
torch.manual_seed(0)
hidden = F.layer_norm(torch.randn(512, width), (width,))
targets = torch.randint(classes, (512,))
for s in (1.0, 0.02 * width**0.5, 0.2, 0.0):
    table = torch.randn(classes, width) * s / width**0.5
    logits = hidden @ table.T
    loss = F.cross_entropy(logits, targets).item()
    print(f"logits of {rms_of(logits):.2f}: first loss {loss:.2f}")
    law = torch.tensor(1000.0).log().item() + s**2 / 2
    assert_close([rms_of(logits), loss], [s, law], rtol=0.02, atol=0)

for classes, s in ((50, 1.0), (2, 1.0), (10, 2.0), (1000, 384**0.5)):
    logits = s * torch.randn(2000, classes)
    loss = F.cross_entropy(logits, torch.randint(classes, (2000,))).item()
    law = torch.tensor(classes).log().item() + s**2 / 2
    print(f"{classes} classes, logits of {s:.1f}: loss {loss:.2f}, at most {law:.2f}")
    if classes == 50:
        assert_close(loss, law, rtol=0.02, atol=0)
    else:
        far_below = loss < law - 0.2
        assert far_below
of_table = f"{384**0.5:.1f}"
assert of_table == "19.6"

zero_head = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))
nn.init.zeros_(zero_head[2].weight)
passes, optimizer = [], torch.optim.SGD(zero_head.parameters(), lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    F.cross_entropy(zero_head(torch.randn(32, 8)), targets[:32] % 3).backward()
    passes.append(zero_head[0].weight.grad.any().item())
    optimizer.step()
assert passes == [False, True]

# %%
# What is often said
# ------------------
#
# "With 2 / n, the standard deviation after ReLU is 1." The root mean square is. The
# mean is 1/√π and the standard deviation √(1 - 1/π): 0.56 and 0.83. The fastai book
# prints such numbers. What the next layer keeps is the mean square.

torch.manual_seed(0)
x, w = torch.randn(2, 1000, 1000)
relu = (x @ (w * (2 / 1000) ** 0.5)).relu()
assert_close(rms_of(relu), 1.0, rtol=0.02, atol=0)
pi = torch.pi
print(f"mean {relu.mean():.3f}, by law {pi**-0.5:.3f}")
print(f"standard deviation {relu.std():.3f}, by law {(1 - 1 / pi) ** 0.5:.3f}")
assert_close([relu.mean().item(), relu.std().item()], [0.56, 0.83], rtol=0.02, atol=0)
assert_close([pi**-0.5, (1 - 1 / pi) ** 0.5], [0.56, 0.83], rtol=0.01, atol=0)

# %%
# "PyTorch's linear layer uses Kaiming initialization." So say the book and the name of
# the function that is called. But the weights lie between ±1 / √fan_in: that is gain
# 1/√3. Convolutions do the same.

torch.manual_seed(0)
bounds = []
for layer in (nn.Linear(512, 256), nn.Conv2d(64, 128, 3)):
    fan_in = layer.weight[0].numel()
    root_gain = rms_of(layer.weight) * fan_in**0.5
    bounds.append(layer.weight.abs().max().item() * fan_in**0.5)
    assert_close(root_gain, 3**-0.5, rtol=0.01, atol=0)
assert_close(bounds, [1.0, 1.0], rtol=0.001, atol=0)

# %%
# More: "Xavier for tanh"
# ~~~~~~~~~~~~~~~~~~~~~~~
#
# Where both fans are equal, that is gain 1. Then the signal shrinks slowly: after 20
# layers 0.17 of a root mean square of 1 is left, and 0.19 of the gradient. (Of 0.3,
# more is left: 0.48 of it.) With tanh's own gain the signal stays, and the gradient
# grows to 3.4. Gain 1 is the critical one. After 200 layers it leaves 0.06 of the
# gradient, and the other makes it 8.6e+06 times as large.

found = {}
for depth in (20, 200):
    for factor in (1, gain(torch.tanh)):
        path = signal_propagation(torch.tanh, factor).through(depth).layers
        ends = path[-1].second_moment ** 0.5, path[0].gradient ** 0.5
        found[depth, factor == 1] = [f"{end:.2g}" for end in ends]
        print(f"{depth} layers, gain {factor:.3f}: signal {ends[0]:.2g}", end=", ")
        print(f"gradient {ends[1]:.2g}")
small = signal_propagation(torch.tanh, 1).through(20, second_moment=0.3**2).layers
assert found[20, True] == ["0.17", "0.19"]
assert f"{small[-1].second_moment ** 0.5 / 0.3:.2f}" == "0.48"
assert found[20, False] == ["1", "3.4"]
assert [found[200, critical][1] for critical in (True, False)] == ["0.06", "8.6e+06"]

# %%
# Traps
# -----
#
# ``kaiming_normal_`` without its argument
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Its default is a leaky ReLU with slope 0, so ReLU's gain. On the last layer, or with
# SELU, that is √2 too much.

torch.manual_seed(0)
weight = nn.init.kaiming_normal_(torch.empty(512, 512, device=device))
assert_close(rms_of(weight) * 512**0.5, 2**0.5, rtol=0.01, atol=0)

# %%
# More: a new draw overwrites the padding
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``nn.Embedding`` sets the row of ``padding_idx`` to 0, once. ``normal_`` fills it. The
# lookup gives it no gradient: it stays so without weight decay, which shrinks it, and
# without a shared output layer, which gives it one. ``initialize_`` leaves it 0.

table = nn.Embedding(10, 4, padding_idx=0).to(device)
padding = table.weight[0].detach()  # its memory: what is written there is seen here
assert not padding.any()
nn.init.normal_(table.weight, std=0.02)
assert padding.all()
table(torch.tensor([0, 1], device=device)).sum().backward()
assert table.weight.grad.any(dim=1).tolist() == [False, True] + 8 * [False]
filled = padding.clone()
torch.optim.SGD(table.parameters(), lr=0.1).step()
assert torch.equal(padding, filled)
torch.optim.SGD(table.parameters(), lr=0.1, weight_decay=0.1).step()
assert_close(padding, 0.99 * filled)
table.zero_grad()
tokens = torch.tensor([0, 1], device=device)
F.cross_entropy(table(tokens) @ table.weight.T, tokens.flip(0)).backward()
of_padding = table.weight.grad[0]
assert of_padding.any()
initialize_(table, nn.Identity())
assert not padding.any()

# %%
# More: what torch draws in other layers
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Their gains, so the root mean square times √fan_in, for 64 inputs and outputs. (That
# of an embedding is 1, and its fan_in too.)

attention = nn.MultiheadAttention(64, 4)
recurrent = nn.LSTM(64, 64)
weights = {
    "attention, inputs": (attention.in_proj_weight, 2**-0.5),
    "attention, outputs": (attention.out_proj.weight, 3**-0.5),
    "LSTM, inputs": (recurrent.weight_ih_l0, 3**-0.5),
    "LSTM, hidden": (recurrent.weight_hh_l0, 3**-0.5),
}
for name, (weight, expected) in weights.items():
    drawn = rms_of(weight) * weight.shape[1] ** 0.5
    print(f"{name:19} {drawn:.2f}")
    assert_close(drawn, expected, rtol=0.03, atol=0)
rows = nn.Embedding(1000, 64).weight
assert_close(rms_of(rows), 1.0, rtol=0.02, atol=0)

# %%
# On a GPU
# --------
#
# The distribution is the same. A seed gives other numbers there: PyTorch promises no
# equal ones across devices or versions.

print("this page ran on", device.type)
drawn = torch.empty(1000, 1000, device=device)
nn.init.kaiming_normal_(drawn, nonlinearity="relu")
assert_close(rms_of(drawn), (2 / 1000) ** 0.5, rtol=0.01, atol=0)

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Which standard deviation for ``nn.Conv1d(16, 32, 5, groups=4)`` that reads SiLU?
#
# Solution
# ^^^^^^^^
#
# A group has 16 / 4 = 4 inputs, times a kernel of 5: fan_in is 20. SiLU has the gain
# 1.677, so it is 0.375.

grouped = nn.Conv1d(16, 32, 5, groups=4)
grouped = nn.Sequential(nn.SiLU(), grouped, nn.SiLU(), nn.Conv1d(32, 1, 1))
std = initialize_(grouped, F.silu).parameters[0].std
print(f"{gain(F.silu):.3f} / √20 = {std:.3f}")
assert 16 / 4 * 5 == 20
assert (round(gain(F.silu), 3), round(std, 3)) == (1.677, 0.375)
assert_close(std, gain(F.silu) / 20**0.5)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# A network adds 48 branches to its stream, each with the mean square of its input
# normed to 1. By how much does the mean square grow from 1? With which factor does it
# only double?
#
# Solution
# ^^^^^^^^
#
# To 1 + 48 = 49. With 1/√48 at the end of each branch to 2.


def after_branches(factor):
    torch.manual_seed(0)
    h = torch.randn(64, 256)
    for _ in range(48):
        h = h + factor * F.layer_norm(h, (256,)) @ (torch.randn(256, 256) / 16)
    return rms_of(h) ** 2


assert_close(after_branches(1), 49.0, rtol=0.1, atol=0)
assert_close(after_branches(48**-0.5), 2.0, rtol=0.1, atol=0)

# %%
# References
# ----------
#
# - K. He et al., `Delving Deep into Rectifiers <https://arxiv.org/abs/1502.01852>`__
#   (2015); X. Glorot and Y. Bengio, `Understanding the difficulty of training deep
#   feedforward neural networks <https://proceedings.mlr.press/v9/glorot10a.html>`__
#   (2010).
# - A. Radford et al., `Improving Language Understanding by Generative Pre-Training
#   <https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf>`__
#   (2018), for 0.02, and `Language Models are Unsupervised Multitask Learners
#   <https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf>`__
#   (2019), section 2.3; its code, `src/model.py
#   <https://github.com/openai/gpt-2/blob/master/src/model.py>`__, for 0.01.
# - PyTorch: `torch.nn.init <https://docs.pytorch.org/docs/stable/nn.init.html>`__;
#   `Reproducibility
#   <https://docs.pytorch.org/docs/stable/notes/randomness.html>`__.
# - What ``nn.Linear`` draws: `pytorch issue 57109
#   <https://github.com/pytorch/pytorch/issues/57109>`__. The fan_out of groups: `issue
#   23854 <https://github.com/pytorch/pytorch/issues/23854>`__. The padding: `issue 6495
#   <https://github.com/pytorch/pytorch/issues/6495>`__.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
