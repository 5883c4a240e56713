"""What a recording tells of each operation: a table, by hand from the formulas of the derivatives, and hard cases."""

import gc

import pytest
import torch
from graph_walk import tensors_shown
from torch import nn
from torch.nn import functional

from tensorglass import default_device, record_saved, saved_for_backward
from tensorglass.autograd.recorder import SavingRecorder

DEVICE = default_device()
INDEX = torch.tensor([0, 2], device=DEVICE)
CONDITION = torch.tensor([True, False, True, False], device=DEVICE)

# Each line: an operation on x and y, both (4, 4) and positive, and the roles of what it saves, in alphabetical order,
# in brackets where it lies in memory that was saved already. Numbers that are no tensors are left out.
TABLE = {
    # linear in their inputs: the derivative is a constant
    "x + y": (lambda x, y: x + y, ""),
    "x - y": (lambda x, y: x - y, ""),
    "-x": (lambda x, y: -x, ""),
    "x * 3": (lambda x, y: x * 3, ""),
    "x / 3": (lambda x, y: x / 3, ""),
    "x.sum()": (lambda x, y: x.sum(), ""),
    "x.mean(0)": (lambda x, y: x.mean(0), ""),
    "x.cumsum(0)": (lambda x, y: x.cumsum(0), ""),
    "x.view": (lambda x, y: x.view(16), ""),
    "x.T": (lambda x, y: x.T, ""),
    "x.expand": (lambda x, y: x.expand(2, 4, 4), ""),
    "x.permute": (lambda x, y: x.permute(1, 0), ""),
    "x[:, 1:]": (lambda x, y: x[:, 1:], ""),
    "x.flip": (lambda x, y: x.flip(0), ""),
    "x.clone": (lambda x, y: x.clone(), ""),
    "cat": (lambda x, y: torch.cat([x, y]), ""),
    "stack": (lambda x, y: torch.stack([x, y]), ""),
    "pad": (lambda x, y: functional.pad(x, (1, 1)), ""),
    "avg_pool1d": (lambda x, y: functional.avg_pool1d(x, 2), "input"),
    "addition in place": (lambda x, y: (x * 1).add_(y), ""),
    # their derivative is a function of their output
    "exp": (lambda x, y: x.exp(), "output"),
    "exp2": (lambda x, y: x.exp2(), "output"),
    "expm1": (lambda x, y: x.expm1(), "output"),
    "sqrt": (lambda x, y: x.sqrt(), "output"),
    "rsqrt": (lambda x, y: x.rsqrt(), "output"),
    "reciprocal": (lambda x, y: x.reciprocal(), "output"),
    "tanh": (lambda x, y: x.tanh(), "output"),
    "tan": (lambda x, y: x.tan(), "output"),
    "sigmoid": (lambda x, y: x.sigmoid(), "output"),
    "relu": (lambda x, y: x.relu(), "output"),
    "relu in place": (lambda x, y: (x * 1).relu_(), "output"),
    "softmax": (lambda x, y: x.softmax(-1), "output"),
    "log_softmax": (lambda x, y: x.log_softmax(-1), "output"),
    "matrix_exp's input": (lambda x, y: torch.linalg.matrix_exp(x), "input"),
    "linalg.inv": (lambda x, y: torch.linalg.inv(x + torch.eye(4, device=DEVICE) * 9), "output"),
    "linalg.cholesky": (
        lambda x, y: torch.linalg.cholesky(x @ x.T + torch.eye(4, device=DEVICE)),
        "(input) input output",
    ),
    # their derivative is a function of their input
    "log": (lambda x, y: x.log(), "input"),
    "log1p": (lambda x, y: x.log1p(), "input"),
    "sin": (lambda x, y: x.sin(), "input"),
    "cos": (lambda x, y: x.cos(), "input"),
    "abs": (lambda x, y: x.abs(), "input"),
    "erf": (lambda x, y: x.erf(), "input"),
    "atan": (lambda x, y: x.atan(), "input"),
    "x ** 3": (lambda x, y: x**3, "input"),
    "x ** 2": (lambda x, y: x.square(), "input"),
    "gelu": (lambda x, y: functional.gelu(x), "input"),
    "silu": (lambda x, y: functional.silu(x), "input"),
    "mish": (lambda x, y: functional.mish(x), "input"),
    "leaky_relu": (lambda x, y: functional.leaky_relu(x), "input"),
    "elu": (lambda x, y: functional.elu(x), "input"),
    "softplus": (lambda x, y: functional.softplus(x), "input"),
    "hardtanh": (lambda x, y: functional.hardtanh(x), "input"),
    "hardswish": (lambda x, y: functional.hardswish(x), "input"),
    "clamp": (lambda x, y: x.clamp(0.2, 0.8), "input"),
    "var": (lambda x, y: x.var(0), "input"),
    # both
    "x ** y": (lambda x, y: x**y, "input input output"),
    "std": (lambda x, y: x.std(0), "input output"),
    "prod": (lambda x, y: x.prod(), "input output"),
    "norm": (lambda x, y: x.norm(), "input output"),
    "logsumexp": (lambda x, y: x.logsumexp(0), "input output"),
    "amax": (lambda x, y: x.amax(0), "input output"),
    "cumprod": (lambda x, y: x.cumprod(0), "input output"),
    # products: each factor for the derivative of the other
    "x * y": (lambda x, y: x * y, "input input"),
    "x / y": (lambda x, y: x / y, "input input"),
    "x * x": (lambda x, y: x * x, "(input) input"),
    "x @ y": (lambda x, y: x @ y, "input input"),
    "x * constant": (lambda x, y: x * y.detach(), "input"),
    "constant @ x": (lambda x, y: y.detach() @ x, "input"),
    "bmm": (lambda x, y: torch.bmm(x[None], y[None]), "input input"),
    "dot": (lambda x, y: torch.dot(x[0], y[0]), "input input"),
    "linear": (lambda x, y: functional.linear(x, nn.Parameter(y), None), "input weight"),
    "linear, frozen": (lambda x, y: functional.linear(x, y.detach()), "input"),
    "conv1d": (lambda x, y: functional.conv1d(x[None], nn.Parameter(y[..., None])), "input weight"),
    # which element it was
    "max(0)": (lambda x, y: x.max(0), "indices"),
    "sort": (lambda x, y: x.sort(0), "indices"),
    "topk": (lambda x, y: x.topk(2), "indices"),
    "gather": (lambda x, y: x.gather(1, INDEX.expand(4, 2)), "indices input"),
    "index_select": (lambda x, y: x.index_select(0, INDEX), "indices"),
    "x[index]": (lambda x, y: x[INDEX], "indices"),
    "embedding": (lambda x, y: functional.embedding(INDEX, x), "indices"),
    "max_pool2d": (lambda x, y: functional.max_pool2d(x[None], 2), "indices input"),
    # where
    "where": (lambda x, y: torch.where(CONDITION, x, y), "mask"),
    "masked_fill": (lambda x, y: x.masked_fill(CONDITION, 0), "mask"),
    "dropout": (lambda x, y: functional.dropout(x, 0.5), "mask"),
    # normalization and losses
    "layer_norm": (lambda x, y: functional.layer_norm(x, (4,)), "input statistics statistics"),
    "layer_norm, weight": (
        lambda x, y: functional.layer_norm(x, (4,), nn.Parameter(y[0].detach())),
        "input statistics statistics weight",
    ),
    "group_norm": (lambda x, y: functional.group_norm(x, 2), "input statistics statistics"),
    "batch_norm": (lambda x, y: functional.batch_norm(x, None, None, training=True), "input statistics statistics"),
    "mse_loss": (functional.mse_loss, "input input"),
    "cross_entropy": (lambda x, y: functional.cross_entropy(x, y.argmax(1)), "(intermediate) input output statistics"),
}


@pytest.fixture
def operands():
    torch.manual_seed(0)
    return [torch.rand(4, 4, device=DEVICE).add_(0.1).requires_grad_() for _ in range(2)]


def test_the_table_is_long_enough():
    assert len(TABLE) >= 60


@pytest.mark.parametrize("name", TABLE)
def test_what_is_saved_and_in_which_role(name, operands):
    function, expected = TABLE[name]
    saved = saved_for_backward(function, *operands)
    seen, roles = set(), []
    for tensor in saved.tensors:
        if tensor.kind != "number":
            roles.append(f"({tensor.role})" if tensor.storage in seen else tensor.role)
        seen.add(tensor.storage)
    assert " ".join(sorted(roles)) == expected


@pytest.mark.parametrize("name", TABLE)
def test_outputs_are_outputs_and_inputs_are_inputs(name, operands):
    """The roles against memory: which tensor that torch's own fields show is the result, which was there before."""
    function, _ = TABLE[name]
    saved = saved_for_backward(function, *operands)
    result = function(*operands)
    result = result if isinstance(result, torch.Tensor) else result[0]
    shown = {each.untyped_storage().data_ptr() for each in tensors_shown(result)}
    if name != "cross_entropy":  # what it keeps is the output of the log_softmax inside, not its own
        assert ("output" in {each.role for each in saved.tensors}) == (result.untyped_storage().data_ptr() in shown)
    there = {each.untyped_storage().data_ptr() for each in (*operands, INDEX, CONDITION)}
    before = {each.storage for each in saved.tensors if each.kind in ("input", "parameter")}
    assert len(before) == len(there & shown)
    assert len(saved.storages) == len(shown)


@pytest.mark.parametrize(
    ("activation", "units"),
    [
        *((activation, "L + 1") for activation in (nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.ReLU(inplace=True))),
        *((activation, "2L") for activation in (nn.GELU(), nn.SiLU(), nn.LeakyReLU(), nn.ELU())),
    ],
)
@pytest.mark.parametrize("depth", [1, 2, 5, 16])
def test_the_counting_law(activation, units, depth):
    with DEVICE:
        model = nn.Sequential(*[layer for _ in range(depth) for layer in (nn.Linear(8, 8), activation)])
        x = torch.ones(3, 8)
    saved = saved_for_backward(model, x)
    expected = depth + 1 if units == "L + 1" else 2 * depth
    assert saved.activation_bytes + saved.input_bytes == expected * 3 * 8 * 4


def test_a_frozen_weight_lets_the_input_go():
    with DEVICE:
        layer, x = nn.Linear(8, 8), torch.ones(3, 8, requires_grad=True)
    before = saved_for_backward(layer, x)
    layer.weight.requires_grad_(False)
    after = saved_for_backward(layer, x)
    assert [each.role for each in before.tensors] == ["input", "weight"]
    assert [each.role for each in after.tensors] == ["weight"]
    assert (before - after).input_bytes == x.nbytes


class Twice(torch.autograd.Function):
    """Saves its input, its output, something in between, and keeps one more tensor as an attribute."""

    @staticmethod
    def forward(ctx, x, constant):
        between, y = x + constant, x * 2
        ctx.save_for_backward(x, y, between, constant)
        ctx.extra = [constant * 2]
        return y

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2, None


EXPECTED_OF_TWICE = [
    ("Twice", "TwiceBackward", "tensors", "input", "input"),
    ("Twice", "TwiceBackward", "tensors", "output", "activation"),
    ("Twice", "TwiceBackward", "tensors", "intermediate", "activation"),
    ("Twice", "TwiceBackward", "tensors", "input", "input"),
    ("Twice", "TwiceBackward", "extra", "attribute", "activation"),
]


def operands_of_twice():
    return torch.ones(3, device=DEVICE, requires_grad=True), torch.ones(3, device=DEVICE)


def short(saved):
    return [(each.operation, each.node, each.field, each.role, each.kind) for each in saved.tensors]


def test_a_custom_function_that_nothing_follows():
    x, constant = operands_of_twice()
    with record_saved() as saved:
        constant + 1  # a torch function was given it, so it is known as an input
        y = Twice.apply(x, constant)
    assert short(saved) == EXPECTED_OF_TWICE
    del y


def test_a_custom_function_that_others_follow():
    x, constant = operands_of_twice()
    with record_saved() as saved:
        z = Twice.apply(x, constant).exp()
    assert short(saved)[:5] == EXPECTED_OF_TWICE
    assert short(saved)[5:] == [("exp", "ExpBackward0", "result", "output", "activation")]
    del z


def test_a_custom_function_whose_result_is_used_later():
    x, constant = operands_of_twice()
    with record_saved() as saved:
        y = Twice.apply(x, constant)
        w = constant.exp() * x
        z = y * w
    assert short(saved)[1:] == [
        *EXPECTED_OF_TWICE,
        ("mul", "MulBackward0", "other", "input", "activation"),
        ("mul", "MulBackward0", "self", "input", "activation"),
    ]
    del z


def test_a_custom_function_belongs_to_its_module():
    class Layer(nn.Module):
        def forward(self, x):
            return Twice.apply(x, x.detach())

    model = nn.Sequential(Layer(), nn.ReLU())
    saved = saved_for_backward(model, operands_of_twice()[0])
    assert {(each.module, each.operation) for each in saved.tensors} == {
        ("Sequential.0", "Twice"),
        ("Sequential.1", "relu"),
    }


def test_storages_whose_address_is_given_away_again_are_told_apart():
    x = torch.ones(1000, device=DEVICE, requires_grad=True)
    with record_saved() as saved:
        for _ in range(20):
            y = x.exp()
            del y
    assert len(saved.tensors) == len(saved.storages) == 20
    assert saved.activation_bytes == 20 * 4000
    assert saved.live_bytes == 0


def test_only_what_died_is_forgotten():
    x = torch.ones(10, device=DEVICE, requires_grad=True)
    recorder = SavingRecorder()
    assert recorder.known._forget_at == 10_000
    recorder.known._forget_at = 5
    with recorder:
        kept = [x.detach() * 1 for _ in range(4)]
        for _ in range(50):
            x.detach() * 1
            assert len(recorder.known._known) <= 10_001
        y = [each * x for each in kept]
    assert recorder.known._forget_at == 10_000
    assert [each.kind for each in recorder.tensors if each.field == "self"] == ["activation"] * 4
    del y


def test_numbers_that_torch_makes_tensors_of_are_told_apart():
    x = torch.rand(3, device=DEVICE).add_(1).requires_grad_()
    with record_saved() as saved:
        results = x * 3, x * torch.tensor(3.0, device=DEVICE), 2 / x
    told = [(each.operation, each.field, each.kind) for each in saved.tensors]
    assert told == [
        ("mul", "other", "number"),
        ("mul", "other", "activation"),
        ("rdiv", "result", "activation"),
        ("rdiv", "other", "number"),
    ]
    del results


@pytest.mark.parametrize("name", ["T", "mT", "H", "mH", "real", "imag", "data"])
def test_a_parameter_is_known_by_its_views(name):
    parameter = nn.Parameter(torch.rand(2, 2, dtype=torch.complex64, device=DEVICE))
    x = torch.rand(2, 2, device=DEVICE, requires_grad=True)
    with record_saved() as saved:
        y = x * getattr(parameter, name)
    assert [each.kind for each in saved.tensors if each.field == "other"] == ["parameter"]
    del y


def test_what_no_torch_function_shows_is_found_by_its_graph():
    class Layer(nn.Module):
        def forward(self, x):
            with torch._C.DisableTorchFunction():
                return x.sin()

    x = torch.ones(3, device=DEVICE, requires_grad=True)
    with record_saved() as saved:
        y = Layer()(x)
        with torch._C.DisableTorchFunction():
            z = y.exp()
    assert [(each.module, each.operation, each.node) for each in saved.tensors] == [
        ("Layer", "Sin", "SinBackward0"),
        ("", "Exp", "ExpBackward0"),
    ]
    del z


def test_attributes_that_are_no_tensors_are_not_looked_at():
    x = torch.ones(3, device=DEVICE)
    recorder = SavingRecorder()
    with recorder:
        _ = x.shape, x.dtype, x.grad, x.requires_grad
    assert not recorder.known._known


def test_the_whole_memory_is_searched_only_if_a_custom_function_came_last(monkeypatch):
    x = torch.ones(3, device=DEVICE, requires_grad=True)
    x.exp()  # so that the numbers of the nodes inside do not begin at zero

    objects = gc.get_objects

    def refuse(generation):
        if generation == 2:
            raise AssertionError("searched")
        return [each for each in objects(generation) if type(each) is not torch.Tensor]

    monkeypatch.setattr(gc, "get_objects", refuse)
    with record_saved() as saved:
        y = x.exp().sin()
    assert len(saved.tensors) == 2
    with pytest.raises(AssertionError, match="searched"), record_saved():
        y = Twice.apply(x, x.detach())
    del y


def test_views_that_autograd_refuses_disturb_nobody():
    x, constant = operands_of_twice()
    base = x * 1
    refused, _, _ = base.split(1)
    base.mul_(2)
    with record_saved() as saved:
        y = Twice.apply(x, constant)
        alone = refused.detach()  # torch permits this, so the recording has to
    assert [each.operation for each in saved.tensors] == ["Twice"] * 5
    del y, alone
