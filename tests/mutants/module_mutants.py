"""The library's modules, and the rules that the build goes by, broken one operator, constant or branch at a time.

The tests of a module are those of its part of the library, and of the modules that are in no part, those that are in
none. Of these run first the file that has the module's name, then those with tests that reach the broken line; of a
file first the tests that reach it, the shortest first. The first test that fails ends it; where none fails, all have
run. Which tests reach a line is known from a run with nothing broken: see `controls.py`.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from controls import OPTIONS, Control, copied, import_from
from ledger import EXTENSIONS, PACKAGE, ROOT
from mutate import Mutant, mutants

from tensorglass.errors.catalogue import FAMILIES

# The constants of a drawing are a matter of looks, and those of the rules are regular expressions, which tests of their
# own exercise.
DRAWINGS = {"drawing", "pictures"}
RULES = {"sources/dependencies": ["test_dependencies"], "law/rules": ["test_rules"], "law/budget": ["test_budget"]}
# Not broken yet: the families of errors are data for the most part, and their tests raise each error and run each fix.
_FAMILIES = {family.__name__.rpartition(".")[2] for family in FAMILIES}
_OF_ERRORS = {"dtype_names", "explain", "expression", "linear", "notes", "program", "result", "source", *_FAMILIES}
NOT_YET = {PACKAGE / "__main__.py", *(PACKAGE / "errors" / f"{name}.py" for name in _OF_ERRORS)}
TESTS = ROOT / "tests"
QUICKLY = ["-x", "--tb=no"]
# Seconds after which a test that got stuck has noticed the mutant: these, and so many times what it takes otherwise.
PATIENCE, TIMES = 10, 10


@dataclass(frozen=True)
class Module:
    """A module that is broken, the package that it belongs to, and the files of the tests that must notice."""

    file: Path
    package: Path
    tests: tuple[Path, ...]
    constants: bool  # whether its constants are broken too

    @property
    def place(self) -> str:
        """Where the module stands in its package, such as `contraction/plan.py`."""
        return self.file.relative_to(self.package).as_posix()

    def mutants(self) -> list[Mutant]:
        return list(mutants(self.file.read_text("utf-8"), constants=self.constants))

    def name_of(self, mutant: Mutant) -> str:
        line = self.file.read_text("utf-8").splitlines()[mutant.line - 1].strip()
        return f"{self.place}: `{line}`: {mutant.before} -> {mutant.after}"

    def survives(self, mutant: Mutant, controls: Mapping[Path, Control]) -> bool:
        """Run the tests on the broken module, in this process, which is a fork made for it; tell whether all passed."""
        reaching = {file: controls[file].reaching(self.place, mutant.line) for file in self.tests}
        seconds = {test: lasted for file in self.tests for test, lasted in controls[file].seconds.items()}
        with tempfile.TemporaryDirectory() as folder:
            copy = copied(self.package, Path(folder))
            (copy / self.place).write_text(mutant.source(), "utf-8")
            import_from(copy, Path(os.devnull))
            order = _Order(set().union(*reaching.values()), seconds)
            # A file at a time: to collect those of a whole part takes longer than most mutants live.
            files = sorted(self.tests, key=lambda file: (file.stem != f"test_{self.file.stem}", not reaching[file]))
            return all(pytest.main([*OPTIONS, *QUICKLY, str(file)], plugins=[order]) == 0 for file in files)


def modules() -> list[Module]:
    """Return all modules that are broken. The `__init__.py` of a part is none: a docstring is all that it holds."""
    of_library = (
        Module(file, PACKAGE, tests_of(file), file.stem not in DRAWINGS)
        for file in sorted(PACKAGE.rglob("*.py"))
        if (file.name != "__init__.py" or file.parent == PACKAGE) and file not in NOT_YET
    )
    of_build = (
        Module(EXTENSIONS / f"{name}.py", EXTENSIONS, tuple(TESTS / "site" / f"{test}.py" for test in tests), False)
        for name, tests in RULES.items()
    )
    return [*of_library, *of_build]


def tests_of(module: Path) -> tuple[Path, ...]:
    """Return the files of the tests that must notice when a module of the library is broken: those of its part."""
    part = module.parent.relative_to(PACKAGE)
    return tuple(sorted((TESTS / "library" / part).glob("test_*.py")))


class _Order:
    """Runs first what reaches the broken line, the shortest first, and ends the process if a test gets stuck."""

    def __init__(self, reaching: set[str], seconds: dict[str, float]) -> None:
        self.reaching, self.seconds = reaching, seconds

    def pytest_sessionstart(self) -> None:
        signal.alarm(PATIENCE + TIMES)  # for collecting the tests

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: (item.nodeid not in self.reaching, self.seconds.get(item.nodeid, 0)))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        signal.alarm(PATIENCE + round(TIMES * self.seconds.get(nodeid, 0)))
