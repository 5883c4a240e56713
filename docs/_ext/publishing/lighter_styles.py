"""Style sheets without comments: every page loads them, and no page may pass its weight."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

# A text in quotes is kept as it is. So is a comment that begins with an exclamation mark: it names a licence.
_KEPT_OR_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|/\*!.*?\*/)|/\*.*?\*/""", re.DOTALL)
_EMPTY_LINES = re.compile(r"\n\s*\n")
SHEETS = "tensorglass.css", "pygments.css"  # those with many comments, which each build writes anew


def without_comments(css: str) -> str:
    """Return a style sheet without its comments, and without the lines that were theirs.

    >>> without_comments('/*! MIT */\\na { content: "/* a */" } /* a link */\\n\\n/* no more */\\nb { top: 0 }\\n')
    '/*! MIT */\\na { content: "/* a */" } \\nb { top: 0 }\\n'
    """
    return _EMPTY_LINES.sub("\n", _KEPT_OR_COMMENT.sub(lambda found: found[1] or "", css))


def write_styles(app: Sphinx, error: Exception | None) -> None:
    """Write the style sheets of a finished build again, without comments."""
    if error is not None or app.builder.format != "html":
        return
    for path in (Path(app.outdir, "_static", name) for name in SHEETS):
        path.write_text(without_comments(path.read_text("utf-8")), "utf-8")
