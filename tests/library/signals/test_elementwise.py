"""Activations as functions of each element alone."""

import torch
from torch import nn

from tensorglass.signals.elementwise import Elementwise


def test_names():
    assert Elementwise(torch.tanh, "f() a").name == "tanh"
    assert Elementwise(nn.ReLU(), "f() a").name == "ReLU"
    assert Elementwise(torch.tanh, "f() a").described == "f() a tanh"


def test_the_activation_does_not_change_what_it_is_given():
    x = torch.tensor([-1.0, 2.0])
    relu = Elementwise(nn.ReLU(inplace=True), "f() a")
    assert relu(x).tolist() == [0, 2]
    assert relu(x).dtype == relu.derivative(x).dtype == torch.float64
    assert relu.derivative(x).tolist() == [0, 1]
    assert x.tolist() == [-1, 2]
    assert not relu(x.requires_grad_()).requires_grad
