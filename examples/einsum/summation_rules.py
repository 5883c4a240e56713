# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy>=2.4", "opt_einsum>=3.4", "matplotlib>=3.11"]
# ///
"""
What are the three rules of Einstein summation, and why?
========================================================

People ask this because ``torch.einsum`` is named after the convention, and runs what
the convention forbids.

Short answer
------------

First, an index that occurs twice in a term is summed. Second, no index occurs more than
twice in a term: one could not tell which pair is meant. Third, every term of an
equation has the same free indices: those that occur once. So the sum sign can be left
out, and what obeys the rules does not depend on how the axes of the coordinates are
turned. ``torch.einsum`` does not enforce them.
"""

import torch
from tensorglass import default_device

device = default_device()  # a GPU if there is one

turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]], device=device)  # a rotation
v = torch.tensor([1.0, 2.0], device=device)
w = torch.tensor([3.0, 4.0], device=device)

dot = torch.einsum("i,i->", v, w)
turned_dot = torch.einsum("i,i->", turn @ v, turn @ w)
print(f"v_i w_i:     {dot:.1f} before the turn, {turned_dot:.1f} after")
torch.testing.assert_close(turned_dot, dot)

thrice = torch.einsum("i,i,i->", v, v, w)  # breaks the second rule, and runs
turned_thrice = torch.einsum("i,i,i->", turn @ v, turn @ v, turn @ w)
print(f"v_i v_i w_i: {thrice:.1f} before the turn, {turned_thrice:.1f} after")
assert (dot.item(), thrice.item()) == (11, 19)
torch.testing.assert_close(turned_thrice, torch.tensor(17.8, device=device))

# %%
# What is often said
# ------------------
#
# The widely copied answer says that an index is summed when it stands once below and
# once above, and gives A_ij B_ij as the example. In that example nothing stands above.
# Read by its own rule, nothing would be summed. In an orthonormal basis the position
# does not matter, and both indices are summed; above and below come back further down.

import re

a = torch.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
b = torch.tensor([[5.0, 6.0], [7.0, 8.0]], device=device)
for term in ("A^ij B_ij", "A_ij B_ij", "A_ij B_jk"):
    below, above = re.findall(r"_(..)", term), re.findall(r"\^(..)", term)
    summed = set("".join(below)) & set("".join(above))
    print(f"{term}: above {above}, below {below}: that answer sums {sorted(summed)}")
    assert summed == (set("ij") if "^" in term else set())
print("yet the sum over both is", torch.einsum("ij,ij->", a, b).item())
assert torch.einsum("ij,ij->", a, b) == (a * b).sum() == 70

# %%
# As its second rule it says: an index that occurs once is free, and stays. That is
# right, but it is a definition, and forbids nothing. As its third it says: one index
# below and one above, as the j in A_ij B_jk, means an elementwise product. But there no
# j stands above, and what comes out is the matrix product. And as the reason for all
# that it names brevity. That is half of it: the sum signs are indeed left out. But
# ``i,i,i->``, which the real second rule forbids, is as short, and runs. The other half
# is that what obeys the rules means the same in turned coordinates; see the proof.
#
# The notebooks of the book's revised edition give three rules for einsum instead:
# letters that are repeated on the left are summed unless they stand on the right; no
# letter stands there more than twice; and one that is not repeated stands on the right.
# Torch keeps the first. It runs what the other two forbid.

product = torch.einsum("ij,jk->ik", a, b)
print("A_ij B_jk:          ", product.tolist())
print("elementwise product:", (a * b).tolist())
assert product.tolist() == (a @ b).tolist() == [[19, 22], [43, 50]]
assert (a * b).tolist() == [[5, 12], [21, 32]]
assert torch.einsum("i,i,i->", v, v, w) == (v * v * w).sum()
assert torch.einsum("i,i->i", v, w).tolist() == [3, 8]  # repeated, on the right: kept
assert torch.einsum("ij->i", a).tolist() == [3, 7]  # j is not repeated, and summed

# %%
# The rule
# --------
#
# A term is a product of factors, such as :math:`A_{ij} v_j`. An equation sets a sum of
# terms equal to another one. (Einstein 1916, section 5; MathWorld, *Einstein
# Summation*, has the three as a list.)
#
# 1. An index that occurs twice in a term is summed.
# 2. No index occurs more than twice in a term.
# 3. Every term of an equation has the same free indices.
#
# Here j occurs twice and is summed, and i is free. The convention leaves the sum sign
# away:
#
# .. math:: r_i = A_{ij} v_j \quad \text{means} \quad r_i = \sum_j A_{ij} v_j
#
# An einsum equation has one term, and the result: this one is ``ij,j->i``. So for
# einsum the three rules become one: **each letter occurs exactly twice, at most once of
# these in the output**. Torch asks for less. Of all this it keeps a part of rule 3: a
# letter of the output must occur in the inputs, and only once in the output.

from collections import Counter

from tensorglass import shows_error


def follows_the_rules(equation):
    """Tell whether each letter occurs exactly twice, at most once in the output."""
    output = equation.split("->")[1]
    twice = set(Counter(filter(str.isalpha, equation)).values()) <= {2}
    return twice and len(set(output)) == len(output)


examples = {
    "ij,j->i": ("none", "follows all three"),
    "i,i->i": ("rule 1", "i occurs twice, so it is summed"),
    "i,i,i->": ("rule 2", "i occurs three times"),
    "ij->i": ("rule 3", "j is free on the left alone"),
}
print("breaks   equation  the convention says               torch.einsum")
for equation, (rule, reason) in examples.items():
    inputs = equation.split("->")[0].split(",")
    result = torch.einsum(equation, *[a if len(x) == 2 else v for x in inputs])
    print(f"{rule:8} {equation:9} {reason:33} runs: {result.tolist()}")
    assert follows_the_rules(equation) == (rule == "none")
print("rule 3   i->j      the free indices differ           refuses:")
with shows_error(RuntimeError, match="does not appear"):
    torch.einsum("i->j", v)
print("rule 3   i->ii     i is summed on the right alone    refuses:")
with shows_error(RuntimeError, match="more than once"):
    torch.einsum("i->ii", v)
for refused in ("i->j", "i->ii", "->ii"):
    assert not follows_the_rules(refused)
sums = [sum(a[i, j] * v[j] for j in (0, 1)) for i in (0, 1)]
assert torch.einsum("ij,j->i", a, v).tolist() == sums

# %%
# In which bases? Between orthonormal bases the change is an orthogonal matrix, such as
# a rotation, and above or below does not matter. In general it is an invertible matrix
# ``C``. Then one index of a pair must stand above: its components change with ``C``.
# The other one must stand below: its components change with the inverse transpose of
# ``C``. The sum over such a pair stays. The sum over two indices above does not: for
# A_ij B_ij it goes from 70 to 2245. The strings of einsum have no above and below.

C = torch.tensor([[2.0, 1.0], [1.0, 1.0]], device=device)
inverse_transpose = torch.tensor([[1.0, -1.0], [-1.0, 2.0]], device=device)
assert torch.equal(inverse_transpose.T @ C, torch.eye(2, device=device))

both_above = torch.einsum("i,i->", C @ v, C @ w).item()
one_below = torch.einsum("i,i->", C @ v, inverse_transpose @ w).item()
print("before:", dot.item(), " both with C:", both_above, " one below:", one_below)
assert (both_above, one_below) == (61, 11)
assert one_below == dot
changed = torch.einsum("ij,ij->", C @ a @ C.T, C @ b @ C.T)
print("A_ij B_ij:", torch.einsum("ij,ij->", a, b).item(), "and then", changed.item())
assert changed == 2245

# %%
# Proof
# -----
#
# First: what follows the rules stays. In turned coordinates each index brings a factor
# Q, the matrix of the rotation. The two factors of a summed pair meet as Q transposed
# times Q. That is the identity, and they are gone. A free index hands its factor on to
# the result. So if an expression follows the rules, then turning first and computing
# last gives the same as computing first and turning the result last. (It is called
# equivariant, or invariant if the result is a number.) We draw 20 random rotations. The
# difference between the two, relative to the larger one, we call the move.

import itertools

TURNS = 20
generator = torch.Generator().manual_seed(0)


def draw(*shape):
    """Return random numbers, with an axis ``s`` in front that counts the rotations."""
    return torch.randn(TURNS, *shape, generator=generator, dtype=torch.float64)


skew = draw(3, 3)
rotations = torch.linalg.matrix_exp(skew - skew.mT).to(device)
vectors = [draw(3).to(device) for _ in range(3)]
matrices = [draw(3, 3).to(device) for _ in range(3)]


def turned(tensor):
    """Turn each axis but the first one, which counts the rotations."""
    for axis in range(1, tensor.dim()):
        in_front = tensor.movedim(axis, 1)
        in_front = torch.einsum("sij,sj...->si...", rotations, in_front)
        tensor = in_front.movedim(1, axis)
    return tensor


def moves(equation):
    """Return by how much each rotation moves the result: 0 is not at all."""
    inputs, output = equation.split("->")
    with_s = ",".join(f"s{x}" for x in inputs.split(",")) + f"->s{output}"
    sources = {1: vectors, 2: matrices}  # each factor has entries of its own
    operands = [sources[len(x)][n] for n, x in enumerate(inputs.split(","))]
    turn_first = torch.einsum(with_s, *[turned(x) for x in operands])
    turn_last = turned(torch.einsum(with_s, *operands))
    difference, first, last = (
        x.reshape(TURNS, -1).norm(dim=1)
        for x in (turn_first - turn_last, turn_first, turn_last)
    )
    return (difference / torch.maximum(first, last)).cpu()


identity = torch.eye(3, dtype=torch.float64, device=device).expand_as(rotations)
torch.testing.assert_close(rotations.mT @ rotations, identity)
for equation in ("i,i->", "ii->", "ij,j->i", "i,i,i->", "ii->i", "ij->i"):
    print(f"{equation:8} moves by {moves(equation).median().item():.2f}, in the median")
still = torch.cat([moves(equation) for equation in ("i,i->", "ii->", "ij,j->i")])
torch.testing.assert_close(still, torch.zeros_like(still), rtol=0, atol=1e-10)

# %%
# Now the other half: does everything else move? Here we count cases rather than argue.
# We take all expressions with up to three factors, each a vector or a matrix of size 3
# with random entries of its own, whose indices are called i, j and k (a fourth letter
# is not covered), and with every possible output. What follows the
# rules stays in all 20 rotations, up to rounding. Everything else moves, by more than a
# tenth in the median. One rotation and one set of entries that move it are enough: it
# depends on the basis. (For particular entries it may stay: a sum of zeros is zero in
# all coordinates.)


def expressions():
    """Yield them all, up to the order of the factors and the names of the letters."""
    for factors in (1, 2, 3):
        for ranks in itertools.combinations_with_replacement((1, 2), factors):
            for letters in itertools.product("ijk", repeat=sum(ranks)):
                names = "".join(dict.fromkeys(letters))
                if not "ijk".startswith(names):
                    continue  # the first letter is i, the first other one is j
                rest = iter(letters)
                parts = ["".join(itertools.islice(rest, rank)) for rank in ranks]
                for kept in range(len(names) + 1):
                    for output in itertools.permutations(names, kept):
                        yield f"{','.join(parts)}->{''.join(output)}"


def obeys_all_three(equation):
    """Go by the three rules one by one, where `follows_the_rules` only counts."""
    inputs, output = equation.split("->")
    occurs = Counter(inputs.replace(",", ""))
    free = [letter for letter, times in occurs.items() if times == 1]
    return max(occurs.values()) <= 2 and sorted(output) == sorted(free)


moved = {equation: moves(equation) for equation in expressions()}
lawful = [equation for equation in moved if follows_the_rules(equation)]
lawless = [equation for equation in moved if not follows_the_rules(equation)]
rounding, tenth = 1e-10, 0.1
stay = [equation for equation in moved if moved[equation].max() < rounding]
move = [equation for equation in moved if moved[equation].median() > tenth]
print(len(moved), "expressions, of which", len(lawful), "follow the rules")
assert lawful == [equation for equation in moved if obeys_all_three(equation)]
assert stay == lawful
assert move == lawless
assert (len(moved), len(lawful)) == (2422, 85)
assert torch.einsum("i,i,i->", turn @ v, turn @ v, turn @ (0 * w)) == 0

# %%
# Picture
# -------
#
# The moves of some of these expressions, one dot a rotation. Those that follow the
# rules stay: what is left is rounding, and their dots lie on one another at the left.
# The others move by about their own size, which is 1 on the axis.

import matplotlib.pyplot as plt

shown = {
    "ij,jk->ik": "matrix product",
    "ij,j->i": "matrix times vector",
    "i,j->ij": "outer product",
    "ii->": "trace",
    "i,i->": "dot product",
    "i,i,i->": "triple sum",
    "i,i->i": "elementwise product",
    "ij,ij->i": "dot product of rows",
    "ii->i": "diagonal",
    "ij->i": "sums of rows",
}
floor = 1e-12  # rounding differs from machine to machine, so it is drawn at one place
figure, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
for y, equation in enumerate(shown):
    lawful_one = follows_the_rules(equation)
    color, marker = ("#0072b2", "o") if lawful_one else ("#d55e00", "D")
    x = moves(equation).clamp(min=floor)
    assert (x.max() == floor) == lawful_one
    ax.plot(x, [y] * TURNS, marker, color=color, alpha=0.5, markersize=5)
ax.set_xscale("log")
ax.set_xlim(floor / 3, 5)
ax.set_yticks(range(len(shown)), [f"{name}   {eq}" for eq, name in shown.items()])
ax.invert_yaxis()
ax.axhline(4.5, color="black", linewidth=0.8, linestyle=(0, (4, 3)))
ax.text(1e-6, 2, "follow the rules", color="black", ha="center", va="center")
ax.text(1e-6, 7, "break a rule", color="black", ha="center", va="center")
ax.set_xlabel(f"relative move of the result (what is below {floor:g} is drawn there)")
ax.set_title("Rotations move what breaks a rule, not what follows them")
medians = [f"{eq} by {moves(eq).median().item():.1f}" for eq in list(shown)[5:]]
ax.set_label(
    f"By how much {TURNS} rotations move the results of einsum expressions, on a "
    f"logarithmic scale. All dots of {', '.join(list(shown)[:5])}, which follow the "
    f"rules, lie at the left edge, at {floor:g} or less. The others break a rule and "
    f"lie far to the right; in the median, {', '.join(medians)}."
)

# %%
# Traps
# -----
#
# A batch breaks the rules, and should
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The book that this question is from lists the rules, and goes on with
# ``bik,bkj->bij``, where b occurs twice in the term and is not summed. The rules are
# for axes that may be turned. The axis that counts the examples is not one of them.
# Turn the other axes alone, and what einsum computes for each example stays.

letters = Counter("bik,bkj->bij")
assert (letters["b"], letters["i"], letters["j"], letters["k"]) == (3, 2, 2, 2)
dots = torch.einsum("bi,bi->b", a, b)
turned_points = torch.einsum("bi,bi->b", a @ turn.T, b @ turn.T)
turned_batch = torch.einsum("bi,bi->b", turn @ a, turn @ b)
print("dot products:", dots.tolist())
assert dots.tolist() == [17, 53]
torch.testing.assert_close(turned_points, dots)
assert not torch.allclose(turned_batch, turn @ dots)

# %%
# Two dot products need two letters
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# To square the dot product :math:`v_i w_i`, do not write its letter four times. A
# summed letter is a name for the inside of its sum. Give the second sum another one.

print("i,i,j,j->:", torch.einsum("i,i,j,j->", v, w, v, w).item(), "is", 11 * 11)
print("i,i,i,i->:", torch.einsum("i,i,i,i->", v, w, v, w).item())
assert torch.einsum("i,i,j,j->", v, w, v, w) == 11**2
assert torch.einsum("i,i,i,i->", v, w, v, w) == 3**2 + 8**2

# %%
# Without the arrow, einsum is closer to the convention
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# If you leave out the arrow, einsum sums what occurs twice and keeps what occurs once:
# rule 1. Yet it also sums what occurs three times. And it sorts the free letters, so
# that their names decide about a transpose.

assert torch.equal(torch.einsum("ij,jk", a, b), a @ b)
assert torch.equal(torch.einsum("kj,ji", a, b), (a @ b).T)
assert torch.einsum("i,i,i", v, v, w) == thrice

# %%
# A plus sign knows no indices
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# By rule 3, :math:`a_i + b_j` is no vector and no matrix. Torch has no letters at a
# plus sign, and so it cannot object. For two vectors of one size it adds :math:`a_i +
# b_i`, which is lawful. For a column and a row it broadcasts to a matrix, which a
# rotation moves.

column = v[:, None]
print("v + w:         ", (v + w).tolist())
print("v[:, None] + w:", (column + w).tolist())
assert (v + w).tolist() == [4, 6]
assert (column + w).tolist() == [[4, 5], [5, 6]]
torch.testing.assert_close(turn @ v + turn @ w, turn @ (v + w))
turned_table = turn @ (column + w) @ turn.T
table_of_turned = (turn @ v)[:, None] + turn @ w
assert not torch.allclose(table_of_turned, turned_table)

# %%
# The trace of the Kronecker delta is not 1
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The Kronecker delta, the identity matrix, is 1 where its two indices are equal. But in
# a lone term with both indices named i, rule 1 sums: the result is the size.

delta = torch.eye(3, device=device)
print("trace of delta:", torch.einsum("ii->", delta).item())
assert torch.einsum("ii->", delta) == 3
assert delta.diagonal().tolist() == [1, 1, 1]

# %%
# A nonlinearity ends it
# ~~~~~~~~~~~~~~~~~~~~~~
#
# A matrix product follows the rules. An elementwise function after it, such as ReLU,
# looks at each coordinate by itself. It allows the coordinates to change places, but
# not to be turned. So a network with such a function depends on the basis anyway, and
# einsum has little reason to forbid what depends on it too.

swap = torch.tensor([[0.0, 1.0], [1.0, 0.0]], device=device)
print("turn, then ReLU:", torch.relu(turn @ v).round(decimals=3).tolist())
print("ReLU, then turn:", (turn @ torch.relu(v)).round(decimals=3).tolist())
assert not torch.allclose(torch.relu(turn @ v), turn @ torch.relu(v))
u = turn @ v
assert torch.equal(torch.relu(swap @ u), swap @ torch.relu(u))

# %%
# On a GPU
# --------
#
# The rules know no device; rounding may differ. That is why we use float64 above. In
# float32, on the device that this page ran on, what stays does so to about five digits
# here, and to fewer where terms cancel. That is so as long as torch is not told to
# shorten float32 in matrix products. By default it is not.

print("this page ran on", device.type)
assert torch.get_float32_matmul_precision() == "highest"
Q, M, x = (tensor[0].float() for tensor in (rotations, matrices[0], vectors[1]))
turn_first = torch.einsum("ij,j->i", Q @ M @ Q.T, Q @ x)
turn_last = Q @ torch.einsum("ij,j->i", M, x)
torch.testing.assert_close(turn_first, turn_last, rtol=1e-5, atol=1e-5)

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Which of these depend on the basis? ``ij,jk,ki->``, ``i,j->``, ``ij,kj->ik``,
# ``ij,ij->j``
#
# Solution
# ^^^^^^^^
#
# Count each letter, the output included: those where one does not occur twice.

verdicts = {}
for equation in ("ij,jk,ki->", "i,j->", "ij,kj->ik", "ij,ij->j"):
    verdicts[equation] = "stays" if moves(equation).max() < rounding else "moves"
print(verdicts)
assert list(verdicts.values()) == ["stays", "moves", "stays", "moves"]
assert [follows_the_rules(e) for e in verdicts] == [True, False, True, False]

# %%
# Exercise 2
# ~~~~~~~~~~
#
# The sums of rows, ``ij->i``, depend on the basis. Which vector do they hide? Write
# them so that they follow the rules, and turn that vector too.
#
# Solution
# ^^^^^^^^
#
# The vector of ones. It is tied to the axes; as an operand it can turn with them.

ones = torch.ones(2, device=device)
assert torch.equal(torch.einsum("ij,j->i", a, ones), torch.einsum("ij->i", a))
turned_a = turn @ a @ turn.T
turned_sums = turn @ torch.einsum("ij->i", a)
torch.testing.assert_close(torch.einsum("ij,j->i", turned_a, turn @ ones), turned_sums)
assert not torch.allclose(torch.einsum("ij->i", turned_a), turned_sums)

# %%
# Take it home
# ------------
#
# Count the letters of your equation, the output included. A letter that does not occur
# twice belongs to an axis that must not be turned: a batch, a channel, a class. If that
# is not what your axis is, look again.

equation = "bij,bjk->bik"
counts = Counter(filter(str.isalpha, equation))
not_to_be_turned = {letter: n for letter, n in counts.items() if n != 2}
print(not_to_be_turned)
assert not_to_be_turned == {"b": 3}

# %%
# ``plan_einsum`` names the role of each letter, for your shapes: a ``batch`` letter is
# in several operands and in the output, three times or more.

from tensorglass import plan_einsum

plan = plan_einsum(equation, (8, 2, 3), (8, 3, 4))
batch = [index.letter for index in plan.indices if "batch" in index.roles]
assert batch == list(not_to_be_turned)
plan

# %%
# References
# ----------
#
# - A. Einstein, `Die Grundlage der allgemeinen Relativitätstheorie
#   <https://doi.org/10.1002/andp.19163540702>`__, Annalen der Physik 354, 769 (1916),
#   section 5.
# - E. W. Weisstein, `Einstein Summation
#   <https://mathworld.wolfram.com/EinsteinSummation.html>`__, MathWorld.
# - PyTorch: `torch.einsum
#   <https://docs.pytorch.org/docs/stable/generated/torch.einsum.html>`__.
# - The rules, the batch example and the question are from chapter 17 of *Deep Learning
#   for Coders with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
