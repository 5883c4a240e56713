"""What functions do, statement by statement, as JavaScript."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from .expressions import Expressions
from .operators import combined
from .values import NEVER, Code, Unsupported, bare, is_known, variable, written

_NAMED = re.compile(r"\w+|c\.\w+\(\"\w+\"\)")  # code that needs no variable: it is short, and always the same


@functools.cache
def _parsed(function: Any) -> ast.FunctionDef:
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(node, ast.FunctionDef):
        raise Unsupported("it is no function of its own")
    return node


def _changed(nodes: Iterable[ast.AST]) -> list[str]:
    """Return the names that a part of a function gives values to, and those of lists that it changes."""
    found = []
    for node in (each for outer in nodes for each in ast.walk(outer)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                found.append(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                found += [name, name]
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append")):
                found += [name, name]
    return found


class Function:
    """One function, for what is known of its arguments.

    Parameters
    ----------
    call : callable
        Returns what a call returns: a value or its code.
    function : callable
        A function of Python.
    names : dict
        Its arguments: values, or the code of them.
    """

    def __init__(self, call: Callable[..., Any], function: Any, names: dict[str, Any]) -> None:
        self.inside = Expressions(dict(names), function.__globals__, call)
        self.is_generator = inspect.isgeneratorfunction(function)
        self.lines: list[str] = []
        self.variables: dict[str, None] = {}
        self.returned: list[Any] = []
        self.depth = 0  # in how many branches and loops of which the browser decides
        body = _parsed(function).body
        changed = _changed(body)
        self.changing = {name for name in changed if changed.count(name) > 1}  # not the same from their first value on
        if not self._block(body) and not self.is_generator:
            self._return(None)
        self._leave_out()

    def single(self) -> Any:
        """Return the one value that the function returns, or the function itself if it is more than that."""
        if self.is_generator:
            return self if self.lines else ()
        written_before = self.lines[:-1]
        simple = not any(line.endswith("{") for line in written_before)
        is_one = len(self.returned) == 1 and (not written_before or (simple and is_known(self.returned[0])))
        return self.returned[0] if is_one else self

    def text(self, name: str, parameters: list[str]) -> str:
        """Return the function as JavaScript."""
        head = f"function{'*' * self.is_generator} {name}({', '.join(parameters)}) {{"
        declared = [f"let {', '.join(self.variables)};"] * bool(self.variables)
        return "\n".join([head, *(f"  {line}" for line in [*declared, *self.lines]), "}"])

    def _leave_out(self) -> None:
        """Leave out variables that nothing asks for."""
        for name in [*self.variables]:
            lines = [line for line in self.lines if re.search(rf"\b{name}\b", line)]
            if len(lines) == 1 and lines[0].lstrip().startswith(f"{name} = "):
                self.lines.remove(lines[0])
                del self.variables[name]

    def _write(self, line: str) -> None:
        self.lines.append("  " * self.depth + line)

    # Statements: each method tells whether nothing behind it is reached

    def _block(self, statements: list[ast.stmt]) -> bool:
        return any(self._statement(each) for each in statements)

    def _statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.Pass() | ast.Assert() | ast.Expr(value=ast.Constant()):
                return False
            case ast.Return(value=value):
                return self._return(None if value is None else self.inside.value(value))
            case ast.Continue():
                self._write("continue;")
                return True
            case ast.If():
                return self._if(node)
            case ast.For(orelse=[]):
                self._for(node)
            case ast.Expr(value=value):
                self._do(value)
            case _:
                self._assignment(node)
        return False

    def _return(self, value: Any) -> bool:
        self.returned.append(value)
        if not self.is_generator:
            self._write(f"return {bare(value)};")
        elif self.depth:
            self._write("return;")
        return True

    def _do(self, node: ast.expr) -> None:
        match node:
            case ast.Yield(value=ast.expr() as value):
                self._write(f"yield {bare(self.inside.value(value))};")
            case ast.YieldFrom(value=value):
                made = self.inside.value(value)
                if made != ():
                    self._write(f"yield* {bare(made)};")
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value]):
                self._write(f"{written(self.inside.names[name])}.push({bare(self.inside.value(value))});")
            case _:
                raise Unsupported(f"the statement {ast.unparse(node)}")

    def _if(self, node: ast.If) -> bool:
        test = self.inside.test(node.test)
        if not isinstance(test, Code):
            return self._block(node.body if test else node.orelse)
        self._settle([*node.body, *node.orelse])
        before = len(self.lines)
        self._write(f"if ({bare(test)}) {{")
        ended = [self._indented(node.body)]
        middle = len(self.lines)
        self._write("} else {")
        ended.append(self._indented(node.orelse))
        if len(self.lines) == middle + 1:
            del self.lines[middle]
        if len(self.lines) == before + 1:  # nothing is done in either case
            del self.lines[before]
        else:
            self._write("}")
        return all(ended)

    def _for(self, node: ast.For) -> None:
        items = self.inside.looped(node.iter)
        if isinstance(items, Code) or items:
            self._settle(node.body)
            self._write(f"for (const {self.inside.loop(node.target)} of {bare(items)}) {{")
            self._indented(node.body)
            self._write("}")

    def _indented(self, statements: list[ast.stmt]) -> bool:
        self.depth += 1
        ended = self._block(statements)
        self.depth -= 1
        return ended

    def _settle(self, nodes: list[ast.stmt]) -> None:
        """Write what is known of variables that a branch or a loop may change: behind it, the browser alone knows."""
        for name in dict.fromkeys(_changed(nodes)):
            value = self.inside.names.get(name, NEVER)
            if value is not NEVER and not (isinstance(value, Code) and value.text == variable(name) and not value.sort):
                self._keep(name, value)

    def _assignment(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, self.inside.value(value))
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                self._keep(name, combined(op, self.inside.names[name], self.inside.value(value)))
            case _:
                raise Unsupported(f"the statement {ast.unparse(node).splitlines()[0]}")

    def _assign(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name) if self.depth or name in self.changing or isinstance(value, Code):
                self._keep(name, value)
            case ast.Name(id=name):
                self.inside.names[name] = value
            case ast.Tuple(elts=targets) if not isinstance(value, Code) and not self.changing & {*_changed(targets)}:
                for each, part in zip(targets, value, strict=True):
                    self._assign(each, part)
            case ast.Tuple(elts=targets):
                names = [each.id for each in targets if isinstance(each, ast.Name)]
                self._write(f"[{', '.join(map(variable, names))}] = $.unpacked({bare(value)}, {len(targets)});")
                for name in names:
                    self._declare(name, "")
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                place = written(self.inside.value(index))
                self._write(f"{written(self.inside.names[name])}[{place}] = {bare(value)};")
            case _:
                raise Unsupported(f"an assignment to {ast.unparse(target)}")

    def _keep(self, name: str, value: Any) -> None:
        """Write the value of a variable."""
        changing = {*self.changing, *map(variable, self.changing)}
        if isinstance(value, Code) and _NAMED.fullmatch(value.text) and not {name, value.text} & changing:
            self.inside.names[name] = value
            return
        self._write(f"{variable(name)} = {bare(value)};")
        self._declare(name, getattr(value, "sort", "") if not self.depth and name not in self.changing else "")

    def _declare(self, name: str, sort: str) -> None:
        self.variables[variable(name)] = None
        self.inside.names[name] = Code(variable(name), sort)
