"""A mini-gallery under each entry of the reference: the pages whose scripts import that name.

``.. pages-using:: explain_broadcast`` shows them with their pictures, in the gallery's order. What a script uses is
read from its source. So it is known which entries a change concerns, and the pages of these alone are read again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from ..sources.dependencies import names_imported
from ..sources.pages import GALLERY, SCRIPTS
from ..sources.reading_order import SECTIONS, scripts_of

KEPT = "tensorglass_pages"  # on Sphinx's environment: what this build found, for all entries


@dataclass(frozen=True)
class Page:
    """A page of the gallery: its name and title, its picture if there is one, and the names that it uses."""

    name: str
    title: str
    thumbnail: str
    uses: frozenset[str] = field(compare=False)  # two pages that look the same are the same to the reader


def gallery_pages(docs: Path) -> list[Page]:
    """Return the pages of the gallery, in its order."""
    sections = [docs.parent / SCRIPTS / section for section in SECTIONS]
    return [_page(docs, script) for section in sections for script in scripts_of(section)]


def _page(docs: Path, script: Path) -> Page:
    source = script.read_text("utf-8")
    title = re.search(r'^r?"""\s*(.+)', source, re.MULTILINE)
    try:
        uses = names_imported(source)
    except SyntaxError:
        uses = set()  # the gallery shows where the error is
    folder = Path(GALLERY) / script.parent.name
    thumbnails = sorted(docs.glob(f"{folder.as_posix()}/images/thumb/sphx_glr_{script.stem}_thumb.*"))
    thumbnail = f"/{thumbnails[0].relative_to(docs).as_posix()}" if thumbnails else ""
    return Page((folder / script.stem).as_posix(), title[1] if title else script.stem, thumbnail, frozenset(uses))


class PagesUsing(SphinxDirective):
    """The pages that use a public name, as cards; a sentence where that is none or all of them."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        shown = describe(getattr(self.env, KEPT), name)
        self.env.metadata[self.env.docname].setdefault("pages_using", {})[name] = shown
        if isinstance(shown, str):
            return [nodes.paragraph(text=shown)]
        cards = nodes.bullet_list(classes=["pages-using"])
        cards += [self._card(page) for page in shown]
        return [nodes.rubric(text="Pages that use it"), cards]

    def _card(self, page: Page) -> nodes.list_item:
        link = nodes.reference("", "", internal=True, refuri=f"{relative_uri(self.env.docname, page.name)}.html")
        if page.thumbnail:
            link += nodes.image(uri=page.thumbnail, alt="", loading="lazy")
        link += nodes.inline(text=page.title)
        return nodes.list_item("", nodes.paragraph("", "", link))


def describe(pages: list[Page], name: str) -> list[Page] | str:
    """Return the pages that use a name, or a sentence if that is none or all of them."""
    using = [page for page in pages if name in page.uses]
    if not using:
        return "No question or paper uses it."
    return using if len(using) < len(pages) else "All questions and papers use it."


def read_pages(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Read the scripts, and have Sphinx read those pages again that no longer show what they should."""
    pages = gallery_pages(Path(app.srcdir))
    setattr(env, KEPT, pages)
    return [
        docname
        for docname, metadata in env.metadata.items()
        if any(describe(pages, name) != shown for name, shown in metadata.get("pages_using", {}).items())
    ]
