"""The directives ``questionnaire`` and ``questionnaire-numbers``: the questions of the book's chapter, by their number.

The first is a table with an answer in one sentence, from docs/questionnaire.toml; the second a line of numbers that
lead to the same pages. The build fails if a number is missing, or if a page or a section is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from ..sources import pages
from .entries import entries, stop_if_wrong
from .tables import cell, sentence, table

FILE = "questionnaire.toml"
NUMBERS = range(1, 41)  # as many questions as the chapter ends with
KEYS, OPTIONAL = {"number", "asked", "answer", "page"}, {"section"}
HEADER = ("number", "question", "answer in a sentence, and the page that runs it")
# A title in a script: its line, and one that underlines it.
_TITLE = re.compile(r"^# (?P<title>\S.*)\n# (?P<line>[-=~])(?P=line){2,}$", re.MULTILINE)

Question = dict[str, Any]


class Questionnaire(SphinxDirective):
    """A table of all questions, in the order of the book."""

    def run(self) -> list[nodes.Node]:
        questions, scripts = self.read()
        rows = [self.row(each, scripts[each["page"]]) for each in questions]
        return [table("", HEADER, rows, "questionnaire")]

    def read(self) -> tuple[list[Question], dict[str, str]]:
        """Return the questions, and for each name of a script that of its page."""
        docs = Path(self.env.srcdir)
        self.env.note_dependency(str(docs / FILE))
        found = pages.scripts(docs.parent)
        questions = entries(docs / FILE, "question")
        scripts = {path.stem: path for path in found.values()}
        for name in {each.get("page", "") for each in questions} & scripts.keys():
            self.env.note_dependency(str(scripts[name]))
        stop_if_wrong(docs / FILE, "question", problems(questions, scripts))
        return questions, {path.stem: page for page, path in found.items()}

    def row(self, question: Question, page: str) -> nodes.row:
        """Return a row; its number is what an address may lead to."""
        number = nodes.paragraph(text=str(question["number"]), ids=[f"question-{question['number']}"])
        link = self.link(question, page, *sentence(question["asked"]))
        answer = nodes.paragraph("", "", *sentence(question["answer"]))
        return nodes.row("", cell(number), cell(nodes.paragraph("", "", link)), cell(answer))

    def link(self, question: Question, page: str, *text: nodes.Node, **more: str) -> nodes.reference:
        """Return a link to where a question is answered."""
        uri = self.env.app.builder.get_relative_uri(self.env.docname, page)
        place = f"#{question['section']}" if "section" in question else ""
        return nodes.reference("", "", *text, internal=True, refuri=uri + place, **more)


class QuestionnaireNumbers(Questionnaire):
    """The numbers in a line: each leads to its answer, and says what is asked when it is pointed at."""

    def run(self) -> list[nodes.Node]:
        questions, scripts = self.read()
        line = nodes.paragraph("", "Chapter 17 of the fastai book, by number: ", classes=["questionnaire-numbers"])
        for each in questions:
            title = each["asked"].replace("`", "")
            link = self.link(each, scripts[each["page"]], nodes.Text(str(each["number"])), reftitle=title)
            line += [link, nodes.Text(" ")]
        return [line]


def problems(questions: list[Question], scripts: dict[str, Path]) -> Iterator[str]:
    """Yield what is wrong with the list.

    >>> list(problems([{"number": 1, "asked": "a", "answer": "b", "page": "c"}], {}))[-1]
    "question 1 names the page 'c', and there is no such script"
    """
    numbers = [each.get("number") for each in questions]
    if numbers != list(NUMBERS):
        yield f"the questions have the numbers {numbers}; expected {NUMBERS.start} to {NUMBERS.stop - 1}, in order"
    for each in questions:
        told = f"question {each.get('number')}"
        if not KEYS <= each.keys() <= KEYS | OPTIONAL:
            yield f"{told} has the keys {', '.join(each)}, not {', '.join(sorted(KEYS))} and perhaps section"
        elif each["page"] not in scripts:
            yield f"{told} names the page {each['page']!r}, and there is no such script"
        elif "section" in each and each["section"] not in sections(scripts[each["page"]]):
            yield f"{told} names the section {each['section']!r}, and {each['page']} has none with this id"


def sections(script: Path) -> set[str]:
    """Return the ids of a script's sections."""
    return {nodes.make_id(found["title"]) for found in _TITLE.finditer(script.read_text("utf-8"))}
