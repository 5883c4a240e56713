# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.9", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
How can indexing do what unsqueeze does?
========================================

People ask this when they meet ``x[:, None]`` or ``x[..., None]`` in somebody's code,
and find no explanation of the ``None``.

:Level: beginner

Short answer
------------

``None`` in an index inserts an axis of size 1 at its place, and a colon keeps an axis
as it is. So ``v[None, :]`` is ``v.unsqueeze(0)``, ``v[:, None]`` is ``v.unsqueeze(1)``,
and ``x[..., None]`` is ``x.unsqueeze(-1)``. For autograd it is the same operation, and
copies nothing of a dense tensor.
"""

import torch

v = torch.tensor([10, 20, 30])

row, column = v[None, :], v[:, None]
print(row)
print(column)
assert all(map(torch.equal, (row, column), (v.unsqueeze(0), v.unsqueeze(1))))

# %%
# With ``None`` in front the numbers lie in a row, and at the end in a column. Added to
# a square of ones, the row is repeated downwards and the column to the right. The
# hatched cells are repetitions, which are not stored.

# More: draws the vector, with each of the two indices, beside a square of ones
import matplotlib.pyplot as plt
from tensorglass import explain_broadcast

torch.manual_seed(0)  # for the random numbers further down
square = torch.ones(3, 3, dtype=torch.int64)
figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 4.6), layout="constrained")
explain_broadcast(v[None, :], square).plot_cells(v[None, :], square, ax=top)
top.set_title("v[None, :] + ones(3, 3)")
explain_broadcast(v[:, None], square).plot_cells(v[:, None], square, ax=bottom)
bottom.set_title("v[:, None] + ones(3, 3)")
assert (v[None, :] + square).tolist() == [[11, 21, 31], [11, 21, 31], [11, 21, 31]]
assert (v[:, None] + square).tolist() == [[11, 11, 11], [21, 21, 21], [31, 31, 31]]
assert v[:, None].data_ptr() == v[None, :].data_ptr() == v.data_ptr()
assert v[:, None].expand_as(square).untyped_storage().nbytes() == v.nbytes

# %%
# Take it home
# ------------
#
# Colons at the end can be left out. Here are a batch of one image, one number for
# each channel, one weight for each word, all pairs of points.

image, words, points = torch.rand(3, 32, 32), torch.rand(8, 50, 16), torch.rand(100, 2)
batch = image[None]  # shape (1, 3, 32, 32)
centered = image - image.mean(dim=(1, 2))[:, None, None]  # (3, 1, 1) meets (3, 32, 32)
weighted = words * torch.rand(8, 50)[..., None]  # (8, 50, 1) meets (8, 50, 16)
differences = points[:, None] - points[None, :]  # (100, 1, 2) meets (1, 100, 2)

assert batch.shape == (1, 3, 32, 32)
torch.testing.assert_close(centered.mean(dim=(1, 2)), torch.zeros(3))
assert weighted.shape == (8, 50, 16)
assert differences.shape == (100, 100, 2)
assert torch.equal(differences[3, 5], points[3] - points[5])

# %%
# Where does the ``None`` belong? Where tensors or shapes do not broadcast, this site's
# library answers with an index, as code that you can paste.

from tensorglass import explain_broadcast

answer = explain_broadcast((64, 3, 256, 256), (3,))
assert answer.smallest_fix.code == "a + b[:, None, None]"
answer

# %%
# Why
# ---
#
# Read the index from the left. A colon takes the next axis of the tensor and keeps it.
# A slice takes one and keeps a part; an integer takes one and drops it. ``None`` takes
# none, and puts an axis of size 1 into the result. What is left over at the end is
# kept, as if colons stood there. (PyTorch, *Tensor indexing API*; NumPy, *Indexing on
# ndarrays*.)

m = torch.arange(6).reshape(2, 3)
assert m[None].shape == m[None, :].shape == m[None, :, :].shape == (1, 2, 3)
assert m[:, None].shape == m[:, None, :].shape == (2, 1, 3)
assert m[1, None].shape == (1, 3)
assert m[:, None, 1:].shape == (2, 1, 2)

# %%
# Why the dots?
# ~~~~~~~~~~~~~
#
# ``...`` stands for as many colons as are needed. So ``x[..., None]`` adds a **last**
# axis, however many there are: it is ``x.unsqueeze(-1)``. In front no dots are needed,
# because what is left over is kept anyway.

for x in (torch.tensor(5), v, m):
    print(tuple(x.shape), "becomes", tuple(x[..., None].shape))
    assert torch.equal(x[..., None], x.unsqueeze(-1))
    assert torch.equal(x[None, ...], x[None])
assert m[..., None].shape == m[:, :, None].shape == (2, 3, 1)

# %%
# More: an index that a program builds
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Python hands ``m[:, None]`` to torch as the tuple ``(slice(None), None)``: a colon is
# ``slice(None)``. So a program can build an index.

for text, index in {
    "m[None]": None,
    "m[:, None]": (slice(None), None),
    "m[:, :, None]": (slice(None), slice(None), None),
    "m[..., None]": (..., None),
    "m[None, :, None, :]": (None, slice(None), None, slice(None)),
}.items():
    print(f"{text:20} has the shape {tuple(m[index].shape)}")
    assert torch.equal(m[index], eval(text))
assert m[None, :, None, :].shape == (1, 2, 1, 3)

# %%
# More: every place in tensors with up to 4 axes, compared with ``unsqueeze``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# We take tensors with 0 to 4 axes, also transposed ones, and every place for a new
# axis. For each place we compare the index with ``unsqueeze`` in all that makes up a
# view: the shape, the strides (how far apart in memory two neighbors along an axis
# lie), the address in memory, and the operation that autograd records. From here on,
# tensors are on the GPU if there is one.

from tensorglass import default_device

device = default_device()
v, m = v.to(device), m.to(device)

compared = 0
for rank in range(5):
    x = torch.rand((2, 3, 4, 5)[:rank], device=device, requires_grad=True)
    for tensor in (x, torch.permute(x, tuple(reversed(range(rank))))):
        for place in range(rank + 1):
            indexed = tensor[(slice(None),) * place + (None,)]
            unsqueezed = tensor.unsqueeze(place)
            assert indexed.shape == unsqueezed.shape
            assert indexed.stride() == unsqueezed.stride()
            assert indexed.data_ptr() == unsqueezed.data_ptr() == x.data_ptr()
            assert indexed.grad_fn.name() == unsqueezed.grad_fn.name()
            compared += 1

print(compared, "indices compared, all are the same view:", indexed.grad_fn.name())
assert indexed.grad_fn.name() == "UnsqueezeBackward0"
assert compared == 30

# %%
# More: several ``None`` in one index, step by step
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# They are several ``unsqueeze`` in a row, which takes one axis at a time.

import itertools

from tensorglass import shows_error

x = torch.rand(2, 3, device=device)
for index in itertools.product((slice(None), None), repeat=5):
    if index.count(slice(None)) == 2:
        step_by_step = x
        for place, entry in enumerate(index):
            step_by_step = (
                step_by_step.unsqueeze(place) if entry is None else step_by_step
            )
        assert torch.equal(x[index], step_by_step)

with shows_error(TypeError, match="must be int, not tuple"):
    x.unsqueeze((0, 1))

# %%
# What is often said
# ------------------
#
# A widely copied example adds ``vector[None, :]``, with 3 numbers, to a matrix of shape
# (3, 4), "to add it to every row". It crashes, as ``unsqueeze(0)`` does: the new axis
# stands in front, where broadcasting would have put one anyway. (``shows_error`` prints
# an error that must come.)

matrix = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]], device=device)
with shows_error(
    RuntimeError, match=r"tensor a \(3\) must match the size of tensor b \(4\)"
):
    v[None, :] + matrix

# %%
# What works is the new axis at the end: 3 numbers, one for each row.

total = matrix + v[:, None]
assert total.tolist() == [[11, 12, 13, 14], [25, 26, 27, 28], [39, 40, 41, 42]]

# %%
# More: is it slicing?
# ~~~~~~~~~~~~~~~~~~~~
#
# It is also said that this is *slicing*, and NumPy's manual counts it under basic
# slicing. But a slice, such as ``0:2``, chooses among the elements of an axis that is
# there, and never adds one. ``None`` chooses nothing: all elements stay, and an axis is
# added. Its other name is ``newaxis``.

import numpy as np

assert np.newaxis is None
assert torch.newaxis is None
slices = [slice(start, end) for start in range(4) for end in range(4)]
assert {v[each].dim() for each in slices} == {v.dim()}
assert v[None].dim() == v[:, None].dim() == v.dim() + 1
assert v[None].flatten().tolist() == v[:, None].flatten().tolist() == v.tolist()

# %%
# Traps
# -----
#
# A batch comes in front
# ~~~~~~~~~~~~~~~~~~~~~~
#
# ``x[:, None]`` counts from the front. Code that was written for one vector puts the
# axis in another place when a batch of vectors comes, and no error says so.
# ``x[..., None]`` counts from the end: it means the same with and without a batch.

many = torch.rand(8, 3, device=device)  # 8 vectors like v
assert v[:, None].shape == v[..., None].shape == (3, 1)
print("many[:, None] has shape", tuple(many[:, None].shape))
print("many[..., None] has shape", tuple(many[..., None].shape))
assert many[:, None].shape == (8, 1, 3)
assert many[..., None].shape == (8, 3, 1)

# %%
# Too many colons
# ~~~~~~~~~~~~~~~
#
# Each colon takes an axis, and a vector has one. The message names how many axes there
# are.

with shows_error(IndexError, match="too many indices for tensor of dimension 1"):
    v[:, None, :]

# %%
# ``view`` and ``reshape`` are something else
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``v.view(-1, 1)`` looks the same for a vector. But it lists all sizes anew, so it can
# merge axes by mistake, and it refuses a tensor whose memory order does not allow it.
# Among colons, ``None`` only adds an axis, whatever the memory order.

assert torch.equal(v.view(-1, 1), v[:, None])
assert m.view(-1, 1).shape == (6, 1)
assert m[..., None].shape == (2, 3, 1)
assert m.T[None].shape == (1, 3, 2)
with shows_error(RuntimeError, match="view size is not compatible"):
    m.T.view(1, 6)
upright = torch.ones(3, device=device, requires_grad=True)
assert upright.view(-1, 1).grad_fn.name() == "ViewBackward0"

# %%
# More: a list is not a tuple
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``m[[None]]`` still means ``m[None]``, with a warning that this will change; the
# version that the warning names has passed. Write the index without the inner brackets,
# or build it as a tuple.

import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert m[[None]].shape == (1, 2, 3)
warning = caught[0]
print("UserWarning:", str(warning.message).split(";")[0])
assert warning.category is UserWarning
assert "non-tuple sequence" in str(warning.message)

# %%
# More: ``True`` adds an axis too, and copies
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A boolean in an index is a mask. Alone, ``True`` keeps everything and ``False``
# nothing, in an axis of its own, whose size is 0 for ``False``. Several booleans share
# that axis, and beside a list of indices they add none. What you read through a mask is
# a copy, so a write into that copy does not reach the tensor. On the left of ``=`` a
# mask writes into the tensor itself.

assert m[True].shape == (1, 2, 3)
assert m[False].shape == (0, 2, 3)
assert m[True, True].shape == (1, 2, 3)
assert torch.equal(m[[0, 1], True], m)
masked = m[True]
masked[0, 0, 0] = 99
assert m[0, 0] == 0
assert m[None].data_ptr() == m.data_ptr()
written = m.clone()
written[written > 3] = 0
assert written.tolist() == [[0, 1, 2], [3, 0, 0]]

# %%
# More: ``expand_dims`` is NumPy's name, and its strides differ
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# NumPy's function ``np.expand_dims`` takes several axes at once. Torch has no function
# of that name. And the stride of the new axis, which is never used to find an element,
# is 0 for an index with ``None`` in NumPy, and here neither in torch nor for
# ``np.expand_dims``.

array = np.zeros((2, 3), dtype=np.int64)
assert np.expand_dims(array, (0, 1)).shape == array[None, None].shape == (1, 1, 2, 3)
with shows_error(AttributeError, match="has no attribute 'expand_dims'"):
    torch.expand_dims(m, 0)
numpy_bytes, torch_stride = array[:, None].strides[1], m[:, None].stride(1)
expanded_bytes = np.expand_dims(array, 1).strides[1]
print("step along the new axis, in elements of 8 bytes:")
print("NumPy", numpy_bytes // 8, "or", expanded_bytes // 8, "and torch", torch_stride)
assert (numpy_bytes, expanded_bytes, torch_stride) == (0, 3 * 8, 3)

# %%
# More: ``None`` between two lists of indices
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Two lists of indices are read in pairs: here the elements (0, 0) and (1, 1). Together
# they give one axis, in the place of the lists. If a colon, a slice or a ``None``
# stands between them, that axis goes to the front. (NumPy counts a single integer as a
# list, too. Torch does not.)

cube = torch.arange(60, device=device).reshape(5, 3, 4)
together = cube[:, [0, 1], [0, 1]]
separated = cube[:, [0, 1], None, [0, 1]]
behind = cube[:, [0, 1], [0, 1], None]
print("together ", tuple(together.shape))
print("separated", tuple(separated.shape))
print("behind   ", tuple(behind.shape))
assert (together.shape, behind.shape) == ((5, 2), (5, 2, 1))
assert separated.shape == (2, 5, 1)
assert torch.equal(separated, together.T[..., None])
not_parted = cube[..., None][:, [0, 1], 0, [0]]  # by an integer
assert not_parted.shape == (5, 2)

in_torch = cube[:, 0, None, [0, 1]]
in_numpy = cube.cpu().numpy()[:, 0, None, [0, 1]]
assert in_torch.shape == (5, 1, 2)
assert in_numpy.shape == (2, 5, 1)

# %%
# More: sparse tensors
# ~~~~~~~~~~~~~~~~~~~~
#
# A sparse tensor lists where its numbers are. With a new axis among its sparse ones,
# that list has one row more, so it is written anew; the numbers themselves are not
# copied. A tensor in the layout CSR takes no ``None`` at all.

sparse = torch.eye(2, device=device).to_sparse()
stretched = sparse[:, None]
assert stretched._values().data_ptr() == sparse._values().data_ptr()
assert (sparse._indices().shape, stretched._indices().shape) == ((2, 2), (3, 2))
with warnings.catch_warnings(action="ignore"):  # this layout is in beta
    rows = torch.eye(2, device=device).to_sparse_csr()
with shows_error(RuntimeError, match="do not have strides"):
    rows[:, None]

# %%
# On a GPU
# --------
#
# By PyTorch's documentation an index is read in the same way on every device. It moves
# no data: the address on the device that this page ran on stays the same.

print("this page ran on", device.type)
assert v[:, None].device == v.device
assert v[:, None].data_ptr() == v.data_ptr()

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Build the multiplication table of the numbers from 1 to 9 in one line.
#
# Solution
# ^^^^^^^^

n = torch.arange(1, 10, device=device)
table = n[:, None] * n
print(table)
assert table.tolist() == [[i * j for j in range(1, 10)] for i in range(1, 10)]

# %%
# Exercise 2
# ~~~~~~~~~~
#
# ``scores`` has the shape (2, 5, 7). Divide it by its sums over the last axis, once
# with ``keepdim=True`` and once with ``None`` instead.
#
# Solution
# ^^^^^^^^

scores = torch.rand(2, 5, 7, device=device) + 0.1
kept = scores / scores.sum(dim=-1, keepdim=True)
indexed = scores / scores.sum(dim=-1)[..., None]
assert torch.equal(kept, indexed)
torch.testing.assert_close(indexed.sum(dim=-1), torch.ones(2, 5, device=device))

# %%
# Exercise 3
# ~~~~~~~~~~
#
# Write a function that inserts an axis at ``dim``, as ``unsqueeze`` does, also for a
# negative ``dim`` in its range, and use nothing but an index.
#
# Solution
# ^^^^^^^^


def insert_axis(tensor, dim):
    place = dim if dim >= 0 else tensor.dim() + 1 + dim
    return tensor[(slice(None),) * place + (None,)]


for dim in range(-4, 4):
    assert torch.equal(insert_axis(cube, dim), cube.unsqueeze(dim))

# %%
# References
# ----------
#
# - PyTorch: `Tensor indexing API
#   <https://docs.pytorch.org/cppdocs/notes/tensor_indexing.html>`__ lists what each
#   entry of an index means, and `torch.unsqueeze
#   <https://docs.pytorch.org/docs/stable/generated/torch.unsqueeze.html>`__.
# - NumPy: `Indexing on ndarrays
#   <https://numpy.org/doc/stable/user/basics.indexing.html>`__, with the rule for
#   several lists of indices.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
