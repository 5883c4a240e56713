"""The table of a section of papers: what each page's run found, beside what was published.

While a page runs, the gallery hands over its variables; a `Reproduction` among them is written to a file beside the
page. The directive ``.. reproductions::`` on the section's index shows all of them in one table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ..runs.gallery import ReadingOrder
from .tables import cell, link_to, table

SUFFIX = ".reproduction.json"


def scrape(block: tuple[Any, ...], variables: dict[str, Any], gallery: dict[str, Any]) -> str:
    """Write the reproduction of a page, if it made one, beside the page. Called by the gallery after each block."""
    # By its name: a build in which nothing runs must not import the library, and with it torch.
    found = [each for each in variables["example_globals"].values() if type(each).__name__ == "Reproduction"]
    if found:
        target = Path(variables["target_file"])
        rows = [value.texts() for value in found[-1].values]
        table = {"header": found[-1].HEADER, "rows": rows}
        target.with_suffix(SUFFIX).write_text(json.dumps(table, ensure_ascii=False, indent=1), "utf-8")
    return ""


class Reproductions(SphinxDirective):
    """The table, with a link to the page in front of its rows."""

    def run(self) -> list[nodes.Node]:
        folder = Path(self.env.doc2path(self.env.docname)).parent
        if list(folder.glob("*/index.rst")):  # the gallery's index repeats the headers of its sections
            return []
        files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: order(self.env.srcdir, folder, path))
        for path in folder.glob("*.py.md5"):  # written at each run, also at the first one
            self.env.note_dependency(str(path))
        tables = [(path.name.removesuffix(SUFFIX), json.loads(path.read_text("utf-8"))) for path in files]
        if not tables:
            return [nodes.paragraph(text="No page of this section has run.")]
        return [table_of(tables, tables[0][1]["header"])]


def order(docs: str, folder: Path, path: Path) -> int:
    """Return the place of a page in the reading order of its section."""
    section = Path(docs).parent / "examples" / folder.name
    return ReadingOrder(str(section))(path.name.removesuffix(SUFFIX) + ".py")


def table_of(tables: list[tuple[str, dict[str, Any]]], header: list[str]) -> nodes.table:
    """Return one table of all pages' rows."""
    body: list[nodes.row] = []
    for page, found in tables:
        rows = [nodes.row("", *map(cell, row)) for row in found["rows"]]
        rows[0].insert(0, cell(nodes.paragraph("", "", link_to(page)), more_rows=len(rows) - 1))
        body += rows
    return table("Published and measured", ["page", *header], body, name="reproductions")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("reproductions", Reproductions)
    return {"parallel_read_safe": True}
