"""The directive ``error-index``: each error message that the gallery's pages show, with the places that explain it.

The messages are read off the pages' own outputs, so the list is that of the last run and is never kept by hand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from ..page.error_outputs import ERROR_LINE
from ..sources.pages import GALLERY
from .navigation import reading_order

Place = tuple[str, str, str]  # of a message: its page, and the section's id and title there


class error_index(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """Where the list goes. It is made when all pages are read."""


class ErrorIndex(SphinxDirective):
    """Leave a place for the list."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["error_index"] = {}
        return [error_index()]


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


def anchors(found: Iterable[str]) -> dict[str, str]:
    """Return for each message the name by which a link leads to it: its first words, and a number if they are taken.

    >>> anchors(["ValueError: got 'a' or so", "ValueError: got a, or so"])
    {"ValueError: got 'a' or so": 'valueerror-got-a-or-so', 'ValueError: got a, or so': 'valueerror-got-a-or-so-2'}
    """
    taken: Counter[str] = Counter()
    names = {}
    for message in found:
        name = "-".join(nodes.make_id(message).split("-")[:12])
        taken[name] += 1
        names[message] = f"{name}-{taken[name]}" if taken[name] > 1 else name
    return names


def write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Have the list written again when a message or a place has changed."""
    shown = messages(env)
    changed = [page for page, kept in env.metadata.items() if kept.get("error_index", shown) != shown]
    for page in changed:
        env.metadata[page]["error_index"] = shown
    return changed


def put_index(app: Sphinx, document: nodes.document, page: str) -> None:
    """Put the list in its place: under each message, links to the sections that show it."""
    for place in list(document.findall(error_index)):
        shown = app.env.metadata[page]["error_index"]
        names = anchors(shown)
        place.replace_self(nodes.bullet_list("", *[item(app, page, names[each], each, shown[each]) for each in shown]))


def item(app: Sphinx, here: str, name: str, message: str, places: list[Place]) -> nodes.list_item:
    """Return a message, and under it a list of links."""
    links = []
    for page, section, title in places:
        uri = f"{app.builder.get_relative_uri(here, page)}#{section}"
        link = nodes.reference("", title, internal=True, refuri=uri)
        links.append(
            nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(f" in “{app.env.titles[page].astext()}”")))
        )
    return nodes.list_item(
        "", nodes.paragraph("", "", nodes.literal(text=message)), nodes.bullet_list("", *links), ids=[name]
    )
