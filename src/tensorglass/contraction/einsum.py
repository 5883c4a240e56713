"""`einsum`: the same results as `torch.einsum`, from a plan that can be read.

A plan is made once for an equation and the layout of its operands. It is a short program of torch calls, which
`EinsumPlan.torch_code` shows and which is what runs. Plans are remembered, so that a repeated call costs a look-up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.compiler import is_compiling
from torch.overrides import has_torch_function

from ..torch_internals import (
    autocast_is_on_somewhere,
    function_mode_is_on,
    running_transform,
    without_modes,
    without_torch_functions,
)
from .equation import parse
from .indices import contraction
from .lowering import lower
from .operands import PLANNED_TYPES, Operand, check_tensors, normalized, operand_of, planned_operand
from .plan import Cost, EinsumPlan
from .program import is_inexact
from .result_dtype import autocast_dtype, result_dtype

# A plan takes a few kilobytes. A program with more equations and shapes than this makes the oldest ones again.
PLANS_AT_MOST = 1024
_plans: dict[tuple[Any, ...], EinsumPlan] = {}  # by the equation, what it depends on in each operand, and autocast


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
        Its strides may differ from those of torch.einsum's result, but it is contiguous where that one is, unless
        this takes a copy which torch.einsum does not make. It is never a view of the operands where that one is none.

    Raises
    ------
    EinsumError
        If the equation breaks the grammar or does not fit the operands; it is a ValueError and a RuntimeError.
    TypeError
        If an operand is no tensor.

    Notes
    -----
    The first call with an equation and a layout makes a plan, which takes about a millisecond. Later calls look it up.
    `torch.einsum` itself is called where a plan does not fit: inside `torch.compile`, the transforms of `torch.func`
    and a mode of torch functions; for what `torch.jit.trace` and `torch.fx` trace; for subclasses of tensors, which see
    that name; and for tensors without strides (sparse, nested, MKL-DNN), with sizes that are symbols, or with a dtype
    that torch does not compute with (quantized, float8, unsigned of more than a byte).

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
    if is_compiling() or function_mode_is_on() or running_transform() is not None:
        return torch.einsum(equation, *operands)
    try:
        described = tuple([(x.shape, x.stride(), x.dtype, x.device) for x in operands if type(x) in PLANNED_TYPES])
        autocast = autocast_dtype(described) if autocast_is_on_somewhere() else None
        plan = _plans.get((equation, described, autocast))
    except (AttributeError, RuntimeError, TypeError):  # no tensors; tensors without strides; symbols for sizes
        plan = None
    return _first_call(equation, operands) if plan is None else plan._run(*operands)


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
    Cost(multiplications=786432, nbytes=98304, peak_bytes=98304)
    """
    text, operands = normalized(equation, operands)
    return _plan(text, tuple(planned_operand(operand, i) for i, operand in enumerate(operands)))


def _first_call(equation: Any, operands: tuple[Any, ...]) -> torch.Tensor:
    """Compute what no plan is remembered for: plan it, or leave it to torch where there can be no plan."""
    equation, operands = normalized(equation, operands)
    if has_torch_function(operands):
        return torch.einsum(equation, *operands)
    check_tensors(operands, "einsum()")
    described = tuple(each for each in map(operand_of, operands) if each is not None)
    if len(described) < len(operands):
        return torch.einsum(equation, *operands)
    return _plan(equation, described)._run(*operands)


def _plan(equation: str, described: tuple[Operand, ...]) -> EinsumPlan:
    """Return the plan that is remembered, or make it."""
    autocast = autocast_dtype(described)
    key = (equation, described, autocast)
    plan = _plans.get(key)
    if plan is None:
        plan = _make_plan(*key)
        while len(_plans) >= PLANS_AT_MOST:
            _plans.pop(next(iter(_plans)), None)
        _plans[key] = plan
    return plan


def _make_plan(equation: str, described: tuple[Operand, ...], autocast: torch.dtype | None) -> EinsumPlan:
    matched = contraction(parse(equation), tuple(operand.shape for operand in described))
    # What is done here must not be seen by modes that record, nor be recorded for a backward pass.
    with torch.no_grad(), without_modes(), without_torch_functions():
        dtype = result_dtype(equation, described, autocast)
        # Autocast does not reach meta tensors, so what it will convert gets the result's dtype here. It leaves
        # integers alone, and a mixture is better converted at once.
        converts = autocast is not None and len({x.dtype for x in described}) == 1 and is_inexact(described[0].dtype)
        operands = [
            torch.empty_strided(x.shape, x.stride, dtype=dtype if converts else x.dtype, device="meta")
            for x in described
        ]
        on_cpu = all(x.device.type in ("cpu", "meta") for x in described)
        program, path = lower(matched, operands, dtype, autocast=autocast is not None, on_cpu=on_cpu)
    steps = tuple(program.steps)
    source = program.source()
    return EinsumPlan(
        equation=equation,
        operands=described,
        indices=matched.indices(),
        path=path,
        steps=steps,
        cost=Cost(
            multiplications=sum(step.multiplications for step in steps),
            nbytes=sum(step.nbytes + step.temporary_nbytes for step in steps),
            peak_bytes=program.peak_bytes(),
        ),
        warnings=matched.warnings(),
        result=matched.result,
        dtype=dtype,
        contraction=matched,
        _source=source,
        _run=_compiled(source, equation),
    )


def _compiled(source: str, equation: str) -> Callable[..., torch.Tensor]:
    namespace: dict[str, Any] = {}
    exec(compile(source, f"<einsum {equation}>", "exec"), namespace)
    function: Callable[..., torch.Tensor] = namespace["contract"]
    return function
