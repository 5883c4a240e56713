"""Functions of Python as JavaScript, for what is known of their arguments.

What does not hang on what a reader puts in is worked out by Python itself, and what is left is written. So of
``if case.is_real: ... else: ...`` one branch alone remains. Only the part of Python is known in which a few numbers are
told; all else is `Unsupported`, and who asks has to say something else.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any

from .calls import FUNCTIONS, method
from .functions import Function
from .operators import sort_of
from .values import NEVER, Code, Method, Open, Unsupported, bare, is_known, variable, written

_LONGEST = 100  # characters of a function that is written where it is called


class Translator:
    """Translates functions, each once for all that is known of its arguments.

    Parameters
    ----------
    instead : mapping
        For functions what stands in their place: a function of the same arguments, which returns a value or its code.
    final : callable
        Makes of what Python itself has worked out what is written.

    Attributes
    ----------
    functions : dict of str to str
        The functions that others call, by their names.
    """

    def __init__(
        self, instead: Mapping[Any, Callable[..., Any]], final: Callable[[Any], Any] = lambda made: made
    ) -> None:
        self.instead, self.final = instead, final
        self.functions: dict[str, str] = {}
        self._names: dict[object, str] = {}

    def result(self, function: Callable[..., Any], argument: Any) -> Any:
        """Return what a function of one argument returns, if Python can tell, or else the code of a function of `c`."""
        made = self._worked_out(function, (argument,), {})
        if made is not NEVER:
            return made
        (name,) = inspect.signature(function).parameters
        inside = Function(self.call, function, {name: argument})
        value = inside.single()
        if value is inside:
            return Code(inside.text("", ["c"]))
        return value if is_known(value) else Code(f"(c) => {written(value)}")

    def call(self, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return what a call returns: a value or its code."""
        if isinstance(function, Method) and function.function is not None:
            function, arguments = function.function, (function.owner, *arguments)
        for way in (self._replaced, self._worked_out, self._of_python, self._of_library):
            made = way(function, arguments, named)
            if made is not NEVER:
                return made
        if is_known((*arguments, *named.values())):
            return NEVER
        raise Unsupported(f"a call of {getattr(function, '__qualname__', function)}")

    # Each way returns `NEVER` if it is none for this call

    def _replaced(self, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        owner = getattr(function, "__self__", None)
        if isinstance(owner, Open):
            return function(*arguments, **named)
        plain = getattr(function, "__func__", function)
        if plain not in self.instead:
            return NEVER
        return self.instead[plain](*([owner] if plain is not function else []), *arguments, **named)

    def _worked_out(self, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        given = [each.real if isinstance(each, Open) else each for each in (*arguments, *named.values())]
        if not is_known(given) or not callable(function):
            return NEVER
        try:
            made = function(*given[: len(arguments)], **dict(zip(named, given[len(arguments) :], strict=True)))
            return self.final(tuple(made) if isinstance(made, types.GeneratorType) else made)
        except (LookupError, AttributeError, TypeError, ValueError):  # it asks for what only the browser knows
            return NEVER

    def _of_python(self, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if any(isinstance(each, Code) and each.sort == "spread" for each in arguments):
            raise Unsupported("a call with a list of arguments")
        if isinstance(function, Method):
            return method(function.owner, function.name, arguments)
        if function is map:
            made = self.call(arguments[0], (Code("x"),), {})
            return Code(f"{written(arguments[1])}.map((x) => {written(made)})", "items")
        if function in FUNCTIONS:
            return FUNCTIONS[function](*arguments, **named)
        owner = getattr(function, "__self__", None)
        return method(owner, function.__name__, arguments) if isinstance(owner, (str, dict)) else NEVER

    def _of_library(self, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if not isinstance(function, types.FunctionType):
            return NEVER
        bound = inspect.signature(function).bind(*arguments, **named)
        bound.apply_defaults()
        given = dict(bound.arguments)
        try:
            inside = Function(self.call, function, given)
            value = inside.single()
            if value is inside or len(_text(value)) - sum(map(len, map(_text, given.values()))) > _LONGEST:
                return self._called(function, given)
        except Unsupported as error:
            raise Unsupported(f"{function.__qualname__}: {error}") from error
        return value

    def _called(self, function: types.FunctionType, arguments: dict[str, Any]) -> Code:
        """Return the call of a function that is written for itself."""
        case = ["c"] * any(isinstance(value, Open) for value in arguments.values())
        waiting = {
            name: value for name, value in arguments.items() if not is_known(value) and not isinstance(value, Open)
        }
        known = tuple((name, repr(value)) for name, value in arguments.items() if name not in waiting)
        key = function, known, tuple((name, sort_of(value)) for name, value in waiting.items())
        if key not in self._names:
            parameters = {name: Code(variable(name), sort_of(value)) for name, value in waiting.items()}
            name = self._names[key] = self._free(f"_{variable(function.__name__.strip('_'))}")  # no variable begins so
            inside = Function(self.call, function, {**arguments, **parameters})
            self.functions[name] = inside.text(name, [*case, *map(written, parameters.values())])
        return Code(f"{self._names[key]}({', '.join([*case, *map(bare, waiting.values())])})")

    def _free(self, name: str) -> str:
        """Return the name, or one like it if it is taken, and take it."""
        names = (name, *(f"{name}{number}" for number in range(2, 99)))
        free = next(each for each in names if each not in self.functions)
        self.functions[free] = ""
        return free


def _text(value: Any) -> str:
    return written(value) if isinstance(value, (str, tuple, list, dict, Code)) else ""
