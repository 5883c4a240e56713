"""The tensors that tensors consist of."""

import torch

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
