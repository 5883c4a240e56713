"""The fans of layers, against the counted entries of their Jacobians, and against torch where torch is right."""

import itertools
from fractions import Fraction

import pytest
import torch
from torch import nn
from torch.autograd.functional import jacobian

from tensorglass.initialization.fans import connections, convolution, is_foreign_linear, transposed_convolution

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
# groups, kernel, stride, dilation
SHAPES = [
    (groups, kernel, stride, dilation)
    for groups in (1, 2, 4)
    for kernel, stride, dilation in [
        ((3,), (1,), (1,)),
        ((3,), (2,), (1,)),
        ((2,), (3,), (1,)),
        ((2,), (1,), (2,)),
        ((2,), (3,), (2,)),
        ((3, 2), (1, 1), (1, 1)),
        ((3, 2), (2, 3), (1, 1)),
        ((2, 3), (1, 2), (2, 1)),
        ((1, 1), (2, 2), (1, 1)),
    ]
] + [(1, (2, 1, 2), (1, 2, 2), (1, 1, 1))]


def ones(layer):
    for parameter in layer.parameters():
        nn.init.ones_(parameter)
    return layer


def window(layer, axis):
    """Return places on one spatial axis that no border is near, as many as the stride."""
    reach = layer.dilation[axis] * (layer.kernel_size[axis] - 1)
    return slice(reach, reach + layer.stride[axis])


def counted_fans(layer):
    """Return the mean number of non-zero Jacobian entries of an output, and of an input, away from the borders."""
    axes = range(len(layer.kernel_size))
    full = [2 * layer.dilation[i] * (layer.kernel_size[i] - 1) + 2 * layer.stride[i] for i in axes]
    windows = (slice(None), *(window(layer, i) for i in axes))
    entries = jacobian(layer, torch.ones(layer.in_channels, *full), vectorize=True) != 0
    per_input = entries.sum(tuple(range(1 + len(full)))).double()
    per_output = entries.sum(tuple(range(-1 - len(full), 0))).double()
    if layer.transposed:
        return per_output[windows].mean(), per_input.mean()
    return per_output.mean(), per_input[windows].mean()


@pytest.mark.parametrize(("groups", "kernel", "stride", "dilation"), SHAPES)
@pytest.mark.parametrize("classes", [CONVOLUTIONS, TRANSPOSED], ids=["convolution", "transposed"])
def test_convolutions_have_as_many_connections_as_their_jacobian_has_entries(classes, groups, kernel, stride, dilation):
    layer = ones(classes[len(kernel)](4, 8, kernel, stride, dilation=dilation, groups=groups, bias=False))
    found = connections(layer, "weight", layer.weight.shape)
    fan_in, fan_out = counted_fans(layer)
    assert float(found.fan_in) == pytest.approx(float(fan_in), rel=1e-12)
    assert float(found.fan_out) == pytest.approx(float(fan_out), rel=1e-12)
    assert found.blocks == groups
    assert found.kernel == kernel
    assert found.inputs_first is layer.transposed


def test_linear_layers():
    layer = ones(nn.Linear(5, 3))
    entries = jacobian(layer, torch.ones(5)) != 0
    found = connections(layer, "weight", layer.weight.shape)
    assert (found.fan_in, found.fan_out) == (entries[0].sum().item(), entries[:, 0].sum().item()) == (5, 3)
    assert (found.blocks, found.kernel, found.inputs_first) == (1, (), False)


def test_bilinear_layers_sum_over_pairs():
    layer = ones(nn.Bilinear(3, 2, 5, bias=False))
    first, second = torch.ones(3), torch.ones(2)
    found = connections(layer, "weight", layer.weight.shape)
    assert found.fan_in == layer(first, second)[0].item() == 6  # as many ones were added
    # With ones everywhere the gradient of an input is the number of products that it takes part in.
    gradients = torch.cat([each.sum(0) for each in jacobian(layer, (first, second))])
    assert gradients.tolist() == [10, 10, 10, 15, 15]
    assert found.fan_out == gradients.mean().item() == 12
    assert (found.blocks, found.kernel) == (1, ())


def test_where_torch_is_right_the_fans_are_the_same():
    for layer in (nn.Linear(7, 3), nn.Conv1d(4, 6, 3), nn.Conv2d(4, 6, (3, 5)), nn.Conv3d(2, 3, 2)):
        found = connections(layer, "weight", layer.weight.shape)
        assert (found.fan_in, found.fan_out) == nn.init._calculate_fan_in_and_fan_out(layer.weight)


def test_where_torch_is_wrong():
    depthwise = nn.Conv2d(64, 64, 3, groups=64)
    found = connections(depthwise, "weight", depthwise.weight.shape)
    assert nn.init._calculate_fan_in_and_fan_out(depthwise.weight) == (9, 576)
    assert (found.fan_in, found.fan_out) == (9, 9)
    upsampling = nn.ConvTranspose2d(64, 32, 4, 2)
    found = connections(upsampling, "weight", upsampling.weight.shape)
    assert nn.init._calculate_fan_in_and_fan_out(upsampling.weight) == (512, 1024)
    assert (found.fan_in, found.fan_out) == (256, 512)


def test_a_transposed_convolution_has_the_fans_of_the_convolution_exchanged():
    for size, stride, groups in itertools.product([(8, 4, 3), (8, 2, 5, 2)], [1, 2, 3], [1, 2, 4]):
        strides = (stride,) * (len(size) - 2)
        there, back = convolution(size, strides, groups), transposed_convolution(size, strides, groups)
        assert (there.fan_in, there.fan_out) == (back.fan_out, back.fan_in)


def test_fans_are_exact_and_there_is_one_group_unless_told():
    assert convolution((5, 3, 7), (3,)).fan_out == Fraction(35, 3)
    assert convolution((5, 3, 7), (3,)).blocks == 1
    assert transposed_convolution((5, 3, 7), (3,)).fan_in == Fraction(35, 3)
    assert transposed_convolution((5, 3, 7), (3,)).blocks == 1


def test_attention_projects_queries_keys_and_values_apart():
    packed = nn.MultiheadAttention(6, 2)
    found = connections(packed, "in_proj_weight", packed.in_proj_weight.shape)
    assert (found.fan_in, found.fan_out, found.blocks) == (6, 6, 3)
    apart = nn.MultiheadAttention(6, 2, kdim=4, vdim=5)
    for name, inputs in (("q_proj_weight", 6), ("k_proj_weight", 4), ("v_proj_weight", 5)):
        found = connections(apart, name, getattr(apart, name).shape)
        assert (found.fan_in, found.fan_out, found.blocks) == (inputs, 6, 1)
    assert connections(packed, "in_proj_bias", packed.in_proj_bias.shape) is None


@pytest.mark.parametrize(
    ("layer", "suffix", "gates"),
    [
        (nn.RNN(3, 5), "_l0", 1),
        (nn.GRU(3, 5), "_l0", 3),
        (nn.LSTM(3, 5), "_l0", 4),
        (nn.RNNCell(3, 5), "", 1),
        (nn.GRUCell(3, 5), "", 3),
        (nn.LSTMCell(3, 5), "", 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_each_gate_is_a_matrix_of_its_own(layer, suffix, gates):
    for name, inputs in (("weight_ih", 3), ("weight_hh", 5)):
        weight = getattr(layer, name + suffix)
        assert weight.shape == (gates * 5, inputs)
        found = connections(layer, name + suffix, weight.shape)
        assert (found.fan_in, found.fan_out, found.blocks) == (inputs, 5, gates)
    assert connections(layer, f"bias_hh{suffix}", (5 * gates,)) is None


def test_projected_hidden_states():
    layer = nn.LSTM(3, 5, proj_size=2)
    found = connections(layer, "weight_hh_l0", layer.weight_hh_l0.shape)
    assert (found.fan_in, found.fan_out, found.blocks) == (2, 5, 4)
    found = connections(layer, "weight_hr_l0", layer.weight_hr_l0.shape)
    assert (found.fan_in, found.fan_out, found.blocks) == (5, 2, 1)


@pytest.mark.parametrize("layer", [nn.Linear(2, 2), nn.Bilinear(2, 2, 2), nn.Conv1d(2, 2, 2), nn.LayerNorm(2)])
def test_other_parameters_have_no_fans(layer):
    assert connections(layer, "bias", layer.bias.shape) is None
    assert connections(nn.LayerNorm(2), "weight", (2,)) is None
    assert connections(layer, "proj_weight", (2, 2)) is None
    assert connections(layer, "weight_ih", (2, 2)) is None


def foreign(shape, **told):
    """A layer of another library: a weight, and sizes under some names."""
    layer = nn.Module()
    layer.weight = nn.Parameter(torch.ones(shape))
    vars(layer).update(told)
    return layer


@pytest.mark.parametrize(
    ("shape", "told", "fans", "inputs_first"),
    [
        ((5, 3), {"in_channels": 3, "out_channels": 5}, (3, 5), False),
        ((3, 5), {"nx": 3, "nf": 5}, (3, 5), True),
        ((4, 4), {"in_features": 4, "out_features": 4}, (4, 4), False),
    ],
)
def test_linear_layers_of_other_libraries_tell_their_sizes(shape, told, fans, inputs_first):
    layer = foreign(shape, **told)
    found = connections(layer, "weight", shape)
    assert (found.fan_in, found.fan_out, found.inputs_first) == (*fans, inputs_first)
    assert is_foreign_linear(layer)


@pytest.mark.parametrize(
    ("shape", "told"),
    [((5, 3), {"in_features": 3}), ((5, 3), {"out_features": 5}), ((5, 3), {}), ((5, 4), {"nx": 3, "nf": 5})],
)
def test_what_does_not_tell_both_sizes_of_its_weight_is_no_linear_layer(shape, told):
    layer = foreign(shape, **told)
    assert connections(layer, "weight", shape) is None
    assert not is_foreign_linear(layer)
    assert not is_foreign_linear(nn.Sequential(foreign((5, 3), nx=5, nf=3)))


def test_the_shape_of_a_weight_counts_where_torchs_layer_tells_other_sizes():
    assert connections(nn.Linear(3, 5), "weight", (7, 4)).fan_in == 4
