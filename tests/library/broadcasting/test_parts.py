"""Functions that broadcast parts of their operands: what they align, against what torch accepts and gives."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from tensorglass import watch_broadcasts


def t(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) + 0.1


def matrices(*batch):
    return torch.eye(3).expand(*batch, 3, 3) + 0.1


def factors(function, *batch):
    return function(matrices(*batch).contiguous())


SOLVERS = {
    "matmul": lambda a, b: torch.matmul(t(*a, 2, 3), t(*b, 3, 4)),
    "linalg_matmul": lambda a, b: torch.linalg.matmul(t(*a, 2, 3), t(*b, 3, 4)),
    "rmatmul": lambda a, b: torch.Tensor.__rmatmul__(t(*b, 3, 4), t(*a, 2, 3)),
    "cdist": lambda a, b: torch.cdist(t(*a, 2, 3), t(*b, 4, 3)),
    "linalg_solve": lambda a, b: torch.linalg.solve(matrices(*a), t(*b, 3, 2)),
    "linalg_solve_ex": lambda a, b: torch.linalg.solve_ex(matrices(*a), t(*b, 3, 2))[0],
    "linalg_solve_triangular": lambda a, b: torch.linalg.solve_triangular(matrices(*a), t(*b, 3, 2), upper=True),
    "triangular_solve": lambda a, b: torch.triangular_solve(t(*b, 3, 2), matrices(*a))[0],
    "cholesky_solve": lambda a, b: torch.cholesky_solve(t(*b, 3, 2), matrices(*a)),
    "linalg_lu_solve": lambda a, b: torch.linalg.lu_solve(*factors(torch.linalg.lu_factor, *a), t(*b, 3, 2)),
    "lu_solve": lambda a, b: torch.lu_solve(t(*b, 3, 2), *factors(torch.linalg.lu_factor, *a)),
    "linalg_ldl_solve": lambda a, b: torch.linalg.ldl_solve(*factors(torch.linalg.ldl_factor, *a), t(*b, 3, 2)),
    "scaled_dot_product_attention": lambda a, b: F.scaled_dot_product_attention(t(*a, 2, 3), t(*b, 5, 3), t(*b, 5, 3)),
}
FACTORS_STAY = ("linalg_lu_solve", "lu_solve", "linalg_ldl_solve")  # torch may end the process where they are stretched
BATCHES = [(), (1,), (4,), (2, 1), (1, 4), (2, 4)]


def outcome(*shapes):
    try:
        return tuple(torch.broadcast_shapes(*shapes))
    except RuntimeError:
        return None


@pytest.mark.filterwarnings("ignore:.*deprecated", "ignore:.*torch.lu_solve", "ignore:.*triangular_solve")
@pytest.mark.parametrize("operation", SOLVERS)
def test_batches_are_aligned(operation):
    for a, b in itertools.product(BATCHES, repeat=2):
        if operation in FACTORS_STAY and outcome(a, b) != a:
            continue
        with watch_broadcasts() as log:
            try:
                result = SOLVERS[operation](a, b)
            except RuntimeError:  # some take no batch that is stretched twice
                continue
        together = tuple(torch.broadcast_shapes(a, b))
        assert tuple(result.shape[:-2]) == together
        listed = [seen for seen in log if seen.operation == operation]
        assert len(listed) == (not a == b == together), (a, b)
        for seen in listed:
            assert seen.result == tuple(result.shape)
            numel = together and torch.Size(together).numel()
            assert seen.both_stretched == (numel not in ((), torch.Size(a).numel(), torch.Size(b).numel()))


GAUSSIAN = ((2, 3, 1), (2, 3, 4))
# (call, operation, shapes, result)
ROWS = [
    (lambda: torch.addmm(t(3, 1), t(3, 2), t(2, 4)), "addmm", ((3, 1), (3, 2), (2, 4)), (3, 4)),
    (lambda: torch.addmm(t(4), mat1=t(3, 2), mat2=t(2, 4)), "addmm", ((4,), (3, 2), (2, 4)), (3, 4)),
    (lambda: t(1).addmm(t(3, 2), t(2, 4)), "addmm", ((1,), (3, 2), (2, 4)), (3, 4)),
    (lambda: torch.addmv(t(1), t(3, 2), t(2)), "addmv", ((1,), (3, 2), (2,)), (3,)),
    (lambda: torch.addr(t(4), t(3), t(4)), "addr", ((4,), (3,), (4,)), (3, 4)),
    (lambda: torch.baddbmm(t(3, 1), t(5, 3, 2), t(5, 2, 4)), "baddbmm", ((3, 1), (5, 3, 2), (5, 2, 4)), (5, 3, 4)),
    (lambda: torch.addbmm(t(3, 1), t(5, 3, 2), t(5, 2, 4)), "addbmm", ((3, 1), (5, 3, 2), (5, 2, 4)), (3, 4)),
    (lambda: torch.linalg.solve(matrices(4), t(3)), "linalg_solve", ((4, 3, 3), (3,)), (4, 3)),
    (lambda: torch.linalg.solve(matrices(), t(4, 3, 2)), "linalg_solve", ((3, 3), (4, 3, 2)), (4, 3, 2)),
    (
        lambda: torch.linalg.lstsq(t(5, 1, 3, 2), t(1, 4, 3, 7)),
        "linalg_lstsq",
        ((5, 1, 3, 2), (1, 4, 3, 7)),
        (5, 4, 2, 7),
    ),
    (  # taken as three vectors for one matrix
        lambda: torch.linalg.lstsq(t(1, 3, 2), t(3, 2)),
        "linalg_lstsq",
        ((1, 3, 2), (3, 2)),
        (3, 2, 2),
    ),
    (lambda: torch.linalg.pinv(matrices(), rtol=t(4)), "linalg_pinv", ((3, 3), (4,)), (4, 3, 3)),
    (lambda: torch.linalg.matrix_rank(matrices(), tol=t(4)), "linalg_matrix_rank", ((3, 3), (4,)), (4,)),
    (
        lambda: torch.linalg.pinv(matrices(4), atol=t(4), rtol=t(2, 1)),
        "linalg_pinv",
        ((4, 3, 3), (4,), (2, 1)),
        (2, 4, 3, 3),
    ),
    (lambda: torch.linalg.pinv(matrices(2, 1), rtol=t(4)), "linalg_pinv", ((2, 1, 3, 3), (4,)), (2, 4, 3, 3)),
    (
        lambda: torch.linalg.matrix_rank(matrices(4), atol=t(4), rtol=t(2, 1)),
        "linalg_matrix_rank",
        ((4, 3, 3), (4,), (2, 1)),
        (2, 4),
    ),
    (
        lambda: torch.linalg.matrix_rank(matrices(2, 1), tol=t(4)),
        "linalg_matrix_rank",
        ((2, 1, 3, 3), (4,)),
        (2, 4),
    ),
    (lambda: torch.tensordot(t(2, 1, 3), t(4, 3, 5)), "tensordot", ((2, 1, 3), (4, 3, 5)), (2, 5)),
    (lambda: torch.tensordot(t(2, 1), t(3, 4), 1), "tensordot", ((2, 1), (3, 4)), (2, 4)),
    (lambda: torch.tensordot(t(2, 1), t(4, 3), ([1], [1])), "tensordot", ((2, 1), (4, 3)), (2, 4)),
    (lambda: torch.tensordot(t(3, 2), t(1, 4), dims=([0], [0])), "tensordot", ((3, 2), (1, 4)), (2, 4)),
    (
        lambda: torch.take_along_dim(t(2, 3), torch.zeros(1, 2, dtype=torch.int64), 1),
        "take_along_dim",
        ((2, 3), (1, 2)),
        (2, 2),
    ),
    (
        lambda: t(1, 3, 4).take_along_dim(torch.zeros(2, 3, 1, dtype=torch.int64), dim=-1),
        "take_along_dim",
        ((1, 3, 4), (2, 3, 1)),
        (2, 3, 1),
    ),
    (
        lambda: torch.take_along_dim(t(2, 3, 4), torch.zeros(5, 1, 4, dtype=torch.int64), 0),
        "take_along_dim",
        ((2, 3, 4), (5, 1, 4)),
        (5, 3, 4),
    ),
    (lambda: torch.trapezoid(t(4, 2, 5), t(5)), "trapezoid", ((4, 2, 5), (5,)), (4, 2, 5)),
    (lambda: torch.trapezoid(t(4, 5), t(5)), "trapezoid", ((4, 5), (5,)), (4, 5)),
    (lambda: torch.trapz(t(4, 5), t(4), dim=0), "trapz", ((4, 5), (4, 1)), (4, 5)),
    (lambda: torch.cumulative_trapezoid(t(1, 5), t(4, 5)), "cumulative_trapezoid", ((1, 5), (4, 5)), (4, 5)),
    (
        lambda: F.cosine_embedding_loss(t(16, 5), t(1, 5), t(16)),
        "cosine_embedding_loss",
        ((16, 5), (1, 5)),
        (16, 5),
    ),
    (lambda: F.gaussian_nll_loss(t(3, 1), t(3, 4), t(3, 1)), "gaussian_nll_loss", ((3, 1), (3, 4), (3, 1)), (3, 4)),
    (lambda: F.gaussian_nll_loss(t(2, 3, 1), t(2, 3, 4), t(2, 3)), "gaussian_nll_loss", GAUSSIAN, (2, 3, 4)),
    (lambda: F.gaussian_nll_loss(t(3, 1), t(3, 4), t(3)), "gaussian_nll_loss", ((3, 1), (3, 4)), (3, 4)),
    (
        lambda: torch.nn.CosineEmbeddingLoss()(t(3, 5), t(3, 5), t(1)),
        "cosine_embedding_loss",
        ((3, 5), (3, 5), (1, 5)),
        (3, 5),
    ),
    (
        lambda: t(5, 6)[torch.tensor([[0], [1]]), torch.tensor([0, 1, 2])],
        "getitem",
        ((2, 1), (3,)),
        (2, 3),
    ),
    (
        lambda: t(3, 4).index_put((torch.tensor([0, 2]),), t(4)),
        "index_put",
        ((2, 4), (4,)),
        (2, 4),
    ),
]


@pytest.mark.parametrize(("call", "operation", "shapes", "result"), ROWS)
@pytest.mark.filterwarnings("ignore:An output with one or more elements")
def test_one_call(call, operation, shapes, result):
    if torch.__version__ < (2, 6) and (operation, shapes) == ("linalg_lstsq", ((1, 3, 2), (3, 2))):
        pytest.skip("this torch refuses it")
    call()
    with watch_broadcasts() as log:
        call()
    listed = [seen for seen in log if seen.operation == operation]
    assert [(seen.shapes, seen.result) for seen in listed] == [(shapes, result)]


@pytest.mark.filterwarnings("ignore:indexing with dtype torch.uint8")
@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.addmm(t(3, 4), t(3, 2), t(2, 4)),
        lambda: torch.addmv(t(3), t(3, 2), t(2)),
        lambda: torch.addr(t(3, 4), t(3), t(4)),
        lambda: torch.addbmm(t(3, 4), t(5, 3, 2), t(5, 2, 4)),
        lambda: torch.baddbmm(t(5, 3, 4), t(5, 3, 2), t(5, 2, 4)),
        lambda: torch.linalg.solve(matrices(4), t(4, 3)),  # a vector for each matrix
        lambda: torch.linalg.solve(matrices(), t(3)),
        lambda: torch.linalg.solve(matrices(4), t(4, 3, 2)),
        lambda: torch.addmv(t(2), t(2, 2), t(2)),
        lambda: torch.linalg.lstsq(t(3, 3, 2), t(3, 3, 7)),
        lambda: torch.linalg.lstsq(t(4, 3, 2), t(4, 3)),
        lambda: torch.linalg.lstsq(t(3, 2), t(3)),
        lambda: torch.linalg.pinv(matrices(4)),
        lambda: torch.linalg.matrix_rank(matrices()),
        lambda: torch.tensordot(t(2, 3), t(3, 4), 1),
        lambda: torch.tensordot(t(2, 3), t(4, 3), ([1], [1])),
        lambda: torch.take_along_dim(t(2, 3), torch.zeros(2, 1, dtype=torch.int64), 1),
        lambda: torch.take_along_dim(t(2, 3), torch.zeros(4, dtype=torch.int64)),
        lambda: torch.trapezoid(t(4, 5)),
        lambda: torch.trapezoid(t(4, 5), t(4, 5)),
        lambda: torch.trapezoid(t(5), t(5)),
        lambda: torch.trapezoid(t(5), dx=2.0),
        lambda: F.cosine_embedding_loss(t(16, 5), t(16, 5), torch.ones(16)),
        lambda: F.cosine_embedding_loss(t(5), t(5), torch.tensor(1.0)),
        lambda: F.gaussian_nll_loss(t(3, 4), t(3, 4), t(3, 4)),
        lambda: F.gaussian_nll_loss(t(3, 4), t(3, 4), t(3)),
        lambda: F.gaussian_nll_loss(t(3, 4), t(3, 4), 1.0 if torch.__version__ >= (2, 5) else t(3, 4)),
        lambda: t(5, 6)[torch.tensor([0, 1]), torch.tensor([0, 1])],
        lambda: t(5, 6)[torch.tensor([0, 1])],
        lambda: t(5, 6)[1:, None, ..., 0],
        lambda: t(5)[t(5) > 0.5],
        lambda: t(5, 6)[t(5) > 2, torch.tensor([1])],
        lambda: t(5, 6)[(t(5) > 2).byte(), torch.tensor([1])],
        lambda: F.scaled_dot_product_attention(t(2, 4, 3), t(2, 5, 3), t(2, 5, 3), t(4, 5)),
    ],
)
def test_what_stretches_nothing_is_not_listed(call):
    with watch_broadcasts() as log:
        call()
    assert [seen for seen in log if seen.operation not in ("add", "gt")] == []
