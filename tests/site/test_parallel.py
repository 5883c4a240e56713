"""Stale pages run at the same time, and nothing else changes by it: on a throw-away gallery, with two workers."""

import json
import os
import re
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from _ext.runs import parallel
from test_reproducible import contents
from throwaway import PAGE, Throwaway

TWO = ("-D", "tensorglass_workers=2")
ONE = ("-D", "tensorglass_workers=1")

# In a script: wait until that of the other page runs, too.
MEET = """
import pathlib, time
folder = pathlib.Path(os.environ["RUN_LOG"]).parent
(folder / "{here}.runs").touch()
until = time.monotonic() + 120
while not (folder / "{there}.runs").exists():
    assert time.monotonic() < until, "{there} does not run"
    time.sleep(0.01)
"""
# Wait until the other page is recorded, then end the build by a signal that its worker must not heed.
END = """
import pathlib, signal, time
folder = pathlib.Path(os.environ["RUN_LOG"]).parent
(folder / "worker").write_text(str(os.getpid()))
while not (folder / "docs/_build/runs/auto_examples/broadcasting/uses_alpha.json").exists():
    time.sleep(0.01)
os.kill(os.getpid(), signal.SIGINT)
os.kill(os.getppid(), signal.{name})
time.sleep(120)
"""
FRESH = """
import random, sys
import matplotlib.pyplot as plt
import torch
assert __name__ == "__main__" and sys.argv[1:] == [] and "left" not in globals()
assert torch.get_default_dtype() is torch.float32 and torch.is_grad_enabled()
assert plt.get_fignums() == [] and plt.rcParams["font.size"] == plt.rcParamsDefault["font.size"]
print("drawn", random.random(), torch.rand(1).item())
left = True
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
plt.rcParams["font.size"] = 20
"""


@pytest.fixture
def project(tmp_path):
    return Throwaway(tmp_path / "project")


def insert(project, page, code):
    """Have the script of a page run the code, in a block that is folded: the short answer has no room for it."""
    project.replace(f"examples/broadcasting/uses_{page}.py", "# More: halves it", f"# More: halves it\n{code}")


def recorded(project):
    return sorted(path.stem for path in (project.root / "docs/_build/runs").rglob("uses_*.json"))


def ends(process):
    """Return whether the process is gone within a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        stat = Path(f"/proc/{process}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":  # ended, and nobody looked
            return True
        time.sleep(0.1)
    return False


@contextmanager
def heeding_interrupts():
    """Have processes that start here heed SIGINT: a shell has those that it puts in the background pass over it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.long
def test_stale_pages_run_at_the_same_time_and_only_they(project):
    insert(project, "alpha", MEET.format(here="alpha", there="beta"))
    insert(project, "beta", MEET.format(here="beta", there="alpha"))
    pages, shown = project.ran(*TWO), project.shown
    assert pages == ["alpha", "beta", "notebook"]
    assert recorded(project) == ["uses_alpha", "uses_beta"]
    for page in ("uses_alpha", "uses_beta", "notebook"):
        assert re.search(rf"running 3 pages, 2 at a time.*{page}", shown)
    pages, shown = project.ran(*TWO), project.shown
    assert pages == []
    assert "at a time" not in shown
    project.replace("src/tensorglass/__init__.py", '"0"', '"1"')  # all are stale now
    pages, shown = project.ran(*TWO, "-D", "tensorglass_only=uses_alpha"), project.shown
    assert pages == ["alpha"]
    assert "at a time" not in shown


@pytest.mark.long
def test_a_script_that_fails_is_named_and_the_others_are_recorded(project):
    insert(project, "alpha", 'assert "this" == "that"')
    project.write("examples/broadcasting/uses_new.py", PAGE.format(name="beta"))
    pages, result = project.build(*TWO)
    assert pages == ["alpha", "beta", "beta", "notebook"]
    assert result.returncode != 0
    assert re.search(r"WARNING: *\n.*uses_alpha\.py unexpectedly failed to execute correctly", result.stderr)
    line = 1 + (project.root / "examples/broadcasting/uses_alpha.py").read_text().split("\n").index(
        'assert "this" == "that"'
    )
    assert re.search(rf'uses_alpha\.py", line {line}, in <module>', result.stderr)
    code = 'AssertionError at assert "this" == "that"'
    assert result.stderr.endswith(f"uses_alpha.py:{line}: ERROR: the page did not run to its end: {code}\n")
    assert "\x1b" not in result.stderr
    assert recorded(project) == ["uses_beta", "uses_new"]
    project.replace("examples/broadcasting/uses_alpha.py", 'assert "this" == "that"', "")
    assert project.ran(*TWO) == ["alpha"]


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="there, processes get no signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_build_that_is_ended_leaves_no_process_and_no_record_of_what_was_not_done(project, name):
    end = END.format(name=name)
    insert(project, "beta", end)
    with heeding_interrupts():
        pages, result = project.build(*TWO)
    assert set(pages) - {"notebook"} == {"alpha", "beta"}
    assert result.returncode != 0
    assert ends((project.root / "worker").read_text())
    assert recorded(project) == ["uses_alpha"]
    project.replace("examples/broadcasting/uses_beta.py", end, "")
    assert project.ran(*TWO) == ["beta", "notebook"]


@pytest.mark.long
def test_a_process_that_dies_is_told_and_its_script_runs_again(project):
    insert(project, "alpha", "import multiprocessing\nif multiprocessing.parent_process(): os._exit(3)")
    pages, result = project.build(*TWO)
    assert set(pages) == {"alpha", "beta", "notebook"}, result.stdout + result.stderr
    assert result.returncode != 0  # it is a warning
    assert "a process ended while pages ran in it" in result.stderr
    assert recorded(project) == ["uses_alpha", "uses_beta"]
    assert project.ran(*TWO) == []


@pytest.mark.long
def test_a_script_without_a_title_is_told_before_anything_is_run(project):
    insert(project, "alpha", "")
    text = project.root / "examples/broadcasting/uses_alpha.py"
    text.write_text(re.sub('"""\n.*?"""\n', '""""""\n', text.read_text(), count=1, flags=re.DOTALL))
    pages, result = project.build(*TWO)
    assert pages == []
    assert result.returncode != 0
    assert (
        result.stderr == f"{text}:4: ERROR: a page begins with a docstring, and that with a title underlined by ===\n"
    )


@pytest.mark.long
def test_a_notebook_that_fails_is_shown_as_ever_and_its_line_is_told(project):
    project.replace("docs/notebook.md", "assert gamma() == 7", "assert gamma() == 8")
    _, result = project.build(*TWO)
    assert result.returncode != 0
    assert re.search("Executing notebook failed: CellExecutionError.*assert gamma\\(\\) == 8", result.stderr, re.DOTALL)
    line = 1 + (project.root / "docs/notebook.md").read_text().split("\n").index("assert gamma() == 8")
    said = f"notebook.md:{line}: ERROR: the page did not run to its end: AssertionError at assert gamma() == 8\n"
    assert result.stderr.endswith(said)
    assert recorded(project) == ["uses_alpha", "uses_beta"]
    project.replace("docs/notebook.md", "assert gamma() == 8", "assert gamma() == 7")
    assert project.ran(*TWO) == ["notebook"]


@pytest.mark.long
def test_each_script_starts_afresh_and_the_site_is_as_if_they_ran_one_after_another(tmp_path):
    sites = []
    for workers in (TWO, ONE):
        project = Throwaway(tmp_path / str(len(sites)))
        project.write("examples/broadcasting/uses_new.py", PAGE.format(name="beta").replace("about beta", "about news"))
        for page in ("alpha", "beta", "new"):  # one of the two workers runs two of them
            insert(project, page, FRESH)
        assert project.ran(*workers) == ["alpha", "beta", "beta", "notebook"]
        sites.append(contents(project.site))
        index = (project.root / "docs/auto_examples/broadcasting/index.rst").read_text()
        assert re.findall(r"^ +/auto_examples/broadcasting/uses_(\w+)$", index, re.M) == ["alpha", "beta", "new"]
    assert sites[0].keys() == sites[1].keys()
    assert [name for name in sites[0] if sites[0][name] != sites[1][name]] == []
    pages = [sites[0][f"auto_examples/broadcasting/uses_{page}.html"].decode() for page in ("alpha", "beta", "new")]
    assert len({re.search(r"drawn [\d. ]+", page)[0] for page in pages}) == 1


def fake_build(folder, **last):
    """Return what `longest_first` asks of a build: here each page is stale, and `last` has the seconds of some."""
    scripts = {f"auto_examples/some/{name}": None for name in ("slow", "new", "quick", "medium")}
    runs = {f"auto_examples/some/{name}": SimpleNamespace(seconds=seconds) for name, seconds in last.items()}
    return SimpleNamespace(
        docs=folder,
        scripts=lambda: scripts,
        wanted=lambda: {**scripts, "notebook": None},
        is_current=lambda page: page.endswith("medium"),
        recorded=runs.get,
    )


def test_the_longest_script_begins_first(tmp_path):
    record = {"digest": "", "device": "CPU", "torch": "", "python": "", "date": "", "tf32": {}, "seconds": 5.0}
    path = tmp_path / "recorded/cpu/slow.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**record, "outputs": [], "figures": []}))
    order = [page.rpartition("/")[2] for page in parallel.longest_first(fake_build(tmp_path, quick=3.0))]
    assert order == ["new", "notebook", "slow", "quick"]
    order = [page.rpartition("/")[2] for page in parallel.longest_first(fake_build(tmp_path, quick=3.0, slow=1.0))]
    assert order == ["new", "notebook", "quick", "slow"]  # what it took here counts more than what is recorded


@pytest.mark.parametrize(
    ("device", "setting", "expected"), [("CPU", 0, 7), ("CPU", 3, 3), ("cuda (H100)", 0, 1), ("cuda (H100)", 3, 1)]
)
def test_as_many_run_as_there_are_cores_and_one_on_a_gpu(monkeypatch, device, setting, expected):
    monkeypatch.setattr(parallel, "cores", lambda: 7)
    monkeypatch.setattr(parallel, "this_build", lambda: SimpleNamespace(environment={"device": device}))
    app = SimpleNamespace(config=SimpleNamespace(tensorglass_workers=setting))
    assert parallel.number_of_workers(app) == expected


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5}, raising=False)
    assert parallel.cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 9)
    assert parallel.cores() == 9
