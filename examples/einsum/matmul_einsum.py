# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
How do I write a matrix product with einsum?
============================================

People ask this when they know ``@`` and meet strings such as ``"ik,kj->ij"`` in
somebody's code.

:Level: beginner

Short answer
------------

``torch.einsum("ik,kj->ij", a, b)`` is ``a @ b``, for dense matrices of one dtype whose
sizes fit. Each letter names an axis. ``i`` and ``j`` stand after the arrow: the result
keeps them. ``k`` does not: the products are summed over it. Write ``@`` where it is
enough, and ``einsum`` where you would have to transpose first.
"""

import torch

a = torch.tensor([[1.0, 2, 3], [4, 5, 6]])
b = torch.tensor([[1.0, 0, 2, 1], [0, 1, 1, 3], [2, 2, 0, 1]])

c = torch.einsum("ik,kj->ij", a, b)
print(c)
assert c.tolist() == (a @ b).tolist() == [[7, 8, 4, 10], [16, 17, 13, 25]]

# %%
# ``k`` runs along a row of ``a`` and down a column of ``b``. The three products of the
# marked numbers are added, and their sum is the marked number of ``c``.

# More: draws the three matrices, with a letter beside each axis
import matplotlib.pyplot as plt
import numpy as np

K_COLOR, I_COLOR, J_COLOR = "#0072b2", "#d55e00", "#009e73"


def draw(ax, matrix, left, top, marked):
    for (row, column), value in np.ndenumerate(matrix.numpy()):
        corner = (left + column, top - row - 1)
        fill = K_COLOR + "55" if marked(row, column) else "none"
        ax.add_patch(plt.Rectangle(corner, 1, 1, facecolor=fill, edgecolor="black"))
        x, y = corner[0] + 0.5, corner[1] + 0.5
        ax.annotate(f"{value:g}", (x, y), ha="center", va="center")


figure, ax = plt.subplots(figsize=(4.3, 3.5), layout="constrained")
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
assert c[1, 3].item() == 4 * 1 + 5 * 3 + 6 * 1

# %%
# Take it home
# ------------
#
# ``@`` or ``einsum``? For two matrices, ``@``: it takes less time to call, and
# stretches no summed axis. ``einsum`` reads better where axes must move first, as in
# attention, with heads ``h`` and features ``d``:

torch.manual_seed(0)
queries, keys = torch.randn(2, 8, 128, 4, 64)  # 8 examples, 128 positions, 4 heads

scores = torch.einsum("bqhd,bkhd->bhqk", queries, keys)
the_same = queries.permute(0, 2, 1, 3) @ keys.permute(0, 2, 3, 1)

print(tuple(queries.shape), "and", tuple(keys.shape), "give", tuple(scores.shape))
torch.testing.assert_close(scores, the_same, rtol=1e-4, atol=1e-3)

# %%
# For your own tensors, or only their shapes, this site's library tells the role of each
# letter, and the torch calls that compute the equation.

from tensorglass import plan_einsum

plan = plan_einsum("bqhd,bkhd->bhqk", (8, 128, 4, 64), (8, 128, 4, 64))
assert [index.letter for index in plan.indices if "summed" in index.roles] == ["d"]
plan

# %%
# Why
# ---
#
# The letters before the arrow name the axes of the operands, in order. The same letter
# is the same index. The letters after the arrow name the axes of the result, and the
# products are summed over every letter that is missing there. (PyTorch documentation,
# ``torch.einsum``.) So ``ik,kj->ij`` is the matrix product:
#
# .. math:: c_{ij} = \sum_k a_{ik} \, b_{kj}
#
# Which letters you take does not matter, only where they are the same.


def three_loops(a, b):
    c = torch.zeros(a.shape[0], b.shape[1], device=a.device)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c


products = torch.einsum("ik,kj->ikj", a, b)  # no letter is missing: nothing is summed
assert torch.equal(products, a[:, :, None] * b)
assert torch.equal(products.sum(1), c)  # k was axis 1
assert torch.equal(torch.einsum("xq,qZ->xZ", a, b), three_loops(a, b))

# %%
# More: all sizes from 0 to 4, compared with the loops
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# All pairs of matrices with sizes from 0 to 4, filled with whole numbers, so that
# nothing is rounded: ``einsum`` gives exactly what three loops give. With no ``k`` at
# all, the sum of nothing is 0. From here on, tensors are on the GPU if there is one.

import itertools

from tensorglass import default_device

device = default_device()
a, b, c = a.to(device), b.to(device), c.to(device)

compared = 0
for n, inner, m in itertools.product(range(5), repeat=3):
    left = torch.randint(-9, 10, (n, inner)).to(device, torch.float32)
    right = torch.randint(-9, 10, (inner, m)).to(device, torch.float32)
    result = torch.einsum("ik,kj->ij", left, right)
    assert torch.equal(result, three_loops(left, right))
    compared += 1
print(compared, "products equal the three loops")
assert compared == 5**3
assert torch.equal(torch.einsum("ik,kj->", a, b), c.sum())

# %%
# What is often said
# ------------------
#
# "Write ``ij, jk -> ik`` and call ``np.einsum``." That is right, and the spaces do no
# harm. But the copied code checks nothing. With the last two letters swapped it runs as
# well, and prints the transpose.

by_loops = three_loops(a, b).tolist()
arrays = a.cpu().numpy(), b.cpu().numpy()
product, swapped = (np.einsum(s, *arrays) for s in ("ij, jk -> ik", "ij, jk -> ki"))
print("ij, jk -> ik:", product.tolist())
print("ij, jk -> ki:", swapped.tolist())
assert product.tolist() == torch.einsum("ij, jk -> ik", a, b).tolist() == by_loops
assert swapped.T.tolist() == by_loops

# %%

# More: records which operations torch runs (without views), and how long they take
from unittest.mock import patch

from opt_einsum import contract_path
from tensorglass import measured, shares_memory
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.benchmark import Timer


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


def seconds(function, *args):  # the best of many, on one thread; a GPU is waited for
    timer = Timer("function(*args)", globals={"function": function, "args": args})
    return min(timer.blocked_autorange(min_run_time=0.05).times)


def slower(equation, by_hand, *operands):
    """Return how many times as long einsum takes, and by how many microseconds."""
    einsum = seconds(lambda *x: torch.einsum(equation, *x), *operands)
    other = seconds(by_hand, *operands)
    said = f"{einsum / other:.1f} times as long, {1e6 * (einsum - other):.0f} µs more"
    print(f"{equation:14} {measured(said)}")
    return einsum / other, 1e6 * (einsum - other)


# %%
# "``einsum`` is fast." In torch it is as fast as what it calls. For this matrix product
# that is ``bmm``, torch's product of batches of matrices, and nothing else.

images = torch.randn(5, 784, device=device)
weights = torch.randn(784, 10, device=device)
calls = operations("ik,kj->ij", images, weights)
print(calls)
assert calls == [("bmm", (1, 5, 784), (1, 784, 10))]

# %%
# Reading the string takes some microseconds more than ``@``. In two cases a CPU runs
# plain torch many times faster. For three small matrices ``einsum`` first searches a
# good order, at every call. For the dot products of 500 columns it runs 500 matrix
# products.

small, columns = torch.randn(3, 3, 3, device=device), torch.randn(500, 500).to(device)
one_product = slower("ik,kj->ij", torch.matmul, images, weights)
three_small = slower("ij,jk,kl->il", lambda a, b, c: a @ b @ c, *small)
columns_dot = slower("ib,ib->b", lambda a, b: (a * b).sum(0), columns, columns)
dots = operations("ib,ib->b", columns, columns)
assert dots == [("bmm", (500, 1, 500), (500, 500, 1))]
with patch("opt_einsum.contract_path", wraps=contract_path) as search:
    for _ in range(3):
        torch.einsum("ij,jk,kl->il", *small)
assert search.call_count == 3

little_more = 0 < one_product[1] < 200  # microseconds
many_times = min(three_small[0], columns_dot[0]) > 3
assert little_more
if device.type == "cpu":
    assert many_times

# %%
# More: a ladder of five ways, from three loops to ``@``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With fractions, float32 rounds, and each way of adding rounds in its own order. We
# compare each way with the product in float64. The tolerance is not a guess. In
# whatever order you add 784 products, the rounding error is at most about 784 times 2\
# :sup:`-24` times the sum of their absolute values. If the first column of ``images``
# is left out, that is seen.


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
# On another machine the times differ. But three loops in Python pay for each of their
# 5 · 784 · 10 steps, and take over 100 times as long as ``einsum``.

# More: draws the times of the five ways
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
# More: batches, attention, a bilinear form: one ``bmm`` each
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The same letters write what ``@`` needs transposes, or other functions, for; with
# these sizes, torch runs one ``bmm`` for each. ``...`` stands for all the axes that
# come before. In ``bi,oij,bj->bo``, a bilinear form, two letters are missing after the
# arrow, and so it sums twice.

import torch.nn.functional as F

batch, other = torch.randn(4, 5, 7, device=device), torch.randn(4, 7, 3, device=device)
stack, matrix = torch.randn(2, 4, 5, 7, device=device), other[0]
q_first, k_first = torch.randn(2, 2, 8, 6, 16, device=device)
p, q = torch.randn(9, 3, device=device), torch.randn(9, 4, device=device)
form = torch.randn(5, 3, 4, device=device)
cases = {
    "bik,bkj->bij": ((batch, other), torch.bmm(batch, other)),
    "...ik,kj->...ij": ((stack, matrix), stack @ matrix),
    "bhqd,bhkd->bhqk": ((q_first, k_first), q_first @ k_first.transpose(-2, -1)),
    "bi,oij,bj->bo": ((p, form, q), F.bilinear(p, q, form)),
}
for equation, (operands, expected) in cases.items():
    result = torch.einsum(equation, *operands)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)
    names = [name for name, *_ in operations(equation, *operands)]
    print(f"{equation:16} {tuple(result.shape)!s:13} runs", ", ".join(names))
    assert names.count("bmm") == 1

# %%
# Traps
# -----
#
# An axis of size 1 is stretched
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``@`` refuses a matrix with one column where three are summed over. ``einsum`` repeats
# that column, as broadcasting does, and returns numbers. Other sizes it refuses.
# (``shows_error`` prints an error that must come.)

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
# More: a product that checks the axis it sums
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Where a 1 can come in, check the sizes yourself. (The axes of a batch are stretched by
# ``@`` too.) Or let the library do it: ``plan_einsum`` warns of a letter that is
# stretched. Its ``einsum`` runs such a plan and remembers it. It gives the values of
# ``torch.einsum``, up to rounding, and where sizes do not fit it names the letter and
# both sizes.

from tensorglass import EinsumError, einsum


def matmul(a, b):
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"a has {a.shape[-1]} columns, but b has {b.shape[-2]} rows")
    return torch.einsum("...ik,...kj->...ij", a, b)


assert torch.equal(matmul(a, b), a @ b)
torch.testing.assert_close(matmul(stack, matrix), stack @ matrix)
torch.testing.assert_close(matmul(batch[:1], other), batch[:1] @ other)
with shows_error(ValueError, match="a has 1 columns, but b has 3 rows"):
    matmul(one_column, b)

assert torch.equal(einsum("ik,kj->ij", a, b), c)
assert len(plan_einsum("ik,kj->ij", one_column, b).warnings) == 1
with shows_error(EinsumError, match="index k has size 2 in operand 0 and size 3"):
    einsum("ik,kj->ij", torch.ones(2, 2, device=device), b)

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
# ``a * b`` converts float32 to float64. A matrix product does not, with ``@`` or with
# ``einsum``. An array from NumPy is the usual case. Convert it yourself.

doubles = b.double()
with shows_error(RuntimeError, match="expected scalar type|same dtype"):
    torch.einsum("ik,kj->ij", a, doubles)
with shows_error(RuntimeError, match="same dtype"):
    a @ doubles
assert torch.equal(torch.einsum("ik,kj->ij", a, doubles.to(a.dtype)), c)
converted = b * doubles
assert converted.dtype == torch.float64

# %%
# More: where dtypes may differ, and ``autocast``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``einsum`` refuses two dtypes where it sums a letter that both operands have, unless
# that axis has size 1 or 0, where it needs no matrix product, or an axis of the result
# has size 0. Where a matrix product runs, ``autocast`` converts float32 and types of
# lower precision, and leaves float64 as it is.

with torch.autocast(device.type, torch.bfloat16):
    assert torch.einsum("ik,kj->ij", a, b.half()).dtype == torch.bfloat16
    with shows_error(RuntimeError, match="expected scalar type|same dtype"):
        torch.einsum("ik,kj->ij", a, doubles)
for size in (1, 0):
    by_einsum = torch.einsum("ik,kj->ij", a[:, :size], doubles[:size])
    assert by_einsum.dtype == torch.float64
assert torch.einsum("ik,kj->ij", a[:0], doubles).dtype == torch.float64

# %%
# More: some layouts are copied first
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``bmm`` wants the batch axes as one. Here there are 2 examples ``b`` and 8 heads
# ``h``. Where the heads come after the positions in memory, no view makes one axis of
# ``b`` and ``h``, and both operands are copied. Where the heads come first, there is no
# copy. The plan of the library says which.

q_after, k_after = torch.randn(2, 2, 6, 8, 16, device=device)
after = [name for name, *_ in operations("bqhd,bkhd->bhqk", q_after, k_after)]
first = [name for name, *_ in operations("bhqd,bhkd->bhqk", q_first, k_first)]
print("heads after the positions: ", *after)
print("heads before the positions:", *first)
assert q_after.shape[0] == 2
assert q_after.shape[2] == 8
assert after == ["clone", "clone", "bmm"]
assert first == ["bmm"]
plan = plan_einsum("bqhd,bkhd->bhqk", q_after, k_after)
assert [step.copies for step in plan.steps] == [True, True, False]

# %%
# More: for three matrices, the order counts
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
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
# More: the last digits may differ from those of ``@``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For these two matrices ``@`` runs ``mm``, and ``einsum`` runs ``bmm``. The two may add
# in different orders, and the order changes the rounding. In float32, 100 million plus
# 1 gives 100 million. So compare with a tolerance. An exact comparison was safe above
# because those were small whole numbers.

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
# By PyTorch's documentation a newer NVIDIA GPU may round the factors of a float32
# product to TF32, which keeps 10 binary places, if you allow it:
# ``torch.set_float32_matmul_precision("high")``. That is off by default. It concerns
# ``einsum`` and ``@`` alike. On a CPU the setting changes nothing here.

# More: compares both settings with float64, within bounds
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
