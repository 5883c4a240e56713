"""What becomes of the profiler's events: calls of operations, on each device."""

import torch

from tensorglass import track_memory
from tensorglass.memory.recorder import Recorder


class Event:
    """What the profiler tells of one event."""

    def __init__(self, kind, name="", thread=1, cpu=0, cuda=0, time=0):
        self.kind, self.name, self.thread_id = (lambda: kind), (lambda: name), (lambda: thread)
        self.cpu_memory_usage, self.cuda_memory_usage = (lambda: cpu), (lambda: cuda)
        self.time = time

    def cpu_elapsed_us(self, other):
        return other.time - self.time


def recorded(events):
    recorder = Recorder()
    recorder.consume(events)
    return {
        device: [(call.operation, call.before, call.highest, call.after, call.allocated) for call in calls]
        for device, calls in recorder.calls.items()
    }


def test_the_devices_are_counted_apart():
    events = [
        Event("push", "aten::to"),
        Event("memory_alloc", cuda=512),
        Event("push", "aten::empty"),
        Event("memory_alloc", cpu=100),
        Event("pop"),
        Event("memory_alloc", cpu=-100),
        Event("pop"),
        Event("memory_alloc", cuda=-512),
    ]
    assert recorded(events) == {
        "cuda": [("to", 0, 512, 512, 512), ("between operations", 512, 512, 0, 0)],
        "cpu": [("to", 0, 100, 0, 100)],
    }


def test_threads_have_operations_of_their_own():
    events = [
        Event("push", "aten::add", thread=1),
        Event("memory_alloc", cpu=8, thread=1),
        Event("memory_alloc", cpu=4, thread=2),  # between that thread's operations
        Event("memory_alloc", cpu=2, thread=3),  # as is this one
        Event("push", "torch::autograd::AccumulateGrad", thread=2),
        Event("memory_alloc", cpu=16, thread=2),
        Event("pop", thread=2),
        Event("memory_alloc", cpu=-8, thread=1),
        Event("pop", thread=1),
        Event("pop", thread=1),  # of something that began before the recording
    ]
    assert recorded(events) == {
        "cpu": [
            ("add", 0, 8, 8, 8),
            ("between operations", 8, 14, 14, 6),
            ("AccumulateGrad", 14, 30, 30, 16),
            ("add", 30, 30, 22, 0),
        ]
    }


def test_the_lists_of_backward_threads_are_merged_by_time(monkeypatch):
    main = [Event("mark", time=5), Event("memory_alloc", cpu=10, time=6), Event("memory_alloc", cpu=-10, time=9)]
    worker = [Event("memory_alloc", cpu=3, thread=2, time=7), Event("memory_alloc", cpu=-3, thread=2, time=8)]
    with track_memory() as memory:
        disable = torch._C._autograd._disable_profiler_legacy
        monkeypatch.setattr(
            "torch._C._autograd._disable_profiler_legacy", lambda *options: (disable(*options), [worker, [], main])[1]
        )
    monkeypatch.undo()
    assert memory.peak_bytes == 13
    assert memory.live_bytes == 0
