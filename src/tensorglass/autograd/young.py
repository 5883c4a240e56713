"""Which tensors are young: made since a moment, by whatever made them.

Some functions cannot be watched when they make a tensor: `torch.from_numpy`, and compiled code when it allocates. The
garbage collector tells old objects from young ones all the same. A new object is of its youngest generation; only a
collection moves it on, and that is announced.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch

from ..torch_internals import FakeTensor

# Of other subclasses a look at the memory may call code of their own.
_LOOKED_AT = frozenset([torch.Tensor, torch.nn.Parameter, FakeTensor])
_YOUNG = (0, 1)  # generations; the third one holds what has outlived two collections


class YoungTensors:
    """The tensors of the young generations, and a call before they grow old, while the block runs.

    Parameters
    ----------
    on_growing_old : callable
        Called without arguments before a collection moves young objects to the generation of the old ones.
    """

    def __init__(self, on_growing_old: Callable[[], None]) -> None:
        self._on_growing_old = on_growing_old

    def __enter__(self) -> YoungTensors:
        self._thread = threading.get_ident()
        gc.callbacks.append(self._collecting)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._collecting)

    def tensors(self) -> list[torch.Tensor]:
        """Return the tensors, plain, parameters and fake ones, that are young now."""
        return [each for generation in _YOUNG for each in gc.get_objects(generation) if type(each) in _LOOKED_AT]

    def _collecting(self, phase: str, info: dict[str, Any]) -> None:
        grow_old = phase == "start" and info["generation"] >= max(_YOUNG)
        if grow_old and threading.get_ident() == self._thread:
            self._on_growing_old()


def tensors_by_age() -> Iterator[list[torch.Tensor]]:
    """Yield the tensors that Python knows, a generation at a time, the youngest first.

    The last one may hold millions of objects, which takes tens of milliseconds.
    """
    kinds = _kinds_of(torch.Tensor)
    for generation in range(len(gc.get_threshold())):
        yield [each for each in gc.get_objects(generation) if type(each) in kinds]


def _kinds_of(kind: type) -> set[type]:
    """Return a class with all that derive from it."""
    return {kind}.union(*map(_kinds_of, kind.__subclasses__()))
