"""Single lines of an einsum's program: elementwise products, sums, and axes that are moved or merged into matrices."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import torch

from .groups import Letters, in_memory_order, size_of
from .program import Program, Value, is_inexact


def elementwise_product(program: Program, x: Value, y: Value, order: Letters | None = None) -> Value:
    """Multiply without summing; `order` is that of the result's letters, if it matters.

    Letters that neither operand has become axes of size 1.
    """
    if order is None:
        order = tuple(dict.fromkeys([*x.letters, *y.letters]))
    ones = tuple(letter for letter in order if letter not in x.letters + y.letters)
    code = f"{aligned(x, order, ones)} * {aligned(y, order)}"
    axes = {letter: 1 if letter in ones else size_of(letter, x, y) for letter in order}
    result = program.compute("elementwise product", code, axes, (x, y), math.prod(axes.values()))
    return program.laid_out(result, _order_of_products(x, y, order))


def _order_of_products(x: Value, y: Value, order: Letters) -> Letters:
    """Return the letters as torch lays out an elementwise result: by the strides of the first operand that tells.

    Source of the rule: ``reorder_dimensions`` of ATen's `TensorIterator`, an insertion sort from the innermost axis on.
    """
    inner_first = list(reversed(order))
    for i in range(1, len(inner_first)):
        at = i
        for place in reversed(range(i)):
            wrong = _stride_difference(inner_first[place], inner_first[at], x, y)
            if wrong < 0:
                break
            if wrong > 0:
                inner_first[place], inner_first[at] = inner_first[at], inner_first[place]
                at = place
    return tuple(reversed(inner_first))


def _stride_difference(letter: str, other: str, x: Value, y: Value) -> int:
    for value in (x, y):
        if letter in value.letters and other in value.letters:
            here, there = value.strides((letter, other))
            if here and there and here != there:
                return here - there
    return 0


def summed(program: Program, x: Value, letters: Letters, order: Letters = ()) -> Value:
    """Sum over some letters of one tensor. If `order` names the others, the result is contiguous in that order."""
    if not letters:
        return x
    kept = tuple(letter for letter in x.letters if letter not in letters)
    if order not in ((), kept):
        x = program.rearrange("permutation", aligned(x, (*order, *letters)), (*order, *letters), x)
    places = tuple(x.letters.index(letter) for letter in letters)
    rest = {letter: size for letter, size in zip(x.letters, x.meta.shape, strict=True) if letter not in letters}
    written = [str(places if len(places) > 1 else places[0])] if rest else []
    if not is_inexact(x.meta.dtype) and x.meta.dtype != torch.int64:
        written.append(f"dtype={x.meta.dtype}")  # torch would give int64, and matrix products want one dtype
    return program.compute("sum", f"{x.name}.sum({', '.join(written)})", rest, (x,))


def permuted(program: Program, x: Value, order: Letters, *, contiguous: bool) -> Value:
    """Give the axes another order: a view, unless it is to be contiguous."""
    code = aligned(x, order) + (".contiguous()" if contiguous else "")
    return program.rearrange("permutation", code, order, x)


def matrix(program: Program, value: Value, batch: Letters, first: Letters, second: Letters) -> tuple[Value, str]:
    """Merge the axes of each group into one. Return the result, and the code for it with `second` as its last axis.

    The innermost axis of memory stays the innermost, so that a copy, if one is needed, reads whole lines.
    """
    letters, turned = (*batch, *first, *second), (*batch, *second, *first)
    merges = len(batch) > 1 or len(first) > 1 or len(second) > 1
    if merges:
        transposed = bool(second) and in_memory_order(value, letters)[-1] in first
    else:
        transposed = value.letters == turned != letters
    parts = [part for part in ((batch, second, first) if transposed else (batch, first, second)) if part]
    order = tuple(itertools.chain.from_iterable(parts))
    shape = tuple(math.prod(value.sizes(part)) for part in parts)
    code = aligned(value, order)
    if merges:
        code += f".reshape({arguments(shape)})"
    if code != value.name:
        merged = tuple("".join(part) for part in parts)
        value = program.rearrange("permutation", code, merged, value)
    return value, f"{value.name}.mT" if transposed else value.name


def aligned(value: Value, order: Letters, ones: Letters = ()) -> str:
    """Return code that gives the axes this order, with axes of size 1 for missing letters.

    In front of the first axis only those for `ones` are made: torch adds the others where it broadcasts.
    """
    own = tuple(letter for letter in order if letter in value.letters)
    code = value.name
    if own != value.letters:
        code += f".permute({arguments(value.letters.index(letter) for letter in own)})"
    wanted = (*value.letters, *ones)
    first = next((place for place, letter in enumerate(order) if letter in wanted), len(order))
    for place, letter in enumerate(order[first:]):
        if letter not in value.letters:
            code += f".unsqueeze({place})"
    return code


def arguments(values: Iterable[int]) -> str:
    return ", ".join(map(str, values))
