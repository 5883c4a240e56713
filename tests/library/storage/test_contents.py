"""What memory holds, against the bytes themselves."""

import ctypes
import random
import time

import numpy as np
import pytest
import torch
from kinds_of_tensors import with_storage, without_storage
from torch._subclasses.fake_tensor import FakeTensorMode

from tensorglass import (
    default_device,
    explain_view,
    memory_of,
    shares_memory,
    storage_bytes,
    storage_cells,
    storage_index,
    storage_info,
    track_memory,
)

DEVICE = default_device()
ONE_TENSOR = (storage_info, storage_cells, storage_bytes, storage_index, memory_of)


def has_data(tensor):
    return tensor.device.type != "meta" and not isinstance(tensor, torch._subclasses.FakeTensor)


def in_bounds(tensor):
    cells = tensor.storage_offset() + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True)) + 1
    return tensor.numel() == 0 or cells * tensor.itemsize <= tensor.untyped_storage().nbytes()


@pytest.mark.parametrize("name", [name for name, tensor in with_storage().items() if has_data(tensor)])
def test_the_bytes_are_those_at_the_address(name):
    tensor = with_storage()[name]
    raw = storage_bytes(tensor)
    storage = tensor.untyped_storage()
    assert (raw.dtype, raw.device, raw.shape) == (torch.uint8, tensor.device, (storage.nbytes(),))
    expected = ctypes.string_at(torch._C._data_address(tensor), storage.nbytes()) if storage.nbytes() else b""
    assert bytes(raw.tolist()) == expected


@pytest.mark.parametrize("name", [name for name, tensor in with_storage().items() if has_data(tensor)])
def test_each_element_lies_in_its_cell(name):
    tensor = with_storage()[name]
    cells, index = storage_cells(tensor), storage_index(tensor)
    assert (cells.dtype, cells.device) == (tensor.dtype, tensor.device)
    assert cells.shape == (tensor.untyped_storage().nbytes() // tensor.itemsize,)
    assert not cells.requires_grad
    assert (index.dtype, index.shape) == (torch.int64, tensor.shape)
    if not in_bounds(tensor):
        return
    located = cells.view(torch.uint8).reshape(-1, tensor.itemsize)[index] if tensor.numel() else cells[index]
    if tensor.is_conj():
        expected = tensor.detach().conj()
    elif tensor.is_neg():
        expected = -tensor
    else:
        expected = tensor
    wanted = expected.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
    if tensor.numel():
        assert torch.equal(located, wanted.reshape(-1, 1).view(torch.uint8).reshape(located.shape))
    assert located.shape[: tensor.dim()] == tensor.shape


def test_the_cells_are_the_memory_itself():
    x = torch.arange(6).reshape(2, 3).T
    storage_cells(x)[4] = 40
    assert x[1, 1] == 40
    storage_bytes(x)[:8] = 1
    assert x[0, 0] == int.from_bytes(b"\x01" * 8, "little")


def test_autograd_does_not_notice_a_write_through_the_cells():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    version = y._version
    storage_cells(y).zero_()
    assert y._version == version
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0], "the changed result was used, without an error"


@pytest.mark.parametrize("name", ["meta", "fake"])
def test_what_is_not_allocated_stays_so(name):
    tensor = with_storage()[name]
    cells, raw = storage_cells(tensor), storage_bytes(tensor)
    assert type(cells) is type(raw) is type(tensor)
    assert cells.device == raw.device == tensor.device
    assert (cells.shape, raw.shape) == ((24,), (96,))
    index = storage_index(tensor)
    assert index.shape == tensor.shape
    assert type(index) is (torch.Tensor if name == "meta" else type(tensor))
    if name == "meta":
        assert index.tolist() == [[6 + 6 * i + j for j in range(6)] for i in range(3)]


def test_a_real_tensor_is_read_as_such_also_under_a_fake_mode():
    x = torch.arange(6.0).reshape(2, 3).T
    with FakeTensorMode():
        cells, index = storage_cells(x), storage_index(x)
        info = storage_info(x)
    assert cells.tolist() == [0, 1, 2, 3, 4, 5]
    assert index.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert info.storage_nbytes == 24


@pytest.mark.filterwarnings("ignore:torch.quantize")
@pytest.mark.parametrize(
    ("quantized", "integers"),
    [(torch.quint8, torch.uint8), (torch.qint8, torch.int8), (torch.qint32, torch.int32)],
)
def test_the_integers_of_a_quantized_tensor(quantized, integers):
    x = torch.quantize_per_tensor(torch.arange(4.0), 0.5, 0, quantized)
    assert torch.equal(storage_cells(x[1:]), torch.tensor([0, 2, 4, 6], dtype=integers))


@pytest.mark.filterwarnings("ignore:torch.quantize")
@pytest.mark.parametrize("dtype", [torch.quint4x2, torch.quint2x4])
def test_elements_smaller_than_a_byte_are_refused(dtype):
    scales, zeros = torch.ones(2), torch.zeros(2)
    packed = torch.quantize_per_channel(torch.ones(2, 4), scales, zeros, axis=0, dtype=dtype)
    with pytest.raises(TypeError) as caught:
        storage_info(packed)
    assert str(caught.value) == (
        f"storage_info() tensor a has the dtype {dtype}, with several elements in a byte; expected whole bytes"
    )


# --- do two tensors share a byte? -------------------------------------------------------------------------------------


def addresses(tensor):
    """The address of every byte of the tensor."""
    start = torch._C._data_address(tensor) + tensor.storage_offset() * tensor.itemsize
    total = np.zeros(1, np.int64)
    for count, step in zip(tensor.shape, tensor.stride(), strict=True):
        total = (total[:, None] + step * tensor.itemsize * np.arange(count)).reshape(-1)
    return (start + total[:, None] + np.arange(tensor.itemsize)).reshape(-1)


def random_view(generator, buffer):
    """A tensor somewhere in the buffer: any of several dtypes, up to 4 axes, any strides that stay inside."""
    base = torch.from_numpy(buffer) if generator.random() < 0.3 else generator.choice(TWO_STORAGES)
    kind = generator.random()
    if kind < 0.15:
        whole = base.view(torch.complex64)[generator.randint(0, 3) :: generator.randint(1, 4)]
        return generator.choice((whole.real, whole.imag, whole, whole.conj()))
    if kind < 0.35:
        start, stop = sorted(generator.sample(range(base.numel() + 1), 2))
        return base[start : stop : generator.randint(1, 7)]
    base = base.view(generator.choice((torch.uint8, torch.int16, torch.float32, torch.float64, torch.float8_e5m2)))
    size = [generator.choice((1, 2, 2, 3, 3, 4, 5)) for _ in range(generator.randint(0, 4))]
    if size and generator.random() < 0.05:
        size[-1] = 0
    stride = [generator.choice((0, 1, 1, 2, 3, 4, 5, 6, 8, 12, 16)) for _ in size]
    room = base.numel() - 1 - sum(max(n - 1, 0) * s for n, s in zip(size, stride, strict=True))
    if room < 0:
        return base[:0]
    offset = min(generator.randint(0, room), base.storage_offset() + generator.randint(0, 60))
    return base.as_strided(size, stride, offset)


BUFFER = np.zeros(512, np.uint8)
TWO_STORAGES = (torch.from_numpy(BUFFER), torch.from_numpy(BUFFER[64:]))  # two storages that overlap


def compare_sharing(pairs, seed):
    generator = random.Random(seed)
    outcomes = {True: 0, False: 0}
    overlapping_intervals_that_share_nothing = 0
    for _ in range(pairs):
        a, b = random_view(generator, BUFFER), random_view(generator, BUFFER)
        first, second = addresses(a), addresses(b)
        expected = bool(np.isin(first, second).any())
        told = (a.dtype, a.shape, a.stride(), a.storage_offset(), b.dtype, b.shape, b.stride(), b.storage_offset())
        assert shares_memory(a, b) == expected, told
        outcomes[expected] += 1
        if not expected and first.size and second.size:
            overlapping_intervals_that_share_nothing += first.min() <= second.max() and second.min() <= first.max()
    assert min(outcomes.values()) > pairs // 5, outcomes
    assert overlapping_intervals_that_share_nothing > pairs // 50


def test_sharing_agrees_with_listing_the_bytes():
    compare_sharing(1000, seed=0)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_sharing_agrees_with_listing_the_bytes_on_many(seed):
    compare_sharing(20_000, seed)


@pytest.mark.parametrize("device", sorted({"cpu", "meta", DEVICE.type}))
def test_sharing_within_one_storage_on_each_device(device):
    generator = random.Random(11)
    here = torch.zeros(200, dtype=torch.uint8)
    there = torch.zeros(200, dtype=torch.uint8, device=device)
    outcomes = set()
    for _ in range(2000):
        views = []
        for _ in range(2):
            size = [generator.randint(1, 4) for _ in range(generator.randint(0, 3))]
            geometry = (size, [generator.choice((0, 1, 2, 3, 5, 9)) for _ in size], generator.randint(0, 100))
            views.append([x.as_strided(*geometry) for x in (here, there)])
        (a, a_there), (b, b_there) = views
        expected = bool(np.isin(addresses(a), addresses(b)).any())
        assert shares_memory(a_there, b_there) == expected
        outcomes.add(expected)
    assert outcomes == {True, False}


def test_sharing_of_well_known_pairs():
    x = torch.zeros(4, 6)
    assert shares_memory(x, x)
    assert shares_memory(x[:, 0], x.T[0])
    assert not shares_memory(x[:, ::2], x[:, 1::2])
    assert shares_memory(x, x.detach())
    assert not shares_memory(x, x.clone())
    assert not shares_memory(x[:0], x)
    z = torch.zeros(3, dtype=torch.complex64)
    assert not shares_memory(z.real, z.imag)
    assert shares_memory(z.imag, z.conj())
    array = np.zeros(5, np.float32)
    first, second = torch.from_numpy(array), torch.from_numpy(array)
    assert first.untyped_storage()._cdata != second.untyped_storage()._cdata
    assert shares_memory(first, second)
    assert not shares_memory(first[:2], second[2:])


def test_a_freed_storage_has_no_byte_to_share():
    x = with_storage()["freed storage"]
    assert not shares_memory(x, x)
    x.untyped_storage().resize_(1)
    assert shares_memory(x, x)


def test_a_lazy_clone_does_not_share_and_stays_lazy():
    x = torch.arange(6.0)
    y = torch._lazy_clone(x)
    assert not shares_memory(x, y)
    assert not shares_memory(y, torch._lazy_clone(x))
    assert shares_memory(y, y[2:])
    assert torch._C._is_cow_tensor(x)
    assert torch._C._is_cow_tensor(y)
    # A storage over the same bytes that is not lazy itself is written to at once, and the lazy ones see it.
    whole = (ctypes.c_char * 24).from_address(torch._C._data_address(x))
    third = torch.frombuffer(whole, dtype=torch.float32)
    assert shares_memory(third, y)
    assert shares_memory(x, third)
    third[0] = 5
    assert x[0] == y[0] == 5


def test_meta_tensors_share_only_within_a_storage():
    x, y = torch.empty(6, device="meta"), torch.empty(6, device="meta")
    assert shares_memory(x[2:], x[:3])
    assert not shares_memory(x, y)
    assert not shares_memory(x, torch.empty(6))
    assert not shares_memory(torch.empty(6), x)


# --- looking changes nothing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function", [*ONE_TENSOR, lambda x: shares_memory(x, x[1:]), lambda x: explain_view(x, (3, 2))]
)
def test_a_lazily_cloned_tensor_is_still_lazy(function):
    source = torch.arange(6.0)
    clone = torch._lazy_clone(source)
    str(function(clone))
    str(function(source.reshape(2, 3)))
    assert torch._C._is_cow_tensor(clone)
    assert torch._C._is_cow_tensor(source)


def test_a_drawing_leaves_a_clone_lazy():
    clone = torch._lazy_clone(torch.arange(6.0))
    storage_info(clone, clone[1:]).plot()
    assert torch._C._is_cow_tensor(clone)


def terabyte():
    with FakeTensorMode():
        return torch.empty(10**6, 10**6 // 4)


@pytest.mark.timing
@pytest.mark.parametrize(
    "function",
    [
        storage_info,
        storage_cells,
        storage_bytes,
        memory_of,
        lambda x: str(storage_info(x.T[1:], x[::2])),
        lambda x: shares_memory(x.T, x[::2]),
        lambda x: explain_view(x.T, (-1,)),
    ],
)
def test_a_fake_terabyte_takes_under_10_milliseconds(function):
    x = terabyte()
    seconds = []
    for _ in range(5):
        start = time.process_time()
        function(x)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.010


def test_looking_allocates_nothing_beside_the_index():
    x = torch.arange(1000.0, device=DEVICE)
    for function in (storage_info, storage_cells, storage_bytes, memory_of, lambda x: shares_memory(x, x[1:])):
        with track_memory() as memory:
            function(x)
        assert memory.allocated_bytes == 0


@pytest.mark.parametrize("name", with_storage())
@pytest.mark.parametrize("function", ONE_TENSOR)
def test_looking_changes_nothing(function, name):
    tensor = with_storage()[name]
    before = (tensor.shape, tensor.stride(), tensor.storage_offset(), tensor._is_view(), tensor.requires_grad)
    version = None if tensor.is_inference() else tensor._version
    random_state = torch.get_rng_state()
    str(function(tensor))
    after = (tensor.shape, tensor.stride(), tensor.storage_offset(), tensor._is_view(), tensor.requires_grad)
    assert before == after
    assert version == (None if tensor.is_inference() else tensor._version)
    assert torch.equal(random_state, torch.get_rng_state())


# --- what has no storage is refused in a sentence ---------------------------------------------------------------------


@pytest.mark.parametrize("name", without_storage())
@pytest.mark.parametrize("function", [storage_info, storage_cells, storage_bytes, storage_index])
def test_what_has_no_storage_is_refused(function, name):
    tensor, sentence = without_storage()[name]
    argument = "tensor a" if function is storage_info else "tensor"
    with pytest.raises(TypeError) as caught:
        function(tensor)
    assert str(caught.value) == f"{function.__name__}() {argument} {sentence}"


@pytest.mark.parametrize("name", without_storage())
def test_sharing_names_the_operand_that_has_no_storage(name):
    tensor, sentence = without_storage()[name]
    with pytest.raises(TypeError) as caught:
        shares_memory(torch.ones(2), tensor)
    assert str(caught.value) == f"shares_memory() tensor b {sentence}"
    with pytest.raises(TypeError) as caught:
        shares_memory(tensor, torch.ones(2))
    assert str(caught.value) == f"shares_memory() tensor a {sentence}"


@pytest.mark.parametrize("function", [storage_info, storage_cells, storage_bytes, storage_index])
def test_something_else_is_refused(function):
    with pytest.raises(TypeError, match=rf"^{function.__name__}\(\) tensor( a)? is list; expected a torch.Tensor$"):
        function([1, 2])


@pytest.mark.parametrize("transform", [torch.vmap, lambda f: torch.func.grad(lambda x: f(x).sum())])
def test_placeholders_of_transforms_are_refused(transform):
    def look(x):
        expected = (
            r"^storage_info\(\) tensor a is a placeholder of torch.func; expected a tensor from outside the transform$"
        )
        with pytest.raises(TypeError, match=expected):
            storage_info(x)
        return x

    transform(look)(torch.ones(3))
