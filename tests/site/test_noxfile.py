"""The chores stop before they build anything if the device that was asked for is not there; tests run on all cores."""

import functools
import hashlib
import importlib.util
import os
import shutil
import sys
from types import SimpleNamespace

import pytest
from places import EXTENSIONS, ROOT
from programs import run


class RefusedError(Exception):
    """What nox raises for `session.error`."""


class Session:
    """Stands in for a nox session: what it would run is kept, and an error ends it."""

    def __init__(self, *posargs):
        self.posargs = list(posargs)
        self.ran = []

    def run(self, *command, **options):
        self.ran.append(command)

    def log(self, text):
        pass

    def error(self, text):
        raise RefusedError(text)


@pytest.fixture
def project(tmp_path):
    """A copy of what nox needs of the project, with a built site."""
    for name in ("noxfile.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(EXTENSIONS, tmp_path / "docs" / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "docs/_build/html").mkdir(parents=True)
    (tmp_path / "docs/_build/html/index.html").write_text("the last build")
    return tmp_path


@pytest.fixture
def chores(project, monkeypatch):
    """Its noxfile, with this Python as its environment, and a stand-in for nox itself."""
    command = SimpleNamespace(CommandFailed=RuntimeError)
    nox = SimpleNamespace(
        session=lambda function: function, Session=Session, options=SimpleNamespace(), command=command
    )
    monkeypatch.setitem(sys.modules, "nox", nox)
    monkeypatch.setenv("TENSORGLASS_DEVICE", "cpu")  # which the chores change, and which is then as before
    specification = importlib.util.spec_from_file_location("noxfile_of_copy", project / "noxfile.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(module, "_environment", lambda session: sys.executable)
    asked = SimpleNamespace(run=lambda command, **options: answer(tuple(command), os.environ["TENSORGLASS_DEVICE"]))
    monkeypatch.setattr(module, "subprocess", asked)
    return module


@functools.cache
def answer(command, device):
    """Return what the environment's Python answers; each question is asked once, since torch takes seconds to load."""
    return run(command, ROOT, TENSORGLASS_DEVICE=device)


@pytest.mark.parametrize("more", [[], ["--only", "unsqueeze"]], ids=["all", "one page"])
def test_a_device_that_is_not_there_is_told_and_the_last_build_stays(chores, monkeypatch, more):
    monkeypatch.setattr(chores, "_pages", lambda: {"unsqueeze": "auto_examples/broadcasting/unsqueeze"})
    session = Session("--device", "cuda:99", *more)
    with pytest.raises(RefusedError) as refused:
        chores.docs(session)
    assert str(refused.value) == (
        "--device is 'cuda:99', which this machine cannot use; expected a device such as 'cpu' or 'cuda'; "
        "nothing was built"
    )
    assert session.ran == []
    assert [path.name for path in chores.BUILD.iterdir()] == ["html"]
    assert (chores.SITE / "index.html").read_text() == "the last build"


def test_a_device_that_is_there_is_built_on(chores, monkeypatch):
    monkeypatch.setattr(chores, "_publish", lambda built, site: None)
    session = Session("--device", "cpu")
    chores.docs(session)
    (command,) = session.ran
    assert command[:4] == (sys.executable, "-m", "sphinx", "-b")


def test_records_are_made_by_the_plain_command(chores):
    session = Session("--device", "cuda", "--out", "docs/recorded/")
    chores.record(session)
    assert session.ran == [(sys.executable, "docs/record.py", "--device", "cuda", "--out", "docs/recorded/")]


def test_a_release_is_built_checked_and_described(chores, project):
    (project / "CHANGELOG.md").write_text("# Changelog\n\n## 0.2.0 (2026-12-01)\n\n- New.\n\n## 0.1.0\n\n- Old.\n")
    (project / "dist").mkdir()
    (project / "dist" / "tensorglass-0.1.0.tar.gz").touch()  # of an earlier run: it must not be published

    class Builds(Session):
        def run(self, *command, **options):
            super().run(*command, **options)
            if command[2] == "build":
                (project / "dist").mkdir()
                for end in (".tar.gz", "-py3-none-any.whl"):
                    (project / "dist" / f"tensorglass-0.2.0{end}").touch()

    session = Builds("--tag", "v0.2.0")
    chores.release(session)
    build, check, look = session.ran
    built = [str(project / "dist" / f"tensorglass-0.2.0{end}") for end in ("-py3-none-any.whl", ".tar.gz")]
    assert build == (sys.executable, "-m", "build", "--outdir", str(project / "dist"))
    assert check == (sys.executable, "-m", "twine", "check", "--strict", *built)
    assert look[:3] == (sys.executable, "-m", "pytest")
    assert look[-4:] == ("tests/release", f"--built={project / 'dist'}", "--tag", "v0.2.0")
    assert (project / "dist" / "NOTES.md").read_text() == "- New.\n"


@pytest.mark.parametrize(
    ("given", "added"),
    [
        (["-m", "long"], ["-n", "3", "--dist", "worksteal"]),
        (["-n0", "tests/site"], []),
        (["--numprocesses=2"], []),
        (["--pdb"], []),
    ],
    ids=" ".join,
)
def test_tests_run_on_all_cores_unless_the_arguments_choose(chores, monkeypatch, given, added):
    monkeypatch.setattr(chores, "_cores", lambda: 3)
    session = Session(*given)
    chores.tests(session)
    assert session.ran == [(sys.executable, "-m", "pytest", *added, *given)]


def test_the_cores_that_the_chores_may_use_are_counted(chores, monkeypatch):
    assert 1 <= chores._cores() <= os.cpu_count()
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert chores._cores() == os.cpu_count()


@pytest.mark.skipif(importlib.util.find_spec("nox") is None, reason="nox is not in this environment")
def test_nox_itself_says_so_too(project):
    python = project / ".nox/env/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    made_from = b"".join((project / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    (project / ".nox/env/made-from").write_text(hashlib.sha256(made_from + sys.version.encode()).hexdigest())
    command = [sys.executable, "-m", "nox", "-s", "docs", "--", "--device", "cuda:99"]
    result = run(command, project)
    told = [line for line in (result.stdout + result.stderr).splitlines() if "cuda:99" in line]
    assert result.returncode != 0
    assert len(told) == 1
    assert "--device is 'cuda:99', which this machine cannot use" in told[0]
    assert (project / "docs/_build/html/index.html").read_text() == "the last build"
