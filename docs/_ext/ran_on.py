"""Each executed page ends with what it ran on, and a script's page with the lines that run it elsewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from freshness import Freshness
from sphinx.application import Sphinx

_BROUGHT = ("torch", "numpy", "opt_einsum", "tensorglass")  # by the library's wheel


def append_run(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Append the record of the page's last run to the page."""
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    run = build.recorded(page) if page in build.pages() else None
    if run is not None:
        versions = f"torch {run.environment['torch']} and Python {run.environment['python']}"
        if page in build.scripts():
            script = Path(app.srcdir, f"{page}.py").read_text("utf-8")
            context["body"] += _how_to_run(page, script, app.config.tensorglass_wheel)
        context["body"] += (
            f'<p class="ran-on">This page ran on {run.environment["device"]} with {versions}, '
            f'on <span class="measured">{run.date}</span>, in <span class="measured">{run.seconds:.1f} s</span>.</p>'
        )


def _how_to_run(page: str, script: str, wheel: str) -> str:
    """Return the lines with which the downloaded script runs in an empty folder."""
    *folders, name = page.split("/")
    needed = " ".join([*requirements(script), wheel])
    address = "../" * len(folders) + wheel
    return (
        '<p class="ran-on">To run the script elsewhere, download it and '
        f'<a href="{address}" download>{wheel}</a> into one folder. There:</p>'
        '<div class="highlight-console notranslate"><div class="highlight">'
        f"<pre>python -m pip install {needed}\npython {name}.py</pre></div></div>"
    )


def requirements(script: str) -> list[str]:
    """Return the packages that a script's inline metadata names and that the wheel does not bring.

    >>> requirements('# /// script\\n# dependencies = ["torch>=2.11", "matplotlib>=3.11"]\\n# ///\\n')
    ['matplotlib']
    """
    block = re.search(r"^# /// script\n((?:#.*\n)+?)# ///$", script, re.MULTILINE)
    metadata = tomllib.loads(re.sub(r"^# ?", "", block[1], flags=re.MULTILINE)) if block else {}
    names = [re.split(r"[<>=!~ ;\[]", each)[0] for each in metadata.get("dependencies", [])]
    return [name for name in names if name not in _BROUGHT]


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", append_run)
    return {"parallel_read_safe": True}
