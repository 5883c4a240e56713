"""The page that writers start from runs, keeps the law, and is formatted as pages are.

That it has a page's sections, in their order, is tested with the pages: see test_anatomy.py.
"""

import shutil
import subprocess
import sys

import pytest
from _ext.law.budget import over_budget
from _ext.law.rules import count, violations
from _ext.sources.blocks import read_script
from places import ROOT
from programs import passed

TEMPLATE = ROOT / "docs" / "template.py"
PLACES = ["docs/template.py", "examples/broadcasting/template.py"]  # where it is kept, and where it is copied to


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the template prints when it is run in an empty folder."""
    folder = tmp_path_factory.mktemp("copied")
    shutil.copy(TEMPLATE, folder)
    told = passed([sys.executable, TEMPLATE.name], folder, PYTHONPATH=str(ROOT / "src"), MPLBACKEND="agg")
    assert [path.name for path in folder.iterdir()] == [TEMPLATE.name]
    return told


def test_it_runs_and_its_numbers_do_not_depend_on_the_machine(printed):
    assert printed.startswith("(2,) or (2, 1)\ntensor([[-1.,  0.,  1.],\n        [-2.,  0.,  2.]]")
    assert "\n306 reductions compared\n" in printed
    assert "\na + b[:, None]\n" in printed


def test_the_law_finds_nothing(printed):
    blocks = read_script(TEMPLATE)
    code = "\n".join(block.text for block in blocks if block.is_code)
    assert [*violations(blocks, f"{code}\n{printed}"), *over_budget(blocks)] == []
    claims, checks = count(blocks)
    assert claims == len(
        ["Short answer", "its picture", "Why", "its proof", "What is often said", "A square matrix ..."]
    )
    assert checks >= claims


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(place, command):
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--stdin-filename", place, "-"]
    text = TEMPLATE.read_text("utf-8")
    result = subprocess.run(ruff, cwd=ROOT, input=text, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
