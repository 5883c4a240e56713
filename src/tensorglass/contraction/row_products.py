"""Products of vectors that are summed, one pair for each batch: `bi,bi->b`.

torch has no fast kernel for them. A batched matrix product takes no memory besides its result; on the CPU it is fast
where the vectors are short, and several times slower than the memory where they are long. So long vectors are
multiplied a slice at a time, or, where they are few, one after the other. Where that would need copies, because the
axes of the batch or of the sum do not lie in memory as one, the products themselves are written, a piece at a time.

The choices below rest on the measurements of ``benchmarks/einsum.py``.
"""

from __future__ import annotations

import math

from .groups import Groups, Letters, cheapest_order, copied_bytes, in_memory_order
from .products import aligned, arguments, elementwise_product, matrix, summed
from .program import Program, Value, is_inexact

# On the CPU a batched matrix product changes its kernel at this length of the vectors. Slices are shorter.
LONG_VECTOR = 400
SLICE = 256
# Calling torch once for each vector is faster than a slice of all vectors at a time if a vector has this many elements
# for each vector that there is.
ELEMENTS_A_VECTOR = 130
# Written at once, products of this size are still in the cache when they are summed, and the threads share the work.
# torch.einsum takes more: it copies both operands, or one of them.
BYTES_AT_ONCE = 2 * 1024**2
# More than that is written in pieces below the 128 KiB from which the C library asks the system for fresh memory each
# time.
PIECE_BYTES = 100 * 1024
# A GPU wants all products at once, as long as they fit easily.
PRODUCTS_ON_A_GPU = 2**22


def row_products(program: Program, x: Value, y: Value, groups: Groups, output: Letters = ()) -> Value | None:
    """Multiply and sum vectors, one pair for each batch; None where one matrix product is better.

    `output` is the wanted order of the letters; the result has it where that costs nothing.
    """
    if groups.rows or groups.columns:
        return None
    if not program.on_cpu:
        return _on_a_gpu(program, x, y, groups, output)
    if not groups.batch or not program.exact:
        return None
    order = cheapest_order(x, y, groups, output)
    if copied_bytes(x, y, order) == 0:
        return _long_vectors(program, x, y, order)
    if x.meta.nbytes <= BYTES_AT_ONCE:
        return _products_and_sums(program, x, y, groups, output)
    return _in_pieces(program, x, y, groups)


def _long_vectors(program: Program, x: Value, y: Value, groups: Groups) -> Value | None:
    length = math.prod(x.sizes(groups.summed))
    if length < LONG_VECTOR:
        return None
    few = length > ELEMENTS_A_VECTOR * math.prod(x.sizes(groups.batch))
    return (_one_by_one if few else _in_slices)(program, x, y, groups)


def _on_a_gpu(program: Program, x: Value, y: Value, groups: Groups, output: Letters) -> Value | None:
    if groups.batch:
        if not program.exact or x.meta.numel() > PRODUCTS_ON_A_GPU:
            return None
    elif is_inexact(x.meta.dtype):
        return None  # of integers there is no dot product on a GPU; torch.einsum allows that of empty ones
    return _products_and_sums(program, x, y, groups, output)


def _products_and_sums(program: Program, x: Value, y: Value, groups: Groups, output: Letters) -> Value:
    products = elementwise_product(program, x, y, in_memory_order(x, x.letters))
    return summed(program, products, groups.summed, output)


def _in_slices(program: Program, x: Value, y: Value, groups: Groups) -> Value:
    """Multiply a slice of all vectors at a time, and add to the sums in place."""
    first, second = (matrix(program, value, groups.batch, (), groups.summed)[0] for value in (x, y))
    vectors, length = first.meta.shape
    code = f"torch.bmm({first.name}[:, None, :{SLICE}], {second.name}[:, :{SLICE}, None])"
    axes = {"".join(groups.batch): vectors, "row": 1, "column": 1}
    sums = program.compute("matrix product", code, axes, (first, second), vectors * SLICE)
    rest = (f"{first.name}[:, None, {SLICE}:].split({SLICE}, 2)", f"{second.name}[:, {SLICE}:, None].split({SLICE}, 1)")
    code = f"for p, q in zip({', '.join(rest)}): {sums.name}.baddbmm_(p, q)"
    sums = program.add_in_place(code, sums, vectors * (length - SLICE))
    return _split_batch(program, sums, x, groups)


def _split_batch(program: Program, sums: Value, x: Value, groups: Groups) -> Value:
    code = f"{sums.name}.reshape({arguments(x.sizes(groups.batch))})"
    return program.rearrange("permutation", code, groups.batch, sums)


def _one_by_one(program: Program, x: Value, y: Value, groups: Groups) -> Value:
    """Multiply one pair of vectors after the other."""
    first, second = (matrix(program, value, groups.batch, (), groups.summed)[0] for value in (x, y))
    code = f"torch.stack([torch.dot(p, q) for p, q in zip({first.name}, {second.name})])"
    if len(groups.batch) > 1:
        code += f".reshape({arguments(x.sizes(groups.batch))})"
    axes = dict(zip(groups.batch, x.sizes(groups.batch), strict=True))
    result = program.compute("matrix product", code, axes, (first, second), x.meta.numel())
    program.takes_besides(result.meta.nbytes)  # the numbers one by one, before they are stacked
    return result


def _in_pieces(program: Program, x: Value, y: Value, groups: Groups) -> Value:
    """Multiply a piece of all products at a time, and sum it."""
    batch, inner = in_memory_order(x, groups.batch), in_memory_order(x, groups.summed)
    order = (*batch, *inner)
    depth, at_a_time, piece_bytes = _cut(x, order)
    sources = aligned(x, order), aligned(y, order)
    if depth < len(batch):
        places = tuple(range(len(batch) - depth, len(order) - depth))
        total = f"(p * q).sum({places if len(places) > 1 else places[0]})"
        code = f"torch.cat([{total} {_loops(*sources, depth, at_a_time)}])"
    else:
        total = f"sum((p * q).sum() {_loops('p', 'q', depth - len(batch), at_a_time)})"
        code = f"torch.stack([{total} {_loops(*sources, len(batch))}])"
    if len(batch) > 1 and depth > 0:
        code += f".reshape({arguments(x.sizes(batch))})"
    axes = dict(zip(batch, x.sizes(batch), strict=True))
    result = program.compute("products and sums", code, axes, (x, y), x.meta.numel())
    program.takes_besides(max(result.meta.nbytes, piece_bytes))  # the sums are joined when the last piece is gone
    return result


def _cut(x: Value, order: Letters) -> tuple[int, int, int]:
    """Return which axis is cut, how much of it is taken at a time, and the bytes of such a piece.

    The axes before it are gone through one by one.
    """
    sizes, nbytes, depth = x.sizes(order), x.meta.nbytes, -1
    while nbytes > PIECE_BYTES:  # as all products together are
        depth += 1
        nbytes //= sizes[depth]
    at_a_time = PIECE_BYTES // nbytes
    return depth, at_a_time, min(at_a_time, sizes[depth]) * nbytes


def _loops(x: str, y: str, whole_axes: int, at_a_time: int = 0) -> str:
    """Return the loops of a comprehension over two tensors: their outer axes one by one, and then one in pieces."""
    loops = []
    for _ in range(whole_axes):
        loops.append(f"for p, q in zip({x}, {y})")
        x, y = "p", "q"
    if at_a_time:
        loops.append(f"for p, q in zip({x}.split({at_a_time}), {y}.split({at_a_time}))")
    return " ".join(loops)
