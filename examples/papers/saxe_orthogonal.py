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
Saxe, McClelland and Ganguli 2013: do orthogonal weights make depth cost nothing?
=================================================================================

People cite this paper for orthogonal initialization, and for the name of what it
gives: *dynamical isometry*.

:Level: advanced

Short answer
------------

Nearly. Orthogonal matrices have an orthogonal product: all singular values are 1. A
Gaussian product has a few large ones, many near 0. So deep *linear* networks with
orthogonal weights learn digits: 64 matrices need under 1.6 times the steps of 32. With
tanh a part of this holds. In a ReLU layer, about half of the values are 0.
"""

import torch

torch.manual_seed(0)
gaussian = torch.randn(32, 100, 100, dtype=torch.float64) / 10
orthogonal = torch.linalg.qr(gaussian).Q
products = [torch.linalg.multi_dot(list(each)) for each in (orthogonal, gaussian)]
values = torch.linalg.svdvals(torch.stack(products))
print(values[:, [0, 9, 49]].round(decimals=3).tolist())  # 1st, 10th, 50th
torch.testing.assert_close(values[0], torch.ones_like(values[0]), rtol=1e-10, atol=0)

# %%
# A singular value says how much the product stretches a direction. (Printed are the
# 1st, 10th and 50th, first those of the orthogonal product.) Orthogonal matrices keep
# all 100 directions. After 32 Gaussian matrices few are left.

# More: draws the singular values of both products
import matplotlib.pyplot as plt
from tensorglass import default_device

device = default_device()  # a GPU if there is one


def matrices(kind, *shape):  # the weights of a layer, or of many, drawn on the CPU
    drawn = torch.randn(*shape, dtype=torch.float64) / shape[-1] ** 0.5
    if kind == "uniform":  # of the same variance
        drawn = (3 / shape[-1]) ** 0.5 * (2 * torch.rand_like(drawn) - 1)
    if kind == "orthogonal":
        flat = drawn.view(-1, *shape[-2:])
        for each in flat:
            torch.nn.init.orthogonal_(each)
    return drawn


def product(kind, factors, copies=10, size=100):
    end_to_end = torch.eye(size, dtype=torch.float64).expand(copies, size, size)
    for _ in range(factors):
        end_to_end = matrices(kind, copies, size, size) @ end_to_end
    return end_to_end


figure, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
for name, color, place, found in zip(
    ("32 orthogonal matrices", "32 Gaussian matrices"),
    ("#0072b2", "#d55e00"),
    ((45, 1.4), (20, 0.3)),
    values,
    strict=True,
):
    ax.plot(range(1, 101), found, color=color)
    ax.text(*place, name, color=color)
ax.set(yscale="log", ylim=(1e-4, 20), xlabel="direction, the most stretched first")
ax.set_ylabel("stretched by (singular value)")
ax.set_title("A product of orthogonal matrices keeps every direction")
ax.set_label(
    "Singular values from the largest to the smallest, on a logarithmic axis. Those of "
    "the product of orthogonal matrices are all 1. Those of the Gaussian product begin "
    "near 7, fall below 1 within the first ten, and keep falling steeply."
)
torch.manual_seed(0)
found = torch.linalg.svdvals(product("Gaussian", 32))
large, many_vanish = found.max() > 3, found.median() < 0.01
assert large
assert many_vanish

# %%
# Take it home
# ------------
#
# Make a model orthogonal, and look at how it stretches small changes of its input:

from torch import nn

layers = [each for _ in range(10) for each in (nn.Linear(64, 64), nn.Tanh())]
model = nn.Sequential(*layers)
for layer in model:
    if isinstance(layer, nn.Linear):
        nn.init.orthogonal_(layer.weight)
        nn.init.zeros_(layer.bias)
jacobian_of_model = torch.func.jacrev(model)(0.01 * torch.randn(64))
stretched = torch.linalg.svdvals(jacobian_of_model)
torch.testing.assert_close(stretched, torch.ones(64), rtol=0, atol=0.01)

# %%
# The library of this site does so in one call, and sets the biases to 0.

from tensorglass import initialize_

initialize_(model, nn.Identity(), scheme="orthogonal")  # the gain 1
again = torch.linalg.svdvals(torch.func.jacrev(model)(0.01 * torch.randn(64)))
torch.testing.assert_close(again, torch.ones(64), rtol=0, atol=0.01)
assert not model[0].bias.any()

# %%
# More: beside Gaussian weights
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Inputs of size 1 meet the curve of tanh. The median singular value of the ten layers
# is then far larger with the scheme "orthogonal" than with the Gaussian "kaiming". The
# largest is smaller.

spread, largest_of = {}, {}
for scheme in ("orthogonal", "kaiming"):
    medians, largest = [], []
    for seed in range(5):
        torch.manual_seed(seed)
        initialize_(model, nn.Identity(), scheme=scheme)
        jacobian_of_model = torch.func.jacrev(model)(torch.randn(64))
        found = torch.linalg.svdvals(jacobian_of_model.detach())
        medians.append(found.median())
        largest.append(found.max())
    middle, top = (torch.stack(each).median().item() for each in (medians, largest))
    spread[scheme], largest_of[scheme] = top / middle, top
    print(f"{scheme:10} median singular value {middle:.3f}, largest {top:.2f}")
narrower = spread["orthogonal"] < 0.2 * spread["kaiming"]
assert narrower
smaller = largest_of["orthogonal"] < largest_of["kaiming"]
assert smaller

# %%
# More: rectangles, convolutions, 16 bits
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A layer with fewer outputs than inputs has orthogonal rows, and forgets the other
# directions: of 64 only 10 are left. ``orthogonal_`` reads the weight of a convolution
# as a matrix with a row for each output channel. Its rows are orthogonal, but where its
# windows overlap, the convolution is no isometry. And weights of 16 bits are refused,
# on the CPU at least: fill them in float32, and convert.

from tensorglass import shows_error

torch.manual_seed(0)
narrow = nn.init.orthogonal_(torch.empty(10, 64))
torch.testing.assert_close(narrow @ narrow.T, torch.eye(10))
assert torch.linalg.matrix_rank(narrow.T @ narrow) == 10

convolution = nn.Conv1d(8, 8, 3, padding=1, padding_mode="circular", bias=False)
flat = nn.init.orthogonal_(convolution.weight.detach()).flatten(1)
torch.testing.assert_close(flat @ flat.T, torch.eye(8))
signal = torch.randn(8, 16)
whole = torch.func.jacrev(convolution)(signal).detach().reshape(8 * 16, 8 * 16)
stretched = torch.linalg.svdvals(whole)
print(f"convolution: singular values {stretched[-1]:.2f} to {stretched[0]:.2f}")
no_isometry = stretched[0] > 2 * stretched[-1]
assert no_isometry

with shows_error(RuntimeError, match="not implemented for 'Half'"):
    nn.init.orthogonal_(torch.empty(4, 4, dtype=torch.float16))
half = nn.init.orthogonal_(torch.empty(4, 4)).half().float()
torch.testing.assert_close(half @ half.T, torch.eye(4), rtol=0, atol=0.002)

# %%
# The claim
# ---------
#
# With orthogonal weights, the number of steps that a deep linear network needs does not
# depend on its depth. With independent weights of the right scale, it grows.
#
# The paper trains on MNIST, with 1000 units and up to 100 layers. Here: 1,797 digits of
# scikit-learn, 64 units, and 2 to 64 matrices. We count the steps until the squared
# error is within 0.18 of the least that a linear map can have: a fifth of what there is
# to explain.

# More: loads the digits, and replaces 1,797 images by 61 rows
from sklearn.datasets import load_digits

digits = load_digits()
images = torch.tensor(digits.data)
images -= images.mean(0)
images /= images.square().mean().sqrt()
classes = torch.nn.functional.one_hot(torch.tensor(digits.target)).double()
classes -= classes.mean(0)
count = len(images)
left, sizes, right = torch.linalg.svd(images / count**0.5, full_matrices=False)
rank = int((sizes > 1e-6).sum())
rows = sizes[:rank, None] * right[:rank]
targets = classes.T / count**0.5 @ left[:, :rank]
to_explain = classes.square().sum() / count
floor = to_explain - targets.square().sum()  # the least squared error of a linear map


def error(weight):  # for each image, on average
    return (images @ weight.T - classes).square().sum() / count


torch.manual_seed(0)
weight = torch.randn(10, 64, dtype=torch.float64)
reduced = (weight @ rows.T - targets).square().sum() + floor
torch.testing.assert_close(reduced, error(weight))
best = torch.linalg.lstsq(images, classes, driver="gelsd", rcond=1e-9).solution.T
torch.testing.assert_close(error(best), floor)
print(f"{count:,} images, {rank} rows", end="; ")
print(f"to explain {to_explain:.2f}, the least error {floor:.2f}")
assert (count, rank) == (1797, 61) == (1797, 64 - 3)
torch.testing.assert_close(0.2 * to_explain.item(), 0.18, rtol=0, atol=0.005)

# %%
# More: why 61 rows are enough
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The error, the mean of the squared error summed over the ten classes, depends on the
# data through two small matrices. A singular value decomposition gives them, so the
# networks learn from 61 rows without a change of a single step. (Three pixels never
# change.) The paper tries 20 learning rates for each depth. Its independent weights in
# figure 6A are uniform, so uniform ones are trained here. For the spectra it has
# Gaussian ones, and so have we.

covariances = rows.T @ rows, images.T @ images / count
torch.testing.assert_close(*covariances)
torch.testing.assert_close(targets @ rows, classes.T @ images / count)
torch.manual_seed(0)
variances = [matrices(kind, 64, 64).var() for kind in ("uniform", "Gaussian")]
torch.testing.assert_close(*variances, rtol=0.15, atol=0)

# %%
# The law
# -------
#
# Follow one direction, which is to come out with the strength s. A chain of L equal
# weights a gives it the strength u, the L-th power of a. Gradient descent with the rate
# c / L changes u so, for large L (section 2 of the paper):
#
# .. math:: \frac{du}{dt} = c \, u^{2 - 2/L} \, (s - u)
#
# The time from u₀ to u, in units of 1 / c, for two layers and in the limit of many:
#
# .. math::
#
#    \begin{aligned}
#    t_2 &= \frac{1}{s} \ln \frac{u \, (s - u_0)}{u_0 \, (s - u)} \\
#    t_\infty &= \frac{1}{s} \left( t_2 + \frac{1}{u_0} - \frac{1}{u} \right)
#    \end{aligned}
#
# So depth costs a finite delay. For s = 1, from 0.1 to 0.9, the limit is 3.0 times the
# time of two layers. For small u₀ the delay is about 1 / (s u₀): what begins near 0
# waits for long. Orthogonal weights begin with u₀ = 1 in all directions.

# More: trains chains of 2 and of 1000 weights, and compares
import math


def steps_of_a_chain(layers, s, start, end, c=0.001):
    a, steps = start ** (1 / layers), 0
    sign = 1 if end > start else -1
    while sign * (a**layers - end) < 0:
        a += c / layers * a ** (layers - 1) * (s - a**layers)
        steps += 1
    return c * steps


def shallow(s, start, end):  # the law for two layers
    return math.log(end * (s - start) / (start * (s - end))) / s


def infinite(s, start, end):  # its limit for infinitely many
    return shallow(s, start, end) / s + (1 / start - 1 / end) / s


slower = {}
for s, start, end in ((1, 0.1, 0.9), (1, 0.01, 0.9), (0.5, 1, 0.55)):
    two, many = (steps_of_a_chain(layers, s, start, end) for layers in (2, 1000))
    laws = shallow(s, start, end), infinite(s, start, end)
    slower[s, start] = laws[1] / laws[0]
    print(f"to s = {s} from {start}: 2 layers {two:.2f}, 1000 layers {many:.2f}")
    torch.testing.assert_close((two, many), laws, rtol=0.01, atol=0)
assert round(slower[1, 0.1], 1) == 3.0
delay = infinite(1, 1e-6, 0.9)
torch.testing.assert_close(delay, 1 / 1e-6, rtol=0.001, atol=0)

# %%
# Measured
# --------
#
# For each depth we train nine seeds with eight learning rates each. For each seed the
# fastest counts.

# More: trains all networks of one depth at once
SEEDS, DEPTHS = range(9), (2, 4, 6, 8, 16, 32)
rates = 0.14 * 2 ** (torch.arange(8) / 2)  # to be divided by the depth
assert len(SEEDS) * len(rates) == 72
side, goal = rows.T.float().to(device), targets.float().to(device)


def learning(kind, depth, limit=600):
    drawn = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        drawn.append(matrices(kind, depth, 64, 64))
    weights = torch.stack(drawn, 1).float().to(device)  # layers, seeds, and the matrix
    weights = list(weights.repeat_interleave(len(rates), dim=1))  # networks, matrices
    weights[0] = weights[0][:, :10]  # the last layer: ten classes
    rate = (rates / depth).repeat(len(SEEDS)).to(device)[:, None, None]
    there = []
    for step in range(limit):
        partial = [weights[0]]  # products, from the last layer to the first
        for weight in weights[1:]:
            partial.append(partial[-1] @ weight)
        wrong = partial[-1] @ side - goal
        there.append(wrong.square().sum((1, 2)) < 0.2 * to_explain.to(device))
        change = rate * wrong @ side.T
        for layer in range(depth - 1, 0, -1):
            before = change @ weights[layer].mT
            weights[layer].baddbmm_(partial[layer - 1].mT, change, alpha=-1)  # in place
            change = before
        weights[0] -= change
        if step % 20 == 19:  # once five seeds are there, the median is known
            reached = torch.stack(there).unflatten(1, (len(SEEDS), -1))
            if reached.any(0).any(1).sum() > 4:
                break
    reached = reached.cpu()
    steps = torch.where(reached.any(0), reached.int().argmax(0), limit)  # seeds, rates
    first = steps.min(1)
    return first.values.median().item(), rates[first.indices].median().item() / depth


times, best_rates = {}, {}
for kind, depths in (("orthogonal", (*DEPTHS, 64)), ("uniform", DEPTHS)):
    for depth in depths:
        times[kind, depth], best_rates[kind, depth] = learning(kind, depth)
    print(f"{kind:10} steps:", *[f"{times[kind, depth]:4}" for depth in depths])
lead = {depth: times["uniform", depth] / times["orthogonal", depth] for depth in DEPTHS}
grows = times["uniform", 32] > 2 * times["uniform", 16] > 2 * times["uniform", 8]
magnified = lead[32] > 2 * lead[6]
modest = lead[6] < 2
assert grows
assert modest
assert magnified

# %%
# With orthogonal weights the steps hardly grow. With uniform ones they grow with depth,
# and more than double from 16 to 32 matrices.

# More: draws the steps
colors = {"orthogonal": "#0072b2", "uniform": "#d55e00"}
figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for kind, color in colors.items():
    line = [(depth, steps) for (k, depth), steps in times.items() if k == kind]
    ax.plot(*zip(*line, strict=True), "o-", color=color)
ax.text(27, times["uniform", 32], "uniform", color=colors["uniform"], ha="right")
ax.text(64, 20, "orthogonal", color=colors["orthogonal"], ha="right")
published = times["orthogonal", 2]
ax.axhline(published, color="#009e73", linestyle="--")
ax.text(2, 0.93 * published, "published: no growth", color="#009e73", va="top")
ax.set(xscale="log", yscale="log", ylim=(6, 400))
ax.set(xlabel="matrices in the network", ylabel="steps, median of 9 seeds")
ax.set_xticks((2, 4, 8, 16, 32, 64), (2, 4, 8, 16, 32, 64))
ax.set_yticks((10, 30, 100, 300), (10, 30, 100, 300))
ax.minorticks_off()
ax.set_title("With orthogonal weights, depth costs little")
ax.set_label(
    "Steps until digits are learned over the number of matrices, both axes "
    "logarithmic. With orthogonal weights the line rises a little at first, to about "
    "one and a half times the dashed line of the paper, and is then flat. With "
    "uniform weights it starts as low and rises steeply to about ten times as much."
)
assert grows
deeper = {n: times["orthogonal", 64] / times["orthogonal", n] for n in (2, 32)}
saturates = deeper[32] < 1.6
assert saturates

# %%
# More: the spectra of Gaussian products
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A bin of width 0.1 around the origin of the complex plane holds 32 % of the
# eigenvalues of one Gaussian product in the paper, and 94 % of another, by the caption
# of figure 6. An eigenvalue of a product of k such matrices lies within r of 0 with a
# probability of about r^(2/k). The bin has the area of a disk with the radius 0.056. So
# the first product is one of 5 matrices: the law picks it. The other one fits 100, the
# depth of the next figure.


def at_origin(products):
    eigenvalues = torch.linalg.eigvals(products)
    inside = (eigenvalues.real.abs() < 0.05) & (eigenvalues.imag.abs() < 0.05)
    return inside.double().mean().item()


radius = 0.1 / math.pi**0.5  # of the disk with the area of the bin
print(f"radius {radius:.3f}")
law = {k: radius ** (2 / k) for k in range(1, 101)}
torch.testing.assert_close([law[5], law[100]], [0.32, 0.94], rtol=0, atol=0.005)
fitting = [k for k, share in law.items() if round(share, 2) == 0.32]
assert fitting == [5]

torch.manual_seed(0)
spectra, shares = {}, {}
for factors in (1, 5, 100):
    found = product("Gaussian", factors)
    spectra[factors], shares[factors] = torch.linalg.svdvals(found), at_origin(found)
    print(f"{factors:3} Gaussian matrices: {shares[factors]:.0%} in the bin", end=", ")
    print(f"largest singular value {spectra[factors][:, 0].median():.1f}")
orthogonal = torch.linalg.svdvals(product("orthogonal", 100, copies=2))
farthest = orthogonal.flatten()[(orthogonal - 1).abs().argmax()].item()
for share, expected in ((shares[5], 0.32), (shares[100], 0.94)):
    torch.testing.assert_close(share, expected, rtol=0, atol=0.025)

# %%
# The singular values, sorted, of one product each.

# More: draws the singular values of products of 1, 5 and 100 matrices
figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for factors, color in ((1, "#cc79a7"), (5, "#56b4e9"), (100, "#d55e00")):
    ax.plot(range(1, 101), spectra[factors][0], color=color)
    place = {1: (14, 2.1), 5: (65, 0.12), 100: (13, 0.002)}[factors]
    ax.text(*place, f"{factors} Gaussian", color=color)
ax.plot(range(1, 101), orthogonal[0], color="#009e73", linestyle="--")
ax.text(100, 1.2, "published: 100 orthogonal", color="#009e73", ha="right")
ax.set(yscale="log", ylim=(1e-3, 20), xlabel="rank", ylabel="singular value")
ax.set_title("Gaussian products keep few directions")
ax.set_label(
    "Singular values from the largest to the smallest, on a logarithmic axis. One "
    "Gaussian matrix has values from 2 to near 0. Products of 5 and of 100 start "
    "higher and fall faster: of 100, only about ten values are above 0.01. A product "
    "of orthogonal matrices has the value 1 everywhere, as published."
)
above = int((spectra[100][0] > 0.01).sum())
torch.testing.assert_close(above, 10, rtol=0, atol=4)

# %%
# More: tanh after 100 layers
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The paper asks for the singular values of the whole network's Jacobian: how a small
# change of the input comes out after 100 layers. With orthogonal weights and the gain
# 1, it says, many of them are still of order 1. With the gain 0.9 none is, and with
# Gaussian weights few are. Here the largest is near 0.2. So "of order 1" must be read
# with some good will: we take it to mean above 0.1, and "many" a tenth or more. Most
# are above 0.01.


def jacobian(kind, gain, layers=100, size=128, scale=1.0):
    torch.manual_seed(0)
    x, slope = scale * torch.randn(size).double(), torch.eye(size).double()
    for _ in range(layers):
        weight = gain * matrices(kind, size, size)
        slope = weight @ ((1 - x.tanh().square())[:, None] * slope)
        x = weight @ x.tanh()
    return torch.linalg.svdvals(slope)


alive = {}
for kind, gain in (("orthogonal", 0.9), ("orthogonal", 1), ("Gaussian", 1)):
    found = jacobian(kind, gain)
    alive[kind, gain] = [(found > at).double().mean().item() for at in (0.1, 0.01)]
    print(f"tanh, {kind}, gain {gain}: largest {found[0]:.2g}", end=", ")
    print("above 0.1 and 0.01:", *[f"{share:.0%}" for share in alive[kind, gain]])
many, most = alive["orthogonal", 1][0] > 0.1, alive["orthogonal", 1][1] > 0.5
none, few = alive["orthogonal", 0.9] == [0, 0], alive["Gaussian", 1][0] < 0.1
isometric = many and most and none and few
assert isometric
largest = jacobian("orthogonal", 1)[0].item()
torch.testing.assert_close(largest, 0.2, rtol=0, atol=0.05)

# %%
# All together
# ~~~~~~~~~~~~
#
# The claims of the paper, beside what we found. One row departs.

# More: compares the measured numbers with those of the paper
from tensorglass import reproduction


def word(truth):
    return "yes" if truth else "no"


lower = best_rates["orthogonal", 64] / best_rates["orthogonal", 8]
results = reproduction(
    ("orthogonal product: singular values", "section 3", 1.0, farthest, 1e-9),
    ("5 Gaussian: eigenvalues at 0", "figure 6C", 0.32, shares[5], 0.025),
    ("100 Gaussian: eigenvalues at 0", "figure 6C", 0.94, shares[100], 0.025),
    ("orthogonal: the steps saturate", "figure 4", "yes", word(saturates), None),
    ("orthogonal: steps, 64 layers / 2", "figure 6A", 1.0, deeper[2], 0.05),
    ("orthogonal: best rate, 64 / 8", "figure 4", 0.125, lower, 0.052),
    ("uniform: steps grow with depth", "figure 6A", "yes", word(grows), None),
    ("the lead is modest around 6 layers", "section 3", "yes", word(modest), None),
    ("and magnified in deeper ones: 32", "section 3", "yes", word(magnified), None),
    ("tanh, gain 1: many of order 1", "figure 7", "yes", word(isometric), None),
)
assert [value.claim for value in results.values if value.verdict == "departs"] == [
    "orthogonal: steps, 64 layers / 2"
]
assert len(results.values) == 10
results

# %%
# More: the published numbers and the tolerances
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The numbers of the paper are from its text and its captions. We know the curves of
# figures 4 and 6 only as the text describes them: "independent of depth" is a factor of
# 1, and a rate that goes like 1 / depth falls to 0.125 from 8 to 64 layers. The rates
# that we try lie a factor of √2 apart: the ratio is known to one such factor. Figure 4
# is of another start, with each mode on its own. The theory is the same. *Saturate*
# means: twice the depth, less than 1.6 times the steps. We chose 1.6 after ten other
# seeds, one of which has 1.5. A product of 100 orthogonal matrices is exact but for
# rounding: 1e-9. The shares at 0 are of 1,000 eigenvalues and of one product in the
# paper: 0.025. One twentieth is for the steps, which are whole numbers near 15.

(of_one, *_) = spectra[100]
assert 10 * len(of_one) == 1_000
torch.testing.assert_close(rates[1:] / rates[:-1], torch.full((7,), 2**0.5))

# %%
# Where it departs
# ----------------
#
# *Two matrices are faster than 64*, by a factor of about 1.4. The theory allows it: a
# direction that is to shrink, with s = 0.5 from u₀ = 1 to 0.55, takes 1.5 times as long
# in a very deep network as in one with two layers. The strengths of the digits are all
# below 1.

torch.testing.assert_close(slower[0.5, 1], 1.5, rtol=0.02, atol=0)
torch.testing.assert_close(deeper[2], 1.4, rtol=0.25, atol=0)
strengths = torch.linalg.svdvals(classes.T @ images / count)
print("strengths:", *[f"{each:.2f}" for each in strengths[:-1].tolist()])
weaker_than_one = strengths.max().item() < 1
assert weaker_than_one

# %%
# *Tanh keeps only a part.* At the gain 1 the largest singular value of 100 layers is
# near 0.2, as the first layers squash the signal. With a signal a hundredth as large
# all are above 0.9.

tiny = jacobian("orthogonal", 1, scale=0.01)
print(f"signal a hundredth as large: singular values {tiny[-1]:.2f} to {tiny[0]:.2f}")
nearly_linear = tiny[-1] > 0.9
far_below = largest < 0.5
assert nearly_linear
assert far_below

# %%
# *ReLU has no isometry* of this kind. About half of the units of a layer are silent,
# and as many singular values are 0. The paper speaks of functions that saturate at both
# ends.

torch.manual_seed(0)
weight = matrices("orthogonal", 200, 200)
active = weight @ torch.randn(200, dtype=torch.float64) > 0
slope = torch.linalg.svdvals(active[:, None] * weight)
zeros = (slope < 1e-9).double().mean().item()
print(f"one orthogonal layer with ReLU: {zeros:.0%} of the singular values are 0")
torch.testing.assert_close(zeros, 0.5, rtol=0, atol=0.15)
others = int((slope > 1e-9).sum())
assert others == int(active.sum())

# %%
# More: what was not tested
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The strengths of the digits are the singular values of the correlations of images and
# classes. The theory is exact for uncorrelated inputs, and pixels are correlated. At
# the gain 1 tanh shrinks the signal a little in each layer, so that it ends nearly
# linear; what the first layers take is lost.
#
# Not tested: greedy pretraining, which the paper finds as fast as orthogonal weights;
# the learning time of deep *nonlinear* networks; 1000 units. Later work proves that
# Gaussian weights need a width that grows with depth, and orthogonal ones do not. (Hu
# et al., 2020.) The width matters since one Gaussian layer keeps the square of a
# vector's length with a spread of √(2 / units).

torch.manual_seed(0)
for units in (64, 128):
    kept = matrices("Gaussian", 500, units, units).sum(2).square().mean(1)
    law_of_spread = (2 / units) ** 0.5
    print(f"{units} units: spread {kept.std():.3f}, by the law {law_of_spread:.3f}")
    torch.testing.assert_close(kept.std().item(), law_of_spread, rtol=0.15, atol=0)

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# The paper calls the singular values of Gaussian products "highly kurtotic". How large
# is the mean of s⁴, if the mean of s² is 1, for k matrices of many units?
#
# Solution
# ^^^^^^^^
#
# It is k + 1. Each matrix adds 1, the square of the mean of s². For orthogonal matrices
# it stays 1.

torch.manual_seed(0)
for factors in (1, 3, 5):
    found = torch.linalg.svdvals(product("Gaussian", factors, copies=4, size=200))
    fourth = (found**4).mean().item()
    print(f"k = {factors}: the mean of s⁴ is {fourth:.2f}")
    torch.testing.assert_close(fourth, factors + 1.0, rtol=0.15, atol=0)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# All weights are orthogonal, times a gain of 1.1. Is the product of 32 of them still
# an isometry?
#
# Solution
# ^^^^^^^^
#
# Up to a factor: all singular values are 1.1^32, about 21. The paper allows a common
# factor of order 1. This one is no longer of order 1.

torch.manual_seed(0)
scaled = torch.linalg.svdvals(1.1**32 * product("orthogonal", 32, copies=1))
torch.testing.assert_close(scaled, torch.full_like(scaled, 1.1**32))
assert round(1.1**32) == 21

# %%
# References
# ----------
#
# - A. Saxe et al., `Exact solutions to the nonlinear dynamics of learning in deep
#   linear neural networks <https://arxiv.org/abs/1312.6120>`__, 2013.
# - X. Glorot, Y. Bengio, `Understanding the Difficulty of Training Deep Feedforward
#   Neural Networks <https://proceedings.mlr.press/v9/glorot10a.html>`__, 2010.
# - J. Pennington et al., `Resurrecting the sigmoid
#   <https://arxiv.org/abs/1711.04735>`__, 2017: ReLU.
# - W. Hu et al., `Provable Benefit of Orthogonal Initialization
#   <https://arxiv.org/abs/2001.05992>`__, 2020.
