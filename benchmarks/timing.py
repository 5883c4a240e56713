"""Fair timing for the benchmarks: all sides are run in turn, within one run, and the figures are medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch

ROUNDS = 200


def medians(sides: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Return each side's median time in microseconds, the sides being run in turn."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            times[name].append(time.perf_counter() - start)
    return {name: 1e6 * statistics.median(values) for name, values in times.items()}


def show(title: str, sides: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    print(f"\n{title}, in microseconds")
    result = medians(sides, rounds)
    for name, microseconds in result.items():
        print(f"  {name:48} {microseconds:10.1f}")
    return result


def training_step(width: int, layers: int, batch: int) -> Callable[[], None]:
    """Return a step of training on a stack of linear layers and ReLUs."""
    hidden = [module for _ in range(layers) for module in (torch.nn.Linear(width, width), torch.nn.ReLU())]
    model = torch.nn.Sequential(*hidden)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x = torch.randn(batch, width)

    def step() -> None:
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()

    return step


def inside(block: Callable[[], AbstractContextManager[object]], step: Callable[[], None]) -> Callable[[], None]:
    """Return the step inside a block of its own."""

    def run() -> None:
        with block():
            step()

    return run
