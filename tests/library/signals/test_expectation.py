"""Expectations over a normal variable, against closed forms."""

import math

import pytest
import torch

from tensorglass.signals.expectation import expectation, gauss_lobatto

SQRT2 = math.sqrt(2)


def below(x):
    """The probability that a standard normal number is less than x."""
    return math.erfc(-x / SQRT2) / 2


def step_at(x):
    return lambda z: (z > x).double()


@pytest.mark.parametrize("power", range(13))
def test_moments_of_the_normal_distribution(power):
    expected = math.prod(range(power - 1, 0, -2)) if power % 2 == 0 else 0
    assert expectation(lambda z: z**power) == pytest.approx(expected, rel=1e-12, abs=1e-10)


@pytest.mark.parametrize("width", [1.0, 1e-3, 1e-9, 1e-15])
def test_what_happens_close_to_zero_is_seen_at_any_scale(width):
    bump = expectation(lambda z: (z.abs() < width).double())
    assert bump == pytest.approx(math.erf(width / SQRT2), rel=1e-9)


def test_jumps_far_out_are_seen():
    for place in (2.345, -3.21, 5.5, 7.777):
        assert expectation(step_at(place)) == pytest.approx(below(-place), rel=1e-9)


def test_the_rule_on_a_panel_is_exact_for_polynomials():
    nodes, weights = gauss_lobatto()
    assert len(nodes) == 12
    for power in range(22):
        expected = 2 / (power + 1) if power % 2 == 0 else 0
        assert float(weights @ nodes**power) == pytest.approx(expected, abs=1e-14)
    assert abs(float(weights @ nodes**22) - 2 / 23) > 1e-9


def test_infinite_values_are_named_with_their_place():
    with pytest.raises(ValueError, match=r"^the function is not finite at -14; expected finite values$"):
        expectation(lambda z: torch.where(z < 0, math.inf, 0.0))
    with pytest.raises(ValueError, match=r"^the function is not finite at 3; expected finite values$"):
        expectation(lambda z: torch.where(z < 3, 0.0, math.nan))


def test_what_never_becomes_smooth_is_refused():
    with pytest.raises(
        ValueError, match=r"^the function varies too fast to be integrated; expected one with few kinks and jumps$"
    ):
        expectation(lambda z: torch.sin(1e9 * z))
    assert expectation(lambda z: torch.sin(100 * z) ** 2) == pytest.approx(0.5, rel=1e-12)


def test_the_tails_decide_whether_an_expectation_exists():
    growing = expectation(lambda z: torch.exp(0.3 * z * z))
    assert growing == pytest.approx(1 / math.sqrt(1 - 0.6), rel=1e-12)
    with pytest.raises(ValueError, match=r"^the function grows so fast that its expectation does not exist$"):
        expectation(lambda z: torch.exp(0.6 * z * z))
    with pytest.raises(ValueError, match="grows so fast"):
        expectation(lambda z: torch.exp(0.6 * z * z) * (z > 0))


@pytest.mark.parametrize("side", [-1, 1])
def test_the_outermost_panel_of_either_side_tells(side):
    with pytest.raises(ValueError, match="grows so fast"):
        expectation(lambda z: torch.where(side * z > 13, 1e36, z * z))
