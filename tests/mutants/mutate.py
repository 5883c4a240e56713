"""Ways to break a piece of Python code, in one place at a time.

A mutant is the code with one operator, constant or branch changed. Docstrings, annotations and what only type
checkers see are left alone, since no run depends on them.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

_COMPARISONS = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OPPOSITE = {ast.And: ast.Or, ast.Or: ast.And}
_OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip

Change = Callable[[ast.AST], ast.AST]


@dataclass(frozen=True)
class Mutant:
    """A broken version of some code: the line, what was there and what is there now, and how to make the source."""

    line: int
    before: str
    after: str
    source: Callable[[], str]

    def __str__(self) -> str:
        return f"{self.line}: {self.before}  ->  {self.after}"


def mutants(source: str, *, constants: bool = True) -> Iterator[Mutant]:
    """Yield every mutant of a module's source; with `constants=False` those of operators and branches alone."""
    tree = ast.parse(source)
    for path, node in _live_nodes(tree):
        for change in changes(node, constants=constants):
            changed = change(copy.deepcopy(node))
            # The whole source is made when it is needed, by the process that tries it.
            yield Mutant(node.lineno, ast.unparse(node), ast.unparse(changed), partial(_source, tree, path, changed))


def _source(tree: ast.Module, path: list[tuple[str, int | None]], changed: ast.AST) -> str:
    broken = copy.deepcopy(tree)
    _replace(_follow(broken, path[:-1]), path[-1], changed)
    return ast.unparse(ast.fix_missing_locations(broken))


def changes(node: ast.AST, *, constants: bool = True) -> Iterator[Change]:
    """Yield the ways to break this one node."""
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            other = _COMPARISONS[type(operator)]
            yield lambda n, i=i, other=other: _with(n, "ops", i, other())
    elif isinstance(node, ast.BoolOp):
        yield lambda n: ast.copy_location(ast.BoolOp(_OPPOSITE[type(n.op)](), n.values), n)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield lambda n: ast.copy_location(ast.BinOp(n.left, _OPERATORS[type(n.op)](), n.right), n)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield lambda n: n.operand
    elif isinstance(node, ast.IfExp):
        yield lambda n: ast.copy_location(ast.IfExp(n.test, n.orelse, n.body), n)
    elif isinstance(node, (ast.If, ast.While)) and not isinstance(node.test, (ast.Compare, ast.UnaryOp)):
        yield _negated  # where the test is one comparison, breaking that says the same
    elif isinstance(node, ast.Constant) and constants:
        yield from _constant_changes(node)


def _constant_changes(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield lambda n: ast.copy_location(ast.Constant(not value), n)
    elif isinstance(value, (int, float)):
        yield lambda n: ast.copy_location(ast.Constant(value + 1), n)
    elif isinstance(value, str) and "\n" not in value.strip("\n"):
        yield lambda n: ast.copy_location(ast.Constant(value + "~"), n)


def _live_nodes(tree: ast.Module) -> Iterator[tuple[list[tuple[str, int | None]], ast.expr | ast.stmt]]:
    """Yield the nodes that a run depends on, each with the path of fields that leads to it."""

    def walk(node: ast.AST, path: list[tuple[str, int | None]]) -> Iterator:
        if isinstance(node, (ast.expr, ast.stmt)) and path:
            yield path, node
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "format_spec"):
                continue
            children = value if isinstance(value, list) else [value]
            for i, child in enumerate(children):
                if isinstance(child, ast.AST) and not _is_idle(child):
                    yield from walk(child, [*path, (field, i if isinstance(value, list) else None)])

    yield from walk(tree, [])


def _is_idle(node: ast.AST) -> bool:
    """Tell whether no result can depend on the node.

    That is so for docstrings, imports, what only type checkers see, and safety nets: asserts in the library, and the
    `strict=True` of a zip whose parts are of equal length anyway.
    """
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert))


def _follow(tree: ast.AST, path: list[tuple[str, int | None]]) -> ast.AST:
    for field, i in path:
        value = getattr(tree, field)
        tree = value if i is None else value[i]
    return tree


def _replace(parent: ast.AST, step: tuple[str, int | None], node: ast.AST) -> None:
    field, i = step
    if i is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[i] = node


def _with(node: ast.AST, field: str, i: int, value: ast.AST) -> ast.AST:
    getattr(node, field)[i] = value
    return node


def _negated(node: ast.If | ast.While) -> ast.AST:
    node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
    return node
