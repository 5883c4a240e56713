"""Operations that are not made for a dtype."""

from __future__ import annotations

from collections.abc import Iterator

from .dtype_names import converting_method, dtype_of
from .entry import Case, Entry
from .operand import ErrorFix


def _cast_cause(case: Case) -> str:
    came, own = case.found["came"], case.found["own"]
    if case.name.endswith("loss") or "with_logits" in case.name or (case.layer and "Loss" in case.layer.kind):
        return f"The loss writes what is {came} into a tensor of the target's dtype, {own}, which cannot hold it."
    return f"In place the dtype stays {own}, and the result is {came}, which {own} cannot hold."


def _cast_fixes(case: Case) -> Iterator[ErrorFix]:
    came = converting_method(case.found["came"])
    if not case.is_real:
        yield case.instead("a = a + b", f"a new tensor of {case.found['came']}")
        if came:
            yield case.instead(f"loss(output, target.{came}())", "if a loss raised it")
    elif case.name.endswith("=") and case.name not in {"[]=", "==", "<=", ">=", "!="}:
        a, b = case.parts
        yield case.instead(f"{a.text} = {a.text} {case.name[:-1]} {b.code}", f"a new tensor of {case.found['came']}")
    elif case.expression.is_method and case.name.endswith("_"):
        behind = case.expression.text[case.parts[0].span[1] :]
        code = case.parts[0].text + behind.replace(f".{case.name}(", f".{case.name[:-1]}(", 1)
        yield case.instead(code, f"a new tensor of {case.found['came']}, to be given a name")
    elif came and len(case.parts) > 1 and dtype_of(case, 1) == converting_method(case.found["own"]):
        yield case.with_parts({1: f"{case.code_of(1)}.{came}()"}, f"the target in {came}")
    elif came and case.name == "dropout" and dtype_of(case, 0) == converting_method(case.found["own"]):
        yield case.with_parts({0: f"{case.code_of(0)}.{came}()"}, f"numbers in {came}")


def _grad_cause(case: Case) -> str:
    return (
        "A gradient is a direction to move in a little, so only numbers of floating point can have one, and these are "
        "whole."
    )


def _grad_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.tensor([1., 2.], requires_grad=True)", "numbers of floating point")
    elif case.expression.is_method and case.name == "requires_grad_":
        yield case.with_parts({0: f"{case.code_of(0)}.float()"}, "numbers of floating point")
    elif case.name in {"tensor", "ones", "zeros", "full", "arange", "Parameter"}:
        dtype = case.expression.keywords.get("dtype")
        if dtype is not None:
            text = case.expression.text.encode()
            start, end = dtype.span
            yield case.instead((text[:start] + b"torch.float32" + text[end:]).decode(), "numbers of floating point")
        elif case.name in {"tensor", "arange", "full"}:
            yield case.instead(
                f"{case.expression.text.rstrip()[:-1]}, dtype=torch.float32)", "numbers of floating point"
            )
        elif case.name == "Parameter" and case.parts:
            yield case.with_parts({0: f"{case.code_of(0)}.float()"}, "numbers of floating point")


def _mean_cause(case: Case) -> str:
    return (
        f"The {case.found.get('function', 'mean')} of whole numbers need not be one, and torch does not choose a "
        f"dtype for it: {case.shown(0, 'the tensor')} is {case.found.get('came', 'of whole numbers')}."
    )


def _mean_fixes(case: Case) -> Iterator[ErrorFix]:
    named = case.name in {"mean", "nanmean", "std", "var", "norm", "vector_norm"}
    if not case.is_real or (case.parts and (case.shape(0) is not None or (case.expression.is_method and named))):
        yield case.with_parts({0: f"{case.code_of(0)}.float()"}, "in float32")


def _implemented_cause(case: Case) -> str:
    return f"torch has no {case.found['function']} for the dtype {case.found['came']} on this device."


def _implemented_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.float()", "in float32")
        return
    came = converting_method(case.found["came"])
    for position in range(len(case.parts)):
        if came and dtype_of(case, position) == came:
            wanted = (
                "bool" if case.name in {"&", "|", "^"} else "long" if case.name in {"<<", ">>", "bincount"} else "float"
            )
            if wanted != came:
                result = f"`{case.parts[position].text}` in {wanted}"
                yield case.with_parts({position: f"{case.code_of(position)}.{wanted}()"}, result)
            return


def _bool_cause(case: Case) -> str:
    return f"Between truths `-` has no meaning: {case.found['what']} of bool tensors is not offered."


def _bool_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("~mask", "what is not in the mask")
        yield case.instead("a ^ b", "what is in one of both alone")
    elif case.name == "-" and len(case.parts) == 1:
        yield case.instead(f"~{case.code_of(0)}", "what is not in the mask")
    elif case.name == "-" and len(case.parts) == 2 and "two bool tensors" not in case.message:
        positions = [i for i in (0, 1) if dtype_of(case, i) == "bool"]
        if positions == [1] and case.parts[0].number == 1:
            yield case.instead(f"~{case.code_of(1)}", "what is not in the mask")
        for position in positions:
            yield case.with_parts({position: f"{case.code_of(position)}.long()"}, "True as 1, and False as 0")
    elif case.name == "-" and len(case.parts) == 2:
        yield case.instead(f"{case.code_of(0)} ^ {case.code_of(1)}", "what is in one of both alone")
        yield case.instead(f"{case.code_of(0)} & ~{case.code_of(1)}", "what is in the first alone")


_PAGE = "auto_examples/errors/mixed_dtypes.html#"

ENTRIES = (
    Entry(
        "cast",
        (r"result type (?P<came>\w+) can't be cast to the desired output type (?P<own>long int|\w+)",),
        "a += b",
        _cast_cause,
        _cast_fixes,
        f"{_PAGE}result-type-float-can-t-be-cast-to-the-desired-output-type-long",
    ),
    Entry(
        "grad_dtype",
        (r"[Oo]nly Tensors of floating point (?:and complex )?dtype can require gradients",),
        "x.requires_grad_()",
        _grad_cause,
        _grad_fixes,
        f"{_PAGE}more-only-tensors-of-floating-point-dtype-can-require-gradients",
    ),
    Entry(
        "mean_dtype",
        (
            r"(?P<function>mean|nanmean)\(\): (?:could not infer output dtype\. )?Input dtype must be either a "
            r"floating point "
            r"or complex dtype\. Got: (?P<came>\w+)",
            r"Can only calculate the mean of floating types\. Got (?P<came>\w+) instead",
            r"(?P<function>std and var|std|var) only supports? floating point",
            r"linalg\.vector_(?P<function>norm): Expected a floating point or complex tensor as input\. "
            r"Got (?P<came>\w+)",
        ),
        "x.mean()",
        _mean_cause,
        _mean_fixes,
        f"{_PAGE}mean-could-not-infer-output-dtype",
    ),
    Entry(
        "not_implemented",
        (r"(?P<function>[\w.<>:]{1,80})[\"”] not implemented for '(?P<came>\w+)'",),
        "f(x)",
        _implemented_cause,
        _implemented_fixes,
        f"{_PAGE}softmax-not-implemented-for-long",
    ),
    Entry(
        "bool_minus",
        (
            r"(?P<what>Negation|Subtraction), the `-` operator, (?:on a bool tensor|with two bool tensors|with a bool "
            r"tensor) "
            r"is not supported",
        ),
        "a - b",
        _bool_cause,
        _bool_fixes,
        f"{_PAGE}more-subtraction-the-operator-with-a-bool-tensor-is-not-supported",
    ),
)
