"""A source that cannot be read is told with its line, before anything is run; and where a page failed, its line is."""

import pytest
from _ext.runs.failures import in_notebook, in_script
from _ext.sources.names import expected, page_named
from _ext.sources.pages import executed
from _ext.sources.readable import unreadable
from places import ROOT

PAGE = '"""\nTitle\n=====\n"""\nx = 1\n\n# %%\n# Text.\n\ny = 2\n'
CELL = "```{code-cell} python\n"
NOTEBOOK = f"# Title\n\n{CELL}:tags: [hide-input]\n\nx = 1\n```\n\nText.\n\n{CELL}y = 2\n```\n"
SCRIPT, CELLS, HEADER = "examples/memory/views.py", "docs/howto/cells.md", "examples/memory/GALLERY_HEADER.rst"
FILES = {
    SCRIPT: PAGE,
    CELLS: NOTEBOOK,
    HEADER: "Memory\n------\n\n.. reading order: views\n",
    "docs/claims.toml": '[[claim]]\npage = "views"\n',
    "docs/recorded/cuda/views.json": '{\n"seconds": 1\n}\n',
    "src/tensorglass/shapes.py": "x = 1\n",
    "pyproject.toml": "[project]\n",
}


@pytest.fixture
def project(tmp_path):
    """A project with one page of each kind, in which everything can be read."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def told(root):
    return [f"{problem.place(root)}: {problem.reason}" for problem in unreadable(root)]


def test_what_can_be_read_is_passed_over(project):
    assert told(project) == []
    assert told(ROOT) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (SCRIPT, "y = 2", "y = = 2", ":10: invalid syntax: y = = 2"),
        (SCRIPT, "y = 2", "  y = 2", ":10: unexpected indent: y = 2"),
        (SCRIPT, "y = 2", "y = (2", ":10: '(' was never closed: y = (2"),
        (SCRIPT, "y = 2", "y = 2\0", ":10: source code string cannot contain null bytes"),
        (SCRIPT, "y = 2", "y = '\udce9'", ":10: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (SCRIPT, PAGE, "x = 1\n", ":1: a page begins with a docstring, and that with a title underlined by ==="),
        (SCRIPT, PAGE, "", ":1: a page begins with a docstring, and that with a title underlined by ==="),
        (SCRIPT, "=====", "", ":1: a page begins with a docstring, and that with a title underlined by ==="),
        (SCRIPT, PAGE, f"\n# /// script\n# dependencies = [\n# ///\n{PAGE}", ":2: the metadata is no TOML: "),
        (CELLS, "x = 1", "x = = 1", ":6: invalid syntax: x = = 1"),
        (CELLS, "y = 2", "y = = 2", ":12: invalid syntax: y = = 2"),
        (CELLS, "Text.", "Text \udce9", ":9: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("docs/claims.toml", '"views"', "views", ":2: no TOML: Invalid value"),
        ("docs/claims.toml", '"views"', '"views', ":2: no TOML: "),
        ("docs/recorded/cuda/views.json", "1", "", ":3: no JSON: Expecting value"),
        ("src/tensorglass/shapes.py", "x = 1", "x = = 1", ":1: invalid syntax: x = = 1"),
        ("pyproject.toml", "[project]", "[project", ":1: no TOML: "),
        (HEADER, " views", "", ":4: the line '.. reading order:' does not name views"),
        (HEADER, "Memory", "M\udce9", ":1: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence(project, name, old, new, said):
    path = project / name
    path.write_bytes(path.read_text("utf-8").replace(old, new).encode("utf-8", "surrogateescape"))
    (problem,) = told(project)
    assert problem.startswith(f"{name}{said}")
    assert "\n" not in problem


def test_a_section_needs_a_header_and_a_place_in_the_order(project):
    (project / HEADER).unlink()
    assert told(project) == [
        f"{HEADER}:1: there is no such file; it has the section's title and the order of its pages"
    ]
    (project / "examples/memory").rename(project / "examples/other")
    (problem,) = told(project)
    assert problem.startswith("examples/other:1: the section 'other' is not in SECTIONS of ")


def test_every_problem_is_told(project):
    (project / SCRIPT).write_text("x = = 1")
    (project / "docs/claims.toml").write_text("[")
    assert [each.split(":")[0] for each in told(project)] == [SCRIPT, "docs/claims.toml"]


def test_the_line_at_which_a_script_failed_is_the_innermost_of_its_own(project):
    path = project / SCRIPT
    traceback = (
        "Traceback (most recent call last):\n"
        f'  File "{path}", line 10, in <module>\n    y = 2\n'
        f'  File "{path}", line 5, in f\n    x = 1\n'
        '  File "/lib/torch/functional.py", line 77, in g\n    fail()\n'
        "torch.OutOfMemoryError: no memory\nfor this: it is full\n"
    )
    told = "the page did not run to its end: torch.OutOfMemoryError: no memory"
    assert in_script(traceback, path) == (5, told)
    assert in_script(traceback.partition("torch.Out")[0] + "AssertionError\n", path) == (
        5,
        "the page did not run to its end: AssertionError at x = 1",
    )
    assert in_script("", path) == (1, "the page did not run to its end")


def test_the_line_at_which_a_notebook_failed_is_counted_in_its_file(project):
    path = project / CELLS
    traceback = (
        "\x1b[31mValueError\x1b[39m                Traceback (most recent call last)\n"
        "\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[2]\x1b[39m\x1b[32m, line 1\x1b[39m\n----> 1 y = 2\n\n"
        "Cell In[1], line 1, in f()\n----> 1 x = 1\n\n"
        "ValueError: no\n"
    )
    assert in_notebook(traceback, path) == (6, "the page did not run to its end: ValueError: no")
    assert in_notebook(traceback.partition("Cell In[1]")[0] + "ValueError: no\n", path)[0] == 12
    assert in_notebook("", path) == (1, "the page did not run to its end")


@pytest.mark.parametrize(
    "given",
    [
        "unsqueeze",
        "unsqueeze.py",
        "examples/broadcasting/unsqueeze.py",
        "./examples/broadcasting/unsqueeze.py",
        "broadcasting/unsqueeze",
        "auto_examples\\broadcasting\\unsqueeze.html",
        str(ROOT / "examples/broadcasting/unsqueeze.py"),
    ],
)
def test_a_page_is_known_by_its_name_and_by_its_file(given):
    assert page_named(given, executed(ROOT)) == "auto_examples/broadcasting/unsqueeze"


@pytest.mark.parametrize("given", ["", ".", "/", "memory/unsqueeze", "unsqueez", "broadcasting"])
def test_what_is_no_page_is_none(given):
    assert page_named(given, executed(ROOT)) is None


def test_names_that_are_meant_come_before_a_list():
    known = ["views", "view_or_reshape", "contraction.plan"]
    assert expected("VIEWS", known) == "did you mean views"
    assert expected("docs/veiws", known) == "did you mean views"
    assert expected("plan", known) == "did you mean contraction.plan"
    assert expected("q", known) == "expected one of contraction.plan, view_or_reshape, views"
    assert expected("q", known, "expected a page") == "expected a page"
