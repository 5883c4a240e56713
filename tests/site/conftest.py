"""The site's tests import the extensions as Sphinx does, and one another from here."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
# Another folder is named when the extensions are broken on purpose: see tests/mutants.
EXTENSIONS = os.environ.get("TENSORGLASS_EXTENSIONS", str(HERE.parents[1] / "docs" / "_ext"))
sys.path[:0] = [EXTENSIONS, str(HERE)]
