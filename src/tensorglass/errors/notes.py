"""The explanation under the traceback: as a note on the exception, which Python prints wherever it prints that."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from types import TracebackType

_HEADING = "tensorglass explains"
_LIBRARIES = {"torch", "numpy"}  # whose errors the catalogue has


class _Explained:
    """The block of `explained_errors`: it keeps nothing, so that all blocks can be the same."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            add_note(error)


_BLOCK = _Explained()


def explained_errors() -> AbstractContextManager[None]:
    """Add to an exception that leaves the block a note that explains it.

    The exception is otherwise as it was: the same object, with its message and traceback. Python prints the note under
    the traceback, and so do pytest and notebooks. An exception that is not in the catalogue, or has such a note
    already, is left alone. Nothing is done before one is raised.

    .. versionadded:: 0.2.0

    Returns
    -------
    context manager
        For a ``with`` statement.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import explained_errors
    >>> a, b = torch.ones(2, 3), torch.ones(2)
    >>> try:
    ...     with explained_errors():
    ...         a + b
    ... except RuntimeError as error:
    ...     print(error.__notes__[0].splitlines()[-1])
    a + b[:, None]  shape (2, 3)
    """
    return _BLOCK


def add_note(error: BaseException) -> None:
    """Add the explanation of an exception to its notes, once, if it has one. Whatever goes wrong, nothing is raised.

    A program that has imported neither torch nor NumPy does not have torch imported for it when it fails, nor does one
    that is interrupted.
    """
    if not isinstance(error, Exception) or _LIBRARIES.isdisjoint(sys.modules):
        return
    try:
        text = note_for(error)
        if text and not any(str(note).startswith(_HEADING) for note in getattr(error, "__notes__", ())):
            BaseException.add_note(error, text)
    except Exception:  # the program's own exception is the one to be seen
        return


def note_for(error: BaseException) -> str:
    """Return the note for an exception, empty if nothing is known of it."""
    from .explain import explain_error

    explanation = explain_error(error)
    return f"{_HEADING}:\n\n{explanation.without_message()}" if explanation.known else ""
