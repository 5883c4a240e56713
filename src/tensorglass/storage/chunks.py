"""The chunks of memory that neighbouring axes form, and the strides of a view of another shape.

Source of the rule: the documentation of `torch.Tensor.view` and `computeStride` in ATen's TensorUtils. Neighbouring
axes form one chunk of memory as long as a step along the outer one equals a walk through the whole inner one. A new
shape may cut and merge axes within a chunk, but no new axis may reach across the border between two chunks.
"""

from __future__ import annotations

import math

import torch

from ..shapes import Shape
from ..torch_internals import without_modes


def shape_error(shape: Shape, numel: int) -> str | None:
    """Return why no tensor of so many elements can have the shape, in torch's words, or None.

    >>> shape_error((2, 5), 6), shape_error((2, -1), 6)
    ("shape '[2, 5]' is invalid for input of size 6", None)
    """
    for place, count in enumerate(shape):  # torch names the first size that is wrong
        if count < -1:
            return _refusal(shape)
        if count == -1 and -1 in shape[:place]:
            return "only one dimension can be inferred"
    known = math.prod(count for count in shape if count != -1)
    if -1 not in shape:
        fits = known == numel
    elif known == 0 and numel == 0:
        return (
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    else:
        fits = known > 0 and numel % known == 0
    return None if fits else f"shape '{list(shape)}' is invalid for input of size {numel}"


def _refusal(shape: Shape) -> str | None:
    """Return why torch refuses the shape for a tensor without elements: its words differ from version to version."""
    try:
        with without_modes():
            torch.empty(0, device="meta").view(shape)
    except RuntimeError as error:
        return str(error)
    return None


def inferred_shape(shape: Shape, numel: int) -> Shape:
    """Return the shape with -1 replaced by the size that it stands for.

    >>> inferred_shape((2, -1), 6)
    (2, 3)
    """
    known = math.prod(count for count in shape if count != -1)
    return tuple(numel // known if count == -1 else count for count in shape)


def view_stride(size: Shape, stride: Shape, shape: Shape) -> Shape | None:
    """Return the strides of a view with another shape of as many elements, or None if there is no such view.

    >>> view_stride((3, 2), (2, 1), (6,)), view_stride((3, 2), (1, 3), (6,)), view_stride((3,), (0,), (3, 1))
    ((1,), None, (0, 0))
    """
    if 0 in shape:
        return stride if size == shape else row_major(shape)
    new_stride: list[int] = []  # from the last axis backwards
    left = list(shape)
    for numel, step in chunks(size, stride):
        covered = 1
        while left and (covered < numel or left[-1] == 1):
            new_stride.append(covered * step)
            covered *= left.pop()
        if covered != numel:
            return None  # a new axis reaches across the border of this chunk
    return tuple(reversed(new_stride))


def chunks(size: Shape, stride: Shape) -> list[tuple[int, int]]:
    """Return, from the last axis backwards, how many elements each chunk of memory has and the step between them.

    >>> chunks((2, 3, 4), (12, 4, 1)), chunks((3, 2, 4), (4, 12, 1))
    ([(24, 1)], [(4, 1), (2, 12), (3, 4)])
    """
    found = [(1, 1)] if not size else [(size[-1], stride[-1])]
    for count, step in reversed(list(zip(size[:-1], stride[:-1], strict=True))):
        numel, inner_step = found[-1]
        if count == 1 or step == numel * inner_step:
            found[-1] = (numel * count, inner_step)
        else:
            found.append((count, step))
    return found


def row_major(shape: Shape) -> Shape:
    """Return the strides of a contiguous tensor, with steps for the axes of size 0 as torch gives them.

    >>> row_major((2, 3, 4)), row_major((2, 0, 4))
    ((12, 4, 1), (4, 4, 1))
    """
    return tuple(math.prod(max(count, 1) for count in shape[axis + 1 :]) for axis in range(len(shape)))
