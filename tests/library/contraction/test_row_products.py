"""Products of vectors: that they take the memory that the plan tells, which is little, and are exact."""

import random

import pytest
import torch

from tensorglass import einsum, plan_einsum, track_memory


def peak_of(function, operands):
    function(*operands)
    with track_memory() as memory:
        function(*operands)
    return memory.peak_bytes


def windows(size, count):
    """Return views of all windows of an image, without any memory of their own."""
    image = torch.rand(1, 3, size + count - 1, size + count - 1)
    return image.unfold(2, size, 1).unfold(3, size, 1)


def test_windows_are_never_all_multiplied_at_once():
    y = windows(30, 40)
    plan = plan_einsum("xcijkl,xcijkl->xcij", y, y)
    torch.testing.assert_close(plan(y, y), y.square().sum((4, 5)))
    products = y.numel() * 4
    assert peak_of(plan, (y, y)) == pytest.approx(plan.cost.peak_bytes, rel=0.01)
    assert plan.cost.peak_bytes < products / 100
    assert plan.cost.nbytes == plan.cost.peak_bytes
    assert peak_of(lambda a, b: torch.einsum("xcijkl,xcijkl->xcij", a, b), (y, y)) > products


def test_windows_too_many_for_any_machine_are_told_small():
    y = torch.empty(1, 3, 1000, 1000, device="meta").unfold(2, 100, 1).unfold(3, 100, 1)
    plan = plan_einsum("xcijkl,xcijkl->xcij", y, y)
    result = 3 * 901 * 901 * 4
    assert plan.cost.multiplications == 3 * 901 * 901 * 100 * 100
    assert plan.cost.peak_bytes == 2 * result
    assert "28 GiB" not in str(plan)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64])
@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("nc,nc->n", [(4096, 256)] * 2),
        ("bi,bi->b", [(500, 500)] * 2),
        ("bi,bi->b", [(40, 5000)] * 2),
        ("ib,ib->b", [(600, 50)] * 2),
        ("bij,bij->b", [(64, 30, 20)] * 2),
        ("bij,bji->b", [(64, 30, 20), (64, 20, 30)]),
        ("bi,ij,bj->b", [(512, 32), (32, 32), (512, 32)]),
        ("bi,ij,bj->b", [(64, 64), (64, 64), (64, 64)]),
        ("hwc,rc->hwr", [(64, 64, 32), (16, 32)]),
        ("hwc,rc->hwr", [(64, 64, 3), (5, 3)]),
        ("ij,jk->ik", [(300, 300), (300, 3)]),
        ("bij,bjk->bik", [(4, 100, 100), (4, 100, 2)]),
    ],
)
def test_the_peak_is_told_and_no_higher_than_torchs(equation, shapes, dtype):
    operands = [torch.randn(shape, dtype=dtype) for shape in shapes]
    plan = plan_einsum(equation, *operands)
    peak = peak_of(plan, operands)
    assert peak == pytest.approx(plan.cost.peak_bytes, rel=0.001)
    assert peak <= 1.05 * peak_of(lambda *x: torch.einsum(equation, *x), operands)


def test_few_vectors_take_one_number_each_besides():
    operands = [torch.randn(3, 100_000) for _ in range(2)]
    plan = plan_einsum("bi,bi->b", *operands)
    assert peak_of(plan, operands) == plan.cost.peak_bytes == 2 * 3 * 4
    assert (plan.steps[0].nbytes, plan.steps[0].temporary_nbytes) == (12, 12)


def test_pieces_are_of_100_kib_at_most():
    (step,) = plan_einsum("bij,bji->b", (21_000, 5, 5), (21_000, 5, 5)).steps
    assert step.code == (
        "x2 = torch.cat([(p * q).sum((1, 2)) for p, q in zip(x0.split(1024), x1.permute(0, 2, 1).split(1024))])"
    )
    assert step.temporary_nbytes == 100 * 1024
    # Here one axis is summed, and none gone through.
    (step,) = plan_einsum("bci,cbi->bc", (300, 40, 50), (40, 300, 50)).steps
    assert step.code == "x2 = torch.cat([(p * q).sum(2) for p, q in zip(x0.split(12), x1.permute(1, 0, 2).split(12))])"
    assert (step.letters, step.shape, step.temporary_nbytes) == (("b", "c"), (300, 40), 12 * 40 * 50 * 4)


def test_sums_of_slices_have_an_axis_each_for_their_row_and_column():
    shape = 2, 3, 2, 260
    merged = ("bc", "ij"), (6, 520)
    steps = plan_einsum("bcij,bcij->bc", shape, shape).steps
    assert [(step.letters, step.shape) for step in steps] == [
        *[merged] * 2,
        *[(("bc", "row", "column"), (6, 1, 1))] * 2,
        (("b", "c"), (2, 3)),
    ]


def test_pieces_and_their_sums_are_told():
    (step,) = plan_einsum("bij,bji->b", (20, 200, 150), (20, 150, 200)).steps
    assert (step.nbytes, step.temporary_nbytes) == (80, 170 * 150 * 4)
    (step,) = plan_einsum("bij,bji->b", (90_000, 2, 3), (90_000, 3, 2)).steps
    assert (step.nbytes, step.temporary_nbytes) == (360_000, 360_000)
    (step,) = plan_einsum("bij,bji->b", (3000, 20, 10), (3000, 10, 20)).steps
    assert (step.nbytes, step.temporary_nbytes) == (12_000, 128 * 200 * 4)


LAYOUTS = ["bi,bi->b", "bij,bij->b", "bij,bji->b", "bcij,bcij->cb", "bcij,cbji->bc", "ib,bi->b"]


def laid_out(rng, x):
    """Return the same numbers with the axes in another order in memory, with gaps, or one value along an axis."""
    order = rng.sample(range(x.dim()), x.dim())
    x = x.permute(order).contiguous().permute([order.index(axis) for axis in range(x.dim())])
    axis = rng.randrange(x.dim())
    way = rng.random()
    if way < 0.15:
        return x.narrow(axis, 0, 1).expand(x.shape)
    return torch.cat([x, x], axis).unflatten(axis, (x.shape[axis], 2)).select(axis + 1, 0) if way < 0.4 else x


def test_random_layouts():
    rng = random.Random(0)
    torch.manual_seed(0)
    for _ in range(150):
        equation = rng.choice(LAYOUTS)
        sizes = {letter: rng.choice([2, 3, 30, 100]) for letter in "bcij"}
        terms = equation.split("->")[0].split(",")
        operands = [laid_out(rng, torch.randn([sizes[letter] for letter in term])) for term in terms]
        if operands[0].numel() > 1e6:
            continue
        plan = plan_einsum(equation, *operands)
        shown = (equation, [(x.shape, x.stride()) for x in operands], plan.torch_code())
        exact = torch.einsum(equation, *[x.double() for x in operands])
        torch.testing.assert_close(plan(*operands).double(), exact, rtol=1e-4, atol=1e-3, msg=str(shown))
        peak, theirs = peak_of(plan, operands), peak_of(lambda *x, e=equation: torch.einsum(e, *x), operands)
        assert abs(peak - plan.cost.peak_bytes) <= 0.05 * plan.cost.peak_bytes, shown
        assert peak <= 1.05 * theirs + 4096, (peak, theirs, shown)


def test_long_sums_are_as_exact_as_torchs():
    torch.manual_seed(0)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        for shape in ((40, 3000), (3, 20_000), (2000, 400)):
            operands = [torch.rand(shape).to(dtype) for _ in range(2)]
            exact = torch.einsum("bi,bi->b", *[x.double() for x in operands])
            ours, theirs = (
                ((f("bi,bi->b", *operands).double() - exact) / exact).abs().max() for f in (einsum, torch.einsum)
            )
            assert ours <= theirs + torch.finfo(dtype).eps
