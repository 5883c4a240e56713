# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.13", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
How is an autograd.Function of your own written?
================================================

People ask this when autograd's gradient is not the one that they want, when a part is
computed outside of torch, or for chapter 17 of the fastai book.

:Level: intermediate

Short answer
------------

A class of ``torch.autograd.Function`` has two static methods. ``forward(ctx, x)``
computes the result, and gives ``ctx.save_for_backward`` what the derivative needs.
``backward(ctx, g)`` takes the gradient of each output, and returns one for **each
input**. Call it by ``.apply``. The gradient of ``torch.round`` is 0; ``Round`` passes
gradients on:
"""

import torch


class Round(torch.autograd.Function):  # in short
    forward = staticmethod(lambda ctx, x: x.round())
    backward = staticmethod(lambda ctx, g: g)


x = torch.tensor([0.2, 0.7], requires_grad=True)
slopes = [torch.autograd.grad(f(x).sum(), x)[0] for f in (Round.apply, torch.round)]
print(slopes)
assert [slope.tolist() for slope in slopes] == [[1, 1], [0, 0]]

# %%
# ``ctx`` carries the saved tensors from ``forward`` to ``backward``: here none.

# More: draws what the two methods get and return
import matplotlib.pyplot as plt
from tensorglass import saved_for_backward

VALUE, GRADIENT = "#0072b2", "#d55e00"
y = Round.apply(x)
g = torch.ones(2)
(x_g,) = torch.autograd.grad(y, x, g)
kept = [each.role for each in saved_for_backward(Round.apply, x).tensors]


def rounded(tensor):
    return str([round(number, 2) for number in tensor.tolist()])


figure, ax = plt.subplots(figsize=(4.3, 3.3), layout="constrained")
ax.set(xlim=(-0.95, 3.35), ylim=(-3, 0.4), title="Values go down, gradients come up")
ax.set_axis_off()
boxes = {
    (0, 0): ("x", rounded(x), VALUE),
    (0, -2.6): ("result", rounded(y), VALUE),
    (2.4, 0): ("gradient of x", rounded(x_g), GRADIENT),
    (2.4, -2.6): ("gradient of result", rounded(g), GRADIENT),
    (0, -1.3): ("forward", "", VALUE),
    (2.4, -1.3): ("backward", "", GRADIENT),
    (1.2, -1.3): ("ctx", str(kept), "gray"),
}
for (left, top), (name, text, color) in boxes.items():
    width = {"ctx": 0.8, "forward": 1.0, "backward": 1.0}.get(name, 1.8)
    look = {"facecolor": (color, 0.15), "edgecolor": color}
    ax.add_patch(plt.Rectangle((left - width / 2, top - 0.32), width, 0.64, **look))
    ax.text(left, top, f"{name}\n{text}".strip(), ha="center", va="center")
for start, end, color in [
    ((0, -0.32), (0, -0.98), VALUE),
    ((0, -1.62), (0, -2.28), VALUE),
    ((2.4, -2.28), (2.4, -1.62), GRADIENT),
    ((2.4, -0.98), (2.4, -0.32), GRADIENT),
    ((0.5, -1.3), (0.8, -1.3), "gray"),
    ((1.6, -1.3), (1.9, -1.3), "gray"),
]:
    arrow = {"arrowstyle": "->", "color": color, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=arrow)
ax.set_label(
    f"On the left, x = {rounded(x)} goes down into forward, which returns the result "
    f"{rounded(y)}. On the right, the gradient of the result, {rounded(g)}, goes up "
    f"into backward, which returns the gradient of x, {rounded(x_g)}. Between them "
    f"stands ctx, which keeps {kept}."
)
assert (x_g.tolist(), kept) == ([1, 1], [])

# %%
# Take it home
# ------------
#
# Written out, with ``setup_context``: so ``forward`` has no ``ctx``, and ``grad`` and
# ``jacrev`` of ``torch.func`` work too. ReLU's slope can be read from its output.

from torch.autograd import gradcheck, gradgradcheck


class Relu(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x.clamp(min=0)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * (y > 0)


x = torch.tensor([-2.0, 0.5, 3.0], dtype=torch.float64, requires_grad=True)
agrees = gradcheck(Relu.apply, x) and gradgradcheck(Relu.apply, x)
assert agrees  # with differences, in float64, away from the kink

# %%
# ``MyRelu`` of chapter 17 keeps its input instead. The gradient is the same, but nobody
# else may need that input (:doc:`stored_activations`). What yours keeps, this site's
# library tells:


# More: MyRelu
class MyRelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        return g * (ctx.saved_tensors[0] > 0)


# %%

functions = {"MyRelu": MyRelu.apply, "Relu": Relu.apply, "torch.relu": torch.relu}
roles = {k: saved_for_backward(f, x).tensors[0].role for k, f in functions.items()}
print(roles)
assert list(roles.values()) == ["input", "output", "output"]

# %%
# Why
# ---
#
# ``backward`` does one step of the chain rule (:doc:`chain_rule`): the gradient of the
# output times the slopes, in the shape of each input. It returns None for an input that
# is no tensor, and may do so for one that needs no gradient: ``ctx.needs_input_grad``
# tells which. (PyTorch notes, *Extending PyTorch*.)


class Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, scale):
        ctx.save_for_backward(x, weight)
        ctx.scale = scale  # no tensor
        return scale * x @ weight.T

    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        x_g = ctx.scale * g @ weight if ctx.needs_input_grad[0] else None
        weight_g = ctx.scale * g.T @ x if ctx.needs_input_grad[1] else None
        return x_g, weight_g, None


torch.manual_seed(0)
a, b = torch.randn(5, 3).double(), torch.randn(4, 3).double()
linear_agrees = gradcheck(Linear.apply, (a.requires_grad_(), b.requires_grad_(), 2.0))
assert linear_agrees

# %%

# More: counts the matrix products of the backward pass
from tensorglass import default_device, shows_error
from torch.utils.flop_counter import FlopCounterMode

device = default_device()  # from here on, a GPU if there is one


def products(x_needs, weight_needs):
    x = torch.ones(5, 3, device=device, requires_grad=x_needs)
    weight = torch.ones(4, 3, device=device, requires_grad=weight_needs)
    output = Linear.apply(x, weight, 2.0)
    with FlopCounterMode(display=False) as counter:
        output.sum().backward()
    return counter.get_total_flops() // (2 * 5 * 3 * 4)


counts = [products(*needed) for needed in ((True, True), (False, True), (True, False))]
print("products for both gradients, for one, for the other:", counts)
assert counts == [2, 1, 1]

# %%
# More: four differences between ``save_for_backward`` and an attribute
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``ctx.x = x`` works, and gives the right gradient. But
#
# - nobody notices that ``x`` is changed in place, and then the gradient is wrong;
# - ``backward`` does not free it, only the end of the graph does;
# - hooks, as those of ``save_on_cpu`` and of checkpointing, do not see it;
# - an **output** that is kept so refers to ``ctx``, which refers to it. Such a circle
#   stays in memory until Python looks for circles. In a chain of such Functions each
#   look frees one more. If two outputs are kept, they stay for ever.
#
# What is not a tensor belongs there: ``save_for_backward`` refuses it.


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, g):
        return g * 2 * ctx.saved_tensors[0]


class SquareByAttribute(Square):
    @staticmethod
    def forward(ctx, x):
        ctx.x = x
        return x**2

    @staticmethod
    def backward(ctx, g):
        return g * 2 * ctx.x


def changed_in_place(function, through=lambda h: h, on=device):
    leaf = torch.tensor(3.0, device=on, requires_grad=True)
    h = 1 * leaf
    output = function.apply(h)
    changed = through(h)
    changed += 1
    return torch.autograd.grad(output, leaf)[0].item()


print("6 is right, an attribute gives", changed_in_place(SquareByAttribute))
assert changed_in_place(SquareByAttribute) == 8
with shows_error(RuntimeError, match="modified by an inplace operation"):
    changed_in_place(Square)
by_numpy = changed_in_place(Square, lambda h: h.detach().numpy(), on="cpu")
assert by_numpy == 8  # NumPy tells nobody that it writes

leaf = torch.tensor(3.0, device=device, requires_grad=True)
by_attribute, saved = SquareByAttribute.apply(leaf), Square.apply(leaf)
(by_attribute + saved).backward()
assert by_attribute.grad_fn.x is leaf  # grad_fn is ctx
with shows_error(RuntimeError, match="after they have already been freed"):
    saved.grad_fn.saved_tensors

seen = []
for function in (SquareByAttribute, Square):
    seen.append(0)

    def count(tensor):
        seen[-1] += 1
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        function.apply(leaf)
assert seen == [0, 1]

# %%

import gc
import weakref


class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


class ExpByAttribute(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.y = x.exp()
        return ctx.y

    @staticmethod
    def backward(ctx, g):
        return g * ctx.y


def outlives_its_name(function):
    output = function.apply(leaf)
    output.backward()
    watched = weakref.ref(output)
    del output
    return watched() is not None


gc.collect()
gc.disable()  # so that Python does not look for circles meanwhile
alive = [outlives_its_name(function) for function in (ExpByAttribute, Exp)]
gc.enable()
print("still in memory, by attribute and saved:", alive)
assert alive == [True, False]


class TwoByAttribute(Exp):
    @staticmethod
    def forward(ctx, x):
        ctx.kept = x.exp(), x.sin()
        return ctx.kept


def alive_after_looks(outputs):
    """Return how many live now, and after each of 3 looks for circles."""
    watched = [weakref.ref(output) for output in outputs]
    outputs.clear()
    counts = []
    for _ in range(4):
        counts.append(sum(output() is not None for output in watched))
        gc.collect()
    return counts


gc.collect()
gc.disable()
chain = [ExpByAttribute.apply(leaf)]
chain += [ExpByAttribute.apply(chain[0])]
chain += [ExpByAttribute.apply(chain[1])]
of_chain = alive_after_looks(chain)
of_two = alive_after_looks(list(TwoByAttribute.apply(leaf)))
gc.enable()
print("at each look, of a chain of three:", of_chain, " of two outputs:", of_two)
assert of_chain == [3, 2, 1, 0]
assert of_two == [2, 2, 2, 2]


class SavesNumber(Square):
    @staticmethod
    def forward(ctx, x, exponent):
        ctx.save_for_backward(x, exponent)
        return x**exponent


with shows_error(TypeError, match="can only save variables"):
    SavesNumber.apply(leaf, 2.0)

# %%
# More: double backward, and ``once_differentiable``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# With ``create_graph=True`` autograd records what ``backward`` does, so it can be
# differentiated again: as long as it computes with inputs and outputs. A tensor that
# ``forward`` made on its way counts as a constant, and the second derivative is wrong
# without an error. ``gradcheck`` passes; ``gradgradcheck`` tells.


class Sine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0].cos()


class SineByCosine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.cos())  # neither input nor output
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


x = torch.tensor([0.5, 2.0], dtype=torch.float64, device=device, requires_grad=True)
twice = gradcheck(Sine.apply, x) and gradgradcheck(Sine.apply, x)
assert twice
first_agrees = gradcheck(SineByCosine.apply, x)
assert first_agrees
with shows_error(RuntimeError, match="Jacobian mismatch"):
    gradgradcheck(SineByCosine.apply, x)

# %%
# ``@once_differentiable`` puts an error behind the gradient. Three things pass it by:
#
# - where ``g`` needs no gradient, as behind a ``sum``, there is no such error;
# - ``torch.autograd.grad(..., x)`` runs what leads to ``x``, and the error lies beside
#   that way;
# - so does ``.backward(inputs=[x])``.
#
# If another way leads to ``x``, one part of the gradient is missing then, and nothing
# is said. ``gradgradcheck`` tells.

from torch.autograd.function import once_differentiable


class SineOnce(SineByCosine):
    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


def penalty(sine):
    (slope,) = torch.autograd.grad((x * sine(x)).sum(), x, create_graph=True)
    return (slope**2).sum()


with shows_error(RuntimeError, match="differentiate twice"):
    penalty(SineOnce.apply).backward()
(right,) = torch.autograd.grad(penalty(torch.sin), x)
(missing,) = torch.autograd.grad(penalty(SineOnce.apply), x)
print("in truth:", right.tolist(), " what is returned:", missing.tolist())
torch.testing.assert_close(torch.autograd.grad(penalty(Sine.apply), x)[0], right)
part = 2 * (x.sin() + x * x.cos()) * x.cos()  # half of the slope of x cos(x) + sin(x)
torch.testing.assert_close(missing, part)
assert round(right[0].item(), 2) == 2.78
assert round(missing[0].item(), 2) == 1.61
x.grad = None
penalty(SineOnce.apply).backward(inputs=[x])
assert torch.equal(x.grad, missing)
with shows_error(RuntimeError, match="Jacobian mismatch"):
    gradgradcheck(SineOnce.apply, x)


def gradient_of_both(sine):
    leaf = x.detach().requires_grad_()
    loss = sine(leaf).sum()  # the gradient that it hands back is a constant
    (slope,) = torch.autograd.grad(loss, leaf, create_graph=True)
    (loss + (slope**2).sum()).backward()
    return leaf.grad


in_truth, silent = gradient_of_both(torch.sin), gradient_of_both(SineOnce.apply)
print("behind a sum, in truth:", in_truth.tolist(), " here:", silent.tolist())
torch.testing.assert_close(in_truth, x.cos() - 2 * x.cos() * x.sin())
torch.testing.assert_close(silent, x.cos())  # that of the loss alone

# %%
# What is often said
# ------------------
#
# "A new operation needs a Function." Seldom: autograd differentiates what you compose
# of torch's operations. One helps if that gradient is not wanted (``detach`` and hooks
# help too), if you leave torch, or to store less (checkpointing does too): composed,
# ``x * sigmoid(x)`` keeps one tensor more.


# More: SiLU, composed, as a Function, and checkpointed; the first screen without one
from torch.utils.checkpoint import checkpoint


class Silu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x.sigmoid()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        y = x.sigmoid()
        return g * (y + x * y * (1 - y))


composed, own = (lambda x: x * x.sigmoid()), Silu.apply
slopes = [torch.autograd.grad(f(x).sum(), x)[0] for f in (composed, own)]
torch.testing.assert_close(*slopes)
options = {"use_reentrant": False, "preserve_rng_state": False}
ways = composed, own, lambda x: checkpoint(composed, x, **options)
extra = [saved_for_backward(f, x).activation_bytes / x.nbytes for f in ways]
assert extra == [1, 0, 0]
passed_on = x + (x.round() - x).detach()
assert torch.autograd.grad(passed_on.sum(), x)[0].tolist() == [1, 1]
turned = 1 * x
turned.register_hook(lambda g: -g)
assert torch.autograd.grad(turned.sum(), x)[0].tolist() == [-1, -1]

# %%
# "``ctx.x = x`` does the same." The gradient is right, until somebody changes ``x`` in
# place. With ``save_for_backward`` that is an error, but for a change through ``.data``
# or NumPy.

assert changed_in_place(SquareByAttribute) == 8  # should be 6
assert changed_in_place(Square, lambda h: h.data) == 8
with shows_error(RuntimeError, match="modified by an inplace operation"):
    changed_in_place(Square)

# %%
# Traps
# -----
#
# Calling ``forward``
# ~~~~~~~~~~~~~~~~~~~
#
# With ``ctx`` among its arguments it fails. Without, it runs, autograd records torch's
# own operations, and your ``backward`` is not used.

with shows_error(TypeError, match="missing 1 required positional argument"):
    MyRelu.forward(x)
names = [function(x).grad_fn.name() for function in (Relu.forward, Relu.apply)]
assert names == ["ClampBackward1", "ReluBackward"]

# %%
# A wrong number of gradients
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# One for each input, numbers and flags too. (More are allowed, if they are None.)


class TooFew(Linear):
    @staticmethod
    def backward(ctx, g):
        return Linear.backward(ctx, g)[:2]  # none for the scale


with shows_error(RuntimeError, match=r"number of gradients \(expected 3, got 2"):
    TooFew.apply(a, b, 2.0).sum().backward()

# %%
# A list as result
# ~~~~~~~~~~~~~~~~
#
# A tensor, and tensors directly in a **tuple**, are connected to ``backward``. A list,
# a dict or a tuple in a tuple comes back without a gradient, in silence. Nor is a list
# connected that goes in.


class Halves(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, kind):
        return kind([x / 2, x / 2])

    @staticmethod
    def backward(ctx, *g):
        return sum(g) / 2, None


kinds = tuple, list, lambda halves: dict(enumerate(halves))
results = [Halves.apply(x, kind) for kind in kinds]
connected = [result[0].requires_grad for result in results]
assert connected == [True, False, False]

# %%


# More: a tuple in a tuple, and a list that goes in
class Sum(torch.autograd.Function):
    forward = staticmethod(lambda ctx, parts: parts[0] + parts[1])
    backward = staticmethod(lambda ctx, g: g)


((inner, _),) = Halves.apply(x, lambda halves: (tuple(halves),))
of_list = Sum.apply([x, x])
assert [inner.requires_grad, of_list.requires_grad] == [False, False]

# %%
# Writing into an input
# ~~~~~~~~~~~~~~~~~~~~~
#
# Say so, by ``ctx.mark_dirty``, and return it. Otherwise whoever uses the input again
# can get a wrong gradient.


# More: a ReLU in place, which tells or does not tell
class ReluInPlace(MyRelu):
    tell = True

    @staticmethod
    def forward(ctx, x):
        if ReluInPlace.tell:
            ctx.mark_dirty(x)
        ctx.save_for_backward(x.clamp_(min=0))
        return x


def gradient_behind(tell):
    ReluInPlace.tell = tell
    leaf = torch.tensor([-1.0, 2.0], device=device, requires_grad=True)
    h = 1 * leaf
    ReluInPlace.apply(h)
    return torch.autograd.grad(h.sum(), leaf)[0].tolist()


print("told:", gradient_behind(True), " not told:", gradient_behind(False))
assert (gradient_behind(True), gradient_behind(False)) == ([0, 1], [1, 1])

# %%
# ``torch.func`` asks for ``setup_context``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# And ``vmap`` asks for a rule: a static method ``vmap``, or
# ``generate_vmap_rule = True``, if torch can vectorize all that your methods do.
# ``jvp`` asks for a static method ``jvp``; ``jacfwd`` and ``hessian`` ask for both.

row = x.detach()
message = "must override the setup_context staticmethod"
with shows_error(RuntimeError, match=message):
    torch.func.grad(lambda x: MyRelu.apply(x).sum())(row)
assert torch.func.grad(lambda x: Relu.apply(x).sum())(row).tolist() == [1, 1]
with shows_error(RuntimeError, match="does not have vmap support"):
    torch.func.vmap(Relu.apply)(row)
assert torch.func.jacrev(Relu.apply)(row).tolist() == [[1, 0], [0, 1]]
Relu.generate_vmap_rule = True
assert torch.equal(torch.func.vmap(Relu.apply)(row), row)
with shows_error(NotImplementedError, match="must implement the jvp function"):
    torch.func.jvp(Relu.apply, (row,), (row,))

# %%


# More: with both, and with one of them
class ReluBoth(Relu):
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)
        ctx.save_for_forward(output)

    @staticmethod
    def jvp(ctx, tangent):
        return tangent * (ctx.saved_tensors[0] > 0)


class ReluForward(ReluBoth):
    generate_vmap_rule = False


def works(function):
    try:
        assert torch.func.jacfwd(function.apply)(row).tolist() == [[1, 0], [0, 1]]
        squares = torch.func.hessian(lambda x: (function.apply(x) ** 2).sum())(row)
        assert squares.tolist() == [[2, 0], [0, 2]]
    except (NotImplementedError, RuntimeError):
        return False
    return True


assert [works(f) for f in (ReluBoth, Relu, ReluForward)] == [True, False, False]

# %%
# More: ``gradcheck`` in float32
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Its steps of 1e-6 are lost in the rounding of float32, unless the numbers are near 0,
# and it complains of a right gradient. Give it float64.

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns, too
    passed = gradcheck(Square.apply, x.float(), eps=1e-6, raise_exception=False)
    passed64 = gradcheck(Square.apply, x, eps=1e-6)
    zeros = torch.zeros_like(x, dtype=torch.float32).requires_grad_()
    passed_at_0 = gradcheck(Square.apply, zeros, eps=1e-6)
assert [passed, passed64, passed_at_0] == [False, True, True]

# %%
# More: several results, and whole numbers among them
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``backward`` gets a gradient for each, zeros for those that nobody used (or None,
# after ``ctx.set_materialize_grads(False)``). Whole numbers have none; of what else has
# none say ``ctx.mark_non_differentiable``.


class Sort(torch.autograd.Function):
    got = None

    @staticmethod
    def forward(ctx, x):
        values, indices = x.sort()
        positive = (values > 0).to(x.dtype)
        ctx.mark_non_differentiable(positive)
        ctx.save_for_backward(indices)
        return values, indices, positive

    @staticmethod
    def backward(ctx, g, *others):
        Sort.got = [other.tolist() for other in others]
        (indices,) = ctx.saved_tensors
        return torch.zeros_like(g).scatter(0, indices, g)


results = Sort.apply(x)
assert [result.requires_grad for result in results] == [True, False, False]
results[0][0].backward()
assert Sort.got == [[0, 0], [0, 0]]

# %%
# More: what is kept does not follow ``needs_input_grad``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Our ``Linear`` keeps both tensors, also if the weight is frozen, where torch's keeps
# one. In ``forward`` you can ask ``ctx.needs_input_grad``, too.

data, weight = a.detach(), b.detach()
data.requires_grad_()
frozen = saved_for_backward(Linear.apply, data, weight, 2.0)
by_torch = saved_for_backward(torch.nn.functional.linear, data, weight)
assert (len(frozen.tensors), len(by_torch.tensors)) == (2, 1)

# %%
# On a GPU
# --------
#
# A Function runs where its tensors are. Under ``autocast`` a matrix product in
# ``forward`` has a narrower result (float16, bfloat16), and ``backward``, if it is
# called outside, meets what was saved in float32. ``torch.amp.custom_fwd`` and
# ``custom_bwd`` give both the same mode.

# More: the linear layer from above, decorated or not, called inside or outside
kind = device.type


class LinearAmp(Linear):
    forward = staticmethod(torch.amp.custom_fwd(Linear.forward, device_type=kind))
    backward = staticmethod(torch.amp.custom_bwd(Linear.backward, device_type=kind))


single = [tensor.detach().float().to(device).requires_grad_() for tensor in (a, b)]
with torch.autocast(kind, dtype=torch.bfloat16):
    narrow, decorated = (f.apply(*single, 2.0).sum() for f in (Linear, LinearAmp))
    inside = torch.autograd.grad(Linear.apply(*single, 2.0).sum(), single)
with shows_error(RuntimeError, match="dtype"):
    narrow.backward()
gradients = torch.autograd.grad(decorated, single)
print("this page ran on", device.type)
assert {gradient.dtype for gradient in (*gradients, *inside)} == {torch.float32}

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Write a Function that returns its input, and turns the sign of the gradient.
#
# Solution
# ^^^^^^^^


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return -g


(reversed_one,) = torch.autograd.grad(Reverse.apply(x).sum(), x)
assert reversed_one.tolist() == [-1, -1]
assert Reverse.apply(x).data_ptr() == x.data_ptr()

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Train a small model with ``Relu``, and again with ``torch.relu``. (From the further
# research of chapter 17.)
#
# Solution
# ^^^^^^^^
#
# The losses are the same.


def losses(activation):
    torch.manual_seed(0)
    data = torch.randn(64, 2)
    target = data[:, :1] * data[:, 1:]
    first, second = torch.nn.Linear(2, 16), torch.nn.Linear(16, 1)
    parameters = [*first.parameters(), *second.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    history = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = (second(activation(first(data))) - target).square().mean()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return history


own, by_torch = losses(Relu.apply), losses(torch.relu)
print(f"from {own[0]:.2f} to {own[-1]:.2f}")
assert own == by_torch
fell = own[-1] < own[0] / 2
assert fell

# %%
# References
# ----------
#
# - PyTorch: `Extending PyTorch
#   <https://docs.pytorch.org/docs/stable/notes/extending.html>`__; `Extending
#   torch.func with autograd.Function
#   <https://docs.pytorch.org/docs/stable/notes/extending.func.html>`__;
#   `save_for_backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.function.FunctionCtx.save_for_backward.html>`__;
#   `Double Backward with Custom Functions
#   <https://docs.pytorch.org/tutorials/intermediate/custom_function_double_backward_tutorial.html>`__.
# - Tensors that ``forward`` made: issues `58509
#   <https://github.com/pytorch/pytorch/issues/58509>`__ and `76185
#   <https://github.com/pytorch/pytorch/issues/76185>`__; outputs as attributes: `25340
#   <https://github.com/pytorch/pytorch/issues/25340>`__; lists: `87713
#   <https://github.com/pytorch/pytorch/issues/87713>`__.
# - Y. Bengio, N. Léonard, A. Courville, `Estimating or Propagating Gradients Through
#   Stochastic Neurons for Conditional Computation <https://arxiv.org/abs/1308.3432>`__,
#   2013: gradients that are passed straight through a threshold.
# - The question is from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
