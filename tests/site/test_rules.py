"""The law of the house: what breaks it is found, with its line and its reason; what keeps it is left alone."""

import ast

import pytest
from _ext.law import rules
from _ext.law.rules import checks_in, count, numbers_in, violations
from _ext.sources.blocks import Block, read_notebook, read_script

PAGE = '''"""
How many sides has a triangle?
==============================

People ask in 2020.

Short answer
------------

It has 3 sides.
"""
assert sides("triangle") == 3

# %%
# Traps
# -----
#
# Not every shape has 3
# ~~~~~~~~~~~~~~~~~~~~~
#
# A square has 4.
with shows_error(ValueError, match="4"):
    triangle(4)

# %%
# Outlook
# -------
#
# 1. See section 7, Figure 8, chapter 9 and table 10.2, of 1999, in thread #11: https://example.org/12
#
# References
# ----------
#
# - Volume 13, pages 14-15.
'''


def broken(tmp_path, old, new, shown=None):
    assert old in PAGE
    path = tmp_path / "page.py"
    path.write_text(PAGE.replace(old, new))
    blocks = read_script(path)
    code = "\n".join(block.text for block in blocks if block.is_code)
    return [
        (violation.line, violation.reason)
        for violation in violations(blocks, f"{code} 3 4" if shown is None else shown)
    ]


def test_a_lawful_page(tmp_path):
    assert broken(tmp_path, "", "") == []


CLAIMING = """Why,What is often said,Traps,The claim,The law,Measured,Where it departs""".split(",")


@pytest.mark.parametrize("heading", CLAIMING)
def test_each_section_that_claims_something_is_checked(tmp_path, heading):
    path = tmp_path / "page.py"
    path.write_text(f'"""\nTitle\n=====\n\n{heading}\n{"-" * len(heading)}\n\nAll is well.\n"""\nprint()\n')
    (violation,) = violations(read_script(path), "")
    assert violation.reason.startswith(f"'{heading}' claims something")
    assert {"Short answer", *CLAIMING} == set(rules.CLAIM_HEADINGS)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        (
            'assert sides("triangle") == 3',
            "sides = 3",
            10,
            "'Short answer' claims something, but the block of code that follows asserts nothing that could fail",
        ),
        ('assert sides("triangle") == 3', "assert True, 3", 10, "'Short answer' claims something, but the block"),
        ('assert sides("triangle") == 3', "assert sides or 3", 10, "'Short answer' claims something, but the block"),
        ('assert sides("triangle") == 3', 'assert (sides == 3, "three")', 10, "'Short answer' claims something"),
        ('assert sides("triangle") == 3\n', "", 10, "'Short answer' claims something, but no block of code follows"),
        ('with shows_error(ValueError, match="4"):', "if 4:", 21, "'Not every shape has 3' claims something, but the"),
        (
            "# A square has 4.\n",
            "# A square has 4.\n#\n# Another\n# ~~~~~~~\n# All have 3.\n",
            21,
            "'Not every shape has 3' claims something, but no block of code follows",
        ),
        ("# A square has 4.", "# A square has 4 or 17.", 21, "the number 17 stands in neither the code nor the output"),
        ("People ask in 2020.", "People ask 2,020,000 times.", 5, "the number 2,020,000 stands in neither"),
        ("See section 7", "See 0.5, section 7", 29, "the number 0.5 stands in neither"),
        ("It has 3 sides.", "It has 3 sides, or 3.5.", 10, "the number 3.5 stands in neither"),
        ("It has 3 sides.", "It has ``(3, 6)`` sides.", 10, "the number 6 stands in neither"),
        ("It has 3 sides.", "It has 3/8 sides.", 10, "the number 8 stands in neither"),
    ],
)
def test_a_broken_page_is_found_with_line_and_reason(tmp_path, old, new, line, reason):
    (found,) = broken(tmp_path, old, new)
    assert found[0] == line
    assert found[1].startswith(reason)


def test_a_number_may_stand_in_the_output(tmp_path):
    assert broken(tmp_path, "A square has 4.", "A square has 4, and 12,345.", shown="3 4\n12345\n") == []


def test_names_with_digits_are_no_numbers(tmp_path):
    assert broken(tmp_path, "A square has 4.", "A square of float32, x_7 and CS231n has 4.") == []
    assert numbers_in("float64 x_5") == set()


@pytest.mark.parametrize(
    ("tex", "unknown"),
    [
        (r"s_1 = \log_2 x_{12}", None),
        (r"s = 3 + \frac{4}{n}", None),
        (r"s = 3 + \frac{5}{n}", "5"),
        (r"s = \sqrt5", "5"),
        (r"s = n^5", "5"),
        (r"s = n^{-5}", "5"),
        (r"s = x_{n + 5}", "5"),
        (r"s = 0.5\,n", "0.5"),
    ],
)
@pytest.mark.parametrize("form", ["# .. math:: {}", "# .. math::\n#\n#    {}", "# Let :math:`{}`."])
def test_a_number_in_a_formula_is_one_of_the_prose(tmp_path, form, tex, unknown):
    found = broken(tmp_path, "# A square has 4.", form.format(tex))
    reason = f"the number {unknown} stands in neither the code nor the output of the page"
    assert [why for _, why in found] == ([] if unknown is None else [reason])


def test_a_formula_on_lines_of_its_own_is_a_claim(tmp_path):
    old, reason = (
        "# 1. See section 7, Figure 8",
        "'Outlook' claims something, but no block of code follows that checks it",
    )
    assert broken(tmp_path, old, f"# Let :math:`s = 3`.\n#\n{old}") == []
    assert broken(tmp_path, old, f"# .. math:: s = 3\n#\n{old}") == [(29, reason)]


NOTEBOOK = """---
file_format: mystnb
---

# All answers

## How many sides has a triangle?

**Short answer.** It has 3.

```{code-cell} python
:tags: [example]

assert sides == 3
```

More elsewhere.
"""


def test_notebooks_too():
    blocks = read_notebook(NOTEBOOK)
    assert violations(blocks, "3") == []
    assert count(blocks) == (1, 1)
    (found,) = violations(read_notebook(NOTEBOOK.replace("assert sides == 3", "print(3)")), "3")
    assert (found.line, "asserts nothing" in found.reason) == (9, True)
    (found,) = violations(read_notebook(NOTEBOOK.replace("It has 3.", "It has 3.\n\nOr 5.")), "3")
    assert (found.line, found.reason[:12]) == (11, "the number 5")


def test_formulas_in_notebooks():
    lawful = NOTEBOOK.replace("It has 3.", "It has $s = 3$:\n\n$$s = 3$$")
    assert violations(read_notebook(lawful), "3") == []
    for formula in ("$$s = 3$$", "$$\ns = 3\n$$", "```{math}\ns = 3\n```"):
        (found,) = violations(read_notebook(NOTEBOOK.replace("More elsewhere.", formula)), "3")
        assert found.reason.endswith("no block of code follows that checks it")


def test_counting(tmp_path):
    path = tmp_path / "page.py"
    path.write_text(PAGE)
    assert count(read_script(path)) == (2, 2)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("assert x", 1),
        ("assert x == 1\nassert y", 2),
        ("torch.testing.assert_close(a, b)", 1),
        ("np.testing.assert_allclose(a, b)", 1),
        ("with shows_error(ValueError, match=''):\n    f()", 1),
        ("for x in y:\n    assert x", 1),
        ("assert 1", 0),
        ("assert True", 0),
        ("assert 'text'", 0),
        ("assert x or True", 0),
        ("assert x and True", 1),
        ("assert ()", 1),
        ("check(x)", 0),
        ("print('assert x')", 0),
    ],
)
def test_checks(code, number):
    assert len(checks_in(code)) == number


def test_blocks_know_their_lines(tmp_path):
    path = tmp_path / "page.py"
    path.write_text("# /// script\n# ///\n" + PAGE)
    lines = path.read_text().split("\n")
    for block in read_script(path):
        first = next(line for line in block.text.split("\n") if line.strip())
        offset = block.text.split("\n").index(first)
        assert first in lines[block.line - 1 + offset]
        if block.is_code:
            ast.parse(block.text)


def test_notebook_blocks_are_complete():
    blocks = read_notebook(NOTEBOOK)
    assert [block.is_code for block in blocks] == [False, True, False]
    assert isinstance(blocks[0], Block)
    assert blocks[1].text.strip() == "assert sides == 3"
    lines = NOTEBOOK.split("\n")
    assert lines[blocks[2].line - 1 + 1] == "More elsewhere."
