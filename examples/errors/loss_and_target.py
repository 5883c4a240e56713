# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.13", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Which shape and dtype does a loss want of its target?
=====================================================

People ask this when a loss stops with "Target size must be the same as input size" or
"expected scalar type Long but found Float".

:Level: beginner

Short answer
------------

``cross_entropy`` wants the number of one class for each prediction: dtype ``long``, and
no axis of classes. Losses that compare element by element, such as ``mse_loss``, want
floating point numbers in the prediction's shape. So for ``cross_entropy`` write
``target.squeeze(1).long()``, for the others ``target.unsqueeze(1).float()``, where that
axis is too many or missing.
"""

import torch
import torch.nn.functional as F

scores, classes = torch.zeros(4, 3), torch.tensor([0, 2, 1, 0])  # (4, 3) and (4,)
logits, labels = torch.zeros(4, 1), torch.tensor([0, 1, 1, 0])  # (4, 1) and (4,)
one_of_three = F.cross_entropy(scores, classes.long())
yes_or_no = F.binary_cross_entropy_with_logits(logits, labels.float().unsqueeze(1))
print("a guess among", one_of_three.exp().item(), "and among", yes_or_no.exp().item())
assert [round(loss.exp().item()) for loss in (one_of_three, yes_or_no)] == [3, 2]

# %%
# On the left the target is an index: it picks the hatched score of each row. On the
# right each number of the target meets the one at its place.

# More: draws both predictions beside their targets
import matplotlib.pyplot as plt

PREDICTION, TARGET = "#0072b2", "#d55e00"


def grid(left, tensor, color, picked=()):
    """Draw a tensor of one or two axes, and what its shape and dtype are."""
    name = "target" if color == TARGET else "prediction"
    rows = tensor if tensor.dim() == 2 else tensor[:, None]
    for i, j in torch.cartesian_prod(*map(torch.arange, rows.shape)).tolist():
        look = {"facecolor": (color, 0.18), "edgecolor": "black"}
        if (i, j) in picked:
            look |= {"hatch": "//", "facecolor": (color, 0.45)}
        ax.add_patch(plt.Rectangle((left + j, -i - 1), 1, 1, **look))
        if name == "target":
            ax.text(
                left + j + 0.5, -i - 0.5, rows[i, j].item(), ha="center", va="center"
            )
    dtype = str(tensor.dtype).removeprefix("torch.")
    middle, told = left + rows.shape[1] / 2, f"{tuple(tensor.shape)}\n{dtype}"
    ax.text(middle, 0.15, name, ha="center", va="bottom")
    ax.text(middle, -4.2, told, ha="center", va="top", linespacing=1.4)


figure, ax = plt.subplots(figsize=(4.4, 3.6), layout="constrained")
ax.set(xlim=(-0.1, 9.5), ylim=(-5.7, 1.9), aspect="equal")
ax.set_axis_off()
ax.set_title("What stands in the target")
picked = set(enumerate(classes.tolist()))
grid(0, scores, PREDICTION, picked)
grid(3.5, classes, TARGET)
grid(6.3, logits, PREDICTION)
grid(8.2, labels.float().unsqueeze(1), TARGET)
ax.text(2.2, 1.2, "the number of a class", ha="center")
ax.text(7.7, 1.2, "number by number", ha="center")
ax.set_label(
    f"On the left cross_entropy: a prediction of shape {tuple(scores.shape)} beside a "
    f"target of shape {tuple(classes.shape)} that holds {classes.tolist()}; in each "
    "row of the prediction the cell of that class is hatched. On the right "
    f"binary_cross_entropy_with_logits: prediction and target of shape "
    f"{tuple(logits.shape)}, a number of the target beside each of the prediction."
)
assert picked == {(0, 0), (1, 2), (2, 1), (3, 0)}
assert classes.dtype == torch.int64

# %%
# Take it home
# ------------
#
# Each row was run: 4 is the batch, 3 the classes, 5 the length of a sequence, 6 height
# and width. ``int64`` is ``long``; targets of ``int64`` and ``float32`` were tried.

# More: runs each row with both dtypes, and prints the table
from tensorglass import default_device

device = default_device()
SAME = [((4, 1), (4, 1)), ((4, 3), (4, 3))]
ROWS = {
    "cross_entropy": [((4, 3), (4,)), ((4, 3, 5), (4, 5)), ((4, 3, 6, 6), (4, 6, 6))],
    "cross_entropy with probabilities": [((4, 3), (4, 3)), ((4, 3, 5), (4, 3, 5))],
    "nll_loss": [((4, 3), (4,)), ((4, 3, 5), (4, 5))],
    "binary_cross_entropy_with_logits": SAME,
    "binary_cross_entropy": SAME,
    "huber_loss": SAME,
    "mse_loss l1_loss smooth_l1_loss": SAME,
}


def runs(name, prediction, target, dtype):
    """Return whether a loss and its backward pass take a target without a warning."""
    made = torch.full(prediction, 0.5, device=device, requires_grad=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loss = getattr(F, name)(
                made, torch.zeros(target, dtype=dtype, device=device)
            )
            loss.backward()
    except (RuntimeError, ValueError, IndexError, UserWarning):
        return False
    return True


import warnings

table = {}
print(" prediction target dtype")
for title, rows in ROWS.items():
    print(title)
    names = [word for word in title.split() if hasattr(F, word)]
    for shapes in rows:
        taken = [
            str(dtype).removeprefix("torch.")
            for dtype in (torch.int64, torch.float32)
            if all(runs(name, *shapes, dtype) for name in names)
        ]
        prediction, target = (str(shape).replace(" ", "") for shape in shapes)
        print(f" {prediction:10} {target:7} {', '.join(taken)}")
        table.setdefault(title, []).append(taken)
long, floating = ["int64"], ["float32"]
assert table["cross_entropy"] == [long, long, long]
assert table["nll_loss"] == [long, long]
assert table["cross_entropy with probabilities"] == [floating, floating]
assert table["binary_cross_entropy_with_logits"] == [floating, floating]
assert table["binary_cross_entropy"] == [floating, floating]
assert table["huber_loss"] == [floating, floating]  # int64: backward refuses it
assert list(table.values())[-1] == [long + floating, long + floating]

# %%
# Labels from a table are a column of floats. Both losses take them:

column = torch.tensor([[0.0], [1.0], [1.0], [0.0]], device=device)
scores, logits = torch.zeros(4, 2, device=device), torch.zeros(4, 1, device=device)
many = F.cross_entropy(scores, column.squeeze(1).long())
binary = F.binary_cross_entropy_with_logits(logits, column)
torch.testing.assert_close(many, binary)

# %%
# This site's library says it for your error. (``with explained_errors():`` around
# your program puts it under the traceback.)

from tensorglass import explain_error
from torch import nn

torch.manual_seed(0)
model = nn.Linear(5, 1).to(device)
inputs = torch.rand(4, 5, device=device)
labels = torch.tensor([0.0, 1.0, 1.0, 0.0], device=device)

try:
    F.binary_cross_entropy_with_logits(model(inputs), labels)
except ValueError as error:
    explanation = explain_error(error)
assert explanation.kind == "loss_shapes"
explanation

# %%
# Why
# ---
#
# ``cross_entropy`` and ``nll_loss`` **look up**, in each row, the score of the target's
# class. So the target is an index, of dtype ``long``: for a prediction of shape
# (N, C, ...) it has shape (N, ...), for one of shape (C,) it has no axis. A target in
# the prediction's shape ``cross_entropy`` reads as probabilities, of floating point.
# The other losses of the table **compute** with both, element by element, in one shape.
# (PyTorch documentation, *CrossEntropyLoss* and *BCEWithLogitsLoss*; dense tensors.)

classes = torch.tensor([0, 2, 1, 0], device=device)
scores, logits = torch.rand(4, 3, device=device), model(inputs)
rows = torch.arange(4, device=device)
looked_up = -scores.log_softmax(1)[rows, classes].mean()
torch.testing.assert_close(F.cross_entropy(scores, classes), looked_up)

targets = labels.unsqueeze(1)
p = torch.sigmoid(logits)
computed = -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()
torch.testing.assert_close(
    F.binary_cross_entropy_with_logits(logits, targets), computed
)

# %%
# More: every pair of shapes with up to 3 axes, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# We give each loss every pair of shapes with up to 3 axes and sizes from 1 to 3, as
# prediction and as target. It must run, backward pass included, and not warn, exactly
# where the rule says. One exception is known: of a prediction with one class, of shape
# (1,), ``nll_loss`` takes a target of shape (1,) too. (Beside shape (C,) the forward
# pass takes such a target, and on the CPU the backward pass refuses it. So what a GPU
# does is left out.) A prediction without axes has no classes, and is left out.

import itertools

shapes = [
    shape for rank in range(4) for shape in itertools.product((1, 2, 3), repeat=rank)
]


def wants(prediction):
    """Return the shapes of a target of class numbers."""
    if len(prediction) == 1:
        return [(), (1,)] if prediction == (1,) else [()]
    return [prediction[:1] + prediction[2:]]


taken = {}
for prediction, target in itertools.product(shapes, repeat=2):
    same = prediction == target
    expected = {
        ("cross_entropy", torch.int64): target in wants(prediction) and not same,
        ("cross_entropy", torch.float32): same,
        ("nll_loss", torch.int64): target in wants(prediction),
        ("binary_cross_entropy_with_logits", torch.float32): same,
        ("binary_cross_entropy", torch.float32): same,
        ("mse_loss", torch.float32): same,
        ("l1_loss", torch.float32): same,
        ("smooth_l1_loss", torch.float32): same,
        ("huber_loss", torch.float32): same,
    }
    for (name, dtype), rule in expected.items():
        if prediction or (dtype == torch.float32 and name != "cross_entropy"):
            left_out = device.type != "cpu" and (len(prediction), target) == (1, (1,))
            assert left_out or runs(name, prediction, target, dtype) == rule
            taken[name, dtype] = taken.get((name, dtype), 0) + rule

print(len(shapes) ** 2, "pairs of shapes, and these are taken:")
for (name, dtype), count in taken.items():
    print(f"{count:5} by {name}, {str(dtype).removeprefix('torch.')}")
assert taken["cross_entropy", torch.int64] == 3 + 9 + 27
assert taken["mse_loss", torch.float32] == len(shapes) == 40

# %%
# What is often said
# ------------------
#
# "Squeeze the prediction: ``model(x).squeeze()`` has the shape of the labels." It has,
# until the last batch holds one example: then the batch is removed, too. ``squeeze(1)``
# removes the axis that is meant. (``shows_error`` prints an error that must come.)

from tensorglass import shows_error

loader = torch.utils.data.DataLoader(list(zip(inputs, labels, strict=True)), 3)
(x, y), (last_x, last_y) = loader
assert model(x).squeeze().shape == y.shape
with shows_error(ValueError, match=r"must be the same as input size"):
    F.binary_cross_entropy_with_logits(model(last_x).squeeze(), last_y)
assert model(last_x).squeeze(1).shape == last_y.shape == (1,)

# %%
# More: "Long is expected, so call ``.long()``"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# That is right for the numbers of classes, and destroys everything else: a probability
# of 0.9 becomes 0. Here it is refused. With ``mse_loss`` it would have run.

soft = torch.tensor([[0.9, 0.1], [0.2, 0.8]], device=device)
assert soft.long().tolist() == [[0, 0], [0, 0]]
with shows_error(RuntimeError, match="floating point type for target with class prob"):
    F.cross_entropy(torch.zeros(2, 2, device=device), soft.long())
assert F.mse_loss(soft, soft.long()) != F.mse_loss(soft, soft)

# %%
# Traps
# -----
#
# Target size must be the same as input size
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A model with one output returns (4, 1), and the labels are (4,). Give them the axis.
# Beside two outputs that does not help: use ``cross_entropy``, or one output.

with shows_error(ValueError, match="must be the same as input size"):
    F.binary_cross_entropy_with_logits(model(inputs), labels)
mended = F.binary_cross_entropy_with_logits(model(inputs), labels.unsqueeze(1))
torch.testing.assert_close(mended, computed)

two = nn.Linear(5, 2).to(device)
with shows_error(ValueError, match="must be the same as input size"):
    F.binary_cross_entropy_with_logits(two(inputs), labels.unsqueeze(1))
assert F.cross_entropy(two(inputs), labels.long()).isfinite()

# %%
# expected scalar type Long but found Float
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Class numbers came as floats, or as ``int32``. Newer versions say: expected target
# dtype to be Long or Byte.

classifier = nn.Linear(5, 3).to(device)
right = F.cross_entropy(classifier(inputs), classes)
for dtype, name in ((torch.float32, "Float"), (torch.int32, "Int")):
    with shows_error(RuntimeError, match=f"Long.* (found|got) {name}"):
        F.cross_entropy(classifier(inputs), classes.to(dtype))
mended = F.cross_entropy(classifier(inputs), classes.float().long())
torch.testing.assert_close(mended, right)

# %%
# 0D or 1D target tensor expected, multi-target not supported
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The class numbers stand in a column: remove its axis. Or each row is one-hot, given to
# ``nll_loss``: ``argmax(1)``.

column = classes.unsqueeze(1)
with shows_error(RuntimeError, match="multi-target not supported"):
    F.cross_entropy(classifier(inputs), column)
mended = F.cross_entropy(classifier(inputs), column.squeeze(1))
torch.testing.assert_close(mended, right)

# %%

# More: the same for a target that is one-hot
logarithms, one_hot = classifier(inputs).log_softmax(1), F.one_hot(classes, 3)
with shows_error(RuntimeError, match="multi-target not supported"):
    F.nll_loss(logarithms, one_hot)
mended = F.nll_loss(logarithms, one_hot.argmax(1))
torch.testing.assert_close(mended, right)

# %%
# Target 3 is out of bounds
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The model has 3 outputs, for the classes 0, 1 and 2. Print ``target.min()`` and
# ``target.max()``: these labels count from 1. If they begin at 0, the model needs more
# outputs.

counted = classes + 1
assert (counted.min(), counted.max()) == (1, 3)
if device.type == "cpu":  # a GPU stops the whole program: see below
    with shows_error(IndexError, match="Target 3 is out of bounds"):
        F.cross_entropy(classifier(inputs), counted)
mended = F.cross_entropy(classifier(inputs), counted - 1)
torch.testing.assert_close(mended, right)

# %%
# More: Target -1 is out of bounds
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In many data sets the label -1 stands for "none". ``ignore_index`` leaves such
# examples out, as if they were not in the batch. (-100 is left out anyway. If all are
# left out, the mean is nan.) But if -1 and 1 are your two classes, that would leave one
# of them out without a word: write ``(target > 0).long()``.

unlabelled = torch.tensor([0, -1, 1, -1], device=device)
if device.type == "cpu":
    with shows_error(IndexError, match="Target -1 is out of bounds"):
        F.cross_entropy(classifier(inputs), unlabelled)
some = F.cross_entropy(classifier(inputs), unlabelled, ignore_index=-1)
alone = F.cross_entropy(classifier(inputs[::2]), unlabelled[::2])
torch.testing.assert_close(some, alone)
hundred = torch.where(unlabelled < 0, -100, unlabelled)
torch.testing.assert_close(F.cross_entropy(classifier(inputs), hundred), alone)
none = torch.full_like(unlabelled, -1)
assert F.cross_entropy(classifier(inputs), none, ignore_index=-1).isnan()

signs = torch.tensor([1, -1, 1, -1], device=device)
each = F.cross_entropy(two(inputs), signs, ignore_index=-1, reduction="none")
assert each.count_nonzero() == 2  # of 4 examples
each = F.cross_entropy(two(inputs), (signs > 0).long(), reduction="none")
assert each.count_nonzero() == 4

# %%
# More: Expected input batch_size (16) to match target batch_size (4)
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Four images, and 16 predictions: the ``view`` in the model asks for too few features
# in a row, and cuts each image into 4 rows. It hides a wrong number of features.
# ``flatten(1)`` keeps the batch, and then the linear layer says which number it needs.

features = torch.rand(4, 16, 10, 10, device=device)  # as from a convolution
head = nn.Linear(400, 3).to(device)
with shows_error(
    ValueError, match=r"batch_size \(16\) to match target batch_size \(4\)"
):
    F.cross_entropy(head(features.view(-1, 400)), classes)
with shows_error(RuntimeError, match="4x1600 and 400x3"):
    head(features.flatten(1))
mended = nn.Linear(1600, 3).to(device)
assert F.cross_entropy(mended(features.flatten(1)), classes).isfinite()

# %%
# More: Expected target size [2, 5], got [2, 7]
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Two sentences of 7 words, and 5 scores for each: the layers of a language model have
# the scores in the last axis, ``cross_entropy`` wants them in axis 1. Or make each word
# an example: the loss is the same.

words = torch.rand(2, 7, 5, device=device)
following = torch.randint(5, (2, 7), device=device)
with shows_error(RuntimeError, match=r"Expected target size \[2, 5\], got \[2, 7\]"):
    F.cross_entropy(words, following)
by_axis = F.cross_entropy(words.transpose(1, 2), following)
by_row = F.cross_entropy(words.flatten(0, 1), following.flatten())
torch.testing.assert_close(by_axis, by_row)
with shows_error(
    ValueError, match=r"batch_size \(14\) to match target batch_size \(2\)"
):
    F.cross_entropy(words.flatten(0, 1), following)

# %%
# More: Using a target size that is different to the input size
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``mse_loss`` and its kin warn, and run: (4, 1) and (4,) are stretched to (4, 4), and
# each prediction is compared with every target. Here the prediction is perfect, and the
# loss is not 0. ``binary_cross_entropy`` raises nearly the same words.

perfect = labels.unsqueeze(1)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loss = F.mse_loss(perfect, labels)
print(f"{loss.item()}, UserWarning: {caught[0].message}")
assert loss == 0.5
assert "different to the input size" in str(caught[0].message)
assert F.mse_loss(perfect.squeeze(1), labels) == 0
with shows_error(ValueError, match="different to the input size"):
    F.binary_cross_entropy(perfect, labels)

# %%
# More: only batches of spatial targets supported (3D tensors)
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A mask that was loaded as an image has a channel. The class numbers of a segmentation
# have none: shape (N, height, width).

pixels = torch.rand(2, 3, 6, 6, device=device)
mask = torch.randint(3, (2, 1, 6, 6), device=device)
with shows_error(RuntimeError, match="only batches of spatial targets supported"):
    F.cross_entropy(pixels, mask)
by_place = F.cross_entropy(pixels, mask.squeeze(1), reduction="none")
assert by_place.shape == (2, 6, 6)

# %%
# More: size mismatch (got input: [2, 3, 6, 6] , target: [2, 12, 12]
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The network halves height and width, the mask has those of the image. Bring the scores
# to its size: class numbers cannot be averaged.

large = torch.randint(3, (2, 12, 12), device=device)
with shows_error(RuntimeError, match=r"size mismatch \(got input: \[2, 3, 6, 6\]"):
    F.cross_entropy(pixels, large)
enlarged = F.interpolate(pixels, size=(12, 12))
assert F.cross_entropy(enlarged, large, reduction="none").shape == (2, 12, 12)

# %%
# More: Expected floating point type for target with class probabilities
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A target in the prediction's shape is read as probabilities. ``one_hot`` returns whole
# numbers. Convert them, or give the class numbers: the loss is the same.

one_hot = F.one_hot(classes, 3)
with shows_error(RuntimeError, match="floating point type for target with class prob"):
    F.cross_entropy(classifier(inputs), one_hot)
as_probabilities = F.cross_entropy(classifier(inputs), one_hot.float())
torch.testing.assert_close(as_probabilities, right)

# %%
# More: all elements of input should be between 0 and 1
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``binary_cross_entropy`` takes probabilities, and a linear layer returns any numbers.
# The loss with ``_with_logits`` in its name applies the sigmoid itself. A nan is
# refused in the same words, and no sigmoid helps.

far = torch.tensor([3.0, -2.0, 0.5, 1.5], device=device)
if device.type == "cpu":
    for wrong in (far, far * float("nan")):
        with shows_error(RuntimeError, match="input should be between 0 and 1"):
            F.binary_cross_entropy(wrong, labels)
applied = F.binary_cross_entropy(torch.sigmoid(far), labels)
inside = F.binary_cross_entropy_with_logits(far, labels)
torch.testing.assert_close(applied, inside)

# %%
# More: one output and ``cross_entropy``: the loss is 0
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Whoever gives ``cross_entropy`` a model with one output has one class, and its
# probability is always 1. A label 1 is out of bounds, and float labels of shape (4, 1)
# are taken as probabilities: the loss is 0, and nothing is learned. Use
# ``binary_cross_entropy_with_logits``.

if device.type == "cpu":
    with shows_error(IndexError, match="Target 1 is out of bounds"):
        F.cross_entropy(model(inputs), labels.long())
loss = F.cross_entropy(model(inputs), labels.unsqueeze(1))
(gradient,) = torch.autograd.grad(loss, model.weight)
assert loss == 0
assert gradient.count_nonzero() == 0

# %%
# More: dtypes that some losses take besides
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``uint8`` is taken for class numbers, but not for those of a sequence or an image.
# ``mse_loss`` takes whole numbers, and a target of float64 makes its loss float64.
# ``binary_cross_entropy`` refuses float64 beside float32, and so does ``huber_loss``,
# in the backward pass. (See :doc:`mixed_dtypes`.)

one_a_row = runs("cross_entropy", (4, 3), (4,), torch.uint8)
one_a_word = runs("cross_entropy", (4, 3, 5), (4, 5), torch.uint8)
one_a_pixel = runs("cross_entropy", (4, 3, 6, 6), (4, 6, 6), torch.uint8)
assert (one_a_row, one_a_word, one_a_pixel) == (True, False, False)
column, whole, double = SAME[0], torch.int64, torch.float64
assert runs("mse_loss", *column, whole)
assert F.mse_loss(logits, targets.double()).dtype == double
assert not runs("binary_cross_entropy", *column, double)
assert F.huber_loss(logits, targets.double()).isfinite()
with shows_error(RuntimeError, match="Found dtype Double but expected Float"):
    F.huber_loss(logits, targets.double()).backward()

# %%
# On a GPU
# --------
#
# There a class out of bounds ends in "device-side assert triggered", and CUDA cannot be
# used until the program is started anew. (PyTorch's source; not run here.) So check
# before:

print("this page ran on", device.type)
given = torch.tensor([0, 2, -100, 0], device=device)  # -100 is left out
valid = (given >= 0) & (given < classifier.out_features)
assert (valid | (given == -100)).all()

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# An image may show a cat, a dog, both or neither. The labels are lists of class
# numbers: ``[[0, 1], [], [1]]``. Which loss, and which target?
#
# Solution
# ^^^^^^^^
#
# Two questions of yes or no: one logit each, and a target of floats in the same shape.

lists = [[0, 1], [], [1]]
target = torch.zeros(3, 2, device=device)
for row, shown in enumerate(lists):
    target[row, shown] = 1
assert target.tolist() == [[1, 1], [0, 0], [0, 1]]
assert runs(
    "binary_cross_entropy_with_logits", (3, 2), tuple(target.shape), target.dtype
)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# The classes of 4 examples came as floats in one row, of shape (1, 4). What does
# ``cross_entropy`` say for a prediction of shape (4, 3), and what mends it?
#
# Solution
# ^^^^^^^^
#
# It counts one target. ``squeeze(0)`` removes the first axis; then comes the dtype.

row = torch.tensor([[0.0, 2.0, 1.0, 0.0]], device=device)
with shows_error(
    ValueError, match=r"batch_size \(4\) to match target batch_size \(1\)"
):
    F.cross_entropy(scores, row)
mended = F.cross_entropy(scores, row.squeeze(0).long())
torch.testing.assert_close(mended, F.cross_entropy(scores, classes))

# %%
# References
# ----------
#
# - PyTorch: `CrossEntropyLoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>`__,
#   `BCEWithLogitsLoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html>`__
#   and `MSELoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html>`__.
# - That these losses want different shapes: `pytorch issue 56542
#   <https://github.com/pytorch/pytorch/issues/56542>`__. Why some no longer stretch
#   theirs: `pytorch issue 1939 <https://github.com/pytorch/pytorch/issues/1939>`__.
# - "Target size must be the same as input size": `pytorch issue 25663
#   <https://github.com/pytorch/pytorch/issues/25663>`__.
# - "multi-target not supported": `pytorch issue 3670
#   <https://github.com/pytorch/pytorch/issues/3670>`__.
