"""A variable in the code of a page is no link: the gallery makes each one a link to its type."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class PlainVariables(SphinxPostTransform):
    """Keep the links of functions, classes and methods; replace those of variables by their text."""

    default_priority = 6  # after the gallery's links, which are made at 5

    def run(self, **kwargs: Any) -> None:
        for link in list(self.document.findall(nodes.reference)):
            if "sphx-glr-backref-instance" in link["classes"]:
                link.replace_self(link.children)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_post_transform(PlainVariables)
    return {"parallel_read_safe": True}
