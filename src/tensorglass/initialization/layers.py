"""Which modules of a model are layers with weights, and which ones a forward puts one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from ..signals.layer_kinds import ATTENTION, RECURRENT, WEIGHT_LAYERS
from .fans import is_foreign_linear, sizes


def is_weight_layer(module: nn.Module) -> bool:
    """Tell whether a module is a linear, bilinear or convolution layer, of torch or of another library."""
    return isinstance(module, WEIGHT_LAYERS) or is_foreign_linear(module)


def weight_layers(module: nn.Module) -> list[nn.Module]:
    """Return the layers in a module, itself included, in the order in which they were registered.

    >>> [type(layer).__name__ for layer in weight_layers(nn.TransformerEncoderLayer(8, 2, 16))]
    ['NonDynamicallyQuantizableLinear', 'Linear', 'Linear']
    """
    return [each for each in module.modules() if is_weight_layer(each)]


def weighted_children(module: nn.Module) -> dict[str, nn.Module]:
    """Return the direct children that have layers with weights, or that are recurrent or attention, by name."""
    return {
        name: child
        for name, child in module.named_children()
        if any(is_weight_layer(each) or isinstance(each, (*ATTENTION, *RECURRENT)) for each in child.modules())
    }


def outputs_of(layer: nn.Module) -> int | None:
    """Return the number of outputs of a layer, None if it is not known."""
    told = sizes(layer)
    return told and told[1]


def inputs_of(layer: nn.Module) -> int | None:
    """Return the number of inputs of a layer, None if it is not known."""
    told = sizes(layer)
    return told and told[0]


def groups_of_blocks(model: nn.Module) -> Iterator[list[nn.Module]]:
    """Yield the blocks that are alike: several children of one class, the innermost groups first.

    What a list of length one holds is a group too.
    """
    for container in reversed(list(model.modules())):
        kinds: dict[type, list[nn.Module]] = {}
        for child in container.children():
            if not is_weight_layer(child) and not isinstance(child, (nn.Sequential, nn.ModuleList, *ATTENTION)):
                kinds.setdefault(type(child), []).append(child)
        for blocks in kinds.values():
            alone = isinstance(container, nn.ModuleList) and len(container) == 1
            if (len(blocks) > 1 or alone) and weighted_children(blocks[0]):
                yield blocks
