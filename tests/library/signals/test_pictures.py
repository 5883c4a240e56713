"""The pictures of signals hold what was predicted and measured."""

import math
import re

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import same_color, to_rgba
from outputs import Returns
from torch import nn

from tensorglass import activation_stats, gain, signal_propagation
from tensorglass.drawing import AXIS_COLORS
from tensorglass.signals.activation_stats import ActivationStats
from tensorglass.signals.layer_results import LayerStats
from tensorglass.signals.statistics import Histogram

SIGNAL, GRADIENT = AXIS_COLORS[0], AXIS_COLORS[1]


def path(depth=4, width=None):
    return signal_propagation(torch.tanh, 1.5, 0.1).through(depth, width=width)


def measured(depth=4, loss_fn=torch.sum):
    torch.manual_seed(0)
    model = nn.Sequential(*[each for _ in range(depth) for each in (nn.Linear(32, 32), nn.Tanh())])
    return activation_stats(model, torch.randn(16, 32), loss_fn)


def points(line):
    return [tuple(map(float, each)) for each in line.get_xydata()]


def named(ax):
    """Return the lines by their names in the legend."""
    lines, names = ax.get_legend_handles_labels()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names
    return dict(zip(names, lines, strict=True))


def layer(name="0", rms=1.0, counts=(1, 2), edges=(-1.0, 0.0, 1.0), kind="Linear"):
    return LayerStats(
        name, kind, kind == "Linear", 0.0, rms, rms, 0.0, None, None, None, Histogram(counts, edges), False, rms, 0.0
    )


def test_lines_are_the_prediction():
    predicted = path()
    signal, gradient = predicted.plot().lines
    assert points(signal) == [(each.layer, each.second_moment) for each in predicted.layers]
    assert points(gradient) == [(each.layer, each.gradient) for each in predicted.layers]
    assert (signal.get_color(), gradient.get_color()) == (SIGNAL, GRADIENT)
    assert (signal.get_linestyle(), gradient.get_linestyle()) == ("-", "--")


def test_the_axes_are_named():
    predicted = path()
    ax = predicted.plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("layer", "second moment, logarithmic")
    assert ax.get_yscale() == "log"
    assert named(ax) == {"signal, predicted": ax.lines[0], "gradient, predicted": ax.lines[1]}
    assert not ax.get_legend().get_frame_on()
    assert all(tick == round(tick) for tick in ax.get_xticks())
    assert not ax.collections


def test_the_spread_is_a_band_as_far_below_as_above():
    predicted = path(width=64)
    (band,) = predicted.plot().collections
    assert same_color(band.get_facecolor()[0], to_rgba(SIGNAL, 0.2))
    corners = {(x, round(y, 9)) for x, y in band.get_paths()[0].vertices.tolist()}
    for each in predicted.layers:
        above = each.second_moment + each.spread
        assert (each.layer, round(above, 9)) in corners
        assert (each.layer, round(each.second_moment**2 / above, 9)) in corners


def test_dots_are_what_was_measured():
    stats = measured()
    ax = path().plot(measured=stats)
    *_, signal, gradient = ax.lines
    assert (named(ax)["signal, measured"], named(ax)["gradient, measured"]) == (signal, gradient)
    linear = [each for each in stats if each.kind == "Linear"]
    assert points(signal) == [(i, each.rms**2) for i, each in enumerate(linear, start=1)]
    last = linear[-1].gradient_rms
    assert points(gradient) == [(i, (each.gradient_rms / last) ** 2) for i, each in enumerate(linear, start=1)]
    assert (signal.get_marker(), gradient.get_marker()) == ("o", "s")
    assert (signal.get_linestyle(), gradient.get_linestyle()) == ("None", "None")
    assert (signal.get_color(), gradient.get_color()) == (SIGNAL, GRADIENT)


def test_convolutions_are_layers_too():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 8, 3), nn.Flatten(), nn.LazyLinear(2))
    batch = torch.randn(4, 3, 8, 8)
    model(batch)
    for layer in (model[0], model[2], model[4]):
        nn.init.kaiming_normal_(layer.weight)
    ax = signal_propagation(torch.relu, gain(torch.relu)).through(3).plot(measured=activation_stats(model, batch))
    assert len(ax.lines[2].get_xydata()) == 3


class OwnLinear(nn.Linear):
    pass


def test_layers_of_subclasses_are_measured_too():
    model = nn.Sequential(OwnLinear(64, 64), nn.ReLU(), nn.LazyLinear(64), nn.ReLU(), OwnLinear(64, 64))
    model(torch.randn(2, 64))
    stats = activation_stats(model, torch.randn(10, 64))
    assert [layer.linear for layer in stats] == [True, False, True, False, True]
    ax = signal_propagation(torch.relu, gain(torch.relu)).through(3).plot(measured=stats)
    assert [y for _, y in points(named(ax)["signal, measured"])] == [stats.layers[i].rms ** 2 for i in (0, 2, 4)]


@pytest.mark.parametrize("loss_fn", [None, lambda output: 0 * output.sum()])
def test_without_gradients_the_signal_alone_is_measured(loss_fn):
    ax = path().plot(measured=measured(loss_fn=loss_fn))
    assert ax.lines[3].get_ydata() == pytest.approx([float("nan")] * 4, nan_ok=True)
    assert "measured gradient" not in ax.get_label()


def test_prediction_and_measurement_are_of_as_many_layers():
    message = "plot() measured has 3 linear layers and convolutions; expected 4, one for each layer of the prediction"
    before = plt.get_fignums()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        path().plot(measured=measured(3))
    assert plt.get_fignums() == before  # no empty picture is left


def test_a_path_describes_itself():
    assert path().plot().get_label() == (
        "Second moments over 4 layers, on a logarithmic axis. The predicted signal goes from 2.26 to 0.89; the "
        "predicted gradient, relative to the last layer, is 0.756 at the first."
    )
    stats = measured()
    first, *_, last, _ = stats.layers
    relative = (first.gradient_rms / last.gradient_rms) ** 2
    assert (
        path()
        .plot(measured=stats)
        .get_label()
        .endswith(
            f"at the first. Measured signals go from {first.rms**2:.3g} to {last.rms**2:.3g}. The measured gradient is "
            f"{relative:.3g}."
        )
    )


def test_a_histogram_for_each_layer():
    ax = ActivationStats((layer("a"), layer("b", 2.0, (3, 3), (0.0, 1.0, 4.0), "ReLU"))).plot()
    first, second = ax.patches
    assert first.get_data().values.tolist() == [0.225, 0.45]
    assert first.get_data().edges.tolist() == [-1, 0, 1]
    assert first.get_data().baseline.tolist() == [-0.225, -0.45]
    assert second.get_data().values.tolist() == [1.45, 1.45]
    assert second.get_data().baseline.tolist() == [0.55, 0.55]
    assert {(each.orientation, each.get_fill()) for each in ax.patches} == {("horizontal", True)}
    assert all(same_color(each.get_facecolor(), to_rgba(SIGNAL, 0.5)) for each in ax.patches)
    assert [points(line) for line in ax.lines] == [[(-0.45, 1), (0.45, 1)], [(0.55, 2), (1.45, 2)]]
    assert {line.get_color() for line in ax.lines} == {GRADIENT}
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a Linear", "b ReLU"]
    assert ax.get_xlabel() == "layers in order; a line marks the root mean square"
    assert ax.get_ylabel() == "outputs"
    assert ax.get_label() == (
        "The distribution of the outputs of 2 layers. Their root mean squares: a Linear 1; b ReLU 2."
    )


def test_layers_without_finite_values_are_left_out():
    ax = ActivationStats((layer("a", counts=(), edges=()), layer("b"))).plot()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["b Linear"]
    assert len(ax.patches) == 1
    nothing = ActivationStats(()).plot()
    assert (len(nothing.patches), nothing.get_yscale()) == (0, "linear")


@pytest.mark.parametrize(("sizes", "scale"), [((1, 30), "linear"), ((1, 31), "asinh"), ((0, 5), "linear")])
def test_very_different_layers_have_a_logarithmic_axis(sizes, scale):
    ax = ActivationStats(tuple(layer(rms=float(size)) for size in sizes)).plot()
    assert ax.get_yscale() == scale


def test_the_smallest_layer_is_on_the_linear_part_of_the_axis():
    ax = ActivationStats((layer(rms=0.5), layer(rms=100.0), layer(rms=0.0))).plot()
    assert ax.yaxis.get_transform().linear_width == 0.5


def test_the_picture_grows_with_the_layers_and_names_as_many_as_can_be_read():
    assert tuple(path().plot().figure.get_size_inches()) == (6.4, 3.8)
    few, many = ActivationStats((layer(),) * 40).plot(), ActivationStats((layer(),) * 41).plot()
    assert tuple(few.figure.get_size_inches()) == pytest.approx((1.2 + 40 * 0.32, 3.8))
    assert tuple(ActivationStats((layer(),)).plot().figure.get_size_inches()) == (4.5, 3.8)
    assert len(few.get_xticklabels()) == 40
    assert {label.get_rotation() for label in few.get_xticklabels()} == {90}
    assert (few.get_xlim(), many.get_xlim()) == ((-0.6, 39.6), (-0.6, 40.6))
    assert tuple(many.figure.get_size_inches()) == (8.0, 3.8)
    assert "Linear" not in " ".join(label.get_text() for label in many.get_xticklabels())


def test_of_many_layers_a_band_holds_nine_tenths_of_the_outputs():
    torch.manual_seed(0)
    sizes = [1.0 + i / 10 for i in range(60)]
    model = nn.Sequential(*[Returns(size * torch.randn(2000, 10)) for size in sizes])
    ax = activation_stats(model, torch.ones(1)).plot()
    (band,), (line,) = ax.collections, ax.lines
    assert list(line.get_ydata()) == pytest.approx(sizes, rel=0.05)
    corners = band.get_paths()[0].vertices
    for place, size in enumerate(sizes):
        at = corners[abs(corners[:, 0] - place) <= 0.5][:, 1]
        assert (at.min(), at.max()) == pytest.approx((-1.645 * size, 1.645 * size), rel=0.3)
    assert ax.get_xlabel().endswith("; in the band lie nine tenths of the outputs")
    few = activation_stats(model[:40], torch.ones(1)).plot()
    assert few.get_xlabel() == "layers in order; a line marks the root mean square"


def test_the_band_ends_where_exactly_its_share_of_the_outputs_ends():
    many = tuple(layer(counts=(1, 1, 18), edges=(0.0, 1.0, 2.0, 3.0)) for _ in range(41))
    (band,) = ActivationStats(many).plot().collections
    assert set(band.get_paths()[0].vertices[:, 1]) == {1.0, 3.0}


def test_axes_of_the_reader_are_used_and_returned():
    _, axes = plt.subplots(2)
    before = plt.get_fignums()
    assert path().plot(axes[0]) is axes[0]
    assert measured().plot(axes[1]) is axes[1]
    assert plt.get_fignums() == before


def test_signals_that_vanish_or_explode_are_drawn():
    for sigma_w in (1e-9, 1e9, 0.0):
        predicted = signal_propagation(torch.relu, sigma_w).through(40, width=8)
        ax = predicted.plot()
        ax.figure.canvas.draw()
        shown = {layer.layer for layer in predicted.layers if 1e-100 < layer.second_moment < 1e100}
        assert len(shown) == {1e-9: 5, 1e9: 5, 0.0: 0}[sigma_w]
        assert {x for band in ax.collections for x, _ in band.get_paths()[0].vertices} == shown
        signal, gradient = (line.get_ydata() for line in ax.lines)
        assert {place for place, value in enumerate(signal, start=1) if math.isfinite(value)} == shown
        assert math.isnan(gradient[0])
        assert gradient[-1] == 1
