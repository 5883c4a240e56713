"""What a page of a script offers to take along: links below its short answer, and the lines that run it elsewhere."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ..runs.freshness import this_build
from ..sources.pages import GALLERY
from ..sources.script_metadata import METADATA, requirements
from .addresses import colab_address, source_address
from .downloads import ARCHIVE, script_of

_BELOW_THE_ANSWER = '<section id="take-it-home">'


def add_actions(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document) -> None:
    """Put the links between the short answer and what is taken home: whoever comes for the answer reads it first.

    The buttons that copy and unfold need JavaScript, and are made by it.
    """
    build = this_build()
    if page not in build.scripts() or "body" not in context:
        return
    name = page.rpartition("/")[2]
    to_root = "../" * page.count("/")
    links = [
        f'<a href="{name}.py" download>Script <span class="suffix">.py</span></a>',
        f'<a href="{name}.ipynb" download>Notebook <span class="suffix">.ipynb</span></a>',
        f'<a href="{to_root}{app.config.tensorglass_wheel}" download>Library <span class="suffix">.whl</span></a>',
    ]
    script = build.scripts()[page]
    elsewhere = {"Open in Colab": colab_address(app, page), "Source": source_address(app, script)}
    links += [f'<a href="{address}">{text}</a>' for text, address in elsewhere.items() if address]
    header = METADATA.search(script_of(app, page))
    metadata = html.escape(header[0]) if header else ""
    bar = f'<div class="page-actions" data-metadata="{metadata}">{"".join(links)}</div>'
    before, heading, after = context["body"].partition(_BELOW_THE_ANSWER)
    context["body"] = f"{before}{bar}\n{heading}{after}"  # at the end of a page without that part


def add_archive(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Put the archive of all pages under the title of the gallery's index."""
    if page == f"{GALLERY}/index" and "body" in context:
        link = f'<a href="../{ARCHIVE}" download>All scripts and notebooks <span class="suffix">.zip</span></a>'
        context["body"] = context["body"].replace("</h1>", f'</h1>\n<div class="page-actions">{link}</div>', 1)


def add_how_to_run(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Append the lines with which the downloaded script runs in an empty folder, if it ran here."""
    build = this_build()
    if page in build.scripts() and build.recorded(page):
        context["body"] += how_to_run(app, page)


def how_to_run(app: Sphinx, page: str) -> str:
    """Return the lines, as HTML, with which the downloaded script runs in an empty folder."""
    build = this_build()
    name, wheel = page.rpartition("/")[2], app.config.tensorglass_wheel
    needed = " ".join([*requirements(build.scripts()[page].read_text("utf-8")), wheel])
    to_root = "../" * page.count("/")
    return (
        f'<p class="ran-on">To run it elsewhere, download <a href="{name}.py" download>{name}.py</a> and '
        f'<a href="{to_root}{wheel}" download>{wheel}</a> into one folder. There:</p>'
        '<div class="highlight-console notranslate"><div class="highlight">'
        f"<pre>python -m pip install {needed}\npython {name}.py</pre></div></div>"
    )
