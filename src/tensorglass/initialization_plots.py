"""Pictures of signals in deep networks: predicted and measured through depth, and their distribution in each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt

from .activation_statistics import ActivationStats, LayerStats
from .drawing import AXIS_COLORS
from .propagation import SignalPath

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIGNAL, _GRADIENT = AXIS_COLORS[0], AXIS_COLORS[1]
_WEIGHT_LAYERS = ("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
_NAMES_AT_MOST = 40
_WIDE_RANGE = 30  # between the largest and the smallest layer: more needs a logarithmic axis


def plot_path(path: SignalPath, ax: Axes | None = None, measured: ActivationStats | None = None) -> Axes:
    """Draw the second moments of signal and gradient over depth; lines are predicted, dots were measured."""
    found = None if measured is None else _weight_layers(measured, len(path.layers))
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    depths = [layer.layer for layer in path.layers]
    signals = [layer.second_moment for layer in path.layers]
    gradients = [layer.gradient for layer in path.layers]
    ax.plot(depths, signals, color=_SIGNAL)
    ax.plot(depths, gradients, color=_GRADIENT, linestyle="dashed")
    spreads = [layer.spread for layer in path.layers]
    if path.width is not None:
        low, high = zip(
            *(
                (q / (1 + spread / q), q + spread)
                for q, spread in zip(signals, spreads, strict=True)
                if spread is not None
            ),
            strict=True,
        )
        ax.fill_between(depths, low, high, color=(_SIGNAL, 0.2), linewidth=0)
    if found:
        last = found[-1].gradient_rms
        ax.plot(depths, [layer.rms**2 for layer in found], "o", color=_SIGNAL, markersize=4)
        relative = [(layer.gradient_rms / last) ** 2 for layer in found if layer.gradient_rms is not None and last]
        if len(relative) == len(depths):
            ax.plot(depths, relative, "s", color=_GRADIENT, markersize=4)
    ax.set_yscale("log")
    for text, values, color in (("signal", signals, _SIGNAL), ("gradient", gradients, _GRADIENT)):
        place = (depths[0], values[0]) if text == "gradient" else (depths[-1], values[-1])
        left = text == "gradient"
        ax.annotate(
            text, place, (4 if left else -4, 6), textcoords="offset points", ha="left" if left else "right", color=color
        )
    ax.set_xlabel("layer")
    ax.set_ylabel("second moment, logarithmic")
    ax.set_label(_path_description(path, found))
    return ax


def plot_stats(stats: ActivationStats, ax: Axes | None = None) -> Axes:
    """Draw the distribution of each layer's outputs, in the order of the calls; a line marks the root mean square."""
    layers = [layer for layer in stats if layer.histogram.counts]
    if ax is None:
        _, ax = plt.subplots(figsize=(max(4.5, 1.2 + 0.32 * len(layers)), 3.8), layout="constrained")
    for i, layer in enumerate(layers):
        counts, edges = layer.histogram
        widths = [0.45 * count / max(counts) for count in counts]
        ax.stairs(
            [i + width for width in widths],
            edges,
            baseline=[i - width for width in widths],
            fill=True,
            orientation="horizontal",
            color=(_SIGNAL, 0.5),
        )
        ax.plot([i - 0.45, i + 0.45], [layer.rms, layer.rms], color=_GRADIENT, linewidth=1.5)
    sizes = [layer.rms for layer in layers if layer.rms > 0]
    if sizes and max(sizes) > _WIDE_RANGE * min(sizes):
        ax.set_yscale("symlog", linthresh=min(sizes))
    if len(layers) <= _NAMES_AT_MOST:
        ax.set_xticks(range(len(layers)), [f"{layer.name} {layer.kind}" for layer in layers], rotation=90, fontsize=8)
    ax.set_xlabel("layers in order; the line is the root mean square")
    ax.set_ylabel("outputs")
    ax.set_label(_stats_description(layers))
    return ax


def _weight_layers(stats: ActivationStats, depth: int) -> list[LayerStats]:
    found = [layer for layer in stats if layer.kind in _WEIGHT_LAYERS]
    if len(found) != depth:
        raise ValueError(
            f"plot() measured has {len(found)} linear layers and convolutions; expected {depth}, one for each layer of "
            "the prediction"
        )
    return found


def _path_description(path: SignalPath, found: list[LayerStats] | None) -> str:
    first, last = path.layers[0], path.layers[-1]
    told = (
        f"Second moments over {len(path.layers)} layers, on a logarithmic axis. The predicted signal goes from "
        f"{first.second_moment:.3g} to {last.second_moment:.3g}; the predicted gradient, relative to the last layer, "
        f"is {first.gradient:.3g} at the first."
    )
    if found:
        told += f" Measured signals go from {found[0].rms ** 2:.3g} to {found[-1].rms ** 2:.3g}."
    return told


def _stats_description(layers: list[LayerStats]) -> str:
    each = "; ".join(f"{layer.name} {layer.kind} {layer.rms:.3g}" for layer in layers)
    return f"The distribution of the outputs of {len(layers)} layers. Their root mean squares: {each}."
