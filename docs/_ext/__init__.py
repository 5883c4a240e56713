"""The site's own extension of Sphinx. What happens when is in `order`; each room holds what the list there names.

A room imports from itself and from those before it: sources, runs, law, page, javascript, lists, publishing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    from .order import register  # not above: `docs/record.py` uses some of the rooms where there is no Sphinx

    return register(app)
