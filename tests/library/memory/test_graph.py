"""What graphs keep alive, against hooks that are told of every saved tensor, and against what is freed."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch_versions import needs_saved_tensors

from tensorglass import memory_of, track_memory
from tensorglass.memory.graph import ClosedNode, graph_members, is_closed

pytestmark = needs_saved_tensors
GRAPH = "kept by autograd's graph"


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.mask = x > 0
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2


def layers():
    torch.manual_seed(0)
    convolutions = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.GELU(), nn.MaxPool2d(2), nn.Flatten())
    return nn.ModuleDict({"convolutions": convolutions, "recurrence": nn.GRU(30, 7), "linear": nn.Linear(30, 5)})


def in_place_on_a_view(x):
    y = x * 1
    y[:3].exp_()
    return y.sin().sum()


GRAPHS = {
    "elementwise": lambda x, layers: x.exp().sin().sum(),
    "matrix products": lambda x, layers: (x @ x.T).softmax(0).pow(2).mean(),
    "linear": lambda x, layers: layers["linear"](x.sin()).relu().sum(),
    "recurrence": lambda x, layers: layers["recurrence"](x.view(5, 4, 30))[0].sum(),
    "attention": lambda x, layers: nn.functional.scaled_dot_product_attention(x[None], x[None], x[None]).sum(),
    "convolutions": lambda x, layers: layers["convolutions"](x.view(2, 1, 20, 15)).logsumexp(1).sum(),
    "lists": lambda x, layers: torch.stack([x.exp(), x.sin()]).max(0).values.norm(),
    "custom function": lambda x, layers: Doubled.apply(x.exp()).sum(),
    "views": lambda x, layers: x.exp().T[2:].unbind()[0].sin(),
    "saved result": lambda x, layers: x.exp(),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_what_the_graph_keeps_is_what_hooks_are_told(name):
    x, modules = torch.randn(20, 30, requires_grad=True), layers()
    there_before = {each.untyped_storage()._cdata for each in (x, *modules.parameters(), *modules.buffers())}
    told = {}
    with torch.autograd.graph.saved_tensors_hooks(lambda y: told.setdefault(y.untyped_storage()._cdata, y), id):
        result = GRAPHS[name](x, modules)
    told.setdefault(result.untyped_storage()._cdata, result)
    hooked = sum(y.untyped_storage().nbytes() for key, y in told.items() if key not in there_before)
    attribute = 600 if name == "custom function" else 0  # of which hooks are not told
    alone = memory_of([x, modules]).nbytes
    held = memory_of([x, modules, GRAPHS[name](x, modules)])
    assert held.nbytes - alone == hooked + attribute
    assert held.notes == ()


def test_a_list_of_losses_keeps_what_its_graphs_saved():
    x = torch.randn(300, 300, requires_grad=True)
    with track_memory() as trace:
        losses = [x.exp().sin().sum() for _ in range(3)]
    held = memory_of(losses)
    assert held.totals == {"other": 12, GRAPH: 4 * 360_000}  # three results of exp, and the leaf
    assert trace.live_bytes == held.nbytes - 360_000
    assert [each.name for each in held.tensors if each.storage == 1] == [
        "[0].grad_fn.SinBackward0.self",
        "[0].grad_fn.ExpBackward0.result",
    ]
    assert "\n\nkept alive by autograd's graph alone: 1.4 MiB; " in str(held)
    assert memory_of([loss.detach() for loss in losses]).nbytes == 12
    assert "graph" not in str(memory_of([loss.detach() for loss in losses]))
    assert not any(each.saved for each in held.tensors if each.kind == GRAPH)
    assert held.saved_bytes < 3000


def test_what_a_backward_pass_has_freed_is_no_longer_kept():
    x = torch.randn(30, 30, requires_grad=True)
    loss = x.exp().sin().sum()
    loss.backward()
    assert memory_of(loss).totals == {"gradients": 3600, "other": 4, GRAPH: 3600}


def test_a_graph_leads_to_parameters_and_their_gradients():
    model = nn.Linear(10, 10)
    model(torch.ones(1, 10)).sum().backward()
    loss = model(torch.ones(1, 10)).sum()
    totals = memory_of(loss).totals
    assert (totals["parameters"], totals["gradients"]) == (440, 440)
    assert memory_of(model, loss).totals["parameters"] == 440
    assert memory_of(model, loss).shared_groups == ()


def test_one_graph_behind_several_tensors_counts_once():
    x = torch.randn(30, 30, requires_grad=True)
    y = x.exp()
    assert memory_of(y.sum(), y.mean()).totals == {"other": 8, GRAPH: 7200}


def test_graphs_of_any_depth():
    x = y = torch.ones(5, requires_grad=True)
    for _ in range(1500):
        y = y + 1.5
    assert memory_of(y).nbytes == 40
    for _ in range(1500):
        y = y.sin()
    assert memory_of(y).nbytes == 40 + 1500 * 20
    assert x.grad_fn is None


def test_what_hooks_packed_is_counted_and_not_unpacked():
    def refuse(packed):
        raise AssertionError("it was unpacked")

    x = torch.randn(30, 30, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda y: {"half": y.detach().half()}, refuse):
        y = x.sin()
    assert memory_of(y).totals == {"other": 3600, GRAPH: 3600 + 1800}


def test_what_a_checkpoint_keeps():
    x = torch.randn(30, 30, requires_grad=True)
    for reentrant in (True, False):
        y = checkpoint(lambda z: z.exp().sin(), x.cos(), use_reentrant=reentrant, preserve_rng_state=False)
        held = memory_of(y)
        assert held.totals == {"other": 3600, GRAPH: 7200}  # the result, the checkpoint's input and the leaf
        assert held.notes == ()


@pytest.mark.filterwarnings("ignore:Using backward")
def test_a_graph_of_gradients_is_kept_by_the_gradient():
    x = torch.randn(30, 30, requires_grad=True)
    x.exp().sum().backward(create_graph=True)
    assert memory_of([x.detach()]).nbytes == 3600
    assert memory_of(x).totals["kept by autograd's graph"] >= 3600
    x.grad = None


def test_nodes_that_do_not_show_what_they_saved_are_named():
    loss = in_place_on_a_view(torch.randn(20, 30, requires_grad=True))
    assert memory_of([loss]).notes == (
        "not looked into: 1 object of the type torch::autograd::CopySlices, such as [0].grad_fn.CopySlices.saved",
    )


def test_before_torch_2_10_what_other_nodes_saved_is_named_too(monkeypatch):
    x = torch.randn(20, 30, requires_grad=True)
    monkeypatch.setattr("tensorglass.memory.graph.saved_tensors_are_readable", lambda: False)
    told = "not looked into: 1 object of the type ExpBackward0, such as [0].grad_fn.ExpBackward0.saved"
    assert memory_of([x.exp()]).notes == (told,)
    assert memory_of([x + 1]).notes == ()  # its node saves nothing


def test_a_view_that_autograd_refuses_is_counted():
    x = torch.ones(4, requires_grad=True) * 1
    with torch.no_grad():
        view = x[:2]
    view.requires_grad_()
    first, second = x.unbind()[0], x.unbind()[1]
    with torch.no_grad():
        x.add_(1)
    assert memory_of(first, second).nbytes >= 16


def test_the_gradient_of_a_tensor_between():
    x = torch.ones(4, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.sum().backward()
    assert [(each.name, each.kind) for each in memory_of(y).tensors][:2] == [("a", "other"), ("a.grad", "gradients")]


def test_the_leaf_of_a_graph_is_held_by_its_node():
    names = [each.name for each in memory_of([torch.ones(3, requires_grad=True) * 2]).tensors]
    assert "[0].grad_fn.AccumulateGrad.variable" in names


@pytest.mark.parametrize(
    ("name", "closed"),
    [
        ("torch::autograd::CopySlices", True),
        ("struct torch::autograd::CppNode<struct Mine>", True),
        ("torch::jit::(anonymous namespace)::DifferentiableGraphBackward", True),
        ("ExpBackward0", False),
    ],
)
def test_which_nodes_do_not_show_what_they_saved(name, closed):
    class Node:
        def name(self):
            return name

    assert is_closed(Node()) == closed


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_what_scripted_code_saved_is_named_once_it_is_optimized():
    model, x = torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.Tanh())), torch.randn(2, 4)
    assert memory_of(model(x)).notes == ()
    for _ in range(3):
        output = model(x)
    (note,) = memory_of(output).notes
    assert "DifferentiableGraph" in note


@pytest.mark.parametrize("name", ["torch::autograd::CopySlices", "CppNode<Square>"])
def test_a_node_that_does_not_show_what_it_saved_is_named(name):
    node = SimpleNamespace(name=lambda: name, next_functions=())
    (member,) = graph_members(SimpleNamespace(grad_fn=node), {})
    assert isinstance(member.part, ClosedNode)
    assert member.part.name == name
