"""Where to insert size-1 axes, so that shapes broadcast: the search behind `explain_broadcast(...).fixes`.

An alignment decides, column by column from the last axis backwards, which operands put an axis of their own into the
column. The sizes of a column must be equal or 1. An operand that still has axes to place but sits a column out gets a
size-1 axis inserted there. An operand that has placed all its axes needs nothing: missing leading axes broadcast
anyway.

The columns form the edges of a graph whose nodes say how many axes each operand has left. `_best_rest` knows the exact
cost of the best way from each node to the end, so a best-first search meets the alignments in their order.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ..report import public
from ..shapes import Shape, broadcast_shape, operand_name

Column = tuple[bool, ...]  # per operand: does it sit this column out?
Cost = tuple[int, int]  # axes inserted, elements of the result
AT_MOST = 10  # to choose from; those after them insert more axes, for larger results
_SEARCH_LIMIT = 20_000  # many equal sizes give many alignments of the same shapes: past this, what was found is enough


@public
@dataclass(frozen=True)
class BroadcastFix:
    """One way to make shapes broadcast, or their result smaller, by inserting or by removing size-1 axes.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    code : str
        An expression in `a`, `b`, ... that adds the operands and works.
    shapes : tuple of tuple of int
        The operands' shapes afterwards.
    result : tuple of int
        The shape of the result.
    inserted : int
        How many axes are inserted, over all operands; 0 where axes are removed.
    elements : int
        How many elements the result has.
    """

    code: str
    shapes: tuple[Shape, ...]
    result: Shape
    inserted: int
    elements: int


def find_fixes(shapes: Sequence[Shape]) -> tuple[BroadcastFix, ...]:
    """Return the first ten insertions that make the shapes broadcast.

    Fewest inserted axes first, then fewest elements in the result.

    >>> [fix.code for fix in find_fixes([(3,), (3, 4)])][:2]
    ['a[:, None] + b', 'a + b[:, :, None]']
    """
    found: dict[tuple[Shape, ...], BroadcastFix] = {}
    for columns in itertools.islice(_alignments(tuple(shapes), _inserted_first), _SEARCH_LIMIT):
        fix = _fix(shapes, columns)
        found.setdefault(fix.shapes, fix)
        if len(found) == AT_MOST:
            break
    return tuple(found.values())


def find_smallest_fix(shapes: Sequence[Shape]) -> BroadcastFix:
    """Return the insertions that give the result with the fewest elements.

    >>> find_smallest_fix([(64, 3, 8, 8), (3,)]).code
    'a + b[:, None, None]'
    """
    return _fix(shapes, next(_alignments(tuple(shapes), _elements_first)))


def _inserted_first(cost: Cost) -> Cost:
    return cost


def _elements_first(cost: Cost) -> Cost:
    inserted, elements = cost
    return elements, inserted


def _alignments(shapes: tuple[Shape, ...], order: Callable[[Cost], Cost]) -> Iterator[tuple[Column, ...]]:
    """Yield alignments, each with its last column first, the cheapest alignment first."""
    best_rest = _best_rest(shapes, order)
    start = tuple(map(len, shapes))
    # An entry: the cost of the best alignment that begins this way, the columns so far (they also break ties, in
    # favour of wide columns), then the cost of those columns and the axes that are left.
    heap: list[tuple[Cost, tuple[Column, ...], Cost, Shape]] = [(order(best_rest(start)), (), (0, 1), start)]
    while heap:
        _, columns, so_far, left = heapq.heappop(heap)
        if not any(left):
            yield columns
            continue
        for column, size in _next_columns(shapes, left):
            cost = _together(so_far, (_insertions(left, column), size))
            now_left = _place(left, column)
            best = _together(cost, best_rest(now_left))
            heapq.heappush(heap, (order(best), (*columns, column), cost, now_left))


def _best_rest(shapes: tuple[Shape, ...], order: Callable[[Cost], Cost]) -> Callable[[Shape], Cost]:
    """Return a function from the axes left to the cost of the best way to place them."""

    @cache
    def best(left: Shape) -> Cost:
        if not any(left):
            return 0, 1
        costs = (
            _together((_insertions(left, column), size), best(_place(left, column)))
            for column, size in _next_columns(shapes, left)
        )
        return min(costs, key=order)

    return best


def _together(a: Cost, b: Cost) -> Cost:
    return a[0] + b[0], a[1] * b[1]


def _next_columns(shapes: Sequence[Shape], left: Shape) -> Iterator[tuple[Column, int]]:
    """Yield each column that the next axes allow, with its size: all that take part agree, or have size 1."""
    choices = [(False, True) if count else (True,) for count in left]
    for column in itertools.product(*choices):
        if all(column):
            continue
        sizes = {shape[count - 1] for shape, count, out in zip(shapes, left, column, strict=True) if not out} - {1}
        if len(sizes) <= 1:
            yield column, max(sizes, default=1)


def _place(left: Shape, column: Column) -> Shape:
    return tuple(count if out else count - 1 for count, out in zip(left, column, strict=True))


def _insertions(left: Shape, column: Column) -> int:
    return sum(out and count > 0 for count, out in zip(left, column, strict=True))


def _fix(shapes: Sequence[Shape], columns: tuple[Column, ...]) -> BroadcastFix:
    indices = [_index(len(shape), [column[i] for column in columns]) for i, shape in enumerate(shapes)]
    new_shapes = tuple(_indexed_shape(shape, index) for shape, index in zip(shapes, indices, strict=True))
    result = broadcast_shape(new_shapes)
    assert result is not None  # each column was chosen so that it broadcasts
    return BroadcastFix(
        code=" + ".join(operand_name(i) + _index_code(index) for i, index in enumerate(indices)),
        shapes=new_shapes,
        result=result,
        inserted=sum(index.count(None) for index in indices),
        elements=math.prod(result),
    )


def _index(rank: int, sits_out: Sequence[bool]) -> list[slice | None]:
    """Return the index that inserts this operand's axes: `None` for a new axis, a full slice for one of its own."""
    index: list[slice | None] = []
    for out in sits_out:
        if rank == 0:
            break
        index.append(None if out else slice(None))
        rank -= not out
    return index[::-1]


def _indexed_shape(shape: Shape, index: Sequence[slice | None]) -> Shape:
    sizes = iter(shape)
    return tuple(1 if entry is None else next(sizes) for entry in index)


def _index_code(index: Sequence[slice | None]) -> str:
    """Return the index as code, without the full slices at its end, which change nothing."""
    entries = ["None" if entry is None else ":" for entry in index]
    while entries and entries[-1] == ":":
        entries.pop()
    return f"[{', '.join(entries)}]" if entries else ""
