"""The site's tests import one another from here."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

NEWER = "test_explorer_"  # the files of these compare thousands of cases, and break hundreds of rules


def pytest_collection_modifyitems(config, items):
    """Compare the logic of the newer explorers with --all only: CI has no time for it."""
    if not config.getoption("--all"):
        items[:] = [each for each in items if not (each.path.name.startswith(NEWER) and "logic" in each.fixturenames)]


@pytest.fixture
def project(built_once):
    """A throw-away project as its file of tests has built it once: see `Throwaway`."""
    built_once.restore()
    return built_once


@pytest.fixture(scope="module")
def browser():
    from browser import launched

    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(built_site, tmp_path_factory):
    """Where the built site is served."""
    from browser import served

    with served(built_site, tmp_path_factory.mktemp("served")) as base:
        yield base


def pytest_sessionfinish(session):
    """Where several processes run the tests, each hands over what it measured."""
    from browser import FIGURES

    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = FIGURES


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node):
    """Join what a process measured to what the others did."""
    from browser import note

    for page, row in getattr(node, "workeroutput", {}).get("figures", {}).items():
        for quality, figure in row.items():
            note(page, quality, figure)


def pytest_terminal_summary(terminalreporter):
    """Print what was measured of each page, beside the bars that it must meet."""
    from browser import FIGURES

    if not FIGURES:
        return
    columns = sorted({quality for row in FIGURES.values() for quality in row})
    width = max(map(len, FIGURES))
    terminalreporter.section("the built site")
    terminalreporter.write_line("  ".join([" " * width, *columns]))
    for page, row in sorted(FIGURES.items()):
        cells = (f"{row.get(quality, '-'):>{len(quality)}}" for quality in columns)
        terminalreporter.write_line("  ".join([f"{page:<{width}}", *cells]))
