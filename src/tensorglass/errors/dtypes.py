"""Dtypes that do not go together, or that an operation is not made for."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import Case, Entry
from .operand import ErrorFix
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
_FLOATING = {"half", "bfloat16", "float", "double"}


def _method(name: str | None) -> str | None:
    """Return the method that converts to a dtype as torch names it.

    >>> _method("torch.cuda.HalfTensor"), _method("Long"), _method("struct c10::BFloat16")
    ('half', 'long', 'bfloat16')
    """
    if name is None:
        return None
    return _METHODS.get(name.lower().removeprefix("torch.").removeprefix("cuda.").removeprefix("struct ").strip())


def _dtype_of(case: Case, position: int) -> str | None:
    if position >= len(case.parts):
        return None
    return _method(described("", case.parts[position].value).dtype)


def _wider(a: str | None, b: str | None) -> str | None:
    """Return the one of two dtypes to which the other is converted: floating point, and the wider of both."""
    order = ["bool", "byte", "char", "short", "int", "long", "half", "bfloat16", "float", "double"]
    known = [each for each in (a, b) if each in order]
    return max(known, key=order.index) if len(known) == 2 else None


# --- Two that should be the same ---


def _same_cause(case: Case) -> str:
    a, b = case.found["a"], case.found["b"]
    layer = case.layer
    if layer is not None and not layer.is_own:
        return f"The layer `{layer.name}` ({layer.kind}) computes in the dtype of its weights, {b}, and its input is {a}."
    return f"Both factors of this product must be of one dtype, and they are {a} and {b}."


def _same_fixes(case: Case) -> Iterator[ErrorFix]:
    a, b = _method(case.found["a"]), _method(case.found["b"])
    if not case.is_real:
        if b in _FLOATING:
            yield case.instead(f"x.{b}()", f"the input in the dtype of the weights, {b}")
        return
    yield from _input_to_weight(case, b)
    wide = _wider(a, b)
    if (case.layer is None or case.layer.is_own) and len(case.parts) == 2 and wide:
        for position in (0, 1):
            if _dtype_of(case, position) not in (None, wide):
                code = {position: f"{case.code_of(position)}.{wide}()"}
                yield case.with_parts(code, f"both in {wide}")


def _input_to_weight(case: Case, wanted: str | None) -> Iterator[ErrorFix]:
    """Yield what converts the input of a layer, and the layer, where the program itself calls it."""
    layer, callee = case.layer, case.expression.callee
    if layer is None or layer.is_own or callee is None or not case.parts or wanted not in _FLOATING:
        return
    if case.parts[0].value is layer.input and _dtype_of(case, 0) not in (None, wanted):
        yield case.with_parts({0: f"{case.code_of(0)}.{wanted}()"}, f"the input in the dtype of the weights, {wanted}")
        own = _dtype_of(case, 0)
        if own in _FLOATING and callee.value is layer.module:
            behind = case.expression.text[len(callee.text) :]
            yield case.instead(f"{callee.text}.{own}(){behind}", f"the layer in the dtype of the input, {own}, from now on")


def _type_cause(case: Case) -> str:
    layer, wanted, came = case.layer, case.found["wanted"], case.found["came"]
    if layer is not None and not layer.is_own and "loss" in layer.kind.lower():
        return f"The loss `{layer.name}` wants a tensor of dtype {wanted}, and one of {came} came."
    return f"All tensors of this operation must be of one dtype, {wanted}, and one is {came}."


def _type_fixes(case: Case) -> Iterator[ErrorFix]:
    wanted, came = _method(case.found["wanted"]), _method(case.found["came"])
    if wanted is None:
        return
    if not case.is_real:
        yield case.instead(f"x.{wanted}()", f"where x is the tensor of dtype {case.found['came']}")
        return
    if came is None:
        return
    matching = [i for i in range(len(case.parts)) if _dtype_of(case, i) == came]
    if len(matching) == 1:
        code = {matching[0]: f"{case.code_of(matching[0])}.{wanted}()"}
        yield case.with_parts(code, f"all in {wanted}")


def _input_cause(case: Case) -> str:
    a, b = case.found["a"], case.found["b"]
    if "cuda" in a.lower() + b.lower() and _method(a) == _method(b):
        return f"Input and weights must be on one device: the input is a {a}, and the weights are a {b}."
    name = "The layer" if case.layer is None or case.layer.is_own else f"The layer `{case.layer.name}` ({case.layer.kind})"
    return f"{name} computes in the dtype of its weights, {b}, and its input is {a}."


def _input_fixes(case: Case) -> Iterator[ErrorFix]:
    a, b = _method(case.found["a"]), _method(case.found["b"])
    if not case.is_real:
        if a == b:
            yield case.instead("layer(x.to(layer.weight.device))", "the input on the device of the weights")
        elif b in _FLOATING:
            yield case.instead(f"layer(x.{b}())", f"the input in the dtype of the weights, {b}")
        return
    yield from _input_to_weight(case, b)


# --- Dtypes of indices and targets ---


def _index_cause(case: Case) -> str:
    return f"What is looked up is found by whole numbers: the index must be of dtype long or int, and {case.found['came']} came."


def _index_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("layer(index.long())", "the numbers cut to whole ones")
    elif len(case.parts) == 1 and case.shape(0) is not None:
        yield case.with_parts({0: f"{case.code_of(0)}.long()"}, "the numbers cut to whole ones")


def _target_cause(case: Case) -> str:
    if "target" in case.message or _is_loss(case):
        return f"A target of classes holds the number of each class, as dtype long, and {case.found['came']} came."
    return f"Whole numbers are wanted, of dtype long, such as a loss wants for classes, and {case.found['came']} came."


def _is_loss(case: Case) -> bool:
    return case.name in {"cross_entropy", "nll_loss"} or (case.layer is not None and "Loss" in case.layer.kind)


def _target_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real or (len(case.parts) > 1 and _dtype_of(case, 1) != "long" and case.shape(1) is not None):
        yield case.with_parts({1: f"{case.code_of(1)}.long()"}, "a target of whole numbers")


# --- Dtypes that an operation is not made for ---


def _cast_cause(case: Case) -> str:
    came, own = case.found["came"], case.found["own"]
    if case.name.endswith("loss") or "with_logits" in case.name or (case.layer and "Loss" in case.layer.kind):
        return f"The loss writes what is {came} into a tensor of the target's dtype, {own}, which cannot hold it."
    return f"In place the dtype stays {own}, and the result is {came}, which {own} cannot hold."


def _cast_fixes(case: Case) -> Iterator[ErrorFix]:
    came = _method(case.found["came"])
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
    elif came and len(case.parts) > 1 and _dtype_of(case, 1) == _method(case.found["own"]):
        yield case.with_parts({1: f"{case.code_of(1)}.{came}()"}, f"the target in {came}")


def _grad_cause(case: Case) -> str:
    return "A gradient is a direction to move in a little, so only numbers of floating point can have one, and these are whole."


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
        elif case.name == "tensor":
            yield case.instead(f"{case.expression.text.rstrip()[:-1]}, dtype=torch.float32)", "numbers of floating point")
        elif case.name == "Parameter" and case.shape(0) is not None:
            yield case.with_parts({0: f"{case.code_of(0)}.float()"}, "numbers of floating point")


def _mean_cause(case: Case) -> str:
    return (
        f"The {case.found.get('function', 'mean')} of whole numbers need not be one, and torch does not choose a dtype for it: "
        f"{case.shown(0, 'the tensor')} is {case.found.get('came', 'of whole numbers')}."
    )


def _mean_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real or (case.expression.is_method and case.shape(0) is not None):
        yield case.with_parts({0: f"{case.code_of(0)}.float()"}, "in float32")
    elif case.parts and case.shape(0) is not None:
        yield case.with_parts({0: f"{case.code_of(0)}.float()"}, "in float32")


def _implemented_cause(case: Case) -> str:
    return f"torch has no {case.found['function']} for the dtype {case.found['came']} on this device."


def _implemented_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.float()", "in float32")
        return
    came = _method(case.found["came"])
    for position in range(len(case.parts)):
        if came and _dtype_of(case, position) == came:
            wanted = "bool" if case.name in {"&", "|", "^"} else "long" if case.name in {"<<", ">>", "bincount"} else "float"
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
    elif case.name == "-" and len(case.parts) == 2:
        yield case.instead(f"{case.code_of(0)} ^ {case.code_of(1)}", "what is in one of both alone")
        yield case.instead(f"{case.code_of(0)} & ~{case.code_of(1)}", "what is in the first alone")


_NAME = r"(?:struct )?[\w.:]+"

ENTRIES = (
    Entry(
        "matmul_dtype",
        (
            rf"mat1 and mat2 must have the same dtype, but got (?P<a>{_NAME}) and (?P<b>{_NAME})",
            rf"expected (?:m1 and m2|mat1 and mat2) to have the same dtype, but got: (?P<a>{_NAME}) ?!= (?P<b>{_NAME})",
            rf"dot : expected both vectors to have same dtype, but found (?P<a>{_NAME}) and (?P<b>{_NAME})",
        ),
        "a @ b",
        _same_cause,
        _same_fixes,
    ),
    Entry(
        "target_dtype",
        (
            rf"expected target dtype to be Long or Byte, but got (?P<came>\w+)",
            r"expected scalar type Long but (?:found|got) (?P<came>\w+)",
            r"Expected object of scalar type Long but got scalar type (?P<came>\w+) for argument #2 'target'",
        ),
        "loss(output, target)",
        _target_cause,
        _target_fixes,
    ),
    Entry(
        "scalar_type",
        (
            rf"expected (?:all tensors to have )?scalar type (?P<wanted>\w+) but (?:found|got) (?P<came>{_NAME})",
            rf"Expected object of scalar type (?P<wanted>\w+) but got scalar type (?P<came>\w+) for argument",
            rf"Found dtype (?P<came>\w+) but expected (?P<wanted>\w+)",
            rf"Index put requires the source and destination dtypes match, got (?P<wanted>\w+) for the destination and "
            r"(?P<came>\w+) for the source",
            rf"self \((?P<wanted>\w+)\) and source \((?P<came>\w+)\) must have the same scalar type",
            r"RNN input dtype \((?P<came>[\w.]+)\) does not match weight dtype \((?P<wanted>[\w.]+)\)",
        ),
        "f(x)",
        _type_cause,
        _type_fixes,
    ),
    Entry(
        "input_dtype",
        (rf"Input type \((?P<a>[\w.: ]+)\) and (?:weight|bias) type \((?P<b>[\w.: ]+)\) should be the same",),
        "layer(x)",
        _input_cause,
        _input_fixes,
    ),
    Entry(
        "lookup_dtype",
        (
            r"Expected tensor for argument #1 'indices' to have (?:one of the following scalar types: Long, Int|scalar type "
            r"Long); but got (?P<came>[\w.]+) instead",
        ),
        "layer(index)",
        _index_cause,
        _index_fixes,
    ),
    Entry(
        "cast",
        (r"result type (?P<came>\w+) can't be cast to the desired output type (?P<own>long int|\w+)",),
        "a += b",
        _cast_cause,
        _cast_fixes,
    ),
    Entry(
        "grad_dtype",
        (r"[Oo]nly Tensors of floating point (?:and complex )?dtype can require gradients",),
        "x.requires_grad_()",
        _grad_cause,
        _grad_fixes,
    ),
    Entry(
        "mean_dtype",
        (
            r"(?P<function>mean|nanmean)\(\): (?:could not infer output dtype\. )?Input dtype must be either a floating point "
            r"or complex dtype\. Got: (?P<came>\w+)",
            r"Can only calculate the mean of floating types\. Got (?P<came>\w+) instead",
            r"(?P<function>std and var|std|var) only supports? floating point",
        ),
        "x.mean()",
        _mean_cause,
        _mean_fixes,
    ),
    Entry(
        "not_implemented",
        (r"(?P<function>[\w.<>:]+)[\"”] not implemented for '(?P<came>\w+)'",),
        "f(x)",
        _implemented_cause,
        _implemented_fixes,
    ),
    Entry(
        "bool_minus",
        (
            r"(?P<what>Negation|Subtraction), the `-` operator, (?:on a bool tensor|with two bool tensors|with a bool tensor) "
            r"is not supported",
        ),
        "a - b",
        _bool_cause,
        _bool_fixes,
    ),
)
