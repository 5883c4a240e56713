"""No stale page: each page runs again when something that its outputs depend on has changed, and only then.

Sphinx-Gallery runs a script again when the script changed, and MyST-NB a notebook when its cells changed. Outputs also
depend on the library's modules, on the versions of torch and its kin, on the device and on the settings. Here one
fingerprint is taken over all of that. A page is stale if it differs from the one recorded at the page's last run; see
`stale_pages` for what is then done.

A record is one small file a page, `_build/runs/<page>.json`: the fingerprint, and what the page ran on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sphinx.application import Sphinx

from ..sources import pages
from ..sources.blocks import code_of
from ..sources.dependencies import modules_used
from . import environment

PACKAGE_FOLDER = Path("src") / "tensorglass"  # relative to the folder that contains docs/
RUN_BY_GALLERY = (
    "compact.py",
    "drawn_text.py",
    "figures.py",
    "gallery.py",
    "legible.py",
    "stacked.py",
)  # what becomes of a script's outputs
NOTEBOOK_SETTINGS = ("nb_execution_mode", "nb_execution_timeout")


@dataclass(frozen=True)
class Run:
    """One run of a page, as recorded."""

    fingerprint: str
    seconds: float
    date: str
    environment: dict[str, str]


class Freshness:
    """The pages of a build: what each one's fingerprint is now, and what it was when the page last ran."""

    def __init__(self, app: Sphinx) -> None:
        self.docs = Path(app.srcdir)
        self.root = self.docs.parent
        self.package = self.root / PACKAGE_FOLDER
        self.records = self.docs / "_build" / "runs"
        self.environment = environment.describe()
        self.only: str = app.config.tensorglass_only
        settings = {**app.config.tensorglass_gallery_settings}
        del settings["filename_pattern"]
        called = [Path(__file__).with_name(name).read_text("utf-8") for name in RUN_BY_GALLERY]
        self.gallery_settings = _digest(json.dumps(settings, sort_keys=True), *called)
        self.notebook_settings = _digest(json.dumps([app.config[name] for name in NOTEBOOK_SETTINGS]))
        self.started: dict[str, float] = {}
        self.ran: list[str] = []  # the pages that ran in this build
        # Taken before anything runs: what is edited while a page runs makes that page stale.
        self.fingerprints = {page: self.fingerprint(page) for page in self.pages()}

    def scripts(self) -> dict[str, Path]:
        """Return each gallery page's name with its script."""
        return pages.scripts(self.root)

    def notebooks(self) -> dict[str, Path]:
        """Return the name and the file of each page that is a notebook in Markdown."""
        return pages.notebooks(self.root)

    def pages(self) -> dict[str, Path]:
        """Return every executed page's name with its source."""
        return {**self.scripts(), **self.notebooks()}

    def wanted(self) -> dict[str, Path]:
        """Return the executed pages that this build is about: all, or the one that was asked for."""
        return {page: path for page, path in self.pages().items() if self.only in ("", path.stem)}

    def fingerprint(self, page: str) -> str:
        """Return a digest of everything that the outputs of this page depend on."""
        path = self.pages()[page]
        settings = self.gallery_settings if page in self.scripts() else self.notebook_settings
        try:
            used = sorted(modules_used(code_of(path), self.package))
        except SyntaxError:
            used = []  # the gallery, which runs the page next, shows where the error is
        modules = [f"{each.relative_to(self.package).as_posix()}\n{each.read_text('utf-8')}" for each in used]
        where = json.dumps(self.environment, sort_keys=True)
        return _digest(path.read_text("utf-8"), settings, where, *modules)

    def recorded(self, page: str) -> Run | None:
        """Return the last run of a page, if there is a record of it."""
        try:
            return Run(**json.loads(self.record_file(page).read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def record_file(self, page: str) -> Path:
        return self.records / f"{page}.json"

    def is_current(self, page: str) -> bool:
        run = self.recorded(page)
        return run is not None and run.fingerprint == self.fingerprints.get(page)

    def record(self, page: str, seconds: float) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d")
        run = Run(self.fingerprints[page], round(seconds, 1), now, self.environment)
        path = self.record_file(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(run), indent=1), "utf-8")
        self.ran.append(page)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


_builds: list[Freshness] = []  # the one of this process: the gallery calls us without the application


def begin(build: Freshness) -> None:
    """Make it the build that this process works for."""
    _builds[:] = [build]


def this_build() -> Freshness:
    """Return the build that this process works for."""
    return _builds[0]
