"""What somebody means who names a page: as a word, a file, or a place on the site; and what to say if nobody knows it.

This module needs Python alone, as `pages` does.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath

_SUFFIXES = (".py", ".md", ".ipynb", ".html")


def page_named(given: str, known: Mapping[str, Path]) -> str | None:
    """Return the page that is meant, by its name on the site; `known` has the pages by these names.

    >>> known = {"auto_examples/memory/views": Path("examples/memory/views.py")}
    >>> page_named("views", known) == page_named("./examples/memory/views.py", known) == "auto_examples/memory/views"
    True
    """
    path = PurePath(given.replace("\\", "/"))
    parts = (path.with_suffix("") if path.suffix in _SUFFIXES else path).parts
    for name, source in known.items():
        places = (PurePath(name).parts, source.with_suffix("").parts)
        if parts and any(place[-len(parts) :] == parts for place in places):
            return name
    return None


def expected(given: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the names that are meant by one that is none, or else what there is.

    >>> expected("unsqueze", ["views", "unsqueeze"])
    'did you mean unsqueeze'
    >>> expected("x", ["views", "unsqueeze"])
    'expected one of unsqueeze, views'
    """
    names = sorted(known)
    word = PurePath(given).name.lower()
    near = [*difflib.get_close_matches(word, names, n=3), *(name for name in names if len(word) > 2 and word in name)]
    if near:
        return f"did you mean {' or '.join(list(dict.fromkeys(near))[:3])}"
    return otherwise or f"expected one of {', '.join(names)}"
