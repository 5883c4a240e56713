"""Pictures of broadcasts: the aligned shapes, and the cells as they are stretched.

What clashes has a heavy border and says so. Places are given in cells, the sizes of new figures in inches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ..drawing import CELL_COLOR, Rectangle, axis_color, blank, hatch, text_color
from ..shapes import Shape, operand_name
from .axes import CLASH, EQUAL, MISSING, BroadcastAxis, spread_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_aligned_shapes(shapes: Sequence[Shape], axes: Sequence[BroadcastAxis], ax: Axes | None = None) -> Axes:
    """Draw one row per operand and one for the result, with equal axes under one another."""
    rank = len(axes)
    rows = len(shapes) + 1
    ax = blank(ax, width=1.6 + 1.1 * max(rank, 1), height=0.75 * rows + 0.7)
    for i, shape in enumerate(shapes):
        _row_label(ax, -i, f"{operand_name(i)} {shape}")
        for axis in axes:
            _size_box(ax, (rank + axis.axis, -i), axis.axis, axis.sizes[i], axis.roles[i])
    _row_label(ax, 1 - rows, "result")
    for axis in axes:
        role = CLASH if axis.result is None else EQUAL
        _size_box(ax, (rank + axis.axis, 1 - rows), axis.axis, axis.result, role)
        ax.text(rank + axis.axis, 0.6, f"axis {axis.axis}", ha="center", va="bottom", fontsize=9)
    ax.set_xlim(-1.1 - 0.09 * max(len(str(shape)) for shape in shapes), rank - 0.4)
    ax.set_ylim(0.5 - rows, 0.95)
    ax.set_label(_aligned_description(shapes, axes))
    return ax


def plot_broadcast_cells(
    operands: Sequence[torch.Tensor], axes: Sequence[BroadcastAxis], result: Shape, ax: Axes | None = None
) -> Axes:
    """Draw each operand as it is stretched, and the sum: every cell with its value, repeated cells hatched."""
    shapes = tuple(tuple(operand.shape) for operand in operands)
    rows, columns = _two_dimensional(result)
    ax = blank(ax, width=0.55 * (columns + 1) * (len(operands) + 1), height=0.5 * rows + 1.1)
    for i, operand in enumerate(operands):
        left = i * (columns + 1)
        values = operand.detach().cpu().expand(result).reshape(rows, columns)
        _grid(ax, left, values, stored=_two_dimensional(shapes[i]))
        _grid_label(ax, left, columns, f"{operand_name(i)} {shapes[i]}")
        _sign(ax, left + columns, rows, "+" if i + 1 < len(operands) else "=")
    total = torch.stack([operand.detach().cpu().expand(result) for operand in operands]).sum(0)
    left = len(operands) * (columns + 1)
    _grid(ax, left, total.reshape(rows, columns), stored=(rows, columns))
    _grid_label(ax, left, columns, f"sum {result}")
    for axis in axes:
        _axis_line(ax, axis.axis, rows, columns)
    ax.set_xlim(-1.5, left + columns - 0.4)
    ax.set_ylim(-rows - 0.5, 1.1)
    ax.set_label(_cells_description(operands, axes, total))
    return ax


def _row_label(ax: Axes, y: float, text: str) -> None:
    ax.text(-0.75, y, text, ha="right", va="center", fontsize=10)


def _size_box(ax: Axes, center: tuple[float, float], axis: int, size: int | None, role: str) -> None:
    x, y = center
    color = axis_color(axis)
    box = Rectangle((x - 0.44, y - 0.36), 0.88, 0.72, facecolor=(color, 0.30), edgecolor=color, linewidth=1.2)
    if role == CLASH:
        box.set(edgecolor=text_color(), linewidth=2.6)
    elif role != EQUAL:
        box.set(facecolor="none", linestyle=(0, (3, 2)) if role == MISSING else "solid")
        hatch(box)
    ax.add_patch(box)
    text = "clash" if size is None and role == CLASH else role if size is None else str(size)
    note = "" if role in (EQUAL, MISSING) or size is None else f"\n{role}"
    ax.text(x, y, text + note, ha="center", va="center", fontsize=8 if note or size is None else 11)


def _grid(ax: Axes, left: int, values: torch.Tensor, stored: Shape) -> None:
    """Draw one grid of cells; those beyond the stored rows and columns are hatched in the colour of their axis."""
    for row, numbers in enumerate(values.tolist()):
        for column, number in enumerate(numbers):
            repeated = [axis for axis, place in ((-2, row), (-1, column)) if place >= stored[axis]]
            box = Rectangle((left + column - 0.5, -row - 0.5), 1, 1, facecolor=(CELL_COLOR, 0.3), edgecolor=CELL_COLOR)
            if repeated:
                box.set(facecolor="none", linestyle=(0, (3, 2)))
                box.set(edgecolor=axis_color(repeated[0]))
                hatch(box)
            ax.add_patch(box)
            ax.text(left + column, -row, f"{number:g}", ha="center", va="center", fontsize=9)


def _axis_line(ax: Axes, axis: int, rows: int, columns: int) -> None:
    """Draw the coloured line that says which way an axis runs: the last one to the right, the other one down."""
    if axis == -1:
        ax.plot([-0.5, columns - 0.5], [-rows + 0.25] * 2, color=axis_color(axis), linewidth=3)
        ax.text((columns - 1) / 2, -rows + 0.1, "axis -1", ha="center", va="top", fontsize=9)
    else:
        ax.plot([-0.75] * 2, [0.5, -rows + 0.5], color=axis_color(axis), linewidth=3)
        ax.text(-0.9, -(rows - 1) / 2, "axis -2", ha="right", va="center", rotation=90, fontsize=9)


def _grid_label(ax: Axes, left: int, columns: int, text: str) -> None:
    ax.text(left + columns / 2 - 0.5, 0.62, text, ha="center", va="bottom", fontsize=9)


def _sign(ax: Axes, x: float, rows: int, text: str) -> None:
    ax.text(x, -(rows - 1) / 2, text, ha="center", va="center", fontsize=13)


def _two_dimensional(shape: Shape) -> tuple[int, int]:
    rows, columns = (1, 1, *shape)[-2:]
    return rows, columns


def _aligned_description(shapes: Sequence[Shape], axes: Sequence[BroadcastAxis]) -> str:
    sentences = [f"Shapes {' and '.join(map(str, shapes))} aligned at the last axis."]
    for axis in axes:
        cells = " against ".join(cell.text for cell in axis.cells())
        outcome = "no result" if axis.result is None else f"result {axis.result}"
        sentences.append(f"Axis {axis.axis}: {cells}, {outcome}.")
    return " ".join(sentences)


def _cells_description(operands: Sequence[torch.Tensor], axes: Sequence[BroadcastAxis], total: torch.Tensor) -> str:
    sentences = []
    for i, operand in enumerate(operands):
        spread = spread_axes(axes, i)
        repeated = f", repeated along axis {' and '.join(map(str, spread))}," if spread else ""
        sentences.append(f"{operand_name(i)} {operand.tolist()}{repeated}")
    return f"Cells: {' plus '.join(sentences)} gives {total.tolist()}."
