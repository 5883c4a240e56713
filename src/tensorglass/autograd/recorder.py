"""The recorder behind `record_saved`: looks at the nodes that each call of a torch function added to autograd's graph.

It keeps sizes and weak references, never a tensor, so nothing lives longer than it would without it; and it only reads
the graph, so whatever autograd checks when it runs backward it still checks.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ..calling import function_name, tensors_in
from ..memory.tensors_inside import storage_parts
from ..storage.layout import storage_nbytes
from ..torch_internals import (
    BackwardCFunction,
    StorageWeakRef,
    backward_pass,
    check_saved_tensors_readable,
    is_compiler_tracing,
    is_fake,
    next_node_number,
    storage_key,
    without_torch_functions,
)
from . import roles
from .graph import Held, How, held_tensors, is_closed, new_nodes, node_behind
from .module_paths import ModulePaths
from .saved_tensor import ACTIVATION, BUFFER, INPUT, NUMBER, PARAMETER, SavedTensor

_VIEWS = frozenset(["T", "mT", "H", "mH", "real", "imag", "data"])  # attributes of a tensor that lie in its memory


@dataclass(frozen=True, eq=False)
class KnownStorage:
    """A storage that the recorder has met. The weak reference keeps its identity from being given to another one."""

    reference: StorageWeakRef
    kind: str
    nbytes: int
    device: torch.device
    fake: bool
    hidden: bool  # made and kept inside a call: neither given to it nor returned

    @staticmethod
    def of(tensor: torch.Tensor, kind: str, *, hidden: bool = False) -> KnownStorage:
        reference = StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]
        return KnownStorage(reference, kind, storage_nbytes(tensor), tensor.device, is_fake(tensor), hidden)

    @property
    def alive(self) -> bool:
        return not self.reference.expired()  # type: ignore[no-untyped-call]


class SavingRecorder(TorchFunctionMode):
    """Records while it is entered. Read `tensors`, `storages` and `closed` afterwards."""

    def __init__(self) -> None:
        super().__init__()
        check_saved_tensors_readable()
        self.tensors: list[SavedTensor] = []
        self.storages: list[KnownStorage] = []  # those behind `tensors`
        self.closed: list[str] = []  # operations whose nodes do not show what they saved
        self._storages: dict[int, KnownStorage] = {}
        # Storages that are gone are forgotten when so many were met: a step of a large model makes some thousands.
        self._prune_at = 10_000
        self._visited: set[int] = set()  # numbers of the nodes that were looked at
        self._positions: dict[KnownStorage, int] = {}
        self._checkpointed: set[KnownStorage] = set()
        self._modules = ModulePaths(on_root=self._meet_module, on_exit=self._look_behind_module)

    def __enter__(self) -> SavingRecorder:
        self._first, self._backward_pass = next_node_number(), backward_pass()
        self._modules.__enter__()
        return super().__enter__()  # type: ignore[no-untyped-call, no-any-return]

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)  # type: ignore[no-untyped-call]
        self._modules.__exit__(*exception)
        if self._some_nodes_are_new():
            # A custom function made them, whose result no torch function was given and no module returned.
            self._look_behind(list(self._all_tensors()))

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        # The compiler runs the code that it traces through this method, and traces the method itself.
        compiling = torch.compiler.is_dynamo_compiling() or is_compiler_tracing()
        is_other_attribute = func.__name__ == "__get__" and function_name(func) not in _VIEWS  # such as the shape
        if compiling or is_other_attribute:
            return func(*args, **kwargs)
        inputs = list(tensors_in((args, kwargs)))
        self._look_behind(inputs)  # what a custom function made since the last call
        for tensor in inputs:
            self._meet(tensor, PARAMETER if isinstance(tensor, torch.nn.Parameter) else INPUT)
        output = func(*args, **kwargs)
        outputs = list(tensors_in(output))
        # What returns nothing, such as an assignment to an index, has changed one of its inputs.
        self._look_behind(outputs or inputs, function_name(func))
        for tensor in outputs:
            self._meet(tensor, ACTIVATION)
        return output

    def _meet_module(self, module: torch.nn.Module) -> None:
        with without_torch_functions():
            for parameter in module.parameters():
                self._meet(parameter, PARAMETER)
            for buffer in module.buffers():
                self._meet(buffer, BUFFER)

    def _look_behind_module(self, output: Any) -> None:
        with without_torch_functions():
            self._look_behind(list(tensors_in(output)))

    def _meet(self, tensor: torch.Tensor, kind: str) -> None:
        """Remember the storages of a tensor, and where they come from if they are new."""
        for part in storage_parts(tensor):
            if storage_key(part) not in self._storages:
                _check_device(part)
                self._storages[storage_key(part)] = KnownStorage.of(part, kind)
        if len(self._storages) > self._prune_at:
            self._storages = {key: each for key, each in self._storages.items() if each.alive}
            self._prune_at = 2 * max(len(self._storages), 5_000)

    def _all_tensors(self) -> Iterator[torch.Tensor]:
        fake = any(each.fake for each in self._storages.values())  # if none, those found belong to a compiler
        for each in gc.get_objects():
            if issubclass(type(each), torch.Tensor) and is_fake(each) == fake:
                yield each

    def _some_nodes_are_new(self) -> bool:
        return next_node_number() - self._first > len(self._visited)

    def _look_behind(self, roots: Sequence[torch.Tensor], operation: str = "") -> None:
        """Record what the new nodes behind the tensors hold; `operation` made them, or, if empty, a custom function."""
        # What a checkpoint computes again during a backward pass is not kept for one.
        if not self._some_nodes_are_new() or backward_pass() != self._backward_pass:
            return
        nodes = new_nodes(roots, self._first, self._visited)
        results = [root for root in roots if node_behind(root) in nodes]
        returned = {storage_key(part) for result in results for part in storage_parts(result)}
        for node in nodes:
            made_by = operation if operation and not isinstance(node, BackwardCFunction) else _own_name(node)
            if is_closed(node):
                self.closed.append(made_by)
            for held in held_tensors(node):
                self._record(node.name(), made_by, held, returned)
        for result in results:
            self._meet(result, ACTIVATION)

    def _record(self, node: str, operation: str, held: Held, returned: set[int]) -> None:
        for part in storage_parts(held.tensor):
            key = storage_key(part)
            if key not in self._storages:
                is_number = held.field == "other" and part.dim() == 0  # as in `2 * x`, where torch makes a tensor of 2
                kind = NUMBER if is_number else ACTIVATION
                self._storages[key] = KnownStorage.of(part, kind, hidden=key not in returned)
            storage = self._storages[key]
            if held.how == How.CHECKPOINTED:
                if storage in self._checkpointed:
                    continue  # each operation that will be computed again leads to it
                self._checkpointed.add(storage)
            if storage not in self._positions:
                self._positions[storage] = len(self.storages)
                self.storages.append(storage)
            self.tensors.append(
                SavedTensor(
                    module=self._modules.current,
                    operation="checkpoint" if held.how == How.CHECKPOINTED else operation,
                    node="" if held.how == How.CHECKPOINTED else node,
                    field="" if held.how == How.CHECKPOINTED else held.field,
                    role=_role(node, operation, held, storage, is_output=key in returned),
                    kind=storage.kind,
                    shape=tuple(map(int, part.shape)),
                    dtype=part.dtype,
                    nbytes=int(part.nbytes),
                    storage=self._positions[storage],
                )
            )


def _role(node: str, operation: str, held: Held, storage: KnownStorage, *, is_output: bool) -> str:
    if held.how == How.CHECKPOINTED:
        return roles.RANDOM_STATE if held.tensor.dtype == torch.uint8 else roles.INPUT
    role = roles.role_of(node, held.field, held.tensor.dtype, is_output=is_output)
    if role != roles.INPUT:
        return role
    if held.how == How.ATTRIBUTE:
        return roles.ATTRIBUTE
    if storage.kind == PARAMETER:
        return roles.WEIGHT
    made_in_forward = held.field == "tensors" and not held.tensor.requires_grad  # of a custom function
    if storage.kind == ACTIVATION and (storage.hidden or made_in_forward):
        return roles.MASK if "dropout" in operation else roles.INTERMEDIATE
    return role


def _own_name(node: Any) -> str:
    """Return the name of a node without what autograd adds to it: `MyRelu` for `MyReluBackward`."""
    return re.sub(r"Backward\d*$", "", node.name())


def _check_device(tensor: torch.Tensor) -> None:
    """Refuse a fake tensor on a device that is not there: torch's backward graph would end the process."""
    if is_fake(tensor) and tensor.device.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            f"record_saved() met a fake tensor on {tensor.device}, where there is no CUDA; expected fake tensors on a "
            "device of this machine, such as cpu, since torch ends the process when it computes with others"
        )
