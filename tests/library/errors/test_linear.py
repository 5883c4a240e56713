"""A linear layer on other features: its input is mended, as long as another shape of it fits."""

from dataclasses import replace

import pytest
from torch import nn
from trying import explained, run

from tensorglass import explain_error
from tensorglass.errors.entry import Case
from tensorglass.errors.expression import example
from tensorglass.errors.layers import FailingLayer
from tensorglass.errors.linear import is_linear

CONVOLUTIONS = "nn.Conv2d(3, 16, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3600, 10)"
OWN = (
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.conv = nn.Conv2d(3, 16, 3)\n"
    "        self.fc = nn.Linear(16 * 30 * 30, 10)\n"
    "    def forward(self, x):\n"
    "        {line}\n"
    "model = Net()\n"
)


def codes(explanation):
    return [fix.code for fix in explanation.fixes]


def told(explanation):
    return [(fix.code, fix.result) for fix in explanation.fixes]


def test_one_image_gets_a_batch_and_no_layer_for_its_rows():
    """`nn.Linear(225, 10)` would run, and make 16 examples of one image."""
    program = f"model = nn.Sequential({CONVOLUTIONS})\nimage = torch.ones(3, 32, 32)\nresult = model(image)"
    assert told(explained(program)) == [("model(image[None])", "a batch of one example")]
    layer = explained("layer = nn.Linear(3600, 10)\nimage = torch.ones(16, 225)\nresult = layer(image)")
    row = "layer(image.reshape(1, -1))", "shape (1, 10): one example, of 3600 features"
    assert told(layer) == [row]
    source = OWN.format(line="return self.fc(self.conv(x).flatten(1))") + "result = model(torch.ones(3, 32, 32))"
    (fix,) = explained(source).fixes
    assert (fix.code, fix.replaces) == ("model(x[None])", None)
    assert fix.result == "a batch of one: its 14400 features came in several rows"


def test_images_are_flattened_and_get_no_layer_for_their_columns():
    """`nn.Linear(28, 10)` would run, and give an answer for each row of pixels."""
    images = "images = torch.ones(8, 1, 28, 28)\n"
    layer = explained(f"layer = nn.Linear(784, 10)\n{images}result = layer(images)")
    assert told(layer) == [("layer(images.flatten(1))", "shape (8, 10)")]
    model = explained(f"model = nn.Sequential(nn.Linear(784, 10))\n{images}result = model(images)")
    assert told(model) == [("model(images.flatten(1))", "each example as one row")]
    made = "model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Linear(676, 10))"
    behind = explained(f"{made}\n{images}result = model(images)")
    assert [(fix.code, fix.replaces) for fix in behind.fixes] == [
        ("nn.Flatten(), nn.Linear(676, 10)", "nn.Linear(676, 10)")
    ]


@pytest.mark.parametrize(
    ("shape", "code", "result"),
    [
        ((20, 8), "batch.T", (8, 5)),
        ((2, 20, 7), "batch.movedim(1, -1)", (2, 7, 5)),
        ((20, 2, 7), "batch.movedim(0, -1)", (2, 7, 5)),
    ],
)
def test_an_input_with_its_features_in_another_axis_is_turned(shape, code, result):
    source = f"layer = nn.Linear(20, 5)\nbatch = torch.ones{shape}\nresult = layer(batch)"
    first, *_ = explained(source).fixes
    assert (first.code, first.result) == (f"layer({code})", f"shape {result}")
    assert run(source.replace(first.replaces, first.code))["result"].shape == result


def test_a_number_of_features_is_not_taken_for_an_image():
    alone = explained("layer = nn.Linear(1, 5)\nx = torch.ones(30)\nresult = layer(x)")
    assert told(alone) == [("nn.Linear(30, 5)", "a layer for 30 features")]


@pytest.mark.parametrize(
    ("a", "b", "is_its"),
    [("4x5", "3x2", True), ("4x3", "3x2", False), ("4x5", "9x2", False)],
)
def test_a_linear_layer_raised_what_has_its_numbers(a, b, is_its):
    layer = FailingLayer(nn.Linear(3, 2), "", (), is_own=False)
    assert is_linear(Case({"a": a, "b": b}, "", example("layer(x)"), layer)) == is_its
    assert not is_linear(Case({"a": a, "b": b}, "", example("layer(x)"), replace(layer, is_own=True)))
    assert not is_linear(Case({"a": a, "b": b}, "", example("layer(x)"), replace(layer, module=nn.ReLU())))


@pytest.mark.parametrize(
    ("made", "where"),
    [
        ("head = nn.Linear(676, 10)\nmodel = nn.Sequential(nn.Conv2d(1, 1, 3), head)", "nn.Linear(676, 10)"),
        ("make = getattr(nn, 'Linear')\nmodel = nn.Sequential(nn.Conv2d(1, 1, 3), make(676, 10))", "`1` (Linear)"),
    ],
)
def test_a_layer_that_is_made_elsewhere_is_told_to_be_flattened_before(made, where):
    explanation = explained(f"{made}\nx = torch.ones(8, 1, 28, 28)\nresult = model(x)")
    (fix,) = explanation.fixes
    assert (fix.code, fix.replaces) == ("nn.Flatten()", None)
    assert fix.result == f"each example as one row, in front of {where}"


def test_a_layer_is_made_anew_where_the_batch_is_one():
    rows = explained("layer = nn.Linear(20, 5)\nx = torch.ones(8, 30)\nresult = layer(x)")
    assert [(fix.code, fix.result) for fix in rows.fixes] == [
        ("nn.Linear(30, 5)", "a layer for 30 features (if 8 is the batch)")
    ]
    texts = explained("layer = nn.Linear(20, 5)\nx = torch.ones(2, 7, 30)\nresult = layer(x)")
    assert [fix.result for fix in texts.fixes] == ["a layer for 30 features"]
    alone = explained("layer = nn.Linear(20, 5)\nx = torch.ones(30)\nresult = layer(x)")
    assert [fix.result for fix in alone.fixes] == ["a layer for 30 features"]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ("16x225 and 3600x10", ["layer(x.reshape(1, -1))", "nn.Linear(225, 10)"]),
        ("224x28 and 784x10", ["layer(x.flatten(1))", "nn.Linear(28, 10)"]),
        ("8x3600 and 4096x10", ["nn.Linear(3600, 10)"]),
        ("0x30 and 20x5", ["nn.Linear(30, 5)"]),
        ("8x30 and 0x5", ["nn.Linear(30, 5)"]),
        ("4x6 and 8x10", ["nn.Linear(6, 10)"]),
    ],
)
def test_a_pasted_message_tells_when_the_input_is_wrong(numbers, expected):
    explanation = explain_error(f"mat1 and mat2 shapes cannot be multiplied ({numbers})")
    assert codes(explanation) == expected
    rows = numbers.split("x", 1)[0]
    assert explanation.fixes[-1].result == f"if a linear layer raised it, and {rows} is the batch"


def test_a_pasted_message_tells_how_many_examples():
    flat = explain_error("mat1 and mat2 shapes cannot be multiplied (224x28 and 784x10)").fixes[0]
    assert flat.result == "if x is a batch of 8 that was not flattened"
    one = explain_error("mat1 and mat2 shapes cannot be multiplied (16x225 and 3600x10)").fixes[0]
    assert one.result == "if x is one example without a batch, of 3600 features"


def test_what_one_example_gives_is_what_a_batch_of_it_gives():
    source = "torch.manual_seed(0)\nmodel = nn.Sequential({})\nx = torch.rand(3, 32, 32)\nresult = {}"
    batch = run(source.format(CONVOLUTIONS, "model(x[None])"))["result"]
    row = run(source.format(CONVOLUTIONS, "model[3](model[:3](x).reshape(1, -1))"))["result"]
    assert batch.equal(row)
