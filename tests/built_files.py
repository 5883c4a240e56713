"""The files of a built site without what is measured: what two builds of the same sources have in common."""

from __future__ import annotations

import functools
import hashlib
import html
import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

MEASURED = re.compile(rb'<(span|svg) class="measured".*?</\1>', re.DOTALL)  # texts, and drawings of running times
LOADED = re.compile(r'(?:src|href|data)="([^"#?:]+\.(?:css|js|svg|png|ico|woff2?))[?"]|url\(["\']?([^"\'()#?:]+)')


def contents(site: Path) -> dict[str, bytes]:
    """Return all files of the site without what is measured; a page's twin has the same measured texts unmarked."""
    files = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    return {name: unmeasured(name, files) for name in files}


def unmeasured(name: str, files: dict[str, bytes]) -> bytes:
    """Return the content of one of the files without what is measured."""
    page = files.get(name.removesuffix(".md") + ".html", b"")
    if not name.endswith(".md"):
        return MEASURED.sub(b"", files[name])
    text, place, kept = files[name], 0, []
    for marked in MEASURED.finditer(page):
        if marked[1] == b"svg":
            continue  # the twin has the drawing's address
        # With what stands before it on its line: the same digits may stand elsewhere, and be no measurement.
        before = html.unescape(re.split("[>\n]", page[: marked.start()].decode())[-1][-20:]).encode()
        measured = html.unescape(re.sub("<.*?>", "", marked[0].decode())).encode()
        start = text.index(before + measured, place) + len(before)
        kept.append(text[place:start])
        place = start + len(measured)
    return b"".join([*kept, text[place:]])


def digest_of_page(site: Path, page: str) -> str:
    """Return a digest of a built page and of all that a browser loads with it."""
    names = sorted(_loaded_with(site, f"{page}.html"))
    named = (f"{name}\n".encode() + MEASURED.sub(b"", (site / name).read_bytes()) for name in names)
    return hashlib.sha256(b"\0".join(named)).hexdigest()


@functools.cache
def browser_version() -> str:
    """Return the version of the browser that looks at pages, as it says itself; nothing where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    command = [found, "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() if found else ""


def _loaded_with(site: Path, page: str) -> set[str]:
    """Return the names of a page's files: itself, what it names, and what its style sheets name."""
    found, waiting = set(), [page]
    while waiting:
        name = waiting.pop()
        if name not in found and (site / name).is_file():
            found.add(name)
            if name.endswith((".html", ".css")):
                waiting += _named_in((site / name).read_text("utf-8"), posixpath.dirname(name))
    return found


def _named_in(text: str, folder: str) -> Iterator[str]:
    for in_page, in_style in LOADED.findall(text):
        yield posixpath.normpath(posixpath.join(folder, in_page or in_style))
