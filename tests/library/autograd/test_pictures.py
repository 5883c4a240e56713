"""The picture of saved tensors holds what the report says."""

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from tensorglass import record_saved, saved_for_backward, track_memory
from tensorglass.autograd.shares import ModuleShare, outermost
from tensorglass.memory.calls import BETWEEN, DeviceMemory, OperationCall
from tensorglass.memory.timeline import plot_timeline

LABEL = "KiB kept for the backward pass, which frees the activations (filled)\nand not what was there before (hatched)"


def drawn():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    return saved_for_backward(model, torch.randn(100, 8))


def test_a_bar_for_each_module_from_the_top():
    ax = drawn().plot()
    freed, held = ax.containers
    assert [bar.get_width() for bar in freed] == pytest.approx([0, 6400 / 1024, 0])
    assert [bar.get_width() for bar in held] == pytest.approx([3200 / 1024, 0, 128 / 1024])
    assert [bar.get_x() for bar in held] == pytest.approx([0, 6400 / 1024, 0])
    assert {bar.get_hatch() for bar in held} == {"//"}
    assert {bar.get_hatch() for bar in freed} == {None}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Sequential.0", "Sequential.1", "Sequential.2"]
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == LABEL
    assert [text.get_text() for text in ax.texts] == ["", "6.2 KiB", ""]
    assert ax.get_xlim() == pytest.approx((0, 1.18 * 6400 / 1024))


def test_the_picture_grows_with_the_names_and_the_number_of_modules():
    assert drawn().plot().figure.get_size_inches() == pytest.approx((5.5 + 12 * 0.07, 1.2 + 3 * 0.3))


def test_the_longest_bar_is_that_of_both_kinds_together():
    ax = saved_for_backward(nn.LayerNorm(1000), torch.ones(1, 1000)).plot()
    assert ax.get_xlim() == pytest.approx((0, 1.18 * 12008 / 1024))
    assert ax.get_xlabel() == LABEL


def test_the_labels_stand_beside_the_bars():
    ax = drawn().plot()
    assert [text.xy for text in ax.texts] == [(3200 / 1024, 0), (6400 / 1024, 1), (128 / 1024, 2)]


def test_the_picture_describes_itself():
    assert drawn().plot().get_label() == (
        "Bytes kept for the backward pass, by module: Sequential.0 0 bytes of activations and 3.1 KiB that were there "
        "before; Sequential.1 6.2 KiB of activations and 0 bytes that were there before; Sequential.2 0 bytes of "
        "activations and 128 bytes that were there before. 6.2 KiB are freed by it."
    )


def test_axes_of_the_reader_are_used_and_returned():
    _, ax = plt.subplots()
    assert drawn().plot(ax) is ax


def test_what_is_outside_of_modules_is_named():
    x = torch.ones(3, requires_grad=True)
    ax = saved_for_backward(torch.exp, x).plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["outside of modules"]
    assert "outside of modules 12 bytes of activations" in ax.get_label()
    with record_saved() as nothing:
        pass
    assert nothing.plot().get_yticklabels() == []


@pytest.mark.parametrize(("at_most", "modules"), [(6, 6), (5, 2), (2, 2), (1, 1)])
def test_inner_modules_are_added_to_outer_ones_where_there_are_too_many(at_most, modules):
    deep = tuple(ModuleShare(f"Net.{i}.{j}", 1, 10**i, 7) for i in range(2) for j in range(3))
    merged = outermost(deep, at_most)
    assert len(merged) == modules
    assert sum(share.activation_bytes for share in merged) == 33
    assert sum(share.other_bytes for share in merged) == 42
    assert sum(share.tensors for share in merged) == 6


def test_forty_one_modules_of_one_level_are_drawn_by_the_outermost():
    shares = tuple(ModuleShare(f"Net.{i}", 1, 1, 1) for i in range(41))
    assert [share.module for share in outermost(shares, 40)] == ["Net"]
    assert outermost(shares[:40], 40) == shares[:40]
    assert outermost((), 40) == ()
    roots = (ModuleShare("A.0", 1, 1, 1), ModuleShare("B.0", 1, 1, 1))
    assert [share.module for share in outermost(roots, 1)] == ["A", "B"]


def test_the_backward_pass_stands_on_a_grey_ground():
    torch.manual_seed(0)
    model = nn.Sequential(*[layer for _ in range(3) for layer in (nn.Linear(16, 16), nn.ReLU())])
    with track_memory() as memory:
        model(torch.randn(64, 16)).sum().backward()
    forward = [call.operation for call in memory.calls if not call.backward]
    backward = [call.operation for call in memory.calls if call.backward]
    assert {"linear", "relu", "sum"} <= set(forward)
    assert {"ReluBackward0", "AddmmBackward0"} <= set(backward)
    assert not {name for name in forward if "Backward" in name}
    assert memory.plot().texts[0].get_text() == "backward"


def calls(pattern):
    made_of = {
        "f": OperationCall("linear", 0, 9, 9, 9),
        "b": OperationCall("AddmmBackward0", 9, 9, 0, 0, backward=True),
        "-": OperationCall(BETWEEN, 9, 9, 9, 0),
    }
    return tuple(made_of[each] for each in pattern)


@pytest.mark.parametrize(
    ("pattern", "spans"),
    [
        ("ff", []),
        ("fbb", [(1, 3)]),
        ("fb-b-", [(1, 4)]),
        ("fbfb", [(1, 2), (3, 4)]),
        ("b-f-b", [(0, 1), (4, 5)]),
        ("fb-", [(1, 2)]),
    ],
)
def test_each_backward_pass_is_one_span(pattern, spans):
    ax = plot_timeline(DeviceMemory("cpu", calls(pattern)))
    labels = [text for text in ax.texts if text.get_text() == "backward"]
    grounds = [patch for patch in ax.patches if patch.get_facecolor()[3] == 0.18]
    assert [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in grounds] == spans
    assert [text.get_position()[0] for text in labels] == [sum(span) / 2 for span in spans]
