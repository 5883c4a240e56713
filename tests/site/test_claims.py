"""The table of claims shows each with its check, and a check that is not on its page fails the build."""

import html
import re
import tomllib

import pytest
from _ext.lists.claims import is_checked, problems
from _ext.sources.blocks import read_script
from places import ROOT
from throwaway import Throwaway

SCRIPTS = {path.stem: path for path in ROOT.glob("examples/*/*.py")}
CLAIMS = tomllib.loads((ROOT / "docs" / "claims.toml").read_text("utf-8"))["claim"]

CLAIM = {"page": "page", "said": "It is 8.", "verdict": "wrong", "true": "It is 7.", "check": "assert x == 7"}
PAGE = '''"""
A title
=======

In prose: assert y == 7
"""
x = 7
if x:
    assert x == 7
assert x == 70
print("assert z == 7")
assert True
with shows_error(
    ValueError, match="no"
):
    fail()
'''


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "page.py"
    path.write_text(PAGE, "utf-8")
    return path


@pytest.mark.parametrize(
    ("check", "found"),
    [
        ("assert x == 7", True),
        ("  assert  x == 7\n", True),
        ("assert x == 7\nassert x == 70", True),
        ('with shows_error(\nValueError, match="no"\n):\nfail()', True),
        ("with shows_error(", True),
        ("assert x == 70", True),
        ("assert x", False),  # the beginning of a line
        ("assert x == 7\nassert True", False),  # not in this order
        ("assert y == 7", False),  # prose
        ("assert z == 7", False),  # a text
        ("assert True", False),  # could not fail
        ("x = 7", False),  # no check
        ("", False),
    ],
)
def test_a_check_is_found_line_by_line(script, check, found):
    assert is_checked(check, read_script(script)) is found


def test_a_claim_that_is_in_order(script):
    assert list(problems([CLAIM], {"page": script})) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"check": "assert x == 8"}, "claim 2: the page 'page' has no check 'assert x == 8'"),
        ({"page": "other"}, "claim 2 names the page 'other', and there is no such script"),
        ({"verdict": "false"}, "claim 2 has the verdict 'false', which is none of wrong, half right, right"),
        ({"source": "?"}, "claim 2 has the keys page, said, verdict, true, check, source, not check, page, said, "),
    ],
)
def test_what_is_wrong_with_a_claim_is_said(script, change, problem):
    (found,) = problems([CLAIM, {**CLAIM, **change}], {"page": script})
    assert found.startswith(problem)


def test_the_claims_of_this_site_are_in_order():
    assert list(problems(CLAIMS, SCRIPTS)) == []


def test_each_question_has_a_claim():
    assert {claim["page"] for claim in CLAIMS} == {name for name in SCRIPTS if SCRIPTS[name].parent.name != "papers"}


FIRST = """
[[claim]]
page = "uses_beta"
said = "`beta()` is <8>."
verdict = "wrong"
true = "It is 7."
check = "assert beta() == 7"
"""


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    made = Throwaway(tmp_path_factory.mktemp("claims"))
    made.write("docs/index.md", "# Start\n\n```{claims}\n```\n\n```{toctree}\nnotebook\nauto_examples/index\n```\n")
    made.write("docs/claims.toml", FIRST)
    built(made)
    made.keep()
    return made


def built(project):
    project.ran()
    page = (project.site / "index.html").read_text("utf-8")
    return page.split('<details class="of-page">')[1].split("</details>")[0]


def text_of(cell):
    return html.unescape(re.sub("<.*?>", "", cell)).strip()


@pytest.mark.long
def test_the_table_shows_a_claim_with_its_page_and_its_check(project):
    table = built(project)
    cells = re.findall(r"<td.*?</td>", table, re.DOTALL)
    assert text_of(table.split("</summary>")[0]) == "A page about beta wrong: 1"
    assert [text_of(cell).split("\n") for cell in cells] == [
        ["beta() is <8>."],
        ["wrong"],
        ["It is 7.", "assert beta() == 7"],
    ]
    assert 'href="auto_examples/broadcasting/uses_beta.html"' in table.split("</summary>")[1].split("<table")[0]
    assert re.search(r"<code[^>]*><span class=\"pre\">beta\(\)</span></code>", cells[0])


@pytest.mark.long
def test_a_page_is_named_once_for_its_claims(project):
    project.write("docs/claims.toml", FIRST + FIRST.replace("<8>", "<9>"))
    summary, rows = built(project).split("</summary>")
    assert text_of(summary) == "A page about beta wrong: 2"
    assert rows.count("<tr") == 3  # the header and two claims
    assert "beta() is <9>." in text_of(rows)


@pytest.mark.long
def test_a_check_that_leaves_its_page_fails_every_build(project):
    built(project)
    project.replace("examples/broadcasting/uses_beta.py", "assert beta() == 7", "assert 7 == beta()")
    for _ in range(2):
        _, result = project.build()
        assert result.returncode != 0
        assert (
            "claims.toml:2: ERROR: claim 1: the page 'uses_beta' has no check 'assert beta() == 7'\n" in result.stderr
        )
    project.write("docs/claims.toml", FIRST.replace("beta() == 7", "7 == beta()"))
    assert "7 == beta()" in text_of(built(project))
