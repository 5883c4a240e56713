"""Stale pages run at the same time, as many as there are cores, and each comes out as if it ran alone.

The gallery's own setting `parallel` runs the scripts of one section at a time, in their order, and waits at the end of
each section for its slowest; its processes know nothing of `freshness`. Here all stale pages run before the gallery
begins, in worker processes, those that take longest first. A script is run by the gallery's own function. When the
gallery then comes to that script, it is handed what the function returned: order, titles and failures stay its own
business. A notebook that ran is put into MyST-NB's cache, where it is found when its page is read.

Where a worker met an error that is no script's, nothing is handed over. The page then runs where it always did, and the
error is met and shown there.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.console import nocolor
from sphinx.util.display import status_iterator
from sphinx_gallery import gen_rst

from . import record
from .freshness import Freshness, begin, this_build

logger = logging.getLogger(__name__)

_generate = gen_rst.generate_file_rst


def run_stale_pages(app: Sphinx) -> None:
    """Run the stale pages, and leave what came out where the gallery and MyST-NB look for it."""
    build = this_build()
    tasks = {page: task(app, page) for page in longest_first(build)}
    workers = min(number_of_workers(app), len(tasks))
    if workers < 2:
        return
    returned = {}
    for page, result in run(build, tasks, workers):
        if page not in build.scripts():
            keep(app, build.notebooks()[page], *result)
            build.record(page, result[1])  # a script that fails may end the build before this page is read
            continue
        returned[build.scripts()[page]] = result
        if build.is_current(page):
            build.ran.append(page)
    for script in tasks.keys() & build.scripts().keys():
        if build.scripts()[script] not in returned:  # its worker may have ended between the gallery's mark and the rest
            (build.docs / f"{script}.py.md5").unlink(missing_ok=True)
    gen_rst.generate_file_rst = handing_over(returned)


def number_of_workers(app: Sphinx) -> int:
    """Return how many pages may run at the same time."""
    if this_build().environment["device"] != "CPU":
        return 1  # pages on one GPU share its memory, and they measure it
    return app.config.tensorglass_workers or cores()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def longest_first(build: Freshness) -> list[str]:
    """Return the stale pages: what takes longest must not begin last, when nothing is left to run beside it."""
    stale = [page for page in build.wanted() if not build.is_current(page)]
    return sorted(stale, key=lambda page: -seconds(build, page))


def seconds(build: Freshness, page: str) -> float:
    """Return how long a page ran the last time, here or when it was recorded; a new page may take any time."""
    recorded = record.read(build.docs / "recorded" / "cpu" / f"{Path(page).name}.json")
    last = build.recorded(page) or recorded
    return last.seconds if last else float("inf")


def task(app: Sphinx, page: str) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the function that runs a page in a worker, with its arguments."""
    build = this_build()
    if page in build.scripts():
        return generate, (build.scripts()[page], build.docs / page, app.config.sphinx_gallery_conf)
    return execute, (build.notebooks()[page], app.config.nb_execution_timeout)


def run(
    build: Freshness, tasks: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]], workers: int
) -> Iterator[tuple[str, Any]]:
    """Run the tasks in processes, and yield each page that is finished with what its function returned."""
    context = multiprocessing.get_context("spawn")  # a fork may wait for ever for threads that NumPy or torch began
    with ProcessPoolExecutor(workers, context, begin_worker, (build,)) as pool:
        futures = {pool.submit(logged, *each): page for page, each in tasks.items()}
        try:
            yield from _finished(futures, f"running {len(tasks)} pages, {workers} at a time... ")
        except BaseException:  # an interruption, too: what is half done has no record, and will run again
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _finished(futures: dict[Future[Any], str], summary: str) -> Iterator[tuple[str, Any]]:
    broken = False
    ended, page_of = as_completed(futures), futures.__getitem__
    for future in status_iterator(ended, summary, length=len(futures), stringify_func=page_of):
        try:
            result, logs = future.result()
        except Exception as error:
            broken |= isinstance(error, BrokenProcessPool)
            logger.debug("%s runs again, where its error is shown: %r", futures[future], error)
            continue
        for each in logs:
            logger.handle(each)
        yield futures[future], result
    if broken:
        logger.warning("a process ended while pages ran in it; those that are left run one after another")


def begin_worker(build: Freshness) -> None:
    """Make a new process ready to run pages. What is imported here is no part of a page's time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the build that is interrupted, and it ends its workers
    threading.Thread(target=_end_with_the_build, daemon=True).start()
    # A page has as many threads as if it ran alone: they decide in which order torch adds, and so the last digits. But
    # a thread that waits sleeps at once, and leaves the core to another page.
    os.environ["GOMP_SPINCOUNT"] = "0"
    nocolor()  # what is logged is coloured where it is shown
    begin(build)
    import matplotlib
    import torch  # noqa: F401

    matplotlib.use("agg")


def _end_with_the_build() -> None:
    """Wait until the build's process is gone, even if it was killed, and end this one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def logged(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, list[Any]]:
    """Call a function in a worker, and return its result with what was logged, which the build shows."""
    collector = logging.LogCollector()
    with collector.collect():
        result = function(*arguments)
    logging.convert_serializable(collector.logs)
    return result, collector.logs


def generate(script: Path, target: Path, gallery: dict[str, Any]) -> Any:
    """Run a script as the gallery does, and return what the gallery's function returns."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return _generate(script.name, target.parent, script.parent, gallery)


def execute(path: Path, timeout: int) -> tuple[Any, float]:
    """Execute a notebook as MyST-NB does, and return it with the seconds that it took."""
    from jupyter_cache.executors.utils import single_nb_execution
    from myst_nb.core.read import read_myst_markdown_notebook

    notebook = read_myst_markdown_notebook(path.read_text("utf-8"), path=path)
    done = single_nb_execution(notebook, cwd=str(path.parent), timeout=timeout, allow_errors=False)
    if done.err is not None:
        raise RuntimeError(done.exc_string)
    return notebook, done.time


def keep(app: Sphinx, path: Path, notebook: Any, duration: float) -> None:
    """Put an executed notebook into MyST-NB's cache."""
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn

    bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": duration})
    get_cache(app.config.nb_execution_cache_path).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def handing_over(returned: dict[Path, Any]) -> Callable[..., Any]:
    """Return the gallery's function, but for scripts that ran: what it returned for them is handed over."""

    def generate_file_rst(name: Any, target: Any, source: Any, gallery: dict[str, Any]) -> Any:
        script = Path(source, name).resolve()
        return returned.pop(script) if script in returned else _generate(name, target, source, gallery)

    return generate_file_rst


def give_back(app: Sphinx) -> None:
    """Leave the gallery's function as it was."""
    gen_rst.generate_file_rst = _generate
