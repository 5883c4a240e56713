"""What new shapes cost einsum: lengths that vary from call to call, as in decoding, beside torch.einsum.

Each length is a new one, and is computed by both sides in turn. Bars: a new length within a known pattern takes at most
three times as long as torch.einsum, and with two operands at most 0.2 ms more than the same torch calls on a layout
that is known; 1,100 layouts in turn take at most 1.5 times as long; what is remembered stops growing. The exit status
is 1 if a bar does not hold. Usage: ``python benchmarks/einsum_shapes.py [--threads 1 2]``.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from tensorglass import einsum

NEW_AT_MOST = 3.0  # times torch.einsum
MICROSECONDS_AT_MOST = 200.0
IN_TURN_AT_MOST = 1.5  # times torch.einsum
BYTES_AT_MOST = 500_000  # that 18,000 further shapes may add
LENGTHS = range(129, 256)  # all of one pattern; the first is planned before
Operands = Callable[[int], tuple[torch.Tensor, ...]]
CASES: dict[str, tuple[str, Operands]] = {
    "attention": ("bhqd,bhkd->bhqk", lambda n: (torch.ones(2, 2, n, 8), torch.ones(2, 2, n, 8))),
    "decoding": ("bhqd,bhkd->bhqk", lambda n: (torch.ones(2, 4, 1, 16), torch.ones(2, 4, n, 16))),
    "boolean masks": ("bi,bj->bij", lambda n: (torch.ones(2, n) > 0, torch.ones(2, n) > 0)),
    "mask and scores": ("bi,bj->bij", lambda n: (torch.ones(2, n) > 0, torch.ones(2, n))),
    "integers": ("bi,bi->b", lambda n: (torch.ones(2, n).long(), torch.ones(2, n).long())),
    "matrix product": ("ij,jk->ik", lambda n: (torch.ones(n, 8), torch.ones(8, n))),
    "dot product": ("i,i->", lambda n: (torch.ones(n), torch.ones(n))),
    "transposition": ("ij->ji", lambda n: (torch.ones(n, 3),)),
}


def processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def microseconds(function: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    function(*arguments)
    return 1e6 * (time.perf_counter() - start)


def new_lengths(equation: str, operands: Operands) -> tuple[float, float, float]:
    """Return the median times of torch.einsum, of ours on a new length, and of ours on the same one again.

    Each side has every second length to itself: torch's kernels remember shapes too.
    """
    for warm in (LENGTHS[0], LENGTHS[1]):
        torch.einsum(equation, *operands(warm))
        einsum(equation, *operands(warm))
    theirs, ours, again = [], [], []
    for turn, n in enumerate(LENGTHS[2:]):
        tensors = operands(n)
        if turn % 2:
            theirs.append(microseconds(torch.einsum, equation, *tensors))
        else:
            ours.append(microseconds(einsum, equation, *tensors))
            again.append(microseconds(einsum, equation, *tensors))
    return statistics.median(theirs), statistics.median(ours), statistics.median(again)


def in_turn(equation: str, operands: Operands, count: int = 1100) -> tuple[float, float]:
    """Return the times of one call of torch.einsum and of ours, when so many layouts come in turn, again and again."""
    layouts = [operands(n) for n in range(2, 2 + count)]
    times: dict[Callable[..., object], list[float]] = {torch.einsum: [], einsum: []}
    for _ in range(4):
        for function, taken in times.items():
            start = time.perf_counter()
            for tensors in layouts:
                function(equation, *tensors)
            taken.append(1e6 * (time.perf_counter() - start) / count)
    return min(times[torch.einsum][1:]), min(times[einsum][1:])


def growth(equation: str, shapes: int = 20_000, first: int = 2_500) -> int:
    """Return the bytes of Python's memory that shapes add after the first ones."""
    x = torch.ones(1, shapes) > 0
    tracemalloc.start()
    for n in range(1, shapes):
        einsum(equation, x[:, :n], x[:, :1])
        if n == first:
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return after - before


def missed_bars() -> Iterator[str]:
    """Print the figures, and yield each that misses its bar."""
    for autocast in (False, True):
        print(f"  new lengths{' under autocast' * autocast}: torch.einsum, ours, ours again, in microseconds")
        for name, (equation, operands) in CASES.items():
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
                theirs, ours, again = new_lengths(equation, operands)
            print(f"    {name:24} {theirs:8.1f} {ours:8.1f} {again:8.1f}   {ours / theirs:5.2f} times")
            if ours > NEW_AT_MOST * theirs:
                yield f"{name}: {ours / theirs:.2f} times torch.einsum"
            # Under autocast the kernels of bfloat16 prepare themselves for each new shape: that takes longer than this.
            if ours > max(MICROSECONDS_AT_MOST, 1.1 * theirs):
                yield f"{name}: {ours:.0f} microseconds"
    print("  1,100 layouts in turn: torch.einsum, ours, in microseconds")
    for name in ("attention", "boolean masks", "matrix product", "dot product", "transposition"):
        equation, operands = CASES[name]
        smaller = operands if name != "attention" else lambda n: (torch.ones(1, 1, 2, n), torch.ones(1, 1, 2, n))
        theirs, ours = in_turn(equation, smaller)
        print(f"    {name:24} {theirs:8.1f} {ours:8.1f}   {ours / theirs:5.2f} times")
        if ours > IN_TURN_AT_MOST * theirs:
            yield f"{name}: 1,100 layouts in turn take {ours / theirs:.2f} times as long as torch.einsum"
    added = growth("bi,bj->bij")
    print(f"  {added:,} bytes added by the last 17,500 of 20,000 shapes")
    if added > BYTES_AT_MOST:
        yield f"{added:,} bytes added"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    missed = []
    print(f"{processor()}, torch {torch.__version__}")
    for threads in parser.parse_args().threads:
        torch.set_num_threads(threads)
        print(f"\n{threads} threads")
        missed += [f"{threads} threads, {each}" for each in missed_bars()]
    print("\nall bars hold" if not missed else "\n" + "\n".join(f"missed: {each}" for each in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
