"""What an exception means, which tensors caused it, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..calling import place_text
from .catalogue import recognized
from .entry import Case, Entry
from .expression import Expression, example, expression_of, operands_by_name, operands_of
from .layers import FailingLayer, failing_layer
from .messages import Message, message_in, message_of
from .operand import ErrorFix, ErrorOperand
from .reading import described, shape_of
from .result import ErrorExplanation
from .source import FailingCode, Failure, failing_code, failures, innermost_own, is_installed, is_library

_UNKNOWN = "This error is not in the catalogue: only what was running is known."
_NO_NUMBERS = "This error is known, but the message was cut off before what says why."
_UNKNOWN_MESSAGE = "This message is not in the catalogue."


def explain_error(error: BaseException | str) -> ErrorExplanation:
    """Explain an error of torch: its cause, the tensors behind it, and code that mends it.

    Nothing of the program is run again. Operands are read from the frame that failed: names, stored attributes and
    items of plain containers; no property is asked.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    error : BaseException or str
        The exception, or its message: the last line of a traceback, a whole traceback, or the message alone. From a
        message alone follows what its numbers allow.

    Returns
    -------
    ErrorExplanation
        Also if the error is unknown: it then says so, and has the operands all the same.

    Raises
    ------
    TypeError
        If `error` is neither.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import explain_error
    >>> explanation = explain_error("RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x784 and 128x10)")
    >>> explanation.kind
    'matmul'
    >>> explanation.fixes[0].code
    'nn.Linear(784, 10)'

    From the exception, it names the tensors:

    >>> x, weight = torch.ones(8, 3), torch.ones(5, 3)
    >>> try:
    ...     x @ weight
    ... except RuntimeError as error:
    ...     explanation = explain_error(error)
    >>> [(operand.name, operand.shape) for operand in explanation.operands], explanation.fixes[0].code
    ([('x', (8, 3)), ('weight', (5, 3))], 'x @ weight.T')
    """
    if isinstance(error, str):
        return _from_message(message_in(error))
    if not isinstance(error, BaseException):
        raise TypeError(
            f"explain_error() got an object of class {type(error).__name__}; expected an exception, or its message"
        )
    try:
        return _from_exception(error)
    except Exception:  # whatever the frames of a program hold, it is not to become a second error
        return _explained(message_of(error), None)


@dataclass(frozen=True, eq=False)
class _Raised:
    """Where an exception was raised."""

    failure: Failure
    code: FailingCode | None
    expression: Expression | None
    layer: FailingLayer | None
    caller: Failure | None  # the innermost line that is not installed, where the failing one is

    @property
    def operands(self) -> tuple[ErrorOperand, ...]:
        frame = self.failure.frame
        if self.expression is None:
            return _with_layer(operands_by_name(frame), None, self.layer)
        return _with_layer(operands_of(self.expression, frame), self.expression, self.layer)

    @property
    def line(self) -> str:
        return _place(self.failure)


def _place(failure: Failure) -> str:
    return place_text((failure.path, failure.line))


def _from_message(message: Message) -> ErrorExplanation:
    return _explained(message, None)


def _from_exception(error: BaseException) -> ErrorExplanation:
    found = failures(error.__traceback__)
    own = innermost_own(found)
    if own is None:
        return _explained(message_of(error), None)
    code = failing_code(found[own])
    expression = None if code is None else expression_of(code, found[own].frame)
    caller = next((each for each in reversed(found[:own]) if _is_written(each)), None)
    raised = _Raised(
        found[own], code, expression, failing_layer(found), caller if is_installed(found[own].path) else None
    )
    return _explained(message_of(error), raised)


def _is_written(failure: Failure) -> bool:
    """Return whether a line is of the program itself: of no library, and of no installed package."""
    return not is_library(failure.path) and not is_installed(failure.path)


def _explained(message: Message, raised: _Raised | None) -> ErrorExplanation:
    recognition = recognized(message)
    cause, fixes = _UNKNOWN if raised else _UNKNOWN_MESSAGE, tuple[ErrorFix, ...]()
    if recognition is not None:
        cause, fixes = _told(recognition[0], _case(message, recognition, raised))
    return ErrorExplanation(
        known=recognition is not None,
        kind=None if recognition is None else recognition[0].kind,
        type=message.type,
        message=message.text,
        operation=raised.expression.text if raised and raised.expression else None,
        layer=raised.layer.name if raised and raised.layer else None,
        operands=raised.operands if raised else (),
        line=raised.line if raised else None,
        caller=_place(raised.caller) if raised and raised.caller else None,
        cause=cause,
        fixes=fixes,
        page=None if recognition is None else recognition[0].page,
    )


def _case(message: Message, recognition: tuple[Entry, Mapping[str, str]], raised: _Raised | None) -> Case:
    entry, found = recognition
    if raised is None:
        return Case(found, message.text, example(entry.example))
    shown = raised.expression or example(entry.example)
    frame = raised.failure.frame
    return Case(found, message.text, shown, raised.layer, raised.code, frame, is_real=raised.expression is not None)


def _told(entry: Entry, case: Case) -> tuple[str, tuple[ErrorFix, ...]]:
    """Return cause and fixes. What a rule did not foresee in a program is no reason to say nothing of the message."""
    if case.is_real:
        try:
            return entry.cause(case), _distinct(entry.fixes(case))
        except Exception:
            case = Case(case.found, case.message, example(entry.example))
    try:
        return entry.cause(case), _distinct(entry.fixes(case))
    except Exception:  # a wording that has fewer numbers than the rule takes
        return _NO_NUMBERS, ()


def _distinct(fixes: Iterable[ErrorFix]) -> tuple[ErrorFix, ...]:
    """Return the fixes without those whose code stands there already."""
    return tuple({(fix.code, fix.replaces): fix for fix in reversed(list(fixes))}.values())[::-1]


def _with_layer(
    operands: tuple[ErrorOperand, ...], expression: Expression | None, layer: FailingLayer | None
) -> tuple[ErrorOperand, ...]:
    """Add what the innermost layer was called with, where that is not an operand already, and its weight."""
    if layer is None or layer.is_own:
        return operands
    added = []
    values = [] if expression is None else [part.value for part in expression.parts]
    if layer.input is not None and not any(value is layer.input for value in values):
        added.append(described(f"input of {layer.name}", layer.input))
    weight = layer.setting("weight")
    if shape_of(weight) is not None:
        called = expression.callee if expression is not None else None
        name = called.text if called is not None and called.value is layer.module else layer.name
        added.append(described(f"{name}.weight", weight))
    return (*operands, *added)
