# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Why is squeeze needed before a loss?
====================================

People ask this when they read ``output.squeeze(-1) - targ`` in a course, or when a
regression runs without an error and predicts nearly the same number for every input.

:Level: beginner

Short answer
------------

A model returns shape (n, 1), targets have shape (n,). Their difference runs, but
broadcasting makes it n by n, each prediction against every target. The mean of its
squares is lowest at the targets' mean, whatever the input. ``squeeze(1)``, here also
``squeeze(-1)``, removes the axis. Give the axis number: ``squeeze()`` also removes the
axis of a batch of one.
"""

import torch

prediction = torch.tensor([[1.0], [2], [3], [6]])  # shape (4, 1), and all are right
target = torch.tensor([1.0, 2, 3, 6])
wrong = prediction - target
right = prediction.squeeze(1) - target
print(tuple(wrong.shape), "loss", wrong.square().mean().item())
print(tuple(right.shape), "loss", right.square().mean().item())
assert [x.square().mean().item() for x in (wrong, right)] == [7, 0]

# %%
# The square holds the 16 differences of ``wrong``. Those of ``right`` are on its
# diagonal. The lines were fitted with each loss to 100 points along a line of slope 3
# (below: the fitted slopes; seed 0 is drawn).

# More: fits both lines, and draws the differences and the lines
import matplotlib.pyplot as plt
from tensorglass import default_device
from torch import nn

device = default_device()  # a GPU if there is one
prediction, target = prediction.to(device), target.to(device)
wrong, right = wrong.to(device), right.to(device)


def points(seed):
    torch.manual_seed(seed)
    x = 2 * torch.rand(100, 1) - 1
    y = 3 * x[:, 0] + 2 + 0.3 * torch.randn(100)
    return x.to(device), y.to(device)


def fitted(x, y, squeezed):
    """Return slope and height of a line after 200 steps with all the points."""
    model = nn.Linear(1, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(200):
        output = model(x).squeeze(1) if squeezed else model(x)
        optimizer.zero_grad()
        (output - y).square().mean().backward()
        optimizer.step()
    return model.weight.item(), model.bias.item()


RIGHT, WRONG = "#0072b2", "#d55e00"
figure, (cells, lines) = plt.subplots(1, 2, figsize=(8.2, 3.9), layout="constrained")
for i, row in enumerate(wrong.tolist()):
    for j, difference in enumerate(row):
        look = {"facecolor": (RIGHT, 0.25)} if i == j else {"facecolor": (WRONG, 0.1)}
        look |= {"edgecolor": "black", "hatch": None if i == j else "//"}
        cells.add_patch(plt.Rectangle((j, -i - 1), 1, 1, linewidth=0.8, **look))
        cells.text(j + 0.5, -i - 0.5, f"{difference:g}", ha="center", va="center")
for k in range(4):
    cells.text(-0.2, -k - 0.5, f"{prediction[k].item():g}", ha="right", va="center")
    cells.text(k + 0.5, 0.15, f"{target[k].item():g}", ha="center", va="bottom")
cells.text(2, 0.75, "targets", ha="center", va="bottom")
cells.text(-0.8, -2, "predictions", ha="center", va="center", rotation=90)
cells.set(xlim=(-1.2, 4.1), ylim=(-4.1, 1.3), aspect="equal")
cells.set_axis_off()
cells.set_title("(4, 1) - (4,): each against every target")
cells.set_label(
    "A square of 4 by 4 differences, a row for each prediction and a column for each "
    "target. The 4 cells on the diagonal, of each prediction and its own target, are "
    "0. The 12 other cells are hatched, and none of them is 0."
)
x, y = points(0)
lines.plot(x[:, 0].cpu(), y.cpu(), ".", color="#808080", markersize=4)
found = {squeezed: fitted(x, y, squeezed) for squeezed in (True, False)}
ends = torch.tensor([-1.0, 1])
for squeezed, color in ((True, RIGHT), (False, WRONG)):
    slope, height = found[squeezed]
    lines.plot(ends, slope * ends + height, color=color, linewidth=2)
lines.text(0.35, 4.3, "squeezed", color=RIGHT, ha="right")
lines.text(-0.95, found[False][1] + 0.2, "not squeezed", color=WRONG)
lines.set(xlabel="input", ylabel="target", xticks=[-1, 0, 1])
lines.set_title("What the model learns")
lines.set_label(
    "100 points along a rising straight line. The line that was fitted with squeeze "
    "goes through them. The one that was fitted without it is level, at their mean."
)
assert torch.equal(right, wrong.diagonal())
assert (wrong == 0).sum() == 4
assert wrong.numel() == 16
for seed in range(3):
    x, y = points(seed)
    columns = torch.cat([x, torch.ones_like(x)], dim=1).cpu()
    best = torch.linalg.lstsq(columns, y[:, None].cpu()).solution
    found = torch.tensor([fitted(x, y, squeezed=True), fitted(x, y, squeezed=False)])
    slopes = "squeezed {:.2f}, not {:.2f}".format(*found[:, 0].abs())
    print(f"seed {seed} {slopes}")
    torch.testing.assert_close(found[0], best[:, 0], rtol=0, atol=1e-3)
    level = torch.tensor([0, y.mean().item()])
    torch.testing.assert_close(found[1], level, rtol=0, atol=1e-3)

# %%
# Take it home
# ------------
#
# Remove the axis from the prediction, or give it to the targets. And let a line stop
# the program when the shapes differ:

import torch.nn.functional as F
from torch.testing import assert_close

model = torch.nn.Linear(5, 1).to(device)  # a GPU if there is one
inputs, y = torch.rand(32, 5, device=device), torch.rand(32, device=device)
output = model(inputs).squeeze(1)  # (32, 1) becomes (32,)
assert output.shape == y.shape
loss = F.mse_loss(output, y)
same = F.mse_loss(model(inputs), y.unsqueeze(1))  # both (32, 1)

assert_close(loss, same)

# %%
# The library of this site finds the line in a training step:

from tensorglass import watch_broadcasts

with watch_broadcasts(only="both_stretched") as log:
    loss = (model(inputs) - y).square().mean()
assert [(seen.shapes, seen.result) for seen in log] == [(((32, 1), (32,)), (32, 32))]
log

# %%
# Why
# ---
#
# Shapes are aligned at their last axis. So the 1 of (n, 1) meets the n of (n,), and the
# n in front meets nothing: both are stretched (:doc:`unsqueeze`). For predictions p and
# targets t, with means over i and j from 1 to n,
#
# .. math::
#
#    \operatorname{mean}_{i,j} (p_i - t_j)^2
#    = \operatorname{mean}_i (p_i - \bar t)^2 + \operatorname{mean}_j (t_j - \bar t)^2
#
# The last term does not depend on the predictions. So each prediction is drawn to the
# mean of **all** targets of the batch. A model that can return this number for every
# input gets the lowest loss by it. The loss is right for a batch of one, and where all
# targets are equal.

# More: checks it for batches of 1 to 50


def both_sides(p, t):
    mean = t.mean()
    left = (p[:, None] - t).square().mean()
    right = (p - mean).square().mean()
    return left, right + (t - mean).square().mean()


torch.manual_seed(0)
for n in range(1, 51):
    p, t = torch.randn(2, n).double().to(device)
    all_pairs = p[:, None] - t
    assert all_pairs.shape == (n, n)
    assert_close(*both_sides(p, t))
    p.requires_grad_()
    (p[:, None] - t).square().mean().backward()
    assert_close(p.grad, 2 * (p - t.mean()) / n)

# %%
# More: small batches learn a little
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In random batches of n out of N points, the mean differs from batch to batch, and a
# target counts in its own batch. On average over all batches the loss is lowest where a
# prediction keeps the share
#
# .. math:: \frac{N - n}{n \, (N - 1)}
#
# of its target's deviation from the mean of all: nearly 1 / n for many points, all of
# it for n = 1, and nothing for n = N. We go through all batches of up to 7 points.

import itertools
from fractions import Fraction


def share_left(n, total):
    return Fraction(total - n, n * (total - 1))


tried = 0
for total in range(2, 8):
    t = torch.randn(total).double().to(device)
    for n in range(1, total + 1):
        p = t.mean() + float(share_left(n, total)) * (t - t.mean())
        p.requires_grad_()
        batches = [list(b) for b in itertools.combinations(range(total), n)]
        losses = [(p[b][:, None] - t[b]).square().mean() for b in batches]
        (slope,) = torch.autograd.grad(torch.stack(losses).mean(), p)
        torch.testing.assert_close(slope, torch.zeros_like(p), rtol=0, atol=1e-12)
        tried += len(batches)
print(tried, "batches; 32 of a million points leave", float(share_left(32, 10**6)))
assert tried == sum(2**total - 1 for total in range(2, 8))
assert [share_left(n, 7) for n in (1, 7)] == [1, 0]
torch.testing.assert_close(float(share_left(32, 10**6)), 1 / 32, rtol=1e-3, atol=0)

# %%
# What the argument of squeeze is for
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``squeeze(dim)`` removes axis ``dim`` if it has size 1, and else nothing; -1 is the
# last axis. ``squeeze()`` removes **every** axis of size 1. (PyTorch documentation,
# ``torch.squeeze``.) For 32 examples both give the same. From a last batch of one,
# ``squeeze()`` removes the batch axis too.

outputs = [torch.zeros(32, 1), torch.zeros(1, 1), torch.zeros(32, 2)]
named = [tuple(x.squeeze(1).shape) for x in outputs]
last = [tuple(x.squeeze(-1).shape) for x in outputs]
unnamed = [tuple(x.squeeze().shape) for x in outputs]
print("squeeze(1):", *named, " squeeze():", *unnamed)
assert named == last == [(32,), (1,), (32, 2)]
assert unnamed == [(32,), (), (32, 2)]

# %%
# More: every shape with up to 4 axes, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For all shapes with up to 4 axes and sizes from 0 to 2, and every ``dim`` from the
# front and from the back, the shape is what the rule says, and the numbers are the
# same, in the same memory.

cases = 0
for rank in range(5):
    for shape in itertools.product(range(3), repeat=rank):
        x = torch.rand(shape, device=device)
        assert x.squeeze().shape == tuple(size for size in shape if size != 1)
        for dim in range(-rank, rank):
            kept = list(shape)
            if kept[dim] == 1:
                del kept[dim]
            assert x.squeeze(dim).shape == tuple(kept)
            assert torch.equal(x.squeeze(dim).flatten(), x.flatten())
            assert x.squeeze(dim).data_ptr() == x.data_ptr()
            cases += 1
print(cases, "calls of squeeze(dim)")
assert cases == sum(2 * rank * 3**rank for rank in range(5))

# %%
# What is often said
# ------------------
#
# "Shapes that differ raise an error." These do not, as the first screen shows.
# ``nn.MSELoss`` and ``F.mse_loss`` warn, and return the wrong number; for a batch of
# one they warn of the right one. By default, Python shows the warning of a line once
# for each pair of shapes: in the first step of a long training.

import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("default")
    loss = torch.nn.MSELoss()
    losses = [loss(prediction[:n], target[:n]).item() for n in (4, 4, 1, 4)]
messages = [str(each.message) for each in caught]
print(f"{losses}, {len(messages)} times UserWarning:", *messages[:1])
assert losses == [7, 7, 0, 7]
assert ["different to the input size" in message for message in messages] == 2 * [True]

# %%
# "``squeeze()`` is enough." For the difference of (n, 1) and (n,) it is: broadcasting
# gives a batch of one its lost axis back. So the book's ``squeeze()`` in ``mse_grad``
# does no harm. But with a batch of one, ``mse_loss`` warns, and others stop.
# (``shows_error`` prints an error that must come.)

from tensorglass import shows_error

one, label = torch.tensor([[0.5]], device=device), torch.tensor([1.0], device=device)
difference = one.squeeze() - label
assert difference.tolist() == [-0.5]
with shows_error(ValueError, match="must be the same as input size"):
    F.binary_cross_entropy_with_logits(one.squeeze(), label)
with shows_error(TypeError, match="iteration over a 0-d tensor"):
    list(one.squeeze())
with shows_error(RuntimeError, match="zero-dimensional tensor"):
    torch.cat([one.squeeze(), one.squeeze()])

# %%
# Traps
# -----
#
# The accuracy is wrong in the same way
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``==`` broadcasts too. With as many labels 0 as 1, (n, 1) == (n,) is true in half of
# the cells, for every prediction of 0 and 1. (Other numbers match no label.)

labels = torch.tensor([0, 1, 1, 0], device=device)
for guess in itertools.product((0, 1), repeat=4):
    column = torch.tensor(guess, device=device)[:, None]
    accuracy = (column == labels).float().mean()
    assert accuracy == 0.5
others = torch.tensor([[0.3], [0.9], [2]], device=device)
assert not (others == labels).any()
column = labels[:, None]  # a perfect guess
accuracy = (column.squeeze(1) == labels).float().mean()
assert accuracy == 1

# %%
# An axis that is not 1 stays, in silence
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A model with two outputs returns (n, 2), and ``squeeze(1)`` does nothing. The
# difference is refused, unless n is 1 or 2.

with shows_error(RuntimeError, match="must match the size"):
    torch.zeros(4, 2).squeeze(1) - torch.zeros(4)
differences = [torch.zeros(n, 2).squeeze(1) - torch.zeros(n) for n in (1, 2)]
assert [tuple(each.shape) for each in differences] == [(1, 2), (2, 2)]

# %%
# More: sequences of one step
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A model of sequences returns (n, steps, 1), and the targets have shape (n, steps). For
# one step, ``squeeze()`` makes (n,) of it, and that meets (n, 1): n by n again.

output, of_steps = torch.rand(8, 1, 1, device=device), torch.rand(8, 1, device=device)
differences = [output.squeeze() - of_steps, output.squeeze(-1) - of_steps]
assert [tuple(each.shape) for each in differences] == [(8, 8), (8, 1)]

# %%
# More: which losses raise, which warn, which say nothing
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Some losses of torch, with a prediction of shape (4, 1) and a target of shape (4,).


def gaussian_nll_loss(output, target):  # with a variance for each target
    return F.gaussian_nll_loss(output, target, torch.ones_like(target))


def verdict(loss):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            loss(torch.full((4, 1), 0.5, device=device), labels.float())
        except (RuntimeError, ValueError) as error:
            return type(error).__name__
    return "warns" if caught else "says nothing"


warn = F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss
silent = F.poisson_nll_loss, F.hinge_embedding_loss, gaussian_nll_loss
stop = F.binary_cross_entropy, F.binary_cross_entropy_with_logits, F.soft_margin_loss
for loss in (*warn, *silent, *stop):
    print(f"{loss.__name__:33} {verdict(loss)}")
assert {verdict(loss) for loss in warn} == {"warns"}
assert {verdict(loss) for loss in silent} == {"says nothing"}
assert [verdict(each) for each in stop] == ["ValueError", "ValueError", "RuntimeError"]

# %%
# More: another loss, another wrong number
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The law above is that of squares. The mean absolute error of all pairs is lowest at a
# **median** of the targets: here at 2, 3 and all between.

guesses = torch.arange(0, 7, 0.5, device=device)
absolute = (guesses[:, None] - target).abs().mean(dim=1)
squares = (guesses[:, None] - target).square().mean(dim=1)
assert guesses[absolute == absolute.min()].tolist() == [2, 2.5, 3]
assert guesses[squares == squares.min()].tolist() == [3] == [target.mean().item()]

# %%
# On a GPU
# --------
#
# The shapes are the same on all devices. But the n by n numbers need memory: for 50,000
# float32 predictions 10 GB.

from tensorglass import explain_broadcast

print("this page ran on", device.type)
explanation = explain_broadcast((50_000, 1), (50_000,))
assert explanation.nbytes / 10**9 == 10
assert wrong.device.type == device.type

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# A perfect model, not squeezed, had the loss 7 on the first screen. What does a model
# get that always returns the mean, 3? And what is the smallest possible loss?
#
# Solution
# ^^^^^^^^
#
# By the law, the mean square deviation of the targets, 3.5, is always there. A perfect
# model has it twice, and the mean is the best that can be.

constant = torch.full((4, 1), 3.0, device=device)
deviation = (target - target.mean()).square().mean()
assert (constant - target).square().mean() == deviation == 3.5
assert wrong.square().mean() == 2 * deviation

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Write a function ``mse`` that takes (n, 1) and (n,) in either order, also for a batch
# of one, and refuses all other shapes. Two of (n, 1) or two of (n,) may pass.
#
# Solution
# ^^^^^^^^
#
# The number of values is not enough: (2, 3) and (3, 2) have as many, paired wrongly. So
# compare shapes. ``reshape(n)`` then makes one axis of all, also for one value.


def mse(output, target):
    n = target.numel()
    if not {output.shape, target.shape} <= {(n,), (n, 1)}:
        raise ValueError("expected (n,) or (n, 1), and as many targets")
    return (output.reshape(n) - target.reshape(n)).square().mean()


assert mse(prediction, target) == mse(target, prediction) == 0
assert mse(one, label) == 0.25
assert mse(target, target) == mse(prediction, prediction) == 0
refused = [(4, 2), (4,)], [(5,), (4, 1)], [(2, 2), (4,)], [(2, 3), (3, 2)], [(), (1,)]
for a, b in refused:
    with shows_error(ValueError, match="as many targets"):
        mse(torch.zeros(a, device=device), torch.zeros(b, device=device))

# %%
# References
# ----------
#
# - PyTorch: `torch.squeeze
#   <https://docs.pytorch.org/docs/stable/generated/torch.squeeze.html>`__, which warns
#   of a batch of one, and `Broadcasting semantics
#   <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>`__.
# - How the warning came about: `pytorch issue 16045
#   <https://github.com/pytorch/pytorch/issues/16045>`__ and `pull request 18349
#   <https://github.com/pytorch/pytorch/pull/18349>`__. Some want it off: `issue 26551
#   <https://github.com/pytorch/pytorch/issues/26551>`__.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
