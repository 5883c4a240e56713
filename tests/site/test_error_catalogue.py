"""The list of errors has each of the catalogue, as it was raised, and leads to the sections that show it."""

import re
from pathlib import Path

import pytest
from _ext.lists.error_catalogue import FAMILIES, USUAL, beginning, fix, kind_of, raised
from _ext.lists.raised_errors import PROGRAMS, VARIES
from _ext.lists.tables import sentence
from _ext.page.error_outputs import ERROR_LINE
from bs4 import BeautifulSoup
from places import ROOT

from tensorglass import explain_error
from tensorglass.errors.catalogue import ENTRIES, recognized
from tensorglass.errors.catalogue import FAMILIES as MODULES
from tensorglass.errors.messages import Message

KINDS = [entry.kind for entry in ENTRIES]


@pytest.fixture(scope="module")
def rows():
    return raised(ROOT)


def test_each_error_of_the_catalogue_has_its_row(rows):
    assert [row["kind"] for row in rows] == KINDS
    assert {name for names in FAMILIES.values() for name in names} == {each.__name__.split(".")[-1] for each in MODULES}
    assert set(USUAL) <= set(KINDS)


def test_a_row_says_what_the_library_says(rows):
    for row in rows:
        text = row["wordings"][0].replace(VARIES, "3")
        assert row["cause"].endswith("."), row
        assert row["type"] or row["kind"] in ("no_cuda", "no_driver"), row
        if not row["fixes"]:
            assert not explain_error(text).fixes, row


def in_order(wording, text):
    """Return whether a text has all words of a wording, one behind the other."""
    return re.search(".*?".join(re.findall("[A-Za-z_]{2,}", wording)), text) is not None


@pytest.fixture
def messages(monkeypatch):
    """All messages of the programs that raise an error, by its kind."""
    monkeypatch.syspath_prepend(ROOT / PROGRAMS)
    from reproductions import PROGRAMS as PROGRAMS_THAT_RAISE
    from trying import explained

    found = {}
    for program in PROGRAMS_THAT_RAISE:
        found.setdefault(program.kind, []).append(" ".join(explained(program.source).message.split()))
    return found


def test_a_wording_is_that_of_a_message_or_of_a_pattern(rows, messages):
    for row in rows:
        for wording in row["wordings"]:
            known = [*messages.get(row["kind"], []), *row["patterns"]]
            assert any(in_order(wording, text) for text in known), (row["kind"], wording)


def test_numbers_are_left_out(rows):
    """What is left of digits belongs to a name."""
    wordings = " ".join(wording for row in rows for wording in row["wordings"])
    assert re.findall(r"(?<![\w.#])\d+(?!\w)", wordings) == []


def test_a_message_is_sorted_as_the_library_sorts_it(rows):
    messages = (ROOT / "tests/library/errors/messages.txt").read_text("utf-8").splitlines()
    texts = [line.partition("\t")[2] for line in messages if re.match(r"[\w|-]+\t\w*Error: ", line)]
    assert len(texts) > 100
    for text in texts:
        message = Message(*text.split(": ", 1))
        found = recognized(message)
        assert kind_of(text, rows) == (found and found[0].kind), text


def test_code_in_a_sentence_is_code():
    assert [(type(part).__name__, part.astext()) for part in sentence("Give `a` one axis.")] == [
        ("Text", "Give "),
        ("literal", "a"),
        ("Text", " one axis."),
    ]


def test_a_fix_stands_on_one_line():
    assert fix("a = b\n  c", "two lines", None).astext() == "a = b; c: two lines"
    assert fix("a + b.T", "shape (2,)", "a  + b").astext() == "a + b.T, not a + b: shape (2,)"


def test_a_message_is_told_by_its_beginning():
    assert beginning("short") == "short"
    assert beginning(f"{'word ' * 12}{VARIES} {VARIES} end of it") == f"{'word ' * 12}{VARIES}"


OUTPUTS = ".error-output:not(.record-output) pre"  # what another device said is told as its record


@pytest.fixture(scope="module")
def listed(built_site):
    page = BeautifulSoup((built_site / "errors.html").read_text("utf-8"), "html.parser")
    return {term["id"]: (term, term.find_next_sibling("dd")) for term in page.select("dl.errors > dt")}


@pytest.mark.long
@pytest.mark.site
def test_the_page_lists_each_error(listed, built_site):
    assert sorted(listed) == sorted(KINDS)
    for kind, (term, said) in listed.items():
        assert term.code.text.strip(), kind
        assert said.select_one("p:not(.wordings, .places)").text.endswith("."), kind


@pytest.mark.long
@pytest.mark.site
def test_links_lead_to_sections_that_show_the_message(listed, built_site, rows):
    pages = {}
    for kind, (_, said) in listed.items():
        for link in said.select(".places a"):
            page, _, anchor = link["href"].partition("#")
            found = pages.setdefault(page, BeautifulSoup(Path(built_site, page).read_text("utf-8"), "html.parser"))
            section = found.find(id=anchor) if anchor else found
            assert section, link
            messages = [line for out in section.select(OUTPUTS) for line in ERROR_LINE.findall(out.text)]
            entry = next(entry for entry in ENTRIES if entry.kind == kind)
            assert kind in {kind_of(message, rows) for message in messages} or entry.page == link["href"], link


@pytest.mark.long
@pytest.mark.site
def test_every_message_of_the_gallery_is_listed(listed, built_site, rows):
    others = BeautifulSoup((built_site / "errors.html").read_text("utf-8"), "html.parser").select("li:has(> p + ul)")
    known = {re.sub(r"\d+", "0", each.p.text) for each in others}
    shown = set()
    for path in sorted(built_site.glob("auto_examples/*/*.html")):
        for output in BeautifulSoup(path.read_text("utf-8"), "html.parser").select(OUTPUTS):
            shown |= set(ERROR_LINE.findall(output.text))
    assert len(shown) > 50
    for message in shown:
        kind = kind_of(message, rows)
        own = message.startswith(("EinsumError", "TypeError: storage_cells()"))
        assert (kind in listed) or own or re.sub(r"\d+", "0", message) in known, message


@pytest.mark.long
@pytest.mark.site
@pytest.mark.parametrize("entry", [each for each in ENTRIES if each.page], ids=lambda entry: entry.kind)
def test_the_library_leads_to_pages_that_there_are(built_site, entry):
    page, _, anchor = entry.page.partition("#")
    found = BeautifulSoup(Path(built_site, page).read_text("utf-8"), "html.parser")
    assert not anchor or found.find(id=anchor)
