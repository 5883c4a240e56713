"""Changes in place that autograd or memory forbid, and where in the source they stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..shapes import Shape
from ..torch_internals import without_torch_functions
from .entry import Case, Entry
from .operand import ErrorFix
from .reading import is_tensor, shape_of, stored

_CHANGES_FOLLOWED = 8  # of a tensor that was changed in place again and again: more are not told from other tensors
_PAGE = "auto_examples/errors/changed_in_place.html"


# --- A saved tensor that was changed ---


def _changed(case: Case) -> list[str]:
    """Return the variables of the frame that hold a tensor of the shape and the version that the message names."""
    if case.frame is None or "version" not in case.found:
        return []
    shape, version = case.numbers("shape"), case.number("version")
    held = [(name, value) for name, value in dict(case.frame.f_locals).items() if is_tensor(value)]
    alike = [pair for pair in held if shape_of(pair[1]) == shape and stored(pair[1], "_version") == version]
    return [name for name, value in alike if _came_from(value, case.found.get("function"))]


def _came_from(value: object, function: str | None) -> bool:
    """Return whether a tensor is what a function returned, changed since a few times: a leaf comes from none."""
    node = stored(value, "grad_fn")
    if function is None:
        return node is None
    wanted = re.sub(r"Backward\d*$", "", function)
    for _ in range(_CHANGES_FOLLOWED):
        if node is None:
            return False
        if re.sub(r"Backward\d*$", "", node.name()) == wanted:
            return True
        node = next((other for other, _ in node.next_functions if other is not None), None)
    return False


def _writes(case: Case, names: list[str]) -> list[tuple[str, ast.stmt]]:
    """Return the statements around the failing one that change such a variable in place."""
    if case.code is None:
        return []
    found = list[tuple[str, ast.stmt]]()
    for node in ast.walk(case.code.function):
        for name in names:
            if isinstance(node, (ast.AugAssign, ast.Assign, ast.Expr)) and _writes_to(node, name):
                found.append((name, node))
    return found


def _writes_to(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.AugAssign(target=ast.Name(id=target) | ast.Subscript(value=ast.Name(id=target))):
            return target == name
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=target))]):
            return target == name
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr=method))):
            return target == name and method.endswith("_") and not method.startswith("_")
    return False


def _changed_cause(case: Case) -> str:
    shape, names = case.numbers("shape"), _changed(case)
    whose = (
        f"`{' or '.join(names[:3])}`"
        if names
        else f"a tensor of shape {shape}"
        if "shape" in case.found
        else "a tensor"
    )
    function = case.found.get("function")
    # The message names what made the tensor; of one that was kept as an input, that is already what overwrote it.
    saved = f", the output of {function}," if function and not _wrote(case, names) else ""
    writes, step = _writes(case, names), _step(case)
    where = f" in line {writes[0][1].lineno}" if len(writes) == 1 else ""
    by = f"; `{step[0]}` in line {step[1]} writes into the parameters" if step and not writes else ""
    return (
        f"The backward pass needs the values that {whose}{saved} had in the forward pass, and they were overwritten "
        f"in place{where} since{by}."
    )


def _wrote(case: Case, names: list[str]) -> bool:
    """Return whether the function that the message names is what wrote to these variables last."""
    nodes = [stored(case.frame.f_locals[name], "grad_fn") for name in names] if case.frame is not None else []
    last = {re.sub(r"Backward\d*$", "", node.name()) for node in nodes if node is not None}
    return re.sub(r"Backward\d*$", "", case.found.get("function", "")) in last


def _step(case: Case) -> tuple[str, int] | None:
    """Return the last call of an optimizer's ``step`` above the line that failed, and its line."""
    if case.code is None:
        return None
    last = getattr(case.code.node, "lineno", 0)
    found = [
        (case.code.text_of(node), node.lineno)
        for node in ast.walk(case.code.function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "step"
        if "opt" in ast.unparse(node.func.value).lower()  # a scheduler has such a method too
        if node.lineno < last
    ]
    return max(found, key=lambda each: each[1], default=None)


def _changed_fixes(case: Case) -> Iterator[ErrorFix]:
    writes = _writes(case, _changed(case)) if case.is_real else []
    for name, node in writes:
        assert case.code is not None
        new = _out_of_place(name, node, case)
        if new:
            text = f"a new tensor under the name {name}: the old one stays as it was"
            yield case.elsewhere(case.code.text_of(node), new, text)
    if not writes:  # in a layer, in a function that was called, or in an optimizer
        if step := _step(case):
            yield ErrorFix(f"{case.expression.text}; {step[0]}", "the step after the last backward pass")
            return
        yield ErrorFix("y = y + 1", "a new tensor, where y += 1 or y.add_(1) was")
        yield ErrorFix("nn.ReLU()", "a new tensor, where nn.ReLU(inplace=True) was")


def _out_of_place(name: str, node: ast.stmt, case: Case) -> str | None:
    assert case.code is not None
    text = case.code.text_of
    match node:
        case ast.AugAssign(target=ast.Name(), op=op, value=value):
            binary = ast.unparse(ast.BinOp(ast.Name("_"), op, ast.Name("_"))).split()[1]
            simple = isinstance(value, (ast.Name, ast.Constant, ast.Attribute, ast.Call, ast.Subscript))
            return f"{name} = {name} {binary} {text(value) if simple else f'({text(value)})'}"
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=method))):
            behind = text(node)[len(name) :]
            rest = behind.replace(f".{method}(", f".{method[:-1]}(", 1)
            return (
                f"{name} = {name}{rest}"
                if method not in ("copy_", "zero_", "fill_")
                else f"{name} = {name}.clone(){behind}"
            )
        case ast.Assign() | ast.AugAssign():
            return f"{name} = {name}.clone(); {text(node)}"
    return None


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
        "changed_in_place",
        (
            r"variables needed for gradient computation has been modified by an inplace operation"
            r"(?:: \[[\w.]+ (?P<shape>\[[\w, ]*\])\](?:, which is output \d+ of (?P<function>\w+),)? is at version "
            r"(?P<version>\d+); expected version \d+)?",
        ),
        "loss.backward()",
        _changed_cause,
        _changed_fixes,
        _PAGE,
    ),
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
