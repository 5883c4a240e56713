"""How two operands of an einsum are multiplied: which torch call.

With nothing summed the product is elementwise. Otherwise it is a matrix product of the letters' `groups`, or products
of rows that are summed.

The choices below rest on the measurements of ``benchmarks/einsum.py``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import replace

import torch

from .groups import Groups, Letters, cheapest_order, in_memory_order, outer_columns, size_of
from .program import Program, Value, is_inexact

# On the CPU a large matrix times one with fewer columns than this is several times slower than the transposed product.
NARROW = 16
LARGE_MATRIX = 1024
# Products of short vectors, one for each batch, are left to a batched matrix product. For vectors from this length on
# that calls a slow kernel on the CPU: multiplying and summing is faster, so many products at a time that they stay in
# the cache. A GPU wants them all at once, as long as they fit easily.
LONG_VECTOR = 16
PRODUCTS_AT_A_TIME = 2**18
PRODUCTS_ON_A_GPU = 2**22


def elementwise_product(program: Program, x: Value, y: Value, order: Letters | None = None) -> Value:
    """Multiply without summing; `order` is that of the result's letters, if it matters."""
    if order is None:
        order = tuple(dict.fromkeys([*x.letters, *y.letters]))
    code = f"{_aligned(x, order)} * {_aligned(y, order)}"
    axes = {letter: size_of(letter, x, y) for letter in order}
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


def contracted_product(program: Program, x: Value, y: Value, needed: Iterable[str], order: Letters | None) -> Value:
    """Multiply, and sum over the letters that both have and nobody needs any longer.

    `order` is that of the result's letters, or None if it does not matter. If a product was transposed for speed and
    would otherwise have had that order, it is copied into it, so that the result is as contiguous as torch.einsum's.
    """
    groups = Groups.of(x, y, needed)
    if order is not None and _columns_come_first(groups, order):
        x, y, groups = y, x, groups.swapped()
    contiguous = False
    if _is_narrow(program, x, y, groups):
        contiguous = bool(groups.columns) and order == (*groups.batch, *groups.rows, *groups.columns)
        x, y, groups = y, x, groups.swapped()
    result = _product(program, x, y, groups)
    return result if order is None else permuted(program, result, order, contiguous)


def _product(program: Program, x: Value, y: Value, groups: Groups) -> Value:
    if (rows := _row_products(program, x, y, groups)) is not None:
        return rows
    for first, second, sides in ((x, y, groups), (y, x, groups.swapped())):
        spread = outer_columns(first, second, sides)
        if spread:
            return _broadcast_matrix_product(program, first, second, sides, spread)
    return _matrix_product(program, x, y, cheapest_order(x, y, groups))


def _row_products(program: Program, x: Value, y: Value, groups: Groups) -> Value | None:
    """Multiply and sum vectors, one pair for each batch; None where a matrix product is better."""
    if groups.rows or groups.columns:
        return None
    products, length = x.meta.numel(), math.prod(x.sizes(groups.summed))
    if program.on_cpu:
        if not groups.batch or not program.exact or length < LONG_VECTOR:
            return None
        if products > 2 * PRODUCTS_AT_A_TIME:
            return _row_products_in_parts(program, x, y, groups)
    elif groups.batch:
        if not program.exact or products > PRODUCTS_ON_A_GPU:
            return None
    elif is_inexact(x.meta.dtype):
        return None  # of integers there is no dot product on a GPU; torch.einsum allows that of empty ones
    order = in_memory_order(x, x.letters)
    return summed(program, elementwise_product(program, x, y, order), groups.summed)


def _row_products_in_parts(program: Program, x: Value, y: Value, groups: Groups) -> Value | None:
    order = in_memory_order(x, x.letters)
    if order[0] not in groups.batch:
        return None
    at_a_time = max(1, PRODUCTS_AT_A_TIME * x.sizes(order)[0] // x.meta.numel())
    places = tuple(order.index(letter) for letter in groups.summed)
    parts = f"zip({_aligned(x, order)}.split({at_a_time}), {_aligned(y, order)}.split({at_a_time}))"
    code = f"torch.cat([(p * q).sum({places if len(places) > 1 else places[0]}) for p, q in {parts}])"
    axes = {letter: size_of(letter, x, y) for letter in order if letter in groups.batch}
    return program.compute("products and sums", code, axes, (x, y), x.meta.numel())


def summed(program: Program, x: Value, letters: Letters) -> Value:
    """Sum over some letters of one tensor."""
    if not letters:
        return x
    places = tuple(x.letters.index(letter) for letter in letters)
    rest = {letter: size for letter, size in zip(x.letters, x.meta.shape, strict=True) if letter not in letters}
    arguments = [str(places if len(places) > 1 else places[0])] if rest else []
    if not is_inexact(x.meta.dtype) and x.meta.dtype != torch.int64:
        arguments.append(f"dtype={x.meta.dtype}")  # torch would give int64, and matrix products want one dtype
    return program.compute("sum", f"{x.name}.sum({', '.join(arguments)})", rest, (x,))


def permuted(program: Program, x: Value, order: Letters, contiguous: bool = False) -> Value:
    """Give the axes another order: a view, unless it is to be contiguous."""
    if x.letters == order:
        return x
    code = _aligned(x, order) + (".contiguous()" if contiguous else "")
    return program.rearrange("permutation", code, order, x)


def _columns_come_first(groups: Groups, order: Letters) -> bool:
    outermost = next((letter for letter in order if letter not in groups.batch), None)
    return bool(groups.rows) and outermost in groups.columns


def _is_narrow(program: Program, x: Value, y: Value, groups: Groups) -> bool:
    """Whether the transposed product, with `y` on the left, is the faster one."""
    if not groups.columns or not program.on_cpu:
        return bool(groups.rows) and not groups.columns
    rows, columns = math.prod(x.sizes(groups.rows)), math.prod(y.sizes(groups.columns))
    return columns < min(rows, NARROW) and x.meta.numel() >= LARGE_MATRIX


def _matrix_product(program: Program, x: Value, y: Value, groups: Groups) -> Value:
    letters = (*groups.batch, *groups.rows, *groups.columns)
    sizes = (*x.sizes(groups.batch), *x.sizes(groups.rows), *y.sizes(groups.columns))
    merged = [part for part in (groups.batch, groups.rows, groups.columns) if part]
    shape = tuple(math.prod(size_of(letter, x, y) for letter in part) for part in merged)
    multiplications = math.prod(sizes) * math.prod(x.sizes(groups.summed))
    left, left_code = _matrix(program, x, groups.batch, groups.rows, groups.summed)
    if groups.rows or groups.batch:
        right, right_code = _matrix(program, y, groups.batch, groups.summed, groups.columns)
    else:  # a vector times a matrix is written as the transposed matrix times the vector
        right, right_code = _matrix(program, y, (), groups.columns, groups.summed)
    if groups.batch and groups.rows and groups.columns:
        code = f"torch.bmm({left_code}, {right_code})"
    elif groups.batch and groups.columns:
        code = f"torch.bmm({left_code}.unsqueeze(1), {right_code}).squeeze(1)"
    elif groups.batch:
        code = f"torch.bmm({left_code}.unsqueeze(1), {right_code}.unsqueeze(2)).reshape({shape[0]})"
    elif groups.rows or not groups.columns:
        code = f"torch.matmul({left_code}, {right_code})"
    else:
        code = f"torch.matmul({right_code}, {left_code})"
    if len(letters) > len(merged):
        code += f".reshape({_arguments(sizes)})"
    return program.compute(
        "matrix product", code, dict(zip(letters, sizes, strict=True)), (left, right), multiplications
    )


def _broadcast_matrix_product(program: Program, x: Value, y: Value, groups: Groups, spread: Letters) -> Value:
    """Multiply one matrix with many: the outer columns of `y` serve as the batch, so that `y` need not be copied."""
    inner = tuple(letter for letter in groups.columns if letter not in spread)
    order = cheapest_order(x, y, replace(groups, batch=spread, columns=inner))
    left, left_code = _matrix(program, x, (), order.rows, order.summed)
    right, right_code = _matrix(program, y, order.batch, order.summed, order.columns)
    batch, summed_size = math.prod(y.sizes(order.batch)), math.prod(x.sizes(order.summed))
    rows = math.prod(x.sizes(order.rows))
    code = f"torch.bmm({left_code}.expand({batch}, {rows}, {summed_size}), {right_code})"
    letters = (*order.batch, *order.rows, *order.columns)
    sizes = (*y.sizes(order.batch), *x.sizes(order.rows), *y.sizes(order.columns))
    code += f".reshape({_arguments(sizes)})"
    axes = dict(zip(letters, sizes, strict=True))
    return program.compute("matrix product", code, axes, (left, right), math.prod(sizes) * summed_size)


def _matrix(program: Program, value: Value, batch: Letters, first: Letters, second: Letters) -> tuple[Value, str]:
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
    code = _aligned(value, order)
    if merges:
        code += f".reshape({_arguments(shape)})"
    if code != value.name:
        merged = tuple("".join(part) for part in parts)
        value = program.rearrange("permutation", code, merged, value)
    return value, f"{value.name}.mT" if transposed else value.name


def _aligned(value: Value, order: Letters) -> str:
    """Return code that gives the axes this order, with axes of size 1 for missing letters, but not in front."""
    own = tuple(letter for letter in order if letter in value.letters)
    code = value.name
    if own != value.letters:
        code += f".permute({_arguments(value.letters.index(letter) for letter in own)})"
    first = next((place for place, letter in enumerate(order) if letter in value.letters), len(order))
    for place, letter in enumerate(order[first:]):
        if letter not in value.letters:
            code += f".unsqueeze({place})"
    return code


def _arguments(values: Iterable[int]) -> str:
    return ", ".join(map(str, values))
