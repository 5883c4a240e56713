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
from .promotion import number_of, promoted_dtype
from .squeezes import find_squeezes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@public
@dataclass(frozen=True, repr=False)
class BroadcastExplanation(Verdict):
    """What broadcasting does with some shapes. The result of `explain_broadcast`.

    .. versionadded:: 0.2.0

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
    dtype : torch.dtype or None
        The dtype of the result, from which `nbytes` follows; None where torch promotes the operands' dtypes to none.
    elements, nbytes : int or None
        The size of the result, in elements and in bytes. Broadcasting stores no stretched operand, but the result is
        stored in full. There are no bytes without a dtype.
    """

    shapes: tuple[Shape, ...]
    ok: bool
    result: Shape | None
    axes: tuple[BroadcastAxis, ...]
    error: str | None
    dtype: torch.dtype | None

    @property
    def elements(self) -> int | None:
        return None if self.result is None else math.prod(self.result)

    @property
    def nbytes(self) -> int | None:
        return None if self.elements is None or self.dtype is None else self.elements * self.dtype.itemsize

    @property
    def both_stretched(self) -> bool:
        """Whether the result has more elements than every operand, since each one was stretched."""
        return self.elements is not None and self.elements > max(map(math.prod, self.shapes))

    @property
    def size_mismatch(self) -> bool:
        """Whether a size is wrong, since size-1 axes can give only an outer product, which stretches every operand."""
        fix = self.smallest_fix
        if fix is None:
            return False
        return all((1,) * (len(fix.result) - len(shape)) + shape != fix.result for shape in fix.shapes)

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

    @functools.cached_property
    def squeezes(self) -> tuple[BroadcastFix, ...]:
        """Removals of stretched size-1 axes after which the result is no larger than the largest operand.

        Fewest removed axes first, then fewest elements in the result; at most ten. Empty unless `both_stretched`, and
        where no removal avoids the larger result, which then is an outer product.
        """
        return find_squeezes(self.shapes) if self.both_stretched else ()

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
        if self.both_stretched:
            yield "Every operand is stretched: the result is larger than each of them, and no error is raised."
            yield from self._squeezes_parts()

    def _verdict(self) -> str:
        shapes = " and ".join(map(str, self.shapes))
        if self.result is None:
            return f"{shapes}: do not broadcast"
        elements = counted(math.prod(self.result), "element")
        if self.nbytes is None:
            size = f"{elements}, of no dtype: torch does not promote the operands' dtypes, and refuses to add them"
        else:
            size = f"{elements} of {self.dtype}, {bytes_text(self.nbytes)}"
        return f"{shapes}: broadcast to {self.result} ({size})"

    def _axes_table(self) -> Table:
        names = (f"{operand_name(i)} {shape}" for i, shape in enumerate(self.shapes))
        rows = tuple(
            (Cell(str(axis.axis), (f"axis{-axis.axis}",)), *axis.cells(), Cell(str(axis.result).lower()))
            for axis in self.axes
        )
        header = (NumberColumn("axis"), *names, "result")
        return Table("Shapes aligned at the last axis", header, rows)

    def _fixes_parts(self) -> Iterable[str | Table]:
        caption = "Size-1 axes that make it work, the smallest result first"
        if self.size_mismatch:
            clashes = (f"{_against(axis)} in axis {axis.axis}" for axis in self.axes if axis.result is None)
            yield (
                f"The sizes do not match: {', '.join(clashes)}. Size-1 axes can only make outer products of these "
                "shapes; where none is meant, a size is wrong."
            )
            caption = "Outer products, the smallest result first"
        yield _fixes_table(caption, {fix.shapes: fix for fix in (self.smallest_fix, *self.fixes[:3]) if fix})

    def _squeezes_parts(self) -> Iterable[str | Table]:
        if self.squeezes:
            caption = "Size-1 axes to remove, so that it is not larger"
            yield _fixes_table(caption, {fix.shapes: fix for fix in self.squeezes})


def _against(axis: BroadcastAxis) -> str:
    return " against ".join(str(size) for size in dict.fromkeys(axis.sizes) if size not in (None, 1))


def _fixes_table(caption: str, fixes: dict[tuple[Shape, ...], BroadcastFix]) -> Table:
    by_size = sorted(fixes.values(), key=lambda fix: fix.elements)
    rows = tuple((fix.code, str(fix.result), f"{fix.elements:,}") for fix in by_size)
    return Table(caption, ("code", "result", NumberColumn("elements")), rows)


def explain_broadcast(*operands: object, dtype: torch.dtype | None = None) -> BroadcastExplanation:
    """Explain how shapes broadcast, or why they do not and which size-1 axes would help.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    *operands : tensor, number or shape
        Tensors with one shape (meta and fake tensors too: only the shape is read), arrays, numbers, or shapes: a
        `torch.Size`, or a tuple, list or range of sizes.
    dtype : torch.dtype, optional
        The dtype from which the result's bytes are counted. By default the one that torch's type promotion gives
        for the tensors and numbers among the operands. Where there is no tensor, a shape stands for one of torch's
        default dtype.

    Returns
    -------
    BroadcastExplanation
        Truthy exactly when the shapes broadcast.

    Raises
    ------
    TypeError
        If no operand is given, or one is no tensor, number or shape, or a tensor without one shape: a nested one,
        or a parameter that is not initialized yet.
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

    A result larger than every operand is the silent trap, and what avoids it is told:

    >>> explain_broadcast((3, 1), (3,)).squeezes[0].code
    'a.squeeze(1) + b'
    """
    if not operands:
        raise TypeError("explain_broadcast() got no operands; expected at least one tensor or shape")
    shapes = tuple(
        () if number_of(operand) is not None else shape_of(operand, f"explain_broadcast() operand {i}")
        for i, operand in enumerate(operands, 1)
    )
    axes = tuple(explained_axis(shapes, axis) for axis in range(-1, -1 - max(map(len, shapes)), -1))
    result = broadcast_shape(shapes)
    return BroadcastExplanation(
        shapes=shapes,
        ok=result is not None,
        result=result,
        axes=axes,
        error=_error_text(shapes) if result is None else None,
        dtype=promoted_dtype(operands, shapes) if dtype is None else dtype,
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
