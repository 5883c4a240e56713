"""What mends a linear layer on too many or too few features: the input, as long as another shape of it would fit."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .entry import Case, plural, shape_text
from .making import Argument, preceded, remade
from .operand import ErrorFix
from .reading import is_module, shape_of


def is_linear(case: Case) -> bool:
    """Return whether a linear layer raised it, with the input that the message speaks of."""
    layer = case.layer
    return layer is not None and not layer.is_own and _matches(case, layer.setting("in_features"))


def _matches(case: Case, features: object) -> bool:
    return type(features) is int and case.numbers("b")[:1] == (features,) != case.numbers("a")[-1:]


def pasted_fixes(case: Case) -> Iterator[ErrorFix]:
    """Yield what the four numbers allow, where nothing but the message is known."""
    (rows, came), (takes, gives) = case.numbers("a"), case.numbers("b")
    fits = takes > 0 and rows * came % takes == 0
    batch = rows * came // takes if fits else 0
    if batch == 1:
        yield case.instead("layer(x.reshape(1, -1))", f"if x is one example without a batch, of {takes} features")
    elif batch and takes % came == 0:
        yield case.instead("layer(x.flatten(1))", f"if x is a batch of {batch} that was not flattened")
    yield case.elsewhere(
        f"nn.Linear({takes}, {gives})",
        f"nn.Linear({came}, {gives})",
        f"if a linear layer raised it, and {rows} is the batch",
    )


def linear_fixes(case: Case) -> Iterator[ErrorFix]:
    """Yield another shape of the input; a layer for other features where no such shape is found."""
    layer = case.layer
    assert layer is not None
    takes, gives = layer.setting("in_features"), layer.setting("out_features")
    made = [Argument(0, "in_features", takes, case.numbers("a")[1])]
    shape = shape_of(layer.input)
    if shape is not None and len(shape) > 1 and math.prod(shape) == takes:
        yield from _one_example(case, takes, gives)
    elif shape is not None and len(shape) > 2 and math.prod(shape[1:]) == takes:
        yield from _not_flattened(case, made, (shape[0], gives))
    else:
        yield from _turned_input(case, takes, gives)
        rows, came = case.numbers("a")
        one_each = f" (if {rows} is the batch)" if shape is not None and len(shape) == 2 else ""
        yield from remade(case, made, f"a layer for {plural(came, 'feature')}{one_each}")


def _calls_layer(case: Case) -> bool:
    """Return whether the program itself calls the layer with its input."""
    called, layer = case.expression.callee, case.layer
    return called is not None and layer is not None and called.value is layer.module and _is_input(case)


def _is_input(case: Case) -> bool:
    return len(case.parts) == 1 and case.layer is not None and case.parts[0].value is case.layer.input


def _calls_model(case: Case) -> bool:
    called = case.expression.callee
    return called is not None and is_module(called.value) and len(case.parts) == 1 and case.shape(0) is not None


def _one_example(case: Case, takes: int, gives: int) -> Iterator[ErrorFix]:
    """All numbers of the input together are the features of one example: it came without a batch."""
    if _calls_layer(case):
        row = f"{case.code_of(0)}.reshape(1, -1)"
        yield case.with_parts({0: row}, f"{shape_text((1, gives))}: one example, of {takes} features")
    elif _calls_model(case):
        yield case.with_parts({0: f"{case.code_of(0)}[None]"}, "a batch of one example")
    else:
        yield ErrorFix("model(x[None])", f"a batch of one: its {takes} features came in several rows")


def _not_flattened(case: Case, made: list[Argument], result: tuple[int, int]) -> Iterator[ErrorFix]:
    if _calls_layer(case):
        yield case.with_parts({0: f"{case.code_of(0)}.flatten(1)"}, shape_text(result))
    elif _calls_model(case) and _is_input(case):
        yield case.with_parts({0: f"{case.code_of(0)}.flatten(1)"}, "each example as one row")
    else:
        yield from preceded(case, made, "nn.Flatten()", "each example as one row")


def _turned_input(case: Case, takes: int, gives: int) -> Iterator[ErrorFix]:
    shape = case.shape(0)
    if shape is not None and _calls_layer(case) and takes in shape[:-1]:
        axis = shape.index(takes)
        rest = (*shape[:axis], *shape[axis + 1 :])
        code = f"{case.code_of(0)}.T" if len(shape) == 2 else f"{case.code_of(0)}.movedim({axis}, -1)"
        yield case.with_parts({0: code}, shape_text((*rest, gives)))
