"""Which modules of the library a page depends on, found by reading the source, never by importing it.

A page names what it uses: ``from tensorglass import explain_broadcast`` or ``tensorglass.explain_broadcast``. The
package's table of public names says which module that is, and the imports inside the modules say which others follow.
Whatever cannot be told from the names (a star import, ``getattr``, an import by text) counts as using everything.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "tensorglass"


def modules_used(source: str, package: Path) -> set[Path]:
    """Return the files of the package that this source depends on, directly or not; none if it does not use it.

    Parameters
    ----------
    source : str
        Python code; of a notebook, the code of all its cells.
    package : Path
        The folder of the package.
    """
    public = public_names(package)
    found: set[Path] = set()
    waiting = list(_names_in(source, base=""))
    while waiting:
        name = waiting.pop()
        if name == "*":
            waiting += sorted(set(public.values()))
            continue
        for path in _files(package, public.get(name, name)) - found:
            found.add(path)
            if path != package / "__init__.py":  # that one names every module, and loads none
                base = ".".join(path.relative_to(package).parent.parts)
                waiting += _names_in(path.read_text("utf-8"), base)
    return found


def names_imported(source: str) -> set[str]:
    """Return the names that this source reaches in the package, as it writes them.

    >>> sorted(names_imported("import tensorglass as tg\\nfrom tensorglass import einsum\\ntg.gain(abs)"))
    ['einsum', 'gain']
    """
    return set(_names_in(source, base="")) - {""}


def public_names(package: Path) -> dict[str, str]:
    """Return the package's table of public names, each with its module."""
    for node in ast.parse((package / "__init__.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PUBLIC_NAMES":
            return dict(ast.literal_eval(node.value))
    raise LookupError(f"{package / '__init__.py'} has no table PUBLIC_NAMES")


def _files(package: Path, name: str) -> set[Path]:
    """Return the file of a dotted name's module, and the `__init__.py` of each package on the way to it."""
    files = {package / "__init__.py"}
    folder = package
    for part in filter(None, name.split(".")):
        files |= {path for path in (folder / f"{part}.py", folder / part / "__init__.py") if path.exists()}
        folder /= part
    return files


@functools.cache  # of each source once a build: most pages depend on the same modules
def _names_in(source: str, base: str) -> tuple[str, ...]:
    return tuple(_names_reached(ast.parse(source), base))


def _names_reached(tree: ast.Module, base: str) -> Iterator[str]:
    """Yield, relative to the package, the dotted names that the code imports or reaches; `*` stands for all.

    `base` is the dotted name of the subpackage that relative imports of this code start from.
    """
    aliases, nodes = {PACKAGE}, list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == PACKAGE:
                    aliases.add(alias.asname or PACKAGE)
                    yield alias.name.removeprefix(PACKAGE).lstrip(".")
        elif isinstance(node, ast.ImportFrom):
            module = _imported_module(node, base)
            if module is not None:
                yield module
                for alias in node.names:
                    yield f"{module}.{alias.name}".lstrip(".")  # `*` too, which then stands for all
    yield from _attributes_reached(nodes, aliases)


def _imported_module(node: ast.ImportFrom, base: str) -> str | None:
    """Return the module of a from-import relative to the package, or None if it lies outside."""
    module = node.module or ""
    if node.level:
        above = base.split(".")[: len(base.split(".")) - (node.level - 1)] if base else []
        return ".".join([*above, module]).strip(".")
    return module.removeprefix(PACKAGE).lstrip(".") if module.split(".")[0] == PACKAGE else None


def _attributes_reached(nodes: list[ast.AST], aliases: set[str]) -> Iterator[str]:
    """Yield what stands behind ``tensorglass.``; `*` where the package itself, or its name as a text, is passed on."""
    attributes = {id(node.value): node.attr for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in aliases:
            name = attributes.get(id(node), "*")
            yield "*" if name in ("__dict__", "__getattr__") else name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.split(".")[0] == PACKAGE:
            yield "*"
