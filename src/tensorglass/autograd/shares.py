"""The shares of modules in what autograd keeps, and the shares of the modules around them."""

from __future__ import annotations

from dataclasses import dataclass

from ..report import public


@public
@dataclass(frozen=True)
class ModuleShare:
    """What one module has the graph keep, by all its calls together. A storage counts where it was saved first.

    Attributes
    ----------
    module : str
        As in `SavedTensor.module`.
    tensors : int
        The number of saved tensors.
    activation_bytes, other_bytes : int
        Bytes of storages that were made inside, and of those that were there before.
    """

    module: str
    tensors: int
    activation_bytes: int
    other_bytes: int


def outermost(shares: tuple[ModuleShare, ...], at_most: int) -> tuple[ModuleShare, ...]:
    """Return the shares with inner modules added to outer ones, as deep as the number of bars allows.

    >>> deep = tuple(ModuleShare(f"Net.{i}.{j}", 1, 100, 0) for i in range(2) for j in range(3))
    >>> [(share.module, share.activation_bytes) for share in outermost(deep, 4)]
    [('Net.0', 300), ('Net.1', 300)]
    """
    depth = max((share.module.count(".") for share in shares), default=0)
    merged = shares
    while len(merged) > at_most and depth > 0:
        depth -= 1
        totals: dict[str, list[int]] = {}
        for share in shares:
            total = totals.setdefault(".".join(share.module.split(".")[: depth + 1]), [0, 0, 0])
            for i, figure in enumerate((share.tensors, share.activation_bytes, share.other_bytes)):
                total[i] += figure
        merged = tuple(ModuleShare(module, *total) for module, total in totals.items())
    return merged
