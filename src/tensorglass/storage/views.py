"""Why a view of another shape works, or does not. The rule is that of `chunks`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from ..report import Cell, NumberColumn, Table, Verdict, bytes_text, public
from ..shapes import Shape
from .chunks import chunks, inferred_shape, shape_error, view_stride
from .layout import check_has_strides
from .sizes import sizes_asked_for


@public
@dataclass(frozen=True)
class AxisOfView:
    """One axis of the tensor, and whether it merges with the next one.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    axis, size, stride : int
        As the tensor has them.
    walk : int or None
        What the stride would have to be so that the axis merges with those after it: the cells that the chunk to the
        right covers. None where nothing follows.
    merges : bool or None
        Whether this axis and the next ones lie as one chunk; None where nothing follows. An axis of size 1 always
        merges.
    """

    axis: int
    size: int
    stride: int
    walk: int | None
    merges: bool | None


@public
@dataclass(frozen=True, repr=False)
class ViewExplanation(Verdict):
    """Whether ``tensor.view(shape)`` works, and why. The result of `explain_view`; truthy exactly when it is ok.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    ok : bool
        Whether ``.view`` works.
    shape : tuple of int
        The shape asked for, with -1 replaced by its size where that is possible.
    stride : tuple of int or None
        The strides that the view has, or None.
    breaks : tuple of tuple of int
        Pairs of neighbouring axes of the tensor between which memory breaks although the shape would merge them.
    copied_bytes : int
        What ``reshape`` would copy: 0 if the view works, or if nothing of this shape can be made.
    fix : str or None
        Code that gives the shape where ``.view`` does not; the tensor in it is `x`. None if nothing is to be fixed,
        or if the number of elements is wrong.
    error : str or None
        Why the shape is impossible for this number of elements, or None.
    axes : tuple of AxisOfView
        The axes of the tensor, from the first to the last.
    """

    ok: bool
    shape: Shape
    stride: Shape | None
    breaks: tuple[tuple[int, int], ...]
    copied_bytes: int
    fix: str | None
    error: str | None
    axes: tuple[AxisOfView, ...]

    def _content(self) -> Iterable[str | Table]:
        yield self._verdict()
        if self.axes:
            numbers = map(NumberColumn, ("size", "stride", "stride to merge"))
            header = ("axis", *numbers, "with the next axis")
            yield Table("Axes of x", header, tuple(map(_axis_row, self.axes)))
        yield from self._reasons()

    def _verdict(self) -> str:
        if self.ok:
            return f"x.view{self.shape} works, with the stride {self.stride}"
        if self.error:
            return f"x.view{self.shape} is impossible: {self.error}"
        return f"x.view{self.shape} does not work"

    def _reasons(self) -> Iterator[str]:
        for outer, inner in self.breaks:
            here = self.axes[outer]
            yield (
                f"memory breaks between axes {outer} and {inner}: a step along axis {outer} is {here.stride}, "
                f"and to merge with axis {inner} it would have to be {here.walk}"
            )
        if self.fix:
            yield f"{self.fix} works, and copies {bytes_text(self.copied_bytes)}"


def explain_view(tensor: torch.Tensor, *sizes: Any, shape: Any = None) -> ViewExplanation:
    """Explain whether ``tensor.view(shape)`` works, and if not, where memory breaks.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    tensor : torch.Tensor
        Any strided tensor, also a meta or fake one; it is neither read nor copied.
    *sizes : int or sequence of int
        The shape asked for, as one sequence or as separate sizes, in whatever form ``tensor.view`` takes them: integers
        of NumPy and tensors of one integer too. One size may be -1 and is then inferred.
    shape : sequence of int
        The same under its name.

    Returns
    -------
    ViewExplanation
        Truthy exactly when ``tensor.view(shape)`` works.

    Raises
    ------
    TypeError
        If `tensor` has no strides, or the shape does not consist of integers. A dtype is none: a view of another dtype
        is not explained.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import explain_view
    >>> x = torch.zeros(2, 3, 4).transpose(0, 1)
    >>> explain_view(x, (3, 2, 2, 2)).stride
    (4, 12, 2, 1)
    >>> print(explain_view(x, (6, 4)))
    x.view(6, 4) does not work
    <BLANKLINE>
    Axes of x
    <BLANKLINE>
    axis  size  stride  stride to merge  with the next axis
    ----  ----  ------  ---------------  ------------------
    0        3       4               24  breaks
    1        2      12                4  breaks
    2        4       1
    <BLANKLINE>
    memory breaks between axes 0 and 1: a step along axis 0 is 4, and to merge with axis 1 it would have to be 24
    <BLANKLINE>
    x.reshape(6, 4) works, and copies 96 bytes
    """
    check_has_strides(tensor, "explain_view() tensor")
    asked = sizes_asked_for(sizes if shape is None else (*sizes, shape), "explain_view() shape")
    size, stride = tuple(map(int, tensor.shape)), tuple(map(int, tensor.stride()))
    numel = math.prod(size)
    error = shape_error(asked, numel)
    wanted = asked if error else inferred_shape(asked, numel)
    new_stride = None if error else view_stride(size, stride, wanted)
    copies = error is None and new_stride is None
    return ViewExplanation(
        ok=new_stride is not None,
        shape=wanted,
        stride=new_stride,
        breaks=tuple(_breaks(size, stride, wanted)) if copies else (),
        copied_bytes=numel * tensor.itemsize if copies else 0,
        fix=f"x.reshape{wanted}" if copies else None,
        error=error,
        axes=tuple(_axes(size, stride)),
    )


def _axes(size: Shape, stride: Shape) -> Iterator[AxisOfView]:
    for axis, (count, step) in enumerate(zip(size, stride, strict=True)):
        following = [(n, s) for n, s in zip(size[axis + 1 :], stride[axis + 1 :], strict=True) if n != 1]
        if not following:
            yield AxisOfView(axis, count, step, None, None)
            continue
        numel, inner_step = chunks(*zip(*following, strict=True))[-1]
        walk = numel * inner_step
        yield AxisOfView(axis, count, step, walk, count == 1 or step == walk)


def _breaks(size: Shape, stride: Shape, shape: Shape) -> Iterator[tuple[int, int]]:
    """Yield the breaks in memory that no border between new axes coincides with."""
    borders = {math.prod(shape[axis:]) for axis in range(len(shape))}
    for axis in _axes(size, stride):
        if axis.merges is False and math.prod(size[axis.axis + 1 :]) not in borders:
            following = next(i for i in range(axis.axis + 1, len(size)) if size[i] != 1)
            yield axis.axis, following


def _axis_row(axis: AxisOfView) -> tuple[str | Cell, ...]:
    walk = "" if axis.walk is None else str(axis.walk)
    merges = "" if axis.merges is None else "merges" if axis.merges else Cell("breaks", ("clash",))
    return str(axis.axis), str(axis.size), str(axis.stride), walk, merges
