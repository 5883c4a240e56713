"""What `activation_stats` measures, against the definitions, written out on outputs that were computed by hand."""

import sys
from dataclasses import FrozenInstanceError, replace
from types import SimpleNamespace

import pytest
import torch
from outputs import Returns, by_definition, convolutional, perceptron, root_mean_square
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from tensorglass import activation_stats
from tensorglass.signals import pictures


def loss_of(output):
    return (output - 1).square().mean()


@pytest.mark.parametrize("made", [perceptron, convolutional])
def test_every_figure_follows_from_its_definition(made):
    model, x = made()
    stats = activation_stats(model, x, loss_of)
    outputs = []
    for module in model:
        x = module(x)
        x.retain_grad()
        outputs.append(x)
    loss_of(x).backward()
    assert len(stats) == len(stats.layers) == len(model)
    for layer, module, output in zip(stats, model, outputs, strict=True):
        for name, value in by_definition(output).items():
            assert getattr(layer, name) == pytest.approx(value, rel=1e-5, abs=1e-6), (layer.name, name)
        assert layer.gradient_rms == pytest.approx(root_mean_square(output.grad), rel=1e-5)
        assert layer.kind == type(module).__name__
        assert (layer.saturated is None) == (not isinstance(module, nn.Tanh))
    assert [layer.name for layer in stats] == [str(i) for i in range(len(model))]


@pytest.mark.parametrize("size", [(6, 8), (6, 5, 8), (2, 3, 5, 8)])
@pytest.mark.parametrize("bias", [False, True])
def test_an_activation_in_place_leaves_the_figures_of_the_layer_before(size, bias):
    def measured(*, inplace):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(8, 8, bias=bias), nn.ReLU(inplace=inplace), nn.Linear(8, 1))
        return activation_stats(model, torch.randn(size), loss_of).layers

    for layer, expected in zip(measured(inplace=True), measured(inplace=False), strict=True):
        assert layer.gradient_rms == pytest.approx(expected.gradient_rms, rel=1e-6)
        assert replace(layer, gradient_rms=None) == replace(expected, gradient_rms=None)


def test_a_view_that_the_loss_does_not_read_gets_no_gradient_of_the_rest():
    class Half(nn.Module):
        def forward(self, x):
            return x[:, :2]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.part = nn.Linear(4, 4), Half()

        def forward(self, x):
            y = self.linear(x)
            self.part(y)
            return y

    linear, half = activation_stats(Net(), torch.randn(3, 4), loss_of)
    assert linear.gradient_rms > 0
    assert half.gradient_rms is None


def test_a_reused_module_appears_once_for_each_call():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.ModuleDict({"linear": nn.Linear(4, 4)})

        def forward(self, x):
            linear = self.inner["linear"]
            return linear(linear(x).tanh())

    torch.manual_seed(0)
    model, x = Twice(), torch.randn(5, 4)
    first, second = activation_stats(model, x, loss_of)
    assert first.name == second.name == "inner.linear"
    y = model.inner["linear"](x)
    z = model.inner["linear"](y.tanh())
    y_gradient, z_gradient = torch.autograd.grad(loss_of(z), [y, z])
    assert first.rms == pytest.approx(root_mean_square(y.detach()), rel=1e-6)
    assert second.rms == pytest.approx(root_mean_square(z.detach()), rel=1e-6)
    assert first.gradient_rms == pytest.approx(root_mean_square(y_gradient), rel=1e-6)
    assert second.gradient_rms == pytest.approx(root_mean_square(z_gradient), rel=1e-6)


def test_the_model_itself_may_be_the_layer():
    (layer,) = activation_stats(nn.Linear(2, 3), torch.ones(4, 2))
    assert (layer.name, layer.kind) == ("Linear", "Linear")


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attend, self.read = nn.MultiheadAttention(8, 2, batch_first=True), nn.GRU(8, 8, batch_first=True)

    def forward(self, queries, keys):
        return self.read(self.attend(queries, keys, keys)[0])[1]


def test_of_a_tuple_the_first_tensor_counts_and_a_batch_may_have_several():
    torch.manual_seed(0)
    model, queries, keys = Attention(), torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    attend, read = activation_stats(model, (queries, keys), loss_of)
    attended = model.attend(queries, keys, keys)[0]
    assert (attend.name, attend.kind, read.name, read.kind) == ("attend", "MultiheadAttention", "read", "GRU")
    assert attend.rms == pytest.approx(root_mean_square(attended.detach()), rel=1e-6)
    assert read.rms == pytest.approx(root_mean_square(model.read(attended)[0].detach()), rel=1e-6)
    assert attend.gradient_rms > 0


def test_a_packed_sequence_is_one_argument_and_its_values_are_measured():
    torch.manual_seed(0)
    packed = nn.utils.rnn.pack_sequence([torch.randn(4, 2), torch.randn(3, 2)])
    model = nn.LSTM(2, 3)
    (layer,) = activation_stats(model, packed)
    assert layer.rms == pytest.approx(root_mean_square(model(packed)[0].data.detach()), rel=1e-6)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("loss_fn", [None, loss_of])
def test_a_transformer_shows_all_its_layers_in_every_mode(training, loss_fn):
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True), 1).train(training)
    stats = activation_stats(encoder, torch.randn(3, 4, 8), loss_fn)
    parts = ["self_attn", "dropout1", "norm1", "linear1", "dropout", "linear2", "dropout2", "norm2"]
    assert [layer.name for layer in stats] == [*(f"layers.0.{part}" for part in parts), "layers.0"]
    assert [layer.block for layer in stats] == [*[False] * 8, True]
    assert {layer.gradient_rms is None for layer in stats} == {loss_fn is None}


def test_a_parametrized_layer_is_one_layer():
    model = nn.Sequential(weight_norm(nn.Linear(3, 4)), nn.ReLU())
    assert [layer.name for layer in activation_stats(model, torch.randn(2, 3))] == ["0", "1"]
    assert [layer.name for layer in activation_stats(model[0], torch.randn(2, 3))] == ["ParametrizedLinear"]


@pytest.mark.parametrize(
    "output",
    [torch.ones(2, 3, dtype=torch.int64), torch.empty(0, 3), (), None, torch.ones(2, 2, dtype=torch.complex64)],
)
def test_what_holds_no_real_numbers_is_not_listed(output):
    assert len(activation_stats(Returns(output), torch.ones(1))) == 0


def test_a_checkpoint_is_looked_at_once():
    class Checkpointed(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

        def forward(self, x):
            return checkpoint(self.inner, x, use_reentrant=False)

    torch.manual_seed(0)
    model, x = Checkpointed(), torch.randn(5, 4)
    stats, plain = activation_stats(model, x, loss_of), activation_stats(model.inner, x, loss_of)
    assert [layer.name for layer in stats] == ["inner.0", "inner.1"]
    assert [layer.gradient_rms for layer in stats] == [layer.gradient_rms for layer in plain]
    assert None not in [layer.gradient_rms for layer in stats]


def test_gradients_arrive_behind_the_first_parameter_that_wants_one():
    model, x = perceptron()
    model[0].requires_grad_(False)
    arrived = [layer.gradient_rms is not None for layer in activation_stats(model, x, loss_of)]
    assert arrived == [False, False, True, True, True]
    x.requires_grad_()
    assert None not in [layer.gradient_rms for layer in activation_stats(model, x, loss_of)]
    assert None not in [layer.gradient_rms for layer in activation_stats(model.requires_grad_(False), x, loss_of)]
    assert x.grad is None


def test_a_parameter_that_the_loss_does_not_reach_is_no_error():
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].register_module("parametrizations", nn.Linear(2, 2))  # a child that nobody calls
    (layer,) = activation_stats(model, torch.ones(3, 2), loss_of)
    assert layer.gradient_rms > 0


@pytest.mark.parametrize("scale", [1e-24, 1e-38, 1e25])
def test_vanishing_and_exploding_gradients_are_measured(scale):
    torch.manual_seed(0)
    output, direction = torch.randn(30, 4), torch.randn(30, 4)
    model = nn.Linear(4, 4)
    (layer,) = activation_stats(model, output, lambda y: (scale * direction * y).sum())
    assert layer.gradient_rms == pytest.approx(scale * root_mean_square(direction), rel=1e-5)


class Leaves(nn.Module):
    """Returns a parameter, or a view of one, or a leaf that is a view of nothing that requires gradients."""

    def __init__(self, which):
        super().__init__()
        self.table, self.which = nn.Parameter(torch.ones(2, 3)), which

    def forward(self, x):
        constant = torch.ones(2, 3)[:].requires_grad_()
        return {"parameter": self.table, "view": self.table[:], "leaf": constant}[self.which]


@pytest.mark.parametrize("which", ["parameter", "view", "leaf"])
@pytest.mark.parametrize("loss_fn", [None, loss_of])
def test_no_hook_stays_on_a_parameter_that_a_module_returns(which, loss_fn):
    leaves = Leaves(which)
    model = nn.Sequential(leaves, nn.Linear(3, 3))
    first, _ = activation_stats(model, torch.ones(1), loss_fn)
    assert first.rms == 1
    assert not leaves.table._backward_hooks
    if loss_fn is not None and which != "leaf":
        assert first.gradient_rms > 0


def state_of(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def hooks_of(model):
    return [(len(module._forward_hooks), len(module._forward_pre_hooks)) for module in model.modules()]


class Raises(nn.Module):
    def forward(self, x):
        raise RuntimeError("halfway")


@pytest.mark.parametrize("ends", ["well", "in the model", "in the loss", "without a loss"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("grad_enabled", [False, True])
def test_everything_is_left_as_it_was_found(ends, training, grad_enabled):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2)).train(training)
    model[2].eval()
    if ends == "in the model":
        model.append(Raises())
    model[0].weight.grad = torch.full((4, 4), 3.0)
    before, modes, x = state_of(model), [module.training for module in model.modules()], torch.randn(8, 4)
    state, version = torch.get_rng_state(), x._version

    def loss_fn(output):
        if ends == "in the loss":
            raise RuntimeError("halfway")
        torch.rand(3)
        return loss_of(output)

    with torch.set_grad_enabled(grad_enabled):
        if ends in ("well", "without a loss"):
            activation_stats(model, x, loss_fn if ends == "well" else None)
        else:
            with pytest.raises(RuntimeError, match="halfway"):
                activation_stats(model, x, loss_fn)
        assert torch.is_grad_enabled() == grad_enabled
        assert torch.overrides._get_current_function_mode() is None
    assert torch.equal(torch.get_rng_state(), state)
    assert x._version == version
    torch.testing.assert_close(state_of(model), before, rtol=0, atol=0)
    assert [module.training for module in model.modules()] == modes
    assert set(hooks_of(model)) == {(0, 0)}
    assert torch.equal(model[0].weight.grad, torch.full((4, 4), 3.0))
    assert model[3].weight.grad is None


def test_the_random_numbers_are_those_of_an_ordinary_run():
    model, x = nn.Sequential(nn.Linear(4, 64), nn.Dropout(0.5)), torch.randn(8, 4)
    torch.manual_seed(3)
    expected = root_mean_square(model(x).detach())
    torch.manual_seed(3)
    assert activation_stats(model, x).layers[1].rms == pytest.approx(expected, rel=1e-6)


def test_without_a_loss_no_graph_is_built():
    class Tells(nn.Module):
        def forward(self, x):
            seen.append(torch.is_grad_enabled())
            return x

    seen = []
    activation_stats(Tells(), torch.ones(1))
    with torch.no_grad():
        activation_stats(nn.Sequential(nn.Linear(1, 1), Tells()), torch.ones(1), torch.sum)
    assert seen == [False, True]


def test_what_hooks_of_the_user_return_is_measured():
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].register_forward_hook(lambda module, args, output: torch.full_like(output, 5))
    (layer,) = activation_stats(model, torch.ones(3, 2))
    assert layer.mean == 5


@pytest.mark.parametrize("model", [None, torch.relu, nn.Linear])
def test_a_model_is_a_module(model):
    name = type(model).__name__
    with pytest.raises(TypeError, match=rf"^activation_stats\(\) model is {name}; expected a torch.nn.Module$"):
        activation_stats(model, torch.ones(1))


def test_a_loss_must_be_callable():
    expected = r"^activation_stats\(\) loss_fn is float; expected a function of the output$"
    with pytest.raises(TypeError, match=expected):
        activation_stats(nn.ReLU(), torch.ones(1), 0.5)


@pytest.mark.parametrize(
    ("loss_fn", "came"),
    [
        (lambda y: y, r"a tensor of shape \(4, 2\)"),
        (lambda y: y[:0, 0], r"a tensor of shape \(0,\)"),
        (lambda y: 1.5, "float"),
        (lambda y: None, "NoneType"),
    ],
)
def test_a_loss_is_one_number(loss_fn, came):
    expected = rf"^activation_stats\(\) loss_fn returned {came}; expected a tensor with one element$"
    with pytest.raises(ValueError, match=expected):
        activation_stats(nn.Linear(2, 2), torch.ones(4, 2), loss_fn)
    assert len(activation_stats(nn.Linear(2, 2), torch.ones(4, 2), lambda y: y.sum()[None])) == 1


def test_a_loss_from_which_no_gradient_can_flow_is_refused():
    expected = (
        r"^activation_stats\(\) loss_fn returned a loss from which no gradient flows; expected one that depends on a "
        r"parameter of the model, or a tensor of the batch, that requires gradients$"
    )
    x, own = torch.ones(4, 2), torch.ones(1, requires_grad=True)
    for model, loss_fn in (
        (nn.Linear(2, 2).requires_grad_(False), loss_of),
        (nn.Linear(2, 2), lambda y: loss_of(y.detach())),
        (nn.ReLU(), loss_of),
        (nn.ReLU(), lambda y: loss_of(y * own)),
    ):
        with pytest.raises(ValueError, match=expected):
            activation_stats(model, x, loss_fn)


def test_the_table():
    model = nn.Sequential(Returns(torch.tensor([[0.0, 2.0], [0.0, 4.0]])), nn.Linear(2, 2), nn.Tanh())
    with torch.no_grad():
        model[1].weight.copy_(torch.eye(2) / 2)
        model[1].bias.copy_(torch.tensor([0.0, -1.0]))
    stats = activation_stats(model, torch.ones(1), lambda y: y.sum())
    assert str(stats) == (
        "3 calls of 3 modules; all outputs are finite\n"
        "\n"
        "Outputs of the layers, in the order of their calls\n"
        "\n"
        "layer  kind      mean    rms    std  largest   dead  saturated  similarity  gradient rms\n"
        "-----  -------  -----  -----  -----  -------  -----  ---------  ----------  ------------\n"
        "0      Returns   1.50   2.24   1.66     4.00  50.0%          -        1.00             -\n"
        "1      Linear   0.250  0.500  0.433     1.00  50.0%          -           -         0.891\n"
        "2      Tanh     0.190  0.381  0.330    0.762  50.0%       0.0%           -          1.00"
    )
    assert "saturated" not in str(only_stats(torch.ones(2, 2)))
    assert "gradient" not in str(only_stats(torch.ones(2, 2)))
    assert "similarity" in str(only_stats(torch.ones(2, 2)))
    assert str(only_stats(None)).startswith("no layer returned a tensor of floating-point numbers; ")
    assert repr(stats) == str(stats)
    with pytest.raises(FrozenInstanceError):
        stats.layers[0].mean = 0


def only_stats(output):
    return activation_stats(Returns(output), torch.ones(1))


def test_plot_asks_the_module_of_drawings(monkeypatch):
    drawn = SimpleNamespace(plot_stats=lambda layers, ax: (layers, ax))
    monkeypatch.setitem(sys.modules, pictures.__name__, drawn)
    stats = only_stats(torch.ones(2, 2))
    assert stats.plot() == (stats.layers, None)
    assert stats.plot("axes") == (stats.layers, "axes")


class Work(TorchDispatchMode):
    """Counts the elements that operations read and write. A view touches none."""

    elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if not function.is_view:
            tensors = (x for x in tree_leaves((args, kwargs, result)) if isinstance(x, torch.Tensor))
            self.elements += sum(tensor.numel() for tensor in tensors)
        return result


def work_of(side):
    """Return how many elements a function reads and writes, and how many operations its products take."""
    with Work() as work:
        side()
    with FlopCounterMode(display=False) as products:
        side()
    return work.elements, products.get_total_flops()


def test_the_cost_is_a_fraction_of_the_run_itself():
    model = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU())
    x, parameters = torch.randn(256, 512), list(model.parameters())
    plain = work_of(lambda: torch.autograd.grad(loss_of(model(x)), parameters))
    measured = work_of(lambda: activation_stats(model, x, loss_of))
    assert plain[0] > 6 * x.numel()
    assert plain[1] == 5 * 2 * 256 * 512 * 512  # forwards two products, and backwards three, since x needs no gradient
    assert plain[0] < measured[0] < 1.7 * plain[0]  # benchmarks/initialization.py prints the figure in time
    assert plain[1] <= measured[1] < 1.01 * plain[1]
