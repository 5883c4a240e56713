"""The ledger passes over what is fresh and nothing else, and a line of it that is not true is found out.

On a project of its own, with two modules of a library and three long tests, run by pytest in a process of its own.
"""

import json
import shutil
import sys

import pytest
from ledger import Ledger
from places import EXTENSIONS, PACKAGE, ROOT
from programs import passed as succeeded
from programs import run

FILES = {
    "pyproject.toml": (
        '[tool.pytest.ini_options]\naddopts = "-p no:randomly --import-mode=importlib"\n'
        'markers = ["long: takes minutes", "unit: of a long test"]\n'
    ),
    "docs/conf.py": "",
    "src/tensorglass/__init__.py": 'PUBLIC_NAMES = {"one": "first", "two": "second"}\n',
    "src/tensorglass/first.py": "def one():\n    return 1\n",
    "src/tensorglass/second.py": "def two():\n    return 2\n",
    "examples/broadcasting/page.py": "from tensorglass import two\n\nassert two() == 2\n",
    "tests/conftest.py": (
        "import sys\nfrom pathlib import Path\n"
        "sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / 'src')]\n"
        "from fresh_units import FreshUnits, add_options\n"
        "def pytest_addoption(parser):\n"
        "    parser.addoption('--site')\n"
        "    add_options(parser)\n"
        "def pytest_configure(config):\n"
        "    config.pluginmanager.register(FreshUnits(config))\n"
    ),
    "tests/helper.py": "expected = 1\n",
    "tests/library/test_first.py": (
        "import pytest\nfrom helper import expected\nfrom tensorglass.first import one\n"
        "@pytest.mark.long\n"
        "@pytest.mark.parametrize('add', [0, 1])\n"
        "def test_one(add):\n    assert one() + add == expected + add\n"
        "def test_quick():\n    pass\n"
    ),
    "tests/examples/test_pages.py": (
        "import pytest\nfrom pathlib import Path\n"
        "PAGES = sorted(Path(__file__).parents[2].glob('examples/*/*.py'))\n"
        "@pytest.mark.long\n"
        "@pytest.mark.unit('page {path.stem}', reads=['{path}'])\n"
        "@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.stem)\n"
        "def test_page(path):\n    assert path.exists()\n"
    ),
    "tests/site/test_site.py": "import pytest\n@pytest.mark.long\ndef test_conf():\n    pass\n",
}
FIRST, PAGE, SITE = "tests/library/test_first.py", "page page", "tests/site/test_site.py"


class Project:
    """A project with a ledger; `run` returns what pytest printed, and whether it passed."""

    def __init__(self, root):
        self.root, self.ledger = root, root / "tests" / "ledger.jsonl"
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        for name in ("places.py", "ledger.py", "fresh_units.py", "built_files.py"):
            shutil.copy(ROOT / "tests" / name, root / "tests")
        for name in ("__init__.py", "sources/__init__.py", "sources/dependencies.py"):
            (root / "docs/_ext" / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / "docs/_ext" / name, root / "docs/_ext" / name)

    def run(self, *arguments, code=0):
        plugins = ["-p", "no:cacheprovider", *(["-p", "xdist"] if "-n" in arguments else [])]
        command = [sys.executable, "-m", "pytest", "-v", *plugins, *arguments]
        done = run(
            command, self.root, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"
        )  # without plugins it starts three times as fast
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def lines(self):
        """Return the ledger's fingerprints by unit."""
        lines = map(json.loads, self.ledger.read_text("utf-8").splitlines())
        return {line["unit"]: line["fingerprint"] for line in lines}

    def replace(self, name, old, new):
        path = self.root / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def passed(project):
    """The project after a run in which everything passed."""
    project.run()
    return project


@pytest.mark.parametrize("processes", [0, 2])
def test_what_passed_is_written_once_a_line_and_passed_over(project, processes):
    several = ["-n", str(processes), "--dist", "loadgroup"]
    project.run(*several)
    lines = [json.loads(line) for line in project.ledger.read_text("utf-8").splitlines()]
    assert [line["unit"] for line in lines] == [PAGE, FIRST, SITE]  # sorted
    assert [line["tests"] for line in lines] == [1, 2, 1]
    before = project.ledger.read_bytes()
    printed = project.run(*several)
    assert "2 units are fresh and were passed over" in printed
    assert printed.count("PASSED") == 1 + printed.count("test_one[") / 2 + 1  # the quick test and the drawn unit
    assert project.ledger.read_bytes() == before
    assert project.run(*several, "--all").count("PASSED") >= 5


@pytest.mark.parametrize(
    ("name", "old", "new", "stale"),
    [
        ("src/tensorglass/first.py", "return 1", "return  1", {FIRST}),
        ("src/tensorglass/second.py", "return 2", "return  2", {PAGE}),
        ("src/tensorglass/__init__.py", "first", "first", set()),
        ("tests/helper.py", "= 1", "=  1", {FIRST}),
        ("examples/broadcasting/page.py", "== 2", "==  2", {PAGE}),
        ("tests/examples/test_pages.py", "exists()", "exists( )", {PAGE}),
        ("docs/conf.py", "", "#", {SITE}),
        ("docs/_ext/sources/dependencies.py", "PACKAGE = ", "PACKAGE  = ", {SITE}),
        ("tests/conftest.py", "import sys", "import  sys", {FIRST, PAGE, SITE}),
    ],
)
def test_one_character_makes_exactly_its_units_stale(passed, name, old, new, stale):
    before = passed.lines()
    passed.replace(name, old, new)
    passed.run()
    after = passed.lines()
    assert after.keys() == before.keys()
    assert {unit for unit in after if after[unit] != before[unit]} == stale


def test_a_forged_line_is_found_out_when_it_is_drawn(passed):
    passed.replace("tests/site/test_site.py", "pass\n", "assert False\n")
    before = passed.ledger.read_text("utf-8")
    passed.run(code=1)
    assert passed.ledger.read_text("utf-8") == before  # what fails writes nothing
    # The fingerprint that a run that passes would write, written by somebody who did not run it.
    forge = (
        "import sys; sys.path[:0] = ['tests']; import ledger, fresh_units; from pathlib import Path\n"
        "files = {*ledger.sources_behind(ledger.ROOT / 'tests/site/test_site.py')}\n"
        "for pattern in fresh_units.BUILD: files |= set(ledger.files_of(pattern))\n"
        "ledger.Ledger().passed('tests/site/test_site.py', ledger.fingerprint(files), 1.0, tests=1)"
    )
    succeeded([sys.executable, "-c", forge], passed.root)
    forged = passed.ledger.read_text("utf-8")
    assert forged != before
    printed = passed.run("--draw", SITE, code=1)
    assert f"THE LEDGER IS WRONG: '{SITE}' passed there for these very sources, and has failed now" in printed
    assert passed.ledger.read_text("utf-8") == forged


def test_an_interrupted_run_writes_nothing(project):
    project.replace("tests/site/test_site.py", "pass\n", "raise KeyboardInterrupt\n")
    project.run(code=2)
    assert not project.ledger.exists()


@pytest.mark.parametrize("part", [["-k", "test_one and not 1"], ["tests/library/test_first.py::test_one"]])
def test_a_part_of_a_unit_writes_nothing(project, part):
    assert "PASSED" in project.run(*part)
    assert not project.ledger.exists() or FIRST not in project.lines()


def test_the_lines_of_two_branches_may_stand_side_by_side(passed):
    ours = passed.ledger.read_text("utf-8")
    passed.replace("src/tensorglass/first.py", "return 1", "return 1 + 0")
    passed.run()
    theirs = passed.ledger.read_text("utf-8")
    both = sorted({*ours.splitlines(), *theirs.splitlines()})
    assert len(both) == 4
    passed.ledger.write_text("\n".join(both) + "\n", "utf-8")
    assert "2 units are fresh" in passed.run()  # and one is drawn
    passed.replace("src/tensorglass/first.py", "return 1 + 0", "return 1")
    assert "2 units are fresh" in passed.run()


def test_a_unit_has_one_file(project):
    for name in ("tests/library/test_first.py", "tests/site/test_site.py"):
        project.replace(name, "@pytest.mark.long\n", "@pytest.mark.long\n@pytest.mark.unit('both')\n")
    assert "the unit 'both' has tests in several files; expected one file" in project.run(code=4)


def test_the_ledger_of_this_project_has_no_line_of_what_is_gone():
    root = ROOT
    written = [*root.glob("docs/*.md"), *root.glob("docs/[!_]*/*.md")]
    known = {path.stem for path in [*written, *root.glob("examples/*/*.py")]} | {"genindex", "search", "404"}
    for package in (PACKAGE, EXTENSIONS):
        known |= {".".join(path.relative_to(package).with_suffix("").parts) for path in package.rglob("*.py")}
    for line in Ledger().lines():
        name = line["unit"]
        assert (
            name in ("two cold builds", "quick tests of the library")
            or (root / name).exists()
            or (name.rpartition(" ")[2].rpartition("/")[2] in known)
        ), f"{name}: nothing has this name now; delete its line"
