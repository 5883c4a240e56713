"""The allocations and releases of one thread, recorded by torch's profiler and put in order by operation.

Threads that autograd starts for a backward pass count as the one that they work for.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..torch_internals import backward_pass, start_recording_memory, stop_recording_memory
from .calls import BETWEEN, OperationCall

_OCCUPIED = (
    "track_memory() cannot begin here: another profiler, or a recording from outside this backward pass, is running"
)
_BACKWARD = "autograd::engine::evaluate_function: "
_PREFIXES = (_BACKWARD, "torch::autograd::", "aten::")


class Recorder:
    """Turns the profiler's events into calls, device by device."""

    def __init__(self) -> None:
        self._calls: dict[str, list[OperationCall]] = defaultdict(list)
        self._owners: dict[str, tuple[int, int]] = {}  # by device: which call the last entry of `_calls` belongs to
        self._operations: dict[int, list[str]] = defaultdict(list)  # by thread: what is running, outermost first
        self._started = 0

    @property
    def calls(self) -> dict[str, tuple[OperationCall, ...]]:
        return {device: tuple(calls) for device, calls in self._calls.items()}

    def consume(self, events: Sequence[Any]) -> None:
        for event in events:
            kind, running = event.kind(), self._operations[event.thread_id()]
            if kind == "push":
                self._started += not running
                running.append(event.name())
            elif kind == "pop" and running:
                running.pop()
            elif kind == "memory_alloc":
                owner = (self._started, event.thread_id() if running else -1)
                name = running[0] if running else BETWEEN
                for device, nbytes in (("cpu", event.cpu_memory_usage()), ("cuda", event.cuda_memory_usage())):
                    if nbytes:
                        self._count(device, owner, name, nbytes)

    def _count(self, device: str, owner: tuple[int, int], name: str, nbytes: int) -> None:
        calls = self._calls[device]
        if self._owners.get(device) == owner:
            call = calls.pop()
        else:
            live = calls[-1].after if calls else 0
            call = OperationCall(_short(name), live, live, live, 0, name.startswith(_BACKWARD))
        self._owners[device] = owner
        after = call.after + nbytes
        allocated = call.allocated + max(nbytes, 0)
        calls.append(replace(call, highest=max(call.highest, after), after=after, allocated=allocated))


class _Recorders(threading.local):
    """The recorders that are active in this thread. They share one recording, since torch allows no second one."""

    def __init__(self) -> None:
        self.active: list[Recorder] = []
        self.backward_pass: int | None = None  # the one that the recording began in


_recorders = _Recorders()


def start(recorder: Recorder) -> None:
    """Begin to record for one more recorder."""
    within = backward_pass()
    if _recorders.active and _recorders.backward_pass != within:
        # Torch puts its own recording state back when the backward pass ends: what came later would be lost.
        raise RuntimeError(_OCCUPIED)
    if _recorders.active:
        _deliver()
    _recorders.backward_pass = within
    try:
        start_recording_memory()
    except RuntimeError as error:
        raise RuntimeError(_OCCUPIED) from error
    _recorders.active.append(recorder)


def stop(recorder: Recorder) -> None:
    """End the recording for one recorder; the others go on."""
    _deliver()
    _recorders.active.remove(recorder)
    if _recorders.active:
        start_recording_memory()


def _deliver() -> None:
    """Stop, and give each active recorder what happened since the last start."""
    by_thread = stop_recording_memory()
    events = [event for events in by_thread for event in events]
    if len(by_thread) > 1:  # backward threads have lists of their own
        first = events[0]
        events.sort(key=first.cpu_elapsed_us)
    for recorder in _recorders.active:
        recorder.consume(events)


def _short(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name
