"""Breaking a module: what nobody notices survives, the tests that reach the broken line run first."""

import sys
from functools import partial
from pathlib import Path

import programs
import pytest

sys.path.append(str(Path(__file__).parents[1] / "mutants"))

from controls import control
from forks import run_in_forks
from ledger import Ledger
from module_mutants import NOT_YET, Module, modules
from places import EXTENSIONS, PACKAGE, ROOT
from run import chosen, dotted, fingerprint_of, pages, try_all, unit

TOY = "def sign(x):\n    if x < 0:\n        return -1\n    return 1\n\n\ndef half(x):\n    return x / 2\n"
TESTS_OF_TOY = """
from tensorglass.toy import half, sign

def test_slowly():
    import time
    time.sleep(0.3)
    assert half(2) == 1
    assert sign(5) == 1

def test_sign():
    assert sign(-5) == -1
"""


@pytest.fixture
def toy(tmp_path):
    package, tests = tmp_path / "tensorglass", tmp_path / "tests" / "test_toy.py"
    tests.parent.mkdir()
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "toy.py").write_text(TOY, "utf-8")
    tests.write_text(TESTS_OF_TOY, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")  # names of tests begin here, wherever this project is
    return Module(package / "toy.py", package, (tests,), constants=True)


def in_a_fork(task):
    ((_, answer, _),) = run_in_forks({"task": task})
    return answer


def test_after_the_deadline_no_task_is_begun():
    tasks = dict.fromkeys("abc", lambda: True)
    assert list(run_in_forks(tasks, deadline=0)) == []
    assert sorted(name for name, _, _ in run_in_forks(tasks)) == ["a", "b", "c"]


def test_the_control_knows_which_test_reaches_which_line(toy):
    unbroken = in_a_fork(partial(control, toy.tests[0], toy.package))
    assert unbroken.passed, unbroken.said
    slow, fast = sorted(unbroken.seconds, key=unbroken.seconds.get, reverse=True)
    assert (slow, fast) == ("tests/test_toy.py::test_slowly", "tests/test_toy.py::test_sign")
    assert unbroken.seconds[slow] > 0.3
    assert unbroken.reaching("toy.py", 3) == {fast}
    assert unbroken.reaching("toy.py", 4) == {slow}
    assert unbroken.reaching("toy.py", 8) == {slow}
    assert unbroken.reaching("toy.py", 2) == {slow, fast}


def test_what_no_test_notices_survives(toy):
    unbroken = in_a_fork(partial(control, toy.tests[0], toy.package))
    mutants = toy.mutants()
    tasks = {i: partial(toy.survives, mutant, {toy.tests[0]: unbroken}) for i, mutant in enumerate(mutants)}
    survived = sorted(str(mutants[i]) for i, answer, _ in run_in_forks(tasks) if answer)
    assert survived == ["2: 0  ->  1", "2: x < 0  ->  x <= 0"]  # nobody tried 0
    assert len(mutants) >= 7


def test_tests_that_fail_with_nothing_broken_are_told(toy):
    toy.tests[0].write_text("def test_wrong():\n    assert 1 == 2, 'on purpose'\n", "utf-8")
    unbroken = in_a_fork(partial(control, toy.tests[0], toy.package))
    assert not unbroken.passed
    assert "on purpose" in unbroken.said


def test_where_nothing_can_break_no_test_is_run(toy):
    toy.file.write_text('"""A docstring alone."""\n', "utf-8")
    toy.tests[0].write_text("raise RuntimeError\n", "utf-8")
    (result,) = try_all([toy], [], {})
    assert result.planted == 0


def test_a_task_that_ends_its_process_has_no_answer():
    assert in_a_fork(partial(sys.exit, 3)) is None
    assert in_a_fork(lambda: "an answer") == "an answer"


def test_every_module_is_broken():
    broken = [module.file for module in modules()]
    files = {PACKAGE / "__init__.py", PACKAGE / "__main__.py", *PACKAGE.rglob("[!_]*.py")}
    assert files > NOT_YET
    assert files - NOT_YET == {file for file in broken if PACKAGE in file.parents}
    assert {module.file for module in modules() if not module.tests} == set()
    assert dotted(PACKAGE / "contraction" / "plan.py") == "contraction.plan"
    units = [unit(file) for file in (*broken, *pages())]
    assert len(units) == len(set(units))


def options(names=(), draw=(), everything=False):
    from argparse import Namespace

    return Namespace(names=list(names), draw=list(draw), all=everything)


def test_what_is_fresh_is_passed_over_unless_it_is_drawn_or_named(tmp_path, capsys):
    files = pages()
    fingerprints = {file: f"of {file.stem}" for file in files}
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert chosen(options(), ledger, fingerprints) == files
    for file in files[1:]:
        ledger.passed(unit(file), fingerprints[file], 1.0, planted=1)
    tried = chosen(options(), ledger, fingerprints)
    assert files[0] in tried
    sample = (len(files) - 1 + 19) // 20
    assert len(tried) == 1 + sample
    assert "drawn from what is fresh, by " in capsys.readouterr().out
    (other, *_) = [file for file in files if file not in tried]
    assert set(chosen(options(draw=[unit(other)]), ledger, fingerprints)) == {*tried, other}
    assert chosen(options(names=[other.stem]), ledger, fingerprints) == [other]
    assert chosen(options(everything=True), ledger, fingerprints) == files


def test_a_page_is_tried_again_when_a_module_that_it_uses_has_changed(monkeypatch):
    before = {page.stem: fingerprint_of(page, ()) for page in pages()}
    changed = PACKAGE / "broadcasting" / "watch.py"
    content = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: content(path) + b"#" * (path == changed))
    stale = {page.stem for page in pages() if fingerprint_of(page, ()) != before[page.stem]}
    assert stale == {"unsqueeze", "squeeze_loss", "notebook"}


def tried(ledger, test):
    """Break one module in a process of its own, with one file of tests to notice it; return that process."""
    program = (
        f"import sys; sys.path[:0] = {[str(ROOT / 'tests' / 'mutants'), str(EXTENSIONS.parent)]}\n"
        f"import run, module_mutants; module_mutants.tests_of = lambda module: (run.ROOT / 'tests' / {test!r},)\n"
        f"raise SystemExit(run.main(['contraction.loops', '--ledger', {str(ledger)!r}]))"
    )
    return programs.run([sys.executable, "-c", program], ROOT)


@pytest.mark.long
def test_a_run_that_passes_is_written_and_one_that_fails_is_not(tmp_path):
    ledger = tmp_path / "ledger.jsonl"
    done = tried(ledger, "library/contraction/test_loops.py")
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = Ledger(ledger).lines()
    assert line["unit"] == "mutants of contraction.loops"
    assert line["planted"] == line["killed"] > 20
    failed = tried(ledger, "library/test_report.py")
    assert failed.returncode == 1
    assert "SURVIVED contraction/loops.py: " in failed.stdout
    assert Ledger(ledger).lines() == [line]
