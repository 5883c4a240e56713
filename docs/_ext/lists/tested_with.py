"""The directive ``tested-with``: with which versions the library was tested, when, and what came of it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .tables import cell, table

_VERSIONS = ("python", "torch", "numpy", "matplotlib", "opt_einsum")
HEADER = ("Python", "torch", "numpy", "matplotlib", "opt_einsum", "tests passed", "skipped", "pages passed", "on")


class TestedWith(SphinxDirective):
    """A table with a row for each combination of versions."""

    def run(self) -> list[nodes.Node]:
        file = Path(self.env.srcdir) / "versions.toml"
        self.env.note_dependency(file)
        rows = [nodes.row("", *map(cell, each)) for each in tested_with(file.read_text("utf-8"))]
        return [table("", HEADER, rows, name="tested-with")]


def tested_with(text: str) -> list[tuple[str, ...]]:
    """Return for each combination its versions, and what came of its tests and its pages, on which day.

    >>> row = '[[combination]]\\npython = "3.11"\\ntorch = "2.4.0"\\nnumpy = "1.26.0"\\nmatplotlib = "3.8.0"\\n'
    >>> row += 'opt_einsum = "3.4.0"\\n'
    >>> tested_with(row + "passed = 2000\\nskipped = 3\\npages = 6\\ndate = 2026-11-30")[0][5:]
    ('2,000', '3', '6', '2026-11-30')
    >>> tested_with(row)[0][5:]
    ('not yet', '', '', '')
    """
    return [tuple(map(str, (*(row[each] for each in _VERSIONS), *_told(row)))) for row in _combinations(text)]


def _combinations(text: str) -> list[dict[str, Any]]:
    combinations: list[dict[str, Any]] = tomllib.loads(text)["combination"]
    return combinations


def _told(row: dict[str, Any]) -> tuple[str, str, str, str]:
    if "passed" not in row:
        return "not yet", "", "", ""
    return f"{row['passed']:,}", f"{row['skipped']:,}", str(row["pages"]), row["date"].isoformat()
