"""The picture of saved tensors holds what the report says."""

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from tensorglass import record_saved, saved_for_backward

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
