"""Predictions and targets whose shapes or values do not belong together."""

from __future__ import annotations

from collections.abc import Iterator

from ..shapes import Shape
from .entry import Case, Entry, shape_text
from .operand import ErrorFix

_PAGE = "auto_examples/broadcasting/row_or_column.html"


def _pair(case: Case) -> tuple[Shape, Shape] | None:
    """Return the shapes of prediction and target, if the program calls a loss with both."""
    first, second = case.shape(0), case.shape(1)
    return None if not case.is_real or first is None or second is None else (first, second)


def _reshaped(case: Case, prediction: Shape, target: Shape) -> Iterator[ErrorFix]:
    """Yield what gives both one shape, where they differ in axes of size 1 alone."""
    if case.is_real and _pair(case) != (prediction, target):
        return
    x, y = case.code_of(0), case.code_of(1)
    if prediction == (*target, 1):
        yield case.with_parts({0: f"{x}.squeeze(-1)"}, f"both of {shape_text(target)}")
        yield case.with_parts({1: f"{y}.unsqueeze(-1)"}, f"both of {shape_text(prediction)}")
    elif target == (*prediction, 1):
        yield case.with_parts({1: f"{y}.squeeze(-1)"}, f"both of {shape_text(prediction)}")
    elif [size for size in prediction if size != 1] == [size for size in target if size != 1]:
        yield case.with_parts({1: f"{y}.reshape({_sizes(prediction)})"}, f"both of {shape_text(prediction)}")


def _sizes(shape: Shape) -> str:
    return ", ".join(map(str, shape))


def _size_cause(case: Case) -> str:
    target, prediction = case.numbers("target"), case.numbers("input")
    return (
        f"This loss compares element by element, so that both need one shape: the prediction has {prediction}, and the "
        f"target {target}."
    )


def _broadcast_cause(case: Case) -> str:
    target, prediction = case.numbers("target"), case.numbers("input")
    return (
        f"The prediction has shape {prediction} and the target {target}: they are stretched to each other, so that the "
        "loss compares elements that do not belong together."
    )


def _size_fixes(case: Case) -> Iterator[ErrorFix]:
    yield from _reshaped(case, case.numbers("input"), case.numbers("target"))


# --- Classes ---


def _batch_cause(case: Case) -> str:
    a, b = case.found["input"], case.found["target"]
    pair = _pair(case)
    shapes = "" if pair is None else f" (shapes {pair[0]} and {pair[1]})"
    return f"There must be one target for each prediction: there are {a} predictions and {b} targets{shapes}."


def _batch_fixes(case: Case) -> Iterator[ErrorFix]:
    a, b, pair = case.number("input"), case.number("target"), _pair(case)
    if not case.is_real:
        if (a and b % a == 0) or (b and a % b == 0):
            yield case.instead(
                "loss(output.flatten(0, 1), target.flatten())", "if each holds a sequence: one row a word"
            )
        return
    if pair is None:
        return
    output, target = pair
    if len(output) == 3 and output[:2] == target:
        code = {0: f"{case.code_of(0)}.flatten(0, 1)", 1: f"{case.code_of(1)}.flatten()"}
        yield case.with_parts(code, f"{output[0] * output[1]} predictions of {output[2]} classes, and as many targets")
    elif len(output) == 2 and len(target) == 2 and target[0] * target[1] == output[0]:
        yield case.with_parts({1: f"{case.code_of(1)}.flatten()"}, f"{output[0]} targets")
    elif len(output) == 2 and len(target) == 1 and output[1] == target[0] != output[0]:
        yield case.with_parts({0: f"{case.code_of(0)}.T"}, f"{target[0]} predictions of {output[0]} classes")
    elif len(output) == 2 and len(target) == 1:
        least = min(output[0], target[0])
        codes = {0: f"{case.code_of(0)}[:{least}]", 1: f"{case.code_of(1)}[:{least}]"}
        yield case.with_parts(codes, f"the first {least} of both; see first why one has more")


def _multi_cause(case: Case) -> str:
    pair = _pair(case)
    came = "has more axes" if pair is None else f"has shape {pair[1]}"
    return f"A target of classes holds the number of one class for each prediction, in one axis; this one {came}."


def _multi_fixes(case: Case) -> Iterator[ErrorFix]:
    pair = _pair(case)
    if not case.is_real:
        yield case.instead("loss(output, target.squeeze(1))", "if the target has a second axis of size 1")
        yield case.instead("loss(output, target.argmax(1))", "if each row is 1 at its class and 0 elsewhere")
    elif pair is not None and len(pair[1]) == 2 and pair[1][0] == pair[0][0]:
        if pair[1][1] == 1:
            yield case.with_parts({1: f"{case.code_of(1)}.squeeze(1)"}, f"a target of shape {pair[1][:1]}")
        else:
            code = {1: f"{case.code_of(1)}.argmax(1)"}
            yield case.with_parts(code, "the place of the largest entry, if each row is 1 at its class and 0 elsewhere")


def _class_cause(case: Case) -> str:
    pair, came = _pair(case), case.found["class"]
    classes = pair[0][1] if pair is not None and len(pair[0]) > 1 else None
    if classes is None or 0 <= int(came) < classes:
        return f"The number {came} stands in the target, and the prediction has no such class: they are counted from 0."
    return f"The prediction {case.shown(0)} has {classes} classes, 0 to {classes - 1}, and the target holds {came}."


def _class_fixes(case: Case) -> Iterator[ErrorFix]:
    pair, came = _pair(case), case.number("class")
    if not case.is_real:
        if came > 0:
            yield case.instead("loss(output, target - 1)", "if the classes are counted from 1")
            yield case.instead(f"nn.Linear(features, {came + 1})", f"at least {came + 1} classes in the last layer")
        return
    if pair is None or len(pair[0]) < 2:
        return
    classes = pair[0][1]
    if came == classes:
        yield case.with_parts({1: f"{case.code_of(1)} - 1"}, "if the classes are counted from 1, and 0 does not occur")
    if case.expression.callee is not None and case.name == "cross_entropy" and not case.expression.keywords:
        code = f"{case.expression.text.rstrip()[:-1]}, ignore_index={came})"
        yield case.instead(code, f"the targets that are {came} do not count")


def _spatial_rank_cause(case: Case) -> str:
    return (
        "For a prediction of shape (batch, classes, height, width) the target has shape (batch, height, width), with "
        f"the number of a class at each place; this one has {case.found.get('rank') or len(case.numbers('target'))} "
        "axes."
    )


def _spatial_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    pair = _pair(case)
    if not case.is_real:
        yield case.instead("loss(output, target.squeeze(1))", "if the target has one channel")
    elif pair is not None and len(pair[1]) == 4 and pair[1][1] == 1:
        yield case.with_parts(
            {1: f"{case.code_of(1)}.squeeze(1)"}, f"a target of {shape_text((pair[1][0], *pair[1][2:]))}"
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
    if (not case.is_real or _pair(case) == (prediction, target)) and len(prediction) == 4 and len(target) == 3:
        code = f"torch.nn.functional.interpolate({case.code_of(0)}, size=({target[1]}, {target[2]}))"
        yield case.with_parts({0: code}, f"a prediction of {shape_text((*prediction[:2], *target[1:]))}")


def _probabilities_cause(case: Case) -> str:
    return (
        "A target of the prediction's shape is one of probabilities, so it must be of floating point, and "
        f"{case.found['came']} came."
    )


def _probabilities_fixes(case: Case) -> Iterator[ErrorFix]:
    pair = _pair(case)
    if not case.is_real or pair is not None:
        yield case.with_parts({1: f"{case.code_of(1)}.float()"}, "the target as probabilities")
        yield case.with_parts({1: f"{case.code_of(1)}.argmax(1)"}, "the class with the largest entry")


def _range_cause(case: Case) -> str:
    return "This loss takes probabilities, and some of what came is less than 0 or more than 1."


def _range_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real or _pair(case) is not None:
        yield case.with_parts({0: f"torch.sigmoid({case.code_of(0)})"}, "numbers between 0 and 1")


_SIZE = r"torch\.Size\((?P<{}>\[[\d, ]*\])\)"
_TARGET, _INPUT = _SIZE.format("target"), _SIZE.format("input")

ENTRIES = (
    Entry(
        "loss_shapes",
        (
            rf"Target size \({_TARGET}\) must be the same as input size \({_INPUT}\)",
            rf"Using a target size \({_TARGET}\) that is different to the input size \({_INPUT}\) is deprecated",
        ),
        "loss(output, target)",
        _size_cause,
        _size_fixes,
        _PAGE,
    ),
    Entry(
        "loss_broadcast",
        (rf"Using a target size \({_TARGET}\) that is different to the input size \({_INPUT}\)\. This will likely",),
        "loss(output, target)",
        _broadcast_cause,
        _size_fixes,
        _PAGE,
    ),
    Entry(
        "loss_batch",
        (r"Expected input batch_size \((?P<input>\d+)\) to match target batch_size \((?P<target>\d+)\)",),
        "loss(output, target)",
        _batch_cause,
        _batch_fixes,
    ),
    Entry(
        "multi_target",
        (r"0D or 1D target tensor expected, multi-target not supported", r"multi-target not supported at"),
        "loss(output, target)",
        _multi_cause,
        _multi_fixes,
    ),
    Entry(
        "target_class",
        (r"Target (?P<class>-?\d+) is out of bounds",),
        "loss(output, target)",
        _class_cause,
        _class_fixes,
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
    ),
    Entry(
        "spatial_target_size",
        (r"size mismatch \(got input: (?P<input>\[[\d, ]*\]) ?, target: (?P<target>\[[\d, ]*\])",),
        "loss(output, target)",
        _spatial_size_cause,
        _spatial_size_fixes,
    ),
    Entry(
        "target_probabilities",
        (r"Expected floating point type for target with class probabilities, got (?P<came>\w+)",),
        "loss(output, target)",
        _probabilities_cause,
        _probabilities_fixes,
    ),
    Entry(
        "probability_range",
        (r"all elements of input should be between 0 and 1",),
        "loss(output, target)",
        _range_cause,
        _range_fixes,
    ),
)
