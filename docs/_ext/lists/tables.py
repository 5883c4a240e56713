"""The parts of tables that several directives make: links to pages, cells, and the frame around rows."""

from __future__ import annotations

from docutils import nodes
from sphinx.addnodes import pending_xref


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
    """Return a table with a title and a header; `name` is its class."""
    group = nodes.tgroup("", *[nodes.colspec(colwidth=1) for _ in header], cols=len(header))
    group += nodes.thead("", nodes.row("", *map(cell, header)))
    group += nodes.tbody("", *rows)
    return nodes.table("", nodes.title(text=title), group, classes=[name], ids=[name])
