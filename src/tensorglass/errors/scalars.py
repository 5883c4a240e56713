"""Tensors where Python needs one number, one truth, or a length."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import Case, Entry, shape_text
from .operand import ErrorFix

_PAGE = "auto_examples/errors/view_cat_index.html"
_CONVERSIONS = {"float", "int", "complex", "bool"}


def _convert_cause(case: Case) -> str:
    count = case.found.get("count")
    if case.name in {*_CONVERSIONS, "item"} and case.is_real:
        return (
            f"One number is wanted, and {case.shown(0)} has several."
            if not count
            else (f"One number is wanted, and {case.shown(0)} has {count}.")
        )
    if case.name in {"tensor", "as_tensor"} and case.is_real:
        return (
            f"`torch.{case.name}` makes a tensor of numbers, and takes tensors in a list only if each holds one number."
        )
    return f"One number is wanted, and the tensor has {count or 'another number of'} elements."


def _convert_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.tolist()", "a list of all numbers")
        yield case.instead("x.mean().item()", "their mean, one number of Python")
        yield case.instead("torch.stack(tensors)", "if a list of tensors was given to torch.tensor")
    elif case.name in _CONVERSIONS | {"item"} and len(case.parts) == 1 and case.shape(0) is not None:
        yield case.instead(f"{case.code_of(0)}.tolist()", "a list of all numbers")
        name = case.name if case.name in {"float", "int"} else "float"
        yield case.instead(f"{name}({case.code_of(0)}.sum())", "their sum, one number of Python")
    elif case.name in {"tensor", "as_tensor"} and case.parts and case.parts[0].elements:
        shapes = {element.shape for element in case.parts[0].elements}
        if len(shapes) == 1 and None not in shapes:
            (shape,) = shapes
            result = shape_text((len(case.parts[0].elements), *(shape or ())))
            yield case.instead(f"torch.stack({case.parts[0].text})", result)


def _truth_cause(case: Case) -> str:
    what = f"`{case.expression.text}`" if case.is_real and case.expression.text else "the tensor"
    if case.is_real and case.name in {"bool", "not"} and case.parts:
        what = f"`{case.parts[0].text}`"
    if case.found.get("none"):
        return f"Python asks whether {what} is true, and it has no elements to say."
    return f"Python asks whether {what} is true, and it has several elements, some of which may be true and others not."


def _truth_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("(x > 0).all()", "true if all elements are")
        yield case.instead("(x > 0).any()", "true if one element is")
        return
    text = f"({case.expression.text})"
    if (case.name == "bool" and len(case.parts) == 1) or (len(case.parts) == 1 and case.name == ""):
        text = case.parts[0].code
    elif case.name == "not":
        yield case.instead(f"not {case.code_of(0)}.any()", "true if no element is")
        return
    elif case.expression.callee is not None or not text or "\n" in text:
        return
    if case.found.get("none"):
        yield case.instead(f"{text}.numel() > 0", "true if there are elements")
    yield case.instead(f"{text}.all()", "true if all elements are")
    yield case.instead(f"{text}.any()", "true if one element is")


def _length_cause(case: Case) -> str:
    what = case.shown(0, "The tensor") if case.shape(0) == () else "The tensor"
    return f"{what} has no axes, since it holds one number: there is nothing to count or to go through."


def _length_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.reshape(-1)", "shape (1,): one axis, with the number in it")
    elif (case.name in {"len", "list", "tuple"} and case.shape(0) == ()) or (case.name == "" and case.shape(0) == ()):
        yield case.with_parts({0: f"{case.code_of(0)}.reshape(-1)"}, "one axis, with the number in it")


ENTRIES = (
    Entry(
        "one_number",
        (
            r"a Tensor with (?P<count>\d+) elements cannot be converted to Scalar",
            r"only one element tensors can be converted to Python scalars",
            r"only (?:one element|single-element) tensors can be converted",
            r"only integer tensors of a single element can be converted to an index",
        ),
        "x.item()",
        _convert_cause,
        _convert_fixes,
        f"{_PAGE}#more-cannot-be-converted-to-scalar",
    ),
    Entry(
        "truth",
        (
            r"[Bb]ool(?:ean)? value of Tensor with more than one (?:value|element) is ambiguous",
            r"[Bb]ool(?:ean)? value of Tensor with (?P<none>no) values is ambiguous",
        ),
        "x > 0",
        _truth_cause,
        _truth_fixes,
        f"{_PAGE}#more-boolean-value-of-tensor-is-ambiguous",
    ),
    Entry(
        "no_axes",
        (r"len\(\) of a 0-d tensor", r"iteration over a 0-d tensor"),
        "len(x)",
        _length_cause,
        _length_fixes,
        f"{_PAGE}#more-len-of-a-0-d-tensor",
    ),
)
