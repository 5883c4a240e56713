# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy>=2.4", "opt_einsum>=3.4", "matplotlib>=3.11"]
# ///
"""
Is a vector added to each row or to each column of a matrix?
============================================================

People ask this because 3 numbers fit a 3 by 3 matrix as a row and as a column, and no
error tells them which way it went.

Short answer
------------

To each **row**: every row of the matrix becomes that row plus the vector. The reason is
that shapes are aligned at their last axis, and the last axis of a matrix runs along a
row.
"""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from tensorglass import default_device, explain_broadcast, shows_error

device = default_device()  # a GPU if there is one

matrix = torch.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]], device=device)
vector = torch.tensor([10, 20, 30], device=device)

total = matrix + vector
print(total)

for row, added in zip(matrix, total, strict=True):
    assert torch.equal(added, row + vector)

# %%
# What is often said
# ------------------
#
# "To each row" is also what the widely copied answer says, and it is right. But it
# gives no reason, and shows a square matrix only, on which the other reading would run
# as well. We add 10, 20, 30, so that the tens digit shows which number was added where,
# and compute both readings with loops, which know nothing of broadcasting.

to_each_row = [[int(matrix[i, j] + vector[j]) for j in range(3)] for i in range(3)]
to_each_column = [[int(matrix[i, j] + vector[i]) for j in range(3)] for i in range(3)]
print("to each row:   ", to_each_row)
print("to each column:", to_each_column)

assert total.tolist() == to_each_row
assert total.tolist() != to_each_column

# %%
# Half of the confusion is in the words. *Added to each row* means that a row as a whole
# gets the vector. Then number 10 goes down the whole first **column**, 20 down the
# second one and 30 down the third. Both sentences describe the same sum.

for j, number in enumerate([10, 20, 30]):
    assert torch.equal(
        total[:, j] - matrix[:, j], torch.full((3,), number, device=device)
    )

# %%
# The rule
# --------
#
# Shapes are aligned at their **last** axis. So element ``j`` of a vector meets index
# ``j`` of the last axis, whatever the tensor's rank, unless one of the two has size 1
# there and is stretched. If you want the other direction, give the vector a last axis
# of size 1: ``vector[:, None]``. (PyTorch notes, *Broadcasting semantics*.)

assert (matrix + vector[:, None]).tolist() == to_each_column
for shape in [(3, 3), (5, 3), (2, 5, 3), (4, 2, 5, 3)]:
    x = torch.zeros(shape, dtype=torch.int64, device=device)
    for j in range(3):
        assert ((x + vector)[..., j] == vector[j]).all()

# %%
# The aligned shapes show it. The vector has no axis for the rows; that axis is missing,
# so the vector is repeated along it.

explanation = explain_broadcast(matrix, vector)
assert explanation.axes[0].roles == ("equal", "equal")
assert explanation.axes[1].roles == ("equal", "missing")
explanation

# %%
# Proof
# -----
#
# A square hides the rule, so we try other shapes too. For every matrix with up to 5
# rows and 5 columns, and for vectors of up to 5 numbers, all with random entries: the
# sum runs if and only if the vector is as long as a **row**, or one of the two lengths
# is 1 and is stretched. Where the vector is as long as a row, the sum equals the loop
# "to each row". NumPy runs, refuses and adds the same.

generator = torch.Generator().manual_seed(0)
ran = refused = 0
for rows, columns, length in itertools.product(range(1, 6), repeat=3):
    m = torch.randint(100, (rows, columns), generator=generator).to(device)
    v = torch.randint(100, (length,), generator=generator).to(device)
    if length == columns or 1 in (length, columns):
        added = m + v
        assert np.array_equal(m.cpu().numpy() + v.cpu().numpy(), added.cpu().numpy())
        if length == columns:
            rows_by_loop = [
                [int(x + y) for x, y in zip(row, v, strict=True)] for row in m
            ]
            assert added.tolist() == rows_by_loop
        ran += 1
    else:
        for x, y in ((m, v), (m.cpu().numpy(), v.cpu().numpy())):
            try:
                x + y
            except (RuntimeError, ValueError):  # torch's error, and NumPy's
                refused += 1

print(f"{ran} sums ran, and {refused // 2} were refused, by torch and by NumPy")
assert ran + refused // 2 == 5**3
assert refused == 120

# %%
# With 2 rows and 3 columns the two readings differ at last: 3 numbers fit a row and are
# added, 2 numbers fit a column and are refused.

wide = torch.zeros(2, 3, dtype=torch.int64, device=device)
print(wide + torch.tensor([10, 20, 30], device=device))
with shows_error(
    RuntimeError, match=r"size of tensor a \(3\) must match the size of tensor b \(2\)"
):
    wide + torch.tensor([10, 20], device=device)

# %%
# The order of the two does not matter. What matters is the shapes, not which one stands
# on the left.

assert torch.equal(matrix + vector, vector + matrix)

# %%
# Picture
# -------
#
# Above, the vector as it is: repeated downwards, once for each row. Below, ``vector[:,
# None]``: repeated to the right, once for each column. Hatched cells are repetitions.

figure, (above, below) = plt.subplots(2, 1, figsize=(7.5, 5.2), layout="constrained")
explain_broadcast(matrix, vector).plot_cells(matrix, vector, ax=above)
above.set_title("matrix + vector: added to each row")
upright = vector[:, None]
explain_broadcast(matrix, upright).plot_cells(matrix, upright, ax=below)
below.set_title("matrix + vector[:, None]: added to each column")
assert (matrix + upright).T.tolist() == (matrix.T + vector).tolist()

# %%
# Traps
# -----
#
# A square matrix never complains
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# To divide each row of a matrix by its sum, people write ``p / p.sum(dim=1)``. For a
# square matrix that runs, and it is wrong: the sum of row ``j`` divides column ``j``.
# The rows then do not sum to 1, unless all had the same sum. With ``keepdim=True`` the
# sums stay upright.

p = torch.tensor([[1.0, 1, 2], [1, 2, 5], [3, 3, 10]], device=device)
wrong = p / p.sum(dim=1)
right = p / p.sum(dim=1, keepdim=True)
print("rows of the wrong one sum to", wrong.sum(dim=1).tolist())
assert p.sum(dim=1).shape == (3,)
assert p.sum(dim=1, keepdim=True).shape == (3, 1)
torch.testing.assert_close(right.sum(dim=1), torch.ones(3, device=device))
assert wrong.sum(dim=1).tolist() == [0.5, 0.8125, 1.75]
alike = torch.tensor([[1.0, 2, 1], [0, 1, 3], [2, 2, 0]], device=device)
assert (alike / alike.sum(dim=1)).sum(dim=1).tolist() == [1, 1, 1]

# %%
# Which axis does ``dim`` remove?
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``mean(dim=0)`` removes axis 0: it averages the numbers **of each column**, and
# returns one number per column. That has the length of a row, so it can be subtracted
# as it is. ``mean(dim=1)`` returns one number per row. It is refused, unless the matrix
# is square, where it goes the wrong way; has one column, where the result becomes a
# square; or has one row, where it happens to be right. ``keepdim=True`` keeps it
# upright.

points = torch.arange(6.0, device=device).reshape(2, 3)
assert points.mean(dim=0).shape == (3,)
assert points.mean(dim=1).shape == (2,)
centred = points - points.mean(dim=0)
torch.testing.assert_close(centred.sum(dim=0), torch.zeros(3, device=device))
with shows_error(RuntimeError, match="must match"):
    points - points.mean(dim=1)
one_column = torch.tensor([[1.0], [2], [3], [4]], device=device)
becomes = one_column - one_column.mean(dim=1)
assert becomes[0].tolist() == [0, -1, -2, -3]
assert becomes.shape == (4, 4)
assert (points[:1] - points[:1].mean(dim=1)).tolist() == [[-1, 0, 1]]
centred = points - points.mean(dim=1, keepdim=True)
torch.testing.assert_close(centred.sum(dim=1), torch.zeros(2, device=device))

# %%
# A matrix times a vector is another matter
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``matrix * vector`` broadcasts as the sum does: it scales the columns. ``matrix @
# vector`` multiplies and then adds up each row, and has one number per row.

x, y = matrix.float(), vector.float()
print("matrix * vector:", (x * y).tolist())
print("matrix @ vector:", (x @ y).tolist())
assert torch.equal(x * y, torch.stack([row * y for row in x]))
assert torch.equal(x @ y, (x * y).sum(dim=1))

# %%
# The bias of a linear layer
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# This is a broadcast that nearly every network makes. A linear layer adds its bias to
# each row, that is, to each example of the batch. Backward therefore sums the bias's
# gradient over the examples.

x = torch.rand(8, 5, device=device)
weight = torch.rand(3, 5, device=device)
bias = torch.rand(3, device=device, requires_grad=True)
torch.testing.assert_close(F.linear(x, weight, bias), x @ weight.T + bias)
F.linear(x, weight, bias).sum().backward()
print("gradient of the bias, for 8 examples:", bias.grad.tolist())
assert bias.grad.tolist() == [8, 8, 8]

# %%
# On a GPU
# --------
#
# Rounding leaves no freedom in one addition: by the IEEE's standard the result is the
# exact sum, rounded once, on every device that follows it. We check the device that
# this page ran on against the sum in twice the precision.

a = torch.rand(3, 3, generator=torch.Generator().manual_seed(1))
b = torch.rand(3, generator=torch.Generator().manual_seed(2))
on_device = (a.to(device) + b.to(device)).cpu()
print("this page ran on", device.type)
assert torch.equal(on_device, (a.double() + b.double()).float())

# %%
# On a GPU, PyTorch has no ``@`` for integers; where this page runs on one, it shows the
# error. That is why ``*`` and ``@`` were shown with floats.

if device.type == "cuda":
    with shows_error(NotImplementedError, match="not implemented for 'Long'"):
        matrix @ vector

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# ``scores`` has one row per student and one column per exam: shape (4, 3). Subtract
# from each exam its mean over the students. Then, starting again from ``scores``,
# subtract from each student the mean over the exams.
#
# Solution
# ^^^^^^^^

rows = [[90.0, 60, 75], [70, 80, 60], [50, 70, 90], [90, 90, 90]]
scores = torch.tensor(rows, device=device)
per_exam = scores - scores.mean(dim=0)
per_student = scores - scores.mean(dim=1, keepdim=True)
torch.testing.assert_close(per_exam.mean(dim=0), torch.zeros(3, device=device))
torch.testing.assert_close(per_student.mean(dim=1), torch.zeros(4, device=device))

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Before you run it: which of these shapes can a vector of 4 numbers be added to? (4,
# 5), (5, 4), (4, 1), (4,), (2, 1, 4)
#
# Solution
# ^^^^^^^^
#
# All but the first one. A last axis of size 1 is stretched, so (4, 1) becomes (4, 4).

verdicts = {
    shape: explain_broadcast(shape, (4,)).result
    for shape in [(4, 5), (5, 4), (4, 1), (4,), (2, 1, 4)]
}
print(verdicts)
assert verdicts == {
    (4, 5): None,
    (5, 4): (5, 4),
    (4, 1): (4, 4),
    (4,): (4,),
    (2, 1, 4): (2, 1, 4),
}

# %%
# Take it home
# ------------
#
# When you are not sure which way it goes, ask before you add. The axis in which your
# vector is ``missing`` or ``stretched`` is the one along which it is repeated.

answer = explain_broadcast((128, 10), (10,))
for axis in answer.axes:
    print("axis", axis.axis, "the vector is", axis.roles[1])
assert [axis.roles[1] for axis in answer.axes] == ["equal", "missing"]

# %%
# References
# ----------
#
# - PyTorch: `Broadcasting semantics
#   <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>`__ and
#   `torch.nn.Linear
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html>`__.
# - NumPy: `Broadcasting
#   <https://numpy.org/doc/stable/user/basics.broadcasting.html>`__.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
