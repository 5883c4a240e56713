"""The indices of an einsum: what each letter of an equation stands for, once the shapes are known.

The same letter is the same index. It is summed exactly when the output lacks it. Sizes of one letter broadcast between
operands, as in `torch.einsum`, so that 1 is stretched; within one operand they must be equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from ..report import counted, public
from ..shapes import Shape, broadcast_axis_size
from .equation import ELLIPSIS, Equation, Term


@public
@dataclass(frozen=True)
class Index:
    """One index of an einsum.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    letter : str
        Its letter; the axes that an ellipsis covers are called ``...0``, ``...1`` and so on, from the left.
    size : int
        How many values it takes.
    roles : tuple of str
        First `batch` (in the output and in several operands), `free` (in the output and in one operand) or `summed`
        (not in the output); then, where it is so, `diagonal` (it occurs twice in one operand) and `broadcast` (it has
        size 1 in some operand, and is stretched there).
    operands : tuple of int
        The positions of the operands in which it occurs.
    """

    letter: str
    size: int
    roles: tuple[str, ...]
    operands: tuple[int, ...]


@public
@dataclass(frozen=True)
class Contraction:
    """An equation with its shapes, each ellipsis spelled out as letters ``...0``, ``...1``, and so on.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    equation : Equation
        The text, and where its letters stand in it.
    shapes : tuple of tuple of int
        One shape for each operand.
    terms : tuple of tuple of str
        The letters of each operand's axes.
    output : tuple of str
        The letters of the result's axes.
    sizes : dict of str to int
        The size of each index.
    """

    equation: Equation
    shapes: tuple[Shape, ...]
    terms: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]
    sizes: dict[str, int] = field(hash=False)

    @property
    def result(self) -> Shape:
        """The shape of the result."""
        return tuple(self.sizes[letter] for letter in self.output)

    def indices(self) -> tuple[Index, ...]:
        """Return all indices: those of the output in its order, then the summed ones as they occur."""
        letters = dict.fromkeys([*self.output, *(letter for term in self.terms for letter in term)])
        return tuple(self._index(letter) for letter in letters)

    def warnings(self) -> tuple[str, ...]:
        """Return a sentence for each silent trap: what torch accepts and few people mean."""
        return (*self._summed_ellipsis(), *self._summed_apart(), *self._stretched(), *self._stretched_both_ways())

    def _index(self, letter: str) -> Index:
        operands = tuple(i for i, term in enumerate(self.terms) if letter in term)
        kept = "batch" if len(operands) > 1 else "free"
        roles = [kept if letter in self.output else "summed"]
        if any(term.count(letter) > 1 for term in self.terms):
            roles.append("diagonal")
        if any(self._size_in(i, letter) != self.sizes[letter] for i in operands):
            roles.append("broadcast")
        return Index(letter, self.sizes[letter], tuple(roles), operands)

    def _size_in(self, operand: int, letter: str) -> int:
        return self.shapes[operand][self.terms[operand].index(letter)]

    def _summed_ellipsis(self) -> Iterator[str]:
        hidden = [i for i in self.indices() if i.letter.startswith(ELLIPSIS) and i.letter not in self.output]
        if hidden:
            sizes = ", ".join(str(index.size) for index in hidden)
            yield (
                f"the ellipsis covers axes of size {sizes}, and the output has no ellipsis: they are summed "
                "(numpy.einsum refuses this)"
            )

    def _summed_apart(self) -> Iterator[str]:
        """Tell of summed letters that no two operands share, where at least two operands have one each.

        ``oi,j->o`` is the usual slip for ``oi,i->o``: what was to be one sum of products is a product of two sums. One
        such letter alone, as in ``bij,bi->b``, is a sum that people mean, and so is every sum over a single operand.
        """
        alone = [i for i in self.indices() if i.roles[0] == "summed" and len(i.operands) == 1 and i.size != 1]
        alone = [index for index in alone if not index.letter.startswith(ELLIPSIS)]
        if len({index.operands for index in alone}) > 1:
            listed = " and ".join(f"{index.letter} in operand {index.operands[0]}" for index in alone)
            yield (
                f"letters that one operand has alone and the output lacks: {listed}; each is summed apart from the "
                "other operands, and what was meant may be one letter"
            )

    def _stretched(self) -> Iterator[str]:
        for index in self.indices():
            if "broadcast" in index.roles and not index.letter.startswith(ELLIPSIS):
                small = [i for i in index.operands if self._size_in(i, index.letter) == 1]
                large = next(i for i in index.operands if i not in small)
                refused = " (a matrix product refuses this)" if index.roles[0] == "summed" else ""
                yield (
                    f"index {index.letter} has size 1 in operand {small[0]} and size {index.size} in operand {large}: "
                    f"it is stretched{refused}"
                )

    def _stretched_both_ways(self) -> Iterator[str]:
        """Tell of two operands that the ellipsis stretches along different axes, as ``(n, 1) * (1, n)`` does.

        One operand stretched to fit another is what an ellipsis is for. Two that stretch each other make a result
        larger than both, which is rarely meant.
        """
        hidden = [i for i in self.indices() if i.letter.startswith(ELLIPSIS) and i.letter in self.output]
        for one, other in combinations(hidden, 2):
            in_one, in_other = self._stretched_in(one), self._stretched_in(other)
            if in_one - in_other and in_other - in_one:
                yield (
                    f"{_named(one.letter)} is stretched in operand {min(in_one - in_other)}, and "
                    f"{_named(other.letter)} in operand {min(in_other - in_one)}: the result has all their pairs"
                )
                return

    def _stretched_in(self, index: Index) -> set[int]:
        """Return the operands with an ellipsis in which the axis of an ellipsis has size 1, or is missing."""
        dotted = {i for i, term in enumerate(self.equation.terms) if ELLIPSIS in term.letters}
        return {i for i in dotted if i not in index.operands or self._size_in(i, index.letter) == 1}


def contraction(equation: Equation, shapes: tuple[Shape, ...]) -> Contraction:
    """Match an equation with the shapes of its operands.

    Raises
    ------
    EinsumError
        If the number of operands, the number of their axes or their sizes do not fit.

    Examples
    --------
    >>> from tensorglass.contraction.equation import parse
    >>> matched = contraction(parse("...ij,jk"), ((5, 2, 3), (3, 4)))
    >>> matched.terms, matched.output, matched.result
    ((('...0', 'i', 'j'), ('j', 'k')), ('...0', 'i', 'k'), (5, 2, 4))
    """
    if len(shapes) != len(equation.terms):
        raise equation.refused(
            f"the equation has {counted(len(equation.terms), 'term')}; expected as many operands, got {len(shapes)}"
        )
    covered = [_covered(equation, i, shape) for i, shape in enumerate(shapes)]
    rank = max(covered)
    ellipsis = tuple(f"{ELLIPSIS}{i}" for i in range(rank))
    terms = tuple(
        _spelled_out(term, ellipsis[rank - count :]) for term, count in zip(equation.terms, covered, strict=True)
    )
    _check_diagonals(equation, terms, shapes)
    sizes = {letter: _size(equation, letter, terms, shapes) for term in terms for letter in term}
    return Contraction(equation, shapes, terms, _spelled_out(equation.output, ellipsis), sizes)


def _covered(equation: Equation, operand: int, shape: Shape) -> int:
    """Return how many axes of the operand its ellipsis covers."""
    term = equation.terms[operand]
    has_ellipsis = ELLIPSIS in term.letters
    named = len(term.letters) - has_ellipsis
    if len(shape) >= named if has_ellipsis else len(shape) == named:
        return len(shape) - named
    least = "at least " if has_ellipsis else ""
    raise equation.refused(
        f"operand {operand} has the shape {shape}, {'1 axis' if len(shape) == 1 else f'{len(shape)} axes'}; "
        f"expected {least}{named}, one for each letter of its term {str(term)!r}",
        *_marked(term),
    )


def _marked(term: Term) -> Iterator[int]:
    for letter, place in zip(term.letters, term.places, strict=True):
        yield from range(place, place + len(letter))


def _spelled_out(term: Term, ellipsis: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for letter in term.letters for name in (ellipsis if letter == ELLIPSIS else (letter,)))


def _check_diagonals(equation: Equation, terms: tuple[tuple[str, ...], ...], shapes: tuple[Shape, ...]) -> None:
    for operand, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        for letter in term:
            sizes = [size for name, size in zip(term, shape, strict=True) if name == letter]
            if len(set(sizes)) > 1:
                listed = " and ".join(map(str, sizes))
                problem = (
                    f"index {letter} is repeated in operand {operand} with the sizes {listed}; expected equal sizes"
                )
                raise equation.refused(problem, *_places(equation, operand, letter))


def _size(equation: Equation, letter: str, terms: tuple[tuple[str, ...], ...], shapes: tuple[Shape, ...]) -> int:
    pairs = enumerate(zip(terms, shapes, strict=True))
    sizes = {i: shape[term.index(letter)] for i, (term, shape) in pairs if letter in term}
    size = broadcast_axis_size(sizes.values())
    if size is not None:
        return size
    first = next(i for i, count in sizes.items() if count != 1)
    other = next(i for i, count in sizes.items() if count not in (1, sizes[first]))
    raise equation.refused(
        f"{_named(letter)} has size {sizes[first]} in operand {first} and size {sizes[other]} in operand {other}; "
        "expected equal sizes, or 1",
        *_places(equation, first, letter),
        *_places(equation, other, letter),
    )


def _named(letter: str) -> str:
    return f"axis {letter.removeprefix(ELLIPSIS)} of the ellipsis" if letter.startswith(ELLIPSIS) else f"index {letter}"


def _places(equation: Equation, operand: int, letter: str) -> list[int]:
    """Return where the letter stands in the operand's term; for an axis of an ellipsis, where the dots stand."""
    term = equation.terms[operand]
    if letter.startswith(ELLIPSIS):
        letter = ELLIPSIS
    found = (at for name, at in zip(term.letters, term.places, strict=True) if name == letter)
    return [place for at in found for place in range(at, at + len(letter))]
