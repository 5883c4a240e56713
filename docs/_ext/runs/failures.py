"""Where a page failed: the line of its source, and what was raised there, read from the traceback of its run."""

from __future__ import annotations

import re
from pathlib import Path

from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from ..sources.blocks import code_blocks

_ANSI = re.compile(r"\x1b\[[\d;]*m")
_CELL = re.compile(r"^Cell In\[(\d+)\], line (\d+)", re.MULTILINE)
_RAISED = re.compile(r"^\w[\w.]*(?:Error|Exception|Interrupt|Exit|Iteration|Warning)(?=:|$).*", re.MULTILINE)


def of_scripts(config: Config) -> list[tuple[str, str]]:
    """Return where scripts failed in this build, as the gallery knows it, and why."""
    failed = {Path(script): traceback for script, traceback in config.sphinx_gallery_conf["failing_examples"].items()}
    told = {path: in_script(traceback, path) for path, traceback in sorted(failed.items())}
    return [(f"{path}:{line}", reason) for path, (line, reason) in told.items()]


def of_notebook(env: BuildEnvironment, page: str, path: Path) -> tuple[int, str]:
    """Return the line at which a notebook failed in this build, and why, as far as it is known."""
    execution = NbMetadataCollector.get_exec_data(env, page)
    return in_notebook((execution and execution["traceback"]) or "", path)


def in_script(traceback: str, path: Path) -> tuple[int, str]:
    """Return the innermost line of a script in the traceback that the gallery wrote, and what was raised."""
    lines = re.findall(rf'^ *File "{re.escape(str(path))}", line (\d+)', traceback, re.MULTILINE)
    return _told(int(lines[-1]) if lines else 1, traceback, path)


def in_notebook(traceback: str, path: Path) -> tuple[int, str]:
    """Return the innermost line of a notebook in the traceback of a kernel, and what was raised."""
    traceback = _ANSI.sub("", traceback)
    found = _CELL.findall(traceback)
    if not found:
        return _told(1, traceback, path)
    number, line = map(int, found[-1])
    block = code_blocks(path)[number - 1]
    options = len(block.text) - len(block.text.lstrip("\n"))  # lines that the kernel does not get
    return _told(block.line + options + line - 1, traceback, path)


def _told(line: int, traceback: str, path: Path) -> tuple[int, str]:
    raised = _RAISED.findall(traceback)
    if not raised:
        return line, "the page did not run to its end"
    last: str = raised[-1].rstrip(": ")
    code = "" if ": " in last else f" at {path.read_text('utf-8').splitlines()[line - 1].strip()}"
    return line, f"the page did not run to its end: {last}{code}"
