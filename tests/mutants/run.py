"""Break the project in one place at a time, and list the broken places that no test and no build notices.

Usage: ``nox -s mutants`` or ``nox -s mutants -- NAME ...`` for some modules or pages, by their names without .py.
With ``-- --record`` the figures of a whole run are kept for the page on how the site checks itself.

Three kinds of places are broken:

- **The library, and the rules that the build goes by**: one operator, constant or branch at a time. The tests of that
  module must fail.
- **What pages assert**: each assert of a page is evaluated together with its false twins, in which the whole test, a
  comparison or a constant is changed. Each twin must be false at least once. So an assert that is never reached, or
  that would hold for other numbers too, is found.
- **What pages say**: each number of the prose is changed, and each checking block after a claim is taken away. The
  law must notice.

A place that may be broken without harm is listed in `equivalent.py`, with the reason.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt  # noqa: F401 - imported once here, so that each fork has it
import pytest
import torch._dynamo
import torch._subclasses.fake_tensor
import torch.fx.experimental.proxy_tensor
from check_figures import record
from equivalent import EQUIVALENT
from mutate import Mutant, mutants
from page_mutants import survivors_of_page

WARM = torch.ones(1, device="meta") * 1  # torch imports for a second before its first arithmetic on meta tensors
ROOT = Path(__file__).parents[2]
PRINTED = tempfile.TemporaryDirectory()  # removed at the end

# Each module with the tests that claim to check it. The constants of a drawing are a matter of looks, and those of the
# extensions' rules are regular expressions, which tests of their own exercise.
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
DRAWINGS = {"drawing", "einsum_plots", "initialization_plots", "memory_plots", "plots", "saved_plots"}
EXTENSIONS = {"dependencies": ["test_dependencies"], "law": ["test_law"]}
# Timings are left out: on a busy machine they fail although nothing is broken, and every mutant would count as noticed.
OPTIONS = [
    "-x",
    "-q",
    "-p",
    "no:cacheprovider",
    "--assert=plain",  # nobody reads why a test failed, and rewriting takes a third of the time
    "-m",
    "not long and not timing",
]
SECONDS = 30  # a mutant that runs longer than this has been noticed
PATIENCE = 600  # seconds for tests on which nothing is broken


@dataclass(frozen=True)
class Job:
    """One mutant, in which file, and the tests that must notice it within some seconds."""

    file: Path
    mutant: Mutant
    tests: list[Path]
    seconds: int = SECONDS

    @property
    def name(self) -> str:
        line = self.file.read_text("utf-8").splitlines()[self.mutant.line - 1].strip()
        return f"{self.file.name}: `{line}`: {self.mutant.before} -> {self.mutant.after}"


def jobs(wanted: list[str]) -> Iterator[Job]:
    for folder, tests, table in (
        (ROOT / "src" / "tensorglass", ROOT / "tests" / "library", LIBRARY),
        (ROOT / "docs" / "_ext", ROOT / "tests" / "site", EXTENSIONS),
    ):
        for module, names in table.items():
            if wanted and module not in wanted:
                continue
            file = folder / f"{module}.py"
            for mutant in mutants(file.read_text("utf-8"), constants=table is LIBRARY and module not in DRAWINGS):
                yield Job(file, mutant, [tests / f"{name}.py" for name in names])


def run_tests(job: Job) -> None:
    """Run the job's tests on the broken code, in this process, which is a fork made for it. Never returns."""
    signal.alarm(job.seconds)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, job.file.parent.name)
        shutil.copytree(job.file.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / job.file.name).write_text(job.mutant.source, "utf-8")
        for name in [name for name in sys.modules if name.split(".")[0] in ("tensorglass", *EXTENSIONS)]:
            del sys.modules[name]
        importable = folder if copy.name == "tensorglass" else str(copy)
        sys.path.insert(0, importable)
        os.environ["PYTHONPATH"] = importable
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the tests need none, and loading them takes time
        os.environ["TENSORGLASS_EXTENSIONS"] = str(copy)
        output = os.open(printed(job), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = pytest.main([*OPTIONS, *map(str, job.tests)])
    os._exit(int(code))


def printed(job: Job) -> Path:
    """Return the file for what the job's tests print. Nobody reads it unless nothing was broken and they failed."""
    return Path(PRINTED.name, f"{job.file.stem}.txt") if job.mutant.line == 0 else Path(os.devnull)


def controls(todo: list[Job]) -> list[Job]:
    """Return one job per module with nothing broken: its tests must pass, or a kill would mean nothing."""
    files = {job.file: job.tests for job in todo}
    return [
        Job(file, Mutant(0, "nothing", "nothing", file.read_text("utf-8")), tests, PATIENCE)
        for file, tests in files.items()
    ]


def unbroken_tests_pass(todo: list[Job]) -> bool:
    """Run the controls; print what the tests of those that fail said."""
    unbroken = controls(todo)
    passed = surviving_mutants(unbroken)
    failed = [job for job in unbroken if job.name not in passed]
    for job in failed:
        print(f"\n{job.file.name} is not broken, and yet its tests failed:\n{printed(job).read_text('utf-8')[-4000:]}")
    return not failed


def surviving_mutants(todo: list[Job]) -> list[str]:
    """Run all jobs, as many at once as there are cores; return the names of those whose tests passed."""
    waiting, running, survived = list(reversed(todo)), {}, []
    done, cores = 0, len(os.sched_getaffinity(0))
    while waiting or running:
        while waiting and len(running) < cores:
            job = waiting.pop()
            pid = os.fork()
            if pid == 0:
                try:
                    run_tests(job)
                except BaseException:
                    traceback.print_exc()
                    os._exit(99)
            running[pid] = job
        pid, status = os.wait()
        job = running.pop(pid)
        done += 1
        if status == 0:
            survived.append(job.name)
            if job.mutant.line and job.name not in EQUIVALENT:
                print("SURVIVED", job.name, flush=True)
        if sys.stdout.isatty() or done % 50 == 0 or done == len(todo):
            end = "\r" if sys.stdout.isatty() and done < len(todo) else "\n"
            print(f"{done} of {len(todo)} broken places tried, {len(survived)} survived", end=end, flush=True)
    return survived


def pages() -> list[Path]:
    """Return the sources of all executed pages."""
    written = [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/[!_]*/*.md")]
    notebooks = [path for path in written if "```{code-cell}" in path.read_text("utf-8")]
    return [*sorted(ROOT.glob("examples/*/*.py")), *sorted(notebooks)]


def main(arguments: list[str]) -> int:
    start = time.monotonic()
    wanted = [name for name in arguments if name != "--record"]
    if "--record" in arguments and wanted:
        print("--record records a run of everything; it came with names:", *wanted)
        return 2
    todo = list(jobs(wanted))
    gc.freeze()  # the forks need not look through what was there before them
    if not unbroken_tests_pass(todo):
        return 1
    unnoticed = surviving_mutants(todo)
    total = len(todo)
    for page in pages():
        if not wanted or page.stem in wanted:
            planted, survived = survivors_of_page(page)
            total += planted
            names = [f"{page.name}: {text}" for text in survived]
            unnoticed += names
            for name in names:
                if name not in EQUIVALENT:
                    print("SURVIVED", name)
            print(f"{page.stem}: {planted} false statements planted, {len(survived)} survived")
    excused = [name for name in unnoticed if name in EQUIVALENT]
    survived = [name for name in unnoticed if name not in EQUIVALENT]
    if not wanted:
        for name in EQUIVALENT.keys() - set(excused):
            print("NO LONGER NEEDED in equivalent.py:", name)
            survived.append(name)
    minutes = (time.monotonic() - start) / 60
    killed = total - len(unnoticed)
    print(f"{killed} killed, {len(survived)} survived, {len(excused)} equivalent ({minutes:.1f} min)")
    if "--record" in arguments:
        figures = {"planted": total, "killed": killed, "equivalent": len(excused), "survived": len(survived)}
        record(ROOT, "mutants", **figures)
    return 1 if survived else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
