"""The dtype of an einsum's result: torch.einsum's, which depends on the operations that it happens to run.

Matrix products want one dtype, elementwise products promote, sums of integers give int64, and autocast lowers the
precision of matrix products alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import opt_einsum  # type: ignore[import-untyped]
import torch

from ..torch_internals import FakeTensorMode, TorchDispatchMode
from .equation import EinsumError
from .operands import Operand
from .program import is_inexact

_ONE_PRODUCT = 2  # operands


def result_dtype(equation: str, operands: Sequence[Operand], autocast: torch.dtype | None) -> torch.dtype:
    """Return the dtype of torch.einsum's result; where it is not plain, torch.einsum is asked, on fake tensors.

    The first fake tensor of a process takes a second, for what torch then imports.
    """
    if _is_plain(operands, autocast):
        return operands[0].dtype
    shapes = [tuple(operand.shape) for operand in operands]
    if len(operands) <= _ONE_PRODUCT:  # of more operands torch's order depends on the sizes; here only 0 and 1 matter
        shapes = [tuple(min(size, 2) for size in shape) for shape in shapes]
    described = tuple((shape, x.dtype, x.device) for shape, x in zip(shapes, operands, strict=True))
    found = _asked(equation, described, autocast)
    if isinstance(found, str):
        raise EinsumError(found)
    return found


def _is_plain(operands: Sequence[Operand], autocast: torch.dtype | None) -> bool:
    return autocast is None and len({operand.dtype for operand in operands}) == 1 and is_inexact(operands[0].dtype)


def order_of_torch(equation: str, operands: Sequence[Operand], autocast: torch.dtype | None) -> Any:
    """Return in which order torch.einsum multiplies, where the result's dtype may depend on it; else None.

    Where the order cannot be found, as for an equation that is refused, the shapes stand for it.
    """
    if len(operands) <= _ONE_PRODUCT or _is_plain(operands, autocast):
        return None
    shapes = tuple(tuple(operand.shape) for operand in operands)
    try:
        strategy = torch.backends.opt_einsum.strategy
        return tuple(opt_einsum.contract_path(equation, *shapes, shapes=True, optimize=strategy)[0])
    except (ValueError, LookupError):
        return shapes


@lru_cache(maxsize=256)
def _asked(equation: str, described: tuple[Any, ...], autocast: torch.dtype | None) -> torch.dtype | str:
    """Return what torch.einsum gives on fake tensors, or why it refuses them."""
    mode = FakeTensorMode()
    mode.cache_enabled = False  # torch would remember each shape for ever
    with mode, _RefusedProducts():  # type: ignore[no-untyped-call]
        fakes = [torch.empty(shape, dtype=dtype, device=device) for shape, dtype, device in described]
        try:
            return torch.einsum(equation, *fakes).dtype
        except RuntimeError as error:
            listed = " and ".join(str(dtype) for _, dtype, _ in described)
            return f"einsum {equation!r} of {listed}: {str(error).splitlines()[0]}"


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
