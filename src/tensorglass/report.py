"""How a result becomes a table: plain text for a terminal, accessible HTML for a notebook or a page.

A result object derives from `Report`, is a frozen dataclass, and says once, in `_content`, which sentences and tables
it consists of. The two renderings follow from that, so they cannot disagree. The result of a `with` block derives from
`Recording`.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

# The few rules that a table needs to be read outside our site, in a notebook. The colours are translucent, so that
# the reader's own text colour stays legible on them, in a light theme and in a dark one. JupyterLab aligns all cells to
# the right, by two classes and a name: the rules against that count one name more. What is too wide scrolls.
_STYLE = """<style>
.tensorglass { overflow-x: auto; }
.tensorglass table { border-collapse: collapse; margin: 0.5em 0; font-variant-numeric: tabular-nums; }
.tensorglass caption { text-align: left; font-weight: bold; padding: 0.2em 0; }
.tensorglass th, .tensorglass td { padding: 0.2em 0.7em; }
div.tensorglass.tensorglass th, div.tensorglass.tensorglass td { text-align: left; }
div.tensorglass.tensorglass .number { text-align: right; }
.tensorglass .code { font-family: monospace; font-weight: normal; }
.tensorglass .stretched, .tensorglass .missing { background:
  repeating-linear-gradient(45deg, rgba(127, 127, 127, 0.28) 0 2px, transparent 2px 7px); }
.tensorglass .clash { outline: 2px solid #d55e00; outline-offset: -2px; font-weight: bold; }
</style>"""


Class = TypeVar("Class", bound=type)


def public(cls: Class) -> Class:
    """Name a class as readers import it, in help() and in tracebacks. It stands in the table of public names.

    It comes after `dataclass`, which looks for the names of annotations in the module that a class names.
    """
    # The package's name as a text would count, where the pages' dependencies are read, as the use of every module.
    cls.__module__ = __name__.partition(".")[0]
    return cls


# A longer table is not read but searched, and a terminal shows about so many lines at once.
ROWS_SHOWN = 40


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its text, and the classes that colour or hatch it in HTML.

    A class never carries meaning alone: whatever it shows by colour, the text says in words.
    """

    text: str
    classes: tuple[str, ...] = ()


class NumberColumn(str):
    """The header of a column of numbers, which is aligned to the right."""


@dataclass(frozen=True)
class Table:
    """Rows under a header; the first cell of each row names the row."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]

    def shortened(self, which: str = "first", at_most: int = ROWS_SHOWN) -> Table:
        """Return the table, or its first rows if it is long; the caption then says which of how many they are.

        >>> print(Table("Letters", ("letter",), tuple((letter,) for letter in "abc")).shortened(at_most=2).to_text())
        Letters, the first 2 of 3
        <BLANKLINE>
        letter
        ------
        a
        b
        """
        if len(self.rows) <= at_most:
            return self
        caption = f"{self.caption}, the {which} {at_most} of {len(self.rows)}"
        return replace(self, caption=caption, rows=self.rows[:at_most])

    def to_text(self) -> str:
        """Return the table in plain text, with columns that line up."""
        grid = [self.header, *(tuple(_cell(value).text for value in row) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        lines = [self._text_line(cells, widths) for cells in grid]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([self.caption, "", lines[0], rule, *lines[1:]])

    def _text_line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        padded = (
            text.rjust(width) if self._is_numeric(column) else text.ljust(width)
            for column, (text, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    def to_html(self) -> str:
        """Return the table in HTML, with a caption and with headers that a screen reader can announce."""
        header = "".join(self._html_cell("th", "col", i, Cell(text)) for i, text in enumerate(self.header))
        body = "".join(f"<tr>{self._html_row(row)}</tr>\n" for row in self.rows)
        return (
            f"<table>\n<caption>{html.escape(self.caption)}</caption>\n"
            f"<thead><tr>{header}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
        )

    def _html_row(self, row: Sequence[str | Cell]) -> str:
        first, *rest = (_cell(value) for value in row)
        named = self._html_cell("th", "row", 0, first)
        return named + "".join(self._html_cell("td", "", i, cell) for i, cell in enumerate(rest, start=1))

    def _html_cell(self, tag: str, scope: str, column: int, cell: Cell) -> str:
        classes = (*cell.classes, "number") if self._is_numeric(column) else cell.classes
        attributes = f' scope="{scope}"' if scope else ""
        if classes:
            attributes += f' class="{" ".join(classes)}"'
        return f"<{tag}{attributes}>{html.escape(cell.text)}</{tag}>"

    def _is_numeric(self, column: int) -> bool:
        return isinstance(self.header[column], NumberColumn)


class Report:
    """The base of every result: prints as a table in a terminal, shows as one in a notebook."""

    def _content(self) -> Iterable[str | Table]:
        """Yield the sentences and tables of this result, in reading order."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n\n".join(part if isinstance(part, str) else part.to_text() for part in self._content())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        parts = (f"<p>{html.escape(part)}</p>" if isinstance(part, str) else part.to_html() for part in self._content())
        return "\n".join([f'<div class="tensorglass">{_STYLE}', *parts, "</div>"])


Recorded = TypeVar("Recorded")


class Recording(Report, Generic[Recorded]):
    """The base of what a `with` block returns: a result that is there when the block has ended.

    Whoever records gives it to `_end`, also if the block raised. A recording that can be read while it fills is given
    its list at the beginning.
    """

    _recorder: str  # the function that records, as an error names it where nothing can be read before the end

    def __init__(self, recorded: Recorded | None = None) -> None:
        self._data = recorded

    def _end(self, recorded: Recorded) -> None:
        self._data = recorded

    @property
    def _recorded(self) -> Recorded:
        if self._data is None:
            raise RuntimeError(f"{self._recorder} is still recording; read its figures after the with block")
        return self._data

    def _content(self) -> Iterable[str | Table]:
        if self._data is None:
            yield "still recording"
        else:
            yield from self._content_when_ended()

    def _content_when_ended(self) -> Iterable[str | Table]:
        """Yield the sentences and tables of a recording that has ended."""
        raise NotImplementedError


class Verdict(Report):
    """A report that answers yes or no: it is truthy exactly when it is ok."""

    ok: bool

    def __bool__(self) -> bool:
        return self.ok


def _cell(value: str | Cell) -> Cell:
    return value if isinstance(value, Cell) else Cell(value)


def by_block(paths: Sequence[str], at_most: int = ROWS_SHOWN) -> dict[str, list[int]]:
    """Return which of a model's dotted paths lie in which block, in order, for a table that is too long by path.

    The blocks are the paths cut after as many names as leave no more than `at_most` of them, and after one at least.

    >>> by_block(["wte", "h.0.attn", "h.0.mlp", "h.1.attn", "h.1.mlp"], at_most=3)
    {'wte': [0], 'h.0': [1, 2], 'h.1': [3, 4]}
    """
    names = [path.split(".") for path in paths]
    blocks: dict[str, list[int]] = {}
    for depth in sorted({cut for parts in names for cut, _ in enumerate(parts, start=1)}, reverse=True):
        blocks = {}
        for index, parts in enumerate(names):
            blocks.setdefault(".".join(parts[:depth]), []).append(index)
        if len(blocks) <= at_most:
            break
    return blocks


def counted(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it belongs.

    >>> counted(1, "element"), counted(12000, "element")
    ('1 element', '12,000 elements')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def number_text(value: float | None) -> str:
    """Return a number with four digits; nothing for None.

    >>> number_text(2 / 3), number_text(None)
    ('0.6667', '')
    """
    return "" if value is None else f"{value:.4g}"


def bytes_text(nbytes: int) -> str:
    """Return a number of bytes in the largest binary unit that keeps it at one or more.

    >>> bytes_text(48), bytes_text(4_000_000), bytes_text(4 * 10**12), bytes_text(-2048)
    ('48 bytes', '3.8 MiB', '3.6 TiB', '-2.0 KiB')
    """
    if nbytes < 0:
        return f"-{bytes_text(-nbytes)}"
    if nbytes < 1024:
        return counted(nbytes, "byte")
    unit, divisor = byte_unit(nbytes)
    return f"{nbytes / divisor:,.1f} {unit}"


def byte_unit(nbytes: int) -> tuple[str, int]:
    """Return the largest binary unit that keeps the number at one or more, and how many bytes it is.

    >>> byte_unit(1023), byte_unit(4_000_000)
    (('bytes', 1), ('MiB', 1048576))
    """
    exponent = min(max((nbytes.bit_length() - 1) // 10, 0), 5)
    return ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")[exponent], 1024**exponent
