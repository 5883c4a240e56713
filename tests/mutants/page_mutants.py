"""False statements planted into pages: into what they assert and into what they say."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from _ext.law.rules import numbers_claimed, numbers_in, passages_of, violations
from _ext.sources.blocks import Block, read_page
from mutate import changes

_MARK = "__twins__"


def survivors_of_page(page: Path) -> tuple[int, list[str]]:
    """Return how many false statements were planted into a page, and those that nobody noticed.

    The page runs in this process, and leaves things behind in it: each page needs a process of its own.
    """
    blocks = read_page(page)
    code = page.read_text("utf-8") if page.suffix == ".py" else _code_in_place(blocks)
    planted_in_code, survived_in_code, shown = _false_twins(code, page.name)
    planted_in_prose, survived_in_prose = _false_prose(blocks, f"{_code_in_place(blocks)}\n{shown}")
    return planted_in_code + planted_in_prose, survived_in_code + survived_in_prose


def _code_in_place(blocks: list[Block]) -> str:
    """Return the code of a notebook with each line at the place that it has in the file."""
    lines: list[str] = []
    for block in blocks:
        if block.is_code:
            lines += [""] * (block.line - 1 - len(lines)) + block.text.split("\n")
    return "\n".join(lines)


class _PlantTwins(ast.NodeTransformer):
    """Before each assert, evaluate the false versions of its test."""

    def __init__(self) -> None:
        self.twins: list[str] = []

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        tests = [ast.UnaryOp(ast.Not(), node.test), *_broken_tests(node.test)]
        numbers = range(len(self.twins), len(self.twins) + len(tests))
        self.twins += [f"{node.lineno}: {ast.unparse(node.test)}  ->  {ast.unparse(test)}" for test in tests]
        calls = [
            ast.Expr(ast.Call(ast.Name(_MARK, ast.Load()), [ast.Constant(i), _delayed(test)], []))
            for i, test in zip(numbers, tests, strict=True)
        ]
        return [node, *calls]

    def visit_If(self, node: ast.If) -> ast.If:
        # What only runs on a GPU can be neither true nor false where there is none.
        test, no_gpu = ast.unparse(node.test), not torch.cuda.is_available()
        if no_gpu and test.startswith("on_gpu"):
            node.orelse = self._visited(node.orelse)
        elif no_gpu and test == "device.type == 'cpu'":
            node.body = self._visited(node.body)
        else:
            self.generic_visit(node)
        return node

    def _visited(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        return [each for part in statements for each in _as_list(self.visit(part))]


def _as_list(visited: ast.stmt | list[ast.stmt]) -> list[ast.stmt]:
    return visited if isinstance(visited, list) else [visited]


def _delayed(test: ast.expr) -> ast.Lambda:
    no_arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(no_arguments, test)


def _broken_tests(test: ast.expr) -> list[ast.expr]:
    """Return the test with one operator or constant changed, in each place."""
    broken = []
    for i, node in enumerate(ast.walk(test)):
        for change in changes(node):
            version = copy.deepcopy(test)
            target = list(ast.walk(version))[i]
            changed = change(copy.deepcopy(node))
            if target is version:
                broken.append(changed)
            else:
                _swap(version, target, changed)
                broken.append(version)
    return broken


def _swap(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list):
                setattr(parent, field, [new if item is old else item for item in value])


def _false_twins(code: str, name: str) -> tuple[int, list[str], str]:
    """Run a page with twins planted; return their number, those that were never false, and what the page printed."""
    import contextlib
    import io

    planter = _PlantTwins()
    tree = ast.fix_missing_locations(planter.visit(ast.parse(code)))
    found_false: set[int] = set()

    def try_twin(number: int, test: Callable[[], Any]) -> None:
        if number in found_false:
            return
        try:
            holds = bool(test())
        except Exception:
            holds = False
        if not holds:
            found_false.add(number)

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, name, "exec"), {"__name__": "__main__", _MARK: try_twin})
    survived = [text for i, text in enumerate(planter.twins) if i not in found_false]
    return len(planter.twins), survived, printed.getvalue()


def _false_prose(blocks: list[Block], shown: str) -> tuple[int, list[str]]:
    """Change each number of the prose, and take away the block after each claim; return what the law lets pass."""
    planted, survived = 0, []
    absent = next(str(n) for n in range(7001, 9999) if float(n) not in numbers_in(shown))
    for passage in passages_of(blocks):
        for start, number in numbers_claimed(passage):
            text = passage.text[:start] + absent + passage.text[start + len(number) :]
            planted += 1
            if not violations([Block(is_code=False, text=text, line=1)], shown):
                survived.append(f"{passage.line}: {passage.text[start - 20 : start + 20]!r}  ->  {absent}")
        if passage.makes_claim and passage.code_after:
            without = [Block(b.is_code, "pass", b.line) if b.text == passage.code_after else b for b in blocks]
            planted += 1
            if not violations(without, shown):
                survived.append(f"{passage.line}: the block that checks {passage.titles[-1]!r}  ->  pass")
    return planted, survived
