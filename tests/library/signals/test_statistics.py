"""The figures of one output, against their definitions, written out."""

import math
import random

import pytest
import torch
from outputs import by_definition, only, perceptron
from torch import nn

from tensorglass import activation_stats
from tensorglass.signals.statistics import rows_of, single_precision_is_enough


def test_dead_units():
    model, x = perceptron()
    assert [layer.dead for layer in activation_stats(model, x)] == [0, 5 / 16, 0, 0, 0]


def test_a_unit_is_dead_if_it_is_zero_for_every_example():
    output = torch.tensor([[0.0, 1.0, 0.0, math.nan, 0.0], [0.0, -1.0, 2.0, 0.0, -0.0]])
    assert only(output).dead == 2 / 5
    assert only(torch.zeros(3, 4)).dead == 1
    assert only(torch.zeros(3, 2, 2)).dead == 1
    channel = torch.ones(2, 3, 2, 2)
    channel[:, 0] = 0
    channel[:, 1, 0, 0] = 0
    assert only(channel).dead == 5 / 12


@pytest.mark.parametrize(
    ("module", "below", "above", "inner"),
    [
        (nn.Tanh(), [-0.9801, -0.99], [0.9801, 0.99], [-0.9799, 0.0, 0.9799]),
        (nn.Softsign(), [-0.9801], [0.9801], [-0.9799, 0.5, 0.9799]),
        (nn.Sigmoid(), [0.0099, 0.001], [0.9901, 0.999], [0.0101, 0.5, 0.9899]),
        (nn.Hardsigmoid(), [0.0, 0.0099], [1.0, 0.9901], [0.0101, 0.5, 0.9899]),
        (nn.ReLU6(), [0.0, 0.059], [6.0, 5.941], [0.061, 3.0, 5.939]),
        (nn.Hardtanh(), [-1.0, -0.981], [1.0, 0.981], [-0.979, 0.0, 0.979]),
        (nn.Hardtanh(-2.0, 4.0), [-2.0, -1.941], [4.0, 3.941], [-1.939, 0.0, 3.939]),
        (nn.Hardtanh(0.0, 100.0), [1.0], [99.0], [1.001, 98.999]),  # a hundredth of the range itself counts
    ],
)
def test_saturated_is_within_one_percent_of_the_range(module, below, above, inner):
    for values, share in ((below, 1), (above, 1), (inner, 0), (below + above + inner, None)):
        after = torch.tensor([values])
        layer = only(_before(module, after), module)
        expected = len(below + above) / len(values) if share is None else share
        assert layer.saturated == pytest.approx(expected), values


def _before(module, after):
    """Return the input for which a bounded activation has this output."""
    return {
        nn.Tanh: torch.atanh,
        nn.Softsign: lambda y: y / (1 - y.abs()),
        nn.Sigmoid: torch.logit,
        nn.Hardsigmoid: lambda y: 6 * y - 3,
    }.get(type(module), lambda y: y)(after)


@pytest.mark.parametrize("module", [nn.ReLU(), nn.LogSigmoid(), nn.GELU(), nn.Identity(), nn.Softmax(1)])
def test_what_has_no_two_bounds_does_not_saturate(module):
    assert only(torch.full((2, 3), 50.0), module).saturated is None


def test_similarity_of_known_directions():
    e = torch.eye(4)
    assert only(torch.stack([e[0], 2 * e[0], 5 * e[0]])).similarity == pytest.approx(1)
    assert only(torch.stack([e[0], 2 * e[1], 5 * e[2]])).similarity == pytest.approx(0, abs=1e-6)
    assert only(torch.stack([e[0], -3 * e[0]])).similarity == pytest.approx(-1)
    assert only(torch.stack([e[0], e[0] + e[1]])).similarity == pytest.approx(math.sqrt(0.5))
    assert only(torch.ones(1, 4)).similarity is None


def test_examples_without_a_direction_are_left_out_of_the_similarity():
    e = torch.eye(4)
    zero = torch.zeros(4)
    assert only(torch.stack([e[0], zero, e[0], zero])).similarity == pytest.approx(1)
    assert only(torch.stack([e[0], zero, zero])).similarity is None
    assert only(torch.zeros(3, 4)).similarity is None


def test_an_output_without_axes_is_one_example():
    layer = only(torch.tensor(3.0))
    assert (layer.mean, layer.rms, layer.std, layer.dead, layer.similarity) == (3, 3, 0, 0, None)
    assert only(torch.tensor([3.0, 4.0])).similarity == pytest.approx(1)


@pytest.mark.parametrize("scale", [1e-38, 1e-30, 1e-21, 1.0, 1e21, 1e30])
def test_vanishing_and_exploding_outputs_are_measured(scale):
    torch.manual_seed(0)
    output = torch.randn(50, 40) * scale
    layer, expected = only(output), by_definition(output / scale)
    assert layer.rms == pytest.approx(scale * expected["rms"], rel=1e-5)
    assert layer.std == pytest.approx(scale * expected["std"], rel=1e-5)
    assert layer.mean == pytest.approx(scale * expected["mean"], rel=1e-5)
    assert layer.similarity == pytest.approx(expected["similarity"], rel=1e-4)


@pytest.mark.parametrize("mean", [2.5, 30.0, -3000.0])
def test_a_small_spread_around_a_large_mean_is_measured(mean):
    torch.manual_seed(0)
    output = mean + torch.randn(50, 400)
    layer, expected = only(output), by_definition(output)
    assert layer.mean == pytest.approx(expected["mean"], rel=1e-9)
    assert layer.std == pytest.approx(expected["std"], rel=1e-6)
    assert layer.rms == pytest.approx(expected["rms"], rel=1e-9)
    assert only(torch.full((5, 3), mean + 0.1)).std == 0


def test_single_precision_serves_within_its_range_and_where_the_spread_is_not_small():
    assert single_precision_is_enough(1.0)
    assert not single_precision_is_enough(1e-15)
    assert single_precision_is_enough(1.01e-15)
    assert not single_precision_is_enough(1e15)
    assert single_precision_is_enough(0.99e15)
    assert single_precision_is_enough(1.0, -0.89)
    assert not single_precision_is_enough(1.0, 0.9)
    assert not single_precision_is_enough(1.0, -0.91)
    assert not single_precision_is_enough(100.0, 90.0)
    assert not single_precision_is_enough(math.nan)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(dtype):
    torch.manual_seed(0)
    output = (300 * torch.randn(50, 40)).to(dtype)  # whose squares no float16 holds
    layer, expected = only(output), by_definition(output)
    for name, value in expected.items():
        assert getattr(layer, name) == pytest.approx(value, rel=1e-5), name


def test_double_precision_is_kept():
    output = 1 + 1e-9 * torch.randn(50, 40, dtype=torch.float64)
    assert only(output).std == pytest.approx(by_definition(output)["std"], rel=1e-6)


def test_what_is_not_finite_is_told():
    layer = only(torch.tensor([[1.0, math.inf], [0.0, 2.0]]))
    assert (layer.mean, layer.rms) == (math.inf, math.inf)
    assert math.isnan(layer.std)
    assert math.isnan(only(torch.tensor([[1.0, math.nan]])).rms)


def test_the_histogram_of_a_few_values_counts_them_all():
    values = torch.tensor([0.0] * 5 + [1.0] * 2 + [3.9] * 3 + [4.0]).reshape(1, -1)
    counts, edges = only(values).histogram
    assert edges == pytest.approx([i / 10 for i in range(41)])
    assert {i: count for i, count in enumerate(counts) if count} == {0: 5, 10: 2, 39: 4}
    assert len(counts) == 40


def test_the_histogram_of_many_values_takes_evenly_spaced_ones():
    values = torch.arange(2047 * 50 + 1.0).reshape(-1, 1)
    counts, edges = only(values).histogram
    assert sum(counts) == 2048
    assert max(counts) - min(counts) <= 1
    assert (edges[0], edges[-1]) == (0, 2047 * 50)
    exactly = torch.arange(2048.0).reshape(2, -1)
    assert sum(only(exactly).histogram.counts) == 2048


def test_the_histogram_of_a_feature_among_many_finds_it():
    values = torch.zeros(512, 512)
    values[:, 100] = 1
    counts, _ = only(values).histogram
    assert 0 < counts[-1] < 20  # 4 would be its share


def test_the_histogram_leaves_out_what_is_not_finite():
    counts, edges = only(torch.tensor([[0.0, math.inf, 1.0, math.nan]])).histogram
    assert (sum(counts), edges[0], edges[-1]) == (2, 0, 1)
    assert only(torch.full((2, 2), math.nan)).histogram == ((), ())
    assert sum(only(torch.full((2, 2), 7.0)).histogram.counts) == 4


def test_a_tensor_spread_over_processes_is_measured_whole():
    class Whole(torch.Tensor):
        def full_tensor(self):
            return torch.tensor([[3.0, 4.0]])

    assert rows_of(torch.tensor([[1.0]]).as_subclass(Whole)).tolist() == [[3, 4]]


@pytest.mark.long
def test_random_outputs_against_the_definitions():
    draw = random.Random(0)
    for seed in range(300):
        torch.manual_seed(seed)
        size = [draw.randint(2, 6), *(draw.randint(1, 5) for _ in range(draw.randint(0, 3)))]
        output = draw.choice([1e-3, 1.0, 50.0]) * (torch.randn(size) + draw.choice([0.0, 1.0, 4.0])).relu()
        layer, live = only(output), output.flatten(1).any(1) if output.dim() > 1 else output != 0
        expected = by_definition(output[:, None] if output.dim() == 1 else output)
        for name in ("mean", "rms", "std", "dead"):
            assert getattr(layer, name) == pytest.approx(expected[name], rel=1e-4, abs=1e-7), (seed, name)
        if live.sum() > 1:
            similarity = by_definition(output[live].reshape(int(live.sum()), -1))["similarity"]
            assert layer.similarity == pytest.approx(similarity, abs=1e-5), seed
        else:
            assert layer.similarity is None
