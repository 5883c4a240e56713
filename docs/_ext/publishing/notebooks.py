"""The notebook of a page: the gallery's, in Markdown, folded like the page, with the line that installs its needs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from ..sources.blocks import MORE, SOLUTION
from ..sources.script_metadata import requirements
from .addresses import absolute

_FOLDED = re.compile(rf"^(#+ (?:{SOLUTION}\b|{MORE}).*)$", re.MULTILINE)  # of headings in Markdown
_COLLAPSED = "jp-MarkdownHeadingCollapsed"  # read by JupyterLab 4 and Notebook 7


def notebook_of(app: Sphinx, page: str, script: str) -> str:
    """Return the notebook of a page: the one that the gallery made, behind a cell that installs what it needs."""
    notebook = json.loads(Path(app.srcdir, f"{page}.ipynb").read_text("utf-8"))
    wheel = app.config.tensorglass_wheel
    address = absolute(app, wheel)
    library = f'"tensorglass @ {address}"' if address else f"./{wheel}"
    needed = " ".join([*requirements(script), library])
    where = "" if address else f"# {wheel}, from the same site, lies in the folder of this notebook.\n"
    install: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": f"{where}%pip install {needed}".splitlines(keepends=True),
    }
    title = app.env.titles[page].astext()
    source = f"From “{title}”, {app.config.project}, by {app.config.author}: text and figures CC BY 4.0, code MIT."
    if address:
        source += f" {absolute(app, page)}.html"
    credit = {"cell_type": "markdown", "metadata": {}, "source": [source]}
    cells = [install, *(part for cell in notebook["cells"] for part in folded(in_markdown(cell))), credit]
    return json.dumps({**notebook, "cells": cells}, ensure_ascii=False, indent=1) + "\n"


def in_markdown(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell in which what the gallery left half converted is Markdown: formulas, links, names of pages.

    >>> in_markdown({"cell_type": "markdown", "source": ["So ", r"\\begin{align}a = b\\end{align}"]})["source"]
    ['So $$a = b$$']
    >>> in_markdown({"cell_type": "markdown", "source": "[here](https://example.org)_, :doc:`some_page`"})["source"]
    ['[here](https://example.org), `some_page`']
    >>> in_markdown({"cell_type": "markdown", "source": ":Level: beginner"})["source"]
    ['*Level: beginner*']
    """
    if cell["cell_type"] != "markdown":
        return cell
    text = re.sub(r"\\begin\{align\}(.*?)\\end\{align\}", r"$$\1$$", "".join(cell["source"]), flags=re.DOTALL)
    text = re.sub(r"(\]\(https?://[^)\s]+\))_(?!\w)", r"\1", text)  # of RST's `text <address>`__ one line was left
    text = re.sub(r"(?:\\ )?:sup:`([^`]*)`", r"<sup>\1</sup>", text)
    text = re.sub(r"^:(Level): (\w+)$", r"*\1: \2*", text, flags=re.MULTILINE)
    text = re.sub(r"::$", ":", text, flags=re.MULTILINE)  # the lines indented below are code in Markdown too
    text = re.sub(r":doc:`/?(?:[\w/]*/)?(\w+)`", r"`\1`", text)
    return {**cell, "source": text.splitlines(keepends=True)}


def folded(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a cell, cut before what pages fold, too: Jupyter hides what is below a heading that is a cell of its own.

    >>> cell = {"cell_type": "markdown", "metadata": {}, "source": ["How many?\\n", "#### Solution\\n", "Two."]}
    >>> [(part["source"], part["metadata"]) for part in folded(cell)]
    [(['How many?'], {}), (['#### Solution'], {'jp-MarkdownHeadingCollapsed': True}), (['Two.'], {})]
    """
    if cell["cell_type"] != "markdown":
        return [cell]
    parts = [part.strip() for part in _FOLDED.split("".join(cell["source"]))]
    return [
        {
            **cell,
            "metadata": {_COLLAPSED: True} if _FOLDED.match(part) else {},
            "source": part.splitlines(keepends=True),
        }
        for part in parts
        if part
    ]
