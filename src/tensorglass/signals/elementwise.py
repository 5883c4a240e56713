"""Activation functions as the theory of initialization needs them: functions of one number, in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch

from ..calling import random_state_kept

# Where an activation is tried: numbers of both signs and of several sizes, in no regular order.
_TRIED = "1.7 -0.3 0.02 -2.9 4.1 -0.004 0.6 -7.3 0.9 -1.1 2.3"
PROBE = torch.tensor([float(each) for each in _TRIED.split()], dtype=torch.float64)


class Elementwise:
    """An activation that was found to be a function of each element alone.

    Parameters
    ----------
    activation : callable
        A function or a module. A module is copied, and the copy cast to float64.
    caller : str
        Names the function and argument in an error, such as `gain() activation`.

    Raises
    ------
    TypeError
        If it cannot be called.
    ValueError
        If it raises, is random, changes the shape, or if an element of the result depends on others.

    Examples
    --------
    >>> relu = Elementwise(torch.nn.ReLU(inplace=True), "example() activation")
    >>> relu(torch.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    >>> relu.derivative(torch.tensor([-1.0, 2.0])).tolist()
    [0.0, 1.0]
    """

    def __init__(self, activation: Callable[..., Any], caller: str) -> None:
        if not callable(activation):
            raise TypeError(
                f"{caller} is {type(activation).__name__} {activation!r}; expected a function or module, such as "
                "torch.tanh"
            )
        self.name: str = getattr(activation, "__name__", type(activation).__name__)
        self.described: str = f"{caller} {self.name}"
        is_module = isinstance(activation, torch.nn.Module)
        self._function = copy.deepcopy(activation).double() if is_module else activation  # type: ignore[attr-defined]
        with random_state_kept():
            self._check()

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the activation of each element, in float64. `x` is not changed, also by an in-place activation."""
        with torch.no_grad():
            return self._apply(x.double().clone())

    def derivative(self, x: torch.Tensor) -> torch.Tensor:
        """Return the derivative at each element, as autograd computes it: 0 for a step, which has none at its jump."""
        with torch.enable_grad():
            x = x.detach().double().requires_grad_()
            y = self._apply(x.clone())
            slope = torch.autograd.grad(y.sum(), x, allow_unused=True)[0] if y.requires_grad else None
        if slope is None:
            self._check_is_step()
            return torch.zeros_like(x)
        return slope

    def _apply(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self._function(x)
        return y.double()

    def _check(self) -> None:
        try:
            y = self._function(PROBE.clone())
        except Exception as error:
            raise ValueError(
                f"{self.described} raised {type(error).__name__} for a vector: {error}; expected a function of each "
                "element alone"
            ) from error
        if not isinstance(y, torch.Tensor) or y.shape != PROBE.shape:
            came = f"a tensor of shape {tuple(y.shape)}" if isinstance(y, torch.Tensor) else type(y).__name__
            raise ValueError(
                f"{self.described} made {came} of a vector of {len(PROBE)} numbers; expected as many numbers"
            )
        y = self(PROBE)
        if not _same(self(PROBE), y):
            raise ValueError(f"{self.described} is random; expected the same result at each call")
        if not _same(torch.cat([self(each) for each in PROBE[:, None]]), y):
            raise ValueError(
                f"{self.described} mixes elements; expected a function of each element alone, unlike softmax"
            )

    def _check_is_step(self) -> None:
        """Refuse a function that changes smoothly although autograd sees no derivative."""
        if not torch.equal(self(PROBE.float()), self(PROBE)):  # single precision moves each place a little
            raise ValueError(
                f"{self.described} has no derivative that autograd can see; expected a function of torch operations "
                "that does not detach its input"
            )


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Return whether two results agree, up to the rounding of kernels that treat short vectors differently."""
    return torch.allclose(a, b, rtol=1e-12, atol=0, equal_nan=True)
