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
