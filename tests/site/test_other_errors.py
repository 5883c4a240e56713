"""The list of error messages names each that the pages show, with its places, and follows the pages."""

import re
from pathlib import Path

import pytest
from _ext.page.error_outputs import ERROR_LINE
from bs4 import BeautifulSoup
from some_parts import built, written

from tensorglass.errors.catalogue import ENTRIES

PAGE = """The page
========

A section
---------

.. code-block:: none

   a line
   RuntimeError: size 3 is not size 4
   and a second line

Exercise
--------

Solution
~~~~~~~~

.. code-block:: none

   ValueError: not a value

.. code-block:: none

   RuntimeError: size 5 is not size 6
"""


def build(project):
    """Build, and return the page with the list."""
    return built(project)[0] / "errors.html"


def listed(page):
    """Return the messages of the list, each with the addresses and texts of its links."""
    entries = BeautifulSoup(page.read_text("utf-8"), "html.parser").select("li:has(> p + ul)")
    return {each.p.text: [(link["href"], link.text) for link in each.ul.select("a")] for each in entries}


@pytest.fixture
def project(tmp_path):
    files = {
        "docs/index.rst": "Site\n====\n\n.. toctree::\n\n   errors\n   auto_examples/index\n",
        "docs/errors.rst": "Errors\n======\n\n.. error-index::\n",
        "docs/auto_examples/index.rst": "Gallery\n=======\n\n.. toctree::\n\n   page\n",
        "docs/auto_examples/page.rst": PAGE,
    }
    return written(tmp_path, files, "page.error_outputs", "lists.errors_explained", "page.folded")


@pytest.mark.long
def test_messages_are_listed_once_with_the_sections_that_show_them(project):
    assert listed(build(project)) == {
        "RuntimeError: size 3 is not size 4": [
            ("auto_examples/page.html#a-section", "A section"),
            ("auto_examples/page.html#exercise", "Exercise"),
        ],
        "ValueError: not a value": [("auto_examples/page.html#exercise", "Exercise")],
    }


@pytest.mark.long
def test_the_list_follows_the_pages(project):
    page = project / "auto_examples" / "page.rst"
    before = listed(build(project))
    written = build(project).stat().st_mtime_ns
    assert build(project).stat().st_mtime_ns == written  # nothing changed, nothing is written
    page.write_text(PAGE.replace("ValueError: not a value", "KeyError: not a key"))
    after = listed(build(project))
    assert "ValueError: not a value" in before
    assert list(after) == ["RuntimeError: size 3 is not size 4", "KeyError: not a key"]


OUTPUTS = ".error-output:not(.record-output) pre"  # what another device said is told as its record


@pytest.mark.long
@pytest.mark.site
def test_every_message_of_the_gallery_leads_to_its_section(built_site):
    places = listed(built_site / "errors.html")
    shown = set()
    for path in sorted(built_site.glob("auto_examples/*/*.html")):
        for output in BeautifulSoup(path.read_text("utf-8"), "html.parser").select(OUTPUTS):
            shown |= {re.sub(r"\d+", "0", line) for line in ERROR_LINE.findall(output.text)}
    assert {re.sub(r"\d+", "0", message) for message in places} == shown
    assert len(shown) > 30
    for message, links in places.items():
        for address, title in links:
            page, anchor = address.split("#")
            section = BeautifulSoup(Path(built_site, page).read_text("utf-8"), "html.parser").find(id=anchor)
            folded = section.find_parent("details")  # whose button carries the title
            assert title in (folded or section).text
            assert re.sub(r"\d+", "0", message) in re.sub(r"\d+", "0", section.text)


@pytest.mark.long
@pytest.mark.site
@pytest.mark.parametrize("entry", [each for each in ENTRIES if each.page], ids=lambda entry: entry.kind)
def test_the_library_leads_to_pages_that_there_are(built_site, entry):
    page, _, anchor = entry.page.partition("#")
    found = BeautifulSoup(Path(built_site, page).read_text("utf-8"), "html.parser")
    assert not anchor or found.find(id=anchor)
