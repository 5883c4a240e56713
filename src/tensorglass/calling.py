"""Calling functions and models only to look: what they are called with, and nothing of theirs is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch


def positional(batch: Any) -> tuple[Any, ...]:
    """Return the positional arguments that a batch stands for. A named tuple, such as a packed sequence, is one."""
    return batch if type(batch) is tuple else (batch,)


def function_name(func: Callable[..., Any]) -> str:
    """Return the name without the outer underscores of an operator; the one that marks an in-place method stays.

    >>> function_name(torch.Tensor.__add__), function_name(torch.Tensor.add_), function_name(torch.Tensor.T.__get__)
    ('add', 'add_', 'T')
    """
    name = func.__name__
    if name == "__get__":  # an attribute such as `x.T`
        return str(func.__self__.__name__)  # type: ignore[attr-defined]
    return name.strip("_") if name.startswith("__") else name


def tensors_in(value: object) -> Iterator[torch.Tensor]:
    """Yield the tensors in a value: itself, or inside tuples, lists and mappings, to any depth."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)


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
