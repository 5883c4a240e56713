# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.10", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
detach, no_grad, eval, inference_mode: what does each change?
=============================================================

People ask this when validation runs out of memory, gives other numbers each time, or
stops with "Inference tensors cannot be saved for backward".

:Level: intermediate

Short answer
------------

In ``no_grad`` an ordinary forward pass records and keeps nothing for a backward pass.
``inference_mode`` does the same, and its new tensors may not be saved for a later
backward pass. ``detach()`` cuts one tensor off its history. ``eval()`` does not turn
gradients off: it changes what layers like dropout and batch norm compute. Evaluate with
``eval()`` and either mode.
"""

import torch

model, x = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Dropout()), torch.ones(3)
results = {"eval": model.eval()(x), "detach": model.train()(x).detach()}
for mode in (torch.no_grad, torch.inference_mode):
    with mode():
        results[mode.__name__] = model(x)
print("gradient?", {name: y.requires_grad for name, y in results.items()})
assert [y.requires_grad for y in results.values()] == [True, False, False, False]

# %%
# Measured with a network of 8 layers. *Memory held*: by the result and what it keeps
# alive, in sizes of the batch. *Mean updated*: the running mean of a batch norm.
# *Usable later*: outside, an operation may save the result for a backward pass.
# Colored is what differs from training.

# More: runs each way, and draws the table
import matplotlib.pyplot as plt
from tensorglass import default_device, track_memory
from torch import nn

device = default_device()  # a GPU if there is one
torch.manual_seed(0)


def frozen(net, x):
    flags = [(each, each.requires_grad) for each in net.parameters()]
    net.requires_grad_(False)
    result = net.train()(x)
    for parameter, flag in flags:
        parameter.requires_grad_(flag)
    return result


def training(net, x):
    return net.train()(x)


WAYS = {
    "train()": training,
    "eval()": lambda net, x: net.eval()(x),
    "detach()": lambda net, x: net.train()(x).detach(),
    "no_grad": torch.no_grad()(training),
    "inference_mode": torch.inference_mode()(training),
    "eval() +\nno_grad": torch.no_grad()(lambda net, x: net.eval()(x)),
    "requires_grad_(False)": frozen,
}
layers = [(nn.Linear(128, 128), nn.ReLU()) for _ in range(8)]
deep = nn.Sequential(*[each for pair in layers for each in pair]).to(device)
batch = torch.randn(64, 128, device=device)
weight = torch.ones(128, device=device, requires_grad=True)
training(deep, batch)  # a GPU allocates what its kernels work with once


def works(function):
    try:
        function()
    except RuntimeError:
        return False
    return True


def measure(way):
    """Return what a way of calling a network does, column by column."""
    with track_memory() as memory:
        result = way(deep, batch)
    norm = nn.BatchNorm1d(128).to(device)
    way(norm, batch)
    return {
        "needs\ngradient": result.requires_grad,
        "memory\nheld": memory.live_bytes / batch.nbytes,
        "dropout\ndrops": bool((way(nn.Dropout(), batch.exp()) == 0).any()),
        "mean\nupdated": bool(norm.running_mean.any()),
        "usable\nlater": works(lambda: result * weight),
    }


table = {name: measure(way) for name, way in WAYS.items()}
ordinary = table["train()"]
figure, ax = plt.subplots(figsize=(3.9, 3.7), layout="constrained")
told = []
for row, (name, found) in enumerate(table.items()):
    lines = name.replace("_(", "_\n(")
    ax.text(-0.08, -row - 0.5, lines, ha="right", va="center", fontsize=9.5)
    words = [
        f"{value:.0f}" if isinstance(value, float) else ("yes" if value else "no")
        for value in found.values()
    ]
    for column, (heading, word) in enumerate(zip(found, words, strict=True)):
        color = "#999999" if found[heading] == ordinary[heading] else "#d55e00"
        place = (column + 0.03, -row - 0.94)
        ax.add_patch(plt.Rectangle(place, 0.94, 0.88, color=color, alpha=0.3))
        ax.text(column + 0.5, -row - 0.5, word, ha="center", va="center", fontsize=10)
    told.append(f"{name}: {', '.join(words)}".replace("\n", " "))
for column, heading in enumerate(ordinary):
    ax.text(column + 0.5, 0.1, heading, ha="center", fontsize=9)
ax.set(xlim=(-1.9, 5), ylim=(-7, 0.9), title="What each way changes")
ax.set_axis_off()
headings = ", ".join(heading.replace("\n", " ") for heading in ordinary)
ax.set_label(f"A table of {headings}, in this order. {'; '.join(told)}.")
assert [list(found.values()) for found in table.values()] == [
    [True, 8, True, True, True],
    [True, 8, False, False, True],
    [False, 1, True, True, True],
    [False, 1, True, True, True],
    [False, 1, True, True, False],
    [False, 1, False, False, True],
    [False, 1, True, True, True],
]

# %%
# Take it home
# ------------
#
# Validation, a target without a gradient, and layers that are not trained. Take
# ``detach()`` for one value in a step that otherwise needs gradients, as this target.

from torch import nn
from torch.nn import functional as F

net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 2))
data = torch.randn(16, 4)

net.eval()
with torch.inference_mode():  # no_grad, if the results go into training
    predicted = net(data)
net.train()  # before the next epoch
loss = F.mse_loss(net(data), net(data).detach())
net[:2].requires_grad_(False)

assert predicted.requires_grad is False
assert [each.requires_grad for each in net.parameters()] == [False] * 4 + [True] * 2

# %%
# Does your model, or a part of it, still keep tensors for a backward pass? Ask the
# library of this site.

from tensorglass import saved_for_backward

saved = saved_for_backward(net.eval(), data)
assert saved.activation_bytes == 16 * 8 * 4  # eval() is on, and one is kept
saved

# %%
# Why
# ---
#
# An operation with a derivative is recorded if grad mode is on in this thread **and**
# an input requires a gradient. ``no_grad`` switches the mode, ``detach`` and
# ``requires_grad_(False)`` change inputs. In ``inference_mode``, as in ``no_grad``,
# nothing is recorded. Besides, it marks the new tensors that are made inside, but not
# views of others. (PyTorch notes, *Autograd mechanics*, "Locally disabling gradient
# computation", for eager mode.)
#
# ``eval()`` sets ``training`` to False, in a module and those inside, and does no more,
# unless a class overrides it. What that means is up to the ``forward`` of each layer.

w, other = (
    torch.ones(3, device=device, requires_grad=True),
    torch.ones(3, device=device),
)
for enabled in (True, False):
    with torch.set_grad_enabled(enabled):
        needs = [(a * other).requires_grad for a in (w, other, w.detach())]
    assert needs == [enabled, False, False]
with torch.inference_mode():
    marked = [made.is_inference() for made in (other * 2, other[1:], other.view(1, 3))]
assert marked == [True, False, False]
assert [each.training for each in net.train().modules()] == [True] * 5
assert [each.training for each in net.eval().modules()] == [False] * 5

# %%
# More: each mode, each operation, each kind of input
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Seven modes, one inside another too; ten functions, of which two have no derivative
# and none returns a view; and all four choices of what requires a gradient.

import contextlib
import itertools

MODES = {  # whether operations are recorded
    (): True,
    (torch.enable_grad,): True,
    (torch.no_grad,): False,
    (torch.inference_mode,): False,
    (torch.no_grad, torch.enable_grad): True,
    (torch.enable_grad, torch.no_grad): False,
    (torch.inference_mode, torch.no_grad): False,
}
linear = nn.Linear(3, 3, bias=False).to(device).requires_grad_(False)
RECORDED = [
    torch.add,
    torch.mul,
    torch.matmul,
    torch.maximum,
    lambda a, b: torch.stack([a, b]),
    lambda a, b: linear.train()(a + b),
    lambda a, b: linear.eval()(a + b),
    lambda a, b: F.dropout(a - b, training=False),
]
NOT_RECORDED = [torch.greater, lambda a, b: (a + b).argmax()]
tried = recorded = 0
choices = list(itertools.product((True, False), repeat=2))
for (modes, on), flags in itertools.product(MODES.items(), choices):
    a, b = (torch.ones(3, device=device, requires_grad=flag) for flag in flags)
    for function in RECORDED + NOT_RECORDED:
        with contextlib.ExitStack() as stack:
            for mode in modes:
                stack.enter_context(mode())
            result = function(a, b)
        expected = on and any(flags) and function in RECORDED
        assert result.requires_grad == (result.grad_fn is not None) == expected
        assert result.is_inference() == (torch.inference_mode in modes)
        tried, recorded = tried + 1, recorded + expected
print(tried, "operations, of which", recorded, "were recorded")
assert (tried, recorded) == (280, 72)

# %%
# More: what a mode does not reach
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A tensor that is made with ``requires_grad=True``, as each parameter, requires a
# gradient in every mode. A view of one, such as ``w[1:]``, says so too, but has no
# history: its gradient is lost, and nothing is raised. A thread that is started begins
# with gradients on. And inside ``inference_mode``, ``enable_grad`` records nothing;
# ``inference_mode(False)`` does.
#
# A derivative that is asked for under ``no_grad`` is computed all the same:
# ``autograd.grad(..., create_graph=True)`` records its own work there, and
# ``torch.func.grad`` and forward mode work.

import threading

from tensorglass import shows_error

with torch.no_grad():
    made_inside = nn.Linear(3, 1)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
    thread.start()
    thread.join()
assert made_inside.weight.requires_grad
assert seen == [True]

with torch.inference_mode():
    with torch.enable_grad():
        result = (w * w).sum()
    with torch.inference_mode(mode=False):
        way_out = (w * w).sum()
with shows_error(RuntimeError, match="does not have a grad_fn"):
    result.backward()
way_out.backward()
assert w.grad.tolist() == [2, 2, 2]

for mode in (torch.no_grad, torch.inference_mode):
    with mode():
        part = w[1:]
    assert part.requires_grad
    assert part.grad_fn is None
    (part * 5).sum().backward()
    assert part.grad is None
    assert w.grad.tolist() == [2, 2, 2]  # as before


def cubes(x):
    return (x**3).sum()


y = cubes(w)
with torch.no_grad():
    (slope,) = torch.autograd.grad(y, w, create_graph=True)
    by_func = torch.func.grad(cubes)(other)
    _, tangent = torch.func.jvp(cubes, (other,), (other,))
assert torch.autograd.grad(slope.sum(), w)[0].tolist() == [6, 6, 6]
assert by_func.tolist() == [3, 3, 3]
assert tangent == 9

# %%
# What is often said
# ------------------
#
# "``eval()`` turns gradients off, so ``no_grad`` is not needed." The gradients are all
# there. If no layer asks for ``training``, they are the same numbers, and as much is
# kept. So it is in ``deep``, the 8 layers of the picture: linear, with ReLU.

batch, gradients = torch.randn(64, 128, device=device), {}
for switch in (deep.train, deep.eval):
    loss = switch()(batch).square().mean()
    found = torch.autograd.grad(loss, list(deep.parameters()))
    gradients[switch.__name__] = found
assert all(map(torch.equal, *gradients.values()))
assert all(each.any() for each in gradients["eval"])
in_training = saved_for_backward(deep.train(), batch).nbytes
in_eval = saved_for_backward(deep.eval(), batch).nbytes
print("kept:", in_training, "bytes in training,", in_eval, "bytes in eval()")
assert in_training == in_eval
asks = nn.RReLU()  # neither dropout nor batch norm
assert not torch.equal(asks.train()(batch), asks.eval()(batch))

# %%
# More: "``detach()`` makes a copy"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It returns another tensor over the same memory. A write to either is in both, and is
# counted for both: so autograd notices if it needed the old values. For memory of its
# own, ``detach().clone()``.

made = w.exp()
cut = made.detach()
assert cut.data_ptr() == made.data_ptr()
cut.zero_()
assert made.tolist() == [0, 0, 0]
assert made._version == cut._version == 1
with shows_error(RuntimeError, match="modified by an inplace operation"):
    made.sum().backward()
own = made.detach().clone()
assert own.data_ptr() != made.data_ptr()

# %%
# More: "``inference_mode`` is a faster ``no_grad``"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# By the documentation it saves work: it counts no writes to new tensors made inside,
# and tracks no views. (Times are not measured here.) But these tensors are of another
# kind. Outside, they may not be written to, nor be set to require a gradient. Writes to
# other tensors are counted as ever.

with torch.inference_mode():
    inside = w * 2
    before = other._version
    other.mul_(1)
assert other._version == before + 1
with shows_error(RuntimeError, match="do not track version counter"):
    inside._version
with shows_error(RuntimeError, match="Inplace update to inference tensor outside"):
    inside.add_(1)
with shows_error(RuntimeError, match="Setting requires_grad=True on inference tensor"):
    inside.requires_grad_()
assert inside.clone().requires_grad_().requires_grad

# %%
# Traps
# -----
#
# ``Inference tensors cannot be saved for backward``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Features of a network that is not trained, here ``deep``, are made under
# ``inference_mode``, and go into a layer that is. That layer keeps its input. Make them
# under ``no_grad``, or ``clone`` them outside. (A sum keeps nothing, and works.)

with torch.inference_mode():
    features = deep(batch)
head = nn.Linear(128, 2).to(device)
with shows_error(RuntimeError, match="Inference tensors cannot be saved for backward"):
    head(features)
assert head(features.clone()).requires_grad
total = features + weight
assert total.requires_grad

# %%
# Validation without ``eval()``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Under ``no_grad`` dropout drops, and the running mean of a batch norm takes a tenth of
# each batch in: the validation data get into the model.

norm, dropout = nn.BatchNorm1d(128).to(device), nn.Dropout()
with torch.no_grad():
    dropped = dropout(batch)
    norm(batch)
assert not torch.equal(dropped, batch)
torch.testing.assert_close(norm.running_mean, 0.1 * batch.mean(dim=0))
before = norm.running_mean.clone()
with torch.no_grad():
    assert torch.equal(dropout.eval()(batch), batch)
    norm.eval()(batch)
assert torch.equal(norm.running_mean, before)

# %%
# More: ``eval()`` does not reach everything
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``F.dropout`` drops unless it is told ``training=self.training``. And a layer in a
# plain list is no part of the module: ``nn.ModuleList`` makes it one.


class Dropping(nn.Module):
    def __init__(self, container):
        super().__init__()
        self.parts = container([nn.Dropout()])

    def forward(self, x):
        return self.parts[0](x)


ones = torch.ones(1000, device=device)
assert F.dropout(ones).unique().tolist() == [0, 2]
reached = [
    torch.equal(Dropping(kind).eval()(ones), ones) for kind in (list, nn.ModuleList)
]
assert reached == [False, True]

# %%
# More: ``detach()`` comes late
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# By then the network has run and kept its activations, until the graph is dropped. So
# the peak is that of a forward pass in training: on the CPU 9 sizes of the batch, and 2
# in ``no_grad``. With its backward pass, training takes 17.

peaks = {}
for name in ("train()", "detach()", "no_grad"):
    with track_memory() as memory:
        WAYS[name](deep, batch)
    peaks[name] = memory.peak_bytes / batch.nbytes
with track_memory() as memory:
    loss = WAYS["train()"](deep, batch).sum()
    torch.autograd.grad(loss, list(deep.parameters()))
peaks["backward, too"] = memory.peak_bytes / batch.nbytes
print({name: f"{peak:.0f}" for name, peak in peaks.items()})
assert peaks["detach()"] == peaks["train()"]
assert min(peaks, key=peaks.get) == "no_grad"
if device.type == "cpu":  # a GPU's kernels may work with more memory
    assert [round(peak) for peak in peaks.values()] == [9, 9, 2, 17]

# %%
# More: frozen, and yet it moves
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``requires_grad_(False)`` stops new gradients. The running mean of a batch norm still
# moves in training: call ``eval()`` on the frozen part, after each ``train()`` of the
# whole. And a gradient from before is still used by the optimizer: set it to None.

norm = nn.BatchNorm1d(128).to(device).requires_grad_(False)
norm(batch)
assert norm.running_mean.any()

layer = nn.Linear(128, 1).to(device)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
layer(batch).sum().backward()
layer.requires_grad_(False)
before = layer.weight.clone()
optimizer.step()
assert not torch.equal(layer.weight, before)
optimizer.zero_grad()  # sets it to None
before = layer.weight.clone()
optimizer.step()
assert torch.equal(layer.weight, before)

# %%
# More: only leaves can be frozen
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A result of recorded operations requires a gradient as long as it has a history. To
# cut that off, ``detach``.

computed = w * 2
with shows_error(RuntimeError, match="requires_grad flags of leaf variables"):
    computed.requires_grad_(False)
assert not computed.detach().requires_grad

# %%
# More: to write into a parameter
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A leaf that requires a gradient refuses writes, unless grad mode is off, as in an
# optimizer. The write is counted.

start = torch.ones(3, device=device, requires_grad=True)
with shows_error(RuntimeError, match="a leaf Variable that requires grad"):
    start.add_(1)
with torch.no_grad():
    start.add_(1)
assert start.requires_grad
assert (start.tolist(), start._version) == ([2, 2, 2], 1)

# %%
# More: a model that was made under ``inference_mode``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Its parameters are inference tensors, and require a gradient. Even a backward pass
# may run. The optimizer then fails. Make or load models outside.

with torch.inference_mode():
    stuck = nn.Linear(3, 1).to(device)
stuck(other).backward()
with shows_error(RuntimeError, match="Inplace update to inference tensor outside"):
    torch.optim.SGD(stuck.parameters(), lr=0.1).step()

# %%
# More: decorators and generators
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# As a decorator ``no_grad`` holds while a function runs (not an ``async`` one: write a
# ``with`` inside), and for a generator while its own code does. A ``with`` inside a
# generator holds for its caller too, from one ``yield`` to the next.


@torch.no_grad()
def decorated():
    yield torch.is_grad_enabled()


def leaking():
    with torch.no_grad():
        yield torch.is_grad_enabled()


for generator, outside in ((decorated(), True), (leaking(), False)):
    assert next(generator) is False
    assert torch.is_grad_enabled() is outside
    generator.close()
    assert torch.is_grad_enabled() is True


@torch.no_grad()
async def answer():
    return torch.is_grad_enabled()


async def answer_inside():
    with torch.no_grad():
        return torch.is_grad_enabled()


def run(coroutine):
    try:
        coroutine.send(None)  # as an event loop does
    except StopIteration as stop:
        return stop.value


assert run(answer()) is True
assert run(answer_inside()) is False

# %%
# More: a mode that does not begin, and one that does not end
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.no_grad()`` on a line of its own does nothing. There
# ``torch.set_grad_enabled(False)`` acts at once, and stays. Both work in ``with``, with
# their parentheses; the second is meant as a call, too.

torch.no_grad()
assert torch.is_grad_enabled()
torch.set_grad_enabled(False)
assert not torch.is_grad_enabled()
torch.set_grad_enabled(True)
for training_now in (True, False):
    with torch.set_grad_enabled(training_now):
        doubled = w * 2
    assert doubled.requires_grad == training_now
with shows_error(TypeError, AttributeError, match="context manager|__enter__"):
    with torch.no_grad:
        w * 2

# %%
# On a GPU
# --------
#
# The modes are the same there. One thing is not, and is known from an issue, not run
# here: with cuDNN, an LSTM in ``eval()`` refuses the backward pass, "cudnn RNN backward
# can only be called in training mode". On the CPU it works.

print("this page ran on", device.type)
lstm = nn.LSTM(2, 2).eval()
lstm(torch.ones(5, 1, 2))[0].sum().backward()  # on the CPU
assert all(parameter.grad is not None for parameter in lstm.parameters())

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# A student learns from a teacher: ``F.mse_loss(student(x), teacher(x).detach())``. What
# changes if ``teacher(x)`` runs under ``no_grad`` instead?
#
# Solution
# ^^^^^^^^
#
# Not the student's gradients. But the teacher's activations are not kept while it runs.

student = nn.Linear(128, 128).to(device)
both = []
for name in ("detach()", "no_grad"):
    loss = F.mse_loss(student(batch), WAYS[name](deep, batch))
    both.append(torch.autograd.grad(loss, student.weight)[0])
assert torch.equal(*both)
assert min(peaks, key=peaks.get) == "no_grad"

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Keep a running mean of a model's weights: each step moves it a tenth of the way.
#
# Solution
# ^^^^^^^^
#
# Under ``no_grad``: it writes into leaves, and must not record what it reads.

slow, fast = (torch.full((2,), value, requires_grad=True) for value in (0.0, 1.0))
with torch.no_grad():
    for _ in range(2):
        slow.lerp_(fast, 0.1)
torch.testing.assert_close(slow.detach(), torch.full((2,), 0.19))
assert slow.grad_fn is None

# %%
# References
# ----------
#
# - PyTorch: `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__, "Locally disabling
#   gradient computation"; `inference_mode
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html>`__;
#   `torch.Tensor.detach
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html>`__.
# - Inference tensors: `pytorch pull request 161164
#   <https://github.com/pytorch/pytorch/pull/161164>`__. Generators: `31792
#   <https://github.com/pytorch/pytorch/pull/31792>`__. LSTM: `pytorch issue 15788
#   <https://github.com/pytorch/pytorch/issues/15788>`__.
# - What is kept: :ref:`our page on stored activations
#   <sphx_glr_auto_examples_backprop_stored_activations.py>`. A message of ``backward``:
#   :ref:`no graph <sphx_glr_auto_examples_errors_no_graph.py>`.
