"""What a `TorchFunctionMode` learns from one call: the function's name, and the tensors that go in and come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch


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
