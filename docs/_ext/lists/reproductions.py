"""The list of a section of papers: what each page's run found, beside what was published.

What a page found was written to a file beside it while it ran. The directive ``.. reproductions::`` on the section's
index shows all of them: a line for each page with how often the two agree, and its rows folded below.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from ..runs.gallery import REPRODUCTION_SUFFIX
from ..sources.pages import GALLERY, SCRIPTS
from ..sources.reading_order import ReadingOrder
from .tables import aligned, cell, counted, of_page, table

NOT_CHECKED = re.compile(r"\s*\(not checked\)")
MARK = "\N{DAGGER}"
PLACE, NUMBERS, VERDICT = 1, (2, 3, 4), 5  # the columns with the place in the paper, with numbers, with the verdict


class Reproductions(SphinxDirective):
    """The pages with their rows, and a note on what is marked in them."""

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
        section = f"{GALLERY}/{folder.name}"
        pages = [of_paper(f"{section}/{page}", found["header"], found["rows"]) for page, found in tables]
        rows = [row for _, found in tables for row in found["rows"]]
        total = nodes.paragraph(text=f"Of {len(tables)} papers, {len(rows)} results. {summary(rows).capitalize()}.")
        marked = any(NOT_CHECKED.search(row[PLACE]) for row in rows)
        note = [nodes.paragraph(text=f"{MARK} Not checked.", classes=["note"])] if marked else []
        return [nodes.container("", total, *pages, *note, classes=["reproductions"])]


def order(docs: Path, folder: Path, path: Path) -> int:
    """Return the place of a page in the reading order of its section."""
    section = docs.parent / SCRIPTS / folder.name
    return ReadingOrder(str(section))(path.name.removesuffix(REPRODUCTION_SUFFIX) + ".py")


def summary(rows: list[list[str]]) -> str:
    """Return how many rows agree and how many depart, and for how many the paper was not read."""
    unread = sum(bool(NOT_CHECKED.search(row[PLACE])) for row in rows)
    return counted((row[VERDICT] for row in rows), ("agrees", "departs")) + (
        f", not checked: {unread}" if unread else ""
    )


def of_paper(page: str, header: list[str], rows: list[list[str]]) -> nodes.Node:
    """Return a page's line and its rows; places that were not checked have a mark, which the note explains."""
    columns = [
        aligned(list(column)) if i in NUMBERS else [cell(_place(text)) if i == PLACE else cell(text) for text in column]
        for i, column in enumerate(zip(*rows, strict=True))
    ]
    body = [nodes.row("", *row) for row in zip(*columns, strict=True)]
    return of_page(page, summary(rows), table("", header, body, name="reproductions"))


def _place(text: str) -> nodes.paragraph:
    """Return the place in the paper, marked if it was not checked."""
    mark = [nodes.Text("\N{NO-BREAK SPACE}"), nodes.superscript(text=MARK)] if NOT_CHECKED.search(text) else []
    return nodes.paragraph("", NOT_CHECKED.sub("", text), *mark)
