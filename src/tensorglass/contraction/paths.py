"""In which order to contract several operands, two at a time.

Few operands have few paths, and all are tried. For more the search is opt_einsum's, though its own costs are not relied
on: its `optimal` search may remember a wrong cost where several operands have the same letters, as in
``ij,jk,kl,jk->il``. So several strategies propose a path, each path's cost is computed here, and the cheapest wins.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import opt_einsum  # type: ignore[import-untyped]

Letters = tuple[str, ...]
Path = tuple[tuple[int, ...], ...]
_ALL_PATHS_AT_MOST = 5  # operands: they have 180 paths, which take a few milliseconds
# Dynamic programming looks at each set of connected operands and at each way to part it: where all share an index, 9
# take a fifth of a second, and each further one three times as long.
_DYNAMIC_PROGRAMMING_AT_MOST = 9


def best_path(terms: Sequence[Letters], output: Letters, sizes: dict[str, int]) -> Path:
    """Return the cheapest path: of all for few operands, of those that the strategies find for more.

    A path is a sequence of pairs of positions. The two operands at these positions are taken away, and their
    contraction is put at the end, as in opt_einsum.

    >>> sizes = dict(zip("ijkl", (300, 300, 300, 300)))
    >>> terms = [tuple(term) for term in ("ij", "jk", "kl", "jk")]
    >>> path = best_path(terms, ("i", "l"), sizes)
    >>> path_cost(path, terms, ("i", "l"), sizes)[0]
    54090000
    """
    proposals = all_paths(len(terms)) if len(terms) <= _ALL_PATHS_AT_MOST else _proposals(terms, output, sizes)
    return min(proposals, key=lambda path: path_cost(path, terms, output, sizes))


def all_paths(count: int) -> Iterator[Path]:
    """Yield every path for so many operands.

    >>> list(all_paths(3))
    [((0, 1), (0, 1)), ((0, 2), (0, 1)), ((1, 2), (0, 1))]
    """
    if count < 2:
        yield ()
        return
    for pair in itertools.combinations(range(count), 2):
        for rest in all_paths(count - 1):
            yield (pair, *rest)


def path_cost(path: Path, terms: Sequence[Letters], output: Letters, sizes: dict[str, int]) -> tuple[int, int]:
    """Return the multiplications of a path, and the elements of its intermediate results."""
    left = list(terms)
    multiplications = elements = 0
    for pair in path:
        first, second = (left.pop(place) for place in sorted(pair, reverse=True))
        needed = {*output, *(letter for term in left for letter in term)}
        first, second = shared_letters(first, second, needed), shared_letters(second, first, needed)
        together = dict.fromkeys([*first, *second])
        result = tuple(letter for letter in together if letter in needed)
        multiplications += math.prod(sizes[letter] for letter in together)
        elements += math.prod(sizes[letter] for letter in result)
        left.append(result)
    return multiplications, elements


def shared_letters(term: Letters, other: Letters, needed: set[str]) -> Letters:
    """Return the letters of a term without those that are summed before it meets the other: nobody else has them."""
    return tuple(letter for letter in term if letter in needed or letter in other)


def _proposals(terms: Sequence[Letters], output: Letters, sizes: dict[str, int]) -> Iterator[Path]:
    """Yield the paths of opt_einsum's strategies."""
    symbols = {letter: opt_einsum.get_symbol(i) for i, letter in enumerate(sizes)}
    written = ",".join("".join(symbols[letter] for letter in term) for term in terms)
    equation = f"{written}->{''.join(symbols[letter] for letter in output)}"
    shapes = [tuple(max(sizes[letter], 1) for letter in term) for term in terms]  # 0 would make every path free
    strategies = ["auto", "greedy"]
    if len(terms) <= _DYNAMIC_PROGRAMMING_AT_MOST:
        strategies.append("dp")
    for strategy in strategies:
        path, _ = opt_einsum.contract_path(equation, *shapes, shapes=True, optimize=strategy)
        yield tuple(tuple(step) for step in path if len(step) == 2)  # dp also names what is summed alone
