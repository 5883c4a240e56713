"""Calling a function once to look at it, and leaving everything as it was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch


def prepared_call(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[], Any]:
    """Return the call to make. A module works on copies of its buffers, so that this run changes none of them.

    >>> norm = torch.nn.BatchNorm1d(2)
    >>> _ = prepared_call(norm, (torch.ones(3, 2),), {})()
    >>> norm.num_batches_tracked
    tensor(0)
    """
    if not isinstance(fn, torch.nn.Module):
        return lambda: fn(*args, **kwargs)
    copies = {name: buffer.clone() for name, buffer in fn.named_buffers()}
    return lambda: torch.func.functional_call(fn, copies, args, kwargs)


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Put the random state of the CPU, and of CUDA where it is in use, back when the block ends."""
    initialized = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    cuda = range(torch.cuda.device_count()) if initialized else ()
    with torch.random.fork_rng(cuda):
        yield
