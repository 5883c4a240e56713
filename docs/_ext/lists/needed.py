"""The directive ``needed``: which packages the library brings, in which versions, as pyproject.toml says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .tables import cell, table

HEADER = ("what", "version", "installed with")


class Needed(SphinxDirective):
    """A table of Python and the packages."""

    def run(self) -> list[nodes.Node]:
        file = Path(self.env.srcdir).parent / "pyproject.toml"
        self.env.note_dependency(file)
        rows = needed(file.read_text("utf-8"))
        body = [nodes.row("", cell(what), cell(version), cell(*by)) for what, version, by in rows]
        return [table("", HEADER, body, name="needed")]


def needed(project: str) -> list[tuple[str, str, list[nodes.Node]]]:
    """Return what the library needs: its name, from which version on, and with what it is installed, a paragraph.

    >>> text = '[project]\\nname = "p"\\nrequires-python = ">=3.11"\\ndependencies = ["a>=2.4"]\\n'
    >>> text += '[project.optional-dependencies]\\nplot = ["b>=3.8"]'
    >>> [(what, version, said[0].astext()) for what, version, said in needed(text)]
    [('Python', '3.11 or newer', 'your environment'), ('a', '2.4 or newer', 'p'), ('b', '3.8 or newer', 'p[plot]')]
    """
    about = tomllib.loads(project)["project"]
    name = about["name"]
    rows = [(f"Python{about['requires-python']}", nodes.Text("your environment"))]
    rows += [(each, nodes.literal(text=name)) for each in about["dependencies"]]
    for extra, packages in about.get("optional-dependencies", {}).items():
        rows += [(each, nodes.literal(text=f"{name}[{extra}]")) for each in packages]
    return [(*_bound(each), [nodes.paragraph("", "", said)]) for each, said in rows]


def _bound(requirement: str) -> tuple[str, str]:
    """Return the name of a requirement and its bound in words."""
    found = re.fullmatch(r"([\w.-]+)>=([\d.]+)", requirement)
    if found is None:
        raise ValueError(
            f"pyproject.toml asks for {requirement!r}; expected a lower bound alone, such as 'numpy>=1.26'"
        )
    return found[1], f"{found[2]} or newer"
