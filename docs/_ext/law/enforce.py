"""Checks each executed page of a build against the law of the house, and fails the build if one breaks it."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from ..runs.failures import of_notebook
from ..runs.freshness import this_build
from ..sources.blocks import read_page
from .budget import over_budget
from .rules import count, violations

logger = logging.getLogger(__name__)


def enforce(app: Sphinx, env: BuildEnvironment) -> None:
    """Check every page of this build, whether it was read again or not, and fail the build if one breaks the law."""
    build = this_build()
    found: list[tuple[str, str]] = []
    claims = checks = 0
    for page, path in build.wanted().items():
        if not build.is_current(page):
            line, reason = of_notebook(env, page, path)  # scripts that failed have ended the build
            found.append((f"{path}:{line}", reason))
            continue
        blocks = read_page(path)
        shown = "\n".join(block.text for block in blocks if block.is_code) + _outputs(env.get_doctree(page))
        broken = [*violations(blocks, shown), *(over_budget(blocks) if page in build.scripts() else [])]
        found += [(f"{path}:{each.line}", each.reason) for each in broken]
        claims, checks = (total + here for total, here in zip((claims, checks), count(blocks), strict=True))
    for place, reason in found:
        logger.error(reason, location=place)
        app.statuscode = 1
    logger.info("law: %d claims and %d checks on %d pages", claims, checks, len(build.wanted()))


def _outputs(doctree: nodes.document) -> str:
    """Return the text of all outputs of a page, tables in HTML included, but no code that the prose only shows."""
    texts = []
    for node in doctree.findall(nodes.Element):
        if isinstance(node, nodes.raw) and "output_subarea" in node.astext():
            texts.append(node.astext())
        elif {"sphx-glr-script-out", "cell_output"} & set(node.get("classes", [])):
            texts += [part.astext() for part in node.findall() if isinstance(part, (nodes.raw, nodes.literal_block))]
    return re.sub("<style.*?</style>|<[^>]*>", " ", "\n".join(["", *texts]), flags=re.DOTALL)
