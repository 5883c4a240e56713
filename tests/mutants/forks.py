"""Tasks tried side by side, each in a fork of this process, which has imported already what is slow to import."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from multiprocessing.connection import Connection, wait
from typing import Any


def run_in_forks(
    tasks: Mapping[Hashable, Callable[[], Any]], deadline: float = math.inf
) -> Iterator[tuple[Any, Any, float]]:
    """Run all tasks, as many at once as this process may use cores; yield each one's name, its answer and its seconds.

    None stands for a task that did not come to its end: whose process died, or which raised an exception. After the
    deadline, a time of `time.monotonic`, no task is begun.
    """
    context = multiprocessing.get_context("fork")
    waiting, running, cores = list(reversed(tasks.items())), {}, len(os.sched_getaffinity(0))
    while running or (waiting and time.monotonic() < deadline):
        while waiting and len(running) < cores and time.monotonic() < deadline:
            name, task = waiting.pop()
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_send, args=(task, sender))
            process.start()
            sender.close()  # the fork has it now; when that ends, so does the pipe
            running[receiver] = name, process, time.monotonic()
        for receiver in wait(list(running)):
            name, process, started = running.pop(receiver)
            try:
                answer = receiver.recv()
            except EOFError:
                answer = None
            receiver.close()
            process.join()
            yield name, answer, time.monotonic() - started


def _send(task: Callable[[], Any], sender: Connection) -> None:
    sender.send(task())
