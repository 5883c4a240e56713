"""One layer of a deep network: what is predicted of it, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass

from ..report import public
from .statistics import Histogram


@public
@dataclass(frozen=True)
class LayerPrediction:
    """One layer of a `SignalPath`.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    layer : int
        Counted from 1.
    second_moment : float
        That of the pre-activations.
    spread : float or None
        Its standard deviation from one draw of the weights to the next, for one input; None if no width was given.
        Exact for linear layers and ReLU. For other functions it leaves out terms that are small where it is small
        itself, beside the second moment.
    gradient : float
        The second moment of the gradient with respect to the pre-activations, relative to that at the last layer.
    """

    layer: int
    second_moment: float
    spread: float | None
    gradient: float


@public
@dataclass(frozen=True)
class LayerStats:
    """One call of a layer, by its output. The first axis of the output counts as the axis of examples.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    name : str
        The path of the module, as in `named_modules`; for the model itself the name of its class.
    kind : str
        The name of its class.
    linear : bool
        Whether it is a linear layer or a convolution, of a subclass too: one of those that `signal_propagation` is
        about.
    mean, rms, std : float
        Over all elements: the mean, the root of the mean square, and the standard deviation, with which
        ``rms**2 == mean**2 + std**2``.
    dead : float
        The share of units that are exactly 0 for every example. A unit is one place in the output of one example.
    saturated : float or None
        The share of elements within one hundredth of the activation's range from one of its bounds, for `Tanh`,
        `Sigmoid`, `Softsign`, `Hardtanh`, `ReLU6` and `Hardsigmoid`; None for others.
    similarity : float or None
        The mean cosine similarity between the outputs of two different examples. Close to 1, all examples look the
        same to the next layer, whatever the other figures are. Examples whose output is 0 throughout have no
        direction and are left out; None if fewer than two are left.
    gradient_rms : float or None
        The root mean square of the loss's gradient with respect to this output; None where no gradient arrives.
    histogram : Histogram
        Of at most 2048 elements, evenly spaced.
    block : bool
        Whether it is a module that consists of others, such as a residual block: its output was made from theirs.
    largest : float or None
        The largest absolute value among those that are finite; None if none is.
    not_finite : float
        The share of elements that are infinite or not a number.
    """

    name: str
    kind: str
    linear: bool
    mean: float
    rms: float
    std: float
    dead: float
    saturated: float | None
    similarity: float | None
    gradient_rms: float | None
    histogram: Histogram
    block: bool
    largest: float | None
    not_finite: float
