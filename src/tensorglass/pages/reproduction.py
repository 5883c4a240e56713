"""What a paper says beside what a run found, in one table, with a verdict for each row."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ..report import NumberColumn, Table, Verdict, public

AGREES, DEPARTS = "agrees", "departs"


@public
@dataclass(frozen=True)
class ReproducedValue:
    """One published value, and ours.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    claim : str
        What the value is of.
    source : str
        Where the paper gives it.
    published, ours : float or str
        Numbers are compared with the tolerance; words must be the same.
    tolerance : float or None
        How far apart the two numbers may be; None for words.
    """

    claim: str
    source: str
    published: float | str
    ours: float | str
    tolerance: float | None = None

    @property
    def verdict(self) -> str:
        """What comes of the comparison, "agrees" or "departs"."""
        if isinstance(self.published, str) or isinstance(self.ours, str) or self.tolerance is None:
            return AGREES if self.published == self.ours else DEPARTS
        return AGREES if abs(self.ours - self.published) <= self.tolerance else DEPARTS

    def texts(self) -> tuple[str, str, str, str, str, str]:
        """Return the claim, its source, both values, the tolerance and the verdict, as a table shows them."""
        tolerance = "" if self.tolerance is None else f"± {_text(self.tolerance)}"
        return self.claim, self.source, _text(self.published), _text(self.ours), tolerance, self.verdict


@public
@dataclass(frozen=True, repr=False)
class Reproduction(Verdict):
    """The result of `reproduction`: prints as a table. Truthy exactly when all values agree.

    .. versionadded:: 0.2.0

    Attributes
    ----------
    ok : bool
        Whether all values agree.
    values : tuple of ReproducedValue
        In the order of the rows.
    """

    ok: bool
    values: tuple[ReproducedValue, ...]

    HEADER: ClassVar = ("what", "in the paper", "published", "here", "tolerance", "verdict")

    def __getitem__(self, claim: str) -> ReproducedValue:
        return next(value for value in self.values if value.claim == claim)

    def _content(self) -> Iterable[str | Table]:
        rows = tuple(value.texts() for value in self.values)
        what, source, *values, tolerance, verdict = self.HEADER
        header = (what, source, *map(NumberColumn, values), tolerance, verdict)
        yield Table("Published and measured", header, rows)


def reproduction(*rows: tuple[str, str, float | str, float | str, float | None]) -> Reproduction:
    """Compare published values with ours.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    *rows : tuple
        Each with a claim, where the paper makes it, the published value, ours, and the tolerance: the largest
        difference of two numbers that counts as agreement, or None for words, which must be the same.

    Returns
    -------
    Reproduction
        Truthy exactly when all values agree. ``found[claim]`` is the value of that claim.

    Raises
    ------
    ValueError
        If a row has not five parts, a claim stands there twice, a number is not finite, or numbers come without a
        tolerance.

    Examples
    --------
    >>> from tensorglass import reproduction
    >>> found = reproduction(
    ...     ("mean singular value", "section 4.2.2", 0.8, 0.79, 0.05),
    ...     ("22 layers converge", "figure 2", "yes", "no", None),
    ... )
    >>> found
    Published and measured
    <BLANKLINE>
    what                 in the paper   published  here  tolerance  verdict
    -------------------  -------------  ---------  ----  ---------  -------
    mean singular value  section 4.2.2        0.8  0.79  ± 0.05     agrees
    22 layers converge   figure 2             yes    no             departs
    >>> found["mean singular value"].verdict, found.ok
    ('agrees', False)
    """
    values: list[ReproducedValue] = []
    for row in rows:
        if len(row) != 5:
            raise ValueError(f"reproduction() row {row!r} has {len(row)} parts; expected 5")
        value = ReproducedValue(*row)
        _check(value)
        if value.claim in [each.claim for each in values]:
            raise ValueError(f"reproduction() claim {value.claim!r} comes twice; expected one row for each")
        values.append(value)
    return Reproduction(all(value.verdict == AGREES for value in values), tuple(values))


def _check(value: ReproducedValue) -> None:
    numbers = [each for each in (value.published, value.ours) if not isinstance(each, str)]
    if any(not math.isfinite(number) for number in numbers):
        raise ValueError(f"reproduction() {value.claim!r} has {numbers}; expected finite numbers")
    if len(numbers) == 1 or (len(numbers) == 2 and value.tolerance is None):
        raise ValueError(f"reproduction() {value.claim!r} expected two numbers with a tolerance, or two words")


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
