"""The operands of an einsum: in which ways they may be given, and what a plan needs to know of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from ..shapes import Shape, shape_of
from .equation import from_sublists


class Layout(NamedTuple):
    """What a plan depends on in one operand."""

    shape: Shape
    stride: Shape
    dtype: torch.dtype
    device: torch.device


def normalized(equation: Any, operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Return the equation and its operands, also from the sublist format and from a list of operands."""
    if isinstance(equation, torch.Tensor):
        parts = (equation, *operands)
        for i, sublist in enumerate((*parts[1::2], parts[-1])):
            if not isinstance(sublist, (list, tuple)):
                raise TypeError(
                    f"einsum() sublist {i} is {type(sublist).__name__}; expected an equation first, or a list of "
                    "numbers after each operand"
                )
        return from_sublists(parts[1::2], parts[-1] if len(parts) % 2 else None), parts[: len(parts) // 2 * 2 : 2]
    if not isinstance(equation, str):
        raise TypeError(f"einsum() equation is {type(equation).__name__}; expected a string such as 'ij,jk->ik'")
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)) and not _is_shape(operands[0]):
        operands = tuple(operands[0])
    return equation, operands


def _is_shape(sizes: Sequence[Any]) -> bool:
    return all(isinstance(size, int) for size in sizes)


def check_tensors(operands: Sequence[Any], name: str) -> None:
    for i, operand in enumerate(operands):
        if not isinstance(operand, torch.Tensor):
            raise TypeError(f"{name} operand {i} is {type(operand).__name__}; expected a torch.Tensor")


def has_plain_layout(tensor: torch.Tensor) -> bool:
    """Whether the tensor has strides, and sizes that are numbers rather than symbols of a trace."""
    return tensor.layout == torch.strided and not tensor.is_nested and _is_shape(tensor.shape)


def layout_of(operand: Any, position: int) -> Layout:
    if isinstance(operand, torch.Tensor):
        if not has_plain_layout(operand):
            raise TypeError(f"plan_einsum() operand {position} has the layout {operand.layout}; expected strides")
        return Layout(tuple(operand.shape), operand.stride(), operand.dtype, operand.device)
    shape = shape_of(operand, f"plan_einsum() operand {position}")
    stride = tuple(math.prod(max(size, 1) for size in shape[axis + 1 :]) for axis in range(len(shape)))
    return Layout(shape, stride, torch.get_default_dtype(), torch.device("cpu"))
