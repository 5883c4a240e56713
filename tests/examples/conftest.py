"""What these tests share with the build: its extensions, which read a page as Sphinx does."""

import sys
from pathlib import Path

# At the end, since tests/site may have put a copy before it.
sys.path.append(str(Path(__file__).parents[2] / "docs"))
