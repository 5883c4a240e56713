# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Which input shape does a layer expect?
======================================

People ask this when a layer stops with "Given groups=1, weight of size ..., expected
input[...] to have 3 channels, but got 28 channels instead", or with "Expected 3D
(unbatched) or 4D (batched) input to conv2d".

:Level: beginner

Short answer
------------

Most layers fix how many axes their input has, and the size of one of them. ``Conv2d``
takes (batch, channels, height, width), with ``in_channels`` channels: between two
layers, the ``out_channels`` of the one before (after a ``cat``, their sum). Images from
NumPy often have channels last: move that axis with ``permute``. ``Linear``,
``LayerNorm``, ``LSTM`` and attention check the last axis.
"""

import torch
from tensorglass import shows_error

conv = torch.nn.Conv2d(in_channels=3, out_channels=8, kernel_size=3)
photos = torch.zeros(4, 28, 32, 3)  # batch, height, width, channels
with shows_error(RuntimeError, match="expected input"):
    conv(photos)
assert conv(photos.permute(0, 3, 1, 2)).shape == (4, 8, 26, 30)

# %%
# The convolution took axis 1, the height, for its channels. In the picture, the size of
# the coloured axis is checked, and a dashed one may be missing. Three dots are any
# number of axes. With ``batch_first=True``, ``LSTM`` and ``MultiheadAttention`` have
# the batch first.

# More: tries what each layer takes, and draws it
import matplotlib.pyplot as plt
from tensorglass import default_device
from torch import nn

device = default_device()
LAYERS = {  # * where the size is checked, ? what may be missing
    nn.Linear(3, 2): "… features*",
    nn.LayerNorm(3): "… features*",
    nn.Conv1d(3, 2, 1): "batch? channels* length",
    nn.Conv2d(3, 2, 1): "batch? channels* height width",
    nn.BatchNorm1d(3): "batch channels* length?",
    nn.BatchNorm2d(3): "batch channels* height width",
    nn.MaxPool2d(1): "batch? channels height width",
    nn.LSTM(3, 2): "length batch? features*",
    nn.MultiheadAttention(3, 1): "length batch? features*",
    nn.Embedding(3, 2): "…",
}


def takes(layer, shape):
    """Return whether a layer accepts an input of this shape."""
    dtype = torch.int64 if isinstance(layer, nn.Embedding) else torch.float32
    x = torch.zeros(shape, dtype=dtype, device=device)
    try:
        layer(*[x] * 3) if isinstance(layer, nn.MultiheadAttention) else layer(x)
    except (RuntimeError, ValueError, AssertionError):
        return False
    return True


BLUE, GREY = ("#0072b2", 0.35), ("#999999", 0.12)
figure, ax = plt.subplots(figsize=(3.5, 4.7), layout="constrained")
ax.set(xlim=(0, 5.55), ylim=(-9.95, 0), title="The input of each layer")
ax.set_axis_off()
told = []
for row, (layer, text) in enumerate(LAYERS.items()):
    name, axes = type(layer.to(device)).__name__, text.replace("…", "…?").split()
    for kept in (axes, [axis for axis in axes if "?" not in axis]):
        fits = takes(layer, [3 if "*" in axis else 5 for axis in kept])
        other_size_fits = takes(layer, [4] * len(kept))
        assert fits
        assert other_size_fits == ("*" not in text)
    lines = name.replace("Attention", "-\nAttention")
    ax.text(0, -row - 0.5, lines, va="center", fontsize=9, linespacing=1)
    for column, axis in enumerate(axes):
        line = "dashed" if "?" in axis else "solid"
        look = {"facecolor": BLUE if "*" in axis else GREY, "edgecolor": "black"}
        place = (1.55 + column, -row - 0.86)
        ax.add_patch(plt.Rectangle(place, 0.95, 0.72, linestyle=line, **look))
        place = (2.025 + column, -row - 0.5)
        ax.text(*place, axis.strip("*?"), ha="center", va="center", fontsize=9)
    said = text.replace("…", "any axes").replace("*", " (checked)")
    told.append(f"{name}: {said.replace('?', ' (may be missing)')}")
ax.set_label(
    "A table of layers, with the axes of their inputs as boxes. The axis whose size is "
    f"checked is coloured, and one that may be missing is dashed. {'; '.join(told)}."
)
assert len(told) == 10

# %%
# Take it home
# ------------
#
# Photos from NumPy, one photo, and for a model of colours: grey images, and images with
# transparency.

import numpy as np

array = np.zeros((4, 28, 32, 3), dtype=np.uint8)
grey, clear = torch.zeros(4, 28, 32), torch.zeros(4, 4, 28, 32)

batch = torch.from_numpy(array).permute(0, 3, 1, 2).float() / 255
one = torch.from_numpy(array[0]).permute(2, 0, 1)[None].float() / 255
thrice = grey[:, None].expand(-1, 3, -1, -1)
without_alpha = clear[:, :3]

for images in (batch, one, thrice, without_alpha):
    assert images.shape[1:] == (3, 28, 32)

# %%
# For your own error, ask the library of this site. ``with explained_errors():`` puts
# it under the traceback.

from tensorglass import explain_error

model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten())
try:
    model(photos)
except RuntimeError as error:
    explanation = explain_error(error)
assert explanation.kind == "conv_channels"
assert ".movedim(-1, 1)" in explanation.fixes[0].code
explanation

# %%
# Why
# ---
#
# A layer knows axes by their place alone. It checks how many there are, and that one of
# them has the size it was made for. Layers for signals and images look for it behind
# the batch. ``Linear``, ``LSTM`` and attention look at the end, ``LayerNorm`` at as
# many axes as it was given. ``MaxPool2d``, ``Embedding`` and norms without weights and
# statistics check no size. (PyTorch documentation, *Shape* of each layer; in eager
# mode, without axes of size 0.)

behind_batch, at_end = nn.Conv1d(3, 2, 1).to(device), nn.Linear(3, 2).to(device)
fits = {
    shape: (takes(behind_batch, shape), takes(at_end, shape))
    for shape in [(5, 3, 4), (5, 4, 3)]
}
print("Conv1d, Linear:", fits)
assert fits == {(5, 3, 4): (True, False), (5, 4, 3): (False, True)}
of_two = nn.LayerNorm((3, 4)).to(device)
fits = [takes(of_two, (2, size, 4)) for size in (3, 5)]
assert fits == [True, False]

# %%
# More: all shapes with up to 5 axes, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The table as a rule: a layer takes a shape if its axes are those of the row, all of
# them or without the optional one, and the checked size is 3. We try all shapes with up
# to 5 axes and sizes 1, 3 and 4. In training, batch normalization refuses one more
# thing: a single value for each channel.

import itertools


def rule(text, shape):
    """Return whether the row of the table allows a shape."""
    axes = text.split()
    if axes[0] == "…":
        axes[:1] = ["any"] * (len(shape) - len(axes) + 1)
    rows = axes, [axis for axis in axes if not axis.endswith("?")]
    return any(
        len(row) == len(shape)
        and all(size == 3 for axis, size in zip(row, shape, strict=True) if "*" in axis)
        for row in rows
    )


shapes = [s for rank in range(6) for s in itertools.product((1, 3, 4), repeat=rank)]
counts = {}
for layer, text in LAYERS.items():
    in_training = [takes(layer.train(), shape) for shape in shapes]
    in_use = [takes(layer.eval(), shape) for shape in shapes]
    assert in_use == [rule(text, shape) for shape in shapes]
    norm = isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
    values = [shape.numel() / 3 for shape in map(torch.Size, shapes)]  # of each channel
    pairs = list(zip(in_use, values, strict=True))
    assert in_training == [good and not (norm and one == 1) for good, one in pairs]
    name = type(layer.train()).__name__
    counts[name] = sum(in_use)
    print(f"{name:19}{text:31}{sum(in_use):4} of {len(shapes)}")
assert list(counts.values()) == [121, 121, 12, 36, 12, 27, 108, 12, 12, 364]

# %%
# More: sizes that are not checked
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``InstanceNorm2d`` has no weights by default, and warns. ``GroupNorm`` and
# ``BatchNorm1d`` can be made so.

import warnings

without_weights = {
    nn.InstanceNorm2d(3): (4, 5, 6, 6),
    nn.GroupNorm(1, 3, affine=False): (4, 5, 6, 6),
    nn.BatchNorm1d(3, affine=False, track_running_stats=False): (4, 5),
}
with_weights = {
    nn.InstanceNorm2d(3, affine=True): (4, 5, 6, 6),
    nn.GroupNorm(1, 3): (4, 5, 6, 6),
    nn.BatchNorm1d(3): (4, 5),
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    unchecked = [takes(layer, shape) for layer, shape in without_weights.items()]
    checked = [takes(layer.to(device), shape) for layer, shape in with_weights.items()]
assert unchecked == [True, True, True]
assert checked == [False, False, False]

# %%
# An axis of size 0: an empty batch passes a convolution, and its channels are still
# checked. Batch normalization takes an empty tensor, and does not look at its channels.
# An ``LSTM`` refuses a sequence without steps.

empty = {
    type(layer).__name__: (takes(layer, (0, 3, 9, 9)), takes(layer, (0, 4, 9, 9)))
    for layer in (conv.to(device), nn.BatchNorm2d(3).to(device))
}
without_steps = takes(nn.LSTM(3, 2).to(device), (0, 5, 3))
print("the right channels, and others:", empty)
assert empty == {"Conv2d": (True, False), "BatchNorm2d": (True, True)}
assert not without_steps

# %%
# What is often said
# ------------------
#
# "Reshape the photos to the shape that is wanted." That runs, with ``reshape`` and with
# ``view``, and scrambles the picture: both keep the order in which the numbers are
# read, the last axis fastest. The red channel then holds the red, green and blue of the
# upper third.

rows, columns = torch.meshgrid(torch.arange(24), torch.arange(32), indexing="ij")
disc = ((rows - 11) ** 2 + (columns - 15) ** 2 < 80).float()
photo = torch.stack([disc, 0.7 * rows / 24, 0.8 - 0.5 * disc], dim=-1).to(device)

permuted, reshaped = photo.permute(2, 0, 1), photo.reshape(3, 24, 32)
assert torch.equal(permuted[0], photo[:, :, 0])
assert torch.equal(reshaped[0].flatten(), photo[:8].flatten())
turned = torch.arange(6).reshape(2, 3).T  # in memory, still 0 to 5
assert turned.reshape(6).tolist() == [0, 3, 1, 4, 2, 5]

# %%
# Both have the shape (3, 24, 32). What a convolution sees:

# More: draws both
figure, axs = plt.subplots(1, 2, figsize=(4.6, 2.1), layout="constrained")
drawn = {"permute": permuted, "reshape": reshaped}
for ax, (name, image) in zip(axs, drawn.items(), strict=True):
    seen = image.permute(1, 2, 0)
    ax.imshow(seen.cpu().numpy(), interpolation="nearest")
    ax.set_axis_off()
    ax.set_title(f"photo.{name}(...)")
    kept = torch.equal(seen, photo)
    ax.set_label("The photo: a red disc." if kept else "Coloured dots, and no disc.")
    assert kept == (name == "permute")

# %%
# More: "make a layer for the channels that came"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It runs too. It takes the rows of a photo for channels, and slides over width and
# colours. A photo of another height is refused.

rows_as_channels = nn.Conv2d(28, 8, 3).to(device)
assert rows_as_channels(photos.to(device)).shape == (4, 8, 30, 1)
with shows_error(RuntimeError, match="to have 28 channels, but got 30 channels"):
    rows_as_channels(torch.zeros(4, 30, 32, 3, device=device))

# %%
# More: "Convert to ``channels_last``"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``memory_format=torch.channels_last`` is about memory. Shapes stay as they are, in
# the order batch, channels, height, width, and what was refused still is.

as_wanted = photos.to(device).permute(0, 3, 1, 2).contiguous()
stored = as_wanted.to(memory_format=torch.channels_last)
assert stored.shape == as_wanted.shape == (4, 3, 28, 32)
assert (as_wanted.stride(1), stored.stride(1)) == (28 * 32, 1)
with shows_error(RuntimeError, match="to have 3 channels, but got 28 channels"):
    conv(photos.to(device).to(memory_format=torch.channels_last))

# %%
# Traps
# -----
#
# Expected 3D (unbatched) or 4D (batched) input to conv2d
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Images were flattened, or one axis is missing or too many. Give the axes back, or
# ``squeeze(0)``.

first = nn.Conv2d(1, 8, 3).to(device)
digits = torch.zeros(32, 784, device=device)
with shows_error(RuntimeError, match="Expected 3D .unbatched. or 4D .batched. input"):
    first(digits)
batch = digits.unflatten(1, (1, 28, 28))
with shows_error(RuntimeError, match="Expected 3D .unbatched. or 4D .batched. input"):
    first(batch[None])  # a batch has its axis already
assert first(batch[None].squeeze(0)).shape == first(batch).shape == (32, 8, 26, 26)

# %%
# expected 4D input (got 3D input)
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# One image without a batch. The convolution takes it, and ``BatchNorm2d`` does not.
# ``[None]`` makes a batch of one.

model = nn.Sequential(conv, nn.BatchNorm2d(8)).to(device)
image = torch.zeros(3, 28, 32, device=device)
with shows_error(ValueError, match="expected 4D input"):
    model(image)
assert model(image[None]).shape == (1, 8, 26, 30)

# %%
# Expected more than 1 value per channel when training
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A batch had one value for each channel, which is its mean. If it was the last batch,
# drop it; with ``batch_size=1``, take larger batches or ``GroupNorm``.

from torch.utils.data import DataLoader

examples = torch.zeros(33, 8)
model = nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4)).to(device)
with shows_error(ValueError, match="Expected more than 1 value per channel"):
    for batch in DataLoader(examples, batch_size=16):
        model(batch.to(device))
loader = DataLoader(examples, batch_size=16, drop_last=True)
assert [len(model(batch.to(device))) for batch in loader] == [16, 16]

# %%
# More: "call ``model.eval()``", and batches of one
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``eval()`` is right for predictions. In training, the running mean then stays as it
# is.

norm = model[1]
before = norm.running_mean.clone()
assert model.eval()(torch.ones(1, 8, device=device)).shape == (1, 4)
assert torch.equal(norm.running_mean, before)
model.train()(torch.ones(2, 8, device=device))
assert not torch.equal(norm.running_mean, before)

# %%
# With ``batch_size=1``, every batch is refused, if an image has one value for each
# channel, as behind ``AdaptiveAvgPool2d(1)``. ``drop_last`` leaves nothing of them, or
# of a dataset that is smaller than a batch. ``GroupNorm`` takes each example alone.

pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(4)).to(device)
one_image = torch.rand(1, 4, 9, 9, generator=torch.Generator().manual_seed(0))
one_image = one_image.to(device)
with shows_error(ValueError, match="Expected more than 1 value per channel"):
    pooled(one_image)
assert nn.BatchNorm2d(4).to(device)(one_image).shape == (1, 4, 9, 9)
pooled[1] = nn.GroupNorm(1, 4).to(device)
assert pooled(one_image).shape == (1, 4, 1, 1)
few = DataLoader(examples[:10], batch_size=16, drop_last=True)
assert len(few) == 0

# %%
# More: to have 64 channels, but got 32 channels instead
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Two layers in a row do not fit. Behind a ``cat`` along the channels, as in a U-Net,
# those of both parts come.

maps = torch.zeros(1, 3, 9, 9, device=device)
before = nn.Conv2d(3, 32, 1).to(device)(maps)
with shows_error(RuntimeError, match="to have 64 channels, but got 32 channels"):
    nn.Conv2d(64, 8, 1).to(device)(before)
assert nn.Conv2d(32, 8, 1).to(device)(before).shape == (1, 8, 9, 9)
joined = torch.cat([before, before], dim=1)
assert nn.Conv2d(32 + 32, 8, 1).to(device)(joined).shape == (1, 8, 9, 9)

# %%
# More: to have 1 channels, but got 32 channels instead
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# 32 grey images without an axis of channels have 3 axes. That is the shape of one image
# without a batch, so 32 counts as channels, and the message tells of a batch of 1. With
# as many images as channels, nothing is raised: three grey images pass for one photo.

grey = torch.zeros(32, 28, 28, device=device)
with shows_error(RuntimeError, match=r"input\[1, 32, 28, 28\] to have 1 channels"):
    first(grey)
assert first(grey[:, None]).shape == (32, 8, 26, 26)
assert conv(grey[:3]).shape == (8, 26, 26)  # no error, and no batch

# %%
# More: mat1 and mat2 shapes cannot be multiplied, behind ``Flatten``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``Flatten`` keeps axis 0. Of an image without a batch that is its channels, and each
# of them becomes an example.

head = nn.Sequential(conv, nn.Flatten(), nn.Linear(8 * 26 * 30, 10)).to(device)
with shows_error(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
    head(image)
assert head(image[None]).shape == (1, 10)

# %%
# More: running_mean should contain 10 elements not 16
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Sequences with their 16 features at the end come to ``BatchNorm1d``, which looks for
# them in axis 1. If length and features are equal, nothing is raised.

sequences = torch.zeros(4, 10, 16, device=device)
norm = nn.BatchNorm1d(16).to(device)
with shows_error(RuntimeError, match="should contain 10 elements not 16"):
    norm(sequences)
assert norm(sequences.transpose(1, 2)).shape == (4, 16, 10)
square_fits = takes(norm, (4, 16, 16))
assert square_fits

# %%
# More: Given normalized_shape=[16], expected input with shape [\*, 16]
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The other way round: ``LayerNorm(16)`` behind a convolution with 16 channels. Move the
# channels to the end, and back afterwards.

features = torch.rand(4, 16, 7, 9, generator=torch.Generator().manual_seed(0))
features = features.to(device)
norm = nn.LayerNorm(16).to(device)
with shows_error(RuntimeError, match=r"Given normalized_shape=\[16\], expected input"):
    norm(features)
normalized = norm(features.movedim(1, -1)).movedim(-1, 1)
assert normalized.shape == features.shape
zeros = torch.zeros(4, 7, 9, device=device)
torch.testing.assert_close(normalized.mean(dim=1), zeros, atol=1e-5, rtol=0)

# %%
# More: input.size(-1) must be equal to input_size
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The last axis of what comes to an ``LSTM`` holds its features. Behind a ``Conv1d`` it
# holds the length.

lstm = nn.LSTM(16, 6, batch_first=True).to(device)
convolved = torch.zeros(4, 16, 10, device=device)  # batch, channels, length
message = r"must be equal to input_size. Expected 16, got 10"
with shows_error(RuntimeError, match=message):
    lstm(convolved)
assert lstm(convolved.transpose(1, 2))[0].shape == (4, 10, 6)

# %%
# More: Expected input to be 2D or 3D, got 1D instead
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A series of numbers comes to an ``LSTM``. Each number is a step with one feature.

series = torch.zeros(20, device=device)
with shows_error(ValueError, match="Expected input to be 2D or 3D, got 1D"):
    nn.LSTM(1, 6).to(device)(series)
assert nn.LSTM(1, 6).to(device)(series[:, None])[0].shape == (20, 6)

# %%
# More: a forgotten ``batch_first``, without an error
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# By default ``LSTM``, ``GRU`` and ``MultiheadAttention`` take the length first. Batches
# with the batch first fit as well: no size tells the two apart. Then one sentence
# changes what comes out for another.

torch.manual_seed(0)
sentences = torch.randn(2, 5, 3, device=device)  # batch, length, features
changed = sentences.clone()
changed[0] += 1  # the first sentence, and not the second
moved = {}
for batch_first in (False, True):
    lstm = nn.LSTM(3, 4, batch_first=batch_first).to(device)
    difference = lstm(sentences)[0][1] - lstm(changed)[0][1]  # of the second
    moved[batch_first] = bool(difference.abs().max() > 1e-3)
print("the second sentence has changed, by batch_first:", moved)
assert moved == {False: True, True: False}

# %%
# More: Expected hidden[0] size (1, 4, 6), got [1, 10, 6]
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For a batch, the state has the shape (layers, batch, hidden), with ``batch_first``
# too; two directions count as twice the layers. (With ``proj_size``, the first of the
# two states has that in the place of hidden.) The batch is that of this input: the last
# batch of a loader can be smaller. Without a state, the layer starts from zeros.

lstm = nn.LSTM(16, 6, batch_first=True).to(device)
state = torch.zeros(1, 10, 6, device=device)
with shows_error(RuntimeError, match=r"Expected hidden\[0\] size \(1, 4, 6\)"):
    lstm(sequences, (state, state))
state = torch.zeros(1, len(sequences), 6, device=device)
assert torch.equal(lstm(sequences, (state, state))[0], lstm(sequences)[0])

options = {"batch_first": True, "num_layers": 2, "bidirectional": True}
_, states = nn.LSTM(16, 6, **options).to(device)(sequences)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says that it is slower
    _, projected = nn.LSTM(16, 6, proj_size=2, **options).to(device)(sequences)
assert [tuple(each.shape) for each in states] == [(4, 4, 6), (4, 4, 6)]
assert [tuple(each.shape) for each in projected] == [(4, 4, 2), (4, 4, 6)]

# %%
# More: was expecting embedding dimension of 16, but got 10
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``MultiheadAttention(embed_dim, heads)`` takes ``embed_dim`` features in the last axis
# of the query, and of key and value unless ``kdim`` and ``vdim`` say otherwise. A key
# of other features is refused as a product.

attention = nn.MultiheadAttention(16, 2, batch_first=True).to(device)
with shows_error(AssertionError, match="expecting embedding dimension of 16"):
    attention(convolved, convolved, convolved)
steps = convolved.transpose(1, 2)
assert attention(steps, steps, steps)[0].shape == (4, 10, 16)
other = torch.zeros(4, 7, 10, device=device)  # of an encoder with 10 features
with shows_error(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
    attention(steps, other, other)
options = {"kdim": 10, "vdim": 10, "batch_first": True}
across = nn.MultiheadAttention(16, 2, **options).to(device)
assert across(steps, other, other)[0].shape == (4, 10, 16)

# %%
# More: Kernel size can't be greater than actual input size
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The image has become smaller than the kernel, after layers that halve it. Padding
# counts: with 1 at each side, 4 pixels and a kernel of 5 fit. So does dilation: a
# kernel of 3 with a dilation of 3 spans 7 pixels.

small = torch.zeros(1, 3, 4, 4, device=device)
with shows_error(RuntimeError, match="Kernel size can't be greater than actual input"):
    nn.Conv2d(3, 8, 5).to(device)(small)
padded = nn.Conv2d(3, 8, 5, padding=1).to(device)
assert padded(small).shape == (1, 8, 2, 2)
dilated = nn.Conv2d(3, 8, 3, dilation=3).to(device)
with shows_error(RuntimeError, match=r"Kernel size: \(7 x 7\)"):
    dilated(small)
assert dilated(torch.zeros(1, 3, 7, 7, device=device)).shape == (1, 8, 1, 1)

# %%
# More: Output size is too small
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The same of pooling. An adaptive pooling takes any size, and gives the size that it
# was made for.

with shows_error(RuntimeError, match="Output size is too small"):
    nn.MaxPool2d(8)(small)
assert nn.AdaptiveMaxPool2d(1)(small).shape == (1, 3, 1, 1)

# %%
# More: non-empty 3D or 4D (batch mode) tensor expected for input
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``MaxPool2d`` says this of a matrix, which has no axis of channels.

matrix = torch.zeros(28, 28, device=device)
with shows_error(RuntimeError, match="non-empty 3D or 4D"):
    nn.MaxPool2d(2)(matrix)
assert nn.MaxPool2d(2)(matrix[None]).shape == (1, 14, 14)

# %%
# More: num_channels must be divisible by num_groups
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``GroupNorm(groups, channels)`` has groups of equal size. 48 channels fit into 24
# groups and not into 32.

with shows_error(ValueError, match="must be divisible by num_groups"):
    nn.GroupNorm(32, 48)
fits = takes(nn.GroupNorm(24, 48).to(device), (1, 48, 2, 2))
assert fits

# %%
# On a GPU
# --------
#
# The documentation gives one shape for all devices. The meta device has shapes and no
# numbers: it tries a model of any size without a GPU, and says less.

print("this page ran on", device.type)
on_meta = nn.Conv2d(3, 8, 3, device="meta")
with shows_error(RuntimeError, match="channel"):
    on_meta(photos.to("meta"))
assert on_meta(photos.to("meta").permute(0, 3, 1, 2)).shape == (4, 8, 26, 30)

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# ``words`` has the shape (4, 10, 16): batch, length, features. Bring it through
# ``Conv1d(16, 6, 3)``, then ``BatchNorm1d(6)``, then ``Linear(6, 2)``.
#
# Solution
# ^^^^^^^^
#
# The first two look behind the batch, the last one at the end.

words = torch.zeros(4, 10, 16, device=device)
signals = nn.Sequential(nn.Conv1d(16, 6, 3), nn.BatchNorm1d(6)).to(device)
scores = nn.Linear(6, 2).to(device)(signals(words.transpose(1, 2)).transpose(1, 2))
assert scores.shape == (4, 8, 2)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# A convolution for colours gets each grey image three times. Which convolution for one
# channel gives the same?
#
# Solution
# ^^^^^^^^
#
# The one whose weight is the sum over the channels.

colours, one_channel = conv, nn.Conv2d(1, 8, 3).to(device)
with torch.no_grad():
    one_channel.weight.copy_(colours.weight.sum(dim=1, keepdim=True))
    one_channel.bias.copy_(colours.bias)
images = torch.rand(4, 1, 28, 32, generator=torch.Generator().manual_seed(0)).to(device)
expanded = images.expand(-1, 3, -1, -1)
torch.testing.assert_close(one_channel(images), colours(expanded), atol=1e-3, rtol=1e-3)

# %%
# References
# ----------
#
# - PyTorch: `torch.nn <https://docs.pytorch.org/docs/stable/nn.html>`__, with a section
#   *Shape* for each layer, such as `Conv2d
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html>`__,
#   `BatchNorm1d
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html>`__ and
#   `LSTM <https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html>`__.
# - Why a view does not replace ``permute``: `vision issue 676
#   <https://github.com/pytorch/vision/issues/676>`__.
# - The last batch of one: `pytorch issue 7716
#   <https://github.com/pytorch/pytorch/issues/7716>`__. The order that an ``LSTM``
#   takes: `pytorch issue 33215 <https://github.com/pytorch/pytorch/issues/33215>`__.
