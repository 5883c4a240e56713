"""The site's tests import the extensions as Sphinx does, and one another from here."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
# Another folder is named when the extensions are broken on purpose: see tests/mutants.
EXTENSIONS = os.environ.get("TENSORGLASS_EXTENSIONS", str(HERE.parents[1] / "docs" / "_ext"))
sys.path[:0] = [EXTENSIONS, str(HERE)]


def pytest_terminal_summary(terminalreporter):
    """Print what was measured of each page, beside the bars that it must meet."""
    from browser import FIGURES

    if not FIGURES:
        return
    columns = list(dict.fromkeys(quality for row in FIGURES.values() for quality in row))
    width = max(map(len, FIGURES))
    terminalreporter.section("the built site")
    terminalreporter.write_line("  ".join([" " * width, *columns]))
    for page, row in FIGURES.items():
        cells = (f"{row.get(quality, '-'):>{len(quality)}}" for quality in columns)
        terminalreporter.write_line("  ".join([f"{page:<{width}}", *cells]))
