"""Where everything is that the tests speak of."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE, EXTENSIONS = ROOT / "src" / "tensorglass", ROOT / "docs" / "_ext"  # the library, and what builds the site

# Where the tests import the build's package from: another folder when it is broken on purpose, see tests/mutants.
sys.path.append(os.environ.get("TENSORGLASS_EXTENSIONS", str(EXTENSIONS.parent)))
