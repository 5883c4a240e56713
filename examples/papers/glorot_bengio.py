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
Glorot and Bengio 2010: does the normalized initialization keep gradients alive?
================================================================================

People cite this paper because its rule for the first weights, Xavier's, is in every
library.

:Level: intermediate

Short answer
------------

Mostly, in networks of tanh, at the start of training. ``nn.Linear`` draws weights
between ±1/√fan_in: 20 layers leave a hundred-thousandth of the gradient. The paper's
±√6/√(fan_in + fan_out), which ``nn.init.xavier_uniform_`` draws, leaves a fifth, for
inputs of size 1.
"""

import torch

for bound, left in ((500**-0.5, 0.00001), ((6 / (500 + 500)) ** 0.5, 0.2)):
    first = h = torch.randn(200, 500, generator=torch.manual_seed(0)).requires_grad_()
    for _ in range(20):
        h = torch.tanh(h @ torch.empty(500, 500).uniform_(-bound, bound))
    (gradient,) = torch.autograd.grad(h, first, torch.randn_like(h))
    print(f"weights up to {bound:.3f}: {gradient.std():.6f} of the gradient is left")
    torch.testing.assert_close(gradient.std().item(), left, rtol=0.5, atol=0)

# %%
# In the picture, the gradient goes from right to left. With ``nn.Linear``'s weights,
# which the paper calls *standard*, each layer divides it by about √3. With the
# *normalized* weights it fades slowly, because tanh is not linear.

# More: draws what is left of the gradient after each layer
import matplotlib.pyplot as plt

colors = {"standard": "#d55e00", "normalized": "#0072b2"}
figure, ax = plt.subplots(figsize=(5.4, 3.4), layout="constrained")
divided = {}
for name, bound in (("standard", 500**-0.5), ("normalized", (6 / (500 + 500)) ** 0.5)):
    signals = [torch.randn(200, 500, generator=torch.manual_seed(0)).requires_grad_()]
    for _ in range(20):
        weight = torch.empty(500, 500).uniform_(-bound, bound)
        signals.append(torch.tanh(signals[-1] @ weight))
    gradients = torch.autograd.grad(signals[-1], signals, torch.randn(200, 500))
    sizes = torch.stack([each.std() for each in gradients])
    ax.plot(sizes, "o-", color=colors[name], markersize=4)
    ax.text(10, 0.3 * sizes[10], name, color=colors[name])
    divided[name] = (sizes[-1] / sizes[10]).item() ** (1 / 10)  # by each of 10 layers
ax.set(yscale="log", xlabel="layer", ylabel="gradient / gradient of layer 20")
ax.set_xticks(range(0, 21, 5))
ax.set_title("20 layers of tanh: standard weights lose the gradient")
ax.set_label(
    "Two lines over the layers from 0 to 20, on a logarithmic axis, both 1 in layer "
    "20. That of the normalized weights falls to 0.2 in layer 0, that of the standard "
    "weights, in equal steps, to 0.00001."
)
torch.testing.assert_close(divided["standard"], 3**0.5, rtol=0.02, atol=0)
torch.testing.assert_close(divided["normalized"], 1.0, rtol=0.1, atol=0)

# %%
# Take it home
# ------------
#
# The paper's rule for a whole model:

from torch import nn

model = nn.Sequential(nn.Linear(784, 256), nn.Tanh(), nn.Linear(256, 10))
for module in model.modules():
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)

spread = model[0].weight.std().item()
torch.testing.assert_close(spread, (2 / (784 + 256)) ** 0.5, rtol=0.01, atol=0)

# %%
# For a model of your own, this site's library measures the gradient before you train.

# More: reads the digits, and builds networks of tanh
import math

import torch.nn.functional as F
from sklearn.datasets import load_digits
from tensorglass import activation_stats, default_device
from torch.testing import assert_close

device = default_device()  # a GPU if there is one
digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32)  # 64 pixels each
images = ((images - images.mean()) / images.std()).to(device)
labels = torch.tensor(digits.target).to(device)


def network(width=500, hidden=5):
    layers = []
    for fan_in in [64] + (hidden - 1) * [width]:
        layers += [nn.Linear(fan_in, width), nn.Tanh()]
    model = nn.Sequential(*layers, nn.Linear(width, 10)).to(device)
    for layer in model[::2]:  # the linear layers; tanh stands between them
        nn.init.zeros_(layer.bias)
    return model


def gradient_left(model):  # in the first layer, as a share of that in the last hidden
    stats = activation_stats(model, images, lambda y: F.cross_entropy(y, labels))
    return stats.layers[0].gradient_rms / stats.layers[-3].gradient_rms


# %%
# ``initialize_`` draws such weights too: ``nn.Identity()`` has the gain 1, which is the
# paper's rule. With the gain of tanh, 1.59, the gradient grows about fivefold.

from tensorglass import gain, initialize_

torch.manual_seed(5)
model = network(width=256, hidden=20)
kept = {"nn.Linear": gradient_left(model)}
for function in (nn.Identity(), torch.tanh):
    initialize_(model, function, scheme="xavier")
    kept[f"the gain {gain(function):.2f}"] = gradient_left(model)
for name, share in kept.items():
    print(f"{name:13} {share:.5f}")
assert list(kept)[2] == "the gain 1.59"
assert [math.floor(math.log10(share)) for share in kept.values()] == [-5, -1, 0]
assert_close(list(kept.values())[1:], [0.28, 5.0], rtol=0.2, atol=0)

# %%
# The claim
# ---------
#
# Training may be harder when the singular values of a layer's Jacobian, the derivatives
# of its activations by those of the layer before, are far from 1. With standard weights
# their mean is 0.5, with normalized ones 0.8, and with these the network learns faster.
# (Section 4.2.2, and the abstract.)
#
# We take five hidden layers of tanh, as the paper does. What is smaller: 500 units in a
# layer, and 64 for training, where the paper has 1000; and 8 x 8 digits.

# More: five hidden layers, and what is left of the gradient after four of them
torch.manual_seed(0)
model = network()
largest = model[2].weight.abs().max().item()  # by the standard initialization
assert_close(largest, 500**-0.5, rtol=0.001, atol=0)
left = {"standard": gradient_left(model)}
for layer in model[::2]:
    nn.init.xavier_uniform_(layer.weight)
left["normalized"] = gradient_left(model)
for name, share in left.items():
    print(f"{name:10} {share:.0%} of the gradient is left after four layers")
assert round(left["standard"], 1) == 0.1
assert_close(left["normalized"], 2 / 3, rtol=0, atol=0.1)

# %%
# The two kinds of weights differ in their variance, a third of the bound's square. With
# the two fans as n:
#
# .. math::
#
#    \begin{aligned}
#    \text{standard: } \operatorname{Var}(w) &= \frac{1}{3 \, n_\text{in}} \\
#    \text{normalized: } \operatorname{Var}(w) &= \frac{2}{n_\text{in} + n_\text{out}}
#    \end{aligned}
#
# So for equal fans, n Var(w) is 1/3 and 1.

# More: draws both kinds of weights, for five networks at once
DRAWS, WIDTH = 5, 500


def bound(name, fan_in, fan_out):
    return fan_in**-0.5 if name == "standard" else (6 / (fan_in + fan_out)) ** 0.5


def weights(name, width=WIDTH, hidden=5):  # one tensor a layer, for all draws
    fans = [(64, width)] + (hidden - 1) * [(width, width)] + [(width, 10)]
    drawn = [bound(name, *pair) * (2 * torch.rand(DRAWS, *pair) - 1) for pair in fans]
    return [weight.to(device).requires_grad_() for weight in drawn]


torch.manual_seed(1)
drawn = {name: weights(name) for name in ("standard", "normalized")}
for name, expected in (("standard", 1 / 3), ("normalized", 1.0)):
    scaled = WIDTH * drawn[name][2].var().item()
    print(f"{name:10} n Var(w) = {scaled:.3f}")
    assert_close(scaled, expected, rtol=0.01, atol=0)
unequal = {"standard": 1 / (3 * 64), "normalized": 2 / (64 + WIDTH)}  # the first layer
for name, expected in unequal.items():
    assert_close(drawn[name][0].var().item(), expected, rtol=0.01, atol=0)

# %%
# The law
# -------
#
# The singular values s of a large square matrix of independent weights of mean 0,
# without heavy tails, with n Var(w) = sigma², lie between 0 and 2 sigma. Their density
# is a quarter of a circle, stretched:
#
# .. math::
#
#    \rho(s) = \frac{\sqrt{4 \sigma^2 - s^2}}{\pi \, \sigma^2}
#    \qquad \mathbb{E}[s] = \frac{8}{3 \pi} \, \sigma
#
# For the normalized weights sigma is 1, for the standard ones 1/√3: the means are 0.849
# and 0.490. These are the paper's two numbers, but for tanh.

# More: integrates the density, and measures the means
law = {"standard": 8 / (3 * math.pi) / 3**0.5, "normalized": 8 / (3 * math.pi)}
grid = torch.linspace(0, 2, 100_001, dtype=torch.float64)
density = (4 - grid**2).sqrt() / math.pi
assert_close(torch.trapezoid(density, grid).item(), 1.0, rtol=1e-6, atol=0)
mean = torch.trapezoid(density * grid, grid).item()
assert_close(mean, law["normalized"], rtol=1e-6, atol=0)
assert [round(value, 3) for value in law.values()] == [0.49, 0.849]
for name, expected in law.items():
    values = torch.linalg.svdvals(drawn[name][2].detach())
    print(
        f"{name:10} mean singular value {values.mean():.4f}, by the law {expected:.4f}"
    )
    assert_close(values.mean().item(), expected, rtol=0.01, atol=0)

# %%
# More: the law of a tanh layer
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Tanh multiplies each row of W by its slope, 1 - tanh². Where the slopes of a layer do
# not differ much, the mean singular value is multiplied by the mean slope. That makes
# the law for a tanh layer: 8/(3π) · sigma · mean slope. It holds within 1 % for both
# kinds of weights, in all four layers and at all five draws, each with its own image.


def jacobians(name, x):  # of layers 2 to 5, at one image; and the slopes
    h = x.expand(DRAWS, 1, 64)
    for number, weight in enumerate(drawn[name][:-1]):
        h = torch.tanh(h @ weight.detach())
        slopes = 1 - h**2
        if number > 0:
            yield (
                torch.linalg.svdvals(weight.detach() * slopes),
                slopes.mean(dim=(1, 2)),
            )


mean_values = {}
some = images[torch.randperm(len(images))[:DRAWS]][:, None]
for name, linear in law.items():
    found = list(jacobians(name, some))
    mean_values[name] = torch.stack([values.mean(dim=1) for values, _ in found]).cpu()
    predicted = linear * torch.stack([slope for _, slope in found]).cpu()
    error = (mean_values[name] / predicted - 1).abs().max().item()
    print(f"{name:10} farthest from the law: {error:.2%}")
    assert_close(error, 0.0, rtol=0, atol=0.01)
assert mean_values["standard"].numel() == 4 * DRAWS

# %%
# Measured
# --------
#
# In layers 2 to 5 the medians of five draws are the paper's two values. They rise
# towards those of the law, as the signal shrinks and tanh becomes linear.

# More: prints the mean singular values, layer by layer
medians = {name: values.median(dim=1).values for name, values in mean_values.items()}
for name, values in medians.items():
    print(f"{name:10}", *[f"{value:.3f}" for value in values.tolist()])
    assert values.tolist() == sorted(values.tolist())  # tanh is ever more linear
overall = {name: values.median().item() for name, values in mean_values.items()}
assert round(overall["standard"], 1) == 0.5
assert round(overall["normalized"], 1) == 0.8

# %%
# With standard weights activations fade on their way up (figure 6), and gradients on
# their way down (figure 7). A weight's gradient is a product of the two, and has the
# same size in all layers (figure 8).

# More: measures root mean squares, from 200 digits; theory is right within 5 %
from tensorglass import signal_propagation

torch.manual_seed(2)
some = torch.randperm(len(images))[:200].to(device)
batch, targets = images[some], labels[some]


def rms(tensors):  # for each tensor the median of all draws
    squares = torch.stack([each.detach().square().mean(dim=(1, 2)) for each in tensors])
    return squares.sqrt().median(dim=1).values.cpu()


sigma, rows, theory = {"standard": 3**-0.5, "normalized": 1.0}, {}, {}
for name in law:
    h, sums, activations = batch.expand(DRAWS, 200, 64), [], []
    for weight in drawn[name][:-1]:
        sums.append(h @ weight)
        activations.append(h := torch.tanh(sums[-1]))
    outputs = (h @ drawn[name][-1]).flatten(0, 1)
    total = F.cross_entropy(outputs, targets.repeat(DRAWS), reduction="sum")
    gradients = torch.autograd.grad(total, [*sums, *drawn[name][1:-1]])
    rows[name] = {
        "activation": rms(activations),
        "gradient": rms(gradients[:5]) / rms(gradients[4:5]),  # relative to layer 5
        "of weights": rms(gradients[5:]) / rms(gradients[8:]),  # from layer 2 on
    }
    for what, values in rows[name].items():
        print(f"{name:10} {what:10}", *[f"{value:.3f}" for value in values.tolist()])
    variance = bound(name, 64, WIDTH) ** 2 / 3  # of the first layer's weights
    moment = 64 * variance * batch.square().mean().item() / sigma[name] ** 2
    wide = signal_propagation(torch.tanh, sigma[name])
    theory[name] = wide.through(5, moment).layers
    sizes = torch.tensor([each.second_moment**0.5 for each in theory[name]])
    backward = torch.tensor([each.gradient**0.5 for each in theory[name]])
    assert_close(rms(sums), sizes, rtol=0.05, atol=0)
    assert_close(rows[name]["gradient"], backward, rtol=0.05, atol=0)
    assert_close(rows[name]["of weights"], torch.ones(4), rtol=0.1, atol=0)

# %%
# Then training: the digits, five hidden layers of 64 units, SGD. The paper tuned the
# learning rate of each of its networks. So each kind of weights gets four, and the best
# one counts.

# More: trains 40 networks at once
EPOCHS, RATES = 12, (0.1, 0.2, 0.4, 0.8)
torch.manual_seed(3)
order = torch.randperm(len(labels)).to(device)
training, testing = order[:1000], order[1000:]
assert len(testing) == 797
pairs = zip(*[weights(name, width=64) for name in law], strict=True)
layers = [torch.cat([each.repeat(4, 1, 1) for each in pair]) for pair in pairs]
layers = [each.detach().requires_grad_() for each in layers]  # kinds, rates, draws
networks = 2 * len(RATES) * DRAWS
assert networks == 40
biases = [torch.zeros(networks, 1, each.shape[2], device=device) for each in layers]
parameters = [*layers, *[each.requires_grad_() for each in biases]]
rates = torch.tensor(RATES, device=device).repeat_interleave(DRAWS).repeat(2)


def predict(h):  # each network gets the same images, and has its own weights
    h = h.expand(networks, *h.shape)
    for weight, bias in zip(layers[:-1], biases[:-1], strict=True):
        h = torch.tanh(torch.baddbmm(bias, h, weight))
    return torch.baddbmm(biases[-1], h, layers[-1])


accuracies = []
for _ in range(EPOCHS):
    for some in training[torch.randperm(len(training)).to(device)].split(50):
        outputs = predict(images[some]).flatten(0, 1)
        # The sum of the mean losses: each network gets the gradient of its own.
        loss = networks * F.cross_entropy(outputs, labels[some].repeat(networks))
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(rates[:, None, None] * gradient)
    with torch.no_grad():
        right = predict(images[testing]).argmax(-1) == labels[testing]
    accuracies.append(right.float().mean(dim=1))
curves = torch.stack(accuracies).cpu().unflatten(1, (2, -1, DRAWS)).median(3).values
above = curves > 0.9
counted = torch.where(above.any(0), 1 + above.int().argmax(0), EPOCHS + 1)
epochs = {name: min(row) for name, row in zip(law, counted.tolist(), strict=True)}
at_one_rate = dict(zip(law, counted[:, 0].tolist(), strict=True))
for name, row in zip(law, counted.tolist(), strict=True):
    print(f"{name:10} above 90 % in epoch {row}, by rates {RATES}")
both_learn = max(epochs.values()) <= EPOCHS
assert both_learn

# %%
# *Fade* means: more than half is lost between the first and the last hidden layer. The
# tolerance of the singular values is half of the last digit given.

# More: sets each of the paper's values beside ours
from tensorglass import reproduction


def fade(values):
    first, *_, last = sorted(values.tolist(), reverse=True)
    return "yes" if last < first / 2 else "no"


standard, normalized = rows["standard"], rows["normalized"]
faster = "yes" if epochs["normalized"] < epochs["standard"] else "no"
weights_fade = fade(standard["of weights"])
section = "section 4.2.2"
kinds = "mean singular value, normalized", "mean singular value, standard"
words = "fade, standard", "fade, normalized"
figures = [f"figure {number}" for number in (6, 7, 8)]
results = reproduction(
    (kinds[0], section, 0.8, overall["normalized"], 0.05),
    (kinds[1], section, 0.5, overall["standard"], 0.05),
    (f"activations {words[0]}", figures[0], "yes", fade(standard["activation"]), None),
    (f"activations {words[1]}", figures[0], "no", fade(normalized["activation"]), None),
    (f"gradients {words[0]}", figures[1], "yes", fade(standard["gradient"]), None),
    (f"gradients {words[1]}", figures[1], "no", fade(normalized["gradient"]), None),
    (f"weight gradients {words[0]}", figures[2], "no", weights_fade, None),
    ("normalized learns faster, rates tuned", "abstract", "yes", faster, None),
)
assert [value.verdict for value in results.values] == ["agrees"] * 8
results

# %%
# Left: the dots come from tanh layers, and approach the dotted lines, the law of linear
# ones, from below. Right: the measured dots lie on the theory.

# More: draws the singular values, and the gradients of five layers
published = {"standard": 0.5, "normalized": 0.8}
figure, (left_ax, right_ax) = plt.subplots(
    1, 2, figsize=(8.6, 4.0), layout="constrained"
)
for name, color in colors.items():
    left_ax.axhline(published[name], color=color, lw=1)
    left_ax.axhline(law[name], color=color, lw=1, ls=":")
    left_ax.plot(range(2, 6), medians[name], "o", color=color)
    top, bottom = max(law[name], published[name]), medians[name].min().item()
    text = f"{name}: dotted, linear layers, {law[name]:.3f}"
    left_ax.text(2, top + 0.015, text, color=color)
    text = f"line, the paper, {published[name]}; dots, measured"
    left_ax.text(2, bottom - 0.03, text, color=color, va="top")
    right_ax.plot(
        range(1, 6), [each.gradient**0.5 for each in theory[name]], color=color
    )
    right_ax.plot(range(1, 6), rows[name]["gradient"], "o", color=color)
right_ax.text(3, 0.65, "normalized", color=colors["normalized"])
right_ax.text(2.1, 0.14, "standard", color=colors["standard"])
left_ax.set(ylim=(0.3, 1), xlabel="layer", ylabel="mean singular value")
left_ax.set_xticks(range(2, 6))
left_ax.set_title("Tanh layers have nearly the paper's values")
left_ax.set_label(
    "Four dots for each kind of weights, for layers 2 to 5. Those of the normalized "
    "weights rise from 0.75 to 0.79, below the line at 0.8. Those of the standard "
    "weights rise from 0.46 to 0.49, below the line at 0.5. Dotted lines at 0.849 and "
    "0.490 show the law for linear layers, which the dots approach from below."
)
right_ax.set(yscale="log", ylim=(0.05, 1.5), xlabel="layer")
right_ax.set_xticks(range(1, 6))
right_ax.set_ylabel("rms of the gradient, by that in layer 5")
right_ax.set_title("Standard weights lose the gradient")
right_ax.set_label(
    "Two lines over the layers from 1 to 5, on a logarithmic axis, both 1 in layer 5. "
    "That of the normalized weights falls to 0.63 in layer 1, that of the standard "
    "weights nearly straight to 0.08. The measured dots lie on the lines."
)
below = [bool((medians[name] < law[name]).all()) for name in law]
assert below == [True, True]

# %%
# Where it departs
# ----------------
#
# All rows agree. But 0.8 is no constant of the initialization: it depends on how large
# the signal is, and so on the data. With images a tenth as large, tanh is nearly
# linear, and the mean singular values are those of the law. With images three times as
# large, those of layer 2 are 0.62 with normalized and 0.42 with standard weights.

some = images[torch.randperm(len(images))[:DRAWS]][:, None]
for scale, name, expected in (
    (0.1, "normalized", law["normalized"]),
    (0.1, "standard", law["standard"]),
    (3, "normalized", 0.62),
    (3, "standard", 0.42),
):
    values, _ = next(jacobians(name, scale * some))
    found = values.mean(dim=1).median().item()
    print(f"images times {scale}: {name:10} {found:.3f}")
    assert_close(found, expected, rtol=0.05, atol=0)

# %%
# More: the mean is not what the gradient feels
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A mean of 0.8 sounds as if each layer took a fifth of the gradient. But a random
# direction is scaled by the *root mean square* of the singular values, which is sigma:
# 1 and 1/√3. Without tanh the normalized weights keep the gradient through all four
# layers. The fourth power of 0.849 would leave 0.52.

assert round(law["normalized"] ** 4, 2) == 0.52
for name, factor in sigma.items():
    values = torch.linalg.svdvals(drawn[name][2].detach())
    root_mean_square = values.square().mean().sqrt().item()
    assert_close(root_mean_square, factor, rtol=0.01, atol=0)
    start = gradient = torch.randn(DRAWS, 200, WIDTH).to(device)
    for weight in drawn[name][1:-1]:
        gradient = gradient @ weight.detach().mT
    kept = (gradient.square().mean() / start.square().mean()).sqrt().item()
    print(
        f"{name:10} rms singular value {root_mean_square:.3f}, four layers {kept:.3f}"
    )
    assert_close(kept, factor**4, rtol=0.05, atol=0)

# %%
# More: one learning rate for both makes the lead look larger
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# What differs is how soon the network learns. With the best rate for each kind the
# normalized weights are ahead by at least two epochs less than where both have 0.1. And
# the standard weights bear a larger rate: at 0.8 the normalized networks do not learn.
# After all epochs, each at its best rate, the two differ by less than 0.05. The paper
# also gives errors at the end of training, for four sets of images and other
# activations. We compare none of them: our images are too easy, and our networks too
# small. Nor do we follow the singular values in training.

leads = [each["standard"] - each["normalized"] for each in (at_one_rate, epochs)]
print(f"normalized weights are ahead by {leads[0]} epochs at 0.1, tuned by {leads[1]}")
shorter = 0 < leads[1] <= leads[0] - 2
assert shorter
best = curves[-1].max(dim=1).values
assert_close(best[0], best[1], rtol=0, atol=0.05)
too_large = curves[-1, :, -1] < 0.5
assert too_large.tolist() == [False, True]

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# For which weights are the mean and the root mean square of the singular values equal?
# What is the mean singular value of a tanh layer then?
#
# Solution
# ^^^^^^^^
#
# If all singular values are equal: for multiples of orthogonal matrices. Then 1 takes
# the place of 8/(3π), and the mean slope is left.

torch.manual_seed(4)
weight = nn.init.orthogonal_(torch.empty(WIDTH, WIDTH))
values = torch.linalg.svdvals(weight)
assert_close(values, torch.ones(WIDTH), rtol=1e-4, atol=0)
slopes = 1 - torch.tanh(0.5 * torch.randn(WIDTH)) ** 2
values = torch.linalg.svdvals(slopes * weight)
assert_close(values.mean(), slopes.mean(), rtol=0.02, atol=0)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# A layer has 100 inputs and 300 outputs, and normalized weights. By how much do they
# multiply the mean square of a signal, and that of a gradient on its way back?
#
# Solution
# ^^^^^^^^
#
# The variance is 2 / (100 + 300). A sum over 100 inputs makes 0.5, a sum over 300
# outputs 1.5. The rule is a compromise between the two.

weight = nn.init.xavier_uniform_(torch.empty(300, 100))
forward = (torch.randn(1000, 100) @ weight.mT).square().mean().item()
backward = (torch.randn(1000, 300) @ weight).square().mean().item()
assert_close([forward, backward], [0.5, 1.5], rtol=0.05, atol=0)

# %%
# References
# ----------
#
# - X. Glorot, Y. Bengio, `Understanding the Difficulty of Training Deep Feedforward
#   Neural Networks <https://proceedings.mlr.press/v9/glorot10a.html>`__, 2010.
# - V. Marchenko, L. Pastur, `Distribution of eigenvalues for some sets of random
#   matrices <https://doi.org/10.1070/SM1967v001n04ABEH001994>`__, 1967.
# - S. Schoenholz et al., `Deep Information Propagation
#   <https://arxiv.org/abs/1611.01232>`__, 2017, the theory of very wide networks.
