"""Tensors that do not fit together: in `cat`, in `stack`, and in a batch that a data loader makes."""

from __future__ import annotations

from collections.abc import Iterator

from ..shapes import Shape
from .entry import Case, Entry, shape_text
from .expression import Part
from .operand import ErrorFix

_PAGE = "auto_examples/errors/view_cat_index.html"
_CAT, _STACK = {"cat", "concat", "concatenate"}, {"stack"}


def _joined(case: Case) -> tuple[Part, ...]:
    """Return the tensors that are joined, none if one of them is not known."""
    if not case.is_real or case.name not in _CAT | _STACK or not case.parts:
        return ()
    elements = case.parts[0].elements
    return elements if all(element.shape is not None for element in elements) else ()


def _shapes(parts: tuple[Part, ...]) -> list[Shape]:
    return [part.shape or () for part in parts]


def _cat_cause(case: Case) -> str:
    if "wanted" not in case.found:
        return f"Tensors are joined along axis {case.found['axis']}, so that all their other sizes must be equal."
    number = int(case.found.get("number", 1))
    first, other = "the first tensor", f"tensor {number}" if "number" in case.found else "another"
    parts = _joined(case)
    if "number" in case.found and number < len(parts):
        shapes = _shapes(parts)
        first, other = f"`{parts[0].text}` {shapes[0]}", f"`{parts[number].text}` {shapes[number]}"
    return (
        f"Tensors are joined along axis {case.found['axis']}, so that all their other sizes must be equal: where "
        f"{first} has {case.found['wanted']}, {other} has {case.found['came']}."
    )


def _cat_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.cat([a, b], dim=1)", "if they are to be joined along another axis")
        return
    parts = _joined(case)
    shapes = _shapes(parts)
    if not parts or len({len(shape) for shape in shapes}) != 1:
        return
    listed = case.parts[0].text
    for axis in range(len(shapes[0])):
        rest = {shape[:axis] + shape[axis + 1 :] for shape in shapes}
        if len(rest) == 1:
            result = list(shapes[0])
            result[axis] = sum(shape[axis] for shape in shapes)
            yield case.instead(f"torch.cat({listed}, dim={axis})", f"{shape_text(result)}: joined along axis {axis}")
            return
    yield from _cut(case, parts, int(case.found["axis"]) % len(shapes[0]))


def _cut(case: Case, parts: tuple[Part, ...], axis: int) -> Iterator[ErrorFix]:
    """Yield the images or feature maps of a list, cut to their smallest size: those of a U-Net differ by a pixel."""
    shapes = _shapes(parts)
    if len(shapes[0]) < 3 or len(getattr(case.parts[0].node, "elts", ())) != len(parts):
        return
    smallest = [min(sizes) for sizes in zip(*shapes, strict=True)]
    smallest[axis] = sum(shape[axis] for shape in shapes)
    texts = []
    for part, shape in zip(parts, shapes, strict=True):
        cuts = [":" if i == axis or size == smallest[i] else f":{smallest[i]}" for i, size in enumerate(shape)]
        texts.append(part.text if set(cuts) == {":"} else f"{part.code}[{', '.join(cuts)}]")
    result = f"{shape_text(smallest)}: cut to the smaller size"
    yield case.instead(f"torch.cat([{', '.join(texts)}], dim={axis})", result)


def _cat_rank_cause(case: Case) -> str:
    return (
        f"Joined tensors need as many axes each: one has {case.found['a']} and another {case.found['b']}. An axis of "
        "size 1 has to be put in, or `stack` makes a new one."
    )


def _cat_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.cat([a, b[None]])", "if b lacks its first axis")
        return
    parts = _joined(case)
    shapes = _shapes(parts)
    lists = getattr(case.parts[0].node, "elts", ()) if case.parts else ()
    if len(parts) == 2 and len(lists) == 2 and len(case.parts) == 1 and not case.expression.keywords:
        short = 0 if len(shapes[0]) < len(shapes[1]) else 1
        long = shapes[1 - short]
        if len(long) == len(shapes[short]) + 1 and long[1:] == shapes[short]:
            texts = [f"{part.text}[None]" if i == short else part.text for i, part in enumerate(parts)]
            result = (long[0] + 1, *long[1:])
            yield case.instead(f"torch.cat([{', '.join(texts)}])", shape_text(result))


def _cat_scalar_cause(case: Case) -> str:
    return "`cat` joins along an axis, and a tensor without axes has none; `stack` makes one."


def _cat_scalar_fixes(case: Case) -> Iterator[ErrorFix]:
    parts = _joined(case)
    if not case.is_real:
        yield case.instead("torch.stack([a, b])", "a tensor with an axis more")
    elif parts and set(_shapes(parts)) == {()}:
        yield case.instead(f"torch.stack({case.parts[0].text})", shape_text((len(parts),)))


def _empty_cause(case: Case) -> str:
    return "The list to be joined is empty: nothing was put into it."


def _empty_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.cat(parts) if parts else torch.empty(0)", "an empty tensor where nothing is there")
    elif case.parts and case.name in _CAT | _STACK:
        code = f"({case.expression.text} if len({case.parts[0].text}) else torch.empty(0))"
        yield case.instead(code, "shape (0,) where nothing is there")


def _list_cause(case: Case) -> str:
    return (
        f"`{case.found['function']}` joins the tensors of a list or tuple, and {case.shown(0, 'what was given')} is a "
        f"single {case.found['came']}."
    )


def _list_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.cat([a, b])", "both, joined")
    elif case.parts and len(case.parts) > 1 and all(part.shape is not None for part in case.parts):
        texts = ", ".join(part.text for part in case.parts)
        yield case.instead(f"torch.{case.name}([{texts}])", "all of them, joined")
    elif case.parts and case.parts[0].shape:
        yield case.instead(f"torch.{case.name}(list({case.parts[0].text}))", "the tensors along its first axis, joined")


# --- stack, also as a data loader uses it ---


def _stack_cause(case: Case) -> str:
    first, other, number = case.numbers("first"), case.numbers("other"), case.found["number"]
    where = "" if case.name in _STACK or not case.is_real else ", in a batch that a data loader makes"
    return f"`stack` needs tensors of one shape: the first is {first}, and number {number} is {other}{where}."


def _stack_fixes(case: Case) -> Iterator[ErrorFix]:
    first, other = case.numbers("first"), case.numbers("other")
    rest = "padded with zeros to the longest"
    if not case.is_real:
        if first[1:] == other[1:]:
            yield case.instead("torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)", rest)
        return
    if case.name not in _STACK and len(first) == len(other) and first[1:] == other[1:]:
        code = "collate_fn=lambda rows: torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)"
        yield ErrorFix(code, f"in the DataLoader of a dataset of tensors: {rest}")
    shapes = _shapes(_joined(case))
    if not shapes or case.name not in _STACK or len(case.parts) > 1 or case.expression.keywords:
        return
    listed = case.parts[0].text
    if len({shape[1:] for shape in shapes}) == 1 and all(shapes):
        longest = max(shape[0] for shape in shapes)
        code = f"torch.nn.utils.rnn.pad_sequence({listed}, batch_first=True)"
        yield case.instead(code, f"{shape_text((len(shapes), longest, *shapes[0][1:]))}: {rest}")
        joined = (sum(shape[0] for shape in shapes), *shapes[0][1:])
        yield case.instead(f"torch.cat({listed})", f"{shape_text(joined)}: one behind the other")


ENTRIES = (
    Entry(
        "cat_sizes",
        (
            r"Sizes of tensors must match except in dimension (?P<axis>-?\d+)\. Expected size (?P<wanted>\d+) but got "
            r"size (?P<came>\d+) for tensor number (?P<number>\d+) in the list",
            r"Sizes of tensors must match except in dimension (?P<axis>-?\d+)\. Expected (?P<wanted>\d+) but got "
            r"(?P<came>\d+) for tensor number (?P<number>\d+) in the list",
            r"Sizes of tensors must match except in dimension (?P<axis>-?\d+)\. Got (?P<wanted>\d+) and (?P<came>\d+) "
            r"(?:in dimension \d+ )?\(The offending index is (?P<number>\d+)\)",
            r"Sizes of tensors must match except in dimension (?P<axis>-?\d+)\. Got (?P<wanted>\d+) and (?P<came>\d+)",
            r"Sizes of tensors must match except in dimension (?P<axis>-?\d+)",
        ),
        "torch.cat([a, b])",
        _cat_cause,
        _cat_fixes,
        f"{_PAGE}#sizes-of-tensors-must-match-except-in-dimension-1",
    ),
    Entry(
        "cat_rank",
        (r"Tensors must have same number of dimensions: got (?P<a>\d+) and (?P<b>\d+)",),
        "torch.cat([a, b])",
        _cat_rank_cause,
        _cat_rank_fixes,
        f"{_PAGE}#more-tensors-must-have-same-number-of-dimensions",
    ),
    Entry(
        "cat_scalar",
        (r"zero-dimensional tensor \(at position \d+\) cannot be concatenated",),
        "torch.cat([a, b])",
        _cat_scalar_cause,
        _cat_scalar_fixes,
        f"{_PAGE}#more-zero-dimensional-tensor-cannot-be-concatenated",
    ),
    Entry(
        "cat_empty",
        (
            r"torch\.cat\(\): expected a non-empty list of Tensors",
            r"expected a non-empty list of Tensors",
            r"stack expects a non-empty TensorList",
        ),
        "torch.cat(parts)",
        _empty_cause,
        _empty_fixes,
        f"{_PAGE}#more-expected-a-non-empty-list-of-tensors",
    ),
    Entry(
        "cat_list",
        (
            r"(?P<function>cat|stack|concat)\(\): argument 'tensors' \(position 1\) must be tuple of Tensors, not "
            r"(?P<came>\w+)",
        ),
        "torch.cat(a, b)",
        _list_cause,
        _list_fixes,
        f"{_PAGE}#more-must-be-tuple-of-tensors-not-tensor",
    ),
    Entry(
        "stack",
        (
            r"stack expects each tensor to be equal size, but got (?P<first>\[[\d, ]*\]) at entry 0 and "
            r"(?P<other>\[[\d, ]*\]) at entry (?P<number>\d+)",
        ),
        "torch.stack(tensors)",
        _stack_cause,
        _stack_fixes,
        f"{_PAGE}#stack-expects-each-tensor-to-be-equal-size",
    ),
)
