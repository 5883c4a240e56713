"""What is made of the items of something: lists, sets and dictionaries, in one expression."""

from __future__ import annotations

import ast
from typing import Any

from .values import Code, Unsupported, bare, variable, written


class Comprehensions:
    """What such expressions stand for, where names have these values."""

    names: dict[str, Any]

    def value(self, node: ast.expr) -> Any:
        """Return what an expression stands for."""
        raise NotImplementedError

    def test(self, node: ast.expr) -> bool | Code:
        """Return whether an expression is true."""
        raise NotImplementedError

    def _listcomp(self, node: ast.ListComp) -> Any:
        made = self._comprehension(node.generators, node.elt)
        return made if isinstance(made, list) else Code(f"$.list(...{made.text})", "items")

    def _generatorexp(self, node: ast.GeneratorExp) -> Any:
        return self._comprehension(node.generators, node.elt)

    def _setcomp(self, node: ast.SetComp) -> Any:
        made = self._comprehension(node.generators, node.elt)
        return set() if isinstance(made, list) else Code(f"new Set({made.text})")

    def _dictcomp(self, node: ast.DictComp) -> Any:
        made = self._comprehension(node.generators, ast.Tuple([node.key, node.value], ast.Load()))
        return {} if isinstance(made, list) else Code(f"Object.fromEntries({made.text})")

    def _comprehension(self, generators: list[ast.comprehension], element: ast.expr) -> Any:
        first, *others = generators
        items = self.looped(first.iter)
        if not isinstance(items, Code) and not items:
            return []
        before = dict(self.names)
        target, text = self.loop(first.target), written(items)
        for each in first.ifs:
            text += f".filter(({target}) => {bare(self.test(each))})"
        made = self._comprehension(others, element) if others else self.value(element)
        self.names = before
        if written(made) != target:
            text += f".{'flatMap' if others else 'map'}(({target}) => {written(made)})"
        return Code(text, "tuple")

    def looped(self, node: ast.expr) -> Any:
        """Return what a loop goes over: of a dictionary its keys."""
        items = self.value(node)
        return tuple(items) if isinstance(items, dict) else items

    def loop(self, target: ast.expr) -> str:
        """Return the variable of a loop, or the several of which each item is made."""
        names = [target] if isinstance(target, ast.Name) else target.elts if isinstance(target, ast.Tuple) else []
        for each in names:
            if not isinstance(each, ast.Name):
                raise Unsupported(f"a loop over {ast.unparse(target)}")
            self.names[each.id] = Code(variable(each.id))
        listed = ", ".join(self.names[each.id].text for each in names if isinstance(each, ast.Name))
        return listed if isinstance(target, ast.Name) else f"[{listed}]"
