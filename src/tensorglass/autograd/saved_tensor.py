"""What is told of each tensor that autograd keeps, and of each storage behind these tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..report import public
from ..shapes import Shape

ACTIVATION, INPUT, PARAMETER, BUFFER, NUMBER = "activation", "input", "parameter", "buffer", "number"

CHECKPOINT = "checkpoint"  # the operation of what is kept in order to compute a part again


@public
@dataclass(frozen=True)
class SavedTensor:
    """One tensor that one node of the graph keeps.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    module : str
        The module that was running, by its path from the outermost one that was called, such as `Sequential.0`; empty
        outside of modules. `model.get_submodule` takes what follows the first dot.
    operation : str
        The function that was called, such as `linear`; for a custom `autograd.Function` its name. `checkpoint` for
        what is kept in order to compute a part again.
    node, field : str
        The node that keeps it, such as `AddmmBackward0`, and the name that its formula gives it, such as `mat1`.
    role : str
        `output`, `input`, `weight`, `mask`, `indices`, `statistics`, `random state`, `workspace`, `gradient`;
        of a custom function also `intermediate` and `attribute`.
    kind : str
        Where the storage comes from: an `activation` was made inside; an `input`, a `parameter` or a `buffer` was
        there before; a `number` is a Python number that torch made a tensor of.
    shape, dtype : tuple of int, torch.dtype
        Its shape and dtype.
    nbytes : int
        Logical bytes.
    storage : int
        The position of its storage in `SavedTensors.storages`.
    line : str
        The line of your code in which it was saved, such as `train.py:12`, or in a notebook `Cell In[5], line 2`.
    changed : str
        Empty, or, of a tensor that was changed in place since it was saved, so that a backward pass through the graph
        raises: what changed it, as far as that is known.
    """

    module: str
    operation: str
    node: str
    field: str
    role: str
    kind: str
    shape: Shape
    dtype: torch.dtype
    nbytes: int
    storage: int
    line: str
    changed: str


@public
@dataclass(frozen=True)
class SavedStorage:
    """One storage that the graph keeps alive.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    nbytes : int
        Its bytes, also those that no saved tensor reaches.
    kind : str
        As in `SavedTensor.kind`.
    device : torch.device
        Where it is. A fake tensor's is where it pretends to be.
    fake : bool
        Whether it is only pretended.
    module, operation : str
        Those of the first tensor that was saved in it.
    alive : bool
        Whether it was still in memory when the block ended.
    """

    nbytes: int
    kind: str
    device: torch.device
    fake: bool
    module: str
    operation: str
    alive: bool


def change_text(tensor: SavedTensor) -> str:
    """Return the sentence that tells which saved tensor was changed, and by what."""
    where = f" of {tensor.module}" if tensor.module else ""
    what = f"{tensor.role} of {tensor.operation}{where}, {str(tensor.dtype).removeprefix('torch.')} {tensor.shape}"
    return (
        f"Changed since it was saved, so that a backward pass through it raises: the {what}, saved in {tensor.line}; "
        f"changed by {tensor.changed}."
    )
