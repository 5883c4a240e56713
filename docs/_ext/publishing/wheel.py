"""The site serves the library's own wheel, so that a script downloaded from a page can be run anywhere.

The wheel lies at the site's root. It is built again when the library or its metadata changed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


def build_wheel(app: Sphinx) -> None:
    """Put the wheel where Sphinx copies it to the root of the site, and remember its name for the pages."""
    root = Path(app.srcdir).parent
    folder = Path(app.srcdir) / "_build" / "wheel"
    stamp = folder.parent / "wheel-made-from"
    wanted = _digest(root)
    if not stamp.exists() or stamp.read_text() != wanted or not list(folder.glob("*.whl")):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.whl"):
            old.unlink()
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if result.returncode:
            raise ExtensionError(f"the wheel could not be built:\n{result.stderr}")
        stamp.write_text(wanted)
    app.config.html_extra_path = [*app.config.html_extra_path, str(folder)]
    (app.config.tensorglass_wheel,) = (path.name for path in folder.glob("*.whl"))


def _digest(root: Path) -> str:
    files = [root / "pyproject.toml", *root.glob("hatch_build.py"), root / "README.md", *root.glob("LICENSE*")]
    files += (root / "src").rglob("*.py*")
    addresses = [
        os.environ.get(f"TENSORGLASS_{name}", "") for name in ("REPOSITORY", "SITE_ADDRESS")
    ]  # in its metadata
    contents = [path.read_bytes() for path in sorted(files)]
    return hashlib.sha256(b"\0".join([*contents, *(each.encode() for each in addresses)])).hexdigest()
