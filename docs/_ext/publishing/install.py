"""The directive ``install``: lines that install the library from this site, with the wheel that the site serves.

They are made when a page is written: only then are the name of the wheel and the site's address those of this build.
"""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .addresses import absolute

WHEEL = "WHEEL"  # in the lines of a page: the wheel's address, or its file where the site's address is not known
HOW_TO = "howto/install"


class install(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """The place of the lines."""


class Install(SphinxDirective):
    """The lines that are its content; without content pip's line, and where the others are.

    Where the site's address is not known, the wheel must be downloaded first.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        lines = list(self.content)
        if lines and not any(WHEEL in line for line in lines):
            raise self.error(f"the lines name no {WHEEL}; expected the place of the wheel in one of them")
        return [install(lines=lines)]


def visit_install(writer: Any, node: install) -> None:
    app = writer.builder.app
    wheel = app.config.tensorglass_wheel
    address, page = absolute(app, wheel), writer.builder.current_docname
    to_root = "../" * page.count("/")
    lines, said = node["lines"], ""
    if not lines:
        download = f' download <a href="{to_root}{wheel}" download>{wheel}</a>, and in its folder:'
        others = "" if page == HOW_TO else f' (<a href="{to_root}{HOW_TO}.html">other ways</a>)'
        said = f"<p>To install the library{others}{':' if address else f',{download}'}</p>"
        lines = [f"python -m pip install {WHEEL}"]
    code = html.escape("\n".join(lines).replace(WHEEL, address or wheel), quote=False)
    writer.body.append(
        f'<div class="install">{said}'
        f'<div class="highlight-console notranslate"><div class="highlight"><pre>{code}</pre></div></div></div>'
    )
    raise nodes.SkipNode
