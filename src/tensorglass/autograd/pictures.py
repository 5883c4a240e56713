"""A picture of what autograd keeps: the bytes of each module, in order, and which of them the backward pass frees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..drawing import AXIS_COLORS, CELL_COLOR, NAMES_AT_MOST, framed, hatch
from ..report import byte_unit, bytes_text
from .shares import ModuleShare, outermost

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FREED_COLOR, _HELD_COLOR = AXIS_COLORS[0], CELL_COLOR


def plot_shares(shares: tuple[ModuleShare, ...], ax: Axes | None = None) -> Axes:
    """Draw a bar for each module, from the first at the top to the last.

    The filled part are activations, which the backward pass frees; the hatched part was there before. Models of more
    than 40 modules are drawn by their outer modules.
    """
    shares = outermost(shares, NAMES_AT_MOST)
    longest = max((len(share.module) for share in shares), default=0)
    ax = framed(ax, width=5.5 + 0.07 * longest, height=1.2 + 0.3 * len(shares))
    largest = max((share.activation_bytes + share.other_bytes for share in shares), default=0)
    unit, divisor = byte_unit(largest)
    places = range(len(shares))
    freed = [share.activation_bytes / divisor for share in shares]
    held = [share.other_bytes / divisor for share in shares]
    ax.barh(places, freed, color=(_FREED_COLOR, 0.6))
    for bar in ax.barh(places, held, left=freed, facecolor="none", edgecolor=_HELD_COLOR):
        hatch(bar)
    for place, share in enumerate(shares):
        total = (share.activation_bytes + share.other_bytes) / divisor
        told = bytes_text(share.activation_bytes) if share.activation_bytes else ""
        ax.annotate(told, (total, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    ax.set_yticks(places, [share.module or "outside of modules" for share in shares], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.18 * max(largest / divisor, 1e-9))  # room for the bytes behind the longest bar
    frees = "frees the activations (filled)\nand not what was there before (hatched)"
    ax.set_xlabel(f"{unit} kept for the backward pass, which {frees}")
    ax.set_label(_description(shares))
    return ax


def _description(shares: tuple[ModuleShare, ...]) -> str:
    each = "; ".join(
        f"{share.module or 'outside of modules'} {bytes_text(share.activation_bytes)} of activations and "
        f"{bytes_text(share.other_bytes)} that were there before"
        for share in shares
    )
    freed = bytes_text(sum(share.activation_bytes for share in shares))
    return f"Bytes kept for the backward pass, by module: {each}. {freed} are freed by it."
