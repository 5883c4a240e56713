"""What tests skip on a torch that cannot do what they ask of it."""

import pytest

from tensorglass.torch_internals import FUNCTIONS_SHOW_SAVED, saved_tensors_are_readable

needs_saved_tensors = pytest.mark.skipif(
    not saved_tensors_are_readable(), reason="saved tensors cannot be looked at before torch 2.10"
)
needs_functions_shown = pytest.mark.skipif(
    not FUNCTIONS_SHOW_SAVED, reason="functions of one's own, and compiled code, hide what they saved before torch 2.13"
)
