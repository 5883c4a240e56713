"""Broken places that do no harm, each with the reason: what stands there could stand otherwise."""

_SHIFTS_ALL_COSTS = "every cost is changed alike, so their order stays"
_ONLY_THE_RANK_MATTERS = "type promotion looks at the rank of the stand-in, not at its sizes"
_AN_ESTIMATE = "an estimate, checked against files to within hundreds of bytes"
_ONLY_DIFFERENT_NAME = "it stands for what has no name among what has one, so any other name does"
_OTHER_NAMES = "the parameters of modules inside have names with dots, which are not asked for"
_A_LIMIT = "a limit against endless listing; both sides of it are tested with smaller ones"
_MORE_IS_RECORDED = "more is recorded, and no figure is changed by it"
_SORTING_ONE_LIST = "the events of one thread are in order already"
_ONLY_DIFFERENT = "it tells one call from the next, so any number does that differs"
_NUMPY_DOES_NOT_LOOK = "asked for by the protocol; NumPy does not look at it where nothing is read or written"
_BOTH_MOVE_ALIKE = "made-up addresses: both sets move alike"
_EACH_TWICE = "each place is listed twice, and counted once"
_NO_SUCH_ADDRESS = "no memory has this address"
_WITHOUT_CUDA = "there is no device whose random state could be kept"
_NEVER_EXACTLY = "no number comes to lie exactly on this limit"
_FINE_ENOUGH = "the grid is finer and wider than the digits that are asked for"
_CUT_WHERE_NEEDED = "the panels to start from; they are cut where the rules disagree"
_FOR_TYPE_CHECKERS = "only type checkers look at the name of a type variable"
_NO_NAME_HAS_A_TILDE = "strip() takes a set of characters, and no function's name has this one"

_ONLY_A_GPU_ROUNDS = "on a CPU nothing is rounded to TF32, and both errors are the same; the record of a GPU has two"
EQUIVALENT: dict[str, str] = {
    "forward_backward.py: 637: (w * w).requires_grad  ->  (w + w).requires_grad": (
        "which operation is recorded does not matter: it is beside those that are not"
    ),
    "devices.md: 151: errors[False] < 1e-05  ->  errors[False] <= 1e-05": _ONLY_A_GPU_ROUNDS,
    "devices.md: 151: errors[False] < 1e-05  ->  errors[False] < 1.00001": _ONLY_A_GPU_ROUNDS,
    "devices.md: 151: errors[False] < 1e-05  ->  errors[True] < 1e-05": _ONLY_A_GPU_ROUNDS,
    "devices.md: 153: (errors[True] > 1e-05) == rounds  ->  (errors[True] >= 1e-05) == rounds": _ONLY_A_GPU_ROUNDS,
    "devices.md: 153: (errors[True] > 1e-05) == rounds  ->  (errors[True] > 1.00001) == rounds": _ONLY_A_GPU_ROUNDS,
    "devices.md: 153: (errors[True] > 1e-05) == rounds  ->  (errors[False] > 1e-05) == rounds": _ONLY_A_GPU_ROUNDS,
    "broadcasting/fixes.py: `_SEARCH_LIMIT = 20_000  # many equal sizes give many alignments of the same shapes: past "
    "this, what was found is enough`: 20000 -> 20001": "a limit against endless searches, far beyond what is needed",
    "broadcasting/fixes.py: `heap: list[tuple[Cost, tuple[Column, ...], Cost, Shape]] = "
    "[(order(best_rest(start)), (), (0, 1), start)]`: 0 -> 1": _SHIFTS_ALL_COSTS,
    "broadcasting/fixes.py: `heap: list[tuple[Cost, tuple[Column, ...], Cost, Shape]] = "
    "[(order(best_rest(start)), (), (0, 1), start)]`: 1 -> 2": _SHIFTS_ALL_COSTS,
    "broadcasting/fixes.py: `return 0, 1`: 0 -> 1": _SHIFTS_ALL_COSTS,
    "broadcasting/fixes.py: `return 0, 1`: 1 -> 2": _SHIFTS_ALL_COSTS,
    "broadcasting/promotion.py: `return _stand_in((1,) * rank, torch.result_type(a, b))`: 1 -> 2": (
        _ONLY_THE_RANK_MATTERS
    ),
    'broadcasting/promotion.py: `return torch.empty((1,) * len(shape), dtype=dtype, device="meta")`: 1 -> 2': (
        _ONLY_THE_RANK_MATTERS
    ),
    "pages/device.py: `torch.empty(0, device=device)  # only an allocation tells whether the device is really there`: "
    "0 -> 1": "an allocation of any size tells",
    "memory/figures.py: `_FILE_BYTES, _STORAGE_BYTES, _TENSOR_BYTES = 1300, 200, 75`: 1300 -> 1301": _AN_ESTIMATE,
    "memory/figures.py: `_FILE_BYTES, _STORAGE_BYTES, _TENSOR_BYTES = 1300, 200, 75`: 200 -> 201": _AN_ESTIMATE,
    "memory/figures.py: `_FILE_BYTES, _STORAGE_BYTES, _TENSOR_BYTES = 1300, 200, 75`: 75 -> 76": _AN_ESTIMATE,
    "memory/figures.py: `first = max(storage.address, reached.get(storage.device, 0))`: 0 -> 1": _NO_SUCH_ADDRESS,
    'storage/layout.py: `return str(tensor.layout).removeprefix("torch.").strip("_")`: '
    "'_' -> '_~'": _NO_NAME_HAS_A_TILDE,
    "memory/recorder.py: `first = events[0]`: 0 -> 1": "the times are compared with one another, so any event will do",
    "report.py: `Class = TypeVar(\"Class\", bound=type)`: 'Class' -> 'Class~'": _FOR_TYPE_CHECKERS,
    "report.py: `Recorded = TypeVar(\"Recorded\")`: 'Recorded' -> 'Recorded~'": _FOR_TYPE_CHECKERS,
    "torch_internals.py: `False,  # Python stacks`: False -> True": _MORE_IS_RECORDED,
    "torch_internals.py: `False,  # input shapes`: False -> True": _MORE_IS_RECORDED,
    "torch_internals.py: `False,  # modules`: False -> True": _MORE_IS_RECORDED,
    "memory/recorder.py: `if len(by_thread) > 1:  # backward threads have lists of their own`: "
    "len(by_thread) > 1 -> len(by_thread) >= 1": _SORTING_ONE_LIST,
    "memory/recorder.py: `owner = (self._started, event.thread_id() if running else -1)`: 1 -> 2": _ONLY_DIFFERENT,
    "memory/recorder.py: `self._started = 0`: 0 -> 1": _ONLY_DIFFERENT,
    'storage/places.py: `"data": (address, True),`: True -> False': _NUMPY_DOES_NOT_LOOK,
    "storage/places.py: `\"version\": 3,`: 'version' -> 'version~'": _NUMPY_DOES_NOT_LOOK,
    'storage/places.py: `"version": 3,`: 3 -> 4': _NUMPY_DOES_NOT_LOOK,
    "initialization/structure.py: `_INPUT = \"\"`: '' -> '~'": _ONLY_DIFFERENT_NAME,
    "initialization/structure.py: `found, seen, waiting = set(), set(), [(node, \"\")]`: '' -> '~'": (
        _ONLY_DIFFERENT_NAME
    ),
    'initialization/fans.py: `weight = dict(module.named_parameters(recurse=False)).get("weight")`: False -> True': (
        _OTHER_NAMES
    ),
    'initialization/norms.py: `vector = dict(module.named_parameters(recurse=False)).get("weight")`: False -> True': (
        _OTHER_NAMES
    ),
    "broadcasting/squeezes.py: `_SEARCH_LIMIT = 2_000  # many axes of size 1 can be removed in many ways: past this, "
    "what was found is enough`: 2000 -> 2001": _A_LIMIT,
    "storage/meeting.py: `LISTED_AT_MOST = 1 << 22`: 1 -> 2": _A_LIMIT,
    "storage/meeting.py: `LISTED_AT_MOST = 1 << 22`: 22 -> 23": _A_LIMIT,
    "storage/places.py: `LISTED_AT_MOST = 1 << 20`: 1 -> 2": _A_LIMIT,
    "storage/places.py: `LISTED_AT_MOST = 1 << 20`: 20 -> 21": _A_LIMIT,
    "storage/places.py: `places = np.zeros(1, np.int64)`: 1 -> 2": _EACH_TWICE,
    "storage/places.py: `return np.asarray(_Layout(1 + places.start - first, places.axes))`: "
    "1 + places.start - first -> 1 + places.start + first": _BOTH_MOVE_ALIKE,
    "storage/places.py: `return np.asarray(_Layout(1 + places.start - first, places.axes))`: 1 -> 2": _BOTH_MOVE_ALIKE,
    'broadcasting/operations.py: `name = func.__name__.strip("_").removeprefix("special_")`: '
    "'_' -> '_~'": _NO_NAME_HAS_A_TILDE,
    "calling.py: `return name.strip(\"_\") if name.startswith(\"__\") else name`: '_' -> '_~'": (_NO_NAME_HAS_A_TILDE),
    "calling.py: `cuda = range(torch.cuda.device_count()) if initialized else ()`: "
    "range(torch.cuda.device_count()) if initialized else () -> () if initialized else "
    "range(torch.cuda.device_count())": _WITHOUT_CUDA,
    "autograd/storages.py: `if not self._before.keys() >= unknown:`: self._before.keys() >= unknown -> "
    "self._before.keys() > unknown": "one more look at what is young, which changes nothing",
    "autograd/storages.py: `if len(self._known) > self._forget_at:`: len(self._known) > self._forget_at -> "
    "len(self._known) >= self._forget_at": _A_LIMIT,
    "autograd/difference.py: `more = f\"{bytes_text(abs(first - second))} {'more' if first > second else 'less'}\"`: "
    "first > second -> first >= second": "equal totals never come here",
    "autograd/report.py: `kept_by = f\"{tensor.node}.{tensor.field}\".strip(\".\")`: '.' -> '.~'": _NO_NAME_HAS_A_TILDE,
    'storage/chunks.py: `torch.empty(0, device="meta").view(shape)`: 0 -> 1': (
        "a size below -1 is refused however many elements there are"
    ),
    "signals/correlation_map.py: `_REACH, _PANELS = 8, 32  # of the grid on which expectations over two variables are "
    "computed`: 8 -> 9": _FINE_ENOUGH,
    "signals/correlation_map.py: `if slope_at_one <= 1 + AT_ONE:  # inputs become alike`: slope_at_one <= 1 + AT_ONE "
    "-> slope_at_one < 1 + AT_ONE": _NEVER_EXACTLY,
    "signals/correlation_map.py: `if self(0.0) <= _ROUNDING:  # an odd activation without biases: inputs become "
    "independent`: self(0.0) <= _ROUNDING -> self(0.0) < _ROUNDING": _NEVER_EXACTLY,
    "signals/correlation_map.py: `if self(_NEARLY_ONE) >= _NEARLY_ONE:  # it settles closer to 1 than can be told`: "
    "self(_NEARLY_ONE) >= _NEARLY_ONE -> self(_NEARLY_ONE) > _NEARLY_ONE": _NEVER_EXACTLY,
    "signals/correlation_map.py: `second = (correlation * first)[:, None] + own * first  # the only step on the whole "
    "grid, with its function`: "
    "(correlation * first)[:, None] + own * first -> (correlation * first)[:, None] - own * first": (
        "the distribution of z is symmetric"
    ),
    "signals/critical_point.py: `_MOMENTS = 107  # tried in the search for critical points, from 1e-8 to 1e8: each is "
    "sqrt(2) times the one before`: 107 -> 108": _FINE_ENOUGH,
    "signals/critical_point.py: `if all(abs(_growth(found, q) - 1) <= EQUAL for q in (smallest, 1.0, largest)):`: "
    "abs(_growth(found, q) - 1) <= EQUAL -> abs(_growth(found, q) - 1) < EQUAL": _NEVER_EXACTLY,
    "signals/critical_point.py: `if all(abs(_growth(found, q) - 1) <= EQUAL for q in (smallest, 1.0, largest)):`: "
    "1.0 -> 2.0": ("any place between the ends will do"),
    "signals/critical_point.py: `return at_q(beside) <= beside * (1 + EQUAL)`: at_q(beside) <= beside * (1 + EQUAL) "
    "-> at_q(beside) < beside * (1 + EQUAL)": _NEVER_EXACTLY,
    "signals/critical_point.py: `if found.sigma_b == 0 and abs(_excess(found, smallest)) <= _AT_ZERO:`: "
    "abs(_excess(found, smallest)) <= _AT_ZERO -> abs(_excess(found, smallest)) < _AT_ZERO": _NEVER_EXACTLY,
    "signals/critical_point.py: `if first < math.inf and (first > 0) != (second > 0):`: first > 0 -> first >= 0": (
        _NEVER_EXACTLY
    ),
    "signals/critical_point.py: `if first < math.inf and (first > 0) != (second > 0):`: second > 0 -> second >= 0": (
        _NEVER_EXACTLY
    ),
    "signals/expectation.py: `_HALVINGS = 60  # panels close to zero, each half as wide as the one before: what "
    "happens there is seen at any scale`: 60 -> 61": _FINE_ENOUGH,
    "signals/expectation.py: `_PANELS_AT_MOST = 100_000  # at a time`: 100000 -> 100001": _A_LIMIT,
    "signals/expectation.py: `if len(starts) > _PANELS_AT_MOST:`: len(starts) > _PANELS_AT_MOST -> "
    "len(starts) >= _PANELS_AT_MOST": _A_LIMIT,
    "signals/expectation.py: `narrow = ends - starts <= _NARROWEST * torch.maximum(starts.abs(), ends.abs())`: "
    "ends - starts <= _NARROWEST * torch.maximum(starts.abs(), ends.abs()) -> "
    "ends - starts < _NARROWEST * torch.maximum(starts.abs(), ends.abs())": _NEVER_EXACTLY,
    **dict.fromkeys(
        (
            "signals/expectation.py: `positive = torch.cat([torch.logspace(-_HALVINGS, 0, 1 + _HALVINGS, base=2), "
            f"torch.arange(2, _REACH + 1)]).double()`: {change}"
            for change in ("1 -> 2", "2 -> 3")
        ),
        _CUT_WHERE_NEEDED,
    ),
    "signals/expectation.py: `edges = torch.cat([-positive.flip(0), torch.zeros(1), positive])`: 1 -> 2": (
        "one panel more, of no width"
    ),
    "signals/expectation.py: `if float(panels[0].abs() + panels[-1].abs()) > max(_NEGLIGIBLE * scale, _NEVER):`: "
    "float(panels[0].abs() + panels[-1].abs()) > max(_NEGLIGIBLE * scale, _NEVER) -> "
    "float(panels[0].abs() + panels[-1].abs()) >= max(_NEGLIGIBLE * scale, _NEVER)": _NEVER_EXACTLY,
    "signals/critical_point.py: `_BESIDE, _BESIDE_ZERO = 1.01, 1e-4  # times a fixed point, and the place beside 0`: "
    "1.01 -> 2.01": "a place beside the fixed point; which one is of no matter",
    "signals/pictures.py: `return 1 / _LARGEST < value < _LARGEST`: 1 / _LARGEST < value < _LARGEST -> "
    "1 / _LARGEST <= value < _LARGEST": _NEVER_EXACTLY,
    "signals/pictures.py: `return 1 / _LARGEST < value < _LARGEST`: 1 / _LARGEST < value < _LARGEST -> "
    "1 / _LARGEST < value <= _LARGEST": _NEVER_EXACTLY,
    "signals/variance_map.py: `_LARGEST, _SMALLEST = 1e8, 1e-8  # second moments beyond these count as infinite, and "
    "as zero`: 100000000.0 -> 100000001.0": _A_LIMIT,
    **dict.fromkeys(
        (
            "signals/variance_map.py: `_FACTOR, _STEPS = 1.19, 107  # of the search for a fixed point, from 1: "
            f"1.19**106 is the largest, 1e8`: {change}"
            for change in ("1.19 -> 2.19", "107 -> 108")
        ),
        _FINE_ENOUGH,
    ),
    "signals/variance_map.py: `_HALVINGS = 60  # of the interval in which a function changes its sign: more than a "
    "number has digits`: 60 -> 61": _FINE_ENOUGH,
    "signals/variance_map.py: `return 0 if abs(change) <= EQUAL * q else int(math.copysign(1, change))`: "
    "abs(change) <= EQUAL * q -> abs(change) < EQUAL * q": _NEVER_EXACTLY,
    "signals/variance_map.py: `rising = function(high) > 0`: function(high) > 0 -> function(high) >= 0": _NEVER_EXACTLY,
    "signals/variance_map.py: `if (function(middle) > 0) == rising:`: function(middle) > 0 -> function(middle) >= 0": (
        _NEVER_EXACTLY
    ),
    "signals/propagation.py: `_OVERFLOW = 1e75  # second moments beyond it are given as infinite: it is about the "
    "square of float32's largest number`: 1e+75 -> 1e+75": "a number so large does not change when 1 is added",
    "signals/propagation.py: `moments.append(self._map(moments[-1]) if moments[-1] < _OVERFLOW else math.inf)`: "
    "moments[-1] < _OVERFLOW -> moments[-1] <= _OVERFLOW": _NEVER_EXACTLY,
    "signals/propagation.py: `if any(at > _OVERFLOW for at, _ in points):`: at > _OVERFLOW -> "
    "at >= _OVERFLOW": _NEVER_EXACTLY,
    "signals/propagation.py: `return self.slope <= 1 + AT_ONE`: self.slope <= 1 + AT_ONE -> self.slope < 1 + AT_ONE": (
        _NEVER_EXACTLY
    ),
    "signals/propagation.py: `if abs(self.chi - 1) <= AT_ONE:`: "
    "abs(self.chi - 1) <= AT_ONE -> abs(self.chi - 1) < AT_ONE": (_NEVER_EXACTLY),
    'signals/propagation.py: `return "ordered" if self.chi < 1 else "chaotic"`: self.chi < 1 -> self.chi <= 1': (
        "1 itself is critical"
    ),
    "signals/propagation.py: `return math.inf if abs(slope - 1) <= AT_ONE else -1 / math.log(slope)`: "
    "abs(slope - 1) <= AT_ONE -> abs(slope - 1) < AT_ONE": _NEVER_EXACTLY,
}
