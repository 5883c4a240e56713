"""Calling functions and models only to look: nothing of theirs is changed, and what goes in and out is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def positional(batch: Any) -> tuple[Any, ...]:
    """Return the positional arguments that a batch stands for. A named tuple, such as a packed sequence, is one."""
    return batch if type(batch) is tuple else (batch,)


def leaf_modules(model: nn.Module) -> dict[nn.Module, str]:
    """Return the modules that compute something themselves, with their paths in the model.

    >>> model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.MultiheadAttention(2, 1), nn.ReLU()))
    >>> list(leaf_modules(model).values())
    ['0', '1.0', '1.0.out_proj', '1.1']
    """
    return {
        module: name or type(model).__name__
        for name, module in model.named_modules()
        if _is_leaf(module) and "parametrizations" not in name.split(".")
    }


def output_tensor(output: Any) -> Tensor | None:
    """Return the tensor that a layer's output stands for: the first of a tuple; None if it holds no real numbers."""
    while isinstance(output, tuple) and output:
        output = output[0]
    usable = isinstance(output, Tensor) and output.is_floating_point() and output.numel()
    return output if usable else None


def _is_leaf(module: nn.Module) -> bool:
    # Attention reads the weights of its only child and never calls it. Parametrizations compute weights, no outputs.
    attention = isinstance(module, nn.MultiheadAttention)
    return attention or all(name == "parametrizations" for name, _ in module.named_children())


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
