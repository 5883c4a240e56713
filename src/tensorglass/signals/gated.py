"""Gated units: functions of two pre-activations, such as silu(a) * b, and their expectations over both."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

from ..calling import random_state_kept
from .elementwise import PROBE
from .expectation import density, expectation, gauss_lobatto, places

_AGREED = 1e-8  # between two rules, relative
_AT_ONCE = 1024  # values of the outer variable, so that the memory has a bound
_EDGES = (0.0, 0.125, 0.5, *range(1, 13))  # of the panels of the inner rule, on both sides of zero


def takes_two(activation: Callable[..., Any]) -> bool:
    """Return whether a function must be called with two tensors.

    >>> takes_two(lambda a, b: a * b), takes_two(torch.nn.ReLU()), takes_two(torch.tanh)
    (True, False, False)
    """
    called = activation.forward if isinstance(activation, torch.nn.Module) else activation
    try:
        signature = inspect.signature(called)
    except (TypeError, ValueError):  # written in C
        return False
    return not _binds(signature, 1) and _binds(signature, 2)


def gated_second_moment(activation: Callable[..., Any], *, derivative: bool, caller: str) -> float:
    """Return E[f(a, b)^2] for independent standard normals, or that of both partial derivatives, added up."""
    described = f"{caller} {getattr(activation, '__name__', type(activation).__name__)}"
    with random_state_kept():
        _check(activation, described)

    def squared(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return _slopes(activation, a, b) if derivative else _values(activation, a, b) ** 2

    def swapped(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return squared(b, a)

    # The outer integral finds kinks, the inner one has fixed panels: the better order is the one in which more of
    # them make no difference.
    tried = [_nested(function, f"{described}, squared,") for function in (squared, swapped)]
    value, error = min(tried, key=lambda pair: pair[1])
    if error > _AGREED * abs(value):
        raise ValueError(f"{described} has kinks or jumps in both arguments; expected them in one at most, or at 0")
    return value


def _nested(function: Callable[..., torch.Tensor], described: str) -> tuple[float, float]:
    """Return the expectation over both variables, and by how much a finer rule over the second changes it."""
    coarse, fine = (
        expectation(lambda a, rule=rule: _inner(function, a, *rule), described)  # type: ignore[misc]
        for rule in (_rule(1), _rule(3))
    )
    return fine, abs(fine - coarse)


def _inner(
    function: Callable[..., torch.Tensor], a: torch.Tensor, nodes: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    rows = (part[:, None].expand(-1, len(nodes)) for part in torch.split(a, _AT_ONCE))
    return torch.cat([function(row, nodes.expand_as(row)) @ weights for row in rows])


def _rule(cuts: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the nodes and weights of E over a standard normal, on panels that are each cut into so many."""
    positive = torch.tensor(_EDGES, dtype=torch.float64)
    edges = torch.cat([-positive.flip(0)[:-1], positive])
    steps = torch.arange(cuts, dtype=torch.float64) / cuts
    starts = (edges[:-1, None] + edges.diff()[:, None] * steps).flatten()
    nodes, weights = gauss_lobatto()
    z, widths = places(starts, torch.cat([starts[1:], edges[-1:]]), nodes)
    return z.flatten(), (density(z) * weights * widths[:, None]).flatten()


def _values(activation: Callable[..., Any], a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = activation(a.clone(), b.clone())
    return result.double()


def _slopes(activation: Callable[..., Any], a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
        result = activation(a.clone(), b.clone())
        slopes = torch.autograd.grad(result.sum(), (a, b), allow_unused=True) if result.requires_grad else ()
    return sum((slope**2 for slope in slopes if slope is not None), torch.zeros_like(a))


def _check(activation: Callable[..., Any], described: str) -> None:
    a, b = (each.flatten() for each in torch.meshgrid(PROBE, PROBE, indexing="ij"))
    try:
        result = _values(activation, a, b)
        alone = torch.cat([_values(activation, *pair).flatten() for pair in zip(a[:, None], b[:, None], strict=True)])
    except Exception as error:
        raise ValueError(
            f"{described} raised {type(error).__name__} for two vectors: {error}; expected a function of two tensors, "
            "element by element"
        ) from error
    if result.shape != a.shape or not torch.allclose(result, alone, rtol=1e-12, atol=0, equal_nan=True):
        raise ValueError(
            f"{described} is random, mixes elements or changes the shape; expected a function of two tensors, element "
            "by element"
        )


def _binds(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True
