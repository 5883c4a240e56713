"""What the scripts of the question pages need beyond torch: errors shown on purpose, and figures marked as measured."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

# The build of the site sets this variable. The marks are private-use characters, which the site turns into markup and
# which no ordinary run prints.
MARK_VARIABLE = "TENSORGLASS_MARK_MEASURED"
MARK_START, MARK_END = "\ue000", "\ue001"


@contextmanager
def shows_error(*types: type[BaseException], match: str) -> Iterator[None]:
    """Run a block that must raise, and print the error as ``Type: message``.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    *types : exception types
        The error must be an instance of one of them.
    match : str
        A regular expression that must be found in the message. Match its stable part, not every comma.

    Raises
    ------
    AssertionError
        If the block raises nothing, an error of another type, or another message.
    TypeError
        If no type is given.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import shows_error
    >>> with shows_error(RuntimeError, match="must match"):
    ...     torch.ones(3) + torch.ones(3, 4)
    RuntimeError: The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1
    """
    if not types:
        raise TypeError("shows_error() got no exception type; expected at least one, such as RuntimeError")
    expected = " or ".join(kind.__name__ for kind in types)
    try:
        yield
    except types as error:
        message = str(error)
        if not re.search(match, message):
            raise AssertionError(f"expected a message that matches {match!r}, got {message!r}") from error
        print(f"{type(error).__name__}: {message}")
    except Exception as error:
        raise AssertionError(f"expected {expected}, got {type(error).__name__}: {error}") from error
    else:
        raise AssertionError(f"expected {expected}, but nothing was raised")


def measured(value: object) -> str:
    """Return the text of a running time or of another figure that differs from machine to machine.

    On the built site the text is marked as measured, so that everything else on a page must be the same from build to
    build. In your own run it is plain text.

    .. versionadded:: 0.2.0

    Parameters
    ----------
    value : object
        A text, or anything else that ``str`` makes one of. Round it first.

    Returns
    -------
    str

    Examples
    --------
    >>> from tensorglass import measured
    >>> print("took", measured("12.3 ms"))
    took 12.3 ms
    """
    text = str(value)
    return f"{MARK_START}{text}{MARK_END}" if os.environ.get(MARK_VARIABLE) else text
