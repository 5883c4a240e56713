"""The point between order and chaos, at which signals and gradients both keep their size through many layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch

from ..report import Table, Verdict, public
from .variance_map import EQUAL, VarianceMap, bisected, nearest_finite, variance_map

_AT_ZERO = 1e-6  # an excess, which for smooth activations is about the moment itself there, 1e-8
_BESIDE, _BESIDE_ZERO = 1.01, 1e-4  # times a fixed point, and the place beside 0
_MOMENTS = 107  # tried in the search for critical points, from 1e-8 to 1e8: each is sqrt(2) times the one before
_HOMOGENEOUS = "every second moment is kept"


@public
@dataclass(frozen=True, repr=False)
class CriticalPoint(Verdict):
    """The critical point of an activation, or the reason why there is none. The result of `critical_sigma_w`.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    ok : bool
        Whether there is one. The result is truthy exactly then.
    activation : str
        Its name.
    sigma_b : float
        The standard deviation of the biases, as given.
    sigma_w : float or None
        The standard deviation of the weights, times the root of the fan-in.
    fixed_point : float or None
        The second moment at which pre-activations settle; 0 if they become ever smaller, but slower than by any
        constant factor; None if every second moment is kept.
    reason : str
        Why there is no critical point, or what is special about this one.
    """

    ok: bool
    activation: str
    sigma_b: float
    sigma_w: float | None
    fixed_point: float | None
    reason: str

    def _content(self) -> Iterable[str | Table]:
        at = f"{self.activation} with sigma_b {self.sigma_b:.4g}"
        if self.sigma_w is None:
            yield f"{at} has no critical point: {self.reason}"
        else:
            settles = "" if self.fixed_point is None else f", where the second moment settles at {self.fixed_point:.4g}"
            note = f" ({self.reason})" if self.reason else ""
            yield f"{at} is critical at sigma_w {self.sigma_w:.4f}{settles}{note}"


def critical_sigma_w(activation: Callable[..., Any], sigma_b: float = 0.0) -> CriticalPoint:
    r"""Find the standard deviation of weights at which a deep network is critical.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    activation : callable
        Any function of each element alone, or such a module.
    sigma_b : float
        The standard deviation of the biases.

    Returns
    -------
    CriticalPoint
        At it, chi is 1 at a fixed point of the variance map that signals do not leave: gradients neither vanish nor
        explode, and inputs neither part nor become alike within any fixed number of layers.

    Raises
    ------
    TypeError
        If `activation` cannot be called.
    ValueError
        If it is no activation (see `gain`), or if `sigma_b` is negative.

    Notes
    -----
    Gradients keep their size at the second moment q, and q itself is kept, if for a standard normal z

    .. math::

        \begin{aligned}
        \sigma_w^2 \, E[f'(\sqrt{q} \, z)^2] &= 1 \\
        \sigma_w^2 \, E[f(\sqrt{q} \, z)^2] + \sigma_b^2 &= q
        \end{aligned}

    The first equation gives `sigma_w` for each q. With it, the second is one equation for q (Schoenholz et al., 2017).
    If it has several stable solutions, the one with the smallest q is returned.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import critical_sigma_w
    >>> print(critical_sigma_w(torch.tanh, 0.3))
    tanh with sigma_b 0.3 is critical at sigma_w 1.3956, where the second moment settles at 0.7635
    >>> print(critical_sigma_w(torch.relu))
    relu with sigma_b 0 is critical at sigma_w 1.4142 (every second moment is kept)
    >>> bool(critical_sigma_w(torch.relu, 0.1))
    False
    """
    found = variance_map(activation, 1.0, sigma_b, "critical_sigma_w()")
    name, smallest, largest = found.activation.name, nearest_finite(0.0), nearest_finite(math.inf)
    if found.chi(largest) == 0:
        return CriticalPoint(False, name, sigma_b, None, None, "its derivative is zero")
    if all(abs(_growth(found, q) - 1) <= EQUAL for q in (smallest, 1.0, largest)):
        if sigma_b == 0:
            return CriticalPoint(True, name, sigma_b, _sigma_w(found, largest), None, _HOMOGENEOUS)
        grows = f"where chi is 1, each layer adds sigma_b^2 = {sigma_b**2:.4g} to the second moment"
        return CriticalPoint(False, name, sigma_b, None, None, grows)
    unstable = False
    for q in _candidates(found, smallest, largest):
        at_q = VarianceMap(found.activation, _sigma_w(found, max(q, smallest)), found.sigma_b)
        if _stays(at_q, q):
            return CriticalPoint(True, name, sigma_b, at_q.sigma_w, q, "")
        unstable = True
    reason = "signals leave the fixed point where chi is 1" if unstable else "chi is 1 at no fixed point"
    return CriticalPoint(False, name, sigma_b, None, None, reason)


def _stays(at_q: VarianceMap, q: float) -> bool:
    """Return whether signals stay at a fixed point: whether slightly larger ones do not grow."""
    beside = max(_BESIDE * q, _BESIDE_ZERO)
    return at_q(beside) <= beside * (1 + EQUAL)


def _sigma_w(found: VarianceMap, q: float) -> float:
    """Return the standard deviation of the weights that makes chi 1 at this second moment."""
    return 1 / math.sqrt(found.chi(q))


def _growth(found: VarianceMap, q: float) -> float:
    """Return the factor by which a layer without biases enlarges q, if chi is 1 there; infinite if it cannot be."""
    chi = found.chi(q)
    return found.moment(q) / (chi * q) if chi else math.inf


def _excess(found: VarianceMap, q: float) -> float:
    """Return by how much a layer enlarges q, relative to q, if chi is 1 there."""
    return _growth(found, q) + found.sigma_b**2 / q - 1


def _candidates(found: VarianceMap, smallest: float, largest: float) -> Iterator[float]:
    """Yield the second moments that are fixed points with chi = 1, from the smallest."""
    if found.sigma_b == 0 and abs(_excess(found, smallest)) <= _AT_ZERO:
        yield 0.0
    searched = torch.logspace(math.log10(smallest), math.log10(largest), _MOMENTS).tolist()
    excesses = [_excess(found, q) for q in searched]
    for (low, high), (first, second) in zip(pairwise(searched), pairwise(excesses), strict=True):
        if first < math.inf and (first > 0) != (second > 0):
            yield bisected(partial(_excess, found), low, high)
