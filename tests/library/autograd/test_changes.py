"""Which saved tensor was changed in place: told exactly where torch's backward pass refuses, over many programs."""

import re

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from tensorglass import default_device, record_saved

DEVICE = default_device()


def leaf(*shape):
    return torch.rand(shape or (4,), device=DEVICE, requires_grad=True)


def changed_result():
    y = leaf().exp()
    y.add_(1)
    return y.sum()


def changed_input():
    y = leaf() * 1
    z = y * y
    y += 1
    return z.sum()


def changed_but_not_needed():
    y = leaf().sin()
    y.add_(1)
    return y.sum()


def changed_through_another_view():
    base = leaf(4, 4) * 1
    first = base[0]
    z = first * first
    base[1].mul_(2)
    return z.sum()


def changed_weight():
    layer = nn.Linear(4, 4, device=DEVICE)
    loss = layer(layer(leaf(2, 4))).sum()
    with torch.no_grad():
        layer.weight.add_(1)
    return loss


def changed_by_an_optimizer(optimizer):
    layer = nn.Linear(4, 4, device=DEVICE)
    loss = layer(leaf(2, 4)).pow(2).sum()
    loss.backward(retain_graph=True)
    optimizer(layer.parameters(), 0.1).step()
    return loss


def changed_after_the_graph_was_freed():
    layer = nn.Linear(4, 4, device=DEVICE)
    layer(leaf(2, 4)).pow(2).sum().backward()
    torch.optim.SGD(layer.parameters(), 0.1).step()
    return layer(leaf(2, 4)).sum()


def inplace_activation(*layers):
    return nn.Sequential(nn.Linear(4, 4, device=DEVICE), *layers)(leaf(2, 4)).sum()


def changed_past_autograd():
    y = leaf().exp()
    y.data.add_(1)
    return y.sum()


def assigned_in_a_loop(read):
    out = torch.ones(3, 3, device=DEVICE)
    x = leaf(3, 3)
    for i in range(3):
        out[i] = x[i] * read(out, i)
    return out.sum()


def hidden_states():
    cell, state, loss = nn.RNNCell(3, 3, device=DEVICE), torch.zeros(2, 3, device=DEVICE), 0
    for _ in range(3):
        state = cell(leaf(2, 3), state)
        loss = loss + state.sum()
    return loss


def norm_twice(training):
    norm = nn.BatchNorm1d(4, device=DEVICE).train(training)
    loss = norm(leaf(5, 4)).sum()
    return loss + norm(leaf(5, 4)).sum()


def statistics_changed_in_evaluation():
    norm = nn.BatchNorm1d(4, device=DEVICE).eval()
    loss = norm(leaf(5, 4)).pow(2).sum()
    norm.running_var.mul_(2)
    return loss


def filled_after_checkpoint():
    x = leaf() * 1
    y = checkpoint(torch.exp, x, use_reentrant=False)
    return y.sum()


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a * a

    @staticmethod
    def backward(ctx, gradient):
        return 2 * ctx.saved_tensors[0] * gradient


def custom_function(change):
    x = leaf() * 1
    y = Square.apply(x)
    z = y + 1
    if change:
        x.zero_()
    return z.sum()


def changed_as_one_of_a_list():
    y = leaf().exp()
    loss = y.sum()
    torch._foreach_add_([y], 1)
    return loss


def changed_as_an_out():
    y = torch.zeros(4, device=DEVICE)
    loss = (leaf() * y).sum()
    torch.ones(4, out=y)
    return loss


PROGRAMS = {
    "result": changed_result,
    "input": changed_input,
    "not needed": changed_but_not_needed,
    "another view": changed_through_another_view,
    "weight": changed_weight,
    "SGD": lambda: changed_by_an_optimizer(torch.optim.SGD),
    "Adam": lambda: changed_by_an_optimizer(torch.optim.Adam),
    "freed": changed_after_the_graph_was_freed,
    "ReLU after ReLU": lambda: inplace_activation(nn.ReLU(), nn.ReLU(inplace=True)),
    "ReLU after Sigmoid": lambda: inplace_activation(nn.Sigmoid(), nn.ReLU(inplace=True)),
    "ReLU after Linear": lambda: inplace_activation(nn.ReLU(inplace=True)),
    "Dropout after GELU": lambda: inplace_activation(nn.GELU(), nn.Dropout(0.5, inplace=True)),
    "past autograd": changed_past_autograd,
    "sums in a loop": lambda: assigned_in_a_loop(lambda out, i: out.sum()),
    "rows in a loop": lambda: assigned_in_a_loop(lambda out, i: out[i - 1]),
    "clones in a loop": lambda: assigned_in_a_loop(lambda out, i: out[i - 1].clone()),
    "hidden states": hidden_states,
    "BatchNorm twice": lambda: norm_twice(True),
    "BatchNorm twice, evaluated": lambda: norm_twice(False),
    "statistics": statistics_changed_in_evaluation,
    "checkpoint": filled_after_checkpoint,
    "custom function": lambda: custom_function(True),
    "custom function, unchanged": lambda: custom_function(False),
    "softmax": lambda: functional.softmax(leaf(), 0).mul_(2).sum(),
    "foreach": changed_as_one_of_a_list,
    "out=": changed_as_an_out,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_change_is_told_exactly_where_torch_refuses(name):
    with record_saved() as saved:
        loss = PROGRAMS[name]()
    told = [tensor for tensor in saved.tensors if tensor.changed]
    if told:
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()
        assert saved.notes[0].startswith("Changed since it was saved, so that a backward pass through it raises: the ")
    else:
        loss.backward()
        assert "Changed" not in str(saved)


def test_both_kinds_of_programs_are_there():
    refused = set()
    for name, program in PROGRAMS.items():
        with record_saved() as saved:
            loss = program()
        refused |= {name} if any(each.changed for each in saved.tensors) else set()
        del loss
    assert {"result", "weight", "Adam", "rows in a loop", "custom function", "out="} <= refused
    assert len(PROGRAMS) - len(refused) >= 8


def test_tensor_and_lines_are_named():
    model = nn.Sequential(nn.Linear(4, 4, device=DEVICE), nn.Sigmoid())
    with record_saved() as saved:
        y = model(leaf(2, 4))
        y.mul_(2)
    (note,) = saved.notes
    (tensor,) = (each for each in saved.tensors if each.changed)
    assert re.fullmatch(r"test_changes\.py:\d+", tensor.line)
    name, line = tensor.line.split(":")
    assert tensor.changed == f"mul_ in {name}:{int(line) + 1}"
    assert note == (
        "Changed since it was saved, so that a backward pass through it raises: the output of sigmoid of Sequential.1, "
        f"float32 (2, 4), saved in {tensor.line}; changed by mul_ in {name}:{int(line) + 1}."
    )


def test_outside_of_modules_none_is_named():
    with record_saved() as saved:
        y = leaf().exp()
        y.data = torch.zeros(4, device=DEVICE)  # another storage, and not counted as a change
        z = leaf().exp()
        z.add_(1)
    (note,) = saved.notes
    assert "the output of exp, float32 (4,), saved in" in note
    del y


def test_the_error_of_the_backward_pass_gets_a_note():
    with pytest.raises(RuntimeError, match="modified by an inplace operation") as caught, record_saved() as saved:
        changed_result().backward()
    assert caught.value.__notes__ == list(saved.notes)
    assert len(saved.notes) == 1


def test_other_errors_get_none():
    with pytest.raises(RuntimeError) as caught, record_saved():
        y = leaf().exp()
        y.add_(1)
        raise RuntimeError("another")
    assert not hasattr(caught.value, "__notes__")
    with pytest.raises(ValueError, match="modified by an inplace operation") as caught, record_saved():
        y = leaf().exp()
        y.add_(1)
        raise ValueError("modified by an inplace operation")
    assert not hasattr(caught.value, "__notes__")


def test_of_many_changes_the_first_five_are_told():
    with record_saved() as saved:
        results = [leaf().exp() for _ in range(7)]
        for each in results:
            each.add_(1)
    assert len(saved.notes) == 6
    assert saved.notes[5] == "2 more tensors changed since they were saved."
    with record_saved() as saved:
        results = [leaf().exp() for _ in range(5)]
        for each in results:
            each.add_(1)
    assert len(saved.notes) == 5


def test_a_change_that_no_torch_function_made_is_told_too():
    y = torch.zeros(4)
    with record_saved() as saved:
        z = torch.rand(4, requires_grad=True) * y
        torch._C._autograd._saved_tensors_hooks_is_enabled()  # nothing of interest
        with torch._C.DisableTorchFunction():
            y.add_(1)
    assert [each.changed for each in saved.tensors] == ["an operation in place"]
    del z
