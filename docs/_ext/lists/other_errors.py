"""The directive ``other-errors``: the messages that pages show and the library's catalogue does not know, with places.

What this library itself raises is left out: nobody has such a message who has not read its documentation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from ..sources.dependencies import public_names
from .error_catalogue import catalogue_of, kind_of
from .errors_shown import Place, link, messages


class other_errors(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """Where the list goes. It is made when all pages are read."""


class OtherErrors(SphinxDirective):
    """Leave a place for the list."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["other_errors"] = {}
        return [other_errors()]


def others(env: BuildEnvironment) -> dict[str, list[Place]]:
    """Return the messages that are neither in the catalogue nor of this library, in reading order."""
    rows = catalogue_of(env)
    own = re.compile(rf"(?:EinsumError: |\w+: (?:{'|'.join(public_names(package(env)))})\(\))")
    return {
        message: places
        for message, places in messages(env).items()
        if kind_of(message, rows) is None and not own.match(message)
    }


def package(env: BuildEnvironment) -> Path:
    """Return the folder of the library."""
    return Path(env.srcdir).parent / "src" / "tensorglass"


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
    shown = others(env)
    changed = [page for page, kept in env.metadata.items() if kept.get("other_errors", shown) != shown]
    for page in changed:
        env.metadata[page]["other_errors"] = shown
    return changed


def put_list(app: Sphinx, document: nodes.document, page: str) -> None:
    """Put the list in its place: under each message, links to the sections that show it."""
    for place in list(document.findall(other_errors)):
        shown = app.env.metadata[page]["other_errors"]
        names = anchors(shown)
        place.replace_self(nodes.bullet_list("", *[item(app, page, names[each], each, shown[each]) for each in shown]))


def item(app: Sphinx, here: str, name: str, message: str, places: list[Place]) -> nodes.list_item:
    """Return a message, and under it a list of links."""
    links = [nodes.list_item("", nodes.paragraph("", "", *link(app, here, *place))) for place in places]
    return nodes.list_item(
        "", nodes.paragraph("", "", nodes.literal(text=message)), nodes.bullet_list("", *links), ids=[name]
    )
