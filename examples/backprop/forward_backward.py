# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.10", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What are the forward pass and backward pass of a neural network?
================================================================

People ask this because they write ``loss.backward()``, and it neither returns anything
nor changes the network.

:Level: beginner

Short answer
------------

The **forward pass** computes the loss from the input, operation by operation. The
**backward pass** goes back from the last operation to the first. By the chain rule it
computes how fast the loss changes with each activation and parameter that needs a
gradient. ``loss.backward()`` writes the gradients of the parameters into ``.grad``. It
changes no parameter: ``optimizer.step()`` does.
"""

import torch

x = torch.tensor([1.0, 2.0])
W1 = torch.tensor([[1.0, -1.0], [2.0, 1.0]], requires_grad=True)
W2 = torch.tensor([3.0, 1.0], requires_grad=True)
loss = (W2 @ torch.relu(W1 @ x) - 1) ** 2  # forward; the target is 1
loss.backward()
print("loss:", loss.item(), " gradient of W1:", W1.grad.tolist())
assert (loss.item(), W1.grad.tolist()) == (9, [[0, 0], [6, 12]])

# %%
# ``z`` is ``W1 @ x``, ``h`` its ReLU, ``p`` the prediction. ReLU gave 0 for the first
# number of ``z``, so that one's gradient is 0, too.

# More: draws each tensor's value above its gradient
import matplotlib.pyplot as plt

VALUE, GRADIENT = "#0072b2", "#d55e00"


def forward_pass():
    z = W1 @ x
    h = torch.relu(z)
    p = W2 @ h  # the prediction
    return {"z": z, "h": h, "p": p, "loss": (p - 1) ** 2}


values = forward_pass()
on_the_way = torch.autograd.grad(values["loss"], list(values.values()))
gradients = dict(zip(values, on_the_way, strict=True))
gradients |= {"W1": W1.grad, "W2": W2.grad}
values |= {"x": x, "W1": W1, "W2": W2}


def whole(tensor):
    numbers = tensor.int()
    assert torch.equal(numbers.float(), tensor)
    return str(numbers.tolist())


def box(ax, name, x, y, width):
    """Draw the value of a tensor above its gradient, where it has one."""
    texts = {VALUE: f"{name} = {whole(values[name])}"}
    if name in gradients:
        texts[GRADIENT] = f"grad {whole(gradients[name])}"
    for row, (color, text) in enumerate(texts.items()):
        look = {"facecolor": (color, 0.18), "edgecolor": "black"}
        ax.add_patch(plt.Rectangle((x - width / 2, y - row / 2), width, 0.5, **look))
        ax.text(x, y - row / 2 + 0.24, text, ha="center", va="center")
    told.append(" with ".join(texts.values()))


def arrow(ax, start, end, **look):
    look |= {"arrowstyle": "->", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=look)


figure, ax = plt.subplots(figsize=(4.3, 5.2), layout="constrained")
ax.set(xlim=(-0.95, 3.6), ylim=(-8.6, 0.6), title="Values go down, gradients come up")
ax.set_axis_off()
told = []
chain_of_boxes = [("x", "W1"), ("z", "relu"), ("h", "W2"), ("p", "(p - 1)²")]
for step, (name, with_what) in enumerate(chain_of_boxes):
    y = -2 * step
    box(ax, name, 0, y, 1.5)
    if with_what in values:
        box(ax, with_what, 2.45, y - 1, 2.2)
        arrow(ax, (1.3, y - 1.08), (0.25, y - 1.08), color="black")
        arrow(ax, (0.25, y - 0.92), (1.3, y - 0.92), color=GRADIENT, ls="dashed")
    else:
        ax.text(0.4, y - 1, with_what, va="center")
    bottom = y - 0.52 if name in gradients else y - 0.02
    arrow(ax, (-0.12, bottom), (-0.12, y - 1.48), color="black")
    if name != "x":
        arrow(ax, (0.12, y - 1.48), (0.12, y - 0.52), color=GRADIENT, ls="dashed")
box(ax, "loss", 0, -8, 1.5)
ax.set_label(
    "A chain of boxes from the input x at the top to the loss at the bottom, with the "
    "parameters W1 and W2 at the side. Solid arrows lead down to the loss, dashed "
    f"ones back up to every box but x. From the top: {'; '.join(told)}."
)
assert [each.tolist() for each in on_the_way] == [[0, 6], [18, 6], 6, 1]
assert W2.grad.tolist() == [0, 24]
assert W1.tolist() == [[1, -1], [2, 1]]  # not changed

# %%
# Take it home
# ------------
#
# The whole training loop:

from torch import nn

torch.manual_seed(0)
inputs = torch.randn(64, 2)
targets = inputs @ torch.tensor([[2.0], [-1.0]]) + 0.5
model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

losses = []
for _ in range(200):
    optimizer.zero_grad()  # or gradients add up
    loss = nn.functional.mse_loss(model(inputs), targets)  # the forward pass
    loss.backward()  # the backward pass: fills .grad
    optimizer.step()  # changes the parameters
    losses.append(loss.item())

print(f"the loss falls from {losses[0]:.1f} to {losses[-1]:.3f}")
fell = losses[-1] < losses[0] / 10
assert fell

# %%
# The backward pass reads values of the forward pass, so they stay in memory until then.
# For your own model, this site's library lists them. (See :doc:`stored_activations`.)

from tensorglass import saved_for_backward

saved = saved_for_backward(model, inputs)
assert [each.role for each in saved.tensors] == ["input", "output", "input", "weight"]
assert saved.activation_bytes == 64 * 8 * 4
saved

# %%
# More: ``gradcheck`` for a backward pass of your own
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# If you write a backward pass of your own, have it checked. ``gradcheck`` compares it
# with central differences, and wants float64 inputs. Here is the cube, and what happens
# if its derivative is wrong. (``shows_error`` prints an error that must come.) From
# here on, new tensors are on the GPU if there is one.

from tensorglass import default_device, shows_error

device = default_device()


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
# Why
# ---
#
# The backward pass gives the loss the gradient 1, and visits the operations in reverse
# order. It multiplies the gradient of each output, as one row, by the operation's
# *Jacobian*: its derivatives at the values of the forward pass, a row for each number
# of the output y, a column for each of the input x. That is the chain rule:
#
# .. math::
#
#    \frac{\partial L}{\partial x_j}
#    = \sum_i \frac{\partial L}{\partial y_i} \, \frac{\partial y_i}{\partial x_j}
#
# Where gradients of one input meet, they are added. (Rumelhart, Hinton and Williams
# 1986, for layers; PyTorch notes, *Autograd mechanics*, for any graph.) By hand:

z, h, p, loss = forward_pass().values()

of_p = 1 * 2 * (p - 1)  # the loss has the gradient 1
by_hand_2, of_h = of_p * h, of_p * W2
of_z = of_h * (z > 0)
by_hand_1 = torch.outer(of_z, x)

print("gradient of W1:", by_hand_1.tolist(), " of W2:", by_hand_2.tolist())
assert torch.equal(by_hand_1, W1.grad)
assert torch.equal(by_hand_2, W2.grad)

# %%
# More: two Jacobians, which nobody builds
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The products above never build a Jacobian. That of ``z`` with respect to ``W1`` has 2
# rows and 4 columns, and half of it is zeros. That of ``h`` with respect to ``z`` has 2
# rows and 2 columns. Multiplied out, they give the same gradients.

from torch.autograd.functional import jacobian

z_by_w = jacobian(lambda w: w @ x, W1).reshape(2, 4)
h_by_z = jacobian(torch.relu, z)
print("Jacobian of z:", z_by_w.tolist(), " of h:", h_by_z.tolist())
assert z_by_w.tolist() == [[1, 2, 0, 0], [0, 0, 1, 2]]
assert torch.equal(of_z @ z_by_w, W1.grad.reshape(4))
assert torch.equal(of_h @ h_by_z, of_z)

# %%
# More: other graphs, against autograd
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The rule without autograd, for five operations. ``v`` is the gradient of the output.
# For example ``p = h @ W2.T + b2``: the gradient of ``h`` is ``v @ W2``, that of ``W2``
# is ``v.T @ h``, and that of ``b2`` is ``v``, summed over the rows of the batch.
#
# Four networks, with 20 random draws of all leaves: two layers with ReLU; two with
# ``tanh``; two with the same weights; and two with a residual connection, where ``h``
# goes two ways. In the last two, gradients from two operations meet and are added. In
# float64 the rule by hand gives what autograd gives, up to rounding, for every tensor
# from the loss to the input. Torch's ``gradcheck`` agrees too, on one draw of each
# network. It moves each number of the leaves a little, and compares the change of the
# loss with autograd's gradient.

import torch.nn.functional as F
from tensorglass import measured

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
# More: the errors of differences
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
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
# To the right of the best step, the step is too long. To its left, rounding wins.

# More: draws the errors over the step
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
# More: the cost of the backward pass, counted
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# We count the multiplications and additions of the matrix products in a chain of L
# linear layers. Forward, each layer needs one matrix product. Backward, it needs two of
# the same size: for the gradient of its weight, and of its input. The first layer needs
# one, as nobody asked for the gradient of the network's input. So it is L products
# forward and 2L - 1 backward: 1.9 times as many for 10 layers, and 2 times if the input
# needs a gradient too. (In theory the gradient of any function costs a small multiple
# of it: Griewank and Walther 2008. In torch ``x[0]`` is an exception: its gradient
# fills a tensor as large as ``x``.) Differences would take a forward pass for each of
# the 720 parameters. The running time need not follow the count: it also depends on how
# fast each product runs, and on all the work that is no product. It is printed, and no
# claim.

from torch.utils.benchmark import Timer
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
# What is often said
# ------------------
#
# "The backward pass compares the prediction with the target." The loss function does,
# the last operation of the forward pass. The loss is known even where no backward pass
# can follow. The backward pass starts after it, from the gradient 1.

with torch.no_grad():  # no gradients are wanted
    alone = forward_pass()["loss"]
loss = forward_pass()["loss"]
(start,) = torch.autograd.grad(loss, loss)
assert alone.item() == 9
assert not alone.requires_grad
assert start.item() == 1

# %%
# "It computes the gradients of weights and biases." It does. But what it hands from
# operation to operation is the gradients of the activations. Hooks, functions that
# autograd calls with a gradient, see them arrive in reverse order.

computed, arrived = forward_pass(), {}
for name, tensor in computed.items():
    tensor.register_hook(lambda gradient, name=name: arrived.update({name: gradient}))
computed["loss"].backward()
print({name: gradient.tolist() for name, gradient in arrived.items()})
assert list(arrived) == ["loss", "p", "h", "z"]
assert torch.outer(arrived["z"], x).tolist() == [[0, 0], [6, 12]]

# %%
# "Training has two phases." After both, the parameters are the same to the last bit.
# The third phase, ``step``, changes them.

old = [parameter.detach().clone() for parameter in model.parameters()]
optimizer.zero_grad()
nn.functional.mse_loss(model(inputs), targets).backward()
after_backward = list(map(torch.equal, old, model.parameters()))
optimizer.step()
after_step = list(map(torch.equal, old, model.parameters()))
assert after_backward == [True, True, True, True]
assert after_step == [False, False, False, False]

# %%
# More: a hook that calls ``step``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It does so as soon as a gradient is there. A leaf is a tensor that no recorded
# operation made; its gradient is kept in ``.grad``.


def leaf(rows):
    return torch.tensor(rows, device=device, requires_grad=True)


early = leaf([1.0, 2.0])  # this one is updated inside backward
own = torch.optim.SGD([early], lr=0.25)
early.register_post_accumulate_grad_hook(lambda parameter: own.step())
(early * early).sum().backward()
assert early.tolist() == [0.5, 1]

# %%
# More: layers without a weighted sum
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It is also said that each layer computes a weighted sum and applies an activation
# function to it. A fully connected layer does, max pooling does not. Turn the sign of
# all inputs, and a weighted sum turns its sign. A maximum does not: of 3 and 1 it is 3,
# of -3 and -1 it is -1. The two passes need neither weights nor layers. They need
# operations with derivatives.

pool, signal = torch.nn.MaxPool1d(2), leaf([[3.0, 1.0, -4.0, 2.0]])
pool(signal).sum().backward()
print("maxima:", pool(signal).tolist(), " of the negative:", pool(-signal).tolist())
print("gradient:", signal.grad.tolist())
assert pool(signal).tolist() == [[3, 2]]
assert pool(-signal).tolist() == [[-1, 4]]
assert torch.equal(W1 @ -x, -(W1 @ x))
assert signal.grad.tolist() == [[1, 0, 0, 1]]

# %%
# Traps
# -----
#
# Gradients add up
# ~~~~~~~~~~~~~~~~
#
# Two calls of ``backward`` without ``zero_grad`` leave the sum of both gradients. That
# is useful for a batch in parts, and a mistake elsewhere.

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
# ``backward`` frees what operations kept for it, unless it has ``retain_graph=True``.
# Often it was not meant: a tensor from the step before, such as the state of a
# recurrent network, still refers to what made it. ``detach`` cuts it off.

state = w * w
state.sum().backward()
with shows_error(RuntimeError, match="backward through the graph a second time"):
    (state * w).sum().backward()

w.grad = None
(state.detach() * w).sum().backward()
assert w.grad.tolist() == state.tolist() == [1, 4]

# %%
# More: where a second one runs
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# After ``retain_graph=True`` or ``create_graph=True``, and where operations kept
# nothing: the second pass through an addition runs without an error, and its gradient
# is added twice.

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
# Only leaves keep theirs: tensors with ``requires_grad`` that no recorded operation
# made. Call ``retain_grad`` before the backward pass to keep another one.

computed = forward_pass()
computed["h"].retain_grad()
computed["loss"].backward()
print("h:", computed["h"].grad.tolist())
assert computed["h"].grad.tolist() == [18, 6]

# %%
# More: torch warns
# ~~~~~~~~~~~~~~~~~
#
# For ``z``, nothing was kept.

import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    kept_of_z = computed["z"].grad
print("UserWarning:", str(caught[0].message).split(". ")[0])
assert kept_of_z is None
assert "not a leaf Tensor is being accessed" in str(caught[0].message)

# %%
# More: only one number can start
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A loss that was not averaged or summed has many numbers, and which of them should get
# the gradient 1? Give the gradient yourself. All ones is the same as ``sum()`` first.

w.grad = None
with shows_error(RuntimeError, match="only for scalar outputs"):
    (w * w).backward()
(w * w).backward(torch.ones_like(w))
assert w.grad.tolist() == [2, 4]

# %%
# More: nothing to go back through
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# If no operation was recorded, there is nothing to go back through: all parameters are
# frozen, the loss was computed under ``no_grad``, or it went through ``detach``,
# ``.item()`` or ``argmax`` on its way. Behind the first parameter, look for a tensor
# whose ``requires_grad`` is False.

with torch.no_grad():
    unrecorded = (w * w).sum()
for total in (unrecorded, (w.detach() * w.detach()).sum(), w.argmax().float()):
    with shows_error(RuntimeError, match="does not require grad"):
        total.backward()
    assert not total.requires_grad
assert (w * w).requires_grad

# %%
# More: parameters changed in place
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``w -= ...`` writes into the memory of ``w``: in place. While autograd records, that
# raises an error for a parameter that needs a gradient. Under ``no_grad`` it is
# allowed, and optimizers do it so. Wait until ``backward`` is done: it may read the old
# values. Autograd counts the writes to each tensor, its version, and refuses if one
# came in between, unless hooks keep the tensor, as those of ``save_on_cpu`` do. A write
# to a tensor that nobody reads again does no harm, and passes. Others pass since they
# are not counted, for instance through ``.data``, through a NumPy array on the same
# memory, and by an optimizer with ``fused=True``. Of what checkpointing will read
# again, its tensor arguments are guarded, and the parameters inside are not: there the
# gradient is wrong, without an error.

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
# On the CPU the backward pass, with its hooks, runs in the thread that called it. By
# PyTorch's documentation a GPU has another thread for it. Here float32 gradients agree
# with float64 to about four digits.

# More: looks at the thread of a hook, and compares with float64
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
# In the network of the short answer, set ``x`` to [2, 1]. Do both passes on paper. What
# is the loss, and what are the gradients of ``W1`` and ``W2``?
#
# Solution
# ^^^^^^^^
#
# Now ``z`` is [1, 5]. ReLU lets both numbers through, and both of their gradients back.

x = torch.tensor([2.0, 1.0])
computed = forward_pass()
by_hand_1, by_hand_2 = torch.autograd.grad(computed["loss"], (W1, W2))
print("loss", computed["loss"].item(), " gradient of W1", by_hand_1.tolist())
assert computed["z"].tolist() == computed["h"].tolist() == [1, 5]
assert computed["loss"].item() == 49
assert by_hand_2.tolist() == [14, 70]
assert by_hand_1.tolist() == [[84, 42], [28, 14]]

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
# of its input. So it is as if the chain began there: 2 (10 - k) - 1, for k below 10.

for frozen in range(10):
    partly = chain(10)
    partly[:frozen].requires_grad_(False)
    forward_cost, backward_cost = costs(partly, torch.randn(16, 8, device=device))
    assert backward_cost * 10 == forward_cost * (2 * (10 - frozen) - 1)

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
# - Stanford's course CS231n: `Backpropagation, Intuitions
#   <https://cs231n.github.io/optimization-2/>`__, whose circuits the picture follows.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
