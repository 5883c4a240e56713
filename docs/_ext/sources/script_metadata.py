"""What a script says of its needs in its inline metadata."""

from __future__ import annotations

import re
import tomllib
from typing import Any

METADATA = re.compile(r"^# /// script\n((?:#.*\n)+?)# ///$", re.MULTILINE)
_BROUGHT = ("torch", "numpy", "opt_einsum", "tensorglass")  # by the library's wheel


def metadata_of(script: str) -> dict[str, Any]:
    """Return a script's inline metadata, which is empty where it has none.

    >>> metadata_of('# /// script\\n# requires-python = ">=3.11"\\n# ///\\n')
    {'requires-python': '>=3.11'}
    """
    block = METADATA.search(script)
    return tomllib.loads(re.sub(r"^# ?", "", block[1], flags=re.MULTILINE)) if block else {}


def requirements(script: str) -> list[str]:
    """Return the packages that a script's inline metadata names and that the wheel does not bring.

    >>> requirements('# /// script\\n# dependencies = ["torch>=2.4", "matplotlib>=3.8"]\\n# ///\\n')
    ['matplotlib']
    """
    names = [re.split(r"[<>=!~ ;\[]", each)[0] for each in metadata_of(script).get("dependencies", [])]
    return [name for name in names if name not in _BROUGHT]


def with_library(source: str, address: str) -> str:
    """Return a script whose metadata names the library by an address."""
    added = f'"tensorglass @ {address}"'
    metadata = METADATA.search(source)
    if metadata is None:
        return source
    one_line = re.sub(r'(dependencies = \[(?:"[^"]*", )*"[^"]*")\]', rf"\1, {added}]", metadata[0])
    several = re.sub(r"(dependencies = \[\n)", rf"\1#     {added},\n", metadata[0])
    changed = several if several != metadata[0] else one_line
    if changed == metadata[0]:
        raise ValueError(f"no place for the library in the metadata {changed!r}; expected dependencies = [...]")
    return source.replace(metadata[0], changed, 1)
