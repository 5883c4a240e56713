"""From an equation with its shapes to a program of torch calls.

First each operand is prepared: a letter that it repeats becomes its diagonal, and axes of size 1 are dropped, which
also stretches them. Then operands are contracted two at a time. A letter that one operand has alone and the output
lacks is summed before. At the end the axes get the output's order, and those of size 1 come back.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .indices import Contraction
from .paths import Path, best_path, shared_letters
from .products import contracted_product, elementwise_product, permuted, summed
from .program import Program, Value, is_inexact


def lower(
    contraction: Contraction, operands: Sequence[torch.Tensor], dtype: torch.dtype, *, autocast: bool, on_cpu: bool
) -> tuple[Program, Path]:
    """Write the program.

    Parameters
    ----------
    contraction : Contraction
        The equation and the shapes.
    operands : sequence of torch.Tensor
        Meta tensors with the operands' shapes, strides and dtypes; under autocast, with the result's dtype.
    dtype : torch.dtype
        The result's dtype.
    autocast : bool
        Whether the program will run under autocast, which picks the dtypes of matrix products itself.
    on_cpu : bool
        Whether it will run on a CPU.
    """
    exact = not autocast and dtype.itemsize >= 4 and is_inexact(dtype)
    program = Program(list(zip(contraction.terms, operands, strict=True)), exact=exact, on_cpu=on_cpu)
    # torch sums booleans only where there is nothing to sum, and not in all the calls that a program may make.
    sums = any(letter not in contraction.output for letter in contraction.sizes)
    working = torch.uint8 if dtype == torch.bool and sums else dtype
    values = [_prepared(program, value, working) for value in program.operands]
    output = tuple(letter for letter in contraction.output if contraction.sizes[letter] != 1)
    path = best_path([value.letters for value in values], output, contraction.sizes)
    for pair in path:
        y, x = (values.pop(place) for place in sorted(pair, reverse=True))
        values.append(_contracted(program, x, y, values, output))
    _finish(program, _summed_alone(program, values[0], set(output)), contraction, dtype, autocast)
    return program, path


def _prepared(program: Program, value: Value, dtype: torch.dtype) -> Value:
    if value.meta.dtype != dtype:
        value = program.rearrange("conversion", f"{value.name}.to({dtype})", value.letters, value)
    while len(set(value.letters)) < len(value.letters):
        value = _diagonal(program, value)
    ones = [axis for axis, size in enumerate(value.meta.shape) if size == 1]
    if not ones:
        return value
    rest = tuple(letter for axis, letter in enumerate(value.letters) if axis not in ones)
    axes = str(ones[0]) if len(ones) == 1 else str(tuple(ones))
    return program.rearrange("squeeze", f"{value.name}.squeeze({axes})", rest, value)


def _diagonal(program: Program, value: Value) -> Value:
    """Take the diagonal of the first letter that occurs twice; torch puts it last."""
    letter = next(letter for letter in value.letters if value.letters.count(letter) > 1)
    first, second, *_ = (axis for axis, other in enumerate(value.letters) if other == letter)
    rest = tuple(other for axis, other in enumerate(value.letters) if axis not in (first, second))
    return program.rearrange("diagonal", f"{value.name}.diagonal(0, {first}, {second})", (*rest, letter), value)


def _contracted(program: Program, x: Value, y: Value, others: list[Value], output: tuple[str, ...]) -> Value:
    needed = {*output, *(letter for value in others for letter in value.letters)}
    order = None if others else output
    x = _summed_alone(program, x, {*needed, *y.letters})
    y = _summed_alone(program, y, {*needed, *x.letters})
    if needed.issuperset((*x.letters, *y.letters)):
        return elementwise_product(program, x, y, order)
    return contracted_product(program, x, y, needed, order)


def _summed_alone(program: Program, value: Value, needed: set[str]) -> Value:
    """Sum over the letters that nobody else needs."""
    kept = shared_letters(value.letters, (), needed)
    return summed(program, value, tuple(letter for letter in value.letters if letter not in kept))


def _finish(program: Program, value: Value, contraction: Contraction, dtype: torch.dtype, autocast: bool) -> None:
    order = tuple(letter for letter in contraction.output if contraction.sizes[letter] != 1)
    summed_away = any(letter not in contraction.output for letter in contraction.sizes)
    value = permuted(program, value, order)
    if order != contraction.output:
        ones = [place for place, letter in enumerate(contraction.output) if letter not in order]
        code = value.name + "".join(f".unsqueeze({place})" for place in ones)
        value = program.rearrange("squeeze", code, contraction.output, value)
    if autocast or value.meta.dtype != dtype:
        value = program.rearrange("conversion", f"{value.name}.to({dtype})", value.letters, value)
    if summed_away and not any(step.nbytes for step in program.steps):
        # A sum over one element is that element, but nobody expects the result of a sum to be a view.
        value = program.rearrange("copy", f"{value.name}.clone()", value.letters, value)
    if not program.steps:  # the result is a view of the operand, as torch.einsum's is
        axes = ", ".join(map(str, range(value.meta.dim()))) or "()"
        program.rearrange("permutation", f"{value.name}.permute({axes})", value.letters, value)
