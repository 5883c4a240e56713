# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What does "does not require grad and does not have a grad_fn" mean?
===================================================================

People ask this when ``loss.backward()`` stops with "element 0 of tensors does not
require grad and does not have a grad_fn", though the model has parameters.

:Level: beginner

Short answer
------------

From the loss there is no way back to a parameter. A line cut it off: ``argmax``,
``.item()``, ``torch.tensor(...)`` of a result, ``detach`` or ``no_grad``. Or all
parameters are frozen, or a ``checkpoint`` with ``use_reentrant=True`` has no input that
requires a gradient. Print ``requires_grad`` from the output on: the first ``False`` is
behind the cut. Compute from what precedes it.
"""

import torch
from tensorglass import shows_error

logits = torch.tensor([[2.0, 1.0]], requires_grad=True)  # as a model returns them
wrong = (logits.argmax(dim=1) != 1).float().mean()  # the share of wrong guesses
with shows_error(RuntimeError, match="does not require grad"):
    wrong.backward()
loss = torch.nn.functional.cross_entropy(logits, torch.tensor([1]))
assert loss.requires_grad

# %%
# ``argmax`` returns an index. It does not change if a logit changes a little, and torch
# follows no index back. Everything computed from it has no gradient either.

# More: draws which results require a gradient, in both programs
import matplotlib.pyplot as plt

steps = {"logits": lambda t: t, "argmax": lambda t: t.argmax(dim=1)}
steps |= {"!= 1": lambda t: t != 1, "mean": lambda t: t.float().mean()}
tensor, chain = logits, {}
for name, step in steps.items():
    tensor = step(tensor)
    chain[name] = tensor.requires_grad
columns = [chain, {"logits": logits.requires_grad, "cross_entropy": loss.requires_grad}]
figure, ax = plt.subplots(figsize=(4.3, 3.6), layout="constrained")
ax.set(xlim=(-0.5, 1.5), ylim=(-3.75, 0.45), title="Behind argmax, no gradient")
ax.set_axis_off()
for column, results in enumerate(columns):
    for row, (name, requires) in enumerate(results.items()):
        look = {"facecolor": ("#0072b2", 0.25) if requires else "none"}
        look |= {"edgecolor": "black", "linestyle": "-" if requires else ":"}
        ax.add_patch(plt.Rectangle((column - 0.4, -row - 0.3), 0.8, 0.6, **look))
        ax.text(column, -row, f"{name}\n{requires}", ha="center", va="center")
        if row:
            cut = results["logits"] != requires and row == 1
            arrow = {"arrowstyle": "->", "color": "#d55e00" if cut else "black"}
            ends = (column, -row + 0.3), (column, -row + 0.7)
            ax.annotate("", *ends, arrowprops=arrow | {"shrinkA": 0, "shrinkB": 0})
            if cut:
                ax.text(column + 0.08, -row + 0.5, "cut", va="center", color="#d55e00")
left, right = (", ".join(f"{k} {v}" for k, v in each.items()) for each in columns)
ax.set_label(
    "Two columns of boxes, each with a name and its requires_grad, joined by arrows. "
    f"Left: {left}, with a cut between the first two. Right: {right}."
)
assert chain == {"logits": True, "argmax": False, "!= 1": False, "mean": False}
assert columns[1] == {"logits": True, "cross_entropy": True}

# %%
# Take it home
# ------------
#
# Three things to print above the line that failed:

from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))

trainable = [name for name, each in model.named_parameters() if each.requires_grad]
recording = torch.is_grad_enabled()  # False under no_grad
output = model(torch.randn(5, 3))  # then the same for what is computed from it
print(trainable, recording, output.requires_grad, output.grad_fn.name())

assert trainable == ["0.weight", "0.bias", "2.weight", "2.bias"]
assert recording
assert output.grad_fn.name().startswith("Addmm")

# %%
# Or let the library of this site read the function that failed: it names the cut, where
# it stands in the same function. (``with explained_errors():`` puts that under the
# traceback.) From here on, new tensors are on the GPU if there is one.

import torch.nn.functional as F
from tensorglass import default_device, explain_error

device = default_device()
model = model.to(device)
batch = torch.randn(5, 3, device=device)
target = torch.tensor([0, 1, 1, 0, 1], device=device)


def training_step():
    output = model(batch)
    guess = output.argmax(dim=1)
    loss = F.mse_loss(guess.float(), target.float())
    loss.backward()


try:
    training_step()
except RuntimeError as error:
    explanation = explain_error(error)
assert explanation.kind == "no_graph"
explanation

# %%
# Why
# ---
#
# A result **requires a gradient** if an operand does, the operation is recorded, the
# result is of floating point (or complex), and recording is on. (PyTorch notes,
# *Autograd mechanics*.) ``backward`` needs one that does. Whole numbers and truth
# values never do. What leaves torch and comes back has no graph, and neither has what
# ``detach`` and ``.data`` return: the same memory.

# More: six cuts, and backward behind each
import warnings

cuts = {
    "no_grad": torch.no_grad()(torch.exp),
    "detach": torch.detach,
    "data": lambda h: h.data,
    "item": lambda h: torch.tensor(h.mean().item()),
    "numpy": lambda h: torch.from_numpy(h.detach().cpu().numpy()),
    "tensor": lambda h: torch.tensor([h.mean(), h.sum()]),
}


def backward_is_refused(tensor):
    try:
        tensor.sum().backward()
    except RuntimeError as error:
        return "does not require grad and does not have a grad_fn" in str(error)
    return False


def hidden():
    return torch.tensor([0.5, 2.0], device=device, requires_grad=True) * 1


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch.tensor of tensors: torch warns
    for name, cut in cuts.items():
        behind = cut(hidden())
        assert not behind.requires_grad
        assert backward_is_refused(behind)
        print(f"{name:8} backward is refused")
assert not backward_is_refused(hidden())
h = hidden()
assert h.detach().data_ptr() == h.data.data_ptr() == h.data_ptr()

# %%
# More: 24 functions, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For each: is ``backward`` refused exactly where ``requires_grad`` is False? And is
# that where the result is not of floating point, or the operation is not recorded? (A
# few are recorded and have no derivative: ``backward`` then says "not implemented".)

through = [torch.exp, torch.relu, torch.sum, torch.sort, torch.max, torch.softmax]
through += [torch.clone, torch.square, torch.round, torch.sign, torch.cumsum, torch.sin]
none = [
    torch.argmax,
    torch.argsort,
    torch.isnan,
    torch.nonzero,
    torch.signbit,
    torch.gt,
]
none += [torch.eq, torch.logical_not, torch.zeros_like, torch.detach]
none += [torch.Tensor.long, torch.Tensor.bool]
extra = {torch.softmax: (0,), torch.cumsum: (0,), torch.gt: (1,), torch.eq: (1,)}
for function in (*through, *none):
    result = function(hidden(), *extra.get(function, ()))
    result = result[0] if isinstance(result, tuple) else result
    assert result.requires_grad == (function in through), function
    assert backward_is_refused(result.float()) == (not result.requires_grad), function
    made_new = function in (torch.zeros_like, torch.detach)
    assert result.is_floating_point() == (function in through or made_new), function
print(len(through), "keep the graph,", len(none), "do not")
assert len(through) + len(none) == 24

floored = hidden() // 2
assert floored.requires_grad
with shows_error(RuntimeError, match="floor_divide is not implemented"):
    floored.sum().backward()

# %%
# More: no error, and a gradient of 0
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``round`` and ``sign`` return floating point, so they do not cut. Their derivative is
# 0 wherever it exists, and torch takes 0 everywhere: nothing is learned, in silence.

h = hidden().detach().requires_grad_()
(h.round() + h.sign()).sum().backward()
assert h.grad.tolist() == [0, 0]

# %%
# What is often said
# ------------------
#
# "Set ``loss.requires_grad_(True)``." The message is gone, and so is the training: the
# way to the parameters is still cut off. None of them gets a gradient, and nothing is
# learned.

guess = model(batch).argmax(dim=1)
loss = F.mse_loss(guess.float(), target.float()).requires_grad_(True)
loss.backward()
got_a_gradient = [each.grad is not None for each in model.parameters()]
assert got_a_gradient == [False, False, False, False]

F.cross_entropy(model(batch), target).backward()  # from the logits
got_a_gradient = [each.grad is not None for each in model.parameters()]
assert got_a_gradient == [True, True, True, True]

# %%
# Traps
# -----
#
# "Trying to backward through the graph a second time"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In a loop it is most often a tensor of the batch before, such as the state of a
# recurrent network. It still refers to that batch's graph, which ``backward`` has
# freed. Cut it off on purpose, with ``detach``; of an LSTM both states. What parameters
# made before the loop belongs into the loop: ``detach`` would end their training.
# (:ref:`What backward frees <sphx_glr_auto_examples_backprop_forward_backward.py>`.)

cell = nn.RNNCell(3, 4).to(device)
optimizer = torch.optim.SGD(cell.parameters(), lr=0.1)


def train(steps, carry, **options):
    state = torch.zeros(5, 4, device=device)
    for _ in range(steps):
        state = cell(batch, carry(state))
        optimizer.zero_grad()
        state.square().mean().backward(**options)
        optimizer.step()
    return state


with shows_error(RuntimeError, match="backward through the graph a second time"):
    train(2, lambda state: state)
state = train(4, torch.detach)
assert state.requires_grad

# %%


# More: an encoder before the loop, and the two states of an LSTM
def changes_in_training(place):
    torch.manual_seed(0)
    encoder, decoder = nn.Linear(3, 4).to(device), nn.Linear(4, 1).to(device)
    both = torch.optim.SGD([*encoder.parameters(), *decoder.parameters()], lr=0.1)
    before, encoded = encoder.weight.tolist(), encoder(batch)
    for _ in range(3):
        if place == "in the loop":
            encoded = encoder(batch)
        both.zero_grad()
        used = encoded.detach() if place == "before, and detach" else encoded
        decoder(used).square().mean().backward()
        both.step()
    return encoder.weight.tolist() != before


with shows_error(RuntimeError, match="backward through the graph a second time"):
    changes_in_training("before the loop")
assert not changes_in_training("before, and detach")
assert changes_in_training("in the loop")


def steps_of_an_lstm(carry):
    lstm, states = nn.LSTMCell(3, 4).to(device), None
    for _ in range(2):
        states = lstm(batch, states)
        sum(each.mean() for each in states).backward()
        states = carry(*states)
    return states


with shows_error(RuntimeError, match="backward through the graph a second time"):
    steps_of_an_lstm(lambda h, c: (h.detach(), c))
states = steps_of_an_lstm(lambda h, c: (h.detach(), c.detach()))
assert [each.shape for each in states] == [(5, 4), (5, 4)]

# %%
# More: ``retain_graph=True``, as the message proposes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Here it is no help. The graph grows with each batch, and at the third one the backward
# pass needs weights that the optimizer has overwritten: :doc:`changed_in_place`. It is
# right for two losses of one forward pass. So is one backward pass of their sum.

with shows_error(RuntimeError, match="modified by an inplace operation"):
    train(3, lambda state: state, retain_graph=True)

weight = model[0].weight


def two_losses():
    output = model(batch)
    return F.cross_entropy(output, target), output.square().mean()


first, second = two_losses()
first.backward()
with shows_error(RuntimeError, match="backward through the graph a second time"):
    second.backward()

weight.grad = None
first, second = two_losses()
first.backward(retain_graph=True)
second.backward()
of_both = weight.grad
weight.grad = None
sum(two_losses()).backward()
torch.testing.assert_close(weight.grad, of_both)

# %%
# "grad can be implicitly created only for scalar outputs"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A loss with ``reduction="none"`` has a number for each example. ``backward`` starts at
# one number: take the mean, with a weight for each example if you wanted that.

losses = F.cross_entropy(model(batch), target, reduction="none")
with shows_error(RuntimeError, match="only for scalar outputs"):
    losses.backward()
weights = torch.tensor([1.0, 1.0, 1.0, 1.0, 2.0], device=device)
(losses * weights).mean().backward()
assert losses.shape == (5,)

# %%
# More: "Mismatch in shape: grad_output"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# What is handed to ``backward`` is a weight for each element of the result. With ones,
# it is the gradient of the sum.

output = model(batch)
with shows_error(RuntimeError, match=r"Mismatch in shape: grad_output\[0\]"):
    output.backward(torch.ones(5, device=device))
(given,) = torch.autograd.grad(output, weight, torch.ones_like(output))
(of_sum,) = torch.autograd.grad(model(batch).sum(), weight)
torch.testing.assert_close(given, of_sum)

# %%
# "Can't call numpy() on Tensor that requires grad"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The other way round: a tensor with a graph, and somebody who wants plain numbers, such
# as matplotlib. For one number write ``.item()``.

with shows_error(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires"):
    model(batch).cpu().numpy()
array = model(batch).detach().cpu().numpy()
assert array.shape == (5, 2)

# %%
# More: everything is frozen, or nothing is recorded
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A frozen backbone whose new head was forgotten, and a training step in a function with
# ``@torch.no_grad()`` that was written for validation. The second one is seen at
# ``torch.is_grad_enabled()``, inside the function.

model.requires_grad_(False)
with shows_error(RuntimeError, match="does not require grad"):
    F.cross_entropy(model(batch), target).backward()
model[2] = nn.Linear(4, 2).to(device)  # a new head is not frozen
F.cross_entropy(model(batch), target).backward()
assert model[2].weight.grad.shape == (2, 4)
model.requires_grad_(True)


@torch.no_grad()
def loss_of_a_batch():
    return F.cross_entropy(model(batch), target), torch.is_grad_enabled()


loss, recording = loss_of_a_batch()
with shows_error(RuntimeError, match="does not require grad"):
    loss.backward()
assert not recording

# %%
# More: a checkpoint with ``use_reentrant=True``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It runs the layers under ``no_grad``, and its output requires a gradient only if one
# of its inputs does. Behind a frozen embedding, as with LoRA, none does, though the
# layers have parameters to train. torch warns of it. ``use_reentrant=False`` mends it.

from torch.utils.checkpoint import checkpoint

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    output = checkpoint(model, batch, use_reentrant=True)
told = [str(each.message) for each in caught]
assert any("None of the inputs have requires_grad=True" in each for each in told)
with shows_error(RuntimeError, match="does not require grad"):
    F.cross_entropy(output, target).backward()
model.zero_grad()
output = checkpoint(model, batch, use_reentrant=False)
assert output.requires_grad
F.cross_entropy(output, target).backward()

# %%
# More: a list of losses
# ~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.tensor(losses)`` copies the numbers into new data. ``torch.stack`` and ``sum``
# keep the graph.

losses = [F.cross_entropy(model(part), t) for part, t in ((batch, target),) * 2]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch warns: converting a tensor to a scalar
    copied = torch.tensor(losses)
with shows_error(RuntimeError, match="does not require grad"):
    copied.mean().backward()
stacked = torch.stack(losses)
stacked.mean().backward()
assert stacked.tolist() == copied.tolist()

# %%
# More: "appears to not have been used in the graph"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``autograd.grad`` was asked for a derivative with respect to a tensor that the loss
# does not depend on, often a layer that ``forward`` forgot. ``allow_unused=True`` gives
# None for it, and ``materialize_grads=True`` zeros. ``backward`` says nothing, and
# leaves ``.grad`` as None.

forgotten = nn.Linear(2, 2).to(device)
wanted = [model[2].bias, forgotten.bias]
with shows_error(RuntimeError, match="appears to not have been used in the graph"):
    torch.autograd.grad(model(batch).sum(), wanted)
_, unused = torch.autograd.grad(model(batch).sum(), wanted, allow_unused=True)
_, zeros = torch.autograd.grad(model(batch).sum(), wanted, materialize_grads=True)
assert unused is None
assert zeros.tolist() == [0, 0]

# %%
# More: "One of the differentiated Tensors does not require grad"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The derivative with respect to the data, as for saliency maps. Data must be told
# **before** the forward pass.

with shows_error(RuntimeError, match="differentiated Tensors does not require grad"):
    torch.autograd.grad(model(batch).sum(), batch)
image = batch.clone().requires_grad_()
(saliency,) = torch.autograd.grad(model(image).sum(), image)
assert saliency.shape == batch.shape

# %%
# More: "you can only change requires_grad flags of leaf variables"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A **leaf** is a tensor that no recorded operation made. The flag of a result follows
# from its operands. For a tensor without a graph, use ``detach``.

features = model(batch)
with shows_error(
    RuntimeError, match="only change requires_grad flags of leaf variables"
):
    features.requires_grad = False
features = features.detach()
assert not features.requires_grad

# %%
# More: "can't optimize a non-leaf Tensor"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``* 0.01`` is an operation, so what it returns is no leaf. Make the values first, and
# let them require a gradient then.

scaled = torch.randn(3, device=device, requires_grad=True) * 0.01
with shows_error(ValueError, match="can't optimize a non-leaf Tensor"):
    torch.optim.SGD([scaled], lr=0.1)
leaf = (torch.randn(3, device=device) * 0.01).requires_grad_()
optimizer = torch.optim.SGD([leaf], lr=1.0)
leaf.sum().backward()
before = leaf.tolist()
optimizer.step()
assert leaf.is_leaf
assert leaf.tolist() != before

# %%
# More: "optimizer got an empty parameter list"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Layers in a Python list are not seen by the module: use ``nn.ModuleList``. And what
# one call of ``parameters()`` returns can be gone through once; a second use finds
# nothing.


class Stack(nn.Module):
    def __init__(self, container):
        super().__init__()
        self.layers = container([nn.Linear(3, 3), nn.Linear(3, 2)])


with shows_error(ValueError, match="optimizer got an empty parameter list"):
    torch.optim.SGD(Stack(list).parameters(), lr=0.1)
parameters = Stack(nn.ModuleList).parameters()
count = sum(each.numel() for each in parameters)
with shows_error(ValueError, match="optimizer got an empty parameter list"):
    torch.optim.SGD(parameters, lr=0.1)
optimizer = torch.optim.SGD(Stack(nn.ModuleList).parameters(), lr=0.1)
assert count == 3 * 3 + 3 + 3 * 2 + 2
assert len(optimizer.param_groups[0]["params"]) == 4

# %%
# More: "support the deepcopy protocol"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A copy of a result would need a copy of its graph. A module with parameters alone can
# be copied. It cannot if it holds a result, such as its last output. Keep that
# ``detach``\ ed. The old ``torch.nn.utils.weight_norm`` holds one, the computed weight;
# that of ``torch.nn.utils.parametrizations`` does not.

import copy

twin = copy.deepcopy(model)
model.last_output = model(batch)
with shows_error(RuntimeError, match="support the deepcopy protocol"):
    copy.deepcopy(model)
model.last_output = model.last_output.detach()
twin = copy.deepcopy(model)
assert torch.equal(twin.last_output, model.last_output)
assert twin[0].weight is not model[0].weight
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch warns: it is deprecated
    old = nn.utils.weight_norm(nn.Linear(2, 2))
with shows_error(RuntimeError, match="support the deepcopy protocol"):
    copy.deepcopy(old)
new = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
assert torch.equal(copy.deepcopy(new).weight, new.weight)

# %%
# More: "returned nan values in its 0th output"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Anomaly mode says so, at the first function whose backward pass makes a ``nan``. At 0,
# ``log`` has an infinite slope. ``where`` hands the branch that was not taken a
# gradient of 0, and 0 times infinity is ``nan``. So replace the 0 **in front of** the
# ``log``.

share = torch.tensor([0.0, 0.5], device=device, requires_grad=True)
taken = torch.where(share > 0, share.log(), 0.0)
assert taken.isfinite().all()
message = "'LogBackward.*returned nan values in its 0th output"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that anomaly mode is slow, and where it looked
    with torch.autograd.detect_anomaly(), shows_error(RuntimeError, match=message):
        torch.where(share > 0, share.log(), 0.0).sum().backward()
safe = torch.where(share > 0, share, 1.0).log()
(gradient,) = torch.autograd.grad(safe.sum(), share)
assert gradient.tolist() == [0, 2]

# %%
# On a GPU
# --------
#
# For a tensor that requires a gradient, ``.to(device)`` and ``.cuda()`` are recorded
# operations where they copy. So what they return is no leaf: no ``.grad`` appears in
# it, and an optimizer refuses it. Make the tensor on the device. Modules are apart:
# ``model.to(device)`` keeps the leaves. (``DataParallel`` returns one loss for each
# GPU: take the mean. Not run here.)

print("this page ran on", device.type)
moved = torch.ones(3, requires_grad=True).to(device)
made_there = torch.ones(3, device=device, requires_grad=True)
assert moved.is_leaf == (device.type == "cpu")  # on the CPU nothing was to be copied
assert made_there.is_leaf
copies = [each.to("meta").is_leaf for each in (made_there, batch)]
assert copies == [False, True]  # the batch requires no gradient
assert model[0].weight.is_leaf

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Which of the two losses can be trained with?
#
# .. code-block:: python
#
#    hinge = (1 - output[:, 0]).clamp(min=0).mean()
#    share = (output[:, 0] < 1).float().mean()
#
# Solution
# ^^^^^^^^
#
# The first one. ``clamp`` has a derivative. A comparison returns truth values, and
# ``float()`` cannot bring the graph back.

output = model(batch)
hinge = (1 - output[:, 0]).clamp(min=0).mean()
share = (output[:, 0] < 1).float().mean()
assert hinge.requires_grad
assert not share.requires_grad
with shows_error(RuntimeError, match="does not require grad"):
    share.backward()

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Somebody adds up ``total = total + loss`` over the batches, for the log. Each batch
# calls ``loss.backward()``, and the epoch ends with ``total.backward()``. What happens,
# and what was meant?
#
# Solution
# ^^^^^^^^
#
# It is a second pass through each graph. For the log, ``total += loss.item()`` was
# meant; it has no graph, and needs none.

total, logged = 0, 0
for _ in range(2):
    loss = F.cross_entropy(model(batch), target)
    loss.backward()
    total = total + loss
    logged += loss.item()
with shows_error(RuntimeError, match="backward through the graph a second time"):
    total.backward()
torch.testing.assert_close(logged, total.item(), rtol=1e-6, atol=0)

# %%
# References
# ----------
#
# - PyTorch: `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__ and
#   `torch.autograd.grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html>`__.
# - ``loss.requires_grad = True``, after which nothing is learned: `arcface-pytorch
#   issue 56 <https://github.com/ronghuaiyang/arcface-pytorch/issues/56>`__.
# - A checkpoint behind frozen parameters: `transformers issue 23170
#   <https://github.com/huggingface/transformers/issues/23170>`__.
# - ``nan`` through ``where``: `pytorch issue 68425
#   <https://github.com/pytorch/pytorch/issues/68425>`__. ``deepcopy`` of a module:
#   `pytorch issue 102981 <https://github.com/pytorch/pytorch/issues/102981>`__.
