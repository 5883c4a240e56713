"""Records of the pages' runs: one file a page and kind of device, `docs/recorded/<kind>/<page>.json`. Needs no Sphinx.

A record is what one run of a page printed, showed and drew, block by block, and what it ran on. `docs/record.py` writes
them, and the site shows on each page the record of the device that the page itself did not run on. Whether a record is
about the page as it is now is told by a digest of its code, and of the library's modules that it uses. Words do not
count, neither around the code nor in it: a GPU is seldom at hand when a sentence is mended.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ..sources.blocks import code_blocks, code_of, without_words
from ..sources.dependencies import modules_used

MARK_START, MARK_END = "\ue000", "\ue001"  # around what a script printed through `measured`
_MEASURED = re.compile(f"{MARK_START}.*?{MARK_END}", re.DOTALL)
_TAGS = re.compile("<style.*?</style>|<[^>]*>", re.DOTALL)
_NAMES_DEVICE = re.compile(r"this page ran on \w+|,\s*device='cuda(?::\d+)?'")
_IDENTIFIER = re.compile(r"\b[a-zA-Z]{1,2}[0-9a-f]{10}\b")  # matplotlib makes them from what they name
_FRACTION = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Output:
    """What a block of code printed, and its last expression showed; `block` is its number, from 1."""

    block: int
    text: str


@dataclass(frozen=True)
class Figure:
    """A figure that a block drew: what it shows in words, and its file beside the record, if it was kept."""

    block: int
    alternative: str
    digest: str
    is_timings: bool
    file: str = ""


@dataclass(frozen=True)
class Record:
    """One run of a page's code, on one device."""

    digest: str
    device: str
    torch: str
    python: str
    date: str
    seconds: float
    tf32: dict[str, bool]
    outputs: tuple[Output, ...]
    figures: tuple[Figure, ...]

    @property
    def texts(self) -> dict[int, str]:
        """The text of each output, by the number of its block."""
        return {output.block: output.text for output in self.outputs}


def kind_of(device: str) -> str:
    """Return the kind of a device, which is the folder of its records.

    >>> [kind_of(name) for name in ("CPU", "cuda:1", "cuda (NVIDIA H100 80GB HBM3)")]
    ['cpu', 'cuda', 'cuda']
    """
    return re.split(r"[\s:]", device.lower())[0]


def digest_of(page: Path, package: Path) -> str:
    """Return a digest of a page's code and of the library's modules that it uses: neither of the device nor of torch.

    The package's `__init__` is left out. It says which module has a name, which is seen in what is used, and else
    the version: a release of the same modules makes no record older.
    """
    blocks = [without_words(block.text) for block in code_blocks(page)]
    modules = sorted(modules_used(code_of(page), package) - {package / "__init__.py"})
    named = [f"{path.relative_to(package).as_posix()}\n{without_words(path.read_text('utf-8'))}" for path in modules]
    return hashlib.sha256("\0".join([*blocks, "", *named]).encode()).hexdigest()


def read(path: Path) -> Record | None:
    """Return the record in a file, or None if there is none."""
    try:
        fields = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    outputs = tuple(Output(**each) for each in fields.pop("outputs"))
    figures = tuple(Figure(**each) for each in fields.pop("figures"))
    return Record(**fields, outputs=outputs, figures=figures)


def write(path: Path, record: Record) -> None:
    """Write a record; the same one gives the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(record), sort_keys=True, indent=1) + "\n", "utf-8")


def comparable(text: str) -> list[str]:
    """Return the words of an output that must be the same on every device.

    What is measured is left out, and so is which device it was. A table is the same in plain text and in HTML.

    >>> comparable("took \\ue00012 ms\\ue001 for tensor([1.], device='cuda:0')")
    ['took', 'for', 'tensor([1.])']
    """
    plain = html.unescape(_TAGS.sub(" ", text)) if "</" in text else text
    words = _NAMES_DEVICE.sub("", _MEASURED.sub("", plain)).split()
    return [word for word in words if word.strip("-")]  # a table in plain text has a rule of dashes


def has_measured(text: str) -> bool:
    """Return whether something in an output is marked as measured."""
    return bool(_MEASURED.search(text))


def differing(one: Mapping[int, str], other: Mapping[int, str]) -> list[int]:
    """Return the numbers of the blocks whose outputs differ in more than what is measured."""
    blocks = sorted(one.keys() | other.keys())
    return [block for block in blocks if comparable(one.get(block, "")) != comparable(other.get(block, ""))]


def digest_of_svg(svg: str) -> str:
    """Return a digest of what a drawing shows: places to a tenth of a point, and no made-up identifiers."""
    rounded = _FRACTION.sub(lambda found: f"{float(found[0]):.1f}", _IDENTIFIER.sub("", svg))
    return hashlib.sha256(rounded.replace("-0.0", "0.0").encode()).hexdigest()
