"""What belongs to no page any more is removed from the built site: Sphinx leaves the files of renamed pages behind."""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx

# What a page has beside it: itself, its twin, its script and its notebook.
SUFFIXES = {".html", ".md", ".py", ".ipynb"}
NOT_FROM_SOURCES = {"genindex", "search"}


def remove_what_is_gone(app: Sphinx, error: Exception | None) -> None:
    """Remove files of pages that are gone, pictures and downloads that no page offers, and wheels of other versions."""
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    pages = app.env.all_docs.keys() | app.config.html_additional_pages.keys() | NOT_FROM_SOURCES
    for path in site.rglob("*"):
        page = path.relative_to(site).with_suffix("").as_posix()
        if path.suffix in SUFFIXES and page not in pages and not page.startswith("_"):
            path.unlink()
    offered = {Path(name).parts[0] for _, name in app.env.dlfiles.values()}
    for folder in site.glob("_downloads/*"):
        if folder.name not in offered:
            shutil.rmtree(folder)
    Path(site, ".buildinfo.bak").unlink(missing_ok=True)  # the settings of the build before, where these are others
    for wheel in site.glob("*.whl"):
        if wheel.name != app.config.tensorglass_wheel:
            wheel.unlink()
    shown = {name for _, name in app.env.images.values()}
    for path in site.glob("_images/*"):
        if path.name not in shown:
            path.unlink()
