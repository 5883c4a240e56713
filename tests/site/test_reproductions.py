"""The table of a section holds what its pages found, in their order, and follows them."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from _ext.lists import reproductions

from tensorglass import reproduction

ROOT = Path(__file__).parents[2]


def handed_over(folder, page, **variables):
    """Return what the gallery hands to its scrapers after a block of this page."""
    return {"example_globals": {"torch": None, **variables}, "target_file": str(folder / f"{page}.py")}


def found(claim="a claim", ours=0.5):
    return reproduction((claim, "table 1", 0.5, ours, 0.1))


def test_a_page_without_published_values_writes_nothing(tmp_path):
    assert reproductions.scrape((), handed_over(tmp_path, "page", results=3), {}) == ""
    assert list(tmp_path.iterdir()) == []


def test_the_last_comparison_of_a_page_counts(tmp_path):
    assert reproductions.scrape((), handed_over(tmp_path, "page", first=found("old"), results=found()), {}) == ""
    written = json.loads((tmp_path / "page.reproduction.json").read_text("utf-8"))
    assert written["header"] == ["what", "in the paper", "published", "here", "tolerance", "verdict"]
    assert written["rows"] == [["a claim", "table 1", "0.5", "0.5", "± 0.1", "agrees"]]


@pytest.fixture
def project(tmp_path):
    """Return a project with a section of two pages, of which the second stands first in reading order."""
    section, pages = tmp_path / "examples" / "papers", tmp_path / "docs" / "auto_examples" / "papers"
    section.mkdir(parents=True)
    pages.mkdir(parents=True)
    (section / "GALLERY_HEADER.rst").write_text(".. reading order: second first\n", "utf-8")
    (tmp_path / "docs" / "conf.py").write_text(
        "extensions = ['_ext.lists.reproductions']\nhtml_theme = 'basic'\nexclude_patterns = ['_build']\n", "utf-8"
    )
    (tmp_path / "docs" / "index.rst").write_text(
        "Site\n====\n\n.. toctree::\n\n   auto_examples/papers/index\n", "utf-8"
    )
    (pages / "index.rst").write_text(
        "Papers\n======\n\n.. reproductions::\n\n.. toctree::\n\n   first\n   second\n", "utf-8"
    )
    for page in ("first", "second"):
        (pages / f"{page}.rst").write_text(f"The {page} page\n===============\n\nText.\n", "utf-8")
    return SimpleNamespace(root=tmp_path, pages=pages)


def run(project, page, **arguments):
    """Do what a run of the page does: hand over its result, and leave the mark of the run."""
    reproductions.scrape((), handed_over(project.pages, page, results=found(**arguments)), {})
    (project.pages / f"{page}.py.md5").write_text(str(arguments), "utf-8")


def built(project):
    docs = project.root / "docs"
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(docs), str(docs / "_build")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT / "docs")})
    assert done.returncode == 0, done.stderr
    page = (docs / "_build" / "auto_examples" / "papers" / "index.html").read_text("utf-8")
    return page.split("</h1>")[1].split('class="toctree-wrapper')[0]  # the table alone


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
    assert text.count("The second page") == 1
    run(project, "first", claim="claim of the first", ours=0.7)
    assert "departs" in built(project)


@pytest.mark.long
def test_a_page_is_named_once_for_all_its_rows(project):
    both = reproduction(("a", "table 1", 0.5, 0.5, 0.1), ("b", "table 1", "yes", "yes", None))
    reproductions.scrape((), handed_over(project.pages, "first", results=both), {})
    text = built(project)
    assert text.count("The first page") == 1
    assert 'rowspan="2"' in text
