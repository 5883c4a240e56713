"""Activations and their maps, for several tests."""

import torch

from tensorglass.signals.elementwise import Elementwise
from tensorglass.signals.variance_map import VarianceMap


def step(z):
    return (z > 0).double()


def steeper_beside_zero(z):
    return torch.tanh(z + z**3)


def map_of(function, sigma_w, sigma_b=0.0):
    return VarianceMap(Elementwise(function, "test() activation"), sigma_w, sigma_b)
