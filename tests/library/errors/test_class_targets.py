"""What would leave a class out of training is not offered."""

import pytest
from trying import explained, run


@pytest.mark.parametrize(
    ("classes", "targets", "codes"),
    [
        (3, "[0, -1, 2]", ["F.cross_entropy(x, y, ignore_index=-1)"]),
        (2, "[1, -1, 1]", ["F.cross_entropy(x, (y > 0).long())", "F.cross_entropy(x, y, ignore_index=-1)"]),
        (2, "[1, -2, 1]", ["F.cross_entropy(x, y, ignore_index=-2)"]),
        (3, "[0, 255, 2]", ["F.cross_entropy(x, y, ignore_index=255)"]),
        (3, "[1, 3, 2]", ["F.cross_entropy(x, y - 1)"]),
        (3, "[0, 254, 2]", []),
    ],
)
def test_a_class_is_not_left_out_of_training(classes, targets, codes):
    source = f"x = torch.ones(3, {classes})\ny = torch.tensor({targets})\n"
    explanation = explained(f"{source}result = F.cross_entropy(x, y)")
    assert [fix.code for fix in explanation.fixes] == codes
    for fix in explanation.fixes:
        assert run(f"{source}result = {fix.code}")["result"].isfinite()
