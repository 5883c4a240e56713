"""What the nodes of autograd's graph hold, read without changing anything.

Torch offers another way to see saved tensors, `torch.autograd.graph.saved_tensors_hooks`. Such hooks, even one that
does nothing, switch off autograd's check for tensors that were modified in place, are refused by `torch.func.grad`,
and do not see what checkpointing keeps. A look at the finished nodes has none of these effects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from types import FunctionType, MethodType
from typing import Any, NamedTuple

import torch

from ..torch_internals import (
    AccumulateGrad,
    BackwardCFunction,
    SavedTensor,
    fields_of_formula,
    node_number,
    saved_tensors,
)

# In-place operations on views are wrapped in the first of these, which hides their own node; functions that a C++
# extension defines are the second. Neither shows what it saved.
_CLOSED = ("torch::autograd::CopySlices", "CppNode")
_CHECKPOINTING = "torch.utils.checkpoint"
_INPUT_SAVER = "_NoopSaveInputsBackward"  # before torch 2.13; operations in the checkpoint lead to what it saved


class How(Enum):
    """In which way a node holds a tensor."""

    SAVED = auto()
    ATTRIBUTE = auto()  # of the context of a custom function
    PACKED = auto()  # saved-tensor hooks of the user put it in place of the tensor
    CHECKPOINTED = auto()  # in order to compute again what was not saved


class Held(NamedTuple):
    """A tensor that a node holds.

    Attributes
    ----------
    field : str
        The name in the derivative formula, such as `self`, `result` or `weight`; of an attribute its own name.
    tensor : torch.Tensor
    how : How
    """

    field: str
    tensor: torch.Tensor
    how: How


def new_nodes(roots: Iterable[torch.Tensor], first: int, visited: set[int]) -> list[Any]:
    """Return the nodes behind the tensors, in the order in which they were made, and mark them as visited.

    Parameters
    ----------
    roots : iterable of torch.Tensor
    first : int
        The number of the first node of interest. What is older is not walked through.
    visited : set of int
        Numbers of nodes that were returned before. They are not walked through either.
    """
    found = []
    waiting = [node_behind(root) for root in roots]
    while waiting:
        node = waiting.pop()
        if node is None or isinstance(node, AccumulateGrad):
            continue
        number = node_number(node)
        if number >= first and number not in visited:
            visited.add(number)
            found.append(node)
            waiting.extend(earlier for earlier, _ in node.next_functions)
    return sorted(found, key=node_number)


def node_behind(tensor: torch.Tensor) -> Any:
    """Return the node that made the tensor; None also for a view that autograd refuses, since its base was changed."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def is_closed(node: Any) -> bool:
    """Return whether the node does not show what it saved."""
    return any(name in node.name() for name in _CLOSED)


def held_tensors(node: Any) -> Iterator[Held]:
    """Yield the tensors that a node holds for its backward pass."""
    if node.name() == _INPUT_SAVER:
        return
    for field in _saved_fields(node):
        for saved in saved_tensors(node, field):
            if saved.unpack_hook is None:
                yield from (Held(field, tensor, How.SAVED) for tensor in _reachable(saved.data))
            elif type(saved.data).__module__ == _CHECKPOINTING:
                yield from (Held(field, tensor, How.CHECKPOINTED) for tensor in _reachable(saved.unpack_hook))
            else:
                yield from (Held(field, tensor, How.PACKED) for tensor in _reachable(saved.data))
    if isinstance(node, BackwardCFunction):
        for name, value in vars(node).items():
            yield from (Held(name, tensor, How.ATTRIBUTE) for tensor in _reachable(value))


def _saved_fields(node: Any) -> tuple[str, ...]:
    return ("tensors",) if isinstance(node, BackwardCFunction) else fields_of_formula(node.__class__)


def _reachable(value: object) -> Iterator[torch.Tensor]:
    """Yield the tensors that a packed object or a hook keeps alive, as far as torch and collections hold them."""
    waiting, seen = [value], {id(value): value}
    while waiting:
        each = waiting.pop()
        if isinstance(each, torch.Tensor):
            yield each
            continue
        for part in _referents(each):
            if id(part) not in seen:
                seen[id(part)] = part
                waiting.append(part)


def _referents(value: object) -> Iterable[object]:
    parts: Iterable[object] = ()
    if isinstance(value, (tuple, list, set, frozenset)):
        parts = value
    elif isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, FunctionType):
        parts = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
    elif isinstance(value, MethodType):
        parts = [value.__self__]
    elif isinstance(value, SavedTensor):
        parts = [value.data]  # type: ignore[attr-defined]
    elif isinstance(value, BackwardCFunction):
        parts = saved_tensors(value, "tensors")
    elif type(value).__module__ == _CHECKPOINTING:
        attributes = dict(vars(value))
        input_saver = attributes.pop("input_saver", None)  # before torch 2.13
        parts = [*attributes.values(), *_kept_by(input_saver)]
    return parts


def _kept_by(input_saver: torch.Tensor | None) -> list[Any]:
    """Return the saved inputs of a checkpoint: the node behind an empty tensor keeps them, after that tensor."""
    return [] if input_saver is None else saved_tensors(input_saver.grad_fn, "tensors")[1:]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
