"""The project's chores. ``nox -s docs`` builds the site, ``nox -s tests`` runs the tests, ``nox -l`` lists all.

All sessions share one environment, `.nox/env`, made on the first run and again when pyproject.toml or constraints.txt
change. So torch is installed once, and the second ``nox -s docs`` starts at once.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent / "docs"))

from _ext.sources import pages

nox.options.default_venv_backend = "none"
nox.options.sessions = ["docs"]

ROOT = Path(__file__).parent
ENVIRONMENT = ROOT / ".nox" / "env"
BUILD = ROOT / "docs" / "_build"
SITE = BUILD / "html"
DIST = ROOT / "dist"
INSTALL = ["-m", "pip", "install", "-c", "constraints.txt"]
# The files that hosts of the site and of the repository read, by the schema that they have to fit.
HOSTS_READ = {
    "readthedocs": [".readthedocs.yaml"],
    "github-workflows": [".github/workflows/*.yml"],
    "github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    "github-issue-forms": [".github/ISSUE_TEMPLATE/[!c]*.yml"],
    "citation-file-format": ["CITATION.cff"],
}


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site: -- [--only PAGE] [--device cpu|cuda]."""
    parser = argparse.ArgumentParser(prog="nox -s docs --", description="Build the site.", exit_on_error=False)
    parser.add_argument("--only", metavar="PAGE", help="build one page, for instance --only unsqueeze")
    parser.add_argument("--device", help="the device that the pages run on: cpu, cuda or cuda:N")
    options = _parse(session, parser)
    if options.only is not None and options.only not in _pages():
        session.error(f"there is no page {options.only!r}; the pages are {', '.join(sorted(_pages()))}")
    python = _environment(session)
    if options.device is not None:
        _require_device(session, python, options.device)
    if options.only is None:
        _build_site(session, python)
        print(f"\nThe site is in {SITE}\nOpen {SITE / 'index.html'}")
    else:
        only = BUILD / "only"
        _build(session, python, only / "html", only / "doctrees", "-D", f"tensorglass_only={options.only}")
        print(f"\nThe page is {only / 'html' / f'{_pages()[options.only]}.html'}")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on all cores: -- [pytest's arguments], such as -m long for those that take minutes, or -n 0."""
    chosen = any(each.startswith(("-n", "--numprocesses", "--pdb")) for each in session.posargs)
    # Tests that stand together go to one process, if it has time, since they share what takes long to make. With a
    # process for each core, more threads would only wait for one another.
    workers = [] if chosen else ["-n", str(_cores()), "--dist", "worksteal"]
    _run(session, "-m", "pytest", *workers, *session.posargs, env={} if chosen else {"OMP_NUM_THREADS": "1"})


@nox.session
def site(session: nox.Session) -> None:
    """Build the site, look at it in a browser, and print what was measured of each page: -- [pytest's arguments]."""
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        session.error("this looks at the site in Chromium, which is not here; on Debian: apt install chromium")
    python = _environment(session)
    _build_site(session, python)
    chosen = ["-p", "no:randomly", "-m", "site", "tests/site", f"--site={SITE}", *_side_by_side()]
    _run(session, "-m", "pytest", *chosen, *session.posargs, python=python)


@nox.session
def long(session: nox.Session) -> None:
    """Build the site, and run the long tests that are not fresh, and a sample of those that are: -- [--all]."""
    python = _environment(session)
    session.run(python, *INSTALL, "--group=models", external=True, silent=True)
    _build_site(session, python)
    chosen = ["-p", "no:randomly", "-m", "long and not site", f"--site={SITE}", *_side_by_side()]
    _run(session, "-m", "pytest", *chosen, *session.posargs, python=python)


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
    python = _environment(session)
    shutil.rmtree(DIST, ignore_errors=True)
    pinned = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}  # what builds it, too, in its own environment
    _run(session, "-m", "build", "--outdir", str(DIST), python=python, env=pinned)
    built = sorted(str(path) for path in DIST.glob("tensorglass-*"))
    _run(session, "-m", "twine", "check", "--strict", *built, python=python)
    chosen = ["-p", "no:randomly", "-m", "", "-rs", "tests/release", f"--built={DIST}"]
    _run(session, "-m", "pytest", *chosen, *session.posargs, python=python)
    newest = re.split(r"^## .*\n", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)[1]
    (DIST / "NOTES.md").write_text(newest.strip() + "\n", "utf-8")
    print(f"\nIn {DIST}, with what the changelog says of it in NOTES.md:", *map(os.path.basename, built), sep="\n  ")


@nox.session
def serve(session: nox.Session) -> None:
    """Build the site again at each change, and show it in the browser."""
    folders = [f"--watch={ROOT / name}" for name in ("src", "examples")]
    generated = [f"--re-ignore={pattern}" for pattern in (r"/auto_examples/", r"/_build/", r"/__pycache__/")]
    # Its own doctrees: what is read for one folder is not written to another.
    arguments = ["-d", str(BUILD / "serve-doctrees"), "docs", str(BUILD / "serve")]
    _run(session, "-m", "sphinx_autobuild", "--open-browser", *folders, *generated, *session.posargs, *arguments)


def _side_by_side() -> list[str]:
    """Return pytest's arguments for as many processes as there are cores; one unit of long tests stays in one."""
    return ["-n", str(_cores()), "--dist=loadgroup", "--no-loadscope-reorder"]


def _parse(session: nox.Session, parser: argparse.ArgumentParser) -> argparse.Namespace:
    try:
        options, unknown = parser.parse_known_args(session.posargs)
    except argparse.ArgumentError as error:
        session.error(str(error))
    if unknown:
        session.error(f"unknown option {unknown[0]!r}; expected --only PAGE or --device DEVICE")
    return options


def _pages() -> dict[str, str]:
    """Return the short name of each executed page with its path on the site, without .html."""
    return {path.stem: name for name, path in pages.executed(ROOT).items()}


def _build_site(session: nox.Session, python: str) -> None:
    _build(session, python, BUILD / "work", BUILD / "doctrees")
    _publish(BUILD / "work", SITE)


def _build(session: nox.Session, python: str, site: Path, doctrees: Path, *settings: str) -> None:
    command = ["-m", "sphinx", "-b", "html", "-W", "--keep-going", "-d", str(doctrees), *settings]
    try:
        _run(session, *command, "docs", str(site), python=python)
    except BaseException as error:
        # Pages that were read are not read again: without this, the next build would pass over their warnings, and
        # after an interruption over pages that were not written.
        (doctrees / "environment.pickle").unlink(missing_ok=True)
        if not isinstance(error, nox.command.CommandFailed):
            raise
        kept = f"; the last good build is still in {SITE}" if SITE.exists() else ""
        session.error(f"the build failed, see above{kept}")


def _publish(built: Path, site: Path) -> None:
    """Put the finished build in the place of the last one, by renaming; an interrupted try is made good first."""
    fresh, old = site.with_name("html.new"), site.with_name("html.old")
    if old.exists() and not site.exists():
        old.rename(site)
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(built, fresh)
    if site.exists():
        site.rename(old)
    fresh.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def _require_device(session: nox.Session, python: str, device: str) -> None:
    """Stop before anything is built if the device is not there."""
    os.environ["TENSORGLASS_DEVICE"] = device
    check = "import tensorglass; tensorglass.default_device()"
    result = subprocess.run([python, "-c", check], capture_output=True, text=True, check=False)
    if result.returncode:
        reason = result.stderr.strip().splitlines()[-1].removeprefix("ValueError: ")
        session.error(reason.replace("TENSORGLASS_DEVICE", "--device") + "; nothing was built")


def _cores() -> int:
    """Return how many cores this process may use, which macOS and Windows do not tell: there, how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _environment(session: nox.Session) -> str:
    """Return the Python of the shared environment, made anew if what it is made from has changed."""
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    sources = [ROOT / "pyproject.toml", ROOT / "constraints.txt"]
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in sources) + sys.version.encode()).hexdigest()
    stamp = ENVIRONMENT / "made-from"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    stamp.unlink(missing_ok=True)
    session.log(f"making the environment {ENVIRONMENT.relative_to(ROOT)}; torch is large, this takes minutes once")
    session.run(sys.executable, "-m", "virtualenv", "-q", "--clear", str(ENVIRONMENT), external=True)
    groups = [f"--group={name}" for name in ("docs", "tests", "lint", "release")]
    session.run(str(python), *INSTALL, "-e", ".[plot]", *groups, external=True)
    stamp.write_text(wanted)
    return str(python)


def _run(session: nox.Session, *arguments: str, python: str | None = None, env: dict[str, str] | None = None) -> None:
    # Threads that wait for others soon sleep. Where they spin and something else runs, pages take five times as long.
    settings = {"GOMP_SPINCOUNT": "1000", **(env or {})}
    session.run(python or _environment(session), *arguments, external=True, env=settings)
