"""Initialization of a whole model, for any activation, with an account of what was done with each parameter."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from ..report import NumberColumn, Report, Table, counted, number_text, public
from ..signals.critical_point import critical_sigma_w
from ..signals.gain import DIRECTIONS, FORWARD, gain
from ..torch_internals import is_fake, members_of
from .rules import LEFT_ALONE, Choice, Rule, Rules
from .schemes import CRITICAL, SCHEMES


@public
@dataclass(frozen=True)
class InitializedParameter:
    """What was done with one parameter.

    Attributes
    ----------
    name : str
        As in `model.named_parameters()`.
    shape : tuple of int
        Its shape.
    how : str
        The scheme and the fan that it went by, or another rule, or why the parameter was left alone.
    std : float or None
        The standard deviation that was aimed at, over all values; None for constants and for what was left alone.
    rms : float or None
        The root mean square of the new values; None for what was left alone or has no data.
    """

    name: str
    shape: tuple[int, ...]
    how: str
    std: float | None
    rms: float | None


@public
@dataclass(frozen=True, repr=False)
class Initialization(Report):
    """What was done with a model's parameters. The result of `initialize_`.

    Attributes
    ----------
    parameters : tuple of InitializedParameter
        All parameters of the model, in the order of `model.named_parameters()`.
    """

    parameters: tuple[InitializedParameter, ...]

    @property
    def left_alone(self) -> tuple[InitializedParameter, ...]:
        """The parameters that have the values they had before."""
        return tuple(each for each in self.parameters if each.how.startswith(LEFT_ALONE))

    def _content(self) -> Iterable[str | Table]:
        total, kept = len(self.parameters), len(self.left_alone)
        yield f"{total - kept:,} of {counted(total, 'parameter')} initialized, {kept:,} left alone"
        rows = tuple(
            (each.name, str(each.shape), each.how, number_text(each.std), number_text(each.rms))
            for each in self.parameters
        )
        if rows:
            header = ("parameter", "shape", "how", NumberColumn("std"), NumberColumn("rms"))
            yield Table("Parameters", header, rows).shortened()


def initialize_(  # noqa: PLR0913, PLR0917 - each has a meaning of its own, and most have a default
    model: nn.Module,
    activation: Callable[..., Any],
    scheme: str = "kaiming",
    direction: str = "forward",
    sigma_b: float = 0.0,
    last_gain: float = 1.0,
) -> Initialization:
    """Initialize all parameters of a model, in place, for its activation.

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
    last_gain : float
        The gain of the last layer: of the linear, bilinear or convolution layer that was registered last, outside of
        attention and recurrent layers. Its biases are zero. With 0 all its outputs are zero.

    Returns
    -------
    Initialization
        Says what was done with each parameter.

    Raises
    ------
    TypeError
        If `model` is not a module or `activation` cannot be called.
    ValueError
        If another argument is not as described; if the activation has no finite gain or, with "critical", no critical
        point; if a layer does not allow the scheme; if a parameter is lazy, or computed from others (parametrized), or
        cannot be written to. No parameter is changed then.

    Notes
    -----
    All linear, bilinear and convolution layers but the last get the gain, wherever in the model an activation stands.
    Projections of attention and weights from the input of recurrent layers are drawn with gain 1, for each gate apart;
    weights from the hidden state are orthogonal in every scheme. Rows of embeddings have the second moment 1, and that
    of padding is zero. Normalization layers get weights 1. Biases are zero, with "critical" those of these layers too.

    Left alone are frozen parameters, and those of modules that have no rule: `torch.nn.PReLU` and modules of one's own.
    A parameter that several modules share is drawn once, by the rule of the first one. Parameters without data (on the
    meta device, or fake) are listed, and there is nothing to write.

    He et al., 2015 (kaiming); Glorot and Bengio, 2010 (xavier); Saxe et al., 2013 (orthogonal); Xiao et al., 2018
    (delta-orthogonal); Schoenholz et al., 2017 (critical).

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
    for argument, value in (("sigma_b", sigma_b), ("last_gain", last_gain)):
        if not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise ValueError(f"initialize_() {argument} is {value!r}; expected a number that is not negative")
    if scheme == CRITICAL and direction != FORWARD:
        raise ValueError("initialize_() direction is 'backward'; expected 'forward' with the scheme 'critical'")
    if scheme != CRITICAL and sigma_b != 0:
        raise ValueError(f"initialize_() sigma_b is {sigma_b}; expected 0 with the scheme {scheme!r}")
    factor = _critical(activation, sigma_b) if scheme == CRITICAL else _finite_gain(activation, direction)
    rules = Rules(model, Choice(scheme, direction, factor, sigma_b, last_gain))
    planned = list(_planned(model, rules))  # all is checked before the first value is written
    return Initialization(tuple(map(_carried_out, planned)))


class _Planned(NamedTuple):
    """A parameter, the rule that goes for it, and what else is to be said."""

    name: str
    parameter: nn.Parameter
    rule: Rule
    remark: str


def _check_arguments(model: object, activation: object, scheme: object, direction: object) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"initialize_() model is {type(model).__name__}; expected a torch.nn.Module")
    if not callable(activation):
        raise TypeError(f"initialize_() activation is {type(activation).__name__}; expected a function or a module")
    for argument, value, expected in (("scheme", scheme, SCHEMES), ("direction", direction, DIRECTIONS)):
        if value not in expected:
            raise ValueError(f"initialize_() {argument} is {value!r}; expected {', '.join(map(repr, expected))}")


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
        if is_parametrized(module) or _has_computed_tensors(module):
            raise ValueError(
                f"initialize_() model computes a weight of {path or type(module).__name__} from other parameters; "
                "expected plain parameters: initialize first, and parametrize then"
            )
        for own_name, parameter in module.named_parameters(prefix=path, recurse=False):
            name, *others = names[id(parameter)]
            if name == own_name:
                rule = rules.rule(name, module, own_name.rpartition(".")[2], parameter)
                yield _Planned(name, parameter, rule, "".join(f", tied with {other}" for other in others))


def _has_computed_tensors(module: nn.Module) -> bool:
    """Tell whether the older `weight_norm`, `spectral_norm` or pruning put a tensor in place of a parameter."""
    own = {name for name, value in members_of(module) if isinstance(value, nn.Parameter)}
    return any(f"{name}_orig" in own or f"{name}_v" in own for name in vars(module))


def _carried_out(planned: _Planned) -> InitializedParameter:
    name, parameter, (how, std, values), remark = planned
    rms = None
    if values is not None and not parameter.is_meta and not is_fake(parameter):
        with torch.no_grad():
            parameter.copy_(values(parameter))
        rms = _root_mean_square(parameter.detach())
    return InitializedParameter(name, tuple(parameter.shape), f"{how}{remark}", std, rms)


def _root_mean_square(values: torch.Tensor) -> float:
    precise = torch.promote_types(values.dtype, torch.float64)
    return float(torch.linalg.vector_norm(values, dtype=precise)) / math.sqrt(values.numel())
