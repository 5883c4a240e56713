"""The tensors that one tensor consists of."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ..storage.layout import owns_memory
from ..torch_internals import behind_placeholder, coordinates, is_placeholder

_COMPRESSED = {
    torch.sparse_csr: ("crow_indices", "col_indices", "values"),
    torch.sparse_bsr: ("crow_indices", "col_indices", "values"),
    torch.sparse_csc: ("ccol_indices", "row_indices", "values"),
    torch.sparse_bsc: ("ccol_indices", "row_indices", "values"),
}


def tensors_inside(tensor: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
    """Return the tensors that a sparse or a wrapping tensor consists of; none for an ordinary one."""
    if hasattr(tensor, "__tensor_flatten__"):
        # A distributed tensor names the mesh of its devices there too; an attribute may also be unset.
        names, _ = tensor.__tensor_flatten__()
        parts = [(name, getattr(tensor, name)) for name in names]
        return [(name, part) for name, part in parts if isinstance(part, torch.Tensor)]
    if tensor.layout == torch.sparse_coo:
        return coordinates(tensor)
    if tensor.is_nested:
        with torch.no_grad():
            return [("values", tensor.values())]  # all of them one after the other, in the memory of the tensor itself
    if type(tensor) is not torch.Tensor and tensor.layout == torch.strided and not owns_memory(tensor):
        # A wrapper that does not tell what it wraps, such as a masked tensor, has it among its attributes.
        return [(name, part) for name, part in vars(tensor).items() if isinstance(part, torch.Tensor)]
    return [(name, getattr(tensor, name)()) for name in _COMPRESSED.get(tensor.layout, ())]


def storage_parts(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the tensors with a storage of their own that a tensor consists of: itself, or what it wraps.

    Nothing is yielded for a tensor that hides its memory, such as one in a layout of oneDNN, or has none, such as one
    that stands for zeros.
    """
    while is_placeholder(tensor):
        tensor = behind_placeholder(tensor)
    inside = tensors_inside(tensor)
    for _, part in inside:
        yield from storage_parts(part)
    strided = tensor.layout == torch.strided and not torch.nn.parameter.is_lazy(tensor)
    if not inside and strided and owns_memory(tensor):
        yield tensor
