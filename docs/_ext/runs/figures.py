"""Figures as the site shows them: SVG that follows the theme, small ones for cards, and what they show in words.

An SVG is whole: it may be shown as an image, in a page, or opened by itself. Needs matplotlib alone.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .compact import compact
from .drawn_text import SVG, anchors_named, use_font_of_page
from .legible import color_texts
from .stacked import narrowed

# Black becomes the reader's own text colour. An SVG shown as an image takes `prefers-color-scheme` from the page
# around it, and the site's style sheet sets that to the theme the reader has chosen. In a page it follows the page.
_THEME_STYLE = (
    ":root { color-scheme: light dark; color: #16181d } "
    "@media (prefers-color-scheme: dark) { :root { color: #e4e6ea } }"
)

CARD_SUFFIX = ".card.svg"  # beside the figure that a card is made of
NARROW_SUFFIX = ".narrow.svg"  # beside a figure that has another layout for narrow screens
TIMINGS = "timings"  # plt.figure(num="timings"): a figure of running times


def text_alternative(figure: Any) -> str:
    """Return what the figure shows in words: its titles, and the descriptions that the drawings carry as labels."""
    return sentences_of(figure.get_suptitle(), figure.axes)


def sentences_of(heading: str, axes: list[Any]) -> str:
    """Return the heading, and what each drawing says of itself."""
    parts = [heading]
    for ax in axes:
        label = ax.get_label()
        parts += [ax.get_title(), "" if label.startswith("<") else label]  # matplotlib's own labels begin with <
    sentences = (" ".join(part.split()) for part in parts if part.strip())
    return " ".join(text if text.endswith((".", "?", "!")) else f"{text}." for text in sentences)


def save_themed_svg(figure: Any, path: Path, **options: Any) -> None:
    """Save without date and without background; the same figure gives the same file.

    A figure made with ``num="timings"`` is marked like other measured figures: it is another one at each build.
    """
    import matplotlib as mpl

    with (
        mpl.rc_context({"svg.hashsalt": "tensorglass", "svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}),
        anchors_named(figure),
    ):
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None}, **options)
    root = ElementTree.parse(path).getroot()
    use_font_of_page(root)
    color_texts(root)
    compact(root)
    root.set("fill", "currentColor")
    root.insert(0, ElementTree.Element(f"{SVG}style"))
    root[0].text = _THEME_STYLE
    ElementTree.register_namespace("", SVG.strip("{}"))
    svg = ElementTree.tostring(root, encoding="unicode")
    if figure.get_label() == TIMINGS:
        svg = svg.replace("<svg ", '<svg class="measured" ', 1)
    path.write_text(svg.replace("#000000", "currentColor") + "\n", "utf-8")


def save_narrow(figure: Any, path: Path) -> None:
    """Save the figure as it is laid out for a narrow screen, if it can be."""
    path.unlink(missing_ok=True)  # of an earlier run, which may have drawn something else
    with narrowed(figure) as fits:
        if fits:
            save_themed_svg(figure, path)


def save_card(figure: Any, path: Path) -> None:
    """Save the first drawing of a figure alone and without words, for the index: at that size, none could be read."""
    from matplotlib.text import Text

    first, *others = figure.axes
    words = {text: text.get_text() for text in first.findobj(Text)}
    hidden = [text for text in words if not getattr(text, "arrow_patch", None)]  # an arrow goes with its text
    legend = [first.get_legend()] if first.get_legend() else []
    shown = {artist: artist.get_visible() for artist in (*others, *figure.texts, *figure.legends, *hidden, *legend)}
    layout = figure.get_layout_engine()
    figure.set_layout_engine("none")  # everything stays where it is
    for artist in shown:
        artist.set_visible(False)
    for text in words.keys() - set(hidden):
        text.set_text("")
    box = first.get_tightbbox(figure.canvas.get_renderer()).transformed(figure.dpi_scale_trans.inverted())
    save_themed_svg(figure, path, bbox_inches=box.padded(0.05))
    # Inside the file, so that it travels with it to wherever the card is shown.
    title = f"<title>{html.escape(sentences_of('', [first]) or text_alternative(figure))}</title>"
    path.write_text(re.sub(r"(<svg [^>]*>)", lambda tag: tag[0] + title, path.read_text("utf-8"), count=1), "utf-8")
    for artist, visible in shown.items():
        artist.set_visible(visible)
    for text in words.keys() - set(hidden):
        text.set_text(words[text])
    figure.set_layout_engine(layout)
