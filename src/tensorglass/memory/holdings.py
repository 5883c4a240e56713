"""What objects hold in memory: the distinct storages behind tensors, modules and collections of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from ..report import ROWS_SHOWN, NumberColumn, Report, Table, bytes_text, counted, public
from ..shapes import Shape
from ..storage.contents import shares_memory
from ..storage.layout import byte_places, storage_nbytes
from ..storage.places import Places, union_count
from ..torch_internals import storage_address, storage_key
from .tensors_inside import Found, find_tensors

# What `torch.save` adds to the bytes of the storages, measured on files: for the file itself, for each storage (its
# entry in the archive, aligned to 64 bytes) and for each tensor (its name, shape and strides).
_FILE_BYTES, _STORAGE_BYTES, _TENSOR_BYTES = 1300, 200, 75


@public
@dataclass(frozen=True)
class HeldTensor:
    """One tensor that was found.

    Attributes
    ----------
    name : str
        The way to it, such as `layer.weight` or `cache[3]`.
    shape, dtype : tuple of int, torch.dtype
        Its shape and dtype.
    nbytes : int
        Logical bytes.
    storage : int
        The position of its storage in `Holdings.storages`.
    saved : bool
        Whether `torch.save` would write it. It leaves out gradients.
    """

    name: str
    shape: Shape
    dtype: torch.dtype
    nbytes: int
    storage: int
    saved: bool


@public
@dataclass(frozen=True)
class HeldStorage:
    """One storage that was found.

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
    """

    nbytes: int
    device: torch.device
    tensors: tuple[str, ...]
    unreachable_bytes: int | None

    def cells(self) -> tuple[str, ...]:
        """Return the storage as cells of a table: tensors, device, bytes, unreachable bytes."""
        # Three names are enough to recognise a storage, and keep the table narrow.
        names = ", ".join(self.tensors[:3]) + (f" and {len(self.tensors) - 3} more" if len(self.tensors) > 3 else "")
        unreachable = "not counted" if self.unreachable_bytes is None else f"{self.unreachable_bytes:,}"
        return names, str(self.device), f"{self.nbytes:,}", unreachable


@public
@dataclass(frozen=True, repr=False)
class Holdings(Report):
    """What objects hold in memory. The result of `memory_of`.

    Attributes
    ----------
    tensors : tuple of HeldTensor
        The tensors, in the order in which they were found; one that is found twice is there twice.
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
    shared_groups : tuple of tuple of str
        Names of tensors that share bytes: each one of a group with at least one other of it.
    """

    tensors: tuple[HeldTensor, ...]
    storages: tuple[HeldStorage, ...]
    nbytes: int
    saved_bytes: int
    shared_groups: tuple[tuple[str, ...], ...]

    @property
    def logical_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors)

    @property
    def unreachable_bytes(self) -> int | None:
        each = [storage.unreachable_bytes for storage in self.storages]
        return None if None in each else sum(nbytes for nbytes in each if nbytes is not None)

    def _content(self) -> Iterable[str | Table]:
        found = f"{counted(len(self.tensors), 'tensor')} in {counted(len(self.storages), 'storage')}"
        yield f"{found}: {bytes_text(self.nbytes)}"
        if self.storages:
            from_the_largest = sorted(self.storages, key=lambda storage: -storage.nbytes)
            header = ("tensors", "device", NumberColumn("bytes"), NumberColumn("unreachable"))
            yield Table("Storages", header, tuple(storage.cells() for storage in from_the_largest)).shortened("largest")
        for group in self.shared_groups[:ROWS_SHOWN]:
            yield f"shared memory: {', '.join(group)}"
        if len(self.shared_groups) > ROWS_SHOWN:
            yield f"and {len(self.shared_groups) - ROWS_SHOWN} more groups that share memory"
        if self.unreachable_bytes:
            yield f"unreachable, but kept alive: {bytes_text(self.unreachable_bytes)}"
        yield f"torch.save would write about {bytes_text(self.saved_bytes)}"


def memory_of(*objects: object) -> Holdings:
    """Tell what objects hold in memory: distinct storages, shared ones, what is unreachable, what a file would take.

    Parameters
    ----------
    *objects : object
        Tensors, modules, optimizers, and mappings, sequences, sets and dataclasses of them, to any depth. Of a module
        its parameters, buffers and whatever other tensors its attributes hold; of a sparse tensor its indices and
        values. Gradients count as memory, but not as part of a saved file. Everything else is passed over.

    Returns
    -------
    Holdings
        All its figures are bytes.

    Raises
    ------
    TypeError
        If one of `objects` is none of these, or a tensor does not show its memory.

    Notes
    -----
    Nothing is read, and no file is made. Tensors on the meta device have bytes but no memory, and `torch.save` writes
    none of them. A lazily cloned tensor counts once together with its source, as long as both are unchanged.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import memory_of
    >>> held = memory_of(torch.zeros(1000, 1000)[3])
    >>> held.nbytes, held.unreachable_bytes
    (4000000, 3996000)
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 8, bias=False), torch.nn.Linear(8, 8, bias=False))
    >>> model[1].weight = model[0].weight
    >>> memory_of(model).shared_groups
    (('0.weight', '1.weight'),)
    """
    found = find_tensors(objects, "memory_of()")
    members: dict[int, list[Found]] = {}
    for each in found:
        members.setdefault(storage_key(each.tensor), []).append(each)
    positions = {key: position for position, key in enumerate(members)}
    return Holdings(
        tensors=tuple(_held_tensor(each, positions[storage_key(each.tensor)]) for each in found),
        storages=tuple(map(_held_storage, members.values())),
        nbytes=_memory([group[0].tensor for group in members.values()]),
        saved_bytes=_saved_bytes(members.values()),
        shared_groups=tuple(_shared_groups(found)),
    )


def _held_tensor(found: Found, storage: int) -> HeldTensor:
    tensor = found.tensor
    return HeldTensor(found.name, tuple(tensor.shape), tensor.dtype, tensor.nbytes, storage, found.saved)


def _held_storage(members: Sequence[Found]) -> HeldStorage:
    first = members[0].tensor
    nbytes = storage_nbytes(first)
    reached = union_count(byte_places(each.tensor) for each in members)
    unreachable = None if reached is None else max(nbytes - reached, 0)
    return HeldStorage(nbytes, first.device, tuple(each.name for each in members), unreachable)


def _memory(storages: Iterable[torch.Tensor]) -> int:
    """Return the bytes of the storages behind the tensors, where addresses overlap only once."""
    total = 0
    reached: dict[torch.device, int] = {}  # the furthest address that is counted already
    for tensor in sorted(storages, key=storage_address):
        start, nbytes = storage_address(tensor), storage_nbytes(tensor)
        if start:
            first = max(start, reached.get(tensor.device, 0))
            reached[tensor.device] = max(first, start + nbytes)
            nbytes = max(start + nbytes - first, 0)
        total += nbytes
    return total


def _saved_bytes(storages: Iterable[Sequence[Found]]) -> int:
    total = _FILE_BYTES
    for members in storages:
        written = [each for each in members if each.saved and each.tensor.device.type != "meta"]
        if written:
            total += storage_nbytes(written[0].tensor) + _STORAGE_BYTES + _TENSOR_BYTES * len(written)
    return total


def _shared_groups(found: Sequence[Found]) -> Iterator[tuple[str, ...]]:
    """Yield the names of tensors that are linked by shared bytes, in the order in which they were found."""
    groups = {i: [i] for i in range(len(found))}  # tensors that share bytes have one list in common
    for i, j in _candidates(found):
        if groups[i] is not groups[j] and shares_memory(found[i].tensor, found[j].tensor):
            merged = sorted(groups[i] + groups[j])
            groups.update((member, merged) for member in merged)
    for i, group in groups.items():
        if len(group) > 1 and group[0] == i:
            yield tuple(found[member].name for member in group)


def _candidates(found: Sequence[Found]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of tensors whose intervals of bytes overlap, sweeping from the lowest address upwards."""
    spaces: dict[object, list[tuple[Places, int]]] = {}
    for i, each in enumerate(found):
        # Addresses belong to a device. What is not allocated has none, and is compared within its storage.
        space = each.tensor.device if storage_address(each.tensor) else storage_key(each.tensor)
        spaces.setdefault(space, []).append((byte_places(each.tensor), i))
    for members in spaces.values():
        reaching: list[tuple[Places, int]] = []
        for places, j in sorted(members, key=lambda member: member[0].start):
            reaching = [(earlier, i) for earlier, i in reaching if earlier.stop > places.start]
            yield from ((i, j) for _, i in reaching)
            reaching.append((places, j))
