"""Expectations over a standard normal variable, to about twelve digits, also of functions with kinks and jumps.

Gauss-Hermite quadrature is exact for polynomials and poor for a kink away from zero; a fixed grid misses where exactly
a jump is. Here the line is cut into panels, and a panel on which two rules disagree is cut again: so a jump ends up in
a panel too narrow to matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import torch

_REACH = 14  # beyond it lies a probability of 1e-44
_HALVINGS = 60  # panels close to zero, each half as wide as the one before: what happens there is seen at any scale
_NODES = 12  # of Gauss-Lobatto quadrature on each panel
_TOLERANCE = 1e-14  # of a panel, relative to the whole
_NARROWEST = 1e-13  # relative to the place of the panel: what is narrower cannot be cut
_PANELS_AT_MOST = 100_000  # at a time
_NEGLIGIBLE = 1e-9  # the share of the outermost panels, if the expectation exists
_NEVER = 1e-30  # and what they hold at most if there is little anywhere else


def expectation(function: Callable[[torch.Tensor], torch.Tensor], described: str = "the function") -> float:
    """Return E[function(z)] for a standard normal z.

    Parameters
    ----------
    function : callable
        From a float64 tensor of shape (n,) to one of the same shape, element by element.
    described : str
        Names the function in an error.

    Raises
    ------
    ValueError
        If a value is not finite, or if the function grows so fast that the expectation does not exist.

    Examples
    --------
    >>> f"{expectation(lambda z: z**4):.12f}"
    '3.000000000000'
    >>> f"{expectation(lambda z: (z > 1 / 3).double()):.12f}"  # the probability of more than 1/3
    '0.369441340182'
    """
    nodes, weights = gauss_lobatto()
    starts, ends = _first_panels()
    scale = None
    accepted = 0.0
    while len(starts):
        if len(starts) > _PANELS_AT_MOST:
            raise ValueError(f"{described} varies too fast to be integrated; expected one with few kinks and jumps")
        middles = (starts + ends) / 2
        left_ends, right_ends = torch.cat([starts, starts, middles]), torch.cat([ends, middles, ends])
        z, widths = places(left_ends, right_ends, nodes)
        values = function(z.flatten()).reshape(z.shape)
        _check_finite(values, z, described)
        whole, left, right = ((values * density(z)) @ weights * widths).chunk(3)
        refined = left + right
        if scale is None:
            scale = float(refined.abs().sum())
            _check_tails(refined, scale, described)
        narrow = ends - starts <= _NARROWEST * torch.maximum(starts.abs(), ends.abs())
        done = ((whole - refined).abs() <= _TOLERANCE * scale) | narrow
        accepted += float(refined[done].sum())
        cut = ~done
        starts, ends = torch.cat([starts[cut], middles[cut]]), torch.cat([middles[cut], ends[cut]])
    return accepted


@cache
def _first_panels() -> tuple[torch.Tensor, torch.Tensor]:
    """Return where the panels start and end, from left to right."""
    positive = torch.cat([torch.logspace(-_HALVINGS, 0, 1 + _HALVINGS, base=2), torch.arange(2, _REACH + 1)]).double()
    edges = torch.cat([-positive.flip(0), torch.zeros(1), positive])
    return edges[:-1], edges[1:]


@cache
def gauss_lobatto() -> tuple[torch.Tensor, torch.Tensor]:
    """Return nodes and weights on [-1, 1], both ends among them: so no jump can hide between the last node and an end.

    The inner nodes are eigenvalues of the Jacobi matrix of the weight 1 - x^2 (Golub and Welsch, 1969).
    """
    k = torch.arange(1, _NODES - 2, dtype=torch.float64)
    beside = (k * (k + 2) / ((2 * k + 1) * (2 * k + 3))).sqrt()
    inner = torch.linalg.eigvalsh(torch.diag(beside, -1))  # of the symmetric matrix with this lower triangle
    end = torch.ones(1, dtype=torch.float64)
    nodes = torch.cat([-end, inner, end])
    before, legendre = torch.ones_like(nodes), nodes
    for degree in range(2, _NODES):
        before, legendre = legendre, ((2 * degree - 1) * nodes * legendre - (degree - 1) * before) / degree
    return nodes, 2 / (_NODES * (_NODES - 1) * legendre**2)


def places(starts: torch.Tensor, ends: torch.Tensor, nodes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return where the rule looks on each panel, and half the width of each panel."""
    half_widths = (ends - starts) / 2
    return ((starts + ends) / 2)[:, None] + half_widths[:, None] * nodes, half_widths


def density(z: torch.Tensor) -> torch.Tensor:
    """Return the density of the standard normal distribution."""
    return torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _check_finite(values: torch.Tensor, z: torch.Tensor, described: str) -> None:
    bad = ~values.isfinite()
    if bool(bad.any()):
        raise ValueError(f"{described} is not finite at {float(z[bad].min()):.3g}; expected finite values")


def _check_tails(panels: torch.Tensor, scale: float, described: str) -> None:
    if float(panels[0].abs() + panels[-1].abs()) > max(_NEGLIGIBLE * scale, _NEVER):
        raise ValueError(f"{described} grows so fast that its expectation does not exist")
