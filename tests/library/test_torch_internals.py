"""What is relied on of torch although it is private, against what the public names say of the same."""

import sys
import warnings
from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.modules.module import (
    _global_forward_hooks,
    _global_forward_hooks_always_called,
    _global_forward_pre_hooks,
)
from torch.testing._internal.two_tensor import TwoTensor
from torch_versions import needs_saved_tensors, needs_tensors_unpacked_alone

from tensorglass import torch_internals as internals


def test_what_it_hands_on_is_there():
    assert {name for name in internals.__all__ if not hasattr(internals, name)} == set()


def test_fake_tensors_and_tensors_of_several_are_known():
    real, both = torch.ones(2), TwoTensor(torch.ones(2), torch.ones(2))
    with FakeTensorMode() as mode:
        fake = torch.ones(2)
    assert [internals.is_fake(x) for x in (fake, real, both)] == [True, False, False]
    assert [internals.is_wrapping(x) for x in (both, real)] == [True, False]
    assert internals.modes_of(fake) is mode
    with mode, internals.modes_of(real):
        assert type(torch.ones(2)) is torch.Tensor


def test_the_compiler_is_seen_tracing():
    seen = []

    def compiled(graph, inputs):
        seen.append(internals.is_compiler_tracing())
        return graph.forward

    torch.compile(lambda x: x + 1, backend=compiled)(torch.ones(2))
    assert seen == [True]
    assert not internals.is_compiler_tracing()


def test_two_tensors_on_one_storage_have_one_key():
    x = torch.ones(6)
    assert internals.storage_key(x) == internals.storage_key(x[2:].view(2, 2))
    assert internals.storage_key(x) != internals.storage_key(x.clone())
    first, second = torch.ones(2, device="meta"), torch.ones(2, device="meta")
    assert internals.storage_key(first) != internals.storage_key(second)


def test_a_storage_starts_where_its_first_element_lies():
    x = torch.ones(6)
    assert internals.storage_address(x) == x.data_ptr()
    assert internals.storage_address(x[2:]) == x.data_ptr()
    assert internals.storage_address(torch.ones(6, device="meta")) == 0


def test_a_lazy_clone_is_looked_at_without_being_copied():
    x = torch.ones(6)
    clone = torch._lazy_clone(x)
    assert internals.storage_address(clone) == internals.storage_address(x)
    assert [internals.is_lazy_clone(each) for each in (clone, x)] == [True, True]
    clone.add_(1)
    assert not internals.is_lazy_clone(clone)
    assert internals.storage_address(clone) != internals.storage_address(x)
    assert not internals.is_lazy_clone(torch.ones(2))


def test_views_and_their_bases():
    x = torch.ones(2, 3, requires_grad=True)
    view = x.T
    assert [internals.is_view(each) for each in (view, x, x * 2)] == [True, False, False]
    assert internals.base_of(view) is x
    assert internals.base_of(x) is None
    with torch.no_grad():
        assert internals.is_view(x.T)


def test_placeholders_stand_for_tensors():
    x, seen = torch.ones(2, 3), []

    def look(row):
        seen.append(internals.is_placeholder(row))
        seen.append(internals.behind_placeholder(row) is x)
        return row.sum()

    torch.vmap(look)(x)
    assert seen == [True, True]
    assert not internals.is_placeholder(x)


def test_the_parts_of_a_sparse_tensor_are_those_of_the_public_names():
    x = torch.tensor([[0.0, 2.0], [3.0, 0.0]]).to_sparse()
    parts = dict(internals.coordinates(x))
    assert torch.equal(parts["indices"], x.indices())
    assert torch.equal(parts["values"], x.values())
    twice = torch.sparse_coo_tensor([[0, 0]], [1.0, 2.0], (3,), check_invariants=True)
    assert dict(internals.coordinates(twice))["values"].tolist() == [1, 2]


def test_all_members_of_a_module_are_found():
    module = nn.Module()
    module.weight = nn.Parameter(torch.ones(2))
    module.register_buffer("steps", torch.zeros(1))
    module.first = module.second = nn.Linear(1, 1)
    module.text = "abc"
    found = dict(internals.members_of(module))
    assert found["weight"] is module.weight
    assert found["steps"] is module.steps
    assert found["first"] is found["second"] is module.first
    assert found["text"] == "abc"
    assert not {"_parameters", "_buffers", "_modules"} & set(found)
    assert len(internals.members_of(module)) == len(found)


@pytest.mark.parametrize("layer", [nn.Conv2d(1, 1, 1), nn.ConvTranspose1d(1, 1, 1), nn.LazyConv3d(1, 1)])
def test_convolutions_have_one_base(layer):
    assert isinstance(layer, internals.Convolution)
    assert not isinstance(layer, internals.BatchOrInstanceNorm)


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(1), nn.InstanceNorm2d(1), nn.SyncBatchNorm(1)])
def test_norms_of_batches_and_instances_have_one_base(layer):
    assert isinstance(layer, internals.BatchOrInstanceNorm)
    assert not isinstance(nn.LayerNorm(1), internals.BatchOrInstanceNorm)


def test_hooks_on_all_modules_are_called_around_each_and_leave_nothing_behind():
    seen = []

    def before(module, inputs):
        seen.append(("before", type(module).__name__))

    def after(module, inputs, output):
        seen.append(("after", type(module).__name__))

    model = nn.Sequential(nn.ReLU(), nn.Linear(3, 1))
    with internals.hooks_on_all_modules(before, after), pytest.raises(RuntimeError):
        model(torch.ones(2))
    assert seen == [
        ("before", "Sequential"),
        ("before", "ReLU"),
        ("after", "ReLU"),
        ("before", "Linear"),
        ("after", "Linear"),
        ("after", "Sequential"),
    ]
    assert not _global_forward_hooks
    assert not _global_forward_pre_hooks
    assert not _global_forward_hooks_always_called


def test_hooks_on_all_modules_are_numbered_below_those_of_others_by_how_deep_they_stand():
    with internals.hooks_on_all_modules(print, print):
        assert _global_forward_hooks_always_called == {-1: True}
        with internals.hooks_on_all_modules(print, print):
            assert list(_global_forward_hooks) == list(_global_forward_pre_hooks) == [-1, -2]
        assert list(_global_forward_hooks) == [-1]


def test_what_was_compiled_is_found_behind_the_wrapper():
    linear = nn.Linear(1, 1)
    model = nn.Sequential(torch.compile(linear, backend="eager"), nn.ReLU())
    assert internals.behind_compiled(model[0]) is linear
    assert internals.behind_compiled(model[1]) is model[1]
    (name,) = [name for name, parameter in model.named_parameters() if parameter is linear.weight]
    assert internals.name_without_compiled(name) == "0.weight"


@pytest.mark.skipif(torch.__version__ < (2, 6), reason="torch has no such switch")
def test_inside_the_context_compiled_code_runs_as_written(monkeypatch):
    seen = []
    compiled = torch.compile(lambda x: seen.append(torch.compiler.is_compiling()) or x + 1, backend="eager")
    with internals.compiled_code_runs_as_written():
        compiled(torch.ones(2))
    assert seen == [False]
    monkeypatch.delitem(sys.modules, "torch._dynamo")
    assert isinstance(internals.compiled_code_runs_as_written(), nullcontext)


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        result = x * y
        ctx.save_for_backward(x, result)
        return result

    @staticmethod
    def backward(ctx, gradient):
        raise NotImplementedError


def are_changed(node, fields):
    """Return of each saved tensor whether it was changed."""
    return [
        internals.is_changed(node, field, each) for field in fields for each in internals.saved_tensors(node, field)
    ]


def test_a_saved_tensor_that_was_changed_in_place_is_known():
    x, y = torch.rand(2, requires_grad=True), torch.rand(2)
    product, root = x * y, (x + 1).sqrt()
    assert are_changed(product.grad_fn, ("self", "other")) == [False, False]
    assert are_changed(root.grad_fn, ("result",)) == [False]
    y.zero_()
    root.add_(1)
    assert are_changed(product.grad_fn, ("self", "other")) == [False, True]
    node = root.grad_fn.next_functions[0][0]
    assert are_changed(node, ("result",)) == [True]


@needs_tensors_unpacked_alone
@needs_saved_tensors
def test_a_tensor_that_a_function_of_the_user_saved_is_known_as_changed():
    x = torch.rand(2, requires_grad=True)
    result = Product.apply(x * 1, torch.ones(2))
    node = result.grad_fn
    assert are_changed(node, ("tensors",)) == [False, False]
    result.detach().add_(1)
    assert are_changed(node, ("tensors",)) == [False, True]


def test_what_was_freed_was_not_changed():
    x = torch.rand(2, requires_grad=True)
    y = x.exp()
    (saved,) = internals.saved_tensors(y.grad_fn, "result")
    y.sum().backward()
    assert not internals.is_changed(y.grad_fn, "result", saved)


def test_changes_in_place_are_counted_but_for_tensors_that_count_none():
    x = torch.ones(2)
    assert internals.version_of(x) == 0
    x.add_(1)
    assert internals.version_of(x) == 1
    with torch.inference_mode():
        assert internals.version_of(torch.ones(2)) == -1


def test_nodes_are_numbered_as_they_are_made():
    x = torch.ones(2, requires_grad=True)
    first = internals.next_node_number()
    y = x.exp()
    z = y.sin()
    assert [internals.node_number(each.grad_fn) for each in (y, z)] == [first, first + 1]
    assert internals.next_node_number() == first + 2


@needs_saved_tensors
def test_a_node_shows_what_it_saved_under_the_names_of_its_formula():
    x, y = torch.rand(2, requires_grad=True), torch.rand(2, requires_grad=True)
    product, total = x * y, x + y
    node = product.grad_fn
    assert internals.fields_of_formula(type(node)) == ("other", "self")
    (other,), (own,) = internals.saved_tensors(node, "other"), internals.saved_tensors(node, "self")
    assert isinstance(own, internals.SavedTensor)
    assert (own.data.data_ptr(), other.data.data_ptr()) == (x.data_ptr(), y.data_ptr())
    assert internals.fields_of_formula(type(total.grad_fn)) == ()
    product.sum().backward()
    (own,) = internals.saved_tensors(node, "self")
    assert own.data is None


@needs_saved_tensors
def test_lists_of_saved_tensors_are_read_until_they_are_freed():
    x, index = torch.rand(3, 3, requires_grad=True), torch.tensor([0, 2])
    y = x[index, index]
    assert [each.data.tolist() for each in internals.saved_tensors(y.grad_fn, "indices")] == [[0, 2]] * 2
    y.sum().backward()
    assert internals.saved_tensors(y.grad_fn, "indices") == []


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, saved):
        if saved:
            ctx.save_for_backward(x)
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient, None


@needs_saved_tensors
@pytest.mark.parametrize(("saved", "tensors"), [(True, 1), (False, 0)])
def test_functions_of_the_user_show_what_they_saved(saved, tensors):
    x = torch.rand(3, requires_grad=True)
    result = Doubled.apply(x, saved)  # before torch 2.13 its node shows nothing without it
    node = result.grad_fn
    assert [each.data.data_ptr() for each in internals.saved_tensors(node, "tensors")] == [x.data_ptr()] * tensors


@needs_saved_tensors
def test_a_torch_whose_saved_tensors_cannot_be_read_is_named(monkeypatch):
    internals.check_saved_tensors_readable()
    monkeypatch.setattr(internals, "SavedTensor", object)
    monkeypatch.setattr(torch, "__version__", "1.0")
    with pytest.raises(RuntimeError, match=r"^record_saved\(\) needs torch 2\.10 or newer; this is 1\.0$"):
        internals.check_saved_tensors_readable()


def test_a_leaf_adds_up_its_gradient():
    x = torch.ones(2, requires_grad=True)
    assert isinstance((x * 2).grad_fn.next_functions[0][0], internals.AccumulateGrad)


def test_a_thread_knows_the_backward_pass_that_it_works_for():
    x, seen = torch.ones(2, requires_grad=True), []
    assert internals.backward_pass() == -1
    y = x * 2
    y.register_hook(lambda _: seen.append(internals.backward_pass()))
    y.sum().backward()
    (x * y.detach()).sum().backward()
    assert len(seen) == 1
    assert seen[0] >= 0
    assert internals.backward_pass() == -1


def test_recorded_memory_is_what_was_allocated():
    internals.start_recording_memory()
    with pytest.raises(RuntimeError):
        internals.start_recording_memory()
    x = torch.ones(1000)
    del x
    (events,) = internals.stop_recording_memory()
    changes = [event.cpu_memory_usage() for event in events if event.kind() == "memory_alloc"]
    assert changes == [4000, -4000]
    assert "aten::ones" in [event.name() for event in events if event.kind() == "push"]


def test_a_recording_does_not_warn_of_figures_that_nobody_asked_for():
    x = torch.ones(2, 2)
    internals.start_recording_memory()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        x @ x  # whose floating-point operations could be counted only if its sizes were recorded too
    internals.stop_recording_memory()
    assert seen == []


def test_what_is_known_by_version():
    assert internals.saved_tensors_are_readable() == (torch.__version__ >= "2.10")


def test_where_torch_refuses_to_say_it_a_tensor_is_no_lazy_clone(monkeypatch):
    def refuse(tensor):
        raise RuntimeError

    monkeypatch.setattr(torch._C, "_is_cow_tensor", refuse)
    assert internals.is_lazy_clone(torch.ones(1)) is False
