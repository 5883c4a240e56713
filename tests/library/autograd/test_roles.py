"""The roles of the names in torch's formulas, and that torch has no formula with a name that was overlooked."""

import pytest
import torch

from tensorglass.autograd.roles import _ROLE_OF_FIELD, role_of

# Names of operands: whatever a formula calls one of these is an input.
INPUTS = """self other input query key value grid target targets mat mat1 mat2 vec vec1 vec2 batch1 batch2 tensor
    tensor1 tensor2 x1 x2 exponent hx cx hx_ cx_ source A b max min bias input2 input3 log_probs scale real imag end tau
    i1 i2 i3 g v src data values padded list hidden_bias hidden_gates input_bias input_gates
    cdist pdist""".split()


def fields():
    for name in dir(torch._C._functions):
        for field in dir(getattr(torch._C._functions, name)):
            if field.startswith("_raw_saved_"):
                yield field.removeprefix("_raw_saved_")


def test_every_name_in_torchs_formulas_has_a_role():
    known = {*INPUTS, *_ROLE_OF_FIELD}
    assert {field for field in fields() if field not in known and not field.removeprefix("result").isdecimal()} == set()


@pytest.mark.parametrize(
    ("node", "field", "dtype", "is_output", "role"),
    [
        ("ExpBackward0", "result", torch.float32, True, "output"),
        ("MulBackward0", "other", torch.float32, False, "input"),
        ("ConvolutionBackward0", "weight", torch.float32, False, "weight"),
        ("NativeDropoutBackward0", "result1", torch.bool, False, "mask"),
        ("MaxPool2DWithIndicesBackward0", "result1", torch.int64, False, "indices"),
        ("NativeLayerNormBackward0", "result2", torch.float32, False, "statistics"),
        ("CudnnRnnBackward0", "result0", torch.float32, True, "output"),
        ("CudnnRnnBackward0", "result1", torch.float32, False, "output"),
        ("MkldnnRnnLayerBackward0", "result2", torch.float32, False, "output"),
        ("MkldnnRnnLayerBackward0", "result3", torch.uint8, False, "workspace"),
        ("VarMeanBackward0", "result1", torch.float32, True, "output"),
        ("ScaledDotProductFlashAttentionForCpuBackward0", "logsumexp", torch.float32, False, "statistics"),
        ("ScaledDotProductEfficientAttentionBackward0", "philox_seed", torch.int64, False, "random state"),
        ("CheckpointFunctionBackward", "fwd_device_states", torch.uint8, False, "random state"),
        ("MyBackward", "tensors", torch.float32, True, "output"),
        ("MyBackward", "tensors", torch.float32, False, "input"),
        ("ConvolutionBackwardBackward0", "grad_output", torch.float32, False, "gradient"),
    ],
)
def test_the_role_of_a_field(node, field, dtype, is_output, role):
    assert role_of(node, field, dtype, is_output=is_output) == role
