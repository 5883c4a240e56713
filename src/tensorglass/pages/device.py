"""The device that examples run on."""

from __future__ import annotations

import os

import torch

_VARIABLE = "TENSORGLASS_DEVICE"


def default_device() -> torch.device:
    """Return CUDA if there is a CUDA device, else the CPU.

    The environment variable ``TENSORGLASS_DEVICE`` overrides the choice, for instance ``cpu`` or ``cuda:1``.

    .. versionadded:: 0.2.0

    Returns
    -------
    torch.device
        Of type "cuda" or "cpu", or what the variable names.

    Raises
    ------
    ValueError
        If the variable names a device that torch does not know or that this machine does not have.

    Examples
    --------
    >>> import torch
    >>> from tensorglass import default_device
    >>> torch.ones(3, device=default_device()).sum().item()
    3.0
    """
    name = os.environ.get(_VARIABLE, "")
    if not name:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)  # only an allocation tells whether the device is really there
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(f"{_VARIABLE} is {name!r}, which this machine cannot use{_why_not(name)}") from error
    return device


def _why_not(name: str) -> str:
    """Return why torch cannot use a device, and what it could use."""
    if name.partition(":")[0] != "cuda":
        return "; expected a device such as 'cpu' or 'cuda'"
    count = torch.cuda.device_count()
    if count:
        return f"; expected 'cpu', or a CUDA device up to 'cuda:{count - 1}', the last that torch sees here"
    build = "" if torch.version.cuda else ", and is a build for the CPU alone"
    return f": torch {torch.__version__} sees no CUDA device here{build}; expected 'cpu'"
