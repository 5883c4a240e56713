# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy>=2.4", "opt_einsum>=3.4", "matplotlib>=3.11"]
# ///
"""
How does unsqueeze help with broadcasting?
==========================================

People ask this when an addition stops with "The size of tensor a must match the size of
tensor b", or when they see ``x.unsqueeze(1)`` in somebody's code and wonder why the 1.

Short answer
------------

``unsqueeze(dim)`` inserts an axis of size 1, and an axis of size 1 is what broadcasting
stretches. So you use it to say along which axis of the other tensor yours is to be
repeated. The place matters: a new axis at the end, or in the middle, moves your axes to
the left. A new axis in front changes nothing.
"""

import itertools
import warnings

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from tensorglass import default_device, explain_broadcast, shows_error, watch_broadcasts

device = default_device()

matrix = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]], device=device)
vector = torch.tensor([10, 20, 30], device=device)

total = matrix + vector.unsqueeze(1)
print(total)

assert total.tolist() == [[11, 12, 13, 14], [25, 26, 27, 28], [39, 40, 41, 42]]
assert not explain_broadcast(matrix, vector)
assert not explain_broadcast(matrix, vector.unsqueeze(0))
assert explain_broadcast(matrix, vector.unsqueeze(1))

# %%
# What is often said
# ------------------
#
# A widely copied answer takes a vector of 3 numbers and a 3 by 4 matrix, and promises
# that ``unsqueeze(0)`` lets you add the vector to every row. The code was never run: it
# crashes, with the same message as without ``unsqueeze``.

message = r"tensor a \(3\) must match the size of tensor b \(4\)"

with shows_error(RuntimeError, match=message):
    vector + matrix

with shows_error(RuntimeError, match=message):
    vector.unsqueeze(0) + matrix

# %%
# It had to crash. A row of this matrix has 4 numbers, and the vector has 3. What fits a
# row is a vector of 4 numbers, and that needs no ``unsqueeze`` at all. What 3 numbers
# fit is a column, and for that the new axis must stand at the end.

per_column = torch.tensor([100, 200, 300, 400], device=device)
for row, added in zip(matrix, matrix + per_column, strict=True):
    assert torch.equal(added, row + per_column)

for column, added in zip(matrix.T, (matrix + vector.unsqueeze(1)).T, strict=True):
    assert torch.equal(added, column + vector)

# %%
# The rule
# --------
#
# Write the shapes one under the other, **aligned at their last axis**. In each axis the
# sizes must be equal, or one of them must be 1. An axis that one shape does not have
# counts as 1. (PyTorch notes, *Broadcasting semantics*.)
#
# From the last sentence it follows that a new axis in front never changes whether
# shapes broadcast: it was counted as 1 before it was there. In code the rule is short.


def broadcasts(a, b):
    """Tell whether two shapes broadcast."""
    from_the_end = zip(reversed(a), reversed(b), strict=False)
    return all(m == n or 1 in (m, n) for m, n in from_the_end)


verdicts = {shape: broadcasts(shape, (3, 4)) for shape in [(3,), (1, 3), (3, 1)]}
print(verdicts)
assert verdicts == {(3,): False, (1, 3): False, (3, 1): True}

# %%
# The library prints the alignment, and which insertions would help. The one that gives
# the smallest result stands first.

explanation = explain_broadcast(vector, matrix)
assert explanation.smallest_fix.code == "a[:, None] + b"
explanation

# %%
# Proof
# -----
#
# Does torch follow that code? We try **every** pair of shapes with up to 3 axes
# and sizes from 0 to 3. For each pair we add real tensors, with and without one more
# axis in front.


def torch_adds(a, b):
    """Return the shape of the sum, or None if torch refuses."""
    try:
        return (torch.zeros(a, device=device) + torch.zeros(b, device=device)).shape
    except RuntimeError:
        return None


shapes = [
    shape for rank in range(4) for shape in itertools.product(range(4), repeat=rank)
]
pairs = list(itertools.product(shapes, repeat=2))
working = 0
for a, b in pairs:
    result = torch_adds(a, b)
    in_front = torch_adds((1, *a), b)
    assert (result is not None) == (in_front is not None) == broadcasts(a, b)
    if result is not None:
        working += 1
        # In front there is at most one more axis of size 1; the data are the same.
        assert in_front in (result, (1, *result))

print(len(pairs), "pairs of shapes, and torch follows the rule on all:", end=" ")
print(working, "broadcast,", len(pairs) - working, "do not")
assert working == 2479

# %%
# ``unsqueeze`` moves no data. The result is a view: the same memory with one more axis,
# so a write through it is seen in the vector.

column = vector.unsqueeze(1)
assert column.data_ptr() == vector.data_ptr()
column[0, 0] = 99
assert vector[0] == 99
vector[0] = 10

# %%
# Picture
# -------
#
# On the left, without ``unsqueeze``: the sizes 3 and 4 meet in the last axis and clash.
# On the right, the new axis has moved the 3 one place to the left, under the other 3,
# and the 1 is stretched to 4.

figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.2), layout="constrained")
explain_broadcast(vector, matrix).plot(left)
left.set_title("vector + matrix")
explain_broadcast(vector.unsqueeze(1), matrix).plot(right)
right.set_title("vector.unsqueeze(1) + matrix")
assert not explain_broadcast(vector, matrix)
last_axis = explain_broadcast(vector.unsqueeze(1), matrix).axes[0]
assert last_axis.roles == ("stretched", "equal")

# %%
# And cell by cell: the hatched cells are not stored anywhere, they are the first column
# read again.

upright = vector.unsqueeze(1)
cells = explain_broadcast(matrix, upright).plot_cells(matrix, upright)
cells.set_title("matrix + vector.unsqueeze(1)")
assert torch.equal(upright.expand(3, 4), torch.stack([vector] * 4, dim=1))

# %%
# Traps
# -----
#
# A loss that broadcasts in silence
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A model returns shape (4, 1), the targets have shape (4,). Their difference has shape
# (4, 4): every prediction against every target. Here the prediction is perfect, and the
# loss should be 0. It is 2.5. Nothing is raised; ``F.mse_loss`` at least warns.
# ``watch_broadcasts`` finds the line.

target = torch.arange(4.0, device=device)
prediction = target.unsqueeze(1)

with watch_broadcasts(only="both_stretched") as log:
    loss = ((prediction - target) ** 2).mean()

print("loss:", loss.item())
assert loss == 2.5

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert F.mse_loss(prediction, target) == 2.5
warning = caught[0]
print("UserWarning:", warning.message)
assert warning.category is UserWarning
assert "different to the input size" in str(warning.message)

assert [(seen.shapes, seen.result) for seen in log] == [(((4, 1), (4,)), (4, 4))]
assert F.mse_loss(prediction.squeeze(1), target) == 0
log

# %%
# Sizes that fit by accident
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Subtract a mean per channel from images of shape (2, 3, 3, 3), in the order image,
# channel, height, width. The images happen to be as wide as they have channels. Both
# lines run, and only the second one is right: without new axes the mean goes along the
# width.

images = torch.arange(54.0, device=device).reshape(2, 3, 3, 3)
mean = images.mean(dim=(0, 2, 3))

wrong = images - mean
right = images - mean.unsqueeze(1).unsqueeze(2)
assert wrong.shape == right.shape
torch.testing.assert_close(right.mean(dim=(0, 2, 3)), torch.zeros(3, device=device))
print("means per channel:", wrong.mean(dim=(0, 2, 3)).tolist())
assert wrong.mean(dim=(0, 2, 3)).tolist() == [-9, 0, 9]

# %%
# In place, only the other tensor is stretched
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``a += b`` writes into ``a``, and the memory of ``a`` cannot grow.

a = torch.ones(3, 1, device=device)
b = torch.ones(3, device=device)
message = r"output with shape \[3, 1\] doesn't match the broadcast shape \[3, 3\]"
with shows_error(RuntimeError, match=message):
    a += b

# %%
# Where the axis may go
# ~~~~~~~~~~~~~~~~~~~~~
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
# Empty tensors and tensors without axes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Older notes say that each tensor needs at least one axis. It does not: a tensor
# without axes broadcasts with everything. And a size of 0 is a size like any other: a 1
# is stretched to 0.

assert (torch.tensor(5, device=device) + vector).tolist() == [15, 25, 35]
empty = torch.zeros(0, device=device)
also_empty = empty + torch.zeros(2, 1, device=device)
assert also_empty.shape == (2, 0)
with shows_error(RuntimeError, match="must match"):
    empty + torch.zeros(2, device=device)

# %%
# The gradient of what was repeated
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A number that was used 5 times gets 5 gradients, and backward adds them. The gradient
# has the shape of the small tensor, not of the result.

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
# The rule and the messages are the same; this page runs on either. One thing is added:
# all tensors must live on the same device, except that a tensor without axes may stay
# on the CPU. Where there is no GPU, the meta device shows the same.

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
# A batch of 64 colour images has the shape (64, 3, 256, 256). Subtract a vector of 3
# channel means. Which axes must be inserted, and where?
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
# In one expression, add 10, 20, 30 down the columns **and** 1, 2, 3, 4 along the rows
# of a 3 by 4 matrix of zeros.
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
# ``points`` has the shape (5, 2): five points in the plane. Compute all differences
# between two of them, with the shape (5, 5, 2), so that ``differences[i, j] = points[i]
# - points[j]``.
#
# Solution
# ^^^^^^^^

points = torch.arange(10.0, device=device).reshape(5, 2) ** 2
differences = points.unsqueeze(1) - points.unsqueeze(0)
assert differences.shape == (5, 5, 2)
for i, j in itertools.product(range(5), repeat=2):
    assert torch.equal(differences[i, j], points[i] - points[j])

# %%
# Take it home
# ------------
#
# Ask the library about your own tensors, or only about their shapes:

answer = explain_broadcast((32, 10), (32,))
print(answer.smallest_fix.code, "gives", answer.smallest_fix.result)
assert answer.smallest_fix.code == "a + b[:, None]"

# %%
# And have it watch a training step for the silent trap. An empty log is what you want
# to see.

with watch_broadcasts(only="both_stretched") as log:
    loss = ((prediction.squeeze(1) - target) ** 2).mean()
print(log)
assert len(log) == 0

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
