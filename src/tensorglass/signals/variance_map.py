"""How the size of a signal changes from layer to layer in a wide network with random weights, and where it settles.

In a layer of many units with independent weights of variance sigma_w^2 / fan_in and biases of variance sigma_b^2 the
pre-activations are normal. Their second moment q goes to

    V(q) = sigma_w^2 E[f(sqrt(q) z)^2] + sigma_b^2,

and the second moment of the gradients is multiplied, on its way back through the layer, by

    chi(q) = sigma_w^2 E[f'(sqrt(q) z)^2]

(Poole et al., 2016; Schoenholz et al., 2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from .elementwise import Elementwise
from .expectation import expectation

_LARGEST, _SMALLEST = 1e8, 1e-8  # second moments beyond these count as infinite, and as zero
_FACTOR, _STEPS = 1.19, 107  # of the search for a fixed point, from 1: 1.19**106 is the largest, 1e8
_HALVINGS = 60  # of the interval in which a function changes its sign: more than a number has digits
EQUAL = 1e-9  # a relative difference of two second moments that quadrature does not tell apart
_SLOPE_STEP = 1e-4  # relative: the error of the formula is its square, that of rounding 1e-12 through it, both 1e-8


class VarianceMap:
    """The map V of the second moment of pre-activations from one layer to the next.

    Parameters
    ----------
    activation : Elementwise
    sigma_w, sigma_b : float
        The standard deviations of the weights, times the root of the fan-in, and of the biases.

    Examples
    --------
    >>> import torch
    >>> relu = VarianceMap(Elementwise(torch.relu, "example() activation"), 2**0.5, 0.0)
    >>> round(relu(3.0), 9), round(relu.chi(3.0), 9), round(relu.slope(3.0), 6)
    (3.0, 1.0, 1.0)
    """

    def __init__(self, activation: Elementwise, sigma_w: float, sigma_b: float) -> None:
        self.activation: Elementwise = activation
        self.sigma_w: float = sigma_w
        self.sigma_b: float = sigma_b

    def __call__(self, q: float) -> float:
        return self.sigma_w**2 * self.moment(q) + self.sigma_b**2

    def moment(self, q: float, power: int = 2) -> float:
        """Return E[f(sqrt(q) z)^power]."""
        root = math.sqrt(q)
        return expectation(lambda z: self.activation(root * z) ** power, f"{self.activation.described}, squared,")

    def chi(self, q: float) -> float:
        """Return by how much the second moment of the gradients is multiplied on its way back."""
        root = math.sqrt(q)
        described = f"the derivative of {self.activation.described}, squared,"
        return self.sigma_w**2 * expectation(lambda z: self.activation.derivative(root * z) ** 2, described)

    def slope(self, q: float) -> float:
        """Return the derivative of the map: below 1 a deviation from a fixed point shrinks, above 1 it grows."""
        q = max(q, _SMALLEST)  # below, the limit
        step = _SLOPE_STEP * q
        return (self(q + step) - self(q - step)) / (2 * step)

    def fixed_point(self) -> float:
        """Return where the second moment settles that begins at 1; 0 if it vanishes, infinity if it explodes."""
        direction = self._direction(1.0)
        if direction == 0:
            return 1.0
        for q, following in pairwise(_FACTOR ** (direction * k) for k in range(_STEPS)):
            if self._direction(following) == -direction:
                return bisected(lambda value: self(value) - value, min(q, following), max(q, following))
        return {1: math.inf, -1: 0.0}[direction]

    def _direction(self, q: float) -> int:
        """Return 1 if the map makes this second moment larger, -1 if smaller, and 0 if it keeps it."""
        change = self(q) - q
        return 0 if abs(change) <= EQUAL * q else int(math.copysign(1, change))


def variance_map(activation: Callable[..., Any], sigma_w: float, sigma_b: float, caller: str) -> VarianceMap:
    """Return the map, after a look at what the caller was given."""
    for name, value in (("sigma_w", sigma_w), ("sigma_b", sigma_b)):
        if not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise ValueError(f"{caller} {name} is {value!r}; expected a number that is not negative")
    return VarianceMap(Elementwise(activation, f"{caller} activation"), float(sigma_w), float(sigma_b))


def nearest_finite(q: float) -> float:
    """Return a second moment at which the maps can be looked at: close to 0 or infinity in place of these."""
    return min(max(q, _SMALLEST), _LARGEST)


def bisected(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function changes its sign, to the last digits, between two places with different signs."""
    rising = function(high) > 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if (function(middle) > 0) == rising:
            high = middle
        else:
            low = middle
    return (low + high) / 2
