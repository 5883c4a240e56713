"""Where an exception was raised, and which expression it was."""

import json
import sys

import numpy
import pytest
import torch
from trying import run

from tensorglass.errors.source import failing_code, failures, innermost_own, is_library


def caught(source, kind, message):
    with pytest.raises(kind, match=message) as error:
        run(source)
    return failures(error.value.__traceback__)


def code_of(source, kind, message):
    found = caught(source, kind, message)
    return failing_code(found[innermost_own(found)])


def test_whose_file_it_is():
    assert is_library(torch.nn.functional.__file__)
    assert is_library(numpy.linalg.__file__)
    assert is_library(json.__file__)
    assert is_library(sys.modules["tensorglass.errors.source"].__file__)
    assert is_library("<frozen importlib._bootstrap>")
    assert not is_library(pytest.__file__)
    assert not is_library(__file__)
    assert not is_library("<string>")


def test_the_innermost_frame_of_ones_own_counts():
    found = caught("def f(x):\n    return F.softmax(x, dim=5)\nf(torch.ones(2))", IndexError, "Dimension out of range")
    assert (found[innermost_own(found)].path, found[innermost_own(found)].line) == ("program.py", 2)
    assert len(found) > innermost_own(found) + 1


@pytest.mark.parametrize(
    ("source", "text", "kind", "message"),
    [
        ("1 + torch.ones(2)[3]", "torch.ones(2)[3]", IndexError, "out of bounds"),
        ("x = [0]\nx[1] = 3", "x[1] = 3", IndexError, "out of range"),
        ("x = torch.ones(2)\nx += torch.ones(3)", "x += torch.ones(3)", RuntimeError, "must match"),
        ("if torch.ones(2):\n    pass", "torch.ones(2)", RuntimeError, "more than one value"),
        ("for x in torch.tensor(1.0):\n    pass", "torch.tensor(1.0)", TypeError, "0-d tensor"),
        (  # from Python 3.12 on, what is asked is told, and not what is asserted
            "assert not torch.ones(2)",
            "torch.ones(2)" if sys.version_info >= (3, 12) else "not torch.ones(2)",
            RuntimeError,
            "more than one value",
        ),
        ("(torch\n .ones(2)\n .view(5))", "torch\n .ones(2)\n .view(5)", RuntimeError, "is invalid"),
        ("é = torch.ones(2); é.view(5)", "é.view(5)", RuntimeError, "is invalid"),
        (
            "x = torch.ones(2)\nx.requires_grad = 'a'",
            "x.requires_grad = 'a'",
            RuntimeError,
            "requires_grad must be a bool",
        ),
        (
            "raise ValueError(torch.ones(2).tolist())",
            "raise ValueError(torch.ones(2).tolist())",
            ValueError,
            "1.0, 1.0",
        ),
    ],
)
def test_the_expression(source, text, kind, message):
    assert code_of(source, kind, message).text == text


def test_the_function_around_it():
    code = code_of("def f():\n    x = 1\n    return 1 / 0\nf()", ZeroDivisionError, "division")
    assert code.function.name == "f"
    assert code.text_of(code.function.body[0]) == "x = 1"


def test_no_frames():
    assert failures(None) == []
    assert innermost_own([]) is None
