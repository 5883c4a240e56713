"""Sets of places, against listing them."""

import itertools
import random

import numpy as np
import pytest

from tensorglass.storage import places as strided
from tensorglass.storage.places import Places, collide, fold, is_injective, span, union_count


def listed(start, axes):
    ranges = [range(count) for count, _ in axes]
    return [
        start + sum(i * step for i, (_, step) in zip(index, axes, strict=True)) for index in itertools.product(*ranges)
    ]


def random_axes(random, rank=4, largest=5, steps=(0, 1, 2, 3, 4, 5, 6, 8, 12, 20)):
    return [(random.randint(0 if random.random() < 0.1 else 1, largest), random.choice(steps)) for _ in range(rank)]


def some_axes(count, seed):
    generator = random.Random(seed)
    return [random_axes(generator, rank=generator.randint(0, 4)) for _ in range(count)]


@pytest.mark.parametrize("seed", range(5))
def test_a_set_is_what_listing_gives(seed):
    for axes in some_axes(1000, seed):
        expected = set(listed(7, axes))
        places = Places.of(7, axes)
        assert places.empty == (not expected)
        assert places.count() == len(expected), axes
        assert places.stop == (max(expected) + 1 if expected else 7), axes
        assert set(listed(7, places.axes)) == expected or not expected
        assert places.is_interval == (places.empty or len(expected) == span(places.axes)), axes
        assert collide(*zip(*axes, strict=True) if axes else ((), ())) == (len(listed(7, axes)) > len(expected)), axes


def test_folding_leaves_no_axis_that_can_be_folded():
    for axes in some_axes(1000, 17):
        folded = fold(axes)
        assert fold(folded) == folded
        assert list(folded) == sorted(folded, key=lambda axis: axis[1])
        for (count, step), (_, coarser) in itertools.combinations(folded, 2):
            assert coarser % step or coarser // step > count


def test_a_longer_axis_takes_up_another_one():
    # Step 4 finds only 3 places of step 1, until step 2 has made them 5.
    assert fold([(3, 1), (2, 2), (2, 4)]) == ((9, 1),)


def test_injective_layouts_never_collide():
    seen = {True: 0, False: 0}
    for axes in some_axes(2000, 3):
        if all(count for count, _ in axes):
            moving = tuple(axis for axis in axes if axis[0] > 1)
            places = listed(0, moving)
            seen[is_injective(moving)] += 1
            assert not is_injective(moving) or len(set(places)) == len(places)
    assert min(seen.values()) > 200


@pytest.mark.parametrize("seed", range(5))
def test_two_sets_meet_when_a_place_is_in_both(seed):
    generator = random.Random(seed)
    outcomes = set()
    for _ in range(1000):
        (a, b) = (random_axes(generator, rank=generator.randint(0, 3)) for _ in range(2))
        start = generator.randint(0, 20)
        expected = bool(set(listed(0, a)) & set(listed(start, b)))
        assert Places.of(0, a).meets(Places.of(start, b)) == expected, (a, start, b)
        assert Places.of(start, b).meets(Places.of(0, a)) == expected, (a, start, b)
        outcomes.add(expected)
    assert outcomes == {True, False}


@pytest.mark.parametrize("seed", range(5))
def test_a_union_counts_each_place_once(seed):
    generator = random.Random(seed)
    for _ in range(500):
        sets = [(generator.randint(0, 30), random_axes(generator, rank=2)) for _ in range(generator.randint(0, 4))]
        expected = len(set().union(*(listed(start, axes) for start, axes in sets)))
        assert union_count(Places.of(start, axes) for start, axes in sets) == expected


def test_huge_sets_take_no_time_and_no_memory():
    huge = 10**12
    rows = Places.of(0, [(huge, 8), (4, 1)])
    others = Places.of(4, [(huge, 8), (4, 1)])
    assert rows.count() == 4 * huge
    assert not rows.meets(others)
    assert rows.meets(Places.of(3, [(huge, 8), (2, 1)]))
    assert union_count([rows, rows]) == 4 * huge
    assert union_count([Places.of(0, [(huge, 1)]), Places.of(5, [(huge, 1)])]) == huge + 5
    assert not collide((huge, 4), (8, 1))
    assert collide((huge, 9), (8, 1))
    assert collide((10**9, 10**9), (2, 3))


def test_what_cannot_be_counted_is_none(monkeypatch):
    irregular = Places.of(0, [(3, 2), (2, 3)])
    assert irregular.count() == 6
    monkeypatch.setattr(strided, "LISTED_AT_MOST", 6)
    assert irregular.count() == 6
    assert union_count([irregular, Places.of(0, [])]) is None
    assert union_count([irregular]) == 6
    monkeypatch.setattr(strided, "LISTED_AT_MOST", 5)
    assert irregular.count() is None
    assert union_count([irregular]) is None
    runs = Places.of(0, [(4, 1), (2, 100)])
    assert union_count([runs, Places.of(1000, [(3, 1), (3, 10)])]) == 4 * 2 + 3 * 3
    assert union_count([runs, Places.of(1000, [(3, 1), (4, 10)])]) is None


def test_the_made_up_addresses_are_never_read():
    with np.errstate(all="raise"):
        assert Places.of(1 << 62, [(2, 3)]).meets(Places.of((1 << 62) + 3, [(2, 5)]))
