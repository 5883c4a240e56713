"""Each script, downloaded alone into an empty folder, runs with the wheel that the site serves, and prints the same."""

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tensorglass.pages import MARK_END, MARK_START, MARK_VARIABLE

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(ROOT.glob("examples/*/*.py"))
OUTPUT = re.compile(r'<div class="sphx-glr-script-out.*?<pre>(.*?)</pre>', re.DOTALL)
# Running times and the like are marked, and are others in each run.
MEASURED_ON_PAGE = re.compile(r'<span class="measured">.*?</span>', re.DOTALL)
MEASURED_IN_OUTPUT = re.compile(f"{re.escape(MARK_START)}.*?{re.escape(MARK_END)}", re.DOTALL)


@pytest.fixture(scope="session")
def wheel_folder(tmp_path_factory, built_site):
    """A folder into which the wheel that the site serves, and nothing else, was installed."""
    (wheel,) = built_site.glob("tensorglass-*.whl")
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, wheel]
    subprocess.run(command, check=True)
    return target


@pytest.mark.long
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_copied_script_prints_what_its_page_shows(script, wheel_folder, built_site, tmp_path):
    shutil.copy(next((built_site / "_downloads").rglob(script.name)), tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(wheel_folder), "MPLBACKEND": "agg"}
    environment[MARK_VARIABLE] = "1"
    spy = f"import runpy, tensorglass\nassert tensorglass.__file__.startswith({str(wheel_folder)!r})\n"
    command = [sys.executable, "-c", f"{spy}runpy.run_path({script.name!r}, run_name='__main__')"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    page = built_site / f"auto_{script.relative_to(ROOT).with_suffix('.html')}"
    text = MEASURED_ON_PAGE.sub("", page.read_text("utf-8"))
    shown = [html.unescape(re.sub("<.*?>", "", part)) for part in OUTPUT.findall(text)]
    assert "".join(shown).split() == MEASURED_IN_OUTPUT.sub("", result.stdout).split()
    assert [path.name for path in tmp_path.iterdir()] == [script.name]  # it leaves nothing behind
