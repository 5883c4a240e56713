# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
How is a neuron, and a dense layer, written by hand?
====================================================

People ask this when they have called ``nn.Linear(784, 50)`` often enough, and want to
see what it computes, in plain Python.

:Level: beginner

Short answer
------------

A neuron multiplies each input by a weight, adds the products and its bias, and hands
the sum to an activation function, such as ReLU: ``max(0, z)``. A dense layer is several
neurons with the same inputs: ``relu(x @ W.T + b)``, with one row of ``W`` for each
neuron. A hidden layer's hidden size is the number of its neurons.
"""

from torch import relu, tensor


def neuron(x, weights, bias):
    z = sum(xi * wi for xi, wi in zip(x, weights, strict=True)) + bias
    return max(0.0, z)  # ReLU


x, W, b = [1.0, 2, 3], [[2.0, 1, -1], [1, -2, -1]], [3.0, -2]
layer = [neuron(x, *each) for each in zip(W, b, strict=True)]
print(layer)
assert layer == relu(tensor(x) @ tensor(W).T + tensor(b)).tolist() == [4, 0]

# %%
# The two neurons see the same three inputs, each through its own row of ``W``. The
# hidden size is 2. The sum of the second is below 0, and ReLU makes a 0 of it.

# More: draws the layer, from the same numbers
import matplotlib.pyplot as plt

COLORS = "#0072b2", "#d55e00"
figure, ax = plt.subplots(figsize=(3.7, 3.3), layout="constrained")
ax.set(xlim=(-0.5, 5.9), ylim=(-2.6, 2.6), aspect="equal")
ax.set_axis_off()
told = []
for j, (weights, bias, color) in enumerate(zip(W, b, COLORS, strict=True)):
    place = (3.2, 1 - 2 * j)
    z = sum(xi * wi for xi, wi in zip(x, weights, strict=True)) + bias
    for i, weight in enumerate(weights):
        rise = (place[1] - (2 - 2 * i)) / 3.2  # of the line, from circle to circle
        gap = 0.42 / (1 + rise**2) ** 0.5
        ends = [gap, 3.2 - gap]
        ax.plot(ends, [2 - 2 * i + rise * end for end in ends], color=color)
        at = (2.45, 2 - 2 * i + rise * 2.45 + 0.02)
        ax.text(*at, f"{weight:g}", color=color, ha="right", va="bottom")
    look = {"facecolor": (color, 0.25), "edgecolor": color}
    ax.add_patch(plt.Circle(place, 0.42, **look))
    ax.text(*place, f"{z:g}", ha="center", va="center", size=12)
    ax.text(3.2, place[1] - 0.8, f"bias {bias:g}", ha="center", color=color)
    ax.annotate("", (5.0, place[1]), (3.68, place[1]), arrowprops={"arrowstyle": "->"})
    ax.text(4.3, place[1] + 0.14, "ReLU", ha="center")
    ax.text(5.4, place[1], f"{layer[j]:g}", ha="center", va="center", size=12)
    told.append(f"weights {weights}, bias {bias:g}, sum {z:g}, output {layer[j]:g}")
    assert layer[j] == max(z, 0)
for i, xi in enumerate(x):
    look = {"facecolor": ("#999999", 0.25), "edgecolor": "black"}
    ax.add_patch(plt.Circle((0, 2 - 2 * i), 0.42, **look))
    ax.text(0, 2 - 2 * i, f"{xi:g}", ha="center", va="center", size=12)
ax.set_title("Three inputs, two neurons, two outputs")
ax.set_label(
    "Three circles with the inputs 1, 2 and 3. Lines lead from each to two neurons, "
    f"with a weight on each line. The first neuron: {told[0]}. The second: {told[1]}."
)

# %%
# Take it home
# ------------
#
# By hand, by a function, and as a module that makes its own weights. ``nn.Linear`` has
# no activation function; it follows as a layer of its own.

import torch
import torch.nn.functional as F
from torch import nn

x, W, b = tensor([x]), tensor(W), tensor(b)  # a batch of one

by_hand = torch.relu(x @ W.T + b)
by_function = F.relu(F.linear(x, W, b))
module = nn.Sequential(nn.Linear(in_features=3, out_features=2), nn.ReLU())

assert torch.equal(by_hand, by_function)
assert by_hand.shape == module(x).shape == (1, 2)

# %%
# For your own tensors, the library of this site writes the same product as loops, and
# tells which axis is summed.

from tensorglass import plan_einsum

plan = plan_einsum("bi,oi->bo", x, W)
print(plan.loops())
assert [index.letter for index in plan.indices if "summed" in index.roles] == ["i"]

# %%
# Why
# ---
#
# Output j for example i is neuron j, applied to row i of the batch:
#
# .. math:: y_{ij} = \operatorname{relu}\Big(\sum_k x_{ik} \, w_{jk} + b_j\Big)
#
# ``W`` has a row for each neuron and a column for each input, as ``nn.Linear`` stores
# it. (PyTorch documentation, ``torch.nn.Linear``.) The matrix product pairs rows with
# columns, therefore the transpose. In plain Python:


def dense(batch, weights, biases):
    """Return the sums of a layer's neurons, from lists alone."""
    return [
        [
            sum(x * w for x, w in zip(row, weights_of_one, strict=True)) + bias
            for weights_of_one, bias in zip(weights, biases, strict=True)
        ]
        for row in batch
    ]


batch = [[1.0, 2, 3], [-1, 0, 2]]
linear = nn.Linear(3, 2)
linear.load_state_dict({"weight": W, "bias": b})
sums = dense(batch, W.tolist(), b.tolist())
print(sums)
assert sums == linear(tensor(batch)).tolist() == [[4, -8], [-1, -5]]

# %%
# More: all sizes from 0 to 4, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Every number of examples, inputs and neurons from 0 to 4, with whole numbers, so that
# nothing is rounded. The lists give what ``x @ W.T + b`` and ``F.linear`` give. Without
# inputs, a neuron's sum is its bias. From here on, tensors are on the GPU if there is
# one.

import itertools

from tensorglass import default_device

device = default_device()
torch.manual_seed(0)


def whole(*shape):
    return torch.randint(-9, 10, shape).to(device, torch.float32)


compared = 0
for n, inputs, neurons in itertools.product(range(5), repeat=3):
    some, weight, bias = whole(n, inputs), whole(neurons, inputs), whole(neurons)
    by_lists = dense(some.tolist(), weight.tolist(), bias.tolist())
    by_lists = torch.tensor(by_lists, device=device).reshape(n, neurons)
    assert torch.equal(some @ weight.T + bias, by_lists)
    assert torch.equal(F.linear(some, weight, bias), by_lists)
    compared += 1
print(compared, "layers equal the lists")
assert compared == 5**3

# %%
# More: fractions, up to rounding
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Python computes in float64, a torch layer by default in float32, and adds in another
# order. In whatever order float32 adds 784 products and a bias, the rounding error is
# at most about 785 times 2\ :sup:`-24` times the sum of their absolute values.

images, weight, bias = torch.randn(8, 784), torch.randn(50, 784), torch.randn(50)
by_lists = dense(images.tolist(), weight.tolist(), bias.tolist())
exact = torch.tensor(by_lists, dtype=torch.float64, device=device)
images, weight, bias = (each.to(device) for each in (images, weight, bias))
of_absolute = F.linear(*(each.double().abs() for each in (images, weight, bias)))
tolerance = 785 * 2**-24 * of_absolute
error = (F.linear(images, weight, bias).double() - exact).abs()
within = (error < tolerance).all()
assert within
without_bias = (F.linear(images, weight).double() - exact).abs()
seen = (without_bias > tolerance).any()  # the tolerance notices a missing bias
assert seen

# %%
# More: without an activation function, two layers are one
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The second layer's sums are sums of the first layer's sums: a single layer computes
# them, with the weights ``V @ W``. With ReLU between them that is so no longer. A
# single layer has no bend: from -1 to 0 its output changes as much as from 0 to 1.

W, b, V, c = whole(4, 3), whole(4), whole(2, 4), whole(2)
some = whole(5, 3)
stacked = F.linear(F.linear(some, W, b), V, c)
assert torch.equal(stacked, F.linear(some, V @ W, F.linear(b, V, c)))

three = tensor([[-1.0], [0], [1]], device=device)
one, zero = torch.ones(1, 1, device=device), torch.zeros(1, device=device)
two_layers = F.linear(torch.relu(F.linear(three, one, zero)), one, zero)
single_layer = F.linear(three, whole(1, 1), whole(1))
assert two_layers.diff(dim=0).tolist() == [[0], [1]]
assert single_layer.diff(dim=0).unique().numel() == 1

# %%
# What is often said
# ------------------
#
# A dense layer in plain Python circulates with the bias inside the sum, as ``sum(x * w
# + b for x, w, b in zip(row, weights, bias))``. It runs, and is wrong twice. To each
# product it adds a bias, each time that of another neuron. And ``zip`` stops at the
# shortest: with three inputs and two biases, the third input is left out.

x, W, b = [1.0, 2, 3], [[2.0, 1, -1], [1, -2, -1]], [3.0, -2]
inside = [sum(xi * wi + bi for xi, wi, bi in zip(x, w, b, strict=False)) for w in W]
right = dense([x], W, b)[0]
print("bias inside:", inside, "and right:", right)
assert inside == [5, -2]
assert right == [4, -8]

# %%
# ``strict=True`` makes an error of it. (``shows_error`` prints one that must come.)

from tensorglass import shows_error

with shows_error(ValueError, match=r"zip\(\) argument 3 is shorter"):
    sum(xi * wi + bi for xi, wi, bi in zip(x, W[0], b, strict=True))

# %%
# More: the letters of the book's formula
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Chapter 17 writes the sum with :math:`w_{kj}`, under the code ``x @ w.t() + b``, and
# there it does not fit. It is right for ``x @ w + b``, with a *column* of weights for
# each neuron, an order that the chapter uses later. Both are in use: look at the shape.

x, W, b = tensor([x], device=device), tensor(W, device=device), tensor(b, device=device)
columns = W.T.contiguous()  # stored as (inputs, neurons)
assert columns.shape == (3, 2)
assert torch.equal(x @ columns + b, F.linear(x, W, b))
with shows_error(RuntimeError, match="shapes cannot be multiplied"):
    x @ W + b

# %%
# Traps
# -----
#
# Square weights do not complain
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With as many neurons as inputs, a forgotten ``.T`` is no error, and the result is that
# of another layer.

square = tensor([[1.0, 2], [3, 4]], device=device)
pair = tensor([[1.0, 10]], device=device)
print("with .T:", (pair @ square.T).tolist(), "without:", (pair @ square).tolist())
assert (pair @ square.T).tolist() == F.linear(pair, square).tolist() == [[21, 43]]
assert (pair @ square).tolist() == [[31, 42]]

# %%
# ReLU for numbers is not ReLU for tensors
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``x if x >= 0 else 0`` asks one question. A tensor of several values has several
# answers. Write ``torch.relu(x)``. ``x.clamp(min=0)`` has the same values. Before torch
# 2.14 it has another slope where ``x`` is 0: 1, and not 0.

z = tensor([4.0, -2], device=device)
with shows_error(RuntimeError, match="more than one value is ambiguous"):
    z if z >= 0 else 0
assert torch.relu(z).tolist() == z.clamp(min=0).tolist() == [4, 0]
zero = torch.zeros((), device=device, requires_grad=True)
slopes = [torch.autograd.grad(y, zero)[0] for y in (zero.relu(), zero.clamp(min=0))]
of_clamp = 1 if torch.__version__ < "2.14" else 0
assert slopes == [0, of_clamp]

# %%
# More: what becomes of NaN and of infinity
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``torch.relu`` and ``clamp`` pass a NaN on, so that you see that something is wrong.
# ``max(0.0, z)``, as in the short answer, makes a 0 of it: ``max`` keeps its first
# argument unless another is larger, and NaN is neither larger nor smaller than 0.
# ``max(z, 0.0)`` keeps it. ``z * (z > 0)`` passes it on, and makes another one of minus
# infinity.

special = tensor([torch.nan, -torch.inf], device=device)
larger_or_smaller = torch.nan > 0, torch.nan < 0
assert larger_or_smaller == (False, False)
ways = {
    "torch.relu(z)": torch.relu(special),
    "z.clamp(min=0)": special.clamp(min=0),
    "torch.where(z > 0, z, 0)": torch.where(special > 0, special, 0),
    "z * (z > 0)": special * (special > 0),
    "max(0.0, z)": tensor([max(0.0, z) for z in special.tolist()]),
    "max(z, 0.0)": tensor([max(z, 0.0) for z in special.tolist()]),
}
for way, result in ways.items():
    print(f"{way:25}", result.tolist())
is_nan = [result.isnan().tolist() for result in ways.values()]
passed_on, hidden, worse = [True, False], [False, False], [True, True]
assert is_nan == [passed_on, passed_on, hidden, worse, hidden, passed_on]

# %%
# More: the ``hidden_size`` of an LSTM
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It is the number of features of its state, too, and of its output, if no ``proj_size``
# makes that smaller. But an LSTM computes four values for each of them: the weights
# have four times as many rows.

lstm = nn.LSTM(input_size=3, hidden_size=5).to(device)
output, _ = lstm(torch.zeros(7, 3, device=device))
assert output.shape == (7, 5)
assert lstm.weight_ih_l0.shape == (4 * 5, 3)
smaller = nn.LSTM(input_size=3, hidden_size=5, proj_size=2, device="meta")
assert smaller(torch.zeros(7, 3, device="meta"))[0].shape == (7, 2)

# %%
# More: whole numbers with fractions are refused
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Python mixes whole numbers with fractions, and ``@`` does not. Which words the error
# has depends on the version. Whole numbers with whole numbers it multiplies on a CPU.

pixels = tensor([[1, 2, 3]], device=device)
with shows_error(RuntimeError, match="dtype|Half|Float|Long"):
    pixels @ W.T
assert (pixels.float() @ W.T + b).tolist() == [[4, -8]]
assert (pixels.cpu() @ W.long().cpu().T).tolist() == [[1, -6]]

# %%
# On a GPU
# --------
#
# ``x @ W.T + b`` computes the same there, up to rounding. The lists are on the CPU:
# ``tolist()`` copies, and waits for the GPU. (PyTorch documentation, *CUDA semantics*.)

print("this page ran on", device.type)
assert F.linear(x, W, b).device == x.device
assert F.linear(x, W, b).tolist() == [[4, -8]]

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# How many weights and biases has a layer of hidden size 50, on images of 784 pixels?
#
# Solution
# ^^^^^^^^
#
# 784 weights and a bias for each neuron: 39,250.

hidden = nn.Linear(784, 50)
assert sum(parameter.numel() for parameter in hidden.parameters()) == 50 * 785
print(f"{50 * 785:,}")

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Write ``x @ W.T + b`` as one matrix product.
#
# Solution
# ^^^^^^^^
#
# The bias is a weight of an input that is always 1.

with_one = torch.cat([x, torch.ones(1, 1, device=device)], dim=1)
with_bias = torch.cat([W, b[:, None]], dim=1)
assert torch.equal(with_one @ with_bias.T, x @ W.T + b)

# %%
# References
# ----------
#
# - PyTorch: `torch.nn.Linear
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html>`__,
#   `torch.nn.ReLU
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html>`__ and `CUDA
#   semantics <https://docs.pytorch.org/docs/stable/notes/cuda.html>`__.
# - Python: `zip <https://docs.python.org/3/library/functions.html#zip>`__, with
#   ``strict``.
# - V. Nair, G. E. Hinton, `Rectified Linear Units Improve Restricted Boltzmann Machines
#   <https://mlanthology.org/icml/2010/nair2010icml-rectified/>`__, 2010.
# - The questions are from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
