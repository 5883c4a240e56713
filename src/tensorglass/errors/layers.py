"""Which layer of a model was running when an exception was raised, by its path from the outermost module."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .reading import MISSING, attribute, is_module, is_tensor
from .source import Failure, is_library

_RUNNERS = ("_call_impl", "_wrapped_call_impl")  # of torch, around each forward


@dataclass(frozen=True, eq=False)
class FailingLayer:
    """The innermost module that was running.

    Attributes
    ----------
    module : torch.nn.Module
        The module itself.
    path : str
        Its path from the outermost module that was running, such as ``encoder.2.fc1``; empty for that one.
    inputs : tuple
        What its forward method was called with, by position, as far as the names still stand for it.
    is_own : bool
        Whether its forward method is the program's own and not torch's.
    """

    module: Any
    path: str
    inputs: tuple[Any, ...]
    is_own: bool

    @property
    def kind(self) -> str:
        return type(self.module).__name__

    @property
    def name(self) -> str:
        """The path, or the class where there is none."""
        return self.path or self.kind

    @property
    def shown(self) -> str:
        """The layer as a sentence names it."""
        return f"`{self.path}` ({self.kind})" if self.path else self.kind

    def setting(self, name: str) -> Any:
        """Return an attribute of the module, such as `in_features`; None if it has none of that name."""
        value = attribute(self.module, name)
        return None if value is MISSING else value

    @property
    def input(self) -> Any:
        """The first tensor that it was called with, or None."""
        return next((value for value in self.inputs if is_tensor(value)), None)


def failing_layer(found: Sequence[Failure]) -> FailingLayer | None:
    """Return the innermost module among the frames of a traceback, None outside of modules."""
    running = [(failure, module) for failure in found if (module := _module_of(failure)) is not None]
    if not running:
        return None
    innermost = running[-1][1]
    path = path_in(running[0][1], innermost)
    if path is None:  # called without being registered: the outermost that knows it
        path = next(known for _, module in running if (known := path_in(module, innermost)) is not None)
    forward = next((each for each, module in running if module is innermost and not _is_runner(each)), running[-1][0])
    return FailingLayer(innermost, path, _arguments(forward), not is_library(forward.path))


def _is_runner(failure: Failure) -> bool:
    return failure.frame.f_code.co_name in _RUNNERS and is_library(failure.path)


def _module_of(failure: Failure) -> Any:
    code = failure.frame.f_code
    if code.co_varnames[:1] != ("self",) or code.co_name == "__init__":
        return None  # a function that a module is handed to, such as one that trains it, is none of its own
    value = failure.frame.f_locals.get("self")
    return value if is_module(value) else None


def _arguments(failure: Failure) -> tuple[Any, ...]:
    code = failure.frame.f_code
    return tuple(failure.frame.f_locals.get(name) for name in code.co_varnames[1 : code.co_argcount])


def path_in(root: Any, module: Any) -> str | None:
    """Return the path of a module inside another one, read from what is registered, None if it is not inside.

    >>> import torch
    >>> inner = torch.nn.Linear(2, 2)
    >>> path_in(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Sequential(inner)), inner)
    '1.0'
    """
    left, seen = [(root, "")], set[int]()
    for current, path in left:
        if current is module:
            return path
        parts = inspect.getattr_static(current, "_modules", None)
        if id(current) in seen or not isinstance(parts, dict):
            continue
        seen.add(id(current))
        left += [(part, f"{path}.{name}".removeprefix(".")) for name, part in dict.items(parts) if is_module(part)]
    return None
