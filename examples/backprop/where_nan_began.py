# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.6", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
Where did NaN begin?
====================

People ask this when the loss becomes ``nan`` in the middle of training, and from then
on everything is.

:Level: intermediate

Short answer
------------

First check data and weights. If they are finite, NaN began in the first layer whose
output is not (a hook finds it), or in the loss. If all are finite and gradients are
not, it began in the backward pass, near the operation ``detect_anomaly()`` names, if
any. Where a slope is infinite, change the input, not the result.
"""

import torch

x = torch.tensor([4.0, 0, 1], requires_grad=True)
torch.where(x > 0, torch.sqrt(x), 0).sum().backward()
late, x.grad = x.grad.tolist(), None
safe = torch.where(x > 0, x, 1)  # no 0 goes into sqrt
torch.where(x > 0, torch.sqrt(safe), 0).sum().backward()
print("gradients, masked after sqrt:", late, "and before it:", x.grad.tolist())
assert (str(late), x.grad.tolist()) == ("[0.25, nan, 0.5]", [0.25, 0, 0.5])

# %%
# Forward (blue), ``where`` takes the result for 0 out. Backward (orange), it hands back
# a 0 there. Left, the slope of the square root at 0 is infinite, and 0 times infinity
# is NaN. Right, another ``where`` put in a 1, and the slope is finite.

# More: draws the numbers of both passes
import matplotlib.pyplot as plt

VALUE, GRADIENT = "#0072b2", "#d55e00"
keep = x.detach() > 0
handed_back = keep.float()
columns = {"where after sqrt": x.detach(), "before it, too": safe.detach()}
tables = {}
for heading, inside in columns.items():
    root, slope = torch.sqrt(inside), 1 / (2 * torch.sqrt(inside))
    tables[heading] = {
        "into sqrt": (VALUE, inside),
        "sqrt": (VALUE, root),
        "where(…, 0)": (VALUE, torch.where(keep, root, 0)),
        "where\nhands back": (GRADIENT, handed_back),
        "slope of sqrt": (GRADIENT, slope),
        "gradient of x": (GRADIENT, handed_back * slope),
    }
figure, ax = plt.subplots(figsize=(3.9, 3.6), layout="constrained")
told = []
for place, (heading, rows) in enumerate(tables.items()):
    left = 3.25 * place
    ax.text(left + 1.5, 1.15, heading, ha="center", va="bottom", fontsize=9.5)
    for row, (name, (color, numbers)) in enumerate(rows.items()):
        y = -row - 0.3 * (color == GRADIENT)
        if place == 0:
            ax.text(-0.15, y + 0.45, name, ha="right", va="center", fontsize=9.5)
        for column, number in enumerate(numbers.tolist()):
            bad = not torch.tensor(number).isfinite()
            look = {"facecolor": (color, 0.25), "edgecolor": "black"}
            corner = (left + column, y)
            ax.add_patch(plt.Rectangle(corner, 1, 0.9, **look, hatch="//" * bad))
            style = {"weight": "bold"} if bad else {}
            middle = {"ha": "center", "va": "center", "fontsize": 9}
            ax.text(left + column + 0.5, y + 0.45, f"{number:g}", **middle, **style)
    said = (f"{name}: {numbers.tolist()}" for name, (_, numbers) in rows.items())
    told.append(f"{heading}: {', '.join(said)}".replace("\n", " "))
ax.set(xlim=(-2.5, 6.3), ylim=(-5.4, 1.8), title="A mask after sqrt comes too late")
ax.set_axis_off()
ax.set_label(f"Two tables, what is not finite hatched. {'; '.join(told)}.")
too_late, in_time = tables.values()
assert too_late["slope of sqrt"][1][1] == float("inf")
assert str(too_late["gradient of x"][1].tolist()) == "[0.25, nan, 0.5]"
assert in_time["gradient of x"][1].tolist() == x.grad.tolist()

# %%
# Take it home
# ------------
#
# A hook that stops at the first layer whose output is not finite, if that is one
# tensor. (So it stops at a mask that puts -inf in, which is meant.) Call
# ``handle.remove()`` when you have found it.


def check(module, inputs, output):
    if isinstance(output, torch.Tensor) and not output.isfinite().all():
        raise FloatingPointError(f"not finite: the output of {module}")


handle = torch.nn.modules.module.register_module_forward_hook(check)

# %%
# We try it on attention scores that do not fit into ``float16``. (``shows_error``
# prints an error that must come.)

# More: defines three models that break
import warnings
from collections import OrderedDict
from copy import deepcopy

import torch.nn.functional as F
from tensorglass import activation_stats, default_device, shows_error
from torch import nn

device = default_device()  # a GPU if there is one


class Apply(nn.Module):  # a function as a layer
    def __init__(self, name, function):
        super().__init__()
        self.name, self.function = name, function

    def forward(self, x):
        return self.function(x)

    def extra_repr(self):
        return self.name


def linear(scale):
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.data = scale * torch.eye(2)
    return layer


def chain(scale, *layers):
    names = (getattr(layer, "name", "softmax") for layer in layers)
    named = dict(zip(names, layers, strict=True))
    return nn.Sequential(OrderedDict(linear=linear(scale), **named)).to(device)


softmax, root = nn.Softmax(1), Apply("sqrt", torch.sqrt)
squares = Apply("squares", lambda h: (h - h[:1]).square().sum(1))
scores = Apply("scores", lambda h: h.half() @ h.half().T)
labels = torch.tensor([0, 0, 1], device=device)
models = {
    "log": (
        chain(200.0, softmax, Apply("log", torch.log)),
        lambda out: F.nll_loss(out, labels),
    ),
    "distance": (chain(1.0, squares, root), torch.mean),
    "attention": (chain(200.0, scores, softmax), lambda out: out.float().mean()),
}
batch = torch.tensor([[1.0, -1], [2, 0], [3, 1]], device=device)
warnings.filterwarnings("ignore", "Anomaly Detection|Error detected")

# %%

with shows_error(FloatingPointError, match="scores"):
    models["attention"][0](batch)
handle.remove()

# %%
# ``activation_stats``, from the library of this site, looks at both passes. Read
# outputs from the front, gradients from the end. Here ``squares`` gives squared
# distances, one of them 0. All outputs are finite. The gradient of the output of
# ``sqrt`` is finite, that of its input, the output of ``squares``, is not.

model, loss_function = models["distance"]
stats = activation_stats(model, batch, loss_function)
for layer in stats:
    share = f"{layer.not_finite:.0%} not finite"
    print(f"{layer.name:7} {share}, gradient {layer.gradient_rms:.2f}")
arrives = [str(round(layer.gradient_rms, 2)) for layer in stats]
assert arrives == ["nan", "inf", "0.33"]
assert all(layer.not_finite == 0 for layer in stats)

# %%
# ``detect_anomaly()`` around your own step names an operation whose backward pass gives
# NaN. It is slow: remove it afterwards.

with shows_error(RuntimeError, match="'PowBackward0' returned nan values"):
    with torch.autograd.detect_anomaly():
        loss = loss_function(model(batch))
        loss.backward()

# %%
# More: when the hook is silent, or blames a healthy layer
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# A loss that is a function is no layer. If NaN began there, the hook says nothing, and
# the gradients of all layers are NaN. After one step with NaN in the gradients, weights
# are NaN: then the first layer with weights is blamed. So it is if the data has NaN.
# And the hook stops at a mask in a model whose result is finite.


def blamed(model, batch):
    handle = torch.nn.modules.module.register_module_forward_hook(check)
    try:
        model(batch)
    except FloatingPointError as error:
        return str(error).split("the output of ")[1]
    finally:
        handle.remove()


def mean_entropy(p):
    return -(p * p.log()).sum(1).mean()


nan = float("nan")
sure = nn.Sequential(linear(1000.0), nn.Softmax(1)).to(device)
assert mean_entropy(sure(batch)).isnan()
assert blamed(sure, batch) is None
stats = list(activation_stats(sure, batch, mean_entropy))
found = [(layer.not_finite, str(layer.gradient_rms)) for layer in stats]
assert found == [(0, "nan"), (0, "nan")]

healthy = models["distance"][0]
one_step_later = deepcopy(healthy)
one_step_later(batch).mean().backward()
torch.optim.SGD(one_step_later.parameters(), lr=0.1).step()
with_nan = torch.tensor([[nan, 1], [2, 3]], device=device)
cases = [(healthy, batch), (one_step_later, batch), (healthy, with_nan)]
first = str(healthy[0])
assert [blamed(*case) for case in cases] == [None, first, first]


def hide(scores):
    return scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -float("inf"))


causal = nn.Sequential(linear(1.0), Apply("mask", hide), nn.Softmax(1)).to(device)
assert causal(batch).isfinite().all()
assert blamed(causal, batch) == "Apply(mask)"

# %%
# Why
# ---
#
# NaN is the result where a number has no meaning: 0/0, infinity minus infinity,
# infinity over infinity, 0 times infinity, the root or logarithm of a negative number.
# (The standard below.) Sums and products with NaN are NaN. People meet it in data, in 0
# times log 0, and when the learning rate is too high. The backward pass multiplies the
# gradient g of an output by the slope:
#
# .. math::
#
#    \frac{\partial L}{\partial x} = g \cdot f'(x)
#
# So if g is 0 and the slope infinite or NaN, the gradient is NaN, though the forward
# pass threw the value away.

inf = torch.tensor(float("inf"), device=device)
zero = torch.zeros((), device=device)
made = [zero / zero, inf - inf, inf / inf, 0 * inf, (zero - 1).sqrt(), (zero - 1).log()]
assert all(number.isnan() for number in made)
later = torch.stack([made[0] + 1, made[0] - inf, made[0] * 0, made[0] / inf])
assert later.isnan().all()


def gradient_at(function, *numbers):
    x = torch.tensor(numbers, device=device, requires_grad=True)
    return torch.autograd.grad(function(x).sum(), x)[0].tolist()


through_zero = gradient_at(lambda x: torch.sqrt(x) * 0, 0.0)
assert str(through_zero) == "[nan]"

# %%
# More: a learning rate that is too high
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# SGD minimizes w², whose slope is 2w, from w = 1. At the rate 0.1 each step makes w
# smaller, by the factor 0.8. At the rate 3 the factor is -5: w grows until float32
# ends, and then infinity minus infinity is NaN.


def path(rate, steps=60):
    w = torch.ones((), device=device, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        w.square().backward()
        optimizer.step()
        yield round(w.item(), 2)


one, two, *_, last = path(0.1)
print("at the rate 0.1:", one, two, "…", last)
assert (one, two, last) == (0.8, 0.64, 0)
one, two, *_, last = path(3)
print("at the rate 3:", one, two, "…", last)
assert (one, two) == (-5, 25)
assert str(last) == "nan"
assert (zero * zero.log()).isnan()

# %%
# More: functions at the edge, masked after and before
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Each function is taken at a point where its value or its slope is not finite. The mask
# takes the result out, so the gradient should be 0. With a mask only after the function
# it is NaN for all of these. With a second ``where`` before the function it is not.

EDGES = {
    "sqrt(0)": (torch.sqrt, 0.0),
    "sqrt(-1)": (torch.sqrt, -1.0),
    "log(0)": (torch.log, 0.0),
    "1 / 0": (torch.reciprocal, 0.0),
    "0**0.5": (lambda x: x**0.5, 0.0),
    "0 / 0": (lambda x: x / x, 0.0),
    "0 * log(0)": (lambda x: x * x.log(), 0.0),
    "rsqrt(0)": (torch.rsqrt, 0.0),
    "acos(1)": (torch.acos, 1.0),
    "atanh(1)": (torch.atanh, 1.0),
    "exp(1000)": (torch.exp, 1000.0),
    "log1p(-1)": (torch.log1p, -1.0),
}
nan_after, nan_before = [], []


def is_nan(masked, x):
    assert masked == 0
    (gradient,) = torch.autograd.grad(masked, x)
    return gradient.isnan()


for name, (function, point) in EDGES.items():
    x = torch.tensor(point, device=device, requires_grad=True)
    keep = torch.zeros((), dtype=torch.bool, device=device)
    masked_after = torch.where(keep, function(x), 0)
    masked_before = torch.where(keep, function(torch.where(keep, x, 0.5)), 0)
    nan_after += [name] if is_nan(masked_after, x) else []
    nan_before += [name] if is_nan(masked_before, x) else []
print("NaN with a mask only after:", *nan_after, sep="  ")
assert nan_after == list(EDGES)
assert nan_before == []

# %%
# Some functions are kind: ``norm`` of zeros has the gradient 0 by convention, where the
# root of a sum of squares has NaN. And the slope of ``log`` at -1 is -1: the loss is
# NaN, and the gradient is not.

assert gradient_at(lambda x: x.norm(), 0.0, 0.0) == [0, 0]
by_hand = gradient_at(lambda x: x.square().sum().sqrt(), 0.0, 0.0)
assert str(by_hand) == "[nan, nan]"
assert gradient_at(torch.log, -1.0) == [-1]

# %%
# What is often said
# ------------------
#
# "``detect_anomaly()`` finds the place." It names the first operation, from the end,
# whose *backward* gives NaN. Above that was the square, to which the root had handed
# infinity back: mend the root. And it takes no notice of infinity, nor of a NaN in the
# forward pass if gradients are finite.


def anomaly(function, *numbers):
    with torch.autograd.detect_anomaly():
        return gradient_at(function, *numbers)


unnoticed = [anomaly(torch.sqrt, 0.0), anomaly(torch.log, -1.0)]
print("not noticed, the gradients", *unnoticed)
assert unnoticed == [[float("inf")], [-1]]

# %%
# "Add an eps." Added to the root it leaves the slope infinite. It must stand under the
# root, and not be rounded to 0: 1e-8 is in ``float16``. With 1e-6 the root of 0 is
# then 0.001.

outside = gradient_at(lambda x: x.sqrt() + 1e-6, 0.0)
inside = gradient_at(lambda x: (x + 1e-6).sqrt(), 0.0)
too_small = gradient_at(lambda x: (x.half() + 1e-8).sqrt(), 0.0)
root_of_0 = round(torch.tensor(0 + 1e-6).sqrt().item(), 6)
print("outside", outside, "inside", inside, too_small, "root of 0:", root_of_0)
assert outside == too_small == [float("inf")]
assert (round(inside[0]), root_of_0) == (500, 0.001)

# %%
# More: "Put ``nan_to_num`` around the loss, or clip the gradients"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``nan_to_num`` hides the NaN. Around a mean that is NaN, no item has a gradient;
# around each item's loss, the others have theirs. After an infinite slope, as of
# ``log`` at 0, NaN comes all the same. Clipping divides all gradients by their norm,
# which is NaN: so now all are.

each = gradient_at(lambda x: torch.nan_to_num(x.log()), -1.0, 2.0)
mean = gradient_at(lambda x: torch.nan_to_num(x.log().mean()), -1.0, 2.0)
assert (each, mean) == ([0, 0.5], [0, 0])
hidden = gradient_at(lambda x: torch.nan_to_num(x.log() * x), 0.0, 1.0)
whole = gradient_at(lambda x: torch.nan_to_num((x.log() * x).mean()), 0.0, 1.0)
good, bad = (nn.Parameter(torch.ones(2, device=device)) for _ in range(2))
ones, broken = torch.ones(2, device=device), torch.tensor([nan, 1], device=device)
good.grad, bad.grad = ones.clone(), broken.clone()
nn.utils.clip_grad_norm_([good, bad], 1)
print("hidden:", hidden, whole, " clipped:", good.grad.tolist(), bad.grad.tolist())
assert [str(hidden), str(whole)] == ["[nan, 1.0]", "[nan, 0.0]"]
assert str(good.grad.tolist()) == "[nan, nan]"

# %%
# More: the three models, and what finds each
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Outputs find the first and the third, gradients the second. Of the third, anomaly mode
# names the softmax, where infinity became NaN: what is to be mended are the scores
# before it. (The filter for warnings, above, silences those of anomaly mode.)

for name, (model, loss_function) in models.items():
    stats = list(activation_stats(model, batch, loss_function))
    outputs = next((layer.name for layer in stats if layer.not_finite), None)
    finite = [torch.tensor(layer.gradient_rms).isfinite().item() for layer in stats]
    named = None
    try:
        with torch.autograd.detect_anomaly():
            loss_function(model(batch)).backward()
    except RuntimeError as error:
        named = str(error).split("'")[1]
    print(f"{name:9} outputs: {outputs}; gradients finite: {finite}; {named}")
    assert finite == [False, False, True]
    assert (outputs, named) == {
        "log": ("log", "LogBackward0"),
        "distance": (None, "PowBackward0"),
        "attention": ("scores", "SoftmaxBackward0"),
    }[name]

# %%
# More: the warning that comes with the error
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It has the traceback of the forward pass: with the line that called the operation.


def length(x):
    return x.square().sum().sqrt()


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with shows_error(RuntimeError, match="returned nan values in its 0th output"):
        with torch.autograd.detect_anomaly():
            gradient_at(length, 0.0, 0.0)
told = str(caught.pop().message)
print(told.splitlines()[0])
assert "Error detected in PowBackward0. Traceback of forward call" in told
assert "in length" in told  # our function

# %%
# More: let clipping tell you
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With ``error_if_nonfinite=True`` it refuses. An infinite norm makes all other
# gradients 0, and ``clip_grad_value_`` leaves NaN as it is.

good.grad, bad.grad = ones.clone(), broken.clone()
with shows_error(RuntimeError, match="is non-finite, so it cannot be clipped"):
    nn.utils.clip_grad_norm_([good, bad], 1, error_if_nonfinite=True)
nn.utils.clip_grad_value_([good, bad], 1)
assert str(bad.grad.tolist()) == "[nan, 1.0]"
bad.grad = torch.tensor([float("inf"), 1], device=device)
nn.utils.clip_grad_norm_([good, bad], 1)
assert good.grad.tolist() == [0, 0]

# %%
# Traps
# -----
#
# A row that is masked from end to end
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``softmax`` of a row of -inf is 0/0. That happens to a sequence that is all padding.
# Fill with the smallest finite number: then its weights are equal. (On the CPU
# ``scaled_dot_product_attention`` gives zeros for such a row.)

mask = torch.tensor([[True, False, True], [False, False, False]], device=device)
numbers = torch.zeros(2, 3, device=device)
by_inf = numbers.masked_fill(~mask, -float("inf")).softmax(1)
by_least = numbers.masked_fill(~mask, torch.finfo(numbers.dtype).min).softmax(1)
print("filled with -inf:", by_inf.tolist())
assert by_inf.isnan().any(1).tolist() == [False, True]
torch.testing.assert_close(by_least[1], torch.full((3,), 1 / 3).to(device))
query, key = torch.ones(1, 2, 4, device=device), torch.ones(1, 3, 4, device=device)
attended = F.scaled_dot_product_attention(query, key, key, attn_mask=mask)
if device.type == "cpu":
    assert attended[0, 1].tolist() == [0, 0, 0, 0]

# %%

# More: here nan_to_num helps, since masked_fill hands back 0 whatever arrives
numbers.requires_grad_()
cleaned = torch.nan_to_num(numbers.masked_fill(~mask, -float("inf")).softmax(1))
(gradient,) = torch.autograd.grad(cleaned.square().sum(), numbers)
assert cleaned[1].tolist() == gradient[1].tolist() == [0, 0, 0]

# %%
# More: Scores that do not fit into float16
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# It ends at 65504, and infinity minus infinity is NaN in ``softmax``. Divide the query
# before the product, not after it; or take ``bfloat16``. (:ref:`What each format keeps
# <sphx_glr_auto_examples_memory_float_formats.py>`.)

query = torch.full((1, 64), 40.0, dtype=torch.float16, device=device)
after, before = (query @ query.T) / 8, (query / 8) @ query.T
assert torch.finfo(torch.float16).max == 65504
assert (after.item(), before.item()) == (float("inf"), 12_800)
assert after.softmax(1).isnan()
assert before.softmax(1) == 1

# %%
# More: leaving the bad batch out is not enough
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Many loops pass over a batch whose loss is NaN. The running mean of batch norm has
# seen it in the forward pass, and keeps NaN. Check the data *before* the model.

norm = nn.BatchNorm1d(2).to(device)
norm(torch.tensor([[1.0, 2], [float("nan"), 3]], device=device))
for _ in range(3):
    norm(torch.ones(4, 2, device=device))
print("running mean:", norm.running_mean.tolist())
assert norm.running_mean.isnan().tolist() == [True, False]
assert norm.eval()(torch.ones(1, 2, device=device)).isnan().tolist() == [[True, False]]

# %%
# More: ``loss == float("nan")`` is never true
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# NaN is not equal to itself, and each comparison with it but ``!=`` is false: also
# ``loss > 10``, which was to stop the run. Call ``isfinite()``.

loss = torch.tensor(nan, device=device)
compared = [each.item() for each in (loss == nan, loss > 10, loss < 10)]
compared += [each.item() for each in (loss >= 10, loss <= 10)]
differs = (loss != nan).item()
assert compared == [False, False, False, False, False]
assert differs is True
assert not loss.isfinite()

# %%
# On a GPU
# --------
#
# NaN arises in the same places. To see whether a tensor is finite the program must wait
# for the GPU, so check each hundredth step, or while you search. That it waits is from
# PyTorch's documentation, and was not run here.

print("this page ran on", device.type)
on_device = torch.tensor([0.0, 1], device=device)
assert on_device.log().isfinite().tolist() == [False, True]

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# A loss holds ``-(p * p.log()).sum()``, the entropy, and some p are 0. Mend its
# gradient without changing its value.
#
# Solution
# ^^^^^^^^
#
# Where p is 0, p log p is 0 in the limit. So give ``log`` a 1 there.
# ``torch.special.entr`` has the value too, and at 0 the infinite slope.


def entropy(p):
    return -(p * torch.where(p > 0, p, 1).log()).sum()


p = torch.tensor([0.0, 0.5, 0.5], device=device)
torch.testing.assert_close(entropy(p), torch.special.entr(p).sum())
assert gradient_at(entropy, 0.0, 1.0) == [0, -1]
assert gradient_at(torch.special.entr, 0.0, 1.0) == [float("inf"), -1]

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Mend the model with distances, so that a point at distance 0 gets the gradient 0.
#
# Solution
# ^^^^^^^^
#
# Two ``where``, as above, or ``torch.linalg.vector_norm``.


def distances(h):
    squared = (h - h[:1]).square().sum(1)
    apart = squared > 0
    return torch.where(apart, torch.where(apart, squared, 1).sqrt(), 0)


points = batch.clone().requires_grad_()
(mended,) = torch.autograd.grad(distances(points).sum(), points)
by_norm = torch.linalg.vector_norm(points - points[:1], dim=1)
assert mended.isfinite().all()
torch.testing.assert_close(mended, torch.autograd.grad(by_norm.sum(), points)[0])

# %%
# References
# ----------
#
# - PyTorch: `torch.autograd.detect_anomaly
#   <https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly>`__
#   and `clip_grad_norm_
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html>`__.
# - ``where``: `pytorch issue 23395
#   <https://github.com/pytorch/pytorch/issues/23395>`__ and `issue 68425
#   <https://github.com/pytorch/pytorch/issues/68425>`__.
# - Rows that are masked: `pytorch issue 103963
#   <https://github.com/pytorch/pytorch/issues/103963>`__ and `issue 41508
#   <https://github.com/pytorch/pytorch/issues/41508>`__.
# - Clipping: `pytorch issue 46849
#   <https://github.com/pytorch/pytorch/issues/46849>`__.
# - `IEEE 754-2019 <https://doi.org/10.1109/IEEESTD.2019.8766229>`__, the standard for
#   arithmetic with such numbers.
