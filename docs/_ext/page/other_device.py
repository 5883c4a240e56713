"""Each script's page shows what it printed on the other kind of device: a page built on a CPU, what a GPU said.

What is shown is the page's record: folded, in its section "On a GPU" or else at its end, and dated. The record of an
older version of the script is shown as such. Where there is no record, nothing is shown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform

from ..runs.freshness import Freshness, this_build
from ..runs.record import Record, differing, digest_of, has_measured, kind_of, read
from .folded import folded

SECTION = "On a GPU"
_BLOCK_BEGINS = re.compile(r"GENERATED FROM PYTHON SOURCE LINES (\d+)-\d+")  # the gallery's comment above each block


@dataclass(frozen=True)
class Found:
    """The record of a page on the other kind of device, and whether it is of the page as it is now."""

    path: Path
    kind: str
    record: Record
    current: bool

    @property
    def digest(self) -> str:
        """A digest of all that decides how the record is shown."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


def find(build: Freshness, page: str) -> Found | None:
    """Return the record that a page is to show, or None where there is none, or where the page itself did not run."""
    run = build.recorded(page) if page in build.scripts() and build.is_current(page) else None
    if run is None:
        return None
    kind = "cuda" if kind_of(run.environment["device"]) == "cpu" else "cpu"
    path = build.docs / "recorded" / kind / f"{Path(page).name}.json"
    record = read(path)
    if record is None:
        return None
    return Found(path, kind, record, record.digest == digest_of(build.scripts()[page], build.package))


class ShowRecord(SphinxTransform):
    """Put the record into the page."""

    def apply(self, **kwargs: Any) -> None:
        found = find(this_build(), self.env.docname)
        if found is None:
            return
        self.env.metadata[self.env.docname]["record"] = found.digest
        self.env.note_dependency(str(found.path))
        sections = [part for part in self.document.findall(nodes.section) if part[0].astext() == SECTION]
        place = sections[0] if sections else next(self.document.findall(nodes.section))
        place += as_folded(found, self.document)


def read_again(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Have those pages read again whose record came, went, changed, or became one of an older version."""
    build = this_build()
    found = {page: find(build, page) for page in build.scripts() if page in env.all_docs}
    shown = {page: env.metadata[page].get("record") for page in found}
    return [page for page, each in found.items() if shown[page] != (each.digest if each else None)]


def as_folded(found: Found, document: nodes.document) -> folded:
    """Return what a record says: where it is current, only what the page itself does not show."""
    record, is_gpu = found.record, found.kind == "cuda"
    whose = "The same page" if found.current else "An older version of this page"
    title = f"{whose} on {record.device} (torch {record.torch}, {record.date}): {record.seconds:.1f} s"
    parts = [nodes.paragraph(text=f"It ran with Python {record.python}. {tf32_text(record) if is_gpu else ''}")]
    parts += compared(record, document) if found.current else outdated(record)
    kept = [figure for figure in record.figures if figure.file]
    if kept:
        parts.append(nodes.paragraph(text="Figures that a CPU draws in another way:"))
    for figure in kept:
        image = nodes.image(uri=f"/recorded/{found.kind}/{figure.file}", alt=figure.alternative, classes=["figure"])
        parts.append(nodes.container("", image, classes=["figure-frame"]))
    return folded("", *parts, title=title, classes=["record"])


def tf32_text(record: Record) -> str:
    """Return for what the GPU was allowed to round float32 factors to TF32."""
    allowed = " and ".join(sorted(what for what, is_allowed in record.tf32.items() if is_allowed))
    return f"Rounding to TF32 was allowed for {allowed}." if allowed else "Rounding to TF32 was not allowed."


def compared(record: Record, document: nodes.document) -> Iterator[nodes.Node]:
    """Yield the outputs that differ from those of the page, and those in which something is measured."""
    shown, titles = outputs_on_page(document), titles_on_page(document)
    differ = differing(record.texts, shown)
    measured = [line for line, text in record.texts.items() if has_measured(text) and line not in differ]
    if differ:
        yield nodes.paragraph(text=f"Outputs that differ, {len(differ)} of {len(record.texts.keys() | shown.keys())}:")
        for line in differ:
            yield from block(titles.get(line, "On this page"), line, record.texts.get(line, ""))
    others = "All other outputs" if differ else "All outputs"
    marked = ", but for what is marked as measured:" if measured else "."
    yield nodes.paragraph(text=f"{others} are the same{marked}")
    for line in measured:
        yield from block(titles.get(line, "On this page"), line, record.texts[line])


def outdated(record: Record) -> Iterator[nodes.Node]:
    """Yield all outputs of an older version, to which those of the page cannot be compared."""
    told = "Since then the script has changed, or a module of the library that it uses. What that version put out:"
    yield nodes.paragraph(text=told)
    for line, text in record.texts.items():
        yield from block("That version", line, text)


def block(title: str, line: int, text: str) -> Iterator[nodes.Node]:
    """Yield an output, below the place of its block of code."""
    yield nodes.paragraph(text=f"{title}, line {line} of the script", classes=["record-place"])
    text = text or "(no output)"
    yield nodes.literal_block(text, text, language="none", classes=["record-output"])


def outputs_on_page(document: nodes.document) -> dict[int, str]:
    """Return the outputs that a page shows, by the first line of their block in the script."""
    texts: dict[int, str] = {}
    line = 0
    for node in document.findall():
        if isinstance(node, nodes.comment):
            begins = _BLOCK_BEGINS.match(node.astext())
            line = int(begins[1]) if begins else line
        printed = isinstance(node, nodes.literal_block) and "sphx-glr-script-out" in node["classes"]
        if printed or (isinstance(node, nodes.raw) and "output_subarea" in node.astext()):
            texts[line] = f"{texts.get(line, '')}\n{node.astext()}"
    return texts


def titles_on_page(document: nodes.document) -> dict[int, str]:
    """Return the title of the section in which each block stands, by the block's first line."""
    found = {}
    for comment in document.findall(nodes.comment):
        begins = _BLOCK_BEGINS.match(comment.astext())
        if begins and isinstance(comment.parent, nodes.section):
            found[int(begins[1])] = comment.parent[0].astext()
    return found
