"""Explanations under the tracebacks of a notebook, or of IPython in a terminal: ``%load_ext tensorglass``.

IPython tells when a cell has run, and whether it raised. Its own display of tracebacks is left as it is.
"""

from __future__ import annotations

from typing import Any

_EVENT = "post_run_cell"


def load(shell: Any) -> None:
    """Show an explanation after each cell that raised an error of the catalogue."""
    if _show not in shell.events.callbacks[_EVENT]:
        shell.events.register(_EVENT, _show)


def unload(shell: Any) -> None:
    """Show none any more."""
    if _show in shell.events.callbacks[_EVENT]:
        shell.events.unregister(_EVENT, _show)


def _show(result: Any) -> None:
    error = result.error_in_exec
    if not isinstance(error, Exception):
        return
    try:
        from IPython.display import display

        from .explain import explain_error

        explanation = explain_error(error)
        if explanation.known:
            display(explanation)  # type: ignore[no-untyped-call]
    except Exception:  # the cell's own error is the one to be seen
        return
