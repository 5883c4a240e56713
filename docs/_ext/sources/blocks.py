"""The sources of pages as blocks of prose and code, the same for a gallery script and for a notebook in Markdown."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .pages import CODE_CELL

# What carries a proof and not the reading is folded: a section whose title begins so, and code whose first line does.
MORE, MORE_CODE = "More: ", "# More: "
SOLUTION = "Solution"  # of an exercise, folded as well
_TEXT_BEGINS = re.compile(r"#{20,}|# ?%%")


@dataclass(frozen=True)
class Block:
    """A block of a page's source; `line` is the number of its first line in the file."""

    is_code: bool
    text: str
    line: int


def read_page(path: Path) -> list[Block]:
    """Return the blocks of a page, whether it is a script or a notebook."""
    return list(_blocks_of(path, path.read_text("utf-8")))


@functools.cache  # of each source once a build: the law asks for them, and the page on the checks
def _blocks_of(path: Path, source: str) -> tuple[Block, ...]:
    return tuple(read_script(path) if path.suffix == ".py" else read_notebook(source))


def code_of(path: Path) -> str:
    """Return the code of a page. That of a script is all of it, also where it cannot be split since it is no Python."""
    source = path.read_text("utf-8")
    return source if path.suffix == ".py" else "\n".join(block.text for block in read_notebook(source) if block.is_code)


def code_blocks(path: Path) -> list[Block]:
    """Return the blocks of code of a page; unlike `read_page` this needs no Sphinx."""
    source = path.read_text("utf-8")
    blocks = script_code(source) if path.suffix == ".py" else read_notebook(source)
    return [block for block in blocks if block.is_code]


def script_code(source: str) -> Iterator[Block]:
    """Yield the blocks of code of a gallery script. Text is the docstring, and each run of comments after ``# %%``.

    >>> [(block.line, block.text) for block in script_code('"Title"\\nx = 1\\n# %%\\n# Text.\\ny = 2')]
    [(2, 'x = 1'), (5, 'y = 2')]
    """
    lines = source.split("\n")
    start = ast.parse(source).body[0].end_lineno or 0  # the docstring is the first statement
    while start < len(lines):
        end = next((i for i in range(start, len(lines)) if _TEXT_BEGINS.match(lines[i])), len(lines))
        if "".join(lines[start:end]).strip():
            yield Block(True, "\n".join(lines[start:end]), start + 1)
        start = next((i for i in range(end + 1, len(lines)) if not lines[i].startswith("#")), len(lines))


def without_words(code: str) -> str:
    """Return what decides what code does: its lines without comments, docstrings of functions, and empty lines.

    >>> without_words('def f():\\n    "Says it."\\n\\n    return "# 1"  # one')
    'def f():\\n    return "# 1"'
    """
    lines = code.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            first, last = node.body[0].lineno, node.body[0].end_lineno or 0
            if first > node.lineno:
                lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line for line in lines if line.strip())


def read_script(path: Path) -> list[Block]:
    """Return the blocks of a gallery script, split as the gallery itself splits it."""
    from sphinx_gallery.py_source_parser import split_code_and_text_blocks

    _, (docstring, *blocks) = split_code_and_text_blocks(str(path))
    # The gallery counts from the docstring; above it there may be script metadata.
    first_line = ast.parse(path.read_text("utf-8")).body[0].lineno
    first = Block(is_code=False, text=docstring.content, line=first_line)
    return [first, *(Block(block.type == "code", block.content, block.lineno) for block in blocks)]


def read_notebook(source: str) -> list[Block]:
    """Return the blocks of a MyST notebook: its code cells, and the Markdown between them.

    >>> [block.is_code for block in read_notebook("# Title\\n```{code-cell}\\n1 + 1\\n```\\n")]
    [False, True, False]
    """
    return list(_notebook_blocks(source.splitlines()))


def _notebook_blocks(lines: list[str]) -> Iterator[Block]:
    start = _end_of_front_matter(lines)
    is_code = False
    for number, line in enumerate(lines[start:], start=start):
        opens, closes = line.startswith(CODE_CELL), is_code and line.rstrip() == "```"
        if opens or closes:
            yield _block(is_code, lines[start:number], start + 1)
            start, is_code = number + 1, opens
    yield _block(is_code, lines[start:], start + 1)


def _block(is_code: bool, lines: list[str], line: int) -> Block:
    text = "\n".join(lines)
    if is_code:  # option lines such as `:tags: [...]` are not Python
        text = re.sub(r"\A(?::[\w-]+:.*\n?)+", lambda options: "\n" * options[0].count("\n"), text)
    return Block(is_code, text, line)


def _end_of_front_matter(lines: list[str]) -> int:
    if lines[:1] != ["---"]:
        return 0
    return next((i + 1 for i, line in enumerate(lines[1:], start=1) if line == "---"), 0)
