"""What a page is: a script of `examples/`, or a file of `docs/` in Markdown that has cells of code.

A page goes by its name on the site: its path there without a suffix. This module needs Python alone, since the chores
and `docs/record.py` ask it too.
"""

from __future__ import annotations

from pathlib import Path

SCRIPTS = "examples"  # the folder of the scripts
GALLERY = "auto_examples"  # in docs/: what the gallery makes of them
CODE_CELL = "```{code-cell}"  # how a cell of code begins
ASKS = "device = default_device()"  # what a notebook that runs on the device says


def executed(root: Path) -> dict[str, Path]:
    """Return the name of every page whose code is run, with its source; `root` is the folder of the project."""
    return {**scripts(root), **notebooks(root)}


def scripts(root: Path) -> dict[str, Path]:
    """Return the name of each page that is a script, with the script."""
    return {f"{GALLERY}/{path.parent.name}/{path.stem}": path for path in sorted(root.glob(f"{SCRIPTS}/*/*.py"))}


def notebooks(root: Path) -> dict[str, Path]:
    """Return the name of each page that is a notebook in Markdown, with its file."""
    return {
        path.relative_to(root / "docs").with_suffix("").as_posix(): path
        for path in markdown_files(root / "docs")
        if CODE_CELL in path.read_text("utf-8")
    }


def on_devices(root: Path) -> dict[str, Path]:
    """Return the name of each page that may say other things on another device: scripts, and notebooks that ask."""
    asking = {name: path for name, path in notebooks(root).items() if ASKS in path.read_text("utf-8")}
    return {**scripts(root), **asking}


def markdown_files(docs: Path) -> list[Path]:
    """Return the documentation's pages in Markdown; folders whose name begins with _ are not pages."""
    return sorted([*docs.glob("*.md"), *docs.glob("[!_]*/*.md")])
