"""All errors that are known, and which of them a message is."""

from __future__ import annotations

from collections.abc import Mapping

from . import (
    arrays,
    axis_order,
    backward,
    broadcasts,
    class_targets,
    device_memory,
    devices,
    dtype_limits,
    dtypes,
    einsums,
    freed_graph,
    in_place,
    indices,
    joins,
    layer_inputs,
    layer_sizes,
    leaving_graph,
    losses,
    masks,
    models,
    overwritten,
    products,
    reshapes,
    scalars,
)
from .entry import Entry
from .messages import Message

FAMILIES = (
    broadcasts,
    products,
    einsums,
    reshapes,
    axis_order,
    joins,
    indices,
    masks,
    scalars,
    losses,
    class_targets,
    layer_inputs,
    layer_sizes,
    dtypes,
    dtype_limits,
    devices,
    device_memory,
    backward,
    freed_graph,
    leaving_graph,
    overwritten,
    in_place,
    models,
    arrays,
)
ENTRIES: tuple[Entry, ...] = tuple(entry for family in FAMILIES for entry in family.ENTRIES)
# Python raises these of its own accord: torch's wordings do not come with them.
_NEVER = {"KeyError", "NameError", "SyntaxError", "ImportError", "ModuleNotFoundError", "UnicodeDecodeError"}
_LONGEST = 20_000  # characters of a message that are looked at


def recognized(message: Message) -> tuple[Entry, Mapping[str, str]] | None:
    """Return the entry that a message belongs to, and the named parts of its wording; None if it is none of ours.

    >>> entry, found = recognized(Message("", "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"))
    >>> entry.kind, found
    ('matmul', {'a': '2x3', 'b': '4x5'})
    >>> recognized(Message("IndexError", "list index out of range")) is None
    True
    """
    if message.type in _NEVER:
        return None
    for entry in ENTRIES:
        found = entry.match(message.text[:_LONGEST])
        if found is not None:
            return entry, found
    return None
