"""Sections titled "Solution" are folded: a native `details` element, which works without JavaScript."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sources import source_version
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


class solution(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """A folded solution; its attribute `title` stands on the button."""


class FoldSolutions(SphinxTransform):
    """Replace each section titled "Solution ..." by a folded block, which then is in no table of contents."""

    default_priority = 700

    def apply(self, **kwargs: Any) -> None:
        for section in list(self.document.findall(nodes.section)):
            title = section[0].astext()
            if title.startswith("Solution"):
                folded = solution(title=title, ids=section["ids"])
                folded.extend(section[1:])
                section.replace_self(folded)


def visit_solution(writer: Any, node: solution) -> None:
    identifier = f' id="{node["ids"][0]}"' if node["ids"] else ""
    writer.body.append(f'<details class="solution"{identifier}><summary>{node["title"]}</summary>\n')


def depart_solution(writer: Any, node: solution) -> None:
    writer.body.append("</details>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(solution, html=(visit_solution, depart_solution))
    app.add_transform(FoldSolutions)
    return {"env_version": source_version(__file__), "parallel_read_safe": True}
