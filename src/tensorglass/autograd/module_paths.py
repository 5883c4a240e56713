"""Which module is running, by its path from the outermost module that was called.

`torch.utils.module_tracker` answers a similar question, but hooks into the backward pass to do it, follows modules of
all threads at once, and loses its way when a forward method raises.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch.nn import Module

from ..torch_internals import hooks_on_all_modules


class _Running(NamedTuple):
    module: Module
    path: str
    paths: dict[Module, str]  # of the modules inside the outermost one


class ModulePaths:
    """Follows the modules that this thread calls while its block runs.

    Parameters
    ----------
    on_root : callable
        Called with each outermost module before it runs.
    on_exit : callable
        Called with what a module returned, while `current` still is its path.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Sequential(torch.nn.ReLU()))
    >>> seen = []
    >>> with ModulePaths(on_root=lambda module: None, on_exit=lambda output: seen.append(paths.current)) as paths:
    ...     _ = model(torch.ones(1, 2))
    >>> seen
    ['Sequential.0', 'Sequential.1.0', 'Sequential.1', 'Sequential']
    """

    def __init__(self, on_root: Callable[[Module], None], on_exit: Callable[[Any], None]) -> None:
        self._on_root, self._on_exit = on_root, on_exit
        self._running: list[_Running] = []
        self._root_names: WeakKeyDictionary[Module, str] = WeakKeyDictionary()
        self._roots = Counter[str]()
        self._hooks = ExitStack()

    @property
    def current(self) -> str:
        """The path of the innermost module that is running, such as `Sequential.1.0`; empty outside of modules."""
        return self._running[-1].path if self._running else ""

    def __enter__(self) -> ModulePaths:
        self._thread = threading.get_ident()
        self._hooks.enter_context(hooks_on_all_modules(self._enter, self._leave))
        return self

    def __exit__(self, *_: object) -> None:
        self._hooks.close()

    def _enter(self, module: Module, args: Any) -> None:
        if not self._follows():
            return
        paths = self._running[-1].paths if self._running else {}
        if module not in paths:  # nobody's part: the outermost module, or one that is used without being registered
            name = self._root_name(module)
            paths = {part: f"{name}.{path}" if path else name for path, part in module.named_modules()}
            self._on_root(module)
        self._running.append(_Running(module, paths[module], paths))

    def _leave(self, module: Module, args: Any, output: Any) -> None:
        # A hook that raised before ours did leaves the module without an entry.
        if self._follows() and self._running and self._running[-1].module is module:
            self._on_exit(output)
            self._running.pop()

    def _follows(self) -> bool:
        # The compiler traces the hooks together with the module: it is not to see what they do.
        return not torch.compiler.is_dynamo_compiling() and threading.get_ident() == self._thread

    def _root_name(self, module: Module) -> str:
        """Return the name of the class, with a number for the second module of that class and those after it."""
        if module not in self._root_names:
            name = type(module).__name__
            self._roots[name] += 1
            self._root_names[module] = name if self._roots[name] == 1 else f"{name} ({self._roots[name]})"
        return self._root_names[module]
