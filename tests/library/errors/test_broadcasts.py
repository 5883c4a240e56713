"""What a pasted message about sizes that do not broadcast allows, for shapes that raise it."""

import pytest
import torch

from tensorglass import explain_error

ANY = "if b has the shape of a without its last axis"


@pytest.mark.parametrize(
    ("first", "second", "code", "shape", "told"),
    [
        ((10,), (32,), "a[:, None] + b", (10, 32), "shape (10, 32), if both have one axis, and all pairs are meant"),
        ((32, 10), (32,), "a + b[:, None]", (32, 10), "shape (32, 10), if a has this shape and b (32,)"),
        ((10,), (10, 32), "a[:, None] + b", (10, 32), "shape (10, 32), if b has this shape and a (10,)"),
        ((32, 10), (10, 32), "a + b.T", (32, 10), "shape (32, 10), if a has this shape and b (10, 32)"),
        ((5, 32, 10), (5, 32), "a + b[..., None]", (5, 32, 10), ANY),
        ((4, 5, 32, 10), (4, 5, 32), "a + b[..., None]", (4, 5, 32, 10), ANY),
        ((5, 32), (5, 32, 10), "a[..., None] + b", (5, 32, 10), "if a has the shape of b without its last axis"),
        ((5, 32, 10), (5, 10, 32), "a + b.mT", (5, 32, 10), "if b has its last two axes in the other order"),
    ],
)
def test_of_a_pasted_message_the_numbers_and_their_axis_count(first, second, code, shape, told):
    a, b = torch.ones(first), torch.ones(second)
    with pytest.raises(RuntimeError, match="must match") as caught:
        a + b
    told_of = {fix.code: fix.result for fix in explain_error(caught.value.args[0]).fixes}
    assert told_of[code] == told
    assert eval(code, {"a": a, "b": b}).shape == shape
    assert told.startswith((f"shape {shape}, if", "if"))


def test_where_the_first_axes_differ_no_matrix_is_turned():
    fixes = explain_error("The size of tensor a (10) must match the size of tensor b (32) at non-singleton dimension 0")
    assert [fix.code for fix in fixes.fixes] == ["a[:, None] + b"]
