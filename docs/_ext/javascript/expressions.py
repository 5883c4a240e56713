"""Expressions of a function: each is a value that Python knows, or the code of one that the browser will know."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Any

from .calls import formatted
from .comprehensions import Comprehensions
from .operators import combined, compared, sort_of
from .values import NEVER, Code, Method, Open, Unsupported, bare, is_known, template, tried, truth, written


class Expressions(Comprehensions):
    """What stands in a function, whose names have these values.

    Attributes
    ----------
    names : dict
        The values of the names that the function knows.
    around : dict
        Those of its module.
    call : callable
        Returns what a call returns.
    """

    def __init__(self, names: dict[str, Any], around: dict[str, Any], call: Callable[..., Any]) -> None:
        self.names, self.around, self.call = names, around, call

    def value(self, node: ast.expr) -> Any:
        """Return what an expression stands for."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise Unsupported(f"the expression {ast.unparse(node)}")
        return method(node)

    def test(self, node: ast.expr) -> bool | Code:
        """Return whether an expression is true."""
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                found = self.test(operand)
                return Code(f"!({bare(found)})", "truth") if isinstance(found, Code) else not found
            case ast.BoolOp(op=op, values=values):
                return self.all_or_any(isinstance(op, ast.And), values)
        return truth(self.value(node))

    def all_or_any(self, all_: bool, nodes: list[ast.expr]) -> bool | Code:
        """Return whether all of some expressions are true, or any: those behind the one that decides are not read."""
        texts = []
        for node in nodes:
            found = self.test(node)
            if isinstance(found, Code):
                texts.append(found.text)
            elif found is not all_:  # what stands before it changes nothing
                return found
        text = (" && " if all_ else " || ").join(texts)
        return Code(f"({text})" if len(texts) > 1 else text, "truth") if texts else all_

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        for names in (self.names, self.around, vars(builtins)):
            if node.id in names:
                return names[node.id]
        raise Unsupported(f"the name {node.id}")

    def _attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        if owner is NEVER:
            return NEVER
        if isinstance(owner, Open):
            return owner.attribute(node.attr)
        if is_known(owner):
            return tried(lambda: getattr(owner, node.attr))
        return Code(f"{written(owner)}.{node.attr}")

    def _subscript(self, node: ast.Subscript) -> Any:
        owner = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._part(owner, node.slice)
        index = self.value(node.slice)
        if isinstance(owner, Open):
            return owner.attribute("__getitem__")(index)
        if is_known(index) and not isinstance(owner, Code):
            return tried(lambda: owner[index])
        return Code(f"$.at({bare(owner)}, {bare(index)})")

    def _part(self, owner: Any, node: ast.Slice) -> Any:
        ends = [None if each is None else self.value(each) for each in (node.lower, node.upper, node.step)]
        if not isinstance(owner, Code) and is_known(ends):
            return owner[slice(*ends)]
        if ends == [None, None, -1]:
            return Code(f"$.reversed({bare(owner)})", sort_of(owner))
        if ends[2] is not None:
            raise Unsupported("a slice with a step")
        given = [ends[0] or 0, *ends[1:2]] if ends[1] is not None else [ends[0] or 0]
        return Code(f"{written(owner)}.slice({', '.join(map(bare, given))})", sort_of(owner))

    def _tuple(self, node: ast.Tuple) -> Any:
        return self.items(node.elts, tuple)

    def _list(self, node: ast.List) -> Any:
        return self.items(node.elts, list)

    def _set(self, node: ast.Set) -> Any:
        items = self.items(node.elts, tuple)
        return set(items) if is_known(items) else Code(f"new Set({written(items)})")

    def items(self, nodes: list[ast.expr], cls: type) -> Any:
        """Return a tuple or a list of what stands in it."""
        values: list[Any] = []
        for node in nodes:
            value = self.value(node.value if isinstance(node, ast.Starred) else node)
            if not isinstance(node, ast.Starred):
                values.append(value)
            else:
                values += [Code(f"...{value.text}")] if isinstance(value, Code) else value
        spread = any(isinstance(value, Code) and value.text.startswith("...") for value in values)
        return Code(written(cls(values)), "tuple" if cls is tuple else "items") if spread else cls(values)

    def _dict(self, node: ast.Dict) -> Any:
        return {self.value(key): self.value(value) for key, value in zip(node.keys, node.values, strict=True) if key}

    def _joinedstr(self, node: ast.JoinedStr) -> Any:
        return template(map(self._shown, node.values))

    def _shown(self, node: ast.expr) -> str | Code:
        if not isinstance(node, ast.FormattedValue):
            return str(self.value(node))
        value, spec = self.value(node.value), self.value(node.format_spec) if node.format_spec else ""
        if is_known(value):
            return format(value, spec)
        code = value if isinstance(value, Code) else Code(written(value))
        return formatted(code, spec) if spec else code

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return self.test(node)
        value = self.value(node.operand)
        return Code(f"-{value.text}", "number") if isinstance(value, Code) else -value

    def _binop(self, node: ast.BinOp) -> Any:
        return combined(node.op, self.value(node.left), self.value(node.right))

    def _boolop(self, node: ast.BoolOp) -> Any:
        name = "and" if isinstance(node.op, ast.And) else "or"
        value = self.value(node.values[0])
        for each in node.values[1:]:
            if isinstance(value, Code):
                other = self.value(each)
                sort = value.sort if value.sort == sort_of(other) else ""
                value = Code(f"$.{name}({bare(value)}, () => {written(other)})", sort)
            elif bool(value) is (name == "and"):
                value = self.value(each)
        return value

    def _ifexp(self, node: ast.IfExp) -> Any:
        test = self.test(node.test)
        if not isinstance(test, Code):
            return self.value(node.body if test else node.orelse)
        yes, no = self.value(node.body), self.value(node.orelse)
        if yes == no:
            return yes
        return Code(
            f"({test.text} ? {written(yes)} : {written(no)})", sort_of(yes) if sort_of(yes) == sort_of(no) else ""
        )

    def _namedexpr(self, node: ast.NamedExpr) -> Any:
        value = self.names[node.target.id] = self.value(node.value)
        if not is_known(value):
            raise Unsupported(f"a name within an expression, {node.target.id}")
        return value

    def _compare(self, node: ast.Compare) -> Any:
        nodes = [node.left, *node.comparators]
        texts = []
        for op, left, right in zip(node.ops, nodes, nodes[1:], strict=False):
            found = self._compared(op, left, right)
            if found is False:
                return False
            texts += [] if found is True else [found.text]
        return Code(f"({' && '.join(texts)})" if len(texts) > 1 else texts[0], "truth") if texts else True

    def _compared(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> bool | Code:
        where = self.value(right)
        if isinstance(op, (ast.In, ast.NotIn)) and is_known(where) and not where:  # then Python need not know what
            return isinstance(op, ast.NotIn)
        return compared(op, self.value(left), where)

    def _call(self, node: ast.Call) -> Any:
        function = self._called(node.func)
        arguments = self.items(node.args, tuple)
        named = {each.arg: self.value(each.value) for each in node.keywords if each.arg}
        return self.call(
            function, (Code(arguments.text, "spread"),) if isinstance(arguments, Code) else arguments, named
        )

    def _called(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            if not isinstance(owner, Open) and not is_known(owner):
                return Method(owner, node.attr)
        return self.value(node)
