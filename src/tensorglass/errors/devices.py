"""Tensors on different devices, and devices that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .entry import Case, Entry
from .operand import ErrorFix
from .reading import described, is_tensor

_PAGE = "auto_examples/errors/out_of_memory.html"
_NO_GPU = f"{_PAGE}#more-torch-not-compiled-with-cuda-enabled-found-no-nvidia-driver"


def _same_cause(case: Case) -> str:
    a, b = case.found.get("a", "one"), case.found.get("b", "another")
    argument = f" (its argument `{case.found['argument']}`)" if case.found.get("argument") else ""
    layer = case.layer
    if layer is not None and not layer.is_own and _device(layer.setting("weight")) not in (None, _device(layer.input)):
        return (
            f"The layer {layer.shown} has its weights on {_device(layer.setting('weight'))}, and its input is on "
            f"{_device(layer.input)}: nothing is moved unasked."
        )
    return f"An operation{argument} works on one device, and its tensors are on {a} and {b}: nothing is moved unasked."


def _device(value: object) -> str | None:
    return described("", value).device


def _same_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.to(model_device)", "the tensor on the device where the model is")
        yield case.instead("model.to(x.device)", "the model on the device where the tensor is")
        return
    layer, callee = case.layer, case.expression.callee
    if layer is not None and callee is not None and not layer.is_own:
        weight = layer.setting("weight")
        if callee.value is layer.module and is_tensor(weight) and case.parts and case.parts[0].value is layer.input:
            yield case.with_parts(
                {0: f"{case.code_of(0)}.to({callee.text}.weight.device)"}, "the input where the layer is"
            )
        return
    devices = [_device(part.value) for part in case.parts]
    known = [(i, device) for i, device in enumerate(devices) if device is not None]
    if len({device for _, device in known}) == 2:
        first = known[0]
        other = next(item for item in known if item[1] != first[1])
        code = {other[0]: f"{case.code_of(other[0])}.to({case.code_of(first[0])}.device)"}
        yield case.with_parts(code, f"both on {first[1]}")


def _numpy_cause(case: Case) -> str:
    return (
        f"NumPy reads the computer's own memory, and {case.shown(0, 'the tensor')} is on {case.found['device']}; it "
        "has to be copied first."
    )


def _numpy_fixes(case: Case) -> Iterator[ErrorFix]:
    if case.found["device"].startswith("meta"):
        if case.is_real and case.expression.is_method and case.name == "numpy":
            code = f"torch.empty_like({case.parts[0].text}, device='cpu').numpy()"
            yield case.instead(code, "an array of that shape, not filled: a tensor on meta has no numbers")
    elif (
        not case.is_real
        or (case.expression.is_method and case.name == "numpy")
        or (len(case.parts) >= 1 and is_tensor(case.parts[0].value))
    ):
        yield case.with_parts({0: f"{case.code_of(0)}.cpu()"}, "an array with a copy of the numbers")


_EMPTY = "memory for weights and buffers, which are all to be loaded or set then"


def _meta_cause(case: Case) -> str:
    return "A tensor on the device meta has a shape and no numbers, so that there is nothing to copy."


def _meta_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("model.to_empty(device='cpu')", _EMPTY)
    elif case.expression.is_method and case.name in {"cpu", "cuda"} and case.shape(0) is not None:
        code = f"torch.empty_like({case.parts[0].text}, device='{case.name}')"
        yield case.instead(code, "memory of that shape, not filled")
    elif case.name == "to" and case.parts and not case.expression.is_method:
        code = case.expression.text.replace(".to(", ".to_empty(device=", 1)
        yield case.instead(code, _EMPTY)


def _assert_cause(case: Case) -> str:
    return (
        "A check inside a GPU kernel failed, most often an index or a class out of range, in an operation before "
        "this line: the GPU works on while Python goes on."
    )


def _assert_fixes(case: Case) -> Iterator[ErrorFix]:
    yield ErrorFix("CUDA_LAUNCH_BLOCKING=1 python script.py", "the same error at the line that caused it")
    yield ErrorFix("loss(output.cpu(), target.cpu())", "on the CPU, where the error comes at its own line")


# --- Devices that are not there ---


def _cuda_cause(case: Case) -> str:
    return "This torch was installed without CUDA, so that it knows no GPU of NVIDIA."


def _driver_cause(case: Case) -> str:
    return "No driver of an NVIDIA GPU was found on this computer, so that torch can use none."


def _cuda_fixes(case: Case) -> Iterator[ErrorFix]:
    chosen = '"cuda" if torch.cuda.is_available() else "cpu"'
    if not case.is_real:
        yield case.instead(f"device = {chosen}", "a GPU where there is one, the CPU elsewhere")
    elif case.name == "cuda":
        place = case.expression.text.rfind(".cuda(")
        yield case.instead(
            f"{case.expression.text[:place]}.to({chosen})", "on a GPU where there is one, the CPU elsewhere"
        )
    else:
        text = re.sub(r"""(['"])cuda(:\d+)?\1""", chosen, case.expression.text, count=1)
        if text != case.expression.text:
            yield case.instead(text, "on a GPU where there is one, the CPU elsewhere")


def _map_cause(case: Case) -> str:
    return "The file says that its tensors were on a GPU, and torch finds none here to put them on."


def _map_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.load(path, map_location='cpu')", "the tensors on the CPU")
    elif case.name == "load" and "map_location" not in case.expression.keywords:
        yield case.instead(f"{case.expression.text.rstrip()[:-1]}, map_location='cpu')", "the tensors on the CPU")


_DEVICE = r"[a-z]+(?::\d+)?"

ENTRIES = (
    Entry(
        "same_device",
        (
            rf"Expected all tensors to be on the same device, but found at least two devices, (?P<a>{_DEVICE}) and "
            rf"(?P<b>{_DEVICE})!?(?: \(when checking argument for argument (?P<argument>\w+) in method \w+\))?",
            rf"Expected all tensors to be on the same device, but got (?P<argument>\w+) is on (?P<a>{_DEVICE}), "
            r"different from "
            rf"other tensors on (?P<b>{_DEVICE})",
            rf"Tensor on device (?P<a>{_DEVICE}) is not on the expected device (?P<b>{_DEVICE})",
            rf"found at least two devices, (?P<a>{_DEVICE}) and (?P<b>{_DEVICE})",
            r"Expected all tensors to be on the same device",
            rf"indices should be either on (?:cpu|{_DEVICE}) or on the same device as the indexed tensor "
            rf"\((?P<a>{_DEVICE})\)",
            r"Expected object of device type (?P<a>\w+) but got device type (?P<b>\w+) for argument",
            r"Attempted to call `?\w+\(\)`? .{0,40}tensors on different devices",
        ),
        "a @ b",
        _same_cause,
        _same_fixes,
        f"{_PAGE}#expected-all-tensors-to-be-on-the-same-device",
    ),
    Entry(
        "numpy_device",
        (rf"can't convert (?P<device>{_DEVICE}|CUDA) (?:device type )?tensor to numpy",),
        "x.numpy()",
        _numpy_cause,
        _numpy_fixes,
        f"{_PAGE}#more-can-t-convert-cuda-0-device-type-tensor-to-numpy",
    ),
    Entry(
        "meta_copy",
        (r"Cannot copy out of meta tensor; no data!",),
        "model.to('cpu')",
        _meta_cause,
        _meta_fixes,
        f"{_PAGE}#more-cannot-copy-out-of-meta-tensor-no-data",
    ),
    Entry(
        "device_assert",
        (r"CUDA error: device-side assert triggered", r"device-side assert triggered"),
        "f(x)",
        _assert_cause,
        _assert_fixes,
        f"{_PAGE}#more-cuda-error-device-side-assert-triggered",
    ),
    Entry("no_cuda", (r"Torch not compiled with CUDA enabled",), "x.cuda()", _cuda_cause, _cuda_fixes, _NO_GPU),
    Entry("no_driver", (r"Found no NVIDIA driver on your system",), "x.cuda()", _driver_cause, _cuda_fixes, _NO_GPU),
    Entry(
        "map_location",
        (
            r"Attempting to deserialize object on a CUDA device but torch\.cuda\.is_available\(\) is False",
            r"Attempting to deserialize object on CUDA device \d+ but torch\.cuda\.device_count\(\) is \d+",
        ),
        "torch.load(path)",
        _map_cause,
        _map_fixes,
        "auto_examples/errors/load_checkpoint.html#more-attempting-to-deserialize-object-on-a-cuda-device",
    ),
)
