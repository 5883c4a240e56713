"""What tests skip on a torch that cannot do what they ask of it."""

import pytest
import torch

from tensorglass.torch_internals import saved_tensors_are_readable

needs_saved_tensors = pytest.mark.skipif(
    not saved_tensors_are_readable(), reason="saved tensors cannot be looked at before torch 2.10"
)
needs_compiled_code_seen = pytest.mark.skipif(
    torch.__version__ < "2.13", reason="compiled code is seen right from torch 2.13 on, as record_saved() says"
)
needs_tensors_unpacked_alone = pytest.mark.skipif(
    torch.__version__ < "2.12", reason="of several tensors of a function, each counts as changed if one was"
)
