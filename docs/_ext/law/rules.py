"""The law of the house: a sentence that can be false is run. `enforce` fails the build where it is broken.

Two things are checked on every executed page, in its source:

1. A short answer, a rule or a trap is followed at once by a block of code that checks it, with an assert, with an
   ``assert_close`` or one of its kind, or with ``shows_error``. An assert of a constant checks nothing.
2. A number in the prose stands in the page's code or in its output. Years, references, and the numbers of sections,
   figures and tables are apart. The numbers in formulas are no exception, but for those that are an index: the 1 of
   ``x_1`` or ``x_{1}``.

What claims something is recognized by its heading (`CLAIM_HEADINGS`; sections inside count too), by a paragraph that
begins with such a word in bold: ``**Short answer.**``, or by a formula on lines of its own, wherever it stands.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..sources.blocks import Block

CLAIM_HEADINGS = (
    "Short answer",
    "Why",
    "What is often said",
    "Traps",
    "The claim",
    "The law",
    "Measured",
    "Where it departs",
)
UNCHECKED_HEADINGS = ("References",)
_BOLD_CLAIM = re.compile(r"^\*\*(Short answer|Rule|Trap)\b", re.MULTILINE)
_FORMULA = re.compile(r"^\s*(?:\.\. math::|```\{math\}|\$\$)", re.MULTILINE)

# Numbers that are no claims: years, addresses, numbers of threads, sections, tables, figures, chapters.
_APART = re.compile(
    r"https?://\S+|\S+\.(?:org|io|com)/\S*"
    r"|(?<![\w.])(?:1[89]|20)\d\d(?![\w.]*\d)"
    r"|\#\d+"
    r"|\b(?:section|sections|table|tables|figure|figures|fig\.|chapter|chapters)\s+\d+(?:\.\d+)*"
    r"|^\s*(?:\d+|\#)\.\s"
    r"|\\[a-z]+|_\{\d+\}",  # in formulas: commands, behind which a number may stand at once, and indices
    re.IGNORECASE | re.MULTILINE,
)
_NUMBER = re.compile(r"(?<![A-Za-z_\d.])\d+(?:[,_]\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Violation:
    """A broken rule: where, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Passage:
    """Prose between two headings or blocks of code, with the titles of the sections around it."""

    titles: tuple[str, ...]
    text: str
    line: int
    code_after: str | None  # the block of code that follows at once

    @property
    def makes_claim(self) -> bool:
        marked = _BOLD_CLAIM.search(self.text) or _FORMULA.search(self.text)
        return bool(marked) or any(title in CLAIM_HEADINGS for title in self.titles)


def violations(blocks: list[Block], shown: str) -> list[Violation]:
    """Return where a page breaks the law.

    Parameters
    ----------
    blocks : list of Block
        The page's source.
    shown : str
        All the code and the outputs that the page shows.
    """
    passages = list(passages_of(blocks))
    return [*_unchecked_claims(passages), *_unknown_numbers(passages, known=numbers_in(shown))]


def count(blocks: list[Block]) -> tuple[int, int]:
    """Return the numbers of a page's claims and of its checks."""
    claims = sum(passage.makes_claim for passage in passages_of(blocks))
    return claims, sum(len(checks_in(block.text)) for block in blocks if block.is_code)


def _unchecked_claims(passages: Iterable[Passage]) -> Iterator[Violation]:
    for passage in passages:
        if passage.makes_claim and not (passage.code_after and checks_in(passage.code_after)):
            name = passage.titles[-1] if passage.titles else passage.text.strip().splitlines()[0]
            if passage.code_after is None:
                reason = "no block of code follows that checks it"
            else:
                reason = "the block of code that follows asserts nothing that could fail"
            yield Violation(passage.line, f"'{name}' claims something, but {reason}")


def _unknown_numbers(passages: Iterable[Passage], known: set[float]) -> Iterator[Violation]:
    for passage in passages:
        for start, number in numbers_claimed(passage):
            if _value(number) not in known:
                line = passage.line + passage.text.count("\n", 0, start)
                yield Violation(line, f"the number {number} stands in neither the code nor the output of the page")


def numbers_claimed(passage: Passage) -> Iterator[tuple[int, str]]:
    """Yield the numbers that a passage claims, each with its place in the text."""
    if not set(passage.titles) & set(UNCHECKED_HEADINGS):
        text = _APART.sub(lambda found: " " * len(found[0]), passage.text)
        for found in _NUMBER.finditer(text):
            yield found.start(), found[0]


def numbers_in(shown: str) -> set[float]:
    """Return the numbers in code and outputs; `1,200` counts as one number, and as its parts too.

    >>> sorted(numbers_in("f(3, 4.5) is 1,200, float32 x_7 = 1e-3"))
    [0.001, 1.0, 3.0, 4.5, 200.0, 1200.0]
    """
    texts = _NUMBER.findall(shown)
    return {_value(part) for text in texts for part in (text, *text.split(","))}


def _value(text: str) -> float:
    return float(text.replace(",", "").replace("_", ""))


@functools.cache  # each block is asked for several times in a build
def checks_in(code: str) -> list[ast.Assert | ast.Call]:
    """Return the asserts, ``assert_close`` calls and ``shows_error`` blocks of some code that could fail."""
    candidates = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assert | ast.Call)]
    return [node for node in candidates if _is_check(node)]


def _is_check(node: ast.Assert | ast.Call) -> bool:
    if isinstance(node, ast.Assert):
        return not _always_true(node.test)
    name = ast.unparse(node.func).split(".")[-1]
    return name == "shows_error" or name.startswith("assert_")


def _always_true(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant) or (isinstance(test, ast.Tuple) and test.elts):
        return True
    return isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) and any(map(_always_true, test.values))


def passages_of(blocks: list[Block]) -> Iterator[Passage]:
    """Yield the prose of a page, passage by passage; code follows only the last passage of a block."""
    for index, parts in titled_parts(blocks):
        following = next((other for other in blocks[index + 1 :] if other.text.strip()), None)
        code = following.text if following is not None and following.is_code else None
        for part in parts:
            if part.text.strip():
                blank = len(part.text) - len(part.text.lstrip("\n"))
                after = code if part is parts[-1] else None
                yield Passage(part.titles, part.text.lstrip("\n"), part.line + blank, after)


class Part(NamedTuple):
    """Prose below a heading: the titles of the sections around it, the outer ones first; its text; its first line.

    `title` is that heading, or empty where the prose goes on after a block of code.
    """

    titles: tuple[str, ...]
    title: str
    text: str
    line: int


def titled_parts(blocks: list[Block]) -> Iterator[tuple[int, list[Part]]]:
    """Yield of each block of prose its place among the blocks, and its parts: what stands above its first heading, and
    what stands below each.
    """
    titles: dict[str, str] = {}  # by heading style, the outer ones first
    for index, block in enumerate(blocks):
        if block.is_code:
            continue
        parts = []
        for style, title, text, line in _parts(block):
            if title:
                styles = list(titles)
                for inner in styles[styles.index(style) :] if style in titles else []:
                    del titles[inner]
                titles[style] = title
            parts.append(Part(tuple(titles.values()), title, text, line))
        yield index, parts


def _parts(block: Block) -> Iterator[tuple[str, str, str, int]]:
    """Yield (style of the heading, its title, the text below it, the text's first line) for a block of prose."""
    lines = block.text.split("\n")
    style, title, start = "", "", 0
    for number, line in enumerate(lines):
        underline = lines[number + 1] if number + 1 < len(lines) else ""
        markdown = re.match(r"(#+) (.*)", line)
        restructured = line.strip() and re.fullmatch(r"([=\-~^\"])\1{2,}", underline)
        if markdown or restructured:
            yield style, title, "\n".join(lines[start:number]), block.line + start
            style = markdown[1] if markdown else underline[0]
            title = markdown[2] if markdown else line.strip()
            start = number + (1 if markdown else 2)
    yield style, title, "\n".join(lines[start:]), block.line + start
