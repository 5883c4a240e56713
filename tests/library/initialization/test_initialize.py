"""Whole models initialized: what is reported, the structure of weights, measured second moments, what is refused."""

import copy
import itertools
import math
import re
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.nn.utils import parametrizations, prune
from torch.testing._internal.two_tensor import TwoTensor

from tensorglass import initialize_
from tensorglass.initialization import initialize as initializing
from tensorglass.initialization.initialize import InitializedParameter

SCHEMES = ("kaiming", "xavier", "orthogonal", "delta-orthogonal", "critical")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def shifted(x):
    """An activation with E[f(z)^2] = 2 and E[f'(z)^2] = 1: its gains are the root of a half forward, and 1 backward."""
    return x + 1


def double(x):
    """An activation with the gain 1/2, forward and backward, and the critical sigma_w 1/2."""
    return 2 * x


def hidden(*layers):
    """Return a model in which none of these layers is the last one."""
    return nn.Sequential(*layers, nn.Linear(1, 1))


def how(report):
    return {each.name: each.how for each in report.parameters}


def same_parameters(model, before):
    return all(torch.equal(a, b) for a, b in zip(model.parameters(), before.parameters(), strict=True))


# What is reported


def test_the_table():
    model = nn.Sequential(nn.Linear(4, 2), nn.PReLU(), nn.Conv1d(2, 3, 5))
    report = initialize_(model, double, "orthogonal", last_gain=0.0)
    assert str(report) == (
        "4 of 5 parameters initialized, 1 left alone\n"
        "\n"
        "Parameters\n"
        "\n"
        "parameter  shape      how                                 std   rms\n"
        "---------  ---------  ---------------------------------  ----  ----\n"
        "0.weight   (2, 4)     orthogonal, fan_in 4               0.25  0.25\n"
        "0.bias     (2,)       zero                                        0\n"
        "1.weight   (1,)       left alone: no rule for PReLU\n"
        "2.weight   (3, 2, 5)  orthogonal, fan_in 10, last layer     0     0\n"
        "2.bias     (3,)       zero                                        0"
    )
    assert repr(report) == str(report)
    assert '<td class="number">0.25</td><td class="number">0.25</td>' in report._repr_html_()


def test_the_fields():
    model = hidden(nn.Linear(16, 9), nn.PReLU())
    report = initialize_(model, double)
    weight, bias, slope, *_ = report.parameters
    rms = model[0].weight.detach().double().square().mean().sqrt().item()
    assert weight == InitializedParameter(
        "0.weight", (9, 16), "kaiming, fan_in 16", pytest.approx(0.125), pytest.approx(rms)
    )
    assert bias == InitializedParameter("0.bias", (9,), "zero", None, 0.0)
    assert slope == InitializedParameter("1.weight", (1,), "left alone: no rule for PReLU", None, None)
    assert report.left_alone == (slope,)
    assert [each.name for each in report.parameters] == [name for name, _ in model.named_parameters()]


@pytest.mark.parametrize(("layers", "some"), [(40, ""), (41, ", the first 40 of 41")])
def test_of_very_many_parameters_the_first_are_shown(layers, some):
    report = initialize_(nn.Sequential(*[nn.Linear(2, 2, bias=False) for _ in range(layers)]), double)
    lines = str(report).splitlines()
    assert lines[0] == f"{layers} of {layers} parameters initialized, 0 left alone"
    assert lines[2] == f"Parameters{some}"
    assert len(lines) == 6 + 40


def test_thousands_are_separated():
    report = initialize_(nn.ParameterList([torch.ones(1)] * 1001), double)
    assert str(report).splitlines()[0] == "0 of 1,001 parameters initialized, 1,001 left alone"


def test_a_model_without_parameters():
    assert str(initialize_(nn.ReLU(), double)) == "0 of 0 parameters initialized, 0 left alone"


@pytest.mark.parametrize(
    ("scheme", "direction", "expected", "std"),
    [
        ("kaiming", "forward", "kaiming, fan_in 8", 0.5**0.5 / 8**0.5),
        ("kaiming", "backward", "kaiming, fan_out 2", 1 / 2**0.5),
        ("xavier", "forward", "xavier, fan_in 8, fan_out 2", 0.5**0.5 * (2 / 10) ** 0.5),
        ("xavier", "backward", "xavier, fan_in 8, fan_out 2", (2 / 10) ** 0.5),
        ("orthogonal", "forward", "orthogonal, fan_in 8", 0.5**0.5 / 8**0.5),
        ("orthogonal", "backward", "orthogonal, fan_out 2", 1 / 2**0.5),
        ("delta-orthogonal", "forward", "delta-orthogonal, fan_in 8", 0.5**0.5 / 8**0.5),
        ("delta-orthogonal", "backward", "delta-orthogonal, fan_out 2", 1 / 2**0.5),
    ],
)
def test_gain_and_fan_of_each_scheme(scheme, direction, expected, std):
    first = initialize_(hidden(nn.Linear(8, 2)), shifted, scheme, direction).parameters[0]
    assert first.how == expected
    assert first.std == pytest.approx(std, rel=1e-6)


def test_kaiming_and_forward_are_the_defaults():
    assert how(initialize_(nn.Linear(8, 2), shifted))["weight"] == "kaiming, fan_in 8, last layer"


# Which rule goes for which parameter


def test_the_last_layer_is_the_last_that_was_registered():
    model = nn.Module()
    model.head, model.body = nn.Linear(4, 4), nn.Linear(4, 4)
    model.norm, model.attention, model.memory = nn.LayerNorm(4), nn.MultiheadAttention(4, 1), nn.LSTM(4, 4)
    report = initialize_(model, double, last_gain=3.0)
    stds = {each.name: each.std for each in report.parameters}
    assert how(report)["body.weight"] == "kaiming, fan_in 4, last layer"
    assert (stds["head.weight"], stds["body.weight"]) == pytest.approx((0.25, 1.5))
    assert stds["attention.out_proj.weight"] == 0.5


@pytest.mark.parametrize(
    "layer", [nn.Linear(4, 4), nn.Bilinear(2, 2, 4), nn.Conv1d(4, 4, 1), nn.ConvTranspose1d(4, 4, 1)]
)
def test_a_last_gain_of_zero_gives_a_zero_head(layer):
    report = initialize_(nn.Sequential(nn.Linear(4, 4), layer), double, last_gain=0.0)
    assert how(report)["1.weight"] == "kaiming, fan_in 4, last layer"
    assert layer.weight.count_nonzero() == layer.bias.count_nonzero() == 0
    assert report.parameters[0].std == pytest.approx(0.25)


def test_attention_has_gain_one_and_biases_zero():
    for model in (nn.MultiheadAttention(8, 2, add_bias_kv=True), nn.MultiheadAttention(8, 2, kdim=4, vdim=2)):
        report = initialize_(hidden(model), double)
        stds = {each.name: each.std for each in report.parameters}
        rules = how(report)
        assert rules["0.out_proj.weight"] == "kaiming, fan_in 8, gain 1"
        assert stds["0.out_proj.weight"] == pytest.approx(8**-0.5)
        assert rules["0.in_proj_bias"] == rules["0.out_proj.bias"] == "zero"
        assert model.in_proj_bias.count_nonzero() == 0
        if model.bias_k is not None:
            assert stds["0.in_proj_weight"] == pytest.approx(8**-0.5)
            assert model.bias_k.count_nonzero() == model.bias_v.count_nonzero() == 0
        else:
            assert (stds["0.q_proj_weight"], stds["0.v_proj_weight"]) == pytest.approx((8**-0.5, 2**-0.5))
            assert (rules["0.k_proj_weight"], stds["0.k_proj_weight"]) == ("kaiming, fan_in 4, gain 1", 0.5)


@pytest.mark.parametrize("layer", [nn.LSTM(4, 16, proj_size=9), nn.GRU(4, 9, 2), nn.RNNCell(4, 9)])
def test_recurrent_layers(layer):
    for parameter in layer.parameters():
        nn.init.ones_(parameter)
    report = initialize_(hidden(layer), double, "kaiming")
    for each in report.parameters[:-2]:
        if "weight_ih" in each.name:
            inputs = 9 if each.name.endswith("l1") else 4
            assert (each.how, each.std) == (f"kaiming, fan_in {inputs}, gain 1", pytest.approx(inputs**-0.5))
        elif "weight_hh" in each.name:
            assert (each.how, each.std) == ("orthogonal, fan_in 9, gain 1", pytest.approx(1 / 3))
        elif "weight_hr" in each.name:
            assert (each.how, each.std) == ("kaiming, fan_in 16, gain 1", 0.25)
        else:
            assert (each.how, each.rms) == ("zero", 0.0)


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm1d(3),
        nn.BatchNorm2d(3),
        nn.SyncBatchNorm(3),
        nn.InstanceNorm1d(3, affine=True),
        nn.LayerNorm(3),
        nn.GroupNorm(1, 3),
        nn.RMSNorm(3),
    ],
)
def test_normalization_layers_get_ones_and_zeros(norm):
    nn.init.constant_(norm.weight, 5.0)
    if hasattr(norm, "running_mean") and norm.running_mean is not None:
        norm.running_mean.fill_(7.0)
    rules = how(initialize_(norm, double, "critical"))
    assert rules.pop("weight") == "one"
    assert norm.weight.tolist() == [1, 1, 1]
    if getattr(norm, "bias", None) is not None:
        assert rules == {"bias": "zero"}
        assert norm.bias.tolist() == [0, 0, 0]
    if hasattr(norm, "running_mean") and norm.running_mean is not None:
        assert norm.running_mean.tolist() == [7, 7, 7]


@pytest.mark.parametrize("embedding", [nn.Embedding, nn.EmbeddingBag])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_rows_of_embeddings_have_second_moment_one(embedding, scheme):
    plain, padded = embedding(300, 40), embedding(300, 40, padding_idx=2)
    report = initialize_(hidden(plain, padded), double, scheme)
    assert [(each.how, each.std) for each in report.parameters[:2]] == [("normal", 1.0), ("normal, row 2 zero", 1.0)]
    assert plain.weight.square().mean().item() == pytest.approx(1, abs=0.04)
    assert plain.weight.mean().item() == pytest.approx(0, abs=0.04)
    assert padded.weight.count_nonzero(1).tolist() == [40, 40, 0, *[40] * 297]


def test_tied_weights_are_drawn_once_by_the_rule_of_the_first():
    model = nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 50, bias=False))
    model[1].weight = model[0].weight
    (only,) = initialize_(model, double, last_gain=0.0).parameters
    assert (only.name, only.how) == ("0.weight", "normal, tied with 1.weight")
    assert model[1].weight is model[0].weight
    assert only.rms == pytest.approx(1, abs=0.2)
    layer = nn.Linear(2, 2, bias=False)
    (only,) = initialize_(nn.Sequential(layer, layer, layer), double).parameters
    assert only.how == "kaiming, fan_in 2, last layer, tied with 1.weight, tied with 2.weight"


class Scaled(nn.Linear):
    """A layer with a parameter more than its class has."""

    def __init__(self):
        super().__init__(2, 2)
        self.scale = nn.Parameter(torch.full((2,), 3.0))


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_what_has_no_rule_or_is_frozen_is_left_alone():
    empty = nn.Linear(0, 3, bias=False)
    model = hidden(Scaled(), nn.ParameterList([torch.full((2,), 4.0)]), nn.Linear(2, 2), empty, nn.PReLU())
    model[2].weight.requires_grad_(False)
    before = copy.deepcopy(model)
    report = initialize_(model, double)
    assert {name: rule for name, rule in how(report).items() if rule.startswith("left")} == {
        "0.scale": "left alone: no rule for Scaled",
        "1.0": "left alone: no rule for ParameterList",
        "2.weight": "left alone: frozen",
        "3.weight": "left alone: no elements",
        "4.weight": "left alone: no rule for PReLU",
    }
    assert [each.name for each in report.left_alone] == ["0.scale", "1.0", "2.weight", "3.weight", "4.weight"]
    for (name, now), (_, then) in zip(model.named_parameters(), before.named_parameters(), strict=True):
        assert torch.equal(now, then) == how(report)[name].startswith("left alone"), name
        assert now.requires_grad == then.requires_grad


def test_everything_else_stays_as_it_was():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout()).eval()
    model(torch.ones(2, 3)).sum().backward()
    grads = [parameter.grad.clone() for parameter in model.parameters()]
    parameters = list(model.parameters())
    buffers = copy.deepcopy(dict(model.named_buffers()))
    initialize_(model, nn.Tanh(), "orthogonal")
    assert not model.training
    assert torch.is_grad_enabled()
    assert all(now is then for now, then in zip(model.parameters(), parameters, strict=True))
    assert all(parameter.requires_grad and parameter.grad_fn is None for parameter in parameters)
    assert all(torch.equal(parameter.grad, grad) for parameter, grad in zip(parameters, grads, strict=True))
    assert all(torch.equal(buffer, buffers[name]) for name, buffer in model.named_buffers())


def test_the_same_seed_gives_the_same_weights():
    models = [hidden(nn.Linear(4, 4), nn.GRU(4, 4), nn.Embedding(3, 2)) for _ in range(3)]
    for model, seed in zip(models, (1, 1, 2), strict=True):
        torch.manual_seed(seed)
        initialize_(model, double, "orthogonal")
    assert same_parameters(models[0], models[1])
    assert not same_parameters(models[0], models[2])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.complex64, torch.complex128])
@pytest.mark.parametrize("scheme", ["kaiming", "orthogonal", "delta-orthogonal"])
def test_all_floating_point_types(dtype, scheme):
    model = hidden(nn.Conv1d(16, 64, 3, dtype=dtype), nn.Embedding(60, 16, dtype=dtype))
    report = initialize_(model, double, scheme)
    assert {parameter.dtype for parameter in model[0].parameters()} == {dtype}
    assert report.parameters[0].std == pytest.approx(0.5 / 48**0.5)
    assert report.parameters[0].rms == pytest.approx(report.parameters[0].std, rel=0.05)
    assert report.parameters[2].rms == pytest.approx(1, rel=0.1)
    if dtype == torch.float64:  # not rounded from float32 on the way
        assert not torch.equal(model[0].weight, model[0].weight.float().double())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_parameters_without_data(scheme):
    with torch.device("meta"):
        meta = hidden(nn.Linear(100_000, 100_000), nn.Embedding(3, 2, padding_idx=0))
    with FakeTensorMode():
        fake = hidden(nn.Linear(100_000, 100_000), nn.Embedding(3, 2, padding_idx=0))
    for model in (meta, fake):
        report = initialize_(model, double, scheme)
        assert {each.rms for each in report.parameters} == {None}
        assert report.parameters[0].std == pytest.approx(0.5 / 100_000**0.5)
        assert how(report)["0.weight"].startswith(scheme)
        assert report.left_alone == ()


# The structure of weights


def matrices(blocks, weight):
    """Return a weight as matrices of outputs by all that an output is computed from, in float64."""
    return weight.detach().double().reshape(blocks, weight.shape[0] // blocks, -1)


def assert_orthogonal(blocks, std):
    """Check that the rows, or the columns, are orthogonal and of equal length, and the mean square is std^2."""
    outputs, inputs = blocks.shape[-2:]
    product = blocks @ blocks.mT if outputs <= inputs else blocks.mT @ blocks
    square = max(outputs, inputs) * std**2
    torch.testing.assert_close(
        product, (square * torch.eye(len(product[0])).double()).expand_as(product), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("size", [(4, 4), (3, 7), (7, 3)], ids=str)
def test_orthogonal_linear_layers(size, direction):
    for scheme in ("orthogonal", "delta-orthogonal"):
        model = hidden(nn.Linear(*size))
        initialize_(model, double, scheme, direction)
        fan = size[0] if direction == "forward" else size[1]
        assert_orthogonal(matrices(1, model[0].weight), 0.5 / fan**0.5)


def test_where_torch_is_not_scaled():
    tall = hidden(nn.Linear(3, 12))
    initialize_(tall, double, "orthogonal")
    theirs = nn.init.orthogonal_(torch.empty(12, 3))
    assert theirs.square().sum(1).mean().item() == pytest.approx(3 / 12)
    assert tall[0].weight.square().sum(1).mean().item() == pytest.approx(0.5**2)


def test_orthogonal_convolutions_bilinear_layers_and_gates():
    convolution, grouped = nn.Conv2d(4, 6, 3), nn.Conv2d(4, 8, (1, 3), groups=2)
    bilinear, lstm, packed = nn.Bilinear(3, 2, 5), nn.LSTM(3, 5, proj_size=2), nn.MultiheadAttention(6, 2)
    initialize_(hidden(convolution, grouped, bilinear, lstm, packed), double, "orthogonal")
    assert_orthogonal(matrices(1, convolution.weight), 0.5 / 6)
    assert_orthogonal(matrices(2, grouped.weight), 0.5 / 6**0.5)
    assert_orthogonal(matrices(1, bilinear.weight), 0.5 / 6**0.5)
    assert_orthogonal(matrices(4, lstm.weight_ih_l0), 1 / 3**0.5)
    assert_orthogonal(matrices(4, lstm.weight_hh_l0), 1 / 2**0.5)
    assert_orthogonal(matrices(1, lstm.weight_hr_l0), 1 / 5**0.5)
    assert_orthogonal(matrices(3, packed.in_proj_weight), 1 / 6**0.5)


def test_orthogonal_transposed_convolutions():
    layer = nn.ConvTranspose2d(6, 8, (3, 2), stride=(2, 1), groups=2)
    initialize_(hidden(layer), double, "orthogonal")
    # The weight is (2 groups of 3 inputs, 4 outputs of a group, *kernel); an output gets 3 * 6 / 2 products.
    blocks = layer.weight.detach().double().unflatten(0, (2, 3)).transpose(1, 2).flatten(2)
    assert_orthogonal(blocks, 0.5 / 9**0.5)


def test_weights_from_the_hidden_state_are_orthogonal_in_every_scheme():
    for scheme in SCHEMES:
        layer = nn.GRU(3, 5)
        initialize_(hidden(layer), double, scheme)
        assert_orthogonal(matrices(3, layer.weight_hh_l0), 1 / 5**0.5)


def test_gates_are_drawn_apart():
    layer = nn.GRU(5, 5)
    initialize_(hidden(layer), double, "orthogonal")
    first, second, third = matrices(3, layer.weight_ih_l0)
    assert not torch.allclose(first, second)
    assert not torch.allclose(second, third)


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (nn.Conv1d(2, 3, 5), 2),
        (nn.Conv2d(2, 3, (1, 3)), 2),
        (nn.Conv3d(2, 3, (3, 1, 5), stride=2), 2),
        (nn.Conv2d(4, 8, 3, groups=2), 2),
        (nn.ConvTranspose1d(4, 4, 3), 4),
        (nn.ConvTranspose2d(4, 6, (3, 5), stride=(2, 1), groups=2), 1),
    ],
    ids=str,
)
def test_delta_orthogonal_kernels_are_zero_but_at_the_centre(layer, fan_in):
    report = initialize_(hidden(layer), double, "delta-orthogonal")
    weight, groups = layer.weight.detach().double(), layer.groups
    centre = (slice(None), slice(None), *(length // 2 for length in layer.kernel_size))
    at_centre = weight[centre].clone()
    weight[centre] = 0
    assert weight.count_nonzero() == 0
    blocks = at_centre.reshape(groups, -1, at_centre.shape[1])
    assert_orthogonal(blocks.mT if layer.transposed else blocks, 0.5 / fan_in**0.5)
    assert report.parameters[0].rms == pytest.approx(report.parameters[0].std, rel=1e-5)


def test_orthogonal_matrices_are_uniformly_distributed():
    numbers = nn.Conv1d(4000, 4000, 1, groups=4000)
    initialize_(hidden(numbers), double, "orthogonal")
    assert numbers.weight.sign().mean().item() == pytest.approx(0, abs=0.05)
    pairs = nn.Conv1d(8000, 8000, 1, groups=4000)
    initialize_(hidden(pairs), double, "orthogonal")
    entries = matrices(4000, pairs.weight)
    assert entries.mean(0).abs().max().item() < 0.05
    assert entries.det().sign().mean().item() == pytest.approx(0, abs=0.05)  # half of them mirror


def test_critical_weights_and_biases():
    layers = [nn.Linear(400, 300), nn.Conv1d(30, 300, 5), nn.LSTM(400, 10), nn.MultiheadAttention(40, 2)]
    report = initialize_(nn.Sequential(*layers, nn.Linear(300, 30)), torch.tanh, "critical", sigma_b=0.3)
    rules = {each.name: each for each in report.parameters}
    # sigma_w at sigma_b 0.3 is 1.3956 (Schoenholz et al., 2017).
    assert rules["0.weight"].how == "critical, fan_in 400"
    assert rules["0.weight"].std == pytest.approx(1.3956 / 20, rel=1e-4)
    assert rules["0.weight"].rms == pytest.approx(1.3956 / 20, rel=0.02)
    assert rules["1.weight"].std == pytest.approx(1.3956 / 150**0.5, rel=1e-4)
    for name in ("0.bias", "1.bias"):
        assert (rules[name].how, rules[name].std) == ("normal", 0.3)
        assert rules[name].rms == pytest.approx(0.3, rel=0.1)
    assert layers[0].bias.mean().item() == pytest.approx(0, abs=0.06)
    # No activation follows on these.
    assert rules["2.weight_ih_l0"].std == pytest.approx(1 / 20)
    assert rules["3.in_proj_weight"].std == pytest.approx(40**-0.5)
    assert rules["4.weight"].std == pytest.approx(300**-0.5)
    for name in ("2.bias_ih_l0", "2.bias_hh_l0", "3.in_proj_bias", "3.out_proj.bias", "4.bias"):
        assert (rules[name].how, rules[name].rms) == ("zero", 0.0)


def test_critical_biases_without_sigma_b_are_zero():
    assert how(initialize_(hidden(nn.Linear(2, 2)), torch.relu, "critical"))["0.bias"] == "zero"


# Measured second moments


def linear(weight, blocks=1):
    """Return a map for each of the matrices that are stacked in a weight."""
    return [lambda x, matrix=matrix: F.linear(x, matrix) for matrix in weight.chunk(blocks)]


# The layer, the size of its input, the fans (counted in the head), and, for layers that are more than one map, these.
CASES = {
    "wide": (lambda: nn.Linear(48, 24), (48,), 48, 24),
    "tall": (lambda: nn.Linear(24, 48), (24,), 24, 48),
    "Conv1d": (lambda: nn.Conv1d(12, 20, 5), (12, 24), 60, 100),
    "Conv2d": (lambda: nn.Conv2d(8, 16, 3), (8, 10, 10), 72, 144),
    "Conv3d": (lambda: nn.Conv3d(8, 24, (1, 3, 3)), (8, 2, 8, 8), 72, 216),
    "grouped": (lambda: nn.Conv2d(16, 32, 3, groups=4), (16, 10, 10), 36, 72),
    "depthwise": (lambda: nn.Conv2d(144, 144, 3, groups=144), (144, 6, 6), 9, 9),
    "strided": (lambda: nn.Conv2d(8, 16, 3, stride=2), (8, 12, 12), 72, 36),
    "long strides": (lambda: nn.Conv1d(12, 20, 5, stride=3), (12, 26), 60, 100 / 3),
    "strides in one group of two": (lambda: nn.Conv1d(16, 32, 3, stride=2, groups=2), (16, 24), 24, 24),
    "dilated": (lambda: nn.Conv2d(8, 16, 3, dilation=2), (8, 12, 12), 72, 144),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(12, 20, 5), (12, 24), 60, 100),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(12, 16, 3), (12, 8, 8), 108, 144),
    "ConvTranspose2d, strided": (lambda: nn.ConvTranspose2d(12, 16, 3, stride=2), (12, 8, 8), 27, 144),
    "ConvTranspose2d, grouped": (lambda: nn.ConvTranspose2d(16, 32, 3, stride=2, groups=2), (16, 8, 8), 18, 144),
    "ConvTranspose3d": (lambda: nn.ConvTranspose3d(8, 16, (1, 3, 3), stride=(1, 1, 2)), (8, 2, 6, 6), 36, 144),
}
PROJECTIONS = {
    "packed": (lambda: nn.MultiheadAttention(32, 2), lambda each: linear(each.in_proj_weight, 3), 32, 32),
    "queries": (
        lambda: nn.MultiheadAttention(32, 2, kdim=24, vdim=48),
        lambda each: linear(each.q_proj_weight),
        32,
        32,
    ),
    "keys": (lambda: nn.MultiheadAttention(32, 2, kdim=24, vdim=48), lambda each: linear(each.k_proj_weight), 24, 32),
    "values": (lambda: nn.MultiheadAttention(32, 2, kdim=24, vdim=48), lambda each: linear(each.v_proj_weight), 48, 32),
    "attention's output": (lambda: nn.MultiheadAttention(32, 2), lambda each: [each.out_proj], 32, 32),
    "RNNCell": (lambda: nn.RNNCell(24, 48), lambda each: linear(each.weight_ih), 24, 48),
    "GRUCell": (lambda: nn.GRUCell(24, 32), lambda each: linear(each.weight_ih, 3), 24, 32),
    "LSTMCell": (lambda: nn.LSTMCell(48, 24), lambda each: linear(each.weight_ih, 4), 48, 24),
    "projected": (lambda: nn.LSTM(24, 48, proj_size=24), lambda each: linear(each.weight_hr_l0), 48, 24),
}
CHOICES = [
    ("kaiming", "forward"),
    ("orthogonal", "backward"),
    ("delta-orthogonal", "forward"),
    *(
        pytest.param(scheme, direction, marks=pytest.mark.long)
        for scheme, direction in [
            ("kaiming", "backward"),
            ("orthogonal", "forward"),
            ("delta-orthogonal", "backward"),
            ("xavier", "forward"),
            ("xavier", "backward"),
            ("critical", "forward"),
        ]
    ),
]
BATCH = 16
SIGMA_W, SIGMA_B = 1.25, 0.5


def promised(scheme, direction, fan_in, fan_out, *, activation=True):
    """Return the second moments of outputs and of gradients of inputs that the scheme promises for a layer."""
    gain_squared = {"forward": 0.5, "backward": 1.0}[direction] if activation else 1.0
    if scheme == "xavier":
        total = fan_in + fan_out
        return gain_squared * 2 * fan_in / total, gain_squared * 2 * fan_out / total
    if scheme == "critical":
        squared, added = (SIGMA_W**2, SIGMA_B**2) if activation else (1.0, 0.0)
        return squared + added, squared * fan_out / fan_in
    if direction == "forward":
        return gain_squared, gain_squared * fan_out / fan_in
    return gain_squared * fan_in / fan_out, gain_squared


def moments(function, *sizes, kept=None):
    """Return the second moments of a map's outputs, and of the gradients of its inputs, for independent ones."""
    inputs = [torch.randn(size, requires_grad=True) for size in sizes]
    outputs = function(*inputs)
    gradients = torch.autograd.grad(outputs, inputs, torch.randn_like(outputs))
    if kept is not None:
        outputs, gradients = kept(outputs, gradients[0])
    squares = torch.cat([gradient.flatten() for gradient in gradients]).square()
    return outputs.detach().square().mean().item(), squares.mean().item()


def away_from_borders(layer):
    """Return a function that cuts from outputs and gradients the part that no border touches, in whole strides."""

    def kept(outputs, gradients):
        many = outputs if layer.transposed else gradients
        for axis in range(len(layer.kernel_size)):
            reach, stride = layer.dilation[axis] * (layer.kernel_size[axis] - 1), layer.stride[axis]
            places = (many.shape[axis + 2] - 2 * reach) // stride * stride
            many = many.narrow(axis + 2, reach, places)
        return (many, gradients) if layer.transposed else (outputs, many)

    return kept


def drawn(build, scheme, direction, monkeypatch, draws=48):
    """Return equal layers, each drawn anew."""
    monkeypatch.setattr(initializing, "critical_sigma_w", lambda *_: SimpleNamespace(sigma_w=SIGMA_W, reason=""))
    layers = [build() for _ in range(draws)]
    sigma_b = SIGMA_B if scheme == "critical" else 0.0
    initialize_(nn.ModuleList([*layers, nn.Linear(1, 1)]), shifted, scheme, direction, sigma_b)
    return layers


def assert_mean(measured, expected):
    means = torch.tensor(measured, dtype=torch.float64).mean(0).tolist()
    assert means == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("scheme", "direction"), CHOICES)
@pytest.mark.parametrize("case", CASES)
def test_second_moments_of_layers(case, scheme, direction, monkeypatch):
    build, size, fan_in, fan_out = CASES[case]
    batch = (512,) if len(size) == 1 else (BATCH,)
    measured = [
        moments(layer, (*batch, *size), kept=None if len(size) == 1 else away_from_borders(layer))
        for layer in drawn(build, scheme, direction, monkeypatch)
    ]
    assert_mean(measured, promised(scheme, direction, fan_in, fan_out))


@pytest.mark.parametrize(("scheme", "direction"), CHOICES)
@pytest.mark.parametrize("case", PROJECTIONS)
def test_second_moments_of_projections(case, scheme, direction, monkeypatch):
    build, maps, fan_in, fan_out = PROJECTIONS[case]
    layers = drawn(build, scheme, direction, monkeypatch)
    measured = [moments(function, (512, fan_in)) for layer in layers for function in maps(layer)]
    assert_mean(measured, promised(scheme, direction, fan_in, fan_out, activation=False))


@pytest.mark.parametrize(("scheme", "direction"), CHOICES)
def test_second_moments_of_bilinear_layers(scheme, direction, monkeypatch):
    layers = drawn(lambda: nn.Bilinear(16, 12, 24), scheme, direction, monkeypatch)
    measured = [moments(layer, (512, 16), (512, 12)) for layer in layers]
    assert_mean(measured, promised(scheme, direction, 16 * 12, 2 * 24 * 16 * 12 / (16 + 12)))


# What is refused, and that nothing has changed then


def refused(error, message, model, *args, **kwargs):
    before = copy.deepcopy(model)
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        initialize_(model, *args, **kwargs)
    if isinstance(model, nn.Module):
        assert same_parameters(model, before)


def test_wrong_arguments():
    model = nn.Linear(2, 2)
    refused(TypeError, "initialize_() model is list; expected a torch.nn.Module", [], double)
    refused(TypeError, "initialize_() activation is str; expected a function or a module", model, "relu")
    names = "'kaiming', 'xavier', 'orthogonal', 'delta-orthogonal', 'critical'"
    refused(ValueError, f"initialize_() scheme is 'he'; expected {names}", model, double, "he")
    expected = "initialize_() direction is 'up'; expected 'forward', 'backward'"
    refused(ValueError, expected, model, double, direction="up")
    for name, value in itertools.product(("sigma_b", "last_gain"), (-0.5, math.inf, math.nan, "1", None)):
        expected = f"initialize_() {name} is {value!r}; expected a number that is not negative"
        refused(ValueError, expected, model, double, "critical", **{name: value})
    expected = "initialize_() direction is 'backward'; expected 'forward' with the scheme 'critical'"
    refused(ValueError, expected, model, double, "critical", "backward")
    expected = "initialize_() sigma_b is 0.1; expected 0 with the scheme 'xavier'"
    refused(ValueError, expected, model, double, "xavier", sigma_b=0.1)


def test_activations_without_a_gain_or_a_critical_point(monkeypatch):
    model = nn.Linear(2, 2)
    expected = "initialize_() activation has an infinite gain backward; expected a function neither zero nor flat"
    refused(ValueError, expected, model, torch.sign, direction="backward")
    asked = []

    def none(activation, sigma_b):
        asked.append((activation, sigma_b))
        return SimpleNamespace(sigma_w=None, reason="it explodes")

    monkeypatch.setattr(initializing, "critical_sigma_w", none)
    expected = "initialize_() activation has no critical point at sigma_b 0.5: it explodes"
    refused(ValueError, expected, model, double, "critical", sigma_b=0.5)
    assert asked == [(double, 0.5)]


def test_delta_orthogonal_needs_a_centre_and_enough_outputs():
    beginning = "initialize_() scheme is 'delta-orthogonal', and 1.weight has "
    even = "a kernel of size (3, 2), which has no centre; expected odd sizes"
    refused(ValueError, beginning + even, hidden(nn.Linear(2, 2), nn.Conv2d(2, 2, (3, 2))), double, "delta-orthogonal")
    few = "{} outputs for {} inputs in a group; expected at least as many outputs as inputs"
    for layer, outputs, inputs in (
        (nn.Conv1d(8, 7, 3), 7, 8),
        (nn.Conv1d(8, 4, 3, groups=2), 2, 4),
        (nn.ConvTranspose1d(8, 4, 3, groups=2), 2, 4),
    ):
        model = hidden(nn.Linear(2, 2), layer)
        refused(ValueError, beginning + few.format(outputs, inputs), model, double, "delta-orthogonal")
    frozen = nn.Conv1d(2, 2, 4).requires_grad_(False)
    initialize_(hidden(frozen, nn.Linear(8, 2), nn.Conv1d(2, 2, 1)), double, "delta-orthogonal")


@pytest.mark.filterwarnings(
    "ignore:`torch.nn.utils.weight_norm` is deprecated", "ignore:`torch.nn.utils.spectral_norm`"
)
@pytest.mark.parametrize(
    "parametrize",
    [
        parametrizations.weight_norm,
        parametrizations.spectral_norm,
        nn.utils.weight_norm,
        nn.utils.spectral_norm,
        lambda layer: prune.l1_unstructured(layer, "weight", 1),
    ],
    ids=["weight_norm", "spectral_norm", "old weight_norm", "old spectral_norm", "pruned"],
)
def test_computed_weights_are_refused(parametrize):
    ending = " from other parameters; expected plain parameters: initialize first, and parametrize then"
    layer = parametrize(nn.Linear(2, 2))
    values = [parameter.detach().clone() for parameter in layer.parameters()]
    with pytest.raises(ValueError, match=rf"^initialize_\(\) model computes a weight of \w*Linear{ending}$"):
        initialize_(layer, double)
    model = nn.Sequential(nn.Linear(2, 2), layer)
    before = model[0].weight.detach().clone()
    with pytest.raises(ValueError, match=rf"^initialize_\(\) model computes a weight of 1{ending}$"):
        initialize_(model, double)
    assert torch.equal(model[0].weight, before)
    assert all(torch.equal(now, then) for now, then in zip(layer.parameters(), values, strict=True))


def test_lazy_parameters_are_refused():
    model = nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(3))
    before = model[0].weight.detach().clone()
    with pytest.raises(
        ValueError, match=r"^initialize_\(\) parameter 1\.weight has no size yet; expected a model that has run once$"
    ):
        initialize_(model, double)
    assert torch.equal(model[0].weight, before)
    model(torch.ones(1, 2))
    assert initialize_(model, double).left_alone == ()


def inference_parameter():
    with torch.inference_mode():
        return nn.Parameter(torch.ones(2, 2))


@pytest.mark.parametrize(
    ("parameter", "what"),
    [
        (nn.Parameter(torch.ones(2, 2).to(torch.float8_e5m2)), "of torch.float8_e5m2, too coarse for random values"),
        (nn.Parameter(TwoTensor(torch.ones(2, 2), torch.ones(2, 2))), "a TwoTensor"),
        (inference_parameter(), "a tensor of inference mode"),
        (nn.Parameter(torch.ones(2, 1).expand(2, 2)), "expanded, so that several elements are one"),
    ],
    ids=["float8", "subclass", "inference", "expanded"],
)
def test_parameters_that_cannot_be_written_are_refused(parameter, what):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = parameter
    before = model[0].weight.detach().clone()
    message = f"initialize_() parameter 1.weight is {what}; expected a tensor that can be written to"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        initialize_(model, double)
    assert torch.equal(model[0].weight, before)
    parameter.requires_grad_(False)
    assert [each.name for each in initialize_(model, double).left_alone] == ["1.weight"]


def test_what_can_be_written_after_all():
    with torch.inference_mode():
        model = nn.Linear(2, 2)
        assert initialize_(model, double).left_alone == ()
    single = nn.Linear(1, 2)
    single.weight = nn.Parameter(torch.ones(2).as_strided((2, 1), (1, 0)))
    assert initialize_(single, double).left_alone == ()
