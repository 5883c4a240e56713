"""Figures stand in the page itself: their texts are the page's, in its font, and can be found and selected.

A figure is one element with the role of an image and a text alternative. In it are the drawing and, where there is one,
the drawing for narrow screens; the style sheet shows one of the two. A heavy drawing stays an image, and so does what
is no SVG, and what another device drew: that is folded, and few look at it.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from ..runs.figures import NARROW_SUFFIX

RECORDED = "recorded/"  # the folder of records
HEAVIEST = 60_000  # bytes of an SVG in a page
BOTH = 57_000  # bytes of a drawing and of its narrow version: several such figures are all that a page's weight allows
_PIXELS = 4 / 3  # in a point
_LEADS_TO = re.compile(r"#(?![0-9a-f]{6}\b)([\w.-]+)")  # a name, and not a colour


class drawing(nodes.image):  # noqa: N801 - docutils names its nodes this way
    """An image whose file is written into the page. Its attribute `files` names the drawings."""


class PutDrawings(SphinxPostTransform):
    """Make drawings of the figures that are light enough."""

    def run(self, **options: Any) -> None:
        for image in list(self.document.findall(nodes.image)):
            place = image["uri"].lstrip("/")
            files = [] if place.startswith(RECORDED) else drawings_of(Path(self.app.srcdir, place))
            if "figure" in image["classes"] and files:
                image.replace_self(drawing("", files=files, **image.attributes))


def drawings_of(path: Path) -> list[Path]:
    """Return the files of a figure's drawings, the one for wide screens first; none if that is to stay an image.

    Where both are too heavy together, a phone shows the wide one.
    """
    files = [each for each in (path, path.with_suffix(NARROW_SUFFIX)) if each.exists()]
    is_light = all(each.suffix == ".svg" and each.stat().st_size <= HEAVIEST for each in files)
    at_most = 2 if sum(each.stat().st_size for each in files) <= BOTH else 1
    return files[:at_most] if is_light else []


def visit_drawing(writer: Any, node: drawing) -> None:
    """Write the drawings; the address of the file is for those who take it along."""
    source = "/".join((writer.builder.imgpath, Path(writer.builder.images[node["uri"]]).name))
    alternative = html.escape(node["alt"])
    writer.body.append(f'<div class="figure" role="img" aria-label="{alternative}" data-src="{html.escape(source)}">')
    for path in node["files"]:
        name = re.sub(r"\W+", "-", path.name.removeprefix("sphx_glr_").removesuffix(".svg"))
        writer.body.append(in_page(path.read_text("utf-8"), f"{name}-"))
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def in_page(svg: str, prefix: str) -> str:
    """Return a drawing for a page: without what only a file needs, and with names of its own.

    >>> in_page('<svg xmlns="http://www.w3.org/2000/svg" width="3"><g id="a"/><use href="#b"/><g id="b"/></svg>', "x-")
    '<svg width="4" style="--own-width: 4px"><g /><use href="#x-b" /><g id="x-b" /></svg>'
    """
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    for style in root.findall("style"):  # it would hold for the whole page, and the page has one of its own
        root.remove(style)
    root.attrib.pop("version", None)
    for name in {"width", "height"} & root.attrib.keys():
        root.set(name, f"{round(_PIXELS * float(root.attrib[name].removesuffix('pt')))}")
    root.set("style", f"--own-width: {root.get('width')}px")  # a phone shows it smaller, but not too small
    used = {name for element in root.iter() for value in element.attrib.values() for name in _LEADS_TO.findall(value)}
    for element in root.iter():
        name = element.attrib.pop("id", "")
        if name in used:
            element.set("id", prefix + name)
        for key, value in element.attrib.items():
            element.set(key, _LEADS_TO.sub(rf"#{prefix}\1", value))
    return ElementTree.tostring(root, encoding="unicode")
