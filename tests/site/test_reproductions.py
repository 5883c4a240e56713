"""The table of a section holds what its pages found, in their order, and follows them."""

import json
from types import SimpleNamespace

import pytest
import some_parts
from _ext.runs.gallery import keep_reproduction
from bs4 import BeautifulSoup
from some_parts import written

from tensorglass import reproduction

PAGES = ("first", "second")


def handed_over(folder, page, **variables):
    """Return what the gallery hands to its scrapers after a block of this page."""
    return {"example_globals": {"torch": None, **variables}, "target_file": str(folder / f"{page}.py")}


def found(claim="a claim", ours=0.5):
    return reproduction((claim, "table 1", 0.5, ours, 0.1))


def test_a_page_without_published_values_writes_nothing(tmp_path):
    assert keep_reproduction((), handed_over(tmp_path, "page", results=3), {}) == ""
    assert list(tmp_path.iterdir()) == []


def test_the_last_comparison_of_a_page_counts(tmp_path):
    assert keep_reproduction((), handed_over(tmp_path, "page", first=found("old"), results=found()), {}) == ""
    written = json.loads((tmp_path / "page.reproduction.json").read_text("utf-8"))
    assert written["header"] == ["what", "in the paper", "published", "here", "tolerance", "verdict"]
    assert written["rows"] == [["a claim", "table 1", "0.5", "0.5", "± 0.1", "agrees"]]


@pytest.fixture
def project(tmp_path):
    """Return a project with a section of two pages, of which the second stands first in reading order."""
    files = {f"docs/auto_examples/papers/{page}.rst": f"The {page} page\n===============\n\nText.\n" for page in PAGES}
    files |= {
        "examples/papers/GALLERY_HEADER.rst": ".. reading order: second first\n",
        "docs/index.rst": "Site\n====\n\n.. toctree::\n\n   auto_examples/papers/index\n",
        "docs/auto_examples/papers/index.rst": (
            "Papers\n======\n\n.. reproductions::\n\n.. toctree::\n\n   first\n   second\n"
        ),
    }
    docs = written(tmp_path, files, "lists.reproductions", "page.folded")
    return SimpleNamespace(docs=docs, pages=docs / "auto_examples" / "papers")


def run(project, page, **arguments):
    """Do what a run of the page does: hand over its result, and leave the mark of the run."""
    keep_reproduction((), handed_over(project.pages, page, results=found(**arguments)), {})
    (project.pages / f"{page}.py.md5").write_text(str(arguments), "utf-8")


def built(project):
    """Build, and return the table alone."""
    out, _ = some_parts.built(project.docs)
    page = (out / "auto_examples" / "papers" / "index.html").read_text("utf-8")
    return page.split("</h1>")[1].split('class="toctree-wrapper')[0]


@pytest.mark.long
def test_before_the_first_run_the_section_says_so(project):
    assert "No page of this section has run." in built(project)


@pytest.mark.long
def test_the_table_is_in_reading_order_names_the_pages_and_follows_them(project):
    run(project, "first", claim="claim of the first")
    run(project, "second", claim="claim of the second")
    text = built(project)
    assert 0 < text.index("claim of the second") < text.index("claim of the first")
    assert text.index("The second page") < text.index("claim of the second")
    assert "agrees" in text
    assert "departs" not in text
    run(project, "first", claim="claim of the first", ours=0.7)
    assert "departs" in built(project)


@pytest.mark.long
def test_a_page_is_one_line_with_its_counts_and_its_rows_are_folded_below(project):
    values = [("a", "table 1 (not checked)", 0.5, 0.25, 0.1), ("b", "table 1", "yes", "yes", None), ("c", "x", 1, 1, 1)]
    keep_reproduction((), handed_over(project.pages, "first", results=reproduction(*values)), {})
    page = BeautifulSoup(built(project), "html.parser")
    (folded,) = page.select("details.of-page:not([open])")
    assert folded.summary.text == "The first page agrees: 2, departs: 1, not checked: 1"
    assert [link["href"] for link in folded.select("a")] == ["first.html"]
    rows = [[cell.text for cell in row.select("td")] for row in folded.select("tbody tr")]
    assert [row[1] for row in rows] == ["table 1\N{NO-BREAK SPACE}\N{DAGGER}", "table 1", "x"]
    assert "Of 1 papers, 3 results." in page.text
    assert page.text.count("Not checked.") == 1


@pytest.mark.long
def test_where_all_is_checked_there_is_no_note(project):
    run(project, "first")
    assert "checked" not in built(project)
