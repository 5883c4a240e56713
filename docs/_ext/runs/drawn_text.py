"""The texts of a figure stay texts, which a reader finds and selects, and are drawn in the font of the page.

Matplotlib places them by the widths of its own font. It names the point at which a text is aligned (its left end, its
middle or its right end) for a level text of one line alone; each other one begins at its left end, and in a narrower
font would stand off to the left. Here each text is told the end by which it is aligned before the figure is saved, and
in the SVG it is placed by that.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
FONT = "var(--font-stack, Helvetica, Arial, sans-serif)"  # the page's, or where there is none a font like it
MONOSPACE = "var(--font-stack--monospace, monospace)"
SHARES = {"start": 0.0, "middle": 0.5, "end": 1.0}  # of a text's width that lie before the point
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}
_UPRIGHT_ANCHORS = {"top": "end", "center": "middle", "center_baseline": "middle"}
_SPACES = re.compile(r"^ +| +$|(?<= ) +")  # which a browser leaves out
_WIDEST_GAP = 0.2  # between two characters of one line of a formula, in heights of the larger

Character = tuple[float, float, str, str]  # of a formula: place, style and what it is


@contextlib.contextmanager
def anchors_named(figure: Any) -> Iterator[None]:
    """Have the texts of a figure carry the end by which they are aligned, as the ids of their groups in the SVG."""
    from matplotlib.text import Text

    figure.draw_without_rendering()  # what ticks there are, and so their texts, is known when all has its place
    named = {text: text.get_gid() for text in figure.findobj(Text)}
    for text in named:
        text.set_gid(anchor(text))
    try:
        yield
    finally:
        for text, name in named.items():
            text.set_gid(name)


def anchor(text: Any) -> str:
    """Return the end by which a text is aligned. Of one that stands upright, top and bottom are its ends."""
    turned = text.get_rotation() % 360
    if turned not in (90, 270) or text.get_rotation_mode() == "anchor":
        return _ANCHORS[text.get_ha()]
    found = _UPRIGHT_ANCHORS.get(text.get_va(), "start")
    return {"start": "end", "end": "start"}.get(found, found) if turned == 270 else found


def use_font_of_page(root: ElementTree.Element) -> None:
    """Place the texts of an SVG by the ends by which they are aligned, and leave their font to the page."""
    root.set("font-family", FONT)
    for group in root.iter(f"{SVG}g"):
        name = group.get("id", "")
        if name in SHARES:
            del group.attrib["id"]
            for part in group:
                if part.tag == f"{SVG}text":
                    _place(part, name)
                elif part.find(f"{SVG}text/{SVG}tspan") is not None:
                    _place_formula(part, name)


def style_of(element: ElementTree.Element) -> dict[str, str]:
    """Return an element's style as properties.

    >>> style_of(ElementTree.fromstring('<g style="fill: #ff0000; stroke-width: 2"/>'))
    {'fill': '#ff0000', 'stroke-width': '2'}
    """
    return dict(re.findall(r"([\w-]+): *([^;]+)", element.get("style", "")))


def set_style(element: ElementTree.Element, style: dict[str, str]) -> None:
    """Give an element a style, or none."""
    element.set("style", "; ".join(f"{name}: {value}" for name, value in style.items()))
    if not style:
        del element.attrib["style"]


def _place(text: ElementTree.Element, name: str) -> None:
    style = style_of(text)
    is_monospace = style.pop("font-family", "").split(",")[-1].strip() == "monospace"
    if "text-anchor" not in style and name != "start":
        style["text-anchor"] = name
        text.set("x", f"{SHARES[name] * _width(text.text or '', style, is_monospace):.2f}")
    if is_monospace:
        style["font-family"] = MONOSPACE
    text.text = _SPACES.sub(lambda found: "\N{NO-BREAK SPACE}" * len(found[0]), text.text or "")
    set_style(text, style)
    if text.get("transform", "").startswith("rotate(-0 "):
        del text.attrib["transform"]


def _place_formula(group: ElementTree.Element, name: str) -> None:
    """Make one text of a formula that is a line of characters, such as a power; in others each keeps its place."""
    text = group[0]
    characters = sorted(_characters(text), key=lambda each: each[0])
    if len(group) > 1 or not _is_one_line(characters):
        for each in text:
            set_style(each, {key: value for key, value in style_of(each).items() if key != "font-family"})
        return
    x, _, style, last = characters[-1]
    end = x + _width(last, style_of(ElementTree.Element("", style=style)))
    text[:] = []
    text.set("x", f"{SHARES[name] * end:.2f}")
    text.set("style", f"text-anchor: {name}")
    height, before = 0.0, None
    for _, y, style, character in characters:
        if (y, style) != before:
            run = ElementTree.SubElement(text, f"{SVG}tspan", {"style": style, "dy": f"{y - height:.2f}"})
            run.text = ""
        run.text = f"{run.text}{character}"
        height, before = y, (y, style)


def _characters(text: ElementTree.Element) -> Iterator[Character]:
    for each in text:
        style = {key: value for key, value in style_of(each).items() if key != "font-family"}
        written = "; ".join(f"{key}: {value}" for key, value in style.items())
        yield float(each.get("x", 0)), float(each.get("y", 0)), written, each.text or ""


def _is_one_line(characters: list[Character]) -> bool:
    """Return whether each character begins where the one before it ends."""
    for (x, _, style, character), (following, *_) in itertools.pairwise(characters):
        properties = style_of(ElementTree.Element("", style=style))
        gap = following - x - _width(character, properties)
        if abs(gap) > _WIDEST_GAP * _size(properties):
            return False
    return True


def _size(style: dict[str, str]) -> float:
    return float(style.get("font-size", "10px").removesuffix("px"))


def _width(text: str, style: dict[str, str], is_monospace: bool = False) -> float:
    """Return the width of a line of text in matplotlib's font, in which the figure was laid out."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(
        family="monospace" if is_monospace else "sans-serif",
        style="italic" if "font-style" in style else "normal",
        weight=int(style.get("font-weight", 400)),
        size=_size(style),
    )
    width: float = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
    return width
