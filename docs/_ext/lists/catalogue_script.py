"""The catalogue of errors as a script, so that a page says of a pasted message what `explain_error` says of it.

Nothing is written twice: the rules for cause and fixes are translated from the library (`_ext.javascript`), for a
message alone: what only a running program knows is left out. This needs torch, and runs where `raised_errors` runs.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..javascript.translator import Translator
from ..javascript.values import Code, Method, Open, Unsupported, regex, template, written

FILE = "_static/explorers/catalogue.js"
UNKNOWN = "a message that is not in the catalogue"


class _Found(Open):
    """The named parts of a message."""

    def attribute(self, name: str) -> Any:
        return {"get": self.get, "__getitem__": self.item, "__contains__": self.has}[name]

    def get(self, name: str, default: str | None = None) -> Code:
        return Code(f'c.get("{name}")') if default is None else Code(f'(c.get("{name}") ?? {written(default)})')

    def item(self, name: str) -> Code:
        return Code(f'c.text("{name}")', "text")

    def has(self, name: str) -> Code:
        return Code(f'c.has("{name}")', "truth")


class _Case(Open):
    """What is known of the case of a message before there is one: all but the message and its parts."""

    def __init__(self, case: Any) -> None:
        self.real = case
        for name in ("found", "message"):
            del case.__dict__[name]

    def attribute(self, name: str) -> Any:
        if name == "found":
            return _Found()
        if name == "message":
            return Code("c.message", "text")
        function = inspect.getattr_static(type(self.real), name, None)
        return Method(self, name, function) if isinstance(function, types.FunctionType) else getattr(self.real, name)

    def __repr__(self) -> str:
        return repr(self.real.expression.text)


def _instead() -> dict[Any, Callable[..., Any]]:
    """Return what stands in the place of functions of the library."""
    from tensorglass.broadcasting.explain import explain_broadcast
    from tensorglass.errors.entry import Case
    from tensorglass.errors.expression import Expression
    from tensorglass.errors.operand import ErrorFix
    from tensorglass.shapes import broadcast_shape

    return {
        ErrorFix: lambda code, result=None, replaces=None: code if result is None else (code, result),
        Case.number: lambda case, name: Code(f'c.number("{name}")', "number"),
        Case.numbers: lambda case, name: Code(f'c.numbers("{name}")', "tuple"),
        Case.code_of: _code_of,
        Expression.replaced: _replaced,
        explain_broadcast: lambda shapes: Code(f"$.broadcast({written(shapes)})"),
        broadcast_shape: lambda shapes: Code(f"$.broadcast({written(shapes)}).result"),
    }


def _code_of(case: _Case, position: Any, default: str = "x") -> Any:
    parts = tuple(part.code for part in case.real.parts)
    if isinstance(position, Code):
        return Code(f"({written(parts)}[{position.text}] ?? {written(default)})", "text")
    return parts[position] if position < len(parts) else default


def _replaced(expression: Any, codes: Any) -> Any:
    """Return the source of an expression with other code in the place of some parts, which stand at odd places."""
    pieces, end = [], 0
    for part in expression.parts:
        start, stop = part.span
        pieces += [expression.text[end:start], expression.text[start:stop]]
        end = stop
    pieces.append(expression.text[end:])
    if isinstance(codes, Code) or not all(isinstance(position, int) for position in codes):
        return Code(f"$.replaced({written(tuple(pieces))}, {written(codes)})", "text")
    return template(codes.get(i // 2, piece) if i % 2 else piece for i, piece in enumerate(pieces))


def _final(made: Any) -> Any:
    """Return fixes as pairs of what to write and what comes out."""
    if isinstance(made, tuple):
        return tuple(map(_final, made))
    return (made.code, made.result) if type(made).__name__ == "ErrorFix" else made


def said(translator: Translator, entry: Any) -> tuple[str, str]:
    """Return cause and fixes of an entry as JavaScript; null and none where they cannot be translated."""
    from tensorglass.errors.entry import Case
    from tensorglass.errors.expression import example

    try:
        case = _Case(Case({}, "", example(entry.example)))
        return written(translator.result(entry.cause, case)), written(translator.result(entry.fixes, case))
    except Unsupported:
        return "null", "[]"


def _rows(translator: Translator) -> Iterator[str]:
    from tensorglass.errors.catalogue import ENTRIES

    for entry in ENTRIES:
        patterns = ", ".join(regex(each.pattern) for each in entry.regexes)
        cause, fixes = said(translator, entry)
        yield f"  [{written(entry.kind)}, [{patterns}], {written(entry.page)},\n{cause},\n{fixes}],"


def script() -> str:
    """Return the script: a function that takes the functions of `$`, and returns the catalogue."""
    from tensorglass import explain_error
    from tensorglass.errors import catalogue, explain, messages

    translator = Translator(_instead(), _final)
    rows = list(_rows(translator))
    known: Mapping[str, str] = {
        "head": f"{regex(messages._HEAD.pattern)}g",
        "colour": f"{regex(messages._COLOUR.pattern)}g",
        "longestPaste": written(messages._LONGEST),
        "longest": written(catalogue._LONGEST),
        "never": written(tuple(sorted(catalogue._NEVER))),
        "unknown": written(explain_error(UNKNOWN).cause),
        "noNumbers": written(explain._NO_NUMBERS),
        "print": written(list(explain_error(UNKNOWN)._content())[-1]),
    }
    lines = [
        "// Written when the site is built, from the library's own rules (src/tensorglass/errors): change those.",
        '"use strict";',
        "window.tensorglassCatalogue = ($) => {",
        *translator.functions.values(),
        "return {",
        *(f"  {name}: {value}," for name, value in known.items()),
        "  entries: [",
        *rows,
        "]};",
        "};",
    ]
    return "\n".join(lines) + "\n"
