"""A picture of the live bytes while some code runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..drawing import AXIS_COLORS, CELL_COLOR, NAMES_AT_MOST, Rectangle, framed, hatch, text_color
from ..report import byte_unit, bytes_text
from .calls import BETWEEN, OperationCall
from .peak import DeviceMemory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HELD_COLOR, _WORKSPACE_COLOR = AXIS_COLORS[0], AXIS_COLORS[1]


def plot_timeline(memory: DeviceMemory, ax: Axes | None = None) -> Axes:
    """Draw the live bytes after each operation, and above them what it needed for itself while it ran.

    The operations of a backward pass stand on a grey ground: forward passes pile up activations, backward passes take
    them away again.
    """
    calls = memory.calls
    ax = framed(ax, width=7.5, height=3.6)
    unit, divisor = byte_unit(memory.peak_bytes)
    for i, call in enumerate(calls):
        floor = max(call.before, call.after)
        box = Rectangle((i, 0), 1, call.after / divisor, facecolor=(_HELD_COLOR, 0.35), edgecolor="none")
        ax.add_patch(box)
        if call.highest > floor:
            extra = Rectangle((i, floor / divisor), 1, call.workspace / divisor, facecolor="none")
            extra.set(edgecolor=_WORKSPACE_COLOR)
            hatch(extra)
            ax.add_patch(extra)
    after = [call.after / divisor for call in calls]
    ax.stairs(after, range(len(calls) + 1), color=_HELD_COLOR, linewidth=1.6, baseline=None)
    for first, last in _backward_passes(calls):
        ax.axvspan(first, last + 1, facecolor=(CELL_COLOR, 0.18), edgecolor="none")
        middle = (first + last + 1) / 2
        ax.text(middle, 0.02, "backward", transform=ax.get_xaxis_transform(), ha="center", va="bottom", fontsize=9)
    _mark_peak(ax, memory, unit, divisor)
    if len(calls) <= NAMES_AT_MOST:
        names = ["dropped" if call.operation == BETWEEN and not call.allocated else call.operation for call in calls]
        ax.set_xticks([i + 0.5 for i in range(len(calls))], names, rotation=90, fontsize=8)
    ax.set_xlim(0, max(len(calls), 1))
    ax.set_ylim(
        min(0.0, *after, 0.0), max(memory.peak_bytes / divisor * 1.18, 1e-9)
    )  # room for the peak's name, and never no height
    ax.set_xlabel("operations, in order")
    ax.set_ylabel(f"live {unit} on {memory.device}")
    ax.set_label(_timeline_description(memory))
    return ax


def _mark_peak(ax: Axes, memory: DeviceMemory, unit: str, divisor: int) -> None:
    i, peak = memory.peak_position, memory.peak_bytes
    if i is None or not peak:
        return
    ax.plot([0, len(memory.calls)], [peak / divisor] * 2, color=text_color(), linewidth=0.8, linestyle=(0, (4, 3)))
    left = i < len(memory.calls) / 2
    ax.annotate(
        f"peak {bytes_text(peak)} in {memory.calls[i].operation}",
        (i + 0.5, peak / divisor),
        (0, 4),
        textcoords="offset points",
        ha="left" if left else "right",
        va="bottom",
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


def _timeline_description(memory: DeviceMemory) -> str:
    def told(call: OperationCall) -> str:
        extra = f" with {bytes_text(call.workspace)} of workspace" if call.workspace else ""
        return f"{call.operation} {bytes_text(call.after)}{extra}"

    shown = "; ".join(map(told, memory.calls[:NAMES_AT_MOST]))
    more = f"; and {len(memory.calls) - NAMES_AT_MOST} more" if len(memory.calls) > NAMES_AT_MOST else ""
    peak = f"Peak {bytes_text(memory.peak_bytes)} in {memory.peak_operation}."
    return f"Live bytes on {memory.device} after each operation: {shown}{more}. {peak}"
