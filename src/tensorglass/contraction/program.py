"""A program of torch calls that grows line by line, each view tried on meta tensors as it is written.

A meta tensor has a shape and strides and no data. Running a line on meta tensors tells what it gives: the strides that
decide whether the next reshape must copy, and the bytes that it allocates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from ..report import public
from ..shapes import Shape
from ..torch_internals import is_view
from .extents import Extent, with_numbers

_TILE = 60 * 60  # elements that torch copies at a time to transpose a matrix of at least so many
_TILE_OF_BYTES = 120 * 120  # and those of uint8, of as large matrices


@dataclass(frozen=True)
class Value:
    """A tensor while a program is written: its name, the letters of its axes, and a meta tensor in its place."""

    name: str
    letters: tuple[str, ...]
    meta: torch.Tensor

    def sizes(self, letters: Sequence[str]) -> Shape:
        return tuple(Extent.of(letter, self.meta.shape[self.letters.index(letter)]) for letter in letters)

    def strides(self, letters: Sequence[str]) -> Shape:
        return tuple(self.meta.stride()[self.letters.index(letter)] for letter in letters)


@public
@dataclass(frozen=True)
class Step:
    """One operation of a plan.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    operation : str
        `diagonal`, `squeeze`, `conversion`, `sum`, `permutation`, `elementwise product`, `products and sums` or
        `matrix product`.
    code : str
        The line of torch code that does it.
    result : str
        The name of the result in that line.
    letters : tuple of str
        The letters of the result's axes, or of those that a matrix product sees, merged: ``("b", "qh", "d")``.
    shape : tuple of int
        The shape of the result.
    multiplications : int
        How many products of two numbers are computed.
    nbytes : int
        Bytes of the new memory that the result takes: 0 for a view, and for what is added in place.
    copies : bool
        Whether it writes values that exist already, only to have them in another place, order or dtype.
    temporary_nbytes : int
        Bytes of memory that it takes besides, and gives back as soon as it is done: pieces of products, or matrices
        that torch copies for its kernels.
    """

    operation: str
    code: str
    result: str
    letters: tuple[str, ...]
    shape: Shape
    multiplications: int
    nbytes: int
    copies: bool
    temporary_nbytes: int = 0


class Program:
    """Writes lines; the names ``x0``, ``x1``, ... stand for the operands and then for each result.

    Parameters
    ----------
    operands : sequence of (letters, tensor)
        The letters of each operand's axes, and a meta tensor with its layout.
    exact : bool
        Whether a product that is written to memory is as exact as one inside a matrix product. It is not in half
        precision, nor under autocast.
    on_cpu : bool
        Whether the program will run on a CPU, which has other fast and slow kernels than a GPU.
    """

    def __init__(self, operands: Sequence[tuple[tuple[str, ...], torch.Tensor]], *, exact: bool, on_cpu: bool) -> None:
        self.exact = exact
        self.on_cpu = on_cpu
        self.operands: list[Value] = [Value(f"x{i}", letters, meta) for i, (letters, meta) in enumerate(operands)]
        self.steps: list[Step] = []
        self._values: dict[str, Any] = {"torch": torch, **{value.name: value.meta for value in self.operands}}
        self._reads: list[tuple[str, ...]] = []

    def rearrange(self, operation: str, expression: str, letters: tuple[str, ...], source: Value) -> Value:
        """Add the line ``xN = expression``, which moves the numbers of one value at most, and return its result."""
        meta = self.tried(expression)
        nbytes = 0 if is_view(meta) else meta.nbytes
        result = self._next_name()
        code = f"{result} = {expression}"
        temporary = _tile_of_transposing(source.meta) if nbytes and meta.dtype == source.meta.dtype else 0
        step = Step(operation, code, result, letters, tuple(meta.shape), 0, nbytes, bool(nbytes), temporary)
        return self._add(step, meta, (source,))

    def compute(
        self, operation: str, expression: str, axes: dict[str, int], reads: Sequence[Value], multiplications: int = 0
    ) -> Value:
        """Add the line ``xN = expression``, which computes a new contiguous tensor, and return that.

        The line is not tried: before its first arithmetic on meta tensors torch would import for a second.
        """
        shape = tuple(axes.values())
        meta = torch.empty(shape, dtype=reads[0].meta.dtype, device="meta")
        result = self._next_name()
        code = f"{result} = {expression}"
        step = Step(operation, code, result, tuple(axes), shape, multiplications, meta.nbytes, copies=False)
        return self._add(step, meta, reads)

    def takes_besides(self, nbytes: int) -> None:
        """Note that the last line takes so much memory besides its result, while it runs."""
        self.steps[-1] = replace(self.steps[-1], temporary_nbytes=nbytes)

    def add_in_place(self, code: str, to: Value, multiplications: int) -> Value:
        """Add a line that adds matrix products to the last result, from the same values, and return that result."""
        reads, self._reads[-1] = self._reads[-1], ()
        shape = tuple(to.meta.shape)
        step = Step("matrix product", code, to.name, to.letters, shape, multiplications, 0, copies=False)
        self.steps.append(step)
        self._reads.append(reads)
        return to

    def tried(self, expression: str) -> torch.Tensor:
        """Return the meta tensor that an expression of the program's names gives."""
        result: torch.Tensor = eval(with_numbers(expression), {**self._values})
        return result

    def laid_out(self, value: Value, order: tuple[str, ...]) -> Value:
        """Note that the axes of a computed tensor lie in memory in another order."""
        sizes = value.sizes(order)
        meta = torch.empty(sizes, dtype=value.meta.dtype, device="meta")
        meta = meta.permute([order.index(letter) for letter in value.letters])
        self._values[value.name] = meta
        return Value(value.name, value.letters, meta)

    def _next_name(self) -> str:
        return f"x{len(self._values) - 1}"  # beside torch, each value has its name

    def _add(self, step: Step, meta: torch.Tensor, reads: Sequence[Value]) -> Value:
        self.steps.append(step)
        self._reads.append(tuple(value.name for value in reads))
        self._values[step.result] = meta
        return Value(step.result, step.letters, meta)

    def peak_bytes(self) -> int:
        """Return the most bytes that are taken at a time: by a step, and by the results that later steps read."""
        held: dict[str, int] = {}  # bytes that each name keeps alive
        most = 0
        for step, reads in zip(self.steps, self._reads, strict=True):
            most = max(most, sum(held.values()) + step.nbytes + step.temporary_nbytes)
            let_go = sum(held.pop(name, 0) for name in reads)
            if step.result not in held:
                held[step.result] = step.nbytes or let_go  # a view keeps the memory that it shows
        return most

    def numbered_steps(self) -> tuple[Step, ...]:
        """Return the steps with numbers for sizes."""
        return tuple(
            replace(
                step,
                code=with_numbers(step.code),
                shape=tuple(map(int, step.shape)),
                multiplications=int(step.multiplications),
                temporary_nbytes=int(step.temporary_nbytes),
            )
            for step in self.steps
        )

    def source(self) -> str:
        """Return the program as a function of its operands."""
        return with_numbers(self.written())

    def written(self) -> str:
        """Return the source with its sizes as `extents` writes them. Each value is let go where it is read last."""
        lines = [f"def contract({', '.join(value.name for value in self.operands)}):"]
        own: set[str] = set()  # names that keep memory of ours alive, rather than that of an operand
        for step, reads in zip(self.steps[:-1], self._reads, strict=False):
            lines.append(f"    {step.code}")
            if step.nbytes or own.intersection(reads):
                own.add(step.result)
            done = [name for name in reads if name in own]
            if done:
                lines.append(f"    del {', '.join(done)}")
        lines.append(f"    return {self.steps[-1].code.partition(' = ')[2]}")
        return "\n".join(["import torch", "", "", *lines, ""])


def _tile_of_transposing(source: torch.Tensor) -> int:
    """Return the bytes of the tile through which torch copies a matrix from rows to columns, or back.

    Source: ``copy_transpose_valid`` in ATen's `Copy.cpp`.
    """
    without_gaps = source.dim() == 2 and (source.is_contiguous() or source.mT.is_contiguous())
    if not without_gaps or source.numel() < _TILE:
        return 0
    return _TILE_OF_BYTES if source.dtype == torch.uint8 else _TILE * source.itemsize


def is_inexact(dtype: torch.dtype) -> bool:
    """Whether numbers of this dtype are rounded.

    >>> is_inexact(torch.bfloat16), is_inexact(torch.complex64), is_inexact(torch.int8)
    (True, True, False)
    """
    return dtype.is_floating_point or dtype.is_complex
