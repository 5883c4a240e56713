"""The project's chores. ``nox -s docs`` builds the site, ``nox -s tests`` runs the tests, ``nox -l`` lists all.

All sessions share one environment, `.nox/env`, made on the first run and again when pyproject.toml or constraints.txt
change. So torch is installed once, and the second ``nox -s docs`` starts at once. What they stand on is in `chores`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path

import nox

if sys.version_info < (3, 11):  # noqa: UP036 - an older one may run nox, and reads this line before all others
    here = ".".join(map(str, sys.version_info[:3]))
    raise SystemExit(f"tensorglass needs Python 3.11 or newer, and nox runs on {here}: install nox in a newer one")

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "docs"))

from chores import arguments
from chores import environment as made
from chores import site as whole_site

nox.options.default_venv_backend = "none"
nox.options.sessions = ["docs"]

ROOT = Path(__file__).parent
DIST = ROOT / "dist"
# The files that hosts of the site and of the repository read, by the schema that they have to fit.
HOSTS_READ = {
    "readthedocs": [".readthedocs.yaml"],
    "github-workflows": [".github/workflows/*.yml"],
    "github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    "github-issue-forms": [".github/ISSUE_TEMPLATE/[!c]*.yml"],
    "citation-file-format": ["CITATION.cff"],
}
# What pytest's exit status says.
TESTS_ENDED = {
    1: "tests failed, see above; `nox -s tests -- --lf` runs those alone",
    2: "the tests could not be read, or were interrupted, see above",
    4: "there is no such file, or no such argument of pytest, see above",
    5: "there is no such test",
}
NEXT = "Next: nox -s lint, and nox -s docs; nox -s site, nox -s long and nox -s mutants look closer, and take longer."


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, or one page of it: -- [PAGE] [--device cpu|cuda]."""
    began = time.time()
    options = arguments.of_docs(session)
    whole_site.refuse_unreadable(session)
    page = arguments.page(session, options.page, ROOT) if options.page else ""
    _prepare(session, options.device)
    if page:
        shown = whole_site.build_page(session, _runner(session), page)
    else:
        shown = whole_site.build(session, _runner(session))
    print(whole_site.told(began, shown), flush=True)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on all cores: -- [pytest's arguments], such as -m long for those that take minutes, or -n 0."""
    chosen = any(each.startswith(("-n", "--numprocesses", "--pdb")) for each in session.posargs)
    # Tests that stand together go to one process, if it has time, since they share what takes long to make. With a
    # process for each core, more threads would only wait for one another.
    workers = [] if chosen else ["-n", str(_cores()), "--dist", "worksteal"]
    environment = {} if chosen else {"OMP_NUM_THREADS": "1"}
    made.python(session)
    began = time.time()
    try:
        _run(session, "-m", "pytest", *workers, *session.posargs, env=environment)
    except Exception as error:
        reason = TESTS_ENDED.get(getattr(error, "return_code", 1), "the tests could not run, see above")
        session.error(f"{reason}; they ran with {made.described()}")
    print(f"\nThe tests passed in {whole_site.lasted(began)}, with {made.described()}.\n{NEXT}", flush=True)


@nox.session
def site(session: nox.Session) -> None:
    """Build the site, look at it in a browser, and print what was measured of each page: -- [pytest's arguments]."""
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        session.error("this looks at the site in Chromium, which is not here; on Debian: apt install chromium")
    _build_and_test(session, "site")


@nox.session
def long(session: nox.Session) -> None:
    """Build the site, and run the long tests that are not fresh, and a sample of those that are: -- [--all]."""
    session.run(made.python(session), *made.INSTALL, "--group=models", external=True, silent=True)
    _build_and_test(session, "long and not site")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and types, and the files that hosts read."""
    _run(session, "-m", "ruff", "check", ".")
    _run(session, "-m", "ruff", "format", "--check", ".")
    _run(session, "-m", "mypy")
    for schema, patterns in HOSTS_READ.items():
        files = [path.relative_to(ROOT).as_posix() for pattern in patterns for path in sorted(ROOT.glob(pattern))]
        _run(session, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *files)


@nox.session
def mutants(session: nox.Session) -> None:
    """Break the library and the pages, one place at a time; each must be noticed: -- [NAME ...] [--all]."""
    # One thread each, since as many mutants run at once as there are cores.
    environment = {"PYTHONPATH": "docs", "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    _run(session, "tests/mutants/run.py", *session.posargs, env=environment)


@nox.session
def versions(session: nox.Session) -> None:
    """Try the library with old and new versions of Python, torch, NumPy and matplotlib: -- [TORCH ...] [--record]."""
    _run(session, "tests/versions/try_versions.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what the speed figures in the documentation come from."""
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        if script.stem != "timing":  # what the others share
            _run(session, str(script), *session.posargs)


@nox.session
def record(session: nox.Session) -> None:
    """Record what the pages print, for sites built on another device: -- [--device cuda] [--out FOLDER] [PAGE ...]."""
    _run(session, "docs/record.py", *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Build what would be published, in dist/, and check it in an empty environment: -- [--tag vVERSION]."""
    shutil.rmtree(DIST, ignore_errors=True)
    pinned = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}  # what builds it, too, in its own environment
    _run(session, "-m", "build", "--outdir", str(DIST), env=pinned)
    built = sorted(str(path) for path in DIST.glob("tensorglass-*"))
    _run(session, "-m", "twine", "check", "--strict", *built)
    chosen = ["-p", "no:randomly", "-m", "", "-rs", "tests/release", f"--built={DIST}"]
    _run(session, "-m", "pytest", *chosen, *session.posargs)
    newest = re.split(r"^## .*\n", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)[1]
    (DIST / "NOTES.md").write_text(newest.strip() + "\n", "utf-8")
    print(f"\nIn {DIST}, with what the changelog says of it in NOTES.md:", *map(os.path.basename, built), sep="\n  ")


@nox.session
def serve(session: nox.Session) -> None:
    """Build the site again at each change, and show it in the browser."""
    folders = [f"--watch={ROOT / name}" for name in ("src", "examples")]
    generated = [f"--re-ignore={pattern}" for pattern in (r"/auto_examples/", r"/_build/", r"/__pycache__/")]
    # Its own doctrees: what is read for one folder is not written to another.
    places = ["-d", str(whole_site.BUILD / "serve-doctrees"), "docs", str(whole_site.BUILD / "serve")]
    _run(session, "-m", "sphinx_autobuild", "--open-browser", *folders, *generated, *session.posargs, *places)


def _prepare(session: nox.Session, device: str | None = None) -> None:
    """Refuse a device that there cannot be, make the environment, and refuse one that torch cannot use there."""
    arguments.refuse_unknown_device(session, device, made.is_made(session))
    arguments.refuse_missing_device(session, made.python(session), device)


def _build_and_test(session: nox.Session, marked: str) -> None:
    """Build the site, and run the tests that are marked so on all cores; a unit of long tests stays in one process."""
    whole_site.refuse_unreadable(session)
    _prepare(session)
    built = whole_site.build(session, _runner(session)).parent
    where = ["tests/site"] if marked == "site" else []
    side_by_side = ["-n", str(_cores()), "--dist=loadgroup", "--no-loadscope-reorder"]
    chosen = ["-p", "no:randomly", "-m", marked, *where, f"--site={built}", *side_by_side]
    _run(session, "-m", "pytest", *chosen, *session.posargs)


def _cores() -> int:
    """Return how many cores this process may use, which macOS and Windows do not tell: there, how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _runner(session: nox.Session) -> whole_site.Run:
    """Return what runs a command for this session."""
    return lambda *arguments: _run(session, *arguments)


def _run(session: nox.Session, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run the environment's Python."""
    # Threads that wait for others soon sleep. Where they spin and something else runs, pages take five times as long.
    settings = {"GOMP_SPINCOUNT": "1000", **(env or {})}
    session.run(made.python(session), *arguments, external=True, env=settings)
