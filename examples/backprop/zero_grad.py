# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.10", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Why zero_grad, and how are gradients accumulated over small batches?
====================================================================

People ask this because each training loop calls ``zero_grad()``, and because a loop
without it trains otherwise than meant, and says nothing.

:Level: beginner

Short answer
------------

``backward()`` adds each gradient to ``.grad``. So clear it once a step:
``zero_grad()``, forward pass, ``backward()``, ``step()``. If a batch does not fit into
memory, call ``backward()`` for each small part, and ``step()`` once. Divide the *sum*
of each part's losses by the number of losses in the whole batch. (In training, batch
norm sees each part alone: results differ.)
"""

import torch

x, w = torch.tensor([1.0, 2, 3, 6]), torch.ones((), requires_grad=True)
(w * x).mean().backward()
whole = w.grad.item()
for part in x.split(3):  # three items, and the last one
    ((w * part).sum() / len(x)).backward()
print("the batch gives", whole, "and then its parts add up to", w.grad.item() - whole)
assert (whole, w.grad.item()) == (3, 6)  # nothing was cleared

# %%
# What happens without ``zero_grad()``? Here SGD minimizes w²/2, from w = 1. Each step
# then takes the sum of all gradients so far. After 10,000 steps w still swings.

# More: trains one number with and without zero_grad, and draws it
from copy import deepcopy

import matplotlib.pyplot as plt
import torch.nn.functional as F
from tensorglass import default_device
from torch import nn


def path(steps, clears, rate=0.1):
    w = torch.ones((), requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=rate)
    for _ in range(steps):
        yield w.item()
        if clears:
            optimizer.zero_grad()
        (w**2 / 2).backward()
        optimizer.step()


cleared, piled_up = list(path(60, clears=True)), list(path(60, clears=False))
figure, ax = plt.subplots(figsize=(5.4, 3.0), layout="constrained")
ax.plot(cleared, color="#0072b2", label="with zero_grad")
ax.plot(piled_up, color="#d55e00", linestyle="dashed", label="without")
ax.axhline(0, color="#808080", linewidth=0.8)
ax.set(xlabel="step", ylabel="w", ylim=(-1.15, 1.6))
ax.set_title("SGD at the rate 0.1: w swings on without zero_grad")
ax.legend(loc="upper right", ncols=2, frameon=False)
ax.set_label(
    "Two curves over 60 steps, from w = 1: with zero_grad it falls to 0 and stays; "
    "without, it swings between 1 and -1 as far as at the beginning."
)
last = cleared.pop()
assert round(last, 2) == 0
late = list(path(10_000, clears=False))[-100:]
assert (round(max(late), 1), round(min(late), 1)) == (1, -1)

device = default_device()  # for what follows: a GPU if there is one
torch.manual_seed(0)
inputs = torch.randn(60, 30, device=device)
targets = torch.randint(5, (60,), device=device)
model = nn.Sequential(nn.Linear(30, 500), nn.Tanh(), nn.Linear(500, 5)).to(device)
copy = deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

# %%
# Take it home
# ------------
#
# Batches of 20 items, in parts of at most 8. If the whole batch fits into memory, one
# part is enough. If a loss gives only a mean, first multiply it by the part's number of
# losses.

for x, y in zip(inputs.split(20), targets.split(20), strict=True):
    optimizer.zero_grad()
    for some, labels in zip(x.split(8), y.split(8), strict=True):
        loss = F.cross_entropy(model(some), labels, reduction="sum") / y.numel()
        loss.backward()
    optimizer.step()

# %%

# More: trains a copy on whole batches, and compares
optimizer = torch.optim.SGD(copy.parameters(), lr=0.1, momentum=0.9)
for x, y in zip(inputs.split(20), targets.split(20), strict=True):
    optimizer.zero_grad()
    F.cross_entropy(copy(x), y).backward()
    optimizer.step()
for one, other in zip(model.parameters(), copy.parameters(), strict=True):
    torch.testing.assert_close(one, other)

# %%
# Only one part's activations are in memory at a time.
# ``track_memory``, from the library of this site, measures your own step.

from tensorglass import track_memory

batch, peaks = torch.randn(4096, 30, device=device), []
for size in (4096, 256):
    with track_memory() as memory:
        for piece in batch.split(size):
            loss = model(piece).square().sum()
            (loss / len(batch)).backward()
    peaks.append(memory.peak_bytes)
print("whole", peaks[0] // 2**20, "MiB, in parts", peaks[1] // 2**20, "MiB")
far_less = peaks[1] < peaks[0] / 8
assert far_less

# %%
# Why
# ---
#
# ``backward()`` accumulates: for each parameter, it adds the gradient to ``.grad``.
# (PyTorch documentation, ``torch.Tensor.backward``.) The derivative of a sum is the sum
# of the derivatives, and so the mean loss L of N items has the gradient
#
# .. math::
#
#    \nabla L = \frac{1}{N} \sum_i \nabla \ell_i
#    = \sum_k \frac{n_k}{N} \, \nabla L_k
#
# where part k has :math:`n_k` items, of mean loss :math:`L_k`. This needs one loss
# :math:`\ell_i` of each item that does not depend on the other items. (An item with ten
# outputs has ten losses in ``mse_loss``: count each.) And ``.grad`` is added up in its
# own dtype: in ``bfloat16`` many small parts get lost.


w = torch.tensor(2.0, device=device, requires_grad=True)
x = torch.tensor([1.0, 2, 3, 6], device=device)


def gradient(loss):
    return torch.autograd.grad(loss, w)[0]


of_parts = [gradient((w * part).square().mean()) for part in x.split(3)]
shares = [len(part) / len(x) for part in x.split(3)]
by_items = sum(s * g for s, g in zip(shares, of_parts, strict=True))
assert by_items == gradient((w * x).square().mean()) == 50

# %%

# More: 1024 parts in bfloat16
w = torch.ones((), dtype=torch.bfloat16, device=device, requires_grad=True)
x = torch.full((1024,), 0.5, dtype=torch.bfloat16, device=device)
(w * x).mean().backward()
at_once, w.grad = w.grad.item(), None
for item in x:
    (w * item / len(x)).backward()
print("in bfloat16 at once", at_once, "in 1024 parts", w.grad.item())
assert (at_once, w.grad) == (0.5, 0.125)

# %%
# More: several losses in one item
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The mean of ``mse_loss`` divides by items times outputs, that of ``cross_entropy`` for
# sequences by items times places. Divided by the number of items alone, the gradient is
# 10 times too large for 10 outputs, and 7 times for 7 places. ``y.numel()`` counts
# numbers to meet, or class numbers. (Of class probabilities, count the rows.)

outputs = torch.randn(20, 10, device=device, requires_grad=True)
scores = torch.randn(20, 5, 7, device=device, requires_grad=True)
tasks = {
    F.mse_loss: (outputs, torch.randn(20, 10, device=device)),
    F.cross_entropy: (scores, torch.randint(5, (20, 7), device=device)),
}
too_large = []
for loss_of, (out, y) in tasks.items():
    (right,) = torch.autograd.grad(loss_of(out, y), out)
    for some, truth in zip(out.split(8), y.split(8), strict=True):
        (loss_of(some, truth, reduction="sum") / y.numel()).backward()
    torch.testing.assert_close(out.grad, right)
    (by_rows,) = torch.autograd.grad(loss_of(out, y, reduction="sum") / len(y), out)
    too_large.append(round((by_rows / right).mean().item(), 3))
print("divided by the number of items:", too_large, "times the gradient")
assert too_large == [10, 7]

# %%
# More: all ways to cut a batch, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A batch of 6 items can be cut at any of 5 places: 32 ways. Accumulated in ``.grad`` in
# float64, the shares give the gradient of the whole batch each time. The mean of the
# parts' means gives it for 4 ways: those with equal parts. (With other numbers, unequal
# parts could meet it by chance.)

import itertools

torch.manual_seed(0)
layer = nn.Linear(3, 1).double().to(device)
points = torch.randn(6, 3, dtype=torch.float64, device=device)
layer(points).square().mean().backward()
whole = layer.weight.grad.clone()


def accumulated(sizes, weight):
    layer.zero_grad()
    for part in points.split(sizes):
        (layer(part).square().mean() * weight(len(part))).backward()
    return layer.weight.grad


by_share, by_count, equal_parts = 0, 0, 0
for cuts in itertools.product((False, True), repeat=5):
    ends = [0, *(place + 1 for place, cut in enumerate(cuts) if cut), 6]
    sizes = [end - start for start, end in itertools.pairwise(ends)]
    by_share += torch.allclose(accumulated(sizes, lambda n: n / 6), whole)
    one_part = 1 / len(sizes)
    by_count += torch.allclose(accumulated(sizes, lambda n, s=one_part: s), whole)
    equal_parts += len(set(sizes)) == 1
print("by shares:", by_share, " by the number of parts:", by_count)
assert (by_share, by_count, equal_parts) == (32, 4, 4)

# %%
# More: where parts give another gradient
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In training, batch norm subtracts a mean over the batch: so each item's loss depends
# on the others, and small parts have other means. Layer norm, group norm, and batch
# norm in ``eval()`` (if it has running statistics) look at one item, or at fixed
# numbers. Dropout draws other masks. Losses that compare the items of a batch differ,
# too.


def far_from_whole(middle, training=True):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), middle, nn.Linear(8, 1)).double().to(device)
    data = torch.randn(12, 4, dtype=torch.float64, device=device)
    model.train(training)
    gradients = []
    for size in (12, 4):
        model.zero_grad()
        for part in data.split(size):
            (model(part).sin().sum() / 12).backward()
        gradients.append(model[0].weight.grad)
    one, other = gradients
    return not torch.allclose(one, other)


no_running = nn.BatchNorm1d(8, track_running_stats=False)
middles = {
    "batch norm": far_from_whole(nn.BatchNorm1d(8)),
    "batch norm, eval": far_from_whole(nn.BatchNorm1d(8), training=False),
    "without running statistics, eval": far_from_whole(no_running, training=False),
    "layer norm": far_from_whole(nn.LayerNorm(8)),
    "group norm": far_from_whole(nn.GroupNorm(2, 8)),
    "dropout": far_from_whole(nn.Dropout()),
    "dropout, eval": far_from_whole(nn.Dropout(), training=False),
}
differ = [name for name, far in middles.items() if far]
print("differ:", differ)
assert differ == ["batch norm", "without running statistics, eval", "dropout"]

# %%
# More: to forget ``zero_grad`` is momentum without friction
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# SGD with momentum keeps a velocity v, multiplies it with the momentum, and adds the
# gradient. Plain SGD that never clears does the same with momentum 1, in ``.grad``.
# (Plain: without momentum or weight decay of its own.)


def trained(clears, momentum):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 8), nn.Tanh(), nn.Linear(8, 5)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=momentum)
    for _ in range(20):
        if clears:
            optimizer.zero_grad()
        F.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    return model[0].weight


never_cleared = trained(clears=False, momentum=0)
torch.testing.assert_close(never_cleared, trained(clears=True, momentum=1))
usual = trained(clears=True, momentum=0.9)
assert not torch.allclose(never_cleared, usual)

# %%
# On w²/2 that swing keeps its size at rates below 4. Above 4 it grows without end.

swings = [max(map(abs, path(200, clears=False, rate=rate))) for rate in (3.9, 4.1)]
print("as far as", *swings)
assert round(swings[0], 1) == 6.3
runs_away = swings[1] > 1e9
assert runs_away

# %%
# What is often said
# ------------------
#
# "Divide the loss by the number of accumulation steps." That is right if all parts have
# equally many losses. Above, the last part has one item, and would count as much as the
# first three items together.

by_steps = sum(of_parts) / len(of_parts)
print("by items:", by_items.item(), " by steps:", round(by_steps.item(), 2))
assert round(by_steps.item(), 2) == 81.33

# %%
# "``zero_grad()`` belongs at the top of the loop." It may stand anywhere between
# ``step()`` and the next ``backward()``: the forward pass does not read ``.grad``.
# Between ``backward()`` and ``step()`` it throws the gradient away, and nothing is
# learned.

# More: tries the four places


def run(order):
    w = torch.ones((), device=device, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    for _ in range(5):
        for call in order:
            if call == "forward":
                loss = (w - 3) ** 2
            elif call == "backward":
                loss.backward()
            else:
                getattr(optimizer, call)()
    return round(w.item(), 3)


others = ["forward", "backward", "step"]
ends = [run([*others[:place], "zero_grad", *others[place:]]) for place in range(4)]
places = "before forward", "before backward", "before step", "after step"
print("zero_grad:", dict(zip(places, ends, strict=True)))
assert ends == [2.345, 2.345, 1, 2.345]

# %%
# "``total += loss`` keeps the graph of every batch in memory." Of a *validation* loop
# without ``no_grad()`` that is right: all activations stay, here 8 MiB of each batch.
# In training ``backward()`` frees what operations saved. Only the small nodes of the
# graph stay. ``total += loss.item()`` keeps neither.

from tensorglass import memory_of, shows_error

GRAPH = "kept by autograd's graph"


def kept(batches, trains):
    total = 0
    for _ in range(batches):
        loss = model(batch).square().mean()
        if trains:
            loss.backward()
        total += loss
    return memory_of(total).totals.get(GRAPH, 0)


validated = [kept(batches, trains=False) for batches in range(1, 5)]
in_training = [kept(batches, trains=True) for batches in range(1, 5)]
print("validation:", [nbytes // 2**20 for nbytes in validated], "MiB")
one_more = 4 * len(batch) * (500 + 5)  # bytes of the outputs of tanh and of the model
assert validated == [validated[0] + one_more * more for more in range(4)]
assert in_training == [0, 0, 0, 0]

# %%
# More: the nodes that stay, counted
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With one batch more, the graph has 8 nodes more: two for each linear layer, one for
# the tanh, two for the loss, and one for the sum. ``memory_of`` counts tensors, and not
# these nodes. (With ``retain_graph=True`` the activations stay, too: see :ref:`what
# fills the memory <sphx_glr_auto_examples_errors_out_of_memory.py>`.)

from collections import Counter


def nodes(batches):
    running = torch.zeros((), device=device)
    for _ in range(batches):
        loss = model(batch).square().mean()
        loss.backward()
        running += loss
    found, ahead = set(), [running.grad_fn]
    while ahead:
        node = ahead.pop()
        if node is not None and node not in found:
            found.add(node)
            ahead += [before for before, _ in node.next_functions]
    return Counter(node.name().removesuffix("Backward0") for node in found)


more = nodes(3) - nodes(2)
print(more.total(), "nodes more for one batch more:", sorted(more.elements()))
assert more == {"Addmm": 2, "T": 2, "Tanh": 1, "Pow": 1, "Mean": 1, "Add": 1}
assert nodes(10).total() == nodes(2).total() + 8 * more.total()

# %%
# More: a Function that keeps a tensor as an attribute
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``backward()`` frees what was given to ``save_for_backward``, and nothing else. With a
# tensor in an attribute, ``total += loss`` keeps that of every batch.


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.x = x.clone()
        return x * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient * ctx.saved_tensors[0]


squared = Square.apply(torch.ones(3, device=device, requires_grad=True))
squared.sum().backward()
with shows_error(RuntimeError, match="after they have already been freed"):
    _ = squared.grad_fn.saved_tensors
assert squared.grad_fn.x.tolist() == [1, 1, 1]

# %%
# Traps
# -----
#
# A frozen layer still moves
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# SGD and Adam skip a parameter whose ``.grad`` is ``None``, as ``zero_grad()`` leaves
# it. With ``zero_grad(set_to_none=False)`` there are zeros: then momentum, Adam's
# averages, and weight decay move it on.


def moved_by(optimizer_class, set_to_none, **options):
    w = nn.Parameter(torch.ones((), device=device))
    optimizer = optimizer_class([w], lr=0.1, **options)
    w.square().backward()
    optimizer.step()
    w.requires_grad_(False)  # frozen
    before = w.item()
    optimizer.zero_grad(set_to_none=set_to_none)
    optimizer.step()
    return w.item() != before


arms = [(torch.optim.SGD, {}), (torch.optim.SGD, {"momentum": 0.9})]
arms += [(torch.optim.Adam, {}), (torch.optim.SGD, {"weight_decay": 0.1})]
with_zeros = [moved_by(arm, False, **options) for arm, options in arms]
with_none = [moved_by(arm, True, **options) for arm, options in arms]
print("zeros:", with_zeros, " None:", with_none)
assert with_zeros == [False, True, True, True]
assert with_none == [False, False, False, False]

# %%

# More: LBFGS takes None for zeros, and moves on in the direction that it remembers
apart = torch.tensor([1.0, 10], device=device)
w, frozen = (nn.Parameter(start * torch.ones_like(apart)) for start in (1, 3))
lbfgs = torch.optim.LBFGS([w, frozen], lr=0.1, max_iter=3)


def closure():
    lbfgs.zero_grad()
    loss = (apart * w**2).sum() + (frozen - w).square().sum()
    loss.backward()
    return loss


lbfgs.step(closure)
before = frozen.detach().clone()
frozen.requires_grad_(False)
lbfgs.zero_grad()
lbfgs.step(closure)
assert frozen.grad is None
assert (frozen != before).all()

# %%
# Trying to backward through the graph a second time
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Each forward pass has one ``backward()``. Here a running total goes back through the
# first batch again. Call ``loss.backward()`` instead. (:ref:`More on this message
# <sphx_glr_auto_examples_errors_no_graph.py>`.)

total = model(batch[:8]).square().sum()
total.backward()
with shows_error(RuntimeError, match="Trying to backward through the graph a second"):
    total = total + model(batch[8:]).square().sum()
    total.backward()

# %%
# More: tokens that do not count
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``cross_entropy`` with ``ignore_index`` takes the mean over the targets that are left.
# Then the items are those, and not the rows: equally long parts are not equal. So add
# up sums, and divide by the count of the whole batch. (The mean of a part without any
# such target is NaN. With class weights, count weights.) Trainers of language models
# had this wrong in 2024, and for some models in 2025.

IGNORED = -100  # the default
logits = torch.zeros(4, 3, device=device, requires_grad=True)
labels = torch.tensor([0, IGNORED, 1, 2], device=device)


def added(part_loss):
    for some, truth in zip(logits.split(2), labels.split(2), strict=True):
        part_loss(some, truth).backward()
    found, logits.grad = logits.grad, None
    return found


whole = torch.autograd.grad(F.cross_entropy(logits, labels), logits)[0]
counted = (labels != IGNORED).sum()
by_tokens = added(lambda *part: F.cross_entropy(*part, reduction="sum") / counted)
by_rows = added(lambda some, truth: F.cross_entropy(some, truth) * len(truth) / 4)
torch.testing.assert_close(by_tokens, whole)
too_much = round((by_rows[0] / whole[0])[0].item(), 3)
print("by rows, the first token counts", too_much, "times")
assert too_much == 1.5
nothing = logits[1:2], labels[1:2]
assert F.cross_entropy(*nothing).isnan()
assert F.cross_entropy(*nothing, reduction="sum") == 0

# %%
# More: what the other optimizer left behind
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``optimizer.zero_grad()`` clears the parameters of this optimizer alone. The loss of a
# generator also leaves gradients in the discriminator. Clear each before its own
# ``backward()``, or compute with ``torch.autograd.grad``, which writes no ``.grad``.

generator, judge = nn.Linear(2, 2).to(device), nn.Linear(2, 1).to(device)
of_generator = torch.optim.SGD(generator.parameters())
noise = torch.randn(4, 2, device=device)
judge(generator(noise)).sum().backward()
of_generator.step()
of_generator.zero_grad()
assert generator.weight.grad is None
assert judge.weight.grad is not None
judge.zero_grad()
torch.autograd.grad(judge(noise).sum(), judge.weight)
assert judge.weight.grad is None

# %%
# More: clip the sum, not the parts
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Gradients are clipped once, between the last ``backward()`` and ``step()``. Here two
# parts have the gradients 3 and -3. Their sum is 0. If it is clipped to 1 after each
# part, the second one decides.


def clipped(after_each):
    w = nn.Parameter(torch.zeros(1, device=device))
    for slope in (3, -3):
        (slope * w).sum().backward()
        if after_each:
            nn.utils.clip_grad_norm_([w], 1)
    nn.utils.clip_grad_norm_([w], 1)
    return round(w.grad.item(), 3)


print("clipped at the end:", clipped(after_each=False))
print("clipped after each part:", clipped(after_each=True))
assert clipped(after_each=False) == 0
assert clipped(after_each=True) == -1

# %%
# More: "'NoneType' object has no attribute ``zero_``"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Before the first ``backward()``, and after ``zero_grad()``, there is no ``.grad``.
# Code that clears by hand assigns ``None``.

fresh = nn.Linear(2, 1).to(device)
with shows_error(AttributeError, match="'NoneType' object has no attribute 'zero_'"):
    fresh.weight.grad.zero_()
fresh(noise).sum().backward()
fresh.weight.grad = None
fresh.zero_grad()  # runs with and without
assert fresh.weight.grad is None

# %%
# On a GPU
# --------
#
# The sums are the same. ``loss.item()`` waits there until the GPU has finished its
# work. (From PyTorch's documentation, and not run here.) If you want the mean loss of
# an epoch, add up ``loss.detach()``, and call ``item()`` once.

print("this page ran on", device.type)
total = sum(model(part).square().mean().detach() for part in batch.split(1024))
assert total.grad_fn is None
assert memory_of(total).totals.get(GRAPH, 0) == 0

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# A batch of 10 items with the mean loss is cut into parts of 4, 4 and 2. Each part's
# mean is divided by 3. How much does an item of the last part count, compared with one
# of the first?
#
# Solution
# ^^^^^^^^
#
# Twice as much: one third goes to 2 items instead of 4.

items = torch.ones(10, device=device, requires_grad=True)
for part in items.split(4):
    (part.mean() / 3).backward()
print(items.grad)
torch.testing.assert_close(items.grad[-1] / items.grad[0], torch.tensor(2.0).to(device))

# %%
# Exercise 2
# ~~~~~~~~~~
#
# A data loader gives batches of 8, and one step should see 32 items. Write the loop
# without knowing how many items come: the last step may get fewer.
#
# Solution
# ^^^^^^^^
#
# Add up gradients of *sums*, count the targets, and divide ``.grad`` before the step. A
# parameter that is frozen, as here the bias, or was not used, has no ``.grad``.

layer = nn.Linear(30, 5).to(device)
layer.bias.requires_grad_(False)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
loader = list(zip(inputs.split(8), targets.split(8), strict=True))
items, steps = 0, []
for number, (some, labels) in enumerate(loader, start=1):
    F.cross_entropy(layer(some), labels, reduction="sum").backward()
    items += labels.numel()
    if items >= 32 or number == len(loader):
        for parameter in layer.parameters():
            if parameter.grad is not None:
                parameter.grad /= items
        if not steps:  # the first step, against the whole batch
            first = F.cross_entropy(layer(inputs[:32]), targets[:32])
            (expected,) = torch.autograd.grad(first, layer.weight)
            torch.testing.assert_close(layer.weight.grad, expected)
        optimizer.step()
        optimizer.zero_grad()
        steps.append(items)
        items = 0
print("items in each step:", steps)
assert steps == [32, 28]

# %%
# References
# ----------
#
# - PyTorch: `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__ and
#   `Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__;
#   `FAQ <https://docs.pytorch.org/docs/stable/notes/faq.html>`__, on histories of the
#   loss.
# - `Why do we need to call zero_grad() in PyTorch?
#   <https://stackoverflow.com/questions/48001598>`__
# - The wrong count of tokens: `Fixing Gradient Accumulation
#   <https://huggingface.co/blog/gradient_accumulation>`__ (Hugging Face, 2024) and
#   `transformers issue 37766
#   <https://github.com/huggingface/transformers/issues/37766>`__.
