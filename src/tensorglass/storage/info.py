"""How a tensor lies in its storage, in one table.

A tensor is a way of reading a storage, which is a run of bytes: the element at an index lies in the cell
``offset + sum(index * stride)``. Source: https://docs.pytorch.org/docs/stable/tensor_view.html and the documentation
of `torch.Tensor.stride`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..report import NumberColumn, Report, Table, bytes_text, counted, public
from ..shapes import Shape, operand_name
from ..torch_internals import is_fake, is_lazy_clone, storage_address
from .contents import shares_memory
from .layout import (
    OTHER_MEMORY,
    Layout,
    byte_places,
    check_has_storage,
    is_shared_outside,
    relation,
    storage_nbytes,
)
from .places import collide, union_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# By the number of axes.
_MEMORY_FORMATS = {4: ("channels_last", torch.channels_last), 5: ("channels_last_3d", torch.channels_last_3d)}


@public
@dataclass(frozen=True)
class Neighbour:
    """What another tensor has to do with the first one.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    name : str
        `b`, `c`, ... in the order in which they were given.
    layout : Layout
        How it reads its own storage.
    relation : str
        "same storage", "same memory, another storage" (as for `torch.from_numpy` called twice on one array), "lazy
        clone" (the same bytes until one of the two is written to) or "other memory".
    shared_bytes : int or None
        How many bytes belong to both; None if they are irregular and too many to list.
    shares : bool
        Whether they share at least one byte, exactly.
    distance : int or None
        How many bytes after the start of the first tensor's storage its own storage starts; None in other memory.
    """

    name: str
    layout: Layout
    relation: str
    shared_bytes: int | None
    shares: bool
    distance: int | None


@public
@dataclass(frozen=True, repr=False)
class StorageInfo(Report):
    """How a tensor lies in its storage. The result of `storage_info`.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    shape, stride : tuple of int
        The shape, and how many cells lie between neighbours along each axis.
    offset : int
        The cell of the first element.
    dtype, device : torch.dtype, torch.device
        As the tensor has them; for a fake tensor the device that it pretends to be on.
    itemsize : int
        Bytes of one element.
    nbytes : int
        Logical bytes: number of elements times `itemsize`. It says nothing about memory.
    storage_nbytes : int
        Bytes of the storage: what the tensor keeps alive. Of a NumPy array behind it that is larger, `notes` tells.
    bytes_left_over : int
        Bytes at the end of the storage that are too few for one more cell.
    contiguous : tuple of str
        The memory formats in which torch calls the tensor contiguous.
    elements_share_cells : bool
        Whether two elements lie in one cell, exactly.
    cells_used : int or None
        How many cells hold an element; None if they are irregular and too many to list, or if the storage was shrunk.
    unreached_bytes : int or None
        Bytes of the storage that no element of this tensor reaches, and that live as long as it does.
    layout : Layout
        Shape, stride, offset and itemsize as one object.
    notes : tuple of str
        What else is unusual about the tensor, a sentence each.
    others : tuple of Neighbour
        The tensors given alongside.
    """

    shape: Shape
    stride: Shape
    offset: int
    dtype: torch.dtype
    device: torch.device
    itemsize: int
    nbytes: int
    storage_nbytes: int
    contiguous: tuple[str, ...]
    elements_share_cells: bool
    cells_used: int | None
    notes: tuple[str, ...]
    others: tuple[Neighbour, ...]

    @property
    def layout(self) -> Layout:
        return Layout(self.shape, self.stride, self.offset, self.itemsize)

    @property
    def cells(self) -> int:
        """How many whole cells of this dtype the storage has."""
        return self.storage_nbytes // self.itemsize

    @property
    def bytes_left_over(self) -> int:
        return self.storage_nbytes % self.itemsize

    @property
    def unreached_bytes(self) -> int | None:
        if self.cells_used is None:
            return None
        return self.storage_nbytes - self.cells_used * self.itemsize

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the storage as a tape of cells: which element lies where, the holes, and the other tensors."""
        from .pictures import Lane, plot_tape

        lanes = [Lane("a", self.layout, 0, 1)]
        for other in self.others:
            if other.distance is not None:
                width = other.layout.itemsize / self.itemsize
                lanes.append(Lane(other.name, other.layout, other.distance / self.itemsize, width))
        return plot_tape(self.cells, lanes, ax)

    def _content(self) -> Iterable[str | Table]:
        yield Table("Storage", ("property", "value", "in words"), tuple(self._rows()))
        yield from self.notes
        if self.others:
            header = ("tensor", "shape", "stride", NumberColumn("offset"), "memory", "shared with a")
            yield Table("Other tensors", header, tuple(map(_neighbour_row, self.others)))

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        elements = counted(math.prod(self.shape), "element")
        yield "shape", str(self.shape), elements
        yield "stride", str(self.stride), "cells from one index to the next, along each axis"
        yield "offset", str(self.offset), "the cell of the first element"
        yield "dtype", str(self.dtype).removeprefix("torch."), f"{counted(self.itemsize, 'byte')} an element"
        yield "device", str(self.device), "where the storage is"
        yield "logical bytes", f"{self.nbytes:,}", f"{elements} of {counted(self.itemsize, 'byte')}"
        rest = f" and {counted(self.bytes_left_over, 'byte')} left over" if self.bytes_left_over else ""
        yield "storage bytes", f"{self.storage_nbytes:,}", f"{counted(self.cells, 'cell')}{rest}"
        used = "not counted" if self.cells_used is None else f"{self.cells_used:,}"
        yield "cells used", used, "some hold several elements" if self.elements_share_cells else "one for each element"
        unreached = "not counted" if self.unreached_bytes is None else f"{self.unreached_bytes:,}"
        alive = "every byte belongs to an element" if self.unreached_bytes == 0 else "no element here, but kept alive"
        yield "unreached bytes", unreached, alive
        yield "contiguous", "yes" if self.contiguous else "no", ", ".join(self.contiguous)


def storage_info(tensor: torch.Tensor, *others: torch.Tensor) -> StorageInfo:
    """Describe how a tensor lies in its storage, and what other tensors have to do with it.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    tensor : torch.Tensor
        Any tensor that has a storage of its own, also a meta or fake one. Nothing is allocated, read or copied.
    *others : torch.Tensor
        Tensors to compare with it. In the table the first tensor is `a`, the others are `b`, `c`, ...

    Returns
    -------
    StorageInfo
        Its fields are sizes in elements, strides and offsets in cells, and memory in bytes.

    Raises
    ------
    TypeError
        If something is not a tensor, or is one without a storage: sparse, nested, wrapping other tensors, inside
        `torch.func` transforms, not yet initialized.

    Notes
    -----
    The time does not depend on the number of elements, except that irregular layouts, in which rows of unequal
    distance run into one another, are counted by listing up to a million cells. As `shares_memory`, it may take
    longer where many axes are irregular.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import storage_info
    >>> row = torch.zeros(1000, 1000)[3]
    >>> info = storage_info(row)
    >>> info.nbytes, info.storage_nbytes, info.unreached_bytes
    (4000, 4000000, 3996000)
    >>> storage_info(torch.zeros(3).expand(4, 3)).elements_share_cells
    True
    """
    check_has_storage(tensor, "storage_info() tensor a")
    for i, other in enumerate(others, start=1):
        check_has_storage(other, f"storage_info() tensor {operand_name(i)}")
    layout = Layout.of(tensor)
    distinct = layout.cells.count()
    shares = collide(layout.shape, layout.stride) if distinct is None else distinct < layout.numel
    return StorageInfo(
        shape=layout.shape,
        stride=layout.stride,
        offset=layout.offset,
        dtype=tensor.dtype,
        device=tensor.device,
        itemsize=layout.itemsize,
        nbytes=layout.numel * layout.itemsize,
        storage_nbytes=storage_nbytes(tensor),
        contiguous=tuple(_contiguous_formats(tensor)),
        elements_share_cells=shares,
        cells_used=None if _is_shrunk(tensor, layout) else distinct,
        notes=tuple(_notes(tensor, layout)),
        others=tuple(_neighbour(operand_name(i), tensor, other) for i, other in enumerate(others, start=1)),
    )


def _contiguous_formats(tensor: torch.Tensor) -> Iterator[str]:
    if tensor.is_contiguous():
        yield "contiguous_format"
    if tensor.dim() in _MEMORY_FORMATS:
        name, memory_format = _MEMORY_FORMATS[tensor.dim()]
        if tensor.is_contiguous(memory_format=memory_format):
            yield name


def _notes(tensor: torch.Tensor, layout: Layout) -> Iterator[str]:
    if is_fake(tensor):
        yield "A fake tensor: the storage is described, but not allocated."
    elif tensor.device.type == "meta":
        yield "A meta tensor: the storage is described, but not allocated."
    if tensor.is_conj():
        yield "Lazily conjugated: memory holds the conjugates of the elements."
    if tensor.is_neg():
        yield "Lazily negated: memory holds the elements with the other sign."
    if is_lazy_clone(tensor):
        yield "Lazily cloned: the bytes are another tensor's too, until one of the two is written to."
    if is_shared_outside(tensor):
        yield (
            "Shared with an array or buffer outside torch: if that is part of a larger one, all of it is kept alive, "
            "and only what torch knows is counted."
        )
    if storage_address(tensor) % math.gcd(layout.itemsize, 16):
        yield f"Not aligned: the storage starts at an address that is no multiple of {layout.itemsize} bytes."
    if _is_shrunk(tensor, layout):
        yield f"The storage was shrunk: the elements would need {bytes_text(layout.bytes.stop)} of it."


def _is_shrunk(tensor: torch.Tensor, layout: Layout) -> bool:
    """Return whether elements lie behind the end of the storage, which `resize_` makes possible."""
    return not layout.bytes.empty and layout.bytes.stop > storage_nbytes(tensor)


def _neighbour(name: str, tensor: torch.Tensor, other: torch.Tensor) -> Neighbour:
    related = relation(tensor, other)
    shares = shares_memory(tensor, other)
    shared_bytes: int | None = 0
    if shares:
        places = byte_places(tensor), byte_places(other)
        counts = [*(each.count() for each in places), union_count(places)]
        shared_bytes = None if None in counts else counts[0] + counts[1] - counts[2]  # type: ignore[operator]
    distance = None if related == OTHER_MEMORY else storage_address(other) - storage_address(tensor)
    return Neighbour(name, Layout.of(other), related, shared_bytes, shares, distance)


def _neighbour_row(other: Neighbour) -> tuple[str, ...]:
    shared = "some bytes" if other.shared_bytes is None else counted(other.shared_bytes, "byte")
    layout = other.layout
    return other.name, str(layout.shape), str(layout.stride), str(layout.offset), other.relation, shared
