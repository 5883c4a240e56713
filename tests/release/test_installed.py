"""What would be published, installed into an empty environment: it runs there as it does here, and so do its tests.

`nox -s release` runs this. pip finds PyTorch as it does for readers: PIP_EXTRA_INDEX_URL chooses its CPU build.
"""

import os
import re
import shutil
import sys

import pytest
from distributions import unpacked
from places import ROOT
from programs import passed

import tensorglass

pytestmark = pytest.mark.release

INSTALL = ["-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
# What the library's own tests import beside the library and what it draws with.
FOR_THE_TESTS = ["ipython", "pytest", "pytest-randomly", "pytest-xdist"]


@pytest.fixture(scope="module")
def outside():
    """The variables of this process without those that lead Python back into the repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TENSORGLASS_"))}


@pytest.fixture(scope="module")
def python(wheel, outside, tmp_path_factory):
    """The Python of an environment that holds the wheel, matplotlib, and what these bring."""
    folder = tmp_path_factory.mktemp("environment")
    passed([sys.executable, "-m", "venv", str(folder)], folder, outside)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    passed([python, *INSTALL, f"{wheel}[plot]"], folder, outside)
    return python


def test_the_library_is_imported_from_where_it_was_installed(python, outside, tmp_path):
    ask = "import tensorglass; print(tensorglass.__version__, tensorglass.__file__)"
    version, place = passed([python, "-c", ask], tmp_path, outside).split()
    assert version == tensorglass.__version__
    assert place.startswith(str(python.parents[1]))
    passed([python, "-m", "pip", "check"], tmp_path, outside)


def test_a_page_runs(python, outside, tmp_path):
    shutil.copy(ROOT / "examples" / "broadcasting" / "unsqueeze.py", tmp_path)
    assert passed([python, "unsqueeze.py"], tmp_path, outside, MPLBACKEND="agg").startswith("tensor([[")


def test_the_example_of_the_readme_runs(python, outside, tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "readme.py").write_text(block, "utf-8")
    assert "\na + b[:, None, None]\n" in passed([python, "readme.py"], tmp_path, outside)


def test_the_tests_in_the_archive_pass_as_they_are_shipped(python, archive, outside, tmp_path):
    project = unpacked(archive, tmp_path)
    passed([python, *INSTALL, *FOR_THE_TESTS], tmp_path, outside)
    one_each = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    told = passed([python, "-m", "pytest", "-n", "auto", "tests/library"], project, outside, **one_each)
    (count,) = re.findall(r"^(\d+) passed", told, re.MULTILINE)
    print(told.splitlines()[-1])
    assert int(count) > len(list(project.glob("tests/library/**/test_*.py")))
