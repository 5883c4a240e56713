"""Shapes of simple expressions, against those that torch computes."""

import ast
import sys

import pytest
import torch

from tensorglass.errors.inferred import inferred_shape


def frame_with_tensors():
    a, b, row, n = torch.ones(2, 3), torch.ones(4, 3), torch.ones(3), 2
    assert a.dim() == b.dim() == n
    assert row.dim() == 1
    return sys._getframe()


FRAME = frame_with_tensors()


def inferred(text):
    return inferred_shape(ast.parse(text, mode="eval").body, FRAME)


@pytest.mark.parametrize(
    "text",
    [
        *("a", "-a", "~a.bool()", "a + row", "a * 2", "2 ** row", "a > 0", "a == a", "a.T", "b.t()", "a.mT", "a @ b.T"),
        *("a.float()", "a.to(torch.float64)", "(a - row).abs()", "a.clamp(0, 1)", "-(a / n) + row", "n"),
    ],
)
def test_it_is_what_torch_computes(text):
    result = eval(text, {"torch": torch}, FRAME.f_locals)
    assert inferred(text) == tuple(getattr(result, "shape", ()))


@pytest.mark.parametrize(
    "text",
    ["a.sum(0)", "a[0]", "f(a)", "a + f(a)", "a @ row", "row.T", "a + b", "a.unknown", "a.sum().T", "'text'", "[a]"],
)
def test_what_does_not_follow_is_none(text):
    assert inferred(text) is None


def test_without_a_frame():
    assert inferred_shape(ast.parse("a + 1", mode="eval").body, None) is None
