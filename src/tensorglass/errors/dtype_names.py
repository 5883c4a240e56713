"""How torch names dtypes in its messages, and the methods that convert to them."""

from __future__ import annotations

from .entry import Case
from .reading import described

# How torch names a dtype in messages, and the method that converts to it.
_METHODS = {
    "float": "float", "double": "double", "half": "half", "bfloat16": "bfloat16", "long": "long", "int": "int",
    "bool": "bool", "byte": "byte", "long int": "long", "unsigned char": "byte", "c10::half": "half",
    "c10::bfloat16": "bfloat16", "float32": "float", "float64": "double", "float16": "half", "int64": "long",
    "int32": "int", "uint8": "byte", "short": "short", "char": "char", "int16": "short", "int8": "char",
    "floattensor": "float", "doubletensor": "double", "halftensor": "half", "longtensor": "long", "inttensor": "int",
    "bfloat16tensor": "bfloat16", "bytetensor": "byte", "booltensor": "bool",
}  # fmt: skip
FLOATING = {"half", "bfloat16", "float", "double"}


def converting_method(name: str | None) -> str | None:
    """Return the method that converts to a dtype as torch names it.

    >>> converting_method("torch.cuda.HalfTensor"), converting_method("Long"), converting_method("struct c10::BFloat16")
    ('half', 'long', 'bfloat16')
    """
    if name is None:
        return None
    return _METHODS.get(name.lower().removeprefix("torch.").removeprefix("cuda.").removeprefix("struct ").strip())


def dtype_of(case: Case, position: int) -> str | None:
    if position >= len(case.parts):
        return None
    return converting_method(described("", case.parts[position].value).dtype)
