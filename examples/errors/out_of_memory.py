# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.10", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What does "CUDA out of memory" mean, and what helps?
====================================================

People ask this when training stops with "CUDA out of memory. Tried to allocate 2.00
GiB", in the first step or after hours.

:Level: beginner

Short answer
------------

The GPU had no room for one more tensor. If ``nvidia-smi`` shows another process of
yours, end that first. Training holds weights, gradients, the optimizer's state, and
what autograd keeps for the backward pass. This grows with the batch: halve the batch.
Evaluate under ``torch.no_grad()``. If memory grows from step to step, something keeps
tensors: store ``.item()``, or ``.detach().cpu()``.
"""

import torch
from tensorglass import saved_for_backward
from torch import nn

model = nn.Sequential(nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
kept = [saved_for_backward(model, torch.ones(n, 128)).activation_bytes for n in (1, 64)]
print("kept for one example, and for 64:", kept, "bytes")
assert kept == [4 * 128, 64 * 4 * 128]

# %%
# What a step holds, in two models. Above, 1,024 examples meet 8 layers of 128 units:
# there a smaller batch helps. Below, 32 examples meet 8 layers of 512 units: there most
# is the optimizer's, and a smaller batch helps little.

# More: defines the models, and draws what a step holds
import matplotlib.pyplot as plt
import torch.nn.functional as F
from tensorglass import default_device, memory_of

device = default_device()  # a GPU if there is one
on_gpu = device.type == "cuda"
MIB = 2**20
SIZES = {128: 1024, 512: 32}  # examples, by the width of the layers


def network(width, depth=8):
    layers = [nn.Sequential(nn.Linear(width, width), nn.ReLU()) for _ in range(depth)]
    return nn.Sequential(*layers, nn.Linear(width, 10)).to(device)


def examples(size, width):
    torch.manual_seed(0)
    batch = torch.randn(size, width, device=device)
    return batch, torch.randint(10, (size,), device=device)


def held_in_a_step(width):
    model, (batch, target) = network(width), examples(SIZES[width], width)
    optimizer = torch.optim.Adam(model.parameters())
    F.cross_entropy(model(batch), target).backward()
    optimizer.step()
    loss = F.cross_entropy(model(batch), target)
    return memory_of(model, optimizer, batch, loss).totals


kinds = {
    "parameters": "weights",
    "gradients": "gradients",
    "optimizer state": "state of Adam",
    "kept by autograd's graph": "kept for backward",
    "other": "the batch",
}
figure, axes = plt.subplots(2, 1, figsize=(6.4, 4.6), layout="constrained")
largest = {}
for ax, width in zip(axes, SIZES, strict=True):
    held = held_in_a_step(width)
    bars = {name: held[kind] / MIB for kind, name in kinds.items()}
    largest[width] = max(bars, key=bars.get)
    grows = [name in ("kept for backward", "the batch") for name in bars]
    colors = ["#d55e00" if each else "#0072b2" for each in grows]
    drawn = ax.barh(list(bars), list(bars.values()), color=colors)
    ax.bar_label(drawn, fmt="%.1f", padding=3)
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.2 * max(bars.values())), xlabel="MiB")
    ax.set_title(
        f"{SIZES[width]:,} examples, {width} units: orange grows with the batch"
    )
    told = ", ".join(f"{name} {mib:.1f}" for name, mib in bars.items())
    ax.set_label(f"Bars of what a training step holds, in MiB: {told}.")
    assert held["gradients"] == held["parameters"]
    assert held["optimizer state"] // held["parameters"] == 2
assert largest == {128: "kept for backward", 512: "state of Adam"}

# %%
# Take it home
# ------------
#
# One large step as four small ones, with the same gradients. (Not with batch norm, or a
# loss that compares examples. Where targets are ignored or classes weighted, divide by
# the sum of the weights that count.) And an evaluation that keeps nothing:

model, (batch, target) = network(128), examples(1024, 128)
total = 0.0
for part, labels in zip(batch.chunk(4), target.chunk(4), strict=True):
    loss = F.cross_entropy(model(part), labels, reduction="sum") / len(batch)
    loss.backward()  # adds to the gradients, and frees what this part kept
    total += loss.item()  # a number, which holds no graph
with torch.no_grad():
    predicted = model(batch).argmax(dim=1)
assert predicted.shape == (1024,)

# %%

# More: compares with the whole batch, also in unequal parts, and with weights
whole = F.cross_entropy(model(batch), target)
torch.testing.assert_close(total, whole.item())


def in_parts(batch, target, divisor, **options):
    model.zero_grad()
    for part, labels in zip(batch.chunk(4), target.chunk(4), strict=True):
        loss = F.cross_entropy(model(part), labels, reduction="sum", **options)
        (loss / divisor).backward()
    return [parameter.grad for parameter in model.parameters()]


def compare(*arguments, **options):
    batch, target, _ = arguments
    loss = F.cross_entropy(model(batch), target, **options)
    expected = torch.autograd.grad(loss, list(model.parameters()))
    for one, other in zip(in_parts(*arguments, **options), expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


unequal, labels = examples(1030, 128)
print("sizes of the parts:", [len(part) for part in unequal.chunk(4)])
assert len({len(part) for part in unequal.chunk(4)}) == 2
compare(batch, target, len(batch))
compare(unequal, labels, len(unequal))
weight = torch.linspace(1, 2, 10, device=device)
compare(unequal, labels, weight[labels].sum(), weight=weight)
labels = torch.where(labels > 6, -100, labels)  # such are ignored
compare(unequal, labels, (labels >= 0).sum())

# %%
# What helps, measured: the peak of two steps in MiB, for both models of the picture.

# More: trains two steps in each way, and prints the peaks
import gc

from tensorglass import track_memory
from torch.utils.checkpoint import checkpoint_sequential


def as_it_is(model, batch):
    return model(batch)


def checkpointed(model, batch):
    return checkpoint_sequential(model, 3, batch, use_reentrant=False)


def autocast(model, batch):
    with torch.autocast(device.type, dtype=torch.bfloat16):
        return model(batch)


def collected():
    gc.collect()
    torch.cuda.empty_cache()


def peak_of(width, way=as_it_is, parts=1, optimizer=torch.optim.Adam, **options):
    with track_memory() as memory:
        model = network(width)
        batch, target = examples(options.get("size", SIZES[width]), width)
        if options.get("in_place"):
            for layer in model[:-1]:
                layer[1] = nn.ReLU(inplace=True)
        if "dtype" in options:
            model, batch = model.to(options["dtype"]), batch.to(options["dtype"])
        weights = optimizer(model.parameters(), lr=0.001)
        for _ in range(2):
            weights.zero_grad(set_to_none=options.get("set_to_none", True))
            for part, labels in zip(
                batch.chunk(parts), target.chunk(parts), strict=True
            ):
                output = way(model, part)
                loss = F.cross_entropy(output.float(), labels) / parts
                loss.backward()
            weights.step()
            if options.get("deletes"):
                del output, loss
            options.get("after", int)()
    return memory.peak_bytes / MIB


ways = {
    "all in bfloat16": {"dtype": torch.bfloat16},
    "batch in 4 parts": {"parts": 4},
    "autocast to bfloat16": {"way": autocast},
    "checkpointing": {"way": checkpointed},
    "SGD instead of Adam": {"optimizer": torch.optim.SGD},
    "as it is": {},
    "ReLU(inplace=True)": {"in_place": True},
    "del output, loss": {"deletes": True},
    "collect, empty_cache": {"after": collected},
    "set_to_none=False": {"set_to_none": False},
}
if on_gpu:
    peak_of(128)  # makes room for the workspaces of matrix products, once
peaks = {
    name: [round(peak_of(width, **how), 1) for width in SIZES]
    for name, how in ways.items()
}
print(f"{'':20}  above  below")
for name, (above, below) in peaks.items():
    print(f"{name:20}{above:7}{below:7}")
if device.type == "cpu":  # a GPU adds workspaces, and rounds to blocks
    assert list(peaks.values())[:3] == [[3.6, 17.1], [3.8, 34.2], [5.1, 34.2]]
    assert list(peaks.values())[3:6] == [[5.2, 34.2], [6.1, 16.2], [7.1, 34.2]]
    assert list(peaks.values())[6:] == 3 * [[7.1, 34.2]] + [[7.6, 34.2]]
    assert list(peaks) == sorted(peaks, key=lambda name: peaks[name][0])

# %%
# First see which of the two models yours is like: ``memory_of(model, optimizer, loss)``
# lists what is held before ``backward``, and ``track_memory()`` a peak. If it fails
# before the first step, the weights are too many: load them in bfloat16. (In training
# they then lose small updates; autocast keeps them in float32.)

from tensorglass import explain_error

message = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has "
    "a total capacity of 23.65 GiB of which 1.10 GiB is free."
)
assert explain_error(message).fixes[0].code == "batch_size //= 2"
explain_error(message)

# %%
# So the library explains a pasted message, or an exception. ``with
# explained_errors():`` puts the same under the traceback.
#
# Why
# ---
#
# Memory is taken when a tensor is made, and given back when nothing refers to it any
# more: no variable, no list, no view of it, and no graph that kept it. A graph lives as
# long as a tensor with a ``grad_fn``, such as a loss; ``backward`` empties it, unless
# with ``retain_graph=True``. (PyTorch notes, *FAQ* and *CUDA semantics*, for eager
# mode.)


def held_after_4_batches(keep):
    with track_memory() as memory:
        kept = [keep(model(part).mean()) for part in batch.chunk(4)]
    del kept  # only now
    return round(memory.live_bytes / MIB, 1)


def backward(loss, **options):
    loss.backward(**options)
    return loss


held = [held_after_4_batches(keep) for keep in (lambda loss: loss, torch.Tensor.item)]
print("MiB held by losses:", held[0], "by their numbers:", held[1])
assert held == [4.0, 0.0]
assert held_after_4_batches(backward) == 0.0
assert held_after_4_batches(lambda loss: backward(loss, retain_graph=True)) == 4.0

# %%
# More: whatever is held of a step, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# We hold each subset of six things of a forward pass, 64 in all, and predict the bytes
# that stay live. The graph keeps the 8 activations. It is held by the loss and by the
# output, by neither of these detached. A row of the output holds all of the output.

import itertools

UNIT, OUTPUT, NUMBER = 256 * 128 * 4, 256 * 10 * 4, 4
part = batch[:256]
things = {
    "output": lambda output, loss: output,
    "output.detach()": lambda output, loss: output.detach(),
    "output.detach()[0]": lambda output, loss: output.detach()[0],
    "loss": lambda output, loss: loss,
    "loss.detach()": lambda output, loss: loss.detach(),
    "loss.item()": lambda output, loss: loss.item(),
}


def live_bytes(names):
    with track_memory() as memory:
        output = model(part)
        loss = output.sum()
        kept = [things[name](output, loss) for name in names]
        del output, loss
    del kept
    return memory.live_bytes


def predicted_bytes(names):
    graph = 8 * UNIT * bool({"output", "loss"} & set(names))
    output = OUTPUT * any(name.startswith("output") for name in names)
    loss = NUMBER * bool({"loss", "loss.detach()"} & set(names))
    return graph + output + loss


subsets = [names for n in range(7) for names in itertools.combinations(list(things), n)]
assert len(subsets) == 64
if device.type == "cpu":  # a GPU rounds to blocks of 512 bytes
    for names in subsets:
        assert live_bytes(names) == predicted_bytes(names)
print(len(subsets), "subsets: what stays live is what the rule says")

# %%
# More: where the peak of a step is
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# If what is kept is most of it, the peak comes early in ``backward``: the weights, the
# optimizer's state, all that is kept, and 2 tensors on the way, the gradient of a
# layer's output and of its input. The gradients of the weights come while what was kept
# goes. If the weights are most of it, the peak comes in the optimizer's step: then all
# gradients are there, and on the CPU Adam needs 2 more tensors of the size of the
# largest weight. We try 2 depths and 3 optimizers, to within 1 percent.

optimizers = {  # with the sizes of the weights that each keeps, and needs on the way
    "SGD": (torch.optim.SGD, {}, 0, 0),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}, 1, 0),
    "Adam": (torch.optim.Adam, {}, 2, 2),
}


def peak_and_law(width, depth, choice):
    optimizer, options, copies, on_the_way = choice
    with track_memory() as memory:
        model, (batch, target) = network(width, depth), examples(SIZES[width], width)
        optimizer = optimizer(model.parameters(), lr=0.001, **options)
        for _ in range(2):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(batch), target)
            held = memory_of(model, optimizer, batch, loss).nbytes
            loss.backward()
            optimizer.step()
    weights = [parameter.nbytes for parameter in model.parameters()]
    early = held + 2 * batch.nbytes
    late = (2 + copies) * sum(weights) + on_the_way * max(weights) + batch.nbytes
    return memory.peak_bytes / MIB, max(early, late) / MIB


for width, depth in itertools.product(SIZES, (4, 8)):
    for name, choice in optimizers.items():
        peak, law = peak_and_law(width, depth, choice)
        print(f"{depth} layers of {width}, {name:8}", end=" ")
        print(f"peak {peak:4.1f} MiB, law {law:4.1f}")
        if device.type == "cpu":
            torch.testing.assert_close(peak, law, rtol=0.01, atol=0)

# %%
# What is often said
# ------------------
#
# "Call ``torch.cuda.empty_cache()``, and ``gc.collect()`` before it." The first frees
# nothing that is referred to: it hands unused memory to *other programs*, and may help
# against fragments. The second frees objects that refer to each other in a circle, and
# nothing else. So the table above shows the same peak.

with track_memory() as memory:
    losses = [model(part).mean() for part in batch.chunk(4)]
    collected()
print(f"after both: {memory.live_bytes / MIB:.1f} MiB are held")
assert memory.live_bytes // MIB == 4
del losses  # this frees them

# %%


# More: a circle, without Python's collector and with it
class Circle:
    def __init__(self, tensor):
        self.tensor, self.itself = tensor, self


def held_by_a_circle(after):
    gc.disable()
    with track_memory() as memory:
        circle = Circle(torch.zeros(MIB // 4, device=device))
        del circle
        after()
    gc.enable()
    gc.collect()
    return memory.live_bytes / MIB


ways_to_free = (int, torch.cuda.empty_cache, gc.collect)
circles = [held_by_a_circle(after) for after in ways_to_free]
print("MiB held by a circle, after nothing, empty_cache and collect:", circles)
assert circles == [1, 1, 0]

# %%
# "``del loss`` at the end of the loop." In our training it changes nothing, as
# ``backward`` has emptied the graph. In an evaluation ``del output, loss`` halves what
# is kept. ``del loss`` alone does not: ``output`` holds the graph. ``no_grad`` keeps
# nothing.


def peak_of_evaluation(mode, *deleted):
    with track_memory() as memory, mode:
        for _ in range(3):
            output = model(batch)
            held = {"output": output, "loss": output.mean()}
            del output
            for name in deleted:
                del held[name]
    return round(memory.peak_bytes / MIB, 1)


evaluated = {
    "both kept": peak_of_evaluation(torch.enable_grad()),
    "del loss": peak_of_evaluation(torch.enable_grad(), "loss"),
    "del output, loss": peak_of_evaluation(torch.enable_grad(), "output", "loss"),
    "no_grad": peak_of_evaluation(torch.no_grad()),
}
print(evaluated)
if device.type == "cpu":
    assert list(evaluated.values()) == [8.5, 8.5, 4.5, 1.5]

# %%
# More: "``model.eval()`` saves memory"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It changes what dropout and batch norm do. Autograd records as before: here only the
# mask of the dropout is not kept. ``no_grad`` keeps nothing.

layers = [nn.Linear(128, 128), nn.BatchNorm1d(128), nn.Dropout(0.5), nn.Linear(128, 1)]
mixed = nn.Sequential(*layers).to(device)


def kept_in(mixed):
    with track_memory() as memory:
        output = mixed(batch)
    del output
    return memory.live_bytes // batch.nbytes


modes = {"train": kept_in(mixed.train()), "eval": kept_in(mixed.eval())}
with torch.no_grad():
    modes["no_grad"] = kept_in(mixed)
print("sizes of the batch that are kept:", modes)
assert modes["eval"] == 2
assert modes["no_grad"] == 0
if device.type == "cpu":  # a GPU keeps the mask as truth values
    assert modes["train"] == 3

# %%
# More: "gradients pile up without ``zero_grad``"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Their numbers do, and their bytes do not: each ``backward`` adds into the same
# tensors. (Sparse gradients do grow: each pass appends its rows.) What can be saved is
# a gradient that lives through the next forward pass: ``zero_grad()`` drops it, unless
# you write ``set_to_none=False``.

addresses = set()
with track_memory() as memory:
    for _ in range(3):
        model(batch).mean().backward()
        addresses.add(model[0][0].weight.grad.data_ptr())
assert len(addresses) == 1
if device.type == "cpu":
    assert memory.live_bytes == 0  # the gradients were there before
table = nn.Embedding(10, 4, sparse=True).to(device)
for _ in range(3):
    table(torch.arange(10, device=device)).sum().backward()
assert table.weight.grad._nnz() == 3 * 10

# %%
# More: ``ReLU(inplace=True)``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ReLU keeps its output, and its input is nobody's: in place, it overwrites what would
# have been freed a moment later. So the table shows no effect. (Under ``no_grad``,
# where nothing is kept, the peak is lower by one output.) Leaky ReLU keeps its input,
# and in place its output. The linear layer behind it keeps that anyway. (:ref:`Which
# activations are stored <sphx_glr_auto_examples_backprop_stored_activations.py>` has
# the law.)


def kept_with(activation):
    pair = nn.Sequential(nn.Linear(128, 128), activation, nn.Linear(128, 10)).to(device)
    return saved_for_backward(pair, batch).activation_bytes / batch.nbytes


in_place = [kept_with(nn.ReLU(inplace=here)) for here in (False, True)]
leaky = [kept_with(nn.LeakyReLU(inplace=here)) for here in (False, True)]
print("kept, in sizes of the batch: ReLU", in_place, "leaky ReLU", leaky)
assert in_place == [1, 1]
assert leaky == [2, 1]


def peak_without_a_graph(here):
    pair = nn.Sequential(nn.Linear(128, 128), nn.ReLU(inplace=here)).to(device)
    with track_memory() as memory, torch.no_grad():
        pair(batch)
    return memory.peak_bytes / batch.nbytes


without = [peak_without_a_graph(here) for here in (False, True)]
print("peaks under no_grad:", without)
if device.type == "cpu":
    assert without == [2, 1]

# %%
# Traps
# -----
#
# "Expected all tensors to be on the same device"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The model was moved, and the batch was not: a ``DataLoader`` gives tensors on the CPU.
# Move each batch, and assign it: ``x = x.to(device)``. (Without a GPU: shown on the
# meta device, in other words.)

from tensorglass import shows_error
from torch.utils.data import DataLoader

other = torch.device("cuda" if on_gpu else "meta")
classifier = nn.Linear(4, 2).to(other)
(inputs,) = DataLoader(torch.ones(8, 4), batch_size=8)
with shows_error(RuntimeError, match="same device|not on the expected device"):
    classifier(inputs)
assert classifier(inputs.to(other)).device.type == other.type
assert inputs.device.type == "cpu"  # it was not moved: what to() returned was

# %%

# More: what explain_error says of it
try:
    classifier(inputs)
except RuntimeError as error:
    explanation = explain_error(error)
assert explanation.kind == "same_device"
print(explanation.cause)

# %%
# More: the same, though ``model.to(device)`` was called
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``to`` moves parameters and buffers. A tensor that is a plain attribute stays, and so
# does one that ``forward`` makes without ``device=``. Register the first as a buffer,
# and make the second on the device of the input. In arithmetic, a tensor without axes
# may stay on the CPU.


class Scaled(nn.Module):
    def __init__(self, registers):
        super().__init__()
        if registers:
            self.register_buffer("scale", torch.ones(4))
        else:
            self.scale = torch.ones(4)

    def forward(self, x):
        return x * self.scale + torch.zeros(4, device=x.device)


x = torch.ones(8, 4, device=other)
with shows_error(RuntimeError, match="same device|not on the expected device"):
    Scaled(registers=False).to(other)(x)
assert Scaled(registers=True).to(other)(x).shape == (8, 4)
doubled = x * torch.tensor(2.0)
assert doubled.device.type == other.type

# %%
# More: "CUDA error: device-side assert triggered"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A check inside a GPU kernel failed, most often an index or a class out of range. The
# GPU works behind Python, so the line in the traceback may be a later one, and the
# process can use the GPU no more. So this page does not raise it. Run the step on the
# CPU: there the error comes at its line. Below, labels from 1 to 10 meet 10 classes.

message = "RuntimeError: CUDA error: device-side assert triggered"
assert explain_error(message).kind == "device_assert"
logits, labels = torch.zeros(2, 10), torch.tensor([1, 10])
with shows_error(IndexError, match="Target 10 is out of bounds"):
    F.cross_entropy(logits, labels)
assert F.cross_entropy(logits, labels - 1).isfinite()
explain_error(message)

# %%
# More: "can't convert cuda:0 device type tensor to numpy"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# NumPy reads the computer's memory, and no other. ``cpu()`` copies the tensor there. A
# tensor that needs a gradient wants ``detach()`` first.

on_other = torch.ones(3, device=other)
with shows_error(TypeError, match="can't convert .* tensor to numpy"):
    on_other.numpy()
predictions = model(batch)  # needs a gradient
array = predictions.detach().cpu().numpy()
assert array.shape == (1024, 10)

# %%
# More: "DefaultCPUAllocator: can't allocate memory"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The same on the CPU: the result alone is too large. Here all differences of 10 million
# points are asked for. The number of bytes in the message tells which tensor it is:
# 10 million times 10 million, times 4. Compute it in parts, or avoid it.

points = torch.zeros(10_000_000, device=device)
too_large = "can't allocate memory|not enough memory|out of memory"
with shows_error(RuntimeError, match=too_large):
    points[:, None] - points[None, :]
message = (
    "RuntimeError: [enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: "
    "can't allocate memory: you tried to allocate 400000000000000 bytes."
)
assert len(points) ** 2 * 4 == 400_000_000_000_000
assert explain_error(message).kind == "memory"
explain_error(message)

# %%
# More: "Cannot copy out of meta tensor; no data!"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A model that was made on the meta device, so as not to take memory yet, has no weights
# to move. ``to_empty`` gives it memory, with any numbers in it; then load the weights,
# and set the buffers that the file does not hold. Nothing reminds you of these.


def planned_layer():
    layer = nn.Linear(128, 10)
    layer.register_buffer("scale", torch.ones(10), persistent=False)
    return layer


with torch.device("meta"):
    planned = planned_layer()
with shows_error(NotImplementedError, match="Cannot copy out of meta tensor"):
    planned.to(device)
planned = planned.to_empty(device=device)
planned.load_state_dict(model[8].state_dict())
planned.scale.fill_(1)
assert list(planned.state_dict()) == ["weight", "bias"]  # no scale
assert torch.equal(planned.weight, model[8].weight)

# %%
# More: "Torch not compiled with CUDA enabled", "Found no NVIDIA driver"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``.cuda()`` insists on a GPU of NVIDIA. The first message means that this torch is
# built without CUDA: install another build. The second means that the computer shows no
# driver. Choose the device once, and write ``.to(device)``.

if device.type == "cpu":
    absent = "not compiled with CUDA enabled|Found no NVIDIA driver|No CUDA GPUs"
    with shows_error(AssertionError, RuntimeError, match=absent):
        torch.ones(3).cuda()
chosen = torch.device("cuda" if torch.cuda.is_available() else "cpu")
moved = torch.ones(3).to(chosen)
assert moved.device.type == device.type

# %%
# More: out of memory again, after the error was caught
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An exception refers to its traceback, that to the frames, and these to their
# variables. So what the failed step held is live while the exception is. Try again
# behind the ``except``, not in it. A notebook keeps the last exception.


def failing_step():
    output = model(batch)  # keeps 8 activations, of half a MiB each
    raise torch.OutOfMemoryError(f"CUDA out of memory, after {len(output)} examples")


def held_after(keep):
    exceptions = []
    with track_memory() as memory:
        try:
            failing_step()
        except torch.OutOfMemoryError as error:
            exceptions += keep(error)
    exceptions.clear()  # they refer to this frame, and it to them
    return round(memory.live_bytes / MIB, 1)


held = [held_after(lambda error: [error]), held_after(lambda error: [str(error)])]
print("MiB held by the exception:", held[0], "by its message:", held[1])
assert held == [4.0, 0.0]  # MiB

# %%
# On a GPU
# --------
#
# ``torch.cuda.max_memory_allocated()`` is the peak of what tensors held.
# ``memory_reserved()`` is what torch's allocator took, to hand it out again; so
# ``nvidia-smi`` shows more than is live. Where a message says that much is "reserved
# but unallocated", the free pieces are too small: set
# ``PYTORCH_ALLOC_CONF=expandable_segments:True``, by PyTorch's documentation
# (``PYTORCH_CUDA_ALLOC_CONF`` in older versions).

print("this page ran on", device.type)
if on_gpu:
    print(torch.cuda.memory_summary(abbreviated=True))
    assert torch.cuda.memory_reserved() >= torch.cuda.memory_allocated()
peak = torch.cuda.max_memory_allocated()  # without a GPU 0
assert bool(peak) == on_gpu

# %%
# More: what ``empty_cache`` leaves, and which line holds memory
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# This runs on a GPU only. ``memory_allocated`` is the same before and after
# ``empty_cache``. PyTorch's recorder keeps the stack of each allocation, in a file that
# https://pytorch.org/memory_viz draws.

import tempfile
from pathlib import Path

if on_gpu:
    before = torch.cuda.memory_allocated()
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated() == before
    assert before >= batch.nbytes
    torch.cuda.memory._record_memory_history(max_entries=10_000)
    peak_of(128)
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder) / "snapshot.pickle"
        torch.cuda.memory._dump_snapshot(str(snapshot))
        assert snapshot.stat().st_size > 0
    torch.cuda.memory._record_memory_history(enabled=None)

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Measured are the peaks of a step with 256 and with 512 examples. How much do 1,536
# need?
#
# Solution
# ^^^^^^^^
#
# The peak is a line: a fixed part, and as much for each example. (Where weights are
# most of it, it is flat at first: the later peak is the higher one.)

small, medium, large = (peak_of(128, size=size) for size in (256, 512, 1536))
for_each = (medium - small) / 256
predicted = medium + 1024 * for_each
print(f"{small:.2f} and {medium:.2f} MiB; predicted {predicted:.2f}, is {large:.2f}")
if device.type == "cpu":
    torch.testing.assert_close(predicted, large, rtol=0.01, atol=0)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Somebody logs ``(output.argmax(dim=1) == target).float().mean()`` and, in another
# list, ``output.max()``. Which of the two holds the graph?
#
# Solution
# ^^^^^^^^
#
# The second. ``argmax`` has no derivative, so what comes out of it has no ``grad_fn``.

output = model(batch)
accuracy = (output.argmax(dim=1) == target).float().mean()
assert accuracy.grad_fn is None
assert output.max().grad_fn is not None
kept_by = [memory_of([logged]).nbytes for logged in (accuracy, output.max())]
print("bytes held:", kept_by)
assert kept_by[0] == 4

# %%
# References
# ----------
#
# - PyTorch: `FAQ <https://docs.pytorch.org/docs/stable/notes/faq.html>`__ (histories,
#   references, exceptions); `CUDA semantics
#   <https://docs.pytorch.org/docs/stable/notes/cuda.html>`__; `Understanding CUDA
#   memory usage <https://docs.pytorch.org/docs/stable/torch_cuda_memory.html>`__;
#   `empty_cache
#   <https://docs.pytorch.org/docs/stable/generated/torch.cuda.memory.empty_cache.html>`__.
# - Threads: on ``empty_cache``, `pull request 4879
#   <https://github.com/pytorch/pytorch/pull/4879>`__; on a label out of range,
#   `issue 18014 <https://github.com/pytorch/pytorch/issues/18014>`__.
# - What activations are kept: :ref:`our page on them
#   <sphx_glr_auto_examples_backprop_stored_activations.py>`.
