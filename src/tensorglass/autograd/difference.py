"""What one run keeps for the backward pass that another does not: before and after a change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..report import ROWS_SHOWN, NumberColumn, Report, Table, bytes_text, public


@public
@dataclass(frozen=True)
class ModuleDifference:
    """The activations that one module has the graph keep, in both runs. All figures are bytes.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    module : str
        As in `SavedTensor.module`.
    first, second, difference : int
        What it keeps in the first and in the second run, and the first minus the second.
    """

    module: str
    first: int
    second: int

    @property
    def difference(self) -> int:
        return self.first - self.second


@public
@dataclass(frozen=True, repr=False)
class SavedDifference(Report):
    """The difference of two recordings, the first minus the second. The result of ``a - b``.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    modules : tuple of ModuleDifference
        The modules of both, in the order of the first, then of the second.
    activation_bytes, input_bytes, parameter_bytes, buffer_bytes, nbytes : int
        The difference of the totals: positive where the first keeps more.
    notes : tuple of str
        What the figures do not tell, a sentence each.
    """

    modules: tuple[ModuleDifference, ...]
    activation_bytes: int
    input_bytes: int
    parameter_bytes: int
    buffer_bytes: int
    nbytes: int
    notes: tuple[str, ...]

    def _content(self) -> Iterable[str | Table]:
        first, second = (sum(getattr(each, side) for each in self.modules) for side in ("first", "second"))
        if first == second:
            yield f"the same: both keep {bytes_text(first)} of activations"
        else:
            more = f"{bytes_text(abs(first - second))} {'more' if first > second else 'less'}"
            yield f"activations kept: {bytes_text(first)} against {bytes_text(second)}, {more}"
        changed = [each for each in self.modules if each.difference]
        if len(changed) > ROWS_SHOWN:
            changed.sort(key=lambda each: -abs(each.difference))
        if changed:
            rows = tuple(
                (each.module, f"{each.first:,}", f"{each.second:,}", f"{each.difference:+,}") for each in changed
            )
            header = ("module", *map(NumberColumn, ("first", "second", "difference")))
            yield Table("Modules that keep another number of bytes", header, rows).shortened("largest")
        yield from self.notes
