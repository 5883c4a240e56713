"""What was done with each parameter of a model, and what was left, as a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ..report import ROWS_SHOWN, NumberColumn, Table, Verdict, counted, number_text, public
from .rules import LEFT_ALONE, NO_RULE

_REASONS_SHOWN = 6
_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")  # a whole part of a name


@public
@dataclass(frozen=True)
class InitializedParameter:
    """What was done with one parameter.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    name : str
        As in `model.named_parameters()`.
    shape : tuple of int
        Its shape; empty if it is lazy.
    how : str
        The scheme and the fan that it went by, or another rule, or why the parameter was left alone.
    std : float or None
        The standard deviation that was aimed at, over all values; None for constants and for what was left alone.
    rms : float or None
        The root mean square of the new values; None for what was left alone or has no data.
    role : str
        What the parameter was taken for, and by what; empty for biases, and for what was left alone.
    layer : str
        The class of the module that it is in, with the module that defines it unless that is torch's.
    """

    name: str
    shape: tuple[int, ...]
    how: str
    std: float | None
    rms: float | None
    role: str = ""
    layer: str = ""


@public
@dataclass(frozen=True, repr=False)
class Initialization(Verdict):
    """What was done with a model's parameters. The result of `initialize_`; truthy exactly when it is ok.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    parameters : tuple of InitializedParameter
        All parameters of the model, in the order of `model.named_parameters()`.
    """

    parameters: tuple[InitializedParameter, ...]

    @property
    def left_alone(self) -> tuple[InitializedParameter, ...]:
        """The parameters that have the values they had before."""
        return tuple(each for each in self.parameters if each.how.startswith(LEFT_ALONE))

    @property
    def ok(self) -> bool:  # type: ignore[override]
        """Whether values were written, and no weight of two or more axes was left alone for want of a rule."""
        lacking = any(each.how.startswith(NO_RULE) and len(each.shape) > 1 for each in self.parameters)
        return not lacking and any(each.rms is not None for each in self.parameters)

    def _content(self) -> Iterable[str | Table]:
        yield self._first_line()
        if len(self.parameters) > ROWS_SHOWN:
            yield self._grouped().shortened()
        elif self.parameters:
            header = ("parameter", "shape", "role", "how", NumberColumn("std"), NumberColumn("rms"))
            rows = tuple(
                (each.name, str(each.shape), each.role, each.how, number_text(each.std), number_text(each.rms))
                for each in self.parameters
            )
            yield Table("Parameters", header, rows)

    def _first_line(self) -> str:
        total, left = len(self.parameters), self.left_alone
        line = f"{total - len(left):,} of {counted(total, 'parameter')} initialized, {len(left):,} left alone"
        reasons = Counter(each.how.removeprefix(LEFT_ALONE).partition(", tied")[0] for each in left).most_common()
        told = [f"{number:,} {reason}" for reason, number in reasons[:_REASONS_SHOWN]]
        if len(reasons) > _REASONS_SHOWN:
            told.append(f"{sum(number for _, number in reasons[_REASONS_SHOWN:]):,} for other reasons")
        without = total - len(left) - sum(each.rms is not None for each in self.parameters)
        nothing = f"; {without:,} have no data to write to" if without else ""
        foreign = Counter(each.layer for each in self.parameters if each.std is not None and "." in each.layer)
        also = "".join(f"; among them {counted(number, 'weight')} of {layer}" for layer, number in foreign.items())
        return f"{line}{': ' if told else ''}{', '.join(told)}{nothing}{also}"

    def _grouped(self) -> Table:
        """Return the table in which parameters that differ in the numbers in their names share a row."""
        groups: dict[tuple[str, ...], list[InitializedParameter]] = {}
        for each in self.parameters:
            key = (_NUMBER.sub("*", each.name), str(each.shape), each.role, _NUMBER.sub("*", each.how))
            groups.setdefault((*key, number_text(each.std)), []).append(each)
        rows = tuple((name, str(len(all_)), *rest) for (name, *rest), all_ in groups.items())
        header = ("parameter", NumberColumn("number"), "shape", "role", "how", NumberColumn("std"))
        return Table("Parameters, alike but for the numbers in their names", header, rows)
