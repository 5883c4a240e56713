"""Axes and indices that a tensor does not have, and assignments to a part of one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..shapes import Shape, broadcast_shape
from .entry import Case, Entry, shape_text
from .operand import ErrorFix
from .reading import read

_PAGE = "auto_examples/broadcasting/none_indexing.html"


# --- Axes ---


def _axis_cause(case: Case) -> str:
    low, high, got = case.number("low"), case.number("high"), case.number("got")
    rank = high + 1
    whose = case.shown(0, "the tensor") if case.parts and case.shape(0) is not None else "the tensor"
    counted = f"axes {low} to {high} can be named"
    if case.is_real and case.shape(0) is not None and len(case.shape(0) or ()) == rank - 1:
        return f"The new axis of {whose} can stand at {low} to {high}, and {got} was given."
    return f"Axes are counted from 0, or from -1 backwards: of {whose} the {counted}, and {got} was given."


def _axis_fixes(case: Case) -> Iterator[ErrorFix]:
    low, high, got = case.number("low"), case.number("high"), case.number("got")
    if not case.is_real:
        yield case.instead("x.sum(-1)", "along the last axis, however many there are")
        return
    if case.shape(0) is None:
        return
    for position, part in enumerate(case.parts):
        if position and part.value == got and type(part.value) is int:
            yield case.with_parts({position: "-1"}, "along the last axis, however many there are")
            return
    for name, part in case.expression.keywords.items():
        if name in ("dim", "axis") and part.value == got:
            text = case.expression.text.encode()
            start, end = part.span
            code = (text[:start] + b"-1" + text[end:]).decode()
            yield case.instead(code, "along the last axis, however many there are")


def _too_many_cause(case: Case) -> str:
    rank = case.number("rank")
    axes = "1 axis" if rank == 1 else f"{rank} axes"
    return f"{_base(case)} has {axes}, and more indices than that were given."


def _base(case: Case) -> str:
    return case.shown(0, "The tensor") if case.name in {"[]", "[]="} else "The tensor"


def _too_many_fixes(case: Case) -> Iterator[ErrorFix]:
    rank = case.number("rank")
    if not case.is_real:
        index = ", ".join(["0"] * rank)
        yield case.instead(f"x[{index}]", f"with {rank} indices: what `print(x.shape)` shows says which")
        return
    elements = getattr(case.parts[1].node, "elts", []) if len(case.parts) > 1 else []
    if case.name != "[]" or case.shape(0) is None:
        return
    texts = [ast.unparse(each) for each in elements]
    kept = [text for text, each in zip(texts, elements, strict=True) if _is_plain_index(each)]
    if len(kept) == len(texts) > rank > 0:
        yield case.instead(f"{case.code_of(0)}[{', '.join(texts[:rank])}]", f"the first {rank} of the indices")
        lead = len(texts) - rank
        if texts[:lead] == [":"] * lead:
            yield case.instead(f"{case.code_of(0)}[{', '.join(texts[lead:])}]", "without the `:` in front")


def _is_plain_index(node: ast.AST) -> bool:
    return not (isinstance(node, ast.Constant) and (node.value is None or node.value is Ellipsis))


def _zero_dim_cause(case: Case) -> str:
    return f"{_base(case)} has no axes, since it holds one number; there is nothing to index."


def _zero_dim_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("loss.item()", "a number of Python")
    elif case.name == "[]" and case.shape(0) == ():
        yield case.instead(f"{case.code_of(0)}.item()", "a number of Python")


# --- Indices ---


def _bounds_cause(case: Case) -> str:
    index, size, axis = case.found["index"], case.number("size"), case.found["axis"]
    if size == 0:
        return f"Axis {axis} of {_base(case)[0].lower() + _base(case)[1:]} has size 0, so that no index is allowed; {index} was given."
    whose = case.shown(0, "the tensor")
    return (
        f"Axis {axis} of {whose} has size {size}, so that the indices there are 0 to {size - 1}, or -{size} to -1; "
        f"{index} was given."
    )


def _bounds_fixes(case: Case) -> Iterator[ErrorFix]:
    index, size, axis = case.number("index"), case.number("size"), case.number("axis")
    if not case.is_real:
        if size:
            yield case.instead(f"x[{', '.join([':'] * axis + [str(size - 1)])}]", "the last element of that axis")
        return
    if case.name != "[]" or len(case.parts) != 2 or not size:
        return
    elements = list(getattr(case.parts[1].node, "elts", [case.parts[1].node]))
    shape = case.shape(0)
    if axis >= len(elements) or shape is None or len(shape) <= axis or shape[axis] != size:
        return
    if read(elements[axis], case.frame) == index:
        texts = [ast.unparse(each) for each in elements]
        texts[axis] = "-1"
        yield case.instead(f"{case.code_of(0)}[{', '.join(texts)}]", "the last element of that axis")


def _lookup_cause(case: Case) -> str:
    layer = case.layer
    count = None if layer is None else layer.setting("num_embeddings")
    if layer is not None and isinstance(count, int) and not layer.is_own:
        return (
            f"The layer `{layer.name}` ({layer.kind}) has {count} rows, so that its indices are 0 to {count - 1}, and "
            "one that came is none of them."
        )
    return "An index that was looked up is none of the rows: it is negative, or not less than their number."


def _lookup_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        code = "nn.Embedding(int(index.max()) + 1, features)"
        yield case.instead(code, "a table with a row for each index; print(index.min(), index.max()) shows them")
        return
    layer = case.layer
    called = case.expression.callee
    if layer is None or called is None or called.value is not layer.module or len(case.parts) != 1:
        return
    count = layer.setting("num_embeddings")
    if isinstance(count, int):
        yield case.with_parts(
            {0: f"{case.code_of(0)}.clamp(0, {count - 1})"}, "what is out of range stands for the nearest row"
        )
        x = case.parts[0].text
        yield ErrorFix(f"print({x}.min(), {x}.max())", "which indices came, and so how many rows the layer must have")


# --- Masks, and tensors as indices ---


def _mask_cause(case: Case) -> str:
    mask, shape = case.numbers("mask"), case.numbers("shape")
    return (
        f"A mask says of each element whether it is taken: it has shape {mask}, and {_base(case)} has {shape}, which "
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


def _python_index_cause(case: Case) -> str:
    came = case.found.get("came")
    return "An index is a whole number, a slice, None, `...`, or a tensor of those" + (f"; a {came} came." if came else ".")


def _python_index_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x[int(i)]", "the number cut to a whole one")
    elif case.name == "[]" and len(case.parts) == 2 and isinstance(case.parts[1].value, float):
        yield case.with_parts({1: f"int({case.parts[1].text})"}, "the number cut to a whole one")


def _together_cause(case: Case) -> str:
    shapes = " and ".join(str(tuple(shape)) for shape in _index_shapes(case))
    return f"Tensors of indices are taken together element by element, so that their shapes must broadcast: {shapes} do not."


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


# --- gather and scatter ---


def _gather_rank_cause(case: Case) -> str:
    return (
        "`gather` and `scatter` take an index with as many axes as the tensor has: each entry says where in the one axis to "
        "look."
    )


def _gather_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.gather(1, index[:, None])", "one element of each row")
        return
    method = case.name == "gather" and len(case.parts) == 3
    if method and case.shape(0) is not None and case.parts[1].value in (1, -1):
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
        "axis_range",
        (
            r"[Dd]imension out of range \(expected to be in range of \[(?P<low>-?\d+), (?P<high>-?\d+)\], but got "
            r"(?P<got>-?\d+)\)",
        ),
        "x.sum(2)",
        _axis_cause,
        _axis_fixes,
    ),
    Entry(
        "too_many_indices",
        (r"too many indices for tensor of dimension (?P<rank>\d+)",),
        "x[0, 0]",
        _too_many_cause,
        _too_many_fixes,
        _PAGE,
    ),
    Entry("zero_dim_index", (r"invalid index of a 0-dim tensor",), "x[0]", _zero_dim_cause, _zero_dim_fixes, _PAGE),
    Entry(
        "index_bounds",
        (r"index (?P<index>-?\d+) is out of bounds for dimension (?P<axis>\d+) with size (?P<size>\d+)",),
        "x[5]",
        _bounds_cause,
        _bounds_fixes,
    ),
    Entry("lookup", (r"index out of range in self", r"index out of range: Tried to access index", r"index out of range at \S*/TH"), "layer(index)", _lookup_cause, _lookup_fixes),
    Entry(
        "mask_shape",
        (
            r"The shape of the mask (?P<mask>\[[\d, ]*\]) at index \d+ does not match the shape of the indexed tensor "
            r"(?P<shape>\[[\d, ]*\]) at index (?P<axis>\d+)",
        ),
        "x[mask]",
        _mask_cause,
        _mask_fixes,
    ),
    Entry(
        "index_dtype",
        (
            r"tensors used as indices must be long, (?:int, )?byte or bool tensors",
        ),
        "x[index]",
        _index_type_cause,
        _index_type_fixes,
    ),
    Entry(
        "index_python",
        (
            r"only integers, slices \(`:`\), ellipsis \(`\.\.\.`\), None and long or byte Variables are valid indices"
            r"(?: \(got (?P<came>\w+)\))?",
        ),
        "x[i]",
        _python_index_cause,
        _python_index_fixes,
    ),
    Entry(
        "indices_together",
        (r"indexing tensors could not be broadcast together with shapes (?P<shapes>\[[\d, ]*\](?:, \[[\d, ]*\])*)",),
        "x[rows, columns]",
        _together_cause,
        _together_fixes,
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
    ),
    Entry(
        "gather_rank",
        (r"Index tensor must have the same number of dimensions as (?:input|self|src) tensor",),
        "x.gather(1, index)",
        _gather_rank_cause,
        _gather_rank_fixes,
    ),
    Entry(
        "gather_dtype",
        (r"\b(?P<function>gather|scatter)\(\): Expected dtype int(?:32/int)?64 for index",),
        "x.gather(1, index)",
        _gather_type_cause,
        _gather_type_fixes,
    ),
)
