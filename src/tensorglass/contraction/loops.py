"""The meaning of an einsum, as Python loops: one loop for each index, and one product inside."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..shapes import Shape
from .equation import ELLIPSIS
from .indices import Contraction


def loops_source(contraction: Contraction, dtype: torch.dtype) -> str:
    """Return the source of a function ``contract(x0, x1, ...)`` that computes the einsum with loops.

    >>> from tensorglass.contraction.indices import contraction
    >>> from tensorglass.contraction.equation import parse
    >>> print(loops_source(contraction(parse("ij,jk->ik"), ((2, 3), (3, 4))), torch.float32))
    import torch
    <BLANKLINE>
    <BLANKLINE>
    def contract(x0, x1):
        result = torch.zeros((2, 4), dtype=torch.float32, device=x0.device)
        for i in range(2):
            for k in range(4):
                for j in range(3):
                    result[i, k] += x0[i, j] * x1[j, k]
        return result
    <BLANKLINE>
    """
    names = [f"x{i}" for i in range(len(contraction.terms))]
    result = f"torch.zeros({contraction.result}, dtype={dtype}, device=x0.device)"
    lines = ["import torch", "", "", f"def contract({', '.join(names)}):", f"    result = {result}"]
    indent = "    "
    for index in contraction.indices():
        lines.append(f"{indent}for {_variable(index.letter)} in range({index.size}):")
        indent += "    "
    factors = [
        _element(name, term, shape, contraction.sizes)
        for name, term, shape in zip(names, contraction.terms, contraction.shapes, strict=True)
    ]
    element = _element("result", contraction.output, contraction.result, contraction.sizes)
    return "\n".join([*lines, f"{indent}{element} += {' * '.join(factors)}", "    return result", ""])


def _variable(letter: str) -> str:
    return letter.replace(ELLIPSIS, "dots")


def _element(name: str, letters: Sequence[str], shape: Shape, sizes: dict[str, int]) -> str:
    """Return the code for one element; along a stretched axis that is always the first one."""
    places = ["0" if size != sizes[letter] else _variable(letter) for letter, size in zip(letters, shape, strict=True)]
    return f"{name}[{', '.join(places) or '()'}]"
