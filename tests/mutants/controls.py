"""The tests with nothing broken: they must pass, or a failure on broken code would mean nothing.

The same run says which test reaches which line of the package, and how long each takes.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import pytest
from ledger import EXTENSIONS, PACKAGE

# Timings are left out: on a busy machine they fail although nothing is broken, and every mutant would count as noticed.
# Asserts are not rewritten: nobody reads why a test failed, and it takes a third of the time.
OPTIONS = ["-q", "-p", "no:cacheprovider", "--assert=plain", "-m", "not long and not timing"]


@dataclass(frozen=True)
class Control:
    """What a file of tests did with nothing broken: whether all passed, how long each took, what it reached."""

    passed: bool = False
    said: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    reached: dict[str, dict[int, list[str]]] = field(default_factory=dict)  # place in the package -> line -> the tests

    def reaching(self, place: str, line: int) -> set[str]:
        """Return the tests that reach a line of a module, or the last line above it that anything reaches.

        The module is named by its place in the package, such as `contraction/plan.py`.
        """
        of_file = self.reached.get(place, {})
        lines = sorted(of_file)
        place = bisect_right(lines, line)
        return set(of_file[lines[place - 1]]) if place else set()


def control(tests: Path, package: Path) -> Control:
    """Run a file of tests on a copy of the package, in this process, which is a fork made for it."""
    with tempfile.TemporaryDirectory() as folder:
        copy, printed = copied(package, Path(folder)), Path(folder, "printed")
        import_from(copy, printed)
        watcher = _Watcher(copy)
        code = pytest.main([*OPTIONS, str(tests)], plugins=[watcher])
        return Control(code == 0, printed.read_text("utf-8")[-4000:], dict(watcher.seconds), watcher.reached())


def copied(package: Path, folder: Path) -> Path:
    """Copy a package into a folder, and return where it is."""
    return shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))


def import_from(package: Path, printed: Path) -> None:
    """Have this process, and those that it starts, import a copied package; what they print goes to a file."""
    for name in [name for name in sys.modules if name.split(".")[0] in (package.name, PACKAGE.name)]:
        del sys.modules[name]
    sys.path.insert(0, str(package.parent))
    os.environ["PYTHONPATH"] = str(package.parent)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the tests need none, and loading them takes time
    if package.name == EXTENSIONS.name:
        os.environ["TENSORGLASS_EXTENSIONS"] = str(package.parent)
    output = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = sys.stderr = os.fdopen(output, "w", buffering=1)


class _Watcher:
    """Notes for each test how long it takes and which lines of the package it reaches."""

    def __init__(self, package: Path) -> None:
        self.seconds: Counter[str] = Counter()
        self._package = package
        self._coverage = coverage.Coverage(data_file=None, config_file=False, include=[f"{package}/*"])
        self._coverage.set_option("run:disable_warnings", ["no-data-collected"])  # where no test imports it
        self._coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._coverage.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration

    def reached(self) -> dict[str, dict[int, list[str]]]:
        self._coverage.stop()
        data = self._coverage.get_data()
        files = {Path(file).relative_to(self._package).as_posix(): file for file in data.measured_files()}
        return {place: data.contexts_by_lineno(file) for place, file in files.items()}
