"""The gain of gated units, against products of expectations over one variable, and against a sample."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tensorglass import gain

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
    assert gain(lambda a, b: (a > 1 / 3) * b.exp()) == pytest.approx(
        1 / math.sqrt(math.exp(2) * 0.369441340182), rel=1e-9
    )
    assert gain(lambda a, b: (a + b).sign(), "backward") == math.inf


def test_a_module_of_two_arguments():
    class Unit(nn.Module):
        def forward(self, a, b):
            return F.silu(a) * b

    torch.manual_seed(0)
    sample = F.silu(torch.randn(4_000_000)) * torch.randn(4_000_000)
    assert gain(Unit()) == pytest.approx(1 / root_mean_square(sample), rel=5e-3)


def root_mean_square(values):
    return values.double().square().mean().sqrt().item()


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (lambda a, b: a @ b, "changes the shape"),
        (lambda a, b: a * b.softmax(0), "mixes elements"),
        (lambda a, b: a * torch.rand_like(b), "is random"),
        (lambda a, b: a.nothing, "raised AttributeError for two vectors"),
        (lambda a, b: a * (b**2).exp(), "does not exist|not finite"),
        (lambda a, b: a.log() * b, "not finite"),
    ],
)
def test_what_has_no_gain_is_refused(unit, expected):
    with pytest.raises(ValueError, match=r"gain\(\) activation .*" + f"({expected})"):
        gain(unit)
