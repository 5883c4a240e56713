"""Under an entry of the reference stand the pages that use it, also after a script has changed."""

import re
from types import SimpleNamespace

import pytest
import some_parts
from _ext.lists.pages_using import describe, gallery_pages
from some_parts import written

NOBODY, EVERYBODY = "No question or paper uses it.", "All questions and papers use it."


def script(name, title, *uses):
    imports = "".join(f"\nfrom tensorglass import {each}" for each in uses)
    return f'# /// script\n# ///\n"""\n{title}\n====\n\nText.\n"""\n{imports}\n'


@pytest.fixture
def project(tmp_path):
    """Return a project with three pages in two sections, of which one page has a picture; and two entries."""
    files = {
        "examples/broadcasting/GALLERY_HEADER.rst": ".. reading order: second first\n",
        "examples/broadcasting/first.py": script("first", "The first page", "alpha", "beta"),
        "examples/broadcasting/second.py": script("second", "The second page", "alpha"),
        "examples/papers/GALLERY_HEADER.rst": ".. reading order: third\n",
        "examples/papers/third.py": script("third", "The third page"),
        "docs/index.rst": "Site\n====\n\n.. toctree::\n   :glob:\n\n   reference/*\n   auto_examples/*/*\n",
        "docs/reference/a.rst": "A\n=\n\n.. pages-using:: alpha\n",
        "docs/reference/b.rst": "B\n=\n\n.. pages-using:: beta\n",
        "docs/auto_examples/broadcasting/first.rst": "The first page\n==============\n",
        "docs/auto_examples/broadcasting/second.rst": "The second page\n===============\n",
        "docs/auto_examples/papers/third.rst": "The third page\n==============\n",
        "docs/auto_examples/broadcasting/images/thumb/sphx_glr_first_thumb.svg": "<svg></svg>",
    }
    docs = written(tmp_path, files, "lists.pages_using")
    return SimpleNamespace(docs=docs, examples=tmp_path / "examples")


def built(project):
    """Build, and return each entry's page with the names of the pages that were read."""
    out, printed = some_parts.built(project.docs)
    texts = [(out / "reference" / f"{page}.html").read_text("utf-8") for page in "ab"]
    bodies = [text.split("</h1>")[1].split('class="clearer"')[0] for text in texts]
    return *bodies, re.findall(r"reading sources\.\.\. .*?(\S+)\s*(?:\r|\n)", printed)


def test_the_pages_are_found_in_reading_order(project):
    pages = gallery_pages(project.docs)
    assert [(page.name, page.title) for page in pages] == [
        ("auto_examples/broadcasting/second", "The second page"),
        ("auto_examples/broadcasting/first", "The first page"),
        ("auto_examples/papers/third", "The third page"),
    ]
    assert [page.thumbnail for page in pages] == [
        "",
        "/auto_examples/broadcasting/images/thumb/sphx_glr_first_thumb.svg",
        "",
    ]
    assert [page.uses >= {"alpha"} for page in pages] == [True, True, False]


def test_none_and_all_are_said_in_a_sentence(project):
    pages = gallery_pages(project.docs)
    assert describe(pages, "gamma") == NOBODY
    assert describe(pages, "beta") == [pages[1]]
    assert describe(pages[:2], "alpha") == EVERYBODY


def test_a_script_that_cannot_be_read_uses_nothing(project):
    (project.examples / "papers" / "third.py").write_text("def", "utf-8")
    page = gallery_pages(project.docs)[-1]
    assert (page.title, page.uses) == ("third", frozenset())


def test_a_script_without_a_title_goes_by_its_name(project):
    (project.examples / "papers" / "third.py").write_text("", "utf-8")
    assert gallery_pages(project.docs)[-1].title == "third"


@pytest.mark.long
def test_the_cards_follow_the_scripts(project):
    first, beta, _ = built(project)
    assert first.index("The second page") < first.index("The first page")
    assert re.search(r'<a class="reference internal[^"]*" href="\.\./auto_examples/broadcasting/first.html">', first)
    assert re.search(r'<img alt="" loading="lazy" src="\.\./_images/sphx_glr_first_thumb.svg" ?/>', first)
    assert first.count("<img") == 1
    assert beta.count("<li>") == 1
    assert '<p class="rubric">Pages that use it</p>' in beta

    assert built(project)[2] == []  # nothing changed, and nothing is read

    (project.examples / "papers" / "third.py").write_text(script("third", "Third", "beta"), "utf-8")
    alpha, beta, read = built(project)
    assert "Third" in beta
    assert alpha == first
    assert read == ["reference/b"]

    (project.examples / "broadcasting" / "first.py").unlink()
    (project.examples / "papers" / "third.py").write_text(script("third", "Third", "alpha"), "utf-8")
    alpha, beta, read = built(project)
    assert EVERYBODY in alpha
    assert NOBODY in beta
    assert "rubric" not in alpha + beta
    assert sorted(read) == ["reference/a", "reference/b"]
