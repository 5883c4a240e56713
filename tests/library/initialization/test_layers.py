"""Which modules are blocks that a forward puts one after the other."""

import pytest
from torch import nn

from tensorglass.initialization.layers import groups_of_blocks


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(Block()),
        nn.Sequential(nn.ReLU(), nn.ReLU()),
        nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)),
        nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 2))),
        nn.ModuleList([nn.ReLU()]),
        nn.ModuleList([nn.MultiheadAttention(2, 1), nn.MultiheadAttention(2, 1)]),
    ],
)
def test_one_child_layers_and_containers_are_no_blocks(model):
    assert list(groups_of_blocks(model)) == []


def test_blocks_are_several_of_one_class_or_what_a_list_holds():
    first, second, alone = Block(), Block(), Block()
    model = nn.ModuleDict({"many": nn.Sequential(first, nn.ReLU(), second), "one": nn.ModuleList([alone])})
    assert list(groups_of_blocks(model)) == [[alone], [first, second]]
