"""Shapes as plain tuples, and the rule by which they broadcast.

Source of the rule: https://docs.pytorch.org/docs/stable/notes/broadcasting.html. Shapes are aligned at their last
axis. In each axis the sizes that are present must be equal, except that a size of 1 is stretched to the others.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence

import torch
from torch.nn.parameter import is_lazy

Shape = tuple[int, ...]


def broadcast_axis_size(sizes: Iterable[int]) -> int | None:
    """Return the size to which the sizes of one axis broadcast, or None if they clash.

    >>> broadcast_axis_size([3, 1]), broadcast_axis_size([1, 0]), broadcast_axis_size([3, 4])
    (3, 0, None)
    """
    wanted = set(sizes) - {1}
    if len(wanted) > 1:
        return None
    return wanted.pop() if wanted else 1


def broadcast_shape(shapes: Sequence[Shape]) -> Shape | None:
    """Return the shape to which these broadcast, or None if they do not.

    >>> broadcast_shape([(3, 1), (4,)]), broadcast_shape([(3,), (3, 4)])
    ((3, 4), None)
    """
    sizes = [broadcast_axis_size(column) for column in aligned(shapes)]
    return None if None in sizes else tuple(size for size in sizes if size is not None)


def aligned(shapes: Sequence[Shape]) -> list[tuple[int, ...]]:
    """Return, per axis of the result, the sizes there, with a 1 where a shape has no such axis.

    >>> aligned([(3,), (3, 4)])
    [(1, 3), (3, 4)]
    """
    rank = max(map(len, shapes))
    return list(zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True))


def operand_name(position: int) -> str:
    """Return the letter for an operand, `a` for the first one; after `z` come `t27`, `t28`, ..."""
    return chr(ord("a") + position) if position < 26 else f"t{position + 1}"


def shape_of(operand: object, described: str) -> Shape:
    """Return the shape of a tensor or an array, or the shape that a sequence of sizes is.

    Parameters
    ----------
    operand : object
        What came.
    described : str
        Names the argument in an error, for instance ``explain_broadcast() operand 2``.
    """
    if isinstance(operand, torch.Tensor):
        _check_has_one_shape(operand, described)
    sizes = getattr(operand, "shape", operand)
    if not isinstance(sizes, (tuple, list, range)) or not all(map(_is_size, sizes)):
        raise TypeError(f"{described} is {operand!r}; expected a tensor, or a shape such as (3, 4)")
    if any(size < 0 for size in sizes):
        raise ValueError(f"{described} is the shape {tuple(sizes)}; expected sizes of 0 or more")
    return tuple(int(size) for size in sizes)


def _check_has_one_shape(tensor: torch.Tensor, described: str) -> None:
    if tensor.is_nested:
        raise TypeError(f"{described} is a nested tensor; expected one of the tensors that it consists of, or a shape")
    if is_lazy(tensor):
        raise TypeError(f"{described} is not initialized yet; expected a tensor that has a shape, or a shape")


def _is_size(size: object) -> bool:
    """Return whether torch takes it as a size: an integer, of Python, NumPy, a trace or a tensor of one element."""
    if isinstance(size, bool):
        return False
    try:
        operator.index(size)  # type: ignore[arg-type]
    except (TypeError, RuntimeError):
        return False
    return True
