"""Two builds of the same sources give the same files: archives get one fixed time instead of the time of the build."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can express


def normalize_archives(app: Sphinx) -> None:
    """Rewrite the gallery's archives, which record when their files were written."""
    for folder in app.config.sphinx_gallery_conf["gallery_dirs"]:
        for path in Path(app.srcdir, folder).rglob("*.zip"):
            normalize(path)


def normalize(path: Path) -> None:
    """Rewrite an archive with its files in order of their names, all with the same time and mode."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in sorted(archive.namelist())}
        if all(info.date_time == FIXED_TIME for info in archive.infolist()):
            return
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            info = zipfile.ZipInfo(name, FIXED_TIME)
            info.external_attr = 0o644 << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", normalize_archives, priority=900)  # after the gallery, which runs at 500
    return {"parallel_read_safe": True}
