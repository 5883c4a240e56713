"""How the correlation of two different inputs changes from layer to layer."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from .expectation import density, gauss_lobatto, places
from .variance_map import VarianceMap, bisected

_REACH, _PANELS = 8, 32  # of the grid on which expectations over two variables are computed
_NEARLY_ONE = 0.99999  # where correlations begin to shrink in the chaotic phase; that of 1 stays
_ROUNDING = 1e-12  # what a product of which the expectation is 0 may come out as
AT_ONE = 1e-6  # a slope or chi this close to 1 counts as 1: slopes are known to some eight digits


class CorrelationMap:
    """The map of the correlation of two inputs' pre-activations from one layer to the next, at a second moment q.

    Parameters
    ----------
    variance_map : VarianceMap
    q : float
        The second moment of both inputs' pre-activations.

    Examples
    --------
    >>> from tensorglass.signals.elementwise import Elementwise
    >>> relu = VarianceMap(Elementwise(torch.relu, "example() activation"), 2**0.5, 0.0)
    >>> round(CorrelationMap(relu, 1.0)(0.0), 4)  # 1 / pi
    0.3183
    """

    def __init__(self, variance_map: VarianceMap, q: float) -> None:
        self._map, self._q, self._following = variance_map, q, variance_map(q)
        nodes, weights = gauss_lobatto()
        edges = torch.linspace(-_REACH, _REACH, 1 + _PANELS, dtype=torch.float64)
        z, half_widths = places(edges[:-1], edges[1:], nodes)
        self._z = z.flatten()
        self._weights = (half_widths[:, None] * weights * density(z)).flatten()

    def __call__(self, correlation: float) -> float:
        product = self._expected_product(self._map.activation, correlation)
        return (self._map.sigma_w**2 * product + self._map.sigma_b**2) / self._following

    def slope(self, correlation: float) -> float:
        """Return the derivative of the map: E[f(u) f(v)] changes with the covariance of u and v by E[f'(u) f'(v)]."""
        product = self._expected_product(self._map.activation.derivative, correlation)
        return self._map.sigma_w**2 * self._q * product / self._following

    def fixed_point(self) -> tuple[float, float]:
        """Return where the correlation settles, and the slope of the map there."""
        if self._following == 0:  # nothing passes, of any input
            return 1.0, 0.0
        slope_at_one = self._map.chi(self._q) * self._q / self._following
        if slope_at_one <= 1 + AT_ONE:  # inputs become alike
            return 1.0, slope_at_one
        if self(0.0) <= _ROUNDING:  # an odd activation without biases: inputs become independent
            return 0.0, self.slope(0.0)
        if self(_NEARLY_ONE) >= _NEARLY_ONE:  # it settles closer to 1 than can be told
            return 1.0, 1.0
        settled = bisected(lambda correlation: self(correlation) - correlation, 0.0, _NEARLY_ONE)
        return settled, self.slope(settled)

    def _expected_product(self, function: Callable[[torch.Tensor], torch.Tensor], correlation: float) -> float:
        first = math.sqrt(self._q) * self._z
        own = math.sqrt(max(1 - correlation**2, 0))
        second = (correlation * first)[:, None] + own * first  # the only step on the whole grid, with its function
        return float((self._weights * function(first)) @ (function(second) @ self._weights))
