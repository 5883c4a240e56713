"""The library's tests import the tensors that several of them use from here, and draw without a screen."""

import sys
from pathlib import Path

import matplotlib
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
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
