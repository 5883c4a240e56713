"""A plan for an einsum as an object: its indices, steps and cost, its code, its table, and the call that computes.

The module `einsum` makes the plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ..report import Cell, NumberColumn, Report, Table, bytes_text, counted, public
from ..shapes import Shape
from .equation import EinsumError
from .indices import Contraction, Index
from .loops import loops_source
from .operands import Operand, check_tensors
from .paths import Path
from .program import Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@public
class Cost(NamedTuple):
    """What a plan costs.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    multiplications : int
        Products of two numbers.
    nbytes : int
        Bytes of memory that it allocates, the result included. What a step gives back and takes again, as for each
        piece of many products, counts once.
    peak_bytes : int
        The most of them that it holds at a time: what `track_memory` measures as the peak of a call. In half precision
        on the CPU torch's kernels take memory of their own besides, for operands that they convert, which is not known.
    """

    multiplications: int
    nbytes: int
    peak_bytes: int


@public
@dataclass(frozen=True, repr=False)
class EinsumPlan(Report):
    """How an einsum is computed. The result of `plan_einsum`; call it with the operands to compute.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    equation : str
        As it was given; a sublist format is written out in letters.
    operands : tuple of Operand
        What the plan depends on in each operand.
    indices : tuple of Index
        Each letter with its size and roles: those of the output first.
    path : tuple of tuple of int
        Which operands are contracted, two at a time. Their result is appended to the operands that are left, as in
        opt_einsum.
    steps : tuple of Step
        The operations in order, with their code, their new bytes and whether these are copies.
    cost : Cost
        `multiplications` and `nbytes` of all steps, and `peak_bytes`.
    warnings : tuple of str
        Silent traps in the equation: axes that are stretched, an ellipsis that is summed away, letters of several
        operands that are summed apart.
    result : tuple of int
        The shape of the result.
    dtype : torch.dtype
        The dtype of the result.
    contraction : Contraction
        The equation matched with the shapes, each ellipsis spelled out.
    """

    equation: str
    operands: tuple[Operand, ...]
    indices: tuple[Index, ...]
    path: Path
    steps: tuple[Step, ...]
    cost: Cost
    warnings: tuple[str, ...]
    result: Shape
    dtype: torch.dtype
    contraction: Contraction
    _source: str
    _run: Callable[..., torch.Tensor] = field(compare=False)

    def __call__(self, *operands: torch.Tensor) -> torch.Tensor:
        """Compute the einsum of tensors with the planned shapes and dtypes."""
        check_tensors(operands, "plan()")
        came = tuple((tuple(x.shape), x.dtype) for x in operands)
        planned = tuple((operand.shape, operand.dtype) for operand in self.operands)
        if came != planned:
            raise EinsumError(f"the plan is for {_listed(planned)}; got {_listed(came)}")
        return self._run(*operands)

    def __reduce__(self) -> tuple[Callable[..., EinsumPlan], tuple[Any, ...]]:
        """Pickle and copy the plan without the compiled function, which is made again from the source."""
        return _restored, tuple(getattr(self, each.name) for each in fields(self) if each.name != "_run")

    def torch_code(self) -> str:
        """Return the source of a function that does what the plan does, in torch calls without einsum."""
        return self._source

    def loops(self) -> str:
        """Return the source of a function that computes the same with Python loops: the meaning of the equation."""
        return loops_source(self.contraction, self.dtype)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the operands, their letters, and which are multiplied with which."""
        from .pictures import plot_contraction

        return plot_contraction(self.contraction, self.path, ax)

    def _content(self) -> Iterable[str | Table]:
        shapes = " and ".join(str(operand.shape) for operand in self.operands)
        yield f"einsum {self.equation!r} of {shapes} gives {self.result}, {self.dtype}"
        rows = tuple(map(_index_row, self.indices))
        if rows:
            yield Table("Indices", ("index", NumberColumn("size"), "role", "in operands"), rows)
        numbers = map(NumberColumn, ("multiplications", "new bytes"))
        header = ("code", "operation", "letters of the result", "shape", *numbers)
        yield Table("Steps", header, tuple(map(_step_row, self.steps)))
        multiplications = counted(self.cost.multiplications, "multiplication")
        together = f", {bytes_text(self.cost.peak_bytes)} of them at a time"
        if self.cost.peak_bytes == self.cost.nbytes:
            together = ""
        yield f"{multiplications}; {bytes_text(self.cost.nbytes)} allocated in all, the result included{together}"
        yield from (f"warning: {warning}" for warning in self.warnings)


def compiled(source: str, equation: str) -> Callable[..., torch.Tensor]:
    """Return the function ``contract`` of a plan's source."""
    namespace: dict[str, Any] = {}
    exec(compile(source, f"<einsum {equation}>", "exec"), namespace)
    function: Callable[..., torch.Tensor] = namespace["contract"]
    return function


def _restored(*values: Any) -> EinsumPlan:
    equation, *_, source = values
    return EinsumPlan(*(*values, compiled(source, equation)))


def _listed(operands: Iterable[tuple[Shape, torch.dtype]]) -> str:
    return " and ".join(f"{shape} of {dtype}" for shape, dtype in operands)


def _index_row(index: Index) -> tuple[str, ...]:
    return index.letter, str(index.size), ", ".join(index.roles), ", ".join(map(str, index.operands))


def _step_row(step: Step) -> tuple[str | Cell, ...]:
    operation = f"{step.operation}, copies" if step.copies else step.operation
    new_bytes = bytes_text(step.nbytes) if step.nbytes else "in place" if step.multiplications else "a view"
    if step.temporary_nbytes:
        new_bytes += f" and {bytes_text(step.temporary_nbytes)} meanwhile"
    return (
        Cell(step.code, ("code",)),
        operation,
        " ".join(step.letters),
        str(step.shape),
        f"{step.multiplications:,}",
        new_bytes,
    )
