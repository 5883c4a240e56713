"""The kinds of layers, in one table; which modules of a model are layers, and what a layer returns.

A kind that is missing here is entered here. How its weights connect inputs with outputs is said by
`connections` in initialization, and how its other parameters are initialized by `Rules` there.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..torch_internals import BatchOrInstanceNorm, Convolution

# Subclasses belong to the kind of their base.
LINEAR = (nn.Linear, Convolution)  # each output is a weighted sum of inputs: what the theory of signals speaks of
WEIGHT_LAYERS = (*LINEAR, nn.Bilinear)
RECURRENT = (nn.RNNBase, nn.RNNCellBase)
ATTENTION = (nn.MultiheadAttention,)
EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
NORMS = (BatchOrInstanceNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
WITH_BIAS = (*WEIGHT_LAYERS, *RECURRENT, *ATTENTION, *NORMS)


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


def _is_leaf(module: nn.Module) -> bool:
    # Attention reads the weights of its only child and never calls it. Parametrizations compute weights, no outputs.
    return isinstance(module, ATTENTION) or all(name == "parametrizations" for name, _ in module.named_children())


def output_tensor(output: Any) -> Tensor | None:
    """Return the tensor that a layer's output stands for: the first of a tuple; None if it holds no real numbers."""
    while isinstance(output, tuple) and output:
        output = output[0]
    usable = isinstance(output, Tensor) and output.is_floating_point() and output.numel()
    return output if usable else None
