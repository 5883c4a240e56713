"""Matrix products: in which order of the output their results are copied into it."""

import torch

from tensorglass import plan_einsum


def test_a_result_is_copied_only_into_the_order_in_which_torch_computes_it():
    x, y = torch.ones(20, 3, 400).transpose(0, 1), torch.ones(400, 5)  # 24,000 numbers that torch.einsum copies
    for output, permutation, copies in (
        ("abc", "permute(1, 0, 2).contiguous()", True),
        ("acb", "permute(1, 2, 0)", False),
        ("cab", "permute(0, 2, 1)", False),
    ):
        plan = plan_einsum(f"abi,ic->{output}", x, y)
        last = plan.steps[-1]
        assert (last.operation, last.code, last.copies) == ("permutation", f"x4 = x3.{permutation}", copies)
        assert plan(x, y).is_contiguous() == copies
        torch.testing.assert_close(plan(x, y), torch.einsum(f"abi,ic->{output}", x, y))
