"""The drawing of a storage as a tape of cells: what is drawn where, and what the text alternative says."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from drawn import boxes, edge

from tensorglass import storage_info
from tensorglass.drawing import AXIS_COLORS, CELL_COLOR, HATCH


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


def test_a_tape_is_drawn_where_it_is_told():
    _, (above, _) = plt.subplots(2, 1)
    assert storage_info(torch.zeros(3)).plot(above) is above
