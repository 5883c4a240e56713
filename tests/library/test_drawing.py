"""What all pictures share: the colour of an axis, and the frameless axes to draw on."""

import matplotlib.pyplot as plt

from tensorglass.drawing import AXIS_COLORS, axis_color, blank


def test_an_axis_has_its_colour_from_the_last_one_backwards():
    assert [axis_color(axis) for axis in (-1, -2, -6)] == [AXIS_COLORS[0], AXIS_COLORS[1], AXIS_COLORS[5]]
    assert [axis_color(axis) for axis in (-7, -13)] == [AXIS_COLORS[0]] * 2
    assert len(set(AXIS_COLORS)) == len(AXIS_COLORS) == 6


def test_new_axes_are_as_large_as_it_is_told():
    ax = blank(None, 3, 2)
    assert ax.figure.get_size_inches().tolist() == [3, 2]
    assert (ax.get_aspect(), ax.axison) == (1, False)


def test_given_axes_are_drawn_on():
    figure, ax = plt.subplots(figsize=(5, 4))
    assert blank(ax, 3, 2) is ax
    assert figure.get_size_inches().tolist() == [5, 4]
    assert (ax.get_aspect(), ax.axison) == (1, False)
