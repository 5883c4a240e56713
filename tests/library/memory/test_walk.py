"""The walk through objects: under which names, kinds and in which files tensors come that several ways lead to."""

import pytest
import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor

from tensorglass import memory_of


def ways(*objects):
    return [(each.name, each.kind, each.saved) for each in memory_of(*objects).tensors]


def test_what_any_way_has_in_a_file_is_in_it():
    x = torch.ones(3)
    kept = [lambda: x]
    assert ways(kept) == [("[0].x", "other", False)]
    assert ways([*kept, x]) == ways([*kept, x, *kept]) == [("[0].x", "other", True)]
    assert ways([x, *kept]) == [("[0]", "other", True)]


@pytest.mark.parametrize("names", ["ab", ("indices", "values")], ids=["two", "sparse"])
def test_the_parts_of_a_tensor_are_in_a_file_if_it_is(names):
    x = TwoTensor(torch.ones(3), torch.ones(3)) if names == "ab" else torch.eye(2).to_sparse()
    y = (x.requires_grad_() * 2).sum()
    first = "[0].grad_fn.AccumulateGrad.variable"
    known = {name: (kind, saved) for name, kind, saved in ways([y, x])}
    assert [known[f"{first}.{name}"] for name in names] == [("other", True)] * 2
    known = {name: (kind, saved) for name, kind, saved in ways([y])}
    assert [known[f"{first}.{name}"] for name in names] == [("kept by autograd's graph", False)] * 2


def test_what_a_hook_refers_to_is_a_part_of_the_model_still():
    model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.Linear(3, 1, bias=False))
    optimizer, second = torch.optim.SGD(model.parameters()), model[1]
    before = memory_of(model, optimizer)
    model[0].register_forward_hook(lambda *_: (second, optimizer))
    after = memory_of(model, optimizer)
    assert [each.name for each in after.tensors] == ["a.0.weight", "a.1.weight"]
    assert (after.tensors, after.saved_bytes) == (before.tensors, before.saved_bytes)


def test_functions_within_functions_are_looked_into():
    def keeping(value):
        return lambda: value

    assert ways([keeping(keeping([keeping(torch.zeros(1))]))]) == [("[0].value.value[0].value", "other", False)]


def test_a_storage_is_the_bytes_of_it_all():
    for x in (torch.zeros(3), torch.zeros(3, device="meta"), torch.zeros(0)):
        (held,) = memory_of([x.untyped_storage()]).tensors
        assert (held.name, held.shape, held.dtype) == ("[0]", (4 * len(x),), torch.uint8)
