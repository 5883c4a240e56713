"""The ways to give operands, and which arguments are refused in which words."""

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
