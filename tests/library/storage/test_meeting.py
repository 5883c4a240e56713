"""Which sets of places meet, against listing every place."""

import random
import time

import pytest

from tensorglass.storage import meeting
from tensorglass.storage.meeting import meeting_groups
from tensorglass.storage.places import Places


def listed(places):
    reached = {places.start}
    for count, step in places.axes:
        reached = {place + step * i for place in reached for i in range(count)}
    return set() if places.empty else reached


def linked(sets):
    groups = []
    for i, places in enumerate(map(listed, sets)):
        touched = [group for group in groups if group[1] & places]
        groups = [group for group in groups if not group[1] & places]
        groups.append(({i}.union(*(g[0] for g in touched)), places.union(*(g[1] for g in touched))))
    return sorted(sorted(members) for members, _ in groups if len(members) > 1)


def drawn_set(generator):
    axes = [(generator.randint(1, 4), generator.choice((1, 2, 3, 5, 12, 40))) for _ in range(generator.randint(0, 3))]
    return Places.of(generator.randint(0, 120), [(0, 1)] if generator.random() < 0.05 else axes)


@pytest.mark.parametrize("listed_at_most", [1 << 20, 6, 0])
def test_groups_are_those_of_listing(monkeypatch, listed_at_most):
    monkeypatch.setattr(meeting, "LISTED_AT_MOST", listed_at_most)
    generator = random.Random(0)
    sizes = set()
    for _ in range(250):
        sets = [drawn_set(generator) for _ in range(generator.randint(0, 9))]
        expected = linked(sets)
        assert meeting_groups(sets) == expected
        sizes |= {len(group) for group in expected}
    assert {2, 3, 4} <= sizes


def test_neighbours_that_touch_do_not_meet():
    assert meeting_groups([Places.of(0, [(4, 1)]), Places.of(4, [(4, 1)])]) == []
    assert meeting_groups([Places.of(0, [(4, 1)]), Places.of(3, [(4, 1)])]) == [[0, 1]]


def test_neighbours_that_touch_are_not_compared(monkeypatch):
    monkeypatch.setattr(meeting, "_links_by_runs", None)
    assert meeting_groups([Places.of(4, [(4, 1)]), Places.of(0, [(4, 1)]), Places.of(-2, [(2, 1)])]) == []


def test_a_pair_is_compared_unless_one_ends_where_the_other_begins(monkeypatch):
    compared = []
    meets = Places.meets
    monkeypatch.setattr(Places, "meets", lambda a, b: compared.append((a.start, b.start)) or meets(a, b))
    monkeypatch.setattr(meeting, "LISTED_AT_MOST", 0)
    sets = [Places.of(0, [(4, 1)]), Places.of(4, [(4, 1)]), Places.of(1, [(6, 1)]), Places.of(4, [(4, 1)])]
    assert meeting_groups(sets) == [[0, 1, 2, 3]]
    assert compared == [(0, 1), (1, 4)]


def test_few_are_listed_and_many_are_compared(monkeypatch):
    called = []
    monkeypatch.setattr(meeting, "_links_by_pairs", lambda *_: called.append(1) or [])
    monkeypatch.setattr(meeting, "LISTED_AT_MOST", 7)
    columns = [Places.of(start, [(3, 2)]) for start in (0, 1)]
    window = Places.of(2, [(7, 1)])  # one run more, of any length
    meeting_groups([*columns, window])
    assert not called
    monkeypatch.setattr(meeting, "LISTED_AT_MOST", 6)
    meeting_groups([*columns, window])
    assert called == [1]


def test_the_longer_group_takes_up_the_shorter_one():
    long, short = [0, 1, 2], [3, 4]
    groups = dict(zip(range(5), [long] * 3 + [short] * 2, strict=True))
    meeting._merge(groups, 4, 1)
    assert (long, short) == ([0, 1, 2, 3, 4], [3, 4])
    assert all(group is long for group in groups.values())


def test_thousands_of_windows_and_of_columns_take_a_moment():
    begun = time.process_time()
    windows = meeting_groups([Places.of(4 * i, [(2000, 1)]) for i in range(4000)])
    columns = meeting_groups([Places.of(4 * i, [(4, 1), (100, 16_000)]) for i in range(4000)])
    assert time.process_time() - begun < 2  # comparing all pairs takes minutes
    assert windows == [list(range(4000))]
    assert columns == []
