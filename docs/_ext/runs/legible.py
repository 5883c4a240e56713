"""The colours of a figure's texts, changed as far as it takes to read them: darker on white, lighter on black.

Lines keep their colours. A text has another one in each theme, of the same hue, by `light-dark()`, which follows the
colour scheme that the page has set; a browser that does not know it shows the one for the light theme.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from .drawn_text import SVG, set_style, style_of

LEAST_CONTRAST = 4.5
LIGHT, DARK = "#ffffff", "#131416"  # the theme's backgrounds
_HEX = re.compile(r"#[0-9a-f]{6}")

Color = tuple[float, ...]  # red, green and blue, each from 0 to 1


def color_texts(root: ElementTree.Element) -> None:
    """Give each text of an SVG that has a colour of its own one that can be read in either theme."""
    for element in root.iter():
        color = style_of(element).get("fill", "")
        if _HEX.fullmatch(color) and color != "#000000" and _is_text(element):
            light, dark = legible(color, LIGHT), legible(color, DARK)
            set_style(element, {**style_of(element), "fill": f"light-dark({light}, {dark})"})
            element.set("fill", light)


def _is_text(element: ElementTree.Element) -> bool:
    """Return whether it is a text, a part of one, or the group of a formula."""
    return element.tag in (f"{SVG}text", f"{SVG}tspan") or element.find(f"{SVG}text/{SVG}tspan") is not None


def legible(color: str, background: str) -> str:
    """Return the colour nearest to this one that can be read: mixed with black on a light background, else with white.

    >>> legible("#0072b2", "#ffffff")
    '#0072b2'
    >>> contrast(legible("#0072b2", "#131416"), "#131416") >= 4.5
    True
    """
    end = 0.0 if _luminance(_parts(background)) > 0.18 else 1.0
    for hundredths in range(101):
        share = hundredths / 100
        mixed = "#" + "".join(f"{round(255 * (part + share * (end - part))):02x}" for part in _parts(color))
        if contrast(mixed, background) >= LEAST_CONTRAST:
            break
    return mixed


def contrast(one: str, other: str) -> float:
    """Return the ratio of contrast of two colours, as WCAG 2 defines it.

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    darker, lighter = sorted(_luminance(_parts(color)) + 0.05 for color in (one, other))
    return lighter / darker


def _parts(color: str) -> Color:
    return tuple(int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _luminance(color: Color) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
