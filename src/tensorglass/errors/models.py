"""Files of weights that do not fit a model, or that are not loaded for safety."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator

from .entry import Case, Entry
from .operand import ErrorFix

_PAGE = "auto_examples/errors/load_checkpoint.html"
_WRAPPERS = {"module": "DataParallel", "_orig_mod": "torch.compile"}
_FIRST_OF_TEXTS = "<v{#"  # of a web page, a pointer of Git LFS, a JSON file, a script
# What Python itself brings that is called and is no class.
_BUILT_IN = frozenset(name for name, each in vars(builtins).items() if callable(each) and not isinstance(each, type))
# Names under which a checkpoint has its weights, beside a number of epochs and the like.
_NESTED = ("state_dict", "model_state_dict", "model_state", "model", "net", "weights")


def _keys(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text)


def _prefix(case: Case) -> tuple[str, bool] | None:
    """Return the prefix by which the names differ, and whether the file has it rather than the model."""
    missing, unexpected = _keys(case.found.get("missing", "")), _keys(case.found.get("unexpected", ""))
    for one, other, in_file in ((unexpected, missing, True), (missing, unexpected, False)):
        for key in other if one else ():
            if one[0].endswith(f".{key}"):
                prefix = one[0].removesuffix(key)
                if all(name.startswith(prefix) for name in one):
                    return prefix, in_file
    return None


def _nested(case: Case) -> str | None:
    """Return the name under which the file has the weights, if what was given is a whole checkpoint."""
    unexpected = _keys(case.found.get("unexpected", ""))
    return next((name for name in _NESTED if name in unexpected), None)


def _in_the_middle(case: Case) -> str | None:
    """Return what a wrapper around a part put into the middle of names of the file, if the rest are the model's."""
    missing, unexpected = _keys(case.found.get("missing", "")), _keys(case.found.get("unexpected", ""))
    for name in _WRAPPERS:
        if missing and sorted(missing) == sorted(key.replace(f"{name}.", "") for key in unexpected):
            return f"{name}."
    return None


def _keys_cause(case: Case) -> str:
    missing, unexpected = _keys(case.found.get("missing", "")), _keys(case.found.get("unexpected", ""))
    found = _prefix(case)
    if found is not None:
        prefix, in_file = found
        wrappers = [_WRAPPERS[part] for part in prefix.split(".") if part in _WRAPPERS]
        who = " in ".join(wrappers[::-1]) or "a module around the model"
        where = "file" if in_file else "model"
        return f"The names differ by the prefix `{prefix}`, which those of the {where} have: {who} puts it there."
    middle, nested = _in_the_middle(case), _nested(case)
    if middle is not None:
        who = _WRAPPERS[middle[:-1]]
        return f"Names of the file have `{middle}` in their middle, which {who} around a part of the model puts there."
    if nested is not None:
        return f"This is a checkpoint with more than the weights: these seem to stand under `{nested}`."
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
    middle = _in_the_middle(case)
    if found is not None or middle is not None:
        names = f'key.replace("{middle}", "")'
        if found is not None:
            prefix, in_file = found
            names = f'key.removeprefix("{prefix}")' if in_file else f'f"{prefix}{{key}}"'
        code = f"{{{names}: value for key, value in {state}.items()}}"
        if method:
            yield case.with_parts({position: code}, "the names as the model has them")
        else:
            yield case.instead(f"model.load_state_dict({code})", "the names as the model has them")
    elif _nested(case) is not None:
        code = f'{state}["{_nested(case)}"]'
        if method:
            yield case.with_parts({position: code}, "the weights alone")
        else:
            yield case.instead(f"model.load_state_dict({code})", "the weights alone")
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
    known = f"k in {model}.state_dict() and " if "Unexpected key(s)" in case.message else ""
    kept = f"{{k: v for k, v in {state}.items() if {known}{model}.state_dict()[k].shape == v.shape}}"
    result = "what has the same shape is loaded, the rest stays as it was initialized"
    yield case.instead(f"{model}.load_state_dict({kept}, strict=False)", result)


def _runs_code(case: Case) -> bool:
    """Return whether what the file asks for is a function of Python that could run anything, or is blocked as such."""
    name = case.found.get("name")
    if name is None or "is blocked" in case.message:
        return name is not None
    return name.removeprefix("__builtin__.").removeprefix("builtins.") in _BUILT_IN


def _is_no_file(case: Case) -> bool:
    """Return whether the first byte of the file is none that a file of torch begins with, such as the < of a page."""
    first = case.found.get("byte")
    return first is not None and chr(int(first)) in _FIRST_OF_TEXTS


def _weights_only_cause(case: Case) -> str:
    if _is_no_file(case):
        begins = chr(int(case.found["byte"]))
        return (
            f"This is no file of `torch.save`: it begins with `{begins}`, as a web page, a pointer of Git LFS or a "
            "JSON file does. The download gave another file."
        )
    if _runs_code(case):
        return (
            f"This file calls `{case.found['name']}` when it is read, which is no class but a function that can run "
            "any code. `torch.load` refused it, and ran nothing."
        )
    held = f"`{case.found['name']}`" if case.found.get("name") else "others, such as a whole model"
    return (
        "Since torch 2.6 `torch.load` reads tensors and plain containers alone, since a file with other objects can "
        f"run any code; this one holds {held}."
    )


def _weights_only_fixes(case: Case) -> Iterator[ErrorFix]:
    if _is_no_file(case):
        yield ErrorFix("open(path, 'rb').read(80)", "what the file begins with; then download it again")
        return
    name = case.found.get("name")
    if _runs_code(case):
        code = "torch.serialization.get_unsafe_globals_in_checkpoint(path)"
        yield ErrorFix(code, "all that the file would call: do not load it, unless you made it yourself")
        return
    if name:
        result = "allowed, from here on: only a class that you know, and never a function; the file may hold others"
        yield ErrorFix(f"torch.serialization.add_safe_globals([{name}])", result)
    everything = "everything in the file: only if you trust who made it"
    if not case.is_real:
        yield case.instead("torch.load(path, weights_only=False)", everything)
    elif case.name == "load" and "weights_only" not in case.expression.keywords:
        text = case.expression.text.rstrip()
        yield case.instead(f"{text[:-1]}, weights_only=False)", everything)


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
        f"{_PAGE}#size-mismatch-for",
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
        f"{_PAGE}#short-answer",
    ),
    Entry(
        "weights_only",
        (
            r"(?s)Weights only load failed(?!.*CUDA error).*?WeightsUnpickler error: Unsupported operand (?P<byte>\d+)",
            r"(?s)Weights only load failed(?!.*CUDA error).*?GLOBAL (?P<name>[\w.]+) was not an allowed global",
            r"(?s)Weights only load failed.*?unsupported GLOBAL (?P<name>[\w.]+) whose module \w+ is blocked",
            r"(?s)Weights only load failed(?!.*CUDA error)",
            r"WeightsUnpickler error: Unsupported",
        ),
        "torch.load(path)",
        _weights_only_cause,
        _weights_only_fixes,
        f"{_PAGE}#weights-only-load-failed",
    ),
)
