"""A figure for a narrow screen: panels that stand side by side are stacked, and wide plots are drawn narrower.

The figure itself is laid out again for as long as it takes to save it. What cannot be placed anew gets no narrow
version: a grid of several rows and columns, a colour bar, a drawing in equal units that is wide by itself, or texts
that would no longer fit. Such a figure scrolls in its frame.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

NARROW = 3.9  # inches: a phone's column of text shows that a little smaller
WIDE = 4.6  # a figure up to this width is shown as it is, a little smaller
_TOLERANCE = 1.0  # points by which a text may reach over another one, or over the edge


@contextlib.contextmanager
def narrowed(figure: Any) -> Iterator[bool]:
    """Lay a figure out for a narrow screen, and yield whether that was possible; then put everything back."""
    with contextlib.ExitStack() as changes:
        crowded_before = crowded(figure)
        yield _lay_out(figure, changes) and crowded(figure) <= crowded_before


def _lay_out(figure: Any, changes: contextlib.ExitStack) -> bool:
    """Lay the panels out in one column, and return whether they could be; `changes` takes what undoes it."""
    panels = figure.axes
    grid = _grid(panels)
    has_engine = figure.get_layout_engine() is not None
    width, height = figure.get_size_inches()
    if grid is None or not has_engine or width <= WIDE:
        return False
    rows, columns = grid.get_geometry()
    are_plots = all(ax.get_aspect() == "auto" for ax in panels)
    if (rows > 1 and columns > 1) or not (columns > 1 or are_plots):
        return False
    own_width = max(NARROW, width / columns) if columns > 1 else NARROW
    _change(changes, figure.set_size_inches, (own_width, columns * height), (width, height))
    if columns > 1:
        _stack(figure, panels, columns, changes)
    for text in _long_texts(figure):
        _change(changes, text.set_wrap, True, text.get_wrap())
    return True


def _change(changes: contextlib.ExitStack, setter: Callable[[Any], Any], value: Any, before: Any) -> None:
    changes.callback(setter, before)
    setter(value)


def _grid(panels: list[Any]) -> Any:
    """Return the grid in which all panels have one place each, or None. Twins may share one."""
    places = [ax.get_subplotspec() for ax in panels]
    if not places or None in places or len({place.get_gridspec() for place in places}) > 1:
        return None
    if any(place.num1 != place.num2 for place in places):
        return None
    return places[0].get_gridspec()


def _stack(figure: Any, panels: list[Any], count: int, changes: contextlib.ExitStack) -> None:
    """Place the panels of a row one below the other; of a shared axis each one now shows what the first one did."""
    column = figure.add_gridspec(count, 1)
    first = panels[0]
    for ax in panels:
        place = ax.get_subplotspec()
        _change(changes, ax.set_subplotspec, column[place.num1], place)
        if ax is not first and first.get_shared_y_axes().joined(first, ax):
            _change(changes, ax.set_ylabel, ax.get_ylabel() or first.get_ylabel(), ax.get_ylabel())
            shown = ax.yaxis.get_tick_params().get("labelleft", True)
            changes.callback(ax.tick_params, axis="y", labelleft=shown)
            ax.tick_params(axis="y", labelleft=first.yaxis.get_tick_params().get("labelleft", True))


def _long_texts(figure: Any) -> Iterator[Any]:
    """Yield the texts that may be broken into lines: titles, and what stands below a panel."""
    yield from figure.texts  # the title of the whole figure is one of them
    for ax in figure.axes:
        yield from (ax.title, ax.xaxis.label)


def crowded(figure: Any) -> int:
    """Return how often a text of a figure reaches over another one, over a line, or over an edge."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    hidden = {text for ax in figure.axes for text in _not_drawn(ax)}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = {text: text.get_window_extent().padded(-_TOLERANCE) for text in texts if text not in hidden}
    found = sum(_leaves(box, figure.bbox) for box in boxes.values())
    found += sum(one.overlaps(other) for one, other in itertools.combinations(boxes.values(), 2))
    for ax in figure.axes:
        inside = [boxes[text] for text in ax.texts if text in boxes]
        lines = [line.get_path().transformed(line.get_transform()) for line in ax.lines]
        found += sum(_leaves(box, ax.bbox) and box.overlaps(ax.bbox) for box in inside)
        found += sum(line.intersects_bbox(box, filled=False) for line in lines for box in inside)
    return int(found)


def _leaves(box: Any, edge: Any) -> bool:
    return bool(box.x0 < edge.x0 or box.y0 < edge.y0 or box.x1 > edge.x1 or box.y1 > edge.y1)


def _not_drawn(ax: Any) -> Iterator[Any]:
    """Yield the labels of ticks outside of what a panel shows; of a panel without its axes, all that they have."""
    from matplotlib.text import Text

    for axis in (ax.xaxis, ax.yaxis):
        if not ax.axison:
            yield from axis.findobj(Text)
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)
