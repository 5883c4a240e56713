"""The page on how the site checks itself: figures of this build, and of each check when it last ran and passed.

The latter stand in `tests/ledger.jsonl`, one check a line; see `tests/ledger.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from ..law.rules import count
from ..runs.freshness import Freshness, this_build
from ..sources.blocks import SOLUTION, read_page
from .tables import cell, table

LEDGER = Path("tests", "ledger.jsonl")
# How the units of a kind begin, and what their figures count; `units` stands for the units themselves.
KINDS = (
    (
        "quick tests of the library",
        {
            "tests": "tests of the library, all passed",
            "comparisons": "comparisons in these tests by functions of PyTorch, NumPy and pytest",
        },
    ),
    (
        "mutants of ",
        {
            "planted": "places broken on purpose, in the library and on the pages",
            "killed": "of these, noticed by a test or by the build",
            "equivalent": "of these, excused, each with its reason",
            "survived": "of these, noticed by nobody",
        },
    ),
    (
        "counter-programs of ",
        {
            "planted": "lines that make a claim of a page false",
            "killed": "of these, noticed by the check after the claim",
        },
    ),
    ("ten seeds of ", {"units": "papers and questions run with ten other seeds each"}),
    ("copied ", {"units": "scripts and notebooks run as downloaded, in an empty folder"}),
    ("browser ", {"units": "pages looked at in a browser, in both themes, wide and narrow"}),
)


class check_figures(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """The place of the table, which is made when all pages have been read."""


class CheckFigures(SphinxDirective):
    """The table of figures."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["check_figures"] = []
        return [check_figures()]


def figures_of_build(build: Freshness) -> dict[str, int]:
    """Return what the pages of this build contain: how many pages, claims, checks and exercises."""
    pages = build.pages()
    blocks = {page: read_page(path) for page, path in pages.items()}
    claims, checks = (sum(count(each)[i] for each in blocks.values()) for i in (0, 1))
    lines = (line for each in blocks.values() for block in each if not block.is_code for line in block.text.split("\n"))
    return {
        "pages": len(pages),
        "claims": claims,
        "checks": checks,
        "exercises": sum(line.startswith(SOLUTION) for line in lines),
    }


def rows(build: dict[str, int], checks: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return the table: what is counted, how many, and when."""
    now = "in this build"
    return [
        ("pages whose code is run", f"{build['pages']:,}", now),
        ("short answers, rules, traps and formulas, each followed by code that checks it", f"{build['claims']:,}", now),
        ("checks on the pages: asserts, comparisons, expected errors", f"{build['checks']:,}", now),
        ("exercises whose solutions are run", f"{build['exercises']:,}", now),
        *(row for kind in KINDS for row in _rows_of_kind(checks, *kind)),
    ]


def _rows_of_kind(checks: list[dict[str, Any]], begins: str, texts: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return the rows of one kind of check: the sums of its figures, and from when to when it was counted."""
    found = [check for check in checks if check["unit"].startswith(begins)]
    dates = sorted({check["date"] for check in found})
    when = " to ".join(dict.fromkeys([*dates[:1], *dates[-1:]]))
    return [
        (text, f"{sum(check.get(figure, 1) for check in found):,}", when) for figure, text in texts.items() if found
    ]


def read_ledger(root: Path) -> list[dict[str, Any]]:
    """Return the lines of the ledger of checks, one of each unit; none where there is no ledger."""
    path = root / LEDGER
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return list({line["unit"]: line for line in map(json.loads, filter(None, lines))}.values())


def fill_in(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Put the table in its place."""
    places = list(doctree.findall(check_figures))
    if not places:
        return
    for place in places:
        shown = [nodes.row("", *map(cell, row)) for row in app.env.metadata[page]["check_figures"]]
        place.replace_self(table("The checks, in figures", ("what", "how many", "counted"), shown, name="figures"))


def write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Count again, and have the page written again if that changes its table."""
    build = this_build()
    root = Path(app.srcdir).parent
    checks = read_ledger(root)
    changed = []
    for page, metadata in env.metadata.items():
        if "check_figures" in metadata:
            shown = rows(figures_of_build(build), checks)
            if shown != metadata["check_figures"]:
                metadata["check_figures"] = shown
                changed.append(page)
    return changed
