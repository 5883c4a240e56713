"""Which functions of torch broadcast all their operands with one another; those of which parts do are in `parts`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from ..shapes import Shape

# Functions that broadcast all their tensor operands together, by their names without underscores, `special_` and the
# `r` or `i` of a reflected or in-place operator: `add` stands for `torch.add`, `Tensor.add_`, `a + b`, `a += b`.
ELEMENTWISE = frozenset(  # words in a text, since a list of strings would fill a page
    """
    add sub subtract mul multiply div divide truediv true_divide floordiv floor_divide mod remainder fmod pow
    float_power atan2 arctan2 hypot copysign nextafter heaviside gcd lcm ldexp logaddexp logaddexp2 xlogy xlog1py
    eq ne not_equal lt less le less_equal gt greater ge greater_equal isclose allclose
    maximum minimum max min fmax fmin clamp clip clamp_max clamp_min
    and or xor lshift rshift bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift
    logical_and logical_or logical_xor
    where lerp addcmul addcdiv masked_fill copy map map2 contains complex polar normal binomial bernoulli cross
    linalg_cross     gammainc gammaincc igamma igammac zeta
    chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w
    shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v
    shifted_chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l
    legendre_polynomial_p
    dist cosine_similarity pairwise_distance linalg_vecdot
    mse_loss l1_loss smooth_l1_loss huber_loss kl_div poisson_nll_loss hinge_embedding_loss
    margin_ranking_loss triplet_margin_loss triplet_margin_with_distance_loss binary_cross_entropy
    binary_cross_entropy_with_logits soft_margin_loss multilabel_soft_margin_loss
    """.split()
)
FIRST_TWO = frozenset(["masked_select", "masked_scatter"])  # the mask broadcasts with the tensor it selects from
_OTHER_FORMS = frozenset(  # of operators: reflected and in place
    """
    radd rsub rmul rdiv rtruediv rfloordiv rmod rpow rand ror rxor rlshift rrshift iand ior ixor ilshift irshift
    """.split()
)


def base_name(func: Callable[..., Any]) -> str:
    """Return the name under which a function stands in the tables.

    >>> base_name(torch.Tensor.add_), base_name(torch.Tensor.__iand__), base_name(torch.special.xlogy)
    ('add', 'and', 'xlogy')
    """
    name = func.__name__.strip("_").removeprefix("special_")
    return name[1:] if name in _OTHER_FORMS else name


def operands_of(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the operands that have a shape: tensors, and arrays where torch takes them. Numbers of NumPy have none."""
    for value in [*args, *(value for name, value in kwargs.items() if name != "out")]:
        if isinstance(value, torch.Tensor) or (hasattr(value, "__array__") and bool(getattr(value, "shape", None))):
            yield value


def operand_shapes(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Shape, ...]:
    return tuple(tuple(operand.shape) for operand in operands_of(args, kwargs))


def have_shapes(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Return whether each operand has one shape of known sizes.

    A nested tensor and a parameter that is not initialized have none, and a size that a trace keeps open would be
    fixed by being looked at.
    """
    return all(map(_has_shape, operands_of(args, kwargs)))


def _has_shape(operand: Any) -> bool:
    if isinstance(operand, torch.Tensor) and (operand.is_nested or is_lazy(operand)):
        return False
    return all(type(size) is int for size in operand.shape)
