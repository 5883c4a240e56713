"""Style sheets and explorers are sent without comments: no page may pass its weight."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

# A text in quotes is kept as it is. So is a comment that begins with an exclamation mark: it names a licence.
_KEPT_OR_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|/\*!.*?\*/)|/\*.*?\*/""", re.DOTALL)
_EMPTY_LINES = re.compile(r"\n\s*\n")
_LINE_OF_COMMENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)
SHEETS = "tensorglass.css", "pygments.css"  # those with many comments, which each build writes anew
SCRIPTS = "explorers/*.js"  # none of whose texts goes over several lines


def lighter_style(css: str) -> str:
    """Return a style sheet without its comments, and without the lines that were theirs.

    >>> lighter_style('/*! MIT */\\na { content: "/* a */" } /* a link */\\n\\n/* no more */\\nb { top: 0 }\\n')
    '/*! MIT */\\na { content: "/* a */" } \\nb { top: 0 }\\n'
    """
    return _EMPTY_LINES.sub("\n", _KEPT_OR_COMMENT.sub(lambda found: found[1] or "", css))


def lighter_script(script: str) -> str:
    """Return a script without the lines that are comments.

    >>> lighter_script('// What it does\\n"use strict";\\n  // and why\\n  f("// 1"); // at once\\n')
    '"use strict";\\n  f("// 1"); // at once\\n'
    """
    return _LINE_OF_COMMENT.sub("", script)


def write_lighter(app: Sphinx, error: Exception | None) -> None:
    """Write the files of a finished build again, without comments."""
    if error is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for path in (static / name for name in SHEETS):
        path.write_text(lighter_style(path.read_text("utf-8")), "utf-8")
    for path in static.glob(SCRIPTS):
        path.write_text(lighter_script(path.read_text("utf-8")), "utf-8")
