"""One axis of aligned shapes: the size that each operand has there, and the part that it plays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..report import Cell, Report, Table, public
from ..shapes import Shape, broadcast_axis_size

EQUAL, STRETCHED, MISSING, CLASH = "equal", "stretched", "missing", "clash"


@public
@dataclass(frozen=True, repr=False)
class BroadcastAxis(Report):
    """One axis of the aligned shapes.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    axis : int
        The axis, counted from the end: -1 is the last one.
    sizes : tuple of int | None
        The size that each operand has there; None where the operand has no such axis.
    roles : tuple of str
        For each operand `equal`, `stretched`, `missing` or `clash`.
    result : int or None
        The size of the result in this axis; None where the sizes clash.
    """

    axis: int
    sizes: tuple[int | None, ...]
    roles: tuple[str, ...]
    result: int | None

    def _content(self) -> Iterable[str | Table]:
        described = " against ".join(cell.text for cell in self.cells())
        yield f"axis {self.axis}: {described}, result {self.result}"

    def cells(self) -> tuple[Cell, ...]:
        """Return one table cell per operand: its size, and its role where that is not plain equality."""
        return tuple(Cell(_size_text(size, role), (role,)) for size, role in zip(self.sizes, self.roles, strict=True))


def explained_axis(shapes: Sequence[Shape], axis: int) -> BroadcastAxis:
    sizes = tuple(shape[axis] if -axis <= len(shape) else None for shape in shapes)
    result = broadcast_axis_size(size for size in sizes if size is not None)
    return BroadcastAxis(axis, sizes, tuple(_role(size, result) for size in sizes), result)


def _role(size: int | None, result: int | None) -> str:
    if size is None:
        return MISSING
    if size == result:
        return EQUAL
    return STRETCHED if size == 1 else CLASH


def _size_text(size: int | None, role: str) -> str:
    if role == EQUAL:
        return str(size)
    return role if size is None else f"{size} {role}"


def spread_axes(axes: Sequence[BroadcastAxis], operand: int) -> tuple[int, ...]:
    """Return the axes along which an operand is repeated."""
    return tuple(axis.axis for axis in axes if axis.roles[operand] in (STRETCHED, MISSING))
