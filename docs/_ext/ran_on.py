"""Each executed page ends with what it ran on, and a script's page with the lines that run it elsewhere."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from freshness import Freshness
from sphinx.application import Sphinx


def append_run(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Append the record of the page's last run to the page."""
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    run = build.recorded(page) if page in build.pages() else None
    if run is not None:
        versions = f"torch {run.environment['torch']} and Python {run.environment['python']}"
        if page in build.scripts():
            context["body"] += _how_to_run(page, app.config.tensorglass_wheel)
        context["body"] += (
            f'<p class="ran-on">This page ran on {run.environment["device"]} with {versions}, '
            f'on <span class="measured">{run.date}</span>, in <span class="measured">{run.seconds:.1f} s</span>.</p>'
        )


def _how_to_run(page: str, wheel: str) -> str:
    """Return the lines with which the downloaded script runs in an empty folder."""
    *folders, name = page.split("/")
    address = "../" * len(folders) + wheel
    return (
        '<p class="ran-on">To run the script elsewhere, download it and '
        f'<a href="{address}" download>{wheel}</a> into one folder. There:</p>'
        '<div class="highlight-console notranslate"><div class="highlight">'
        f"<pre>python -m pip install matplotlib {wheel}\npython {name}.py</pre></div></div>"
    )


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", append_run)
    return {"parallel_read_safe": True}
