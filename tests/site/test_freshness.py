"""No stale page: on a throw-away gallery, what changed runs again, and only that.

Each test begins with the gallery as it was written, and built once.
"""

import json
import re
import resource

import pytest
from bs4 import BeautifulSoup
from throwaway import PAGE, Throwaway

pytestmark = pytest.mark.long

EVERYTHING = ["alpha", "beta", "notebook"]
LINE_OF_CHECK = PAGE.split("\n").index("assert {name}() == 7") + 1


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    made = Throwaway(tmp_path_factory.mktemp("project"))
    assert made.ran() == EVERYTHING
    made.keep()
    return made


def seconds_of_children():
    """Return the processor time of the processes that this one has started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.timing
def test_nothing_changed_nothing_runs(project):
    before = seconds_of_children()
    assert project.ran() == []
    assert seconds_of_children() - before < 4


def test_an_idle_build_imports_neither_torch_nor_the_library(project):
    project.write("docs/spy.py", (
        "import sys\n"
        "def report(app, exception):\n"
        "    print('IMPORTED', [name for name in ('torch', 'tensorglass') if name in sys.modules])\n"
        "def setup(app):\n"
        "    app.connect('build-finished', report, priority=999)\n"
    ))  # fmt: skip
    project.replace("docs/conf.py", '    "_ext",\n', '    "_ext",\n    "spy",\n')
    _, result = project.build()
    _, result = project.build()
    assert "IMPORTED []" in result.stdout
    project.replace("docs/conf.py", '    "spy",\n', "")
    assert project.ran() == []


def test_a_module_reruns_exactly_the_pages_that_use_it(project):
    project.replace("src/tensorglass/second.py", "return 7", "return 8 - 1")
    assert project.ran() == ["beta"]
    project.replace("src/tensorglass/common.py", "7", "8 - 1")  # alpha uses it, by an import inside a function
    assert project.ran() == ["alpha"]
    project.replace("src/tensorglass/third.py", "return 7", "return 8 - 1")
    assert project.ran() == ["notebook"]
    project.replace("src/tensorglass/__init__.py", '"0"', '"1"')
    assert project.ran() == EVERYTHING
    assert project.ran() == []


def test_a_script_or_a_cell_reruns_its_page(project):
    project.replace("examples/broadcasting/uses_beta.py", "None.", "None at all.")
    assert project.ran() == ["beta"]
    project.replace("docs/notebook.md", "assert gamma() == 7", "assert gamma() - 7 == 0")
    assert project.ran() == ["notebook"]
    # A cell that comes back does not bring back outputs from before.
    project.replace("docs/notebook.md", "assert gamma() - 7 == 0", "assert gamma() == 7")
    assert project.ran() == ["notebook"]
    assert project.ran() == []


def test_prose_of_a_notebook_is_read_again(project):
    project.replace("docs/notebook.md", "# A notebook", "# A fine notebook")
    project.ran()
    assert "A fine notebook" in (project.site / "notebook.html").read_text()


def test_another_torch_version_reruns_all(project):
    metadata = "src/torch-99.0.dist-info/METADATA"
    project.write(metadata, "Metadata-Version: 2.1\nName: torch\nVersion: 99.0\n")
    assert project.ran() == EVERYTHING
    assert "torch 99.0" in (project.site / "auto_examples/broadcasting/uses_beta.html").read_text()
    assert project.ran() == []
    (project.root / metadata).unlink()
    (project.root / metadata).parent.rmdir()
    assert project.ran() == EVERYTHING


def test_another_device_reruns_all(project):
    assert project.ran(TENSORGLASS_DEVICE="meta") == EVERYTHING
    assert project.ran() == EVERYTHING


def test_other_settings_rerun_what_they_govern(project):
    project.replace("docs/conf.py", '"capture_repr": ("_repr_html_", "__repr__")', '"capture_repr": ("__repr__",)')
    assert project.ran() == ["alpha", "beta"]
    project.replace("docs/conf.py", "nb_execution_timeout = 120", "nb_execution_timeout = 121")
    assert project.ran() == ["notebook"]
    project.replace("docs/conf.py", 'html_title = "tensorglass"', 'html_title = "another title"')
    assert project.ran() == []
    assert not (project.site / ".buildinfo.bak").exists()


def test_one_page_alone(project):
    project.replace("src/tensorglass/__init__.py", '"0"', '"1"')  # all are stale now
    assert project.ran("-D", "tensorglass_only=uses_alpha") == ["alpha"]
    assert project.ran("-D", "tensorglass_only=notebook") == ["notebook"]
    assert project.ran() == ["beta"]


def test_what_ran_for_another_folder_is_read_again(project):
    project.replace("docs/notebook.md", 'print(f"', 'print("seen", f"')
    assert project.ran("-D", "tensorglass_only=notebook", name="only") == ["notebook"]
    assert project.ran() == []
    assert "seen" in (project.site / "notebook.html").read_text("utf-8")
    project.replace("src/tensorglass/third.py", "return 7", "return 8 - 1")
    assert project.ran(name="only") == ["notebook"]
    page = project.site / "notebook.html"
    before = page.stat().st_mtime_ns
    assert project.ran() == []
    assert page.stat().st_mtime_ns > before
    assert project.ran() == []


def test_what_is_edited_while_a_page_runs_makes_it_stale(project):
    module = project.root / "src/tensorglass/second.py"
    edit = f'if "EDIT" in os.environ: open({str(module)!r}, "a").write("# edited\\n")'
    project.replace("examples/broadcasting/uses_beta.py", "assert beta() == 7", f"assert beta() == 7\n{edit}")
    assert project.ran(EDIT="1") == ["beta"]
    assert project.ran() == ["beta"]
    assert project.ran() == []
    project.replace("examples/broadcasting/uses_beta.py", f"\n{edit}", "")
    project.replace("src/tensorglass/second.py", "# edited\n", "")
    assert project.ran() == ["beta"]


def test_a_page_that_fails_is_not_taken_for_fresh(project):
    project.replace("src/tensorglass/second.py", "return 7", "return 8")
    said = (
        f"uses_beta.py:{LINE_OF_CHECK}: ERROR: the page did not run to its end: AssertionError at assert beta() == 7\n"
    )
    for _ in range(2):
        pages, result = project.build()
        assert pages == ["beta"]
        assert result.returncode != 0
        assert result.stderr.endswith(said)
    project.replace("src/tensorglass/second.py", "return 8", "return 7")
    assert project.ran() == ["beta"]


def test_a_script_that_is_no_python_is_told_before_anything_is_run(project):
    project.replace("src/tensorglass/first.py", "return seven", "return seven + 0")
    project.replace("examples/broadcasting/uses_beta.py", "assert beta() == 7", "assert beta( == 7")
    pages, result = project.build()
    assert pages == []
    assert result.returncode != 0
    path = project.root / "examples/broadcasting/uses_beta.py"
    assert result.stderr == f"{path}:{LINE_OF_CHECK}: ERROR: invalid syntax: assert beta( == 7\n"
    project.replace("src/tensorglass/first.py", "return seven + 0", "return seven")
    project.replace("examples/broadcasting/uses_beta.py", "assert beta( == 7", "assert beta() == 7")
    assert project.ran() == []  # nothing ran meanwhile, and nothing is stale


def test_a_broken_law_fails_every_build_until_it_is_mended(project):
    project.replace("examples/broadcasting/uses_beta.py", "It is 7.", "It is 7, or 11.")
    for _ in range(2):
        _, result = project.build()
        assert result.returncode != 0
        assert (
            "uses_beta.py:15: ERROR: the number 11 stands in neither the code nor the output of the page"
            in result.stderr
        )
    project.replace("examples/broadcasting/uses_beta.py", "It is 7, or 11.", "It is 7.")
    project.replace("examples/broadcasting/uses_beta.py", ":Level: beginner", "")
    _, result = project.build()
    assert result.returncode != 0
    assert "uses_beta.py:4: ERROR: no line ':Level: ' with one of beginner" in result.stderr
    project.replace("examples/broadcasting/uses_beta.py", "It is run.\n", "It is run.\n\n:Level: beginner\n")
    project.replace("docs/notebook.md", "assert gamma() == 7", "gamma()")
    _, result = project.build()
    assert result.returncode != 0
    assert "notebook.md:11: ERROR: 'A notebook' claims something" in result.stderr
    project.replace("docs/notebook.md", "\ngamma()\n", "\nassert gamma() == 7\n")
    project.ran()


def test_pages_come_and_go(project):
    project.write("examples/broadcasting/uses_new.py", PAGE.format(name="beta").replace("about beta", "about news"))
    assert project.ran() == ["beta"]
    assert (project.site / "auto_examples/broadcasting/uses_new.html").exists()
    (project.root / "examples/broadcasting/uses_new.py").unlink()
    assert project.ran() == []
    assert not list((project.root / "docs/auto_examples").rglob("uses_new.*"))
    assert not list((project.site).rglob("*uses_new*"))
    assert list((project.site).rglob("uses_beta.*"))


def parsed(page):
    return BeautifulSoup(page.read_text("utf-8"), "html.parser")


def test_outputs_are_marked_for_what_they_are(project):
    site = project.site
    page = (site / "auto_examples/broadcasting/uses_alpha.html").read_text()
    assert 'clock <span class="measured">987654321 ticks</span> and on' in page
    assert '<span class="measured">987654321 ticks</span>' in (site / "notebook.html").read_text()
    assert "987654321" not in (site / "search_sections.js").read_text()
    assert not re.search("[\ue000-\ue0ff]", page)
    # An error looks like one; another output does not.
    assert re.search(
        r'<div class="[^"]*error-output[^"]*"><div class="highlight"><pre>(?:<span></span>)?ValueError: not', page
    )
    assert page.count("error-output") == 1


def test_solutions_are_folded(project):
    page = parsed(project.site / "auto_examples/broadcasting/uses_alpha.html")
    (solution,) = page.select("details.solution:not([open])")
    assert solution.summary.text == "Solution"
    assert solution.select("#solution pre")[-1].text == "ValueError: not a ValueError\n"
    assert "Because of it." in solution.text
    assert "Why 7?" not in solution.text
    assert page.select('[href="#solution"]') == []


def test_what_carries_a_proof_is_folded_and_can_be_linked(project):
    page = parsed(project.site / "auto_examples/broadcasting/uses_alpha.html")
    (more,) = page.select("details.more:not(.more-code, [open])")
    assert more.summary.text == "What is odd"
    assert "It is odd." in more.select_one("#more-what-is-odd").text
    assert [pre.text for pre in more.select("pre")] == ['print("remainder", 7 % 2)\n', "remainder 1\n"]
    assert page.select_one('.toc-drawer a[href="#more-what-is-odd"]').text == "What is odd"
    assert '"more-what-is-odd","What is odd","It is odd."' in (project.site / "search_sections.js").read_text()


def test_lines_that_draw_are_folded_without_what_they_show(project):
    page = parsed(project.site / "auto_examples/broadcasting/uses_alpha.html")
    (code,) = page.select("details.more-code:not([open])")
    assert code.summary.text == "Code: halves it"
    assert [pre.text for pre in code.select("pre")] == ['print("half of it is", 7 / 2)\n']
    output = code.find_next(class_="sphx-glr-script-out")
    assert "half of it is 3.5" in output.text
    assert output.find_parent("details") is None


def test_a_page_says_for_whom_it_is_and_how_long_it_takes(project):
    page = parsed(project.site / "auto_examples/broadcasting/uses_alpha.html")
    assert page.select_one(".reading-time").text == "Beginner · 1 minute to read"
    assert page.select("article dl.field-list") == []


def test_the_site_serves_the_wheel_that_the_pages_name(project):
    site = project.site
    (wheel,) = site.glob("*.whl")
    page = (site / "auto_examples/broadcasting/uses_alpha.html").read_text()
    assert f'href="../../{wheel.name}"' in page
    assert f"pip install matplotlib {wheel.name}\npython uses_alpha.py" in page
    before = wheel.read_bytes()
    project.replace("src/tensorglass/common.py", "7", "8 - 1")
    project.ran()
    assert wheel.read_bytes() != before


def test_what_a_page_ran_on_is_on_the_page(project):
    page = (project.site / "auto_examples/broadcasting/uses_beta.html").read_text()
    record = json.loads((project.root / "docs/_build/runs/auto_examples/broadcasting/uses_beta.json").read_text())
    assert f"ran on CPU with torch {record['environment']['torch']} and Python" in page
    assert f'<span class="measured">{record["date"]}</span>' in page
    assert f'<span class="measured">{record["seconds"]:.1f} s</span>' in page
    notebook = (project.site / "notebook.html").read_text()
    assert "This page ran on CPU with torch" in notebook
    assert "This page ran on" not in (project.site / "index.html").read_text()


def test_pages_follow_the_title_of_another_page(project):
    neighbour = project.site / "auto_examples/broadcasting/uses_beta.html"
    assert project.ran() == []
    project.replace("examples/broadcasting/uses_alpha.py", "A page about alpha\n==================", "Renamed\n=======")
    assert project.ran() == ["alpha"]
    text = neighbour.read_text("utf-8")
    assert "A page about alpha" not in text
    assert text.count("Renamed") >= 2  # in the sidebar, and as the previous page
    written = neighbour.stat().st_mtime_ns
    assert project.ran() == []
    assert neighbour.stat().st_mtime_ns == written


def test_a_later_build_has_the_search_of_a_first_one(project):
    texts = project.site / "search_sections.js"
    first = texts.read_bytes()
    project.replace("docs/notebook.md", "**Short answer.** It is 7.", "**Short answer.** Clockwork.")
    project.ran()
    assert b"Clockwork" in texts.read_bytes()
    project.replace("docs/notebook.md", "**Short answer.** Clockwork.", "**Short answer.** It is 7.")
    project.ran()
    assert texts.read_bytes() == first
    assert project.ran() == []
    assert texts.read_bytes() == first
    project.ran(name="from-nothing")
    assert (project.site.with_name("from-nothing") / texts.name).read_bytes() == first


def test_a_page_that_a_later_build_writes_names_its_style_sheets_as_before(project):
    page = project.site / "notebook.html"
    before = re.findall("<link .*css.*>", page.read_text("utf-8"))
    assert any("mystnb" in link for link in before)
    project.replace("docs/notebook.md", "# A notebook", "# A fine notebook")
    project.ran()
    assert "A fine notebook" in page.read_text("utf-8")
    assert re.findall("<link .*css.*>", page.read_text("utf-8")) == before


def test_no_page_loads_what_the_gallery_styles_or_filters_with(project):
    pages = list(project.site.rglob("*.html"))
    assert len(pages) > 5
    for page in pages:
        assert not re.search("<(link|script)[^>]*sg[_-](gallery|tags)", page.read_text("utf-8")), page


def test_a_device_that_is_none_ends_the_build_at_once(project):
    pages, result = project.build(TENSORGLASS_DEVICE="banana")
    assert pages == []
    assert result.returncode != 0
    assert result.stderr == "ERROR: TENSORGLASS_DEVICE is 'banana', which is no device; expected cpu, cuda or cuda:N\n"
