"""The site's own search: what its page loads, and the sections that it finds, as `search_sections.js`.

Sphinx's search finds pages that have all words of a query, which a pasted error message never has. Here MiniSearch
looks, which `docs/_static/minisearch` holds as npm has it: it ranks by any word, forgives typing errors, and makes its
index in the browser, so that nothing but Python is needed here. (Pagefind fetches its index in pieces, which a page
that is opened from a folder may not; lunr forgives only where the query asks for it.) The texts are a script for the
same reason.

Each page's sections are kept with the page when it is read. So the file is the same after a warm build as after a cold
one. Prose and error messages are kept as they are; of code and of other outputs the distinct words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms import SphinxTransform

from ..lists import other_errors
from ..lists.navigation import reading_order
from ..page.error_outputs import ERROR_LINE
from ..runs.record import MARK_END, MARK_START

FILE = "search_sections.js"
PAGE = "search"
SCRIPTS = ("minisearch/minisearch.js", "search.js")
OF_SPHINX = ("searchindex.js", *(f"_static/{name}.js" for name in ("searchtools", "language_data", "sphinx_highlight")))
OF_EARLIER_BUILDS = ("_static/base-stemmer.js", "_static/english-stemmer.js")

Section = dict[str, Any]  # anchor, title, text, errors and words

_MEASURED = re.compile(f"{MARK_START}.*?{MARK_END}", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w{2,}")


class CollectSections(SphinxTransform):
    """Keep what a page's sections say."""

    def apply(self, **kwargs: Any) -> None:
        found = [section_of(part) for part in parts(self.document)]
        self.env.metadata[self.env.docname]["sections"] = [
            section for section in found if section["text"] or section["words"]
        ]


def is_part(node: nodes.Node) -> bool:
    """Return whether a search finds the node for itself: a section, or an entry of the reference."""
    return isinstance(node, nodes.section | addnodes.desc)


def parts(node: nodes.Element) -> Iterator[nodes.Element]:
    """Yield the sections and the entries of the reference; what stands in an entry belongs to it."""
    for child in node.children:
        if isinstance(child, nodes.Element):
            if is_part(child):
                yield child
            if not isinstance(child, addnodes.desc):
                yield from parts(child)


def section_of(part: nodes.Element) -> Section:
    """Return what a part says itself, without the parts in it."""
    heading = part[0]
    assert isinstance(heading, nodes.Element)
    is_entry = isinstance(part, addnodes.desc)
    names = heading["ids"] if is_entry else part["ids"]
    prose: list[str] = []
    errors: list[str] = []
    words: set[str] = set()
    for block in blocks(part, is_entry):
        if not isinstance(block, nodes.literal_block):
            prose.append(plain(block))
            continue
        words.update(_WORD.findall(plain(block)))
        if "record-output" not in block["classes"]:
            errors += [plain_text(line) for line in ERROR_LINE.findall(block.astext())]
    text = " ".join(filter(None, prose))
    return {
        "anchor": next(iter(names), ""),
        "title": str(heading.get("fullname", "")) if is_entry else plain(heading),
        "text": text,
        "errors": list(dict.fromkeys(errors)),
        "words": " ".join(sorted(words - set(_WORD.findall(text)))),
    }


def blocks(part: nodes.Element, is_entry: bool) -> Iterator[nodes.Element]:
    """Yield the paragraphs and blocks of a part, without its title and without the parts in it."""
    for child in part.children:
        hidden = isinstance(child, nodes.Invisible | nodes.raw | nodes.math_block | nodes.title)
        if hidden or not isinstance(child, nodes.Element) or (is_part(child) and not is_entry):
            continue
        if isinstance(child, addnodes.desc_signature):  # of types and signs a search knows nothing
            yield from child.findall(addnodes.desc_name)
        elif isinstance(child, nodes.TextElement):
            yield child
        else:
            yield from blocks(child, is_entry)


def plain(block: nodes.Element) -> str:
    """Return the text of a block without its formulas, whose TeX nobody searches for, and without what is measured."""
    return plain_text("".join(text for text in block.findall(nodes.Text) if not isinstance(text.parent, nodes.math)))


def plain_text(text: str) -> str:
    """Return a text in one line, with three dots for each figure that is measured.

    >>> plain_text(f"took {MARK_START}3 ms{MARK_END}\\n and on")
    'took … and on'
    """
    return " ".join(_MEASURED.sub("…", text).split())


def add_page(app: Sphinx, config: Config) -> None:
    """Add the page of the search, which Sphinx adds no more."""
    config.html_additional_pages[PAGE] = f"{PAGE}.html"


def switch_off_the_search_of_sphinx(app: Sphinx) -> None:
    """Have Sphinx make neither an index nor a page of its own."""
    if app.builder.format == "html":
        app.builder.search = False  # type: ignore[attr-defined]  # of those that write HTML


def add_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Have the page of the search, and no other, load the search."""
    if page == PAGE:
        for script in SCRIPTS:
            app.add_js_file(script, defer="defer")


def write_sections(app: Sphinx, error: Exception | None) -> None:
    """Write the sections of all pages, and remove what only Sphinx's search would load."""
    if error is not None or app.builder.format != "html":
        return
    for name in OF_SPHINX + OF_EARLIER_BUILDS:
        Path(app.outdir, name).unlink(missing_ok=True)
    written = json.dumps(sections(app), ensure_ascii=False, separators=(",", ":"))
    Path(app.outdir, FILE).write_text(f"window.searchSections = {written};\n", "utf-8")


def sections(app: Sphinx) -> list[list[Any]]:
    """Return of each page, in reading order, its address, its title and its sections."""
    env = app.env
    found = []
    for page in reading_order(env):
        kept = env.metadata[page]
        listed = list(errors_listed(kept))
        said = [list(section.values()) for section in [*kept["sections"], *listed]]
        title = env.titles[page].astext()  # of the reference's pages often that of a section of the gallery
        named = f"Reference: {title}" if page.startswith("reference/") else title
        found.append([app.builder.get_target_uri(page), named, said])
    return found


def errors_listed(kept: dict[str, Any]) -> Iterator[Section]:
    """Yield the places of the messages that a page lists, as sections."""
    for row in kept.get("error_catalogue", []):
        named = [f"{row['type']}: {wording}" if row["type"] else wording for wording in row["wordings"]]
        yield {"anchor": row["kind"], "title": "", "text": "", "errors": named, "words": ""}
    for message, anchor in other_errors.anchors(kept.get("other_errors", [])).items():
        yield {"anchor": anchor, "title": "", "text": "", "errors": [plain_text(message)], "words": ""}
