"""The explanation of an error, as a table in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..report import Cell, Report, Table, public
from .operand import ErrorFix, ErrorOperand

LONGEST_CODE = 120  # characters of an expression that a table shows: more is not read


@public
@dataclass(frozen=True, repr=False)
class ErrorExplanation(Report):
    """What an error means. The result of `explain_error`.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    known : bool
        Whether the catalogue has this error.
    kind : str or None
        The short name that the catalogue gives it, such as ``"matmul"``.
    type : str
        The name of the exception's class, empty where it was not given.
    message : str
        What the exception says.
    operation : str or None
        The source of the expression that failed.
    layer : str or None
        The innermost module that was running, by its path from the outermost one.
    operands : tuple of ErrorOperand
        The tensors that the expression uses, and what a layer inside it was called with.
    line : str or None
        The file and the line of the expression, such as `train.py:12`, or in a notebook `Cell In[5], line 2`.
    caller : str or None
        The line of the program from which an installed package was called, if `line` is in one.
    cause : str
        Why it was raised, in one sentence.
    fixes : tuple of ErrorFix
        What mends it, the likeliest first.
    page : str or None
        The address, on the site of this library, of the page that explains it.
    """

    known: bool
    kind: str | None
    type: str
    message: str
    operation: str | None
    layer: str | None
    operands: tuple[ErrorOperand, ...]
    line: str | None
    caller: str | None
    cause: str
    fixes: tuple[ErrorFix, ...]
    page: str | None

    def _content(self) -> Iterable[str | Table]:
        yield f"{self.type}: {self.message}" if self.type else self.message
        yield from self._told()

    def without_message(self) -> str:
        """Return the text without its first line, for where the message stands already."""
        return "\n\n".join(part if isinstance(part, str) else part.to_text() for part in self._told())

    def _told(self) -> Iterable[str | Table]:
        if self.line:
            inside = f", in the layer {self.layer}" if self.layer else ""
            yield f"{self.line}: {_on_one_line(self.operation)}{inside}" if self.operation else f"{self.line}{inside}"
        if self.caller:
            yield f"called from {self.caller}"
        yield self.cause
        if self.operands:
            yield self._operands_table()
        if self.fixes:
            yield self._fixes_table()
        if not self.line:
            yield (
                "Which tensors these are, the message does not say. Put print(x.shape, x.dtype, x.device) before the "
                "line that failed, for each tensor x in it, or run the program with python -m tensorglass."
            )

    def _operands_table(self) -> Table:
        rows = tuple(
            (Cell(each.name, ("code",)), _text(each.shape), _text(each.dtype), _text(each.device))
            for each in self.operands
        )
        return Table("The tensors", ("name", "shape", "dtype", "device"), rows)

    def _fixes_table(self) -> Table:
        elsewhere = any(fix.replaces not in (None, self.operation) for fix in self.fixes)
        header = ("write", "what comes out", "in the place of") if elsewhere else ("write", "what comes out")
        rows = []
        for fix in self.fixes:
            code, replaced = (Cell(_on_one_line(text), ("code",)) for text in (fix.code, fix.replaces or ""))
            rows.append((code, fix.result, replaced)[: len(header)])
        return Table("What mends it", header, tuple(rows))


def _on_one_line(code: str) -> str:
    """Return code as a row of a table shows it."""
    text = " ".join(code.split())
    return text if len(text) <= LONGEST_CODE else f"{text[: LONGEST_CODE - 4]} ..."


def _text(value: object) -> str:
    return "" if value is None else str(value)
