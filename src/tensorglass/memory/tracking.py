"""Live and peak bytes while some code runs, as the allocator saw them, operation by operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from ..report import Recording, Table, public
from . import recorder as recorders
from .calls import OperationCall
from .peak import DeviceMemory
from .recorder import Recorder

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@public
class MemoryTrace(Recording[tuple[DeviceMemory, ...]]):
    """What `track_memory` recorded; complete when its block has ended.

    The figures are those of `main`, the kind of device that the work was done on.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    devices : tuple of DeviceMemory
        One for each kind of device on which something was allocated or released.
    main : DeviceMemory
        That of CUDA if anything happened there, else that of the CPU.
    peak_bytes, live_bytes, allocated_bytes : int
        The most bytes live at once beyond what was live at the beginning; what is left at the end; all allocations.
    peak_operation : str
        The operation during which the peak was first reached.
    calls : tuple of OperationCall
        The operations, in order.
    notes : tuple of str
        What cannot be seen, a sentence each.
    """

    _recorder = "track_memory()"

    @property
    def devices(self) -> tuple[DeviceMemory, ...]:
        return self._recorded

    @property
    def main(self) -> DeviceMemory:
        return max(self.devices, key=lambda memory: memory.device == "cuda", default=DeviceMemory("cpu", ()))

    @property
    def peak_bytes(self) -> int:
        return self.main.peak_bytes

    @property
    def live_bytes(self) -> int:
        return self.main.live_bytes

    @property
    def allocated_bytes(self) -> int:
        return self.main.allocated_bytes

    @property
    def peak_operation(self) -> str:
        return self.main.peak_operation

    @property
    def calls(self) -> tuple[OperationCall, ...]:
        return self.main.calls

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(_unseen(self.devices))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the live bytes over the operations, in order, with the peak."""
        from .pictures import plot_timeline

        return plot_timeline(self.main, ax)

    def _content_when_ended(self) -> Iterable[str | Table]:
        if not self.devices:
            yield "nothing was allocated or released"
        for memory in self.devices:
            yield from memory._content()
        yield from self.notes


@contextmanager
def track_memory() -> Iterator[MemoryTrace]:
    """Record the live and peak bytes of the code inside, by operation, as the allocator saw them.

    .. versionadded:: 0.2.0

    Yields
    ------
    MemoryTrace
        Complete when the block has ended, also if it ended with an exception.

    Raises
    ------
    RuntimeError
        If another profiler already records in this thread, or if a backward function begins a recording while one
        from outside its backward pass is running.

    Notes
    -----
    Counted is what torch's CPU and CUDA allocators hand out in this thread and in the backward threads that work for
    it, workspaces inside operations included. On CUDA that is what `torch.cuda.memory_allocated` counts: blocks of
    512 bytes, of all devices together. Blocks may be nested, and several threads may record at once.

    Not seen: memory that is not asked of these allocators, which on the CPU includes the workspaces of `topk`, of
    Fourier transforms and of some linear algebra, such as `svd`; pinned memory; other kinds of devices; and on the
    CPU the release of tensors that were made before any recording. Inside the block a `torch.profiler` cannot be
    started in the same thread.

    Of those releases torch writes a line to stderr, of the first in a process and then of every thousandth: "Memory
    block of unknown size was allocated before the profiling started, profiler results will not include the deallocation
    event". Nothing is wrong then; what was made inside the block is counted in full. Torch has no switch for this line
    alone. With `TORCH_CPP_LOG_LEVEL=ERROR` in the environment before torch is imported, its C++ code writes no warning.

    Every event of the block is kept until its end: record a few training steps, not a whole epoch.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import track_memory
    >>> x = torch.zeros(1000)
    >>> with track_memory() as memory:
    ...     y = x.exp().sin()
    >>> memory.peak_bytes, memory.live_bytes, memory.peak_operation
    (8000, 4000, 'sin')
    """
    trace, recorder = MemoryTrace(), Recorder()
    recorders.start(recorder)
    try:
        yield trace
    finally:
        recorders.stop(recorder)
        trace._end(tuple(DeviceMemory(device, calls) for device, calls in recorder.calls.items()))


def _unseen(devices: Sequence[DeviceMemory]) -> Iterator[str]:
    if any(memory.device == "cpu" and memory.live_bytes < 0 for memory in devices):
        yield "More was released than allocated: tensors of an earlier recording were dropped here."
    if any(memory.device == "cuda" for memory in devices) and torch.cuda.device_count() > 1:
        yield "The figures for cuda are those of all CUDA devices together."
    accelerator = _accelerator()
    if accelerator not in ("", "cuda"):
        yield f"Memory on {accelerator} is not seen: torch's recorder reports only cpu and cuda."


def _accelerator() -> str:
    """Return the kind of device that computes in place of the CPU, nothing if there is none."""
    if hasattr(torch, "accelerator"):
        device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        return device.type if device else ""
    if torch.backends.mps.is_available():  # no public name tells it before torch 2.6
        return "mps"
    return "xpu" if torch.xpu.is_available() else ""
