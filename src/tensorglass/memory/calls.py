"""Calls of operations that allocated or released memory, and what they come to on one kind of device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..report import NumberColumn, Report, Table, bytes_text, public

BETWEEN = "between operations"


@public
@dataclass(frozen=True)
class OperationCall:
    """One call of an operation that allocated or released memory on one kind of device. All figures are bytes.

    Attributes
    ----------
    operation : str
        The outermost operation, such as `conv2d` or `ConvolutionBackward0`, or the label of a
        `torch.profiler.record_function` around it; "between operations" where Python made or dropped a tensor.
    before, highest, after : int
        Live bytes when it began, the most during it, and when it ended.
    allocated : int
        All that it allocated, whether it released it again or not.
    backward : bool
        Whether autograd's engine ran it in a backward pass.
    """

    operation: str
    before: int
    highest: int
    after: int
    allocated: int
    backward: bool = False

    @property
    def workspace(self) -> int:
        """What it needed for itself, which is the most during it beyond what was live before and what it left live."""
        return self.highest - max(self.before, self.after)


@public
@dataclass(frozen=True, repr=False)
class DeviceMemory(Report):
    """What happened on one kind of device.

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
        return max((call.highest for call in self.calls), default=0)

    @property
    def live_bytes(self) -> int:
        """The bytes that the block left behind; negative if it released more than it allocated."""
        return self.calls[-1].after if self.calls else 0

    @property
    def allocated_bytes(self) -> int:
        """The sum of all allocations, released again or not."""
        return sum(call.allocated for call in self.calls)

    @property
    def peak_operation(self) -> str:
        """The operation during which the peak was first reached."""
        return max(self.calls, key=lambda call: call.highest).operation if self.calls else BETWEEN

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
