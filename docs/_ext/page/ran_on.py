"""Each executed page ends with what it ran on."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ..runs.freshness import this_build


def append_run(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Append the record of the page's last run to the page."""
    build = this_build()
    run = build.recorded(page) if page in build.pages() else None
    if run is not None:
        versions = f"torch {run.environment['torch']} and Python {run.environment['python']}"
        context["body"] += (
            f'<p class="ran-on">This page ran on {run.environment["device"]} with {versions}, '
            f'on <span class="measured">{run.date}</span>, in <span class="measured">{run.seconds:.1f} s</span>.</p>'
        )
