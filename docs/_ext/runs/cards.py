"""The cards that stand for pages on the index: small drawings in the place of the gallery's thumbnails."""

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
from .gallery import CARD_SUFFIX


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
