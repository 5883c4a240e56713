# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Why is matrix multiplication in Python loops so slow, and how is it made fast?
==============================================================================

People ask this when they have written the three loops by hand, and for a few images of
784 pixels ``@`` gives the same numbers tens of thousands of times faster.

:Level: beginner

Short answer
------------

Because loops over a tensor call torch six times for each product of two numbers, and a
call costs about as much for one number as for hundreds. Hand torch whole rows, then
whole matrices: fewer calls do the same work, in compiled code. ``a @ b`` is one call,
and what to write.
"""

import itertools

import torch

a, c = torch.arange(400.0).view(20, 20), torch.zeros(20, 20)
steps = list(itertools.product(range(20), repeat=3))
for i, j, k in steps:
    c[i, j] += a[i, k] * a[k, j]
print(len(steps), "steps in Python, or one call of @")
assert (len(steps), c.tolist()) == (8000, (a @ a).tolist())

# %%
# What one step reads of ``a`` and ``b``, and what it writes to ``c``. Each loop that is
# taken away makes the steps larger, and their number 20 times smaller.

# More: draws the part of each matrix that one step uses
import matplotlib.pyplot as plt

ALL = slice(None)
PARTS = {  # what one step reads of a and of b, and what it writes of c
    "three loops": ((7, 4), (4, 12), (7, 12)),
    "two loops": ((7, ALL), (ALL, 12), (7, 12)),
    "one loop": ((7, ALL), (ALL, ALL), (7, ALL)),
    "a @ b": ((ALL, ALL), (ALL, ALL), (ALL, ALL)),
}
COLORS = "#0072b2", "#d55e00", "#009e73"
figure, ax = plt.subplots(figsize=(3.9, 3.4), layout="constrained")
ax.set(xlim=(-1.25, 4.75), ylim=(-4.5, 0.35), aspect="equal")
ax.set_axis_off()
counts = {}
for row, (name, (first, second, written)) in enumerate(PARTS.items()):
    looped = [index != ALL for index in (*written, first[1])]  # i, j and k
    counts[name] = 20 ** sum(looped)
    if counts[name] < 8000:  # otherwise the step is one of many for its number
        assert torch.equal(a[first] @ a[second], (a @ a)[written])
    for column, index in enumerate((first, second, written)):
        left, bottom = 1.1 * column, -row - 1.05
        outline = {"facecolor": "none", "edgecolor": "black"}
        ax.add_patch(plt.Rectangle((left, bottom), 0.9, 0.9, **outline))
        (up, high), (along, wide) = ((0, 20) if i == ALL else (i, 1) for i in index)
        place = left + 0.045 * along, bottom + 0.045 * (20 - up - high)
        look = {"facecolor": (COLORS[column], 0.75), "edgecolor": COLORS[column]}
        ax.add_patch(plt.Rectangle(place, 0.045 * wide, 0.045 * high, **look))
        if row == 0:
            ax.text(left + 0.45, 0, "abc"[column], ha="center")
    ax.text(-0.15, bottom + 0.45, name, ha="right", va="center")
    steps_said = f"{counts[name]:,} steps" if counts[name] > 1 else "1 call"
    ax.text(3.2, bottom + 0.45, steps_said, va="center")
ax.set_title("What one step reads and writes")
ax.set_label(
    "Four rows of three squares, the matrices a, b and c. With three loops, one step "
    "uses a single cell of each; with two loops, a row of a, a column of b and a cell "
    "of c; with one loop, a row of a, all of b and a row of c; a @ b uses all of them. "
    f"The numbers of steps are {', '.join(map(str, counts.values()))}."
)
assert list(counts.values()) == [8000, 400, 20, 1]

# %%
# Take it home
# ------------
#
# ``@`` multiplies batches too: the last two axes are the matrices. To time a line of a
# script, use torch's ``Timer``. In a notebook, ``%timeit a @ b`` times a line, and
# ``%%time``, as the first line, the whole cell.

from torch.utils.benchmark import Timer

batch, weights = torch.ones(8, 5, 784), torch.ones(784, 10)
product = batch @ weights
seconds = Timer("a @ b", globals={"a": batch, "b": weights}).blocked_autorange().median

assert product.shape == (8, 5, 10)

# %%
# Fewer calls are not all. What does your way hold in memory? The library of this site
# watches it: without a loop, broadcasting makes all 256³ products at once, 256 times
# the bytes of the result, and on a CPU that can be slower than one loop (timed below).

from tensorglass import default_device, track_memory

device = default_device()
large = torch.ones(256, 256, device=device)
with track_memory() as memory:
    products = large[:, :, None] * large
result = products.sum(1)
print(memory.peak_bytes, "bytes for a result of", result.nbytes)
assert memory.peak_bytes == 256**3 * 4 == 256 * result.nbytes

# %%
# Why
# ---
#
# Row i of ``a`` meets column j of ``b``, so ``a`` must have as many columns as ``b``
# has rows: ``ac == br``.
#
# .. math:: c_{ij} = \sum_{k} a_{ik} \, b_{kj}
#
# **Elementwise** operations, such as ``*`` and ``>``, take the elements at the same
# place of two tensors. One of them multiplies a whole row by a whole column: that saves
# the innermost loop. Broadcasting repeats a row along a matrix, and saves the next.


def three_loops(a, b):
    (ar, ac), (br, bc) = a.shape, b.shape
    assert ac == br
    c = torch.zeros(ar, bc, device=a.device)
    for i in range(ar):
        for j in range(bc):
            for k in range(ac):
                c[i, j] += a[i, k] * b[k, j]
    return c


def two_loops(a, b):
    ar, bc = a.shape[0], b.shape[1]
    c = torch.zeros(ar, bc, device=a.device)
    for i in range(ar):
        for j in range(bc):
            c[i, j] = (a[i] * b[:, j]).sum()
    return c


def one_loop(a, b):
    ar, bc = a.shape[0], b.shape[1]
    c = torch.zeros(ar, bc, device=a.device)
    for i in range(ar):
        c[i] = (a[i][:, None] * b).sum(0)
    return c


ladder = {
    "three loops": three_loops,
    "two loops": two_loops,
    "one loop": one_loop,
    "broadcast": lambda a, b: (a[:, :, None] * b).sum(1),
    "einsum": lambda a, b: torch.einsum("ik,kj->ij", a, b),
    "@": lambda a, b: a @ b,
}
a = a.to(device)
results = {name: way(a, a) for name, way in ladder.items()}
assert all(torch.equal(result, a @ a) for result in results.values())

# %%
# How often each calls torch in eager mode, for the 20 by 20 matrices of the short
# answer, and how long each takes for the chapter's sizes: 5 images of 784 pixels, 10
# neurons.

# More: counts and times the ladder
from tensorglass import measured
from torch.overrides import TorchFunctionMode
from torch.utils.benchmark import timer  # a clock that waits for a GPU


class Calls(TorchFunctionMode):
    count = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.count += function.__name__ != "__get__"  # of a shape or a device
        return function(*args, **(kwargs or {}))


def calls_of(way, *matrices):
    with Calls() as calls:
        way(*matrices)
    return calls.count


def seconds_of(way, *matrices):
    if way is three_loops:  # once is enough
        start = timer()
        way(*matrices)
        return timer() - start
    repeated = Timer("way(*matrices)", globals={"way": way, "matrices": matrices})
    return repeated.blocked_autorange(min_run_time=0.05).median


torch.manual_seed(0)
images, neurons = torch.randn(5, 784).to(device), torch.randn(784, 10).to(device)
calls = {name: calls_of(way, a, a) for name, way in ladder.items()}
times = {name: seconds_of(way, images, neurons) for name, way in ladder.items()}
print("             calls       time    of @")
for name in ladder:
    said = f"{1e6 * times[name]:8,.0f} µs{times[name] / times['@']:8,.0f}"
    print(f"{name:12}{calls[name]:6,}{measured(said)}")
made_of = {
    "three loops": 6 * 20**3 + 1,
    "two loops": 5 * 20**2 + 1,
    "one loop": 5 * 20 + 1,
    "broadcast": 3,
    "einsum": 1,
    "@": 1,
}
assert calls == made_of
hundreds_of_times = times["three loops"] > 300 * times["@"]
assert hundreds_of_times

# %%
# More: a call costs about as much for one number as for hundreds
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Each call finds out what its arguments are, chooses the code for their dtype and
# device, and makes a new tensor or writes to one. That takes about as long for any
# size. So 1,000 numbers take a little longer than one, and not 1,000 times as long.

per_size = {}
for size in (1, 1000, 100_000):
    x = torch.ones(size, device=device)
    per_size[size] = seconds_of(lambda x: x * x, x)
    print(f"{size:7,} numbers:", measured(f"{1e6 * per_size[size]:.1f} µs"))
a_little = per_size[1000] < 20 * per_size[1]
assert a_little

# %%
# More: fewer calls are not all
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For 256 by 256 matrices, broadcasting calls torch 3 times, and one loop 1,281 times.
# If calls were all, broadcasting would be hundreds of times faster. On a CPU it is not
# even 100 times faster. The times below, on one thread, tell whether it is faster at
# all. It writes all the products to memory, and reads them again.

on_cpu = torch.ones(256, 256)
times_on_cpu, counted = [], []
for name in ("one loop", "broadcast"):
    times_on_cpu.append(seconds_of(ladder[name], on_cpu, on_cpu))
    counted.append(calls_of(ladder[name], on_cpu, on_cpu))
    said = measured(f"{1e3 * times_on_cpu[-1]:8,.1f} ms")
    print(f"{name:10}{counted[-1]:6,} calls", said)
assert counted == [5 * 256 + 1, 3]
hundredfold = times_on_cpu[0] > 100 * times_on_cpu[1]
assert not hundredfold

# %%
# More: all sizes from 0 to 4, compared with lists
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Whole numbers, so that nothing is rounded. Each rung gives what loops over Python's
# own lists give, also where an axis is empty.


def over_lists(a, b, columns):
    c = [[0.0] * columns for _ in a]
    for i in range(len(a)):
        for j in range(columns):
            for k in range(len(b)):
                c[i][j] += a[i][k] * b[k][j]
    return c


compared = 0
for n, inner, m in itertools.product(range(5), repeat=3):
    left = torch.randint(-9, 10, (n, inner)).to(device, torch.float32)
    right = torch.randint(-9, 10, (inner, m)).to(device, torch.float32)
    expected = torch.tensor(over_lists(left.tolist(), right.tolist(), m), device=device)
    for way in ladder.values():
        assert torch.equal(way(left, right), expected.reshape(n, m))
        compared += 1
print(compared, "products equal those of lists")
assert compared == 6 * 5**3

# %%
# More: fractions, up to rounding
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The rungs add in different orders, so their last digits differ. In whatever order you
# add 784 products, the rounding error is at most about 784 times 2\ :sup:`-24` times
# the sum of their absolute values. Without the first column, the error is larger.

image = images[:1]
exact = image.double() @ neurons.double()
tolerance = 784 * 2**-24 * (image.double().abs() @ neurons.double().abs())
for way in ladder.values():
    within = ((way(image, neurons).double() - exact).abs() < tolerance).all()
    assert within
one_left_out = image[:, 1:].double() @ neurons[1:].double()
seen = ((one_left_out - exact).abs() > tolerance).any()
assert seen

# %%
# What is often said
# ------------------
#
# "Python is slow, and torch is written in C++." That is half of it. The same loops over
# *lists* never call torch, and are far faster than over tensors. Each of the six calls
# makes a tensor for a single number, or writes one.

lists = images.tolist(), neurons.tolist()
list_time = seconds_of(over_lists, *lists, 10)
slower = times["three loops"] / list_time
print("tensors", measured(f"{slower:.0f} times as slow as lists"))
print("lists  ", measured(f"{list_time / times['@']:.0f} times as slow as @"))
many_times = slower > 5
assert many_times
assert calls_of(over_lists, *lists, 10) == 0

# %%
# More: "PyTorch is 100,000 times faster"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# So chapter 17 found, for these sizes on one machine. On another it is another figure,
# as above. The number of calls does not depend on the machine: in eager mode it is six
# for each product, and one for the zeros.

for n, inner, m in ((1, 7, 10), (5, 2, 3), (4, 4, 1)):
    ones = torch.ones(n, inner, device=device), torch.ones(inner, m, device=device)
    assert calls_of(three_loops, *ones) == 6 * n * inner * m + 1
print(f"{6 * 5 * 784 * 10 + 1:,} calls against 1, said to take 100,000 times as long")

# %%
# Traps
# -----
#
# ``a * b`` is not ``a @ b``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With matrices of the same shape, ``*`` runs and multiplies elementwise. Square
# matrices do not complain of either.

square = torch.tensor([[1, 2], [3, 4]]).to(device, torch.float32)
print("*", (square * square).tolist(), "and @", (square @ square).tolist())
assert (square * square).tolist() == [[1, 4], [9, 16]]
assert (square @ square).tolist() == [[7, 10], [15, 22]]

# %%
# Without the check, other sizes give numbers
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``@`` refuses them. Three loops without ``assert ac == br`` pass over rows of ``b``
# that are too many. The other ways, ``einsum`` too, stretch a single row of ``b`` by
# broadcasting. (``shows_error`` prints an error that must come.)

from tensorglass import shows_error

a23, b32 = torch.ones(2, 3, device=device), torch.ones(3, 2, device=device)
with shows_error(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
    a23 @ torch.ones(5, 2, device=device)
one_row = torch.ones(1, 2, device=device)
assert torch.equal(one_loop(a23, one_row), a23 @ b32)  # stretched, and no error

# %%

# More: tries every way with 0 to 5 rows


def unchecked(a, b):
    c = torch.zeros(len(a), b.shape[1], device=a.device)
    for i, j, k in itertools.product(*map(range, (*c.shape, a.shape[1]))):
        c[i, j] += a[i, k] * b[k, j]
    return c


def takes(way, rows):
    try:
        way(a23, torch.ones(rows, 2, device=device))
    except (AssertionError, IndexError, RuntimeError):
        return False
    return True


taken = {name: [n for n in range(6) if takes(way, n)] for name, way in ladder.items()}
taken["unchecked"] = [n for n in range(6) if takes(unchecked, n)]
assert taken.pop("unchecked") == [3, 4, 5]
assert taken.pop("three loops") == taken.pop("@") == [3]
assert list(taken.values()) == [[1, 3]] * 4
b52 = torch.arange(10.0, device=device).view(5, 2)
assert torch.equal(unchecked(a23, b52), a23 @ b52[:3])

# %%
# ``t()`` is for matrices
# ~~~~~~~~~~~~~~~~~~~~~~~
#
# It swaps rows and columns, as a view: nothing is copied. A vector it leaves as it is,
# and more than two axes it refuses. For a batch of matrices there is ``mT``.

assert a23.t().shape == (3, 2)
assert a23.t().data_ptr() == a23.data_ptr()
assert one_row[0].t().shape == (2,)
with shows_error(RuntimeError, match=r"t\(\) expects a tensor with <= 2 dimensions"):
    batch.t()
assert batch.mT.shape == (8, 784, 5)

# %%
# More: ``%time`` and ``%%time``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With one percent sign a magic gets its own line, with two the whole cell. Both run it
# once. ``%timeit`` and ``%%timeit`` run it many times. (IPython documentation,
# *Built-in magic commands*.) Where IPython is installed, this is what it makes of both.

import importlib.util

if importlib.util.find_spec("IPython"):
    from IPython.core.inputtransformer2 import TransformerManager

    turned = TransformerManager().transform_cell
    print(turned("%time x = 1\ny = 2"), turned("%%time\nx = 1\ny = 2"), sep="")
    assert "run_line_magic('time', 'x = 1')" in turned("%time x = 1\ny = 2")
    assert "run_cell_magic('time', '', 'x = 1" in turned("%%time\nx = 1\ny = 2")

# %%
# More: one run is no measurement
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The first call of an operation may prepare things that later calls find ready. And
# other programs take their share of time. ``blocked_autorange`` repeats and gives a
# median; by default it lets torch use one thread, where ``%timeit`` takes as many as
# torch is set to. (PyTorch documentation, ``torch.utils.benchmark``.)

repeated = Timer("a @ b", globals={"a": images, "b": neurons})
measurement = repeated.blocked_autorange(min_run_time=0.02)
print("one run took", measured(f"{1e6 * measurement.median:.0f} µs"))
assert measurement.num_threads == 1

# %%
# On a GPU
# --------
#
# A call returns before the GPU has computed (PyTorch documentation, *CUDA semantics*,
# "Asynchronous execution"). A clock around it times the call alone; ``Timer`` waits for
# the result.

print("this page ran on", device.type)
assert (a @ a).device == a.device

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Write the product with one loop, over ``k``. How many products does a step make?
#
# Solution
# ^^^^^^^^
#
# Column k of ``a`` times row k of ``b``: as many as the result has numbers. It never
# holds more.


def over_k(a, b):
    c = torch.zeros(a.shape[0], b.shape[1], device=a.device)
    for k in range(a.shape[1]):
        c += a[:, k, None] * b[k]
    return c


assert torch.equal(over_k(a, a), a @ a)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# How many bytes do the products take when two matrices of 1,000 by 1,000 are multiplied
# by broadcasting?
#
# Solution
# ^^^^^^^^
#
# 4 GB, for a result of 4 MB. Meta tensors answer without allocating them.

wide = torch.empty(1000, 1000, device="meta")
products = wide[:, :, None] * wide
assert products.nbytes == 4 * 1000**3
assert (wide @ wide).nbytes == 4 * 1000**2

# %%
# References
# ----------
#
# - PyTorch: `torch.matmul
#   <https://docs.pytorch.org/docs/stable/generated/torch.matmul.html>`__, `torch.t
#   <https://docs.pytorch.org/docs/stable/generated/torch.t.html>`__,
#   `torch.utils.benchmark <https://docs.pytorch.org/docs/stable/benchmark_utils.html>`__
#   and `CUDA semantics <https://docs.pytorch.org/docs/stable/notes/cuda.html>`__.
# - IPython: `Built-in magic commands
#   <https://ipython.readthedocs.io/en/stable/interactive/magics.html>`__.
# - Single elements of tensors are slow: `pytorch issue 43116
#   <https://github.com/pytorch/pytorch/issues/43116>`__ and `issue 29973
#   <https://github.com/pytorch/pytorch/issues/29973>`__.
# - The last rungs, and which of them to write: :ref:`our page on einsum
#   <sphx_glr_auto_examples_einsum_matmul_einsum.py>`.
# - The questions are from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
