"""Parameters chosen by name: by their own, by the path of a module that they are in, or by a pattern of either."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import accumulate


def patterns_of(function: str, argument: str, given: object, names: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns that a reader has given: one, or several.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If there is no name for one of them.

    Examples
    --------
    >>> patterns_of("initialize_", "skip", "head", ["head.weight"])
    ('head',)
    """
    patterns = (given,) if isinstance(given, str) else given
    if not isinstance(patterns, Iterable):
        raise TypeError(f"{function}() {argument} is {type(given).__name__}; expected names or patterns of names")
    several = tuple(patterns)
    for pattern in several:
        if not isinstance(pattern, str):
            raise TypeError(f"{function}() {argument} holds {type(pattern).__name__}; expected names or patterns")
        if not any(is_match(pattern, name) for name in names):
            raise ValueError(
                f"{function}() {argument} holds {pattern!r}, and nothing in the model has such a name; expected names "
                "as in model.named_modules() or model.named_parameters(), or patterns such as '*.bias'"
            )
    return several


def is_match(pattern: str, name: str) -> bool:
    """Tell whether a name, or the path of a module that it is in, fits a pattern.

    >>> [is_match(pattern, "layers.0.norm.weight") for pattern in ("layers.0", "*.norm", "layers", "norm")]
    [True, True, True, False]
    """
    return any(fnmatchcase(path, pattern) for path in accumulate(name.split("."), "{}.{}".format))


def any_match(patterns: Iterable[str], names: Iterable[str]) -> bool:
    """Tell whether one of several names fits one of several patterns."""
    known = tuple(names)
    return any(is_match(pattern, name) for pattern in patterns for name in known)
