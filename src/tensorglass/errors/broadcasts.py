"""Shapes that do not broadcast: in arithmetic, in `expand`, in place, and in an assignment."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..broadcasting.explain import explain_broadcast
from ..broadcasting.operations import ELEMENTWISE
from ..shapes import Shape, broadcast_shape
from .entry import Case, Entry, plural, shape_text
from .operand import ErrorFix
from .reading import stored

_OPERATORS = set("+ - * / // % ** & | ^ << >> == != < <= > >=".split())
_PRODUCTS = {"@", "matmul", "bmm", "baddbmm"}
_PAGE = "auto_examples/errors/shapes_must_match.html"


def _is_elementwise(case: Case) -> bool:
    name = case.name.rstrip("_") if case.name not in _OPERATORS else ""
    return case.name in _OPERATORS or (name in ELEMENTWISE and not name.endswith("loss"))


def _clash(case: Case) -> tuple[int, int, int]:
    """Return the axis of the result, and the sizes that meet there."""
    if "axis" in case.found:
        return case.number("axis"), case.number("a"), case.number("b")
    so_far, at = case.numbers("so_far"), case.number("at")  # of tensors without data: counted from the end
    return len(so_far) + at, so_far[at], case.number("b")


def _is_explained(case: Case) -> bool:
    """Return whether the shapes that were read are those that the message is about."""
    axis, a, b = _clash(case)
    text = f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {axis}"
    return len(case.shapes) > 1 and explain_broadcast(*case.shapes).error == text


def _broadcast_cause(case: Case) -> str:
    axis, a, b = _clash(case)
    rule = "sizes that meet must be equal, or one of them 1"
    if case.name in _PRODUCTS and len(case.shapes) > 1:
        return (
            f"The batch axes, those before the last two, must broadcast: in axis {axis} the size {a} of "
            f"{case.shown(0)} meets the size {b} of {case.shown(1)}; {rule}."
        )
    if _is_explained(case) and len(case.shapes) == 2:
        return (
            f"Shapes are aligned at their last axes: in axis {axis} of the result the size {a} of {case.shown(0)} "
            f"meets the size {b} of {case.shown(1)}; {rule}."
        )
    return f"Shapes are aligned at their last axes: in axis {axis} of the result a size {a} meets a size {b}; {rule}."


def _broadcast_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield from _pasted_fixes(case)
    elif case.name in _PRODUCTS and len(case.shapes) == 2:
        yield from _batch_fixes(case)
    elif _is_elementwise(case) and _is_explained(case):
        instead = [*_classes(case), *_channels(case)]
        if instead:
            yield from instead
            return
        yield from transposed(case, case.shapes)
        yield from inserted(case, case.shapes)


def _pasted_fixes(case: Case) -> Iterator[ErrorFix]:
    """Yield what the two sizes and their axis allow, for the shapes that the operands may have."""
    axis, a, b = _clash(case)
    if axis == 0:
        yield case.instead("a[:, None] + b", f"shape ({a}, {b}), if both have one axis, and all pairs are meant")
    elif axis == 1:
        yield case.instead("a + b[:, None]", f"shape ({b}, {a}), if a has this shape and b ({b},)")
        yield case.instead("a[:, None] + b", f"shape ({a}, {b}), if b has this shape and a ({a},)")
        yield case.instead("a + b.T", f"shape ({b}, {a}), if a has this shape and b ({a}, {b})")
    else:
        yield case.instead("a + b[..., None]", "if b has the shape of a without its last axis")
        yield case.instead("a[..., None] + b", "if a has the shape of b without its last axis")
        yield case.instead("a + b.mT", "if b has its last two axes in the other order")


def _classes(case: Case) -> Iterator[ErrorFix]:
    """Scores that are compared with numbers of classes: with a new axis that would run, and mean nothing."""
    if case.name not in {"==", "!=", "eq", "ne"} or len(case.parts) != 2:
        return
    for scores, labels in ((0, 1), (1, 0)):
        first, second = case.shapes[scores], case.shapes[labels]
        dtypes = [stored(case.parts[i].value, "dtype") for i in (scores, labels)]
        if None in dtypes or len(first) != 2 or second != first[:1]:
            continue
        if dtypes[0].is_floating_point and not (dtypes[1].is_floating_point or dtypes[1].is_complex):
            code = {scores: f"{case.code_of(scores)}.argmax(1)"}
            yield case.with_parts(code, f"{shape_text(second)}: the class of the largest score")


def _channels(case: Case) -> Iterator[ErrorFix]:
    """Feature maps that differ in their channels alone: an outer product of them is not meant."""
    if len(case.parts) != 2 or len(case.shapes[0]) != len(case.shapes[1]):
        return
    first, second = case.shapes
    differ = [axis for axis, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
    if differ == [1] and len(first) in (4, 5):
        less = 0 if first[1] < second[1] else 1
        channels = sorted((first[1], second[1]))
        code = f"nn.Conv{len(first) - 2}d({channels[0]}, {channels[1]}, 1)"
        result = f"the channels differ: such a layer in the model gives {case.parts[less].text} those of the other"
        yield ErrorFix(code, result)


def _batch_fixes(case: Case) -> Iterator[ErrorFix]:
    first, second = case.shapes
    if case.name in {"@", "matmul"} and len(first) == len(second) == 3 and first[-1] == second[-2]:
        shape = (first[0], second[0], first[1], second[2])
        code = {0: f"{case.code_of(0)}[:, None]"}
        yield case.with_parts(code, f"{shape_text(shape)}: each matrix of the one with each of the other")


def transposed(case: Case, shapes: Sequence[Shape]) -> Iterator[ErrorFix]:
    """Two matrices of which one is transposed."""
    if len(shapes) == 2 and len(shapes[0]) == len(shapes[1]) == 2:
        for position in (1, 0):
            turned = list(shapes)
            turned[position] = turned[position][::-1]
            result = broadcast_shape(turned)
            if result is not None:
                yield case.with_parts({position: f"{case.code_of(position)}.T"}, shape_text(result))


def inserted(case: Case, shapes: Sequence[Shape]) -> Iterator[ErrorFix]:
    """Yield the insertions of size-1 axes; where some need no larger result than the operands, those alone."""
    explanation = explain_broadcast(*shapes)
    largest = max(map(math.prod, shapes))
    fixes = [fix for fix in explanation.fixes if fix.elements == largest] or list(explanation.fixes)
    for fix in fixes[:2]:
        indices = [term.lstrip("abcdefghijklmnopqrstuvwxyz0123456789") for term in fix.code.split(" + ")]
        codes = {i: f"{case.code_of(i)}{index}" for i, index in enumerate(indices) if index}
        outer = ", an outer product: only if that is meant; otherwise a size is wrong"
        yield case.with_parts(codes, shape_text(fix.result) + (outer if fix.elements > largest else ""))


# --- Expanding ---


def _expand_cause(case: Case) -> str:
    target, sizes = case.numbers("target"), case.numbers("sizes")
    old, axis = case.found["old"], case.found["axis"]
    shapes = f" (from {sizes} to {target})" if target else ""
    known = case.name in {"expand", "[]="} and (not sizes or case.shape(_written(case)) == sizes)
    what = case.shown(_written(case), "the tensor") if known else "the tensor"
    return (
        f"Only axes of size 1 can be stretched: axis {axis} of the target is {case.found['new']}, and there {what} has "
        f"size {old}{shapes}."
    )


def _written(case: Case) -> int:
    return 2 if case.name == "[]=" else 0


def _expand_fixes(case: Case) -> Iterator[ErrorFix]:
    target, sizes = case.numbers("target"), case.numbers("sizes")
    if case.is_real and case.shape(_written(case)) != sizes:
        return
    value = case.code_of(_written(case))
    inserted = _with_axes(sizes, target)
    if case.name == "[]=" and case.is_real:
        if inserted:
            yield case.with_parts({2: value + inserted}, f"the value stretched to {target}")
        elif len(sizes) == len(target) and all(old >= new for old, new in zip(sizes, target, strict=True)):
            index = ", ".join(f":{new}" for new in target)
            yield case.with_parts({2: f"{value}[{index}]"}, f"the first {target} of the value")
        return
    if case.name != "expand":
        return
    if inserted:
        yield case.instead(f"{value}{inserted}.expand{target}", shape_text(target))
    kept = [
        -1 if axis >= len(target) - len(sizes) and sizes[axis - len(target)] != 1 else size
        for axis, size in enumerate(target)
    ]
    result = tuple(sizes[axis - len(target)] if size == -1 else size for axis, size in enumerate(kept))
    yield case.instead(f"{value}.expand({', '.join(map(str, kept))})", f"{shape_text(result)}: -1 keeps a size")


def _with_axes(sizes: Shape, target: Shape) -> str:
    """Return the index that puts axes of size 1 behind the axes of a shape, so that it stretches to a target."""
    for behind in range(1, len(target) - len(sizes) + 1):
        if sizes and broadcast_shape([sizes + (1,) * behind, target]) == target:
            return f"[{', '.join([':'] * len(sizes) + ['None'] * behind)}]"
    return ""


def _expand_rank_cause(case: Case) -> str:
    if "given" not in case.found:
        return "`expand` was given fewer sizes than the tensor has axes: it can put axes in front, and remove none."
    given, rank = plural(case.number("given"), "size"), case.found["rank"]
    return f"`expand` was given {given} for a tensor with {rank} axes: it can put axes in front, and remove none."


def _expand_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    sizes, given = case.numbers("sizes"), case.numbers("target")
    front = len(sizes) - len(given)
    if given and (sizes[front:] == given or not case.is_real):
        sizes_code = ", ".join(["-1"] * front + [str(size) for size in given])
        yield case.instead(f"{case.code_of(0)}.expand({sizes_code})", f"{shape_text(sizes)}: -1 keeps a size")


# --- In place ---


def _in_place_cause(case: Case) -> str:
    own, result = case.numbers("own"), case.numbers("result")
    return (
        f"An operation in place keeps the shape of what it writes to, here {own}, and the result would have shape "
        f"{result}."
    )


def _in_place_fixes(case: Case) -> Iterator[ErrorFix]:
    result = shape_text(case.numbers("result"))
    if not case.is_real:
        yield case.instead("a = a + b", f"{result}: a new tensor")
    elif case.name.endswith("=") and case.name != "[]=":
        a, b = case.parts
        yield case.instead(f"{a.text} = {a.text} {case.name[:-1]} {b.code}", f"{result}: a new tensor")
    elif case.expression.is_method and case.name.endswith("_") and case.name != "copy_":
        rest = case.expression.text[case.parts[0].span[1] :]
        code = case.parts[0].text + rest.replace(f".{case.name}(", f".{case.name[:-1]}(", 1)
        yield case.instead(code, f"{result}: a new tensor, to be given a name")


ENTRIES = (
    Entry(
        "broadcast",
        (
            r"The size of tensor a \((?P<a>\d+)\) must match the size of tensor b \((?P<b>\d+)\) "
            r"at non-singleton dimension (?P<axis>\d+)",
            r"Attempting to broadcast a dimension of length (?P<b>\d+) at (?P<at>-\d+)! Mismatching argument at index "
            r"\d+ had (?:torch\.Size\()?\[[\d, ]*\]\)?; but expected shape should be broadcastable to "
            r"(?P<so_far>\[[\d, ]*\])",  # compiled, and without data
        ),
        "a + b",
        _broadcast_cause,
        _broadcast_fixes,
        f"{_PAGE}#short-answer",
    ),
    Entry(
        "expand",
        (
            r"The expanded size of the tensor \((?P<new>\d+)\) must match the existing size \((?P<old>\d+)\) at "
            r"non-singleton dimension (?P<axis>\d+)"
            r"(?:\.? Target sizes: (?P<target>\[[\d, ]*\])\.? Tensor sizes: (?P<sizes>\[[\d, ]*\]))?",
        ),
        "x.expand(2, 3)",
        _expand_cause,
        _expand_fixes,
        f"{_PAGE}#the-expanded-size-of-the-tensor-must-match-the-existing-size",
    ),
    Entry(
        "expand_rank",
        (
            r"expand\([\w.]*\{(?P<sizes>\[[\d, ]*\])\}, size=(?P<target>\[[\d, -]*\])\): the number of sizes provided "
            r"\((?P<given>\d+)\) must be greater or equal to the number of dimensions in the tensor \((?P<rank>\d+)\)",
            r"the number of sizes provided must be greater or equal to the number of dimensions in the tensor",
        ),
        "x.expand(2, 3)",
        _expand_rank_cause,
        _expand_rank_fixes,
        f"{_PAGE}#more-the-number-of-sizes-provided-must-be-greater-or-equal",
    ),
    Entry(
        "in_place_shape",
        (
            r"output with shape (?P<own>\[[\d, ]*\]) doesn't match the broadcast shape (?P<result>\[[\d, ]*\])",
            r"output with shape torch\.Size\((?P<own>\[[\d, ]*\])\) doesn't match the broadcast shape "
            r"(?P<result>\([\d, ]*\))",  # compiled, and without data
        ),
        "a += b",
        _in_place_cause,
        _in_place_fixes,
        f"{_PAGE}#output-with-shape-1-28-28-doesn-t-match-the-broadcast-shape-3-28-28",
    ),
)
