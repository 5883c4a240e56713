"""What tests of several folders share: the project built from nothing, in a folder of its own."""

import collections
import functools
import math
import os
import shutil
import sys
import time
from pathlib import Path

import numpy
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

import old_torch
import process_groups
from fresh_units import FreshUnits, add_options

# Not from `places`, which names the whole library: each test would depend on all of it.
from ledger import ROOT, Ledger, fingerprint, sources_behind
from programs import passed


def build_copy(folder: Path) -> Path:
    """Copy the project's sources to a folder and build the site there, cold. Returns the built site."""
    ignored = shutil.ignore_patterns(".*_cache", ".git", ".nox", "__pycache__", "_build", "auto_examples", "*.egg-info")
    shutil.copytree(ROOT, folder, ignore=ignored, dirs_exist_ok=True)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-d", "docs/_build/doctrees"]
    passed([*command, "docs", "docs/_build/html"], folder, PYTHONPATH=str(folder / "src"))
    return folder / "docs" / "_build" / "html"


@pytest.fixture(scope="session")
def built_site(request, tmp_path_factory):
    """The site, built from nothing, or the one that --site names."""
    given = request.config.getoption("--site")
    return Path(given).resolve() if given else build_copy(tmp_path_factory.mktemp("first"))


def pytest_addoption(parser):
    parser.addoption("--site", metavar="FOLDER", help="look at this built site in place of building one")
    parser.addoption(
        "--record", action="store_true", help="keep the figures for the page on how the site checks itself"
    )
    add_options(parser)


# Calls that compare with an oracle. Only those made by a test of the library count.
ORACLES = {
    torch: ["equal", "allclose"],
    torch.testing: ["assert_close"],
    torch.autograd: ["gradcheck", "gradgradcheck"],
    numpy: ["array_equal", "allclose"],
    numpy.testing: ["assert_allclose", "assert_array_equal"],
    math: ["isclose"],
    pytest: ["approx", "raises"],
}
compared = collections.Counter()
STARTED = time.monotonic()


def counted(function):
    """Return the function, wrapped so that calls from the library's tests are counted."""

    @functools.wraps(function)
    def wrapper(*arguments, **named):
        compared["library"] += f"{os.sep}library{os.sep}" in sys._getframe(1).f_code.co_filename
        return function(*arguments, **named)

    return wrapper


def pytest_configure(config):
    config.pluginmanager.register(FreshUnits(config), "fresh units")
    config.pluginmanager.register(process_groups)
    config.pluginmanager.register(old_torch)
    if config.getoption("--record"):
        for module, names in ORACLES.items():
            for name in names:
                setattr(module, name, counted(getattr(module, name)))


def pytest_sessionfinish(session):
    """Hand what this process has counted to the one that started it, if several run the tests."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["compared"] = dict(compared)


@pytest.hookimpl(optionalhook=True)  # pytest-xdist calls it, and may be absent
def pytest_testnodedown(node):
    compared.update(getattr(node, "workeroutput", {}).get("compared", {}))  # a worker that crashed has no output


def pytest_collection_modifyitems(items):
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    if not config.getoption("--record") or hasattr(config, "workerinput"):  # one process hears of all tests
        return
    chosen = config.option.keyword or config.option.file_or_dir
    if exitstatus != pytest.ExitCode.OK or chosen:
        reason = "some tests were chosen" if chosen else "a test failed"
        terminalreporter.write_line(f"not recorded, since {reason}; expected a run of all tests that passes")
        return
    passed = terminalreporter.stats.get("passed", [])
    library = sum(report.nodeid.startswith("tests/library") for report in passed)
    sources = {source for path in ROOT.glob("tests/library/**/test_*.py") for source in sources_behind(path)}
    seconds = time.monotonic() - STARTED
    figures = {"tests": library, "comparisons": compared["library"]}
    Ledger().passed("quick tests of the library", fingerprint(sources), seconds, **figures)
    terminalreporter.write_line(f"recorded: {library} tests of the library, {compared['library']} comparisons")
