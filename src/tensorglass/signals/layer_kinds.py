"""The kinds of layers, in one table; which modules of a model are layers, and what a layer returns.

A kind that is missing here is entered here. How its weights connect inputs with outputs is said by
`connections` in initialization, and how its other parameters are initialized by `Rules` there.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..calling import tensors_in
from ..torch_internals import BatchOrInstanceNorm, Convolution, behind_compiled, name_without_compiled

# Subclasses belong to the kind of their base.
LINEAR = (nn.Linear, Convolution)  # each output is a weighted sum of inputs: what the theory of signals speaks of
WEIGHT_LAYERS = (*LINEAR, nn.Bilinear)
RECURRENT = (nn.RNNBase, nn.RNNCellBase)
ATTENTION = (nn.MultiheadAttention,)
EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
NORMS = (BatchOrInstanceNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
WITH_BIAS = (*WEIGHT_LAYERS, *RECURRENT, *ATTENTION, *NORMS)


# They call other modules in order, or one other, and compute nothing themselves.
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model inside those that distribute or compile it.

    >>> unwrapped(nn.DataParallel(nn.ReLU()))
    ReLU()
    """
    while (inside := model.module if isinstance(model, WRAPPERS) else behind_compiled(model)) is not model:
        model = inside
    return model


def block_modules(model: nn.Module) -> dict[nn.Module, str]:
    """Return the modules inside the model that consist of others and combine them, with their paths.

    >>> class Block(nn.Sequential):
    ...     def forward(self, x):
    ...         return x + super().forward(x)
    >>> list(block_modules(nn.Sequential(nn.Sequential(nn.ReLU()), Block(nn.ReLU()))).values())
    ['1']
    """
    return {
        module: name_without_compiled(name)
        for name, module in model.named_modules()
        if name and not _is_leaf(module) and _combines(module) and "parametrizations" not in name.split(".")
    }


def _combines(module: nn.Module) -> bool:
    as_containers = any(type(module).forward is kind.forward for kind in CONTAINERS)
    return not as_containers and unwrapped(module) is module


def leaf_modules(model: nn.Module) -> dict[nn.Module, str]:
    """Return the modules that compute something themselves, with their paths in the model.

    >>> model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.MultiheadAttention(2, 1), nn.ReLU()))
    >>> list(leaf_modules(model).values())
    ['0', '1.0', '1.0.out_proj', '1.1']
    """
    return {
        module: name_without_compiled(name) or type(model).__name__
        for name, module in model.named_modules()
        if _is_leaf(module) and "parametrizations" not in name.split(".")
    }


def _is_leaf(module: nn.Module) -> bool:
    # Attention reads the weights of its only child and never calls it. Parametrizations compute weights, no outputs.
    return isinstance(module, ATTENTION) or all(name == "parametrizations" for name, _ in module.named_children())


def output_tensor(output: Any) -> Tensor | None:
    """Return the tensor that a layer's output stands for: the first of real numbers in it; None if there is none."""
    usable = (tensor for tensor in tensors_in(output) if tensor.is_floating_point() and tensor.numel())
    return next(usable, None)
