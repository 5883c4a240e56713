"""Targets that hold classes: their number, their axes, their sizes."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import Case, Entry, shape_text
from .losses import calls_with, shapes_of
from .operand import ErrorFix

_PAGE = "auto_examples/errors/loss_and_target.html#"
_VOID = 255  # the pixels of a mask that belong to no class, in many data sets


def _batch_cause(case: Case) -> str:
    a, b = case.found["input"], case.found["target"]
    pair = shapes_of(case)
    shapes = "" if pair is None else f" (shapes {pair[0]} and {pair[1]})"
    said = f"There must be one target for each prediction: there are {a} predictions and {b} targets{shapes}."
    if _rows_were_cut(case):
        rows = int(a) // int(b)
        said += f" So each example became {rows} rows: a view(-1, ...) in the model asks for too few features in a row."
    return said


def _rows_were_cut(case: Case) -> bool:
    """Return whether there are a whole number of predictions for each target, in rows."""
    pair, a, b = shapes_of(case), case.number("input"), case.number("target")
    return pair is not None and [len(shape) for shape in pair] == [2, 1] and 1 < b < a and a % b == 0


def _batch_fixes(case: Case) -> Iterator[ErrorFix]:
    a, b, pair = case.number("input"), case.number("target"), shapes_of(case)
    if not case.is_real:
        if (a and b % a == 0) or (b and a % b == 0):
            yield case.instead(
                "loss(output.flatten(0, 1), target.flatten())", "if each holds a sequence: one row a word"
            )
        return
    if pair is None:
        if 1 < b < a and a % b == 0 and calls_with(case, None, (b,)):
            yield ErrorFix("x.flatten(1)", "where the model has x.view(-1, ...): one row for each example")
        return
    output, target = pair
    if len(output) == 3 and output[:2] == target:
        code = {0: f"{case.code_of(0)}.flatten(0, 1)", 1: f"{case.code_of(1)}.flatten()"}
        yield case.with_parts(code, f"{output[0] * output[1]} predictions of {output[2]} classes, and as many targets")
    elif len(output) == 2 and len(target) == 2 and target[0] * target[1] == output[0]:
        yield case.with_parts({1: f"{case.code_of(1)}.flatten()"}, f"{output[0]} targets")
    elif len(output) == 2 and len(target) == 1 and output[1] == target[0] != output[0]:
        yield case.with_parts({0: f"{case.code_of(0)}.T"}, f"{target[0]} predictions of {output[0]} classes")
    elif _rows_were_cut(case):
        yield ErrorFix("x.flatten(1)", "in the model, in the place of x.view(-1, ...): one row for each example")
    elif len(output) == 2 and len(target) == 1:
        least = min(output[0], target[0])
        codes = {0: f"{case.code_of(0)}[:{least}]", 1: f"{case.code_of(1)}[:{least}]"}
        yield case.with_parts(codes, f"the first {least} of both; see first why one has more")


def _multi_cause(case: Case) -> str:
    target = case.shape(1) if case.is_real else None
    came = "has more axes" if target is None else f"has shape {target}"
    return f"A target of classes holds the number of one class for each prediction, in one axis; this one {came}."


def _multi_fixes(case: Case) -> Iterator[ErrorFix]:
    pair, target = shapes_of(case), case.shape(1)
    if not case.is_real:
        yield case.instead("loss(output, target.squeeze(1))", "if the target has a second axis of size 1")
        yield case.instead("loss(output, target.argmax(1))", "if each row is 1 at its class and 0 elsewhere")
    elif target is not None and len(target) == 2 and calls_with(case, pair and (target[0], *pair[0][1:]), target):
        if target[1] == 1:
            yield case.with_parts({1: f"{case.code_of(1)}.squeeze(1)"}, f"a target of shape {target[:1]}")
        else:
            code = {1: f"{case.code_of(1)}.argmax(1)"}
            yield case.with_parts(code, "the place of the largest entry, if each row is 1 at its class and 0 elsewhere")


def _class_cause(case: Case) -> str:
    pair, came = shapes_of(case), case.found["class"]
    classes = pair[0][1] if pair is not None and len(pair[0]) > 1 else None
    if classes is None or 0 <= int(came) < classes:
        return f"The number {came} stands in the target, and the prediction has no such class: they are counted from 0."
    return f"The prediction {case.shown(0)} has {classes} classes, 0 to {classes - 1}, and the target holds {came}."


def _class_fixes(case: Case) -> Iterator[ErrorFix]:
    pair, came = shapes_of(case), case.number("class")
    if not case.is_real:
        if came > 0:
            yield case.instead("loss(output, target - 1)", "if the classes are counted from 1: see target.min()")
            yield case.instead(f"nn.Linear(features, {came + 1})", f"at least {came + 1} classes in the last layer")
        return
    if pair is None and came > 0 and calls_with(case, None, case.shape(1)):
        told = f"if the classes are counted from 1, and the prediction has {came} of them"
        yield case.with_parts({1: f"{case.code_of(1)} - 1"}, told)
    if pair is None or len(pair[0]) < 2:
        return
    classes = pair[0][1]
    if came == classes:
        yield case.with_parts({1: f"{case.code_of(1)} - 1"}, "if the classes are counted from 1, and 0 does not occur")
    if came == -1 and classes == 2:
        yield case.with_parts({1: f"({case.code_of(1)} > 0).long()"}, "if -1 and 1 stand for two classes")
    # Elsewhere the number may be that of a class, which would be left out of training without a word.
    stands_for_none = came < 0 or came == _VOID
    plain = case.expression.callee is not None and not case.expression.keywords
    if stands_for_none and plain and case.name == "cross_entropy":
        code = f"{case.expression.text.rstrip()[:-1]}, ignore_index={came})"
        yield case.instead(code, f"if {came} stands for none: these targets do not count, and it is no class")


def _spatial_rank_cause(case: Case) -> str:
    return (
        "For a prediction of shape (batch, classes, height, width) the target has shape (batch, height, width), with "
        f"the number of a class at each place; this one has {case.found.get('rank') or len(case.numbers('target'))} "
        "axes."
    )


def _spatial_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    pair = shapes_of(case)
    if not case.is_real:
        yield case.instead("loss(output, target.squeeze(1))", "if the target has one channel")
    elif (
        (target := case.shape(1)) is not None and len(target) == 4 and target[1] == 1 and calls_with(case, None, target)
    ):
        yield case.with_parts(
            {1: f"{case.code_of(1)}.squeeze(1)"}, f"a target of {shape_text((target[0], *target[2:]))}"
        )
    elif pair is not None and pair[0] == pair[1]:
        yield case.with_parts({1: f"{case.code_of(1)}.argmax(1)"}, "the class with the largest entry at each place")


def _spatial_size_cause(case: Case) -> str:
    return (
        f"Prediction and target need one class at each place: the prediction has shape {case.numbers('input')}, and "
        f"the target {case.numbers('target')}, which is of another height or width."
    )


def _spatial_size_fixes(case: Case) -> Iterator[ErrorFix]:
    prediction, target = case.numbers("input"), case.numbers("target")
    if (not case.is_real or calls_with(case, prediction, target)) and len(prediction) == 4 and len(target) == 3:
        code = f"torch.nn.functional.interpolate({case.code_of(0)}, size=({target[1]}, {target[2]}))"
        yield case.with_parts({0: code}, f"a prediction of {shape_text((*prediction[:2], *target[1:]))}")


def _target_size_cause(case: Case) -> str:
    wanted, came, pair = case.numbers("wanted"), case.numbers("target"), shapes_of(case)
    shown = "this one" if pair is None else f"one of shape {pair[0]}"
    return (
        f"Axis 1 of a prediction holds its classes, and the target has its other axes: beside {shown} it needs shape "
        f"{wanted}, and has {came}."
    )


def _target_size_fixes(case: Case) -> Iterator[ErrorFix]:
    pair, wanted, came = shapes_of(case), case.numbers("wanted"), case.numbers("target")
    if not case.is_real:
        yield case.instead("loss(output.transpose(1, 2), target)", "if the classes stand in the last axis")
    elif pair is None and calls_with(case, None, came) and len(came) == 2 and came[0] == wanted[0]:
        yield case.with_parts({0: f"{case.code_of(0)}.transpose(1, 2)"}, "if the classes stand in the last axis")
    elif pair is not None and pair[0][:-1] == pair[1] and len(pair[0]) > 2:
        move = "transpose(1, 2)" if len(pair[0]) == 3 else "movedim(-1, 1)"
        yield case.with_parts({0: f"{case.code_of(0)}.{move}"}, f"the {pair[0][-1]} classes of the last axis in axis 1")


ENTRIES = (
    Entry(
        "loss_batch",
        (r"Expected input batch_size \((?P<input>\d+)\) to match target batch_size \((?P<target>\d+)\)",),
        "loss(output, target)",
        _batch_cause,
        _batch_fixes,
        f"{_PAGE}more-expected-input-batch-size-16-to-match-target-batch-size-4",
    ),
    Entry(
        "multi_target",
        (r"0D or 1D target tensor expected, multi-target not supported", r"multi-target not supported at"),
        "loss(output, target)",
        _multi_cause,
        _multi_fixes,
        f"{_PAGE}d-or-1d-target-tensor-expected-multi-target-not-supported",
    ),
    Entry(
        "target_class",
        (r"Target (?P<class>-?\d+) is out of bounds",),
        "loss(output, target)",
        _class_cause,
        _class_fixes,
        f"{_PAGE}target-3-is-out-of-bounds",
    ),
    Entry(
        "spatial_target_rank",
        (
            r"only batches of spatial targets supported \((?:non-empty )?3D tensors\) but got targets of "
            r"(?:dimension: (?P<rank>\d+)|size: : (?P<target>\[[\d, ]*\]))",
        ),
        "loss(output, target)",
        _spatial_rank_cause,
        _spatial_rank_fixes,
        f"{_PAGE}more-only-batches-of-spatial-targets-supported-3d-tensors",
    ),
    Entry(
        "spatial_target_size",
        (r"size mismatch \(got input: (?P<input>\[[\d, ]*\]) ?, target: (?P<target>\[[\d, ]*\])",),
        "loss(output, target)",
        _spatial_size_cause,
        _spatial_size_fixes,
        f"{_PAGE}more-size-mismatch-got-input-2-3-6-6-target-2-12-12",
    ),
    Entry(
        "target_size",
        (r"Expected target size (?P<wanted>[\[(][\d, ]*[\])]), got (?:torch\.Size\()?(?P<target>\[[\d, ]*\])",),
        "loss(output, target)",
        _target_size_cause,
        _target_size_fixes,
        f"{_PAGE}more-expected-target-size-2-5-got-2-7",
    ),
)
