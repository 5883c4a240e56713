"""Pictures of einsum plans: the operands with their letters, and what is multiplied with what.

Places are given in cells, the sizes of new figures in inches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..drawing import AXIS_COLORS, CELL_COLOR, Rectangle, blank, hatch, text_color
from ..report import counted
from .indices import Contraction
from .paths import Path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEVEL = 2.3  # the distance between an operand and what it becomes, in cells


@dataclass(frozen=True)
class Node:
    """An operand or a product: its letters, the line of text below it, and what it is made of."""

    letters: tuple[str, ...]
    text: str
    made_of: tuple[Node, ...] = ()

    @property
    def level(self) -> int:
        return 1 + max((source.level for source in self.made_of), default=-1)

    @property
    def width(self) -> float:
        return max(len(self.letters), 0.2 * len(self.text), 1)

    def leaves(self) -> Iterator[Node]:
        if not self.made_of:
            yield self
        for source in self.made_of:
            yield from source.leaves()

    def products(self) -> Iterator[Node]:
        for source in self.made_of:
            yield from source.products()
        if self.made_of:
            yield self


def plot_contraction(contraction: Contraction, path: Path, ax: Axes | None = None) -> Axes:
    """Draw the operands side by side, with one coloured cell for each letter, and below them their products.

    A letter that is summed is hatched. Operands stand so that no two lines cross.
    """
    tree = contraction_tree(contraction, path)
    places: dict[int, tuple[float, float]] = {}
    right = 0.0
    for leaf in tree.leaves():
        places[id(leaf)] = (right + leaf.width / 2, 0.0)
        right += leaf.width + 0.8
    for product in tree.products():
        below = [places[id(source)][0] for source in product.made_of]
        places[id(product)] = (sum(below) / len(below), -_LEVEL * product.level)
    nodes = [*tree.leaves(), *tree.products()]
    left = min(places[id(node)][0] - node.width / 2 for node in nodes)
    right = max(places[id(node)][0] + node.width / 2 for node in nodes)
    bottom = -_LEVEL * tree.level - 1.3
    ax = blank(ax, width=0.45 * (right - left + 1), height=0.45 * (1.0 - bottom))
    colors = {index.letter: AXIS_COLORS[i % len(AXIS_COLORS)] for i, index in enumerate(contraction.indices())}
    for node in nodes:
        x, y = places[id(node)]
        for source in node.made_of:
            source_x, source_y = places[id(source)]
            ax.plot([source_x, x], [source_y - 0.95, y + 0.5], color=text_color(), linewidth=0.9)
        for i, letter in enumerate(node.letters):
            _cell(ax, (x + i - len(node.letters) / 2, y), letter, colors[letter], letter in tree.letters)
        if not node.letters:
            _cell(ax, (x - 0.5, y), "", CELL_COLOR, kept=True)
        ax.text(x, y - 0.72, node.text, ha="center", va="center", fontsize=8)
    ax.set_xlim(left - 0.5, right + 0.5)
    ax.set_ylim(bottom, 1.0)
    ax.set_label(_description(contraction, tree))
    return ax


def contraction_tree(contraction: Contraction, path: Path) -> Node:
    """Return the result's node; a single operand becomes the result by itself."""
    pairs = enumerate(zip(contraction.terms, contraction.shapes, strict=True))
    waiting = [Node(term, f"x{i}: {shape}") for i, (term, shape) in pairs]
    for pair in path:
        sources = tuple(waiting.pop(place) for place in sorted(pair, reverse=True))[::-1]
        together = dict.fromkeys(letter for source in sources for letter in source.letters)
        multiplications = counted(math.prod(contraction.sizes[letter] for letter in together), "multiplication")
        needed = {*contraction.output, *(letter for node in waiting for letter in node.letters)}
        kept = tuple(letter for letter in together if letter in needed)
        waiting.append(Node(kept if waiting else contraction.output, multiplications, sources))
    (last,) = waiting
    return last if path else Node(contraction.output, f"result: {contraction.result}", (last,))


def _cell(ax: Axes, corner: tuple[float, float], letter: str, color: str, kept: bool) -> None:
    x, y = corner
    cell = Rectangle((x, y - 0.4), 0.96, 0.8, facecolor=(color, 0.3), edgecolor=text_color(), linewidth=0.8)
    if not kept:
        hatch(cell)
    ax.add_patch(cell)
    ax.text(x + 0.48, y, letter, ha="center", va="center", fontsize=10 if len(letter) == 1 else 6)


def _description(contraction: Contraction, tree: Node) -> str:
    summed = [index.letter for index in contraction.indices() if "summed" in index.roles]
    products = [
        f"{' and '.join(map(_spoken, node.made_of))} become{'s' * (len(node.made_of) == 1)} {_spoken(node)}"
        for node in tree.products()
    ]
    hatched = f" Summed and hatched: {', '.join(summed)}." if summed else ""
    return f"The contraction {contraction.equation.text}: {'; then '.join(products)}.{hatched}"


def _spoken(node: Node) -> str:
    return " ".join(node.letters) or "a number"
