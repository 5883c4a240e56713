"""Functions and models called to look at them, against what torch itself says and does."""

import pytest
import torch

from tensorglass.calling import function_name


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
