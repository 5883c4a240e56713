"""What is folded on a page: a native `details`, which needs no JavaScript.

A section whose title begins with "Solution" is folded, and so is one whose title begins with "More: ", which carries a
proof and not the reading. A block of code whose first line is a comment ``# More: what it does`` is folded without its
output: so are the lines that draw a picture.
"""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

from ..sources.blocks import MORE, MORE_CODE, SOLUTION


class folded(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """What is folded; its attribute `title` stands on the button, and its class says what it is.

    With the attribute `of_page` the title is that of this page, and `title` is what is said of it.
    """


class FoldSolutions(SphinxTransform):
    """Replace each section titled "Solution ..." by a folded block, which then is in no table of contents."""

    def apply(self, **kwargs: Any) -> None:
        for section in list(self.document.findall(nodes.section)):
            title = section[0].astext()
            if title.startswith(SOLUTION):
                section.replace_self(fold(section, title, "solution"))
            elif title.startswith(MORE):
                mark_more(section)


class FoldMore(SphinxTransform):
    """Replace the sections marked so, which others know as sections by now, and fold blocks of code."""

    def apply(self, **kwargs: Any) -> None:
        for section in list(self.document.findall(nodes.section)):
            if "more" in section["classes"]:
                section.replace_self(fold(section, section[0].astext(), "more"))
        for block in list(self.document.findall(nodes.literal_block)):
            first, _, rest = block.astext().lstrip("\n").partition("\n")
            if first.startswith(MORE_CODE):
                block.rawsource = rest.lstrip("\n")
                block[:] = [nodes.Text(block.rawsource)]
                code = folded(title=f"Code: {first.removeprefix(MORE_CODE)}", classes=["more", "more-code"])
                block.replace_self(code)
                code += block


def mark_more(section: nodes.section) -> None:
    """Take the word from a section's title that says that it is to be folded, and write it into its classes."""
    section["classes"].append("more")
    title = section[0]
    assert isinstance(title, nodes.title)
    words = nodes.Text(title[0].astext().removeprefix(MORE))
    title[0] = nodes.Text(words[:1].upper() + words[1:])


def fold(section: nodes.section, title: str, kind: str) -> folded:
    """Return what a section holds as a folded block.

    A link to the section leads to what is inside: browsers unfold what is around the target, and not the target.
    """
    inside = nodes.container(ids=section["ids"], names=section["names"])
    section["ids"], section["names"] = [], []  # or what takes its place would have them, too
    inside.extend(section[1:])
    return folded("", inside, title=title, classes=[kind])


def visit_folded(writer: Any, node: folded) -> None:
    writer.body.append(writer.starttag(node, "details", suffix=""))
    title = html.escape(node["title"])
    if "of_page" in node:
        page = writer.builder.env.titles[node["of_page"]].astext()
        title = f'<span>{html.escape(page)}</span> <span class="said-of-page">{title}</span>'
    writer.body.append(f"<summary>{title}</summary>\n")


def depart_folded(writer: Any, node: folded) -> None:
    writer.body.append("</details>\n")
