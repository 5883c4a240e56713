"""The notation of einsum: what an equation says, before any sizes are known.

The grammar is `torch.einsum`'s: terms of letters, separated by commas, then perhaps ``->`` and the output. A term may
hold one ellipsis. Spaces may stand between the parts, but not inside ``...`` or ``->``. Without an output, the ellipsis
comes first, then each letter that occurs once, in alphabetical order with the capitals before the small letters.
"""

from __future__ import annotations

import operator
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import EllipsisType, NoneType
from typing import Any, SupportsIndex

from ..report import public

ELLIPSIS = "..."
_LETTERS = string.ascii_uppercase + string.ascii_lowercase  # in the order of the sublist format's numbers


@public
class EinsumError(ValueError, RuntimeError):
    """What einsum refuses. Both a ValueError, as in NumPy, and a RuntimeError, as in torch.

    The message says what is wrong, quotes the equation, and points at the place.

    .. versionadded:: 0.2.0

    Examples
    --------
    >>> from tensorglass import EinsumError, plan_einsum
    >>> try:
    ...     plan_einsum("ij,jk->ik", (2, 3), (4, 5))
    ... except EinsumError as error:
    ...     print(error)
    index j has size 3 in operand 0 and size 4 in operand 1; expected equal sizes, or 1
      ij,jk->ik
       ^ ^
    >>> issubclass(EinsumError, ValueError), issubclass(EinsumError, RuntimeError)
    (True, True)
    """


@dataclass(frozen=True)
class Term:
    """One term of an equation: its letters, with `ELLIPSIS` as one of them, and where each stands in the text."""

    letters: tuple[str, ...]
    places: tuple[int, ...]

    def __str__(self) -> str:
        return "".join(self.letters)


@dataclass(frozen=True)
class Equation:
    """An equation that obeys the grammar.

    Attributes
    ----------
    text : str
        As it was written.
    terms : tuple of Term
        One for each operand.
    output : Term
        The output. If none was written, the one that follows from the terms; it then has no places.
    """

    text: str
    terms: tuple[Term, ...]
    output: Term

    def refused(self, problem: str, *places: int) -> EinsumError:
        return refused(problem, self.text, *places)


def refused(problem: str, text: str, *places: int) -> EinsumError:
    """Return the error for an equation: the problem, the equation quoted, and under it what it is about.

    >>> print(refused("letter 1 is no letter", "i1->i", 1))
    letter 1 is no letter
      i1->i
       ^
    """
    text = "".join(character if character.isprintable() else " " for character in text)  # so that the marks fit
    lines = [problem, f"  {text}"]
    if places:
        lines.append("  " + "".join("^" if place in places else " " for place in range(max(places) + 1)))
    return EinsumError("\n".join(lines))


def parse(text: str) -> Equation:
    """Read an equation.

    Raises
    ------
    EinsumError
        If it breaks the grammar.

    Examples
    --------
    >>> equation = parse("bij, bjk -> bik")
    >>> [str(term) for term in equation.terms], str(equation.output)
    (['bij', 'bjk'], 'bik')
    >>> str(parse("bj,ja").output), str(parse("...ij,Bj").output)
    ('ab', '...Bi')
    """
    terms, output, at = [], None, 0
    letters: list[tuple[str, int]] = []
    while at < len(text):
        if text.startswith("->", at) and output is None:
            terms.append(_term(letters))
            letters, output = [], at
            at += 2
        elif text[at] == "," and output is None:
            terms.append(_term(letters))
            letters = []
            at += 1
        elif text.startswith(ELLIPSIS, at):
            if ELLIPSIS in (letter for letter, _ in letters):
                raise refused("a second ellipsis in one term; a term holds at most one", text, *range(at, at + 3))
            letters.append((ELLIPSIS, at))
            at += 3
        elif text[at] in _LETTERS:
            letters.append((text[at], at))
            at += 1
        elif text[at] == " ":
            at += 1
        else:
            raise refused(_unexpected(text, at, output is not None), text, at)
    if output is None:
        terms.append(_term(letters))
        return Equation(text, tuple(terms), _implicit_output(terms))
    equation = Equation(text, tuple(terms), _term(letters))
    _check_output(equation)
    return equation


def from_sublists(
    sublists: Sequence[Iterable[SupportsIndex | EllipsisType]], output: Iterable[SupportsIndex | EllipsisType] | None
) -> str:
    """Return the equation that lists of numbers stand for: 0 to 25 are the capitals, 26 to 51 the small letters.

    >>> from_sublists([[26, 27], [27, ...]], [26, ...]), from_sublists([[0, 0]], None)
    ('ab,b...->a...', 'AA')
    >>> from_sublists([range(2), (1, 2)], range(2))
    'AB,BC->AB'
    """
    text = ",".join("".join(map(_letter, sublist)) for sublist in sublists)
    return text if output is None else f"{text}->{''.join(map(_letter, output))}"


def _letter(number: Any) -> str:
    if isinstance(number, EllipsisType):
        return ELLIPSIS
    expected = "expected integers from 0 to 51 or Ellipsis"
    try:
        place = operator.index(number + 0)  # a boolean is a number to torch, in an array or a tensor too
    except TypeError:
        shown = f"{number!r}" if isinstance(number, (str, float, complex, NoneType)) else type(number).__name__
        raise TypeError(f"a sublist contains {shown}; {expected}") from None
    if not 0 <= place < len(_LETTERS):
        raise EinsumError(f"a sublist contains {place}; {expected}")
    return _LETTERS[place]


def _term(letters: list[tuple[str, int]]) -> Term:
    return Term(tuple(letter for letter, _ in letters), tuple(place for _, place in letters))


def _implicit_output(terms: list[Term]) -> Term:
    counts = Counter(letter for term in terms for letter in term.letters)
    ellipsis = (ELLIPSIS,) if counts.pop(ELLIPSIS, 0) else ()
    return Term((*ellipsis, *sorted(letter for letter, count in counts.items() if count == 1)), ())


def _check_output(equation: Equation) -> None:
    known = {letter for term in equation.terms for letter in term.letters} | {ELLIPSIS}
    output = equation.output
    for letter, place in zip(output.letters, output.places, strict=True):
        if letter not in known:
            raise equation.refused(f"letter {letter} of the output occurs in no operand", place)
        if output.letters.count(letter) > 1:
            every = (at for other, at in zip(output.letters, output.places, strict=True) if other == letter)
            raise equation.refused(f"letter {letter} occurs more than once in the output", *every)


def _unexpected(text: str, at: int, in_output: bool) -> str:
    if text[at] == ".":
        return "a dot that is not part of an ellipsis; expected '...' without spaces"
    if text[at] in ("-", ">") and not in_output:
        return f"unexpected {text[at]!r}; expected '->' without spaces, once"
    where = "in the output" if in_output else "in a term"
    return f"unexpected {text[at]!r} {where}; expected letters from a to z or A to Z, '...' or spaces"
