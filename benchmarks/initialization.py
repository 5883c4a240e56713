"""What measuring the layers of a model adds to its forward and backward pass, and how long LSUV takes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from timing import show
from torch import nn

from tensorglass import activation_stats, lsuv_


def perceptron(width: int, layers: int) -> nn.Sequential:
    hidden = [module for _ in range(layers) for module in (nn.Linear(width, width), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(width, 10))


def convolutional() -> nn.Sequential:
    def block(channels: int, features: int) -> list[nn.Module]:
        return [nn.Conv2d(channels, features, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(*block(3, 32), *block(32, 64), *block(64, 64), nn.Flatten(), nn.Linear(64 * 4 * 4, 10))


def loss_of(output: torch.Tensor) -> torch.Tensor:
    return output.square().mean()


def forward_and_backward(model: nn.Module, batch: torch.Tensor) -> Callable[[], object]:
    return lambda: torch.autograd.grad(loss_of(model(batch)), list(model.parameters()))


def forward(model: nn.Module, batch: torch.Tensor) -> Callable[[], object]:
    def run() -> None:
        with torch.no_grad():
            model(batch)

    return run


def main() -> None:
    cases = {
        "an MLP, 4 layers of width 512, batch 256": (perceptron(512, 4), torch.randn(256, 512)),
        "a CNN of 3 convolutions, batch 64 of 32 x 32": (convolutional(), torch.randn(64, 3, 32, 32)),
    }
    for title, (model, batch) in cases.items():
        sides = {
            "forward": forward(model, batch),
            "activation_stats": lambda model=model, batch=batch: activation_stats(model, batch),
            "forward and backward": forward_and_backward(model, batch),
            "activation_stats with a loss": lambda model=model, batch=batch: activation_stats(model, batch, loss_of),
            "lsuv_": lambda model=model, batch=batch: lsuv_(model, batch),
        }
        times = show(title, sides, rounds=20)
        print(f"  times {times['activation_stats with a loss'] / times['forward and backward']:.2f} with a loss")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
