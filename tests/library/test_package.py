"""The package as a whole: its names, and what importing it costs."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tensorglass

SOURCE = Path(tensorglass.__file__).parent


def loaded_after(*steps):
    """Return, for each step, the names of the modules that a fresh interpreter has loaded once it has run it too."""
    program = "\n".join(f"{step}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))" for step in steps)
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    return [set(json.loads(line)) for line in out.splitlines()]


def test_every_public_name_is_defined_in_its_module():
    for name, module in tensorglass.PUBLIC_NAMES.items():
        value = getattr(tensorglass, name)
        assert value.__module__ == ("tensorglass" if isinstance(value, type) else f"tensorglass.{module}")
        assert value.__name__ == name
        assert value.__doc__
    assert set(tensorglass.__all__) == set(tensorglass.PUBLIC_NAMES) <= set(dir(tensorglass))


def test_type_checkers_see_the_same_names():
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    guarded = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert guarded == tensorglass.PUBLIC_NAMES


def test_the_version_is_a_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", tensorglass.__version__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tensorglass' has no attribute 'nonsense'"):
        tensorglass.nonsense  # noqa: B018 - the access is what is tested


def test_importing_loads_nothing():
    (loaded,) = loaded_after("import tensorglass")
    assert "torch" not in loaded
    assert {name for name in loaded if name.startswith("tensorglass")} == {"tensorglass"}


def test_matplotlib_is_loaded_only_when_something_is_drawn():
    explain = "import tensorglass; explanation = tensorglass.explain_broadcast((3,), (3, 4)); str(explanation)"
    draw = "import matplotlib; matplotlib.use('agg'); explanation.plot()"
    explained, drawn = loaded_after(explain, draw)
    assert "matplotlib" not in explained
    assert "matplotlib.pyplot" in drawn


def test_typed():
    assert (SOURCE / "py.typed").exists()


@pytest.mark.parametrize("module", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_only_drawings_draw_and_report_knows_nobody(module):
    tree = ast.parse(module.read_text())
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    guarded = {"matplotlib.axes"}  # for type checkers alone
    if module.stem not in ("drawing", "pictures", "tape", "timeline"):
        assert not {name for name in imported - guarded if name.startswith("matplotlib")}
    if module == SOURCE / "report.py":
        relative = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
        assert relative == []


def test_no_module_has_a_public_name():
    # Importing such a module would put it in the place of the name.
    modules = {path.stem for path in SOURCE.iterdir()}
    assert modules & set(tensorglass.PUBLIC_NAMES) == set()


def test_the_first_einsum_waits_for_no_import():
    # Arithmetic on meta or fake tensors would import 800 modules, for a second.
    call = "einsum('ij,i,jk->k', torch.eye(2), torch.ones(2), torch.eye(2))"
    (loaded,) = loaded_after(f"import torch\nfrom tensorglass import einsum\n{call}")
    assert {"sympy", "torch._dynamo"} & loaded == set()
