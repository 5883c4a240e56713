"""What the difference of two reports of saved tensors says."""

import pytest
import torch
from saved_models import VECTORS, Checkpointed, mlp, small
from torch import nn

from tensorglass import saved_for_backward
from tensorglass.autograd.report import CHECKPOINTED, SavedTensors


def test_the_difference_that_checkpointing_makes():
    inner = mlp()
    plain = nn.Sequential(inner)
    checkpointed = Checkpointed(inner, random_state=False)
    x = torch.randn(VECTORS, requires_grad=True)
    before, after = saved_for_backward(plain, x), saved_for_backward(checkpointed, x)
    change = before - after
    # The ReLU's output, the input of GELU and its output, which the last layer reads.
    assert change.activation_bytes == before.activation_bytes == 3 * 6 * 16 * 4
    assert change.input_bytes == 0
    assert change.parameter_bytes == before.parameter_bytes > 0
    assert change.buffer_bytes == 0
    assert change.nbytes == before.nbytes - after.nbytes
    assert str(change) == (
        "activations kept: 1.1 KiB against 0 bytes, 1.1 KiB more\n"
        "\n"
        "Modules that keep another number of bytes\n"
        "\n"
        "module          first  second  difference\n"
        "--------------  -----  ------  ----------\n"
        "Sequential.0.1    384       0        +384\n"
        "Sequential.0.3    384       0        +384\n"
        "Sequential.0.4    384       0        +384\n"
        "\n" + CHECKPOINTED
    )
    assert str(after - before).startswith("activations kept: 0 bytes against 1.1 KiB, 1.1 KiB less\n")


def test_every_total_is_the_first_minus_the_second():
    def model(width):
        return nn.Sequential(nn.Linear(8, width), nn.BatchNorm1d(width), nn.Linear(width, 1))

    first = saved_for_backward(model(16), torch.ones(10, 8))
    second = saved_for_backward(model(4), torch.ones(5, 8))
    change = first - second
    for name in ("activation_bytes", "input_bytes", "parameter_bytes", "buffer_bytes", "nbytes"):
        assert getattr(change, name) == getattr(first, name) - getattr(second, name), name
        assert getattr(first, name) > getattr(second, name) > 0, name
    assert [each.module for each in change.modules] == ["Sequential.0", "Sequential.1", "Sequential.2"]
    more = first.activation_bytes - second.activation_bytes
    assert sum(each.difference for each in change.modules) == more
    assert f"KiB against 192 bytes, {more / 1024:.1f} KiB more" in str(change)


def test_two_equal_runs_have_no_difference():
    change = saved_for_backward(*small()) - saved_for_backward(*small())
    assert str(change) == "the same: both keep 6.2 KiB of activations"
    assert change.nbytes == 0
    assert {each.difference for each in change.modules} == {0}


@pytest.mark.parametrize(("changed", "some"), [(40, ""), (41, ", the largest 40 of 41")])
def test_of_very_many_modules_the_largest_differences_are_shown(changed, some):
    def model(activation):
        layers = [layer for _ in range(changed - 1) for layer in (nn.Linear(4, 4), activation)]
        return nn.Sequential(*layers, nn.Linear(4, 400), activation, nn.Linear(400, 4))

    x = torch.ones(2, 4)
    change = saved_for_backward(model(nn.GELU()), x) - saved_for_backward(model(nn.ReLU()), x)
    lines = str(change).splitlines()
    assert lines[2] == f"Modules that keep another number of bytes{some}"
    assert len(lines) == 6 + 40
    largest = f"Sequential.{2 * changed}"
    assert lines[6].startswith(largest) == bool(some)
    assert any(line.startswith(largest) for line in lines)


def test_only_reports_can_be_subtracted():
    saved = saved_for_backward(*small())
    with pytest.raises(TypeError, match="unsupported operand"):
        saved - 3
    assert isinstance(saved, SavedTensors)
