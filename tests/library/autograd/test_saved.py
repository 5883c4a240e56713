"""What autograd keeps, against counts that share no code with the recorder: torch's own fields, and the allocator."""

import copy
import gc
import threading
import warnings
import weakref

import pytest
import torch
from graph_walk import tensors_shown
from raising_programs import PROGRAMS
from saved_models import CHECKPOINTED, COUNTED, FAKED, VECTORS, Checkpointed, First, Reused, mlp
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile, record_function
from torch_versions import needs_compiled_code_seen

from tensorglass import default_device, record_saved, saved_for_backward
from tensorglass.autograd.recorder import SavingRecorder

DEVICE = default_device()


def made(build, shape):
    torch.manual_seed(0)
    with DEVICE:  # fake modules cannot be moved
        return build(), torch.randn(shape)


def read_from_graph(output, already):
    """Sum the bytes of the storages that torch's own fields lead to, without those there before."""
    there = {tensor.untyped_storage().data_ptr() for tensor in already}
    shown = {each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in tensors_shown(output)}
    return sum(nbytes for address, nbytes in shown.items() if address not in there)


def freed_with_the_graph(model, x):
    """Return the bytes that the allocator takes back when the only thing left of a forward pass is dropped."""
    if DEVICE.type == "cuda":
        loss = model(x).sum()
        before = torch.cuda.memory_allocated()
        del loss
        return before - torch.cuda.memory_allocated() - 512  # the loss itself
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        loss = model(x).sum()
        with record_function("graph is dropped"):
            del loss
    (dropped,) = (event for event in recorded.key_averages() if event.key == "graph is dropped")
    return -dropped.self_cpu_memory_usage - 4  # the loss itself


def blocks(saved):
    """Return what the allocator of this device takes for the storages that the graph alone holds."""
    freed = [storage for storage in saved.storages if storage.kind in ("activation", "number")]
    if DEVICE.type == "cpu":
        return sum(storage.nbytes for storage in freed)
    return sum(-(-storage.nbytes // 512) * 512 for storage in freed if storage.device.type == "cuda")


@pytest.mark.parametrize("name", COUNTED)
def test_torchs_own_fields_lead_to_as_many_bytes(name):
    model, x = made(*COUNTED[name])
    saved = saved_for_backward(model, x)
    there = [x, *model.parameters(), *model.buffers()]
    kept = sum(storage.nbytes for storage in saved.storages if storage.kind in ("activation", "number"))
    assert kept == read_from_graph(model(x), there) > 0


@pytest.mark.parametrize("name", COUNTED)
def test_the_allocator_takes_back_as_many_bytes(name):
    model, x = made(*COUNTED[name])
    assert blocks(saved_for_backward(lambda: model(x).sum())) == freed_with_the_graph(model, x) > 0


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("random_state", [False, True])
@pytest.mark.parametrize("name", CHECKPOINTED)
def test_the_allocator_takes_back_as_many_bytes_with_checkpointing(name, random_state, reentrant):
    build, shape = CHECKPOINTED[name]
    model, x = made(lambda: build(reentrant=reentrant, random_state=random_state), shape)
    x.requires_grad_()
    saved = saved_for_backward(lambda: model(x).sum())
    assert blocks(saved) == freed_with_the_graph(model, x)
    random_states = [tensor.nbytes for tensor in saved.tensors if tensor.role == "random state"]
    generators = 2 if DEVICE.type == "cuda" else 1  # a checkpoint keeps the state of the CPU's on each device
    assert len(random_states) == (generators * len(model.parts) if random_state else 0)


def described(saved):
    return [
        (each.module, each.operation, each.node, each.field, each.role, each.kind, each.shape, each.dtype, each.storage)
        for each in saved.tensors
    ]


def real_and_fake(build, shape):
    real = saved_for_backward(*made(build, shape))
    with FakeTensorMode():
        fake = saved_for_backward(*made(build, shape))
    return real, fake


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("name", FAKED)
def test_fake_tensors_give_the_same_report(name):
    real, fake = real_and_fake(*FAKED[name])
    if any(tensor.node == "CudnnRnnBackward0" for tensor in real.tensors):
        assert fake.activation_bytes < real.activation_bytes
        assert "The kernels of recurrent layers on CUDA keep a workspace that fake tensors do not show." in fake.notes
        return
    assert described(fake) == described(real)
    assert [storage.nbytes for storage in fake.storages] == [storage.nbytes for storage in real.storages]
    assert fake.activation_bytes > 0
    assert all(storage.fake for storage in fake.storages)
    assert fake.notes[0] == (
        "Nothing was allocated for fake tensors: their sizes are those that the kernels of "
        f"{torch.empty(0, device=DEVICE).device} would keep."
    )
    assert len(fake.notes) == 1 + ("LSTM" in name) + ("checkpointed" in name)
    assert real.notes == fake.notes[1:] if "checkpointed" in name else real.notes == ()


@pytest.mark.skipif(DEVICE.type == "cuda", reason="the gaps are those of the CPU's kernels")
@pytest.mark.parametrize(
    ("build", "input_of", "warning"),
    [
        (
            lambda: First(nn.LSTM(16, 8)),
            lambda: torch.zeros(2, 5, 16),
            "The kernel of an LSTM may keep a workspace that fake tensors do not show.",
        ),
        (
            lambda: nn.EmbeddingBag(10, 8, mode="max"),
            lambda: torch.zeros(2, 5, dtype=torch.long),
            "The kernel of an EmbeddingBag may keep some bytes more than fake tensors show.",
        ),
    ],
)
def test_where_fake_tensors_show_less_the_report_says_so(build, input_of, warning):
    real = saved_for_backward(build(), input_of())
    with FakeTensorMode():
        fake = saved_for_backward(build(), input_of())
    assert fake.activation_bytes < real.activation_bytes
    assert warning in fake.notes
    assert warning not in real.notes


def test_a_model_far_larger_than_this_machine_is_counted_without_allocating_it():
    width, layers, tokens = 12_288, 96, 2048
    with FakeTensorMode():
        stack = [nn.TransformerEncoderLayer(width, 96, 4 * width, dropout=0.0, batch_first=True) for _ in range(layers)]
        one = saved_for_backward(stack[0], torch.empty(1, tokens, width))
        all_of_them = saved_for_backward(nn.Sequential(*stack), torch.empty(1, tokens, width))
        parameters = sum(parameter.nbytes for layer in stack for parameter in layer.parameters())
    # The first layer's input was there before; the input of each other one is the output of the layer below.
    between = tokens * width * 4
    assert all_of_them.activation_bytes == layers * one.activation_bytes + (layers - 1) * between
    assert all_of_them.activation_bytes > 100 * 2**30
    assert parameters > 600 * 2**30


def test_meta_tensors_are_counted_and_named():
    with torch.device("meta"):
        model, x = mlp(), torch.empty(VECTORS)
    saved = saved_for_backward(model, x)
    assert saved.activation_bytes == saved_for_backward(mlp(), torch.zeros(VECTORS)).activation_bytes
    assert "the kernels of meta would keep" in saved.notes[0]


FAKE_CUDA = (
    r"^record_saved\(\) met a fake tensor on cuda:0, where there is no CUDA; expected fake tensors on a device of this "
    "machine, such as cpu, since torch ends the process when it computes with others$"
)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("function", [lambda x: (x * 2).exp(), lambda x: x.sin(), functional.relu])
def test_fake_cuda_without_cuda_is_refused_before_torch_ends_the_process(function):
    with FakeTensorMode():
        x = torch.empty(3, 4, device="cuda").requires_grad_()
        with pytest.raises(RuntimeError, match=FAKE_CUDA):
            saved_for_backward(function, x)
        model = nn.Linear(4, 4, device="meta")
        model.weight = nn.Parameter(torch.empty(4, 4, device="cuda"))
        with pytest.raises(RuntimeError, match=FAKE_CUDA):
            saved_for_backward(model, torch.empty(2, 4))


def outcome(program):
    try:
        program()
    except Exception as error:  # whatever it is, it has to be the same
        return type(error), str(error)
    return None


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_raises_without_a_recording_raises_the_same_with_it(name):
    without = outcome(PROGRAMS[name])
    with record_saved():
        recorded = outcome(PROGRAMS[name])
    assert without is not None
    assert recorded == without


def gradients(model, x):
    model(x).pow(2).mean().backward()
    return [parameter.grad for parameter in model.parameters()]


@pytest.mark.parametrize("name", [*COUNTED, "checkpointed"])
def test_gradients_are_bit_equal(name):
    build, shape = CHECKPOINTED["encoder layer with dropout"] if name == "checkpointed" else COUNTED[name]
    plain = gradients(*made(build, shape))
    with record_saved() as saved:
        recorded = gradients(*made(build, shape))
    assert saved.activation_bytes > 0
    assert all(torch.equal(a, b) for a, b in zip(plain, recorded, strict=True))


def test_nothing_lives_longer_and_nothing_is_left():
    model, x = made(mlp, VECTORS)
    gc.disable()
    try:
        with record_saved() as saved:
            h = model(x)
            loss = h.sum()
            node, tensor = weakref.ref(h), weakref.ref(loss)
        kept = [storage for storage in saved.storages if storage.kind == "activation"]
        assert all(storage.alive for storage in kept)
        references = [each.reference for each in recorded_storages(model, x)]
        assert all(reference.expired() for reference in references)
        del h, loss
        assert node() is tensor() is None
    finally:
        gc.enable()
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks
    assert torch.overrides._get_current_function_mode_stack() == []


def recorded_storages(model, x):
    recorder = SavingRecorder()
    with recorder:
        loss = model(x).sum()
    kept = [each for each in recorder.storages if each.kind == "activation"]
    assert kept
    assert all(each.alive for each in kept)
    del loss
    return kept


def test_an_error_inside_leaves_nothing_behind_and_the_report_complete():
    x = torch.ones(3, device=DEVICE, requires_grad=True)

    def forward(each):
        kept.append(each.exp())
        raise KeyError("in the middle")

    kept = []
    module = First(nn.Identity())
    module.forward = forward
    with pytest.raises(KeyError, match="in the middle"), record_saved() as saved:
        module(x)
    assert [(each.module, each.operation) for each in saved.tensors] == [("First", "exp")]
    assert not torch.nn.modules.module._global_forward_hooks
    assert torch.overrides._get_current_function_mode_stack() == []
    with record_saved() as saved:
        y = x.exp()
    assert [each.module for each in saved.tensors] == [""]
    del y


def test_an_inner_block_sees_its_part_and_the_outer_one_everything():
    x = torch.ones(3, device=DEVICE, requires_grad=True)
    with record_saved() as outer:
        a = x.exp()
        with record_saved() as inner:
            b = a.sin()
        c = b.tanh()
    assert [each.operation for each in inner.tensors] == ["sin"]
    assert [each.kind for each in inner.tensors] == ["input"]
    assert [each.operation for each in outer.tensors] == ["exp", "sin", "tanh"]
    assert [each.kind for each in outer.tensors] == ["activation"] * 3
    assert [each.storage for each in outer.tensors] == [0, 0, 1]
    del c


def test_each_thread_sees_its_own():
    x = torch.ones(3, device=DEVICE, requires_grad=True)
    model = nn.Sequential(nn.Tanh())
    started, finished = threading.Event(), threading.Event()

    def other():
        with record_saved() as saved:
            started.set()
            finished.wait(10)
            results.append((model(x).exp(), saved))

    results = []
    thread = threading.Thread(target=other)
    thread.start()
    started.wait(10)
    with record_saved() as mine:
        y = model(x * 1)
        finished.set()
        thread.join()
    assert [each.operation for each in mine.tensors][-1] == "tanh"
    assert "exp" not in {each.operation for each in mine.tensors}
    assert [each.operation for each in results[0][1].tensors] == ["tanh", "exp"]
    del y


def test_a_reused_module_counts_each_call():
    once, thrice = (saved_for_backward(*made(lambda times=times: Reused(times), VECTORS)) for times in (1, 3))
    assert thrice.activation_bytes == 3 * once.activation_bytes == 3 * 6 * 8 * 4
    assert [share.module for share in thrice.modules] == ["Reused.layer", "Reused"]
    assert [share.tensors for share in thrice.modules] == [5, 3]  # the first call's input needs no gradient


def test_the_graph_of_a_backward_pass_is_seen_too():
    x = torch.ones(3, device=DEVICE, requires_grad=True)
    with record_saved() as saved:
        (gradient,) = torch.autograd.grad(x.exp().sum(), x, create_graph=True)
    of_forward, of_backward = ("exp", "ExpBackward0", "result"), ("grad", "MulBackward0", "self")
    seen = [(each.operation, each.node, each.field) for each in saved.tensors]
    # On CUDA the backward pass runs in a thread of its own, and what is built there is not seen.
    assert seen == ([of_forward] if DEVICE.type == "cuda" else [of_forward, of_backward])
    del gradient


def test_what_hooks_of_the_user_put_in_place_of_a_tensor_counts():
    x = torch.ones(100, device=DEVICE, requires_grad=True)

    def halved(tensor):
        return {"packed": [tensor.half()]}

    with torch.autograd.graph.saved_tensors_hooks(halved, lambda packed: packed["packed"][0].float()):
        saved = saved_for_backward(torch.exp, x)
    assert [(each.role, each.dtype, each.nbytes) for each in saved.tensors] == [("output", torch.float16, 200)]
    with torch.autograd.graph.save_on_cpu():
        saved = saved_for_backward(torch.exp, x)
    assert [(each.role, each.nbytes) for each in saved.tensors] == [("output", 400)]
    assert [storage.device.type for storage in saved.storages] == ["cpu"]


def test_a_checkpoint_is_told_once_with_what_it_starts_from():
    model, x = made(lambda: Checkpointed(mlp(), nn.Tanh()), VECTORS)
    saved = saved_for_backward(model, x)
    told = [(each.operation, each.role, each.kind, each.shape) for each in saved.tensors]
    states = [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if DEVICE.type == "cuda" else [])]
    kept = [("checkpoint", "random state", "activation", tuple(state.shape)) for state in states]
    half = 1 + len(kept)
    assert (told[0], *sorted(told[1:half])) == (("checkpoint", "input", "input", (6, 8)), *sorted(kept))
    assert (told[half], *sorted(told[half + 1 :])) == (("checkpoint", "input", "activation", (6, 4)), *sorted(kept))
    assert {(each.node, each.field) for each in saved.tensors} == {("", "")}


def test_inside_a_checkpoint_what_is_computed_again_is_not_counted_twice():
    model, x = made(lambda: Checkpointed(mlp(), random_state=False), VECTORS)
    with record_saved() as saved:
        model(x.requires_grad_()).sum().backward()
    assert [(each.operation, each.kind) for each in saved.tensors] == [("checkpoint", "input")]


def test_a_function_transform_runs_as_it_does_without():
    def f(x):
        return (x.sin() * x).sum()

    x = torch.rand(3, device=DEVICE)
    with record_saved() as saved:
        gradient = torch.func.grad(f)(x)
        many = torch.vmap(torch.func.grad(f))(x.expand(2, 3))
    assert torch.equal(gradient, torch.func.grad(f)(x))
    assert torch.equal(many, torch.vmap(torch.func.grad(f))(x.expand(2, 3)))
    assert "sin" in {each.operation for each in saved.tensors}


@needs_compiled_code_seen
def test_a_compiled_function_runs_as_it_does_without():
    @torch.compile(backend="aot_eager")
    def f(x):
        return x.exp().sin().sum()

    x = torch.rand(3, device=DEVICE, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = f(x)
        with record_saved() as saved:
            y = f(x)
            y.backward()
    assert torch.equal(y, expected)
    assert torch.allclose(x.grad, x.detach().exp().cos() * x.detach().exp())
    assert [(each.operation, each.kind) for each in saved.tensors] == [("CompiledFunction", "activation")]
    assert saved.notes == ()


def test_in_place_operations_on_views_are_named_as_not_seen():
    with record_saved() as saved:
        h = torch.ones(4, 4, device=DEVICE, requires_grad=True) * 1
        h[0].exp_()
        h[1] = 3
        y = h.sin()
    assert [each.operation for each in saved.tensors if each.kind != "number"] == ["sin"]
    assert saved.notes == (
        "Not seen: what 2 operations saved (exp_, setitem); in-place operations on views, scripted code and "
        "functions of C++ extensions do not show it.",
    )
    del y


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_module_the_random_state_and_the_modes_are_left_as_they_were(mode):
    model, x = made(lambda: nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(0.5)), VECTORS)
    getattr(model, mode)()
    buffers = copy.deepcopy(dict(model.named_buffers()))
    versions = [buffer._version for buffer in model.buffers()]
    state = torch.get_rng_state()
    saved = saved_for_backward(model, x)
    assert all(torch.equal(buffer, buffers[name]) for name, buffer in model.named_buffers())
    assert versions == [buffer._version for buffer in model.buffers()]
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training == (mode == "train")
    assert torch.is_grad_enabled()
    assert all(parameter.grad is None for parameter in model.parameters())
    assert saved.buffer_bytes == 2 * 8 * 4
    assert ("mask" in {each.role for each in saved.tensors}) == (mode == "train")
