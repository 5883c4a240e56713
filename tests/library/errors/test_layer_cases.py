"""What a rule is told of the layer that failed."""

from torch import nn

from tensorglass.errors.entry import Case
from tensorglass.errors.expression import example
from tensorglass.errors.layer_cases import layer_shown
from tensorglass.errors.layers import FailingLayer


def test_a_layer_of_torch_begins_a_sentence_and_any_other_is_left_to_the_default():
    def shown(layer):
        return layer_shown(Case({}, "", example("layer(x)"), layer), "A convolution")

    convolution = nn.Conv2d(3, 8, 3)
    assert shown(FailingLayer(convolution, "stem.0", (), is_own=False)) == "The layer `stem.0` (Conv2d)"
    assert shown(FailingLayer(convolution, "stem.0", (), is_own=True)) == "A convolution"
    assert shown(None) == "A convolution"
