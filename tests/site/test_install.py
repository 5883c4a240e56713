"""How to install the library: lines with the wheel that the site serves, and the versions that it needs."""

import re
from types import SimpleNamespace

import pytest
from _ext.lists.needed import needed
from _ext.publishing import wheel
from _ext.publishing.install import HOW_TO, WHEEL, install, visit_install
from docutils import nodes
from places import ROOT

NAME = "tensorglass-9.9.9-py3-none-any.whl"


def shown(page, site="", lines=()):
    """Return the directive's HTML on a page of a site that lives at an address, or at none."""
    config = SimpleNamespace(tensorglass_wheel=NAME, html_baseurl=site)
    builder = SimpleNamespace(app=SimpleNamespace(config=config), current_docname=page)
    writer = SimpleNamespace(builder=builder, body=[])
    with pytest.raises(nodes.SkipNode):
        visit_install(writer, install(lines=list(lines)))
    return "".join(writer.body)


def code_in(html):
    return re.search("<pre>(.*)</pre>", html, re.DOTALL)[1]


def test_without_an_address_the_wheel_is_downloaded_first():
    said = shown("reference/index")
    assert f'download <a href="../{NAME}" download>{NAME}</a>, and in its folder:' in said
    assert code_in(said) == f"python -m pip install {NAME}"


def test_with_an_address_one_line_is_enough():
    said = shown("index", "https://site.example/sub/")
    assert "download" not in said
    assert code_in(said) == f"python -m pip install https://site.example/sub/{NAME}"


@pytest.mark.parametrize(("page", "link"), [("index", f"{HOW_TO}.html"), ("a/b", f"../{HOW_TO}.html"), (HOW_TO, None)])
def test_the_line_leads_to_the_page_that_has_the_others(page, link):
    found = re.findall('<a href="([^"]*)">other ways</a>', shown(page, "https://site.example"))
    assert found == ([link] if link else [])
    assert (ROOT / "docs" / f"{HOW_TO}.md").exists()


def test_a_page_brings_its_own_lines():
    said = shown("a", "", ["uv venv", f"uv pip install {WHEEL} 'numpy<9'"])
    assert code_in(said) == f"uv venv\nuv pip install {NAME} 'numpy&lt;9'"
    assert "To install" not in said


def test_what_is_needed_is_what_the_project_asks_for():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    rows = {what: (version, said[0].astext()) for what, version, said in needed(text)}
    assert rows["Python"][1] == "your environment"
    assert rows["torch"][1] == rows["numpy"][1] == "tensorglass"
    assert rows["matplotlib"][1] == "tensorglass[plot]"
    for what, (version, _) in rows.items():
        bound = version.removesuffix(" or newer")
        assert f'"{what}>={bound}"' in text or f'requires-{what.lower()} = ">={bound}"' in text


def test_a_bound_that_the_table_cannot_say_stops_the_build():
    text = '[project]\nname = "p"\nrequires-python = ">=3.11"\ndependencies = ["a>=2,<3"]\n'
    with pytest.raises(ValueError, match="asks for 'a>=2,<3'; expected a lower bound alone"):
        needed(text)


@pytest.mark.parametrize("file", ["hatch_build.py", "README.md", "pyproject.toml", "src/tensorglass/__init__.py"])
def test_the_wheel_is_built_again_when_what_it_says_has_changed(tmp_path, monkeypatch, file):
    before = wheel._digest(project_in(tmp_path))
    (tmp_path / file).write_text("changed")
    changed = wheel._digest(tmp_path)
    monkeypatch.setenv("TENSORGLASS_REPOSITORY", "https://github.com/somebody/tensors")  # which its metadata names
    assert len({before, changed, wheel._digest(tmp_path)}) == 3


def project_in(root):
    """Write the files that a wheel is made from, and return their folder."""
    for name in ("hatch_build.py", "README.md", "LICENSE", "pyproject.toml", "src/tensorglass/__init__.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("as it was")
    return root
