"""Questions about tensors, answered by running them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .autograd.difference import ModuleDifference as ModuleDifference
    from .autograd.difference import SavedDifference as SavedDifference
    from .autograd.report import SavedTensors as SavedTensors
    from .autograd.saved import record_saved as record_saved
    from .autograd.saved import saved_for_backward as saved_for_backward
    from .autograd.saved_tensor import SavedStorage as SavedStorage
    from .autograd.saved_tensor import SavedTensor as SavedTensor
    from .autograd.shares import ModuleShare as ModuleShare
    from .broadcasting.axes import BroadcastAxis as BroadcastAxis
    from .broadcasting.explain import BroadcastExplanation as BroadcastExplanation
    from .broadcasting.explain import explain_broadcast as explain_broadcast
    from .broadcasting.fixes import BroadcastFix as BroadcastFix
    from .broadcasting.watch import Broadcast as Broadcast
    from .broadcasting.watch import BroadcastLog as BroadcastLog
    from .broadcasting.watch import watch_broadcasts as watch_broadcasts
    from .contraction.einsum import einsum as einsum
    from .contraction.einsum import plan_einsum as plan_einsum
    from .contraction.equation import EinsumError as EinsumError
    from .contraction.indices import Contraction as Contraction
    from .contraction.indices import Index as Index
    from .contraction.operands import Operand as Operand
    from .contraction.plan import Cost as Cost
    from .contraction.plan import EinsumPlan as EinsumPlan
    from .contraction.program import Step as Step
    from .errors.explain import explain_error as explain_error
    from .errors.notes import explained_errors as explained_errors
    from .errors.operand import ErrorFix as ErrorFix
    from .errors.operand import ErrorOperand as ErrorOperand
    from .errors.result import ErrorExplanation as ErrorExplanation
    from .initialization.account import Initialization as Initialization
    from .initialization.account import InitializedParameter as InitializedParameter
    from .initialization.initialize import initialize_ as initialize_
    from .initialization.lsuv import LsuvLayer as LsuvLayer
    from .initialization.lsuv import LsuvReport as LsuvReport
    from .initialization.lsuv import lsuv_ as lsuv_
    from .memory.calls import OperationCall as OperationCall
    from .memory.holdings import HeldStorage as HeldStorage
    from .memory.holdings import HeldTensor as HeldTensor
    from .memory.holdings import Holdings as Holdings
    from .memory.holdings import memory_of as memory_of
    from .memory.peak import DeviceMemory as DeviceMemory
    from .memory.tracking import MemoryTrace as MemoryTrace
    from .memory.tracking import track_memory as track_memory
    from .pages.device import default_device as default_device
    from .pages.outputs import measured as measured
    from .pages.outputs import shows_error as shows_error
    from .pages.reproduction import ReproducedValue as ReproducedValue
    from .pages.reproduction import Reproduction as Reproduction
    from .pages.reproduction import reproduction as reproduction
    from .signals.activation_stats import ActivationStats as ActivationStats
    from .signals.activation_stats import activation_stats as activation_stats
    from .signals.critical_point import CriticalPoint as CriticalPoint
    from .signals.critical_point import critical_sigma_w as critical_sigma_w
    from .signals.gain import gain as gain
    from .signals.layer_results import LayerPrediction as LayerPrediction
    from .signals.layer_results import LayerStats as LayerStats
    from .signals.propagation import SignalPath as SignalPath
    from .signals.propagation import SignalPropagation as SignalPropagation
    from .signals.propagation import signal_propagation as signal_propagation
    from .signals.statistics import Histogram as Histogram
    from .storage.contents import shares_memory as shares_memory
    from .storage.contents import storage_bytes as storage_bytes
    from .storage.contents import storage_cells as storage_cells
    from .storage.contents import storage_index as storage_index
    from .storage.info import Neighbour as Neighbour
    from .storage.info import StorageInfo as StorageInfo
    from .storage.info import storage_info as storage_info
    from .storage.layout import Layout as Layout
    from .storage.views import AxisOfView as AxisOfView
    from .storage.views import ViewExplanation as ViewExplanation
    from .storage.views import explain_view as explain_view

__version__ = "0.2.0"

# Every public name, once, with the module that defines it. Modules are imported when a name is first used, so that
# `import tensorglass` costs next to nothing beyond `import torch`. The table is a literal on purpose: the
# documentation's build reads it, without importing anything, to know which modules a page depends on.
PUBLIC_NAMES = {
    "ActivationStats": "signals.activation_stats",
    "AxisOfView": "storage.views",
    "Broadcast": "broadcasting.watch",
    "BroadcastAxis": "broadcasting.axes",
    "BroadcastExplanation": "broadcasting.explain",
    "BroadcastFix": "broadcasting.fixes",
    "BroadcastLog": "broadcasting.watch",
    "Contraction": "contraction.indices",
    "Cost": "contraction.plan",
    "CriticalPoint": "signals.critical_point",
    "DeviceMemory": "memory.peak",
    "EinsumError": "contraction.equation",
    "EinsumPlan": "contraction.plan",
    "ErrorExplanation": "errors.result",
    "ErrorFix": "errors.operand",
    "ErrorOperand": "errors.operand",
    "HeldStorage": "memory.holdings",
    "HeldTensor": "memory.holdings",
    "Histogram": "signals.statistics",
    "Holdings": "memory.holdings",
    "Index": "contraction.indices",
    "Initialization": "initialization.account",
    "InitializedParameter": "initialization.account",
    "LayerPrediction": "signals.layer_results",
    "LayerStats": "signals.layer_results",
    "Layout": "storage.layout",
    "LsuvLayer": "initialization.lsuv",
    "LsuvReport": "initialization.lsuv",
    "MemoryTrace": "memory.tracking",
    "ModuleDifference": "autograd.difference",
    "ModuleShare": "autograd.shares",
    "Neighbour": "storage.info",
    "Operand": "contraction.operands",
    "OperationCall": "memory.calls",
    "ReproducedValue": "pages.reproduction",
    "Reproduction": "pages.reproduction",
    "SavedDifference": "autograd.difference",
    "SavedStorage": "autograd.saved_tensor",
    "SavedTensor": "autograd.saved_tensor",
    "SavedTensors": "autograd.report",
    "SignalPath": "signals.propagation",
    "SignalPropagation": "signals.propagation",
    "Step": "contraction.program",
    "StorageInfo": "storage.info",
    "ViewExplanation": "storage.views",
    "activation_stats": "signals.activation_stats",
    "critical_sigma_w": "signals.critical_point",
    "default_device": "pages.device",
    "einsum": "contraction.einsum",
    "explain_broadcast": "broadcasting.explain",
    "explain_error": "errors.explain",
    "explain_view": "storage.views",
    "explained_errors": "errors.notes",
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
    return sorted([*PUBLIC_NAMES, *_DUNDERS])


def load_ipython_extension(shell: Any) -> None:
    """Explain errors under their tracebacks, in a notebook: ``%load_ext tensorglass``."""
    importlib.import_module(".errors.notebook", __name__).load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Explain errors no more: ``%unload_ext tensorglass``."""
    importlib.import_module(".errors.notebook", __name__).unload(shell)


class _Package(ModuleType):
    """A module whose docstring lists its names when somebody asks for it: to read theirs, all modules are imported."""

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return "\n\n".join(filter(None, [vars(self)["__doc__"], *_rooms(self)]))  # Python may leave docstrings out


def _rooms(package: ModuleType) -> Iterator[str]:
    """Yield each part with its public names, functions before the classes of results, each with what it says first."""
    for room in sorted({module.partition(".")[0] for module in PUBLIC_NAMES.values()}):
        known = {name: getattr(package, name) for name, module in PUBLIC_NAMES.items() if module.startswith(f"{room}.")}
        width = max(map(len, known))
        functions_first = sorted(known, key=lambda name: (isinstance(known[name], type), name))
        lines = (f"    {name:<{width}}  {_first_line(known[name])}" for name in functions_first)
        yield "\n".join([f"{room}: {_first_line(importlib.import_module(f'.{room}', __name__))}", "", *lines])


def _first_line(value: object) -> str:
    """Return the first line of what an object says of itself; nothing where Python leaves docstrings out."""
    return (value.__doc__ or "").strip().partition("\n")[0]


_DUNDERS = tuple(name for name in globals() if name.startswith("__"))  # later, `__main__` may be imported
sys.modules[__name__].__class__ = _Package
