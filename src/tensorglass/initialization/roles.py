"""Which part each layer of a model plays, as far as shapes, structure and names tell, without running it.

Structure comes first: what a forward multiplies and adds is traced where that is possible. Names are a convention
among authors of transformers, and are asked where structure does not tell, as which projection makes the queries.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from torch import nn

from ..signals.layer_kinds import ATTENTION, EMBEDDINGS, RECURRENT
from ..torch_internals import BatchOrInstanceNorm
from .layers import groups_of_blocks, inputs_of, is_weight_layer, outputs_of, weight_layers, weighted_children
from .norms import has_norms
from .structure import adds_its_input, factors, traced

HIDDEN, OUTPUT, PROJECTION, FACTOR = ("hidden", "output", "projection", "factor of a gated unit")

_ENDING = r"(_(a|b|proj|lin|linear|layer))*"
_QUERY_KEY_VALUE = re.compile(rf"(to_?|in_|c_|w_?)?(q|k|v|query|key|value|pos_key|pos_query){_ENDING}", re.IGNORECASE)
_PACKED_PROJECTIONS = re.compile(
    rf"(to_|in_|c_|q_|w_?)?(qk|kv|qkv|query_key_value|attn|pack){_ENDING}|kv_a_proj_with_mqa", re.IGNORECASE
)
# The two factors of a gated unit, where the forward cannot be traced.
_GATED = (
    ("gate_proj", "up_proj"),
    ("gate", "up"),
    ("w1", "w3"),
    ("wi_0", "wi_1"),
    ("fc1_g", "fc1_x"),
    ("linear", "linear_v"),
)
_PACKED_GATES = ("gate_up_proj", "gate_and_up_proj", "w12", "fc1_gated")


class Role(NamedTuple):
    """The part that a layer plays.

    Attributes
    ----------
    name : str
        One of the names above.
    why : str
        What it was told by.
    residual : int
        How many layers add their outputs to the same residual stream, if this one does, else 0.
    """

    name: str
    why: str = ""
    residual: int = 0

    def __str__(self) -> str:
        closing = f", closes one of {self.residual} residual branches" if self.residual else ""
        return f"{self.name}{f' ({self.why})' if self.why else ''}{closing}"


def roles_of(model: nn.Module) -> dict[nn.Module, Role]:
    """Return the role of each layer with weights.

    Examples
    --------
    >>> encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 3, enable_nested_tensor=False)
    >>> model = nn.Sequential(encoder, nn.Linear(8, 5))
    >>> roles = roles_of(model)
    >>> print(roles[model[1]])
    output (registered last)
    >>> print(roles[encoder.layers[0].linear2])
    hidden, closes one of 6 residual branches
    """
    found = {layer: Role(HIDDEN) for layer in weight_layers(model)}
    found |= {layer: Role(FACTOR, why) for layer, why in _gated_layers(model).items()}
    found |= {layer: Role(PROJECTION, why) for layer, why in _projections(model).items()}
    closing, inner = _residual_branches(model, found)
    found |= closing
    found |= {layer: Role(OUTPUT, why) for layer, why in _outputs(model, found, inner).items()}
    return found


def _gated_layers(model: nn.Module) -> dict[nn.Module, str]:
    found: dict[nn.Module, str] = {}
    for module in model.modules():
        children = {} if isinstance(module, (nn.ModuleList, nn.ModuleDict)) else weighted_children(module)
        graph = traced(module) if children else None
        if graph is None:
            direct = {name for name, child in children.items() if is_weight_layer(child)}
            named = [name for pair in _GATED if {*pair} <= direct for name in pair]
            names = {*named, *direct.intersection(_PACKED_GATES)}
            why = "by its name"
        else:
            names = factors(graph, children, _gated_units(module))
            why = "its output is multiplied"
        found |= {layer: why for name in names for layer in weight_layers(children[name])[-1:]}
    return found


def _gated_units(module: nn.Module) -> set[str]:
    return {name for name, child in module.named_children() if isinstance(child, nn.GLU)}


def _projections(model: nn.Module) -> dict[nn.Module, str]:
    """Return the layers of attention and in recurrent layers, and those that are named as queries, keys and values.

    One such name alone, as the head of a critic's values has it, tells nothing.
    """
    found: dict[nn.Module, str] = {}
    for module in model.modules():
        if isinstance(module, (*ATTENTION, *RECURRENT)):
            found |= dict.fromkeys(weight_layers(module), f"in {type(module).__name__}")
        layers = {name: child for name, child in module.named_children() if is_weight_layer(child)}
        several = [child for name, child in layers.items() if _QUERY_KEY_VALUE.fullmatch(name)]
        packed = [child for name, child in layers.items() if _PACKED_PROJECTIONS.fullmatch(name)]
        if packed or len(several) > 1:
            found |= dict.fromkeys(packed + several, "by its name")
    return found


def _residual_branches(model: nn.Module, roles: dict[nn.Module, Role]) -> tuple[dict[nn.Module, Role], set[nn.Module]]:
    """Return the layers that close a residual branch, with the number of them in their stack, and all in blocks."""
    closing: dict[nn.Module, Role] = {}
    inner: set[nn.Module] = set()
    for blocks in groups_of_blocks(model):
        members = {layer for block in blocks for layer in weight_layers(block)}
        if members & inner or not all(_adds(block) for block in blocks):
            continue
        inner |= members
        layers = {layer: role for block in blocks for layer, role in _closing_layers(block, roles).items()}
        closing |= {layer: role._replace(residual=len(layers)) for layer, role in layers.items()}
    return closing, inner


def _adds(block: nn.Module) -> bool:
    """Tell whether a block adds its input to what it computes: by its forward, or else because it has norms.

    With batch norms the scale of the weights before them does not matter, and is left as it is.
    """
    if any(isinstance(module, BatchOrInstanceNorm) for module in block.modules()):
        return False
    graph = traced(block)
    return has_norms(block) or (graph is not None and adds_its_input(graph, weighted_children(block)))


def _closing_layers(block: nn.Module, roles: dict[nn.Module, Role]) -> dict[nn.Module, Role]:
    """Return the last layers of a block's branches: of each child that keeps the width, and of its own layers."""
    children = list(weighted_children(block).values())
    own = [child for child in children if is_weight_layer(child)]
    width = next((inputs_of(layer) for layer in weight_layers(block)), None)
    closing = {layer: roles[layer] for layer in own[-1:]}
    for child in children:
        for layer in [] if is_weight_layer(child) else _last_layers(child, roles):
            if outputs_of(layer) == width:
                closing[layer] = _of_attention(child, layer, roles)
    return closing


def _of_attention(branch: nn.Module, layer: nn.Module, roles: dict[nn.Module, Role]) -> Role:
    """Return the role of the layer that closes a branch: a projection, like all the others there, or what it was."""
    others = [roles[each].name for each in weight_layers(branch) if each is not layer]
    attention = PROJECTION in others and FACTOR not in others and HIDDEN not in others
    return Role(PROJECTION, "follows queries, keys and values") if attention else roles[layer]


def _last_layers(module: nn.Module, roles: dict[nn.Module, Role]) -> list[nn.Module]:
    if isinstance(module, nn.ModuleList):
        return [layer for child in module for layer in _last_layers(child, roles)]
    if isinstance(module, ATTENTION):
        return [module.out_proj]
    children = [
        child
        for child in weighted_children(module).values()
        if child not in roles or roles[child].name not in {PROJECTION, FACTOR}
    ]
    if is_weight_layer(module) or not children:
        return [module] if is_weight_layer(module) else []
    return _last_layers(children[-1], roles)


def _outputs(model: nn.Module, roles: dict[nn.Module, Role], inner: set[nn.Module]) -> dict[nn.Module, str]:
    """Return the layers that nothing seems to follow: the last one, and those beside it that read the same features."""
    layers = [layer for layer in roles if roles[layer].name != PROJECTION]
    last = layers[-1] if layers else None
    if last is None or last in inner:
        return {}
    found = {last: "registered last"}
    embedded = {module.weight for module in model.modules() if isinstance(module, EMBEDDINGS)}
    read: set[int | None] = {inputs_of(last)}
    for layer in reversed(layers[:-1]):
        beside = inputs_of(layer) == inputs_of(last) is not None and outputs_of(layer) not in read
        if beside and layer not in inner and layer.weight not in embedded and roles[layer].name == HIDDEN:
            found[layer] = "reads what the last one reads, and no later layer reads its outputs"
        read.add(inputs_of(layer))
    return found


def unscaled_queries(model: nn.Module) -> dict[nn.Module, int]:
    """Return the layers that make queries where scores are not divided by sqrt(size of a head), with that size.

    T5 has that division in its initial weights (Raffel et al., 2020). Its classes tell the size by this name.
    """
    found = {}
    for module in model.modules():
        size, query = getattr(module, "key_value_proj_dim", None), getattr(module, "q", None)
        if isinstance(size, int) and isinstance(query, nn.Module) and getattr(module, "scaling", 1.0) == 1:
            found[query] = size
    return found
