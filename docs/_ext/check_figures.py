"""The page on how the site checks itself: figures of this build, and of the last recorded runs of the tests.

`nox -s tests -- --record` and `nox -s mutants -- --record` write their figures to `docs/recorded/checks.json`, with the
date and a digest of the sources. Figures of other sources are shown as such.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docutils import nodes
from freshness import Freshness
from law import count
from sources import read_notebook, read_script
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from tables import cell, table

RECORD = Path("docs", "recorded", "checks.json")
SOURCES = ("src/**/*.py", "examples/**/*.py", "docs/**/*.md", "docs/_ext/*.py", "tests/**/*.py")


class check_figures(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """The place of the table, which is made when all pages have been read."""


class CheckFigures(SphinxDirective):
    """The table of figures."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["check_figures"] = []
        return [check_figures()]


def digest_of_sources(root: Path) -> str:
    """Return a digest of everything that the recorded figures are about."""
    generated = (root / "docs" / "auto_examples", root / "docs" / "_build")
    files = {path for pattern in SOURCES for path in root.glob(pattern)}
    chosen = sorted(path for path in files if not any(folder in path.parents for folder in generated))
    named = (f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes() for path in chosen)
    return hashlib.sha256(b"\0".join(named)).hexdigest()


def record(root: Path, name: str, **figures: float) -> None:
    """Write the figures of one kind of check, with today's date and what they are about."""
    path = root / RECORD
    recorded = json.loads(path.read_text("utf-8")) if path.exists() else {}
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    recorded[name] = {**figures, "date": today, "sources": digest_of_sources(root)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(sorted(recorded.items())), indent=1) + "\n", "utf-8")


def figures_of_build(build: Freshness) -> dict[str, int]:
    """Return what the pages of this build contain: how many pages, claims, checks and exercises."""
    pages = build.pages()
    scripts = build.scripts()
    blocks = {
        page: read_script(path) if page in scripts else read_notebook(path.read_text("utf-8"))
        for page, path in pages.items()
    }
    claims, checks = (sum(count(each)[i] for each in blocks.values()) for i in (0, 1))
    lines = (line for each in blocks.values() for block in each if not block.is_code for line in block.text.split("\n"))
    return {
        "pages": len(pages),
        "claims": claims,
        "checks": checks,
        "exercises": sum(line.startswith("Solution") for line in lines),
    }


def rows(build: dict[str, int], recorded: dict[str, Any], digest: str) -> list[tuple[str, str, str]]:
    """Return the table: what is counted, how many, and when."""
    now = "in this build"
    found = [
        ("pages whose code is run", f"{build['pages']:,}", now),
        ("short answers, rules, traps and formulas, each followed by code that checks it", f"{build['claims']:,}", now),
        ("checks on the pages: asserts, comparisons, expected errors", f"{build['checks']:,}", now),
        ("exercises whose solutions are run", f"{build['exercises']:,}", now),
    ]
    words = {
        "tests": (
            ("tests of the library, all passed", "passed"),
            ("comparisons in these tests by functions of PyTorch, NumPy and pytest", "comparisons"),
        ),
        "mutants": (
            ("places broken on purpose, in the library and on the pages", "planted"),
            ("of these, noticed by a test or by the build", "killed"),
            ("of these, excused, each with its reason", "equivalent"),
            ("of these, noticed by nobody", "survived"),
        ),
    }
    for name, lines in words.items():
        if name in recorded:
            age = "" if recorded[name]["sources"] == digest else ", for an earlier state of the sources"
            found += [(text, f"{recorded[name][key]:,}", f"{recorded[name]['date']}{age}") for text, key in lines]
    return found


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
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    root = Path(app.srcdir).parent
    path = root / RECORD
    changed = []
    for page, metadata in env.metadata.items():
        if "check_figures" in metadata:
            recorded = json.loads(path.read_text("utf-8")) if path.exists() else {}
            shown = rows(figures_of_build(build), recorded, digest_of_sources(root))
            if shown != metadata["check_figures"]:
                metadata["check_figures"] = shown
                changed.append(page)
    return changed


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(check_figures)
    app.add_directive("check-figures", CheckFigures)
    app.connect("doctree-resolved", fill_in)
    app.connect("env-updated", write_again)
    return {"parallel_read_safe": True}
