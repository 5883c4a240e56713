"""Broadcasts with arrays of NumPy and in torch's distributions."""

import itertools

import numpy as np
import pytest
import torch
import torch.distributions as d
from small_shapes import SMALL_SHAPES

from tensorglass import watch_broadcasts
from tensorglass.broadcasting.unseen_operands import _event_axes, numpy_shapes

IGNORE = pytest.mark.filterwarnings("ignore:__array_wrap__ must accept")


def listed(call, only=None):
    with watch_broadcasts(only) as log:
        call()
    return [(seen.operation, seen.shapes, seen.result) for seen in log]


@IGNORE
@pytest.mark.parametrize(
    "call",
    [
        lambda a, b: a * b,
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a / b,
        lambda a, b: a**b,
        lambda a, b: a // b,
        lambda a, b: a % b,
        np.maximum,
        lambda a, b: np.hypot(b, a),
    ],
)
def test_numpy_computes(call):
    a, b = torch.ones(4, 1), np.ones(3)
    assert tuple(call(a, b).shape) == (4, 3)
    assert listed(lambda: call(a, b), "both_stretched") == [("numpy", ((4, 1), (3,)), (4, 3))]
    assert listed(lambda: call(torch.ones(3), b)) == []
    assert listed(lambda: call(torch.ones(4, 3), b)) == []  # as the documentation says


@IGNORE
def test_in_place_with_an_array():
    def add():
        x = torch.ones(3)
        x += np.ones((4, 1))

    assert listed(add) == [("numpy", ((3,), (4, 1)), (4, 3))]


@IGNORE
@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (lambda a, b: a == b, "eq"),
        (lambda a, b: b == a, "eq"),
        (lambda a, b: b / a, "rdiv"),
    ],
)
def test_torch_takes_an_array(call, operation):
    a, b = torch.ones(4, 1), np.ones(3)
    assert tuple(call(a, b).shape) == (4, 3)
    assert (operation, ((4, 1), (3,)), (4, 3)) in listed(lambda: call(a, b), "both_stretched")


def test_numbers_of_numpy_stretch_nothing():
    assert listed(lambda: torch.ones(4, 1) * np.float32(2)) == []


def test_the_least_other_shape_by_trying_all():
    few = [shape for shape in SMALL_SHAPES if len(shape) < 3]
    for shape, result in itertools.product(few, repeat=2):
        others = [
            other for other in few if outcome(shape, other) == result and max(map(len, (shape, other))) == len(result)
        ]
        found = numpy_shapes(torch.empty(shape), np.empty(result))
        if shape == result or not others:
            assert found == () or not others, (shape, result)
        else:
            least = min(others, key=lambda other: (len(other), np.prod(other) if 0 not in other else 10**6))
            assert found[0] == shape
            assert outcome(shape, found[1]) == result
            assert len(found[1]) == len(least), (shape, result, found, least)


def outcome(*shapes):
    try:
        return tuple(np.broadcast_shapes(*shapes))
    except ValueError:
        return None


COLUMN, ROW = torch.full((5, 1), 0.5), torch.full((4,), 0.6)
PAIRS = ((5, 1), (4,))
MATRIX = torch.eye(3)
MADE = [
    (d.Normal, "Normal"),
    (d.LogNormal, "LogNormal"),
    (d.Laplace, "Laplace"),
    (d.Cauchy, "Cauchy"),
    (d.Gamma, "Gamma"),
    (d.Beta, "Beta"),
    (d.Gumbel, "Gumbel"),
    (d.FisherSnedecor, "FisherSnedecor"),
    (d.Kumaraswamy, "Kumaraswamy"),
    (d.Pareto, "Pareto"),
    (d.Weibull, "Weibull"),
    (d.VonMises, "VonMises"),
    (d.InverseGamma, "InverseGamma"),
    (lambda a, b: d.StudentT(a, loc=b), "StudentT"),
    (lambda a, b: d.Binomial(a * 4, probs=b), "Binomial"),
    (lambda a, b: d.NegativeBinomial(a * 4, probs=b), "NegativeBinomial"),
    (lambda a, b: d.Uniform(a - 1, b), "Uniform"),
    (lambda a, b: d.MultivariateNormal(a[..., None].expand(5, 1, 3), MATRIX.expand(4, 3, 3)), "MultivariateNormal"),
    (
        lambda a, b: d.LowRankMultivariateNormal(torch.zeros(5, 1, 3), torch.ones(4, 3, 2), torch.ones(3)),
        "LowRankMultivariateNormal",
    ),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("make", "name"), MADE)
def test_parameters_of_a_distribution(make, name):
    assert tuple(make(COLUMN, ROW).batch_shape) == (5, 4)
    seen = listed(lambda: make(COLUMN, ROW), "both_stretched")
    assert [(operation, result) for operation, _, result in seen] == [(name, (5, 4))]
    assert set(PAIRS) <= set(seen[0][1])


def test_each_distribution_is_listed_once_and_plain_ones_are_not():
    def several():
        return [d.Normal(COLUMN, ROW), d.Normal(COLUMN, ROW), d.Normal(0.0, ROW), d.Normal(ROW, ROW)]

    assert [operation for operation, *_ in listed(several)] == ["Normal", "Normal"]
    assert listed(lambda: d.MultivariateNormal(torch.zeros(4, 3), MATRIX.expand(4, 3, 3))) == []


def test_axes_of_an_event_are_counted_where_a_constraint_tells_them():
    constraints = (d.constraints.real, d.constraints.real_vector, d.constraints.positive_definite)
    assert [_event_axes(each) for each in constraints] == [0, 1, 2]
    assert _event_axes(d.constraints.dependent()) == 0  # on others; it does not say


def test_methods_of_a_distribution():
    categorical = d.Categorical(torch.ones(5, 3))
    seen = listed(lambda: categorical.log_prob(torch.zeros(5, 1)), "both_stretched")
    assert ("log_prob", ((5, 1, 1), (5, 3)), (5, 5, 3)) in seen
    normal = d.Normal(torch.zeros(2, 1), torch.ones(2, 1))
    assert listed(lambda: normal.log_prob(torch.zeros(2)), "both_stretched")[0][2] == (2, 2)
    assert listed(lambda: normal.expand((3, 2, 1))) == []  # asked for


def test_what_a_user_asks_for_is_not_listed():
    assert listed(lambda: torch.broadcast_tensors(COLUMN, ROW)) == []
    assert listed(lambda: COLUMN.expand(5, 4)) == []
