"""Where a layer is made, and the same call with other numbers."""

import pytest
from torch import nn
from trying import explained, run

from tensorglass.errors.entry import Case
from tensorglass.errors.expression import example
from tensorglass.errors.layers import FailingLayer
from tensorglass.errors.making import Argument, preceded, remade

CALL = "x = torch.ones(4, 7)\nresult = {call}"


def fix_of(made, call="layer(x)"):
    """Return the fix that makes the layer anew, of a program that makes it so."""
    source = f"{made}\n" + CALL.format(call=call)
    explanation = explained(source)
    (fix,) = [fix for fix in explanation.fixes if fix.replaces != explanation.operation]
    if fix.replaces is not None:
        run(source.replace(fix.replaces, fix.code))
    return fix


@pytest.mark.parametrize(
    ("made", "old", "new"),
    [
        ("layer = nn.Linear(3, 2)", "nn.Linear(3, 2)", "nn.Linear(7, 2)"),
        ("layer = torch.nn.Linear(3, 2)", "torch.nn.Linear(3, 2)", "torch.nn.Linear(7, 2)"),
        ("layer = nn.Linear(in_features=3, out_features=2)", "nn.Linear(in_features=3, out_features=2)", None),
        ("layer = nn.Linear(out_features=2, in_features=3)", "nn.Linear(out_features=2, in_features=3)", None),
        ("n = 2\nlayer = nn.Linear(3, 2 * n, bias=False)", "nn.Linear(3, 2 * n, bias=False)", None),
        ("layer = nn.Linear(\n    3,\n    2,\n)", "nn.Linear(\n    3,\n    2,\n)", None),
        ("from torch.nn import Linear\nlayer = Linear(3, 2)", "Linear(3, 2)", "Linear(7, 2)"),
        ("é = 'é'; layer = nn.Linear(3, 2)", "nn.Linear(3, 2)", "nn.Linear(7, 2)"),
    ],
)
def test_the_call_is_found(made, old, new):
    fix = fix_of(made)
    assert fix.replaces == old
    assert fix.code == (old.replace("3", "7") if new is None else new)


def test_of_several_the_one_with_the_numbers_is_meant():
    fix = fix_of("other = nn.Linear(9, 9)\nlayer = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 3))")
    assert (fix.replaces, fix.code) == ("nn.Linear(3, 2)", "nn.Linear(7, 2)")


@pytest.mark.parametrize("layer", ["Net(3)", "nn.Sequential(nn.ReLU(), Net(3))"])
def test_of_several_the_one_with_the_name_is_meant(layer):
    made = (
        "class Net(nn.Module):\n"
        "    def __init__(self, n):\n"
        "        super().__init__()\n"
        "        self.first = nn.Linear(n, 2)\n"
        "        self.second = nn.Linear(n, 3)\n"
        "    def forward(self, x):\n"
        "        return self.second(x)\n"
        f"layer = {layer}"
    )
    fix = fix_of(made)
    assert (fix.replaces, fix.code) == ("nn.Linear(n, 3)", "nn.Linear(7, 3)")


def test_where_two_could_be_meant_none_is():
    fix = fix_of("layers = [nn.Linear(3, 2), nn.Linear(3, 2)]", "layers[1](x)")
    assert fix.replaces is None
    assert fix.code == "nn.Linear(in_features=7)"


def test_where_it_is_made_elsewhere():
    fix = fix_of("make = getattr(nn, 'Linear')\nlayer = make(3, 2)")
    assert fix.replaces is None
    assert fix.result == "a layer for 7 features (if 4 is the batch), where Linear is made"


def test_another_class():
    source = "layer = nn.BatchNorm2d(3, affine=False)\nx = torch.ones(2, 3)\nresult = layer(x)"
    fix = next(fix for fix in explained(source).fixes if "BatchNorm" in fix.code)
    assert (fix.code, fix.replaces) == ("nn.BatchNorm1d(3, affine=False)", "nn.BatchNorm2d(3, affine=False)")


def test_one_more_argument():
    source = "layer = nn.Conv2d(\n    3,\n    8,\n    6,\n)\nx = torch.ones(1, 3, 3, 4)\nresult = layer(x)"
    (fix,) = explained(source).fixes
    assert fix.code == "nn.Conv2d(\n    3,\n    8,\n    6, padding=2)"
    assert run(source.replace(fix.replaces, fix.code))["result"].shape == (1, 8, 2, 3)


def test_padding_that_is_there_is_not_given_twice():
    source = "layer = nn.Conv2d(3, 8, 9, padding=1)\nx = torch.ones(1, 3, 4, 4)\nresult = layer(x)"
    assert explained(source).fixes == ()


NEW = [Argument(0, "in_features", 3, 7), Argument(1, "out_features", 2, 5)]


@pytest.mark.parametrize(
    ("arguments", "extra", "code"),
    [
        (NEW, "", "nn.Linear(in_features=7, out_features=5)"),
        (NEW, "bias=False", "nn.Linear(in_features=7, out_features=5, ..., bias=False)"),
        ([], "bias=False", "nn.Linear(..., bias=False)"),
        ([], "", "nn.Linear(...)"),
    ],
)
def test_without_the_source_what_is_not_known_is_left_open(arguments, extra, code):
    case = Case({}, "", example("layer(x)"), FailingLayer(nn.Linear(3, 2), "a.fc", (), is_own=False))
    (fix,) = remade(case, arguments, "a layer", extra=extra)
    assert (fix.code, fix.result) == (code, "a layer, where `a.fc` (Linear) is made")


@pytest.mark.parametrize("layer", [None, FailingLayer(nn.Linear(3, 2), "", (), is_own=True)])
def test_only_a_layer_of_torch_is_made_anew(layer):
    case = Case({}, "", example("layer(x)"), layer)
    assert list(remade(case, NEW, "a layer")) == []
    assert list(preceded(case, NEW, "nn.Flatten()", "rows")) == []


def test_the_layer_in_front_of_which_another_is_put_is_found_by_its_name():
    made = (
        "class Net(nn.Module):\n"
        "    def __init__(self, n):\n"
        "        super().__init__()\n"
        "        self.other = nn.Sequential(nn.Linear(n, 2))\n"
        "        self.layer = nn.Linear(n, 2)\n"
        "    def forward(self, x):\n"
        "        return self.layer(F.relu(x))\n"
        "model = nn.Sequential(nn.ReLU(), Net(12))\n"
    )
    explanation = explained(f"{made}x = torch.ones(2, 3, 4)\nmodel(x)")
    assert next(fix.result for fix in explanation.fixes) == "each example as one row, in front of nn.Linear(n, 2)"
