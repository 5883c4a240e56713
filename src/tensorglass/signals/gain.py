"""The gain of an activation: by which factor the weights must be larger for the signal to keep its size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .elementwise import Elementwise
from .expectation import expectation
from .gated import gated_second_moment, takes_two

FORWARD, BACKWARD = DIRECTIONS = ("forward", "backward")


def gain(activation: Callable[..., Any], direction: str = FORWARD) -> float:
    r"""Return the exact gain of an activation f.

    For a standard normal z, and with the mean over it as E, it is

    .. math::

        \begin{aligned}
        \text{forward} \quad & E[f(z)^2]^{-1/2} \\
        \text{backward} \quad & E[f'(z)^2]^{-1/2}
        \end{aligned}

    .. versionadded:: 0.2.0

    Parameters
    ----------
    activation : callable
        Any function of each element alone, or such a module: smooth, with kinks or with jumps. A module is copied, and
        the copy cast to float64. Also a function of two, for a gated unit.
    direction : "forward" or "backward"
        Forward the activations keep their second moment, backward the gradients do.

    Returns
    -------
    float
        Infinite if the function or its derivative is zero. The derivative is autograd's: that of a step is zero
        everywhere.

    Raises
    ------
    TypeError
        If `activation` cannot be called.
    ValueError
        If it is random or not a function of each element alone, if a value is not finite or the expectation does not
        exist, or if `direction` is something else.

    Notes
    -----
    Weights with the standard deviation gain / sqrt(fan_in) give the next pre-activations the second moment 1 if these
    ones have it (He et al., 2015, for ReLU). It is the second moment that is kept, not the variance: activations
    have a mean. A gain from the standard deviation is another number: 1.713 for ReLU.

    `torch.nn.init.calculate_gain` knows linear layers, convolutions and five activations. Three of its values are
    conventions: 5/3 for tanh (exactly 1.5925), 3/4 for SELU (exactly 1; torch's documentation names gradients as the
    reason), 1 for the sigmoid (exactly 1.8462).

    A function of two arguments is a gated unit, such as ``silu(a) * b``: the mean is over two independent standard
    normals, and backward it is that of both partial derivatives' squares added up, since the gradient comes back
    through both.

    An exact gain makes the second moment 1 a fixed point, but perhaps one that a small deviation leaves: see
    `signal_propagation`.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import gain
    >>> round(gain(torch.relu), 10), round(gain(torch.nn.functional.gelu), 4)
    (1.4142135624, 1.5335)
    >>> round(gain(torch.nn.SiLU(), "backward"), 4)
    1.6233
    >>> round(gain(lambda a, b: torch.nn.functional.silu(a) * b), 4)  # SwiGLU
    1.6765
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"gain() direction is {direction!r}; expected 'forward' or 'backward'")
    if callable(activation) and takes_two(activation):
        second_moment = gated_second_moment(activation, derivative=direction == BACKWARD, caller="gain() activation")
    else:
        function = Elementwise(activation, "gain() activation")
        kept = function if direction == FORWARD else function.derivative
        second_moment = expectation(lambda z: kept(z) ** 2, f"{function.described}, squared,")
    return 1 / math.sqrt(second_moment) if second_moment else math.inf
