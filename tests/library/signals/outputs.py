"""Outputs whose figures are known, and the definitions of these figures, written out."""

import itertools
import statistics

import torch
import torch.nn.functional as F
from torch import nn

from tensorglass import activation_stats


class Returns(nn.Module):
    """A layer whose output is known."""

    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, x):
        return self.output


def only(output, module=None, batch=None):
    """Return the figures of one layer with this output; the module, if given, comes after it and is looked at."""
    model = Returns(output) if module is None else nn.Sequential(Returns(output), module)
    *_, layer = activation_stats(model, torch.ones(1) if batch is None else batch)
    return layer


def by_definition(output):
    rows = output.detach().double().flatten(1)
    pairs = [F.cosine_similarity(a, b, dim=0).item() for a, b in itertools.combinations(rows, 2)]
    return {
        "mean": rows.mean().item(),
        "rms": rows.square().mean().sqrt().item(),
        "std": rows.var(correction=0).sqrt().item(),
        "dead": statistics.fmean(float(not any(unit)) for unit in rows.T.tolist()),
        "similarity": statistics.fmean(pairs),
    }


def root_mean_square(gradient):
    return gradient.double().square().mean().sqrt().item()


def perceptron():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3))
    with torch.no_grad():
        model[0].bias[:5] = -100  # five of sixteen ReLUs are dead
    return model, torch.randn(7, 8)


def convolutional():
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 5), nn.GELU()
    )
    return model, torch.randn(6, 2, 8, 8)
