"""What einsum costs beside torch.einsum, opt_einsum on torch tensors, torch expressions by hand, and numpy.einsum.

Times are ratios of medians, all sides being run in turn with the same number of threads. Memory is the peak of a call
beside torch.einsum's and beside what the plan tells, and the page faults of a call. Each case has a process of its own:
what the C library does with memory that is given back depends on what was taken before. Usage: ``python
benchmarks/einsum.py [--threads 1 2] [--backward] [--case NAME] [--device cuda]``. On a GPU a time is taken when the
work is done, and NumPy, which cannot read the operands, is left out.

The forward pass on a CPU has bars, and the program fails if one is not held: no slower than torch.einsum, at most 1.05
times its peak, and a told peak within 5 % of the measured one. A time counts as slower from 10 % on, in each of three
processes, since the medians of one call scatter by as much; and 4 KiB of memory, a page, count as nothing.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import platform
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import opt_einsum
import torch

from tensorglass import einsum, plan_einsum, track_memory

SIZES = ("tiny", "small", "medium", "large")
SECONDS = 0.25  # at least, for one case of one size
SECONDS_OF_A_TURN = 2e-3
PAGE = 4096  # bytes
SLOWER = 0.9  # of the time of torch.einsum over ours
Expression = Callable[..., torch.Tensor]


@dataclass(frozen=True)
class Case:
    """An equation, its shapes by size, and the torch expressions that a person would write."""

    name: str
    equation: str
    shapes: Callable[[int], list[tuple[int, ...]]]
    sizes: tuple[int, int, int, int]
    by_hand: tuple[Expression, ...]
    view: Callable[[torch.Tensor], torch.Tensor] = lambda x: x  # what is made of each operand


def windows(image: torch.Tensor) -> torch.Tensor:
    """Return all square windows of half the image's height."""
    half = image.shape[2] // 2
    return image.unfold(2, half, 1).unfold(3, half, 1)


CASES = (
    Case("matrix product", "ij,jk->ik", lambda n: [(n, n), (n, n)], (4, 32, 128, 512), (torch.mm,)),
    Case("matrix times vector", "ij,j->i", lambda n: [(n, n), (n,)], (4, 64, 512, 2000), (torch.mv,)),
    Case("batched matrix product", "bij,bjk->bik", lambda n: [(n, n, n), (n, n, n)], (4, 16, 64, 128), (torch.bmm,)),
    Case(
        "batched matrix times vector",
        "bij,bj->bi",
        lambda n: [(n, n, n), (n, n)],
        (4, 16, 64, 256),
        (lambda a, b: (a @ b[:, :, None])[:, :, 0], lambda a, b: torch.bmm(b[:, None], a.mT)[:, 0]),
    ),
    Case(
        "few columns",
        "ij,jk->ik",
        lambda n: [(n, n), (n, max(n // 100, 2))],
        (4, 64, 300, 1000),
        (torch.mm, lambda a, b: torch.mm(b.mT, a.mT).mT.contiguous()),
    ),
    Case(
        "dot of matrices",
        "ij,ij->",
        lambda n: [(n, n), (n, n)],
        (4, 64, 300, 2000),
        (lambda a, b: (a * b).sum(), lambda a, b: torch.dot(a.flatten(), b.flatten())),
    ),
    Case(
        "trace of a product",
        "ij,ji->",
        lambda n: [(n, n), (n, n)],
        (4, 64, 300, 1000),
        (lambda a, b: (a * b.T).sum(), lambda a, b: torch.dot(a.flatten(), b.T.flatten())),
    ),
    Case(
        "row dots",
        "bi,bi->b",
        lambda n: [(n, n), (n, n)],
        (4, 64, 500, 2000),
        (lambda a, b: (a * b).sum(1), torch.linalg.vecdot),
    ),
    Case("many row dots", "nc,nc->n", lambda n: [(16 * n, n), (16 * n, n)], (4, 16, 64, 256), (torch.linalg.vecdot,)),
    Case("few row dots", "bi,bi->b", lambda n: [(4, n), (4, n)], (64, 1000, 10_000, 300_000), (torch.linalg.vecdot,)),
    Case("column dots", "ib,ib->b", lambda n: [(n, n), (n, n)], (4, 64, 500, 1000), (lambda a, b: (a * b).sum(0),)),
    Case(
        "products with transposes",
        "bij,bji->b",
        lambda n: [(n, n, n), (n, n, n)],
        (4, 16, 64, 150),
        (lambda a, b: (a * b.mT).sum((1, 2)),),
    ),
    Case("squares of windows", "xcijkl,xcijkl->xcij", lambda n: [(1, 3, n, n)] * 2, (4, 12, 30, 60), (), windows),
    Case("channels last", "hwc,rc->hwr", lambda n: [(n, n, 8), (5, 8)], (4, 16, 64, 256), (lambda x, w: x @ w.mT,)),
    Case(
        "quadratic form",
        "bi,ij,bj->b",
        lambda n: [(n, n)] * 3,
        (4, 64, 300, 1000),
        (lambda x, w, y: ((x @ w) * y).sum(1),),
    ),
    Case("sum to another order", "nchw->cn", lambda n: [(n, 8, n, n)], (4, 8, 16, 64), (lambda x: x.sum((2, 3)).T,)),
    Case("short row dots", "bi,bi->b", lambda n: [(n * n, 4), (n * n, 4)], (4, 16, 64, 256), (torch.linalg.vecdot,)),
    Case("outer product", "i,j->ij", lambda n: [(n,), (n,)], (4, 64, 500, 2000), (torch.outer,)),
    Case(
        "outer product of few",
        "ki,kj->ij",
        lambda n: [(2, n), (2, n)],
        (4, 64, 300, 1000),
        (lambda a, b: a.mT @ b,),
    ),
    Case(
        "batched outer product",
        "bi,bj->bij",
        lambda n: [(n, n), (n, n)],
        (4, 16, 64, 200),
        (lambda a, b: a[:, :, None] * b[:, None],),
    ),
    Case("scaled rows", "i,ij->ij", lambda n: [(n,), (n, n)], (4, 64, 300, 2000), (lambda a, b: a[:, None] * b,)),
    Case("sum of all", "ij->", lambda n: [(n, n)], (4, 64, 500, 2000), (torch.sum,)),
    Case("sum to the middle", "ijk->j", lambda n: [(n, n, n)], (4, 16, 64, 200), (lambda a: a.sum((0, 2)),)),
    Case("transpose", "ij->ji", lambda n: [(n, n)], (4, 64, 500, 2000), (torch.t,)),
    Case("batched diagonal", "bii->bi", lambda n: [(n, n, n)], (4, 16, 64, 200), (lambda a: a.diagonal(0, 1, 2),)),
    Case("batched trace", "bii->b", lambda n: [(n, n, n)], (4, 16, 64, 200), (lambda a: a.diagonal(0, 1, 2).sum(1),)),
    Case(
        "attention scores",
        "bqhd,bkhd->bhqk",
        lambda n: [(2, n, 8, 32), (2, n, 8, 32)],
        (4, 32, 128, 512),
        (lambda q, k: q.transpose(1, 2) @ k.permute(0, 2, 3, 1),),
    ),
    Case(
        "attention values",
        "bhqk,bkhd->bqhd",
        lambda n: [(2, 8, n, n), (2, n, 8, 32)],
        (4, 32, 128, 512),
        (lambda p, v: (p @ v.transpose(1, 2)).transpose(1, 2),),
    ),
    Case(
        "projection of heads",
        "bthd,hdm->btm",
        lambda n: [(4, n, 4, n), (4, n, 4 * n)],
        (4, 16, 64, 128),
        (lambda x, w: x.flatten(2) @ w.flatten(0, 1),),
    ),
    Case(
        "pointwise convolution",
        "nchw,oc->nohw",
        lambda n: [(4, n, n, n), (n, n)],
        (4, 16, 32, 64),
        (lambda x, w: (w @ x.flatten(2)).unflatten(2, x.shape[2:]),),
    ),
    Case(
        "broadcast matrix product",
        "cij,bcjk->bcik",
        lambda n: [(3, n, n), (8 * n, 3, n, 1)],
        (4, 16, 64, 128),
        (lambda a, b: torch.bmm(b[..., 0].transpose(0, 1), a.mT).transpose(0, 1)[..., None],),
    ),
    Case(
        "bilinear form",
        "bn,anm,bm->ba",
        lambda n: [(n, n), (n, n, n), (n, n)],
        (4, 16, 64, 128),
        (lambda x, w, y: torch.nn.functional.bilinear(x, y, w),),
    ),
    Case(
        "matrix chain",
        "ij,jk,kl->il",
        lambda n: [(max(n // 100, 2), n), (n, n), (n, max(n // 200, 2))],
        (4, 64, 300, 1000),
        (lambda a, b, c: (a @ b) @ c,),
    ),
    Case(
        "chain to a vector",
        "ij,jk,k->i",
        lambda n: [(n, n), (n, n), (n,)],
        (4, 64, 300, 1000),
        (lambda a, b, c: a @ (b @ c),),
    ),
    Case(
        "repeated pair",
        "ij,jk,kl,jk->il",
        lambda n: [(n, n)] * 4,
        (4, 32, 100, 300),
        (lambda a, b, c, d: a @ (b * d) @ c,),
    ),
    Case(
        "tensor network",
        "abc,bde,cdf,efg->ag",
        lambda n: [(n, n, n)] * 4,
        (4, 8, 16, 24),
        (
            lambda a, b, c, d: (
                a.flatten(1) @ torch.einsum("bde,cdf->bcef", b, c).flatten(0, 1).flatten(1) @ d.flatten(0, 1)
            ),
        ),
    ),
    Case(
        "matrix product state",
        "ai,aib,bjc,ckd,dl->ijkl",
        lambda n: [(n, 2), (n, 2, n), (n, 2, n), (n, 2, n), (n, 2)],
        (4, 16, 64, 200),
        (),
    ),
    Case(
        "change of basis",
        "ea,fb,abcd,gc,hd->efgh",
        lambda n: [(n, n), (n, n), (n, n, n, n), (n, n), (n, n)],
        (4, 8, 12, 24),
        (
            lambda a, b, t, c, d: torch.tensordot(
                torch.tensordot(torch.tensordot(torch.tensordot(t, a, ([0], [1])), b, ([0], [1])), c, ([0], [1])),
                d,
                ([0], [1]),
            ),
        ),
    ),
    Case("five tensors to a number", "ijk,ilm,njm,nlk,abc->", lambda n: [(n, n, n)] * 5, (4, 6, 10, 16), ()),
    Case(
        "inner letters",
        "jk,ijkl->il",
        lambda n: [(n, n), (n, n, n, n)],
        (4, 8, 16, 40),
        (lambda a, b: a.flatten() @ b.flatten(1, 2),),
    ),
    Case(
        "outer letters",
        "ij,ijkl->kl",
        lambda n: [(n, n), (n, n, n, n)],
        (4, 8, 16, 40),
        (lambda a, b: (a.flatten() @ b.flatten(0, 1).flatten(1)).unflatten(0, b.shape[2:]),),
    ),
)


def medians(sides: dict[str, Callable[[], object]], wait: Callable[[], object]) -> dict[str, float]:
    """Return each side's median time in seconds, all sides in turn, in a new order each time.

    Each turn takes some milliseconds, so that what the side before left in the caches does not count. A side that
    takes a hundred times as long as the fastest is not run again: it would be all that is waited for. `wait` returns
    when all work is done.
    """
    once = {name: seconds_of(side, wait) for name, side in sides.items()}
    turns = {name: max(1, int(SECONDS_OF_A_TURN / seconds)) for name, seconds in once.items()}
    times = {name: [seconds] for name, seconds in once.items()}
    running = {name: side for name, side in sides.items() if once[name] < 100 * max(min(once.values()), 1e-3)}
    end, rng = time.perf_counter() + SECONDS, random.Random(0)
    while time.perf_counter() < end or len(times["ours"]) < 7:
        for name, side in rng.sample(list(running.items()), len(running)):
            calls = turns[name]
            start = time.perf_counter()
            for _ in range(calls):
                side()
            wait()
            times[name].append((time.perf_counter() - start) / calls)
    return {name: statistics.median(values) for name, values in times.items()}


def seconds_of(side: Callable[[], object], wait: Callable[[], object]) -> float:
    """Return the time of a second call, since the first one may make a plan."""
    side()
    wait()
    start = time.perf_counter()
    side()
    wait()
    return time.perf_counter() - start


def sides_of(case: Case, operands: list[torch.Tensor], backward: bool) -> dict[str, Callable[[], object]]:
    sides: dict[str, Expression] = {
        "ours": lambda *x: einsum(case.equation, *x),
        "torch": lambda *x: torch.einsum(case.equation, *x),
        "opt_einsum": lambda *x: opt_einsum.contract(case.equation, *x),
        **{f"hand {i}": expression for i, expression in enumerate(case.by_hand)},
    }
    if backward:
        gradient = torch.ones_like(sides["torch"](*operands))
        return {name: lambda f=f: torch.autograd.grad(f(*operands), operands, gradient) for name, f in sides.items()}
    calls = {name: lambda f=f: f(*operands) for name, f in sides.items()}
    if operands[0].device.type == "cpu":
        arrays = [x.numpy() for x in operands]
        calls["numpy"] = lambda: np.einsum(case.equation, *arrays, optimize=True)
    return calls


def operands_of(case: Case, n: int, backward: bool, device: torch.device) -> list[torch.Tensor]:
    torch.manual_seed(0)
    operands = [torch.randn(shape, device=device) for shape in case.shapes(n)]
    if case.view(operands[0]) is not operands[0]:  # the same windows twice
        operands = operands[:1] * len(operands)
    return [case.view(x).requires_grad_(backward) for x in operands]


def page_faults(side: Expression, case: Case, n: int) -> float:
    """Return the page faults of a call, once some calls were made."""
    operands = operands_of(case, n, False, torch.device("cpu"))
    for _ in range(3):
        side(case.equation, *operands)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        side(case.equation, *operands)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 5


def peaks(case: Case, n: int) -> dict[str, float]:
    """Return the peaks of a call in bytes, as measured and as told."""
    operands = operands_of(case, n, False, torch.device("cpu"))
    found: dict[str, float] = {"told": plan_einsum(case.equation, *operands).cost.peak_bytes}
    for name, side in (("our", einsum), ("their", torch.einsum)):
        side(case.equation, *operands)
        with track_memory() as memory:
            side(case.equation, *operands)
        found[f"{name} peak"] = memory.peak_bytes
    return found


def ratios(case: Case, n: int, backward: bool, device: torch.device) -> dict[str, float]:
    """Return our time, and the times of the others divided by it."""
    operands = operands_of(case, n, backward, device)
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    times = medians(sides_of(case, operands, backward), wait)
    ours = times.pop("ours")
    hand = [times.pop(name) for name in list(times) if name.startswith("hand")]
    found = {"microseconds": 1e6 * ours, **{name: seconds / ours for name, seconds in times.items()}}
    found["best"] = min(found["torch"], found["opt_einsum"])
    if hand:
        found["hand"] = min(hand) / ours
    return found


def in_own_process(threads: int, work: Callable[[], Any]) -> Any:
    """Return what a new process finds, which has imported what it needs and computed nothing yet."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def run() -> None:
        torch.set_num_threads(threads)
        sender.send(work())

    process = context.Process(target=run)
    process.start()
    sender.close()
    found = receiver.recv()
    process.join()
    return found


def broken_bars(found: dict[str, float]) -> list[str]:
    """Return which bars are not held, in words."""
    broken = []
    if found["torch"] < SLOWER:
        broken.append(f"takes {1 / found['torch']:.2f} times as long as torch.einsum")
    if found["our peak"] > 1.05 * found["their peak"] + PAGE:
        broken.append(f"takes {found['our peak']:.0f} bytes at its peak, torch.einsum {found['their peak']:.0f}")
    if abs(found["our peak"] - found["told"]) > 0.05 * found["told"] + PAGE:
        broken.append(f"takes {found['our peak']:.0f} bytes at its peak, and tells {found['told']:.0f}")
    return broken


def measured(case: Case, n: int, threads: int, backward: bool, device: torch.device) -> dict[str, float]:
    """Return all figures of a case; times of up to three processes if it seems slower than torch.einsum."""
    if device.type != "cpu":
        torch.set_num_threads(threads)
        return ratios(case, n, backward, device)
    times = in_own_process(threads, lambda: ratios(case, n, backward, device))
    if backward:
        return dict(times)
    for _ in range(2):
        if times["torch"] < SLOWER:
            again = in_own_process(threads, lambda: ratios(case, n, backward, device))
            times = max(times, again, key=lambda each: each["torch"])
    faults = {
        name: in_own_process(threads, lambda side=side: page_faults(side, case, n))
        for name, side in (("our faults", einsum), ("their faults", torch.einsum))
    }
    return {**times, **faults, **in_own_process(threads, lambda: peaks(case, n))}


def processor(device: torch.device) -> str:
    """Return the name of the device's processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    information = Path("/proc/cpuinfo")
    lines = information.read_text("utf-8").splitlines() if information.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cells_of(found: dict[str, float], columns: tuple[str, ...]) -> str:
    times = "".join(f"{found[column]:12.2f}" if column in found else " " * 12 for column in columns)
    if "told" not in found:
        return times
    peak = found["our peak"] / max(found["their peak"], 1)
    told = found["our peak"] / max(found["told"], 1)
    return f"{times}{peak:12.2f}{told:10.2f}{found['our faults']:10.0f}{found['their faults']:10.0f}"


def report(threads: int, backward: bool, wanted: str | None, device: torch.device) -> list[str]:
    """Print the table, and return which bars are not held."""
    passes = "forward and backward" if backward else "forward"
    where = f"{device}, {processor(device)}, {threads} thread{'s' * (threads > 1)}, torch {torch.__version__}"
    print(f"\n{passes}, on {where}; ours in microseconds, then how many")
    print("times as long the others take: best is the faster of torch and opt_einsum")
    if not backward and device.type == "cpu":
        print(
            "Then our peak of memory beside torch.einsum's, and beside what the plan tells; and page faults of a call"
        )
    print()
    columns = ("best", "torch", "opt_einsum", "hand", *(() if backward or device.type != "cpu" else ("numpy",)))
    memory = "" if backward or device.type != "cpu" else f"{'peak':>12}{'told':>10}{'faults':>10}{'its':>10}"
    print(f"{'case':30}{'size':8}{'ours':>10}" + "".join(f"{column:>12}" for column in columns) + memory)
    rows, broken = [], []
    for case in CASES:
        if wanted is None or wanted in case.name:
            for size, n in zip(SIZES, case.sizes, strict=True):
                found = measured(case, n, threads, backward, device)
                rows.append(found)
                print(f"{case.name:30}{size:8}{found['microseconds']:10.1f}{cells_of(found, columns)}", flush=True)
                if memory:
                    broken += [f"{case.name}, {size}, {threads} threads: {bar}" for bar in broken_bars(found)]
    best = [row["best"] for row in rows]
    hand = [row["hand"] for row in rows if "hand" in row]
    mean = math.exp(statistics.fmean(map(math.log, best)))
    print(f"\n{len(rows)} cases: against the faster of torch.einsum and opt_einsum {mean:.2f} (geometric mean),")
    print(f"{min(best):.2f} (worst), {sum(ratio < 0.95 for ratio in best)} below 0.95", end="")
    print(
        f"; ours takes\n{statistics.median(1 / x for x in hand):.2f} times as long as by hand (median)" if hand else ""
    )
    return broken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--backward", action="store_true", help="forward and backward instead of forward")
    parser.add_argument("--case", help="only the cases whose name contains this")
    parser.add_argument("--device", type=torch.device, default="cpu", help="where the operands lie: cpu or cuda")
    options = parser.parse_args()
    broken = []
    for threads in options.threads:
        broken += report(threads, options.backward, options.case, options.device)
    print("\n".join(["", "bars that are not held:", *broken]) if broken else "\nall bars are held")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
