"""explain_view against torch itself."""

import itertools
import math
import random

import pytest
import torch
from kinds_of_tensors import without_storage

from tensorglass import explain_view


def torch_view(tensor, shape):
    """Return the strides of the view, and the error, one of them None."""
    try:
        return tensor.view(shape).stride(), None
    except RuntimeError as error:
        return None, str(error)


def layouts(generator):
    """A random tensor on the meta device: permuted, sliced, expanded, or of arbitrary strides."""
    size = [generator.choice((1, 1, 2, 2, 3, 4, 6)) for _ in range(generator.randint(0, 4))]
    if generator.random() < 0.05 and size:
        size[generator.randrange(len(size))] = 0
    if generator.random() < 0.3:
        strides = [generator.choice((0, 1, 2, 3, 4, 6, 8, 12, 24)) for _ in size]
        return torch.empty_strided(size, strides, device="meta")
    x = torch.empty(size, device="meta").permute(generator.sample(range(len(size)), len(size)))
    for axis in range(x.dim()):
        if x.shape[axis] > 1 and generator.random() < 0.15:
            x = x.narrow(axis, 0, x.shape[axis] - 1)
        if x.shape[axis] == 1 and generator.random() < 0.3:
            x = x.expand([3 if i == axis else -1 for i in range(x.dim())])
    return x


def shapes(generator, numel):
    """A random shape, mostly with the right number of elements."""
    shape, left = [], numel
    while left > 1 and generator.random() < 0.9:
        count = generator.choice([n for n in range(1, left + 1) if left % n == 0])
        shape.append(count)
        left //= count
    shape.append(left)
    for _ in range(generator.randint(0, 2)):
        shape.insert(generator.randint(0, len(shape)), 1)
    if generator.random() < 0.1:
        shape[generator.randrange(len(shape))] = generator.choice((-2, -1, 0, 5))
    if generator.random() < 0.1:
        shape[generator.randrange(len(shape))] = -1
    return tuple(shape)


def compare(count, seed):
    generator = random.Random(seed)
    outcomes = {"works": 0, "breaks": 0, "impossible": 0}
    for _ in range(count):
        x = layouts(generator)
        shape = shapes(generator, x.numel())
        expected, error = torch_view(x, shape)
        answer = explain_view(x, shape)
        told = (x.shape, x.stride(), shape)
        assert answer.stride == expected, told
        assert answer.ok == (expected is not None), told
        if error is None:
            outcome = "works"
            assert (answer.error, answer.fix, answer.breaks, answer.copied_bytes) == (None, None, (), 0), told
            assert answer.shape == tuple(x.view(shape).shape)
        elif "not compatible" in error:
            outcome = "breaks"
            assert answer.breaks, told
            assert answer.error is None, told
            assert answer.copied_bytes == x.numel() * 4
        else:
            outcome = "impossible"
            assert answer.error == error, told
            assert (answer.fix, answer.breaks, answer.copied_bytes) == (None, (), 0)
        outcomes[outcome] += 1
    assert min(outcomes.values()) > count // 20, outcomes


def test_it_agrees_with_torch():
    compare(1500, seed=0)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 5))
def test_it_agrees_with_torch_on_many(seed):
    compare(30_000, seed)


def test_of_several_wrong_sizes_torch_names_the_first():
    for shape in ((-1, -1, -2), (-2, -1, -1), (-1, -2, -1), (-1, 5, -1)):
        assert explain_view(torch.zeros(6), shape).error == torch_view(torch.zeros(6), shape)[1], shape


def test_views_of_nothing():
    x = torch.zeros(0, 3, 2)
    for shape in ((0,), (0, 3, 2), (2, 0, 3), (5, 4, 0), (0, 4, 5), (3, 0, 2, 4), (-1, 3)):
        assert explain_view(x, shape).stride == x.view(shape).stride(), shape
        assert explain_view(x.mT, shape).stride == x.mT.view(shape).stride(), shape


def test_the_fix_works():
    generator = random.Random(5)
    fixed = 0
    while fixed < 300:
        x = layouts(generator)
        shape = shapes(generator, x.numel())
        answer = explain_view(x, shape)
        if answer.fix:
            places = sum(step * (count - 1) for count, step in zip(x.shape, x.stride(), strict=True)) + 1
            real = torch.arange(float(places)).as_strided(x.shape, x.stride())
            result = eval(answer.fix, {"x": real})
            assert tuple(result.shape) == answer.shape
            assert torch.equal(result.flatten(), torch.tensor(real.tolist()).flatten())
            assert result.untyped_storage().nbytes() == answer.copied_bytes
            assert result.untyped_storage()._cdata != real.untyped_storage()._cdata
            fixed += 1


def test_each_break_is_a_place_where_the_shape_would_have_to_merge():
    generator = random.Random(6)
    for _ in range(1000):
        x = layouts(generator)
        shape = shapes(generator, x.numel())
        answer = explain_view(x, shape)
        for outer, inner in answer.breaks:
            assert min(x.shape[outer], x.shape[inner]) > 1
            assert set(x.shape[outer + 1 : inner]) <= {1}
            pair = x.as_strided((x.shape[outer], x.shape[inner]), (x.stride(outer), x.stride(inner)))
            assert not explain_view(pair, (-1,)), "the two axes alone do not merge either"
        if answer.breaks:
            # Cutting the shape at every break makes the view work.
            cuts = {math.prod(x.shape[inner:]) for _, inner in answer.breaks}
            borders = {math.prod(answer.shape[axis:]) for axis in range(len(answer.shape) + 1)}
            finer = sorted(cuts | borders, reverse=True)
            if all(big % small == 0 for big, small in itertools.pairwise(finer)):
                assert explain_view(x, [big // small for big, small in itertools.pairwise(finer)])


def test_axes_say_what_merges():
    x = torch.empty(2, 1, 3, 4).permute(2, 1, 0, 3)
    axes = explain_view(x, (24,)).axes
    assert [(axis.size, axis.stride, axis.walk, axis.merges) for axis in axes] == [
        (3, 4, 24, False),
        (1, 12, 24, True),
        (2, 12, 4, False),
        (4, 1, None, None),
    ]
    assert explain_view(x, (24,)).breaks == ((0, 2), (2, 3))
    assert explain_view(x, (6, 4)).breaks == ((0, 2),)
    assert explain_view(x, (3, 8)).breaks == ((2, 3),)


def test_it_prints_what_it_found():
    works = str(explain_view(torch.zeros(2, 3), (-1,)))
    assert works.startswith("x.view(6,) works, with the stride (1,)")
    assert "reshape" not in works
    impossible = str(explain_view(torch.zeros(2, 3), (4,)))
    assert impossible.startswith("x.view(4,) is impossible: shape '[4]' is invalid for input of size 6\n")
    broken = explain_view(torch.zeros(2, 3).T, (2, 3))
    assert str(broken) == (
        "x.view(2, 3) does not work\n"
        "\n"
        "Axes of x\n"
        "\n"
        "axis  size  stride  stride to merge  with the next axis\n"
        "----  ----  ------  ---------------  ------------------\n"
        "0        3       1                6  breaks\n"
        "1        2       3\n"
        "\n"
        "memory breaks between axes 0 and 1: a step along axis 0 is 1, and to merge with axis 1 it would have to be 6\n"
        "\n"
        "x.reshape(2, 3) works, and copies 24 bytes"
    )
    assert "  merges\n" in works
    assert '<td class="clash">breaks</td>' in broken._repr_html_()
    assert "Axes" not in str(explain_view(torch.tensor(1.0), (1,)))


@pytest.mark.parametrize("shape", [(2.0, 3), (True, 6), ("2", "3"), "23"])
def test_a_shape_is_integers(shape):
    with pytest.raises(TypeError) as caught:
        explain_view(torch.zeros(2, 3), shape)
    assert str(caught.value) == (f"explain_view() shape is {shape!r}; expected a sequence of integers, such as (2, -1)")


@pytest.mark.parametrize("name", without_storage())
def test_a_tensor_without_strides_is_named(name):
    tensor, sentence = without_storage()[name]
    if "owns no memory" in sentence:
        assert explain_view(tensor, (-1,)).ok  # it wraps others, and has strides all the same
        return
    with pytest.raises(TypeError) as caught:
        explain_view(tensor, (4,))
    assert str(caught.value) == f"explain_view() tensor {sentence}"


def test_what_is_no_tensor_has_no_views():
    with pytest.raises(TypeError, match=r"^explain_view.. tensor is list; expected a torch.Tensor$"):
        explain_view([1, 2], (4,))
