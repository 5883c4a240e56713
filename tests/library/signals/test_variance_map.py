"""The variance map against closed forms."""

import math

import pytest
import torch
from activation_maps import map_of, step

from tensorglass import signal_propagation
from tensorglass.signals.variance_map import bisected


@pytest.mark.parametrize("q", [1e-6, 0.3, 1.0, 50.0])
def test_the_map_of_an_error_function_is_an_arcsine(q):
    """E[erf(x) erf(y)] is known in closed form (Williams, 1998)."""
    erf = map_of(torch.erf, 1.3, 0.2)
    assert erf(q) == pytest.approx(1.69 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) + 0.04, rel=1e-12)
    assert erf.chi(q) == pytest.approx(1.69 * 4 / math.pi / math.sqrt(1 + 4 * q), rel=1e-12)
    expected_slope = 1.69 * 4 / math.pi / ((1 + 2 * q) * math.sqrt(1 + 4 * q))
    assert erf.slope(q) == pytest.approx(expected_slope, rel=1e-6)


@pytest.mark.parametrize("power", [2, 4])
def test_moments_of_relu(power):
    q = 3.0
    assert map_of(torch.relu, 1.0).moment(q, power) == pytest.approx({2: q / 2, 4: 3 * q * q / 2}[power], rel=1e-12)


@pytest.mark.parametrize(
    ("function", "sigma_w", "sigma_b", "fixed_point"),
    [
        (torch.relu, 1.2, 0.1, 0.01 / (1 - 0.72)),
        (torch.relu, math.sqrt(2), 0.0, 1.0),
        (torch.relu, math.sqrt(2), 0.1, math.inf),
        (torch.relu, 1.5, 0.0, math.inf),
        (torch.relu, 1.3, 0.0, 0.0),
        (torch.tanh, 0.9, 0.0, 0.0),
        (torch.square, 0.5, 0.0, 0.0),
        (torch.square, 0.6, 0.0, math.inf),
        (step, 2.0, 0.5, 2.25),
        (lambda z: z, 2.0, 0.0, math.inf),
        (lambda z: z, 0.5, 3.0, 12.0),
    ],
)
def test_where_signals_settle(function, sigma_w, sigma_b, fixed_point):
    assert map_of(function, sigma_w, sigma_b).fixed_point() == pytest.approx(fixed_point, rel=1e-9)


def test_a_fixed_point_is_one():
    for sigma_w in (1.2, 2.0, 5.0):
        tanh = map_of(torch.tanh, sigma_w, 0.1)
        q = tanh.fixed_point()
        assert tanh(q) == pytest.approx(q, rel=1e-9)
        assert abs(q - 1) > 0.01


@pytest.mark.parametrize(("low", "high"), [(0.0, 2.0), (0.5, 1000.0), (1.0, 1.5)])
def test_bisection(low, high):
    assert bisected(lambda x: x * x - 2, low, high) == pytest.approx(math.sqrt(2), rel=1e-14)
    assert bisected(lambda x: 2 - x * x, low, high) == pytest.approx(math.sqrt(2), rel=1e-14)


@pytest.mark.parametrize(
    ("name", "value"), [("sigma_w", -1), ("sigma_w", "2"), ("sigma_b", math.inf), ("sigma_b", math.nan)]
)
def test_standard_deviations_are_not_negative(name, value):
    arguments = {"sigma_w": 1.0, "sigma_b": 0.0, name: value}
    with pytest.raises(
        ValueError, match=rf"^signal_propagation\(\) {name} is {value!r}; expected a number that is not negative$"
    ):
        signal_propagation(torch.relu, **arguments)
