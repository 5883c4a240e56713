"""The sizes of a shape in every form, against what `view` itself takes."""

import collections
import itertools

import numpy as np
import pytest
import torch
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from tensorglass import explain_view
from tensorglass.storage.sizes import sizes_asked_for


class Six:
    def __index__(self):
        return 6


Pair = collections.namedtuple("Pair", "first second")
NUMBERS = {
    "int": 6,
    "index": Six(),
    "int64 of numpy": np.int64(6),
    "uint8 of numpy": np.uint8(6),
    "uint64 of numpy": np.uint64(6),
    "array of no axis": np.array(6),
    "array of one axis": np.array([6]),
    "tensor": torch.tensor(6),
    "small tensor": torch.tensor(6, dtype=torch.uint8),
    "tensor of one axis": torch.tensor([6]),
    "tensor of two axes": torch.tensor([[6]]),
    "tensor of two": torch.tensor([6, 6]),
    "meta tensor": torch.tensor(6, device="meta"),
    "float": 6.0,
    "float of numpy": np.float32(6),
    "float array": np.array(6.0),
    "float tensor": torch.tensor(6.0),
    "parameter": torch.nn.Parameter(torch.tensor(6.0)),
    "complex": 6j,
    "truth": True,
    "truth of numpy": np.bool_(True),
    "truth in an array": np.array(True),
    "truth in a tensor": torch.tensor(True),
    "text": "6",
    "None": None,
    "list": [6],
    "dtype": torch.int32,
    "too large": 2**63,
    "largest": 2**63 - 1,
}


def taken(view):
    """Return whether torch takes the sizes as such, whatever it then says of the shape."""
    try:
        view()
    except TypeError:
        return False
    except RuntimeError as error:
        return "isIntegral" not in str(error) and "meta tensors" not in str(error)
    return True


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_those_that_view_takes(name):
    x, number = torch.zeros(6, 1, 6), NUMBERS[name]
    forms = [(number, 6), (6, number), ((number, 6),), ((6, number),), ([number, 6],), (6, 1, number), (number, number)]
    forms += [(number,)] if name not in ("dtype", "list") else []
    if name == "list" and torch.__version__ < (2, 10):
        forms = [form for form in forms if form[0] != number]  # these pass over what comes after the list
    for form in forms:
        if taken(lambda form=form: x.view(*form)):
            explained = explain_view(x, *form)
            try:
                result = x.view(*form)
            except RuntimeError:
                assert not explained
            else:
                assert (explained.shape, explained.stride) == (tuple(result.shape), result.stride())
        else:
            with pytest.raises(TypeError) as caught:
                explain_view(x, *form)
            assert "\n" not in str(caught.value)
            assert str(caught.value).startswith("explain_view() shape is ")
            assert "; expected a sequence of integers, such as (2, -1)" in str(caught.value)


def test_sequences_are_those_that_view_takes():
    x = torch.arange(24)
    for form in ((6, 4), [6, -1], torch.Size([6, 4]), Pair(6, 4), (), [24], (2, 0)):
        explained = explain_view(x, form)
        assert explained.ok == (form not in ((), (2, 0)))
        assert explained == explain_view(x, shape=form)
    assert explain_view(x, range(24, 25)).shape == (24,)  # torch refuses a range, and means nothing else by it
    for form in ("ab", b"ab", {6: 1}, {6, 4}, 1.5, (6, (4,)), np.array([6, 4]), torch.tensor([6, 4]), iter([6, 4])):
        with pytest.raises(TypeError, match=r"^explain_view\(\) shape is .*; expected a sequence of integers"):
            explain_view(x, form)


def test_separate_sizes_are_a_shape():
    x = torch.zeros(4, 6).T
    for length in range(4):
        for sizes in itertools.product((-1, 1, 2, 6, 24), repeat=length):
            if sizes:
                assert explain_view(x, *sizes) == explain_view(x, sizes)


def test_no_shape_and_a_dtype_are_refused():
    with pytest.raises(TypeError) as caught:
        explain_view(torch.zeros(3))
    assert str(caught.value) == "explain_view() shape is (); expected a sequence of integers, such as (2, -1)"
    with pytest.raises(TypeError) as caught:
        explain_view(torch.zeros(3), torch.int32)
    assert str(caught.value) == (
        "explain_view() shape is torch.int32; expected a sequence of integers, such as (2, -1), and not a dtype"
    )
    with pytest.raises(TypeError, match="expected a sequence of integers"):
        explain_view(torch.zeros(3), 3, shape=(3,))


def test_sizes_of_a_trace_are_integers():
    environment = ShapeEnv()
    from torch._dynamo.source import ConstantSource

    symbol = environment.create_symbol(6, ConstantSource("n"))
    size = environment.create_symintnode(symbol, hint=6)
    assert sizes_asked_for([size, 4], "sizes") == (6, 4)
    assert sizes_asked_for([(4, size)], "sizes") == (4, 6)


def test_sizes_fit_in_64_bits():
    assert sizes_asked_for([2**63 - 1, -(2**63) + 1], "sizes") == (2**63 - 1, -(2**63) + 1)
    for size in (2**63, -(2**63)):
        with pytest.raises(TypeError, match=r"^sizes is \[-?9223372036854775808\]|^sizes is -?9223372036854775808"):
            sizes_asked_for([size], "sizes")
