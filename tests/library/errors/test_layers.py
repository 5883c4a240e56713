"""The innermost module that was running, and its path."""

import pytest
import torch
from torch import nn

from tensorglass.errors.layers import failing_layer, path_in
from tensorglass.errors.source import failures

ERRORS = "must match|cannot be multiplied|hooked|Expected hidden"


def layer_of(function, *args):
    with pytest.raises(RuntimeError, match=ERRORS) as caught:
        function(*args)
    return failing_layer(failures(caught.value.__traceback__))


def test_outside_of_modules():
    assert layer_of(lambda: torch.ones(2) + torch.ones(3)) is None


def test_one_layer():
    layer = nn.Linear(3, 2)
    x = torch.ones(4, 5)
    found = layer_of(layer, x)
    assert found.module is layer
    assert (found.path, found.name, found.kind, found.is_own) == ("", "Linear", "Linear", False)
    assert found.input is x
    assert (found.setting("in_features"), found.setting("no_such")) == (3, None)


def test_the_path_is_from_the_outermost():
    model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.ReLU(), nn.Linear(3, 2)))
    assert layer_of(model, torch.ones(4, 5)).path == "1.1"
    assert layer_of(nn.ModuleDict({"inner": model})["inner"], torch.ones(4, 5)).path == "1.1"


def test_a_function_that_a_module_is_handed_to_is_none_of_its_own():
    def train(model):
        return torch.ones(2) + torch.ones(3)

    assert layer_of(train, nn.Linear(3, 2)) is None


def test_a_forward_of_ones_own():
    class Own(nn.Module):
        def forward(self, x, y):
            return x + y

    found = layer_of(nn.ModuleList([Own()])[0], torch.ones(2), torch.ones(3))
    assert found.is_own
    assert [tuple(value.shape) for value in found.inputs] == [(2,), (3,)]


def test_a_module_that_fails_while_it_is_made_is_not_running():
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.x = torch.ones(2) + torch.ones(3)

    assert layer_of(Broken) is None


def test_paths():
    inner = nn.Linear(2, 2)
    assert path_in(inner, inner) == ""
    assert path_in(nn.Sequential(nn.ReLU(), inner), inner) == "1"
    assert path_in(nn.Sequential(nn.ReLU()), inner) is None


def test_the_forward_method_tells_the_input_whatever_it_calls():
    x, state = torch.ones(5, 2, 3), torch.zeros(2, 1, 4)
    assert layer_of(nn.RNN(3, 4), x, state).input is x


def test_a_hook_that_fails():
    def hook(module, args):
        raise RuntimeError("hooked")

    layer = nn.Linear(3, 2)
    layer.register_forward_pre_hook(hook)
    found = layer_of(layer, torch.ones(4, 3))
    assert found.module is layer
    assert found.input is None


def test_modules_in_a_circle():
    first, second = nn.Module(), nn.Module()
    first.second, second.first = second, first
    assert path_in(first, nn.ReLU()) is None
    assert path_in(first, second) == "second"
