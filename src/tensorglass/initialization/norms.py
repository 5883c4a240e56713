"""Layers of normalization, of torch and of other libraries, and the weight that they start with."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..signals.layer_kinds import NORMS
from ..torch_internals import is_fake


def is_norm(module: nn.Module) -> bool:
    """Tell whether a module is a layer of normalization: of a class of torch, or one with such a name and a vector.

    >>> is_norm(nn.GroupNorm(2, 4)), is_norm(nn.PReLU())
    (True, False)
    """
    if isinstance(module, NORMS):
        return True
    vector = dict(module.named_parameters(recurse=False)).get("weight")
    return "norm" in type(module).__name__.lower() and vector is not None and not is_lazy(vector) and vector.dim() == 1


def has_norms(model: nn.Module) -> bool:
    """Tell whether a model has layers of normalization."""
    return any(is_norm(module) for module in model.modules())


def start_of_norm(module: nn.Module) -> tuple[str, Callable[[Tensor], Tensor]] | None:
    """Return the weight that leaves what was normalized as it is, in words and as a function; None if it is not known.

    Most norms multiply with their weight. Some multiply with 1 plus it, as in Gemma, which shows when they are called
    with a weight of zero: their outputs are then not zero.
    """
    if isinstance(module, NORMS):
        return "one", torch.ones_like
    weight = module.weight
    if not isinstance(weight, Tensor) or weight.is_meta or is_fake(weight):
        return None
    try:
        with torch.no_grad():
            probe = torch.eye(2, weight.numel(), dtype=weight.dtype, device=weight.device)
            output = torch.func.functional_call(module, {"weight": torch.zeros_like(weight)}, (probe,))
    except Exception:
        return None
    if not isinstance(output, Tensor):
        return None
    return ("zero, which is added to one", torch.zeros_like) if output.any() else ("one", torch.ones_like)
