"""What memory holds: the cells of a storage, the cell of each element, and whether two tensors share a byte.

Looking never changes, copies or materializes anything: a lazily cloned tensor stays lazy, and a meta or fake tensor
of any size is described without being allocated.
"""

from __future__ import annotations

import torch

from ..torch_internals import modes_of
from .layout import (
    SAME_MEMORY,
    SAME_STORAGE,
    Layout,
    byte_places,
    check_has_storage,
    relation,
    storage_nbytes,
)

_INTEGERS = {torch.quint8: torch.uint8, torch.qint8: torch.int8, torch.qint32: torch.int32}  # what memory holds


def storage_cells(tensor: torch.Tensor) -> torch.Tensor:
    """Return the actual contents of memory: the whole storage as a 1-D tensor of the tensor's dtype, not a copy.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    tensor : torch.Tensor
        Any tensor that has a storage. For a meta or fake tensor the result is one too.

    Returns
    -------
    torch.Tensor
        Shape ``(storage bytes // itemsize,)``, on the tensor's device, without a gradient. Bytes at the end that do
        not fill a cell are left out; `storage_bytes` has them. For a quantized tensor, its integers.

    Warnings
    --------
    The result reads and writes the tensor's own memory, and **writing through it is invisible to autograd**: the
    version counter that detects changes of saved tensors does not move, so a backward pass may silently use the
    changed values. A lazy conjugation or negation is not applied: memory holds what it holds.

    Raises
    ------
    TypeError
        As for `storage_info`.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import storage_cells
    >>> storage_cells(torch.arange(6).reshape(2, 3).T[1:])
    tensor([0, 1, 2, 3, 4, 5])
    """
    check_has_storage(tensor, "storage_cells() tensor")
    return _whole_storage(tensor, _INTEGERS.get(tensor.dtype, tensor.dtype))


def storage_bytes(tensor: torch.Tensor) -> torch.Tensor:
    """Return the raw bytes of memory: the whole storage as a 1-D tensor of dtype uint8, not a copy.

    The warning about writing is that of `storage_cells`.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    tensor : torch.Tensor
        Any tensor that has a storage. For a meta or fake tensor the result is one too.

    Returns
    -------
    torch.Tensor
        Shape ``(storage bytes,)``, dtype uint8, on the tensor's device, without a gradient.

    Raises
    ------
    TypeError
        As for `storage_info`.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import storage_bytes
    >>> storage_bytes(torch.tensor(1.0))
    tensor([  0,   0, 128,  63], dtype=torch.uint8)
    """
    check_has_storage(tensor, "storage_bytes() tensor")
    return _whole_storage(tensor, torch.uint8)


def storage_index(tensor: torch.Tensor) -> torch.Tensor:
    """Return the cell of each element: ``offset + sum(index * stride)``.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    tensor : torch.Tensor
        Any tensor that has a storage.

    Returns
    -------
    torch.Tensor
        dtype int64, of the tensor's shape. This one is computed for each element, 8 bytes apiece: on the tensor's
        device, or on the CPU for a meta tensor.

    Raises
    ------
    TypeError
        As for `storage_info`.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import storage_cells, storage_index
    >>> x = torch.tensor([[10, 11, 12], [13, 14, 15]]).T
    >>> storage_index(x)
    tensor([[0, 3],
            [1, 4],
            [2, 5]])
    >>> torch.equal(storage_cells(x)[storage_index(x)], x)
    True
    """
    check_has_storage(tensor, "storage_index() tensor")
    layout = Layout.of(tensor)
    device = torch.device("cpu") if tensor.device.type == "meta" else tensor.device
    with torch.no_grad(), modes_of(tensor):
        index = torch.full(layout.shape, layout.offset, dtype=torch.int64, device=device)
        for axis, (count, step) in enumerate(zip(layout.shape, layout.stride, strict=True)):
            along = torch.arange(count, device=device) * step
            index += along.reshape(-1, *[1] * (len(layout.shape) - axis - 1))
        return index


def shares_memory(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Return whether two tensors really share a byte: whether a write to one can change the other.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    a, b : torch.Tensor
        A tensor that has a storage, of any dtype. Meta and fake tensors are compared by their geometry.

    Returns
    -------
    bool
        Exact, not by address interval: ``x[::2]`` and ``x[1::2]`` share nothing. Two storages over one buffer, as
        from `torch.from_numpy` called twice, do share. A lazily cloned tensor does not share with its source, since
        the first write to either separates them.

    Raises
    ------
    TypeError
        As for `storage_info`.

    Notes
    -----
    That two strided sets of bytes have one in common is a bounded Diophantine problem. It is decided by
    `numpy.shares_memory` on made-up addresses, without reading the tensors. The time does not depend on the number of
    elements, but on the axes: microseconds for whatever slicing, permuting and expanding make, and up to a second for
    `as_strided` with six strides that have nothing to do with one another. Only the memory of one device is compared:
    torch does not tell where two devices see the same memory.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import shares_memory
    >>> x = torch.zeros(6)
    >>> shares_memory(x[::2], x[1::2]), shares_memory(x[::2], x[4:])
    (False, True)
    """
    check_has_storage(a, "shares_memory() tensor a")
    check_has_storage(b, "shares_memory() tensor b")
    if relation(a, b) not in (SAME_STORAGE, SAME_MEMORY) or not storage_nbytes(a):
        return False
    return byte_places(a).meets(byte_places(b))


def _whole_storage(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    with torch.no_grad(), modes_of(tensor):
        return torch.empty(0, dtype=dtype, device=tensor.device).set_(tensor.untyped_storage())
