"""Sizes that know their indices: how they multiply and are written, and the code that is made of that."""

import math

from tensorglass.contraction.extents import Extent, indices_in, with_names, with_numbers


def test_products_are_numbers_and_know_their_indices():
    b, q, d = (Extent.of(letter, size) for letter, size in (("b", 2), ("...1", 3), ("d", 12)))
    for product in (math.prod([b, q, d]), b * q * d, 1 * b * (q * d)):
        assert (int(product), str(product), f"{product}") == (72, *["{2:b}*{3:...1}*{12:d}"] * 2)
    assert str(math.prod([b])) == "{2:b}"


def test_what_is_no_product_is_a_plain_number():
    b = Extent.of("b", 2)
    for number, expected in ((b * 3, "6"), (3 * b, "6"), (b + 1, "3"), (7 // b, "3"), (max(1, 5 * b // 2), "5")):
        assert str(number) == expected
    assert str(b * 1) == str(1 * b) == "{2:b}"


def test_code_with_numbers_and_with_names():
    code = "x0.reshape({2:b}*{3:...1}, {12:d}).sum((0, 1)) * x1.expand({12:d}, 5)"
    assert with_numbers(code) == "x0.reshape(6, 12).sum((0, 1)) * x1.expand(12, 5)"
    names = {"b": "n0", "...1": "n1", "d": "n2"}
    assert with_names(code, names) == "x0.reshape(n0*n1, n2).sum((0, 1)) * x1.expand(n2, 5)"
    assert indices_in(code) == ("b", "...1", "d")
    assert with_numbers("{0:i}*{7:j}") == "0"
