"""What the rules of the catalogue are told of a case, and the words that they make of numbers."""

import ast
from dataclasses import replace

import pytest
import torch

from tensorglass.errors.entry import Case, plural, shape_text
from tensorglass.errors.expression import Expression, Part

INDEXED = Expression("a[i]", "[]", (Part("a", ast.Name("a"), torch.ones(2, 3)), Part("i", ast.Name("i"), 7)))
CASE = Case({"sizes": "[2, -3]", "product": "4x5", "number": "6"}, "a message", INDEXED, is_real=True)
PASTED = replace(CASE, is_real=False)


def test_numbers_of_the_message():
    assert CASE.number("number") == 6
    assert (CASE.numbers("sizes"), CASE.numbers("product"), CASE.numbers("other")) == ((2, -3), (4, 5), ())


def test_operands_by_their_place():
    assert (CASE.code_of(0), CASE.code_of(1), CASE.code_of(2), CASE.code_of(2, "y")) == ("a", "i", "x", "y")
    assert (CASE.shape(0), CASE.shape(1), CASE.shape(2)) == ((2, 3), None, None)


def test_operands_as_a_sentence_names_them():
    assert (CASE.shown(0), CASE.shown(1)) == ("`a` of shape (2, 3)", "`i`")
    assert (CASE.shown(2), CASE.shown(2, "it")) == ("the tensor", "it")
    assert PASTED.shown(0) == "the tensor"


@pytest.mark.parametrize(("name", "begins"), [("[]", "`a` of"), ("[]=", "`a` of"), ("select", "The tensor")])
def test_what_is_indexed_begins_a_sentence(name, begins):
    assert replace(CASE, expression=replace(INDEXED, name=name)).indexed.startswith(begins)
    assert replace(PASTED, expression=replace(INDEXED, name=name)).indexed == "The tensor"
    assert replace(CASE, expression=Expression("a[i]", name)).indexed == "The tensor"


def test_numbers_with_their_nouns():
    assert [plural(n, "row") for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert shape_text([2, 3]) == "shape (2, 3)"
