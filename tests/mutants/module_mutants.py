"""The library's modules, and the rules that the build goes by, broken one operator, constant or branch at a time.

Of the tests of a broken module those run first that reach the broken line, the shortest first, until one fails; where
none fails, all have run. Which tests reach it is known from a run with nothing broken: see `controls.py`.
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

# Each module with the tests that claim to check it.
LIBRARY = {
    "__init__": ["test_package"],
    "activation_statistics": ["test_activation_statistics"],
    "activations": ["test_gains"],
    "alignment": ["test_alignment", "test_broadcasting"],
    "broadcasting": ["test_broadcasting"],
    "correlation": ["test_correlation", "test_propagation"],
    "critical_point": ["test_critical_point"],
    "device": ["test_pages"],
    "drawing": ["test_plots", "test_memory_plots"],
    "dtypes": ["test_einsum_plan", "test_einsum"],
    "einsum_plan": ["test_einsum_plan", "test_einsum_code", "test_einsum"],
    "einsum_plots": ["test_einsum_plots"],
    "fans": ["test_fans", "test_initializing"],
    "finding": ["test_holdings"],
    "gains": ["test_gains"],
    "gaussian": ["test_gains"],
    "graph": ["test_graph", "test_saved_tensors"],
    "groups": ["test_einsum_code"],
    "holdings": ["test_holdings"],
    "indices": ["test_indices"],
    "initialization_plots": ["test_initialization_plots"],
    "initializing": ["test_initializing"],
    "inspection": ["test_inspection"],
    "layers": ["test_activation_statistics", "test_lsuv"],
    "layout": ["test_storage", "test_inspection"],
    "loops": ["test_einsum_plan"],
    "lowering": ["test_einsum_code", "test_einsum"],
    "lsuv": ["test_lsuv"],
    "mean_field": ["test_mean_field", "test_critical_point", "test_propagation"],
    "memory": ["test_memory"],
    "memory_plots": ["test_memory_plots", "test_saved_plots"],
    "module_paths": ["test_module_paths", "test_saved_tensors"],
    "notation": ["test_notation"],
    "operands": ["test_einsum_plan"],
    "output_figures": ["test_activation_statistics"],
    "pages": ["test_pages"],
    "parameter_rules": ["test_initializing"],
    "paths": ["test_paths"],
    "plans": ["test_einsum_plan", "test_einsum_code"],
    "plots": ["test_plots"],
    "products": ["test_einsum_code", "test_einsum"],
    "program": ["test_einsum_code"],
    "propagation": ["test_propagation", "test_critical_point"],
    "recording": ["test_memory", "test_saved_plots"],
    "reproducing": ["test_reproducing"],
    "report": ["test_report", "test_broadcasting"],
    "roles": ["test_roles", "test_saved_operations", "test_saved_tensors"],
    "saved_difference": ["test_saved_report"],
    "saved_plots": ["test_saved_plots"],
    "saved_report": ["test_saved_report", "test_saved_tensors"],
    "saved_tensors": ["test_saved_tensors", "test_saved_report"],
    "saving": ["test_saved_tensors", "test_saved_report", "test_saved_operations"],
    "shapes": ["test_broadcasting"],
    "storage": ["test_storage"],
    "strided": ["test_strided", "test_inspection"],
    "torch_calls": ["test_watching", "test_saved_tensors"],
    "trial": ["test_saved_tensors"],
    "views": ["test_views"],
    "watching": ["test_watching"],
    "weight_schemes": ["test_initializing"],
}
# The constants of a drawing are a matter of looks, and those of the rules are regular expressions, which tests of their
# own exercise.
DRAWINGS = {"drawing", "einsum_plots", "initialization_plots", "memory_plots", "plots", "saved_plots"}
RULES = {"sources/dependencies": ["test_dependencies"], "law/rules": ["test_rules"]}
QUICKLY = ["-x", "--tb=no"]
# Seconds after which a test that got stuck has noticed the mutant: these, and so many times what it takes otherwise.
PATIENCE, TIMES = 10, 10


@dataclass(frozen=True)
class Module:
    """A module that is broken, the package that it is part of, and the tests that must notice."""

    file: Path
    package: Path
    tests: tuple[Path, ...]
    constants: bool  # whether its constants are broken too

    @property
    def place(self) -> str:
        """Where the module is in its package."""
        return self.file.relative_to(self.package).as_posix()

    def mutants(self) -> list[Mutant]:
        return list(mutants(self.file.read_text("utf-8"), constants=self.constants))

    def name_of(self, mutant: Mutant) -> str:
        line = self.file.read_text("utf-8").splitlines()[mutant.line - 1].strip()
        return f"{self.file.name}: `{line}`: {mutant.before} -> {mutant.after}"

    def survives(self, mutant: Mutant, controls: Mapping[Path, Control]) -> bool:
        """Run the tests on the broken module, in this process, which is a fork made for it; tell whether all passed."""
        of_tests = [controls[test] for test in self.tests]
        reaching = {test for control in of_tests for test in control.reaching(self.place, mutant.line)}
        seconds = {test: lasted for control in of_tests for test, lasted in control.seconds.items()}
        with tempfile.TemporaryDirectory() as folder:
            copy = copied(self.package, Path(folder))
            (copy / self.place).write_text(mutant.source(), "utf-8")
            import_from(copy, Path(os.devnull))
            order = _Order(reaching, seconds)
            return pytest.main([*OPTIONS, *QUICKLY, *map(str, self.tests)], plugins=[order]) == 0


def modules() -> list[Module]:
    """Return all modules that are broken."""
    of_library = (
        Module(PACKAGE / f"{name}.py", PACKAGE, _tests("library", tests), name not in DRAWINGS)
        for name, tests in LIBRARY.items()
    )
    of_build = (
        Module(EXTENSIONS / f"{name}.py", EXTENSIONS, _tests("site", tests), constants=False)
        for name, tests in RULES.items()
    )
    return [*of_library, *of_build]


def _tests(folder: str, names: list[str]) -> tuple[Path, ...]:
    return tuple(ROOT / "tests" / folder / f"{name}.py" for name in names)


class _Order:
    """Runs first what reaches the broken line, the shortest first, and ends the process if a test gets stuck."""

    def __init__(self, reaching: set[str], seconds: dict[str, float]) -> None:
        self.reaching, self.seconds = reaching, seconds
        signal.alarm(PATIENCE + TIMES)  # for collecting the tests

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: (item.nodeid not in self.reaching, self.seconds.get(item.nodeid, 0)))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        signal.alarm(PATIENCE + round(TIMES * self.seconds.get(nodeid, 0)))
