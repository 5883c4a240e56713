"""Products of matrices and vectors whose sizes do not fit; `linear` has what mends a linear layer."""

from __future__ import annotations

from collections.abc import Iterator

from ..shapes import Shape
from .entry import Case, Entry, shape_text
from .linear import is_linear, linear_fixes, pasted_fixes
from .operand import ErrorFix

_PAGE = "auto_examples/errors/mat1_and_mat2.html"
_TWO_FACTORS = {"@", "mm", "matmul", "bmm", "mv", "dot"}


def _matmul_cause(case: Case) -> str:
    a, b = case.numbers("a"), case.numbers("b")
    layer = case.layer
    if layer is not None and is_linear(case):
        return (
            f"The layer {layer.shown} takes {b[0]} features in the last axis of its input, its "
            f"in_features, and {a[1]} came."
        )
    shapes = [shape[-1:] for shape in case.shapes if len(shape) > 1]
    left, right = "the left", "the right"
    if case.name in _TWO_FACTORS and len(case.parts) == 2 and (not shapes or shapes[0] == a[1:]):
        left, right = case.shown(0, left), case.shown(1, right)
    return (
        f"A product of {a[0]} by {a[1]} with {b[0]} by {b[1]} needs the last size of {left} ({a[1]}) to be the first "
        f"matrix size of {right} ({b[0]})."
    )


def _matmul_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        a, b = case.numbers("a"), case.numbers("b")
        yield from _turned(case, a, b)
        yield from pasted_fixes(case)
    elif is_linear(case):
        yield from linear_fixes(case)
    elif case.name in _TWO_FACTORS and len(case.shapes) == 2:
        first, second = case.shapes
        if (first[-2:], second[-2:]) == (case.numbers("a")[-len(first) :], case.numbers("b")[-len(second) :]):
            yield from _turned(case, first, second)


def _turned(case: Case, a: Shape, b: Shape) -> Iterator[ErrorFix]:
    """Yield the ways to transpose a factor that make the product possible."""
    if len(a) != 2 or len(b) != 2:
        return
    first, second = case.code_of(0, "a"), case.code_of(1, "b")
    if a[1] == b[1]:
        yield case.with_parts({1: f"{second}.T"}, shape_text((a[0], b[0])))
    if a[0] == b[0]:
        yield case.with_parts({0: f"{first}.T"}, shape_text((a[1], b[1])))
    if b[1] == a[0] and a[0] != b[0] and a[1] != b[1]:
        yield case.with_parts({0: second, 1: first}, f"{shape_text((b[0], a[1]))}: the factors the other way round")


# --- Vectors and batches ---


def _matvec_cause(case: Case) -> str:
    matrix, vector = case.numbers("mat"), case.number("vec")
    return (
        f"A matrix of {matrix[0]} by {matrix[1]} takes a vector of {matrix[1]} elements, and "
        f"{_factors(case, 'the matrix', 'the vector')[1]} has {vector}."
    )


def _matvec_fixes(case: Case) -> Iterator[ErrorFix]:
    matrix, vector = case.numbers("mat"), case.number("vec")
    fits = not case.is_real or case.shapes == (matrix, (vector,))
    if matrix[0] == vector and fits:
        yield case.with_parts({0: f"{case.code_of(0)}.T"}, shape_text((matrix[1],)))


def _bmm_cause(case: Case) -> str:
    wanted, came = case.numbers("wanted"), case.numbers("came")
    axis = "number of matrices" if wanted[0] != came[0] else "size that is summed over"
    first, second = next((pair for pair in zip(wanted, came, strict=True) if pair[0] != pair[1]), (wanted[0], came[0]))
    a, b = _factors(case, "the first", "the second")
    return f"In a product of batches the {axis} must be the same: {a} has {first}, and {b} has {second}."


def _factors(case: Case, first: str, second: str) -> tuple[str, str]:
    """Return both factors as a sentence names them, if the expression is a product of two and nothing else."""
    if case.name in _TWO_FACTORS | {"inner", "vdot"} and len(case.parts) == 2:
        return case.shown(0, first), case.shown(1, second)
    return first, second


def _bmm_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.bmm(a, b.mT)", "if the last two axes of b are in the other order")
    elif case.name in {"bmm", "@", "matmul"} and len(case.shapes) == 2 and set(map(len, case.shapes)) == {3}:
        a, b = case.shapes
        if a[0] == b[0] and a[2] == b[2] != b[1]:
            yield case.with_parts({1: f"{case.code_of(1)}.mT"}, shape_text((a[0], a[1], b[1])))
        if a[0] == b[0] and a[1] == b[1] != a[2]:
            yield case.with_parts({0: f"{case.code_of(0)}.mT"}, shape_text((a[0], a[2], b[2])))


def _rank_cause(case: Case) -> str:
    which = {"batch1": "first", "self": "first", "mat1": "first", "batch2": "second", "mat2": "second"}
    wanted = "three axes" if "batch" in case.found["which"] else "two axes"
    position = 0 if which[case.found["which"]] == "first" else 1
    return (
        f"This product takes tensors with {wanted}, and the {which[case.found['which']]} one, "
        f"{_factors(case, 'the tensor', 'the tensor')[position]}, has another number of them."
    )


def _rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shapes = case.shapes
    if not case.is_real:
        yield case.instead("a @ b", "`@` takes vectors, matrices and batches of them")
    elif len(shapes) == 2 and all(shapes) and case.name in {"mm", "bmm", "matmul"}:
        inner = shapes[1][-2] if len(shapes[1]) > 1 else shapes[1][0]
        if shapes[0][-1] == inner:
            yield case.instead(f"{case.code_of(0)} @ {case.code_of(1)}", "`@` takes vectors, matrices and batches")


def _dot_cause(case: Case) -> str:
    return (
        f"A product of two vectors needs as many elements in both: {_factors(case, 'the first', '')[0]} has "
        f"{case.found['a']}, and {_factors(case, '', 'the second')[1]} has {case.found['b']}."
    )


def _dot_fixes(case: Case) -> Iterator[ErrorFix]:
    a, b = case.number("a"), case.number("b")
    if not case.is_real or case.shapes == ((a,), (b,)):
        code = f"torch.outer({case.code_of(0)}, {case.code_of(1)})"
        yield case.instead(code, f"{shape_text((a, b))}: only if each is to meet each; otherwise a size is wrong")
        least = min(a, b)
        longer = 0 if a > b else 1
        yield case.with_parts({longer: f"{case.code_of(longer)}[:{least}]"}, f"a number: of the first {least} elements")


def _dot_rank_cause(case: Case) -> str:
    return f"`dot` takes two tensors with one axis each; these have {case.found['a']} and {case.found['b']}."


def _dot_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shapes = case.shapes
    fits = len(shapes) == 2 and all(shapes) and shapes[0][-1] == shapes[1][-2 if len(shapes[1]) > 1 else 0]
    if not case.is_real or (case.name == "dot" and fits):
        yield case.instead(f"{case.code_of(0)} @ {case.code_of(1)}", "`@` takes vectors, matrices and batches")


def _scalar_cause(case: Case) -> str:
    if "linear" in case.found and case.found["a"] == "0":
        return f"A linear layer takes its features in the last axis, and {case.shown(0, 'its input')} has no axis."
    return (
        f"A matrix product has something to sum over only if both have an axis; these have {case.found['a']} and "
        f"{case.found['b']}."
    )


def _scalar_fixes(case: Case) -> Iterator[ErrorFix]:
    if "linear" in case.found:
        if not case.is_real:
            yield case.instead("layer(x[None])", "if x is the one feature of one example")
        elif case.layer is not None and case.layer.setting("in_features") == 1 and case.shape(0) == ():
            code = f"{case.code_of(0)}[None]"
            yield case.with_parts({0: code}, shape_text((case.layer.setting("out_features"),)))
    elif not case.is_real or (len(case.shapes) == 2 and () in case.shapes):
        shape = next(filter(None, case.shapes), ())
        result = shape_text(shape) if case.is_real else "each element multiplied by the number"
        yield case.instead(f"{case.code_of(0)} * {case.code_of(1)}", result)


_MATRIX = r"\[?\d+ ?x ?\d+\]?"

ENTRIES = (
    Entry(
        "matmul",
        (
            rf"(?:mat1 and mat2|input and weight\.T) shapes cannot be multiplied \((?P<a>{_MATRIX}) and "  # a Mac: .T
            rf"(?P<b>{_MATRIX})\)",
            r"a and b must have same reduction dim, but got (?P<a>\[\d+, \d+\]) X (?P<b>\[\d+, \d+\])",  # compiled
            r"size mismatch, m1: (?P<a>\[\d+ x \d+\]), m2: (?P<b>\[\d+ x \d+\])",
        ),
        "a @ b",
        _matmul_cause,
        _matmul_fixes,
        f"{_PAGE}#short-answer",
    ),
    Entry(
        "matvec",
        (
            r"size mismatch, got input \(\d+\), mat \((?P<mat>\d+x\d+)\), vec \((?P<vec>\d+)\)",
            r"size mismatch, got \d+, (?P<mat>\d+x\d+),(?P<vec>\d+)",
            r"size mismatch, got input \((?P<mat>\d+x\d+)\), vec \((?P<vec>\d+)\)",  # compiled, and without data
        ),
        "a @ v",
        _matvec_cause,
        _matvec_fixes,
        f"{_PAGE}#more-size-mismatch-got-input-100-mat-100x4-vec-3",
    ),
    Entry(
        "bmm",
        (
            r"Expected size for first two dimensions of batch2 tensor to be: (?P<wanted>\[\d+, \d+\]) but got: "
            r"(?P<came>\[\d+, \d+\])",
        ),
        "torch.bmm(a, b)",
        _bmm_cause,
        _bmm_fixes,
        f"{_PAGE}#more-expected-size-for-first-two-dimensions-of-batch2-tensor-to-be",
    ),
    Entry(
        "matrix_rank",
        (r"\b(?P<which>batch1|batch2) must be a 3D tensor", r"\b(?P<which>self|mat1|mat2) must be a matrix"),
        "torch.mm(a, b)",
        _rank_cause,
        _rank_fixes,
        f"{_PAGE}#more-mat2-must-be-a-matrix-and-batch1-must-be-a-3d-tensor",
    ),
    Entry(
        "dot",
        (
            r"inconsistent tensor size, expected tensor \[\d+\] and src \[\d+\] to have the ?same number of elements, "
            r"but got (?P<a>\d+) and (?P<b>\d+) elements respectively",
        ),
        "a.dot(b)",
        _dot_cause,
        _dot_fixes,
        f"{_PAGE}#more-inconsistent-tensor-size-expected-tensor-384-and-src-512",
    ),
    Entry(
        "dot_rank",
        (r"1D tensors expected, but got (?P<a>\d+)D and (?P<b>\d+)D tensors",),
        "a.dot(b)",
        _dot_rank_cause,
        _dot_rank_fixes,
        f"{_PAGE}#more-1d-tensors-expected-but-got-2d-and-1d-tensors",
    ),
    Entry(
        "matmul_scalar",
        (
            r"both arguments to (?:linalg_)?matmul need to be at least 1D, but they are (?P<a>\d+)D and (?P<b>\d+)D",
            r"both arguments to (?P<linear>linear) need to be at least 1D, but they are (?P<a>\d+)D and (?P<b>\d+)D",
        ),
        "a @ b",
        _scalar_cause,
        _scalar_fixes,
        f"{_PAGE}#more-both-arguments-to-matmul-need-to-be-at-least-1d",
    ),
)
