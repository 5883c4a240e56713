"""Embeddings, alone or tied to the output layer, and how large their rows start.

The logits of a tied output are products of the last hidden state h with the rows of the embedding. Normalized, h has
the length sqrt(d), and so rows of the standard deviation g / sqrt(d) give logits of the size g. Where the residual
stream starts with the row itself, the logit of the token that came in is at most sqrt(d) g.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from torch import nn

from ..signals.layer_kinds import EMBEDDINGS
from .layers import is_weight_layer, weight_layers
from .norms import is_norm

# Parameters that are added to the stream, or stand in it, as vision transformers name them.
_ROWS = re.compile(
    r"pos|pos_?emb\w*|positional_\w+|position_\w+|\w+_pos_embed\w*|(cls|class|dist|distillation|mask|reg|register)_\w+"
)

# How much larger the rows are where the features are divided: in training the logits grow by their size, and at the
# start, where they are mostly those of the token itself, they are then still small.
DIVIDED = 2.5


class Embedded(NamedTuple):
    """What an embedding is, in words, and the standard deviation that its rows start with."""

    role: str
    std: float


def embedded(model: nn.Module, output_gain: float, *, divides: bool) -> dict[nn.Module, Embedded]:
    """Return the embeddings of a model: tied ones, those of the same width, which are added to them, and others.

    Parameters
    ----------
    model : torch.nn.Module
    output_gain : float
        The size of the logits that tied embeddings are to give.
    divides : bool
        Whether the model divides h by sqrt(d) itself, as T5 does.

    Examples
    --------
    >>> tokens, head = nn.Embedding(50, 16), nn.Linear(16, 50)
    >>> head.weight = tokens.weight
    >>> print(*embedded(nn.Sequential(tokens, head), 0.5, divides=False).values())
    Embedded(role='tied embedding', std=0.125)
    """
    embeddings = [module for module in model.modules() if isinstance(module, EMBEDDINGS)]
    read = {module.weight for module in model.modules() if is_weight_layer(module)}
    tied = [module for module in embeddings if module.weight in read]
    widths = {module.embedding_dim for module in tied}
    found: dict[nn.Module, Embedded] = {}
    for module in embeddings:
        small = DIVIDED * output_gain if divides else output_gain / math.sqrt(module.embedding_dim)
        std = small if module.embedding_dim in widths else 1.0
        beside = "embedding beside a tied one" if module.embedding_dim in widths else "embedding"
        found[module] = Embedded("tied embedding" if module in tied else beside, std)
    return found


def divides_features(model: nn.Module) -> bool:
    """Tell whether a model divides its last hidden state by sqrt(d), as T5's configuration says."""
    configurations = (getattr(module, "config", None) for module in model.modules())
    return any(getattr(each, "scale_decoder_outputs", False) is True for each in configurations)


def is_row(name: str) -> bool:
    """Tell whether a parameter of no layer is an embedding, by its name: of positions, or a token as that of a class.

    >>> is_row("cls_token"), is_row("relative_position_bias_table")
    (True, False)
    """
    return "bias" not in name and _ROWS.fullmatch(name) is not None


def stream_size(model: nn.Module, found: dict[nn.Module, Embedded]) -> float:
    """Return the size with which the residual stream of a model starts.

    It is that of the rows of tied embeddings, which are small, unless a norm follows them. Branches as large as other
    layers would drown such rows.
    """
    sizes = [std for role, std in found.values() if role == "tied embedding"]
    return min(sizes, default=1.0) if not any(map(_normalizes_rows, model.modules())) else 1.0


def _normalizes_rows(module: nn.Module) -> bool:
    """Tell whether a module normalizes its embeddings: it has both and no layers, or says so by the name of a norm."""
    norms = [name for name, child in module.named_children() if is_norm(child)]
    has_embedding = any(isinstance(child, EMBEDDINGS) for child in module.children())
    return has_embedding and bool(norms) and (not weight_layers(module) or any("emb" in name for name in norms))
