"""The names of other projects that the site links to: what the build knows, and how that is made."""

import shutil
import sys
import zlib
from pathlib import Path

import pytest
from _ext.order import version
from _ext.publishing import inventories
from places import ROOT
from programs import passed
from sphinx.util.inventory import InventoryFile

sys.path.append(str(Path(__file__).parents[2] / "docs" / "inventories"))

import make
import used_names

FOLDER = ROOT / "docs" / "inventories"

FULL = """\
torch.zeros py:function 1 generated/torch.zeros.html#$ -
torch.ones py:function 1 generated/torch.ones.html#$ -
torch.nn.modules.module.Module py:class -1 generated/torch.nn.Module.html#torch.nn.Module -
torch.nn.Module py:class 1 generated/torch.nn.Module.html#$ -
torch std:label -1 torch.html#torch torch
int py:class 1 library/functions.html#$ -
"""


def inventory(lines):
    header = "# Sphinx inventory version 2\n# Project: Full\n# Version: 9\n# The remainder is compressed using zlib.\n"
    return header.encode() + zlib.compress(lines.encode())


def test_the_build_reads_local_files_alone(monkeypatch):
    monkeypatch.delenv("TENSORGLASS_INVENTORIES", raising=False)
    mapping = inventories.mapping(FOLDER)
    assert mapping["python"] == ("https://docs.python.org/3/", (str(FOLDER / "python.inv"),))
    assert mapping.keys() == inventories.ADDRESSES.keys() == {path.stem for path in FOLDER.glob("*.inv")}


def test_with_a_network_the_projects_are_asked_first(monkeypatch):
    monkeypatch.setenv("TENSORGLASS_INVENTORIES", "online")
    expected = ("https://docs.pytorch.org/docs/stable/", (None, str(FOLDER / "torch.inv")))
    assert inventories.mapping(FOLDER)["torch"] == expected


def test_another_wish_is_an_error(monkeypatch):
    monkeypatch.setenv("TENSORGLASS_INVENTORIES", "yes")
    with pytest.raises(ValueError, match="TENSORGLASS_INVENTORIES is 'yes'; expected 'online', or nothing"):
        inventories.mapping(FOLDER)


def test_pages_are_read_again_when_an_inventory_changes(tmp_path):
    file = tmp_path / "inventories" / "torch.inv"
    file.parent.mkdir()
    versions = []
    for content in (b"one", b"two", b"one"):
        file.write_bytes(content)
        versions.append(version(tmp_path))
    assert versions[0] == versions[2] != versions[1]


@pytest.mark.parametrize(("project", "address"), inventories.ADDRESSES.items())
def test_each_inventory_loads_and_names_pages_of_its_project(project, address):
    content = (FOLDER / f"{project}.inv").read_bytes()
    entries = {
        name: item.uri
        for names in InventoryFile.loads(content, uri=address).data.values()
        for name, item in names.items()
    }
    assert entries
    assert address.startswith("https://")
    assert [name for name, uri in entries.items() if not (uri.startswith(address) and ".html#" in uri)] == []
    assert make.LEFT_OUT.isdisjoint(entries)
    lines = zlib.decompress(content.split(b"\n", maxsplit=4)[4]).splitlines()  # two zlibs may compress differently
    assert lines == zlib.decompress(make.written(project, make.read(content)).split(b"\n", maxsplit=4)[4]).splitlines()


def test_only_what_is_used_is_kept():
    kept = make.keep(make.read(inventory(FULL)), {"torch.zeros", "torch.nn.modules.module.Module", "torch.absent"})
    module = "generated/torch.nn.Module.html#torch.nn.Module"
    assert kept == {
        ("py:function", "torch.zeros"): "generated/torch.zeros.html#torch.zeros",
        ("py:class", "torch.nn.modules.module.Module"): module,
        ("py:class", "torch.nn.Module"): module,  # another name of the same class
    }


def test_the_same_names_give_the_same_file():
    entries = make.read(inventory(FULL))
    written = make.written("torch", entries)
    assert make.written("torch", dict(reversed(entries.items()))) == written
    assert make.read(written) == entries


def test_types_of_numbers_strings_and_lists_are_left_out():
    assert {"int", "str", "list", "dict", "tuple", "bool", "None", "callable"} <= make.LEFT_OUT
    assert {"ValueError", "UserWarning"}.isdisjoint(make.LEFT_OUT)


def test_the_names_of_pages_are_read_where_the_gallery_wrote_them(tmp_path):
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "page.codeobj.json").write_text(
        '{"x": [{"name": "Module", "module": "torch.nn.modules.module", "module_short": "torch.nn"}],'
        ' "n": [{"name": "int", "module": "builtins", "module_short": "builtins"}]}'
    )
    assert used_names.of_pages(tmp_path) == [("torch.nn.Module", "torch.nn.modules.module.Module"), ("int",)]


def test_the_names_of_the_library_are_read_in_full(tmp_path):
    (tmp_path / "module.py").write_text('''
import numpy as np
import torch
from torch import nn
from .shapes import Shape

size: np.int64 = 1

def f(model: nn.Module | None, *more: list[torch.Tensor]) -> Shape:
    """Return what :class:`~fractions.Fraction` would, and torch.zeros would not.

    Parameters
    ----------
    model : torch.nn.Linear or None
        Not a torch.dtype.

    Raises
    ------
    TypeError
        Always.
    """
''')
    names = {name for (name,) in used_names.of_library(tmp_path)}
    assert {"numpy.int64", "torch.nn.Module", "torch.Tensor", "tensorglass.shapes.Shape", "fractions.Fraction"} <= names
    assert {"torch.nn.Linear", "TypeError"} <= names
    assert {"torch.zeros", "torch.dtype"}.isdisjoint(names)


def test_what_no_inventory_knows_is_counted():
    used = [("torch.relu",), ("function", "torch.relu"), ("int",), ("tensorglass.Report",), ("torch.zeros", "zeros")]
    assert make.known_to_none(used, {"torch.zeros"}) == {"torch.relu": 2}


def test_the_inventories_are_made_from_a_folder(tmp_path):
    for name in (
        "docs/_ext/__init__.py",
        "docs/_ext/publishing/__init__.py",
        "docs/_ext/publishing/inventories.py",
        "docs/inventories/make.py",
        "docs/inventories/used_names.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    library, full = tmp_path / "src" / "tensorglass", tmp_path / "full"
    library.mkdir(parents=True)
    (library / "module.py").write_text("import torch\nmodel: torch.nn.Module\nhook: torch.relu\n")
    full.mkdir()
    for project in inventories.ADDRESSES:
        (full / f"{project}.inv").write_bytes(inventory(FULL if project == "torch" else ""))
    command = [sys.executable, str(tmp_path / "docs/inventories/make.py"), "--from", str(full)]
    printed = passed(command, tmp_path).splitlines()
    assert printed[-2:] == ["torch: 2 names", "known to none: torch.relu (1)"]
    made = make.read((tmp_path / "docs/inventories/torch.inv").read_bytes())
    assert {name for _, name in made} == {"torch.nn.Module", "torch.nn.modules.module.Module"}


@pytest.mark.long
def test_names_in_the_code_of_a_page_are_links(built_site):
    page = (built_site / "auto_examples" / "broadcasting" / "unsqueeze.html").read_text("utf-8")
    assert 'href="https://docs.pytorch.org/docs/stable/generated/torch.zeros.html#torch.zeros"' in page
