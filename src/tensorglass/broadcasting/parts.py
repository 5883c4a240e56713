"""Which functions of torch broadcast some axes of their operands, or some operands: products, solvers, assignments.

A rule takes the arguments of a call and returns the shapes that the call aligns with one another, none if it aligns
nothing that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..shapes import Shape, broadcast_shape
from .operations import ELEMENTWISE, FIRST_TWO, operand_shapes, operands_of

# By function, how many last axes of each operand belong to the operation itself: all axes before them broadcast.
OWN_AXES: dict[str, tuple[int, ...]] = {
    "matmul": (2, 2),
    "rmatmul": (2, 2),
    "linalg_matmul": (2, 2),
    "cdist": (2, 2),
    "cholesky_solve": (2, 2),
    "triangular_solve": (2, 2),
    "lu_solve": (2, 2, 1),
    "linalg_solve_triangular": (2, 2),
    "linalg_lu_solve": (2, 1, 2),
    "linalg_ldl_solve": (2, 1, 2),
    "linalg_pinv": (2, 0, 0),  # the tolerances may be tensors
    "linalg_matrix_rank": (2, 0, 0),
    "scaled_dot_product_attention": (2, 2, 2),
}


def aligned_shapes(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Shape, ...]:
    """Return the shapes that the call aligns with one another; none if it is not known to broadcast."""
    if name in ELEMENTWISE:
        return operand_shapes(args, kwargs)
    if name in FIRST_TWO:
        return operand_shapes(args, kwargs)[:2]
    if name in OWN_AXES:
        shapes = zip(operand_shapes(args, kwargs), OWN_AXES[name], strict=False)
        return tuple(shape[: max(len(shape) - own, 0)] for shape, own in shapes)
    rule = OTHER_PARTS.get(name) or ALIGNING_OTHERS.get(name)
    return rule(*args, **kwargs) if rule else ()


def shown_shapes(
    name: str, aligned: tuple[Shape, ...], args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[Shape, ...]:
    """Return the shapes to list: whole operands where only parts of them were aligned."""
    return operand_shapes(args, kwargs) if name in OWN_AXES or name in OTHER_PARTS else aligned


def result_shape(name: str, stretched_to: Shape, output: Any) -> Shape:
    """Return the shape that the operands were stretched to; of a product or a solution, its own shape."""
    if name not in OWN_AXES and name not in OTHER_PARTS:
        return stretched_to
    first = output if isinstance(output, torch.Tensor) else output[0]
    return tuple(first.shape)


# --- Products and solvers with rules of their own ---


def _solve(*args: Any, **kwargs: Any) -> tuple[Shape, ...]:
    """Several right-hand sides are a matrix, or a vector for each matrix if the shapes are exactly those."""
    matrix, right = operand_shapes(args, kwargs)
    is_vector = len(right) == 1 or right == matrix[:-1]
    return matrix[:-2], right[: -1 if is_vector else -2]


def _least_squares(*args: Any, **kwargs: Any) -> tuple[Shape, ...]:
    """A right-hand side with one axis less is a vector for each matrix, whatever its sizes."""
    matrix, right = operand_shapes(args, kwargs)
    return matrix[:-2], right[: -1 if len(right) < len(matrix) else -2]


def _adds_to_a_product(product: Callable[[Shape, Shape], Shape]) -> Callable[..., tuple[Shape, ...]]:
    """Return the rule of a function that adds its first operand to a product of the next two, as `+` would."""

    def rule(*args: Any, **kwargs: Any) -> tuple[Shape, ...]:
        added, first, second = operand_shapes(args, kwargs)
        return added, product(first, second)

    return rule


def _tensordot(a: torch.Tensor, b: torch.Tensor, dims: Any, out: Any = None) -> tuple[Shape, ...]:
    """Contracted axes may have size 1 on one side."""
    if isinstance(dims, torch.Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        return tuple(a.shape[a.dim() - dims :]), tuple(b.shape[:dims])
    of_a, of_b = ([axes] if isinstance(axes, int) else axes for axes in dims)
    return tuple(a.shape[axis] for axis in of_a), tuple(b.shape[axis] for axis in of_b)


def _take_along_dim(*args: Any, dim: int | None = None, **kwargs: Any) -> tuple[Shape, ...]:
    axis = args[2] if len(args) > 2 else dim
    return () if axis is None else tuple(_without(shape, axis) for shape in operand_shapes(args, kwargs))


def _without(shape: Shape, axis: int) -> Shape:
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]


OTHER_PARTS: dict[str, Callable[..., tuple[Shape, ...]]] = {
    "linalg_solve": _solve,
    "linalg_solve_ex": _solve,
    "linalg_lstsq": _least_squares,
    "addmm": _adds_to_a_product(lambda a, b: (a[0], b[1])),
    "baddbmm": _adds_to_a_product(lambda a, b: (*a[:2], b[2])),
    "addbmm": _adds_to_a_product(lambda a, b: (a[1], b[2])),
    "addmv": _adds_to_a_product(lambda a, b: a[:1]),
    "addr": _adds_to_a_product(lambda a, b: a + b),
    "tensordot": _tensordot,
    "take_along_dim": _take_along_dim,
}

# --- Others, which are aligned whole, but not with all that they are called with ---


def _cosine_embedding_loss(*args: Any, **kwargs: Any) -> tuple[Shape, ...]:
    """The target has one number for each pair of vectors, and so lacks their axis."""
    first, second, target = operand_shapes(args, kwargs)
    together = broadcast_shape([first, second])
    if together is None or target in ((), together[:1]):
        return first, second
    return first, second, (*target, *together[1:])


def _gaussian_nll_loss(*args: Any, **kwargs: Any) -> tuple[Shape, ...]:
    """The variance may lack the last axis, and then is one for all that it stands beside."""
    predicted, target, *variance = operand_shapes(args, kwargs)
    return (predicted, target) if variance == [predicted[:-1]] else (predicted, target, *variance)


def _trapezoid(y: torch.Tensor, x: Any = None, *, dim: int = -1, **_: Any) -> tuple[Shape, ...]:
    """The places, if only a line of them, lie along the axis of the integral."""
    if not isinstance(x, torch.Tensor):
        return ()
    after = y.dim() - 1 - dim % y.dim() if x.dim() == 1 else 0
    return tuple(y.shape), tuple(x.shape) + (1,) * after


def _assigned(target: torch.Tensor, index: Any, value: Any) -> tuple[Shape, ...]:
    """Return the shape of the indexed region and the shape assigned to it, without leading axes that torch drops."""
    if not isinstance(value, torch.Tensor):
        return ()
    stand_in = torch.empty((), dtype=torch.bool, device=target.device).expand(target.shape)  # one byte, any shape
    try:
        region = tuple(stand_in[index].shape)
    except Exception:  # a bad index: torch's own call, which comes next, raises the error that belongs to it
        return ()
    shape = tuple(value.shape)
    while len(shape) > len(region) and shape[0] == 1:
        shape = shape[1:]
    return region, shape


def _index_put(target: torch.Tensor, indices: Any, values: Any, *_: Any, **__: Any) -> tuple[Shape, ...]:
    return _assigned(target, tuple(indices), values)


def _indexed(target: torch.Tensor, index: Any) -> tuple[Shape, ...]:
    """Return the shapes of indices that are tensors of numbers; how many a mask selects is not known before."""
    indices = list(operands_of(index if isinstance(index, tuple) else (), {}))
    if any("bool" in str(each.dtype) or "uint8" in str(each.dtype) for each in indices):
        return ()
    return tuple(tuple(each.shape) for each in indices)


ALIGNING_OTHERS: dict[str, Callable[..., tuple[Shape, ...]]] = {
    "cosine_embedding_loss": _cosine_embedding_loss,
    "gaussian_nll_loss": _gaussian_nll_loss,
    "trapezoid": _trapezoid,
    "trapz": _trapezoid,
    "cumulative_trapezoid": _trapezoid,
    "setitem": _assigned,
    "index_put": _index_put,
    "getitem": _indexed,
}

# Whatever else is called, a watch leaves alone.
KNOWN = ELEMENTWISE | FIRST_TWO | OWN_AXES.keys() | OTHER_PARTS.keys() | ALIGNING_OTHERS.keys()
