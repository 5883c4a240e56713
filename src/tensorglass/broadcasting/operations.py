"""Which functions of torch broadcast which of their operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..shapes import Shape

# Functions that broadcast all their tensor operands together, by their names without underscores, `special_` and the
# `r` of a reflected operator: `add` stands for `torch.add`, `Tensor.add_`, `a + b`, `a += b` and `1 + a`.
ELEMENTWISE = frozenset(  # words in a text, since a list of strings would fill a page
    """
    add sub subtract mul multiply div divide truediv true_divide floordiv floor_divide mod remainder fmod pow
    float_power atan2 arctan2 hypot copysign nextafter heaviside gcd lcm ldexp logaddexp logaddexp2 xlogy xlog1py
    eq ne not_equal lt less le less_equal gt greater ge greater_equal isclose allclose
    maximum minimum max min fmax fmin clamp clip clamp_max clamp_min
    and or xor lshift rshift bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift
    logical_and logical_or logical_xor
    where lerp addcmul addcdiv masked_fill copy complex polar normal binomial cross linalg_cross
    gammainc gammaincc igamma igammac zeta
    chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w
    shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v
    shifted_chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l
    legendre_polynomial_p
    dist cosine_similarity pairwise_distance linalg_vecdot
    mse_loss l1_loss smooth_l1_loss huber_loss kl_div poisson_nll_loss gaussian_nll_loss hinge_embedding_loss
    margin_ranking_loss triplet_margin_loss triplet_margin_with_distance_loss binary_cross_entropy
    binary_cross_entropy_with_logits soft_margin_loss multilabel_soft_margin_loss
    """.split()
)
FIRST_TWO = frozenset(["masked_select", "masked_scatter"])  # the mask broadcasts with the tensor it selects from
BATCHED = frozenset(["matmul", "linalg_matmul", "rmatmul", "cdist"])  # all axes but the last two broadcast
_ASSIGNING = frozenset(["setitem", "index_put"])  # the value broadcasts to the indexed region
_REFLECTED = frozenset(
    """
    radd rsub rmul rdiv rtruediv rfloordiv rmod rpow rand ror rxor rlshift rrshift
    """.split()
)


def aligned_shapes(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Shape, ...]:
    """Return the shapes that the call aligns with one another; none if it is not known to broadcast."""
    if name in ELEMENTWISE:
        return tensor_shapes(args, kwargs)
    if name in FIRST_TWO:
        return tensor_shapes(args, kwargs)[:2]
    if name in BATCHED:
        return tuple(shape[:-2] for shape in tensor_shapes(args, kwargs))
    if name in _ASSIGNING:
        return _assigned_shapes(*args, **kwargs)
    return ()


def tensor_shapes(args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Shape, ...]:
    operands = [*args, *(value for name, value in kwargs.items() if name != "out")]
    return tuple(tuple(operand.shape) for operand in operands if isinstance(operand, torch.Tensor))


def _assigned_shapes(target: torch.Tensor, index: Any, value: Any, *_: Any, **__: Any) -> tuple[Shape, ...]:
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


def base_name(func: Callable[..., Any]) -> str:
    name = func.__name__.strip("_").removeprefix("special_")
    return name[1:] if name in _REFLECTED else name
