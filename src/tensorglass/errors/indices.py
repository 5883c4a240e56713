"""Axes and indices that a tensor does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .entry import Case, Entry
from .operand import ErrorFix
from .reading import read

_PAGE = "auto_examples/errors/view_cat_index.html"
_MOST_AXES = 64  # that a tensor of torch may have

# What takes places from a tensor of indices does not count from the end.
_FROM_THE_FRONT = {"gather", "scatter", "scatter_", "scatter_add", "scatter_add_", "scatter_reduce", "scatter_reduce_"}


def _axis_cause(case: Case) -> str:
    low, high, got = case.number("low"), case.number("high"), case.number("got")
    rank, shape = high + 1, case.shape(0)
    fits = shape is not None and len(shape) in (rank, rank - 1)
    whose = case.shown(0, "the tensor") if fits else "the tensor"
    counted = f"axes {low} to {high} can be named"
    if shape is not None and len(shape) == rank - 1 > 0:
        return f"The new axis of {whose} can stand at {low} to {high}, and {got} was given."
    return f"Axes are counted from 0, or from -1 backwards: of {whose} the {counted}, and {got} was given."


def _axis_fixes(case: Case) -> Iterator[ErrorFix]:
    got = case.number("got")
    if not case.is_real:
        yield case.instead("x.sum(-1)", "along the last axis, however many there are")
        return
    shape = case.shape(0)
    if shape is None:
        return
    is_new = case.name.startswith("unsqueeze") and len(shape) == case.number("high")
    result = "as the last axis" if is_new else "along the last axis, however many there are"
    for position, part in enumerate(case.parts):
        if position and part.number == got:
            yield case.with_parts({position: "-1"}, result)
            return
    for name, part in case.expression.keywords.items():
        if name in ("dim", "axis") and part.number == got:
            text = case.expression.text.encode()
            start, end = part.span
            code = (text[:start] + b"-1" + text[end:]).decode()
            yield case.instead(code, result)


def _too_many_cause(case: Case) -> str:
    rank = case.number("rank")
    axes = "1 axis" if rank == 1 else f"{rank} axes"
    return f"{case.indexed} has {axes}, and more indices than that were given."


def _too_many_fixes(case: Case) -> Iterator[ErrorFix]:
    rank = case.number("rank")
    if not case.is_real:
        if rank <= _MOST_AXES:
            index = ", ".join(["0"] * rank)
            yield case.instead(f"x[{index}]", f"with {rank} indices: what `print(x.shape)` shows says which")
        return
    elements = getattr(case.parts[1].node, "elts", []) if len(case.parts) > 1 else []
    if case.name != "[]" or case.shape(0) is None:
        return
    texts = [ast.unparse(each) for each in elements]
    kept = [text for text, each in zip(texts, elements, strict=True) if _is_plain_index(each)]
    values = [read(each, case.frame) for each in elements[:rank]]
    pairs = zip(values, case.shape(0) or (), strict=False)
    inside = all(type(value) is not int or -size <= value < size for value, size in pairs)
    if len(kept) == len(texts) > rank > 0 and inside:
        yield case.instead(
            f"{case.code_of(0)}[{', '.join(texts[:rank])}]",
            f"the first {rank} of the indices" if rank > 1 else "the first index alone",
        )
        lead = len(texts) - rank
        if texts[:lead] == [":"] * lead:
            yield case.instead(f"{case.code_of(0)}[{', '.join(texts[lead:])}]", "without the `:` in front")


def _is_plain_index(node: ast.AST) -> bool:
    return not (isinstance(node, ast.Constant) and (node.value is None or node.value is Ellipsis))


def _zero_dim_cause(case: Case) -> str:
    return f"{case.indexed} has no axes, since it holds one number; there is nothing to index."


def _zero_dim_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("loss.item()", "a number of Python")
    elif case.name == "[]" and case.shape(0) == ():
        yield case.instead(f"{case.code_of(0)}.item()", "a number of Python")


def _bounds_cause(case: Case) -> str:
    index, size, axis = case.found["index"], case.number("size"), case.found["axis"]
    if size == 0:
        return (
            f"Axis {axis} of {case.indexed[0].lower() + case.indexed[1:]} has size 0, so that no index is allowed; "
            f"{index} was given."
        )
    shape, place = case.shape(0), case.number("axis")
    fits = shape is not None and shape[place : place + 1] == (size,)
    whose = case.shown(0, "the tensor") if fits else "the tensor"
    backwards = "" if -size <= int(index) < 0 or case.name in _FROM_THE_FRONT else f", or -{size} to -1"
    allowed = f"0 to {size - 1}{backwards}"
    return f"Axis {axis} of {whose} has size {size}, so that the indices there are {allowed}; {index} was given."


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
    found = read(elements[axis], case.frame)
    if type(found) is int and found == index:
        texts = [ast.unparse(each) for each in elements]
        texts[axis] = "-1"
        yield case.instead(f"{case.code_of(0)}[{', '.join(texts)}]", "the last element of that axis")


def _lookup_cause(case: Case) -> str:
    layer = case.layer
    count = None if layer is None else layer.setting("num_embeddings")
    if layer is not None and type(count) is int and not layer.is_own:
        return (
            f"The layer {layer.shown} has {count} rows, so that its indices are 0 to {count - 1}, and "
            "one that came is none of them."
        )
    return "An index that was looked up is none of the rows: it is negative, or not less than their number."


def _lookup_fixes(case: Case) -> Iterator[ErrorFix]:
    """Yield how to see which indices came, and the table that has them: `clamp` would give them the rows of others."""
    seen, rows = "which indices came", "a row for each word of the vocabulary, not of this batch alone"
    if not case.is_real:
        yield case.instead("print(index.min(), index.max())", seen)
        yield case.instead("nn.Embedding(vocabulary_size, features)", rows)
        return
    layer = case.layer
    if layer is None or layer.is_own or type(layer.setting("num_embeddings")) is not int:
        return
    called = case.expression.callee
    if called is not None and called.value is layer.module and len(case.parts) == 1:
        x = case.code_of(0)
        yield ErrorFix(f"print({x}.min(), {x}.max())", seen)
    code = f"nn.{layer.kind}(vocabulary_size, {layer.setting('embedding_dim')})"
    yield ErrorFix(code, f"{rows}, where {layer.shown} is made")


def _python_index_cause(case: Case) -> str:
    came = case.found.get("came")
    return "An index is a whole number, a slice, None, `...`, or a tensor of those" + (
        f"; a {came} came." if came else "."
    )


def _python_index_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x[int(i)]", "the number cut to a whole one")
    elif case.name == "[]" and len(case.parts) == 2 and type(case.parts[1].value) is float:
        yield case.with_parts({1: f"int({case.parts[1].text})"}, "the number cut to a whole one")


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
        f"{_PAGE}#more-dimension-out-of-range",
    ),
    Entry(
        "too_many_indices",
        (r"too many indices for tensor of dimension (?P<rank>\d+)",),
        "x[0, 0]",
        _too_many_cause,
        _too_many_fixes,
        f"{_PAGE}#more-too-many-indices-for-tensor",
    ),
    Entry(
        "zero_dim_index",
        (r"invalid index of a 0-dim tensor",),
        "x[0]",
        _zero_dim_cause,
        _zero_dim_fixes,
        f"{_PAGE}#more-invalid-index-of-a-0-dim-tensor",
    ),
    Entry(
        "index_bounds",
        (r"index (?P<index>-?\d+) is out of bounds for dimension (?P<axis>\d+) with size (?P<size>\d+)",),
        "x[5]",
        _bounds_cause,
        _bounds_fixes,
        f"{_PAGE}#more-index-3-is-out-of-bounds",
    ),
    Entry(
        "lookup",
        (r"index out of range in self", r"index out of range: Tried to access index", r"index out of range at \S*/TH"),
        "layer(index)",
        _lookup_cause,
        _lookup_fixes,
        f"{_PAGE}#index-out-of-range-in-self",
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
        f"{_PAGE}#more-only-integers-slices-are-valid-indices",
    ),
)
