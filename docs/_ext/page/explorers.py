"""Pages with a report of the library, or a place for one, take the reader's own input: they load its explorer."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from . import kept_script

FORM, STYLE = "form.js", "explorers.css"  # what all explorers share
# By the caption of the table that the library writes: what is said, and how it is shown.
EXPLORERS: dict[str, tuple[str, ...]] = {
    "Shapes aligned at the last axis": ("broadcast.js", "broadcast_view.js"),
    "Axes of x": ("views.js", "views_view.js"),
    "Indices": ("einsum.js", "einsum_view.js"),
    "Signal propagation": ("depth.js", "depth_view.js"),
    "Saved tensors": (kept_script.NAME, "kept.js", "kept_view.js"),
}
# Its form begins with the layers of the page's table, which it knows: on other pages with such a table it has none.
KNOWN = {"explore_memory", "auto_examples/backprop/forward_backward"}
# By the id of an empty element, where there is nothing to show before a reader has put something in.
IN_PLACES = {"explained": ("broadcast.js", "catalogue.js", "explain.js", "explain_view.js")}


def add_explorers(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Have the page load the scripts of the explorers whose tables or places it holds."""
    body = context.get("body", "")
    by_mark: dict[str, tuple[str, ...]] = {
        f"<caption>{caption}</caption>": names for caption, names in EXPLORERS.items()
    }
    by_mark |= {f'id="{place}"': names for place, names in IN_PLACES.items()}
    found = [names for mark, names in by_mark.items() if mark in body]
    wanted = [name for names in found if kept_script.NAME not in names or page in KNOWN for name in names]
    if kept_script.NAME in wanted:
        kept_script.write(app)
    if wanted:
        app.add_css_file(f"explorers/{STYLE}")
    for script in [FORM, *wanted] if wanted else []:
        app.add_js_file(f"explorers/{script}", defer="defer")
