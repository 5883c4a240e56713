"""What a name, an attribute or an item stands for, read without running anything."""

import ast
import sys

import numpy as np
import pytest
import torch
from torch import nn

from tensorglass.errors.reading import MISSING, attribute, described, is_a, is_inference, read, shape_of, stored

TEXT = "in"


class Slotted:
    __slots__ = ("value",)

    def __init__(self):
        self.value = 3


class Box:
    shared = 5

    def __init__(self):
        self.value = 3

    @property
    def computed(self):
        raise AssertionError("asked")

    def __getattr__(self, name):
        raise AssertionError("asked")


def frame_with_everything():
    x = torch.ones(2, 3)
    model = nn.Sequential(nn.Linear(2, 3), nn.ModuleList([nn.BatchNorm1d(4)]))
    names = {"a": [x, (x, 4)], 1: x}
    box, slotted, key = Box(), Slotted(), "a"
    array = np.ones((4, 5))
    assert all(thing is not None for thing in (model, names, box, slotted, key, array))
    return sys._getframe()


FRAME = frame_with_everything()


def value_of(text):
    return read(ast.parse(text, mode="eval").body, FRAME)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("x", (2, 3)),
        ("names['a'][0]", (2, 3)),
        ("names[key][-1][0]", (2, 3)),
        ("names[1]", (2, 3)),
        ("names['a'][-2]", (2, 3)),
        ("model[0].weight", (3, 2)),
        ("model[0].bias", (3,)),
        ("model[1][0].running_mean", (4,)),
        ("array", (4, 5)),
    ],
)
def test_tensors_and_arrays_are_found(text, shape):
    assert shape_of(value_of(text)) == shape


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("-3", -3), ("(2, -1)", (2, -1)), ("box.value", 3), ("TEXT", "in")]
)
def test_what_is_stored_is_found(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "x.T",
        "x.sum()",
        "x + x",
        "x[0]",
        "box.computed",
        "box.unknown",
        "slotted.value",
        "box.__init__",
        "names['b']",
        "names['a'][9]",
        "names[[]]",
        "unknown",
        "unknown.attribute",
        "model[7]",
        "lambda: x",
        "[y for y in names]",
        "-x",
        "f'{x}'",
    ],
)
def test_what_would_have_to_be_run_is_missing(text):
    assert value_of(text) is MISSING


def test_without_a_frame():
    assert read(ast.parse("x", mode="eval").body, None) is MISSING


def test_attributes_of_python_modules():
    assert attribute(torch, "float32") is torch.float32
    assert attribute(torch, "no_such_name") is MISSING
    assert attribute(MISSING, "a") is MISSING


def test_locals_come_before_globals():
    assert value_of("nn") is nn
    assert value_of("x") is FRAME.f_locals["x"]


def test_classes_are_not_asked():
    class Liar:
        @property
        def __class__(self):
            raise AssertionError("asked")

    assert not is_a(Liar(), torch.Tensor)
    assert is_a(nn.Parameter(torch.ones(1)), torch.Tensor)
    assert not is_a(3, torch.Tensor)


def test_description():
    operand = described("x", torch.ones(2, 3, dtype=torch.float64, device="meta"))
    assert (operand.name, operand.shape, operand.dtype, operand.device) == ("x", (2, 3), "float64", "meta")
    array = described("a", np.ones((2, 3), dtype=np.float32))
    assert (array.shape, array.dtype, array.device) == ((2, 3), "float32", "cpu")
    assert described("n", 3).shape is None


def test_a_parameter_without_a_shape():
    operand = described("w", nn.LazyLinear(3).weight)
    assert operand.shape is None
    assert operand.device == "cpu"


def test_what_torch_stores():
    x = torch.ones(3)
    x.add_(1)
    assert stored(x, "_version") == 1
    assert stored(3, "shape") is None


def test_inference():
    with torch.inference_mode():
        x = torch.ones(2)
    assert is_inference(x)
    assert not is_inference(torch.ones(2))
    assert not is_inference(3)
