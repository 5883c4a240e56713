"""What a page may ask of its readers: the answer in one screen, and all that is not folded in five minutes.

The first screen holds a short answer of at most 60 words and at most 8 lines of code, with one assert and no import
that they do not use. Unfolded, a page has at most 700 words and 80 lines of code. `page/folded.py` says what is folded.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..sources.blocks import MORE, MORE_CODE, SOLUTION, Block
from .rules import Violation, titled_parts

ANSWER_WORDS, ANSWER_LINES = 60, 8  # with their output, one screen of a laptop
WORDS, LINES = 700, 80
LEVELS = ("beginner", "intermediate", "advanced")
WORDS_A_MINUTE, LINES_A_MINUTE = 200, 60  # at most 700 / 200 + 80 / 60 = 4.8 minutes

_LEVEL = re.compile(r"^:Level: (\w+)$", re.MULTILINE)
_FOLDED = (MORE, SOLUTION)
# What is not read as words: comments, formulas on lines of their own, fields, addresses, and the lines below headings.
_NO_WORDS = re.compile(
    r"^\.\. (?:(?!\w+::)|math::).*(?:\n(?:[ ]+.*|(?=\n)))*|^:\w+: .*$|<https?:[^>]*>|^([=\-~^])\1+$", re.MULTILINE
)


@dataclass(frozen=True)
class Reading:
    """What is read of a page as it stands unfolded: words of prose, and lines of code."""

    words: int
    lines: int

    @property
    def minutes(self) -> int:
        return math.ceil(self.words / WORDS_A_MINUTE + self.lines / LINES_A_MINUTE)


def reading(blocks: list[Block]) -> Reading:
    """Return what is read of a page; of what is folded, its title alone.

    >>> blocks = [Block(False, "One two.\\n\\nMore: details\\n---\\n\\nNot read.", 1), Block(True, "a = 1", 7)]
    >>> reading(blocks)
    Reading(words=4, lines=0)
    """
    words = lines = 0
    folded = False
    parts_of = dict(titled_parts(blocks))
    for index, block in enumerate(blocks):
        for part in parts_of.get(index, []):
            words += 0 if _is_folded(part.titles[:-1]) else words_in(part.title)
            folded = _is_folded(part.titles)
            words += 0 if folded else words_in(part.text)
        if block.is_code and not folded and not block.text.lstrip("\n").startswith(MORE_CODE):
            lines += lines_in(block.text)
    return Reading(words, lines)


def _is_folded(titles: tuple[str, ...]) -> bool:
    return any(title.startswith(_FOLDED) for title in titles)


def words_in(text: str) -> int:
    """Return how many words somebody reads in a text."""
    return sum(any(letter.isalnum() for letter in word) for word in _NO_WORDS.sub("", text).split())


def lines_in(code: str) -> int:
    """Return how many lines of code are not empty."""
    return sum(bool(line.strip()) for line in code.splitlines())


def level(blocks: list[Block]) -> str | None:
    """Return for whom a page is written, as its first block says."""
    found = _LEVEL.search(blocks[0].text)
    return found[1] if found and found[1] in LEVELS else None


def over_budget(blocks: list[Block]) -> Iterator[Violation]:
    """Yield where a page asks more of its readers than it may."""
    first = blocks[0].line
    if level(blocks) is None:
        yield Violation(first, f"no line ':Level: ' with one of {', '.join(LEVELS)} stands above the short answer")
    parts = [part for _, parts in titled_parts(blocks) for part in parts]
    answer = next((part.text for part in parts if part.title == "Short answer"), "")
    yield from _more_than(first, "the short answer has", words_in(answer), ANSWER_WORDS, "words")
    code = next((block for block in blocks if block.is_code and block.text.strip()), None)
    if code is not None:
        yield from _more_than(code.line, "the code of the short answer has", lines_in(code.text), ANSWER_LINES, "lines")
        yield from _beside_the_point(code)
    whole = reading(blocks)
    yield from _more_than(first, "unfolded, the page has", whole.words, WORDS, "words")
    yield from _more_than(first, "unfolded, the page has", whole.lines, LINES, "lines of code")


def _more_than(line: int, what: str, count: int, most: int, unit: str) -> Iterator[Violation]:
    if count > most:
        yield Violation(line, f"{what} {count} {unit}, and {most} is the most")


def _beside_the_point(code: Block) -> Iterator[Violation]:
    """Yield what the code of the short answer has besides the answer."""
    nodes = list(ast.walk(ast.parse(code.text)))
    asserts = sum(isinstance(node, ast.Assert) for node in nodes)
    yield from _more_than(code.line, "the code of the short answer has", asserts, 1, "asserts")
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    for node in nodes:
        for name in node.names if isinstance(node, ast.Import | ast.ImportFrom) else []:
            bound = (name.asname or name.name).split(".")[0]
            if bound not in used:
                yield Violation(code.line, f"the code of the short answer imports {bound}, and does not use it")
