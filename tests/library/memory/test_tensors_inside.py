"""The tensors that tensors consist of; of distributed ones against the bytes of the parts that are here."""

import pytest
import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor

from tensorglass import memory_of
from tensorglass.memory.tensors_inside import storage_parts


def test_the_parts_of_a_tensor_that_have_a_storage():
    x = torch.eye(3)
    sparse = x.to_sparse()
    assert [part.data_ptr() for part in storage_parts(x)] == [x.data_ptr()]
    assert [part.data_ptr() for part in storage_parts(sparse)] == [
        sparse._indices().data_ptr(),
        sparse._values().data_ptr(),
    ]
    assert list(storage_parts(torch.nn.LazyLinear(2).weight)) == []
    if torch.backends.mkldnn.is_available():
        assert list(storage_parts(x.to_mkldnn())) == []


def test_the_tensor_inside_the_placeholders_of_transforms():
    x, seen = torch.rand(2, 3), []

    def look(row):
        seen.extend(part.data_ptr() for part in storage_parts(row))
        return row.sum()

    torch.vmap(torch.func.grad(look))(x)
    assert seen == [x.data_ptr()]


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_nested_tensor_is_the_values_of_all_its_parts():
    nested = torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])
    assert [(each.name, each.shape) for each in memory_of(nested).tensors] == [("a.values", (5,))]


def local_bytes(tensors):
    return sum(tensor.to_local().untyped_storage().nbytes() for tensor in tensors)


@pytest.mark.parametrize("placement", ["shard rows", "shard columns", "replicate", "partial"])
def test_a_distributed_tensor_is_its_local_part(mesh, placement):
    from torch.distributed.tensor import DTensor, Partial, Replicate, Shard

    kinds = {"shard rows": Shard(0), "shard columns": Shard(1), "replicate": Replicate(), "partial": Partial()}
    tensor = DTensor.from_local(torch.zeros(3, 5), mesh, [kinds[placement]])
    held = memory_of({"weight": tensor})
    assert [each.name for each in held.tensors] == ["weight._local_tensor"]
    assert held.nbytes == tensor.to_local().untyped_storage().nbytes() == 60
    assert [part.data_ptr() for part in storage_parts(tensor)] == [tensor.to_local().data_ptr()]


def test_what_is_not_sent_yet_is_its_buffer(mesh):
    from torch.distributed import _functional_collectives as collectives

    gather = getattr(collectives, "all_gather_single", None) or collectives.all_gather_tensor  # its name before
    waiting = gather(torch.ones(2, 3), 0, mesh)
    assert isinstance(waiting, collectives.AsyncCollectiveTensor)
    assert memory_of(waiting).nbytes == 48
    waiting.wait()


def test_tensor_parallel_parameters_and_their_gradients(mesh):
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    parallelize_module(model, mesh, {"0": ColwiseParallel(), "2": RowwiseParallel()})
    local = local_bytes(model.parameters())
    assert local == (4 * 8 + 4 + 8 * 4 + 8) * 4
    assert memory_of(model).nbytes == local
    model(torch.randn(3, 8)).sum().backward()
    assert memory_of(model).nbytes == 2 * local


def test_a_model_sharded_for_training_and_its_optimizer(mesh):
    from torch.distributed.fsdp import fully_shard

    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Linear(8, 6))
    for layer in (model[0], model[2], model):
        fully_shard(layer, mesh=mesh)
    local = local_bytes(model.parameters())
    buffers = sum(buffer.nbytes for buffer in model.buffers())
    assert memory_of(model).nbytes == local + buffers
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(3, 8)).sum().backward()
    optimizer.step()
    steps = 4 * len(optimizer.state)
    assert memory_of(model, optimizer).nbytes == 4 * local + buffers + steps
    assert memory_of(model.state_dict()).nbytes == local + buffers


def test_the_gradient_of_a_tensor_that_consists_of_others():
    both = TwoTensor(torch.ones(3), torch.ones(3)).requires_grad_()
    (both * 2).sum().backward()
    held = memory_of(both)
    assert [(each.name, each.saved) for each in held.tensors] == [
        ("a.a", True),
        ("a.b", True),
        ("a.grad.a", False),
        ("a.grad.b", False),
    ]


def test_the_parts_of_a_masked_tensor_are_among_its_attributes():
    data = torch.arange(4.0)
    with pytest.warns(UserWarning, match="masked"):
        masked = torch.masked.masked_tensor(data, data > 1)
    assert [part.dtype for part in storage_parts(masked)] == [torch.float32, torch.bool]
