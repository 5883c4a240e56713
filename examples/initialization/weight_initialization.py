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
How does weight initialization keep activations in range?
=========================================================

People ask this because the same deep network learns nothing from one set of first
weights, and learns well from another.

:Level: intermediate

Short answer
------------

Draw each weight independently, with mean 0 and variance gain² / fan_in. fan_in counts
the inputs of a unit. gain² is 2 for ReLU, 1 without activation function. Then the mean
square of the signal stays, on average, the same in all layers. For ReLU that is
``nn.init.kaiming_normal_(weight, nonlinearity="relu")``. ``nn.Linear`` draws them
smaller, by a factor of √6.
"""

import torch

stds = {"N(0, 1)": 1, "nn.Linear": (3 * 512) ** -0.5, "Kaiming": (2 / 512) ** 0.5}
for name, std in stds.items():
    h = torch.randn(256, 512, generator=torch.manual_seed(0))
    for _ in range(10):
        h = torch.relu(h @ (std * torch.randn(512, 512)))
    print(f"{name:9} rms after 10 ReLU layers: {h.square().mean().sqrt():.2g}")
torch.testing.assert_close(h.square().mean().sqrt().item(), 1.0, rtol=0.5, atol=0)

# %%
# Each layer multiplies the rms, the root mean square, by 16 with N(0, 1), and by 1/√6
# with ``nn.Linear``'s weights. With its random biases, those are left (dashed).

# More: draws the rms after each layer
import matplotlib.pyplot as plt
from torch import nn


def rms(tensor):  # the root mean square
    return tensor.double().square().mean().sqrt().item()


colors = {"N(0, 1)": "#009e73", "nn.Linear": "#d55e00", "Kaiming": "#0072b2"}
figure, ax = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
sizes = {}
for name, std in [*stds.items(), ("with biases", None)]:
    h = torch.randn(256, 512, generator=torch.manual_seed(0))
    sizes[name] = [rms(h)]
    for _ in range(10):
        sums = (
            nn.Linear(512, 512)(h) if std is None else h @ (std * torch.randn(512, 512))
        )
        h = torch.relu(sums).detach()
        sizes[name].append(rms(h))
    style = {"color": "#d55e00", "ls": "--"} if std is None else {"color": colors[name]}
    ax.plot(sizes[name], **style)
    ax.text(10.2, sizes[name][-1], name, color=style["color"], va="center")
ax.set(yscale="log", xlim=(0, 13), xlabel="layer", ylabel="rms of the activations")
ax.set_xticks(range(0, 11, 2))
ax.set_title("Ten ReLU layers: one scale keeps the signal")
ax.set_label(
    "Four lines over the layers from 0 to 10, on a logarithmic axis, from 1. Kaiming "
    "stays near 1. N(0, 1) rises straight to 1e12. nn.Linear falls straight to 0.0001, "
    "but with biases it stays at 0.02 after some layers."
)
ratios = [sizes[name][10] / sizes["Kaiming"][10] for name in ("N(0, 1)", "nn.Linear")]
torch.testing.assert_close(ratios, [16.0**10, 6**-5], rtol=1e-3, atol=0)
torch.testing.assert_close(sizes["with biases"][5:], 6 * [0.02], rtol=0.2, atol=0)

# %%
# Take it home
# ------------
#
# For a model with ReLU, all but its last layer:

layers = [nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(57_600, 10)]
model = nn.Sequential(*layers)  # for images of 32 by 32 pixels

for module in model[:-1].modules():
    if isinstance(module, (nn.Linear, nn.Conv2d)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)

std = model[0].weight.std().item()
torch.testing.assert_close(std, (2 / (3 * 3 * 3)) ** 0.5, rtol=0.1, atol=0)

# %%
# Which one for what:
#
# - ReLU, convolutions too: as above. Leaky ReLU: ``"leaky_relu"``, its slope as ``a``.
# - GELU, SiLU: as for ReLU, with normalization layers. Without, small signals fade.
# - tanh, sigmoid, linear: ``xavier_uniform_(w)``. Many sigmoids lose gradients anyway.
# - SELU: ``kaiming_normal_(w, nonlinearity="linear")``.
# - The last layer: as for SELU, or zeros. In a residual branch: zeros.
# - Transformers: ``normal_(w, std=0.02)``; where residual branches end, 0.02 /
#   √(their number), as in GPT-2.
# - Embeddings shared with the output layer: 0.02. With ``nn.Embedding``'s N(0, 1) the
#   first loss is huge.

# More: checks this list, and sets up the page
import math

import torch.nn.functional as F
from sklearn.datasets import load_digits
from tensorglass import default_device, gain, signal_propagation

device = default_device()  # a GPU if there is one
torch.set_num_threads(1)  # in small products, more would wait for each other


def network(depth, inputs=512, width=512, classes=10, activation=nn.ReLU):
    layers = []
    for fan_in in [inputs] + (depth - 1) * [width]:
        layers += [nn.Linear(fan_in, width), activation()]
    return nn.Sequential(*layers, nn.Linear(width, classes))


digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32)  # 64 pixels each
images = ((images - images.mean()) / images.std()).to(device)
labels = torch.tensor(digits.target).to(device)


def left_of(function, factor, depth):  # signal and gradient, by theory
    path = signal_propagation(function, factor).through(depth).layers
    return path[-1].second_moment ** 0.5, path[0].gradient ** 0.5


torch.manual_seed(0)
leaky = nn.init.kaiming_normal_(torch.empty(512, 512), 0.2, nonlinearity="leaky_relu")
factor = gain(lambda x: F.leaky_relu(x, 0.2))
torch.testing.assert_close(rms(leaky), factor / 512**0.5, rtol=0.01, atol=0)
last = nn.init.kaiming_normal_(torch.empty(512, 512), nonlinearity="linear")
torch.testing.assert_close(rms(last), 512**-0.5, rtol=0.01, atol=0)

first = h = torch.randn(64, 512).requires_grad_()
for _ in range(24):
    sums = h @ (torch.randn(512, 512) * (2 / 512) ** 0.5)
    h = F.gelu(F.layer_norm(sums, (512,)))
(gradient,) = torch.autograd.grad(h, first, torch.randn_like(h))
torch.testing.assert_close(rms(gradient), 1.4, rtol=0.5, atol=0)
print(f"24 layers of GELU: with LayerNorm {rms(h):.2f} of the signal is left,", end=" ")
print(f"without {left_of(F.gelu, 2**0.5, 24)[0]:.3f}")
assert f"{left_of(F.gelu, 2**0.5, 24)[0]:.3f}" == "0.019"

tanh, sigmoid = [left_of(f, 1.0, 20)[1] for f in (torch.tanh, torch.sigmoid)]
print(
    f"20 layers: {tanh:.2f} of the gradient is left by tanh, {sigmoid:.0e} by sigmoid"
)
assert (f"{tanh:.2f}", f"{sigmoid:.0e}") == ("0.19", "1e-12")
torch.testing.assert_close(gain(F.selu), 1.0, rtol=1e-6, atol=0)

one = two = torch.randn(64, 384)
for _ in range(24):  # residual branches: 12 blocks with two each
    weight = 0.02 * torch.randn(384, 384)
    one = one + F.layer_norm(one, (384,)) @ weight
    two = two + F.layer_norm(two, (384,)) @ weight / 24**0.5
grown = [rms(one) ** 2, rms(two) ** 2]
print("24 residual branches: mean square {:.1f}, by GPT-2's rule {:.2f}".format(*grown))
due = [1 + 24 * 0.02**2 * 384, 1 + 0.02**2 * 384]
torch.testing.assert_close(grown, due, rtol=0.05, atol=0)

tokens = torch.randint(1_000, (64,))
losses = []
for std in (1.0, 0.02):
    table = nn.init.normal_(nn.Embedding(1_000, 384).weight.detach(), std=std)
    losses.append(F.cross_entropy(F.layer_norm(one, (384,)) @ table.T, tokens).item())
print("first loss with shared embeddings: {:.0f}, with 0.02 {:.1f}".format(*losses))
huge = losses[0] > 50
assert huge
torch.testing.assert_close(losses[1], math.log(1_000), rtol=0.1, atol=0)

# %%
# With the library: ``lsuv_`` lets your data set the scale of each linear layer, and
# ``activation_stats`` shows it.

from tensorglass import activation_stats, initialize_, lsuv_

torch.manual_seed(0)
model = network(3, 64, 128, 10, nn.GELU)
initialize_(model.to(device), F.gelu)
scaled = lsuv_(model, images)
assert scaled.ok
stats = activation_stats(model, images)
for each in stats.layers[::2]:  # the linear layers, without the activations
    torch.testing.assert_close(each.std, 1.0, rtol=0, atol=0.02)
stats

# %%
# Why
# ---
#
# A unit computes y, the sum of n = fan_in products of a weight w and an input x. If the
# weights have mean 0 and are independent of the inputs and of each other, then
#
# .. math::
#
#    \begin{aligned}
#    \mathbb{E}[y^2] &= n \operatorname{Var}(w) \, \mathbb{E}[x^2] \\
#    \mathbb{E}[\operatorname{relu}(y)^2] &= \frac{1}{2} \, \mathbb{E}[y^2]
#    \end{aligned}
#
# The first holds for all distributions of w and x, the second if y is symmetric around
# 0. So ReLU needs the variance 2 / n. (He et al., 2015, section 2.2.)


def uniform(*size):  # with mean 0 and variance 1
    return (2 * torch.rand(*size) - 1) * 3**0.5


torch.manual_seed(0)
kinds = {"normal": (torch.randn, torch.randn), "uniform": (torch.rand, uniform)}
for name, (draw, weight) in kinds.items():
    x = draw(512, 512).to(device)
    weights = weight(20, 512, 512).to(device) * (2 / 512) ** 0.5
    y = x @ weights
    ratios = [(y.square().mean() / x.square().mean()).item()]
    ratios += [(y.relu().square().mean() / y.square().mean()).item()]
    print(f"{name:8} times {ratios[0]:.3f}, and by ReLU times {ratios[1]:.3f}")
    torch.testing.assert_close(ratios, [2.0, 1 / 2], rtol=0.05, atol=0)

# %%
# More: the gain of any function
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For any function f the weights are larger by its gain. With a standard normal z, since
# the sum is nearly normal, it is
#
# .. math:: \text{gain} = \mathbb{E}[f(z)^2]^{-1/2}

closed_forms = {
    "linear": (nn.Identity(), 1),
    "relu": (torch.relu, 1 / 2),
    "gelu": (F.gelu, 1 / 3 + 1 / (2 * math.pi * 3**0.5)),
}
for name, (function, mean_square) in closed_forms.items():
    print(f"{name:6} has the gain {gain(function):.4f}")
    torch.testing.assert_close(gain(function), mean_square**-0.5, rtol=1e-9, atol=0)

# %%
# More: backward, Xavier, orthogonal weights
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Backward the same law holds with fan_out, and with the derivative of f: take
# ``mode="fan_out"`` to keep the gradients of ReLU or linear layers instead. Xavier
# Glorot's variance, 2 / (fan_in + fan_out), is the compromise. One random number for
# all weights of a unit breaks the law: for inputs uniform between 0 and 1 the mean
# square is (3 n + 1) / 4 times as large. Square orthogonal weights keep the mean square
# of each input of a linear layer exactly.

weight, gradient = torch.randn(400, 100), torch.randn(1000, 400)  # 400 outputs
torch.testing.assert_close(rms(gradient @ weight), 400**0.5, rtol=0.02, atol=0)
xavier = nn.init.xavier_uniform_(torch.empty(400, 100))
torch.testing.assert_close(rms(xavier) ** 2, 2 / (100 + 400), rtol=0.05, atol=0)

n, x = 512, torch.rand(64, 512)
y = x.sum(dim=1, keepdim=True) * torch.randn(20_000)  # 20,000 units, a number for each
times = rms(y) ** 2 / (n * rms(x) ** 2)
torch.testing.assert_close(times, (3 * n + 1) / 4, rtol=0.05, atol=0)
y = x[:1] @ nn.init.orthogonal_(torch.empty(n, n))
torch.testing.assert_close(rms(y), rms(x[:1]), rtol=1e-4, atol=0)

# %%
# More: the first layer and the last
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# To the letter, this gain repairs what f did to a layer's *input*: the first layer,
# whose input is data, needs 1, and the last one the gain. By convention (He's, and that
# of ``initialize_``) the layers that f *follows* get the gain. The last one gets 1, and
# less in models with normalization layers, for smaller first logits. ReLU lets a factor
# pass: there only the product of all gains matters to the outputs, though not to the
# gradients.

model, x = network(3), torch.randn(256, 512)
initialize_(model, torch.relu)
logits = model(x)
with torch.no_grad():
    model[-1].weight *= 2**0.5
    torch.testing.assert_close(rms(model(x)), 2**0.5 * rms(logits))
    model[0].weight /= 2**0.5  # now to the letter
torch.testing.assert_close(model(x), logits, rtol=1e-4, atol=1e-4)

# %%
# More: 50 layers, three draws
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# 50 layers of 512 units with ReLU, three draws, medians. Here both fans are equal, so
# Xavier's variance is 1 / fan_in. Each layer halves the mean square, and 50 layers
# leave 2^-25 of the rms. He's weights keep these medians within a factor of two.
# PyTorch's weights lose a factor √6 in a layer, until the random biases are all that is
# left. All three draw uniformly, so they differ by factors alone, 1, √3 and √6: the
# same draws serve for all, with biases for PyTorch only.

from statistics import median

DEPTH, DRAWS = 50, 3
schemes = ("PyTorch", "Xavier", "He")
scales = {"PyTorch": 1.0, "Xavier": 3**0.5, "He": 6**0.5}  # He's: kaiming_uniform_

torch.manual_seed(0)
h = torch.randn(16, 512).to(device).expand(len(scales) * DRAWS, 16, 512)
squares = [h.square().mean((1, 2))]  # of the input and after each layer
with torch.no_grad():
    for _ in range(DEPTH):
        drawn = [nn.Linear(512, 512) for _ in range(DRAWS)]
        weight = torch.stack(
            [f * each.weight for f in scales.values() for each in drawn]
        )
        bias = torch.stack(
            [(f == 1) * each.bias for f in scales.values() for each in drawn]
        )
        weight, bias = weight.to(device), bias.to(device)
        h = torch.baddbmm(bias[:, None], h, weight.mT).relu()  # all networks at once
        squares.append(h.square().mean((1, 2)))
medians = torch.stack(squares).sqrt().unflatten(1, (-1, DRAWS)).median(dim=2).values
paths = dict(zip(schemes, medians.T.tolist(), strict=True))
for scheme in schemes:
    print(f"{scheme:8} rms after 1, 10 and 50 layers:", end=" ")
    print(*[f"{paths[scheme][depth]:.1e}" for depth in (1, 10, DEPTH)])
torch.testing.assert_close(math.log2(paths["Xavier"][DEPTH]), -25.0, rtol=0, atol=2)
factor = max(max(each, 1 / each) for each in paths["He"])
within_two = factor < 2
assert within_two
torch.testing.assert_close(paths["PyTorch"][1], 6**-0.5, rtol=0.1, atol=0)
left_over = [paths["PyTorch"][depth] for depth in (10, DEPTH)]
torch.testing.assert_close(left_over, [0.02, 0.02], rtol=0.1, atol=0)

# %%
# More: how much the draws differ
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# He's weights keep the mean square on average, and draws differ. The average of its own
# square grows by the factor 1 + 5/n in each ReLU layer of n units; the sums of the last
# layer add a factor 1 + 2/n. So the standard deviation of the mean square of the sums
# in layer L, as a share of its mean, is for one input
#
# .. math:: \sqrt{(1 + 5/n)^{L-1} (1 + 2/n) - 1}
#
# This counts the random weights of all L layers. That is 0.785 for 50 layers of 512
# units, and 2.37 with 128. Many draws of a single layer of 8 units agree with both
# factors within a hundredth. So does a simulation of 16,000 networks of 5 layers with
# 16 units, within a tenth: rare and very large draws make up much of this spread. The
# ``spread`` that ``signal_propagation`` predicts counts one layer less. It is 0 in the
# first layer, and has no factor 1 + 2/n: it is the spread of what the layer's sums have
# on average over its own weights. For layer 30 of 64 units that makes 2.80, not 2.85.


def spread(n, depth):
    return ((1 + 5 / n) ** (depth - 1) * (1 + 2 / n) - 1) ** 0.5


torch.manual_seed(0)
h = torch.ones(16_000, 1, 16).to(device)
for _ in range(5):
    sums = h @ (torch.randn(16_000, 16, 16).to(device) * (2 / 16) ** 0.5)
    h = sums.relu()
squares = sums.square().mean((1, 2))
simulated = (squares.std() / squares.mean()).item()
print(f"5 layers of 16 units: {simulated:.2f} times the mean,", end=" ")
print(f"by the formula {spread(16, 5):.2f}")
print(f"50 layers of 512 units: {spread(512, 50):.3f}, of 128: {spread(128, 50):.2f}")
torch.testing.assert_close(simulated, spread(16, 5), rtol=0.1, atol=0)
sums = torch.randn(400_000, 8).to(device)
factors = [(each**2).mean(1).square().mean() for each in (2**0.5 * sums.relu(), sums)]
torch.testing.assert_close(
    torch.stack(factors).tolist(), [1 + 5 / 8, 1 + 2 / 8], rtol=0.01, atol=0
)
assert f"{spread(512, DEPTH):.3f}" == "0.785"
assert f"{spread(128, DEPTH):.2f}" == "2.37"

predicted = signal_propagation(torch.relu, 2**0.5).through(30, width=64).layers
assert predicted[0].spread == 0
counted = predicted[-1].spread / predicted[-1].second_moment
print(f"layer 30 of 64 units: {counted:.2f} without its own weights,", end=" ")
print(f"{spread(64, 30):.2f} with them")
torch.testing.assert_close(counted, ((1 + 5 / 64) ** 29 - 1) ** 0.5, rtol=1e-6, atol=0)
assert (f"{counted:.2f}", f"{spread(64, 30):.2f}") == ("2.80", "2.85")

# %%
# More: units that start equal stay equal
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# If all weights of a layer are the same number, and so are its biases and all weights
# of the next layer, then all units between the two compute the same, get the same
# gradient, and stay the same, up to rounding. (Dropout parts them, and so may rounding,
# in time.) The targets are the signs of products of two inputs, which one unit cannot
# learn. 32 such units are worth one. Their weights have rank 1, also after 200 steps of
# training, and the loss is still near the variance of the targets. Random weights have
# rank 8 before and after, and learn. Constant weights below a random layer do not stay
# equal, since each unit gets a gradient of its own. If all weights and biases are zero,
# and tanh of 0 is 0, then all other gradients are zero: only the last bias can learn.
# With the sigmoid, whose value at 0 is not 0, the last weights learn too, all alike;
# with torch's random biases, each in its way.


def trained(
    constant, constant_layers=2, activation=nn.Tanh, random_bias=False, steps=200
):
    torch.manual_seed(0)
    model = network(1, 8, 32, 1, activation)
    if constant is not None:
        for layer in model[::2][:constant_layers]:
            nn.init.constant_(layer.weight, constant)
            if not random_bias:
                nn.init.zeros_(layer.bias)
    model, inputs = model.to(device), torch.randn(99, 8).to(device)
    targets = (inputs[:, :1] * inputs[:, 1:2]).sign()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    ranks = [torch.linalg.matrix_rank(model[0].weight, rtol=1e-4).item()]
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
    ranks.append(torch.linalg.matrix_rank(model[0].weight, rtol=1e-4).item())
    return model, ranks, loss.item() / targets.var(correction=0).item()


ranks, losses = {}, {}
for constant in (None, 0.1, 0.0):
    model, ranks[constant], losses[constant] = trained(constant)
    print("random:" if constant is None else f"all {constant}:", end=" ")
    print(f"ranks {ranks[constant]}, loss {losses[constant]:.3f} of the variance")
assert ranks == {None: [8, 8], 0.1: [1, 1], 0.0: [0, 0]}
random_learns, constant_does_not = losses[None] < 0.1, losses[0.1] > 0.75
assert random_learns
assert constant_does_not
torch.testing.assert_close(losses[0.0], 1.0, rtol=0.001, atol=0)
assert [bool(each.any()) for each in model.parameters()] == [False, False, False, True]
_, below_random, _ = trained(0.1, constant_layers=1)
last_weights = trained(0.0, activation=nn.Sigmoid, steps=50)[0][2].weight
each_its_way = trained(0.0, random_bias=True, steps=50)[0][2].weight
assert below_random == [1, 8]
assert last_weights.any()
torch.testing.assert_close(last_weights, last_weights[:, :1].expand(1, 32))
assert len(each_its_way.unique()) == 32

# %%
# More: ten layers learn digits
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Does it matter for training? Ten ReLU layers of 48 units are to learn handwritten
# digits from 1,000 images, by SGD with momentum 0.9, in 8 epochs. The test is on 797
# other images. Three seeds each, and of the learning rates 0.01, 0.02 and 0.04 each
# scheme gets its best. He's weights pass 60 % first, Xavier's later. With PyTorch's no
# rate does better than guessing, and 24 epochs with the middle one change nothing. To
# save time, all networks are trained at once: for each layer one tensor holds the
# weights of all of them. You do not need this for a single network.

torch.manual_seed(0)
order = torch.randperm(len(labels)).to(device)
training, testing = order[:1000], order[1000:]
assert len(testing) == 797


def stacked(tensors):
    return torch.stack(list(tensors)).detach().to(device).requires_grad_()


def momentum(parameters, **options):
    return torch.optim.SGD(parameters, lr=1.0, momentum=0.9, **options)


def accuracies(models, rates, method=momentum, f=torch.relu, epochs=8):
    linears = list(zip(*[model[::2] for model in models], strict=True))  # by layer
    weights = [stacked(each.weight.T for each in layer) for layer in linears]
    biases = [stacked(each.bias[None] for each in layer) for layer in linears]
    # "Fused" steps go through the memory of a parameter only once.
    optimizer = method([*weights, *biases], fused=True)
    factors = torch.tensor(rates).to(device).expand(len(models))

    def predict(h):  # each model gets the same images, and has its own weights
        h = h.expand(len(models), *h.shape)
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            h = f(torch.baddbmm(bias, h, weight))
        return torch.baddbmm(biases[-1], h, weights[-1])  # models by images by classes

    found = []
    for _ in range(epochs):
        shuffled = training[torch.randperm(len(training)).to(device)]
        for batch in shuffled.split(50):
            outputs = predict(images[batch]).flatten(0, 1)
            targets = labels[batch].repeat(len(models))
            optimizer.zero_grad()
            losses = F.cross_entropy(outputs, targets, reduction="none")
            # For SGD, a factor of the loss is a factor of the learning rate.
            (losses.unflatten(0, (len(models), -1)).mean(1) @ factors).backward()
            optimizer.step()
        with torch.no_grad():
            guesses = predict(images[testing]).argmax(-1)
        found.append((guesses == labels[testing]).float().mean(1))
    return torch.stack(found).cpu()  # epochs by models


def digit_networks(scheme, depth=10):
    models = []
    for seed in range(3):
        torch.manual_seed(seed)
        models.append(network(depth, 64, 48))
        for layer in models[-1][::2]:
            if scheme == "Xavier":
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
        if scheme == "He":
            initialize_(models[-1], torch.relu)
    return models


RATES = (0.01, 0.02, 0.04)
together = [model for each in schemes for _ in RATES for model in digit_networks(each)]
rates = [rate for _ in schemes for rate in RATES for _ in range(3)]
found = accuracies(together, rates).reshape(-1, len(schemes), len(RATES), 3)
by_rate = found.median(dim=3).values
best = by_rate.mean(dim=0).argmax(dim=1).tolist()
curves = torch.stack([by_rate[:, i, rate] for i, rate in enumerate(best)], dim=1)
final = dict(zip(schemes, curves[-1].tolist(), strict=True))
for scheme, rate in zip(schemes, best, strict=True):
    print(f"{scheme:8} rate {RATES[rate]:5}: median accuracy {final[scheme]:.1%}")
longer = accuracies(digit_networks("PyTorch"), [0.02], epochs=3 * len(found))
print(f"PyTorch, {len(longer)} epochs: at most {longer[-1].max():.1%}")
# Guessing is right in a tenth; twice that is far beyond its chance.
he_learns, default_guesses = final["He"] > 0.8, found[:, 0].max() < 0.2
assert he_learns
assert default_guesses
stays_so = longer[-1].max() < 0.2
assert stays_so
above = [curve.nonzero().flatten() for curve in (curves > 0.6).T]  # their epochs
xavier_epoch, he_epoch = [1 + int(each[0]) for each in above[1:]]  # fails if none is
print("first epoch above 60 %: He", he_epoch, " Xavier", xavier_epoch)
he_sooner = he_epoch < xavier_epoch  # with six sets of draws, by 1 to 4 epochs
assert he_sooner

# %%
# Left, the 50 layers from above: what is left after each. Right, the learning.

colors |= {"PyTorch": "#d55e00", "Xavier": "#cc79a7", "He": "#0072b2"}
figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 4.0), layout="constrained")
for number, scheme in enumerate(schemes):
    left.plot(paths[scheme], color=colors[scheme])
    left.text(DEPTH + 1, paths[scheme][-1], scheme, color=colors[scheme], va="center")
    epochs = range(1, len(curves) + 1)
    right.plot(epochs, curves[:, number], color=colors[scheme])
    place = {"PyTorch": (8, 0.14), "Xavier": (5.5, 0.5), "He": (3.5, 0.9)}[scheme]
    align = "right" if scheme == "PyTorch" else "left"
    right.text(*place, scheme, color=colors[scheme], ha=align)
left.set(yscale="log", xlim=(0, 62), xlabel="layer", ylabel="rms of the activations")
left.set_xticks(range(0, DEPTH + 1, 10))
left.set_title("He's weights keep the rms, by and large")
left.set_label(
    "Three lines over the layers from 0 to 50, on a logarithmic axis, all from 1. That "
    "of He stays within a factor of two. That of Xavier falls on a straight line to "
    "0.00000003. That of PyTorch falls to 0.02 within five layers, and stays there."
)
right.set(ylim=(0, 1.08), xlabel="epoch", ylabel="test accuracy, median of 3")
right.set_title("He's weights learn first, at best rates")
right.set_label(
    "Three lines over 8 epochs. He rises above 0.6 within three epochs. Xavier stays "
    "low at first and follows some epochs later. PyTorch's weights stay near 0.1."
)
he_within_three = he_epoch <= 3
assert he_within_three

# %%
# This is not the end of PyTorch's weights. With four layers they train. With ten they
# also train, if the optimizer or a normalization makes up for the scale: Adam, here
# with 15 epochs, or batch normalization, which rescales each unit, here with 2. (This
# one uses the mean and the variance of the batch at hand, in the test too.)

from functools import partial

from torch.optim import Adam


def normed_relu(h):  # batch normalization, and ReLU
    variance, mean = torch.var_mean(h, 1, keepdim=True, correction=0)
    return torch.relu((h - mean) * (variance + 1e-5).rsqrt())


default = digit_networks("PyTorch")
rescued = {
    "four layers": accuracies(digit_networks("PyTorch", 4), [0.04], epochs=8),
    "ten, Adam": accuracies(default, [1.0], partial(Adam, lr=0.002), epochs=15),
    "ten, batch norm": accuracies(default, [0.02], f=normed_relu, epochs=2),
}
for name, found in rescued.items():
    print(f"{name:16} median accuracy {median(found[-1].tolist()):.1%}")
all_learn = all(median(found[-1].tolist()) > 0.5 for found in rescued.values())
assert all_learn

# %%
# What is often said
# ------------------
#
# "Weights that are too large saturate tanh, and gradients vanish. Too small ones make
# them explode." In 30 layers of tanh with 256 units small weights make them *vanish*,
# and large ones make them *explode*: a few units still lie near 0, where tanh has the
# slope 1, and the weights behind are large (:doc:`activation_scale`). With weights 400
# times larger still, for nearly every input some layer has no unit near 0, and
# gradients vanish.

# More: measures how gradients grow on their way back
x = torch.randn(256, 256)


def growth_of_gradients(std):  # on the way from the last layer to the first
    model = network(30, 256, 256, 256, nn.Tanh)
    for layer in model[::2]:
        nn.init.normal_(layer.weight, std=std)
        nn.init.zeros_(layer.bias)
    loss_weights = torch.randn(256, 256)
    stats = activation_stats(model, x, lambda output: (output * loss_weights).sum())
    return stats.layers[0].gradient_rms / stats.layers[-1].gradient_rms


verdicts = []
for std in (0.01, 1 / 16, 5 / 16, 400 * 5 / 16):  # 1 / 16 is 1 / sqrt(fan_in)
    growth = growth_of_gradients(std)
    verdict = "explode" if growth > 1000 else "are kept" if growth > 0.001 else "vanish"
    print(f"std {std:.4f}: times {growth:.0e} on the way back: gradients {verdict}")
    verdicts.append(verdict)
assert verdicts == ["vanish", "are kept", "explode", "vanish"]
assert growth == 0  # the last one

# %%
# "PyTorch uses He's initialization by default." ``nn.Linear`` does call
# ``kaiming_uniform_``, Kaiming He's, but with a=√5. That makes weights between ±1 /
# √fan_in. Their standard deviation is 1 / √(3 fan_in), smaller than He's by √6.

torch.manual_seed(0)
weight = nn.Linear(512, 512).weight.detach()
he = nn.init.kaiming_normal_(torch.empty(512, 512), nonlinearity="relu")
print(f"standard deviation: nn.Linear {weight.std():.4f}, He {he.std():.4f}")
torch.testing.assert_close(weight.abs().max().item(), 512**-0.5, rtol=0.001, atol=0)
torch.testing.assert_close(weight.std().item(), (3 * 512) ** -0.5, rtol=0.01, atol=0)
torch.testing.assert_close((he.std() / weight.std()).item(), 6**0.5, rtol=0.01, atol=0)

# %%
# More: He's weights do not avoid dying ReLUs
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# He's initialization is said to be there for that. The paper argues otherwise: ReLU
# drops one half of the mean square, and a factor of 2 makes up for that. Without biases
# the scale of the weights does not even decide which ReLUs are silent, as long as no
# number under- or overflows, up to rounding. Divide all weights by four: all outputs
# shrink, and at the start the same ones are zero.

model = network(10)
initialize_(model, torch.relu)
x = torch.randn(256, 512)
active = [model[:depth](x) > 0 for depth in range(2, 21, 2)]
with torch.no_grad():
    for layer in model[::2]:
        layer.weight /= 4  # exact, as 4 is a power of 2
smaller = [model[:depth](x) > 0 for depth in range(2, 21, 2)]
print(f"active in the last layer: {active[-1].double().mean():.0%}, both times")
assert len(active) == 10
assert all(map(torch.equal, active, smaller))

# %%
# More: is 0.01 small?
# ~~~~~~~~~~~~~~~~~~~~
#
# It is also said to draw "with a small standard deviation". But whether 0.01 is small
# depends on the number of inputs: for a ReLU layer with 20,000 of them it is right.
# (The weights larger by a factor of 400 that end the gradients of tanh are for 256
# units: wider layers need larger ones.)

torch.testing.assert_close(gain(torch.relu) / 20_000**0.5, 0.01)

# %%
# Traps
# -----
#
# Torch knows no gain for GELU and SiLU
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# And √2, the gain of ReLU, is too small for them: 1.534 and 1.677 are exact.

from tensorglass import shows_error

for name, exact in (("gelu", 1.534), ("silu", 1.677)):
    with shows_error(ValueError, match=f"Unsupported nonlinearity {name}"):
        nn.init.calculate_gain(name)
    assert round(gain(getattr(F, name)), 3) == exact

# %%
# More: for GELU an exact gain is not enough
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The gain makes the mean square 1 a fixed point of the sums: a signal that starts there
# stays. But a small deviation is multiplied in each layer by the slope of the map from
# one layer's mean square to the next. For tanh it is 0.461, and deviations die out. For
# ReLU it is 1, and they stay. For GELU it is 1.144, for SiLU 1.173. Since the first
# layer has the gain, too, a normal input gives the first sums a mean square of gain²,
# off the fixed point. 50 layers of GELU carry them away from it, as the theory predicts
# within a factor of two. So in deep GELU networks let the data set the scale of each
# layer: ``lsuv_`` does that.

torch.manual_seed(0)
functions = (torch.tanh, torch.relu, F.gelu)
gains = [gain(each) for each in functions]
inputs = torch.randn(DRAWS, 16, 512).to(device)
sums = [factor * inputs for factor in gains]
for _ in range(DEPTH - 1):
    weight = uniform(DRAWS, 512, 512).to(device) / 512**0.5  # for all functions
    sums = [f(y) @ weight * g for f, y, g in zip(functions, sums, gains, strict=True)]

slopes = {}
for function, y, factor in zip(functions, sums, gains, strict=True):
    theory = signal_propagation(function, factor)
    measured = y.square().mean((1, 2)).median().item() ** 0.5
    predicted = theory.through(DEPTH).layers[-1].second_moment ** 0.5
    slopes[function.__name__] = (round(theory.slope, 3), theory.stable)
    print(f"{function.__name__:4} slope {theory.slope:.3f}:", end=" ")
    print(f"rms {measured:.3g} in layer 50, predicted {predicted:.3g}")
    logs = [math.log2(measured), math.log2(predicted)]
    torch.testing.assert_close(*logs, rtol=0, atol=1)
assert slopes["tanh"] == (0.461, True)
assert slopes["relu"] == (1, True)
assert slopes["gelu"] == (1.144, False)
assert round(signal_propagation(F.silu, gain(F.silu)).slope, 3) == 1.173

deep, x = network(30, width=256, activation=nn.GELU), torch.randn(256, 512)
initialize_(deep, F.gelu)
sums = [rms(deep[:-2](x))]  # in layer 30
lsuv_(deep, x)
sums.append(rms(deep[:-2](x)))
print(f"30 layers of GELU: rms {sums[0]:.1f}, after lsuv_ {sums[1]:.2f}")
run_away = sums[0] > 3
assert run_away
torch.testing.assert_close(sums[1], 1.0, rtol=0, atol=0.1)

# %%
# More: torch's gains are partly convention
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# 5/3 for tanh and 1 for the sigmoid are conventions. 3/4 for SELU is a trade, by the
# documentation: the fixed point is given up for more stable gradients. An exact gain
# says nothing about these. On the way back through 50 layers they are multiplied by 40
# for tanh, and by 8e-21 for the sigmoid. (Torch's gains do not help: it would be 80 and
# 2e-31.)

pairs = {}
for function in (F.relu, F.tanh, F.selu, F.sigmoid, F.gelu, F.silu):
    name = function.__name__
    known = name not in ("gelu", "silu")
    table = round(nn.init.calculate_gain(name), 3) if known else None
    pairs[name] = (round(gain(function), 3), table)
    print(f"{name:8} exactly {pairs[name][0]:.3f}, in torch {table}")
assert pairs["relu"] == (1.414, 1.414)
assert pairs["tanh"] == (1.593, round(5 / 3, 3))
assert pairs["selu"] == (1, 3 / 4)
assert pairs["sigmoid"] == (1.846, 1)
assert (pairs["gelu"], pairs["silu"]) == ((1.534, None), (1.677, None))
assert [
    round(left_of(torch.tanh, each, DEPTH)[1]) for each in (gain(torch.tanh), 5 / 3)
] == [40, 80]
for factor, expected in ((gain(torch.sigmoid), "8e-21"), (1, "2e-31")):
    assert f"{left_of(torch.sigmoid, factor, DEPTH)[1]:.0e}" == expected

# %%
# A new parameter is never trained
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``nn.init`` writes into the parameter. If you replace it, an optimizer made before
# does not know the new one.

linear = nn.Linear(4, 4).to(device)
optimizer = torch.optim.SGD(linear.parameters(), lr=0.1)
linear.weight = nn.Parameter(torch.eye(4, device=device))
linear(torch.ones(1, 4, device=device)).sum().backward()
optimizer.step()
trained = not torch.equal(linear.weight, torch.eye(4, device=device))
assert linear.weight.grad.any()
assert not trained

# %%
# More: writing by hand needs ``no_grad``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``nn.init`` writes in place, without autograd, on any device. By hand autograd
# has to be off.

with shows_error(RuntimeError, match="a leaf Variable that requires grad"):
    linear.weight.normal_()
place = linear.weight.data_ptr()
with torch.no_grad():
    linear.weight.normal_(std=4**-0.5)
nn.init.orthogonal_(linear.weight)  # in place, too
assert linear.weight.data_ptr() == place

# %%
# More: the fans of convolutions
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.nn.init`` knows the shape of the weight, and nothing else. For ``nn.Conv2d``
# its fan_in is right, with groups too. Its fan_out is right only without groups and
# with stride 1: with 64 groups an input reaches 9 outputs, and torch takes 576. For a
# transposed convolution it swaps the two fans. With stride 2 an output sums 64 * 4 =
# 256 products; torch takes 32 * 16 = 512. So the sums have half the mean square that is
# due.

depthwise = nn.Conv2d(64, 64, 3, groups=64)
for mode, fan in (("fan_in", 9), ("fan_out", 576)):
    nn.init.kaiming_normal_(depthwise.weight, mode=mode, nonlinearity="relu")
    found = rms(depthwise.weight)
    print(f"depthwise, {mode}: std {found:.4f}, due {(2 / 9) ** 0.5:.4f}")
    torch.testing.assert_close(found, (2 / fan) ** 0.5, rtol=0.2, atol=0)

upward = nn.Sequential(nn.ConvTranspose2d(64, 32, 4, stride=2), nn.ReLU())
batch = torch.randn(8, 64, 16, 16)
nn.init.zeros_(upward[0].bias)
nn.init.kaiming_normal_(upward[0].weight, nonlinearity="relu")
std = (2 / (32 * 16)) ** 0.5  # 32 * 16 is 512
torch.testing.assert_close(rms(upward[0].weight), std, rtol=0.05, atol=0)
by_torch = rms(upward[0](batch)[..., 4:-4, 4:-4]) ** 2  # at the border fewer are summed
report = initialize_(upward, torch.relu, last_gain=2**0.5)  # ReLU follows it
by_us = rms(upward[0](batch)[..., 4:-4, 4:-4]) ** 2
print(f"transposed: mean square {by_torch:.2f} by torch, {by_us:.2f} by initialize_")
torch.testing.assert_close([by_torch, by_us], [1.0, 2.0], rtol=0.1, atol=0)
fan_in = 64 * 4  # a stride of 2 * 2 leaves 4 of the 16 places of the kernel
assert f"fan_in {fan_in}" in report.parameters[0].how

# %%
# More: a last layer of zeros
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# No activation follows the last layer, so its gain is 1, or less. With the gain 0 all
# classes start as equally likely, and the first loss is ln 10 = 2.303. The gradient
# then moves only the last layer in the first step: none comes through it. Biases start
# at 0, since their variance would be added to the signal in every layer.

model = network(10, 64, 128)
report = initialize_(model, torch.relu, last_gain=0.0)
loss = F.cross_entropy(model(images.cpu()), labels.cpu())
loss.backward()
print(f"first loss {loss:.3f}")
assert round(loss.item(), 3) == round(math.log(10), 3) == 2.303
assert [bool(each.weight.grad.any()) for each in model[::2]] == [False] * 10 + [True]
assert [each.rms for each in report.parameters if "bias" in each.name] == [0] * 11

# %%
# On a GPU
# --------
#
# One seed gives other numbers there. For the same weights draw on the CPU, and move the
# model.

print("this page ran on", device.type)
torch.manual_seed(0)
on_device = torch.randn(1024, 1024, device=device)
drawn = torch.randn(1024, 1024, generator=torch.Generator().manual_seed(0))
same = torch.equal(on_device.cpu(), drawn)
print("the same numbers as on the CPU:", same)
assert same == (device.type == "cpu")
torch.testing.assert_close([rms(on_device), rms(drawn)], [1.0, 1.0], rtol=0.01, atol=0)

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Each ReLU is followed by dropout with p = 0.5. Which variance keeps the mean square?
#
# Solution
# ^^^^^^^^
#
# Dropout keeps a share 1 - p and divides it by 1 - p: the mean square is divided by
# 1 - p. So it is 2 (1 - p) / fan_in, here 1 / fan_in. He's variance would double the
# mean square in each of 20 layers.

torch.manual_seed(0)
logs = []
for variance in (1, 2):
    h = torch.randn(8, 64, 256).to(device)  # eight networks, as draws differ by much
    for _ in range(20):
        weight = torch.randn(8, 256, 256).to(device) * (variance / 256) ** 0.5
        h = F.dropout((h @ weight).relu(), 0.5)
    logs.append(2 * math.log2(rms(h)))
print("powers of 2, after 20 layers:", [round(each, 1) for each in logs])
torch.testing.assert_close(logs, [0.0, 20.0], rtol=0, atol=1)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# A residual block computes h + linear(relu(h)), with He's weights. How much does the
# mean square grow in 10 blocks? How can they start as the identity?
#
# Solution
# ^^^^^^^^
#
# If h is symmetric around 0, both summands have the same mean square, and they are
# uncorrelated, as the weights have mean 0: it doubles in each block, 2^10 in all. Draw
# the last layer of each block with gain 0, and every block starts as the identity.

torch.manual_seed(0)
h = torch.randn(64, 512).to(device)
for _ in range(10):
    h = h + h.relu() @ (torch.randn(512, 512).to(device) * (2 / 512) ** 0.5)
torch.testing.assert_close(2 * math.log2(rms(h)), 10.0, rtol=0, atol=1)
block = network(1, 512, 512, 512)
initialize_(block, torch.relu, last_gain=0.0)
after = h + block.to(device)(h)
assert torch.equal(after, h)

# %%
# References
# ----------
#
# - K. He et al., `Delving Deep into Rectifiers
#   <https://arxiv.org/abs/1502.01852>`__, 2015, section 2.2.
# - X. Glorot, Y. Bengio, `Understanding the Difficulty of Training Deep Feedforward
#   Neural Networks <https://proceedings.mlr.press/v9/glorot10a.html>`__, 2010.
# - A. Saxe et al., `Exact solutions to the nonlinear dynamics of learning
#   <https://arxiv.org/abs/1312.6120>`__, 2014, on orthogonal weights.
# - D. Mishkin, J. Matas, `All you need is a good init
#   <https://arxiv.org/abs/1511.06422>`__, 2016, on ``lsuv_``.
# - A. Radford et al., `Language Models are Unsupervised Multitask Learners
#   <https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf>`__,
#   2019, section 2.3.
# - PyTorch: `torch.nn.init <https://docs.pytorch.org/docs/stable/nn.init.html>`__;
#   `#57109 <https://github.com/pytorch/pytorch/issues/57109>`__ and `#15314
#   <https://github.com/pytorch/pytorch/issues/15314>`__, on √5; `Linear
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html>`__.
# - J. Howard, S. Gugger, *Deep Learning for Coders*, 2020, chapter 17.
