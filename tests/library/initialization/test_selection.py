"""Parameters named by the reader: left alone, chosen, or with gains of their own; adapters and layers of others."""

import copy
import re

import pytest
import torch
import torch.nn.functional as F
from known_gains import double, how
from torch import nn

from tensorglass import initialize_, lsuv_


def model():
    return nn.ModuleDict(
        {
            "body": nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)),
            "head": nn.Linear(4, 2),
        }
    )


def changed(net, **options):
    before = {name: value.detach().clone() for name, value in net.named_parameters()}
    for value in net.parameters():
        nn.init.constant_(value, 7.0)
    report = initialize_(net, double, **options)
    return report, {
        name for name, value in net.named_parameters() if not (value == 7).all() and before[name] is not None
    }


@pytest.mark.parametrize("skip", ["head", "*.weight", ["body.0", "head.bias"], "hea*"])
def test_what_is_skipped_stays(skip):
    net = model()
    report, new = changed(net, skip=skip)
    assert {each.name for each in report.left_alone} == {name for name, _ in net.named_parameters()} - new
    assert {each.how for each in report.left_alone} == {"left alone: skipped"}
    assert report


def test_only_what_is_chosen_changes():
    report, new = changed(model(), only=["body.2", "*.bias"], skip="head")
    assert new == {"body.0.bias", "body.2.weight", "body.2.bias"}
    assert how(report)["body.0.weight"] == "left alone: not chosen"
    assert how(report)["head.bias"] == "left alone: skipped"


def test_gains_by_name():
    report = initialize_(model(), double, gains={"body": 3.0, "body.2": 1.0, "head.weight": 0.5})
    stds = {each.name: each.std for each in report.parameters}
    assert (stds["body.0.weight"], stds["body.2.weight"], stds["head.weight"]) == (1.5, 0.5, 0.25)
    assert how(report)["body.0.weight"] == "kaiming, fan_in 4, gain 3 as given"
    rows = initialize_(nn.Sequential(nn.Embedding(50, 4), nn.Linear(4, 1)), double, gains={"0": 0.02}).parameters[0]
    assert rows.std == 0.02


NO_NAME = (
    "and nothing in the model has such a name; expected names as in model.named_modules() or model.named_parameters(), "
    "or patterns such as '*.bias'"
)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"skip": "tail"}, ValueError, f"initialize_() skip holds 'tail', {NO_NAME}"),
        ({"only": ["head", "0"]}, ValueError, f"initialize_() only holds '0', {NO_NAME}"),
        ({"gains": {"tail": 1.0}}, ValueError, f"initialize_() gains holds 'tail', {NO_NAME}"),
        (
            {"gains": {"head": -1}},
            ValueError,
            "initialize_() gains['head'] is -1; expected a number that is not negative",
        ),
        ({"gains": [1.0]}, TypeError, "initialize_() gains is list; expected a mapping of names to numbers"),
        ({"skip": 3}, TypeError, "initialize_() skip is int; expected names or patterns of names"),
        ({"skip": [3]}, TypeError, "initialize_() skip holds int; expected names or patterns"),
    ],
)
def test_wrong_names_are_refused(options, error, message):
    net = model()
    before = copy.deepcopy(net.state_dict())
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        initialize_(net, double, **options)
    torch.testing.assert_close(net.state_dict(), before, rtol=0, atol=0)


def test_weights_that_are_tied_are_chosen_by_each_of_their_names():
    net = nn.ModuleDict({"tokens": nn.Embedding(5, 4), "head": nn.Linear(4, 5, bias=False)})
    net["head"].weight = net["tokens"].weight
    before = net["head"].weight.clone()
    assert not initialize_(net, double, skip="head.weight")
    assert torch.equal(net["head"].weight, before)


def test_parametrized_weights_are_chosen_by_their_names_inside_the_model():
    for net in (nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2))):
        layer = net if isinstance(net, nn.Linear) else net[0]
        nn.utils.parametrizations.weight_norm(layer)
        prefix = "" if net is layer else "0."
        names = [f"{prefix}bias", f"{prefix}parametrizations.*"]
        assert initialize_(net, double, skip=names).left_alone
        for name in names:
            with pytest.raises(ValueError, match="initialize first"):
                initialize_(net, double, skip=name)


def test_skipped_layers_may_be_parametrized_or_lazy():
    net = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), nn.LazyLinear(3), nn.Linear(3, 1))
    assert initialize_(net, double, skip=["0", "1"])
    with pytest.raises(ValueError, match="initialize first"):
        initialize_(net, double, skip="1")


class Adapted(nn.Module):
    """A frozen layer, and two small ones beside it, the second of them zero."""

    def __init__(self):
        super().__init__()
        self.base, self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 2, bias=False), nn.Linear(2, 6, bias=False)
        self.base.requires_grad_(False)
        nn.init.zeros_(self.b.weight)

    def forward(self, x):
        return self.base(x) + self.b(self.a(x))


def test_zeros_beside_frozen_weights_keep_what_is_computed():
    net, x = nn.Sequential(Adapted(), nn.ReLU(), Adapted()), torch.randn(5, 6)
    before = net(x)
    report = initialize_(net, F.relu)
    assert torch.equal(net(x), before)
    assert how(report)["0.b.weight"] == "left alone: zero beside frozen weights, as adapters start"
    assert "2 zero beside frozen weights" in str(report).splitlines()[0]
    initialize_(net, F.relu, only="0.b")
    assert net[0].b.weight.any()


def test_named_adapters_are_left_alone_even_when_trained():
    net = nn.ModuleDict({"base": nn.Linear(4, 4), "lora_A": nn.Linear(4, 2), "lora_B": nn.Linear(2, 4)})
    net["base"].requires_grad_(False)
    report = initialize_(net, F.relu)
    assert not report
    assert len(report.left_alone) == len(report.parameters)
    net["base"].requires_grad_(True)
    assert initialize_(net, F.relu).left_alone == ()


def test_frozen_biases_are_no_fine_tuning():
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    net[0].bias.requires_grad_(False)
    nn.init.zeros_(net[1].weight)
    assert how(initialize_(net, F.relu))["1.weight"] == "kaiming, fan_in 4, last layer"
    assert net[1].weight.any()


def test_a_vector_of_zeros_beside_frozen_weights_is_no_adapter():
    net = nn.Sequential(Adapted(), nn.LayerNorm(6))
    nn.init.zeros_(net[1].weight)
    assert how(initialize_(net, F.relu))["1.weight"] == "one"


def test_what_is_named_as_an_adapter_is_told():
    net = nn.ModuleDict({"base": nn.Linear(4, 4).requires_grad_(False), "lora_A": nn.Linear(4, 2)})
    assert how(initialize_(net, F.relu))["lora_A.weight"] == (
        "left alone: trained beside frozen weights, as adapters are"
    )


class ForeignLinear(nn.Module):
    """A linear layer of one's own that keeps its weight the other way round."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.nx, self.nf = inputs, outputs
        self.weight, self.bias = nn.Parameter(torch.zeros(inputs, outputs)), nn.Parameter(torch.ones(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


class OwnNorm(nn.Module):
    def __init__(self, shift):
        super().__init__()
        self.weight, self.shift = nn.Parameter(torch.full((8,), 0.3)), shift

    def forward(self, x):
        return x * x.square().mean(-1, keepdim=True).rsqrt() * (self.shift + self.weight)


class OwnNormWithTwoInputs(OwnNorm):
    def forward(self, x, y):
        return x + y


def test_layers_of_other_libraries_that_tell_their_sizes():
    torch.manual_seed(0)
    net = nn.Sequential(ForeignLinear(100, 400), nn.Linear(400, 1))
    report = initialize_(net, double, "orthogonal")
    assert (how(report)["0.weight"], how(report)["0.bias"]) == ("orthogonal, fan_in 100", "zero")
    assert net[0](torch.randn(500, 100)).square().mean().item() == pytest.approx(0.25, rel=0.1)
    assert f"1 weight of {__name__}.ForeignLinear" in str(report).splitlines()[0]
    assert report


def test_norms_of_other_libraries_start_where_they_change_nothing():
    net = nn.Sequential(OwnNorm(0), OwnNorm(1), OwnNormWithTwoInputs(0), nn.Linear(8, 1))
    report = initialize_(net, double)
    assert net[0].weight.tolist() == [1] * 8
    assert net[1].weight.tolist() == [0] * 8
    assert [how(report)[f"{i}.weight"] for i in (0, 1)] == ["one", "zero, which is added to one"]
    assert [each.role for each in report.parameters][:3] == ["norm", "norm", ""]
    assert how(report)["2.weight"] == f"left alone: no rule for {__name__}.OwnNormWithTwoInputs"
    assert how(report)["3.weight"] == "kaiming, fan_in 8, last layer, gain 0.2"


class CenteredNorm(OwnNorm):
    """It has no place for a batch of less than two examples, and none for examples that are alike."""

    def forward(self, x):
        if len(x) != 2 or torch.equal(x[0], x[1]) or x.shape[1] != 8:
            raise ValueError
        return (x - x.mean(0)) / x.std(0) * (self.shift + self.weight)


def test_a_norm_is_tried_on_two_examples_that_differ():
    assert how(initialize_(nn.Sequential(CenteredNorm(1)), double))["0.weight"] == "zero, which is added to one"


class CountingNorm(OwnNorm):
    calls = 0

    def forward(self, x):
        type(self).calls += 1
        return super().forward(x)


def test_a_norm_without_values_is_not_tried():
    report = initialize_(nn.Sequential(CountingNorm(0).to("meta")), double)
    assert how(report)["0.weight"] == f"left alone: no rule for {__name__}.CountingNorm"
    assert CountingNorm.calls == 0


class Unknown(nn.Module):
    def __init__(self):
        super().__init__()
        self.mixing = nn.Parameter(torch.ones(3, 3))


def test_a_report_is_true_only_if_all_weights_have_a_rule():
    assert initialize_(nn.Sequential(nn.Linear(2, 2), nn.PReLU()), double)
    report = initialize_(nn.Sequential(nn.Linear(2, 2), Unknown()), double)
    assert not report
    assert f"1 no rule for {__name__}.Unknown" in str(report).splitlines()[0]
    assert not initialize_(nn.Linear(2, 2).requires_grad_(False), double)
    meta = initialize_(nn.Linear(2, 2, device="meta"), double)
    assert not meta
    assert str(meta).splitlines()[0] == "2 of 2 parameters initialized, 0 left alone; 2 have no data to write to"


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_scripted_and_quantized_models_are_refused():
    net = nn.Sequential(nn.Linear(4, 4))
    for function in (lambda m: initialize_(m, double), lambda m: lsuv_(m, torch.randn(9, 4))):
        with pytest.raises(
            ValueError, match=r"^\w+_\(\) model is scripted; expected the module that torch\.jit\.script was given$"
        ):
            function(torch.jit.script(net))
    for package in ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized"):
        layer = type("Quantized", (nn.Module,), {"__module__": f"{package}.modules.linear"})()
        with pytest.raises(ValueError, match=r"^initialize_\(\) model has a quantized layer, 0; expected floats$"):
            initialize_(nn.Sequential(layer), double)


# lsuv_


@pytest.mark.parametrize("inner", [False, True])
def test_lsuv_under_autocast(inner):
    class Casting(nn.Sequential):
        def forward(self, x):
            with torch.autocast("cpu", torch.bfloat16, enabled=inner):
                return super().forward(x)

    torch.manual_seed(0)
    net, x = Casting(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64)), torch.randn(500, 64)
    with torch.autocast("cpu", torch.bfloat16):
        net(x)
        report = lsuv_(net, x)
        assert torch.is_autocast_cache_enabled()
        assert net(x).float().std().item() == pytest.approx(1, abs=0.03)
    assert [layer.status for layer in report.layers] == ["normalised"] * 2
    assert report


def test_lsuv_skips_a_head_and_is_false_where_nothing_is_done():
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 3)), torch.randn(200, 8)
    before = net[1].weight.clone()
    report = lsuv_(net, x, skip="1")
    assert [layer.status for layer in report.layers] == ["normalised", "skipped"]
    assert report
    assert torch.equal(net[1].weight, before)
    assert report.layers[1].iterations == 0
    assert not lsuv_(net, x, skip=["0", "1"])
    net.append(nn.Linear(3, 3).requires_grad_(False))
    report = lsuv_(net, x, skip="1")
    assert [layer.status for layer in report.layers] == ["normalised", "skipped", "frozen"]
    assert report
    assert not lsuv_(net.requires_grad_(False), x)
    with pytest.raises(ValueError, match=r"^lsuv_\(\) skip holds 'head', and nothing in the model has such a name"):
        lsuv_(net, x, skip="head")


def test_lsuv_of_a_compiled_model_and_one_in_data_parallel():
    for wrap in (lambda m: torch.compile(m, backend="eager"), nn.DataParallel):
        torch.manual_seed(0)
        net, x = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)), torch.randn(200, 8)
        wrapped = wrap(net)
        wrapped(x)
        assert len(lsuv_(wrapped, x).layers) == 2
        assert net(x).std().item() == pytest.approx(1, abs=0.03)
