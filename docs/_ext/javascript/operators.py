"""Operators and comparisons of Python, as JavaScript has them."""

from __future__ import annotations

import ast
from typing import Any

from .values import Code, Open, Unsupported, bare, is_known, template, written

_SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_NAMED = {
    ast.Add: "add", ast.Sub: "minus", ast.Mult: "times", ast.FloorDiv: "floor", ast.Mod: "mod", ast.Div: "divided",
    ast.Pow: "power", ast.BitAnd: "both",
}  # fmt: skip
_SORTS = {bool: "truth", int: "number", float: "number", str: "text", tuple: "tuple", list: "items"}


def sort_of(value: Any) -> str:
    """Return the sort of a value, empty if it is not certain.

    >>> sort_of(3), sort_of(Code("x", "text")), sort_of(Code("x"))
    ('number', 'text', '')
    """
    return value.sort if isinstance(value, Code) else _SORTS.get(type(value), "")


def combined(op: ast.operator, left: Any, right: Any) -> Any:
    """Return what an operator makes of two values.

    >>> combined(ast.Add(), 1, 2), combined(ast.Add(), Code("n", "number"), 2).text
    (3, '(n + 2)')
    """
    if is_known(left) and is_known(right):
        return eval(ast.unparse(ast.BinOp(ast.Name("a"), op, ast.Name("b"))), {"a": left, "b": right})
    sorts = {sort_of(left), sort_of(right)}
    if isinstance(op, ast.Add) and "text" in sorts:
        return template([each if isinstance(each, (str, Code)) else Code(written(each)) for each in (left, right)])
    if sorts == {"number"} and type(op) in _SIGNS:
        return Code(f"({written(left)} {_SIGNS[type(op)]} {written(right)})", "number")
    if type(op) not in _NAMED:
        raise Unsupported(f"the operator {type(op).__name__}")
    sort = next((each for each in ("items", "tuple") if each in sorts), "number" if sorts == {"number"} else "")
    return Code(_call(_NAMED[type(op)], left, right).text, sort)


def compared(op: ast.cmpop, left: Any, right: Any) -> bool | Code:
    """Return whether a comparison holds.

    >>> compared(ast.Lt(), 1, 2), compared(ast.Eq(), Code("n", "number"), 2).text, compared(ast.Eq(), Code("n"), 2).text
    (True, 'n === 2', '$.same(n, 2)')
    """
    if is_known(left) and is_known(right):
        return bool(eval(ast.unparse(ast.Compare(ast.Name("a"), [op], [ast.Name("b")])), {"a": left, "b": right}))
    if type(op) in _SIGNS:
        return Code(f"{written(left)} {_SIGNS[type(op)]} {written(right)}", "truth")
    is_not = isinstance(op, (ast.NotIn, ast.NotEq, ast.IsNot))
    if isinstance(op, (ast.In, ast.NotIn)):
        code = right.attribute("__contains__")(left) if isinstance(right, Open) else _call("has", right, left)
        return Code("!" * is_not + code.text, "truth")
    sorts = {sort_of(left), sort_of(right)}
    if None in (left, right) and any(sorts):  # nothing is of no sort
        return is_not
    if None in (left, right) or not sorts & {"", "items", "tuple"}:
        return Code(f"{written(left)} {'!==' if is_not else '==='} {written(right)}", "truth")
    return Code("!" * is_not + _call("same", left, right).text, "truth")


def _call(name: str, left: Any, right: Any) -> Code:
    return Code(f"$.{name}({bare(left)}, {bare(right)})")
