"""Inputs of which an axis has another size than a layer is made for."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import Case, Entry, plural
from .layer_cases import input_shape, layer_shown
from .making import Argument, remade
from .operand import ErrorFix

_PAGE = "auto_examples/errors/layer_inputs.html"


def _running_cause(case: Case) -> str:
    came, wanted = case.found["came"], case.found["wanted"]
    return (
        f"{layer_shown(case, 'The normalization')} is made for {wanted} channels, in axis 1 of its input, and {came} "
        "came."
    )


def _running_fixes(case: Case) -> Iterator[ErrorFix]:
    came, wanted = case.number("came"), case.number("wanted")
    if not case.is_real:
        yield case.instead(f"nn.BatchNorm2d({came})", f"a layer for {plural(came, 'channel')}")
    elif case.layer is not None and not case.layer.is_own:
        shape = input_shape(case)
        if shape and shape[-1] == wanted and len(shape) > 2:
            yield case.with_parts({0: f"{case.code_of(0)}.movedim(-1, 1)"}, "the last axis as channels")
        yield from remade(case, [Argument(0, "num_features", wanted, came)], f"a layer for {plural(came, 'channel')}")


def _norm_shape_cause(case: Case) -> str:
    wanted, shape = case.numbers("wanted"), case.numbers("shape")
    return (
        f"{layer_shown(case, 'The normalization')} works on last axes of sizes {wanted}, and the input has shape "
        f"{shape}."
    )


def _norm_shape_fixes(case: Case) -> Iterator[ErrorFix]:
    wanted, shape = case.numbers("wanted"), case.numbers("shape")
    new = shape[len(shape) - len(wanted) :]
    if len(wanted) == 1 and not case.is_real:
        yield case.instead(f"nn.LayerNorm({new[0]})", "a layer for the last axis that came")
    elif len(wanted) == 1 and case.layer is not None and not case.layer.is_own:
        if input_shape(case) == shape and wanted[0] in shape:
            axis = shape.index(wanted[0])
            code = {0: f"{case.code_of(0)}.movedim({axis}, -1)"}
            yield case.with_parts(code, f"the axis of size {wanted[0]} as the last one")
        argument = Argument(0, "normalized_shape", wanted[0], new[0])
        yield from remade(case, [argument], "a layer for the last axis that came")


def _group_cause(case: Case) -> str:
    if "channels" in case.found:
        return f"{case.found['channels']} channels cannot be put into {case.found['groups']} groups of equal size."
    return (
        f"The channels of the input {case.numbers('shape')}, its axis 1, cannot be put into {case.found['groups']} "
        "groups of equal size."
    )


def _group_fixes(case: Case) -> Iterator[ErrorFix]:
    channels = int(case.found["channels"]) if "channels" in case.found else (*case.numbers("shape"), 0, 0)[1]
    groups = case.number("groups")
    fitting = next(count for count in range(min(groups, channels), 0, -1) if channels % count == 0) if channels else 1
    if not case.is_real:
        yield case.instead(f"nn.GroupNorm({fitting}, {channels})", plural(fitting, "group"))
    elif case.name == "GroupNorm" and len(case.parts) > 1 and case.parts[0].number == groups:
        yield case.with_parts({0: str(fitting)}, plural(fitting, "group"))
    elif case.layer is not None and case.layer.kind == "GroupNorm":
        old = case.layer.setting("num_channels")
        changes = [Argument(0, "num_groups", groups, fitting), Argument(1, "num_channels", old, channels)]
        yield from remade(case, changes, f"{channels} channels in {plural(fitting, 'group')}")


def _kernel_cause(case: Case) -> str:
    return (
        f"{layer_shown(case, 'The convolution')} moves a kernel of {case.found['kernel']} over an input that with its "
        f"padding is {case.found['size']}: it does not fit in once."
    )


def _kernel_fixes(case: Case) -> Iterator[ErrorFix]:
    layer, kernel = case.layer, case.numbers("kernel")
    if not case.is_real:
        yield case.instead("nn.Conv2d(in_channels, out_channels, kernel_size, padding='same')", "as large as the input")
    elif layer is not None and not set(layer.setting("padding") or ()) - {0}:
        missing = max(size - own for size, own in zip(kernel, case.numbers("size"), strict=True))
        extra = f"padding={(missing + 1) // 2}"
        yield from remade(case, [], "zeros around the input", extra=extra)


def _pool_size_cause(case: Case) -> str:
    return (
        f"{layer_shown(case, 'The pooling')} makes {case.found['output']} of an input of {case.found['size']} "
        "(channels, height, width): the image has become smaller than what is pooled."
    )


def _pool_size_fixes(case: Case) -> Iterator[ErrorFix]:
    layer = case.layer
    if not case.is_real:
        yield case.instead("nn.AdaptiveMaxPool2d(1)", "one value a channel, however small the image is")
    elif layer is not None and layer.kind == "MaxPool2d":
        change = Argument(0, "kernel_size", layer.setting("kernel_size"), 1)
        yield from remade(case, [change], "one value a channel, however small the image is", kind="AdaptiveMaxPool2d")


def _recurrent_cause(case: Case) -> str:
    wanted, came = case.found["wanted"], case.found["came"]
    return (
        f"{layer_shown(case, 'The recurrent layer')} takes {wanted} features in the last axis of its input, and "
        f"{came} came."
    )


def _recurrent_fixes(case: Case) -> Iterator[ErrorFix]:
    wanted, came = case.number("wanted"), case.number("came")
    if not case.is_real:
        yield case.instead(f"nn.LSTM({came}, hidden_size)", f"a layer for {plural(came, 'feature')}")
    elif case.layer is not None and not case.layer.is_own:
        yield from remade(case, [Argument(0, "input_size", wanted, came)], f"a layer for {plural(came, 'feature')}")


def _attention_cause(case: Case) -> str:
    wanted, came = case.found["wanted"], case.found["came"]
    return (
        f"{layer_shown(case, 'The attention')} takes {wanted} features in the last axis of its input, and {came} came."
    )


def _attention_fixes(case: Case) -> Iterator[ErrorFix]:
    wanted, came = case.number("wanted"), case.number("came")
    if not case.is_real:
        yield case.instead(f"nn.MultiheadAttention({came}, num_heads)", f"a layer for {plural(came, 'feature')}")
    elif case.layer is not None and came % (case.layer.setting("num_heads") or came) == 0:
        yield from remade(case, [Argument(0, "embed_dim", wanted, came)], f"a layer for {plural(came, 'feature')}")


def _hidden_cause(case: Case) -> str:
    wanted, came = case.numbers("wanted"), case.numbers("came")
    return f"The state must have the shape (layers, batch, features) {wanted}, and {came} came."


def _hidden_fixes(case: Case) -> Iterator[ErrorFix]:
    wanted, came = case.numbers("wanted"), case.numbers("came")
    if not case.is_real:
        yield case.instead("layer(x)", "it starts from zeros")
    elif len(case.parts) == 2:
        yield case.instead(f"{case.expression.text.partition('(')[0]}({case.parts[0].text})", "it starts from zeros")
        if case.shape(1) == came and sorted(came) == sorted(wanted) and came[1:] != wanted[1:]:
            yield case.with_parts({1: f"torch.zeros{wanted}"}, "zeros of the shape that is wanted")


_MATRIX = r"\d+(?: x \d+)*"

ENTRIES = (
    Entry(
        "norm_channels",
        (r"(?:running_mean|running_var|weight) should contain (?P<came>\d+) elements not (?P<wanted>\d+)",),
        "layer(x)",
        _running_cause,
        _running_fixes,
        f"{_PAGE}#more-running-mean-should-contain-10-elements-not-16",
    ),
    Entry(
        "norm_shape",
        (
            r"Given normalized_shape=(?P<wanted>\[[\d, ]*\]), expected input with shape \[\*, [\d, ]*\], but got "
            r"input of "
            r"size ?(?P<shape>\[[\d, ]*\])",
        ),
        "layer(x)",
        _norm_shape_cause,
        _norm_shape_fixes,
        f"{_PAGE}#more-given-normalized-shape-16-expected-input-with-shape-16",
    ),
    Entry(
        "groups",
        (
            r"num_channels \((?P<channels>\d+)\) must be divisible by num_groups \((?P<groups>\d+)\)",
            r"Expected number of channels in input to be divisible by num_groups, but got input of shape "
            r"(?P<shape>\[[\d, ]*\]) and num_groups=(?P<groups>\d+)",
        ),
        "layer(x)",
        _group_cause,
        _group_fixes,
        f"{_PAGE}#more-num-channels-must-be-divisible-by-num-groups",
    ),
    Entry(
        "kernel_size",
        (
            rf"Calculated padded input size per channel: \((?P<size>{_MATRIX})\)\. Kernel size: "
            rf"\((?P<kernel>{_MATRIX})\)\. "
            r"Kernel size can't be greater than actual input size",
        ),
        "layer(x)",
        _kernel_cause,
        _kernel_fixes,
        f"{_PAGE}#more-kernel-size-can-t-be-greater-than-actual-input-size",
    ),
    Entry(
        "pool_size",
        (
            r"Given input size: \((?P<size>\d+(?:x\d+)*)\)\. Calculated output size: "
            r"\((?P<output>-?\d+(?:x-?\d+)*)\)\. "
            r"Output size is too small",
        ),
        "layer(x)",
        _pool_size_cause,
        _pool_size_fixes,
        f"{_PAGE}#more-output-size-is-too-small",
    ),
    Entry(
        "recurrent_features",
        (r"input\.size\(-1\) must be equal to input_size\. Expected (?P<wanted>\d+), got (?P<came>\d+)",),
        "layer(x)",
        _recurrent_cause,
        _recurrent_fixes,
        f"{_PAGE}#more-input-size-1-must-be-equal-to-input-size",
    ),
    Entry(
        "attention_features",
        (r"was expecting embedding dimension of (?P<wanted>\d+), but got (?P<came>\d+)",),
        "layer(x, x, x)",
        _attention_cause,
        _attention_fixes,
        f"{_PAGE}#more-was-expecting-embedding-dimension-of-16-but-got-10",
    ),
    Entry(
        "recurrent_state",
        (r"Expected hidden(?:\[\d\])? size (?P<wanted>[\[(][\d, ]*[\])]), got (?P<came>[\[(][\d, ]*[\])])",),
        "layer(x, state)",
        _hidden_cause,
        _hidden_fixes,
        f"{_PAGE}#more-expected-hidden-0-size-1-4-6-got-1-10-6",
    ),
)
