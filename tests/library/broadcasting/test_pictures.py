"""The drawings: what is drawn where, in which colour, and what the text alternative says."""

import re

import matplotlib.pyplot as plt
import pytest
import torch
from drawn import boxes, edge

from tensorglass import explain_broadcast
from tensorglass.drawing import AXIS_COLORS, HATCH, axis_color


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_each_axis_keeps_its_colour():
    assert [axis_color(axis) for axis in (-1, -2, -6, -7)] == [AXIS_COLORS[i] for i in (0, 1, 5, 0)]
    ax = explain_broadcast((2, 3, 4), (2, 3, 4)).plot()
    assert [edge(box) for box in boxes(ax)] == [AXIS_COLORS[i] for i in (0, 1, 2)] * 3
    assert not any(box.get_hatch() for box in boxes(ax))


def test_stretched_and_missing_are_hatched_and_named():
    ax = explain_broadcast((1,), (3, 4)).plot()
    stretched, missing, four, three, result_four, result_three = boxes(ax)
    assert [box.get_hatch() for box in (stretched, missing)] == [HATCH, HATCH]
    assert [box.get_hatch() for box in (four, three, result_four, result_three)] == [None] * 4
    assert {"1\nstretched", "missing", "a (1,)", "b (3, 4)", "result", "axis -1", "axis -2"} <= set(texts(ax))
    assert texts(ax).count("4") == texts(ax).count("3") == 2
    assert [box.get_facecolor()[3] > 0 for box in (stretched, missing, four)] == [False, False, True]
    assert [box.get_linestyle() == "solid" for box in (stretched, missing, four)] == [True, False, True]


def test_boxes_stand_under_their_axis():
    ax = explain_broadcast((1,), (3, 4)).plot()
    centers = [(box.get_x() + 0.44, box.get_y() + 0.36) for box in boxes(ax)]
    expected = [(1, 0), (0, 0), (1, -1), (0, -1), (1, -2), (0, -2)]
    assert [(round(x, 6), round(y, 6)) for x, y in centers] == expected


def test_a_clash_has_a_heavy_border_and_says_so():
    ax = explain_broadcast((3,), (4,)).plot()
    assert [edge(box) for box in boxes(ax)] == ["#000000"] * 3
    assert min(box.get_linewidth() for box in boxes(ax)) > 2
    assert texts(ax).count("3\nclash") == texts(ax).count("4\nclash") == texts(ax).count("clash") == 1


def test_everything_lies_inside_the_picture():
    for explanation in (explain_broadcast((64, 3, 256, 256), (3, 1, 1)), explain_broadcast((), ())):
        ax = explanation.plot()
        left, right, bottom, top = (*ax.get_xlim(), *ax.get_ylim())
        ax.figure.canvas.draw()
        for artist in (*boxes(ax), *ax.texts):
            box = artist.get_window_extent().transformed(ax.transData.inverted())
            assert left <= box.x0 + 0.5
            assert box.x1 - 0.1 <= right
            assert bottom <= box.y0 + 0.1
            assert box.y1 - 0.5 <= top


def test_draws_where_it_is_told():
    _, axes = plt.subplots(1, 2)
    assert explain_broadcast((3,), (3,)).plot(axes[1]) is axes[1]
    assert boxes(axes[0]) == []
    assert explain_broadcast((3,), (3,)).plot_cells(torch.ones(3), torch.ones(3), ax=axes[0]) is axes[0]


def test_the_text_alternative_says_what_is_drawn():
    ax = explain_broadcast((3,), (3, 4)).plot()
    assert ax.get_label() == (
        "Shapes (3,) and (3, 4) aligned at the last axis. Axis -1: 3 clash against 4 clash, no result. "
        "Axis -2: missing against 3, result 3."
    )


def test_cells_show_values_and_hatch_what_is_repeated():
    column, row = torch.tensor([[1], [2]]), torch.tensor([10, 20, 30])
    ax = explain_broadcast(column, row).plot_cells(column, row)
    assert [text for text in texts(ax) if text.isdigit()] == ("1 1 1 2 2 2 10 20 30 10 20 30 11 21 31 12 22 32".split())
    drawn = boxes(ax)
    assert [bool(box.get_hatch()) for box in drawn] == [False, True, True] * 2 + [False] * 3 + [True] * 3 + [False] * 6
    # What repeats along the last axis is hatched in its colour; what repeats along the one before in the other.
    assert [edge(drawn[1]), edge(drawn[9])] == list(AXIS_COLORS[:2])
    assert edge(drawn[0]) not in AXIS_COLORS
    assert {"a (2, 1)", "b (3,)", "sum (2, 3)", "+", "=", "axis -1", "axis -2"} <= set(texts(ax))
    assert ax.get_label() == (
        "Cells: a [[1], [2]], repeated along axis -1, plus b [10, 20, 30], repeated along axis -2, "
        "gives [[11, 21, 31], [12, 22, 32]]."
    )
    corners = [(box.get_x(), box.get_y()) for box in drawn]
    assert corners[:6] == [(-0.5, -0.5), (0.5, -0.5), (1.5, -0.5), (-0.5, -1.5), (0.5, -1.5), (1.5, -1.5)]
    assert corners[6] == (3.5, -0.5)
    assert corners[12] == (7.5, -0.5)


def test_cells_of_a_vector_and_of_gradients():
    a = torch.tensor([1.0, 2.5], requires_grad=True)
    ax = explain_broadcast(a, ()).plot_cells(a, torch.tensor(10.0))
    assert [text for text in texts(ax) if text[0].isdigit()] == ["1", "2.5", "10", "10", "11", "12.5"]
    assert "axis -2" not in texts(ax)


def test_cells_refuse_what_they_cannot_draw():
    with pytest.raises(
        ValueError, match=r"^plot_cells\(\) got tensors of shapes \(\(3,\),\); expected \(\(3,\), \(3,\)\)$"
    ):
        explain_broadcast((3,), (3,)).plot_cells(torch.ones(3))
    expected = "; expected shapes that broadcast to rank 1 or 2$"
    for shape in ((2, 2, 2), ()):
        with pytest.raises(
            ValueError, match=rf"^plot_cells\(\) got the result shape {re.escape(str(shape))}{expected}"
        ):
            explain_broadcast(shape, ()).plot_cells(torch.ones(shape), torch.ones(()))
    with pytest.raises(ValueError, match=f"got the result shape None{expected}"):
        explain_broadcast((2,), (3,)).plot_cells(torch.ones(2), torch.ones(3))


def layout(ax):
    """Return the texts with their places and sizes, the lines, and the limits and size of the picture."""
    placed = [(text.get_text(), *text.get_position(), text.get_fontsize()) for text in ax.texts]
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines]
    return placed, lines, [*ax.get_xlim(), *ax.get_ylim(), *ax.figure.get_size_inches()]


def test_the_layout_of_aligned_shapes_is_the_one_that_was_looked_at():
    placed, lines, frame = layout(explain_broadcast((1,), (3, 4)).plot())
    assert placed == [
        ("a (1,)", -0.75, 0, 10),
        ("1\nstretched", 1, 0, 8),
        ("missing", 0, 0, 8),
        ("b (3, 4)", -0.75, -1, 10),
        ("4", 1, -1, 11),
        ("3", 0, -1, 11),
        ("result", -0.75, -2, 10),
        ("4", 1, -2, 11),
        ("axis -1", 1, 0.6, 9),
        ("3", 0, -2, 11),
        ("axis -2", 0, 0.6, 9),
    ]
    assert lines == []
    assert frame == pytest.approx([-1.64, 1.6, -2.5, 0.95, 3.8, 2.95])
    assert layout(explain_broadcast((2,), (3,)).plot())[0][1] == ("2\nclash", 0, 0, 8)


def test_the_layout_of_cells_is_the_one_that_was_looked_at():
    column, row = torch.tensor([[1], [2]]), torch.tensor([10, 20, 30])
    placed, lines, frame = layout(explain_broadcast(column, row).plot_cells(column, row))
    numbers = [text for text in placed if text[0].isdigit()]
    others = [text for text in placed if not text[0].isdigit()]
    assert [(x, y) for _, x, y, _ in numbers] == [
        (left + place, -line) for left in (0, 4, 8) for line in range(2) for place in range(3)
    ]
    assert others == [
        ("a (2, 1)", 1, 0.62, 9),
        ("+", 3, -0.5, 13),
        ("b (3,)", 5, 0.62, 9),
        ("=", 7, -0.5, 13),
        ("sum (2, 3)", 9, 0.62, 9),
        ("axis -1", 1, -1.9, 9),
        ("axis -2", -0.9, -0.5, 9),
    ]
    assert lines == [([-0.5, 2.5], [-1.75, -1.75]), ([-0.75, -0.75], [0.5, -1.5])]
    assert frame == pytest.approx([-1.5, 10.6, -2.5, 1.1, 6.6, 2.1])
