"""What explaining a broadcast costs, whatever the size of the tensors, and what watching adds to a call."""

from __future__ import annotations

from collections.abc import Callable

import torch
from timing import show

from tensorglass import explain_broadcast, watch_broadcasts


def watched(call: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        with watch_broadcasts():
            return call()

    return run


def main() -> None:
    sizes = (1, 10**3, 10**6)
    show(
        "explain_broadcast, by the size n of meta tensors (n, 1) and (n,)",
        {
            f"n = {n:,}: {n * n:,} elements": lambda n=n: explain_broadcast(
                torch.empty(n, 1, device="meta"), torch.empty(n, device="meta")
            )
            for n in sizes
        },
    )
    show(
        "fixes of shapes that do not broadcast",
        {
            "(3,) and (3, 4)": lambda: explain_broadcast((3,), (3, 4)).fixes,
            "(64, 3, 256, 256) and (3,)": lambda: explain_broadcast((64, 3, 256, 256), (3,)).fixes,
            "three of rank 4": lambda: explain_broadcast((2, 3, 4, 5), (5, 4, 3, 2), (3, 5, 2, 4)).fixes,
        },
    )
    a, b = torch.rand(100, 1), torch.rand(100)
    subtract = lambda: a - b  # noqa: E731 - a call to be timed
    show(
        "one subtraction of (100, 1) and (100,)",
        {"not watched": subtract, "after a watch has ended": subtract, "watched": watched(subtract)},
    )


if __name__ == "__main__":
    main()
