"""The sizes of a shape, in each form in which torch takes them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..shapes import Shape

_LARGEST = 2**63 - 1  # torch keeps sizes in 64 bits


def sizes_asked_for(arguments: Sequence[Any], described: str) -> Shape:
    """Return the shape that is given as one sequence or as separate sizes.

    Parameters
    ----------
    arguments : sequence
        What came: one sequence of sizes, or the sizes.
    described : str
        Names the argument in an error.

    Raises
    ------
    TypeError
        If a size is no integer. As for torch, True and False are none where they come first.

    Examples
    --------
    >>> import torch
    >>> sizes_asked_for([(2, -1)], "shape"), sizes_asked_for([torch.tensor(2), 3], "shape")
    ((2, -1), (2, 3))
    """
    alone = len(arguments) == 1 and isinstance(arguments[0], Sequence) and not isinstance(arguments[0], (str, bytes))
    came = arguments[0] if len(arguments) == 1 else tuple(arguments)
    sizes = [_size(each) for each in (arguments[0] if alone else arguments)]
    if not arguments or None in sizes or (sizes and isinstance(came[0] if alone else arguments[0], bool)):
        dtype = ", and not a dtype" if isinstance(came, torch.dtype) else ""
        text = " ".join(repr(came).split())  # tensors are printed over several lines
        raise TypeError(f"{described} is {text}; expected a sequence of integers, such as (2, -1){dtype}")
    return tuple(size for size in sizes if size is not None)


def _size(value: Any) -> int | None:
    """Return the integer that a value stands for, or None: truth values of NumPy and torch are none."""
    if isinstance(value, torch.SymInt):
        return int(value)
    if isinstance(value, (torch.Tensor, np.ndarray, np.generic)) and value.dtype in (torch.bool, np.bool_):
        return None
    try:
        size = operator.index(value)
    except (TypeError, RuntimeError, ValueError):  # a tensor of several numbers, or one without any in memory
        return None
    return size if abs(size) <= _LARGEST else None
