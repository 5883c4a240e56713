"""Functions and methods of Python, as JavaScript has them. Those of `$` are in `docs/_static/explorers/explain.js`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from .values import Code, Unsupported, bare, regex, template, written


def _given(arguments: tuple[Any, ...]) -> str:
    return ", ".join(map(bare, arguments))


def _call(name: str, sort: str = "") -> Callable[..., Code]:
    return lambda *arguments: Code(f"{name}({_given(arguments)})", sort)


def _spread(name: str, sort: str = "") -> Callable[..., Code]:
    """Return a call of what takes its items one by one."""

    def call(*items: Any) -> Code:
        return Code(f"{name}({f'...{written(items[0])}' if len(items) == 1 else _given(items)})", sort)

    return call


def _length(items: Any) -> Any:
    is_items = not isinstance(items, Code) or items.is_items
    return Code(f"{written(items)}.length" if is_items else f"$.len({bare(items)})", "number")


def _tuple(items: Any = ()) -> Any:
    if isinstance(items, tuple) or (isinstance(items, Code) and items.sort == "tuple"):
        return items
    return Code(f"[...{written(items)}]", "tuple")


def _zip(*items: Any, strict: bool = False) -> Code:
    return Code(f"$.zip({_given((strict, *items))})", "items")


def _search(pattern: str, text: Any) -> Code:
    return Code(f"$.search({regex(pattern)}, {bare(text)})")


def _findall(pattern: str, text: Any) -> Code:
    return Code(f"$.findall({regex(pattern)}g, {bare(text)})", "items")


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    len: _length,
    range: _call("$.range", "tuple"),
    enumerate: _call("$.enumerate", "tuple"),
    zip: _zip,
    tuple: _tuple,
    list: lambda items=(): Code(f"$.list(...{written(items)})", "items"),
    set: _call("new Set"),
    sum: _call("$.sum", "number"),
    math.prod: _call("$.prod", "number"),
    min: _spread("Math.min", "number"),
    max: _spread("Math.max", "number"),
    abs: _call("Math.abs", "number"),
    str: lambda value: template([value if isinstance(value, Code) else str(value)]),
    int: _call("$.int", "number"),
    float: _call("Number", "number"),
    all: lambda items: Code(f"{written(items)}.every($.truth)", "truth"),
    any: lambda items: Code(f"{written(items)}.some($.truth)", "truth"),
    next: _call("$.next"),
    chr: _call("String.fromCodePoint", "text"),
    sorted: lambda items, reverse=False: Code(f"$.sorted({_given((items, reverse))})", "items"),
    re.search: _search,
    re.findall: _findall,
}

# Methods that JavaScript has under another name, and what they return.
_OWN = {
    "lower": ("toLowerCase", "text"), "startswith": ("startsWith", "truth"), "endswith": ("endsWith", "truth"),
    "find": ("indexOf", "number"),
}  # fmt: skip
_OF_THE_PAGE = {
    "split": "items", "strip": "text", "lstrip": "text", "removeprefix": "text", "removesuffix": "text",
    "count": "number", "get": "",
}  # fmt: skip


def method(owner: Any, name: str, arguments: tuple[Any, ...]) -> Code:
    """Return the call of a method.

    >>> method(Code("x"), "lower", ()).text, method(", ", "join", (Code("x"),)).text
    ('x.toLowerCase()', 'x.join(", ")')
    """
    if name == "join":
        return Code(f"{written(arguments[0])}.join({written(owner)})", "text")
    if name == "replace" and len(arguments) == 2:  # a function, since a text might have signs with a meaning
        return Code(f"{written(owner)}.replaceAll({bare(arguments[0])}, () => {written(arguments[1])})", "text")
    if name in _OWN and len(arguments) < 3:
        own, sort = _OWN[name]
        return Code(f"{written(owner)}.{own}({_given(arguments)})", sort)
    if name in _OF_THE_PAGE:
        return Code(f"$.{name}({_given((owner, *arguments))})", _OF_THE_PAGE[name])
    raise Unsupported(f"the method {name}")


_FORMATS = {",": "$.grouped", ",.1f": "$.tenths"}


def formatted(value: Code, spec: str) -> Code:
    """Return a number as a format of Python writes it."""
    if spec not in _FORMATS:
        raise Unsupported(f"the format {spec}")
    return Code(f"{_FORMATS[spec]}({bare(value)})", "text")
