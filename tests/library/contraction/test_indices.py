"""The indices of an einsum: roles, sizes, warnings, and the errors of shapes that do not fit."""

import pytest
import torch

from tensorglass import EinsumError, plan_einsum
from tensorglass.contraction.equation import parse
from tensorglass.contraction.indices import Index, contraction


def matched(text, *shapes):
    return contraction(parse(text), shapes)


def test_roles():
    found = matched("bij,bjk,ll->kib", (2, 3, 4), (2, 4, 5), (6, 6))
    assert found.indices() == (
        Index("k", 5, ("free",), (1,)),
        Index("i", 3, ("free",), (0,)),
        Index("b", 2, ("batch",), (0, 1)),
        Index("j", 4, ("summed",), (0, 1)),
        Index("l", 6, ("summed", "diagonal"), (2,)),
    )
    assert found.result == (5, 3, 2)
    assert found.warnings() == ()


def test_a_kept_diagonal_and_a_stretched_index():
    found = matched("ii,ij,ij->i", (3, 3), (3, 1), (3, 4))
    assert found.indices() == (
        Index("i", 3, ("batch", "diagonal"), (0, 1, 2)),
        Index("j", 4, ("summed", "broadcast"), (1, 2)),
    )
    assert found.warnings() == (
        "index j has size 1 in operand 1 and size 4 in operand 2: it is stretched (a matrix product refuses this)",
    )


def test_the_stretched_operand_may_come_last():
    assert matched("i,i->i", (0,), (1,)).warnings() == (
        "index i has size 1 in operand 1 and size 0 in operand 0: it is stretched",
    )
    assert matched("i,i->i", (1,), (1,)).warnings() == ()


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 1), (3, 4)]),
        ("bij,bjk->bik", [(1, 2, 3), (7, 3, 4)]),
        ("bij,bjk->bik", [(7, 2, 3), (7, 1, 4)]),
    ],
)
def test_a_matrix_product_refuses_what_the_warning_says(equation, shapes):
    """The oracle is `torch.matmul`, which stretches axes of the batch, and no others."""
    (warning,) = matched(equation, *shapes).warnings()
    try:
        torch.matmul(*map(torch.zeros, shapes))
    except RuntimeError:
        assert warning.endswith(": it is stretched (a matrix product refuses this)")
    else:
        assert warning.endswith(": it is stretched")


def test_operands_that_stretch_each_other_under_the_ellipsis_are_a_warning():
    both = (
        "axis 0 of the ellipsis is stretched in operand 1, and axis 1 of the ellipsis in operand 0: the result has all "
        "their pairs"
    )
    assert matched("...i,...->i...", (2, 1, 5), (3,)).warnings() == (both,)
    assert matched("...,...->...", (3, 1), (1, 4)).warnings() == (both,)
    assert matched("...,...->...", (3, 1), (3,)).warnings() == (both,)  # a missing axis is stretched, too
    assert matched("...i,...i->...", (3, 1, 5), (1, 4, 5)).warnings() == (both,)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("...ij,...jk->...ik", [(1, 2, 3), (7, 3, 4)]),  # one batch for all others: what an ellipsis is for
        ("...ij,jk->...ik", [(5, 1, 2, 3), (3, 4)]),  # the second operand has no ellipsis
        ("...,...->...", [(2, 3), ()]),
        ("...,...->...", [(1, 1), (1, 4)]),
    ],
)
def test_one_operand_stretched_to_fit_is_none(equation, shapes):
    assert matched(equation, *shapes).warnings() == ()


def test_an_ellipsis_is_spelled_out_from_the_right():
    found = matched("...i,...->i...", (2, 1, 5), (3,))
    assert found.terms == (("...0", "...1", "i"), ("...1",))
    assert found.output == ("i", "...0", "...1")
    assert found.sizes == {"...0": 2, "...1": 3, "i": 5}
    assert [index.roles for index in found.indices()] == [("free",), ("free",), ("batch", "broadcast")]


def test_an_ellipsis_may_cover_nothing():
    assert matched("i...,...", (2,), ()).terms == (("i",), ())
    assert matched("i->...i", (2,)).output == ("i",)


def test_a_summed_ellipsis_is_a_warning():
    assert matched("...i->i", (2, 3, 4)).warnings() == (
        "the ellipsis covers axes of size 2, 3, and the output has no ellipsis: they are summed "
        "(numpy.einsum refuses this)",
    )
    assert matched("...i->i", (4,)).warnings() == ()


@pytest.mark.parametrize(
    ("text", "shapes", "problem", "marks"),
    [
        (
            "ij,jk->ik",
            [(2, 3), (4, 5)],
            "index j has size 3 in operand 0 and size 4 in operand 1; expected equal sizes, or 1",
            " ^ ^",
        ),
        (
            "i,j,i,i->",
            [(1,), (2,), (3,), (4,)],
            "index i has size 3 in operand 2 and size 4 in operand 3; expected equal sizes, or 1",
            "    ^ ^",
        ),
        (
            "ii->i",
            [(1, 3)],
            "index i is repeated in operand 0 with the sizes 1 and 3; expected equal sizes",
            "^^",
        ),
        (
            "j, i ji",
            [(2,), (3, 2, 4)],
            "index i is repeated in operand 1 with the sizes 3 and 4; expected equal sizes",
            "   ^  ^",
        ),
        (
            "i...,...",
            [(2, 3, 4), (5, 4)],
            "axis 0 of the ellipsis has size 3 in operand 0 and size 5 in operand 1; expected equal sizes, or 1",
            " ^^^ ^^^",
        ),
        ("ij", [(3,)], "operand 0 has the shape (3,), 1 axis; expected 2, one for each letter of its term 'ij'", "^^"),
        (
            "i,j",
            [(3,), (3, 4)],
            "operand 1 has the shape (3, 4), 2 axes; expected 1, one for each letter of its term 'j'",
            "  ^",
        ),
        (
            "i...j",
            [(3,)],
            "operand 0 has the shape (3,), 1 axis; expected at least 2, one for each letter of its term 'i...j'",
            "^^^^^",
        ),
    ],
)
def test_shapes_that_do_not_fit(text, shapes, problem, marks):
    with pytest.raises(EinsumError) as caught:
        matched(text, *shapes)
    assert str(caught.value) == f"{problem}\n  {text}\n  {marks}"


def test_the_number_of_operands():
    with pytest.raises(EinsumError) as caught:
        matched("i,j", (2,))
    assert str(caught.value) == "the equation has 2 terms; expected as many operands, got 1\n  i,j"
    with pytest.raises(EinsumError, match="the equation has 1 term; expected as many operands, got 0"):
        matched("i")


@pytest.mark.parametrize(
    ("equation", "shapes", "listed"),
    [
        ("oi,j->o", [(3, 2), (2,)], "i in operand 0 and j in operand 1"),
        ("ij,k->", [(3, 2), (2,)], "i in operand 0 and j in operand 0 and k in operand 1"),
        ("bqd,bkc->bqk", [(2, 3, 4), (2, 5, 4)], "d in operand 0 and c in operand 1"),
        ("ij,k->i", [(3, 2), (4,)], "j in operand 0 and k in operand 1"),
        ("oi,i->o", [(3, 2), (2,)], None),
        ("ij->i", [(3, 2)], None),
        ("ij->", [(3, 2)], None),
        ("bij,bi->b", [(2, 3, 4), (2, 3)], None),
        ("oi,j->o", [(3, 2), (1,)], None),
        ("...i,j->i", [(3, 2), (2,)], None),
        ("i,j->ij", [(3,), (2,)], None),
    ],
)
def test_letters_that_are_summed_apart(equation, shapes, listed):
    warnings = [each for each in plan_einsum(equation, *shapes).warnings if "alone" in each]
    assert warnings == [
        f"letters that one operand has alone and the output lacks: {listed}; each is summed apart from the other "
        "operands, and what was meant may be one letter"
    ] * (listed is not None)
