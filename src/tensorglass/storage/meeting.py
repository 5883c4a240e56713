"""Which of many sets of places have places in common, directly or through others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from .places import Places, runs

# Runs of one neighbourhood that are listed and sorted together; they take some hundred MiB for a second.
LISTED_AT_MOST = 1 << 22


def meeting_groups(sets: Sequence[Places]) -> list[list[int]]:
    """Return the positions of the sets that are linked by common places, group by group, in order; none of one set.

    Sets far apart are never compared. Within a neighbourhood the runs of all sets are sorted once, so that thousands
    of overlapping windows take as long as sorting them; only where there are too many runs, pairs are compared.

    >>> a, b, c = Places.of(0, [(10, 1)]), Places.of(5, [(10, 1)]), Places.of(15, [(3, 2)])
    >>> meeting_groups([a, c, b])
    [[0, 2]]
    """
    groups = {i: [i] for i in range(len(sets))}  # sets that meet have one list in common
    for members in _neighbourhoods(sets):
        if len(members) == 1:
            continue
        listed = sum(math.prod(count for count, step in sets[i].axes if step > 1) for i in members)
        links = _links_by_runs if listed <= LISTED_AT_MOST else _links_by_pairs
        for i, j in links(sets, members):
            _merge(groups, i, j)
    linked = {id(group): group for group in groups.values() if len(group) > 1}
    return sorted(sorted(group) for group in linked.values())


def _merge(groups: dict[int, list[int]], i: int, j: int) -> None:
    larger, smaller = sorted((groups[i], groups[j]), key=len, reverse=True)
    if larger is not smaller:
        larger += smaller
        groups.update((member, larger) for member in smaller)


def _neighbourhoods(sets: Sequence[Places]) -> list[list[int]]:
    """Return the positions of sets whose intervals form one stretch without a gap."""
    stretches: list[list[int]] = []
    reached = -math.inf
    for i in sorted((i for i in range(len(sets)) if not sets[i].empty), key=lambda i: sets[i].start):
        if sets[i].start >= reached:
            stretches.append([])
        stretches[-1].append(i)
        reached = max(reached, sets[i].stop)
    return stretches


def _links_by_runs(sets: Sequence[Places], members: list[int]) -> Iterator[tuple[int, int]]:
    """Yield pairs that are linked: a stretch of overlapping runs links all sets that it consists of."""
    listed = [runs(sets[i]) for i in members]
    owners = np.repeat(members, [len(starts) for starts, _ in listed])
    starts = np.concatenate([starts for starts, _ in listed])
    stops = np.concatenate([starts + length for starts, length in listed])
    order = np.argsort(starts)
    owners, starts, stops = owners[order], starts[order], np.maximum.accumulate(stops[order])
    linked = (starts[1:] < stops[:-1]) & (owners[1:] != owners[:-1])  # a run begins within the stretch before it
    pairs = np.unique(owners[:-1][linked] * len(sets) + owners[1:][linked])
    yield from zip((pairs // len(sets)).tolist(), (pairs % len(sets)).tolist(), strict=True)


def _links_by_pairs(sets: Sequence[Places], members: list[int]) -> Iterator[tuple[int, int]]:
    distinct: dict[Places, int] = {}
    for j in members:
        i = distinct.setdefault(sets[j], j)
        if i != j:
            yield i, j
    reaching: list[int] = []
    for places, j in distinct.items():
        reaching = [i for i in reaching if sets[i].stop > places.start]
        yield from ((i, j) for i in reaching if sets[i].meets(places))
        reaching.append(j)
