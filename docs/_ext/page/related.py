"""The end of a question's page names the pages nearest to it: those that use the same rare names of the library."""

from __future__ import annotations

import html
from collections import Counter
from fractions import Fraction
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ..runs.freshness import Freshness, this_build
from ..sources.dependencies import names_imported

NEAREST = 3


def related(page: str, names: dict[str, set[str]]) -> list[str]:
    """Return up to three other pages, nearest first.

    Each name that two pages share counts the more the fewer pages use it; between equals, the order of reading decides.

    >>> related("a", {"a": {"x", "y"}, "b": {"y"}, "c": {"x", "y"}, "d": set()})
    ['c', 'b']
    """
    pages_with = Counter(name for used in names.values() for name in used)
    shared = {
        other: sum(Fraction(1, pages_with[name] - 1) for name in names[page] & used)  # exact, so equals stay equal
        for other, used in names.items()
        if other != page
    }
    nearest = sorted(shared, key=lambda other: -shared[other])
    return [other for other in nearest if shared[other]][:NEAREST]


def nearest_pages(build: Freshness) -> dict[str, list[str]]:
    """Return the pages nearest to each question's page."""
    names = {page: names_imported(path.read_text("utf-8")) for page, path in build.scripts().items()}
    return {page: related(page, names) for page in names}


def add_related(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Append links to the nearest pages."""
    build = this_build()
    nearest = [other for other in nearest_pages(build).get(page, []) if other in app.env.titles]
    if nearest:
        links = [
            f'<li><a href="{app.builder.get_relative_uri(page, other)}">'
            f"{html.escape(app.env.titles[other].astext())}</a></li>"
            for other in nearest
        ]
        context["body"] += (
            '<nav class="related" aria-label="Related questions"><p><strong>Related</strong></p>'
            f"<ul>{''.join(links)}</ul></nav>"
        )
