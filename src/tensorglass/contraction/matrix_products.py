"""How two operands of an einsum are multiplied and summed: as a matrix product of the letters' `groups`.

The choices below rest on the measurements of ``benchmarks/einsum.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from .groups import Groups, Letters, cheapest_order, copied_bytes, in_output_order, outer_columns, size_of
from .kernels import copied_by_kernel
from .products import arguments, matrix, permuted
from .program import Program, Value
from .row_products import row_products


def contracted_product(program: Program, x: Value, y: Value, needed: Iterable[str], order: Letters = ()) -> Value:
    """Multiply, and sum over the letters that both have and nobody needs any longer.

    `order` is that of the result's letters, and empty if it does not matter.
    """
    groups = Groups.of(x, y, needed)
    if not order:
        return _product(program, x, y, groups)
    in_groups = _is_in_groups(order, groups)
    if _columns_come_first(groups, order):
        x, y, groups = y, x, groups.swapped()
    result = _product(program, x, y, groups, order)
    if result.letters == order:
        return result
    # torch.einsum copies operands for a contiguous result. Where that copies no less, ours is copied into its order.
    copied_by_torch = copied_bytes(x, y, in_output_order(x, y, groups, order))
    return permuted(program, result, order, contiguous=in_groups and result.meta.nbytes <= copied_by_torch)


def _is_in_groups(order: Letters, groups: Groups) -> bool:
    """Whether the batch comes first, then the rows, then the columns, as in the product that torch.einsum computes."""
    ends = len(groups.batch), len(groups.batch + groups.rows)
    return set(order[: ends[0]]) == set(groups.batch) and set(order[ends[0] : ends[1]]) == set(groups.rows)


def _product(program: Program, x: Value, y: Value, groups: Groups, order: Letters = ()) -> Value:
    if groups.rows and not groups.columns:
        x, y, groups = y, x, groups.swapped()
    if (rows := row_products(program, x, y, groups, order)) is not None:
        return rows
    for first, second, sides in ((x, y, groups), (y, x, groups.swapped())):
        spread = outer_columns(first, second, sides)
        if spread:
            return _broadcast_matrix_product(program, first, second, sides, spread)
    return _matrix_product(program, x, y, cheapest_order(x, y, groups, order))


def _columns_come_first(groups: Groups, order: Letters) -> bool:
    outermost = next((letter for letter in order if letter not in groups.batch), None)
    return bool(groups.rows) and outermost in groups.columns


def _matrix_product(program: Program, x: Value, y: Value, groups: Groups) -> Value:
    letters = (*groups.batch, *groups.rows, *groups.columns)
    sizes = (*x.sizes(groups.batch), *x.sizes(groups.rows), *y.sizes(groups.columns))
    merged = [part for part in (groups.batch, groups.rows, groups.columns) if part]
    shape = tuple(math.prod(size_of(letter, x, y) for letter in part) for part in merged)
    multiplications = math.prod(sizes) * math.prod(x.sizes(groups.summed))
    x, left = matrix(program, x, groups.batch, groups.rows, groups.summed)
    if groups.rows or groups.batch:
        y, right = matrix(program, y, groups.batch, groups.summed, groups.columns)
    else:  # a vector times a matrix is written as the transposed matrix times the vector
        y, right = matrix(program, y, (), groups.columns, groups.summed)
        if groups.columns:
            left, right = right, left
    after = ""
    if groups.batch and not groups.rows:
        left = f"{left}.unsqueeze(1)"
        after = ".squeeze(1)"
        if not groups.columns:
            right = f"{right}.unsqueeze(2)"
            after = f".reshape({shape[0]})"
    code = f"torch.{'bmm' if groups.batch else 'matmul'}({left}, {right}){after}"
    if len(letters) > len(merged):
        code += f".reshape({arguments(sizes)})"
    axes = dict(zip(letters, sizes, strict=True))
    result = program.compute("matrix product", code, axes, (x, y), multiplications)
    _note_copies(program, left, right)
    return result


def _broadcast_matrix_product(program: Program, x: Value, y: Value, groups: Groups, spread: Letters) -> Value:
    """Multiply one matrix with many: the outer columns of `y` serve as the batch, so that `y` need not be copied."""
    inner = tuple(letter for letter in groups.columns if letter not in spread)
    order = cheapest_order(x, y, replace(groups, batch=spread, columns=inner))
    letters = (*order.batch, *order.rows, *order.columns)
    sizes = (*y.sizes(order.batch), *x.sizes(order.rows), *y.sizes(order.columns))
    batch, rows, summed_size = (
        math.prod(value.sizes(part)) for value, part in ((y, order.batch), (x, order.rows), (x, order.summed))
    )
    x, left = matrix(program, x, (), order.rows, order.summed)
    y, right = matrix(program, y, order.batch, order.summed, order.columns)
    left = f"{left}.expand({batch}, {rows}, {summed_size})"
    code = f"torch.bmm({left}, {right}).reshape({arguments(sizes)})"
    axes = dict(zip(letters, sizes, strict=True))
    result = program.compute("matrix product", code, axes, (x, y), math.prod(sizes) * summed_size)
    _note_copies(program, left, right)
    return result


def _note_copies(program: Program, left: str, right: str) -> None:
    if program.on_cpu:
        program.takes_besides(copied_by_kernel(program.tried(left), program.tried(right)))
