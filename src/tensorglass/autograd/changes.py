"""Which saved tensors were changed in place since they were saved, so that torch refuses to use them, and by what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch

from ..calling import calling_place, place_text
from ..memory.tensors_inside import storage_parts
from ..torch_internals import node_number, storage_key, version_of
from .graph import Held, changed_tensors, nodes_behind


class _Place(NamedTuple):
    """Where a saved tensor stands among those recorded, and the storage that it lies in."""

    position: int
    storage: int


class Changes:
    """Remembers what is saved and what changes storages in place, and finds in the graph what torch would refuse."""

    def __init__(self) -> None:
        self._saved: dict[tuple[int, str, int], list[_Place]] = {}  # by node, field and which of several
        self._by: dict[int, str] = {}  # by storage

    def remember(self, node: Any, held: Held, storage: int, position: int) -> None:
        """Remember that a node has saved a tensor, and where that was recorded."""
        key = (node_number(node), held.field, held.which)
        self._saved.setdefault(key, []).append(_Place(position, storage))

    def note(self, operation: str, inputs: Sequence[torch.Tensor], versions: Sequence[int]) -> None:
        """Remember which inputs an operation has changed: those that had other versions before it."""
        for tensor, version in zip(inputs, versions, strict=True):
            if version_of(tensor) != version:
                where = f"{operation} in {place_text(calling_place())}"
                self._by.update((storage_key(part), where) for part in storage_parts(tensor))

    def find(self, results: Iterable[torch.Tensor]) -> Iterator[tuple[int, str]]:
        """Yield position and cause of each saved tensor that was changed, as far as the graph is still there."""
        for node in nodes_behind(results):
            for field, which in changed_tensors(node):
                for place in self._saved.get((node_number(node), field, which), ()):
                    yield place.position, self._by.get(place.storage, "an operation in place")
