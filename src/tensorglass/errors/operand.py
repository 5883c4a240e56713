"""What an explanation consists of: the operands of the expression that failed, and code that mends it."""

from __future__ import annotations

from dataclasses import dataclass

from ..report import public
from ..shapes import Shape


@public
@dataclass(frozen=True)
class ErrorOperand:
    """A tensor or an array that the failing expression uses. None stands for what could not be read.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    name : str
        How the source names it.
    shape : tuple of int or None
        Its shape.
    dtype : str or None
        Its dtype, without ``torch.``.
    device : str or None
        Where it lies.
    """

    name: str
    shape: Shape | None = None
    dtype: str | None = None
    device: str | None = None


@public
@dataclass(frozen=True)
class ErrorFix:
    """Code that mends an error.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    code : str
        What to write.
    result : str
        What comes out of it, in words.
    replaces : str or None
        The source in whose place `code` stands: the failing expression, or where else the cause lies, such as the line
        that makes a layer. None where the source is not known, and names in `code` are only examples.
    """

    code: str
    result: str
    replaces: str | None = None
