"""What torch's kernels for matrix products copy first: matrices whose rows and columns both have gaps.

A kernel takes a matrix by rows or by columns, each without gaps inside. Source: ``addmm_impl_cpu_`` and
``bmm_out_or_baddbmm_`` in ATen's `LinearAlgebra.cpp`, for the CPU.
"""

from __future__ import annotations

import torch

# Products of fewer numbers are computed by loops of torch's own, which take matrices as they lie.
OWN_LOOPS_BELOW = 400


def copied_by_kernel(left: torch.Tensor, right: torch.Tensor) -> int:
    """Return the bytes of the copies that a matrix product, or one of many, makes and lets go.

    >>> x = torch.ones(8, 8)
    >>> copied_by_kernel(x, x.mT), copied_by_kernel(x, torch.ones(8, 16)[:, ::2])
    (0, 256)
    """
    if left.dim() == 3 and left.shape[1] * right.shape[1] * right.shape[2] < OWN_LOOPS_BELOW:
        return 0
    return sum(_matrix_bytes(x) for x in (left, right) if x.dim() > 1 and not _has_lines_without_gaps(x))


def _matrix_bytes(x: torch.Tensor) -> int:
    return x.shape[-2] * x.shape[-1] * x.itemsize


def _has_lines_without_gaps(x: torch.Tensor) -> bool:
    rows, columns = x.shape[-2:]
    down, along = x.stride()[-2:]
    return (along == 1 and down >= columns) or (down == 1 and along >= rows)
