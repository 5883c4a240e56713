"""The dtypes of results, and which operands are refused for their dtypes."""

import pytest
import torch

from tensorglass import EinsumError, einsum
from tensorglass.contraction.operands import Operand
from tensorglass.contraction.result_dtype import result_dtype


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
