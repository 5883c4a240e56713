"""Memory that is used up, of a GPU or of the computer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .entry import Case, Entry
from .operand import ErrorFix

_PAGE = "auto_examples/errors/out_of_memory.html"
_SIZE = r"\d+(?:\.\d+)? (?:[KMGT]i?B|bytes)"


def _bytes(size: str) -> float:
    """Return the number of bytes that a message gives as text.

    >>> _bytes("1.50 KiB"), _bytes("512 bytes")
    (1536.0, 512.0)
    """
    number, unit = size.split()
    return float(number) * 1024.0 ** ("KMGT".find(unit[0]) + 1)


def _others(case: Case) -> list[tuple[float, str, str]]:
    """Return the processes that hold more of the GPU than this one, largest first: bytes, number, size in words."""
    said = re.findall(rf"Process (\d+) has ({_SIZE}) memory in use", case.message)
    found = sorted([(_bytes(size), process, size) for process, size in said], reverse=True)
    own = re.search(rf"this process has ({_SIZE}) memory in use", case.message)
    return found if sum(each[0] for each in found) > (_bytes(own[1]) if own else 0) else []


def _gpu_memory_cause(case: Case) -> str:
    asked = case.found.get("asked")
    free = case.found.get("free")
    wanted = f"{asked} were asked for" if asked else "more was asked for"
    left = f", and {free} are free" if free else ""
    others = _others(case)
    if others:
        told = ", ".join(f"process {process} holds {size}" for _, process, size in others)
        return f"The GPU's memory is used up: {wanted}{left}. Most of it is not this program's: {told}."
    return (
        f"The GPU's memory is used up: {wanted}{left}. It holds weights, gradients, the optimizer's state, and what "
        "autograd keeps of each layer for the backward pass, which grows with the batch."
    )


def _gpu_memory_fixes(case: Case) -> Iterator[ErrorFix]:
    """Nothing here takes the place of the expression: what holds the memory was made before."""
    asked, reserved = case.found.get("asked"), case.found.get("reserved")
    others = _others(case)
    if others:
        yield ErrorFix("nvidia-smi", f"who that is: end process {others[0][1]}, if it is yours")
        yield ErrorFix("CUDA_VISIBLE_DEVICES=1 python script.py", "another GPU, where there is one")
    elif asked and reserved and _bytes(reserved) >= _bytes(asked):
        code = "PYTORCH_ALLOC_CONF=expandable_segments:True python script.py"
        yield ErrorFix(code, f"pieces that can grow: {reserved} are reserved, and none is large enough alone")
    yield ErrorFix("batch_size //= 2", "half of what autograd keeps")
    yield ErrorFix("with torch.no_grad():", "nothing kept for the backward pass, where none comes, as in evaluation")
    yield ErrorFix("with torch.autocast('cuda', dtype=torch.bfloat16):", "about half of what is kept")
    yield ErrorFix("total += loss.item()", "no graph kept alive where losses are added up")
    yield ErrorFix("outputs.append(output.detach().cpu())", "nothing left on the GPU where results are collected")
    yield ErrorFix(
        "model = model.to(torch.bfloat16)", "half of the weights, if they alone do not fit: before they move"
    )


def _memory_cause(case: Case) -> str:
    size = int(case.found["bytes"])
    return f"The computer's memory does not hold the result: {size:,} bytes, {size / 2**30:,.1f} GiB, were asked for."


def _memory_fixes(case: Case) -> Iterator[ErrorFix]:
    yield ErrorFix("batch_size //= 2", "half of what each step needs")
    if (
        case.is_real
        and case.name in {"ones", "zeros", "empty", "rand", "randn", "full"}
        and not case.expression.keywords
    ):
        code = f"{case.expression.text.rstrip()[:-1]}, device='meta')"
        yield case.instead(code, "shape and dtype alone, without memory, to see what fits")


ENTRIES = (
    Entry(
        "gpu_memory",
        (
            rf"(?:CUDA|HIP|XPU) out of memory\.(?: Tried to allocate (?P<asked>{_SIZE}))?"
            rf"(?:.*?(?P<free>{_SIZE}) (?:is )?free)?"
            rf"(?:.*?(?P<reserved>{_SIZE}) is reserved by PyTorch but unallocated)?",
            rf"MPS backend out of memory.*?Tried to allocate (?P<asked>{_SIZE})",
            r"(?:CUDA|HIP) out of memory",
            r"CUDA error: out of memory",
        ),
        "f(x)",
        _gpu_memory_cause,
        _gpu_memory_fixes,
        f"{_PAGE}#short-answer",
    ),
    Entry(
        "memory",
        (
            r"DefaultCPUAllocator: (?:can't allocate memory|not enough memory): you tried to allocate (?P<bytes>\d+) "
            r"bytes",
        ),
        "f(x)",
        _memory_cause,
        _memory_fixes,
        f"{_PAGE}#more-defaultcpuallocator-can-t-allocate-memory",
    ),
)
