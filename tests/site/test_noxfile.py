"""The chores stop before they build anything if what was asked for cannot be, and say at the end what became of it."""

import doctest
import functools
import importlib
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from places import EXTENSIONS, ROOT
from programs import run

PAGES = {"unsqueeze": "examples/broadcasting/unsqueeze.py", "views": "examples/memory/views.py"}
PAGE = '"""\nTitle\n=====\n"""\nx = 1\n'


class RefusedError(Exception):
    """What nox raises for `session.error`."""


class CommandFailedError(Exception):
    """What nox raises for a command that fails."""

    def __init__(self, return_code=1):
        self.return_code = return_code


class Session:
    """Stands in for a nox session: what it would run is kept, and an error ends it."""

    def __init__(self, *posargs, fails=None):
        self.posargs = list(posargs)
        self.ran, self.said = [], []
        self.fails = fails  # the exit status of the environment's commands

    def run(self, *command, **options):
        self.ran.append(command)
        if self.fails is not None:
            raise CommandFailedError(self.fails)

    def log(self, text):
        self.said.append(text)

    warn = log

    def error(self, text):
        raise RefusedError(text)


@pytest.fixture
def project(tmp_path):
    """A copy of what nox needs of the project, with two pages and a built site."""
    for name in ("noxfile.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(EXTENSIONS, tmp_path / "docs" / "_ext", ignore=ignored)
    shutil.copytree(ROOT / "chores", tmp_path / "chores", ignore=ignored)
    for name, path in PAGES.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(PAGE)
        (tmp_path / path).with_name("GALLERY_HEADER.rst").write_text(f".. reading order: {name}\n")
    (tmp_path / "docs/_build/html").mkdir(parents=True)
    (tmp_path / "docs/_build/html/index.html").write_text("the last build")
    return tmp_path


@pytest.fixture
def chores(project, monkeypatch):
    """Its noxfile, with this Python as its environment, and a stand-in for nox itself."""
    nox = SimpleNamespace(session=lambda function: function, Session=Session, options=SimpleNamespace())
    monkeypatch.setitem(sys.modules, "nox", nox)
    for name in [each for each in sys.modules if each.split(".")[0] in ("chores", "noxfile")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(project), *sys.path])
    monkeypatch.setenv("TENSORGLASS_DEVICE", "")  # which the chores change, and which is then as before
    monkeypatch.delenv("TENSORGLASS_TORCH", raising=False)
    module = importlib.import_module("noxfile")
    assert project.samefile(module.made.ROOT)
    monkeypatch.setattr(module.made, "PYTHON", Path(sys.executable))
    module.made.MADE_FROM.parent.mkdir(parents=True)
    module.made.MADE_FROM.write_text(f"{module.made.wanted()}\ncpu")
    asked = SimpleNamespace(run=lambda command, **options: answer(tuple(command), os.environ["TENSORGLASS_DEVICE"]))
    monkeypatch.setattr(module.arguments, "subprocess", asked)
    yield module
    for name in [each for each in sys.modules if each.split(".")[0] in ("chores", "noxfile")]:
        del sys.modules[name]


@functools.cache
def answer(command, device):
    """Return what the environment's Python answers; each question is asked once, since torch takes seconds to load."""
    return run(command, ROOT, TENSORGLASS_DEVICE=device)


def refused(session, chore):
    """Return why a chore refuses; it runs nothing, and the last build stays."""
    with pytest.raises(RefusedError) as caught:
        chore(session)
    assert session.ran == []
    site = Path(chore.__code__.co_filename).parent / "docs/_build"
    assert [path.name for path in site.iterdir()] == ["html"]
    assert (site / "html/index.html").read_text() == "the last build"
    return str(caught.value)


@pytest.mark.parametrize("more", [[], ["--only", "unsqueeze"], ["unsqueeze"]], ids=["all", "one page", "one page, too"])
def test_a_device_that_is_not_there_is_told(chores, more):
    reason = refused(Session("--device", "cuda:99", *more), chores.docs)
    assert reason.startswith("--device is 'cuda:99', which this machine cannot use")
    assert "; nothing was built" in reason
    wanted = chores.arguments.WITH_CUDA if "a build for the CPU alone" in reason else "'cuda:"
    assert wanted in reason


def test_a_device_that_is_none_is_told_at_once(chores, monkeypatch):
    monkeypatch.setattr(chores.arguments, "subprocess", None)  # nobody is asked
    told = "which is no device; expected cpu, cuda or cuda:N; nothing was built"
    assert refused(Session("--device", "banana"), chores.docs) == f"--device is 'banana', {told}"
    monkeypatch.setenv("TENSORGLASS_DEVICE", "banana")
    assert refused(Session(), chores.docs) == f"TENSORGLASS_DEVICE is 'banana', {told}"
    monkeypatch.setattr(chores.shutil, "which", lambda name: name)
    assert refused(Session(), chores.site) == f"TENSORGLASS_DEVICE is 'banana', {told}"


def test_nothing_is_installed_for_a_gpu_that_is_not_there(chores, monkeypatch):
    chores.made.MADE_FROM.unlink()
    monkeypatch.setattr(chores.arguments, "gpu_names", list)
    told = "--device is 'cuda', and the driver finds no NVIDIA GPU here; expected cpu; nothing was built"
    assert refused(Session("--device", "cuda"), chores.docs) == told


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--devic", "cpu"], "there is no option '--devic'; did you mean --device"),
        (["--dev=cpu"], "there is no option '--dev=cpu'; did you mean --device"),
        (["-x"], "there is no option '-x'; expected one of --device, --help, --only"),
        (["--device"], "argument --device: expected one argument"),
        (["unsqueze"], "there is no page 'unsqueze'; did you mean unsqueeze"),
        (["--only", "memory/view"], "there is no page 'memory/view'; did you mean views"),
        (["--only", "quiz"], "there is no page 'quiz'; expected one of unsqueeze, views"),
        (["unsqueeze", "views"], "'views' is one page too many; expected one, or none for all"),
        (["views", "--only", "unsqueeze"], "'views' is one page too many; expected one, or none for all"),
    ],
    ids=" ".join,
)
def test_arguments_that_are_not_understood_are_refused_in_one_sentence(chores, given, said):
    assert refused(Session(*given), chores.docs) == said


def test_a_source_that_cannot_be_read_stops_every_build(chores, project, monkeypatch):
    (project / PAGES["views"]).write_text(PAGE + "y = = 2\n")
    monkeypatch.setattr(chores.shutil, "which", lambda name: name)
    for chore in (chores.docs, chores.site):
        assert refused(Session(), chore) == "examples/memory/views.py:6: invalid syntax: y = = 2"
    assert refused(Session("unsqueeze"), chores.docs) == "examples/memory/views.py:6: invalid syntax: y = = 2"


def test_a_device_that_is_there_is_built_on_and_the_end_says_what_became_of_it(chores, project, monkeypatch, capsys):
    work = project / "docs" / "_build" / "work"
    work.mkdir()
    (work / "index.html").write_text("this build")
    records = project / "docs/_build/runs/auto_examples"
    records.mkdir(parents=True)
    (records / "old.json").touch()
    os.utime(records / "old.json", (0, 0))
    session = Session("--device", "cpu")

    def build(*command, **options):
        session.ran.append(command)
        for name in ("new.json", "newer.json"):
            (records / name).touch()

    monkeypatch.setattr(session, "run", build)
    chores.docs(session)
    (command,) = session.ran
    assert command[:4] == (sys.executable, "-m", "sphinx", "-b")
    site = project / "docs/_build/html/index.html"
    assert site.read_text() == "this build"
    count, where, address = capsys.readouterr().out.strip().splitlines()
    assert count.startswith("2 of 2 pages were run anew, in ")
    assert where == f"It is in {Path('docs/_build/html')}"
    assert address == f"Open {site.as_uri()}"


def test_one_page_is_built_apart(chores, project, capsys):
    session = Session("--only", "examples/broadcasting/unsqueeze.py")
    chores.docs(session)
    (command,) = session.ran
    assert command[command.index("-D") + 1] == "tensorglass_only=unsqueeze"
    only = project / "docs/_build/only/html/auto_examples/broadcasting/unsqueeze.html"
    assert capsys.readouterr().out.endswith(f"Open {only.as_uri()}\n")


@pytest.mark.parametrize(
    ("warned", "said"),
    [
        ("", "the build failed, see above"),
        ("{root}/docs/a.md:3: WARNING: no title\n", "the build failed, see above: docs/a.md:3: no title"),
        ("a.md: WARNING: x\n\nb.py:7: ERROR: 1 is not 2\n", "the build failed, see above: b.py:7: 1 is not 2"),
        ("ERROR: one\nERROR: two\n", "the build failed at 2 places, see above; the first: one"),
    ],
)
def test_the_last_sentence_of_a_build_that_failed_says_at_what(chores, project, monkeypatch, warned, said):
    pickle = project / "docs/_build/doctrees/environment.pickle"
    pickle.parent.mkdir()
    pickle.touch()

    def fail(*command, **options):
        Path(command[command.index("-w") + 1]).write_text(warned.format(root=project))
        raise CommandFailedError

    session = Session()
    monkeypatch.setattr(session, "run", fail)
    with pytest.raises(RefusedError) as caught:
        chores.docs(session)
    assert str(caught.value) == f"{said}; the last good build is still in docs/_build/html"
    assert (project / "docs/_build/html/index.html").read_text() == "the last build"
    assert not pickle.exists()


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


def test_the_end_of_the_tests_says_what_became_of_them(chores, capsys):
    chores.tests(Session())
    passed, following = capsys.readouterr().out.strip().splitlines()
    here = f"with Python {sys.version.split()[0]} and torch "
    assert passed.startswith(f"The tests passed in 0 s, {here}")
    assert following == chores.NEXT
    for status, said in {**chores.TESTS_ENDED, 3: "the tests could not run, see above"}.items():
        with pytest.raises(RefusedError) as caught:
            chores.tests(Session(fails=status))
        assert str(caught.value).startswith(f"{said}; they ran {here}")


def test_a_browser_that_is_not_there_is_told(chores, monkeypatch):
    monkeypatch.setattr(chores.shutil, "which", lambda name: None)
    assert refused(Session(), chores.site).startswith("this looks at the site in Chromium, which is not here")


def test_an_older_python_is_told_before_anything_else(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "nox", SimpleNamespace())
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    with pytest.raises(SystemExit) as caught:
        exec(compile((project / "noxfile.py").read_text("utf-8"), "noxfile.py", "exec"), {})
    assert str(caught.value).startswith("tensorglass needs Python 3.11 or newer, and nox runs on 3.10.13")


def test_the_cores_that_the_chores_may_use_are_counted(chores, monkeypatch):
    assert 1 <= chores._cores() <= os.cpu_count()
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert chores._cores() == os.cpu_count()


def test_the_examples_in_docstrings_are_true(chores):
    assert doctest.testmod(chores.whole_site).failed == 0
    assert doctest.testmod(chores.whole_site).attempted > 0


def test_no_module_of_the_chores_is_long():
    files = [ROOT / "noxfile.py", *(ROOT / "chores").glob("*.py")]
    assert [path.name for path in files if len(path.read_text("utf-8").splitlines()) > 250] == []


@pytest.mark.skipif(importlib.util.find_spec("nox") is None, reason="nox is not in this environment")
def test_nox_itself_says_so_too(project):
    python = project / ".nox/env/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    command = [sys.executable, "-m", "nox", "-s", "docs", "--", "--device", "banana"]
    result = run(command, project, TENSORGLASS_TORCH="")
    told = [line for line in (result.stdout + result.stderr).splitlines() if "banana" in line]
    assert result.returncode != 0
    assert len(told) == 1
    assert "--device is 'banana', which is no device" in told[0]
    assert (project / "docs/_build/html/index.html").read_text() == "the last build"
