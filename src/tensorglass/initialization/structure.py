"""What the forward of one module does with its children: which outputs it multiplies, and whether it adds its input.

A module is traced by `torch.fx` with all its children as leaves, so that nothing is computed. What cannot be traced,
such as a forward that branches on its input, tells nothing.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Collection

import torch
from torch import fx, nn

from ..calling import random_state_kept

_PRODUCTS = (operator.mul, operator.imul, torch.mul, torch.multiply, "mul", "mul_", "multiply")
_SUMS = (operator.add, operator.iadd, torch.add, "add", "add_")

# Where a value comes from: the child that computed it, or nothing for an input, and the piece of it that was taken.
_Source = tuple[str, str]
_INPUT = ""


def traced(module: nn.Module) -> fx.Graph | None:
    """Return the graph of a module's own forward; None if it cannot be traced. The module stays as it is.

    >>> [node.op for node in traced(nn.Sequential(nn.ReLU())).nodes]
    ['placeholder', 'call_module', 'output']
    """
    try:
        with random_state_kept():
            return _Shallow().trace(copy.copy(module))  # what forward sets as an attribute is set on the copy
    except Exception:
        return None


def factors(graph: fx.Graph, weighted: Collection[str], gated_units: Collection[str] = ()) -> set[str]:
    """Return the names of the children whose outputs are multiplied with each other, or one half with the other.

    Parameters
    ----------
    graph : torch.fx.Graph
    weighted, gated_units : collection of str
        The names of the children that have weights, and of those that are `torch.nn.GLU`.

    Examples
    --------
    >>> class Gated(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.gate, self.up, self.down = nn.Linear(2, 8), nn.Linear(2, 8), nn.Linear(8, 2)
    ...     def forward(self, x):
    ...         return self.down(torch.sigmoid(self.gate(x)) * self.up(x))
    >>> sorted(factors(traced(Gated()), {"gate", "up", "down"}))
    ['gate', 'up']
    """
    found: set[_Source] = set()
    for node in graph.nodes:
        sources = [_sources(each, weighted) - {(_INPUT, "")} for each in node.all_input_nodes]
        halves = node.target is nn.functional.glu or (node.op == "call_module" and node.target in gated_units)
        parts = node.target in _PRODUCTS and all(sources) and not set.intersection(*sources)
        if halves or parts:
            found.update(*sources)
    return {name for name, _ in found}


def adds_its_input(graph: fx.Graph, weighted: Collection[str]) -> bool:
    """Tell whether an input of the module, which passed no child with weights, is added to what one computed."""
    for node in graph.nodes:
        if node.target in _SUMS:
            sources = [{name for name, _ in _sources(each, weighted)} for each in node.all_input_nodes]
            if any(_INPUT in each for each in sources) and any(each - {_INPUT} for each in sources):
                return True
    return False


class _Shallow(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def _sources(node: fx.Node, weighted: Collection[str]) -> set[_Source]:
    """Return where a value comes from, looking back to the nearest children with weights."""
    found, seen, waiting = set(), set(), [(node, "")]
    while waiting:
        each, piece = waiting.pop()
        if (each, piece) in seen:
            continue
        seen.add((each, piece))
        if each.op == "placeholder":
            found.add((_INPUT, ""))
        elif each.op == "call_module" and each.target in weighted:
            found.add((str(each.target), piece))
        else:
            piece = repr(each.args[1]) if each.target is operator.getitem else piece
            waiting.extend((before, piece) for before in each.all_input_nodes)
    return found
