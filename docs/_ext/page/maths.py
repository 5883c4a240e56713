"""Formulas are drawn when the site is built: no script, no font and no other host is needed to read them.

Each becomes an SVG in the colour and size of the text around it, with its TeX as the text alternative. What the
drawing library would draw wrong in silence, such as a misspelt command, is refused here.
"""

from __future__ import annotations

import html
import re
from functools import cache
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)

ENVIRONMENTS = ("aligned", "bmatrix", "cases", "matrix", "pmatrix")
_SIZE = 16  # the units of the drawing in one em of the text around it
_SIGNS = set("+\N{MINUS SIGN}±")
_BEFORE_A_SIGN = set("=<>≤≥≠≈→←↦([{,;:/⋅")  # after one of these a sign belongs to what follows, as in a = -b


@cache
def draw(tex: str, inline: bool) -> str:
    """Return a formula as an SVG element, in units of the text's size and standing on its baseline.

    Raises
    ------
    ValueError
        If the formula cannot be understood; the message quotes it.
    """
    from ziamath.config import config  # only pages with formulas, when they are written, pay for it
    from ziamath.zmath import Math

    config.precision = 2
    try:
        drawing = Math(_understood(tex, inline), size=_SIZE)
        for config.svg2 in (True, False):  # with symbols for glyphs, or without
            svg = drawing.svgxml()
            if svg.find("symbol/g") is None:  # a bracket in parts: those of other heights would have the same name
                break
        if unknown := [char for leaf in drawing.mathml.itertext() for char in leaf if _is_unknown(char, drawing.font)]:
            raise ValueError(f"the font has no {unknown[0]!r}")
        if not len(svg):
            raise ValueError("nothing of it can be seen")
    except Exception as error:  # of any kind: the library has many for a formula that makes no sense
        raise ValueError(f"the formula '{tex}' cannot be drawn: {str(error) or type(error).__name__}") from error
    box, margin = drawing.node.bbox, drawing.margin
    width, height = (box.xmax - box.xmin + 2 * margin) / _SIZE, (box.ymax - box.ymin + 2 * margin) / _SIZE
    depth = (margin - box.ymin) / _SIZE
    # On a narrow screen a wide formula shrinks, and what stands alone then becomes less high.
    size = f"height:{height:.3f}em;vertical-align:{-depth:.3f}em" if inline else "height:auto"
    _write_out(svg)
    style = f"width:{width:.3f}em;{size}"
    svg.attrib = {"viewBox": svg.get("viewBox", ""), "style": style, "fill": "currentColor", "aria-hidden": "true"}
    return ElementTree.tostring(svg, encoding="unicode")


def _write_out(svg: ElementTree.Element) -> None:
    """Put the path of each glyph in the place of its use, and leave the colour to the text around.

    The names of symbols would clash on a page of several formulas. Paths that come again compress well.
    """
    symbols = {f"#{shape.get('id')}": shape for shape in svg.findall("symbol")}
    for shape in svg.iter():
        shape.attrib.pop("fill", None)
    for shape in list(svg):
        symbol = symbols.get(shape.get("href", ""))
        if shape.tag == "symbol" or (symbol is not None and not len(symbol)):  # a space has no path
            svg.remove(shape)
        elif symbol is not None:
            left, top, _, height = map(float, symbol.get("viewBox", "").split())
            scale = float(shape.get("height", "")) / height
            x, y = float(shape.get("x", "")) - scale * left, float(shape.get("y", "")) - scale * top
            shape.tag = "path"
            shape.attrib = {"transform": f"translate({x:.2f} {y:.2f}) scale({scale:.4f})", "d": symbol[0].get("d", "")}


def _understood(tex: str, inline: bool) -> ElementTree.Element:
    """Return a formula as MathML, if all of its TeX was understood."""
    from ziamath.tex import tex2mml

    for environment in re.findall(r"\\begin\{(.*?)\}", tex):
        if environment not in ENVIRONMENTS:
            raise ValueError(f"the environment {environment!r} is none of {', '.join(ENVIRONMENTS)}")
    grouped = re.sub(r"\\begin\{(\w*matrix)\}.*?\\end\{\1\}", r"{\g<0>}", tex)  # each has brackets of its own height
    math = ElementTree.fromstring(tex2mml(grouped, inline=inline))
    for part in math.iter():
        text, kind = part.text or "", part.tag.split("}")[-1]
        if text.startswith("\\"):
            raise ValueError(f"the command {text} is unknown")
        if text in ("{", "}", "$") and kind != "mo":
            raise ValueError(f"it has a stray {text}")
        if "linebreak" in part.attrib:
            raise ValueError("it has several lines, but they are not in 'aligned'")
        _space(part)
    return math


def _space(part: ElementTree.Element) -> None:
    """Set the spaces of TeX in and between the parts of a formula, where the drawing library has others."""
    if "rowspacing" in part.attrib:
        part.set("rowspacing", "0.6em")  # the lines of `aligned`; fractions would touch
    for before, each in pairwise(part):
        if each.text in _SIGNS and before.text in _BEFORE_A_SIGN:
            each.set("form", "prefix")
        elif each.tag.endswith("mo") and before.tag.endswith(("mi", "mn")) and each.text and each.text.isalpha():
            each.set("lspace", "0.167em")  # n Var(w)


def _is_unknown(char: str, font: Any) -> bool:
    invisible = char.isspace() or "\N{FUNCTION APPLICATION}" <= char <= "\N{INVISIBLE PLUS}"
    return not invisible and font.glyphindex(char) == 0


def visit_math(writer: Any, node: nodes.math) -> None:
    _write(writer, node, "span", [node.astext()])


def visit_display(writer: Any, node: nodes.math_block) -> None:
    _write(writer, node, "div", re.split(r"\n\s*\n", node.astext().strip()))  # an empty line begins another formula


def _write(writer: Any, node: nodes.Node, tag: str, formulas: list[str]) -> None:
    for formula in formulas:
        tex = " ".join(formula.split())
        text = html.escape(tex)
        try:
            shown = draw(tex, inline=tag == "span")
        except ValueError as error:
            logger.warning(str(error), location=node)
            shown = text
        attributes = f'class="formula" role="img" aria-label="{text}" data-tex="{text}"'
        if tag == "span":
            attributes += ' style="white-space:nowrap"'  # no line begins with the comma behind it
        writer.body.append(f"<{tag} {attributes}>{shown}</{tag}>")
    raise nodes.SkipNode
