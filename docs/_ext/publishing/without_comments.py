"""Our style sheets and explorers are sent without comments: no page may pass its weight."""

from __future__ import annotations

import re
from pathlib import Path

import rcssmin
from sphinx.application import Sphinx

# Of what each build writes anew: a file that is changed already would be read, and written, for nothing.
SHEETS = ("tensorglass.css", "pygments.css", "explorers/explorers.css")
SCRIPTS = "explorers/*.js"
# Not by rjsmin, which takes spaces for needless that stand in a template within a template. No text of ours goes over
# several lines.
_LINE_OF_COMMENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)


def lighter_script(script: str) -> str:
    """Return a script without the lines that are comments.

    >>> lighter_script('// What it does\\n"use strict";\\n  // and why\\n  f("// 1"); // at once\\n')
    '"use strict";\\n  f("// 1"); // at once\\n'
    """
    return _LINE_OF_COMMENT.sub("", script)


def write_lighter(app: Sphinx, error: Exception | None) -> None:
    """Write the files of a finished build again, without comments but those that begin with `!` and name a licence."""
    if error is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for path in (static / name for name in SHEETS):
        path.write_text(rcssmin.cssmin(path.read_text("utf-8"), keep_bang_comments=True), "utf-8")
    for path in static.glob(SCRIPTS):
        path.write_text(lighter_script(path.read_text("utf-8")), "utf-8")
