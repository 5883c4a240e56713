"""Every page of a script can be taken along: the script and the notebook lie beside it, the library at the site's root.

One archive at the root holds all of them.
"""

from __future__ import annotations

import html
import io
import zipfile
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from ..runs.freshness import Freshness
from ..sources.script_metadata import METADATA, requirements, with_library
from .addresses import absolute, colab_address, source_address
from .notebooks import notebook_of

ARCHIVE = "tensorglass-pages.zip"
FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can express: an archive says nothing of its build


class RemoveGalleryFurniture(SphinxTransform):
    """Remove what the gallery says about downloads: these pages offer their own."""

    default_priority = 650

    def apply(self, **kwargs: Any) -> None:
        unwanted = {"sphx-glr-footer", "sphx-glr-download-link-note"}
        for node in list(self.document.findall(nodes.Element)):
            if unwanted & set(node.get("classes", [])):
                node.parent.remove(node)


def script_of(app: Sphinx, page: str) -> str:
    """Return the script of a page as it is served: with the wheel's address, where the site has one."""
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    source = build.scripts()[page].read_text("utf-8")
    address = absolute(app, app.config.tensorglass_wheel)
    return with_library(source, address) if address else source


def add_actions(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document) -> None:
    """Put the links under the page's title. The button that copies all code needs JavaScript, and is made by it."""
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    if page not in build.scripts() or "body" not in context:
        return
    name = page.rpartition("/")[2]
    to_root = "../" * page.count("/")
    links = [
        f'<a href="{name}.py" download>Script <span class="suffix">.py</span></a>',
        f'<a href="{name}.ipynb" download>Notebook <span class="suffix">.ipynb</span></a>',
        f'<a href="{to_root}{app.config.tensorglass_wheel}" download>Library <span class="suffix">.whl</span></a>',
    ]
    script = build.scripts()[page]
    elsewhere = {"Open in Colab": colab_address(app, page), "Source": source_address(app, script)}
    links += [f'<a href="{address}">{text}</a>' for text, address in elsewhere.items() if address]
    header = METADATA.search(script_of(app, page))
    metadata = html.escape(header[0]) if header else ""
    bar = f'<div class="page-actions" data-metadata="{metadata}">{"".join(links)}</div>'
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{bar}", 1)


def how_to_run(app: Sphinx, page: str) -> str:
    """Return the lines, as HTML, with which the downloaded script runs in an empty folder."""
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    name, wheel = page.rpartition("/")[2], app.config.tensorglass_wheel
    needed = " ".join([*requirements(build.scripts()[page].read_text("utf-8")), wheel])
    to_root = "../" * page.count("/")
    return (
        f'<p class="ran-on">To run it elsewhere, download <a href="{name}.py" download>{name}.py</a> and '
        f'<a href="{to_root}{wheel}" download>{wheel}</a> into one folder. There:</p>'
        '<div class="highlight-console notranslate"><div class="highlight">'
        f"<pre>python -m pip install {needed}\npython {name}.py</pre></div></div>"
    )


def write_downloads(app: Sphinx, error: Exception | None) -> None:
    """Write scripts and notebooks beside their pages, and the archive of everything."""
    if error is not None or app.builder.format != "html":
        return
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    contents = {}
    for page, script in build.scripts().items():
        notebook = notebook_of(app, page, script.read_text("utf-8"))
        for suffix, text in ((".py", script_of(app, page)), (".ipynb", notebook)):
            path = Path(app.outdir, page + suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            contents[path.name] = text.encode()  # all in one folder, where a notebook finds the library
    wheel = Path(app.srcdir, "_build", "wheel", app.config.tensorglass_wheel)
    contents[wheel.name] = wheel.read_bytes()
    root = Path(app.srcdir).parent
    licences = {path.name: path.read_bytes() for path in root.glob("LICENSE*")}
    for name, text in licences.items():
        Path(app.outdir, name).write_bytes(text)
    contents |= licences
    Path(app.outdir, ARCHIVE).write_bytes(archive(contents))


def archive(contents: dict[str, bytes]) -> bytes:
    """Return a zip archive of these files, the same whenever and in whatever order it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for name in sorted(contents):
            info = zipfile.ZipInfo(name, FIXED_TIME)
            info.external_attr = 0o644 << 16
            written.writestr(info, contents[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_transform(RemoveGalleryFurniture)
    app.connect("html-page-context", add_actions)
    app.connect("build-finished", write_downloads)
    return {"parallel_read_safe": True}
