"""The errors of the library's catalogue, each raised once: how torch words it, its cause, what mends it, as JSON.

This runs in a process of its own, since it needs torch. The programs are those that the tests run: what stands in the
list was seen to be raised, and its fixes to work. Beside that stands the catalogue as a script.
"""

from __future__ import annotations

import importlib
import json
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import catalogue_script

PROGRAMS = "tests/library/errors"  # from the project's folder
IMITATED = "raise "  # in the source of a program whose message only another machine gives
MOST_FIXES = 2
VARIES = "\N{HORIZONTAL ELLIPSIS}"
_LIST = r"\[-?\d[-\d, ]*\]"
_COLOUR = re.compile(r"\x1b\[\d*m")
_NUMBER = r"(?<![\w.])-?\d+(?:\.\d+)?(?:x\d+)*(?!\w)"


def raised() -> Iterator[dict[str, Any]]:
    """Yield what the list says of each entry of the catalogue."""
    from tensorglass import explain_error
    from tensorglass.errors.catalogue import FAMILIES

    reproductions = importlib.import_module("reproductions")
    explained: Callable[[str], Any] = importlib.import_module("trying").explained
    for family in FAMILIES:
        for entry in family.ENTRIES:
            programs = [each for each in reproductions.PROGRAMS if each.kind == entry.kind]
            seen = [explained(program.source) for program in programs]
            if not programs:  # whether it is raised hangs on the machine
                told = explain_error(wording(entry.patterns[0]))
            elif IMITATED in programs[0].source:
                told = explain_error(f"{seen[0].type}: {seen[0].message}")
            else:
                told = seen[0]
            yield {
                "kind": entry.kind,
                "family": family.__name__.rpartition(".")[2],
                "type": told.type,
                "wordings": list(wordings(entry, [each.message for each in seen])),
                "cause": told.cause,
                "fixes": [[fix.code, fix.result, fix.replaces] for fix in told.fixes[:MOST_FIXES]],
                "page": entry.page,
                "patterns": [pattern.pattern for pattern in entry.regexes],
            }


def wordings(entry: Any, messages: list[str]) -> Iterator[str]:
    """Yield how torch says it, without the numbers: as it was raised, and as other versions and devices say it."""
    blurred = [without_numbers(message) for message in messages]
    unseen = [i for i, regex in enumerate(entry.regexes) if not any(map(regex.search, messages))]
    known = [wording(entry.patterns[i]) for i in unseen]
    kept: list[str] = []
    for text in [*known, *blurred] if 0 in unseen else [*blurred, *known]:  # the first pattern is the usual one
        if not any(text.strip(f"{VARIES} ") in other for other in kept):
            kept.append(text)
    yield from kept


def without_numbers(message: str) -> str:
    """Return the first line of a message that says something, with three dots for each number or list of numbers.

    >>> without_numbers("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x3)\\nmore")
    'mat1 and mat2 shapes cannot be multiplied (… and …)'
    >>> without_numbers("Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [2, 3]")
    'Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: …'
    """
    first, *more = [" ".join(line.split()) for line in _COLOUR.sub("", message).strip().splitlines()]
    if first.endswith(":") and more:  # it says nothing yet
        first = f"{first} {more[0]}"
    return re.sub(f"{_LIST}|{_NUMBER}", VARIES, first)


def wording(pattern: str) -> str:
    """Return what a regular expression finds, with three dots for all that varies.

    >>> wording(r"size mismatch, m1: (?P<a>\\[\\d+ x \\d+\\]), m2: (?P<b>\\[\\d+\\])")
    'size mismatch, m1: …, m2: …'
    >>> wording(r"only (?:one element|single-element) tensors can be converted(?: to a scalar)?")
    'only one element tensors can be converted'
    """
    return re.sub(f"[{VARIES} ]*{VARIES}", lambda found: found[0][: found[0].index(VARIES)] + VARIES, _text_of(pattern))


def _text_of(pattern: str) -> str:
    parser = importlib.import_module("re._parser")  # as `re` reads it: the standard library has no public way
    return "".join(map(_said, parser.parse(pattern)))


def _said(part: tuple[Any, Any]) -> str:
    """Return what one part of a parsed regular expression stands for."""
    name, value = str(part[0]), part[1]
    if name == "LITERAL":
        return chr(value)
    if name == "SUBPATTERN":
        group, inside = value[0], value[3]
        return VARIES if group is not None else "".join(map(_said, inside))
    if name == "BRANCH":
        return "".join(map(_said, value[1][0]))
    if name == "MAX_REPEAT" and value[:2] == (0, 1):  # what may be missing
        return ""
    return "" if name in {"AT", "ASSERT_NOT", "ASSERT"} else VARIES


if __name__ == "__main__":
    sys.path[:0] = [str(Path(sys.argv[1], "src")), str(Path(sys.argv[1], PROGRAMS))]
    warnings.simplefilter("ignore")
    logging.disable()  # torch logs what fails under fake tensors
    json.dump({"rows": list(raised()), "script": catalogue_script.script()}, sys.stdout)
