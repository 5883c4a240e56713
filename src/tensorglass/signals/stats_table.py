"""The table of what passes through a model: a row for each call, or for each block where there are many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from ..report import ROWS_SHOWN, NumberColumn, Table, by_block, counted
from .layer_results import LayerStats

_FIGURES = ("mean", "rms", "std", "largest", "not_finite", "dead", "saturated", "similarity", "gradient_rms")
_SHARES = ("not_finite", "dead", "saturated")
# Of many calls, what may be wrong with one of them: each extreme with its name, its figure, and which of two it is.
_EXTREMES = (
    ("smallest rms", "rms", min),
    ("largest rms", "rms", max),
    ("largest value", "largest", max),
    ("most not finite", "not_finite", max),
    ("most dead", "dead", max),
    ("most saturated", "saturated", max),
    ("highest similarity", "similarity", max),
    ("smallest gradient rms", "gradient_rms", min),
    ("largest gradient rms", "gradient_rms", max),
)


def stats_content(layers: Sequence[LayerStats]) -> Iterable[str | Table]:
    """Yield a sentence that sums up, and the table."""
    if not layers:
        yield (
            "no layer returned a tensor of floating-point numbers; of a model that was exported or traced, give the "
            "original"
        )
        return
    yield _summary(layers)
    yield _by_call(layers) if len(layers) <= ROWS_SHOWN else _by_block(layers)


def _summary(layers: Sequence[LayerStats]) -> str:
    modules = counted(len({layer.name for layer in layers}), "module")
    bad = [layer for layer in layers if layer.not_finite]
    found = f"{len(bad):,} not finite, first {bad[0].name} ({bad[0].kind})" if bad else "all outputs are finite"
    return f"{counted(len(layers), 'call')} of {modules}; {found}"


def _by_call(layers: Sequence[LayerStats]) -> Table:
    shown = [figure for figure in _FIGURES if _tells(layers, figure)]
    rows = tuple(
        (layer.name, layer.kind, *(_figure_text(figure, getattr(layer, figure)) for figure in shown))
        for layer in layers
    )
    header = ("layer", "kind", *(NumberColumn(figure.replace("_", " ")) for figure in shown))
    return Table("Outputs of the layers, in the order of their calls", header, rows)


def _by_block(layers: Sequence[LayerStats]) -> Table:
    shown = [extreme for extreme in _EXTREMES if _tells(layers, extreme[1])]
    blocks = by_block([layer.name for layer in layers])
    own = {layer.name: layer.rms for layer in layers if layer.block and layer.name in blocks}
    rows = tuple(
        (
            name,
            f"{len(places):,}",
            *([_number(own.get(name))] if own else []),
            *_extremes([layers[i] for i in places], shown),
        )
        for name, places in blocks.items()
    )
    # What a block itself returns is where a stream that grows through the model shows.
    figures = ["calls", *(["rms of its output"] if own else []), *(name for name, _, _ in shown)]
    header = ("block", *map(NumberColumn, figures))
    return Table("Outputs of the layers by block, in the order of their first calls", header, rows).shortened()


def _extremes(layers: Sequence[LayerStats], shown: Sequence[tuple[str, str, object]]) -> Iterator[str]:
    for _, figure, which in shown:
        values = [value for layer in layers if (value := getattr(layer, figure)) is not None]
        bad = next((value for value in values if not math.isfinite(value)), None)
        extreme = bad if bad is not None else which(values) if values else None  # type: ignore[operator]
        yield _figure_text(figure, extreme)


def _tells(layers: Sequence[LayerStats], figure: str) -> bool:
    """Return whether a figure has a column: where all is finite, the share of what is not has none."""
    values = [getattr(layer, figure) for layer in layers]
    return any(values) if figure == "not_finite" else any(value is not None for value in values)


def _figure_text(figure: str, value: float | None) -> str:
    return f"{value:.1%}" if figure in _SHARES and value is not None else _number(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:#.3g}"
