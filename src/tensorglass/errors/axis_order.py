"""Axes in another order: `permute` and `t`."""

from __future__ import annotations

from collections.abc import Iterator

from ..shapes import Shape
from .entry import Case, Entry, shape_text
from .operand import ErrorFix
from .reshapes import sizes_asked, written

_PAGE = "auto_examples/errors/view_cat_index.html"


def _permute_cause(case: Case) -> str:
    counts = f": there are {case.found['rank']}, and {case.found['given']} were given" if "rank" in case.found else ""
    return f"`permute` wants each axis of {case.shown(0, 'the tensor')} once{counts}."


def _permute_fixes(case: Case) -> Iterator[ErrorFix]:
    shape, rank = case.shape(0), int(case.found.get("rank", 3))
    given = sizes_asked(case) if case.is_real else ()
    if not case.is_real:
        order = (*range(rank - 2), rank - 1, rank - 2) if rank > 1 else (0,)
        yield case.instead(f"x.permute{written(order)}", f"all {rank} axes, the last two exchanged")
    elif case.name == "permute" and shape is not None and len(shape) == rank and given:
        orders = list(_orders_of_batches(given, rank))
        for lead, order, said in orders:
            result = shape_text(tuple((1, *shape)[axis] if lead else shape[axis] for axis in order))
            yield case.instead(f"{case.code_of(0)}{lead}.permute{written(order)}", f"{result}: {said}")
        if orders:
            return
        named = [axis for axis in dict.fromkeys(given) if 0 <= axis < rank]
        order = (*named, *(axis for axis in range(rank) if axis not in named))
        yield case.instead(
            f"{case.code_of(0)}.permute{written(order)}", shape_text(tuple(shape[axis] for axis in order))
        )


def _orders_of_batches(given: Shape, rank: int) -> Iterator[tuple[str, Shape, str]]:
    """Yield what an order for a batch means for one example, and one for an example for a batch."""
    if sorted(given) == list(range(rank + 1)):
        yield "[None]", given, "as a batch of one"
        if given[0] == 0 and rank > 1:
            yield "", tuple(axis - 1 for axis in given[1:]), "without the axis of a batch"
    elif sorted(given) == list(range(rank - 1)):
        yield "", (0, *(axis + 1 for axis in given)), "the first axis stays, as that of a batch"


def _twice_cause(case: Case) -> str:
    return f"`permute` wants each axis of {case.shown(0, 'the tensor')} once, and one was given twice."


def _twice_fixes(case: Case) -> Iterator[ErrorFix]:
    shape = case.shape(0)
    given = sizes_asked(case) if case.is_real else ()
    if not case.is_real:
        yield case.instead("x.permute(0, 2, 1)", "each axis once")
    elif case.name == "permute" and shape is not None and given:
        named = list(dict.fromkeys(axis % len(shape) for axis in given))
        order = (*named, *(axis for axis in range(len(shape)) if axis not in named))
        yield case.instead(
            f"{case.code_of(0)}.permute{written(order)}", shape_text(tuple(shape[axis] for axis in order))
        )


def _turn_cause(case: Case) -> str:
    return f"`t` turns matrices, and {case.shown(0, 'the tensor')} has {case.found['rank']} axes."


def _turn_fixes(case: Case) -> Iterator[ErrorFix]:
    shape = case.shape(0)
    if not case.is_real or (case.name == "t" and shape is not None):
        result = "the last two axes exchanged" if shape is None else shape_text((*shape[:-2], shape[-1], shape[-2]))
        yield case.instead(f"{case.code_of(0)}.mT", result)


ENTRIES = (
    Entry(
        "permute_rank",
        (
            r"permute\(.*?\): number of dimensions in the tensor input does not match the length of the desired "
            r"ordering "
            r"of dimensions i\.e\. input\.dim\(\) = (?P<rank>\d+) is not equal to len\(dims\) = (?P<given>\d+)",
            r"number of dims don't match in permute",
        ),
        "x.permute(0, 1)",
        _permute_cause,
        _permute_fixes,
        f"{_PAGE}#more-permute-desired-ordering-of-dimensions",
    ),
    Entry(
        "permute_twice",
        (r"permute\(\): duplicate dims are not allowed", r"repeated dim in permute"),
        "x.permute(0, 0)",
        _twice_cause,
        _twice_fixes,
        f"{_PAGE}#more-duplicate-dims-are-not-allowed",
    ),
    Entry(
        "transpose_rank",
        (r"t\(\) expects a tensor with <= 2 dimensions, but self is (?P<rank>\d+)D",),
        "x.t()",
        _turn_cause,
        _turn_fixes,
        f"{_PAGE}#more-t-expects-a-tensor",
    ),
)
