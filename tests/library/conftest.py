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
