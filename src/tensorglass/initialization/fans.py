"""How many inputs reach an output of a layer, and how many outputs an input reaches: the fans of its weights.

The fan-in is the number of products of a weight with an input that are summed in one output, the fan-out the number
of products of a weight with an output's gradient that are summed in the gradient of one input. Where not all outputs,
or not all inputs, have the same number, as with strides, the fan is their mean. Borders with padding are left aside.

`torch.nn.init` reads the fans off the shape of a weight alone. So it ignores groups and strides in the fan-out, and
swaps the two fans of transposed convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from torch import nn
from torch.nn.parameter import is_lazy

from ..signals.layer_kinds import ATTENTION, RECURRENT, WEIGHT_LAYERS
from ..torch_internals import Convolution

# What layers call the numbers of their inputs and outputs.
_SIZES = (("in_features", "out_features"), ("in_channels", "out_channels"), ("nx", "nf"))


@dataclass(frozen=True)
class Connections:
    """How a weight of a certain shape connects inputs with outputs.

    Attributes
    ----------
    fan_in, fan_out : Fraction
        See above. With a stride they need not be integers.
    blocks : int
        The number of equal matrices or kernels that are stacked along the first axis, and work apart: gates of a
        recurrent layer, projections of attention, groups of a convolution.
    kernel : tuple of int
        The shape of the kernel, the last axes of the weight; empty if it has none.
    inputs_first : bool
        Whether the inputs, not the outputs, of each block are along the first axis, as in transposed convolutions.
    """

    fan_in: Fraction
    fan_out: Fraction
    blocks: int = 1
    kernel: tuple[int, ...] = ()
    inputs_first: bool = False


def dense(shape: Sequence[int], blocks: int = 1) -> Connections:
    """Return the connections of a matrix of shape (outputs, inputs), or of several ones stacked along the first axis.

    >>> gates = dense((4 * 16, 8), blocks=4)
    >>> print(gates.fan_in, gates.fan_out)
    8 16
    """
    outputs, inputs = shape
    return Connections(Fraction(inputs), Fraction(outputs, blocks), blocks)


def bilinear(shape: Sequence[int]) -> Connections:
    """Return the connections of a weight of shape (outputs, first inputs, second inputs).

    An output sums over all pairs of a first with a second input. A first input reaches each output once with every
    second one, and the other way round; the fan-out is the mean over all inputs.

    >>> fans = bilinear((5, 3, 2))
    >>> print(fans.fan_in, fans.fan_out)
    6 12
    """
    outputs, first, second = shape
    pairs = first * second
    return Connections(Fraction(pairs), Fraction(2 * outputs * pairs, first + second))


def convolution(shape: Sequence[int], stride: Sequence[int], groups: int = 1) -> Connections:
    """Return the connections of a weight of shape (outputs, inputs of a group, *kernel).

    With a stride an input is seen from every stride-th place of the kernel only. Dilation changes nothing.

    >>> fans = convolution((64, 1, 3, 3), stride=(1, 1), groups=64)
    >>> print(fans.fan_in, fans.fan_out)
    9 9
    >>> print(convolution((64, 3, 3, 3), stride=(2, 2)).fan_out)
    144
    """
    outputs, inputs, *kernel = shape
    fan_in, fan_out = _convolution_fans(inputs, Fraction(outputs, groups), kernel, stride)
    return Connections(fan_in, fan_out, groups, tuple(kernel))


def transposed_convolution(shape: Sequence[int], stride: Sequence[int], groups: int = 1) -> Connections:
    """Return the connections of a weight of shape (inputs, outputs of a group, *kernel).

    It is a convolution with inputs and outputs exchanged, and so are its fans.

    >>> fans = transposed_convolution((64, 32, 4, 4), stride=(2, 2))
    >>> print(fans.fan_in, fans.fan_out)
    256 512
    """
    inputs, outputs, *kernel = shape
    fan_out, fan_in = _convolution_fans(outputs, Fraction(inputs, groups), kernel, stride)
    return Connections(fan_in, fan_out, groups, tuple(kernel), inputs_first=True)


def connections(module: nn.Module, name: str, shape: Sequence[int]) -> Connections | None:
    """Return the connections of a module's own parameter; None if it is not a weight of a layer that is known.

    Known are torch's layers, and linear layers of other libraries, which tell their sizes.

    >>> print(connections(nn.GRU(8, 16), "weight_ih_l0", (48, 8)).fan_out)
    16
    >>> connections(nn.Linear(8, 16), "bias", (16,))
    """
    if isinstance(module, ATTENTION) and name.endswith("proj_weight"):
        return dense(shape, 3 if name == "in_proj_weight" else 1)
    if isinstance(module, RECURRENT) and name.startswith(("weight_ih", "weight_hh", "weight_hr")):
        return dense(shape, 1 if name.startswith("weight_hr") else shape[0] // module.hidden_size)
    if isinstance(module, nn.Linear) and name == "weight":
        return dense(shape)
    if isinstance(module, nn.Bilinear) and name == "weight":
        return bilinear(shape)
    if isinstance(module, Convolution) and name == "weight":
        layer = transposed_convolution if module.transposed else convolution
        return layer(shape, module.stride, module.groups)
    return _foreign(module, shape) if name == "weight" else None


def sizes(module: nn.Module) -> tuple[int, int] | None:
    """Return the numbers of inputs and outputs that a layer tells as attributes; None if it tells none.

    Under these names torch has them, PyTorch Geometric, and the Conv1D of transformers.

    >>> sizes(nn.Conv2d(3, 8, 5)), sizes(nn.ReLU())
    ((3, 8), None)
    """
    for names in _SIZES:
        inputs, outputs = (getattr(module, name, None) for name in names)
        if isinstance(inputs, int) and isinstance(outputs, int):
            return inputs, outputs
    return None


def is_foreign_linear(module: nn.Module) -> bool:
    """Tell whether a module of another library is a linear layer: it has a weight of the two sizes that it tells."""
    if isinstance(module, (*WEIGHT_LAYERS, *RECURRENT, *ATTENTION)):
        return False
    weight = dict(module.named_parameters(recurse=False)).get("weight")
    return weight is not None and not is_lazy(weight) and _foreign(module, weight.shape) is not None


def _foreign(module: nn.Module, shape: Sequence[int]) -> Connections | None:
    told = sizes(module)
    if told is None or len(shape) != 2 or sorted(told) != sorted(shape):
        return None
    inputs, outputs = told
    transposed = tuple(shape) == told and inputs != outputs  # a square is drawn alike
    return Connections(Fraction(inputs), Fraction(outputs), inputs_first=transposed)


def _convolution_fans(
    inputs: int, outputs: Fraction, kernel: Sequence[int], stride: Sequence[int]
) -> tuple[Fraction, Fraction]:
    """Return the fans of a convolution in one group, of which the numbers of inputs and outputs are given."""
    places = math.prod(kernel)
    return Fraction(inputs * places), outputs * places / math.prod(stride)
