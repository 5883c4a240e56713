"""A reader's program that says of which type each result is. mypy checks it, and a test runs it."""

from typing import assert_type

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tensorglass as tg

x, matrix = torch.arange(6.0).reshape(2, 3), torch.ones(3, 4)
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def broadcasting() -> None:
    answer = assert_type(tg.explain_broadcast((2, 3), x), tg.BroadcastExplanation)
    assert_type(answer.result, tuple[int, ...] | None)
    assert_type(answer.smallest_fix, tg.BroadcastFix | None)
    with tg.watch_broadcasts() as log:
        assert_type(log, tg.BroadcastLog)


def storage() -> None:
    assert_type(tg.storage_info(x, x.T).others, tuple[tg.Neighbour, ...])
    assert_type(tg.explain_view(x, (6,)), tg.ViewExplanation)
    assert_type(tg.shares_memory(x, x), bool)
    for read in (tg.storage_bytes, tg.storage_cells, tg.storage_index):
        assert_type(read(x), Tensor)


def memory() -> None:
    assert_type(tg.memory_of(model).totals["parameters"], int)
    with tg.track_memory() as trace:
        assert_type(trace, tg.MemoryTrace)
    assert_type(trace.peak_bytes, int)


def einsum() -> None:
    """Everything in which operands and the numbers of their axes may come."""
    assert_type(tg.einsum("ij,jk->ik", x, matrix), Tensor)
    assert_type(tg.einsum("ij,jk->ik", [x, matrix]), Tensor)
    assert_type(tg.einsum(x, [0, 1], matrix, (1, 2), [0, 2]), Tensor)
    assert_type(tg.einsum(x, [0, ...], [..., 0]), Tensor)
    assert_type(tg.einsum(x, range(2), np.array([1, 0])), Tensor)
    assert_type(tg.einsum(x, torch.tensor([0, 1])), Tensor)
    plan = assert_type(tg.plan_einsum("ij,jk->ik", (2, 3), matrix), tg.EinsumPlan)
    assert_type(tg.plan_einsum("ij,jk->ik", [(2, 3), torch.Size([3, 4])]), tg.EinsumPlan)
    assert_type(tg.plan_einsum(x, [0, 1], [1, 0]), tg.EinsumPlan)
    assert_type(plan(x, matrix), Tensor)
    assert_type(plan.cost, tg.Cost)


def einsum_refuses() -> None:
    """What a checker must not let pass; the ignored errors have to be there."""
    with pytest.raises(TypeError):
        tg.einsum("ij", [[1.0, 2.0]])  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        tg.einsum("ij->ji", x).upper()  # type: ignore[attr-defined]


def errors() -> None:
    told = assert_type(
        tg.explain_error("RuntimeError: shape '[4]' is invalid for input of size 6"), tg.ErrorExplanation
    )
    assert_type(told.fixes, tuple[tg.ErrorFix, ...])
    with tg.explained_errors() as nothing:
        assert_type(nothing, None)


def autograd() -> None:
    saved = assert_type(tg.saved_for_backward(model, x), tg.SavedTensors)
    with tg.record_saved() as recorded:
        assert_type(recorded, tg.SavedTensors)
    assert_type(saved - recorded, tg.SavedDifference)


def signals() -> None:
    assert_type(tg.gain(torch.relu), float)
    propagation = assert_type(tg.signal_propagation(torch.tanh, 1.5), tg.SignalPropagation)
    assert_type(propagation.through(3), tg.SignalPath)
    assert_type(tg.critical_sigma_w(torch.tanh).sigma_w, float | None)
    for layer in tg.activation_stats(model, x):
        assert_type(layer, tg.LayerStats)


def initialization() -> None:
    assert_type(tg.initialize_(model, torch.relu), tg.Initialization)
    assert_type(tg.lsuv_(model, torch.randn(8, 3)), tg.LsuvReport)


def pages() -> None:
    assert_type(tg.default_device(), torch.device)
    assert_type(tg.measured(1.5), str)
    assert_type(tg.reproduction(("what", "Table 1", 1.0, 1.0, 0.1)), tg.Reproduction)
    with tg.shows_error(ZeroDivisionError, match="zero") as nothing:
        assert_type(nothing, None)
        assert 1 / 0


PARTS = broadcasting, storage, memory, einsum, einsum_refuses, errors, autograd, signals, initialization, pages
