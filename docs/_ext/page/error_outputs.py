"""An output that shows an error looks like one, and its long message is wrapped instead of cut off."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

ERROR_LINE = re.compile(r"^\w*(?:Error|Exception|Warning): .*", re.MULTILINE)


class MarkErrors(SphinxTransform):
    """Give the class `error-output` to blocks in which a line begins with an error's name."""

    def apply(self, **kwargs: Any) -> None:
        for block in self.document.findall(nodes.literal_block):
            if block.get("language") in ("none", "myst-ansi") and ERROR_LINE.search(block.astext()):
                block["classes"].append("error-output")
