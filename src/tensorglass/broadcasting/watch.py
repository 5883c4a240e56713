"""A list of the broadcasts that happen while some code runs.

Torch offers functions a place to be observed from: `torch.overrides.TorchFunctionMode`, which sees each call of a
public torch function before it runs. Nothing is patched, and outside the ``with`` block nothing is left.
"""

from __future__ import annotations

import linecache
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch.overrides import TorchFunctionMode

from ..calling import calling_place, function_name, place_text
from ..report import NumberColumn, Recording, Report, Table, public
from ..shapes import Shape, broadcast_shape
from .operations import BATCHED, aligned_shapes, base_name, tensor_shapes


@public
@dataclass(frozen=True, repr=False)
class Broadcast(Report):
    """One call that broadcast.

    Attributes
    ----------
    operation : str
        The function, as torch names it without its outer underscores: `sub` for ``a - b``, `setitem` for
        ``a[i] = b``.
    shapes : tuple of tuple of int
        The shapes that were aligned, in the order of the operands.
    result : tuple of int
        The shape that they were stretched to; for ``matmul`` the shape of the product. A loss reduces it afterwards.
    both_stretched : bool
        Whether the result is larger than every operand, as for (8, 1) and (8,).
    filename, line, source : str, int, str
        The line of your code that made the call.
    """

    operation: str
    shapes: tuple[Shape, ...]
    result: Shape
    both_stretched: bool
    filename: str
    line: int
    source: str

    def _content(self) -> Iterable[str | Table]:
        line, operation, shapes, result, *_ = self.cells()
        yield f"{line}: {operation} {shapes} -> {result}"

    def cells(self) -> tuple[str, ...]:
        """Return the call as cells of a table: line, operation, shapes, result, note and source."""
        return (
            place_text((self.filename, self.line)),
            self.operation,
            " and ".join(map(str, self.shapes)),
            str(self.result),
            "both stretched" if self.both_stretched else "",
            self.source,
        )


@public
class BroadcastLog(Recording[list[Broadcast]]):
    """What `watch_broadcasts` has seen so far. It has a length, can be iterated over, and prints as a table.

    Attributes
    ----------
    broadcasts : tuple of Broadcast
        The calls that broadcast, in order.
    """

    @property
    def broadcasts(self) -> tuple[Broadcast, ...]:
        return tuple(self._recorded)

    def __len__(self) -> int:
        return len(self._recorded)

    def __iter__(self) -> Iterator[Broadcast]:
        return iter(self.broadcasts)

    def _content_when_ended(self) -> Iterable[str | Table]:
        if not self:
            yield "no broadcasts"
            return
        # A line in a loop is one row, with the number of times that it broadcast these shapes.
        rows = tuple((*seen.cells(), str(times)) for seen, times in Counter(self).items())
        header = ("line", "operation", "shapes", "result", "note", "source", NumberColumn("times"))
        yield Table("Broadcasts", header, rows)


@contextmanager
def watch_broadcasts(only: str | None = None) -> Iterator[BroadcastLog]:
    """List each broadcast that torch functions called inside the ``with`` block make.

    Parameters
    ----------
    only : "both_stretched", optional
        List only the calls whose result is larger than every operand. That is the silent trap: (n, 1) minus (n,) is
        (n, n), and no error is raised.

    Yields
    ------
    BroadcastLog
        Fills up while the block runs, and keeps shapes and lines of code, never tensors.

    Raises
    ------
    ValueError
        If `only` is something else.

    Notes
    -----
    What is seen is the layer of Python calls: operators, methods, ``torch.*`` and ``torch.nn.functional.*``, made by
    your code or by a module that it calls, in this thread. A function that calls others inside, such as a loss, is
    listed once, under its own name. Not seen: the bias that a linear layer, a convolution or a normalization adds
    inside its own kernel, a named axis of size 1 in `torch.einsum`, masks inside fused attention, broadcasts within
    backward, within compiled or scripted code, and in other threads. `expand`, `expand_as` and `broadcast_tensors`
    stretch because you asked, and are not listed. A call that raises is not listed either.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import watch_broadcasts
    >>> prediction, target = torch.zeros(8, 1), torch.ones(8)
    >>> with watch_broadcasts(only="both_stretched") as log:
    ...     loss = ((prediction - target) ** 2).mean()
    >>> [(seen.operation, seen.shapes, seen.result) for seen in log]
    [('sub', ((8, 1), (8,)), (8, 8))]
    """
    if only not in (None, "both_stretched"):
        raise ValueError(f"watch_broadcasts() got only={only!r}; expected None or 'both_stretched'")
    seen: list[Broadcast] = []
    with _Watch(seen, only_both_stretched=only is not None):
        yield BroadcastLog(seen)


class _Watch(TorchFunctionMode):
    def __init__(self, seen: list[Broadcast], *, only_both_stretched: bool) -> None:
        super().__init__()
        self._seen = seen
        self._only_both_stretched = only_both_stretched

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        # The shapes are read before the call, which may change them: some in-place operations resize.
        aligned = aligned_shapes(base_name(func), args, kwargs)
        output = func(*args, **kwargs)
        stretched_to = broadcast_shape(aligned) if aligned else None
        if stretched_to is not None and any(shape != stretched_to for shape in aligned):
            larger = math.prod(stretched_to) > max(map(math.prod, aligned))
            if larger or not self._only_both_stretched:
                shapes, result = aligned, stretched_to
                if base_name(func) in BATCHED:
                    shapes, result = tensor_shapes(args, kwargs), tuple(output.shape)
                self._seen.append(Broadcast(function_name(func), shapes, result, larger, *_calling_line()))
        return output


def _calling_line() -> tuple[str, int, str]:
    """Return file, number and text of the user's line."""
    filename, line = calling_place()
    return filename, line, linecache.getline(filename, line).strip()
