"""Patterns of layouts: one program for many layouts, against torch.einsum; and that new layouts cost no plan."""

import random
import sys
import tracemalloc

import pytest
import torch
from random_equations import random_case
from torch._subclasses.fake_tensor import FakeTensorMode

from tensorglass import EinsumError, einsum, plan_einsum, shares_memory
from tensorglass.contraction.equation import parse
from tensorglass.contraction.indices import contraction
from tensorglass.contraction.patterns import Template, equal_sizes, pattern_of, source_for_all_sizes

module = sys.modules[einsum.__module__]


def pattern(tensor):
    return pattern_of((tensor.shape, tensor.stride(), tensor.dtype, tensor.device))


def test_a_pattern_by_hand():
    cpu = torch.device("cpu")
    bits, axes, dtype, device = pattern(torch.ones(5, 1, 9))
    assert (bits, dtype, device) == ((3, 1, 4), torch.float32, cpu)
    # each axis from the innermost on, whether it continues what lies inside, and its stride: 0, 1 or more
    assert axes == ((2, True, 1), (0, True, 2))
    assert pattern(torch.ones(5, 9)[:, :8])[1] == ((1, True, 1), (0, False, 2))
    assert pattern(torch.ones(5, 9)[:, ::2])[1] == ((1, False, 2), (0, False, 2))
    assert pattern(torch.ones(5, 15)[:, ::3]) == pattern(torch.ones(5, 10)[:, ::2])
    assert pattern(torch.ones(9).expand(4, 5, 9))[1] == ((0, False, 0), (1, True, 0), (2, False, 1))
    assert pattern(torch.ones(9, 1).expand(9, 5))[1] == ((1, False, 0), (0, False, 1))
    windows = torch.ones(9).unfold(0, 3, 1)
    assert pattern(windows) == ((7, 3), (1, 1), torch.float32, cpu)


def test_layouts_of_one_pattern_and_of_several():
    same = [torch.ones(5, 9), torch.ones(7, 15), torch.ones(4, 8)]
    others = [torch.ones(8, 9), torch.ones(5, 9).double(), torch.ones(9, 5).T, torch.ones(5, 1), torch.ones(5, 0)]
    others += [torch.ones(5, 10)[:, :9], torch.ones(9).expand(5, 9), torch.ones(5, 9, device="meta"), torch.ones(5)]
    assert len({pattern(x) for x in same}) == 1
    assert len({pattern(x) for x in (same[0], *others)}) == 1 + len(others)


def test_sizes_that_must_be_equal():
    matched = contraction(parse("iij,j,j->i"), ((2, 2, 3), (3,), (1,)))
    template = Template(len, equal_sizes(matched))
    assert template.equal == ((0, 0, 0, 1), (0, 2, 1, 0))
    for shapes, fits in ((((2, 2, 3), (3,), (1,)), True), (((2, 3, 3), (3,), (1,)), False)):
        assert template.fits([(shape, (), torch.float32, torch.device("cpu")) for shape in shapes]) == fits


def test_source_for_all_sizes_reads_each_size_where_it_is_not_stretched():
    matched = contraction(parse("ij,jk->ik"), ((2, 1), (3, 4)))
    code = "import torch\n\n\ndef contract(x0, x1):\n    return x1.reshape({3:j}*{4:k}).expand({2:i}, {3:j})\n"
    assert source_for_all_sizes(code, matched) == (
        "import torch\n\n\ndef contract(x0, x1):\n    n0 = x1.shape[0]\n    n1 = x1.shape[1]\n    n2 = x0.shape[0]\n"
        "    return x1.reshape(n0*n1).expand(n2, n0)\n"
    )


def laid_out(shape, rng):
    """Return a tensor of whole numbers with a random layout: permuted, with gaps, or stretched."""
    order = rng.sample(range(len(shape)), len(shape))
    gaps = [rng.choice((0, 0, 0, 2)) for _ in shape]
    x = torch.randint(-3, 4, [shape[axis] + gap for axis, gap in zip(order, gaps, strict=True)]).double()
    x = x[tuple(slice(shape[axis]) for axis in order)].permute([order.index(axis) for axis in range(len(shape))])
    if shape and rng.random() < 0.1:
        axis = rng.randrange(len(shape))
        x = x[(slice(None),) * axis + (slice(1),)].expand(shape)
    return x


def grown(case, rng):
    """Return the shapes of a case with other sizes: the letters of one size get one new size."""
    new = {size: size if size < 2 else rng.choice((2, 3, 4, 5, 6, 7, 9)) for size in range(10)}
    return [tuple(new[size] for size in shape) for shape in case.shapes]


def shares_any(result, operands):
    return any(shares_memory(result, operand) for operand in operands)


def compare_patterns(cases, seed):
    """Run each random equation with several sizes, against torch; return how many calls found their pattern."""
    rng, found = random.Random(seed), 0
    torch.manual_seed(seed)
    for _ in range(cases):
        case = random_case(rng, invalid=0.1)
        state = rng.getstate()
        for _ in range(4):
            shapes = grown(case, rng)
            after = rng.getstate()
            rng.setstate(state)  # so that the layouts are alike
            operands = [laid_out(shape, rng) for shape in shapes]
            rng.setstate(after)
            patterns = len(module._templates)
            try:
                expected = torch.einsum(*case.arguments(operands))
            except (RuntimeError, ValueError, LookupError):
                with pytest.raises(EinsumError):
                    einsum(*case.arguments(operands))
                continue
            result = einsum(*case.arguments(operands))
            assert torch.equal(result, expected), (case.equation, shapes)
            planned = plan_einsum(*case.arguments(operands))(*operands)
            assert shares_any(result, operands) == shares_any(planned, operands), (case.equation, shapes)
            found += len(module._templates) == patterns
    return found


def test_random_equations_with_other_sizes():
    assert compare_patterns(150, seed=0) > 150


@pytest.mark.long
def test_many_random_equations_with_other_sizes():
    assert compare_patterns(1500, seed=1) > 1500


BOOL, LONG = torch.bool, torch.int64
GROWING = {
    "attention": ("bhqd,bhkd->bhqk", lambda n: [(2, 2, n, 8)] * 2, (torch.float32,) * 2),
    "decoding": ("bhqd,bhkd->bhqk", lambda n: [(2, 2, 1, 8), (2, 2, n, 8)], (torch.float32,) * 2),
    "masks": ("bi,bj->bij", lambda n: [(2, n)] * 2, (BOOL, BOOL)),
    "mask and scores": ("bi,bij->bij", lambda n: [(2, n), (2, n, n)], (BOOL, torch.float32)),
    "integers": ("bi,bi->b", lambda n: [(2, n)] * 2, (LONG, LONG)),
    "three operands": ("bi,ij,bj->b", lambda n: [(2, n), (n, n), (2, n)], (torch.float32,) * 3),
    "rows": ("bnd,bnd->bn", lambda n: [(2, n, 32)] * 2, (torch.float32,) * 2),
}


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize(("equation", "shapes", "dtypes"), GROWING.values(), ids=GROWING)
def test_a_growing_length_is_planned_once_for_each_power_of_two(equation, shapes, dtypes, autocast, monkeypatch):
    planned, make = [], module._make_plan
    monkeypatch.setattr(module, "_make_plan", lambda *args: planned.append(args) or make(*args))
    module._programs.clear()
    module._templates.clear()
    remembered = len(FakeTensorMode.cache)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        for n in range(16, 64):
            operands = [torch.randint(0, 2, shape).to(dtype) for shape, dtype in zip(shapes(n), dtypes, strict=True)]
            expected, result = torch.einsum(equation, *operands), einsum(equation, *operands)
            torch.testing.assert_close(result, expected, rtol=0.02, atol=0.02)
            assert result.dtype == expected.dtype
    assert len(planned) == 2
    assert len(module._programs) == 48
    assert len(FakeTensorMode.cache) == remembered


def test_sizes_that_do_not_fit_are_refused_within_a_known_pattern():
    einsum("ij,jk->ik", torch.ones(5, 6), torch.ones(6, 7))
    with pytest.raises(EinsumError, match="index j has size 4 in operand 0 and size 5 in operand 1"):
        einsum("ij,jk->ik", torch.ones(5, 4), torch.ones(5, 7))


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "LAYOUTS_AT_MOST", 50)
    module._programs.clear()
    x = torch.ones(3, 2000)

    def use(sizes):
        for n in sizes:
            einsum("bi,bj->bij", x[:, :n] > 0, x[:, :3] > 0)

    use(range(1024, 1124))
    tracemalloc.start()
    use(range(1124, 1174))
    before = tracemalloc.get_traced_memory()[0]
    use(range(1174, 1974))
    grown_by = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown_by < 50_000
    assert len(module._programs) == 50


def test_the_plan_shows_numbers():
    plan = plan_einsum("bqhd,bkhd->bhqk", (2, 50, 3, 4), (2, 60, 3, 4))
    text = f"{plan.torch_code()}{plan}{plan.steps}"
    assert "{" not in text
    assert "n0" not in text
    assert all(type(number) is int for step in plan.steps for number in (*step.shape, step.multiplications))
