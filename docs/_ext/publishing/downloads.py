"""Every page of a script can be taken along: the script and the notebook lie beside it, the library at the site's root.

One archive at the root holds all of them.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from sphinx.application import Sphinx

from ..runs.freshness import this_build
from ..sources.script_metadata import with_library
from .addresses import absolute
from .notebooks import notebook_of

ARCHIVE = "tensorglass-pages.zip"
FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can express: an archive says nothing of its build


def script_of(app: Sphinx, page: str) -> str:
    """Return the script of a page as it is served: with the wheel's address, where the site has one."""
    build = this_build()
    source = build.scripts()[page].read_text("utf-8")
    address = absolute(app, app.config.tensorglass_wheel)
    return with_library(source, address) if address else source


def write_downloads(app: Sphinx, error: Exception | None) -> None:
    """Write scripts and notebooks beside their pages, and the archive of everything."""
    if error is not None or app.builder.format != "html":
        return
    build = this_build()
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
    for name, licence in licences.items():
        Path(app.outdir, name).write_bytes(licence)
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
