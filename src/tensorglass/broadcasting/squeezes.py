"""Which size-1 axes to remove, so that a result is not larger than every operand.

Shapes such as (8, 1) and (8,) broadcast to (8, 8), and no error is raised. Most often an axis of size 1 was left over
by what came before: a column of a table, a linear layer with one output.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence

from ..shapes import Shape, broadcast_shape, operand_name
from .fixes import AT_MOST, BroadcastFix

Removed = tuple[int, ...]  # the axes removed from one operand, counted from the front
_SEARCH_LIMIT = 2_000  # many axes of size 1 can be removed in many ways: past this, what was found is enough


def find_squeezes(shapes: Sequence[Shape]) -> tuple[BroadcastFix, ...]:
    """Return the first ten removals after which the result has no more elements than the largest operand.

    Fewest removed axes first, then fewest elements in the result. A removal that holds a smaller one that does is
    left out.

    >>> [squeeze.code for squeeze in find_squeezes([(1, 16, 32), (16, 1, 32)])]
    ['a + b.squeeze(1)']
    >>> find_squeezes([(4, 1), (3,)])
    ()
    """
    most = max(map(math.prod, shapes))
    found: list[tuple[int, int, BroadcastFix]] = []
    kept: list[set[tuple[int, int]]] = []
    for removed in itertools.islice(_removals(shapes), _SEARCH_LIMIT):
        places = {(i, axis) for i, axes in enumerate(removed) for axis in axes}
        if any(each.issubset(places) for each in kept):
            continue
        squeeze = _squeeze(shapes, removed)
        if squeeze is not None and squeeze.elements <= most:
            kept.append(places)
            found.append((len(places), squeeze.elements, squeeze))
    return tuple(squeeze for *_, squeeze in heapq.nsmallest(AT_MOST, found, key=lambda each: each[:2]))


def _removals(shapes: Sequence[Shape]) -> Iterator[tuple[Removed, ...]]:
    """Yield the ways to remove axes of size 1 from the operands, fewest axes first."""
    places = [(i, axis) for i, shape in enumerate(shapes) for axis, size in enumerate(shape) if size == 1]
    for others in range(len(places)):
        for chosen in itertools.combinations(places, others + 1):
            yield tuple(tuple(axis for j, axis in chosen if j == i) for i in range(len(shapes)))


def _squeeze(shapes: Sequence[Shape], removed: Sequence[Removed]) -> BroadcastFix | None:
    new_shapes = tuple(
        tuple(size for axis, size in enumerate(shape) if axis not in axes)
        for shape, axes in zip(shapes, removed, strict=True)
    )
    result = broadcast_shape(new_shapes)
    if result is None:
        return None
    code = " + ".join(operand_name(i) + _squeeze_code(axes) for i, axes in enumerate(removed))
    return BroadcastFix(code=code, shapes=new_shapes, result=result, inserted=0, elements=math.prod(result))


def _squeeze_code(axes: Removed) -> str:
    if not axes:
        return ""
    return f".squeeze({axes[0] if len(axes) == 1 else axes})"
