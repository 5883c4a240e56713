"""The drawing of memory over time: what is drawn where, and what the text alternative says."""

import matplotlib.pyplot as plt
import pytest
import torch
from drawn import boxes
from matplotlib.patches import StepPatch
from torch import nn

from tensorglass import track_memory
from tensorglass.memory.calls import BETWEEN, OperationCall
from tensorglass.memory.peak import DeviceMemory
from tensorglass.memory.pictures import plot_timeline


def test_a_timeline_is_drawn_where_it_is_told():
    _, (_, below) = plt.subplots(2, 1)
    with track_memory() as memory:
        torch.zeros(3)
    assert memory.plot(ax=below) is below


KIB = 1024
CALLS = (
    OperationCall("conv2d", 0, 6 * KIB, 2 * KIB, 9 * KIB),
    OperationCall("relu", 2 * KIB, 4 * KIB, 4 * KIB, 2 * KIB),
    OperationCall(BETWEEN, 4 * KIB, 4 * KIB, 2 * KIB, 0),
    OperationCall(BETWEEN, 2 * KIB, 3 * KIB, 3 * KIB, KIB),
)


def test_a_timeline_shows_what_is_live_and_what_an_operation_needs_for_itself():
    ax = plot_timeline(DeviceMemory("cpu", CALLS))
    held = [box for box in boxes(ax) if not box.get_hatch()]
    assert [(box.get_x(), box.get_width(), box.get_height()) for box in held] == [
        (0, 1, 2), (1, 1, 4), (2, 1, 2), (3, 1, 3)
    ]  # fmt: skip
    (workspace,) = [box for box in boxes(ax) if box.get_hatch()]
    assert (workspace.get_x(), workspace.get_y(), workspace.get_width(), workspace.get_height()) == (0, 2, 1, 4)
    (steps,) = [patch for patch in ax.patches if isinstance(patch, StepPatch)]
    assert steps.get_data().values.tolist() == [2, 4, 2, 3]
    assert steps.get_data().edges.tolist() == [0, 1, 2, 3, 4]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["conv2d", "relu", "dropped", BETWEEN]
    assert ax.get_xticks().tolist() == [0.5, 1.5, 2.5, 3.5]
    assert ax.get_ylabel() == "live KiB on cpu"
    (peak,) = ax.lines
    assert list(peak.get_ydata()) == [6, 6]
    assert list(peak.get_xdata()) == [0, 4]
    assert [text.get_text() for text in ax.texts] == ["peak 6.0 KiB in conv2d"]
    assert ax.texts[0].xy == (0.5, 6)
    assert ax.get_xlim() == (0, 4)
    assert ax.get_ylim() == (0, pytest.approx(6 * 1.18))


def test_the_peak_is_written_towards_the_middle():
    low, high = OperationCall("add", 0, 1, 0, 1), OperationCall("mul", 0, 5, 0, 5)
    for place, side in enumerate(["left", "left", "right", "right"]):
        calls = tuple(high if i == place else low for i in range(4))
        assert plot_timeline(DeviceMemory("cpu", calls)).texts[0].get_ha() == side


@pytest.mark.parametrize(
    ("nbytes", "unit", "height"),
    [(1023, "bytes", 1023), (1024, "KiB", 1), (3 * 1024**2, "MiB", 3), (2**50, "PiB", 1)],
)
def test_the_unit_fits_the_peak(nbytes, unit, height):
    ax = plot_timeline(DeviceMemory("cuda", (OperationCall("add", 0, nbytes, nbytes, nbytes),)))
    assert ax.get_ylabel() == f"live {unit} on cuda"
    assert boxes(ax)[0].get_height() == height


def test_many_operations_are_not_named_below():
    few, many = ([OperationCall("add", 0, 1, 1, 1)] * count for count in (40, 41))
    ax = plot_timeline(DeviceMemory("cpu", tuple(few)))
    assert len(ax.get_xticks()) == 40
    assert " more" not in ax.get_label()
    ax = plot_timeline(DeviceMemory("cpu", tuple(many)))
    assert "add" not in [label.get_text() for label in ax.get_xticklabels()]
    assert "; and 1 more. Peak" in ax.get_label()
    assert ax.get_label().count("add 1 byte") == 40


def test_nothing_and_less_than_nothing_are_drawn_too():
    with track_memory() as memory:
        pass
    ax = memory.plot()
    assert (len(ax.texts), len(ax.lines)) == (0, 0)
    assert "Peak 0 bytes" in ax.get_label()
    released = DeviceMemory("cpu", (OperationCall(BETWEEN, 0, 0, -4000, 0),))
    ax = plot_timeline(released)
    assert ax.get_ylim()[0] == -4000
    assert len(ax.texts) == 0


def test_a_timeline_describes_itself():
    assert plot_timeline(DeviceMemory("cpu", CALLS)).get_label() == (
        "Live bytes on cpu after each operation: conv2d 2.0 KiB with 4.0 KiB of workspace; relu 4.0 KiB; "
        "between operations 2.0 KiB; between operations 3.0 KiB. Peak 6.0 KiB in conv2d."
    )


def test_the_backward_pass_stands_on_a_grey_ground():
    torch.manual_seed(0)
    model = nn.Sequential(*[layer for _ in range(3) for layer in (nn.Linear(16, 16), nn.ReLU())])
    with track_memory() as memory:
        model(torch.randn(64, 16)).sum().backward()
    forward = [call.operation for call in memory.calls if not call.backward]
    backward = [call.operation for call in memory.calls if call.backward]
    assert {"linear", "relu", "sum"} <= set(forward)
    assert {"ReluBackward0", "AddmmBackward0"} <= set(backward)
    assert not {name for name in forward if "Backward" in name}
    assert memory.plot().texts[0].get_text() == "backward"


def calls(pattern):
    made_of = {
        "f": OperationCall("linear", 0, 9, 9, 9),
        "b": OperationCall("AddmmBackward0", 9, 9, 0, 0, backward=True),
        "-": OperationCall(BETWEEN, 9, 9, 9, 0),
    }
    return tuple(made_of[each] for each in pattern)


@pytest.mark.parametrize(
    ("pattern", "spans"),
    [
        ("ff", []),
        ("fbb", [(1, 3)]),
        ("fb-b-", [(1, 4)]),
        ("fbfb", [(1, 2), (3, 4)]),
        ("b-f-b", [(0, 1), (4, 5)]),
        ("fb-", [(1, 2)]),
    ],
)
def test_each_backward_pass_is_one_span(pattern, spans):
    ax = plot_timeline(DeviceMemory("cpu", calls(pattern)))
    labels = [text for text in ax.texts if text.get_text() == "backward"]
    grounds = [patch for patch in ax.patches if patch.get_facecolor()[3] == 0.18]
    extents = [patch.get_extents().transformed(ax.transData.inverted()) for patch in grounds]
    assert [(round(extent.x0, 6), round(extent.x1, 6)) for extent in extents] == spans
    assert [text.get_position()[0] for text in labels] == [sum(span) / 2 for span in spans]
