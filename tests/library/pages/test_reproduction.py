"""Published values and ours are compared as the table says."""

import math

import pytest

from tensorglass import reproduction


def rows(**changed):
    row = {"claim": "a", "source": "table 1", "published": 0.5, "ours": 0.6, "tolerance": 0.2, **changed}
    return tuple(row.values())


@pytest.mark.parametrize(
    ("published", "ours", "tolerance", "verdict"),
    [
        (0.5, 0.625, 0.125, "agrees"),
        (0.5, 0.375, 0.125, "agrees"),
        (0.5, 0.626, 0.125, "departs"),
        (0.5, 0.374, 0.125, "departs"),
        (3, 3, 0, "agrees"),
        ("yes", "yes", None, "agrees"),
        ("yes", "no", None, "departs"),
    ],
)
def test_verdicts(published, ours, tolerance, verdict):
    found = reproduction(rows(published=published, ours=ours, tolerance=tolerance))
    assert found["a"].verdict == verdict
    assert found.ok is bool(found) is (verdict == "agrees")


def test_words_have_no_tolerance():
    found = reproduction(rows(published="yes", ours="yes", tolerance=None))
    assert found["a"].texts() == ("a", "table 1", "yes", "yes", "", "agrees")


def test_one_that_departs_is_enough():
    found = reproduction(rows(), rows(claim="b", ours=9.0), rows(claim="c"))
    assert not found
    assert [value.verdict for value in found.values] == ["agrees", "departs", "agrees"]
    assert found["b"].ours == 9
    assert reproduction().ok


def test_the_table():
    found = reproduction(rows(published=1234.5678, ours=0.00012345), rows(claim="b", published="yes", ours="no"))
    assert str(found).splitlines() == [
        "Published and measured",
        "",
        "what  in the paper  published      here  tolerance  verdict",
        "----  ------------  ---------  --------  ---------  -------",
        "a     table 1        1.23e+03  0.000123  ± 0.2      departs",
        "b     table 1             yes        no  ± 0.2      departs",
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a", "b"), r"row \('a', 'b'\) has 2 parts; expected 5$"),
        (rows(ours=math.nan), r"'a' has \[0.5, nan\]; expected finite numbers$"),
        (rows(published=math.inf), r"'a' has \[inf, 0.6\]; expected finite numbers$"),
        (rows(published="yes"), r"'a' expected two numbers with a tolerance, or two words$"),
        (rows(ours="yes"), r"'a' expected two numbers with a tolerance, or two words$"),
        (rows(tolerance=None), r"'a' expected two numbers with a tolerance, or two words$"),
    ],
)
def test_bad_rows_are_refused(row, message):
    with pytest.raises(ValueError, match=rf"^reproduction\(\) {message}"):
        reproduction(row)


def test_a_claim_has_one_row():
    with pytest.raises(ValueError, match=r"^reproduction\(\) claim 'a' comes twice; expected one row for each$"):
        reproduction(rows(), rows(claim="b"), rows())
