"""Which shapes broadcast, axis by axis, and what to do when they do not."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..report import Cell, NumberColumn, Table, Verdict, bytes_text, counted, public
from ..shapes import Shape, aligned, broadcast_axis_size, broadcast_shape, operand_name, shape_of
from .axes import BroadcastAxis, explained_axis, spread_axes
from .fixes import BroadcastFix, find_fixes, find_smallest_fix

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@public
@dataclass(frozen=True, repr=False)
class BroadcastExplanation(Verdict):
    """What broadcasting does with some shapes. The result of `explain_broadcast`.

    Attributes
    ----------
    shapes : tuple of tuple of int
        The operands' shapes, as given.
    ok : bool
        Whether the shapes broadcast together. The explanation itself is truthy exactly when they do.
    result : tuple of int or None
        The shape of the result.
    axes : tuple of BroadcastAxis
        The aligned axes, from the last backwards.
    error : str or None
        The text of the error that ``a + b + ...`` raises on CPU tensors of these shapes.
    dtype : torch.dtype
        The dtype of the result, from which `nbytes` follows.
    elements, nbytes : int or None
        The size of the result, in elements and in bytes. Broadcasting stores no stretched operand, but the result is
        stored in full.
    """

    shapes: tuple[Shape, ...]
    ok: bool
    result: Shape | None
    axes: tuple[BroadcastAxis, ...]
    error: str | None
    dtype: torch.dtype

    @property
    def elements(self) -> int | None:
        return None if self.result is None else math.prod(self.result)

    @property
    def nbytes(self) -> int | None:
        return None if self.elements is None else self.elements * self.dtype.itemsize

    @functools.cached_property
    def fixes(self) -> tuple[BroadcastFix, ...]:
        """Insertions of size-1 axes that make the shapes broadcast; empty if they do already.

        Fewest inserted axes first, then fewest elements in the result; at most ten. An axis is inserted only where
        it faces an axis that another operand really has: leading axes, which never change anything, are left out.
        """
        return () if self.ok else find_fixes(self.shapes)

    @functools.cached_property
    def smallest_fix(self) -> BroadcastFix | None:
        """The insertion with the fewest elements in the result, which is most often the one that was meant."""
        return None if self.ok else find_smallest_fix(self.shapes)

    @property
    def summed_axes(self) -> tuple[tuple[int, ...], ...]:
        """Per operand, the axes of the result over which backward sums to give this operand's gradient."""
        return tuple(spread_axes(self.axes, i) for i in range(len(self.shapes)))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shapes aligned at their last axis. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        """
        from .pictures import plot_aligned_shapes

        return plot_aligned_shapes(self.shapes, self.axes, ax)

    def plot_cells(self, *operands: torch.Tensor, ax: Axes | None = None) -> Axes:
        """Draw the operands as they are stretched, cell by cell, and their sum. Needs matplotlib.

        Parameters
        ----------
        *operands : torch.Tensor
            Tensors of the explained shapes, whose values are written into the cells.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        """
        from .pictures import plot_broadcast_cells

        shapes = tuple(tuple(operand.shape) for operand in operands)
        if shapes != self.shapes:
            raise ValueError(f"plot_cells() got tensors of shapes {shapes}; expected {self.shapes}")
        if self.result is None or len(self.result) not in (1, 2):
            raise ValueError(
                f"plot_cells() got the result shape {self.result}; expected shapes that broadcast to rank 1 or 2"
            )
        return plot_broadcast_cells(operands, self.axes, self.result, ax)

    def _content(self) -> Iterable[str | Table]:
        yield self._verdict()
        if self.axes:
            yield self._axes_table()
        if self.error is not None:
            expression = " + ".join(operand_name(i) for i in range(len(self.shapes)))
            yield f"{expression} raises: {self.error}"
            yield from self._fixes_parts()

    def _verdict(self) -> str:
        shapes = " and ".join(map(str, self.shapes))
        if self.result is None:
            return f"{shapes}: do not broadcast"
        elements = math.prod(self.result)
        size = f"{counted(elements, 'element')} of {self.dtype}, {bytes_text(elements * self.dtype.itemsize)}"
        return f"{shapes}: broadcast to {self.result} ({size})"

    def _axes_table(self) -> Table:
        names = (f"{operand_name(i)} {shape}" for i, shape in enumerate(self.shapes))
        rows = tuple(
            (Cell(str(axis.axis), (f"axis{-axis.axis}",)), *axis.cells(), Cell(str(axis.result).lower()))
            for axis in self.axes
        )
        header = (NumberColumn("axis"), *names, "result")
        return Table("Shapes aligned at the last axis", header, rows)

    def _fixes_parts(self, shown: int = 3) -> Iterable[str | Table]:
        fixes = {fix.shapes: fix for fix in (self.smallest_fix, *self.fixes[:shown]) if fix is not None}
        by_size = sorted(fixes.values(), key=lambda fix: fix.elements)
        rows = tuple((fix.code, str(fix.result), f"{fix.elements:,}") for fix in by_size)
        caption = "Size-1 axes that make it work, the smallest result first"
        yield Table(caption, ("code", "result", NumberColumn("elements")), rows)


def explain_broadcast(*operands: object, dtype: torch.dtype | None = None) -> BroadcastExplanation:
    """Explain how shapes broadcast, or why they do not and which size-1 axes would help.

    Parameters
    ----------
    *operands : tensor or shape
        Tensors of any kind (meta and fake tensors too: only the shape is read), arrays, or shapes: a `torch.Size`,
        or a tuple or list of sizes.
    dtype : torch.dtype, optional
        The dtype from which the result's bytes are counted. By default the one that torch's type promotion gives
        for the tensors among the operands, or torch's default dtype if there are only shapes.

    Returns
    -------
    BroadcastExplanation
        Truthy exactly when the shapes broadcast.

    Raises
    ------
    TypeError
        If no operand is given, or one is neither a tensor nor a shape.
    ValueError
        If a size is negative.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import explain_broadcast
    >>> explain_broadcast(torch.ones(3), torch.ones(3, 4))
    (3,) and (3, 4): do not broadcast
    <BLANKLINE>
    Shapes aligned at the last axis
    <BLANKLINE>
    axis  a (3,)   b (3, 4)  result
    ----  -------  --------  ------
      -1  3 clash  4 clash   none
      -2  missing  3         3
    <BLANKLINE>
    a + b raises: The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1
    <BLANKLINE>
    Size-1 axes that make it work, the smallest result first
    <BLANKLINE>
    code                     result     elements
    -----------------------  ---------  --------
    a[:, None] + b           (3, 4)           12
    a + b[:, :, None]        (3, 4, 3)        36
    a[:, None] + b[:, None]  (3, 3, 4)        36

    Shapes are enough, and a result with nothing to repair is true:

    >>> bool(explain_broadcast((3, 1), (3, 4)))
    True
    """
    if not operands:
        raise TypeError("explain_broadcast() got no operands; expected at least one tensor or shape")
    shapes = tuple(shape_of(operand, f"explain_broadcast() operand {i}") for i, operand in enumerate(operands, 1))
    axes = tuple(explained_axis(shapes, axis) for axis in range(-1, -1 - max(map(len, shapes)), -1))
    result = broadcast_shape(shapes)
    return BroadcastExplanation(
        shapes=shapes,
        ok=result is not None,
        result=result,
        axes=axes,
        error=_error_text(shapes) if result is None else None,
        dtype=_promoted_dtype(operands) if dtype is None else dtype,
    )


def _error_text(shapes: Sequence[Shape]) -> str:
    """Return torch's message: additions run from the left; the last clashing axis of the first bad pair is named."""
    pairs = aligned(_first_bad_pair(*shapes))
    last = max(axis for axis, pair in enumerate(pairs) if broadcast_axis_size(pair) is None)
    return (
        f"The size of tensor a ({pairs[last][0]}) must match the size of tensor b ({pairs[last][1]}) "
        f"at non-singleton dimension {last}"
    )


def _first_bad_pair(so_far: Shape, shape: Shape, *rest: Shape) -> tuple[Shape, Shape]:
    """Return the sum's shape up to the first operand that it does not broadcast with, and that operand's shape."""
    total = broadcast_shape([so_far, shape])
    return (so_far, shape) if total is None else _first_bad_pair(total, *rest)


def _promoted_dtype(operands: Sequence[object]) -> torch.dtype:
    """Return the dtype to which torch promotes the tensors, found on meta tensors, which hold no data."""
    tensors = [_stand_in(operand) for operand in operands if isinstance(operand, torch.Tensor)]
    if not tensors:
        return torch.get_default_dtype()
    return functools.reduce(_promoted, tensors).dtype


def _promoted(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    rank = max(a.dim(), b.dim())
    return torch.empty((1,) * rank, dtype=torch.result_type(a, b), device="meta")


def _stand_in(tensor: torch.Tensor) -> torch.Tensor:
    return torch.empty((1,) * tensor.dim(), dtype=tensor.dtype, device="meta")
