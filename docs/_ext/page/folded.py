"""What is folded on a page, such as sections titled "Solution": a native `details`, which needs no JavaScript."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform


class folded(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """What is folded; its attribute `title` stands on the button, and its class says what it is.

    With the attribute `of_page` the title is that of this page, and `title` is what is said of it.
    """


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
    title = html.escape(node["title"])
    if "of_page" in node:
        page = writer.builder.env.titles[node["of_page"]].astext()
        title = f'<span>{html.escape(page)}</span> <span class="said-of-page">{title}</span>'
    writer.body.append(f"<summary>{title}</summary>\n")


def depart_folded(writer: Any, node: folded) -> None:
    writer.body.append("</details>\n")
