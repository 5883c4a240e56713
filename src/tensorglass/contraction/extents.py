"""Sizes that remember which indices they are, so that a program for some sizes can be rewritten for all.

An `Extent` is the size of an index, or the product of several. Written into code, each stands in braces with its
index, as in ``x0.reshape({2:b}*{3:q}, {4:d})``. From that text come the program with numbers, which is shown, and the
one with names, which runs for every size.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

_SIZE = re.compile(r"\{(\d+):([^{}]+)\}")
_PRODUCT = re.compile(r"\{[^{}]+\}(?:\*\{[^{}]+\})*")


class Extent(int):
    """The product of the sizes of some indices. With anything but another product it computes as a plain number.

    >>> rows = math.prod([Extent.of("b", 2), Extent.of("...0", 3)])
    >>> rows == 6, str(rows), str(rows + 1)
    (True, '{2:b}*{3:...0}', '7')
    """

    written: str

    @classmethod
    def of(cls, letter: str, size: int) -> Extent:
        return cls._written(f"{{{size}:{letter}}}", size)

    @classmethod
    def _written(cls, written: str, size: int) -> Extent:
        extent = cls(size)
        extent.written = written
        return extent

    def __mul__(self, other: int) -> int:
        if isinstance(other, Extent):
            return self._written(f"{self.written}*{other.written}", int(self) * int(other))
        return self if other == 1 else int(self) * other

    def __rmul__(self, other: int) -> int:  # math.prod begins with the number 1
        return self * other

    def __str__(self) -> str:
        return self.written


def with_numbers(code: str) -> str:
    """Return the code with a number in place of each product of sizes.

    >>> with_numbers("x0.reshape({2:b}*{3:q}, {4:d})")
    'x0.reshape(6, 4)'
    """
    return _PRODUCT.sub(lambda match: str(math.prod(int(size) for size, _ in _SIZE.findall(match[0]))), code)


def with_names(code: str, names: Mapping[str, str]) -> str:
    """Return the code with a name in place of each size.

    >>> with_names("x0.reshape({2:b}*{3:q}, {4:d})", {"b": "n0", "q": "n1", "d": "n2"})
    'x0.reshape(n0*n1, n2)'
    """
    return _SIZE.sub(lambda match: names[match[2]], code)


def indices_in(code: str) -> tuple[str, ...]:
    """Return the indices whose sizes the code contains, each once, as they occur."""
    return tuple(dict.fromkeys(letter for _, letter in _SIZE.findall(code)))
