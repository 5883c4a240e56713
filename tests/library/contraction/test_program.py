"""Programs: what each line takes of memory, and how much they hold at a time."""

import pytest
import torch

from tensorglass import plan_einsum, track_memory


def peak_of(plan, operands):
    plan(*operands)
    with track_memory() as memory:
        plan(*operands)
    return memory.peak_bytes


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.float32, torch.complex128])
def test_a_large_matrix_is_transposed_through_a_tile(dtype):
    tile = 120 * 120 if dtype == torch.uint8 else 60 * 60 * dtype.itemsize
    for rows, columns, temporary in ((60, 60, tile), (61, 59, 0), (61, 60, tile), (200, 200, tile)):
        x, y = torch.ones(rows, columns).to(dtype), torch.ones(columns, rows).to(dtype)
        for equation, operands in (("ij,ji->", (x, y)), ("ij,ij->", (x, y.mT))):
            plan = plan_einsum(equation, *operands)
            copy = plan.steps[1]
            assert (copy.nbytes, copy.temporary_nbytes, copy.copies) == (x.nbytes, temporary, True)
            assert peak_of(plan, operands) == plan.cost.peak_bytes == x.nbytes + max(temporary, dtype.itemsize)


@pytest.mark.parametrize(
    ("equation", "y"),
    [
        ("ij,ji->", torch.ones(80, 81)[:, :80]),  # with gaps, once transposed and once not
        ("ij,ij->", torch.ones(80, 81)[:, :80]),
        ("ijk,kji->", torch.ones(80, 40, 2)),  # three axes
        ("ijk,ijk->", torch.ones(80, 40, 2).mT.contiguous().mT),
    ],
)
def test_other_copies_take_no_tile(equation, y):
    x = torch.ones([y.shape["ijk".index(letter)] for letter in equation.split("->")[0].split(",")[1]])
    plan = plan_einsum(equation, x, y)
    copy = plan.steps[1]
    assert (copy.nbytes, copy.temporary_nbytes, copy.copies) == (4 * 6400, 0, True)
    assert peak_of(plan, (x, y)) == plan.cost.peak_bytes == 4 * 6400 + 4


def test_other_dtypes_are_written_without_a_tile():
    x, y = torch.ones(60, 60, dtype=torch.int32), torch.ones(60, 60)
    for operand in (x, x.mT):
        plan = plan_einsum("ij,ij->ij", operand, y)
        conversion = plan.steps[0]
        assert (conversion.operation, conversion.nbytes, conversion.temporary_nbytes) == ("conversion", 14_400, 0)
        assert peak_of(plan, (operand, y)) == plan.cost.peak_bytes == 2 * 14_400


def test_views_take_nothing():
    assert plan_einsum("ij->ji", (2, 3)).cost == (0, 0, 0)


def test_what_is_added_in_place_takes_nothing_and_copies_nothing():
    first, rest, view = plan_einsum("bi,bi->b", (4, 401), (4, 401)).steps
    assert (first.result, first.nbytes, first.copies) == ("x2", 16, False)
    assert (rest.result, rest.nbytes, rest.copies, rest.multiplications) == ("x2", 0, False, 4 * 145)
    assert (view.result, view.nbytes, view.copies) == ("x3", 0, False)
