"""A list of the broadcasts that happen while some code runs.

Torch offers functions a place to be observed from: `torch.overrides.TorchFunctionMode`, which sees each call of a
public torch function before it runs. Nothing is patched, and outside the ``with`` block nothing is left.
"""

from __future__ import annotations

import math
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch.overrides import TorchFunctionMode

from ..calling import function_name, place_text
from ..report import NumberColumn, Recording, Report, Table, public
from ..shapes import Shape, broadcast_shape
from .callers import calling_distribution, calling_line
from .operations import base_name, have_shapes
from .parts import KNOWN, aligned_shapes, result_shape, shown_shapes
from .unseen_operands import distribution_shapes, numpy_shapes


@public
@dataclass(frozen=True, repr=False)
class Broadcast(Report):
    """One call that broadcast.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    operation : str
        The function, as torch names it without its outer underscores: `sub` for ``a - b``, `setitem` for
        ``a[i] = b``. For a distribution, its class or the method; `numpy` where NumPy computed.
    shapes : tuple of tuple of int
        The shapes that were aligned, in the order of the operands; whole operands where only some of their axes are.
    result : tuple of int
        The shape that they were stretched to; for a product such as ``matmul``, or the solution of a system, its own
        shape. A loss reduces it afterwards.
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

    .. versionadded:: 0.2.0

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

    .. versionadded:: 0.2.0

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
    What is seen is the layer of Python calls: operators, methods, ``torch.*``, ``torch.nn.functional.*``,
    ``torch.special.*``, ``torch.linalg.*`` and the parameters of ``torch.distributions``, made by your code or by a
    module that it calls, in this thread. A function that calls others inside, such as a loss, is listed once, under
    its own name. What this library computes inside, as its `einsum` does, is not yours and not listed.

    Where a tensor meets an array of NumPy, torch mostly leaves the work to NumPy and hears of the result alone. Then
    the array's shape is told as the least that gives this result, and an array that is stretched to the tensor's own
    shape is not seen.

    Not seen: the bias that a linear layer, a convolution or a normalization adds inside its own kernel, the slopes of
    `prelu`, a named axis of size 1 in `torch.einsum`, masks inside fused attention, tensors in lists, indices where
    something is assigned or where a mask is among them, the parameters of `Wishart`, nested tensors, sizes that a
    trace keeps open, broadcasts within backward, within compiled or scripted code, and in other threads. `expand`,
    `expand_as` and `broadcast_tensors` stretch because you asked, and are not listed. A call that raises is not
    listed either.

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
        self._made: weakref.WeakSet[Any] = weakref.WeakSet()  # distributions whose parameters were looked at

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = base_name(func)
        if name in ("broadcast_tensors", "expand"):
            self._look_at_distribution(name, args)
        # The shapes are read before the call, which may change them: some in-place operations resize.
        aligned, shown = _shapes_of_call(name, args, kwargs)
        output = func(*args, **kwargs)
        if output is not NotImplemented and _is_stretched(aligned):
            result = result_shape(name, broadcast_shape(aligned) or (), output)
            self._note("numpy" if name == "array_wrap" else function_name(func), aligned, shown, result)
        return output

    def _look_at_distribution(self, name: str, args: Sequence[Any]) -> None:
        """Note what a distribution stretches, once for each that is made."""
        entered = calling_distribution()
        if entered is None:
            return
        made, called, shapes = distribution_shapes(name, args, entered)
        if made is not None and made not in self._made:
            self._made.add(made)
        elif made is not None:
            return
        if _is_stretched(shapes):
            self._note(called, shapes, shapes, broadcast_shape(shapes) or ())

    def _note(self, operation: str, aligned: tuple[Shape, ...], shown: tuple[Shape, ...], result: Shape) -> None:
        larger = math.prod(broadcast_shape(aligned) or ()) > max(map(math.prod, aligned))
        place = calling_line()
        if place is not None and (larger or not self._only_both_stretched):
            self._seen.append(Broadcast(operation, shown, result, larger, *place))


def _shapes_of_call(
    name: str, args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
    """Return the shapes that a call aligns, and those to show; none of a call that is wrong, which torch will say."""
    if name not in KNOWN and name != "array_wrap":
        return (), ()
    try:
        if not have_shapes(args, kwargs):
            return (), ()
        aligned = numpy_shapes(*args, **kwargs) if name == "array_wrap" else aligned_shapes(name, args, kwargs)
        return aligned, shown_shapes(name, aligned, args, kwargs)
    except Exception:  # a wrong call: torch's own, which comes next, raises the error that belongs to it
        return (), ()


def _is_stretched(aligned: tuple[Shape, ...]) -> bool:
    together = broadcast_shape(aligned) if aligned else None
    return together is not None and any(shape != together for shape in aligned)
