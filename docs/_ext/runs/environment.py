"""What the pages run on: versions and device, known without importing torch, so that an idle build stays fast."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import re
from importlib import metadata
from pathlib import Path

PACKAGES = ("torch", "numpy", "matplotlib", "opt_einsum", "scikit-learn", "sphinx-gallery", "myst-nb", "ipykernel")

DEVICES = ("cpu", "cuda", "mps", "xpu", "meta")  # of those that torch knows, what a page may run on


def describe() -> dict[str, str]:
    """Return the device and the versions on which a page's outputs depend."""
    versions = {package: metadata.version(package) for package in PACKAGES}
    return {"device": device(), "python": platform.python_version(), **versions}


def device() -> str:
    """Return the device that `tensorglass.default_device` will choose, with the model where it is a GPU."""
    name = os.environ.get("TENSORGLASS_DEVICE", "") or ("cuda" if _torch_has_cuda() and gpu_names() else "cpu")
    kind, _, index = name.partition(":")
    gpus = gpu_names() if kind == "cuda" else []
    if not gpus:
        return {"cpu": "CPU"}.get(name, name)
    return f"{name} ({gpus[int(index or 0) % len(gpus)]})"


def unknown_device(name: str) -> str:
    """Return why this names no device, or nothing. Whether the device is there, torch alone can tell.

    >>> unknown_device("cuda:1")
    ''
    >>> unknown_device("banana")
    'which is no device; expected cpu, cuda or cuda:N'
    """
    kind, colon, index = name.partition(":")
    is_known = not name or (kind in DEVICES and bool(colon) == index.isdecimal())
    return "" if is_known else "which is no device; expected cpu, cuda or cuda:N"


def gpu_names() -> list[str]:
    """Ask the driver for the CUDA devices that this process may use."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return []
    count, name = ctypes.c_int(), ctypes.create_string_buffer(100)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return []
    names = []
    for i in range(count.value):
        driver.cuDeviceGetName(name, len(name), i)
        names.append(name.value.decode())
    return names


def _torch_has_cuda() -> bool:
    """Read from torch's own version file whether this build of it can use CUDA."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    text = Path(spec.origin).with_name("version.py").read_text("utf-8")
    return re.search(r"^cuda\b.*= '", text, re.MULTILINE) is not None
