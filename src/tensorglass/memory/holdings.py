"""What objects hold in memory: the distinct storages behind tensors, modules and collections of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..report import ROWS_SHOWN, NumberColumn, Report, Table, by_block, bytes_text, counted, public
from ..shapes import Shape
from .figures import by_storage, memory, notes, saved_bytes, shared_groups, totals, unreachable
from .found import Found
from .kinds import GRAPH, IN_ORDER, OF_TRAINING, OPTIMIZER_STATE, OTHER, PARAMETERS
from .walk import walk


@public
@dataclass(frozen=True)
class HeldTensor:
    """One tensor that was found.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    name : str
        The way to it, such as `layer.weight` or `cache[3]`; what a graph saved has `grad_fn` and the node's name in it.
    shape, dtype : tuple of int, torch.dtype
        Its shape and dtype; an array's dtype is that of NumPy.
    nbytes : int
        Logical bytes.
    storage : int
        The position of its storage in `Holdings.storages`.
    saved : bool
        Whether `torch.save` would write it. It leaves out gradients and graphs.
    kind : str
        What it is for: "parameters", "gradients", "optimizer state", "buffers", "packed weights" of a quantized
        module, "kept by autograd's graph" or "other". Of a module's tensors those are "other" which it keeps as plain
        attributes, and which its `state_dict` leaves out therefore.
    """

    name: str
    shape: Shape
    dtype: Any
    nbytes: int
    storage: int
    saved: bool
    kind: str


@public
@dataclass(frozen=True)
class HeldStorage:
    """One storage that was found.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    nbytes : int
        Its bytes.
    device : torch.device
        Where it is. A fake tensor's is where it pretends to be.
    tensors : tuple of str
        The names of the tensors that were found in it.
    unreachable_bytes : int or None
        Bytes that none of these tensors reaches; None if they are irregular and too many to list.
    kind : str
        That of its tensors; of several kinds, the first in the order parameters, buffers, optimizer state, gradients,
        packed weights, other, graph.
    """

    nbytes: int
    device: torch.device
    tensors: tuple[str, ...]
    unreachable_bytes: int | None
    kind: str

    def cells(self) -> tuple[str, ...]:
        """Return the storage as cells of a table: tensors, device, bytes, unreachable bytes."""
        # Three names are enough to recognise a storage, and keep the table narrow.
        names = ", ".join(self.tensors[:3]) + (f" and {len(self.tensors) - 3} more" if len(self.tensors) > 3 else "")
        return names, str(self.device), f"{self.nbytes:,}", _bytes_cell(self.unreachable_bytes)


@public
@dataclass(frozen=True, repr=False)
class Holdings(Report):
    """What objects hold in memory. The result of `memory_of`.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    tensors : tuple of HeldTensor
        The tensors and arrays, in the order in which they were found, each once.
    storages : tuple of HeldStorage
        The distinct storages behind them.
    nbytes : int
        Bytes of memory, each counted once, also where two storages lie over one buffer.
    logical_bytes : int
        Bytes of the tensors, as their shapes and types say, each tensor counted for itself.
    unreachable_bytes : int or None
        Bytes held although none of the tensors reaches them; None if they are irregular and too many to list.
    saved_bytes : int
        The size of the file that `torch.save` would write, to within 2 KB and 600 bytes for each storage.
    totals : dict of str to int
        Bytes of memory by kind; together they are `nbytes`.
    shared_groups : tuple of tuple of str
        Names of different tensors that share bytes: each one of a group with at least one other of it. What a graph
        saved is left out.
    tied : tuple of tuple of str
        The names of each parameter or buffer that modules have under several.
    notes : tuple of str
        What was not looked into, and memory of which more may be alive than is seen, a sentence each.
    """

    tensors: tuple[HeldTensor, ...]
    storages: tuple[HeldStorage, ...]
    nbytes: int
    saved_bytes: int
    totals: Mapping[str, int]
    shared_groups: tuple[tuple[str, ...], ...]
    tied: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    @property
    def logical_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors)

    @property
    def unreachable_bytes(self) -> int | None:
        return _sum(storage.unreachable_bytes for storage in self.storages)

    def _content(self) -> Iterable[str | Table]:
        found = f"{counted(len(self.tensors), 'tensor')} in {counted(len(self.storages), 'storage')}"
        yield f"{found}: {bytes_text(self.nbytes)}"
        if set(self.totals) - {OTHER}:
            kinds = [
                kind for kind in IN_ORDER if kind in self.totals or (kind in OF_TRAINING and PARAMETERS in self.totals)
            ]
            rows = tuple((kind, f"{self.totals.get(kind, 0):,}") for kind in kinds)
            yield Table("Totals", ("kind", NumberColumn("bytes")), rows)
        if self.storages:
            yield self._table().shortened("largest")
        yield from _lines("one tensor under several names", self.tied, "tensors under several names")
        yield from _lines("shared memory", self.shared_groups, "groups that share memory")
        if self.unreachable_bytes:
            yield f"unreachable, but kept alive: {bytes_text(self.unreachable_bytes)}"
        if GRAPH in self.totals:
            yield (
                f"kept alive by autograd's graph alone: {bytes_text(self.totals[GRAPH])}; it lives as long as a tensor "
                "with a grad_fn does, and tensor.detach() gives one without"
            )
        yield from self.notes
        yield f"torch.save would write about {bytes_text(self.saved_bytes)}"

    def _table(self) -> Table:
        """Return the storages from the largest, or the blocks of a model if the storages are too many."""
        blocks = by_block([_block_path(storage) for storage in self.storages])
        if len(self.storages) <= ROWS_SHOWN or len(blocks) == len(self.storages):
            several = len({storage.kind for storage in self.storages}) > 1
            kind = ("kind",) if several else ()  # of one kind alone the totals tell
            header = ("tensors", *kind, "device", NumberColumn("bytes"), NumberColumn("unreachable"))
            largest_first = sorted(self.storages, key=lambda storage: -storage.nbytes)
            return Table("Storages", header, tuple(_storage_row(storage, several) for storage in largest_first))
        columns = map(NumberColumn, ("storages", "bytes", "unreachable"))
        groups = {name: [self.storages[i] for i in positions] for name, positions in blocks.items()}
        rows = sorted(groups.items(), key=lambda group: -sum(storage.nbytes for storage in group[1]))
        return Table("Storages by block", ("block", *columns), tuple(_block_row(*row) for row in rows))


def _sum(numbers: Iterable[int | None]) -> int | None:
    each = list(numbers)
    return None if None in each else sum(number for number in each if number is not None)


def _bytes_cell(nbytes: int | None) -> str:
    return "not counted" if nbytes is None else f"{nbytes:,}"


def _block_path(storage: HeldStorage) -> str:
    """Return the path by which a storage belongs to a block; a graph is one, and so is the state of an optimizer.

    A gradient stands with its parameter.
    """
    name, graph, _ = storage.tensors[0].removesuffix(".grad").partition("grad_fn")
    return name.partition("[")[0] if storage.kind == OPTIMIZER_STATE else name + graph


def _storage_row(storage: HeldStorage, with_kind: bool) -> tuple[str, ...]:
    names, *others = storage.cells()
    return (names, storage.kind, *others) if with_kind else (names, *others)


def _block_row(name: str, storages: Sequence[HeldStorage]) -> tuple[str, ...]:
    nbytes = sum(storage.nbytes for storage in storages)
    lost = _sum(storage.unreachable_bytes for storage in storages)
    return name, f"{len(storages):,}", f"{nbytes:,}", _bytes_cell(lost)


def _lines(what: str, groups: Sequence[tuple[str, ...]], plural: str) -> Iterator[str]:
    for group in groups[:ROWS_SHOWN]:
        rest = f" and {len(group) - ROWS_SHOWN} more" if len(group) > ROWS_SHOWN else ""
        yield f"{what}: {', '.join(group[:ROWS_SHOWN])}{rest}"
    if len(groups) > ROWS_SHOWN:
        yield f"and {len(groups) - ROWS_SHOWN} more {plural}"


def memory_of(*objects: object) -> Holdings:
    """Tell what objects hold in memory: distinct storages, shared ones, what is unreachable, what a file would take.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    *objects : object
        Tensors, modules, optimizers, arrays, collections and plain objects, to any depth: whatever their attributes,
        slots and elements keep alive counts, also the variables around functions. Of a sparse or distributed tensor
        the tensors that it consists of here; of a tensor that an operation made the graph behind it, with all that
        this saved for a backward pass. Gradients and graphs count as memory, but not as part of a saved file.

    Returns
    -------
    Holdings
        All its figures are bytes.

    Raises
    ------
    TypeError
        If one of `objects` is a number, a text or another value that holds no tensors, or a tensor that does not show
        its memory. One of these inside of something else is passed over, or named in `notes`.

    Notes
    -----
    No elements are read, no property is called and no file is made; weights that a quantized module packed are
    unpacked once, and counted as that gives them. What weak references point to is not kept alive. Tensors on the
    meta device have bytes but no memory, and `torch.save` writes none of them. A lazily cloned tensor counts once
    together with its source, as long as both are unchanged.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import memory_of
    >>> held = memory_of(torch.zeros(1000, 1000)[3])
    >>> held.nbytes, held.unreachable_bytes
    (4000000, 3996000)
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 8, bias=False), torch.nn.Linear(8, 8, bias=False))
    >>> model[1].weight = model[0].weight
    >>> memory_of(model).tied
    (('0.weight', '1.weight'),)
    >>> loss = model(torch.ones(4, 8)).sum()
    >>> memory_of([loss]).totals
    {'parameters': 256, 'other': 4, "kept by autograd's graph": 256}
    """
    walked = walk(objects, "memory_of()")
    groups = by_storage(walked.found)
    positions = {key: position for position, key in enumerate(groups)}
    return Holdings(
        tensors=tuple(_held_tensor(each, positions[each.storage.key]) for each in walked.found),
        storages=tuple(map(_held_storage, groups.values())),
        nbytes=memory(group[0].storage for group in groups.values()),
        saved_bytes=saved_bytes(groups.values()),
        totals=totals(groups.values()),
        shared_groups=tuple(shared_groups(walked.found)),
        tied=tuple(walked.tied),
        notes=tuple(notes(groups.values(), walked.unseen)),
    )


def _held_tensor(found: Found, storage: int) -> HeldTensor:
    return HeldTensor(found.name, found.shape, found.dtype, found.nbytes, storage, found.saved, found.kind)


def _held_storage(members: Sequence[Found]) -> HeldStorage:
    names = tuple(each.name for each in members)
    kind = min((each.kind for each in members), key=IN_ORDER.index)
    storage = members[0].storage
    return HeldStorage(storage.nbytes, storage.device, names, unreachable(members), kind)
