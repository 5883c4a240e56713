"""What passes through a model: statistics of each layer's output and of its gradient, in one pass each way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.overrides import BaseTorchFunctionMode

from ..calling import arguments, prepared_call, random_state_kept
from ..report import Report, Table, public
from ..torch_internals import (
    base_of,
    compiled_code_runs_as_written,
    is_fake,
    is_wrapping,
    without_torch_functions,
)
from .layer_kinds import LINEAR, block_modules, leaf_modules, output_tensor, unwrapped
from .layer_results import LayerStats
from .statistics import extremes_of, figures_of, histogram_of, rms_of, rows_of, saturated
from .stats_table import stats_content

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@public
@dataclass(frozen=True, repr=False)
class ActivationStats(Report):
    """The result of `activation_stats`: iterable, with one item for each call of a layer or block.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    layers : tuple of LayerStats
        In the order of the calls.
    """

    layers: tuple[LayerStats, ...]

    def __iter__(self) -> Iterator[LayerStats]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the layers' figures through the depth of the model."""
        from .pictures import plot_stats

        return plot_stats(self.layers, ax)

    def _content(self) -> Iterable[str | Table]:
        return stats_content(self.layers)


def activation_stats(model: nn.Module, batch: Any, loss_fn: Callable[[Any], Tensor] | None = None) -> ActivationStats:
    """Measure the output of each layer of a model on one batch and, with a loss, the gradient that arrives there.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    model : torch.nn.Module
        It runs once, in the train or eval mode that it is in.
    batch : tensor, tuple or mapping
        What the model is called with: a tuple holds its positional arguments, a mapping its keywords.
    loss_fn : callable, optional
        Called with the output of the model; returns a tensor with one element. Without it, no gradient is computed.

    Returns
    -------
    ActivationStats
        One item for each call of a layer.

    Raises
    ------
    TypeError
        If `model` is no module, or `loss_fn` cannot be called.
    ValueError
        If `loss_fn` returns something else than a tensor with one element, or no gradient can flow from it.

    Notes
    -----
    A layer is a module without children, and `torch.nn.MultiheadAttention`. A block is a module inside the model that
    consists of others and combines them, unlike `torch.nn.Sequential`: where blocks add to what they get, their outputs
    are the residual stream. Of an output with several tensors, as recurrent layers return, the first of floating-point
    numbers is measured. Outputs that are empty or without such numbers are not listed. A tensor that is spread over
    processes (DTensor) is measured whole, which needs the call in each process.

    A compiled model or part runs as it was written, and stays compiled; for parts this needs torch 2.6 or newer. In
    `DataParallel` and `DistributedDataParallel`, the model inside runs alone. All figures are read when the layer
    returns: an activation that works in place changes only its own.

    The random state, the gradients of the parameters and the buffers of the model are left as they were. Gradients
    arrive where a parameter that requires them, or such a tensor of the batch, lies before the layer. In a region that
    a checkpoint with ``use_reentrant=True`` covers, torch refuses to compute them.

    Examples
    --------
    Sigmoids, initialized as torch does it: after a few layers the examples cannot be told apart.

    >>> import torch
    >>> from tensorglass import activation_stats
    >>> _ = torch.manual_seed(0)
    >>> layers = [each for _ in range(3) for each in (torch.nn.Linear(64, 64), torch.nn.Sigmoid())]
    >>> stats = activation_stats(torch.nn.Sequential(*layers), torch.randn(100, 64))
    >>> [f"{layer.name} {layer.kind} {layer.similarity:.4f}" for layer in stats if layer.kind == "Sigmoid"]
    ['1 Sigmoid 0.9346', '3 Sigmoid 0.9987', '5 Sigmoid 1.0000']
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"activation_stats() model is {type(model).__name__}; expected a torch.nn.Module")
    if not (loss_fn is None or callable(loss_fn)):
        raise TypeError(f"activation_stats() loss_fn is {type(loss_fn).__name__}; expected a function of the output")
    model = unwrapped(model)
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise TypeError(
            "activation_stats() model is scripted, and runs its layers where they cannot be looked at; expected the "
            "module that torch.jit was given"
        )
    args, kwargs = arguments(model, batch)
    call = prepared_call(model, args, kwargs)
    graph = torch.set_grad_enabled(loss_fn is not None)
    with random_state_kept(), graph, compiled_code_runs_as_written(), _Recorder() as recorder:
        with recorder.following(model):
            output = call()
        if loss_fn is not None:
            _run_backward(loss_fn(output), [*model.parameters(), *args, *kwargs.values(), *recorder.sources])
    gradients = recorder.gradients
    return ActivationStats(
        tuple(replace(layer, gradient_rms=gradients.get(i)) for i, layer in enumerate(recorder.layers))
    )


class _Recorder:
    """Collects what the layers return, and what arrives there in the backward pass, by the position of the call."""

    def __init__(self) -> None:
        self.layers: list[LayerStats] = []
        self.gradients: dict[int, float] = {}
        self.sources: list[Tensor] = []
        self._gradient_hooks = ExitStack()

    def __enter__(self) -> _Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self._gradient_hooks.close()  # a module may return one of its parameters, which outlives this

    @contextmanager
    def following(self, model: nn.Module) -> Iterator[None]:
        """Look at what the layers return, but not in the backward pass, where a checkpoint calls them again."""
        # An active mode keeps the attention layers from the fast path of inference, which calls no module.
        with ExitStack() as hooks, BaseTorchFunctionMode():
            # Sharded parameters are no part of the graph, which begins at the outputs of the first layers then.
            self._sharded = any(is_wrapping(parameter) for parameter in model.parameters())
            for block, modules in ((False, leaf_modules(model)), (True, block_modules(model))):
                for module, name in modules.items():
                    hooks.callback(module.register_forward_hook(partial(self._look, name, block)).remove)
            yield

    def _look(self, name: str, block: bool, module: nn.Module, _: Any, output: Any) -> None:
        with without_torch_functions():  # the mode would only slow this down
            values = output_tensor(output)
            if values is None:
                return
            if values.is_meta or is_fake(values):
                raise ValueError(
                    f"activation_stats() model has no values at {name}, on the device meta or as a fake tensor; "
                    "expected a model and a batch with values"
                )
            if values.requires_grad:
                if self._sharded:
                    self.sources.append(values)
                self._await_gradient(values, len(self.layers))
            self.layers.append(_layer_stats(name, module, values.detach(), block=block))

    def _await_gradient(self, values: Tensor, position: int) -> None:
        def keep(gradient: Tensor) -> None:
            self.gradients.setdefault(position, rms_of(rows_of(gradient.detach())))

        # A linear layer on more than two axes returns a view of its result. If that is changed in place, autograd no
        # longer comes past the view, only past the tensor behind it.
        tensors, behind = [values], base_of(values)
        if behind is not None and behind.requires_grad and behind.numel() == values.numel():
            tensors.append(behind)
        for tensor in tensors:
            self._gradient_hooks.callback(tensor.register_hook(keep).remove)  # type: ignore[no-untyped-call]


def _run_backward(loss: Any, tensors: list[Any]) -> None:
    """Compute the gradients of the loss, which fires the hooks of all outputs on the way, and drop them."""
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        came = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ValueError(f"activation_stats() loss_fn returned {came}; expected a tensor with one element")
    sources = [tensor for tensor in tensors if isinstance(tensor, Tensor) and tensor.requires_grad]
    if not sources or not loss.requires_grad:
        raise ValueError(
            "activation_stats() loss_fn returned a loss from which no gradient flows; expected one that depends on a "
            "parameter of the model, or a tensor of the batch, that requires gradients"
        )
    torch.autograd.grad(loss, sources, allow_unused=True)


def _layer_stats(name: str, module: nn.Module, values: Tensor, *, block: bool) -> LayerStats:
    rows = rows_of(values)
    largest, not_finite = extremes_of(rows)
    figures = figures_of(rows)
    return LayerStats(
        name=name,
        kind=type(module).__name__,
        linear=isinstance(module, LINEAR),
        mean=figures.mean,
        rms=figures.rms,
        std=figures.std,
        dead=figures.dead,
        saturated=saturated(module, rows),
        similarity=figures.similarity,
        gradient_rms=None,
        histogram=histogram_of(rows.flatten()),
        block=block,
        largest=largest,
        not_finite=not_finite,
    )
