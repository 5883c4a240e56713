"""`einsum`: the same results as `torch.einsum`, from a plan that can be read.

A plan is made once for an equation and the layout of its operands. It is a short program of torch calls, which
`EinsumPlan.torch_code` shows and which is what runs. Plans are remembered, so that a repeated call costs a look-up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch._C import _is_any_autocast_enabled
from torch.compiler import is_compiling
from torch.overrides import has_torch_function
from torch.utils._python_dispatch import _disable_current_modes

from .equation import EinsumError, parse
from .indices import contraction
from .lowering import lower
from .operands import Layout, check_tensors, has_plain_layout, layout_of, normalized
from .plan import Cost, EinsumPlan
from .program import is_inexact
from .result_dtype import autocast_dtype, result_dtype

PLANS_AT_MOST = 1024


def einsum(equation: Any, *operands: Any) -> torch.Tensor:
    """Compute an einsum: the values, dtypes and rejections of `torch.einsum`, planned once and then fast.

    Parameters
    ----------
    equation : str
        As for `torch.einsum`, for instance ``"bij,bjk->bik"``. Or the sublist format: each operand is followed by a
        list of numbers from 0 to 51, and perhaps one list for the output comes last.
    *operands : torch.Tensor
        The operands, of one dtype wherever something is summed.

    Returns
    -------
    torch.Tensor
        Its strides may differ from those of torch.einsum's result.

    Raises
    ------
    EinsumError
        If the equation breaks the grammar or does not fit the operands; it is a ValueError and a RuntimeError.
    TypeError
        If an operand is no tensor.

    Notes
    -----
    The first call with an equation and a layout makes a plan, which takes about a millisecond. Later calls look it up.
    Inside `torch.compile`, and for tensors without strides or with sizes that are symbols, `torch.einsum` itself is
    called; so it is for what `torch.jit.trace` and `torch.fx` trace. Sparse tensors work where the torch calls of the
    plan take them.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import einsum
    >>> einsum("ij,jk->ik", torch.ones(2, 3), torch.ones(3, 4)).shape
    torch.Size([2, 4])
    >>> einsum("ii->i", torch.ones(2, 3))
    Traceback (most recent call last):
    tensorglass.EinsumError: index i is repeated in operand 0 with the sizes 2 and 3; expected equal sizes
      ii->i
      ^^
    """
    if is_compiling():
        return torch.einsum(equation, *operands)
    try:
        layouts = tuple([(x.shape, x.stride(), x.dtype, x.device) for x in operands])
        plan = _remembered_plan(equation, layouts, autocast_dtype(layouts) if _is_any_autocast_enabled() else None)
    except EinsumError:
        raise
    except (AttributeError, RuntimeError, TypeError, ValueError):
        return _unusual(equation, operands)
    return plan._run(*operands)


def plan_einsum(equation: Any, *operands: Any) -> EinsumPlan:
    """Plan an einsum, to read what it means and how it is computed.

    Parameters
    ----------
    equation : str
        As for `einsum`; the sublist format is accepted too.
    *operands : torch.Tensor or shape
        Tensors, of which only the layout matters, or shapes, which stand for contiguous tensors of the default dtype
        on the CPU.

    Returns
    -------
    EinsumPlan
        Called with the operands, it computes the result.

    Raises
    ------
    EinsumError
        If the equation breaks the grammar or does not fit the operands.
    TypeError
        If an operand is neither a tensor with strides nor a shape.
    ValueError
        If a size is negative.

    Examples
    --------
    >>> from tensorglass import plan_einsum
    >>> plan = plan_einsum("bqd,bkd->bqk", (8, 64, 32), (8, 48, 32))
    >>> [(index.letter, index.roles) for index in plan.indices]
    [('b', ('batch',)), ('q', ('free',)), ('k', ('free',)), ('d', ('summed',))]
    >>> print(plan.torch_code())
    import torch
    <BLANKLINE>
    <BLANKLINE>
    def contract(x0, x1):
        return torch.bmm(x0, x1.mT)
    <BLANKLINE>
    >>> plan.cost
    Cost(multiplications=786432, nbytes=98304)
    """
    text, operands = normalized(equation, operands)
    layouts = tuple(layout_of(operand, i) for i, operand in enumerate(operands))
    return _remembered_plan(text, layouts, autocast_dtype(layouts))


def _make_plan(equation: str, layouts: tuple[Layout, ...], autocast: torch.dtype | None) -> EinsumPlan:
    if not all(isinstance(size, int) for layout in layouts for size in layout.shape):
        raise TypeError("the sizes are symbols of a trace; only torch.einsum takes these")
    matched = contraction(parse(equation), tuple(layout.shape for layout in layouts))
    # What is done here must not be seen by modes that record, nor be recorded for a backward pass.
    with torch.no_grad(), _disable_current_modes(), torch._C.DisableTorchFunction():
        dtype = result_dtype(equation, layouts, autocast)
        # Autocast does not reach meta tensors, so what it will convert gets the result's dtype here. It leaves
        # integers alone, and a mixture is better converted at once.
        converts = autocast is not None and len({x.dtype for x in layouts}) == 1 and is_inexact(layouts[0].dtype)
        operands = [
            torch.empty_strided(x.shape, x.stride, dtype=dtype if converts else x.dtype, device="meta") for x in layouts
        ]
        on_cpu = all(x.device.type in ("cpu", "meta") for x in layouts)
        program, path = lower(matched, operands, dtype, autocast=autocast is not None, on_cpu=on_cpu)
    steps = tuple(program.steps)
    source = program.source()
    return EinsumPlan(
        equation=equation,
        operands=layouts,
        indices=matched.indices(),
        path=path,
        steps=steps,
        cost=Cost(sum(step.multiplications for step in steps), sum(step.nbytes for step in steps)),
        warnings=matched.warnings(),
        result=matched.result,
        dtype=dtype,
        contraction=matched,
        _source=source,
        _run=_compiled(source, equation),
    )


@lru_cache(PLANS_AT_MOST)
def _remembered_plan(equation: str, layouts: tuple[tuple[Any, ...], ...], autocast: torch.dtype | None) -> EinsumPlan:
    return _make_plan(equation, tuple(Layout(tuple(shape), *rest) for shape, *rest in layouts), autocast)


def _compiled(source: str, equation: str) -> Callable[..., torch.Tensor]:
    namespace: dict[str, Any] = {}
    exec(compile(source, f"<einsum {equation}>", "exec"), namespace)
    function: Callable[..., torch.Tensor] = namespace["contract"]
    return function


def _unusual(equation: Any, operands: tuple[Any, ...]) -> torch.Tensor:
    """Compute what the short way could not: sublists, a list of operands, tensors without strides, traces."""
    equation, operands = normalized(equation, operands)
    if has_torch_function(operands):
        return torch.einsum(equation, *operands)
    check_tensors(operands, "einsum()")
    if not all(map(has_plain_layout, operands)):
        return torch.einsum(equation, *operands)
    layouts = tuple(layout_of(operand, i) for i, operand in enumerate(operands))
    return _remembered_plan(equation, layouts, autocast_dtype(layouts))._run(*operands)
