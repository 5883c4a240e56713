"""Which layers and blocks of models are looked at: wrapped, compiled and sharded models, and outputs of all kinds."""

from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import torch
from outputs import Returns, root_mean_square
from torch import nn
from torch.utils.checkpoint import checkpoint

from tensorglass import activation_stats


def loss_of(output):
    return (output - 1).square().mean()


class Block(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(width), nn.Linear(width, width)

    def forward(self, x):
        return x + self.linear(self.norm(x))


def perceptron():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)), torch.randn(4, 8)


def test_blocks_show_the_residual_stream():
    torch.manual_seed(0)
    model, x = nn.Sequential(*(Block() for _ in range(3))), torch.randn(5, 8)
    stats = activation_stats(model, x, loss_of)
    assert [(layer.name, layer.block) for layer in stats][:3] == [("0.norm", False), ("0.linear", False), ("0", True)]
    streams = [layer for layer in stats if layer.block]
    for block, layer in zip(model, streams, strict=True):
        x = block(x)
        assert layer.rms == pytest.approx(root_mean_square(x.detach()), rel=1e-6)
        assert layer.kind == "Block"
        assert layer.gradient_rms > 0


def compiled_whole(model):
    return torch.compile(model, backend="eager")


def compiled_in_place(model):
    model.compile(backend="aot_eager")
    return model


def compiled_in_part(model):
    model[1] = torch.compile(model[1], backend="eager")
    return model


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
@pytest.mark.parametrize("compiled", [compiled_whole, compiled_in_place, compiled_in_part])
@pytest.mark.parametrize("warm", [False, True])
def test_a_compiled_model_has_the_figures_of_the_original(compiled, warm):
    model, x = perceptron()
    expected = activation_stats(model, x, loss_of).layers
    torch.compiler.reset()
    model = compiled(model)
    if warm:
        model(x)
    assert activation_stats(model, x, loss_of).layers == expected
    if warm:
        with torch.compiler.set_stance("fail_on_recompile"):
            model(x)


def test_wrapped_models_have_the_figures_of_the_model():
    model, x = perceptron()
    expected = activation_stats(model, x, loss_of).layers
    assert activation_stats(nn.DataParallel(model), x, loss_of).layers == expected
    with one_process():
        assert activation_stats(nn.parallel.DistributedDataParallel(model), x, loss_of).layers == expected


@pytest.mark.skipif(torch.__version__ < (2, 7), reason="torch shards models on the CPU from 2.7 on")
def test_sharded_models_have_the_gradients_of_the_model():
    from torch.distributed.fsdp import fully_shard

    model, x = perceptron()
    expected = activation_stats(model, x, loss_of).layers
    with one_process():
        for each in (model[0], model[2], model):
            fully_shard(each)
        found = activation_stats(model, x, loss_of).layers
        assert [(a.name, a.rms) for a in found] == [(a.name, a.rms) for a in expected]
        assert [a.gradient_rms for a in found] == pytest.approx([a.gradient_rms for a in expected], rel=1e-6)
        loss_of(model(x)).backward()


@contextmanager
def one_process():
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_what_cannot_be_looked_at_is_refused():
    model, x = perceptron()
    with pytest.raises(TypeError) as refused:
        activation_stats(nn.Sequential(torch.jit.script(model)), x)
    assert str(refused.value) == (
        "activation_stats() model is scripted, and runs its layers where they cannot be looked at; expected the module "
        "that torch.jit was given"
    )
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole text is compared
        activation_stats(model.to("meta"), x.to("meta"))
    assert str(refused.value) == (
        "activation_stats() model has no values at 0, on the device meta or as a fake tensor; expected a model and a "
        "batch with values"
    )


@dataclass
class Output:
    logits: torch.Tensor


@pytest.mark.parametrize(
    "made", [Output, lambda x: {"mask": torch.ones(2, dtype=torch.bool), "x": x}, lambda x: [(x,)], lambda x: (None, x)]
)
def test_the_first_floating_tensor_of_an_output_is_measured(made):
    (layer,) = activation_stats(Returns(made(torch.full((2, 3), -4.0))), torch.ones(1))
    assert (layer.largest, layer.rms) == (4, 4)


def test_the_loss_gets_the_output_as_it_is():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x):
            return Output(self.linear(x))

    (layer,) = activation_stats(Net(), {"x": torch.randn(2, 4)}, lambda output: output.logits.sum())
    assert layer.gradient_rms == 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_narrow_dtypes(dtype):
    (layer,) = activation_stats(Returns(torch.full((2, 3), 2.0).to(dtype)), torch.ones(1))
    assert (layer.rms, layer.largest, layer.not_finite) == (2, 2, 0)


def test_a_sparse_output_is_measured_with_its_zeros():
    (layer,) = activation_stats(Returns(torch.tensor([[0.0, 3.0], [0.0, 4.0]]).to_sparse()), torch.ones(1))
    assert (layer.dead, layer.largest) == (0.5, 4)


def test_what_is_not_finite_is_told():
    values = torch.tensor([[torch.inf, -5.0], [torch.nan, 2.0]])
    layer, bad = activation_stats(nn.Sequential(Returns(values), nn.Tanh()), torch.ones(1))
    assert (layer.largest, layer.not_finite, bad.not_finite) == (5, 0.5, 0.25)
    (none,) = activation_stats(Returns(torch.full((2, 2), torch.nan)), torch.ones(1))
    assert (none.largest, none.not_finite) == (None, 1)


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.filterwarnings("ignore:None of the inputs:UserWarning")
def test_a_checkpoint_does_not_list_its_layers_twice(reentrant):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block()

        def forward(self, x):
            return checkpoint(self.block, x, use_reentrant=reentrant)

    assert [layer.name for layer in activation_stats(Net(), torch.randn(3, 8))] == [
        "block.norm",
        "block.linear",
        "block",
    ]


def test_a_lazy_layer_runs():
    assert activation_stats(nn.Sequential(nn.LazyLinear(3), nn.ReLU()), torch.randn(2, 4)).layers[1].kind == "ReLU"
