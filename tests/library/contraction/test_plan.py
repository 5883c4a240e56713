"""einsum plans: what they say, what they are made for, and what they return."""

import copy
import pickle
import re
import subprocess
import sys

import pytest
import torch
from compiled import compiled
from torch.fx.experimental.proxy_tensor import make_fx

from tensorglass import EinsumError, einsum, plan_einsum
from tensorglass.contraction.operands import Operand
from tensorglass.contraction.plan import compiled as source_compiled


def test_what_runs_is_the_torch_code():
    plan = plan_einsum("ij,jk->ik", (2, 3), (3, 4))
    assert plan._run.__code__.co_code == compiled(plan.torch_code()).__code__.co_code
    assert plan._run.__code__.co_filename == "<einsum ij,jk->ik>"
    assert source_compiled("def contract(x0):\n    return x0 + 1\n", "")(1) == 2


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


def test_meta_tensors_are_planned_as_for_the_cpu():
    for shape in ((2, 15), (2, 16)):
        on_meta = plan_einsum("bi,bi->b", *[torch.empty(shape, device="meta")] * 2)
        assert on_meta.torch_code() == plan_einsum("bi,bi->b", shape, shape).torch_code()
    with torch.autocast("cpu"):
        assert plan_einsum("ij->i", torch.ones(2, 3, device="meta")).dtype == torch.float32


def test_sizes_that_are_symbols_are_not_planned():
    trace = make_fx(lambda x: plan_einsum("i", x)(x), tracing_mode="symbolic")
    with pytest.raises(
        TypeError, match=r"^plan_einsum\(\) operand 0 has the sizes \(s\d+,\) of a trace; expected known ones$"
    ):
        trace(torch.ones(3))


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
    assert "x1 = x0.sum(1)" in plan_einsum("bi->b", x).steps[-1].code
    assert [step.operation for step in plan_einsum("bi,b->b", x, x[:, 0]).steps] == ["squeeze", "elementwise product"]


def test_views_are_views():
    x = torch.zeros(3, 3)
    einsum("ii->i", x).fill_(1)
    assert torch.equal(x, torch.eye(3))
    same = einsum("ij->ij", x)
    assert same is not x
    assert same.data_ptr() == x.data_ptr()


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


def test_the_report_of_what_is_added_in_place_or_given_back():
    def new_bytes(plan):
        lines = str(plan).partition("Steps\n\n")[2].partition("\n\n")[0].splitlines()
        return [re.split(" {2,}", line)[-1] for line in lines[2:]]

    assert new_bytes(plan_einsum("bi,bi->b", (4, 401), (4, 401))) == ["16 bytes", "in place", "a view"]
    pieces = plan_einsum("bij,bji->b", (3000, 20, 10), (3000, 10, 20))
    assert new_bytes(pieces) == ["11.7 KiB and 100.0 KiB meanwhile"]
    assert str(pieces).splitlines()[-1] == ("600,000 multiplications; 111.7 KiB allocated in all, the result included")
    products = plan_einsum("ij,jk,kl,lm,mn->in", *[(3, 3)] * 5)
    assert products.cost == (4 * 27, 4 * 36, 3 * 36)
    assert str(products).splitlines()[-1] == (
        "108 multiplications; 144 bytes allocated in all, the result included, 108 bytes of them at a time"
    )


def test_plans_are_compared_by_what_they_say():
    first = plan_einsum("ij->i", (2, 3))
    assert first == plan_einsum("ij->i", (2, 3))
    assert first is not plan_einsum("ij->i", (2, 3))
    assert plan_einsum("ij->i", (2, 3)) != plan_einsum("ij->j", (2, 3))


def test_equal_plans_are_one_in_a_set():
    plans = [plan_einsum("ij,jk->ik", (2, 3), (3, 4)) for _ in range(2)]
    assert plans[0] is not plans[1]
    assert len({*plans, plan_einsum("ij,jk->ik", (2, 3), (3, 5))}) == 2
    assert hash(plans[0].contraction) == hash(plans[1].contraction)


EQUATIONS = {"ij,jk->ik": [(2, 3), (3, 4)], "...ii->...": [(2, 3, 3)], "bqhd,bkhd->bhqk": [(2, 3, 2, 4), (2, 5, 2, 4)]}


@pytest.mark.parametrize(("equation", "shapes"), EQUATIONS.items(), ids=EQUATIONS)
def test_plans_are_copied_and_pickled(equation, shapes):
    plan = plan_einsum(equation, *shapes)
    operands = [torch.rand(shape) for shape in shapes]
    copies = [pickle.loads(pickle.dumps(plan, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for other in (*copies, copy.copy(plan), copy.deepcopy(plan)):
        assert other is not plan
        assert (other, hash(other), str(other)) == (plan, hash(plan), str(plan))
        assert other.loops() == plan.loops()
        assert torch.equal(other(*operands), plan(*operands))
        assert other._run.__code__.co_filename == f"<einsum {equation}>"


def test_plans_go_to_a_fresh_process():
    plan = plan_einsum("ij,jk->ik", (2, 3), (3, 4))
    code = (
        "import pickle, sys, torch; plan = pickle.load(sys.stdin.buffer);"
        "print(plan(torch.ones(2, 3), torch.ones(3, 4)).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(plan), capture_output=True, check=True, timeout=100
    )
    assert done.stdout.decode().strip() == str([[3.0] * 4] * 2)
