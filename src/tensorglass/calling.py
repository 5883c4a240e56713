"""Calling functions and models only to look: what they are called with, and nothing of theirs is changed."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch.nn import DataParallel

from .torch_internals import versions_kept

# Whose lines are not the user's: torch, this library, and the code that its einsum generates.
_LIBRARIES = (os.path.dirname(torch.__file__) + os.sep, os.path.dirname(__file__) + os.sep, "<einsum ")
# Modules for which `functional_call` raises, alone or inside another module.
_NOT_FUNCTIONAL = (torch.jit.ScriptModule, DataParallel)


def arguments(model: torch.nn.Module, batch: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the positional arguments and the keywords that a batch stands for, as a loop over a data loader uses it.

    A tuple holds positional arguments; a named tuple, such as a packed sequence, is one argument. A mapping holds
    keywords if the model can be called with all of them, and is one argument otherwise.

    >>> arguments(torch.nn.ReLU(), {"input": 3}), arguments(torch.nn.ReLU(), {"ids": 3})
    (((), {'input': 3}), (({'ids': 3},), {}))
    """
    if isinstance(batch, Mapping) and _takes(model, batch):
        return (), dict(batch)
    return (batch if type(batch) is tuple else (batch,)), {}


def _takes(model: torch.nn.Module, keywords: Mapping[Any, Any]) -> bool:
    called = model.module if isinstance(model, DataParallel) else model  # the wrapper takes anything
    try:
        inspect.signature(called.forward).bind(**keywords)
    except TypeError:
        return False
    return True


def function_name(func: Callable[..., Any]) -> str:
    """Return the name without the outer underscores of an operator; the one that marks an in-place method stays.

    >>> function_name(torch.Tensor.__add__), function_name(torch.Tensor.add_), function_name(torch.Tensor.T.__get__)
    ('add', 'add_', 'T')
    """
    name = func.__name__
    if name == "__get__":  # an attribute such as `x.T`
        return str(func.__self__.__name__)  # type: ignore[attr-defined]
    return name.strip("_") if name.startswith("__") else name


def calling_place() -> tuple[str, int]:
    """Return file and number of the innermost line that belongs neither to torch nor to this library."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_LIBRARIES):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def place_text(place: tuple[str, int]) -> str:
    """Return a line of code as a reader looks for it: the name of the file, without its folder, and the number.

    In a notebook it is called as in the notebook's tracebacks, such as `Cell In[5], line 2`: the file of a cell has a
    name that nobody has seen.

    >>> place_text((os.path.join("project", "train.py"), 12))
    'train.py:12'
    """
    filename, line = place
    cell = _cell(filename)
    return f"{os.path.basename(filename)}:{line}" if cell is None else f"{cell}, line {line}"


def _cell(filename: str) -> str | None:
    """Return what IPython calls the cell that it has compiled under this name; None if there is none."""
    ipython = sys.modules.get("IPython")
    compiler = None if ipython is None else getattr(ipython.get_ipython(), "compile", None)
    named = getattr(compiler, "format_code_name", None)
    words = None if named is None else named(filename)  # no shell is running, or it is older than IPython 8
    return None if words is None else " ".join(words)


def tensors_in(value: object) -> Iterator[torch.Tensor]:
    """Yield the tensors in a value: itself, or inside tuples, lists, mappings and dataclasses, to any depth."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from tensors_in(getattr(value, field.name))


def prepared_call(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[], Any]:
    """Return the call to make, which leaves the buffers of a module as they are: it works on copies of them.

    The buffers of a scripted module and of one in `DataParallel`, which cannot be exchanged, are put back afterwards.

    >>> norm = torch.nn.BatchNorm1d(2)
    >>> _ = prepared_call(norm, (torch.ones(3, 2),), {})()
    >>> norm.num_batches_tracked
    tensor(0)
    """
    if not isinstance(fn, torch.nn.Module):
        return lambda: fn(*args, **kwargs)
    if any(isinstance(module, _NOT_FUNCTIONAL) for module in fn.modules()):
        return lambda: _called_and_put_back(fn, args, kwargs)
    copies = {name: buffer.clone() for name, buffer in fn.named_buffers()}
    return lambda: torch.func.functional_call(fn, copies, args, kwargs)


def _called_and_put_back(module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    buffers = tuple(module.buffers())
    copies = [buffer.clone() for buffer in buffers]
    try:
        return module(*args, **kwargs)
    finally:
        # What the backward pass kept of a buffer must not look as if it had been changed.
        with torch.no_grad(), versions_kept(buffers):
            for buffer, copy in zip(buffers, copies, strict=True):
                buffer.copy_(copy)


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Put the random state of the CPU, and of CUDA where it is in use, back when the block ends."""
    initialized = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    cuda = range(torch.cuda.device_count()) if initialized else ()
    with torch.random.fork_rng(cuda):
        yield
