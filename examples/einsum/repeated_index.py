# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What does a repeated letter on the left of einsum mean?
=======================================================

People ask this because they read that a repeated letter is summed over, and then meet
an equation that repeats a letter and sums nothing.

:Level: beginner

Short answer
------------

The same letter means the **same index**: the axes with that letter are walked through
together, and the entries found there are multiplied. Repetition does not decide what is
summed. The right side does: a letter is summed if and only if it is missing there.
Without ``->``, as in ``ij,jk``, repetition does decide.
"""

import torch

v, w = torch.tensor([1.0, 2, 3]), torch.tensor([10.0, 20, 30])

kept = torch.einsum("i,i->i", v, w)  # i is on the right
summed = torch.einsum("i,i->", v, w)  # i is not
print("kept:  ", kept)
print("summed:", summed)
assert (kept.tolist(), summed.item()) == ([10, 40, 90], 10 + 40 + 90)

# %%
# A letter that appears once or twice on the left may be kept or summed. Hatched letters
# are summed. They are missing on the right.

# More: draws some equations, and checks what each of them sums
import itertools

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

plt.rcParams["hatch.linewidth"] = 0.6
COLORS = {"i": "#0072b2", "j": "#d55e00", "k": "#009e73"}


def box(ax, place, text, color, summed=False):
    x, y, width = place
    patch = Rectangle((x, y), width, 0.8, facecolor=(color, 0.3), edgecolor=color)
    if summed:
        patch.set(facecolor="none", hatch="//")
    ax.add_patch(patch)
    ax.text(x + width / 2, y + 0.4, text, ha="center", va="center", color="black")


figure, ax = plt.subplots(figsize=(4.4, 3.8), layout="constrained")
ax.set(xlim=(-2.1, 5.1), ylim=(-6.2, 1), title="Kept or summed: the right side decides")
ax.set_axis_off()
cases, told = set(), []
square = torch.tensor([[1.0, 2], [3, 4]])
shown = ["i,i->i", "i,i->", "ii->i", "ij->i", "ij,ik->k", "ij,jk->ik", "ij,ij->ij"]
for y, equation in enumerate(shown):
    ax.text(-0.2, 0.4 - y, equation, ha="right", va="center", family="monospace")
    left, output = equation.split("->")
    operands = [square if len(term) == 2 else square[1] for term in left.split(",")]
    letters = sorted(set(left) - {","})
    expected = torch.einsum(f"{left}->{''.join(letters)}", *operands)  # nothing summed
    for letter in letters:
        times = {1: "once", 2: "twice"}[left.count(letter)]
        fate = "kept" if letter in output else "summed"
        x = 1.8 * "ijk".index(letter)
        box(ax, (x, -y, 0.5), letter, COLORS[letter], summed=fate == "summed")
        ax.text(x + 0.6, 0.4 - y, f"{times},\n{fate}", va="center", color="black")
        cases.add((times, fate))
        told.append(f"{equation} has {letter} {times}, {fate}.")
    for axis, letter in reversed(list(enumerate(letters))):
        expected = expected if letter in output else expected.sum(axis)
    assert torch.equal(torch.einsum(equation, *operands), expected)
ax.set_label(" ".join(told))
assert cases == set(itertools.product(("once", "twice"), ("kept", "summed")))
assert torch.equal(torch.einsum("i,i", v, w), summed)  # without an arrow
assert torch.equal(torch.einsum("i", v), v)

# %%
# Take it home
# ------------
#
# A cheat sheet for float32 and float64, with torch's call beside each equation:

from torch.testing import assert_close

M, N = torch.arange(18.0).reshape(2, 3, 3)
assert_close(torch.einsum("ii->", M), M.trace())  # the sum of the diagonal
assert_close(torch.einsum("ii->i", M), M.diagonal())  # the diagonal, as a view
assert_close(torch.einsum("i,j->ij", v, w), torch.outer(v, w))  # no letter repeated
assert_close(torch.einsum("i,i->", v, w), v @ w)  # dot product
assert_close(torch.einsum("i,i->i", v, w), v * w)  # Hadamard product
assert_close(torch.einsum("ij,ij->ij", M, N), M * N)  # of matrices
assert_close(torch.einsum("ij,ij->", M, N), (M * N).sum())  # Frobenius product
assert_close(torch.einsum("ij,ij->i", M, N), (M * N).sum(1))  # dot products of rows
assert_close(torch.einsum("ij,jk->ik", M, N), M @ N)

# %%
# For your own tensors, or only their shapes, ``plan_einsum`` of this site's library
# names the role of each letter, and ``loops()`` writes the equation out as loops.

from tensorglass import plan_einsum

plan = plan_einsum("ij,ik->k", (2, 5), (2, 3))
print(plan.loops())
roles = {index.letter: index.roles for index in plan.indices}
assert roles == {"k": ("free",), "i": ("summed",), "j": ("summed",)}

# %%
# More: these lines find what an equation sums
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# What is summed is what stands on the left and not on the right, three dots included.


def summed_letters(equation):
    left, output = (side.replace("...", "…") for side in equation.split("->"))
    return sorted(set(left) - set(output) - set(", "))


for equation, letters in {
    "i,i->i": "",
    "ij,ik->k": "ij",
    "bqd,bkd->bqk": "d",
    "...i->i": "…",
}.items():
    print(f"{equation:12} sums over", summed_letters(equation))
    assert summed_letters(equation) == list(letters)

# %%
# Why
# ---
#
# Left of ``->``, each axis of each operand has a letter, and one letter is one index.
# For every combination of index values, multiply the entries found there, one from each
# operand. Add the product to the output's entry at the values of the output's letters.
# Letters that are not among those are thereby summed. (PyTorch documentation,
# ``torch.einsum``.) So ``ij,ik->k`` means:
#
# .. math:: r_k = \sum_i \sum_j A_{ij} \, B_{ik}

A = torch.tensor([[1.0, 2], [3, 4]])
B = torch.tensor([[5.0, 6], [7, 8]])
r = torch.einsum("ij,ik->k", A, B)

output = [0.0, 0.0]
for i in range(2):
    for j in range(2):
        for k in range(2):
            output[k] += A[i, j].item() * B[i, k].item()
assert output == r.tolist()

# %%
# All products that these loops make: one row for each ``i`` and ``j``, one column for
# each ``k``. The output has no ``i`` and no ``j``, so each column is added up.

# More: draws the products, and their sums
figure, ax = plt.subplots(figsize=(4.4, 3.6), layout="constrained")
ax.set(xlim=(-0.1, 6), ylim=(-4.3, 1.9), title="ij,ik->k sums over i and j, keeps k")
ax.set_axis_off()
totals = [0, 0]
for y, (i, j) in enumerate(itertools.product(range(2), range(2))):
    box(ax, (0, -y, 0.9), f"i = {i}", COLORS["i"], summed=True)
    box(ax, (1, -y, 0.9), f"j = {j}", COLORS["j"], summed=True)
    for k in range(2):
        a, b = int(A[i, j]), int(B[i, k])
        box(ax, (2.1 + 1.9 * k, -y, 1.8), f"{a} · {b} = {a * b}", "#808080")
        totals[k] += a * b
ax.text(1.9, -3.8, "sum of the column", ha="right", va="center", color="black")
for k, total in enumerate(totals):
    box(ax, (2.1 + 1.9 * k, 1, 1.8), f"k = {k}", COLORS["k"])
    box(ax, (2.1 + 1.9 * k, -4.2, 1.8), total, COLORS["k"])
ax.set_label(
    "Four rows, one for each pair of i and j, whose boxes are hatched. Two columns, "
    f"one for each k, of products. Their sums are {totals[0]} and {totals[1]}."
)
assert totals == r.tolist()

# %%
# More: the rule as a program, compared with torch on every small equation
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The rule is short enough to be a program. It knows nothing of matrices: it goes
# through all values of all letters. Before that it checks that no letter has two sizes,
# and that each letter of the output is on the left, and is in the output only once.
# From here on, tensors are on the GPU if there is one.

import math

import numpy as np
from tensorglass import default_device

device = default_device()
A, B, v, w = (tensor.to(device) for tensor in (A, B, v, w))


def by_loops(equation, *operands):
    left, output = equation.split("->")
    terms, sizes = left.split(","), {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, size in zip(term, operand.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ValueError(f"{letter} has two sizes")
    if not set(output) <= set(sizes) or len(set(output)) < len(output):
        raise ValueError("an output letter is unknown, or is there twice")
    result = np.zeros([sizes[letter] for letter in output])
    for values in itertools.product(*map(range, sizes.values())):
        value = dict(zip(sizes, values, strict=True))  # one for each letter
        factors = [
            operand[*(value[letter] for letter in term)]
            for term, operand in zip(terms, operands, strict=True)
        ]
        result[*(value[letter] for letter in output)] += math.prod(factors)
    return result


assert by_loops("ij,ik->k", A.cpu().numpy(), B.cpu().numpy()).tolist() == output

# %%
# First some equations that people use, with up to three operands. All entries are small
# whole numbers, which floats add without rounding. So we can ask for equality, of the
# loops, NumPy and torch.

SIZES = {"i": 2, "j": 3, "k": 4, "l": 5, "b": 3}
generator = torch.Generator().manual_seed(0)


def operands_for(equation):
    terms = equation.split("->")[0].split(",")
    shapes = [[SIZES[letter] for letter in term] for term in terms]
    draws = [torch.randint(1, 6, shape, generator=generator) for shape in shapes]
    return [draw.float().numpy() for draw in draws]


def by_torch(equation, *operands):
    return torch.einsum(equation, *(torch.from_numpy(x).to(device) for x in operands))


def outcomes(equation):
    operands, results = operands_for(equation), []
    for function in (by_loops, np.einsum, by_torch):
        try:
            results.append(function(equation, *operands).tolist())
        except (ValueError, RuntimeError):  # NumPy's error, and torch's
            results.append("refused")
    return results


used = ["i,i->i", "i,i->", "i,i,i->i", "i,i,i->", "i,j->ij", "ij->i", "ij->", "ij->ji"]
used += ["ii->i", "ii->", "ij,jk->ik", "ij,jk->ki", "ij,ik->k", "ij,ij->", "ij,ij->i"]
used += ["ij,ij->ij", "bij,bjk->bik", "bij,bjk->ik", "ij,jk,kl->il"]
for equation in used:
    loops, numpy, einsum = outcomes(equation)
    assert loops == numpy == einsum
    assert isinstance(loops, list | float)  # numbers, and no refusal
print(len(used), "equations: the loops, NumPy and torch agree")

# %%
# Then every equation with two operands of up to 2 axes, an output of up to 3 letters,
# and the letters ``i``, ``j`` and ``k``. No size is 1 here; for that see the traps. The
# three refuse the same equations, and compute the same numbers from the others.
# "Repeated letters are summed, the others are kept" fits 283 of the 1297 that run.

words = ["".join(w) for n in range(4) for w in itertools.product("ijk", repeat=n)]
short = [word for word in words if len(word) <= 2]
ran = refused = as_often_said = 0
for first, second, output in itertools.product(short, short, words):
    loops, numpy, einsum = outcomes(f"{first},{second}->{output}")
    assert loops == numpy == einsum
    if loops == "refused":
        refused += 1
    else:
        ran += 1
        both = first + second
        as_often_said += set(output) == {x for x in both if both.count(x) == 1}

print(f"{ran} equations ran, {refused} were refused, by all three alike")
print("what is often said fits", as_often_said)
assert (ran, refused, as_often_said) == (1297, 5463, 283)

# %%
# What is often said
# ------------------
#
# "A letter that appears twice is multiplied and then summed. So ``ij,ik->k`` multiplies
# the two matrices element by element along ``i`` and ``j``, and sums over ``i``." That
# gives other numbers. ``einsum`` sums ``j`` as well, which is missing on the right. So
# each row of ``A`` becomes its sum, 3 and 7. These weight the rows of ``B``.

as_told = (A * B).sum(dim=0)
result = torch.einsum("ij,ik->k", A, B)
print("as told:", as_told.tolist())
print("einsum: ", result.tolist())

assert as_told.tolist() == [1 * 5 + 3 * 7, 2 * 6 + 4 * 8]
assert result.tolist() == [64, 74]
assert A.sum(dim=1).tolist() == [3, 7]
assert result.tolist() == (3 * B[0] + 7 * B[1]).tolist()

# %%
# "Repeated letters are summed, the others are kept" is wrong both ways. The answer's
# own example, ``ij,ij->`` with the result 70, is right: no letter stands on the right.

print("i,i->i  of the first rows:", torch.einsum("i,i->i", A[0], B[0]).tolist())
print("ij->i   of A:             ", torch.einsum("ij->i", A).tolist())
print("ij,ij-> of A and B:       ", torch.einsum("ij,ij->", A, B).item())
assert torch.einsum("i,i->i", A[0], B[0]).tolist() == [1 * 5, 2 * 6]
assert torch.einsum("ij->i", A).tolist() == [1 + 2, 3 + 4]
assert torch.einsum("ij,ij->", A, B).item() == 70

# %%
# More: with 5 columns and 3, the explanation cannot be carried out
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``einsum`` does not mind: ``j`` and ``k`` are different letters, so they need not have
# the same size. (``shows_error`` prints an error that must come.)

from tensorglass import shows_error

five = torch.arange(10.0, device=device).reshape(2, 5)
three = torch.arange(6.0, device=device).reshape(2, 3)
print("einsum:", torch.einsum("ij,ik->k", five, three).tolist())
assert torch.einsum("ij,ik->k", five, three).tolist() == [105, 150, 195]
with shows_error(RuntimeError, match=r"tensor a \(5\) must match .* b \(3\)"):
    (five * three).sum(dim=0)

# %%
# Traps
# -----
#
# Without an arrow, the alphabet decides
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# If there is no ``->``, the output is the letters that occur exactly once, in
# alphabetical order, capitals first. So ``ji`` alone transposes, and ``bj,ja`` gives
# the *transpose* of the matrix product. Always write the output.

X = torch.arange(6.0, device=device).reshape(2, 3)
Y = torch.arange(12.0, device=device).reshape(3, 4)
print("bj,ja gives shape", tuple(torch.einsum("bj,ja", X, Y).shape))
assert torch.equal(torch.einsum("bj,ja", X, Y), (X @ Y).T)
assert torch.equal(torch.einsum("bj,ja->ba", X, Y), X @ Y)
assert torch.equal(torch.einsum("ji", X), X.T)

# %%
# More: every word of three letters without an arrow, capitals first
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``aB`` transposes too, since capitals come first.

assert torch.equal(torch.einsum("aB", X), X.T)
cube = torch.arange(8.0, device=device).reshape(2, 2, 2)
for word in map("".join, itertools.product("aBc", repeat=3)):
    once = "".join(sorted(x for x in word if word.count(x) == 1))  # capitals first
    written = torch.einsum(f"{word}->{once}", cube)
    assert torch.equal(torch.einsum(word, cube), written)

# %%
# Twice in one operand: the diagonal, as a view
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``ii`` reads the entries whose row and column are equal. ``ii->`` adds them up.
# ``ii->i`` keeps them, as a view: what you write to it changes the matrix. ``clone()``
# it first if you do not want that.

matrix = torch.tensor([[1.0, 2], [3, 4]], device=device)
diagonal = torch.einsum("ii->i", matrix)
print("ii->i:", diagonal.tolist(), "  ii->:", torch.einsum("ii->", matrix).item())
assert diagonal.tolist() == [1, 4]
assert torch.einsum("ii->", matrix).item() == 1 + 4

diagonal += 100
torch.einsum("ii->i", matrix).clone().zero_()
print(matrix)
assert matrix.tolist() == [[101, 2], [3, 104]]

# %%
# Size 1 is stretched in silence
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Between operands, an axis of size 1 fits every size of its letter, as in broadcasting.
# So a wrong shape may pass: here one prediction is scored against several targets. The
# plan of the library warns.

prediction = torch.full((1, 1), 10.0, device=device)
for n in range(1, 6):
    targets = torch.ones(1, n, device=device)
    score = torch.einsum("bi,bi->b", prediction, targets).item()
    print("against", n, "targets:", score)
    assert score == 10 * n
assert len(plan_einsum("bi,bi->b", prediction, targets).warnings) == 1

# %%
# More: what is refused
# ~~~~~~~~~~~~~~~~~~~~~
#
# A letter may be repeated on the left as often as you like, and in the output not at
# all: ``i->ii`` does not build a diagonal matrix. A letter that appears only in the
# output is refused, because nothing tells its size. So are two sizes for one letter,
# unless one of them is 1. Within one operand, as in ``ii``, they must be equal.

with shows_error(RuntimeError, match="output subscript i appears more than once"):
    torch.einsum("i->ii", v)
with shows_error(RuntimeError, match="output subscript j does not appear"):
    torch.einsum("i->j", v)
with shows_error(RuntimeError, match="subscript i has size 3 .* seen size 2"):
    torch.einsum("ij,ik->k", X, Y)
with shows_error(RuntimeError, match="subscript i is repeated for operand 0"):
    torch.einsum("ii->", targets)

# %%
# More: three dots may vanish too
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``...`` stands for the axes without a letter. If you forget it in the output, torch
# treats it like a letter that is missing there, and sums those axes. NumPy refuses,
# unless it is to optimize; then it sums them too.

batch = torch.ones(2, 5, 3, device=device)
print("...i->i:", torch.einsum("...i->i", batch).tolist())
assert torch.equal(torch.einsum("...i->i", batch), batch.sum(dim=(0, 1)))
assert torch.einsum("...i->i", batch).tolist() == [10, 10, 10]
assert torch.equal(torch.einsum("...i->...", batch), batch.sum(dim=2))
assert len(plan_einsum("...i->i", batch).warnings) == 1
with shows_error(ValueError, match="output has more dimensions than subscripts"):
    np.einsum("...i->i", batch.cpu().numpy())
assert np.einsum("...i->i", batch.cpu().numpy(), optimize=True).tolist() == [10, 10, 10]

# %%
# On a GPU
# --------
#
# The letters mean the same on every device. Sums of floats may be added in another
# order, and so differ in the last digits, or overflow on the way. And on a GPU PyTorch
# has no matrix product for integers, which ``einsum`` needs to sum a letter that two
# operands share; where this page runs on one, it shows the error.

# More: compares with float64, and tries integers
x, y = torch.rand(2, 200, 3, generator=generator)
on_device = torch.einsum("ij,ik->k", x.to(device), y.to(device)).cpu().double()
exact = torch.einsum("ij,ik->k", x.double(), y.double())
print("this page ran on", device.type)
torch.testing.assert_close(on_device, exact, rtol=1e-5, atol=0)

integers = A.long(), B.long()
assert torch.einsum("ij,ij->ij", *integers).tolist() == [[5, 12], [21, 32]]
if device.type == "cuda":
    with shows_error(NotImplementedError, match="not implemented for 'Long'"):
        torch.einsum("ij,ik->k", *integers)
else:
    assert torch.einsum("ij,ik->k", *integers).tolist() == [64, 74]

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# ``x`` has shape (8, 2, 3) and ``y`` has shape (8, 3, 4). Which letters are summed in
# ``bij,bjk->bik``, which in ``bij,bjk->ik``, and what are the shapes?
#
# Solution
# ^^^^^^^^
#
# In the first only ``j``: it is the matrix product, for each of the 8 batches. In the
# second ``b`` as well: the sum of the 8 products.

x, y = torch.rand(8, 2, 3, device=device), torch.rand(8, 3, 4, device=device)
products = torch.einsum("bij,bjk->bik", x, y)
their_sum = torch.einsum("bij,bjk->ik", x, y)
assert products.shape == (8, 2, 4)
assert their_sum.shape == (2, 4)
torch.testing.assert_close(products, x @ y)
torch.testing.assert_close(their_sum, (x @ y).sum(dim=0))

# %%
# Exercise 2
# ~~~~~~~~~~
#
# ``i->ii`` is refused. Put a vector on the diagonal of a matrix of zeros with
# ``einsum`` nevertheless.
#
# Solution
# ^^^^^^^^
#
# Write through the view.

square = torch.zeros(3, 3, device=device)
torch.einsum("ii->i", square).copy_(v)
print(square)
assert torch.equal(square, torch.diag(v))

# %%
# References
# ----------
#
# - PyTorch: `torch.einsum
#   <https://docs.pytorch.org/docs/stable/generated/torch.einsum.html>`__.
# - NumPy: `numpy.einsum
#   <https://numpy.org/doc/stable/reference/generated/numpy.einsum.html>`__.
# - Stack Overflow: `Understanding NumPy's einsum
#   <https://stackoverflow.com/questions/26089893/understanding-numpys-einsum>`__.
# - PyTorch issue `#15671 <https://github.com/pytorch/pytorch/issues/15671>`__, which
#   asked for the stretching of size 1; NumPy issues `#21787
#   <https://github.com/numpy/numpy/issues/21787>`__, on ``i->ii``, and `#9984
#   <https://github.com/numpy/numpy/issues/9984>`__, on ``...`` missing in the output.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
