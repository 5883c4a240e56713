"""What the build adds to pages: related pages, the figures of the checks, only the style sheets that are used."""

import json
from types import SimpleNamespace

import check_figures
import pytest
from related import related
from weight import drop_unused


def test_pages_that_share_rare_names_are_nearest():
    names = {
        "a": {"common", "rare", "own"},
        "b": {"common"},
        "c": {"common", "rare"},
        "d": {"common"},
        "e": set(),
        "f": {"common"},
    }
    assert related("a", names) == ["c", "b", "d"]  # of equals, the first in the order of reading; three at most
    assert related("e", names) == []


@pytest.fixture
def root(tmp_path):
    for name in ("src/library.py", "tests/test_library.py", "docs/page.md", "docs/auto_examples/page.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n", "utf-8")
    return tmp_path


def test_recorded_figures_are_of_the_sources_that_they_were_counted_on(root):
    before = check_figures.digest_of_sources(root)
    check_figures.record(root, "mutants", planted=1234, killed=1230, equivalent=4, survived=0)
    (root / "docs/auto_examples/page.md").write_text("generated\n", "utf-8")
    assert check_figures.digest_of_sources(root) == before
    (root / "src/library.py").write_text("x = 2\n", "utf-8")
    assert check_figures.digest_of_sources(root) != before
    recorded = json.loads((root / check_figures.RECORD).read_text("utf-8"))
    assert recorded["mutants"]["sources"] == before


def test_a_record_joins_the_others(root):
    check_figures.record(root, "tests", passed=2, comparisons=10)
    check_figures.record(root, "mutants", planted=3, killed=3, equivalent=0, survived=0)
    check_figures.record(root, "tests", passed=5, comparisons=20)
    recorded = json.loads((root / check_figures.RECORD).read_text("utf-8"))
    assert list(recorded) == ["mutants", "tests"]
    assert recorded["tests"]["passed"] == 5


def test_the_table_says_when_figures_are_of_other_sources():
    build = {"pages": 20, "claims": 200, "checks": 1000, "exercises": 40}
    tests = {"passed": 2100, "comparisons": 54321, "date": "2026-01-02", "sources": "now"}
    mutants = {"planted": 9, "killed": 8, "equivalent": 1, "survived": 0, "date": "2026-01-01", "sources": "then"}
    table = check_figures.rows(build, {"tests": tests, "mutants": mutants}, digest="now")
    assert table[2] == ("checks on the pages: asserts, comparisons, expected errors", "1,000", "in this build")
    assert [row[1:] for row in table[4:6]] == [("2,100", "2026-01-02"), ("54,321", "2026-01-02")]
    assert [row[1] for row in table[6:]] == ["9", "8", "1", "0"]
    assert {row[2] for row in table[6:]} == {"2026-01-01, for an earlier state of the sources"}
    assert len(check_figures.rows(build, {}, digest="now")) == 4  # nothing recorded, nothing said


def test_only_notebooks_load_the_style_of_notebooks():
    files = [SimpleNamespace(filename=f"_static/{name}") for name in ("furo.css", "mystnb.1.css", "sg_gallery.css")]

    def kept(body):
        context = {"body": body, "css_files": files, "script_files": ["_static/sg-tags.js", "_static/furo.js"]}
        drop_unused(None, "page", "page.html", context, None)
        assert context["script_files"] == ["_static/furo.js"]
        return [file.filename.removeprefix("_static/") for file in context["css_files"]]

    assert kept("<p>prose</p>") == ["furo.css"]
    assert kept('<div class="cell_input">') == ["furo.css", "mystnb.1.css"]
