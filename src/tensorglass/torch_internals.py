"""What the library calls of torch although torch does not promise to keep it: no other module calls what is private.

Each has a sentence on what is relied on. With a new version of torch this is the module to check; `nox -s versions`
tries the oldest and the newest. Names that torch gives to things are elsewhere: those of nodes and their fields in
`autograd.graph` and `autograd.roles`, those of the profiler's events in `memory.recorder`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import cache
from typing import Any

import torch
from torch._C import _autograd, _profiler
from torch._guards import TracingContext
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.autograd.function import BackwardCFunction
from torch.autograd.grad_mode import _unsafe_preserve_version_counter
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.module import (
    _global_forward_hooks,
    _global_forward_hooks_always_called,
    _global_forward_pre_hooks,
)
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes, is_traceable_wrapper_subclass

__all__ = ["BackwardCFunction", "FakeTensor", "FakeTensorMode", "OpOverload", "StorageWeakRef", "TorchDispatchMode"]

# --- Modes and fake tensors ---

# Inside its block, tensors of subclasses and modes of torch functions are passed by.
without_torch_functions: Callable[[], AbstractContextManager[object]] = torch._C.DisableTorchFunction
# Inside its block, no mode sees what is computed.
without_modes: Callable[[], AbstractContextManager[object]] = _disable_current_modes
# Whether autocast is on for any kind of device. It is called for each einsum, and so without a function around it.
autocast_is_on_somewhere: Callable[[], bool] = torch._C._is_any_autocast_enabled
# Whether a mode of torch functions is on, and the innermost transform of torch.func or None. Each einsum asks both.
function_mode_is_on: Callable[[], bool] = torch._C._is_torch_function_mode_enabled
running_transform = torch._C._functorch.peek_interpreter_stack


@contextmanager
def versions_kept(tensors: Iterable[torch.Tensor]) -> Iterator[None]:
    """Let tensors be written to inside the block without counting as changed for a backward pass."""
    with ExitStack() as stack:
        for tensor in tensors:  # several at once are taken from torch 2.7 on
            stack.enter_context(_unsafe_preserve_version_counter(tensor))
        yield


def is_fake(tensor: torch.Tensor) -> bool:
    """Return whether the tensor pretends to be on its device, with no memory there: it is of torch's own subclass."""
    return isinstance(tensor, FakeTensor)


def modes_of(tensor: torch.Tensor) -> AbstractContextManager[object]:
    """Return the context in which new tensors are of the same kind: a fake tensor carries the mode it was made in."""
    return tensor.fake_mode if isinstance(tensor, FakeTensor) else without_modes()


def is_compiler_tracing() -> bool:
    """Return whether the compiler traces the code that runs: it then has a context."""
    return TracingContext.try_get() is not None


def is_wrapping(tensor: torch.Tensor) -> bool:
    """Return whether the tensor consists of others, which it tells by the methods that the compiler asks for."""
    return bool(is_traceable_wrapper_subclass(tensor))


# --- Tensors and their storages ---


def storage_key(tensor: torch.Tensor) -> int:
    """Return the identity of the storage: the address of its C++ object, which two tensors on one storage share."""
    return int(tensor.untyped_storage()._cdata)


def storage_reference(tensor: torch.Tensor) -> StorageWeakRef:
    """Return a reference that does not keep the storage alive, but its C++ object, so that no other gets its key."""
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]


def nbytes_behind(reference: StorageWeakRef) -> int:
    """Return the bytes of the storage that is referred to, which must be alive."""
    return int(torch.UntypedStorage._new_with_weak_ptr(reference.cdata).nbytes())


def storage_address(tensor: torch.Tensor) -> int:
    """Return the address at which the storage starts, 0 if it is not allocated.

    Unlike the public `data_ptr()`, it does not make a lazily cloned storage copy itself.
    """
    return int(torch._C._data_address(tensor))  # type: ignore[attr-defined]


def is_lazy_clone(tensor: torch.Tensor) -> bool:
    """Return whether the storage is a lazy clone's, or its source's: copied when either is first written to."""
    # Of subclasses that compute in Python, such as fake tensors, none is; torch 2.14 and newer refuse to be asked.
    with suppress(RuntimeError):
        return bool(torch._C._is_cow_tensor(tensor))  # type: ignore[attr-defined]
    return False


def is_view(tensor: torch.Tensor) -> bool:
    """Return whether the tensor was made as a view of another one, also where no gradients are computed."""
    return bool(tensor._is_view())


def base_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return the tensor that autograd knows this one as a view of."""
    return tensor._base


def is_placeholder(tensor: torch.Tensor) -> bool:
    """Return whether the tensor stands for others inside a transform of `torch.func`."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def behind_placeholder(tensor: torch.Tensor) -> torch.Tensor:
    """Return what a placeholder stands for; that may be one too."""
    return torch._C._functorch.get_unwrapped(tensor)


def coordinates(tensor: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
    """Return the parts of a sparse tensor in COO layout, also if it was not coalesced, which the public names ask."""
    return [("indices", tensor._indices()), ("values", tensor._values())]


# --- Modules ---

# The base classes of all convolutions, transposed ones among them, and of batch and instance normalization.
Convolution: type[_ConvNd] = _ConvNd
BatchOrInstanceNorm: type[_NormBase] = _NormBase
_ORIGINAL = "_orig_mod"
_MEMBERS = ("_parameters", "_buffers", "_modules")


def members_of(module: torch.nn.Module) -> list[tuple[str, object]]:
    """Return what a module has registered, each by its name, shared ones too, and then its other attributes.

    The public `named_children` leaves out a module that stands under two names.
    """
    return [item for group in groups_of(module) for item in group.items()]


def groups_of(module: torch.nn.Module) -> list[dict[str, object]]:
    """Return the members of a module in four groups: parameters, buffers, modules, and its other attributes."""
    registered = [dict(getattr(module, group).items()) for group in _MEMBERS]
    return [*registered, {name: value for name, value in vars(module).items() if name not in _MEMBERS}]


@contextmanager
def hooks_on_all_modules(before: Callable[..., None], after: Callable[..., None]) -> Iterator[None]:
    """Call hooks before and after the forward pass of each module, also after one that raises, inside the block.

    The public functions that register such hooks number them anew each time, and compiled modules are compiled again
    for each number. Here the number depends only on how many of such blocks are around this one.
    """
    number = min([0, *_global_forward_hooks]) - 1
    _global_forward_pre_hooks[number], _global_forward_hooks[number] = before, after
    _global_forward_hooks_always_called[number] = True
    try:
        yield
    finally:
        for hooks in (_global_forward_pre_hooks, _global_forward_hooks, _global_forward_hooks_always_called):
            hooks.pop(number, None)


def behind_compiled(module: torch.nn.Module) -> torch.nn.Module:
    """Return the module that `torch.compile` was given, or the module itself; the wrapper holds it in `_orig_mod`."""
    return getattr(module, _ORIGINAL, module)


def name_without_compiled(name: str) -> str:
    """Return the path that a module has where nothing is compiled.

    >>> name_without_compiled("block._orig_mod.linear"), name_without_compiled("linear._orig_mod")
    ('block.linear', 'linear')
    """
    return ".".join(part for part in name.split(".") if part != _ORIGINAL)


def compiled_code_runs_as_written() -> AbstractContextManager[object]:
    """Return the context in which what is compiled runs uncompiled, and nothing is compiled anew.

    The public switch, new in torch 2.6, is slow to import, and not needed where the compiler was not imported.
    """
    has_switch = "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance")
    return torch.compiler.set_stance("force_eager") if has_switch else nullcontext()


# --- Autograd's graph ---

# The types of a saved tensor that is not unpacked, and of the node at a leaf, which adds up its gradient.
SavedTensor: type = _autograd.SavedTensor
AccumulateGrad: type = torch._C._functions.AccumulateGrad  # type: ignore[attr-defined]
IN_PLACE = "modified by an inplace operation"  # begins the reason why torch refuses a saved tensor
_SAVED = "_raw_saved_"  # begins the names under which a node shows its saved tensors, without unpacking them


def saved_tensors_are_readable() -> bool:
    """Return whether saved tensors can be looked at; before torch 2.10 only their hooks, run anew, return them."""
    return hasattr(SavedTensor, "data")


def check_saved_tensors_readable() -> None:
    """Raise a RuntimeError if saved tensors cannot be looked at."""
    if not saved_tensors_are_readable():
        raise RuntimeError(f"record_saved() needs torch 2.10 or newer; this is {torch.__version__}")


def next_node_number() -> int:
    """Return the number that the next node made in this thread will get: they are numbered as they are made."""
    return int(_autograd._get_sequence_nr())


def node_number(node: Any) -> int:
    """Return the number of a node."""
    return int(node._sequence_nr())


def backward_pass() -> int:
    """Return the number of the backward pass that this thread works for, -1 outside of any."""
    return int(torch._C._current_graph_task_id())


@cache
def fields_of_formula(kind: type) -> tuple[str, ...]:
    """Return the names that nodes of a type give to the tensors that they save, as in their derivative formula."""
    return tuple(name.removeprefix(_SAVED) for name in dir(kind) if name.startswith(_SAVED))


def saved_tensors(node: Any, field: str) -> list[Any]:
    """Return what a node has saved under a name, not unpacked: none once a backward pass has freed it."""
    try:
        saved = getattr(node, _SAVED + field)
    except RuntimeError:
        return []
    return [each for each in (saved if isinstance(saved, (tuple, list)) else [saved]) if each is not None]


def is_changed(node: Any, field: str, saved: Any) -> bool:
    """Return whether a saved tensor was changed in place since it was saved: torch then refuses to unpack it.

    What a node returned itself can be unpacked only with it. So can all else before torch 2.12: of several under one
    name, each then counts as changed if one was.
    """
    try:
        if hasattr(saved, "unpack"):
            saved.unpack()
            return False
    except RuntimeError as error:
        if IN_PLACE in str(error):
            return True
    try:
        getattr(node, "saved_tensors" if isinstance(node, BackwardCFunction) else f"_saved_{field}")
    except RuntimeError as error:
        return IN_PLACE in str(error)
    return False


def version_of(tensor: torch.Tensor) -> int:
    """Return how often the tensor was changed in place: a number of its own, where none are counted."""
    return -1 if tensor.is_inference() else int(tensor._version)


# --- The allocators' events ---


def start_recording_memory() -> None:
    """Have torch's older profiler keep each allocation, release and operation of this thread.

    A RuntimeError means that another profiler is running. The newer one, behind `torch.profiler`, ends the process when
    two threads start it at the same time; this one belongs to a thread, starts in a millisecond, and keeps its events
    in order. Both are told the same by the allocators.
    """
    memory_only = _profiler.ProfilerConfig(
        _profiler.ProfilerState.CPU,
        False,  # input shapes
        True,  # memory
        False,  # Python stacks
        False,  # floating-point operations
        False,  # modules
        _profiler._ExperimentalConfig(),
    )
    _autograd._enable_profiler_legacy(memory_only)


def stop_recording_memory() -> list[Sequence[Any]]:
    """Stop, and return the events of each thread that had some: backward threads have lists of their own."""
    return [events for events in _autograd._disable_profiler_legacy() if events]
