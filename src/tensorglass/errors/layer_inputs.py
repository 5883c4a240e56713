"""Inputs that a convolution, a normalization, a pooling or a recurrent layer does not take."""

from __future__ import annotations

from collections.abc import Iterator

from ..shapes import Shape
from .entry import Case, Entry, shape_text
from .operand import ErrorFix


def _layer(case: Case, default: str) -> str:
    layer = case.layer
    return default if layer is None or layer.is_own else f"The layer `{layer.name}` ({layer.kind})"


def _input_shape(case: Case) -> Shape | None:
    """Return the shape of the one tensor that the program calls the failing layer with."""
    layer = case.layer
    if not case.is_real or len(case.parts) != 1 or layer is None or case.parts[0].value is not layer.input:
        return None
    return case.shape(0)


def _remade(case: Case, kind: str, old: str, new: str, result: str) -> ErrorFix:
    """Return the fix that makes the layer with another number, where it is made."""
    return case.elsewhere(f"{kind}({old}", f"{kind}({new}", result)


# --- How many axes ---


def _conv_rank_cause(case: Case) -> str:
    shape, axes = case.numbers("shape"), case.number("batched")
    return (
        f"{_layer(case, 'A convolution')} takes (batch, channels{', length' if axes == 3 else ', height, width'}) or the "
        f"same without the batch, that is {axes} or {axes - 1} axes, and {shape} came."
        if axes in (3, 4)
        else f"{_layer(case, 'A convolution')} takes {axes} axes, or {axes - 1} without the batch, and {shape} came."
    )


def _conv_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shape, axes = case.numbers("shape"), case.number("batched")
    if not case.is_real:
        if len(shape) == axes - 2:
            yield case.instead("layer(x[None])", "if the axis of channels, of size 1, is missing")
        return
    if _input_shape(case) != shape or case.layer is None:
        return
    channels = case.layer.setting("in_channels")
    x = case.code_of(0)
    if len(shape) == axes - 2 and channels == 1:
        yield case.with_parts({0: f"{x}[None]"}, f"an input of {shape_text((1, *shape))}: one channel")
    if len(shape) == axes + 1:
        yield case.with_parts({0: f"{x}.flatten(0, 1)"}, f"an input of {shape_text((shape[0] * shape[1], *shape[2:]))}")


def _norm_rank_cause(case: Case) -> str:
    return (
        f"{_layer(case, 'A normalization')} takes {case.found['wanted'].replace('D', '')} axes, the second of them channels, "
        f"and {case.found['came']} came."
    )


def _norm_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shape = _input_shape(case)
    wanted, came = case.found["wanted"], case.number("came")
    if not case.is_real:
        yield case.instead(f"nn.BatchNorm{'1d' if came < 4 else f'{came - 2}d'}(features)", f"what takes {came} axes")
    elif shape is not None and case.layer is not None:
        other = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}.get(came)
        if other and case.layer.kind.startswith("BatchNorm"):
            yield case.elsewhere(f"{case.layer.kind}(", f"{other}(", f"what takes {came} axes")
        if wanted == "4D" and came == 2:
            yield case.with_parts({0: f"{case.code_of(0)}[:, :, None, None]"}, f"an input of {shape_text((*shape, 1, 1))}")


def _pool_rank_cause(case: Case) -> str:
    return f"{_layer(case, 'A pooling')} takes (batch, channels, height, width), or the same without the batch: 4 or 3 axes."


def _pool_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shape = _input_shape(case)
    if not case.is_real:
        yield case.instead("layer(x[None])", "if the axis of channels is missing")
    elif shape is not None and len(shape) == 2:
        yield case.with_parts({0: f"{case.code_of(0)}[None]"}, f"an input of {shape_text((1, *shape))}: one channel")


# --- How many channels ---


def _channels_cause(case: Case) -> str:
    shape = case.numbers("shape")
    came, wanted = case.found["came"], case.number("wanted")
    last = f"; its last axis has size {wanted}, as if channels stood there" if shape[-1:] == (wanted,) else ""
    return f"{_layer(case, 'The convolution')} takes {wanted} channels, in axis 1 of the input {shape}, and {came} came{last}."


def _channels_fixes(case: Case) -> Iterator[ErrorFix]:
    shape, wanted, came = case.numbers("shape"), case.number("wanted"), case.number("came")
    layer = case.layer
    known = _input_shape(case) == shape
    if (known or not case.is_real) and shape[-1:] == (wanted,):
        moved = (shape[0], shape[-1], *shape[1:-1])
        yield case.with_parts({0: f"{case.code_of(0)}.movedim(-1, 1)"}, f"an input of {shape_text(moved)}")
    if known and came == 1:
        sizes = ", ".join(["-1", str(wanted), *["-1"] * (len(shape) - 2)])
        yield case.with_parts({0: f"{case.code_of(0)}.expand({sizes})"}, f"the one channel {wanted} times, for grey images")
    if not case.is_real:
        yield case.instead(f"nn.Conv2d({came}, out_channels, kernel_size)", f"a layer for {came} channels")
    elif layer is not None and not layer.is_own:
        yield _remade(case, layer.kind, f"{wanted},", f"{came},", f"a layer for {came} channels")


def _running_cause(case: Case) -> str:
    came, wanted = case.found["came"], case.found["wanted"]
    return f"{_layer(case, 'The normalization')} is made for {wanted} channels, in axis 1 of its input, and {came} came."


def _running_fixes(case: Case) -> Iterator[ErrorFix]:
    came, wanted = case.number("came"), case.number("wanted")
    if not case.is_real:
        yield case.instead(f"nn.BatchNorm2d({came})", f"a layer for {came} channels")
    elif case.layer is not None and not case.layer.is_own:
        yield _remade(case, case.layer.kind, f"{wanted}", f"{came}", f"a layer for {came} channels")
        shape = _input_shape(case)
        if shape and shape[-1] == wanted and len(shape) > 2:
            yield case.with_parts({0: f"{case.code_of(0)}.movedim(-1, 1)"}, "the last axis as channels")


def _single_cause(case: Case) -> str:
    return (
        f"In training {_layer(case, 'batch normalization')[0].lower() + _layer(case, 'batch normalization')[1:]} subtracts "
        f"the mean of each channel over the batch, and the input {case.numbers('shape')} has one value for each: nothing is "
        "left."
    )


def _single_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("model.eval()", "the running mean and variance, for a single example")
        yield case.instead("DataLoader(dataset, batch_size, drop_last=True)", "no last batch of one")
    elif case.expression.callee is not None and case.layer is not None:
        if case.expression.callee.value is case.layer.module:
            callee = case.expression.callee.text
            code = f"{callee}.eval(){case.expression.text[len(callee):]}"
            yield case.instead(code, "the running mean and variance, for a single example")


def _norm_shape_cause(case: Case) -> str:
    wanted, shape = case.numbers("wanted"), case.numbers("shape")
    return f"{_layer(case, 'The normalization')} works on last axes of sizes {wanted}, and the input has shape {shape}."


def _norm_shape_fixes(case: Case) -> Iterator[ErrorFix]:
    wanted, shape = case.numbers("wanted"), case.numbers("shape")
    new = shape[len(shape) - len(wanted) :]
    if len(wanted) == 1 and not case.is_real:
        yield case.instead(f"nn.LayerNorm({new[0]})", "a layer for the last axis that came")
    elif len(wanted) == 1 and case.layer is not None and not case.layer.is_own:
        yield _remade(case, case.layer.kind, f"{wanted[0]}", f"{new[0]}", "a layer for the last axis that came")
        if _input_shape(case) == shape and wanted[0] in shape:
            axis = shape.index(wanted[0])
            code = {0: f"{case.code_of(0)}.movedim({axis}, -1)"}
            yield case.with_parts(code, f"the axis of size {wanted[0]} as the last one")


def _group_cause(case: Case) -> str:
    if "channels" in case.found:
        return f"{case.found['channels']} channels cannot be put into {case.found['groups']} groups of equal size."
    return (
        f"The channels of the input {case.numbers('shape')}, its axis 1, cannot be put into {case.found['groups']} groups of "
        "equal size."
    )


def _group_fixes(case: Case) -> Iterator[ErrorFix]:
    channels = int(case.found["channels"]) if "channels" in case.found else (case.numbers("shape") + (0, 0))[1]
    groups = case.number("groups")
    fitting = next(count for count in range(min(groups, channels), 0, -1) if channels % count == 0) if channels else 1
    if not case.is_real:
        yield case.instead(f"nn.GroupNorm({fitting}, {channels})", f"{fitting} groups")
    elif case.name == "GroupNorm" and len(case.parts) > 1 and case.parts[0].value == groups:
        yield case.with_parts({0: str(fitting)}, f"{fitting} groups")
    elif case.layer is not None and case.layer.kind == "GroupNorm":
        old = case.layer.setting("num_channels")
        yield _remade(case, "GroupNorm", f"{groups}, {old}", f"{fitting}, {channels}", f"{channels} channels in {fitting}")


# --- Too small, or of another size ---


def _kernel_cause(case: Case) -> str:
    return (
        f"{_layer(case, 'The convolution')} moves a kernel of {case.found['kernel']} over an input that with its padding is "
        f"{case.found['size']}: it does not fit in once."
    )


def _kernel_fixes(case: Case) -> Iterator[ErrorFix]:
    layer, kernel = case.layer, case.numbers("kernel")
    if not case.is_real:
        yield case.instead("nn.Conv2d(in_channels, out_channels, kernel_size, padding='same')", "as large as the input")
    elif layer is not None and not layer.is_own:
        numbers = ", ".join(str(layer.setting(name)) for name in ("in_channels", "out_channels"))
        old = f"{layer.kind}({numbers}, {kernel[0]}"
        yield case.elsewhere(old, f"{old}, padding={max(kernel) // 2}", "zeros around the input")


def _pool_size_cause(case: Case) -> str:
    return (
        f"{_layer(case, 'The pooling')} makes {case.found['output']} of an input of {case.found['size']} (channels, height, "
        "width): the image has become smaller than what is pooled."
    )


def _pool_size_fixes(case: Case) -> Iterator[ErrorFix]:
    layer = case.layer
    if not case.is_real:
        yield case.instead("nn.AdaptiveMaxPool2d(1)", "one value a channel, however small the image is")
    elif layer is not None and layer.kind == "MaxPool2d" and isinstance(layer.setting("kernel_size"), int):
        old = f"MaxPool2d({layer.setting('kernel_size')}"
        yield case.elsewhere(old, "AdaptiveMaxPool2d(1", "one value a channel, however small the image is")


def _recurrent_cause(case: Case) -> str:
    wanted, came = case.found["wanted"], case.found["came"]
    return f"{_layer(case, 'The recurrent layer')} takes {wanted} features in the last axis of its input, and {came} came."


def _recurrent_fixes(case: Case) -> Iterator[ErrorFix]:
    wanted, came = case.number("wanted"), case.number("came")
    if not case.is_real:
        yield case.instead(f"nn.LSTM({came}, hidden_size)", f"a layer for {came} features")
    elif case.layer is not None and not case.layer.is_own:
        yield _remade(case, case.layer.kind, f"{wanted},", f"{came},", f"a layer for {came} features")


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


def _recurrent_rank_cause(case: Case) -> str:
    return (
        f"{_layer(case, 'A recurrent layer')} takes (length, batch, features), or (length, features) without a batch, and a "
        f"tensor with {case.found['came']} came."
    )


def _recurrent_rank_fixes(case: Case) -> Iterator[ErrorFix]:
    shape = _input_shape(case)
    if not case.is_real:
        yield case.instead("layer(x[:, None])", "if each element is a step with one feature")
    elif shape is not None and len(shape) == 1 and case.layer is not None:
        if case.layer.setting("input_size") == 1:
            yield case.with_parts({0: f"{case.code_of(0)}[:, None]"}, "each element is a step with one feature")
        if case.layer.setting("input_size") == shape[0]:
            yield case.with_parts({0: f"{case.code_of(0)}[None]"}, "one step with all the features")
    elif shape is not None and len(shape) == 4:
        yield case.with_parts({0: f"{case.code_of(0)}.flatten(2)"}, f"{shape_text((*shape[:2], shape[2] * shape[3]))}")


_MATRIX = r"\d+(?: x \d+)*"

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
            r"Given (?:groups|transposed)=\d+, (?:weight of size|weight) (?:\[[\d, ]*\]|[\d ]+), expected input(?P<shape>\[[\d, ]*\]) to "
            r"have (?P<wanted>\d+) channels, but got (?P<came>\d+) channels instead",
        ),
        "layer(x)",
        _channels_cause,
        _channels_fixes,
    ),
    Entry(
        "norm_channels",
        (r"(?:running_mean|running_var|weight) should contain (?P<came>\d+) elements not (?P<wanted>\d+)",),
        "layer(x)",
        _running_cause,
        _running_fixes,
    ),
    Entry(
        "norm_single",
        (r"Expected more than 1 value per channel when training, got input size (?:torch\.Size\()?(?P<shape>\[[\d, ]*\])",),
        "layer(x)",
        _single_cause,
        _single_fixes,
    ),
    Entry(
        "norm_shape",
        (
            r"Given normalized_shape=(?P<wanted>\[[\d, ]*\]), expected input with shape \[\*, [\d, ]*\], but got input of "
            r"size ?(?P<shape>\[[\d, ]*\])",
        ),
        "layer(x)",
        _norm_shape_cause,
        _norm_shape_fixes,
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
    ),
    Entry(
        "kernel_size",
        (
            rf"Calculated padded input size per channel: \((?P<size>{_MATRIX})\)\. Kernel size: \((?P<kernel>{_MATRIX})\)\. "
            r"Kernel size can't be greater than actual input size",
        ),
        "layer(x)",
        _kernel_cause,
        _kernel_fixes,
    ),
    Entry(
        "pool_size",
        (
            r"Given input size: \((?P<size>\d+(?:x\d+)*)\)\. Calculated output size: \((?P<output>-?\d+(?:x-?\d+)*)\)\. "
            r"Output size is too small",
        ),
        "layer(x)",
        _pool_size_cause,
        _pool_size_fixes,
    ),
    Entry(
        "recurrent_features",
        (r"input\.size\(-1\) must be equal to input_size\. Expected (?P<wanted>\d+), got (?P<came>\d+)",),
        "layer(x)",
        _recurrent_cause,
        _recurrent_fixes,
    ),
    Entry(
        "recurrent_state",
        (r"Expected hidden(?:\[\d\])? size (?P<wanted>[\[(][\d, ]*[\])]), got (?P<came>[\[(][\d, ]*[\])])",),
        "layer(x, state)",
        _hidden_cause,
        _hidden_fixes,
    ),
    Entry(
        "recurrent_rank",
        (r"(?:LSTM|GRU|RNN): Expected input to be 2D or 3D, got (?P<came>\d+)D",),
        "layer(x)",
        _recurrent_rank_cause,
        _recurrent_rank_fixes,
    ),
)
