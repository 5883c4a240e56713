"""The expression that failed, taken apart: what it calls, and on what.

A message that was pasted has no source. Its expression is made up, such as ``a + b``, so that the same rules tell how
to mend both.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..shapes import Shape
from .inferred import inferred_shape
from .operand import ErrorOperand
from .reading import MISSING, described, is_array, is_module, is_tensor, read, shape_of
from .source import FailingCode, offsets

_SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.USub: "-", ast.Not: "not", ast.Invert: "~",
}  # fmt: skip
_NAMESPACES = {"torch", "nn", "F", "np", "numpy", "functional", "linalg", "special", "fft"}
# Operands that torch's functions take by name too, in the order of their places.
_BY_NAME = ("input", "tensors", "mat1", "self", "other", "mat2", "vec2", "target")
AT_MOST = 12  # operands that are listed: a longer list is not read


@dataclass(frozen=True, eq=False)
class Part:
    """An operand as the source has it, and what it stands for, `MISSING` where that could not be read."""

    text: str
    node: ast.expr
    value: Any = MISSING
    span: tuple[int, int] = (0, 0)  # where it stands in the expression, in bytes
    inferred: Shape | None = None  # the shape of what could not be read, where it follows from what could

    @property
    def shape(self) -> Shape | None:
        return self.inferred if self.value is MISSING else shape_of(self.value)

    @property
    def number(self) -> int | None:
        """The whole number that it stands for: nothing else is compared, since that would run code of the program."""
        return self.value if type(self.value) is int else None

    @property
    def code(self) -> str:
        """The source, in parentheses where something is to be written behind it."""
        simple = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.List, ast.Tuple)
        return self.text if isinstance(self.node, simple) else f"({self.text})"

    @property
    def elements(self) -> tuple[Part, ...]:
        """The parts of a list or tuple: those in the source, or those of the list that a name stands for."""
        if isinstance(self.node, (ast.List, ast.Tuple)) and isinstance(self.value, tuple):
            pairs = zip(self.node.elts, self.value, strict=True)
            return tuple(Part(ast.unparse(node), node, value) for node, value in pairs)
        if type(self.value) in (list, tuple):
            return tuple(Part(f"{self.code}[{i}]", self.node, each) for i, each in enumerate(self.value))
        return ()


@dataclass(frozen=True, eq=False)
class Expression:
    """What failed.

    Attributes
    ----------
    text : str
        Its source.
    name : str
        What is done: the name of a function or method, or the sign of an operator; ``+=`` in place, ``[]=`` for an
        assignment to a subscript, ``[]`` for a subscript.
    parts : tuple of Part
        The operands, in order. The tensor of a method comes first.
    keywords : mapping of str to Part
        The arguments that are given by name.
    callee : Part or None
        What is called, if it is not a method of an operand.
    """

    text: str
    name: str
    parts: tuple[Part, ...] = ()
    keywords: Mapping[str, Part] = field(default_factory=dict)
    callee: Part | None = None
    is_method: bool = False

    def replaced(self, codes: Mapping[int, str]) -> str:
        """Return the source with other code in the place of some parts.

        >>> example("a @ b").replaced({1: "b.T"})
        'a @ b.T'
        """
        text = self.text.encode()
        for position in sorted(codes, key=lambda i: self.parts[i].span, reverse=True):
            start, end = self.parts[position].span
            text = text[:start] + codes[position].encode() + text[end:]
        return text.decode()


def example(text: str) -> Expression:
    """Return an expression of which nothing but its form is known."""
    first = ast.parse(text).body[0]
    return _taken_apart(first.value if isinstance(first, ast.Expr) else first, text, None)


def expression_of(code: FailingCode, frame: types.FrameType) -> Expression:
    """Return the failing expression with what its operands stand for."""
    return _taken_apart(code.node, code.source, frame, code.text)


def _taken_apart(node: ast.AST, source: str, frame: types.FrameType | None, text: str | None = None) -> Expression:
    text = source if text is None else text
    begin, _ = offsets(source, node)

    def part(each: ast.expr) -> Part:
        start, end = offsets(source, each)
        value, span = read(each, frame), (start - begin, end - begin)
        inferred = inferred_shape(each, frame) if value is MISSING else None
        return Part(source.encode()[start:end].decode(), each, value, span, inferred)

    name, nodes = _operation(node)
    if isinstance(node, ast.Call):
        return _call(node, text, part)
    return Expression(text, name, tuple(part(each) for each in nodes))


def _operation(node: ast.AST) -> tuple[str, list[ast.expr]]:
    """Return what an expression or a statement does, and its operands."""
    name, nodes = "", list[ast.expr]()
    match node:
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            name, nodes = _SYMBOLS.get(type(op), ""), [left, right]
        case ast.AugAssign(target=target, op=op, value=value):
            name, nodes = _SYMBOLS[type(op)] + "=", [target, value]
        case ast.Assign(targets=[ast.Subscript(value=base, slice=index)], value=value):
            name, nodes = "[]=", [base, index, value]
        case ast.Assign(targets=[ast.Attribute(value=base, attr=attr)], value=value):
            name, nodes = f"{attr}=", [base, value]
        case ast.Assign(value=value) | ast.Return(value=ast.expr() as value):
            name, nodes = "=", [value]
        case ast.UnaryOp(op=op, operand=operand):
            name, nodes = _SYMBOLS.get(type(op), ""), [operand]
        case ast.Subscript(value=base, slice=index):
            name, nodes = "[]", [base, index]
        case ast.Attribute(value=base, attr=attr):
            name, nodes = attr, [base]
        case ast.expr():
            nodes = [node]
    return name, nodes


def _call(node: ast.Call, text: str, part: Any) -> Expression:
    keywords = {each.arg: part(each.value) for each in node.keywords if each.arg}
    by_name = [keywords.pop(name) for name in _BY_NAME if name in keywords]
    parts = [*(part(each) for each in node.args), *by_name]
    callee = part(node.func)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else callee.text
    if isinstance(node.func, ast.Attribute) and callee.value is MISSING:
        receiver = part(node.func.value)
        if _may_be_operand(receiver):
            return Expression(text, name, (receiver, *parts), keywords, None, is_method=True)
    return Expression(text, name, tuple(parts), keywords, callee)


def _may_be_operand(receiver: Part) -> bool:
    """Return whether a method's object is an operand: a tensor, or unknown and not written as a module."""
    if receiver.value is MISSING:
        return receiver.text.split(".")[-1] not in _NAMESPACES and not isinstance(receiver.node, ast.Constant)
    return is_tensor(receiver.value) or is_array(receiver.value)


def operands_of(expression: Expression, frame: types.FrameType | None) -> tuple[ErrorOperand, ...]:
    """Return the tensors and arrays that an expression uses, each once, at most twelve."""
    found: dict[str, ErrorOperand] = {}
    for part in (*expression.parts, *expression.keywords.values()):
        for name, value in _tensors_of(part, frame):
            found.setdefault(name, described(name, value))
    return tuple(found.values())[:AT_MOST]


def _tensors_of(part: Part, frame: types.FrameType | None) -> Iterator[tuple[str, object]]:
    if is_tensor(part.value) or is_array(part.value):
        yield part.text, part.value
    elif part.elements:
        for element in part.elements[:AT_MOST]:
            yield from ([(element.text, element.value)] if shape_of(element.value) is not None else [])
    elif part.value is MISSING:
        yield from _readable_inside(part.node, frame)


def _readable_inside(node: ast.AST, frame: types.FrameType | None) -> Iterator[tuple[str, object]]:
    """Yield the largest parts of an expression that stand for tensors."""
    for child in ast.iter_child_nodes(node):
        value = read(child, frame) if isinstance(child, ast.expr) else MISSING
        if is_tensor(value) or is_array(value):
            yield ast.unparse(child), value
        elif isinstance(child, ast.expr) and type(value) in (list, tuple):
            yield from _tensors_of(Part(ast.unparse(child), child, value), frame)
        elif not is_module(value):
            yield from _readable_inside(child, frame)


def operands_by_name(frame: types.FrameType) -> tuple[ErrorOperand, ...]:
    """Return the tensors that the code of a frame names, where its source is not known, as inside `eval`."""
    code = frame.f_code
    names = dict.fromkeys([*code.co_varnames, *code.co_freevars, *code.co_names])
    values = [(name, read(ast.Name(id=name), frame)) for name in names]
    found = [described(name, value) for name, value in values if is_tensor(value) or is_array(value)]
    return tuple(found[:AT_MOST])
