"""Shapes and the rule by which they broadcast, against torch and NumPy."""

from tensorglass.shapes import operand_name


def test_operands_are_named_by_letters_as_far_as_they_go():
    assert [operand_name(i) for i in (0, 1, 25, 26, 27)] == ["a", "b", "z", "t27", "t28"]
