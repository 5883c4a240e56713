"""Each page has a twin in Markdown, outputs included, and `llms.txt` lists them: for programs that read, and for people
who paste a page into a chat.
"""

from __future__ import annotations

import re
from copy import copy
from itertools import takewhile
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from docutils import nodes
from markdownify import MarkdownConverter
from sphinx.application import Sphinx

from ..lists.navigation import reading_order
from .addresses import absolute

UNWANTED = (
    "style, script, .headerlink, .page-actions, button, .toctree-wrapper:not(:has(a)), "
    ".sphx-glr-thumbcontainer img, .pages-using img"  # cards, whose pictures are their pages'
)


class _Converter(MarkdownConverter):
    """What Markdown has no word of its own for: formulas, and what is folded away."""

    def convert_span(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"${el['data-tex']}$" if el.has_attr("data-tex") else text

    def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if el.has_attr("data-tex"):
            return f"\n\n$${el['data-tex']}$$\n\n"
        shown: str = super().convert_div(el, text, parent_tags)  # type: ignore[misc]  # markdownify has it, its types do not
        return shown

    def convert_summary(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"<summary>{text.strip()}</summary>\n\n"

    def convert_details(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n<details>{text.strip()}\n\n</details>\n\n"


def markdown(body: str) -> str:
    """Return a page's body as Markdown.

    >>> markdown('<h1>Title<a class="headerlink" href="#t">#</a></h1><p>Some <code>code</code>.</p>')
    '# Title\\n\\nSome `code`.\\n'
    """
    soup = BeautifulSoup(body, "html.parser")
    for element in soup.select(UNWANTED):
        element.decompose()
    for drawing in soup.select("[role=img][data-src]"):  # in Markdown, an image again
        drawing.replace_with(soup.new_tag("img", src=str(drawing["data-src"]), alt=str(drawing["aria-label"])))
    for cell in soup.select("td[rowspan], th[rowspan]"):  # nor cells that reach over several rows
        for row in around(cell, "tr").find_next_siblings("tr", limit=int(str(cell["rowspan"])) - 1):
            row.insert(0, copy(cell))
    for caption in soup.select("table caption"):  # Markdown's tables have none
        caption.name = "p"
        around(caption, "table").insert_before(caption.extract())
    for signature in soup.select("dt.sig"):  # in the reference: one line of code
        line = re.sub(r",\s*\)", ")", " ".join(signature.get_text().split()).replace("( ", "("))
        signature.clear()
        signature.append(soup.new_tag("code", string=line))
    for definitions in reversed(soup.select("dl")):  # nor lists of definitions: each becomes an item; inner ones first
        as_list(soup, definitions)
    for check in soup.select("td code"):  # nor lines in a cell
        one_line_each(soup, check)
    converter = _Converter(
        heading_style="ATX", bullets="-", escape_misc=False, autolinks=False, code_language_callback=_language
    )
    text = converter.convert_soup(soup)
    blocks = re.split(r"(^ *```.*?^ *```$)", text, flags=re.DOTALL | re.MULTILINE)  # of code: each second one
    text = "".join(each if i % 2 else re.sub(r"\n{3,}", "\n\n", each) for i, each in enumerate(blocks))
    return text.strip() + "\n"


def around(part: Tag, name: str) -> Tag:
    """Return the element of a name that a part stands in, which it does in HTML that makes sense."""
    found = part.find_parent(name)
    if found is None:
        raise ValueError(f"there is no <{name}> around {part}")
    return found


def as_list(soup: BeautifulSoup, definitions: Tag) -> None:
    """Make a list of a list of definitions: in each item a term, and what is said of it."""
    for term in definitions.find_all("dt", recursive=False):
        item = soup.new_tag("li")
        said = list(takewhile(lambda each: each.name == "dd", term.find_next_siblings()))
        term.insert_before(item)
        for part, name in ((term, "p"), *((each, "div") for each in said)):
            item.append(part.extract())
            part.name = name
    definitions.name = "ul"


def one_line_each(soup: BeautifulSoup, code: Tag) -> None:
    """Make several pieces of one line of code of several lines, with breaks between them."""
    lines = code.get_text().split("\n")
    for line in lines[:-1]:
        code.insert_before(soup.new_tag("code", string=line), "<br>")
    code.string = lines[-1]


def _language(block: Tag) -> str:
    """Return the language of a block of code, from the class of what surrounds it."""
    classes = [name for parent in block.parents for name in parent.get_attribute_list("class")]
    return "python" if {"highlight-Python", "highlight-ipython3", "highlight-python"} & set(classes) else ""


def linked(text: str) -> str:
    """Return Markdown with links that lead from twin to twin.

    >>> linked("[a](../b.html#c), [d](https://example.org/e.html)")
    '[a](../b.md#c), [d](https://example.org/e.html)'
    """
    return re.sub(r"\]\(((?![a-z]+:)[^)#\s]*)\.html", r"](\1.md", text)


def write_twin(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Write the Markdown beside the page."""
    if doctree is None or app.builder.format != "html":
        return
    text = linked(markdown(context["body"]))
    target = Path(app.outdir, f"{page}.md")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")
    context["twin"] = f"{page.rpartition('/')[2]}.md"


def write_index(app: Sphinx, error: Exception | None) -> None:
    """Write `llms.txt`: what this site is, and every page's twin with the beginning of what it says."""
    if error is not None or app.builder.format != "html":
        return
    lines = [f"# {app.config.project}", "", f"> {app.config.tensorglass_summary}", "", "## Pages", ""]
    for page in reading_order(app.env):
        address = absolute(app, f"{page}.md") or f"{page}.md"
        title = app.env.titles[page].astext()
        said = app.env.metadata[page]["description"]
        lines.append(f"- [{title}]({address})" + (f": {said}" if said else ""))
    Path(app.outdir, "llms.txt").write_text("\n".join([*lines, ""]), "utf-8")
