"""What the calls of operations come to on one kind of device: the peak, what is live at the end, all allocations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..report import NumberColumn, Report, Table, bytes_text, public
from .calls import BETWEEN, OperationCall


@public
@dataclass(frozen=True, repr=False)
class DeviceMemory(Report):
    """What happened on one kind of device.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    device : str
        `cpu` or `cuda`.
    calls : tuple of OperationCall
        The operations that allocated or released memory there, in order.
    """

    device: str
    calls: tuple[OperationCall, ...]

    @property
    def peak_bytes(self) -> int:
        """The most bytes that were live at once, beyond what was live when the block began."""
        return 0 if self.peak_position is None else self.calls[self.peak_position].highest

    @property
    def live_bytes(self) -> int:
        """The bytes that the block left behind; negative if it released more than it allocated."""
        return self.calls[-1].after if self.calls else 0

    @property
    def allocated_bytes(self) -> int:
        """The sum of all allocations, released again or not."""
        return sum(call.allocated for call in self.calls)

    @property
    def peak_position(self) -> int | None:
        """The position in `calls` of the one during which the peak was first reached; None if there are none."""
        return max(range(len(self.calls)), key=lambda i: self.calls[i].highest, default=None)

    @property
    def peak_operation(self) -> str:
        """The operation during which the peak was first reached."""
        return BETWEEN if self.peak_position is None else self.calls[self.peak_position].operation

    def _content(self) -> Iterable[str | Table]:
        above = f"peak {bytes_text(self.peak_bytes)} in {self.peak_operation}"
        yield (
            f"{self.device}: {above if self.peak_bytes else 'never more live than at the beginning'}, "
            f"{bytes_text(self.live_bytes)} live at the end, {bytes_text(self.allocated_bytes)} allocated"
        )
        calls_of: dict[str, list[OperationCall]] = {}
        for call in self.calls:
            calls_of.setdefault(call.operation, []).append(call)
        ranked = sorted(calls_of.items(), key=lambda item: -max(call.highest for call in item[1]))
        rows = tuple(_row(operation, calls) for operation, calls in ranked)
        figures = map(NumberColumn, ("calls", "allocated", "left live", "workspace", "highest live"))
        yield Table(f"Bytes on {self.device}", ("operation", *figures), rows).shortened("highest")


def _row(operation: str, calls: Sequence[OperationCall]) -> tuple[str, ...]:
    figures = (
        len(calls),
        sum(call.allocated for call in calls),
        sum(call.after - call.before for call in calls),
        max(call.workspace for call in calls),
        max(call.highest for call in calls),
    )
    return operation, *(f"{figure:,}" for figure in figures)
