# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
How does unsqueeze help with broadcasting?
==========================================

People ask this when an addition stops with "The size of tensor a must match the size of
tensor b", or when they see ``x.unsqueeze(1)`` in somebody's code and wonder why the 1.

:Level: beginner

Short answer
------------

``unsqueeze(dim)`` inserts an axis of size 1 at ``dim``, and broadcasting repeats a
tensor along its axes of size 1. So ``unsqueeze(1)`` hands each of 3 numbers to one of
the 3 rows of a matrix. ``unsqueeze(0)``, an axis in front, changes no number:
broadcasting puts one there anyway. Where a model expects a batch, you need it.
"""

import torch

matrix = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
vector = torch.tensor([10, 20, 30])

total = matrix + vector.unsqueeze(1)
print(total)
assert total.tolist() == [[11, 12, 13, 14], [25, 26, 27, 28], [39, 40, 41, 42]]

# %%
# Without ``unsqueeze`` the sizes 4 and 3 clash in the last axis. The new axis at the
# end moves the vector's 3 below the matrix's 3, and the hatched 1 is repeated.

# More: draws the shapes, aligned at their last axis
import matplotlib.pyplot as plt
from tensorglass import explain_broadcast

figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.2), layout="constrained")
explain_broadcast(matrix, vector).plot(left)
left.set_title("matrix + vector")
explain_broadcast(matrix, vector.unsqueeze(1)).plot(right)
right.set_title("matrix + vector.unsqueeze(1)")
assert not explain_broadcast(matrix, vector)
assert not explain_broadcast(matrix, vector.unsqueeze(0))
last_axis = explain_broadcast(matrix, vector.unsqueeze(1)).axes[0]
assert last_axis.roles == ("equal", "stretched")

# %%
# Take it home
# ------------
#
# One number for each row, one for each column, a batch of one:

column = vector.unsqueeze(1)  # shape (3, 1); the same as vector[:, None]
total = matrix + column  # one number for each row
shifted = matrix + torch.tensor([1, 2, 3, 4])  # one for each column: no new axis
batch = torch.rand(3, 32, 32).unsqueeze(0)  # shape (1, 3, 32, 32): a batch of one image

assert torch.equal(column, vector[:, None])
assert total[:, 0].tolist() == [11, 25, 39]
assert shifted[0].tolist() == [2, 4, 6, 8]
assert batch.shape == (1, 3, 32, 32)

# %%
# For your own tensors, or only their shapes, the library of this site says where a new
# axis helps, smallest result first. (``b[:, None]`` is ``b.unsqueeze(1)``.)

from tensorglass import explain_broadcast

explanation = explain_broadcast((3, 4), (3,))
assert explanation.smallest_fix.code == "a + b[:, None]"
explanation

# %%
# And it can watch a training step for sums that repeat both tensors: an empty log rules
# this mistake out. (It sees neither tensors that you expand yourself nor an
# ``einsum``.)

from tensorglass import watch_broadcasts

target = torch.arange(4.0)
prediction = target.unsqueeze(1)  # shape (4, 1), as from a model

with watch_broadcasts(only="both_stretched") as log:
    loss = ((prediction.squeeze(1) - target) ** 2).mean()
print(log)
assert len(log) == 0

# %%
# Why
# ---
#
# Write the shapes one under the other, **aligned at their last axis**. An axis that one
# shape does not have counts as 1. In each axis the sizes must be equal, or one of them
# must be 1; the result has the equal size, or the one that is not 1. (PyTorch notes,
# *Broadcasting semantics*, for dense tensors, and operations that write a new one.) So
# a new axis in front never changes whether shapes broadcast.


def broadcast_shape(a, b):
    """Return the shape of the sum, or None if the shapes do not broadcast."""
    rank = max(len(a), len(b))
    a = (1,) * (rank - len(a)) + a
    b = (1,) * (rank - len(b)) + b
    if any(m != n and 1 not in (m, n) for m, n in zip(a, b, strict=True)):
        return None
    return tuple(n if m == 1 else m for m, n in zip(a, b, strict=True))


results = {shape: broadcast_shape(shape, (3, 4)) for shape in [(3,), (1, 3), (3, 1)]}
print(results)
assert results == {(3,): None, (1, 3): None, (3, 1): (3, 4)}

# %%
# More: every pair of shapes with up to 3 axes, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Does torch follow that code? We try **every** pair of shapes with up to 3 axes and
# sizes from 0 to 3. For each pair we add tensors of random numbers, with and without
# one more axis in front. The values must be those of tensors that are written out at
# full size first, by an index that says 0 wherever an axis has size 1. From here on,
# tensors are on the GPU if there is one.

import itertools

from tensorglass import default_device

device = default_device()
matrix, vector = matrix.to(device), vector.to(device)


def add(x, y):
    """Return the sum, or None if torch refuses."""
    try:
        return x + y
    except RuntimeError:
        return None


def written_out(x, shape):
    """Return a tensor with copies along each axis that the shape stretches."""
    x = x.reshape((1,) * (len(shape) - x.dim()) + x.shape)
    for axis, size in enumerate(shape):
        if x.shape[axis] != size:
            zeros = torch.zeros(size, dtype=torch.int64, device=device)
            x = x.index_select(axis, zeros)
    return x


torch.manual_seed(0)
shapes = [
    shape for rank in range(4) for shape in itertools.product(range(4), repeat=rank)
]
pairs = list(itertools.product(shapes, repeat=2))
working = 0
for a, b in pairs:
    x, y = torch.rand(a, device=device), torch.rand(b, device=device)
    total, in_front = add(x, y), add(x.unsqueeze(0), y)
    if broadcast_shape(a, b) is None:
        assert total is None
        assert in_front is None
    else:
        shape = broadcast_shape(a, b)
        assert torch.equal(total, written_out(x, shape) + written_out(y, shape))
        assert torch.equal(in_front.reshape(shape), total)
        working += 1

print(len(pairs), "pairs of shapes, and torch follows the rule on all:", end=" ")
print(working, "broadcast,", len(pairs) - working, "do not")
assert working == 2479

# %%
# More: no number is copied
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``unsqueeze`` moves no data. The result is a view: the same memory with one more axis,
# so a write through it is seen in the vector.

column = vector.unsqueeze(1)
assert column.data_ptr() == vector.data_ptr()
column[0, 0] = 99
assert vector[0] == 99
vector[0] = 10

# %%
# Cell by cell, the hatched cells are not stored anywhere: a step of 0 in memory
# reads the first column again.

# More: draws the two tensors as they are stretched, and their sum
upright = vector.unsqueeze(1)
cells = explain_broadcast(matrix, upright).plot_cells(matrix, upright)
cells.set_title("matrix + vector.unsqueeze(1)")
stretched = upright.expand(3, 4)
assert stretched.stride() == (1, 0)
assert stretched.data_ptr() == vector.data_ptr()
assert torch.equal(stretched, torch.stack([vector] * 4, dim=1))

# %%
# What is often said
# ------------------
#
# A widely copied answer promises that ``unsqueeze(0)`` lets you add a vector of 3
# numbers to every row of a 3 by 4 matrix. It crashes, as without ``unsqueeze``.
# (``shows_error`` prints an error that must come.)

from tensorglass import shows_error

message = r"tensor a \(3\) must match the size of tensor b \(4\)"

with shows_error(RuntimeError, match=message):
    vector + matrix

with shows_error(RuntimeError, match=message):
    vector.unsqueeze(0) + matrix

# %%
# Torch's dimension 1 is the last axis of the aligned shapes. A row of this matrix has 4
# numbers: a vector of 4 fits it, and needs no ``unsqueeze``. A vector of 3 fits a
# column, and for that the new axis must stand at the end.

four_numbers = torch.tensor([100, 200, 300, 400], device=device)
for row, added in zip(matrix, matrix + four_numbers, strict=True):
    assert torch.equal(added, row + four_numbers)

for column, added in zip(matrix.T, (matrix + vector.unsqueeze(1)).T, strict=True):
    assert torch.equal(added, column + vector)

# %%
# Traps
# -----
#
# A missing batch
# ~~~~~~~~~~~~~~~
#
# ``unsqueeze(0)`` is most often met in front of a model: one image becomes a batch of
# one. A layer that expects a batch axis does not add it.

image = torch.rand(3, 8, 8, device=device)
layer = torch.nn.BatchNorm2d(3).to(device)
with shows_error(ValueError, match="expected 4D input"):
    layer(image)
assert layer(image.unsqueeze(0)).shape == (1, 3, 8, 8)

# %%
# More: ``cat`` and ``@`` put no axis in front either
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``cat`` joins tensors with equally many axes, and skips those of shape (0,). A matrix
# product puts the missing axis of a vector on its right at the end, not in front. A
# vector on its left, and a matrix beside a batch, get theirs in front.

with shows_error(RuntimeError, match="same number of dimensions"):
    torch.cat([matrix, matrix[0]])
longer = torch.cat([matrix, matrix[0].unsqueeze(0)])
assert longer.shape == (4, 4)

left, right = torch.rand(3, 1, device=device), torch.rand(4, device=device)
with shows_error(RuntimeError, match="size mismatch"):
    left @ right
assert (left @ right.unsqueeze(0)).shape == (3, 4)

# %%
# A loss that broadcasts in silence
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A model returns shape (4, 1), the targets have shape (4,). Their difference has shape
# (4, 4): every prediction against every target. Here the prediction is perfect, and the
# loss should be 0. It is 2.5. ``squeeze(1)``, which removes the axis, mends it, and
# ``watch_broadcasts`` finds the line.

with watch_broadcasts(only="both_stretched") as log:
    loss = ((prediction - target) ** 2).mean()

print("loss:", loss.item())
assert loss == 2.5
assert [(seen.shapes, seen.result) for seen in log] == [(((4, 1), (4,)), (4, 4))]
log

# %%
# More: ``mse_loss`` warns
# ~~~~~~~~~~~~~~~~~~~~~~~~
#
# Nothing is raised here either, but torch's own loss says something.

import warnings

import torch.nn.functional as F

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert F.mse_loss(prediction, target) == 2.5
warning = caught[0]
print("UserWarning:", warning.message)
assert warning.category is UserWarning
assert "different to the input size" in str(warning.message)

assert F.mse_loss(prediction.squeeze(1), target) == 0

# %%
# More: sizes that fit by accident
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Subtract a mean per channel from images of shape (2, 3, 3, 3), in the order image,
# channel, height, width. The images happen to be 3 pixels wide and to have 3 channels.
# Both lines run, and only the second one is right: without new axes the mean goes along
# the width.

images = torch.arange(54.0, device=device).reshape(2, 3, 3, 3)
mean = images.mean(dim=(0, 2, 3))

wrong = images - mean
right = images - mean.unsqueeze(1).unsqueeze(2)
assert wrong.shape == right.shape
torch.testing.assert_close(right.mean(dim=(0, 2, 3)), torch.zeros(3, device=device))
print("means per channel:", wrong.mean(dim=(0, 2, 3)).tolist())
assert wrong.mean(dim=(0, 2, 3)).tolist() == [-9, 0, 9]

# %%
# More: in place, only the other tensor is stretched
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``a += b`` writes into ``a``, and the memory of ``a`` cannot grow: neither along an
# axis of size 1, nor by a new axis in front, not even one of size 1.

a = torch.ones(3, 1, device=device)
b = torch.ones(3, device=device)
grid = torch.ones(3, 3, device=device)
grid += b
assert grid.tolist() == [[2, 2, 2], [2, 2, 2], [2, 2, 2]]

message = r"output with shape \[3, 1\] doesn't match the broadcast shape \[3, 3\]"
with shows_error(RuntimeError, match=message):
    a += b

message = r"output with shape \[3\] doesn't match the broadcast shape \[1, 3\]"
row = torch.ones(1, 3, device=device)
with shows_error(RuntimeError, match=message):
    b += row
b.unsqueeze(0).add_(row)
assert b.tolist() == [2, 2, 2]

# %%
# More: where the axis may go
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A tensor with n axes has n + 1 places for a new one. ``dim`` counts them from 0, or
# backwards from -1.

by_dim = {dim: tuple(vector.unsqueeze(dim).shape) for dim in range(-2, 2)}
print(by_dim)
assert by_dim == {-2: (1, 3), -1: (3, 1), 0: (1, 3), 1: (3, 1)}

message = r"expected to be in range of \[-2, 1\], but got 2"
with shows_error(IndexError, match=message):
    vector.unsqueeze(2)

# %%
# More: ``squeeze`` removes more than you think
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``squeeze(dim)`` undoes ``unsqueeze(dim)``. Without ``dim`` it removes **every** axis
# of size 1, also that of a batch which happens to hold one example.

assert torch.equal(vector.unsqueeze(1).squeeze(1), vector)
batch_of_one = torch.ones(1, 1, device=device)
assert batch_of_one.squeeze(1).shape == (1,)
assert batch_of_one.squeeze().shape == ()

# %%
# More: empty tensors and tensors without axes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Older notes say that each tensor needs at least one axis. It does not: in an
# elementwise operation that is not in place, a dense tensor without axes broadcasts
# with every dense tensor. (A sum with a sparse matrix is refused.) It counts less for
# the dtype, until it has an axis. And a size of 0 is a size like any other: a 1 is
# stretched to 0.

assert (torch.tensor(5, device=device) + vector).tolist() == [15, 25, 35]
sparse = torch.eye(2, device=device).to_sparse()
with shows_error(RuntimeError, match="to have same size"):
    torch.tensor(5.0, device=device) + sparse
empty = torch.zeros(0, device=device)
also_empty = empty + torch.zeros(2, 1, device=device)
assert also_empty.shape == (2, 0)
double, single = torch.tensor(1.0).double(), torch.ones(3)
totals = double + single, double.unsqueeze(0) + single
assert [total.dtype for total in totals] == [torch.float32, torch.float64]
with shows_error(RuntimeError, match="must match"):
    empty + torch.zeros(2, device=device)

# %%
# More: the gradient of what was repeated
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A number that was used 5 times gets 5 gradients, and backward adds them. The gradient
# has the shape of the small tensor, not of the result. ``summed_axes`` names, for each
# operand, the axes that backward sums over: none for the first, axis -2 for the bias.

bias = torch.zeros(3, device=device, requires_grad=True)
(torch.ones(5, 3, device=device) + bias).sum().backward()
print(bias.grad)
assert bias.grad.tolist() == [5, 5, 5]
explanation = explain_broadcast((5, 3), bias)
assert explanation.summed_axes == ((), (-2,))

# %%
# On a GPU
# --------
#
# PyTorch's notes give one rule of broadcasting for all devices. But all tensors must
# live on the same device, except that a tensor without axes may stay on the CPU. Where
# this page runs without a GPU, tensors on the meta device, which have shapes but no
# data, show that in other words.

print("this page ran on", device.type)
other = torch.ones(3, device="cuda" if device.type == "cuda" else "meta")
with shows_error(RuntimeError, match="same device|not on the expected device"):
    other + torch.ones(3)

mixed = other + torch.tensor(5)
assert mixed.device == other.device

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# 64 color images have the shape (64, 3, 256, 256). Subtract 3 channel means. Which axes
# must be inserted, and where?
#
# Solution
# ^^^^^^^^
#
# The 3 must stand in the third place from the end, so two axes follow it. Meta tensors
# answer without allocating the 64 images.

batch = torch.empty(64, 3, 256, 256, device="meta")
means = torch.empty(3, device="meta")
assert not explain_broadcast(batch, means)
centred = batch - means.unsqueeze(-1).unsqueeze(-1)
assert centred.shape == (64, 3, 256, 256)
print(explain_broadcast(batch, means).smallest_fix.code)
assert explain_broadcast(batch, means).smallest_fix.code == "a + b[:, None, None]"

# %%
# Exercise 2
# ~~~~~~~~~~
#
# In one expression, add 10, 20, 30 to each column **and** 1, 2, 3, 4 to each row of a 3
# by 4 matrix of zeros.
#
# Solution
# ^^^^^^^^

down = torch.tensor([10, 20, 30], device=device)
along = torch.tensor([1, 2, 3, 4], device=device)
both = torch.zeros(3, 4, dtype=torch.int64, device=device) + down.unsqueeze(1) + along
assert both.tolist() == [[11, 12, 13, 14], [21, 22, 23, 24], [31, 32, 33, 34]]

# %%
# Exercise 3
# ~~~~~~~~~~
#
# ``points`` has the shape (5, 2). Compute all differences, of shape (5, 5, 2):
# ``differences[i, j] = points[i] - points[j]``.
#
# Solution
# ^^^^^^^^

points = torch.arange(10.0, device=device).reshape(5, 2) ** 2
differences = points.unsqueeze(1) - points.unsqueeze(0)
assert differences.shape == (5, 5, 2)
for i, j in itertools.product(range(5), repeat=2):
    assert torch.equal(differences[i, j], points[i] - points[j])

# %%
# References
# ----------
#
# - PyTorch: `Broadcasting semantics
#   <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>`__ and
#   `torch.unsqueeze
#   <https://docs.pytorch.org/docs/stable/generated/torch.unsqueeze.html>`__.
# - NumPy: `Broadcasting
#   <https://numpy.org/doc/stable/user/basics.broadcasting.html>`__.
# - The silent loss: `pytorch issue 16045
#   <https://github.com/pytorch/pytorch/issues/16045>`__. Broadcasting in place:
#   `pytorch issue 17185 <https://github.com/pytorch/pytorch/issues/17185>`__.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
