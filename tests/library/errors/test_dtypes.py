"""Dtypes are told from devices."""

import pytest

from tensorglass import explain_error


@pytest.mark.parametrize(
    ("input_type", "weight_type", "code"),
    [
        ("torch.FloatTensor", "torch.cuda.FloatTensor", "layer(x.to(layer.weight.device))"),
        ("torch.FloatTensor", "torch.cuda.HalfTensor", "layer(x.to(layer.weight))"),
        ("torch.cuda.DoubleTensor", "torch.cuda.FloatTensor", "layer(x.float())"),
        ("double", "float", "layer(x.float())"),
    ],
)
def test_device_and_dtype_of_a_convolution_are_told_apart(input_type, weight_type, code):
    explanation = explain_error(
        f"RuntimeError: Input type ({input_type}) and weight type ({weight_type}) should be the same"
    )
    assert [fix.code for fix in explanation.fixes] == [code]
    assert ("device" in explanation.cause) == (("cuda" in input_type) != ("cuda" in weight_type))
    assert ("dtype" in explanation.cause) == ("weight.device" not in code)
