# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What are the three rules of Einstein summation, and why?
========================================================

People ask this because ``torch.einsum`` is named after the convention, and runs what
the convention forbids.

:Level: intermediate

Short answer
------------

First, an index that occurs twice in a term is summed. Second, none occurs more often:
which pair would be summed? Third, indices that occur once are the same in all terms, as
i in a_i + B_ij c_j. So sum signs can be left out, and equations hold however the axes
are turned. ``torch.einsum`` does not enforce them.
"""

import torch

turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])  # rotates both axes
v, w = torch.tensor([1.0, 2]), torch.tensor([3.0, 4])
for equation, vectors in {"i,i->": (v, w), "i,i,i->": (v, v, w)}.items():
    before = torch.einsum(equation, *vectors)
    after = torch.einsum(equation, *[turn @ x for x in vectors])
    print(f"{equation:8} {before:.1f} before the turn, {after:.1f} after")
    assert torch.allclose(before, after) == (equation == "i,i->")

# %%
# At every angle, the sum over an index that occurs twice stays. The sum over one that
# occurs three times does not: half a turn of the plane changes its sign.

# More: draws both sums over the angle of the rotation
import matplotlib.pyplot as plt

degrees = torch.arange(0, 361, 5)
cos, sin = degrees.deg2rad().cos(), degrees.deg2rad().sin()
all_turns = torch.stack([cos, -sin, sin, cos], dim=1).reshape(-1, 2, 2)
v_turned, w_turned = all_turns @ v, all_turns @ w
twice = torch.einsum("si,si->s", v_turned, w_turned)
thrice = torch.einsum("si,si,si->s", v_turned, v_turned, w_turned)

figure, ax = plt.subplots(figsize=(4.4, 3.4), layout="constrained")
ax.plot(degrees, twice, color="#0072b2")
ax.plot(degrees, thrice, color="#d55e00", linestyle="dashed")
ax.annotate("i,i->", (300, 13), color="black", ha="center")
ax.annotate("i,i,i->", (195, -14), color="black", ha="left")
ax.plot([53.13, 53.13], [11, 17.8], "o", color="black", markersize=5)
ax.set_xticks(range(0, 361, 90))
ax.set_xlabel("rotation in degrees (dots: the turn above)")
ax.set_ylabel("result")
ax.set_title("Twice stays, three times does not")
ax.set_label(
    "Two curves over the angle of a rotation, from 0 to 360 degrees. The sum over an "
    "index that occurs twice is a flat line at 11. The sum over an index that occurs "
    "three times begins at 19, is -19 after half a turn, and comes back to 19."
)
torch.testing.assert_close(twice, torch.full_like(twice, 11))
torch.testing.assert_close(thrice[[0, 36, 72]], torch.tensor([19.0, -19, 19]))
torch.testing.assert_close(after, torch.tensor(17.8))

# %%
# Which pair is summed? In :math:`v_i v_i w_i` it could be the two of ``v``, or one of
# ``v`` with that of ``w``. The results differ. With two letters, nobody has to guess.

v_with_v = torch.einsum("i,i,j->j", v, v, w)
v_with_w = torch.einsum("i,i,j->j", v, w, v)
print("v with v:", v_with_v.tolist(), " v with w:", v_with_w.tolist())
assert v_with_v.tolist() == ((v @ v) * w).tolist() == [15, 20]
assert v_with_w.tolist() == ((v @ w) * v).tolist() == [11, 22]

# %%
# Take it home
# ------------
#
# Count the letters of your equation, the output included. A letter that does not occur
# twice belongs to an axis that must not be turned: a batch, a channel, a class.

from collections import Counter

equation = "bij,bjk->bik"
counts = Counter(filter(str.isalpha, equation))
not_to_be_turned = {letter: n for letter, n in counts.items() if n != 2}
print(not_to_be_turned)
assert not_to_be_turned == {"b": 3}

# %%
# For your own shapes, this site's library names the role of each letter.

from tensorglass import plan_einsum

plan = plan_einsum(equation, (8, 2, 3), (8, 3, 4))
roles = {index.letter: index.roles for index in plan.indices}
print(roles)
assert [letter for letter in roles if "batch" in roles[letter]] == ["b"]

# %%
# Why
# ---
#
# A term is a product of factors; an equation sets sums of terms equal. (Einstein 1916,
# section 5; MathWorld has the rules as a list.)
#
# 1. An index that occurs twice in a term is summed.
# 2. No index occurs more than twice in a term.
# 3. Every term of an equation has the same free indices: those that occur once.
#
# .. math:: r_i = A_{ij} v_j \quad \text{means} \quad r_i = \sum_j A_{ij} v_j
#
# An einsum equation has one term, and the result. So for it the three rules become one:
# **each letter occurs exactly twice, at most once of these in the output**.

a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
sums = [sum(a[i, j] * v[j] for j in (0, 1)) for i in (0, 1)]
assert torch.einsum("ij,j->i", a, v).tolist() == sums


def follows_the_rules(equation):
    """Tell whether each letter occurs exactly twice, at most once in the output."""
    output = equation.split("->")[1]
    twice = set(Counter(filter(str.isalpha, equation)).values()) <= {2}
    return twice and len(set(output)) == len(output)


for equation in ("ij,j->i", "i,i->i", "i,i,i->", "ij->i"):
    assert follows_the_rules(equation) == (equation == "ij,j->i")

# %%
# Torch keeps a part of rule 3 alone: a letter of the output must occur in the inputs,
# and only once in the output.

# More: runs what breaks each rule, and shows the errors that must come
from tensorglass import shows_error

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

# %%
# More: bases that are not orthonormal, and indices above and below
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Between orthonormal bases the change is an orthogonal matrix, such as a rotation, and
# above or below does not matter. In general it is an invertible matrix ``C``. Then one
# index of a pair must stand above: its components change with ``C``. The other one must
# stand below: its components change with the inverse transpose of ``C``. The sum over
# such a pair stays. The sum over two indices above does not: for A_ij B_ij it goes from
# 70 to 2245. The strings of einsum have no above and below. From here on, tensors are
# on the GPU if there is one.

from tensorglass import default_device

device = default_device()
a, v, w, turn = (tensor.to(device) for tensor in (a, v, w, turn))
b = torch.tensor([[5.0, 6.0], [7.0, 8.0]], device=device)
dot = torch.einsum("i,i->", v, w)

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
# More: what follows the rules stays, in 20 random rotations
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In turned coordinates each index brings a factor
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
# More: everything else moves: all 2,422 expressions with up to three factors
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Does everything else move? Here we count cases rather than argue. We take all
# expressions with up to three factors, each a vector or a matrix of size 3 with random
# entries of its own, whose indices are called i, j and k (a fourth letter is not
# covered), and with every possible output. What follows the rules stays in all 20
# rotations, up to rounding. Everything else moves, by more than a tenth in the median.
# One rotation and one set of entries that move it are enough: it depends on the basis.
# (For particular entries it may stay: a sum of zeros is zero in all coordinates.)


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
# The moves of some of these expressions, one dot a rotation. Those that follow the
# rules stay: what is left is rounding, and their dots lie on one another at the left.
# The others move by about their own size, which is 1 on the axis.

# More: draws the moves, one dot a rotation
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
# What is often said
# ------------------
#
# "An index is summed when it stands once below and once above, as in A_ij B_ij." But
# there nothing stands above, and so nothing would be summed. In an orthonormal basis
# the position does not matter. Both indices occur twice, and both are summed.

import re

for term in ("A^ij B_ij", "A_ij B_ij", "A_ij B_jk"):
    below, above = re.findall(r"_(..)", term), re.findall(r"\^(..)", term)
    summed = set("".join(below)) & set("".join(above))
    print(f"{term}: above {above}, below {below}: that answer sums {sorted(summed)}")
    assert summed == (set("ij") if "^" in term else set())
print("yet the sum over both is", torch.einsum("ij,ij->", a, b).item())
assert torch.einsum("ij,ij->", a, b) == (a * b).sum() == 70

# %%
# By its third rule, the j in A_ij B_jk means an elementwise product. It is the matrix
# product. And as the reason it names brevity. That is half of it: ``i,i,i->`` is as
# short, and forbidden. The other half is that the result means the same in turned
# coordinates.

product = torch.einsum("ij,jk->ik", a, b)
print("A_ij B_jk:          ", product.tolist())
print("elementwise product:", (a * b).tolist())
assert product.tolist() == (a @ b).tolist() == [[19, 22], [43, 50]]
assert (a * b).tolist() == [[5, 12], [21, 32]]
assert torch.einsum("i,i,i->", v, v, w) == (v * v * w).sum()

# %%
# More: three rules of another kind, for the strings of einsum
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The copied answer's second rule says that an index which occurs once is free, and
# stays. That is right, but it is a definition, and forbids nothing. The notebooks of
# the book's revised edition give three rules for einsum instead: letters that are
# repeated on the left are summed unless they stand on the right; no letter stands there
# more than twice; and one that is not repeated stands on the right. Torch keeps the
# first. It runs what the other two forbid.

assert torch.einsum("i,i->i", v, w).tolist() == [3, 8]  # repeated, on the right: kept
assert torch.einsum("i,i,i->", v, v, w) == 19  # three times
assert torch.einsum("ij->i", a).tolist() == [3, 7]  # j is not repeated, and summed

# %%
# Traps
# -----
#
# A batch breaks the rules, and should
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In ``bik,bkj->bij`` the letter b occurs twice in the term, and is not summed. But the
# axis that counts the examples is none that may be turned. Turn the other axes alone,
# and what einsum computes for each example stays.

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
# To square the dot product :math:`v_i w_i`, do not write its letter four times. Give
# the second sum a letter of its own.

print("i,i,j,j->:", torch.einsum("i,i,j,j->", v, w, v, w).item(), "is", 11 * 11)
print("i,i,i,i->:", torch.einsum("i,i,i,i->", v, w, v, w).item())
assert torch.einsum("i,i,j,j->", v, w, v, w) == 11**2
assert torch.einsum("i,i,i,i->", v, w, v, w) == 3**2 + 8**2

# %%
# More: without the arrow, einsum is closer to the convention
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Then einsum sums what occurs twice and keeps what occurs once: rule 1. Yet it also
# sums what occurs three times, and it sorts the free letters: their names decide about
# a transpose.

assert torch.equal(torch.einsum("ij,jk", a, b), a @ b)
assert torch.equal(torch.einsum("kj,ji", a, b), (a @ b).T)
assert torch.einsum("i,i,i", v, v, w) == torch.einsum("i,i,i->", v, v, w)

# %%
# More: a plus sign knows no indices
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
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
# More: the trace of the Kronecker delta is not 1
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The Kronecker delta, the identity matrix, is 1 where its two indices are equal. But in
# a lone term with both indices named i, rule 1 sums: the result is the size.

delta = torch.eye(3, device=device)
print("trace of delta:", torch.einsum("ii->", delta).item())
assert torch.einsum("ii->", delta) == 3
assert delta.diagonal().tolist() == [1, 1, 1]

# %%
# More: a nonlinearity ends it
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A matrix product follows the rules. An elementwise function after it, such as ReLU,
# looks at each coordinate by itself. It allows the coordinates to change places, but
# not, in general, to be turned. So a network with such a function depends on the basis
# anyway, and einsum has little reason to forbid what depends on it too.

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
# Rounding may differ. In float32, what stays does so to about five digits here, and to
# fewer where terms cancel, unless torch is told to shorten float32 in matrix products.
# By default it is not.

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
