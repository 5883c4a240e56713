"""Make the small inventories in this folder: of each project that the site links to, the names that are used here.

Run it after ``nox -s docs``::

    python docs/inventories/make.py                  # with a network
    python docs/inventories/make.py --from FOLDER    # without: FOLDER/torch.inv and so on are the full inventories
"""

from __future__ import annotations

import argparse
import builtins
import sys
import urllib.request
import zlib
from collections import Counter
from pathlib import Path

import used_names
from sphinx.util.inventory import InventoryFile

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _ext.publishing.inventories import ADDRESSES

HERE = Path(__file__).resolve().parent

# The gallery links each variable to its type. A link at every number, string and list would hide the others.
LEFT_OUT = {
    name for name, value in vars(builtins).items() if not (isinstance(value, type) and issubclass(value, BaseException))
}

Entries = dict[tuple[str, str], str]  # (role, name): address within the project's documentation


def main() -> None:
    """Write the inventories; print how many names each has, and which names none has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="folder", type=Path, help="read full inventories here, and download nothing")
    folder = parser.parse_args().folder
    root = HERE.parents[1]
    used = used_names.of_pages(root / "docs" / "auto_examples") + used_names.of_library(root / "src" / "tensorglass")
    known = set()
    for project, address in ADDRESSES.items():
        full = download(address) if folder is None else (folder / f"{project}.inv").read_bytes()
        kept = keep(read(full), {name for names in used for name in names} - LEFT_OUT)
        (HERE / f"{project}.inv").write_bytes(written(project, kept))
        known |= {name for _, name in kept}
        print(f"{project}: {len(kept)} names")
    for name, times in known_to_none(used, known).most_common():
        print(f"known to none: {name} ({times})")


def download(address: str) -> bytes:
    """Return the full inventory of a project."""
    with urllib.request.urlopen(f"{address}objects.inv", timeout=60) as answer:
        return bytes(answer.read())


def read(content: bytes) -> Entries:
    """Return the entries of an inventory that are about Python."""
    roles = InventoryFile.loads(content, uri="").data.items()
    return {(role, name): item.uri for role, items in roles if role.startswith("py:") for name, item in items.items()}


def keep(full: Entries, names: set[str]) -> Entries:
    """Return the entries of these names, and other names of the same things: autodoc says where a class is defined."""
    addresses = {address for (_, name), address in full.items() if name in names}
    return {entry: address for entry, address in full.items() if address in addresses}


def written(project: str, entries: Entries) -> bytes:
    """Return an inventory in version 2 of Sphinx's format; the same entries always give the same bytes."""
    lines = [f"{name} {role} 1 {address} -\n" for (role, name), address in sorted(entries.items())]
    header = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n# The rest is compressed using zlib.\n"
    return header.encode() + zlib.compress("".join(lines).encode(), 9)


def known_to_none(used: list[used_names.Names], known: set[str]) -> Counter[str]:
    """Return how often a thing of another project is used under names that are all unknown."""
    foreign = [names for names in used if not any(name.startswith(("tensorglass.", "__main__.")) for name in names)]
    unknown = [max(names, key=lambda name: name.count(".")) for names in foreign if known.isdisjoint(names)]
    return Counter(name for name in unknown if "." in name)


if __name__ == "__main__":
    main()
