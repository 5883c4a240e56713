"""What the nodes of autograd's graph hold, read without changing anything.

Torch offers another way to see saved tensors, `torch.autograd.graph.saved_tensors_hooks`. Such hooks, even one that
does nothing, switch off autograd's check for tensors that were modified in place, are refused by `torch.func.grad`,
and do not see what checkpointing keeps. A look at the finished nodes has none of these effects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto
from types import FunctionType, MethodType
from typing import Any, NamedTuple

import torch

from ..torch_internals import (
    AccumulateGrad,
    BackwardCFunction,
    SavedTensor,
    fields_of_formula,
    is_changed,
    node_number,
    saved_tensors,
)

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
    which : int
        Which of the tensors it is that stand under this name.
    tensor : torch.Tensor
    how : How
    """

    field: str
    which: int
    tensor: torch.Tensor
    how: How


def nodes_behind(roots: Iterable[torch.Tensor], wanted: Callable[[Any], bool] = lambda node: True) -> list[Any]:
    """Return the nodes behind the tensors, in the order in which each thread made them, without those at leaves.

    Parameters
    ----------
    roots : iterable of torch.Tensor
    wanted : callable
        Tells of a node whether to return it, and to walk on through it.
    """
    found: dict[Any, None] = {}  # they are kept while others are looked for, and so is their identity
    waiting = [node_behind(root) for root in roots]
    while waiting:
        node = waiting.pop()
        if node is None or node in found or isinstance(node, AccumulateGrad) or not wanted(node):
            continue
        found[node] = None
        waiting.extend(earlier for earlier, _ in node.next_functions)
    return sorted(found, key=node_number)


def node_behind(tensor: torch.Tensor) -> Any:
    """Return the node that made the tensor; None also for a view that autograd refuses, since its base was changed."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def held_tensors(node: Any) -> Iterator[Held]:
    """Yield the tensors that a node holds for its backward pass."""
    if node.name() == _INPUT_SAVER:
        return
    for field in _saved_fields(node):
        for which, saved in enumerate(saved_tensors(node, field)):
            if saved.unpack_hook is None:
                how, kept = How.SAVED, saved.data
            elif type(saved.data).__module__ == _CHECKPOINTING:
                how, kept = How.CHECKPOINTED, saved.unpack_hook
            else:
                how, kept = How.PACKED, saved.data
            yield from (Held(field, which, tensor, how) for tensor in _reachable(kept))
    if isinstance(node, BackwardCFunction):
        for name, value in vars(node).items():
            yield from (Held(name, 0, tensor, How.ATTRIBUTE) for tensor in _reachable(value))


def changed_tensors(node: Any) -> Iterator[tuple[str, int]]:
    """Yield field and index of the tensors that were changed in place since the node saved them."""
    for field in _saved_fields(node):
        for index, saved in enumerate(saved_tensors(node, field)):
            if saved.unpack_hook is None and is_changed(node, field, saved):
                yield field, index


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
