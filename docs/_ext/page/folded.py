"""What is folded on a page, such as sections titled "Solution": a native `details`, which needs no JavaScript."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform


class folded(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """What is folded; its attribute `title` stands on the button, and its class says what it is."""


class FoldSolutions(SphinxTransform):
    """Replace each section titled "Solution ..." by a folded block, which then is in no table of contents."""

    def apply(self, **kwargs: Any) -> None:
        for section in list(self.document.findall(nodes.section)):
            title = section[0].astext()
            if title.startswith("Solution"):
                solution = folded(title=title, classes=["solution"], ids=section["ids"])
                solution.extend(section[1:])
                section.replace_self(solution)


def visit_folded(writer: Any, node: folded) -> None:
    writer.body.append(writer.starttag(node, "details", suffix=""))
    writer.body.append(f"<summary>{html.escape(node['title'])}</summary>\n")


def depart_folded(writer: Any, node: folded) -> None:
    writer.body.append("</details>\n")
