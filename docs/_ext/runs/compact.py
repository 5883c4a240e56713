"""An SVG of matplotlib's without what nobody sees: places to a millionth of a point, and a style for all elements."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from .drawn_text import SVG

XLINK = "{http://www.w3.org/1999/xlink}"
_PLACES = ("d", "x", "y", "width", "height", "transform")
_FRACTION = re.compile(r"-?\d+\.\d+")


def compact(root: ElementTree.Element) -> None:
    """Round the places in an SVG: to a tenth of a point, and to a hundredth in small marks and in where texts stand."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{SVG}metadata" or child.find(f"{SVG}style") is not None:
                parent.remove(child)
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")  # said of `*`, it would hold for a whole page
    small = {each for definitions in root.iter(f"{SVG}defs") for each in definitions.iter()}
    for element in root.iter():
        if element is not root:
            _round(element, digits=2 if element in small else 1)
        for name in [name for name in element.attrib if name.startswith(XLINK)]:
            element.set(name.removeprefix(XLINK), element.attrib.pop(name))
        if not (element.text or "").strip():
            element.text = None
        if not (element.tail or "").strip():
            element.tail = None


def _round(element: ElementTree.Element, digits: int) -> None:
    for name in _PLACES:
        value = element.get(name)
        if value and "scale" not in value and "matrix" not in value:
            rounded = _FRACTION.sub(lambda found: _short(float(found[0]), digits), value)
            element.set(name, " ".join(rounded.split()))


def _short(number: float, digits: int) -> str:
    """Return a number with so many digits behind the point, and without those that say nothing.

    >>> [_short(number, 1) for number in (12.345678, 3.0001, -0.04)]
    ['12.3', '3', '0']
    """
    return f"{round(number, digits) + 0.0:.{digits}f}".rstrip("0").rstrip(".")
