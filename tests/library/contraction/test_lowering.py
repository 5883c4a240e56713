"""What einsum plans become: the very torch code, case by case, and that it computes what torch.einsum computes."""

import itertools

import pytest
import torch
from compiled import compiled

from tensorglass import einsum, plan_einsum, track_memory
from tensorglass.contraction.equation import parse
from tensorglass.contraction.indices import contraction
from tensorglass.contraction.lowering import lower

CODE = [
    ("ij,jk->ik", [(2, 3), (3, 4)], ["return torch.matmul(x0, x1)"]),
    ("ij,jk->ki", [(2, 3), (3, 4)], ["return torch.matmul(x1.mT, x0.mT)"]),
    ("ji,jk->ik", [(3, 2), (3, 4)], ["return torch.matmul(x0.mT, x1)"]),
    ("ij,kj->ik", [(2, 3), (4, 3)], ["return torch.matmul(x0, x1.mT)"]),
    ("ij,j->i", [(2, 3), (3,)], ["return torch.matmul(x0, x1)"]),
    ("j,ij->i", [(3,), (2, 3)], ["return torch.matmul(x1, x0)"]),
    ("j,ji->i", [(3,), (3, 2)], ["return torch.matmul(x1.mT, x0)"]),
    ("i,i->", [(3,), (3,)], ["return torch.matmul(x0, x1)"]),
    ("ij,ij->", [(2, 3), (2, 3)], ["x2 = x0.reshape(6)", "x3 = x1.reshape(6)", "return torch.matmul(x2, x3)"]),
    (
        "ij,ji->",
        [(2, 3), (3, 2)],
        ["x2 = x0.reshape(6)", "x3 = x1.permute(1, 0).reshape(6)", "return torch.matmul(x2, x3)"],
    ),
    ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)], ["return torch.bmm(x0, x1)"]),
    ("bij,bkj->bki", [(2, 3, 4), (2, 5, 4)], ["return torch.bmm(x1, x0.mT)"]),
    ("bij,bj->bi", [(2, 3, 4), (2, 4)], ["return torch.bmm(x1.unsqueeze(1), x0.mT).squeeze(1)"]),
    ("bj,bij->bi", [(2, 4), (2, 3, 4)], ["return torch.bmm(x0.unsqueeze(1), x1.mT).squeeze(1)"]),
    ("bi,bi->b", [(2, 15), (2, 15)], ["return torch.bmm(x0.unsqueeze(1), x1.unsqueeze(2)).reshape(2)"]),
    ("bi,bi->b", [(10, 399), (10, 399)], ["return torch.bmm(x0.unsqueeze(1), x1.unsqueeze(2)).reshape(10)"]),
    (
        "bi,bi->b",
        [(4, 400), (4, 400)],
        [
            "x2 = torch.bmm(x0[:, None, :256], x1[:, :256, None])",
            "for p, q in zip(x0[:, None, 256:].split(256, 2), x1[:, 256:, None].split(256, 1)): x2.baddbmm_(p, q)",
            "return x2.reshape(4)",
        ],
    ),
    (
        "bij,bij->b",
        [(4, 13, 40), (4, 13, 40)],
        [
            "x2 = x0.reshape(4, 520)",
            "x3 = x1.reshape(4, 520)",
            "x4 = torch.bmm(x2[:, None, :256], x3[:, :256, None])",
            "for p, q in zip(x2[:, None, 256:].split(256, 2), x3[:, 256:, None].split(256, 1)): x4.baddbmm_(p, q)",
            "return x4.reshape(4)",
        ],
    ),
    ("bi,bi->b", [(3, 391), (3, 391)], ["return torch.bmm(x0.unsqueeze(1), x1.unsqueeze(2)).reshape(3)"]),
    (
        "bi,bi->b",
        [(4, 521), (4, 521)],
        ["return torch.stack([torch.dot(p, q) for p, q in zip(x0, x1)])"],
    ),
    (
        "bci,bci->bc",
        [(2, 2, 521), (2, 2, 521)],
        [
            "x2 = x0.reshape(4, 521)",
            "x3 = x1.reshape(4, 521)",
            "return torch.stack([torch.dot(p, q) for p, q in zip(x2, x3)]).reshape(2, 2)",
        ],
    ),
    (
        "ib,ib->b",
        [(512, 513), (512, 513)],
        [
            "x2 = x0.permute(1, 0)",
            "x3 = x1.permute(1, 0)",
            "x4 = torch.bmm(x2[:, None, :256], x3[:, :256, None])",
            "for p, q in zip(x2[:, None, 256:].split(256, 2), x3[:, 256:, None].split(256, 1)): x4.baddbmm_(p, q)",
            "return x4.reshape(513)",
        ],
    ),
    # what cannot be merged is multiplied and summed at once as long as it is small: here up to 25,600 products
    (
        "bij,bji->b",
        [(4096, 2, 32), (4096, 32, 2)],
        ["x2 = x0 * x1.permute(0, 2, 1)", "return x2.sum((1, 2))"],
    ),
    (
        "bij,bji->b",
        [(4097, 2, 32), (4097, 32, 2)],
        ["return torch.cat([(p * q).sum((1, 2)) for p, q in zip(x0.split(200), x1.permute(0, 2, 1).split(200))])"],
    ),
    (
        "bij,bji->b",
        [(21, 100, 128), (21, 128, 100)],
        ["return torch.cat([(p * q).sum((1, 2)) for p, q in zip(x0.split(1), x1.permute(0, 2, 1).split(1))])"],
    ),
    # where the products for one element of the batch are many, the sum is cut too
    (
        "bij,bji->b",
        [(21, 100, 129), (21, 129, 100)],
        [
            "return torch.stack([sum((p * q).sum() for p, q in zip(p.split(99), q.split(99))) "
            "for p, q in zip(x0, x1.permute(0, 2, 1))])"
        ],
    ),
    (
        "bijk,bkij->b",
        [(11, 2, 100, 129), (11, 129, 2, 100)],
        [
            "return torch.stack([sum((p * q).sum() for p, q in zip(p, q) for p, q in zip(p.split(99), q.split(99))) "
            "for p, q in zip(x0, x1.permute(0, 2, 3, 1))])"
        ],
    ),
    (
        "abij,abji->ab",
        [(7, 3, 100, 129), (7, 3, 129, 100)],
        [
            "return torch.stack([sum((p * q).sum() for p, q in zip(p.split(99), q.split(99))) "
            "for p, q in zip(x0, x1.permute(0, 1, 3, 2)) for p, q in zip(p, q)]).reshape(7, 3)"
        ],
    ),
    (
        "abij,abji->ab",
        [(15, 3, 60, 100), (15, 3, 100, 60)],
        [
            "return torch.cat([(p * q).sum((1, 2)) for p, q in zip(x0, x1.permute(0, 1, 3, 2)) "
            "for p, q in zip(p.split(2), q.split(2))]).reshape(15, 3)"
        ],
    ),
    ("ij,jk->ik", [(64, 16), (16, 2)], ["return torch.matmul(x0, x1)"]),
    ("bij,bjk->bik", [(2, 64, 16), (2, 16, 3)], ["return torch.bmm(x0, x1)"]),
    ("ij,jk,k->i", [(64, 16), (16, 15), (15,)], ["x3 = torch.matmul(x1, x2)", "return torch.matmul(x0, x3)"]),
    (
        "jk,ijkl->il",
        [(8, 8), (3, 8, 8, 2)],
        ["x2 = x0.reshape(64)", "x3 = x1.reshape(3, 64, 2)", "return torch.bmm(x2.expand(3, 1, 64), x3).reshape(3, 2)"],
    ),
    (
        "jk,ijkl->il",
        [(2, 2), (3, 2, 2, 2)],
        [
            "x2 = x0.reshape(4)",
            "x3 = x1.permute(1, 2, 0, 3).reshape(4, 6)",
            "return torch.matmul(x3.mT, x2).reshape(3, 2)",
        ],
    ),
    ("bij,bjk->ibk", [(2, 64, 16), (2, 16, 3)], ["x2 = torch.bmm(x0, x1)", "return x2.permute(1, 0, 2)"]),
    (
        "bjk,bijkl->bil",
        [(2, 8, 8), (2, 3, 8, 8, 2)],
        [
            "x2 = x0.reshape(2, 64)",
            "x3 = x1.permute(0, 2, 3, 1, 4).reshape(2, 64, 6)",
            "return torch.bmm(x2.unsqueeze(1), x3).squeeze(1).reshape(2, 3, 2)",
        ],
    ),
    # whichever operand is smaller is copied
    (
        "ijk,kjl->il",
        [(2, 3, 4), (4, 3, 50)],
        [
            "x2 = x0.permute(0, 2, 1).reshape(2, 12)",
            "x3 = x1.reshape(12, 50)",
            "return torch.matmul(x2, x3)",
        ],
    ),
    (
        "ijk,kjl->il",
        [(50, 3, 4), (4, 3, 20)],
        [
            "x2 = x0.reshape(50, 12)",
            "x3 = x1.permute(1, 0, 2).reshape(12, 20)",
            "return torch.matmul(x2, x3)",
        ],
    ),
    (
        "cbij,bcjk->bcik",
        [(2, 3, 4, 5), (3, 2, 5, 60)],
        [
            "x2 = x0.permute(1, 0, 2, 3).reshape(6, 4, 5)",
            "x3 = x1.reshape(6, 5, 60)",
            "return torch.bmm(x2, x3).reshape(3, 2, 4, 60)",
        ],
    ),
    # many small matrices are copied into one: here from 63 elements to 64
    (
        "jk,ijkl->il",
        [(3, 3), (2, 3, 3, 7)],
        [
            "x2 = x0.reshape(9)",
            "x3 = x1.permute(1, 2, 0, 3).reshape(9, 14)",
            "return torch.matmul(x3.mT, x2).reshape(2, 7)",
        ],
    ),
    (
        "jk,ijkl->il",
        [(4, 4), (2, 4, 4, 4)],
        [
            "x2 = x0.reshape(16)",
            "x3 = x1.reshape(2, 16, 4)",
            "return torch.bmm(x2.expand(2, 1, 16), x3).reshape(2, 4)",
        ],
    ),
    (
        "ijkl,jk->il",
        [(3, 8, 8, 2), (8, 8)],
        ["x2 = x1.reshape(64)", "x3 = x0.reshape(3, 64, 2)", "return torch.bmm(x2.expand(3, 1, 64), x3).reshape(3, 2)"],
    ),
    (
        "oc,nchw->nohw",
        [(5, 8), (2, 8, 3, 4)],
        ["x2 = x1.reshape(2, 8, 12)", "return torch.bmm(x0.expand(2, 5, 8), x2).reshape(2, 5, 3, 4)"],
    ),
    (
        "jk,ijk->i",
        [(8, 8), (3, 8, 8)],
        ["x2 = x0.reshape(64)", "x3 = x1.reshape(3, 64)", "return torch.matmul(x3, x2)"],
    ),
    (
        "bqhd,bkhd->bhqk",
        [(2, 5, 3, 4), (2, 6, 3, 4)],
        [
            "x2 = x0.permute(0, 2, 1, 3).reshape(6, 5, 4)",
            "x3 = x1.permute(0, 2, 1, 3).reshape(6, 6, 4)",
            "return torch.bmm(x2, x3.mT).reshape(2, 3, 5, 6)",
        ],
    ),
    (
        "abc,bde->acde",
        [(2, 3, 4), (3, 5, 6)],
        [
            "x2 = x0.permute(1, 0, 2).reshape(3, 8)",
            "x3 = x1.reshape(3, 30)",
            "return torch.matmul(x2.mT, x3).reshape(2, 4, 5, 6)",
        ],
    ),
    ("i,j->ij", [(2,), (3,)], ["return x0.unsqueeze(1) * x1"]),
    ("i,j->ji", [(2,), (3,)], ["return x0 * x1.unsqueeze(1)"]),
    ("ij,i->ij", [(2, 3), (2,)], ["return x0 * x1.unsqueeze(1)"]),
    ("i,ij->ij", [(2,), (2, 3)], ["return x0.unsqueeze(1) * x1"]),
    (
        "i,j,k->kji",
        [(2,), (3,), (4,)],
        ["x3 = x0.unsqueeze(1) * x1", "return x2.unsqueeze(1).unsqueeze(2) * x3.permute(1, 0)"],
    ),
    (",ij->ij", [(), (2, 3)], ["return x0 * x1"]),
    ("ij->ji", [(2, 3)], ["return x0.permute(1, 0)"]),
    ("ij->ij", [(2, 3)], ["return x0.permute(0, 1)"]),
    ("->", [()], ["return x0.permute(())"]),
    ("ij->", [(2, 3)], ["return x0.sum()"]),
    ("ij->j", [(2, 3)], ["return x0.sum(0)"]),
    ("ijk->j", [(2, 3, 4)], ["return x0.sum((0, 2))"]),
    ("ii->i", [(3, 3)], ["return x0.diagonal(0, 0, 1)"]),
    ("iijj->ij", [(3, 3, 2, 2)], ["x1 = x0.diagonal(0, 0, 1)", "return x1.diagonal(0, 0, 1)"]),
    ("iii->i", [(2, 2, 2)], ["x1 = x0.diagonal(0, 0, 1)", "return x1.diagonal(0, 0, 1)"]),
    ("iii->", [(2, 2, 2)], ["x1 = x0.diagonal(0, 0, 1)", "x2 = x1.diagonal(0, 0, 1)", "return x2.sum()"]),
    ("ij,ij->ij", [(1, 3), (2, 3)], ["x2 = x0.squeeze(0)", "return x2 * x1"]),
    (
        "ij,jk->ik",
        [(1, 3), (3, 1)],
        [
            "x2 = x0.squeeze(0)",
            "x3 = x1.squeeze(1)",
            "x4 = torch.matmul(x2, x3)",
            "return x4.unsqueeze(0).unsqueeze(1)",
        ],
    ),
    ("ij->ji", [(1, 3)], ["return x0.permute(1, 0)"]),
    ("ijk->k", [(1, 3, 1)], ["return x0.sum((0, 1))"]),
    ("...i,...i->...", [(2, 1, 3), (4, 3)], ["x2 = x0.squeeze(1)", "return torch.matmul(x2, x1.mT)"]),
    ("a,ab,b->", [(2,), (2, 3), (3,)], ["x3 = torch.matmul(x1, x2)", "return torch.matmul(x0, x3)"]),
    (
        "abc,bde,cdf,efg->ag",
        [(2, 3, 4), (3, 5, 6), (4, 5, 7), (6, 7, 8)],
        [
            "x4 = x0.reshape(6, 4)",
            "x5 = x2.reshape(4, 35)",
            "x6 = torch.matmul(x4, x5).reshape(2, 3, 5, 7)",
            "x7 = x1.reshape(15, 6)",
            "x8 = x6.reshape(2, 15, 7)",
            "del x6",
            "x9 = torch.bmm(x7.mT.expand(2, 6, 15), x8).reshape(2, 6, 7)",
            "del x8",
            "x10 = x9.reshape(2, 42)",
            "del x9",
            "x11 = x3.reshape(42, 8)",
            "return torch.matmul(x10, x11)",
        ],
    ),
]
FROM_LAYOUTS = [
    ("bij,bjk->bik", [(2, 4, 3), (2, 4, 5)], [(0, 2, 1), (0, 1, 2)], ["return torch.bmm(x0, x1)"]),
    # the batch axes lie in another order, those that are summed too, and rows are merged as they lie
    ("bcij,bcjk->bcik", [(3, 2, 4, 5), (3, 2, 5, 6)], [(1, 0, 2, 3), (1, 0, 2, 3)], [
        "x2 = x0.permute(1, 0, 2, 3).reshape(6, 4, 5)",
        "x3 = x1.permute(1, 0, 2, 3).reshape(6, 5, 6)",
        "x4 = torch.bmm(x2, x3).reshape(3, 2, 4, 6)",
        "return x4.permute(1, 0, 2, 3).contiguous()",
    ]),
    ("ijk,jkl->il", [(4, 3, 2), (4, 3, 5)], [(2, 1, 0), (1, 0, 2)], [
        "x2 = x0.permute(2, 1, 0).reshape(12, 2)",
        "x3 = x1.permute(1, 0, 2).reshape(12, 5)",
        "return torch.matmul(x2.mT, x3)",
    ]),
    ("abi,ic->abc", [(3, 2, 4), (4, 5)], [(1, 0, 2), (0, 1)], [
        "x2 = x0.permute(1, 0, 2).reshape(6, 4)",
        "x3 = torch.matmul(x2, x1).reshape(3, 2, 5)",
        "return x3.permute(1, 0, 2)",
    ]),
    ("bi,bi->b", [(16, 2), (2, 16)], [(1, 0), (0, 1)], [
        "return torch.bmm(x0.unsqueeze(1), x1.unsqueeze(2)).reshape(2)",
    ]),
]  # fmt: skip


def lines_of(plan):
    first, *_, last = plan.torch_code().split("\n")
    assert (first, last) == ("import torch", "")
    return [line.strip() for line in plan.torch_code().splitlines()[4:]]


def check(equation, operands, code):
    plan = plan_einsum(equation, *operands)
    assert lines_of(plan) == code
    expected = torch.einsum(equation, *operands)
    for result in (plan(*operands), compiled(plan.torch_code())(*operands)):
        torch.testing.assert_close(result, expected)
    return plan


@pytest.mark.parametrize(("equation", "shapes", "code"), CODE)
def test_code(equation, shapes, code):
    torch.manual_seed(0)
    check(equation, [torch.randn(shape, dtype=torch.float64) for shape in shapes], code)


@pytest.mark.parametrize(("equation", "shapes", "orders", "code"), FROM_LAYOUTS)
def test_code_for_other_layouts(equation, shapes, orders, code):
    torch.manual_seed(0)
    operands = [torch.randn(s, dtype=torch.float64).permute(o) for s, o in zip(shapes, orders, strict=True)]
    check(equation, operands, code)


def test_an_operand_without_any_unit_stride_is_copied():
    x, y = torch.randn(6, 10)[::2, ::2], torch.randn(5, 4)
    plan = check("ij,jk->ik", [x, y], ["return torch.matmul(x0, x1)"])
    assert plan.steps[0].temporary_nbytes == 3 * 5 * 4
    assert plan.cost.nbytes == 3 * 5 * 4 + 3 * 4 * 4


def test_expanded_operands():
    torch.manual_seed(0)
    x = torch.randn(5, dtype=torch.float64).expand(4, 5)
    y = torch.randn(5, 3, dtype=torch.float64)
    check("ij,jk->ik", [x, y], ["return torch.matmul(x0, x1)"])
    check("bij,bjk->bik", [x.expand(2, 4, 5), y.expand(2, 5, 3)], ["return torch.bmm(x0, x1)"])


@pytest.mark.parametrize(
    ("equation", "shapes", "dtype", "code"),
    [
        ("bi,bi->b", [(2, 4), (2, 4)], torch.float32, ["x2 = x0 * x1", "return x2.sum(1)"]),
        ("bi,bi->b", [(2**11, 2**11)] * 2, torch.float32, ["x2 = x0 * x1", "return x2.sum(1)"]),
        (
            "bi,bi->b",
            [(2**11, 2**11 + 1)] * 2,
            torch.float32,
            ["return torch.bmm(x0.unsqueeze(1), x1.unsqueeze(2)).reshape(2048)"],
        ),
        ("bi,bi->b", [(2, 4)] * 2, torch.float16, ["return torch.bmm(x0.unsqueeze(1), x1.unsqueeze(2)).reshape(2)"]),
        ("i,i->", [(4,), (4,)], torch.float32, ["return torch.matmul(x0, x1)"]),
        ("i,i->", [(0,), (0,)], torch.int64, ["x2 = x0 * x1", "return x2.sum()"]),
        ("i,i->", [(0,), (0,)], torch.int32, ["x2 = x0 * x1", "return x2.sum(dtype=torch.int32)"]),
        ("ij,jk->ik", [(64, 16), (16, 2)], torch.float32, ["return torch.matmul(x0, x1)"]),
        ("bij,bj->bi", [(2, 3, 4), (2, 4)], torch.float32, ["return torch.bmm(x1.unsqueeze(1), x0.mT).squeeze(1)"]),
    ],
)
def test_code_on_a_gpu(equation, shapes, dtype, code):
    operands = [torch.empty(shape, dtype=dtype, device="meta") for shape in shapes]
    program, _ = lower(contraction(parse(equation), tuple(shapes)), operands, dtype, autocast=False, on_cpu=False)
    assert [line.strip() for line in program.source().splitlines()[4:]] == code


def test_other_dtypes_are_converted_first():
    integers, floats = torch.arange(6, dtype=torch.int32).reshape(2, 3), torch.ones(3)
    check("ij->i", [integers], ["x1 = x0.to(torch.int64)", "return x1.sum(1)"])
    plan = check("ij,j->ij", [integers, floats], ["x2 = x0.to(torch.float32)", "return x2 * x1"])
    assert [step.copies for step in plan.steps] == [True, False]
    assert plan.dtype == torch.float32


def test_booleans_are_counted_only_where_there_are_none():
    some, none = torch.tensor([True, False]), torch.zeros(2, 0, dtype=torch.bool)
    check("i,i->i", [some, some], ["return x0 * x1"])
    plan = check("ij,ij->i", [none, none], [
        "x2 = x0.to(torch.uint8)",
        "x3 = x1.to(torch.uint8)",
        "x4 = torch.bmm(x2.unsqueeze(1), x3.unsqueeze(2)).reshape(2)",
        "return x4.to(torch.bool)",
    ])  # fmt: skip
    assert [step.operation for step in plan.steps] == ["conversion", "conversion", "matrix product", "conversion"]


def test_operations_that_move_numbers():
    x = torch.ones(3, 1)
    assert [step.operation for step in plan_einsum("bi->b", x).steps] == ["sum"]
    assert [step.operation for step in plan_einsum("bi->bi", x).steps] == ["permutation"]
    assert [step.operation for step in plan_einsum("bi,->bi", x, x[0, 0]).steps] == ["squeeze", "elementwise product"]
    assert [step.operation for step in plan_einsum("i->i", x[:, 0]).steps] == ["permutation"]
    assert [step.operation for step in plan_einsum("i->", x[:, 0].int()).steps] == ["conversion", "sum"]
    assert [step.copies for step in plan_einsum("i->", x[:, 0].int()).steps] == [True, False]


def test_steps_tell_what_they_cost():
    plan = plan_einsum("bqhd,bkhd->bhqk", (2, 5, 3, 4), (2, 6, 3, 4))
    first, second, product = plan.steps
    assert (first.operation, first.letters, first.shape, first.nbytes, first.copies) == (
        "permutation", ("bh", "q", "d"), (6, 5, 4), 480, True
    )  # fmt: skip
    assert (first.result, first.multiplications) == ("x2", 0)
    assert second.nbytes == 4 * 6 * 6 * 4
    assert (product.operation, product.letters, product.shape) == ("matrix product", ("b", "h", "q", "k"), (2, 3, 5, 6))
    assert (product.multiplications, product.nbytes, product.copies) == (6 * 5 * 6 * 4, 4 * 6 * 5 * 6, False)
    assert plan.cost == (720, 480 + 576 + 720, 480 + 576 + 720)


@pytest.mark.parametrize(
    ("equation", "shapes", "operations", "multiplications"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)], ["matrix product"], [24]),
        ("ij,j->i", [(2, 3), (3,)], ["matrix product"], [6]),
        ("i,j->ij", [(2,), (3,)], ["elementwise product"], [6]),
        ("ii,j->ij", [(2, 2), (3,)], ["diagonal", "elementwise product"], [0, 6]),
        ("ij,k->ik", [(2, 3), (4,)], ["sum", "elementwise product"], [0, 8]),
        ("bi,bi->b", [(2, 16), (2, 16)], ["matrix product"], [32]),
        ("bi,bi->b", [(8, 401)] * 2, ["matrix product", "matrix product", "permutation"], [8 * 256, 8 * 145, 0]),
        ("bi,bi->b", [(2, 401)] * 2, ["matrix product"], [802]),
        ("bij,bji->b", [(3, 10, 9), (3, 9, 10)], ["elementwise product", "sum"], [270, 0]),
        ("bij,bji->b", [(3000, 10, 20), (3000, 20, 10)], ["products and sums"], [600_000]),
        ("jk,ijkl->il", [(8, 8), (3, 8, 8, 2)], ["permutation", "permutation", "matrix product"], [0, 0, 384]),
        ("ij,j->i", [(1, 3), (3,)], ["squeeze", "matrix product", "squeeze"], [0, 3, 0]),
        ("ij->ji", [(2, 3)], ["permutation"], [0]),
    ],
)
def test_operations_and_multiplications(equation, shapes, operations, multiplications):
    plan = plan_einsum(equation, *shapes)
    assert [step.operation for step in plan.steps] == operations
    assert [step.multiplications for step in plan.steps] == multiplications
    assert plan.cost.multiplications == sum(multiplications)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(64, 32), (32, 48)]),
        ("ij,jk->ik", [(64, 32), (32, 3)]),
        ("ij,jk,kl,jk->il", [(30, 30)] * 4),
        ("bqhd,bkhd->bhqk", [(2, 16, 4, 8)] * 2),
        ("abc,bde,cdf,efg->ag", [(6, 6, 6)] * 4),
        ("ijk,jk,k->i", [(4, 5, 6), (5, 6), (6,)]),
        ("ii,ij->j", [(8, 8), (8, 9)]),
        ("i,j,k->ijk", [(4,), (5,), (6,)]),
        ("bi,bi->b", [(8, 32)] * 2),
    ],
)
def test_the_predicted_bytes_are_those_that_the_allocator_saw(equation, shapes):
    operands = [torch.randn(shape) for shape in shapes]
    plan = plan_einsum(equation, *operands)
    with track_memory() as memory:
        plan(*operands)
    assert memory.allocated_bytes == plan.cost.nbytes


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bqhd,bkhd->bhqk", [(2, 64, 8, 32)] * 2),
        ("bhqk,bkhd->bqhd", [(2, 8, 64, 64), (2, 64, 8, 32)]),
        ("abc,bde,cdf,efg->ag", [(16, 16, 16)] * 4),
        ("abc,bde,cdf,efg->ag", [(4, 5, 6), (5, 7, 8), (6, 7, 9), (8, 9, 10)]),
        ("ai,aib,bjc,ckd,dl->ijkl", [(20, 2), (20, 2, 20), (20, 2, 20), (20, 2, 20), (20, 2)]),
        ("ij,jk,kl,lm->im", [(40, 40)] * 4),
    ],
)
def test_peak_memory_is_at_most_that_of_torch(equation, shapes):
    operands = [torch.randn(shape) for shape in shapes]
    peaks = []
    for function in (plan_einsum(equation, *operands), lambda *x: torch.einsum(equation, *x)):
        function(*operands)
        with track_memory() as memory:
            function(*operands)
        peaks.append(memory.peak_bytes)
    print(equation, peaks)
    assert peaks[0] <= peaks[1]


def test_intermediate_results_are_let_go():
    operands = [torch.randn(256, 256) for _ in range(5)]
    plan = plan_einsum("ij,jk,kl,lm,mn->in", *operands)
    with track_memory() as memory:
        plan(*operands)
    assert len(plan.steps) == 4
    assert memory.allocated_bytes == 4 * 256 * 256 * 4
    assert memory.peak_bytes == 3 * 256 * 256 * 4  # two operands and their product


# Where results lie


def equations(letters, most):
    """Yield the terms and the output of each equation of one and two operands, up to the names of letters."""
    terms = ["".join(term) for count in range(most + 1) for term in itertools.product(letters, repeat=count)]
    for several in [(term,) for term in terms] + list(itertools.product(terms, repeat=2)):
        used = "".join(dict.fromkeys("".join(several)))
        if letters.startswith(used):
            for count in range(len(used) + 1):
                yield from ((several, "".join(output)) for output in itertools.permutations(used, count))


SIZES = [{"a": 2, "b": 3, "c": 4}, {"a": 2, "b": 1, "c": 3}, {"a": 32, "b": 3, "c": 40}]


def compare_places(cases):
    """Compare where results lie with torch.einsum's; return how many are contiguous there, and not ours."""
    fewer = contiguous = 0
    for (terms, output), sizes in cases:
        operands = [torch.ones([sizes[letter] for letter in term]) for term in terms]
        equation = f"{','.join(terms)}->{output}"
        theirs, plan = torch.einsum(equation, *operands), plan_einsum(equation, *operands)
        ours = plan(*operands)
        shown = (equation, sizes, plan.torch_code())
        storages = {x.untyped_storage().data_ptr() for x in operands}
        shared = [result.untyped_storage().data_ptr() in storages for result in (ours, theirs)]
        assert shared[0] == shared[1], shown
        assert theirs._is_view() or not ours._is_view(), shown
        if theirs.is_contiguous() and not ours.is_contiguous():
            # torch lays out products by strides, those of axes of size 1 among them, which ours have not
            assert any(sizes[letter] == 1 for letter in "".join(terms)), shown
            fewer += 1
        contiguous += theirs.is_contiguous()
    return fewer, contiguous


def test_results_lie_as_torchs():
    cases = list(itertools.product(equations("abc", 3), SIZES))
    alone = [case for case in cases if len(case[0][0]) == 1]
    fewer, contiguous = compare_places(alone + cases[:: len(cases) // 400])
    assert fewer <= contiguous / 100


@pytest.mark.long
def test_all_results_of_small_equations_lie_as_torchs():
    fewer, contiguous = compare_places(itertools.product(equations("abc", 3), SIZES))
    print(f"{fewer} of {contiguous} contiguous results are contiguous in torch.einsum alone")
    assert fewer <= contiguous / 400


@pytest.mark.parametrize("equation", ["nchw->cn", "nchw->wc", "abcd->dcba", "bhqd->dbq", "aabc->cb"])
def test_a_sum_can_be_viewed_and_changed_in_place(equation):
    x = torch.randn(3, 3, 4, 5)
    with torch.no_grad():
        result = einsum(equation, x)
    torch.testing.assert_close(result, torch.einsum(equation, x))
    if torch.einsum(equation, x).is_contiguous():
        result.view(-1)
        result.mul_(torch.ones((), requires_grad=True))


def test_elementwise_results_can_be_changed_in_place():
    for equation, shapes in (("i,ij->ji", [(3,), (3, 4)]), ("ij,->ij", [(1, 4), ()]), ("i,j->ij", [(1,), (1,)])):
        with torch.no_grad():
            result = einsum(equation, *[torch.ones(shape) for shape in shapes])
        result.mul_(torch.ones((), requires_grad=True))


def test_a_small_result_is_copied_where_torch_copies_an_operand():
    check("abc,a->cb", [torch.randn(20, 3, 4), torch.randn(20)], [
        "x2 = x0.reshape(20, 12)",
        "x3 = torch.matmul(x2.mT, x1).reshape(3, 4)",
        "return x3.permute(1, 0).contiguous()",
    ])  # fmt: skip
    # for each of 2 * 3 batches 4 * 4 numbers, and of operands that torch.einsum would copy 4 * 2 + 2 * 4; and with one
    # column more, 20 and 18
    for columns, last in ((2, ".contiguous()"), (4, ".contiguous()"), (5, "")):
        x, y = torch.randn(2, 3, 4, 2).transpose(0, 1), torch.randn(2, 3, 2, columns).transpose(0, 1)
        plan = plan_einsum("bcij,bcjk->bcik", x, y)
        assert lines_of(plan)[-1] == f"return x4.permute(1, 0, 2, 3){last}"
        assert plan(x, y).is_contiguous() == bool(last)
