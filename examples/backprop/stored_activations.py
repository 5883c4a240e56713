# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy>=2.4", "opt_einsum>=3.4", "matplotlib>=3.11"]
# ///
"""
Why must we store some of the activations of the forward pass?
==============================================================

People ask this because training takes so much more memory than prediction, and because
nobody says which ones "some" are.

Short answer
------------

Because the backward pass computes with them. In eager mode, each operation keeps what
torch's formula of its derivative asks for. ReLU and tanh keep their output. GELU keeps
its input. A linear layer keeps its input and its weight; a parameter was there before,
so that costs no memory, except under ``autocast`` (see the traps). Sums and views keep
nothing. Storing costs memory and saves time: what is not stored can be computed again.

``saved_for_backward``, from this site's library, runs a function and lists the tensors
that autograd keeps for it, each with its role: input, output, or weight.
"""

import torch
import torch.nn.functional as F
from tensorglass import default_device, saved_for_backward
from torch import nn

device = default_device()  # a GPU if there is one
torch.manual_seed(0)
x = torch.randn(64, 16, device=device, requires_grad=True)
linear = nn.Linear(16, 16).to(device)

for function, roles in (
    (torch.relu, ["output"]),
    (torch.tanh, ["output"]),
    (F.gelu, ["input"]),
    (linear, ["input", "weight"]),
    (torch.sum, []),
    (torch.t, []),
):
    saved = saved_for_backward(function, x)
    name = getattr(function, "__name__", "linear")
    print(f"{name:7} keeps", *[tensor.role for tensor in saved.tensors] or ["nothing"])
    assert [tensor.role for tensor in saved.tensors] == roles
assert saved_for_backward(linear, x).activation_bytes == 0  # both were there before

# %%
# What is often said
# ------------------
#
# Answers on the web give five reasons. The first is that the gradients need these
# values. That is right. The second is that storing them is *memory-efficient*. It is
# the other way round: it spends memory, and saves computation. To see it, we run a
# network of 16 layers twice, once with **checkpointing**, which stores less and
# computes the rest again. The gradients agree to the last bit. Without checkpointing 17
# tensors are kept: the input and 16 outputs. With it there are 8. The price: 12 layers
# run twice, so there are 59 matrix products in place of 47. The proof below derives
# these numbers.

from tensorglass import measured
from torch.utils.benchmark import Timer
from torch.utils.checkpoint import checkpoint_sequential
from torch.utils.flop_counter import FlopCounterMode


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


model = network(16)
batch = torch.randn(512, 128, device=device)  # each activation has this size
for way, expected in ((stored, (17, 47)), (checkpointed, (8, 59))):
    counts = units(way, model, batch), products(way, model, batch)
    names = {"step": gradients, "way": way, "model": model, "batch": batch}
    timer = Timer("step(way, model, batch)", globals=names)
    milliseconds = 1000 * timer.blocked_autorange(min_run_time=0.1).median
    print(f"{way.__name__:12} keeps {counts[0]:2.0f} activations, computes", end=" ")
    print(f"{counts[1]:.0f} products, takes {measured(f'{milliseconds:.1f} ms')}")
    assert counts == expected
both = [gradients(way, model, batch) for way in (stored, checkpointed)]
assert all(map(torch.equal, *both))

# %%
# The last three are skip connections, debugging and pictures. They do use activations.
# But a Python variable holds these. The sum of a skip connection keeps nothing, so here
# autograd keeps as many bytes with them as without. But the sum is another tensor, and
# if a layer follows, it keeps that one: exercise 1.

from tensorglass import record_saved

block = network(1)
with record_saved() as alone:
    hidden = block(batch)
with record_saved() as saved:
    hidden = block(batch)
    skipped = batch + hidden  # a skip connection
    print("standard deviation:", round(hidden.detach().std().item(), 2))  # debugging
    bars = torch.histc(hidden.detach(), bins=10)  # for a picture
print("kept for the backward pass:", alone.nbytes, "and", saved.nbytes, "bytes")
assert skipped.requires_grad
assert bars.sum() == hidden.numel()
assert saved.nbytes == alone.nbytes == batch.nbytes + hidden.nbytes

# %%
# The rule
# --------
#
# An operation keeps the tensors that the formulas of its derivatives read, for those
# inputs that need a gradient. It keeps what it computed with, until backward has used
# it, and makes no copy for keeping, unless it overwrites in place what it needs. This
# is said of eager mode: compiled code may choose otherwise. (PyTorch notes, *Autograd
# mechanics*, "Saved tensors". What the two passes compute: :doc:`forward_backward`.)
# The square of ``x`` has the derivative 2x, and keeps ``x``. A linear layer whose
# output has the gradient g has two formulas: that of the weight W reads the input x,
# and that of the input reads the weight.
#
# .. math::
#
#    \frac{\partial L}{\partial W} = g^\top x
#    \qquad \frac{\partial L}{\partial x} = g \, W
#
# If the weight is frozen, the input is not kept. If the input needs no gradient, the
# weight is not. Layers with one formula for all their gradients are less thrifty: a
# convolution keeps both, frozen or not.

from tensorglass import shows_error

squared = x**2
assert squared.grad_fn._saved_self.data_ptr() == x.data_ptr()
squared.sum().backward()
with shows_error(RuntimeError, match="after they have already been freed"):
    squared.grad_fn._saved_self

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
linear.requires_grad_(True)
linear.zero_grad()
frozen = nn.Conv1d(16, 16, 3).to(device).requires_grad_(False)
both_kept = saved_for_backward(frozen, x[None].mT)
assert {"input", "weight"} <= {tensor.role for tensor in both_kept.tensors}
silu = F.silu(1 * x, inplace=True)
assert silu.grad_fn._saved_self.data_ptr() != silu.data_ptr()  # a copy of its input

# %%
# Proof
# -----
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
# Second, other operations. Sums, means and views have constant derivatives, and keep
# nothing. A product keeps both factors, since each is the derivative for the other.
# Some operations keep what they made on the way: a mask, indices, or the mean of each
# row and one over its standard deviation. And torch's formulas are not always the
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
# Third, a law. Take L pairs of a linear layer and an activation function. One unit is
# the size of the input, and of each tensor in between. Each linear layer keeps its
# input: the network's input, and the outputs of all functions but the last. That makes
# L units. A function that keeps its output adds one, the last output, as the others are
# counted already: L + 1. A function that keeps its input adds L, as no linear layer
# keeps those: 2L. ReLU in place does not change what is kept: it overwrites a tensor
# that nobody keeps. LeakyReLU, ELU and SELU in place have no input left, and keep their
# output.


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
# Fourth, checkpointing. Let L be a square. Cut the network into √L segments of √L
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
# Picture
# -------
#
# The memory of one forward and backward pass of the 16 layers, without their input,
# which was there before. Blue is what is live after each operation; hatched orange is
# what one needed while it ran. The output of each linear layer goes as soon as ReLU's
# is there: the small teeth. Grey is the backward pass. It frees the activations. With
# checkpointing it runs three segments again, each inside one of its operations: the
# jumps at the right.

import matplotlib.pyplot as plt
from tensorglass import track_memory

long_batch = torch.randn(2048, 128, device=device)  # one MiB
figure, axes = plt.subplots(2, 1, figsize=(7.2, 6.4), layout="constrained", sharey=True)
for way, ax, expected in zip((stored, checkpointed), axes, (17, 8), strict=True):
    with track_memory() as memory:
        gradients(way, model, long_batch)
    memory.plot(ax)
    ax.set_ylim(0, 20)  # the same for both
    with track_memory() as forward:
        last = way(model, long_batch)
    after_forward = forward.live_bytes / long_batch.nbytes
    ax.set_title(f"{way.__name__}: {after_forward:.0f} MiB after the forward pass")
    assert after_forward == expected - 1  # without the input
    del last

# %%
# Where is it kept? In each pair the linear layer is number 0 and the activation
# function number 1. A tensor that two modules keep is counted once, at the first:
# ReLU's output stands at the ReLU, though the next linear layer keeps it too. GELU
# shares nothing. Hatched is what was there before: the input and the weights. With the
# input it is 4 and 6 units, as the law says.

figure, axes = plt.subplots(2, 1, figsize=(6.4, 5.2), layout="constrained", sharex=True)
for activation, ax, expected in zip((nn.ReLU, nn.GELU), axes, (3, 5), strict=True):
    saved = saved_for_backward(network(3, activation), long_batch)
    saved.plot(ax)
    kept_bytes = saved.activation_bytes / long_batch.nbytes
    ax.set_title(f"{activation.__name__} keeps {kept_bytes:.0f} MiB")
    assert kept_bytes == expected
    assert kept_bytes + saved.input_bytes / long_batch.nbytes in (4, 6)
    if ax is axes[0]:
        ax.set_xlabel("")

# %%
# And the law: GELU keeps nearly twice as much as ReLU.

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
# Traps
# -----
#
# Writing to a tensor that is kept
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Autograd counts the writes to each tensor: its version. ``exp`` and ``relu`` keep
# their output. Change it in place, and backward refuses it. The output of ``2 * x`` is
# kept by nobody, and may be changed.

for function in (torch.exp, torch.relu):
    y = function(x)
    y.add_(1)
    with shows_error(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
y = (2 * x).add_(1)
assert torch.autograd.grad(y.sum(), x)[0].unique().tolist() == [2]

# %%
# ``total += loss``
# ~~~~~~~~~~~~~~~~~
#
# Each loss refers to the operations that made it, and these hold what they kept. The
# sum refers to all losses. In validation nothing calls ``backward``, so the activations
# of every batch stay: 16 for each, 48 for 3 batches. Add ``loss.item()`` or
# ``loss.detach()``. In training, ``backward`` frees the activations. But the sum still
# holds a record of each operation, so detach there too.

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
    "loss": live_after_three(lambda loss: loss),
    "loss.item()": live_after_three(torch.Tensor.item),
    "loss.detach()": live_after_three(torch.Tensor.detach),
    "loss, after backward": live_after_three(train),
}
print(live)
assert list(live.values()) == [48, 0, 0, 0]
total = train(model(small).mean()) + train(model(small).mean())
assert all(node is not None for node, _ in total.grad_fn.next_functions)

# %%
# ``eval()`` is not ``no_grad()``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``eval()`` changes what layers such as dropout do, and so what they keep. A dropout
# keeps no mask then. The attention of a transformer layer, on the CPU, keeps no
# matrices of weights either, and that may be most of it. All other operations keep what
# they kept. For validation use ``no_grad`` or ``inference_mode`` as well: then 0 bytes
# are kept.

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
for mode in (torch.no_grad(), torch.inference_mode()):
    with mode:
        assert units(dropping, small) == 0

# %%
# Copies that an operation computes with are kept
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
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
# Your own function may keep more than torch's
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
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
# Checkpointing dropout
# ~~~~~~~~~~~~~~~~~~~~~
#
# What is computed again must come out the same. So ``checkpoint`` by default keeps the
# state of the random numbers too, 5,056 bytes on the CPU. ``preserve_rng_state=False``
# switches this off. We did so above, where nothing is random. With dropout it makes the
# gradient *wrong*, without an error: the second run draws another mask. All inputs
# below are 1, so the right gradient equals the output.

from torch.utils.checkpoint import checkpoint

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
# The formulas of the derivatives are the same, and the kernels can differ in what they
# keep. Where this page is built on a GPU, the code compares the law with
# ``torch.cuda.memory_allocated``, whose allocator hands out blocks of 512 bytes. There
# the code also expects one byte for each number in the mask of dropout, where the CPU
# takes four in float32.

print("this page ran on", device.type)
on_gpu = device.type == "cuda"
before = torch.cuda.memory_allocated() if on_gpu else 0
with track_memory() as memory:
    prediction = model(batch)
grown = torch.cuda.memory_allocated() - before if on_gpu else memory.live_bytes
predicted = saved_for_backward(model, batch).activation_bytes
assert grown == memory.live_bytes == predicted == 16 * batch.nbytes

with track_memory() as memory:
    tiny = torch.ones(3, device=device, requires_grad=True).exp()
taken = 2 * (512 if on_gpu else 12)  # the ones, and the output, which exp keeps
assert memory.live_bytes == taken

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
# Of 16 layers only one is trained, the others are frozen. How many units are kept if it
# is the last layer, and if it is the first? With ReLU, and with GELU?
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
# Take it home
# ------------
#
# ``saved_for_backward(model, batch)`` lists what your model keeps, by module and
# operation. With fake tensors, which have a shape and no memory, it tells before you
# have the machine how much a model keeps, with the kernels of the CPU; the workspace of
# an LSTM is left out. Here are 32
# transformer layers of width 4,096, of four times that inside, with 4,096 tokens, in
# float32. Training needs more than the weights and what is kept: the gradients take as
# much as the weights, and Adam twice that.

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
# 4,096 numbers for each of the 32 heads: 6 GiB. Without dropout it keeps none.

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
# References
# ----------
#
# - PyTorch: `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__, on saved tensors,
#   in-place operations, and the modes; `torch.utils.checkpoint
#   <https://docs.pytorch.org/docs/stable/checkpoint.html>`__; and, on ``total_loss``,
#   the `Frequently Asked Questions
#   <https://docs.pytorch.org/docs/stable/notes/faq.html>`__.
# - PyTorch: `Hooks for autograd saved tensors
#   <https://docs.pytorch.org/tutorials/intermediate/autograd_saved_tensors_hooks_tutorial.html>`__,
#   a tutorial.
# - T. Chen, B. Xu, C. Zhang, C. Guestrin, `Training Deep Nets with Sublinear Memory
#   Cost <https://arxiv.org/abs/1604.06174>`__, 2016.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
