"""Our style sheets and scripts are sent without comments and indentation: no page may pass its weight."""

from __future__ import annotations

import re
from pathlib import Path

import rcssmin
from sphinx.application import Sphinx

# Of what each build writes anew: a file that is changed already would be read, and written, for nothing.
SHEETS = ("tensorglass.css", "pygments.css", "explorers/explorers.css")
SCRIPTS = ("tensorglass.js", "doctools.js", "explorers/*.js")
# Not by rjsmin, which takes spaces for needless that stand in a template within a template.
_LINE_OF_COMMENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)


def lighter_script(script: str) -> str:
    """Return a script without the lines that are comments, and without indentation, but in texts of several lines.

    >>> lighter_script('// What it does\\n"use strict";\\n  // and why\\n  f("// 1"); // at once\\n')
    '"use strict";\\nf("// 1"); // at once\\n'
    >>> print(lighter_script("  f(`a\\n  b`);\\n  g();"))
    f(`a
      b`);
    g();
    """
    lines = _LINE_OF_COMMENT.sub("", script).split("\n")
    ends = [number for number, line in enumerate(lines) if line.count("`") % 2]  # where such a text begins or ends
    if len(ends) % 2:  # a pattern may hold one, too: then nobody can tell
        return "\n".join(lines)
    inside = {
        number for first, last in zip(ends[::2], ends[1::2], strict=True) for number in range(first + 1, last + 1)
    }
    return "\n".join(line if number in inside else line.lstrip() for number, line in enumerate(lines))


def write_lighter(app: Sphinx, error: Exception | None) -> None:
    """Write the files of a finished build again, without comments but those that begin with `!` and name a licence."""
    if error is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for path in (static / name for name in SHEETS):
        path.write_text(rcssmin.cssmin(path.read_text("utf-8"), keep_bang_comments=True), "utf-8")
    for path in (path for pattern in SCRIPTS for path in static.glob(pattern)):
        path.write_text(lighter_script(path.read_text("utf-8")), "utf-8")
