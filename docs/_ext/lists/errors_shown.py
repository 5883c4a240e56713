"""The error messages that the pages of the gallery show, read off their outputs, with the sections that show them."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform

from ..page.error_outputs import ERROR_LINE
from ..sources.pages import GALLERY
from .navigation import reading_order

Place = tuple[str, str, str]  # of a message: its page, and the section's id and title there


class CollectErrors(SphinxTransform):
    """Note which messages a page shows, and in which section."""

    def apply(self, **kwargs: Any) -> None:
        self.env.metadata[self.env.docname]["errors"] = [
            (message[0], section["ids"][0], section[0].astext())
            for block in self.document.findall(nodes.literal_block)
            if "error-output" in block["classes"] and "record-output" not in block["classes"]
            for section in [section_of(block)]
            for message in ERROR_LINE.finditer(block.astext())
        ]


def section_of(node: nodes.Node) -> nodes.section:
    """Return the section around a node."""
    while not isinstance(node, nodes.section):
        node = node.parent
    return node


def grouped(found: list[tuple[str, Place]]) -> dict[str, list[Place]]:
    """Return the places of each message, in the order given; messages that differ in numbers alone are one.

    >>> grouped([("size 3", ("a", "x", "X")), ("other", ("a", "x", "X")), ("size 4", ("b", "y", "Y"))])
    {'size 3': [('a', 'x', 'X'), ('b', 'y', 'Y')], 'other': [('a', 'x', 'X')]}
    """
    first: dict[str, str] = {}
    places: dict[str, list[Place]] = {}
    for message, place in found:
        shown = first.setdefault(re.sub(r"\d+", "0", message), message)
        if place not in places.setdefault(shown, []):
            places[shown].append(place)
    return places


def messages(env: BuildEnvironment) -> dict[str, list[Place]]:
    """Return all messages of the gallery's pages, in reading order."""
    pages = [page for page in reading_order(env) if page.startswith(f"{GALLERY}/")]
    return grouped([(text, (page, *place)) for page in pages for text, *place in env.metadata[page].get("errors", [])])


def link(app: Sphinx, here: str, page: str, section: str, title: str) -> list[nodes.Node]:
    """Return a link to a section, with the title of its page; to the page alone where no section is named."""
    uri = app.builder.get_relative_uri(here, page) + (f"#{section}" if section else "")
    of_page = app.env.titles[page].astext()
    reference = nodes.reference("", title or of_page, internal=True, refuri=uri)
    return [reference, nodes.Text(f" in “{of_page}”")] if title else [reference]
