"""The ways to give operands, and which arguments are refused in which words."""

import array
from collections import deque

import numpy as np
import pytest
import torch

from tensorglass import EinsumError, einsum, plan_einsum


def test_the_ways_to_give_operands():
    x, y = torch.ones(2, 3), torch.ones(3, 4)
    expected = x @ y
    assert torch.equal(einsum("ij,jk->ik", x, y), expected)
    assert torch.equal(einsum("ij,jk->ik", [x, y]), expected)
    assert torch.equal(einsum("ij,jk->ik", (x, y)), expected)
    assert torch.equal(einsum(x, [0, 1], y, [1, 2], [0, 2]), expected)
    assert torch.equal(einsum(x, [..., 1], y, [1, 2]), expected)
    assert torch.equal(einsum(x, [0, 1], [1, 0]), x.T)
    assert plan_einsum(x, [0, 1], y, [1, 2], [2, 0]).equation == "AB,BC->CA"
    assert plan_einsum("ij,jk", [x, y]).result == (2, 4)
    assert plan_einsum("ij,jk", [2, 3], [3, 4]).result == (2, 4)
    assert plan_einsum("ij", [2, 3]).result == (2, 3)


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (einsum, (5, torch.ones(1)), TypeError, "einsum() equation is int; expected a string such as 'ij,jk->ik'"),
        (einsum, ("i", "j"), TypeError, "einsum() operand 0 is str; expected a torch.Tensor"),
        (einsum, ("i,i", torch.ones(1), None), TypeError, "einsum() operand 1 is NoneType; expected a torch.Tensor"),
        (einsum, ("i",), EinsumError, "the equation has 1 term; expected as many operands, got 0\n  i"),
        (
            einsum,
            (torch.ones(1),),
            TypeError,
            "einsum() sublist 0 is Tensor; expected an equation first, or a list of numbers after each operand",
        ),
        (
            einsum,
            (torch.ones(1), [99]),
            EinsumError,
            "a sublist contains 99; expected integers from 0 to 51 or Ellipsis",
        ),
        (
            plan_einsum,
            ("i", 3),
            TypeError,
            "plan_einsum() operand 0 is 3; expected a tensor, or a shape such as (3, 4)",
        ),
        (
            plan_einsum,
            ("i", (-3,)),
            ValueError,
            "plan_einsum() operand 0 is the shape (-3,); expected sizes of 0 or more",
        ),
        (
            plan_einsum,
            ("ij", torch.eye(2).to_sparse()),
            TypeError,
            "plan_einsum() operand 0 has the layout torch.sparse_coo; expected strides",
        ),
    ],
)
def test_wrong_arguments(function, arguments, error, message):
    with pytest.raises(error) as caught:
        function(*arguments)
    assert str(caught.value) == message


def test_every_operand_needs_a_sublist():
    x = torch.ones(2)
    for arguments, position in (((x, [0], x), 1), ((x, x), 0), ((x, [0], x, 5, x, [1]), 1), ((x, [0], x, [1], x), 2)):
        with pytest.raises(TypeError, match=rf"^einsum\(\) sublist {position} is (int|Tensor); expected"):
            einsum(*arguments)


def test_without_operands_under_autocast():
    with torch.autocast("cpu"), pytest.raises(EinsumError, match="expected as many operands, got 0"):
        einsum("i")


SUBLISTS = {
    "range": range(2),
    "array": np.array([0, 1]),
    "tensor": torch.tensor([0, 1]),
    "tuple of NumPy integers": (np.int64(0), np.int8(1)),
    "numbers as tensors": [torch.tensor(0), torch.tensor(1)],
    "torch.Size": torch.Size([0, 1]),
    "deque": deque([0, 1]),
    "array.array": array.array("i", [0, 1]),
    "bytes": b"\x00\x01",
    "dict": {0: "rows", 1: "columns"},
    "booleans": [False, True],
    "NumPy booleans": np.array([False, True]),
    "booleans as a tensor": torch.tensor([False, True]),
    "an ellipsis": [0, ...],
    "nothing": [],
    "too large": [0, 52],
    "negative": [-1, 0],
    "far too large": [2**70, 0],
    "fractions": [0.0, 1.0],
    "a tensor of fractions": torch.tensor([0.0, 1.0]),
    "an array of fractions": np.array([0.0, 1.0]),
    "letters": "ij",
    "None inside": [0, None],
    "complex": [0, 1j],
    "rows": np.array([[0, 1]]),
    "None": None,
    "a number": 3,
}


@pytest.mark.parametrize("sublist", SUBLISTS.values(), ids=SUBLISTS)
def test_sublists_are_what_torch_takes(sublist):
    x = torch.arange(6.0).reshape(2, 3)
    for arguments in ((x, sublist), (x, [0, 1], sublist), (x, sublist, x, sublist), (x, sublist, sublist)):
        try:
            expected = torch.einsum(*arguments)
        except (TypeError, ValueError, RuntimeError):
            with pytest.raises((TypeError, EinsumError)) as caught:
                einsum(*arguments)
            assert str(caught.value).count(". ") == 0
        else:
            assert torch.equal(einsum(*arguments), expected)
            assert plan_einsum(*arguments).result == expected.shape


def test_iterators_are_walked_once():
    x = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(einsum(x, iter([0, 1]), (i for i in (1, 0))), x.T)


def test_operands_in_lists_of_lists():
    x, y = torch.ones(2, 3), torch.ones(3, 4)
    for operands in ([x, y], (x, y), [[x, y]], ([(x, y)],)):
        assert torch.equal(einsum("ij,jk", operands), torch.einsum("ij,jk", operands))
    assert plan_einsum("ij,jk", [[(2, 3), (3, 4)]]).result == (2, 4)
    for sizes in ([2, 3], torch.Size([2, 3])):
        assert plan_einsum("ij", sizes).result == (2, 3)
    for operands in ([x], [y]), (torch.nn.ParameterList([x, y]),), (iter([x, y]),):
        with pytest.raises(TypeError, match=r"^einsum\(\) operand 0 is (list|ParameterList|list_iterator); expected"):
            einsum("ij,jk", *operands)
