"""Which build of torch is installed: on Linux, what pip finds by itself brings several GB of CUDA.

So where there is no NVIDIA GPU, the CPU build is taken from the place where PyTorch keeps all its builds. Where that
cannot be reached, pip takes what it finds by itself, in the places that the user has set for it too.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass

from _ext.runs.environment import gpu_names

VARIABLE = "TENSORGLASS_TORCH"
BUILDS = "https://download.pytorch.org/whl"
BY_ITSELF = "pip"
SECONDS = 5.0  # as long as a name may be looked up, and an answer waited for
_KNOWN = re.compile(r"pip|cpu|xpu|cu\d+|rocm[\d.]+")
_CHOICES = {BY_ITSELF: "what pip finds by itself", "cpu": "the build for the CPU", "cu130": "a build for CUDA 13.0"}


@dataclass(frozen=True)
class Build:
    """A build of torch, and why it is taken; `warning` says what could not be had."""

    kind: str
    reason: str
    warning: str = ""

    @property
    def source(self) -> list[str]:
        """Return pip's arguments for where it lies, beside where pip looks anyway."""
        return [] if self.kind == BY_ITSELF else ["--extra-index-url", f"{BUILDS}/{self.kind}"]

    def told(self) -> str:
        """Return which build is taken, why, and how to choose another."""
        what = _CHOICES[BY_ITSELF] if self.kind == BY_ITSELF else f"the build {self.kind!r} of {BUILDS}"
        others = [f"{VARIABLE}={kind} takes {other}" for kind, other in _CHOICES.items() if kind != self.kind]
        return f"torch: {what}, since {self.reason}; {', '.join(others)}"


def asked_for() -> str:
    """Return the build that the variable asks for, or nothing.

    Raises
    ------
    ValueError
        If it names no build.
    """
    name = os.environ.get(VARIABLE, "")
    if name and not _KNOWN.fullmatch(name):
        raise ValueError(f"{VARIABLE} is {name!r}; expected cpu, pip, or a folder of {BUILDS} such as cu130")
    return name


def choose() -> Build:
    """Return the build for this machine.

    Raises
    ------
    ValueError
        If the variable asks for one that cannot be had.
    """
    name = asked_for()
    if name:
        problem = "" if name == BY_ITSELF else unreachable(f"{BUILDS}/{name}/torch/")
        if problem:
            raise ValueError(f"{VARIABLE} is {name!r}, and {BUILDS}/{name} cannot be reached: {problem}")
        return Build(name, f"{VARIABLE} says so")
    if sys.platform != "linux":
        return Build(BY_ITSELF, "on this system that is a build for the CPU")
    gpus = gpu_names()
    if gpus:
        return Build(BY_ITSELF, f"the driver finds a GPU here, {gpus[0]}")
    problem = unreachable(f"{BUILDS}/cpu/torch/")
    if problem:
        warning = f"{BUILDS}/cpu, where the small build for the CPU lies, cannot be reached: {problem}"
        return Build(BY_ITSELF, "nothing else is in reach; it may bring several GB of CUDA", warning)
    return Build("cpu", "the driver finds no NVIDIA GPU here")


def unreachable(address: str) -> str:
    """Return why an address cannot be reached, through the proxy if there is one; nothing if it can."""
    found: list[str] = []
    # In a thread, which may be left behind: the time to look up a name has no limit of its own.
    asking = threading.Thread(target=lambda: found.append(_problem(address)), daemon=True)
    asking.start()
    asking.join(SECONDS + 1)
    return found[0] if found else f"no answer in {SECONDS:.0f} seconds"


def _problem(address: str) -> str:
    asked = urllib.request.Request(address, headers={"User-Agent": "tensorglass"})  # some refuse Python's own name
    try:
        with urllib.request.urlopen(asked, timeout=SECONDS):
            return ""
    except urllib.error.URLError as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLError):
            return ""  # somebody answers; whom to trust is set for pip, and not here
        return f"HTTP status {error.code}" if isinstance(error, urllib.error.HTTPError) else str(reason)
    except (OSError, ValueError) as error:
        return str(error)
