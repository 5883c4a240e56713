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
        raise ValueError(
            f"{_VARIABLE} is {name!r}, which this machine cannot use; expected a device such as 'cpu' or 'cuda'"
        ) from error
    return device
