"""What the rules for layers ask of a case: how a layer is named, and what it was called with."""

from __future__ import annotations

from ..shapes import Shape
from .entry import Case


def layer_shown(case: Case, default: str) -> str:
    layer = case.layer
    return default if layer is None or layer.is_own else f"The layer {layer.shown}"


def input_shape(case: Case) -> Shape | None:
    """Return the shape of the one tensor that the program calls the failing layer with."""
    layer = case.layer
    if not case.is_real or len(case.parts) != 1 or layer is None or case.parts[0].value is not layer.input:
        return None
    return case.shape(0)
