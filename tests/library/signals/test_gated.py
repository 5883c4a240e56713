"""The gain of gated units, against products of expectations over one variable, and against a sample."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tensorglass import gain
from tensorglass.signals.gated import _rule

GATES = {"silu": F.silu, "gelu": F.gelu, "sigmoid": torch.sigmoid, "relu": F.relu, "hardswish": F.hardswish}


@pytest.mark.parametrize("name", GATES)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_gate_times_a_signal_has_the_gains_of_the_gate(name, swapped):
    gate = GATES[name]

    def unit(a, b):
        return a * gate(b) if swapped else gate(a) * b

    assert gain(unit) == pytest.approx(gain(gate), rel=1e-8)
    both = gain(gate) ** -2 + gain(gate, "backward") ** -2
    assert gain(unit, "backward") == pytest.approx(1 / math.sqrt(both), rel=1e-8)


def test_a_bilinear_unit_and_a_step_are_known_in_closed_form():
    assert gain(lambda a, b: a * b) == pytest.approx(1, rel=1e-12)
    assert gain(lambda a, b: a * b, "backward") == pytest.approx(math.sqrt(0.5), rel=1e-12)
    assert gain(lambda a, b: (a + b).sign(), "backward") == math.inf


def test_an_argument_that_is_not_used_has_no_slope():
    assert gain(lambda a, b: a.relu(), "backward") == pytest.approx(math.sqrt(2), rel=1e-12)


def test_a_kink_in_each_argument_alone_is_found_in_either_order():
    gate = below(-1 / 3) * math.exp(2)
    assert gain(lambda a, b: (a > 1 / 3) * b.exp()) == pytest.approx(gate**-0.5, rel=1e-9)
    assert gain(lambda a, b: (b > 1 / 3) * a.exp()) == pytest.approx(gate**-0.5, rel=1e-9)


def below(x):
    """The probability that a standard normal number is less than x."""
    return math.erfc(-x / math.sqrt(2)) / 2


def test_the_inner_rule_has_panels_whose_edges_are_places_where_functions_have_kinks():
    nodes, weights = _rule(1)
    assert len(nodes) == 2 * 14 * 12
    assert {0.0, *(sign * edge for edge in (0.125, 0.5, *range(1, 13)) for sign in (1, -1))} <= set(nodes.tolist())
    assert (nodes.min(), nodes.max()) == (-12, 12)
    finer, _ = _rule(3)
    assert len(finer) == 3 * len(nodes)
    assert (finer.diff() >= -1e-12).all()  # but for rounding, where panels meet
    for power, moment in ((0, 1), (1, 0), (2, 1), (4, 3)):
        assert float(nodes**power @ weights) == pytest.approx(moment, abs=1e-9)


def test_two_rules_are_compared_and_a_call_has_rows_of_a_bounded_number():
    shapes = set()

    def unit(a, b):
        shapes.add(tuple(a.shape))
        return a * b

    gain(unit)
    assert {shape[1] for shape in shapes if len(shape) == 2} == {336, 1008}
    assert max(shape[0] for shape in shapes if len(shape) == 2) == 1024


def test_a_module_of_two_arguments():
    class Unit(nn.Module):
        def forward(self, a, b):
            return F.silu(a) * b

    torch.manual_seed(0)
    sample = F.silu(torch.randn(4_000_000)) * torch.randn(4_000_000)
    assert gain(Unit()) == pytest.approx(1 / root_mean_square(sample), rel=5e-3)


def root_mean_square(values):
    return values.double().square().mean().sqrt().item()


def both_jump(a, b):
    return (a > 1 / 3) & (b > 1 / 3)


def softmax(a, b):
    return a * b.softmax(0)


def a_little_of_others(a, b):
    return a * (b - b.mean() / 1000)


def product_of_matrices(a, b):
    return a @ b


def noise(a, b):
    return a * torch.rand_like(b)


def nothing_there(a, b):
    return a.nothing


def grows(a, b):
    return a * (b**2).exp()


class Logarithm(nn.Module):
    def forward(self, a, b):
        return a.log() * b


NOT_ELEMENTWISE = (
    "is random, mixes elements or changes the shape; expected a function of two tensors, element by element"
)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (product_of_matrices, f"product_of_matrices {NOT_ELEMENTWISE}"),
        (softmax, f"softmax {NOT_ELEMENTWISE}"),
        (a_little_of_others, f"a_little_of_others {NOT_ELEMENTWISE}"),
        (noise, f"noise {NOT_ELEMENTWISE}"),
        (
            nothing_there,
            "nothing_there raised AttributeError for two vectors: 'Tensor' object has no attribute 'nothing'; expected "
            "a function of two tensors, element by element",
        ),
        (grows, "grows, squared, grows so fast that its expectation does not exist"),
        (Logarithm(), "Logarithm, squared, is not finite at -14; expected finite values"),
        (both_jump, "both_jump has kinks or jumps in both arguments; expected them in one at most, or at 0"),
    ],
)
def test_what_has_no_gain_is_refused(unit, expected):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole text is compared
        gain(unit)
    assert str(refused.value) == f"gain() activation {expected}"
