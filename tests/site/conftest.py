"""The site's tests import the extensions as Sphinx does, from docs/_ext, and one another from here."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "docs" / "_ext"), str(Path(__file__).parent)]
