"""What each kind of layer keeps for its backward pass, found by running it: the table behind an explorer, as JSON.

This runs in a process of its own, since it needs torch. Each layer is run on inputs of several sizes, and
`record_saved` says what is kept. From the first run a rule follows: in which storage each tensor lies, and how its
shape follows from those of input and output. All other runs must keep what the rule says, or this ends with an error.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch
    from torch import nn

Shape = tuple[int, ...]

DTYPES = ("float32", "bfloat16", "float16")
ALSO = ("int64", "uint8", "bool")  # what layers keep besides numbers of their own dtype
FLAT: tuple[Shape, ...] = ((3, 5), (4, 7), (2, 11))
DEEP: tuple[Shape, ...] = ((2, 3, 5), (3, 2, 4, 7), (4, 3, 11))
IMAGES: tuple[Shape, ...] = ((2, 3, 8, 11), (4, 3, 7, 5), (3, 1, 6, 9))

# How the shape of what is kept may follow from those of input and output, or of what was there before it is that of a
# parameter. The names are those in kept.js.
SHAPES: dict[str, Callable[[Shape, Shape], Shape]] = {
    "none": lambda given, made: (),
    "channels": lambda given, made: given[1:2],
    "one a row": lambda given, made: (*given[:-1], 1),
    "input": lambda given, made: given,
    "output": lambda given, made: made,
    "rows": lambda given, made: (math.prod(given[:-1]), given[-1]),
}


class Trial(NamedTuple):
    """A layer, the name of its rule, and the shape of an input."""

    name: str
    layer: nn.Module
    shape: Shape


class Kept(NamedTuple):
    """One tensor that was kept: in which storage, its shape, and all else that the library says of it."""

    place: str
    shape: Shape
    said: tuple[str, ...]


class Seen(NamedTuple):
    """What one run showed.

    Attributes
    ----------
    kept : tuple of Kept
        What the layer keeps.
    known : dict
        The shapes that those of what is kept may follow from.
    shares, changes, view : bool
        Whether the output lies in the storage of the input, whether the input was changed in place, and whether
        autograd takes the output for a view: what is done in place on one does not show what it keeps.
    """

    kept: tuple[Kept, ...]
    known: dict[str, Shape]
    shares: bool
    changes: bool
    view: bool


def trials() -> Iterator[Trial]:
    """Yield the layers to run."""
    from torch import nn

    for bias, named in ((True, ""), (False, " without bias")):
        for shape in FLAT + DEEP:
            axes = "" if len(shape) == 2 else " of more axes"
            yield Trial(f"Linear{named}{axes}", nn.Linear(shape[-1], 13, bias=bias), shape)
        for shape in IMAGES:
            yield Trial(f"Conv2d{named}", nn.Conv2d(shape[1], 5, (3, 2), bias=bias), shape)
    for shape in (*FLAT, (2, 3, 5), (4, 7, 3)):
        yield Trial("BatchNorm1d", nn.BatchNorm1d(shape[1]), shape)
    for shape in IMAGES:
        yield Trial("BatchNorm2d", nn.BatchNorm2d(shape[1]), shape)
        yield Trial("MaxPool2d", nn.MaxPool2d(2), shape)
    for shape in FLAT + DEEP:
        yield Trial("LayerNorm", nn.LayerNorm(shape[-1]), shape)
    for shape in FLAT + DEEP + IMAGES:
        for kind in (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.ELU):
            yield Trial(kind.__name__, kind(), shape)
        for in_place in (nn.ReLU, nn.LeakyReLU, nn.SiLU, nn.ELU):
            yield Trial(f"{in_place.__name__} in place", in_place(inplace=True), shape)
        for p, named in ((0.5, ""), (0.0, " of none"), (1.0, " of all")):
            yield Trial(f"Dropout{named}", nn.Dropout(p), shape)
            yield Trial(f"Dropout{named} in place", nn.Dropout(p, inplace=True), shape)
        yield Trial("Flatten" if len(shape) > 2 else "Flatten of rows", nn.Flatten(), shape)


def run(layer: nn.Module, given: torch.Tensor) -> Seen:
    """Run a layer and look at what it keeps."""
    from tensorglass import record_saved
    from tensorglass.autograd.graph import held_tensors, node_behind, nodes_behind
    from tensorglass.torch_internals import is_view, storage_key, version_of

    older, version = node_behind(given), version_of(given)
    with record_saved() as saved:
        made = layer(given)
    held = [each for node in nodes_behind([made], lambda node: node is not older) for each in held_tensors(node)]
    there: dict[str, torch.Tensor] = dict([*layer.named_parameters(), *layer.named_buffers()])
    places = {storage_key(tensor): name for name, tensor in there.items()}
    shares = storage_key(made) == storage_key(given)
    kept = []
    for tensor, each in zip(saved.tensors, held, strict=True):
        key, storage = storage_key(each.tensor), saved.storages[tensor.storage]
        if key in (storage_key(made), storage_key(given)):
            place = "output" if key == storage_key(made) else "input"
        else:
            place = places.get(key, "number" if tensor.kind == "number" else "made")
        dtype = str(tensor.dtype).removeprefix("torch.")
        if place == "made" and storage.nbytes != math.prod(tensor.shape) * tensor.dtype.itemsize:
            raise SystemExit(f"{layer} keeps a part of a storage as {tensor.node}.{tensor.field}")
        kept.append(Kept(place, tensor.shape, (dtype, tensor.role, tensor.operation, tensor.node, tensor.field)))
    known = {name: shape(tuple(given.shape), tuple(made.shape)) for name, shape in SHAPES.items()}
    for name, own in there.items():
        known[name], known[f"{name} transposed"] = tuple(own.shape), tuple(reversed(own.shape))
    return Seen(tuple(kept), known, shares, version_of(given) != version, is_view(made) and made is not given)


def rule(seen: Seen) -> list[object]:
    """Return the rule that a run shows, as kept.js reads it.

    >>> seen = Seen((Kept("made", (3, 1), ("float32", "statistics")),), {"one a row": (3, 1)}, False, False, False)
    >>> rule(seen)
    [[['made', 'one a row', 'float32', 'statistics']], '']
    """
    rows = [[each.place, shape_name(each, seen.known), *each.said] for each in seen.kept]
    flags = {"shares": seen.shares, "changes": seen.changes, "view": seen.view}
    return [rows, " ".join(name for name, holds in flags.items() if holds)]


def shape_name(kept: Kept, known: Mapping[str, Shape]) -> str:
    """Return what the shape follows from; what lies in a known tensor is asked of that one first."""
    names = [kept.place, f"{kept.place} transposed", *known]
    found = next((name for name in names if known.get(name) == kept.shape), None)
    if found is None:
        raise SystemExit(f"{' '.join(kept.said)} of shape {kept.shape} follows from none of {dict(known)}")
    return found


def keeps_to(found: list[object], seen: Seen) -> bool:
    """Return whether a further run keeps what the rule says."""
    rows = found[0]
    assert isinstance(rows, list)
    shapes = [seen.known.get(row[1]) for row in rows]
    if shapes != [each.shape for each in seen.kept]:
        return False
    named = [Kept(row[0], each.shape, tuple(row[2:])) for row, each in zip(rows, seen.kept, strict=True)]
    return named == list(seen.kept) and found[1] == rule(seen._replace(kept=()))[1]


def rules() -> dict[str, dict[str, list[object]]]:
    """Return for each dtype the rules, by the names of the layers; of a given input that needs a gradient and not."""
    import torch

    found: dict[str, dict[str, list[object]]] = {}
    for named in DTYPES:
        of_dtype = found.setdefault(named, {})
        dtype = getattr(torch, named)
        for name, layer, shape in trials():
            for needs_gradient in (True, False):
                key = name if needs_gradient else f"{name} on data"
                given = torch.rand(shape, dtype=dtype)
                if needs_gradient:
                    given = given.requires_grad_() * 1
                seen = run(layer.to(dtype), given)
                if not keeps_to(of_dtype.setdefault(key, rule(seen)), seen):
                    raise SystemExit(f"{key} on {shape} in {named} keeps {seen.kept}; expected {of_dtype[key]}")
    return found


def table() -> dict[str, object]:
    """Return the whole table: the rules, the bytes of an element, and what the rules were found with."""
    import torch

    itemsizes = {name: getattr(torch, name).itemsize for name in (*DTYPES, *ALSO)}
    state = torch.get_rng_state().nbytes  # what checkpointing keeps of each region
    return {"torch": torch.__version__.partition("+")[0], "bytes": itemsizes, "state": state, "rules": rules()}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(sys.argv[1], "src")))
    json.dump(table(), sys.stdout, separators=(",", ":"))
