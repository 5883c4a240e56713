"""What is kept of models that are compiled, wrapped, sharded or run by several threads, against torch's hooks.

The hooks see each tensor that is saved; its storage was there before, or it was not. What they count shares no code
with the recorder.
"""

import re
import threading
import warnings

import pytest
import torch
from torch import nn
from torch_versions import needs_compiled_code_seen, needs_saved_tensors

from tensorglass import record_saved, saved_for_backward

X = torch.randn(16, 32, generator=torch.Generator().manual_seed(0))


def mlp():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 4))


def by_hooks(call, before):
    """Return the bytes of new storages that are saved, and of those that lie behind the tensors in `before`."""
    there = {tensor.untyped_storage()._cdata: tensor.untyped_storage() for tensor in before}
    new, old = {}, {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        (old if storage._cdata in there else new)[storage._cdata] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = call()
    del result
    return tuple(sum(storage.nbytes() for storage in storages.values()) for storages in (new, old))


def told(saved):
    """Return the same two figures of a recording, without the tensors that torch makes of Python numbers."""
    numbers = sum(storage.nbytes for storage in saved.storages if storage.kind == "number")
    return saved.activation_bytes, saved.nbytes - saved.activation_bytes - numbers


class Broken(nn.Module):
    """Compiled in two parts, with a part between them that is not."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(32, 32), nn.Linear(32, 32)

    def forward(self, x):
        x = self.first(x).sin()
        torch._dynamo.graph_break()
        return self.second(x).cos()


class Net(nn.Module):
    """Compiled in place, a `Sequential` alone would not be compiled: its code is torch's own."""

    def __init__(self):
        super().__init__()
        self.layers = mlp()

    def forward(self, x):
        return self.layers(x).exp()


def in_place(model, **options):
    model.compile(**options)
    return model


def inside(**options):
    model = mlp()
    return nn.Sequential(torch.compile(model[:3], **options), model[3:])


COMPILED = {
    "eager": lambda: torch.compile(mlp(), backend="eager"),
    "aot_eager": lambda: torch.compile(mlp(), backend="aot_eager"),
    "one graph": lambda: torch.compile(mlp(), backend="aot_eager", fullgraph=True),
    "any size": lambda: torch.compile(mlp(), backend="aot_eager", dynamic=True),
    "in place": lambda: in_place(Net(), backend="aot_eager"),
    "a part": lambda: inside(backend="aot_eager"),
    "broken": lambda: torch.compile(Broken(), backend="aot_eager"),
}


@pytest.fixture
def fresh_compiler():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch._dynamo.reset()
        yield
        torch._dynamo.reset()


def compare(model):
    before = [X, *model.parameters(), *model.buffers()]
    first = told(saved_for_backward(model, X))  # it compiles
    counted = by_hooks(lambda: model(X), before)
    assert first == told(saved_for_backward(model, X)) == counted
    assert counted[0] > 0
    assert by_hooks(lambda: model(X), before) == counted


@needs_compiled_code_seen
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("name", COMPILED)
def test_compiled_models(name):
    compare(COMPILED[name]())


@pytest.mark.long
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("make", [lambda: torch.compile(mlp()), lambda: in_place(Net()), inside])
def test_models_that_inductor_compiles(make):
    compare(make())


@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("wrap", [torch.compile, in_place], ids=["wrapped", "in place"])
def test_recordings_compile_a_model_once_and_it_stays_compiled_without_them(wrap):
    compiled = []

    def backend(graph, inputs):
        compiled.append(graph)
        return graph.forward

    model = wrap(Net(), backend=backend)
    model(X)
    alone = len(compiled)
    saved_for_backward(model, X)
    recorded = len(compiled)
    for _ in range(3):
        saved_for_backward(model, X)
        model(X)
    assert len(compiled) == recorded
    assert alone > 0


@needs_compiled_code_seen
@pytest.mark.usefixtures("fresh_compiler")
def test_a_compiled_function_in_a_block():
    f = torch.compile(lambda a, b: torch.sin(a @ b).relu(), backend="aot_eager")
    a, b = torch.randn(20, 30, requires_grad=True), torch.randn(30, 40, requires_grad=True)
    f(a, b)
    with record_saved() as saved:
        y = f(a, b)
    del y
    assert told(saved) == by_hooks(lambda: f(a, b), [a, b])


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize(
    "wrap",
    [nn.DataParallel, lambda model: torch.jit.trace(model, X), torch.fx.symbolic_trace],
    ids=["DataParallel", "trace", "fx"],
)
def test_wrapped_models(wrap):
    model = wrap(mlp())
    before = [X, *model.parameters()]
    assert told(saved_for_backward(model, X)) == by_hooks(lambda: model(X), before)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_scripted_models_are_seen_until_they_are_optimized():
    model = torch.jit.script(mlp())
    first = saved_for_backward(model, X)
    assert first.activation_bytes > 0
    for _ in range(3):
        model(X)
    (note,) = saved_for_backward(model, X).notes
    assert re.match(r"Not seen: what 1 operation saved \(torch::jit::.*DifferentiableGraph\)", note)


@pytest.fixture(scope="module")
def one_process():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
        yield torch.distributed.init_device_mesh("cpu", (1,))
        torch.distributed.destroy_process_group()


@pytest.mark.filterwarnings("ignore")
def test_parallel_on_one_process(one_process):
    model = nn.parallel.DistributedDataParallel(mlp())
    plain = saved_for_backward(mlp(), X)
    assert told(saved_for_backward(model, X)) == told(plain)


@pytest.mark.skipif(torch.__version__ < (2, 7), reason="torch shards models on the CPU from 2.7 on")
@pytest.mark.filterwarnings("ignore")
def test_sharded_on_one_process(one_process):
    """FSDP2 gathers the weights for each layer, and gives their memory back after it."""
    from torch.distributed.fsdp import fully_shard

    model = mlp()
    for each in (model[0], model[2], model[4], model):
        fully_shard(each)
    saved, plain = saved_for_backward(model, X), saved_for_backward(mlp(), X)
    assert [(each.operation, each.role, each.shape) for each in saved.tensors] == [
        (each.operation, each.role, each.shape) for each in plain.tensors
    ]
    assert told(saved) == by_hooks(lambda: model(X), [X])
    assert saved.activation_bytes == plain.activation_bytes
    assert saved.parameter_bytes == 0  # they were given back after each layer


@pytest.mark.filterwarnings("ignore")
def test_split_by_columns_and_rows_on_one_process(one_process):
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    model = parallelize_module(mlp(), one_process, {"0": ColwiseParallel(), "2": RowwiseParallel()})
    saved = saved_for_backward(model, X)
    assert saved.activation_bytes == saved_for_backward(mlp(), X).activation_bytes
    with record_saved() as recorded:
        loss = model(X).sum()
        loss.backward()
    assert recorded.activation_bytes > 0
    assert recorded.notes == ()


def in_a_thread(function):
    found = {}

    def run():
        found["result"] = function()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found["result"]


def recorded(function):
    with record_saved() as saved:
        result = function()
    return saved, result


@needs_saved_tensors
@pytest.mark.parametrize("before", [0, 1, 5, 20, 100])
def test_what_another_thread_made_before_was_there_before(before):
    hidden = nn.Sequential(*[nn.Sequential(nn.Linear(8, 8), nn.ReLU()) for _ in range(10)])(torch.randn(5, 8))
    head = nn.Linear(8, 1)

    def work():
        x = torch.ones(2, requires_grad=True)
        for _ in range(before):
            x = x.sin()
        return recorded(lambda: head(hidden))

    saved, _ = in_a_thread(work)
    assert [(each.operation, each.role, each.kind) for each in saved.tensors] == [
        ("linear", "input", "input"),
        ("linear", "weight", "parameter"),
    ]


OF_SEVERAL_NODES = {
    "linear": lambda h: torch.nn.functional.linear(h, torch.ones(3, 8, requires_grad=True)),
    "tensordot": lambda h: torch.tensordot(h, torch.ones(8, 3, requires_grad=True), 1),
    "attention": lambda h: torch.nn.functional.scaled_dot_product_attention(h, h, h),
    "standard deviation": lambda h: torch.nn.functional.layer_norm(h, (8,)).std(),
}


@needs_saved_tensors
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
@pytest.mark.parametrize("name", OF_SEVERAL_NODES)
def test_nodes_of_two_threads_that_have_one_number_are_told_apart(name, depth):
    """A call that makes several nodes at once gives them the numbers that the nodes behind its input have."""
    hidden = torch.randn(4, 6, 8, requires_grad=True)

    def chain():
        x = hidden
        for _ in range(depth):
            x = x.sin()
        return x

    there = in_a_thread(chain)
    saved, _ = in_a_thread(lambda: recorded(lambda: OF_SEVERAL_NODES[name](there)))
    assert saved.tensors
    assert "SinBackward0" not in {each.node for each in saved.tensors}


@pytest.mark.parametrize("length", [1, 5, 20, 100])
def test_what_a_worker_made_is_not_made_here(length):
    def chain():
        x = torch.randn(5, 5, requires_grad=True)
        for _ in range(length):
            x = x.sin()
        return x

    made = in_a_thread(chain)
    own = torch.ones(3, requires_grad=True)
    saved, _ = recorded(lambda: (own.sin().sin().sin(), made.exp() * 2))
    assert [each.operation for each in saved.tensors if each.kind != "number"] == ["sin", "sin", "sin", "exp"]
