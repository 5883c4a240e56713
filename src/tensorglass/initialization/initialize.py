"""Initialization of a whole model, for any activation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import is_parametrized

from ..signals.critical_point import critical_sigma_w
from ..signals.gain import DIRECTIONS, FORWARD, gain
from ..torch_internals import is_fake, members_of
from .account import Initialization, InitializedParameter
from .rules import Choice, Rule, Rules, class_name
from .schemes import CRITICAL, SCHEMES
from .selection import patterns_of


def initialize_(  # noqa: PLR0913, PLR0917 - each has a meaning of its own, and most have a default
    model: nn.Module,
    activation: Callable[..., Any],
    scheme: str = "kaiming",
    direction: str = "forward",
    sigma_b: float = 0.0,
    last_gain: float | None = None,
    *,
    residual_scale: float | None = None,
    gains: Mapping[str, float] | None = None,
    skip: str | Iterable[str] = (),
    only: str | Iterable[str] | None = None,
) -> Initialization:
    """Initialize all parameters of a model, in place, for its activation.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    model : torch.nn.Module
        Its parameters are changed in place.
    activation : callable
        The activation between the layers: any function of each element alone, or such a module.
    scheme : str
        How the weights of linear layers, convolutions, attention and recurrent layers are drawn. Outputs then have the
        second moment gain^2, on average, if the inputs are independent with mean 0 and second moment 1; with "xavier"
        and "critical" another one.

        - ``"kaiming"``: normal with the standard deviation gain / sqrt(fan_in).
        - ``"xavier"``: normal with gain * sqrt(2 / (fan_in + fan_out)). The second moment is gain^2 * 2 fan_in /
          (fan_in + fan_out) of outputs, and gain^2 * 2 fan_out / (fan_in + fan_out) of gradients: both gain^2 where
          the fans are equal, and their mean everywhere.
        - ``"orthogonal"``: matrices with orthogonal rows or columns, scaled so that the second moment is gain^2, also
          where there are more outputs than inputs (`torch.nn.init.orthogonal_` has inputs / outputs there). Kernels
          are flattened, and each group, gate and projection is a matrix of its own.
        - ``"delta-orthogonal"``: such a matrix at the centre of a convolution's kernel, zeros around it. Sizes of
          kernels have to be odd, and a group's outputs at least as many as its inputs. Other layers as with
          ``"orthogonal"``.
        - ``"critical"``: normal with sigma_w / sqrt(fan_in), and normal biases with the standard deviation `sigma_b`,
          where `critical_sigma_w` finds sigma_w. The second moment of outputs is sigma_w^2 + sigma_b^2.
    direction : "forward" or "backward"
        With "backward" it is the gradients of the inputs that have the second moment gain^2, for independent gradients
        of the outputs: the gain is the backward one, and fan_out stands for fan_in. Not with "critical".
    sigma_b : float
        The standard deviation of the biases with "critical"; they are zero otherwise.
    last_gain : float or None
        The gain of the output layers: of the linear, bilinear or convolution layer that was registered last, outside
        of attention, recurrent layers and residual blocks, and of those beside it, as the heads of an actor and a
        critic, that read the same features. Their biases are zero. With 0 all their outputs are zero. A tied
        embedding gives logits of this size. By default 1 in a model without normalization layers, and 0.2 with such
        layers and for tied embeddings: logits so small start a classifier at the logarithm of its number of classes.
    residual_scale : float or None
        The factor of the layers that close a residual branch; by default 1 / sqrt(n) where n of them add to one
        stream (Radford et al., 2019), times the size of its first summand, where that is a tied embedding.
    gains : mapping of str to float
        Gains of single weights, by their names, the paths of their modules, or patterns of them such as
        ``"*.q_proj"``. For an embedding it is the standard deviation of its rows. The last that fits goes.
    skip, only : str or iterable of str
        The parameters that are left alone, and those that are not, by the same names. What is named in `only` is
        drawn also beside frozen weights.

    Returns
    -------
    Initialization
        Says what was done with each parameter.

    Raises
    ------
    TypeError
        If `model` is not a module or `activation` cannot be called.
    ValueError
        If another argument is not as described, or names nothing in the model; if the activation has no finite gain
        or, with "critical", no critical point; if a layer does not allow the scheme; if a parameter is lazy, or
        computed from others (parametrized), or cannot be written to; if the model is scripted or has quantized
        layers. No parameter is changed then.

    Notes
    -----
    What a layer is for is told by its structure, or by its name, without running the model; `roles` says what was
    assumed and why, and `gains` overrules it. Linear layers of other libraries that tell their sizes count as such.

    - Hidden layers get the gain, wherever in the model an activation stands.
    - The factors of a gated unit, as in ``down(silu(gate(x)) * up(x))``, get gain 1. The gain then goes to the layer
      behind the product, whose second moment is that of the activation.
    - Projections of attention and weights from the input of recurrent layers get gain 1, for each gate apart; weights
      from the hidden state are orthogonal in every scheme. T5 does not divide scores by sqrt(size of a head), so its
      queries are.
    - Rows of embeddings have the second moment 1, and that of padding is zero. Where an embedding is tied to the
      output layer, its rows and those of embeddings as wide are as small as `last_gain` asks.
    - Normalization layers get weights 1, or 0 if they add 1 themselves. Biases are zero, with "critical" those of
      all but hidden layers.

    Left alone are frozen parameters, and those of modules that have no rule: `torch.nn.PReLU` and modules of one's
    own; the first line counts them by class. Beside frozen weights adapters such as LoRA are left alone, and so is a
    weight of zeros, so that the model computes what it did. A parameter that several modules share is drawn once.
    Parameters without data (on the meta device, or fake) are listed, and there is nothing to write.

    He et al., 2015 (kaiming); Glorot and Bengio, 2010 (xavier); Saxe et al., 2013 (orthogonal); Xiao et al., 2018
    (delta-orthogonal); Schoenholz et al., 2017 (critical); Radford et al., 2019, "Language models are unsupervised
    multitask learners" (residual branches).

    Examples
    --------
    >>> import torch
    >>> from tensorglass import initialize_
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 3), torch.nn.GELU(), torch.nn.Conv2d(64, 10, 1))
    >>> for each in initialize_(model, torch.nn.GELU()).parameters:
    ...     print(each.name, each.how, each.std and round(each.std, 4))
    0.weight kaiming, fan_in 27 0.2951
    0.bias zero None
    2.weight kaiming, fan_in 64, last layer 0.125
    2.bias zero None
    """
    _check_arguments(model, activation, scheme, direction)
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    given = _checked_gains(gains, names)
    skipped = patterns_of("initialize_", "skip", skip, names)
    chosen = None if only is None else patterns_of("initialize_", "only", only, names)
    for argument, value in (("sigma_b", sigma_b), ("last_gain", last_gain), ("residual_scale", residual_scale)):
        if value is not None or argument == "sigma_b":
            _check_number(argument, value)
    if scheme == CRITICAL and direction != FORWARD:
        raise ValueError("initialize_() direction is 'backward'; expected 'forward' with the scheme 'critical'")
    if scheme != CRITICAL and sigma_b != 0:
        raise ValueError(f"initialize_() sigma_b is {sigma_b}; expected 0 with the scheme {scheme!r}")
    factor = _critical(activation, sigma_b) if scheme == CRITICAL else _finite_gain(activation, direction)
    choice = Choice(scheme, direction, factor, sigma_b, last_gain, residual_scale, given, skipped, chosen)
    rules = Rules(model, choice)
    planned = list(_planned(model, rules))  # all is checked before the first value is written
    return Initialization(tuple(map(_carried_out, planned)))


_QUANTIZED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized")


class _Planned(NamedTuple):
    """A parameter, the rule that goes for it, what else is to be said, and the class of its module."""

    name: str
    parameter: nn.Parameter
    rule: Rule
    remark: str
    layer: str


def _check_arguments(model: object, activation: object, scheme: object, direction: object) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"initialize_() model is {type(model).__name__}; expected a torch.nn.Module")
    if not callable(activation):
        raise TypeError(f"initialize_() activation is {type(activation).__name__}; expected a function or a module")
    _check_model(model)
    for argument, value, expected in (("scheme", scheme, SCHEMES), ("direction", direction, DIRECTIONS)):
        if value not in expected:
            raise ValueError(f"initialize_() {argument} is {value!r}; expected {', '.join(map(repr, expected))}")


def _check_number(argument: str, value: object) -> None:
    if not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(f"initialize_() {argument} is {value!r}; expected a number that is not negative")


def _checked_gains(gains: object, names: list[str]) -> dict[str, float]:
    if gains is None:
        return {}
    if not isinstance(gains, Mapping):
        raise TypeError(f"initialize_() gains is {type(gains).__name__}; expected a mapping of names to numbers")
    patterns_of("initialize_", "gains", gains, names)
    for name, value in gains.items():
        _check_number(f"gains[{name!r}]", value)
    return dict(gains)


def _check_model(model: nn.Module) -> None:
    for path, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise ValueError("initialize_() model is scripted; expected the module that torch.jit.script was given")
        if type(module).__module__.startswith(_QUANTIZED):
            raise ValueError(
                f"initialize_() model has a quantized layer, {path or class_name(module)}; expected floats"
            )


def _finite_gain(activation: Callable[..., Any], direction: str) -> float:
    factor = gain(activation, direction)
    if factor == math.inf:
        raise ValueError(
            f"initialize_() activation has an infinite gain {direction}; expected a function neither zero nor flat"
        )
    return factor


def _critical(activation: Callable[..., Any], sigma_b: float) -> float:
    critical = critical_sigma_w(activation, sigma_b)
    if critical.sigma_w is None:
        raise ValueError(f"initialize_() activation has no critical point at sigma_b {sigma_b}: {critical.reason}")
    return critical.sigma_w


def _planned(model: nn.Module, rules: Rules) -> Iterator[_Planned]:
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    for path, module in model.named_modules():
        own = list(module.named_parameters(prefix=path, recurse=False))
        inner = [*(parameter for _, parameter in own), *_of_parametrizations(module)]
        computed = is_parametrized(module) or _has_computed_tensors(module)
        if computed and any(rules.is_chosen(names[id(parameter)]) for parameter in inner):
            raise ValueError(
                f"initialize_() model computes a weight of {path or type(module).__name__} from other parameters; "
                "expected plain parameters: initialize first, and parametrize then"
            )
        for own_name, parameter in own:
            first, *others = names[id(parameter)]
            if first == own_name:
                rule = rules.rule(names[id(parameter)], module, own_name.rpartition(".")[2], parameter)
                yield _Planned(
                    first, parameter, rule, "".join(f", tied with {other}" for other in others), class_name(module)
                )


def _of_parametrizations(module: nn.Module) -> list[nn.Parameter]:
    return [each for name, each in module.named_parameters() if name.startswith("parametrizations.")]


def _has_computed_tensors(module: nn.Module) -> bool:
    """Tell whether the older `weight_norm`, `spectral_norm` or pruning put a tensor in place of a parameter."""
    own = {name for name, value in members_of(module) if isinstance(value, nn.Parameter)}
    return any(f"{name}_orig" in own or f"{name}_v" in own for name in vars(module))


def _carried_out(planned: _Planned) -> InitializedParameter:
    name, parameter, (how, std, values, role), remark, layer = planned
    rms = None
    if values is not None and not parameter.is_meta and not is_fake(parameter):
        with torch.no_grad():
            parameter.copy_(values(parameter))
        rms = _root_mean_square(parameter.detach())
    shape = () if is_lazy(parameter) else tuple(parameter.shape)
    return InitializedParameter(name, shape, f"{how}{remark}", std, rms, role, layer)


def _root_mean_square(values: torch.Tensor) -> float:
    precise = torch.promote_types(values.dtype, torch.float64)
    return float(torch.linalg.vector_norm(values, dtype=precise)) / math.sqrt(values.numel())
