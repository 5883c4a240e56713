"""Programs that autograd refuses, by name. Each is run with a recording and without one, and must raise the same."""

import torch
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from tensorglass import default_device

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__.replace("_", " ")] = function
    return function


def leaf(*shape):
    torch.manual_seed(0)
    return torch.rand(shape or (3,), device=default_device()).add_(0.1).requires_grad_()


@program
def exp_then_add_():
    h = (2 * leaf()).exp()
    h.add_(1)
    h.sum().backward()


@program
def relu_then_add_():
    h = (2 * leaf()).relu()
    h.add_(1)
    h.sum().backward()


@program
def sigmoid_then_an_assignment_to_an_index():
    h = leaf().sigmoid()
    h[0] = 0
    h.sum().backward()


@program
def softmax_then_mul_():
    h = leaf().softmax(0)
    h.mul_(2)
    h.sum().backward()


@program
def a_factor_is_changed():
    x, factor = leaf(), torch.ones(3, device=default_device())
    y = x * factor
    factor.zero_()
    y.sum().backward()


@program
def a_view_of_a_saved_tensor_is_changed():
    h = leaf(3, 3).tanh()
    y = h.sin()
    h[0].zero_()
    y.sum().backward()


@program
def a_detached_alias_of_a_saved_tensor_is_changed():
    h = leaf().exp()
    h.detach().zero_()
    h.sum().backward()


@program
def an_index_is_changed():
    x, index = leaf(), torch.tensor([0, 2], device=default_device())
    y = x[index] * x[index]
    index.zero_()
    y.sum().backward()


@program
def a_weight_is_updated_between_forward_and_backward():
    weight, x = leaf(3, 3), leaf(2, 3)
    loss = functional.linear(functional.linear(x, weight), weight).sum()
    with torch.no_grad():
        weight.sub_(0.1)
    loss.backward()


@program
def an_inplace_relu_and_then_another_change():
    h = leaf() * 2
    y = functional.relu(h, inplace=True)
    y.add_(1)
    y.sum().backward()


@program
def a_custom_function_whose_saved_tensor_is_changed():
    y = Square.apply(leaf() * 1)
    y.grad_fn.saved_tensors[0].add_(1)
    y.sum().backward()


@program
def a_checkpointed_input_is_changed():
    x = leaf() * 1
    y = checkpoint(lambda each: (each * 2).exp(), x, use_reentrant=True)
    x.add_(1)
    y.sum().backward()


@program
def twice_backward():
    loss = leaf().exp().sum()
    loss.backward()
    loss.backward()


@program
def backward_through_a_shared_part_that_was_freed():
    h = leaf().exp()
    h.sum().backward()
    (h * 2).sum().backward()


@program
def a_saved_field_that_was_freed():
    y = leaf().exp()
    y.sum().backward()
    _ = y.grad_fn._saved_result


@program
def a_leaf_is_changed_in_place():
    leaf().add_(1)


@program
def a_view_of_a_leaf_is_changed_in_place():
    leaf()[0] = 1


@program
def backward_of_a_vector():
    leaf().exp().backward()


@program
def backward_of_a_constant():
    torch.ones(3, device=default_device()).sum().backward()


@program
def a_gradient_with_respect_to_something_unused():
    x, unused = leaf(), leaf()
    torch.autograd.grad(x.exp().sum(), unused)


@program
def double_backward_without_its_graph():
    x = leaf()
    (gradient,) = torch.autograd.grad((x**3).sum(), x)
    gradient.sum().backward()


@program
def double_backward_of_a_function_that_has_none():
    x = leaf()
    (gradient,) = torch.autograd.grad(Once.apply(x).sum(), x, create_graph=True)
    gradient.sum().backward()


@program
def one_of_several_views_is_changed():
    first, second = leaf(4).mul(2).split(2)
    first.mul_(2)
    second.sum().backward()


@program
def an_error_in_a_custom_backward():
    Broken.apply(leaf()).sum().backward()


@program
def a_gradient_of_another_shape():
    leaf().exp().backward(torch.ones(4, device=default_device()))


@program
def saved_tensors_are_read_after_they_were_freed():
    y = Square.apply(leaf())
    y.sum().backward()
    _ = y.grad_fn.saved_tensors


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 2 * x * gradient


class Once(Square):
    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return gradient


class Broken(Square):
    @staticmethod
    def backward(ctx, gradient):
        raise KeyError("broken on purpose")
