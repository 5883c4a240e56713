"""Questions about tensors, answered by running them.

Every public name is listed once, in the table below, with the module that defines it. Modules are imported when a
name is first used, so ``import tensorglass`` costs next to nothing beyond ``import torch``. The table is a literal on
purpose: the documentation's build reads it, without importing anything, to know which modules a page depends on.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .broadcasting import explain_broadcast as explain_broadcast
    from .device import default_device as default_device
    from .pages import measured as measured
    from .pages import shows_error as shows_error
    from .watching import watch_broadcasts as watch_broadcasts

__version__ = "0.1.0"

PUBLIC_NAMES = {
    "default_device": "device",
    "explain_broadcast": "broadcasting",
    "measured": "pages",
    "shows_error": "pages",
    "watch_broadcasts": "watching",
}

__all__ = list(PUBLIC_NAMES)


def __getattr__(name: str) -> Any:
    if name not in PUBLIC_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{PUBLIC_NAMES[name]}", __name__), name)
    globals()[name] = value  # the next access is an ordinary look-up
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC_NAMES})
