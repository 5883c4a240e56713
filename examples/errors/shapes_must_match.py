# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What does "The size of tensor a must match the size of tensor b" mean?
======================================================================

People ask this when a loss, a normalization or a skip connection stops with two
numbers, and with a dimension that one of their tensors does not even have.

:Level: beginner

Short answer
------------

The shapes of ``a`` (left of the operator) and ``b`` (right) were aligned at the
**last** axis; where the message points, sizes differ and neither is 1. If the smaller
tensor lacks axes at its end, ``[..., None]`` adds one; here, three. In a loss, add no
axis: both should have one shape. Otherwise a size is wrong: print both.
"""

import torch
from tensorglass import shows_error

images = torch.ones(8, 3, 32, 32)  # image, channel, height, width
factor = torch.linspace(0.5, 1.5, 8)  # one for each image
with shows_error(RuntimeError, match=r"tensor a \(32\) must match .* tensor b \(8\)"):
    images * factor
assert (images * factor[..., None, None, None])[7].unique().tolist() == [1.5]

# %%
# In the first drawing the 8 factors meet the 32 columns of an image, dimension 3. In
# the second they meet the 8 images.

# More: draws the shapes, aligned at their last axis
import matplotlib.pyplot as plt
from tensorglass import explain_broadcast

with_axes = factor[..., None, None, None]
figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 2.9), layout="constrained")
explain_broadcast(images, factor).plot(left)
left.set_title("images * factor: 32 meets 8")
explain_broadcast(images, with_axes).plot(right)
right.set_title("images * factor[..., None, None, None]")
clash = explain_broadcast(images, factor).axes[0]
assert (clash.axis, clash.sizes) == (-1, (32, 8))
assert explain_broadcast(images, with_axes).result == (8, 3, 32, 32)

# %%
# Take it home
# ------------
#
# A ``None`` for each axis that is missing at the end. A sum or a mean keeps it with
# ``keepdim=True``.

brighter = images * factor[..., None, None, None]  # one number for each image
by_both = images * torch.ones(8, 3)[..., None, None]  # for each image and channel
centered = images - torch.ones(3)[:, None, None]  # one for each channel
shares = brighter / brighter.sum(dim=1, keepdim=True)  # by the sum over channels

torch.testing.assert_close(brighter.mean(dim=(1, 2, 3)), factor)
assert torch.equal(by_both, images)
assert centered.unique().tolist() == [0]
torch.testing.assert_close(shares, images / 3)

# %%
# For your own error, ask this site's library. ``with explained_errors():`` around your
# program puts the same under the traceback.

from tensorglass import explain_error, explained_errors

try:
    with explained_errors():
        images * factor
except RuntimeError as error:
    explanation, note = explain_error(error), error.__notes__[0]
assert "in axis 3 of the result" in note
assert explanation.kind == "broadcast"
explanation

# %%
# Why
# ---
#
# An axis that a shape does not have counts as 1. In each of the aligned axes the sizes
# must be equal, or one of them 1. (PyTorch notes, *Broadcasting semantics*.) The
# message names the **last** axis that breaks this, counted from the front of the
# longer shape. That holds for an operator between two dense tensors, run eagerly.


def clash_of(a, b):
    """Return the size of a, the size of b, and the axis, or None if the shapes fit."""
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + tuple(a), (1,) * (rank - len(b)) + tuple(b)
    for axis in reversed(range(rank)):
        if a[axis] != b[axis] and 1 not in (a[axis], b[axis]):
            return a[axis], b[axis], axis
    return None


assert clash_of(images.shape, factor.shape) == (32, 8, 3)
assert clash_of(factor.shape, images.shape) == (8, 32, 3)
both_axes = (4, 5), (2, 3)
assert clash_of(*both_axes) == (5, 3, 1)  # both clash, and the last one is named

# %%
# More: every pair of shapes with up to 3 axes, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For each pair with sizes from 0 to 3 we multiply, and read the three numbers off the
# message. Torch refuses exactly where the rule says, and names what it says. NumPy
# refuses the same pairs. From here on, tensors are on the GPU if there is one.

import itertools
import operator
import re

import numpy as np
from tensorglass import default_device

device = default_device()
images, factor = images.to(device), factor.to(device)
NUMBERS = r"tensor a \((\d+)\) must match .* b \((\d+)\) at .* dimension (\d+)"


def named(a, b, operation=operator.mul):
    """Return the three numbers of the message, or None if there is no error."""
    try:
        operation(torch.ones(a, device=device), torch.ones(b, device=device))
    except RuntimeError as error:
        return tuple(map(int, re.search(NUMBERS, str(error)).groups()))
    return None


def numpy_runs(a, b):
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True


shapes = [
    shape for rank in range(4) for shape in itertools.product(range(4), repeat=rank)
]
pairs, refused = list(itertools.product(shapes, repeat=2)), 0
for a, b in pairs:
    assert named(a, b) == clash_of(a, b)
    assert numpy_runs(a, b) == (clash_of(a, b) is None)
    refused += clash_of(a, b) is not None
print(len(pairs), "pairs of shapes,", refused, "refused, each with these numbers")
assert refused == 4746

operations = "add sub mul truediv floordiv mod pow eq ne lt le gt ge".split()
for name in operations:
    assert named(*both_axes, getattr(operator, name)) == (5, 3, 1)
print("the same words come from", ", ".join(operations))
assert len(operations) == 13

# %%
# With functions, another tensor can be ``a``: in ``masked_fill`` the mask, and in
# ``torch.where`` the condition.

filled = torch.zeros(2, 4, 5, 5, device=device)
of_keys = torch.ones(2, 5, dtype=torch.bool, device=device)
with shows_error(RuntimeError, match=r"a \(2\) .* b \(5\) .* dimension 2"):
    filled.masked_fill(of_keys, 1)
with shows_error(RuntimeError, match=r"a \(2\) .* b \(5\) .* dimension 1"):
    torch.where(of_keys[:, 0], filled[0, 0], filled[0, 0])

# %%
# What is often said
# ------------------
#
# "Expand the smaller tensor yourself." ``expand`` aligns at the last axis too, and
# refuses in other words. Also: "two factors of ``@`` whose inner sizes differ raise
# it." Two matrices raise another error. (See :doc:`mat1_and_mat2`.)

with shows_error(RuntimeError, match=r"The expanded size of the tensor \(32\)"):
    factor.expand_as(images)
with shows_error(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
    images[0, 0] @ torch.ones(39, 10, device=device)

expanded = factor[:, None, None, None].expand_as(images)
assert torch.equal(images * expanded, images * factor[:, None, None, None])

# %%
# Traps
# -----
#
# A skip connection: tensor a (8) must match tensor b (6)
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A size is wrong: a kernel of 3 without padding makes 8 columns into 6. With
# ``padding=1`` they stay 8.

from torch import nn

torch.manual_seed(0)
features = torch.rand(2, 16, 8, 8, device=device)
narrower = nn.Conv2d(16, 16, kernel_size=3).to(device)
with shows_error(RuntimeError, match=r"a \(8\) .* b \(6\) .* dimension 3"):
    features + narrower(features)
same = nn.Conv2d(16, 16, kernel_size=3, padding=1).to(device)
total = features + same(features)
assert total.shape == features.shape

# %%
# The last batch: ... at non-singleton dimension 0
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Training stops at the end of the first epoch: 10 examples in batches of 4 leave a
# batch of 2. Make what has the size of a batch inside the loop; or, in training, pass
# ``drop_last=True``. A last batch of 1 says nothing and becomes 4.

loader = torch.utils.data.DataLoader(torch.rand(10, 5), batch_size=4)
noise = torch.rand(4, 5)
with shows_error(RuntimeError, match=r"a \(2\) .* b \(4\) .* dimension 0"):
    for batch in loader:
        noisy = batch + noise
inside = [batch + torch.rand_like(batch) for batch in loader]
dropping = torch.utils.data.DataLoader(loader.dataset, batch_size=4, drop_last=True)
dropped = [batch + noise for batch in dropping]
assert [len(each) for each in inside] == [4, 4, 2]
assert [len(each) for each in dropped] == [4, 4]
one_becomes_four = batch[:1] + noise
assert len(one_becomes_four) == 4

# %%
# "The expanded size of the tensor must match the existing size"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An assignment stretches its value to the place that it goes to. Only axes of size 1
# can be stretched, and this value has 4 numbers for 6 places.

padded = torch.zeros(3, 6, dtype=torch.int64, device=device)
tokens = torch.tensor([5, 2, 9, 4], device=device)
with shows_error(RuntimeError, match=r"The expanded size of the tensor \(6\)"):
    padded[0] = tokens
padded[0, : len(tokens)] = tokens
assert padded[0].tolist() == [5, 2, 9, 4, 0, 0]

# %%
# "output with shape [1, 28, 28] doesn't match the broadcast shape [3, 28, 28]"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An operation in place writes into its left tensor, which cannot grow. Here a gray
# image meets the means of three colors, as in torchvision's ``Normalize``. Give it one
# mean, or make three channels of it.

gray, means = torch.ones(1, 28, 28, device=device), torch.ones(3, 1, 1, device=device)
with shows_error(RuntimeError, match="doesn't match the broadcast shape"):
    gray.sub_(means)
assert gray.sub(means[:1]).shape == (1, 28, 28)
assert gray.expand(3, -1, -1).sub(means).shape == (3, 28, 28)

# %%
# More: ``[:, None]`` of two axes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It puts the new axis behind the first one. That is the end of a tensor with one axis
# alone.

by_both = torch.ones(8, 3, device=device)
assert by_both[:, None].shape == (8, 1, 3)
assert by_both[..., None].shape == (8, 3, 1)
with shows_error(RuntimeError, match=r"a \(32\) .* b \(3\) .* dimension 3"):
    images * by_both[:, None]

# %%
# More: a skip connection whose channels differ
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# They are in dimension 1. A convolution with a kernel of 1 makes those of the shortcut
# equal. If the other path halves the image, the shortcut needs the same stride.

with shows_error(RuntimeError, match=r"a \(16\) .* b \(32\) .* dimension 1"):
    features + nn.Conv2d(16, 32, 3, padding=1).to(device)(features)
for stride in (1, 2):
    path = nn.Conv2d(16, 32, 3, stride=stride, padding=1).to(device)
    shortcut = nn.Conv2d(16, 32, 1, stride=stride).to(device)
    total = shortcut(features) + path(features)
    assert total.shape == (2, 32, 8 // stride, 8 // stride)

# %%
# More: a sequence is too long for its table of positions
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A table has 16 positions, and a text 20 tokens. No new axis helps: it would add each
# position to each token. So the library calls what new axes give an outer product, and
# says that a size may be wrong. Cut the text, or make the table longer.

text, table = torch.rand(2, 20, 64, device=device), torch.rand(16, 64, device=device)
with shows_error(RuntimeError, match=r"\(20\) must match the size of tensor b \(16\)"):
    text + table
assert explain_broadcast(text, table).size_mismatch
assert not explain_broadcast(images, factor).size_mismatch
cut = text[:, :16] + table
assert cut.shape == (2, 16, 64)

# %%
# More: an accuracy, or a loss, that compares scores with labels
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A model for 10 classes gives 10 scores for each example, and there is one label for
# each. Compare the label with the class of the largest score. A new axis makes the
# shapes fit, and compares each score with the number of the class: it mends nothing.

scores = torch.eye(10, device=device).repeat(4, 1)[:32]
labels = torch.arange(32, device=device) % 10
with shows_error(RuntimeError, match=r"\(10\) must match the size of tensor b \(32\)"):
    accuracy = (scores == labels).float().mean()
accuracy = (scores.argmax(dim=1) == labels).float().mean()
without_meaning = (scores == labels[:, None]).float().mean()
print("accuracy:", accuracy.item(), " and with a new axis:", without_meaning.item())
assert accuracy == 1
assert without_meaning == 0.125

# %%
# So with a loss: with the new axis ``mse_loss`` runs, and is large although each score
# is right. Classes want ``cross_entropy``.

import warnings

sure = 100 * scores
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns that the sizes differ
    with shows_error(RuntimeError, match=r"\(10\) must match .* b \(32\)"):
        nn.functional.mse_loss(scores, labels.float())
    of_numbers = nn.functional.mse_loss(scores, labels[:, None].float()).item()
of_classes = nn.functional.cross_entropy(sure, labels).item()
print(f"mse_loss: {of_numbers:.1f}, cross_entropy: {of_classes:.1f}")
is_large, is_small = of_numbers > 10, of_classes < 0.1
assert is_large
assert is_small

# %%
# More: a skip connection over odd sizes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A network that halves images and doubles them again, such as a U-Net, loses a row and
# a column of an odd size: 33 becomes 16, and 16 becomes 32. Double to the size that
# you need. Or pad the images to a multiple of 2, 4, 8 or 16, for 1, 2, 3 or 4 halvings.

skip = torch.rand(1, 4, 33, 33, device=device)
halved = nn.functional.max_pool2d(skip, 2)
with shows_error(RuntimeError, match=r"\(33\) must match the size of tensor b \(32\)"):
    skip + nn.functional.interpolate(halved, scale_factor=2)
total = skip + nn.functional.interpolate(halved, size=skip.shape[-2:])
assert total.shape == (1, 4, 33, 33)

for halvings, multiple in zip((1, 2, 3, 4), (2, 4, 8, 16), strict=True):
    missing = -33 % multiple
    padded_image = nn.functional.pad(skip, (0, missing, 0, missing))
    deep = padded_image
    for _ in range(halvings):
        deep = nn.functional.max_pool2d(deep, 2)
    back = nn.functional.interpolate(deep, scale_factor=2.0**halvings)
    assert back.shape == padded_image.shape

# %%
# More: ``expand`` of a tensor with its axis at the front
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``expand`` puts new axes in front, and none at the end. Put in those yourself. A size
# of -1 keeps the one that is there.

bias = torch.rand(64, device=device)
with shows_error(RuntimeError, match=r"tensor \(10\) must match .* \(64\)"):
    bias.expand(64, 10)
assert bias[:, None].expand(-1, 10).shape == (64, 10)
assert bias.expand(10, -1).shape == (10, 64)

# %%
# More: "the number of sizes provided must be greater or equal"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``expand`` removes no axis, not even one of size 1. Name a size for each axis, or
# remove the axis with ``squeeze``.

row = torch.rand(1, 64, device=device)
with shows_error(RuntimeError, match="must be greater or equal to the number of dim"):
    row.expand(64)
assert row.expand(10, 64).shape == (10, 64)
assert row.squeeze(0).expand(64).shape == (64,)

# %%
# More: the batches of a matrix product
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``@`` aligns and stretches the axes in front of the last two. The message counts among
# those alone. So dimension 0 is the batch here. It comes first: below, the inner sizes
# differ as well.

queries, keys = torch.rand(2, 5, 8, device=device), torch.rand(3, 6, 8, device=device)
with shows_error(RuntimeError, match=r"a \(2\) .* b \(3\) .* dimension 0"):
    queries @ keys.mT
with shows_error(RuntimeError, match=r"a \(2\) .* b \(3\) .* dimension 0"):
    queries @ keys
assert (queries @ keys[:2].mT).shape == (2, 5, 6)
assert (queries[:1] @ keys.mT).shape == (3, 5, 6)
assert (queries[:, None] @ keys.mT).shape == (2, 3, 5, 6)

# %%
# More: "operands could not be broadcast together with shapes"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# These are NumPy's words for the same rule. They give both shapes, and the same new
# axis mends it.

table_of_8, weights = np.ones((8, 3)), np.linspace(0.5, 1.5, 8)
with shows_error(ValueError, match="operands could not be broadcast together"):
    table_of_8 * weights
weighted = table_of_8 * weights[:, None]
assert weighted[7].tolist() == [1.5, 1.5, 1.5]

# %%
# More: "Attempting to broadcast a dimension of length"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Tensors without data, with which ``torch.compile`` traces a program, refuse the same
# pair in other words. The axis is counted from the end there: -1 is the last one.

with shows_error(RuntimeError, match="Attempting to broadcast a dimension of length 8"):
    images.to("meta") * factor.to("meta")
multiplied = images.to("meta") * factor.to("meta")[:, None, None, None]
assert multiplied.shape == (8, 3, 32, 32)

# %%
# More: no error, and wrong all the same
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Torch compares sizes, and does not know which axis is the batch. If the 8 images are 8
# columns wide, the factors go along the columns, in silence.
# (:ref:`sphx_glr_auto_examples_broadcasting_unsqueeze.py` has more of these.)

small = images[:, :, :8, :8]
along_columns, by_image = small * factor, small * factor[:, None, None, None]
torch.testing.assert_close(along_columns.mean(dim=(0, 1, 2)), factor)
torch.testing.assert_close(by_image.mean(dim=(1, 2, 3)), factor)

# %%
# On a GPU
# --------
#
# By PyTorch's documentation (*CUDA semantics*), work on a GPU runs later than its line.
# This error is raised before, at its line: sizes are known without that work.

print("this page ran on", device.type)
with shows_error(RuntimeError, match=r"tensor a \(32\) must match .* tensor b \(8\)"):
    images * factor

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Attention scores have the shape (2, 4, 5, 5): example, head, query, key. A mask of
# shape (2, 5) says which keys are padding. Which three numbers does the message of
# ``scores + mask`` have, and which index mends it?
#
# Solution
# ^^^^^^^^
#
# The 5 keys fit already. The 2 examples meet the 5 queries, in dimension 2. They belong
# in front, with two new axes between: one for the heads, one for the queries.

attention = torch.zeros(2, 4, 5, 5, device=device)
mask = torch.zeros(2, 5, device=device)
mask[1, 3:] = -torch.inf
assert clash_of(attention.shape, mask.shape) == (5, 2, 2)
with shows_error(RuntimeError, match=r"a \(5\) .* b \(2\) .* dimension 2"):
    attention + mask
masked = (attention + mask[:, None, None, :]).softmax(dim=-1)
torch.testing.assert_close(masked[0], torch.full_like(masked[0], 1 / 5))
assert (masked == 0).sum(dim=(1, 2, 3)).tolist() == [0, 4 * 5 * 2]

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Somebody pastes "The size of tensor a (64) must match the size of tensor b (16) at
# non-singleton dimension 0", and the left tensor has the shape (64, 10). What do you
# know of the shape of the right one?
#
# Solution
# ^^^^^^^^
#
# It has two axes: dimension 0 is counted from the front of the longer shape, and there
# it has size 16. Its last axis has size 10, or 1: it did not clash. So 16 rows meet 64.

could_be = [
    shape
    for rank in (1, 2, 3)
    for shape in itertools.product((1, 2, 10, 16, 64), repeat=rank)
    if clash_of((64, 10), shape) == (64, 16, 0)
]
print(could_be)
assert could_be == [(16, 1), (16, 10)]

# %%
# References
# ----------
#
# - PyTorch: `Broadcasting semantics
#   <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>`__,
#   `torch.Tensor.expand
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html>`__ and
#   `CUDA semantics <https://docs.pytorch.org/docs/stable/notes/cuda.html>`__.
# - NumPy: `Broadcasting
#   <https://numpy.org/doc/stable/user/basics.broadcasting.html>`__.
# - A gray image that is normalized with three means: `pytorch-beginner issue 31
#   <https://github.com/L1aoXingyu/pytorch-beginner/issues/31>`__. Images of odd sizes:
#   `issue 12 of a network for super-resolution
#   <https://github.com/xiezw5/Component-Divide-and-Conquer-for-Real-World-Image-Super-Resolution/issues/12>`__.
