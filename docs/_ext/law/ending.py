"""The end of a build that cannot go on: what is wrong, a line each, and no traceback."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from ..runs import failures
from ..runs.environment import unknown_device
from ..sources.readable import unreadable

logger = logging.getLogger(__name__)


def stop(found: Iterable[tuple[str, str]]) -> NoReturn:
    """Say what is wrong, each with its place if it has one, and end the build."""
    for place, reason in found:
        logger.error(reason, location=place or None)
    raise SystemExit(2)  # of an exception, Sphinx would show the traceback, and ask to report it


def stop_at_once(app: Sphinx, config: Config) -> None:
    """End the build before anything is run if a source cannot be read, or if there can be no such device."""
    found = [(f"{problem.path}:{problem.line}", problem.reason) for problem in unreadable(Path(app.srcdir).parent)]
    device = os.environ.get("TENSORGLASS_DEVICE", "")
    reason = unknown_device(device)
    if found or reason:
        stop(found or [("", f"TENSORGLASS_DEVICE is {device!r}, {reason}")])


def stop_at_failed_scripts(app: Sphinx) -> None:
    """End the build when all scripts have run, if some failed: without them, there is no site to read and to write."""
    found = failures.of_scripts(app.config)
    if found:
        stop(found)
