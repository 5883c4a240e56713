"""The reference: each public name has its entry, and each entry says what the name takes, gives and refuses."""

import dataclasses
import functools
import importlib
import inspect
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from _ext.page import api_reference
from docutils import nodes

import tensorglass
from tensorglass import EinsumError
from tensorglass.report import Report

PAGES = sorted((Path(__file__).parents[2] / "docs" / "reference").glob("*.md"))
SOURCES = {path.stem: path.read_text("utf-8") for path in PAGES}
INDEX = SOURCES.pop("index")
ENTRIES = [name for text in SOURCES.values() for name in re.findall(r"^\.\. auto\w+:: tensorglass\.(\S+)$", text, re.M)]
NAMES = list(tensorglass.PUBLIC_NAMES)
RESULTS = [name for name in NAMES if isinstance(value := getattr(tensorglass, name), type) and value is not EinsumError]
ASKED = [name for name in NAMES if name not in RESULTS]  # what readers call, or catch


def sections(docstring):
    """Return the sections of a docstring in NumPy style, by their titles."""
    parts = re.split(r"^([A-Z]\w+)\n-+$", inspect.cleandoc(docstring), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def described(section):
    """Return the names that a section describes; each stands at the beginning of a line, followed by its type."""
    heads = re.findall(r"^(\S.*)$", section, re.M)
    return [name.strip().lstrip("*") for head in heads for name in head.split(" : ")[0].split(",")]


def test_each_public_name_has_one_entry_with_the_pages_that_use_it_and_a_line_in_the_index():
    assert sorted(ENTRIES) == sorted(NAMES)
    shown = [name for text in SOURCES.values() for name in re.findall(r"^\.\. pages-using:: (\S+)$", text, re.M)]
    assert sorted(shown) == sorted(ASKED)
    assert sorted(re.findall(r"^\| \{py:\w+\}`~tensorglass\.(\w+)` \| \S.* \|$", INDEX, re.M)) == sorted(ASKED)


def test_the_index_leads_to_each_page_under_its_title():
    pages = re.search(r"```\{toctree\}\n:hidden:\n\n(.*?)\n```", INDEX, re.S)[1].split("\n")
    assert sorted(pages) == sorted(SOURCES)
    assert re.findall(r"^## (.*)$", INDEX, re.M) == [SOURCES[page].splitlines()[0].removeprefix("# ") for page in pages]


@pytest.mark.parametrize("name", ASKED)
def test_a_docstring_is_complete(name):
    value = getattr(tensorglass, name)
    found = sections(value.__doc__)
    assert ">>> " in found["Examples"]
    assert f"import {name}" in found["Examples"] or re.search(rf"from tensorglass import .*\b{name}\b", value.__doc__)
    if inspect.isclass(value):
        return
    parameters = list(inspect.signature(value).parameters)
    assert described(found.get("Parameters", "")) == parameters
    gives = "Yields" if hasattr(value, "__wrapped__") else "Returns"
    if name != "shows_error":  # gives nothing to its block
        assert found[gives].strip()
    if parameters and name != "measured":  # which takes anything
        assert re.search(r"^\w+Error$", found["Raises"], re.M)
    for section in ("Parameters", "Returns", "Yields", "Raises"):
        for head, text in re.findall(r"^(\S.*)\n( *.*)", found.get(section, ""), re.M):
            assert text.startswith("    ") or (section == "Returns" and head in ("str", "bool")), (section, head)


# Of use to the library alone.
INTERNAL = {"Layout": {"numel", "cells", "bytes"}, "Contraction": {"result"}}


@pytest.mark.parametrize("entry", RESULTS)
def test_each_field_and_property_of_a_result_is_described_once(entry):
    result = getattr(tensorglass, entry)
    fields = {field.name for field in dataclasses.fields(result)} if dataclasses.is_dataclass(result) else set()
    fields = {field for field in fields | set(getattr(result, "_fields", ())) if not field.startswith("_")}
    kinds = (property, functools.cached_property)
    properties = {key: value for key, value in vars(result).items() if isinstance(value, kinds)}
    shown = members_shown(entry, properties)
    in_words = described(sections(result.__doc__).get("Attributes", ""))
    assert len(in_words) == len(set(in_words))
    assert fields <= set(in_words)
    for key in properties.keys() - INTERNAL.get(entry, set()):
        assert (key in in_words) != (key in shown), key
    for key in shown:  # the NumPy style takes what stands before a colon for the type of the property
        assert ": " not in properties[key].__doc__.splitlines()[0], key


def members_shown(entry, properties):
    """Return the properties with a docstring that the page shows of a class: all, some or none."""
    page = next(text for text in SOURCES.values() if f":: tensorglass.{entry}\n" in text)
    options = re.search(rf":: tensorglass\.{re.escape(entry)}\n(?:   :members:(.*)\n)?", page)
    if options[1] is None:
        return set()
    wanted = {name.strip() for name in options[1].split(",") if name.strip()}
    return {key for key, value in properties.items() if value.__doc__ and key in (wanted or properties)}


def test_the_class_of_each_result_has_an_entry():
    for name in ASKED:
        value = getattr(tensorglass, name)
        if not inspect.isclass(value):
            returned = re.sub(r"Iterator\[(.*)\]", r"\1", str(inspect.signature(value).return_annotation)).strip("'")
            assert returned in RESULTS or not _is_result(value, returned), (name, returned)


def _is_result(value, returned):
    found = getattr(importlib.import_module(value.__module__), returned, None)
    return inspect.isclass(found) and issubclass(found, Report)


def test_a_context_manager_is_called_one():
    manager, plain = SimpleNamespace(__wrapped__=None), SimpleNamespace()
    gives = "~collections.abc.Iterator[~tensorglass.memory.tracking.MemoryTrace]"
    shown = "~contextlib.AbstractContextManager[~tensorglass.memory.tracking.MemoryTrace]"
    assert api_reference.name_types(None, "function", "f", manager, None, "()", gives) == ("()", shown)
    assert api_reference.name_types(None, "function", "f", manager, None, "()", "Iterator[None]")[1] == (
        "~contextlib.AbstractContextManager[None]"
    )
    assert api_reference.name_types(None, "function", "f", plain, None, "()", gives) == ("()", gives)
    assert api_reference.name_types(None, "class", "C", plain, None, None, None) == (None, None)


def test_types_are_short():
    signature = "(x: torch.Tensor, y: torch.nn.Module, z: ~torch.dtype, t: mytorch.Tensor, u: a.torch.Tensor)"
    short = "(x: ~torch.Tensor, y: ~torch.nn.Module, z: ~torch.dtype, t: mytorch.Tensor, u: a.torch.Tensor)"
    assert api_reference.name_types(None, "method", "m", None, None, signature, "torch.Size") == (short, "~torch.Size")


def entry(docname, objtype="function", aliased=False):
    return SimpleNamespace(docname=docname, node_id=f"id-{docname}", objtype=objtype, aliased=aliased)


@pytest.fixture
def environment():
    objects = {
        "tensorglass.gain": entry("reference/initialization"),
        "tensorglass.gains.gain": entry("reference/old", aliased=True),
        "tensorglass.a.Layout": entry("reference/a", "class"),
        "tensorglass.b.Layout": entry("reference/b", "class"),
        "tensorglass.a.Layout.plot": entry("reference/a", "method"),
    }
    domains = SimpleNamespace(python_domain=SimpleNamespace(objects=objects))
    return SimpleNamespace(domains=domains, found_docs={"index", "auto_examples/x/y", "reference/a"})


APP = SimpleNamespace(builder=SimpleNamespace(get_relative_uri=lambda source, target: f"{source} to {target}"))


@pytest.mark.parametrize(
    ("target", "domain", "found"),
    [
        ("gain", "py", "reference/a to reference/initialization#id-reference/initialization"),
        ("again", "py", None),
        ("Layout", "py", None),  # there are two
        ("a.Layout", "py", "reference/a to reference/a#id-reference/a"),
        ("plot", "py", None),
        ("gain", "std", None),
    ],
)
def test_a_name_that_one_entry_ends_in_is_a_link(environment, target, domain, found):
    node = {"refdomain": domain, "reftarget": target, "refdoc": "reference/a"}
    link = api_reference.link_name(APP, environment, node, nodes.literal(text=target))
    assert (link and link["refuri"]) == found
    if found:
        assert (link.astext(), link["internal"]) == (target, True)


def test_pages_that_link_to_an_entry_follow_it(environment):
    assert api_reference.write_linking_pages(None, environment) == []
    assert api_reference.write_linking_pages(None, environment) == []
    environment.domains.python_domain.objects["tensorglass.gain"] = entry("reference/elsewhere")
    assert api_reference.write_linking_pages(None, environment) == ["auto_examples/x/y", "index", "reference/a"]
    assert api_reference.write_linking_pages(None, environment) == []
