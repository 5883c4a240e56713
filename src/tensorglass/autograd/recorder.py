"""The recorder behind `record_saved`: looks at the nodes that each call of a torch function added to autograd's graph.

It keeps sizes and weak references, never a tensor, so nothing lives longer than it would without it; and it only reads
the graph, so whatever autograd checks when it runs backward it still checks.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ..calling import calling_place, function_name, place_text, tensors_in
from ..memory.graph import is_closed
from ..memory.tensors_inside import storage_parts
from ..storage.layout import layout_name
from ..torch_internals import (
    IN_PLACE,
    BackwardCFunction,
    OpOverload,
    backward_pass,
    check_saved_tensors_readable,
    is_compiler_tracing,
    is_fake,
    next_node_number,
    node_number,
    storage_key,
    version_of,
    without_torch_functions,
)
from . import roles
from .changes import Changes
from .graph import Held, How, held_tensors, node_behind, nodes_behind
from .module_paths import ModulePaths
from .saved_tensor import ACTIVATION, CHECKPOINT, NUMBER, PARAMETER, SavedTensor, change_text
from .storages import KnownStorage, KnownStorages
from .young import tensors_by_age

_VIEWS = frozenset(["T", "mT", "H", "mH", "real", "imag", "data"])  # attributes of a tensor that lie in its memory


class SavingRecorder(TorchFunctionMode):
    """Records while it is entered. Read `tensors`, `storages` and `closed` afterwards."""

    def __init__(self) -> None:
        super().__init__()
        check_saved_tensors_readable()
        self.tensors: list[SavedTensor] = []
        self.storages: list[KnownStorage] = []  # those behind `tensors`
        self.closed: list[str] = []  # operations whose nodes do not show what they saved
        self.opaque: list[str] = []  # layouts of saved tensors that do not show their memory
        self.known: KnownStorages = KnownStorages()
        self._visited: set[int] = set()  # numbers of the nodes that were looked at
        self._checkpointed: set[KnownStorage] = set()
        self._results: dict[int, weakref.ref[torch.Tensor]] = {}  # tensors that the graph can be reached from
        self._changes = Changes()
        self._modules = ModulePaths(on_root=self.known.meet_module, on_exit=self._look_behind_module)

    def __enter__(self) -> SavingRecorder:
        self._first, self._backward_pass = next_node_number(), backward_pass()
        self.known.__enter__()
        self._modules.__enter__()
        return super().__enter__()  # type: ignore[no-untyped-call, no-any-return]

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        super().__exit__(kind, error, traceback)  # type: ignore[no-untyped-call]
        self._modules.__exit__()
        self.known.__exit__()
        fake = self.known.are_fake  # if not, those found belong to a compiler
        for tensors in tensors_by_age():
            if not self._some_nodes_are_new():
                break
            # A custom function made them, whose result no torch function was given and no module returned.
            self._look_behind([each for each in tensors if is_fake(each) == fake])
        results = [result for each in self._results.values() if (result := each()) is not None]
        for position, changed in self._changes.find(results):
            self.tensors[position] = replace(self.tensors[position], changed=changed)
        if isinstance(error, RuntimeError) and IN_PLACE in str(error):
            for note in dict.fromkeys(change_text(tensor) for tensor in self.tensors if tensor.changed):
                error.add_note(note)

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
        if not isinstance(func, OpOverload):  # which torch calls also while a compiled function still saves its tensors
            self._look_behind(inputs)  # what a custom function made since the last call
        self.known.meet_inputs(inputs)
        # They may be of other threads, whose nodes have numbers of their own.
        older = [node for node in map(node_behind, inputs) if node is not None]
        versions = list(map(version_of, inputs))
        output = func(*args, **kwargs)
        self._changes.note(function_name(func), inputs, versions)
        outputs = list(tensors_in(output))
        # What returns nothing, such as an assignment to an index, has changed one of its inputs.
        self._look_behind(outputs or inputs, function_name(func), older)
        for tensor in outputs:
            self.known.meet(tensor, ACTIVATION)
        return output

    def _look_behind_module(self, output: Any) -> None:
        with without_torch_functions():
            self._look_behind(list(tensors_in(output)))

    def _some_nodes_are_new(self) -> bool:
        return next_node_number() - self._first > len(self._visited)

    def _look_behind(
        self, roots: Sequence[torch.Tensor], operation: str = "", older: Collection[Any] = frozenset()
    ) -> None:
        """Record what the new nodes behind the tensors hold.

        `operation` made them, or, if empty, a custom function; those in `older` were there before it.
        """
        # What a checkpoint computes again during a backward pass is not kept for one.
        if not self._some_nodes_are_new() or backward_pass() != self._backward_pass:
            return
        made = range(self._first, next_node_number())
        nodes = nodes_behind(
            roots, lambda node: (n := node_number(node)) in made and n not in self._visited and node not in older
        )
        self._visited.update(map(node_number, nodes))
        results = [root for root in roots if node_behind(root) in nodes]
        returned = {storage_key(part) for result in results for part in storage_parts(result)}
        for node in nodes:
            made_by = operation if operation and not isinstance(node, BackwardCFunction) else _own_name(node)
            if is_closed(node):
                self.closed.append(made_by)
            for held in held_tensors(node):
                parts = list(storage_parts(held.tensor))
                if not parts:
                    self.opaque.append(layout_name(held.tensor))
                for part in parts:
                    self._record(node, made_by, held, part, returned)
        for result in results:
            self.known.meet(result, ACTIVATION)
        self._remember_results(results)

    def _remember_results(self, results: Sequence[torch.Tensor]) -> None:
        for result in results:
            self._results[id(result)] = weakref.ref(result, partial(self._forget_result, id(result)))

    def _forget_result(self, key: int, _: object) -> None:
        self._results.pop(key, None)

    def _record(self, node: Any, operation: str, held: Held, part: torch.Tensor, returned: set[int]) -> None:
        key = storage_key(part)
        is_number = held.field == "other" and part.dim() == 0  # as in `2 * x`, where torch makes a tensor of 2
        storage = self.known.saved(part, NUMBER if is_number else ACTIVATION, hidden=key not in returned)
        if held.how == How.CHECKPOINTED:
            if storage in self._checkpointed:
                return  # each operation that will be computed again leads to it
            self._checkpointed.add(storage)
        if storage.position is None:
            storage.position = len(self.storages)
            self.storages.append(storage)
        self._changes.remember(node, held, key, len(self.tensors))
        self.tensors.append(
            SavedTensor(
                module=self._modules.current,
                operation=CHECKPOINT if held.how == How.CHECKPOINTED else operation,
                node="" if held.how == How.CHECKPOINTED else node.name(),
                field="" if held.how == How.CHECKPOINTED else held.field,
                role=_role(node.name(), operation, held, storage, is_output=key in returned),
                kind=storage.kind,
                shape=tuple(map(int, part.shape)),
                dtype=part.dtype,
                nbytes=int(part.nbytes),
                storage=storage.position,
                line=place_text(calling_place()),
                changed="",
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
