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
def test_the_page_shows_these_kinds_and_functions(name, module):
    assert list(shown(name)) == list(module.KINDS)
    assert all(len(cells) == len(module.FUNCTIONS) for cells in shown(name).values())
    assert {each for cells in shown(name).values() for each in cells} <= {WORKS, REFUSES, NOT_SEEN, NOTHING}
    header = "| " + " | ".join(["", *(f"`{function}`" for function in module.FUNCTIONS)])
    assert header in table.PAGE.read_text("utf-8")


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
