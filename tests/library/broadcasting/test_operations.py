"""The functions that broadcast, against all of torch's."""

import math
import warnings

import torch
import torch.nn.functional as F

from tensorglass.broadcasting.operations import BATCHED, ELEMENTWISE, FIRST_TWO


def functions_that_broadcast():
    """Yield the names of torch functions of two or three tensors that accept shapes which must be stretched."""
    spaces = (torch, torch.Tensor, F, torch.special)
    # Asked for by name, summing over axes, or looking at the second tensor's dtype or values alone.
    explicit = {"broadcast_tensors", "tensordot", "sym_sum", "to", "type_as", "module_load", "isin"}
    for space in spaces:
        for name in dir(space):
            function = getattr(space, name)
            if (
                name.startswith(("_", "set_"))
                or name in explicit
                or isinstance(function, type)
                or not callable(function)
            ):
                continue
            if any(_broadcasts(function, count, dtype) for count in (2, 3) for dtype in (torch.float64, torch.int64)):
                yield name


def _broadcasts(function, count, dtype):
    shapes = [(2, 3), (2, 1), (1, 3)][:count]
    values = torch.rand(3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64).mul(9).to(dtype)
    values = values / 9 if dtype.is_floating_point else values
    operands = [row[: math.prod(shape)].reshape(shape) for row, shape in zip(values, shapes, strict=False)]
    try:
        small = function(*[operand.clone() for operand in operands])
        full = function(*[operand.expand(2, 3).clone() for operand in operands])
        return torch.allclose(small.double(), full.double(), equal_nan=True) and small.shape == full.shape
    except Exception:
        return False


def test_every_function_of_torch_that_broadcasts_is_known():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = set(functions_that_broadcast())
    assert len(names) > 80
    known = ELEMENTWISE | FIRST_TWO | BATCHED
    unknown = {name for name in names if name.strip("_").removeprefix("special_") not in known}
    assert unknown == {"rsub"}  # the reflected sub, whose case is above
