"""The directive ``questions``: sections with their pages, in reading order, so that no list is kept by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ..runs.gallery import ReadingOrder
from .tables import link_to


class Questions(SphinxDirective):
    """A list of questions under the name of each section; its arguments are the sections."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        examples = Path(self.env.srcdir).parent / "examples"
        everything = nodes.container(classes=["questions"])
        for section in self.arguments[0].split():
            folder = examples / section
            self.env.note_dependency(str(folder / "GALLERY_HEADER.rst"))
            order = ReadingOrder(str(folder))
            scripts = sorted(folder.glob("*.py"), key=lambda path: order(path.name))
            pages = [link_to(f"/auto_examples/{section}/{path.stem}") for path in scripts]
            everything += nodes.paragraph("", "", link_to(f"/auto_examples/{section}/index"))
            everything += nodes.bullet_list("", *[nodes.list_item("", nodes.paragraph("", "", x)) for x in pages])
        return [everything]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("questions", Questions)
    return {"parallel_read_safe": True}
