"""Pages that show how shapes broadcast take the reader's own shapes: they load the explorer, and no other page does."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

CAPTION = "<caption>Shapes aligned at the last axis</caption>"  # of the table that the library writes
SCRIPTS = ("explorers/broadcast.js", "explorers/explorer.js")  # what is said, and how it is shown


def add_explorers(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Have the page load the scripts if it holds such a table."""
    if CAPTION in context.get("body", ""):
        for script in SCRIPTS:
            app.add_js_file(script, defer="defer")
