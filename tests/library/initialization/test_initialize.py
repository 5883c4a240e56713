"""Whole models initialized: what is reported, what each parameter gets, what is refused."""

import copy
import itertools
import math
import re
from types import SimpleNamespace

import pytest
import torch
from known_gains import SCHEMES, double, hidden, how, shifted
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.nn.utils import parametrizations, prune
from torch.testing._internal.two_tensor import TwoTensor

from tensorglass import initialize_
from tensorglass.initialization import initialize as initializing
from tensorglass.initialization.initialize import InitializedParameter


def same_parameters(model, before):
    return all(torch.equal(a, b) for a, b in zip(model.parameters(), before.parameters(), strict=True))


# What is reported


def test_the_table():
    model = nn.Sequential(nn.Linear(4, 2), nn.PReLU(), nn.Conv1d(2, 3, 5))
    report = initialize_(model, double, "orthogonal", last_gain=0.0)
    assert str(report) == (
        "4 of 5 parameters initialized, 1 left alone: 1 no rule for PReLU\n"
        "\n"
        "Parameters\n"
        "\n"
        "parameter  shape      role                      how                                 std   rms\n"
        "---------  ---------  ------------------------  ---------------------------------  ----  ----\n"
        "0.weight   (2, 4)     hidden                    orthogonal, fan_in 4               0.25  0.25\n"
        "0.bias     (2,)                                 zero                                        0\n"
        "1.weight   (1,)                                 left alone: no rule for PReLU\n"
        "2.weight   (3, 2, 5)  output (registered last)  orthogonal, fan_in 10, last layer     0     0\n"
        "2.bias     (3,)                                 zero                                        0"
    )
    assert repr(report) == str(report)
    assert '<td class="number">0.25</td><td class="number">0.25</td>' in report._repr_html_()


def test_the_fields():
    model = hidden(nn.Linear(16, 9), nn.PReLU())
    report = initialize_(model, double)
    weight, bias, slope, *_ = report.parameters
    rms = model[0].weight.detach().double().square().mean().sqrt().item()
    assert weight == InitializedParameter(
        "0.weight", (9, 16), "kaiming, fan_in 16", pytest.approx(0.125), pytest.approx(rms), "hidden", "Linear"
    )
    assert bias == InitializedParameter("0.bias", (9,), "zero", None, 0.0, "", "Linear")
    assert slope == InitializedParameter("1.weight", (1,), "left alone: no rule for PReLU", None, None, "", "PReLU")
    assert report.left_alone == (slope,)
    assert [each.name for each in report.parameters] == [name for name, _ in model.named_parameters()]


@pytest.mark.parametrize(("layers", "rows"), [(40, 40), (41, 2)])
def test_very_many_parameters_share_rows(layers, rows):
    report = initialize_(nn.Sequential(*[nn.Linear(2, 2, bias=False) for _ in range(layers)]), double)
    lines = str(report).splitlines()
    assert lines[0] == f"{layers} of {layers} parameters initialized, 0 left alone"
    assert len(lines) == 6 + rows
    if rows == 2:
        assert lines[2] == "Parameters, alike but for the numbers in their names"
        assert lines[6].split()[:4] == ["*.weight", "40", "(2,", "2)"]


def test_thousands_are_separated():
    report = initialize_(nn.ParameterList([torch.ones(1)] * 1001), double)
    expected = "0 of 1,001 parameters initialized, 1,001 left alone: 1,001 no rule for ParameterList"
    assert str(report).splitlines()[0] == expected


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


def test_a_tied_embedding_is_drawn_once_as_large_as_the_output_asks():
    for last_gain, std in ((None, 0.2 / 8), (2.0, 2 / 8), (0.0, 0.0)):
        model = nn.Sequential(nn.Embedding(50, 64), nn.Linear(64, 50, bias=False))
        model[1].weight = model[0].weight
        (only,) = initialize_(model, double, last_gain=last_gain).parameters
        assert (only.name, only.how, only.role) == ("0.weight", "normal, tied with 1.weight", "tied embedding")
        assert model[1].weight is model[0].weight
        assert only.std == pytest.approx(std)
        assert only.rms == pytest.approx(std, rel=0.1)
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
        "0.scale": f"left alone: no rule for {__name__}.Scaled",
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
    names = ("sigma_b", "last_gain", "residual_scale")
    for name, value in [("sigma_b", None), *itertools.product(names, (-0.5, math.inf, math.nan, "1"))]:
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
