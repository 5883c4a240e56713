"""Shapes and the rule by which they broadcast, against NumPy and torch."""

import itertools
import random
import warnings

import numpy as np
import pytest
import torch
from small_shapes import SMALL_SHAPES

from tensorglass.shapes import aligned, broadcast_axis_size, broadcast_shape, operand_name, shape_of


def outcome(function, shapes):
    """Return the shape that a function broadcasts these to, or None if it refuses them."""
    try:
        return tuple(function(*shapes))
    except (ValueError, RuntimeError):
        return None


def test_pairs_broadcast_as_in_numpy():
    for pair in itertools.product(SMALL_SHAPES, repeat=2):
        assert broadcast_shape(pair) == outcome(np.broadcast_shapes, pair), pair


def test_any_number_of_shapes_broadcasts_as_in_numpy_and_torch():
    rng, found = random.Random(0), []
    for _ in range(3000):
        sizes = [rng.choice([0, 1, 2, 3, 3]) for _ in range(5)]
        shapes = [tuple(rng.choice([n, n, 1]) for n in sizes[rng.randint(0, 5) :]) for _ in range(rng.randint(1, 4))]
        if rng.random() < 0.3:
            shapes.append((rng.randint(2, 4),))
        found.append(broadcast_shape(shapes))
        assert found[-1] == outcome(np.broadcast_shapes, shapes) == outcome(torch.broadcast_shapes, shapes), shapes
    assert 100 < found.count(None) < 2000  # both answers are tested often


def test_the_sizes_of_one_axis():
    for sizes in itertools.product(range(4), repeat=3):
        expected = outcome(np.broadcast_shapes, [(size,) for size in sizes])
        assert broadcast_axis_size(sizes) == (None if expected is None else expected[0]), sizes


def test_shapes_are_aligned_at_their_last_axis():
    assert aligned([(3,), (3, 4), ()]) == [(1, 3, 1), (3, 4, 1)]
    assert aligned([(), ()]) == []


def test_operands_are_named_by_letters_as_far_as_they_go():
    assert [operand_name(i) for i in (0, 1, 25, 26, 27)] == ["a", "b", "z", "t27", "t28"]


@pytest.mark.parametrize(
    "operand",
    [
        torch.ones(3, 0),
        torch.Size([3, 0]),
        [3, 0],
        (3, 0),
        np.ones((3, 0)),
        torch.ones(3, 0, device="meta"),
        range(3, -1, -3),
        [np.int32(3), np.uint8(0)],
        (torch.tensor(3), torch.tensor([0])),
    ],
)
def test_a_shape_is_read_from_whatever_has_one(operand):
    shape = shape_of(operand, "the operand")
    assert (shape, type(shape)) == ((3, 0), tuple)
    assert {type(size) for size in shape} == {int}


@pytest.mark.parametrize(
    "operand", [3, "ab", None, (2.0,), (True,), (3, "4"), {3, 4}, [torch.ones(2)], [np.float64(3)]]
)
def test_what_is_no_shape_is_refused(operand):
    with pytest.raises(TypeError) as raised:
        shape_of(operand, "f() operand 2")
    assert str(raised.value) == f"f() operand 2 is {operand!r}; expected a tensor, or a shape such as (3, 4)"


def test_a_size_is_not_negative():
    with pytest.raises(ValueError, match=r"^f\(\) operand 1 is the shape \(3, -1\); expected sizes of 0 or more$"):
        shape_of([3, -1], "f() operand 1")


def test_a_tensor_without_one_shape_is_refused():
    for layout in (torch.strided, torch.jagged):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a prototype
            nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout)
        with pytest.raises(
            TypeError,
            match=r"^f\(\) operand 1 is a nested tensor; expected one of the tensors that it consists of, or a shape$",
        ):
            shape_of(nested, "f() operand 1")
    without = r"^f\(\) operand 1 is not initialized yet; expected a tensor that has a shape, or a shape$"
    with pytest.raises(TypeError, match=without):
        shape_of(torch.nn.LazyLinear(3).weight, "f() operand 1")
