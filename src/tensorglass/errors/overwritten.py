"""Tensors that a backward pass needs and that were changed since, and where in the source that stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from .entry import Case, Entry
from .freed_graph import carried_over
from .operand import ErrorFix
from .reading import is_tensor, shape_of, stored

_CHANGES_FOLLOWED = 8  # of a tensor that was changed in place again and again: more are not told from other tensors


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
    when = ", in the pass of the loop before," if step and _is_below(case, step) else ""
    by = f"; `{step.text}` in line {step.line}{when} writes into the parameters" if step and not writes else ""
    return (
        f"The backward pass needs the values that {whose}{saved} had in the forward pass, and they were overwritten "
        f"in place{where} since{by}."
    )


def _wrote(case: Case, names: list[str]) -> bool:
    """Return whether the function that the message names is what wrote to these variables last."""
    nodes = [stored(case.frame.f_locals[name], "grad_fn") for name in names] if case.frame is not None else []
    last = {re.sub(r"Backward\d*$", "", node.name()) for node in nodes if node is not None}
    return re.sub(r"Backward\d*$", "", case.found.get("function", "")) in last


class _Step(NamedTuple):
    """A call of an optimizer's ``step``."""

    line: int
    text: str
    optimizer: str


def _steps(case: Case, root: ast.AST) -> list[_Step]:
    """Return the calls of an optimizer's ``step`` in a part of the source."""
    assert case.code is not None
    found = []
    for node in ast.walk(root):
        match node:
            case ast.Call(func=ast.Attribute(value=on, attr="step")) if "opt" in ast.unparse(on).lower():
                found.append(_Step(node.lineno, case.code.text_of(node), ast.unparse(on)))  # and not of a scheduler
    return sorted(found)


def _is_below(case: Case, step: _Step) -> bool:
    return case.code is not None and step.line >= getattr(case.code.node, "lineno", 0)


def _step(case: Case) -> _Step | None:
    """Return the last step of an optimizer before what failed: above it, or below it in a loop around both."""
    if case.code is None:
        return None
    above = [step for step in _steps(case, case.code.function) if not _is_below(case, step)]
    in_loop = [] if case.code.loop is None else _steps(case, case.code.loop)
    found = above or in_loop
    return found[-1] if found else None


def _changed_fixes(case: Case) -> Iterator[ErrorFix]:
    writes = _writes(case, _changed(case)) if case.is_real else []
    for name, node in writes:
        assert case.code is not None
        new = _out_of_place(name, node, case)
        if new:
            text = f"a new tensor under the name {name}: the old one stays as it was"
            yield case.elsewhere(case.code.text_of(node), new, text)
    if not writes:  # in a layer, in a function that was called, or in an optimizer
        if (step := _step(case)) and case.code is not None:
            if _is_below(case, step):
                yield from carried_over(case)
            elif len({each.optimizer for each in _steps(case, case.code.function)}) > 1:
                # Both backward passes first would train the parameters of one optimizer on the loss of the other.
                text = f"a second forward pass after `{step.text}`, for the loss that comes behind it"
                yield ErrorFix("output = model(x)", text)
            else:
                yield ErrorFix(f"{case.expression.text}; {step.text}", "the step after the last backward pass")
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
        "auto_examples/errors/changed_in_place.html",
    ),
)
