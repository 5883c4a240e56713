"""Predictions and targets whose shapes or values do not belong together."""

from __future__ import annotations

from collections.abc import Iterator

from ..shapes import Shape
from .entry import Case, Entry, shape_text
from .operand import ErrorFix
from .reading import MISSING

_PAGE = "auto_examples/errors/loss_and_target.html#"


def shapes_of(case: Case) -> tuple[Shape, Shape] | None:
    """Return the shapes of prediction and target, if the program calls a loss with both."""
    first, second = case.shape(0), case.shape(1)
    return None if not case.is_real or first is None or second is None else (first, second)


def _calls_a_loss(case: Case) -> bool:
    """Return whether what failed is the call of a loss, so that its first two parts are a prediction and a target."""
    callee = case.expression.callee
    own = case.layer is not None and callee is not None and callee.value is case.layer.module
    return len(case.parts) > 1 and (own or case.name.endswith(("_loss", "cross_entropy", "_with_logits")))


def calls_with(case: Case, prediction: Shape | None, target: Shape | None) -> bool:
    """Return whether a loss was called with these shapes, None for any. What was not read, as in `loss(model(x), y)`,
    may have the one that the message says.
    """
    if not _calls_a_loss(case):
        return False
    pairs = zip(case.parts[:2], (prediction, target), strict=True)
    return all(
        part.shape == shape or (part.value is MISSING and part.shape is None)
        for part, shape in pairs
        if shape is not None
    )


def _reshaped(case: Case, prediction: Shape, target: Shape) -> Iterator[ErrorFix]:
    """Yield what gives both one shape, where they differ in axes of size 1 alone."""
    if case.is_real and not calls_with(case, prediction, target):
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
    prediction, target = case.numbers("input"), case.numbers("target")
    yield from _reshaped(case, prediction, target)
    one_each = len(prediction) == 2 and prediction[1] > 1 and target in (prediction[:1], (prediction[0], 1))
    if one_each and _wants_logits(case) and calls_with(case, prediction, target):
        x, y = case.code_of(0), case.code_of(1)
        flat = y if len(target) == 1 else f"{y}.squeeze(1)"
        code = f"torch.nn.functional.cross_entropy({x}, {flat}.long())"
        yield case.instead(code, f"if each target is the number of one of {prediction[1]} classes")


def _wants_logits(case: Case) -> bool:
    own = case.layer.kind if case.layer is not None else ""
    return case.name == "binary_cross_entropy_with_logits" or own == "BCEWithLogitsLoss"


def _probabilities_cause(case: Case) -> str:
    return (
        "A target of the prediction's shape is one of probabilities, so it must be of floating point, and "
        f"{case.found['came']} came."
    )


def _probabilities_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real or (case.shape(1) is not None and calls_with(case, None, case.shape(1))):
        yield case.with_parts({1: f"{case.code_of(1)}.float()"}, "the target as probabilities")
        yield case.with_parts({1: f"{case.code_of(1)}.argmax(1)"}, "the class with the largest entry")


def _range_cause(case: Case) -> str:
    which = "target" if case.found["which"] == "target" else "prediction"
    return f"This loss takes probabilities, and some number of the {which} is less than 0, more than 1, or nan."


def _range_fixes(case: Case) -> Iterator[ErrorFix]:
    if case.is_real and not _calls_a_loss(case):
        return
    if case.found["which"] == "target":
        yield case.with_parts({1: f"{case.code_of(1)} / 255"}, "if it holds 0 to 255, as the pixels of a mask do")
    else:
        yield case.with_parts({0: f"torch.sigmoid({case.parts[0].text})"}, "numbers between 0 and 1")


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
        f"{_PAGE}target-size-must-be-the-same-as-input-size",
    ),
    Entry(
        "loss_broadcast",
        (rf"Using a target size \({_TARGET}\) that is different to the input size \({_INPUT}\)\. This will likely",),
        "loss(output, target)",
        _broadcast_cause,
        _size_fixes,
        f"{_PAGE}more-using-a-target-size-that-is-different-to-the-input-size",
    ),
    Entry(
        "target_probabilities",
        (r"Expected floating point type for target with class probabilities, got (?P<came>\w+)",),
        "loss(output, target)",
        _probabilities_cause,
        _probabilities_fixes,
        f"{_PAGE}more-expected-floating-point-type-for-target-with-class-probabilities",
    ),
    Entry(
        "probability_range",
        (r"all elements of (?P<which>input|target) should be between 0 and 1",),
        "loss(output, target)",
        _range_cause,
        _range_fixes,
        f"{_PAGE}more-all-elements-of-input-should-be-between-0-and-1",
    ),
)
