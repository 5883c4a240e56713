"""The set of places that a strided layout visits, without visiting them.

A layout with sizes and strides reaches the places ``sum(index * stride)``. That set is the sum of one arithmetic
progression per axis, and most questions about it have an answer that does not depend on how many elements there are:
how many places there are, whether two elements meet in one, whether two sets do. Everything here is integers; a unit
is a cell or a byte, whichever the caller counts in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Axes = tuple[tuple[int, int], ...]  # (count, step), one pair per axis
# Irregular sets, as of two axes with the strides 2 and 3, are counted by listing, but only up to this many places:
# they take 8 MiB.
LISTED_AT_MOST = 1 << 20


@dataclass(frozen=True)
class Places:
    """The places ``start + sum(i * step)`` for every ``0 <= i < count`` along each axis; `empty` if there are none.

    Build it with `Places.of`, which folds the axes, so that equal sets mostly compare equal.
    """

    start: int
    axes: Axes
    empty: bool

    @staticmethod
    def of(start: int, axes: Iterable[tuple[int, int]]) -> Places:
        axes = tuple(axes)
        empty = any(count == 0 for count, _ in axes)
        return Places(start, () if empty else fold(axes), empty)

    @property
    def stop(self) -> int:
        """The end of the smallest interval that holds all places."""
        return self.start if self.empty else self.start + span(self.axes)

    @property
    def is_interval(self) -> bool:
        return not self.axes or (len(self.axes) == 1 and self.axes[0][1] == 1)

    def count(self) -> int | None:
        """Return the number of distinct places, or None if they are irregular and too many to list."""
        if self.empty:
            return 0
        listed = math.prod(count for count, _ in self.axes)
        if is_injective(self.axes):
            return listed
        return len(np.unique(_listed(self.axes))) if listed <= LISTED_AT_MOST else None

    def meets(self, other: Places) -> bool:
        """Return whether the two sets have a place in common, exactly."""
        if self.empty or other.empty or self.stop <= other.start or other.stop <= self.start:
            return False
        if self.is_interval and other.is_interval:
            return True
        first = min(self.start, other.start)
        return np.shares_memory(_as_array(self, first), _as_array(other, first))


def fold(axes: Iterable[tuple[int, int]]) -> Axes:
    """Return axes that visit the same places, as few as are found, in the order of their steps.

    An axis of size 1 or stride 0 adds no place. An axis whose step is k steps of a finer axis with at least k places
    continues that axis.

    >>> fold([(3, 4), (4, 1)]), fold([(5, 1), (3, 1)]), fold([(100, 0), (3, 2)])
    (((12, 1),), ((7, 1),), ((3, 2),))
    """
    found = sorted(((count, step) for count, step in axes if count > 1 and step > 0), key=lambda axis: axis[1])
    folded: list[tuple[int, int]] = []
    for count, step in found:
        for i, (finer_count, finer_step) in enumerate(folded):
            times, rest = divmod(step, finer_step)
            if rest == 0 and times <= finer_count:
                folded[i] = (finer_count + times * (count - 1), finer_step)
                break
        else:
            folded.append((count, step))
    return tuple(folded) if len(folded) == len(found) else fold(folded)  # a longer axis may take up another one


def span(axes: Axes) -> int:
    """Return how many places lie from the first one to the last one.

    >>> span(((3, 4), (2, 1)))
    10
    """
    return 1 + sum(step * (count - 1) for count, step in axes)


def is_injective(axes: Axes) -> bool:
    """Return whether each step leaps over all that the finer axes reach, so that no two indices meet.

    False means that this was not shown: the steps 2 and 3 with 3 and 2 places never meet.

    >>> is_injective(((4, 1), (3, 4))), is_injective(((4, 1), (3, 3))), is_injective(((3, 2), (2, 3)))
    (True, False, False)
    """
    ordered = sorted(axes, key=lambda axis: axis[1])
    return all(step >= span(tuple(ordered[:i])) for i, (_, step) in enumerate(ordered))


def collide(shape: Sequence[int], stride: Sequence[int]) -> bool:
    """Return whether two different indices of a layout reach the same place, exactly.

    Two indices that meet differ first in some axis k. Taking their difference, that is a meeting of the places of
    the axes after k with the same places moved by 1 or more steps along k.

    >>> collide((3, 2), (2, 3)), collide((4, 3), (2, 3)), collide((3, 3), (0, 1))
    (False, True, True)
    """
    if 0 in shape:
        return False
    axes = tuple((n, step) for n, step in zip(shape, stride, strict=True) if n != 1)
    if is_injective(axes):
        return False
    for k, (count, step) in enumerate(axes):
        finer = axes[k + 1 :]
        if Places.of(0, finer).meets(Places.of(step, [(count - 1, step), *finer])):
            return True
    return False


def union_count(sets: Iterable[Places]) -> int | None:
    """Return how many places the sets have together, or None if they are irregular and too many to list.

    >>> union_count([Places.of(0, [(10, 1)]), Places.of(5, [(10, 1)]), Places.of(100, [(3, 2)])])
    18
    """
    distinct = {places for places in sets if not places.empty}
    if len(distinct) == 1:
        return distinct.pop().count()
    if sum(math.prod(count for count, step in places.axes if step > 1) for places in distinct) > LISTED_AT_MOST:
        return None
    listed = [runs(places) for places in distinct]
    starts = np.concatenate([np.zeros(0, np.int64), *(start for start, _ in listed)])
    stops = np.concatenate([np.zeros(0, np.int64), *(start + length for start, length in listed)])
    order = np.argsort(starts)
    starts, stops = starts[order], np.maximum.accumulate(stops[order])
    # Each run adds what lies beyond the furthest place that an earlier run reached.
    earlier = np.concatenate([np.full(1, np.iinfo(np.int64).min), stops])[:-1]
    return int(np.maximum(stops - np.maximum(starts, earlier), 0).sum())


def runs(places: Places) -> tuple[np.ndarray[Any, Any], int]:
    """Return where the runs of neighbouring places start, and how long each is."""
    length = math.prod(count for count, step in places.axes if step == 1)
    return places.start + _listed(tuple(axis for axis in places.axes if axis[1] > 1)), length


def _listed(axes: Axes) -> np.ndarray[Any, Any]:
    places = np.zeros(1, np.int64)
    for count, step in axes:
        places = np.add.outer(places, step * np.arange(count, dtype=np.int64)).ravel()
    return places


class _Layout:
    """What NumPy needs to make an array of a layout. The addresses are made up, and NumPy never reads from them."""

    def __init__(self, address: int, axes: Axes) -> None:
        self.__array_interface__ = {
            "version": 3,
            "data": (address, True),
            "shape": tuple(count for count, _ in axes),
            "strides": tuple(step for _, step in axes),
            "typestr": "|u1",
        }


def _as_array(places: Places, first: int) -> np.ndarray[Any, Any]:
    return np.asarray(_Layout(1 + places.start - first, places.axes))
