"""What would differ from build to build for no reason.

That is where a notebook's outputs are cut, and the addresses of a style sheet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from myst_nb.core import render
from myst_nb.sphinx_ext import add_global_html_resources
from sphinx.application import Sphinx


def joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return outputs in which pieces of one stream that follow each other are one.

    A kernel sends what is printed in pieces, and may cut a line. MyST-NB puts a line's end behind each piece.

    >>> joined([{"output_type": "stream", "name": "stdout", "text": part} for part in ("after", " 2 ms")])
    [{'output_type': 'stream', 'name': 'stdout', 'text': 'after 2 ms'}]
    """
    found: list[dict[str, Any]] = []
    for output in outputs:
        last = found[-1] if found else {}
        if output["output_type"] == "stream" and output["name"] == last.get("name"):
            last["text"] += output["text"]
        else:
            found.append(type(output)(output))  # a copy: what was run keeps its pieces
    return found


def join_streams() -> None:
    """Have MyST-NB merge outputs that were joined."""
    merge = render.coalesce_streams
    if merge.__module__ != __name__:  # once, also where one process builds twice

        def coalesce_streams(outputs: list[Any]) -> Any:
            return merge(joined(outputs))

        render.coalesce_streams = coalesce_streams


def bring_the_style_of_notebooks(app: Sphinx) -> None:
    """Put MyST-NB's style sheet into the site before pages are written; MyST-NB does so when all are.

    Sphinx adds a checksum to the addresses of the files that are there. So the pages of a first build would name this
    one without, and those that a later build writes with.
    """
    Path(app.outdir, "_static").mkdir(parents=True, exist_ok=True)
    add_global_html_resources(app, None)
