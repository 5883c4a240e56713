"""The layers of a model: the modules that compute something themselves, what they are called with and return."""

from __future__ import annotations

from typing import Any

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
