"""Layer-sequential unit variance: weights scaled by what a batch of data shows, layer after layer.

Source: Mishkin and Matas 2016, "All you need is a good init", arXiv 1511.06422.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import BaseTorchFunctionMode

from ..calling import arguments, prepared_call, random_state_kept
from ..report import NumberColumn, Table, Verdict, counted, public
from ..signals.layer_kinds import ATTENTION, EMBEDDINGS, NORMS, leaf_modules, output_tensor
from ..torch_internals import compiled_code_runs_as_written, is_fake
from .selection import any_match, patterns_of

NORMALISED, DEAD, NOT_REACHED, FROZEN, SKIPPED = "normalised", "dead", "not reached", "frozen", "skipped"


@public
@dataclass(frozen=True)
class LsuvLayer:
    """What became of one layer.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    name : str
        The path of the module, as in `named_modules`; for the model itself the name of its class.
    iterations : int
        How often the weight was divided.
    std_before, std_after : float
        The standard deviation of the layer's output with the weight as it was and as it is now, the layers before
        having been normalised.
    status : str
        `normalised`: within the tolerance of 1. `dead`: the standard deviation was 0, infinite or not a number.
        `not reached`: outside the tolerance after all iterations. `frozen`: the weight may not be scaled, because
        it does not require gradients, is computed by a parametrization, or is an embedding's too. `skipped`: as the
        reader wished. Only the weight of a layer that is normalised was changed.
    """

    name: str
    iterations: int
    std_before: float
    std_after: float
    status: str


@public
@dataclass(frozen=True, repr=False)
class LsuvReport(Verdict):
    """The result of `lsuv_`; truthy exactly when it is ok.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    ok : bool
        Whether a layer is normalised, and all are but the frozen and the skipped ones.
    tolerance : float
        The accepted distance of a standard deviation from 1.
    layers : tuple of LsuvLayer
        The layers with weights, in the order of their first calls.
    """

    ok: bool
    tolerance: float
    layers: tuple[LsuvLayer, ...]

    def _content(self) -> Iterable[str | Table]:
        done = sum(layer.status == NORMALISED for layer in self.layers)
        others = Counter(layer.status for layer in self.layers if layer.status != NORMALISED)
        rest = "".join(f", {number:,} {status}" for status, number in others.most_common())
        layers = counted(len(self.layers), "layer")
        yield f"{done:,} of {layers} normalised: standard deviation 1 within {self.tolerance}{rest}"
        if self.layers:
            header = ("layer", *map(NumberColumn, ("std before", "std after", "iterations")), "status")
            rows = tuple(map(_row, self.layers))
            yield Table("Layers with weights, in the order of their calls", header, rows).shortened()


def lsuv_(
    model: nn.Module,
    batch: Any,
    tolerance: float = 0.02,
    max_iterations: int = 10,
    *,
    skip: str | Iterable[str] = (),
) -> LsuvReport:
    """Scale the weight of each layer until its output on this batch has standard deviation 1.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    model : torch.nn.Module
        It runs once, in the train or eval mode that it is in. Its weights are changed in place.
    batch : tensor, tuple or mapping
        What the model is called with: a tuple holds its positional arguments, a mapping its keywords. The more
        examples, the better the result holds for other data.
    tolerance : float
        How far from 1 the standard deviation may be.
    max_iterations : int
        How often a weight is divided at most. Without a bias once is enough.
    skip : str or iterable of str
        Layers that are left alone, as the output layer may be: paths of modules, or patterns such as ``"*.head"``.

    Returns
    -------
    LsuvReport
        Truthy exactly when a layer is normalised, and all are but the frozen and the skipped ones.

    Raises
    ------
    TypeError
        If `model` is no module.
    ValueError
        If `tolerance` is not positive, or `max_iterations` less than 1; if `skip` names nothing in the model, or the
        model is scripted, which leaves no place between its layers.

    Notes
    -----
    When a layer returns, its weight is divided by the standard deviation of all elements of its output, and the output
    computed again, until the tolerance is reached; the layers after it see the new output. Layers are those with a
    weight of two or more axes, except embeddings and norms: linear, bilinear and (transposed) convolutional ones, and
    other modules without children that have a `weight`. Attention is scaled by the weight of its output projection.
    Recurrent layers have no one `weight` and are left alone.

    A weight is normalised where it is first used, and keeps its direction. The paper's recipe makes the weights
    orthonormal first: ``initialize_(model, activation, "orthogonal")``. Biases count but are not scaled. A layer whose
    bias alone has a standard deviation of 1 cannot reach the tolerance: dividing would only shrink its weight, so the
    weight is put back. If the model raises, all weights are as they were before.

    The random state and the buffers of the model are left as they were. A compiled model runs without its compiled
    code, and under autocast weights are cast anew each time.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import lsuv_
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.GELU(), torch.nn.Linear(64, 10))
    >>> lsuv_(model, torch.randn(1000, 64))
    2 of 2 layers normalised: standard deviation 1 within 0.02
    <BLANKLINE>
    Layers with weights, in the order of their calls
    <BLANKLINE>
    layer  std before  std after  iterations  status
    -----  ----------  ---------  ----------  ----------
    0          0.5796     0.9952           1  normalised
    2          0.3483     0.9995           2  normalised
    """
    _check(model, tolerance, max_iterations)
    skipped = patterns_of("lsuv_", "skip", skip, [name for name, _ in model.named_modules()])
    normaliser = _Normaliser(model, tolerance, max_iterations, skipped)
    call = prepared_call(model, *arguments(model, batch))
    # An active mode keeps the attention layers from the fast path of inference, which calls no module.
    with random_state_kept(), torch.no_grad(), BaseTorchFunctionMode(), _nothing_cached(), normaliser:
        call()
    statuses = {layer.status for layer in normaliser.layers}
    ok = NORMALISED in statuses and statuses <= {NORMALISED, FROZEN, SKIPPED}
    return LsuvReport(ok, tolerance, tuple(normaliser.layers))


@contextmanager
def _nothing_cached() -> Iterator[None]:
    """Have autocast cast weights each time that they are used, and compiled code replaced by what it was made from."""
    enabled = torch.is_autocast_cache_enabled()
    torch.clear_autocast_cache()
    torch.set_autocast_cache_enabled(False)
    try:
        with compiled_code_runs_as_written():
            yield
    finally:
        torch.set_autocast_cache_enabled(enabled)


class _Normaliser:
    """Scales the weights of the layers that are called in its block; puts them back if the block raises."""

    def __init__(self, model: nn.Module, tolerance: float, max_iterations: int, skip: tuple[str, ...]) -> None:
        self._skip = skip
        self.layers: list[LsuvLayer] = []
        self._model, self._tolerance, self._max_iterations = model, tolerance, max_iterations
        self._embedded = {module.weight for module in model.modules() if isinstance(module, EMBEDDINGS)}
        self._met: set[Tensor | nn.Module] = set()
        self._copies: list[tuple[Tensor, Tensor]] = []

    def __enter__(self) -> None:
        with ExitStack() as hooks:
            for module, name in leaf_modules(self._model).items():
                if _weight(module) is not None:
                    # Ours comes first, so that hooks of the model's own work on the output that is computed again.
                    hook = partial(self._layer_returned, name)
                    hooks.callback(module.register_forward_hook(hook, with_kwargs=True, prepend=True).remove)
            self._hooks = hooks.pop_all()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._hooks.close()
        if kind is not None:
            for weight, copy in self._copies:
                weight.copy_(copy)

    def _layer_returned(self, name: str, module: nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
        """Return the output with the normalised weight, or None, which keeps the output that there is."""
        std, weight = _std(output), _weight(module)
        met = weight if isinstance(weight, nn.Parameter) else module  # a parametrization makes a new tensor each time
        if met in self._met:
            return None
        self._met.add(met)
        if any_match(self._skip, [name]):
            self.layers.append(LsuvLayer(name, 0, std, std, SKIPPED))
            return None
        if not isinstance(weight, nn.Parameter) or not weight.requires_grad or weight in self._embedded:
            self.layers.append(LsuvLayer(name, 0, std, std, FROZEN))
            return None
        return self._normalise(name, weight, std, lambda: module.forward(*args, **kwargs))

    def _normalise(self, name: str, weight: nn.Parameter, before: float, forward: Callable[[], Any]) -> Any:
        copy = weight.clone()
        self._copies.append((weight, copy))
        output, std, iterations = None, before, 0
        while not self._is_reached(std) and _can_divide(std) and iterations < self._max_iterations:
            weight.div_(std)
            output = forward()
            std = _std(output)
            iterations += 1
        if self._is_reached(std):
            self.layers.append(LsuvLayer(name, iterations, before, std, NORMALISED))
            return output
        weight.copy_(copy)
        status = NOT_REACHED if _can_divide(std) else DEAD
        self.layers.append(LsuvLayer(name, iterations, before, before, status))
        return None

    def _is_reached(self, std: float) -> bool:
        return abs(std - 1) <= self._tolerance


def _check(model: Any, tolerance: float, max_iterations: int) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"lsuv_() model is {type(model).__name__}; expected a torch.nn.Module")
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise ValueError("lsuv_() model is scripted; expected the module that torch.jit.script was given")
    lazy = [name for name, parameter in model.named_parameters() if nn.parameter.is_lazy(parameter)]
    if lazy:
        raise ValueError(
            f"lsuv_() model has not been run yet: {lazy[0]} has no size; expected a model with all its sizes"
        )
    if not tolerance > 0:
        raise ValueError(f"lsuv_() tolerance is {tolerance}; expected a positive number")
    if max_iterations < 1:
        raise ValueError(f"lsuv_() max_iterations is {max_iterations}; expected 1 or more")


def _weight(module: nn.Module) -> Tensor | None:
    """Return the weight that scales the output of a layer; None if it has none, or is an embedding or a norm."""
    if isinstance(module, (*EMBEDDINGS, *NORMS)):
        return None
    weight = getattr(module.out_proj if isinstance(module, ATTENTION) else module, "weight", None)
    return weight if isinstance(weight, Tensor) and weight.dim() > 1 else None


def _std(output: Any) -> float:
    values = output_tensor(output)
    if values is not None and (values.is_meta or is_fake(values)):
        raise ValueError(
            "lsuv_() model returns outputs without values, on the device meta or as fake tensors; expected a model and "
            "a batch with data"
        )
    return math.nan if values is None else values.double().std(correction=0).item()


def _can_divide(std: float) -> bool:
    return 0 < std < math.inf


def _row(layer: LsuvLayer) -> tuple[str, ...]:
    return layer.name, f"{layer.std_before:#.4g}", f"{layer.std_after:#.4g}", f"{layer.iterations}", layer.status
