"""Figures of one tensor whose rows are examples: what an output or a gradient looks like.

They are cheap on purpose: two sums over the values, one product, and a sample. Only where single precision would lose
digits, the values are converted.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..report import public

_SAMPLE, _BINS = 2048, 40  # about 50 in a bin, known to some 14 %: enough for a small picture
_MARGIN = 0.01  # of the range of a bounded activation
_BOUNDS = {nn.Tanh: (-1.0, 1.0), nn.Softsign: (-1.0, 1.0), nn.Sigmoid: (0.0, 1.0), nn.Hardsigmoid: (0.0, 1.0)}


@public
class Histogram(NamedTuple):
    """How a sample of values is distributed. Both are empty if no value was finite.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    counts : tuple of int
        Of each of the 40 bins.
    edges : tuple of float
        Where the bins begin, and where the last one ends.
    """

    counts: tuple[int, ...]
    edges: tuple[float, ...]


class Figures(NamedTuple):
    """Mean, root mean square, standard deviation, share of dead units, and similarity of the examples."""

    mean: float
    rms: float
    std: float
    dead: float
    similarity: float | None


def rows_of(values: Tensor) -> Tensor:
    """Return the values with a row for each example, in at least single precision.

    Of a tensor that is spread over processes, all values are fetched: each of them calls this.
    """
    if hasattr(values, "full_tensor"):
        values = values.full_tensor()
    if values.layout != torch.strided:
        values = values.to_dense()
    examples = len(values) if values.dim() else 1
    return values.to(torch.float64 if values.dtype == torch.float64 else torch.float32).reshape(examples, -1)


def extremes_of(rows: Tensor) -> tuple[float | None, float]:
    """Return the largest absolute value among the finite ones, and the share of those that are not finite.

    >>> extremes_of(torch.tensor([[-3.0, 2.0], [torch.inf, torch.nan]]))
    (3.0, 0.5)
    """
    low, high = (float(each) for each in rows.aminmax())
    if math.isfinite(low) and math.isfinite(high):
        return max(-low, high), 0.0
    finite = rows[rows.isfinite()]
    return float(finite.abs().max()) if len(finite) else None, 1 - len(finite) / rows.numel()


def figures_of(rows: Tensor) -> Figures:
    """Return the figures of a tensor with a row for each example.

    >>> figures_of(torch.tensor([[2.0, 0.0], [2.0, 0.0]], dtype=torch.float64)).dead
    0.5
    """
    norms, totals = torch.linalg.vector_norm(rows, dim=1), rows.sum(0)
    mean, rms = float(totals.double().sum()) / rows.numel(), _rms(norms, rows)
    if rows.dtype == torch.float64:
        std = float(rows.std(correction=0))
    elif single_precision_is_enough(rms, mean):
        std = math.sqrt(rms**2 - mean**2)
    else:
        return figures_of(rows.double())
    return Figures(mean, rms, std, _dead(totals, rows), _similarity(norms, rows))


def rms_of(rows: Tensor) -> float:
    """Return the root mean square of a tensor with a row for each example."""
    rms = _rms(torch.linalg.vector_norm(rows, dim=1), rows)
    enough = single_precision_is_enough(rms)
    return rms if enough else _rms(torch.linalg.vector_norm(rows.double(), dim=1), rows)


def single_precision_is_enough(rms: float, mean: float = 0.0) -> bool:
    """Tell whether float32 holds the squares, and the spread is no small remainder of the mean square.

    Double precision is slower: converting a large output takes longer than all that is computed from it here.
    """
    # Squares stay within float32's range, 1e-38 to 1e38; and of the mean square a fifth is left for the variance.
    return 1e-15 < rms < 1e15 and abs(mean) < 0.9 * rms


def saturated(module: nn.Module, rows: Tensor) -> float | None:
    """Return the share of values close to a bound of the module's outputs; None if it has no two bounds."""
    bounds = _bounds(module)
    if bounds is None:
        return None
    low, high = bounds
    margin = _MARGIN * (high - low)
    return torch.count_nonzero((rows <= low + margin) | (rows >= high - margin)).item() / rows.numel()


def _bounds(module: nn.Module) -> tuple[float, float] | None:
    if isinstance(module, nn.Hardtanh):  # also ReLU6
        return module.min_val, module.max_val
    return next((bounds for kind, bounds in _BOUNDS.items() if isinstance(module, kind)), None)


def histogram_of(values: Tensor) -> Histogram:
    """Return the histogram of evenly spaced ones among many values."""
    places = torch.linspace(0, len(values) - 1, min(len(values), _SAMPLE), dtype=torch.float64).long()
    sample = values[places.to(values.device)].cpu().double()
    sample = sample[sample.isfinite()]
    if not len(sample):
        return Histogram((), ())
    counts, edges = torch.histogram(sample, _BINS)
    return Histogram(tuple(map(int, counts.tolist())), tuple(edges.tolist()))


def _rms(norms: Tensor, rows: Tensor) -> float:
    return float(torch.linalg.vector_norm(norms.double())) / math.sqrt(rows.numel())


def _similarity(norms: Tensor, rows: Tensor) -> float | None:
    """Return the mean cosine over all pairs of rows, from one sum: the squared norm of m unit vectors' sum is
    m plus the cosines of all ordered pairs.
    """
    weights = 1 / norms
    directed = weights.isfinite()  # a row of zeros has no direction, and its norm, 0, for a weight
    count = int(directed.sum())
    if count < 2:
        return None
    total = torch.where(directed, weights, norms) @ rows
    squared_norm = float(torch.linalg.vector_norm(total.double())) ** 2
    return (squared_norm - count) / (count * (count - 1))


def _dead(totals: Tensor, rows: Tensor) -> float:
    candidates = rows[:, totals == 0]  # only where the sum is 0 can all be 0
    return int((candidates == 0).all(0).sum()) / rows.shape[1]
