"""The printed table: what it sums up, and that no extreme is hidden where layers are many."""

import re

import torch
from outputs import Returns
from torch import nn

from tensorglass import activation_stats


def stream(blocks, odd):
    """Return a model of many blocks, one of which has an output of its own."""
    return nn.Sequential(
        *(
            nn.Sequential(*(Returns(torch.tensor([[odd if i == 70 and k == 2 else 1.0]])) for k in range(4)))
            for i in range(blocks)
        )
    )


def test_a_long_table_is_grouped_and_an_extreme_is_told_in_its_block():
    text = str(activation_stats(nn.Sequential(*(stream(90, 777.0) for _ in range(3))), torch.ones(1)))
    lines = text.splitlines()
    assert lines[0] == "1,080 calls of 1,080 modules; all outputs are finite"
    assert lines[2] == "Outputs of the layers by block, in the order of their first calls"
    assert [line.split()[:4] for line in lines[6:]] == [[str(i), "360", "1.00", "777."] for i in range(3)]
    assert "most not finite" not in text


def test_the_first_that_is_not_finite_is_named():
    values = torch.tensor([[torch.inf, -5.0]])
    text = str(activation_stats(nn.Sequential(nn.ReLU(), Returns(values), nn.ReLU()), torch.ones(1, 2)))
    assert text.splitlines()[0] == "3 calls of 3 modules; 2 not finite, first 1 (Returns)"
    assert "not finite" in text.splitlines()[4]
    many = str(activation_stats(nn.Sequential(stream(71, torch.nan), stream(71, -8.0)), torch.ones(1)))
    assert many.splitlines()[0] == "568 calls of 568 modules; 1 not finite, first 0.70.2 (Returns)"
    first, second = (line.split() for line in many.splitlines()[6:])
    assert first[:5] == ["0", "284", "nan", "nan", "1.00"]
    assert second[3] == "8.00"


class Doubles(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Sequential(nn.Identity(), nn.Identity())

    def forward(self, x):
        return x + self.layer(x)


def test_what_blocks_themselves_return_is_told_in_a_long_table():
    lines = str(activation_stats(nn.Sequential(*(Doubles() for _ in range(21))), torch.ones(3, 2))).splitlines()
    assert re.split(r" {2,}", lines[4])[1:4] == ["calls", "rms of its output", "smallest rms"]
    assert [line.split()[:4] for line in lines[6:]] == [
        [str(i), "3", f"{2.0 ** (i + 1):#.3g}", f"{2.0**i:#.3g}"] for i in range(21)
    ]
    assert "rms of its output" not in str(activation_stats(stream(90, 1.0), torch.ones(1)))


def test_of_forty_calls_each_has_a_row_and_of_more_each_block():
    lines = str(activation_stats(nn.Sequential(*(nn.Tanh() for _ in range(40))), torch.ones(2, 2))).splitlines()
    assert lines[2] == "Outputs of the layers, in the order of their calls"
    many = str(activation_stats(nn.Sequential(*(nn.Tanh() for _ in range(41))), torch.ones(2, 2))).splitlines()
    assert many[2] == "Outputs of the layers by block, in the order of their first calls, the first 40 of 41"
    assert "rms of its output" not in many[4]  # no block: each is a layer


class AddsTanh(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Tanh())
        nn.init.eye_(self.layer[0].weight)

    def forward(self, x):
        return x + self.layer(x)


BLOCK = ["block", "calls", "rms of its output"]
EXTREMES = ["smallest rms", "largest rms", "largest value", "most dead", "most saturated", "highest similarity"]
GRADIENTS = ["smallest gradient rms", "largest gradient rms"]


def test_a_long_table_has_each_extreme():
    model = nn.Sequential(*(AddsTanh() for _ in range(14)))
    lines = str(activation_stats(model, torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.sum)).splitlines()
    assert re.split(r" {2,}", lines[4]) == [*BLOCK, *EXTREMES, *GRADIENTS]
    found = [re.split(r" {2,}", line) for line in (lines[6], lines[7], lines[-2])]
    assert found == [
        ["0.layer", "2", "-", "0.539", "0.707", "1.00", "50.0%", "0.0%", "1.00", "5.79e+03", "5.79e+03"],
        ["0", "1", "1.25", "1.25", "1.25", "1.76", "50.0%", "-", "1.00", "5.79e+03", "5.79e+03"],
        ["13.layer", "2", "-", "0.707", "9.68", "13.7", "50.0%", "50.0%", "1.00", "0.707", "1.00"],
    ]


def test_of_what_is_not_finite_the_share_is_told_in_percent():
    model = nn.Sequential(*(AddsTanh() for _ in range(14)))
    lines = str(activation_stats(model, torch.tensor([[1.0, 0.0], [torch.inf, 0.0]]))).splitlines()
    assert re.split(r" {2,}", lines[4]) == [*BLOCK, *EXTREMES[:3], "most not finite", *EXTREMES[3:5]]
    assert [line.split() for line in lines[6:8]] == [
        ["0.layer", "2", "-", "nan", "nan", "1.00", "50.0%", "0.0%", "25.0%"],
        ["0", "1", "nan", "nan", "nan", "1.76", "50.0%", "0.0%", "-"],
    ]


def test_without_layers_a_sentence_says_what_to_give():
    assert str(activation_stats(Returns(None), torch.ones(1))) == (
        "no layer returned a tensor of floating-point numbers; of a model that was exported or traced, give the "
        "original"
    )
