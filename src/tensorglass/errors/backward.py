"""What autograd refuses, in a graph that does not lead where it should."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .entry import Case, Entry
from .operand import ErrorFix

_PAGE = "auto_examples/backprop/forward_backward.html"


def _subject(case: Case, default: str) -> str:
    """Return what the program calls backward on."""
    return case.shown(0, default) if case.name in {"backward", "grad"} and case.shape(0) is not None else default


def _no_grad_cause(case: Case) -> str:
    return (
        f"{_subject(case, 'The tensor')} has no graph behind it: nothing that it was computed from requires a "
        "gradient, or it was computed under `no_grad`, or cut off by `detach`, `item` or a conversion."
    )


def _no_grad_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x = torch.ones(3, requires_grad=True)", "a tensor from which gradients are computed")
        yield case.instead("for p in model.parameters(): p.requires_grad_(True)", "if the weights are frozen")
    elif case.name in {"backward", "grad"} and case.parts:
        # Not the result itself: with a gradient of its own it fails no more, and nothing is learned.
        names = [part.text for part in case.parts[1].elements] if case.name == "grad" and len(case.parts) > 1 else []
        for name in names or _used_in(case, case.parts[0].text):
            source = _made(case, name)
            if source:
                yield case.elsewhere(source, f"{source[:-1]}, requires_grad=True)", f"a graph from `{name}` on")


def _used_in(case: Case, name: str) -> list[str]:
    """Return the names that a variable is computed from, directly or over others, in the function that failed."""
    if case.code is None:
        return []
    made = {
        ast.unparse(node.targets[0]): [each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)]
        for node in ast.walk(case.code.function)
        if isinstance(node, ast.Assign)
    }
    found = [name]
    for each in found:
        found += [other for other in made.get(each, []) if other not in found]
    return found


def _made(case: Case, name: str) -> str | None:
    """Return the call that made a tensor, where the source has it in one line, as ``x = torch.ones(3)``."""
    if case.code is None:
        return None
    for node in ast.walk(case.code.function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name and isinstance(node.value, ast.Call):
            text = case.code.text_of(node.value)
            return text if text.startswith("torch.") and text.endswith(")") and "requires_grad" not in text else None
    return None


def _twice_cause(case: Case) -> str:
    return (
        f"The graph behind {_subject(case, 'the tensor')} was freed by an earlier backward pass: what it had kept of "
        "the forward pass is gone, so each backward pass needs a forward pass of its own."
    )


def _twice_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("loss.backward(retain_graph=True)", "in the first call: the graph is kept for the second")
        yield case.instead("state = state.detach()", "if a state is carried from step to step")
        return
    text = case.expression.text.rstrip()
    if case.name != "backward" or case.code is None or not text.endswith(")") or "retain_graph" in text:
        return
    new = f"{text[:-1]}{', ' if case.expression.parts[1:] or case.expression.keywords else ''}retain_graph=True)"
    first = f"{text}\n"
    if case.code.source.count(text) > 1:
        before = case.code.source[: case.code.source.index(first) + len(text)] if first in case.code.source else ""
        if before.count(text) == 1 and "\n" in before:
            line = before.rsplit("\n", 1)[-1].strip()
            if line == text:
                lines = case.code.source.split("\n")
                following = lines[before.count("\n") + 1] if before.count("\n") + 1 < len(lines) else ""
                old = f"{text}\n{following}"
                yield case.elsewhere(old, f"{new}\n{following}", "in the first call: the graph is kept for the second")


def _scalar_cause(case: Case) -> str:
    what = (
        case.shown(0, "this tensor") if case.is_real and case.shape(0) is not None else "this tensor, which has several"
    )
    return f"A gradient is of one number; {what} has to be made one, or be given a weight for each element."


def _scalar_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real or (case.expression.is_method and case.name == "backward"):
        yield case.with_parts({0: f"{case.code_of(0)}.sum()"}, "the gradient of the sum of all elements")
        yield case.with_parts({0: f"{case.code_of(0)}.mean()"}, "the gradient of their mean")
    elif case.name == "grad" and case.parts and case.shape(0) is not None:
        yield case.with_parts({0: f"{case.code_of(0)}.sum()"}, "the gradient of the sum of all elements")


def _unused_cause(case: Case) -> str:
    number = case.found.get("number")
    which = "One of the tensors" if number is None else f"The tensor number {number}"
    named = ""
    if number is not None and case.name == "grad" and len(case.parts) > 1:
        elements = case.parts[1].elements
        named = f", `{elements[int(number)].text}`," if int(number) < len(elements) else ""
    return f"{which}{named} after which the derivative is asked was not used in computing the result, so there is none."


def _unused_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.autograd.grad(y, inputs, allow_unused=True)", "None for what was not used")
    elif case.name == "grad" and case.expression.text.rstrip().endswith(")"):
        new = f"{case.expression.text.rstrip()[:-1]}, allow_unused=True)"
        yield case.instead(new, "None for what was not used")
        zeros = f"{case.expression.text.rstrip()[:-1]}, materialize_grads=True)"
        yield case.instead(zeros, "zeros for what was not used")


def _input_cause(case: Case) -> str:
    return "A tensor after which the derivative is asked does not require a gradient, so that it was not followed."


def _input_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x = torch.ones(3, requires_grad=True)", "a tensor from which gradients are computed")
        return
    inputs = case.parts[1] if len(case.parts) > 1 else None
    for part in () if inputs is None else inputs.elements or (inputs,):
        source = _made(case, part.text)
        if source:
            yield case.elsewhere(source, f"{source[:-1]}, requires_grad=True)", "a graph from this tensor on")


def _shape_cause(case: Case) -> str:
    return (
        f"What is handed to backward has an element for each of the result, whose shape is {case.numbers('own')}, and "
        f"it has shape {case.numbers('came')}."
    )


def _shape_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("y.backward(torch.ones_like(y))", "the gradient of the sum of all elements")
    elif case.expression.is_method and case.name == "backward" and len(case.parts) == 2:
        yield case.with_parts({1: f"torch.ones_like({case.parts[0].text})"}, "the gradient of the sum of all elements")


ENTRIES = (
    Entry(
        "no_graph",
        (r"element \d+ of (?:tensors|variables) does not require grad and does not have a grad_fn",),
        "loss.backward()",
        _no_grad_cause,
        _no_grad_fixes,
        _PAGE,
    ),
    Entry(
        "backward_twice",
        (r"Trying to backward through the graph a second time",),
        "loss.backward()",
        _twice_cause,
        _twice_fixes,
        _PAGE,
    ),
    Entry(
        "scalar_output",
        (r"grad can be implicitly created only for scalar outputs",),
        "y.backward()",
        _scalar_cause,
        _scalar_fixes,
        _PAGE,
    ),
    Entry(
        "unused_input",
        (
            r"The differentiated Tensor at index (?P<number>\d+) appears to not have been used in the graph",
            r"One of the differentiated Tensors appears to not have been used in the graph",
        ),
        "torch.autograd.grad(y, [x])",
        _unused_cause,
        _unused_fixes,
        _PAGE,
    ),
    Entry(
        "input_no_grad",
        (r"One of the differentiated (?:Tensors|Variables) does not require grad",),
        "torch.autograd.grad(y, [x])",
        _input_cause,
        _input_fixes,
        _PAGE,
    ),
    Entry(
        "grad_shape",
        (
            r"Mismatch in shape: grad_output\[\d+\] has a shape of torch\.Size\((?P<came>\[[\d, ]*\])\) and "
            r"output\[\d+\] has a "
            r"shape of torch\.Size\((?P<own>\[[\d, ]*\])\)",
        ),
        "y.backward(gradient)",
        _shape_cause,
        _shape_fixes,
        _PAGE,
    ),
)
