"""The directive ``questions``: sections with their pages, in reading order, so that no list is kept by hand."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from ..sources.pages import GALLERY, SCRIPTS
from ..sources.reading_order import scripts_of
from .tables import link_to


class Questions(SphinxDirective):
    """A list of questions under the name of each section; its arguments are the sections."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        examples = Path(self.env.srcdir).parent / SCRIPTS
        everything = nodes.container(classes=["questions"])
        for section in self.arguments[0].split():
            folder = examples / section
            self.env.note_dependency(str(folder / "GALLERY_HEADER.rst"))
            pages = [link_to(f"/{GALLERY}/{section}/{path.stem}") for path in scripts_of(folder)]
            everything += nodes.paragraph("", "", link_to(f"/{GALLERY}/{section}/index"))
            everything += nodes.bullet_list("", *[nodes.list_item("", nodes.paragraph("", "", x)) for x in pages])
        return [everything]
