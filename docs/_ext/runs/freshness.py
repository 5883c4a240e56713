"""No stale page: each page runs again when something that its outputs depend on has changed, and only then.

Sphinx-Gallery runs a script again when the script changed, and MyST-NB a notebook when its cells changed. Outputs also
depend on the library's modules, on the versions of torch and its kin, on the device and on the settings. This
extension takes one fingerprint over all of that. Where it differs from the one recorded at the last run, it removes
the mark by which the gallery (or the notebook cache) would have skipped the page.

A record is one small file a page, `_build/runs/<page>.json`: the fingerprint, and what the page ran on.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from ..sources.blocks import extensions_version, read_notebook
from ..sources.dependencies import modules_used
from . import environment

logger = logging.getLogger(__name__)

PACKAGE_FOLDER = Path("src") / "tensorglass"  # relative to the folder that contains docs/
RUN_BY_GALLERY = ("runs/figures.py", "runs/gallery.py", "lists/reproductions.py")
NOTEBOOK_SETTINGS = ("nb_execution_mode", "nb_execution_timeout", "nb_execution_raise_on_error")


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
        self.package = self.docs.parent / PACKAGE_FOLDER
        self.records = self.docs / "_build" / "runs"
        self.environment = environment.describe()
        gallery = dict(app.config.tensorglass_gallery_settings)
        self.only: str = app.config.tensorglass_only
        del gallery["filename_pattern"]
        pairs = zip(gallery["examples_dirs"], gallery["gallery_dirs"], strict=True)
        self.folders = [((self.docs / examples).resolve(), self.docs / pages) for examples, pages in pairs]
        called = [(Path(__file__).parents[1] / name).read_text("utf-8") for name in RUN_BY_GALLERY]
        self.gallery_settings = _digest(json.dumps(gallery, sort_keys=True), *called)
        self.notebook_settings = _digest(json.dumps([app.config[name] for name in NOTEBOOK_SETTINGS]))
        self.started: dict[str, float] = {}
        self.ran: list[str] = []  # the pages that ran in this build
        # Taken before anything runs: what is edited while a page runs makes that page stale.
        self.fingerprints = {page: self.fingerprint(page) for page in self.pages()}

    def scripts(self) -> dict[str, Path]:
        """Return each gallery page's name with its script."""
        return {
            (pages / script.relative_to(examples)).relative_to(self.docs).with_suffix("").as_posix(): script
            for examples, pages in self.folders
            for script in sorted(examples.rglob("*.py"))
        }

    def notebooks(self) -> dict[str, Path]:
        """Return the name and the file of each page that is a notebook in Markdown."""
        return {
            path.relative_to(self.docs).with_suffix("").as_posix(): path
            for path in markdown_files(self.docs)
            if "```{code-cell}" in path.read_text("utf-8")
        }

    def pages(self) -> dict[str, Path]:
        """Return every executed page's name with its source."""
        return {**self.scripts(), **self.notebooks()}

    def wanted(self) -> dict[str, Path]:
        """Return the executed pages that this build is about: all, or the one that was asked for."""
        return {page: path for page, path in self.pages().items() if self.only in ("", path.stem)}

    def fingerprint(self, page: str) -> str:
        """Return a digest of everything that the outputs of this page depend on."""
        source = self.pages()[page].read_text("utf-8")
        if page in self.scripts():
            code, settings = source, self.gallery_settings
        else:
            code = "\n".join(block.text for block in read_notebook(source) if block.is_code)
            settings = self.notebook_settings
        try:
            used = sorted(modules_used(code, self.package))
        except SyntaxError:
            used = []  # the gallery, which runs the page next, shows where the error is
        modules = [f"{path.name}\n{path.read_text('utf-8')}" for path in used]
        return _digest(source, settings, json.dumps(self.environment, sort_keys=True), *modules)

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


def markdown_files(docs: Path) -> list[Path]:
    """Return the documentation's pages in Markdown; folders whose name begins with _ are not pages."""
    return sorted([*docs.glob("*.md"), *docs.glob("[!_]*/*.md")])


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


_builds: list[Freshness] = []  # the gallery calls `around_example` without the application


def around_example(gallery: dict[str, Any], filename: str, when: str) -> None:
    """Time each example, and record its run if it came to its end. Called by the gallery."""
    build = _builds[-1]
    (page,) = (page for page, script in build.scripts().items() if script.name == Path(filename).name)
    if when == "before":
        build.record_file(page).unlink(missing_ok=True)  # an interrupted run leaves no record, not even an older one
        build.started[page] = time.perf_counter()
    elif (build.docs / f"{page}.py.md5").exists():  # the gallery writes it only for a script that ran to its end
        build.record(page, time.perf_counter() - build.started[page])


def prepare_settings(app: Sphinx, config: Config) -> None:
    """Keep the gallery's settings as they were written, and have only the wanted page executed."""
    config.tensorglass_gallery_settings = dict(config.sphinx_gallery_conf)
    if config.tensorglass_only:
        config.sphinx_gallery_conf["filename_pattern"] = rf"/{config.tensorglass_only}\.py$"
        notebooks = (path.name for path in markdown_files(Path(app.srcdir)) if path.stem != config.tensorglass_only)
        config.nb_execution_excludepatterns = list(notebooks)


def forget_stale_scripts(app: Sphinx) -> None:
    """Remove the gallery's mark from stale pages, and what was generated from scripts that are gone."""
    build = app.tensorglass_freshness = Freshness(app)  # type: ignore[attr-defined]
    _builds.append(build)
    scripts = build.scripts()
    stale = [page for page in build.wanted() if page in scripts and not build.is_current(page)]
    for page in stale:
        (build.docs / f"{page}.py.md5").unlink(missing_ok=True)
    for _, pages in build.folders:
        for generated in pages.rglob("*.py"):
            if generated.relative_to(build.docs).with_suffix("").as_posix() not in scripts:
                for path in generated.parent.glob(f"{generated.stem}.*"):
                    path.unlink()
    logger.info("freshness: %d of %d scripts to run", len(stale), len(scripts))


def forget_stale_notebooks(app: Sphinx) -> None:
    """Remove the outputs of stale notebooks from MyST-NB's cache."""
    stale = stale_notebooks(app.tensorglass_freshness)  # type: ignore[attr-defined]
    if stale and app.config.nb_execution_mode == "cache":
        from jupyter_cache import get_cache

        cache = get_cache(app.config.nb_execution_cache_path)
        for record in cache.list_cache_records():
            if Path(record.uri) in stale.values():
                cache.remove_cache(record.pk)


def stale_notebooks(build: Freshness) -> dict[str, Path]:
    """Return the name and the file of each notebook that this build is to execute."""
    notebooks = build.notebooks()
    return {page: path for page, path in build.wanted().items() if page in notebooks and not build.is_current(page)}


def read_stale_notebooks(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Have Sphinx read stale notebooks again."""
    return list(stale_notebooks(app.tensorglass_freshness))  # type: ignore[attr-defined]


def read_what_ran_elsewhere(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Have Sphinx read those pages again that ran since this build last read them: for a build in another folder."""
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    runs = {page: build.recorded(page) for page in build.wanted() if page in env.metadata}
    return [page for page, run in runs.items() if run and run.fingerprint != env.metadata[page].get("run")]


def record_notebooks(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Record the notebooks that were executed, and have every page that ran written again."""
    build: Freshness = app.tensorglass_freshness  # type: ignore[attr-defined]
    for page in build.notebooks().keys() & build.wanted().keys():
        execution = NbMetadataCollector.get_exec_data(env, page)
        if execution and execution["succeeded"] and not build.is_current(page):
            build.record(page, execution["runtime"])
    for page in build.wanted():  # which run this build shows
        run = build.recorded(page)
        if run is not None and page in env.metadata:
            env.metadata[page]["run"] = run.fingerprint
    return build.ran


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("tensorglass_gallery_settings", {}, "", types=[dict])
    app.add_config_value("tensorglass_only", "", "", types=[str], description="The one page to execute.")
    app.connect("config-inited", prepare_settings, priority=1)
    app.connect("builder-inited", forget_stale_scripts, priority=100)  # the gallery runs at 500
    app.connect("builder-inited", forget_stale_notebooks, priority=101)
    app.connect("env-get-outdated", read_stale_notebooks)
    app.connect("env-get-outdated", read_what_ran_elsewhere)
    app.connect("env-updated", record_notebooks, priority=100)
    return {"env_version": extensions_version(), "parallel_read_safe": True}
