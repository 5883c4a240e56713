"""The dtype of an einsum's result: torch.einsum's, which depends on the operations that it happens to run.

Matrix products want one dtype, elementwise products promote, sums of integers give int64, and autocast lowers the
precision of matrix products alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..torch_internals import FakeTensorMode, TorchDispatchMode
from .equation import EinsumError
from .operands import Operand
from .program import is_inexact


def result_dtype(equation: str, operands: Sequence[Operand], autocast: torch.dtype | None) -> torch.dtype:
    """Return the dtype of torch.einsum's result; where it is not plain, torch.einsum is asked, on fake tensors.

    The first fake tensor of a process takes a second, for what torch then imports.
    """
    dtypes = {operand.dtype for operand in operands}
    (dtype, *_) = dtypes
    if autocast is None and len(dtypes) == 1 and is_inexact(dtype):
        return dtype
    with FakeTensorMode(), _RefusedProducts():  # type: ignore[no-untyped-call]
        fakes = [torch.empty_strided(x.shape, x.stride, dtype=x.dtype, device=x.device) for x in operands]
        try:
            return torch.einsum(equation, *fakes).dtype
        except RuntimeError as error:
            listed = " and ".join(str(operand.dtype) for operand in operands)
            reason = str(error).splitlines()[0]
            raise EinsumError(f"einsum {equation!r} of {listed}: {reason}") from None


class _RefusedProducts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses matrix products that torch refuses.

    Fake tensors do not know that there are none of booleans, and of integers on a GPU, and they write an error with its
    traceback to a log where two dtypes meet.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.bmm.default:
            first, second = args
            if 0 in (first.numel(), second.numel()):  # of nothing there is a product, whatever the dtypes
                return func(first.to(second.dtype), second)
            if first.dtype != second.dtype:
                raise RuntimeError(f"a matrix product needs one dtype, not {first.dtype} and {second.dtype}")
            device = first.device.type
            if first.dtype == torch.bool or (device == "cuda" and not is_inexact(first.dtype)):
                raise RuntimeError(f"matrix products of {first.dtype} are not implemented on {device}")
        return func(*args, **(kwargs or {}))


def autocast_dtype(operands: Sequence[tuple[Any, ...]]) -> torch.dtype | None:
    """Return the dtype that autocast gives to matrix products of such operands, or None where it is off."""
    if not operands:
        return None
    device = operands[0][-1].type
    if not torch.amp.is_autocast_available(device) or not torch.is_autocast_enabled(device):
        return None
    return torch.get_autocast_dtype(device)
