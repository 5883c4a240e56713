"""A page that shows a report of the library takes the reader's own input: it loads the explorer of such reports."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FORM, STYLE = "form.js", "explorers.css"  # what all explorers share
# By the caption of the table that the library writes: what is said, and how it is shown.
EXPLORERS = {
    "Shapes aligned at the last axis": ("broadcast.js", "broadcast_view.js"),
    "Axes of x": ("views.js", "views_view.js"),
    "Indices": ("einsum.js", "einsum_view.js"),
    "Signal propagation": ("depth.js", "depth_view.js"),
}


def add_explorers(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Have the page load the scripts of the explorers whose tables it holds."""
    body = context.get("body", "")
    wanted = [name for caption, names in EXPLORERS.items() if f"<caption>{caption}</caption>" in body for name in names]
    if wanted:
        app.add_css_file(f"explorers/{STYLE}")
    for script in [FORM, *wanted] if wanted else []:
        app.add_js_file(f"explorers/{script}", defer="defer")
