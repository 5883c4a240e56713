"""What the reference says beyond autodoc: context managers by what they are, and links for names in docstrings.

A name in backticks that only one entry of the reference ends in is a link to that entry, wherever it is defined.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

KEPT = "tensorglass_entries"  # on Sphinx's environment, which it keeps from build to build
_TOP_LEVEL = ("function", "class", "exception")


def name_types(app: Sphinx, what: str, name: str, value: Any, *details: Any) -> tuple[str | None, str | None]:
    """Shorten types that autodoc left at full length, and name a context manager as one."""
    _options, signature, returned = details
    if returned and hasattr(value, "__wrapped__"):  # made by `contextmanager` from a generator function
        returned = re.sub(r"^~?(collections\.abc\.)?Iterator\b", "~contextlib.AbstractContextManager", returned)
    return _short(signature), _short(returned)


def _short(text: str | None) -> str | None:
    """Have the last part of the types shown that autodoc left as they were written.

    >>> _short("(*operands: torch.Tensor, dtype: ~torch.dtype)")
    '(*operands: ~torch.Tensor, dtype: ~torch.dtype)'
    """
    return text and re.sub(r"(?<![~\w.])torch\.(?=\w)", "~torch.", text)


def link_name(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element) -> nodes.Element | None:
    """Return a link to the one entry whose name ends in the name that was not found."""
    if node.get("refdomain") != "py":
        return None
    domain = env.domains.python_domain
    endings = [name for name, entry in domain.objects.items() if entry.objtype in _TOP_LEVEL and not entry.aliased]
    found = [name for name in endings if name.endswith(f".{node['reftarget']}")]
    if len(found) != 1:
        return None
    entry = domain.objects[found[0]]
    uri = app.builder.get_relative_uri(node["refdoc"], entry.docname)
    return nodes.reference("", "", content, internal=True, refuri=f"{uri}#{entry.node_id}", reftitle=found[0])


def write_linking_pages(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Have all pages written again when an entry moved: their code and their prose link to the entries."""
    entries = {name: (entry.docname, entry.node_id) for name, entry in env.domains.python_domain.objects.items()}
    before = getattr(env, KEPT, entries)
    setattr(env, KEPT, entries)
    return sorted(env.found_docs) if before != entries else []
