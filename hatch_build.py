"""What hatchling does not know of the project: its addresses, and the README as a package index shows it.

Where the site and the repository live is given by the variables that the site's build reads too. What needs an address
that is not given is left out: a link becomes its words, and a picture goes.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# A link or a picture whose target is a file of the repository. In code, what is indexed stands before the bracket.
_RELATIVE = re.compile(r"(?<!\w)(!?)\[([^\]]*)\]\((?!\w+:|#|/)([^)\s]+)\)")


class Addresses(MetadataHookInterface):
    """Fills in the fields of the metadata that pyproject.toml names dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the readme and the addresses. hatchling does not ask where a source archive has brought both."""
        repository, site = (_address(name) for name in ("REPOSITORY", "SITE_ADDRESS"))
        sources = f"{repository}/{{}}/v{metadata['version']}" if repository else ""
        text = long_description(Path(self.root, "README.md").read_text("utf-8"), sources)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = urls(repository, sources, site)


def _address(name: str) -> str:
    return os.environ.get(f"TENSORGLASS_{name}", "").rstrip("/")


def long_description(readme: str, sources: str) -> str:
    """Return the README without relative links; `sources` is the address of the files as blob or raw, or empty."""

    def replace(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if not sources:
            return "" if picture else words
        return f"{picture}[{words}]({sources.format('raw' if picture else 'blob')}/{target})"

    return re.sub(r"\n{3,}", "\n\n", _RELATIVE.sub(replace, readme))


def urls(repository: str, sources: str, site: str) -> dict[str, str]:
    """Return the addresses that are known, by the names that a package index shows."""
    found = {"Homepage": site, "Documentation": f"{site}/reference/index.html"} if site else {}
    if repository:
        found |= {
            "Source": repository,
            "Issues": f"{repository}/issues",
            "Changelog": f"{sources.format('blob')}/CHANGELOG.md",
        }
    return found
