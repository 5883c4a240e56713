"""Each executed page ends with what it ran on, and a script's page with the lines that run it elsewhere."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ..publishing.downloads import how_to_run
from ..runs.freshness import Freshness


def append_run(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Append the record of the page's last run to the page."""
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    run = build.recorded(page) if page in build.pages() else None
    if run is not None:
        versions = f"torch {run.environment['torch']} and Python {run.environment['python']}"
        if page in build.scripts():
            context["body"] += how_to_run(app, page)
        context["body"] += (
            f'<p class="ran-on">This page ran on {run.environment["device"]} with {versions}, '
            f'on <span class="measured">{run.date}</span>, in <span class="measured">{run.seconds:.1f} s</span>.</p>'
        )


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", append_run)
    return {"parallel_read_safe": True}
