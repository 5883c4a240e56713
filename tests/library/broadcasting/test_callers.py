"""Whose line a call is told to be on: the user's, and never torch's or the library's."""

import inspect

import pytest
import torch
import torch.nn.functional as F
from torch.overrides import BaseTorchFunctionMode, TorchFunctionMode

from tensorglass import einsum, plan_einsum, record_saved, saved_for_backward, watch_broadcasts

A, B = torch.ones(3, 1), torch.ones(4)


class Passing(TorchFunctionMode):
    """A mode of the user's own, which passes each call on."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def here(log):
    """Return the numbers of lines listed, counted from where the test starts."""
    start = inspect.getsourcelines(inspect.stack()[1].frame.f_code)[1]
    assert {seen.filename for seen in log} <= {__file__}
    return [seen.line - start for seen in log]


def test_products_inside_the_librarys_einsum_are_not_the_users():
    plan = plan_einsum("i,j->ij", (3,), (4,))
    with watch_broadcasts() as log:
        for equation, *operands in [("i,j->ij", B, B), ("bi,ij->b", A, B[None]), ("ij,j->ij", torch.ones(3, 4), B)]:
            einsum(equation, *operands)
        plan(torch.ones(3), B)
    assert len(log) == 0


def test_what_the_user_computes_beside_it_is_listed():
    with watch_broadcasts() as log:
        einsum("i,j->ij", B, B) + A.expand(3, 4)[0]
    assert here(log) == [2]


def test_a_mode_that_passes_a_call_on_did_not_make_it():
    for mode in (Passing, BaseTorchFunctionMode):
        with watch_broadcasts() as log, mode():
            A * B
        assert here(log) == [3]
        with mode(), watch_broadcasts() as log:
            A * B
        assert here(log) == [6]


def test_recording_at_the_same_time_changes_no_line():
    x = A.clone().requires_grad_()
    with watch_broadcasts() as log, record_saved():
        x * B
    assert here(log) == [3]


def test_a_function_that_the_library_is_given_is_the_users():
    def multiply(a):
        return a * B

    with watch_broadcasts() as log:
        saved_for_backward(multiply, A.clone().requires_grad_())
    assert here(log) == [2]


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_losses_modules_and_distributions_are_on_the_users_line():
    with watch_broadcasts() as log:
        F.cosine_embedding_loss(torch.ones(3, 5), torch.ones(1, 5), torch.ones(3))
        torch.nn.L1Loss()(A, torch.ones(3, 4))
        torch.distributions.Normal(A, B)
    assert here(log) == [3, 4, 5]
    assert [seen.source for seen in log][-1] == "torch.distributions.Normal(A, B)"
