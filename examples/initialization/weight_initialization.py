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
How does weight initialization keep activations in range?
=========================================================

People ask this because the same deep network learns nothing from one set of first
weights, and learns well from another.

Short answer
------------

Draw each weight independently at random, with mean 0 and variance gain² / fan_in,
normal or uniform. fan_in is the number of inputs that a unit sums up. gain² is 1 for
linear layers and 2 for ReLU: then the mean square of the signal stays the same from
layer to layer, on average. ``gain(f)`` computes the gain of another function f; but see
the trap on GELU. For ReLU, PyTorch has
``nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")``, named after Kaiming He,
and ``nn.init.zeros_(layer.bias)``. ``nn.Linear`` does not call them: its weights are
too small for deep ReLU networks by a factor of √6. And the weights must differ from
each other: units that are equal, in what comes in and in what goes out, stay equal.
"""

import torch
import torch.nn.functional as F
from tensorglass import default_device, initialize_
from torch import nn

device = default_device()  # a GPU if there is one
torch.set_num_threads(1)  # in small products, more would wait for each other


def network(depth, inputs=512, width=512, classes=10, activation=nn.ReLU):
    layers = []
    for fan_in in [inputs] + (depth - 1) * [width]:
        layers += [nn.Linear(fan_in, width), activation()]
    return nn.Sequential(*layers, nn.Linear(width, classes))


def rms(tensor):  # the root mean square
    return tensor.double().square().mean().sqrt().item()


torch.manual_seed(0)
x = torch.randn(256, 512)
model = network(10)
before = rms(model[:-1](x))  # after ten layers with ReLU; [-1] is the last layer
for layer in model[::2]:  # the linear layers; ReLUs stand between them
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
after = rms(model[:-1](x))
print(f"rms of the input {rms(x):.2f}; after ten layers with ReLU:")
print(f"{before:.2f} with PyTorch's weights, {after:.2f} with the variance 2 / fan_in")
assert round(before, 2) == 0.02
torch.testing.assert_close(after, rms(x), rtol=0.5, atol=0)

drawn = [rms(layer.weight) for layer in model[:-1:2]]
report = initialize_(model, torch.relu)  # the same in one call, but for the last layer
aimed = [each.std for each in report.parameters if "weight" in each.name][:-1]
torch.testing.assert_close(drawn, aimed, rtol=0.02, atol=0)

# %%
# What is often said
# ------------------
#
# "Weights that are too large saturate tanh, and the gradients vanish. Weights that are
# too small make them explode." Here are 30 layers of tanh with 256 units. With small
# weights the gradients *vanish*, together with the signal. With large ones they
# *explode*, though tanh is saturated: a few units still lie near 0, where its slope is
# 1, and the weights behind them are large (:doc:`activation_scale`). With weights
# larger by another factor of 400, each input has in some of the layers no unit near 0.
# There its gradient ends, and all are 0. (Wider layers need larger weights for that.)
# It is also said to draw "with a small standard deviation". But 0.01 is small or not by
# the number of inputs: for a ReLU layer with 20,000 of them it is right.

from tensorglass import activation_stats, gain

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
torch.testing.assert_close(gain(torch.relu) / 20_000**0.5, 0.01)

# %%
# "He's initialization is there to avoid dying ReLUs." The paper argues otherwise: ReLU
# drops one half of the mean square, and a factor of 2 makes up for that. Without biases
# the scale of the weights does not even decide which ReLUs are silent, as long as no
# number underflows. Divide all weights by four: all outputs shrink, and at the start
# the same ones are zero.

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
# "PyTorch uses He's initialization by default." ``nn.Linear`` does call
# ``kaiming_uniform_``, with an argument, a=√5, that turns it into something else:
# weights between ±1 / √fan_in. Their standard deviation is 1 / √(3 fan_in), smaller
# than He's by the factor √6.

torch.manual_seed(0)
weight = nn.Linear(512, 512).weight.detach()
he = nn.init.kaiming_normal_(torch.empty(512, 512), nonlinearity="relu")
print(f"standard deviation: nn.Linear {weight.std():.4f}, He {he.std():.4f}")
torch.testing.assert_close(weight.abs().max().item(), 512**-0.5, rtol=0.001, atol=0)
torch.testing.assert_close(weight.std().item(), (3 * 512) ** -0.5, rtol=0.01, atol=0)
torch.testing.assert_close((he.std() / weight.std()).item(), 6**0.5, rtol=0.01, atol=0)

# %%
# The rule
# --------
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
# The first holds whatever the distributions of w and x are. The second, where ReLU
# halves the mean square, holds if y is symmetric around 0. So ReLU needs a variance of
# 2 / n. (He et al., 2015, section 2.2.) For any function f the weights are larger by
# its gain. With a standard normal z, since the sum is nearly normal, it is
#
# .. math:: \text{gain} = \mathbb{E}[f(z)^2]^{-1/2}
#
# Backward the same holds with fan_out, and with the derivative of f: take
# ``mode="fan_out"`` to keep the gradients of ReLU or linear layers instead. Xavier
# Glorot's variance, 2 / (fan_in + fan_out), is the compromise. One random number for
# all weights of a unit breaks the law: for inputs uniform between 0 and 1 the mean
# square is (3 n + 1) / 4 times as large. Square orthogonal weights keep the mean square
# of each input of a linear layer exactly.

import math

closed_forms = {
    "linear": (nn.Identity(), 1),
    "relu": (torch.relu, 1 / 2),
    "gelu": (F.gelu, 1 / 3 + 1 / (2 * math.pi * 3**0.5)),
}
for name, (function, mean_square) in closed_forms.items():
    print(f"{name:6} has the gain {gain(function):.4f}")
    torch.testing.assert_close(gain(function), mean_square**-0.5, rtol=1e-9, atol=0)

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
# To the letter, this gain repairs what f did to a layer's *input*: the first layer,
# whose input is data, needs 1, and the last one the gain. By convention (He's, and that
# of ``initialize_``) the layers that f *follows* get the gain. The last one gets 1, and
# less in models with normalization layers, for smaller first logits. ReLU lets a factor
# pass: there only the product of all gains
# matters.

model, x = network(3), torch.randn(256, 512)
initialize_(model, torch.relu)
logits = model(x)
with torch.no_grad():
    model[-1].weight *= 2**0.5
    torch.testing.assert_close(rms(model(x)), 2**0.5 * rms(logits))
    model[0].weight /= 2**0.5  # now to the letter
torch.testing.assert_close(model(x), logits, rtol=1e-4, atol=1e-4)

# %%
# Proof
# -----
#
# First, one layer, with 20 draws of the weights. Weights and inputs are normal, or both
# uniform, the inputs between 0 and 1. Both laws hold within 5 %.


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
# Second, depth. 50 layers of 512 units with ReLU, three draws, medians. Here both fans
# are equal, so Xavier's variance is 1 / fan_in. Each layer halves the mean square, and
# 50 layers leave 2^-25 of the rms. He's weights keep these medians within a factor of
# two. PyTorch's weights lose a factor √6 in a layer, until the random biases are all
# that is left.

from statistics import median

import matplotlib.pyplot as plt
from tensorglass import signal_propagation

DEPTH, DRAWS = 50, 3
schemes = ("PyTorch", "Xavier", "He")


def weight_and_bias(scheme):
    if scheme == "PyTorch":
        linear = nn.Linear(512, 512)
        return linear.weight, linear.bias
    weight = torch.empty(512, 512)
    if scheme == "Xavier":
        return nn.init.xavier_uniform_(weight), torch.zeros(512)
    return nn.init.kaiming_normal_(weight, nonlinearity="relu"), torch.zeros(512)


torch.manual_seed(0)
h = torch.randn(16, 512).to(device).expand(len(schemes) * DRAWS, 16, 512)
squares = [h.square().mean((1, 2))]  # of the input and after each layer
with torch.no_grad():
    for _ in range(DEPTH):
        drawn = [weight_and_bias(each) for each in schemes for _ in range(DRAWS)]
        pairs = zip(*drawn, strict=True)
        weight, bias = [torch.stack(each).to(device) for each in pairs]
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
# He's weights keep the mean square on average, and draws differ. The average of its own
# square grows by the factor 1 + 5/n in each ReLU layer of n units; the sums of the last
# layer add a factor 1 + 2/n. So the standard deviation of the mean square in layer L,
# as a share of its mean, is for one input
#
# .. math:: \sqrt{(1 + 5/n)^{L-1} (1 + 2/n) - 1}
#
# That is 0.785 for 50 layers of 512 units, and 2.37 with 128. Many draws of a single
# layer of 8 units agree with both factors within a hundredth. And so does, roughly, a
# simulation of 6,000 networks of 10 layers with 32 units: its tolerance of a sixth is
# wide, since rare and very large draws make up much of this spread.


def spread(n, depth):
    return ((1 + 5 / n) ** (depth - 1) * (1 + 2 / n) - 1) ** 0.5


torch.manual_seed(0)
h = torch.ones(6_000, 1, 32).to(device)
for _ in range(10):
    sums = h @ (torch.randn(6_000, 32, 32).to(device) * (2 / 32) ** 0.5)
    h = sums.relu()
squares = sums.square().mean((1, 2))
simulated = (squares.std() / squares.mean()).item()
print(f"10 layers of 32 units: {simulated:.2f} times the mean,", end=" ")
print(f"by the formula {spread(32, 10):.2f}")
print(f"50 layers of 512 units: {spread(512, 50):.3f}, of 128: {spread(128, 50):.2f}")
torch.testing.assert_close(simulated, spread(32, 10), rtol=1 / 6, atol=0)
sums = torch.randn(400_000, 8).to(device)
factors = [(each**2).mean(1).square().mean() for each in (2**0.5 * sums.relu(), sums)]
torch.testing.assert_close(
    torch.stack(factors).tolist(), [1 + 5 / 8, 1 + 2 / 8], rtol=0.01, atol=0
)
assert f"{spread(512, DEPTH):.3f}" == "0.785"
assert f"{spread(128, DEPTH):.2f}" == "2.37"

# %%
# Third, symmetry. If all weights of a layer are the same number, and so are its biases
# and all weights of the next layer, then all units between the two compute the same,
# get the same gradient, and stay the same, up to rounding. (Dropout parts them, and so
# may rounding, in time.) The targets are the signs of products of two
# inputs, which one unit cannot learn. 32 such units are worth one. Their weights have
# rank 1, also after 200 steps of training, and the loss is still near the variance of
# the targets. Random weights have rank 8 before and after, and learn. Constant weights
# below a random layer do not stay equal, since each unit gets a gradient of its own. If
# all weights and biases are zero, and tanh of 0 is 0, then all other gradients are
# zero: only the last bias can learn. With the sigmoid, whose value at 0 is not 0, the
# last weights learn too, all alike; with torch's random biases, each in its way.


def trained(constant, constant_layers=2, activation=nn.Tanh, random_bias=False):
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
    for _ in range(200):
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
last_weights = trained(0.0, activation=nn.Sigmoid)[0][2].weight
each_its_way = trained(0.0, random_bias=True)[0][2].weight
assert below_random == [1, 8]
assert last_weights.any()
torch.testing.assert_close(last_weights, last_weights[:, :1].expand(1, 32))
assert len(each_its_way.unique()) == 32

# %%
# Fourth, does it matter for training? Ten ReLU layers of 48 units are to learn
# handwritten digits from 1,000 images, by SGD with momentum 0.9, in 8 epochs. The test
# is on 797 other images. Three seeds each, and of the learning rates 0.01, 0.02 and
# 0.04 each scheme gets its best. He's weights pass 60 % first, Xavier's later. With
# PyTorch's no rate does better than guessing, and 32 epochs with the middle one change
# nothing. To save time, all networks are trained at once: for each layer one tensor
# holds the weights of all of them. You do not need this for a single network.

from sklearn.datasets import load_digits

digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32)
images = ((images - images.mean()) / images.std()).to(device)
labels = torch.tensor(digits.target).to(device)
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
longer = accuracies(digit_networks("PyTorch"), [0.02], epochs=4 * len(found))
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
# This is not the end of PyTorch's weights. With four layers they train. With ten they
# also train, if the optimizer or a normalization makes up for the scale: Adam, here
# with 15 epochs, or batch normalization, which rescales each unit, here with 5. (This
# one uses the mean and the variance of the batch at hand, in the test too.)

from functools import partial

from torch.optim import Adam


def normed_relu(h):  # batch normalization, and ReLU
    variance, mean = torch.var_mean(h, 1, keepdim=True, correction=0)
    return torch.relu((h - mean) * (variance + 1e-5).rsqrt())


default = digit_networks("PyTorch")
rescued = {
    "four layers": accuracies(digit_networks("PyTorch", 4), [0.02], epochs=14),
    "ten, Adam": accuracies(default, [1.0], partial(Adam, lr=0.002), epochs=15),
    "ten, batch norm": accuracies(default, [0.02], f=normed_relu, epochs=5),
}
for name, found in rescued.items():
    print(f"{name:16} median accuracy {median(found[-1].tolist()):.1%}")
all_learn = all(median(found[-1].tolist()) > 0.5 for found in rescued.values())
assert all_learn

# %%
# Picture
# -------
#
# Left, the second experiment: what is left after each layer. Right, the fourth one.

colors = {"PyTorch": "#d55e00", "Xavier": "#cc79a7", "He": "#0072b2"}
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
# Traps
# -----
#
# Torch's table of gains is short, and partly convention
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``calculate_gain`` knows neither GELU nor SiLU, and √2 is wrong for them. 5/3 for tanh
# and 1 for the sigmoid are conventions. 3/4 for SELU is a trade, by the documentation:
# the fixed point is given up for more stable gradients. An exact gain says nothing
# about these. On the way back through 50 layers they are multiplied by 40 for tanh, and
# by 8e-21 for the sigmoid. (Torch's gains do not help: it would be 80 and 2e-31.)

from tensorglass import shows_error

with shows_error(ValueError, match="Unsupported nonlinearity gelu"):
    nn.init.calculate_gain("gelu")


def back(function, factor):  # what 50 layers make of the rms of a gradient
    return signal_propagation(function, factor).through(DEPTH).layers[0].gradient ** 0.5


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
assert [round(back(torch.tanh, each)) for each in (gain(torch.tanh), 5 / 3)] == [40, 80]
for factor, expected in ((gain(torch.sigmoid), "8e-21"), (1, "2e-31")):
    assert f"{back(torch.sigmoid, factor):.0e}" == expected

# %%
# With GELU and SiLU an exact gain is not enough
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The gain makes the mean square 1 a fixed point of the sums: a signal that starts there
# stays. But a small deviation is multiplied in each layer by the slope of the map from
# one layer's mean square to the next. For tanh it is 0.461, and deviations die out. For
# ReLU it is 1, and they stay. For GELU it is 1.144, for SiLU 1.173. Since the first
# layer has the gain, too, a normal input gives the first sums a mean square of gain²,
# off the fixed point. 50 layers of GELU carry them away from it, as the theory predicts
# within a factor of two. So in deep GELU networks let the data set the scale of each
# layer: ``lsuv_`` does that.

from tensorglass import lsuv_

torch.manual_seed(0)
functions = (torch.tanh, torch.relu, F.gelu)
gains = [gain(each) for each in functions]
inputs = torch.randn(DRAWS, 16, 512).to(device)
sums = [factor * inputs for factor in gains]
for _ in range(DEPTH - 1):
    weight = torch.randn(DRAWS, 512, 512).to(device) / 512**0.5  # for all functions
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

deep, x = network(30, activation=nn.GELU), torch.randn(256, 512)
initialize_(deep, F.gelu)
sums = [rms(deep[:-2](x))]  # in layer 30
lsuv_(deep, x)
sums.append(rms(deep[:-2](x)))
print(f"30 layers of GELU: rms {sums[0]:.1f}, after lsuv_ {sums[1]:.2f}")
run_away = sums[0] > 3
assert run_away
torch.testing.assert_close(sums[1], 1.0, rtol=0, atol=0.1)

# %%
# The fans of convolutions
# ~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.nn.init`` knows the shape of the weight, and nothing else. For ``nn.Conv2d``
# its fan_in is right, with groups too. Its fan_out is not: with 64 groups an input
# reaches 9 outputs, and torch takes 576. For a transposed convolution it swaps the two
# fans. With stride 2 an output sums 64 * 4 = 256 products; torch takes 32 * 16 = 512.
# So the sums have half the mean square that is due.

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
# The last layer and the biases
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
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
# Write into the parameter, do not replace it
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The functions of ``nn.init`` write in place, without autograd. By hand that needs
# ``no_grad``. It may be done on any device, and after the optimizer was made. But a new
# ``nn.Parameter`` is one that this optimizer does not know, and never trains.

linear = nn.Linear(4, 4).to(device)
optimizer = torch.optim.SGD(linear.parameters(), lr=0.1)
with shows_error(RuntimeError, match="a leaf Variable that requires grad"):
    linear.weight.normal_()
place = linear.weight.data_ptr()
with torch.no_grad():
    linear.weight.normal_(std=4**-0.5)
nn.init.orthogonal_(linear.weight)  # in place, too
assert linear.weight.data_ptr() == place

linear.weight = nn.Parameter(torch.eye(4, device=device))
linear(torch.ones(1, 4, device=device)).sum().backward()
optimizer.step()
trained = not torch.equal(linear.weight, torch.eye(4, device=device))
assert linear.weight.grad.any()
assert not trained

# %%
# On a GPU
# --------
#
# The laws know no device. By PyTorch's notes the random numbers of devices differ, with
# one seed too. If two runs are to start from the same weights, draw on the CPU and move
# the model, as this page does.

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
# A residual block computes h + linear(relu(h)), with He's weights. By how much does the
# mean square grow in 10 blocks? How can the blocks start as the identity?
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
# Take it home
# ------------
#
# ``initialize_`` draws all weights of a model for its activation. ``lsuv_`` then lets a
# batch of your data set the scale of each linear layer: its outputs get the standard
# deviation 1, within 0.02. ``activation_stats`` shows whether that worked.

torch.manual_seed(0)
model = network(3, 64, 128, 10, nn.GELU)
print(initialize_(model, F.gelu))
model = model.to(device)
scaled = lsuv_(model, images)
assert scaled.ok
stats = activation_stats(model, images)
for each in stats.layers[::2]:  # the linear layers, without the activations
    torch.testing.assert_close(each.std, 1.0, rtol=0, atol=0.02)
stats

# %%
# References
# ----------
#
# - K. He, X. Zhang, S. Ren, J. Sun, `Delving Deep into Rectifiers
#   <https://arxiv.org/abs/1502.01852>`__, 2015, section 2.2.
# - X. Glorot, Y. Bengio, `Understanding the Difficulty of Training Deep Feedforward
#   Neural Networks <https://proceedings.mlr.press/v9/glorot10a.html>`__, 2010.
# - A. Saxe, J. McClelland, S. Ganguli, `Exact solutions to the nonlinear dynamics of
#   learning in deep linear neural networks <https://arxiv.org/abs/1312.6120>`__, 2014,
#   on orthogonal weights.
# - D. Mishkin, J. Matas, `All you need is a good init
#   <https://arxiv.org/abs/1511.06422>`__, 2016, on ``lsuv_``.
# - PyTorch: `torch.nn.init <https://docs.pytorch.org/docs/stable/nn.init.html>`__ and
#   `torch.nn.Linear
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html>`__.
# - PyTorch issues `#57109 <https://github.com/pytorch/pytorch/issues/57109>`__ and
#   `#15314 <https://github.com/pytorch/pytorch/issues/15314>`__, on the √5 in
#   ``nn.Linear``.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
