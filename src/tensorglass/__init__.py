"""Questions about tensors, answered by running them.

Every public name is listed once, in the table below, with the module that defines it. Modules are imported when a
name is first used, so ``import tensorglass`` costs next to nothing beyond ``import torch``. The table is a literal on
purpose: the documentation's build reads it, without importing anything, to know which modules a page depends on.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .autograd.saved import record_saved as record_saved
    from .autograd.saved import saved_for_backward as saved_for_backward
    from .broadcasting.explain import explain_broadcast as explain_broadcast
    from .broadcasting.watch import watch_broadcasts as watch_broadcasts
    from .contraction.einsum import einsum as einsum
    from .contraction.einsum import plan_einsum as plan_einsum
    from .contraction.equation import EinsumError as EinsumError
    from .initialization.initialize import initialize_ as initialize_
    from .initialization.lsuv import lsuv_ as lsuv_
    from .memory.holdings import memory_of as memory_of
    from .memory.tracking import track_memory as track_memory
    from .pages.device import default_device as default_device
    from .pages.outputs import measured as measured
    from .pages.outputs import shows_error as shows_error
    from .pages.reproduction import reproduction as reproduction
    from .signals.activation_stats import activation_stats as activation_stats
    from .signals.critical_point import critical_sigma_w as critical_sigma_w
    from .signals.gain import gain as gain
    from .signals.propagation import signal_propagation as signal_propagation
    from .storage.contents import shares_memory as shares_memory
    from .storage.contents import storage_bytes as storage_bytes
    from .storage.contents import storage_cells as storage_cells
    from .storage.contents import storage_index as storage_index
    from .storage.info import storage_info as storage_info
    from .storage.views import explain_view as explain_view

__version__ = "0.1.0"

PUBLIC_NAMES = {
    "EinsumError": "contraction.equation",
    "activation_stats": "signals.activation_stats",
    "critical_sigma_w": "signals.critical_point",
    "default_device": "pages.device",
    "einsum": "contraction.einsum",
    "explain_broadcast": "broadcasting.explain",
    "explain_view": "storage.views",
    "gain": "signals.gain",
    "initialize_": "initialization.initialize",
    "lsuv_": "initialization.lsuv",
    "measured": "pages.outputs",
    "memory_of": "memory.holdings",
    "plan_einsum": "contraction.einsum",
    "record_saved": "autograd.saved",
    "reproduction": "pages.reproduction",
    "saved_for_backward": "autograd.saved",
    "shares_memory": "storage.contents",
    "shows_error": "pages.outputs",
    "signal_propagation": "signals.propagation",
    "storage_bytes": "storage.contents",
    "storage_cells": "storage.contents",
    "storage_index": "storage.contents",
    "storage_info": "storage.info",
    "track_memory": "memory.tracking",
    "watch_broadcasts": "broadcasting.watch",
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
