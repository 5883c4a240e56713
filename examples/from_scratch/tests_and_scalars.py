# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
How do we test all elements, and get a Python number from a tensor?
===================================================================

People ask this when ``if a > b:`` stops with "Boolean value of Tensor with more than
one value is ambiguous", or when a sum prints as ``tensor(12)`` and not as a number.

:Level: beginner

Short answer
------------

For tensors of one dtype, ``(a > b).all()`` tests whether every element of ``a`` is
greater than the one of ``b`` at its place. ``a > b`` gives a truth value for each pair,
and ``all`` one for them all, in a tensor without axes: of rank 0. ``item()`` turns a
tensor with one element into a Python number, or a bool.
"""

import torch

a, b = torch.tensor([3, 5, 4]), torch.tensor([1, 2, 9])
pairs = a > b
verdict = pairs.all()
print(pairs, verdict, verdict.item(), a.sum().item(), sep="\n")
assert (pairs.tolist(), verdict.item()) == ([True, True, False], False)

# %%
# ``any`` asks whether at least one is true. Both results are tensors. ``item`` leaves
# them, for Python's own values.

# More: draws the comparison, and what all, any and item make of it
import matplotlib.pyplot as plt

BLUE, ORANGE = "#0072b2", "#d55e00"
figure, ax = plt.subplots(figsize=(3.9, 3.4), layout="constrained")
ax.set(xlim=(-1.1, 4.6), ylim=(-5.25, 0.2), aspect="equal")
ax.set_axis_off()


def cell(x, y, value, width, text=None):
    truth = isinstance(value, bool)
    look = {"facecolor": (BLUE if value else ORANGE, 0.3) if truth else "none"}
    ax.add_patch(plt.Rectangle((x, y), width, 0.8, edgecolor="black", **look))
    ax.text(x + width / 2, y + 0.4, text or str(value), ha="center", va="center")


def arrow(start, end):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "black"})


rows = {"a": a, "b": b, "a > b": pairs}
for row, (name, values) in enumerate(rows.items()):
    ax.text(-0.15, -row - 0.4, name, ha="right", va="center")
    for column, value in enumerate(values.tolist()):
        cell(1.2 * column, -row - 0.8, value, 1.1)
outcomes = {"all()": pairs.all(), "any()": pairs.any()}
for column, (name, outcome) in enumerate(outcomes.items()):
    middle = 0.8 + 2.4 * column
    arrow((middle, -2.85), (middle, -3.45))
    ax.text(middle + 0.1, -3.15, name, va="center")
    cell(middle - 1.1, -4.3, outcome.item(), 2.2, str(outcome))
    arrow((middle, -4.35), (middle, -4.85))
    ax.text(middle + 0.1, -4.6, "item()", va="center")
    ax.text(middle, -5.05, str(outcome.item()), ha="center", va="center")
ax.set_title("One truth value for each pair, then one for all")
ax.set_label(
    f"Rows of three cells: a with {a.tolist()}, b with {b.tolist()}, and below a > b "
    f"with {pairs.tolist()}. all() makes of these a single cell with "
    f"{outcomes['all()'].item()}, any() one with {outcomes['any()'].item()}, each of "
    "shape (). item() makes Python values of them."
)
assert [outcome.shape for outcome in outcomes.values()] == [(), ()]
assert [outcome.item() for outcome in outcomes.values()] == [False, True]

# %%
# Take it home
# ------------
#
# A tensor with one element may stand in an ``if``. For equality of shapes and values,
# in one dtype, there is ``torch.equal``, for fractions ``torch.allclose``: both give a
# Python bool.

x, y = torch.tensor([0.1, 0.2]), torch.tensor([0.1, 0.2000001])

if (a > b).any():  # or .all()
    largest = a.max().item()
everywhere_equal, close = torch.equal(x, y), torch.allclose(x, y)
per_row = (torch.tensor([[1, 2], [3, -4]]) > 0).all(dim=1).tolist()  # of each row

assert largest == 5
assert (everywhere_equal, close, per_row) == (False, True, [True, False])

# %%
# For an error of your own, ask the library of this site.

from tensorglass import explain_error

try:
    if a > b:
        print("all are greater")
except RuntimeError as error:
    explanation = explain_error(error)
assert [fix.code[-6:] for fix in explanation.fixes] == [".all()", ".any()"]
explanation

# %%
# Why
# ---
#
# A comparison is elementwise: its result has a truth value for each place, and the
# broadcast shape. ``all`` is true if none of these is false, so also if there are none.
# Python's ``if``, ``and``, ``not`` and ``while`` need **one** truth value. ``bool(x)``
# and ``x.item()`` give one if ``x`` has one element, of any rank, and fail otherwise.
# (PyTorch documentation, ``torch.all`` and ``Tensor.item``.)

from tensorglass import shows_error

one_each = [torch.tensor(7), torch.tensor([7]), torch.tensor([[7]])]
assert [each.item() for each in one_each] == [7, 7, 7]
assert [each.dim() for each in one_each] == [0, 1, 2]
assert torch.tensor([]).all()
with shows_error(RuntimeError, match="cannot be converted to Scalar"):
    a.item()

# %%
# More: all pairs of small tensors, compared with Python
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# All pairs of tensors with 0 to 3 elements, each 0, 1 or 2. Python's own ``all`` and
# ``any`` over lists say the same. From here on, tensors are on the GPU if there is one.

import itertools

from tensorglass import default_device

device = default_device()
compared = 0
for size in range(4):
    for left in itertools.product(range(3), repeat=size):
        for right in itertools.product(range(3), repeat=size):
            x, y = (torch.tensor(each, device=device) for each in (left, right))
            greater = [p > q for p, q in zip(left, right, strict=True)]
            assert (x > y).all().item() == all(greater)
            assert (x > y).any().item() == any(greater)
            assert torch.equal(x, y) == (left == right)
            compared += 1
print(compared, "pairs")
assert compared == 1 + 9 + 9**2 + 9**3

# %%
# More: all shapes with up to 3 axes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With sizes from 0 to 2: ``bool`` and ``item`` work for those with one element, and for
# no other.


def works(function, x):
    try:
        function(x)
    except RuntimeError:
        return False
    return True


shapes = [s for rank in range(4) for s in itertools.product(range(3), repeat=rank)]
single = 0
for shape in shapes:
    x = torch.ones(shape, device=device)
    assert works(bool, x) == works(torch.Tensor.item, x) == (x.numel() == 1)
    single += x.numel() == 1
print(single, "of", len(shapes), "shapes have one element")
assert (single, len(shapes)) == (4, 40)

# %%
# What is often said
# ------------------
#
# Solutions to the book's questions say that ``tensor([1,2]) + tensor([1])`` is an
# error, since the shapes differ. It is ``tensor([2, 3])``: a size of 1 is stretched.
# With ``tensor([1,2,3])`` it is an error. Two is not three, and neither is 1.
# (``shows_error`` prints an error that must come.)

pair, three = (
    torch.tensor([1, 2], device=device),
    torch.tensor([1, 2, 3], device=device),
)
total = pair + torch.tensor([1], device=device)
print(total)
assert total.tolist() == [2, 3]
with shows_error(RuntimeError, match=r"size of tensor a \(2\) must match .* b \(3\)"):
    pair + three

# %%
# More: ``(a < b).all()``
# ~~~~~~~~~~~~~~~~~~~~~~~
#
# It is given as the test that all of ``a`` are greater, and tests the opposite. Nor is
# ``not (a < b).all()`` right: that is true if one element is not smaller.

high, low = torch.tensor([3, 5], device=device), torch.tensor([1, 2], device=device)
mixed = torch.tensor([0, 5], device=device)
all_greater, as_said = (high > low).all().item(), (high < low).all().item()
assert (all_greater, as_said) == (True, False)
all_greater, negated = (mixed > low).all().item(), not (mixed < low).all()
assert (all_greater, negated) == (False, True)

# %%
# More: "A rank-0 tensor is a tensor with one element"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Every tensor of rank 0 has one element. Others have one too, and have axes: they can
# be indexed and have a length. ``item()`` takes both.

scalar, vector = torch.tensor(7, device=device), torch.tensor([7], device=device)
assert (scalar.shape, vector.shape) == ((), (1,))
assert (len(vector), vector[0].item()) == (1, 7)
with shows_error(TypeError, match=r"len\(\) of a 0-d tensor"):
    len(scalar)
with shows_error(IndexError, match="invalid index of a 0-dim tensor"):
    scalar[0]

# %%
# Traps
# -----
#
# ``and``, ``not``, and ``1 < x < 3``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Each asks for one truth value. Elementwise there are, for ``bool``, ``&``, ``|`` and
# ``~``, with parentheses, since they bind more tightly than a comparison. Of whole
# numbers they take the bits: ``~x`` is -1 where ``x`` is 0. Fractions they refuse.

x = torch.tensor([0, 2, 5], device=device)
with shows_error(RuntimeError, match="more than one value is ambiguous"):
    between = 1 < x < 3
between = (x > 1) & (x < 3)
print(between.tolist())
assert between.tolist() == [False, True, False]
assert (~between).tolist() == [True, False, True]
assert (~x).tolist() == [-1, -3, -6]
with shows_error(TypeError, match="only implemented on integer and Boolean"):
    ~x.float()
for way in (torch.bitwise_and, torch.bitwise_or):
    assert not works(lambda y, way=way: way(y, y), x.float())

# %%
# NaN is not equal to itself
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With NaN, every comparison but ``!=`` is false. So ``not (x > 0).all()`` does not say
# that some ``x`` is at most 0, and ``torch.equal(x, x)`` is false. Ask ``isnan``.

x = torch.tensor([1.0, torch.nan], device=device)
all_above, some_at_most = (x > 0).all().item(), (x <= 0).any().item()
assert (all_above, some_at_most) == (False, False)
ways = torch.lt, torch.le, torch.eq, torch.ge, torch.gt, torch.ne
assert [way(x, x)[1].item() for way in ways] == [False] * 5 + [True]
assert not torch.equal(x, x)
assert torch.allclose(x, x, equal_nan=True)
assert x.isnan().tolist() == [False, True]

# %%
# Shapes that broadcast
# ~~~~~~~~~~~~~~~~~~~~~
#
# ``(x == y).all()`` and ``allclose`` compare every pair that broadcasting makes, and
# pass over shapes that differ. ``torch.equal`` and ``torch.testing.assert_close`` do
# not.

ones, column = torch.ones(3, device=device), torch.ones(3, 1, device=device)
compared_pairs = ones == column
assert compared_pairs.shape == (3, 3)
assert torch.allclose(ones, column)
assert not torch.equal(ones, column)
with shows_error(AssertionError, match="shape"):
    torch.testing.assert_close(ones, column)

# %%
# More: two dtypes
# ~~~~~~~~~~~~~~~~
#
# Two tensors are compared in a common dtype. For ``int64`` and ``float32`` that is
# ``float32``, and it has no 2\ :sup:`24` + 1: what is greater becomes equal, for
# ``torch.equal`` too. In ``float64`` it is greater. A whole number of Python takes the
# dtype of a tensor of whole numbers: in ``uint8``, -1 becomes 255 and 300 becomes 44.

greater, power = torch.tensor([2**24 + 1]), torch.tensor([2.0**24])
seen = [(greater > other).item() for other in (power, power.double())]
assert seen == [False, True]
assert torch.equal(greater, power)
pixel = torch.tensor([200], dtype=torch.uint8)
above = [(pixel > number).item() for number in (-1, 255, 300, 44)]
assert above == [False, False, True, True]

# %%
# More: fractions
# ~~~~~~~~~~~~~~~
#
# float32 stores the nearest fraction that it has. ``item()`` gives it as Python's
# float, which shows more digits. ``allclose`` wants one dtype, and allows for 1e-8 plus
# 1e-5 times the size of its *second* argument.

tenth = torch.tensor(0.1, device=device)
print(tenth.item())
assert tenth.item() == 0.10000000149011612
assert torch.tensor(0.1, dtype=torch.float64, device=device).item() == 0.1
with shows_error(RuntimeError, match="did not match"):
    torch.allclose(tenth, tenth.double())
zero, one, more = torch.tensor([0.0, 1, 2], dtype=torch.float64, device=device)
near_zero = [torch.allclose(zero + size * 1e-8, zero) for size in (0.9, 1.1)]
near_one = [torch.allclose(one + size * 1e-5, one) for size in (0.9, 1.1)]
assert near_zero == near_one == [True, False]
in_order = torch.allclose(one, more, rtol=0.5, atol=0)
swapped = torch.allclose(more, one, rtol=0.5, atol=0)
assert (in_order, swapped) == (True, False)

# %%
# More: the dtype of what comes out
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``item()`` gives a bool, an int, a float or a complex, by the dtype. ``all`` gives a
# bool of torch, and for ``uint8`` a ``uint8``.

kinds = [torch.bool, torch.int8, torch.bfloat16, torch.complex64]
python = [type(torch.ones((), dtype=kind, device=device).item()) for kind in kinds]
assert python == [bool, int, float, complex]
assert three.all().dtype == torch.bool
assert three.to(torch.uint8).all().dtype == torch.uint8

# %%
# More: numbers for a list, and for an index
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``tolist()`` makes Python numbers of any dense tensor that holds data. Sparse and meta
# tensors it refuses. A tensor with one whole number can be an index by itself; one with
# a fraction cannot.

assert three.tolist() == [1, 2, 3]
assert torch.tensor(5, device=device).tolist() == 5
refused = torch.eye(2).to_sparse(), torch.eye(2, device="meta")
assert not any(works(torch.Tensor.tolist, each) for each in refused)
letters = ["x", "y", "z"]
assert letters[torch.tensor(1, device=device)] == "y"
with shows_error(TypeError, match="only integer tensors"):
    letters[torch.tensor(1.0, device=device)]

# %%
# More: ``item()`` leaves the graph
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# No gradient flows through a Python number. For a log that is what you want: a list of
# losses as tensors keeps what autograd recorded for each.

weight = torch.tensor(3.0, device=device, requires_grad=True)
loss = weight**2
logged = loss.item()
assert isinstance(logged, float)
assert logged == 9
assert loss.grad_fn is not None
with shows_error(AttributeError, match="no attribute 'backward'"):
    logged.backward()

# %%
# More: Python's ``all(x)``
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It goes through the first axis, and asks each part for one truth value. A vector it
# tests element by element, in Python; of a matrix it gets rows.

matrix = torch.ones(2, 2, dtype=torch.bool, device=device)
of_a_row = all(matrix[0])
assert of_a_row
with shows_error(RuntimeError, match="more than one value is ambiguous"):
    all(matrix)
assert matrix.all()

# %%
# On a GPU
# --------
#
# ``item()``, ``tolist()``, ``if`` and ``print`` need the value on the CPU, and so wait
# until the GPU has computed it. Sum losses as a tensor, and call ``item()`` once. By
# PyTorch's documentation ``torch.cuda.set_sync_debug_mode`` finds such places, not all
# of them; built on a GPU, this page tries it.

print("this page ran on", device.type)
on_gpu = device.type == "cuda"
if on_gpu:
    torch.cuda.set_sync_debug_mode("error")
    with shows_error(RuntimeError, match="synchronizing CUDA operation"):
        total.sum().item()
    torch.cuda.set_sync_debug_mode("default")
assert total.all().device == total.device

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Write ``torch.equal`` with ``==``, for shapes that differ too.
#
# Solution
# ^^^^^^^^
#
# The shapes come first: ``and`` does not look at the rest if they differ.


def same(x, y):
    return x.shape == y.shape and (x == y).all().item()


for x, y in itertools.product((pair, three, ones, column), repeat=2):
    assert same(x, y) == torch.equal(x, y)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# What is ``tensor([[1], [2]]) == tensor([1, 2])``, and what is its ``all()``?
#
# Solution
# ^^^^^^^^
#
# Shapes (2, 1) and (2,) make (2, 2). Only the diagonal is true, and ``all`` is false.

square = pair[:, None] == pair
assert square.tolist() == [[True, False], [False, True]]
assert not square.all()

# %%
# References
# ----------
#
# - PyTorch: `torch.all
#   <https://docs.pytorch.org/docs/stable/generated/torch.all.html>`__, `torch.equal
#   <https://docs.pytorch.org/docs/stable/generated/torch.equal.html>`__,
#   `torch.allclose
#   <https://docs.pytorch.org/docs/stable/generated/torch.allclose.html>`__,
#   `Tensor.item
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.item.html>`__,
#   `set_sync_debug_mode
#   <https://docs.pytorch.org/docs/stable/generated/torch.cuda.set_sync_debug_mode.html>`__.
# - ``item()`` waits for a GPU: `a thread in PyTorch's forum
#   <https://discuss.pytorch.org/t/how-to-know-if-an-operation-is-blocking-synchronizing-or-not/182685>`__.
# - NaN and ``torch.equal``: `pytorch issue 137337
#   <https://github.com/pytorch/pytorch/issues/137337>`__ and `issue 111251
#   <https://github.com/pytorch/pytorch/issues/111251>`__.
# - The questions are from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
