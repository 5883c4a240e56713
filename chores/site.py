"""The build of the site: what is run, what is kept of the last good build, and what is told at the end."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from _ext.sources import pages
from _ext.sources.readable import unreadable

from .environment import ROOT

if TYPE_CHECKING:
    import nox

BUILD = ROOT / "docs" / "_build"
SITE = BUILD / "html"
PROBLEMS = BUILD / "problems.txt"  # what Sphinx warned of
_PROBLEM = re.compile(r"^(?:(?P<place>\S.*?): )?(?P<kind>ERROR|WARNING): (?P<reason>.*\S)", re.MULTILINE)

Run = Callable[..., None]  # runs a command in the environment


def refuse_unreadable(session: nox.Session) -> None:
    """Stop before anything is made or run if a source cannot be read."""
    found = unreadable(ROOT)
    if found:
        first = f"{found[0].place(ROOT)}: {found[0].reason}"
        others = [f"{problem.place(ROOT)}: {problem.reason}" for problem in found[1:]]
        session.error("; ".join([first, *others]))


def build(session: nox.Session, run: Run) -> Path:
    """Build the site beside the last one, put it in its place, and return its first page."""
    _build(session, run, BUILD / "work", BUILD / "doctrees")
    publish(BUILD / "work", SITE)
    return SITE / "index.html"


def build_page(session: nox.Session, run: Run, page: str) -> Path:
    """Build one page apart from the site, and return it."""
    only = BUILD / "only"
    setting = f"tensorglass_only={page.rpartition('/')[2]}"
    _build(session, run, only / "html", only / "doctrees", "-D", setting)
    return only / "html" / f"{page}.html"


def _build(session: nox.Session, run: Run, site: Path, doctrees: Path, *settings: str) -> None:
    """Build into a folder; if it fails, the last sentence says at what, and what is left."""
    PROBLEMS.parent.mkdir(parents=True, exist_ok=True)
    PROBLEMS.write_text("")
    command = ["-m", "sphinx", "-b", "html", "-W", "--keep-going", "-w", str(PROBLEMS), "-d", str(doctrees), *settings]
    try:
        run(*command, "docs", str(site))
    except BaseException as error:
        # Pages that were read are not read again: without this, the next build would pass over their warnings, and
        # after an interruption over pages that were not written.
        (doctrees / "environment.pickle").unlink(missing_ok=True)
        if not isinstance(error, Exception):
            raise
        kept = f"; the last good build is still in {SITE.relative_to(ROOT)}" if SITE.exists() else ""
        session.error(f"the build failed{first_problem(PROBLEMS.read_text('utf-8'))}{kept}")


def first_problem(told: str) -> str:
    """Return how many errors Sphinx told of, and the first of them; or of the warnings, if there were no errors.

    >>> first_problem("a.md:3: WARNING: no title [x]\\nb.py:7: ERROR: 1 is not 2\\nc.py:1: ERROR: 3\\n")
    ' at 2 places, see above; the first: b.py:7: 1 is not 2'
    >>> first_problem("")
    ', see above'
    """
    found = [match.groupdict() for match in _PROBLEM.finditer(told)]
    found = [each for each in found if each["kind"] == "ERROR"] or found
    if not found:
        return ", see above"
    place = f"{found[0]['place'].removeprefix(f'{ROOT}/')}: " if found[0]["place"] else ""
    count = f" at {len(found)} places, see above; the first" if len(found) > 1 else ", see above"
    return f"{count}: {place}{found[0]['reason']}"


def publish(built: Path, site: Path) -> None:
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


def told(began: float, place: Path) -> str:
    """Return the last lines of a build: how many pages ran anew since it began, how long it took, and where it is."""
    ran = sum(path.stat().st_mtime >= began for path in (BUILD / "runs").rglob("*.json"))
    of_all = f"{ran} of {len(pages.executed(ROOT))} pages were run anew"
    where = place.parent if place.name == "index.html" else place
    return f"\n{of_all}, in {lasted(began)}.\nIt is in {where.relative_to(ROOT)}\nOpen {place.as_uri()}"


def lasted(began: float) -> str:
    """Return how long ago this was, in minutes and seconds."""
    minutes, seconds = divmod(round(time.time() - began), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
