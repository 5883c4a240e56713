"""The rules of what layers keep, as a script beside the explorers: found again when they may have changed.

They are measured, so this needs torch: `kept_rules` runs in a process of its own, and only if a page wants the rules.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from ..runs import environment
from ..sources.dependencies import modules_used
from . import kept_rules

NAME = "kept_rules.js"


def write(app: Sphinx) -> None:
    """Write the script where the page finds it."""
    written = Path(app.outdir, "_static", "explorers", NAME)
    written.parent.mkdir(parents=True, exist_ok=True)
    text = script(app)
    if not written.exists() or written.read_text("utf-8") != text:
        written.write_text(text, "utf-8")


def script(app: Sphinx) -> str:
    """Return the script: the one that was made of these sources, or a new one."""
    root = Path(app.srcdir).parent
    kept, stamp = (Path(app.srcdir, "_build", name) for name in (NAME, f"{NAME}-made-from"))
    wanted = _made_from(root)
    if not kept.exists() or not stamp.exists() or stamp.read_text("utf-8") != wanted:
        command = [sys.executable, kept_rules.__file__, str(root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ExtensionError(f"the rules of what layers keep could not be found:\n{done.stderr}")
        kept.parent.mkdir(exist_ok=True)  # of a site that is built elsewhere
        kept.write_text(f"window.tensorglassKept = {done.stdout};\n", "utf-8")
        stamp.write_text(wanted, "utf-8")
    return kept.read_text("utf-8")


def _made_from(root: Path) -> str:
    """Return a digest of all that the rules depend on."""
    used = modules_used("from tensorglass import record_saved", root / "src" / "tensorglass")
    texts = [path.read_text("utf-8") for path in (Path(kept_rules.__file__), *sorted(used))]
    where = json.dumps(environment.describe(), sort_keys=True)
    return hashlib.sha256("\0".join([where, *texts]).encode()).hexdigest()
