"""Who made a call: the line of the user's code, or a distribution of torch's."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterator
from types import FrameType

import torch

_TORCH_FOLDER = os.path.dirname(torch.__file__) + os.sep
_DISTRIBUTIONS_FOLDER = os.path.dirname(torch.distributions.__file__) + os.sep
_THIS_FOLDER = os.path.dirname(os.path.dirname(__file__)) + os.sep
_WATCH = os.path.dirname(__file__) + os.sep
_GENERATED = "<einsum "  # begins the file name of the code that the library's einsum generates and runs


def calling_line() -> tuple[str, int, str] | None:
    """Return file, number and text of the innermost line that is not torch's; None if that is this library's own."""
    for frame in _frames():
        filename = frame.f_code.co_filename
        if not _passes_on(frame) and not filename.startswith(_TORCH_FOLDER):
            if filename.startswith(_THIS_FOLDER):
                return None
            return filename, frame.f_lineno, linecache.getline(filename, frame.f_lineno).strip()
    return None


def calling_distribution() -> FrameType | None:
    """Return the frame in which the user's code entered torch's distributions, if the call was made there."""
    entered = None
    for frame in _frames():
        filename = frame.f_code.co_filename
        if filename.startswith(_DISTRIBUTIONS_FOLDER):
            entered = frame
        elif not _passes_on(frame) and not filename.startswith(_TORCH_FOLDER):
            break
    return entered


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def _passes_on(frame: FrameType) -> bool:
    """Return whether the code only hands on what others call: a mode, what it calls here, generated code."""
    code = frame.f_code
    return code.co_name == "__torch_function__" or code.co_filename.startswith((_WATCH, _GENERATED))
