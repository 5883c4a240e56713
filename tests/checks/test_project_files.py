"""What is said in one file of the project and meant by another agrees with it: the map, versions, names of places."""

import ast
import re
import tomllib

import pytest
from _ext.sources.script_metadata import metadata_of
from places import ROOT

import tensorglass

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def first_sentences(path):
    """Return the first paragraph of a module's docstring, on one line."""
    return " ".join(ast.get_docstring(ast.parse(path.read_text("utf-8"))).split("\n\n")[0].split())


@pytest.mark.parametrize("package", ["src/tensorglass", "docs/_ext"])
def test_the_map_of_the_house_is_that_of_the_files(package):
    (table,) = re.findall(rf"^\| `{package}` \| what is inside \|\n\|---\|---\|\n((?:\|.*\n)+)", GUIDE, re.M)
    told = dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", table, re.M))
    modules = [path for path in (ROOT / package).glob("*.py") if path.name != "__init__.py"]
    parts = [path.parent for path in (ROOT / package).glob("*/__init__.py")]
    files = {path.name: path for path in modules} | {f"{part.name}/": part / "__init__.py" for part in parts}
    assert told == {name: first_sentences(path) for name, path in files.items()}


def test_the_folders_on_the_map_exist():
    (table,) = re.findall(r"^\| place \| what is inside \|\n\|---\|---\|\n((?:\|.*\n)+)", GUIDE, re.M)
    named = re.findall(r"`([^`]+)`", " ".join(line.split("|")[1] for line in table.splitlines()))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).is_dir()] == []


def test_where_a_change_goes_are_files():
    (table,) = re.findall(r"^\| to change \| go to \|\n\|---\|---\|\n((?:\|.*\n)+)", GUIDE, re.M)
    named = re.findall(r"`([^`]+/[^`]+)`", table)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_hooks_before_a_commit_have_the_pinned_version():
    (pinned,) = re.findall(r"^ruff==(.*)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M)
    assert f"\n    rev: v{pinned} #" in (ROOT / ".pre-commit-config.yaml").read_text("utf-8")


def test_a_citation_names_the_version():
    assert f"\nversion: {tensorglass.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_the_changelog_and_the_readme_name_the_version():
    first = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert first[1] == tensorglass.__version__
    assert re.fullmatch(r"unreleased|20\d\d-\d\d-\d\d", first[2])
    wheels = re.findall(r"tensorglass-(\d[\d.]*)-py3", (ROOT / "README.md").read_text("utf-8"))
    assert set(wheels) == {tensorglass.__version__}


SCRIPTS = [*sorted(ROOT.glob("examples/*/*.py")), ROOT / "docs" / "template.py"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_asks_for_the_versions_that_the_library_asks_for_or_a_newer_torch(script):
    text = script.read_text("utf-8")
    metadata = metadata_of(text)
    asked = dict(each.split(">=") for each in metadata["dependencies"])
    library = dict(each.split(">=") for each in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["plot"])
    assert metadata["requires-python"] == PROJECT["requires-python"]
    assert asked | {"torch": library["torch"]} in (library, library | {"scikit-learn": "1.7"})  # the data of some pages
    calls = re.search(r"^(?!#).*\b(saved_for_backward|record_saved)\(", text, re.M)
    torch = tuple(map(int, asked["torch"].split(".")))
    assert torch >= ((2, 10) if calls else tuple(map(int, library["torch"].split("."))))


def test_every_bound_is_a_lower_one():
    library = [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["plot"],
        f"python{PROJECT['requires-python']}",
    ]
    assert [each for each in library if not re.fullmatch(r"\w+>=\d+\.\d+", each)] == []
