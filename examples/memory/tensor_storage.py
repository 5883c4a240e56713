# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy>=2.4", "opt_einsum>=3.4", "matplotlib>=3.11"]
# ///
"""
How can we see the actual contents of a tensor's memory?
=========================================================

People ask this when a transposed tensor, a slice or a saved file does not behave as the
printed numbers suggest.

Short answer
------------

Not by printing ``x.numpy()``: that shows the tensor, in the order of its indices. The
memory is its *storage*, a row of bytes, which ``x.untyped_storage()`` gives. Cut into
cells as large as one number, it is ``storage_cells(x)``. Here the tensor begins with 10
and 40, and the memory with 10 and 20.
"""

import torch
from tensorglass import default_device, storage_cells

device = default_device()  # a GPU if there is one

x = torch.tensor([[10, 20, 30], [40, 50, 60]], device=device).T
print("the tensor:", x.flatten().tolist())
print("its memory:", storage_cells(x).tolist())

assert x.flatten().tolist() == [10, 40, 20, 50, 30, 60]
assert storage_cells(x).tolist() == [10, 20, 30, 40, 50, 60]

# %%
# Without the library: make an empty tensor, and let ``set_`` give it the storage of
# ``x``. It is then one flat row of all whole cells. Whoever writes into it writes into
# ``x``.

cells = torch.empty(0, dtype=x.dtype, device=device).set_(x.untyped_storage())
assert cells.tolist() == [10, 20, 30, 40, 50, 60]
cells[3] = 44
assert x.tolist() == [[10, 44], [20, 50], [30, 60]]

# %%
# What is often said
# ------------------
#
# "Convert it to a NumPy array: ``tensor.numpy()`` shows the actual values stored in the
# memory." The example that goes with it is a fresh tensor of 2 rows, and there the
# order in memory happens to be the order of the indices. A transpose, which moves
# nothing in memory, shows the difference. The array does lie on the tensor's memory:
# nothing is copied, and ``ravel("K")`` reads its elements in the order of memory, as
# long as no two of them share a cell.

fresh = torch.tensor([[1, 2, 3], [4, 5, 6]])
print(fresh.T.numpy())
assert fresh.numpy().tolist() == [[1, 2, 3], [4, 5, 6]]
assert fresh.T.numpy().tolist() == [[1, 4], [2, 5], [3, 6]]
assert storage_cells(fresh.T).tolist() == [1, 2, 3, 4, 5, 6]
assert fresh.T.numpy().ravel("K").tolist() == [1, 2, 3, 4, 5, 6]
assert fresh[0].expand(2, 3).numpy().ravel("K").tolist() == [1, 2, 3, 1, 2, 3]
assert fresh.T.numpy().ctypes.data == fresh.data_ptr()

# %%
# The printed array hides more than the order. Of a slice it does not show the memory
# around it, and of an expanded tensor it shows 9 numbers, where memory holds 3 and each
# is read several times.

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

# %%
# "For a tensor on a GPU, call ``.cpu()`` first." That makes a copy, and what you then
# look at is other memory. A tensor whose elements fill its storage, one in each cell,
# keeps its order there. A slice does not bring along what lies around it: here is such
# a copy of the last 2 rows of ``x``, 4 numbers of 8 bytes, while the storage of ``x``
# has 6.

from tensorglass import shares_memory

whole, part_of_it = x.to("cpu", copy=True), x[1:].to("cpu", copy=True)
assert not shares_memory(whole, x)
assert storage_cells(whole).tolist() == storage_cells(x).tolist()
assert storage_cells(part_of_it).tolist() == [20, 30, 50, 60]
assert part_of_it.untyped_storage().nbytes() == 4 * 8
assert x.untyped_storage().nbytes() == 6 * 8

# %%
# The rule
# --------
#
# A tensor is a storage, and a way to read it: a dtype, a shape, one *stride* for each
# axis, and an *offset*. The element at an index lies in this cell::
#
#     offset + index[0] * stride[0] + index[1] * stride[1] + ...
#
# A cell is as many bytes as one element has. A *view*, such as a slice or a transpose,
# is another way to read the same storage. Only a mark for the conjugate or for the sign
# is applied after reading, and of a quantized tensor the cells hold integers, from
# which its values are computed. All this is said of strided tensors: a sparse one has
# several storages. (PyTorch documentation, *Tensor Views* and
# ``torch.Tensor.stride``.)

import warnings


def cell_of(tensor, index):
    steps = (i * step for i, step in zip(index, tensor.stride(), strict=True))
    return tensor.storage_offset() + sum(steps)


m = torch.arange(24, device=device).reshape(4, 6)
block = m.T[2:, 1:3]
print("stride", block.stride(), "and offset", block.storage_offset())
assert block.stride() == (1, 6)
assert block.storage_offset() == 8
assert cell_of(block, (3, 1)) == 8 + 3 * 1 + 1 * 6 == 17
assert block[3, 1].item() == storage_cells(block)[17].item() == 17
with warnings.catch_warnings(action="ignore"):  # quantized tensors are deprecated
    ints = torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.5, 10, torch.quint8)
assert storage_cells(ints).tolist() == [12, 14]  # 10, and 2 or 4 times 0.5 more

# %%
# Proof
# -----
#
# One storage of 120 numbers, seen through many views. We find each element of each view
# by the rule and compare it with what the view itself gives. The same in one line:
# ``storage_index`` is the cell of each element, so the storage, indexed with it, is the
# tensor.

import numpy as np
from tensorglass import storage_index

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
# ``channels_last`` is an order of memory. ``.to`` copies the numbers into a new
# storage, in which the channels of one pixel stand side by side. The shape (1, 2, 2, 2)
# and the values stay, and the strides differ.

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
# Below the numbers are bytes. ``storage_bytes`` shows them, the lowest byte of a number
# first, and on the CPU we can check them against the address itself.

import ctypes

from tensorglass import storage_bytes

one = torch.tensor([1.0, -2.0])
print("1.0 and -2.0 are the bytes", storage_bytes(one).tolist())
assert storage_bytes(one).tolist() == [0, 0, 128, 63, 0, 0, 0, 192]
assert ctypes.string_at(one.data_ptr(), 8) == bytes(storage_bytes(one).tolist())
assert np.frombuffer(bytes(storage_bytes(one).tolist()), np.float32)[1] == -2

# %%
# Picture
# -------
#
# Each drawing shows the same storage, as a tape of 12 numbered cells. Below stand the
# elements, each with its index, under the cell where it lies; "3x" means that three
# elements lie there. The arrows are the strides: how far it is to the next element
# along an axis, counted from the last one, which is -1.

import matplotlib.pyplot as plt
from tensorglass import storage_info

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

# %%
# The same as numbers, for the columns 1 and 3. Half of the bytes are not reached, and
# yet they are there.

info = storage_info(grid[:, 1::2])
assert (info.nbytes, info.storage_nbytes, info.unreached_bytes) == (48, 96, 48)
info

# %%
# Traps
# -----
#
# A small view keeps a large storage alive
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# You keep one row and drop the matrix. The row still holds the whole storage, and
# ``torch.save`` writes all of it. A clone of the row has a storage of its own.


import io

from tensorglass import memory_of


def saved_size(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.tell()


row = torch.zeros(1000, 1000, device=device)[3]
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
# A write into the memory goes unnoticed by autograd
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Autograd counts the writes to each tensor, its *version*, and refuses a backward pass
# that would need a value that was overwritten in this way. It does not count what you
# write through ``storage_cells``, through a NumPy array that shares the memory, or
# through ``.data``, nor what an optimizer with ``fused=True`` writes. The gradient is
# then wrong without an error. Here the backward pass of ``exp`` uses
# the result again: it should be ``exp(0)``, which is 1, and we have added 1.

from tensorglass import shows_error

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
# ``.numpy()`` fails for many tensors
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# On a GPU it does, and it also fails where NumPy has no such type, or where it would
# lose a gradient or a mark. ``storage_cells`` works for the first four below; for a
# sparse tensor there is no single storage, and it says so.

with shows_error(TypeError, match="can't convert meta device type tensor to numpy"):
    torch.empty(3, device="meta").numpy()  # "meta" has shapes only; same words on a GPU
needs_gradient = torch.ones(2, requires_grad=True)
with shows_error(RuntimeError, match="requires grad"):
    needs_gradient.numpy()
half = torch.ones(2, dtype=torch.bfloat16)
with shows_error(TypeError, match="unsupported ScalarType BFloat16"):
    half.numpy()
conjugate = torch.tensor([1 + 2j]).conj()
with shows_error(RuntimeError, match="conjugate bit"):
    conjugate.numpy()
sparse = torch.eye(2).to_sparse()
with shows_error(TypeError, match="can't convert Sparse layout tensor to numpy"):
    sparse.numpy()
with shows_error(TypeError, match="without a storage of its own"):
    storage_cells(sparse)

assert storage_cells(torch.empty(3, device="meta")).shape == (3,)
assert storage_cells(needs_gradient).tolist() == [1, 1]
assert storage_cells(half).tolist() == [1, 1]
assert conjugate.tolist() == [1 - 2j]
assert storage_cells(conjugate).tolist() == [1 + 2j]

# %%
# ``nbytes`` is not memory
# ~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``x.nbytes`` is the number of elements times the size of one. The memory is what the
# storage has. An expanded tensor has less, a slice has more.

dot = torch.zeros(1, device=device).expand(1000, 1000)
assert dot.nbytes == 4_000_000
assert dot.untyped_storage().nbytes() == 4
assert row.nbytes == 4000
assert row.untyped_storage().nbytes() == 4_000_000

# %%
# One storage does not mean shared numbers
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
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
# ``view`` needs memory without breaks
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``view`` never copies. It can join two axes if a step past the end of the second one
# lands on the next index of the first: if the first stride is the second stride times
# the second size. It does not say where that fails. ``explain_view`` does, and
# ``reshape`` copies if it must.

from tensorglass import explain_view

with shows_error(RuntimeError, match="view size is not compatible"):
    grid.T.view(12)
assert explain_view(grid.T, (12,)).breaks == ((0, 1),)
assert explain_view(grid.T, (2, 2, 3)).stride == (2, 1, 4)
assert not shares_memory(grid.T.reshape(12), grid)
assert shares_memory(grid.reshape(12), grid)
explain_view(grid.T, (12,))

# %%
# ``storage()`` warns
# ~~~~~~~~~~~~~~~~~~~
#
# Older answers and books print ``x.storage()``. It is deprecated, and
# ``x.untyped_storage()`` stands in for it. That one holds bytes: 2 numbers of 4 bytes
# have 8 entries.

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
# On a GPU
# --------
#
# A tensor there is a storage and a way to read it, too; ``x.data_ptr()`` is then an
# address on the device, which the CPU must not read. ``storage_cells`` and
# ``storage_bytes`` stay on the device of ``x``, and printing copies them over.

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
# Make, from 10 numbers and without a copy, the 7 windows of 4 neighbours each. Which
# cells hold the most elements?
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
# You save a dictionary with the first 10 and the last 10 rows of a large matrix. How
# often is the matrix written? And after a ``clone`` of both?
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
# Take it home
# ------------
#
# For your own tensors: ``storage_info`` for the table, ``.plot()`` for the tape,
# ``shares_memory`` to know whether a write to one is seen in the other, and
# ``memory_of(model)`` for everything that an object holds.

a, b = grid[:2], grid[1:]
info = storage_info(a, b)
assert shares_memory(a, b)
assert info.others[0].shared_bytes == 32
ax = info.plot()
ax.set_title("two slices that share the row in the middle")
info

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
