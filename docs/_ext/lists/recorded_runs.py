"""The table of recorded runs: what each page took on a CPU and on a GPU, and how many of its outputs differ.

The directive ``.. devices::`` shows it. It follows the records, and the pages and modules that these are about.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from ..runs.freshness import Freshness, this_build
from ..runs.record import Record, differing, digest_of, read
from .pages_using import gallery_pages
from .tables import cell, link_to, table

KINDS = {"cpu": "CPU", "cuda": "GPU"}


@dataclass(frozen=True)
class Row:
    """A page with its records, by kind of device, and the digest of the page as it is now."""

    page: str
    digest: str
    records: dict[str, Record]

    @property
    def difference(self) -> str:
        """How many of the outputs differ between the two kinds, where both records are of one version."""
        if self.records.keys() != KINDS.keys() or len({record.digest for record in self.records.values()}) > 1:
            return "not compared"
        cpu, gpu = (self.records[kind].texts for kind in KINDS)
        return f"{len(differing(cpu, gpu))} of {len(cpu.keys() | gpu.keys())}"

    def text(self, kind: str) -> str:
        """Return how long the page took there and when, and whether it was an older version of it."""
        record = self.records.get(kind)
        if record is None:
            return "not recorded"
        age = "" if record.digest == self.digest else ", an older version"
        return f"{record.seconds:.1f} s, {record.date}{age}"


class Devices(SphinxDirective):
    """The table, below a sentence on each kind of device."""

    def run(self) -> list[nodes.Node]:
        rows = rows_of(this_build())
        self.env.metadata[self.env.docname]["devices"] = digest_of_rows(rows)
        recorded = [kind for kind in KINDS if any(kind in row.records for row in rows)]
        sentences: list[nodes.Node] = [nodes.paragraph(text=sentence(kind, rows)) for kind in KINDS]
        if not recorded:
            return sentences
        header = ["page", *(f"on the {KINDS[kind]}" for kind in recorded)]
        header += ["outputs that differ"] if len(recorded) == len(KINDS) else []
        body = [nodes.row("", *cells(row, recorded)) for row in rows]
        return [*sentences, table("Recorded runs", header, body, name="devices")]


def rows_of(build: Freshness) -> list[Row]:
    """Return a row for each page of the gallery, in its order."""
    scripts, found = build.scripts(), []
    for page in (page.name for page in gallery_pages(build.docs)):
        records = {kind: read(build.docs / "recorded" / kind / f"{Path(page).name}.json") for kind in KINDS}
        there = {kind: record for kind, record in records.items() if record}
        found.append(Row(page, digest_of(scripts[page], build.package) if there else "", there))
    return found


def sentence(kind: str, rows: list[Row]) -> str:
    """Return which devices of a kind the records are of, and with which torch."""
    records = [row.records[kind] for row in rows if kind in row.records]
    if not records:
        return f"No run on a {KINDS[kind]} is recorded yet."
    devices = sorted({f"{record.device} with torch {record.torch}" for record in records})
    return f"The {KINDS[kind]} is {', or '.join(devices)}."


def cells(row: Row, recorded: list[str]) -> list[nodes.entry]:
    texts = [row.text(kind) for kind in recorded]
    texts += [row.difference] if len(recorded) == len(KINDS) else []
    return [cell(nodes.paragraph("", "", link_to(f"/{row.page}"))), *map(cell, texts)]


def digest_of_rows(rows: list[Row]) -> str:
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def read_again(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Have the page read again if a record, or what one is about, has changed."""
    shown = {page: metadata["devices"] for page, metadata in env.metadata.items() if "devices" in metadata}
    if not shown:
        return []
    now = digest_of_rows(rows_of(this_build()))
    return [page for page, digest in shown.items() if digest != now]
