# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.10", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Why must we store some of the activations of the forward pass?
==============================================================

People ask this when training stops with "CUDA out of memory" where prediction fits, and
because nobody says which activations "some" are.

:Level: intermediate

Short answer
------------

Because the backward pass computes with them. Unless compiled, each operation keeps what
its derivative uses. The slope of tanh is 1 - y², so tanh keeps its output y. ReLU keeps
its output too, GELU and a linear layer keep their input, and a view (``Flatten``)
nothing. What is not stored can be computed again: less memory, more work.
"""

import torch
from tensorglass import saved_for_backward
from torch import nn

x = torch.ones(64, 16, requires_grad=True)
layers = nn.Linear(16, 16), nn.ReLU(), nn.Tanh(), nn.GELU(), nn.Flatten(0)
kept = [[each.role for each in saved_for_backward(f, x).tensors] for f in layers]
print(*zip(layers, kept, strict=True), sep="\n")
assert kept == [["input", "weight"], ["output"], ["output"], ["input"], []]

# %%
# A weight that is a parameter is there anyway. Below, 16 linear layers, each with a
# ReLU, are trained. Activations (blue) pile up in the forward pass, and the backward
# pass (gray) frees them. What an operation needs only while it runs is orange. In the
# lower picture, **checkpointing** stores less and computes the rest again, with the
# same gradients.

# More: defines the network, and draws the memory of a forward and a backward pass
import matplotlib.pyplot as plt
import torch.nn.functional as F
from tensorglass import default_device, track_memory
from torch.utils.checkpoint import checkpoint_sequential
from torch.utils.flop_counter import FlopCounterMode

device = default_device()  # a GPU if there is one
on_gpu = device.type == "cuda"
torch.manual_seed(0)


def network(depth, activation=nn.ReLU):
    layers = [nn.Sequential(nn.Linear(128, 128), activation()) for _ in range(depth)]
    return nn.Sequential(*layers).to(device)


def stored(model, batch):
    return model(batch)


def checkpointed(model, batch):  # as many segments as there are layers in a segment
    segments = round(len(model) ** 0.5)
    options = {"use_reentrant": False, "preserve_rng_state": False}
    return checkpoint_sequential(model, segments, batch, **options)


def units(function, *args):  # what is kept, in sizes of the batch, which comes last
    saved = saved_for_backward(function, *args)
    return (saved.activation_bytes + saved.input_bytes) / args[-1].nbytes


def gradients(way, model, batch):
    return torch.autograd.grad(way(model, batch).sum(), list(model.parameters()))


def products(way, model, batch):  # of matrices
    with FlopCounterMode(display=False) as counter:
        gradients(way, model, batch)
    return counter.get_total_flops() / (2 * len(batch) * 128 * 128)


(slopes,) = torch.autograd.grad(torch.tanh(x).sum(), x)
torch.testing.assert_close(slopes, 1 - torch.tanh(x) ** 2)
x = torch.randn(64, 16, device=device, requires_grad=True)
linear = nn.Linear(16, 16).to(device)
assert saved_for_backward(linear, x).activation_bytes == 0  # both were there before

model, small = network(16), torch.randn(16, 128, device=device)
batch = torch.randn(2048, 128, device=device)  # one MiB, as each activation
figure, axes = plt.subplots(2, 1, figsize=(7.2, 5.4), layout="constrained", sharey=True)
for way, ax, expected in zip((stored, checkpointed), axes, (17, 8), strict=True):
    with track_memory() as memory:
        gradients(way, model, batch)
    memory.plot(ax)
    ax.set_ylim(0, 20)  # the same for both
    with track_memory() as forward:
        last = way(model, batch)
    after_forward = forward.live_bytes / batch.nbytes
    ax.set_title(f"{way.__name__}: {after_forward:.0f} MiB after the forward pass")
    assert after_forward == expected - 1  # without the input
    del last
both = [gradients(way, model, batch) for way in (stored, checkpointed)]
assert all(map(torch.equal, *both))
once, again = products(stored, model, small), products(checkpointed, model, small)
assert again - once == 12  # matrix products, of as many layers

# %%
# Take it home
# ------------
#
# Four ways to keep less on a GPU. In training they are **autocast**, **checkpointing**
# and **offloading**:

with torch.no_grad():  # validation: keeps nothing
    predicted = model(batch)
with torch.autocast(device.type, dtype=torch.bfloat16):  # keeps 16 bits instead of 32
    narrow = model(batch)
again = checkpoint_sequential(model, 4, batch, use_reentrant=False)  # computes again
with torch.autograd.graph.save_on_cpu(pin_memory=True):  # keeps it on the CPU
    moved = model(batch)
peak = torch.cuda.max_memory_allocated()  # in bytes; without a GPU 0

assert predicted.grad_fn is None
assert narrow.dtype == torch.bfloat16
assert torch.equal(again, moved)
assert (peak != 0) == on_gpu

# %%
# What does your model keep? The library lists it (:doc:`try here </explore_memory>`).
# The output of a ReLU is the input of the next layer, and counts once.

saved = saved_for_backward(network(2), batch)
assert saved.activation_bytes == 2 * batch.nbytes
saved

# %%
# More: what each of these keeps
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# One unit is the size of the batch. Stored, there are 17 units: the input and 16
# outputs. Under ``autocast`` each takes half a unit, and there are copies of 15
# weights: about 9 units. (What an operation has in float32, such as the statistics of a
# layer norm, stays so.) Checkpointing keeps 8. Offloading copies what autograd hands
# over, tensor by tensor, also a tensor that two operations keep, and weights: 32 units
# and 15 weights. On a GPU only the output stays there. If the model is on the CPU
# already, nothing moves.


def autocast(model, batch):
    with torch.autocast(device.type, dtype=torch.bfloat16):
        return model(batch)


ways = {way.__name__: units(way, model, batch) for way in (stored, autocast)}
ways["checkpointed"] = units(checkpointed, model, batch)
print(ways)
weight = model[0][0].weight.nbytes / batch.nbytes
assert list(ways.values()) == [17, (17 + 15 * weight) / 2, 8]
assert round(ways["autocast"]) == 9

handed_over = []


def pack(tensor):
    handed_over.append(tensor.nbytes / batch.nbytes)
    return tensor


with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
    model(batch)
assert sum(handed_over) == 32 + 15 * weight


def offloaded(model, batch):
    with torch.autograd.graph.save_on_cpu():
        return model(batch)


with track_memory() as memory:
    output = offloaded(model, batch)
left = output.nbytes if on_gpu else 16 * batch.nbytes
assert memory.live_bytes == left
same = map(torch.equal, *(gradients(way, model, batch) for way in (stored, offloaded)))
assert all(same)

# %%
# More: will a large model fit?
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Fake tensors have a shape and no memory. With them, ``saved_for_backward`` tells how
# much a model keeps, with the kernels of the CPU; the workspace of an LSTM is left out.
# Here are 32 transformer layers of width 4,096, of four times that inside, with 4,096
# tokens, in float32. Training needs more than the weights and what is kept: the
# gradients take as much as the weights, and Adam twice that.

from torch._subclasses import FakeTensorMode


def transformer(layers, width=4096, dropout=0.0):
    options = {"dropout": dropout, "batch_first": True, "dim_feedforward": 4 * width}
    stack = [nn.TransformerEncoderLayer(width, 32, **options) for _ in range(layers)]
    return nn.Sequential(*stack)


GIB = 2**30
with track_memory() as memory, FakeTensorMode():
    large = transformer(32)
    saved = saved_for_backward(large, torch.empty(1, 4096, 4096))
weights = sum(parameter.nbytes for parameter in large.parameters())
print(f"weights {weights / GIB:.1f} GiB, kept {saved.activation_bytes / GIB:.1f} GiB")
print(saved.notes[0])
assert round(memory.peak_bytes / GIB) == 0

small_one = transformer(2, width=64)
small_one(torch.randn(1, 8, 64)).sum().backward()
adam = torch.optim.Adam(small_one.parameters())
adam.step()
for parameter, state in adam.state.items():
    assert parameter.grad.nbytes == parameter.nbytes
    assert state["exp_avg"].nbytes + state["exp_avg_sq"].nbytes == 2 * parameter.nbytes

real = saved_for_backward(transformer(2, width=64), torch.randn(1, 8, 64))
with FakeTensorMode():  # a small one is real and fake alike
    fake = saved_for_backward(transformer(2, width=64), torch.empty(1, 8, 64))
assert fake.activation_bytes == real.activation_bytes

# %%
# Subtract two reports to see what a change costs: the first is with dropout, the second
# without, in bytes. With dropout, attention on the CPU keeps 3 matrices of 4,096 by
# 4,096 numbers for each of the 32 heads: 6 GiB. Without dropout a transformer layer
# keeps none, and attention that returns its weights does.

with FakeTensorMode():
    tokens = torch.empty(1, 4096, 4096)
    without = saved_for_backward(transformer(1), tokens)
    dropped = saved_for_backward(transformer(1, dropout=0.1), tokens)
one = 32 * 4096 * 4096 * 4
matrices = [each.nbytes for each in dropped.tensors if each.nbytes == one]
assert sum(matrices) / GIB == 6
assert len(matrices) == 3
assert all(each.nbytes != one for each in without.tensors)
dropped - without

# %%
# Why
# ---
#
# An operation keeps the tensors that the formulas of its derivatives read, for those
# inputs that need a gradient. (PyTorch notes, *Autograd mechanics*, "Saved tensors",
# for eager mode. Compiled code may choose otherwise.) A linear layer whose output has
# the gradient g has two formulas. That of the weight W reads the input x, and that of
# the input reads the weight:
#
# .. math::
#
#    \frac{\partial L}{\partial W} = g^\top x
#    \qquad \frac{\partial L}{\partial x} = g \, W
#
# So a frozen layer does not keep its input. And if the input needs no gradient, the
# weight is not kept.

output = linear(x)
g = torch.randn_like(output)
for_weight, for_input = torch.autograd.grad(output, (linear.weight, x), g)
torch.testing.assert_close(for_weight, g.T @ x)
torch.testing.assert_close(for_input, g @ linear.weight)

(only,) = saved_for_backward(linear, x.detach()).tensors  # x needs no gradient
assert only.role == "input"
linear.requires_grad_(False)  # the layer is frozen
(only,) = saved_for_backward(linear, x).tensors
assert only.role == "weight"

# %%
# More: no copies, and freed by backward
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An operation keeps what it computed with, until backward has used it. It makes no copy
# for keeping, unless it overwrites in place what it needs. The square of ``x`` has the
# derivative 2x, and keeps ``x`` itself. SiLU in place keeps a copy of its input. Layers
# with one formula for all their gradients are less thrifty than a linear layer: a
# convolution keeps input and weight, frozen or not.

from tensorglass import shows_error

squared = x**2
assert squared.grad_fn._saved_self.data_ptr() == x.data_ptr()
(gradient,) = torch.autograd.grad(squared.sum(), x)
torch.testing.assert_close(gradient, 2 * x)
with shows_error(RuntimeError, match="after they have already been freed"):
    squared.grad_fn._saved_self

silu = F.silu(1 * x, inplace=True)
assert silu.grad_fn._saved_self.data_ptr() != silu.data_ptr()  # a copy of its input
linear.requires_grad_(True)
frozen = nn.Conv1d(16, 16, 3).to(device).requires_grad_(False)
both_kept = saved_for_backward(frozen, x[None].mT)
assert {"input", "weight"} <= {tensor.role for tensor in both_kept.tensors}

# %%
# More: what other operations keep
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# First, functions of one number. We write the derivative of each with one tensor, its
# output or its input, and compare with autograd's gradient. So that tensor is enough.
# And it is the only one that ``saved_for_backward`` finds. In the table, 1 means as
# many bytes as ``x`` has.


def kept(function):  # by role, in sizes of x
    found = {}
    for tensor in saved_for_backward(function).tensors:
        if tensor.kind != "number":  # of 3 * x, autograd keeps the 3
            found[tensor.role] = found.get(tensor.role, 0) + tensor.nbytes / x.nbytes
    return found


def line(name, found):
    what = ", ".join(f"{role} {size:g}" for role, size in found.items())
    return f"{name:15} {what or 'nothing'}"


def normal(x):  # the density of the normal distribution, and the share below x
    return torch.exp(-x * x / 2) / (2 * torch.pi) ** 0.5, torch.special.ndtr(x)


elementwise = {
    "relu": (torch.relu, "output", lambda y: (y > 0).float()),
    "tanh": (torch.tanh, "output", lambda y: 1 - y**2),
    "sigmoid": (torch.sigmoid, "output", lambda y: y * (1 - y)),
    "exp": (torch.exp, "output", lambda y: y),
    "sqrt": (torch.sqrt, "output", lambda y: 1 / (2 * y)),
    "x**3": (lambda x: x**3, "input", lambda x: 3 * x**2),
    "sin": (torch.sin, "input", torch.cos),
    "gelu": (F.gelu, "input", lambda x: x * normal(x)[0] + normal(x)[1]),
    "silu": (F.silu, "input", lambda x: x.sigmoid() * (1 + x * (-x).sigmoid())),
    "leaky_relu": (F.leaky_relu, "input", lambda x: (x > 0) + 0.01 * (x <= 0)),
}
for name, (function, role, slope) in elementwise.items():
    y = function(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    read = y if role == "output" else x
    torch.testing.assert_close(slope(read), gradient, equal_nan=True)  # sqrt(-1)
    print(line(name, kept(lambda function=function: function(x))))
    assert kept(lambda function=function: function(x)) == {role: 1}

# %%
# Why does GELU not keep its output? Because that would not do. GELU falls and then
# rises, and so does SiLU: two inputs have one output, and slopes of different signs.

grid = torch.linspace(-5, 0, 100_001, dtype=torch.float64, device=device)
for function in (F.gelu, F.silu):
    y = function(grid)
    falling = grid[: y.argmin()]
    left = (function(falling) - function(grid[-10_000])).abs().argmin()
    pair = torch.stack([falling[left], grid[-10_000]]).requires_grad_()
    y = function(pair)
    (slopes,) = torch.autograd.grad(y.sum(), pair)
    values = f"{pair[0]:.2f} and {pair[1]:.2f} give {y[0]:.3f}"
    print(f"{function.__name__}: {values}, slopes {slopes[0]:.2f} and {slopes[1]:.2f}")
    torch.testing.assert_close(y[0], y[1], rtol=0, atol=1e-4)
    assert slopes.sign().tolist() == [-1, 1]

# %%
# Second, operations on more numbers. Sums, means and views have constant derivatives,
# and keep nothing. A product keeps both factors, since each is the derivative for the
# other. Some operations keep what they made on the way: a mask, indices, or the mean of
# each row and one over its standard deviation. And torch's formulas are not always the
# leanest: ``max_pool2d`` keeps its input too, though with NaN in its place the gradient
# is the same.

z = torch.randn_like(x, requires_grad=True)
mask = 1 if device.type == "cpu" else 0.25  # four bytes for each number, or one
others = {
    "x + z": (lambda: x + z, {}),
    "x - z": (lambda: x - z, {}),
    "3 * x": (lambda: 3 * x, {}),
    "x.mean()": (x.mean, {}),
    "x.view(32, 32)": (lambda: x.view(32, 32), {}),
    "x.T": (lambda: x.T, {}),
    "x * z": (lambda: x * z, {"input": 2}),
    "softmax": (lambda: x.softmax(1), {"output": 1}),
    "dropout": (lambda: F.dropout(x), {"mask": mask}),
    "max_pool2d": (lambda: F.max_pool2d(x[None], 2), {"indices": 0.5, "input": 1}),
    "layer_norm": (lambda: F.layer_norm(x, [16]), {"input": 1, "statistics": 2 / 16}),
    "linear": (lambda: linear(x), {"input": 1, "weight": 16 / 64}),
}
for name, (function, expected) in others.items():
    print(line(name, kept(function)))
    assert kept(function) == expected

normed = F.layer_norm(x, [16], eps=0.0).grad_fn
torch.testing.assert_close(normed._saved_result1, x.mean(1, keepdim=True))
inverse = 1 / x.std(1, keepdim=True, correction=0)
torch.testing.assert_close(normed._saved_result2, inverse)

pooled = F.max_pool2d(x[None], 2)
(gradient,) = torch.autograd.grad(pooled.sum(), x, retain_graph=True)
pooled.grad_fn._saved_self.data.fill_(float("nan"))  # x itself, past autograd's check
(unread,) = torch.autograd.grad(pooled.sum(), x)
assert x.isnan().all()
assert torch.equal(unread, gradient)
x.data = torch.randn_like(x)

# %%
# More: a law for L layers
# ~~~~~~~~~~~~~~~~~~~~~~~~
#
# Take L pairs of a linear layer and an activation function. One unit is the size of the
# input, and of each tensor in between. Each linear layer keeps its input: the network's
# input, and the outputs of all functions but the last. That makes L units. A function
# that keeps its output adds one, the last output, as the others are counted already: L
# + 1. A function that keeps its input adds L, as no linear layer keeps those: 2L. ReLU
# in place does not change what is kept: it overwrites a tensor that nobody keeps.
# LeakyReLU, ELU and SELU in place have no input left, and keep their output.


def in_place(activation):
    def made():
        return activation(inplace=True)

    made.__name__ = f"{activation.__name__} in place"
    return made


depths = (1, 2, 4, 8, 16)
small = torch.randn(16, 128, device=device)
keeps_output = [nn.ReLU, nn.Tanh, nn.Sigmoid]
keeps_output += map(in_place, (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU))
keeps_input = [nn.GELU, nn.SiLU, nn.LeakyReLU, nn.ELU, nn.SELU]
counted = {
    activation.__name__: [units(network(depth, activation), small) for depth in depths]
    for activation in keeps_output + keeps_input
}
for activation in keeps_output:
    assert counted[activation.__name__] == [depth + 1 for depth in depths]
for activation in keeps_input:
    assert counted[activation.__name__] == [2 * depth for depth in depths]
print("layers", *depths)
print("ReLU  ", *counted["ReLU"])
print("GELU  ", *counted["GELU"])

# %%
# Now with checkpointing. Let L be a square. Cut the network into √L segments of √L
# layers. Of each segment but the last only the input is kept: √L - 1 units. The last
# one keeps all that the law says, since backward needs it first: √L + 1. In sum 2√L.
# (Chen et al., 2016.) The price: L - √L layers run twice, printed after the plus.
# Without that, it is L products forward and 2L - 1 backward, since the network's input
# needs no gradient.

for depth, root in ((4, 2), (16, 4), (64, 8)):
    deep = network(depth)
    kept_units = units(checkpointed, deep, small)
    once, again = products(stored, deep, small), products(checkpointed, deep, small)
    print(f"{depth:2} layers: {kept_units:2.0f} units, {once:.0f} + {again - once:.0f}")
    assert kept_units == 2 * root
    assert once == depth + 2 * depth - 1
    assert again - once == depth - root

# %%
# GELU keeps nearly twice as much as ReLU.

figure, ax = plt.subplots(figsize=(6.6, 4.0), layout="constrained")
squares = (1, 4, 9, 16)
lines = {
    "GELU, SiLU, LeakyReLU: 2L": (depths, counted["GELU"], "#d55e00"),
    "ReLU, tanh, sigmoid: L + 1": (depths, counted["ReLU"], "#0072b2"),
    "ReLU, checkpointed: 2√L": (
        squares,
        [units(checkpointed, network(depth), small) for depth in squares],
        "#009e73",
    ),
}
for name, (places, heights, color) in lines.items():
    ax.plot(places, heights, "o-", color=color)
    ax.annotate(name, (places[-1], heights[-1]), (8, -4), textcoords="offset points")
ax.set(xlim=(0, 30), ylim=(0, 34), xticks=depths)
ax.set_xlabel("layers L")
ax.set_ylabel("kept, in sizes of the batch")
ax.set_title("What is kept grows with depth, at a pace set by the activation")
ax.set_label(
    "Three rising lines over the number of layers, from 1 to 16. GELU, SiLU and "
    "LeakyReLU keep twice the number of layers and end at 32. ReLU, tanh and "
    "sigmoid keep one more than the number of layers and end at 17. ReLU with "
    "checkpointing keeps twice the root of the number of layers and ends at 8."
)
assert [heights[-1] for _, heights, _ in lines.values()] == [32, 17, 8]

# %%
# Where is it kept? In each pair the linear layer is number 0 and the activation
# function number 1. A tensor that two modules keep is counted once, at the first:
# ReLU's output stands at the ReLU, though the next linear layer keeps it too. GELU
# shares nothing. Hatched is what was there before: the input and the weights. With the
# input it is 4 and 6 units, as the law says.

figure, axes = plt.subplots(2, 1, figsize=(6.4, 5.2), layout="constrained", sharex=True)
for activation, ax, expected in zip((nn.ReLU, nn.GELU), axes, (3, 5), strict=True):
    saved = saved_for_backward(network(3, activation), batch)
    saved.plot(ax)
    kept_bytes = saved.activation_bytes / batch.nbytes
    ax.set_title(f"{activation.__name__} keeps {kept_bytes:.0f} MiB")
    assert kept_bytes == expected
    assert kept_bytes + saved.input_bytes / batch.nbytes in (4, 6)
    if ax is axes[0]:
        ax.set_xlabel("")

# %%
# What is often said
# ------------------
#
# Answers on the web give five reasons. The first, that gradients need these values, is
# right. The second, that storing them is *memory-efficient*, is the wrong way round: it
# spends memory, and saves computation. Our network keeps 17 tensors: the input and 16
# outputs. With checkpointing it keeps 8, but runs 12 layers twice: 59 matrix products
# instead of 47.

from tensorglass import measured
from torch.utils.benchmark import Timer

for way, expected in ((stored, (17, 47)), (checkpointed, (8, 59))):
    counts = units(way, model, small), products(way, model, small)
    timer = Timer("gradients(way, model, batch)", globals=globals())
    milliseconds = f"{1000 * timer.timeit(3).median:.0f} ms"
    print(way.__name__, "keeps and computes", counts, "in", measured(milliseconds))
    assert counts == expected

# %%
# The others are skip connections, debugging and pictures. They do use activations, but
# a Python variable holds these. The sum of a skip connection keeps nothing, though a
# layer behind it keeps the sum (exercise 1).

from tensorglass import record_saved

block = network(1)
with record_saved() as alone:
    hidden = block(batch)
with record_saved() as saved:
    hidden = block(batch)
    skipped = batch + hidden  # a skip connection
    print("standard deviation:", round(hidden.detach().std().item(), 2))  # debugging
    bars = torch.histc(hidden.detach(), bins=10)  # for a picture
assert saved.nbytes == alone.nbytes == batch.nbytes + hidden.nbytes

# %%
# Traps
# -----
#
# ``total += loss``
# ~~~~~~~~~~~~~~~~~
#
# Each loss refers to the operations that made it, and these hold what they kept. In
# validation nothing calls ``backward``, so the sum holds the activations of every
# batch: 16 for each, 48 for 3 batches. Add ``loss.item()``.

for use, expected in ((lambda loss: loss, 48), (torch.Tensor.item, 0)):
    total = 0
    with track_memory() as memory:
        for _ in range(3):
            total = total + use(model(small).mean())
    print(round(memory.live_bytes / small.nbytes), "activations are held")
    assert round(memory.live_bytes / small.nbytes) == expected

# %%
# More: losses in training
# ~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``loss.detach()`` holds nothing either. In training, ``backward`` frees the
# activations. But the sum still holds a record of each operation, so detach there too.

model(small).mean().backward()  # makes room for the gradients, once


def live_after_three(use):
    total = 0
    with track_memory() as memory:
        for _ in range(3):
            loss = model(small).mean()
            total = total + use(loss)
        del loss
    return round(memory.live_bytes / small.nbytes)


def train(loss):
    loss.backward()
    return loss


live = {
    "loss.detach()": live_after_three(torch.Tensor.detach),
    "loss, after backward": live_after_three(train),
}
print(live)
assert list(live.values()) == [0, 0]
total = train(model(small).mean()) + train(model(small).mean())
assert all(node is not None for node, _ in total.grad_fn.next_functions)

# %%
# ``eval()`` is not ``no_grad()``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``eval()`` changes what layers such as dropout do. Most other layers keep what they
# kept. For validation use ``no_grad`` or ``inference_mode`` as well: they keep nothing.

assert units(model.eval(), small) == units(model.train(), small) == 17
for mode in (torch.no_grad(), torch.inference_mode()):
    with mode:
        assert units(model, small) == 0

# %%
# More: dropout and attention in ``eval()``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A dropout keeps no mask then. The attention of a transformer layer, on the CPU, keeps
# no matrices of weights either, and that may be most of it.

dropping = nn.Sequential(network(8), nn.Dropout())
attending = nn.TransformerEncoderLayer(128, 8, batch_first=True).to(device)
sequence = torch.randn(1, 128, 128, device=device)
training = units(dropping, small), units(attending, sequence)
evaluating = units(dropping.eval(), small), units(attending.eval(), sequence)
print("train()", training, "units, eval()", evaluating)
assert (training[0], evaluating[0]) == (9 + mask, 9)
attention_keeps_less = training[1] > 2 * evaluating[1]
if device.type == "cpu":
    assert attention_keeps_less

# %%
# One checkpoint around everything
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It keeps only the input, until the backward pass computes and keeps the whole network
# again. The peak stays at 17. Cut the network into segments: 8.

from torch.utils.checkpoint import checkpoint


def whole(model, batch):
    return checkpoint(model, batch, use_reentrant=False)


room = 64 if on_gpu else 0.5  # on a GPU for the workspace of a matrix product
for way, expected in ((stored, 17.0), (whole, 17.0), (checkpointed, 8.0)):
    with track_memory() as memory:
        gradients(way, model, batch)
    peak = memory.peak_bytes / batch.nbytes
    print(f"{way.__name__}: {peak:.1f} activations at the peak")
    torch.testing.assert_close(peak, expected, rtol=0, atol=room)

# %%
# More: writing to a tensor that is kept
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Autograd counts the writes to each tensor: its version. ``exp`` and ``relu`` keep
# their output. Change it in place, and backward refuses it, unless hooks keep it: under
# ``save_on_cpu``, on a CPU, the gradient is wrong. The output of ``2 * x`` is kept by
# nobody, and may be changed.


for function in (torch.exp, torch.relu):
    y = function(x)
    y.add_(1)
    with shows_error(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
y = (2 * x).add_(1)
assert torch.autograd.grad(y.sum(), x)[0].unique().tolist() == [2]

# %%
# More: copies that are kept
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Under ``autocast`` a linear layer converts its input and its weight to 16 bits, and
# keeps the copies: half the bytes of each, besides the originals if somebody holds
# those. And it copies a batch of transposed matrices before it multiplies, and keeps
# that copy.

with torch.autocast(device.type, dtype=torch.bfloat16):
    narrow = saved_for_backward(linear, x)
assert narrow.activation_bytes == (x.nbytes + linear.weight.nbytes) / 2
upright = torch.randn(4, 64, 16, device=device)
transposed = torch.randn(4, 16, 64, device=device).mT
copied = [saved_for_backward(linear, y).activation_bytes for y in (upright, transposed)]
print("copied and kept:", *copied, "bytes")
assert copied == [0, transposed.nbytes]

# %%
# More: functions of your own
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A ReLU of your own that saves its input gives the right gradient, and makes 16 layers
# keep 32 units in place of 17: nobody else keeps that input. Save the output.


class InputRelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):
        ctx.save_for_backward(i)
        return i.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        (i,) = ctx.saved_tensors
        return gradient * (i > 0)


class Apply(nn.Module):
    function = InputRelu

    def forward(self, h):
        return self.function.apply(h)


own = torch.autograd.grad(InputRelu.apply(x).sum(), x)
assert torch.equal(*own, *torch.autograd.grad(torch.relu(x).sum(), x))
print("own ReLU:", units(network(16, Apply), small), "units")
assert units(network(16, Apply), small) == 32
assert units(network(16, nn.ReLU), small) == 17

# %%
# More: checkpointing dropout
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# What is computed again must come out the same. So ``checkpoint`` by default keeps the
# state of the random numbers too, 5,056 bytes on the CPU. ``preserve_rng_state=False``
# switches this off. Our pictures do so, where nothing is random. With dropout it makes
# the gradient *wrong*, without an error: the second run draws another mask. All inputs
# below are 1, so the right gradient equals the output.

ones = torch.ones(1000, device=device, requires_grad=True)
same = {}
for keep in (True, False):
    with record_saved() as saved:
        y = checkpoint(F.dropout, ones, use_reentrant=False, preserve_rng_state=keep)
    states = [each.nbytes for each in saved.tensors if each.role == "random state"]
    (gradient,) = torch.autograd.grad(y.sum(), ones)
    same[keep] = torch.equal(gradient, y), max(states, default=0)
    print(f"preserve_rng_state={keep}: right {same[keep][0]}, {same[keep][1]} bytes")
assert same == {True: (True, 5056), False: (False, 0)}

# %%
# On a GPU
# --------
#
# The derivatives are the same; kernels can differ in what they keep. Built on a GPU,
# this page compares the law with ``torch.cuda.memory_allocated``.

print("this page ran on", device.type)
before = torch.cuda.memory_allocated() if on_gpu else 0
with track_memory() as memory:
    prediction = model(batch)
grown = torch.cuda.memory_allocated() - before if on_gpu else memory.live_bytes
assert grown == memory.live_bytes == 16 * batch.nbytes

# %%
# More: the allocator of a GPU
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# That allocator hands out blocks of 512 bytes. On a GPU the code also expects one byte
# for each number in the mask of dropout, where the CPU takes four in float32.

with track_memory() as memory:
    tiny = torch.ones(3, device=device, requires_grad=True).exp()
taken = 2 * (512 if on_gpu else 12)  # the ones, and the output, which exp keeps
assert memory.live_bytes == taken
assert kept(lambda: F.dropout(x)) == {"mask": mask}

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# How many units do 16 layers ``h = h + relu(linear(h))`` keep?
#
# Solution
# ^^^^^^^^
#
# 32. The linear layers keep 16 different ``h``, and the ReLUs 16 outputs. The sum
# stands between them, so they are no longer the same tensors. The sum keeps nothing.


def residual(model, h):
    for layer in model:
        h = h + layer(h)
    return h


assert units(residual, model, small) == 16 + 16

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Of 16 layers only one is trained. How many units are kept if it is the last, and if
# it is the first? With ReLU, and with GELU?
#
# Solution
# ^^^^^^^^
#
# If it is the last: 2, its input and what its activation function keeps. If it is the
# first: 17, the network's input and one tensor for each of 16 functions, to pass the
# gradient on. Frozen linear layers keep no input. With ReLU these were the same
# tensors: 17 before, 17 now. With GELU it was 32.


def one_trained(activation, number):
    model = network(16, activation).requires_grad_(False)
    model[number].requires_grad_(True)
    return units(model, small)


assert [one_trained(nn.ReLU, -1), one_trained(nn.GELU, -1)] == [2, 2]
assert [one_trained(nn.ReLU, 0), one_trained(nn.GELU, 0)] == [17, 17]

# %%
# Exercise 3
# ~~~~~~~~~~
#
# LeakyReLU keeps its input, though its output has the same sign. Write one that keeps
# its output. How many units do 16 layers keep then?
#
# Solution
# ^^^^^^^^
#
# The slope depends on the sign alone, and the output has it too. 17 units, as for ReLU.


class OutputLeakyRelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):
        result = F.leaky_relu(i)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, gradient):
        (result,) = ctx.saved_tensors
        return torch.where(result > 0, gradient, 0.01 * gradient)


own = torch.autograd.grad(OutputLeakyRelu.apply(x).sum(), x)
torch.testing.assert_close(own, torch.autograd.grad(F.leaky_relu(x).sum(), x))
Apply.function = OutputLeakyRelu
assert units(network(16, Apply), small) == 17

# %%
# References
# ----------
#
# - PyTorch: `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__; `checkpoint
#   <https://docs.pytorch.org/docs/stable/checkpoint.html>`__; `autocast
#   <https://docs.pytorch.org/docs/stable/amp.html>`__; `FAQ
#   <https://docs.pytorch.org/docs/stable/notes/faq.html>`__; `saved tensors
#   <https://docs.pytorch.org/tutorials/intermediate/autograd_saved_tensors_hooks_tutorial.html>`__.
# - T. Chen et al., `Training Deep Nets with Sublinear Memory Cost
#   <https://arxiv.org/abs/1604.06174>`__, 2016, and
#   :ref:`our page on it <sphx_glr_auto_examples_papers_chen_checkpointing.py>`.
# - The question is from chapter 17 of *Deep Learning for Coders with fastai and
#   PyTorch* (J. Howard, S. Gugger, 2020).
