"""Questions about tensors, answered by running them.

Every public name is listed once, in the table below, with the module that defines it. Modules are imported when a
name is first used, so ``import tensorglass`` costs next to nothing beyond ``import torch``. The table is a literal on
purpose: the documentation's build reads it, without importing anything, to know which modules a page depends on.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .activation_statistics import activation_stats as activation_stats
    from .broadcasting import explain_broadcast as explain_broadcast
    from .critical_point import critical_sigma_w as critical_sigma_w
    from .device import default_device as default_device
    from .einsum_plan import einsum as einsum
    from .einsum_plan import plan_einsum as plan_einsum
    from .gains import gain as gain
    from .holdings import memory_of as memory_of
    from .initializing import initialize_ as initialize_
    from .inspection import storage_info as storage_info
    from .lsuv import lsuv_ as lsuv_
    from .memory import track_memory as track_memory
    from .notation import EinsumError as EinsumError
    from .pages import measured as measured
    from .pages import shows_error as shows_error
    from .propagation import signal_propagation as signal_propagation
    from .reproducing import reproduction as reproduction
    from .saved_tensors import record_saved as record_saved
    from .saved_tensors import saved_for_backward as saved_for_backward
    from .storage import shares_memory as shares_memory
    from .storage import storage_bytes as storage_bytes
    from .storage import storage_cells as storage_cells
    from .storage import storage_index as storage_index
    from .views import explain_view as explain_view
    from .watching import watch_broadcasts as watch_broadcasts

__version__ = "0.1.0"

PUBLIC_NAMES = {
    "EinsumError": "notation",
    "activation_stats": "activation_statistics",
    "critical_sigma_w": "critical_point",
    "default_device": "device",
    "einsum": "einsum_plan",
    "explain_broadcast": "broadcasting",
    "explain_view": "views",
    "gain": "gains",
    "initialize_": "initializing",
    "lsuv_": "lsuv",
    "measured": "pages",
    "memory_of": "holdings",
    "plan_einsum": "einsum_plan",
    "record_saved": "saved_tensors",
    "reproduction": "reproducing",
    "saved_for_backward": "saved_tensors",
    "shares_memory": "storage",
    "shows_error": "pages",
    "signal_propagation": "propagation",
    "storage_bytes": "storage",
    "storage_cells": "storage",
    "storage_index": "storage",
    "storage_info": "inspection",
    "track_memory": "memory",
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
