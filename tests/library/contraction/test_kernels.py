"""Which matrices torch copies inside a matrix product: as told, as the allocator saw."""

import random

import torch

from tensorglass import track_memory
from tensorglass.contraction.kernels import copied_by_kernel


def test_copies_are_those_that_the_allocator_saw():
    rng = random.Random(0)
    copied = 0
    for _ in range(600):
        batch, m, k, n = (rng.choice([2, 5, 20, 30]) for _ in range(4))
        many = rng.random() < 0.5
        m, n = (1 if many and rng.random() < 0.2 else size for size in (m, n))
        shapes = [(batch, m, k), (batch, k, n)] if many else [(m, k), (k, n) if rng.random() < 0.7 else (k,)]
        left, right = (laid_out(rng, shape) for shape in shapes)
        told = copied_by_kernel(left, right)
        function = torch.bmm if many else torch.matmul
        function(left, right)
        with track_memory() as memory:
            result = function(left, right)
        seen = memory.peak_bytes - result.nbytes
        copied += seen > 0
        assert told == seen, ([(x.shape, x.stride()) for x in (left, right)], told, seen)
    assert copied > 100


def test_few_products_are_computed_as_the_matrices_lie():
    gaps = torch.zeros(2, 20, 40)[:, :, ::2]
    for rows, told in ((1, 20 * 20 * 4), (2, 20 * 20 * 4)):
        left = torch.zeros(2, rows, 20)
        assert copied_by_kernel(left, gaps) == told
        assert copied_by_kernel(left, gaps[:, :, :19]) == (0 if rows == 1 else 20 * 19 * 4)


def laid_out(rng, shape):
    x = torch.zeros(shape)
    if x.dim() > 1 and rng.random() < 0.5:
        x = x.mT.contiguous().mT
    way = rng.random()
    axis = rng.randrange(x.dim())
    if way < 0.15:
        return x.narrow(axis, 0, 1).expand(shape)
    return torch.cat([x, x], axis).unflatten(axis, (x.shape[axis], 2)).select(axis + 1, 0) if way < 0.5 else x
