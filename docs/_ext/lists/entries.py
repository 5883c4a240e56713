"""The entries of a TOML file that a page shows, `[[claim]]` for instance, and the end of a build if one is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..law.ending import stop


def entries(file: Path, kind: str) -> list[dict[str, Any]]:
    """Return the entries of one kind, in their order."""
    found: list[dict[str, Any]] = tomllib.loads(file.read_text("utf-8")).get(kind, [])
    if not found:
        stop([(f"{file}:1", f"there is no entry [[{kind}]]")])
    return found


def stop_if_wrong(file: Path, kind: str, problems: Iterable[str]) -> None:
    """End the build at what is wrong with the entries. A problem that begins with `claim 3` is told at its line."""
    lines = [i for i, line in enumerate(file.read_text("utf-8").split("\n"), 1) if line.startswith(f"[[{kind}]]")]
    found = []
    for problem in problems:
        number = re.match(rf"{kind} (\d+)\b", problem)
        line = lines[int(number[1]) - 1] if number and int(number[1]) <= len(lines) else 1
        found.append((f"{file}:{line}", problem))
    if found:
        stop(found)
