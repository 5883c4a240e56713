"""How a tensor lies in memory, as torch tells it without touching the memory.

Everything else about storage is built on these few questions: the numbers of the layout, how two storages lie to one
another, and whether a tensor has a storage at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from ..report import public
from ..shapes import Shape
from ..torch_internals import is_fake, is_lazy_clone, is_placeholder, storage_address, storage_key
from .places import Places


@public
@dataclass(frozen=True)
class Layout:
    """How a tensor reads its storage: nothing but numbers.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    shape, stride : tuple of int
        The shape, and how many cells lie between neighbours along each axis.
    offset : int
        The cell of the first element.
    itemsize : int
        Bytes of one element.
    """

    shape: Shape
    stride: Shape
    offset: int
    itemsize: int

    @staticmethod
    def of(tensor: torch.Tensor) -> Layout:
        shape, stride = (tuple(map(int, numbers)) for numbers in (tensor.shape, tensor.stride()))
        return Layout(shape, stride, int(tensor.storage_offset()), tensor.itemsize)

    @property
    def numel(self) -> int:
        return math.prod(self.shape)

    @property
    def cells(self) -> Places:
        """The cells that the elements lie in."""
        return Places.of(self.offset, zip(self.shape, self.stride, strict=True))

    @property
    def bytes(self) -> Places:
        """The bytes of the storage that the elements consist of."""
        axes = ((count, step * self.itemsize) for count, step in zip(self.shape, self.stride, strict=True))
        return Places.of(self.offset * self.itemsize, [*axes, (self.itemsize, 1)])


SAME_STORAGE = "same storage"
SAME_MEMORY = "same memory, another storage"
LAZY_CLONE = "lazy clone"
OTHER_MEMORY = "other memory"


def relation(a: torch.Tensor, b: torch.Tensor) -> str:
    """Return what the storages of two tensors have to do with one another."""
    if storage_key(a) == storage_key(b):
        return SAME_STORAGE
    first, second = storage_address(a), storage_address(b)
    if a.device != b.device or not first or not second:  # memory that is not allocated has no address
        return OTHER_MEMORY
    if first + storage_nbytes(a) <= second or second + storage_nbytes(b) <= first:
        return OTHER_MEMORY
    return LAZY_CLONE if is_lazy_clone(a) and is_lazy_clone(b) else SAME_MEMORY


def check_has_strides(tensor: object, described: str) -> None:
    """Raise a TypeError, in one sentence, for anything that is not a tensor with a shape and strides."""
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{described} is {type(tensor).__name__}; expected a torch.Tensor")
    if torch.nn.parameter.is_lazy(tensor):
        raise TypeError(f"{described} is not initialized yet; expected a tensor that has a storage")
    if tensor.is_nested:
        raise TypeError(f"{described} is a nested tensor; expected one of the tensors that it consists of")
    if tensor.layout != torch.strided:
        kind = layout_name(tensor)
        such_as = ", such as its indices or its values" if "sparse" in kind else ""
        raise TypeError(f"{described} is a {kind} tensor without a storage of its own; expected a strided one{such_as}")


def layout_name(tensor: torch.Tensor) -> str:
    """Return the name of the layout, such as `strided`, `sparse_coo` or `mkldnn`."""
    return str(tensor.layout).removeprefix("torch.").strip("_")


def check_has_storage(tensor: torch.Tensor, described: str) -> None:
    """Raise a TypeError, in one sentence, for anything that is not a tensor with a storage of its own."""
    check_has_strides(tensor, described)
    if tensor.dtype in (torch.quint4x2, torch.quint2x4):
        raise TypeError(
            f"{described} has the dtype {tensor.dtype}, with several elements in a byte; expected whole bytes"
        )
    if is_placeholder(tensor):
        raise TypeError(f"{described} is a placeholder of torch.func; expected a tensor from outside the transform")
    if not owns_memory(tensor):
        raise TypeError(
            f"{described} is a {type(tensor).__name__} that owns no memory; expected the tensors that it wraps"
        )


def owns_memory(tensor: torch.Tensor) -> bool:
    """Return whether a strided tensor has the memory that it claims, or none by right, as on the meta device.

    What only wraps other tensors, or stands for zeros, claims bytes but has no address.
    """
    if tensor.device.type == "meta" or is_fake(tensor) or torch.nn.parameter.is_lazy(tensor):
        return True
    return storage_nbytes(tensor) == 0 or storage_address(tensor) != 0


def storage_nbytes(tensor: torch.Tensor) -> int:
    """Return the bytes of the storage behind the tensor."""
    return int(tensor.untyped_storage().nbytes())


def is_shared_outside(tensor: torch.Tensor) -> bool:
    """Return whether an array or a buffer outside torch has the same memory: torch then does not let it be resized."""
    return bool(storage_address(tensor)) and not tensor.untyped_storage().resizable()


def byte_places(tensor: torch.Tensor) -> Places:
    """Return the bytes of the tensor, by their addresses, or within its storage if that is not allocated."""
    places = Layout.of(tensor).bytes
    return Places(storage_address(tensor) + places.start, places.axes, places.empty)
