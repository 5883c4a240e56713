"""What layouts have in common: one program computes all layouts of a pattern.

Which torch calls are fast, and which copies they need, depends on the order of the strides, on which axes lie in memory
as one chunk, on which sizes are 1 or 0, and on how large the sizes are within a factor of two. A sequence that grows by
one at each step keeps its pattern until its length reaches the next power of two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..shapes import Shape
from .extents import indices_in, with_names
from .indices import Contraction

Layout = tuple[Shape, Shape, torch.dtype, torch.device]


def pattern_of(layout: Layout) -> tuple[Any, ...]:
    """Return what a program depends on in the layout of an operand, sizes only roughly.

    >>> cpu = torch.device("cpu")
    >>> pattern_of(((5, 9), (9, 1), torch.float32, cpu)) == pattern_of(((7, 11), (11, 1), torch.float32, cpu))
    True
    >>> pattern_of(((5, 9), (9, 1), torch.float32, cpu)) == pattern_of(((5, 9), (1, 5), torch.float32, cpu))
    False
    """
    shape, stride, dtype, device = layout
    axes = []
    adjacent, before = 1, 0
    for step, axis, size in sorted(zip(stride, range(len(shape)), shape, strict=True)):
        if size == 1:
            continue
        if step == before != 0:  # axes that overlap merge by rules of their own
            return tuple(shape), stride, dtype, device
        axes.append((axis, step == adjacent, min(step, 2)))  # 0 is stretched, 1 lies without gaps
        adjacent, before = step * size, step
    return tuple([size.bit_length() for size in shape]), tuple(axes), dtype, device


@dataclass(frozen=True)
class Template:
    """A program for all layouts of a pattern.

    Attributes
    ----------
    function : callable
        Computes the result of operands with such a layout.
    equal : tuple of (int, int, int, int)
        An operand and its axis, and another operand and its axis, which must have the same size.
    """

    function: Callable[..., torch.Tensor]
    equal: tuple[tuple[int, int, int, int], ...]

    def fits(self, layouts: Sequence[Layout]) -> bool:
        """Return whether the sizes of operands with the pattern fit together."""
        return all(layouts[i][0][axis] == layouts[j][0][other] for i, axis, j, other in self.equal)


def places_of(contraction: Contraction) -> dict[str, list[tuple[int, int]]]:
    """Return for each index the operands and axes that have its size, without those that are stretched to it."""
    places: dict[str, list[tuple[int, int]]] = {letter: [] for letter in contraction.sizes}
    for operand, (term, shape) in enumerate(zip(contraction.terms, contraction.shapes, strict=True)):
        for axis, (letter, size) in enumerate(zip(term, shape, strict=True)):
            if size == contraction.sizes[letter]:
                places[letter].append((operand, axis))
    return places


def equal_sizes(contraction: Contraction) -> tuple[tuple[int, int, int, int], ...]:
    """Return which axes must have the same size, as a `Template` has them."""
    return tuple((*first, *other) for first, *others in places_of(contraction).values() for other in others)


def source_for_all_sizes(code: str, contraction: Contraction) -> str:
    r"""Return the source of a program that reads its sizes from its operands.

    >>> from tensorglass.contraction.equation import parse
    >>> from tensorglass.contraction.indices import contraction
    >>> code = "def f(x0):\n    return x0.reshape({2:i}*{3:j})"
    >>> print(source_for_all_sizes(code, contraction(parse("ij"), ((2, 3),))))
    def f(x0):
        n0 = x0.shape[0]
        n1 = x0.shape[1]
        return x0.reshape(n0*n1)
    """
    places = places_of(contraction)
    names = {letter: f"n{i}" for i, letter in enumerate(indices_in(code))}
    head, definition, body = code.partition("):\n")
    sizes = [f"    {name} = x{places[letter][0][0]}.shape[{places[letter][0][1]}]\n" for letter, name in names.items()]
    return "".join([head, definition, *sizes, with_names(body, names)])
