"""Which pages there are, and their names on the site."""

import pytest
from _ext.sources import pages
from _ext.sources.blocks import code_of, read_page

SCRIPT = '"""\nTitle\n=====\n"""\nx = 1\n\n# %%\n# Text.\n\ny = 2\n'
NOTEBOOK = "# Title\n\n```{code-cell} python\nx = 1\n```\n\nText.\n\n```{code-cell} python\ny = 2\n```\n"


@pytest.fixture
def project(tmp_path):
    """A project with two pages, and with much that is none."""
    files = {
        "examples/memory/script.py": SCRIPT,
        "examples/other.py": SCRIPT,
        "examples/memory/text.rst": "",
        "docs/howto/notebook.md": NOTEBOOK,
        "docs/howto/prose.md": "# Title\n\n```python\nx = 1\n```\n",
        "docs/_build/copied.md": NOTEBOOK,
        "docs/auto_examples/memory/script.py": SCRIPT,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_the_pages_go_by_their_names_on_the_site(project):
    assert pages.executed(project) == {
        "auto_examples/memory/script": project / "examples/memory/script.py",
        "howto/notebook": project / "docs/howto/notebook.md",
    }
    assert [path.name for path in pages.markdown_files(project / "docs")] == ["notebook.md", "prose.md"]


def test_a_script_and_a_notebook_are_read_alike(project):
    for path in pages.executed(project).values():
        code = [block.text.strip() for block in read_page(path) if block.is_code]
        assert code == ["x = 1", "y = 2"]
        assert {"x = 1", "y = 2"} <= set(code_of(path).splitlines())


def test_the_code_of_a_script_that_is_no_python_is_all_of_it(tmp_path):
    (tmp_path / "script.py").write_text("def", "utf-8")
    assert code_of(tmp_path / "script.py") == "def"
