"""Figures that a script marked with `measured` become marked on its page: machine-dependent, and not searched for.

In the document tree each such text is replaced by a number in private-use characters, which no search index takes for
a word. When a page is written, the number becomes the text again, in a `span`. So everything else on the page, and the
whole search index, can be the same from build to build.
"""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from ..runs.record import MARK_END, MARK_START

_DIGIT_ZERO = 0xE010
_MARKED = re.compile(f"{MARK_START}(.*?){MARK_END}", re.DOTALL)


class CollectMeasured(SphinxTransform):
    """Move measured texts out of the tree, into the page's metadata."""

    def apply(self, **kwargs: Any) -> None:
        texts: list[str] = self.env.metadata[self.env.docname].setdefault("measured", [])
        del texts[:]

        def number(found: re.Match[str]) -> str:
            texts.append(found[1])
            digits = "".join(chr(_DIGIT_ZERO + int(digit)) for digit in str(len(texts) - 1))
            return f"{MARK_START}{digits}{MARK_END}"

        for text in list(self.document.findall(nodes.Text)):
            if MARK_START in text:
                parent = text.parent
                replaced = nodes.Text(_MARKED.sub(number, text))
                parent.replace(text, replaced)
                if isinstance(parent, nodes.FixedTextElement):
                    parent.rawsource = parent.astext()  # where they differ, Sphinx leaves the block unstyled


def write_measured(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document) -> None:
    """Put the measured texts into the finished page."""
    texts = app.env.metadata.get(page, {}).get("measured", [])

    def marked(found: re.Match[str]) -> str:
        index = int("".join(str(ord(digit) - _DIGIT_ZERO) for digit in found[1]))
        return f'<span class="measured">{html.escape(texts[index])}</span>'

    if "body" in context:
        context["body"] = _MARKED.sub(marked, context["body"])
