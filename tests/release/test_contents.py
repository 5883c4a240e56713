"""The wheel holds the library and its licences, the source archive the whole project, and both say who they are."""

import re
import subprocess
import tomllib

import pytest
from distributions import contents, metadata
from places import ROOT

import tensorglass

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
LICENCES = ["LICENSE", "LICENSE-TEXT"]


def test_the_wheel_holds_the_library_and_the_licences_and_nothing_else(wheel):
    held = contents(wheel)
    sources = [path for path in (ROOT / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    library = {path.relative_to(ROOT / "src").as_posix(): path.read_bytes() for path in sources}
    assert "tensorglass/py.typed" in library
    assert {name: held[name] for name in held if name.startswith("tensorglass/")} == library
    about = f"tensorglass-{tensorglass.__version__}.dist-info"
    assert {name for name in held if not name.startswith("tensorglass/")} == {
        *(f"{about}/{name}" for name in ("METADATA", "RECORD", "WHEEL")),
        *(f"{about}/licenses/{name}" for name in LICENCES),
    }


def test_the_archive_holds_tests_pages_licences_and_what_the_build_reads(archive):
    held = contents(archive)
    wanted = [*LICENCES, "README.md", "CHANGELOG.md", "CITATION.cff", "pyproject.toml", "hatch_build.py", "noxfile.py"]
    folders = ("src", "tests", "examples", "docs/_ext", "docs/howto")
    wanted += [path.relative_to(ROOT).as_posix() for name in folders for path in (ROOT / name).rglob("*.py")]
    assert set(wanted) <= set(held)
    assert {name: held[name] for name in LICENCES} == {name: (ROOT / name).read_bytes() for name in LICENCES}
    built = re.compile(r"(^|/)(_build|auto_examples|__pycache__|dist|\.nox)/")
    assert [name for name in held if built.search(name)] == []


@pytest.mark.parametrize("kind", ["wheel", "archive"])
def test_the_metadata_is_that_of_the_project(request, kind):
    told, project = metadata(request.getfixturevalue(kind)), PROJECT["project"]
    assert (told["Name"], told["Version"]) == (project["name"], tensorglass.__version__)
    assert told["Requires-Python"] == project["requires-python"]
    assert told.get_all("Classifier") == sorted(project["classifiers"])
    assert told.get_all("License-File") == LICENCES
    (extra,) = project["optional-dependencies"]["plot"]
    needed = [each.replace("_", "-") for each in (*project["dependencies"], f"{extra}; extra == 'plot'")]
    assert sorted(told.get_all("Requires-Dist")) == sorted(needed)


def test_the_classifiers_name_each_python_that_the_tests_run_on():
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    tested = re.findall(r'"(3\.\d+)"', re.search(r"^ +python: \[(.*)\]$", workflow, re.MULTILINE)[1])
    named = [each.rpartition(" ")[2] for each in PROJECT["project"]["classifiers"] if ":: Python :: 3." in each]
    assert named == tested
    assert PROJECT["project"]["requires-python"] == f">={tested[0]}"


def test_fragments_of_the_changelog_are_of_a_kind_that_is_gathered():
    kinds = "|".join(each["directory"] for each in PROJECT["tool"]["towncrier"]["type"])
    names = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert [name for name in names if not re.fullmatch(rf"(\+\w+|\d+)\.({kinds})\.md", name)] == []


@pytest.mark.release
def test_the_archive_is_what_the_repository_tracks(archive):
    command = ["git", "ls-files", "-z"]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    assert set(contents(archive)) == {*filter(None, tracked), "PKG-INFO"}


@pytest.mark.release
def test_all_is_ready_for_the_tag(request, dist):
    tag = request.config.getoption("--tag", None)
    if tag is None:
        pytest.skip("no --tag was given: a rehearsal")
    assert tag == f"v{tensorglass.__version__}"
    first = re.search(r"^## (.*)$", CHANGELOG, re.MULTILINE)[1]
    assert re.fullmatch(rf"{re.escape(tensorglass.__version__)} \(20\d\d-\d\d-\d\d\)", first)
    assert [path.name for path in (ROOT / "changelog.d").iterdir()] == ["README.md"]  # all others are gathered
