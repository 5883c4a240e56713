"""Which sources cannot be read at all: no text, no Python, no TOML, or no page. It is told before anything is run.

This module needs Python alone, since the chores ask it before there is an environment.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from . import pages
from .blocks import read_notebook
from .reading_order import SECTIONS, ReadingOrder
from .script_metadata import requirements

_TITLE = re.compile(r"\s*\S.*\n([=~-])\1{2,}[ ]*(\n|\Z)")  # a line, and one that underlines it
_LINE_OF_TOML = re.compile(r" \(at line (\d+), column \d+\)$")

Found = Iterator[tuple[int, str]]  # lines of a file, and what is wrong there
Check = Callable[[str], Found]


class Problem(NamedTuple):
    """What cannot be read: the file, the line, and why."""

    path: Path
    line: int
    reason: str

    def place(self, root: Path) -> str:
        """Return where it is, seen from the folder of the project."""
        return f"{self.path.relative_to(root).as_posix()}:{self.line}"


def unreadable(root: Path) -> list[Problem]:
    """Return what of the project's sources cannot be read; `root` is the folder of the project."""
    found = [problem for path, check in _checks(root).items() for problem in _problems(path, check)]
    return found or list(_out_of_order(root))  # which opens files too


def _checks(root: Path) -> dict[Path, Check]:
    """Return the files that a build opens, each with what it is read by."""
    docs = root / "docs"
    code = [*docs.glob("*.py"), *docs.glob("_ext/**/*.py"), *(root / "src").rglob("*.py")]
    return {
        **dict.fromkeys(pages.scripts(root).values(), _page),
        **dict.fromkeys(pages.markdown_files(docs), _cells),
        **dict.fromkeys(sorted(code), _code),
        **dict.fromkeys([root / "pyproject.toml", *sorted(docs.glob("*.toml"))], _toml),
        **dict.fromkeys(sorted(docs.glob("recorded/*/*.json")), _json),
        **dict.fromkeys(sorted(root.glob(f"{pages.SCRIPTS}/**/*.rst")), _text),
    }


def _problems(path: Path, check: Check) -> Iterator[Problem]:
    """Yield why a file cannot be read, if it cannot."""
    source = path.read_bytes()
    try:
        yield from (Problem(path, line, reason) for line, reason in check(source.decode()))
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        yield Problem(path, line, f"the byte {source[error.start]:#04x} is not UTF-8; save the file as UTF-8")
    except SyntaxError as error:
        line = error.lineno or source.partition(b"\0")[0].count(b"\n") + 1  # null bytes have no line
        yield Problem(path, line, f"{error.msg}: {error.text.strip()}" if error.text else error.msg)
    except tomllib.TOMLDecodeError as error:
        at = _LINE_OF_TOML.search(str(error))
        last = source.rstrip().count(b"\n") + 1
        yield Problem(path, int(at[1]) if at else last, f"no TOML: {_LINE_OF_TOML.sub('', str(error))}")
    except json.JSONDecodeError as error:
        yield Problem(path, error.lineno, f"no JSON: {error.msg}")


def _text(source: str) -> Found:
    """Ask nothing more than that it is text."""
    return iter(())


def _code(source: str) -> Found:
    ast.parse(source)
    return iter(())


def _json(source: str) -> Found:
    json.loads(source)
    return iter(())


def _toml(source: str) -> Found:
    tomllib.loads(source)
    return iter(())


def _cells(source: str) -> Found:
    """Read each cell of a notebook in Markdown, at its line."""
    for block in read_notebook(source):
        if block.is_code:
            ast.parse("\n" * (block.line - 1) + block.text)
    return iter(())


def _page(source: str) -> Found:
    """Read a script, which begins with a docstring, and that with a title; and the metadata above it."""
    tree = ast.parse(source)
    if not _TITLE.match(ast.get_docstring(tree, clean=False) or ""):
        first = tree.body[0].lineno if tree.body else 1
        yield first, "a page begins with a docstring, and that with a title underlined by ==="
    try:
        requirements(source)
    except tomllib.TOMLDecodeError as error:
        line = source[: source.index("# /// script")].count("\n") + 1
        yield line, f"the metadata is no TOML: {error}"


def _out_of_order(root: Path) -> Iterator[Problem]:
    """Yield which sections and pages have no place in the order in which they are read."""
    for folder in sorted({path.parent for path in pages.scripts(root).values()}):
        header = folder / "GALLERY_HEADER.rst"
        if folder.name not in SECTIONS:
            reason = f"the section {folder.name!r} is not in SECTIONS of docs/_ext/sources/reading_order.py"
            yield Problem(folder, 1, reason)
        elif not header.exists():
            yield Problem(header, 1, "there is no such file; it has the section's title and the order of its pages")
        else:
            yield from _unnamed(header)


def _unnamed(header: Path) -> Iterator[Problem]:
    """Yield which pages of a section its header does not name."""
    order = ReadingOrder(str(header.parent))
    lines = header.read_text("utf-8").split("\n")
    line = next((i for i, each in enumerate(lines, start=1) if each.startswith(".. reading order:")), 1)
    for path in sorted(header.parent.glob("*.py")):
        try:
            order(path.name)
        except ValueError as error:
            yield Problem(header, line, str(error).removeprefix(f"{header}: "))
