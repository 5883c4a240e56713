"""Break the project in one place at a time, and list the broken places that no test and no build notices.

Usage: ``nox -s mutants``, or ``nox -s mutants -- NAME ...`` for some modules or pages, such as `contraction.plan` or
`unsqueeze`. The ledger says which modules and pages need not be tried again; see `tests/ledger.py`. What is named here
is always tried.

Four kinds of places are broken:

- **The library, and the rules that the build goes by**: one operator, constant or branch at a time. The tests of that
  module's part must fail.
- **What pages assert**: each assert of a page is evaluated together with its false twins, in which the whole test, a
  comparison or a constant is changed. Each twin must be false at least once. So an assert that is never reached, or
  that would hold for other numbers too, is found.
- **What pages say**: each number of the prose is changed, and each checking block after a claim is taken away. The
  law must notice.
- **What pages claim**: a line is put into the page that makes a claim false, and the check after the claim must fail;
  see `counter_programs.py`. No short answer, rule or circulating claim may be without one.

A place that may be broken without harm is listed in `equivalent.py`, with the reason.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import matplotlib.pyplot as plt  # noqa: F401 - imported once here, so that each fork has it
import torch._dynamo
import torch._subclasses.fake_tensor
import torch.fx.experimental.proxy_tensor
from _ext.sources.blocks import code_of
from _ext.sources.dependencies import modules_used
from _ext.sources.names import expected
from _ext.sources.pages import executed
from controls import Control, control
from counter_programs import CLAIMS, file_of, survivors_of_counter_programs
from equivalent import EQUIVALENT
from forks import run_in_forks
from ledger import EXTENSIONS, PACKAGE, ROOT, Ledger, commit, drawn, fingerprint, sources_behind
from module_mutants import Module, modules
from page_mutants import survivors_of_page

WARM = torch.ones(1, device="meta") * 1  # torch imports for a second before its first arithmetic on meta tensors
HERE = Path(__file__).parent


class Result:
    """What became of the places broken in one module or page."""

    def __init__(self, file: Path, planted: int) -> None:
        self.file, self.planted, self.tried, self.seconds = file, planted, 0, 0.0
        self.unnoticed: list[str] = []

    @property
    def excused(self) -> list[str]:
        return [name for name in self.unnoticed if name in EQUIVALENT]

    @property
    def survived(self) -> list[str]:
        """Return what nobody noticed, and excuses that nothing needs any longer."""
        stale = [
            f"no longer needed in equivalent.py: {name}" for name in excuses(self.file) if name not in self.unnoticed
        ]
        return [*(name for name in self.unnoticed if name not in EQUIVALENT), *stale]

    @property
    def figures(self) -> dict[str, int]:
        noticed = self.planted - len(self.unnoticed)
        survived = len(self.survived)
        return {"planted": self.planted, "killed": noticed, "equivalent": len(self.excused), "survived": survived}


def pages() -> list[Path]:
    """Return the sources of all executed pages."""
    return list(executed(ROOT).values())


def counter_programs() -> dict[Path, Path]:
    """Return the file of each page's counter-programs, with the page."""
    return {file_of(page): page for page in pages()}


def excuses(file: Path) -> list[str]:
    return [name for name in EQUIVALENT if name.startswith(f"{place(file)}: ")]


def place(file: Path) -> str:
    """Return where a module stands in its package, such as `contraction/plan.py`; of a page the name of its file."""
    package = next((package for package in (PACKAGE, EXTENSIONS) if package in file.parents), file.parent)
    return file.relative_to(package).as_posix()


def dotted(file: Path) -> str:
    """Return the name of a module in its package, such as `contraction.plan`, or that of a page."""
    return place(file).rpartition(".")[0].replace("/", ".")


def unit(file: Path) -> str:
    return f"{'counter-programs' if file.suffix == '.toml' else 'mutants'} of {dotted(file)}"


def fingerprint_of(file: Path, tests: tuple[Path, ...]) -> str:
    """Return the digest of all that decides which broken places of a module or a page are noticed."""
    if tests:
        sources = {file, *(source for test in tests for source in sources_behind(test))}
        tools = {HERE / name for name in ("mutate.py", "module_mutants.py", "controls.py")}
    else:  # a page, or its counter-programs: what the page uses of the library, and the law
        page = counter_programs().get(file, file)
        sources = {page, *modules_used(code_of(page), PACKAGE)}
        own = {HERE / "mutate.py", HERE / "page_mutants.py"}
        if page != file:
            own = {file, CLAIMS, HERE / "counter_programs.py"}
        tools = {*own, EXTENSIONS / "law" / "rules.py", EXTENSIONS / "sources" / "blocks.py"}
    return fingerprint(sources | tools, json.dumps({name: EQUIVALENT[name] for name in excuses(file)}))


def chosen(options: argparse.Namespace, ledger: Ledger, fingerprints: dict[Path, str]) -> list[Path]:
    """Return the modules and pages to try: those that are named, or what is stale and a sample of what is fresh."""
    if options.names:
        return [file for file in fingerprints if dotted(file) in options.names]
    fresh = [unit(file) for file, digest in fingerprints.items() if ledger.has(unit(file), digest)]
    sample = drawn(fresh, commit(), options.draw)
    if fresh and not options.all:
        print(f"{len(fresh) - len(sample)} of {len(fingerprints)} modules and pages are fresh and are passed over")
        print(f"drawn from what is fresh, by {commit()[:12]}: {', '.join(sorted(sample))}", flush=True)
    return [file for file in fingerprints if options.all or unit(file) not in fresh or unit(file) in sample]


def controls_of(broken: list[Module]) -> dict[Path, Control]:
    """Run the tests of all modules with nothing broken; what those that fail say is printed, and ends everything."""
    tasks = {test: partial(control, test, module.package) for module in broken for test in module.tests}
    found = {test: answer for test, answer, _ in run_in_forks(tasks)}
    failed = {test: answer for test, answer in found.items() if answer is None or not answer.passed}
    for test, answer in failed.items():
        said = answer.said if answer else "its process died"
        print(f"\nnothing is broken, and yet {test.relative_to(ROOT)} failed:\n{said}")
    if failed:
        raise SystemExit(1)
    return found


def task_of(file: Path) -> Callable[[], tuple[int, list[str]]]:
    """Return what tries a page, or the counter-programs of one."""
    page = counter_programs().get(file)
    return partial(survivors_of_counter_programs, page) if page else partial(survivors_of_page, file)


def try_all(broken: list[Module], read: list[Path], lasted: dict[str, float], deadline: float = math.inf):
    """Break all places of the modules and pages; yield each one's result when its last place was tried."""
    todo = {module: module.mutants() for module in broken}
    results = {module.file: Result(module.file, len(places)) for module, places in todo.items()}
    yield from (result for result in results.values() if not result.planted)  # nothing there can break
    found = controls_of([module for module, places in todo.items() if places])
    of_modules = {
        (module.file, module.name_of(mutant), i): partial(module.survives, mutant, found)
        for module, places in todo.items()
        for i, mutant in enumerate(places)
    }
    # A page is one long task: first, the longest first, so that no core waits for one at the end.
    ordered = sorted(read, key=lambda file: -lasted.get(unit(file), 0))
    tasks = {(file, "", 0): task_of(file) for file in ordered} | of_modules
    started = time.monotonic()
    for done, ((file, name, _), answer, seconds) in enumerate(run_in_forks(tasks, deadline), start=1):
        if name:
            result = results[file]
            result.tried += 1
            result.unnoticed += [name] if answer else []
        elif answer is None:
            raise SystemExit(f"{file.name} itself failed, see above")
        else:
            planted, survived = answer
            result = results[file] = Result(file, planted)
            result.tried, result.unnoticed = planted, [f"{file.name}: {text}" for text in survived]
        result.seconds += seconds
        if done % 100 == 0:
            print(f"{done} of {len(tasks)} tasks done in {time.monotonic() - started:.0f} s", flush=True)
        if result.tried == result.planted:
            yield result


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nox -s mutants --", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a module or a page; all, if you name none")
    parser.add_argument("--all", action="store_true", help="try all, whatever the ledger says")
    parser.add_argument(
        "--draw", action="append", default=[], metavar="UNIT", help="try this unit although it is fresh"
    )
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="another ledger than tests/ledger.jsonl")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin nothing after these; not with --all")
    options = parser.parse_args(arguments)
    ledger = Ledger(options.ledger) if options.ledger else Ledger()
    started = time.monotonic()
    tests = {module.file: module.tests for module in modules()} | dict.fromkeys([*pages(), *counter_programs()], ())
    known = {dotted(file) for file in tests}
    unknown = set(options.names) - known
    if unknown:
        kinds = "expected a module such as contraction.plan, or a page such as unsqueeze"
        parser.error(f"there is no module or page {min(unknown)!r}; {expected(min(unknown), known, kinds)}")
    fingerprints = {file: fingerprint_of(file, those) for file, those in tests.items()}
    wanted = chosen(options, ledger, fingerprints)
    gc.freeze()  # the forks need not look through what was there before them
    broken, read = (
        [module for module in modules() if module.file in wanted],
        [file for file in (*pages(), *counter_programs()) if file in wanted],
    )
    random.Random(commit()).shuffle(broken)  # where time is short, which are left is drawn by the commit
    deadline = math.inf if options.all else started + 60 * options.minutes
    totals = {"planted": 0, "killed": 0, "equivalent": 0, "survived": 0}
    left = set(wanted)
    for result in try_all(broken, read, ledger.seconds(), deadline):
        left.discard(result.file)
        print(f"{unit(result.file)}: {result.figures}", flush=True)
        for name in result.survived:
            print("SURVIVED", name, flush=True)
        if ledger.has(unit(result.file), fingerprints[result.file]) and result.survived:
            print(f"THE LEDGER IS WRONG: {unit(result.file)!r} passed there for these very sources")
        if not result.survived:
            ledger.passed(unit(result.file), fingerprints[result.file], result.seconds, **result.figures)
        for name, count in result.figures.items():
            totals[name] += count
    if left:
        print(f"left for another run, since time was up: {', '.join(sorted(map(unit, left)))}")
    told = ", ".join(f"{count} {name}" for name, count in totals.items())
    print(f"{told} ({(time.monotonic() - started) / 60:.1f} min)")
    return 1 if totals["survived"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
