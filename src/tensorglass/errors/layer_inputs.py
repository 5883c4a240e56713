"""Inputs that have another number of axes, or of channels, than a layer takes."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import Case, Entry, plural, shape_text
from .layer_cases import input_shape, layer_shown
from .making import Argument, remade
from .operand import ErrorFix


def _conv_rank_cause(case: Case) -> str:
    shape, axes = case.numbers("shape"), case.number("batched")
    sizes = {3: "length", 4: "height, width", 5: "depth, height, width"}.get(axes, "...")
    return (
        f"{layer_shown(case, 'A convolution')} takes (batch, channels, {sizes}), or the same without the batch, that "
        f"is {axes} or {axes - 1} axes, and {shape} came."
    )


def _conv_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shape, axes = case.numbers("shape"), case.number("batched")
    if not case.is_real:
        if len(shape) == axes - 2:
            yield case.instead("layer(x[None])", "if the axis of channels, of size 1, is missing")
        return
    if input_shape(case) != shape or case.layer is None:
        return
    channels = case.layer.setting("in_channels")
    x = case.code_of(0)
    if len(shape) == axes - 2 and channels == 1:
        yield case.with_parts({0: f"{x}[None]"}, f"an input of {shape_text((1, *shape))}: one channel")
    if len(shape) == axes + 1:
        yield case.with_parts({0: f"{x}.flatten(0, 1)"}, f"an input of {shape_text((shape[0] * shape[1], *shape[2:]))}")


def _norm_rank_cause(case: Case) -> str:
    return (
        f"{layer_shown(case, 'A normalization')} takes {case.found['wanted'].replace('D', '')} axes, the second of "
        f"them channels, and {case.found['came']} came."
    )


def _norm_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shape = input_shape(case)
    wanted, came = case.found["wanted"], case.number("came")
    if not case.is_real:
        yield case.instead(f"nn.BatchNorm{'1d' if came < 4 else f'{came - 2}d'}(features)", f"what takes {came} axes")
    elif shape is not None and case.layer is not None:
        other = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}.get(came)
        if other and case.layer.kind.startswith("BatchNorm"):
            yield from remade(case, [], f"what takes {came} axes", kind=other)
        if wanted == "4D" and came == 2:
            yield case.with_parts(
                {0: f"{case.code_of(0)}[:, :, None, None]"}, f"an input of {shape_text((*shape, 1, 1))}"
            )


def _pool_rank_cause(case: Case) -> str:
    return (
        f"{layer_shown(case, 'A pooling')} takes (batch, channels, height, width), or the same without the batch: 4 "
        "or 3 axes."
    )


def _pool_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shape = input_shape(case)
    if not case.is_real:
        yield case.instead("layer(x[None])", "if the axis of channels is missing")
    elif shape is not None and len(shape) == 2:
        yield case.with_parts({0: f"{case.code_of(0)}[None]"}, f"an input of {shape_text((1, *shape))}: one channel")


def _channels_cause(case: Case) -> str:
    shape = case.numbers("shape")
    came, wanted = case.found["came"], case.number("wanted")
    last = f"; its last axis has size {wanted}, as if channels stood there" if shape[-1:] == (wanted,) else ""
    return (
        f"{layer_shown(case, 'The convolution')} takes {wanted} channels, in axis 1 of the input {shape}, and {came} "
        f"came{last}."
    )


def _channels_fixes(case: Case) -> Iterator[ErrorFix]:
    shape, wanted, came = case.numbers("shape"), case.number("wanted"), case.number("came")
    layer = case.layer
    known = input_shape(case) == shape
    if (known or not case.is_real) and shape[-1:] == (wanted,):
        moved = (shape[0], shape[-1], *shape[1:-1])
        yield case.with_parts({0: f"{case.code_of(0)}.movedim(-1, 1)"}, f"an input of {shape_text(moved)}")
    if known and came == 1:
        sizes = ", ".join(["-1", str(wanted), *["-1"] * (len(shape) - 2)])
        yield case.with_parts(
            {0: f"{case.code_of(0)}.expand({sizes})"}, f"the one channel {wanted} times, for grey images"
        )
    if not case.is_real:
        yield case.instead(f"nn.Conv2d({came}, out_channels, kernel_size)", f"a layer for {plural(came, 'channel')}")
    elif layer is not None and not layer.is_own:
        yield from remade(case, [Argument(0, "in_channels", wanted, came)], f"a layer for {plural(came, 'channel')}")


def _single_cause(case: Case) -> str:
    return (
        "In training "
        f"{layer_shown(case, 'batch normalization')[0].lower() + layer_shown(case, 'batch normalization')[1:]} "
        f"subtracts the mean of each channel over the batch, and the input {case.numbers('shape')} has one value for "
        "each: nothing is left."
    )


def _single_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("model.eval()", "the running mean and variance")
        yield case.instead("DataLoader(dataset, batch_size, drop_last=True)", "no last batch of one")
    elif case.expression.callee is not None and case.layer is not None:
        callee = case.expression.callee
        if callee.value is case.layer.module:
            code = f"{callee.text}.eval(){case.expression.text[len(callee.text) :]}"
            yield case.instead(code, "the running mean and variance are used, from now on")


def _recurrent_rank_cause(case: Case) -> str:
    return (
        f"{layer_shown(case, 'A recurrent layer')} takes (length, batch, features), or (length, features) without a "
        f"batch, and a tensor with {case.found['came']} came."
    )


def _recurrent_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shape = input_shape(case)
    if not case.is_real:
        yield case.instead("layer(x[:, None])", "if each element is a step with one feature")
    elif shape is not None and len(shape) == 1 and case.layer is not None:
        if case.layer.setting("input_size") == 1:
            yield case.with_parts({0: f"{case.code_of(0)}[:, None]"}, "each element is a step with one feature")
        if case.layer.setting("input_size") == shape[0]:
            yield case.with_parts({0: f"{case.code_of(0)}[None]"}, "one step with all the features")
    elif shape is not None and len(shape) == 4:
        yield case.with_parts({0: f"{case.code_of(0)}.flatten(2)"}, f"{shape_text((*shape[:2], shape[2] * shape[3]))}")


ENTRIES = (
    Entry(
        "conv_rank",
        (
            r"Expected \d+D \(unbatched\) or (?P<batched>\d+)D \(batched\) input to \w+, but got input of size: "
            r"(?P<shape>\[[\d, ]*\])",
            r"Expected (?P<batched>\d+)-dimensional input for \d+-dimensional weight (?:\[[\d, ]*\]|[\d ]+), but got "
            r"(?:\d+-dimensional )?input of size (?P<shape>\[[\d, ]*\])",
        ),
        "layer(x)",
        _conv_rank_cause,
        _conv_rank_fixes,
    ),
    Entry(
        "norm_rank",
        (r"expected (?P<wanted>\dD(?: or \dD)?) input \(got (?P<came>\d)D input\)",),
        "layer(x)",
        _norm_rank_cause,
        _norm_rank_fixes,
    ),
    Entry(
        "pool_rank",
        (r"non-empty 3D or 4D \(batch mode\) tensor expected for input",),
        "layer(x)",
        _pool_rank_cause,
        _pool_rank_fixes,
    ),
    Entry(
        "conv_channels",
        (
            r"Given (?:groups|transposed)=\d+, (?:weight of size|weight) (?:\[[\d, ]*\]|[\d ]+), expected "
            r"input(?P<shape>\[[\d, ]*\]) to "
            r"have (?P<wanted>\d+) channels, but got (?P<came>\d+) channels instead",
        ),
        "layer(x)",
        _channels_cause,
        _channels_fixes,
    ),
    Entry(
        "norm_single",
        (
            r"Expected more than 1 value per channel when training, got input size (?:torch\.Size\()?(?P<shape>\[[\d, "
            r"]*\])",
        ),
        "layer(x)",
        _single_cause,
        _single_fixes,
    ),
    Entry(
        "recurrent_rank",
        (r"(?:LSTM|GRU|RNN): Expected input to be 2D or 3D, got (?P<came>\d+)D",),
        "layer(x)",
        _recurrent_rank_cause,
        _recurrent_rank_fixes,
    ),
)
