"""storage_info, against counting the cells of each element."""

import itertools
import random

import numpy as np
import pytest
import torch
from kinds_of_tensors import with_storage

from tensorglass import default_device, storage_index, storage_info
from tensorglass.storage import places as strided

DEVICE = default_device()


@pytest.mark.parametrize("name", with_storage())
def test_every_kind_of_tensor_is_described(name):
    tensor = with_storage()[name]
    info = storage_info(tensor)
    storage = tensor.untyped_storage().nbytes()
    assert (info.shape, info.stride, info.offset) == (tensor.shape, tensor.stride(), tensor.storage_offset())
    assert (info.dtype, info.device, info.itemsize) == (tensor.dtype, tensor.device, tensor.itemsize)
    assert (info.nbytes, info.storage_nbytes) == (tensor.nbytes, storage)
    assert (info.cells, info.bytes_left_over) == divmod(storage, tensor.itemsize)
    cells = set(itertools.chain.from_iterable([_cells(tensor)]))
    shrunk = name in ("shrunk storage", "freed storage")
    assert info.cells_used == (None if shrunk else len(cells))
    assert info.elements_share_cells == (len(cells) < tensor.numel())
    assert info.unreached_bytes == (None if shrunk else storage - len(cells) * tensor.itemsize)
    assert ("contiguous_format" in info.contiguous) == tensor.is_contiguous()
    assert ("channels_last" in info.contiguous) == (
        tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    )
    assert ("channels_last_3d" in info.contiguous) == (
        tensor.dim() == 5 and tensor.is_contiguous(memory_format=torch.channels_last_3d)
    )
    assert info.others == ()


def _cells(tensor):
    ranges = [range(n) for n in tensor.shape]
    return [
        tensor.storage_offset() + sum(i * step for i, step in zip(index, tensor.stride(), strict=True))
        for index in itertools.product(*ranges)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_random_layouts(seed):
    generator = random.Random(seed)
    buffer = torch.zeros(200)
    shared = {True: 0, False: 0}
    for _ in range(500):
        size = [generator.randint(1, 4) for _ in range(generator.randint(0, 4))]
        x = buffer.as_strided(size, [generator.choice((0, 1, 2, 3, 4, 7, 12)) for _ in size], generator.randint(0, 20))
        info = storage_info(x)
        cells = storage_index(x).unique().numel()
        assert info.cells_used == cells
        assert info.elements_share_cells == (cells < x.numel())
        assert info.unreached_bytes == 800 - 4 * cells
        shared[info.elements_share_cells] += 1
    assert min(shared.values()) > 100


def test_irregular_layouts_that_are_too_many_to_list(monkeypatch):
    monkeypatch.setattr(strided, "LISTED_AT_MOST", 5)
    x = torch.zeros(100)
    apart, meeting = x.as_strided((3, 2), (2, 3)), x.as_strided((4, 3), (2, 3))
    for tensor, shares in ((apart, False), (meeting, True)):
        info = storage_info(tensor, tensor.view(torch.int32))
        assert info.elements_share_cells == shares
        assert info.cells_used is None
        assert info.unreached_bytes is None
        assert info.others[0].shares
        assert info.others[0].shared_bytes is None
        lines = [" ".join(line.split()) for line in str(info).splitlines()]
        assert f"cells used not counted {'some hold several elements' if shares else 'one for each element'}" in lines
        assert "unreached bytes not counted no element here, but kept alive" in lines
        assert lines[-1].endswith("same storage some bytes")


SHARED_OUTSIDE = (
    "Shared with an array or buffer outside torch: if that is part of a larger one, all of it is kept alive, "
    "and only what torch knows is counted."
)
NOTES = {
    "from numpy": SHARED_OUTSIDE,
    "fake": "A fake tensor: the storage is described, but not allocated.",
    "meta": "A meta tensor: the storage is described, but not allocated.",
    "conjugate": "Lazily conjugated: memory holds the conjugates of the elements.",
    "negated": "Lazily negated: memory holds the elements with the other sign.",
    "lazily cloned": "Lazily cloned: the bytes are another tensor's too, until one of the two is written to.",
    "not aligned": "Not aligned: the storage starts at an address that is no multiple of 4 bytes.",
    "shrunk storage": "The storage was shrunk: the elements would need 24 bytes of it.",
    "freed storage": "The storage was shrunk: the elements would need 24 bytes of it.",
}


@pytest.mark.parametrize("name", with_storage())
def test_what_is_unusual_is_noted(name):
    kinds = with_storage()
    info = storage_info(kinds[name])
    outside = (SHARED_OUTSIDE,) if name == "not aligned" else ()
    assert info.notes == outside + ((NOTES[name],) if name in NOTES else ())
    assert all(note in str(info) for note in info.notes)


def test_alignment_is_that_of_the_item_up_to_16_bytes():
    buffer = bytearray(100)
    start = np.frombuffer(buffer, np.uint8).ctypes.data
    aligned = -start % 16
    for dtype, size in ((torch.int16, 2), (torch.float64, 8), (torch.complex128, 16)):
        for shift in range(17):
            x = torch.frombuffer(buffer, dtype=dtype, offset=aligned + shift, count=1)
            noted = any(note.startswith("Not aligned") for note in storage_info(x).notes)
            assert noted == (shift % size != 0), (dtype, shift)


@pytest.mark.parametrize("share", [torch.from_numpy, torch.as_tensor, torch.from_dlpack, torch.frombuffer])
def test_a_part_of_an_array_may_keep_all_of_it(share):
    array = np.zeros(1000, np.float32)
    x = share(array[:10], dtype=torch.float32) if share is torch.frombuffer else share(array[:10])
    assert storage_info(x).notes == storage_info(x[2:]).notes == (SHARED_OUTSIDE,)
    assert storage_info(x.clone()).notes == storage_info(torch.tensor(array[:10])).notes == ()


def test_other_tensors_are_compared_with_the_first():
    x = torch.zeros(10)
    array = np.zeros(10, np.float32)
    info = storage_info(x[:6], x[4:], x[6:], x[::2], torch.zeros(3), x[:6].view(torch.int16)[1::4])
    assert [(other.name, other.shares, other.shared_bytes) for other in info.others] == [
        ("b", True, 8),
        ("c", False, 0),
        ("d", True, 12),
        ("e", False, 0),
        ("f", True, 6),
    ]
    assert [other.relation for other in info.others] == [
        "same storage", "same storage", "same storage", "other memory", "same storage"
    ]  # fmt: skip
    assert [other.distance for other in info.others] == [0, 0, 0, None, 0]
    assert info.others[0].layout.shape == (6,)
    first, second = torch.from_numpy(array), torch.from_numpy(array[3:])
    (other,) = storage_info(first, second).others
    assert (other.relation, other.distance, other.shared_bytes) == ("same memory, another storage", 12, 28)
    (other,) = storage_info(second, first[:4]).others
    assert (other.relation, other.distance, other.shared_bytes) == ("same memory, another storage", -12, 4)
    lazy = torch.zeros(4)
    (other,) = storage_info(lazy, torch._lazy_clone(lazy)).others
    assert (other.relation, other.shares, other.distance) == ("lazy clone", False, 0)


def test_neighbouring_storages_are_other_memory():
    array = np.zeros(12, np.float32)
    left, right = torch.from_numpy(array[:5]), torch.from_numpy(array[5:])
    for a, b in ((left, right), (right, left)):
        (other,) = storage_info(a, b).others
        assert (other.relation, other.shares) == ("other memory", False)
    overlapping = torch.from_numpy(array[4:])
    (other,) = storage_info(overlapping, left).others
    assert (other.relation, other.shared_bytes) == ("same memory, another storage", 4)


def test_it_prints_a_table():
    x = torch.zeros(5, 4)
    assert str(storage_info(x.T[1:], x[0, 2:])) == (
        "Storage\n"
        "\n"
        "property         value    in words\n"
        "---------------  -------  -------------------------------------------------\n"
        "shape            (3, 5)   15 elements\n"
        "stride           (1, 4)   cells from one index to the next, along each axis\n"
        "offset           1        the cell of the first element\n"
        "dtype            float32  4 bytes an element\n"
        "device           cpu      where the storage is\n"
        "logical bytes    60       15 elements of 4 bytes\n"
        "storage bytes    80       20 cells\n"
        "cells used       15       one for each element\n"
        "unreached bytes  20       no element here, but kept alive\n"
        "contiguous       no\n"
        "\n"
        "Other tensors\n"
        "\n"
        "tensor  shape  stride  offset  memory        shared with a\n"
        "------  -----  ------  ------  ------------  -------------\n"
        "b       (2,)   (1,)         2  same storage  8 bytes"
    )
    assert "2 cells and 2 bytes left over\n" in str(storage_info(with_storage()["bytes left over"]))
    both = str(storage_info(torch.zeros(2, 1, 4, 4)))
    assert both.endswith("yes             contiguous_format, channels_last")
    assert "unreached bytes  0               every byte belongs to an element\n" in both
    assert "some hold several elements" in str(storage_info(torch.zeros(3).expand(2, 3)))


def test_other_tensors_are_checked_by_name():
    with pytest.raises(TypeError, match=r"storage_info\(\) tensor c is int; expected a torch.Tensor"):
        storage_info(torch.ones(1), torch.ones(1), 3)
    with pytest.raises(TypeError, match=r"storage_info\(\) tensor a is str; expected a torch.Tensor"):
        storage_info("x", 3)
