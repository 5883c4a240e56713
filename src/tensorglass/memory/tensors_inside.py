"""The tensors inside modules, optimizers and collections, each with the way to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch

from ..shapes import operand_name
from ..storage.layout import check_has_storage
from ..torch_internals import behind_placeholder, coordinates, is_placeholder, members_of

_COMPRESSED = {
    torch.sparse_csr: ("crow_indices", "col_indices", "values"),
    torch.sparse_bsr: ("crow_indices", "col_indices", "values"),
    torch.sparse_csc: ("ccol_indices", "row_indices", "values"),
    torch.sparse_bsc: ("ccol_indices", "row_indices", "values"),
}


class Found(NamedTuple):
    """A tensor with a storage, the way to it, and whether `torch.save` writes it: it leaves out gradients."""

    name: str
    tensor: torch.Tensor
    saved: bool


def find_tensors(objects: Sequence[object], described: str) -> list[Found]:
    """Return the tensors in the objects, in order; one that is reached in two ways is there twice.

    Parameters
    ----------
    objects : sequence of object
        Tensors, modules, optimizers, and mappings, sequences, sets and dataclasses of them. One object lends its
        parts their own names; several are told apart as `a`, `b`, ...
    described : str
        Names the function in an error.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    >>> [found.name for found in find_tensors([{"model": model, "steps": [torch.ones(3)]}], "example()")]
    ['model.0.weight', 'model.0.bias', 'steps[0]']
    """
    result: list[Found] = []
    for i, value in enumerate(objects):
        if not isinstance(value, torch.Tensor) and _members_of(value) is None:
            raise TypeError(
                f"{described} object {operand_name(i)} is {type(value).__name__}; expected a tensor, a module, an "
                "optimizer, or a collection of them"
            )
        alone = len(objects) == 1 and not isinstance(value, torch.Tensor)
        result += _walk(value, "" if alone else operand_name(i), described, {})
    return result


def _walk(value: object, name: str, described: str, above: dict[int, object]) -> Iterator[Found]:
    """Yield the tensors in a value. `above` holds the collections around it, since one may contain itself."""
    if isinstance(value, torch.Tensor):
        yield from _walk_tensor(value, name, described)
        return
    parts = _members_of(value)
    if parts is None or id(value) in above:
        return
    for key, part in parts:
        way = f"{name}.{key}" if name and not key.startswith("[") else name + key
        yield from _walk(part, way, described, {**above, id(value): value})


def _walk_tensor(tensor: torch.Tensor, name: str, described: str) -> Iterator[Found]:
    if torch.nn.parameter.is_lazy(tensor):
        return  # it has no memory yet
    inside = tensors_inside(tensor)
    for key, part in inside:
        yield from _walk_tensor(part, f"{name}.{key}", described)
    if not inside:
        check_has_storage(tensor, f"{described} tensor {name}")
        yield Found(name, tensor, saved=True)
    if tensor.is_leaf and tensor.grad is not None:
        for gradient in _walk_tensor(tensor.grad, f"{name}.grad", described):
            yield gradient._replace(saved=False)


def _members_of(value: object) -> Iterable[tuple[str, object]] | None:
    """Return the parts of a collection with their names, or None for what is not a collection."""
    if isinstance(value, torch.nn.Module):
        return members_of(value)
    if isinstance(value, torch.optim.Optimizer):
        return [("param_groups", value.param_groups), ("state", list(value.state.values()))]
    if isinstance(value, Mapping):
        return [(key if isinstance(key, str) else f"[{key!r}]", part) for key, part in value.items()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [(f"[{i}]", part) for i, part in enumerate(value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(each.name, getattr(value, each.name)) for each in dataclasses.fields(value)]
    return None


def tensors_inside(tensor: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
    """Return the tensors that a sparse or a wrapping tensor consists of; none for an ordinary one."""
    if hasattr(tensor, "__tensor_flatten__"):
        # A distributed tensor names the mesh of its devices there too; an attribute may also be unset.
        names, _ = tensor.__tensor_flatten__()
        parts = [(name, getattr(tensor, name)) for name in names]
        return [(name, part) for name, part in parts if isinstance(part, torch.Tensor)]
    if tensor.layout == torch.sparse_coo:
        return coordinates(tensor)
    return [(name, getattr(tensor, name)()) for name in _COMPRESSED.get(tensor.layout, ())]


def storage_parts(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the tensors with a storage of their own that a tensor consists of: itself, or what it wraps.

    Nothing is yielded for a tensor that hides its memory, such as one in a layout of oneDNN.
    """
    while is_placeholder(tensor):
        tensor = behind_placeholder(tensor)
    inside = tensors_inside(tensor)
    for _, part in inside:
        yield from storage_parts(part)
    if not inside and tensor.layout == torch.strided and not torch.nn.parameter.is_lazy(tensor):
        yield tensor
