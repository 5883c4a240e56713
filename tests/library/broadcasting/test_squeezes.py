"""Removals of size-1 axes, against trying all of them on tensors."""

import itertools
import math

import torch
from small_shapes import SMALL_SHAPES

from tensorglass.broadcasting import squeezes
from tensorglass.broadcasting.fixes import AT_MOST
from tensorglass.broadcasting.squeezes import find_squeezes


def all_removals(shapes):
    """Yield (places, shapes after) of each way to remove axes of size 1, by squeezing tensors."""
    places = [(i, axis) for i, shape in enumerate(shapes) for axis, size in enumerate(shape) if size == 1]
    for count in range(1, len(places) + 1):
        for chosen in itertools.combinations(places, count):
            tensors = [
                torch.empty(shape, device="meta").squeeze([axis for j, axis in chosen if j == i])
                for i, shape in enumerate(shapes)
            ]
            yield set(chosen), tuple(tuple(tensor.shape) for tensor in tensors)


def expected_squeezes(shapes):
    most, kept = max(map(math.prod, shapes)), []
    for places, after in all_removals(shapes):
        try:
            result = tuple(torch.broadcast_shapes(*after))
        except RuntimeError:
            continue
        if math.prod(result) <= most and not any(each <= places for each, *_ in kept):
            kept.append((places, after, result))
    kept.sort(key=lambda each: (len(each[0]), math.prod(each[2])))
    return [(after, result) for _, after, result in kept][:AT_MOST]


def test_every_pair_that_is_stretched_on_both_sides():
    tried = found = 0
    few = [shape for shape in SMALL_SHAPES if len(shape) < 3 or shape in ((1, 2, 3), (2, 1, 3), (1, 1, 2), (2, 1, 1))]
    for pair in itertools.product(few, repeat=2):
        squeezes = find_squeezes(pair)
        assert [(each.shapes, each.result) for each in squeezes] == expected_squeezes(pair), pair
        tried, found = tried + 1, found + bool(squeezes)
        for each in squeezes:
            a, b = (torch.ones(shape) for shape in pair)
            assert tuple(eval(each.code, {"a": a, "b": b}).shape) == each.result
            assert each.elements == math.prod(each.result)
            assert each.inserted == 0
    assert 100 < found < tried


def test_three_operands_and_several_axes():
    shapes = ((1, 1, 2, 3), (2, 1, 3), (2, 1, 1, 1, 3))
    assert [(each.shapes, each.result) for each in find_squeezes(shapes)] == expected_squeezes(shapes)
    (squeeze,) = find_squeezes(((1, 5, 1, 2), (5, 1, 1, 2)))[:1]
    assert squeeze.code == "a + b.squeeze(1)"
    (squeeze,) = find_squeezes(((2, 1, 1), (2,)))
    assert squeeze.code == "a.squeeze((1, 2)) + b"


def test_many_axes_of_size_1_are_no_burden():
    found = find_squeezes(((1,) * 14 + (3, 1), (1,) * 14 + (3,)))
    assert found[0].code == "a.squeeze(15) + b"
    assert len(found) <= AT_MOST


def test_the_search_ends_at_its_limit(monkeypatch):
    shapes = ((2, 1, 1), (2, 1), (2, 1, 1))
    everything = find_squeezes(shapes)
    monkeypatch.setattr(squeezes, "_SEARCH_LIMIT", 8)
    assert find_squeezes(shapes) == everything[:1]
