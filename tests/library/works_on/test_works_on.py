"""The page "What it works on" says what becomes of each function with each kind of tensor and model."""

import re
import warnings

import models
import pytest
import table
import tensors
import torch
from table import NOT_SEEN, NOTHING, REFUSES, WORKS, Kind, cell, row, shown

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def no_processes_left():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


@pytest.mark.skipif(torch.__version__ < (2, 10), reason="the page tells of a torch that can do more")
@pytest.mark.parametrize("kind", tensors.KINDS)
def test_the_row_of_a_kind_of_tensors(kind):
    assert row(tensors.KINDS[kind], tensors.FUNCTIONS) == shown("tensors")[kind]


@pytest.mark.long
@pytest.mark.parametrize("kind", models.KINDS)
def test_the_row_of_a_kind_of_models(kind):
    if "`transformers`" in kind or "`peft`" in kind:
        pytest.importorskip(re.search(r"of `(\w+)`", kind)[1])
    torch._dynamo.reset()
    assert row(models.KINDS[kind], models.FUNCTIONS) == shown("models")[kind]


@pytest.mark.parametrize(("name", "module"), [("tensors", tensors), ("models", models)])
def test_the_page_shows_these_kinds_and_names_these_functions(name, module):
    assert list(shown(name)) == list(module.KINDS)
    functions = ", ".join(f"`{each}`" for each in module.FUNCTIONS)
    functions = " and ".join(functions.rsplit(", ", 1))
    assert f"{name} are {functions}" in " ".join(table.PAGE.read_text("utf-8").split())


def test_a_row_names_what_does_not_work():
    functions = {"a": lambda *_: True, "b": lambda *_: NOT_SEEN, "c": lambda *_: NOTHING, "d": lambda *_: NOTHING}
    kind = Kind(lambda: 3, 0)
    assert row(kind, functions) == ["all others", "", "`b`", "`c`, `d`"]
    assert row(kind, {"a": functions["a"]}) == ["all", "", "", ""]
    assert row(kind, {"b": functions["b"]}) == ["none", "", "`b`", ""]


def test_a_cell_tells_what_became_of_a_question():
    kind = Kind(lambda: 3, 0)

    def raising(message):
        def question(thing, kind):
            raise ValueError(message)

        return question

    assert cell("f", lambda thing, kind: thing == 3, kind) == WORKS
    assert cell("f", lambda thing, kind: NOT_SEEN, kind) == NOT_SEEN
    assert cell("f", raising("f() got 3; expected 4"), kind) == REFUSES
    with pytest.raises(ValueError, match="an error from inside"):
        cell("f", raising("an error from inside"), kind)
    with pytest.raises(AssertionError, match="answers wrongly"):
        cell("f", lambda thing, kind: False, kind)
