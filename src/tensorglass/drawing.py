"""The visual language that all pictures share. Nothing but this imports matplotlib.

Pictures have from here what they use of it. An axis keeps one colour, counted from the last axis; what is stretched,
repeated or shared is hatched. Fills are translucent. Outlines and texts have the colour that matplotlib's style gives
to texts: black, which a page can swap for the reader's own text colour, or white in the style `dark_background`. Each
drawing describes itself in words, as the label of its axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle as Rectangle  # noqa: PLC0414 - for the pictures
    from matplotlib.ticker import MaxNLocator as MaxNLocator  # noqa: PLC0414 - for the pictures
except ModuleNotFoundError:
    sentence = 'plot() needs matplotlib, which is not installed; pip install "tensorglass[plot]" brings it'
    raise ModuleNotFoundError(sentence, name="matplotlib") from None

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

# Okabe and Ito's colours, which colour-blind readers can tell apart, from the last axis backwards.
AXIS_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
CELL_COLOR = "#808080"
HATCH = "//"
_HATCH_WIDTH = 0.6  # points: of matplotlib's 1.0, text on a hatched cell is hard to read
# More names under or beside an axis would overlap, at the widths that a page allows.
NAMES_AT_MOST = 40


def axis_color(axis: int) -> str:
    """Return the colour of an axis, given as -1 for the last one, -2 for the one before, and so on."""
    return AXIS_COLORS[(-axis - 1) % len(AXIS_COLORS)]


def hatch(patch: Patch) -> None:
    """Hatch a patch with thin lines; matplotlib before 3.10 draws them in the one width that all patches share."""
    patch.set_hatch(HATCH)
    if hasattr(patch, "set_hatch_linewidth"):
        patch.set_hatch_linewidth(_HATCH_WIDTH)


def text_color() -> str:
    """Return the colour of texts in the style that is set, in which outlines are drawn too."""
    return str(plt.rcParams["text.color"])


def framed(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the axes that are given, or new ones of a size in inches."""
    return plt.subplots(figsize=(width, height), layout="constrained")[1] if ax is None else ax


def blank(ax: Axes | None, width: float, height: float) -> Axes:
    """Return axes without a frame, those given or new ones of a size in inches, for a drawing in equal units."""
    ax = framed(ax, width, height)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax
