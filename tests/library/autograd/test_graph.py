"""What nodes hold, one kind of holding at a time."""

import threading

import pytest
import torch
from torch.utils.checkpoint import checkpoint
from torch_versions import needs_saved_tensors, needs_tensors_unpacked_alone

from tensorglass import default_device, torch_internals
from tensorglass.autograd.graph import (
    How,
    changed_tensors,
    held_tensors,
    node_behind,
    nodes_behind,
)
from tensorglass.autograd.recorder import SavingRecorder
from tensorglass.torch_internals import check_saved_tensors_readable, next_node_number, node_number

pytestmark = needs_saved_tensors
DEVICE = default_device()


def leaf():
    return torch.rand(3, device=DEVICE, requires_grad=True)


def test_nodes_come_in_the_order_in_which_they_were_made_and_once():
    x = leaf()
    older = x.exp()
    first = next_node_number()
    a = older.sin()
    b = a.cos() * a
    names = [node.name() for node in nodes_behind([b, a, x])]
    assert names == ["ExpBackward0", "SinBackward0", "CosBackward0", "MulBackward0"]
    nodes = nodes_behind([b, a], lambda node: node_number(node) >= first)
    assert [node.name() for node in nodes] == names[1:]
    assert nodes_behind([x]) == nodes_behind([]) == []
    assert nodes_behind([b], lambda node: False) == []


def test_nodes_of_several_threads_are_all_found_though_they_have_the_same_numbers():
    made = {}

    def work():
        made["there"] = leaf().exp().sin().cos()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    numbers = [node_number(node) for node in nodes_behind([made["there"]])]
    while next_node_number() < min(numbers):
        leaf().exp()
    here = leaf()
    while next_node_number() <= max(numbers):
        here = here.tanh()
    names = [node.name() for node in nodes_behind([here + made["there"]])]
    assert {"ExpBackward0", "SinBackward0", "CosBackward0"} < set(names)


class Keeps(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, gradient):
        a, b = ctx.saved_tensors
        return gradient * b, gradient * a


class KeepsResult(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        result = a.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.saved_tensors[0]


CHANGES = {
    "its input": (lambda x: x * x, lambda x, y: x.add_(1), [("other", 0), ("self", 0)]),
    "its result": (lambda x: x.exp(), lambda x, y: y.add_(1), [("result", 0)]),
    "one of a list": (lambda x: Keeps.apply(x, x * 1), lambda x, y: x.add_(1), [("tensors", 0)]),
    "another tensor": (lambda x: x.sin(), lambda x, y: y.add_(1), []),
    "past autograd": (lambda x: x.exp(), lambda x, y: y.data.add_(1), []),
    "the result of a custom function": (KeepsResult.apply, lambda x, y: y.add_(1), [("tensors", 0)]),
}


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=needs_tensors_unpacked_alone if case == "one of a list" else ()) for case in CHANGES],
)
def test_tensors_that_were_changed_are_those_that_torch_refuses(case):
    make, change, changed = CHANGES[case]
    x = leaf() * 1
    y = make(x)
    node = y.grad_fn
    assert list(changed_tensors(node)) == []
    change(x, y)
    assert list(changed_tensors(node)) == changed
    if changed:
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()
    else:
        y.sum().backward()
        assert list(changed_tensors(node)) == []  # nothing is saved any more


def test_what_hooks_put_in_place_of_a_tensor_is_not_unpacked():
    def unpack(packed):
        raise AssertionError

    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: [tensor], unpack):
        x = leaf() * 1
        y = x * x
    x.add_(1)
    assert list(changed_tensors(y.grad_fn)) == []


def test_a_view_that_autograd_refuses_has_no_node():
    base = leaf() * 1
    first, _, _ = base.split(1)
    assert node_behind(first).name() == "SplitBackward0"
    base.mul_(2)
    with pytest.raises(RuntimeError, match="has been modified inplace"):
        _ = first.grad_fn
    assert node_behind(first) is None
    assert nodes_behind([first]) == []


def test_fields_are_those_of_torch():
    y = leaf() ** leaf()
    held = {each.field: each for each in held_tensors(y.grad_fn)}
    assert set(held) == {"self", "exponent", "result"}
    assert all(torch.equal(each.tensor, getattr(y.grad_fn, f"_saved_{name}")) for name, each in held.items())
    assert {each.how for each in held.values()} == {How.SAVED}


def test_lists_of_saved_tensors_are_read():
    first, second = (torch.tensor([0, 1], device=DEVICE) for _ in range(2))
    y = (leaf() * torch.ones(2, 1, device=DEVICE))[first, second]
    assert [(each.field, each.how) for each in held_tensors(y.grad_fn)] == [("indices", How.SAVED)] * 2


def test_what_backward_freed_is_not_held():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return 2 * x

        @staticmethod
        def backward(ctx, gradient):
            return 2 * gradient

    for y in (leaf().exp(), Double.apply(leaf())):
        assert len(list(held_tensors(y.grad_fn))) == 1
        y.sum().backward()
        assert list(held_tensors(y.grad_fn)) == []


def in_a_function(tensor):
    kept, empty = tensor.detach(), None
    return lambda: (kept, empty)


@pytest.mark.parametrize(
    "pack",
    [
        lambda tensor: tensor.detach(),
        lambda tensor: (1, [tensor.detach()]),
        lambda tensor: {"name": "x", "tensor": {tensor.detach()}},
        in_a_function,
        lambda tensor: Packed([tensor.detach()]).unpack,
    ],
)
def test_what_hooks_packed_is_found(pack):
    x = leaf()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda packed: x):
        y = x.exp()
    (held,) = held_tensors(y.grad_fn)
    assert held.how == How.PACKED
    assert held.tensor.data_ptr() == y.data_ptr()


class Packed(list):
    """A collection whose method is what the graph holds."""

    def unpack(self):
        return self[0]


def test_a_node_that_hooks_put_in_place_of_a_tensor_is_looked_into():
    class Keeps(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.clone()

    x = leaf()
    kept = Keeps.apply(x)  # until torch 2.11 the node forgets what it saved when this is dropped
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.grad_fn, lambda packed: x):
        y = x.exp()
    (held,) = held_tensors(y.grad_fn)
    assert held.tensor.data_ptr() == x.data_ptr()


def test_the_inputs_of_a_checkpoint_before_torch_2_13_are_behind_an_empty_tensor():
    class _NoopSaveInputs(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *tensors):
            ctx.save_for_backward(*tensors)
            return torch.empty(0)

    class Frame:
        __module__ = "torch.utils.checkpoint"

        def __init__(self, *inputs):
            self.input_saver = _NoopSaveInputs.apply(torch.empty(0, requires_grad=True), *inputs)

        def unpack(self, packed):
            raise AssertionError("nobody computes it again here")

    inputs = leaf(), leaf() * 2
    frame = Frame(*inputs)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: Frame(), frame.unpack):
        y = leaf().exp()
    held = list(held_tensors(y.grad_fn))
    assert [each.how for each in held] == [How.CHECKPOINTED] * 2
    assert {each.tensor.data_ptr() for each in held} == {each.data_ptr() for each in inputs}
    assert list(held_tensors(frame.input_saver.grad_fn)) == []


def test_a_hook_that_packs_nothing_that_is_seen():
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: "on disk", lambda packed: None):
        y = leaf().exp()
    assert list(held_tensors(y.grad_fn)) == []


def test_each_operation_in_a_checkpoint_leads_to_what_it_starts_from():
    x, constant = leaf() * 1, torch.ones(3, device=DEVICE)
    y = checkpoint(lambda each: (each.sin() * constant).exp(), x, use_reentrant=False)
    held = list(held_tensors(y.grad_fn))
    assert {each.how for each in held} == {How.CHECKPOINTED}
    assert {each.tensor.data_ptr() for each in held} >= {x.data_ptr(), constant.data_ptr()}
    assert y.data_ptr() not in {each.tensor.data_ptr() for each in held}


def test_attributes_of_a_custom_function_are_held():
    class Keeps(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.kept, ctx.number = {"a": [x * 2]}, 3
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient

    output = Keeps.apply(leaf())
    (held,) = held_tensors(output.grad_fn)
    assert (held.field, held.which, held.how) == ("kept", 0, How.ATTRIBUTE)


def test_a_torch_whose_saved_tensors_cannot_be_read_is_named(monkeypatch):
    check_saved_tensors_readable()
    monkeypatch.setattr(torch_internals, "SavedTensor", object)
    monkeypatch.setattr(torch, "__version__", "1.0")
    with pytest.raises(RuntimeError, match=r"^record_saved\(\) needs torch 2\.10 or newer; this is 1\.0$"):
        SavingRecorder()
