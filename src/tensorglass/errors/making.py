"""Where in the source a layer is made, and the same call with other numbers.

The call is found in the file of the failing expression: by the name that the layer is given, as in
``self.fc1 = nn.Linear(8 * 8, 10)``, or else by its class and its numbers. If two calls could be meant, none is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .entry import Case
from .operand import ErrorFix
from .source import offsets


class Argument(NamedTuple):
    """An argument of a layer's class that is to be changed: its place, its name, and its value before and after."""

    position: int
    keyword: str
    old: object
    new: object


def remade(
    case: Case, arguments: Sequence[Argument], result: str, *, kind: str | None = None, extra: str = ""
) -> Iterator[ErrorFix]:
    """Yield the fix that makes the failing layer with other arguments, with another class, or with one more argument.

    Parameters
    ----------
    case : Case
        With a layer of torch.
    arguments : sequence of Argument
        What changes.
    result : str
        What comes out.
    kind : str, optional
        Another class to make it of.
    extra : str
        One more argument, as code.
    """
    layer = case.layer
    if layer is None or layer.is_own:
        return
    call = _call(case, layer.kind, layer.path.rpartition(".")[2], arguments)
    if call is not None and case.code is not None:
        old = case.code.text_of(call)
        yield case.elsewhere(old, _changed(case, call, arguments, kind, extra), result)
        return
    known = ", ".join(f"{each.keyword}={each.new}" for each in arguments)
    inside = ", ".join(filter(None, [known, "..." if not known or extra else "", extra]))
    yield ErrorFix(f"nn.{kind or layer.kind}({inside})", f"{result}, where {layer.shown} is made")


def preceded(case: Case, arguments: Sequence[Argument], before: str, result: str) -> Iterator[ErrorFix]:
    """Yield the fix that puts another layer in front of the failing one, where that is made within a Sequential."""
    layer, code = case.layer, case.code
    if layer is None or layer.is_own:
        return
    call = _call(case, layer.kind, layer.path.rpartition(".")[2], arguments)
    if call is None or code is None:
        yield ErrorFix(before, f"{result}, in front of {layer.shown}")
        return
    around = [node for node in ast.walk(ast.parse(code.source)) if isinstance(node, ast.Call)]
    places = [ast.dump(each, include_attributes=True) for node in around for each in node.args if _is_row(node)]
    inside = ast.dump(call, include_attributes=True) in places
    old = code.text_of(call)
    yield (
        case.elsewhere(old, f"{before}, {old}", result) if inside else ErrorFix(before, f"{result}, in front of {old}")
    )


def _is_row(node: ast.Call) -> bool:
    """Return whether a call makes a row of layers."""
    return _last_name(node.func) == "Sequential"


def _call(case: Case, kind: str, name: str, arguments: Sequence[Argument]) -> ast.Call | None:
    """Return the one call that makes the layer."""
    if case.code is None:
        return None
    tree = ast.parse(case.code.source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _last_name(node.func) == kind]
    named = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and node.value in calls and _last_name(node.targets[0]) == name
    ]
    matching = named or [call for call in calls if arguments and _has(call, arguments)] or calls
    if len(matching) != 1 or not all(_written(matching[0], each) for each in arguments):
        return None
    return matching[0] if isinstance(matching[0], ast.Call) else None


def _last_name(node: ast.expr) -> str | None:
    """Return the name behind the last dot, None for what has no name."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return None


def _has(call: ast.Call, arguments: Sequence[Argument]) -> bool:
    values = [_written(call, each) for each in arguments]
    return all(
        isinstance(value, ast.Constant) and value.value == each.old
        for value, each in zip(values, arguments, strict=True)
    )


def _written(call: ast.Call, argument: Argument) -> ast.expr | None:
    """Return what a call gives for an argument, by place or by name."""
    by_name = [each.value for each in call.keywords if each.arg == argument.keyword]
    by_place = call.args[argument.position :]
    return next(iter([*by_name, *by_place]), None)


def _changed(case: Case, call: ast.Call, arguments: Sequence[Argument], kind: str | None, extra: str) -> str:
    """Return the source of the call with its changes, the last one first, so that places stay where they are."""
    assert case.code is not None
    assert case.layer is not None
    text_of, whole = case.code.text_of, case.code.text_of(call)
    changes = [(node, str(each.new)) for each in arguments if (node := _written(call, each)) is not None]
    if kind is not None:
        changes.append((call.func, text_of(call.func).removesuffix(case.layer.kind) + kind))
    begin, _ = offsets(case.code.source, call)
    text = whole.encode()
    if extra:
        text = text[:-1].rstrip(b" \n,") + f", {extra})".encode()
    for node, new in sorted(changes, key=lambda change: (change[0].lineno, change[0].col_offset), reverse=True):
        start, end = offsets(case.code.source, node)
        text = text[: start - begin] + new.encode() + text[end - begin :]
    return text.decode()
