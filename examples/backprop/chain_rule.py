# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.10", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What is the chain rule, and how are gradients computed by hand?
===============================================================

People ask this when they must write a gradient themselves: in an exam, in an
``autograd.Function``, or with chapter 17 of the fastai book open.

:Level: beginner

Short answer
------------

The slope of f(g(x)) is the slope of f at g(x), times the slope of g at x. **Along a
path slopes are multiplied; over several paths they are added.** By hand, start at the
loss: each function multiplies the gradient of its output by its own slope, and hands
the result back. For ``mse(x @ w, y)``:
"""

import torch

x, y = torch.tensor([[1.0, 2], [3, 4], [2, -1]]), torch.tensor([[2.0], [-4], [0]])
w = torch.tensor([[1.0], [-1]], requires_grad=True)
torch.nn.functional.mse_loss(x @ w, y).backward()
out_g = 2 * (x @ w - y) / y.numel()  # mse: the gradient of out = x @ w
w_g = x.T @ out_g  # lin: that, times the slopes of x @ w
print("by hand", w_g.tolist(), "by autograd", w.grad.tolist())
assert torch.equal(w_g, w.grad)

# %%
# A number beside an arrow is its slope. From the first weight three paths lead to the
# loss, one through each row of the batch.

# More: draws the weights, the outputs, the loss, and the slopes between them
import matplotlib.pyplot as plt

VALUE, GRADIENT = "#0072b2", "#d55e00"
rows = range(3)
out = x @ w
slopes = {("w[0]", f"out[{i}]"): x[i, 0].item() for i in rows}
slopes |= {(f"out[{i}]", "loss"): out_g[i].item() for i in rows}
others = {("w[1]", f"out[{i}]"): x[i, 1].item() for i in rows}
places = {"w[0]": (0.65, 0), "w[1]": (2.55, 0), "loss": (1.6, -4)}
places |= {f"out[{i}]": (1.6 * i, -2) for i in rows}
values = {"w[0]": w[0], "w[1]": w[1], "loss": (out - y).square().mean()}
values |= {f"out[{i}]": out[i] for i in rows}
gradients = {"w[0]": w_g[0], "w[1]": w_g[1], "loss": torch.tensor(1)}
gradients |= {f"out[{i}]": out_g[i] for i in rows}

figure, ax = plt.subplots(figsize=(4.3, 4.9), layout="constrained")
ax.set(xlim=(-0.7, 3.9), ylim=(-4.5, 0.5), title="Multiply along, add over paths")
ax.set_axis_off()
for (start, end), slope in (slopes | others).items():
    (x0, y0), (x1, y1) = places[start], places[end]
    chosen = (start, end) in slopes
    look = {"color": GRADIENT, "lw": 2.4} if chosen else {"color": "gray", "lw": 1}
    arrow = {"arrowstyle": "->", "shrinkA": 0, "shrinkB": 0, **look}
    ax.annotate("", (x1, y1 + 0.42), (x0, y0 - 0.42), arrowprops=arrow)
    if chosen:
        left = x1 > x0 if end == "loss" else x1 < x0  # on that side of its arrow
        part, beside = (0.45, 0.28) if end == "loss" else (0.25, 0.12)
        label_x = x0 + part * (x1 - x0) + (-beside if left else beside)
        label = {"s": f"{slope:g}", "color": GRADIENT, "weight": "bold"}
        ax.text(label_x, y0 - 0.42 - part * 1.16, ha="center", va="center", **label)
told = []
for name, place in places.items():
    corner = place[0] - 0.65, place[1] - 0.4
    look = {"facecolor": (VALUE, 0.15), "edgecolor": "black"}
    ax.add_patch(plt.Rectangle(corner, 1.3, 0.8, **look))
    value, gradient = values[name].item(), gradients[name].item()
    told.append(f"{name} = {value:g}, gradient {gradient:g}")
    ax.text(*place, told[-1].replace(", ", "\n"), ha="center", va="center")
by_path = [slopes["w[0]", f"out[{i}]"] * slopes[f"out[{i}]", "loss"] for i in rows]
print("the paths of w[0]:", by_path, "and their sum:", sum(by_path))
ax.set_label(
    "A graph: arrows from two weights to three outputs, and from those to the loss. "
    f"The paths of w[0] are thick, with their slopes: {list(slopes.values())}. "
    f"{'; '.join(told)}."
)
assert by_path == [-2, 6, 4]
assert sum(by_path) == w.grad[0].item() == 8

# %%
# Take it home
# ------------
#
# Two linear layers with a ReLU between them: ``z = x @ w1 + b1``, ``h = relu(z)``,
# ``out = h @ w2 + b2``. (An ``nn.Linear`` keeps its weight transposed.)

# More: data, the forward pass, and what autograd makes of it
torch.manual_seed(0)
x, y = torch.randn(64, 8), torch.randn(64, 1)
given = [torch.randn(size) for size in ((8, 16), (16,), (16, 1), (1,))]


def forward(x, y, parameters):
    w1, b1, w2, b2 = parameters
    z = x @ w1 + b1
    h = z.relu()
    out = h @ w2 + b2
    return (out - y).square().mean(), z, h, out


def by_autograd(x, y, parameters):
    leaves = [tensor.detach().requires_grad_() for tensor in (x, *parameters)]
    return torch.autograd.grad(forward(leaves[0], y, leaves[1:])[0], leaves)


# %%


def backward(x, y, parameters):
    w1, _, w2, _ = parameters
    _, z, h, out = forward(x, y, parameters)
    out_g = 2 * (out - y) / out.numel()  # mse
    h_g, w2_g, b2_g = out_g @ w2.T, h.T @ out_g, out_g.sum(0)  # lin
    z_g = h_g * (z > 0)  # relu
    x_g, w1_g, b1_g = z_g @ w1.T, x.T @ z_g, z_g.sum(0)  # lin
    return x_g, w1_g, b1_g, w2_g, b2_g


torch.testing.assert_close(backward(x, y, given), by_autograd(x, y, given))

# %%
# These lines read ``x``, ``h``, the weights, ``out - y``, and where ``z`` is positive,
# which ``h`` tells too. The forward pass must keep them. (Unless somebody wants the
# gradient of ``x``, nobody reads ``w1``.) What your own function keeps, this site's
# library lists:

from tensorglass import saved_for_backward

for tensor in given:
    tensor.requires_grad_()
saved = saved_for_backward(lambda: forward(x, y, given)[0])
kept = [(each.operation, each.role, each.shape) for each in saved.tensors]
print(*kept, sep="\n")
assert kept[1] == ("relu", "output", (64, 16))
shapes = [shape for _, _, shape in kept]
assert shapes == [(64, 8), (64, 16), (16, 1), (64, 16), (64, 1)]  # x h w2 h out - y

# %%
# Why
# ---
#
# The rule for one variable, in both its forms, and for the weights of ``out = x @ w``,
# from which a path leads through each row i:
#
# .. math::
#
#    (f \circ g)'(x) = f'(g(x)) \, g'(x)
#    \qquad \frac{dy}{dx} = \frac{dy}{du} \, \frac{du}{dx}
#    \qquad \frac{\partial L}{\partial w_{jk}}
#    = \sum_i x_{ij} \, \frac{\partial L}{\partial \mathit{out}_{ik}}
#
# The sum is ``x.T @ out_g``. It holds where all functions are differentiable; with
# several inputs, a slope along each is not enough. (Parr and Howard 2018. Jacobians and
# the whole backward pass: :doc:`forward_backward`.)

point = torch.tensor(2.0, requires_grad=True)
inner = 3 * point + 1  # u, with the slope 3
(inner**2).backward()  # y = u², with the slope 2u
assert point.grad == 2 * inner * 3 == 42

out_g = torch.randn(64, 16)
by_sum = torch.stack([x[i, :, None] * out_g[i] for i in range(64)]).sum(0)
torch.testing.assert_close(by_sum, x.T @ out_g, rtol=1e-4, atol=1e-5)

# %%
# More: a slope along each input is not enough
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The cube root of u² v is 0 along both axes, so at 0 both slopes are 0, and so is the
# sum over paths. But for u = v = t it is t, with the slope 1. No plane fits it at 0: it
# is not differentiable there.


def root(u, v):
    product = torch.tensor(u * u * v, dtype=torch.float64)
    return (product.sign() * product.abs() ** (1 / 3)).item()


STEP = 1e-3
along_u = (root(STEP, 0) - root(-STEP, 0)) / (2 * STEP)
along_v = (root(0, STEP) - root(0, -STEP)) / (2 * STEP)
along_t = (root(STEP, STEP) - root(-STEP, -STEP)) / (2 * STEP)
print("sum over paths:", along_u + along_v, " in truth:", round(along_t, 9))
assert along_u == along_v == 0
torch.testing.assert_close(along_t, 1.0)

# %%
# More: all graphs with five nodes, path by path
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Is it a sum over paths in every graph? 10 arrows can lead forward between 5 nodes, so
# there are 1,024 graphs. A node is 1 plus the squares of nodes before it, each times a
# weight. All numbers are whole and small, so nothing is rounded: the sum over paths of
# the products of slopes must equal autograd's gradient to the last bit.
#
# Nobody computes it so. 30 nodes with all arrows have 268,435,456 paths and 435 arrows.
# The backward pass adds up at each node before it goes on, and visits each arrow once.

import itertools
import math

from tensorglass import default_device

device = default_device()  # from here on, a GPU if there is one
NODES = 5
arrows = list(itertools.combinations(range(NODES), 2))
between = [
    (0, *middle, NODES - 1)
    for count in range(NODES - 1)
    for middle in itertools.combinations(range(1, NODES - 1), count)
]
reached = 0
for kept in itertools.product((False, True), repeat=len(arrows)):
    weight = {a: 1 + sum(a) % 2 for a, keep in zip(arrows, kept, strict=True) if keep}
    nodes = [torch.tensor(1.0, dtype=torch.float64, requires_grad=True)]
    for j in range(1, NODES):
        terms = [weight[i, j] * nodes[i] ** 2 for i in range(j) if (i, j) in weight]
        nodes.append(torch.ones_like(nodes[0]) + sum(terms))
    slope = {(i, j): 2 * weight[i, j] * nodes[i].item() for i, j in weight}
    paths = [list(itertools.pairwise(path)) for path in between]
    paths = [path for path in paths if slope.keys() >= set(path)]
    total = sum(math.prod(slope[arrow] for arrow in path) for path in paths)
    assert nodes[-1].requires_grad == bool(paths)
    if paths:
        (gradient,) = torch.autograd.grad(nodes[-1], nodes[0])
        assert gradient.item() == total
        reached += 1
print(len(arrows), "arrows,", 2 ** len(arrows), "graphs")
print("in", reached, "of them a path leads from the first node to the last")
print("30 nodes:", f"{2**28:,} paths,", math.comb(30, 2), "arrows")
assert reached == 841

# %%
# The order: from the loss back
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Chapter 17 has a function ``*_grad`` for each operation. It reads the gradient of the
# output, ``out.g``, which the function of the **next** operation has written. (The loss
# starts.) So they are called in reverse. Of 24 orders, 23 end with an error.

# More: functions after those of the chapter, and a program that calls them in any order
from collections import Counter


def mse_grad(out, y):
    out.g = 2 * (out - y) / out.numel()


def lin_grad(x, out, w, b):
    x.g, w.g, b.g = out.g @ w.T, x.T @ out.g, out.g.sum(0)


def relu_grad(z, h):
    z.g = h.g * (z > 0)


given = [tensor.detach().to(device) for tensor in given]  # w1, b1, w2, b2
x, y = x.to(device), y.to(device)
right = list(by_autograd(x, y, given))


def call(order):
    """Return what becomes of a backward pass, called in this order."""
    fresh = inp, w1, b1, w2, b2 = [tensor.clone() for tensor in (x, *given)]
    _, z, h, out = forward(inp, y, fresh[1:])
    functions = {
        "mse": lambda: mse_grad(out, y),
        "lin2": lambda: lin_grad(h, out, w2, b2),
        "relu": lambda: relu_grad(z, h),
        "lin1": lambda: lin_grad(inp, z, w1, b1),
    }
    try:
        for name in order:
            functions[name]()
    except AttributeError as error:
        return str(error)
    torch.testing.assert_close([tensor.g for tensor in fresh], right)
    return "right"


orders = list(itertools.permutations(["lin1", "relu", "lin2", "mse"]))
outcomes = {order: call(order) for order in orders}
print(Counter(outcomes.values()))
assert len(orders) == 24
assert [order for order in orders if outcomes[order] == "right"] == [
    ("mse", "lin2", "relu", "lin1")
]

# %%
# More: a graph with branches has more than one order
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# What is needed: each function is called after those of all operations that read its
# output. For ``out = a * b`` with ``a = sin(w)`` and ``b = exp(w)``, sine and
# exponential may be called in either order, if the gradients of ``w`` are added. Of 6
# orders 2 are right. The others read a gradient of 0, which nobody has filled yet, and
# no error tells.

w = torch.tensor(0.5, dtype=torch.float64, device=device, requires_grad=True)
(expected,) = torch.autograd.grad(w.sin() * w.exp(), w)


def in_order(order):
    a, b = w.sin().item(), w.exp().item()
    g = {"a": 0.0, "b": 0.0, "w": 0.0}
    for name in order:
        if name == "product":
            g["a"] += b
            g["b"] += a
        else:
            g["w"] += g["a"] * w.cos().item() if name == "sin" else g["b"] * b
    return g["w"]


steps = itertools.permutations(["product", "sin", "exp"])
errors = {order: abs(in_order(order) - expected.item()) for order in steps}
close = [order[0] for order, error in errors.items() if error < 1e-12]
print(len(errors), "orders; those that are right begin with:", *close)
assert len(errors) == 6
assert close == ["product", "product"]

# %%
# More: by hand, by autograd, by differences
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# In float64, for 20 draws: by hand is autograd up to rounding, and ``gradcheck``
# agrees. It moves each number by 1e-6 both ways, and no ``z`` of these draws is nearer
# to 0 than 1e-4. At the 0 of a ReLU it sees half a slope, and complains.

from tensorglass import shows_error

nearest = float("inf")
for seed in range(20):
    options = {"generator": torch.Generator().manual_seed(seed), "dtype": torch.float64}
    sizes = ((6, 3), (6, 1), (3, 4), (4,), (4, 1), (1,))
    data, target, *drawn = [torch.randn(size, **options).to(device) for size in sizes]
    by_hand = backward(data, target, drawn)
    expected = by_autograd(data, target, drawn)
    torch.testing.assert_close(by_hand, expected, rtol=1e-12, atol=1e-14)
    nearest = min(nearest, forward(data, target, drawn)[1].abs().min().item())

    def loss_of(data, *parameters, target=target):
        return forward(data, target, parameters)[0]

    leaves = [tensor.clone().requires_grad_() for tensor in (data, *drawn)]
    agrees = torch.autograd.gradcheck(loss_of, leaves, eps=1e-6)
    assert agrees
far_enough = nearest > 1e-4
assert far_enough

kink = torch.zeros(1, dtype=torch.float64, device=device, requires_grad=True)
with shows_error(RuntimeError, match="Jacobian mismatch"):
    torch.autograd.gradcheck(torch.relu, kink)

# %%
# What is often said
# ------------------
#
# "du cancels in dy/du · du/dx." The product is right where ``x`` reaches ``y`` through
# ``u`` alone. With a second way, through ``v``, it forgets one: the terms are added.

point = torch.tensor(2.0, device=device, requires_grad=True)
u, v = point**2, 3 * point
(slope,) = torch.autograd.grad(u * v, point)
through_u, through_v = v * 2 * point, u * 3
print("through u alone:", through_u.item(), " in truth:", slope.item())
assert through_u == 24
assert through_u + through_v == slope == 36

# %%
# "The gradient of ReLU is 1 for positive inputs, else 0." Right, but at 0 there is no
# slope, and the number is a choice: ``relu`` chooses 0, ``maximum`` the middle,
# ``clamp_min`` 1, from torch 2.14 on 0. Chapter 17 computes forward with ``clamp_min``
# and backward with ``x > 0``: that is the gradient of ``torch.relu``.

at = torch.tensor([-1.0, 0.0, 1.0], device=device, requires_grad=True)
zero = torch.zeros_like(at)
ways = {"relu": at.relu(), "clamp_min": at.clamp_min(0), "max": torch.maximum(at, zero)}
slopes = {k: torch.autograd.grad(way.sum(), at)[0].tolist() for k, way in ways.items()}
print(slopes)
at_0 = int(torch.__version__ < "2.14.dev0")
assert list(slopes.values()) == [[0, 0, 1], [0, at_0, 1], [0, 0.5, 1]]
assert slopes["relu"] == (at > 0).float().tolist()

# %%
# More: "the loss is not needed"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Chapter 17 says so, and it is right for its number: ``mse_grad`` reads the prediction
# and the target. But with ``exp``, the slope is the output.

assert mse_grad.__code__.co_varnames == ("out", "y")
(only,) = saved_for_backward(torch.exp, at).tensors
assert only.role == "output"

# %%
# Traps
# -----
#
# A ``.g`` that is left hides a wrong order
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# If backward runs again on the same tensors, an old ``.g`` is read, and nothing is
# said. Delete them all before. (A new forward pass makes new tensors, without.)

z, h = torch.tensor([[-1.0, 2], [0, 2]], device=device)
h.g = torch.ones_like(h)  # from the first time
relu_grad(z, h)
h.g = torch.full_like(h, 5.0)  # too late
assert z.g.tolist() == [0, 1]  # should be [0, 5]
with shows_error(AttributeError, match="no attribute 'g'"):
    relu_grad(z, z.relu())

# %%
# A tensor that is used twice
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Assigning keeps what was written last. For ``x @ a + x @ b`` the gradient of ``x`` is
# a sum over both. Start with 0, and write ``+=``.

a = torch.tensor([[1.0, 2], [3, 4]], device=device)
x, b, g = torch.eye(2, device=device), a + 1, torch.ones(2, 2, device=device)
for side in (a, b):
    x.g = g @ side.T
leaf = x.clone().requires_grad_()
(expected,) = torch.autograd.grad((leaf @ a + leaf @ b).sum(), leaf)
print("the last:", x.g.tolist(), " in truth:", expected.tolist())
assert torch.equal(expected, g @ a.T + g @ b.T)
assert x.g.tolist() == [[5, 9], [5, 9]]

# %%
# A square matrix hides a missing transpose
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A gradient has the shape of its tensor, and if all sizes differ only one product fits.
# Here ``g @ a`` fits too, and is wrong: it must be ``g @ a.T``.

assert (g @ a).tolist() == [[4, 6], [4, 6]]
assert (g @ a.T).tolist() == [[3, 7], [3, 7]]
with shows_error(RuntimeError, match="cannot be multiplied"):
    torch.ones(2, 5, device=device) @ torch.ones(3, 5, device=device)

# %%
# More: a mask that multiplies
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``g * (z > 0)`` is NaN where ``g`` is infinite and the mask is 0. ``torch.relu``
# chooses instead of multiplying. And where ``z`` is NaN it lets the gradient through,
# and ``z > 0`` does not.

z = torch.tensor([-1.0, float("nan")], device=device, requires_grad=True)
g = torch.tensor([float("inf"), 1.0], device=device)
(by_relu,) = torch.autograd.grad(z.relu(), z, g)
by_mask = g * (z > 0)
print("relu:", by_relu.tolist(), " by a mask:", by_mask.tolist())
assert by_relu.tolist() == [0, 1]
assert by_mask.isnan().tolist() == [True, False]
assert by_mask[1] == 0

# %%
# More: the mean divides by all numbers
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``2 * (out - y) / len(out)`` is right for one output per row, as in chapter 17. With 3
# outputs that gradient is 3 times too large. (The chapter squeezes ``out``, as its
# ``y`` is no column: the difference of a column and such a ``y`` is a square.)

out = torch.randn(4, 3, device=device, requires_grad=True)
y = torch.randn(4, 3, device=device)
(expected,) = torch.autograd.grad(torch.nn.functional.mse_loss(out, y), out)
torch.testing.assert_close(2 * (out - y) / len(out), 3 * expected)
torch.testing.assert_close(2 * (out - y) / out.numel(), expected)
column = out[:, :1]
differences = column - y[:, 0], column.squeeze() - y[:, 0]
assert [each.shape for each in differences] == [(4, 4), (4,)]

# %%
# More: what was broadcast is summed
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A bias is added to each row, so a path leads from it through each row: ``g.sum(0)``,
# and ``g.sum((0, 1))`` where the rows are in three dimensions. A gradient of another
# shape than its tensor is a sign that a sum or a transpose was forgotten. (:ref:`More
# on it <sphx_glr_auto_examples_broadcasting_unsqueeze.py>`.)

bias = torch.zeros(3, device=device, requires_grad=True)
(expected,) = torch.autograd.grad(((y + bias) ** 2).sum(), bias)
g = 2 * (y + bias)
assert g.shape == (4, 3)
torch.testing.assert_close(g.sum(0), expected)
deep = torch.stack([g, g])
assert deep.sum(0).shape == (4, 3)
torch.testing.assert_close(deep.sum((0, 1)), 2 * expected)
x = torch.ones(4, 2, device=device)  # the weight has the shape (2, 3)
assert [(g.T @ x).shape, (x.T @ g).shape] == [(3, 2), (2, 3)]

# %%
# On a GPU
# --------
#
# The formulas are the same. Sums may run in another order: compare with a tolerance.

single = [tensor.float() for tensor in (data, target, *drawn)]
found = by_autograd(*single[:2], single[2:])
print("this page ran on", device.type)
rounded = tuple(tensor.float() for tensor in by_hand)
torch.testing.assert_close(found, rounded, rtol=1e-3, atol=1e-4)

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Write ``sigmoid_grad(y, g)``, from the output ``y`` and its gradient.
#
# Solution
# ^^^^^^^^
#
# The slope of 1 / (1 + exp(-x)) is y (1 - y).


def sigmoid_grad(y, g):
    return g * y * (1 - y)


x = torch.linspace(-3, 3, 7, dtype=torch.float64, device=device, requires_grad=True)
g = torch.arange(7.0, dtype=torch.float64, device=device)
(expected,) = torch.autograd.grad(x.sigmoid(), x, g)
torch.testing.assert_close(sigmoid_grad(x.sigmoid(), g), expected)

# %%
# Exercise 2
# ~~~~~~~~~~
#
# What is the gradient of ``cross_entropy(logits, classes)`` with respect to the logits?
#
# Solution
# ^^^^^^^^
#
# The loss of a row is log(sum(exp(logits))) minus the logit of the class. The slopes of
# the first are ``softmax(logits)``, that of the second is 1 at the class. The mean
# divides by the number of rows that are not ignored: those with the class -100 are.

logits = torch.randn(5, 4, dtype=torch.float64, device=device, requires_grad=True)
classes = torch.tensor([0, 3, 1, 1, -100], device=device)
loss = torch.nn.functional.cross_entropy(logits, classes)
(expected,) = torch.autograd.grad(loss, logits)
counted = classes != -100
one_hot = torch.nn.functional.one_hot(classes.clamp(min=0), 4)
by_hand = (logits.softmax(dim=1) - one_hot) * counted[:, None] / counted.sum()
torch.testing.assert_close(by_hand, expected)

# %%
# References
# ----------
#
# - T. Parr, J. Howard, `The Matrix Calculus You Need For Deep Learning
#   <https://arxiv.org/abs/1802.01528>`__, 2018: the chain rule of one variable, with
#   several paths, and of vectors.
# - PyTorch: `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__, "Gradients for
#   non-differentiable functions".
# - The gradient of ``clamp`` at its bounds: 1 by `pull request 7049
#   <https://github.com/pytorch/pytorch/pull/7049>`__, 0 in 2.14, says `issue 195931
#   <https://github.com/pytorch/pytorch/issues/195931>`__.
# - D. Bertoin, J. Bolte, S. Gerchinovitz, E. Pauwels, `Numerical influence of ReLU'(0)
#   on backpropagation <https://arxiv.org/abs/2106.12915>`__, 2021.
# - The questions are from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
