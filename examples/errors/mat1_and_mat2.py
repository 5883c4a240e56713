# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What does "mat1 and mat2 shapes cannot be multiplied" mean?
===========================================================

People ask this when a model stops at its first ``Linear``, behind a ``Flatten``, with
four numbers of which they chose two.

:Level: beginner

Short answer
------------

In a ``Linear``, ``mat1`` is the input, all axes but the last as rows. ``mat2`` is
``in_features`` by ``out_features``. The **inner** numbers must agree. If the **first**
number is your batch, write the second into the layer: ``nn.Linear(3600, 10)``. If not,
images want ``flatten(1)``, and one image a batch: ``[None]``. A trained layer keeps its
size: mend the input.
"""

import torch
from tensorglass import shows_error
from torch import nn

convolutions = nn.Sequential(nn.Conv2d(3, 16, 3), nn.MaxPool2d(2), nn.Flatten())
features = convolutions(torch.ones(8, 3, 32, 32))  # 8 images
with shows_error(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
    nn.Linear(16 * 16 * 16, 10)(features)
assert nn.Linear(3600, 10)(features).shape == (8, 10)

# %%
# The kernel of 3 makes 32 columns into 30, and pooling makes 15 of them: 16 * 15 * 15
# is 3600, and not 16 * 16 * 16.

# More: draws the four numbers of the message
import matplotlib.pyplot as plt

ROWS, SUMMED, COLUMNS = "#d55e00", "#0072b2", "#009e73"
NAMES = ("examples", "features\nthat came", "in_features", "out_features")


def draw(ax, y, numbers):
    """Draw the sizes of mat1 and mat2, and whether the inner ones are equal."""
    fits = numbers[1] == numbers[2]
    places = (0, 1.15, 2.75, 3.9)
    for place, number, color in zip(
        places, numbers, (ROWS, SUMMED, SUMMED, COLUMNS), strict=True
    ):
        clashes = color == SUMMED and not fits
        look = {"edgecolor": "black" if clashes else color}
        look["linewidth"] = 2.6 if clashes else 1.2
        corner = (place - 0.5, y - 0.32)
        ax.add_patch(plt.Rectangle(corner, 1, 0.64, facecolor=(color, 0.3), **look))
        ax.text(place, y, str(number), ha="center", va="center", fontsize=12)
    for name, place in ("mat1", 0.575), ("mat2", 3.325):
        ax.text(place, y + 0.5, name, ha="center", va="center")
    ax.text(1.95, y, "=" if fits else "≠", ha="center", va="center", fontsize=16)
    return f"{numbers[0]} by {numbers[1]} and {numbers[2]} by {numbers[3]}"


figure, ax = plt.subplots(figsize=(4.5, 3.1), layout="constrained")
refused = draw(ax, 1.65, (*features.shape, 16 * 16 * 16, 10))
mended = draw(ax, 0, (*features.shape, 3600, 10))
for place, name in zip((0, 1.15, 2.75, 3.9), NAMES, strict=True):
    ax.text(place, 1.05, name, ha="center", va="center", fontsize=9)
ax.set(xlim=(-0.6, 4.5), ylim=(-0.45, 2.4), title="The inner numbers must be equal")
ax.set_axis_off()
ax.set_label(
    f"Two rows of four boxes, the sizes of mat1 and mat2. Above, {refused}: the second "
    "and the third number, the features that came and in_features, have a heavy border "
    f"and a sign for not equal between them. Below, {mended}, and a sign for equal."
)
assert features.shape == (8, 16 * 15 * 15)

# %%
# Take it home
# ------------
#
# Send one image of your size through the part in front, in ``eval()``, and read the
# number off. Or leave it to ``LazyLinear``, which counts the first batch, a wrong one
# too: look at its ``in_features``.

in_features = convolutions.eval()(torch.zeros(1, 3, 32, 32)).shape[1]
convolutions.train()
model = nn.Sequential(convolutions, nn.Linear(in_features, 10))
lazy = nn.Sequential(convolutions, nn.LazyLinear(10))

lazy(torch.zeros(1, 3, 32, 32))
assert model[1].weight.shape == lazy[1].weight.shape == (10, 3600)

# %%
# On your own error, ask this site's library. ``with explained_errors():`` around your
# program puts the same under the traceback.

from tensorglass import explain_error, explained_errors

wrong = nn.Sequential(convolutions, nn.Linear(4096, 10))
try:
    with explained_errors():
        wrong(torch.ones(8, 3, 32, 32))
except RuntimeError as error:
    explanation, note = explain_error(error), error.__notes__[0]
assert "takes 4096 features in the last axis of its input" in note
assert explanation.kind == "matmul"
explanation

# %%
# Why
# ---
#
# A product of n by k with j by m exists only if k is j. ``nn.Linear`` computes ``x @
# weight.T + bias``, and its weight has the shape (out_features, in_features): that is
# why ``mat2`` has them the other way round. All axes of ``x`` but the last are its
# rows, taken together. (PyTorch documentation, ``torch.matmul`` and ``nn.Linear``; for
# dense tensors.)

from tensorglass import default_device

device = default_device()
torch.manual_seed(0)
layer, x = nn.Linear(20, 5).to(device), torch.rand(8, 20, device=device)
torch.testing.assert_close(layer(x), x @ layer.weight.T + layer.bias)
assert layer.weight.shape == (5, 20)
with shows_error(RuntimeError, match=r"\(6x30 and 20x5\)"):  # 2 * 3 rows
    layer(torch.rand(2, 3, 30, device=device))

# %%
# More: every pair of small matrices, and small layers, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# All pairs of matrices with sizes from 0 to 4, and all layers with up to 3 features on
# inputs with 1 to 4 axes. Torch refuses exactly where the inner sizes differ, and the
# message has the four numbers that the rule says.

import itertools
import math
import re

SIZES = r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)"


def named(function, *operands):
    """Return the four numbers of the message, or None if there is no error."""
    try:
        function(*operands)
    except RuntimeError as error:
        return tuple(map(int, re.search(SIZES, str(error)).groups()))
    return None


tried = refused = 0
for n, k, j, m in itertools.product(range(5), repeat=4):
    a, b = torch.ones(n, k, device=device), torch.ones(j, m, device=device)
    assert named(torch.matmul, a, b) == (None if k == j else (n, k, j, m))
    tried, refused = tried + 1, refused + (k != j)
print(tried, "pairs of matrices,", refused, "refused")
assert refused == 5**2 * (5**2 - 5)

tried = refused = 0
for takes, rank in itertools.product((1, 2, 3), (1, 2, 3, 4)):
    small = nn.Linear(takes, 2).to(device)
    for *front, came in itertools.product((1, 2, 3), repeat=rank):
        data = torch.ones(*front, came, device=device)
        expected = (math.prod(front), came, takes, 2)
        assert named(small, data) == (None if came == takes else expected)
        tried, refused = tried + 1, refused + (came != takes)
print(tried, "inputs of layers,", refused, "refused")
assert refused == 2 * (3 + 3**2 + 3**3 + 3**4)

# %%
# More: the number, computed
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A convolution, or a pooling that rounds down, with kernel ``k``, stride ``s``, padding
# ``p`` and dilation ``d`` makes ``n`` columns into the number below. (PyTorch
# documentation, ``nn.Conv2d``.) For each of these sizes torch says the same. Images of
# 33 columns give the number of those of 32 here: the pooling leaves one out.


def columns(n, k, s=1, p=0, d=1):
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


compared = 0
sizes = range(5, 13), (1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (1, 2)
for n, k, s, p, d in itertools.product(*sizes):
    if columns(n, k, s, p, d) > 0:
        row, kernel = torch.ones(1, 1, n, device=device), torch.ones(1, 1, k)
        options = {"stride": s, "padding": p, "dilation": d}
        result = nn.functional.conv1d(row, kernel.to(device), **options)
        assert result.shape[-1] == columns(n, k, s, p, d)
        if 2 * p <= k:
            pooled = nn.functional.max_pool1d(row, k, **options)
            assert pooled.shape[-1] == columns(n, k, s, p, d)
        compared += 1
print(compared, "convolutions compared")
assert compared == 558
after = columns(columns(32, k=3), k=2, s=2)
assert 16 * after * after == 3600
alike = [n for n in range(28, 38) if columns(columns(n, k=3), k=2, s=2) == after]
assert alike == [32, 33]

# %%
# More: ``LazyLinear``
# ~~~~~~~~~~~~~~~~~~~~
#
# Until the first batch, its weight has no shape, and nothing can count it. Afterwards
# it is a ``Linear``, and takes no other number. If that batch was not flattened, the
# layer is made for its 28 columns, and no error ever tells.

lazy = nn.Sequential(nn.Flatten(), nn.LazyLinear(10)).to(device)
with shows_error(ValueError, match="uninitialized parameter"):
    lazy[1].weight.numel()
lazy(torch.ones(2, 3, 10, device=device))
assert type(lazy[1]) is nn.Linear
assert lazy[1].in_features == 30
with shows_error(RuntimeError, match=r"\(2x40 and 30x10\)"):
    lazy(torch.ones(2, 4, 10, device=device))

wrong_lazy = nn.LazyLinear(10).to(device)
assert wrong_lazy(torch.ones(8, 1, 28, 28, device=device)).shape == (8, 1, 28, 10)
assert wrong_lazy.in_features == 28

# %%
# A batch that is sent to find the number is sent in ``eval()``. In training, a
# ``BatchNorm`` counts it for its running mean, and refuses one value for each channel.

norm = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(3)).to(device)
one_image = torch.ones(1, 3, device=device)
with shows_error(ValueError, match="Expected more than 1 value per channel"):
    norm(one_image)
assert norm.eval()(one_image).shape == (1, 3)
assert norm[1].running_mean.tolist() == [0, 0, 0]
norm.train()(one_image.expand(2, 3))
momentum = torch.full((3,), 0.1, device=device)  # the share of a new batch
torch.testing.assert_close(norm[1].running_mean, momentum)

# %%
# What is often said
# ------------------
#
# "Take ``*``." That is another operation. "The dtypes may be the cause." Shapes that
# differ raise this with ``@`` for any dtypes. Different dtypes have a message of their
# own, once the shapes fit. "Reshape the 2 by 4 matrix to 2 by 3." 8 numbers do not fit
# into 6 places.

a, b = torch.rand(2, 4, device=device), torch.rand(3, 5, device=device)
with shows_error(RuntimeError, match="must match the size of tensor b"):
    a * b
with shows_error(RuntimeError, match=r"\(2x4 and 3x5\)"):
    a.double() @ b
with shows_error(RuntimeError, match="same dtype"):
    a.double() @ a.T
with shows_error(RuntimeError, match="invalid for input of size 8"):
    a.reshape(2, 3)

# %%
# "Transpose one with ``.T``." That is right for a factor that is transposed, as the
# weight of a ``Linear`` is. Elsewhere it may run and mean nothing: below, every row of
# the result mixes all examples.

examples, weights = torch.rand(3, 4, device=device), torch.rand(3, 2, device=device)
with shows_error(RuntimeError, match=r"\(3x4 and 3x2\)"):
    examples @ weights
changed = examples.clone()
changed[0] += 1
rows_changed = (changed.T @ weights != examples.T @ weights).any(dim=1).tolist()
layer = nn.Linear(4, 2).to(device)  # the mistake was in the weights: 4 features came
rows_of_layer = (layer(changed) != layer(examples)).any(dim=1).tolist()
assert rows_changed == [True, True, True, True]
assert rows_of_layer == [True, False, False]

# %%
# Traps
# -----
#
# (224x28 and 784x10): the images were not flattened
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# 8 images of 28 rows became 224 rows of ``mat1``. Flatten them: ``flatten()`` makes one
# row of everything, ``flatten(1)`` one of each image. A layer for the second number,
# 28, runs, and gives 10 numbers for each *row*.

images = torch.rand(8, 1, 28, 28, device=device)
layer = nn.Linear(28 * 28, 10).to(device)
for not_flat in (images, images.flatten()):
    with shows_error(RuntimeError, match=r"\((224x28|1x6272) and 784x10\)"):
        layer(not_flat)
assert layer(images.flatten(1)).shape == (8, 10)
assert nn.Linear(28, 10).to(device)(images).shape == (8, 1, 28, 10)

# %%
# (16x225 and 3600x10): one image without a batch
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``Flatten`` keeps axis 0: here the 16 channels, as 16 examples of 225 features. A
# layer for 225 runs, and answers 16 times. ``[None]`` makes a batch of one.

model, image = model.to(device), torch.rand(3, 32, 32, device=device)
with shows_error(RuntimeError, match=r"\(16x225 and 3600x10\)"):
    model(image)
assert nn.Linear(225, 10).to(device)(model[0](image)).shape == (16, 10)
assert model(image[None]).shape == (1, 10)

# %%
# The model was made for images of another size
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A convolution takes any size, and the ``Linear`` behind it one number of features.
# Resize the images, or let an adaptive pooling give 15 rows and columns of any image.

larger = torch.rand(8, 3, 64, 64, device=device)
with shows_error(RuntimeError, match=r"\(8x15376 and 3600x10\)"):
    model(larger)
resized = nn.functional.interpolate(larger, size=32)
assert model(resized).shape == (8, 10)
adaptive = nn.Sequential(model[0][0], nn.AdaptiveMaxPool2d(15), nn.Flatten(), model[1])
assert adaptive(larger).shape == (8, 10)
torch.testing.assert_close(adaptive(resized), model(resized))

# %%
# More: "Expected size for first two dimensions of batch2 tensor to be"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# So say two batches of matrices. In attention, the keys have to be transposed: ``.mT``
# turns the last two axes, and leaves the batch.

queries = torch.rand(2, 5, 8, device=device)
keys = torch.rand(2, 6, 8, device=device)
with shows_error(RuntimeError, match=r"to be: \[2, 8\] but got: \[2, 6\]"):
    queries @ keys
assert (queries @ keys.mT).shape == (2, 5, 6)

# %%
# More: two layers in a row do not fit
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The second layer takes what the first one gives. Which layer it was, the message does
# not say, and its last two numbers do: look for ``Linear(90, 10)``.

two_layers = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(90, 10)).to(device)
with shows_error(RuntimeError, match=r"\(8x100 and 90x10\)"):
    two_layers(images.flatten(1))
two_layers[2] = nn.Linear(100, 10).to(device)
assert two_layers(images.flatten(1)).shape == (8, 10)

# %%
# More: (77x2048 and 768x320), in a program of others
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Parts that were trained apart, such as a text encoder and an image model, must be of
# one family. This encoder gives 2048 features, and the model takes 768. Choose parts
# that belong together. A ``Linear`` in between makes the sizes fit, and runs. It was
# not trained: two of them, drawn with other seeds, disagree.

text = torch.rand(77, 2048, device=device)
attention = nn.Linear(768, 320).to(device)
with shows_error(RuntimeError, match=r"\(77x2048 and 768x320\)"):
    attention(text)
by_seed = []
for seed in (0, 1):
    torch.manual_seed(seed)
    between = nn.Linear(2048, 768).to(device)
    by_seed.append(attention(between(text)))
one, other = (each - each.mean(dim=0) for each in by_seed)
agreement = nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0)
print(f"agreement of the two, between 0 and 1: {agreement.abs().item():.1f}")
agree = agreement.abs() > 0.1
assert not agree

# %%
# More: "size mismatch, got input (100), mat (100x4), vec (3)"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# So says a matrix times a vector. The matrix has a column of ones for the intercept,
# and the vector has no number for it.

inputs = torch.rand(100, 3, device=device)
with_ones = torch.cat([inputs, torch.ones(100, 1, device=device)], dim=1)
slopes = torch.rand(3, device=device)
with shows_error(RuntimeError, match=r"mat \(100x4\), vec \(3\)"):
    with_ones @ slopes
with_intercept = torch.cat([slopes, torch.tensor([0.5], device=device)])
torch.testing.assert_close(with_ones @ with_intercept, inputs @ slopes + 0.5)

# %%
# More: "mat2 must be a matrix" and "batch1 must be a 3D tensor"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.mm`` takes two matrices, and ``torch.bmm`` two batches of them. ``@`` takes
# both, and vectors, and a matrix beside a batch. If such a matrix stands on the left
# and wants a gradient, ``mat1`` is the right factor, transposed.

matrix, vector = torch.rand(6, 8, device=device), torch.rand(8, device=device)
with shows_error(RuntimeError, match="mat2 must be a matrix"):
    torch.mm(matrix, vector)
with shows_error(RuntimeError, match="self must be a matrix"):
    torch.mm(queries, matrix.T)
with shows_error(RuntimeError, match="batch1 must be a 3D tensor"):
    torch.bmm(matrix, queries.mT)
assert (matrix @ vector).shape == (6,)
assert (queries @ matrix.T).shape == (2, 5, 6)
assert (matrix @ queries.mT).shape == (2, 6, 5)
with shows_error(RuntimeError, match=r"\(14x5 and 8x6\)"):  # 2 * 7 rows
    nn.Parameter(matrix) @ torch.rand(2, 5, 7, device=device)

# %%
# More: "inconsistent tensor size, expected tensor [384] and src [512]"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A product of two vectors needs as many numbers in both. Here are the embeddings of two
# models: there is no product that compares them. Embed both texts with one model.

by_one_model = torch.rand(2, 384, device=device)
by_another = torch.rand(2, 512, device=device)
with shows_error(RuntimeError, match="inconsistent tensor size"):
    by_one_model[0] @ by_another[1]
similarity = by_one_model[0] @ by_one_model[1]
assert similarity.dim() == 0

# %%
# More: "1D tensors expected, but got 2D and 1D tensors"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.dot`` takes only two vectors, unlike ``numpy.dot``. Write ``@``.

with shows_error(RuntimeError, match="1D tensors expected, but got 2D and 1D tensors"):
    torch.dot(matrix, vector)
torch.testing.assert_close(matrix @ vector, (matrix * vector).sum(dim=1))

# %%
# More: "both arguments to matmul need to be at least 1D"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A tensor without axes has nothing to sum over. A number times a matrix is ``*``. A
# ``Linear`` refuses such an input too, in its own name: give it an axis.

scale, one_number = torch.tensor(2.0, device=device), nn.Linear(1, 5).to(device)
with shows_error(RuntimeError, match="to matmul need to be at least 1D"):
    matrix @ scale
with shows_error(RuntimeError, match="to linear need to be at least 1D"):
    one_number(scale)
assert torch.equal(matrix * scale, matrix + matrix)
assert one_number(scale[None]).shape == (5,)

# %%
# More: "matmul: Input operand 1 has a mismatch in its core dimension 0"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# So says NumPy, and gives the two inner sizes last, that of the right factor first.
# ``np.dot`` has other words. The array below is transposed.

import numpy as np

points, turns = np.ones((7, 3)), np.ones((2, 3))
with shows_error(ValueError, match=r"size 2 is different from 3"):
    points @ turns
with shows_error(ValueError, match=r"shapes \(7,3\) and \(2,3\) not aligned"):
    np.dot(points, turns)
assert (points @ turns.T).shape == (7, 2)

# %%
# More: "a and b must have same reduction dim"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Tensors without data, with which ``torch.compile`` traces a program, say it so. The
# four numbers are the same. Not run here: by a thread (see the references), a Mac says
# "input and weight.T shapes cannot be multiplied".

with shows_error(RuntimeError, match=r"got \[8, 30\] X \[20, 5\]"):
    torch.ones(8, 30, device="meta") @ torch.ones(20, 5, device="meta")
product = torch.ones(8, 20, device="meta") @ torch.ones(20, 5, device="meta")
assert product.shape == (8, 5)

# %%
# On a GPU
# --------
#
# Everything below *Why* ran on this device. Not run here: by a thread (see the
# references), an old torch did not notice the error on CUDA.

print("this page ran on", device.type)
with shows_error(RuntimeError, match=r"\(8x30 and 20x5\)"):
    nn.Linear(20, 5).to(device)(torch.rand(8, 30, device=device))

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# A model for gray images of 28 by 28 has ``Conv2d(1, 32, 5)``, ``MaxPool2d(2)``,
# ``Conv2d(32, 64, 3, padding=1)``, ``MaxPool2d(2)`` and ``Flatten()``. How many
# features does the ``Linear`` behind take?
#
# Solution
# ^^^^^^^^
#
# 28 becomes 24, 12, 12 and 6 columns. With 64 channels these are 2304 features.

steps = [28, columns(28, k=5)]
steps += [columns(steps[-1], k=2, s=2)]
steps += [columns(steps[-1], k=3, p=1)]
steps += [columns(steps[-1], k=2, s=2)]
front = nn.Sequential(
    nn.Conv2d(1, 32, 5), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1)
).to(device)
came = nn.functional.max_pool2d(front(images), 2).flatten(1).shape[1]
assert steps == [28, 24, 12, 12, 6]
assert came == 64 * 6 * 6 == 2304

# %%
# Exercise 2
# ~~~~~~~~~~
#
# An ``LSTM`` gives the shape (4, 7, 20): 4 texts, 7 words, 20 features. Somebody sends
# that into ``Linear(140, 3)``. What does the message say, and what did they mean?
#
# Solution
# ^^^^^^^^
#
# The 4 texts and 7 words are 28 rows. They meant all words of a text side by side:
# ``flatten(1)``. Or they take the last word alone, with a ``Linear`` of 20 features. Of
# a padded text, the last word is padding: its length says which one is meant.

states = torch.rand(4, 7, 20, device=device)
classes, of_last_word = nn.Linear(140, 3).to(device), nn.Linear(20, 3).to(device)
with shows_error(RuntimeError, match=r"\(28x20 and 140x3\)"):
    classes(states)
assert classes(states.flatten(1)).shape == (4, 3)
last = states[:, -1]
assert of_last_word(last).shape == (4, 3)
lengths = torch.tensor([7, 3, 5, 7], device=device)
last_words = states[torch.arange(4, device=device), lengths - 1]
assert torch.equal(last_words[1], states[1, 2])
assert (last_words == last).all(dim=1).tolist() == [True, False, False, True]

# %%
# References
# ----------
#
# - PyTorch: `torch.matmul
#   <https://docs.pytorch.org/docs/stable/generated/torch.matmul.html>`__, `nn.Linear
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html>`__,
#   `nn.LazyLinear
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyLinear.html>`__ and
#   `nn.Conv2d
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html>`__.
# - Models that do not belong together: `ComfyUI issue 5836
#   <https://github.com/Comfy-Org/ComfyUI/issues/5836>`__. Apple's words: `ComfyUI issue
#   12027 <https://github.com/Comfy-Org/ComfyUI/issues/12027>`__. Torch 1.9, which did
#   not notice on CUDA: `pytorch issue 62562
#   <https://github.com/pytorch/pytorch/issues/62562>`__.
