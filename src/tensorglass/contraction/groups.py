"""The letters of two operands as the axes of matrices, in the order that copies the least.

They fall into four groups: `batch` (in both, and still needed), `summed` (in both, and no longer needed), `rows` (only
in the first) and `columns` (only in the second). For a matrix product the axes of each group are merged into one. That
is free of charge as long as they lie in memory as one chunk, so several orders are tried.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..storage.chunks import view_stride
from .program import Value

Letters = tuple[str, ...]
# A broadcast batch of matrices smaller than this costs more than copying them into one large matrix.
SMALL_MATRIX = 64


@dataclass(frozen=True)
class Groups:
    """The letters of two operands, by what happens to them."""

    batch: Letters
    rows: Letters
    columns: Letters
    summed: Letters

    @classmethod
    def of(cls, x: Value, y: Value, needed: Iterable[str]) -> Groups:
        both = [letter for letter in x.letters if letter in y.letters]
        kept = set(needed)
        return cls(
            batch=tuple(letter for letter in both if letter in kept),
            rows=tuple(letter for letter in x.letters if letter not in y.letters),
            columns=tuple(letter for letter in y.letters if letter not in x.letters),
            summed=tuple(letter for letter in both if letter not in kept),
        )

    def swapped(self) -> Groups:
        return replace(self, rows=self.columns, columns=self.rows)


def outer_columns(x: Value, y: Value, groups: Groups) -> Letters:
    """Return the columns to broadcast over: those that lie outside the summed axes, if others lie inside."""
    if groups.batch:
        return ()
    from_outside = in_memory_order(y, (*groups.summed, *groups.columns))
    outer = tuple(itertools.takewhile(lambda letter: letter in groups.columns, from_outside))
    inner = tuple(letter for letter in groups.columns if letter not in outer)
    matrix = math.prod(y.sizes((*groups.summed, *inner)))
    order = cheapest_order(x, y, replace(groups, batch=outer, columns=inner))
    return outer if inner and matrix >= SMALL_MATRIX and _merges(y, order) else ()


def cheapest_order(x: Value, y: Value, groups: Groups, output: Letters = ()) -> Groups:
    """Return the groups with their letters in the order that copies the fewest bytes: if possible, the output's."""
    with_batch = [value for value in (x, y) if all(letter in value.letters for letter in groups.batch)]
    orders = [
        Groups(
            batch=in_memory_order(batch_leader, groups.batch),
            rows=in_memory_order(x, groups.rows),
            columns=in_memory_order(y, groups.columns),
            summed=in_memory_order(summed_leader, groups.summed),
        )
        for batch_leader, summed_leader in itertools.product(with_batch, (x, y))
    ]
    wanted = [in_output_order(x, y, groups, output)] if output else []
    return min(wanted + orders, key=lambda order: copied_bytes(x, y, order))


def in_output_order(x: Value, y: Value, groups: Groups, output: Letters) -> Groups:
    """Return the groups with their letters as in the output, and the summed ones as that copies the fewest bytes."""
    batch, rows, columns = (
        tuple(sorted(part, key=output.index)) for part in (groups.batch, groups.rows, groups.columns)
    )
    orders = [Groups(batch, rows, columns, in_memory_order(leader, groups.summed)) for leader in (x, y)]
    return min(orders, key=lambda order: copied_bytes(x, y, order))


def copied_bytes(x: Value, y: Value, groups: Groups) -> int:
    """Return the bytes that are copied to merge the axes of each group into one."""
    return sum(value.meta.nbytes for value in (x, y) if not _merges(value, groups))


def _merges(value: Value, groups: Groups) -> bool:
    """Whether the axes of each group lie in memory as one chunk, in this order."""
    parts = (groups.batch, groups.rows + groups.columns, groups.summed)
    own = [tuple(letter for letter in part if letter in value.letters) for part in parts]
    letters = tuple(itertools.chain.from_iterable(own))
    shape = tuple(math.prod(value.sizes(part)) for part in own if part)
    return view_stride(value.sizes(letters), value.strides(letters), shape) is not None


def in_memory_order(value: Value, letters: Sequence[str]) -> Letters:
    """Return the letters from the largest stride to the smallest."""
    return tuple(sorted(letters, key=lambda letter: -value.strides((letter,))[0]))


def size_of(letter: str, x: Value, y: Value) -> int:
    return (x if letter in x.letters else y).sizes((letter,))[0]
