"""Products and sums in the code of plans: where their results lie in memory, and their dtypes."""

import random

import torch

from tensorglass import plan_einsum
from tensorglass.contraction.products import elementwise_product, summed
from tensorglass.contraction.program import Program, Value


def lines_of(plan):
    first, *_, last = plan.torch_code().split("\n")
    assert (first, last) == ("import torch", "")
    return [line.strip() for line in plan.torch_code().splitlines()[4:]]


def random_layout(rng, letters, sizes):
    """A tensor with these axes: permuted in memory, some of them expanded or with gaps."""
    order = rng.sample(range(len(letters)), len(letters))
    x = torch.zeros([sizes[letters[axis]] for axis in order]).permute(
        [order.index(axis) for axis in range(len(letters))]
    )
    for axis in range(x.dim()):
        if rng.random() < 0.15:
            x = x.narrow(axis, 0, 1).expand(x.shape)
        elif rng.random() < 0.15:
            x = torch.cat([x, x], axis).unflatten(axis, (x.shape[axis], 2)).select(axis + 1, 0)
    return x


def test_where_torch_puts_products():
    rng = random.Random(0)
    sizes = {"i": 2, "j": 3, "k": 4, "l": 5}
    for _ in range(400):
        values = {}
        for name in ("x0", "x1"):
            letters = tuple(rng.sample("ijkl", rng.randint(1, 4)))
            values[name] = Value(name, letters, random_layout(rng, letters, sizes))
        program = Program([], exact=True, on_cpu=True)
        result = elementwise_product(program, *values.values())
        computed = eval(program.steps[0].code.split(" = ")[1], {name: value.meta for name, value in values.items()})
        assert computed.shape == result.meta.shape
        assert computed.stride() == result.meta.stride(), values


def test_steps_of_one_axis_each_are_named_and_measured():
    product = plan_einsum("ij,jk->ijk", (2, 1), (1, 3)).steps[-1]
    assert (product.operation, product.letters, product.shape) == ("elementwise product", ("i", "j", "k"), (2, 1, 3))
    assert (product.multiplications, product.nbytes) == (6, 24)
    assert [(step.operation, step.code) for step in plan_einsum("ijk->kj", (2, 3, 4)).steps] == [
        ("permutation", "x1 = x0.permute(2, 1, 0)"),
        ("sum", "x2 = x1.sum(2)"),
    ]
    product, permutation = plan_einsum("bij,bjk->ibk", (2, 3, 4), (2, 4, 5)).steps
    assert (permutation.operation, permutation.code) == ("permutation", "x3 = x2.permute(1, 0, 2)")
    assert (permutation.letters, permutation.shape, permutation.copies) == (("i", "b", "k"), (3, 2, 5), False)


def test_sums_keep_the_dtype():
    program = Program(
        [(("i", "j", "k"), torch.zeros(2, 3, 4, dtype=torch.int8, device="meta"))], exact=False, on_cpu=True
    )
    total = summed(program, program.operands[0], ("i", "k"))
    assert program.steps[0].code == "x1 = x0.sum((0, 2), dtype=torch.int8)"
    assert (total.letters, total.meta.shape, total.meta.dtype) == (("j",), (3,), torch.int8)
    assert summed(program, total, ()) is total


def test_half_precision_multiplies_inside_matrix_products():
    for dtype, code in (
        (torch.float16, "return torch.bmm(x0.unsqueeze(1), x1.unsqueeze(2)).reshape(8)"),
        (torch.bfloat16, "return torch.bmm(x0.unsqueeze(1), x1.unsqueeze(2)).reshape(8)"),
        (torch.int64, "return torch.bmm(x0.unsqueeze(1), x1.unsqueeze(2)).reshape(8)"),
        (torch.complex64, "return x2.reshape(8)"),
        (torch.float32, "return x2.reshape(8)"),
    ):
        assert lines_of(plan_einsum("bi,bi->b", *[torch.ones(8, 400, dtype=dtype)] * 2))[-1] == code
