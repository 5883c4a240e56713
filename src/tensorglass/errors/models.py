"""Files of weights that do not fit a model, or that are not loaded for safety."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .entry import Case, Entry
from .operand import ErrorFix

_PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "net.")


def _keys(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text)


def _prefix(case: Case) -> tuple[str, bool] | None:
    """Return the prefix by which the names differ, and whether the file has it rather than the model."""
    missing, unexpected = _keys(case.found.get("missing", "")), _keys(case.found.get("unexpected", ""))
    for one, other, in_file in ((unexpected, missing, True), (missing, unexpected, False)):
        for prefix in _PREFIXES:
            stripped = {key.removeprefix(prefix) for key in one if key.startswith(prefix)}
            if len(stripped) == len(one) and stripped & set(other):
                return prefix, in_file
    return None


def _keys_cause(case: Case) -> str:
    missing, unexpected = _keys(case.found.get("missing", "")), _keys(case.found.get("unexpected", ""))
    found = _prefix(case)
    if found is not None:
        prefix, in_file = found
        who = {"module.": "DataParallel", "_orig_mod.": "torch.compile"}.get(prefix, "a module around the model")
        where = "file" if in_file else "model"
        return f"The names differ by the prefix `{prefix}`, which those of the {where} have: {who} puts it there."
    parts = []
    if missing:
        parts.append(f"the file lacks `{missing[0]}`{_others(missing)}, which the model has")
    if unexpected:
        parts.append(f"the file has `{unexpected[0]}`{_others(unexpected)}, which the model lacks")
    return f"File and model are of different models: {', and '.join(parts) or 'their names differ'}."


def _others(keys: list[str]) -> str:
    return f" and {len(keys) - 1} more" if len(keys) > 1 else ""


def _keys_fixes(case: Case) -> Iterator[ErrorFix]:
    found, state = _prefix(case), "state_dict"
    method = case.is_real and case.name == "load_state_dict" and bool(case.parts)
    if method:
        state = case.parts[-1].text if case.expression.is_method else case.parts[0].text
    elif case.is_real:
        return
    position = len(case.parts) - 1 if method and case.expression.is_method else 0
    if found is not None:
        prefix, in_file = found
        names = f'key.removeprefix("{prefix}")' if in_file else f'f"{prefix}{{key}}"'
        code = f"{{{names}: value for key, value in {state}.items()}}"
        if method:
            yield case.with_parts({position: code}, "the names as the model has them")
        else:
            yield case.instead(f"model.load_state_dict({code})", "the names as the model has them")
    else:
        text = case.expression.text.rstrip() if method else "model.load_state_dict(state_dict)"
        if "strict" not in text:
            yield case.instead(f"{text[:-1]}, strict=False)", "what both have is loaded, the rest stays as it is")


def _size_cause(case: Case) -> str:
    names = re.findall(r"size mismatch for ([\w.]+):", case.message)
    more = f" ({len(names)} weights differ)" if len(names) > 1 else ""
    return (
        f"The weight `{case.found['name']}` has shape {case.numbers('file')} in the file and {case.numbers('model')} "
        f"in the model: the model is not made as it was when it was saved{more}."
    )


def _size_fixes(case: Case) -> Iterator[ErrorFix]:
    model, state = "model", "state_dict"
    if case.is_real:
        callee = case.expression.callee
        if case.name != "load_state_dict" or len(case.parts) != 1 or callee is None:
            return
        model, state = callee.text.removesuffix(".load_state_dict"), case.parts[0].text
    kept = f"{{k: v for k, v in {state}.items() if {model}.state_dict()[k].shape == v.shape}}"
    result = "what has the same shape is loaded, the rest stays as it is drawn"
    yield case.instead(f"{model}.load_state_dict({kept}, strict=False)", result)


def _weights_only_cause(case: Case) -> str:
    return (
        "Since torch 2.6 `torch.load` reads tensors and plain containers alone, since a file with other objects can "
        "run any code; this one holds others, such as a whole model."
    )


def _weights_only_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead(
            "torch.load(path, weights_only=False)", "everything in the file: only if you trust who made it"
        )
    elif case.name == "load" and "weights_only" not in case.expression.keywords:
        text = case.expression.text.rstrip()
        yield case.instead(f"{text[:-1]}, weights_only=False)", "everything in the file: only if you trust who made it")


_SHAPE = r"(?:torch\.Size\()?(?P<{}>\[[\d, ]*\])\)?"
_FILE, _MODEL = _SHAPE.format("file"), _SHAPE.format("model")

ENTRIES = (
    Entry(
        "state_size",
        (
            rf"size mismatch for (?P<name>[\w.]+): copying a param with shape {_FILE} from checkpoint, the shape in "
            r"current "
            rf"model is {_MODEL}",
            rf"size mismatch for (?P<name>[\w.]+): copying a param of {_FILE} from checkpoint, where the shape is "
            rf"{_MODEL} in "
            r"current model",
        ),
        "model.load_state_dict(state_dict)",
        _size_cause,
        _size_fixes,
    ),
    Entry(
        "state_keys",
        (
            r"Missing key\(s\) in state_dict: (?P<missing>(?:\"[^\"]*\"[,.]? ?)+)(?:\s*Unexpected key\(s\) in "
            r"state_dict: "
            r"(?P<unexpected>(?:\"[^\"]*\"[,.]? ?)+))?",
            r"Unexpected key\(s\) in state_dict: (?P<unexpected>(?:\"[^\"]*\"[,.]? ?)+)",
            r"Missing key\(s\) in state_dict",
            r"Error\(s\) in loading state_dict for \w+",
        ),
        "model.load_state_dict(state_dict)",
        _keys_cause,
        _keys_fixes,
    ),
    Entry(
        "weights_only",
        (r"(?s)Weights only load failed(?!.*CUDA error)", r"WeightsUnpickler error: Unsupported"),
        "torch.load(path)",
        _weights_only_cause,
        _weights_only_fixes,
    ),
)
