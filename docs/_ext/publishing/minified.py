"""Our style sheets and scripts are sent without comments and needless spaces: no page may pass its weight."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import rcssmin
import rjsmin
from sphinx.application import Sphinx

# Of what each build writes anew: a file that is minified already would be read, and written, for nothing.
SHEETS = ("tensorglass.css", "pygments.css", "explorers/explorers.css")
SCRIPTS = ("tensorglass.js", "explorers/*.js")


def write_minified(app: Sphinx, error: Exception | None) -> None:
    """Write the files of a finished build again, minified. A comment that names a licence stays: it begins with `!`."""
    if error is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for patterns, minify in (
        (SHEETS, partial(rcssmin.cssmin, keep_bang_comments=True)),
        (SCRIPTS, partial(rjsmin.jsmin, keep_bang_comments=True)),
    ):
        for path in (path for pattern in patterns for path in static.glob(pattern)):
            path.write_text(minify(path.read_text("utf-8")), "utf-8")
