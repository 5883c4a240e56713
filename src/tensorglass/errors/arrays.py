"""Errors of NumPy that people meet beside torch's, and arrays that torch cannot take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..shapes import Shape
from .broadcasts import inserted, transposed
from .entry import Case, Entry, shape_text
from .operand import ErrorFix

_PAGE = "auto_examples/errors/view_cat_index.html"


def _shapes(case: Case) -> list[Shape]:
    texts = re.findall(r"\(([\d, ]*)\)", case.found["shapes"])
    return [tuple(int(size) for size in text.split(",") if size.strip()) for text in texts]


def _broadcast_cause(case: Case) -> str:
    shapes = _shapes(case)
    named = " and ".join(map(str, shapes))
    return (
        f"Shapes are aligned at their last axes, and sizes that meet must be equal, or one of them 1: {named} do not "
        "fit."
    )


def _broadcast_fixes(case: Case) -> Iterator[ErrorFix]:
    shapes = _shapes(case)
    if len(shapes) != 2 or (case.is_real and list(case.shapes) != shapes):
        return  # a third shape is that of a result which is given, or of one more array
    yield from transposed(case, shapes)
    yield from inserted(case, shapes)


def _matmul_cause(case: Case) -> str:
    return (
        f"A matrix product sums over the last axis of {case.shown(0, 'the first array')} and the first matrix axis of "
        f"{case.shown(1, 'the second')}, which must be equal, and they are {case.found['a']} and {case.found['b']}."
    )


def _matmul_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("a @ b.T", "if b is meant transposed")
    elif len(case.shapes) == 2 and all(len(shape) == 2 for shape in case.shapes):
        a, b = case.shapes
        if a[1] == b[1]:
            yield case.with_parts({1: f"{case.code_of(1)}.T"}, shape_text((a[0], b[0])))
        if a[0] == b[0]:
            yield case.with_parts({0: f"{case.code_of(0)}.T"}, shape_text((a[1], b[1])))


def _stride_cause(case: Case) -> str:
    return (
        f"{case.shown(0, 'The array')} is a view that runs backwards through its memory, as `[::-1]` makes it, which "
        "torch's tensors cannot."
    )


def _stride_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real or len(case.parts) == 1:
        yield case.with_parts({0: f"{case.code_of(0)}.copy()"}, "an array that runs forwards")


def _object_cause(case: Case) -> str:
    return f"Tensors hold numbers, and the array holds {case.found['came']}: texts, None, or rows of different lengths."


def _object_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real or len(case.parts) == 1:
        yield case.with_parts({0: f"{case.code_of(0)}.astype(float)"}, "numbers, if all entries can be read as such")


def _ragged_cause(case: Case) -> str:
    return (
        f"The rows of a tensor have one length: the first has {case.found['wanted']} in axis {case.found['axis']}, "
        f"and another has {case.found['came']}."
    )


def _ragged_fixes(case: Case) -> Iterator[ErrorFix]:
    tensors = "[torch.tensor(row) for row in {}]"
    if case.is_real and (case.name not in {"tensor", "as_tensor"} or not case.parts or case.found["axis"] != "1"):
        return
    rows = case.parts[0].text
    code = f"torch.nn.utils.rnn.pad_sequence({tensors.format(rows)}, batch_first=True)"
    yield case.instead(code, "the rows padded with zeros to the longest")


def _array_cause(case: Case) -> str:
    return f"`{case.found['function']}` takes tensors, and a {case.found['came']} came."


def _array_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.as_tensor(x)", "a tensor of the same numbers")
    elif len(case.parts) == 1 and case.found["came"] in {"numpy.ndarray", "list", "float", "int"}:
        dtype = "torch.as_tensor({}, dtype=torch.float32)"
        yield case.with_parts({0: dtype.format(case.parts[0].text)}, "a tensor of the same numbers")


ENTRIES = (
    Entry(
        "numpy_broadcast",
        (r"operands could not be broadcast together with shapes (?P<shapes>(?:\([\d, ]*\) ?)+)",),
        "a + b",
        _broadcast_cause,
        _broadcast_fixes,
        "auto_examples/errors/shapes_must_match.html#more-operands-could-not-be-broadcast-together-with-shapes",
    ),
    Entry(
        "numpy_matmul",
        (
            r"matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature .*? \(size "
            r"(?P<b>\d+) is "
            r"different from (?P<a>\d+)\)",
            r"shapes \([\d, ]*\) and \([\d, ]*\) not aligned: (?P<a>\d+) \(dim \d+\) != (?P<b>\d+) \(dim \d+\)",
        ),
        "a @ b",
        _matmul_cause,
        _matmul_fixes,
        "auto_examples/errors/mat1_and_mat2.html#more-matmul-input-operand-1-has-a-mismatch-in-its-core-dimension-0",
    ),
    Entry(
        "numpy_stride",
        (
            r"At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            r"currently",
            r"some of the strides of a given numpy array are negative",
        ),
        "torch.from_numpy(a)",
        _stride_cause,
        _stride_fixes,
        f"{_PAGE}#more-stride-in-the-given-numpy-array-is-negative",
    ),
    Entry(
        "numpy_object",
        (r"can't convert np\.ndarray of type (?P<came>[\w.]+)\. The only supported types are",),
        "torch.from_numpy(a)",
        _object_cause,
        _object_fixes,
        f"{_PAGE}#more-can-t-convert-np-ndarray-of-type-numpy-object",
    ),
    Entry(
        "ragged",
        (r"expected sequence of length (?P<wanted>\d+) at dim (?P<axis>\d+) \(got (?P<came>\d+)\)",),
        "torch.tensor(rows)",
        _ragged_cause,
        _ragged_fixes,
        f"{_PAGE}#more-expected-sequence-of-length-3",
    ),
    Entry(
        "not_a_tensor",
        (r"\b(?P<function>\w{1,60})\(\): argument '\w+' \(position \d+\) must be Tensor, not (?P<came>[\w.]+)",),
        "f(x)",
        _array_cause,
        _array_fixes,
        f"{_PAGE}#more-must-be-tensor-not-numpy-ndarray",
    ),
)
