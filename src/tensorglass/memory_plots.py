"""Pictures of memory: the tape of a storage's cells, and the live bytes while some code runs."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from .drawing import AXIS_COLORS, CELL_COLOR, HATCH, HATCH_WIDTH, axis_color, blank
from .inspection import StorageInfo
from .layout import Layout
from .memory import DeviceMemory
from .recording import BETWEEN, OperationCall
from .report import byte_unit, bytes_text, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELLS_PER_LINE = 16
CELLS_AT_MOST = 512
_NAMES_AT_MOST = 40
_HELD_COLOR, _WORKSPACE_COLOR = AXIS_COLORS[0], AXIS_COLORS[1]


def plot_tape(info: StorageInfo, ax: Axes | None = None) -> Axes:
    """Draw the storage as lines of numbered cells; under each line, what each tensor has there.

    A box in a tensor's lane carries the index of the element that lies in the cell, or how many elements do.
    """
    lanes = _lanes(info)
    elements = max(lane.layout.numel for lane in lanes)
    if max(info.cells, elements) > CELLS_AT_MOST:
        raise ValueError(
            f"plot() got a storage of {counted(info.cells, 'cell')} and a tensor of {counted(elements, 'element')}; "
            f"expected at most {CELLS_AT_MOST} of each: draw a smaller tensor of the same layout"
        )
    lines = max(1, -(-info.cells // CELLS_PER_LINE))
    steps = list(_steps(info.layout)) if lines == 1 else []
    height = 1.15 + len(lanes)  # of one line of the tape, in cells
    left = -1.0 - 0.24 * max(len(lane.label) for lane in lanes)
    right = max([min(info.cells, CELLS_PER_LINE) - 0.3, *(end + 0.4 + 0.2 * len(text) for _, end, text in steps)])
    bottom = -lines * height + 0.4 - 0.5 * len(steps)
    ax = blank(ax, width=0.42 * (right - left), height=0.42 * (0.6 - bottom))
    for line in range(lines):
        first = line * CELLS_PER_LINE
        _tape_line(ax, -line * height, range(first, min(first + CELLS_PER_LINE, info.cells)))
        for i, lane in enumerate(lanes, start=1):
            _lane_line(ax, -line * height - i, lane, line)
    for i, (axis, end, text) in enumerate(steps):
        _step(ax, -len(lanes) - 0.95 - 0.5 * i, (info.offset, end), axis_color(axis), text)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, 0.6)
    ax.set_label(_tape_description(info))
    return ax


def plot_timeline(memory: DeviceMemory, ax: Axes | None = None) -> Axes:
    """Draw the live bytes after each operation, and above them what it needed for itself while it ran.

    The operations of a backward pass stand on a grey ground: forward passes pile up activations, backward passes take
    them away again.
    """
    calls = memory.calls
    if ax is None:
        _, ax = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
    unit, divisor = byte_unit(memory.peak_bytes)
    for i, call in enumerate(calls):
        floor = max(call.before, call.after)
        box = Rectangle((i, 0), 1, call.after / divisor, facecolor=(_HELD_COLOR, 0.35), edgecolor="none")
        ax.add_patch(box)
        if call.highest > floor:
            extra = Rectangle((i, floor / divisor), 1, call.workspace / divisor, facecolor="none")
            extra.set(edgecolor=_WORKSPACE_COLOR, hatch=HATCH)
            extra.set_hatch_linewidth(HATCH_WIDTH)
            ax.add_patch(extra)
    after = [call.after / divisor for call in calls]
    ax.stairs(after, range(len(calls) + 1), color=_HELD_COLOR, linewidth=1.6, baseline=None)
    for first, last in _backward_passes(calls):
        ax.axvspan(first, last + 1, facecolor=(CELL_COLOR, 0.18), edgecolor="none")
        middle = (first + last + 1) / 2
        ax.text(middle, 0.02, "backward", transform=ax.get_xaxis_transform(), ha="center", va="bottom", fontsize=9)
    _mark_peak(ax, memory, unit, divisor)
    if len(calls) <= _NAMES_AT_MOST:
        names = ["dropped" if call.operation == BETWEEN and not call.allocated else call.operation for call in calls]
        ax.set_xticks([i + 0.5 for i in range(len(calls))], names, rotation=90, fontsize=8)
    ax.set_xlim(0, max(len(calls), 1))
    ax.set_ylim(min(0.0, *after, 0.0), max(memory.peak_bytes / divisor * 1.18, 1e-9))
    ax.set_xlabel("operations, in order")
    ax.set_ylabel(f"live {unit} on {memory.device}")
    ax.set_label(_timeline_description(memory))
    return ax


@dataclass(frozen=True)
class _Lane:
    """What is drawn for one tensor. Its cells may be of another size than those of the tape, and start elsewhere."""

    name: str
    layout: Layout
    start: float  # where its storage starts, and how wide its cells are, in cells of the tape
    width: float

    @property
    def label(self) -> str:
        return f"{self.name} {self.layout.size}"

    def elements(self) -> dict[int, list[str]]:
        """Return, for each cell that holds elements, their indices."""
        found: dict[int, list[str]] = defaultdict(list)
        for index in itertools.product(*map(range, self.layout.size)):
            steps = sum(i * step for i, step in zip(index, self.layout.stride, strict=True))
            found[self.layout.offset + steps].append(",".join(map(str, index)) or "()")
        return found


def _lanes(info: StorageInfo) -> list[_Lane]:
    """Return a lane for each tensor that lies in this memory."""
    lanes = [_Lane("a", info.layout, 0, 1)]
    for other in info.others:
        if other.distance is not None:
            width = other.layout.itemsize / info.itemsize
            lanes.append(_Lane(other.name, other.layout, other.distance / info.itemsize, width))
    return lanes


def _tape_line(ax: Axes, y: float, cells: range) -> None:
    _label(ax, y, "cell")
    for x, cell in enumerate(cells):
        ax.add_patch(Rectangle((x - 0.5, y - 0.3), 1, 0.6, facecolor="none", edgecolor="black", linewidth=0.8))
        ax.text(x, y, str(cell), ha="center", va="center", color="black", fontsize=7)


def _lane_line(ax: Axes, y: float, lane: _Lane, line: int) -> None:
    _label(ax, y, lane.label)
    for cell, indices in lane.elements().items():
        at_line, x = divmod(lane.start + cell * lane.width, CELLS_PER_LINE)
        if at_line != line:
            continue
        box = Rectangle((x - 0.46, y - 0.42), lane.width - 0.08, 0.84, facecolor=(CELL_COLOR, 0.3))
        box.set_edgecolor(CELL_COLOR)
        if len(indices) > 1:
            box.set(facecolor="none", hatch=HATCH)
            box.set_hatch_linewidth(HATCH_WIDTH)
        ax.add_patch(box)
        text = f"{len(indices)}x" if len(indices) > 1 else indices[0]
        size = 8 if len(text) < 5 else 6
        ax.text(x - 0.5 + lane.width / 2, y, text, ha="center", va="center", color="black", fontsize=size)


def _label(ax: Axes, y: float, text: str) -> None:
    ax.text(-0.75, y, text, ha="right", va="center", color="black", fontsize=9)


def _steps(layout: Layout) -> Iterator[tuple[int, int, str]]:
    """Yield, for each axis that has a next element, the axis, the cell of that element, and what to write there."""
    for axis in range(-1, -len(layout.size) - 1, -1):
        if layout.numel and layout.size[axis] > 1:
            yield axis, layout.offset + layout.stride[axis], f"axis {axis}: stride {layout.stride[axis]}"


def _step(ax: Axes, y: float, ends: tuple[int, int], color: str, text: str) -> None:
    """Draw the step from the first element to the next one along an axis."""
    start, end = ends
    arrow = {"arrowstyle": "->", "color": color, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (end, y), (start, y), arrowprops=arrow)
    ax.plot([start], [y], marker="o", markersize=3.5, color=color)
    ax.text(end + 0.25, y, text, ha="left", va="center", color="black", fontsize=8)


def _mark_peak(ax: Axes, memory: DeviceMemory, unit: str, divisor: int) -> None:
    peak = memory.peak_bytes
    if not peak:
        return
    i = next(i for i, call in enumerate(memory.calls) if call.highest == peak)
    ax.plot([0, len(memory.calls)], [peak / divisor] * 2, color="black", linewidth=0.8, linestyle=(0, (4, 3)))
    left = i < len(memory.calls) / 2
    ax.annotate(
        f"peak {bytes_text(peak)} in {memory.calls[i].operation}",
        (i + 0.5, peak / divisor),
        (0, 4),
        textcoords="offset points",
        ha="left" if left else "right",
        va="bottom",
        color="black",
        fontsize=9,
    )


def _backward_passes(calls: Sequence[OperationCall]) -> Iterator[tuple[int, int]]:
    """Yield the first and last call of each backward pass. What is dropped between its operations belongs to it."""
    span: tuple[int, int] | None = None
    for i, call in enumerate(calls):
        if call.backward:
            span = (span[0] if span else i, i)
        elif call.operation != BETWEEN and span:
            yield span
            span = None
    if span:
        yield span


def _tape_description(info: StorageInfo) -> str:
    sentences = [f"A storage of {counted(info.cells, 'cell')}."]
    for lane in _lanes(info):
        each = (f"{cell} holds {' and '.join(indices)}" for cell, indices in lane.elements().items())
        sentences.append(f"{lane.label} with stride {lane.layout.stride}: {', '.join(each) or 'no elements'}.")
    return " ".join(sentences)


def _timeline_description(memory: DeviceMemory) -> str:
    def told(call: OperationCall) -> str:
        extra = f" with {bytes_text(call.workspace)} of workspace" if call.workspace else ""
        return f"{call.operation} {bytes_text(call.after)}{extra}"

    shown = "; ".join(map(told, memory.calls[:_NAMES_AT_MOST]))
    more = f"; and {len(memory.calls) - _NAMES_AT_MOST} more" if len(memory.calls) > _NAMES_AT_MOST else ""
    peak = f"Peak {bytes_text(memory.peak_bytes)} in {memory.peak_operation}."
    return f"Live bytes on {memory.device} after each operation: {shown}{more}. {peak}"
