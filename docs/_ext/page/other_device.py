"""Each page shows what it printed on the other kind of device: a page built on a CPU, what a GPU said.

What is shown is the page's record, dated. That of a script is folded, in its section "On a GPU" or else at its end.
In a notebook in Markdown, each cell whose output differs or was measured has that of the record below its own. The
record of an older version of the page is shown as such, folded. Where there is no record, nothing is shown.
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
from ..sources.blocks import MORE, code_blocks
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
    lines: tuple[int, ...]  # where the page's blocks of code begin

    @property
    def digest(self) -> str:
        """A digest of all that decides how the record is shown."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


def find(build: Freshness, page: str) -> Found | None:
    """Return the record that a page is to show, or None where there is none, or where the page itself did not run."""
    source, device = build.pages().get(page), device_of(build, page)
    if source is None or device is None:
        return None
    kind = "cuda" if kind_of(device) == "cpu" else "cpu"
    path = build.docs / "recorded" / kind / f"{source.stem}.json"
    record = read(path)
    if record is None:
        return None
    lines = tuple(block.line for block in code_blocks(source))
    return Found(path, kind, record, record.digest == digest_of(source, build.package), lines)


def device_of(build: Freshness, page: str) -> str | None:
    """Return the device whose outputs a page shows, or None if it shows none. A notebook runs when it is read."""
    if page in build.notebooks():
        return build.environment["device"]
    run = build.recorded(page) if build.is_current(page) else None
    return run.environment["device"] if run else None


class ShowRecord(SphinxTransform):
    """Put the record into the page."""

    def apply(self, **kwargs: Any) -> None:
        build, page = this_build(), self.env.docname
        found = find(build, page)
        if found is None:
            return
        self.env.metadata[page]["record"] = found.digest
        self.env.note_dependency(str(found.path))
        if page in build.notebooks() and found.current:
            put_beside(found, self.document)
            return
        sections = [part for part in self.document.findall(nodes.section) if part[0].astext() == SECTION]
        place = sections[0] if sections else next(self.document.findall(nodes.section))
        place += as_folded(found, self.document)


def read_again(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Have those pages read again whose record came, went, changed, or became one of an older version."""
    build = this_build()
    found = {page: find(build, page) for page in build.pages() if page in env.all_docs}
    shown = {page: env.metadata[page].get("record") for page in found}
    return [page for page, each in found.items() if shown[page] != (each.digest if each else None)]


def put_beside(found: Found, document: nodes.document) -> None:
    """Put below each cell of a notebook what it printed in the record, if that differs or was measured."""
    cells = [each for each in document.findall(nodes.container) if each.get("nb_element") == "cell_code"]
    shown = {number: text for number, cell in enumerate(cells, start=1) if (text := output_of(cell))}
    record = found.record
    differ = differing(record.texts, shown)
    whose = f"On {record.device}, with torch {record.torch} ({record.date}):"
    for number, cell in enumerate(cells, start=1):
        text = record.texts.get(number, "")
        if number in differ or has_measured(text):
            cell.extend(output(whose, text))


def output_of(cell: nodes.container) -> str:
    """Return what a cell of a notebook printed and showed."""
    parts = [each for each in cell.children if isinstance(each, nodes.Element) and "cell_output" in each["classes"]]
    return "\n".join(block.astext() for part in parts for block in part.findall(nodes.literal_block))


def as_folded(found: Found, document: nodes.document) -> folded:
    """Return what a record says: where it is current, only what the page itself does not show."""
    record, is_gpu = found.record, found.kind == "cuda"
    whose = "The same page" if found.current else "An older version of this page"
    title = f"{whose} on {record.device} (torch {record.torch}, {record.date}): {record.seconds:.1f} s"
    parts = [nodes.paragraph(text=f"It ran with Python {record.python}. {tf32_text(record) if is_gpu else ''}")]
    parts += compared(found, document) if found.current else outdated(record)
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


def compared(found: Found, document: nodes.document) -> Iterator[nodes.Node]:
    """Yield the outputs that differ from those of the page, and those in which something is measured."""
    texts, shown = found.record.texts, outputs_on_page(document, found.lines)
    titles = titles_on_page(document, found.lines)
    differ = differing(texts, shown)
    measured = [number for number, text in texts.items() if has_measured(text) and number not in differ]

    def block(number: int) -> Iterator[nodes.Node]:
        title = titles.get(number, "On this page")
        return output(f"{title}, line {found.lines[number - 1]} of the script", texts.get(number, ""))

    if differ:
        yield nodes.paragraph(text=f"Outputs that differ, {len(differ)} of {len(texts.keys() | shown.keys())}:")
        for number in differ:
            yield from block(number)
    others = "All other outputs" if differ else "All outputs"
    marked = ", but for what is marked as measured:" if measured else "."
    yield nodes.paragraph(text=f"{others} are the same{marked}")
    for number in measured:
        yield from block(number)


def outdated(record: Record) -> Iterator[nodes.Node]:
    """Yield all outputs of an older version, to which those of the page cannot be compared."""
    told = "Since then the code has changed, or a module of the library that it uses. What that version put out:"
    yield nodes.paragraph(text=told)
    for number, text in record.texts.items():
        yield from output(f"Block {number} of the code", text)


def output(place: str, text: str) -> Iterator[nodes.Node]:
    """Yield an output, below a line that says where it belongs."""
    yield nodes.paragraph(text=place, classes=["record-place"])
    text = text or "(no output)"
    yield nodes.literal_block(text, text, language="none", classes=["record-output"])


def outputs_on_page(document: nodes.document, lines: tuple[int, ...]) -> dict[int, str]:
    """Return the outputs that a gallery page shows, by the number of their block of code."""
    texts: dict[int, str] = {}
    number = 0
    for node in document.findall():
        if isinstance(node, nodes.comment):
            number = number_of(node, lines) or number
        printed = isinstance(node, nodes.literal_block) and "sphx-glr-script-out" in node["classes"]
        if printed or (isinstance(node, nodes.raw) and "output_subarea" in node.astext()):
            texts[number] = f"{texts.get(number, '')}\n{node.astext()}"
    return texts


def titles_on_page(document: nodes.document, lines: tuple[int, ...]) -> dict[int, str]:
    """Return the title of the section in which each block of code stands, by the block's number."""
    found = {}
    for comment in document.findall(nodes.comment):
        number = number_of(comment, lines)
        if number and isinstance(comment.parent, nodes.section):
            found[number] = comment.parent[0].astext().removeprefix(MORE)
    return found


def number_of(comment: nodes.comment, lines: tuple[int, ...]) -> int | None:
    """Return the number of the block of code that the gallery's comment stands above, or None for other comments."""
    begins = _BLOCK_BEGINS.match(comment.astext())
    return lines.index(int(begins[1])) + 1 if begins and int(begins[1]) in lines else None
