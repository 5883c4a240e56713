# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What are the rules of broadcasting?
===================================

People ask this when they cannot tell whether a line with two shapes will run. Know the
rule already? Then try the twenty pairs of the exercises below.

:Level: beginner

Short answer
------------

Write the shapes one under the other, aligned at their last axis. An axis that one shape
lacks counts as 1. In each axis the sizes must be equal, or one of them is 1. The result
has the equal size, or the one that is not 1. ``expand_as`` stretches only one tensor,
to another's shape, by this rule.
"""

import torch

a, b = torch.arange(8).reshape(2, 1, 4), torch.arange(3).reshape(3, 1)
total = a + b
print(tuple(a.shape), "and", tuple(b.shape), "give", tuple(total.shape))
same = a.expand_as(total) + b.expand_as(total)
assert (*total.shape, total.tolist()) == (2, 3, 4, same.tolist())

# %%
# Read each column on its own. In the first drawing every column has equal sizes or a 1.
# In the second one 3 meets 2: the sum is refused, although the other axis would give 2.

# More: draws two pairs of shapes, aligned at their last axis
import matplotlib.pyplot as plt
import tensorglass

figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.2), layout="constrained")
fitting = tensorglass.explain_broadcast(a, b)
clashing = tensorglass.explain_broadcast((2, 3), (2,))
fitting.plot(left)
left.set_title("(2, 1, 4) and (3, 1): runs")
clashing.plot(right)
right.set_title("(2, 3) and (2,): refused")
assert fitting.result == total.shape
assert (clashing.result, clashing.axes[0].sizes) == (None, (3, 2))

# %%
# Take it home
# ------------
#
# The first line needs shapes and no tensors. The others stretch tensors, and add
# nothing:

shape = torch.broadcast_shapes((2, 1, 4), (3, 1))  # raises an error if they do not fit
wide_a, wide_b = torch.broadcast_tensors(a, b)  # both (2, 3, 4)
wide = b.expand_as(total)  # b alone, to the shape of total

assert shape == wide_a.shape == wide_b.shape == (2, 3, 4)
assert torch.equal(wide, wide_b)

# %%
# The library of this site says it axis by axis, from the last one, -1, and what would
# help. (The error counts from the front: here, dimension 1 is axis -1.) Take ``a +
# b[:, None]`` if each number of b belongs to a row of a:

from tensorglass import default_device, explain_broadcast

device = default_device()  # a GPU if there is one; for the tensors further down
explanation = explain_broadcast((2, 3), (2,))
assert "dimension 1" in explanation.error
assert explanation.smallest_fix.code == "a + b[:, None]"
rows = torch.zeros(2, 3) + torch.tensor([10, 20])[:, None]
assert rows.tolist() == [[10, 10, 10], [20, 20, 20]]
explanation

# %%
# Why
# ---
#
# The rule is that of the first screen. It holds for arithmetic and comparisons element
# by element that write a new tensor, on dense tensors, and for any number of them.
# (PyTorch notes, *Broadcasting semantics*.) Some losses, such as
# ``binary_cross_entropy``, refuse shapes that differ. As code:


def broadcast(*shapes):
    """Return the shape of the result, or None if the shapes do not broadcast."""
    rank = max(map(len, shapes))
    aligned = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    columns = zip(*aligned, strict=True)
    sizes = [set(column) - {1} for column in columns]  # what is not 1 must agree
    if any(len(found) > 1 for found in sizes):
        return None
    return tuple(found.pop() if found else 1 for found in sizes)


pairs = [[(2, 1, 4), (3, 1)], [(2, 3), (2,)]]
assert [broadcast(*pair) for pair in pairs] == [(2, 3, 4), None]

# %%
# More: every pair of shapes with up to 3 axes, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# We take **every** pair of shapes with up to 3 axes and sizes from 0 to 3. A sum in
# torch, ``broadcast_shapes`` of torch and of NumPy, and the library must all give what
# the code above gives, in both orders. And of three shapes, with up to 2 axes and sizes
# from 0 to 2, it makes no difference which two meet first. (:doc:`unsqueeze` compares
# the numbers, too.)

import itertools

import numpy as np

torch.manual_seed(0)  # for the random numbers further down


def all_shapes(axes, sizes):
    ranks = range(axes + 1)
    return [s for rank in ranks for s in itertools.product(range(sizes), repeat=rank)]


def attempt(function, *args):
    """Return a shape, or None if it is refused."""
    try:
        return tuple(function(*args))
    except (RuntimeError, ValueError):
        return None


shapes = all_shapes(3, 4)
zeros = {shape: torch.zeros(shape, device=device) for shape in shapes}
fit = 0
for a_shape, b_shape in itertools.product(shapes, repeat=2):
    expected = broadcast(a_shape, b_shape)
    added = attempt(lambda x, y: (x + y).shape, zeros[a_shape], zeros[b_shape])
    assert added == expected == broadcast(b_shape, a_shape)
    assert attempt(torch.broadcast_shapes, a_shape, b_shape) == expected
    assert attempt(np.broadcast_shapes, a_shape, b_shape) == expected
    assert explain_broadcast(a_shape, b_shape).result == expected
    fit += expected is not None
print(fit, "of", len(shapes) ** 2, "pairs broadcast")
assert (fit, len(shapes)) == (2479, 85)

triples = 0
for x, y, z in itertools.product(all_shapes(2, 3), repeat=3):
    expected, first_two = broadcast(x, y, z), broadcast(x, y)
    assert expected == (None if first_two is None else broadcast(first_two, z))
    added = attempt(lambda x, y, z: (x + (y + z)).shape, zeros[x], zeros[y], zeros[z])
    assert added == expected
    triples += 1
print(triples, "triples, in either order")
assert triples == 13**3

# %%
# What ``expand_as`` does
# ~~~~~~~~~~~~~~~~~~~~~~~
#
# ``x.expand_as(y)`` is ``x.expand(y.shape)``: it stretches ``x`` to the shape of ``y``
# by the same rule. The result reads the numbers of ``x`` again, with a step of 0 in
# memory along each stretched axis
# (:ref:`no copy <sphx_glr_auto_examples_memory_expand_memory.py>`). So if ``x`` has an
# axis, ``x.expand_as(y) + y`` is ``x + y``. It stretches ``x`` alone: if ``y`` would
# have to be stretched as well, it is refused. (``shows_error`` prints an error that
# must come.)

from tensorglass import shows_error

x = torch.tensor([10, 20, 30], device=device)
y = torch.ones(2, 3, dtype=torch.int64, device=device)
expanded = x.expand_as(y)
print(expanded)
assert expanded.stride() == (0, 1)
assert expanded.data_ptr() == x.data_ptr()
assert (expanded + y).tolist() == [[11, 21, 31], [11, 21, 31]] == (x + y).tolist()
column = y[:, :1]
with shows_error(RuntimeError, match=r"expanded size of the tensor \(1\) must match"):
    x.expand_as(column)

# %%
# More: every pair, expanded
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Over the same pairs: ``expand_as`` runs if and only if the shape of the sum is that of
# the other tensor, and then gives that shape. A tensor without axes counts less for the
# dtype of a sum, but once it is expanded it has axes.

runs = 0
for x_shape, y_shape in itertools.product(shapes, repeat=2):
    x, y = zeros[x_shape], zeros[y_shape]
    expanded = attempt(lambda x, y: x.expand_as(y).shape, x, y)
    fits = broadcast(x_shape, y_shape) == y_shape
    assert expanded == (y_shape if fits else None)
    runs += fits
print("expand_as runs for", runs, "of them")
assert runs == 820

single, number = torch.ones(3), torch.tensor(1.0).double()
sums = single + number, single + number.expand_as(single)
assert [each.dtype for each in sums] == [torch.float32, torch.float64]

# %%
# What is often said
# ------------------
#
# "The result has the larger size of the two." Not if one is 0: a 1 beside it becomes 0.
# A mask that picks nothing gets you there.

x = torch.tensor([10, 20, 30], device=device)
nothing_picked = x[x > 30]
sums = nothing_picked + x[:1], nothing_picked + x[:, None]
print(*[tuple(each.shape) for each in (nothing_picked, *sums)])
assert [tuple(each.shape) for each in (nothing_picked, *sums)] == [(0,), (0,), (3, 0)]

# %%
# "The smaller tensor is stretched to the shape of the larger one." Often. But both can
# be stretched, and then the result is larger than each: (3, 1) and (1, 4) make 12
# numbers of 3 and 4. Where nobody meant that, it is a fault without an error
# (:doc:`squeeze_loss`).

down, along = torch.ones(3, 1, device=device), torch.ones(1, 4, device=device)
both = down + along
assert both.shape == (3, 4)
assert [each.numel() for each in (down, along, both)] == [3, 4, 12]

# %%
# Traps
# -----
#
# A size that divides does not fit
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# 2 fits into 4 twice, and is refused all the same. Only a 1 is repeated. ``repeat``
# copies a tensor as a tile.

large, small = torch.zeros(4, 4, device=device), torch.ones(2, 2, device=device)
with shows_error(RuntimeError, match=r"tensor a \(4\) must match the size of tensor b"):
    large + small
tiled = small.repeat(2, 2)
assert tiled.shape == large.shape

# %%
# A matrix product broadcasts only what is in front
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In ``a @ b`` the last two axes are those of two matrices. They follow the rule of the
# product, where a 1 is not stretched. The axes before them broadcast.

batches = torch.ones(2, 1, 3, 4, device=device)
matrices = torch.ones(5, 4, 6, device=device)
product = batches @ matrices
print(tuple(product.shape))
assert product.shape == (2, 5, 3, 6)
with shows_error(RuntimeError, match="cannot be multiplied"):
    batches[0, 0, :, :1] @ matrices[0]

# %%
# More: in place, the left tensor keeps its shape
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# By shape, ``a += b`` runs if and only if the result has the shape of ``a``. It is the
# condition of ``b.expand_as(a)``. Refused anyway is an ``a`` that was stretched, a leaf
# that requires a gradient (where autograd records), and floats added to integers.

runs = 0
for x_shape, y_shape in itertools.product(shapes, repeat=2):
    x = zeros[x_shape].clone()
    in_place = attempt(lambda x, y: x.add_(y).shape, x, zeros[y_shape])
    fits = broadcast(x_shape, y_shape) == x_shape
    assert in_place == (x_shape if fits else None)
    runs += fits
assert runs == 820

row = torch.zeros(3, device=device)
with shows_error(RuntimeError, match="single memory location"):
    row.expand(2, 3).add_(1)
with shows_error(RuntimeError, match="leaf Variable that requires grad"):
    row.clone().requires_grad_().add_(1)
with shows_error(RuntimeError, match="can't be cast to the desired output type"):
    row.long().add_(row)

# %%
# More: some functions do not broadcast
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``stack`` wants equal sizes, ``cat`` as many axes and equal sizes in all but one (it
# skips an empty vector); ``torch.equal`` says False, ``dot`` takes two vectors of one
# length, and ``binary_cross_entropy`` equal shapes. ``where`` stretches all three of
# its arguments.

ones = torch.ones(1, 3, device=device)
threes = torch.ones(2, 3, device=device)
with shows_error(RuntimeError, match="stack expects each tensor to be equal size"):
    torch.stack([ones, threes])
with shows_error(RuntimeError, match="same number of dimensions|Tensors must have"):
    torch.cat([ones[0], threes])
assert torch.equal(torch.cat([nothing_picked, threes]), threes)
with shows_error(RuntimeError, match="inconsistent tensor size|same number"):
    torch.dot(ones[0], ones[0, :1])
with shows_error(ValueError, match="different to the input size"):
    torch.nn.functional.binary_cross_entropy(ones, threes, reduction="none")
assert not torch.equal(ones, threes)
assert (ones == threes).all()
chosen = torch.where(threes[:, :1] > 0, ones[0], ones[0, 0])
assert chosen.shape == (2, 3)

# %%
# On a GPU
# --------
#
# The rule is the same on all devices. Shapes can be tried without memory, on the meta
# device: this sum would have 10^12 numbers.

print("this page ran on", device.type)
million = torch.empty(1_000_000, device="meta")
pairs = million[:, None] + million
assert pairs.numel() == 10**12

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Ten pairs. Which sums run, and what is the shape of the result? Decide first.

# More: lists and prints the pairs
first_ten = [
    [(3, 4), (4,)],
    [(3, 4), (3,)],
    [(3, 4), (3, 1)],
    [(3, 1), (1, 4)],
    [(3, 1), (3,)],
    [(4, 4), (2, 2)],
    [(5,), (1,)],
    [(2, 3, 4), (3, 4)],
    [(2, 3, 4), (2, 1, 4)],
    [(2, 3, 4), (2, 3)],
]


def ask(pairs, first=1):
    for number, (a_shape, b_shape) in enumerate(pairs, first):
        print(f"{number:2}   {a_shape!s:16} + {b_shape}")


ask(first_ten)
assert len(first_ten) == 10

# %%
# Solution
# ^^^^^^^^
#
# Torch answers, and this page holds the answers against it. Three are refused.


def answer(pairs, first=1):
    """Return the shape of each sum, or None where torch refuses, and print it."""
    results = []
    for number, (a_shape, b_shape) in enumerate(pairs, first):
        a, b = torch.zeros(a_shape, device=device), torch.zeros(b_shape, device=device)
        results.append(attempt(lambda a, b: (a + b).shape, a, b))
        explained = explain_broadcast(a_shape, b_shape)
        clash = [axis.sizes for axis in explained.axes if axis.result is None]
        said = f"refused: {' and '.join(map(str, clash[0]))}" if clash else results[-1]
        print(f"{number:2}   {a_shape!s:16} + {b_shape!s:12} {said}")
    return results


results = answer(first_ten)
assert results == [
    (3, 4),
    None,  # 4 and 3: a vector of 3 does not fit rows of 4
    (3, 4),
    (3, 4),  # both are stretched
    (3, 3),  # both are stretched
    None,  # 4 and 2: only a 1 is repeated
    (5,),
    (2, 3, 4),
    (2, 3, 4),
    None,  # 4 and 3: the shapes are aligned at the end, not in front
]

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Ten more, with more axes, none at all, and sizes of 0.

# More: lists and prints the pairs
next_ten = [
    [(8, 1, 6, 1), (7, 1, 5)],
    [(64, 3, 32, 32), (3,)],
    [(64, 3, 32, 32), (3, 1, 1)],
    [(2, 1), (8, 4, 3)],
    [(), (2, 3)],
    [(0,), (1,)],
    [(0,), (3,)],
    [(5, 1, 1), (4, 0)],
    [(1, 1, 1), ()],
    [(10, 1, 3), (20, 3)],
]
ask(next_ten, first=11)
assert len(next_ten) == 10

# %%
# Solution
# ^^^^^^^^

results = answer(next_ten, first=11)
assert results == [
    (8, 7, 6, 5),
    None,  # 32 and 3: a mean of each channel needs two axes behind it
    (64, 3, 32, 32),
    None,  # 2 and 4: in the last axis the 1 is stretched to 3
    (2, 3),  # no axis at all counts as a 1 everywhere
    (0,),  # a 1 is stretched to 0
    None,  # 0 and 3: neither is 1
    (5, 4, 0),
    (1, 1, 1),
    (10, 20, 3),  # all pairs of 10 points and 20
]

# %%
# Exercise 3
# ~~~~~~~~~~
#
# ``scores`` has the shape (4, 3), ``weights`` the shape (4,). Multiply each row by its
# weight: by broadcasting, and once more with ``expand_as``.
#
# Solution
# ^^^^^^^^
#
# ``expand_as`` puts missing axes in front as well. So add the last axis yourself before
# you expand.

scores, weights = torch.rand(4, 3, device=device), torch.rand(4, device=device)
with shows_error(RuntimeError, match="must match the existing size"):
    weights.expand_as(scores)
weighted = weights[:, None] * scores
assert torch.equal(weighted, weights[:, None].expand_as(scores) * scores)
assert torch.equal(weighted[2], weights[2] * scores[2])

# %%
# References
# ----------
#
# - PyTorch: `Broadcasting semantics
#   <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>`__,
#   `Tensor.expand_as
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand_as.html>`__ and
#   `torch.broadcast_to
#   <https://docs.pytorch.org/docs/stable/generated/torch.broadcast_to.html>`__.
# - NumPy: `Broadcasting
#   <https://numpy.org/doc/stable/user/basics.broadcasting.html>`__.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
