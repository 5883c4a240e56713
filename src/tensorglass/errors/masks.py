"""Tensors as indices: masks, places, assignments to a part of a tensor, and `gather`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..shapes import Shape, broadcast_shape
from .entry import Case, Entry, shape_text
from .operand import ErrorFix

_PAGE = "auto_examples/errors/view_cat_index.html"


def _mask_cause(case: Case) -> str:
    mask, shape = case.numbers("mask"), case.numbers("shape")
    return (
        f"A mask says of each element whether it is taken: it has shape {mask}, and {case.indexed} has {shape}, which "
        f"differs in axis {case.found['axis']}."
    ).replace("The tensor has", "the tensor has")


def _mask_fixes(case: Case) -> Iterator[ErrorFix]:
    mask, shape = case.numbers("mask"), case.numbers("shape")
    fits = not case.is_real or (case.name == "[]" and case.shapes == (shape, mask))
    if not fits:
        return
    base, index = case.code_of(0), case.code_of(1, "mask")
    if broadcast_shape([mask, shape]) == shape:
        yield case.instead(f"{base}[{index}.expand({', '.join(map(str, shape))})]", "one axis: what the mask takes")
    for axis, size in enumerate(shape):
        if mask == (size,) and axis:
            rest = ", ".join([":"] * axis + [index])
            yield case.instead(f"{base}[{rest}]", f"the mask along axis {axis}")


def _index_type_cause(case: Case) -> str:
    return "Only whole numbers are places: an index is of dtype long or int, or a mask of dtype bool."


def _index_type_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x[index.long()]", "the numbers cut to whole ones")
        yield case.instead("x[index.bool()]", "if they are a mask of zeros and ones")
    elif case.name == "[]" and len(case.parts) == 2 and case.shape(1) is not None:
        yield case.with_parts({1: f"{case.code_of(1)}.long()"}, "the numbers cut to whole ones")


def _together_cause(case: Case) -> str:
    shapes = " and ".join(str(tuple(shape)) for shape in _index_shapes(case))
    return (
        f"Tensors of indices are taken together element by element, so that their shapes must broadcast: {shapes} do "
        "not."
    )


def _index_shapes(case: Case) -> list[Shape]:
    texts = case.found["shapes"].split("], ")
    return [tuple(int(size) for size in text.strip("[] ").split(",") if size.strip()) for text in texts]


def _together_fixes(case: Case) -> Iterator[ErrorFix]:
    shapes = _index_shapes(case)
    if [len(shape) for shape in shapes] != [1, 1]:
        return
    if not case.is_real:
        yield case.instead("x[rows[:, None], columns]", f"{shape_text((shapes[0][0], shapes[1][0]))}: each with each")
        return
    elements = getattr(case.parts[1].node, "elts", []) if len(case.parts) > 1 else []
    if case.name == "[]" and len(elements) == 2:
        first, second = map(ast.unparse, elements)
        result = f"{shape_text((shapes[0][0], shapes[1][0]))}: each with each"
        yield case.instead(f"{case.code_of(0)}[{first}[:, None], {second}]", result)


def _assigned_cause(case: Case) -> str:
    value, region = case.numbers("value"), case.numbers("region")
    return f"What is assigned must broadcast to the indexed part: that has shape {region}, and the value {value}."


def _assigned_fixes(case: Case) -> Iterator[ErrorFix]:
    value, region = case.numbers("value"), case.numbers("region")
    name = "value" if not case.is_real else case.code_of(2)
    if case.is_real and (case.name != "[]=" or case.shape(2) != value):
        return
    for code, shape in ((f"{name}[:, None]", (*value, 1)), (f"{name}.T", value[::-1])):
        if shape and broadcast_shape([shape, region]) == region and (len(value) == 2 or code[-1] == "]"):
            yield case.with_parts({2: code}, f"the value as {shape}, stretched to {region}")
    if len(value) == len(region) and all(a >= b for a, b in zip(value, region, strict=True)):
        index = ", ".join(f":{size}" for size in region)
        yield case.with_parts({2: f"{name}[{index}]"}, f"the first {region} of the value")


def _gather_rank_cause(case: Case) -> str:
    return (
        "`gather` and `scatter` take an index with as many axes as the tensor has: each entry says where in the one "
        "axis to look."
    )


def _gather_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.gather(1, index[:, None])", "one element of each row")
        return
    method = case.name == "gather" and len(case.parts) == 3
    if method and case.shape(0) is not None and case.parts[1].number in (1, -1):
        shape, index = case.shape(0) or (), case.shape(2) or ()
        if len(shape) == 2 and len(index) == 1 and index[0] <= shape[0]:
            yield case.with_parts({2: f"{case.code_of(2)}[:, None]"}, f"{shape_text((index[0], 1))}: one of each row")


def _gather_type_cause(case: Case) -> str:
    return f"`{case.found['function']}` takes places from its index, so it must be of dtype int64."


def _gather_type_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.gather(1, index.long())", "the numbers cut to whole ones")
    elif case.name == case.found["function"] and len(case.parts) > 2 and case.shape(2) is not None:
        yield case.with_parts({2: f"{case.code_of(2)}.long()"}, "the numbers cut to whole ones")


ENTRIES = (
    Entry(
        "mask_shape",
        (
            r"The shape of the mask (?P<mask>\[[\d, ]*\]) at index \d+ does not match the shape of the indexed tensor "
            r"(?P<shape>\[[\d, ]*\]) at index (?P<axis>\d+)",
        ),
        "x[mask]",
        _mask_cause,
        _mask_fixes,
        f"{_PAGE}#more-the-shape-of-the-mask",
    ),
    Entry(
        "index_dtype",
        (r"tensors used as indices must be long, (?:int, )?byte or bool tensors",),
        "x[index]",
        _index_type_cause,
        _index_type_fixes,
        f"{_PAGE}#more-tensors-used-as-indices-must-be-long",
    ),
    Entry(
        "indices_together",
        (r"indexing tensors could not be broadcast together with shapes (?P<shapes>\[[\d, ]*\](?:, \[[\d, ]*\])*)",),
        "x[rows, columns]",
        _together_cause,
        _together_fixes,
        f"{_PAGE}#more-indexing-tensors-could-not-be-broadcast",
    ),
    Entry(
        "assigned_shape",
        (
            r"shape mismatch: value tensor of shape (?P<value>\[[\d, ]*\]) cannot be broadcast to indexing result of "
            r"shape (?P<region>\[[\d, ]*\])",
        ),
        "x[index] = value",
        _assigned_cause,
        _assigned_fixes,
        f"{_PAGE}#more-cannot-be-broadcast-to-indexing-result",
    ),
    Entry(
        "gather_rank",
        (r"Index tensor must have the same number of dimensions as (?:input|self|src) tensor",),
        "x.gather(1, index)",
        _gather_rank_cause,
        _gather_rank_fixes,
        f"{_PAGE}#more-index-tensor-must-have-the-same-number",
    ),
    Entry(
        "gather_dtype",
        (r"\b(?P<function>gather|scatter)\(\): Expected dtype int(?:32/int)?64 for index",),
        "x.gather(1, index)",
        _gather_type_cause,
        _gather_type_fixes,
        f"{_PAGE}#more-expected-dtype-int32-int64-for-index",
    ),
)
