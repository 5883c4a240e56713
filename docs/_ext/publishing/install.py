"""The directive ``install``: the line that installs the library from this site, with the wheel that the site serves.

The line is made when a page is written: only then are the name of the wheel and the site's address those of this build.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .addresses import absolute


class install(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """The place of the line."""


class Install(SphinxDirective):
    """The line; where the site's address is not known, the wheel must be downloaded first."""

    def run(self) -> list[nodes.Node]:
        return [install()]


def visit_install(writer: Any, node: install) -> None:
    app = writer.builder.app
    wheel = app.config.tensorglass_wheel
    address = absolute(app, wheel)
    to_root = "../" * writer.builder.current_docname.count("/")
    download = f' download <a href="{to_root}{wheel}" download>{wheel}</a>, and in its folder:'
    writer.body.append(
        f'<div class="install"><p>To install the library{":" if address else f",{download}"}</p>'
        '<div class="highlight-console notranslate"><div class="highlight">'
        f"<pre>python -m pip install {address or wheel}</pre></div></div></div>"
    )
    raise nodes.SkipNode
