"""A picture of memory: the tape of a storage's cells, and what each tensor has there."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..drawing import CELL_COLOR, Rectangle, axis_color, blank, hatch, text_color
from ..report import counted
from .layout import Layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELLS_PER_LINE = 16  # as wide as the text of a page, with numbers that can be read
CELLS_AT_MOST = 512  # 32 lines: who looks at more looks for a pattern, which a smaller tensor shows too


def plot_tape(cells: int, lanes: Sequence[Lane], ax: Axes | None = None) -> Axes:
    """Draw the storage as lines of numbered cells; under each line, what each tensor has there.

    A box in a tensor's lane carries the index of the element that lies in the cell, or how many elements do.
    """
    first_layout = lanes[0].layout
    elements = max(lane.layout.numel for lane in lanes)
    if max(cells, elements) > CELLS_AT_MOST:
        raise ValueError(
            f"plot() got a storage of {counted(cells, 'cell')} and a tensor of {counted(elements, 'element')}; "
            f"expected at most {CELLS_AT_MOST} of each: draw a smaller tensor of the same layout"
        )
    lines = max(1, -(-cells // CELLS_PER_LINE))
    steps = list(_steps(first_layout)) if lines == 1 else []
    height = 1.15 + len(lanes)  # of one line of the tape, in cells
    left = -1.0 - 0.24 * max(len(lane.label) for lane in lanes)
    right = max([min(cells, CELLS_PER_LINE) - 0.3, *(end + 0.4 + 0.2 * len(text) for _, end, text in steps)])
    bottom = -lines * height + 0.4 - 0.5 * len(steps)
    ax = blank(ax, width=0.42 * (right - left), height=0.42 * (0.6 - bottom))
    for line in range(lines):
        first = line * CELLS_PER_LINE
        _tape_line(ax, -line * height, range(first, min(first + CELLS_PER_LINE, cells)))
        for i, lane in enumerate(lanes, start=1):
            _lane_line(ax, -line * height - i, lane, line)
    for i, (axis, end, text) in enumerate(steps):
        _step(ax, -len(lanes) - 0.95 - 0.5 * i, (first_layout.offset, end), axis_color(axis), text)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, 0.6)
    ax.set_label(_tape_description(cells, lanes))
    return ax


@dataclass(frozen=True)
class Lane:
    """What is drawn for one tensor. Its cells may be of another size than those of the tape, and start elsewhere."""

    name: str
    layout: Layout
    start: float  # where its storage starts, and how wide its cells are, in cells of the tape
    width: float

    @property
    def label(self) -> str:
        return f"{self.name} {self.layout.shape}"

    def elements(self) -> dict[int, list[str]]:
        """Return, for each cell that holds elements, their indices."""
        found: dict[int, list[str]] = defaultdict(list)
        for index in itertools.product(*map(range, self.layout.shape)):
            steps = sum(i * step for i, step in zip(index, self.layout.stride, strict=True))
            found[self.layout.offset + steps].append(",".join(map(str, index)) or "()")
        return found


def _tape_line(ax: Axes, y: float, cells: range) -> None:
    _label(ax, y, "cell")
    for x, cell in enumerate(cells):
        ax.add_patch(Rectangle((x - 0.5, y - 0.3), 1, 0.6, facecolor="none", edgecolor=text_color(), linewidth=0.8))
        ax.text(x, y, str(cell), ha="center", va="center", fontsize=7)


def _lane_line(ax: Axes, y: float, lane: Lane, line: int) -> None:
    _label(ax, y, lane.label)
    for cell, indices in lane.elements().items():
        at_line, x = divmod(lane.start + cell * lane.width, CELLS_PER_LINE)
        if at_line != line:
            continue
        box = Rectangle((x - 0.46, y - 0.42), lane.width - 0.08, 0.84, facecolor=(CELL_COLOR, 0.3))
        box.set_edgecolor(CELL_COLOR)
        if len(indices) > 1:
            box.set(facecolor="none")
            hatch(box)
        ax.add_patch(box)
        text = f"{len(indices)}x" if len(indices) > 1 else indices[0]
        size = 8 if len(text) < 5 else 6
        ax.text(x - 0.5 + lane.width / 2, y, text, ha="center", va="center", fontsize=size)


def _label(ax: Axes, y: float, text: str) -> None:
    ax.text(-0.75, y, text, ha="right", va="center", fontsize=9)


def _steps(layout: Layout) -> Iterator[tuple[int, int, str]]:
    """Yield, for each axis that has a next element, the axis, the cell of that element, and what to write there."""
    for axis in range(-1, -len(layout.shape) - 1, -1):
        if layout.numel and layout.shape[axis] > 1:
            yield axis, layout.offset + layout.stride[axis], f"axis {axis}: stride {layout.stride[axis]}"


def _step(ax: Axes, y: float, ends: tuple[int, int], color: str, text: str) -> None:
    """Draw the step from the first element to the next one along an axis."""
    start, end = ends
    arrow = {"arrowstyle": "->", "color": color, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (end, y), (start, y), arrowprops=arrow)
    ax.plot([start], [y], marker="o", markersize=3.5, color=color)
    ax.text(end + 0.25, y, text, ha="left", va="center", fontsize=8)


def _tape_description(cells: int, lanes: Sequence[Lane]) -> str:
    sentences = [f"A storage of {counted(cells, 'cell')}."]
    for lane in lanes:
        each = (f"{cell} holds {' and '.join(indices)}" for cell, indices in lane.elements().items())
        sentences.append(f"{lane.label} with stride {lane.layout.stride}: {', '.join(each) or 'no elements'}.")
    return " ".join(sentences)
