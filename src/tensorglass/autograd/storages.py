"""The storages that a recording has met, and where each comes from: made inside, or there before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..memory.tensors_inside import storage_parts
from ..storage.layout import storage_nbytes
from ..torch_internals import (
    StorageWeakRef,
    is_fake,
    nbytes_behind,
    storage_key,
    storage_reference,
    without_torch_functions,
)
from .saved_tensor import ACTIVATION, BUFFER, INPUT, PARAMETER
from .young import YoungTensors

# Storages that are gone are forgotten when so many more were met: a step of a large model makes some thousands.
FORGOTTEN_AT = 5_000


@dataclass(eq=False)
class KnownStorage:
    """A storage that was met. The weak reference keeps its key from being given to another one."""

    reference: StorageWeakRef
    key: int
    kind: str
    nbytes: int
    device: torch.device
    fake: bool
    hidden: bool  # made and kept inside a call: neither given to it nor returned
    position: int | None = None  # among the storages behind saved tensors

    @staticmethod
    def of(tensor: torch.Tensor, kind: str, *, hidden: bool = False) -> KnownStorage:
        reference, key, nbytes = storage_reference(tensor), storage_key(tensor), storage_nbytes(tensor)
        return KnownStorage(reference, key, kind, nbytes, tensor.device, is_fake(tensor), hidden)

    @property
    def alive(self) -> bool:
        return not self.reference.expired()  # type: ignore[no-untyped-call]

    @property
    def nbytes_now(self) -> int:
        """Its bytes at this moment: weights that were gathered for a layer may have been given back since."""
        return nbytes_behind(self.reference) if self.alive else self.nbytes


class KnownStorages:
    """All storages that were met while the block ran, by their keys."""

    def __init__(self) -> None:
        self._known: dict[int, KnownStorage] = {}
        self._forget_at = 2 * FORGOTTEN_AT
        # What only the garbage collector tells of: storages that were there before, and that were made inside.
        self._before: dict[int, StorageWeakRef] = {}
        self._inside: dict[int, StorageWeakRef] = {}
        self._young = YoungTensors(on_growing_old=self._look_at_the_young)

    def __enter__(self) -> KnownStorages:
        self._before = self._young_storages()
        self._young.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._young.__exit__()

    @property
    def are_fake(self) -> bool:
        """Whether some of them are only pretended."""
        return any(each.fake for each in self._known.values())

    def meet(self, tensor: torch.Tensor, kind: str) -> None:
        """Remember the storages of a tensor, and where they come from if they are new.

        What becomes a parameter is one from then on: weights that are gathered from several devices for a layer.
        """
        for part in storage_parts(tensor):
            known = self._known.get(storage_key(part))
            if known is None or (kind == PARAMETER and known.kind in (ACTIVATION, INPUT) and known.position is None):
                _check_device(part)
                self._known[storage_key(part)] = KnownStorage.of(part, kind)
        if len(self._known) > self._forget_at:
            self._known = {key: each for key, each in self._known.items() if each.alive}
            self._forget_at = 2 * max(len(self._known), FORGOTTEN_AT)

    def meet_inputs(self, tensors: Sequence[torch.Tensor]) -> None:
        """Remember what a function is given: it was there before, unless it has been made since, by no torch function.

        So it is with `torch.from_numpy`, and with the buffers of compiled code.
        """
        for tensor in tensors:
            if isinstance(tensor, torch.nn.Parameter):
                self.meet(tensor, PARAMETER)
                continue
            unknown = {key for part in storage_parts(tensor) if (key := storage_key(part)) not in self._known}
            if not self._before.keys() >= unknown:
                self._look_at_the_young()
            self.meet(tensor, ACTIVATION if self._inside.keys() & unknown else INPUT)

    def meet_module(self, module: torch.nn.Module) -> None:
        """Remember that the parameters and buffers of a module were there before."""
        with without_torch_functions():
            for parameter in module.parameters():
                self.meet(parameter, PARAMETER)
            for buffer in module.buffers():
                self.meet(buffer, BUFFER)

    def saved(self, part: torch.Tensor, kind: str, *, hidden: bool) -> KnownStorage:
        """Return the storage of a tensor that a node keeps. If it was not met it is of this kind, and maybe hidden."""
        key = storage_key(part)
        if key not in self._known:
            self._known[key] = KnownStorage.of(part, INPUT if key in self._before else kind, hidden=hidden)
        return self._known[key]

    def _look_at_the_young(self) -> None:
        """Remember which storages were made inside so far, by whatever made them."""
        for key, each in self._young_storages().items():
            if key not in self._before:
                self._inside[key] = each

    def _young_storages(self) -> dict[int, StorageWeakRef]:
        with without_torch_functions():
            parts = (part for tensor in self._young.tensors() for part in storage_parts(tensor))
            return {storage_key(part): storage_reference(part) for part in parts}


def _check_device(tensor: torch.Tensor) -> None:
    """Refuse a fake tensor on a device that is not there: torch's backward graph would end the process."""
    if is_fake(tensor) and tensor.device.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            f"record_saved() met a fake tensor on {tensor.device}, where there is no CUDA; expected fake tensors on a "
            "device of this machine, such as cpu, since torch ends the process when it computes with others"
        )
