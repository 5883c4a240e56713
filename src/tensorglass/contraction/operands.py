"""The operands of an einsum: in which ways they may be given, and what a plan needs to know of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import EllipsisType
from typing import Any, NamedTuple, SupportsIndex, TypeAlias

import torch

from ..report import public
from ..shapes import Shape, shape_of
from ..storage.chunks import row_major
from ..torch_internals import FakeTensor
from .equation import from_sublists
from .program import is_inexact

PLANNED_TYPES = frozenset({torch.Tensor, torch.nn.Parameter, FakeTensor})
PLANNED_DTYPES = frozenset(
    {torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
    | {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128}
)

# The numbers of an operand's axes. They may come in an array too, and in a tensor, of which types do not say this.
Sublist: TypeAlias = Iterable[SupportsIndex | EllipsisType] | torch.Tensor
# What stands for an operand of which only the layout matters.
TensorOrShape: TypeAlias = torch.Tensor | Sequence[int]


@public
class Operand(NamedTuple):
    """What a plan depends on in one operand.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    shape, stride : tuple of int
        The sizes of its axes, and how many cells lie between neighbours along each.
    dtype, device : torch.dtype, torch.device
        As the tensor has them.
    """

    shape: Shape
    stride: Shape
    dtype: torch.dtype
    device: torch.device


def normalized(equation: Any, operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Return the equation and its operands, also from the sublist format and from a list of operands."""
    if isinstance(equation, torch.Tensor):
        parts = (equation, *operands)
        sublists = [_sublist(i, sublist) for i, sublist in enumerate(parts[1::2])]
        output = _sublist(len(sublists), parts[-1]) if len(parts) % 2 else None
        return from_sublists(sublists, output), parts[: len(parts) // 2 * 2 : 2]
    if not isinstance(equation, str):
        raise TypeError(f"einsum() equation is {type(equation).__name__}; expected a string such as 'ij,jk->ik'")
    while len(operands) == 1 and isinstance(operands[0], (list, tuple)) and not _is_sizes(operands[0]):
        operands = tuple(operands[0])
    return equation, operands


def _sublist(position: int, numbers: Any) -> tuple[Any, ...]:
    """Return the numbers of a sublist, which may come in anything that can be walked through."""
    no_numbers = isinstance(numbers, torch.Tensor) and (numbers.dim() != 1 or is_inexact(numbers.dtype))
    if isinstance(numbers, Iterable) and not no_numbers:
        return tuple(numbers)
    raise TypeError(
        f"einsum() sublist {position} is {type(numbers).__name__}; expected an equation first, or a list of numbers "
        "after each operand"
    )


def _is_sizes(numbers: Sequence[Any]) -> bool:
    """Return whether these are the sizes of one shape, rather than operands."""
    return not any(isinstance(each, (torch.Tensor, list, tuple)) for each in numbers)


def _is_shape(sizes: Sequence[Any]) -> bool:
    return all(isinstance(size, int) for size in sizes)


def check_tensors(operands: Sequence[Any], name: str) -> None:
    for i, operand in enumerate(operands):
        if not isinstance(operand, torch.Tensor):
            raise TypeError(f"{name} operand {i} is {type(operand).__name__}; expected a torch.Tensor")


def operand_of(tensor: torch.Tensor) -> Operand | None:
    """Return what a plan needs to know of a tensor; None for one that a plan does not fit.

    That is one without strides, or with symbols of a trace for sizes; one of another type, which may wrap others; and
    one with a dtype that torch stores, but hardly computes with.
    """
    if type(tensor) not in PLANNED_TYPES or tensor.dtype not in PLANNED_DTYPES:
        return None
    return _layout_of(tensor)


def _layout_of(tensor: torch.Tensor) -> Operand | None:
    try:
        shape, stride = tuple(tensor.shape), tensor.stride()
    except RuntimeError:
        return None
    return Operand(shape, stride, tensor.dtype, tensor.device) if _is_shape(shape) else None


def planned_operand(operand: Any, position: int) -> Operand:
    """Return what a plan needs to know of a tensor with strides, or of the contiguous one that a shape stands for."""
    described = f"plan_einsum() operand {position}"
    if not isinstance(operand, torch.Tensor):
        shape = shape_of(operand, described)
        return Operand(shape, row_major(shape), torch.get_default_dtype(), torch.device("cpu"))
    if operand.is_nested:
        raise TypeError(f"{described} is a nested tensor; expected one shape for all, and strides")
    if operand.layout != torch.strided:
        raise TypeError(f"{described} has the layout {operand.layout}; expected strides")
    if operand.dtype not in PLANNED_DTYPES:
        raise TypeError(f"{described} has the dtype {operand.dtype}; expected one that torch multiplies and adds")
    plain = _layout_of(operand)
    if plain is None:
        raise TypeError(f"{described} has the sizes {tuple(operand.shape)} of a trace; expected known ones")
    return plain
