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
from .figures import CARD_SUFFIX

_OPENS = re.compile(r'(<div class="sphx-glr-thumbcontainer") tooltip="(.*?)">', re.DOTALL)
_CLOSES = re.compile(r'<div class="sphx-glr-thumbnail-title">.*?</div>', re.DOTALL)


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


class TellCards(SphinxTransform):
    """Put what the gallery tells of a page where a mouse rests into the card itself: under the link, for everybody."""

    def apply(self, **kwargs: Any) -> None:
        told = ""
        for part in list(self.document.findall(nodes.raw)):
            text = part.astext()
            if opens := _OPENS.search(text):
                told = opens[2]  # it is HTML already
                text = _OPENS.sub(r"\1>", text)
            elif told and _CLOSES.search(text):
                text = f'<p class="card-text">{told}</p>'.join(_CLOSES.split(text))  # the link has the title
                told = ""
            part[:] = [nodes.Text(text)]
