# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.10", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Do broadcasting and expand_as use more memory?
==============================================

People ask this because they read that broadcasting copies nothing, and then their
program stops with "CUDA out of memory".

:Level: intermediate

Short answer
------------

``expand`` and ``expand_as`` use no memory: they make a view, which reads the same
numbers again. Adding or multiplying two ordinary tensors of one real dtype copies
neither. But the *result* is a new tensor of the full size, and so is each intermediate
result, unless it is written in place, or ``torch.compile`` avoids it.
"""

import torch

row, matrix = torch.ones(2048), torch.ones(2048, 2048)
wide, total = row.expand_as(matrix), matrix + row

nbytes = [x.untyped_storage().nbytes() for x in (row, wide, total)]
print("bytes of the row, the row expanded, and the sum:", nbytes)
assert nbytes == [8192, 8192, 16_777_216]

# %%
# The view lies in the row's own 8192 bytes. ``matrix + row`` takes its result, and
# ``matrix += row`` nothing. A mean of squared differences takes two intermediate
# results at once.

# More: measures and draws the peaks
import matplotlib.pyplot as plt
from tensorglass import track_memory

torch.manual_seed(0)  # for the random numbers further down
MIB = 2**20


def peak_of(function):
    function()  # what a library makes once, such as a workspace, is not counted
    with track_memory() as memory:
        function()
    return memory.peak_bytes


lines = {
    "row.expand_as(matrix)": lambda: row.expand_as(matrix),
    "matrix + row": lambda: matrix + row,
    "torch.mean((matrix - row) ** 2)": lambda: torch.mean((matrix - row) ** 2),
    "matrix.add_(row)": lambda: matrix.add_(row),
}
peaks = [peak_of(line) / MIB for line in lines.values()]
figure, ax = plt.subplots(figsize=(5.4, 2.9), layout="constrained")
places = range(0, -4, -1)
ax.barh(places, peaks, height=0.4)
for place, line, peak in zip(places, lines, peaks, strict=True):
    ax.text(0.4, place + 0.31, line, family="monospace")
    ax.text(peak + 0.4, place, f"{peak:.0f} MiB", va="center")
ax.set(xlim=(0, 38), ylim=(-3.4, 0.8), yticks=[], xlabel="MiB at the peak")
ax.set_title("Memory that each line takes")
ax.set_label("bars: expand_as takes 0 MiB, a sum 16, a mean of squares 32, add_ 0")
assert peaks == [0, 16, 32, 0]
assert wide.data_ptr() == row.data_ptr()

# %%
# Take it home
# ------------
#
# Out of memory, because an intermediate result is too large? Compute it in chunks, here
# for 100 of 2,000 queries at a time:

queries, keys = torch.rand(2000, 32), torch.rand(1000, 32)
chunks = [((some[:, None] - keys) ** 2).sum(-1) for some in queries.split(100)]
squared = torch.cat(chunks)  # as ((queries[:, None] - keys) ** 2).sum(-1)

exact = torch.cdist(queries, keys, compute_mode="donot_use_mm_for_euclid_dist") ** 2
torch.testing.assert_close(squared, exact)

# %%
# How large would such a tensor be? The library of this site tells it from shapes. And
# in your own training step, ``track_memory`` lists the operation with the highest peak
# first. ("Between operations" is where Python drops a tensor.)

from tensorglass import explain_broadcast

at_once = explain_broadcast((2000, 1, 32), (1000, 32)).nbytes
chunk = explain_broadcast((100, 1, 32), (1000, 32)).nbytes
print("differences:", at_once // MIB, "MiB at once,", chunk // MIB, "MiB for a chunk")
assert at_once == 20 * chunk == 2000 * 1000 * 32 * 4

with track_memory() as memory:
    ((queries[:100, None] - keys) ** 2).sum(-1)
assert memory.peak_operation == "pow"
memory

# %%
# Why
# ---
#
# ``expand`` gives a view whose *stride*, the step in memory from one index to the next,
# is 0 along each axis that is repeated. It allocates nothing. (PyTorch documentation,
# ``torch.Tensor.expand``.) An elementwise operation that is one kernel, such as ``+``,
# ``*``, ``>`` or ``exp``, reads operands of the dtype that it computes in through such
# strides. It writes one tensor: the broadcast shape, times the bytes of an element.

from tensorglass import default_device

device = default_device()  # a GPU if there is one
row = torch.rand(2048, device=device)
matrix = torch.rand(2048, 2048, device=device)
column = torch.rand(2048, 1, device=device)
grown = column.expand(2048, 2048)
assert grown.stride() == (1, 0)
assert grown.data_ptr() == column.data_ptr()

predicted = explain_broadcast(column, row).nbytes
sum_peak = peak_of(lambda: column + row)
comparison_peak = peak_of(lambda: column > row)  # one byte for each result
print("predicted", predicted, "bytes; for a comparison", comparison_peak)
assert predicted == 2048 * 2048 * 4
assert sum_peak == predicted
assert comparison_peak == 2048 * 2048

# %%
# More: what takes more than its result
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In eager mode, on the CPU, arithmetic and comparisons first copy what has another
# dtype, or a mark, as ``z.conj()`` and its imaginary part have: so ``/`` of two integer
# tensors of full size takes three times its result. And some operations are several
# kernels: ``isclose`` takes over ten times its result at the peak.

close = peak_of(lambda: torch.isclose(column, row)) / comparison_peak
whole_numbers = torch.ones(2048, 2048, dtype=torch.int32, device=device)
divided = peak_of(lambda: whole_numbers / whole_numbers) / predicted
z = torch.ones(512, 512, dtype=torch.complex64, device=device)
marked = peak_of(lambda: z.conj() + z) / z.nbytes
if device.type == "cpu":
    print(f"isclose {close:.0f} times its result, / of integers {divided:.0f} times")
    over_ten, three_times = close > 10, 3 <= divided < 3.01
    assert over_ten
    assert three_times
    assert marked == 2

# %%
# More: every pair of shapes with up to 3 axes, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Sizes are 1, 2 and 3. For each pair that broadcasts we expand the first operand and
# check its values, that nothing is allocated, and its strides: 0 along each axis that
# grows from size 1, and along each new axis of more than one index. Then we add the
# two, and check that the sum allocates its result and nothing else. As the pairs come
# in both orders, that holds for the second operand too. (A GPU hands out memory in
# blocks of 512 bytes.)

import itertools


def block(nbytes):
    return nbytes if device.type == "cpu" else -(-nbytes // 512) * 512


shapes = [s for rank in range(4) for s in itertools.product((1, 2, 3), repeat=rank)]
compared = 0
for small, other in itertools.product(shapes, repeat=2):
    try:
        result = torch.broadcast_shapes(small, other)
    except RuntimeError:
        continue
    a = torch.arange(1.0, 1 + torch.Size(small).numel(), device=device).reshape(small)
    b = torch.zeros(other, device=device)
    with track_memory() as expanding:
        view = a.expand(result)
    with track_memory() as adding:
        total = a + b
    assert expanding.allocated_bytes == 0
    assert adding.allocated_bytes == block(4 * result.numel())
    assert torch.equal(view, total)
    old = (None,) * (view.dim() - a.dim()) + a.stride()  # None: a new axis
    sizes = (1,) * (view.dim() - a.dim()) + small
    for size, stride, whole, step in zip(
        sizes, old, view.shape, view.stride(), strict=True
    ):
        expected = 0 if size < whole else stride
        assert step == expected or expected is None
    compared += 1

print(compared, "of", len(shapes) ** 2, "pairs of shapes broadcast")
assert compared == 940

# %%
# What is often said
# ------------------
#
# "Broadcasting and ``expand_as`` do not increase memory use *for the input tensors*."
# For most elementwise operations that is right, and it leaves out what fills the
# memory. Take squared distances between 512 points with 32 coordinates. The points take
# 64 KiB and the result 1 MiB. In eager mode (without ``torch.compile``) and without
# gradients, the popular one-liner needs 64 MiB: differences and squares, 32 MiB each,
# are alive together.

points = torch.rand(512, 32, device=device)


def by_broadcasting():
    return ((points[:, None] - points[None]) ** 2).sum(-1)


print("broadcasting:", peak_of(by_broadcasting) / MIB, "MiB at the peak")
assert points.nbytes == 64 * 1024
assert by_broadcasting().nbytes == MIB
assert peak_of(by_broadcasting) == 64 * MIB
differences = points[:, None] - points[None]
assert differences.nbytes == 32 * MIB

# %%
# ``torch.cdist`` gives the distances without the tensor of differences.

# More: draws the memory of both, operation by operation
EXACT = "donot_use_mm_for_euclid_dist"
distances = torch.cdist(points, points, compute_mode=EXACT)
torch.testing.assert_close(distances**2, by_broadcasting())

figure, axes = plt.subplots(2, 1, figsize=(5.4, 4.8), layout="constrained", sharey=True)
functions = {
    "((x[:, None] - x[None]) ** 2).sum(-1)": by_broadcasting,
    "torch.cdist(x, x)": lambda: torch.cdist(points, points, compute_mode=EXACT),
}
for (title, function), ax in zip(functions.items(), axes, strict=True):
    with track_memory() as memory:
        function()
    memory.plot(ax)
    ax.set_title(title)
axes[0].set_ylim(0, 72)
axes[0].set_xlabel("")

cdist_peak = peak_of(functions["torch.cdist(x, x)"])
print("cdist:", cdist_peak / MIB, "MiB at the peak")
assert cdist_peak == distances.nbytes
assert peak_of(by_broadcasting) / distances.nbytes == 64

# %%
# "``expand_as`` changes the shape metadata." A new shape alone would not do: nine
# elements do not fit into three cells. The stride 0 lets many indices lie in one.
# ``repeat`` makes the same values, and copies.

from tensorglass import memory_of, shows_error

three = torch.tensor([1.0, 2.0, 3.0], device=device)
square = torch.zeros(3, 3, device=device)
expanded, repeated = three.expand_as(square), three.repeat(3, 1)
assert torch.equal(expanded, repeated)
assert (expanded.stride(), repeated.stride()) == ((0, 1), (3, 1))
nbytes = memory_of(expanded).nbytes, memory_of(repeated).nbytes
print("expand_as holds", nbytes[0], "bytes, repeat", nbytes[1])
assert nbytes == (12, 36)

# %%
# More: the cells of both, drawn as tapes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The expanded tensor has 3 cells, and three elements in each ("3x"). The repeated one
# has 9, with one element each. And ``view``, which keeps the number of elements,
# refuses.

from tensorglass import storage_info

figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 4.0), layout="constrained")
storage_info(expanded).plot(top)
top.set_title("expand_as: three cells for nine elements")
storage_info(repeated).plot(bottom)
bottom.set_title("repeat: nine cells")
assert storage_info(expanded).cells == 3
assert storage_info(repeated).cells == 9
with shows_error(RuntimeError, match="is invalid for input of size 3"):
    three.view(3, 3)

# %%
# Traps
# -----
#
# Some operations copy an expanded tensor
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Views of it stay small. But what needs a cell for each element writes all of them:
# ``contiguous``, ``clone``, ``double``, or a ``reshape`` that ``view`` refuses.

copies = expanded.contiguous(), expanded.clone(), expanded.reshape(9), expanded.double()
assert [copy.untyped_storage().nbytes() for copy in copies] == [36, 36, 36, 72]
part = expanded.T[1:]
assert part.untyped_storage().nbytes() == 12
with shows_error(RuntimeError, match="view size is not compatible"):
    expanded.view(9)

# %%
# One write changes many elements
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In eager mode torch refuses to add or copy a dense tensor into an expanded one. But a
# write to one element goes through, and is seen in all. Clone first.

shared = torch.zeros(3, device=device).expand(3, 3)
with shows_error(RuntimeError, match="single memory location"):
    shared.add_(1)
shared[0, 0] = 5
print(shared)
assert shared.tolist() == [[5, 0, 0], [5, 0, 0], [5, 0, 0]]

own = torch.zeros(3, device=device).expand(3, 3).clone()
own[0, 0] = 5
assert own.tolist() == [[5, 0, 0], [0, 0, 0], [0, 0, 0]]

# %%
# More: other writes that torch lets through
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Such are ``fill_``, ``zero_``, a sparse summand, a write to a row of distinct cells,
# and, with a warning, one through a list of indices. On a GPU, and from torch 2.15 on,
# ``shared[:] = 5`` is a ``fill_``; on a CPU it was refused. Overlapping windows, which
# ``unfold`` makes, torch does not notice: there ``add_`` of a number, or of a tensor of
# the same dtype, adds to a cell once for each window. Compiled code may run even
# ``add_`` into an expanded tensor.

import warnings
from contextlib import nullcontext

shared[1] = torch.tensor([7.0, 8.0, 9.0], device=device)
assert shared.tolist() == [[7, 8, 9], [7, 8, 9], [7, 8, 9]]
shared.fill_(6)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    shared[[0, 1]] += 1  # written twice, and added once
print("UserWarning:", str(caught[0].message).split(".")[0])
assert "expanded tensors is deprecated" in str(caught[0].message)
assert shared.tolist() == [[7, 7, 7], [7, 7, 7], [7, 7, 7]]
refused = device.type == "cpu" and torch.__version__ < "2.15"
refusal = shows_error(RuntimeError, match="single memory location")
with refusal if refused else nullcontext():
    shared[:] = 5
left = 7 if refused else 5
assert shared.tolist() == [[left] * 3] * 3
base = torch.zeros(5, device=device)
base.unfold(0, 3, 1).add_(1)
if device.type == "cpu":  # a GPU adds in no order
    assert base.tolist() == [1, 2, 3, 2, 1]

# %%
# Compiled, an intermediate result may never exist
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.compile`` joins operations into one kernel where it can. The one-liner then
# allocates its result alone. That is no promise: a graph break, or an operation that it
# cannot join, brings the tensor back. On the CPU it needs a C++ compiler.

import shutil

if device.type == "cuda" or shutil.which("g++"):
    compiled = torch.compile(by_broadcasting)
    compiled_peak = peak_of(compiled)
    print("compiled:", compiled_peak / MIB, "MiB at the peak")
    torch.testing.assert_close(compiled(), by_broadcasting())
    assert compiled_peak == MIB

# %%
# More: with gradients, chunks are kept
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In eager mode, a square keeps its input for the backward pass: in chunks, the
# differences of all chunks stay, 32 MiB together. ``checkpoint`` keeps the points
# instead, and computes the differences of one chunk again when backward needs them.

from tensorglass import saved_for_backward
from torch.utils.checkpoint import checkpoint

learned = points.clone().requires_grad_()


def squared_distances(some, points):
    return ((some[:, None] - points) ** 2).sum(-1)


def in_chunks(points):
    return torch.cat([squared_distances(some, points) for some in points.split(64)])


def checkpointed(points):
    options = {"use_reentrant": False, "preserve_rng_state": False}
    parts = [
        checkpoint(squared_distances, some, points, **options)
        for some in points.split(64)
    ]
    return torch.cat(parts)


assert saved_for_backward(in_chunks, learned).activation_bytes == 32 * MIB
kept_gradient, gradient = (
    torch.autograd.grad(function(learned).sum(), learned)[0]
    for function in (in_chunks, checkpointed)
)
torch.testing.assert_close(gradient, kept_gradient)
kept_peak, checkpointed_peak = (
    peak_of(lambda function=function: function(learned).sum().backward()) / MIB
    for function in (in_chunks, checkpointed)
)
print(f"kept {kept_peak:.0f} MiB at the peak, checkpointed {checkpointed_peak:.0f}")
above, below_half = kept_peak > 32, checkpointed_peak < kept_peak / 2
assert above
assert below_half

# %%
# More: ``cdist`` far from the origin
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For more than 25 points the default of ``cdist`` computes a matrix product,
# :math:`|x|^2 + |y|^2 - 2xy`. Besides its result that takes copies of the points, and
# it is wrong where these are close to each other and far from the origin: the squares
# cancel, and what is left is their rounding. Here a point is not even at distance 0
# from itself. The ``compute_mode`` above subtracts first. If both sets have at most 25
# points, and for another ``p`` than 2, the default does so too.

far = points.double() + 1000  # the same points, moved
true = torch.cdist(far, far, compute_mode=EXACT)
torch.testing.assert_close(true.float(), distances, rtol=1e-4, atol=1e-4)
by_product = torch.cdist(far.float(), far.float())
copies = peak_of(lambda: torch.cdist(points, points)) - distances.nbytes
as_large_as_both = copies >= 2 * points.nbytes
assert as_large_as_both
by_difference = torch.cdist(far.float(), far.float(), compute_mode=EXACT)
between = ~torch.eye(512, dtype=torch.bool, device=device)
for name, found in {"default": by_product, "exact": by_difference}.items():
    error = ((found - true).abs() / true)[between].median().item()
    to_itself = found.diagonal().max().item()
    print(f"{name}: median error {error:.1%}, to itself at most {to_itself:.1f}")
    far_off, not_at_itself = error > 0.1, to_itself > 1
    assert far_off == not_at_itself == (name == "default")
near = error < 1e-4  # the exact one, of numbers near 1000 in float32
assert near
for few, p in ((far[:25], 2), (far, 1)):
    found, true = (torch.cdist(each, each, p=p).float() for each in (few.float(), few))
    torch.testing.assert_close(found, true, rtol=0, atol=1e-3)

# %%
# More: ``expand`` can cost what broadcasting does not
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In eager mode, on the CPU, adding tensors of two dtypes first converts what is not of
# the result's dtype: as it is, if you let it broadcast, and at full size, if you have
# expanded it. Leave the stretching to the operation.

doubles = torch.zeros(2048, 2048, dtype=torch.float64, device=device)
broadcast_peak = peak_of(lambda: doubles + row)
expanded_peak = peak_of(lambda: doubles + row.expand(2048, 2048))
print("a + row:            ", round(broadcast_peak / MIB), "MiB")
print("a + row.expand(...):", round(expanded_peak / MIB), "MiB")
assert round(broadcast_peak / MIB) == 32
converted = 32 if device.type == "cpu" else 0  # a GPU converts while it adds
assert round(expanded_peak / MIB) == 32 + converted

# %%
# More: ``matmul`` may copy a broadcast operand
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# One matrix for all 256 batches is not copied, without gradients. But three matrices,
# applied to 256 batches of three vectors, share one of two batch axes: no single stride
# leads through both, and in eager mode ``@`` writes the matrices out 256 times.
# ``einsum`` makes the shared axis the batch and puts the other one among the columns.

matrices = torch.rand(3, 64, 64, device=device)
vectors = torch.rand(256, 3, 64, 1, device=device)
product = matrices @ vectors
by_einsum = torch.einsum("cij,bcjk->bcik", matrices, vectors)
torch.testing.assert_close(product, by_einsum, rtol=1e-3, atol=1e-3)

single_peak = peak_of(lambda: matrices[0] @ vectors)
matmul_peak = peak_of(lambda: matrices @ vectors)
einsum_peak = peak_of(lambda: torch.einsum("cij,bcjk->bcik", matrices, vectors))
print("product:       ", product.nbytes, "bytes")
print("one matrix:    ", single_peak, "bytes at the peak")
print("three matrices:", matmul_peak, "bytes")
print("with einsum:   ", einsum_peak, "bytes")
assert single_peak == product.nbytes
assert matmul_peak == 256 * matrices.nbytes + product.nbytes
assert round(einsum_peak / product.nbytes) == 1

# %%
# More: autograd keeps the small factor, backward needs the full size
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For ``matrix * weight``, with gradients for both, autograd keeps both: ``weight`` as
# it is, not stretched. In the backward pass, if it is not compiled, the gradient of
# each element is computed first, at full size, and then summed over the rows.

weight = torch.rand(2048, device=device, requires_grad=True)
factor = matrix.clone().requires_grad_()
kept = {}


def note(tensor):
    kept[tuple(tensor.shape)] = tensor.untyped_storage().nbytes()
    return tensor


with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
    factor * weight
print("kept for backward, shape and bytes:", kept)
assert kept == {(2048, 2048): 16 * MIB, (2048,): 8192}

loss = (matrix * weight).sum()
backward_peak = peak_of(lambda: loss.backward(retain_graph=True))
print("backward:", round(backward_peak / MIB), "MiB for a gradient of 8192 bytes")
if device.type == "cpu":  # a GPU's sum may take workspace besides
    assert backward_peak == matrix.nbytes + weight.nbytes + loss.nbytes
assert weight.grad.nbytes == 8192

# %%
# On a GPU
# --------
#
# Strides and sizes do not depend on the device. The peak is
# ``torch.cuda.max_memory_allocated``, after ``torch.cuda.reset_peak_memory_stats``.
# ``nvidia-smi`` shows more, because by PyTorch's documentation the allocator keeps
# blocks that were freed.

print("this page ran on", device.type)

# %%
# More: the allocator's own peak
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It hands out blocks of 512 bytes. Where this page runs on a GPU, it compares that peak
# with what ``track_memory`` says.

with track_memory() as memory:
    tiny = torch.empty(3, device=device)
assert memory.peak_bytes == block(12)


def root_of_expanded():
    return torch.zeros(1, device=device).expand(2048, 2048).sqrt()


allocator_peak = tracked_peak = peak_of(root_of_expanded)
if device.type == "cuda":
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    root_of_expanded()
    allocator_peak = torch.cuda.max_memory_allocated() - before
assert allocator_peak == tracked_peak == 16 * MIB + block(4)

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# How many bytes has ``torch.zeros(5, 1).expand(5, 7).T``, and how many its ``clone()``?
# What is its stride?
#
# Solution
# ^^^^^^^^

tall = torch.zeros(5, 1, device=device).expand(5, 7).T
assert tall.shape == (7, 5)
assert tall.stride() == (0, 1)
assert memory_of(tall).nbytes == 5 * 4 == 20
assert memory_of(tall.clone()).nbytes == 7 * 5 * 4 == 140

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Compute the squared distances of the 512 points 64 at a time, and square in place.
# What is the peak?
#
# Solution
# ^^^^^^^^
#
# The result takes its 1 MiB. The differences of one part take 4 MiB, and squaring them
# in place needs no more; their sums take 0.125 MiB.


def in_parts():
    result = torch.empty(512, 512, device=device)
    for i in range(0, 512, 64):
        differences = points[i : i + 64, None] - points[None]
        result[i : i + 64] = differences.square_().sum(-1)
        del differences
    return result


torch.testing.assert_close(in_parts(), by_broadcasting())
parts_peak = peak_of(in_parts)
print("in parts:", parts_peak / MIB, "MiB at the peak")
assert parts_peak / MIB == 1 + 4 + 0.125

# %%
# Exercise 3
# ~~~~~~~~~~
#
# ``x = x - means``, with the mean of each column, needs a second matrix. Avoid it.
#
# Solution
# ^^^^^^^^
#
# In place. It works because the stretched operand is not the one that is written to. It
# may not be done to a tensor whose values autograd still needs, nor to a leaf that
# requires a gradient.

means, copy = matrix.mean(0), matrix.clone()
with track_memory() as new_matrix:
    centered = matrix - means
with track_memory() as in_place:
    copy -= means
assert torch.equal(copy, centered)
assert new_matrix.peak_bytes == 16 * MIB
assert in_place.peak_bytes == 0

# %%
# References
# ----------
#
# - PyTorch: `torch.Tensor.expand
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html>`__ and
#   `Broadcasting semantics
#   <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>`__.
# - PyTorch: `Memory management
#   <https://docs.pytorch.org/docs/stable/notes/cuda.html#memory-management>`__, on the
#   caching allocator of CUDA.
# - PyTorch issues `#18862 <https://github.com/pytorch/pytorch/issues/18862>`__ and
#   `#154128 <https://github.com/pytorch/pytorch/issues/154128>`__, on ``matmul`` with a
#   broadcast batch.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
