"""Each script and each notebook, downloaded from the served site alone into an empty folder, runs as its page says.

The environment is a new one. What is installed there is what the pages' own lines install, and what runs notebooks.
"""

import html
import json
import os
import re
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from places import ROOT
from programs import passed

sys.path.insert(0, str(Path(__file__).parents[1] / "site"))

from browser import served
from fresh_units import BUILD

from tensorglass.pages.outputs import MARK_END, MARK_START, MARK_VARIABLE

pytestmark = pytest.mark.long

SCRIPTS = sorted(ROOT.glob("examples/*/*.py"))
# A page, what builds it, and what is installed: the wheel of the library and its pinned requirements.
COPIED = ["{script}", *BUILD, "pyproject.toml", "constraints.txt"]
OUTPUT = re.compile(r'<div class="sphx-glr-script-out.*?<pre>(.*?)</pre>', re.DOTALL)
# Running times and the like are marked, and are others in each run.
MEASURED_ON_PAGE = re.compile(r'<span class="measured">.*?</span>', re.DOTALL)
BOLD = re.compile(r"\x1b\[\d*m")  # torch's words for a terminal; the page shows them plainly
# How a line of code is called: a script's by its file, a notebook's by its cell.
PLACE = re.compile(r"Cell In\[\d+\], line \d+|\w+\.py:\d+")
MEASURED_IN_OUTPUT = re.compile(f"{re.escape(MARK_START)}.*?{re.escape(MARK_END)}", re.DOTALL)


@pytest.fixture(scope="session")
def address(built_site, tmp_path_factory):
    with served(built_site, tmp_path_factory.mktemp("served")) as base:
        yield base


@pytest.fixture(scope="session")
def variables(tmp_path_factory):
    """A new environment, as variables for commands; the versions are pinned, but nothing of the project is there."""
    folder = tmp_path_factory.mktemp("environment") / "env"
    passed([sys.executable, "-m", "venv", str(folder)], folder.parent)
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    made = {
        **kept,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "MPLBACKEND": "agg",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        MARK_VARIABLE: "1",
    }
    passed(
        ["python", "-m", "pip", "install", "--quiet", "ipykernel", "nbclient"], tmp_path_factory.mktemp("empty"), made
    )
    return made


class Downloaded:
    """A page, and what its links offer, in a folder of its own."""

    def __init__(self, base, script, folder):
        self.address = f"{base}/auto_{script.relative_to(ROOT).with_suffix('.html')}"
        self.text = fetch(self.address).decode()
        self.page = BeautifulSoup(self.text, "html.parser")
        self.folder = folder
        self.files = [self.download(link["href"]) for link in self.page.select(".page-actions a[download]")]

    def download(self, link):
        target = self.folder / Path(link).name
        target.write_bytes(fetch(urllib.parse.urljoin(self.address, link)))
        return target

    def commands(self):
        """Return the lines that the page itself gives."""
        (lines,) = [block.text for block in self.page.select(".highlight-console pre") if "pip install" in block.text]
        return lines

    def shown(self):
        """Return the words of the page's outputs, without what is measured."""
        parts = OUTPUT.findall(MEASURED_ON_PAGE.sub("", self.text))
        return "".join(html.unescape(re.sub("<.*?>", "", part)) for part in parts).split()


def fetch(address):
    with urllib.request.urlopen(address) as answer:
        return answer.read()


def words(printed):
    return BOLD.sub("", MEASURED_IN_OUTPUT.sub("", printed)).split()


@pytest.mark.unit("copied script {script.stem}", reads=COPIED)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_downloaded_script_prints_what_its_page_shows(script, address, variables, tmp_path):
    page = Downloaded(address, script, tmp_path)
    install, start = page.commands().strip().split("\n")
    passed(install.split(), tmp_path, variables)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert words(passed(start.split(), tmp_path, variables)) == page.shown()
    assert sorted(path.name for path in tmp_path.iterdir()) == before  # it leaves nothing behind


@pytest.mark.unit("copied notebook {script.stem}", reads=COPIED)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_downloaded_notebook_prints_what_its_page_shows(script, address, variables, tmp_path):
    page = Downloaded(address, script, tmp_path)
    inline = {**variables, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    passed(["jupyter", "execute", "--inplace", "--timeout=600", f"{script.stem}.ipynb"], tmp_path, inline)
    install, *cells = json.loads((tmp_path / f"{script.stem}.ipynb").read_text("utf-8"))["cells"]
    assert "%pip install" in "".join(install["source"])
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    streams = [output for output in outputs if output.get("name") == "stdout"]
    printed = PLACE.sub("place", "".join("".join(stream["text"]) for stream in streams))
    assert words(printed) == PLACE.sub("place", " ".join(page.shown())).split()
    assert any("image/png" in output.get("data", {}) for output in outputs)


def test_nothing_of_this_project_is_in_the_environment(variables, tmp_path):
    found = passed(["python", "-c", "import tensorglass; print(tensorglass.__file__)"], tmp_path, variables)
    assert str(ROOT) not in found
