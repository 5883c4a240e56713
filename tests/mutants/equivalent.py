"""Broken places that do no harm, each with the reason: what stands there could stand otherwise."""

_SHIFTS_ALL_COSTS = "every cost is changed alike, so their order stays"
_ONLY_THE_RANK_MATTERS = "type promotion looks at the rank of the stand-in, not at its sizes"
_NO_NAME_HAS_A_TILDE = "strip() takes a set of characters, and no function's name has this one"

EQUIVALENT: dict[str, str] = {
    "alignment.py: `_SEARCH_LIMIT = 20_000  # many equal sizes give many alignments of the same shapes: past this, "
    "what was found is enough`: 20000 -> 20001": "a limit against endless searches, far beyond what is needed",
    "alignment.py: `heap: list[tuple[Cost, tuple[Column, ...], Cost, Shape]] = "
    "[(order(best_rest(start)), (), (0, 1), start)]`: 0 -> 1": _SHIFTS_ALL_COSTS,
    "alignment.py: `heap: list[tuple[Cost, tuple[Column, ...], Cost, Shape]] = "
    "[(order(best_rest(start)), (), (0, 1), start)]`: 1 -> 2": _SHIFTS_ALL_COSTS,
    "alignment.py: `return 0, 1`: 0 -> 1": _SHIFTS_ALL_COSTS,
    "alignment.py: `return 0, 1`: 1 -> 2": _SHIFTS_ALL_COSTS,
    'broadcasting.py: `return torch.empty((1,) * rank, dtype=torch.result_type(a, b), device="meta")`: 1 -> 2': (
        _ONLY_THE_RANK_MATTERS
    ),
    'broadcasting.py: `return torch.empty((1,) * tensor.dim(), dtype=tensor.dtype, device="meta")`: 1 -> 2': (
        _ONLY_THE_RANK_MATTERS
    ),
    "device.py: `torch.empty(0, device=device)  # only an allocation tells whether the device is really there`: "
    "0 -> 1": "an allocation of any size tells",
    "watching.py: `name = func.__name__.strip(\"_\").removeprefix(\"special_\")`: '_' -> '_~'": _NO_NAME_HAS_A_TILDE,
    "watching.py: `return name.strip(\"_\") if name.startswith(\"__\") else name`: '_' -> '_~'": _NO_NAME_HAS_A_TILDE,
}
