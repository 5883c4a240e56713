"""`einsum`: the same results as `torch.einsum`, from a plan that can be read.

A plan is made for an equation and the layout of its operands. It is a short program of torch calls, which
`EinsumPlan.torch_code` shows. `einsum` makes one for each pattern of layouts, and runs it with the sizes of its
operands. Programs are remembered, so that a repeated call costs a look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

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
from .operands import (
    PLANNED_TYPES,
    Operand,
    Sublist,
    TensorOrShape,
    check_tensors,
    normalized,
    operand_of,
    planned_operand,
)
from .patterns import Template, equal_sizes, pattern_of, source_for_all_sizes
from .plan import Cost, EinsumPlan, compiled
from .program import is_inexact
from .result_dtype import autocast_dtype, order_of_torch, result_dtype

Program = Callable[..., torch.Tensor]
# The oldest are forgotten. A layout takes half a kilobyte, a pattern a few; the first costs less to find again.
LAYOUTS_AT_MOST = 2048
PATTERNS_AT_MOST = 1024
_programs: dict[tuple[Any, ...], Program] = {}  # by the equation, the layout of each operand, and autocast
_templates: dict[tuple[Any, ...], Template] = {}  # by the equation, autocast, and the pattern of each operand


@overload
def einsum(equation: str, *operands: torch.Tensor) -> torch.Tensor: ...


@overload
def einsum(equation: str, operands: Sequence[torch.Tensor], /) -> torch.Tensor: ...


@overload
def einsum(operand: torch.Tensor, sublist: Sublist, /, *more: Sublist) -> torch.Tensor: ...


def einsum(equation: str | torch.Tensor, *operands: torch.Tensor | Sequence[torch.Tensor] | Sublist) -> torch.Tensor:
    """Compute an einsum: the values, dtypes and rejections of `torch.einsum`, planned once and then fast.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    equation : str
        As for `torch.einsum`, for instance ``"bij,bjk->bik"``. Or the sublist format: each operand is followed by the
        numbers of its axes, from 0 to 51, in a list, range, array or tensor, and perhaps those of the output come last.
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
    The first call with an equation and a pattern of layouts makes a plan, which takes about a millisecond: the order of
    the strides, which sizes are 1, and the others within a factor of two. A new layout of a known pattern costs some
    ten microseconds, and later calls with it a look-up.
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
        described = tuple(
            [
                (x.shape, x.stride(), x.dtype, x.device)  # type: ignore[union-attr]
                for x in operands
                if type(x) in PLANNED_TYPES
            ]
        )
        autocast = autocast_dtype(described) if autocast_is_on_somewhere() else None
        program = _programs.get((equation, described, autocast))
    except (AttributeError, RuntimeError, TypeError):  # no tensors; tensors without strides; symbols for sizes
        program = None
    return _first_call(equation, operands) if program is None else program(*operands)


@overload
def plan_einsum(equation: str, *operands: TensorOrShape) -> EinsumPlan: ...


@overload
def plan_einsum(equation: str, operands: Sequence[TensorOrShape], /) -> EinsumPlan: ...


@overload
def plan_einsum(operand: torch.Tensor, sublist: Sublist, /, *more: Sublist) -> EinsumPlan: ...


def plan_einsum(
    equation: str | torch.Tensor, *operands: TensorOrShape | Sequence[TensorOrShape] | Sublist
) -> EinsumPlan:
    """Plan an einsum, to read what it means and how it is computed.

    .. versionadded:: 0.2.0

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
    described = tuple(planned_operand(operand, i) for i, operand in enumerate(operands))
    return _make_plan(text, described, autocast_dtype(described))[0]


def _first_call(equation: Any, operands: tuple[Any, ...]) -> torch.Tensor:
    """Compute what no program is remembered for; leave it to torch where there can be none."""
    equation, operands = normalized(equation, operands)
    if has_torch_function(operands):
        return torch.einsum(equation, *operands)
    check_tensors(operands, "einsum()")
    described = tuple(each for each in map(operand_of, operands) if each is not None)
    if len(described) < len(operands):
        return torch.einsum(equation, *operands)
    return _program_for(equation, described)(*operands)


def _program_for(equation: str, described: tuple[Operand, ...]) -> Program:
    """Return a program for the layouts: the one of their pattern, if it is known."""
    autocast = autocast_dtype(described)
    layouts = (equation, described, autocast)
    if layouts in _programs:  # the operands were given in another way
        return _programs[layouts]
    order = order_of_torch(equation, described, autocast)
    pattern = (equation, autocast, order, *map(pattern_of, described))
    template = _templates.get(pattern)
    if template is None or not template.fits(described):
        plan, source = _make_plan(equation, described, autocast)
        function = compiled(source_for_all_sizes(source, plan.contraction), equation)
        template = Template(function, equal_sizes(plan.contraction))
        _remember(_templates, pattern, template, PATTERNS_AT_MOST)
    _remember(_programs, layouts, template.function, LAYOUTS_AT_MOST)
    return template.function


def _remember(known: dict[Any, Any], key: Any, value: Any, at_most: int) -> None:
    """Add to what is known, and forget the oldest where it becomes too much."""
    while len(known) >= at_most:
        known.pop(next(iter(known)), None)
    known[key] = value


def _make_plan(equation: str, described: tuple[Operand, ...], autocast: torch.dtype | None) -> tuple[EinsumPlan, str]:
    """Return the plan for one layout, and its source with sizes as `extents` writes them."""
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
    steps = program.numbered_steps()
    source = program.source()
    plan = EinsumPlan(
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
        _run=compiled(source, equation),
    )
    return plan, program.written()
