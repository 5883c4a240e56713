"""Under the title of a question's page: for whom it is written, and how many minutes it takes to read."""

from __future__ import annotations

from docutils import nodes
from sphinx.transforms import SphinxTransform

from ..law.budget import level, reading
from ..runs.freshness import this_build
from ..sources.blocks import read_page


class SayReadingTime(SphinxTransform):
    """Put what is said of the reading in the place of the field in which a page names its level."""

    def apply(self, **kwargs: object) -> None:
        script = this_build().scripts().get(self.env.docname)
        if script is not None:
            blocks = read_page(script)
            minutes = reading(blocks).minutes
            said = f"{str(level(blocks)).capitalize()} · {minutes} minute{'s' if minutes > 1 else ''} to read"
            for fields in list(self.document.findall(nodes.field_list))[:1]:
                fields.replace_self(nodes.paragraph("", said, classes=["reading-time"]))
