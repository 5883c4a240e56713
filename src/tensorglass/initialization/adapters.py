"""Adapters beside frozen weights: what is trained starts so that the model computes what it did without them.

LoRA adds B A x with B = 0 (Hu et al., 2021, arXiv 2106.09685). New values for B, or for A once B has been trained,
would change what the frozen model computes.
"""

from __future__ import annotations

import re

from torch import nn
from torch.nn.parameter import is_lazy

_NAMES = re.compile(
    r"(^|[._])(lora|ia3|adapters?|adaption|loha|hada|lokr|vera|oft|boft|randlora|prompt_encoder|modules_to_save)([._]|$)",
    re.IGNORECASE,
)


def is_fine_tuned(model: nn.Module) -> bool:
    """Tell whether some weights of a model are frozen, and others are not."""
    return (
        len(
            {
                parameter.requires_grad
                for parameter in model.parameters()
                if not is_lazy(parameter) and parameter.dim() > 1
            }
        )
        > 1
    )


def has_adapters(model: nn.Module) -> bool:
    """Tell whether a model with frozen weights has others that are named as those of adapters.

    >>> model = nn.ModuleDict({"base": nn.Linear(4, 4).requires_grad_(False), "lora_B": nn.Linear(2, 4)})
    >>> has_adapters(model), has_adapters(model.requires_grad_(True))
    (True, False)
    """
    named = model.named_parameters()
    return is_fine_tuned(model) and any(_NAMES.search(name) for name, parameter in named if parameter.requires_grad)
