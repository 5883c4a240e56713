"""Shapes of simple expressions in a stopped frame, from the shapes of what they consist of. Nothing is computed."""

from __future__ import annotations

import ast
from types import FrameType

from ..shapes import Shape, broadcast_shape
from .reading import MISSING, read, shape_of

# Methods that return a tensor of the shape that they are called on, and attributes that exchange its last axes.
_SAME = frozenset(
    """
    float double half bfloat16 long int bool cpu cuda to detach clone contiguous abs exp log sqrt square relu sigmoid
    tanh neg requires_grad_ clamp
    """.split()
)
_TURNED = {"T", "mT", "t"}


def inferred_shape(node: ast.expr, frame: FrameType | None) -> Shape | None:
    """Return the shape of an expression, None where it does not follow from shapes that can be read.

    It follows for names, arithmetic and comparisons element by element, products of matrices, `x.T`, and methods that
    keep the shape, such as `x.float()`.
    """
    value = read(node, frame)
    if value is not MISSING:
        return () if type(value) in (int, float, bool, complex) else shape_of(value)
    shape = None
    match node:
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert(), operand=operand):
            shape = inferred_shape(operand, frame)
        case ast.BinOp(op=ast.MatMult(), left=left, right=right):
            shape = _product(inferred_shape(left, frame), inferred_shape(right, frame))
        case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
            shape = _together(inferred_shape(left, frame), inferred_shape(right, frame))
        case ast.Attribute(value=base, attr=name) | ast.Call(func=ast.Attribute(value=base, attr=name), args=[]):
            shape = _method(name, inferred_shape(base, frame))
        case ast.Call(func=ast.Attribute(value=base, attr=name)) if name in _SAME:
            shape = inferred_shape(base, frame)
    return shape


def _method(name: str, shape: Shape | None) -> Shape | None:
    if shape is not None and name in _TURNED and len(shape) == 2:
        return shape[::-1]
    return shape if name in _SAME else None


def _product(left: Shape | None, right: Shape | None) -> Shape | None:
    if left is None or right is None or len(left) != 2 or len(right) != 2:
        return None
    return (left[0], right[1])


def _together(left: Shape | None, right: Shape | None) -> Shape | None:
    return None if left is None or right is None else broadcast_shape([left, right])
