# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
How can we see the actual contents of a tensor's memory?
=========================================================

People ask this when a transposed tensor, a slice or a saved file does not behave as the
printed numbers suggest.

:Level: intermediate

Short answer
------------

Read the tensor's *storage*: a row of bytes, which ``set_`` makes readable as numbers.
``x.numpy()`` and ``print(x)`` do not show it. They show the elements in the order of
their indices. Below, the first two elements are 10 and 40, but in memory 10 and 20
stand side by side.
"""

import torch

x = torch.tensor([[10, 20, 30], [40, 50, 60]]).T
memory = torch.empty(0, dtype=x.dtype).set_(x.untyped_storage())

print("x.numpy():", x.numpy().tolist())
print("memory:   ", memory.tolist())
shown = x.numpy().ravel().tolist(), memory.tolist()
assert shown == ([10, 40, 20, 50, 30, 60], [10, 20, 30, 40, 50, 60])

# %%
# ``x`` and its transpose lie in the same six cells. Each box carries the index of the
# element there. Only the strides differ, which the arrows show.

# More: draws the matrix and its transpose over the same memory
import matplotlib.pyplot as plt
from tensorglass import storage_index, storage_info

figure, (top, bottom) = plt.subplots(2, 1, figsize=(4.4, 4.6), layout="constrained")
storage_info(x.T).plot(top)
top.set_title(f"x.T is {x.T.tolist()}")
storage_info(x).plot(bottom)
bottom.set_title(f"x is {x.tolist()}")
assert x.data_ptr() == x.T.data_ptr() == memory.data_ptr()
assert (x.T.stride(), x.stride()) == ((3, 1), (1, 3))
assert storage_index(x.T).tolist() == [[0, 1, 2], [3, 4, 5]]
assert storage_index(x).tolist() == [[0, 3], [1, 4], [2, 5]]

# %%
# Take it home
# ------------
#
# A model gives 512 vectors for each of 8 texts, and you keep the first ones. How much
# memory do they need, how much do they hold, and what lies there?

hidden = torch.rand(8, 512, 768)
first = hidden[:, 0]  # shape (8, 768), a view
needed, held = first.nbytes, first.untyped_storage().nbytes()
memory = torch.empty(0, dtype=first.dtype).set_(first.untyped_storage())
array = first.numpy(force=True)  # also from a GPU, and with a gradient

print(f"needed: {needed:,} bytes, held: {held:,} bytes")
assert (needed, held) == (24_576, 12_582_912)
assert memory.shape == (8 * 512 * 768,)
assert array.shape == (8, 768)

# %%
# In this site's library ``storage_cells(x)`` does what the line with ``set_`` does, and
# ``storage_info`` gives a table, with ``.plot()`` for the picture. ``shares_memory``
# tells whether two tensors have bytes in common.

from tensorglass import shares_memory, storage_cells, storage_info

info = storage_info(first, hidden)
assert torch.equal(storage_cells(first), memory)
assert shares_memory(first, hidden)
assert info.unreached_bytes == held - needed
info

# %%
# Why
# ---
#
# A tensor is a storage, and a way to read it: a dtype, a shape, one *stride* for each
# axis, and an *offset*. The element at an index lies in this cell::
#
#     offset + index[0] * stride[0] + index[1] * stride[1] + ...
#
# A cell is as many bytes as one element has. A *view*, such as a slice or a transpose,
# is another way to read the same storage. This is said of strided tensors, not of
# sparse ones. (PyTorch documentation, *Tensor Views* and ``torch.Tensor.stride``.)

from tensorglass import default_device

device = default_device()  # from here on a GPU, if there is one


def cell_of(tensor, index):
    steps = (i * step for i, step in zip(index, tensor.stride(), strict=True))
    return tensor.storage_offset() + sum(steps)


m = torch.arange(24, device=device).reshape(4, 6)
block = m.T[2:, 1:3]
print("stride", block.stride(), "and offset", block.storage_offset())
assert (block.stride(), block.storage_offset()) == ((1, 6), 8)
assert cell_of(block, (3, 1)) == 8 + 3 * 1 + 1 * 6 == 17
assert block[3, 1].item() == storage_cells(block)[17].item() == 17
assert shares_memory(block, m)

# %%
# One tape of 12 cells, read in four ways. "3x" marks a cell with three elements. The
# arrows are the strides; axis -1 is the last one.

# More: draws four views of one storage
tape = torch.arange(12, device=device)
grid = tape.reshape(3, 4)
pictures = {
    "reshape(3, 4)": grid,
    "its transpose": grid.T,
    "its columns 1 and 3": grid[:, 1::2],
    "its first row, expanded to 3 rows": grid[0].expand(3, 4),
}
figure, axes = plt.subplots(4, 1, figsize=(7.6, 8.4), layout="constrained")
for (title, view), ax in zip(pictures.items(), axes, strict=True):
    storage_info(view).plot(ax)
    ax.set_title(title)
    assert torch.equal(tape[storage_index(view)], view)
copies, cells = storage_index(grid[0].expand(3, 4)).unique(return_counts=True)[::-1]
assert (cells.tolist(), copies.tolist()) == ([0, 1, 2, 3], [3, 3, 3, 3])

# %%
# More: each element of ten views, found by the rule
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# One storage of 120 numbers, seen through many views. We find each element of each view
# by the rule and compare it with what the view itself gives. The same in one line:
# ``storage_index`` is the cell of each element, so the storage, indexed with it, is the
# tensor.

import numpy as np

data = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0)).to(device)
views = {
    "the tensor itself": data,
    "slice": data[1:, :, ::2, 1:4],
    "transpose": data.transpose(1, 3),
    "permute": data.permute(3, 1, 0, 2),
    "select": data[1, 2],
    "diagonal": data[0, 0].diagonal(),
    "expand": data[:, :1].expand(2, 7, 4, 5),
    "unfold": data.unfold(3, 3, 1),
    "a scalar": data[1, 2, 3, 4],
    "nothing": data[2:],
}
located = 0
for name, view in views.items():
    memory = storage_cells(view)
    assert memory.numel() == 120
    for index in np.ndindex(*view.shape):
        assert memory[cell_of(view, index)] == view[index], name
        located += 1
    assert torch.equal(memory[storage_index(view)], view), name

print(located, "elements found in", len(views), "views of one storage")
assert located == sum(view.numel() for view in views.values())

# %%
# More: the columns 1 and 3 in numbers
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Half of the bytes are not reached, and yet they are there.

info = storage_info(grid[:, 1::2])
assert (info.nbytes, info.storage_nbytes, info.unreached_bytes) == (48, 96, 48)
info

# %%
# More: ``channels_last`` is an order of memory
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Here ``.to`` copies the numbers into a new storage, in which the channels of one pixel
# stand side by side. The shape (1, 2, 2, 2) and the values stay, and the strides
# differ.

pixels = torch.arange(8, device=device).reshape(1, 2, 2, 2)
last = pixels.to(memory_format=torch.channels_last)
print("channels_last has the stride", last.stride())
print("and the memory", storage_cells(last).tolist())
assert last.shape == pixels.shape == (1, 2, 2, 2)
assert torch.equal(last, pixels)
assert not shares_memory(last, pixels)
assert last.stride() == (8, 1, 4, 2)
assert storage_cells(last).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]

# %%
# More: below the numbers are bytes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``storage_bytes`` shows them, the lowest byte of a number first. So does Python's
# ``bytes`` of the storage. On the CPU we can check them against the address itself.

import ctypes

from tensorglass import storage_bytes

one = torch.tensor([1.0, -2.0])
print("1.0 and -2.0 are the bytes", storage_bytes(one).tolist())
assert storage_bytes(one).tolist() == [0, 0, 128, 63, 0, 0, 0, 192]
assert bytes(one.untyped_storage()) == bytes(storage_bytes(one).tolist())
assert ctypes.string_at(one.data_ptr(), 8) == bytes(storage_bytes(one).tolist())
assert np.frombuffer(bytes(one.untyped_storage()), np.float32)[1] == -2

# %%
# More: where the cells are not yet the values
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Two marks, for the conjugate and for the sign, are applied after reading. Of a
# quantized tensor the cells hold integers, from which its values are computed. A sparse
# tensor has several storages, and none of its own.

import warnings

from tensorglass import shows_error

conjugate = torch.tensor([1 + 2j]).conj()
assert conjugate.tolist() == [1 - 2j]
assert storage_cells(conjugate).tolist() == [1 + 2j]
assert (conjugate.imag.tolist(), storage_cells(conjugate.imag).tolist()) == (
    [-2],
    [1, 2],
)

with warnings.catch_warnings(action="ignore"):  # quantized tensors are deprecated
    ints = torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.5, 10, torch.quint8)
assert storage_cells(ints).tolist() == [12, 14]  # 10, and 2 or 4 times 0.5 more

sparse = torch.eye(2).to_sparse()
with shows_error(NotImplementedError, match="Cannot access storage of Sparse"):
    sparse.untyped_storage()
with shows_error(TypeError, match="without a storage of its own"):
    storage_cells(sparse)

# %%
# What is often said
# ------------------
#
# "``tensor.numpy()`` shows the actual values stored in the memory." In a tensor made
# from a list both orders are the same. A transpose moves nothing in memory, and is
# printed in another order. But the array does lie on the tensor's memory: nothing is
# copied.

fresh = torch.tensor([[1, 2, 3], [4, 5, 6]])
print(fresh.T.numpy())
assert fresh.numpy().tolist() == [[1, 2, 3], [4, 5, 6]]
assert fresh.T.numpy().tolist() == [[1, 4], [2, 5], [3, 6]]
assert storage_cells(fresh.T).tolist() == [1, 2, 3, 4, 5, 6]
assert fresh.T.numpy().ctypes.data == fresh.data_ptr()

# %%
# More: what else the array hides
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Of a slice it does not show the memory around it. Of an expanded tensor it shows 9
# numbers, where memory holds 3 and each is read several times. ``ravel("K")`` reads an
# array in the order of memory, unless elements share a cell or axes interleave.

part = torch.arange(10)[4:6]
wide = torch.tensor([1, 2, 3]).expand(3, 3)
print("slice:   ", part.numpy(), "in", storage_cells(part).tolist())
print("expanded:", wide.numpy().size, "numbers from", storage_cells(wide).tolist())
assert part.numpy().tolist() == [4, 5]
assert storage_cells(part).tolist() == list(range(10))
assert wide.numpy().size == 9
assert wide.numpy().nbytes == wide.nbytes == 72
assert storage_cells(wide).tolist() == [1, 2, 3]
assert wide.untyped_storage().nbytes() == 24
assert fresh.T.numpy().ravel("K").tolist() == [1, 2, 3, 4, 5, 6]
assert fresh[0].expand(2, 3).numpy().ravel("K").tolist() == [1, 2, 3, 1, 2, 3]

# %%
# "For a tensor on a GPU, call ``.cpu()`` first." That makes a copy: you then look at
# other memory. If the elements fill the storage, one in each cell, the copy keeps their
# order. The copy of a slice leaves behind what lies around it: here it has 4 numbers of
# 8 bytes, where the storage of ``x`` has 6.

x = x.to(device)
whole, part_of_it = x.to("cpu", copy=True), x[1:].to("cpu", copy=True)
assert not shares_memory(whole, x)
assert storage_cells(whole).tolist() == storage_cells(x).tolist()
assert storage_cells(part_of_it).tolist() == [20, 30, 50, 60]
assert part_of_it.untyped_storage().nbytes() == 4 * 8
assert x.untyped_storage().nbytes() == 6 * 8

# %%
# More: ``x.storage()`` warns
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Older answers and books print it. It is deprecated, and ``x.untyped_storage()`` stands
# in for it. That one holds bytes: 2 numbers of 4 bytes have 8 entries.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    one.storage().size()
(message,) = {str(warning.message) for warning in caught}
print("UserWarning:", message.split(". ")[0])
assert message.startswith("TypedStorage is deprecated")
assert len(one.untyped_storage()) == one.numel() * one.itemsize == 8
assert one.untyped_storage()[3] == 63
assert storage_cells(one).numel() == 2

# %%
# Traps
# -----
#
# How much memory does this tensor take?
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Not ``x.nbytes``, which is the number of elements times the size of one, but
# ``x.untyped_storage().nbytes()``. For a vector expanded to a matrix that is less. For
# a slice it is more: one row keeps its whole matrix in memory, and a ``clone`` of it
# does not. (``sys.getsizeof(x)`` sees the Python object alone.)

row = torch.zeros(1000, 1000, device=device)[3]
dot = torch.zeros(1, device=device).expand(1000, 1000)
for name, tensor in {"row": row, "clone": row.clone(), "expanded": dot}.items():
    held = tensor.untyped_storage().nbytes()
    print(f"{name:8} nbytes {tensor.nbytes:9,}, storage {held:9,} bytes")

assert (row.nbytes, row.untyped_storage().nbytes()) == (4000, 4_000_000)
assert row.clone().untyped_storage().nbytes() == 4000
assert (dot.nbytes, dot.untyped_storage().nbytes()) == (4_000_000, 4)

import sys

assert sys.getsizeof(row) == sys.getsizeof(dot)

# %%
# More: a saved row is as large as its matrix
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.save`` writes the whole storage of a view. A clone has a storage of its own.
# ``memory_of`` of a tensor, a model or an optimizer says before you save how many bytes
# cannot be reached.

import io

from tensorglass import memory_of


def saved_size(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.tell()


kept, cloned = memory_of(row), memory_of(row.clone())
print("saved row:  ", saved_size(row), "bytes")
print("saved clone:", saved_size(row.clone()), "bytes")
assert kept.nbytes == 4_000_000
assert kept.unreachable_bytes == 3_996_000
assert cloned.nbytes == 4000

megabytes = [round(saved_size(tensor) / 1e6, 1) for tensor in (row, row.clone())]
assert megabytes == [4.0, 0.0]
kilobytes_off = abs(kept.saved_bytes - saved_size(row)) // 1000
assert kilobytes_off == 0
kept

# %%
# ``.numpy()`` fails for many tensors
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It refuses a tensor that is on a GPU or, outside ``no_grad``, requires a gradient.
# ``x.numpy(force=True)`` does what the messages ask for: it detaches, and copies to the
# CPU if it must. For a type that NumPy lacks, such as bfloat16, convert first:
# ``x.float().numpy()``.

needs_gradient = torch.ones(2, requires_grad=True)
with shows_error(RuntimeError, match="requires grad"):
    needs_gradient.numpy()
forced = needs_gradient.numpy(force=True)
assert forced.tolist() == [1, 1]
assert forced.ctypes.data == needs_gradient.data_ptr()
assert x.float().requires_grad_().numpy(force=True).tolist() == x.tolist()

half = torch.ones(2, dtype=torch.bfloat16)
with shows_error(TypeError, match="unsupported ScalarType BFloat16"):
    half.numpy(force=True)
assert half.float().numpy().tolist() == [1, 1]

# %%
# More: the other refusals
# ~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``force=True`` also applies the marks for the conjugate and for the sign, to a copy. A
# tensor on the meta device has a shape and no data, and a sparse one must be made dense
# first: ``force`` does not help there. ``storage_cells`` works for all of these but the
# sparse one.

with shows_error(RuntimeError, match="conjugate bit"):
    conjugate.numpy()
forced = conjugate.numpy(force=True)
assert forced.tolist() == [1 - 2j]
assert forced.ctypes.data != conjugate.data_ptr()
with shows_error(RuntimeError, match="negative bit"):
    conjugate.imag.numpy()
assert conjugate.imag.numpy(force=True).tolist() == [-2]
with shows_error(TypeError, match="can't convert meta device type tensor to numpy"):
    torch.empty(3, device="meta").numpy()  # the same words as on a GPU
with shows_error(NotImplementedError, match="Cannot copy out of meta tensor"):
    torch.empty(3, device="meta").numpy(force=True)
with shows_error(TypeError, match="can't convert Sparse layout tensor to numpy"):
    sparse.numpy(force=True)
assert sparse.to_dense().numpy().tolist() == [[1, 0], [0, 1]]

assert storage_cells(torch.empty(3, device="meta")).shape == (3,)
assert storage_cells(needs_gradient).tolist() == [1, 1]
assert storage_cells(half).tolist() == [1, 1]

# %%
# ``view`` stops at breaks in memory
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``view`` never copies, so it refuses a shape that no strides can give.
# ``explain_view`` says where that fails. ``reshape`` copies if it must.

from tensorglass import explain_view

with shows_error(RuntimeError, match="view size is not compatible"):
    grid.T.view(12)
assert shares_memory(grid.reshape(12), grid)
assert not shares_memory(grid.T.reshape(12), grid)
assert explain_view(grid.T, (12,)).breaks == ((0, 1),)
explain_view(grid.T, (12,))

# %%
# More: which axes ``view`` can join
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Two axes of more than one index each, if a step past the end of the second one lands
# on the next index of the first: if the first stride is the second stride times the
# second size. An axis of size 1 can always be joined. To split an axis is always
# possible.

joins = {
    name: view.stride(0) == view.stride(1) * view.size(1)
    for name, view in {"grid": grid, "grid.T": grid.T, "columns": grid[:, :3]}.items()
}
assert joins == {"grid": True, "grid.T": False, "columns": False}
assert grid.view(12).tolist() == tape.tolist()
with shows_error(RuntimeError, match="view size is not compatible"):
    grid[:, :3].view(9)
assert explain_view(grid.T, (2, 2, 3)).stride == (2, 1, 4)
assert grid.T.view(2, 2, 3).stride() == (2, 1, 4)

# %%
# More: autograd misses writes into the memory
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Who writes into the storage writes into the tensor. Autograd counts the writes to each
# tensor, its *version*, and refuses a backward pass that would need a value that was
# overwritten in this way. It does not count what you write through ``storage_cells``,
# through a NumPy array that shares the memory, or through ``.data``, nor what an
# optimizer with ``fused=True`` writes. The gradient is then wrong without an error.
# Here the backward pass of ``exp`` uses the result again: it should be ``exp(0)``,
# which is 1, and we have added 1.

start = torch.zeros(3, requires_grad=True)
honest = start.exp()
honest.add_(1)
with shows_error(RuntimeError, match="modified by an inplace operation"):
    honest.sum().backward()

same_memory = (
    storage_cells,
    lambda result: torch.from_numpy(result.detach().numpy()),
    lambda result: result.data,
)
for other_way in same_memory:
    silent = start.exp()
    other_way(silent).add_(1)
    assert silent.tolist() == [2, 2, 2]
    start.grad = None
    silent.sum().backward()
    print("wrong gradient:", start.grad.tolist())
    assert start.grad.tolist() == [2, 2, 2]
assert start.detach().exp().tolist() == [1, 1, 1]

weight = torch.ones(3, device=device, requires_grad=True)
loss, weight.grad = (weight**2).sum(), torch.ones_like(weight)
torch.optim.SGD([weight], lr=0.5, fused=True).step()
weight.grad = None
loss.backward()
assert weight.grad.tolist() == [1, 1, 1]  # twice the new weight, not twice the old one

# %%
# More: one storage, and nothing shared
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The even and the odd columns lie in one storage, between one another, and share
# nothing: a write to one is never seen in the other. And two storages can lie over the
# same memory, for instance over one NumPy array.

even, odd = grid[:, ::2], grid[:, 1::2]
assert even.untyped_storage().data_ptr() == odd.untyped_storage().data_ptr()
assert not shares_memory(even, odd)
second_row = grid[1]
assert shares_memory(even, second_row)

array = np.zeros(3)
first, second = torch.from_numpy(array), torch.from_numpy(array)
first[0] = 7
assert first.untyped_storage() is not second.untyped_storage()
assert second[0] == 7
assert shares_memory(first, second)

# %%
# More: slices that share a row
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A row of 4 numbers of 8 bytes belongs to both.

a, b = grid[:2], grid[1:]
info = storage_info(a, b)
assert shares_memory(a, b)
assert info.others[0].shared_bytes == 32 == 4 * 8
ax = info.plot()
ax.set_title("two slices that share the row in the middle")
info

# %%
# On a GPU
# --------
#
# The same holds there. ``x.data_ptr()`` is then an address on the device, which the CPU
# must not read. ``storage_cells`` and ``storage_bytes`` stay on that device.

print("this page ran on", device.type)
assert storage_cells(x).device == x.device
assert storage_bytes(x).numel() == 48
assert storage_cells(x).data_ptr() == x.data_ptr()

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# ``y = torch.arange(20).reshape(4, 5)[1:, ::2]``. Which cell holds ``y[2, 1]``?
#
# Solution
# ^^^^^^^^
#
# The offset is 5, one row. A step down is 5 cells, a step to the right is 2.

y = torch.arange(20, device=device).reshape(4, 5)[1:, ::2]
assert (y.storage_offset(), y.stride()) == (5, (5, 2))
assert cell_of(y, (2, 1)) == 5 + 2 * 5 + 1 * 2 == 17
assert y[2, 1] == 17

# %%
# Exercise 2
# ~~~~~~~~~~
#
# From 10 numbers, without a copy, make the 7 windows of 4 neighbors. Which cells hold
# the most elements?
#
# Solution
# ^^^^^^^^

numbers = torch.arange(10, device=device)
windows = numbers.as_strided((7, 4), (1, 1))
assert torch.equal(windows, numbers.unfold(0, 4, 1))
assert shares_memory(windows, numbers)
held = storage_index(windows).flatten().bincount().tolist()
print("elements in each cell:", held)
assert held == [1, 2, 3, 4, 4, 4, 4, 3, 2, 1]
assert storage_info(windows).elements_share_cells

# %%
# Exercise 3
# ~~~~~~~~~~
#
# You save the first 10 and the last 10 rows of a large matrix in one file. How often is
# the matrix written? And after a ``clone`` of both?
#
# Solution
# ^^^^^^^^
#
# Once: both views have the same storage, and a storage is written once. (All its views
# have one dtype; ``torch.save`` refuses others.) After cloning, only the rows are
# written.

large = torch.zeros(1000, 100, device=device)
ends = {"first": large[:10], "last": large[-10:]}
clones = {name: rows.clone() for name, rows in ends.items()}
shares = [round(saved_size(value) / large.nbytes, 1) for value in (ends, clones)]
print("views write", shares[0], "matrices, clones", shares[1])
assert shares == [1.0, 0.0]
with shows_error(RuntimeError, match="as different types"):
    saved_size({**ends, "bits": large.view(torch.int32)})
assert len(memory_of(ends).storages) == 1
assert len(memory_of(clones).storages) == 2

# %%
# References
# ----------
#
# - PyTorch: `Tensor Views <https://docs.pytorch.org/docs/stable/tensor_view.html>`__,
#   `torch.Tensor.untyped_storage
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.untyped_storage.html>`__
#   and `torch.Tensor.view
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html>`__.
# - PyTorch: `Saving and loading tensors preserves views
#   <https://docs.pytorch.org/docs/stable/notes/serialization.html>`__.
# - E. Z. Yang: `PyTorch internals
#   <https://blog.ezyang.com/2019/05/pytorch-internals/>`__ (2019), on strides.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
