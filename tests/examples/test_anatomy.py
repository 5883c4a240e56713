"""Every question page has the parts that readers look for, in the same order."""

import re

import pytest
from places import ROOT

PAPERS = sorted(ROOT.glob("examples/papers/*.py"))
ERRORS = sorted(ROOT.glob("examples/errors/*.py"))  # whose messages docs/errors.md lists
QUESTIONS = sorted(set(ROOT.glob("examples/*/*.py")) - set(PAPERS) - set(ERRORS))
PAGES = [*QUESTIONS, *ERRORS, *PAPERS]
TEMPLATE = ROOT / "docs" / "template.py"  # what a new page is copied from
PARTS = [
    "Short answer",
    "Take it home",
    "Why",
    "What is often said",
    "Traps",
    "On a GPU",
    "Exercises",
    "References",
]
PARTS_OF_PAPERS = [
    "Short answer",
    "Take it home",
    "The claim",
    "The law",
    "Measured",
    "Where it departs",
    "Exercises",
    "References",
]


def headings(text, underline):
    return re.findall(rf"^(?:# )?(\S.*)\n(?:# )?{re.escape(underline)}{{3,}}$", text, re.MULTILINE)


def test_there_are_pages():
    assert len(QUESTIONS) >= 3
    assert len({path.stem for path in PAGES}) == len(PAGES)  # --only and the records rely on it


@pytest.mark.parametrize("path", [*PAGES, TEMPLATE], ids=lambda path: path.stem)
def test_anatomy(path):
    text = path.read_text("utf-8")
    (title,) = headings(text, "=")
    assert title.endswith("?")
    assert headings(text, "-") == (PARTS_OF_PAPERS if path in PAPERS else PARTS)
    exercises = [heading for heading in headings(text, "~") if heading.startswith("Exercise")]
    assert 2 <= len(exercises) <= 3
    assert headings(text, "^") == ["Solution"] * len(exercises)


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_a_paper_is_compared_in_one_table(path):
    text = path.read_text("utf-8")
    assert len(re.findall(r"^results = reproduction\($", text, re.MULTILINE)) == 1
    assert re.search(r"^results$", text, re.MULTILINE)


@pytest.mark.parametrize("path", [*PAGES, TEMPLATE], ids=lambda path: path.stem)
def test_a_page_can_be_copied(path):
    text = path.read_text("utf-8")
    assert text.startswith("# /// script\n")
    metadata = text.split("# ///\n")[0]
    assert '"torch' in metadata
    assert "tensorglass" not in metadata  # not by a bare name, which a stranger could publish
    assert "default_device()" in text
    assert not re.search(r"__file__|\.\./|examples/|/tmp", text)
    assert not re.search(r"^(from|import) tensorglass\.", text, re.MULTILINE)  # public names alone


@pytest.mark.parametrize("path", [*PAGES, TEMPLATE], ids=lambda path: path.stem)
def test_plain_words(path):
    text = path.read_text("utf-8").lower()
    for word in ("simply", "just", "as we all know", "obviously", "of course", "trivial"):
        assert not re.search(rf"\b{word}\b", text), word


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_each_question_is_answered_on_the_page_of_all_answers(path):
    title = headings(path.read_text("utf-8"), "=")[0]
    answers = (ROOT / "docs" / "questions.md").read_text("utf-8")
    section = answers.split(f"## {title}\n")[1].split("\n## ")[0]
    assert section.strip().startswith("**Short answer.**")
    assert f"{{doc}}`auto_examples/{path.parent.name}/{path.stem}`" in section
