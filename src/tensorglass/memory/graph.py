"""What the graph behind a tensor keeps alive for a backward pass, read without running or unpacking anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ..torch_internals import (
    AccumulateGrad,
    BackwardCFunction,
    fields_of_formula,
    saved_tensors,
    saved_tensors_are_readable,
)
from .kinds import GRAPH
from .members import Member

# In-place operations on views are wrapped in the first of these, which hides their own node. Functions that a C++
# extension defines are the second; a graph of scripted code that was optimized is the third.
_CLOSED = ("torch::autograd::CopySlices", "CppNode", "torch::jit::")


class ClosedNode:
    """Stands for a node that does not show what it saved."""

    def __init__(self, node: Any) -> None:
        self.name: str = node.name()


def is_closed(node: Any) -> bool:
    """Return whether a node of autograd's graph does not show what it saved."""
    return any(name in node.name() for name in _CLOSED)


def graph_members(tensor: torch.Tensor, visited: dict[int, Any]) -> Iterator[Member]:
    """Yield what the nodes behind a tensor hold, and mark them as visited; those visited before are left out."""
    try:
        waiting = [tensor.grad_fn]
    except RuntimeError:  # a view that autograd refuses, since its base was changed
        return
    nodes = []  # all of them are visited before a saved tensor leads to one of them again
    while waiting:
        node = waiting.pop()
        if node is not None and id(node) not in visited:
            visited[id(node)] = node
            nodes.append(node)
            waiting += [earlier for earlier, _ in reversed(node.next_functions)]
    for node in nodes:
        for field, part in _held_by(node):
            yield Member(f"grad_fn.{node.name().rpartition('::')[2]}.{field}", part, GRAPH, saved=False)


def _held_by(node: Any) -> Iterator[tuple[str, object]]:
    if isinstance(node, AccumulateGrad):
        yield "variable", node.variable  # type: ignore[attr-defined]
        return
    custom = isinstance(node, BackwardCFunction)
    fields = ("tensors",) if custom else fields_of_formula(node.__class__)
    saved = [(field, each) for field in fields for each in saved_tensors(node, field)]
    if is_closed(node) or (saved and not saved_tensors_are_readable()):
        yield "saved", ClosedNode(node)
    else:
        yield from saved
    if custom:
        yield from vars(node).items()
