"""Every kind of tensor that torch can make, for the tests of whatever looks at memory."""

import warnings

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # torch says once in a process that these are in beta; every warning is an error here
    torch.eye(1).to_sparse_csr()


def with_storage():
    """Return tensors that have a storage of their own, by name. The buffers they need live as long as they do."""
    x = torch.arange(24.0).reshape(2, 3, 4)
    z = torch.complex(torch.arange(6.0), -torch.arange(6.0)).reshape(2, 3)
    shrunk = torch.ones(6)
    shrunk.untyped_storage().resize_(8)
    freed = torch.ones(6)
    freed.untyped_storage().resize_(0)
    fake = FakeTensorMode()
    with fake:
        pretended = torch.empty(4, 6).t()
    kinds = {
        "plain": x,
        "slice": x[1:, ::2, 1:3],
        "transposed": x.permute(2, 0, 1),
        "expanded": torch.arange(3.0).expand(4, 3),
        "unfolded": torch.arange(10.0).unfold(0, 4, 2),
        "as_strided": torch.arange(12.0).as_strided((3, 3), (2, 3), 1),
        "channels_last": torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "channels_last_3d": torch.zeros(1, 2, 3, 2, 2).to(memory_format=torch.channels_last_3d),
        "scalar": torch.tensor(3.0),
        "empty": torch.zeros(0, 3),
        "empty slice": x[2:],
        "bool": torch.tensor([True, False]),
        "bfloat16": torch.ones(5, dtype=torch.bfloat16)[1:],
        "float8": torch.ones(5).to(torch.float8_e4m3fn)[::2],
        "int64": torch.arange(5),
        "complex": z,
        "conjugate": z.conj(),
        "real part": z.real,
        "imaginary part": z.imag,
        "negated": z.conj().imag,
        "parameter": torch.nn.Parameter(torch.ones(3)),
        "needs a gradient": torch.ones(3, requires_grad=True)[1:],
        "bytes left over": torch.empty(0).set_(torch.UntypedStorage(10).fill_(0), 0, (2,)),
        "from numpy": torch.from_numpy(np.arange(6)),
        "not aligned": torch.frombuffer(bytearray(range(11)), dtype=torch.float32, offset=1, count=2),
        "lazily cloned": torch._lazy_clone(torch.arange(6.0)),
        "shrunk storage": shrunk,
        "freed storage": freed,
        "meta": torch.empty(4, 6, device="meta")[1:],
        "fake": pretended,
    }
    with torch.inference_mode():
        kinds["inference"] = torch.arange(6).reshape(2, 3).T
    return kinds


def without_storage():
    """Return tensors that have no storage of their own, by name, with the sentence that refuses them."""
    no_storage = "without a storage of its own; expected a strided one"
    parts = ", such as its indices or its values"
    nested = "is a nested tensor; expected one of the tensors that it consists of"
    wraps = "that owns no memory; expected the tensors that it wraps"
    eye = torch.eye(3)
    ones = [torch.ones(2), torch.ones(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # prototypes
        return {
            "coo": (eye.to_sparse(), f"is a sparse_coo tensor {no_storage}{parts}"),
            "csr": (eye.to_sparse_csr(), f"is a sparse_csr tensor {no_storage}{parts}"),
            "csc": (eye.to_sparse_csc(), f"is a sparse_csc tensor {no_storage}{parts}"),
            "bsr": (eye.to_sparse_bsr((1, 1)), f"is a sparse_bsr tensor {no_storage}{parts}"),
            "bsc": (eye.to_sparse_bsc((1, 1)), f"is a sparse_bsc tensor {no_storage}{parts}"),
            "mkldnn": (eye.to_mkldnn(), f"is a mkldnn tensor {no_storage}"),
            "nested": (torch.nested.nested_tensor(ones), nested),
            "jagged": (torch.nested.nested_tensor(ones, layout=torch.jagged), nested),
            "masked": (torch.masked.masked_tensor(eye, eye > 0), f"is a MaskedTensor {wraps}"),
            "functional": (torch._to_functional_tensor(eye), f"is a Tensor {wraps}"),
            "zeros": (torch._efficientzerotensor((1,), dtype=torch.bool), f"is a Tensor {wraps}"),
            "uninitialized": (
                torch.nn.LazyLinear(3).weight,
                "is not initialized yet; expected a tensor that has a storage",
            ),
        }
