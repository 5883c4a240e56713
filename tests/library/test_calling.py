"""Functions and models called to look at them, against what torch itself says and does."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from tensorglass.calling import function_name, positional, prepared_call, random_state_kept, tensors_in


def test_a_tuple_is_several_arguments_and_anything_else_is_one():
    x = torch.ones(2)
    packed = nn.utils.rnn.pack_sequence([x])
    assert positional((x, 3)) == (x, 3)
    assert positional(()) == ()
    for batch in (x, [x], {"x": x}, packed, None):
        (only,) = positional(batch)
        assert only is batch


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (torch.Tensor.__add__, "add"),
        (torch.Tensor.add_, "add_"),
        (torch.Tensor.T.__get__, "T"),
        (torch.exp, "exp"),
    ],
)
def test_functions_are_named_as_torch_names_them(function, name):
    assert function_name(function) == name


def test_tensors_are_found_to_any_depth():
    a, b, c, d = (torch.tensor(i) for i in range(4))
    value = (a, [b, {"c": c, "text": "abc"}, None], OrderedDict(d=(3, d)), {5})
    assert list(tensors_in(value)) == [a, b, c, d]
    assert list(tensors_in(a)) == [a]
    assert list(tensors_in("abc")) == list(tensors_in(3)) == []


def test_a_call_of_a_module_leaves_its_buffers_as_they_were():
    norm, x = nn.BatchNorm1d(3), torch.randn(5, 3)
    before = {name: buffer.clone() for name, buffer in norm.named_buffers()}
    output = prepared_call(norm, (x,), {})()
    assert all(torch.equal(buffer, before[name]) for name, buffer in norm.named_buffers())
    assert torch.equal(output, norm(x))  # which changes them
    assert not torch.equal(norm.running_mean, before["running_mean"])


def test_a_call_passes_all_arguments_on():
    assert prepared_call(torch.sub, (torch.tensor(5), torch.tensor(2)), {"alpha": 2})() == 1
    attention, x = nn.MultiheadAttention(4, 1), torch.randn(3, 2, 4)
    assert prepared_call(attention, (x, x, x), {"need_weights": False})()[1] is None


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_the_random_state_is_put_back(error):
    before = torch.get_rng_state()
    try:
        with random_state_kept():
            torch.rand(3)
            assert not torch.equal(torch.get_rng_state(), before)
            if error:
                raise error
    except ZeroDivisionError:
        pass
    assert torch.equal(torch.get_rng_state(), before)
