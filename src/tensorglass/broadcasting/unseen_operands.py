"""Broadcasts whose operands torch's functions are not called with: those of NumPy, and of torch's distributions."""

from __future__ import annotations

import itertools
from types import FrameType
from typing import Any

import torch
from torch.distributions import Distribution

from ..shapes import Shape, aligned, broadcast_shape


def numpy_shapes(wrapping: torch.Tensor, array: Any) -> tuple[Shape, ...]:
    """Return the tensor's shape and the least shape that another operand must have had.

    Where a tensor meets an array and torch refuses, NumPy computes, and hands its result to the tensor to be wrapped.
    What the other operand was is not told: it has at least the axes in which the result differs from the tensor.
    """
    shape, result = tuple(wrapping.shape), tuple(array.shape)
    if broadcast_shape([shape, result]) != result or shape == result:
        return ()
    least = tuple(size if size != own else 1 for own, size in aligned([shape, result]))
    if len(shape) == len(result):  # the other one may have had fewer axes
        least = tuple(itertools.dropwhile(lambda size: size == 1, least))
    return shape, least


def distribution_shapes(
    func_name: str, args: Any, entered: FrameType
) -> tuple[Distribution | None, str, tuple[Shape, ...]]:
    """Return what torch's distributions stretch with a call of theirs, made on behalf of the frame that entered them.

    Returns
    -------
    tuple
        The distribution that is being made, its class's name, and its parameters' shapes without the axes of one
        event. In a method: None, its name, and the shapes that it aligns.
    """
    # A number has become a tensor of rank 0 here, which stretches without surprise.
    shapes = tuple(tuple(x.shape) for x in args if isinstance(x, torch.Tensor) and x.dim())
    made, called = entered.f_locals.get("self"), entered.f_code.co_name
    if called == "__init__" and isinstance(made, Distribution):
        return made, type(made).__name__, _parameter_shapes(made, entered.f_locals) or shapes
    return None, called, shapes if func_name == "broadcast_tensors" else ()


def _parameter_shapes(made: Distribution, given: dict[str, Any]) -> tuple[Shape, ...]:
    """Return the parameters' batch shapes; none for the few distributions that tell their constraints when made."""
    constraints = type(made).arg_constraints
    if not isinstance(constraints, dict):
        return ()
    parameters = [(given.get(name), _event_axes(constraint)) for name, constraint in constraints.items()]
    return tuple(
        tuple(value.shape[: max(value.dim() - axes, 0)])
        for value, axes in parameters
        if isinstance(value, torch.Tensor) and value.dim()
    )


def _event_axes(constraint: Any) -> int:
    try:
        return int(constraint.event_dim)
    except NotImplementedError:  # of a constraint that depends on others and does not say
        return 0
