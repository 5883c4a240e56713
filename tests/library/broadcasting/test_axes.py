"""The axes of an explanation: the role of each size, and the axes that autograd sums over."""

import itertools

import torch
from small_shapes import SMALL_SHAPES

from tensorglass import explain_broadcast


def test_axes_describe_the_alignment():
    last, second = explain_broadcast((3,), (3, 4)).axes
    assert (last.axis, last.sizes, last.roles, last.result) == (-1, (3, 4), ("clash", "clash"), None)
    assert (second.axis, second.sizes, second.roles, second.result) == (-2, (None, 3), ("missing", "equal"), 3)
    (only,) = explain_broadcast((1,), (0,), (1,)).axes
    assert (only.roles, only.result) == (("stretched", "equal", "stretched"), 0)
    (clash,) = explain_broadcast((2,), (1,), (3,)).axes
    assert clash.roles == ("clash", "stretched", "clash")
    assert explain_broadcast((), ()).axes == ()


def test_text_of_an_axis():
    assert str(explain_broadcast((3,), (3, 4)).axes[0]) == "axis -1: 3 clash against 4 clash, result None"


def test_axes_follow_from_the_shapes():
    for pair in itertools.product(SMALL_SHAPES, repeat=2):
        explanation = explain_broadcast(*pair)
        assert [axis.axis for axis in explanation.axes] == list(range(-1, -1 - max(map(len, pair)), -1))
        for axis in explanation.axes:
            for shape, size, role in zip(pair, axis.sizes, axis.roles, strict=True):
                assert size == (shape[axis.axis] if -axis.axis <= len(shape) else None)
                expected = (
                    "missing"
                    if size is None
                    else "equal"
                    if size == axis.result
                    else "stretched"
                    if size == 1
                    else "clash"
                )
                assert role == expected


def test_summed_axes_are_those_of_autograd():
    for pair in itertools.product([s for s in SMALL_SHAPES if 0 not in s and 3 not in s], repeat=2):
        explanation = explain_broadcast(*pair)
        if not explanation:
            continue
        tensors = [torch.ones(shape, requires_grad=True) for shape in pair]
        weight = torch.arange(float(explanation.elements)).reshape(explanation.result)
        ((tensors[0] + tensors[1]) * weight).sum().backward()
        for tensor, axes in zip(tensors, explanation.summed_axes, strict=True):
            summed = weight.sum(axes, keepdim=True) if axes else weight
            assert torch.equal(summed.reshape(tensor.shape), tensor.grad)
