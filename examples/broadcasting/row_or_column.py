# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Is a vector added to each row or to each column of a matrix?
============================================================

People ask this because 3 numbers fit a 3 by 3 matrix as a row and as a column, and no
error tells them which way it went.

:Level: beginner

Short answer
------------

To each **row**: the vector is added to every row of the matrix. Shapes are aligned at
their last axis, and the last axis of a matrix runs along a row. To add the vector to
each **column**, make it a column first: ``matrix + vector[:, None]``.
"""

import torch

matrix = torch.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
vector = torch.tensor([10, 20, 30])

total = matrix + vector
print(total)
assert total.tolist() == [[11, 22, 33], [14, 25, 36], [17, 28, 39]]

# %%
# The upper drawing repeats the vector downwards, once for each row. The lower one
# repeats ``vector[:, None]`` to the right, once for each column: the hatched cells.

# More: draws both sums, cell by cell
import matplotlib.pyplot as plt
from tensorglass import explain_broadcast

torch.manual_seed(0)  # for the random numbers further down
figure, (above, below) = plt.subplots(2, 1, figsize=(5.4, 4.6), layout="constrained")
explain_broadcast(matrix, vector).plot_cells(matrix, vector, ax=above)
above.set_title("matrix + vector: added to each row")
upright = vector[:, None]
explain_broadcast(matrix, upright).plot_cells(matrix, upright, ax=below)
below.set_title("matrix + vector[:, None]: added to each column")
for row, added in zip(matrix, matrix + vector, strict=True):
    assert torch.equal(added, row + vector)
for column, added in zip(matrix.T, (matrix + upright).T, strict=True):
    assert torch.equal(added, column + vector)

# %%
# Take it home
# ------------
#
# A batch has a row for each example and a column for each feature:

batch, shift, weight = torch.rand(128, 10), torch.rand(10), torch.rand(128)
shifted = batch + shift  # one number for each feature
weighted = batch * weight[:, None]  # one number for each example
shares = batch / batch.sum(dim=1, keepdim=True)  # also one for each example

assert torch.equal(shifted[5], batch[5] + shift)
assert torch.equal(weighted[5], batch[5] * weight[5])
torch.testing.assert_close(shares.sum(dim=1), torch.ones(128))

# %%
# Not sure which way it goes? Ask the library of this site. The axis in which your
# vector is ``missing`` or ``stretched`` is the one along which it is repeated.

from tensorglass import explain_broadcast

explanation = explain_broadcast(batch, shift)
assert [axis.roles[1] for axis in explanation.axes] == ["equal", "missing"]
explanation

# %%
# Why
# ---
#
# Shapes are aligned at their **last** axis. So element ``j`` of a vector meets index
# ``j`` of the last axis, whatever the tensor's rank, unless one of the two has size 1
# there and is stretched. The order of the two does not matter. (PyTorch notes,
# *Broadcasting semantics*.)

for shape in [(3, 3), (5, 3), (2, 5, 3), (4, 2, 5, 3)]:
    x = torch.zeros(shape, dtype=torch.int64)
    for j in range(3):
        assert ((x + vector)[..., j] == vector[j]).all()
assert torch.equal(matrix + vector, vector + matrix)

# %%
# A square hides this. With 2 rows and 3 columns the two readings differ: 3 numbers fit
# a row and are added, 2 numbers fit a column and are refused. (``shows_error`` prints
# an error that must come.)

from tensorglass import shows_error

wide = torch.zeros(2, 3, dtype=torch.int64)
assert (wide + vector).tolist() == [[10, 20, 30], [10, 20, 30]]
with shows_error(
    RuntimeError, match=r"size of tensor a \(3\) must match the size of tensor b \(2\)"
):
    wide + torch.tensor([10, 20])

# %%
# More: every matrix with up to 5 rows and 5 columns, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For each of them, and for vectors of up to 5 numbers, all with random entries: the sum
# runs if and only if the vector is as long as a **row**, or one of the two lengths is 1
# and is stretched. Where the vector is as long as a row, the sum equals a loop that
# adds it to each row. NumPy runs, refuses and adds the same. From here on, tensors are
# on the GPU if there is one.

import itertools

import numpy as np
from tensorglass import default_device

device = default_device()
matrix, vector = matrix.to(device), vector.to(device)

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
# What is often said
# ------------------
#
# "To each row", says the widely copied answer, and it is right. But it gives no reason,
# and on its square matrix the other reading would run too. Here are both, by loops that
# know nothing of broadcasting.

to_each_row = [[int(matrix[i, j] + vector[j]) for j in range(3)] for i in range(3)]
to_each_column = [[int(matrix[i, j] + vector[i]) for j in range(3)] for i in range(3)]
print("to each row:   ", to_each_row)
print("to each column:", to_each_column)

total, other = matrix + vector, matrix + vector[:, None]
assert total.tolist() == to_each_row
assert other.tolist() == to_each_column
assert total.tolist() != to_each_column

# %%
# Half of the confusion is in the words. *Added to each row* means that each row gets
# the whole vector. Then 10 goes down the first **column**, 20 down the second one and
# 30 down the third. Both sentences describe the same sum.

for j, number in enumerate([10, 20, 30]):
    assert (total - matrix)[:, j].tolist() == [number, number, number]

# %%
# Traps
# -----
#
# A square matrix never complains
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# To divide each row by its sum, people write ``p / p.sum(dim=1)``. For a square matrix
# that runs, and it is wrong: the sum of row ``j`` divides column ``j``. The rows then
# need not sum to 1. ``keepdim=True`` keeps the sums upright.

p = torch.tensor([[1.0, 1, 2], [1, 2, 5], [3, 3, 10]], device=device)
wrong = p / p.sum(dim=1)
right = p / p.sum(dim=1, keepdim=True)
print("rows of the wrong one sum to", wrong.sum(dim=1).tolist())
assert wrong.sum(dim=1).tolist() == [0.5, 0.8125, 1.75]
torch.testing.assert_close(right.sum(dim=1), torch.ones(3, device=device))
alike = torch.tensor([[1.0, 2, 1], [0, 1, 3], [2, 2, 0]], device=device)
assert (alike / alike.sum(dim=1)).sum(dim=1).tolist() == [1, 1, 1]

# %%
# Which axis does ``dim`` remove?
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``mean(dim=0)`` removes axis 0: it averages the numbers **of each column**. The result
# is as long as a row, so it can be subtracted as it is. ``mean(dim=1)`` returns one
# number for each row. It is refused, unless the matrix is square or has a side of 1.

points = torch.arange(6.0, device=device).reshape(2, 3)
assert points.mean(dim=0).tolist() == [1.5, 2.5, 3.5]
assert (points - points.mean(dim=0)).sum(dim=0).tolist() == [0, 0, 0]
with shows_error(RuntimeError, match="must match"):
    points - points.mean(dim=1)
centered = points - points.mean(dim=1, keepdim=True)
assert centered.tolist() == [[-1, 0, 1], [-1, 0, 1]]

# %%
# More: a matrix with one column, or with one row
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With one column, the means of the rows make a square of the matrix, without an error.
# With one row, they happen to be right.

one_column = torch.tensor([[1.0], [2], [3], [4]], device=device)
becomes = one_column - one_column.mean(dim=1)
assert becomes[0].tolist() == [0, -1, -2, -3]
assert becomes.shape == (4, 4)
assert (points[:1] - points[:1].mean(dim=1)).tolist() == [[-1, 0, 1]]

# %%
# R and pandas differ
# ~~~~~~~~~~~~~~~~~~~
#
# Neither is run here; this is what their documentation says. **R** recycles the vector
# in the order in which it stores a matrix: down each **column**. **pandas** goes by
# labels: ``DataFrame - Series`` matches those of the Series with those of the columns.
# In torch:

recycled = matrix.T.flatten() + vector.repeat(3)  # column by column, as R does
assert torch.equal(recycled.reshape(3, 3).T, matrix + vector[:, None])

labels, series = ["a", "b", "c"], {"c": 30, "b": 20, "a": 10}  # as pandas does
by_label = matrix + torch.tensor([series[label] for label in labels], device=device)
assert torch.equal(by_label, matrix + vector)

# %%
# More: in R, more shapes run; pandas has an argument for the rows
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Recycled down the columns, 3 numbers also fill 2 rows and 3 columns, because 3 divides
# their 6 cells. They then fit neither the rows nor the columns, and R's documentation
# promises a warning only where the last round is not full. In pandas, one number for
# each row is ``df.sub(series, axis=0)``.

cells = vector.repeat(2)  # 6 cells, column by column
neither = cells.reshape(3, 2).T
print(neither)
assert neither.tolist() == [[10, 30, 20], [20, 10, 30]]

# %%
# More: a matrix times a vector is another matter
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``matrix * vector`` broadcasts as the sum does: it scales the columns. ``matrix @
# vector`` multiplies and then adds up each row, and has one number per row.

x, y = matrix.float(), vector.float()
print("matrix * vector:", (x * y).tolist())
print("matrix @ vector:", (x @ y).tolist())
assert torch.equal(x * y, torch.stack([row * y for row in x]))
assert torch.equal(x @ y, (x * y).sum(dim=1))

# %%
# More: a linear layer adds its bias to each row
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# This is a broadcast that nearly every network makes: the bias is added to each example
# of the batch. Backward therefore sums the bias's gradient over the examples.

import torch.nn.functional as F

torch.manual_seed(0)
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
# By the IEEE's standard one addition gives the exact sum, rounded once. We check the
# device that this page ran on against the sum in twice the precision.

a = torch.rand(3, 3, generator=torch.Generator().manual_seed(1))
b = torch.rand(3, generator=torch.Generator().manual_seed(2))
on_device = (a.to(device) + b.to(device)).cpu()
print("this page ran on", device.type)
assert torch.equal(on_device, (a.double() + b.double()).float())

# %%
# More: no ``@`` for integers
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# PyTorch has none on a GPU; where this page runs on one, it shows the error. That is
# why ``*`` and ``@`` were shown with floats.

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
# ``scores`` has a row for each of 4 students and a column for each of 3 exams. Subtract
# from each exam its mean over the students. Then, starting again, subtract from each
# student the mean over the exams.
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
# References
# ----------
#
# - PyTorch: `Broadcasting semantics
#   <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>`__ and
#   `torch.nn.Linear
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html>`__.
# - NumPy: `Broadcasting
#   <https://numpy.org/doc/stable/user/basics.broadcasting.html>`__.
# - R: `Arithmetic operators
#   <https://stat.ethz.ch/R-manual/R-devel/library/base/html/Arithmetic.html>`__, on
#   recycling. pandas: `DataFrame.sub
#   <https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.sub.html>`__.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
