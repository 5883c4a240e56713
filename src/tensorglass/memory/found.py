"""Tensors and arrays that were found, as plain numbers: where their bytes lie, and in which storage."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from ..shapes import Shape
from ..storage.layout import Layout, byte_places, is_shared_outside, storage_nbytes
from ..storage.places import Places
from ..torch_internals import is_lazy_clone, storage_address, storage_key

try:
    from numpy.lib.array_utils import byte_bounds
except ImportError:  # before NumPy 2.0
    from numpy import byte_bounds  # type: ignore[attr-defined, no-redef]


class Storage(NamedTuple):
    """A run of bytes that lives as long as something in it.

    Attributes
    ----------
    key : hashable
        Equal for the same storage.
    space : hashable
        Bytes with one address are the same byte where this is equal.
    address, nbytes : int
        Where it starts, 0 if it is not allocated, and its bytes.
    device : torch.device
    foreign : bool
        Whether it is shared with the world outside torch, so that more may be kept alive than the tensor knows.
    """

    key: Hashable
    space: Hashable
    address: int
    nbytes: int
    device: torch.device
    foreign: bool


@dataclass
class Found:
    """A tensor or an array, the way to it, the kind of its memory, and whether `torch.save` writes it."""

    name: str
    shape: Shape
    dtype: Any
    nbytes: int
    places: Places
    storage: Storage
    kind: str
    saved: bool


def found_tensor(tensor: torch.Tensor, name: str, kind: str, saved: bool) -> Found:
    """Return a tensor with a storage of its own as numbers."""
    key, address = storage_key(tensor), storage_address(tensor)
    # A lazy clone shares no byte for good, and what is not allocated is compared within its storage.
    space = tensor.device if address and not is_lazy_clone(tensor) else key
    foreign = is_shared_outside(tensor)
    storage = Storage(key, space, address, storage_nbytes(tensor), tensor.device, foreign)
    written = saved and tensor.device.type != "meta"
    nbytes = Layout.of(tensor).numel * tensor.itemsize
    return Found(name, tuple(tensor.shape), tensor.dtype, nbytes, byte_places(tensor), storage, kind, written)


def found_array(array: np.ndarray[Any, Any], name: str, kind: str, saved: bool) -> Found:
    """Return an array of NumPy as numbers; its storage is the memory of the array that it is a view of."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    low, high = byte_bounds(owner)
    cpu = torch.device("cpu")
    storage = Storage((low, high), cpu, low, high - low, cpu, foreign=False)
    axes = [(count, abs(step)) for count, step in zip(array.shape, array.strides, strict=True)]
    places = Places.of(byte_bounds(array)[0], [*axes, (array.itemsize, 1)])
    return Found(name, array.shape, array.dtype, array.nbytes, places, storage, kind, saved)
