"""Dtypes that do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from .dtype_names import FLOATING, converting_method, dtype_of
from .entry import Case, Entry
from .operand import ErrorFix
from .reading import described


def _wider(a: str | None, b: str | None) -> str | None:
    """Return the one of two dtypes to which the other is converted: floating point, and the wider of both."""
    order = ["bool", "byte", "char", "short", "int", "long", "half", "bfloat16", "float", "double"]
    known = [each for each in (a, b) if each in order]
    return max(known, key=order.index) if len(known) == 2 else None


def _same_cause(case: Case) -> str:
    a, b = case.found["a"], case.found["b"]
    layer = case.layer
    if layer is not None and not layer.is_own:
        return f"The layer {layer.shown} computes in the dtype of its weights, {b}, and its input is {a}."
    return f"Both factors of this product must be of one dtype, and they are {a} and {b}."


def _same_fixes(case: Case) -> Iterator[ErrorFix]:
    a, b = converting_method(case.found["a"]), converting_method(case.found["b"])
    if not case.is_real:
        if b in FLOATING:
            yield case.instead(f"x.{b}()", f"the input in the dtype of the weights, {b}")
        return
    yield from _input_to_weight(case, b)
    wide = _wider(a, b)
    if (case.layer is None or case.layer.is_own) and len(case.parts) == 2 and wide:
        for position in (0, 1):
            if dtype_of(case, position) not in (None, wide):
                code = {position: f"{case.code_of(position)}.{wide}()"}
                yield case.with_parts(code, f"both in {wide}")


def _input_to_weight(case: Case, wanted: str | None) -> Iterator[ErrorFix]:
    """Yield what converts the input of a layer, and the layer, where the program itself calls it."""
    layer, callee = case.layer, case.expression.callee
    if layer is None or layer.is_own or callee is None or not case.parts or wanted not in FLOATING:
        return
    if case.parts[0].value is layer.input and dtype_of(case, 0) not in (None, wanted):
        yield case.with_parts({0: f"{case.code_of(0)}.{wanted}()"}, f"the input in the dtype of the weights, {wanted}")
        own = dtype_of(case, 0)
        if own in FLOATING and callee.value is layer.module:
            behind = case.expression.text[len(callee.text) :]
            yield case.instead(
                f"{callee.text}.{own}(){behind}", f"the layer in the dtype of the input, {own}, from now on"
            )


def _type_cause(case: Case) -> str:
    layer, wanted, came = case.layer, case.found["wanted"], case.found["came"]
    if layer is not None and not layer.is_own and "loss" in layer.kind.lower():
        return f"The loss `{layer.name}` wants a tensor of dtype {wanted}, and one of {came} came."
    return f"All tensors of this operation must be of one dtype, {wanted}, and one is {came}."


def _type_fixes(case: Case) -> Iterator[ErrorFix]:
    wanted, came = converting_method(case.found["wanted"]), converting_method(case.found["came"])
    if wanted is None:
        return
    if not case.is_real:
        yield case.instead(f"x.{wanted}()", f"where x is the tensor of dtype {case.found['came']}")
        return
    if came is None:
        return
    matching = [i for i in range(len(case.parts)) if dtype_of(case, i) == came]
    if len(matching) == 1:
        code = {matching[0]: f"{case.code_of(matching[0])}.{wanted}()"}
        yield case.with_parts(code, f"all in {wanted}")


def _input_cause(case: Case) -> str:
    a, b = case.found["a"], case.found["b"]
    if "cuda" in a.lower() + b.lower() and converting_method(a) == converting_method(b):
        return f"Input and weights must be on one device: the input is a {a}, and the weights are a {b}."
    if ("cuda" in a.lower()) != ("cuda" in b.lower()):
        return f"Input and weights must be on one device and of one dtype: the input is a {a}, the weights are a {b}."
    name = "The layer" if case.layer is None or case.layer.is_own else f"The layer {case.layer.shown}"
    return f"{name} computes in the dtype of its weights, {b}, and its input is {a}."


def _input_fixes(case: Case) -> Iterator[ErrorFix]:
    a, b = converting_method(case.found["a"]), converting_method(case.found["b"])
    if not case.is_real:
        if a == b:
            yield case.instead("layer(x.to(layer.weight.device))", "the input on the device of the weights")
        elif ("cuda" in case.found["a"].lower()) != ("cuda" in case.found["b"].lower()):
            yield case.instead("layer(x.to(layer.weight))", "the input on the device of the weights, in their dtype")
        elif b in FLOATING:
            yield case.instead(f"layer(x.{b}())", f"the input in the dtype of the weights, {b}")
        return
    yield from _input_to_weight(case, b)


def _norm_cause(case: Case) -> str:
    layer = case.layer
    if layer is None or layer.is_own:
        return "A normalization computes in the dtype of its weights, and its input is of another one."
    own, came = (converting_method(described("", each).dtype) for each in (layer.setting("weight"), layer.input))
    return f"The layer {layer.shown} computes in the dtype of its weights, {own}, and its input is {came}."


def _norm_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("layer(x.to(layer.weight.dtype))", "the input in the dtype of the weights")
    elif case.layer is not None:
        yield from _input_to_weight(case, converting_method(described("", case.layer.setting("weight")).dtype))


def _index_cause(case: Case) -> str:
    return (
        "What is looked up is found by whole numbers: the index must be of dtype long or int, and "
        f"{case.found.get('came', 'another one')} came."
    )


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
    if not case.is_real or (len(case.parts) > 1 and dtype_of(case, 1) != "long" and case.shape(1) is not None):
        yield case.with_parts({1: f"{case.code_of(1)}.long()"}, "a target of whole numbers")


_NAME = r"(?:struct )?[\w.:]+"
_PAGE = "auto_examples/errors/mixed_dtypes.html#"
_ATTENTION = "Expected query, key, and value to have the same dtype, but got"

ENTRIES = (
    Entry(
        "matmul_dtype",
        (
            rf"mat1 and mat2 must have the same dtype, but got (?P<a>{_NAME}) and (?P<b>{_NAME})",
            rf"expected (?:m1 and m2|mat1 and mat2) to have the same dtype, but got: (?P<a>{_NAME}) ?!= (?P<b>{_NAME})",
            rf"self and mat2 must have the same dtype, but got (?P<a>{_NAME}) and (?P<b>{_NAME})",
            rf"addmv input tensors must have the same dtype, but got {_NAME}, (?P<a>{_NAME}), and (?P<b>{_NAME})",
            rf"dot : expected both vectors to have same dtype, but found (?P<a>{_NAME}) and (?P<b>{_NAME})",
        ),
        "a @ b",
        _same_cause,
        _same_fixes,
        f"{_PAGE}mat1-and-mat2-must-have-the-same-dtype",
    ),
    Entry(
        "target_dtype",
        (
            r"expected target dtype to be Long or Byte, but got (?P<came>\w+)",
            r"expected scalar type Long but (?:found|got) (?P<came>\w+)",
            r"Expected object of scalar type Long but got scalar type (?P<came>\w+) for argument #2 'target'",
        ),
        "loss(output, target)",
        _target_cause,
        _target_fixes,
        "auto_examples/errors/loss_and_target.html#expected-scalar-type-long-but-found-float",
    ),
    Entry(
        "scalar_type",
        (
            rf"expected (?:all tensors to have )?scalar type (?P<wanted>\w+) but (?:found|got) (?P<came>{_NAME})",
            r"Expected object of scalar type (?P<wanted>\w+) but got scalar type (?P<came>\w+) for argument",
            r"Expected object of type torch\.(?:cuda\.)?(?P<wanted>\w+)Tensor but found type "
            r"torch\.(?:cuda\.)?(?P<came>\w+)Tensor for argument",
            r"expected device [\w:]+ and dtype (?P<wanted>\w+) but got device [\w:]+ and dtype (?P<came>\w+)",
            r"Found dtype (?P<came>\w+) but expected (?P<wanted>\w+)",
            r"Index put requires the source and destination dtypes match, got (?P<wanted>\w+) for the destination and "
            r"(?P<came>\w+) for the source",
            r"self \((?P<wanted>\w+)\) and source \((?P<came>\w+)\) must have the same scalar type",
            r"masked_scatter: expected self and source to have same dtypes but got ?(?P<wanted>\w+) and (?P<came>\w+)",
            rf"{_ATTENTION} query\.dtype: (?P<wanted>{_NAME}) key\.dtype: (?P=wanted) and "
            rf"value\.dtype: (?P<came>{_NAME})",
            rf"{_ATTENTION} query\.dtype: (?P<came>{_NAME}) key\.dtype: (?P<wanted>{_NAME})",
            r"RNN input dtype \((?P<came>[\w.]+)\) does not match weight dtype \((?P<wanted>[\w.]+)\)",
        ),
        "f(x)",
        _type_cause,
        _type_fixes,
        f"{_PAGE}more-expected-scalar-type-double-but-found-float",
    ),
    Entry(
        "input_dtype",
        (r"Input type \((?P<a>[\w.: ]+)\) and (?:weight|bias) type \((?P<b>[\w.: ]+)\) should be the same",),
        "layer(x)",
        _input_cause,
        _input_fixes,
        f"{_PAGE}input-type-and-weight-or-bias-type-should-be-the-same",
    ),
    Entry(
        "norm_dtype",
        (r"mixed dtype \(CPU\): (?:all inputs must share same datatype|expect)",),
        "layer(x)",
        _norm_cause,
        _norm_fixes,
        f"{_PAGE}more-mixed-dtype-cpu-all-inputs-must-share-same-datatype",
    ),
    Entry(
        "lookup_dtype",
        (
            r"Expected tensor for argument #1 'indices' to have (?:one of the following scalar types: Long, "
            r"Int|scalar type "
            r"Long); but got (?P<came>[\w.]+) instead",
            r"one_hot is only applicable to index tensor",
        ),
        "layer(index)",
        _index_cause,
        _index_fixes,
        f"{_PAGE}more-expected-tensor-for-argument-1-indices-to-have-scalar-type-long",
    ),
)
