# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.4", "numpy>=1.26", "opt_einsum>=3.4", "matplotlib>=3.8"]
# ///
"""
What does keepdim change?
=========================

.. What begins with two dots is a comment: readers of the page do not see it. The
   title is the question, in a reader's words. One sentence says when people ask it,
   and the line below for whom the page is: beginner, intermediate or advanced.

People ask this because ``x.mean(dim=1)`` runs, and then ``x - x.mean(dim=1)`` does not.

:Level: beginner

Short answer
------------

.. At most sixty words, and below them at most eight lines of code with one assert, and
   no import that they do not use. Whoever leaves after this has the right answer.

``sum(dim)``, ``mean(dim)`` and their kin remove the axis ``dim``. With ``keepdim=True``
it stays, with size 1. The numbers are the same, but now the result can be broadcast
against the tensor that it came from.
"""

import torch

x = torch.tensor([[1.0, 2, 3], [5, 7, 9]])
removed, kept = x.mean(dim=1), x.mean(dim=1, keepdim=True)
print(tuple(removed.shape), "or", tuple(kept.shape))
print(x - kept)
assert (x - kept).tolist() == [[-1, 0, 1], [-2, 0, 2]]

# %%
# .. Then a picture, drawn from the same objects. A block of code that begins with the
#    comment "More: " is folded, and its output is seen. A picture has a title; what you
#    draw yourself needs a label in words as well: ``ax.set_label("what it shows")``.
#
# On the left, the axis was removed: the 2 meets the 3. On the right it was kept, and
# the 1 is stretched.

# More: draws the shapes, aligned at their last axis
import matplotlib.pyplot as plt
from tensorglass import explain_broadcast

figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.2), layout="constrained")
explain_broadcast(x, removed).plot(left)
left.set_title("x - x.mean(dim=1)")
explain_broadcast(x, kept).plot(right)
right.set_title("x - x.mean(dim=1, keepdim=True)")
assert not explain_broadcast(x, removed)
assert explain_broadcast(x, kept).axes[0].roles == ("equal", "stretched")

# %%
# Take it home
# ------------
#
# .. One to five lines of torch to paste, with shapes that people have.
#
# Write ``keepdim=True`` whenever the result goes back to its tensor:

batch = torch.rand(32, 10, generator=torch.Generator().manual_seed(0))
centered = batch - batch.mean(dim=1, keepdim=True)
shares = batch / batch.sum(dim=1, keepdim=True)

torch.testing.assert_close(centered.mean(dim=1), torch.zeros(32))
torch.testing.assert_close(shares.sum(dim=1), torch.ones(32))

# %%
# .. Then the library's call that answers the same for the reader's own tensors.
#
# Where it was forgotten, the library says which axis is missing.

answer = explain_broadcast((32, 10), (32,)).smallest_fix
print(answer.code)
assert answer.code == "a + b[:, None]"

# %%
# Why
# ---
#
# .. The rule: once, precisely, with its scope and its source.
#
# The result of a reduction has the shape of its input without the reduced axes. With
# ``keepdim=True`` it has the shape of its input with size 1 in their place. (PyTorch
# documentation, ``torch.sum``.) So ``keepdim=True`` is ``unsqueeze(dim)`` afterwards.

assert torch.equal(kept, removed.unsqueeze(1))

# %%
# More: all shapes with up to 3 axes, tried
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# .. A section whose title begins with "More: " is folded, and runs like the others. The
#    proof goes there, and all that few need. A proof is exhaustive over small cases, as
#    here, or a law, a measurement and a tolerance. On random data: several seeds and a
#    median, never one lucky number.
#
# We take all shapes with 1 to 3 axes and sizes from 1 to 3, every axis, and three
# functions, on the GPU if there is one.

import itertools

from tensorglass import default_device

device = default_device()
torch.manual_seed(0)  # every random draw is seeded
functions, compared = (torch.sum, torch.mean, torch.amax), 0
for rank in (1, 2, 3):
    for shape in itertools.product((1, 2, 3), repeat=rank):
        data = torch.rand(shape, device=device)
        for dim, function in itertools.product(range(rank), functions):
            result = function(data, dim=dim, keepdim=True)
            assert torch.equal(result, function(data, dim=dim).unsqueeze(dim))
            assert result.shape == (*shape[:dim], 1, *shape[dim + 1 :])
            assert explain_broadcast(data, result).result == shape
            compared += 1

print(compared, "reductions compared")
assert compared == 3 * (1 * 3 + 2 * 9 + 3 * 27)

# %%
# What is often said
# ------------------
#
# .. The answer that circulates, in our own words. Run it, and show what really happens:
#    the real result, or the real error. Where it is right, say so.
#
# "It is a matter of looks: the numbers are the same." They are, and what you compute
# with them next is not. Without ``keepdim`` the same subtraction is refused.
# (``shows_error`` prints an error that must come, and fails if it does not.)

from tensorglass import shows_error

message = r"tensor a \(3\) must match the size of tensor b \(2\)"
with shows_error(RuntimeError, match=message):
    x - removed

# %%
# Traps
# -----
#
# A square matrix does not complain
# ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
#
# .. What people meet next, one heading each, with errors in torch's own words; what few
#    meet is folded.
#
# A square matrix has as many rows as a row has numbers. So the means of the rows are
# subtracted from its columns, in silence. Its rows then do not have the mean 0.

square = torch.tensor([[1.0, 3], [5, 9]], device=device)
wrong = square - square.mean(dim=1)
right = square - square.mean(dim=1, keepdim=True)
print("means of the rows:", wrong.mean(dim=1).tolist(), right.mean(dim=1).tolist())
assert wrong.mean(dim=1).tolist() == [-2.5, 2.5]
assert right.mean(dim=1).tolist() == [0, 0]

# %%
# On a GPU
# --------
#
# .. What differs there. If nothing does, say so and check it.
#
# Nothing differs. The result is on the device of its input.

print("this page ran on", device.type)
assert square.mean(dim=1, keepdim=True).device == square.device

# %%
# Exercises
# ---------
#
# .. Two or three. The site folds the solutions, and the build runs them.
#
# Exercise 1
# ~~~~~~~~~~
#
# Divide each column of ``x`` by its sum.
#
# Solution
# ^^^^^^^^

columns = x / x.sum(dim=0, keepdim=True)
torch.testing.assert_close(columns.sum(dim=0), torch.ones(3))

# %%
# Exercise 2
# ~~~~~~~~~~
#
# Write ``x.sum(dim=1, keepdim=True)`` without ``keepdim``, with an index.
#
# Solution
# ^^^^^^^^

assert torch.equal(x.sum(dim=1)[:, None], x.sum(dim=1, keepdim=True))

# %%
# References
# ----------
#
# .. Papers, PyTorch's documentation, threads. Open each once more before you name it.
#
# - PyTorch: `torch.sum
#   <https://docs.pytorch.org/docs/stable/generated/torch.sum.html>`__.
