"""Kinds of models, and what is asked about each. They are run on a batch of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from table import NOT_SEEN, Kind, Question
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.nn import functional as F

import tensorglass as tg


def plain() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))


def in_place(model: nn.Module) -> nn.Module:
    model.compile(backend="eager")
    return model


def compiled_inside() -> nn.Module:
    model = plain()
    model[0] = torch.compile(model[0], backend="eager")
    return model


def of_one_process(wrap: Callable[[nn.Module], nn.Module]) -> nn.Module:
    import torch.distributed as dist

    if dist.is_initialized() and dist.get_world_size() > 1:
        dist.destroy_process_group()
    if not dist.is_initialized():
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    return wrap(plain())


def sharded(model: nn.Module) -> nn.Module:
    from torch.distributed.fsdp import fully_shard

    for each in (model[0], model[2], model):
        fully_shard(each)
    return model


def in_columns(model: nn.Module) -> nn.Module:
    from torch.distributed.tensor import init_device_mesh
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    plan = {"0": ColwiseParallel(), "2": RowwiseParallel()}
    return parallelize_module(model, init_device_mesh("cpu", (1,)), plan)


def quantized() -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(plain(), {nn.Linear})


def lazy() -> nn.Module:
    return nn.Sequential(nn.LazyLinear(16), nn.ReLU(), nn.LazyLinear(4))


def fake() -> nn.Module:
    with FakeTensorMode():
        return plain()


def on_meta() -> nn.Module:
    with torch.device("meta"):
        return plain()


def gpt2() -> nn.Module:
    import transformers

    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=100, n_positions=32, n_embd=32, n_layer=2, n_head=4)
    return transformers.GPT2LMHeadModel(config)


def llama() -> nn.Module:
    import transformers

    torch.manual_seed(0)
    sizes = {"vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, num_attention_heads=4))


def with_adapters() -> nn.Module:
    import peft

    return peft.get_peft_model(llama(), peft.LoraConfig(r=4, target_modules=["q_proj"]))


PLAIN = 4 * (8 * 16 + 16 + 16 * 4 + 4)
KINDS = {
    "plain module": Kind(plain, PLAIN),
    "`torch.compile(model)`": Kind(lambda: torch.compile(plain(), backend="eager"), PLAIN),
    "`model.compile()`": Kind(lambda: in_place(plain()), PLAIN),
    "compiled inside": Kind(compiled_inside, PLAIN),
    "`torch.jit.script`": Kind(lambda: torch.jit.script(plain()), PLAIN),
    "`torch.jit.trace`": Kind(lambda: torch.jit.trace(plain(), torch.ones(5, 8)), PLAIN),
    "`torch.fx.GraphModule`": Kind(lambda: torch.fx.symbolic_trace(plain()), PLAIN),
    "`DataParallel`": Kind(lambda: nn.DataParallel(plain()), PLAIN),
    "`DistributedDataParallel`": Kind(lambda: of_one_process(nn.parallel.DistributedDataParallel), PLAIN),
    "`fully_shard` (FSDP2)": Kind(lambda: of_one_process(sharded), PLAIN),
    "`parallelize_module`": Kind(lambda: of_one_process(in_columns), PLAIN),
    "quantized": Kind(quantized, 8 * 16 + 16 * 4),
    "lazy, not run yet": Kind(lazy, 0),
    "on the meta device": Kind(on_meta, PLAIN),
    "fake": Kind(fake, PLAIN),
    "GPT-2 of `transformers`": Kind(gpt2, 0),
    "Llama of `transformers`": Kind(llama, 0),
    "with LoRA adapters of `peft`": Kind(with_adapters, 0),
}


def batch_of(model: nn.Module) -> Any:
    """Return tokens for a language model, and vectors of the model's kind otherwise."""
    generator = torch.Generator().manual_seed(0)
    if hasattr(model, "config"):
        return torch.randint(3, 100, (2, 16), generator=generator)
    first = next(model.parameters(), torch.ones(1))
    with first.fake_mode if isinstance(first, FakeTensor) else nullcontext():
        return torch.ones(5, 8, device=first.device) if first.is_meta else torch.randn(5, 8, generator=generator)


def memory_of(model: nn.Module, kind: Kind) -> bool | str:
    wanted = kind.nbytes or sum(each.nbytes for each in model.parameters())
    return tg.memory_of(model).nbytes >= wanted


def saved_for_backward(model: nn.Module, _: Kind) -> bool | str:
    """Compare with torch's hooks, which see the tensors that are saved."""
    batch = batch_of(model)
    storages = {}

    def pack(tensor: Tensor) -> Tensor:
        local = tensor.to_local() if hasattr(tensor, "to_local") else tensor
        storages[local.untyped_storage()._cdata] = local.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model(batch)
    del output
    saved = tg.saved_for_backward(model, batch)
    if any(note.startswith("Not seen") for note in saved.notes):
        return NOT_SEEN
    numbers = sum(each.nbytes for each in saved.storages if each.kind == "number")
    return saved.nbytes - numbers == sum(each.nbytes() for each in storages.values())


def track_memory(model: nn.Module, _: Kind) -> bool | str:
    batch = batch_of(model)
    with tg.track_memory() as trace:
        model(batch)
    return trace.peak_bytes > 0 or isinstance(batch, FakeTensor)  # for which nothing is allocated


def activation_stats(model: nn.Module, _: Kind) -> bool | str:
    """Look for the model's output among the figures."""
    batch = batch_of(model)
    stats = tg.activation_stats(model, batch)
    with torch.no_grad():
        output = model(batch)
    rms = getattr(output, "logits", output).float().pow(2).mean().sqrt().item()
    return any(abs(layer.rms - rms) < 1e-3 * rms for layer in stats)


def initialize_(model: nn.Module, _: Kind) -> bool | str:
    """Look for weights that have changed; where there are none, the report must not say that it did anything."""
    before = {name: parameter.clone() for name, parameter in _matrices(model)}
    report = tg.initialize_(model, F.relu)
    if any(each.is_meta or isinstance(each, FakeTensor) for each in before.values()):
        return False if report else NOT_SEEN
    if any(not torch.equal(before[name], after) for name, after in _matrices(model)):
        return bool(report)
    return False if report else NOT_SEEN


def _matrices(model: nn.Module) -> list[tuple[str, Tensor]]:
    found = model.named_parameters()
    return [(name, each) for name, each in found if not nn.parameter.is_lazy(each) and each.dim() > 1]


def lsuv_(model: nn.Module, _: Kind) -> bool | str:
    report = tg.lsuv_(model, batch_of(model))
    return True if any(each.status == "normalised" for each in report.layers) else False if report else NOT_SEEN


FUNCTIONS: dict[str, Question] = {
    function.__name__: function
    for function in (memory_of, saved_for_backward, track_memory, activation_stats, initialize_, lsuv_)
}
