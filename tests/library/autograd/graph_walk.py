"""What torch's own fields show of the tensors that a graph keeps, by a walk that shares no code with the library."""

import torch


def tensors_shown(output):
    """Yield the tensors in the `_saved_` fields of all nodes behind a tensor, and in those of custom functions."""
    nodes, waiting = set(), [output.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in nodes:
            continue
        nodes.add(node)
        waiting += [earlier for earlier, _ in node.next_functions]
        for name in dir(node):
            value = getattr(node, name) if name.startswith("_saved_") or name == "saved_tensors" else None
            for tensor in value if isinstance(value, (tuple, list)) else [value]:
                if isinstance(tensor, torch.Tensor):
                    yield tensor
