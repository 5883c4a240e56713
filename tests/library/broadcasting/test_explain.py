"""explain_broadcast against torch: verdict, shape, and the texts of errors and reports."""

import dataclasses
import itertools
import random
import time
import warnings

import numpy as np
import pytest
import torch
from kinds_of_tensors import with_storage, without_storage
from small_shapes import SMALL_SHAPES

from tensorglass import explain_broadcast


def torch_verdict(shapes):
    """Return (result shape, error text) of ``a + b + ...`` on real CPU tensors of these shapes."""
    total = torch.ones(shapes[0])
    try:
        for shape in shapes[1:]:
            total = total + torch.ones(shape)
    except RuntimeError as error:
        return None, str(error)
    return tuple(total.shape), None


def assert_agrees_with_torch(shapes):
    explanation = explain_broadcast(*shapes)
    assert (explanation.result, explanation.error) == torch_verdict(shapes), shapes
    assert explanation.ok is (explanation.result is not None)
    assert bool(explanation) is explanation.ok
    return explanation


@pytest.mark.timing
def test_meta_tensors_of_a_trillion_elements_cost_nothing():
    a = torch.empty(10**6, 1, device="meta")
    b = torch.empty(10**6, device="meta")
    times = []
    for _ in range(5):
        start = time.process_time()
        explanation = explain_broadcast(a, b)
        times.append(time.process_time() - start)
    assert min(times) < 0.010
    assert explanation.result == (10**6, 10**6)
    assert explanation.elements == 10**12
    assert explanation.nbytes == 4 * 10**12


def test_fake_tensors_are_accepted():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        assert explain_broadcast(torch.ones(3, 1), torch.ones(4)).result == (3, 4)


def test_bytes_of_shapes():
    assert explain_broadcast((3, 1), (4,)).nbytes == 48
    assert explain_broadcast((3, 1), (4,), dtype=torch.float64).nbytes == 96
    assert explain_broadcast((3,), (4,)).nbytes is None
    assert explain_broadcast((3,), (4,)).elements is None


def test_accepts_tensors_sizes_lists_and_arrays():
    for operand in (torch.ones(3, 1), torch.Size([3, 1]), [3, 1], (3, 1), np.ones((3, 1)), range(3, 0, -2)):
        assert explain_broadcast(operand, (4,)).result == (3, 4)


@pytest.mark.parametrize("number", [2, 2.5, True, 1j, np.float32(2), np.int64(2), np.bool_(True), torch.tensor(2)])
def test_accepts_what_a_sum_takes_as_a_number(number):
    x = torch.ones(3, 4)
    assert explain_broadcast(x, number).result == explain_broadcast(number, (3, 4)).result == tuple((x + number).shape)


def test_kinds_of_tensors():
    """Each kind gives the shape of its sum with a row, or one sentence."""
    for name, tensor in {**with_storage(), **{name: kind for name, (kind, _) in without_storage().items()}}.items():
        if name in ("nested", "jagged"):
            with pytest.raises(
                TypeError, match=r"^explain_broadcast\(\) operand 1 is a nested tensor; expected one of"
            ):
                explain_broadcast(tensor, (3,))
        elif name == "uninitialized":
            with pytest.raises(TypeError, match=r"^explain_broadcast\(\) operand 1 is not initialized yet; expected a"):
                explain_broadcast(tensor, (3,))
        else:
            shape = (*tensor.shape[:-1], *[1] * (tensor.dim() > 0))
            explanation = explain_broadcast(tensor, shape)
            assert (explanation.result, explanation.dtype) == (tuple(tensor.shape), tensor.dtype), name


def test_quantized_tensors_and_those_inside_a_transform():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated
        quantized = torch.quantize_per_tensor(torch.ones(3, 1), 0.1, 0, torch.qint8)
    explanation = explain_broadcast(quantized, quantized)
    assert (explanation.result, explanation.dtype) == ((3, 1), torch.qint8)
    seen = []
    torch.vmap(lambda x: seen.append(explain_broadcast(x, (4,)).result) or x)(torch.ones(5, 3, 1))
    assert seen == [(3, 4)]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (torch.uint16, torch.int32),
        (torch.float8_e4m3fn, torch.float32),
        (torch.uint64, torch.int8),
        (torch.float8_e5m2, torch.float8_e4m3fn),
    ],
)
def test_dtypes_that_do_not_promote_leave_the_shape(a, b):
    x, y = torch.ones(3).to(a), torch.ones(4, 1).to(b)
    with pytest.raises(RuntimeError):
        x + y
    explanation = explain_broadcast(x, y)
    assert (explanation.result, explanation.elements) == ((4, 3), 12)
    assert (explanation.dtype, explanation.nbytes) == (None, None)
    assert str(explanation).splitlines()[0] == (
        "(3,) and (4, 1): broadcast to (4, 3) (12 elements, of no dtype: torch does not promote the operands' dtypes, "
        "and refuses to add them)"
    )
    assert explain_broadcast(x, y, dtype=torch.float32).nbytes == 48


def test_a_result_larger_than_every_operand_is_told():
    explanation = explain_broadcast((1, 16, 32), (16, 1, 32))
    assert explanation.both_stretched
    assert str(explanation).endswith(
        "Every operand is stretched: the result is larger than each of them, and no error is raised.\n\n"
        "Size-1 axes to remove, so that it is not larger\n\n"
        "code              result       elements\n"
        "----------------  -----------  --------\n"
        "a + b.squeeze(1)  (1, 16, 32)       512"
    )
    # Nothing to remove: an outer product.
    outer = explain_broadcast((4, 1), (3,))
    assert outer.both_stretched
    assert outer.squeezes == ()
    assert str(outer).endswith("larger than each of them, and no error is raised.")
    for pair in (((3, 4), (4,)), ((3, 4), (3, 4)), ((3,), (1, 3)), ((0, 1), (3,)), ((3,), (4,))):
        assert not explain_broadcast(*pair).both_stretched
        assert explain_broadcast(*pair).squeezes == ()
        assert "larger" not in str(explain_broadcast(*pair))


def test_removals_that_give_the_same_shapes_have_one_row():
    explanation = explain_broadcast((2, 1, 1), (2, 1), (2, 1, 1))
    assert len({squeeze.shapes for squeeze in explanation.squeezes}) == 1 < len(explanation.squeezes)
    rows = str(explanation).split("Size-1 axes to remove, so that it is not larger\n\n")[1].splitlines()[2:]
    assert [row.split()[-1] for row in rows] == ["2"]


def test_both_stretched_by_counting():
    for pair in itertools.product(SMALL_SHAPES, repeat=2):
        _, error = torch_verdict(pair)
        tensors = [torch.ones(shape) for shape in pair]
        larger = error is None and (tensors[0] + tensors[1]).numel() > max(x.numel() for x in tensors)
        assert explain_broadcast(*pair).both_stretched is larger


@pytest.mark.parametrize(
    ("shapes", "clashes"),
    [
        (((3, 4), (5, 4)), "3 against 5 in axis -2"),
        (((3,), (4,)), "3 against 4 in axis -1"),
        (((2, 3), (3, 4)), "3 against 4 in axis -1, 2 against 3 in axis -2"),
        (((0,), (3,)), "0 against 3 in axis -1"),
        (((5, 3), (5, 1), (4, 3)), "5 against 4 in axis -2"),
    ],
)
def test_sizes_that_do_not_match_are_told_before_outer_products(shapes, clashes):
    explanation = explain_broadcast(*shapes)
    assert explanation.size_mismatch
    assert (
        f"The sizes do not match: {clashes}. Size-1 axes can only make outer products of these shapes; where none is "
        "meant, a size is wrong.\n\nOuter products, the smallest result first\n\n"
    ) in str(explanation)
    assert "that make it work" not in str(explanation)


@pytest.mark.parametrize("shapes", [((3,), (3, 4)), ((64, 3, 8, 8), (3,)), ((2, 16, 5, 5), (2, 5, 5)), ((3,), (1, 3))])
def test_shapes_that_only_need_an_axis_are_no_mismatch(shapes):
    explanation = explain_broadcast(*shapes)
    assert not explanation.size_mismatch
    assert "do not match" not in str(explanation)


def test_a_mismatch_is_where_the_smallest_fix_stretches_every_operand():
    mismatches = 0
    few = [shape for shape in SMALL_SHAPES if len(shape) < 3 or shape in ((2, 3, 2), (3, 1, 2), (2, 2, 3))]
    for pair in itertools.product(few, repeat=2):
        explanation = explain_broadcast(*pair)
        fix = explanation.smallest_fix
        kept = fix is None or any(
            torch.broadcast_shapes(shape, (1,) * len(fix.result)) == fix.result for shape in fix.shapes
        )
        assert explanation.size_mismatch is not kept, pair
        mismatches += explanation.size_mismatch
    assert mismatches > 50


def test_is_frozen():
    explanation = explain_broadcast((3,), (4,))
    with pytest.raises(dataclasses.FrozenInstanceError):
        explanation.ok = True
    with pytest.raises(dataclasses.FrozenInstanceError):
        explanation.fixes[0].code = ""


@pytest.mark.parametrize(
    ("operands", "error", "message"),
    [
        ((), TypeError, "explain_broadcast() got no operands; expected at least one tensor or shape"),
        (
            (None, (3, 4)),
            TypeError,
            "explain_broadcast() operand 1 is None; expected a tensor, or a shape such as (3, 4)",
        ),
        (
            ((3,), "ab"),
            TypeError,
            "explain_broadcast() operand 2 is 'ab'; expected a tensor, or a shape such as (3, 4)",
        ),
        (
            ((3,), (2.0,)),
            TypeError,
            "explain_broadcast() operand 2 is (2.0,); expected a tensor, or a shape such as (3, 4)",
        ),
        (
            ((True,),),
            TypeError,
            "explain_broadcast() operand 1 is (True,); expected a tensor, or a shape such as (3, 4)",
        ),
        (((3, -1),), ValueError, "explain_broadcast() operand 1 is the shape (3, -1); expected sizes of 0 or more"),
    ],
)
def test_refuses_in_one_sentence(operands, error, message):
    with pytest.raises(error) as raised:
        explain_broadcast(*operands)
    assert str(raised.value) == message


def test_text_of_a_success():
    assert str(explain_broadcast((3, 1), (3, 4))) == (
        "(3, 1) and (3, 4): broadcast to (3, 4) (12 elements of torch.float32, 48 bytes)\n\n"
        "Shapes aligned at the last axis\n\n"
        "axis  a (3, 1)     b (3, 4)  result\n"
        "----  -----------  --------  ------\n"
        "  -1  1 stretched  4         4\n"
        "  -2  3            3         3"
    )
    assert str(explain_broadcast(())) == "(): broadcast to () (1 element of torch.float32, 4 bytes)"


def test_html_marks_the_roles():
    html = explain_broadcast((3,), (3, 4))._repr_html_()
    assert '<th scope="row" class="axis1 number">-1</th><td class="clash">3 clash</td>' in html
    assert '<td class="missing">missing</td>' in html
    assert "<p>a + b raises: The size of tensor a (3) must match" in html


def test_text_of_the_fixes_begins_with_the_smallest_result():
    assert str(explain_broadcast((64, 3, 8, 8), (3,))).endswith(
        "Size-1 axes that make it work, the smallest result first\n\n"
        "code                           result            elements\n"
        "-----------------------------  ----------------  --------\n"
        "a + b[:, None, None]           (64, 3, 8, 8)       12,288\n"
        "a[:, :, :, :, None] + b        (64, 3, 8, 8, 3)    36,864\n"
        "a[:, :, :, None] + b[:, None]  (64, 3, 8, 3, 8)    36,864"
    )
    # The smallest is shown once, also when it comes first in the other order, and what follows is in order too.
    assert str(explain_broadcast((2,), (3,))).count("a + b[:, None]") == 1
    elements = [int(line.split()[-1]) for line in str(explain_broadcast((2,), (2, 2, 3))).splitlines()[-3:]]
    assert elements == sorted(elements) == [12, 12, 24]


def test_the_smallest_fix_is_one_of_them():
    assert explain_broadcast((3,), (3, 4)).smallest_fix.code == "a[:, None] + b"
    assert explain_broadcast((3, 1), (3, 4)).smallest_fix is None


def test_text_of_a_failure():
    lines = str(explain_broadcast((3,), (4,))).splitlines()
    assert lines[0] == "(3,) and (4,): do not broadcast"
    error = "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0"
    assert f"a + b raises: {error}" in lines


def test_every_pair_up_to_rank_three():
    verdicts = set()
    for pair in itertools.product(SMALL_SHAPES, repeat=2):
        verdicts.add(assert_agrees_with_torch(pair).ok)
    assert verdicts == {True, False}


@pytest.mark.parametrize(
    "dtypes",
    list(
        itertools.product(
            [torch.bool, torch.int8, torch.int64, torch.bfloat16, torch.float64, torch.complex64], repeat=3
        )
    ),
)
def test_bytes_follow_torchs_promotion(dtypes):
    tensors = [torch.ones(shape, dtype=dtype) for shape, dtype in zip([(2, 1), (), (3,)], dtypes, strict=True)]
    explanation = explain_broadcast(*tensors)
    try:
        total = tensors[0] + tensors[1] + tensors[2]
    except NotImplementedError:
        assert torch.__version__ >= (2, 14)
        pytest.skip("this torch has a complex dtype of two bfloat16, and adds none of it")
    assert explanation.dtype == total.dtype
    assert explanation.nbytes == total.nbytes == explanation.elements * total.itemsize


def test_random_triples_and_quadruples_up_to_rank_six():
    rng = random.Random(0)
    verdicts = []
    for _ in range(20_000):
        base = [rng.choice([0, 1, 2, 2, 3, 3]) for _ in range(rng.randint(0, 6))]
        shapes = []
        for _ in range(rng.choice([3, 4])):
            kept = base[rng.randint(0, len(base)) :]
            shapes.append(
                tuple(1 if rng.random() < 0.3 else rng.randint(0, 3) if rng.random() < 0.15 else n for n in kept)
            )
        verdicts.append(assert_agrees_with_torch(shapes).ok)
    assert 0.3 < sum(verdicts) / len(verdicts) < 0.9  # both answers are tested thousands of times
