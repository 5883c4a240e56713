"""What depends on where the site and its repository live: their addresses are given once, in conf.py.

Where the site's address is known there are a sitemap, tags that previews of links read, and links on the page that is
shown at addresses which lead nowhere. Where the repository's is known, pages link to their sources; where GitHub has
the notebooks, they open in Colab if the site, too, has an address: the library is there. Where they are not known,
nothing of that is there, and so nothing is dead.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

GITHUB, COLAB = "https://github.com/", "https://colab.research.google.com/github/"
PREVIEW = "_static/preview.png"  # drawn from docs/preview.svg
_NOT_FOUND = "404"


def absolute(app: Sphinx, path: str) -> str:
    """Return the full address of a file of the site, or nothing where the site's address is not known."""
    base = app.config.html_baseurl
    return f"{base.rstrip('/')}/{path}" if base else ""


def source_address(app: Sphinx, path: Path) -> str:
    """Return the address of a file in the repository, or nothing where that is not known."""
    repository = app.config.tensorglass_repository
    relative = path.resolve().relative_to(Path(app.srcdir).parent.resolve()).as_posix()
    return f"{repository.rstrip('/')}/blob/main/{relative}" if repository else ""


def colab_address(app: Sphinx, page: str) -> str:
    """Return the address that opens a page's notebook in Colab, or nothing where that could not run it.

    Colab reads notebooks from GitHub alone, and takes the library from the site, whose address the notebook must name.
    """
    notebooks = app.config.tensorglass_notebooks
    can_run = notebooks.startswith(GITHUB) and app.config.html_baseurl
    return f"{notebooks.replace(GITHUB, COLAB, 1)}/{page}.ipynb" if can_run else ""


def describe(doctree: nodes.document, length: int = 300) -> str:
    """Return what a page says first: its short answer where it has one, shortened at a word."""
    short = [part for part in doctree.findall(nodes.section) if part[0].astext() == "Short answer"]
    paragraph = next((short[0] if short else doctree).findall(nodes.paragraph), None)
    text = " ".join(paragraph.astext().split()) if paragraph else ""
    return text if len(text) <= length else text[:length].rpartition(" ")[0] + " …"


def note_description(app: Sphinx, doctree: nodes.document) -> None:
    """Keep what a page says first, for its tags and for the list of all pages."""
    app.env.metadata[app.env.docname]["description"] = describe(doctree)


def add_tags(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Describe each page for searches, and for previews where the site's address is known."""
    if doctree is None:
        return
    title = html.unescape(context.get("title", ""))
    description = app.env.metadata[page]["description"]
    tags: dict[str, dict[str, str]] = {"name": {"description": description}, "property": {}}
    address = absolute(app, f"{page}.html")
    if address:
        tags["property"] = {
            "og:title": title,
            "og:description": description,
            "og:type": "website",
            "og:site_name": app.config.project,
            "og:url": address,
            "og:image": absolute(app, PREVIEW),
            "og:image:alt": f"The mark of {app.config.project}: a row and a column, stretched over a hatched block",
        }
        tags["name"]["twitter:card"] = "summary_large_image"
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<meta {kind}="{name}" content="{html.escape(text)}">'
        for kind, named in tags.items()
        for name, text in named.items()
        if text
    )


def add_page_not_found(app: Sphinx, config: Config) -> None:
    """Add the page that a server shows at addresses that lead nowhere.

    It is shown at any depth, where relative addresses lead elsewhere: it needs no other file, and has links where the
    site's address is known. Where it is not, a script in it looks for the site's beginning in the folders above.
    """
    config.html_additional_pages[_NOT_FOUND] = "not_found.html"


def write_sitemap(app: Sphinx, error: Exception | None) -> None:
    """List all pages with their full addresses."""
    if error is not None or app.builder.format != "html":
        return
    target = Path(app.outdir, "sitemap.xml")
    if not app.config.html_baseurl:
        target.unlink(missing_ok=True)
        return
    addresses = [
        f"<url><loc>{html.escape(absolute(app, f'{page}.html'))}</loc></url>" for page in sorted(app.env.all_docs)
    ]
    head = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    target.write_text("\n".join([head, *addresses, "</urlset>", ""]), "utf-8")
