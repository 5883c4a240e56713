"""The report of what autograd keeps: tensors, the distinct storages behind them, the shares of modules, and totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

from ..report import ROWS_SHOWN, NumberColumn, Recording, Table, by_block, bytes_text, counted, public
from .difference import ModuleDifference, SavedDifference
from .recorder import SavingRecorder
from .saved_tensor import ACTIVATION, BUFFER, CHECKPOINT, INPUT, PARAMETER, SavedStorage, SavedTensor, change_text
from .shares import ModuleShare, summed

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# Operations whose kernels keep more than fake tensors show: on the CPU without projections, and in the mode `max`. And
# a node that recurrent layers have on CUDA alone.
_FAKE_DIFFERS = {
    "lstm": "The kernel of an LSTM may keep a workspace that fake tensors do not show.",
    "embedding_bag": "The kernel of an EmbeddingBag may keep some bytes more than fake tensors show.",
    "CudnnRnnBackward0": "The kernels of recurrent layers on CUDA keep a workspace that fake tensors do not show.",
}


CHECKPOINTED = (
    "Checkpointed: what such a region computes is not kept, but it is computed and kept again while the backward pass "
    "runs, a region at a time. One checkpoint around everything leaves the peak of a step as it was; track_memory() "
    "measures it."
)
# Of both implementations: what the recorder names so, and the function behind ``use_reentrant=True``.
_CHECKPOINTS = {CHECKPOINT, "CheckpointFunction"}
_CHANGES_TOLD = 5  # an optimizer's step changes all weights; the first ones tell as much


class Kept(NamedTuple):
    """What a recorder found: tensors and the storages behind them, and what did not show what it keeps."""

    tensors: tuple[SavedTensor, ...]
    storages: tuple[SavedStorage, ...]
    closed: tuple[str, ...]
    opaque: tuple[str, ...]

    @staticmethod
    def of(recorder: SavingRecorder) -> Kept:
        first = {tensor.storage: tensor for tensor in reversed(recorder.tensors)}
        storages = tuple(
            SavedStorage(
                each.nbytes_now,
                each.kind,
                each.device,
                each.fake,
                first[position].module,
                first[position].operation,
                each.alive,
            )
            for position, each in enumerate(recorder.storages)
        )
        return Kept(tuple(recorder.tensors), storages, tuple(recorder.closed), tuple(recorder.opaque))


@public
class SavedTensors(Recording[Kept]):
    """What autograd keeps for the backward pass. The result of `saved_for_backward` and `record_saved`.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    tensors : tuple of SavedTensor
        In the order in which they were saved. One that two operations keep is there twice.
    storages : tuple of SavedStorage
        The distinct storages behind them.
    activation_bytes : int
        Bytes of the storages that were made inside: what the backward pass frees.
    input_bytes, parameter_bytes, buffer_bytes : int
        Bytes of the storages that were there before, and that the graph only refers to.
    nbytes : int
        Bytes of all storages.
    modules : tuple of ModuleShare
        The shares of the modules, in order.
    live_bytes : int
        Bytes of activations that were still in memory when the block ended; none if backward freed them inside it.
    notes : tuple of str
        What was assumed or cannot be seen, a sentence each.
    """

    _recorder = "record_saved()"

    def __init__(self) -> None:
        super().__init__()
        self._grad_enabled = torch.is_grad_enabled()

    @property
    def tensors(self) -> tuple[SavedTensor, ...]:
        return self._recorded.tensors

    @property
    def storages(self) -> tuple[SavedStorage, ...]:
        return self._recorded.storages

    @property
    def modules(self) -> tuple[ModuleShare, ...]:
        shares: dict[str, list[int]] = {tensor.module: [0, 0, 0] for tensor in self.tensors}
        for tensor in self.tensors:
            shares[tensor.module][0] += 1
        for storage in self.storages:
            shares[storage.module][1 if storage.kind == ACTIVATION else 2] += storage.nbytes
        return tuple(ModuleShare(module, *share) for module, share in shares.items())

    @property
    def nbytes(self) -> int:
        return sum(storage.nbytes for storage in self.storages)

    @property
    def activation_bytes(self) -> int:
        return self._bytes_of(ACTIVATION)

    @property
    def input_bytes(self) -> int:
        return self._bytes_of(INPUT)

    @property
    def parameter_bytes(self) -> int:
        return self._bytes_of(PARAMETER)

    @property
    def buffer_bytes(self) -> int:
        return self._bytes_of(BUFFER)

    @property
    def live_bytes(self) -> int:
        return sum(storage.nbytes for storage in self.storages if storage.kind == ACTIVATION and storage.alive)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(_notes(*self._recorded))

    def __sub__(self, other: SavedTensors) -> SavedDifference:
        """Return what this one keeps more, and less, than the other, by module."""
        return _difference(self, other) if isinstance(other, SavedTensors) else NotImplemented

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the bytes that each module keeps, in order, and which of them the backward pass frees."""
        from .pictures import plot_shares

        return plot_shares(self.modules, ax)

    def _bytes_of(self, kind: str) -> int:
        return sum(storage.nbytes for storage in self.storages if storage.kind == kind)

    def _content_when_ended(self) -> Iterable[str | Table]:
        if not self.tensors:
            yield f"nothing is kept for the backward pass{'' if self._grad_enabled else ': grad mode is off'}"
        else:
            yield _summary(self)
            yield from [_table_of_tensors(self)] if len(self.tensors) <= ROWS_SHOWN else _tables_of_modules(self)
        yield from self.notes


def _summary(saved: SavedTensors) -> str:
    freed = [storage for storage in saved.storages if storage.kind == ACTIVATION]
    held = {"inputs": saved.input_bytes, "parameters": saved.parameter_bytes, "buffers": saved.buffer_bytes}
    others = ", ".join(f"{name} {bytes_text(nbytes)}" for name, nbytes in held.items() if nbytes)
    kept = f"kept for the backward pass: {bytes_text(saved.activation_bytes)} in {counted(len(freed), 'activation')}"
    return f"{kept}; referred to, but there before: {others}" if others else kept


def _table_of_tensors(saved: SavedTensors) -> Table:
    shown: set[int] = set()
    rows = []
    for tensor in saved.tensors:
        nbytes = "same memory" if tensor.storage in shown else f"{saved.storages[tensor.storage].nbytes:,}"
        shown.add(tensor.storage)
        kept_by = f"{tensor.node}.{tensor.field}".strip(".")
        dtype = str(tensor.dtype).removeprefix("torch.")
        rows.append(
            (tensor.module, tensor.operation, tensor.role, tensor.kind, str(tensor.shape), dtype, nbytes, kept_by)
        )
    header = ("module", "operation", "role", "kind", "shape", "dtype", NumberColumn("bytes"), "kept by")
    return Table("Saved tensors", header, tuple(rows))


def _tables_of_modules(saved: SavedTensors) -> Iterator[Table]:
    """Yield the shares of the modules in order; if there are many, those of the blocks, and the largest modules."""
    shares = saved.modules
    figures = tuple(map(NumberColumn, ("tensors", "activations", "there before")))
    if len(shares) <= ROWS_SHOWN:
        yield Table("Saved bytes by module", ("module", *figures), tuple(map(_row, shares)))
        return
    blocks = by_block([share.module for share in shares])
    if len(blocks) > 1:
        rows = (_row(summed(block, [shares[i] for i in inside])) for block, inside in blocks.items())
        yield Table("Saved bytes by block, in order", ("block", *figures), tuple(rows)).shortened()
    largest = sorted(shares, key=lambda share: (-share.activation_bytes, -share.other_bytes))
    yield Table("Saved bytes by module", ("module", *figures), tuple(map(_row, largest))).shortened("largest")


def _row(share: ModuleShare) -> tuple[str, ...]:
    return share.module, f"{share.tensors:,}", f"{share.activation_bytes:,}", f"{share.other_bytes:,}"


def _notes(
    tensors: Sequence[SavedTensor], storages: Sequence[SavedStorage], closed: Sequence[str], opaque: Sequence[str]
) -> Iterator[str]:
    devices = sorted({str(storage.device) for storage in storages if storage.fake or storage.device.type == "meta"})
    if devices:
        yield (
            "Nothing was allocated for fake tensors: their sizes are those that the kernels of "
            f"{' and '.join(devices)} would keep."
        )
    if any(storage.fake for storage in storages):
        used = {name for tensor in tensors for name in (tensor.operation, tensor.node)}
        yield from (sentence for operation, sentence in _FAKE_DIFFERS.items() if operation in used)
    if any(tensor.operation in _CHECKPOINTS for tensor in tensors):
        yield CHECKPOINTED
    changed = [tensor for tensor in tensors if tensor.changed]
    yield from map(change_text, changed[:_CHANGES_TOLD])
    if len(changed) > _CHANGES_TOLD:
        yield f"{counted(len(changed) - _CHANGES_TOLD, 'more tensor')} changed since they were saved."
    if closed:
        names = ", ".join(dict.fromkeys(closed))
        yield (
            f"Not seen: what {counted(len(closed), 'operation')} saved ({names}); in-place operations on views, "
            "scripted code and functions of C++ extensions do not show it."
        )
    if opaque:
        layouts = ", ".join(dict.fromkeys(opaque))
        yield f"Not seen: the memory of {counted(len(opaque), 'saved tensor')} that does not show it ({layouts})."


def _difference(first: SavedTensors, second: SavedTensors) -> SavedDifference:
    """Return the first minus the second, module by module."""
    sides = [{share.module: share.activation_bytes for share in side.modules} for side in (first, second)]
    names = dict.fromkeys([*sides[0], *sides[1]])
    return SavedDifference(
        modules=tuple(ModuleDifference(name, sides[0].get(name, 0), sides[1].get(name, 0)) for name in names),
        activation_bytes=first.activation_bytes - second.activation_bytes,
        input_bytes=first.input_bytes - second.input_bytes,
        parameter_bytes=first.parameter_bytes - second.parameter_bytes,
        buffer_bytes=first.buffer_bytes - second.buffer_bytes,
        nbytes=first.nbytes - second.nbytes,
        notes=tuple(dict.fromkeys(note for side in (first, second) for note in side.notes if note == CHECKPOINTED)),
    )
