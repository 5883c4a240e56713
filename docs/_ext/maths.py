"""Formulas are drawn when the site is built: no script, no font and no other host is needed to read them.

Each becomes an SVG in the colour and size of the text around it, with its TeX as the text alternative.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Any

from docutils import nodes
from sources import source_version
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

_SIZE = 16  # the units of the drawing in one em of the text around it


@cache
def draw(tex: str, inline: bool) -> str:
    """Return a formula as an SVG element, in units of the text's size and standing on its baseline.

    Raises
    ------
    ValueError
        If the formula cannot be understood; the message quotes it.
    """
    import ziamath  # only pages with formulas, when they are written, pay for it

    ziamath.config.svg2 = False  # paths in place of symbols, whose names would clash on a page of several formulas
    ziamath.config.precision = 2
    try:
        svg = ziamath.Latex(tex, size=_SIZE, inline=inline, color="currentColor").svg()
    except Exception as error:
        raise ValueError(f"the formula {tex!r} cannot be drawn: {error}") from error
    box = re.search(r'width="([\d.]+)" height="([\d.]+)" viewBox="\S+ (\S+) \S+ \S+"', svg)
    assert box is not None
    width, height, top = (float(number) for number in box.groups())
    below = (height + top) / _SIZE
    place = f'style="width:{width / _SIZE:.3f}em;height:{height / _SIZE:.3f}em;vertical-align:{-below:.3f}em" '
    return svg.replace(f'width="{box[1]}" height="{box[2]}" ', place + 'aria-hidden="true" ', 1)


def visit_math(writer: Any, node: nodes.math) -> None:
    tex = node.astext()
    _write(writer, node, "span", tex)


def visit_display(writer: Any, node: nodes.math_block) -> None:
    tex = " ".join(node.astext().split())
    _write(writer, node, "div", tex)


def _write(writer: Any, node: nodes.Node, tag: str, tex: str) -> None:
    text = html.escape(tex)
    try:
        shown = draw(tex, inline=tag == "span")
    except ValueError as error:
        logger.warning(str(error), location=node)
        shown = text
    writer.body.append(f'<{tag} class="formula" role="img" aria-label="{text}" data-tex="{text}">{shown}</{tag}>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("drawn", (visit_math, None), (visit_display, None))
    return {"env_version": source_version(__file__), "parallel_read_safe": True}
