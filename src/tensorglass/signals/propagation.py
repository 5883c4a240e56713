"""What becomes of a signal, and of the difference between two signals, in a deep network with random weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..report import NumberColumn, Report, Table, number_text, public
from .correlation_map import AT_ONE, CorrelationMap
from .layer_results import LayerPrediction, LayerStats
from .variance_map import VarianceMap, nearest_finite, variance_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_OVERFLOW = 1e75  # second moments beyond it are given as infinite: it is about the square of float32's largest number


@public
@dataclass(frozen=True, repr=False)
class SignalPath(Report):
    """The prediction, layer by layer. The result of `SignalPropagation.through`.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    layers : tuple of LayerPrediction
        From the first to the last.
    width : int or None
        The number of units in a layer, from which the spread was computed.
    """

    layers: tuple[LayerPrediction, ...]
    width: int | None

    def plot(self, ax: Axes | None = None, measured: Iterable[LayerStats] | None = None) -> Axes:
        """Draw both second moments over depth, on a logarithmic axis, and what was measured in a network beside them.

        Of ``measured`` the outputs of linear layers and convolutions are drawn: as many as there are layers here.
        """
        from .pictures import plot_path

        return plot_path(self.layers, ax, measured)

    def _content(self) -> Iterable[str | Table]:
        header = tuple(map(NumberColumn, ("layer", "second moment", "spread", "gradient")))
        rows = tuple(
            (str(each.layer), number_text(each.second_moment), number_text(each.spread), number_text(each.gradient))
            for each in self.layers
        )
        yield Table("Predicted second moments", header, rows)


@public
@dataclass(frozen=True, repr=False)
class SignalPropagation(Report):
    """Where signals settle in a deep network. The result of `signal_propagation`.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    activation : str
        Its name.
    sigma_w, sigma_b : float
        The standard deviations of the weights, times the root of the fan-in, and of the biases.
    fixed_point : float
        The second moment of the pre-activations that is reached from 1: 0 if signals vanish, infinite if they explode.
    slope : float
        The slope of the variance map there: below 1 a deviation shrinks from layer to layer, above 1 it grows.
    chi : float
        By how much the second moment of gradients is multiplied in a layer, on its way back. Where the fixed point
        is 0 or infinite, slope and chi are those close to it.
    correlation : float
        Where the correlation of two different inputs settles: 1 if they become indistinguishable.
    depth_scale : float
        The number of layers in which the distance of that correlation from where it settles shrinks by the factor e.
        At criticality infinite. A network much deeper than some six of these is hard to train (Schoenholz et al.,
        2017).
    """

    activation: str
    sigma_w: float
    sigma_b: float
    fixed_point: float
    slope: float
    chi: float
    correlation: float
    depth_scale: float
    _map: VarianceMap = field(compare=False)

    @property
    def stable(self) -> bool:
        """Whether a small deviation from the fixed point does not grow."""
        return self.slope <= 1 + AT_ONE

    @property
    def phase(self) -> str:
        """Ordered (inputs become alike and gradients vanish), critical, or chaotic (inputs part, gradients explode)."""
        if abs(self.chi - 1) <= AT_ONE:
            return "critical"
        return "ordered" if self.chi < 1 else "chaotic"

    def through(self, depth: int, second_moment: float = 1.0, width: int | None = None) -> SignalPath:
        """Predict the second moments in each of `depth` layers.

        Parameters
        ----------
        depth : int
            The number of layers of weights.
        second_moment : float
            That of the input, the mean of its squares. No activation comes before the first layer: its pre-activations
            have sigma_w^2 times this second moment, plus sigma_b^2.
        width : int, optional
            The number of units in a layer. With it the spread from one draw of the weights to the next is given.

        Raises
        ------
        ValueError
            If one of these is not positive.
        """
        for name, value in (("depth", depth), ("second_moment", second_moment), ("width", width)):
            if value is not None and not value > 0:
                raise ValueError(f"through() {name} is {value!r}; expected a positive number")
        moments, gradients = [self.sigma_w**2 * second_moment + self.sigma_b**2], [1.0]
        for _ in range(depth - 1):
            moments.append(self._map(moments[-1]) if moments[-1] < _OVERFLOW else math.inf)
        for q in reversed(moments[:-1]):
            gradients.append(gradients[-1] * self._map.chi(min(q, _OVERFLOW)))
        spreads = [None] * depth if width is None else self._spreads(moments, width)
        figures = zip(moments, spreads, reversed(gradients), strict=True)
        return SignalPath(tuple(LayerPrediction(i, *each) for i, each in enumerate(figures, start=1)), width)

    def _spreads(self, moments: Sequence[float], width: int) -> Iterator[float]:
        """Yield the standard deviation of the second moment in each layer: 0 in the first, whose input is given."""
        spread = 0.0
        yield spread
        for q in moments[:-1]:
            if math.isfinite(spread):
                spread = self._next_spread(q, spread, width)
            yield spread

    def _next_spread(self, q: float, spread: float, width: int) -> float:
        """Return the standard deviation of the second moment in a layer, from both in the layer before.

        The squares of `width` activations are averaged, and a deviation of the layer before is handed on. Both depend
        on the second moment there, which itself varies: two points stand for its distribution. That is exact where the
        map is linear and the variance of the squares quadratic, as for linear layers and ReLU.
        """
        points = _two_points(q, spread)
        if any(at > _OVERFLOW for at, _ in points):
            return math.inf
        maps = [(self._map(at), weight) for at, weight in points]
        mean = sum(weight * value for value, weight in maps)
        handed_on = sum(weight * (value - mean) ** 2 for value, weight in maps)
        of_squares = sum(weight * (self._map.moment(at, 4) - self._map.moment(at) ** 2) for at, weight in points)
        return math.sqrt(handed_on + self.sigma_w**4 * of_squares / width)

    def _content(self) -> Iterable[str | Table]:
        yield f"{self.activation} with sigma_w {self.sigma_w:.4g} and sigma_b {self.sigma_b:.4g}: {self._verdict()}"
        rows = (
            ("second moment settles at", number_text(self.fixed_point)),
            ("slope of the variance map there", number_text(self.slope)),
            ("chi, the factor of gradients", number_text(self.chi)),
            ("correlation of two inputs settles at", number_text(self.correlation)),
            ("depth scale, in layers", number_text(self.depth_scale)),
        )
        yield Table("Signal propagation", ("quantity", NumberColumn("value")), rows)

    def _verdict(self) -> str:
        if self.fixed_point == 0:
            return "signals vanish"
        if math.isinf(self.fixed_point):
            return "signals explode"
        return f"{self.phase}, {'stable' if self.stable else 'unstable'}"


def signal_propagation(activation: Callable[..., Any], sigma_w: float, sigma_b: float = 0.0) -> SignalPropagation:
    r"""Tell where signals settle in a wide and deep network with random weights, and how fast.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    activation : callable
        Any function of each element alone, or such a module.
    sigma_w : float
        The standard deviation of the weights, times the root of the fan-in: `gain(activation)` for initialization by
        He et al.
    sigma_b : float
        The standard deviation of the biases.

    Returns
    -------
    SignalPropagation
        Its method `through` predicts each layer of a network of some depth.

    Raises
    ------
    TypeError
        If `activation` cannot be called.
    ValueError
        If it is no activation (see `gain`), or if a standard deviation is negative.

    Notes
    -----
    Forward, a layer turns the second moment q of the pre-activations into V(q). Backward, it multiplies the second
    moment of the gradients by chi. With an activation f and a standard normal z,

    .. math::

        \begin{aligned}
        V(q) &= \sigma_w^2 \, E[f(\sqrt{q} \, z)^2] + \sigma_b^2 \\
        \chi(q) &= \sigma_w^2 \, E[f'(\sqrt{q} \, z)^2]
        \end{aligned}

    The theory is exact for layers of infinite width (Poole et al., 2016; Schoenholz et al., 2017). What a finite width
    changes is told by `through(depth, width=...)`, to the first order in depth / width.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import gain, signal_propagation
    >>> print(signal_propagation(torch.tanh, 1.5, 0.1))
    tanh with sigma_w 1.5 and sigma_b 0.1: chaotic, stable
    <BLANKLINE>
    Signal propagation
    <BLANKLINE>
    quantity                               value
    ------------------------------------  ------
    second moment settles at              0.8133
    slope of the variance map there       0.4938
    chi, the factor of gradients           1.129
    correlation of two inputs settles at  0.1801
    depth scale, in layers                 14.85

    An exact gain makes 1 a fixed point, but GELU's is one that signals leave:

    >>> gelu = torch.nn.functional.gelu
    >>> found = signal_propagation(gelu, gain(gelu))
    >>> found.fixed_point, found.stable, round(found.slope, 3)
    (1.0, False, 1.144)
    """
    found = variance_map(activation, sigma_w, sigma_b, "signal_propagation()")
    fixed_point = found.fixed_point()
    q = nearest_finite(fixed_point)
    correlation = CorrelationMap(found, q)
    settled, slope = correlation.fixed_point()
    return SignalPropagation(
        activation=found.activation.name,
        sigma_w=found.sigma_w,
        sigma_b=found.sigma_b,
        fixed_point=fixed_point,
        slope=found.slope(q),
        chi=found.chi(q),
        correlation=settled,
        depth_scale=_depth_scale(slope),
        _map=found,
    )


def _depth_scale(slope: float) -> float:
    if slope <= 0:
        return 0.0
    return math.inf if abs(slope - 1) <= AT_ONE else -1 / math.log(slope)


def _two_points(mean: float, spread: float) -> tuple[tuple[float, float], ...]:
    """Return numbers that are not negative, with weights: their mean is this one, and so is their spread."""
    if spread == 0:
        return ((mean, 1.0),)
    above = 1 / (1 + (1 + spread / mean) ** 2)
    return (mean / (1 + spread / mean), 1 - above), (mean + spread + spread**2 / mean, above)
