# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.13", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Why does a view, a cat, a stack or an index fail?
=================================================

People ask this when a model stops with "shape '[8, 400]' is invalid for input of size
4608", or a ``DataLoader`` with "stack expects each tensor to be equal size".

:Level: beginner

Short answer
------------

A view gives the same elements another shape, so its sizes must multiply to their
number: 2 times 5 is not 12. ``flatten(1)`` keeps the batch and lets torch count; the
next ``Linear`` must then take that number (:doc:`mat1_and_mat2`). ``stack`` fails where
sizes differ, ``cat`` where they differ in another axis than ``dim``, an index where an
axis ends.
"""

import torch

images = torch.arange(12).reshape(2, 2, 3)  # 2 images of 2 by 3 pixels
try:
    images.view(2, 5)
except RuntimeError as error:
    print(error)
assert images.flatten(1).shape == (2, 6)

# %%
# The 12 numbers in memory, colored by row. A view takes one step along each axis; the
# rows of transposed images have none.

# More: draws the memory, and the order in which three shapes read it
import itertools

import matplotlib.pyplot as plt
from tensorglass import explain_view

transposed = images.mT.flatten(1)
assert transposed.tolist() == [[0, 3, 1, 4, 2, 5], [6, 9, 7, 10, 8, 11]]
assert explain_view(images.mT, (2, 6)).breaks == ((1, 2),)

pictures = {
    "images.flatten(1): one row for each image": images.flatten(1),
    "images.view(2, 5): two numbers are left": images.flatten()[:10].view(2, 5),
    "images.mT.view(2, 6): the steps differ": transposed,
}
figure, axes = plt.subplots(3, 1, figsize=(4.4, 4.4), layout="constrained")
for (title, read), ax in zip(pictures.items(), axes, strict=True):
    first, second = read.tolist()
    for number in images.flatten().tolist():
        color = "#0072b2" if number in first else "#d55e00"
        if number in first + second:
            ax.bar(number, 1, 0.9, color=color, alpha=0.35)
        ax.bar(number, 1, 0.9, fill=False, linewidth=0.8)
        ax.text(number, 0.5, str(number), ha="center", va="center")
    for start, end in itertools.pairwise(first):
        arrow = {"arrowstyle": "->", "connectionstyle": "arc3,rad=-0.5"}
        side = 1.05 if end > start else -0.05
        ax.annotate("", (end, side), (start, side), arrowprops=arrow)
    ax.set(xlim=(-0.6, 11.6), ylim=(-0.9, 2.0), title=title)
    ax.set_axis_off()
    steps, left = read[0].diff().tolist(), images.numel() - read.numel()
    ax.set_label(
        f"12 cells of memory. The first row reads the cells {first}, with the steps "
        f"{steps}; the second row reads {second}. {left} cells are left."
    )

# %%
# Take it home
# ------------
#
# ``LazyLinear`` counts in the first batch, a wrong one too: look at ``in_features``.

from torch import nn

torch.manual_seed(0)
features = torch.zeros(8, 16, 5, 5)  # what convolutions give for 8 images
flat = features.flatten(1)
head = nn.LazyLinear(10)  # counts its inputs when it is first called
assert head(flat).shape == (8, 10)
assert head.in_features == 400

# %%
# For your own exception, ask ``explain_error``. ``with explained_errors():`` puts the
# same under the traceback.

from tensorglass import explain_error, explained_errors

convolved = nn.Conv2d(3, 16, 5)(torch.zeros(8, 3, 10, 10))
try:
    with explained_errors():
        convolved.view(8, 16 * 5 * 5)
except RuntimeError as error:
    explanation, notes = explain_error(error), error.__notes__
assert explanation.kind == "view_shape"
assert "has 3200 elements" in notes[0]
explanation

# %%
# The next ``Linear`` then needs 576:

from tensorglass import default_device, shares_memory, shows_error

with shows_error(RuntimeError, match=r"\(8x576 and 400x10\)"):
    nn.Linear(400, 10)(convolved.flatten(1))
assert nn.Linear(576, 10)(convolved.flatten(1)).shape == (8, 10)

# %%
# Why
# ---
#
# For dense tensors in eager mode (PyTorch documentation):
#
# - ``view``, ``reshape``: the sizes multiply to the number of elements. One may be -1,
#   for what is left.
# - ``view`` copies nothing. It merges two axes only if the outer stride is the inner
#   stride times the inner size. Axes of size 1 do not count.
# - ``cat``: equal sizes, except along ``dim``. ``stack``: equal sizes.
# - An index along n elements is one of -n to n - 1.

device = default_device()
images = images.to(device)
print("strides", images.stride(), "and transposed", images.mT.stride())
merge = [x.stride(1) == x.stride(2) * x.size(2) for x in (images, images.mT)]
flat = images.view(2, -1)
assert merge == [True, False]
assert shares_memory(flat, images)
assert torch.cat([images, images[:1]]).shape == (3, 2, 3)
assert torch.stack([images, images]).shape == (2, 2, 2, 3)
assert images[-2].equal(images[0])

# %%
# More: every small ``reshape``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# All shapes with up to 3 axes and sizes from 0 to 3, asked for each shape with up to 3
# sizes from -1 to 4. The edge: where a size of 0 stands beside the -1, any size would
# do, and torch refuses to choose.

import math


def is_refused(function, *arguments):
    try:
        function(*arguments)
    except (RuntimeError, IndexError):
        return True
    return False


def shapes_up_to(rank, sizes):
    return [s for n in range(rank + 1) for s in itertools.product(sizes, repeat=n)]


def shape_fits(elements, asked):
    known = math.prod(size for size in asked if size != -1)
    if asked.count(-1) == 0:
        return known == elements
    return asked.count(-1) == 1 and known > 0 and elements % known == 0


tried = fitting = 0
for elements in sorted({math.prod(shape) for shape in shapes_up_to(3, range(4))}):
    x = torch.zeros(elements, device=device)
    for asked in shapes_up_to(3, range(-1, 5)):
        fits = shape_fits(elements, asked)
        assert is_refused(x.reshape, asked) != fits
        tried, fitting = tried + 1, fitting + fits
print(tried, "reshapes, of which", fitting, "work")
assert (tried, fitting) == (2849, 418)

# %%
# More: every small ``view``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Tensors of 2 by 3 by 4 numbers, whole and sliced, in each order of the axes, and
# expanded ones: each is asked for every shape of its elements, with up to 4 axes. A
# view works exactly where each pair of neighboring axes merges or stays apart; axes of
# size 1 are left out. ``explain_view`` agrees. A tensor without elements is an
# exception: every shape without elements will do.


def view_fits(x, asked):
    """Return whether no axis that is asked for spans a break in memory."""
    borders = {math.prod(asked[axis:]) for axis in range(len(asked))}
    axes = [(n, s) for n, s in zip(x.shape, x.stride(), strict=True) if n != 1]
    behind = 1
    for (_, outer), (size, inner) in zip(axes[-2::-1], axes[:0:-1], strict=True):
        behind *= size
        if outer != inner * size and behind not in borders:
            return False
    return True


def shapes_of(elements, rank):
    divisors = [n for n in range(1, elements + 1) if elements % n == 0]
    return [s for s in shapes_up_to(rank, divisors) if math.prod(s) == elements]


base = torch.arange(24, device=device).reshape(2, 3, 4)
memories = [base, base[:, 1:], base[:, :, ::2], base[:, :1], base[:, :, :3], base[:1]]
memories += [base[:, 0, None].expand(2, 3, 4), base[:1, :1, :1].expand(2, 2, 2)]
tried = refused = 0
for memory, order in itertools.product(memories, itertools.permutations(range(3))):
    x = memory.permute(order)
    for asked in shapes_of(x.numel(), 4):
        fits = view_fits(x, asked)
        assert is_refused(x.view, asked) != fits
        assert bool(explain_view(x, asked)) == fits
        assert is_refused(x.reshape, asked) is False
        tried, refused = tried + 1, refused + (not fits)
print(tried, "views, of which", refused, "are refused")
assert (tried, refused) == (3354, 2335)
assert base[:, :0].mT.view(3, 0, 7).shape == (3, 0, 7)

# %%
# More: every small ``cat`` and index
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# All pairs of shapes with up to 2 axes and sizes from 0 to 2. The edge: ``cat`` skips a
# tensor of shape (0,), whatever axes the other one has, if it has any. So what is to
# grow can begin as ``torch.empty(0, dtype=...)``, with the dtype of the rest; else
# whole numbers become floats.


def cat_fits(a, b, dim):
    if (0,) in (a, b):
        other = b if a == (0,) else a
        return other == (0,) or dim < len(other)
    if not len(a) == len(b) > dim:
        return False
    return a[:dim] + a[dim + 1 :] == b[:dim] + b[dim + 1 :]


joined = indexed = 0
for a, b in itertools.product(shapes_up_to(2, range(3)), repeat=2):
    tensors = [torch.zeros(a, device=device), torch.zeros(b, device=device)]
    assert is_refused(torch.stack, tensors) == (a != b)
    for dim in range(2):
        assert is_refused(torch.cat, tensors, dim) != cat_fits(a, b, dim)
        joined += 1
for n, index in itertools.product(range(5), range(-6, 6)):
    x = torch.arange(n, device=device)
    assert is_refused(x.__getitem__, index) == (not -n <= index < n)
    indexed += 1
print(joined, "joins and", indexed, "indices tried")
assert (joined, indexed) == (338, 60)
two_rows = torch.ones(2, 3, dtype=torch.int64, device=device)
grown = [
    torch.cat([torch.empty(0, dtype=dtype, device=device), two_rows])
    for dtype in (torch.float32, torch.int64)
]
assert [each.dtype for each in grown] == [torch.float32, torch.int64]

# %%
# What is often said
# ------------------
#
# "Write -1 for the batch", or its size. Then 16 images of 400 features run through
# ``view(-1, 256)``, as 25 rows that mix images. The 4 images of a last batch run
# through ``view(8, -1)``, as 8 halves.

features = features.to(device)
with shows_error(RuntimeError, match="is invalid for input of size"):
    features.view(-1, 256)
twice = torch.cat([features, features])
print(len(twice), "images become", len(twice.view(-1, 256)), "rows")
assert twice.view(-1, 256).shape == (25, 256)
assert twice.flatten(1).shape == (16, 400)
with shows_error(RuntimeError, match="is invalid for input of size"):
    features[:4].view(8, 400)
assert features[:4].view(8, -1).shape == (8, 200)

# %%
# More: "call ``contiguous()``, or ``reshape``"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# That mends the message about strides, by a copy. It does not mend a wrong count, since
# a copy has as many elements.

assert images.mT.contiguous().view(2, 6).equal(images.mT.reshape(2, 6))
assert not shares_memory(images.mT.reshape(2, 6), images)
for same_count in (images.contiguous().view, images.reshape):
    with shows_error(RuntimeError, match="is invalid for input of size"):
        same_count(2, 5)

# %%
# More: "``view`` moves the channels"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It gives the shape that you wish, and mixes the numbers: ``view`` and ``reshape``
# never change their order. ``permute`` moves axes. Here the last axis is the color, and
# all reds are 0.

colored = torch.arange(3, device=device).expand(4, 4, 3)
wrong, right = colored.reshape(3, 4, 4), colored.permute(2, 0, 1)
assert wrong.shape == right.shape == (3, 4, 4)
print("reds by reshape:", wrong[0, 0].tolist(), "by permute:", right[0, 0].tolist())
assert wrong[0, 0].tolist() == [0, 1, 2, 0]
assert right[0].unique().tolist() == [0]

# %%
# Traps
# -----
#
# ``Sizes of tensors must match except in dimension 1``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In a U-Net, 25 pixels become 12, and then 24. Scale to the partner's size, not by 2.

import torch.nn.functional as F

skip = torch.zeros(1, 8, 25, 25, device=device)
deep = F.max_pool2d(skip, 2)
with shows_error(RuntimeError, match="Sizes of tensors must match except in dimension"):
    torch.cat([skip, F.interpolate(deep, scale_factor=2)], dim=1)
up = F.interpolate(deep, size=skip.shape[2:])
assert torch.cat([skip, up], dim=1).shape == (1, 16, 25, 25)

# %%
# ``stack expects each tensor to be equal size``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A ``DataLoader`` stacks a batch, and these texts have 3 and 2 tokens. A ``collate_fn``
# pads them.

from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

texts = [torch.tensor([7, 2, 9]), torch.tensor([4, 1])]
with shows_error(RuntimeError, match="stack expects each tensor to be equal size"):
    next(iter(DataLoader(texts, batch_size=2)))


def padded(rows):
    return pad_sequence(rows, batch_first=True)


batch = next(iter(DataLoader(texts, batch_size=2, collate_fn=padded)))
assert batch.tolist() == [[7, 2, 9], [4, 1, 0]]

# %%
# ``index out of range in self``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An ``Embedding`` of 9 rows has the rows 0 to 8, and token 9 came. Make as many rows as
# the whole vocabulary has, not as this batch needs. A pretrained model has its own
# tokenizer.

table = nn.Embedding(9, 2)  # on the CPU
with shows_error(IndexError, match="index out of range in self"):
    table(batch)
print("tokens from", batch.min().item(), "to", batch.max().item())
vocabulary = 10  # what the tokenizer knows, and not: batch.max() + 1
larger = nn.Embedding(vocabulary, 2)
assert larger(batch).shape == (2, 3, 2)

# %%
# More: ``view size is not compatible``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The count is right, but axes were moved, sliced, expanded, or come from
# ``channels_last``, and memory breaks between those that are to merge. ``reshape``
# copies, in the new order of the axes. Traced without data, as by ``torch.compile``, it
# is "Cannot view a tensor with shape".

moved = features.permute(0, 2, 3, 1)
with shows_error(RuntimeError, match="view size is not compatible"):
    moved.view(8, 400)
assert moved.reshape(8, 400).shape == (8, 400)
explain_view(moved, (8, 400))

# %%
# So behind a ``permute``, ``reshape`` gives a layer its features in another order than
# ``flatten(1)`` without it. ``channels_last`` leaves the order of the axes, and there
# ``reshape`` is harmless.

counted = torch.arange(24, device=device).reshape(1, 2, 3, 4)
print("moved:", counted.permute(0, 2, 3, 1).reshape(24)[:4].tolist())
assert counted.permute(0, 2, 3, 1).reshape(24)[:4].tolist() == [0, 12, 1, 13]
stored = counted.to(memory_format=torch.channels_last)
with shows_error(RuntimeError, match="view size is not compatible"):
    stored.view(1, 24)
assert stored.reshape(24).tolist() == list(range(24))

from torch._subclasses import FakeTensorMode

with FakeTensorMode():
    with shows_error(ValueError, match="Cannot view a tensor with shape"):
        torch.ones(2, 3, 4).mT.view(2, 12)

# %%
# More: images of several sizes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# By torchvision's documentation, ``Resize(24)`` gives the shorter side, and keeps the
# shape of an image: ``Resize((24, 24))`` gives both. A gray image among colored ones
# is another case: ``convert("RGB")`` when it is read. (Both were not run here; below,
# torch does the same.)

sizes = (12, 36), (48, 48)
pictures = [torch.zeros(3, *size, device=device) for size in sizes]


def resized(picture, size):  # as torchvision does
    if isinstance(size, int):
        height, width = picture.shape[1:]
        short = min(height, width)
        size = height * size // short, width * size // short
    return F.interpolate(picture[None], size)[0]


with shows_error(RuntimeError, match="stack expects each tensor to be equal size"):
    torch.stack([resized(each, 24) for each in pictures])
color, other = (resized(each, (24, 24)) for each in pictures)
assert torch.stack([color, other]).shape == (2, 3, 24, 24)
gray = other[:1]
with shows_error(RuntimeError, match="stack expects each tensor to be equal size"):
    torch.stack([color, gray])
assert torch.stack([color, gray.expand(3, -1, -1)]).shape == (2, 3, 24, 24)

# %%
# More: -1 in an ``Embedding``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A table does not count from the end. Map the padding to a row of its own first.
# ``index_select`` has the same message, and a table of 16 positions for a text of 20.
# ``clamp`` silences it, and gives other tokens the last row.

for lookup in (table, lambda index: table.weight.index_select(0, index)):
    with shows_error(IndexError, match="index out of range in self"):
        lookup(torch.tensor([3, -1]))
with shows_error(IndexError, match="index out of range in self"):
    nn.Embedding(16, 2)(torch.arange(20))
ids = torch.tensor([0, 3, -1])
known, with_padding = ids.where(ids >= 0, 8), nn.Embedding(9, 2, padding_idx=8)
assert known.tolist() == [0, 3, 8]
assert with_padding(known)[2].tolist() == [0, 0]
assert batch.clamp(0, 8).tolist() == [[7, 2, 8], [4, 1, 0]]

# %%
# More: ``Dimension out of range``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# One example without its batch has one axis, and ``dim=1`` is the second. Count from
# the end, or keep the batch.

scores = torch.tensor([0.1, 0.7, 0.2], device=device)
with shows_error(IndexError, match="Dimension out of range"):
    scores.argmax(dim=1)
assert scores.argmax(dim=-1).item() == 1
assert scores[None].argmax(dim=1).tolist() == [1]

# %%
# More: ``index 3 is out of bounds``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A table of confusions for 3 classes, and a label 3: labels are counted from 0, so
# there are 4 classes.

true, predicted = [0, 1, 3], [0, 1, 1]
confusion = torch.zeros(3, 3, device=device)
with shows_error(IndexError, match="out of bounds for dimension 0 with size 3"):
    for row, column in zip(true, predicted, strict=True):
        confusion[row, column] += 1
classes = max(true + predicted) + 1
confusion = torch.zeros(classes, classes, device=device)
for row, column in zip(true, predicted, strict=True):
    confusion[row, column] += 1
assert confusion.shape == (4, 4)
assert confusion[3, 1] == 1

# %%
# In ``gather`` and ``scatter`` a place is not counted from the end either. (On the CPU.
# A GPU says it in other words, see below.)

logits = torch.tensor([[2.0, 5.0, 7.0], [3.0, 1.0, 4.0]])
assert logits[0, -1] == 7
with shows_error(RuntimeError, match="index -1 is out of bounds"):
    logits.gather(1, torch.tensor([[-1], [0]]))
assert logits.gather(1, torch.tensor([[1], [0]])).tolist() == [[5], [3]]

# %%
# More: ``too many indices for tensor``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A gray image has no axis for its channels. Put one there, or leave the index out.

gray = torch.zeros(28, 28, device=device)
with shows_error(IndexError, match="too many indices for tensor of dimension 2"):
    gray[:, :, 0]
assert gray[:, :, None][:, :, 0].shape == gray.shape == (28, 28)

# %%
# More: ``invalid index of a 0-dim tensor``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Old training loops read ``loss.data[0]``. A loss is one number and has no axis.

loss = F.mse_loss(torch.ones(4, device=device), torch.zeros(4, device=device))
with shows_error(IndexError, match="invalid index of a 0-dim tensor"):
    loss.data[0]
assert loss.item() == 1

# %%
# More: ``len() of a 0-d tensor``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``squeeze()`` took the axis of the batch too, since it had size 1. Name the axis that
# is to go.

one_label = torch.tensor([[5]], device=device)  # a batch of one
with shows_error(TypeError, match=r"len\(\) of a 0-d tensor"):
    len(one_label.squeeze())
with shows_error(TypeError, match="iteration over a 0-d tensor"):
    list(one_label.squeeze())
assert list(one_label.squeeze(1)) == [5]

# %%
# More: ``Boolean value of Tensor ... is ambiguous``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``if`` wants one truth, and a comparison of tensors has one for each element. Count
# them, or ask ``all`` or ``any``. A tensor without elements has none.

guesses = torch.tensor([1, 0, 2], device=device)
labels = torch.tensor([1, 1, 2], device=device)
with shows_error(RuntimeError, match="more than one value is ambiguous"):
    if guesses == labels:
        print("right")
assert (guesses == labels).sum().item() == 2
assert (guesses == labels).tolist() == [True, False, True]

found = (guesses > 5).nonzero()
with shows_error(RuntimeError, match="with no values is ambiguous"):
    bool(found)
assert found.numel() == 0

# %%
# More: ``cannot be converted to Scalar``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With ``reduction="none"`` there is a loss for each element, and Python wants one
# number. Average first, or take a list.

each = F.mse_loss(guesses.float(), labels.float(), reduction="none")
several = "cannot be converted to Scalar|only one element tensors can be converted"
for to_number in (torch.Tensor.item, float):
    with shows_error(RuntimeError, ValueError, match=several):
        to_number(each)
assert each.sum().item() == 1
assert each.tolist() == [0, 1, 0]

# %%
# ``torch.tensor`` makes numbers into a tensor; what joins tensors is ``stack``. Tensors
# of whole numbers have a message of their own.

with shows_error(RuntimeError, ValueError, match=several):
    torch.tensor([each, each])
with shows_error(TypeError, match="only integer tensors of a single element can be"):
    torch.tensor([guesses, labels])
assert torch.stack([guesses, labels]).shape == (2, 3)

# %%
# More: ``Tensors must have same number of dimensions``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# One more row for a matrix needs the axis of the rows. ``None`` puts it there.

tokens, start = torch.zeros(4, 8, device=device), torch.ones(8, device=device)
with shows_error(RuntimeError, match="Tensors must have same number of dimensions"):
    torch.cat([tokens, start])
assert torch.cat([start[None], tokens]).shape == (5, 8)

# %%
# More: ``zero-dimensional tensor cannot be concatenated``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The losses of an epoch are numbers without an axis. ``stack`` makes one.

losses = [torch.tensor(0.5, device=device), torch.tensor(0.25, device=device)]
with shows_error(RuntimeError, match="zero-dimensional tensor .* be concatenated"):
    torch.cat(losses)
assert torch.stack(losses).tolist() == [0.5, 0.25]

# %%
# More: ``expected a non-empty list of Tensors``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Nothing was collected: the loader was empty, or a filter let nothing pass. If that may
# be, say what then comes out. ``stack`` says it in other words.

boxes = [box for box in torch.zeros(3, 4, device=device) if box.sum() > 0]
with shows_error(RuntimeError, ValueError, match="expected a non-empty list of"):
    torch.cat(boxes)
with shows_error(RuntimeError, match="stack expects a non-empty TensorList"):
    torch.stack(boxes)
kept = torch.stack(boxes) if boxes else torch.empty(0, 4, device=device)
assert kept.shape == (0, 4)

# %%
# More: ``must be tuple of Tensors, not Tensor``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``cat`` and ``stack`` take one list. In ``cat(a, b)`` the second tensor stands where
# ``dim`` should.

with shows_error(TypeError, match="must be tuple of Tensors, not Tensor"):
    torch.cat(guesses, labels)
assert torch.cat([guesses, labels]).tolist() == [1, 0, 2, 1, 1, 2]

# %%
# More: ``must be Tensor, not numpy.ndarray``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A layer takes tensors. NumPy's numbers are float64, and its weights float32.

import numpy as np

layer = nn.Linear(3, 2).to(device)
row = np.ones(3)
with shows_error(TypeError, match="must be Tensor, not numpy.ndarray"):
    layer(row)
assert layer(torch.as_tensor(row, dtype=torch.float32, device=device)).shape == (2,)

# %%
# More: ``expected sequence of length 3``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The lists in a list have several lengths. Make a tensor of each, and pad.

rows = [[7, 2, 9], [4, 1]]
with shows_error(ValueError, match="expected sequence of length 3 at dim 1"):
    torch.tensor(rows)
assert padded([torch.tensor(row) for row in rows]).shape == (2, 3)

# %%
# More: ``can't convert np.ndarray of type numpy.object_``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A column with a gap, as from a table of pandas, is no array of numbers.
# ``astype(float)`` makes NaN of None, and refuses what it cannot read.

ages = np.array([31, None, 25], dtype=object)
with shows_error(TypeError, match="can't convert np.ndarray of type numpy.object_"):
    torch.from_numpy(ages)
assert torch.from_numpy(ages.astype(float)).isnan().tolist() == [False, True, False]
with shows_error(ValueError, match="could not convert string to float"):
    np.array(["31", "unknown"], dtype=object).astype(float)

# %%
# More: ``stride in the given numpy array is negative``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An image that NumPy mirrored is a view that runs backwards. Tensors cannot. Copy it,
# or mirror the tensor.

picture = np.arange(6).reshape(2, 3)
with shows_error(ValueError, match="At least one stride .* is negative"):
    torch.from_numpy(picture[:, ::-1])
mirrored = torch.from_numpy(picture[:, ::-1].copy())
assert mirrored.equal(torch.from_numpy(picture).flip(1))
assert mirrored[0].tolist() == [2, 1, 0]

# %%
# More: ``only one dimension can be inferred``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Of two sizes -1, each could be many. One stays. If a size is 0, not even one can be
# inferred: an empty batch needs the number, or ``flatten``.

with shows_error(RuntimeError, match="only one dimension can be inferred"):
    images.view(-1, -1)
assert images.view(len(images), -1).shape == (2, 6)

nothing = torch.zeros(0, 2, 3, device=device)
with shows_error(RuntimeError, match="cannot reshape tensor of 0 elements"):
    nothing.view(len(nothing), -1)
assert nothing.flatten(1).shape == (0, 6)

# %%
# More: ``permute``: ``desired ordering of dimensions``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The order was written for a batch of images, and one image came. Name its own axes, or
# make a batch of one.

image = torch.zeros(32, 24, 3, device=device)  # height, width, channels
with shows_error(RuntimeError, match="number of dimensions in the tensor input"):
    image.permute(0, 3, 1, 2)
assert image.permute(2, 0, 1).shape == (3, 32, 24)
assert image[None].permute(0, 3, 1, 2).shape == (1, 3, 32, 24)

# %%
# More: ``duplicate dims are not allowed``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Each axis is named once. -1 is the last one, here 2, in other words.

with shows_error(RuntimeError, match="duplicate dims are not allowed"):
    image.permute(2, 0, -1)
assert image.permute(2, 0, 1).shape == (3, 32, 24)

# %%
# More: ``t() expects a tensor``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``t`` is for one matrix. ``mT`` turns each matrix of a batch, as for the scores of an
# attention.

keys = torch.zeros(2, 5, 8, device=device)
with shows_error(RuntimeError, match=r"t\(\) expects a tensor with <= 2 dimensions"):
    keys @ keys.t()
assert (keys @ keys.mT).shape == (2, 5, 5)

# %%
# More: ``split_with_sizes expects split_sizes to sum``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Of 10 rows, the shares 0.85 and 0.15 are each cut to a whole number, and leave one
# out. Compute the last part as what is left.

data = torch.arange(10, device=device)
training, validation = int(0.85 * len(data)), int(0.15 * len(data))
with shows_error(RuntimeError, match="split_with_sizes expects split_sizes to sum"):
    data.split([training, validation])
parts = data.split([training, len(data) - training])
assert [len(part) for part in parts] == [8, 2]

# %%
# More: ``Provided sizes don't multiply up``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# 32 features for 4 heads are 8 for each, not 6. One -1 lets torch divide. If 4 did not
# divide 32, no size would do.

hidden = torch.zeros(2, 7, 32, device=device)
with shows_error(RuntimeError, match="don't multiply up to the size of dim"):
    hidden.unflatten(2, (4, 6))
assert hidden.unflatten(2, (4, -1)).shape == (2, 7, 4, 8)

# %%
# More: ``The shape of the mask``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A mask stands for the first axes. This one chooses columns, so a ``:`` belongs in
# front of it. With a square matrix the mistake would pass in silence.

measurements = torch.arange(12, device=device).reshape(3, 4)
wanted = torch.tensor([True, False, False, True], device=device)
with shows_error(IndexError, match="The shape of the mask"):
    measurements[wanted]
assert measurements[:, wanted].tolist() == [[0, 3], [4, 7], [8, 11]]

# %%
# More: ``tensors used as indices must be long``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Labels from a file of numbers are floats. A place is a whole number. If they are a
# mask of zeros and ones, ``bool`` is meant, and the result is another one. So is
# ``torch.tensor([])`` a tensor of floats: give it a dtype.

palette = torch.tensor([10, 20, 30], device=device)
places = torch.tensor([0.0, 1.0, 1.0], device=device)
with shows_error(IndexError, match="tensors used as indices must be long"):
    palette[places]
assert palette[places.long()].tolist() == [10, 20, 20]
assert palette[places.bool()].tolist() == [20, 30]
with shows_error(IndexError, match="tensors used as indices must be long"):
    palette[torch.tensor([], device=device)]
none = torch.tensor([], dtype=torch.int64, device=device)
assert palette[none].shape == (0,)

# %%
# More: ``indexing tensors could not be broadcast``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Two lists of places are taken in pairs, not each with each. For a block of rows and
# columns, make one of them a column.

up_to_two = torch.tensor([0, 1], device=device)
up_to_three = torch.tensor([0, 1, 2], device=device)
with shows_error(IndexError, match="indexing tensors could not be broadcast together"):
    measurements[up_to_two, up_to_three]
block = measurements[up_to_two[:, None], up_to_three]
assert block.tolist() == [[0, 1, 2], [4, 5, 6]]

# %%
# More: ``cannot be broadcast to indexing result``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The last batch of an epoch is smaller than the places that were kept for it.

bank = torch.zeros(6, 8, device=device)
slots, last_batch = torch.arange(4, device=device), torch.ones(3, 8, device=device)
with shows_error(RuntimeError, IndexError, match="cannot be broadcast to indexing"):
    bank[slots] = last_batch
bank[slots[: len(last_batch)]] = last_batch
assert bank.sum(1).tolist() == [8, 8, 8, 0, 0, 0]

# %%
# More: ``Index tensor must have the same number``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``gather`` picks the score of each label: one column, so the labels need an axis of
# size 1.

logits = torch.tensor([[2.0, 5.0], [3.0, 1.0]], device=device)
labels = torch.tensor([1, 0], device=device)
with shows_error(RuntimeError, match="same number of dimensions as input tensor"):
    logits.gather(1, labels)
assert logits.gather(1, labels[:, None]).tolist() == [[5], [3]]

# %%
# More: ``Expected dtype int32/int64 for index``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``gather`` takes places, and labels that became floats are none.

with shows_error(RuntimeError, match=r"gather\(\): Expected dtype int.*64 for index"):
    logits.gather(1, labels[:, None].float())
assert logits.gather(1, labels[:, None].float().long()).tolist() == [[5], [3]]

# %%
# More: ``only integers, slices ... are valid indices``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``/`` gives a float, also where nothing is left over. ``//`` gives a whole number.

frames = torch.arange(10, device=device)
with shows_error(IndexError, match="only integers, slices"):
    frames[len(frames) / 2]
assert frames[len(frames) // 2] == 5

# %%
# On a GPU
# --------
#
# Shapes and plain indices fail with the same messages. For a *tensor* of indices it is,
# by PyTorch's threads, "device-side assert triggered", often later: restart Python, and
# run on the CPU for the real one. (Not run here.)

print("this page ran on", device.type)
with shows_error(IndexError, match="index 5 is out of bounds"):
    torch.zeros(5, device=device)[5]
assert larger.to(device)(batch.to(device)).device.type == device.type

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# ``x`` has shape (2, 3, 4), and ``y`` is ``x.transpose(0, 1)``. Which works:
# ``x.view(6, 4)``, ``y.view(3, 8)``, ``y.view(3, 2, 2, 2)``?
#
# Solution
# ^^^^^^^^
#
# The first, and the third. Memory breaks between all axes of ``y``. To merge its axes 1
# and 2 is not possible, and to split an axis is.

x = torch.zeros(2, 3, 4, device=device)
y = x.transpose(0, 1)
assert explain_view(x, (6, 4))
assert explain_view(y, (3, 8)).breaks == ((1, 2),)
assert explain_view(y, (3, 2, 2, 2))
with shows_error(RuntimeError, match="view size is not compatible"):
    y.view(3, 8)
assert y.view(3, 2, 2, 2).stride() == (4, 12, 2, 1)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Average each padded text without its padding.
#
# Solution
# ^^^^^^^^
#
# The lengths say where the padding begins. A mask of the real tokens broadcasts.

lengths = torch.tensor([len(text) for text in texts])
is_token = torch.arange(batch.shape[1]) < lengths[:, None]
means = (batch * is_token).sum(1) / lengths
assert is_token.tolist() == [[True, True, True], [True, True, False]]
assert means.tolist() == [6, 2.5]

# %%
# References
# ----------
#
# - PyTorch: `torch.Tensor.view
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html>`__,
#   `torch.cat <https://docs.pytorch.org/docs/stable/generated/torch.cat.html>`__,
#   `torch.stack <https://docs.pytorch.org/docs/stable/generated/torch.stack.html>`__.
# - Threads: `a wrong count <https://github.com/pytorch/pytorch/issues/38469>`__, `a
#   view of a slice <https://github.com/pytorch/pytorch/issues/136327>`__, `batches of
#   several sizes <https://github.com/pytorch/pytorch/issues/1512>`__, indices on a GPU,
#   `one <https://github.com/pytorch/pytorch/issues/19120>`__, `two
#   <https://github.com/pytorch/pytorch/issues/71572>`__.
