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
He et al. 2015: do 30 layers of ReLU need an initialization of their own?
=========================================================================

People cite this paper for a factor of 2 in the variance of the first weights, without
which deep networks of ReLU are said not to begin to learn.

Short answer
------------

Yes, if they are to begin soon. ReLU drops one half of the mean square in each layer, on
average, both of the signal and of the gradient. Xavier's weights, with the variance 1 /
fan_in, do not make up for that. He's, with 2 / fan_in, do. A factor of √2 in each
weight adds up: behind the first of 30 layers come 29 others, and the gradient there is
smaller by the factor 2^-14.5 with Xavier's weights. With He's, 30 layers learn
handwritten digits in 12 epochs. With Xavier's, none of five networks begins by then, at
either of two larger learning rates. But given more epochs, at least one does begin: in
the paper they stall. 22 layers begin with both, as in the paper.
"""

import math
from itertools import islice

import torch
import torch.nn.functional as F
from tensorglass import activation_stats, default_device, initialize_
from torch import nn
from torch.testing import assert_close

device = default_device()  # a GPU if there is one
torch.set_num_threads(1)  # in small products, more would wait for each other


def network(depth, width=64, classes=10):
    pairs = [(nn.Linear(width, width), nn.ReLU()) for _ in range(depth - 1)]
    hidden = [layer for pair in pairs for layer in pair]
    return nn.Sequential(*hidden, nn.Linear(width, classes)).to(device)


torch.manual_seed(0)
model = network(30)
initialize_(model, torch.relu, last_gain=2**0.5)  # He's weights, in the last layer too
batch, direction = torch.randn(100, 64).to(device), torch.randn(100, 10).to(device)
sizes = []
for _ in ("He", "Xavier"):
    stats = activation_stats(model, batch, lambda y: (y * direction).sum())
    sizes.append(stats.layers[0].gradient_rms)
    with torch.no_grad():
        for layer in model[::2]:  # the linear layers; ReLU stands between them
            layer.weight /= 2**0.5  # now Xavier's
print(f"gradient of layer 1: He {sizes[0]:.2g}, Xavier {sizes[1]:.2g}")
assert_close(math.log2(sizes[1] / sizes[0]), -14.5, rtol=0, atol=1e-3)

# %%
# The claim
# ---------
#
# The paper says: a network with 30 layers of ReLU learns with the variance 2 / fan_in,
# and stalls with 1 / fan_in, which it calls Xavier's. With 22 layers both learn, and
# He's weights sooner. (Section 2.2, figures 2 and 3.)
#
# The paper trained convolutional networks on ImageNet. We train fully connected ones,
# with 64 units in a layer, on 8 x 8 images of digits: 1,000 for training, 797 for
# testing. Five draws for each kind of weights, trained at once. A
# network of each kind starts from the same random numbers, times √2 for He's.

from sklearn.datasets import load_digits

DRAWS, WIDTH = 5, 64
schemes = {"He": 2**0.5, "Xavier": 1.0}

digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32)  # 64 pixels each
images = ((images - images.mean()) / images.std()).to(device)
labels = torch.tensor(digits.target).to(device)
torch.manual_seed(1)
order = torch.randperm(len(labels)).to(device)
training, testing = order[:1000], order[1000:]
assert len(testing) == 797


def weights(depth, kinds):  # one tensor a layer, for all networks: all draws, by kind
    fans = (depth - 1) * [(WIDTH, WIDTH)] + [(WIDTH, 10)]
    drawn = [torch.randn(DRAWS, *pair) / pair[0] ** 0.5 for pair in fans]
    stacked = [torch.cat([schemes[kind] * each for kind in kinds]) for each in drawn]
    return [each.to(device).requires_grad_() for each in stacked]


drawn = weights(30, schemes)
for kind, each in zip(schemes, drawn[1].detach().chunk(2), strict=True):
    print(f"{kind:6} fan_in times the variance: {WIDTH * each.var():.3f}")
    assert_close(WIDTH * each.var().item(), schemes[kind] ** 2, rtol=0.1, atol=0)
assert [len(drawn), *drawn[-1].shape] == [30, 2 * 5, 64, 10]

# %%
# The law
# -------
#
# A unit sums n products of a weight and an input. The mean square of the sum is
# n Var(w) times that of the inputs. Half of a symmetric distribution is below 0, so
# ReLU halves it. From layer to layer, the mean square of the activations h goes to
#
# .. math::
#
#    \mathbb{E}[h_{\ell+1}^2]
#    = \frac{n \operatorname{Var}(w)}{2} \, \mathbb{E}[h_\ell^2]
#
# Back, a gradient passes where the sum was positive, which is half of the places: the
# factor is the same, with the number of outputs for n. It is 1 for He's weights, and
# 1/2 for Xavier's. Over L layers that makes :math:`2^{-L}` in the mean square, and
# :math:`2^{-L/2}` in size.

torch.manual_seed(2)
n = 512
for kind, factor in schemes.items():
    h = torch.randn(n, n).to(device).relu()
    weight = factor * torch.randn(10, n, n).to(device) / n**0.5
    sums = h @ weight
    forward = (sums.relu().square().mean() / h.square().mean()).item()
    gradient = torch.randn(n, n).to(device)
    back = ((gradient * (sums > 0)) @ weight.mT).square().mean()
    backward = (back / gradient.square().mean()).item()
    print(f"{kind:6} mean square times {forward:.3f}, on the way back {backward:.3f}")
    assert_close([forward, backward], 2 * [factor**2 / 2], rtol=0.05, atol=0)

# %%
# For a ReLU network without biases the factor between two scales is exact, in every
# draw: ReLU lets a positive factor pass, so the same units are active, and the factors
# of all layers multiply. The short answer uses that, and so does what comes next.

h, by_layer = images[:50].expand(2 * DRAWS, 50, WIDTH), []
with torch.no_grad():
    for weight in drawn[:-1]:
        h = (h @ weight).relu()
        by_layer.append(h)
he, xavier = by_layer[-1].chunk(2)
assert len(by_layer) == 29
assert_close(xavier * 2**14.5, he, rtol=1e-4, atol=1e-5)

# %%
# Measured
# --------
#
# First, numbers of section 2.2, for a convolutional network with 3 x 3 kernels and ten
# layers. They have 64 filters, twice, then 128, 256, and 512 filters. With the fan_out
# of n = 9 times the number of filters, the rule gives the standard deviations 0.059,
# 0.042, 0.029 and 0.021. People used to take 0.01 for all layers. On the way back from
# layer 10 to layer 2, the gradient is then smaller by the product of the ratios. The
# paper says: by 17,000. We build this network, and send a gradient back through it.

filters = [64] * 2 + [128] * 2 + [256] * 2 + [512] * 4
due = {number: (2 / (9 * number)) ** 0.5 for number in filters}
print("by the rule:", {number: round(std, 4) for number, std in due.items()})
torch.manual_seed(3)
pairs = zip([1, *filters], filters, strict=False)
kernels = [torch.empty(outputs, inputs, 3, 3) for inputs, outputs in pairs]
for kernel in kernels:
    nn.init.kaiming_normal_(kernel, mode="fan_out", nonlinearity="relu")
    assert_close(kernel.std().item(), due[len(kernel)], rtol=0.15, atol=0)


def gradient_at_layer_2(kernels):
    h = images[:1].reshape(1, 1, 8, 8)
    for number, kernel in enumerate(kernels, start=1):
        if number == 2:
            first = h.requires_grad_()
        sums = F.conv2d(h, kernel.to(device), padding=1)
        h = sums.relu()
    (gradient,) = torch.autograd.grad(sums, first, torch.ones_like(sums))
    return gradient.square().mean().sqrt().item()


at_001 = [kernel * (0.01 / due[len(kernel)]) for kernel in kernels]
times_smaller = gradient_at_layer_2(kernels) / gradient_at_layer_2(at_001)
print(f"with 0.01 the gradient is smaller by {times_smaller:,.0f}")
ratios = [due[number] / 0.01 for number in filters[1:]]  # of the layers 2 to 10
assert len(ratios) == 9
assert_close(times_smaller, math.prod(ratios), rtol=1e-3, atol=0)
assert round(times_smaller, -3) == 17_000

# %%
# Second, the gradients of the loss in 30 layers, for all digits in the training set.
# Medians of five draws: the gradient with Xavier's weights, divided by that with He's.
# In layer 1 it is 2^-14.5, within a factor of two. It is not exact, since the loss is
# not the same: small outputs mean equal probabilities for all classes. The paper says
# 1 / √2^L, which for L = 30 is 2^-15: its equation 13 has one factor less. So 1 is the
# tolerance of the power in the table. The others are half of the last digit given.

h, sums = images[training].expand(2 * DRAWS, 1000, WIDTH), []
for weight in drawn:
    sums.append(h @ weight)
    h = sums[-1].relu()
targets = labels[training].repeat(2 * DRAWS)
total = F.cross_entropy(sums[-1].flatten(0, 1), targets, reduction="sum")
squares = [each.square().mean((1, 2)) for each in torch.autograd.grad(total, sums)]
he, xavier = torch.stack(squares).sqrt().chunk(2, dim=1)
ratios = (xavier / he).median(dim=1).values.log2().tolist()  # for each layer
law = [-(30 - layer) / 2 for layer in range(1, 31)]
print("powers of 2 in layers 1, 10, 20 and 30:", end=" ")
print(*[round(ratios[layer - 1], 1) for layer in (1, 10, 20, 30)])
assert_close(ratios, law, rtol=0, atol=1)
assert law[0] == -14.5

# %%
# Third, training: SGD with momentum 0.9, batches of 50, five draws. A network *begins*
# in the first epoch whose mean training loss is below 2. Equal probabilities make ln 10
# = 2.303. He's networks get the learning rate 0.002. Xavier's of 30 layers get 0.02
# with 12 epochs, and 0.01 with up to 48; those of 22 layers get 0.02. The gradients are
# written out.

from tensorglass import reproduction

EPOCHS, MORE, BEGUN = 12, 48, 2.0
assert MORE == 4 * EPOCHS
assert round(math.log(10), 3) == 2.303


def training_losses(depth, arms):  # after each epoch; and what tells the accuracies
    layers = [each.detach() for each in weights(depth, [kind for kind, _ in arms])]
    count = len(arms) * DRAWS
    biases = [torch.zeros(count, 1, each.shape[2], device=device) for each in layers]
    rates = torch.tensor([rate for _, rate in arms], device=device)
    rates = rates.repeat_interleave(DRAWS)[:, None, None]
    momenta = [torch.zeros_like(each) for each in (*layers, *biases)]

    def outputs_of(h):  # each network gets the same images, and has its own weights
        inputs = [h.expand(count, *h.shape)]
        for weight, bias in zip(layers[:-1], biases[:-1], strict=True):
            inputs.append(torch.bmm(inputs[-1], weight).add_(bias).relu_())
        return inputs, torch.baddbmm(biases[-1], inputs[-1], layers[-1])

    def accuracies():
        right = outputs_of(images[testing])[1].argmax(-1) == labels[testing]
        return right.float().mean(1).unflatten(0, (-1, DRAWS))

    while True:
        losses = []
        for some in training[torch.randperm(len(training)).to(device)].split(50):
            inputs, outputs = outputs_of(images[some])
            right = F.one_hot(labels[some], 10)
            losses.append(-(outputs.log_softmax(-1) * right).sum(-1).mean(-1))
            change = (outputs.softmax(-1) - right) / len(some)
            for layer in reversed(range(depth)):
                h, weight, bias = inputs[layer], layers[layer], biases[layer]
                before = torch.bmm(change, weight.mT).mul_(h > 0)
                momenta[layer].baddbmm_(h.mT, change, beta=0.9)
                momenta[depth + layer].mul_(0.9).add_(change.sum(1, keepdim=True))
                weight.addcmul_(momenta[layer], rates, value=-1)
                bias.addcmul_(momenta[depth + layer], rates, value=-1)
                change = before
        yield torch.stack(losses).mean(0).unflatten(0, (-1, DRAWS)).cpu(), accuracies


def trained(depth, arms, epochs, enough=lambda begun: False):
    """Train till enough networks have begun: losses by epoch, arm, draw; accuracies."""
    torch.manual_seed(4)
    found = []
    for epoch in islice(training_losses(depth, arms), epochs):
        found.append(epoch[0])
        if enough(found[-1] < BEGUN):
            break
    return torch.stack(found), epoch[1]()


arms = [("He", 0.002), ("Xavier", 0.02)]
losses, right = trained(30, arms, EPOCHS)
begun = (losses < BEGUN).any(0).sum(1).tolist()  # of five
accuracy = right[0].median().item()
print(f"30 layers, 12 epochs: of five begin with He's {begun[0]},", end=" ")
print(f"with Xavier's {begun[1]}; He's median accuracy {accuracy:.0%}")
assert begun == [5, 0]
he_falls = losses[-1, 0].median() < 1
assert he_falls
at_ln_10 = torch.full((EPOCHS,), math.log(10))
assert_close(losses[:, 1].median(1).values, at_ln_10, rtol=0, atol=0.02)

patient, _ = trained(30, [("Xavier", 0.01)], MORE, enough=torch.any)
first = len(patient)
print(f"30 layers, Xavier: the first of five begins in epoch {first}")
one_begins = bool((patient[-1] < BEGUN).any())
assert one_begins
begins_late = EPOCHS < first <= MORE
assert begins_late

both = [("He", 0.002), ("Xavier", 0.02)]
shallow, _ = trained(22, both, MORE, enough=lambda begun: (begun.sum(1) > 2).all())
epochs = [1 + (arm < BEGUN).int().argmax().item() for arm in shallow.median(2).values.T]
print(f"22 layers begin, medians: He in epoch {epochs[0]}, Xavier in {epochs[1]}")
he_begins, xavier_begins = ((shallow[-1] < BEGUN).sum(1) > 2).tolist()  # most of five
assert he_begins
assert xavier_begins
he_sooner = epochs[0] < epochs[1]
assert he_sooner


def word(truth):
    return "yes" if truth else "no"


section = "section 2.2"
known = {64: 0.059, 128: 0.042, 256: 0.029, 512: 0.021}
results = reproduction(
    *((f"std, {n} filters", section, known[n], due[n], 0.0005) for n in known),
    ("0.01: thousands that divide the gradient", section, 17, times_smaller / 1e3, 0.5),
    ("30 layers: log2 of the gradient ratio", section, -15, ratios[0], 1),
    ("30 layers, He: learns", "figure 3", "yes", word(accuracy > 0.5), None),
    ("30 layers, Xavier: ever begins", "figure 3", "no", word(one_begins), None),
    ("22 layers, He: begins", "figure 2", "yes", word(he_begins), None),
    ("22 layers, Xavier: begins", "figure 2", "yes", word(xavier_begins), None),
    ("22 layers, He: sooner", "figure 2", "yes", word(he_sooner), None),
)
departing = [value.claim for value in results.values if value.verdict == "departs"]
assert departing == ["30 layers, Xavier: ever begins"]
results

# %%
# Picture
# -------
#
# Left, training 30 layers, medians of five draws. Right, the gradient with Xavier's
# weights by that with He's, before training: dots are medians, the line is the law, and
# the diamond is what the paper says of the first layer.

import matplotlib.pyplot as plt

colors = {"He": "#0072b2", "Xavier": "#d55e00"}
figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 4.0), layout="constrained")
left.plot(range(1, EPOCHS + 1), losses[:, 0].median(1).values, color=colors["He"])
left.plot(range(1, first + 1), patient.squeeze(1), color=colors["Xavier"], lw=1)
left.axhline(math.log(10), color="#009e73", lw=1, ls=":")
left.axvline(EPOCHS, color="#808080", lw=1, ls=":")
left.text(first, 2.4, "in the paper Xavier's stall", color=colors["Xavier"], ha="right")
left.text(1, 2.4, "ln 10", color="#009e73")
left.text(7.5, 1.3, "He, median", color=colors["He"])
left.text(EPOCHS + 0.5, 0.1, "12 epochs", color="#606060")
left.set(ylim=(0, 2.6), xlabel="epoch", ylabel="training loss")
left.set_title("30 layers: Xavier's weights begin late")
left.set_label(
    "Losses over the epochs. With He's weights the median falls from 2.3 to below 1 "
    "in 12 epochs. Five thin lines for Xavier's stay on the dotted line at ln 10 for "
    "more than 12 epochs. Then one falls below 2, where the lines end."
)
right.plot(range(1, 31), [2**power for power in law], color="#009e73", lw=1)
right.plot(range(1, 31), [2**power for power in ratios], ".", color=colors["Xavier"])
right.plot(1, 2**-15, "D", color="#cc79a7", ms=9, mfc="none")
right.text(2.5, 2**-15, "in the paper: 2^-15", color="#cc79a7", va="center")
right.text(13, 2**-7.2, "law", color="#009e73", ha="right")
right.set(xlabel="layer", ylabel="gradient, Xavier / He")
right.set_yscale("log", base=2)
right.set_title("Each layer takes a factor of √2")
right.set_label(
    "Dots for the layers 1 to 30, on a logarithmic axis. They lie on a straight line "
    "that rises from 2^-14.5 in layer 1 to 1 in layer 30. A diamond marks the value in "
    "layer 1 by the paper, 2^-15."
)

# %%
# Where it departs
# ----------------
#
# In the paper Xavier's 30 layers stall. Here at least one of five begins, though later
# than after 12 epochs: "never" is a matter of patience. By the law the gradient in
# their first layer is 2^-14.5 of He's. That is small, but it is not 0. With 22 layers
# it is 2^-10.5, and most of five begin in fewer epochs.

assert law[0] == -14.5
assert law[30 - 22] == -10.5
sooner_with_22 = first > epochs[1]
assert sooner_with_22

# %%
# To train at 30 layers is not to profit from them. In the paper 30 layers err in
# 38.56 % of the images, 14 layers in 33.82 %. Here, too, He's networks have a larger
# loss after as many epochs at 30 layers than at 22. And the law speaks of averages. Our
# layers have 64 inputs, many of the paper's have thousands. So our draws differ more:
# in layer 30 the theory expects a standard deviation of the mean square that is 2.8
# times its mean.
#
# What this page does not test: convolutions in training, ImageNet, and the paper's
# PReLU, whose rule is in exercise 1.

from tensorglass import signal_propagation

errors = {14: (33.82, 13.34), 30: (38.56, 16.59)}  # the paper's, of the best 1 and 5
theirs_too = all(less < more for less, more in zip(errors[14], errors[30], strict=True))
assert theirs_too
last = min(EPOCHS, len(shallow)) - 1
deeper_is_worse = losses[last, 0].median() > shallow[last, 0].median()
assert deeper_is_worse
last = signal_propagation(torch.relu, 2**0.5).through(30, width=64).layers[-1]
assert f"{last.spread / last.second_moment:.1f}" == "2.8"

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# PReLU multiplies negative inputs by a, which starts at 0.25 in the paper. Which
# variance keeps the mean square?
#
# Solution
# ^^^^^^^^
#
# One half of the mean square is kept, of the other half a². So the variance is
# 2 / (1 + a²) by fan_in. ``gain`` computes its root for any function.

from tensorglass import gain

prelu = nn.PReLU(init=0.25)
expected = (2 / (1 + prelu.weight.item() ** 2)) ** 0.5
print(f"gain of PReLU {gain(lambda x: F.leaky_relu(x, 0.25)):.4f}")
assert_close(gain(lambda x: F.leaky_relu(x, 0.25)), expected, rtol=1e-9, atol=0)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# The rule with fan_in keeps the signal, that with fan_out the gradient. Take fan_in for
# the ten convolutional layers above. By how much do the layers 2 to 10 then multiply
# the mean square of the gradient?
#
# Solution
# ^^^^^^^^
#
# In each layer by fan_out / fan_in, the number of filters by that of the layer before.
# In the product all but the first and the last cancel: 512 / 64 = 8. That does not grow
# with the number of layers. So either rule will do.

import itertools

pairs = itertools.pairwise(filters)
product = math.prod(after / before for before, after in pairs)
print(f"mean square of the gradient times {product:.0f}")
assert product == 512 / 64 == 8

# %%
# Take it home
# ------------
#
# ``initialize_`` draws He's weights for a whole model. ``activation_stats`` tells
# before training whether the gradient arrives. Here are 30 layers again, and medians of
# five draws. With the weights of ``nn.Linear`` less than a billionth of the gradient in
# the last layer arrives in the first. With He's about a fifth does.

from statistics import median


def loss(outputs):
    return F.cross_entropy(outputs, labels[:500])


arriving = {"nn.Linear": [], "He": []}
for seed in range(5):
    torch.manual_seed(seed)
    model = network(30)
    for shares in arriving.values():
        stats = activation_stats(model, images[:500], loss)
        shares.append(stats.layers[0].gradient_rms / stats.layers[-1].gradient_rms)
        initialize_(model, torch.relu)
default, he = map(median, arriving.values())
print(f"of the gradient arrives: nn.Linear {default:.1g}, He {he:.2g}")
less_than_a_billionth = default < 1e-9
assert less_than_a_billionth
assert_close(math.log2(he), math.log2(1 / 5), rtol=0, atol=0.7)

# %%
# References
# ----------
#
# - K. He, X. Zhang, S. Ren, J. Sun, `Delving Deep into Rectifiers
#   <https://arxiv.org/abs/1502.01852>`__, 2015.
# - X. Glorot, Y. Bengio, `Understanding the Difficulty of Training Deep Feedforward
#   Neural Networks <https://proceedings.mlr.press/v9/glorot10a.html>`__, 2010. Their
#   variance is 2 / (fan_in + fan_out): :doc:`glorot_bengio`.
# - B. Hanin, D. Rolnick, `How to Start Training
#   <https://arxiv.org/abs/1803.01719>`__, 2018, on how much draws differ.
