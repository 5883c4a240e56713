"""The parts of tables that several directives make: links to pages, cells, the frame around rows, a fold for a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from docutils import nodes
from sphinx.addnodes import pending_xref

from ..page.folded import folded

_NUMBER = re.compile(r"[^\d]*\d+(?:(\.)(\d+))?")
_FIGURE_SPACE, _POINT_SPACE = "\u2007", "\u2008"  # as wide as a digit, and as a point


def link_to(page: str) -> pending_xref:
    """Return a link to a page of the site that shows the page's own title."""
    return pending_xref(
        "",
        nodes.inline(text=page),
        refdomain="std",
        reftype="doc",
        reftarget=page,
        refexplicit=False,
        refwarn=True,
    )


def cell(*content: nodes.Node | str, more_rows: int = 0) -> nodes.entry:
    """Return a cell of paragraphs; a text becomes one. It reaches over `more_rows` rows below its own."""
    blocks = (nodes.paragraph(text=each) if isinstance(each, str) else each for each in content)
    return nodes.entry("", *blocks, **({"morerows": more_rows} if more_rows else {}))


def table(title: str, header: tuple[str, ...] | list[str], rows: list[nodes.row], name: str) -> nodes.table:
    """Return a table with a header, and with a title unless that is empty; `name` is its class."""
    group = nodes.tgroup("", *[nodes.colspec(colwidth=1) for _ in header], cols=len(header))
    group += nodes.thead("", nodes.row("", *map(cell, header)))
    group += nodes.tbody("", *rows)
    heading = [nodes.title(text=title)] if title else []
    return nodes.table("", *heading, group, classes=[name], ids=[name] if title else [])


def of_page(page: str, said: str, rows: nodes.table) -> folded:
    """Return a page's part of a long list: one line with its title and what is said of it, its rows folded below."""
    link = nodes.paragraph("", "The page: ", link_to(f"/{page}"))
    return folded("", link, rows, title=said, of_page=page, classes=["of-page"])


def counted(each: Iterable[str], words: Iterable[str]) -> str:
    """Say how often each of some words comes, in this order.

    >>> counted(["agrees", "departs", "agrees"], ["agrees", "departs", "unknown"])
    'agrees: 2, departs: 1'
    """
    counts = Counter(each)
    return ", ".join(f"{word}: {counts[word]}" for word in words if counts[word])


def aligned(column: list[str]) -> list[nodes.entry]:
    """Return cells that end alike, so that the points of numbers stand below each other where the column ends.

    >>> cells = aligned(["1.25", "-3", "2.5", "yes"])
    >>> [each.astext().replace("\\u2007", "_").replace("\\u2008", ",") for each in cells]
    ['1.25', '-3,__', '2.5_', 'yes']
    """
    numbers = [_NUMBER.fullmatch(text) for text in column]
    longest = max((len(number[2] or "") for number in numbers if number), default=0)
    spaces = [_space(number, longest) if number else "" for number in numbers]
    return [
        cell(nodes.paragraph("", text, *([nodes.inline(text=space, classes=["space"])] if space else [])))
        for text, space in zip(column, spaces, strict=True)
    ]


def _space(number: re.Match[str], decimals: int) -> str:
    """Return what is as wide as the decimals that a number lacks."""
    point = "" if number[1] or not decimals else _POINT_SPACE
    return point + _FIGURE_SPACE * (decimals - len(number[2] or ""))


def sentence(text: str) -> list[nodes.Node]:
    """Return a sentence in which code stands between backquotes."""
    parts = re.split(r"`([^`]+)`", text)
    return [nodes.literal(text=each) if number % 2 else nodes.Text(each) for number, each in enumerate(parts) if each]
