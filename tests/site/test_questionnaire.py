"""The questions of the book's chapter stand by their numbers, and each leads to where it is answered."""

import tomllib

import pytest
from _ext.lists.questionnaire import FILE, NUMBERS, problems
from bs4 import BeautifulSoup
from places import ROOT

QUESTIONS = tomllib.loads((ROOT / "docs" / FILE).read_text("utf-8"))["question"]
SCRIPTS = {path.stem: path for path in ROOT.glob("examples/*/*.py")}
MOST_WORDS = 30  # of an answer: one sentence, or two short ones


def test_each_question_has_its_number_a_page_and_a_short_answer():
    assert list(problems(QUESTIONS, SCRIPTS)) == []
    assert [each["number"] for each in QUESTIONS] == list(NUMBERS)
    assert [each["number"] for each in QUESTIONS if len(each["answer"].split()) > MOST_WORDS] == []
    assert [each["number"] for each in QUESTIONS if not each["answer"].endswith(".")] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"page": "nowhere"}, "question 3 names the page 'nowhere', and there is no such script"),
        ({"section": "nothing"}, "question 3 names the section 'nothing', and neuron_and_layer has none with this id"),
        ({"more": 1}, "question 3 has the keys number, asked, answer, page, section, more, not"),
        ({"number": 4}, "the questions have the numbers [1, 2, 4, 4,"),
    ],
)
def test_what_is_wrong_is_told(change, said):
    questions = [{**each, **change} if each["number"] == 3 else each for each in QUESTIONS]
    (problem,) = problems(questions, SCRIPTS)
    assert problem.startswith(said)


@pytest.mark.long
@pytest.mark.site
def test_numbers_and_table_lead_to_the_same_places(built_site):
    questions = BeautifulSoup((built_site / "questions.html").read_text("utf-8"), "html.parser")
    rows = questions.select("table.questionnaire tbody tr")
    assert [row.select_one("[id]")["id"] for row in rows] == [f"question-{number}" for number in NUMBERS]
    wanted = [row.a["href"] for row in rows]
    first = BeautifulSoup((built_site / "index.html").read_text("utf-8"), "html.parser")
    links = first.select(".questionnaire-numbers a")
    assert [link["href"] for link in links] == wanted
    assert [link.text for link in links] == [str(number) for number in NUMBERS]
    assert links[26]["title"] == QUESTIONS[26]["asked"]
    for link in wanted:
        page, _, place = link.partition("#")
        answer = BeautifulSoup((built_site / page).read_text("utf-8"), "html.parser")
        assert not place or answer.find(id=place), link
