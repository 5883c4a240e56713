"""What others put on pages and no reader needs: words on downloads, links of variables, files that style, a tag."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

FOR_TAGS = "sg-tags"  # the pages of this gallery have none to filter by
FOR_NOTEBOOKS = "mystnb"
FOR_HIGHLIGHTING = "sphinx_highlight"  # of what was searched for, down to single letters, through a whole page


class RemoveGalleryFurniture(SphinxTransform):
    """Remove what the gallery says about downloads: these pages offer their own."""

    def apply(self, **kwargs: Any) -> None:
        unwanted = {"sphx-glr-footer", "sphx-glr-download-link-note"}
        for node in list(self.document.findall(nodes.Element)):
            if unwanted & set(node.get("classes", [])):
                node.parent.remove(node)


class PlainVariables(SphinxPostTransform):
    """Keep the links of functions, classes and methods; replace those of variables by their text."""

    def run(self, **kwargs: Any) -> None:
        for link in list(self.document.findall(nodes.reference)):
            if "sphx-glr-backref-instance" in link["classes"]:
                link.replace_self(link.children)


def drop_second_viewport(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Remove the tag for narrow screens that docutils writes: the theme has one."""
    context["metatags"] = re.sub(r'<meta name="viewport"[^>]*>\n*', "", context.get("metatags", ""))


def drop_unused(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Keep only the style sheets and scripts that the page uses."""
    is_notebook = "cell_output" in context.get("body", "") or "cell_input" in context.get("body", "")
    unused = [FOR_TAGS, FOR_HIGHLIGHTING, *([] if is_notebook else [FOR_NOTEBOOKS])]
    for kind in ("css_files", "script_files"):
        context[kind] = [
            file for file in context[kind] if not any(name in str(getattr(file, "filename", file)) for name in unused)
        ]
