"""What an object keeps alive, with names: the parts of modules, optimizers, collections and plain objects.

Nothing is called that an object's class defines: what holds memory lies in attributes, slots and elements, and these
are read as Python's own types keep them, past properties and lazy mappings.
"""

from __future__ import annotations

import enum
import gc
import itertools
import logging
import sys
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from ..torch_internals import SavedTensor, groups_of, saved_tensors_are_readable
from .kinds import BUFFERS, OPTIMIZER_STATE, PACKED_WEIGHTS, PARAMETERS

# These hold no tensors. Types are compared first, since most of what a heap holds is of few of them.
_NUMBERS_AND_TEXTS = (int, float, complex, bool, str, bytes, bytearray, range, slice, type(None), type(...))
_TORCHS = (torch.Size, torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Generator)
_PYTHONS = (types.CodeType, types.FrameType, types.ModuleType, weakref.ref, type)
_PLAIN = frozenset(_NUMBERS_AND_TEXTS + _TORCHS + _PYTHONS)
_WITHOUT_TENSORS = (
    *(type, enum.Enum, np.generic, np.dtype, types.ModuleType, weakref.ReferenceType, logging.Logger),
    *(torch.dtype, torch.Stream, torch.Event, torch.Generator),
    *weakref.ProxyTypes,  # these pass for what they point to
)
# Groups of processes, and what stands for them, hold a few numbers; modules refer to them, and do not own them.
_WITHOUT_TENSORS_BY_NAME = ("DeviceMesh", "ProcessGroup", "pybind11_detail")
_COMPILER = ("torch._dynamo", "torch._inductor", "torch._functorch", "torch._guards")  # named, not looked into
_COLLECTED = 1 << 14  # the flag of types whose references Python's garbage collector can follow
_COLLECTIONS = (list, tuple, deque, set, frozenset)


class Member(NamedTuple):
    """One part of an object.

    Attributes
    ----------
    key : str
        An attribute such as `weight`, or an index such as `[3]`.
    part : object
    kind : str or None
        The kind of the memory in it, or None if it is that of the whole.
    saved : bool
        Whether `torch.save` writes it together with the whole.
    registered : bool
        Whether it is a parameter or buffer under its name in a module.
    """

    key: str
    part: Any
    kind: str | None = None
    saved: bool = True
    registered: bool = False


def is_plain(value: Any) -> bool:
    """Return whether the value holds no tensors: a number, a text, a class, or one of torch's descriptions."""
    cls: Any = type(value)
    return cls in _PLAIN or _is_plain_type(cls)


def has_no_parts(value: Any) -> bool:
    """Return whether the value is plain, or a collection of plain values alone, as most of a large heap is."""
    if type(value) in (list, tuple):
        return _PLAIN.issuperset(map(type, value))
    if type(value) is dict:
        return _PLAIN.issuperset(map(type, value.values())) and _PLAIN.issuperset(map(type, value))
    return is_plain(value)


@lru_cache(maxsize=4096)
def _is_plain_type(cls: Any) -> bool:
    return issubclass(cls, _WITHOUT_TENSORS) or cls.__name__.startswith(_WITHOUT_TENSORS_BY_NAME)


def members(value: Any) -> Iterator[Member] | None:
    """Return the parts of an object that is not a tensor; None if it cannot be looked into."""
    cls: Any = type(value)
    way_in = _way_into(cls)
    return _of_object(value) if way_in is None else way_in(value)


@lru_cache(maxsize=4096)
def _way_into(cls: Any) -> Callable[[Any], Iterator[Member] | None] | None:
    """Return the function that gives the parts of objects of a class; None for those of no special kind."""
    if issubclass(cls, torch.nn.Module):
        return _of_module
    if cls.__module__.startswith(_COMPILER) and not issubclass(cls, (*_COLLECTIONS, dict)):
        return _closed
    for base, way_in in _WAYS_IN.items():
        if issubclass(cls, base):
            return way_in
    return None


def _closed(value: object) -> None:
    """Return that the object is not looked into."""


def _of_object(value: object) -> Iterator[Member] | None:
    elements, attributes = _elements(value), _attributes(value)
    others: Iterator[Member] = iter(())
    if elements is None and type(value).__flags__ & _COLLECTED:
        others = _others(value)
    elif elements is None and attributes is None and type(value).__module__ not in sys.stdlib_module_names:
        return None
    return itertools.chain(elements or (), itertools.starmap(Member, (attributes or {}).items()), others)


def _of_module(module: torch.nn.Module) -> Iterator[Member]:
    parameters, buffers, modules, others = groups_of(module)
    for kind, group in ((PARAMETERS, parameters), (BUFFERS, buffers)):
        yield from (Member(name, part, kind, registered=True) for name, part in group.items())
    yield from itertools.starmap(Member, modules.items())
    if not isinstance(module, torch.jit.ScriptModule):  # those of a scripted module are its own handles
        yield from itertools.starmap(Member, others.items())


def _of_optimizer(optimizer: torch.optim.Optimizer) -> Iterator[Member]:
    for i, group in enumerate(optimizer.param_groups):
        yield Member(f"param_groups[{i}].params", group["params"], PARAMETERS)
    yield Member("state", list(optimizer.state.values()), OPTIMIZER_STATE)
    for name, part in vars(optimizer).items():
        yield Member(name, part, OPTIMIZER_STATE)


def _of_packed(value: Any) -> Iterator[Member] | None:
    """Yield what an object of a class of C++ gives for a file: the weights that a quantized layer packs."""
    try:
        state = value.__getstate__()
    except (AttributeError, RuntimeError):  # this class has no such method
        return None
    return iter((Member("packed", state, PACKED_WEIGHTS),))


def _of_method(value: types.MethodType) -> Iterator[Member]:
    yield Member("__self__", value.__self__, saved=False)
    yield Member("__func__", value.__func__, saved=False)


def _of_function(value: types.FunctionType) -> Iterator[Member] | None:
    """Return what a function keeps alive: the variables around it, and its defaults. A file has neither."""
    if str(value.__module__).startswith(_COMPILER):
        return None
    around = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
    # A cell that is not filled yet refers to nothing.
    found = [(name, content) for name, cell in around for content in gc.get_referents(cell)]
    found += [("defaults", value.__defaults__), ("defaults", value.__kwdefaults__), ("", vars(value))]
    return (Member(name, part, saved=False) for name, part in found)


def _of_saved(value: Any) -> Iterator[Member] | None:
    """Return what autograd has saved, not unpacked: with hooks of the user the data are what these packed."""
    if not saved_tensors_are_readable():
        return None
    return (Member("", part) for part in (value.data, value.unpack_hook))


_WAYS_IN: dict[type, Callable[[Any], Iterator[Member] | None]] = {
    torch.optim.Optimizer: _of_optimizer,
    torch.ScriptObject: _of_packed,
    types.FunctionType: _of_function,
    types.MethodType: _of_method,
    SavedTensor: _of_saved,
}


def _elements(value: object) -> Iterator[Member] | None:
    """Return the elements of a collection as Python's own type keeps them, or None for what is none."""
    cls = type(value)
    if issubclass(cls, dict):
        return _of_dictionary(value)  # type: ignore[arg-type]
    for kind in _COLLECTIONS:
        if issubclass(cls, kind):
            elements: Iterator[object] = kind.__iter__(value)  # type: ignore[arg-type]
            names = getattr(cls, "_fields", None)
            if names and kind is tuple:
                return itertools.starmap(Member, zip(names, elements, strict=False))
            return (Member(f"[{i}]", part) for i, part in enumerate(elements) if type(part) not in _PLAIN)
    return _of_array(value) if isinstance(value, np.ndarray) else None


def _of_dictionary(value: dict[Any, Any]) -> Iterator[Member]:
    for key, part in dict.items(value):
        if type(part) not in _PLAIN:
            yield Member(_key_text(key), part)
        if not is_plain(key):
            yield Member("[key]", key)


def _of_array(array: np.ndarray[Any, Any]) -> Iterator[Member]:
    if array.dtype.names:
        for field in array.dtype.names:
            for member in _of_array(np.asarray(array)[field]):
                yield member._replace(key=f"[{field!r}]{member.key}")
    elif array.dtype.hasobject:
        for i, part in enumerate(array.flat):
            yield Member(f"[{i}]", part)


def _others(value: object) -> Iterator[Member]:
    """Return what Python's garbage collector finds in an object: a type of C keeps more there than attributes."""
    own = _dictionary(value)
    return (Member(f"[{i}]", part) for i, part in enumerate(gc.get_referents(value)) if part is not own)


def _key_text(key: object) -> str:
    if type(key) is str:
        return key
    short = type(key) in _PLAIN or (type(key) is tuple and all(type(each) in _PLAIN for each in key))
    return f"[{key!r}]" if short else f"[{type(key).__name__}]"


def _attributes(value: object) -> dict[str, object] | None:
    """Return the attributes of an object, those in slots too; None if its class provides for none."""
    cls: Any = type(value)
    own, slots = _dictionary(value), _slots(cls)
    if own is None and slots is None:
        return None
    found = dict(own or {})
    for name, slot in slots or ():
        try:
            found[name] = slot.__get__(value)
        except AttributeError:
            continue  # nothing was put there
    return found


def _dictionary(value: object) -> dict[str, object] | None:
    try:
        own: dict[str, object] = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return own


@lru_cache(maxsize=4096)
def _slots(cls: Any) -> list[tuple[str, types.MemberDescriptorType]] | None:
    """Return the slots of a class and of those that it is made from; None if none of them speaks of slots."""
    speaking = [vars(base) for base in cls.__mro__ if "__slots__" in vars(base)]
    slots = [item for names in speaking for item in names.items() if isinstance(item[1], types.MemberDescriptorType)]
    return slots if speaking else None
