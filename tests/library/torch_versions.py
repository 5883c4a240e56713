"""What tests skip on a torch that cannot do what they ask of it."""

import pytest
import torch

from tensorglass.torch_internals import saved_tensors_are_readable

needs_saved_tensors = pytest.mark.skipif(
    not saved_tensors_are_readable(), reason="saved tensors cannot be looked at before torch 2.10"
)
needs_functions_shown = pytest.mark.skipif(
    torch.__version__ < "2.13", reason="before torch 2.13 a function shows less once its result is gone, or is compiled"
)
