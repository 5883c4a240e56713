"""einsum plans: what they say, what is remembered of them, and which arguments are refused in which words."""

import sys

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from tensorglass import EinsumError, einsum, plan_einsum, watch_broadcasts
from tensorglass.contraction.operands import Operand
from tensorglass.contraction.result_dtype import result_dtype

module = sys.modules[einsum.__module__]


def outcome(function, arguments):
    try:
        return function(*arguments)
    except (RuntimeError, ValueError, LookupError) as error:  # opt_einsum's errors come through torch.einsum
        return error


def test_loops_by_letter():
    plan = plan_einsum("...i,ij,ii->...", (2, 3), (3, 1), (3, 3))
    assert plan.loops().splitlines() == [
        "import torch",
        "",
        "",
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
    assert plan._run.__code__.co_filename == "<einsum ij,jk->ik>"
    assert module._compiled("def contract(x0):\n    return x0 + 1\n", "")(1) == 2


def compile_function(source):
    namespace = {}
    exec(source, namespace)
    return namespace["contract"]


def test_code_under_autocast():
    def lines(*dtypes, equation="ij,jk->ik"):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            plan = plan_einsum(equation, *[torch.ones(2, 2, dtype=dtype) for dtype in dtypes])
        assert plan.dtype == {"ij->i": torch.int64}.get(equation, torch.bfloat16)
        return [line.strip() for line in plan.torch_code().splitlines()[4:]]

    products = ["x2 = torch.matmul(x0, x1)", "return x2.to(torch.bfloat16)"]
    assert lines(torch.float32, torch.float32) == products
    assert lines(torch.bfloat16, torch.bfloat16) == products
    assert lines(torch.float32, torch.bfloat16) == [
        "x2 = x0.to(torch.bfloat16)",
        "x3 = torch.matmul(x2, x1)",
        "del x2",
        "return x3.to(torch.bfloat16)",
    ]
    assert lines(torch.int32, equation="ij->i")[0] == "x1 = x0.to(torch.int64)"


@pytest.mark.parametrize("sizes", [(2, 0, 3), (0, 2, 3), (2, 3, 0)])
@pytest.mark.parametrize(
    "dtypes", [(torch.bool, torch.bool), (torch.float32, torch.float64), (torch.int64, torch.bool)]
)
def test_products_of_nothing_take_any_dtypes(sizes, dtypes):
    i, j, k = sizes
    operands = torch.ones(i, j, dtype=dtypes[0]), torch.ones(j, k, dtype=dtypes[1])
    expected, result = torch.einsum("ij,jk->ik", *operands), einsum("ij,jk->ik", *operands)
    assert (result.dtype, result.tolist()) == (expected.dtype, expected.tolist())


def test_meta_tensors_are_planned_as_for_the_cpu():
    for shape in ((2, 15), (2, 16)):
        on_meta = plan_einsum("bi,bi->b", *[torch.empty(shape, device="meta")] * 2)
        assert on_meta.torch_code() == plan_einsum("bi,bi->b", shape, shape).torch_code()
    with torch.autocast("cpu"):
        assert plan_einsum("ij->i", torch.ones(2, 3, device="meta")).dtype == torch.float32


def test_sizes_that_are_symbols_are_not_planned():
    trace = make_fx(lambda x: plan_einsum("i", x)(x), tracing_mode="symbolic")
    with pytest.raises(
        TypeError, match=r"^plan_einsum\(\) operand 0 has the sizes \(s\d+,\) of a trace; expected known"
    ):
        trace(torch.ones(3))


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
    on_a_gpu = Operand((2, 2), (2, 1), torch.int64, torch.device("cuda"))
    with pytest.raises(EinsumError, match=r"matrix products of torch.int64 are not implemented on cuda"):
        result_dtype("ij,jk->ik", (on_a_gpu, on_a_gpu), None)
    floats = on_a_gpu._replace(dtype=torch.float32), on_a_gpu._replace(dtype=torch.float32)
    with torch.autocast("cpu"):
        assert result_dtype("ij,jk->ik", floats, torch.bfloat16) == torch.float32


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
    module._plans.clear()
    with watch_broadcasts() as log:
        einsum("i,ij,jk->ik", torch.ones(3), torch.ones(3, 4), torch.ones(4, 5))
    assert [seen.operation for seen in log] == ["mul"]


# What is remembered


def test_a_repeated_call_makes_no_new_plan():
    module._plans.clear()
    x, y = torch.ones(2, 3), torch.ones(3, 4)
    for _ in range(3):
        einsum("ij,jk->ik", x, y)
    (first,) = module._plans.values()
    assert plan_einsum("ij,jk->ik", x, y) is first
    for others in ((x.T.contiguous().T, y), (x.double(), y.double()), (torch.ones(5, 3), y)):
        einsum("ij,jk->ik", *others)
    einsum("ij,jk->ki", x, y)
    assert len(module._plans) == 5
    assert next(iter(module._plans.values())) is first


def test_the_oldest_plan_is_forgotten_where_there_are_too_many(monkeypatch):
    module._plans.clear()
    monkeypatch.setattr(module, "PLANS_AT_MOST", 2)
    plans = [plan_einsum("i", (size,)) for size in (1, 2, 3)]
    assert list(module._plans.values()) == plans[1:]
    assert plan_einsum("i", (3,)) is plans[2]


def test_an_error_of_the_planner_is_not_taken_for_a_tensor_that_cannot_be_planned(monkeypatch):
    def broken(*_, **__):
        raise AttributeError("a bug in the planner")

    monkeypatch.setattr(module, "lower", broken)
    with pytest.raises(AttributeError, match="a bug in the planner"):
        einsum("ij,jk,kl->li", torch.ones(7, 2), torch.ones(2, 3), torch.ones(3, 5))


def test_an_error_is_not_remembered_as_a_plan():
    module._plans.clear()
    for _ in range(2):
        with pytest.raises(EinsumError, match="occurs in no operand"):
            einsum("i->j", torch.ones(3))
    assert module._plans == {}


# Arguments


def test_the_ways_to_give_operands():
    x, y = torch.ones(2, 3), torch.ones(3, 4)
    expected = x @ y
    assert torch.equal(einsum("ij,jk->ik", x, y), expected)
    assert torch.equal(einsum("ij,jk->ik", [x, y]), expected)
    assert torch.equal(einsum("ij,jk->ik", (x, y)), expected)
    assert torch.equal(einsum(x, [0, 1], y, [1, 2], [0, 2]), expected)
    assert torch.equal(einsum(x, [..., 1], y, [1, 2]), expected)
    assert torch.equal(einsum(x, [0, 1], [1, 0]), x.T)
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


def test_every_operand_needs_a_sublist():
    x = torch.ones(2)
    for arguments, position in (((x, [0], x), 1), ((x, x), 0), ((x, [0], x, 5, x, [1]), 1), ((x, [0], x, [1], x), 2)):
        with pytest.raises(TypeError, match=rf"^einsum\(\) sublist {position} is (int|Tensor); expected"):
            einsum(*arguments)


def test_without_operands_under_autocast():
    with torch.autocast("cpu"), pytest.raises(EinsumError, match="expected as many operands, got 0"):
        einsum("i")


def test_a_plan_takes_what_it_was_made_for():
    plan = plan_einsum("ij,jk->ik", (2, 3), (3, 4))
    assert torch.equal(plan(torch.ones(3, 2).T, torch.ones(3, 4)), torch.full((2, 4), 3.0))
    with pytest.raises(EinsumError) as caught:
        plan(torch.ones(2, 3), torch.ones(3, 5))
    assert str(caught.value) == (
        "the plan is for (2, 3) of torch.float32 and (3, 4) of torch.float32; "
        "got (2, 3) of torch.float32 and (3, 5) of torch.float32"
    )
    with pytest.raises(TypeError) as caught:
        plan(torch.ones(2, 3), 3)
    assert str(caught.value) == "plan() operand 1 is int; expected a torch.Tensor"
    for others in ((torch.ones(2, 3),), (torch.ones(2, 3).double(), torch.ones(3, 4).double())):
        with pytest.raises(EinsumError, match="the plan is for"):
            plan(*others)


def test_shapes_stand_for_contiguous_tensors_of_the_default_dtype():
    plan = plan_einsum("ijk->", (2, 0, 4))
    assert plan.operands == (Operand((2, 0, 4), (4, 4, 1), torch.float32, torch.device("cpu")),)
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
    first = plan_einsum("ij->i", (2, 3))
    module._plans.clear()
    assert first == plan_einsum("ij->i", (2, 3))
    assert first is not plan_einsum("ij->i", (2, 3))
    assert plan_einsum("ij->i", (2, 3)) != plan_einsum("ij->j", (2, 3))
