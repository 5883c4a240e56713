"""Which modules a page depends on, told from its source."""

import pytest
from _ext.sources.dependencies import modules_used, names_imported

INIT = '"Documentation."\nPUBLIC_NAMES = {"explain": "shapes", "draw": "plots", "train": "deep"}'
MODULES = {
    "__init__.py": INIT,
    "shapes.py": "from .report import Table",
    "report.py": "import dataclasses",
    "plots.py": "def draw():\n    from .shapes import explain",
    "lonely.py": "",
    "deep/__init__.py": "from .net import train",
    "deep/net.py": "from ..report import Table\nfrom . import layers",
    "deep/layers.py": "",
}


@pytest.fixture
def package(tmp_path):
    for name, text in MODULES.items():
        path = tmp_path / "tensorglass" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "tensorglass"


SHAPES = {"__init__.py", "shapes.py", "report.py"}
PLOTS = SHAPES | {"plots.py"}
DEEP = {"__init__.py", "deep/__init__.py", "deep/net.py", "deep/layers.py", "report.py"}
EVERYTHING = PLOTS | DEEP


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch", set()),
        ("from tensorglass import explain", SHAPES),
        ("from tensorglass import explain as e", SHAPES),
        ("import tensorglass\ntensorglass.explain()", SHAPES),
        ("import tensorglass as tg\ntg.explain()", SHAPES),
        ("import tensorglass as tg\ntg.__version__", {"__init__.py"}),
        ("from tensorglass.report import Table", {"__init__.py", "report.py"}),
        ("from tensorglass import report", {"__init__.py", "report.py"}),
        ("import tensorglass.report", {"__init__.py", "report.py"}),
        ("import tensorglass\ntensorglass.lonely", {"__init__.py", "lonely.py"}),
        ("def f():\n    from tensorglass import draw", PLOTS),
        ("from tensorglass import train", DEEP),
        ("from tensorglass.deep import layers", DEEP),
        ("from tensorglass import *", EVERYTHING),
        ("import tensorglass\ngetattr(tensorglass, 'explain')", EVERYTHING),
        ("import tensorglass\nvars(tensorglass)", EVERYTHING),
        ("import tensorglass\ntensorglass.__dict__", EVERYTHING),
        ("__import__('tensorglass')", EVERYTHING),
        ("import importlib\nimportlib.import_module('tensorglass.shapes')", EVERYTHING),
        ("from tensorglasses import explain", set()),
    ],
)
def test_modules_used(package, source, expected):
    found = {path.relative_to(package).as_posix() for path in modules_used(source, package)}
    assert found == expected


def test_the_names_that_a_page_writes():
    assert names_imported("import tensorglass as tg\nfrom tensorglass import explain as e\ntg.draw(abs)") == {
        "draw",
        "explain",
    }
    assert names_imported("from torch import einsum") == set()


def test_a_package_without_a_table_is_an_error(package):
    (package / "__init__.py").write_text("")
    with pytest.raises(LookupError, match="has no table PUBLIC_NAMES"):
        modules_used("import tensorglass", package)
