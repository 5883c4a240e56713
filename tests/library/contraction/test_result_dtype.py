"""The dtypes of results, and which operands are refused for their dtypes."""

import pytest
import torch

from tensorglass import EinsumError, einsum
from tensorglass.contraction.operands import Operand
from tensorglass.contraction.result_dtype import order_of_torch, result_dtype


def test_refused_dtypes_name_them(capfd):
    with pytest.raises(EinsumError) as caught:
        einsum("ij,jk->ik", torch.ones(2, 2), torch.ones(2, 2, dtype=torch.float64))
    assert str(caught.value) == (
        "einsum 'ij,jk->ik' of torch.float32 and torch.float64: "
        "a matrix product needs one dtype, not torch.float32 and torch.float64"
    )
    assert capfd.readouterr().err == ""
    with pytest.raises(EinsumError) as caught:
        einsum("ij,jk->ik", *[torch.ones(2, 2, dtype=torch.bool)] * 2)
    assert str(caught.value) == (
        "einsum 'ij,jk->ik' of torch.bool and torch.bool: matrix products of torch.bool are not implemented on cpu"
    )
    on_a_gpu = Operand((2, 2), (2, 1), torch.int64, torch.device("cuda"))
    with pytest.raises(EinsumError, match=r"matrix products of torch.int64 are not implemented on cuda"):
        result_dtype("ij,jk->ik", (on_a_gpu, on_a_gpu), None)
    floats = on_a_gpu._replace(dtype=torch.float32), on_a_gpu._replace(dtype=torch.float32)
    with torch.autocast("cpu"):
        assert result_dtype("ij,jk->ik", floats, torch.bfloat16) == torch.float32


def test_the_order_of_torch_counts_where_dtypes_depend_on_it():
    def operands(i, m, dtype=torch.int32):
        return [Operand(shape, shape, dtype, torch.device("cpu")) for shape in ((i, 9), (9, 9), (9, m))]

    equation = "ij,jk,kl->il"
    assert order_of_torch(equation, operands(8, 9), None) == ((0, 1), (0, 1))
    assert order_of_torch(equation, operands(9, 8), None) == ((1, 2), (0, 1))
    assert order_of_torch(equation, operands(9, 8, torch.float32), None) is None
    assert order_of_torch(equation, operands(9, 8, torch.float32), torch.bfloat16) == ((1, 2), (0, 1))
    assert order_of_torch("ij,jk", operands(9, 8)[:2], None) is None
    assert order_of_torch("ij,jk,kl->z", operands(9, 8), None) == ((9, 9), (9, 9), (9, 8))


def test_torch_is_asked_once_where_only_sizes_of_0_and_1_matter(monkeypatch):
    dtypes, asked, theirs = (torch.float32, torch.float64, torch.float64), [], torch.einsum
    monkeypatch.setattr(torch, "einsum", lambda *args: asked.append([len(x) for x in args[1:]]) or theirs(*args))
    for equation in ("h,h->h", "h,h,h->h"):  # of no other test: answers are remembered
        for n in (0, 1, 2, 3, 99, 3):
            operands = [Operand((n,), (1,), dtype, torch.device("cpu")) for dtype in dtypes[: equation.count("h") - 1]]
            assert result_dtype(equation, operands, None) == torch.float64
    assert asked == [[0, 0], [1, 1], [2, 2], [0] * 3, [1] * 3, [2] * 3, [3] * 3, [99] * 3]


@pytest.mark.parametrize("sizes", [(8, 9), (9, 8), (9, 9), (15, 8), (8, 15)])
def test_refusals_within_a_pattern_are_those_of_torch(sizes):
    shapes = (sizes[0], 9), (9, 9), (9, sizes[1])
    for dtypes in ((torch.float32, torch.float64, torch.float64), (torch.int32, torch.int32, torch.int64)):
        for equation in ("ij,jk,kl->il", "ij,jk,kl->ijkl", "ij,jk,kl->jk"):
            operands = [torch.ones(shape, dtype=dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
            try:
                expected = torch.einsum(equation, *operands)
            except RuntimeError:
                with pytest.raises(EinsumError):
                    einsum(equation, *operands)
            else:
                assert einsum(equation, *operands).dtype == expected.dtype
