"""What the schemes draw: the structure of weights, and measured second moments."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from known_gains import SCHEMES, double, hidden, how, shifted
from torch import nn

from tensorglass import initialize_
from tensorglass.initialization import initialize as initializing

SIGMA_W, SIGMA_B = 1.25, 0.5


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
