"""The shares of modules in what autograd keeps, and the shares of the modules around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..report import by_block, public


@public
@dataclass(frozen=True)
class ModuleShare:
    """What one module has the graph keep, by all its calls together. A storage counts where it was saved first.

    .. versionadded:: 0.2.0

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


def summed(module: str, shares: Iterable[ModuleShare]) -> ModuleShare:
    """Return the shares of several modules as one, under the name of the module around them.

    >>> summed("Net", [ModuleShare("Net.0", 1, 100, 8), ModuleShare("Net.1", 2, 50, 0)])
    ModuleShare(module='Net', tensors=3, activation_bytes=150, other_bytes=8)
    """
    figures = zip(*((share.tensors, share.activation_bytes, share.other_bytes) for share in shares), strict=True)
    return ModuleShare(module, *map(sum, figures))


def outermost(shares: Sequence[ModuleShare], at_most: int) -> tuple[ModuleShare, ...]:
    """Return the shares with inner modules added to outer ones, as deep as the number of bars allows.

    >>> deep = tuple(ModuleShare(f"Net.{i}.{j}", 1, 100, 0) for i in range(2) for j in range(3))
    >>> [(share.module, share.activation_bytes) for share in outermost(deep, 4)]
    [('Net.0', 300), ('Net.1', 300)]
    """
    blocks = by_block([share.module for share in shares], at_most)
    return tuple(summed(block, [shares[i] for i in inside]) for block, inside in blocks.items())
