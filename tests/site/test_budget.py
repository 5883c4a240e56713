"""What a page may ask of its readers: what is too much is found, with its line, and what is folded is not counted."""

import pytest
from _ext.law.budget import LEVELS, Reading, level, over_budget, reading, words_in
from _ext.sources.blocks import read_script

PAGE = '''"""
How many sides?
===============

People ask.

:Level: beginner

Short answer
------------

It has three.
"""
import math

sides = math.isqrt(9)
assert sides == 3

# %%
# It is drawn.

# More: draws it
draw(sides)
draw(sides)

# %%
# Why
# ---
#
# So it is.
assert sides

# %%
# More: all others
# ~~~~~~~~~~~~~~~~
#
# Not read.
assert sides
assert sides

# %%
# Still not read.
assert sides

# %%
# Traps
# -----
#
# Exercise
# ~~~~~~~~
#
# Solution
# ^^^^^^^^
#
# Not read.
assert sides

# %%
# More: of folded ones
# ~~~~~~~~~~~~~~~~~~~~
#
# Not this either
# ^^^^^^^^^^^^^^^
#
# Not read.
assert sides

# %%
# References
# ----------
#
# .. A comment,
#    of two lines.
#
# - `Name <https://example.org/a page>`__.
#
# .. math:: x + y
'''
WORDS = """How many sides? People ask. Short answer It has three. It is drawn. Why So it is. More: all others
Traps Exercise Solution More: of folded ones References Name"""


def blocks(tmp_path, old="", new=""):
    assert old in PAGE
    path = tmp_path / "page.py"
    path.write_text(PAGE.replace(old, new, 1))
    return read_script(path)


def found(tmp_path, old, new):
    return [(each.line, each.reason) for each in over_budget(blocks(tmp_path, old, new))]


def test_what_is_folded_is_not_read_but_for_its_title(tmp_path):
    assert reading(blocks(tmp_path)) == Reading(words=len(WORDS.split()), lines=4)


@pytest.mark.parametrize(
    ("words", "lines", "minutes"), [(1, 0, 1), (200, 0, 1), (200, 1, 2), (0, 60, 1), (0, 61, 2), (700, 80, 5)]
)
def test_minutes(words, lines, minutes):
    assert Reading(words, lines).minutes == minutes


@pytest.mark.parametrize("text", [":Level: beginner", "=====", "``*`` + &", "<https://example.org>", ".. a comment"])
def test_what_is_not_a_word(text):
    assert words_in(f"one\n\n{text}\n\ntwo") == 2


def test_a_page_within_its_budget(tmp_path):
    assert found(tmp_path, "", "") == []
    assert found(tmp_path, "It has three.", "word " * 60) == []
    assert found(tmp_path, "sides = math.isqrt(9)\n", "sides = math.isqrt(9)\n" * 6) == []
    assert found(tmp_path, "Not read.", "word " * 701) == []
    assert found(tmp_path, "draw(sides)\n", "draw(sides)\n" * 81) == []
    assert found(tmp_path, "So it is.", "word " * (700 - len(WORDS.split()) + 3)) == []
    assert found(tmp_path, "# So it is.\n", "# So it is.\n" + "draw()\n" * 76) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("It has three.", "word " * 61, 1, "the short answer has 61 words, and 60 is the most"),
        ("import math", "import math, os", 14, "the code of the short answer imports os, and does not use it"),
        ("import math", "import math\nimport os.path", 14, "the code of the short answer imports os, and does not"),
        ("import math", "import math\nfrom os import path as p", 14, "the code of the short answer imports p, and"),
        (
            "assert sides == 3",
            "assert sides\nassert sides",
            14,
            "the code of the short answer has 2 asserts, and 1",
        ),
        ("import math\n", "import math\n" + "math.pi\n" * 6, 14, "the code of the short answer has 9 lines, and 8"),
        (":Level: beginner", "", 1, "no line ':Level: ' with one of beginner, intermediate, advanced stands above"),
        (":Level: beginner", ":Level: easy", 1, "no line ':Level: ' with one of"),
        (
            "Not read.\nassert sides\n",
            "Not read.\n\n\n# %%\n# More\n# ~~~~\n#\n# " + "a " * 690,
            1,
            "unfolded, the page has",
        ),
        ("# So it is.\n", "# So it is.\n" + "draw()\n" * 77, 1, "unfolded, the page has 81 lines of code, and 80"),
        ("draw(sides)\n\n", "draw(sides)\n\n# %%\n# Text.\n" + "draw()\n" * 77, 1, "unfolded, the page has 81 lines"),
        ("So it is.", "word " * 690, 1, "unfolded, the page has 716 words, and 700 is the most"),
    ],
)
def test_what_is_too_much_is_found_with_its_line(tmp_path, old, new, line, reason):
    (one,) = found(tmp_path, old, new)
    assert one[0] == line
    assert one[1].startswith(reason)


def test_who_a_page_is_for(tmp_path):
    for name in LEVELS:
        assert level(blocks(tmp_path, "beginner", name)) == name
    assert level(blocks(tmp_path, ":Level: beginner", "")) is None
