"""How a tensor lies in memory, as torch tells it without touching the memory.

Everything else about storage is built on these few questions: the numbers of the layout, the storage's size, identity
and address, and whether a tensor has a storage at all. Torch's private functions are called only here, since the
public `data_ptr()` makes a lazily cloned tensor copy itself.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import _disable_current_modes

from ..shapes import Shape
from .places import Places


@dataclass(frozen=True)
class Layout:
    """How a tensor reads its storage: nothing but numbers.

    Attributes
    ----------
    size, stride : tuple of int
        The shape, and how many cells lie between neighbours along each axis.
    offset : int
        The cell of the first element.
    itemsize : int
        Bytes of one element.
    """

    size: Shape
    stride: Shape
    offset: int
    itemsize: int

    @staticmethod
    def of(tensor: torch.Tensor) -> Layout:
        size, stride = (tuple(map(int, numbers)) for numbers in (tensor.shape, tensor.stride()))
        return Layout(size, stride, int(tensor.storage_offset()), tensor.itemsize)

    @property
    def numel(self) -> int:
        return math.prod(self.size)

    @property
    def cells(self) -> Places:
        """The cells that the elements lie in."""
        return Places.of(self.offset, zip(self.size, self.stride, strict=True))

    @property
    def bytes(self) -> Places:
        """The bytes of the storage that the elements consist of."""
        axes = ((count, step * self.itemsize) for count, step in zip(self.size, self.stride, strict=True))
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
    return LAZY_CLONE if is_lazy(a) and is_lazy(b) else SAME_MEMORY


def check_has_storage(tensor: object, described: str) -> None:
    """Raise a TypeError, in one sentence, for anything that is not a tensor with a storage of its own."""
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{described} is {type(tensor).__name__}; expected a torch.Tensor")
    if torch.nn.parameter.is_lazy(tensor):
        raise TypeError(f"{described} is not initialized yet; expected a tensor that has a storage")
    if tensor.is_nested:
        raise TypeError(f"{described} is a nested tensor; expected one of the tensors that it consists of")
    if tensor.layout != torch.strided:
        kind = str(tensor.layout).removeprefix("torch.").strip("_")
        such_as = ", such as its indices or its values" if "sparse" in kind else ""
        raise TypeError(f"{described} is a {kind} tensor without a storage of its own; expected a strided one{such_as}")
    if tensor.dtype in (torch.quint4x2, torch.quint2x4):
        raise TypeError(
            f"{described} has the dtype {tensor.dtype}, with several elements in a byte; expected whole bytes"
        )
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        raise TypeError(f"{described} is a placeholder of torch.func; expected a tensor from outside the transform")
    # What only wraps other tensors, or stands for zeros, claims bytes but has no address.
    allocated = tensor.device.type != "meta" and not is_fake(tensor) and storage_nbytes(tensor) > 0
    if allocated and not storage_address(tensor):
        raise TypeError(
            f"{described} is a {type(tensor).__name__} that owns no memory; expected the tensors that it wraps"
        )


def storage_nbytes(tensor: torch.Tensor) -> int:
    """Return the bytes of the storage behind the tensor."""
    return int(tensor.untyped_storage().nbytes())


def storage_key(tensor: torch.Tensor) -> int:
    """Return the identity of the storage: equal for two tensors, both alive, exactly if they have the same one."""
    return int(tensor.untyped_storage()._cdata)


def storage_address(tensor: torch.Tensor) -> int:
    """Return the address at which the storage starts, 0 if it is not allocated.

    `data_ptr()` would make a lazily cloned storage copy itself.
    """
    return int(torch._C._data_address(tensor))  # type: ignore[attr-defined]


def is_fake(tensor: torch.Tensor) -> bool:
    """Return whether the tensor pretends to be on its device, with no memory there."""
    return isinstance(tensor, FakeTensor)


def is_lazy(tensor: torch.Tensor) -> bool:
    """Return whether the storage is a lazy clone's, or its source's: copied when either is first written to."""
    return bool(torch._C._is_cow_tensor(tensor))  # type: ignore[attr-defined]


def byte_places(tensor: torch.Tensor) -> Places:
    """Return the bytes of the tensor, by their addresses, or within its storage if that is not allocated."""
    places = Layout.of(tensor).bytes
    return Places(storage_address(tensor) + places.start, places.axes, places.empty)


def modes_of(tensor: torch.Tensor) -> AbstractContextManager[object]:
    """Return the context in which new tensors are of the same kind: fake beside a fake one, otherwise real."""
    return tensor.fake_mode if isinstance(tensor, FakeTensor) else _disable_current_modes()
