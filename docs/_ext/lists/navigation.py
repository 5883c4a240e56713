"""Sidebars, "next", "previous" and "Related" name other pages: they follow when a page comes, goes or is renamed."""

from __future__ import annotations

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from ..page.related import nearest_pages
from ..runs.freshness import this_build

KEPT = "tensorglass_navigation"  # on Sphinx's environment, which it keeps from build to build


def reading_order(env: BuildEnvironment) -> list[str]:
    """Return all pages in the order in which the tables of contents name them."""
    found: list[str] = []
    waiting = [env.config.root_doc]
    while waiting:
        page = waiting.pop(0)
        if page not in found:
            found.append(page)
            waiting = [*env.toctree_includes.get(page, []), *waiting]
    return found


def write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Have all pages written again when what they name of each other has changed."""
    build = this_build()
    titles = [(page, env.titles[page].astext()) for page in reading_order(env) if page in env.titles]
    named = (titles, nearest_pages(build))
    before = getattr(env, KEPT, named)
    setattr(env, KEPT, named)
    return list(env.found_docs) if before != named else []
