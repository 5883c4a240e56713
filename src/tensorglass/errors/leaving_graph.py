"""Tensors that belong to a graph, where they cannot: in NumPy, in a copy, in an optimizer; and a gradient of nan."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .entry import Case, Entry
from .operand import ErrorFix
from .reading import is_inference, is_tensor

_PAGE = "auto_examples/errors/no_graph.html"


def _numpy_cause(case: Case) -> str:
    return (
        f"{case.shown(0, 'The tensor')} requires a gradient, and NumPy would use or change its numbers behind "
        "autograd's back."
    )


def _numpy_fixes(case: Case) -> Iterator[ErrorFix]:
    is_called = bool(case.parts) and isinstance(case.parts[0].node, ast.Call)  # such as np.array(model(x))
    if not case.is_real or (case.parts and is_tensor(case.parts[0].value)) or case.expression.is_method or is_called:
        yield case.with_parts({0: f"{case.code_of(0)}.detach()"}, "an array of the same numbers, outside of the graph")
    else:
        yield ErrorFix("losses.append(loss.item())", "a Python number, where results are collected for NumPy")


def _copy_cause(case: Case) -> str:
    return (
        "A tensor that was computed belongs to a graph, which is not copied; only tensors that were created, such as "
        f"parameters, can be: {case.shown(0, 'what is copied')} is or holds such a result."
    )


def _copy_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.detach().clone()", "a copy outside of the graph")
    elif case.name == "deepcopy" and case.parts and is_tensor(case.parts[0].value):
        yield case.instead(f"{case.code_of(0)}.detach().clone()", "a copy outside of the graph")
        yield case.instead(f"{case.code_of(0)}.clone()", "a copy in the graph: gradients flow through it")
    else:
        yield ErrorFix("self.x = x.detach()", "a result that the object holds, without its graph")


def _flag_cause(case: Case) -> str:
    return (
        "Only a tensor that was created, not computed, can be told whether it requires a gradient; a result does if "
        "its operands do."
    )


def _flag_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x = x.detach()", "a tensor without a graph")
        return
    if case.expression.is_method and case.name == "requires_grad_":
        yield case.instead(f"{case.code_of(0)}.detach()", "a tensor without a graph")
    elif case.name == "requires_grad=":
        name = case.parts[0].text
        yield case.instead(f"{name} = {name}.detach()", "a tensor without a graph")


def _leaf_cause(case: Case) -> str:
    return (
        "An optimizer changes tensors that were created; one that was computed would be computed anew in the next step."
    )


def _leaf_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("torch.optim.SGD([x.detach().clone().requires_grad_()], lr=0.1)", "a tensor of its own")
    elif case.parts and len(case.parts[0].elements) == 1 and is_tensor(case.parts[0].elements[0].value):
        code = f"[{case.parts[0].elements[0].text}.detach().clone().requires_grad_()]"
        yield case.with_parts({0: code}, "a tensor of its own; give it a name, to read it afterwards")


def _no_parameters_cause(case: Case) -> str:
    return (
        "The optimizer was given no parameters: the model has none, or they are kept where it does not look, as in a "
        "list."
    )


def _no_parameters_fixes(case: Case) -> Iterator[ErrorFix]:
    yield ErrorFix("self.layers = nn.ModuleList(layers)", "layers in a list that the model knows of")
    yield ErrorFix("params = list(model.parameters())", "parameters that can be gone through twice")


def _nan_cause(case: Case) -> str:
    return (
        f"Anomaly mode found that the backward pass of {case.found['function']} returned nan: the derivative there is "
        "infinite and met a gradient of 0, as with sqrt or log at 0, or the forward pass had nan or infinity already."
    )


def _nan_fixes(case: Case) -> Iterator[ErrorFix]:
    changes = {
        "SqrtBackward0": ("x.clamp(min=1e-12).sqrt()", "a finite slope at 0"),
        "LogBackward0": ("x.clamp(min=1e-12).log()", "a finite slope at 0"),
    }
    if (
        case.found["function"] in changes
    ):  # elsewhere no one change of the forward pass keeps nan out of the backward pass
        yield ErrorFix(*changes[case.found["function"]])


def _inference_cause(case: Case) -> str:
    return (
        "A tensor made under `inference_mode` has no version counter, so that autograd cannot keep it for a backward "
        "pass."
    )


def _inference_fixes(case: Case) -> Iterator[ErrorFix]:
    if not case.is_real:
        yield case.instead("x.clone()", "an ordinary tensor")
        return
    for position, part in enumerate(case.parts):
        if is_inference(part.value):
            yield case.with_parts({position: f"{case.code_of(position)}.clone()"}, "an ordinary tensor")
            return


ENTRIES = (
    Entry(
        "numpy_grad",
        (r"Can't call numpy\(\) on (?:Tensor|Variable) that requires grad",),
        "x.numpy()",
        _numpy_cause,
        _numpy_fixes,
        f"{_PAGE}#can-t-call-numpy-on-tensor-that-requires-grad",
    ),
    Entry(
        "deepcopy",
        (r"Only Tensors created explicitly by the user \(graph leaves\) support the deepcopy protocol",),
        "copy.deepcopy(x)",
        _copy_cause,
        _copy_fixes,
        f"{_PAGE}#more-support-the-deepcopy-protocol",
    ),
    Entry(
        "requires_grad_flag",
        (r"you can only change requires_grad flags of leaf variables",),
        "x.requires_grad_(False)",
        _flag_cause,
        _flag_fixes,
        f"{_PAGE}#more-you-can-only-change-requires-grad-flags-of-leaf-variables",
    ),
    Entry(
        "optimizer_leaf",
        (r"can't optimize a non-leaf Tensor",),
        "optimizer(x)",
        _leaf_cause,
        _leaf_fixes,
        f"{_PAGE}#more-can-t-optimize-a-non-leaf-tensor",
    ),
    Entry(
        "no_parameters",
        (r"optimizer got an empty parameter list",),
        "optimizer(p)",
        _no_parameters_cause,
        _no_parameters_fixes,
        f"{_PAGE}#more-optimizer-got-an-empty-parameter-list",
    ),
    Entry(
        "nan",
        (r"Function '(?P<function>\w+)' returned nan values in its \d+th output",),
        "loss.backward()",
        _nan_cause,
        _nan_fixes,
        f"{_PAGE}#more-returned-nan-values-in-its-0th-output",
    ),
    Entry(
        "inference",
        (r"Inference tensors cannot be saved for backward",),
        "x * weight",
        _inference_cause,
        _inference_fixes,
        "auto_examples/errors/changed_in_place.html#more-inference-tensors-cannot-be-saved-for-backward",
    ),
)
