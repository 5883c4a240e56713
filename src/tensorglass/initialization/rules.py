"""Which rule goes for which parameter of a model when it is initialized."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..signals.layer_kinds import ATTENTION, EMBEDDINGS, RECURRENT, WITH_BIAS
from ..torch_internals import is_fake, is_wrapping
from .adapters import has_adapters, is_fine_tuned
from .embeddings import divides_features, embedded, is_row, stream_size
from .fans import Connections, connections
from .layers import is_weight_layer
from .norms import has_norms, is_norm, start_of_norm
from .roles import HIDDEN, OUTPUT, PROJECTION, Role, roles_of, unscaled_queries
from .schemes import ORTHOGONAL, drawn_weight, fan_of, refusal
from .selection import any_match, is_match

LEFT_ALONE = "left alone: "
NO_RULE = f"{LEFT_ALONE}no rule for "
# Logits of this size start a classifier at the logarithm of the number of its classes.
SMALL_OUTPUT = 0.2


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
    role : str
        What the parameter was taken for, and why; empty if nothing depends on it.
    """

    how: str
    std: float | None = None
    values: Callable[[Tensor], Tensor] | None = None
    role: str = ""


@dataclass(frozen=True)
class Choice:
    """What a whole model is initialized by.

    Attributes
    ----------
    scheme, direction : str
        As in `initialize_`.
    gain, sigma_b : float
        The gain of the weights of layers that an activation follows, and the standard deviation of their biases.
    last_gain, residual_scale : float or None
        The gain of output layers, and the factor of layers that close a residual branch; None for the usual one.
    gains : mapping of str to float
        Gains by patterns of names.
    skip : sequence of str
        Patterns of the names that are left alone.
    only : sequence of str or None
        Patterns of the names that are not; None for all.
    """

    scheme: str
    direction: str
    gain: float
    sigma_b: float
    last_gain: float | None = None
    residual_scale: float | None = None
    gains: Mapping[str, float] = field(default_factory=dict)
    skip: Sequence[str] = ()
    only: Sequence[str] | None = None


class Rules:
    """The rules for the parameters of one model.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 4))
    >>> rules = Rules(model, Choice("kaiming", "forward", gain=2.0, sigma_b=0.0, last_gain=1.0))
    >>> rules.rule(["0.weight"], model[0], "weight", model[0].weight)[:2]
    ('kaiming, fan_in 4', 1.0)
    """

    def __init__(self, model: nn.Module, choice: Choice) -> None:
        self._choice = choice
        self._fine_tuned, self._adapted = is_fine_tuned(model), has_adapters(model)
        self._roles = roles_of(model)
        self._queries = unscaled_queries(model)
        small = choice.last_gain is None and has_norms(model)
        usual = SMALL_OUTPUT if small else 1.0
        self._last_gain = usual if choice.last_gain is None else choice.last_gain
        self._last_remark = f", last layer, gain {usual}" if small else ", last layer"
        tied = SMALL_OUTPUT if choice.last_gain is None else choice.last_gain
        self._embedded = embedded(model, tied, divides=divides_features(model))
        self._stream = stream_size(model, self._embedded)

    def is_chosen(self, names: Sequence[str]) -> bool:
        """Tell whether the parameter of these names is not left alone at the reader's wish."""
        if any_match(self._choice.skip, names):
            return False
        return self._choice.only is None or any_match(self._choice.only, names)

    def rule(self, names: Sequence[str], module: nn.Module, name: str, parameter: nn.Parameter) -> Rule:
        """Return the rule for a module's own parameter, which has these names in the model.

        Raises
        ------
        ValueError
            If it is lazy, if it cannot be written to, or if the scheme does not go with its shape.
        """
        if not self.is_chosen(names):
            return Rule(f"{LEFT_ALONE}{'skipped' if any_match(self._choice.skip, names) else 'not chosen'}")
        if is_lazy(parameter):
            raise ValueError(f"initialize_() parameter {names[0]} has no size yet; expected a model that has run once")
        kept = self._reason_to_keep(parameter)
        if kept:
            return Rule(f"{LEFT_ALONE}{kept}")
        rule = self._rule_of_trainable(names, module, name, parameter.shape)
        obstacle = "" if rule.values is None else _obstacle(parameter)
        if obstacle:
            raise ValueError(
                f"initialize_() parameter {names[0]} is {obstacle}; expected a tensor that can be written to"
            )
        return rule

    def _reason_to_keep(self, parameter: nn.Parameter) -> str:
        if parameter.numel() == 0:
            return "no elements"
        if not parameter.requires_grad:
            return "frozen"
        if self._choice.only is not None:
            return ""
        if self._adapted:
            return "trained beside frozen weights, as adapters are"
        if self._fine_tuned and parameter.dim() > 1 and not parameter.is_meta and not is_fake(parameter):
            return "" if parameter.detach().any() else "zero beside frozen weights, as adapters start"
        return ""

    def _rule_of_trainable(self, names: Sequence[str], module: nn.Module, name: str, shape: torch.Size) -> Rule:
        if isinstance(module, EMBEDDINGS) and name == "weight":
            return self._embedding(names, module)
        connected = connections(module, name, shape)
        if connected is not None:
            scheme = ORTHOGONAL if name.startswith("weight_hh") else self._choice.scheme
            refused = refusal(scheme, shape, connected)
            if refused:
                raise ValueError(f"initialize_() scheme is {scheme!r}, and {names[0]} has {refused}")
            return self._weight(scheme, names, module, shape, connected)
        if is_norm(module) and name == "weight":
            start = start_of_norm(module)
            return Rule(NO_RULE + class_name(module)) if start is None else Rule(start[0], None, start[1], "norm")
        known = isinstance(module, WITH_BIAS) or is_weight_layer(module) or is_norm(module)
        if known and "bias" in name:
            return self._bias(module)
        if is_row(name):
            return self._row(names)
        return Rule(NO_RULE + class_name(module))

    def _weight(
        self, scheme: str, names: Sequence[str], module: nn.Module, shape: torch.Size, connected: Connections
    ) -> Rule:
        role = self._role(module)
        gain, remark = self._gain(names, module, role)
        described, fan = fan_of(scheme, self._choice.direction, connected)
        std = gain / math.sqrt(fan)

        def values(tensor: Tensor) -> Tensor:
            return std * drawn_weight(scheme, shape, connected, _drawing_dtype(tensor), tensor.device)

        return Rule(f"{scheme}, {described}{remark}", std, values, str(role))

    def _role(self, module: nn.Module) -> Role:
        outer = isinstance(module, (*ATTENTION, *RECURRENT))
        return Role(PROJECTION, f"in {type(module).__name__}") if outer else self._roles.get(module, Role(HIDDEN))

    def _gain(self, names: Sequence[str], module: nn.Module, role: Role) -> tuple[float, str]:
        """Return the gain of a weight, and what is to be said of it."""
        given = self._given_gain(names)
        if given is not None:
            return given, f", gain {given:g} as given"
        if role.name == OUTPUT:
            return self._last_gain, self._last_remark
        gain = self._choice.gain if role.name == HIDDEN else 1.0
        remark = "" if role.name == HIDDEN else ", gain 1"
        if role.residual:
            usual = self._stream / math.sqrt(role.residual)
            scale = usual if self._choice.residual_scale is None else self._choice.residual_scale
            gain, remark = gain * scale, f"{remark}, times {scale:.4g}"
        if module in self._queries:
            size = self._queries[module]
            gain, remark = gain / math.sqrt(size), f"{remark}, divided by sqrt({size}), which attention does not do"
        return gain, remark

    def _given_gain(self, names: Sequence[str]) -> float | None:
        fitting = [gain for pattern, gain in self._choice.gains.items() if any(is_match(pattern, n) for n in names)]
        return fitting[-1] if fitting else None

    def _bias(self, module: nn.Module) -> Rule:
        sigma_b = self._choice.sigma_b
        followed = is_weight_layer(module) and self._role(module).name == HIDDEN
        if not followed or sigma_b == 0:
            return Rule("zero", None, torch.zeros_like)
        return Rule("normal", sigma_b, lambda tensor: sigma_b * _normal(tensor))

    def _row(self, names: Sequence[str]) -> Rule:
        given = self._given_gain(names)
        return _rows(None, self._stream if given is None else given, "embedding (by its name)")

    def _embedding(self, names: Sequence[str], module: nn.Embedding | nn.EmbeddingBag) -> Rule:
        role, std = self._embedded[module]
        given = self._given_gain(names)
        if given is None and "bias" in names[0].split(".")[-2:][0]:
            return Rule("zero", None, torch.zeros_like, "biases by position (by its name)")
        return _rows(module.padding_idx, std if given is None else given, role)


def class_name(module: nn.Module) -> str:
    """Return the name of a module's class, and whose it is, unless it is torch's.

    >>> class_name(nn.PReLU())
    'PReLU'
    """
    kind = type(module)
    return kind.__name__ if kind.__module__.startswith("torch.nn.") else f"{kind.__module__}.{kind.__qualname__}"


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


def _rows(padding: int | None, std: float, role: str) -> Rule:
    def values(tensor: Tensor) -> Tensor:
        rows = std * _normal(tensor)
        if padding is not None:
            rows[padding] = 0
        return rows

    return Rule("normal" if padding is None else f"normal, row {padding} zero", std, values, role)


def _normal(tensor: Tensor) -> Tensor:
    return torch.randn(tensor.shape, dtype=_drawing_dtype(tensor), device=tensor.device)


def _drawing_dtype(tensor: Tensor) -> torch.dtype:
    """Return the dtype to draw in: there is no orthogonal matrix of half precision."""
    return torch.promote_types(tensor.dtype, torch.float32)
