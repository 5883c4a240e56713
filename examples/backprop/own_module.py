# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.6", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
How are a Linear layer and a Module written from scratch?
=========================================================

People ask this when they write their first layer, when a part of a model does not
train, or when they read "cannot assign module before Module.__init__() call".

:Level: beginner

Short answer
------------

Derive a class from ``torch.nn.Module``. In ``__init__`` call ``super().__init__()``,
then assign ``nn.Parameter`` tensors: **assigning registers them**, so that
``parameters()``, ``to()`` and ``state_dict()`` find them. Compute in ``forward``. Call
the layer itself: ``layer(x)`` runs ``__call__``, which runs hooks and ``forward``.
"""

import torch


class Linear(torch.nn.Module):
    def forward(self, x):
        return x @ self.weight.T + self.bias


layer, weight, bias = Linear(), torch.eye(2), torch.ones(2)
layer.weight, layer.bias = torch.nn.Parameter(weight), torch.nn.Parameter(bias)
print([name for name, _ in layer.named_parameters()], layer(weight[0]).tolist())
assert sum(parameter.numel() for parameter in layer.parameters()) == 6

# %%
# Here they are assigned from outside; a class with its ``__init__`` stands below. What
# is found depends on how it is assigned. ``to()`` moves what is registered, converting
# its floats; ``state_dict()`` is what is saved.

# More: assigns a tensor in six ways, and draws who finds it
import matplotlib.pyplot as plt
from torch import nn

WAYS = {
    "nn.Parameter": nn.Parameter,
    "nn.ParameterList": lambda tensor: nn.ParameterList([tensor]),
    "another Module": lambda tensor: nn.PReLU(),
    "nn.Buffer": nn.Buffer,
    "a tensor": lambda tensor: tensor,
    "a list of Parameters": lambda tensor: [nn.Parameter(tensor)],
}
FINDERS = ("parameters()", "state_dict()", "to()")


def found_by(way):
    """Return which of the three find a tensor that was assigned in this way."""
    module, tensor = nn.Module(), torch.ones(1)
    module.attribute = way(tensor)
    parameters, state = list(module.parameters()), module.state_dict()
    module.to(torch.float64)
    held = module.attribute
    held = held.weight if isinstance(held, nn.PReLU) else held
    held = held[0]  # of a list its tensor, of a tensor its number
    return [bool(parameters), bool(state), held.dtype == torch.float64]


table = {name: found_by(way) for name, way in WAYS.items()}
figure, ax = plt.subplots(figsize=(4.3, 3.5), layout="constrained")
ax.set(xlim=(-2.35, 2.55), ylim=(5.55, -1.1), title="Who finds what was assigned")
ax.set_axis_off()
for column, finder in enumerate(FINDERS):
    ax.text(column, -0.7, finder, ha="center", va="center", fontsize=9)
for row, (name, finds) in enumerate(table.items()):
    ax.text(-0.6, row, name, ha="right", va="center", fontsize=9)
    for column, yes in enumerate(finds):
        look = {"facecolor": ("#0072b2", 0.3) if yes else "none", "edgecolor": "black"}
        ax.add_patch(plt.Rectangle((column - 0.47, row - 0.4), 0.94, 0.8, **look))
        ax.text(column, row, "yes" if yes else "no", ha="center", va="center")
told = []
for name, finds in table.items():
    found = [finder for finder, yes in zip(FINDERS, finds, strict=True) if yes]
    told.append(f"{name}: {', '.join(found) or 'nobody'}")
ax.set_label(f"A table of who finds a tensor that was assigned as: {'; '.join(told)}.")
yes_or_no = list(table.values())
assert yes_or_no[:3] == [[True, True, True]] * 3
assert yes_or_no[3:] == [[False, True, True], [False] * 3, [False] * 3]
state = nn.BatchNorm1d(1).to(torch.float64).state_dict()  # it counts batches
converted = {name for name in state if state[name].dtype == torch.float64}
assert state.keys() - converted == {"num_batches_tracked"}

# %%
# Take it home
# ------------
#
# ``nn.Linear``, with the numbers that it draws, for ``n_in`` above 0. (:ref:`What to
# draw instead <sphx_glr_auto_examples_initialization_weight_initialization.py>`.)


class Linear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        bound = n_in**-0.5
        self.weight = nn.Parameter(torch.empty(n_out, n_in).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_out).uniform_(-bound, bound))

    def forward(self, x):
        return x @ self.weight.T + self.bias


torch.manual_seed(0)
own = Linear(784, 50)
torch.manual_seed(0)
built_in = nn.Linear(784, 50)
x = torch.randn(8, 784)
torch.testing.assert_close(own.state_dict(), built_in.state_dict())
torch.testing.assert_close(own(x), built_in(x))

# %%
# Does your model hold tensors that ``parameters()`` and ``to()`` do not find? This
# site's library lists what the object itself holds, not what its class does. (After a
# backward pass gradients, too.)

from tensorglass import memory_of, shows_error

model = nn.Sequential(Linear(3, 4), nn.ReLU())
model.later = [Linear(4, 2)]  # a list
model.scale = nn.Buffer(torch.ones(1), persistent=False)  # not saved, but it moves
Linear.table = torch.ones(3)  # of the class
held = {each.name for each in memory_of(model).tensors}
registered = dict([*model.named_parameters(), *model.named_buffers()])
print("not registered:", *sorted(held - registered.keys()))
assert held - registered.keys() == {"later[0].weight", "later[0].bias"}

# %%
# Why
# ---
#
# ``nn.Module`` has its own ``__setattr__``, which Python calls at each assignment to
# ``self``. Under a new name, a ``Parameter``, a ``Buffer`` and a ``Module`` each go
# into a dictionary, which ``super().__init__()`` has made; all else becomes an ordinary
# attribute. A registered name refuses numbers, lists and tensors (a buffer's takes
# tensors), and takes None. What walks over a model walks over these dictionaries.
# (PyTorch documentation, ``torch.nn.Module``.)

layer = Linear(3, 4)
layer.mean, layer.note = nn.Buffer(torch.zeros(4)), torch.ones(1)
layer.mean = torch.ones(4)  # stays a buffer
assert list(layer.state_dict()) == ["weight", "bias", "mean"]
assert layer.state_dict()["mean"].sum() == 4
layer.bias = None
plain = [name for name in ("weight", "bias", "mean", "note") if name in vars(layer)]
assert plain == ["note"]
with shows_error(TypeError, match="or None expected"):
    layer.mean = 3

# %%
# More: a Module in 30 lines, compared with torch's
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The same network is derived from ours and from torch's: the same names, and 50 steps
# of training with the same losses, to the last bit.


class TinyModule:
    def __init__(self):
        object.__setattr__(self, "own", {})
        object.__setattr__(self, "children", {})
        object.__setattr__(self, "hooks", [])

    def __setattr__(self, name, value):
        if isinstance(value, nn.Parameter):
            self.own[name] = value
        elif isinstance(value, TinyModule):
            self.children[name] = value
        object.__setattr__(self, name, value)

    def named_parameters(self, prefix=""):
        for name, parameter in self.own.items():
            yield prefix + name, parameter
        for name, child in self.children.items():
            yield from child.named_parameters(f"{prefix}{name}.")

    def register_forward_hook(self, hook):
        self.hooks.append(hook)

    def __call__(self, *inputs):
        result = self.forward(*inputs)
        for hook in self.hooks:
            hook(self, inputs, result)
        return result


def network(base):
    """Return a network whose layers and itself derive from this class."""

    class Layer(base):
        def __init__(self, n_in, n_out):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(n_out, n_in) * (2 / n_in) ** 0.5)
            self.bias = nn.Parameter(torch.zeros(n_out))

        def forward(self, x):
            return x @ self.weight.T + self.bias

    class Network(base):
        def __init__(self):
            super().__init__()
            self.first, self.second = Layer(2, 16), Layer(16, 1)

        def forward(self, x):
            return self.second(self.first(x).relu())

    return Network()


def trained(base):
    torch.manual_seed(0)
    model, data = network(base), torch.randn(64, 2)
    target = data[:, :1] * data[:, 1:]
    names, parameters = zip(*model.named_parameters(), strict=True)
    optimizer, losses, calls = torch.optim.SGD(parameters, lr=0.1), [], []
    model.second.register_forward_hook(lambda *seen: calls.append(len(seen)))
    for _ in range(50):
        optimizer.zero_grad()
        loss = (model(data) - target).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return names, losses, calls


tiny, torchs = trained(TinyModule), trained(nn.Module)
print(tiny[0], f"loss from {tiny[1][0]:.2f} to {tiny[1][-1]:.2f}")
assert tiny == torchs
assert tiny[2] == [3] * 50
fell = tiny[1][-1] < tiny[1][0] / 2
assert fell

# %%
# ``__call__`` and ``forward``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Python runs ``__call__`` where an object is called as a function. That of
# ``nn.Module`` runs the hooks that come before, then ``forward``, then the others. You
# write ``forward``, and call the layer.

# More: a layer tells what runs, first called, then by forward
order = []


class Told(Linear):
    def forward(self, x):
        order.append("forward")
        return super().forward(x)


layer = Told(3, 4)
layer.register_forward_pre_hook(lambda *_: order.append("before"))
layer.register_forward_hook(lambda *_: order.append("after"))
layer(torch.ones(1, 3))
layer.forward(torch.ones(1, 3))
print(*order)
assert order == ["before", "forward", "after", "forward"]

# %%
# fastai's ``Module``
# ~~~~~~~~~~~~~~~~~~~
#
# It derives from ``nn.Module``, and spares you ``super().__init__()``: its metaclass,
# which makes the objects, calls that of ``nn.Module`` before your ``__init__``. In our
# words (fastai itself does not run here):


class CallsInit(type):
    def __call__(cls, *args, **kwargs):
        module = cls.__new__(cls)
        nn.Module.__init__(module)
        module.__init__(*args, **kwargs)
        return module


class Module(nn.Module, metaclass=CallsInit):
    def __init__(self):
        pass


class Short(Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


assert list(Short().state_dict()) == ["layer.weight", "layer.bias"]

# %%
# What is often said
# ------------------
#
# "``layer.forward(x)`` is ``layer(x)``." The numbers are the same, as long as there are
# no hooks. Some layers compute their weight in a hook, as those that ``prune`` has
# changed: after a step, ``forward`` still has the old weight.

# More: a pruned layer makes a step
from torch.nn.utils import prune

layer, one = prune.identity(nn.Linear(2, 1, bias=False), "weight"), torch.ones(1, 2)
before = layer(one).item()
layer(one).sum().backward()
torch.optim.SGD(layer.parameters(), lr=1).step()  # each weight falls by 1
by_forward, by_call = layer.forward(one).item(), layer(one).item()
print("changed by", by_forward - before, "and", round(by_call - before, 4))
assert by_forward == before
torch.testing.assert_close(by_call - before, -2.0, rtol=0, atol=1e-5)

# %%
# "``requires_grad=True`` makes it a parameter." It gets a gradient. But it is not
# registered, and ``parameters()`` does not hand it to an optimizer.


# More: a layer with such a tensor
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.ones(1, requires_grad=True)


scale = Scale()
scale.scale.sum().backward()
assert scale.scale.grad == 1
assert list(scale.parameters()) == []

# %%
# Traps
# -----
#
# Layers in a list
# ~~~~~~~~~~~~~~~~
#
# They compute, and do not train. Wrap the list: ``nn.ModuleList``,
# ``nn.ParameterList``, or the same with ``Dict``.

model = nn.Module()
model.layers = [nn.Linear(1, 1), nn.Linear(1, 1)]
with shows_error(ValueError, match="empty parameter list"):
    torch.optim.SGD(model.parameters())
model.layers = nn.ModuleList(model.layers)
assert len(list(model.parameters())) == 4

# %%
# A new Parameter behind the optimizer's back
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# An optimizer keeps the Parameters that it was given. One that is assigned later is not
# trained, in silence. Write into the old one instead, under ``no_grad``.

layer = nn.Linear(1, 1, bias=False)
optimizer = torch.optim.SGD(layer.parameters(), lr=1)
layer.weight = nn.Parameter(torch.ones(1, 1))
layer(torch.ones(1, 1)).sum().backward()
optimizer.step()
assert layer.weight == 1  # should be 0

# %%
# A tensor that stays behind
# ~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# What is no parameter and must move with the model, such as a mean, is a buffer.
# (``persistent=False`` leaves it out of ``state_dict()``.)

model = nn.Module()
model.mean = torch.ones(1)
model.register_buffer("scale", torch.ones(1))
model.to("meta")  # a device without memory, as good as any here
print("mean:", model.mean.device, " scale:", model.scale.device)
assert [model.mean.device.type, model.scale.device.type] == ["cpu", "meta"]

# %%
# ``super().__init__()``, missing or late
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Missing, no layer and no parameter can be assigned. Called again, after an assignment,
# it makes new, empty dictionaries, and nobody complains.


# More: two classes that call it wrongly
class Missing(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


class Twice(Linear):
    def __init__(self):
        super().__init__(1, 1)
        nn.Module.__init__(self)


with shows_error(AttributeError, match="before Module.__init__"):
    Missing()
assert list(Twice().parameters()) == []

# %%
# More: what becomes of a Parameter that is computed with
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# ``nn.Parameter(t) * 2`` is a result, no Parameter, and is not registered. So is what
# ``.double()`` makes of a float32 Parameter, and ``.to(device)`` on another device.
# **Where nothing is to convert, the Parameter itself comes back**: with ``.to(device)``
# a layer trains on the CPU, and not on a GPU. Compute first. And a name that belongs to
# a Parameter takes only a Parameter, or None.

tensor = torch.ones(1)
parameter, double = nn.Parameter(tensor), nn.Parameter(tensor.double())
results = parameter * 2, parameter.double(), parameter.to("meta")
itself = nn.Parameter(tensor * 2), double.double(), parameter.to("cpu")


def is_registered(value):
    model = nn.Module()
    model.scale = value
    return len(list(model.parameters()))


assert [is_registered(value) for value in results] == [0, 0, 0]
assert [is_registered(value) for value in itself] == [1, 1, 1]
model = nn.Module()
model.scale = parameter
with shows_error(TypeError, match=r"torch.nn.Parameter or None expected"):
    model.scale = tensor

HELD = {"scale": parameter, "mean": nn.Buffer(tensor), "layer": nn.Linear(1, 1)}


def refused_by(value):
    """Return which of the three names refuse a value."""
    names = []
    for name, held in HELD.items():
        model = nn.Module()
        setattr(model, name, held)
        try:
            setattr(model, name, value)
        except TypeError:
            names.append(name)
    return names


number, numbers, another = 3, [3], nn.Linear(1, 1)
assert refused_by(number) == refused_by(numbers) == ["scale", "mean", "layer"]
assert refused_by(tensor) == refused_by(nn.Buffer(tensor)) == ["scale", "layer"]
assert refused_by(another) == ["scale"]
assert refused_by(parameter) == refused_by(None) == []

# %%
# More: a late call under fastai's ``Module``
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# There, ``super().__init__()`` of a class that derives from ``Module`` directly does
# nothing: what was assigned before it stays.


class Late(Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)
        super().__init__()


assert list(Late().state_dict()) == ["layer.weight", "layer.bias"]

# %%
# On a GPU
# --------
#
# ``layer.to(device)`` moves what is registered. A tensor that ``forward`` makes needs
# ``device=x.device``. Under ``autocast`` ours returns float32, as its bias is, and
# ``nn.functional.linear``, which adds it inside, what ``nn.Linear`` does.

from tensorglass import default_device

device = default_device()
print("this page ran on", device.type)
moved = own.to(device)
assert {parameter.device.type for parameter in moved.parameters()} == {device.type}
on_device = moved(x.to(device))
torch.testing.assert_close(on_device.cpu(), built_in(x), rtol=1e-2, atol=1e-2)

# %%

# More: the numbers that come back under autocast
x, torchs_layer = x.to(device), built_in.to(device)
with torch.autocast(device.type, dtype=torch.bfloat16):
    inside = nn.functional.linear(x, own.weight, own.bias)
    under = [output.dtype for output in (own(x), inside, torchs_layer(x))]
print(*under)
assert under == [torch.float32, torch.bfloat16, torch.bfloat16]

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Give ``Linear`` an argument ``bias=True``. Without a bias, ``layer.bias`` is None, and
# the state has one entry.
#
# Solution
# ^^^^^^^^
#
# ``register_parameter`` takes None, so that the name is kept for a Parameter.


class LinearOrNot(Linear):
    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out)
        if not bias:
            self.register_parameter("bias", None)

    def forward(self, x):
        return nn.functional.linear(x, self.weight, self.bias)


without = LinearOrNot(3, 4, bias=False)
assert without.bias is None
assert list(without.state_dict()) == ["weight"]
torch.testing.assert_close(without(torch.ones(1, 3))[0], without.weight.sum(dim=1))

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Write ``Sequential``: a Module that calls the modules that it is given, one after the
# other.
#
# Solution
# ^^^^^^^^


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


stack = Linear(3, 4), nn.ReLU(), Linear(4, 2)
x = torch.randn(5, 3)
assert torch.equal(Sequential(*stack)(x), nn.Sequential(*stack)(x))
assert len(list(Sequential(*stack).parameters())) == 4

# %%
# References
# ----------
#
# - PyTorch: `Module
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html>`__.
# - Layers in a list: `issue 715 <https://github.com/pytorch/pytorch/issues/715>`__;
#   ``super().__init__()``: `issue 37824
#   <https://github.com/pytorch/pytorch/issues/37824>`__.
# - fastai's `Module <https://docs.fast.ai/torch_core.html>`__, and its metaclass,
#   fastcore's `PrePostInitMeta <https://fastcore.fast.ai/meta>`__.
# - The questions are from the questionnaire of chapter 17 of *Deep Learning for Coders
#   with fastai and PyTorch* (J. Howard, S. Gugger, 2020).
