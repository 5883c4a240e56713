"""Where an exception was raised: the innermost frame that is the program's own, and its expression that failed.

Python tells for each instruction from which columns of the source it comes. The expression is found by these, in the
syntax tree of the file; the file is not run.
"""

from __future__ import annotations

import ast
import itertools
import linecache
import os
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import CodeType, FrameType, TracebackType
from typing import Any

import numpy
import opt_einsum  # type: ignore[import-untyped]
import torch

_STANDARD, _INSTALLED = ("stdlib", "platstdlib"), ("purelib", "platlib")  # as `sysconfig` calls these folders
_NO_FILES = ("<frozen ", "<einsum ", "<__array_function__")  # code that Python, this library and NumPy make
Span = tuple[int, int, int, int]  # first line, first column, last line, last column; columns count bytes


@cache
def _folders() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the folders of libraries, of Python itself, and of installed packages, which may lie inside Python's."""
    here = os.path.dirname(os.path.dirname(__file__))
    libraries = [here, *(os.path.dirname(module.__file__ or "") for module in (torch, numpy, opt_einsum))]
    paths = sysconfig.get_paths()
    standard, installed = [[paths[name] + os.sep for name in names] for names in (_STANDARD, _INSTALLED)]
    return tuple(folder + os.sep for folder in libraries), tuple(standard), tuple(installed)


def is_library(path: str) -> bool:
    """Return whether a file belongs to torch, to NumPy, to Python itself or to this library."""
    libraries, standard, installed = _folders()
    if path.startswith((*_NO_FILES, *libraries)):
        return True
    return path.startswith(standard) and not path.startswith(installed)


@dataclass(frozen=True, eq=False)
class Failure:
    """A frame in which an exception passed by, with the instruction that was running."""

    frame: FrameType
    line: int
    instruction: int

    @property
    def path(self) -> str:
        return self.frame.f_code.co_filename


def failures(traceback: TracebackType | None) -> list[Failure]:
    """Return the frames of a traceback, from the outermost to the innermost."""
    found = []
    while traceback is not None:
        found.append(Failure(traceback.tb_frame, traceback.tb_lineno, traceback.tb_lasti))
        traceback = traceback.tb_next
    return found


def is_installed(path: str) -> bool:
    """Return whether a file belongs to a package that was installed, and so is not what a reader of an error wrote."""
    return path.startswith(_folders()[2])


def innermost_own(found: list[Failure]) -> int | None:
    """Return the position of the innermost frame that is neither torch's nor a library's that it rests on."""
    own = [i for i, failure in enumerate(found) if not is_library(failure.path)]
    return own[-1] if own else None


@dataclass(frozen=True, eq=False)
class FailingCode:
    """The expression that failed, in its source.

    Attributes
    ----------
    node : ast.AST
        The expression, or the statement where that is what failed: an assignment to a subscript, or in place.
    text : str
        Its source.
    function : ast.AST
        The function or module around it.
    source : str
        The whole file.
    """

    node: ast.AST
    text: str
    function: ast.AST
    source: str

    def text_of(self, node: ast.AST) -> str:
        """Return the source of a part of it."""
        return ast.get_source_segment(self.source, node) or ""

    @property
    def loop(self) -> ast.AST | None:
        """The innermost loop around it, None outside of loops."""
        loops = [node for node in ast.walk(self.function) if isinstance(node, (ast.For, ast.AsyncFor, ast.While))]
        around = [loop for loop in loops if any(each is self.node for each in ast.walk(loop))]
        return around[-1] if around else None


def failing_code(failure: Failure) -> FailingCode | None:
    """Return the expression that a frame was running, None where its source or its columns are not known."""
    try:
        span = span_of(failure.frame.f_code, failure.instruction)
        source = "".join(linecache.getlines(failure.path, failure.frame.f_globals))
        tree = ast.parse(source) if source else None
        return None if span is None or tree is None else _found(tree, source, span)
    except Exception:  # a file that is not Python's, that was changed since, or that is too deeply nested
        return None


def span_of(code: CodeType, instruction: int) -> Span | None:
    """Return the lines and columns of an instruction, counted in bytes of its code."""
    positions = next(itertools.islice(code.co_positions(), instruction // 2, None), None)
    if positions is None:
        return None
    line, last_line, column, last_column = positions
    if line is None or last_line is None or column is None or last_column is None:
        return None
    return line, column, last_line, last_column


def offsets(source: str, node: Any) -> tuple[int, int]:
    """Return where a node of the syntax tree begins and ends in its source, in bytes."""
    starts = [0]
    for line in source.encode().split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset


def _found(tree: ast.Module, source: str, span: Span) -> FailingCode | None:
    around: list[ast.AST] = [node for node in ast.walk(tree) if _holds(node, span)]
    exact = [node for node in around if span in _spans(node)]
    statements = [node for node in around if isinstance(node, ast.stmt)]
    if not exact or not statements:
        return None
    node = exact[-1]  # the walk comes to a statement before the expression that it consists of
    if _is_stored(node) and isinstance(statements[-1], (ast.Assign, ast.AugAssign)):
        node = statements[-1]
    if isinstance(node, (ast.For, ast.AsyncFor)):
        node = node.iter  # of a loop, what is gone through can fail, and of a condition what is asked
    elif isinstance(node, (ast.If, ast.While, ast.Assert, ast.IfExp)):
        node = node.test
    functions = [each for each in around if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return FailingCode(node, ast.get_source_segment(source, node) or "", functions[-1] if functions else tree, source)


def _is_stored(node: ast.AST) -> bool:
    """Return whether something is assigned to it: of such a statement Python names the target alone."""
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _holds(node: ast.AST, span: Span) -> bool:
    if not isinstance(node, (ast.expr, ast.stmt)):
        return False
    first, last = (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
    return first <= span[:2] and span[2:] <= last


def _spans(node: ast.AST) -> Iterator[Span]:
    """Yield where Python may say that a node is: a method called on a line of its own begins at its name."""
    if not isinstance(node, (ast.expr, ast.stmt)) or node.end_lineno is None or node.end_col_offset is None:
        return
    last = (node.end_lineno, node.end_col_offset)
    yield (node.lineno, node.col_offset, *last)
    name = node.func if isinstance(node, ast.Call) else node
    if isinstance(name, ast.Attribute) and name.end_lineno is not None and name.end_col_offset is not None:
        yield (name.end_lineno, name.end_col_offset - len(name.attr.encode()), *last)
