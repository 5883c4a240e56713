"""The order in which questions are read: that of the sections, and within each what its header says."""

from __future__ import annotations

import re
from pathlib import Path

SECTIONS = (
    "from_scratch",
    "broadcasting",
    "memory",
    "einsum",
    "backprop",
    "initialization",
    "errors",
    "papers",
)


def section_order(folder: str) -> int:
    """Return the place of a section: from a single neuron to papers."""
    return SECTIONS.index(Path(folder).name)


class ReadingOrder:
    """The order of the pages of a section: the one that the comment in the section's header gives."""

    def __init__(self, folder: str) -> None:
        self._header = Path(folder, "GALLERY_HEADER.rst")

    def __call__(self, filename: str) -> int:
        found = re.search(r"^\.\. reading order: (.*)$", self._header.read_text("utf-8"), re.MULTILINE)
        names = found[1].split() if found else []
        if Path(filename).stem not in names:
            raise ValueError(f"{self._header}: the line '.. reading order:' does not name {Path(filename).stem}")
        return names.index(Path(filename).stem)


def scripts_of(section: Path) -> list[Path]:
    """Return the scripts in the folder of a section, as they are read."""
    order = ReadingOrder(str(section))
    return sorted(section.glob("*.py"), key=lambda path: order(path.name))
