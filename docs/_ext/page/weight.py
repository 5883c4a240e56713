"""No page loads a style sheet or a script that it has no use for."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# The gallery's furniture is removed or styled by the site's own sheet, and its pages have no tags to filter by.
UNUSED = ("sg_gallery", "sg-tags")
FOR_NOTEBOOKS = "mystnb"


def drop_unused(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Keep only the style sheets and scripts that the page uses."""
    is_notebook = "cell_output" in context.get("body", "") or "cell_input" in context.get("body", "")
    unused = UNUSED if is_notebook else (*UNUSED, FOR_NOTEBOOKS)
    for kind in ("css_files", "script_files"):
        context[kind] = [
            file for file in context[kind] if not any(name in str(getattr(file, "filename", file)) for name in unused)
        ]


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", drop_unused, priority=900)
    return {"parallel_read_safe": True}
