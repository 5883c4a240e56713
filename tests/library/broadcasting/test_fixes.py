"""The insertions of size-1 axes that explain_broadcast proposes: they work, in order, and none is missing."""

import itertools
import math
import random
import time

import pytest
import torch
from small_shapes import SMALL_SHAPES

from tensorglass import explain_broadcast
from tensorglass.shapes import operand_name


def test_the_fix_of_the_question():
    fixes = explain_broadcast(torch.ones(3), torch.ones(3, 4)).fixes
    assert fixes[0].code == "a[:, None] + b"
    assert (fixes[0].shapes, fixes[0].result) == (((3, 1), (3, 4)), (3, 4))
    middle = explain_broadcast((2, 3), (2, 5, 3)).fixes[0]
    assert middle.code == "a[:, None] + b"


def insertions(shape, most):
    """Yield (new shape, which axes are new): up to `most` size-1 axes after each axis of the shape, none in front."""
    for counts in itertools.product(range(most + 1), repeat=len(shape)):
        sizes, new = [], []
        for size, count in zip(shape, counts, strict=True):
            sizes += [size] + [1] * count
            new += [False] + [True] * count
        yield tuple(sizes), new


def brute_force_fixes(a, b):
    """Return {operands' shapes: (inserted, elements)} of all insertions in which each new axis faces a real one."""
    found = {}
    for new_a, is_new_a in insertions(a, len(b)):
        for new_b, is_new_b in insertions(b, len(a)):
            faces = list(zip(reversed(is_new_a), reversed(is_new_b), strict=False))
            longer = is_new_a[: len(is_new_a) - len(faces)] + is_new_b[: len(is_new_b) - len(faces)]
            if any(x and y for x, y in faces) or any(longer):
                continue
            if all(x == y or 1 in (x, y) for x, y in zip(reversed(new_a), reversed(new_b), strict=False)):
                result = torch.broadcast_shapes(new_a, new_b)
                found[new_a, new_b] = (sum(is_new_a) + sum(is_new_b), math.prod(result))
    return found


def assert_complete(a, b):
    expected = brute_force_fixes(a, b)
    fixes = explain_broadcast(a, b).fixes
    keys = sorted(expected.values())
    assert [(fix.inserted, fix.elements) for fix in fixes] == keys[:10]
    for fix in fixes:
        assert expected[fix.shapes] == (fix.inserted, fix.elements)
    # Among those that tie with the tenth, any may stand in the list; all that come before must.
    must = {shapes for shapes, key in expected.items() if len(keys) <= 10 or key < keys[9]}
    assert must <= {fix.shapes for fix in fixes}


def failing_pairs(sizes):
    shapes = [shape for rank in range(4) for shape in itertools.product(sizes, repeat=rank)]
    return [pair for pair in itertools.product(shapes, repeat=2) if not explain_broadcast(*pair)]


def assert_fixes_work(explanation):
    for fix in explanation.fixes:
        tensors = {operand_name(i): torch.ones(shape) for i, shape in enumerate(explanation.shapes)}
        total = eval(fix.code, {}, tensors)
        assert tuple(total.shape) == fix.result
        assert total.numel() == fix.elements
        assert torch.broadcast_shapes(*fix.shapes) == fix.result
        assert fix.inserted == sum(map(len, fix.shapes)) - sum(map(len, explanation.shapes)) > 0
    keys = [(fix.inserted, fix.elements) for fix in explanation.fixes]
    assert keys == sorted(keys)
    assert len({fix.shapes for fix in explanation.fixes}) == len(keys) <= 10
    assert explanation.ok is not bool(keys)


def test_the_smallest_fix_against_brute_force():
    assert explain_broadcast((64, 3, 8, 8), (3,)).smallest_fix.code == "a + b[:, None, None]"
    assert explain_broadcast((3,), (3,)).smallest_fix is None
    for a, b in random.Random(3).sample(failing_pairs(range(4)), 60):
        expected = brute_force_fixes(a, b)
        smallest = explain_broadcast(a, b).smallest_fix
        assert expected[smallest.shapes] == (smallest.inserted, smallest.elements)
        assert smallest.elements == min(elements for _, elements in expected.values())


def test_fixes_are_complete_on_some_pairs():
    pairs = failing_pairs(range(4))
    for a, b in random.Random(2).sample(pairs, 150):
        assert_complete(a, b)


def test_fixes_work_on_random_operands():
    rng = random.Random(1)
    for _ in range(300):
        shapes = [tuple(rng.choice([1, 2, 3]) for _ in range(rng.randint(0, 4))) for _ in range(rng.randint(2, 4))]
        assert_fixes_work(explain_broadcast(*shapes))


def test_fixes_work_on_every_failing_pair():
    for pair in itertools.product(SMALL_SHAPES[::3], SMALL_SHAPES):
        assert_fixes_work(explain_broadcast(*pair))


@pytest.mark.timing
def test_many_equal_sizes_still_answer_soon():
    start = time.process_time()
    fixes = explain_broadcast((2, 2, 2, 2, 2, 3), (3, 2, 2, 2, 2, 2), (2, 3, 2, 3, 2, 3), (3, 3, 3, 3, 3, 2)).fixes
    assert time.process_time() - start < 10
    assert len(fixes) == 10


@pytest.mark.long
def test_fixes_are_complete_on_every_pair_up_to_rank_three():
    for a, b in failing_pairs(range(4)):
        assert_complete(a, b)
