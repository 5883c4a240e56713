# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy>=2.4", "opt_einsum>=3.4", "matplotlib>=3.11"]
# ///
"""
What does "Error(s) in loading state_dict" mean?
================================================

People ask this when ``load_state_dict`` stops with "Missing key(s)", "Unexpected
key(s)" or "size mismatch for", and the file is fine.

:Level: beginner

Short answer
------------

File and model both map names to tensors, and they must agree. *Missing* names are only
in the model, *unexpected* ones only in the file; at a *size mismatch* one name has two
shapes. If a prefix such as ``module.`` makes the difference, rename. Otherwise build
the model as it was when it was saved.
"""

from torch import nn

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
saved = nn.DataParallel(model).state_dict()  # as after training on several GPUs
print("file: ", *saved)
print("model:", *model.state_dict())
renamed = {name.removeprefix("module."): value for name, value in saved.items()}
assert str(model.load_state_dict(renamed)) == "<All keys matched successfully>"

# %%
# Two files, at the same model. In the first, no name is the same, and nothing would be
# loaded. In the second, which is of a model with 1,000 classes, two shapes differ.

# More: draws which names meet
import matplotlib.pyplot as plt
import torch
from tensorglass import default_device

device = default_device()  # a GPU if there is one
torch.manual_seed(0)


def network(classes=10):
    layers = nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, classes)
    return nn.Sequential(*layers).to(device)


def draw(ax, saved, state):
    told = []
    for x, side, names in ((0.46, "right", saved), (0.6, "left", state)):
        for row, (name, tensor) in enumerate(names.items()):
            other = (state if names is saved else saved).get(name)
            color = "#d55e00"
            if other is not None and other.shape == tensor.shape:
                color = "#0072b2"
            text = f"{name}  {tuple(tensor.shape)}"
            ax.text(x, -row, text, ha=side, va="center", color=color, fontsize=10)
            if names is saved and other is not None:
                place = list(state).index(name)
                style = "-" if color == "#0072b2" else "--"
                ax.plot([0.48, 0.58], [-row, -place], style, color=color)
                told.append(name)
    ax.text(0.46, 1, "file", ha="right", va="center")
    ax.text(0.6, 1, "model", ha="left", va="center")
    ax.set(xlim=(0, 1), ylim=(-len(saved) + 0.5, 1.5))
    ax.set_axis_off()
    return told


model = network()
mine, larger = model.state_dict(), network(classes=1000).state_dict()
figure, axes = plt.subplots(2, 1, figsize=(6.4, 4.0), layout="constrained")
meeting = draw(axes[0], saved, mine), draw(axes[1], larger, mine)
assert meeting == ([], list(mine))
axes[0].set_title("prefix: no name meets")
axes[0].set_label(
    "Two columns of four names, those of the file with the prefix module. and those of "
    "the model without it. No line joins them."
)
axes[1].set_title("1,000 classes: two shapes do not meet")
axes[1].set_label(
    "Two columns of the same four names, joined by lines. The first two have the same "
    "shapes; 2.weight is (1000, 8) in the file and (10, 8) in the model, and 2.bias "
    "(1000,) and (10,)."
)

# %%
# Take it home
# ------------
#
# Load the file to where the model is, take the weights out of the checkpoint, rename:

import tempfile
from pathlib import Path

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "checkpoint.pt"
torch.save({"model": saved, "epoch": 3}, path)

checkpoint = torch.load(path, map_location=device)
state = checkpoint["model"]  # beside the weights, a file may hold anything else
state = {name.removeprefix("module."): value for name, value in state.items()}
print(model.load_state_dict(state))

for name, parameter in model.named_parameters():
    assert torch.equal(parameter, saved[f"module.{name}"].to(device))

# %%
# The library of this site compares the names in the message. ``with
# explained_errors():`` puts this under the traceback.

from tensorglass import explain_error

try:
    model.load_state_dict(checkpoint["model"])
except RuntimeError as error:
    explanation = explain_error(error)
assert "prefix `module.`" in explanation.cause
explanation

# %%
# Why
# ---
#
# ``load_state_dict`` walks over the names of the parameters and buffers of the model.
# Each must be in the file, with the same shape, and no other name may be there.
# ``strict=False`` lifts the rule for the names, and not that for the shapes. What fits
# is copied into the model, **also if the error comes**. (PyTorch documentation,
# ``nn.Module.load_state_dict``, for modules without hooks or methods of their own for
# it.)


def refuses(model, file, strict=True):  # two dictionaries: names and shapes
    names_differ = model.keys() != file.keys()
    shapes_differ = any(file[name] != model[name] for name in model.keys() & file)
    return (strict and names_differ) or shapes_differ


shapes = [
    {name: tuple(value.shape) for name, value in each.items()}
    for each in (mine, saved, larger)
]
answers = [refuses(shapes[0], file, strict=False) for file in shapes]
print("refused with strict=False: the same, the prefix, 1,000 classes:", answers)
assert answers == [False, False, True]

# %%
# More: all small models and files, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Does torch follow that code? We try models with up to two parameters, of three shapes,
# against all such files, with ``strict`` and without. One exception is in torch for old
# files: a single number of shape (1,) fits a parameter of shape (). Then we look what
# was copied.

import itertools

choices = (None, (), (1,), (2,))
tried = refused = 0


def module_of(shapes):
    module = nn.Module()
    for name, shape in shapes.items():
        setattr(module, name, nn.Parameter(torch.zeros(shape, device=device)))
    return module


def dictionary(sizes):
    named = zip(("a", "b"), sizes, strict=True)
    return {name: shape for name, shape in named if shape is not None}


def like_an_old_file(model, file):
    old = {
        name for name in model.keys() & file if (model[name], file[name]) == ((), (1,))
    }
    return {name: () if name in old else shape for name, shape in file.items()}


def loads(module, tensors, strict):
    try:
        module.load_state_dict(tensors, strict=strict)
    except RuntimeError:
        return False
    return True


for sizes in itertools.product(choices, repeat=4):
    mine_here, file = dictionary(sizes[:2]), dictionary(sizes[2:])
    tensors = {name: torch.ones(shape) for name, shape in file.items()}
    file = like_an_old_file(mine_here, file)
    for strict in (True, False):
        module = module_of(mine_here)
        assert loads(module, tensors, strict) != refuses(mine_here, file, strict)
        for name, parameter in module.named_parameters():
            assert parameter.all() == (file.get(name) == mine_here[name])
        tried += 1
        refused += refuses(mine_here, file, strict)

print(tried, "pairs of model and file,", refused, "refused, as the rule says")
assert tried == 2 * 4**4

# %%
# What is often said
# ------------------
#
# "Pass ``strict=False``." With a prefix the error goes, and **nothing** is loaded: the
# model stays as it was drawn. With another shape the error stays. Look at what is
# returned, and allow what you expect.

from tensorglass import shows_error

fresh, drawn = network(), network()
drawn.load_state_dict(fresh.state_dict())
result = fresh.load_state_dict(saved, strict=False)
print("not loaded:", *result.missing_keys)
assert result.missing_keys == list(mine)
assert all(map(torch.equal, fresh.parameters(), drawn.parameters()))

with shows_error(RuntimeError, match="size mismatch for 2.weight"):
    fresh.load_state_dict(larger, strict=False)

# %%
# Traps
# -----
#
# "size mismatch for ..."
# ~~~~~~~~~~~~~~~~~~~~~~~
#
# Most often the last layer: the file has another number of classes. Build the model as
# it was saved. Or take what fits.

try:
    fresh.load_state_dict(larger)
except RuntimeError as error:
    explanation = explain_error(error)
assert explanation.kind == "state_size"
explanation

# %%
# The last layer then is as it was drawn, and is to be trained.

backbone = {name: value for name, value in larger.items() if not name.startswith("2.")}
result = fresh.load_state_dict(backbone, strict=False)
assert result.missing_keys == ["2.weight", "2.bias"]
assert result.unexpected_keys == []
assert torch.equal(fresh[0].weight, larger["0.weight"])

# %%
# "Weights only load failed"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Since torch 2.6 ``torch.load`` reads tensors, numbers, texts and plain containers, and
# nothing else: other objects can run any code when they are read. Save
# ``model.state_dict()``, not the model. For a file of others, allow what the message
# names; ``weights_only=False`` allows everything, so use it on your own files.

import pickle

torch.save(model, path)
with shows_error(pickle.UnpicklingError, match="Weights only load failed"):
    torch.load(path)
torch.save(model.state_dict(), path)
assert list(torch.load(path)) == list(mine)

# %%
# More: what ``weights_only=False`` runs
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An object can name a function to be called when it is read. Here it is ``print``, and
# it could be any other.

import contextlib
import io


class Surprise:
    def __reduce__(self):
        return print, ("this ran while the file was read",)


torch.save({"weights": torch.ones(3), "note": Surprise()}, path)
with contextlib.redirect_stdout(io.StringIO()) as printed:
    torch.load(path, weights_only=False)
print(printed.getvalue())
assert printed.getvalue() == "this ran while the file was read\n"
with contextlib.redirect_stdout(io.StringIO()) as printed:
    with contextlib.suppress(pickle.UnpicklingError):
        torch.load(path)
assert printed.getvalue() == ""

# %%
# More: one class that is allowed
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Training scripts save their settings beside the weights. ``safe_globals`` allows a
# class for one block, ``add_safe_globals`` from there on. Numbers of NumPy are such
# objects too: save ``float(loss)``.

import argparse

import numpy as np

torch.save({"loss": np.float64(0.5)}, path)
with shows_error(pickle.UnpicklingError, match="numpy.* was not an allowed global"):
    torch.load(path)
torch.save({"loss": float(np.float64(0.5))}, path)
assert torch.load(path) == {"loss": 0.5}

torch.save({"settings": argparse.Namespace(rate=0.1)}, path)
with shows_error(pickle.UnpicklingError, match="argparse.Namespace was not an allowed"):
    torch.load(path)
with torch.serialization.safe_globals([argparse.Namespace]):
    settings = torch.load(path)["settings"]
assert settings.rate == 0.1

# %%
# More: "Attempting to deserialize object on a CUDA device"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The file says that its tensors were on a GPU, and here is none. ``map_location`` says
# where they are to go. Without a GPU no such file can be made, so we write into one
# that its tensors were there.

import zipfile


def say_that_it_was_on_a_gpu(path):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            if name.endswith("data.pkl"):  # texts have their length in front
                old, new = b"\x03\x00\x00\x00cpu", b"\x06\x00\x00\x00cuda:0"
                archive.writestr(name, part.replace(old, new))
            else:
                archive.writestr(name, part)


torch.save({"weight": torch.ones(3)}, path)
say_that_it_was_on_a_gpu(path)
if device.type == "cpu":
    message = "Attempting to deserialize object on a CUDA device"
    with shows_error(RuntimeError, pickle.UnpicklingError, match=message):
        torch.load(path)
loaded = torch.load(path, map_location="cpu")
assert loaded["weight"].tolist() == [1, 1, 1]
assert loaded["weight"].device.type == "cpu"

# %%
# More: "Missing key(s)" for all names: a checkpoint with more than weights
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The unexpected names tell: ``model``, ``optimizer``, ``epoch``. The weights are under
# one of them.

whole = {"model": model.state_dict(), "epoch": 3}
with shows_error(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "model"'):
    model.load_state_dict(whole)
model.load_state_dict(whole["model"])
try:
    model.load_state_dict(whole)
except RuntimeError as error:
    explanation = explain_error(error)
print(explanation.cause)
assert explanation.cause.endswith("under `model`.")

# %%
# More: "Unexpected key(s)": ``_orig_mod.``, and how to save without a prefix
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.compile`` and ``DataParallel`` give a module around the model, and its name is
# the prefix. ``model`` itself shares the weights: save its ``state_dict()``, or compile
# in place with ``model.compile()``, which adds no name.

compiled = torch.compile(model)
assert list(compiled.state_dict()) == [f"_orig_mod.{name}" for name in mine]
with shows_error(RuntimeError, match=r'Unexpected key.*"_orig_mod\.0\.weight"'):
    network().load_state_dict(compiled.state_dict())
assert network().load_state_dict(model.state_dict()).unexpected_keys == []
in_place = network()
in_place.compile()
assert list(in_place.state_dict()) == list(mine)

# %%
# More: the error was caught, and half is loaded
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# All names are visited before the error comes. So after it, what fits has the values of
# the file. Make a new model, or load into another one first.

half = network()
with shows_error(RuntimeError, match="size mismatch"):
    half.load_state_dict(larger)
assert torch.equal(half[0].weight, larger["0.weight"])

# %%
# More: "loaded state dict contains a parameter group that doesn't match the size"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An optimizer's file has no names: only the order of the parameters. Give the new
# optimizer the same ones, in the same order. Shapes are not compared: a state for other
# weights is loaded in silence, and the next step fails.

frozen = torch.optim.Adam(list(model.parameters())[:2])
everything = torch.optim.Adam(model.parameters())
with shows_error(ValueError, match="doesn't match the size of optimizer's group"):
    everything.load_state_dict(frozen.state_dict())

trained = torch.optim.Adam(network(classes=1000).parameters())
for parameter in trained.param_groups[0]["params"]:
    parameter.grad = torch.ones_like(parameter)
trained.step()
everything.load_state_dict(trained.state_dict())  # says nothing
for parameter in model.parameters():
    parameter.grad = torch.ones_like(parameter)
with shows_error(RuntimeError, match="size"):
    everything.step()

# %%
# More: "failed finding central directory", "Unsupported operand 60"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The file is cut off, or it is another file, such as the web page that says "sign in",
# or the pointer that Git LFS leaves. 60 is the number of its first letter, ``<``. No
# argument of ``torch.load`` helps; look at the first bytes, and download it again.

torch.save(model.state_dict(), path)
path.write_bytes(path.read_bytes()[:500])
with shows_error(RuntimeError, match="failed finding central directory"):
    torch.load(path)

path.write_bytes(b"<!DOCTYPE html><title>Sign in</title>" + bytes(100))
with shows_error(pickle.UnpicklingError, match="Unsupported operand 60"):
    torch.load(path)
assert path.read_bytes()[:1] == b"<"
assert ord("<") == 60

# %%
# More: "Expected state_dict to be dict-like"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The file held a whole model, and that was handed over. Take its ``state_dict()``.

torch.save(model, path)
whole_model = torch.load(path, weights_only=False)  # our own file
with shows_error(TypeError, match="Expected state_dict to be dict-like"):
    network().load_state_dict(whole_model)
network().load_state_dict(whole_model.state_dict())

# %%
# On a GPU
# --------
#
# Values are copied into the parameters that are there: the model keeps its device and
# its dtype, whatever the file has. (Not with ``assign=True``, which takes the file's
# tensors.) By PyTorch's documentation, ``map_location="cpu"`` spares the GPU a second
# copy of the weights while they are loaded.

print("this page ran on", device.type)
target = network().bfloat16()
target.load_state_dict({name: value.cpu() for name, value in mine.items()})
assert target[0].weight.device.type == device.type
assert target[0].weight.dtype == torch.bfloat16
target.load_state_dict(mine, assign=True)
assert target[0].weight.dtype == torch.float32

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# A file has the names ``encoder.0.weight`` and ``encoder.0.bias``, and the same of a
# decoder. Load the encoder alone, into ``nn.Sequential(nn.Linear(4, 8))``.
#
# Solution
# ^^^^^^^^
#
# Keep the names with the prefix, and take the prefix off.

pair = nn.ModuleDict()
pair["encoder"] = nn.Sequential(nn.Linear(4, 8))
pair["decoder"] = nn.Sequential(nn.Linear(8, 4))
file = pair.state_dict()
encoder = nn.Sequential(nn.Linear(4, 8))
start = "encoder."
part = {name[len(start) :]: file[name] for name in file if name.startswith(start)}
encoder.load_state_dict(part)
assert torch.equal(encoder[0].weight, pair["encoder"][0].weight)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Why is ``name.replace("module.", "")`` worse than ``name.removeprefix("module.")``?
#
# Solution
# ^^^^^^^^
#
# It takes the text out wherever it stands, also from the name of a module that you have
# called so.

name = "module.attention_module.weight"
assert name.removeprefix("module.") == "attention_module.weight"
assert name.replace("module.", "") == "attention_weight"
folder.cleanup()

# %%
# References
# ----------
#
# - PyTorch: `load_state_dict
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html>`__;
#   `torch.load <https://docs.pytorch.org/docs/stable/generated/torch.load.html>`__;
#   `Serialization semantics
#   <https://docs.pytorch.org/docs/stable/notes/serialization.html>`__.
# - Threads: the prefix of ``DataParallel``, `issue 3805
#   <https://github.com/pytorch/pytorch/issues/3805>`__; that of ``torch.compile``,
#   `issue 101107 <https://github.com/pytorch/pytorch/issues/101107>`__; shapes under
#   ``strict=False``, `issue 40859 <https://github.com/pytorch/pytorch/issues/40859>`__.
