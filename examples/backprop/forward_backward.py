# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy>=2.4", "opt_einsum>=3.4", "matplotlib>=3.11"]
# ///
"""
What are the forward pass and backward pass of a neural network?
================================================================

People ask this because they write ``loss.backward()``, and it neither returns anything
nor changes the network.

Short answer
------------

The **forward pass** computes the loss from the input, operation by operation. The
**backward pass** starts at the loss and goes through the same operations from the last
to the first. By the chain rule it computes gradients: how fast the loss changes with
each parameter, and with each activation (a tensor that the forward pass computes on the
way). ``backward`` returns nothing: it writes the gradients into ``.grad`` of the
parameters. It changes no parameter, unless a hook of yours does. That is the task of an
optimizer, afterwards.
"""

import torch
import torch.nn.functional as F
from tensorglass import default_device

device = default_device()  # a GPU if there is one


def leaf(rows):  # a tensor that no operation made; its gradient is kept in .grad
    return torch.tensor(rows, device=device, requires_grad=True)


x, target = leaf([[1.0, 2.0]]), leaf([[1.0]])
W1, b1 = leaf([[1.0, -1.0], [2.0, 1.0]]), leaf([0.0, 1.0])
W2, b2 = leaf([[3.0, 1.0]]), leaf([-1.0])


def forward_pass():
    z = F.linear(x, W1, b1)
    h = torch.relu(z)
    p = F.linear(h, W2, b2)  # the prediction
    return {"z": z, "h": h, "p": p, "loss": F.mse_loss(p, target)}


loss = forward_pass()["loss"]
print("forward:  the loss is", loss.item())
before = W1.tolist()
returned = loss.backward()
print("backward: the gradient of W1 is", W1.grad.tolist())
assert returned is None
assert loss.item() == 9
assert W1.grad.tolist() == [[0, 0], [6, 12]]
assert W1.tolist() == before

# %%
# What is often said
# ------------------
#
# An answer that is often copied says four things. First: the forward pass ends at the
# prediction, and the backward pass compares it with the target. Second: the backward
# pass computes the gradients of weights and biases. Third: training has two phases.
# Fourth: each layer computes a weighted sum and applies an activation function to it.
# We check them one by one.
#
# The first. The comparison is the loss function: an operation like the others, and the
# last one of the forward pass. The loss is known even where no backward pass can
# follow. The backward pass starts after it, from the gradient of the loss with respect
# to itself, which is 1.

with torch.no_grad():  # no gradients are wanted
    alone = forward_pass()["loss"]
loss = forward_pass()["loss"]
(start,) = torch.autograd.grad(loss, loss)
print("the loss without a backward pass:", alone.item(), " the start:", start.item())
assert alone.item() == 9
assert not alone.requires_grad
assert start.item() == 1

# %%
# The second. Gradients of weights and biases are what an optimizer needs. But what is
# handed back, from operation to operation, is the gradients of the activations. A hook
# is a function that autograd calls with a gradient when it is ready. They arrive in
# reverse order. The gradient of ``W1`` is then made from that of ``z``.

computed, arrived = forward_pass(), {}
for name, tensor in computed.items():
    tensor.register_hook(lambda gradient, name=name: arrived.update({name: gradient}))
computed["loss"].backward()
for name, gradient in arrived.items():
    print(f"{name:4} has the gradient {gradient.tolist()}")
assert list(arrived) == ["loss", "p", "h", "z"]
assert arrived["z"].tolist() == [[0, 6]]
assert (arrived["z"].T @ x).tolist() == [[0, 0], [6, 12]]

# %%
# The third. A step of training has a third phase: the update. That answer does say,
# rightly, that an optimizer makes it, with the gradients that the backward pass has
# left. After ``backward`` the parameters are the same to the last bit. After ``step``
# they are not. The exception is your own: a hook can call ``step`` in the middle of the
# backward pass, as soon as a gradient is there.

torch.manual_seed(0)
layers = torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)
model = torch.nn.Sequential(*layers).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
old = [parameter.detach().clone() for parameter in model.parameters()]

F.mse_loss(model(x), target).backward()
after_backward = list(map(torch.equal, old, model.parameters()))
optimizer.step()
after_step = list(map(torch.equal, old, model.parameters()))
print("the same after backward:", after_backward)
print("the same after step:    ", after_step)
assert after_backward == [True, True, True, True]
assert after_step == [False, False, False, False]

early = leaf([1.0, 2.0])  # this one is updated inside backward
own = torch.optim.SGD([early], lr=0.25)
early.register_post_accumulate_grad_hook(lambda parameter: own.step())
(early * early).sum().backward()
assert early.tolist() == [0.5, 1]

# %%
# The fourth. A fully connected layer computes a weighted sum, but max pooling does not.
# Turn the sign of all inputs, and a weighted sum turns its sign. A maximum does not: of
# 3 and 1 it is 3, of -3 and -1 it is -1. The two passes need neither weights nor
# layers. They need operations with derivatives.

pool, signal = torch.nn.MaxPool1d(2), leaf([[3.0, 1.0, -4.0, 2.0]])
pool(signal).sum().backward()
print("maxima:", pool(signal).tolist(), " of the negative:", pool(-signal).tolist())
print("gradient:", signal.grad.tolist())
assert pool(signal).tolist() == [[3, 2]]
assert pool(-signal).tolist() == [[-1, 4]]
assert torch.equal(F.linear(-x, W1), -F.linear(x, W1))
assert signal.grad.tolist() == [[1, 0, 0, 1]]

# %%
# The rule
# --------
#
# The forward pass runs operations in order, and ends at a loss of one number. For each
# input, an operation has a Jacobian: a table of derivatives, with a row for each number
# of the output and a column for each number of the input, taken at the values of the
# forward pass. The backward pass gives the loss the gradient 1, and visits the
# operations in reverse order. It multiplies the gradient of the output, written as one
# row, by the table. That is the chain rule, for a loss L, an output y and an input x:
#
# .. math::
#
#    \frac{\partial L}{\partial x_j}
#    = \sum_i \frac{\partial L}{\partial y_i} \, \frac{\partial y_i}{\partial x_j}
#
# The result is called a *vector-Jacobian product*. It is added to the gradient of that
# input, which starts at 0. (Rumelhart, Hinton and Williams 1986, for layers; PyTorch
# notes, *Autograd mechanics*, for any graph of operations.)
#
# Here it is without autograd, for five operations. ``v`` is the gradient of the output.
# For example ``p = h @ W2.T + b2``: the gradient of ``h`` is ``v @ W2``, that of ``W2``
# is ``v.T @ h``, and that of ``b2`` is ``v``, summed over the rows of the batch.

OPERATIONS = {  # the operation, and its vector-Jacobian products, one for each input
    "linear": (F.linear, lambda v, x, w, b: (v @ w, v.mT @ x, v.sum(0))),
    "relu": (torch.relu, lambda v, z: (v * (z > 0),)),
    "tanh": (torch.tanh, lambda v, z: (v * (1 - torch.tanh(z) ** 2),)),
    "add": (torch.add, lambda v, a, b: (v, v)),
    "mse": (F.mse_loss, lambda v, p, t: mse_products(v * 2 / p.numel(), p, t)),
}


def mse_products(v, p, t):
    return v * (p - t), v * (t - p)


def forward(network, given):
    values = dict(given)
    for output, operation, inputs in network:
        function, _ = OPERATIONS[operation]
        values[output] = function(*[values[name] for name in inputs])
    return values


@torch.no_grad()
def backward(network, values):
    gradients = {"loss": torch.ones_like(values["loss"])}
    for output, operation, inputs in reversed(network):
        _, products = OPERATIONS[operation]
        parts = products(gradients[output], *[values[name] for name in inputs])
        for name, part in zip(inputs, parts, strict=True):
            gradients[name] = gradients.get(name, 0) + part
    return gradients


first, second = ("z", "linear", ["x", "W1", "b1"]), ("p", "linear", ["h", "W2", "b2"])
relu, mse = ("h", "relu", ["z"]), ("loss", "mse", ["p", "target"])
two_layers = [first, relu, second, mse]

given = {"x": x, "target": target, "W1": W1, "b1": b1, "W2": W2, "b2": b2}
values = forward(two_layers, given)
gradients = backward(two_layers, values)
print("gradient of W1:", gradients["W1"].tolist())
assert gradients["W1"].tolist() == [[0, 0], [6, 12]]
for name, gradient in arrived.items():
    assert torch.equal(gradients[name], gradient)

# %%
# The products above never build a Jacobian. Here are two of them. That of ``z`` with
# respect to ``W1`` has 2 rows and 4 columns, and half of it is zeros. That of ``h``
# with respect to ``z`` has 2 rows and 2 columns. Multiplied out, they give the same
# gradients.

from torch.autograd.functional import jacobian

of_z = jacobian(lambda w: F.linear(x, w, b1), W1).reshape(2, 4)
of_h = jacobian(torch.relu, values["z"]).reshape(2, 2)
print("Jacobian of z:", of_z.tolist(), " of h:", of_h.tolist())
assert of_z.tolist() == [[1, 2, 0, 0], [0, 0, 1, 2]]
assert torch.equal(gradients["z"] @ of_z, gradients["W1"].reshape(1, 4))
assert torch.equal(gradients["h"] @ of_h, gradients["z"])

# %%
# Proof
# -----
#
# Four networks, with 20 random draws of all leaves: the one above; one with ``tanh``;
# one with the same weights in both layers; and one with a residual connection, where
# ``h`` goes two ways. In the last two, gradients from two operations meet and are
# added. In float64 the rule by hand gives what autograd gives, up to rounding, for
# every tensor from the loss to the input. Torch's ``gradcheck`` agrees too, on one draw
# of each network. It moves each number of the leaves a little, and compares the change
# of the loss with autograd's gradient.

from tensorglass import measured

skip, join = ("q", "linear", ["h", "W2", "b2"]), ("p", "add", ["q", "h"])
smooth = [first, ("h", "tanh", ["z"]), second, mse]
networks = {
    "two layers": two_layers,
    "tanh": smooth,
    "shared weights": [first, relu, ("p", "linear", ["h", "W1", "b1"]), mse],
    "residual": [first, relu, skip, join, mse],
}
SIZES = {"x": (6, 3), "target": (6, 3), "W1": (3, 3), "b1": (3,)}
SIZES |= {"W2": (3, 3), "b2": (3,)}


def draw(seed):
    generator = torch.Generator().manual_seed(seed)
    options = {"generator": generator, "dtype": torch.float64}
    drawn = {name: torch.randn(size, **options) for name, size in SIZES.items()}
    return {name: tensor.to(device).requires_grad_() for name, tensor in drawn.items()}


compared = 0
for title, network in networks.items():
    largest = 0
    for seed in range(20):
        values = forward(network, draw(seed))
        by_hand = backward(network, values)
        tensors = [values[name] for name in by_hand]
        by_autograd = torch.autograd.grad(values["loss"], tensors)
        for gradient, expected in zip(by_hand.values(), by_autograd, strict=True):
            torch.testing.assert_close(gradient, expected, rtol=1e-13, atol=1e-14)
            largest = max(largest, (gradient - expected).abs().max().item())
            compared += 1

    def loss_of(*leaves, network=network):
        return forward(network, dict(zip(SIZES, leaves, strict=True)))["loss"]

    agrees = torch.autograd.gradcheck(loss_of, tuple(draw(0).values()))
    assert agrees
    print(f"{title:15} largest difference {measured(f'{largest:.0e}')}")
print(compared, "gradients compared")
assert compared == 20 * (10 + 10 + 8 + 11)

# %%
# Why not always compute gradients in that way? We check it on the network with
# ``tanh``, with 51 draws. We move all leaves by a step in a random direction and divide
# the change of the loss by the step: the one-sided difference. The central one moves
# them both ways. If a long step gets ten times shorter, the error of the first gets ten
# times smaller, and that of the second a hundred times. Below the best step the error
# grows again, since the loss is rounded. The backward pass has no step.

STEPS = [10.0**-k for k in range(1, 14)]


@torch.no_grad()
def errors_of_differences(seed):
    """Return the relative errors of both differences, for each step."""
    leaves, direction = draw(seed), draw(1000 + seed)

    def loss_at(step):
        moved = {name: leaves[name] + step * direction[name] for name in leaves}
        return forward(smooth, moved)["loss"]

    gradients = backward(smooth, forward(smooth, leaves))
    slope = sum((gradients[name] * direction[name]).sum() for name in leaves)
    one_sided = [(loss_at(step) - loss_at(0)) / step for step in STEPS]
    central = [(loss_at(step) - loss_at(-step)) / (2 * step) for step in STEPS]
    found = torch.tensor([one_sided, central], dtype=torch.float64)
    return ((found - slope.cpu()) / slope.cpu()).abs()


errors = torch.stack([errors_of_differences(seed) for seed in range(51)])
medians = errors.median(dim=0).values
best_steps = [STEPS[median.argmin()] for median in medians]
for name, best, median in zip(
    ("one-sided", "central"), best_steps, medians, strict=True
):
    error = measured(f"{median.min():.0e}")
    print(f"{name:9} best step {best:g}, error there {error}, in the median of 51")
decades = 3  # the slopes of the two curves, over three decades of the step
falls = medians[0, 1] / medians[0, 1 + decades], medians[1, 0] / medians[1, decades]
rises = medians[:, -1] / medians[:, -1 - decades]
assert best_steps == [1e-8, 1e-6]
assert [round(fall.log10().item()) for fall in falls] == [decades, 2 * decades]
assert rises.log10().round().tolist() == [decades, decades]

# %%
# What does it cost? We count multiplications and additions in a chain of L linear
# layers. Forward, each layer needs one matrix product. Backward, it needs two of the
# same size: for the gradient of its weight, and of its input. The first layer needs
# one, as nobody asked for the gradient of the network's input. So it is L products
# forward and 2L - 1 backward: 1.9 times as many for 10 layers, and 2 times if the input
# needs a gradient too. (In theory the gradient of any function costs a small multiple
# of it: Griewank and Walther 2008. In torch ``x[0]`` is an exception: its gradient
# fills a tensor as large as ``x``.) Differences would take a forward pass for each of
# the 720 parameters.

from torch.utils.flop_counter import FlopCounterMode


def chain(layers, width=8):
    made = [torch.nn.Linear(width, width) for _ in range(layers)]
    return torch.nn.Sequential(*made).to(device)


def costs(model, data):
    """Return the operations of matrix products in each of the two passes."""
    with FlopCounterMode(display=False) as counted_forward:
        loss = model(data).square().mean()
    with FlopCounterMode(display=False) as counted_backward:
        loss.backward()
    return counted_forward.get_total_flops(), counted_backward.get_total_flops()


for layers in range(1, 11):
    data = torch.randn(16, 8, device=device)
    forward_cost, backward_cost = costs(chain(layers), data)
    assert forward_cost == layers * 2 * 16 * 8 * 8
    assert backward_cost * layers == forward_cost * (2 * layers - 1)
    of_input_too = costs(chain(layers), data.requires_grad_())
    assert of_input_too == (forward_cost, 2 * forward_cost)
print("10 layers: backward / forward =", backward_cost / forward_cost)
assert backward_cost / forward_cost == 1.9
assert sum(parameter.numel() for parameter in chain(10).parameters()) == 720

# %%
# The running time need not follow the count: it also depends on how fast each product
# runs, and on all the work that is no product. This is measured, and no claim.

from torch.utils.benchmark import Timer

width, rows = (512, 256) if device.type == "cpu" else (2048, 1024)
deep, data = chain(10, width), torch.randn(rows, width, device=device)
loss, weights = deep(data).square().mean(), tuple(deep.parameters())
passes = ("deep(data)", "torch.autograd.grad(loss, weights, retain_graph=True)")
forward_time, backward_time = (
    Timer(code, globals=globals()).blocked_autorange(min_run_time=0.2).median
    for code in passes
)
print("forward: ", measured(f"{1e3 * forward_time:.1f} ms"))
print("backward:", measured(f"{1e3 * backward_time:.1f} ms"))
print("ratio:   ", measured(f"{backward_time / forward_time:.1f}"))

# %%
# Picture
# -------
#
# The network of the short answer, with the numbers that the rule gave. In each box the
# value stands above, on blue: the forward pass computes it, along the solid arrows. The
# gradient stands below, on orange: the backward pass computes it, along the dashed
# arrows. ReLU gave 0 for the first number of ``z``, so it hands back 0 there, and the
# first row of ``W1`` gets a gradient of zeros. ``x`` and ``target`` have gradients here
# because we made them with ``requires_grad``.

import matplotlib.pyplot as plt

VALUE, GRADIENT = "#0072b2", "#d55e00"
values = forward(two_layers, given)
gradients = backward(two_layers, values)


def whole(tensor):
    numbers = tensor.int()
    assert torch.equal(numbers.float(), tensor)
    return str(numbers.tolist())


def box(ax, name, x, y):
    """Draw the value of a tensor above its gradient."""
    texts = f"{name} = {whole(values[name])}", f"gradient {whole(gradients[name])}"
    for bottom, color, text in zip((y, y - 0.5), (VALUE, GRADIENT), texts, strict=True):
        look = {"facecolor": (color, 0.18), "edgecolor": "black"}
        ax.add_patch(plt.Rectangle((x - 1.15, bottom), 2.3, 0.5, **look))
        ax.text(x, bottom + 0.24, text, ha="center", va="center", fontsize=8)
    told.append(f"{name} is {whole(values[name])}, with {texts[1]}")


def arrows(ax, start, end, right=0.0, up=0.0):
    """Draw an arrow forward, and beside it a dashed one back."""
    look = {"arrowstyle": "->", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    (x0, y0), (x1, y1) = start, end
    there, back = (x1 - right, y1 - up), (x0 + right, y0 + up)
    look["color"] = "black"
    ax.annotate("", there, (x0 - right, y0 - up), arrowprops=look)
    look |= {"color": GRADIENT, "linestyle": "dashed"}
    ax.annotate("", back, (x1 + right, y1 + up), arrowprops=look)


figure, ax = plt.subplots(figsize=(3.4, 5.6), layout="constrained")
ax.set(xlim=(-1.2, 3.85), ylim=(-8.6, 0.6), title="Values go down, gradients come up")
ax.set_axis_off()
told = []
for step, (output, operation, inputs) in enumerate(two_layers):
    y = -2 * step
    box(ax, inputs[0], 0, y)
    for place, name in enumerate(inputs[1:]):
        at = y - 1 + 0.55 * (len(inputs) - 2) - 1.1 * place
        box(ax, name, 2.65, at)
        toward = y - 1 + 0.12 * (1 if at > y - 1 else -1)
        arrows(ax, (1.45, at), (0.3, toward), up=0.06)
    arrows(ax, (0, y - 0.52), (0, y - 1.48), right=0.12)
    ax.text(-0.3, y - 1, operation, ha="right", va="center", fontsize=8)
    told.append(f"{operation} leads from there to {output}")
box(ax, "loss", 0, -8)
ax.set_label(
    "A chain of boxes from the input x at the top to the loss at the bottom, with "
    "parameters and target at the side. Solid arrows lead down to the loss, dashed "
    f"ones back up to every box. From the top: {'; '.join(told)}."
)

# %%
# And the errors of the differences. To the right of the best step, the step is too
# long. To its left, rounding wins.

figure, ax = plt.subplots(figsize=(4.6, 3.7), layout="constrained")
for row, (color, marker) in enumerate([(GRADIENT, "s"), (VALUE, "o")]):
    ax.loglog(STEPS, medians[row], color=color, marker=marker, markersize=4)
ax.annotate("one-sided", (1e-6, 3e-4), ha="right", color=GRADIENT)
ax.annotate("central", (3e-3, 3e-8), color=VALUE)
ax.set_xlabel("step, logarithmic")
ax.set_ylabel("relative error, logarithmic")
ax.set_title("Every step has an error: too long, or too short")
ax.set_label(
    "Two V-shaped curves, of the median error of differences over the step, on "
    f"logarithmic axes, from {STEPS[-1]:g} at the left to {STEPS[0]:g} at the right. "
    f"The one-sided difference is best at the step {best_steps[0]:g}, the central one, "
    f"which is more precise, at {best_steps[1]:g}. To the right of that the first "
    "rises in proportion to the step, and the other one with its square. To the left "
    "both rise on the same line."
)
far_above_rounding = 1000 * 2**-52
digits_lost = (medians.amin(dim=1) > far_above_rounding).tolist()
assert digits_lost == [True, True]

# %%
# Traps
# -----
#
# Gradients add up
# ~~~~~~~~~~~~~~~~
#
# ``backward`` adds to ``.grad``; it does not replace what is there. Two calls without
# ``zero_grad`` leave the sum of both gradients. Here the two are the same, so ``.grad``
# doubles. That is useful for a batch in parts, and a mistake elsewhere. ``zero_grad``
# sets ``.grad`` to ``None``.

w = leaf([1.0, 2.0])
seen = []
for _ in range(2):
    (w * w).sum().backward()
    seen.append(w.grad.tolist())
print("once, and twice:", seen)
assert seen == [[2, 4], [4, 8]]
torch.optim.SGD([w]).zero_grad()
assert w.grad is None

# %%
# Backward a second time
# ~~~~~~~~~~~~~~~~~~~~~~
#
# ``backward`` frees what torch's operations kept for it. A second one through an
# operation that had kept something raises an error, unless the first had
# ``retain_graph=True`` or ``create_graph=True``. Often nobody meant to go back twice: a
# tensor from the step before, such as the state of a recurrent network, still refers to
# the operations that made it. ``detach`` cuts it off. An addition keeps nothing. Its
# second pass runs without an error, and its gradient is added twice.

from tensorglass import shows_error

state = w * w
state.sum().backward()
with shows_error(RuntimeError, match="backward through the graph a second time"):
    (state * w).sum().backward()

w.grad = None
(state.detach() * w).sum().backward()
assert w.grad.tolist() == state.tolist() == [1, 4]

w.grad = None
product, total = (w * w).sum(), (w + w).sum()
product.backward(retain_graph=True)
product.backward()
total.backward()
total.backward()
assert w.grad.tolist() == [8, 12]  # twice [2, 4] of product, twice [2, 2] of total

# %%
# ``.grad`` of an activation is None
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The backward pass computes it, hands it on and drops it. Only leaves keep theirs: the
# tensors that you made with ``requires_grad``. Torch warns you. Call ``retain_grad``
# before the backward pass if you want to keep another one.

import warnings

computed = forward_pass()
computed["h"].retain_grad()
computed["loss"].backward()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    of_z = computed["z"].grad
print("z:", of_z, " h:", computed["h"].grad.tolist())
print("UserWarning:", str(caught[0].message).split(". ")[0])
assert of_z is None
assert computed["h"].grad.tolist() == [[18, 6]]
assert "not a leaf Tensor is being accessed" in str(caught[0].message)

# %%
# Only one number can start
# ~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A loss that was not averaged or summed has many numbers, and which of them should get
# the gradient 1? Give the gradient yourself. All ones is the same as ``sum()`` first.

w.grad = None
with shows_error(RuntimeError, match="only for scalar outputs"):
    (w * w).backward()
(w * w).backward(torch.ones_like(w))
assert w.grad.tolist() == [2, 4]

# %%
# A parameter may not be changed in place
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``w -= ...`` writes into the memory of ``w``: in place. While autograd records, that
# raises an error for a parameter. Under ``no_grad`` it is allowed, and optimizers do it
# so. Wait until ``backward`` is done: it may read the old values. Autograd counts the
# writes to each tensor, its version, and refuses if one came in between. A write to a
# tensor that nobody reads again does no harm, and passes. Others pass since they are
# not counted, for instance through ``.data``, through a NumPy array on the same memory,
# and by an optimizer with ``fused=True``. What checkpointing will read again is not
# guarded, either. Then the gradient is wrong, without an error.

with shows_error(RuntimeError, match="a leaf Variable that requires grad"):
    w -= 0.5 * w.grad
with torch.no_grad():
    w -= 0.5 * w.grad
assert w.tolist() == [0, 0]

product = (w * w).sum()
with torch.no_grad():
    w += 1
with shows_error(RuntimeError, match="modified by an inplace operation"):
    product.backward()

product, total, w.grad = (w * w).sum(), (w + w).sum(), None
w.data.add_(1)  # not counted: w was [1, 1], and is [2, 2]
total.backward()
assert w.grad.tolist() == [2, 2]
product.backward()
print("the gradient of the product is", (w.grad - 2).tolist(), "and should be [2, 2]")
assert w.grad.tolist() == [2 + 4, 2 + 4]

# %%
# On a GPU
# --------
#
# On the CPU the backward pass runs in the thread that called it. By PyTorch's
# documentation of ``set_multithreading_enabled``, a GPU has a thread of its own for it;
# hooks run there. The last assert checks the one that holds on the device printed
# below. In float32 the gradient of ``W1`` agrees with the float64 one to about four
# digits.

import threading

leaves = draw(0)
exact = backward(two_layers, forward(two_layers, leaves))
given32 = {name: tensor.detach().float() for name, tensor in leaves.items()}
given32["W1"].requires_grad_()
values32 = forward(two_layers, given32)
threads = []
values32["h"].register_hook(lambda gradient: threads.append(threading.get_ident()))
values32["loss"].backward()
print("this page ran on", device.type)
expected = exact["W1"].float()
torch.testing.assert_close(given32["W1"].grad, expected, rtol=1e-4, atol=1e-5)
assert (threads == [threading.get_ident()]) == (device.type == "cpu")

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# In the network of the short answer, set ``b1`` to [2, 1]. Do both passes on paper.
# What is the loss, and what are the gradients of ``W1`` and ``W2``?
#
# Solution
# ^^^^^^^^
#
# Now ``z`` is [1, 5]. ReLU lets both numbers through, and both of their gradients back.

values = forward(two_layers, given | {"b1": leaf([2.0, 1.0])})
gradients = backward(two_layers, values)
print("loss", values["loss"].item(), " gradient of W1", gradients["W1"].tolist())
assert values["z"].tolist() == values["h"].tolist() == [[1, 5]]
assert values["loss"].item() == 36
assert gradients["W2"].tolist() == [[12, 60]]
assert gradients["W1"].tolist() == [[36, 72], [12, 24]]

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Of 10 linear layers the first k are frozen with ``requires_grad_(False)``. How many
# products of matrices does the backward pass need?
#
# Solution
# ^^^^^^^^
#
# Two for each of the other 10 - k layers. But the first one of those needs no gradient
# of its input. So it is as if the chain began there: 2 (10 - k) - 1.

for frozen in range(10):
    partly = chain(10)
    partly[:frozen].requires_grad_(False)
    forward_cost, backward_cost = costs(partly, torch.randn(16, 8, device=device))
    assert backward_cost * 10 == forward_cost * (2 * (10 - frozen) - 1)

# %%
# Take it home
# ------------
#
# If you write a backward pass of your own, have it checked. ``gradcheck`` compares it
# with central differences, and wants float64 inputs. Here is the cube, and what happens
# if its derivative is wrong.


class Cube(torch.autograd.Function):
    factor = 3.0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, v):
        (x,) = ctx.saved_tensors
        return v * Cube.factor * x**2


point = torch.tensor([2.0], dtype=torch.float64, device=device, requires_grad=True)
agrees = torch.autograd.gradcheck(Cube.apply, point)
assert agrees
Cube.factor = 2.0
with shows_error(RuntimeError, match="Jacobian mismatch"):
    torch.autograd.gradcheck(Cube.apply, point)

# %%
# The backward pass reads values of the forward pass, so these stay in memory until
# then. ``saved_for_backward`` lists them for your own model. What is kept, why, and
# what it costs: :doc:`stored_activations`.

from tensorglass import saved_for_backward

saved = saved_for_backward(model, torch.randn(100, 2, device=device))
assert [each.role for each in saved.tensors] == ["input", "output", "input", "weight"]
assert saved.activation_bytes == 100 * 8 * 4
saved

# %%
# References
# ----------
#
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams, `Learning representations by
#   back-propagating errors <https://doi.org/10.1038/323533a0>`__, Nature 323, 533
#   (1986).
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind, `Automatic
#   differentiation in machine learning: a survey
#   <https://jmlr.org/papers/v18/17-468.html>`__, JMLR 18 (153), 2018.
# - A. Griewank, A. Walther, `Evaluating Derivatives
#   <https://doi.org/10.1137/1.9780898717761>`__, 2nd edition, SIAM, 2008.
# - PyTorch: `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__, `gradcheck
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html>`__
#   and `set_multithreading_enabled
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.set_multithreading_enabled.html>`__.
# - The picture follows the circuits in the notes of Stanford's course CS231n,
#   `Backpropagation, Intuitions <https://cs231n.github.io/optimization-2/>`__.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
