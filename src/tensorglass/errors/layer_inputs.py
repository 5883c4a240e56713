"""Inputs that have another number of axes, or of channels, than a layer takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .entry import Case, Entry, plural, shape_text
from .layer_cases import input_shape, layer_shown
from .making import Argument, remade
from .operand import ErrorFix
from .reading import is_module, shape_of

_PAGE = "auto_examples/errors/layer_inputs.html"


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
        elif len(shape) == axes + 1 and shape[0] == 1:
            yield case.instead("layer(x.squeeze(0))", f"an input of {shape_text(shape[1:])}")
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
        if wanted == f"{came + 1}D":
            yield case.instead("layer(x[None])", "a batch of one, if the batch is missing")
        yield case.instead(f"nn.BatchNorm{'1d' if came < 4 else f'{came - 2}d'}(features)", f"what takes {came} axes")
        return
    if wanted == f"{came + 1}D" and len(case.shape(0) or ()) == came and _has_channels_first(case):
        yield case.with_parts({0: f"{case.code_of(0)}[None]"}, "a batch of one")
    if shape is not None and case.layer is not None:
        other = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}.get(came)
        if other and case.layer.kind.startswith("BatchNorm"):
            yield from remade(case, [], f"what takes {came} axes", kind=other)
        if wanted == "4D" and came == 2:
            yield case.with_parts(
                {0: f"{case.code_of(0)}[:, :, None, None]"}, f"an input of {shape_text((*shape, 1, 1))}"
            )


def _has_channels_first(case: Case) -> bool:
    """Return whether the failing layer was called with its channels in axis 0, where the batch belongs."""
    if case.layer is None:
        return False
    return (shape_of(case.layer.input) or ())[:1] == (case.layer.setting("num_features"),)


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
    layer = layer_shown(case, "The convolution")
    own = None if case.layer is None else shape_of(case.layer.input)
    if own == shape[1:]:  # torch put the batch in front, and tells of that
        return (
            f"{layer} takes {plural(wanted, 'channel')}. An input of {len(own)} axes counts as one without a batch: of "
            f"{own} axis 0 is its channels, and {came} came{last}."
        )
    return f"{layer} takes {plural(wanted, 'channel')}, in axis 1 of the input {shape}, and {came} came{last}."


def _channels_fixes(case: Case) -> Iterator[ErrorFix]:
    shape, wanted, came = case.numbers("shape"), case.number("wanted"), case.number("came")
    layer, x, own = case.layer, case.code_of(0), input_shape(case)
    if not case.is_real:
        yield from _channels_of_a_message(case)
        return
    axis = {shape: 1, shape[1:]: 0}.get(own or ())  # of the channels
    if own is not None and axis is not None:
        sizes = own[axis + 1 :]
        if axis == 0 and wanted == 1:
            yield case.with_parts({0: f"{x}[:, None]"}, f"an input of {shape_text((came, 1, *sizes))}: a batch")
        if own[-1] == wanted:
            moved = shape_text((*own[:axis], wanted, *own[axis:-1]))
            yield case.with_parts({0: f"{x}.movedim(-1, {axis})"}, f"an input of {moved}")
        if came == 1:
            expanded = ", ".join(["-1"] * axis + [str(wanted)] + ["-1"] * len(sizes))
            yield case.with_parts({0: f"{x}.expand({expanded})"}, f"the one channel {wanted} times, for grey images")
        if (came, wanted) == (4, 3):
            index = ", ".join([":"] * axis + [":3"])
            yield case.with_parts({0: f"{x}[{index}]"}, "without the fourth channel, for images with transparency")
    channels_last = own is not None and axis is not None and own[-1] == wanted  # then `came` counts rows
    if layer is not None and not layer.is_own and not channels_last:
        yield from remade(case, [Argument(0, "in_channels", wanted, came)], f"a layer for {plural(came, 'channel')}")


def _channels_of_a_message(case: Case) -> Iterator[ErrorFix]:
    """Yield what the message alone allows. A batch of size 1 may be one that torch put in front."""
    shape, wanted, came = case.numbers("shape"), case.number("wanted"), case.number("came")
    if wanted == 1 and shape[0] == 1:
        yield case.instead("layer(x[:, None])", f"if x is a batch of {came}, without an axis of channels")
    if shape[-1:] == (wanted,):
        axis = 1 if shape[0] != 1 else 1 - len(shape)
        moved = shape_text((shape[0], wanted, *shape[1:-1]))
        yield case.instead(f"layer(x.movedim(-1, {axis}))", f"an input of {moved}")
    if came == 1:
        expanded = ", ".join(["-1", str(wanted), *["-1"] * (len(shape) - 2)])
        yield case.instead(f"layer(x.expand({expanded}))", f"the one channel {wanted} times, for grey images")
    if (came, wanted) == (4, 3):
        yield case.instead("layer(x[:, :3])", "without the fourth channel, for images with transparency")
    if shape[-1:] != (wanted,):
        yield case.instead(f"nn.Conv2d({came}, out_channels, kernel_size)", f"a layer for {plural(came, 'channel')}")


def _single_cause(case: Case) -> str:
    layer, shape = layer_shown(case, "batch normalization"), case.numbers("shape")
    if case.layer is not None and case.layer.kind == "GroupNorm":
        return f"{layer} subtracts the mean of each group of channels, and each has one value: nothing is left."
    return (
        f"In training {layer[0].lower() + layer[1:]} subtracts the mean of each channel over the batch, and the input "
        f"{shape} has one value for each: nothing is left."
    )


def _single_fixes(case: Case) -> Iterator[ErrorFix]:
    layer, callee = case.layer, case.expression.callee
    without_last = "DataLoader(dataset, batch_size, drop_last=True)"
    if not case.is_real:
        yield case.instead("model.eval()", "for predictions: the running mean and variance")
        yield case.instead(without_last, "for training: no last batch of one")
        yield case.instead("nn.GroupNorm(1, channels)", "for batches of one: each example alone")
    elif layer is not None and layer.kind == "GroupNorm":
        change = Argument(0, "num_groups", layer.setting("num_groups"), 1)
        yield from remade(case, [change], "one group of all channels")
    elif layer is not None and layer.setting("running_mean") is not None:
        call = _loader(case)
        if call is not None:
            begun = call[:-1].rstrip(" ,\n")
            yield case.elsewhere(call, f"{begun}, drop_last=True)", "no last batch of one")
        elif callee is None or callee.value is not layer.module:
            yield ErrorFix(without_last, "no last batch of one, where batches are made")
        if callee is not None and is_module(callee.value):
            code = f"{callee.text}.eval(){case.expression.text[len(callee.text) :]}"
            yield case.instead(code, "for predictions: the running mean and variance are used, from now on")


def _loader(case: Case) -> str | None:
    """Return the source of the one call that makes batches of several examples and keeps the last one."""
    if case.code is None:
        return None
    calls = [node for node in ast.walk(ast.parse(case.code.source)) if isinstance(node, ast.Call)]
    found = [case.code.text_of(call) for call in calls if ast.unparse(call.func).split(".")[-1] == "DataLoader"]
    sized = [text for text in found if "batch_size=" in text and "drop_last" not in text and "sampler" not in text]
    return sized[0] if len(found) == len(sized) == 1 and not re.search(r"batch_size=1\b", sized[0]) else None


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
        f"{_PAGE}#expected-3d-unbatched-or-4d-batched-input-to-conv2d",
    ),
    Entry(
        "norm_rank",
        (r"expected (?P<wanted>\dD(?: or \dD)?) input \(got (?P<came>\d)D input\)",),
        "layer(x)",
        _norm_rank_cause,
        _norm_rank_fixes,
        f"{_PAGE}#expected-4d-input-got-3d-input",
    ),
    Entry(
        "pool_rank",
        (r"non-empty 3D or 4D \(batch mode\) tensor expected for input",),
        "layer(x)",
        _pool_rank_cause,
        _pool_rank_fixes,
        f"{_PAGE}#more-non-empty-3d-or-4d-batch-mode-tensor-expected-for-input",
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
        f"{_PAGE}#short-answer",
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
        f"{_PAGE}#expected-more-than-1-value-per-channel-when-training",
    ),
    Entry(
        "recurrent_rank",
        (r"(?:LSTM|GRU|RNN): Expected input to be 2D or 3D, got (?P<came>\d+)D",),
        "layer(x)",
        _recurrent_rank_cause,
        _recurrent_rank_fixes,
        f"{_PAGE}#more-expected-input-to-be-2d-or-3d-got-1d-instead",
    ),
)
