"""Critical points against published ones and closed forms."""

import math

import pytest
import torch
from activation_maps import steeper_beside_zero, step
from torch.nn import functional

from tensorglass import critical_sigma_w, signal_propagation


@pytest.mark.parametrize(
    ("sigma_b", "q", "sigma_w"), [(0.05, 0.154, 1.1225), (0.1, 0.273, 1.1934), (0.3, 0.763, 1.3956)]
)
def test_published_critical_points_of_tanh(sigma_b, q, sigma_w):
    found = critical_sigma_w(torch.tanh, sigma_b)
    assert round(found.sigma_w, 4) == sigma_w
    assert found.fixed_point == pytest.approx(q, abs=6e-4)
    assert found
    there = signal_propagation(torch.tanh, found.sigma_w, sigma_b)
    assert there.chi == pytest.approx(1, abs=1e-7)
    assert there.phase == "critical"
    assert there.fixed_point == pytest.approx(found.fixed_point, rel=1e-6)


def test_the_published_critical_point_with_a_bias_variance_of_a_twentieth():
    """Schoenholz et al. (2017): 1.76."""
    assert critical_sigma_w(torch.tanh, math.sqrt(0.05)).sigma_w ** 2 == pytest.approx(1.7610, abs=5e-5)


def test_the_critical_point_of_an_error_function_in_closed_form():
    found = critical_sigma_w(torch.erf, 0.3)
    q = found.fixed_point
    assert found.sigma_w**2 == pytest.approx(math.pi / 4 * math.sqrt(1 + 4 * q), rel=1e-9)
    assert found.sigma_w**2 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) + 0.09 == pytest.approx(q, rel=1e-9)


@pytest.mark.parametrize(
    ("function", "sigma_w", "fixed_point"),
    [
        (torch.tanh, 1.0, 0.0),
        (torch.erf, math.sqrt(math.pi) / 2, 0.0),
        (torch.sin, 1.0, 0.0),
        (functional.hardtanh, 1.0, 0.0),
        (torch.relu, math.sqrt(2), None),
        (functional.leaky_relu, math.sqrt(2 / 1.0001), None),
        (lambda z: z, 1.0, None),
    ],
)
def test_critical_points_without_biases(function, sigma_w, fixed_point):
    found = critical_sigma_w(function)
    assert found.sigma_w == pytest.approx(sigma_w, rel=1e-6)
    assert found.fixed_point == fixed_point
    assert found.ok
    assert found.reason == ("every second moment is kept" if fixed_point is None else "")


def far_from_zero(z):
    return torch.relu(z - 3) ** 2


def nearly_proportional(z):
    return z + z / (1 + z**2)


def test_every_second_moment_is_kept_at_both_ends_and_not_between():
    assert critical_sigma_w(nearly_proportional).fixed_point == 0


@pytest.mark.parametrize(
    ("function", "sigma_b", "reason"),
    [
        (torch.relu, 0.1, "where chi is 1, each layer adds sigma_b^2 = 0.01 to the second moment"),
        (torch.relu, 0.3, "where chi is 1, each layer adds sigma_b^2 = 0.09 to the second moment"),
        (functional.gelu, 0.0, "signals leave the fixed point where chi is 1"),
        (functional.silu, 0.1, "signals leave the fixed point where chi is 1"),
        (functional.softplus, 0.0, "chi is 1 at no fixed point"),
        (torch.square, 0.0, "chi is 1 at no fixed point"),
        (far_from_zero, 0.0, "chi is 1 at no fixed point"),
        (steeper_beside_zero, 0.0, "signals leave the fixed point where chi is 1"),
        (step, 0.0, "its derivative is zero"),
    ],
)
def test_where_there_is_no_critical_point_the_reason_is_told(function, sigma_b, reason):
    found = critical_sigma_w(function, sigma_b)
    assert not found
    assert (found.ok, found.sigma_w, found.fixed_point, found.reason) == (False, None, None, reason)
    name = function.__name__
    assert str(found) == f"{name} with sigma_b {sigma_b:.4g} has no critical point: {reason}"


def test_what_critical_points_say():
    assert str(critical_sigma_w(torch.tanh, 0.3)) == (
        "tanh with sigma_b 0.3 is critical at sigma_w 1.3956, where the second moment settles at 0.7635"
    )
    assert str(critical_sigma_w(torch.relu)) == (
        "relu with sigma_b 0 is critical at sigma_w 1.4142 (every second moment is kept)"
    )


def test_errors_name_the_function_that_was_called():
    with pytest.raises(ValueError, match=r"^critical_sigma_w\(\) sigma_b is -1; expected a number"):
        critical_sigma_w(torch.relu, -1)
    with pytest.raises(ValueError, match=r"^critical_sigma_w\(\) activation Softmax mixes elements"):
        critical_sigma_w(torch.nn.Softmax(0))
    with pytest.raises(TypeError, match=r"^signal_propagation\(\) activation is int 3; expected a function"):
        signal_propagation(3, 1.0)
    with pytest.raises(ValueError, match=r"^the derivative of signal_propagation\(\) activation sqrt_abs, squared, is"):
        signal_propagation(sqrt_abs, 1.0)
    with pytest.raises(ValueError, match=r"^signal_propagation\(\) activation log, squared, is not finite at -"):
        signal_propagation(torch.log, 1.0)


def sqrt_abs(z):
    return z.abs().sqrt()
