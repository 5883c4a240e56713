"""Gains against closed forms, and everything that is not an activation."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from tensorglass.signals.gain import gain

SQRT2 = math.sqrt(2)


def below(x):
    """The probability that a standard normal number is less than x."""
    return math.erfc(-x / SQRT2) / 2


def density(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def squares_below(x):
    """E[z^2; z < x]."""
    return below(x) - x * density(x)


def step_at(x):
    return lambda z: (z > x).double()


def hardtanh(a, b):
    """E[hardtanh(z)^2] between a < 0 and b > 0."""
    return a * a * below(a) + squares_below(b) - squares_below(a) + b * b * below(-b)


def irrational_hardtanh(z):
    return functional.hardtanh(z, -1 / math.pi, SQRT2)


def ramp(z):
    return (z - math.e / 5).clamp(min=0, max=1 / math.pi)


def ramp_moment():
    a, b = math.e / 5, math.e / 5 + 1 / math.pi
    middle = squares_below(b) - squares_below(a) + 2 * a * (density(b) - density(a)) + a * a * (below(b) - below(a))
    return middle + below(-b) / math.pi**2


# E[z^2 Phi(z)^2] and E[(Phi(z) + z phi(z))^2], integrated by parts.
GELU_MOMENT = 1 / 3 + 1 / (2 * math.pi * math.sqrt(3))
GELU_SLOPE_MOMENT = 1 / 3 + 2 / (3 * math.pi * math.sqrt(3))

FORWARD = {
    "identity": (lambda z: z, 1),
    "relu": (torch.relu, 1 / 2),
    "absolute value": (torch.abs, 1),
    "sine": (torch.sin, (1 - math.exp(-2)) / 2),
    "cosine": (torch.cos, (1 + math.exp(-2)) / 2),
    "relu squared": (lambda z: torch.relu(z) ** 2, 3 / 2),
    "cube": (lambda z: z**3, 15),
    "exp": (torch.exp, math.exp(2)),
    "erf": (torch.erf, 2 / math.pi * math.asin(2 / 3)),
    "gelu": (functional.gelu, GELU_MOMENT),
    "step at zero": (step_at(0), 1 / 2),
    "step at a third": (step_at(1 / 3), below(-1 / 3)),
    "step at an irrational place": (step_at(-SQRT2 / 3), below(SQRT2 / 3)),
    "sign": (torch.sign, 1),
    "hardtanh": (functional.hardtanh, hardtanh(-1, 1)),
    "hardtanh at irrational places": (
        lambda z: functional.hardtanh(z, -1 / math.pi, SQRT2),
        hardtanh(-1 / math.pi, SQRT2),
    ),
    "relu6": (functional.relu6, squares_below(6) - squares_below(0) + 36 * below(-6)),
    "ramp": (ramp, ramp_moment()),
    "staircase": (torch.round, sum((2 * k + 1) * 2 * below(-(k + 0.5)) for k in range(15))),
    "bool": (lambda z: z > 0, 1 / 2),
    "float32 inside": (lambda z: torch.relu(z.float()), 1 / 2),
}
BACKWARD = {
    "identity": (lambda z: z, 1),
    "relu": (torch.relu, 1 / 2),
    "absolute value": (torch.abs, 1),
    "sine": (torch.sin, (1 + math.exp(-2)) / 2),
    "relu squared": (lambda z: torch.relu(z) ** 2, 2),
    "cube": (lambda z: z**3, 27),
    "gelu": (functional.gelu, GELU_SLOPE_MOMENT),
    "erf": (torch.erf, 4 / math.pi / math.sqrt(5)),
    "hardtanh": (functional.hardtanh, below(1) - below(-1)),
    "hardtanh at irrational places": (
        lambda z: functional.hardtanh(z, -1 / math.pi, SQRT2),
        below(SQRT2) - below(-1 / math.pi),
    ),
    "ramp": (ramp, below(math.e / 5 + 1 / math.pi) - below(math.e / 5)),
}


@pytest.mark.parametrize("name", FORWARD)
def test_forward_against_closed_forms(name):
    function, moment = FORWARD[name]
    assert gain(function) == pytest.approx(moment**-0.5, rel=1e-6 if name == "float32 inside" else 1e-11)


@pytest.mark.parametrize("name", BACKWARD)
def test_backward_against_closed_forms(name):
    function, moment = BACKWARD[name]
    assert gain(function, "backward") == pytest.approx(moment**-0.5, rel=1e-11)


@pytest.mark.parametrize("slope", [-1.0, -0.3, 0.0, 0.01, 1 / math.pi, 1.0, 2.5])
def test_leaky_relu_at_any_slope(slope):
    expected = math.sqrt(2 / (1 + slope**2))
    assert gain(lambda z: functional.leaky_relu(z, slope)) == pytest.approx(expected, rel=1e-12)
    assert gain(lambda z: functional.leaky_relu(z, slope), "backward") == pytest.approx(expected, rel=1e-12)
    assert gain(nn.LeakyReLU(slope)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "function"),
    [("linear", lambda z: z), ("relu", torch.relu), ("leaky_relu", functional.leaky_relu)],
)
def test_where_torch_is_exact_they_agree(name, function):
    assert gain(function) == pytest.approx(nn.init.calculate_gain(name), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "function", "exact"),
    [("tanh", torch.tanh, 1.5925), ("selu", functional.selu, 1.0), ("sigmoid", torch.sigmoid, 1.8462)],
)
def test_where_torch_keeps_a_convention_the_exact_gain_is_another(name, function, exact):
    assert round(gain(function), 4) == exact
    assert abs(nn.init.calculate_gain(name) - exact) > 0.05


@pytest.mark.parametrize(
    ("function", "forward", "backward"),
    [
        (functional.gelu, 1.5335, 1.4811),
        (functional.silu, 1.6765, 1.6233),
        (functional.mish, 1.4868, 1.4241),
        (functional.elu, 1.2452, None),
        (functional.softplus, 1.0419, None),
        (functional.hardswish, 1.7367, None),
        (torch.tanh, 1.5925, 1.4674),
    ],
)
def test_gains_against_a_fine_grid(function, forward, backward):
    """The figures were computed on a midpoint grid of twenty thousand points."""
    z = (torch.arange(2_000_000, dtype=torch.float64) + 0.5) / 100_000 - 10
    z.requires_grad_()
    y = function(z)
    (slope,) = torch.autograd.grad(y.sum(), z)
    weight = torch.exp(-(z.detach() ** 2) / 2) / math.sqrt(2 * math.pi) / 100_000
    for direction, values, rounded in (("forward", y.detach(), forward), ("backward", slope, backward)):
        exact = gain(function, direction)
        assert exact == pytest.approx(float((weight * values**2).sum()) ** -0.5, rel=1e-7)
        assert rounded is None or round(exact, 4) == rounded or direction == "backward"


@pytest.mark.parametrize("function", [step_at(0.3), torch.sign, torch.round, lambda z: z * 0, lambda z: z > 0])
def test_a_zero_derivative_gives_infinity(function):
    assert gain(function, "backward") == math.inf


def test_a_step_with_a_parameter_has_a_zero_derivative_too():
    height = nn.Parameter(torch.tensor(3.0))
    assert gain(lambda z: height * (z > 0), "backward") == math.inf
    assert gain(lambda z: height * (z > 0)) == pytest.approx(math.sqrt(2) / 3)


def test_a_zero_function_gives_infinity():
    assert gain(torch.zeros_like) == math.inf


def test_modules_are_left_as_they_were():
    prelu = nn.PReLU(init=0.1)
    before = copy.deepcopy(prelu.state_dict())
    expected = math.sqrt(2 / (1 + torch.tensor(0.1).item() ** 2))
    assert gain(prelu) == pytest.approx(expected, rel=1e-12)
    assert prelu.weight.dtype == torch.float32
    assert prelu.weight.grad is None
    assert torch.equal(prelu.state_dict()["weight"], before["weight"])


@pytest.mark.parametrize("module", [nn.ReLU(inplace=True), nn.Hardtanh(inplace=True), nn.ELU(inplace=True)])
def test_modules_that_work_in_place(module):
    plain = copy.deepcopy(module)
    plain.inplace = False
    for direction in ("forward", "backward"):
        assert gain(module, direction) == gain(plain, direction)


def test_gradients_and_the_random_state_are_left_alone():
    state = torch.get_rng_state()
    with torch.no_grad():
        assert gain(torch.tanh, "backward") == gain(torch.tanh, "backward")
    with pytest.raises(ValueError, match="is random"):
        gain(nn.Dropout())
    assert torch.equal(torch.get_rng_state(), state)


MIXES = r"mixes elements; expected a function of each element alone, unlike softmax$"
A_FUNCTION = "expected a function of each element alone"


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (nn.Softmax(dim=0), rf"^gain\(\) activation Softmax {MIXES}"),
        (lambda z: z - z.mean(), rf"^gain\(\) activation <lambda> {MIXES}"),
        (lambda z: z.cumsum(0), MIXES),
        (lambda z: z.flip(0), MIXES),
        (nn.Dropout(0.5), r"^gain\(\) activation Dropout is random; expected the same result at each call$"),
        (nn.RReLU(), "is random"),
        (lambda z: z.sum(), r"made a tensor of shape \(\) of a vector of 11 numbers; expected as many numbers$"),
        (lambda z: z[:3], r"made a tensor of shape \(3,\) of a vector of 11 numbers"),
        (lambda z: 3, "made int of a vector of 11 numbers"),
        (
            nn.GLU(),
            r"^gain\(\) activation GLU raised RuntimeError for a vector: Halving dimension must be even, but dimension "
            rf"0 is size 11; {A_FUNCTION}$",
        ),
        (nn.Linear(3, 3), rf"activation Linear raised RuntimeError for a vector: .*; {A_FUNCTION}$"),
        (torch.log, r"^gain\(\) activation log, squared, is not finite at -14; expected finite values$"),
        (lambda z: torch.exp(z * z), r"<lambda>, squared, grows so fast that its expectation does not exist$"),
    ],
)
def test_what_is_not_an_activation_is_refused(activation, message):
    with pytest.raises(ValueError, match=message):
        gain(activation)


@pytest.mark.parametrize("activation", ["relu", 3, None])
def test_what_cannot_be_called_is_refused(activation):
    kind = type(activation).__name__
    with pytest.raises(
        TypeError,
        match=rf"^gain\(\) activation is {kind} {activation!r}; expected a function or module, such as torch.tanh$",
    ):
        gain(activation)


def test_other_directions_are_refused():
    with pytest.raises(ValueError, match=r"^gain\(\) direction is 'up'; expected 'forward' or 'backward'$"):
        gain(torch.relu, "up")


@pytest.mark.parametrize("hidden", [lambda z: torch.sin(z.detach()), lambda z: z.detach() * 2])
def test_a_derivative_that_autograd_cannot_see_is_refused(hidden):
    assert gain(hidden) > 0
    with pytest.raises(
        ValueError,
        match=r"^gain\(\) activation <lambda> has no derivative that autograd can see; expected a function of torch "
        "operations that does not detach its input$",
    ):
        gain(hidden, "backward")
