"""The maps of mean-field theory against closed forms, published critical points, and draws of random networks."""

import math

import pytest
import torch
from torch.nn import functional

from tensorglass import gain
from tensorglass.activations import Elementwise
from tensorglass.correlation import CorrelationMap
from tensorglass.critical_point import critical_sigma_w
from tensorglass.mean_field import VarianceMap, bisected
from tensorglass.propagation import LayerPrediction, signal_propagation


def step(z):
    return (z > 0).double()


def steeper_beside_zero(z):
    return torch.tanh(z + z**3)


def map_of(function, sigma_w, sigma_b=0.0):
    return VarianceMap(Elementwise(function, "test() activation"), sigma_w, sigma_b)


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


@pytest.mark.parametrize(("low", "high"), [(0.0, 2.0), (0.5, 1000.0)])
def test_bisection(low, high):
    assert bisected(lambda x: x * x - 2, low, high) == pytest.approx(math.sqrt(2), rel=1e-14)
    assert bisected(lambda x: 2 - x * x, low, high) == pytest.approx(math.sqrt(2), rel=1e-14)


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


@pytest.mark.parametrize(
    ("function", "sigma_b", "reason"),
    [
        (torch.relu, 0.1, "where chi is 1, each layer adds sigma_b^2 = 0.01 to the second moment"),
        (torch.relu, 0.3, "where chi is 1, each layer adds sigma_b^2 = 0.09 to the second moment"),
        (functional.gelu, 0.0, "signals leave the fixed point where chi is 1"),
        (functional.silu, 0.1, "signals leave the fixed point where chi is 1"),
        (functional.softplus, 0.0, "chi is 1 at no fixed point"),
        (torch.square, 0.0, "chi is 1 at no fixed point"),
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


def test_an_exact_gain_is_not_enough():
    for function, slope in ((functional.gelu, 1.144), (functional.silu, 1.173), (functional.mish, 1.076)):
        found = signal_propagation(function, gain(function))
        assert found.fixed_point == 1
        assert round(found.slope, 3) == slope
        assert not found.stable
    for function, slope in ((torch.tanh, 0.46), (functional.selu, 0.78), (torch.relu, 1.0)):
        found = signal_propagation(function, gain(function))
        assert found.fixed_point == 1
        assert round(found.slope, 2) == slope
        assert found.stable


@pytest.mark.parametrize(
    ("sigma_w", "phase", "correlation"), [(0.9, "ordered", 1.0), (1.0, "critical", 1.0), (1.5, "chaotic", 0.0)]
)
def test_phases_of_tanh_without_biases(sigma_w, phase, correlation):
    found = signal_propagation(torch.tanh, sigma_w)
    assert (found.phase, found.correlation) == (phase, correlation)
    assert round(found.chi, 2) == {0.9: 0.81, 1.0: 1.0, 1.5: 1.14}[sigma_w]


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


def test_depth_scales():
    assert signal_propagation(torch.relu, 1.0, 0.1).depth_scale == pytest.approx(1 / math.log(2))
    assert signal_propagation(torch.relu, math.sqrt(2)).depth_scale == math.inf
    assert signal_propagation(step, 1.0).depth_scale == 0


def test_what_the_report_says():
    assert str(signal_propagation(torch.relu, 1.0, 0.1)) == (
        "relu with sigma_w 1 and sigma_b 0.1: ordered, stable\n"
        "\n"
        "Signal propagation\n"
        "\n"
        "quantity                              value\n"
        "------------------------------------  -----\n"
        "second moment settles at               0.02\n"
        "slope of the variance map there         0.5\n"
        "chi, the factor of gradients            0.5\n"
        "correlation of two inputs settles at      1\n"
        "depth scale, in layers                1.443"
    )
    verdicts = {
        (torch.relu, 1.0): "signals vanish",
        (torch.relu, 2.0): "signals explode",
        (functional.gelu, gain(functional.gelu)): "chaotic, unstable",
        (torch.relu, math.sqrt(2)): "critical, stable",
    }
    for (function, sigma_w), verdict in verdicts.items():
        assert str(signal_propagation(function, sigma_w)).splitlines()[0].endswith(f"sigma_b 0: {verdict}")


def test_where_nothing_passes():
    found = signal_propagation(torch.relu, 0.0)
    assert (found.fixed_point, found.slope, found.chi, found.correlation, found.depth_scale) == (0, 0, 0, 1, 0)
    assert [layer.second_moment for layer in found.through(3).layers] == [0, 0, 0]
    assert signal_propagation(torch.zeros_like, 1.0).correlation == 1


def test_a_path_out_of_all_numbers():
    path = signal_propagation(torch.relu, 1e9).through(7, width=8)
    moments, spreads, gradients = zip(
        *((each.second_moment, each.spread, each.gradient) for each in path.layers), strict=True
    )
    assert moments[:5] == pytest.approx([1e18 * 5e17**k for k in range(5)])
    assert moments[5:] == (math.inf, math.inf)
    assert spreads[4] == pytest.approx(moments[4] * math.sqrt(4 * 5 / 8))
    assert spreads[5:] == (math.inf, math.inf)
    assert gradients == pytest.approx([5e17 ** (6 - k) for k in range(7)])


def test_a_path_into_nothing():
    path = signal_propagation(torch.relu, 1e-100).through(4, width=8)
    assert [(each.second_moment, each.spread) for each in path.layers] == [
        (pytest.approx(1e-200), 0),
        (0, 0),
        (0, 0),
        (0, 0),
    ]
    assert [each.gradient for each in path.layers] == [0, 0, pytest.approx(5e-201), 1]


def test_a_path_through_relu_layers():
    path = signal_propagation(torch.relu, 2.0, 1.0).through(4, second_moment=3.0)
    assert path.width is None
    assert path.layers == (
        LayerPrediction(1, pytest.approx(13), None, pytest.approx(8)),
        LayerPrediction(2, pytest.approx(27), None, pytest.approx(4)),
        LayerPrediction(3, pytest.approx(55), None, pytest.approx(2)),
        LayerPrediction(4, pytest.approx(111), None, pytest.approx(1)),
    )
    assert str(path).splitlines()[2:5] == [
        "layer  second moment  spread  gradient",
        "-----  -------------  ------  --------",
        "    1             13                 8",
    ]
    assert [layer.second_moment for layer in signal_propagation(torch.relu, 2.0).through(1).layers] == [4]


def test_the_spread_of_relu_layers_in_closed_form():
    """Of squares of ReLUs the variance is 5/4 q^2, and the slope of the map is 1."""
    path = signal_propagation(torch.relu, math.sqrt(2)).through(4, width=100)
    assert path.width == 100
    expected = [0.0, *(2.0 * math.sqrt(5 * layers / 100) for layers in (1, 2, 3))]
    assert [layer.spread for layer in path.layers] == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert str(path).splitlines()[5].split() == ["2", "2", "0.4472", "1"]


@pytest.mark.parametrize("name", ["depth", "second_moment", "width"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_path_needs_positive_numbers(name, value):
    with pytest.raises(ValueError, match=rf"^through\(\) {name} is {value}; expected a positive number$"):
        signal_propagation(torch.relu, 1.0).through(**{"depth": 3, name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("sigma_w", -1), ("sigma_w", "2"), ("sigma_b", math.inf), ("sigma_b", math.nan)]
)
def test_standard_deviations_are_not_negative(name, value):
    arguments = {"sigma_w": 1.0, "sigma_b": 0.0, name: value}
    with pytest.raises(
        ValueError, match=rf"^signal_propagation\(\) {name} is {value!r}; expected a number that is not negative$"
    ):
        signal_propagation(torch.relu, **arguments)


def test_errors_name_the_function_that_was_called():
    with pytest.raises(ValueError, match=r"^critical_sigma_w\(\) sigma_b is -1; expected a number"):
        critical_sigma_w(torch.relu, -1)
    with pytest.raises(ValueError, match=r"^critical_sigma_w\(\) activation Softmax mixes elements"):
        critical_sigma_w(torch.nn.Softmax(0))
    with pytest.raises(TypeError, match=r"^signal_propagation\(\) activation is int 3; expected a function"):
        signal_propagation(3, 1.0)
    with pytest.raises(ValueError, match=r"^the derivative of signal_propagation\(\) activation sqrt_abs, squared, is"):
        signal_propagation(sqrt_abs, 1.0)
    with pytest.raises(ValueError, match=r"^signal_propagation\(\) activation log, squared, is nan"):
        signal_propagation(torch.log, 1.0)


def sqrt_abs(z):
    return z.abs().sqrt()


def drawn_second_moments(function, sigma_w, sigma_b, *, first, width, depth, draws):
    """Draw deep networks by their exact law: given a layer, the next pre-activations are independent normal numbers."""
    q = torch.full((draws, 1), first, dtype=torch.float64)
    for _ in range(depth - 1):
        z = torch.randn(draws, width, dtype=torch.float64)
        q = sigma_w**2 * function(q.sqrt() * z).square().mean(1, keepdim=True) + sigma_b**2
    return q[:, 0]


@pytest.mark.long
@pytest.mark.parametrize(
    ("function", "sigma_w", "sigma_b"),
    [
        (torch.relu, math.sqrt(2), 0.0),
        (torch.tanh, 1.5925374197, 0.0),
        (torch.tanh, 1.3, 0.2),
        (functional.gelu, 1.4, 0.3),
        (functional.silu, 1.5, 0.3),
    ],
)
def test_random_networks_against_the_prediction(function, sigma_w, sigma_b):
    """Width 4096, depth 20, 240 draws: the mean within 3 standard errors, the spread within 4 of its own."""
    torch.manual_seed(0)
    draws = 240
    theory = signal_propagation(function, sigma_w, sigma_b)
    path = theory.through(20, second_moment=(theory.fixed_point - sigma_b**2) / sigma_w**2, width=4096)
    first, last = path.layers[0].second_moment, path.layers[-1]
    measured = drawn_second_moments(function, sigma_w, sigma_b, first=first, width=4096, depth=20, draws=draws)
    assert abs(float(measured.mean()) - last.second_moment) < 3 * float(measured.std()) / math.sqrt(draws)
    assert float(measured.std()) == pytest.approx(last.spread, rel=4 / math.sqrt(2 * draws))


@pytest.mark.long
@pytest.mark.parametrize("function", [functional.gelu, functional.silu])
def test_at_the_exact_gain_random_networks_leave_the_fixed_point(function):
    torch.manual_seed(0)
    options = {"first": 1.0, "width": 1024, "depth": 50, "draws": 40}
    measured = drawn_second_moments(function, gain(function), 0.0, **options).log()
    stable = drawn_second_moments(torch.tanh, gain(torch.tanh), 0.0, **options).log()
    assert float(measured.std()) > 10 * float(stable.std())
