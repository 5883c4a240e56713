"""The notation of einsum: what is read, and the errors, letter by letter."""

import pytest
import torch

from tensorglass import EinsumError
from tensorglass.contraction.equation import ELLIPSIS, from_sublists, parse


@pytest.mark.parametrize(
    ("text", "terms", "output"),
    [
        ("ij,jk->ik", ["ij", "jk"], "ik"),
        ("", [""], ""),
        ("->", [""], ""),
        (",", ["", ""], ""),
        ("i,,->i", ["i", "", ""], "i"),
        (" i j , j->\tk".replace("\t", " ").replace("k", "i"), ["ij", "j"], "i"),
        ("...i,B...->...", ["...i", "B..."], "..."),
        ("i->...i", ["i"], "...i"),
        # without an arrow: the ellipsis, then what occurs once, capitals before small letters
        ("ji", ["ji"], "ij"),
        ("aBc", ["aBc"], "Bac"),
        ("ij,jk", ["ij", "jk"], "ik"),
        ("ii", ["ii"], ""),
        ("i,i,i", ["i", "i", "i"], ""),
        ("b...,a", ["b...", "a"], "...ab"),
        ("Zz,zA...", ["Zz", "zA..."], "...AZ"),
    ],
)
def test_what_is_read(text, terms, output):
    equation = parse(text)
    assert [str(term) for term in equation.terms] == terms
    assert str(equation.output) == output
    assert equation.text == text


def test_letters_know_where_they_stand():
    equation = parse("i ...,jk->k...")
    assert [term.letters for term in equation.terms] == [("i", ELLIPSIS), ("j", "k")]
    assert [term.places for term in equation.terms] == [(0, 2), (6, 7)]
    assert equation.output.places == (10, 11)
    assert parse("ij").output.places == ()


@pytest.mark.parametrize(
    ("text", "problem", "marks"),
    [
        ("i1->i", "unexpected '1' in a term; expected letters from a to z or A to Z, '...' or spaces", " ^"),
        ("é", "unexpected 'é' in a term; expected letters from a to z or A to Z, '...' or spaces", "^"),
        ("i\t", "unexpected '\\t' in a term; expected letters from a to z or A to Z, '...' or spaces", " ^"),
        ("i->i_", "unexpected '_' in the output; expected letters from a to z or A to Z, '...' or spaces", "    ^"),
        ("i->i,", "unexpected ',' in the output; expected letters from a to z or A to Z, '...' or spaces", "    ^"),
        ("i->i->", "unexpected '-' in the output; expected letters from a to z or A to Z, '...' or spaces", "    ^"),
        ("i->>", "unexpected '>' in the output; expected letters from a to z or A to Z, '...' or spaces", "   ^"),
        ("i- >i", "unexpected '-'; expected '->' without spaces, once", " ^"),
        ("i>i", "unexpected '>'; expected '->' without spaces, once", " ^"),
        ("i..", "a dot that is not part of an ellipsis; expected '...' without spaces", " ^"),
        ("i-> . . .", "a dot that is not part of an ellipsis; expected '...' without spaces", "    ^"),
        ("....", "a dot that is not part of an ellipsis; expected '...' without spaces", "   ^"),
        ("...i...", "a second ellipsis in one term; a term holds at most one", "    ^^^"),
        ("i->......", "a second ellipsis in one term; a term holds at most one", "      ^^^"),
        ("ij->ik", "letter k of the output occurs in no operand", "     ^"),
        ("ij->iji", "letter i occurs more than once in the output", "    ^ ^"),
    ],
)
def test_what_is_refused(text, problem, marks):
    with pytest.raises(EinsumError) as caught:
        parse(text)
    shown = text.replace("\t", " ")
    assert str(caught.value) == f"{problem}\n  {shown}\n  {marks}"
    with pytest.raises(RuntimeError, match=r"einsum\(\)"):
        torch.einsum(text, *[torch.ones((2,) * 2)] * (1 + text.count(",")))


def test_the_error_is_both_of_the_kinds_that_people_catch():
    assert issubclass(EinsumError, ValueError)
    assert issubclass(EinsumError, RuntimeError)


def test_sublists():
    assert from_sublists([[0, 25, 26, 51], [...]], [51, ...]) == "AZaz,...->z..."
    assert from_sublists([(26,), []], None) == "a,"
    assert from_sublists([[]], []) == "->"
    for number in (52, -1):
        with pytest.raises(EinsumError) as caught:
            from_sublists([[0, number]], None)
        assert str(caught.value) == f"a sublist contains {number}; expected integers from 0 to 51 or Ellipsis"
    with pytest.raises(TypeError) as caught:
        from_sublists([["i"]], None)
    assert str(caught.value) == "a sublist contains 'i'; expected integers from 0 to 51 or Ellipsis"
