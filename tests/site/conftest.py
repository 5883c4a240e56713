"""The site's tests import one another from here."""

import contextlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


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


# What the tests of the explorers share. Each file of them says which script it is about, and on which page.


@pytest.fixture
def logic(browser, request):
    """Open an empty window with the logic of an explorer alone, as it is or with one place changed."""
    with contextlib.ExitStack() as windows:

        def load(old="", new=""):
            text = request.module.LOGIC.read_text("utf-8")
            assert old in text
            window = windows.enter_context(contextlib.closing(browser.new_page()))
            window.add_script_tag(content=text.replace(old, new, 1))
            return window

        yield load


@pytest.fixture
def explorer(browser, address, request):
    """Open the page of an explorer, or another page."""
    from browser import open_window

    with contextlib.ExitStack() as windows:

        def load(page=request.module.PAGE, width=1280, theme="light", base=address, **options):
            return windows.enter_context(open_window(browser, base, page, width, theme, **options))

        yield load
