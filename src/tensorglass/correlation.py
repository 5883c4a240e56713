"""How the correlation of two different inputs changes from layer to layer."""

from __future__ import annotations

import math

import torch

from .gaussian import density, gauss_lobatto
from .mean_field import VarianceMap, bisected

_REACH, _PANELS_PER_UNIT = 8, 2  # of the grid on which expectations over two variables are computed
_CLOSE = 1e-5  # to a correlation of 1, where it begins to part in the chaotic phase
_STEP = 1e-3
_ROUNDING = 1e-12
_AT_ONE = 1e-6


class CorrelationMap:
    """The map of the correlation of two inputs' pre-activations from one layer to the next, at a second moment q.

    Parameters
    ----------
    variance_map : VarianceMap
    q : float
        The second moment of both inputs' pre-activations.

    Examples
    --------
    >>> from tensorglass.activations import Elementwise
    >>> relu = VarianceMap(Elementwise(torch.relu, "example() activation"), 2**0.5, 0.0)
    >>> round(CorrelationMap(relu, 1.0)(0.0), 4)  # 1 / pi
    0.3183
    """

    def __init__(self, variance_map: VarianceMap, q: float) -> None:
        self._map, self._q, self._following = variance_map, q, variance_map(q)
        nodes, weights = gauss_lobatto()
        starts = torch.arange(-_REACH, _REACH, 1 / _PANELS_PER_UNIT, dtype=torch.float64)
        half_width = 1 / _PANELS_PER_UNIT / 2
        self._z = (starts[:, None] + half_width * (1 + nodes)).flatten()
        self._weights = (weights * half_width).repeat(len(starts)) * density(self._z)

    def __call__(self, correlation: float) -> float:
        first = math.sqrt(self._q) * self._z[:, None]
        own = math.sqrt(max(1 - correlation**2, 0))
        second = math.sqrt(self._q) * (correlation * self._z[:, None] + own * self._z)
        function = self._map.activation
        product = float(self._weights @ (function(first) * function(second)) @ self._weights)
        return (self._map.sigma_w**2 * product + self._map.sigma_b**2) / self._following

    def fixed_point(self) -> tuple[float, float]:
        """Return where the correlation settles, and the slope of the map there."""
        if self._following == 0:  # nothing passes, of any input
            return 1.0, 0.0
        slope_at_one = self._map.chi(self._q) * self._q / self._following
        if slope_at_one <= 1 + _AT_ONE:  # inputs become alike
            return 1.0, slope_at_one
        if self(0.0) <= _ROUNDING:  # an odd activation without biases: inputs become independent
            return 0.0, self._slope(0.0)
        settled = bisected(lambda correlation: self(correlation) - correlation, 0.0, 1 - _CLOSE)
        return settled, self._slope(settled)

    def _slope(self, correlation: float) -> float:
        step = min(_STEP, (1 - correlation) / 2)
        return (self(correlation + step) - self(correlation - step)) / (2 * step)
