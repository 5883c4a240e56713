"""Equations of einsum that do not fit their operands."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Iterator

from ..shapes import Shape
from .entry import Case, Entry, plural
from .operand import ErrorFix

_PAGE = "auto_examples/einsum/summation_rules.html"
_ANOTHER = "if that is the sum that is meant"


def _equation(case: Case) -> str | None:
    """Return the equation, if the failing expression is an einsum with one that can be read."""
    if case.name != "einsum" or not case.parts:
        return None
    value = case.parts[0].value
    return value if type(value) is str else None


def _with_equation(case: Case, equation: str, result: str = _ANOTHER) -> ErrorFix:
    return case.with_parts({0: f'"{equation}"'}, result)


def _operand_shapes(case: Case) -> tuple[Shape, ...]:
    shapes = [part.shape for part in case.parts[1:]]
    return () if None in shapes else tuple(shape for shape in shapes if shape is not None)


def _subject(case: Case, number: int, default: str) -> str:
    return case.shown(number + 1, default) if case.name == "einsum" else default


# --- A letter with two sizes ---


def _size_cause(case: Case) -> str:
    if "operand" not in case.found:
        return "A letter has one size everywhere, and one of the equation stands for axes of different sizes."
    number = case.number("operand")
    return (
        f"A letter has one size everywhere: `{case.found['letter']}` has {case.found['seen']} so far, and "
        f"{case.found['size']} in {_subject(case, number, f'operand {number}')}."
    )


def _size_fixes(case: Case) -> Iterator[ErrorFix]:
    equation = _equation(case)
    if equation is None or "." in equation:
        return
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    terms, shapes = inputs.split(","), _operand_shapes(case)
    if len(terms) != len(shapes):
        return
    for number, term in enumerate(terms):
        for order in itertools.permutations(term):
            changed = [*terms[:number], "".join(order), *terms[number + 1 :]]
            if changed != terms and _fits(changed, shapes):
                yield _with_equation(
                    case, ",".join(changed) + arrow + output, f"the axes of operand {number} in another order"
                )


def _fits(terms: list[str], shapes: tuple[Shape, ...]) -> bool:
    sizes: dict[str, int] = {}
    pairs = [pair for term, shape in zip(terms, shapes, strict=True) for pair in zip(term, shape, strict=False)]
    return all(sizes.setdefault(letter, size) == size for letter, size in pairs) and all(
        len(term) == len(shape) for term, shape in zip(terms, shapes, strict=True)
    )


# --- Letters and axes ---


def _count_cause(case: Case) -> str:
    letters, rank, number = case.found["letters"], case.found["rank"], case.number("operand")
    return (
        f"Each axis has a letter: {_subject(case, number, f'operand {number}')} has {rank} axes, and its term "
        f"{letters} letters."
    )


def _count_fixes(case: Case) -> Iterator[ErrorFix]:
    equation, letters, rank = _equation(case), case.number("letters"), case.number("rank")
    number = case.number("operand")
    if equation is None:
        return
    if letters < rank and "." not in equation:
        inputs, arrow, output = equation.partition("->")
        terms = inputs.split(",")
        terms[number] = f"...{terms[number].strip()}"
        changed = ",".join(terms) + (f"{arrow}...{output.strip()}" if arrow else "")
        yield _with_equation(case, changed, "`...` stands for the axes in front")
    elif letters == rank + 1:
        code = f"{case.code_of(number + 1)}[None]"
        yield case.with_parts({number + 1: code}, "an axis of size 1 put in front")


def _fewer_cause(case: Case) -> str:
    more = case.found["which"] == "more"
    equation = _equation(case)
    terms = "" if equation is None else f": {equation.partition('->')[0].count(',') + 1} terms in `{equation}`"
    return (
        f"Each operand has a term, between commas; there are {'more' if more else 'fewer'} operands than terms{terms}."
    )


def _fewer_fixes(case: Case) -> Iterator[ErrorFix]:
    equation = _equation(case)
    if equation is None:
        return
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    terms, operands = inputs.split(","), len(case.parts) - 1
    if case.found["which"] == "fewer" and operands > 0:
        kept = terms[:operands]
        left = "".join(letter for letter in output if any(letter in term for term in kept))
        yield _with_equation(case, ",".join(kept) + arrow + left, f"of {plural(operands, 'operand')} alone, {_ANOTHER}")


def _number_cause(case: Case) -> str:
    return (
        f"Each operand has a term, between commas: the equation has {case.found['terms']} terms, and there are "
        f"{case.found['operands']} operands."
    )


def _number_fixes(case: Case) -> Iterator[ErrorFix]:
    terms, operands = case.number("terms"), case.number("operands")
    if case.is_real and case.name == "einsum" and terms < operands == len(case.parts) - 1:
        texts = ", ".join(part.text for part in case.parts[: terms + 1])
        yield case.instead(f"torch.einsum({texts})", f"of the first {terms} operands alone, {_ANOTHER}")


def _output_cause(case: Case) -> str:
    return (
        f"The letter `{case.found['letter']}` of the result stands for no axis of an operand, so its size is not known."
    )


def _output_fixes(case: Case) -> Iterator[ErrorFix]:
    equation, letter = _equation(case), case.found["letter"]
    if equation is not None:
        inputs, arrow, output = equation.partition("->")
        yield _with_equation(case, inputs + arrow + output.replace(letter, ""), f"without `{letter}`")


def _repeated_cause(case: Case) -> str:
    return f"The letter `{case.found['letter']}` stands twice in the result: einsum reads diagonals, and writes none."


def _repeated_fixes(case: Case) -> Iterator[ErrorFix]:
    equation, letter = _equation(case), case.found["letter"]
    if equation is None:
        return
    if re.fullmatch(r"\s*(\w)\s*->\s*\1\1\s*", equation) and len(case.parts) == 2:
        yield case.instead(f"torch.diag_embed({case.parts[1].text})", "the operand on the diagonal of a matrix")
    inputs, arrow, output = equation.partition("->")
    first = output.index(letter)
    once = output[: first + 1] + output[first + 1 :].replace(letter, "")
    yield _with_equation(case, inputs + arrow + once, f"with `{letter}` once")


def _subscript_cause(case: Case) -> str:
    return f"Subscripts are single letters; the character at index {case.found['place']} of the equation is none."


def _subscript_fixes(case: Case) -> Iterator[ErrorFix]:
    equation = _equation(case)
    if equation is None:
        return
    free = iter(letter for letter in string.ascii_letters if letter not in equation)
    changed = equation
    for character in dict.fromkeys(re.findall(r"[^a-zA-Z,.\->\s]", equation)):
        changed = changed.replace(character, next(free))
    if changed != equation:
        yield _with_equation(case, changed, "a letter for each of them")


def _diagonal_cause(case: Case) -> str:
    return (
        "A letter that stands twice in one term reads a diagonal, so both axes need one size: "
        f"`{case.found['letter']}` has {case.found['a']} and {case.found['b']}."
    )


def _diagonal_fixes(case: Case) -> Iterator[ErrorFix]:
    equation, shapes = _equation(case), _operand_shapes(case)
    if equation is not None and re.fullmatch(r"\s*(\w)\1\s*->\s*\1\s*", equation) and len(shapes) == 1:
        least = min(shapes[0])
        yield case.instead(f"torch.diagonal({case.parts[1].text})", f"shape ({least},): the diagonal of the rectangle")


_LETTER = r"(?P<letter>[a-zA-Z])"

ENTRIES = (
    Entry(
        "einsum_size",
        (
            rf"einsum\(\): subscript {_LETTER} has size (?P<size>\d+) for operand (?P<operand>\d+) which does not "
            r"broadcast with previously seen size (?P<seen>\d+)",
            r"einsum\(\) operands do not broadcast with remapped shapes",
        ),
        "torch.einsum(equation, a, b)",
        _size_cause,
        _size_fixes,
        _PAGE,
    ),
    Entry(
        "einsum_operands",
        (r"einsum\(\): (?P<which>fewer|more) operands were provided than specified in the equation",),
        "torch.einsum(equation, a)",
        _fewer_cause,
        _fewer_fixes,
        _PAGE,
    ),
    Entry(
        "einsum_terms",
        (r"Number of einsum subscripts, (?P<terms>\d+), must be equal to the number of operands, (?P<operands>\d+)",),
        "torch.einsum(equation, a)",
        _number_cause,
        _number_fixes,
        _PAGE,
    ),
    Entry(
        "einsum_output",
        (rf"einsum\(\): output subscript {_LETTER} does not appear in the equation for any input operand",),
        "torch.einsum(equation, a)",
        _output_cause,
        _output_fixes,
        _PAGE,
    ),
    Entry(
        "einsum_axes",
        (
            r"einsum\(\): the number of subscripts in the equation \((?P<letters>\d+)\) "
            r"(?:does not match the number of dimensions|is more than the number of dimensions) \((?P<rank>\d+)\) "
            r"for operand (?P<operand>\d+)",
        ),
        "torch.einsum(equation, a)",
        _count_cause,
        _count_fixes,
        _PAGE,
    ),
    Entry(
        "einsum_repeated_output",
        (rf"einsum\(\): output subscript {_LETTER} appears more than once in the output",),
        "torch.einsum(equation, a)",
        _repeated_cause,
        _repeated_fixes,
        _PAGE,
    ),
    Entry(
        "einsum_subscript",
        (r"einsum\(\): invalid subscript given at index (?P<place>\d+) in the equation string",),
        "torch.einsum(equation, a)",
        _subscript_cause,
        _subscript_fixes,
        _PAGE,
    ),
    Entry(
        "einsum_diagonal",
        (
            rf"einsum\(\): subscript {_LETTER} is repeated for operand \d+ but the sizes don't match, (?P<a>\d+) != "
            r"(?P<b>\d+)",
        ),
        "torch.einsum(equation, a)",
        _diagonal_cause,
        _diagonal_fixes,
        "auto_examples/einsum/repeated_index.html",
    ),
)
