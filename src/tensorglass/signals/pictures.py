"""Pictures of signals in deep networks: predicted and measured through depth, and their distribution in each layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from ..drawing import AXIS_COLORS, NAMES_AT_MOST, MaxNLocator, framed
from .layer_results import LayerPrediction, LayerStats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIGNAL, _GRADIENT = AXIS_COLORS[0], AXIS_COLORS[1]
_HALF_WIDTH = 0.45  # of a histogram; the next one begins at 0.5
_NINE_TENTHS = 0.05, 0.95  # of the outputs lie between these shares
_WIDE = 8.0  # inches, of a picture of many layers
_LARGEST = 1e100  # drawn, and its reciprocal the smallest: matplotlib adds a margin and may not overflow
_WIDE_RANGE = 30  # between the largest and the smallest layer: more needs a logarithmic axis


def plot_path(
    predicted: Sequence[LayerPrediction], ax: Axes | None = None, measured: Iterable[LayerStats] | None = None
) -> Axes:
    """Draw the second moments of signal and gradient over depth; lines are predicted, dots were measured."""
    found = [] if measured is None else _linear_layers(measured, len(predicted))
    ax = framed(ax, width=6.4, height=3.8)
    depths = [layer.layer for layer in predicted]
    signals = [layer.second_moment for layer in predicted]
    gradients = [layer.gradient for layer in predicted]
    ax.plot(depths, _drawable(signals), color=_SIGNAL, label="signal, predicted")
    ax.plot(depths, _drawable(gradients), color=_GRADIENT, linestyle="dashed", label="gradient, predicted")
    _shade_spread(ax, predicted)
    if found:
        forward, backward = [layer.rms**2 for layer in found], _relative_gradients(found)
        ax.plot(depths, _drawable(forward), "o", color=_SIGNAL, markersize=4, label="signal, measured")
        ax.plot(depths, _drawable(backward), "s", color=_GRADIENT, markersize=4, label="gradient, measured")
    ax.set_yscale("log")
    ax.legend(frameon=False)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("layer")
    ax.set_ylabel("second moment, logarithmic")
    ax.set_label(_path_description(predicted, found))
    return ax


def plot_stats(stats: Iterable[LayerStats], ax: Axes | None = None) -> Axes:
    """Draw the distribution of each layer's outputs, in the order of the calls; a line marks the root mean square.

    Of more than 40 calls a band shows where nine tenths of the outputs lie, and the line runs through them all.
    """
    layers = [layer for layer in stats if layer.histogram.counts]
    each = len(layers) <= NAMES_AT_MOST
    ax = framed(ax, width=max(4.5, 1.2 + 0.32 * len(layers)) if each else _WIDE, height=3.8)
    if each:
        _draw_each(layers, ax)
    else:
        _draw_band(layers, ax)
    sizes = [layer.rms for layer in layers if layer.rms > 0]
    if sizes and max(sizes) > _WIDE_RANGE * min(sizes):
        ax.set_yscale("asinh", linear_width=min(sizes))
    if each:
        names = [f"{layer.name} {layer.kind}" for layer in layers]
        ax.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    ax.set_xlim(-0.6, max(len(layers), 1) - 0.4)
    band = "" if each else "; in the band lie nine tenths of the outputs"
    ax.set_xlabel(f"layers in order; a line marks the root mean square{band}")
    ax.set_ylabel("outputs")
    ax.set_label(_stats_description(layers))
    return ax


def _draw_each(layers: Sequence[LayerStats], ax: Axes) -> None:
    for place, layer in enumerate(layers):
        counts, edges = layer.histogram
        widths = [_HALF_WIDTH * count / max(counts) for count in counts]
        right, left = [place + width for width in widths], [place - width for width in widths]
        ax.stairs(right, edges, baseline=left, orientation="horizontal", fill=True, color=(_SIGNAL, 0.5))
        ax.plot([place - _HALF_WIDTH, place + _HALF_WIDTH], [layer.rms, layer.rms], color=_GRADIENT)


def _draw_band(layers: Sequence[LayerStats], ax: Axes) -> None:
    places = range(len(layers))
    low, high = ([_quantile(layer, share) for layer in layers] for share in _NINE_TENTHS)
    ax.fill_between(places, low, high, step="mid", color=(_SIGNAL, 0.5), linewidth=0)
    ax.plot(places, [layer.rms for layer in layers], color=_GRADIENT, drawstyle="steps-mid")


def _quantile(layer: LayerStats, share: float) -> float:
    """Return the edge of the histogram below which at least this share of the outputs lies."""
    counts, edges = layer.histogram
    below = accumulate(counts)
    return next(edge for edge, count in zip(edges[1:], below, strict=True) if count >= share * sum(counts))


def _linear_layers(stats: Iterable[LayerStats], depth: int) -> list[LayerStats]:
    found = [layer for layer in stats if layer.linear]
    if len(found) != depth:
        raise ValueError(
            f"plot() measured has {len(found)} linear layers and convolutions; expected {depth}, one for each layer of "
            "the prediction"
        )
    return found


def _shade_spread(ax: Axes, predicted: Sequence[LayerPrediction]) -> None:
    """Shade where two draws of the weights out of three lie: as far below the line as above it, on this axis."""
    band = [
        (layer.layer, layer.second_moment, 1 + layer.spread / layer.second_moment)
        for layer in predicted
        if layer.spread is not None and _is_drawable(layer.second_moment)
    ]
    if band:
        depths, signals, factors = zip(*band, strict=True)
        below = [signal / factor for signal, factor in zip(signals, factors, strict=True)]
        above = [signal * factor for signal, factor in zip(signals, factors, strict=True)]
        ax.fill_between(depths, below, above, color=(_SIGNAL, 0.2), linewidth=0)


def _drawable(values: Sequence[float]) -> list[float]:
    """Return the values that a logarithmic axis can show, and not a number in place of others."""
    return [value if _is_drawable(value) else math.nan for value in values]


def _is_drawable(value: float) -> bool:
    return 1 / _LARGEST < value < _LARGEST


def _relative_gradients(found: Sequence[LayerStats]) -> list[float]:
    """Return the second moments of the gradients, relative to the last layer; not a number where none arrived."""
    rms = [math.nan if layer.gradient_rms is None else layer.gradient_rms for layer in found]
    last = rms[-1]
    return [(each / last) ** 2 if last else math.nan for each in rms]


def _path_description(predicted: Sequence[LayerPrediction], found: Sequence[LayerStats]) -> str:
    first, last = predicted[0], predicted[-1]
    told = (
        f"Second moments over {len(predicted)} layers, on a logarithmic axis. The predicted signal goes from "
        f"{first.second_moment:.3g} to {last.second_moment:.3g}; the predicted gradient, relative to the last layer, "
        f"is {first.gradient:.3g} at the first."
    )
    if not found:
        return told
    measured = f" Measured signals go from {found[0].rms ** 2:.3g} to {found[-1].rms ** 2:.3g}."
    gradient = _relative_gradients(found)[0]
    return told + measured + ("" if math.isnan(gradient) else f" The measured gradient is {gradient:.3g}.")


def _stats_description(layers: Sequence[LayerStats]) -> str:
    each = "; ".join(f"{layer.name} {layer.kind} {layer.rms:.3g}" for layer in layers)
    return f"The distribution of the outputs of {len(layers)} layers. Their root mean squares: {each}."
