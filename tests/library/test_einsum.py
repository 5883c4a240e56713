"""einsum against torch.einsum: values, dtypes, rejections, gradients, and everything that torch can wrap around it."""

import itertools
import random
import sys
import threading
from collections import Counter

import pytest
import torch
from random_equations import MALFORMED, random_case
from torch._subclasses.fake_tensor import FakeTensorMode

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
        if isinstance(expected, Exception):
            assert isinstance(result, EinsumError), shown
            continue
        valid += 1
        assert isinstance(result, torch.Tensor), shown
        assert (result.dtype, result.shape) == (expected.dtype, expected.shape), shown
        assert torch.equal(result, expected), shown  # small whole numbers are added without rounding
    return valid, features


def test_random_equations():
    valid, features = compare(400, seed=0)
    assert valid >= 240
    assert features["repeats"] >= 40


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
    compare_float(150, seed=2)


@pytest.mark.long
def test_more_random_values():
    compare_float(5000, seed=3)


def run(source, operands):
    namespace = {}
    exec(source, namespace)
    return namespace["contract"](*operands)


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
            assert torch.equal(run(source, operands), expected), (case.equation, case.shapes, source)
        assert torch.equal(plan(*operands), expected)
        ran += 1
    return ran


def test_loops_and_torch_code():
    assert compare_sources(40, seed=4) == 40


@pytest.mark.long
def test_two_thousand_loops_and_torch_codes():
    assert compare_sources(2000, seed=5) == 2000


def test_loops_by_letter():
    plan = plan_einsum("...i,ij,ii->...", (2, 3), (3, 1), (3, 3))
    assert plan.loops().splitlines()[3:] == [
        "def contract(x0, x1, x2):",
        "    result = torch.zeros((2,), dtype=torch.float32, device=x0.device)",
        "    for dots0 in range(2):",
        "        for i in range(3):",
        "            for j in range(1):",
        "                result[dots0] += x0[dots0, i] * x1[i, j] * x2[i, i]",
        "    return result",
    ]
    assert "result[()] += x0[0] * x1[i]" in plan_einsum("i,i->", (1,), (3,)).loops()


def test_what_runs_is_the_torch_code():
    plan = plan_einsum("ij,jk->ik", (2, 3), (3, 4))
    assert plan._run.__code__.co_code == compile_function(plan.torch_code()).__code__.co_code
    assert module._compiled("def contract(x0):\n    return x0 + 1\n", "")(1) == 2


def compile_function(source):
    namespace = {}
    exec(source, namespace)
    return namespace["contract"]


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
        if isinstance(expected, Exception):
            assert isinstance(result, EinsumError), (equation, dtypes, result)
        else:
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
        if isinstance(expected, Exception):
            assert isinstance(result, EinsumError), (equation, dtypes, result)
        else:
            torch.testing.assert_close(result, expected, rtol=0, atol=0)


def test_autocast_is_part_of_what_is_remembered():
    x = torch.ones(2, 2)
    before = einsum("ij,jk->ik", x, x).dtype
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = einsum("ij,jk->ik", x, x).dtype
        with torch.autocast("cpu", enabled=False):
            disabled = einsum("ij,jk->ik", x, x).dtype
    assert (before, inside, disabled) == (torch.float32, torch.bfloat16, torch.float32)
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=torch.cuda.is_available()):
        assert einsum("ij,jk->ik", x, x).dtype == torch.float32


def test_refused_dtypes_name_them(capfd):
    with pytest.raises(EinsumError) as caught:
        einsum("ij,jk->ik", torch.ones(2, 2), torch.ones(2, 2, dtype=torch.float64))
    assert str(caught.value) == (
        "einsum 'ij,jk->ik' of torch.float32 and torch.float64: "
        "a matrix product needs one dtype, not torch.float32 and torch.float64"
    )
    assert capfd.readouterr().err == ""
    with pytest.raises(EinsumError) as caught:
        einsum("ij,jk->ik", *[torch.ones(2, 2, dtype=torch.bool)] * 2)
    assert str(caught.value) == (
        "einsum 'ij,jk->ik' of torch.bool and torch.bool: matrix products of torch.bool are not implemented on cpu"
    )
    on_a_gpu = module.Layout((2, 2), (2, 1), torch.int64, torch.device("cuda"))
    if torch.cuda.is_available() or torch.backends.cuda.is_built():
        with pytest.raises(EinsumError, match=r"matrix products of torch.int64 are not implemented on cuda"):
            module.result_dtype("ij,jk->ik", (on_a_gpu, on_a_gpu), None)


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
        if isinstance(expected, Exception):
            assert isinstance(result, EinsumError), shown
            continue
        ran += 1
        assert isinstance(result, torch.Tensor), shown
        torch.testing.assert_close(result, expected, rtol=0.03, atol=0, msg=shown)
    return ran


def test_random_dtypes():
    assert compare_dtypes(150, seed=6) > 75


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


def test_gradients_of_many_rows_at_a_time():
    operands = operands_of([(600, 1024)] * 2, requires_grad=True)
    assert "torch.cat" in plan_einsum("bi,bi->b", *operands).torch_code()
    result = einsum("bi,bi->b", *operands)
    torch.testing.assert_close(result, (operands[0] * operands[1]).sum(1))
    first, second = torch.autograd.grad(result.sum(), operands)
    assert torch.equal(first, operands[1])
    assert torch.equal(second, operands[0])


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
    from torch.fx.experimental.proxy_tensor import make_fx

    x, y = torch.ones(3, 4), torch.ones(4, 5)
    graph = make_fx(lambda a, b: einsum("ij,jk->ik", a, b), tracing_mode="symbolic")(x, y)
    torch.testing.assert_close(graph(torch.ones(6, 7), torch.ones(7, 2)), torch.full((6, 2), 7.0))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
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


def test_modes_do_not_see_the_planning():
    module._remembered_plan.cache_clear()
    with watch_broadcasts() as log:
        einsum("i,ij,jk->ik", torch.ones(3), torch.ones(3, 4), torch.ones(4, 5))
    assert [seen.operation for seen in log] == ["mul"]


def test_threads():
    module._remembered_plan.cache_clear()
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


# What is remembered


def test_a_repeated_call_makes_no_new_plan():
    module._remembered_plan.cache_clear()
    x, y = torch.ones(2, 3), torch.ones(3, 4)
    for _ in range(3):
        einsum("ij,jk->ik", x, y)
    assert module._remembered_plan.cache_info()[:2] == (2, 1)
    for others in ((x.T.contiguous().T, y), (x.double(), y.double()), (torch.ones(5, 3), y)):
        einsum("ij,jk->ik", *others)
    einsum("ij,jk->ki", x, y)
    assert module._remembered_plan.cache_info()[:2] == (2, 5)
    assert module._remembered_plan.cache_info().maxsize == module.PLANS_AT_MOST == 1024


def test_an_error_is_not_remembered_as_a_plan():
    module._remembered_plan.cache_clear()
    for _ in range(2):
        with pytest.raises(EinsumError, match="occurs in no operand"):
            einsum("i->j", torch.ones(3))
    assert module._remembered_plan.cache_info().currsize == 0


# Arguments


def test_the_ways_to_give_operands():
    x, y = torch.ones(2, 3), torch.ones(3, 4)
    expected = x @ y
    assert torch.equal(einsum("ij,jk->ik", x, y), expected)
    assert torch.equal(einsum("ij,jk->ik", [x, y]), expected)
    assert torch.equal(einsum("ij,jk->ik", (x, y)), expected)
    assert torch.equal(einsum(x, [0, 1], y, [1, 2], [0, 2]), expected)
    assert torch.equal(einsum(x, [..., 1], y, [1, 2]), expected)
    assert plan_einsum(x, [0, 1], y, [1, 2], [2, 0]).equation == "AB,BC->CA"
    assert plan_einsum("ij,jk", [x, y]).result == (2, 4)
    assert plan_einsum("ij,jk", [2, 3], [3, 4]).result == (2, 4)
    assert plan_einsum("ij", [2, 3]).result == (2, 3)


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (einsum, (5, torch.ones(1)), TypeError, "einsum() equation is int; expected a string such as 'ij,jk->ik'"),
        (einsum, ("i", "j"), TypeError, "einsum() operand 0 is str; expected a torch.Tensor"),
        (einsum, ("i,i", torch.ones(1), None), TypeError, "einsum() operand 1 is NoneType; expected a torch.Tensor"),
        (einsum, ("i",), EinsumError, "the equation has 1 term; expected as many operands, got 0\n  i"),
        (
            einsum,
            (torch.ones(1),),
            TypeError,
            "einsum() sublist 0 is Tensor; expected an equation first, or a list of numbers after each operand",
        ),
        (
            einsum,
            (torch.ones(1), [99]),
            EinsumError,
            "a sublist contains 99; expected integers from 0 to 51 or Ellipsis",
        ),
        (
            plan_einsum,
            ("i", 3),
            TypeError,
            "plan_einsum() operand 0 is 3; expected a tensor, or a shape such as (3, 4)",
        ),
        (
            plan_einsum,
            ("i", (-3,)),
            ValueError,
            "plan_einsum() operand 0 is the shape (-3,); expected sizes of 0 or more",
        ),
        (
            plan_einsum,
            ("ij", torch.eye(2).to_sparse()),
            TypeError,
            "plan_einsum() operand 0 has the layout torch.sparse_coo; expected strides",
        ),
    ],
)
def test_wrong_arguments(function, arguments, error, message):
    with pytest.raises(error) as caught:
        function(*arguments)
    assert str(caught.value) == message


def test_a_plan_takes_what_it_was_made_for():
    plan = plan_einsum("ij,jk->ik", (2, 3), (3, 4))
    assert torch.equal(plan(torch.ones(3, 2).T, torch.ones(3, 4)), torch.full((2, 4), 3.0))
    with pytest.raises(EinsumError) as caught:
        plan(torch.ones(2, 3), torch.ones(3, 5))
    assert str(caught.value) == (
        "the plan is for (2, 3) of torch.float32 and (3, 4) of torch.float32; "
        "got (2, 3) of torch.float32 and (3, 5) of torch.float32"
    )
    for others in ((torch.ones(2, 3),), (torch.ones(2, 3).double(), torch.ones(3, 4).double())):
        with pytest.raises(EinsumError, match="the plan is for"):
            plan(*others)


def test_shapes_stand_for_contiguous_tensors_of_the_default_dtype():
    plan = plan_einsum("ijk->", (2, 0, 4))
    assert plan.operands == (module.Layout((2, 0, 4), (4, 4, 1), torch.float32, torch.device("cpu")),)
    assert plan_einsum("ij->", (2, 3)).operands == plan_einsum("ij->", torch.ones(2, 3)).operands


def test_nothing_is_changed():
    x = torch.arange(6.0).reshape(2, 3)
    state, copy = torch.get_rng_state(), x.clone()
    einsum("ij,ij->i", x, x)
    plan_einsum("ij,ij->i", x, x)
    assert torch.equal(x, copy)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


def test_a_sum_is_never_a_view():
    x = torch.zeros(3, 1)
    for equation, operands in (("bi->b", [x]), ("bi->", [x[:1]]), ("bib->b", [torch.zeros(2, 1, 2)])):
        result = einsum(equation, *operands)
        result += 1
        assert not any(operand.any() for operand in operands), equation
    assert "x2 = x1.clone()" in plan_einsum("bi->b", x).steps[-1].code
    assert plan_einsum("bi->b", x).steps[-1].copies
    assert [step.operation for step in plan_einsum("bi,b->b", x, x[:, 0]).steps] == ["squeeze", "elementwise product"]


def test_views_are_views():
    x = torch.zeros(3, 3)
    einsum("ii->i", x).fill_(1)
    assert torch.equal(x, torch.eye(3))
    same = einsum("ij->ij", x)
    assert same is not x
    assert same.data_ptr() == x.data_ptr()


# The report


def test_the_report():
    assert (
        str(plan_einsum("...i,ij->j...", (3, 2), (1, 4)))
        == """\
einsum '...i,ij->j...' of (3, 2) and (1, 4) gives (4, 3), torch.float32

Indices

index  size  role               in operands
-----  ----  -----------------  -----------
j         4  free               1
...0      3  free               0
i         2  summed, broadcast  0, 1

Steps

code                       operation            letters of the result  shape   multiplications  new bytes
-------------------------  -------------------  ---------------------  ------  ---------------  ---------
x2 = x1.squeeze(0)         squeeze              j                      (4,)                  0     a view
x3 = x0.sum(1)             sum                  ...0                   (3,)                  0   12 bytes
x4 = x3 * x2.unsqueeze(1)  elementwise product  j ...0                 (4, 3)               12   48 bytes

12 multiplications; 60 bytes allocated in all, the result included

warning: index i has size 1 in operand 1 and size 2 in operand 0: it is stretched (a matrix product refuses this)"""
    )


def test_the_report_of_copies_and_of_numbers():
    text = str(plan_einsum("bqhd,bkhd->bhqk", (2, 50, 3, 4), (2, 60, 3, 4)))
    assert "permutation, copies  bh q d                 (6, 50, 4)                    0    4.7 KiB" in text
    assert "72,000 multiplications; 80.6 KiB allocated in all, the result included" in text
    assert "Indices" not in str(plan_einsum("", ()))
    html = plan_einsum("ij->ji", (2, 3))._repr_html_()
    assert '<th scope="row" class="code">x1 = x0.permute(1, 0)</th>' in html


def test_plans_are_compared_by_what_they_say():
    assert plan_einsum("ij->i", (2, 3)) == plan_einsum("ij->i", (2, 3))
    assert plan_einsum("ij->i", (2, 3)) != plan_einsum("ij->j", (2, 3))
