"""What Sphinx-Gallery calls while it runs the scripts: a clean start for each, and figures that follow the theme."""

from __future__ import annotations

import filecmp
import gc
import html
import os
import random
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

from .figures import save_card, save_themed_svg, text_alternative

CARD_SUFFIX = ".card.svg"  # the drawing that stands for a page on the index

SECTIONS = ("broadcasting", "memory", "einsum", "backprop", "initialization", "papers")


@cache
def _threads() -> int:
    """Return how many threads torch began with. Called before the first script, which may ask for another number."""
    import torch

    return torch.get_num_threads()


def reset(gallery: dict[str, Any], filename: str) -> None:
    """Start each script as a fresh interpreter would: seeds, default dtype, gradient mode, threads, no figures."""
    import matplotlib.pyplot as plt
    import torch

    plt.close("all")
    plt.rcdefaults()
    random.seed(0)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.set_num_threads(_threads())
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def scrape_figures(block: tuple[Any, ...], variables: dict[str, Any], gallery: dict[str, Any]) -> str:
    """Save each open matplotlib figure as an SVG that follows the theme, with a text alternative."""
    import matplotlib.pyplot as plt

    shown = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        path = Path(next(variables["image_path_iterator"])).with_suffix(".svg")
        alternative = text_alternative(figure)
        if not alternative:
            raise ValueError(f"{variables['src_file']}: figure {path.name} has neither a title nor a described drawing")
        save_themed_svg(figure, path)
        if path.stem.endswith("_001") and figure.axes:
            save_card(figure, path.with_suffix(CARD_SUFFIX))
        source = os.path.relpath(path, gallery["src_dir"]).replace(os.sep, "/")
        image = f"   .. image:: /{source}\n      :alt: {alternative}\n      :class: figure\n"
        shown.append(f".. container:: figure-frame\n\n{image}")  # on a narrow screen the frame scrolls
    plt.close("all")
    return "\n" + "\n".join(shown) if shown else ""


def use_cards(app: Any) -> None:
    """Put the cards in the place of the gallery's thumbnails, which are copies of whole figures."""
    for folder in app.config.sphinx_gallery_conf["gallery_dirs"]:
        for card in Path(app.srcdir, folder).rglob(f"images/*_001{CARD_SUFFIX}"):
            thumbnail = card.name.replace(f"_001{CARD_SUFFIX}", "_thumb.svg")
            target = card.parent / "thumb" / thumbnail
            if not filecmp.cmp(card, target, shallow=False):  # pages that show it are read again when it is written
                shutil.copyfile(card, target)


class DescribeCards(SphinxTransform):
    """Give each thumbnail the text alternative that its drawing carries; the gallery leaves it empty."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        for image in self.document.findall(nodes.image):
            if image["uri"].endswith("_thumb.svg"):
                path = Path(self.app.srcdir, image["uri"].lstrip("/"))
                found = re.search("<title>(.*?)</title>", path.read_text("utf-8"))
                image["alt"] = html.unescape(found[1]) if found else ""


class ReadingOrder:
    """The order of the pages of a section: the one that the comment in the section's header gives."""

    def __init__(self, folder: str) -> None:
        self._header = Path(folder, "GALLERY_HEADER.rst")

    def __call__(self, filename: str) -> int:
        found = re.search(r"^\.\. reading order: (.*)$", self._header.read_text("utf-8"), re.MULTILINE)
        names = found[1].split() if found else []
        if Path(filename).stem not in names:
            raise ValueError(f"{self._header}: the line '.. reading order:' does not name {Path(filename).stem}")
        return names.index(Path(filename).stem)


def section_order(folder: str) -> int:
    """Return the place of a section: from shapes to papers."""
    return SECTIONS.index(Path(folder).name)


def setup(app: Any) -> dict[str, Any]:
    app.add_transform(DescribeCards)
    app.connect("builder-inited", use_cards, priority=900)  # after the gallery, which runs at 500
    return {"parallel_read_safe": True}
