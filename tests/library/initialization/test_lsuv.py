"""What `lsuv_` does to a model, measured by running the model again, without the library."""

import math
from dataclasses import FrozenInstanceError
from functools import partial

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.utils.parametrizations import weight_norm

from tensorglass import lsuv_
from tensorglass.initialization.lsuv import LsuvLayer, LsuvReport


def perceptron():
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 10))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return x + self.second(self.first(x).relu())


def convolutional():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), Residual(8), Residual(8), nn.Flatten(), nn.Linear(288, 5)
    )


def encoder(training):
    return nn.TransformerEncoderLayer(16, 4, 32, 0.0, batch_first=True).train(training)


def stds(model, *args):
    """Return the standard deviation of each layer's output in an ordinary run."""
    found, hooks = {}, []

    def measure(name, module, inputs, output):
        output = output[0] if isinstance(output, tuple) else output
        found.setdefault(name, output.detach().double().var(correction=0).sqrt().item())

    for name, module in model.named_modules():
        hooks.append(module.register_forward_hook(partial(measure, name)))
    x = [each.clone().requires_grad_() for each in args]  # keeps attention from its fast path for inference
    model(*x)
    for hook in hooks:
        hook.remove()
    return found


MODELS = {
    "MLP": (perceptron, (4000, 32)),
    "CNN": (convolutional, (800, 3, 8, 8)),
    "encoder in train mode": (partial(encoder, training=True), (600, 10, 16)),
    "encoder in eval mode": (partial(encoder, training=False), (600, 10, 16)),
}


@pytest.mark.parametrize("which", MODELS)
@pytest.mark.parametrize("tolerance", [0.02, 0.1])
def test_the_tolerance_is_reached_and_holds_for_fresh_data(which, tolerance):
    made, size = MODELS[which]
    torch.manual_seed(0)
    model, batch, fresh = made(), torch.randn(size), torch.randn(size)
    report = lsuv_(model, batch, tolerance)
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.MultiheadAttention)) and not name.endswith("out_proj")
    ]
    assert [layer.name for layer in report.layers] == names
    assert {layer.status for layer in report.layers} == {"normalised"}
    assert report
    measured, again = stds(model, batch), stds(model, fresh)
    for layer in report.layers:
        assert measured[layer.name] == pytest.approx(layer.std_after, rel=1e-5)
        assert abs(measured[layer.name] - 1) <= tolerance
        assert abs(again[layer.name] - 1) <= 2 * tolerance


def test_without_a_bias_one_division_is_enough():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False)), torch.randn(50, 8)
    before = [layer.weight.detach().clone() for layer in model]
    report = lsuv_(model, x, tolerance=1e-5)
    first = (x @ before[0].T).var(correction=0).sqrt()
    second = (x @ before[0].T / first @ before[1].T).var(correction=0).sqrt()
    torch.testing.assert_close(model[0].weight.detach(), before[0] / first)
    torch.testing.assert_close(model[1].weight.detach(), before[1] / second)
    assert [layer.iterations for layer in report.layers] == [1, 1]
    assert [layer.std_before for layer in report.layers] == pytest.approx([first.item(), second.item()], rel=1e-5)
    assert [layer.std_after for layer in report.layers] == pytest.approx([1, 1], abs=1e-5)


def test_with_a_bias_the_divisions_follow_the_recurrence():
    # With the output sums of squares u (weight) and b (bias), uncorrelated, each division makes u / (u + b) of u.
    linear = nn.Linear(1, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[3.0], [3.0]]))
        linear.bias.copy_(torch.tensor([0.6, -0.6]))
    x = torch.tensor([[1.0], [-1.0]])
    report = lsuv_(linear, x)
    u, b, iterations = 9.0, 0.36, 0
    while abs(math.sqrt(u + b) - 1) > 0.02:
        u, iterations = u / (u + b), iterations + 1
    (layer,) = report.layers
    assert layer.iterations == iterations == 3
    assert layer.std_before == pytest.approx(math.sqrt(9.36))
    assert layer.std_after == pytest.approx(math.sqrt(u + b))
    assert linear.weight.detach().flatten().tolist() == pytest.approx([math.sqrt(u)] * 2)
    assert linear.bias.detach().tolist() == pytest.approx([0.6, -0.6])
    assert lsuv_(_with_bias(3.0, 0.6), x, max_iterations=3)
    assert not lsuv_(_with_bias(3.0, 0.6), x, max_iterations=2)


def _with_bias(weight, bias):
    linear = nn.Linear(1, 2)
    with torch.no_grad():
        linear.weight.fill_(weight)
        linear.bias.copy_(torch.tensor([bias, -bias]))
    return linear


def test_a_bias_that_is_too_large_is_reported_and_the_weight_put_back():
    model = nn.Sequential(_with_bias(3.0, 2.0), nn.Linear(2, 4))
    x = torch.tensor([[1.0], [-1.0]])
    report = lsuv_(model, x)
    first, second = report.layers
    assert first == LsuvLayer("0", 10, first.std_before, first.std_before, "not reached")
    assert first.std_before == pytest.approx(math.sqrt(13))
    assert model[0].weight.flatten().tolist() == [3, 3]
    assert second.status == "normalised"
    assert stds(model, x)["0"] == pytest.approx(math.sqrt(13))
    assert stds(model, x)["1"] == pytest.approx(second.std_after)
    assert not report
    assert lsuv_(model, x, max_iterations=4).layers[0].iterations == 4


def test_a_layer_within_the_tolerance_is_left_alone():
    x = torch.tensor([[1.0], [-1.0]])
    for std, iterations in ((1.25, 0), (0.75, 0), (1.2501, 1), (0.7499, 1)):  # 0.25 itself is within
        linear = _with_bias(std, 0.0)
        (layer,) = lsuv_(linear, x, tolerance=0.25).layers
        assert (layer.iterations, layer.status) == (iterations, "normalised")
        assert layer.std_before == pytest.approx(std)
        assert layer.std_after == pytest.approx(1 if iterations else std)
        assert linear.weight.flatten().tolist() == pytest.approx([layer.std_after] * 2)


@pytest.mark.parametrize(
    ("weight", "x"),
    [(0.0, 1.0), (1.0, math.inf), (1.0, math.nan), (3e38, 3e38), (1.0, 1e-44)],
    ids=["zero", "infinite", "not a number", "overflow", "underflow"],
)
def test_a_dead_layer_is_reported_and_left_as_it_was(weight, x):
    calls = []
    linear = _with_bias(weight, 0.0)
    linear.forward = lambda x: calls.append(x) or nn.functional.linear(x, linear.weight, linear.bias)
    before = linear.weight.detach().clone()
    model = nn.Sequential(linear, nn.Linear(2, 2))
    report = lsuv_(model, torch.tensor([[x], [-x]]))
    assert report.layers[0].status == "dead"
    assert report.layers[0].name == "0"
    assert str(report.layers[0].std_before) == str(report.layers[0].std_after)
    assert torch.equal(linear.weight, before)
    assert len(calls) <= 2
    assert not report
    assert not report.ok


def test_a_layer_that_dies_when_it_is_divided_is_put_back():
    linear = _with_bias(1.0, 0.0)
    (layer,) = lsuv_(linear, torch.tensor([[1e-44], [-1e-44]])).layers  # no float32 holds 1 / 1e-44
    assert layer.std_before == layer.std_after == pytest.approx(1e-44, rel=0.1)
    assert (layer.status, layer.iterations) == ("dead", 1)
    assert linear.weight.flatten().tolist() == [1, 1]


def test_an_infinite_standard_deviation_divides_nothing():
    linear = _with_bias(1.0, 0.0).double()
    (layer,) = lsuv_(linear, torch.tensor([[1e300], [-1e300]], dtype=torch.float64)).layers
    assert layer == LsuvLayer("Linear", 0, math.inf, math.inf, "dead")
    assert linear.weight.flatten().tolist() == [1, 1]


def test_a_weight_of_any_size_is_normalised():
    for scale in (1e-40, 1e-30, 1e30):
        linear = _with_bias(scale, 0.0)
        assert lsuv_(linear, torch.tensor([[1.0], [-1.0]]))
        assert linear.weight.flatten().tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("module", "batch"),
    [
        (nn.Linear(6, 5), torch.randn(200, 6)),
        (nn.Conv1d(3, 4, 3), torch.randn(50, 3, 9)),
        (nn.Conv2d(3, 4, 3), torch.randn(50, 3, 6, 6)),
        (nn.Conv3d(2, 3, 2), torch.randn(50, 2, 4, 4, 4)),
        (nn.ConvTranspose1d(3, 4, 3), torch.randn(50, 3, 9)),
        (nn.ConvTranspose2d(3, 4, 3), torch.randn(50, 3, 6, 6)),
        (nn.ConvTranspose3d(2, 3, 2), torch.randn(50, 2, 4, 4, 4)),
        (nn.Bilinear(3, 4, 5), (torch.randn(50, 3), torch.randn(50, 4))),
        (nn.MultiheadAttention(8, 2), (torch.randn(5, 30, 8),) * 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_kind_of_layer_with_a_weight(module, batch):
    weight = module.out_proj.weight if isinstance(module, nn.MultiheadAttention) else module.weight
    others = {name: value.clone() for name, value in module.named_parameters() if value is not weight}
    before = weight.detach().clone()
    report = lsuv_(module, batch, tolerance=1e-3)
    (layer,) = report.layers
    args = batch if isinstance(batch, tuple) else (batch,)
    assert stds(module, *args)[""] == pytest.approx(1, abs=1e-3)
    assert layer.name == type(module).__name__
    ratio = before / weight.detach()
    torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio))  # the direction is kept
    assert ratio.mean() > 0
    for name, value in others.items():
        assert torch.equal(module.get_parameter(name), value)


class Own(nn.Module):
    def __init__(self, *size):
        super().__init__()
        self.weight = nn.Parameter(torch.full(size, 3.0))

    def forward(self, x):
        return x * self.weight.sum()


def test_a_layer_of_ones_own_has_a_weight_of_two_axes_or_more():
    model = nn.Sequential(Own(2, 2), Own(1, 1, 1), Own(4))
    report = lsuv_(model, torch.tensor([[1.0, -1.0]]))
    assert [layer.name for layer in report.layers] == ["0", "1"]
    assert model[0].weight.flatten().tolist() == pytest.approx([0.25] * 4)
    assert model[1].weight.flatten().tolist() == pytest.approx([1])
    assert model[2].weight.tolist() == [3] * 4


class Bag(nn.Module):
    """Everything that has a weight and is no weight layer."""

    def __init__(self):
        super().__init__()
        self.embed, self.bag = nn.Embedding(10, 4), nn.EmbeddingBag(10, 4)
        self.layer_norm, self.rms_norm = nn.LayerNorm((3, 4)), nn.RMSNorm((3, 4))
        self.prelu, self.batch_norm, self.gru = nn.PReLU(), nn.BatchNorm1d(3), nn.GRU(4, 4)

    def forward(self, tokens):
        x = self.embed(tokens) + self.bag(tokens)[:, None]
        return self.gru(self.batch_norm(self.prelu(self.rms_norm(self.layer_norm(x)))))


def test_embeddings_norms_and_recurrent_layers_are_left_alone():
    model = Bag()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = lsuv_(model, torch.randint(10, (5, 3)))
    assert report.layers == ()
    assert not report  # nothing was done
    assert str(report) == "0 of 0 layers normalised: standard deviation 1 within 0.02"
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6)
        self.c.weight = self.a.weight

    def forward(self, x):
        return self.c(self.b(self.a(x.tanh())))


def test_a_weight_is_normalised_where_it_is_first_used():
    torch.manual_seed(0)
    model, x = Twice(), torch.randn(500, 6)
    report = lsuv_(model, x)
    assert [layer.name for layer in report.layers] == ["a", "b"]
    measured = stds(model, x)
    assert [measured["a"], measured["b"]] == pytest.approx([1, 1], abs=0.02)
    assert abs(measured["c"] - 1) > 0.1
    reused = nn.Sequential(linear := nn.Linear(6, 6), nn.Tanh(), linear)
    assert [layer.name for layer in lsuv_(reused, x).layers] == ["0"]
    assert stds(reused, x)["0"] == pytest.approx(1, abs=0.02)


class Tied(nn.Module):
    def __init__(self, embedding):
        super().__init__()
        self.embed, self.inner, self.decode = embedding, nn.Linear(4, 4), nn.Linear(4, 10)
        self.decode.weight = self.embed.weight

    def forward(self, tokens):
        return self.decode(self.inner(self.embed(tokens)))


@pytest.mark.parametrize("made", [nn.Embedding, nn.EmbeddingBag])
def test_the_weight_of_an_embedding_is_frozen(made):
    torch.manual_seed(0)
    model, tokens = Tied(made(10, 4)), torch.randint(10, (50, 3))
    before = model.embed.weight.detach().clone()
    report = lsuv_(model, tokens)
    assert [(layer.name, layer.status) for layer in report.layers] == [("inner", "normalised"), ("decode", "frozen")]
    assert torch.equal(model.embed.weight, before)
    assert report


def test_frozen_weights_are_left_alone():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 6), weight_norm(nn.Linear(6, 6)), nn.Linear(6, 6))
    model[0].weight.requires_grad_(False)
    model.append(model[1])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.randn(200, 6)
    report = lsuv_(model, x)
    assert [(layer.name, layer.status) for layer in report.layers] == [
        ("0", "frozen"),
        ("1", "frozen"),
        ("2", "normalised"),
    ]
    measured = stds(model, x)
    for layer in report.layers[:2]:
        assert layer == LsuvLayer(layer.name, 0, layer.std_before, layer.std_before, "frozen")
        assert layer.std_before == pytest.approx(measured[layer.name], rel=1e-5)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]) == (name != "2.weight"), name
    assert not model[0].weight.requires_grad
    assert report


class Raises(nn.Module):
    def forward(self, x):
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("halfway"), KeyboardInterrupt("halfway")])
def test_if_the_model_raises_all_weights_are_as_before(error):
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4), Raises())
    model[3].error = error
    with torch.no_grad():
        model[0].weight.mul_(7.3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(type(error), match="halfway"):
        lsuv_(model, torch.randn(30, 4))
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.overrides._get_current_function_mode() is None


def test_a_weight_that_does_not_exist_yet_leaves_no_hooks():
    model = nn.Sequential(nn.Linear(4, 4), nn.LazyLinear(4))
    with pytest.raises(ValueError, match=r"has not been run yet: 1\.weight has no size"):
        lsuv_(model, torch.randn(30, 4))
    assert not model[0]._forward_hooks


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("grad_enabled", [False, True])
def test_everything_else_is_left_as_it_was_found(training, grad_enabled):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2)).train(training)
    model[2].eval()
    model[0].weight.grad = torch.full((4, 4), 3.0)
    parameters = list(model.parameters())
    state, modes = torch.get_rng_state(), [module.training for module in model.modules()]
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with torch.set_grad_enabled(grad_enabled):
        assert lsuv_(model, torch.randn(50, 4, generator=torch.Generator().manual_seed(1)))
        assert torch.is_grad_enabled() == grad_enabled
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in model.modules()] == modes
    torch.testing.assert_close(dict(model.named_buffers()), buffers, rtol=0, atol=0)
    assert torch.equal(model[0].weight.grad, torch.full((4, 4), 3.0))
    assert all(new is old and new.requires_grad for new, old in zip(model.parameters(), parameters, strict=True))
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.overrides._get_current_function_mode() is None


def test_no_graph_is_built_and_the_model_runs_once():
    class Counts(nn.Module):
        def forward(self, x):
            seen.append((torch.is_grad_enabled(), x.requires_grad))
            return x

    seen = []
    lsuv_(nn.Sequential(nn.Linear(4, 4), Counts()), torch.randn(50, 4))
    assert seen == [(False, False)]


def test_a_hook_of_the_user_works_on_the_new_output():
    model, x = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), torch.randn(500, 4)
    model[0].register_forward_hook(lambda module, args, output: 5 * output)
    report = lsuv_(model, x)
    assert report.layers[0].std_after == pytest.approx(1, abs=0.02)
    measured = stds(model, x)
    assert measured["0"] == pytest.approx(5 * report.layers[0].std_after, rel=1e-5)
    assert measured["1"] == pytest.approx(1, abs=0.02)


def test_keyword_arguments_of_layers_are_kept():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x):
            return self.linear(input=x)

    torch.manual_seed(0)
    model, x = Net(), torch.randn(500, 4)
    assert lsuv_(model, x).layers[0].iterations > 0
    assert stds(model, x)["linear"] == pytest.approx(1, abs=0.02)


def test_half_precision():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(16, 16), nn.Linear(16, 16)).bfloat16(), torch.randn(500, 16).bfloat16()
    assert lsuv_(model, x)
    measured = stds(model, x)
    assert [measured["0"], measured["1"]] == pytest.approx([1, 1], abs=0.02)


def test_the_table():
    model = nn.Sequential(_with_bias(3.0, 2.0), nn.Flatten(), nn.Linear(2, 1, bias=False), nn.Linear(1, 1))
    with torch.no_grad():
        model[2].weight.copy_(torch.tensor([[1.0, -0.5]]))
        model[3].weight.zero_()
    report = lsuv_(model, torch.tensor([[1.0], [-1.0]]), tolerance=0.125)
    assert str(report) == (
        "1 of 3 layers normalised: standard deviation 1 within 0.125, 1 not reached, 1 dead\n"
        "\n"
        "Layers with weights, in the order of their calls\n"
        "\n"
        "layer  std before  std after  iterations  status\n"
        "-----  ----------  ---------  ----------  -----------\n"
        "0           3.606      3.606          10  not reached\n"
        "2           1.500      1.000           1  normalised\n"
        "3           0.000      0.000           0  dead"
    )
    assert repr(report) == str(report)
    assert report.tolerance == 0.125
    with pytest.raises(FrozenInstanceError):
        report.layers[0].status = "normalised"


def test_truth():
    rows = {status: LsuvLayer("0", 1, 2.0, 1.0, status) for status in ("normalised", "frozen", "dead", "not reached")}
    assert not LsuvReport(ok=False, tolerance=0.02, layers=(rows["dead"],))
    assert LsuvReport(ok=True, tolerance=0.02, layers=(rows["frozen"],))


@pytest.mark.parametrize("model", [None, torch.relu, nn.Linear])
def test_a_model_is_a_module(model):
    name = type(model).__name__
    with pytest.raises(TypeError, match=rf"^lsuv_\(\) model is {name}; expected a torch.nn.Module$"):
        lsuv_(model, torch.ones(1))


@pytest.mark.parametrize("tolerance", [0, -0.1, math.nan])
def test_a_tolerance_is_positive(tolerance):
    with pytest.raises(ValueError, match=rf"^lsuv_\(\) tolerance is {tolerance}; expected a positive number$"):
        lsuv_(perceptron(), torch.ones(4, 32), tolerance)


@pytest.mark.parametrize("iterations", [0, -1])
def test_there_is_at_least_one_iteration(iterations):
    with pytest.raises(ValueError, match=rf"^lsuv_\(\) max_iterations is {iterations}; expected 1 or more$"):
        lsuv_(perceptron(), torch.ones(4, 32), max_iterations=iterations)
    assert lsuv_(nn.Linear(8, 8, bias=False), torch.randn(50, 8), max_iterations=1)


def test_the_cache_of_autocast_is_left_as_it_was():
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=enabled):
            lsuv_(nn.Linear(8, 8), torch.randn(50, 8))
            assert torch.is_autocast_cache_enabled() == enabled


def test_of_very_many_layers_the_first_are_shown():
    torch.manual_seed(0)
    report = lsuv_(nn.Sequential(*[nn.Linear(3, 3, bias=False) for _ in range(41)]), torch.randn(9, 3))
    assert str(report).splitlines()[2].endswith(", the first 40 of 41")


def test_models_without_sizes_and_without_values_are_refused():
    with pytest.raises(
        ValueError,
        match=r"^lsuv_\(\) model has not been run yet: 0.weight has no size; expected a model with all its sizes$",
    ):
        lsuv_(nn.Sequential(nn.LazyLinear(3)), torch.ones(2, 3))
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(3, 3))
    without = (
        r"^lsuv_\(\) model returns outputs without values, on the device meta or as fake tensors; expected a model and "
        "a batch with data$"
    )
    with pytest.raises(ValueError, match=without):
        lsuv_(model, torch.ones(2, 3, device="meta"))
    with FakeTensorMode(), pytest.raises(ValueError, match=without):
        lsuv_(nn.Sequential(nn.Linear(3, 3)), torch.ones(2, 3))
