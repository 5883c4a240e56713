"""The list of messages that the catalogue does not have names each that the pages show, and follows the pages."""

import pytest
from bs4 import BeautifulSoup
from some_parts import built, written

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

   EinsumError: of this library

.. code-block:: none

   TypeError: gain() got a text; expected a number

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
        "src/tensorglass/__init__.py": 'PUBLIC_NAMES = {"gain": "signals.gain"}\n',
        "docs/index.rst": "Site\n====\n\n.. toctree::\n\n   errors\n   auto_examples/index\n",
        "docs/errors.rst": "Errors\n======\n\n.. other-errors::\n",
        "docs/auto_examples/index.rst": "Gallery\n=======\n\n.. toctree::\n\n   page\n",
        "docs/auto_examples/page.rst": PAGE,
    }
    return written(tmp_path, files, "page.error_outputs", "lists.errors_shown", "lists.other_errors", "page.folded")


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
