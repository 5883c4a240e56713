"""track_memory against torch's newer profiler, the statistics of the CUDA allocator, and sums done by hand."""

import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional

from tensorglass import default_device, track_memory
from tensorglass.memory.calls import OperationCall
from tensorglass.memory.peak import DeviceMemory
from tensorglass.memory.tracking import MemoryTrace

DEVICE = default_device()
OCCUPIED = (
    r"^track_memory\(\) cannot begin here: "
    "another profiler, or a recording from outside this backward pass, is running$"
)


def ones(count):
    return torch.ones(count, device=DEVICE)


def block(count):
    """The bytes that the allocator hands out for so many floats."""
    return 4 * count if DEVICE.type == "cpu" else -(-4 * count // 512) * 512


def test_each_call_is_told_in_order():
    x = ones(1000)
    with track_memory() as memory:
        y = x.exp()
        z = y.sin()
        del y
        w = z.cos()
        del w
    size = block(1000)
    assert [(call.operation, call.before, call.highest, call.after, call.allocated) for call in memory.calls] == [
        ("exp", 0, size, size, size),
        ("sin", size, 2 * size, 2 * size, size),
        ("between operations", 2 * size, 2 * size, size, 0),
        ("cos", size, 2 * size, 2 * size, size),
        ("between operations", 2 * size, 2 * size, size, 0),
    ]
    assert (memory.peak_bytes, memory.live_bytes, memory.allocated_bytes) == (2 * size, size, 3 * size)
    assert memory.peak_operation == "sin"
    assert memory.main.device == DEVICE.type
    assert [call.workspace for call in memory.calls] == [0] * 5
    del z


def test_one_gap_is_one_call_and_two_calls_are_two():
    with track_memory() as memory:
        a, b = ones(100), ones(200)
        del a, b
        c = ones(300)
    small, middle, large = block(100), block(200), block(300)
    assert [(call.operation, call.after) for call in memory.calls] == [
        ("ones", small),
        ("ones", small + middle),
        ("between operations", 0),
        ("ones", large),
    ]
    del c


def test_a_label_of_the_reader_names_what_runs_inside():
    with track_memory() as memory, torch.profiler.record_function("my part"):
        y = ones(1000).exp()
    assert {call.operation for call in memory.calls} == {"my part"}
    assert memory.calls[0].workspace == block(1000)
    del y


def test_an_inner_block_sees_its_part_and_the_outer_one_everything():
    with track_memory() as outer:
        a = ones(1000)
        with track_memory() as inner:
            b = ones(2000)
            with track_memory() as innermost:
                c = ones(3000)
            del b
        d = ones(4000)
    sizes = [block(count) for count in (1000, 2000, 3000, 4000)]
    assert innermost.peak_bytes == innermost.live_bytes == sizes[2]
    assert (inner.peak_bytes, inner.live_bytes) == (sizes[1] + sizes[2], sizes[2])
    assert outer.peak_bytes == max(sum(sizes[:3]), sizes[0] + sizes[2] + sizes[3])
    assert outer.live_bytes == sizes[0] + sizes[2] + sizes[3]
    assert [call.operation for call in outer.calls] == ["ones", "ones", "ones", "between operations", "ones"]
    del a, c, d


class Watched(torch.autograd.Function):
    """The exponential, with a backward pass that records its own memory, in two blocks."""

    @staticmethod
    def forward(ctx, x, traces):
        ctx.traces = traces
        return x.exp()

    @staticmethod
    def backward(ctx, gradient):
        with track_memory() as whole:
            first = ones(3000)
            with track_memory() as part:
                second = ones(2000)
        ctx.traces += [whole, part]
        del first, second
        return gradient, None


def test_a_backward_function_may_record_itself():
    traces = []
    Watched.apply(ones(1000).requires_grad_(), traces).sum().backward()
    assert [trace.live_bytes for trace in traces] == [block(3000) + block(2000), block(2000)]
    with track_memory() as later:
        kept = ones(500)
    assert later.live_bytes == block(500)
    del kept


def test_a_recording_cannot_begin_inside_a_backward_pass_that_is_recorded_from_outside():
    y = Watched.apply(ones(1000).requires_grad_(), []).sum()
    with track_memory() as outer:
        with pytest.raises(RuntimeError, match=OCCUPIED):
            y.backward()
        kept = ones(500)
    assert outer.calls[-1].operation == "ones"
    assert not torch._C._autograd._profiler_enabled()
    del kept


def test_blocks_may_end_in_any_order():
    first, second = track_memory(), track_memory()
    a = first.__enter__()
    x = ones(1000)
    b = second.__enter__()
    y = ones(2000)
    first.__exit__(None, None, None)
    z = ones(3000)
    second.__exit__(None, None, None)
    assert a.live_bytes == block(1000) + block(2000)
    assert b.live_bytes == block(2000) + block(3000)
    del x, y, z


def test_an_exception_inside_leaves_a_complete_record_and_nothing_running():
    with pytest.raises(KeyError), track_memory() as memory:
        kept = ones(1000)
        raise KeyError
    assert memory.peak_bytes == block(1000)
    with pytest.raises(KeyError), track_memory() as outer:
        with track_memory() as inner:
            raise KeyError
    assert inner.devices == outer.devices == ()
    assert not torch._C._autograd._profiler_enabled()
    with track_memory() as later:
        more = ones(500)
    assert later.peak_bytes == block(500)
    del kept, more


def test_an_error_of_torch_inside_counts_what_ran():
    with pytest.raises(RuntimeError, match="must match"), track_memory() as memory:
        ones(1000) + ones(999)
    assert memory.peak_bytes == block(1000) + block(999)
    assert memory.live_bytes in (0, block(1000) + block(999))  # the traceback may hold the operands


def test_threads_record_at_the_same_time_and_apart():
    together = threading.Barrier(4)
    results = {}

    def work(count):
        with track_memory() as memory:
            together.wait(timeout=60)
            for _ in range(50):
                x = ones(count)
                y = x.exp()
            together.wait(timeout=60)
            del x, y
        results[count] = memory

    threads = [threading.Thread(target=work, args=(count,)) for count in (1000, 2000, 3000, 4000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for count, memory in results.items():
        assert memory.peak_bytes == 3 * block(count)  # the new x beside the old x and y
        assert memory.live_bytes == 0
        assert memory.allocated_bytes == 100 * block(count)
    assert len(results) == 4


def test_another_thread_is_not_seen():
    with track_memory() as memory:
        thread = threading.Thread(target=lambda: ones(1000))
        thread.start()
        thread.join()
    assert memory.devices == ()


def test_it_cannot_run_inside_another_profiler():
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]):
        with pytest.raises(RuntimeError, match=OCCUPIED):
            with track_memory():
                pass
        ones(3)
    with track_memory() as memory:
        kept = ones(1000)
    assert memory.peak_bytes == block(1000)
    del kept


def test_figures_are_read_after_the_block():
    with track_memory() as memory:
        assert str(memory) == "still recording"
        for read in ("peak_bytes", "live_bytes", "calls", "devices", "notes"):
            expected = r"^track_memory\(\) is still recording; read its figures after the with block$"
            with pytest.raises(RuntimeError, match=expected):
                getattr(memory, read)


def test_nothing_is_told_as_nothing():
    with track_memory() as memory:
        pass
    assert str(memory) == "nothing was allocated or released"
    assert (memory.peak_bytes, memory.live_bytes, memory.allocated_bytes) == (0, 0, 0)
    assert memory.peak_operation == "between operations"
    assert memory.calls == memory.devices == memory.notes == ()
    assert memory.main.device == "cpu"


def test_backward_is_told_by_its_operations():
    x = ones(1000).requires_grad_()
    y = ones(1000).requires_grad_()
    (x * y).sum().backward()
    x.grad = None
    z = x * y
    with track_memory() as memory:
        z.backward(ones(1000))
    assert [call.operation for call in memory.calls if call.operation != "between operations"][:2] == [
        "ones",
        "MulBackward0",
    ]
    assert {call.operation for call in memory.calls} <= {"ones", "MulBackward0", "AccumulateGrad", "between operations"}


def trace(*devices):
    made = MemoryTrace()
    made._end(devices)
    return made


def test_the_figures_are_those_of_cuda_if_it_was_used():
    cpu = DeviceMemory("cpu", (OperationCall("add", 0, 90, 80, 90),))
    cuda = DeviceMemory("cuda", (OperationCall("mul", 0, 50, 40, 60),))
    for devices in ((cpu, cuda), (cuda, cpu)):
        memory = trace(*devices)
        assert (memory.peak_bytes, memory.live_bytes, memory.allocated_bytes) == (50, 40, 60)
        assert (memory.peak_operation, memory.calls) == ("mul", cuda.calls)
    assert trace(cpu).peak_bytes == 90


@pytest.mark.parametrize(("count", "told"), [(1, False), (2, True), (8, True)])
def test_several_cuda_devices_are_told(monkeypatch, count, told):
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)
    call = OperationCall("mul", 0, 50, 40, 60)
    sentence = "The figures for cuda are those of all CUDA devices together."
    assert (sentence in trace(DeviceMemory("cuda", (call,))).notes) == told
    assert sentence not in trace(DeviceMemory("cpu", (call,))).notes


@pytest.mark.parametrize(("name", "told"), [("mps", True), ("xpu", True), ("cuda", False)])
def test_a_device_that_is_not_seen_is_told(monkeypatch, name, told):
    accelerator = SimpleNamespace(is_available=lambda: True, current_accelerator=lambda: torch.device(name))
    monkeypatch.setattr(torch, "accelerator", accelerator, raising=False)
    expected = (f"Memory on {name} is not seen: torch's recorder reports only cpu and cuda.",) if told else ()
    assert trace().notes == expected
    accelerator.is_available = lambda: False
    assert trace().notes == ()


def test_before_torch_2_6_a_device_that_is_not_seen_is_told_too(monkeypatch):
    monkeypatch.delattr(torch, "accelerator", raising=False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    assert trace().notes == ()
    monkeypatch.setattr(torch.xpu, "is_available", lambda: True)
    assert trace().notes == ("Memory on xpu is not seen: torch's recorder reports only cpu and cuda.",)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert trace().notes == ("Memory on mps is not seen: torch's recorder reports only cpu and cuda.",)


def test_it_prints_a_table_with_the_highest_first():
    calls = (
        OperationCall("exp", 0, 4000, 4000, 4000),
        OperationCall("index", 4000, 12000, 6000, 9000),
        OperationCall("between operations", 6000, 6000, 2000, 0),
        OperationCall("exp", 2000, 6000, 6000, 4000),
    )
    assert str(trace(DeviceMemory("cpu", calls))) == (
        "cpu: peak 11.7 KiB in index, 5.9 KiB live at the end, 16.6 KiB allocated\n"
        "\n"
        "Bytes on cpu\n"
        "\n"
        "operation           calls  allocated  left live  workspace  highest live\n"
        "------------------  -----  ---------  ---------  ---------  ------------\n"
        "index                   1      9,000      2,000      6,000        12,000\n"
        "exp                     2      8,000      8,000          0         6,000\n"
        "between operations      1          0     -4,000          0         6,000"
    )


@pytest.mark.skipif(DEVICE.type == "cuda", reason="these are figures of the CPU")
def test_a_long_table_is_cut_to_the_highest():
    with track_memory() as memory:
        for i in range(45):
            with torch.profiler.record_function(f"part {i}"):
                torch.ones(100 * (i + 1))
    assert "\nBytes on cpu, the highest 40 of 45\n" in str(memory)
    assert "part 44" in str(memory)
    assert "part 5 " in str(memory)
    assert "part 4 " not in str(memory)
    assert "\nBytes on cpu\n" in str(trace(DeviceMemory("cpu", memory.calls[:40])))


@pytest.mark.skipif(DEVICE.type == "cuda", reason="the CUDA allocator sees every release")
def test_dropping_what_an_earlier_block_made_is_told():
    with track_memory():
        x = torch.ones(1000)
    with track_memory() as memory:
        del x
    assert memory.live_bytes == -4000
    assert memory.peak_bytes == 0
    assert memory.notes == ("More was released than allocated: tensors of an earlier recording were dropped here.",)
    told = "cpu: never more live than at the beginning, -3.9 KiB live at the end, 0 bytes allocated\n"
    assert str(memory).startswith(told)
    call = OperationCall("exp", 0, 4000, 0, 4000)
    assert trace(DeviceMemory("cpu", (call,))).notes == ()


UNKNOWN = "Memory block of unknown size was allocated before the profiling started"
DROPPING = """
import sys, torch, tensorglass
older = [torch.ones(10) for _ in range(int(sys.argv[1]))]
with tensorglass.track_memory() as memory:
    kept = torch.ones(1000).exp()
    del older
print(memory.peak_bytes, memory.live_bytes, memory.allocated_bytes, len(memory.notes))
"""


@pytest.mark.parametrize(("count", "lines"), [(0, 0), (1, 1), (1000, 1), (1001, 2)])
def test_what_torch_says_of_older_tensors_is_the_line_that_the_documentation_explains(count, lines):
    assert UNKNOWN in " ".join(track_memory.__doc__.split())
    command = [sys.executable, "-c", DROPPING, str(count)]
    for level, expected in (("WARNING", lines), ("ERROR", 0)):
        environment = os.environ | {"TORCH_CPP_LOG_LEVEL": level}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        assert [UNKNOWN in line for line in done.stderr.splitlines()] == [True] * expected
        assert done.stdout == "8000 4000 8000 0\n"


@pytest.mark.gpu
def test_on_cuda_the_work_is_told_for_cuda_and_the_rest_apart():
    with track_memory() as memory:
        x = torch.ones(1000)
        y = x.to("cuda")
    assert memory.main.device == "cuda"
    assert memory.peak_bytes == 8 * 512  # the allocator's blocks
    assert {each.device: each.peak_bytes for each in memory.devices} == {"cpu": 4000, "cuda": 8 * 512}
    del y


# --- against the allocator's own account ----------------------------------------------------------------------------


def allocator_peak(run):
    """The peak by the allocator's own account: its statistics on CUDA, the newer profiler's events on the CPU."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        kept = run()
        return torch.cuda.max_memory_allocated() - before, kept
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        kept = run()
    live = peak = 0
    pending = list(profile.profiler.kineto_results.experimental_event_tree())
    allocations = []
    while pending:
        event = pending.pop()
        pending += event.children
        if event.tag.name == "Allocation":
            allocations.append((event.start_time_ns, event.id, event.extra_fields.alloc_size))
    for _, _, size in sorted(allocations):
        live += size
        peak = max(peak, live)
    return peak, kept


def tensors():
    torch.manual_seed(0)
    images = torch.randn(4, 8, 32, 32, device=DEVICE)
    matrix = torch.randn(200, 200, device=DEVICE)
    return {
        "images": images,
        "kernel": torch.randn(8, 8, 3, 3, device=DEVICE),
        "matrix": matrix,
        "points": torch.randn(300, 16, device=DEVICE),
        "numbers": torch.randint(0, 1000, (20_000,), device=DEVICE),
        "long": torch.randn(50_000, device=DEVICE),
        "heads": torch.randn(2, 4, 64, 32, device=DEVICE),
    }


OPERATIONS = {
    "add": lambda t: t["matrix"] + 1,
    "attention": lambda t: functional.scaled_dot_product_attention(t["heads"], t["heads"], t["heads"]),
    "batch_norm": lambda t: functional.batch_norm(t["images"], None, None, training=True),
    "boolean indexing": lambda t: t["long"][t["long"] > 0],
    "cdist": lambda t: torch.cdist(t["points"], t["points"]),
    "conv2d": lambda t: functional.conv2d(t["images"], t["kernel"]),
    "cumsum": lambda t: t["long"].cumsum(0),
    "einsum": lambda t: torch.einsum("ij,jk,kl->il", t["matrix"], t["matrix"], t["matrix"]),
    "fft": lambda t: torch.fft.fft(t["long"]),
    "interpolate": lambda t: functional.interpolate(t["images"], scale_factor=2),
    "inverse": lambda t: torch.linalg.inv(t["matrix"]),
    "logsumexp": lambda t: t["matrix"].logsumexp(0),
    "matmul": lambda t: t["matrix"] @ t["matrix"],
    "max_pool2d": lambda t: functional.max_pool2d(t["images"], 2),
    "median": lambda t: t["long"].median(),
    "nonzero": lambda t: t["numbers"].nonzero(),
    "pairwise": lambda t: ((t["points"][:, None] - t["points"][None]) ** 2).sum(-1),
    "qr": lambda t: torch.linalg.qr(t["matrix"]),
    "softmax": lambda t: t["matrix"].softmax(-1),
    "sort": lambda t: t["long"].sort(),
    "svd": lambda t: torch.linalg.svd(t["matrix"]),
    "topk": lambda t: t["long"].topk(100),
    "unique": lambda t: torch.unique(t["numbers"]),
}


def modules():
    torch.manual_seed(0)
    return {
        "mlp": (torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.GELU(), torch.nn.Linear(256, 10)), (32, 64)),
        "cnn": (torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten()), (4, 3, 32, 32)),
        "lstm": (torch.nn.LSTM(16, 32, 2), (20, 4, 16)),
        "transformer": (torch.nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True), (4, 20, 32)),
        "batch norm": (torch.nn.BatchNorm2d(8), (4, 8, 16, 16)),
        "attention": (_SelfAttention(), (4, 20, 32)),
    }


class _SelfAttention(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(32, 4, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x)[0]


def assert_peak(run):
    run()  # what is made once, such as a library's workspace, is not the operation's
    expected, kept = allocator_peak(run)
    del kept
    with track_memory() as memory:
        kept = run()
    del kept
    tolerance = 0 if DEVICE.type == "cuda" else 0.01 * expected
    assert expected > 0
    assert abs(memory.peak_bytes - expected) <= tolerance, (memory.peak_bytes, expected)
    return memory


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_peak_of_an_operation_is_the_allocators(name):
    given = tensors()
    assert_peak(lambda: OPERATIONS[name](given))


@pytest.mark.parametrize("name", modules())
def test_the_peak_of_a_module_is_the_allocators_forward_and_backward(name):
    module, shape = modules()[name]
    module.to(DEVICE)
    x = torch.randn(shape, device=DEVICE, requires_grad=True)

    def step():
        output = module(x)
        (output[0] if isinstance(output, tuple) else output).sum().backward()
        gradients = [x.grad, *(parameter.grad for parameter in module.parameters())]
        module.zero_grad()
        x.grad = None
        return gradients

    memory = assert_peak(step)
    assert any("Backward" in call.operation for call in memory.calls)


@pytest.mark.skipif(DEVICE.type == "cuda", reason="these are figures of the CPU")
@pytest.mark.parametrize(("name", "ratio"), [("conv2d", 1.5), ("unique", 3.0), ("boolean indexing", 2.0)])
def test_workspaces_are_seen_that_outputs_do_not_show(name, ratio):
    given = tensors()
    OPERATIONS[name](given)
    with track_memory() as memory:
        output = OPERATIONS[name](given)
    assert memory.peak_bytes > ratio * output.nbytes
    assert max(call.workspace for call in memory.calls) > 0
