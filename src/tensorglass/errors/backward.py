"""What autograd refuses, in a graph that does not lead where it should."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .entry import Case, Entry
from .freed_graph import subject, used_in
from .operand import ErrorFix
from .reading import is_tensor, stored

_PAGE = "auto_examples/errors/no_graph.html"


def _no_grad_cause(case: Case) -> str:
    whose = subject(case, "The tensor")
    if case.is_real and case.parts and (cut := _cut(case, case.parts[0].text)):
        return f"{whose} has no graph behind it: `{cut[0]}` in line {cut[1]} cuts off what it was computed from."
    return (
        f"{whose} has no graph behind it: nothing that it was computed from requires a "
        "gradient, or it was computed under `no_grad`, or cut off by `detach`, `item` or a conversion."
    )


_CUTS = {"argmax", "argmin", "argsort", "item", "tolist", "detach", "numpy", "long", "int", "bool"}
_NO_GRAD = ("no_grad()", "inference_mode()")


def _cut(case: Case, name: str) -> tuple[str, int] | None:
    """Return what stands between a variable and the parameters, as far as the function shows it, and its line."""
    if case.code is None:
        return None
    names, found = set(used_in(case, name)), list[tuple[int, str]]()
    for node in ast.walk(case.code.function):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target in names:
                rebound = target
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=target))) as value) if target in names:
                rebound = ""  # as losses.append(loss.item())
            case ast.With(items=[ast.withitem(context_expr=context), *_], body=body):
                targets = {ast.unparse(each.targets[0]) for each in body if isinstance(each, ast.Assign)}
                text = case.code.text_of(context)
                found += [(node.lineno, text)] if targets & names and text.endswith(_NO_GRAD) else []
                continue
            case _:
                continue
        calls = [each for each in ast.walk(value) if isinstance(each, ast.Call) and _cuts(each, case, rebound)]
        found += [(each.lineno, case.code.text_of(each)) for each in calls]
    line, text = max(found, default=(0, ""))
    return (text, line) if text else None


def _cuts(call: ast.Call, case: Case, rebound: str) -> bool:
    """Return whether a call gives what no gradient goes through, of a tensor that may have a graph."""
    if any(ast.unparse(each) == "use_reentrant=True" for each in call.keywords):
        names = [each.id for part in call.args[1:] for each in ast.walk(part) if isinstance(each, ast.Name)]
        return not any(_has_graph(name, case) for name in names)
    if not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr in {"tensor", "as_tensor"} and call.args:
        return any(_has_graph(each.id, case) for each in ast.walk(call.args[0]) if isinstance(each, ast.Name))
    root: ast.AST = call.func
    while isinstance(root, (ast.Attribute, ast.Call, ast.Subscript)):
        root = root.func if isinstance(root, ast.Call) else root.value
    is_data = isinstance(root, ast.Name) and root.id != rebound and _has_graph(root.id, case) is False
    return call.func.attr in _CUTS and not is_data


def _has_graph(name: str, case: Case) -> bool | None:
    """Return whether a variable is a tensor that requires a gradient, or a list of such; None if it is no tensor."""
    value: object = case.frame.f_locals.get(name) if case.frame is not None else None
    tensors = [each for each in (value if isinstance(value, (list, tuple)) else [value]) if is_tensor(each)]
    return any(stored(each, "requires_grad") for each in tensors) if tensors else None


def _no_grad_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x = torch.ones(3, requires_grad=True)", "a tensor from which gradients are computed")
        yield case.instead("for p in model.parameters(): p.requires_grad_(True)", "if the weights are frozen")
    elif case.name in {"backward", "grad"} and case.parts:
        # Not the result itself: with a gradient of its own it fails no more, and nothing is learned.
        names = [part.text for part in case.parts[1].elements] if case.name == "grad" and len(case.parts) > 1 else []
        if case.name == "backward" and (cut := _cut(case, case.parts[0].text)):
            if "use_reentrant=True" in cut[0]:
                new = cut[0].replace("use_reentrant=True", "use_reentrant=False")
                yield case.elsewhere(cut[0], new, "a checkpoint that needs no input with a gradient")
            return  # a new graph behind the cut would hide it: the parameters would get no gradient
        for name in names or used_in(case, case.parts[0].text):
            source = _made(case, name)
            if source:
                yield case.elsewhere(source, f"{source[:-1]}, requires_grad=True)", f"a graph from `{name}` on")


def _made(case: Case, name: str) -> str | None:
    """Return the call that made a tensor, where the source has it in one line, as ``x = torch.ones(3)``."""
    if case.code is None:
        return None
    for node in ast.walk(case.code.function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name and isinstance(node.value, ast.Call):
            text, function = case.code.text_of(node.value), ast.unparse(node.value.func)
            is_made = re.fullmatch(r"torch\.\w+", function) is not None  # and not torch.ones(3).mean()
            return text if is_made and "requires_grad" not in text else None
    return None


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
        "scalar_output",
        (r"grad can be implicitly created only for scalar outputs",),
        "y.backward()",
        _scalar_cause,
        _scalar_fixes,
        f"{_PAGE}#grad-can-be-implicitly-created-only-for-scalar-outputs",
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
        f"{_PAGE}#more-appears-to-not-have-been-used-in-the-graph",
    ),
    Entry(
        "input_no_grad",
        (r"One of the differentiated (?:Tensors|Variables) does not require grad",),
        "torch.autograd.grad(y, [x])",
        _input_cause,
        _input_fixes,
        f"{_PAGE}#more-one-of-the-differentiated-tensors-does-not-require-grad",
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
        f"{_PAGE}#more-mismatch-in-shape-grad-output",
    ),
)
