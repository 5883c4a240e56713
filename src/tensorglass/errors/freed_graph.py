"""Graphs that a backward pass has freed already, and what is carried over from one step of a loop to the next."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .entry import Case, Entry
from .operand import ErrorFix
from .reading import is_tensor, stored


def subject(case: Case, default: str) -> str:
    """Return what the program calls backward on."""
    return case.shown(0, default) if case.name in {"backward", "grad"} and case.shape(0) is not None else default


def used_in(case: Case, name: str) -> list[str]:
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


def _twice_cause(case: Case) -> str:
    return (
        f"The graph behind {subject(case, 'the tensor')} was freed by an earlier backward pass: what it had kept of "
        "the forward pass is gone, so each backward pass needs a forward pass of its own."
    )


def _twice_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        two_losses = "in the first call, for two losses of one forward pass: the graph is kept for the second"
        yield case.instead("loss.backward(retain_graph=True)", two_losses)
        yield case.instead("state = state.detach()", "if a state is carried from step to step")
        return
    if case.name != "backward" or case.code is None:
        return
    place = _place(case.code.node)
    before = [(call, on) for call, on in _backward_calls(case) if _place(call) < place]
    if not before:  # in a loop, where what was computed in the pass before is used again
        yield from carried_over(case)
        return
    first, on = before[0]
    text = case.code.text_of(first)
    if not text.endswith(")") or "retain_graph" in text:
        return
    new = f"{text[:-1]}{', ' if first.args or first.keywords else ''}retain_graph=True)"
    # Where both calls are worded alike, the line below tells which of them is meant.
    following = _line_below(case, first) if case.code.source.count(text) > 1 else ""
    following = following if text + following in case.code.source else ""
    yield case.elsewhere(text + following, new + following, "in the first call: the graph is kept for the second")
    if len(before) == 1 and on != case.parts[0].text:
        yield ErrorFix(f"({on} + {case.parts[0].text}).backward()", "one backward pass, in the place of both")


def carried_over(case: Case) -> Iterator[ErrorFix]:
    """Yield what mends a loop whose step uses a graph of the step before."""
    made = list(_made_before_the_loop(case))
    for text in made:  # cut off with detach, the parameters that made it would not be trained any more
        yield ErrorFix(text, "in the loop, not before it: computed anew in each step, with a graph of its own")
    if not made:
        yield ErrorFix("state = state.detach()", "a state that is carried from step to step, without its graph")


def _made_before_the_loop(case: Case) -> Iterator[str]:
    """Yield the assignments above the loop of variables with a graph that the loop uses, and does not make itself."""
    loop = case.code.loop if case.code is not None else None
    if case.code is None or case.frame is None or loop is None or not case.parts:
        return
    names = used_in(case, case.parts[0].text)
    inside = {ast.unparse(target) for node in ast.walk(loop) for target in getattr(node, "targets", ())}
    for node in ast.walk(case.code.function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) if name in names and name not in inside:
                value = case.frame.f_locals.get(name)
                if is_tensor(value) and stored(value, "grad_fn") is not None:
                    yield case.code.text_of(node)


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _backward_calls(case: Case) -> list[tuple[ast.Call, str]]:
    """Return the calls of ``backward`` that are statements of the function that failed, and what each is called on."""
    assert case.code is not None
    found = []
    for node in ast.walk(case.code.function):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=on, attr="backward")) as call):
                found.append((call, case.code.text_of(on)))
    return sorted(found, key=lambda each: _place(each[0]))


def _line_below(case: Case, node: ast.Call) -> str:
    assert case.code is not None
    lines = case.code.source.split("\n")
    return f"\n{lines[node.end_lineno]}" if node.end_lineno is not None and node.end_lineno < len(lines) else ""


ENTRIES = (
    Entry(
        "backward_twice",
        (r"Trying to backward through the graph a second time",),
        "loss.backward()",
        _twice_cause,
        _twice_fixes,
        "auto_examples/errors/no_graph.html#trying-to-backward-through-the-graph-a-second-time",
    ),
)
