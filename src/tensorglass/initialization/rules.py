"""Which rule goes for which parameter of a model when it is initialized."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..signals.layer_kinds import ATTENTION, EMBEDDINGS, NORMS, RECURRENT, WEIGHT_LAYERS, WITH_BIAS
from ..torch_internals import is_wrapping
from .fans import Connections, connections
from .schemes import ORTHOGONAL, drawn_weight, fan_of, refusal

LEFT_ALONE = "left alone: "


class Rule(NamedTuple):
    """What is to be done with one parameter.

    Attributes
    ----------
    how : str
        In words.
    std : float or None
        The standard deviation of the new values; None if they are constant, or if there are none.
    values : callable or None
        Gives new values for the parameter; None if it is left alone.
    """

    how: str
    std: float | None = None
    values: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True)
class Choice:
    """What a whole model is initialized by.

    Attributes
    ----------
    scheme, direction : str
        As in `initialize_`.
    gain, sigma_b : float
        The gain of the weights of layers that an activation follows, and the standard deviation of their biases.
    last_gain : float
        The gain of the last layer.
    """

    scheme: str
    direction: str
    gain: float
    sigma_b: float
    last_gain: float


class Rules:
    """The rules for the parameters of one model.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 4))
    >>> rules = Rules(model, Choice("kaiming", "forward", gain=2.0, sigma_b=0.0, last_gain=1.0))
    >>> rules.rule("0.weight", model[0], "weight", model[0].weight)[:2]
    ('kaiming, fan_in 4', 1.0)
    """

    def __init__(self, model: nn.Module, choice: Choice) -> None:
        self._choice = choice
        outer = [module for module in model.modules() if isinstance(module, (*ATTENTION, *RECURRENT))]
        self._projecting = {inner for module in outer for inner in module.modules()}
        layers = [module for module in model.modules() if isinstance(module, WEIGHT_LAYERS)]
        apart = [module for module in layers if module not in self._projecting]
        self._last = apart[-1] if apart else None

    def rule(self, path: str, module: nn.Module, name: str, parameter: nn.Parameter) -> Rule:
        """Return the rule for a module's own parameter.

        Raises
        ------
        ValueError
            If it is lazy, if it cannot be written to, or if the scheme does not go with its shape. `path` is how the
            message calls it.
        """
        if is_lazy(parameter):
            raise ValueError(f"initialize_() parameter {path} has no size yet; expected a model that has run once")
        if parameter.numel() == 0 or not parameter.requires_grad:
            return Rule(f"{LEFT_ALONE}{'no elements' if parameter.numel() == 0 else 'frozen'}")
        rule = self._rule_of_trainable(path, module, name, parameter.shape)
        obstacle = "" if rule.values is None else _obstacle(parameter)
        if obstacle:
            raise ValueError(f"initialize_() parameter {path} is {obstacle}; expected a tensor that can be written to")
        return rule

    def _rule_of_trainable(self, path: str, module: nn.Module, name: str, shape: torch.Size) -> Rule:
        connected = connections(module, name, shape)
        if connected is not None:
            scheme = ORTHOGONAL if name.startswith("weight_hh") else self._choice.scheme
            refused = refusal(scheme, shape, connected)
            if refused:
                raise ValueError(f"initialize_() scheme is {scheme!r}, and {path} has {refused}")
            return self._weight(scheme, module, shape, connected)
        if isinstance(module, EMBEDDINGS) and name == "weight":
            return _embedding(module.padding_idx)
        if isinstance(module, NORMS) and name == "weight":
            return Rule("one", None, torch.ones_like)
        if isinstance(module, WITH_BIAS) and "bias" in name:
            return self._bias(module)
        return Rule(f"{LEFT_ALONE}no rule for {type(module).__name__}")

    def _weight(self, scheme: str, module: nn.Module, shape: torch.Size, connected: Connections) -> Rule:
        if module in self._projecting:
            gain, remark = 1.0, ", gain 1"
        elif module is self._last:
            gain, remark = self._choice.last_gain, ", last layer"
        else:
            gain, remark = self._choice.gain, ""
        described, fan = fan_of(scheme, self._choice.direction, connected)
        std = gain / math.sqrt(fan)

        def values(tensor: Tensor) -> Tensor:
            return std * drawn_weight(scheme, shape, connected, _drawing_dtype(tensor), tensor.device)

        return Rule(f"{scheme}, {described}{remark}", std, values)

    def _bias(self, module: nn.Module) -> Rule:
        sigma_b = self._choice.sigma_b
        followed = isinstance(module, WEIGHT_LAYERS) and module not in self._projecting and module is not self._last
        if not followed or sigma_b == 0:
            return Rule("zero", None, torch.zeros_like)
        return Rule("normal", sigma_b, lambda tensor: sigma_b * _normal(tensor))


def _obstacle(parameter: nn.Parameter) -> str:
    """Return why new values cannot be written; empty if they can."""
    if parameter.dtype.itemsize == 1:
        return f"of {parameter.dtype}, too coarse for random values"
    if is_wrapping(parameter):
        return f"a {type(parameter).__name__}"
    if parameter.is_inference() and not torch.is_inference_mode_enabled():
        return "a tensor of inference mode"
    expanded = [length > 1 and stride == 0 for length, stride in zip(parameter.shape, parameter.stride(), strict=True)]
    return "expanded, so that several elements are one" if any(expanded) else ""


def _embedding(padding: int | None) -> Rule:
    def values(tensor: Tensor) -> Tensor:
        rows = _normal(tensor)
        if padding is not None:
            rows[padding] = 0
        return rows

    return Rule("normal" if padding is None else f"normal, row {padding} zero", 1.0, values)


def _normal(tensor: Tensor) -> Tensor:
    return torch.randn(tensor.shape, dtype=_drawing_dtype(tensor), device=tensor.device)


def _drawing_dtype(tensor: Tensor) -> torch.dtype:
    """Return the dtype to draw in: there is no orthogonal matrix of half precision."""
    return torch.promote_types(tensor.dtype, torch.float32)
