"""The library against its oracles on a GPU: the same comparisons as on the CPU, on few cases, and the allocator."""

import itertools

import pytest
import torch
from torch import nn

from tensorglass import (
    EinsumError,
    activation_stats,
    einsum,
    explain_broadcast,
    gain,
    initialize_,
    plan_einsum,
    saved_for_backward,
    shares_memory,
    storage_bytes,
    storage_cells,
    storage_index,
    storage_info,
)

pytestmark = pytest.mark.gpu
BLOCK = 512  # bytes, in which the CUDA allocator counts


@pytest.fixture
def device():
    return torch.device("cuda")


@pytest.fixture(autouse=True)
def without_tf32():
    """Forbid torch to shorten float32, whatever its defaults are."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(0)
    yield
    torch.set_float32_matmul_precision(before[0])
    torch.backends.cudnn.allow_tf32 = before[1]


# Broadcasting and storage


def test_broadcasting_is_torchs(device):
    shapes = [shape for rank in range(3) for shape in itertools.product(range(4), repeat=rank)]
    for pair in itertools.product(shapes, repeat=2):
        a, b = (torch.ones(shape, device=device) for shape in pair)
        try:
            expected = (a + b).shape
        except RuntimeError:
            expected = None
        explained = explain_broadcast(a, b)
        assert explained.result == expected, pair
        assert explained.ok is (expected is not None), pair


def views(x):
    return {
        "itself": x,
        "slice": x[1:, ::2],
        "transpose": x.T,
        "expanded": x[:, :1].expand(4, 9),
        "diagonal": x.diagonal(),
        "element": x[1, 2],
        "nothing": x[4:],
    }


def test_what_memory_holds(device):
    x = torch.randn(4, 6).to(device)
    held = list(x.cpu().numpy().tobytes())
    for name, view in views(x).items():
        assert storage_bytes(view).tolist() == held, name
        assert storage_bytes(view).data_ptr() == x.data_ptr(), name
        assert torch.equal(storage_cells(view)[storage_index(view)], view), name
        assert storage_info(view).storage_nbytes == view.untyped_storage().nbytes() == 4 * 24, name


def test_shared_memory_is_that_of_the_cells(device):
    x = torch.randn(4, 6).to(device)
    for (one, a), (other, b) in itertools.product(views(x).items(), repeat=2):
        cells_of_a, cells_of_b = (set(storage_index(view).flatten().tolist()) for view in (a, b))
        assert shares_memory(a, b) is bool(cells_of_a & cells_of_b), (one, other)
    assert not shares_memory(x, x.clone())
    assert not shares_memory(x, x.cpu() if device.type == "cuda" else x.clone())


# einsum

EQUATIONS = {
    "ij,jk->ik": [(30, 40), (40, 50)],
    "bij,bjk->bki": [(2, 3, 4), (2, 4, 5)],
    "ij,j->i": [(30, 40), (40,)],
    "ij,ij->": [(30, 40), (30, 40)],
    "bi,bi->b": [(300, 2), (300, 2)],
    "i,ij->ji": [(3,), (3, 4)],
    "ijk->j": [(2, 30, 4)],
    "ii,i->i": [(3, 3), (3,)],
    "bqhd,bkhd->bhqk": [(2, 3, 2, 16), (2, 3, 2, 16)],
    "ij,jk,kl,jk->il": [(3, 3)] * 4,
    "jk,ijkl->il": [(8, 8), (2, 8, 8, 2)],
}
by_equation = pytest.mark.parametrize(("equation", "shapes"), EQUATIONS.items(), ids=EQUATIONS)


@by_equation
@pytest.mark.parametrize(("dtype", "digits"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_einsum_and_its_gradients_are_torchs(device, equation, shapes, dtype, digits):
    exact = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    operands = [x.to(device, dtype).requires_grad_() for x in exact]
    result = einsum(equation, *operands)
    assert result.device.type == device.type
    torch.testing.assert_close(result.detach().cpu().double(), torch.einsum(equation, *exact), rtol=digits, atol=digits)
    expected = torch.einsum(equation, *operands)
    weight = torch.randn_like(expected)
    ours = torch.autograd.grad((result * weight).sum(), operands)
    for mine, theirs in zip(ours, torch.autograd.grad((expected * weight).sum(), operands), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=digits, atol=10 * digits)


@by_equation
def test_small_whole_numbers_are_exact(device, equation, shapes):
    operands = [torch.randint(-3, 4, shape).to(device, torch.float32) for shape in shapes]
    expected = torch.einsum(equation, *operands)
    assert torch.equal(einsum(equation, *operands), expected)
    assert torch.equal(plan_einsum(equation, *operands)(*operands), expected)


@by_equation
def test_integers_are_refused_where_torch_refuses_them(device, equation, shapes):
    operands = [torch.randint(-3, 4, shape).to(device) for shape in shapes]
    try:
        expected = torch.einsum(equation, *operands)
    except RuntimeError:
        with pytest.raises(EinsumError):
            einsum(equation, *operands)
    else:
        assert torch.equal(einsum(equation, *operands), expected)


# Networks


def network():
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 8))


def in_blocks(nbytes):
    return -(-nbytes // BLOCK) * BLOCK


def test_saved_bytes_are_what_the_allocator_gives_back(device):
    model, batch = network().to(device), torch.randn(100, 32, device=device)
    model(batch).sum().backward()  # what is allocated once, such as a library's workspace, is there now
    kept = [s for s in saved_for_backward(lambda: model(batch).sum()).storages if s.kind in ("activation", "number")]
    loss = model(batch).sum()
    before = torch.cuda.memory_allocated()
    del loss
    graph_and_loss = before - torch.cuda.memory_allocated()
    assert graph_and_loss == sum(in_blocks(storage.nbytes) for storage in kept) + BLOCK > BLOCK


def test_figures_of_activations_follow_from_their_definitions(device):
    model, batch = network().to(device), torch.randn(100, 32, device=device)
    stats = activation_stats(model, batch, lambda output: output.square().mean())
    outputs = []
    for layer in model:
        batch = layer(batch)
        batch.retain_grad()
        outputs.append(batch)
    batch.square().mean().backward()
    for layer, output in zip(stats, outputs, strict=True):
        values, gradient = output.detach().double().cpu(), output.grad.double().cpu()
        assert layer.mean == pytest.approx(values.mean().item(), rel=1e-5, abs=1e-6)
        assert layer.rms == pytest.approx(values.square().mean().sqrt().item(), rel=1e-5)
        assert layer.std == pytest.approx(values.std(correction=0).item(), rel=1e-5)
        assert layer.gradient_rms == pytest.approx(gradient.square().mean().sqrt().item(), rel=1e-5)


def test_a_model_is_initialized_where_it_is(device):
    model = nn.Sequential(nn.Linear(512, 1024), nn.GELU(), nn.Linear(1024, 512), nn.GELU(), nn.Linear(512, 4)).to(
        device
    )
    first, second = model[0], model[2]
    report = initialize_(model, nn.GELU())
    assert {parameter.device.type for parameter in model.parameters()} == {device.type}
    for layer in (first, second):
        aimed = gain(nn.GELU()) / layer.in_features**0.5
        assert layer.weight.double().std().item() == pytest.approx(aimed, rel=0.01)
        assert not layer.bias.any()
    for each, parameter in zip(report.parameters, model.parameters(), strict=True):
        assert each.rms == pytest.approx(parameter.detach().double().square().mean().sqrt().item(), rel=1e-5)
    # What comes out of the activation has the second moment 1 / gain^2, and the next layer makes 1 of it.
    output = torch.randn(4096, 512, device=device)
    for layer in (first, second):
        output = layer(nn.functional.gelu(output))
        assert output.square().mean().item() == pytest.approx(1, rel=0.05)
