"""What becomes of signals, against closed forms and draws of random networks."""

import math

import pytest
import torch
from activation_maps import step
from torch.nn import functional

from tensorglass import gain, signal_propagation
from tensorglass.signals.layer_results import LayerPrediction


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


def test_the_same_question_has_the_same_answer():
    assert signal_propagation(torch.relu, 1.0, 0.1) == signal_propagation(torch.relu, 1.0, 0.1)
    assert signal_propagation(torch.relu, 1.0, 0.1) != signal_propagation(torch.relu, 1.0, 0.2)


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
    assert spreads[4] == pytest.approx(moments[4] * math.sqrt((1 + 5 / 8) ** 4 - 1))
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
    assert str(path).splitlines()[:5] == [
        "Predicted second moments",
        "",
        "layer  second moment  spread  gradient",
        "-----  -------------  ------  --------",
        "    1             13                 8",
    ]
    assert [layer.second_moment for layer in signal_propagation(torch.relu, 2.0).through(1).layers] == [4]
    assert signal_propagation(torch.relu, 2.0, 0.5).through(1).layers[0].second_moment == 4.25


def test_the_spread_of_relu_layers_in_closed_form():
    """Of squares of ReLUs the variance is 5/4 q^2: in each layer the second moment's mean square grows by 1 + 5/n."""
    path = signal_propagation(torch.relu, math.sqrt(2)).through(4, width=100)
    assert path.width == 100
    expected = [0.0, *(2.0 * math.sqrt((1 + 5 / 100) ** layers - 1) for layers in (1, 2, 3))]
    assert [layer.spread for layer in path.layers] == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert str(path).splitlines()[4:6] == [
        "    1              2       0         1",
        "    2              2  0.4472         1",
    ]


@pytest.mark.parametrize("name", ["depth", "second_moment", "width"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_path_needs_positive_numbers(name, value):
    with pytest.raises(ValueError, match=rf"^through\(\) {name} is {value}; expected a positive number$"):
        signal_propagation(torch.relu, 1.0).through(**{"depth": 3, name: value})


def drawn_second_moments(function, sigma_w, sigma_b, *, first, width, depth, draws):
    """Draw deep networks by their exact law: given a layer, the next pre-activations are independent normal numbers."""
    q = torch.full((draws, 1), first, dtype=torch.float64)
    for _ in range(depth - 1):
        z = torch.randn(draws, width, dtype=torch.float64)
        q = sigma_w**2 * function(q.sqrt() * z).square().mean(1, keepdim=True) + sigma_b**2
    return q[:, 0]


@pytest.mark.parametrize(
    ("function", "sigma_w"), [(torch.relu, math.sqrt(2)), (functional.gelu, 1.5335304412), (torch.tanh, 5.0)]
)
def test_the_spread_of_narrow_networks_is_as_large_as_the_second_moment_and_still_right(function, sigma_w):
    """Width 32 and 6 layers: to first order in 1 / width, that of ReLU would be too low by a seventh."""
    torch.manual_seed(0)
    path = signal_propagation(function, sigma_w).through(6, width=32)
    first, last = path.layers[0].second_moment, path.layers[-1]
    drawn = drawn_second_moments(function, sigma_w, 0.0, first=first, width=32, depth=6, draws=20_000)
    assert float(drawn.std()) == pytest.approx(last.spread, rel=0.08)


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
