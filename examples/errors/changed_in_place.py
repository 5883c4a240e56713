# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.10", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What does "modified by an inplace operation" mean?
==================================================

People ask this when ``loss.backward()`` stops with "one of the variables needed for
gradient computation has been modified by an inplace operation", and nothing in that
line is in place.

:Level: intermediate

Short answer
------------

An operation kept a tensor for the backward pass, and a later line wrote into it:
``+=``, ``x[i] =``, a method whose name ends in ``_``, ``inplace=True``, or
``optimizer.step()``. Write a new tensor instead: ``h = h + x``. Take the step after the
last ``backward()`` through the same graph. Detach a state that comes from the batch
before.
"""

import torch
from tensorglass import shows_error

x = torch.tensor([1.0, 2.0])
W = torch.tensor([[1.0, -1.0], [2.0, 1.0]], requires_grad=True)
h = torch.relu(W @ x)  # relu keeps its output for the backward pass
h += x  # writes into it; h = h + x would not
with shows_error(RuntimeError, match="modified by an inplace operation"):
    h.sum().backward()

# %%
# Each tensor counts the writes into it: its **version**. ``relu`` noted version 0, and
# the backward pass found version 1.

# More: draws what relu kept, in both programs
import matplotlib.pyplot as plt

KEPT, WRITTEN = "#0072b2", "#d55e00"


def told(tensor):
    return f"{tensor.int().tolist()}\nversion {tensor._version}"


kept = torch.relu(W @ x)
before = told(kept)
new = kept + x
(gradient,) = torch.autograd.grad(new.sum(), W)
columns = {
    "h += x": [("kept", before, KEPT), ("kept, and h", told(h), WRITTEN)],
    "h = h + x": [("kept", told(kept), KEPT), ("h", told(new), KEPT)],
}
ends = ["backward: refused", f"gradient\n{gradient.int().tolist()}"]
figure, ax = plt.subplots(figsize=(4.3, 3.4), layout="constrained")
ax.set(xlim=(-0.5, 1.5), ylim=(-2.4, 0.75), title="What becomes of what relu keeps")
ax.set_axis_off()
for column, (code, boxes) in enumerate(columns.items()):
    ax.text(column, 0.55, code, ha="center", family="monospace")
    for row, (name, text, color) in enumerate(boxes):
        place = (column - 0.36, -row - 0.35)
        look = {"facecolor": (color, 0.18), "edgecolor": "black"}
        ax.add_patch(plt.Rectangle(place, 0.72, 0.6, **look))
        ax.text(column, -row - 0.05, text, ha="center", va="center")
        ax.text(column, -row - 0.5, name, ha="center", va="center", color=color)
    ax.text(column, -2.1, ends[column], ha="center", va="center")
ax.set_label(
    "Two columns. Under h += x, the tensor that relu keeps changes from "
    f"{columns['h += x'][0][1]} to {columns['h += x'][1][1]}, and backward is refused. "
    f"Under h = h + x, what is kept stays {columns['h = h + x'][0][1]}, h is a new "
    f"tensor, {columns['h = h + x'][1][1]}, and the gradient of W is "
    f"{gradient.int().tolist()}."
)
assert before == told(kept) == "[0, 4]\nversion 0"
assert told(h) == "[1, 6]\nversion 1"
assert told(new) == "[1, 6]\nversion 0"
assert gradient.tolist() == [[0, 0], [1, 2]]

# %%
# Take it home
# ------------
#
# Write new tensors:

from torch import nn

p = torch.sigmoid(W @ x)
p = p.masked_fill(p < 0.5, 0)  # not p[p < 0.5] = 0
p = nn.ReLU()(p)  # not nn.ReLU(inplace=True)

torch.autograd.grad(p.sum(), W)
assert p._version == 0

# %%
# Which line wrote? The library reads the exception, and the source of the function that
# failed. ``with explained_errors():`` puts this under the traceback. From here on, new
# tensors are on the GPU if there is one.

from tensorglass import default_device, explain_error, record_saved

device = default_device()
x, W = x.to(device), W.detach().to(device).requires_grad_()


def training_step():
    hidden = torch.relu(W @ x)
    hidden += x
    hidden.sum().backward()


try:
    training_step()
except RuntimeError as error:
    explanation = explain_error(error)
assert (explanation.kind, "Relu" in explanation.cause) == ("changed_in_place", True)
explanation

# %%
# If the write stands elsewhere, in a layer or an optimizer, run the forward pass under
# ``record_saved``. Its note names who kept the tensor, and the line that wrote.

torch.manual_seed(0)
batch = torch.randn(4, 2, device=device)
careless = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.ReLU(inplace=True)).to(device)
with record_saved() as saved:
    loss = careless(batch).sum()
print(saved.notes[0])
assert [each.operation for each in saved.tensors if each.changed] == ["tanh"]

# %%
# More: the hint about anomaly detection
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It makes torch note the stack of each operation of the forward pass, and warn with the
# stack of the one whose backward pass failed. That is who **kept** the tensor. Who
# wrote, it does not tell. It is slow: use it for one step.

import re
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with (
        torch.autograd.detect_anomaly(check_nan=False),
        shows_error(RuntimeError, match="modified by an inplace operation"),
    ):
        training_step()
warned = str(caught[-1].message)
print(warned.splitlines()[0])
lines_named = re.findall(r"line (\d+), in training_step", warned)
first_line = training_step.__code__.co_firstlineno
in_the_step = [int(line) - first_line + 1 for line in lines_named]
print("it names line", *in_the_step, "of training_step: torch.relu")
assert "Error detected in ReluBackward" in warned
assert in_the_step == [2]

# %%
# Why
# ---
#
# An operation that keeps a tensor notes its version. Where the backward pass reads the
# tensor, it compares, and **refuses if the version changed**. Views share the version
# of their base. (PyTorch notes, *Autograd mechanics*, "In-place correctness checks";
# eager mode.) So a write into what nobody kept is allowed: ``exp`` keeps its output,
# ``sin`` its input, a product each factor whose partner needs a gradient, a sum
# nothing.

# More: writes into each input and into the output, and goes back


def refused(function, which):
    """Return whether backward refuses after a write into an input, or the output."""
    leaf = torch.tensor([0.5, 2.0], device=device, requires_grad=True)
    tensors = [leaf.clone(), leaf.clone()]
    tensors.append(function(*tensors))
    result = tensors[-1].sum()
    tensors[which].add_(1)
    try:
        result.backward()
    except RuntimeError as error:
        return "modified by an inplace operation" in str(error)
    return False


INPUT, OTHER, OUTPUT = 0, 1, 2
functions = {
    "exp": (lambda a, b: a.exp(), [False, False, True]),
    "sin": (lambda a, b: a.sin(), [True, False, False]),
    "a * b": (lambda a, b: a * b, [True, True, False]),
    "a * b.detach()": (lambda a, b: a * b.detach(), [False, True, False]),
    "a + b": (lambda a, b: a + b, [False, False, False]),
}
for name, (function, expected) in functions.items():
    found = [refused(function, which) for which in (INPUT, OTHER, OUTPUT)]
    print(f"{name:14} a, b, output refused: {found}")
    assert found == expected

# %%
# More: refused exactly where kept
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# For 21 functions we ask autograd's hooks which memory is kept, and compare: a write is
# refused exactly if that memory is among it. What is kept, and why, has a page of its
# own: :ref:`sphx_glr_auto_examples_backprop_stored_activations.py`

more = {
    "relu": lambda a, b: a.relu(),
    "tanh": lambda a, b: a.tanh(),
    "sigmoid": lambda a, b: a.sigmoid(),
    "sqrt": lambda a, b: a.sqrt(),
    "softmax": lambda a, b: a.softmax(0),
    "gelu": lambda a, b: nn.functional.gelu(a),
    "abs": lambda a, b: a.abs(),
    "log": lambda a, b: a.log(),
    "a ** 3": lambda a, b: a**3,
    "a ** b": lambda a, b: a**b,
    "a - b": lambda a, b: a - b,
    "a / b": lambda a, b: a / b,
    "3 * a": lambda a, b: 3 * a,
    "a @ b": lambda a, b: a @ b,
    "where": lambda a, b: torch.where(torch.tensor(True, device=a.device), a, b),
    "sum": lambda a, b: a.sum(),
}
tried = {True: 0, False: 0}
for name, function in {**{k: f for k, (f, _) in functions.items()}, **more}.items():
    kept = set()

    def noted(tensor, kept=kept):
        kept.add(tensor.untyped_storage().data_ptr())
        return tensor

    leaf = torch.tensor([0.5, 2.0], device=device, requires_grad=True)
    tensors = [leaf.clone(), leaf.clone()]
    with torch.autograd.graph.saved_tensors_hooks(noted, lambda tensor: tensor):
        tensors.append(function(*tensors))
    for which, tensor in enumerate(tensors):
        is_kept = tensor.untyped_storage().data_ptr() in kept
        assert refused(function, which) == is_kept, (name, which)
        tried[is_kept] += 1
print(len(functions) + len(more), "functions:", tried)
assert len(functions) + len(more) == 21
assert tried == {True: 21, False: 42}

# %%
# More: which function the message names
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# "which is output 0 of ..." tells what made the values that are there **now**, if the
# tensor was kept as an input: then it is the write itself. A tensor that was kept as an
# output is named after the function that kept it. ``AsStrided`` or ``T``, with the
# shape transposed, is most often the weight of a linear layer, and the write is the
# step of the optimizer. Another parameter, such as that of a convolution, has no such
# part.


def message_after(function, write):
    leaf = torch.ones(2, device=device, requires_grad=True)
    a = leaf.clone()
    b = function(a)
    write(a, b)
    try:
        b.sum().backward()
    except RuntimeError as error:
        return str(error).split("which is ")[1].split(". Hint")[0]


as_input = message_after(torch.sin, lambda a, b: a.mul_(2))
as_output = message_after(torch.exp, lambda a, b: b.mul_(2).mul_(2))
print(as_input, "|", as_output)
assert as_input.startswith("output 0 of Mul")
assert as_output.startswith("output 0 of Exp")
assert "at version 1" in as_input
assert "at version 2" in as_output


def message_of(layer, *shape):
    layer = layer.to(device)
    output = layer(torch.ones(shape, device=device, requires_grad=True))
    with torch.no_grad():
        layer.weight.add_(1)  # as the step of an optimizer does
    try:
        output.sum().backward()
    except RuntimeError as error:
        return str(error).split(". Hint")[0]


linear = message_of(nn.Linear(2, 3), 4, 2)
convolution = message_of(nn.Conv1d(2, 3, 1), 4, 2, 1)
print(linear)
assert re.search(r"\[2, 3\]\], which is output 0 of (AsStrided|T)", linear)
assert "[3, 2, 1]] is at version" in convolution

# %%
# A version counts calls, not lines: ``h[0] += 1`` is two, an addition and an
# assignment. ``requires_grad_`` and ``detach_`` write nothing.

counted = torch.zeros(3, device=device)
counted[0] += 1
assert counted._version == 2
assert counted.requires_grad_().detach_()._version == 2

# %%
# What is often said
# ------------------
#
# "Autograd does not allow in-place operations on tensors with gradients." The example
# that goes with it is often ``y = x * 2; y.add_(1)``. It runs, and its gradient is
# right, since nobody kept ``y``. So is ``nn.ReLU(inplace=True)`` behind a linear layer.

leaf = torch.ones(2, device=device, requires_grad=True)
y = leaf * 2
y.add_(1)
y.sum().backward()
assert leaf.grad.tolist() == [2, 2]

# %%

# More: and runs the linear layer
nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True)).to(device)(batch).sum().backward()
assert y._version == 1

# %%
# "Do it under ``no_grad``, or on ``detach()``." The write is counted all the same, and
# refused if the tensor was kept. If not, it runs, and the gradient **misses** it: below
# it is 2, and 6 would be right.


def gradient_after(write):
    h = torch.relu(W @ x)
    write(h)
    return torch.autograd.grad(h.sum(), W)[0].tolist()


for way in (torch.no_grad()(lambda h: h.mul_(3)), lambda h: h.detach().mul_(3)):
    with shows_error(RuntimeError, match="modified by an inplace operation"):
        gradient_after(way)
    y = leaf * 2  # keeps nothing
    way(y)
    (missing,) = torch.autograd.grad(y.sum(), leaf)
    assert y.tolist() == [6, 6]
    assert missing.tolist() == [2, 2]

# %%
# "Do it on ``.data``." No write is counted there: the message is gone, and the gradient
# is **wrong**. Our ``relu`` then lets a gradient through where it returned 0.

wrong, right = gradient_after(lambda h: h.data.add_(x)), gradient_after(lambda h: None)
print("on .data:", wrong, " right:", right)
assert wrong == [[1, 2], [1, 2]]
assert right == [[0, 0], [1, 2]]

# %%
# Traps
# -----
#
# ``optimizer.step()`` between two backward passes
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The step writes into the weights, which the layers kept. With two losses of one
# optimizer, take both backward passes first. Or run a second forward pass after the
# step, if the loss is meant for the new weights: so in a GAN (below). With
# ``fused=True`` the step is not counted: no message, and a **wrong gradient**.

model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def losses():
    output = model(batch)
    return output.mean(), output.square().mean()


first, second = losses()
first.backward(retain_graph=True)
optimizer.step()
with shows_error(RuntimeError, match=r"modified by an inplace operation: \S+ \[2, 1\]"):
    second.backward()

optimizer.zero_grad()
first, second = losses()
first.backward(retain_graph=True)
second.backward()
optimizer.step()

# %%

# More: compares with one backward pass, and takes a fused step between the two
optimizer.zero_grad()
first, second = losses()
first.backward(retain_graph=True)
second.backward()
(of_both,) = torch.autograd.grad(sum(losses()), model[0].bias)
torch.testing.assert_close(model[0].bias.grad, of_both)


def second_gradient(takes_a_step):
    torch.manual_seed(1)
    for layer in (model[0], model[2]):
        layer.reset_parameters()
    fused = torch.optim.SGD(model.parameters(), lr=1.0, fused=True)
    first, second = losses()
    first.backward(retain_graph=True)
    if takes_a_step:
        fused.step()
    return torch.autograd.grad(second, model[0].bias)[0]


after_a_step, expected = second_gradient(True), second_gradient(False)
print("fused:", after_a_step.tolist(), " right:", expected.tolist())
assert not torch.allclose(after_a_step, expected)

# %%
# More: a GAN, where both backward passes first are wrong too
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# There the message goes, and the generator's loss adds to the gradient of the
# discriminator, which it should not train. Train the discriminator on
# ``fake.detach()``, step, and then run it again on ``fake``. Before its next step, set
# its gradients to 0: the generator's pass has added to them.

generator = nn.Linear(2, 2).to(device)
discriminator = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).to(device)
step_of_discriminator = torch.optim.SGD(discriminator.parameters(), lr=0.1)
its_bias = discriminator[0].bias


def loss_of_discriminator(fake):
    output = discriminator(batch), discriminator(fake)
    return nn.functional.softplus(torch.cat([-output[0], output[1]])).mean()


def loss_of_generator(fake):
    return nn.functional.softplus(-discriminator(fake)).mean()


fake = generator(batch)
loss = loss_of_discriminator(fake.detach())
(meant,) = torch.autograd.grad(loss, its_bias)

first, second = loss_of_discriminator(fake), loss_of_generator(fake)
first.backward(retain_graph=True)
step_of_discriminator.step()
with shows_error(RuntimeError, match="modified by an inplace operation"):
    second.backward()

discriminator.zero_grad()
fake = generator(batch)
first, second = loss_of_discriminator(fake), loss_of_generator(fake)
first.backward(retain_graph=True)
second.backward()
(alone,) = torch.autograd.grad(loss_of_discriminator(fake.detach()), its_bias)
assert not torch.allclose(its_bias.grad, alone)  # the generator's loss too

discriminator.zero_grad()
generator.zero_grad()
loss_of_discriminator(fake.detach()).backward()
torch.testing.assert_close(its_bias.grad, alone)
step_of_discriminator.step()
fake = generator(batch)
loss_of_generator(fake).backward()
(fresh,) = torch.autograd.grad(loss_of_generator(generator(batch)), generator.bias)
torch.testing.assert_close(generator.bias.grad, fresh)
assert not torch.allclose(its_bias.grad, alone)

# %%
# More: a state of the batch before, with ``retain_graph=True``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Then each backward pass goes back through all batches, and needs weights that the
# optimizer has overwritten since. ``detach`` the state. But what parameters made before
# the loop belongs into the loop: ``detach`` would end their training. (See
# :doc:`no_graph`.)

cell = nn.RNNCell(2, 2).to(device)
step_of_cell = torch.optim.SGD(cell.parameters(), lr=0.1)


def train(carry, **options):
    state = torch.zeros(4, 2, device=device)
    for _ in range(3):
        state = cell(batch, carry(state))
        step_of_cell.zero_grad()
        state.square().mean().backward(**options)
        step_of_cell.step()
    return state


with shows_error(RuntimeError, match="modified by an inplace operation"):
    train(lambda state: state, retain_graph=True)
assert train(torch.detach).requires_grad

# %%
# "a leaf Variable that requires grad is being used in an in-place operation"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A parameter that is filled by hand. A gradient belongs to the parameter's own value,
# so autograd records no write into it. ``no_grad`` is right here, if no backward pass
# is pending.

layer = nn.Linear(2, 2).to(device)
with shows_error(RuntimeError, match="a leaf Variable that requires grad is"):
    layer.bias.fill_(1)
with torch.no_grad():
    layer.bias.fill_(1)
assert layer.bias.tolist() == [1, 1]

# %%
# More: "a view of a leaf Variable that requires grad is being used"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The same for a row of a parameter, as when the row of a padding token is set to 0.

embedding = nn.Embedding(3, 2).to(device)
with shows_error(RuntimeError, match="a view of a leaf Variable that requires grad"):
    embedding.weight[0] = 0
with torch.no_grad():
    embedding.weight[0] = 0
assert embedding.weight[0].tolist() == [0, 0]

# %%
# More: "is a view and is being modified inplace"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``for row in h``, ``unbind``, ``chunk`` and ``split`` return several views at once.
# Autograd records no write into one of those. A slice is one view: a write into it is
# recorded. Or write a new tensor.

h = layer(batch)
with shows_error(RuntimeError, match="is a view and is being modified inplace"):
    for row in h:
        row.mul_(2)

left, right = layer(batch).chunk(2, dim=1)
with shows_error(RuntimeError, match="is a view and is being modified inplace"):
    left *= right

h = layer(batch)
expected = h[:, :1] * h[:, 1:]
h[:, :1] *= h[:, 1:].clone()
assert torch.equal(h[:, :1], expected)
left, right = layer(batch).chunk(2, dim=1)
left = left * right
assert torch.equal(left, expected)

# %%
# More: "more than one element of the written-to tensor refers to a single memory ..."
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# No gradient is needed for this one. ``expand`` repeats a row without memory for it:
# the step from row to row is 0. Write after ``clone()``. Where only one element is
# written, torch does not complain: all rows change. (:ref:`More on expand
# <sphx_glr_auto_examples_memory_expand_memory.py>`.)

mask = torch.ones(2, device=device).expand(3, 2)
with shows_error(RuntimeError, match="refers to a single memory location"):
    mask += torch.ones(3, 2, device=device)
own = mask.clone()
own[0, 0] = 0
mask[0, 0] = 0
print("after clone():", own.tolist(), " expanded:", mask.tolist())
assert mask.stride() == (0, 1)
assert own.tolist() == [[0, 1], [1, 1], [1, 1]]
assert mask.tolist() == [[0, 1], [0, 1], [0, 1]]

# %%
# More: "Inference tensors cannot be saved for backward"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# What is computed under ``inference_mode``, such as the features of a frozen network,
# has no version, so an operation cannot keep it. Use ``no_grad`` there, or ``clone()``
# the result outside. An operation that keeps nothing takes it: a sum does.

with torch.inference_mode():
    features = layer(batch)
head = nn.Linear(2, 1).to(device)
with shows_error(RuntimeError, match="Inference tensors cannot be saved for backward"):
    head(features)
head(features.clone()).sum().backward()
assert head.weight.grad.shape == (1, 2)
assert (features + leaf).grad_fn.name().startswith("Add")
with shows_error(RuntimeError, match="do not track version counter"):
    features._version

# %%
# More: states written into a buffer
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A recurrent network that writes each state into one tensor. Each step keeps a view of
# that tensor, and the next write changes the version of all views. Collect the states
# in a list. ``clone()`` on what is read works too: then the copy is kept.


def states(steps, read):
    buffer = torch.zeros(steps + 1, 2, device=device)
    for t in range(steps):
        buffer[t + 1] = torch.tanh(W @ read(buffer[t]) + x)
    return buffer[1:]


def states_in_a_list(steps):
    found = [torch.zeros(2, device=device)]
    for _ in range(steps):
        found.append(torch.tanh(W @ found[-1] + x))
    return torch.stack(found[1:])


with shows_error(RuntimeError, match="modified by an inplace operation"):
    states(3, lambda state: state).sum().backward()
gradients = [
    torch.autograd.grad(made.sum(), W)[0]
    for made in (states(3, torch.clone), states_in_a_list(3))
]
torch.testing.assert_close(*gradients)

# %%
# More: writes that nobody counts
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Besides ``.data`` and the step of an optimizer with ``fused=True``: a NumPy array on
# the same memory, on the CPU, and ``fill_`` of a storage. The gradient is then wrong
# without a word. And saved-tensor hooks, such as ``save_on_cpu``, take the check away.

start = torch.zeros(2, requires_grad=True)
y = start.exp()
y.detach().numpy()[:] = 3
assert y._version == 0
y.sum().backward()
assert start.grad.tolist() == [3, 3]  # and 1 is right
y.untyped_storage().fill_(0)
assert y._version == 0  # nor this one
assert y.tolist() == [0, 0]
with torch.autograd.graph.saved_tensors_hooks(lambda kept: kept, lambda kept: kept):
    unchecked = leaf.exp()
unchecked.fill_(3)
unchecked.sum().backward()
assert unchecked._version == 1

# %%
# On a GPU
# --------
#
# The check is the same, and the message says ``torch.cuda.FloatTensor``. The CPU counts
# versions. So the error comes at ``backward()``, and not later.

print("this page ran on", device.type)
where = r"\[torch\.cuda\." if device.type == "cuda" else r"\[torch\.Float"
with shows_error(RuntimeError, match=f"modified by an inplace operation: {where}"):
    training_step()

# %%
# More: batch norm in ``DistributedDataParallel``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In older versions it writes the running means before each forward pass, and counts
# that, so that two forward passes before ``backward`` end in this message. Set
# ``broadcast_buffers=False``, or take a newer torch. (PyTorch's threads below; not run
# here.)
#
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# A program adds 1 to what ``exp`` returned, and then subtracts 1 again. Is the backward
# pass refused?
#
# Solution
# ^^^^^^^^
#
# Yes. The values are the old ones, and the version is 2: torch compares versions, not
# values.

y = torch.zeros(2, device=device, requires_grad=True).exp()
y += 1
y -= 1
with shows_error(RuntimeError, match="is at version 2; expected version 0"):
    y.sum().backward()
assert y.tolist() == [1, 1]

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Which of the two writes is refused?
#
# .. code-block:: python
#
#    h = layer(batch)
#    h *= 2
#    p = torch.sigmoid(h)
#    p *= 2
#
# Solution
# ^^^^^^^^
#
# The second one. The layer keeps its input and its weight, not its output ``h``. And
# ``sigmoid`` keeps its output ``p``. ``p = p * 2`` mends it.

h = layer(batch)
h *= 2
p = torch.sigmoid(h)
torch.autograd.grad((p * 2).sum(), layer.weight, retain_graph=True)
p *= 2
with shows_error(RuntimeError, match="output 0 of Sigmoid"):
    p.sum().backward()

# %%
# References
# ----------
#
# - PyTorch: `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__, "In-place operations
#   with autograd"; `increment_version
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.increment_version.html>`__;
#   `inference mode
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html>`__.
# - A step between two backward passes: `Anomaly-Transformer issue 1
#   <https://github.com/thuml/Anomaly-Transformer/issues/1>`__. Batch norm in
#   ``DistributedDataParallel``: `pytorch issue 22095
#   <https://github.com/pytorch/pytorch/issues/22095>`__ and `pull request 175851
#   <https://github.com/pytorch/pytorch/pull/175851>`__. Several views at once:
#   `pytorch issue 36403 <https://github.com/pytorch/pytorch/issues/36403>`__ and, for
#   loops over a tensor, `pull request 40884
#   <https://github.com/pytorch/pytorch/pull/40884>`__.
