"""The tensors inside objects of any kind, each with the way to it, and what could not be looked into."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ..shapes import operand_name
from ..storage.layout import check_has_storage, layout_name
from ..torch_internals import SavedTensor, is_fake
from .found import Found, found_array, found_tensor
from .graph import ClosedNode, graph_members
from .kinds import GRADIENTS, IN_ORDER, OTHER, PARAMETERS
from .members import Member, has_no_parts, is_plain, members
from .tensors_inside import tensors_inside

_DEEPEST_NAME = 16  # parts of a name that are written out; longer ways, as along a linked list, are abridged

_MARKS = "_dynamo_"  # begins the names under which the compiler leaves its marks on tensors


class _Way(NamedTuple):
    """The way to an object: its text, of how many parts, and what everything below it inherits."""

    text: str
    depth: int
    kind: str
    saved: bool

    def to(self, member: Member) -> _Way:
        kind, saved = member.kind or self.kind, self.saved and member.saved
        if self.depth > _DEEPEST_NAME:
            return self._replace(kind=kind, saved=saved)
        key = "…" if self.depth == _DEEPEST_NAME else member.key
        dot = "." if self.text and key and not key.startswith("[") else ""
        return _Way(f"{self.text}{dot}{key}", self.depth + 1, kind, saved)


class Walk:
    """What was found on a walk through objects.

    Attributes
    ----------
    found : list of Found
        The tensors and arrays, in order, each once.
    tied : list of tuple of str
        For each parameter or buffer that modules have under several names: these.
    unseen : dict of str to list of str
        By the type of what could not be looked into: the ways there.
    """

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.unseen: dict[str, list[str]] = defaultdict(list)
        self._visited: dict[int, object] = {}  # what is visited is kept, so that no other object gets its number
        self._at: dict[int, Found] = {}
        self._inside: dict[int, list[tuple[str, torch.Tensor]]] = {}  # a sparse tensor gives new ones each time
        self._put_off: deque[tuple[object, _Way]] = deque()
        self._registered: dict[int, list[str]] = defaultdict(list)

    @property
    def tied(self) -> list[tuple[str, ...]]:
        return [tuple(names) for names in self._registered.values() if len(names) > 1]

    def start(self, value: object, name: str) -> None:
        """Visit an object and all that it keeps alive. There is no recursion: a chain may be of any length."""
        self._follow(value, _Way(name, 0, OTHER, True))

    def finish(self) -> None:
        """Visit what was put off, since no file has it as a part of what was visited before."""
        while self._put_off:
            self._follow(*self._put_off.popleft())

    def _follow(self, value: object, start: _Way) -> None:
        ways, waiting = [start], [iter(self._visit(value, start))]
        while waiting:
            member = next(waiting[-1], None)
            if member is None:
                waiting.pop()
                ways.pop()
            elif not has_no_parts(member.part):
                way = ways[-1].to(member)
                if member.registered:
                    self._registered[id(member.part)].append(way.text)
                if member.saved or isinstance(member.part, (torch.Tensor, SavedTensor)):
                    waiting.append(iter(self._visit(member.part, way)))
                    ways.append(way)
                else:  # it may be part of something else that a file has
                    self._put_off.append((member.part, way))

    def _visit(self, value: Any, way: _Way) -> Iterable[Member]:
        """Take note of an object, and return its parts; if it was visited before, those alone that are one with it."""
        tensor = isinstance(value, torch.Tensor)
        kind = PARAMETERS if tensor and isinstance(value, torch.nn.Parameter) else way.kind
        if id(value) in self._visited:
            self._upgrade(value, kind, way.saved)
            return [Member(name, part, kind) for name, part in self._inside.get(id(value), ())]
        self._visited[id(value)] = value
        if tensor:
            return self._visit_tensor(value, way._replace(kind=kind))
        if isinstance(value, torch.UntypedStorage):
            return [Member("", _whole(value))]
        if isinstance(value, np.ndarray):
            self._keep(value, found_array(value, way.text, way.kind, way.saved))
        parts = None if isinstance(value, ClosedNode) else members(value)
        if parts is None:
            kind = value.name if isinstance(value, ClosedNode) else type(value).__name__
            self.unseen[kind].append(way.text)
        return parts or ()

    def _visit_tensor(self, tensor: torch.Tensor, way: _Way) -> Iterator[Member]:
        if torch.nn.parameter.is_lazy(tensor):
            return  # it has no memory yet
        inside = tensors_inside(tensor)
        if inside:
            self._inside[id(tensor)] = inside
            yield from (Member(name, part, way.kind) for name, part in inside)
        else:
            try:
                check_has_storage(tensor, way.text)
            except TypeError:
                self.unseen[_kind_of(tensor)].append(way.text)
                return
            self._keep(tensor, found_tensor(tensor, way.text, way.kind, way.saved))
            if not is_fake(tensor):
                attributes = vars(tensor).items()
                yield from (Member(name, part, way.kind) for name, part in attributes if not name.startswith(_MARKS))
        yield from (Member("grad", gradient, GRADIENTS, saved=False) for gradient in _gradients(tensor))
        yield from graph_members(tensor, self._visited)

    def _keep(self, value: object, found: Found) -> None:
        self.found.append(found)
        self._at[id(value)] = found

    def _upgrade(self, value: object, kind: str, saved: bool) -> None:
        """Take the kind that comes first of those under which a tensor is found."""
        if id(value) in self._at:
            found = self._at[id(value)]
            found.kind = min(found.kind, kind, key=IN_ORDER.index)
            found.saved = found.saved or saved


def walk(objects: Sequence[object], described: str) -> Walk:
    """Return what the objects keep alive. One object lends its parts their own names; several are `a`, `b`, ...

    Parameters
    ----------
    objects : sequence of object
        Tensors, modules, optimizers, collections, and plain objects.
    described : str
        Names the function in an error.
    """
    result = Walk()
    for i, value in enumerate(objects):
        if is_plain(value):
            raise TypeError(
                f"{described} object {operand_name(i)} is {type(value).__name__}; expected a tensor, a module, an "
                "optimizer, or a collection of them"
            )
        if isinstance(value, torch.Tensor) and not torch.nn.parameter.is_lazy(value) and not tensors_inside(value):
            check_has_storage(value, f"{described} tensor {operand_name(i)}")
        alone = len(objects) == 1 and not isinstance(value, (torch.Tensor, np.ndarray))
        result.start(value, "" if alone else operand_name(i))
    result.finish()
    return result


def _whole(storage: torch.UntypedStorage) -> torch.Tensor:
    with torch.no_grad():
        return torch.tensor([], dtype=torch.uint8, device=storage.device).set_(storage)


def _gradients(tensor: torch.Tensor) -> list[torch.Tensor]:
    """Return the gradient that the tensor itself keeps, if it has one."""
    try:
        gradient = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
    except RuntimeError:  # a view that autograd refuses, since its base was changed
        return []
    return [] if gradient is None else [gradient]


def _kind_of(tensor: torch.Tensor) -> str:
    return "tensor" if tensor.layout == torch.strided else f"{layout_name(tensor)} tensor"
