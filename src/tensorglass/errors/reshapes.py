"""Shapes that a tensor cannot take: in `view`, `reshape`, `permute`, `split` and their like."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..shapes import Shape
from ..storage.views import explain_view
from .entry import Case, Entry, shape_text
from .operand import ErrorFix
from .reading import is_a, is_tensor

_PAGE = "auto_examples/errors/view_cat_index.html"
_VIEWS = {"view", "reshape"}


def _shape_cause(case: Case) -> str:
    asked, elements = case.numbers("asked"), case.number("elements")
    product = math.prod(size for size in asked if size != -1)
    known = case.name in _VIEWS and _counts(case.shape(0), elements)
    whose = case.shown(0, "the tensor") if known else "the tensor"
    if -1 in asked:
        return f"-1 stands for {elements} / {product}, which is no whole number: {whose} has {elements} elements."
    return f"A shape {asked} has {product} elements, and {whose} has {elements}."


def _shape_fixes(case: Case) -> Iterator[ErrorFix]:
    asked, elements = case.numbers("asked"), case.number("elements")
    if case.is_real and (case.name not in _VIEWS or not _counts(case.shape(0), elements)):
        return
    name = case.name if case.is_real else "view"
    for axis in range(len(asked)):
        free = tuple(-1 if i == axis else size for i, size in enumerate(asked))
        others = math.prod(size for size in free if size != -1)
        if free.count(-1) == 1 and others and elements % others == 0 and free != asked:
            result = tuple(elements // others if size == -1 else size for size in free)
            if _keeps_examples(case, result):
                kept = f", if {asked[0]} is the batch" if axis and not case.is_real else ""
                code = f"{case.code_of(0)}.{name}{written(free)}"
                yield case.instead(code, f"{shape_text(result)}: -1 is what is left{kept}")
    shape = case.shape(0)
    if shape and len(asked) == 2 and elements and shape[0]:
        code = f"{case.code_of(0)}.flatten(1)" if len(shape) > 2 else f"{case.code_of(0)}.{name}({shape[0]}, -1)"
        yield case.instead(code, f"{shape_text((shape[0], elements // shape[0]))}: the first axis is kept")


def _keeps_examples(case: Case, result: Shape) -> bool:
    """Return whether a shape leaves the rows of a tensor whole, since its first or its last axis stays."""
    shape = case.shape(0) if case.is_real else None
    return shape is None or len(shape) < 2 or result[0] == shape[0] or result[-1] == shape[-1]


def _empty_cause(case: Case) -> str:
    return f"A size of 0 stands beside the -1 in {case.numbers('asked')}, so that any size would do in its place."


def _empty_fixes(case: Case) -> Iterator[ErrorFix]:
    shape, asked = case.shape(0), case.numbers("asked")
    if not case.is_real:
        yield case.instead("x.flatten(1)", "the first axis is kept")
    elif case.name in _VIEWS and shape and len(shape) > 1 and asked == (shape[0], -1):
        result = shape_text((shape[0], math.prod(shape[1:])))
        yield case.instead(f"{case.code_of(0)}.flatten(1)", f"{result}: the first axis is kept")


def _counts(shape: Shape | None, elements: int) -> bool:
    return shape is not None and math.prod(shape) == elements


def written(sizes: Shape) -> str:
    """Return sizes as the arguments of a call."""
    return f"({', '.join(map(str, sizes))})"


def _inferred_cause(case: Case) -> str:
    return "-1 stands for the size that is left when all others are known, so it can stand once."


def _inferred_fixes(case: Case) -> Iterator[ErrorFix]:
    shape = case.shape(0)
    if not case.is_real:
        yield case.instead("x.view(len(x), -1)", "the first axis is kept")
    elif case.name in _VIEWS and shape:
        result = (shape[0], math.prod(shape[1:]))
        yield case.instead(f"{case.code_of(0)}.{case.name}({shape[0]}, -1)", shape_text(result))


# --- Views of memory that does not allow them ---


def _stride_cause(case: Case) -> str:
    value = case.parts[0].value if case.is_real and case.parts else None
    asked = sizes_asked(case)
    if is_tensor(value) and asked:
        explanation = explain_view(value, asked)
        if explanation.breaks:
            outer, inner = explanation.breaks[0]
            return (
                f"A view has to use the memory as it lies, and that of {case.shown(0)} breaks between its axes {outer} "
                f"and {inner}, which this shape merges."
            )
    return "A view has to use the memory as it lies, and axes that are to merge do not lie one behind the other there."


def sizes_asked(case: Case) -> Shape:
    """Return the sizes or axes that a method was given, one by one or as a tuple."""
    values = [part.value for part in case.parts[1:]]
    if len(values) == 1 and is_a(values[0], tuple):
        values = list(values[0])
    return tuple(values) if all(type(value) is int for value in values) else ()


def _stride_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.reshape(2, 3)", "the same elements in the same order, copied")
    elif case.expression.is_method and case.name == "view":
        behind = case.expression.text[case.parts[0].span[1] :]
        text = case.expression.text[: case.parts[0].span[1]]
        yield case.instead(text + behind.replace(".view", ".reshape", 1), "the same elements in the same order, copied")


# --- Splitting ---


def _split_cause(case: Case) -> str:
    sizes = case.numbers("sizes")
    return (
        f"The parts must fill the axis: it has size {case.found['size']}, and {' + '.join(map(str, sizes))} is "
        f"{sum(sizes)}."
    )


def _split_fixes(case: Case) -> Iterator[ErrorFix]:
    sizes, size = case.numbers("sizes"), case.number("size")
    rest = size - sum(sizes[:-1])
    if rest < 0:
        rest, sizes = size, sizes[-1:]
    fixed = [*sizes[:-1], rest]
    if case.is_real and (case.name != "split" or not case.expression.is_method or len(case.parts) < 2):
        return
    yield case.with_parts({1: str(fixed)}, f"parts of sizes {', '.join(map(str, fixed))}")


def _unflatten_cause(case: Case) -> str:
    sizes = case.numbers("sizes")
    return (
        f"The new sizes {sizes} have the product {math.prod(sizes)}, and axis {case.found['axis']} has size "
        f"{case.found['size']}."
    )


def _unflatten_fixes(case: Case) -> Iterator[ErrorFix]:
    sizes, size = case.numbers("sizes"), case.number("size")
    if case.is_real and (case.name != "unflatten" or not case.expression.is_method or len(case.parts) < 3):
        return
    for axis in range(len(sizes)):
        others = math.prod(sizes[:axis] + sizes[axis + 1 :])
        if others and size % others == 0:
            free = tuple(-1 if i == axis else each for i, each in enumerate(sizes))
            yield case.with_parts({2: written(free)}, f"sizes {tuple(size // others if s == -1 else s for s in free)}")


ENTRIES = (
    Entry(
        "view_shape",
        (r"shape '(?P<asked>\[[\d, -]*\])' is invalid for input of size (?P<elements>\d+)",),
        "x.view(2, 3)",
        _shape_cause,
        _shape_fixes,
        f"{_PAGE}#short-answer",
    ),
    Entry(
        "view_inferred",
        (r"only one dimension can be inferred",),
        "x.view(-1, -1)",
        _inferred_cause,
        _inferred_fixes,
        f"{_PAGE}#more-only-one-dimension-can-be-inferred",
    ),
    Entry(
        "view_empty",
        (r"cannot reshape tensor of 0 elements into shape (?P<asked>\[[\d, -]*\]) because the unspecified dimension",),
        "x.view(0, -1)",
        _empty_cause,
        _empty_fixes,
        f"{_PAGE}#more-only-one-dimension-can-be-inferred",
    ),
    Entry(
        "view_stride",
        (
            r"view size is not compatible with input tensor's size and stride \(at least one dimension spans across "
            r"two "
            r"contiguous subspaces\)",
            r"Cannot view a tensor with shape (?:torch\.Size\()?\[[\d, ]*\]\)? and strides",  # compiled, fake tensors
        ),
        "x.view(6)",
        _stride_cause,
        _stride_fixes,
        f"{_PAGE}#more-view-size-is-not-compatible",
    ),
    Entry(
        "split_sizes",
        (
            r"split_with_sizes expects split_sizes to sum exactly to (?P<size>\d+) \(input tensor's size at dimension "
            r"-?\d+\), but got split_sizes=(?P<sizes>\[[\d, ]*\])",
        ),
        "x.split([1, 2])",
        _split_cause,
        _split_fixes,
        f"{_PAGE}#more-split-with-sizes-expects-split-sizes-to-sum",
    ),
    Entry(
        "unflatten",
        (
            r"unflatten: Provided sizes (?P<sizes>\[[\d, ]*\]) don't multiply up to the size of dim (?P<axis>\d+) "
            r"\((?P<size>\d+)\) in the input tensor",
        ),
        "x.unflatten(0, (2, 3))",
        _unflatten_cause,
        _unflatten_fixes,
        f"{_PAGE}#more-provided-sizes-don-t-multiply-up",
    ),
)
