"""The ways to give operands, and which arguments are refused in which words."""

import array
from collections import deque

import numpy as np
import pytest
import torch
from torch.masked import masked_tensor
from torch.testing._internal.two_tensor import TwoTensor

from tensorglass import EinsumError, einsum, plan_einsum


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


SUBLISTS = {
    "range": range(2),
    "array": np.array([0, 1]),
    "tensor": torch.tensor([0, 1]),
    "tuple of NumPy integers": (np.int64(0), np.int8(1)),
    "numbers as tensors": [torch.tensor(0), torch.tensor(1)],
    "torch.Size": torch.Size([0, 1]),
    "deque": deque([0, 1]),
    "array.array": array.array("i", [0, 1]),
    "bytes": b"\x00\x01",
    "dict": {0: "rows", 1: "columns"},
    "booleans": [False, True],
    "NumPy booleans": np.array([False, True]),
    "booleans as a tensor": torch.tensor([False, True]),
    "an ellipsis": [0, ...],
    "nothing": [],
    "too large": [0, 52],
    "negative": [-1, 0],
    "far too large": [2**70, 0],
    "fractions": [0.0, 1.0],
    "a tensor of fractions": torch.tensor([0.0, 1.0]),
    "an array of fractions": np.array([0.0, 1.0]),
    "letters": "ij",
    "None inside": [0, None],
    "complex": [0, 1j],
    "rows": np.array([[0, 1]]),
    "None": None,
    "a number": 3,
}


@pytest.mark.parametrize("sublist", SUBLISTS.values(), ids=SUBLISTS)
def test_sublists_are_what_torch_takes(sublist):
    x = torch.arange(6.0).reshape(2, 3)
    for arguments in ((x, sublist), (x, [0, 1], sublist), (x, sublist, x, sublist), (x, sublist, sublist)):
        try:
            expected = torch.einsum(*arguments)
        except (TypeError, ValueError, RuntimeError):
            with pytest.raises((TypeError, EinsumError)) as caught:
                einsum(*arguments)
            assert str(caught.value).count(". ") == 0
        else:
            assert torch.equal(einsum(*arguments), expected)
            assert plan_einsum(*arguments).result == expected.shape


def test_iterators_are_walked_once():
    x = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(einsum(x, iter([0, 1]), (i for i in (1, 0))), x.T)


def test_operands_in_lists_of_lists():
    x, y = torch.ones(2, 3), torch.ones(3, 4)
    for operands in ([x, y], (x, y), [[x, y]], ([(x, y)],)):
        assert torch.equal(einsum("ij,jk", operands), torch.einsum("ij,jk", operands))
    assert plan_einsum("ij,jk", [[(2, 3), (3, 4)]]).result == (2, 4)
    for sizes in ([2, 3], torch.Size([2, 3])):
        assert plan_einsum("ij", sizes).result == (2, 3)
    for operands in ([x], [y]), (torch.nn.ParameterList([x, y]),), (iter([x, y]),):
        with pytest.raises(TypeError, match=r"^einsum\(\) operand 0 is (list|ParameterList|list_iterator); expected"):
            einsum("ij,jk", *operands)


def tensors_of_many_kinds():
    """Return functions that make a tensor of a shape, by the kind."""
    dtypes = "uint16 uint32 float8_e4m3fn float8_e5m2 complex32 bfloat16 float16 int8 int64 bool uint8".split()

    def quantized_by_rows(*shape):
        rows = shape[0]
        return torch.quantize_per_channel(torch.ones(shape), torch.ones(rows), torch.zeros(rows), 0, torch.qint8)

    return {
        **{name: lambda *shape, name=name: torch.ones(shape).to(getattr(torch, name)) for name in dtypes},
        "quantized": lambda *shape: torch.quantize_per_tensor(torch.ones(shape), 0.1, 0, torch.qint8),
        "quantized by rows": quantized_by_rows,
        "sparse": lambda *shape: torch.ones(shape).to_sparse(),
        "sparse rows": lambda *shape: torch.eye(*shape).to_sparse_csr() if len(shape) == 2 else torch.ones(shape),
        "MKL-DNN": lambda *shape: torch.ones(shape).to_mkldnn(),
        "zero": lambda *shape: torch._efficientzerotensor(shape),
        "conjugated": lambda *shape: torch.randn(shape, dtype=torch.complex64).conj(),
        "negated": lambda *shape: torch.randn(shape, dtype=torch.complex64).conj().imag,
        "meta": lambda *shape: torch.empty(shape, device="meta"),
        "nested": lambda *shape: torch.nested.nested_tensor([torch.ones(shape[1:])] * shape[0]),
        "jagged": lambda *shape: torch.nested.nested_tensor([torch.ones(shape[1:])] * shape[0], layout=torch.jagged),
        "subclass": lambda *shape: torch.ones(shape).as_subclass(Subclass),
        "two in one": lambda *shape: TwoTensor(torch.ones(shape), torch.ones(shape)),
        "masked": lambda *shape: masked_tensor(torch.ones(shape), torch.ones(shape, dtype=torch.bool)),
        "parameter": lambda *shape: torch.nn.Parameter(torch.ones(shape)),
        "uninitialized": lambda *shape: torch.nn.UninitializedParameter(),
        "lazy clone": lambda *shape: torch._lazy_clone(torch.ones(shape)),
    }


class Subclass(torch.Tensor):
    """A tensor that overrides nothing."""


KINDS = tensors_of_many_kinds()
EQUATIONS = ["ij->ji", "ij->i", "ij->", "ii->i", "ij->ij", "ij,jk->ik", "ij,ij->i", "ij,ij->ij", "ij,j->i", "ij,kj->"]


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return error


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sizes", [(4, 4, 4), (8, 400, 400)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_where_torch_works_ours_does(kind, sizes):
    named = dict(zip("ijk", sizes, strict=True))
    for equation in EQUATIONS:
        terms = equation.split("->")[0].split(",")
        try:
            operands = [KINDS[kind](*[named[letter] for letter in term]) for term in terms]
        except (TypeError, RuntimeError):  # there is no such kind with so few axes
            continue
        theirs, ours = outcome(torch.einsum, equation, *operands), outcome(einsum, equation, *operands)
        shown = f"{equation}: {theirs!r:.200}, {ours!r:.200}"
        if isinstance(theirs, Exception):  # ours may compute more, where operations take what torch.einsum's do not
            assert not isinstance(ours, Exception) or isinstance(ours, (RuntimeError, type(theirs))), shown
            continue
        assert type(theirs) is type(ours), shown
        assert (theirs.dtype, theirs.layout, theirs.is_conj(), theirs._is_zerotensor()) == (
            (ours.dtype, ours.layout, ours.is_conj(), ours._is_zerotensor())
        ), shown
        if kind not in ("nested", "jagged"):
            assert theirs.shape == ours.shape, shown
        if kind not in ("meta", "nested", "jagged", "masked", "two in one"):
            first, second = (x.dequantize() if x.is_quantized else x.to_dense() for x in (theirs, ours))
            first, second = (x.to(torch.complex128 if x.is_complex() else torch.float64) for x in (first, second))
            torch.testing.assert_close(first, second, rtol=1e-2, atol=1e-3, msg=shown)


@pytest.mark.filterwarnings("ignore")
def test_plans_of_plain_tensors_are_not_taken_for_others_of_their_layout():
    x = torch.ones(8, 400)
    einsum("bi,bi->b", x, x)
    for kind in ("subclass", "two in one", "zero", "lazy clone", "parameter"):
        other = KINDS[kind](8, 400)
        assert type(einsum("bi,bi->b", other, x)) is type(torch.einsum("bi,bi->b", other, x))


@pytest.mark.filterwarnings("ignore")
def test_a_plan_for_what_has_no_plan_says_why():
    for kind, words in (
        ("nested", "is a nested tensor; expected one shape for all, and strides"),
        ("jagged", "is a nested tensor; expected one shape for all, and strides"),
        ("sparse rows", "has the layout torch.sparse_csr; expected strides"),
        ("quantized", "has the dtype torch.qint8; expected one that torch multiplies and adds"),
        ("float8_e5m2", "has the dtype torch.float8_e5m2; expected one that torch multiplies and adds"),
        ("uint16", "has the dtype torch.uint16; expected one that torch multiplies and adds"),
    ):
        with pytest.raises(TypeError) as caught:
            plan_einsum("ij->j", KINDS[kind](3, 3))
        assert str(caught.value) == f"plan_einsum() operand 0 {words}"
    assert plan_einsum("ij->j", KINDS["subclass"](3, 3)).result == (3,)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.long
def test_distributed_tensors_are_left_to_torch():
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor, init_device_mesh
    from torch.testing._internal.distributed.fake_pg import FakeStore

    torch.distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    try:
        mesh = init_device_mesh("cpu", (2,))
        for placement in (Replicate(), Shard(0)):
            x, y = (distribute_tensor(torch.ones(8, 400), mesh, [placement]) for _ in range(2))
            for equation in ("bi,bi->b", "bi,ci->bc", "bi->ib", "bi->b"):
                operands = [x, y][: 1 + equation.count(",")]
                einsum(equation, *[torch.ones(8, 400) for _ in operands])
                theirs, ours = torch.einsum(equation, *operands), einsum(equation, *operands)
                assert (theirs.placements, theirs.shape) == (ours.placements, ours.shape)
                torch.testing.assert_close(ours.to_local(), theirs.to_local())
    finally:
        torch.distributed.destroy_process_group()
