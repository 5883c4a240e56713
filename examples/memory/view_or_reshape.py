# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
view, reshape, contiguous, transpose, permute: which copies, refuses, reorders?
===============================================================================

People ask this when "view size is not compatible" stops a model, or when an image comes
out scrambled and nothing complained.

:Level: beginner

Short answer
------------

To move axes, use ``permute`` or ``transpose``: another order of the numbers, the same
memory. To cut the same order into another shape, use ``reshape``, which copies only
where it must, or ``view``, which never copies, and refuses there. ``contiguous`` keeps
shape and order, and copies unless memory holds that order without gaps. (Dense tensors,
eager mode.)
"""

import torch

x = torch.tensor([[1, 2, 3], [4, 5, 6]])
turned, cut = x.permute(1, 0), x.reshape(3, 2)
made = turned, cut, turned.contiguous(), turned.reshape(6)
names = "turned", "cut", "contiguous", "reshape"
copied = [n for n, y in zip(names, made, strict=True) if y.data_ptr() != x.data_ptr()]
print(f"turned: {turned.tolist()}\ncut: {cut.tolist()}\ncopied: {copied}")
assert copied == ["contiguous", "reshape"]

# %%
# Both ``turned`` and ``cut`` have the shape (3, 2). The color tells from which row of
# ``x`` a number is.

# More: draws the three matrices
import matplotlib.pyplot as plt
from tensorglass import storage_cells

drawn = {"x": x, "x.permute(1, 0)": turned, "x.reshape(3, 2)": cut}
figure, axes = plt.subplots(1, 3, figsize=(4.6, 2.2), layout="constrained")
for ax, (name, y) in zip(axes, drawn.items(), strict=True):
    for row, numbers in enumerate(y.tolist()):
        for column, number in enumerate(numbers):
            color = "#0072b2" if number in x[0] else "#d55e00"
            place = (column, -row)
            ax.add_patch(plt.Rectangle(place, 1, 1, color=color, alpha=0.35))
            ax.add_patch(plt.Rectangle(place, 1, 1, fill=False, linewidth=0.8))
            ax.text(column + 0.5, 0.5 - row, str(number), ha="center", va="center")
    middle = y.size(1) / 2
    ax.set(xlim=(middle - 1.6, middle + 1.6), ylim=(-2.1, 1.1), aspect="equal")
    ax.set_title(name, fontsize=9.5)
    ax.set_axis_off()
    ax.set_label(f"{name} is {y.tolist()}; the rows of x have one color each.")
assert turned.tolist() == [[1, 4], [2, 5], [3, 6]]
assert cut.tolist() == [[1, 2], [3, 4], [5, 6]]
assert storage_cells(turned.contiguous()).tolist() == [1, 4, 2, 5, 3, 6]

# %%
# Take it home
# ------------
#
# Use ``reshape`` or ``flatten`` if a copy does no harm. Use ``view`` if you will write
# into the result, or a copy would be too large: it refuses instead. Four small images,
# with the axes batch, height, width, channels:

from tensorglass import explain_view, shares_memory

images = torch.rand(4, 6, 8, 3, generator=torch.Generator().manual_seed(0))
first = images.permute(0, 3, 1, 2)  # channels first: moves axes
flat = images.flatten(1)  # joins axes
parts = flat.unflatten(1, (6, 24))  # splits an axis
own = images[0].clone(memory_format=torch.contiguous_format)  # always a copy, in order

assert torch.equal(first[3, 2], images[3, :, :, 2])
assert torch.equal(parts[3, 5], images[3, 5].flatten())
shared = [shares_memory(y, images) for y in (first, flat, parts, own)]
assert shared == [True, True, True, False]

# %%
# Will ``view`` work on your tensor, and what would ``reshape`` copy? Ask the library of
# this site; ``shares_memory`` tells it afterwards.

explanation = explain_view(first, (4, 3 * 6 * 8))
assert not explanation
assert explanation.copied_bytes == images.nbytes
explanation

# %%
# Why
# ---
#
# The **order** of a tensor is that of ``flatten()``: the last index runs fastest. A
# shape cuts this sequence into rows. ``view``, ``reshape``, ``flatten`` and
# ``contiguous`` never change it. ``permute`` changes it if axes longer than 1 come in
# another sequence.
#
# A **stride** tells how many cells of memory one step along an axis is. Two axes can
# become one without a copy if their strides fit: the outer stride is the inner stride
# times the inner size. Else ``view`` raises, and ``reshape`` copies.
# ``contiguous`` returns the tensor itself where memory holds the order already, without
# gaps. (PyTorch documentation, ``Tensor.view``, ``torch.reshape``,
# ``Tensor.contiguous``.)
#
# Here five calls are tried on seven tensors, made from a matrix ``m`` of 3 rows and 4
# columns, and from an image.

# More: tries five calls on seven tensors, and draws the table
from tensorglass import default_device, shows_error

device = default_device()
m = torch.arange(12, device=device).reshape(3, 4)
pixels = torch.arange(24, device=device).reshape(1, 2, 3, 4)
tensors = {
    "m": m,
    "m[1:]": m[1:],
    "m[:, ::2]": m[:, ::2],
    "m[:, :2]": m[:, :2],
    "m.T": m.T,
    "m[0].expand(3, 4)": m[0].expand(3, 4),
    "channels_last": pixels.to(memory_format=torch.channels_last),
}
calls = {
    "permute": lambda y: y.permute(*reversed(range(y.dim()))),
    "view(-1)": lambda y: y.view(-1),
    "reshape(-1)": lambda y: y.reshape(-1),
    "flatten()": lambda y: y.flatten(),
    "contiguous()": lambda y: y.contiguous(),
}


def outcome(call, y, *arguments):
    """Return what a call does with a tensor, in one word."""
    try:
        result = call(y, *arguments)
    except RuntimeError:
        return "refuses"
    if result is y:
        return "itself"
    return "shares" if shares_memory(result, y) else "copies"


table = {
    name: [outcome(call, y) for call in calls.values()] for name, y in tensors.items()
}
looks = {"itself": "#0072b2", "shares": "#009e73", "copies": "#d55e00"}
figure, ax = plt.subplots(figsize=(4.6, 3.1), layout="constrained")
for row, (name, words) in enumerate(table.items()):
    ax.text(-0.08, -row - 0.5, name, ha="right", va="center", fontsize=9)
    for column, word in enumerate(words):
        color = looks.get(word, "#999999")
        place = (column + 0.03, -row - 0.94)
        ax.add_patch(plt.Rectangle(place, 0.94, 0.88, color=color, alpha=0.3))
        ax.text(column + 0.5, -row - 0.5, word, ha="center", va="center", fontsize=9)
for column, name in enumerate(calls):
    ax.text(column + 0.5, 0.1, name.replace("(", "\n("), ha="center", fontsize=9)
ax.set(xlim=(-2.1, 5), ylim=(-7, 0.9), title="What each call returns")
ax.set_axis_off()
rows = (f"{name}: {', '.join(words)}" for name, words in table.items())
ax.set_label(f"A table of {', '.join(calls)}, in this order. {'; '.join(rows)}.")
never, always = ["refuses", "copies", "copies", "copies"], ["shares"] * 3
assert list(table.values()) == [
    ["shares", *always, "itself"],
    ["shares", *always, "itself"],
    ["shares", *always, "copies"],
    ["shares", *never],
    ["shares", *never],
    ["shares", *never],
    ["shares", *never],
]

# %%
# More: every small tensor, in every order, asked for every shape
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Eight memories of up to 24 numbers, whole, sliced and expanded, in each order of their
# axes. Each is asked for every shape of up to 3 axes. We write the sequence of numbers
# down by hand, index after index, and compare. ``reshape`` shares memory exactly where
# ``view`` works. A copy takes the bytes that ``explain_view`` foretells, and all other
# results take none. (When ``view`` works is tried on :ref:`the page of its messages
# <sphx_glr_auto_examples_errors_view_cat_index.py>`.)

import itertools
import math

from tensorglass import track_memory


def written_down(y):
    """Return the numbers in the order of the indices, the last one fastest."""
    every_index = itertools.product(*map(range, y.shape))
    return [y[index].item() for index in every_index]


def shapes_of(count):
    sizes = [size for size in range(1, count + 1) if count % size == 0]
    every = (s for rank in (1, 2, 3) for s in itertools.product(sizes, repeat=rank))
    return [shape for shape in every if math.prod(shape) == count]


def bytes_taken(call, *arguments):
    with track_memory() as memory:
        result = call(*arguments)
    return result, memory.live_bytes


base = torch.arange(24, device=device).reshape(2, 3, 4)
memories = [base, base[:, 1:], base[:, :, ::2], base[:, :1], base[:, :, :3], base[:1]]
memories += [base[:, :1].expand(2, 3, 4), base[:1, :1, :1].expand(2, 2, 2)]
tried = shared = 0
for memory, order in itertools.product(memories, itertools.permutations(range(3))):
    y, taken = bytes_taken(memory.permute, order)
    assert taken == 0
    for index in itertools.product(*map(range, memory.shape)):
        assert y[tuple(index[axis] for axis in order)] == memory[index]
    sequence = written_down(y)
    in_order, _ = bytes_taken(y.contiguous)
    assert (in_order is y) == y.is_contiguous()
    assert storage_cells(y.clone().contiguous()).tolist() == sequence
    for shape in shapes_of(y.numel()):
        cut, taken = bytes_taken(y.reshape, shape)
        foretold = explain_view(y, shape)
        view_works = outcome(torch.Tensor.view, y, shape) != "refuses"
        assert written_down(cut) == sequence
        assert view_works == shares_memory(cut, y) == foretold.ok
        block = 512 if device.type == "cuda" else foretold.copied_bytes
        assert taken == (0 if view_works else block)  # a GPU hands out 512 bytes
        tried, shared = tried + 1, shared + view_works
print(tried, "reshapes, of which", tried - shared, "copy, and", shared, "share memory")
assert (tried, shared) == (1224, 345)

# %%
# What is often said
# ------------------
#
# "``view`` needs a contiguous tensor." It needs strides that fit the new shape. Every
# second column is not contiguous, and ``view`` works. After a contiguous matrix is
# transposed, ``view`` can split its axes, but not join them (unless a size is 1 or 0).

m = torch.arange(12, device=device).reshape(3, 4)
columns = m[:, ::2]
assert not columns.is_contiguous()
assert columns.view(6).tolist() == [0, 2, 4, 6, 8, 10]
assert m.T.view(2, 2, 3).tolist() == m.T.reshape(2, 2, 3).tolist()
with shows_error(RuntimeError, match="view size is not compatible"):
    m.T.view(12)
assert m[:1].T.view(4).tolist() == [0, 1, 2, 3]

# %%
# More: "``reshape`` is ``contiguous().view``"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The numbers are the same. But ``contiguous`` copies every tensor that is not
# contiguous, and ``reshape`` only where it must.

by_copy = columns.contiguous().view(6)
assert columns.reshape(6).equal(by_copy)
assert shares_memory(columns.reshape(6), m)
assert not shares_memory(by_copy, m)

# %%
# More: "``contiguous`` makes ``view`` and ``transpose`` the same"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It writes memory anew, in the order that the tensor has. Shape and numbers stay: what
# was transposed stays transposed.

assert m.T.contiguous().equal(m.T)
assert not m.T.contiguous().equal(m.view(4, 3))

# %%
# Traps
# -----
#
# ``reshape`` scrambles images
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A model wants the channels first, and ``reshape(3, 48, 48)`` gives the shape. The
# first channel then holds all three colors of the upper third: the right picture.
# ``permute(2, 0, 1)`` moves the axis.

# More: makes a picture, and draws its first channel
down, right = torch.meshgrid(*[torch.linspace(-1, 1, 48)] * 2, indexing="ij")
disc = ((down**2 + right**2) < 0.6).float()
picture = torch.stack([disc, (right + 1) / 2, (down + 1) / 2], dim=2).to(device)
wrong, good = picture.reshape(3, 48, 48), picture.permute(2, 0, 1)
shown = {"its red": picture[:, :, 0], "permute": good[0], "reshape": wrong[0]}
figure, axes = plt.subplots(1, 3, figsize=(4.6, 1.9), layout="constrained")
for ax, (name, channel) in zip(axes, shown.items(), strict=True):
    ax.imshow(channel.cpu().numpy(), cmap="gray", interpolation="nearest")
    ax.set_title(name, fontsize=9.5)
    ax.set_axis_off()
    what = "stripes" if name == "reshape" else "a disc"
    ax.set_label(f"{name}: the first channel as a gray image, {what}.")
assert wrong.shape == good.shape == (3, 48, 48)
assert torch.equal(good[0], disc.to(device))
assert torch.equal(wrong[0].flatten(), picture[:16].flatten())

# %%
# A write through ``reshape`` arrives, or does not
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It depends on the strides of what came in, for ``flatten`` and ``contiguous`` too. To
# write into the tensor, use ``view``, which refuses rather than copies. For memory of
# its own, ``clone``.

for name, y in {"x": x.clone(), "x.T": x.clone().T}.items():
    y.reshape(6)[0] = 99
    print(f"{name}.reshape(6)[0] = 99 leaves", y.tolist())
    assert (y[0, 0] == 99) == (name == "x")
rows = m.clone()[1:]
assert rows.contiguous() is rows  # no copy: the storage is that of 3 rows
assert rows.contiguous().untyped_storage().nbytes() == m.nbytes
assert rows.clone().untyped_storage().nbytes() == rows.nbytes

# %%
# More: the heads of attention
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Tokens of 6 numbers are split into 2 heads. ``view(batch, heads, tokens, size)`` has
# the right shape, and gives the first head all numbers of the first tokens. Split the
# last axis, then move it. Back, move first, then join: there ``view`` refuses and
# ``reshape`` copies, if each head's numbers lie together and no size is 1. PyTorch's
# fused attention may return them token by token. Then ``view`` works, and ``reshape``
# shares memory.

batch, count, heads, size = 2, 4, 2, 3
tokens = torch.arange(16, device=device)  # of token 0 the first head has the number
tokens = tokens.repeat_interleave(3).view(batch, count, 6)  # 0, and the second head 1
mixed = tokens.view(batch, heads, count, size)
apart = tokens.view(batch, count, heads, size).transpose(1, 2)
assert mixed.shape == apart.shape == (2, 2, 4, 3)
print("the first head of the first text:", mixed[0, 0].tolist())
assert mixed[0, 0].tolist() == [[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3]]
assert apart[0, 0].tolist() == [[0, 0, 0], [2, 2, 2], [4, 4, 4], [6, 6, 6]]
attended = apart.contiguous()  # each head's numbers lie together
with shows_error(RuntimeError, match="view size is not compatible"):
    attended.transpose(1, 2).view(batch, count, 6)
assert attended.transpose(1, 2).reshape(batch, count, 6).equal(tokens)
assert not attended.reshape(batch, count, 6).equal(tokens)  # not moved back
if device.type == "cpu":  # on a GPU it depends on the kernel
    fused = torch.nn.functional.scaled_dot_product_attention(*[apart.float()] * 3)
    assert fused.shape == (2, 2, 4, 3)
    assert shares_memory(fused.transpose(1, 2).view(batch, count, 6), fused)

# %%
# More: a ``clone`` keeps the strides
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# By default ``clone`` copies the numbers and, of a tensor without gaps and overlaps,
# the strides. So ``view`` refuses as before. ``contiguous_format`` asks for the order.

assert m.T.clone().stride() == m.T.stride() == (1, 4)
with shows_error(RuntimeError, match="view size is not compatible"):
    m.T.clone().view(12)
in_order = m.T.clone(memory_format=torch.contiguous_format)
assert in_order.stride() == (3, 1)
assert m[:, :2].clone().stride() == (2, 1)  # with gaps, they are closed

# %%
# More: ``flatten`` may return the tensor itself
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With one axis there is nothing to join. A number becomes a vector of one. ``ravel`` is
# ``flatten`` of all axes, and makes a contiguous vector.

line = torch.arange(4, device=device)
assert line.flatten() is line
assert line.reshape(4) is not line
assert shares_memory(line.reshape(4), line)
assert m.sum().shape == ()
assert m.sum().flatten().shape == (1,)
second = line[::2]
assert second.flatten().stride() == (2,)
assert second.ravel().stride() == (1,)

# %%
# More: ``channels_last``
# ~~~~~~~~~~~~~~~~~~~~~~~
#
# Images with the channels last in memory have the same shape, order and numbers. With
# several channels and several pixels they are not contiguous: to join height and width
# needs no copy, to join channels with them does, and ``contiguous()`` undoes the
# format; with a ``memory_format`` it returns the tensor itself. Gray images are
# contiguous in both formats.

stored = pixels.to(memory_format=torch.channels_last)
assert torch.equal(stored, pixels)
assert shares_memory(stored.view(1, 2, 12), stored)
with shows_error(RuntimeError, match="view size is not compatible"):
    stored.view(1, 24)
assert stored.contiguous().stride() == pixels.stride()
assert stored.contiguous(memory_format=torch.channels_last) is stored
assert storage_cells(stored).tolist() == written_down(pixels.permute(0, 2, 3, 1))
gray = stored[:, :1].clone(memory_format=torch.channels_last)
assert gray.is_contiguous(memory_format=torch.channels_last)
assert gray.contiguous() is gray
assert gray.view(1, 12).shape == (1, 12)

# %%
# More: sizes of 1 and of 0
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The stride of an axis of size 1 reaches no number. So it does not count, except for
# ``view(dtype)``: a column that was turned into a row changes no order, and is
# contiguous. A tensor without elements is contiguous, has every shape of 0 elements,
# and no byte that could be shared.

column = torch.arange(4, device=device)[:, None]
assert column.T.contiguous().data_ptr() == column.data_ptr()
assert written_down(column.T) == written_down(column)
odd = torch.empty_strided((1, 5), (999, 1), device=device)
assert odd.is_contiguous()
assert odd.view(5).stride() == (1,)
lone = m[:1].T
assert lone.contiguous() is lone
with shows_error(RuntimeError, match=r"self.stride\(-1\) must be 1"):
    lone.view(torch.int32)
empty = m[:0]
assert empty.T.is_contiguous()
assert empty.T.view(7, 0, 2).shape == (7, 0, 2)
assert not shares_memory(empty.view(0), empty)

# %%
# More: ``view(dtype)`` reads the bits
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It converts nothing: 1.0 becomes the integer whose bits are the same. ``to`` converts.
# If the new dtype has another size, the last axis changes, and must lie without gaps.
# For a larger dtype, its size, the other strides and the offset must be divisible by
# the number of old elements in a new one. A number without axes is refused.

floats = torch.tensor([[1.0, 2, 3]], device=device)
bits = floats.view(torch.int32)
print(bits.tolist(), "and", floats.to(torch.int32).tolist())
assert bits.tolist() == [[0x3F800000, 0x40000000, 0x40400000]]
assert floats.view(torch.uint8).shape == (1, 12)
assert shares_memory(bits, floats)
with shows_error(RuntimeError, match=r"self.size\(-1\) must be divisible by 2"):
    floats.view(torch.float64)
with shows_error(RuntimeError, match=r"self.storage_offset\(\) must be divisible by 2"):
    floats[0, 1:].view(torch.float64)
with shows_error(RuntimeError, match=r"self.stride\(0\) must be divisible by 2"):
    floats[:, :2].view(torch.float64)
with shows_error(RuntimeError, match=r"self.dim\(\) cannot be 0"):
    floats[0, 0].view(torch.float64)
with shows_error(RuntimeError, match=r"self.stride\(-1\) must be 1"):
    m.T.view(torch.int32)

# %%
# More: ``transpose`` swaps two axes, ``t`` those of a matrix
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# NumPy's ``transpose(2, 0, 1)`` is ``permute(2, 0, 1)``. ``movedim`` moves one axis and
# leaves the others in their order. ``t()`` and ``.T`` are for matrices; a batch of
# matrices has ``.mT``. All of these share memory. A vector has no axes to swap.

message = "takes 2 positional arguments but 3 were given|invalid combination of"
with shows_error(TypeError, match=message):
    picture.transpose(2, 0, 1)
array = picture.cpu().numpy()
assert array.transpose(2, 0, 1).tolist() == good.tolist()
assert picture.movedim(2, 0).equal(good)
with shows_error(RuntimeError, match="expects a tensor with <= 2 dimensions"):
    picture.t()
assert m.t().equal(m.transpose(0, 1))
assert line.t().equal(line)
moved = m.t(), m.T, m.mT, m.transpose(0, 1), m.permute(1, 0), m.movedim(0, 1)
assert all(shares_memory(y, m) for y in moved)
assert len({y.stride() for y in moved}) == 1

# %%
# On a GPU
# --------
#
# Nothing differs: the rule asks shapes and strides alone, and the copy is made on the
# device of its input.

print("this page ran on", device.type)
on_cpu = torch.arange(12).reshape(3, 4)
assert explain_view(m.T, (12,)).breaks == explain_view(on_cpu.T, (12,)).breaks
assert m.T.reshape(12).device == m.device
assert m.T.reshape(12).tolist() == on_cpu.T.reshape(12).tolist()

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# ``x = torch.arange(24).reshape(2, 3, 4)``. Which of these work:
# ``x[:, :, :2].view(6, 2)``, ``x[:, :2].view(4, 4)``, ``x.mT.view(2, 2, 2, 3)``?
#
# Solution
# ^^^^^^^^
#
# The first and the third. The strides are (12, 4, 1), and the first two join axes 0 and
# 1: 12 is 4 times 3, and not 4 times 2. The third splits an axis, which always works.

x = torch.arange(24, device=device).reshape(2, 3, 4)
asked = (x[:, :, :2], (6, 2)), (x[:, :2], (4, 4)), (x.mT, (2, 2, 2, 3))
works = [explain_view(y, shape).ok for y, shape in asked]
assert x.stride() == (12, 4, 1)
assert works == [True, False, True]
words = [outcome(torch.Tensor.view, y, shape) for y, shape in asked]
assert words == ["shares", "refuses", "shares"]

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Somebody stored ``picture.reshape(3, 48, 48)``. Is the picture lost?
#
# Solution
# ^^^^^^^^
#
# No: ``reshape`` keeps the order, so reshape back, and permute.

saved = wrong.clone()
assert saved.reshape(48, 48, 3).permute(2, 0, 1).equal(good)

# %%
# References
# ----------
#
# - PyTorch: `torch.Tensor.view
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html>`__,
#   `torch.reshape
#   <https://docs.pytorch.org/docs/stable/generated/torch.reshape.html>`__,
#   `torch.Tensor.contiguous
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.contiguous.html>`__ and
#   `Tensor Views <https://docs.pytorch.org/docs/stable/tensor_view.html>`__.
# - Why the message names ``reshape``: `pytorch pull request 20968
#   <https://github.com/pytorch/pytorch/pull/20968>`__. A ``view(-1)`` that "seems to
#   work on and off": `pytorch issue 7531
#   <https://github.com/pytorch/pytorch/issues/7531>`__.
# - The messages: :ref:`our page on view, cat and indices
#   <sphx_glr_auto_examples_errors_view_cat_index.py>`.
