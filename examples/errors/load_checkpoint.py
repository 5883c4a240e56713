# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.10", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What does "Error(s) in loading state_dict" mean?
================================================

People ask this when ``load_state_dict`` stops with "Missing key(s)", "Unexpected
key(s)" or "size mismatch for", and the file is fine.

:Level: beginner

Short answer
------------

File and model both map names to tensors, which must agree. *Missing* names are only in
the model, *unexpected* ones only in the file; at a *size mismatch* one name has two
shapes. If the weights lie deeper, take ``file["model"]``. If only a prefix such as
``module.`` differs, rename, or load into ``model.module``. Otherwise build the model as
saved.
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
# Load the file, take the weights out of the checkpoint, rename. They are copied to
# where the model is:

import tempfile
from pathlib import Path

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "checkpoint.pt"
torch.save({"model": saved, "epoch": 3}, path)

checkpoint = torch.load(path, map_location="cpu")
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
# ``load_state_dict`` walks over the names of the parameters, and of the buffers that
# are saved (not those with ``persistent=False``). Each must be in the file, with the
# same shape, and no other name may be there.
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
# More: a buffer that is not saved
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With ``persistent=False`` a buffer is no part of the ``state_dict``. If a file has it,
# as it was saved before, its name is unexpected.


class Positions(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.register_buffer("table", torch.arange(4.0), persistent=False)


positions = Positions()
assert [name for name, _ in positions.named_buffers()] == ["table"]
assert list(positions.state_dict()) == ["scale"]
old_file = {"scale": torch.tensor(2.0), "table": torch.zeros(4)}
unexpected = positions.load_state_dict(old_file, strict=False).unexpected_keys
assert unexpected == ["table"]

# %%
# What is often said
# ------------------
#
# "Pass ``strict=False``." With a prefix the error goes, and **nothing** is loaded: the
# model stays as it was initialized. With another shape the error stays. Look at what
# is returned, and allow what you expect.

from tensorglass import shows_error

fresh, initialized = network(), network()
initialized.load_state_dict(fresh.state_dict())
result = fresh.load_state_dict(saved, strict=False)
print("not loaded:", *result.missing_keys)
assert result.missing_keys == list(mine)
assert all(map(torch.equal, fresh.parameters(), initialized.parameters()))

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
# it was saved. If you want another number, take what fits.

try:
    fresh.load_state_dict(larger)
except RuntimeError as error:
    explanation = explain_error(error)
assert explanation.kind == "state_size"
explanation

# %%
# The last layer then is as it was initialized, and is to be trained.

backbone = {name: value for name, value in larger.items() if not name.startswith("2.")}
result = fresh.load_state_dict(backbone, strict=False)
assert result.missing_keys == ["2.weight", "2.bias"]
assert result.unexpected_keys == []
assert torch.equal(fresh[0].weight, larger["0.weight"])

# %%
# "Weights only load failed"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Since torch 2.6 ``torch.load`` reads tensors, numbers, texts, lists, tuples, dicts and
# sets, a few types of torch, and no other by default: other objects can run any code
# when they are read. Save ``model.state_dict()``, not the model. For a file of others,
# allow a **class** that you know, and never a function such as ``exec``, also if the
# message names it. ``weights_only=False`` allows everything, so use it on your own
# files.

import pickle

torch.save(model, path)
with shows_error(pickle.UnpicklingError, match="Weights only load failed"):
    torch.load(path)
torch.save(model.state_dict(), path)
assert list(torch.load(path)) == list(mine)

# %%
# More: what ``weights_only=False`` runs, and an allowed function
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An object can name a function to be called when it is read. Here it is ``exec``, with
# a line that prints; it could be any line. The message proposes to allow it. Then the
# line runs as well. ``get_unsafe_globals_in_checkpoint`` says what a file wants, and
# runs nothing.

import contextlib
import io


class Surprise:
    def __reduce__(self):
        return exec, ("print('this ran while the file was read')",)


def printed_by_loading(**arguments):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        with contextlib.suppress(pickle.UnpicklingError):
            torch.load(path, **arguments)
    return printed.getvalue()


torch.save({"weights": torch.ones(3), "note": Surprise()}, path)
assert printed_by_loading() == ""
print(printed_by_loading(weights_only=False))
assert printed_by_loading(weights_only=False) == "this ran while the file was read\n"
with shows_error(pickle.UnpicklingError, match="exec was not an allowed global"):
    torch.load(path)
with torch.serialization.safe_globals([exec]):
    by_allowing = printed_by_loading()
assert by_allowing == "this ran while the file was read\n"
wanted = torch.serialization.get_unsafe_globals_in_checkpoint(path)
assert wanted == ["builtins.exec"]

# %%
# More: which types are read by default
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Those of the first list are, and those of the second are not.

from collections import Counter, OrderedDict, defaultdict, deque


def is_read(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    try:
        return torch.load(file) == value
    except pickle.UnpicklingError:
        return False


read = [1, 0.5, 1j, True, None, "text", b"text", [1], (1,), {"a": 1}, {1}]
read += [OrderedDict(a=1), Counter("aa"), torch.Size([2, 3]), torch.float32]
read += [torch.device("cpu")]
refused = [frozenset([1]), deque([1]), defaultdict(list), range(3), Path("a")]
assert [value for value in read if not is_read(value)] == []
assert [value for value in refused if is_read(value)] == []

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
# ``torch.compile`` and ``DataParallel`` put a module around the model; the name under
# which it keeps the model is the prefix, and of two wrappers there are two. ``model``
# itself shares the weights: save its ``state_dict()``, or compile in place with
# ``model.compile()``, which adds no name.

compiled = torch.compile(model)
assert list(compiled.state_dict()) == [f"_orig_mod.{name}" for name in mine]
with shows_error(RuntimeError, match=r'Unexpected key.*"_orig_mod\.0\.weight"'):
    network().load_state_dict(compiled.state_dict())
assert network().load_state_dict(model.state_dict()).unexpected_keys == []
both = nn.DataParallel(torch.compile(network()))
assert list(both.state_dict()) == [f"module._orig_mod.{name}" for name in mine]
in_place = network()
in_place.compile()
assert list(in_place.state_dict()) == list(mine)

# %%
# Of a compiled *part*, the prefix stands in the middle of the name. There
# ``replace("_orig_mod.", "")`` is right.

compiled_part = nn.Sequential(torch.compile(nn.Linear(4, 8)), nn.Linear(8, 10))
in_the_middle = compiled_part.state_dict()
print(*in_the_middle)
plain = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 10))
renamed = {
    name.replace("_orig_mod.", ""): value for name, value in in_the_middle.items()
}
assert next(iter(in_the_middle)) == "0._orig_mod.weight"
assert str(plain.load_state_dict(renamed)) == "<All keys matched successfully>"

# %%
# More: "Missing key(s)": the model has the prefix, and the file has not
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The model was wrapped before it was loaded. Load into what is inside.

wrapped = nn.DataParallel(network())
with shows_error(RuntimeError, match=r'Missing key\(s\) in state_dict: "module\.0'):
    wrapped.load_state_dict(mine)
wrapped.module.load_state_dict(mine)
assert torch.equal(wrapped.state_dict()["module.0.weight"], mine["0.weight"])

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
# An optimizer is loaded by the order of its parameters, not by names. Give the new
# optimizer the same ones, in the same order. Shapes are not compared: with a state of
# other shapes the next step fails. With equal ones in another order it goes on, with
# the state of another weight.

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

one, two = (nn.Parameter(torch.zeros(2, device=device)) for _ in range(2))
optimizer = torch.optim.Adam([("one", one), ("two", two)])
one.grad, two.grad = torch.ones_like(one), -torch.ones_like(two)
optimizer.step()
swapped = torch.optim.Adam([("two", two), ("one", one)])
swapped.load_state_dict(optimizer.state_dict())  # says nothing
states = optimizer.state[one], swapped.state[one]
average = [round(state["exp_avg"][0].item(), 3) for state in states]
print("the mean gradient of one, saved and loaded:", average)
assert average == [0.1, -0.1]
swapped.step()  # says nothing either

# %%
# More: "failed finding central directory", "Unsupported operand 60"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The file is cut off, or it is another file. The number is that of the first byte: 60
# is ``<``, a web page; 118 is ``v``, a pointer of Git LFS. No argument of
# ``torch.load`` helps: look at the first bytes, and download it again. A
# ``.safetensors`` file, which can begin with any byte, needs
# ``safetensors.torch.load_file`` (not run here).

torch.save(model.state_dict(), path)
path.write_bytes(path.read_bytes()[:500])
with shows_error(RuntimeError, match="failed finding central directory"):
    torch.load(path)

path.write_bytes(b"<!DOCTYPE html><title>Sign in</title>" + bytes(100))
with shows_error(pickle.UnpicklingError, match="Unsupported operand 60"):
    torch.load(path)
assert (ord("<"), ord("v")) == (60, 118)
path.write_bytes(b"version https://git-lfs.github.com/spec/v1" + bytes(100))
with shows_error(pickle.UnpicklingError, match="Unsupported operand 118"):
    torch.load(path)

# %%
# More: "Expected state_dict to be dict-like"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The file held a whole model, and that was handed over. Take its ``state_dict()``.

torch.save(model, path)
whole_model = torch.load(path, weights_only=False)  # our own file
with shows_error(TypeError, match="Expected state_dict to be dict-like"):
    network().load_state_dict(whole_model)
print(network().load_state_dict(whole_model.state_dict()))

# %%
# On a GPU
# --------
#
# Values are copied into the parameters that are there: the model keeps its device and
# its dtype, whatever the file has. (Not with ``assign=True``, which takes the file's
# tensors, and which a model on the meta device needs: into that, nothing is copied, and
# a warning says so.) By PyTorch's documentation, ``map_location="cpu"`` spares the GPU
# a second copy of the weights while they are loaded.

import warnings

print("this page ran on", device.type)
target = network().bfloat16()
target.load_state_dict({name: value.cpu() for name, value in mine.items()})
assert target[0].weight.device.type == device.type
assert target[0].weight.dtype == torch.bfloat16
target.load_state_dict(dict(mine), assign=True)
assert target[0].weight.dtype == torch.float32

on_meta = network().to("meta")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    on_meta.load_state_dict(mine)
warning = str(caught.pop().message)
assert "which is a no-op" in warning
assert on_meta[0].weight.is_meta
on_meta.load_state_dict(dict(mine), assign=True)
assert torch.equal(on_meta[0].weight, mine["0.weight"])

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
# called so. (Behind a compiled part, where it stands in the middle, that is wanted.)

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
