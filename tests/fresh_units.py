"""How pytest goes by the ledger: units that are fresh are passed over, and those that pass are written down.

Every test marked `long` belongs to a unit. It is the test's file, or what the marker says: ::

    @pytest.mark.unit("seeds of {path.stem}", reads=["{path}"])

The name and the patterns are formatted with the parameters of the test. A unit depends on the file of its tests with
all that this uses (see `ledger.sources_behind`), and on what it reads. Where the marker does not say what that is,
tests of the site and of the examples read all that the build is made of, and those that look at the built site its
pages too.
With `built="{page}"` a unit depends on a page as it was built, and on the browser that looks at it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from built_files import browser_version, digest_of_page
from ledger import ROOT, Ledger, commit, drawn, files_of, fingerprint, sources_behind

BUILD = ["docs/conf.py", *(f"docs/{name}/**/*" for name in ("_ext", "_static", "_templates", "inventories"))]
DOCUMENTS = ["docs/*.*", *(f"docs/{name}/**/*" for name in ("howto", "reference", "recorded")), "*.md", "*.toml"]
SITE = [*BUILD, "hatch_build.py", "src/**/*", "examples/**/*", *DOCUMENTS]  # all that the built site is made of


def add_options(parser: pytest.Parser) -> None:
    """Add the options that say which of the fresh units run."""
    group = parser.getgroup("ledger of long tests")
    group.addoption("--all", action="store_true", help="run every long test, whatever the ledger says")
    group.addoption("--draw", action="append", default=[], metavar="UNIT", help="run this unit although it is fresh")
    group.addoption("--ledger", type=Path, metavar="FILE", help="another ledger than tests/ledger.jsonl")


class FreshUnits:
    """Chooses the long tests of a run, and writes down what passed."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        given = config.getoption("--ledger")
        self.ledger = Ledger(given) if given else Ledger()
        self.passed_over: set[str] = set()
        self.sample: set[str] = set()
        self.units: dict[str, str] = {}  # those that run here, with their fingerprints before the run
        self.sizes: Counter[str] = Counter()  # how many tests each has
        self.outcomes: defaultdict[str, list[bool]] = defaultdict(list)
        self.seconds: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Any:
        """Name each long test's unit before other plugins choose; of what they leave, take out what is fresh."""
        of_unit = defaultdict(list)
        for item in items:
            if item.get_closest_marker("long"):
                of_unit[unit_of(item)].append(item)
        for unit, tests in of_unit.items():
            if len({test.path for test in tests}) > 1:
                raise pytest.UsageError(f"the unit {unit!r} has tests in several files; expected one file")
            if self.config.pluginmanager.hasplugin("xdist"):
                for test in tests:
                    test.add_marker(pytest.mark.xdist_group(unit))  # they share what is expensive to set up
        result = yield
        left = {unit for unit, tests in of_unit.items() if any(test in items for test in tests)}
        self.units = {unit: self._fingerprint(of_unit[unit]) for unit in sorted(left)}
        self.sizes = Counter({unit: len(of_unit[unit]) for unit in left})
        self._take_out_fresh(items, of_unit)
        return result

    def _take_out_fresh(self, items: list[pytest.Item], of_unit: dict[str, list[pytest.Item]]) -> None:
        fresh = {unit for unit, digest in self.units.items() if self.ledger.has(unit, digest)}
        self.sample = drawn(fresh, commit(), self.config.getoption("--draw"))
        self.passed_over = set() if self.config.getoption("--all") else fresh - self.sample
        out = {id(test) for unit in self.passed_over for test in of_unit[unit]}
        kept = [item for item in items if id(item) not in out]
        self.config.hook.pytest_deselected(items=[item for item in items if id(item) in out])
        # The longest first, so that no process waits at the end for another's.
        lasted, place = self.ledger.seconds(), {id(test): unit for unit, tests in of_unit.items() for test in tests}
        items[:] = sorted(kept, key=lambda item: -lasted.get(place.get(id(item), ""), 0))
        for item in items:
            if id(item) in place:
                unit = place[id(item)]
                item.user_properties.append(("unit", [unit, self.units[unit], self.sizes[unit], unit in self.sample]))

    def _fingerprint(self, tests: list[pytest.Item]) -> str:
        """Return the digest of what a unit depends on; an empty one, which is never fresh, without a built site."""
        files, marker = set(sources_behind(tests[0].path)), tests[0].get_closest_marker("unit")
        if marker is not None and "built" in marker.kwargs:
            site = self.config.getoption("--site")
            page = marker.kwargs["built"].format(**_parameters(tests[0]))
            return fingerprint(files, digest_of_page(Path(site), page), browser_version()) if site else ""
        for test in tests:
            for pattern in read_by(test):
                found = files_of(pattern)
                files |= {each for path in found if path.suffix == ".py" for each in _with_library(path)} | set(found)
        return fingerprint(files)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what became of each test, and how long it took; in the process that hears of all of them."""
        for name, value in report.user_properties:
            if name == "unit" and report.when is not None:
                unit, digest, size, in_sample = value
                self.units[unit], self.sizes[unit] = digest, size
                self.sample |= {unit} if in_sample else set()
                self.seconds[unit] += report.duration
                if report.when == "call" or not report.passed:
                    self.outcomes[unit].append(not report.failed)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear from another process which units it passed over: all of them find the same."""
        self.passed_over |= set(getattr(node, "workeroutput", {}).get("passed_over", []))
        self.sample |= set(getattr(node, "workeroutput", {}).get("sample", []))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write down the units whose tests have all passed; nothing after an interruption or of a part of a unit."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput |= {"passed_over": sorted(self.passed_over), "sample": sorted(self.sample)}
            return
        chosen = any("::" in str(argument) for argument in self.config.args)
        if chosen or exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        for unit, outcomes in self.outcomes.items():
            if self.units[unit] and all(outcomes) and len(outcomes) == self.sizes[unit]:
                self.ledger.passed(unit, self.units[unit], self.seconds[unit], tests=self.sizes[unit])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was passed over, what was drawn, and whether the ledger was wrong."""
        if not self.passed_over and not self.sample:
            return
        say = terminalreporter.write_line
        terminalreporter.section("long tests, by the ledger")
        say(f"{len(self.passed_over)} units are fresh and were passed over; --all runs them")
        say(f"drawn from what is fresh, by {commit()[:12]}: {', '.join(sorted(self.sample)) or 'none'}")
        for unit in sorted(self.sample):
            if not all(self.outcomes[unit]):
                say(f"THE LEDGER IS WRONG: {unit!r} passed there for these very sources, and has failed now", red=True)


def unit_of(item: pytest.Item) -> str:
    """Return the name of a test's unit."""
    marker = item.get_closest_marker("unit")
    if marker is None or not marker.args:
        return item.path.relative_to(ROOT).as_posix()
    return marker.args[0].format(**_parameters(item))


def read_by(item: pytest.Item) -> list[str]:
    """Return the patterns of the files that a test reads, relative to the project."""
    marker = item.get_closest_marker("unit")
    if marker is not None and "reads" in marker.kwargs:
        formatted = (pattern.format(**_parameters(item)) for pattern in marker.kwargs["reads"])
        return [pattern.removeprefix(f"{ROOT.as_posix()}/") for pattern in formatted]
    if "library" in item.path.parts:
        return []
    return SITE if "built_site" in getattr(item, "fixturenames", ()) else BUILD


def _parameters(item: pytest.Item) -> dict[str, Any]:
    return item.callspec.params if hasattr(item, "callspec") else {}


def _with_library(path: Path) -> frozenset[Path]:
    """Return a script with the modules of the library that it uses; another file alone."""
    return sources_behind(path) if "examples" in path.parts else frozenset({path})
