"""New values for one weight: a random shape of mean square 1 by the scheme, times the standard deviation that is due.

In each scheme the outputs of a layer have the second moment fan_in * std^2 if its inputs are independent with mean 0
and second moment 1; the gradients of its inputs have fan_out * std^2 if those of its outputs are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from ..signals.gain import FORWARD
from .fans import Connections

KAIMING, XAVIER, ORTHOGONAL, DELTA_ORTHOGONAL, CRITICAL = SCHEMES = (
    "kaiming",
    "xavier",
    "orthogonal",
    "delta-orthogonal",
    "critical",
)


def fan_of(scheme: str, direction: str, connections: Connections) -> tuple[str, float]:
    """Return what the variance of a weight is divided by, in words and as a number.

    >>> from tensorglass.initialization.fans import dense
    >>> fan_of("kaiming", "backward", dense((8, 4)))
    ('fan_out 8', 8.0)
    >>> fan_of("xavier", "forward", dense((8, 4)))
    ('fan_in 4, fan_out 8', 6.0)
    """
    fan_in, fan_out = connections.fan_in, connections.fan_out
    if scheme == XAVIER:
        return f"fan_in {fan_in}, fan_out {fan_out}", float(fan_in + fan_out) / 2
    return (f"fan_in {fan_in}", float(fan_in)) if direction == FORWARD else (f"fan_out {fan_out}", float(fan_out))


def refusal(scheme: str, shape: Sequence[int], connections: Connections) -> str:
    """Return why a weight of this shape cannot be drawn by the scheme; empty if it can.

    >>> from tensorglass.initialization.fans import convolution
    >>> refusal("delta-orthogonal", (8, 8, 2, 2), convolution((8, 8, 2, 2), stride=(1, 1)))
    'a kernel of size (2, 2), which has no centre; expected odd sizes'
    """
    if scheme != DELTA_ORTHOGONAL or not connections.kernel:
        return ""
    if any(length % 2 == 0 for length in connections.kernel):
        return f"a kernel of size {connections.kernel}, which has no centre; expected odd sizes"
    outputs, inputs = _block(shape, connections)
    if outputs < inputs:
        return f"{outputs} outputs for {inputs} inputs in a group; expected at least as many outputs as inputs"
    return ""


def drawn_weight(
    scheme: str, shape: Sequence[int], connections: Connections, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """Return new random values of mean square 1, on the average or exactly, for a weight of this shape.

    Parameters
    ----------
    scheme : str
        With "orthogonal", in each block the outputs by all that an output is computed from are a matrix with
        orthogonal rows or, if it is higher than wide, orthogonal columns. With "delta-orthogonal" the outputs by the
        inputs at the centre of the kernel are such a matrix, and the rest is zero. Otherwise the values are
        independent and normal.
    shape : sequence of int
    connections : Connections
        Those of a weight of this shape.
    dtype : torch.dtype
        Of float32 precision at least.
    device : torch.device
    """
    if scheme not in (ORTHOGONAL, DELTA_ORTHOGONAL):
        return torch.randn(*shape, dtype=dtype, device=device)
    outputs, inputs = _block(shape, connections)
    blocks, kernel = connections.blocks, connections.kernel
    places = math.prod(kernel)
    if scheme == ORTHOGONAL or not kernel:
        values = _orthogonal(blocks, outputs, inputs * places, dtype, device)
    else:
        values = torch.zeros(blocks, outputs, inputs, places, dtype=dtype, device=device)
        values[..., places // 2] = math.sqrt(places) * _orthogonal(blocks, outputs, inputs, dtype, device)
    values = values.reshape(blocks, outputs, inputs, places)
    return (values.transpose(1, 2) if connections.inputs_first else values).reshape(*shape)


def _block(shape: Sequence[int], connections: Connections) -> tuple[int, int]:
    """Return the number of outputs and of inputs of each block. Pairs of inputs count as inputs."""
    first = shape[0] // connections.blocks
    second = math.prod(shape[1:]) // math.prod(connections.kernel)
    return (second, first) if connections.inputs_first else (first, second)


def _orthogonal(blocks: int, rows: int, columns: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return matrices of mean square 1, uniformly distributed among those with orthogonal rows or columns.

    The signs make the distribution uniform: Mezzadri, 2007, arXiv math-ph/0609050.
    """
    high, low = max(rows, columns), min(rows, columns)
    q, r = torch.linalg.qr(torch.randn(blocks, high, low, dtype=dtype, device=device))
    matrices: torch.Tensor = math.sqrt(high) * q * r.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
    return matrices if rows == high else matrices.mT
