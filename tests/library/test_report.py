"""The base of all results: the two renderings, word for word."""

import dataclasses
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tensorglass.report import (
    Cell,
    NumberColumn,
    Recording,
    Report,
    Table,
    Verdict,
    by_block,
    byte_unit,
    bytes_text,
    counted,
    number_text,
)

TABLE = Table(
    "Sizes <b>",
    ("name", NumberColumn("size")),
    (("a & b", "3"), (Cell("long name", ("axis1",)), Cell("12", ("clash",)))),
)


@dataclasses.dataclass(frozen=True, repr=False)
class Example(Verdict):
    ok: bool

    def _content(self) -> Iterator[str | Table]:
        yield "One <sentence>."
        yield TABLE


def test_text_lines_up():
    assert TABLE.to_text() == ("Sizes <b>\n\nname       size\n---------  ----\na & b         3\nlong name    12")


def test_no_line_of_text_ends_in_blanks():
    table = Table("", ("a", "b"), (("x", ""), ("y", "long")))
    assert table.to_text().splitlines() == ["", "", "a  b", "-  ----", "x", "y  long"]


def test_html_is_escaped_and_has_headers():
    assert TABLE.to_html() == (
        "<table>\n<caption>Sizes &lt;b&gt;</caption>\n"
        '<thead><tr><th scope="col">name</th><th scope="col" class="number">size</th></tr></thead>\n<tbody>\n'
        '<tr><th scope="row">a &amp; b</th><td class="number">3</td></tr>\n'
        '<tr><th scope="row" class="axis1">long name</th><td class="clash number">12</td></tr>\n'
        "</tbody>\n</table>"
    )


def test_html_cells_stand_side_by_side():
    row = '<tr><th scope="row">x</th><td>y</td><td>z</td></tr>'
    assert row in Table("", ("a", "b", "c"), (("x", "y", "z"),)).to_html()


def test_a_report_shows_all_parts_in_both_renderings():
    example = Example(ok=True)
    assert str(example) == repr(example) == "One <sentence>.\n\n" + TABLE.to_text()
    html = example._repr_html_()
    assert html.startswith('<div class="tensorglass"><style>')
    assert html.endswith("<p>One &lt;sentence&gt;.</p>\n" + TABLE.to_html() + "\n</div>")


def test_html_is_well_formed():
    open_tags = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            open_tags.append(tag)

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

    Parser().feed(Example(ok=True)._repr_html_())
    assert open_tags == []


def test_a_verdict_is_truthy_exactly_when_ok():
    assert Example(ok=True)
    assert not Example(ok=False)


def test_a_report_says_that_parts_are_needed():
    with pytest.raises(NotImplementedError):
        str(Report())


def test_rows_must_fit_the_header():
    with pytest.raises(ValueError, match="zip"):
        Table("", ("a", "b"), (("x",),)).to_text()


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 cells"), (1, "1 cell"), (2, "2 cells"), (1_234_567, "1,234,567 cells")]
)
def test_counted(number, text):
    assert counted(number, "cell") == text


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [
        (-1, "-1 byte"),
        (-4000, "-3.9 KiB"),
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1,024.0 KiB"),
        (1024**2, "1.0 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (5 * 1024**4, "5.0 TiB"),
        (7 * 1024**5, "7.0 PiB"),
        (2000 * 1024**5, "2,000.0 PiB"),
    ],
)
def test_bytes_text(nbytes, text):
    assert bytes_text(nbytes) == text


@pytest.mark.parametrize(
    ("nbytes", "unit"),
    [
        (0, ("bytes", 1)),
        (1023, ("bytes", 1)),
        (1024, ("KiB", 1024)),
        (2**40, ("TiB", 2**40)),
        (2**70, ("PiB", 2**50)),
    ],
)
def test_byte_unit(nbytes, unit):
    assert byte_unit(nbytes) == unit


def test_numbers_have_four_digits():
    assert [number_text(value) for value in (None, 0.0, 12345.0, 2 / 3)] == ["", "0", "1.234e+04", "0.6667"]


def test_a_long_table_shows_its_first_rows_and_says_so():
    table = Table("Letters", ("letter",), tuple((letter,) for letter in "abcd"))
    assert table.shortened(at_most=4) is table
    shorter = table.shortened(at_most=3)
    assert (shorter.caption, shorter.rows) == ("Letters, the first 3 of 4", (("a",), ("b",), ("c",)))
    assert table.shortened("highest", at_most=1).caption == "Letters, the highest 1 of 4"
    rows = tuple((str(i),) for i in range(41))
    assert Table("", ("row",), rows[:40]).shortened().rows == rows[:40]
    assert Table("", ("row",), rows).shortened().rows == rows[:40]


class Count(Recording[list[int]]):
    _recorder = "count()"

    def _content_when_ended(self) -> Iterator[str]:
        yield f"{len(self._recorded)} numbers"


def test_a_recording_is_read_when_it_has_ended():
    count = Count()
    assert str(count) == "still recording"
    with pytest.raises(RuntimeError) as raised:
        count._recorded  # noqa: B018 - the access is what is tested
    assert str(raised.value) == "count() is still recording; read its figures after the with block"
    count._end([])
    assert (str(count), count._recorded) == ("0 numbers", [])
    assert str(Count([1, 2])) == "2 numbers"


def test_a_recording_says_that_its_content_is_needed():
    with pytest.raises(NotImplementedError):
        str(Recording([1]))


PATHS = ["wte", "h.0.attn.q", "h.0.attn.k", "h.0.mlp", "h.1.attn.q", "h.1.mlp", "head"]


@pytest.mark.parametrize(
    ("at_most", "blocks"),
    [
        (7, [[0], [1], [2], [3], [4], [5], [6]]),
        (6, [[0], [1, 2], [3], [4], [5], [6]]),
        (5, [[0], [1, 2, 3], [4, 5], [6]]),
        (4, [[0], [1, 2, 3], [4, 5], [6]]),
        (3, [[0], [1, 2, 3, 4, 5], [6]]),
        (1, [[0], [1, 2, 3, 4, 5], [6]]),
    ],
)
def test_paths_are_cut_as_little_as_the_limit_allows(at_most, blocks):
    found = by_block(PATHS, at_most)
    assert list(found.values()) == blocks
    assert all(PATHS[index].startswith(name) for name, indices in found.items() for index in indices)


def test_blocks_of_no_path_and_of_paths_that_stand_twice():
    assert by_block([]) == {}
    assert by_block([""]) == {"": [0]}
    assert by_block(["a.b", "a", "a.b"]) == {"a.b": [0, 2], "a": [1]}
    assert len(by_block([f"m.{i}" for i in range(40)])) == 40
    assert by_block([f"m.{i}" for i in range(41)]) == {"m": list(range(41))}
