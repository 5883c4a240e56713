"""The dtype of a sum, by torch's type promotion, of operands that need hold no data."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

import torch

from ..shapes import Shape

Number = int | float | complex  # bool is an int


def number_of(operand: object) -> Number | None:
    """Return the number that an operand is, also where it is one of NumPy's; None if it is none.

    >>> number_of(True), number_of(2.5), number_of((3,))
    (True, 2.5, None)
    """
    if isinstance(operand, torch.Tensor):
        return None
    if getattr(operand, "shape", None) == () and hasattr(operand, "item"):
        operand = operand.item()  # NumPy's numbers, and its arrays of rank 0
    return operand if isinstance(operand, (int, float, complex)) else None


def promoted_dtype(operands: Sequence[object], shapes: Sequence[Shape]) -> torch.dtype | None:
    """Return the dtype to which torch promotes the operands' sum, from the left; None if it promotes them to none.

    It is found on meta tensors. Shapes stand for tensors of the default dtype if there are no tensors, else for none.
    """
    any_tensors = any(isinstance(operand, torch.Tensor) for operand in operands)
    parts: list[torch.Tensor | Number] = []
    for operand, shape in zip(operands, shapes, strict=True):
        number = number_of(operand)
        if number is not None:
            parts.append(number)
        elif isinstance(operand, torch.Tensor):
            parts.append(_stand_in(shape, operand.dtype))
        elif not any_tensors:
            parts.append(_stand_in(shape, torch.get_default_dtype()))
    try:
        total = functools.reduce(_sum, parts)
        return torch.result_type(total, total)
    except RuntimeError:  # torch's text differs by dtype; that it refuses is the answer
        return None


def _sum(a: torch.Tensor | Number, b: torch.Tensor | Number) -> torch.Tensor | Number:
    """Return what stands for `a + b`. A number counts less than a tensor, and a tensor of rank 0 less than others."""
    if isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor):
        rank = max(x.dim() for x in (a, b) if isinstance(x, torch.Tensor))
        return _stand_in((1,) * rank, torch.result_type(a, b))
    total: Number = operator.add(a, b)
    return total


def _stand_in(shape: Shape, dtype: torch.dtype) -> torch.Tensor:
    return torch.empty((1,) * len(shape), dtype=dtype, device="meta")
