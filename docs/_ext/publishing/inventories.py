"""The projects whose documentation the site links to: where each is, and what the build knows of it.

The build knows the names in `docs/inventories`, and asks no network. With TENSORGLASS_INVENTORIES=online it asks each
project for all its names, and falls back on these files.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

ADDRESSES = {
    "matplotlib": "https://matplotlib.org/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "python": "https://docs.python.org/3/",
    "sklearn": "https://scikit-learn.org/stable/",
    "torch": "https://docs.pytorch.org/docs/stable/",
}


def mapping(folder: Path) -> dict[str, tuple[str, tuple[str | None, ...]]]:
    """Return the value of Sphinx's setting `intersphinx_mapping`, for the inventories in `folder`."""
    wanted = os.environ.get("TENSORGLASS_INVENTORIES", "")
    if wanted not in {"", "online"}:
        raise ValueError(f"TENSORGLASS_INVENTORIES is {wanted!r}; expected 'online', or nothing")
    first: tuple[None, ...] = (None,) if wanted == "online" else ()  # None is the project's own inventory
    return {name: (address, (*first, str(folder / f"{name}.inv"))) for name, address in ADDRESSES.items()}


def digest(folder: Path) -> str:
    """Return a digest of the inventories: where it is another one, links are made anew on all pages."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.inv")))).hexdigest()
