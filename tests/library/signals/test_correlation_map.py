"""The correlation map against closed forms."""

import math

import pytest
import torch
from activation_maps import map_of

from tensorglass import critical_sigma_w, signal_propagation
from tensorglass.signals.correlation_map import CorrelationMap


@pytest.mark.parametrize("correlation", [-0.9, -0.2, 0.0, 0.3, 0.8, 0.999])
@pytest.mark.parametrize("q", [0.1, 2.0])
def test_the_correlation_map_of_an_error_function_is_an_arcsine(correlation, q):
    erf = map_of(torch.erf, 1.5, 0.3)
    product = 2.25 * 2 / math.pi * math.asin(2 * q * correlation / (1 + 2 * q)) + 0.09
    assert CorrelationMap(erf, q)(correlation) == pytest.approx(product / erf(q), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("correlation", [-0.4, 0.0, 0.7, 1.0])
def test_the_slope_of_the_correlation_map_of_an_error_function(correlation):
    q = 0.7
    erf = map_of(torch.erf, 1.5, 0.3)
    expected = 2.25 * 4 / math.pi / math.sqrt((1 + 2 * q) ** 2 - (2 * q * correlation) ** 2) * q / erf(q)
    assert CorrelationMap(erf, q).slope(correlation) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 1.0])
def test_the_correlation_map_of_relu_is_the_arc_cosine_kernel(correlation):
    """Cho and Saul, 2009."""
    angle = math.acos(correlation)
    expected = (math.sin(angle) + (math.pi - angle) * correlation) / math.pi
    assert CorrelationMap(map_of(torch.relu, math.sqrt(2)), 1.0)(correlation) == pytest.approx(expected, abs=2e-5)


def test_where_correlations_settle():
    found = signal_propagation(torch.erf, 2.0, 0.3)
    q, c = found.fixed_point, found.correlation
    product = 4 * 2 / math.pi * math.asin(2 * q * c / (1 + 2 * q)) + 0.09
    assert 0 < c < 1
    assert product / q == pytest.approx(c, rel=1e-8)
    slope = 4 * 4 / math.pi / math.sqrt((1 + 2 * q) ** 2 - (2 * q * c) ** 2)
    assert found.depth_scale == pytest.approx(-1 / math.log(slope), rel=1e-7)
    without = signal_propagation(torch.erf, 2.0)
    q = without.fixed_point
    assert without.depth_scale == pytest.approx(-1 / math.log(4 * 4 / math.pi / (1 + 2 * q)), rel=1e-7)


@pytest.mark.parametrize(
    ("sigma_w", "phase", "correlation"), [(0.9, "ordered", 1.0), (1.0, "critical", 1.0), (1.5, "chaotic", 0.0)]
)
def test_phases_of_tanh_without_biases(sigma_w, phase, correlation):
    found = signal_propagation(torch.tanh, sigma_w)
    assert (found.phase, found.correlation) == (phase, correlation)
    assert round(found.chi, 2) == {0.9: 0.81, 1.0: 1.0, 1.5: 1.14}[sigma_w]


def test_where_correlations_settle_too_close_to_1_to_be_told_from_it():
    barely_chaotic = signal_propagation(torch.tanh, critical_sigma_w(torch.tanh, 0.3).sigma_w + 3e-6, 0.3)
    assert barely_chaotic.phase == "chaotic"
    exploding = signal_propagation(torch.nn.functional.gelu, 5.0)  # like ReLU, where signals are large
    for found in (barely_chaotic, exploding):
        assert (found.correlation, found.depth_scale) == (1.0, math.inf)
    a_little_further = signal_propagation(torch.tanh, barely_chaotic.sigma_w + 1e-4, 0.3)
    assert 0.999 < a_little_further.correlation < 1
