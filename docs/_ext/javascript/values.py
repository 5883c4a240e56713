"""Values, of which Python knows some while it translates, and the browser the others: how they are written."""

from __future__ import annotations

import functools
import json
import keyword
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

_TAKEN = frozenset("c case const default delete function let new super switch this throw typeof var void".split())


class Unsupported(Exception):  # noqa: N818 - it is an answer
    """Some part of Python is not translated."""


@dataclass(frozen=True)
class Code:
    """A value that the browser will know: how JavaScript gets it.

    `sort` is number, text, truth, items or tuple, where that is certain, and what is written can be shorter for it.
    """

    text: str
    sort: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether JavaScript shows and compares it as Python does."""
        return self.sort in {"number", "text", "truth"}

    @property
    def is_items(self) -> bool:
        """Whether it is a tuple, or a list perhaps."""
        return self.sort in {"items", "tuple"}


class Open:
    """The base of objects of which Python knows some attributes, and the browser the others."""

    real: Any = None  # the object as Python has it: what only the browser knows cannot be read of it

    def attribute(self, name: str) -> Any:
        """Return an attribute: a value, or the code of one."""
        raise NotImplementedError


@dataclass(frozen=True)
class Method:
    """A method of a value: its name, or what is called with the value as its first argument."""

    owner: Any
    name: str
    function: Any = None


NEVER = Code("$.fail()")  # Python fails there too


def tried(read: Callable[[], Any]) -> Any:
    """Return what can be read; where Python fails, the browser fails."""
    try:
        return read()
    except (LookupError, AttributeError, TypeError):
        return NEVER


def is_known(value: object) -> bool:
    """Return whether Python knows all of a value."""
    if isinstance(value, dict):
        return all(map(is_known, [*value, *value.values()]))
    return all(map(is_known, value)) if isinstance(value, (tuple, list)) else not isinstance(value, (Code, Open))


@functools.singledispatch
def written(value: object) -> str:
    """Return a value as JavaScript has it.

    >>> written((1, "a", [None], Code("x.length")))
    '[1, "a", $.list(null), x.length]'
    >>> written({"a": 1, 2: Code("x")})
    '({"a": 1, "2": x})'
    """
    raise Unsupported(f"a value of the class {type(value).__name__}")


@written.register
def _(value: Code) -> str:
    return value.text


@written.register(str)
@written.register(int)
@written.register(float)
@written.register(type(None))
def _(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@written.register
def _(value: tuple) -> str:  # type: ignore[type-arg]
    return f"[{', '.join(map(written, value))}]"


@written.register
def _(value: list) -> str:  # type: ignore[type-arg]
    return f"$.list({', '.join(map(written, value))})"


@written.register(set)
@written.register(frozenset)
def _(value: Any) -> str:
    return f"new Set({written(tuple(sorted(value)))})"


@written.register
def _(value: dict) -> str:  # type: ignore[type-arg]
    keys = (f"[{key.text}]" if isinstance(key, Code) else json.dumps(str(key)) for key in value)
    return f"({{{', '.join(f'{key}: {written(each)}' for key, each in zip(keys, value.values(), strict=True))}}})"


def bare(value: object) -> str:
    """Return a value where it needs no parentheses.

    >>> bare(Code("(a ? b : c)")), bare(Code("(a) + (b)"))
    ('a ? b : c', '(a) + (b)')
    """
    text = written(value)
    depth = 0
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:  # where the parenthesis ends that it begins with
            return text[1:-1] if text[0] == "(" and place == len(text) - 1 and not text.startswith("({") else text
    return text


def template(parts: Iterable[str | Code]) -> str | Code:
    """Return a text made of parts; one template, also where parts are templates themselves.

    >>> template(["shape ", Code("n", "number"), template([" of ", Code("m")])])
    Code(text='`shape ${n} of ${$.str(m)}`', sort='text')
    """
    parts = [part for part in parts if part != ""]
    if all(isinstance(part, str) for part in parts):
        return "".join(map(str, parts))
    inside = "".join(map(_inside, parts))
    return Code(f"`{inside}`", "text")


def _inside(part: str | Code) -> str:
    if isinstance(part, str):
        return re.sub(r"[`\\]|\$(?=\{)", r"\\\g<0>", part).replace("\n", "\\n")
    if part.text.startswith("`") and part.sort == "text":
        return part.text[1:-1]
    return f"${{{bare(part)}}}" if part.sort in {"number", "text"} else f"${{$.str({bare(part)})}}"


def truth(value: object) -> bool | Code:
    """Return whether a value is true, as Python sees it."""
    if not isinstance(value, Code):
        return bool(value)
    if value.is_plain:
        return Code(value.text, "truth")
    return Code(f"{value.text}.length > 0" if value.is_items else f"$.truth({bare(value)})", "truth")


def variable(name: str) -> str:
    """Return a name of Python as JavaScript has it.

    >>> variable("in_file"), variable("new")
    ('inFile', 'new_')
    """
    name = re.sub(r"(?<=[a-z0-9])_([a-z0-9])", lambda found: found[1].upper(), name)
    return f"{name}_" if name in _TAKEN or keyword.iskeyword(name) else name


_LETTERS = r"\p{L}\p{N}_"
_BESIDE = rf"(?:(?<=[{_LETTERS}])(?![{_LETTERS}])|(?<![{_LETTERS}])(?=[{_LETTERS}]))"
_REGEX = {r"\b": _BESIDE, r"\w": f"[{_LETTERS}]", "(?P<": "(?<", ".": r"[^\n]", "^": r"(?<![^\n])", "$": r"(?![^\n])"}


def regex(pattern: str) -> str:
    r"""Return a regular expression of Python as one of JavaScript that finds the same.

    With the flag u letters of all alphabets are letters, as in Python; then nothing else may stand behind a backslash
    than what needs one. Lines end with a line break alone.

    >>> print(regex(r"(?P<a>\d+) of .[\w.](?P=a)"))
    /(?<a>\d+) of [^\n][\p{L}\p{N}_.]\k<a>/u
    """
    over_lines = pattern.startswith("(?s)")
    known = {**_REGEX, **({".": "[^]"} if over_lines else {})}

    def one(found: re.Match[str]) -> str:
        text = found[0]
        if found["again"]:
            return rf"\k<{found['again']}>"
        if text[0] == "[":
            return text.replace(r"\w", _LETTERS).replace(r"\"", '"')
        return known.get(text, text[1:] if re.fullmatch(r"\\[^\w\\/.*+?^$()[\]{}|]", text) else text)

    pieces = r"\\.|\[(?:\\.|[^\]\\])+\]|\(\?P<|\(\?P=(?P<again>\w+)\)|[.^$]"
    text = re.sub(pieces, one, pattern.removeprefix("(?s)"))
    return "/" + text.replace("/", r"\/").replace("\n", r"\n").replace("\x1b", r"\x1b") + "/u"
