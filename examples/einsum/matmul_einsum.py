# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy>=2.4", "opt_einsum>=3.4", "matplotlib>=3.11"]
# ///
"""
How do I write a matrix product with einsum?
============================================

People ask this because they know ``@``, and then meet strings such as ``"ik,kj->ij"``
in other people's code.

Short answer
------------

``torch.einsum("ik,kj->ij", a, b)`` is ``a @ b``, for dense matrices. Each letter names
an axis. ``i`` and ``j`` stand after the arrow, so the result keeps them. ``k`` does
not, so the products are summed along it.
"""

import torch
from tensorglass import default_device

device = default_device()  # a GPU if there is one

a = torch.tensor([[1.0, 2, 3], [4, 5, 6]], device=device)
b = torch.tensor([[1.0, 0, 2, 1], [0, 1, 1, 3], [2, 2, 0, 1]], device=device)
c = torch.einsum("ik,kj->ij", a, b)

print(c)
assert torch.equal(c, a @ b)
assert c[1, 3].item() == 4 * 1 + 5 * 3 + 6 * 1

# %%
# What is often said
# ------------------
#
# "Write ``ij, jk -> ik`` and call ``np.einsum``." The copied answer is right, with
# other letters and with spaces, which do no harm. But it multiplies random matrices and
# checks nothing. With the last two letters swapped it would run as well, and print the
# transpose. Three loops tell which one is the product.

import numpy as np


def three_loops(a, b):
    c = torch.zeros(a.shape[0], b.shape[1], device=a.device)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c


by_loops = three_loops(a, b).tolist()
arrays = a.cpu().numpy(), b.cpu().numpy()
product, swapped = (np.einsum(s, *arrays) for s in ("ij, jk -> ik", "ij, jk -> ki"))
print("ij, jk -> ik:", product.tolist())
print("ij, jk -> ki:", swapped.tolist())
assert product.tolist() == torch.einsum("ij, jk -> ik", a, b).tolist() == by_loops
assert swapped.T.tolist() == by_loops

# %%
# It is also said that ``einsum`` is fast. In torch it is as fast as what it calls. The
# class below lists what torch runs, without the views, which move no numbers. For this
# matrix product, ``einsum`` runs ``bmm``, torch's product of batches of matrices, on a
# batch of 1. Nothing else.

from tensorglass import shares_memory
from torch.utils._python_dispatch import TorchDispatchMode


class Operations(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.calls = []  # of each operation its name and the shapes of its operands

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        operands = [arg for arg in args if isinstance(arg, torch.Tensor)]
        view = any(shares_memory(result, operand) for operand in operands)
        if function._schema.is_mutable or not view:
            shapes = [tuple(operand.shape) for operand in operands]
            self.calls.append((function.overloadpacket.__name__, *shapes))
        return result


def operations(equation, *operands):
    with Operations() as seen:
        torch.einsum(equation, *operands)
    return seen.calls


torch.manual_seed(0)
images = torch.randn(5, 784, device=device)
weights = torch.randn(784, 10, device=device)
calls = operations("ik,kj->ij", images, weights)
print(calls)
assert calls == [("bmm", (1, 5, 784), (1, 784, 10))]

# %%
# Reading the string takes some microseconds more. With three operands ``einsum`` also
# looks for a good order at every call: for small matrices that takes far longer than
# the products. And what it calls can be a poor choice. For the dot products of 500
# columns, ``ib,ib->b``, it runs a matrix product for each of them, and multiplying and
# summing is many times faster. (The times are measured on one thread.)

from tensorglass import measured
from torch.utils.benchmark import Timer


def seconds(function, *args):  # the median, on one thread; a GPU is waited for
    timer = Timer("function(*args)", globals={"function": function, "args": args})
    return timer.blocked_autorange(min_run_time=0.05).median


def slower(equation, by_hand, *operands):
    """Return how many times as long einsum takes, and by how many microseconds."""
    einsum = seconds(lambda *x: torch.einsum(equation, *x), *operands)
    other = seconds(by_hand, *operands)
    said = f"{einsum / other:.1f} times as long, {1e6 * (einsum - other):.0f} µs more"
    print(f"{equation:14} {measured(said)}")
    return einsum / other, 1e6 * (einsum - other)


small, columns = torch.randn(3, 3, 3, device=device), torch.randn(500, 500).to(device)
one_product = slower(
    "ik,kj->ij", lambda a, b: torch.bmm(a[None], b[None]), images, weights
)
three_small = slower("ij,jk,kl->il", lambda a, b, c: a @ b @ c, *small)
columns_dot = slower("ib,ib->b", lambda a, b: (a * b).sum(0), columns, columns)
little_more = one_product[1] < 200  # microseconds
many_times = min(three_small[0], columns_dot[0]) > 3
with torch.backends.opt_einsum.flags(enabled=False):
    without_search = slower("ij,jk,kl->il", lambda a, b, c: a @ b @ c, *small)
search_is_most = three_small[1] > 2 * without_search[1]
assert little_more
if device.type == "cpu":
    assert many_times
    assert search_is_most

# %%
# The rule
# --------
#
# The letters before the arrow name the axes of the operands, in order. The same letter
# is the same index. The letters after the arrow name the axes of the result, and the
# products are summed over every letter that is missing there. In ``ik,kj->ij`` that is
# k, and ``c[i, j]`` is the sum of ``a[i, k] * b[k, j]``:
#
# .. math:: c_{ij} = \sum_k a_{ik} \, b_{kj}
#
# (PyTorch documentation, ``torch.einsum``.) Which letters you take does not matter,
# only where they are the same.

products = torch.einsum("ik,kj->ikj", a, b)  # no letter is missing: nothing is summed
print("all products", tuple(products.shape), "and their sums over k", tuple(c.shape))
assert torch.equal(products, a[:, :, None] * b)
assert torch.equal(products.sum(1), c)  # k was axis 1
assert torch.equal(torch.einsum("ik,kj->", a, b), c.sum())
assert torch.equal(torch.einsum("xq,qZ->xZ", a, b), c)

# %%
# Proof
# -----
#
# All pairs of matrices with sizes from 0 to 4, filled with whole numbers, so that
# nothing is rounded: ``einsum`` gives exactly what three loops give. With no ``k`` at
# all, the sum of nothing is 0.

import itertools

compared = 0
for n, inner, m in itertools.product(range(5), repeat=3):
    left = torch.randint(-9, 10, (n, inner)).to(device, torch.float32)
    right = torch.randint(-9, 10, (inner, m)).to(device, torch.float32)
    result = torch.einsum("ik,kj->ij", left, right)
    assert torch.equal(result, three_loops(left, right))
    compared += 1
print(compared, "products equal the three loops")
assert compared == 5**3

# %%
# With fractions, float32 rounds, and each way of adding rounds in its own order. We go
# from three loops to ``@``, a ladder of five ways, and compare each with the product in
# float64. The tolerance is not a guess. In whatever order you add 784 products, the
# rounding error is at most about 784 times 2\ :sup:`-24` times the sum of their
# absolute values. If the first column of ``images`` is left out, that is seen.


def row_times_column(a, b):
    return torch.stack([torch.stack([(r * s).sum() for s in b.T]) for r in a])


ways = {
    "three loops": three_loops,
    "row times column": row_times_column,
    "broadcast and sum": lambda a, b: (a[:, :, None] * b).sum(1),
    "einsum": lambda a, b: torch.einsum("ik,kj->ij", a, b),
    "@": lambda a, b: a @ b,
}
exact = images.double() @ weights.double()
tolerance = 784 * 2**-24 * (images.double().abs() @ weights.double().abs())
one_left_out = images[:, 1:].double() @ weights[1:].double()
seen = ((one_left_out - exact).abs() > tolerance).any()
assert seen

times = {}
for name, way in ways.items():
    error = (way(images, weights).double() - exact).abs()
    within = (error < tolerance).all()
    assert within
    times[name] = seconds(way, images, weights)
    share, micro = f"{(error / tolerance).max():.4f}", f"{times[name] * 1e6:.0f} µs"
    print(f"{name:18} error/tolerance {measured(share)}, time {measured(micro)}")

# %%
# The same letters write what ``@`` needs transposes, or other functions, for. ``...``
# stands for all the axes that come before. In ``bi,oij,bj->bo``, a bilinear form, two
# letters are missing after the arrow, and so it sums twice.

import torch.nn.functional as F

batch, other = torch.randn(4, 5, 7, device=device), torch.randn(4, 7, 3, device=device)
stack, matrix = torch.randn(2, 4, 5, 7, device=device), other[0]
queries, keys = torch.randn(2, 2, 8, 6, 16, device=device)
p, q = torch.randn(9, 3, device=device), torch.randn(9, 4, device=device)
form = torch.randn(5, 3, 4, device=device)
cases = {
    "bik,bkj->bij": ((batch, other), torch.bmm(batch, other)),
    "...ik,kj->...ij": ((stack, matrix), stack @ matrix),
    "bhqd,bhkd->bhqk": ((queries, keys), queries @ keys.transpose(-2, -1)),
    "bi,oij,bj->bo": ((p, form, q), F.bilinear(p, q, form)),
}
for equation, (operands, expected) in cases.items():
    result = torch.einsum(equation, *operands)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)
    names = [name for name, *_ in operations(equation, *operands)]
    print(f"{equation:16} {tuple(result.shape)!s:13} runs", ", ".join(names))
    assert names.count("bmm") == 1

# %%
# Picture
# -------
#
# The product of the short answer. ``i`` counts downwards and ``j`` to the right, in the
# operands and in the result. ``k`` runs along a row of ``a`` and down a column of
# ``b``, where the marked cells meet.

import matplotlib.pyplot as plt

K_COLOR, I_COLOR, J_COLOR = "#0072b2", "#d55e00", "#009e73"


def draw(ax, matrix, left, top, marked):
    for (row, column), value in np.ndenumerate(matrix.cpu().numpy()):
        corner = (left + column, top - row - 1)
        fill = K_COLOR + "55" if marked(row, column) else "none"
        ax.add_patch(plt.Rectangle(corner, 1, 1, facecolor=fill, edgecolor="black"))
        x, y = corner[0] + 0.5, corner[1] + 0.5
        ax.annotate(f"{value:g}", (x, y), ha="center", va="center")


figure, ax = plt.subplots(figsize=(5.4, 4.2), layout="constrained")
draw(ax, a, 0, 2, lambda row, column: row == 1)
draw(ax, b, 4, 6, lambda row, column: column == 3)
draw(ax, c, 4, 2, lambda row, column: (row, column) == (1, 3))
for name, color, x, y in [
    ("i", I_COLOR, -0.4, 1),
    ("k", K_COLOR, 1.5, 2.4),
    ("k", K_COLOR, 3.6, 4.5),
    ("j", J_COLOR, 6, 6.4),
    ("i", I_COLOR, 3.6, 1),
    ("j", J_COLOR, 6, 2.4),
    ("a", "black", 1.5, -0.5),
    ("b", "black", 8.5, 4.5),
    ("c", "black", 8.5, 1),
]:
    ax.annotate(name, (x, y), ha="center", va="center", color=color, size=16)
ax.set(xlim=(-0.8, 9), ylim=(-0.9, 6.9), aspect="equal")
ax.set_axis_off()
ax.set_title("ik,kj->ij: 4·1 + 5·3 + 6·1 = 25")
ax.set_label(
    "Three tables of numbers: a, of two rows and three columns, at the left; b, of "
    "three rows and four columns, above; and c, of two rows and four columns, in the "
    "corner between them. The letter i stands beside the rows of a and of c, j above "
    "the columns of b and of c, and k above the columns of a and beside the rows of b. "
    "The second row of a, the last column of b, and the cell of c where they meet are "
    "marked."
)
assert c[1, 3] == 25

# %%
# And the times of the five ways. On another machine they differ. But three loops in
# Python pay for each of their 5 · 784 · 10 steps, and take over 100 times as long as
# ``einsum``.

figure, ax = plt.subplots(figsize=(7, 2.9), layout="constrained", num="timings")
microseconds = [1e6 * times[name] for name in ways]
ax.plot(microseconds, list(ways), "o", color=K_COLOR, markersize=9)
for place, micro in enumerate(microseconds):
    ax.annotate(f"   {micro:,.0f}", (micro, place), va="center")
ax.set_xscale("log")
ax.set(xlim=(1, max(microseconds) * 20), ylim=(4.5, -0.5))
ax.grid(axis="x", alpha=0.4)
ax.set_xlabel("microseconds for a (5, 784) by (784, 10) product, logarithmic")
ax.set_title("From three loops to @: times measured on this run")
ax.set_label(
    "Five dots on a logarithmic axis of microseconds, one below the other: three "
    "loops, row times column, broadcast and sum, einsum, and the at sign. The three "
    "loops take the longest, more than a hundred times as long as einsum."
)
slowest = max(times, key=times.get)
by_a_hundred = times["three loops"] > 100 * times["einsum"]
assert slowest == "three loops"
assert by_a_hundred

# %%
# Traps
# -----
#
# An axis of size 1 is stretched
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``@`` refuses a matrix with one column where three are summed over. (The axes of a
# batch it does stretch.) ``einsum`` repeats that column, as broadcasting does, and
# returns numbers. Other sizes it refuses. So check the shapes yourself where a 1 can
# come in.

from tensorglass import shows_error

one_column = torch.tensor([[1.0], [2]], device=device)
stretched = torch.einsum("ik,kj->ij", one_column, b)
print(stretched.tolist())
assert torch.equal(stretched, one_column.expand(2, 3) @ b)
with shows_error(RuntimeError, match="cannot be multiplied"):
    one_column @ b
with shows_error(RuntimeError, match="does not broadcast"):
    torch.einsum("ik,kj->ij", torch.ones(2, 2, device=device), b)

# %%
# Without an arrow, the alphabet decides
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Leave the arrow out, and the result has the letters that occur once, in the order of
# the alphabet. For ``ik,kj`` that is ``ij``, as you meant. For ``bj,ja`` it is ``ab``:
# the **transpose** of the product. Write the arrow.

assert torch.equal(torch.einsum("ik,kj", a, b), a @ b)
alphabetical = torch.einsum("bj,ja", a, b)
print("bj,ja gives", tuple(alphabetical.shape))
assert torch.equal(alphabetical, (a @ b).T)
assert torch.equal(torch.einsum("bj,ja->ba", a, b), a @ b)

# %%
# Both operands need the same dtype
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``a * b`` converts float32 to float64. ``@`` does not, nor does ``einsum`` where it
# sums a letter that both have, unless that axis has size 1 or 0, where it needs no
# matrix product, or another axis has size 0. (``autocast`` converts types
# of lower precision, and leaves float64 as it is.) The usual case is an array from
# NumPy. Convert it yourself.

doubles = b.double()
converted = b * doubles
assert converted.dtype == torch.float64
with shows_error(RuntimeError, match="expected scalar type|same dtype"):
    torch.einsum("ik,kj->ij", a, doubles)
with shows_error(RuntimeError, match="same dtype"):
    a @ doubles
with torch.autocast(device.type, torch.bfloat16):
    assert torch.einsum("ik,kj->ij", a, b.half()).dtype == torch.bfloat16
    with shows_error(RuntimeError, match="expected scalar type|same dtype"):
        torch.einsum("ik,kj->ij", a, doubles)
assert torch.equal(torch.einsum("ik,kj->ij", a, doubles.to(a.dtype)), c)
for size in (1, 0):
    by_einsum = torch.einsum("ik,kj->ij", a[:, :size], doubles[:size])
    assert by_einsum.dtype == torch.float64

# %%
# Some layouts are copied first
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``bmm`` wants the batch axes as one. Here there are 2 examples ``b`` and 8 heads
# ``h``. Where the heads come after the positions in memory, no view makes one axis of
# ``b`` and ``h``, and both operands are copied. In the proof the heads came first, and
# there was no copy.

q_after, k_after = torch.randn(2, 2, 6, 8, 16, device=device)
after = [name for name, *_ in operations("bqhd,bkhd->bhqk", q_after, k_after)]
first = [name for name, *_ in operations("bhqd,bhkd->bhqk", queries, keys)]
print("heads after the positions: ", *after)
print("heads before the positions:", *first)
assert q_after.shape[0] == 2
assert q_after.shape[2] == 8
assert after == ["clone", "clone", "bmm"]
assert first == ["bmm"]

# %%
# For three matrices, the order counts
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``einsum`` takes more than two operands, and multiplies two at a time. Which two come
# first can change the work a hundredfold. Where the package ``opt_einsum`` is
# installed, torch asks it for an order. Without it, torch goes from left to right.

tall = torch.randn(1000, 10, device=device)
wide, last = torch.randn(10, 1000, device=device), torch.randn(1000, 10, device=device)


def multiplications(calls):  # of the products of batches of matrices
    return sum(batch * n * k * m for _, (batch, n, k), (_, _, m) in calls)


assert torch.backends.opt_einsum.is_available()
chosen = operations("ij,jk,kl->il", tall, wide, last)
with torch.backends.opt_einsum.flags(enabled=False):
    left_first = operations("ij,jk,kl->il", tall, wide, last)
for name, calls in ("with opt_einsum", chosen), ("left to right", left_first):
    print(f"{name:15} {multiplications(calls):>10,} multiplications")
assert multiplications(chosen) == 10 * 1000 * 10 + 1000 * 10 * 10
assert multiplications(left_first) == 1000 * 10 * 1000 + 1000 * 1000 * 10
assert multiplications(left_first) == 100 * multiplications(chosen)

# %%
# The last digits may differ from those of ``@``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For two matrices ``@`` runs ``mm``, and ``einsum`` runs ``bmm``. The two may add in
# different orders, and the order changes the rounding. In float32, 100 million plus 1
# gives 100 million. So compare with a tolerance. ``torch.equal`` was safe above because
# those were small whole numbers.

with Operations() as direct:
    images @ weights
by_einsum = torch.einsum("ik,kj->ij", images, weights)
assert direct.calls == [("mm", (5, 784), (784, 10))]
torch.testing.assert_close(by_einsum, images @ weights, rtol=1e-4, atol=1e-3)

big = torch.tensor(100e6, device=device)
one_lost, one_kept = big + 1 - big, big - big + 1
print("in two orders:", one_lost.item(), "and", one_kept.item())
assert one_lost == 0
assert one_kept == 1

# %%
# On a GPU
# --------
#
# What can differ is the precision. By PyTorch's documentation a newer NVIDIA GPU may
# round the factors of a float32 product to TF32, which keeps 10 binary places, if you
# allow it: ``torch.set_float32_matmul_precision("high")``. That is off by default. The
# checks below hold for ``einsum`` and ``@`` on the device that this page ran on. On a
# CPU the setting changes nothing here.

print("this page ran on", device.type)
x, y = torch.randn(2, 64, 64, device=device)
exact, scale = x.double() @ y.double(), x.double().abs() @ y.double().abs()
before = torch.get_float32_matmul_precision()
errors = {}
for precision in ("highest", "high"):
    torch.set_float32_matmul_precision(precision)
    results = torch.einsum("ik,kj->ij", x, y), x @ y
    errors[precision] = [((r - exact).abs() / scale).max().item() for r in results]
    print(f"{precision:8} einsum's error", measured(f"{errors[precision][0]:.1e}"))
torch.set_float32_matmul_precision(before)

rounds_factors = device.type == "cuda" and torch.cuda.is_tf32_supported()
float32_error, tf32_error = 64 * 2**-24, 2 * 2**-10 + 64 * 2**-23
within = max(errors["highest"]) < float32_error and max(errors["high"]) < tf32_error
coarser = min(errors["high"]) > float32_error
assert within
assert coarser == rounds_factors
assert before == torch.get_float32_matmul_precision() == "highest"

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Write ``u.T @ v`` and ``v @ w.T`` with ``einsum``, without a transpose.
#
# Solution
# ^^^^^^^^
#
# The summed letter may stand anywhere.

u, v, w = (torch.randn(s, device=device) for s in [(6, 2), (6, 3), (5, 3)])
torch.testing.assert_close(torch.einsum("ki,kj->ij", u, v), u.T @ v)
torch.testing.assert_close(torch.einsum("ik,jk->ij", v, w), v @ w.T)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# For ``c = a @ b``, autograd gets ``g``, the gradient of the loss with respect to
# ``c``. Write the gradients for ``a`` and ``b`` with ``einsum``.
#
# Solution
# ^^^^^^^^
#
# Put ``g`` in the place of the operand you ask for, and ask for its letters.

left, right = a.clone().requires_grad_(), b.clone().requires_grad_()
g = torch.randint(-9, 10, (2, 4)).to(device, torch.float32)
torch.einsum("ik,kj->ij", left, right).backward(g)
assert torch.equal(left.grad, torch.einsum("ij,kj->ik", g, b))
assert torch.equal(right.grad, torch.einsum("ik,ij->kj", a, g))

# %%
# Take it home
# ------------
#
# A product of matrices, or of batches of them, that checks the axis it sums.


def matmul(a, b):
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"a has {a.shape[-1]} columns, but b has {b.shape[-2]} rows")
    return torch.einsum("...ik,...kj->...ij", a, b)


assert torch.equal(matmul(a, b), a @ b)
torch.testing.assert_close(matmul(stack, matrix), stack @ matrix)
with shows_error(ValueError, match="a has 1 columns, but b has 3 rows"):
    matmul(one_column, b)

# %%
# For your own tensors, ``plan_einsum`` tells what an equation means before you run it:
# the role of each letter, and the torch calls that compute it, with what they copy. A
# letter that is stretched is a warning. tensorglass has an ``einsum`` that runs such a
# plan and remembers it. It gives the values of ``torch.einsum``, up to rounding, and
# where sizes do not fit it names the letter and both sizes.

from tensorglass import EinsumError, einsum, plan_einsum

assert torch.equal(einsum("ik,kj->ij", a, b), c)
assert len(plan_einsum("ik,kj->ij", one_column, b).warnings) == 1
with shows_error(EinsumError, match="index k has size 2 in operand 0 and size 3"):
    einsum("ik,kj->ij", torch.ones(2, 2, device=device), b)

plan = plan_einsum("bqhd,bkhd->bhqk", q_after, k_after)
assert [step.copies for step in plan.steps] == [True, True, False]
plan

# %%
# References
# ----------
#
# - PyTorch: `torch.einsum
#   <https://docs.pytorch.org/docs/stable/generated/torch.einsum.html>`__ and
#   `torch.set_float32_matmul_precision
#   <https://docs.pytorch.org/docs/stable/generated/torch.set_float32_matmul_precision.html>`__.
# - PyTorch issues `#78275 <https://github.com/pytorch/pytorch/issues/78275>`__ (what
#   TF32 does), `#10661 <https://github.com/pytorch/pytorch/issues/10661>`__ and
#   `#101249 <https://github.com/pytorch/pytorch/issues/101249>`__ (where ``einsum`` is
#   slow), and `#110858 <https://github.com/pytorch/pytorch/issues/110858>`__ (where it
#   is faster than ``@``).
# - N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd edition, SIAM,
#   2002, section 3.1, on the rounding error of a sum of products.
# - The question, and the ladder, are from chapter 17 of *Deep Learning for Coders with
#   fastai and PyTorch* (J. Howard, S. Gugger, 2020).
