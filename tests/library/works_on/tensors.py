"""Kinds of tensors, each of shape (2, 3) where it has a shape, and what is asked about each."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import Any

import torch
from table import NOT_SEEN, NOTHING, Kind, Question
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

import tensorglass as tg


class Tagged(Tensor):
    """A subclass as people write them: a name, and torch's own behaviour."""


def ones(**options: Any) -> Tensor:
    return torch.ones(2, 3, **options)


def fake() -> Tensor:
    with FakeTensorMode():
        return ones()


def distributed() -> Tensor:
    """Return a tensor that lies in halves on two processes, of which this is one."""
    import torch.distributed as dist
    from torch.distributed.tensor import Shard, distribute_tensor, init_device_mesh
    from torch.testing._internal.distributed.fake_pg import FakeStore

    if not dist.is_initialized():
        dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    return distribute_tensor(ones(), init_device_mesh("cpu", (2,)), [Shard(0)])


def nested(layout: torch.layout) -> Tensor:
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout)


def bytes_inside(*tensors: Tensor) -> int:
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is in beta
    CSR = ones().to_sparse_csr()
CSR_BYTES = bytes_inside(CSR.crow_indices(), CSR.col_indices(), CSR.values())
KINDS = {
    "strided, whatever its strides": Kind(lambda: ones().t().contiguous().t(), 24),
    "parameter": Kind(lambda: torch.nn.Parameter(ones()), 24),
    "float16, bfloat16": Kind(lambda: ones(dtype=torch.bfloat16), 12),
    "float8": Kind(lambda: ones().to(torch.float8_e4m3fn), 6),
    "bool": Kind(lambda: ones(dtype=torch.bool), 6),
    "int8 to int64, uint8": Kind(lambda: ones(dtype=torch.int64), 48),
    "uint16 to uint64": Kind(lambda: ones(dtype=torch.uint16), 12),
    "complex, conjugated or not": Kind(lambda: ones(dtype=torch.complex64).conj(), 48),
    "over a NumPy array": Kind(lambda: torch.from_numpy(ones().numpy()), 24),
    "on the meta device": Kind(lambda: ones(device="meta"), 24),
    "fake": Kind(fake, 24),
    "made in inference mode": Kind(torch.inference_mode()(ones), 24),
    "of a subclass": Kind(lambda: ones().as_subclass(Tagged), 24),
    "`DTensor`": Kind(distributed, 12),
    "sparse COO": Kind(lambda: ones().to_sparse(), 6 * (2 * 8 + 4)),
    "sparse CSR, CSC, BSR, BSC": Kind(lambda: CSR, CSR_BYTES),
    "MKL-DNN": Kind(lambda: ones().to_mkldnn(), 24),
    "quantized": Kind(lambda: torch.quantize_per_tensor(ones(), 0.1, 0, torch.qint8), 6),
    "masked": Kind(lambda: torch.masked.masked_tensor(ones(), ones() > 0), 24 + 6),
    "nested, strided": Kind(lambda: nested(torch.strided), 20),
    "nested, jagged": Kind(lambda: nested(torch.jagged), 5 * 4 + 3 * 8),
    "zeros that take no memory": Kind(lambda: torch._efficientzerotensor((2, 3)), 0),
    "parameter not initialized yet": Kind(lambda: torch.nn.LazyLinear(2).weight, 0),
}


def explain_broadcast(tensor: Tensor, _: Kind) -> bool:
    return tg.explain_broadcast(tensor, (4, 1, 1)).result == (4, 2, 3)


def watch_broadcasts(tensor: Tensor, _: Kind) -> bool | str:
    dtype = tensor.dtype if tensor.layout == torch.strided and not tensor.is_quantized else None
    with tensor.fake_mode if isinstance(tensor, FakeTensor) else nullcontext():
        other = torch.ones(1, dtype=dtype)
        try:
            tensor + other
        except (RuntimeError, TypeError, ValueError):
            return NOTHING
        with tg.watch_broadcasts() as broadcasts:
            tensor + other
    found = [each.shapes for each in broadcasts]
    return found == [((2, 3), (1,))] if found else NOT_SEEN


def storage_info(tensor: Tensor, kind: Kind) -> bool:
    return tg.storage_info(tensor).storage_nbytes == kind.nbytes


def storage_cells(tensor: Tensor, _: Kind) -> bool | str:
    cells, index = tg.storage_cells(tensor), tg.storage_index(tensor)
    if cells.is_meta or isinstance(cells, FakeTensor):  # without values
        return cells.shape == (6,) and index.shape == (2, 3)
    if tensor.is_quantized:
        return torch.equal(cells[index], tensor.int_repr())
    return bool((cells[index].to(tensor.dtype) == tensor.resolve_conj()).all())


def shares_memory(tensor: Tensor, _: Kind) -> bool:
    return tg.shares_memory(tensor, tensor)


def explain_view(tensor: Tensor, _: Kind) -> bool:
    explained = tg.explain_view(tensor, (-1,))
    try:
        tensor.view(-1)
    except RuntimeError:
        return not explained
    return bool(explained)


def memory_of(tensor: Tensor, kind: Kind) -> bool | str:
    return tg.memory_of(tensor).nbytes == kind.nbytes


def einsum(tensor: Tensor, _: Kind) -> bool | str:
    equation, operands = "ij,kj->ik", (tensor, tensor)
    try:
        wanted = torch.einsum(equation, *operands)
    except Exception:  # whatever torch raises for a kind of tensor
        wanted = None
    try:
        found = tg.einsum(equation, *operands)
    except Exception:
        if wanted is None:
            return NOTHING
        raise
    return wanted is None or (type(found) is type(wanted) and found.dtype is wanted.dtype)


def plan_einsum(tensor: Tensor, kind: Kind) -> bool | str:
    if einsum(tensor, kind) is NOTHING:
        return NOTHING
    return tg.plan_einsum("ij,kj->ik", tensor, tensor).result == (2, 2)


def record_saved(tensor: Tensor, kind: Kind) -> bool | str:
    """Ask what `x * x` keeps: x itself, in all its storages."""
    try:
        leaf = tensor.detach().requires_grad_()
        leaf * leaf
    except (RuntimeError, TypeError, ValueError):
        return NOTHING
    with tg.record_saved() as saved:
        product = leaf * leaf
    del product
    return NOT_SEEN if saved.notes and not saved.tensors else saved.nbytes == kind.nbytes


FUNCTIONS: dict[str, Question] = {
    function.__name__: function
    for function in (
        explain_broadcast,
        watch_broadcasts,
        storage_info,
        storage_cells,
        shares_memory,
        explain_view,
        memory_of,
        einsum,
        plan_einsum,
        record_saved,
    )
}
