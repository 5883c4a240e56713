# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.13", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Why does an operation refuse a dtype?
=====================================

People ask this when a model stops with "mat1 and mat2 must have the same dtype, but got
Double and Float", or with "result type Float can't be cast" or "not implemented for
'Long'".

:Level: beginner

Short answer
------------

Matrix products (``@``), convolutions, and layers made of them, convert nothing: all
their tensors must be of one dtype. By default weights are ``float32``, NumPy's floats
``float64`` (Double), whole numbers ``int64`` (Long). Convert data to the weights' dtype
where it enters: ``x.float()``, or ``x.to(model.weight.dtype)`` for a half model.
Elementwise operations convert. Means and ``softmax`` need floating point, an index
``.long()``.
"""

import numpy as np
import torch

model = torch.nn.Linear(3, 2)
array = np.ones((4, 3))
x = torch.from_numpy(array)
output = model(x.float())  # model(x) is refused
print(x.dtype, "into weights of", model.weight.dtype, "gives", output.dtype)
assert (x.dtype, output.dtype) == (torch.float64, torch.float32)

# %%
# Each row is the dtype of ``a``, each column that of ``b``, on the CPU. In the cells
# stands the dtype of the result; in an empty one torch refuses.

# More: tries a + b and a @ b with all pairs of four dtypes, and draws the results
import matplotlib.pyplot as plt

SHORT = {
    dtype: str(dtype).removeprefix("torch.") for dtype in (torch.bool, torch.int64)
}
SHORT |= {torch.float32: "float32", torch.float64: "float64"}
COLORS = {"bool": "#cc79a7", "int64": "#009e73"}
COLORS |= {"float32": "#0072b2", "float64": "#d55e00"}


def dtype_of(operation, *dtypes, device="cpu"):
    """Return the dtype that comes out for square matrices, None if torch refuses."""
    try:
        return operation(*[torch.ones(2, 2, device=device).to(each) for each in dtypes])
    except RuntimeError:
        return None


def added(a, b):
    return (a + b).dtype


def multiplied(a, b):
    return (a @ b).dtype


figure, axes = plt.subplots(2, 1, figsize=(4.4, 4.8), layout="constrained")
tables = {}
for ax, (sign, operation) in zip(
    axes, {"+": added, "@": multiplied}.items(), strict=True
):
    tables[sign] = {(a, b): dtype_of(operation, a, b) for a in SHORT for b in SHORT}
    for (a, b), result in tables[sign].items():
        row, column = list(SHORT).index(a), list(SHORT).index(b)
        color = (COLORS[SHORT[result]], 0.25) if result else "none"
        look = {"facecolor": color, "edgecolor": "black"}
        ax.add_patch(plt.Rectangle((column, -row), 1, 1, **look))
        if result:
            ax.text(column + 0.5, 0.5 - row, SHORT[result], ha="center", va="center")
    for place, name in enumerate(SHORT.values()):
        ax.text(-0.08, 0.5 - place, name, ha="right", va="center")
        ax.text(place + 0.5, 1.15, name, ha="center")
    ax.set(xlim=(-0.9, 4.05), ylim=(-3.1, 1.6))
    ax.set_axis_off()
    told = [
        f"{SHORT[a]} {sign} {SHORT[b]} is {SHORT[result] if result else 'refused'}"
        for (a, b), result in tables[sign].items()
    ]
    ax.set_label(f"A table of four dtypes by four: {'; '.join(told)}.")
axes[0].set_title("a + b: torch converts")
axes[1].set_title("a @ b: torch does not")
assert None not in tables["+"].values()
ran = [pair for pair, result in tables["@"].items() if result]
assert ran == [(each, each) for each in (torch.int64, torch.float32, torch.float64)]

# %%
# Take it home
# ------------
#
# Say the dtype where data becomes a tensor:

x = torch.as_tensor(array, dtype=torch.float32)  # from NumPy
row = torch.tensor([[1, 2, 3]], dtype=torch.float32)  # from a list of whole numbers
label = torch.tensor([0.0, 1.0, 1.0, 0.0]).long()  # a class, or an index
accuracy = (model(x).argmax(1) == label).float().mean()  # of truth values, a share

assert x.dtype == row.dtype == accuracy.dtype == torch.float32
assert model(row).shape == (1, 2)

# %%
# The library of this site names the layer and the tensor. (``with explained_errors():``
# around your program puts that under the traceback.)

from tensorglass import default_device, explain_error
from torch import nn

device = default_device()
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)).to(device)
data = torch.from_numpy(array).to(device)

try:
    model(data)
except RuntimeError as error:
    explanation = explain_error(error)
assert explanation.kind == "matmul_dtype"
assert explanation.layer == "0"
explanation

# %%
# Why
# ---
#
# Elementwise operations **promote**: they compute in one dtype for both, floating point
# before whole numbers before bool, and of one sort one that holds both. In place the
# tensor keeps its dtype, so a result of floating point cannot go into whole numbers,
# nor numbers into bool. Matrix products, convolutions and most layers do not promote.
# (PyTorch documentation, *Tensor Attributes*; for the ten dtypes below, in tensors with
# axes, outside ``autocast``.)

whole, floats = torch.tensor([1, 2], device=device), torch.ones(2, device=device)
together = whole + floats
assert together.dtype == torch.float32
assert torch.can_cast(torch.float64, torch.float32)
assert not torch.can_cast(torch.float32, torch.int64)
assert dtype_of(multiplied, torch.int64, torch.float32, device=device) is None

# %%
# More: every pair of ten dtypes, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``promote_types`` and ``can_cast`` say what torch's documentation says. Three
# operations must follow them on all pairs: ``a + b`` runs and has the promoted dtype,
# ``a += b`` runs exactly where that can be cast back, and ``a @ b`` is refused wherever
# the dtypes differ. Of equal dtypes, it runs for floating point; on the CPU also for
# whole numbers, and not for bool.

import itertools

KINDS = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
FLOATING = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def added_in_place(a, b):
    a += b
    return a.dtype


counts = dict.fromkeys(("a + b", "a += b", "a @ b"), 0)
for a, b in itertools.product(KINDS + FLOATING, repeat=2):
    promoted = torch.promote_types(a, b)
    assert dtype_of(added, a, b, device=device) == promoted
    in_place = dtype_of(added_in_place, a, b, device=device)
    assert in_place == (a if torch.can_cast(promoted, a) else None)
    product = dtype_of(multiplied, a, b, device=device)
    if a != b:
        assert product is None
    elif a in FLOATING:
        assert product == a
    elif device.type == "cpu":
        assert product == (None if a == torch.bool else a)
    counts["a + b"] += 1
    counts["a += b"] += in_place is not None
    counts["a @ b"] += product is not None and a in FLOATING

print("of", counts["a + b"], "pairs of dtypes, a += b takes", counts["a += b"])
print("a @ b takes", counts["a @ b"], "of floating point, all of them of equal dtypes")
assert (counts["a + b"], counts["a @ b"]) == (100, 4)
assert counts["a += b"] == 71

# %%
# ``float16`` and ``bfloat16`` give ``float32``, ``uint8`` and ``int8`` give ``int16``:
# one that holds both. Of other dtypes many pairs are refused, as of ``uint16`` with
# ``int32``, and of ``float8_e4m3fn`` with ``float32``.

from tensorglass import shows_error

assert dtype_of(added, torch.float16, torch.bfloat16, device=device) == torch.float32
assert dtype_of(added, torch.uint8, torch.int8, device=device) == torch.int16
few = torch.ones(2, device=device)
with shows_error(RuntimeError, match="Promotion for uint16"):
    few.to(torch.uint16) + few.int()
with shows_error(RuntimeError, match="Promotion for Float8"):
    few.to(torch.float8_e4m3fn) + few

# %%
# More: one number counts less
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A Python number, or a tensor without axes, changes the dtype only if it is of a higher
# sort: 1.5 makes floats of whole numbers, and float64 without axes leaves float32 as it
# is.

double = torch.tensor(1.0, dtype=torch.float64, device=device)
sums = [whole + 1, whole + 1.5, floats + double, floats + double[None]]
found = [each.dtype for each in sums]
print(*found)
assert found == [torch.int64, torch.float32, torch.float32, torch.float64]

# %%
# What is often said
# ------------------
#
# "Call ``model.double()``." It runs, and from then on each parameter takes twice the
# memory, and each later input must be float64, too. Convert the data: unless you need
# the digits, as ``gradcheck`` does. (``shows_error`` prints an error that must come.)


def bytes_of(module):
    return sum(each.nbytes for each in module.parameters())


single = bytes_of(model)
assert model.double()(data).dtype == torch.float64
assert bytes_of(model) == 2 * single
with shows_error(RuntimeError, match="must have the same dtype"):
    model(data.float())
assert model.float()(data.float()).dtype == torch.float32

# %%
# More: "``torch.Tensor(array)`` makes float32"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It does, also of labels, which then are refused as an index. And given a number, it
# makes a tensor of that many numbers, whatever stood in memory.

assert torch.Tensor(array).dtype == torch.float32
labels = torch.Tensor([0, 1])
assert labels.dtype == torch.float32
assert torch.Tensor(3).shape == (3,)
with shows_error(IndexError, match="must be long, int, byte or bool"):
    torch.ones(2)[labels]

# %%
# Traps
# -----
#
# mat1 and mat2 must have the same dtype
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A list of whole numbers became Long.

ages = torch.tensor([[23, 54, 31]], device=device)
with shows_error(RuntimeError, match="but got Long and Float"):
    model(ages)
assert model(ages.float()).shape == (1, 2)

# %%
# Input type and weight (or bias) type should be the same
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A convolution says it of an image that is still bytes, 0 to 255. (If one of the types
# says ``cuda``, it is the device: :doc:`out_of_memory`.)

image = torch.full((1, 3, 8, 8), 255, dtype=torch.uint8, device=device)
layer = nn.Conv2d(3, 4, 3).to(device)
with shows_error(RuntimeError, match="Input type .* should be the same"):
    layer(image)
scaled = image.float() / 255
assert scaled.max() == 1
assert layer(scaled).dtype == torch.float32

# %%
# result type Float can't be cast to the desired output type Long
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In place, whole numbers stay whole. Make a new tensor, or begin with floats.
# Arithmetic in place is refused; ``fill_``, ``copy_`` and ``masked_fill`` cut the
# fraction off.

total = torch.tensor([0, 0], device=device)
with shows_error(RuntimeError, match="result type Float can't be cast"):
    total += 0.5
total = total + 0.5
assert total.tolist() == [0.5, 0.5]

# %%

# More: what is cut off without a word
whole_too = torch.tensor([7, 7], device=device)
cut = [whole_too.clone().fill_(0.5), whole_too.clone().copy_(total)]
cut.append(whole_too.masked_fill(whole_too > 0, 0.5))
print(*[each.tolist() for each in cut])
assert [each.tolist() for each in cut] == 3 * [[0, 0]]

# %%
# mean(): could not infer output dtype
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The accuracy is a mean of truth values. Make numbers of them.

hits = torch.tensor([3, 1, 2], device=device) == torch.tensor([3, 1, 0], device=device)
with shows_error(RuntimeError, match=r"mean\(\): could not infer output dtype"):
    hits.mean()
assert round(hits.float().mean().item(), 2) == 0.67

# %%
# "softmax" not implemented for 'Long'
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The kernel was written for other dtypes. (``exp`` and ``sqrt`` promote.)

with shows_error(RuntimeError, match="not implemented for 'Long'"):
    ages.softmax(1)
assert ages.float().softmax(1).argmax() == 1
assert ages.sqrt().dtype == torch.float32

# %%
# More: std and var only support floating point
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The sum of truth values or whole numbers is whole, and so is the median of whole
# numbers: these run.

for refused in (torch.std, torch.var):
    with shows_error(RuntimeError, match="only support floating point"):
        refused(ages)
assert ages.float().var() == 259
assert (ages.sum(), ages.median(), hits.sum()) == (108, 31, 2)
if device.type == "cpu":
    with shows_error(RuntimeError, match="not implemented for 'Bool'"):
        hits.median()

# %%
# More: expected scalar type Double but found Float
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``bmm`` and ``einsum`` say it so, and other operations in words of their own: nothing
# but the wording differs.

import torch.nn.functional as F

matrices = torch.ones(2, 3, 3, device=device)
with shows_error(RuntimeError, match="scalar type|same dtype"):
    torch.bmm(matrices.double(), matrices)
assert torch.bmm(matrices.double().float(), matrices).dtype == torch.float32
recurrent = nn.LSTM(3, 4).to(device)
with shows_error(ValueError, RuntimeError, match="dtype"):
    recurrent(matrices.double())
values, hidden = recurrent(matrices)
assert values.shape == (2, 3, 4)

# %%
# More: Expected query, key, and value to have the same dtype
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Attention is made of matrix products. Here a rotation of the query has left it in
# float32, and the keys and values are of the model's dtype.

query = torch.ones(1, 2, 4, device=device)
key = torch.ones(1, 3, 4, dtype=torch.bfloat16, device=device)
with shows_error(RuntimeError, match="query, key, and value to have the same dtype"):
    F.scaled_dot_product_attention(query, key, key)
attended = F.scaled_dot_product_attention(query.to(key.dtype), key, key)
assert attended.dtype == torch.bfloat16

# %%
# More: Index put requires the source and destination dtypes match
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Several values assigned by a tensor of indices or a mask are not converted. A slice,
# one index, or a Python number is, and fractions are cut off without a word.

store = torch.zeros(3, device=device)
chosen = torch.tensor([0, 2], device=device)
news = torch.ones(2, dtype=torch.float64, device=device)
with shows_error(RuntimeError, match="Index put requires the source and destination"):
    store[chosen] = news
store[chosen] = news.to(store.dtype)
assert store.tolist() == [1, 0, 1]
integers = torch.zeros(2, dtype=torch.int64, device=device)
integers[:] = torch.tensor([1.9, -1.9], device=device)
assert integers.tolist() == [1, -1]
integers[0] = torch.tensor(2.9, device=device)
integers[torch.tensor([False, True], device=device)] = -2.9
assert integers.tolist() == [2, -2]
with shows_error(RuntimeError, match="Index put requires the source and destination"):
    integers[integers < 9] = torch.tensor([1.9, -1.9], device=device)

# %%
# More: Found dtype Long but expected Float
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``binary_cross_entropy`` says it of a target of whole numbers, and so does the
# backward pass of ``huber_loss``. The loss with logits says of the same target that
# Float cannot be cast. (See :doc:`loss_and_target`.)

truth = torch.tensor([0, 1, 1], device=device)
with shows_error(RuntimeError, match="Found dtype Long but expected Float"):
    F.binary_cross_entropy(torch.full((3,), 0.5, device=device), truth)
with shows_error(RuntimeError, match="result type Float can't be cast"):
    F.binary_cross_entropy_with_logits(torch.zeros(3, device=device), truth)
prediction = torch.zeros(3, device=device, requires_grad=True)
loss = F.huber_loss(prediction, truth)
with shows_error(RuntimeError, match="Found dtype Long but expected Float"):
    loss.backward()
loss = F.binary_cross_entropy_with_logits(torch.zeros(3, device=device), truth.float())
assert round(loss.exp().item()) == 2

# %%
# More: only Tensors of floating point dtype can require gradients
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A gradient says what a small step changes, and whole numbers have no small steps.
# Write a point behind one number. (Complex numbers can have gradients.)

with shows_error(RuntimeError, match="floating point.* can require gradients"):
    torch.tensor([1, 2], requires_grad=True)
with shows_error(RuntimeError, match="floating point.* can require gradients"):
    nn.Parameter(torch.tensor([1, 2]))
floating = torch.tensor([1.0, 2], requires_grad=True)
assert floating.requires_grad
imaginary = torch.tensor([1j], requires_grad=True)
assert imaginary.requires_grad

# %%
# More: "bitwise_and" not implemented for 'Float'
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``&`` is for truth values and whole numbers: compare first.

positive, weights = ages > 30, torch.tensor([[0.0, 1.0, 0.0]], device=device)
with shows_error(RuntimeError, match="not implemented for 'Float'"):
    positive & weights
assert (positive & (weights > 0)).tolist() == [[False, True, False]]

# %%
# More: Expected tensor for argument #1 'indices' to have scalar type Long
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An embedding looks rows up. Its input is the numbers of words: do not call
# ``float()``.

table = nn.Embedding(10, 4).to(device)
words = torch.tensor([1.0, 7.0], device=device)
with shows_error(RuntimeError, match="Expected tensor for argument #1 'indices'"):
    table(words)
assert table(words.long()).shape == (2, 4)

# %%
# More: Subtraction, the - operator, with a bool tensor is not supported
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``1 - mask`` was the opposite of a mask when masks were bytes. Now write ``~mask``. A
# sum of two masks runs, and is "or": True and True is True.

mask = torch.tensor([True, False, True], device=device)
with shows_error(RuntimeError, match="with a bool tensor is not supported"):
    1 - mask
assert (~mask).tolist() == [False, True, False]
assert (1 - mask.long()).tolist() == [0, 1, 0]
assert (mask + mask).tolist() == mask.tolist()

# %%
# More: mixed dtype (CPU): all inputs must share same datatype
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A normalization whose input is of another dtype than its weights. (Weights of float32
# take bfloat16, too.) A layer norm without weights takes each floating dtype.

norm = nn.LayerNorm(3).to(device)
if device.type == "cpu":
    with shows_error(RuntimeError, match="mixed dtype"):
        norm(data)
assert norm(data.float()).dtype == torch.float32
assert norm(data.bfloat16()).dtype == torch.bfloat16
plain = nn.LayerNorm(3, elementwise_affine=False)
assert [plain(data.to(each)).dtype for each in FLOATING] == FLOATING
with shows_error(RuntimeError, match="not implemented for 'Long'"):
    plain(ages)

# %%
# On a GPU
# --------
#
# There models are often ``float16`` or ``bfloat16``, and the message names Half and
# Float. Convert the input, or let ``autocast`` do it: under it, linear layers,
# convolutions and ``@`` take both. (It does not touch float64.) CUDA lacks
# kernels that the CPU has: matrix products of whole numbers are refused there, which
# was not run here.

print("this page ran on", device.type)
half = torch.ones(4, 3, dtype=torch.bfloat16, device=device)
with shows_error(RuntimeError, match="but got BFloat16 and Float"):
    model(half)
with torch.autocast(device.type, dtype=torch.bfloat16):
    assert model(half).dtype == torch.bfloat16
    with shows_error(RuntimeError, match="must have the same dtype"):
        model(data)
half_model = nn.Linear(3, 2).to(device).bfloat16()
assert half_model(data.to(half_model.weight.dtype)).dtype == torch.bfloat16

# %%

# More: under autocast, what takes both, and functions that on the CPU do not
single, vector = torch.ones(3, 3, device=device), half.mean(0)
with torch.autocast(device.type, dtype=torch.bfloat16):
    assert layer(scaled.bfloat16()).dtype == torch.bfloat16
    assert (half @ single).dtype == torch.bfloat16
    assert (single @ vector).dtype == torch.bfloat16
    if device.type == "cpu":
        for function, first in ((torch.dot, single[0]), (torch.mv, single)):
            with shows_error(RuntimeError, match="same dtype"):
                function(first, vector)

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# ``counts`` holds whole numbers. Which of ``counts / 2``, ``counts // 2``,
# ``counts * 0.5`` and ``counts**2`` holds floats, and which of them can be written in
# place?
#
# Solution
# ^^^^^^^^
#
# ``counts / 2`` and ``counts * 0.5`` do, and are refused in place.

counts = torch.tensor([4, 6], device=device)
results = [counts / 2, counts // 2, counts * 0.5, counts**2]
in_place = [torch.can_cast(each.dtype, counts.dtype) for each in results]
assert [each.is_floating_point() for each in results] == [True, False, True, False]
assert in_place == [False, True, False, True]
with shows_error(RuntimeError, match="can't be cast"):
    counts /= 2
counts //= 2
assert counts.tolist() == [2, 3]

# %%
# Exercise 2
# ~~~~~~~~~~
#
# A data set gives features in float64 and classes in float64. Convert both for
# ``cross_entropy``.
#
# Solution
# ^^^^^^^^
#
# The features go into a matrix product, the classes are an index.

features, classes = np.ones((4, 3)), np.array([0.0, 1.0, 1.0, 0.0])
inputs = torch.as_tensor(features, dtype=torch.float32, device=device)
target = torch.as_tensor(classes, dtype=torch.int64, device=device)
loss = F.cross_entropy(model(inputs), target)
assert loss.dtype == torch.float32

# %%
# References
# ----------
#
# - PyTorch: `Tensor Attributes
#   <https://docs.pytorch.org/docs/stable/tensor_attributes.html>`__, with the rules of
#   type promotion, and `torch.result_type
#   <https://docs.pytorch.org/docs/stable/generated/torch.result_type.html>`__.
# - How the message came to name both dtypes: `pytorch issue 105243
#   <https://github.com/pytorch/pytorch/issues/105243>`__.
# - "Found dtype Long but expected Float": `pytorch issue 45373
#   <https://github.com/pytorch/pytorch/issues/45373>`__.
