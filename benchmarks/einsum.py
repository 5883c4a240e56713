"""How fast einsum is beside torch.einsum, opt_einsum on torch tensors, torch expressions by hand, and numpy.einsum.

All are run in turn within one run, with the same number of threads, and the figures are ratios of medians. Usage:
``python benchmarks/einsum.py [--threads 1 2] [--backward] [--case NAME] [--device cuda]``. On a GPU a time is taken
when the work is done, and NumPy, which cannot read the operands, is left out.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import opt_einsum
import torch

from tensorglass import einsum

SIZES = ("tiny", "small", "medium", "large")
SECONDS = 0.25  # at least, for one case of one size
SECONDS_OF_A_TURN = 2e-3
Expression = Callable[..., torch.Tensor]


@dataclass(frozen=True)
class Case:
    """An equation, its shapes by size, and the torch expressions that a person would write."""

    name: str
    equation: str
    shapes: Callable[[int], list[tuple[int, ...]]]
    sizes: tuple[int, int, int, int]
    by_hand: tuple[Expression, ...]


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


def ratios(case: Case, n: int, backward: bool, device: torch.device) -> dict[str, float]:
    """Return our time, and the times of the others divided by it."""
    torch.manual_seed(0)
    operands = [torch.randn(shape, requires_grad=backward, device=device) for shape in case.shapes(n)]
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    times = medians(sides_of(case, operands, backward), wait)
    ours = times.pop("ours")
    hand = [times.pop(name) for name in list(times) if name.startswith("hand")]
    found = {"microseconds": 1e6 * ours, **{name: seconds / ours for name, seconds in times.items()}}
    found["best"] = min(found["torch"], found["opt_einsum"])
    if hand:
        found["hand"] = min(hand) / ours
    return found


def report(threads: int, backward: bool, wanted: str | None, device: torch.device) -> None:
    torch.set_num_threads(threads)
    passes = "forward and backward" if backward else "forward"
    print(f"\n{passes}, on {device}, {threads} thread{'s' * (threads > 1)}; ours in")
    print("microseconds, then how many times as long the others take: best is the faster of torch and opt_einsum\n")
    columns = ("best", "torch", "opt_einsum", "hand", *(() if backward or device.type != "cpu" else ("numpy",)))
    print(f"{'case':30}{'size':8}{'ours':>10}" + "".join(f"{column:>12}" for column in columns))
    rows = []
    for case in CASES:
        if wanted is None or wanted in case.name:
            for size, n in zip(SIZES, case.sizes, strict=True):
                found = ratios(case, n, backward, device)
                rows.append(found)
                cells = "".join(f"{found[column]:12.2f}" if column in found else " " * 12 for column in columns)
                print(f"{case.name:30}{size:8}{found['microseconds']:10.1f}{cells}", flush=True)
    best = [row["best"] for row in rows]
    hand = [row["hand"] for row in rows if "hand" in row]
    mean = math.exp(statistics.fmean(map(math.log, best)))
    print(f"\n{len(rows)} cases: against the faster of torch.einsum and opt_einsum {mean:.2f} (geometric mean),")
    print(f"{min(best):.2f} (worst), {sum(ratio < 0.95 for ratio in best)} below 0.95; ours takes")
    print(f"{statistics.median(1 / ratio for ratio in hand):.2f} times as long as the best expression by hand (median)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--backward", action="store_true", help="forward and backward instead of forward")
    parser.add_argument("--case", help="only the cases whose name contains this")
    parser.add_argument("--device", type=torch.device, default="cpu", help="where the operands lie: cpu or cuda")
    options = parser.parse_args()
    for threads in options.threads:
        report(threads, options.backward, options.case, options.device)


if __name__ == "__main__":
    main()
