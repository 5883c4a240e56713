"""The table of a section of papers: what each page's run found, beside what was published.

What a page found was written to a file beside it while it ran. The directive ``.. reproductions::`` on the section's
index shows all of them in one table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from ..runs.gallery import REPRODUCTION_SUFFIX
from ..sources.pages import SCRIPTS
from ..sources.reading_order import ReadingOrder
from .tables import cell, link_to, table


class Reproductions(SphinxDirective):
    """The table, with a link to the page in front of its rows."""

    def run(self) -> list[nodes.Node]:
        folder = Path(self.env.doc2path(self.env.docname)).parent
        if list(folder.glob("*/index.rst")):  # the gallery's index repeats the headers of its sections
            return []
        docs = Path(self.env.srcdir)
        files = sorted(folder.glob(f"*{REPRODUCTION_SUFFIX}"), key=lambda path: order(docs, folder, path))
        for path in folder.glob("*.py.md5"):  # written at each run, also at the first one
            self.env.note_dependency(str(path))
        tables = [(path.name.removesuffix(REPRODUCTION_SUFFIX), json.loads(path.read_text("utf-8"))) for path in files]
        if not tables:
            return [nodes.paragraph(text="No page of this section has run.")]
        return [table_of(tables, tables[0][1]["header"])]


def order(docs: Path, folder: Path, path: Path) -> int:
    """Return the place of a page in the reading order of its section."""
    section = docs.parent / SCRIPTS / folder.name
    return ReadingOrder(str(section))(path.name.removesuffix(REPRODUCTION_SUFFIX) + ".py")


def table_of(tables: list[tuple[str, dict[str, Any]]], header: list[str]) -> nodes.table:
    """Return one table of all pages' rows."""
    body: list[nodes.row] = []
    for page, found in tables:
        rows = [nodes.row("", *map(cell, row)) for row in found["rows"]]
        rows[0].insert(0, cell(nodes.paragraph("", "", link_to(page)), more_rows=len(rows) - 1))
        body += rows
    return table("Published and measured", ["page", *header], body, name="reproductions")
