"""The names of other projects that are used here: in the code of the pages, and in what the library's functions say."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

Names = tuple[str, ...]  # the names that one thing goes by


def of_pages(folder: Path) -> list[Names]:
    """Return what the code of the pages uses: what the gallery wrote beside each page when it ran the page."""
    pages = [json.loads(path.read_text("utf-8")) for path in sorted(folder.rglob("*.codeobj.json"))]
    return [_looked_up(objects) for page in pages for objects in page.values()]


def _looked_up(objects: list[dict[str, str]]) -> Names:
    """Return the names under which the gallery looks for a thing: one for each module that has it."""
    places = [(item[key], item["name"]) for item in objects for key in ("module_short", "module")]
    return tuple(dict.fromkeys(name if module == "builtins" else f"{module}.{name}" for module, name in places))


def of_library(folder: Path) -> list[Names]:
    """Return the names in annotations and docstrings, each in full, as its module is imported."""
    return [(name,) for path in sorted(folder.rglob("*.py")) for name in _in_module(ast.parse(path.read_text("utf-8")))]


def _in_module(tree: ast.Module) -> Iterator[str]:
    imported = dict(_imported(tree))
    for node in ast.walk(tree):
        annotations = [getattr(node, field, None) for field in ("annotation", "returns")]
        names = [name for annotation in annotations if annotation is not None for name in _dotted(annotation)]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            names += _in_docstring(ast.get_docstring(node) or "")
        for name in names:
            first, dot, rest = name.partition(".")
            yield imported.get(first, first) + dot + rest


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.ImportFrom):
            module = node.module if node.level == 0 else f"tensorglass.{node.module}"
            yield from ((alias.asname or alias.name, f"{module}.{alias.name}") for alias in node.names)


def _dotted(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name | ast.Attribute):
        yield ast.unparse(node)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _dotted(child)


def _in_docstring(text: str) -> list[str]:
    """Return the names in roles, and in the lines of NumPy style that hold a type: `name : type`, or a type alone."""
    roles = re.findall(r":(?:class|exc|func|meth|mod):`~?([\w.]+)`", text)
    types = re.findall(r"^(?:[\w*, ]+ : (.+)|([\w.]+))$", text, re.MULTILINE)
    return roles + re.findall(r"[A-Za-z_]\w*(?:\.\w+)*", " ".join(part for pair in types for part in pair))
