"""What names and attributes in a stopped frame stand for, read without running anything of the program.

Looking at an error must not change the program nor raise a second error. So no property is asked, no `__getattr__` and
no `__getitem__` is called: what would need one is `MISSING`.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
from typing import Any, TypeGuard

import torch

from ..shapes import Shape
from ..torch_internals import without_torch_functions
from .operand import ErrorOperand

MISSING = object()
_REGISTERED = ("_parameters", "_buffers", "_modules")  # where a module keeps what is not among its plain attributes


def is_a(value: object, cls: type) -> bool:
    """Return whether the value is of the class, without asking the value: `isinstance` may run its `__class__`.

    >>> is_a(torch.nn.Parameter(torch.ones(2)), torch.Tensor), is_a(3, torch.Tensor)
    (True, False)
    """
    return cls in type(value).__mro__


def is_tensor(value: object) -> TypeGuard[torch.Tensor]:
    return is_a(value, torch.Tensor)


def is_module(value: object) -> bool:
    return is_a(value, torch.nn.Module)


def is_array(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and is_a(value, numpy.ndarray)


def read(node: ast.expr, frame: types.FrameType | None) -> Any:
    """Return what an expression stands for in a frame, `MISSING` where that cannot be known without running it."""
    try:
        return MISSING if frame is None else _read(node, frame)
    except Exception:  # whatever is wrong with the program's objects, it is not to become a second error
        return MISSING


def _read(node: ast.expr, frame: types.FrameType) -> Any:
    found: Any
    match node:
        case ast.Constant(value=found):
            pass
        case ast.Name(id=name):
            found = _variable(name, frame)
        case ast.Attribute(value=base, attr=name):
            found = attribute(_read(base, frame), name)
        case ast.Subscript(value=base, slice=index):
            found = _item(_read(base, frame), _read(index, frame))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            found = -value
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            found = tuple(_read(each, frame) for each in elements)
        case _:
            found = MISSING
    return found


def _variable(name: str, frame: types.FrameType) -> Any:
    if name in frame.f_locals:
        return frame.f_locals[name]
    return dict.get(frame.f_globals, name, MISSING)


def attribute(base: object, name: str) -> Any:
    """Return an attribute that is stored: of a Python module, of an object's dictionary, or registered in a module.

    >>> layer = torch.nn.Linear(2, 3)
    >>> attribute(layer, "in_features"), attribute(layer, "bias") is layer.bias, attribute(layer.bias, "T") is MISSING
    (2, True, True)
    """
    if base is MISSING:
        return MISSING
    if type(base) is types.ModuleType:
        return vars(base).get(name, MISSING)
    if is_module(base):
        for group in _REGISTERED:
            found = _plain_get(inspect.getattr_static(base, group, None), name)
            if found is not MISSING:
                return found
    value = inspect.getattr_static(base, name, MISSING)
    return MISSING if hasattr(type(value), "__get__") else value


def _plain_get(mapping: object, key: object) -> Any:
    return dict.get(mapping, key, MISSING) if isinstance(mapping, dict) else MISSING


def _item(base: object, index: object) -> Any:
    """Return an item of a plain list, tuple or dictionary, or a part of a module that holds parts by number."""
    if type(index) not in (int, str):
        return MISSING
    if type(base) in (list, tuple) and type(index) is int:
        items: Any = base
        return items[index]
    if type(base) is dict:
        return dict.get(base, index, MISSING)
    if type(base) in (torch.nn.ModuleList, torch.nn.Sequential, torch.nn.ModuleDict):
        return _plain_get(inspect.getattr_static(base, "_modules", None), str(index))
    return MISSING


def described(name: str, value: object) -> ErrorOperand:
    """Return shape, dtype and device of a tensor or an array, as far as they can be read."""
    if is_array(value):
        numpy = sys.modules["numpy"]
        shape, dtype = numpy.ndarray.shape.__get__(value), numpy.ndarray.dtype.__get__(value)
        return ErrorOperand(name, tuple(shape), str(dtype), "cpu")
    return ErrorOperand(name, shape_of(value), _text_of(value, "dtype"), _text_of(value, "device"))


def shape_of(value: object) -> Shape | None:
    """Return the shape of a tensor or an array, None for anything else.

    >>> shape_of(torch.ones(2, 3)), shape_of([1, 2])
    ((2, 3), None)
    """
    if is_array(value):
        return tuple(sys.modules["numpy"].ndarray.shape.__get__(value))
    lazy = is_a(value, torch.nn.UninitializedParameter) or is_a(value, torch.nn.UninitializedBuffer)
    sizes = None if lazy else stored(value, "shape")
    try:
        return None if sizes is None else tuple(int(size) for size in sizes)
    except Exception:  # sizes that a trace keeps open
        return None


def _text_of(value: object, name: str) -> str | None:
    found = stored(value, name)
    return None if found is None else str(found).removeprefix("torch.")


def stored(value: object, name: str) -> Any:
    """Return an attribute as torch itself stores it, whatever a subclass makes of it; None if there is none."""
    if not is_tensor(value):
        return None
    try:
        with without_torch_functions():
            return getattr(torch.Tensor, name).__get__(value)
    except Exception:
        return None


def is_inference(value: object) -> bool:
    """Return whether a tensor was made in inference mode."""
    if not is_tensor(value):
        return False
    with without_torch_functions():
        return bool(torch.Tensor.is_inference(value))
