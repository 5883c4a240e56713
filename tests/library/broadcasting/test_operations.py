"""The functions that broadcast, found by calling all of torch's, against what the watch lists."""

import itertools
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.overrides import get_overridable_functions

from tensorglass import watch_broadcasts
from tensorglass.broadcasting.operations import base_name, have_shapes, operand_shapes

# Asked for by name; looking at the second tensor's dtype or values alone; copying a line of numbers into each cell;
# quantiles of numbers that are equal; the bias of a layer; sizes of windows; what has a test of its own.
NOT_BROADCASTING = set(
    """
    broadcast_tensors expand_as to type_as module_load isin equal sym_sum slice_inverse bucketize
    searchsorted
    quantile nanquantile histogram take repeat_interleave ctc_loss prelu linear ormqr set_ index_select bincount
    is_same_size gumbel_softmax adaptive_avg_pool3d adaptive_max_pool3d adaptive_max_pool3d_with_indices
    take_along_dim backward is_set_to
    """.split()
)
UNSAFE = ("cudnn", "miopen", "mkldnn", "fbgemm", "native", "quantize", "fake_quantize", "embedding", "resize_as")
SHAPES = [(2, 3, 3), (2, 3), (3, 3), (3,)]
ENOUGH = 6  # calls of one count and dtype that a function accepts, to be tried further


def functions():
    """Yield a function of each name that torch lets be observed, but for those that end the process when misused."""
    spaces = (torch, torch.Tensor, F, torch.special, torch.linalg)
    groups = [group for space, group in get_overridable_functions().items() if space in spaces]
    found = {getattr(function, "__name__", "_"): function for group in groups for function in group}
    found.update((name, getattr(torch.Tensor, name)) for name in ("map_", "map2_", "bernoulli_"))
    for name, function in found.items():
        hidden = name.startswith("_") and not name.startswith("__")
        if not hidden and name not in NOT_BROADCASTING and not name.startswith(("__get__", "__set__", *UNSAFE)):
            yield function


def operand(shape, dtype, seed):
    values = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 0.8 + 0.1
    return values > 0.5 if dtype == torch.bool else (values * 3).to(dtype)


def parts(result):
    if isinstance(result, (tuple, list)):
        return [part for each in result for part in parts(each)]
    return [torch.as_tensor(result)]


def outcome(function, operands):
    """Return what the function gives for copies of the operands, and the first one after it; None if it refuses."""
    torch.manual_seed(1)
    copies = [each.clone() for each in operands]
    try:
        return [part.to(torch.complex128) for part in [*parts(function(*copies)), copies[0]]]
    except Exception:
        return None


def same(a, b):
    return len(a) == len(b) and all(
        x.shape == y.shape and torch.allclose(x, y, equal_nan=True, rtol=1e-3, atol=1e-5)
        for x, y in zip(a[:-1], b[:-1], strict=True)
    )


def stretched_calls(function):
    """Yield, once for each place, a call whose operand there is treated as if its one row were repeated."""
    done = set()
    kinds = [
        (torch.float32,) * 3,
        (torch.int64,) * 3,
        (torch.float32, *[torch.int64] * 2),
        (torch.bool, *[torch.float32] * 2),
    ]
    for count, dtypes in [*((2, each) for each in kinds), (3, kinds[0]), (3, kinds[3])]:
        taken = 0
        for shapes in itertools.product(SHAPES, repeat=count):
            operands = [operand(shape, dtypes[i], i) for i, shape in enumerate(shapes)]
            if len(done) == 3 or taken == ENOUGH:
                break
            if outcome(function, operands) is not None:
                taken += 1
                for place in sorted({*range(count)} - done):
                    call = stretched_call(function, operands, place)
                    if call:
                        done.add(place)
                        yield call


def stretched_call(function, operands, place):
    full = operands[place]
    for axis in range(full.dim()):
        one = full.narrow(axis, 0, 1)
        expected = outcome(function, [*operands[:place], one.expand(full.shape).clone(), *operands[place + 1 :]])
        for small in [one, *([one.squeeze(0)] if axis == 0 else [])]:
            call = [*operands[:place], small, *operands[place + 1 :]]
            got = outcome(function, call)
            if expected is not None and got is not None and same(got, expected):
                return call
    return None


def all_stretched_calls():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for function in functions():
            for call in stretched_calls(function):
                with watch_broadcasts() as log:
                    outcome(function, call)
                yield function.__name__, tuple(tuple(x.shape) for x in call), len(log)


@pytest.mark.long
def test_every_function_of_torch_that_broadcasts_is_listed():
    calls = list(all_stretched_calls())
    assert len({name for name, *_ in calls}) > 150
    assert [call for call in calls if not call[-1]] == []


def test_one_name_stands_for_all_forms_of_an_operator():
    forms = [torch.add, torch.Tensor.add_, torch.Tensor.__radd__, torch.Tensor.__add__]
    assert {base_name(form) for form in forms} == {"add"}
    assert base_name(torch.Tensor.__iand__) == base_name(torch.Tensor.__rand__) == "and"
    assert base_name(torch.rand) == "rand"[1:]  # no operand of it has a shape
    assert base_name(torch.special.xlogy) == base_name(torch.xlogy) == "xlogy"


def test_operands_are_tensors_and_arrays():
    a, b = torch.ones(2, 1), np.ones(3)
    assert operand_shapes([a, 1, None, np.float32(2)], {"other": b, "out": torch.ones(9)}) == ((2, 1), (3,))
    assert have_shapes([a], {"other": b})


def test_tensors_without_known_sizes_are_left_alone():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for layout in (torch.strided, torch.jagged):
            nested = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)], layout=layout)
            assert not have_shapes([nested], {})
            with watch_broadcasts() as log:
                nested * 2
            assert len(log) == 0
    assert not have_shapes([torch.nn.LazyLinear(2).weight], {})
    assert not have_shapes([torch.ones(2)], {"other": torch.nn.LazyLinear(2).weight})
