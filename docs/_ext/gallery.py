"""What Sphinx-Gallery calls while it runs the scripts: a clean start for each, and figures that follow the theme."""

from __future__ import annotations

import gc
import os
import random
import re
from pathlib import Path
from typing import Any

# Black becomes the reader's own text colour. An SVG shown as an image takes `prefers-color-scheme` from the page
# around it, and the site's style sheet sets that to the theme the reader has chosen.
_THEME_STYLE = (
    "<style>:root { color: #16181d; fill: currentColor } "
    "@media (prefers-color-scheme: dark) { :root { color: #e4e6ea } }</style>"
)

TIMINGS = "timings"  # plt.figure(num="timings"): a figure of running times

SECTIONS = ("broadcasting", "memory", "einsum", "backprop", "initialization", "papers")


def reset(gallery: dict[str, Any], filename: str) -> None:
    """Start each script as a fresh interpreter would: seeds, default dtype, gradient mode, no figures."""
    import matplotlib.pyplot as plt
    import torch

    plt.close("all")
    plt.rcdefaults()
    random.seed(0)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
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
        source = os.path.relpath(path, gallery["src_dir"]).replace(os.sep, "/")
        image = f"   .. image:: /{source}\n      :alt: {alternative}\n      :class: figure\n"
        shown.append(f".. container:: figure-frame\n\n{image}")  # on a narrow screen the frame scrolls
    plt.close("all")
    return "\n" + "\n".join(shown) if shown else ""


def text_alternative(figure: Any) -> str:
    """Return what the figure shows in words: its titles, and the descriptions that the drawings carry as labels."""
    parts = [figure.get_suptitle()]
    for ax in figure.axes:
        label = ax.get_label()
        parts += [ax.get_title(), "" if label.startswith("<") else label]  # matplotlib's own labels begin with <
    sentences = (" ".join(part.split()) for part in parts if part.strip())
    return " ".join(text if text.endswith((".", "?", "!")) else f"{text}." for text in sentences)


def save_themed_svg(figure: Any, path: Path) -> None:
    """Save without date and without background; the same figure gives the same file.

    A figure made with ``num="timings"`` is marked like other measured figures: it is another one at each build.
    """
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "tensorglass", "svg.fonttype": "path"}):
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = path.read_text("utf-8")
    svg = re.sub(r"(<svg [^>]*>)", rf"\1{_THEME_STYLE}", svg, count=1)
    if figure.get_label() == TIMINGS:
        svg = svg.replace("<svg ", '<svg class="measured" ', 1)
    path.write_text(svg.replace("#000000", "currentColor"), "utf-8")


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
