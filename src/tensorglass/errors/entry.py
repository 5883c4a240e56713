"""What the catalogue knows of one error, and the case that its rules are asked about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FrameType
from typing import Any

from ..shapes import Shape
from .expression import Expression, Part
from .layers import FailingLayer
from .operand import ErrorFix
from .source import FailingCode


@dataclass(frozen=True, eq=False)
class Case:
    """One error: what its message says, and what is known of the code that raised it.

    Attributes
    ----------
    found : mapping of str to str
        The named parts of the message.
    message : str
        The whole message.
    expression : Expression
        What failed. An example of such an expression if only the message is known.
    layer : FailingLayer or None
        The innermost module that was running.
    code, frame : FailingCode and FrameType, or None
        The source around the expression, and the frame that ran it.
    is_real : bool
        Whether the expression is the program's.
    """

    found: Mapping[str, str]
    message: str
    expression: Expression
    layer: FailingLayer | None = None
    code: FailingCode | None = None
    frame: FrameType | None = None
    is_real: bool = False

    def number(self, name: str) -> int:
        return int(self.found[name])

    def numbers(self, name: str) -> Shape:
        """Return the numbers in a part of the message: ``[2, 3]``, ``2x3`` and ``(2, 3)`` alike."""
        return tuple(map(int, re.findall(r"-?\d+", self.found[name]))) if name in self.found else ()

    @property
    def name(self) -> str:
        return self.expression.name

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.expression.parts

    def code_of(self, position: int, default: str = "x") -> str:
        """Return the source of an operand, so that more can be written behind it."""
        return self.parts[position].code if position < len(self.parts) else default

    def shape(self, position: int) -> Shape | None:
        return self.parts[position].shape if position < len(self.parts) else None

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of all operands; none if one of them is not known to be a tensor."""
        shapes = [part.shape for part in self.parts]
        return () if None in shapes else tuple(shape for shape in shapes if shape is not None)

    def shown(self, position: int, default: str = "the tensor") -> str:
        """Return an operand as a sentence names it: with its shape, where that is known."""
        if not self.is_real or position >= len(self.parts):
            return default
        shape = self.shape(position)
        return f"`{self.parts[position].text}`" + ("" if shape is None else f" of shape {shape}")

    @property
    def indexed(self) -> str:
        """What is indexed, as a sentence begins with it."""
        return self.shown(0, "The tensor") if self.name in {"[]", "[]="} else "The tensor"

    def instead(self, code: str, result: str) -> ErrorFix:
        """Return a fix that stands in the place of the failing expression."""
        return ErrorFix(code, result, self.expression.text if self.is_real else None)

    def with_parts(self, codes: Mapping[int, str], result: str) -> ErrorFix:
        """Return a fix that puts other code in the place of some operands."""
        return self.instead(self.expression.replaced(codes), result)

    def elsewhere(self, old: str, new: str, result: str) -> ErrorFix:
        """Return a fix of another place in the source, if it stands there so and only once."""
        known = self.code is not None and self.code.source.count(old) == 1
        return ErrorFix(new, result, old if known else None)


@dataclass(frozen=True, eq=False)
class Entry:
    """An error of the catalogue.

    Attributes
    ----------
    kind : str
        A short name that stays the same.
    patterns : tuple of str
        Regular expressions for how torch words it; the first that is found counts. White space matches any.
    example : str
        An expression that may raise it, for where the source is not known.
    cause : callable
        Returns one sentence that says why, made of the numbers of a case.
    fixes : callable
        Returns what mends a case.
    page : str or None
        The address of the page on the site that explains it.
    """

    kind: str
    patterns: tuple[str, ...]
    example: str
    cause: Callable[[Case], str]
    fixes: Callable[[Case], Iterable[ErrorFix]] = lambda case: ()
    page: str | None = None

    @cached_property
    def regexes(self) -> Sequence[re.Pattern[str]]:
        """The patterns, compiled."""
        return [re.compile(re.sub(r" (?![?*+\]])", r"\\s+", pattern)) for pattern in self.patterns]

    def match(self, message: str) -> Mapping[str, str] | None:
        """Return the named parts of a message that is worded so, None if it is not."""
        for pattern in self.regexes:
            if found := pattern.search(message):
                return {name: value for name, value in found.groupdict().items() if value is not None}
        return None


def by_class(value: Any) -> str:
    """Return the name of a value's class, for a sentence."""
    return type(value).__name__


def shape_text(shape: Sequence[int]) -> str:
    """Return how a fix says which shape comes out.

    >>> shape_text((2, 3))
    'shape (2, 3)'
    """
    return f"shape {tuple(shape)}"


def plural(number: int, noun: str) -> str:
    """Return the number with its noun, written as in code.

    >>> plural(1, "channel"), plural(1568, "feature")
    ('1 channel', '1568 features')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
