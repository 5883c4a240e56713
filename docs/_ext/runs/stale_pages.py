"""What is done about stale pages: the mark goes by which the gallery, or the notebooks' cache, would have skipped them.

And after a run: it is recorded, and the page is read and written again.
"""

from __future__ import annotations

from pathlib import Path

from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from ..sources.pages import GALLERY, markdown_files
from .freshness import Freshness, begin, this_build

logger = logging.getLogger(__name__)


def prepare_settings(app: Sphinx, config: Config) -> None:
    """Keep the gallery's settings as they were written, and have only the wanted page executed."""
    config.tensorglass_gallery_settings = dict(config.sphinx_gallery_conf)
    if config.tensorglass_only:
        config.sphinx_gallery_conf["filename_pattern"] = rf"/{config.tensorglass_only}\.py$"
        notebooks = (path.name for path in markdown_files(Path(app.srcdir)) if path.stem != config.tensorglass_only)
        config.nb_execution_excludepatterns = list(notebooks)


def begin_build(app: Sphinx) -> None:
    """Take the fingerprints of all pages, before anything of them runs."""
    begin(Freshness(app))


def forget_stale_scripts(app: Sphinx) -> None:
    """Remove the gallery's mark from stale pages, and what was generated from scripts that are gone."""
    build = this_build()
    scripts = build.scripts()
    stale = [page for page in build.wanted() if page in scripts and not build.is_current(page)]
    for page in stale:
        (build.docs / f"{page}.py.md5").unlink(missing_ok=True)
    for generated in (build.docs / GALLERY).rglob("*.py"):
        if generated.relative_to(build.docs).with_suffix("").as_posix() not in scripts:
            for path in generated.parent.glob(f"{generated.stem}.*"):
                path.unlink()
    logger.info("freshness: %d of %d scripts to run", len(stale), len(scripts))


def forget_stale_notebooks(app: Sphinx) -> None:
    """Remove the outputs of stale notebooks from MyST-NB's cache."""
    stale = stale_notebooks()
    if stale and app.config.nb_execution_mode == "cache":
        from jupyter_cache import get_cache

        cache = get_cache(app.config.nb_execution_cache_path)
        for record in cache.list_cache_records():
            if Path(record.uri) in stale.values():
                cache.remove_cache(record.pk)


def stale_notebooks() -> dict[str, Path]:
    """Return the name and the file of each notebook that this build is to execute."""
    build = this_build()
    notebooks = build.notebooks()
    return {page: path for page, path in build.wanted().items() if page in notebooks and not build.is_current(page)}


def read_stale_notebooks(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Have Sphinx read stale notebooks again."""
    return list(stale_notebooks())


def read_what_ran_elsewhere(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Have Sphinx read those pages again that ran since this build last read them: for a build in another folder."""
    build = this_build()
    runs = {page: build.recorded(page) for page in build.wanted() if page in env.metadata}
    return [page for page, run in runs.items() if run and run.fingerprint != env.metadata[page].get("run")]


def record_notebooks(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Record the notebooks that were executed, and have every page that ran written again."""
    build = this_build()
    for page in build.notebooks().keys() & build.wanted().keys():
        execution = NbMetadataCollector.get_exec_data(env, page)
        if execution and execution["succeeded"] and not build.is_current(page):
            build.record(page, execution["runtime"])
    for page in build.wanted():  # which run this build shows
        run = build.recorded(page)
        if run is not None and page in env.metadata:
            env.metadata[page]["run"] = run.fingerprint
    return build.ran
