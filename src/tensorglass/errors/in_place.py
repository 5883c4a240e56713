"""Changes in place that autograd or memory forbid."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..shapes import Shape
from ..torch_internals import without_torch_functions
from .entry import Case, Entry
from .operand import ErrorFix
from .reading import is_tensor, shape_of

_PAGE = "auto_examples/errors/changed_in_place.html"


# --- Leaves ---


def _leaf_cause(case: Case) -> str:
    view = "a view of " if "view" in case.found and case.name != "[]=" else ""
    return (
        f"{case.shown(0, 'The tensor')} is {view}a tensor that gradients are computed for, such as a parameter: "
        "overwritten, it would no longer be what they belong to."
    )


def _leaf_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("with torch.no_grad(): x += 1", "the values change, and the step is not recorded")
        yield case.instead("x = x + 1", "a new tensor, through which gradients flow")
        return
    text = case.expression.text
    if case.name.endswith("=") and case.parts and "\n" not in text:
        yield case.instead(f"with torch.no_grad(): {text}", "the values change, and the step is not recorded")
        if case.name != "[]=" and isinstance(case.parts[0].node, ast.Name):
            a, b = case.parts
            yield case.instead(
                f"{a.text} = {a.text} {case.name[:-1]} {b.code}", "a new tensor, through which gradients flow"
            )
    elif case.expression.is_method and case.name.endswith("_"):
        behind = text[case.parts[0].span[1] :]
        # As `.data` does it, but the change is counted: a graph that kept the old values is refused, not wrong.
        quiet = f"with torch.no_grad(): {text}" if _is_statement(case) else f"{case.parts[0].text}.detach(){behind}"
        yield case.instead(quiet, "the values change, and the step is not recorded")
        code = case.parts[0].text + behind.replace(f".{case.name}(", f".{case.name[:-1]}(", 1)
        if case.name not in {"copy_", "zero_", "fill_"}:
            yield case.instead(code, "a new tensor, through which gradients flow, to be given a name")


def _is_statement(case: Case) -> bool:
    """Return whether what failed is a whole statement, of one line, whose value nobody uses."""
    if case.code is None or "\n" in case.expression.text:
        return False
    statements = (node.value for node in ast.walk(case.code.function) if isinstance(node, ast.Expr))
    return any(value is case.code.node for value in statements)


def _views_cause(case: Case) -> str:
    return (
        f"{case.shown(0, 'The tensor')} is one of several views that {case.found['function']} made at once, and "
        "autograd cannot tell what a change of one means for the others."
    )


def _views_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.clone().add_(1)", "a tensor of its own")
    elif case.expression.is_method and case.name.endswith("_"):
        yield case.with_parts({0: f"{case.code_of(0)}.clone()"}, "a tensor of its own, to be given a name")
    elif case.name.endswith("=") and case.name != "[]=" and case.parts and isinstance(case.parts[0].node, ast.Name):
        a, b = case.parts
        yield case.instead(f"{a.text} = {a.text} {case.name[:-1]} {b.code}", "a new tensor")


# --- Memory that several elements share ---


def _shared_cause(case: Case) -> str:
    shape: Shape | None = case.shape(0)
    value = case.parts[0].value if case.is_real and case.parts else None
    strides = _strides(value)
    named = ""
    if shape is not None and strides is not None:
        axes = [
            str(axis) for axis, (size, step) in enumerate(zip(shape, strides, strict=True)) if size > 1 and step == 0
        ]
        named = f": its stride is 0 along axis {' and '.join(axes)}, as `expand` makes it" if axes else ""
    return (
        f"Several elements of {case.shown(0, 'the tensor')} lie in one place in memory{named}, so that writing to one "
        "would change the others."
    )


def _strides(value: object) -> Shape | None:
    if not is_tensor(value) or shape_of(value) is None:
        return None
    with without_torch_functions():
        return tuple(value.stride())


def _shared_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x = x.clone()", "a place of its own for each element, before anything is written")
    elif case.expression.is_method and case.name.endswith("_"):
        yield case.with_parts(
            {0: f"{case.code_of(0)}.clone()"}, "a place of its own for each element, to be given a name"
        )
    elif case.name.endswith("=") and case.parts and isinstance(case.parts[0].node, ast.Name):
        name = case.parts[0].text
        yield case.instead(f"{name} = {name}.clone(); {case.expression.text}", "a place of its own for each element")


ENTRIES = (
    Entry(
        "leaf_in_place",
        (
            r"a (?P<view>view of a )?leaf Variable that requires grad (?:is being|has been) used in an in-place "
            r"operation",
        ),
        "x += 1",
        _leaf_cause,
        _leaf_fixes,
        f"{_PAGE}#a-leaf-variable-that-requires-grad-is-being-used-in-an-in-place-operation",
    ),
    Entry(
        "views_in_place",
        (
            r"Output \d+ of (?P<function>\w+) is a view and is being modified inplace\. This view is the output of a "
            r"function "
            r"that returns multiple views",
        ),
        "x.add_(1)",
        _views_cause,
        _views_fixes,
        f"{_PAGE}#more-is-a-view-and-is-being-modified-inplace",
    ),
    Entry(
        "shared_memory",
        (r"more than one element of the written-to tensor refers to a single memory location",),
        "x.add_(1)",
        _shared_cause,
        _shared_fixes,
        f"{_PAGE}#more-more-than-one-element-of-the-written-to-tensor-refers-to-a-single-memory",
    ),
)
