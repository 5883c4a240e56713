"""The cards that stand for pages on the index: small drawings in the place of the gallery's thumbnails.

Their frames and titles are the gallery's, and are styled in the site's style sheet.
"""

from __future__ import annotations

import filecmp
import html
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from ..sources.pages import GALLERY
from .figures import save_themed_svg, sentences_of, text_alternative

CARD_SUFFIX = ".card.svg"  # beside the figure that a card is made of


def save_card(figure: Any, path: Path) -> None:
    """Save the first drawing of a figure alone, for the index: at that size, a whole figure could not be read."""
    first, *others = figure.axes
    shown = {artist: artist.get_visible() for artist in (*others, *figure.texts, *figure.legends)}
    layout = figure.get_layout_engine()
    figure.set_layout_engine("none")  # everything stays where it is
    for artist in shown:
        artist.set_visible(False)
    box = first.get_tightbbox(figure.canvas.get_renderer()).transformed(figure.dpi_scale_trans.inverted())
    save_themed_svg(figure, path, bbox_inches=box.padded(0.05))
    # Inside the file, so that it travels with it to wherever the card is shown.
    title = f"<title>{html.escape(sentences_of('', [first]) or text_alternative(figure))}</title>"
    path.write_text(re.sub(r"(<svg [^>]*>)", lambda tag: tag[0] + title, path.read_text("utf-8"), count=1), "utf-8")
    for artist, visible in shown.items():
        artist.set_visible(visible)
    figure.set_layout_engine(layout)


def use_cards(app: Sphinx) -> None:
    """Put the cards in the place of the gallery's thumbnails, which are copies of whole figures."""
    for card in Path(app.srcdir, GALLERY).rglob(f"images/*_001{CARD_SUFFIX}"):
        thumbnail = card.name.replace(f"_001{CARD_SUFFIX}", "_thumb.svg")
        target = card.parent / "thumb" / thumbnail
        if not filecmp.cmp(card, target, shallow=False):  # pages that show it are read again when it is written
            shutil.copyfile(card, target)


class DescribeCards(SphinxTransform):
    """Give each thumbnail the text alternative that its drawing carries; the gallery leaves it empty."""

    def apply(self, **kwargs: Any) -> None:
        for image in self.document.findall(nodes.image):
            if image["uri"].endswith("_thumb.svg"):
                path = Path(self.app.srcdir, image["uri"].lstrip("/"))
                found = re.search("<title>(.*?)</title>", path.read_text("utf-8"))
                image["alt"] = html.unescape(found[1]) if found else ""
