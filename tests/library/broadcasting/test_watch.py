"""watch_broadcasts: what it sees, against a list written by hand and against torch's own functions."""

import inspect
import threading

import pytest
import torch
import torch.nn.functional as F
from torch.fx.experimental.proxy_tensor import make_fx
from torch.overrides import TorchFunctionMode

from tensorglass import watch_broadcasts

COLUMN, ROW, VECTOR, FULL = (3, 1), (1, 4), (4,), (3, 4)


def tensor(*shape, dtype=torch.float32):
    return torch.rand(shape).add(0.1).to(dtype)


def ints(*shape):
    return torch.ones(shape, dtype=torch.int64)


def bools(*shape):
    return torch.ones(shape, dtype=torch.bool)


def assign(target, index, value):
    target[index] = value


def add_in_place(target, value):
    target += value


# (what to call, operation, aligned shapes, result, both stretched)
CASES = [
    (lambda: tensor(*COLUMN) + tensor(*ROW), "add", (COLUMN, ROW), FULL, True),
    (lambda: tensor(*COLUMN) - tensor(*VECTOR), "sub", (COLUMN, VECTOR), FULL, True),
    (lambda: tensor(*FULL) * tensor(*VECTOR), "mul", (FULL, VECTOR), FULL, False),
    (lambda: tensor(*VECTOR) / tensor(*FULL), "div", (VECTOR, FULL), FULL, False),
    (lambda: tensor(*FULL) // tensor(), "floordiv", (FULL, ()), FULL, False),
    (lambda: tensor(*FULL) % tensor(*COLUMN), "remainder", (FULL, COLUMN), FULL, False),
    (lambda: tensor(*COLUMN) ** tensor(*ROW), "pow", (COLUMN, ROW), FULL, True),
    (lambda: torch.sub(tensor(*COLUMN), other=tensor(*ROW)), "sub", (COLUMN, ROW), FULL, True),
    (lambda: torch.add(tensor(*FULL), tensor(*ROW), out=tensor(*FULL)), "add", (FULL, ROW), FULL, False),
    (lambda: tensor(*COLUMN).__rsub__(tensor(*ROW)), "rsub", (COLUMN, ROW), FULL, True),
    (lambda: tensor(*COLUMN) < tensor(*ROW), "lt", (COLUMN, ROW), FULL, True),
    (lambda: tensor(*COLUMN) == tensor(*VECTOR), "eq", (COLUMN, VECTOR), FULL, True),
    (lambda: torch.ge(tensor(*FULL), tensor(*VECTOR)), "ge", (FULL, VECTOR), FULL, False),
    (lambda: torch.isclose(tensor(*COLUMN), tensor(*ROW)), "isclose", (COLUMN, ROW), FULL, True),
    (lambda: torch.allclose(tensor(*COLUMN), tensor(*ROW)), "allclose", (COLUMN, ROW), FULL, True),
    (lambda: bools(*COLUMN) & bools(*ROW), "and", (COLUMN, ROW), FULL, True),
    (lambda: ints(*COLUMN) << ints(*ROW), "lshift", (COLUMN, ROW), FULL, True),
    (lambda: torch.logical_xor(bools(*FULL), bools(*ROW)), "logical_xor", (FULL, ROW), FULL, False),
    (lambda: torch.maximum(tensor(*COLUMN), tensor(*ROW)), "maximum", (COLUMN, ROW), FULL, True),
    (lambda: torch.clamp(tensor(*FULL), min=tensor(*ROW)), "clamp", (FULL, ROW), FULL, False),
    (lambda: torch.atan2(tensor(*COLUMN), tensor(*ROW)), "atan2", (COLUMN, ROW), FULL, True),
    (
        lambda: torch.where(bools(*COLUMN), tensor(*ROW), tensor(*FULL)),
        "where",
        (COLUMN, ROW, FULL),
        FULL,
        False,
    ),
    (lambda: torch.where(bools(*COLUMN), tensor(*ROW), 0.0), "where", (COLUMN, ROW), FULL, True),
    (lambda: torch.lerp(tensor(*COLUMN), tensor(*ROW), 0.5), "lerp", (COLUMN, ROW), FULL, True),
    (
        lambda: torch.addcmul(tensor(*FULL), tensor(*COLUMN), tensor(*ROW)),
        "addcmul",
        (FULL, COLUMN, ROW),
        FULL,
        False,
    ),
    (lambda: tensor(*FULL).masked_fill(bools(*ROW), 0.0), "masked_fill", (FULL, ROW), FULL, False),
    (lambda: tensor(*COLUMN).masked_select(bools(*ROW)), "masked_select", (COLUMN, ROW), FULL, True),
    (
        lambda: tensor(*FULL).masked_scatter(bools(*ROW), tensor(12)),
        "masked_scatter",
        (FULL, ROW),
        FULL,
        False,
    ),
    (lambda: torch.special.xlogy(tensor(*COLUMN), tensor(*ROW)), "special_xlogy", (COLUMN, ROW), FULL, True),
    (lambda: tensor(*FULL).add_(tensor(*ROW)), "add_", (FULL, ROW), FULL, False),
    (lambda: add_in_place(tensor(*FULL), tensor(*COLUMN)), "add_", (FULL, COLUMN), FULL, False),
    (lambda: ints(*FULL).__iand__(ints(*ROW)), "iand", (FULL, ROW), FULL, False),
    (lambda: ints(*FULL).__ilshift__(ints(*ROW)), "ilshift", (FULL, ROW), FULL, False),
    (lambda: ints(*FULL).__rand__(ints(*ROW)), "bitwise_and", (FULL, ROW), FULL, False),
    (lambda: tensor(*COLUMN) in tensor(*VECTOR), "contains", (VECTOR, COLUMN), FULL, True),
    (lambda: tensor(*FULL).bernoulli_(tensor(*ROW).clamp(max=1)), "bernoulli_", (FULL, ROW), FULL, False),
    (lambda: tensor(*FULL).map_(tensor(*ROW), max), "map_", (FULL, ROW), FULL, False),
    (lambda: tensor(*FULL).copy_(tensor(*VECTOR)), "copy_", (FULL, VECTOR), FULL, False),
    (lambda: assign(tensor(*FULL), 0, tensor()), "setitem", (VECTOR, ()), VECTOR, False),
    (lambda: assign(tensor(*FULL), slice(0, 2), tensor(*VECTOR)), "setitem", ((2, 4), VECTOR), (2, 4), False),
    (lambda: assign(tensor(*FULL), bools(*FULL), tensor(1)), "setitem", ((12,), (1,)), (12,), False),
    (
        lambda: tensor(*FULL).index_put_((torch.tensor([0, 2]),), tensor(*VECTOR)),
        "index_put_",
        ((2, 4), VECTOR),
        (2, 4),
        False,
    ),
    (
        lambda: tensor(2, 1, 3, 4) @ tensor(5, 4, 2),
        "matmul",
        ((2, 1, 3, 4), (5, 4, 2)),
        (2, 5, 3, 2),
        True,
    ),
    (
        lambda: torch.linalg.matmul(tensor(5, 3, 4), tensor(4, 2)),
        "linalg_matmul",
        ((5, 3, 4), (4, 2)),
        (5, 3, 2),
        False,
    ),
    (lambda: tensor(4, 2).__rmatmul__(tensor(5, 3, 4)), "rmatmul", ((4, 2), (5, 3, 4)), (5, 3, 2), False),
    (lambda: tensor(5, 3, 4) @ tensor(4, 2), "matmul", ((5, 3, 4), (4, 2)), (5, 3, 2), False),
    (lambda: tensor(5, 3, 4) @ tensor(4), "matmul", ((5, 3, 4), (4,)), (5, 3), False),
    (lambda: torch.cdist(tensor(5, 3, 4), tensor(2, 4)), "cdist", ((5, 3, 4), (2, 4)), (5, 3, 2), False),
    (lambda: F.mse_loss(tensor(*COLUMN), tensor(*VECTOR)), "mse_loss", (COLUMN, VECTOR), FULL, True),
    (lambda: torch.nn.L1Loss()(tensor(*COLUMN), tensor(*ROW)), "l1_loss", (COLUMN, ROW), FULL, True),
    (lambda: F.huber_loss(tensor(*FULL), tensor(*ROW)), "huber_loss", (FULL, ROW), FULL, False),
    (lambda: F.kl_div(tensor(*COLUMN), tensor(*ROW)), "kl_div", (COLUMN, ROW), FULL, True),
    (
        lambda: F.cosine_similarity(tensor(3, 1, 2), tensor(4, 2), dim=-1),
        "cosine_similarity",
        ((3, 1, 2), (4, 2)),
        (3, 4, 2),
        True,
    ),
]


@pytest.mark.filterwarnings("ignore:Using a target size", "ignore:reduction")
@pytest.mark.parametrize(("call", "operation", "shapes", "result", "larger"), CASES)
def test_sees_the_broadcast(call, operation, shapes, result, larger):
    with watch_broadcasts() as log:
        call()
    assert [(seen.operation, seen.shapes, seen.result, seen.both_stretched) for seen in log] == [
        (operation, shapes, result, larger)
    ]
    with watch_broadcasts(only="both_stretched") as trap:
        call()
    assert len(trap) == larger


def test_at_least_thirty_functions_are_checked():
    assert len({operation for _, operation, *_ in CASES}) >= 30


@pytest.mark.parametrize(
    "call",
    [
        lambda: tensor(*FULL) + tensor(*FULL),
        lambda: tensor(*FULL) + 1,
        lambda: 1 - tensor(*FULL),
        lambda: tensor(3, 4) @ tensor(4, 2),
        lambda: tensor(5, 3, 4) @ tensor(5, 4, 2),
        lambda: torch.bmm(tensor(5, 3, 4), tensor(5, 4, 2)),
        lambda: F.mse_loss(tensor(*FULL), tensor(*FULL)),
        lambda: assign(tensor(*FULL), 0, tensor(*VECTOR)),
        lambda: assign(tensor(*FULL), 0, tensor(1, 4)),
        lambda: assign(tensor(*FULL), 0, tensor(1, 1, 4)),  # leading axes of size 1 are dropped, as torch does
        lambda: assign(tensor(*FULL), 0, 1.0),
        lambda: tensor(*COLUMN).expand(3, 4),
        lambda: torch.broadcast_tensors(tensor(*COLUMN), tensor(*ROW)),
        lambda: tensor(*FULL).sum(0),
        lambda: torch.nn.Linear(4, 2)(tensor(*FULL)),
        lambda: torch.rand(3, 4),
    ],
)
def test_lists_nothing_where_nothing_is_broadcast(call):
    with watch_broadcasts() as log:
        call()
    assert log.broadcasts == ()


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.bmm(tensor(1, 3, 4), tensor(5, 4, 2)),
        lambda: tensor(3) + tensor(3, 4),
        lambda: tensor(*COLUMN).add_(tensor(*ROW)),
        lambda: assign(tensor(*FULL), 7, tensor(*VECTOR)),
        lambda: assign(tensor(*FULL), 0, tensor(3)),
    ],
)
def test_errors_are_torchs_own_and_are_not_listed(call):
    with pytest.raises((RuntimeError, IndexError)) as without:
        call()
    with pytest.raises(type(without.value)) as inside, watch_broadcasts() as log:
        call()
    assert str(inside.value) == str(without.value)
    assert len(log) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.linear(tensor(2, 3), tensor(4, 3), tensor(1)),
        lambda: F.prelu(tensor(2, 3), tensor(3)),
        lambda: F.layer_norm(tensor(2, 3), (3,), tensor(3), tensor(3)),
        lambda: torch.nn.Conv1d(3, 2, 1)(tensor(2, 3, 4)),
        lambda: F.scaled_dot_product_attention(tensor(2, 4, 3), tensor(2, 5, 3), tensor(2, 5, 3), tensor(4, 5)),
        lambda: torch.einsum("ij,ij->ij", tensor(*COLUMN), tensor(*FULL)),
        lambda: torch._foreach_add([tensor(*COLUMN)], [tensor(*ROW)]),
        lambda: assign(tensor(5, 6), (torch.tensor([[0], [1]]), torch.tensor([0, 1])), 0.0),
        lambda: (tensor(*COLUMN).requires_grad_() ** 2).sum().backward(),
    ],
)
def test_what_is_documented_as_unseen_is_not_listed(call):
    with watch_broadcasts() as log:
        call()
    assert log.broadcasts == ()


def test_other_threads_are_not_seen():
    with watch_broadcasts() as log:
        thread = threading.Thread(target=lambda: tensor(*COLUMN) + tensor(*ROW))
        thread.start()
        thread.join()
    assert len(log) == 0


def test_a_subclass_is_seen_and_a_size_kept_open_is_left_open():
    class Own(torch.Tensor):
        pass

    with watch_broadcasts() as log:
        tensor(*COLUMN).as_subclass(Own) * tensor(*ROW)
    assert [seen.result for seen in log] == [FULL]

    def multiply(a, b):
        with watch_broadcasts() as log:
            result = a * b
        assert len(log) == 0
        return result

    graph = make_fx(multiply, tracing_mode="symbolic")(tensor(*COLUMN), tensor(*VECTOR))
    assert graph(tensor(5, 1), tensor(2)).shape == (5, 2)


def test_only_what_is_larger_than_every_operand_is_both_stretched():
    with watch_broadcasts(only="both_stretched") as log:
        tensor(*COLUMN) + tensor(*FULL)
        tensor(*COLUMN) + tensor(*ROW)
        torch.addmm(tensor(3, 1), tensor(3, 2), tensor(2, 4))
        tensor(2, 1, 3, 4) @ tensor(5, 4, 2)
    assert [seen.operation for seen in log] == ["add", "matmul"]


def test_names_the_line():
    def helper(a, b):
        return a * b

    with watch_broadcasts() as log:
        first = tensor(*COLUMN) + tensor(*ROW)
        first.sum()
        helper(
            tensor(*COLUMN),
            tensor(*ROW),
        )
        torch.nn.SmoothL1Loss()(tensor(*FULL), tensor(*FULL) * tensor())
    start = inspect.getsourcelines(test_names_the_line)[1]
    assert [(seen.filename, seen.line - start, seen.source) for seen in log] == [
        (__file__, 5, "first = tensor(*COLUMN) + tensor(*ROW)"),
        (__file__, 2, "return a * b"),
        (__file__, 11, "torch.nn.SmoothL1Loss()(tensor(*FULL), tensor(*FULL) * tensor())"),
    ]


def mode_stack():
    return torch.overrides._get_current_function_mode_stack()


def test_is_gone_afterwards_also_after_an_error():
    before = (torch.add, torch.Tensor.__add__, torch.is_grad_enabled(), list(mode_stack()))
    with pytest.raises(ZeroDivisionError), watch_broadcasts() as log:
        assert len(mode_stack()) == 1
        tensor(*COLUMN) + tensor(*ROW)
        raise ZeroDivisionError
    assert (torch.add, torch.Tensor.__add__, torch.is_grad_enabled(), list(mode_stack())) == before
    tensor(*COLUMN) + tensor(*ROW)
    assert len(log) == 1


def test_costs_nothing_when_not_active():
    assert mode_stack() == []
    with watch_broadcasts():
        pass
    assert mode_stack() == []


def test_nested_watches_see_the_same():
    with watch_broadcasts() as outer:
        tensor(*COLUMN) + tensor(*ROW)
        with watch_broadcasts() as inner:
            tensor(*COLUMN) - tensor(*ROW)
    assert [seen.operation for seen in outer] == ["add", "sub"]
    assert [seen.operation for seen in inner] == ["sub"]


def test_values_and_gradients_are_untouched():
    a, b = tensor(*COLUMN).requires_grad_(), tensor(*ROW).requires_grad_()
    plain = torch.autograd.grad((a * b).sum(), (a, b))
    with watch_broadcasts():
        watched = torch.autograd.grad((a * b).sum(), (a, b))
    assert all(map(torch.equal, plain, watched))


def test_meta_tensors_and_bad_indices_on_them():
    with watch_broadcasts() as log:
        torch.empty(3, 1, device="meta") + torch.empty(4, device="meta")
        torch.empty(3, 4, device="meta")[bools(3, 4).to("meta")] = torch.empty((), device="meta")
    assert [seen.operation for seen in log] == ["add"]


def test_prints_as_a_table():
    with watch_broadcasts() as log:
        assert str(log) == "no broadcasts"
        tensor(*COLUMN) + tensor(*VECTOR)
        tensor(*FULL) * tensor(*VECTOR)
    lines = str(log).splitlines()
    assert lines[0] == "Broadcasts"
    assert lines[2].split() == ["line", "operation", "shapes", "result", "note", "source", "times"]
    line = log.broadcasts[0].line
    assert lines[4:] == [
        f"test_watch.py:{line}  add        (3, 1) and (4,)  (3, 4)  both stretched  "
        "tensor(*COLUMN) + tensor(*VECTOR)      1",
        f"test_watch.py:{line + 1}  mul        (3, 4) and (4,)  (3, 4)                  "
        "tensor(*FULL) * tensor(*VECTOR)        1",
    ]
    assert str(log.broadcasts[0]) == f"test_watch.py:{line}: add (3, 1) and (4,) -> (3, 4)"


def test_a_line_in_a_loop_is_one_row():
    with watch_broadcasts() as log:
        for width in (4, 4, 5):
            tensor(*COLUMN) + tensor(width)
    assert [text.split()[-1] for text in str(log).splitlines()[4:]] == ["2", "1"]
    assert len(log) == 3


def test_refuses_an_unknown_filter():
    with (
        pytest.raises(ValueError, match=r"^watch_broadcasts.. got only='all'; expected None or 'both_stretched'$"),
        watch_broadcasts("all"),
    ):
        pass


def test_the_mode_is_torchs_public_one():
    with watch_broadcasts():
        assert isinstance(mode_stack()[0], TorchFunctionMode)
