"""The figures of what was found: bytes of memory, by kind, of a file, unreachable and shared."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

from ..report import counted
from ..storage.meeting import meeting_groups
from ..storage.places import union_count
from .found import Found, Storage
from .kinds import GRAPH, IN_ORDER

# What `torch.save` adds to the bytes of the storages, measured on files: for the file itself, for each storage (its
# entry in the archive, aligned to 64 bytes) and for each tensor (its name, shape and strides).
_FILE_BYTES, _STORAGE_BYTES, _TENSOR_BYTES = 1300, 200, 75
_TYPES_NAMED = 5

Groups = Collection[Sequence[Found]]  # by storage


def by_storage(found: Iterable[Found]) -> dict[Hashable, list[Found]]:
    """Return what was found, by storage."""
    groups: dict[Hashable, list[Found]] = {}
    for each in found:
        groups.setdefault(each.storage.key, []).append(each)
    return groups


def memory(storages: Iterable[Storage]) -> int:
    """Return the bytes of the storages, where addresses overlap only once."""
    total = 0
    reached: dict[Hashable, int] = {}  # the furthest address on a device that is counted already
    for storage in sorted(storages, key=lambda storage: storage.address):
        nbytes = storage.nbytes
        if storage.address:
            stop = storage.address + nbytes
            first = max(storage.address, reached.get(storage.device, 0))
            reached[storage.device] = max(first, stop)
            nbytes = max(stop - first, 0)
        total += nbytes
    return total


def totals(groups: Groups) -> dict[str, int]:
    """Return the bytes of memory by kind; those that count for an earlier kind already do not count again."""
    result: dict[str, int] = {}
    storages: list[Storage] = []
    for kind in IN_ORDER:
        before = memory(storages)
        first = [group for group in groups if min((each.kind for each in group), key=IN_ORDER.index) == kind]
        storages += [group[0].storage for group in first]
        if first:
            result[kind] = memory(storages) - before
    return result


def saved_bytes(groups: Groups) -> int:
    """Return about how long a file of `torch.save` would be."""
    total = _FILE_BYTES
    for group in groups:
        written = [each for each in group if each.saved]
        if written:
            total += written[0].storage.nbytes + _STORAGE_BYTES + _TENSOR_BYTES * len(written)
    return total


def unreachable(group: Sequence[Found]) -> int | None:
    """Return how many bytes of a storage none of the tensors in it reaches, None if that is not counted."""
    reached = union_count(each.places for each in group)
    return None if reached is None else max(group[0].storage.nbytes - reached, 0)


def shared_groups(found: Sequence[Found]) -> list[tuple[str, ...]]:
    """Return the names of tensors that are linked by shared bytes, in the order in which they were found."""
    spaces: dict[Hashable, list[int]] = {}
    for i, each in enumerate(found):
        if each.kind != GRAPH and each.storage.nbytes:
            spaces.setdefault(each.storage.space, []).append(i)
    linked = [
        [members[i] for i in group]
        for members in spaces.values()
        for group in meeting_groups([found[i].places for i in members])
    ]
    return [tuple(found[i].name for i in group) for group in sorted(linked)]


def notes(groups: Groups, unseen: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield what the figures leave out, a sentence each."""
    foreign = [group[0].name for group in groups if group[0].storage.foreign]
    if foreign:
        yield (
            f"{counted(len(foreign), 'storage')} shared with an array or buffer outside torch, such as {foreign[0]}: "
            "where that is part of a larger one, all of it is kept alive, and only what torch knows is counted"
        )
    most_first = sorted(unseen.items(), key=lambda item: -len(item[1]))
    for kind, names in most_first[:_TYPES_NAMED]:
        such_as = f", such as {names[0]}" if names[0] else ""
        yield f"not looked into: {counted(len(names), 'object')} of the type {kind}{such_as}"
    if len(most_first) > _TYPES_NAMED:
        yield f"not looked into either: objects of {len(most_first) - _TYPES_NAMED} more types"
