"""The directive ``error-catalogue``: each error that the library knows, with its cause and what mends it.

What it says comes from `raised_errors`, which raises each error once when the page is read. Where pages of the gallery
show a message, links lead there: they follow the pages. The same catalogue is written as a script, with which the page
explains what is pasted.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from ..sources.dependencies import modules_used
from . import catalogue_script, raised_errors
from .errors_shown import Place, link, messages
from .tables import sentence

Row = dict[str, Any]  # what `raised_errors` says of an entry

# The families as readers meet them, what is asked most first, with the names of their modules.
FAMILIES = {
    "Matrix products and linear layers": ("products",),
    "Shapes that do not broadcast": ("broadcasts",),
    "View, reshape, permute and split": ("reshapes", "axis_order"),
    "Cat and stack": ("joins",),
    "Axes and indices": ("indices", "masks"),
    "Losses and their targets": ("losses", "class_targets"),
    "What a layer takes": ("layer_inputs", "layer_sizes"),
    "Dtypes": ("dtypes", "dtype_limits"),
    "Devices and memory": ("devices", "device_memory"),
    "Backward and its graph": ("backward", "freed_graph", "leaving_graph"),
    "Changed in place": ("overwritten", "in_place"),
    "Loading a model": ("models",),
    "One number, and true or false": ("scalars",),
    "Einsum": ("einsums",),
    "NumPy arrays and lists": ("arrays",),
}
USUAL = (
    "matmul broadcast gpu_memory view_shape same_device cat_sizes stack target_class lookup changed_in_place no_graph "
    "backward_twice matmul_dtype scalar_type conv_channels loss_batch state_keys device_assert"
).split()
LONGEST_BEGINNING = 66  # characters of a message that is told by its beginning: on a laptop, one line
# On this page alone: a message is looked for, so it stands out; what belongs to it stands close.
STYLE = """<style>
article dl.errors > dt { margin-top: 1.6rem; font-weight: bold; overflow-wrap: anywhere; }
article dl.errors > dt { color: var(--color-foreground-primary); }
dl.errors > dt code { background: none; border: 0; padding: 0; color: inherit; font-size: var(--font-size--normal); }
dl.errors > dd { margin-left: 1rem; }
dl.errors > dd :is(p, ul) { margin: 0.25rem 0; }
dl.errors :is(.wordings, .places) { font-size: var(--font-size--small); color: var(--color-foreground-secondary); }
dl.errors > dt:target { outline: 2px solid var(--color-brand-content); outline-offset: 0.3rem; }
</style>"""
MOST_PLACES = 3  # of the gallery, that show one error


class error_links(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes this way
    """Where the links of one error go. They are made when all pages are read."""


class ErrorCatalogue(SphinxDirective):
    """A section for each family; in it each error's wordings, cause and fixes."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir).parent
        for path in sources(root):
            self.env.note_dependency(str(path))
        rows, script = rows_and_script(root)
        self.env.metadata[self.env.docname].update(error_catalogue=rows, error_script=script)
        by_kind = {row["kind"]: row for row in rows}
        usual = [further_down(kind, beginning(by_kind[kind]["wordings"][0])) for kind in USUAL]
        first = nodes.section("", nodes.title(text="The usual ones"), nodes.bullet_list("", *usual), ids=["usual"])
        return [nodes.raw("", STYLE, format="html"), first, *families(rows)]


def sources(root: Path) -> list[Path]:
    """Return the files that decide what the list says."""
    code = "from tensorglass import explain_error"
    return sorted([*modules_used(code, root / "src" / "tensorglass"), *(root / raised_errors.PROGRAMS).glob("*.py")])


def raised(root: Path) -> list[Row]:
    """Raise the errors, and return what is said of them."""
    return rows_and_script(root)[0]


def rows_and_script(root: Path) -> tuple[list[Row], str]:
    """Raise the errors in a process of its own, and return what is said of them, and the catalogue as a script."""
    command = [sys.executable, "-m", raised_errors.__name__, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root / "docs")
    if done.returncode:
        raise ExtensionError(f"the errors of the catalogue could not be raised:\n{done.stderr}")
    told = json.loads(done.stdout)
    return told["rows"], told["script"]


def families(rows: list[Row]) -> Iterator[nodes.section]:
    """Yield a section for each family."""
    missing = {row["family"] for row in rows} - {name for names in FAMILIES.values() for name in names}
    if missing:
        raise ExtensionError(f"the list of errors has no place for {', '.join(sorted(missing))}: name it in FAMILIES")
    for title, names in FAMILIES.items():
        errors = [item(row) for name in names for row in rows if row["family"] == name]
        listed = nodes.definition_list("", *errors, classes=["errors"])
        yield nodes.section("", nodes.title(text=title), listed, ids=[nodes.make_id(title)])


def beginning(message: str) -> str:
    """Return as many words of a message as tell it from others.

    >>> beginning("Trying to backward through the graph a second time (or directly access saved tensors")
    'Trying to backward through the graph a second time (or directly …'
    """
    short = textwrap.shorten(message, LONGEST_BEGINNING, placeholder="")
    return message if short == message else f"{short.rstrip(f' {raised_errors.VARIES}')} {raised_errors.VARIES}"


def further_down(kind: str, text: str) -> nodes.list_item:
    """Return an item that leads to an error further down."""
    reference = nodes.reference("", "", nodes.literal(text=text), internal=True, refid=kind)
    return nodes.list_item("", nodes.paragraph("", "", reference))


def item(row: Row) -> nodes.definition_list_item:
    """Return what is said of one error: its wordings, its cause, what mends it, and a place for links."""
    head, *others = row["wordings"]
    named = f"{row['type']}: {head}" if row["type"] else head
    said: list[nodes.Node] = []
    if others:
        also: list[nodes.Node] = [nodes.Text("Also: ")]
        for number, other in enumerate(others):
            also += [nodes.Text(", ")] * bool(number) + [nodes.literal(text=other)]
        said.append(nodes.paragraph("", "", *also, classes=["wordings"]))
    said.append(nodes.paragraph("", "", *sentence(row["cause"])))
    if row["fixes"]:
        said.append(nodes.bullet_list("", *[nodes.list_item("", fix(*each)) for each in row["fixes"]]))
    said.append(error_links(kind=row["kind"]))
    term = nodes.term("", "", nodes.literal(text=named), ids=[row["kind"]])
    return nodes.definition_list_item("", term, nodes.definition("", *said))


def fix(code: str, result: str, replaces: str | None) -> nodes.paragraph:
    """Return what to write, in the place of what, and what comes out."""
    instead: list[nodes.Node] = [nodes.Text(", not "), nodes.literal(text=one_line(replaces))] if replaces else []
    return nodes.paragraph("", "", nodes.literal(text=one_line(code)), *instead, nodes.Text(": "), *sentence(result))


def one_line(code: str) -> str:
    """Return code on one line, as a list shows it."""
    return "; ".join(" ".join(line.split()) for line in code.strip().splitlines())


def places(env: BuildEnvironment, rows: list[Row]) -> dict[str, list[Place]]:
    """Return for each kind the places of the gallery that show such a message; the page of the entry comes first."""
    shown: dict[str, list[Place]] = {row["kind"]: [] for row in rows}
    for message, found in messages(env).items():
        kind = kind_of(message, rows)
        if kind is not None:
            shown[kind] += [place for place in found if place not in shown[kind]]
    for row in rows:
        page, _, anchor = (row["page"] or "").partition("#")
        name = page.removesuffix(".html")
        if name in env.titles and not any(place[:2] == (name, anchor) for place in shown[row["kind"]]):
            shown[row["kind"]].append((name, anchor, ""))
        shown[row["kind"]].sort(key=lambda place: (place[:2] != (name, anchor), place[0] != name))
    return {kind: found[:MOST_PLACES] for kind, found in shown.items()}


def kind_of(message: str, rows: list[Row]) -> str | None:
    """Return which error a message is, as the catalogue sorts it."""
    _, _, text = message.partition(": ")
    return next((row["kind"] for row in rows if any(re.search(each, text) for each in row["patterns"])), None)


def catalogue_of(env: BuildEnvironment) -> list[Row]:
    """Return the rows of the site's list; none if no page has one."""
    return next((kept["error_catalogue"] for kept in env.metadata.values() if "error_catalogue" in kept), [])


def write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Have the list written again when a place has changed."""
    changed = []
    for page, kept in env.metadata.items():
        if "error_catalogue" in kept:
            now = places(env, kept["error_catalogue"])
            if kept.get("error_places", now) != now:
                changed.append(page)
            kept["error_places"] = now
    return changed


def put_links(app: Sphinx, document: nodes.document, page: str) -> None:
    """Put the links in their places."""
    for place in list(document.findall(error_links)):
        found = app.env.metadata[page]["error_places"][place["kind"]]
        if not found:
            place.parent.remove(place)
            continue
        links: list[nodes.Node] = [nodes.Text("More: ")]
        for number, each in enumerate(found):
            links += [nodes.Text("; ")] * bool(number) + list(link(app, page, *each))
        place.replace_self(nodes.paragraph("", "", *links, classes=["places"]))


def write_script(app: Sphinx, env: BuildEnvironment) -> None:
    """Write the script beside those that use it."""
    scripts = [kept["error_script"] for kept in env.metadata.values() if "error_script" in kept]
    if app.builder.format == "html" and scripts:
        file = Path(app.outdir, catalogue_script.FILE)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(scripts[0], "utf-8")
