"""What tests of several parts share: helpers found by their bare names, the same draws, no screen."""

import sys
from pathlib import Path

import matplotlib
import pytest
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(folder) for folder in (HERE, *sorted(HERE.glob("[!_]*/")))]
matplotlib.use("agg")


@pytest.fixture(autouse=True)
def same_draws():
    """Draw the same numbers whatever ran before, as pytest-randomly sees to it for Python's and NumPy's."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def mesh():
    """Two devices of a group in which nothing is sent: this process is the first of them."""
    if torch.__version__ < (2, 7):
        pytest.skip("torch shards tensors on the CPU from 2.7 on")
    from torch.distributed import destroy_process_group, init_process_group
    from torch.distributed.tensor import init_device_mesh
    from torch.testing._internal.distributed.fake_pg import FakeStore

    init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    try:
        yield init_device_mesh("cpu", (2,))
    finally:
        destroy_process_group()
