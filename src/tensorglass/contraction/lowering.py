"""From an equation with its shapes to a program of torch calls.

First each operand is prepared: a letter that it repeats becomes its diagonal. One operand is then summed, or viewed in
the output's order. Of several, axes of size 1 are dropped, which also stretches them, and two at a time are contracted.
A letter that one of the two has alone and the output lacks is summed before. At the end the axes get the output's
order, and those of size 1 come back.

A result is contiguous where torch.einsum's is, as far as that needs no copy, and never a view where that is none: what
is changed in place later would fail if the view was made without gradients.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .groups import Letters
from .indices import Contraction
from .matrix_products import contracted_product
from .paths import Path, best_path, shared_letters
from .products import arguments, elementwise_product, summed
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
    values = [_with_distinct_letters(program, value, working) for value in program.operands]
    path: Path = ()
    if len(values) == 1:
        result = _one_operand(program, values[0], contraction.output)
    else:
        values = [_without_ones(program, value) for value in values]
        path = best_path([value.letters for value in values], _longer_than_one(contraction), contraction.sizes)
        result = _several_operands(program, values, contraction, path)
    if autocast or result.meta.dtype != dtype:
        program.rearrange("conversion", f"{result.name}.to({dtype})", result.letters, result)
    return program, path


def _with_distinct_letters(program: Program, value: Value, dtype: torch.dtype) -> Value:
    if value.meta.dtype != dtype:
        value = program.rearrange("conversion", f"{value.name}.to({dtype})", value.letters, value)
    while len(set(value.letters)) < len(value.letters):
        value = _diagonal(program, value)
    return value


def _diagonal(program: Program, value: Value) -> Value:
    """Take the diagonal of the first letter that occurs twice; torch puts it last."""
    letter = next(letter for letter in value.letters if value.letters.count(letter) > 1)
    first, second, *_ = (axis for axis, other in enumerate(value.letters) if other == letter)
    rest = tuple(other for axis, other in enumerate(value.letters) if axis not in (first, second))
    return program.rearrange("diagonal", f"{value.name}.diagonal(0, {first}, {second})", (*rest, letter), value)


def _one_operand(program: Program, value: Value, output: Letters) -> Value:
    """Sum what is not needed, or else return a view, as torch.einsum does."""
    alone = tuple(letter for letter in value.letters if letter not in output)
    if alone:
        return summed(program, value, alone, output)
    if value.letters == output and program.steps:
        return value
    axes = arguments(map(value.letters.index, output)) or "()"
    return program.rearrange("permutation", f"{value.name}.permute({axes})", output, value)


def _without_ones(program: Program, value: Value) -> Value:
    """Drop the axes of size 1, which stretches them too: a product adds them where it needs them."""
    ones = [axis for axis, size in enumerate(value.meta.shape) if size == 1]
    if not ones:
        return value
    rest = tuple(letter for axis, letter in enumerate(value.letters) if axis not in ones)
    axes = str(ones[0]) if len(ones) == 1 else str(tuple(ones))
    return program.rearrange("squeeze", f"{value.name}.squeeze({axes})", rest, value)


def _longer_than_one(contraction: Contraction) -> Letters:
    return tuple(letter for letter in contraction.output if contraction.sizes[letter] != 1)


def _several_operands(program: Program, values: list[Value], contraction: Contraction, path: Path) -> Value:
    for pair in path:
        y, x = (values.pop(place) for place in sorted(pair, reverse=True))
        values.append(_contracted(program, x, y, values, contraction))
    return _with_ones(program, values[0], contraction.output)


def _contracted(program: Program, x: Value, y: Value, others: list[Value], contraction: Contraction) -> Value:
    """Contract two operands. The last product has the output's order, and an elementwise one its axes of size 1 too."""
    output = contraction.output
    needed = {*output, *(letter for value in others for letter in value.letters)}
    if needed.issuperset(set(x.letters).intersection(y.letters)):
        x, y = (_summed_alone(program, value, needed, output) for value in (x, y))
        return elementwise_product(program, x, y, None if others else output)
    x = _summed_alone(program, x, {*needed, *y.letters})
    y = _summed_alone(program, y, {*needed, *x.letters})
    return contracted_product(program, x, y, needed, () if others else _longer_than_one(contraction))


def _summed_alone(program: Program, value: Value, needed: set[str], output: Letters = ()) -> Value:
    """Sum over the letters that nobody else needs; what is left gets the output's order, if there is one."""
    kept = shared_letters(value.letters, (), needed)
    order = tuple(letter for letter in output if letter in kept)
    alone = tuple(letter for letter in value.letters if letter not in kept)
    return summed(program, value, alone, order if len(order) == len(kept) else ())


def _with_ones(program: Program, value: Value, output: Letters) -> Value:
    ones = [place for place, letter in enumerate(output) if letter not in value.letters]
    if not ones:
        return value
    code = value.name + "".join(f".unsqueeze({place})" for place in ones)
    return program.rearrange("squeeze", code, output, value)
