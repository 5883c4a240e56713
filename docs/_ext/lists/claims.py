"""The tables of circulating claims: what is said, what is true, and the check on its page that shows it.

The directive ``.. claims::`` shows docs/claims.toml. The build fails if a claim names a page that is not there, or if
its check stands in none of that page's blocks of code: so the table cannot outlive what it rests on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from ..law.rules import checks_in
from ..sources import pages
from ..sources.blocks import Block, read_script
from .entries import entries, stop_if_wrong
from .tables import cell, counted, of_page, table

KEYS = {"page", "said", "verdict", "true", "check"}
VERDICTS = ("wrong", "half right", "right")
HEADER = ("what is said", "verdict", "what is true, and the check that shows it")


class Claims(SphinxDirective):
    """The pages, each with its claims folded below."""

    def run(self) -> list[nodes.Node]:
        docs = Path(self.env.srcdir)
        file, found = docs / "claims.toml", pages.scripts(docs.parent)
        scripts = {path.stem: path for path in found.values()}
        self.env.note_dependency(file)
        claims = entries(file, "claim")
        for page in {claim.get("page", "") for claim in claims} & scripts.keys():
            self.env.note_dependency(scripts[page])
        stop_if_wrong(file, "claim", problems(claims, scripts))
        return [nodes.container("", *by_page(claims, {path.stem: page for page, path in found.items()}))]


def problems(claims: list[dict[str, str]], scripts: dict[str, Path]) -> Iterator[str]:
    """Yield what is wrong with the claims: each names a page, a verdict, and a check that stands on that page."""
    blocks = {page: read_script(scripts[page]) for page in {claim.get("page", "") for claim in claims} & scripts.keys()}
    for number, claim in enumerate(claims, start=1):
        if claim.keys() != KEYS:
            yield f"claim {number} has the keys {', '.join(claim)}, not {', '.join(sorted(KEYS))}"
        elif claim["verdict"] not in VERDICTS:
            yield f"claim {number} has the verdict {claim['verdict']!r}, which is none of {', '.join(VERDICTS)}"
        elif claim["page"] not in scripts:
            yield f"claim {number} names the page {claim['page']!r}, and there is no such script"
        elif not is_checked(claim["check"], blocks[claim["page"]]):
            yield f"claim {number}: the page {claim['page']!r} has no check {claim['check'].strip()!r}"


def is_checked(check: str, blocks: list[Block]) -> bool:
    """Return whether these lines stand in a block of code, and begin a statement that could fail.

    White space does not count. The lines count as a whole: ``assert x == 1`` is not found in ``assert x == 10``.
    """
    wanted = _lines(check.strip())
    for block in blocks:
        if block.is_code:
            lines = _lines(block.text)
            starts = {node.lineno - 1 for node in checks_in(block.text)}
            if any(lines[start : start + len(wanted)] == wanted for start in starts):
                return True
    return False


def _lines(code: str) -> list[str]:
    return [" ".join(line.split()) for line in code.split("\n")]


def by_page(claims: list[dict[str, str]], documents: dict[str, str]) -> Iterator[nodes.Node]:
    """Yield a table for each page, in the order of the claims; `documents` are the pages by the names in the claims."""
    for page, each in itertools.groupby(claims, key=lambda claim: claim["page"]):
        of_this = list(each)
        rows = table("", HEADER, [_row(claim) for claim in of_this], name="claims")
        yield of_page(documents[page], counted((claim["verdict"] for claim in of_this), VERDICTS), rows)


def _row(claim: dict[str, str]) -> nodes.row:
    check = nodes.literal(text=claim["check"].strip(), language="python", classes=["code", "check"])
    shown = cell(_prose(claim["true"]), nodes.paragraph("", "", check))
    return nodes.row("", cell(_prose(claim["said"])), cell(claim["verdict"]), shown)


def _prose(text: str) -> nodes.paragraph:
    """Return a paragraph in which what stands in backticks is code."""
    parts = re.split(r"`([^`]*)`", text)
    return nodes.paragraph("", "", *[nodes.literal(text=x) if i % 2 else nodes.Text(x) for i, x in enumerate(parts)])
