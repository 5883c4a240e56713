"""The combinations of versions that the library is tried with, and the script that tries them."""

import datetime
import re
import sys
import tomllib

import pytest
from places import ROOT

sys.path.insert(0, str(ROOT / "tests" / "versions"))

import try_versions as versions

ROWS = versions.combinations()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PACKAGES = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["plot"]]
BOUNDS = dict(each.split(">=") for each in [*PACKAGES, f"python{PROJECT['requires-python']}"])


def test_the_oldest_are_the_bounds_and_none_is_older():
    for name, bound in BOUNDS.items():
        assert re.fullmatch(rf"{re.escape(bound)}(\.0)?", ROWS[0][name])
        assert all(versions.version(row[name]) >= versions.version(ROWS[0][name]) for row in ROWS)


def test_one_combination_is_that_of_the_site():
    constraints = dict(re.findall(r"^([\w.-]+)==(.*)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M))
    assert [row for row in ROWS if all(row[name] == constraints[name] for name in versions.PACKAGES)] != []


def test_each_python_that_is_named_as_supported_is_tried():
    named = {each.rpartition(" ")[2] for each in PROJECT["classifiers"] if "Python :: 3." in each}
    assert {row["python"] for row in ROWS} == named


def test_what_is_recorded_is_read_again(monkeypatch, tmp_path):
    recorded = {"passed": 2000, "skipped": 3, "pages": 6, "date": datetime.date(2026, 11, 30)}
    rows = [ROWS[0] | recorded, *ROWS[1:]]
    text = versions.FILE.read_text("utf-8")
    monkeypatch.setattr(versions, "FILE", tmp_path / "versions.toml")
    versions.FILE.write_text(versions.as_toml(text, rows), "utf-8")
    assert versions.combinations() == rows
    assert versions.FILE.read_text("utf-8").splitlines()[:2] == text.splitlines()[:2]
    assert versions.as_toml(text, ROWS) == text


def test_a_version_is_named_by_its_beginning():
    told = {asked: versions.is_of({"torch": "2.4.0"}, asked) for asked in ("2.4", "2.4.0", "2", "2.41", "4")}
    assert told == {"2.4": True, "2.4.0": True, "2": True, "2.41": False, "4": False}


def test_an_unknown_version_is_refused_with_those_that_are_known(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["run.py", "1.13"])
    with pytest.raises(SystemExit):
        versions.main()
    assert "there is no combination with torch 1.13; expected one of 2.4.0, " in capsys.readouterr().err


def test_a_python_that_is_not_here_is_passed_over(monkeypatch, capsys):
    monkeypatch.setattr(versions, "interpreter", lambda version: None)
    monkeypatch.setattr(sys, "argv", ["run.py", "2.4"])
    with pytest.raises(SystemExit, match="True"):
        versions.main()
    told = capsys.readouterr().out
    assert "passed over: torch 2.4.0 on Python 3.11, since this Python is not here\n0 of 0 combinations passed" in told


def test_the_interpreter_that_runs_this_is_found():
    assert versions.interpreter(f"{sys.version_info.major}.{sys.version_info.minor}") == sys.executable
    assert versions.interpreter("1.5") is None


def test_a_page_says_which_torch_it_asks_for():
    assert versions.version(versions.asked_for("unsqueeze")) == versions.version(BOUNDS["torch"])
    assert versions.version(versions.asked_for("stored_activations")) == (2, 10)
