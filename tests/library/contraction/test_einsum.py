"""einsum against torch.einsum: values, dtypes, rejections, gradients, and everything that torch can wrap around it."""

import itertools
import random
import sys
import threading
from collections import Counter

import pytest
import torch
from compiled import compiled
from random_equations import MALFORMED, random_case
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.overrides import TorchFunctionMode

from tensorglass import EinsumError, einsum, plan_einsum, watch_broadcasts

module = sys.modules[einsum.__module__]
KINDS = {
    "matrix product": ("ij,jk->ik", [(3, 4), (4, 5)]),
    "batched": ("bij,bjk->bki", [(2, 3, 4), (2, 4, 5)]),
    "batched vector": ("bij,bj->bi", [(2, 3, 4), (2, 4)]),
    "vector": ("ij,j->i", [(3, 4), (4,)]),
    "dot": ("ij,ij->", [(3, 4), (3, 4)]),
    "few columns": ("ij,jk->ik", [(64, 16), (16, 2)]),
    "rows": ("bi,bi->b", [(3, 16), (3, 16)]),
    "short rows": ("bi,bi->b", [(3, 2), (3, 2)]),
    "broadcast batch": ("jk,ijkl->il", [(8, 8), (2, 8, 8, 2)]),
    "elementwise": ("i,ij->ji", [(3,), (3, 4)]),
    "sum": ("ijk->j", [(2, 3, 4)]),
    "diagonal": ("ii,i->i", [(3, 3), (3,)]),
    "view": ("ij->ji", [(3, 4)]),
    "copies": ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 3, 2, 4)]),
    "stretched": ("ij,jk->ik", [(3, 1), (4, 5)]),
    "four operands": ("ij,jk,kl,jk->il", [(3, 3)] * 4),
}
by_kind = pytest.mark.parametrize(("equation", "shapes"), KINDS.values(), ids=KINDS)


def operands_of(shapes, dtype=torch.float64, requires_grad=False):
    torch.manual_seed(0)
    return [torch.randn(shape, dtype=dtype, requires_grad=requires_grad) for shape in shapes]


def outcome(function, arguments):
    try:
        return function(*arguments)
    except (RuntimeError, ValueError, LookupError) as error:  # opt_einsum's errors come through torch.einsum
        return error


def both_ran(expected, result, shown):
    """Tell whether torch ran it. Then ours must have, and if torch refused it, so must ours."""
    wanted = EinsumError if isinstance(expected, Exception) else torch.Tensor
    assert isinstance(result, wanted), shown
    return wanted is torch.Tensor


def compare(cases, seed):
    """Compare random cases, float64 and some of other dtypes; return how many were valid, and the features seen."""
    rng, features, valid = random.Random(seed), Counter(), 0
    generator = torch.Generator().manual_seed(seed)
    for _ in range(cases):
        case = random_case(rng)
        features.update(case.features)
        dtype = rng.choice([torch.float64] * 6 + [torch.float32, torch.complex64, torch.int64, torch.bool])
        draws = [torch.randint(-3, 4, shape, generator=generator) for shape in case.shapes]
        operands = [draw.to(dtype) for draw in draws]
        expected, result = outcome(torch.einsum, case.arguments(operands)), outcome(einsum, case.arguments(operands))
        shown = f"{case.equation!r} {case.shapes} {dtype}: {expected!r}, {result!r}"
        if not both_ran(expected, result, shown):
            continue
        valid += 1
        assert (result.dtype, result.shape) == (expected.dtype, expected.shape), shown
        assert torch.equal(result, expected), shown  # small whole numbers are added without rounding
    return valid, features


def test_random_equations():
    valid, features = compare(250, seed=0)
    assert valid >= 150
    assert features["repeats"] >= 25


@pytest.mark.long
def test_twenty_thousand_random_equations():
    valid, features = compare(20_000, seed=1)
    for feature, count in sorted(features.items(), key=lambda item: -item[1]):
        print(f"{count:6} {feature}")
    print(f"{valid} of 20000 equations are valid")
    assert valid >= 12_000
    wanted = {"repeats", "ellipsis", "size 1 against n", "size 0", "implicit output", "sublists", "capitals"}
    wanted |= {"spaces", "0-dimensional", *MALFORMED, *(f"{n} operands" for n in range(1, 6))}
    wanted |= {"a wrong size", "an axis too many", "an axis too few", "an operand too many"}
    assert [feature for feature in wanted if features[feature] < 200] == []


def compare_float(cases, seed):
    rng = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(cases):
        case = random_case(rng, invalid=0)
        operands = [torch.randn(shape, dtype=torch.float64, generator=generator) for shape in case.shapes]
        if isinstance(expected := outcome(torch.einsum, case.arguments(operands)), Exception):
            continue
        torch.testing.assert_close(einsum(*case.arguments(operands)), expected)
        in_float32 = einsum(*case.arguments([x.float() for x in operands]))
        torch.testing.assert_close(in_float32.double(), expected, rtol=1e-4, atol=1e-3)


def test_random_values():
    compare_float(80, seed=2)


@pytest.mark.long
def test_more_random_values():
    compare_float(5000, seed=3)


def compare_sources(cases, seed):
    """Run the loops and the torch code of valid random equations; return how many there were."""
    rng, ran = random.Random(seed), 0
    while ran < cases:
        case = random_case(rng, invalid=0)
        operands = [torch.randint(-3, 4, shape).double() for shape in case.shapes]
        if isinstance(expected := outcome(torch.einsum, case.arguments(operands)), Exception):
            continue
        plan = plan_einsum(*case.arguments(operands))
        assert "einsum" not in plan.torch_code() + plan.loops()
        for source in (plan.loops(), plan.torch_code()):
            assert torch.equal(compiled(source)(*operands), expected), (case.equation, case.shapes, source)
        assert torch.equal(plan(*operands), expected)
        ran += 1
    return ran


def test_loops_and_torch_code():
    assert compare_sources(40, seed=4) == 40


@pytest.mark.long
def test_two_thousand_loops_and_torch_codes():
    assert compare_sources(2000, seed=5) == 2000


# Dtypes


DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.int64, torch.int32]
DTYPES += [torch.uint8, torch.bool]
EQUATIONS = ["ij,jk->ik", "ij,ij->ij", "ij,ij->i", "ij->i", "ij->ji", "ij,jk->", "ij,kl->ik", "ij,jk,kl->il"]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_dtypes(equation):
    count = 1 + equation.count(",")
    pairs = list(itertools.product(DTYPES, repeat=2)) if count > 1 else [(dtype,) for dtype in DTYPES]
    for dtypes in pairs:
        operands = [torch.ones(2, 2).to(dtype) for dtype in (*dtypes, dtypes[-1])[:count]]
        expected, result = outcome(torch.einsum, (equation, *operands)), outcome(einsum, (equation, *operands))
        if both_ran(expected, result, (equation, dtypes, result)):
            torch.testing.assert_close(result, expected, rtol=0, atol=0)


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("low", [torch.bfloat16, torch.float16])
def test_dtypes_under_autocast(equation, low):
    count = 1 + equation.count(",")
    pairs = list(itertools.product([torch.float32, low, torch.float64], repeat=2)) if count > 1 else [(torch.float32,)]
    for dtypes in pairs:
        operands = [torch.ones(2, 2).to(dtype) for dtype in (*dtypes, dtypes[-1])[:count]]
        with torch.autocast("cpu", dtype=low):
            expected, result = outcome(torch.einsum, (equation, *operands)), outcome(einsum, (equation, *operands))
        if both_ran(expected, result, (equation, dtypes, result)):
            torch.testing.assert_close(result, expected, rtol=0, atol=0)


def compare_dtypes(cases, seed):
    """Compare the dtypes of random equations with random dtypes, in and out of autocast; return how many torch ran."""
    rng, ran = random.Random(seed), 0
    for _ in range(cases):
        case = random_case(rng, invalid=0)
        few = rng.sample(DTYPES, rng.choice([1, 1, 2]))
        operands = [torch.ones(shape).to(rng.choice(few)) for shape in case.shapes]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=rng.random() < 0.5):
            expected = outcome(torch.einsum, case.arguments(operands))
            result = outcome(einsum, case.arguments(operands))
        shown = f"{case.equation} {case.shapes} {[x.dtype for x in operands]}: {expected!r}, {result!r}"
        if not both_ran(expected, result, shown):
            continue
        ran += 1
        torch.testing.assert_close(result, expected, rtol=0.03, atol=0, msg=shown)
    return ran


def test_random_dtypes():
    assert compare_dtypes(60, seed=6) > 30


@pytest.mark.long
def test_more_random_dtypes():
    assert compare_dtypes(5000, seed=7) > 2500


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bi,bi->b", [(8, 5000)] * 2),
        ("ij,jk->ik", [(6, 3000), (3000, 5)]),
        ("i,i->", [(20000,)] * 2),
        ("ij,j->i", [(7, 4000), (4000,)]),
        ("ij->i", [(7, 4000)]),
        ("jk,ijkl->il", [(20, 20), (4, 20, 20, 3)]),
    ],
)
def test_half_precision_is_as_exact_as_torch(dtype, equation, shapes):
    torch.manual_seed(0)
    operands = [torch.rand(shape).to(dtype) for shape in shapes]
    exact = torch.einsum(equation, *[x.double() for x in operands])
    ours, theirs = (
        ((f(equation, *operands).double() - exact) / exact).abs().max().item() for f in (einsum, torch.einsum)
    )
    assert ours <= theirs + torch.finfo(dtype).eps / 2


# Gradients


@by_kind
def test_gradients(equation, shapes):
    operands = operands_of(shapes, requires_grad=True)
    result = einsum(equation, *operands)
    weights = torch.randn_like(result)
    expected = torch.autograd.grad(torch.einsum(equation, *operands), operands, weights)
    for ours, theirs in zip(torch.autograd.grad(result, operands, weights), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


@by_kind
def test_gradcheck(equation, shapes):
    if max(map(len, shapes)) and max(max(shape, default=0) for shape in shapes) > 16:
        shapes = [tuple(min(size, 6) for size in shape) for shape in shapes]
    operands = operands_of(shapes, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *x: einsum(equation, *x), operands)
    if sum(x.numel() for x in operands) < 50:
        assert torch.autograd.gradgradcheck(lambda *x: einsum(equation, *x), operands)


WAYS_OF_ROWS = {
    "in slices": ("bi,bi->b", [(16, 1024)] * 2, "baddbmm_"),
    "one by one": ("bi,bi->b", [(2, 1024)] * 2, "torch.dot"),
    "pieces of the batch": ("bij,bji->b", [(240, 20, 60), (240, 60, 20)], "torch.cat"),
    "pieces of the sum": ("bij,bji->b", [(20, 100, 150), (20, 150, 100)], "torch.stack"),
}
by_way = pytest.mark.parametrize(("equation", "shapes", "call"), WAYS_OF_ROWS.values(), ids=WAYS_OF_ROWS)


@by_way
def test_gradients_of_long_rows(equation, shapes, call):
    operands = operands_of(shapes, requires_grad=True)
    assert call in plan_einsum(equation, *operands).torch_code()
    result, expected = (f(equation, *operands) for f in (einsum, torch.einsum))
    torch.testing.assert_close(result, expected)
    weights = torch.randn_like(result)
    ours, theirs = (torch.autograd.grad(y, operands, weights, create_graph=True) for y in (result, expected))
    for first, second in zip(ours, theirs, strict=True):
        torch.testing.assert_close(first, second)
    ours, theirs = (torch.autograd.grad(sum(x.square().sum() for x in y), operands) for y in (ours, theirs))
    for first, second in zip(ours, theirs, strict=True):
        torch.testing.assert_close(first, second)


# What torch wraps around it


@by_kind
def test_vmap(equation, shapes):
    batched = operands_of([(5, *shape) for shape in shapes])
    expected = torch.vmap(lambda *x: torch.einsum(equation, *x))(*batched)
    torch.testing.assert_close(torch.vmap(lambda *x: einsum(equation, *x))(*batched), expected)
    once = (0, *[None] * (len(shapes) - 1))
    operands = [batched[0], *[x[0] for x in batched[1:]]]
    expected = torch.vmap(lambda *x: torch.einsum(equation, *x), once)(*operands)
    torch.testing.assert_close(torch.vmap(lambda *x: einsum(equation, *x), once)(*operands), expected)


@by_kind
def test_func_grad(equation, shapes):
    operands = operands_of(shapes)
    ours, theirs = (
        torch.func.grad(lambda x, f=f: f(equation, x, *operands[1:]).square().sum())(operands[0])
        for f in (einsum, torch.einsum)
    )
    torch.testing.assert_close(ours, theirs)
    per_sample = torch.vmap(torch.func.grad(lambda x: einsum(equation, x, *operands[1:]).square().sum()))
    torch.testing.assert_close(per_sample(torch.stack([operands[0]] * 2))[1], theirs)


@by_kind
def test_meta_and_fake_tensors(equation, shapes):
    on_meta = [torch.empty(shape, device="meta") for shape in shapes]
    expected = torch.einsum(equation, *on_meta).shape
    result = einsum(equation, *on_meta)
    assert (result.shape, result.device.type) == (expected, "meta")
    with FakeTensorMode():
        fake = einsum(equation, *[torch.empty(shape) for shape in shapes])
    assert (fake.shape, fake.device.type, type(fake).__name__) == (expected, "cpu", "FakeTensor")


@by_kind
def test_inference_mode_and_no_grad(equation, shapes):
    operands = operands_of(shapes, requires_grad=True)
    with torch.no_grad():
        assert einsum(equation, *operands).requires_grad == torch.einsum(equation, *operands).requires_grad
    with torch.inference_mode():
        assert einsum(equation, *operands).is_inference() == torch.einsum(equation, *operands).is_inference()
    assert einsum(equation, *operands).requires_grad


@pytest.mark.filterwarnings("ignore")
@pytest.mark.long
@by_kind
def test_compile(equation, shapes):
    operands = operands_of(shapes, dtype=torch.float32)
    torch._dynamo.reset()
    compiled = torch.compile(lambda *x: einsum(equation, *x), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*operands), torch.einsum(equation, *operands))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.long
def test_compile_with_dynamic_shapes_compiles_no_more_often_than_torch():
    frames = {}
    for name, function in (("ours", einsum), ("torch", torch.einsum)):
        torch._dynamo.reset()
        counter = torch._dynamo.testing.CompileCounter()
        compiled = torch.compile(lambda x, y, f=function: f("ij,jk->ik", x, y), fullgraph=True, backend=counter)
        for n in (3, 4, 5, 6, 7):
            compiled(torch.ones(n, n + 1), torch.ones(n + 1, n + 2))
        frames[name] = counter.frame_count
    assert frames["ours"] <= frames["torch"]


def test_symbolic_sizes_are_left_to_torch():

    x, y = torch.ones(3, 4), torch.ones(4, 5)
    graph = make_fx(lambda a, b: einsum("ij,jk->ik", a, b), tracing_mode="symbolic")(x, y)
    torch.testing.assert_close(graph(torch.ones(6, 7), torch.ones(7, 2)), torch.full((6, 2), 7.0))


def test_threads():
    forget()
    failures = []

    def work(seed):
        rng = random.Random(seed)
        for _ in range(60):
            n = rng.randint(1, 6)
            x, y = torch.ones(n, 3), torch.ones(3, n + 1)
            if not torch.equal(einsum("ij,jk->ik", x, y), torch.full((n, n + 1), 3.0)):
                failures.append(n)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("sizes", [(2, 0, 3), (0, 2, 3), (2, 3, 0)])
@pytest.mark.parametrize(
    "dtypes", [(torch.bool, torch.bool), (torch.float32, torch.float64), (torch.int64, torch.bool)]
)
def test_products_of_nothing_take_any_dtypes(sizes, dtypes):
    i, j, k = sizes
    operands = torch.ones(i, j, dtype=dtypes[0]), torch.ones(j, k, dtype=dtypes[1])
    expected, result = torch.einsum("ij,jk->ik", *operands), einsum("ij,jk->ik", *operands)
    assert (result.dtype, result.tolist()) == (expected.dtype, expected.tolist())


def test_autocast_is_part_of_what_is_remembered():
    x = torch.ones(2, 2)
    before = einsum("ij,jk->ik", x, x).dtype
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = einsum("ij,jk->ik", x, x).dtype
        with torch.autocast("cpu", enabled=False):
            disabled = einsum("ij,jk->ik", x, x).dtype
    assert (before, inside, disabled) == (torch.float32, torch.bfloat16, torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert einsum("ij,jk->ik", x, x.bfloat16()).dtype == torch.bfloat16
    with pytest.raises(EinsumError, match="needs one dtype"):
        einsum("ij,jk->ik", x, x.bfloat16())
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=torch.cuda.is_available()):
        assert einsum("ij,jk->ik", x, x).dtype == torch.float32
    # Without autocast this one is multiplied and summed, which autocast would leave in single precision.
    rows = "bij,bji->b", torch.ones(4, 3, 5), torch.ones(4, 5, 3)
    assert "*" in plan_einsum(*rows).torch_code()
    assert einsum(*rows).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        einsum(*rows)  # the plan is made here, and found there
        assert einsum(*rows).dtype == torch.einsum(*rows).dtype == torch.bfloat16
    assert einsum(*rows).dtype == torch.float32


@pytest.mark.filterwarnings("ignore:.*torch.jit", "ignore::torch.jit.TracerWarning")
def test_traces_are_left_to_torch():
    x, y = torch.ones(3, 4), torch.ones(4, 5)

    def product(a, b):
        return einsum("ij,jk->ik", a, b)

    for traced in (torch.jit.trace(product, (x, y)), torch.fx.symbolic_trace(product)):
        assert torch.equal(traced(x, y), x @ y)


def test_tensors_without_strides():
    x, y = torch.eye(3).to_sparse(), torch.arange(9.0).reshape(3, 3)
    assert torch.equal(einsum("ij,jk->ik", x, y), y)
    dense = torch.ones(2, 3).to_mkldnn()
    expected, result = outcome(torch.einsum, ("ij->ji", dense)), outcome(einsum, ("ij->ji", dense))
    assert (type(expected), str(expected)) == (type(result), str(result))


class Override(TorchFunctionMode):
    """Answers for torch.einsum itself, and notes what else is called."""

    def __init__(self):
        self.others = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.einsum:
            return "overridden", *args
        self.others.append(function)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("warm", [False, True])
def test_a_mode_that_overrides_einsum_is_asked(warm):
    x, y = torch.ones(2, 3), torch.ones(3, 4)
    forget()
    if warm:
        einsum("ij,jk->ik", x, y)
    with Override() as mode:
        assert einsum("ij,jk->ik", x, y) == ("overridden", "ij,jk->ik", x, y)
    assert mode.others == []


class Named(torch.Tensor):
    """Answers for torch.einsum itself."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return "named" if function is torch.einsum else super().__torch_function__(function, types, args, kwargs)


@pytest.mark.parametrize("place", [0, 1])
def test_a_subclass_that_overrides_einsum_is_asked(place):
    operands = [torch.ones(2, 3), torch.ones(3, 4)]
    einsum("ij,jk->ik", *operands)
    operands[place] = operands[place].as_subclass(Named)
    assert einsum("ij,jk->ik", *operands) == "named"
    assert einsum("ij,jk->ik", operands) == "named"
    assert einsum(operands[0], [0, 1], operands[1], [1, 2], [0, 2]) == "named"


def test_modes_see_one_call():
    forget()
    operands = torch.ones(3), torch.ones(3, 4), torch.ones(4, 5)
    logs = []
    for function in (einsum, torch.einsum):
        with watch_broadcasts() as log:
            function("i,ij,jk->ik", *operands)
        logs.append([(seen.operation, seen.shapes) for seen in log])
    assert logs[0] == logs[1]


def test_transforms_see_torchs_einsum(monkeypatch):
    calls = []
    theirs = torch.einsum
    monkeypatch.setattr(torch, "einsum", lambda *arguments: calls.append(arguments[0]) or theirs(*arguments))
    x = torch.ones(5, 3)
    torch.vmap(lambda row: einsum("i,i->", row, row))(x)
    torch.func.grad(lambda rows: einsum("bi,bi->", rows, rows))(x)
    assert calls == ["i,i->", "bi,bi->"]
    einsum("bi,bi->b", x, x)
    assert len(calls) == 2


# What is remembered


def forget():
    module._programs.clear()
    module._templates.clear()


def test_a_repeated_call_makes_no_new_plan(monkeypatch):
    forget()
    planned, make = [], module._make_plan
    monkeypatch.setattr(module, "_make_plan", lambda *args: planned.append(args) or make(*args))
    x, y = torch.ones(2, 3), torch.ones(3, 4)
    for _ in range(3):
        einsum("ij,jk->ik", x, y)
        einsum(x, [0, 1], y, [1, 2], [0, 2])
    assert [args[0] for args in planned] == ["ij,jk->ik", "AB,BC->AC"]
    (first, *_) = module._programs.values()
    for others in ((x.T.contiguous().T, y), (x.double(), y.double()), (torch.ones(5, 3), y)):
        einsum("ij,jk->ik", *others)
    einsum("ij,jk->ki", x, y)
    assert len(module._programs) == len(module._templates) == len(planned) == 6
    assert next(iter(module._programs.values())) is first
    einsum("ij,jk->ik", torch.ones(3, 2), torch.ones(2, 5))  # of the pattern of the first
    assert len(module._programs) == 7
    assert list(module._programs.values())[-1] is first
    assert len(planned) == 6


def test_a_repeated_call_does_not_look_at_its_operands_again(monkeypatch):
    forget()
    x, y = torch.ones(2, 3), torch.nn.Parameter(torch.ones(3, 4))
    looked, first_call = [], module._first_call
    monkeypatch.setattr(module, "_first_call", lambda *args: looked.append(args[0]) or first_call(*args))
    for _ in range(3):
        einsum("ij,jk->ik", x, y)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            einsum("ij,jk->ki", x, y)
    assert looked == ["ij,jk->ik", "ij,jk->ki"]


def test_the_oldest_is_forgotten_where_there_are_too_many(monkeypatch):
    forget()
    assert (module.LAYOUTS_AT_MOST, module.PATTERNS_AT_MOST) == (2048, 1024)
    monkeypatch.setattr(module, "LAYOUTS_AT_MOST", 3)
    monkeypatch.setattr(module, "PATTERNS_AT_MOST", 2)
    for size in (1, 2, 3, 4, 5):
        einsum("i", torch.ones(size))
    assert [layouts[0].shape for _, layouts, _ in module._programs] == [(3,), (4,), (5,)]
    assert [pattern[3][0] for pattern in module._templates] == [(2,), (3,)]
    einsum("i", torch.ones(4))
    assert len(module._programs) == 3


def test_an_error_of_the_planner_is_not_taken_for_a_tensor_that_cannot_be_planned(monkeypatch):
    def broken(*_, **__):
        raise AttributeError("a bug in the planner")

    monkeypatch.setattr(module, "lower", broken)
    with pytest.raises(AttributeError, match="a bug in the planner"):
        einsum("ij,jk,kl->li", torch.ones(7, 2), torch.ones(2, 3), torch.ones(3, 5))


def test_an_error_is_not_remembered_as_a_plan():
    forget()
    for _ in range(2):
        with pytest.raises(EinsumError, match="occurs in no operand"):
            einsum("i->j", torch.ones(3))
    assert module._programs == module._templates == {}
