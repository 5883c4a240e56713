"""The drawings of memory: what is drawn where, and what the text alternative says."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.patches import Rectangle, StepPatch

from tensorglass import storage_info, track_memory
from tensorglass.drawing import AXIS_COLORS, CELL_COLOR, HATCH
from tensorglass.memory.calls import BETWEEN, DeviceMemory, OperationCall
from tensorglass.memory.timeline import plot_timeline


def boxes(ax):
    return [patch for patch in ax.patches if isinstance(patch, Rectangle)]


def edge(patch):
    return matplotlib.colors.to_hex(patch.get_edgecolor())


def center(box):
    return round(box.get_x() + box.get_width() / 2, 6), round(box.get_y() + box.get_height() / 2, 6)


def written(ax):
    """The texts by their places."""
    return {tuple(round(x, 6) for x in text.get_position()): text.get_text() for text in ax.texts if text.get_text()}


def test_each_element_stands_under_its_cell():
    ax = storage_info(torch.arange(12).reshape(3, 4).T[1:]).plot()
    texts = written(ax)
    assert [texts[(x, 0)] for x in range(12)] == [str(cell) for cell in range(12)]
    under = {x: texts[(x, -1)] for x in range(12) if (x, -1) in texts}
    assert under == {column + 4 * row - 3: f"{column - 4},{row}" for row in range(3) for column in (4, 5, 6)}
    tape, elements = boxes(ax)[:12], boxes(ax)[12:]
    assert [center(box) for box in tape] == [(x, 0) for x in range(12)]
    assert [center(box)[0] for box in elements] == [1, 5, 9, 2, 6, 10, 3, 7, 11]
    assert {edge(box) for box in elements} == {CELL_COLOR}
    assert {box.get_hatch() for box in elements} == {None}
    assert texts[(-0.75, 0)] == "cell"
    assert texts[(-0.75, -1)] == "a (3, 3)"


def test_the_steps_along_each_axis_have_its_colour():
    ax = storage_info(torch.arange(12).reshape(3, 1, 4).permute(2, 1, 0)[1:]).plot()
    arrows = [text for text in ax.texts if hasattr(text, "arrow_patch") and text.arrow_patch]
    assert [(arrow.xyann[0], arrow.xy[0]) for arrow in arrows] == [(1, 5), (1, 2)]
    assert [edge(arrow.arrow_patch) for arrow in arrows] == [AXIS_COLORS[0], AXIS_COLORS[2]]
    assert [line.get_color() for line in ax.lines] == [AXIS_COLORS[0], AXIS_COLORS[2]]
    assert [line.get_xdata()[0] for line in ax.lines] == [1, 1]
    assert [text for text in written(ax).values() if "stride" in text] == ["axis -1: stride 4", "axis -3: stride 1"]
    assert [arrow.xy[1] for arrow in arrows] == [arrow.xyann[1] for arrow in arrows] == [-1.95, -2.45]
    named = {text.get_text(): text.get_position() for text in ax.texts if "stride" in text.get_text()}
    assert named == {"axis -1: stride 4": (5.25, -1.95), "axis -3: stride 1": (2.25, -2.45)}
    assert ax.get_xlim()[1] == pytest.approx(12 - 0.3)
    assert storage_info(torch.arange(3)).plot().get_xlim()[1] == pytest.approx(1 + 0.4 + 0.2 * len("axis -1: stride 1"))
    lower = storage_info(torch.arange(3), torch.zeros(1), torch.arange(3)).plot()
    assert [text.xy[1] for text in lower.texts if getattr(text, "arrow_patch", None)] == [-1.95]
    x = torch.arange(3)
    lower = storage_info(x, x).plot()
    assert [text.xy[1] for text in lower.texts if getattr(text, "arrow_patch", None)] == [-2.95]


def test_shared_cells_are_hatched_and_counted():
    ax = storage_info(torch.arange(3).expand(4, 3)).plot()
    lane = boxes(ax)[3:]
    assert [center(box) for box in lane] == [(0, -1), (1, -1), (2, -1)]
    assert [box.get_hatch() for box in lane] == [HATCH] * 3
    assert [box.get_facecolor()[3] for box in lane] == [0, 0, 0]
    assert [written(ax)[(x, -1)] for x in range(3)] == ["4x", "4x", "4x"]


def test_other_tensors_have_lanes_of_their_own():
    z = torch.zeros(3, dtype=torch.complex64)
    ax = storage_info(z, z.imag, torch.zeros(3), z[1:]).plot()
    texts = written(ax)
    assert [texts[(-0.75, -y)] for y in range(4)] == ["cell", "a (3,)", "b (3,)", "d (2,)"]
    halves = [box for box in boxes(ax) if box.get_width() < 0.5]
    assert [center(box) for box in halves] == [(0.25, -2), (1.25, -2), (2.25, -2)]
    assert [round(box.get_width(), 6) for box in halves] == [0.42] * 3
    assert [center(box) for box in boxes(ax)[-2:]] == [(1, -3), (2, -3)]
    array = np.zeros(6, np.float32)
    ax = storage_info(torch.from_numpy(array), torch.from_numpy(array[2:])[::2]).plot()
    assert [center(box) for box in boxes(ax)[-2:]] == [(2, -2), (4, -2)]


def test_a_long_tape_is_wrapped():
    x = torch.arange(40)
    ax = storage_info(x, x[30:34]).plot()
    texts = written(ax)
    height = 1.15 + 2
    lines = [-line * height for line in range(3)]
    for cell in range(40):
        line, column = divmod(cell, 16)
        assert texts[(column, round(lines[line], 6))] == str(cell)
        assert texts[(column, round(lines[line] - 1, 6))] == str(cell)
    assert [texts[(x, round(lines[line] - 2, 6))] for line, x in ((1, 14), (1, 15), (2, 0), (2, 1))] == list("0123")
    assert len([text for text in texts.values() if text == "a (40,)"]) == 3
    assert not any("stride" in text for text in texts.values())
    assert len(boxes(ax)) == 40 + 40 + 4
    assert len(boxes(storage_info(torch.arange(16)).plot())) == 32
    assert any("stride" in text for text in written(storage_info(torch.arange(16)).plot()).values())


@pytest.mark.parametrize("make", [lambda: torch.zeros(0, 3), lambda: torch.tensor(3), lambda: torch.zeros(5)[:0]])
def test_few_or_no_elements_are_drawn_too(make):
    x = make()
    ax = storage_info(x).plot()
    assert len(boxes(ax)) == x.untyped_storage().nbytes() // x.itemsize + x.numel()
    ax.figure.canvas.draw()


def test_everything_lies_inside_the_picture():
    for x in (torch.arange(12).reshape(3, 4).T[1:], torch.arange(3).expand(4, 3), torch.zeros(2, 20), torch.zeros(1)):
        ax = storage_info(x, x[:1]).plot()
        figure = ax.figure
        figure.canvas.draw()
        frame = figure.bbox
        for text in ax.texts:
            box = text.get_window_extent()
            assert frame.x0 <= box.x0, text
            assert box.x1 <= frame.x1, text
            assert frame.y0 <= box.y0, text
            assert box.y1 <= frame.y1, text
        left, right = ax.get_xlim()
        assert left < min(box.get_x() for box in boxes(ax))
        assert right > max(box.get_x() + box.get_width() for box in boxes(ax))


@pytest.mark.parametrize("others", [0, 2])
@pytest.mark.parametrize("shape", [(3,), (16,), (4, 4), (2, 2, 3), (40,)])
def test_the_picture_is_as_large_as_what_is_in_it(shape, others):
    x = torch.zeros(shape)
    ax = storage_info(x, *[x] * others).plot()
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    width, height = ax.figure.get_size_inches()
    assert width == pytest.approx(0.42 * (right - left))
    assert height == pytest.approx(0.42 * (high - low))
    lowest = min([box.get_y() for box in boxes(ax)] + [text.get_position()[1] - 0.25 for text in ax.texts])
    assert lowest - 0.6 < low < lowest
    ax.figure.canvas.draw()
    to_data = ax.transData.inverted()
    extents = [text.get_window_extent().transformed(to_data) for text in ax.texts if text.get_text()]
    content = max([extent.x1 for extent in extents] + [box.get_x() + box.get_width() for box in boxes(ax)])
    assert content < right < content + 2
    assert min(extent.x0 for extent in extents) - 2 < left < min(extent.x0 for extent in extents)


def test_long_indices_are_written_smaller():
    x = torch.zeros(1, 1, 11)
    sizes = {text.get_text(): text.get_fontsize() for text in storage_info(x).plot().texts}
    assert (sizes["0,0,9"], sizes["0,0,10"]) == (6, 6)
    sizes = {text.get_text(): text.get_fontsize() for text in storage_info(x[0]).plot().texts}
    assert (sizes["0,9"], sizes["0,10"]) == (8, 8)


def test_a_tape_describes_itself():
    x = torch.arange(4)
    assert storage_info(x[2:].expand(2, 2), x[:0]).plot().get_label() == (
        "A storage of 4 cells. a (2, 2) with stride (0, 1): 2 holds 0,0 and 1,0, 3 holds 0,1 and 1,1. "
        "b (0,) with stride (1,): no elements."
    )


def test_what_is_too_large_to_draw_is_refused():
    assert storage_info(torch.zeros(512)).plot()
    with pytest.raises(ValueError, match="a storage of 513 cells and a tensor of 1 element; expected at most 512"):
        storage_info(torch.zeros(513)[0]).plot()
    with pytest.raises(ValueError, match="a storage of 3 cells and a tensor of 600 elements; expected at most 512"):
        x = torch.zeros(3)
        storage_info(x, x.expand(200, 3)).plot()


def test_drawings_go_where_they_are_told():
    _, (above, below) = plt.subplots(2, 1)
    assert storage_info(torch.zeros(3)).plot(above) is above
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
