# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
float32, bfloat16, float16, TF32: what does each keep?
======================================================

People ask this when a model that trains in ``float32`` gives ``inf`` or stops learning
in 16 bits, and because two formats of 16 bits exist.

:Level: intermediate

Short answer
------------

``bfloat16`` keeps the range of ``float32``, up to 3e38, and 8 of its 24 binary digits.
``float16`` keeps 11 digits, ends at 65504, and its smallest positive number is 6e-8.
TF32 is no dtype: some GPUs round factors of ``float32`` products to 11 digits. Keep
weights and long sums in ``float32``. With ``float16``, scale the loss.
"""

import torch

x = torch.tensor([0.1, 257, 70000, 1e-8])
bfloat16, float16 = x.bfloat16().tolist(), x.half().tolist()
print("bfloat16:", bfloat16)
print("float16: ", float16)
assert (bfloat16[1], *float16[1:]) == (256, 257, float("inf"), 0)

# %%
# How many binary digits does each format keep of a number of a given size? A higher
# line has finer steps, a longer one more range. At its left end each line falls: these
# numbers, called subnormal, lose digits until nothing is left.

# More: measures the digits from the bits, and draws them
import matplotlib.pyplot as plt
from tensorglass import default_device

device = default_device()  # a GPU if there is one
BITS = {torch.float32: torch.int32, torch.bfloat16: torch.int16}
BITS[torch.float16] = torch.int16


def next_above(x):  # of positive x: the same bits, counted up by one
    return (x.view(BITS[x.dtype]) + 1).view(x.dtype)


def digits(x):  # binary digits that are kept of a power of two
    step = next_above(x).double() - x.double()
    return (x.double() / step).log2() + 1


def tf32(x, places=10):  # float32, rounded to so many binary places
    mantissa, exponent = torch.frexp(x)  # between 0.5 and 1: one place more
    return torch.ldexp(
        (mantissa * 2 ** (places + 1)).round() / 2 ** (places + 1), exponent
    )


names = {torch.float32: "float32", torch.bfloat16: "bfloat16", torch.float16: "float16"}
colors = dict(zip(names, ("#0072b2", "#d55e00", "#009e73"), strict=True))
powers = 2.0 ** torch.arange(-149, 128, dtype=torch.float64, device=device)
figure, ax = plt.subplots(figsize=(5.4, 3.3), layout="constrained")
kept, told = {}, []
for dtype, name in names.items():
    numbers = powers.to(dtype)
    there = (numbers > 0) & numbers.isfinite()
    numbers = numbers[there]
    kept[name] = digits(numbers)
    ends = f"from {numbers[0].item():.0e} to {torch.finfo(dtype).max:.0e}"
    told.append(f"{name}: {kept[name].max().item():.0f} binary digits, {ends}")
    ax.semilogx(numbers.tolist(), kept[name].tolist(), color=colors[dtype])
    place = (1e-30, 24.6) if name == "float32" else (1e-30, 8.6)
    ax.text(*((1e-2, 11.6) if name == "float16" else place), name, color=colors[dtype])
normal = powers[powers >= torch.finfo(torch.float32).tiny].float()
in_tf32 = torch.stack([1 + 2.0 ** -torch.arange(1.0, 24)]).to(device)
told.append(f"TF32: {1 + (tf32(in_tf32) == in_tf32).sum().item()}, as float32 reaches")
ax.semilogx(normal.tolist(), [11.0] * len(normal), color="#808080", linestyle="dotted")
ax.text(1e-30, 11.6, "TF32", color="#808080")
ax.set(xlabel="size of the number", ylabel="binary digits", ylim=(0, 28))
ax.set_title("Height is precision, width is range")
ax.set_label(
    f"Four lines, the digits kept over the size of a number. {'; '.join(told)}."
)
print(*told, sep="\n")
assert [round(each.max().item()) for each in kept.values()] == [24, 8, 11]
assert (tf32(in_tf32) == in_tf32).sum() == 10
assert kept["float16"][0] == kept["bfloat16"][0] == 1

# %%
# Take it home
# ------------
#
# A training step in 16 bits, with weights in ``float32``. With ``bfloat16`` the scaler
# is not needed.

# More: makes a model and data
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler(device.type)
inputs = torch.randn(4096, 64, device=device)
targets = torch.randn(4096, 1, device=device)
before = model[0].weight.detach().clone()

# %%

optimizer.zero_grad()
with torch.autocast(device.type, dtype=torch.float16):
    loss = F.mse_loss(model(inputs), targets)
scaler.scale(loss).backward()
scaler.step(optimizer)
scaler.update()

assert not torch.equal(model[0].weight, before)
assert loss.dtype == model[0].weight.dtype == torch.float32

# %%
# Would your model fit into ``float16``? The library of this site measures the largest
# output of each layer, and the size of the gradients. Below 6e-5 these lose digits.

from tensorglass import activation_stats

limits = torch.finfo(torch.float16)
print(f"float16 keeps all its digits from {limits.tiny:.0e} to {limits.max:.0f}")
for layer in activation_stats(model, inputs, lambda out: F.mse_loss(out, targets)):
    fits = layer.largest < limits.max, layer.gradient_rms > limits.tiny
    print(
        f"{layer.kind:6} {layer.largest:.1f} and {layer.gradient_rms:.0e} fit: {fits}"
    )
assert fits == (True, True)  # of the last one

# %%
# Why
# ---
#
# The normal numbers of a format with p binary digits are evenly spaced between two
# powers of two (the standard below; ``torch.finfo`` tells the figures):
#
# .. math::
#
#    \mathrm{step}(x) = 2^{\,e + 1 - p}
#    \quad \text{for} \quad 2^e \le |x| < 2^{e+1}
#
# A result is rounded to the nearest number, halfway to the even one; to 16 bits from
# ``float32``. So whole numbers are exact up to :math:`2^p`, and adding less than half
# the step on that side changes nothing. The exponent's bits set the range: 8 in
# ``float32`` and ``bfloat16``, 5 in ``float16``.

for dtype, p in ((torch.float32, 24), (torch.bfloat16, 8), (torch.float16, 11)):
    last = torch.tensor(2.0**p, dtype=dtype, device=device)
    step = next_above(last) - last
    assert step == 2 ** (p + 1) / 2**p == 2
    assert (last + 1, last - 1) == (2**p, 2**p - 1)
    exponents = torch.finfo(dtype).bits - p  # p - 1 bits are stored, and the sign
    assert exponents == (5 if dtype == torch.float16 else 8)

# %%
# More: all 65,536 numbers of both formats
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Each step of the normal numbers is as the formula says. Halfway between two neighbours
# a number of float32 goes to the even one, and next to that to the nearer one. On a CPU
# a number of float64 is rounded twice, to float32 first: from a little more than
# halfway it may go down. Of the patterns, ``bfloat16`` spends 254 on NaN and
# ``float16`` 2,046, and each 2 on infinity and 2 on zero.

counts = {}
for dtype, p in ((torch.bfloat16, 8), (torch.float16, 11)):
    patterns = torch.arange(2**16, dtype=torch.int32, device=device).to(torch.int16)
    every = patterns.view(dtype)
    whole = every.double()
    counts[dtype] = [whole.isnan().sum().item(), whole.isinf().sum().item()]
    counts[dtype].append((whole == 0).sum().item())
    positive = every[(whole > 0) & whole.isfinite()].double()  # already in order
    below, above = positive[:-1], positive[1:]
    normal = below >= torch.finfo(dtype).tiny
    exponent = torch.frexp(below).exponent - 1
    step = torch.ldexp(torch.ones_like(below), exponent + 1 - p)
    assert torch.equal((above - below)[normal], step[normal])
    subnormal_step = torch.finfo(dtype).tiny * 2.0 ** (1 - p)
    assert ((above - below)[~normal] == subnormal_step).all()

    middle = (below + above) / 2
    even = torch.where(torch.arange(len(below), device=device) % 2 == 1, below, above)
    exact = middle.float().double() == middle
    rounded = middle.float().to(dtype).double()
    assert torch.equal(rounded[exact], even[exact])
    assert (~exact).sum() == 0
    lower, upper = (below * 3 + above) / 4, (below + above * 3) / 4
    held = lower.float().double() == lower  # float32 has a number there
    held &= upper.float().double() == upper
    assert torch.equal(lower[held].float().to(dtype).double(), below[held])
    assert torch.equal(upper[held].float().to(dtype).double(), above[held])
    print(dtype, "NaN, inf, zero:", counts[dtype], " steps compared:", len(below))
assert counts == {torch.bfloat16: [254, 2, 2], torch.float16: [2046, 2, 2]}

largest = positive[-1].item(), torch.finfo(torch.float16).max
assert largest == (65504, 65504)
more_than_halfway = torch.tensor(1 + 2**-11 + 2**-30, dtype=torch.float64)
assert more_than_halfway.half() == 1

# %%
# More: what TF32 does to a product
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The tensors stay ``float32``, and their products are added in ``float32``. The factors
# lose 13 of their 23 places. We round them ourselves: TF32 itself was not run here.
# Each factor is off by at most 2^-11 of itself, and so a product of random matrices by
# about a thousand to ten thousand times as much as before: the more products a sum has,
# the less. Small whole numbers stay exact. (What turns it on: :doc:`/devices`.)

from tensorglass import measured


def error_of(product, a, b):
    scale = a.double().abs() @ b.double().abs()
    return ((product - a.double() @ b.double()).abs() / scale).mean()


torch.manual_seed(0)
orders = []
for inner in (1, 16, 128, 1024):
    a, b = torch.randn(2, 128, inner, device=device)
    torch.testing.assert_close(tf32(a), a, rtol=2**-11, atol=0)
    before, after = error_of(a @ b.T, a, b.T), error_of(tf32(a) @ tf32(b).T, a, b.T)
    orders.append((after / before).log10().item())
    print(
        "sums of", inner, "products: 10 to the power of", measured(f"{orders[-1]:.1f}")
    )
torch.testing.assert_close(orders, [4.0, 3.7, 3.2, 3.1], rtol=0, atol=0.5)
a = torch.randint(-9, 10, (128, 128), device=device).float()
assert torch.equal(tf32(a) @ tf32(a), a @ a)
assert (23 - 10, tf32(a).dtype) == (13, torch.float32)

# %%
# What is often said
# ------------------
#
# "Under ``autocast`` the model is in half precision." Weights and their gradients stay
# ``float32``. ``@`` and convolutions of ``float32`` run in 16 bits, torch's usual
# losses in ``float32``. Most other operations take what comes; a list for each device
# runs in ``float32``. (On a GPU also ``exp``, sums, ``softmax`` and norms, by the
# documentation.)

image = torch.rand(1, 1, 8, 8, device=device)
with torch.autocast(device.type, dtype=torch.bfloat16):
    product, image = inputs @ inputs[:64].T, F.conv2d(image, image)
    narrow, wide = torch.tanh(product), torch.tanh(inputs)
    loss = F.mse_loss(model(inputs), targets)
optimizer.zero_grad()
loss.backward()
assert product.dtype == image.dtype == narrow.dtype == torch.bfloat16
assert loss.dtype == wide.dtype == model[0].weight.grad.dtype == torch.float32

# %%

# More: tries what is not usual
with torch.autocast(device.type, dtype=torch.bfloat16):
    in_double, few = inputs.double() @ inputs[:64].double().T, narrow[:4, :4]
    usual = [F.mse_loss(few, few), F.l1_loss(few, few), F.cross_entropy(few, few.abs())]
    listed = [few.prod(), torch.cdist(few, few)]  # on a CPU and on a GPU
    other_loss = F.gaussian_nll_loss(few, few, few.abs())
assert in_double.dtype == torch.float64
assert {each.dtype for each in usual} == {torch.float32}
assert {each.dtype for each in listed} == {torch.float32}
if device.type == "cpu":
    assert other_loss.dtype == torch.bfloat16

# %%
# "``bfloat16`` needs no loss scaling." That is right: its normal numbers reach as far
# down as those of ``float32``. ``float16`` drops gradients below half of 6e-8.
# ``GradScaler`` multiplies the loss, by 65,536 at first, and divides the gradients.


def gradient(dtype, scale):
    w = torch.ones((), device=device, requires_grad=True)
    loss = w.to(dtype).float() * 2e-8  # the gradient, 2e-8, passes through 16 bits
    (loss * scale).backward()
    return f"{w.grad / scale:.0e}"


cases = (torch.bfloat16, 1), (torch.float16, 1), (torch.float16, 65_536)
print(found := [gradient(*case) for case in cases])
assert found == ["2e-08", "0e+00", "2e-08"]
assert torch.amp.GradScaler(device.type).get_scale() == 65_536

# %%
# More: "the loss is NaN, so lower the scale"
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The scaler does that. Where a gradient is infinite or NaN, it leaves the step out and
# halves the scale; after 2,000 good steps it doubles it. That mends gradients which are
# too large *because* of the scale, and not a loss that is NaN itself: then every step
# is left out.

w = nn.Parameter(torch.ones(1, device=device))
alone = torch.optim.SGD([w], lr=0.1)
scaler = torch.amp.GradScaler(device.type)
for factor in (10.0, float("nan"), float("nan"), 1.0):
    alone.zero_grad()
    scaler.scale((w.half().float() * factor).sum()).backward()
    scaler.step(alone)
    scaler.update()
    print(f"factor {factor}: w {w.item():.2f}, scale {scaler.get_scale():,.0f}")
assert scaler.get_scale() == 65_536 / 2**3
assert scaler.get_growth_interval() == 2_000
reached = round(w.item(), 2)
assert reached == 0.9  # one step of four

# %%
# Traps
# -----
#
# A sum stops growing
# ~~~~~~~~~~~~~~~~~~~
#
# Added up one by one, ones reach 2048 in ``float16`` and 256 in ``bfloat16``, and stay
# there. ``torch.sum`` adds these in ``float32`` and rounds at the end; of long sums on
# several CPU threads it rounds each thread's part, too.

ones = torch.ones(3000, device=device)
for dtype, expected in ((torch.float16, 2048), (torch.bfloat16, 256)):
    total = torch.zeros((), dtype=dtype, device=device)
    for one in ones.to(dtype):
        total += one
    print(dtype, total.item(), " torch.sum:", ones.to(dtype).sum().item())
    assert total == expected

sums = [ones.half().sum().item(), ones.bfloat16().sum().item()]
assert sums == [3000, 3008]  # bfloat16 has no 3000

# %%

# More: tries two threads
before, parts = torch.get_num_threads(), []
both = torch.ones(200_000, dtype=torch.float16)
both = torch.cat([both, -both])  # each half of the sum is infinite in float16
for threads in (1, 2):
    torch.set_num_threads(threads)
    parts.append(both.sum().isnan().item())
torch.set_num_threads(before)
assert parts == [False, True]

# %%
# More: and still it may overflow
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# The result of ``sum`` must fit, too. Ask for a wider one with ``dtype=``. Added one by
# one, ones in ``float32`` stop at 16,777,216; ``torch.sum`` adds in several parts, and
# passes that.

many = torch.ones(70_000, dtype=torch.float16, device=device)
assert many.sum() == float("inf")
assert many.sum(dtype=torch.float32) == 70_000
assert many.mean() == 1
full = torch.tensor(16_777_216.0, device=device)
assert full + 1 == full
total = torch.ones((), device=device).expand(20_000_000).sum()
passes = (total > full).item()
assert passes

# %%
# More: the sums of NumPy
# ~~~~~~~~~~~~~~~~~~~~~~~
#
# NumPy adds ``float16`` in pairs along the axis with the smallest stride, and one by
# one along others. Whether that is the first axis or the last depends on the layout.

import numpy as np

columns = np.ones((3000, 2), np.float16)
by_numpy = int(np.asfortranarray(columns).sum(0)[0]), int(columns.sum(0)[0])
assert by_numpy == (3000, 2048)
rows = columns.T
along_rows = [int(each.sum(1).max()) for each in (rows, rows.copy())]
assert along_rows == [2048, 3000]

# %%
# Weights in bfloat16 do not move
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Next to 1, ``bfloat16`` has steps of 1/128 above and 1/256 below. A smaller update
# than half of that is lost, at each of 1,000 steps. That is why ``autocast`` keeps
# weights in ``float32``.


def after_training(dtype):
    w = nn.Parameter(torch.ones(1, dtype=dtype, device=device))
    optimizer = torch.optim.SGD([w], lr=0.001)
    for _ in range(1000):
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()
    return round(w.item(), 2)


ends = [after_training(dtype) for dtype in (torch.float32, torch.bfloat16)]
print("from 1 to", ends)
assert ends == [0, 1]

# %%

# More: tries the steps on both sides of 1
one = torch.ones((), dtype=torch.bfloat16, device=device)
step_above = (next_above(one) - 1).item()
small, half_of_it, subtracted = 1 / 256, 1 / 512, []
for update in (small, half_of_it):
    subtracted.append((one - update).item())
assert (step_above, subtracted) == (1 / 128, [1 - 1 / 256, 1])

# %%
# Positions that fall together
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# Whole numbers are exact up to 256 in ``bfloat16`` and 2048 in ``float16``. Of 4,096
# positions 769 and 3,073 are left. Compute with positions, counts and indices in whole
# numbers or ``float32``: also under ``autocast``, which rounds factors of products.

positions = torch.arange(4096, device=device)
left = [len(positions.to(dtype).unique()) for dtype in (torch.bfloat16, torch.float16)]
print("different positions:", left)
assert left == [769, 3073]

# %%

# More: the same under autocast
with torch.autocast(device.type, dtype=torch.bfloat16):
    angles = positions.float()[:, None] @ torch.ones(1, 1, device=device)
assert len(angles.unique()) == 769

# %%
# More: an eps that is 0
# ~~~~~~~~~~~~~~~~~~~~~~
#
# The eps that you add to a tensor, to keep a division from 0/0, must be a number of its
# format. In ``float16`` 1e-8 is 0, and 1e-4 is not. ``F.layer_norm`` computes in a
# wider format, and takes 1e-8.

spread = torch.zeros(2, dtype=torch.float16, device=device)
too_small, large_enough = spread + 1e-8, spread + 1e-4
assert (spread / too_small).isnan().all()
quotient = spread / large_enough
assert quotient.tolist() == [0, 0]
normalized = F.layer_norm(spread, (2,), eps=1e-8)
assert normalized.tolist() == [0, 0]

# %%
# More: Got unsupported ScalarType BFloat16
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# NumPy has no ``bfloat16``. Call ``float()`` first. It loses nothing: each number of
# ``bfloat16`` is one of ``float32``, of which the last 16 bits are 0.

from tensorglass import shows_error

with shows_error(TypeError, match="Got unsupported ScalarType BFloat16"):
    one.cpu().numpy()
assert one.float().cpu().numpy() == 1
every = (
    torch.arange(-(2**15), 2**15, device=device).to(torch.int16).view(torch.bfloat16)
)
last_bits = every.float().view(torch.int32) % 2**16
assert not last_bits.any()

# %%
# On a GPU
# --------
#
# The formats are the same. The CPU of this build has no TF32. On a GPU ``cumsum`` of
# ``float16`` was reported to add in ``float16`` (issue below); neither was run here.

print("this page ran on", device.type)
if device.type == "cpu":
    running = ones.half().cumsum(0).max().item()
    assert running == 3000

# %%
# Exercises
# ---------
#
# Exercise 1
# ~~~~~~~~~~
#
# Which is the first whole number that is missing in TF32?
#
# Solution
# ^^^^^^^^
#
# It has 11 binary digits, as ``float16``: 2049.

numbers = torch.arange(1.0, 5000, device=device)
missing = numbers[tf32(numbers) != numbers]
print("missing:", missing[:3].tolist())
assert missing[0] == 2**11 + 1 == 2049

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Show that the product of two numbers of ``float16`` is exact in ``float32``, as long
# as it is not too small or too large. Which product of two ``float32`` is not?
#
# Solution
# ^^^^^^^^
#
# 11 and 11 digits make at most 22, and ``float32`` has 24. We try all pairs between 1
# and 2: powers of two change the exponent alone.

mantissas = (1 + torch.arange(1024, device=device) / 1024).half()
exact = mantissas.double()[:, None] * mantissas.double()
whole = exact * 2**20
assert torch.equal(whole, whole.round())
assert whole.max().log2().ceil() == 22
assert torch.equal((mantissas.float()[:, None] * mantissas.float()).double(), exact)
third = torch.tensor(1 / 3, device=device)
rounded, unrounded = (third * third).double(), third.double() * third.double()
assert rounded != unrounded

# %%
# References
# ----------
#
# - PyTorch: `torch.finfo <https://docs.pytorch.org/docs/stable/type_info.html>`__,
#   `Automatic Mixed Precision <https://docs.pytorch.org/docs/stable/amp.html>`__ (what
#   is cast on which device) and `Numerical accuracy
#   <https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html>`__.
# - P. Micikevicius et al.: `Mixed Precision Training
#   <https://arxiv.org/abs/1710.03740>`__ (2018), on scaling the loss.
# - D. Kalamkar et al.: `A Study of BFLOAT16 for Deep Learning Training
#   <https://arxiv.org/abs/1905.12322>`__ (2019).
# - `IEEE 754-2019 <https://doi.org/10.1109/IEEESTD.2019.8766229>`__, the standard for
#   arithmetic with such numbers.
# - Weights that do not move: `pytorch/ao pull request 1124
#   <https://github.com/pytorch/ao/pull/1124>`__. Positions: `diffusers issue 13920
#   <https://github.com/huggingface/diffusers/issues/13920>`__. Sums:
#   `pytorch issue 180150 <https://github.com/pytorch/pytorch/issues/180150>`__, `pull
#   request 60387 <https://github.com/pytorch/pytorch/pull/60387>`__ and `numpy issue
#   24443 <https://github.com/numpy/numpy/issues/24443>`__.
