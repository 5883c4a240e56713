"""How many inputs reach an output of a layer, and how many outputs an input reaches: the fans of its weights.

The fan-in is the number of products of a weight with an input that are summed in one output, the fan-out the number
of products of a weight with an output's gradient that are summed in the gradient of one input. Where not all outputs,
or not all inputs, have the same number, as with strides, the fan is their mean. Borders with padding are left aside.

`torch.nn.init` reads the fans off the size of a weight alone. So it ignores groups and strides in the fan-out, and
swaps the two fans of transposed convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from torch import nn
from torch.nn.modules.conv import _ConvNd

ATTENTION = nn.MultiheadAttention
RECURRENT = (nn.RNNBase, nn.RNNCellBase)
WEIGHT_LAYERS = (nn.Linear, nn.Bilinear, _ConvNd)


@dataclass(frozen=True)
class Connections:
    """How a weight of a certain size connects inputs with outputs.

    Attributes
    ----------
    fan_in, fan_out : Fraction
        See above. With a stride they need not be integers.
    blocks : int
        The number of equal matrices or kernels that are stacked along the first axis, and work apart: gates of a
        recurrent layer, projections of attention, groups of a convolution.
    kernel : tuple of int
        The size of the kernel, the last axes of the weight; empty if it has none.
    inputs_first : bool
        Whether the inputs, not the outputs, of each block are along the first axis, as in transposed convolutions.
    """

    fan_in: Fraction
    fan_out: Fraction
    blocks: int = 1
    kernel: tuple[int, ...] = ()
    inputs_first: bool = False


def dense(size: Sequence[int], blocks: int = 1) -> Connections:
    """Return the connections of a matrix of size (outputs, inputs), or of several ones stacked along the first axis.

    >>> gates = dense((4 * 16, 8), blocks=4)
    >>> print(gates.fan_in, gates.fan_out)
    8 16
    """
    outputs, inputs = size
    return Connections(Fraction(inputs), Fraction(outputs, blocks), blocks)


def bilinear(size: Sequence[int]) -> Connections:
    """Return the connections of a weight of size (outputs, first inputs, second inputs).

    An output sums over all pairs of a first with a second input. A first input reaches each output once with every
    second one, and the other way round; the fan-out is the mean over all inputs.

    >>> fans = bilinear((5, 3, 2))
    >>> print(fans.fan_in, fans.fan_out)
    6 12
    """
    outputs, first, second = size
    pairs = first * second
    return Connections(Fraction(pairs), Fraction(2 * outputs * pairs, first + second))


def convolution(size: Sequence[int], stride: Sequence[int], groups: int = 1) -> Connections:
    """Return the connections of a weight of size (outputs, inputs of a group, *kernel).

    With a stride an input is seen from every stride-th place of the kernel only. Dilation changes nothing.

    >>> fans = convolution((64, 1, 3, 3), stride=(1, 1), groups=64)
    >>> print(fans.fan_in, fans.fan_out)
    9 9
    >>> print(convolution((64, 3, 3, 3), stride=(2, 2)).fan_out)
    144
    """
    outputs, inputs, *kernel = size
    fan_in, fan_out = _convolution_fans(inputs, Fraction(outputs, groups), kernel, stride)
    return Connections(fan_in, fan_out, groups, tuple(kernel))


def transposed_convolution(size: Sequence[int], stride: Sequence[int], groups: int = 1) -> Connections:
    """Return the connections of a weight of size (inputs, outputs of a group, *kernel).

    It is a convolution with inputs and outputs exchanged, and so are its fans.

    >>> fans = transposed_convolution((64, 32, 4, 4), stride=(2, 2))
    >>> print(fans.fan_in, fans.fan_out)
    256 512
    """
    inputs, outputs, *kernel = size
    fan_out, fan_in = _convolution_fans(outputs, Fraction(inputs, groups), kernel, stride)
    return Connections(fan_in, fan_out, groups, tuple(kernel), inputs_first=True)


def connections(module: nn.Module, name: str, size: Sequence[int]) -> Connections | None:
    """Return the connections of a module's own parameter; None if it is not a weight of a layer that is known.

    >>> print(connections(nn.GRU(8, 16), "weight_ih_l0", (48, 8)).fan_out)
    16
    >>> connections(nn.Linear(8, 16), "bias", (16,))
    """
    if isinstance(module, ATTENTION) and name.endswith("proj_weight"):
        return dense(size, 3 if name == "in_proj_weight" else 1)
    if isinstance(module, RECURRENT) and name.startswith(("weight_ih", "weight_hh", "weight_hr")):
        return dense(size, 1 if name.startswith("weight_hr") else size[0] // module.hidden_size)
    if isinstance(module, nn.Linear) and name == "weight":
        return dense(size)
    if isinstance(module, nn.Bilinear) and name == "weight":
        return bilinear(size)
    if isinstance(module, _ConvNd) and name == "weight":
        layer = transposed_convolution if module.transposed else convolution
        return layer(size, module.stride, module.groups)
    return None


def _convolution_fans(
    inputs: int, outputs: Fraction, kernel: Sequence[int], stride: Sequence[int]
) -> tuple[Fraction, Fraction]:
    """Return the fans of a convolution in one group, of which the numbers of inputs and outputs are given."""
    places = math.prod(kernel)
    return Fraction(inputs * places), outputs * places / math.prod(stride)
