"""Which long checks passed for the sources as they are: a check is run again when what it depends on has changed.

A *unit* is one expensive check: the mutants of a module, the ten seeds of a paper, a page in the browser. Its
fingerprint is a digest of all that its outcome depends on: the sources, the tests and their helpers, and the versions
of what they run on. When all of a unit's checks have passed, its fingerprint and figures are written to
`ledger.jsonl`, which is committed. A unit whose fingerprint stands there is fresh, and is passed over.

That the ledger tells the truth is checked too: of the fresh units a sample runs all the same, drawn by the hash of the
commit, so that nobody can choose it, and everybody can draw it again.

The file has one unit a line, sorted by name. Two branches are merged by keeping the lines of both: a unit with several
lines is fresh if one of them has its fingerprint.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from places import EXTENSIONS, PACKAGE, ROOT

# isort: split
from _ext.sources.dependencies import modules_used  # found since `places` says where

SHARE = 20  # one fresh unit in so many runs all the same
TOOLS = (
    "torch", "numpy", "matplotlib", "opt_einsum", "scikit-learn", "pytest", "sphinx", "sphinx-gallery", "myst-nb",
    "furo",
)  # fmt: skip
# Where a test finds the modules and packages that it imports by their bare names.
HELPERS = [
    *(ROOT / name for name in ("tests", "tests/library", "tests/site", "tests/mutants")),
    *sorted(ROOT.glob("tests/library/[!_]*/")),
    EXTENSIONS.parent,
]
PASSING_OVER = ("ledger", "fresh_units")  # they decide what is run, and nothing of what comes out


class Ledger:
    """The units that passed, with the fingerprints and figures of their last runs."""

    def __init__(self, path: Path = ROOT / "tests" / "ledger.jsonl") -> None:
        self.path = path

    def lines(self) -> list[dict[str, Any]]:
        """Return what was written, in the order of the file."""
        text = self.path.read_text("utf-8") if self.path.exists() else ""
        return [json.loads(line) for line in text.splitlines() if line.strip()]

    def has(self, unit: str, fingerprint: str) -> bool:
        """Tell whether the unit passed with this fingerprint."""
        return any(line["unit"] == unit and line["fingerprint"] == fingerprint for line in self.lines())

    def seconds(self) -> dict[str, float]:
        """Return how long each unit took when it last passed."""
        return {line["unit"]: line["seconds"] for line in self.lines()}

    def passed(self, unit: str, fingerprint: str, seconds: float, **figures: int) -> None:
        """Write that a unit passed. What stands there already for the same sources is left as it is."""
        if self.has(unit, fingerprint):
            return
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        line = {"unit": unit, "fingerprint": fingerprint, "date": today, "seconds": round(seconds, 1), **figures}
        self._write([*(old for old in self.lines() if old["unit"] != unit), line])

    def _write(self, lines: list[dict[str, Any]]) -> None:
        # In the place of the old file only when it is whole: an interruption leaves the one or the other.
        whole = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        ordered = sorted(lines, key=lambda line: line["unit"])
        whole.write_text("".join(json.dumps(line) + "\n" for line in ordered), "utf-8")
        whole.replace(self.path)


def drawn(fresh: Collection[str], seed: str, wanted: Collection[str] = ()) -> set[str]:
    """Return the fresh units that are run all the same: one in twenty, drawn by the seed, and those that are wanted.

    >>> fresh = [f"unit {i}" for i in range(40)]
    >>> len(drawn(fresh, "a commit")), drawn(fresh, "a commit") == drawn(fresh[::-1], "a commit")
    (2, True)
    >>> sorted(drawn(["one", "two"], "a commit", wanted=["one", "two", "three"]))
    ['one', 'two']
    """
    by_lot = sorted(fresh, key=lambda unit: hashlib.sha256(f"{seed}\0{unit}".encode()).digest())
    return {*by_lot[: math.ceil(len(fresh) / SHARE)], *(set(wanted) & set(fresh))}


@functools.cache
def commit() -> str:
    """Return the hash of the commit, which is what the sample is drawn by; without git, today's date."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return datetime.now(UTC).strftime("%Y-%m-%d")


def fingerprint(files: Iterable[Path], *texts: str) -> str:
    """Return the digest of the contents and places of some files, of further texts, and of the versions in use."""
    chosen = sorted({path.resolve() for path in files})
    named = (f"{os.path.relpath(path, ROOT)}\n".encode() + _content(path) for path in chosen)
    return hashlib.sha256(b"\0".join([*named, *(text.encode() for text in texts), versions().encode()])).hexdigest()[
        :32
    ]


@functools.cache
def versions() -> str:
    """Return the versions on which the outcome of any check depends."""
    python = f"{sys.platform} python {sys.version_info.major}.{sys.version_info.minor}"
    return "; ".join([python, *(f"{name} {metadata.version(name)}" for name in TOOLS)])


def files_of(pattern: str) -> list[Path]:
    """Return the files that a pattern names, relative to the project, without what is generated there."""
    if pattern.endswith("**"):  # which names folders alone, before Python 3.13
        raise ValueError(f"the pattern is {pattern!r}; expected one that names files, such as '{pattern}/*'")
    found = (path for path in sorted(ROOT.glob(pattern)) if path.is_file())
    generated = ("_build", "auto_examples", "__pycache__", "jupyter_execute")
    return [path for path in found if not set(generated) & set(path.relative_to(ROOT).parts)]


@functools.cache
def sources_behind(path: Path) -> frozenset[Path]:
    """Return a Python file of the project with all that it uses, directly or not.

    These are the helpers and the build's modules that it imports, the `conftest.py` of the folders above it, and the
    modules of the library, found as they are for pages. A program in a string that imports the library counts too.
    """
    found, waiting = set(), [path, *_conftests_above(path)]
    while waiting:
        file = waiting.pop()
        if file not in found and file.stem not in PASSING_OVER:
            found.add(file)
            source = file.read_text("utf-8")
            if EXTENSIONS not in file.parents:  # these speak of the library, and import none of it
                found |= {module for code in _programs_in(source) for module in modules_used(code, PACKAGE)}
            waiting += [imported for imported in _imported(file, source) if PACKAGE not in imported.parents]
    return frozenset(found)


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b"not there"


def _conftests_above(path: Path) -> list[Path]:
    return [folder / "conftest.py" for folder in path.parents if (folder / "conftest.py").exists()]


def _imported(file: Path, source: str) -> Iterator[Path]:
    """Yield the files of the project that the code of a file imports, wherever it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names, folders = [alias.name for alias in node.names], (file.parent, *HELPERS)
        elif isinstance(node, ast.ImportFrom):
            module = f"{node.module}." if node.module else ""
            names = [f"{module}{alias.name}" for alias in node.names]
            folders = (file.parents[node.level - 1],) if node.level else (file.parent, *HELPERS)
        else:
            continue
        yield from (found for name in names for folder in folders for found in _on_the_way(folder, name.split(".")))


def _on_the_way(folder: Path, names: list[str]) -> Iterator[Path]:
    """Yield what Python reads to import a dotted name from a folder: the packages on the way, and the module.

    The last name may be one that the module defines, and then there is no file of it.
    """
    for name in names:
        if (folder / f"{name}.py").exists():
            yield folder / f"{name}.py"
            return
        folder /= name
        if not (folder / "__init__.py").exists():
            return
        yield folder / "__init__.py"


def _programs_in(source: str) -> Iterator[str]:
    """Yield the code itself, and the programs in its strings; what is no program there is prose or a template."""
    yield source
    for node in ast.walk(ast.parse(source)):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if "import tensorglass" in text or "from tensorglass" in text:
            with contextlib.suppress(SyntaxError):
                ast.parse(text)
                yield text
