"""Running a program as Python would, with an explanation under the traceback that ends it.

Until something is raised this imports neither torch nor the catalogue: the program decides when torch is imported, and
with which environment.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import os
import sys
import threading
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from .notes import add_note

USAGE = "usage: python -m tensorglass script.py [argument ...], or python -m tensorglass -m module [argument ...]"
_OURS = {__file__, os.path.join(os.path.dirname(os.path.dirname(__file__)), "__main__.py")}


def main(arguments: list[str]) -> None:
    """Run the script or the module that the command line names.

    Parameters
    ----------
    arguments : list of str
        What stands behind ``python -m tensorglass``.

    Raises
    ------
    SystemExit
        As the program raises it, and with code 2 for a command line that names no program.
    """
    code: CodeType | bytes
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        module, code = _module_named(arguments[1])
        sys.argv = [str(module.__file__), *arguments[2:]]
    elif arguments and not arguments[0].startswith("-"):
        module, code = _script_at(arguments[0])
        sys.argv = arguments
        if not sys.flags.safe_path:
            sys.path[0] = os.path.dirname(os.path.realpath(arguments[0]))
    else:
        _stop(USAGE, 0 if arguments in (["-h"], ["--help"]) else 2)
    run(module, code)


def _stop(sentence: str, code: int) -> NoReturn:
    print(sentence, file=sys.stderr if code else sys.stdout)
    raise SystemExit(code)


def _script_at(path: str) -> tuple[ModuleType, CodeType | bytes]:
    full = os.path.abspath(path)
    if os.path.isdir(full):
        full = os.path.join(full, "__main__.py")
    try:
        with io.open_code(full) as file:
            source = file.read()
    except OSError as error:
        _stop(f"python -m tensorglass: can't open file {full!r}: {error.strerror}", 2)
    module = ModuleType("__main__")
    module.__file__ = full
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", full)
    return module, source


def _module_named(name: str) -> tuple[ModuleType, CodeType]:
    spec = _spec_of(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = _spec_of(f"{name}.__main__")
    get_code: Callable[[str], CodeType | None] | None = getattr(getattr(spec, "loader", None), "get_code", None)
    code = get_code(spec.name) if spec is not None and get_code is not None else None
    if spec is None or code is None:
        _stop(f"python -m tensorglass: no module named {name} that can be run", 1)
    module = ModuleType("__main__")
    module.__file__, module.__loader__, module.__spec__ = spec.origin, spec.loader, spec
    module.__package__ = spec.parent
    return module, code


def _spec_of(name: str) -> Any:
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None


def run(module: ModuleType, code: CodeType | bytes) -> None:
    """Run code as the main module, and see to it that what it raises is explained when Python shows it."""
    sys.modules["__main__"] = module
    threading.excepthook = _explained_thread(threading.excepthook)
    try:
        if isinstance(code, bytes):
            code = compile(code, str(module.__file__), "exec", dont_inherit=True)
        exec(code, module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        add_note(error)
        sys.excepthook = _without_our_frames(sys.excepthook)
        raise


def _without_our_frames(shown: Callable[..., Any]) -> Callable[..., Any]:
    """Return the hook that shows an exception as if the program had been started alone."""

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        while traceback is not None and _is_ours(traceback):
            traceback = traceback.tb_next
        shown(kind, error.with_traceback(traceback), traceback)

    return hook


def _is_ours(traceback: TracebackType) -> bool:
    path = traceback.tb_frame.f_code.co_filename
    return path in _OURS or path.startswith("<frozen ")


def _explained_thread(shown: Callable[..., Any]) -> Callable[..., Any]:
    def hook(arguments: Any) -> None:
        if arguments.exc_value is not None:
            add_note(arguments.exc_value)
        shown(arguments)

    return hook
