"""The dtype of a sum, against sums."""

import itertools

import numpy as np
import pytest
import torch

from tensorglass.broadcasting.promotion import number_of, promoted_dtype

OPERANDS = [
    torch.ones(2, dtype=torch.int8),
    torch.tensor(1, dtype=torch.int64),
    torch.ones(2, 1, dtype=torch.bfloat16),
    torch.tensor(1.0, dtype=torch.float64),
    torch.ones(2, dtype=torch.bool),
    torch.tensor(1j),
    True,
    2,
    2.5,
    1j,
]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_dtype_is_that_of_the_sum(count):
    for operands in itertools.product(OPERANDS, repeat=count):
        try:
            total = sum(operands[1:], operands[0])
        except NotImplementedError:  # newer ones have a complex dtype of two bfloat16, and add none of it
            assert torch.__version__ >= (2, 14)
            continue
        expected = torch.result_type(total, total)
        shapes = [tuple(getattr(each, "shape", ())) for each in operands]
        assert promoted_dtype(operands, shapes) == expected, operands


def test_shapes_count_where_there_is_no_tensor():
    assert promoted_dtype([(3,), 1j], [(3,), ()]) == torch.complex64
    assert promoted_dtype([(3,), 2], [(3,), ()]) == torch.float32
    assert promoted_dtype([(3,), torch.tensor(1), np.ones(2)], [(3,), (), (2,)]) == torch.int64
    assert promoted_dtype([(), torch.tensor(1), 2.5], [(), (), ()]) == torch.float32


def test_dtypes_that_do_not_promote_have_none():
    a, b = torch.ones(1).to(torch.uint16), torch.ones(1, dtype=torch.int32)
    assert promoted_dtype([a, b], [(1,), (1,)]) is None
    assert promoted_dtype([a, a], [(1,), (1,)]) == torch.uint16


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation functions")
def test_a_quantized_tensor_keeps_its_dtype_beside_numbers():
    x = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)
    assert promoted_dtype([x, 2], [(3,), ()]) == promoted_dtype([True, x], [(), (3,)]) == torch.quint8


@pytest.mark.parametrize(
    ("operand", "number"),
    [
        (2, 2),
        (2.5, 2.5),
        (True, True),
        (1j, 1j),
        (np.float32(2), 2.0),
        (np.int8(3), 3),
        (np.array(2), 2),
        (np.bool_(True), True),
        (torch.tensor(2), None),
        (np.ones(1), None),
        ((), None),
        ("2", None),
        (np.array("a"), None),
    ],
)
def test_numbers_are_those_of_python_and_numpy(operand, number):
    found = number_of(operand)
    assert (found, type(found)) == (number, type(number))


def test_a_nested_tensor_is_no_number():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    assert number_of(nested) is None
